"""Which levers matter most: the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from jiqun.calibration import palette
from jiqun.calibration.palette import BAND, BLUE, DIM, GREEN, GREY, INK, OCHRE, PALE, PURPLE, RED
from jiqun.experiments.sensitivity.arms import DOCUMENT, GROUPS
from jiqun.experiments.sensitivity.runs import PROVINCE
from jiqun.notebooks.figures import beyond, plain, room, style, tick, wrapped
from jiqun.notebooks.levers.page import (
    SHOWN,
    by_size,
    factor_label,
    label,
    loudest,
    measure,
    shown,
    strength,
    unit_label,
)
from jiqun.notebooks.panels import tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from jiqun.notebooks.levers.page import Levers
    from jiqun.notebooks.words import Words

COLOURS = {**palette.TIERS, PROVINCE: INK}
MARKS = {**palette.MARKS, PROVINCE: "o"}
KIND_COLOURS = {
    "lever": BLUE,
    "parameter": GREEN,
    "outside": OCHRE,
    "structure": PURPLE,
    "dummy": GREY,
}
FALLS: Mapping[str, Any] = {"ls": "", "marker": "_", "ms": 4, "color": INK, "mew": 1.0}
"""Mark of a lever that lowers an outcome."""
MOST = 4.0
"""Half widths of an interval beyond which a colour deepens no more."""
BARS = 8
"""Levers of a panel of ranked bars."""
TICKS = 4
TOLD = 0.9
"""Kendall's tau from which on an order has converged."""


def heat(found: Levers, words: Words) -> Figure:
    """Levers by outcome and tier: effect in half widths of its interval; first ties dotted."""
    style(words)
    levers, _ = loudest(found)
    outcomes, tiers = found.outcomes, found.tiers
    rows = shown(found)
    rows = rows.assign(strength=strength(rows))
    columns = [(outcome, tier) for outcome in outcomes for tier in tiers]
    across_of = {column: number for number, column in enumerate(columns)}
    cells = np.full((len(levers), len(columns)), np.nan)
    figure = Figure(figsize=(9.6, 0.235 * max(len(levers), 3) + 1.75), layout="constrained")
    axis = figure.subplots()
    for row in rows[rows["above_noise"].astype(bool)].itertuples():
        if row.lever in levers:
            place, across = levers.index(str(row.lever)), across_of[str(row.outcome), str(row.tier)]
            cells[place, across] = row.strength
            if cells[place, across] < 0.0:
                # A copy in grey does not tell red from blue.
                axis.plot([across - 0.3], [place], **FALLS)
            if row.tie_set == 1:
                axis.plot([across], [place], "o", ms=3.2, color="black", mfc="white", mew=0.7)
    image = axis.imshow(cells, cmap=_colours(), vmin=-MOST, vmax=MOST, aspect="auto")
    _grid(axis, found, words, levers, columns)
    for across, outcome in enumerate(outcomes):
        if across:
            axis.axvline(len(tiers) * across - 0.5, color="black", lw=0.8)
        axis.text(
            len(tiers) * (across + 0.5) - 0.5, -0.75, _short(outcome, words),
            ha="center", va="bottom", fontsize=7.5, linespacing=1.3,
        )  # fmt: skip
    groups = [_group(found, lever) for lever in levers]
    for place in range(1, len(groups)):
        if groups[place] != groups[place - 1]:
            axis.axhline(place - 0.5, color="black", lw=0.8)
    _heat_legend(figure, axis, image, words)
    tell(axis, words, "", _strongest(found, words, levers))
    return figure


def _strongest(found: Levers, words: Words, levers: Sequence[str]) -> dict[str, str]:
    """Of each lever how many cells stand clear of the noise, and which stands out most."""
    rows = shown(found)
    rows = rows.assign(strength=strength(rows))
    clear = rows[rows["above_noise"].astype(bool)]
    told = {}
    for lever in levers:
        own = clear[clear["lever"] == lever]
        text = words("panels_clear", count=len(own))
        if len(own):
            top = own.iloc[int(own["strength"].abs().to_numpy().argmax())]
            outcome, tier = str(top["outcome"]), str(top["tier"])
            where = _short(outcome, words) + words.bracketed(unit_label(tier, words))
            size = ("+" if top["strength"] > 0 else "") + tick(float(top["strength"]))
            text += words.bracketed(words("panels_most", where=where, size=size))
        told[label(found, words, lever)] = text
    return told


