"""Scenarios are checked, run and asked about: ``check``, ``run``, ``ask``."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jiqun.cli.options import Dask, Json, Workers, as_called, print_json, row_count
from jiqun.cli.refusals import SOME_FAILED, WRONG_INPUT, WrongOptionError, refusals

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from jiqun.calibration.fitting.distance import Distance
    from jiqun.model.scenario import Notice, Scenario

STORE = Path("build/store")
"""Where runs are kept if nothing is said."""

commands = typer.Typer()


class Varied(StrEnum):
    """What moves from run to run."""

    ALL = "all"
    PARAMETERS = "parameters"
    OUTSIDE = "outside"
    SEEDS = "seeds"
    EACH = "each"


class Answer(StrEnum):
    """Languages of an answer."""

    ZH = "zh"
    EN = "en"


@commands.command(epilog="Example: jiqun check without_document_55 my_scenario.yaml")
def check(
    scenarios: Annotated[list[str], typer.Argument(help="Names of shipped scenarios, or files.")],
    *,
    as_json: Json = False,
) -> None:
    """Check scenario files without running them: when each lever acts, and whom it can reach."""
    with refusals():
        from jiqun.checking import checked, lever_lines, shock_lines  # noqa: PLC0415

        found = [checked(name) for name in scenarios]
        if as_json:
            print_json([each.data() for each in found])
        for each in found:
            if each.scenario and not as_json:
                typer.echo(f"{each.name}: ok")
                for line in (*lever_lines(each), *shock_lines(each.scenario)):
                    typer.echo(f"    {line}")
            if each.problem:
                typer.echo(str(each.problem), err=True)
            _show_warnings(each.warnings)
    if any(each.problem for each in found):
        raise typer.Exit(WRONG_INPUT)


@commands.command(
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
        Varied,
        typer.Option(
            help="What moves from run to run; the rest stays central. Each: one after another."
        ),
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
    panel: Annotated[
        str | None,
        typer.Option(
            metavar="N|FILE",
            help="Keep enterprises year by year: so many of those at the start, or the ids of a "
            "CSV file.",
        ),
    ] = None,
    panel_columns: Annotated[
        str | None,
        typer.Option(help="Columns of the panel, with commas between; the main ones if none."),
    ] = None,
    workers: Workers = None,
    dask: Dask = None,
    out: Annotated[
        str, typer.Option(help="Folder of the store, or an address that fsspec reads (s3://...).")
    ] = str(STORE),
    as_json: Json = False,
) -> None:
    """Run a batch of simulations; what the store holds already is not run again."""
    with refusals():
        from jiqun.contents import say_others  # noqa: PLC0415
        from jiqun.experiments import Results  # noqa: PLC0415
        from jiqun.experiments.runs.batch import Plan  # noqa: PLC0415
        from jiqun.experiments.runs.draws import Vary  # noqa: PLC0415
        from jiqun.experiments.runs.ensemble import in_use  # noqa: PLC0415
        from jiqun.experiments.runs.panel import panel_option  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options, run_batch  # noqa: PLC0415
        from jiqun.screen import ProgressDisplay, say, show_failures, show_made  # noqa: PLC0415

        if panel_columns is not None and panel is None:
            raise WrongOptionError("--panel-columns goes with --panel")
        kept = panel_option(panel, panel_columns) if panel is not None else None
        resolved = _resolved(scenarios, rows, until)
        plan = Plan(seeds, draws, cross, Vary(vary), ensemble or in_use())
        command = as_called()
        with ProgressDisplay() as progress:
            report = run_batch(
                resolved,
                plan,
                out,
                Options(workers, dask, command),
                progress,
                lambda: say(f"waiting for another batch that uses {out} ..."),
                panel=kept,
            )
        show_made(out, report)
        show_failures(report.failures)
        distances = _distances(resolved, report.finished, out, show=vary is Varied.ALL)
        if report.finished:
            say_others(Results(out), sorted(report.finished))
        if as_json:
            print_json(
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


@commands.command(
    epilog='Example: jiqun ask "cluster_award*2" --lang zh. Others: "cluster_award=off", '
    '"digital_voucher.rate=50%; rd_grant*2", my_scenario.yaml. Run it again to go on.'
)
def ask(
    question: Annotated[
        str,
        typer.Argument(
            metavar="EXPRESSION",
            help="lever*2, lever=off, lever=on, lever.term=50%, several joined by , or ;; "
            "or a scenario file.",
        ),
    ],
    *,
    on: Annotated[
        str | None,
        typer.Option(
            help="Scenario, by name or file, that it is laid over and compared with; as_issued, or "
            "the baseline of a file."
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Pairs of runs.")] = 20,
    rows: Annotated[
        str | None, typer.Option(help="Enterprise rows, or 'all' for one an enterprise.")
    ] = None,
    workers: Workers = None,
    lang: Annotated[Answer | None, typer.Option(help="Language of answer and messages.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the store; build/ask/HASH if nothing is said.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the question as a scenario file as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask what a change of policy changes: runs it with its baseline and answers by tier."""
    with refusals():
        from jiqun.scenarios.language import language, use_language  # noqa: PLC0415

        if lang is not None:
            use_language(lang)
        from jiqun import asking  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options  # noqa: PLC0415
        from jiqun.screen import show_failures  # noqa: PLC0415

        asked = asking.read(question, on)
        asked = asked.at(row_count(rows, (asked.scenario, asked.baseline)))
        if save is not None:
            asking.keep(asked, save)
        folder = out or asked.folder
        both = [asked.baseline, asked.scenario]
        report = asking.run(both, draws, folder, Options(workers, None, as_called()))
        show_failures(report.failures)
        found = asking.change_of(asked, report, folder)
        if as_json:
            print_json(asking.data(asked, found, report, folder))
        else:
            asking.show(asked, found, report, folder, language())
    if report.failures:
        raise typer.Exit(SOME_FAILED)


