"""The part of the page on the back-test that tells the second version of its protocol."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calibration.backtest_second import SecondProtocol

METHODS = {
    "as_simulated": "second, as simulated",
    "level": "second, level",
    "level_and_growth": "**second, level and growth**",
    "half_rival": "second, half of the rival",
}
FIRST_METHODS = (("first", "first, first method"), ("second", "first, second method"))
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


def second_part(second: SecondProtocol, folder: Path, first: Mapping[str, Any]) -> list[str]:
    """Lines of the page; none where nothing is stored.

    Args:
        second: The second version.
        folder: Folder of the stored scores.
        first: Stored scores of the first version, by training.
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
    changed = "and what was changed after it is told below" if second.changes else (
        "and nothing was changed after it"
    )  # fmt: skip
    lines = HEAD.format(
        changed=changed, ratio=second.aims.rmse_ratio, low=low, high=high
    ).splitlines()
    lines += _before_and_after(found, first, trainings)
    lines += [f"\nNote: {note}." for note in found["notes"]]
    lines += ["", "What was found, written after the scoring:", ""] if second.findings else []
    lines += [f"- {text}" for text in second.findings]
    lines += [f"- changed after the first scoring: {text}" for text in second.changes]
    lines += METHOD.format(**second.half_life.model_dump()).splitlines()
    lines += ["", *[f"{_named(k)}: {_one(v)}" for k, v in second.why_half_life.items()], ""]
    lines += [f"Once: {_one(second.once)}", "", f"Spread: {_one(second.spread)}"]
    lines += _administrative(second, rows, best)
    lines += _further(second, found)
    lines += ["", f"## By series ({best}, second version)"]
    lines += _series(found["cuts"], best)
    lines += ["", f"## Every forecast ({best}, second version)"]
    lines += _points(r for r in rows if _headline(r, second, "same", best, "known"))
    lines += ["", "## What the second version leaves undone", ""]
    return lines + [f"- {item}" for item in second.not_done]


def _one(text: str) -> str:
    return " ".join(text.split())


def _named(key: str) -> str:
    return f"Why, {key.replace('_', ' ')}"


def _head(*names: str) -> list[str]:
    return ["", f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]


def _before_and_after(
    found: Mapping[str, Any], first: Mapping[str, Any], trainings: Sequence[str]
) -> list[str]:
    lines = _head("parameters", "version and method", "rule of counts", *COLUMNS)
    for training in trainings:
        scores = first[training]
        for name, label in FIRST_METHODS:
            row = scores["first_method"] if name == "first" else scores
            lines.append(f"| {training} | {label} | {RULES['known']} | {_cells(row)} |")
        for rule, words in RULES.items():
            for row in found["scores"]:
                if (row["set"], row["training"], row["rule"]) == ("same", training, rule):
                    label = METHODS[row["method"]]
                    lines.append(f"| {training} | {label} | {words} | {_cells(row)} |")
    return lines


def _cells(row: Mapping[str, Any]) -> str:
    ratio = f"{row['rmse_ratio']:.2f}"
    if row["rmse_ratio_low"] is not None:
        ratio += f" ({row['rmse_ratio_low']:.2f} to {row['rmse_ratio_high']:.2f})"
    return (
        f"{row['points']} | {row['rmse']:.1f} | {ratio} | {row['series_median']:.2f}"
        f" | {row['series_geometric']:.2f} | {row['crps_ratio']:.2f}"
        f" | {row['coverage_50']:.0%} | {row['coverage_90']:.0%}"
    )


def _further(second: SecondProtocol, found: Mapping[str, Any]) -> list[str]:
    years = " and ".join(map(str, second.further_origins))
    training = second.further.training
    text = (
        f"From {years} all is forecast with draws of the {training}, since there are one or two "
        "years to fit to. Outside paths start from the mean of "
        + " and ".join(map(str, second.further.outside_window))
        + " years. Rival and forecasts know the figures of `further` in the protocol besides. "
        f"No origin is earlier: {_one(second.further.before_2019)}."
    )
    lines = ["", "## Further origins", "", text]
    lines += _head("origins", "version and method", *COLUMNS)
    for name, label in (("further", years), ("together", "all four")):
        for row in found["scores"]:
            if (row["set"], row["training"], row["rule"]) == (name, training, "known"):
                lines.append(f"| {label} | {METHODS[row['method']]} | {_cells(row)} |")
    cuts = found["cuts"][f"together {training} known"]["origin"]
    lines += ["", "By origin, level and growth:"]
    lines += _head("origin", "points", "RMSE", "over rival", "mean error", "90 % cover")
    return lines + [_cut(value, row) for value, row in cuts.items()]


def _cut(value: str, row: Mapping[str, Any]) -> str:
    ratio = "" if row["rmse_ratio"] is None else f"{row['rmse_ratio']:.2f}"
    return (
        f"| {value} | {row['points']} | {row['rmse']:.1f} | {ratio} | {row['mean_error']:+.1f}"
        f" | {row['coverage_90']:.0%} |"
    )


def _series(cuts: Mapping[str, Any], training: str) -> list[str]:
    lines = _head(
        "series", "points", "RMSE", "over rival", "mean error", "90 % cover",
        "over rival, rule in force",
    )  # fmt: skip
    ruled = cuts[f"same {training} in_force"]["series"]
    for name, row in cuts[f"same {training} known"]["series"].items():
        ratio = ruled[name]["rmse_ratio"]
        lines.append(f"{_cut(name, row)} {'' if ratio is None else f'{ratio:.2f}'} |")
    return lines


def _headline(
    row: Mapping[str, str], second: SecondProtocol, name: str, training: str, rule: str
) -> bool:
    keys = (row["set"], row["training"], row["method"], row["rule"])
    return keys == (name, training, second.headline, rule)


def _administrative(
    second: SecondProtocol, rows: Sequence[Mapping[str, str]], best: str
) -> list[str]:
    lines = ["", "## Counts that a rule or a quota decides", ""]
    lines += [f"{_one(second.administrative.rule_in_force)}.", ""]
    lines += [f"{_one(second.administrative.caution)}."]
    lines += _head(
        "series", "parameters", "from", "year", "published", "as known then", "90 %",
        "rule in force", "90 %", "rival",
    )  # fmt: skip
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
            rival = _number(known["rival"]) if known["rival"] else ""
            lines.append(
                f"| {key[0]} | {training} | {key[1]} | {key[2]} | {_number(known['published'])}"
                f" | {_number(known['forecast'])} | {_span(known)} | {_number(ruled['forecast'])}"
                f" | {_span(ruled)} | {rival} |"
            )
    return lines


def _points(rows: Any) -> list[str]:
    lines = _head(
        "series", "from", "year", "published", "forecast", "90 %", "rival", "error",
        "error of rival", "inside",
    )  # fmt: skip
    for row in rows:
        inside = "yes" if row["inside_90"] == "True" else "**no**"
        lines.append(
            f"| {row['indicator']} | {row['origin']} | {row['year']} | {_number(row['published'])}"
            f" | {_number(row['forecast'])} | {_span(row)} | {_number(row['rival'])}"
            f" | {float(row['error']):+.1f} | {float(row['rival_error']):+.1f}"
            f" | {inside}{', set apart' if row['apart'] else ''} |"
        )
    return lines


def _span(row: Mapping[str, str]) -> str:
    return f"{_number(row['p05'])} to {_number(row['p95'])}"


def _number(text: str) -> str:
    value = float(text)
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