def _grid(
    axis: Axes, found: Levers, words: Words, levers: list[str], columns: list[tuple[str, str]]
) -> None:
    axis.set_facecolor(BAND)
    names = [unit_label(tier, words) for _, tier in columns]
    axis.set_xticks(range(len(columns)), names, rotation=90, fontsize=7.5)
    axis.set_yticks(range(len(levers)), [_name(found, words, lever) for lever in levers])
    axis.tick_params(length=0, labelcolor="black")
    axis.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(levers) + 1) - 0.5, minor=True)
    axis.grid(visible=False)
    axis.grid(visible=True, which="minor", axis="both", color="white", lw=0.7)
    axis.tick_params(which="minor", length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    axis.set_ylim(len(levers) - 0.5, -0.5)


def _heat_legend(figure: Figure, axis: Axes, image: AxesImage, words: Words) -> None:
    bar = figure.colorbar(image, ax=axis, shrink=0.7, aspect=28, pad=0.01)
    bar.set_label(words("levers_heat_bar"), fontsize=7)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(tick))
    dot = Line2D([], [], ls="", marker="o", ms=4, color="black", mfc="white", mew=0.7)
    fall = Line2D([], [], **FALLS)
    grey = Patch(color=BAND)
    names = [words("levers_heat_tie"), words("levers_heat_fall"), words("levers_heat_noise")]
    figure.legend([dot, fall, grey], names, loc="outside lower right", ncols=3, frameon=False)


