"""The part of the page on the back-test that tells the second version of its protocol."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from jiqun.calibration.backtest.data import ORIGIN, all_series
from jiqun.calibration.backtest.origin import fades
from jiqun.calibration.backtest.second import SET
from jiqun.calibration.markdown import pipe_table
from jiqun.model.elementary import exp, log
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set
    from pathlib import Path

    from jiqun.calibration.backtest.second import SecondProtocol

METHODS = {
    "first_version_first": "first, first method",
    "first_version_second": "first, second method",
    "as_simulated": "second, as simulated",
    "level": "second, level",
    "level_and_growth": "**second, level and growth**",
    "half_rival": "second, half of the rival",
    "state": "second, state set",
    "state_and_carried": "second, state set, level and growth",
}
PROJECTED = (2024, 2027)
"""Years for which the page tells what projections would become."""
COLUMNS = (
    "points", "RMSE", "over rival (90 %)", "median of series", "geometric mean", "CRPS over rival",
    "50 % cover", "90 % cover",
)  # fmt: skip
RULES = {"known": "as known then", "in_force": "in force"}
HEAD = """
## The two versions on the same points

The second version, `calibration/backtest_2.yaml`, is **developed on these origins**: the scores of
the first were known when it was written, so only later years judge it. It was committed before its
own first scoring, {changed}. Its headline is *level and growth*;
the other rows are what else it names. *Over rival* is the pooled ratio of root mean square errors;
median and geometric mean are of the ratios of the series. Aims: pooled below {ratio}, 90 %
intervals that cover {low:.0%} to {high:.0%}.
"""
METHOD = """
## How the second version sets forecasts right

- *As simulated*: simulated figures as they come. The first version never scored them: it lays
  simulated growth of levels on the last figure, which carries all of a level's miss for ever.
- *Level*: each member is set right by what it missed of the last figure known, as a ratio for
  levels and counts and as a difference for growth rates. The miss fades: half is left after
  {level:g} years for levels and after {growth:g} for growth.
- *Level and growth*: what a member missed of a level's growth between the figures known is carried
  as well, and half is left after {growth:g}. Growth rates as published get their difference only.
- *Half of the rival*: half way to the rival's forecast, a weight that was fixed, not estimated.
"""
STATE = """
## State set at the origin

- *State set*: {state}.
- *State set, level and growth*: {state_and_carried}.

Each run is set by its own misses, where a figure of the origin's year is known, of these:
{figures}.
Factors are from {low:g} to {high:g}. {told}

