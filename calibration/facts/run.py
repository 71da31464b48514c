"""Stylised facts on the simulated panel, beside what is published.

Run ``python -m jiqun.calibration.facts`` to measure them all; it writes
`calibration/results/facts.csv`, the points of the pictures and `docs/facts.md`. A fact that fails
is shown as failing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from jiqun.calibration.facts import picture as facts_picture
from jiqun.calibration.facts.measures import MEASURES
from jiqun.calibration.facts.panels import DEARER, END, Measured, Panels
from jiqun.calibration.markdown import pipe_table
from jiqun.calibration.panel import POPULATION_SEED, panel
from jiqun.experiments.runs.draws import draws
from jiqun.model import build_population
from jiqun.model.extensions import ExtensionError, everything, installed, load
from jiqun.scenarios import load as load_scenario
from jiqun.scenarios.rows.published import StylisedFact
from jiqun.scenarios.tables import read_table, table
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jiqun.model import Population
    from jiqun.model.scenario import Scenario

HERE = Path(__file__).resolve().parents[1]
WORDS = HERE / "facts.yaml"
RESULTS = HERE / "results" / "facts.csv"
PICTURES = HERE / "results" / "facts_pictures.csv"
PAGE = HERE.parent / "docs" / "facts.md"
PICTURE = PAGE.with_name("facts.png")
TEXTS = ("row", "title", "asks", "method")
"""What is told of every fact."""
SCENARIO = "without_document_55"
SEEDS = 8
WANTED = 2.0 / 3.0
"""Share of the facts that must hold that should pass."""


@dataclass(frozen=True)
class Fact:
    """A fact over all seeds.

    Attributes:
        key: Key of the measure; empty where the fact is not measured.
        row: The row of the table of facts.
        words: Title, what is asked, method and reason, as `facts.yaml` has them.
        found: What each seed gave.
    """

    key: str
    row: StylisedFact
    words: Mapping[str, Any]
    found: Sequence[Measured]

    @property
    def values(self) -> Sequence[float]:
        """Headline number of each seed."""
        return [one.value for one in self.found]

    @property
    def passing(self) -> float:
        """Share of seeds that meet the target."""
        return float(np.mean([one.passed for one in self.found]))

    @property
    def passed(self) -> bool:
        """Whether more than half of the seeds meet the target."""
        return self.passing > 0.5

    @property
    def also(self) -> dict[str, float]:
        """Medians of the other numbers."""
        names = self.found[0].also if self.found else ()
        return {name: float(np.median([one.also[name] for one in self.found])) for name in names}


@cache
def words() -> Mapping[str, Any]:
    """The texts of the facts of the project."""
    data: Mapping[str, Any] = read_yaml(WORDS).data
    return data


def row_of(beginning: str) -> StylisedFact:
    """The row of the table of facts that begins so."""
    return _beginning(beginning, table("stylised_facts"), WORDS.name)


def _beginning(beginning: str, of: Sequence[StylisedFact], file: str) -> StylisedFact:
    rows = [row for row in of if row.fact.startswith(beginning)]
    if len(rows) != 1:
        raise ValueError(f"{file}: {beginning!r} begins {len(rows)} facts, not one")
    return rows[0]


def told_of() -> dict[str, tuple[StylisedFact, Mapping[str, Any]]]:
    """Row and texts of each fact that is measured, by its key; those of extensions last.

    Raises:
        ExtensionError: A package gives texts or a row of no fact that it measures.
    """
    found = {key: (row_of(said["row"]), said) for key, said in words()["facts"].items()}
    load("facts", MEASURES)
    for extension in installed("facts"):
        rows = cast(
            "Sequence[StylisedFact]",
            read_table(extension.file("stylised_facts.csv"), StylisedFact),
        )
        file = extension.file("facts.yaml")
        for key, said in read_yaml(file).data.items():
            if key in found or key not in MEASURES:
                problem = "is declared twice" if key in found else "is measured by no function"
                raise ExtensionError(extension, f"{file.name}: fact {key} {problem}")
            lacking = [name for name in TEXTS if name not in said]
            if lacking:
                raise ExtensionError(extension, f"{file.name}: {key} has no {lacking[0]}")
            try:
                found[key] = (_beginning(said["row"], rows, file.name), said)
            except ValueError as error:
                raise ExtensionError(extension, str(error)) from error
        for key, how in MEASURES.items():
            if key not in found and how.__module__.partition(".")[0] == extension.top:
                raise ExtensionError(extension, f"{file.name}: there is no fact {key}")
    return found


def panels(scenario: Scenario, population: Population, seed: int) -> Panels:
    """The panels of a seed.

    Args:
        scenario: Policy that the facts are measured under; energy is dearer in the second panel.
        population: Population at the start.
        seed: Seed of both runs.
    """
    dearer = scenario.with_draw({"energy_price_rise": DEARER}, {})
    return Panels(panel(scenario, seed, END, population), panel(dearer, seed, END, population))


def measure(seeds: int = SEEDS, rows: int | None = None, *, drawn: bool = False) -> list[Fact]:
    """Measure every fact over several seeds.

    Args:
        seeds: Number of seeds, from 1.
        rows: Enterprise rows at the start; the scenario's own if absent.
        drawn: Whether seed i goes with parameter draw i; else all are at the central draw.
    """
    told = told_of()
    found: dict[str, list[Measured]] = {key: [] for key in MEASURES}
    for data in _runs(seeds, rows, drawn=drawn):
        for key, how in MEASURES.items():
            found[key].append(how(data))
    return [Fact(key, *told[key], found[key]) for key in MEASURES]


def _runs(seeds: int, rows: int | None, *, drawn: bool) -> Iterator[Panels]:
    scenario = load_scenario(SCENARIO)
    population = build_population(
        scenario.province, scenario.parameters, rows or scenario.rows, POPULATION_SEED
    )
    numbers = range(1, seeds + 1)
    for seed, draw in zip(numbers, draws(scenario, numbers if drawn else [0] * seeds), strict=True):
        yield panels(scenario.with_draw(draw.values, {}), population, seed)


def results(facts: Sequence[Fact]) -> pd.DataFrame:
    """One row a fact of the table, measured or not, in the table's order."""
    by_row = {fact.row.fact: fact for fact in facts}
    every = [*table("stylised_facts")]
    every += [fact.row for fact in facts if fact.row not in every]
    left_out = {row_of(start).fact: why for start, why in words()["not_measured"].items()}
    lines = []
    for row in every:
        line = {
            "fact": row.fact, "must": row.must, "target": row.target_value, "range": row.range,
            "source": row.source,
        }  # fmt: skip
        if row.fact in by_row:
            fact = by_row[row.fact]
            line |= {
                "key": fact.key,
                "value": float(np.median(fact.values)),
                "low": min(fact.values),
                "high": max(fact.values),
                "asks": fact.words["asks"],
                "passed": fact.passed,
                "seeds": len(fact.found),
                "seeds_passing": fact.passing,
                "observations": int(np.median([one.observations for one in fact.found])),
                "method": fact.words["method"],
                "fitted": fact.words.get("fitted", ""),
                "also": "; ".join(f"{name} {number:.4g}" for name, number in fact.also.items()),
                "note": "" if fact.passed else fact.words.get("falls_short", ""),
            }
        else:
            line |= {"key": "", "note": f"not measured: {left_out[row.fact]}"}
        lines.append(line)
    columns = (
        "key", "fact", "must", "value", "low", "high", "asks", "passed", "seeds", "seeds_passing",
        "observations", "target", "range", "method", "fitted", "also", "note", "source",
    )  # fmt: skip
    return pd.DataFrame(lines, columns=list(columns))