def ranked(found: Levers, words: Words, group: str = DOCUMENT) -> Figure:
    """Bars of a group's largest effects, a panel a tier, with intervals and noise floors.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    style(words)
    scale, unit = measure(found, found.main, words)
    height = 0.2 * min(BARS, found.count(group)) + 0.55
    figure = Figure(figsize=(9.6, 3 * height + 0.5), layout="constrained")
    axes = figure.subplots(3, 2).ravel()
    for axis, tier in zip(axes, found.units, strict=False):
        rows = found.ranks(group, tier=tier, outcome=found.main).head(BARS)
        names = [label(found, words, lever) for lever in rows["lever"]]
        _bars(axis, rows, "mean", scale, names)
        axis.set_title(unit_label(tier, words), loc="left", color=COLOURS[tier])
        axis.axvline(0.0, color=GREY, lw=0.8)
        axis.set_xlabel(words("levers_axis", unit=unit))
        sizes = [tick(scale * value) for value in rows["mean"]]
        tell(axis, words, unit_label(tier, words), dict(zip(names, sizes, strict=True)))
    for axis in axes[len(found.units) :]:
        axis.axis("off")
    marks = [
        *(Patch(color=colour) for colour in (BLUE, PALE, DIM)),
        Line2D([], [], color="black", lw=1.0),
        Line2D([], [], ls="", marker="|", ms=8, color=RED, mew=1.4),
    ]
    names = words.lines("levers_bars")
    figure.legend(marks, names, loc="outside upper right", ncols=len(names), frameon=False)
    return figure


def _bars(axis: Axes, rows: pd.DataFrame, value: str, scale: float, names: Sequence[str]) -> None:
    """Bars with intervals and floors, from above: dark in the first tie, grey within the noise."""
    most = room(scale * rows[value])
    for place, (_, row) in enumerate(rows.iterrows()):
        colour = (BLUE if row.get("tie_set", 1) == 1 else PALE) if row["above_noise"] else DIM
        if abs(scale * row[value]) > most:
            edge = most if row[value] > 0.0 else -most
            beyond(axis, place, tick(scale * row[value]), edge, colour)
            continue
        axis.barh([place], [scale * row[value]], height=0.66, color=colour)
        axis.plot([scale * row["low"], scale * row["high"]], [place, place], color="black", lw=1.0)
        side = -1.0 if row[value] < 0.0 else 1.0
        axis.plot([side * scale * row["floor"]], [place], "|", ms=8, color=RED, mew=1.4)
    low, high = axis.get_xlim()
    axis.set_xlim(max(low, -1.04 * most), min(high, 1.04 * most))
    _listed(axis, names)


def _listed(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), list(names))
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0, labelcolor="black")
    axis.grid(visible=False)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 2.5, 5, 10]))
    axis.xaxis.set_major_formatter(FuncFormatter(tick))


def sobol(found: Levers, words: Words) -> Figure:
    """Shares of the variance of the package's effect by group: first and total, a panel a tier."""
    style(words)
    rows = found.of("sobol", outcome=found.main)
    factors = list(dict.fromkeys(rows["factor"]))
    figure = Figure(figsize=(9.6, 0.36 * len(factors) + 1.15), layout="constrained")
    axes = figure.subplots(1, len(found.units), sharey=True, sharex=True, squeeze=False)[0]
    for axis, tier in zip(axes, found.units, strict=True):
        for order, off, colour in (("first", -0.19, PALE), ("total", 0.19, BLUE)):
            own = rows[(rows["tier"] == tier) & (rows["order"] == order)].set_index("factor")
            for place, factor in enumerate(factors):
                row = own.loc[factor]
                at = place + off
                axis.barh(
                    [at], [100 * row["estimate"]], height=0.34,
                    color=colour if row["above_noise"] else DIM,
                )  # fmt: skip
                axis.plot([100 * row["low"], 100 * row["high"]], [at, at], color="black", lw=0.9)
                axis.plot([100 * row["floor"]], [at], "|", ms=6, color=RED, mew=1.3)
        _listed(axis, [factor_label(found, words, factor) for factor in factors])
        own = rows[(rows["tier"] == tier) & (rows["order"] == "total")].set_index("factor")
        told = {
            factor_label(found, words, factor): words.percent(float(own.loc[factor, "estimate"]))
            for factor in factors
        }
        tell(axis, words, unit_label(tier, words), told)
        chance = rows.loc[rows["tier"] == tier, "in_mean"].dropna()
        title = unit_label(tier, words)
        if len(chance):
            title += "\n" + words("levers_chance", share=words.percent(float(chance.iloc[0])))
        axis.set_title(title, loc="left", color=COLOURS[tier], linespacing=1.35)
    figure.supxlabel(words("levers_sobol_axis"), fontsize="medium")
    bars = [Patch(color=colour) for colour in (PALE, BLUE, DIM)]
    marks = [*bars, Line2D([], [], ls="", marker="|", ms=8, color=RED, mew=1.4)]
    names = words.lines("levers_sobol_legend")
    figure.legend(marks, names, loc="outside upper right", ncols=4, frameon=False)
    return figure


