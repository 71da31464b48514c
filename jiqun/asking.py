"""What `jiqun ask` does: a question in one line, or in a file, run and answered by tier."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as Grid

from jiqun import screen
from jiqun.experiments import Results
from jiqun.experiments.effects.change import change
from jiqun.experiments.effects.comparison_data import comparison_data
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import run_batch, with_rows
from jiqun.notebooks import what_changes
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios import load
from jiqun.scenarios.errors import ScenarioError
from jiqun.scenarios.language import say
from jiqun.scenarios.loader import baseline_file, folder_of, load_text
from jiqun.scenarios.question import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.experiments.effects.change import Change
    from jiqun.experiments.runs.batch import Record
    from jiqun.experiments.runs.runner import Options, Report
    from jiqun.model.scenario import Scenario
    from jiqun.notebooks.what_changes import Table

STORES = Path("build/ask")
"""Where questions keep their runs if nothing is said."""
ON = "as_issued"
"""What a question in one line is laid over if nothing is said."""
WIDE = 200
"""Columns of a table where there is no terminal to say."""


@dataclass(frozen=True)
class Asked:
    """A question before it is run.

    Attributes:
        scenario: What is asked about.
        baseline: What it is compared with.
        text: The scenario file of a question in one line; empty where it stands in a file.
    """

    scenario: Scenario
    baseline: Scenario
    text: str

    def at(self, rows: int | None) -> Asked:
        """The question at a number of rows; 0 is one row an enterprise, None those of each."""
        return Asked(with_rows(self.scenario, rows), with_rows(self.baseline, rows), self.text)

    @property
    def folder(self) -> Path:
        """Store of its runs if nothing is said: one for each question, so that it goes on there."""
        whole = f"{self.scenario.identity} {self.baseline.identity}"
        return STORES / hashlib.sha256(whole.encode()).hexdigest()[:12]


def read(question: str, on: str | None) -> Asked:
    """A question as it was typed.

    Args:
        question: A line such as ``cluster_award*2``, or a scenario file.
        on: Name or file of the scenario that it is compared with; of a file its own baseline, of a
            line the document as issued if None.

    Raises:
        ScenarioError: It is wrong, or a file that names no baseline.
    """
    path = Path(question)
    if path.suffix not in (".yaml", ".yml"):
        baseline = load(on or ON)
        asked = ask(question, baseline, folder_of(on or ON))
        return Asked(asked.scenario, baseline, asked.text)
    scenario = load(path)
    below = on or baseline_file(path)
    if below is None:
        problem = say("names no baseline to compare with")
        raise ScenarioError(path, None, "baseline", problem, "baseline: as_issued, --on NAME")
    if scenario.name == (baseline := load(below)).name:
        problem = say("a scenario and its baseline have one name")
        raise ScenarioError(path, None, "name", problem, say("a name of its own"))
    return Asked(scenario, baseline, "")


def keep(asked: Asked, path: Path) -> None:
    """Write the scenario file of a question in one line, where `jiqun check` accepts it.

    Raises:
        ScenarioError: A file is there already, or the baseline is not found from there.
    """
    if path.suffix not in (".yaml", ".yml"):
        problem = say("{given} is not allowed", given=repr(path.name))
        raise ScenarioError(path, None, "--save", problem, say("a new file that ends in .yaml"))
    if path.exists() or not asked.text:
        problem = say("is there already")
        raise ScenarioError(path, None, "--save", problem, say("a new file that ends in .yaml"))
    load_text(asked.text, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(asked.text, "utf-8")
    screen.say(str(path))


def run(
    scenarios: Sequence[Scenario],
    draws: int,
    out: Path,
    options: Options,
    record: Record | None = None,
) -> Report:
    """Make the runs that a question takes; what the store holds is not run again.

    Args:
        scenarios: The baseline, and what is compared with it.
        draws: Number of runs of each.
        out: Folder of the store.
        options: How runs are made.
        record: What is kept of each run; if absent, all unless the batch is large.
    """
    with screen.ProgressDisplay() as progress:
        report = run_batch(scenarios, Plan(draws=draws), out, options, progress, record=record)
    screen.show_made(out, report)
    return report


def change_of(asked: Asked, report: Report, out: Path) -> Change | None:
    """What changes; None where every run of one of the two failed.

    Args:
        asked: The question.
        report: What the batch did.
        out: Folder of the store.
    """
    names = asked.scenario.name, asked.baseline.name
    return change(Results(out), *names) if set(names) <= set(report.finished) else None


def show(asked: Asked, found: Change | None, report: Report, out: Path, lang: str) -> None:
    """Show the answer.

    Args:
        asked: The question.
        found: What changes; None where every run of one of the two failed.
        report: What the batch did.
        out: Folder of the store.
        lang: Language of the answer.
    """
    words = Words("zh" if lang == LANGS[0] else "en")
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else WIDE)
    labels = {
        each.name: each.label_zh if lang == LANGS[0] else each.label_en
        for each in (asked.baseline, asked.scenario)
    }
    lost: dict[str, int] = {}
    for failure in report.failures:
        lost[failure.run.scenario] = lost.get(failure.run.scenario, 0) + 1
    for name, count in lost.items():
        key = "change_failed" if name in report.finished else "change_all_failed"
        _print(console, words(key, scenario=labels[name], count=count))
    if found is None:
        return
    for line in what_changes.answer(found, words):
        _print(console, line)
    console.print()
    for line in what_changes.how_they_differ(found, words):
        _print(console, f"- {line}")
    console.print()
    _grid(console, what_changes.tier_table(found, words))
    console.print()
    if found.comparison is not None:
        _print(console, what_changes.cost_text(words))
    _grid(console, what_changes.cost_table(found, words))
    for line in what_changes.cost_told(found, words):
        _print(console, line)
    console.print()
    _print(console, words("ask_more", command=f"jiqun report {out} --lang {words.lang}"))


def data(asked: Asked, found: Change | None, report: Report, out: Path) -> dict[str, Any]:
    """The answer as plain data.

    Args:
        asked: The question.
        found: What changes; None where every run of one of the two failed.
        report: What the batch did.
        out: Folder of the store.
    """
    whole: dict[str, Any] = {
        "scenario": asked.scenario.name,
        "baseline": asked.baseline.name,
        "file": asked.text or None,
        "store": str(out),
        "seconds": report.seconds,
        "failures": failures_data(report),
    }
    if found is None:
        return whole
    return whole | {
        "year": found.year,
        "pairs": found.pairs,
        "differences": [asdict(each) for each in found.levers],
        "tiers": {
            tier: {"enterprises": count, "share_of_value_added": share}
            for tier, (count, share) in found.tiers.items()
        },
        "effects": [
            {"outcome": outcome, "level": level, "unit": unit}
            | {"sign": what_changes.effect_of(moved).sign, **asdict(moved)}
            for (outcome, (level, unit)), moved in found.moved.items()
        ],
        "comparison": comparison_data(found.comparison) if found.comparison else None,
        "no_cost": found.no_cost or None,
    }


def failures_data(report: Report) -> list[dict[str, Any]]:
    """Runs that failed, as plain data."""
    return [
        {"scenario": f.run.scenario, "draw": f.run.draw.index, "message": f.message}
        for f in report.failures
    ]


def _grid(console: Console, table: Table) -> None:
    grid = Grid(box=None, pad_edge=False)
    for place, name in enumerate(table.head):
        grid.add_column(name, justify="left" if place < table.text_columns else "right")
    for row in table.rows:
        grid.add_row(*(cell.replace("**", "") for cell in row))
    if table.rows:
        console.print(grid)


def _print(console: Console, line: str) -> None:
    """A line as it is, without the marks of bold."""
    console.print(line.replace("**", ""), markup=False, soft_wrap=True)