def share_passing(facts: Sequence[Fact]) -> tuple[int, int]:
    """How many of the facts that must hold pass, and how many there are."""
    must = [fact for fact in facts if fact.row.must == "yes"]
    return sum(fact.passed for fact in must), len(must)


def pictures(facts: Sequence[Fact]) -> pd.DataFrame:
    """Points of the pictures, of the first seed: fact, series, x and y; none of extensions."""
    parts = [
        pd.DataFrame({"fact": fact.key, "series": series, "x": x, "y": y})
        for fact in facts
        if fact.key in words()["facts"]
        for series, (x, y) in fact.found[0].picture.items()
    ]
    return pd.concat(parts, ignore_index=True)


def page(facts: Sequence[Fact]) -> str:
    """The text of `docs/facts.md`."""
    good, all_ = share_passing(facts)
    must = sorted((f for f in facts if f.row.must == "yes"), key=lambda fact: not fact.passed)
    others = [fact for fact in facts if fact.row.must != "yes"]
    chosen = [fact for fact in must if fact.passed and "fitted" in fact.words]
    missing = [f"- {row_of(start).fact}: {why}." for start, why in words()["not_measured"].items()]
    seeds = len(facts[0].found)
    head = [
        "# Stylised facts",
        "",
        "Generated by `python -m jiqun.calibration.facts`; do not edit by hand.",
        "",
        "Each fact is measured on the yearly panel of simulated enterprises in the way the field",
        f"measures it, over {seeds} seeds at the centre of the fitted parameters; the value is the",
        "median, the span that of the seeds.",
        "A fact passes where more than half of the seeds meet what is asked. Rows of the panel",
        "stand for several enterprises each, and every estimator is weighted.",
        "",
        f"**{good} of the {all_} facts that must hold pass ({100 * good / all_:.0f} %; two thirds",
        f"are wanted).** A rule or parameters were chosen by {len(chosen)} of those that pass",
        "(marked fitted, with what was chosen below); the others that pass are tests.",
        "",
        "## Facts that must hold",
        _table(must),
        "",
        "## Others",
        _table(others),
        "",
        "Not measured:",
        "",
        *missing,
        "",
        f"![Facts on the simulated panel]({PICTURE.name})",
        "",
        "## One by one",
    ]
    return "\n".join(head + [_section(fact) for fact in (*must, *others)]) + "\n"


