"""What must come out of the model and is not put in: effects and patterns on the simulated panel.

Run ``python -m calibration.emergent`` to measure them all; it writes
`calibration/results/emergent.csv` and `docs/emergent.md`. What lies outside its range is shown so.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from calibration.emergent_arms import Arms
from calibration.emergent_measures import PRIORS, Found
from calibration.emergent_patterns import PATTERNS
from calibration.panel import POPULATION_SEED
from experiments.draws import draws
from model import build_population
from scenarios import load
from scenarios.tables import table
from scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).resolve().parent
WORDS = HERE / "emergent.yaml"
RESULTS = HERE / "results" / "emergent.csv"
PAGE = HERE.parent / "docs" / "emergent.md"
SCENARIO = "without_document_55"
SEEDS = 8
COLUMNS = (
    "key", "kind", "meaning", "low", "high", "value", "least", "most", "inside", "seeds",
    "observations", "method", "also", "note", "source",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """An effect or a pattern over all seeds.

    Attributes:
        key: Name of the row of the priors, or key of the pattern.
        meaning: What it is.
        low: Least value that is inside.
        high: Largest value that is inside.
        source: Where the range is from; empty for a pattern.
        words: Title, method and note, as `emergent.yaml` has them.
        found: What each seed gave.
    """

    key: str
    meaning: str
    low: float
    high: float
    source: str
    words: Mapping[str, Any]
    found: Sequence[Found]

    @property
    def values(self) -> Sequence[float]:
        """The number of each seed."""
        return [one.value for one in self.found]

    @property
    def value(self) -> float:
        """Median of the seeds."""
        return float(np.median(self.values))

    @property
    def inside(self) -> bool:
        """Whether the median lies in the range."""
        return self.low <= self.value <= self.high

    @property
    def also(self) -> dict[str, float]:
        """Medians of the other numbers."""
        return {
            k: float(np.median([one.also[k] for one in self.found])) for k in self.found[0].also
        }


@cache
def words() -> Mapping[str, Any]:
    """The texts of the checks, and why some are not measured."""
    data: Mapping[str, Any] = read_yaml(WORDS).data
    return data


def measure(
    seeds: int = SEEDS, rows: int | None = None, *, drawn: bool = False
) -> tuple[list[Check], list[Check]]:
    """Measure the rows of the priors that must come out, and the patterns.

    Args:
        seeds: Number of seeds, from 1.
        rows: Enterprise rows at the start; the scenario's own if absent.
        drawn: Whether seed i goes with parameter draw i; else all are at the central values.
    """
    scenario = load(SCENARIO)
    population = build_population(
        scenario.province, scenario.parameters, rows or scenario.rows, POPULATION_SEED
    )
    numbers = range(1, seeds + 1)
    values = [draw.values for draw in draws(scenario, numbers)] if drawn else [{}] * seeds
    found: dict[str, list[Found]] = {key: [] for key in (*PRIORS, *PATTERNS)}
    for seed, value in zip(numbers, values, strict=True):
        arms = Arms(seed, population, value)
        for key, how in {**PRIORS, **PATTERNS}.items():
            found[key].append(how(arms))
    return _effects(found), _patterns(found)


def _effects(found: Mapping[str, Sequence[Found]]) -> list[Check]:
    said = words()["effects"]
    return [
        Check(row.parameter, row.meaning, row.low, row.high, row.source, said[row.parameter],
              found[row.parameter])
        for row in table("priors")
        if row.parameter in PRIORS
    ]  # fmt: skip


def _patterns(found: Mapping[str, Sequence[Found]]) -> list[Check]:
    return [
        Check(key, said["title"]["en"], said.get("low", -np.inf), said.get("high", np.inf), "",
              said, found[key])
        for key, said in words()["patterns"].items()
    ]  # fmt: skip


def results(effects: Sequence[Check], patterns: Sequence[Check]) -> pd.DataFrame:
    """One row a check, then what is not measured."""
    lines = [
        _line(kind, check)
        for kind, checks in (("effect", effects), ("pattern", patterns))
        for check in checks
    ]
    missing = words()["not_measured"].items()
    lines += [{"key": key, "note": f"not measured: {why}"} for key, why in missing]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _line(kind: str, check: Check) -> dict[str, Any]:
    return {
        "key": check.key, "kind": kind, "meaning": check.meaning, "low": check.low,
        "high": check.high, "value": check.value, "least": min(check.values),
        "most": max(check.values), "inside": check.inside, "seeds": len(check.found),
        "observations": int(np.median([one.observations for one in check.found])),
        "method": check.words["method"],
        "also": "; ".join(f"{name} {x:.4g}" for name, x in check.also.items()),
        "note": check.words.get("note", ""), "source": check.source,
    }  # fmt: skip


def page(effects: Sequence[Check], patterns: Sequence[Check]) -> str:
    """The text of `docs/emergent.md`."""
    inside = sum(check.inside for check in effects)
    shown = sum(check.inside for check in patterns)
    seeds = len(effects[0].found)
    head = [
        "# What comes out and is not put in",
        "",
        "Generated by `python -m calibration.emergent`; do not edit by hand.",
        "",
        "Effects that the literature measured and designs depend on are not typed into the model:",
        "they are measured on its panel as the field measures them, and set beside the published",
        f"range. The value is the median of {seeds} seeds, the span theirs. All runs of a seed",
        "share every draw, so that an enterprise can be followed with and without a measure.",
        "Levels of take-up, relabelling, misuse, the hurdle rate and the weight of upfront cost",
        "are inputs and assumptions; what counts as shown is how they move with size, reward,",
        "audit, price and time.",
        "",
        f"**{inside} of {len(effects)} measured effects lie in their published range;"
        f" {shown} of {len(patterns)} patterns are as asked.**",
        "",
        "## Published effects",
        _table(effects),
        "",
        "## Patterns of conduct",
        _table(patterns),
        "",
        "## Not measured",
        "",
        *(f"- `{key}`: {why}." for key, why in words()["not_measured"].items()),
        "",
        "## One by one",
    ]
    return "\n".join([*head, *(_section(check) for check in (*effects, *patterns))]) + "\n"


def _table(checks: Sequence[Check]) -> str:
    lines = ["", "| | | value | span of the seeds | range | rows |", "|---|---|---|---|---|---|"]
    for check in checks:
        title = check.words["title"]
        mark = "inside" if check.inside else "**outside**"
        rows = int(np.median([one.observations for one in check.found]))
        lines.append(
            f"| {mark} | {title['zh']} {title['en']} | {_number(check.value)}"
            f" | {_number(min(check.values))} to {_number(max(check.values))}"
            f" | {_range(check)} | {rows:,} |"
        )
    return "\n".join(lines)


def _range(check: Check) -> str:
    if np.isinf(check.high):
        return f"over {_number(check.low)}"
    if np.isinf(check.low):
        return f"under {_number(check.high)}"
    return f"{_number(check.low)} to {_number(check.high)}"


def _section(check: Check) -> str:
    also = ", ".join(f"{name.replace('_', ' ')} {_number(x)}" for name, x in check.also.items())
    lines = ["", f"### {check.words['title']['en']}", "", f"Method: {check.words['method']}."]
    if check.source:
        lines.insert(3, f"Published: {check.source} (`{check.key}`).")
    if also:
        lines.append(f"Also: {also}.")
    if check.words.get("note"):
        lines += ["", check.words["note"]]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.3g}"


def main() -> int:
    """Measure and write the table and the page."""
    options = argparse.ArgumentParser(description="Measure what must come out of the model.")
    options.add_argument("--seeds", type=int, default=SEEDS)
    options.add_argument(
        "--draws", action="store_true", help="draw i of the parameters with seed i"
    )
    chosen = options.parse_args()
    effects, patterns = measure(chosen.seeds, drawn=chosen.draws)
    RESULTS.parent.mkdir(exist_ok=True)
    found = results(effects, patterns)
    found.to_csv(RESULTS, index=False, float_format="%.6g", lineterminator="\n")
    PAGE.write_text(page(effects, patterns), encoding="utf-8")
    inside = sum(check.inside for check in effects)
    print(f"{inside} of {len(effects)} effects lie in their range; {PAGE.name} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
