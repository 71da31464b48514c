"""Options that several commands share, and what commands make of them."""

from __future__ import annotations

import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jiqun.cli.refusals import WrongOptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.scenario import Scenario

MOST_ROWS = 2_000_000


class Form(StrEnum):
    """Forms of an export."""

    CSV = "csv"
    XLSX = "xlsx"
    IAMC = "iamc"


AnyStore = Annotated[
    str, typer.Argument(metavar="DIR", help="Folder of the store, or its address (s3://...).")
]


def local_folder(given: str) -> Path:
    """A folder of this machine.

    Raises:
        BadParameter: An address is given.
    """
    from jiqun.experiments.stores.places import place  # noqa: PLC0415
    from jiqun.scenarios.language import say  # noqa: PLC0415

    try:
        found = place(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if not isinstance(found, Path):
        template = "{given}: this command needs a folder of this machine; copy the store to one"
        raise typer.BadParameter(say(template, given=given))
    return found


StoreFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder of the store.", parser=local_folder)
]
Workers = Annotated[int | None, typer.Option(min=1, help="Worker processes.")]
Dask = Annotated[str | None, typer.Option(help="Address of a Dask scheduler, or 'local'.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
Adopt = Annotated[
    bool, typer.Option("--adopt", help="Keep it for later runs and reports (see jiqun --version).")
]
Ship = Annotated[
    bool, typer.Option("--ship", help="Put it into the sources: for maintainers, in a checkout.")
]


def row_count(rows: str | None, scenarios: Sequence[Scenario]) -> int | None:
    """Number of rows that the population of each scenario can have; 0 stands for all."""
    from jiqun.scenarios.language import say  # noqa: PLC0415
    from jiqun.scenarios.loader import least_rows  # noqa: PLC0415

    if rows is None or rows == "all":
        return None if rows is None else 0
    least = max(map(least_rows, scenarios), default=1)
    if not rows.isascii() or not rows.isdigit() or not MOST_ROWS >= int(rows) >= least:
        template = "--rows {rows}: allowed: {least:,} to {most:,}, or all"
        raise WrongOptionError(say(template, rows=rows, least=least, most=MOST_ROWS))
    return int(rows)


def as_called() -> str:
    """The command as it was typed, which a store keeps beside its runs."""
    return shlex.join(["jiqun", *sys.argv[1:]])


def print_json(data: Any) -> None:
    """The one JSON document on stdout that ``--json`` asks for."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=1))
