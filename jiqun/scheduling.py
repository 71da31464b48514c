"""What `jiqun schedule` shows: the stages in order, what they do and write, and their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jiqun.experiments.runs.timing import measure
from jiqun.model.quarter import QUARTER, YEAR_END
from jiqun.scenarios.language import LANGUAGES, language, said_in, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jiqun.experiments.runs.timing import Measurement
    from jiqun.model.quarter import Stage
    from jiqun.model.scenario import Scenario

REPEATS = 3
"""Runs that are timed; the fastest counts."""


def schedule(scenario: Scenario) -> dict[str, Any]:
    """The stages of a quarter and of the year's end, with the time that each takes in a run."""
    one = measure(scenario, REPEATS)
    return {
        "scenario": scenario.name,
        "rows": scenario.rows,
        "rows_at_end": one.rows,
        "quarters": one.quarters,
        "repeats": REPEATS,
        "quarter": _stages(QUARTER, one),
        "year_end": _stages(YEAR_END, one),
        "milliseconds": {
            part: 1e3 * getattr(one, part) for part in ("total", "start", "between", "records")
        },
    }


def schedule_lines(found: dict[str, Any]) -> Iterator[str]:
    """The schedule as text in the language of messages."""
    times = found["milliseconds"]
    yield say(
        "{scenario}, {quarters} quarters, {rows:,} rows at the end: {total:.0f} ms of CPU, the "
        "fastest of {repeats} runs",
        scenario=found["scenario"], quarters=found["quarters"], rows=found["rows_at_end"],
        total=times["total"], repeats=found["repeats"],
    )  # fmt: skip
    yield say("the quarter")
    yield from _lines(found["quarter"])
    yield say("the year's end, after every fourth quarter")
    yield from _lines(found["year_end"])
    yield say(
        "start {start:.1f} ms, between the stages {between:.1f} ms, outcomes {records:.1f} ms",
        start=times["start"], between=times["between"], records=times["records"],
    )  # fmt: skip


def _stages(stages: Sequence[Stage], one: Measurement) -> list[dict[str, Any]]:
    return [
        {
            "name": {lang: said_in(lang, stage.name) for lang in LANGUAGES},
            "sentence": {lang: said_in(lang, stage.sentence) for lang in LANGUAGES},
            "writes": {owner: names.split() for owner, names in stage.writes.items()},
            "function": f"{stage.run.__module__}.{stage.run.__name__}",
            "milliseconds": 1e3 * one.timings[stage.name],
        }
        for stage in stages
    ]


def _lines(stages: list[dict[str, Any]]) -> Iterator[str]:
    lang = language()
    for number, stage in enumerate(stages, start=1):
        told = say("{name}: {what}", name=stage["name"][lang], what=stage["sentence"][lang])
        yield f"{stage['milliseconds']:8.1f} ms  {number}. {told}"
        written = "; ".join(f"{k}: {', '.join(names)}" for k, names in stage["writes"].items())
        yield f"{'':13}{say('writes {names}', names=written)}"
