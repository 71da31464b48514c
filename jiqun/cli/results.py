"""Stores and registers are read: ``compare``, ``levers``, ``schedule``, ``report`` and others."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jiqun.cli.options import (
    AnyStore,
    Form,
    Json,
    StoreFolder,
    Workers,
    as_called,
    local_folder,
    print_json,
    row_count,
)
from jiqun.cli.refusals import SOME_FAILED, WrongOptionError, given_up, refusals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.experiments.effects.costs import Borne
    from jiqun.experiments.runs.worker import Failure

commands = typer.Typer()


class Languages(StrEnum):
    """Languages of a report."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


@commands.command(
    epilog="Example: jiqun compare build/designs --baseline as_issued --equal-cost. Run it again "
    "to go on where it stopped."
)
def compare(  # noqa: PLR0913  (one parameter an option)
    store: AnyStore,
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
        typer.Option(
            "--keep",
            help="Make nothing where the store keeps one by this model, or one is shipped.",
        ),
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
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Compare scenarios: effects with intervals, cost by bearer, what a yuan brings, who gains."""
    with refusals():
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
            data = comparing.against(store, baseline, _contents(take), row_count(rows, ()))
        # What is kept has the shipped designs at the default rows: others are not in it.
        elif (
            not keep
            or design
            or rows is not None
            or not (data := comparing.kept(local_folder(store), baseline, borne, worlds=worlds))
        ):
            chosen = tuple(design or ())
            count = row_count(rows, [load(baseline)])
            shape = Shape(baseline, chosen, min(solve_draws, draws), draws, count, borne)
            options = Options(workers, None, as_called())
            data, failures = comparing.at_equal_cost(
                local_folder(store), shape, options, worlds=worlds
            )
            show_failures(failures)
        if as_json:
            print_json(data)
    if failures:
        raise typer.Exit(SOME_FAILED)


def _contents(take: Sequence[str] | None) -> dict[str, str]:
    """Scenario to the beginning of the hash of its content."""
    found = {}
    for each in take or ():
        name, _, digest = each.partition("=")
        if not name or not digest:
            raise WrongOptionError(f"--take {each}: write NAME=HASH, such as mine=0f3c21aa")
        found[name] = digest
    return found


@commands.command(epilog="Example: jiqun levers --json")
def levers(*, as_json: Json = False) -> None:
    """List every lever: article, origin, payer, terms with unit, bounds and source, targeting."""
    with refusals():
        from jiqun.listing import lever_lines, lever_rows  # noqa: PLC0415

        rows = lever_rows()
        if as_json:
            print_json(rows)
            return
        for line in lever_lines(rows):
            typer.echo(line)


@commands.command(epilog="Example: jiqun trace build/store")
def trace(
    store: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="Folder of a store with results.", parser=local_folder
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what became of each article of document 55, where to read it, and its results."""
    with refusals():
        from jiqun.trace import trace as traced  # noqa: PLC0415
        from jiqun.trace import trace_lines  # noqa: PLC0415

        found = traced(store)
        if as_json:
            print_json(found)
            return
        for line in trace_lines(found):
            typer.echo(line)


@commands.command(epilog="Example: jiqun outcomes --json")
def outcomes(*, as_json: Json = False) -> None:
    """List every outcome: id, labels, unit, levels, better direction and 2027 target."""
    with refusals():
        from jiqun.listing import brought, package_of  # noqa: PLC0415
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
                "package": package_of("outcomes", outcome.measure),
            }
            for outcome in OUTCOMES.values()
        ]
        if as_json:
            print_json(listed)
            return
        better = {1: "more", -1: "less", 0: "neither"}
        for row in listed:
            line = f"{row['id']}  {row['zh']}  {row['en']}  [{row['unit']}]"
            typer.echo(f"{line}  better: {better[row['direction']]}")
            typer.echo(f"    levels: {', '.join(row['levels'])}")
            if row["target"]:
                typer.echo(f"    target: {row['target_value']} ({row['target_class']})")
            for line in brought(row):
                typer.echo(line)


