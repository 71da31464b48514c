"""Which levers matter most: what decides whether each beats an R&D grant that costs as much.

The numbers are those that `calibration.effects.run` left; what they mean stands in
`calibration/effects/break_even.py`.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd

from jiqun.calibration.effects.break_even import UNCOMPARED
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.sensitivity.arms import group_of
from jiqun.notebooks.record import RESULTS
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.words import ABSENT, decimals_of, written
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import data_hash, table

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.notebooks.words import Words

    Row = pd.Series[Any]

FILE = "break_even.csv"
SCALES = {"zh": ((1e8, "yi"), (1e4, "wan")), "en": ((1e9, "yi"), (1e6, "wan"))}
"""Sums from which on a value in yuan is told in larger units."""
DIGITS = 2


def read(folder: Path = RESULTS) -> pd.DataFrame | None:
    """A row a lever; None where it was not computed."""
    path = folder / FILE
    if not path.is_file():
        return None
    rows = pd.read_csv(path)
    return rows.assign(parameter=rows["parameter"].fillna(""))


def of_group(even: pd.DataFrame, group: str) -> pd.DataFrame:
    """Levers of a group, those that bring most above the grant first."""
    rows = even[[group_of(str(lever)) == group for lever in even["lever"]]]
    compared = ~rows["said"].isin(UNCOMPARED)
    return rows.assign(last=~compared).sort_values(
        ["last", "net", "lever"], ascending=[True, False, True], kind="stable"
    )


def is_current(even: pd.DataFrame) -> bool:
    """Whether the model and the data that are here made it."""
    first = even.iloc[0]
    return (first["model"], first["data"]) == (model_hash(), data_hash())


def explained(even: pd.DataFrame, words: Words) -> str:
    """What is compared with what, and how a parameter is chosen."""
    first = even.iloc[0]
    names = ("grant", "grant_low", "grant_high")
    mean, low, high = (f"{float(first[name]):.2f}" for name in names)
    return words("even_text", draws=int(first["draws"]), grant=mean, low=low, high=high)


def sentence(even: pd.DataFrame, words: Words, group: str) -> str:
    """How many levers of a group bring more than the grant, less, or what cannot be told.

    Args:
        even: A line a lever: where it breaks even with the grant.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    rows = of_group(even, group)
    compared = rows[~rows["said"].isin(UNCOMPARED)]
    better = compared["net_low"] > 0.0
    worse = compared["net_high"] < 0.0
    inside = compared["said"] == "inside"
    text = words(
        "even_sentence",
        group=words.name("levers_group_names", group),
        count=len(rows),
        compared=len(compared),
        better=int(better.sum()),
        worse=int(worse.sum()),
        open=int((~better & ~worse).sum()),
        hang=int(inside.sum()),
    )
    if is_current(even):
        return text
    return text + ("" if words.lang == "zh" else " ") + words("even_old")


def even_table(even: pd.DataFrame, words: Words, group: str) -> str:
    """A line a lever of a group: what it rests on, what decides it, break-even, chances.

    Args:
        even: A line a lever: where it breaks even with the grant.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    lines = []
    for _, row in of_group(even, group).iterrows():
        lever = str(row["lever"])
        lines.append(
            [
                getattr(declarations()[lever].label, words.lang),
                words.name("lever_evidence", evidence_of(lever).word),
                decisive(row, words),
                even_text(row, words),
                chance(row["chance"], words),
                _share(row["beats"], words),
                _share(row["below"], words),
                chance(row["mean_below"], words),
            ]
        )
    head = words.lines("even_head")
    head.insert(1, words("lever_evidence_head"))
    return f'<div class="evens">\n\n{markdown(head, lines, 4)}\n\n</div>'


def even_text(row: Row, words: Words) -> str:
    """Where a lever breaks even, or why there is no such place."""
    said = str(row["said"])
    if said == "inside":
        name = str(row["parameter"])
        low = max(float(row["at_low"]), float(row["low"]))
        high = min(float(row["at_high"]), float(row["high"]))
        largest = max(abs(float(row["low"])), abs(float(row["high"])))
        at = value_text(name, float(row["at"]), largest, words)
        low_text, high_text = (
            value_text(name, value, largest, words, whole=False) for value in (low, high)
        )
        low_text = ("<" if row["at_low"] < row["low"] else "") + low_text
        high_text = (">" if row["at_high"] > row["high"] else "") + high_text
        key = "even_above" if row["slope"] > 0.0 else "even_below"
        text = words(key, at=at, low=low_text, high=high_text)
        return text + (words("even_curved") if row["curved"] else "")
    if said in UNCOMPARED:
        return words.name("even_said", said)
    # What no interval bears out is not said.
    if said in ("no parameter", "independent"):
        end = "open" if not row["sure"] else "more" if row["net"] > 0.0 else "less"
        return words.name("even_said", f"{said} {end}")
    return words.name("even_said", said if row["sure"] else f"{said} unsure")


def value_text(name: str, value: float, largest: float, words: Words, *, whole: bool = True) -> str:
    """A value of a parameter; shares as per cent, large sums in large units.

    Args:
        name: The parameter.
        value: Its value.
        largest: The largest of the values that stand together, which decides on decimals.
        words: Texts.
        whole: With its unit; else with no more of it than a per cent sign.
    """
    unit = next((row.unit for row in table("parameters") if row.name == name), "")
    scale = ""
    if unit.startswith("share"):
        value, largest = 100.0 * value, 100.0 * largest
    elif unit.startswith("yuan"):
        for factor, key in SCALES[words.lang]:
            if largest >= factor:
                value, largest = value / factor, largest / factor
                scale = words.name("even_scales", key)
                break
    decimals = max(decimals_of(largest, DIGITS + 1), 0)
    shown = written(value, decimals)
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    if whole:
        return shown + scale + words.name("parameter_units", unit)
    return shown + ("%" if unit.startswith("share") else scale)


def chance(share: float, words: Words) -> str:
    """A chance that resamples told: never none, never certain."""
    if isnan(share):
        return ABSENT
    if share < 0.01:
        return "<" + words.percent(0.01)
    if share > 0.99:
        return ">" + words.percent(0.99)
    return words.percent(share)


def _share(share: float, words: Words) -> str:
    return ABSENT if isnan(share) else words.percent(share)


def decisive(row: Row, words: Words) -> str:
    """The parameter that decides what a lever brings, with its value in use and its range."""
    name = str(row["parameter"])
    if not name or row["said"] in UNCOMPARED:
        return ABSENT
    largest = max(abs(float(row["low"])), abs(float(row["high"])))
    in_use = value_text(name, float(row["in_use"]), largest, words)
    low, high = (
        value_text(name, float(row[key]), largest, words, whole=False) for key in ("low", "high")
    )
    label = words.name("parameter_names", name)
    return words(
        "even_decisive", name=label, in_use=in_use, range=words("even_range", low=low, high=high)
    )
