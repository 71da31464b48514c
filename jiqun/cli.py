"""The command ``jiqun``.

Exit status: 0 done; 1 ran but some runs failed; 2 the input is wrong; 130 interrupted. With
``--json`` stdout holds one JSON document and nothing else. What a command needs is imported when it
runs, so that help answers at once.
"""

from __future__ import annotations

import json
import shlex
import sys
import warnings
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from jiqun.calibration.fitting.distance import Distance
    from jiqun.experiments.effects.costs import Borne
    from jiqun.experiments.runs.worker import Failure
    from jiqun.model.scenario import Notice, Scenario

DONE, SOME_FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
STORE = Path("build/store")
"""Where runs are kept if nothing is said."""
FITS = Path("build/fit")
"""Where fits are kept if nothing is said."""
TRIALS = Path("build/trials")
"""Where estimates of trials are kept if nothing is said."""
RANKINGS = Path("build/sensitivity")
"""Where analyses and their runs are kept if nothing is said."""
MOST_ROWS = 2_000_000

app = typer.Typer(
    name="jiqun",
    help="Simulates a province's manufacturing clusters and the policy that fosters them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
Adopt = Annotated[
    bool, typer.Option("--adopt", help="Keep it for later runs and reports (see jiqun --version).")
]
Ship = Annotated[
    bool, typer.Option("--ship", help="Put it into the sources: for maintainers, in a checkout.")
]


class Varied(StrEnum):
    """What moves from run to run."""

    ALL = "all"
    PARAMETERS = "parameters"
    OUTSIDE = "outside"
    SEEDS = "seeds"


class Languages(StrEnum):
    """Languages of a report."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


class Format(StrEnum):
    """Formats of a report."""

    HTML = "html"


class Language(StrEnum):
    """Languages of messages."""

    ZH = "zh"
    EN = "en"


def main() -> None:
    """Run the command line."""
    app(prog_name="jiqun")


def _show_version(asked: bool) -> None:
    if not asked:
        return
    from jiqun.versions import version_lines  # noqa: PLC0415

    for line in version_lines():
        typer.echo(line)
    raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version, and which model, data, fit and analysis are in use.",
        ),
    ] = False,
    lang: Annotated[
        Language | None,
        typer.Option(help="Language of messages; else JIQUN_LANG, else that of the locale."),
    ] = None,
) -> None:
    """Simulates a province's manufacturing clusters and the policy that fosters them."""
    with _refusals():
        from jiqun.scenarios.language import use_language  # noqa: PLC0415

    if lang is not None:
        use_language(lang)


@app.command(epilog="Example: jiqun check without_document_55 my_scenario.yaml")
def check(
    scenarios: Annotated[list[str], typer.Argument(help="Names of shipped scenarios, or files.")],
    *,
    as_json: Json = False,
) -> None:
    """Check scenario files without running them: when each lever acts, and whom it can reach."""
    with _refusals():
        from jiqun.checking import checked, lever_lines  # noqa: PLC0415

        found = [checked(name) for name in scenarios]
        if as_json:
            _print_json([each.data() for each in found])
        for each in found:
            if each.scenario and not as_json:
                typer.echo(f"{each.name}: ok")
                for line in lever_lines(each):
                    typer.echo(f"    {line}")
            if each.problem:
                typer.echo(str(each.problem), err=True)
            _show_warnings(each.warnings)
    if any(each.problem for each in found):
        raise typer.Exit(WRONG_INPUT)


@app.command(
    epilog="Example: jiqun run without_document_55 --draws 100 --out build/store. "
    "Run it again to go on where it stopped."
)
def run(  # noqa: PLR0913  (one parameter an option)
    scenarios: Annotated[list[str], typer.Argument(help="Names of shipped scenarios, or files.")],
    *,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds.")] = None,
    draws: Annotated[
        int | None, typer.Option(help="Number of draws of parameters and outside world.")
    ] = None,
    cross: Annotated[
        bool, typer.Option("--cross", help="Every draw with every seed, not draw i with seed i.")
    ] = False,
    vary: Annotated[
        Varied, typer.Option(help="What moves from run to run; the rest stays central.")
    ] = Varied.ALL,
    ensemble: Annotated[
        Path | None,
        typer.Option(
            help="Fitted parameter sets of `jiqun calibrate`; else those adopted, or shipped."
        ),
    ] = None,
    rows: Annotated[
        str | None, typer.Option(help="Enterprise rows, or 'all' for one an enterprise.")
    ] = None,
    until: Annotated[int | None, typer.Option(help="Last year.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    dask: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, or 'local'.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the store.")] = STORE,
    as_json: Json = False,
) -> None:
    """Run a batch of simulations; what the store holds already is not run again."""
    with _refusals():
        from jiqun.contents import say_others  # noqa: PLC0415
        from jiqun.experiments import Results  # noqa: PLC0415
        from jiqun.experiments.runs.batch import Plan  # noqa: PLC0415
        from jiqun.experiments.runs.draws import Vary  # noqa: PLC0415
        from jiqun.experiments.runs.ensemble import in_use  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options, run_batch  # noqa: PLC0415
        from jiqun.screen import ProgressDisplay, say, show_failures  # noqa: PLC0415

        resolved = _resolved(scenarios, rows, until)
        plan = Plan(seeds, draws, cross, Vary(vary), ensemble or in_use())
        command = shlex.join(["jiqun", *sys.argv[1:]])
        with ProgressDisplay() as progress:
            report = run_batch(
                resolved,
                plan,
                out,
                Options(workers, dask, command),
                progress,
                lambda: say(f"waiting for another batch that uses {out} ..."),
            )
        say(
            f"{out}: {report.made} runs made, {report.skipped} there already, "
            f"{len(report.failures)} failed, in {report.seconds:.0f} s"
        )
        show_failures(report.failures)
        distances = _distances(resolved, report.finished, out, show=vary is Varied.ALL)
        if report.finished:
            say_others(Results(out), sorted(report.finished))
        if as_json:
            _print_json(
                {
                    "store": str(out),
                    "made": report.made,
                    "skipped": report.skipped,
                    "seconds": report.seconds,
                    "run_keys": report.keys,
                    "failures": [
                        {
                            "run_key": failure.run.key,
                            "scenario": failure.run.scenario,
                            "draw": failure.run.draw.index,
                            "seed": failure.run.seed,
                            "origin": failure.origin,
                            "message": failure.message,
                        }
                        for failure in report.failures
                    ],
                    "distances": distances,
                }
            )
    if report.failures:
        raise typer.Exit(SOME_FAILED)


@app.command(
    epilog="Example: jiqun compare build/designs --baseline as_issued --equal-cost. Run it again "
    "to go on where it stopped."
)
def compare(  # noqa: PLR0913  (one parameter an option)
    store: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the store.")],
    *,
    baseline: Annotated[str, typer.Option(help="Scenario that others are compared with.")],
    equal_cost: Annotated[
        bool,
        typer.Option(
            "--equal-cost",
            help="Scale designs until they cost what the baseline does, make the runs, compare.",
        ),
    ] = False,
    design: Annotated[
        list[str] | None, typer.Option(help="A design, or a file; all if none is named.")
    ] = None,
    draws: Annotated[int, typer.Option(min=2, help="Triples that effects are reported on.")] = 100,
    solve_draws: Annotated[
        int, typer.Option(min=1, help="Triples that scales are solved on.")
    ] = 20,
    worlds: Annotated[
        bool, typer.Option("--worlds", help="Regret over variants of the outside world as well.")
    ] = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Make nothing where the store keeps one by this model."),
    ] = False,
    rows: Annotated[
        str | None,
        typer.Option(help="Enterprise rows of the runs, or 'all' for one an enterprise."),
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=HASH",
            help="Content of a scenario that is compared instead of its newest.",
        ),
    ] = None,
    budget: Annotated[
        bool,
        typer.Option(
            "--budget",
            help="Equal cost to province, cities and centre, instead of to all who bear it.",
        ),
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    as_json: Json = False,
) -> None:
    """Compare scenarios: effects with intervals, cost by bearer, what a yuan brings, who gains."""
    with _refusals():
        from jiqun import comparing  # noqa: PLC0415
        from jiqun.experiments.designs.designs import Shape  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options  # noqa: PLC0415
        from jiqun.scenarios import load  # noqa: PLC0415
        from jiqun.screen import show_failures  # noqa: PLC0415

        failures: tuple[Failure, ...] = ()
        borne: Borne = "budget" if budget else "total"
        if equal_cost and take:
            raise WrongOptionError("--take does not go with --equal-cost, which makes its own runs")
        if not equal_cost:
            if design or worlds or keep or budget:
                options_of_equal_cost = "--design, --worlds, --keep and --budget"
                raise WrongOptionError(f"{options_of_equal_cost} go with --equal-cost")
            data = comparing.against(store, baseline, _contents(take), _row_count(rows, ()))
        elif not (keep and (data := comparing.kept(store, baseline, borne))):
            chosen = tuple(design or ())
            count = _row_count(rows, [load(baseline)])
            shape = Shape(baseline, chosen, min(solve_draws, draws), draws, count, borne)
            options = Options(workers, None, shlex.join(["jiqun", *sys.argv[1:]]))
            data, failures = comparing.at_equal_cost(store, shape, options, worlds=worlds)
            show_failures(failures)
        if as_json:
            _print_json(data)
    if failures:
        raise typer.Exit(SOME_FAILED)


