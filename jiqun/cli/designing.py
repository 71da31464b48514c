"""What to do with a budget: ``design``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jiqun.cli.options import Dask, Json, Ship, Workers, as_called, print_json
from jiqun.cli.refusals import WrongOptionError, given_up, refusals

SEARCHES = Path("build/design")
"""Where searches and their runs are kept if nothing is said."""

commands = typer.Typer()


@commands.command(
    epilog="Example: jiqun design programme --out build/design. Run it again to go on where it "
    "stopped."
)
def design(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="Name of a shipped specification, or a file.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the store.")] = SEARCHES,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="LEVER", help="Lever that may not be used; may be given again."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Search nothing: show what the store keeps by this model, or put what is shipped "
            "into it.",
        ),
    ] = False,
    ship: Ship = False,
    workers: Workers = None,
    dask: Dask = None,
    as_json: Json = False,
) -> None:
    """Search the best use of a budget, judged on draws that the search never saw."""
    with refusals():
        from jiqun import designing  # noqa: PLC0415
        from jiqun.experiments.best_use.finding import SHIPPED  # noqa: PLC0415
        from jiqun.experiments.best_use.spec import read_spec  # noqa: PLC0415
        from jiqun.experiments.runs import adopted  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options  # noqa: PLC0415
        from jiqun.experiments.sensitivity.designs import SensitivityError  # noqa: PLC0415

        if keep and ship:
            raise WrongOptionError("--keep and --ship exclude each other")
        place = adopted.place(SHIPPED.name, SHIPPED, adopt=False, ship=ship)
        task = read_spec(spec, without or ())
        if keep:
            data = designing.kept(task, out)
        else:
            with given_up(SensitivityError):
                data = designing.design(task, out, Options(workers, dask, as_called()), place)
        if as_json:
            print_json(data)