@commands.command(
    epilog='Example: jiqun sweep as_issued --set "digital_voucher.rate=40%,50%,60%" '
    '--set "cluster_award*0.5,1,2" --draws 40. Run it again to go on. A Latin hypercube: '
    '--set "digital_voucher.rate=30%..60%" --design lhs:30. From a table: --settings mine.csv'
)
def sweep(  # noqa: PLR0913  (one parameter an option)
    scenario: Annotated[
        str, typer.Argument(help="Scenario, by name or file, that settings are laid over.")
    ],
    *,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="TERM=A,B,C",
            help="Values of a term of a lever (lever.term=40%,50%), of its size (lever*0.5,2), or "
            "a range (lever.term=20%..60%).",
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(help="CSV of settings: a column for each lever.term, a row for each setting."),
    ] = None,
    design: Annotated[
        str | None, typer.Option(help="lhs:N draws N settings that fill the ranges; else a grid.")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Pairs of runs of each setting.")] = 20,
    outcome: Annotated[
        list[str] | None, typer.Option(help="An outcome of the table; all if none is named.")
    ] = None,
    level: Annotated[
        list[str] | None, typer.Option(help="A level of the table; province and tier if none.")
    ] = None,
    year: Annotated[
        list[int] | None, typer.Option(help="A year of the table; 2027 if none is named.")
    ] = None,
    rows: Annotated[
        str | None, typer.Option(help="Enterprise rows, or 'all' for one an enterprise.")
    ] = None,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the store; build/sweep/HASH if nothing is said.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="File of the table; sweep.csv in the store if none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a grid of settings in one batch and write one table: effects, intervals, cost."""
    with refusals():
        from jiqun import sweeping  # noqa: PLC0415
        from jiqun.experiments.runs.runner import Options  # noqa: PLC0415
        from jiqun.screen import show_failures  # noqa: PLC0415

        asked = sweeping.read(scenario, set_ or [], settings, design)
        asked = asked.at(row_count(rows, [asked.baseline]))
        wanted = sweeping.Wanted.of(asked, outcome, level, year)
        folder = out or asked.folder
        report = sweeping.run(asked, draws, folder, Options(workers, None, as_called()), wanted)
        show_failures(report.failures)
        found = sweeping.tabulated(asked, report, folder, wanted, table)
        if as_json:
            print_json(sweeping.data(asked, found, report, folder))
        else:
            sweeping.show(asked, found)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def _resolved(names: Sequence[str], rows: str | None, until: int | None) -> list[Scenario]:
    """Scenarios as the options change them."""
    from jiqun.experiments.runs.runner import with_rows  # noqa: PLC0415
    from jiqun.model.calendar import FIRST_YEAR, year_of  # noqa: PLC0415
    from jiqun.scenarios import load, warnings_of  # noqa: PLC0415
    from jiqun.scenarios.limits import LAST_END  # noqa: PLC0415

    loaded = [load(name) for name in names]
    count = row_count(rows, loaded)
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


def _distances(
    scenarios: Sequence[Scenario], finished: Collection[str], out: str, *, show: bool
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