Why so:
"""


def second_part(second: SecondProtocol, folder: Path) -> list[str]:
    """Lines of the page; none where nothing is stored.

    Args:
        second: The second version.
        folder: Folder of the stored scores.
    """
    path = folder / "backtest_2.json"
    if not path.is_file():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    trainings = list(dict.fromkeys(row["training"] for row in found["scores"]))
    best = trainings[-1]
    low, high = second.aims.coverage_90
    changed = (
        "and what was changed after it is listed below"
        if second.changes
        else "and nothing was changed after it"
    )
    lines = HEAD.format(
        changed=changed, ratio=second.aims.rmse_ratio, low=low, high=high
    ).splitlines()
    scored = [row for training in trainings for row in _rows(found, "same", training, training)]
    heads = ("parameters", "version and method", "rule of counts", *COLUMNS)
    lines += ["", pipe_table(heads, scored)]
    lines += [f"\nNote on members: {note}." for note in found["notes"]]
    if second.findings or second.changes:
        lines += ["", "## What came out", "", "Written after the scoring.", ""]
        lines += [f"- {_one(text)}" for text in second.findings]
        lines += [f"- Changed after the first scoring: {_one(text)}" for text in second.changes]
    lines += METHOD.format(**second.half_life.model_dump()).splitlines()
    lines += ["", "Why these times:", ""]
    lines += [
        f"- {name.replace('_', ' ')}: {_one(text)}" for name, text in second.why_half_life.items()
    ]
    lines += ["", f"**Once.** {_one(second.once)}", "", f"**Spread.** {_one(second.spread)}"]
    lines += ["", f"**Weight of the rival.** {second.weights.rival:g}, {_one(second.weights.why)}."]
    lines += _state(second, {row["method"] for row in found["scores"]})
    lines += _further(second, found)
    lines += _administrative(second, rows, best)
    lines += ["", f"## By series ({best}, second version)"]
    lines += _series(found["cuts"], best)
    for name, training in (("same", best), ("further", second.further.training)):
        lines += ["", f"## Every forecast ({name} points, {training}, second version)"]
        lines += points_table(r for r in rows if _headline(r, second, name, training, "known"))
    lines += _projections(second, folder, {row["indicator"] for row in rows})
    lines += ["", "## What the second version leaves undone", ""]
    return lines + [f"- {item}" for item in second.not_done]


def _state(second: SecondProtocol, scored: Set[str]) -> list[str]:
    """How runs are set to published figures, and whether that is scored already."""
    low, high = second.state.bounds
    told = "Scores are in the tables of both sets of points."
    if not scored >= set(SET):
        told = "**Not scored yet**: the tables have no rows of it."
    texts = {name: _one(second.methods[name]) for name in SET}
    figures = ", ".join(f"`{name}`" for name in second.state.figures)
    lines = STATE.format(**texts, figures=figures, low=low, high=high, told=told).splitlines()
    why = second.state.why.items()
    return [*lines, "", *(f"- {name.replace('_', ' ')}: {_one(text)}" for name, text in why)]


def _one(text: str) -> str:
    return " ".join(text.split())


def _sentence(text: str) -> str:
    return text[0].upper() + _one(text)[1:]


def _rows(found: Mapping[str, Any], name: str, training: str, label: str) -> list[list[str]]:
    """Rows of a set of points: both versions, as known then and under the rule in force."""
    return [
        [label, METHODS[row["method"]], words, *_cells(row)]
        for rule, words in RULES.items()
        for row in found["scores"]
        if (row["set"], row["training"], row["rule"]) == (name, training, rule)
    ]


def _cells(row: Mapping[str, Any]) -> list[str]:
    ratio = f"{row['rmse_ratio']:.2f}"
    if row["rmse_ratio_low"] is not None:
        ratio += f" ({row['rmse_ratio_low']:.2f} to {row['rmse_ratio_high']:.2f})"
    return [
        str(row["points"]), f"{row['rmse']:.1f}", ratio, f"{row['series_median']:.2f}",
        f"{row['series_geometric']:.2f}", f"{row['crps_ratio']:.2f}",
        f"{row['coverage_50']:.0%}", f"{row['coverage_90']:.0%}",
    ]  # fmt: skip


def _further(second: SecondProtocol, found: Mapping[str, Any]) -> list[str]:
    years = " and ".join(map(str, second.further_origins))
    training = second.further.training
    text = (
        f"From {years} all is forecast with draws of the {training}, since there are one or two "
        "years to fit to. Outside paths start from the mean of "
        + " and ".join(map(str, second.further.outside_window))
        + " years. Rival and forecasts know the figures of `further` in the protocol besides. "
        f"{_sentence(second.further.before_2019)}."
    )
    lines = ["", "## Further origins", "", text]
    sets = (("further", years), ("together", "all four"))
    rows = [row for name, label in sets for row in _rows(found, name, training, label)]
    heads = ("origins", "version and method", "rule of counts", *COLUMNS)
    lines += ["", pipe_table(heads, rows), "", "By origin, level and growth:", ""]
    cuts = found["cuts"][f"together {training} known"]["origin"]
    return [*lines, pipe_table(("origin", *CUT), (cut(*row) for row in cuts.items()))]


CUT = ("points", "RMSE", "over rival", "mean error", "90 % cover")
"""Heads of the scores of a cut, after what it is cut by."""


def cut(value: str, row: Mapping[str, Any]) -> list[str]:
    """The scores of one part of a cut, after its name."""
    ratio = "" if row["rmse_ratio"] is None else f"{row['rmse_ratio']:.2f}"
    return [
        value, str(row["points"]), f"{row['rmse']:.1f}", ratio, f"{row['mean_error']:+.1f}",
        f"{row['coverage_90']:.0%}",
    ]  # fmt: skip


def _series(cuts: Mapping[str, Any], training: str) -> list[str]:
    rows = []
    known, ruled = (cuts[f"same {training} {rule}"]["series"] for rule in RULES)
    total = sum(row["points"] * row["rmse"] ** 2 for row in known.values())
    for name, row in known.items():
        ratio = ruled[name]["rmse_ratio"]
        part = row["points"] * row["rmse"] ** 2 / total
        shown = "" if ratio is None else f"{ratio:.2f}"
        rows.append([*cut(name, row), f"{part:.0%}", shown])
    heads = ("series", *CUT, "part of squared error", "over rival, rule in force")
    return ["", pipe_table(heads, rows)]


def _headline(
    row: Mapping[str, str], second: SecondProtocol, name: str, training: str, rule: str
) -> bool:
    keys = (row["set"], row["training"], row["method"], row["rule"])
    return keys == (name, training, second.headline, rule)


def _administrative(
    second: SecondProtocol, rows: Sequence[Mapping[str, str]], best: str
) -> list[str]:
    lines = ["", "## Counts that a rule or a quota decides", ""]
    for text in (second.administrative.rule_in_force, second.administrative.caution):
        lines += [f"{_sentence(text)}.", ""]
    heads = (
        "series", "parameters", "from", "year", "published", "as known then", "90 %",
        "rule in force", "90 %", "rival",
    )  # fmt: skip
    shown = []
    for name, training in (("further", second.further.training), ("same", best)):
        by_rule = {
            rule: {
                (row["indicator"], row["origin"], row["year"]): row
                for row in rows
                if _headline(row, second, name, training, rule)
            }
            for rule in RULES
        }
        for key, ruled in by_rule["in_force"].items():
            known = by_rule["known"][key]
            rival = number(known["rival"]) if known["rival"] else ""
            shown.append((
                key[0], training, key[1], key[2], number(known["published"]),
                number(known["forecast"]), _span(known), number(ruled["forecast"]),
                _span(ruled), rival,
            ))  # fmt: skip
    return [*lines, pipe_table(heads, shown)]


def points_table(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Every forecast beside what was published, and the rival's."""
    heads = (
        "series", "from", "year", "published", "forecast", "90 %", "rival", "error",
        "error of rival", "inside",
    )  # fmt: skip
    cells = [
        (
            row["indicator"], row["origin"], row["year"], number(row["published"]),
            number(row["forecast"]), _span(row), number(row["rival"]),
            f"{float(row['error']):+.1f}", f"{float(row['rival_error']):+.1f}",
            ("yes" if row["inside_90"] == "True" else "**no**")
            + (", set apart" if row["apart"] else ""),
        )
        for row in rows
    ]  # fmt: skip
    return ["", pipe_table(heads, cells)]


