"""What results hang on: ``sensitivity``, ``discover``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jiqun.cli.options import Adopt, Dask, Json, Ship, StoreFolder, Workers, as_called, print_json
from jiqun.cli.refusals import WrongOptionError, given_up, refusals

RANKINGS = Path("build/sensitivity")
"""Where analyses and their runs are kept if nothing is said."""

commands = typer.Typer()


@commands.command(
    epilog="Example: jiqun sensitivity reference --out build/sensitivity. Run it again to go on "
    "where it stopped."
)
def sensitivity(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="Name of a shipped specification, or a file.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the store.")] = RANKINGS,
    full: Annotated[
        bool,
        typer.Option("--full", help="Sobol indices of every factor too, as `full` in the file."),
    ] = False,
    adopt: Adopt = False,
    ship: Ship = False,
    workers: Workers = None,
    dask: Dask = None,
    as_json: Json = False,
) -> None:
    """Rank levers and parameters by what they change, with intervals and noise floor."""
    with refusals():
        from jiqun import ranking  # noqa: PLC0415
        from jiqun.experiments.runs import adopted  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options  # noqa: PLC0415
        from jiqun.experiments.sensitivity.designs import SensitivityError  # noqa: PLC0415
        from jiqun.experiments.sensitivity.tables import SHIPPED  # noqa: PLC0415

        place = adopted.place(adopted.ANALYSIS, SHIPPED, adopt=adopt, ship=ship)
        options = Options(workers, dask, as_called())
        with given_up(SensitivityError):
            data = ranking.sensitivity(spec, out, options, place, full=full)
        if as_json:
            print_json(data)


@commands.command(
    epilog="Example: jiqun discover build/report/store --target srdi_provincial --json"
)
def discover(
    store: StoreFolder,
    *,
    scenario: Annotated[str, typer.Option(help="Scenario whose runs are searched.")] = "as_issued",
    target: Annotated[
        list[str] | None, typer.Option(help="A modelled target; all if none is named.")
    ] = None,
    year: Annotated[
        int, typer.Option(help="Year in which targets without a deadline of their own are judged.")
    ] = 2027,
    as_json: Json = False,
) -> None:
    """Find where in the uncertain world a scenario misses targets."""
    with refusals():
        from jiqun import discovering  # noqa: PLC0415

        try:
            data = discovering.discover_misses(store, scenario, tuple(target or ()), year)
        except discovering.TargetError as error:
            raise WrongOptionError(str(error)) from error
        if as_json:
            print_json(data)