@app.command(epilog="Example: jiqun levers --json")
def levers(*, as_json: Json = False) -> None:
    """List every lever: article, origin, payer, terms with unit, bounds and source, targeting."""
    with _refusals():
        from jiqun.listing import lever_lines, lever_rows  # noqa: PLC0415

        rows = lever_rows()
        if as_json:
            _print_json(rows)
            return
        for line in lever_lines(rows):
            typer.echo(line)


@app.command(epilog="Example: jiqun trace build/store")
def trace(
    store: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Folder of a store with results.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what became of each article of document 55, where to read it, and its results."""
    with _refusals():
        from jiqun.trace import trace as traced  # noqa: PLC0415
        from jiqun.trace import trace_lines  # noqa: PLC0415

        found = traced(store)
        if as_json:
            _print_json(found)
            return
        for line in trace_lines(found):
            typer.echo(line)


@app.command(epilog="Example: jiqun outcomes --json")
def outcomes(*, as_json: Json = False) -> None:
    """List every outcome: id, labels, unit, levels, better direction and 2027 target."""
    with _refusals():
        from jiqun.model.observe.outcomes import OUTCOMES  # noqa: PLC0415
        from jiqun.scenarios.tables import table  # noqa: PLC0415

        targets = {row.id: f"{row.value} {row.unit}" for row in table("policy_targets")}
        listed: list[dict[str, Any]] = [
            {
                "id": outcome.id,
                "zh": outcome.zh,
                "en": outcome.en,
                "unit": outcome.unit,
                "levels": outcome.levels,
                "direction": outcome.direction,
                "indicator": outcome.indicator or None,
                "target": outcome.target or None,
                "target_value": targets.get(outcome.target),
                "target_class": outcome.target_class or None,
                "note": outcome.note or None,
            }
            for outcome in OUTCOMES.values()
        ]
        if as_json:
            _print_json(listed)
            return
        better = {1: "more", -1: "less", 0: "neither"}
        for row in listed:
            line = f"{row['id']}  {row['zh']}  {row['en']}  [{row['unit']}]"
            typer.echo(f"{line}  better: {better[row['direction']]}")
            typer.echo(f"    levels: {', '.join(row['levels'])}")
            if row["target"]:
                typer.echo(f"    target: {row['target_value']} ({row['target_class']})")


@app.command(epilog="Example: jiqun report build/store --lang both")
def report(
    store: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the store.")],
    *,
    lang: Annotated[
        Languages, typer.Option(help="Language of the pages; of messages too, unless both.")
    ] = Languages.BOTH,
    format_: Annotated[Format, typer.Option("--format", help="Format.")] = Format.HTML,
    actuals: Annotated[
        Path | None,
        typer.Option(
            help="CSV of later figures to set beside the projection: "
            "indicator, year, value, unit, scope."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the report, which gets zh/ and en/; DIR/report if nothing is said."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Render the report of a store, by default into DIR/report/{zh,en}.

    The pages of a language are replaced together, and each names the store it is of.
    """
    with _refusals():
        from jiqun.notebooks.render import PageError, ReportError, render  # noqa: PLC0415
        from jiqun.scenarios.language import use_language  # noqa: PLC0415
        from jiqun.screen import say  # noqa: PLC0415

        langs: Any = ("zh", "en") if lang is Languages.BOTH else (str(lang),)
        if lang is not Languages.BOTH:
            use_language(lang)
        try:
            pages = render(store, langs, (str(format_),), actuals, out, say)
        except PageError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(SOME_FAILED) from error
        except ReportError as error:
            raise WrongOptionError(str(error)) from error
        if as_json:
            _print_json({"pages": [str(page) for page in pages]})
        else:
            for page in pages:
                typer.echo(str(page))


@app.command(
    epilog="Example: jiqun calibrate reference --out build/fit. Run it again to go on where it "
    "stopped."
)
def calibrate(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Name of a shipped fit, or a file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder everything is written to.")] = FITS,
    adopt: Adopt = False,
    ship: Ship = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    as_json: Json = False,
) -> None:
    """Fit parameters to the published figures and write the ensemble found."""
    with _refusals():
        from jiqun.calibration.fitting import calibrate as fitted  # noqa: PLC0415
        from jiqun.experiments.runs import adopted  # noqa: PLC0415
        from jiqun.fitting import StageDisplay, show_fit  # noqa: PLC0415
        from jiqun.screen import say  # noqa: PLC0415

        place = adopted.place(adopted.FIT, fitted.RESULTS, adopt=adopt, ship=ship)
        with StageDisplay() as display, _given_up():
            done = fitted.calibrate(spec, out, workers, display.stage)
        show_fit(done)
        if place:
            fitted.adopt(out, place)
            say(f"later runs are drawn from this fit ({place})")
        if as_json:
            _print_json(
                done.summary()
                | {
                    "folder": str(out),
                    "figures": fitted.rows_of(done.figures),
                    "parameters": fitted.rows_of(done.parameters),
                    "agreement": fitted.rows_of(done.agreement),
                }
            )


@app.command(
    epilog="Example: jiqun recover reference --out build/fit. Run it again to go on where it "
    "stopped."
)
def recover(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Name of a shipped fit, or a file.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder everything is written to.")] = FITS,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    as_json: Json = False,
) -> None:
    """Fit histories simulated with known parameters: which ones are found again?"""
    with _refusals():
        from jiqun.calibration.fitting import calibrate as fitted  # noqa: PLC0415
        from jiqun.fitting import StageDisplay, show_recovered  # noqa: PLC0415

        with StageDisplay() as display, _given_up():
            rows = fitted.recovered(spec, out, workers, display.stage)
        show_recovered(rows)
        if as_json:
            _print_json(fitted.rows_of(rows))


@contextmanager
def _given_up() -> Iterator[None]:
    """Turn a fit too many of whose runs failed into one message and status 1."""
    from jiqun.calibration.fitting.fit import FitError  # noqa: PLC0415

    try:
        yield
    except FitError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(SOME_FAILED) from error


@app.command(epilog="Example: jiqun backtest --train-until 2022 --json")
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
    with _refusals():
        from jiqun.calibration.backtest.run import BacktestError  # noqa: PLC0415
        from jiqun.calibration.backtest.run import backtest as scored  # noqa: PLC0415
        from jiqun.scoring import show_backtest  # noqa: PLC0415

        try:
            found = scored(train_until, actuals, workers=workers)
        except BacktestError as error:
            raise WrongOptionError(str(error)) from error
        show_backtest(found)
        if as_json:
            _print_json(found)


@app.command(
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
    with _refusals():
        from jiqun import trying  # noqa: PLC0415
        from jiqun.calibration.trial.runs import TABLE  # noqa: PLC0415
        from jiqun.experiments.runs import adopted  # noqa: PLC0415
        from jiqun.scenarios import load  # noqa: PLC0415

        place = adopted.place(adopted.TRIALS, TABLE, adopt=adopt, ship=ship)
        count = _row_count(str(rows), [load("without_document_55")]) or rows
        data = trying.trial(tuple(trials or ()), out, draws, count, workers, place)
        if as_json:
            _print_json(data)
    if any(row["problems"] for row in data["trials"]):
        raise typer.Exit(SOME_FAILED)


@app.command(
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
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    dask: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, or 'local'.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rank levers and parameters by what they change, with intervals and noise floor."""
    with _refusals():
        from jiqun import ranking  # noqa: PLC0415
        from jiqun.experiments.runs import adopted  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options  # noqa: PLC0415
        from jiqun.experiments.sensitivity.designs import SensitivityError  # noqa: PLC0415
        from jiqun.experiments.sensitivity.tables import SHIPPED  # noqa: PLC0415

        place = adopted.place(adopted.ANALYSIS, SHIPPED, adopt=adopt, ship=ship)
        options = Options(workers, dask, shlex.join(["jiqun", *sys.argv[1:]]))
        try:
            data = ranking.sensitivity(spec, out, options, place, full=full)
        except SensitivityError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(SOME_FAILED) from error
        if as_json:
            _print_json(data)


@app.command(
    epilog="Example: jiqun discover build/report/store --target srdi_provincial --json. "
    "Needs the extra `discovery`."
)
def discover(
    store: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the store.")],
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
    with _refusals():
        from jiqun import discovering  # noqa: PLC0415

        try:
            data = discovering.discover_misses(store, scenario, tuple(target or ()), year)
        except discovering.TargetError as error:
            raise WrongOptionError(str(error)) from error
        if as_json:
            _print_json(data)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn wrong input into one message and status 2, an interruption into 130."""
    try:
        with _plain_warnings():
            yield
    except KeyboardInterrupt:
        typer.echo("interrupted: what was finished is kept, run again to go on", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if not _is_refusal(error):
            raise
        _refuse(str(error))


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Say what is left out of a store in a line of its own, and other warnings as ever."""
    from jiqun.experiments.stores.store import StoreWarning  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("always", StoreWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, StoreWarning):
                typer.echo(f"warning: {message}", err=True)
            else:
                shown(message, category, *rest, **more)

        warnings.showwarning = show
        yield


def _is_refusal(error: Exception) -> bool:
    try:
        import jiqun.model.region  # noqa: F401, PLC0415
    except ValueError:  # a wrong region: nothing that has its fields can be imported
        return True
    from jiqun.experiments.designs.designs import DesignError  # noqa: PLC0415
    from jiqun.experiments.discovery import ExtraMissingError  # noqa: PLC0415
    from jiqun.experiments.runs.adopted import AdoptionError  # noqa: PLC0415
    from jiqun.experiments.runs.batch import PlanError  # noqa: PLC0415
    from jiqun.experiments.runs.pool import ClusterError  # noqa: PLC0415
    from jiqun.experiments.stores.store import StoreError  # noqa: PLC0415
    from jiqun.scenarios import InputError  # noqa: PLC0415

    wrong = (InputError, StoreError, PlanError, DesignError, ClusterError, ExtraMissingError)
    return isinstance(error, (*wrong, AdoptionError, WrongOptionError))


class WrongOptionError(ValueError):
    """Options that do not make sense; the message says what is allowed."""


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(WRONG_INPUT)


def _resolved(names: Sequence[str], rows: str | None, until: int | None) -> list[Scenario]:
    """Scenarios as the options change them."""
    from jiqun.experiments.runs.runner import with_rows  # noqa: PLC0415
    from jiqun.model.calendar import FIRST_YEAR, year_of  # noqa: PLC0415
    from jiqun.scenarios import load, warnings_of  # noqa: PLC0415
    from jiqun.scenarios.limits import LAST_END  # noqa: PLC0415

    loaded = [load(name) for name in names]
    count = _row_count(rows, loaded)
    last = year_of(LAST_END)
    if until is not None and not FIRST_YEAR <= until <= last:
        raise WrongOptionError(f"--until {until}: allowed: {FIRST_YEAR} to {last}")
    found: dict[str, Scenario] = {}
    for name, given in zip(names, loaded, strict=True):
        scenario = with_rows(given, count)
        if scenario.name in found:
            raise WrongOptionError(f"{name}: a batch has one scenario named {scenario.name}")
        found[scenario.name] = scenario if until is None else scenario.until(until)
    for scenario in found.values():
        _show_warnings(warnings_of(scenario))
    return list(found.values())


def _contents(take: Sequence[str] | None) -> dict[str, str]:
    """Scenario to the beginning of the hash of its content."""
    found = {}
    for each in take or ():
        name, _, digest = each.partition("=")
        if not name or not digest:
            raise WrongOptionError(f"--take {each}: write NAME=HASH, such as mine=0f3c21aa")
        found[name] = digest
    return found


def _row_count(rows: str | None, scenarios: Sequence[Scenario]) -> int | None:
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


def _distances(
    scenarios: Sequence[Scenario], finished: Collection[str], out: Path, *, show: bool
) -> dict[str, Any]:
    """Distance of what was simulated to what is published, shown and as data."""
    from jiqun.calibration.fitting.distance import distances, population_distances  # noqa: PLC0415
    from jiqun.experiments import Results  # noqa: PLC0415
    from jiqun.experiments.runs.batch import population_key  # noqa: PLC0415
    from jiqun.experiments.stores.populations import load_population  # noqa: PLC0415
    from jiqun.experiments.stores.store import Store  # noqa: PLC0415
    from jiqun.screen import say, show_distances  # noqa: PLC0415

    found = {}
    for scenario in scenarios:
        path = Store(out).population_path(population_key(scenario))
        marginals = population_distances(load_population(path), scenario.province)
        made = scenario.name in finished
        simulated = distances(Results(out), scenario.name) if made else []
        found[scenario.name] = {
            "population": [*map(_row, marginals)],
            "outcomes": [*map(_row, simulated)],
        }
        if show:
            show_distances(f"{scenario.name}: population at end-2018", marginals)
        if show and made:
            show_distances(f"{scenario.name}: median of the runs, 2019-2023", simulated)
        elif not made:
            say(f"{scenario.name}: every run failed, so there is nothing to set beside figures")
    return found


def _row(distance: Distance) -> dict[str, Any]:
    return asdict(distance) | {"near": distance.near}


def _show_warnings(warnings: Sequence[Notice]) -> None:
    """Say on the error stream what a reader of a scenario should know."""
    from jiqun.scenarios.language import language, say  # noqa: PLC0415

    for each in warnings:
        typer.echo(say("warning: {text}", text=getattr(each, language())), err=True)


def _print_json(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=1))