PROJECTIONS = """
## What it would change in projections

Projections of the report are simulated figures as they come: `Evidence.bands` and
`Evidence.central` of `notebooks/trust/evidence.py` take quantiles of runs, and tables, figures and
the comparison with later figures read those. They are **not** set right at the end of {origin}, but
for a sentence on revenue and growth of the whole that gives both. This is what the second version
would add to the median for the miss of the last figure: what was published less what is fitted,
then what is left of it. Misses of growth would come on top. Effects of levers in % or in points
would stay as they are, since both arms get the same; effects in yuan would change by the factor.
Fields, cities and clusters have too few figures to be set right one by one, so parts would no
longer sum to a total that is.
"""


def _projections(second: SecondProtocol, folder: Path, scored: Set[str]) -> list[str]:
    """What the miss at the end of the tables would add to projections of the fitted members."""
    path = folder / "figures.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        fitted = {row["id"]: row for row in csv.DictReader(file)}
    lines = PROJECTIONS.format(origin=ORIGIN).splitlines()
    rows = []
    series = all_series()
    for row in table("calibration_targets"):
        if row.year != ORIGIN or row.indicator not in scored or row.id not in fitted:
            continue
        kind, middle = series[row.indicator].kind, float(fitted[row.id]["median"])
        fade = fades(second.half_life.model_dump(), kind, "level")
        if fade is None:
            continue
        growth = kind == "growth"
        miss = row.value - middle if growth else float(log(row.value / middle))
        parts = [fade.level_left(year - ORIGIN) * miss for year in (ORIGIN, *PROJECTED)]
        told = [f"{x:+.1f} points" if growth else f"{float(exp(x)) - 1.0:+.0%}" for x in parts]
        rows.append([row.indicator, number(str(row.value)), number(str(middle)), *told])
    heads = ("series", "published", "fitted", str(ORIGIN), *map(str, PROJECTED))
    return [*lines, "", pipe_table(heads, rows)]


def _span(row: Mapping[str, str]) -> str:
    return f"{number(row['p05'])} to {number(row['p95'])}"


def number(text: str) -> str:
    """A stored number as pages show it; none is nought."""
    value = float(text or 0)
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
