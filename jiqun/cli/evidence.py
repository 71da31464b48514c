"""The model meets what was published: ``calibrate``, ``recover``, ``backtest``, ``trial``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jiqun.cli.options import Adopt, Json, Ship, Workers, print_json, row_count
from jiqun.cli.refusals import SOME_FAILED, WrongOptionError, given_up, refusals

FITS = Path("build/fit")
"""Where fits are kept if nothing is said."""
TRIALS = Path("build/trials")
"""Where estimates of trials are kept if nothing is said."""

commands = typer.Typer()


@commands.command(
    epilog="Example: jiqun calibrate reference --out build/fit. Run it again to go on where it "
    "stopped."
)
def calibrate(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Name of a shipped fit, or a file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder everything is written to.")] = FITS,
    adopt: Adopt = False,
    ship: Ship = False,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Fit parameters to the published figures and write the ensemble found."""
    with refusals():
        from jiqun.calibration.fitting import calibrate as fitted  # noqa: PLC0415
        from jiqun.calibration.fitting.fit import FitError  # noqa: PLC0415
        from jiqun.experiments.runs import adopted  # noqa: PLC0415
        from jiqun.fitting import StageDisplay, show_fit  # noqa: PLC0415
        from jiqun.screen import say  # noqa: PLC0415

        place = adopted.place(adopted.FIT, fitted.RESULTS, adopt=adopt, ship=ship)
        with StageDisplay() as display, given_up(FitError):
            done = fitted.calibrate(spec, out, workers, display.stage)
        show_fit(done)
        if place:
            fitted.adopt(out, place)
            say(f"later runs are drawn from this fit ({place})")
        if as_json:
            print_json(
                done.summary()
                | {
                    "folder": str(out),
                    "figures": fitted.rows_of(done.figures),
                    "parameters": fitted.rows_of(done.parameters),
                    "agreement": fitted.rows_of(done.agreement),
                }
            )


@commands.command(
    epilog="Example: jiqun recover reference --out build/fit. Run it again to go on where it "
    "stopped."
)
def recover(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Name of a shipped fit, or a file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder everything is written to.")] = FITS,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Fit histories simulated with known parameters: which ones are found again?"""
    with refusals():
        from jiqun.calibration.fitting import calibrate as fitted  # noqa: PLC0415
        from jiqun.calibration.fitting.fit import FitError  # noqa: PLC0415
        from jiqun.fitting import StageDisplay, show_recovered  # noqa: PLC0415

        with StageDisplay() as display, given_up(FitError):
            rows = fitted.recovered(spec, out, workers, display.stage)
        show_recovered(rows)
        if as_json:
            print_json(fitted.rows_of(rows))


@commands.command(epilog="Example: jiqun backtest --train-until 2022 --json")
def backtest(
    *,
    train_until: Annotated[
        int | None, typer.Option(help="Last year that is known; all origins if absent.")
    ] = None,
    actuals: Annotated[
        Path | None,
        typer.Option(help="CSV of later figures: indicator, year, value, unit, scope."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    as_json: Json = False,
) -> None:
    """Score forecasts that know nothing after their origin against what was published."""
    with refusals():
        from jiqun.calibration.backtest.run import BacktestError  # noqa: PLC0415
        from jiqun.calibration.backtest.run import backtest as scored  # noqa: PLC0415
        from jiqun.scoring import show_backtest  # noqa: PLC0415

        try:
            found = scored(train_until, actuals, workers=workers)
        except BacktestError as error:
            raise WrongOptionError(str(error)) from error
        show_backtest(found)
        if as_json:
            print_json(found)


@commands.command(
    epilog="Example: jiqun trial R3a R15a --draws 20 --json. Run it again to go on where it "
    "stopped."
)
def trial(
    trials: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|SPEC]...",
            help="Rows of the table of published trials, names of shipped trials, or files; all if "
            "none is named.",
        ),
    ] = None,
    *,
    draws: Annotated[int, typer.Option(min=1, help="Draws of parameters, each with a seed.")] = 20,
    rows: Annotated[int, typer.Option(min=1, help="Enterprise rows.")] = 2500,
    out: Annotated[Path, typer.Option(help="Folder of the estimates.")] = TRIALS,
    adopt: Adopt = False,
    ship: Ship = False,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    as_json: Json = False,
) -> None:
    """Re-run published experiments on the simulated panel, with the estimators of their studies."""
    with refusals():
        from jiqun import trying  # noqa: PLC0415
        from jiqun.calibration.trial.runs import TABLE  # noqa: PLC0415
        from jiqun.experiments.runs import adopted  # noqa: PLC0415
        from jiqun.scenarios import load  # noqa: PLC0415

        place = adopted.place(adopted.TRIALS, TABLE, adopt=adopt, ship=ship)
        count = row_count(str(rows), [load("without_document_55")]) or rows
        data = trying.trial(tuple(trials or ()), out, draws, count, workers, place)
        if as_json:
            print_json(data)
    if any(row["problems"] for row in data["trials"]):
        raise typer.Exit(SOME_FAILED)