@commands.command(epilog="Example: jiqun parameters --json")
def parameters(*, as_json: Json = False) -> None:
    """List every parameter: value, range and law that it is drawn by, unit, evidence, source."""
    with refusals():
        from jiqun.listing import parameter_lines, parameter_rows  # noqa: PLC0415

        rows = parameter_rows()
        if as_json:
            print_json(rows)
            return
        for line in parameter_lines(rows):
            typer.echo(line)


@commands.command(epilog="Example: jiqun schedule --rows 2500 --json")
def schedule(
    *,
    rows: Annotated[
        str | None,
        typer.Option(help="Enterprise rows of the run, or 'all' for one an enterprise."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the stages of a quarter: what each does and writes, and its time in a run made now."""
    with refusals():
        from jiqun import scheduling  # noqa: PLC0415
        from jiqun.experiments.runs.runner import with_rows  # noqa: PLC0415
        from jiqun.experiments.runs.timing import SCENARIO  # noqa: PLC0415
        from jiqun.scenarios import load  # noqa: PLC0415

        scenario = load(SCENARIO)
        found = scheduling.schedule(with_rows(scenario, row_count(rows, [scenario])))
        if as_json:
            print_json(found)
            return
        for line in scheduling.schedule_lines(found):
            typer.echo(line)


@commands.command(epilog="Example: jiqun export build/store --format xlsx --out outcomes.xlsx")
def export(
    store: StoreFolder,
    *,
    form: Annotated[
        Form,
        typer.Option(
            "--format", help="csv, xlsx, or iamc: the layout of scenario tools, a column a year."
        ),
    ] = Form.CSV,
    out: Annotated[
        Path | None, typer.Option(help="File; in DIR/export if nothing is said.")
    ] = None,
    panel: Annotated[
        bool,
        typer.Option(
            "--panel", help="The enterprises that `jiqun run --panel` kept, in place of outcomes."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write outcomes over the runs of a store as a table, with the meaning and unit of columns."""
    with refusals():
        from jiqun import exporting  # noqa: PLC0415

        found = (exporting.export_panel if panel else exporting.export)(store, form, out)
        if as_json:
            print_json({"file": str(found.file), "columns": str(found.columns), "rows": found.rows})
            return
        for path in dict.fromkeys((found.file, found.columns)):
            typer.echo(str(path))


@commands.command(
    epilog="Example: jiqun report build/store --lang both. In Word and PDF, Chinese: "
    "jiqun report build/store --lang zh --format html,docx,pdf,xlsx,zip"
)
def report(
    store: StoreFolder,
    *,
    lang: Annotated[
        Languages, typer.Option(help="Language of the pages; of messages too, unless both.")
    ] = Languages.BOTH,
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help="Formats, with commas between: html (always made), docx (Word), pdf, xlsx (the "
            "tables), zip (the figures as PNG and SVG).",
        ),
    ] = "html",
    actuals: Annotated[
        Path | None,
        typer.Option(
            help="CSV of later figures to set beside the projection: "
            "indicator, year, value, unit, scope."
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Scenario of the store to compare with those whose own baseline it lacks."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the report, which gets zh/ and en/; DIR/report if nothing is said."
        ),
    ] = None,
    first: Annotated[
        bool, typer.Option("--first", help="The first page alone, of what the store holds so far.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Render the report of a store, by default into DIR/report/{zh,en}.

    Of a scenario of your own it says first what it changes against its baseline.
    The files of a language are replaced together, and each names the store it is of.
    """
    with refusals():
        from jiqun.notebooks.render import PageError, ReportError, render  # noqa: PLC0415
        from jiqun.scenarios.language import use_language  # noqa: PLC0415
        from jiqun.screen import say  # noqa: PLC0415

        langs: Any = ("zh", "en") if lang is Languages.BOTH else (str(lang),)
        if lang is not Languages.BOTH:
            use_language(lang)
        asked = [name.strip() for name in formats.split(",")]
        try:
            with given_up(PageError):
                pages = render(store, langs, asked, actuals, out, say, baseline, first=first)
        except ReportError as error:
            raise WrongOptionError(str(error)) from error
        if as_json:
            print_json({"pages": [str(page) for page in pages]})
        else:
            for page in pages:
                typer.echo(str(page))