def morris(found: Levers, words: Words) -> Figure:
    """The factors of largest elementary effects, a panel a tier; hollow within the noise."""
    style(words)
    scale, unit = measure(found, found.main, words)
    rows = found.of("morris", outcome=found.main)
    factors = by_size(rows, SHOWN, "mu_star")
    figure = Figure(figsize=(9.6, 0.2 * len(factors) + 1.0), layout="constrained")
    axes = figure.subplots(1, len(found.units), sharey=True, squeeze=False)[0]
    kinds: dict[str, str] = {}
    for axis, tier in zip(axes, found.units, strict=True):
        own = rows[rows["tier"] == tier].set_index("factor")
        for place, factor in enumerate(factors):
            row = own.loc[factor]
            colour = KIND_COLOURS[str(row["kind"])]
            kinds[str(row["kind"])] = colour
            ends = [scale * row["low"], scale * row["high"]]
            axis.plot(ends, [place, place], color=colour, lw=1.8, alpha=0.45)
            face = colour if row["above_noise"] else "white"
            axis.plot([scale * row["mu_star"]], [place], "o", ms=4, color=colour, mfc=face)
            axis.plot([scale * row["floor"]], [place], "|", ms=6, color=RED, mew=1.2)
        _listed(axis, [wrapped(factor_label(found, words, f), words, 40, 60) for f in factors])
        axis.set_title(unit_label(tier, words), loc="left", color=COLOURS[tier])
        told = {
            factor_label(found, words, str(factor)): tick(scale * size)
            for factor, size in own.loc[factors[:5], "mu_star"].items()
        }
        tell(axis, words, unit_label(tier, words), told)
    figure.supxlabel(words("levers_morris_axis", unit=unit), fontsize="medium")
    marks = [Line2D([], [], ls="", marker="o", ms=4, color=colour) for colour in kinds.values()]
    names = [words.name("levers_kinds", name) for name in kinds]
    figure.legend(marks, names, loc="outside upper right", ncols=len(names), frameon=False)
    return figure


def convergence(found: Levers, words: Words) -> Figure:
    """Kendall's tau between the first ten from a part of the draws and from all."""
    style(words)
    rows = found.of("convergence", outcome=found.main)
    methods = list(dict.fromkeys(rows["method"]))
    figure = Figure(figsize=(9.6, 2.35), layout="constrained")
    axes = figure.subplots(1, max(len(methods), 1), sharey=True, squeeze=False)[0]
    for axis, name in zip(axes, methods, strict=False):
        own = rows[rows["method"] == name]
        for (group, tier), line in own.groupby(["group", "tier"], sort=False):
            ordered = line.sort_values("size")
            axis.plot(
                ordered["size"], ordered["tau"], color=COLOURS[str(tier)],
                marker=MARKS[str(tier)], ms=3,
                lw=1.2, ls="--" if group == GROUPS[1] else "-",
            )  # fmt: skip
        last = own.loc[own.groupby(["group", "tier"], sort=False)["size"].idxmax()]
        told = {
            words.name("levers_group_names", str(row.group))
            + words.bracketed(unit_label(str(row.tier), words)): f"{row.tau:.2f}"
            for row in last.itertuples()
        }
        tell(axis, words, words.name("levers_methods", str(name)), told)
        axis.axhline(TOLD, color=GREY, lw=0.8, ls=":")
        axis.set_xscale("log", base=2)
        sizes = sorted(int(size) for size in set(own["size"]))[::-1]
        sizes = sizes[:: -(-len(sizes) // TICKS)]
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.set_title(wrapped(words.name("levers_methods", str(name)), words, 12, 18), loc="left")
        plain(axis)
        axis.set_ylim(1.05 * min([-0.05, *rows["tau"].dropna()]), 1.06)
    axes[0].set_ylabel(words("levers_tau"))
    figure.supxlabel(words("levers_convergence_axis"), fontsize="medium")
    marks = [
        Line2D([], [], color=COLOURS[tier], marker=MARKS[tier], ms=4, lw=1.5)
        for tier in found.units
    ]
    names = [unit_label(tier, words) for tier in found.units]
    if set(rows["group"]) >= set(GROUPS):
        marks.append(Line2D([], [], color="black", lw=1.2, ls="--"))
        names.append(words("levers_other"))
    figure.legend(marks, names, loc="outside upper right", ncols=len(names), frameon=False)
    return figure


def _colours() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("effect", [RED, palette.ABSENT, BLUE])


def _short(outcome: str, words: Words) -> str:
    return wrapped(words.names("lever_outcomes").get(outcome, words.label(outcome)), words, 7, 12)


def _group(found: Levers, lever: str) -> str:
    return str(found.facts["levers"][lever]["group"])


def _name(found: Levers, words: Words, lever: str) -> str:
    """A lever's name; one outside the document is marked."""
    name = label(found, words, lever)
    return name if _group(found, lever) == DOCUMENT else name + " ▲"
