"""Figures of how far to trust the results: fit, forecasts, facts, what the data see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jiqun.calibration.backtest.data import all_series
from jiqun.calibration.facts import picture as facts_picture
from jiqun.calibration.palette import BAND, BLUE, GREY, PALE, RED, letters_on
from jiqun.notebooks.figures import plain, style, tick, wrapped
from jiqun.notebooks.panels import tell
from jiqun.notebooks.record import STATES
from jiqun.notebooks.trust.page import dated, of_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from jiqun.notebooks.record import Record, Skill
    from jiqun.notebooks.words import Words

MOST_ERRORS = 8.0
"""Errors of a figure beyond which the picture of the fit is cut off."""
MOST_POINTS = 80.0
"""Points beyond which the picture of the forecasts is cut off."""
BOUNDS = ("low", "median", "high")
STATE_COLOURS = dict(zip(STATES, (BLUE, PALE, BAND), strict=True))


def fit(record: Record, words: Words) -> Figure:
    """Fitted figures: median and interval less published, in units of the allowed error."""
    style(words)
    rows = record.fitted
    half = -(-len(rows) // 2)
    figure = Figure(figsize=(9.6, 0.19 * half + 0.8), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, part in zip(axes, (rows.iloc[:half], rows.iloc[half:]), strict=True):
        off = {name: (part[name] - part["published"]) / part["allowed"] for name in BOUNDS}
        axis.axvspan(-1.0, 1.0, color=BAND, lw=0)
        _dots(axis, off, part["inside"].astype(bool), MOST_ERRORS)
        axis.set_ylim(half - 0.4, -0.6)
        names = [dated(of_unit(target, words), target.year, words) for target in part["target"]]
        axis.set_yticks(range(len(part)), names)
        _tell(axis, words, "", names, part["inside"])
    figure.supxlabel(words("trust_fit_axis"), fontsize="medium")
    return figure


def _tell(
    axis: Axes, words: Words, title: str, names: Sequence[str], good: pd.Series[bool]
) -> None:
    """How many intervals hold the published figure, and the names of those that do not."""
    inside = [bool(value) for value in good]
    told = {words("panels_inside"): f"{sum(inside)} / {len(inside)}"}
    missed = [name for name, held in zip(names, inside, strict=True) if not held]
    if missed:
        told[words("panels_outside")] = words.listing(missed)
    tell(axis, words, title, told)


def _dots(axis: Axes, off: dict[str, pd.Series[float]], good: pd.Series[bool], most: float) -> None:
    """Medians with intervals, a row each, from above; what lies outside is marked at the edge."""
    low, median, high = (np.asarray(off[name], dtype=float) for name in BOUNDS)
    for place, inside in enumerate(good):
        colour = BLUE if inside else RED
        ends = np.clip([low[place], high[place]], -most, most)
        axis.plot(ends, [place, place], color=colour, lw=1.8, alpha=0.45, solid_capstyle="butt")
        shown = float(np.clip(median[place], -most, most))
        mark = "o" if shown == median[place] else ("<" if shown < 0 else ">")
        axis.plot([shown], [place], mark, ms=4, color=colour)
    axis.axvline(0.0, color=GREY, lw=0.8)
    axis.set_xlim(-1.04 * most, 1.04 * most)
    axis.tick_params(axis="y", length=0, labelcolor="black")
    axis.grid(visible=False)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]))
    axis.xaxis.set_major_formatter(FuncFormatter(tick))


def forecasts(skill: Skill, words: Words) -> Figure:
    """Forecasts and the rival's beside what came: a panel an origin, a row a figure."""
    style(words)
    rows = skill.points[skill.points["apart"].isna()]
    origins = sorted(rows["origin"].unique())
    longest = max(int((rows["origin"] == origin).sum()) for origin in origins)
    figure = Figure(figsize=(9.6, 0.23 * longest + 1.2), layout="constrained")
    axes = figure.subplots(1, len(origins), squeeze=False).ravel()
    for axis, origin in zip(axes, origins, strict=True):
        part = rows[rows["origin"] == origin]
        off = {"low": part["p05_error"], "median": part["error"], "high": part["p95_error"]}
        _dots(axis, off, part["inside"], MOST_POINTS)
        rival = np.clip(part["rival_error"].to_numpy(dtype=float), -MOST_POINTS, MOST_POINTS)
        axis.plot(rival, range(len(part)), "x", ms=4.5, color="black", mew=1.0)
        axis.set_ylim(longest - 0.4, -0.6)
        series = all_series()
        names = [
            dated(of_unit(series[row.indicator], words), row.year, words)
            for row in part.itertuples()
        ]
        axis.set_yticks(range(len(part)), names)
        axis.set_title(words("trust_origin", year=origin), loc="left")
        _tell(axis, words, words("trust_origin", year=origin), names, part["inside"])
    figure.supxlabel(words("trust_skill_axis"), fontsize="medium")
    handles = [
        axes[0].plot([], [], mark, color=colour, label=words(key))[0]
        for mark, colour, key in (
            ("o", BLUE, "trust_inside"),
            ("o", RED, "trust_outside"),
            ("x", "black", "trust_rival"),
        )
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)
    return figure


