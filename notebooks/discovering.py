"""Where targets are missed: sentences and table, from the scenario discovery that a store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jiqun.experiments.discovery import FEW
from jiqun.notebooks import board
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.words import decimals_of, written
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.notebooks.words import Words

    Row = Mapping[str, Any]

OUTSIDE = "outside_"
"""Begins the name of a factor that is a place between the low and the high outside path."""


def section(data: Row, words: Words) -> str:
    """What the report shows of a discovery: how it is read, a sentence a target, the boxes."""
    told = words(
        "discover_text",
        scenario=words.name("scenario_names", data["scenario"]),
        runs=data["runs"],
        factors=data["factors"],
        shuffles=data["shuffles"],
    )
    lines = "\n".join(f"- {sentence(row, words)}" for row in data["targets"])
    return "\n\n".join(filter(None, (told, lines, box_table(data, words))))


def sentence(row: Row, words: Words) -> str:
    """How often a target is missed, and where."""
    gap = "" if words.lang == "zh" else " "
    parts = [
        words(
            "discover_missed",
            target=board.label(_target(row["target"]), words),
            year=row["year"],
            cases=row["cases"],
            runs=row["runs"],
        )
    ]
    look = next((look for look in row["looks"] if look["boxes"]), None)
    if look is not None:
        best = look["boxes"][0]
        limits = words("discover_and").join(limit_text(limit, words) for limit in best["limits"])
        share = words.percent(row["cases"] / row["runs"])
        parts.append(words("discover_box", limits=limits, share=share, **_shares(best, "", words)))
        if look["density_left_out"] is not None:
            parts.append(words("discover_left_out", **_shares(look, "_left_out", words)))
        parts += [_alike(limit, words) for limit in best["limits"] if limit["alike"]]
    elif row["looks"]:
        parts.append(words("discover_none"))
    else:
        parts.append(words("discover_few", few=FEW))
    return gap.join(parts)


def box_table(data: Row, words: Words) -> str:
    """A line a box: its limits and how often resamples bring them again, coverage, density."""
    rows = []
    for row in data["targets"]:
        for look in row["looks"]:
            for box in look["boxes"]:
                limits = words.listing(
                    limit_text(limit, words) + words.bracketed(words.percent(limit["kept"]))
                    for limit in box["limits"]
                )
                rows.append(
                    [
                        board.label(_target(row["target"]), words),
                        words.name("discover_methods", look["method"]),
                        limits,
                        words.percent(box["coverage"]),
                        words.percent(box["density"]),
                        str(box["runs"]),
                    ]
                )
    return markdown(words.lines("discover_head"), rows, 3) if rows else ""


def limit_text(limit: Row, words: Words) -> str:
    """A limit in words: factor, value with unit, and the part of its draws that keeps to it."""
    factor = limit["factor"]
    return words(
        f"discover_{limit['side']}",
        name=_name(factor, words),
        value=value_text(factor, limit["value"], words),
        share=words.percent(limit["share"]),
    )


def value_text(factor: str, value: float, words: Words) -> str:
    """A value of a factor with its unit; shares as per cent.

    Args:
        factor: Name of a parameter, or of a series of the outside world.
        value: The value, in the unit of the parameter or as a place from -1 to 1.
        words: Texts and number formats of the page's language.
    """
    units = {row.name: row.unit for row in table("parameters")}
    unit = units.get(factor, "place")
    scaled = 100.0 * value if unit.startswith("share") else value
    return written(scaled, decimals_of(scaled, 3)) + words.name("parameter_units", unit)


def _alike(limit: Row, words: Words) -> str:
    others = words.listing(_name(factor, words) for factor in limit["alike"])
    return words("discover_alike", name=_name(limit["factor"], words), others=others)


def _name(factor: str, words: Words) -> str:
    group = "outside_names" if factor.startswith(OUTSIDE) else "parameter_names"
    return words.name(group, factor)


def _shares(row: Row, ending: str, words: Words) -> dict[str, str]:
    return {name: words.percent(row[f"{name}{ending}"]) for name in ("coverage", "density")}


def _target(name: str) -> Any:
    return next(row for row in board.targets("modelled") if row.id == name)
