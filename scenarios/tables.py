"""The data tables, read and checked against their schema.

Each table is a CSV file whose rows are described once (`scenarios/rows`): columns, types, allowed
values and meaning. Loading refuses what does not fit; `docs/data.md` prints the same descriptions.
A region has a folder of its tables. It need not repeat those of the nation and of the literature,
which lie in `calibration/data/`, nor those of the document if it has none of its own: where it has
no such table, the shared one or that of the default region holds (`docs/region.md`).
"""

from __future__ import annotations

import csv
import hashlib
import io
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jiqun.model.extensions import installed
from jiqun.model.region import DEFAULT_FOLDER, PROJECT, REGION
from jiqun.scenarios.errors import TableError, allowed_by, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.rows.evidence import (
    Effect,
    Estimate,
    LeverEvidence,
    Parameter,
    PolicyTrial,
    Prior,
    PriorEvidence,
    PublishedRegression,
)
from jiqun.scenarios.rows.places import (
    CityRow,
    Cluster,
    FieldRow,
    LargeProject,
    LaterCluster,
    Marginal,
    OutsideRow,
)
from jiqun.scenarios.rows.policy import Article, Counterfactual, LeverInForce, Rule
from jiqun.scenarios.rows.published import (
    CalibrationTarget,
    Figure,
    PolicyTarget,
    PublishedTarget,
    StylisedFact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.model.extensions import Extension
    from jiqun.scenarios.rows.base import Row

DATA = REGION.tables
"""Folder of the tables of the region."""
SHARED = PROJECT / "calibration" / "data"
"""Folder of the tables of the nation and of the literature, which regions share."""
DEFAULT_TABLES = DEFAULT_FOLDER / "tables"
"""Folder of the tables of the default region."""

INPUT_TABLES: dict[str, type[Row]] = {
    "parameters": Parameter,
    "fields": FieldRow,
    "cities": CityRow,
    "marginals": Marginal,
    "clusters": Cluster,
    "outside_world": OutsideRow,
    "estimates": Estimate,
}
"""Tables a run is made of: their hash is part of its identity."""

TABLES: dict[str, type[Row]] = INPUT_TABLES | {
    "figures": Figure,
    "calibration_targets": CalibrationTarget,
    "published_targets": PublishedTarget,
    "policy_targets": PolicyTarget,
    "articles": Article,
    "counterfactual": Counterfactual,
    "rules": Rule,
    "levers_in_force": LeverInForce,
    "clusters_known_later": LaterCluster,
    "effects": Effect,
    "priors": Prior,
    "published_regressions": PublishedRegression,
    "stylised_facts": StylisedFact,
    "policy_trials": PolicyTrial,
    "large_projects": LargeProject,
    "prior_evidence": PriorEvidence,
    "lever_evidence": LeverEvidence,
}
"""Every table with its row model."""

REGIONAL = ("fields", "cities", "marginals", "clusters", "calibration_targets")
"""Tables that every region has of its own."""
OF_PLACES = ("figures", "published_targets", "clusters_known_later", "large_projects")
"""Tables that are empty where a region has none: those of another would be false."""
OF_DOCUMENT = ("articles", "policy_targets", "counterfactual", "rules", "levers_in_force")
"""Tables that are those of the default region where a region has no document of its own."""
BY_NAME = {"parameters": "name", "lever_evidence": "lever"}
"""Tables of which a region holds only the rows that differ, with the column that names a row."""
ADDED = {
    "rules": ("levers", "id"),
    "lever_evidence": ("levers", "lever"),
    "parameters": ("parameters", "name"),
}
"""Tables that extensions add rows to: their kind, and the column that names a row."""
UNUSED = ("large_projects",)
"""Tables that nothing is made of or compared with, so that they leave earlier records valid."""


def columns(row: type[Row]) -> list[str]:
    """Column names of a table in order."""
    return [info.alias or name for name, info in row.model_fields.items()]


def read_table(path: Path, row: type[Row]) -> list[Row]:
    """Read a CSV file and check every row.

    Args:
        path: The file.
        row: What a row must look like.

    Returns:
        The rows in file order.

    Raises:
        TableError: The file is missing, not UTF-8, has other columns, or holds a value that does
            not fit; the message names file, line, column and what is allowed.
    """
    try:
        # Spreadsheets put a mark at the start of what they write.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TableError(
            path, None, "", say("cannot be read: {reason}", reason=error.strerror)
        ) from error
    except UnicodeDecodeError as error:
        raise TableError(path, None, "", say("is not UTF-8 text")) from error
    reader = csv.DictReader(io.StringIO(text), restkey="", strict=True)
    _check_header(path, reader.fieldnames or (), columns(row))
    rows: list[Row] = []
    line = 2
    try:
        for record in reader:
            rows.append(_check_row(path, line, record, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(path, line, "", say("broken CSV: {error}", error=error)) from error
    return rows


def _check_header(path: Path, found: Any, wanted: list[str]) -> None:
    for name in found:
        if name not in wanted:
            raise TableError(
                path,
                1,
                str(name),
                say("unknown column"),
                ", ".join(wanted),
                nearest_name(str(name), wanted),
            )
    missing = [name for name in wanted if name not in found]
    if missing:
        raise TableError(path, 1, missing[0], say("column is missing"), ", ".join(wanted))


def _check_row(path: Path, line: int, record: dict[str, Any], row: type[Row]) -> Row:
    if "" in record:
        raise TableError(path, line, "", say("has more cells than columns"), str(len(columns(row))))
    short = [name for name, value in record.items() if value is None]
    if short:
        raise TableError(path, line, short[0], say("has fewer cells than columns"))
    try:
        return row.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        column = str(first["loc"][0])
        problem = say("{given} is not allowed", given=repr(record.get(column)))
        raise TableError(path, line, column, problem, allowed_by(first)) from error


def files_of(name: str) -> tuple[Path, ...]:
    """Files that a table is read from, the shared one first; none for an empty table."""
    return (*_own_files(name), *_added_files(name))


def _added_files(name: str) -> dict[Path, Extension]:
    """Files that add rows to a table, each with the extension that it is of."""
    kind, _ = ADDED.get(name, ("", ""))
    if kind == name:
        # There is nothing else that such an extension could bring.
        return {each.file(f"{name}.csv"): each for each in installed(kind)}
    paths = {each.folder / f"{name}.csv": each for each in installed(kind)}
    return {path: each for path, each in paths.items() if path.is_file()}


def _own_files(name: str) -> tuple[Path, ...]:
    """Files of a table that are the region's, or shared."""
    own = DATA / f"{name}.csv"
    if name in REGIONAL or (name not in BY_NAME and own.is_file()):
        return (own,)
    if name in OF_PLACES:
        return ()
    shared = (DEFAULT_TABLES if name in OF_DOCUMENT else SHARED) / own.name
    return (shared, own) if own.is_file() else (shared,)


def table(name: str) -> tuple[Any, ...]:
    """Rows of a table, checked; read once a process."""
    return _read(name)[0]


def added(name: str) -> Mapping[str, Extension]:
    """Names of the rows of a table that extensions add, each with the extension."""
    return _read(name)[1]


@cache
def _read(name: str) -> tuple[tuple[Any, ...], Mapping[str, Extension]]:
    """Rows of a table, and the names of those that extensions add."""
    files = _own_files(name)
    rows = [row for path in files for row in read_table(path, TABLES[name])]
    if len(files) > 1:
        # A row of the region takes the place of the shared one, so that the order stays.
        rows = list({getattr(row, BY_NAME[name]): row for row in rows}.values())
    found: dict[str, Extension] = {}
    for path, extension in _added_files(name).items():
        key = ADDED[name][1]
        held = {getattr(row, key) for row in rows}
        for line, row in enumerate(read_table(path, TABLES[name]), 2):
            own = getattr(row, key)
            if own in held or own in found:
                raise TableError(path, line, key, say("declared twice"))
            rows.append(row)
            found[own] = extension
    return tuple(rows), found


def file_hash(path: Path) -> str:
    """SHA-256 of a file, whatever line endings the checkout gave it."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


@cache
def data_hash() -> str:
    """Hash of the tables that runs are made of."""
    return _joint_hash(tuple(INPUT_TABLES))


def tables_hash() -> str:
    """Hash of all tables in use, for records of what a batch was compared with."""
    return _joint_hash(tuple(name for name in TABLES if name not in UNUSED))


def _joint_hash(names: tuple[str, ...]) -> str:
    lines = [f"{name} {file_hash(path)}" for name in sorted(names) for path in files_of(name)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:20]