def facts(points: pd.DataFrame, words: Words) -> Figure:
    """The facts that have a picture."""
    style(words)
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    for axis, fact in zip(figure.subplots(2, 3).flat, facts_picture.TITLES, strict=True):
        title, x_label, y_label, *note = words.lines(f"fact_{fact}")
        facts_picture.panel(axis, points, fact, "".join(note))
        axis.set_title(wrapped(title, words, 18, 34), loc="left")
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
        rows = points[points["fact"] == fact].sort_values("x")
        ends = zip(rows["x"].iloc[[0, -1]], rows["y"].iloc[[0, -1]], strict=True)
        tell(axis, words, title, {f"{x_label} {x:.3g}": f"{y_label} {y:.3g}" for x, y in ends})
        axis.grid(visible=False)
        if axis.get_yscale() == "linear":
            plain(axis)
    return figure


def seen(record: Record, words: Words) -> Figure:
    """Parameters by part of the model: identified, bounded, unseen."""
    style(words)
    rows = record.parameters
    if rows is None:
        raise ValueError("no parameters on record")
    counts = rows.groupby(["group", "state"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(STATES), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values().index]
    figure = Figure(figsize=(9.6, 0.27 * len(counts) + 0.9), layout="constrained")
    axis = figure.subplots()
    places: Sequence[int] = range(len(counts))
    left = np.zeros(len(counts))
    for state, hatch in zip(STATES, ("", "////", ""), strict=True):
        width = counts[state].to_numpy(dtype=float)
        axis.barh(
            places, width, left=left, height=0.68, color=STATE_COLOURS[state], hatch=hatch,
            edgecolor="white", lw=0.0, label=words.name("trust_states", state),
        )  # fmt: skip
        for place, start, size in zip(places, left, width, strict=True):
            if size:
                axis.text(
                    start + size / 2, place, f"{size:.0f}", ha="center", va="center", fontsize=7,
                    color=letters_on(STATE_COLOURS[state]),
                )  # fmt: skip
        left += width
    axis.set_yticks(places, [words.name("parameter_groups", str(name)) for name in counts.index])
    axis.tick_params(axis="y", length=0, labelcolor="black")
    axis.set_xlabel(words("trust_seen_axis"))
    told = {
        words.name("parameter_groups", str(group)): words.listing(
            f"{words.name('trust_states', state)} {counts.loc[group, state]}" for state in STATES
        )
        for group in counts.index
    }
    tell(axis, words, "", told)
    axis.grid(visible=False)
    figure.legend(loc="outside upper right", ncols=len(STATES), frameon=False)
    return figure