def _table(facts: Sequence[Fact]) -> str:
    cells = []
    for fact in facts:
        low, high = min(fact.values), max(fact.values)
        mark = "pass" if fact.passed else "**fail**"
        mark += ", fitted" if "fitted" in fact.words else ""
        cells.append((
            mark, f"{fact.words['title']['zh']} {fact.words['title']['en']}",
            _number(float(np.median(fact.values))), f"{_number(low)} to {_number(high)}",
            fact.words["asks"], f"{int(np.median([o.observations for o in fact.found])):,}",
        ))  # fmt: skip
    heads = ("", "fact", "value", "span of the seeds", "asked", "rows")
    return "\n" + pipe_table(heads, cells)


def _section(fact: Fact) -> str:
    row = fact.row
    also = ", ".join(f"{name.replace('_', ' ')} {_number(x)}" for name, x in fact.also.items())
    lines = [
        "",
        f"### {fact.words['title']['en']}",
        "",
        f"Published: {row.target_value} ({row.source}).",
        f"Method: {fact.words['method']}.",
        f"{100 * fact.passing:.0f} % of the seeds pass.",
    ]
    if also:
        lines.append(f"Also: {also}.")
    if "fitted" in fact.words:
        lines += ["", f"Chosen by it: {fact.words['fitted']}."]
    if not fact.passed and fact.words.get("falls_short"):
        lines += ["", f"Why it falls short: {fact.words['falls_short']}"]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.3g}"


def main() -> int:
    """Measure the facts and write the table, the points of the pictures and the page."""
    options = argparse.ArgumentParser(description="Measure the stylised facts.")
    options.add_argument("--seeds", type=int, default=SEEDS)
    options.add_argument(
        "--draws", action="store_true", help="draw i of the parameters with seed i"
    )
    options.add_argument("--rows", type=int, help="enterprise rows; the scenario's own if absent")
    options.add_argument("--out", type=Path, help="folder of table and page; else the project's")
    chosen = options.parse_args()
    if chosen.out is None and everything():
        # The pages of the project tell of the project alone.
        options.error(f"{everything()[0]} is installed: name a folder with --out")
    table_file, points_file, page_file = (
        path if chosen.out is None else chosen.out / path.name for path in (RESULTS, PICTURES, PAGE)
    )
    facts = measure(chosen.seeds, chosen.rows, drawn=chosen.draws)
    table_file.parent.mkdir(parents=True, exist_ok=True)
    results(facts).to_csv(table_file, index=False, float_format="%.6g", lineterminator="\n")
    points = pictures(facts)
    points.to_csv(points_file, index=False, float_format="%.6g", lineterminator="\n")
    facts_picture.draw(points, page_file.with_name(PICTURE.name))
    page_file.write_text(page(facts), encoding="utf-8")
    good, all_ = share_passing(facts)
    print(f"{good} of {all_} facts that must hold pass; {page_file.name} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
