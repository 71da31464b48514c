"""From a scenario's name or file to the resolved scenario the model takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from model.scenario import Scenario, quarter_index, quarter_name
from scenarios import levers
from scenarios.errors import InputError, ScenarioError, listed, nearest_name
from scenarios.outside import outside_world
from scenarios.province import province
from scenarios.schema import ScenarioFile, checked
from scenarios.tables import data_hash, table
from scenarios.units import parse_quarter
from scenarios.yaml_file import Document, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.scenario import Lever

SHIPPED = Path(__file__).parent
"""Folder of the scenarios that come with the project."""
DEFAULT_ROWS = 12_000
"""Enterprise rows where a scenario says nothing."""
LAST_END = quarter_index(2040, 4)
"""Latest end: paths of the outside world say nothing sensible beyond."""
ORIGIN = 2023
"""Last year of history where a scenario says nothing."""


@dataclass(frozen=True)
class _Draft:
    """A scenario on its way: what its chain of baselines and itself have set so far."""

    label: tuple[str, str] | None = None
    start: int | None = None
    end: int | None = None
    rows: int = DEFAULT_ROWS
    levers: Mapping[str, Lever] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    origin: int = ORIGIN
    position: Mapping[str, float] = field(default_factory=dict)


def load(name_or_path: str | Path) -> Scenario:
    """Read, check and resolve a scenario.

    Args:
        name_or_path: Name of a shipped scenario, such as ``without_document_55``, or a YAML file.

    Returns:
        The scenario with every parameter, path and lever in base units.

    Raises:
        ScenarioError: The file or one of its baselines is wrong; the message names file, line,
            key, what is allowed and the nearest valid name.
    """
    path = _find(name_or_path)
    document, written, draft = _resolve(path, ())
    start, end = _period(document, draft)
    label = draft.label or (written.name, written.name)
    central = Scenario(
        name=written.name,
        label_zh=label[0],
        label_en=label[1],
        baseline=written.baseline,
        start=start,
        end=end,
        parameters={row.name: row.value for row in table("parameters")},
        outside=outside_world(draft.origin, draft.position),
        levers=tuple(draft.levers.values()),
        province=province(),
        rows=draft.rows,
        data_hash=data_hash(),
    )
    # Terms of levers that follow a parameter move with it.
    return central.with_draw(draft.parameters, {})


def check(name_or_path: str | Path) -> list[InputError]:
    """What is wrong with a scenario: an empty list if nothing is, else its first problem."""
    try:
        load(name_or_path)
    except InputError as error:
        return [error]
    return []


def shipped() -> list[str]:
    """Names of the scenarios that come with the project."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml") if path != levers.DECLARATIONS)


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1 or path.is_file():
        return path
    known = shipped()
    if str(name_or_path) not in known:
        allowed = f"a YAML file, or one of {', '.join(known)}"
        near = nearest_name(str(name_or_path), known)
        raise ScenarioError(name_or_path, None, "", "no such scenario", allowed, near)
    return SHIPPED / f"{name_or_path}.yaml"


def _resolve(path: Path, above: tuple[Path, ...]) -> tuple[Document, ScenarioFile, _Draft]:
    """Read a file and lay it over its chain of baselines."""
    document = read_yaml(path)
    written = checked(document, ScenarioFile, document.data)
    draft = _Draft()
    if written.baseline is not None:
        chain = (*above, path.resolve())
        below = _baseline(document, written.baseline)
        if below.resolve() in chain:
            names = " -> ".join([*(p.stem for p in chain), written.baseline])
            raise document.error(("baseline",), f"circular baseline: {names}")
        base, base_written, draft = _resolve(below, chain)
        if base_written.name != written.baseline:
            problem = f"{base.path} holds a scenario named {base_written.name!r}"
            raise document.error(("baseline",), problem, "file and scenario of one name")
    return document, written, _overlay(document, written, draft)


def _baseline(document: Document, name: str) -> Path:
    """File of a baseline: beside the scenario first, then among the shipped ones."""
    folders = (document.path.parent, SHIPPED)
    for folder in folders:
        path = folder / f"{name}.yaml"
        if path.is_file() and path != levers.DECLARATIONS:
            return path
    known = sorted({p.stem for folder in folders for p in folder.glob("*.yaml")} - {"levers"})
    raise document.error(
        ("baseline",), f"unknown baseline {name!r}", listed(known), nearest_name(name, known)
    )


def _overlay(document: Document, written: ScenarioFile, base: _Draft) -> _Draft:
    """What a file sets, laid over its baseline."""
    outside = written.outside
    return replace(
        base,
        label=(written.label.zh, written.label.en) if written.label else None,
        start=parse_quarter(written.start) if written.start else base.start,
        end=parse_quarter(written.end) if written.end else base.end,
        rows=base.rows if written.rows is None else written.rows,
        levers=_levers(document, written, base.levers),
        parameters=dict(base.parameters) | _parameters(document, written),
        origin=(outside.origin if outside else None) or base.origin,
        position=dict(base.position) | (outside.positions() if outside else {}),
    )


def _levers(
    document: Document, written: ScenarioFile, base: Mapping[str, Lever]
) -> dict[str, Lever]:
    found = dict(base)
    for i, lever_id in enumerate(written.without):
        if lever_id not in found:
            at = ("without", i)
            problem = f"the baseline has no lever {lever_id!r}"
            allowed = listed(found) or "none"
            raise document.error(at, problem, allowed, nearest_name(lever_id, found))
        del found[lever_id]
    seen: set[str] = set()
    for i, setting in enumerate(written.levers):
        declared = levers.declaration(document, setting.id, ("levers", i, "id"))
        if setting.id in seen:
            raise document.error(("levers", i, "id"), f"lever {setting.id} is set twice", "once")
        seen.add(setting.id)
        inherited = setting.id in found
        below = found[setting.id] if inherited else levers.issued(declared)
        found[setting.id] = levers.apply(
            document, setting, below, ("levers", i), inherited=inherited
        )
    return found


def _parameters(document: Document, written: ScenarioFile) -> dict[str, float]:
    known = {row.name: row for row in table("parameters")}
    for name, value in written.parameters.items():
        at = ("parameters", name)
        if name not in known:
            near = nearest_name(name, known)
            raise document.error(at, f"unknown parameter {name!r}", "names of parameters.csv", near)
        row = known[name]
        if not row.low <= value <= row.high:
            problem = f"{value:g} is out of bounds"
            raise document.error(at, problem, f"{row.low:g} to {row.high:g} {row.unit}")
    return {name: float(value) for name, value in written.parameters.items()}


def _period(document: Document, draft: _Draft) -> tuple[int, int]:
    """First and last quarter, checked."""
    for key, value in (("start", draft.start), ("end", draft.end)):
        if value is None:
            raise document.error((key,), "is missing", "a quarter such as 2024-Q1, or a baseline")
    start, end = draft.start or 0, draft.end or 0
    if start != 0:
        # The population is that of end-2018: no other start means anything.
        raise document.error(("start",), f"{quarter_name(start)} is not allowed", quarter_name(0))
    if not 3 <= end <= LAST_END:
        problem = f"{quarter_name(end)} ends {'before the first year does' if end < 3 else 'late'}"
        allowed = f"{quarter_name(3)} to {quarter_name(LAST_END)}"
        raise document.error(("end",), problem, allowed)
    return start, end
