"""The report's figures.

All text is drawn in the font carried in `fonts/`, so that Chinese shows on any machine.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jiqun.calibration import palette
from jiqun.calibration.palette import BLUE, DIM, GREY, GRID, HATCHES, INK, OCHRE, RED
from jiqun.model.dimensions import TIERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks.panels import tell
from jiqun.notebooks.trust.evidence import HORIZON, ORIGIN, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from jiqun.notebooks.actuals import Actual
    from jiqun.notebooks.trust.evidence import Compared, Evidence, Unit
    from jiqun.notebooks.words import Words

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-subset.ttf"
FIT_COLUMNS = 4
OUTLIER, KEPT = 5.0, 3.0
"""Times the third largest value: where the largest is beyond the first, a scale ends at the second,
and what lies further is written out."""
YEARS = (2019, ORIGIN, HORIZON)
"""Years that axes of time name, and that descriptions of them tell of."""
SOURCE_COLOURS = dict(zip(SOURCES, (DIM, BLUE, OCHRE), strict=True))


@cache
def font() -> str:
    """Make the carried font known to matplotlib; its name."""
    font_manager.fontManager.addfont(str(FONT))
    return font_manager.FontProperties(fname=str(FONT)).get_name()


def style(words: Words) -> None:
    """Set what all figures share."""
    mpl.rcParams.update(
        {
            # The carried font covers Latin letters too, but spaces them for Chinese text.
            "font.family": [font()] if words.lang == "zh" else ["DejaVu Sans", font()],
            "font.size": 8 if words.lang == "zh" else 7.5,
            "axes.titlesize": 8.5 if words.lang == "zh" else 7.5,
            "axes.unicode_minus": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.linewidth": 0.6,
            "xtick.color": GREY,
            "ytick.color": GREY,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.grid.axis": "y",
            "grid.color": GRID,
            "grid.linewidth": 0.6,
            "hatch.linewidth": 0.6,
        }
    )


def against_published(evidence: Evidence, words: Words) -> Figure:
    """Small multiples: every series of the calibration targets beside the runs."""
    style(words)
    series = by_series(evidence.compared)
    rows = -(-len(series) // FIT_COLUMNS)
    figure = Figure(figsize=(9.6, 1.72 * rows), layout="constrained")
    axes = figure.subplots(rows, FIT_COLUMNS, squeeze=False).ravel()
    for axis, points in zip(axes, series, strict=False):
        _series(axis, evidence, words, points)
    for axis in axes[len(series) :]:
        axis.set_visible(False)
    return figure


def by_series(compared: Sequence[Compared]) -> list[list[Compared]]:
    """Published figures by outcome and unit, without those that no simulated year meets."""
    found: dict[tuple[str, str], list[Compared]] = {}
    for point in compared:
        if point.central is not None:
            found.setdefault((point.target.outcome, point.target.unit_name), []).append(point)
    return list(found.values())


def _series(axis: Axes, evidence: Evidence, words: Words, points: list[Compared]) -> None:
    target = points[0].target
    outcome = OUTCOMES[target.outcome]
    factor = words.scaled(1.0, outcome)
    path = evidence.path(outcome.id, (target.level, target.unit_name))
    path = path[path.index <= ORIGIN] * factor
    central = evidence.central[outcome.id, target.level, target.unit_name]
    axis.fill_between(path.index, path["low"], path["high"], color=BLUE, alpha=0.18, lw=0)
    axis.plot(path.index, central[central.index <= ORIGIN] * factor, color=BLUE, lw=1.4)
    for point in points:
        hollow = point.verdict == "shown"
        axis.errorbar(
            point.target.year,
            point.published * factor,
            yerr=point.error * factor or None,
            fmt="o",
            ms=4,
            color=RED,
            mfc="white" if hollow else RED,
            lw=0.9,
            zorder=3,
        )
    unit = words.unit(outcome)
    name = words.label(outcome)
    if target.level == "field":
        gap = "：" if words.lang == "zh" else ": "
        name = words.name("fields", target.unit_name) + gap + name
    axis.set_title(wrapped(name, words) + f"\n{unit}", loc="left", linespacing=1.35)
    last = points[-1]
    known = str(last.target.year) + words.bracketed(words("published_value"))
    told = {known: words.number(last.published, outcome)}
    if last.target.year in central.index:
        value = float(central.loc[last.target.year])
        told[words("simulated_value")] = words.number(value, outcome)
    tell(axis, words, name, told)
    axis.set_xlim(2018.6, ORIGIN + 0.4)
    axis.set_xticks([2019, 2021, 2023])
    # Growth and change may be negative; everything else is read from zero.
    if "growth" not in outcome.id and "change" not in outcome.id:
        axis.set_ylim(bottom=0)
    plain(axis)


def tiers(
    evidence: Evidence, words: Words, outcomes: Sequence[str], actuals: Sequence[Actual] = ()
) -> Figure:
    """Paths to the horizon: a row an outcome, a column a tier; later figures as dots.

    Args:
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
        outcomes: Ids of the outcomes.
        actuals: Values published later, in the stored units of their outcomes.
    """
    style(words)
    shares = {
        name: OUTCOMES[name].unit not in ("yuan", "enterprises", "persons") for name in outcomes
    }
    figure = Figure(figsize=(9.6, 1.45 * len(outcomes) + 0.35), layout="constrained")
    grid = figure.subplots(len(outcomes), len(TIERS), sharex=True, squeeze=False)
    for axis, tier in zip(grid[0], TIERS, strict=True):
        axis.set_title(words.name("tier_names", tier), color=palette.TIERS[tier])
    for row, name in zip(grid, outcomes, strict=True):
        factor = words.scaled(1.0, name)
        top = 0.0
        for axis, tier in zip(row, TIERS, strict=True):
            path = evidence.path(name, ("tier", tier)) * factor
            _path(axis, path, palette.TIERS[tier])
            title = words.name("tier_names", tier) + words.bracketed(words.headed(name))
            tell(axis, words, title, medians(path / factor, words, name))
            dots = overlay(axis, actuals, name, ("tier", tier), factor)
            top = max(top, dots, float(path["high"].max()) if len(path) else 0.0)
        for axis in row:
            # Ratios compare across tiers; totals differ by an order of magnitude.
            axis.set_ylim(0, top * 1.06 if shares[name] and top else None)
            plain(axis)
        row[0].set_ylabel(
            f"{wrapped(words.label(name), words, 12, 20)}\n{words.unit(name)}",
            fontsize=7.5,
            linespacing=1.4,
        )
    return figure


def overlay(
    axis: Axes, actuals: Sequence[Actual], outcome: str, unit: Unit, factor: float
) -> float:
    """Set later published values on a path; the largest of them as shown, or 0.

    Args:
        axis: Axes that the path is drawn on.
        actuals: Values published later, in the stored units of their outcomes.
        outcome: Id of the outcome.
        unit: Level and name of what the outcome is of.
        factor: What a stored value is multiplied by to be shown.
    """
    found = [a for a in actuals if a.outcome == outcome and a.unit == unit]
    values = [item.value * factor for item in found]
    axis.plot([item.year for item in found], values, "D", ms=4, color=RED, zorder=4)
    return max(values, default=0.0)


def later(evidence: Evidence, words: Words, actuals: Sequence[Actual]) -> Figure:
    """Every series of a file of later figures on its projected path.

    Args:
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
        actuals: Values published later, in the stored units of their outcomes.
    """
    style(words)
    series = list(dict.fromkeys((item.outcome, item.unit) for item in actuals))
    rows = -(-len(series) // FIT_COLUMNS)
    figure = Figure(figsize=(9.6, 1.9 * rows), layout="constrained")
    axes = figure.subplots(rows, FIT_COLUMNS, squeeze=False).ravel()
    for axis, (name, unit) in zip(axes, series, strict=False):
        factor, key = words.scaled(1.0, name), (name, unit[1])
        _path(axis, evidence.path(name, unit) * factor, BLUE)
        known = [p for p in evidence.compared if (p.target.outcome, p.target.unit_name) == key]
        axis.plot(
            [p.target.year for p in known],
            [p.published * factor for p in known],
            "o",
            ms=3.5,
            color=RED,
        )
        overlay(axis, actuals, name, unit, factor)
        gap = "：" if words.lang == "zh" else ": "
        title = words.unit_name(unit) + gap + words.label(name)
        tell(axis, words, title, medians(evidence.path(name, unit), words, name))
        axis.set_title(wrapped(title, words) + f"\n{words.unit(name)}", loc="left")
        plain(axis)
    for axis in axes[len(series) :]:
        axis.set_visible(False)
    return figure


def medians(path: pd.DataFrame, words: Words, outcome: str) -> dict[str, str]:
    """Medians of some years, written.

    Args:
        path: Median by year, in the stored unit of the outcome.
        words: Texts and number formats of the page's language.
        outcome: Id of the outcome.
    """
    years = [year for year in YEARS if year in path.index]
    values = path.loc[years, "median"].tolist()
    return dict(zip(map(str, years), words.numbers(values, outcome), strict=True)) if years else {}


def _path(axis: Axes, path: pd.DataFrame, colour: str) -> None:
    axis.fill_between(path.index, path["low"], path["high"], color=colour, alpha=0.2, lw=0)
    axis.plot(path.index, path["median"], color=colour, lw=1.5)
    axis.axvline(ORIGIN + 0.5, color=GREY, lw=0.7, ls=":")
    axis.set_xlim(2018.5, HORIZON + 0.5)
    axis.set_xticks(YEARS, list(map(str, YEARS)))


def sources(evidence: Evidence, words: Words, outcomes: Sequence[str]) -> Figure:
    """Stacked bars: share of each source in the spread of outcomes of the province.

    Args:
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
        outcomes: Ids of the outcomes.
    """
    style(words)
    figure = Figure(figsize=(9.6, 0.28 * len(outcomes) + 0.9), layout="constrained")
    axis = figure.subplots()
    found = [evidence.shares(name) for name in outcomes]
    places = list(range(len(outcomes)))[::-1]
    left = [0.0] * len(outcomes)
    for source, hatch in zip(SOURCES, HATCHES, strict=False):
        width = [100 * shares.get(source, 0.0) for shares in found]
        axis.barh(
            places,
            width,
            left=left,
            height=0.66,
            color=SOURCE_COLOURS[source],
            hatch=hatch,
            edgecolor="white",
            lw=0.0,
            label=words.name("sources_names", source),
        )
        left = [before + more for before, more in zip(left, width, strict=True)]
    axis.set_yticks(places, [words.label(name) for name in outcomes])
    axis.tick_params(axis="y", length=0, labelcolor="black")
    axis.set_xlim(0, 100)
    axis.set_xlabel(words("sources_axis"))
    told = {
        words.label(name): words.listing(
            words.name("sources_names", source) + " " + words.percent(shares.get(source, 0.0))
            for source in SOURCES
        )
        for name, shares in zip(outcomes, found, strict=True)
    }
    tell(axis, words, "", told)
    axis.grid(visible=False)
    figure.legend(loc="outside upper right", ncols=len(SOURCES), frameon=False)
    return figure


def room(sizes: Iterable[float]) -> float:
    """How far a scale reaches that outliers do not rule.

    Args:
        sizes: Values that a scale is for.
    """
    largest = sorted((abs(size) for size in sizes if math.isfinite(size)), reverse=True)
    if not largest or largest[0] == 0.0:
        return 1.0
    third = largest[min(2, len(largest) - 1)]
    return largest[0] if largest[0] <= OUTLIER * third else KEPT * third


def beyond(axis: Axes, place: float, told: str, edge: float, colour: str = INK) -> None:
    """An arrowhead at the edge of a scale, and what lies beyond it.

    Args:
        axis: Panel of rows.
        place: Row of the value.
        told: The value, written.
        edge: End of the scale on the side of the value.
        colour: Colour of the arrowhead.
    """
    axis.plot([edge], [place], ">" if edge > 0.0 else "<", ms=6, color=colour, clip_on=False)
    axis.text(
        0.96 * edge, place, told, ha="right" if edge > 0.0 else "left", va="center", color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip


def plain(axis: Axes) -> None:
    """Few ticks, with thousands separators and a proper minus sign."""
    axis.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axis.yaxis.set_major_formatter(FuncFormatter(tick))


def tick(value: float, _: object = None) -> str:
    """Axis labels with thousands separators and a proper minus sign."""
    text = f"{abs(value):,.0f}" if abs(value) >= 10 else f"{abs(value):.3g}"
    return ("−" if value < 0 else "") + text


def wrapped(text: str, words: Words, wide: int = 15, narrow: int = 30) -> str:
    """Break a long label in two lines, between words where the language has them.

    Args:
        text: Label of an axis or a bar.
        words: Texts and number formats of the page's language.
        wide: Most characters of a label in Chinese that stays on one line.
        narrow: Most characters of a label in English that stays on one line.
    """
    limit = wide if words.lang == "zh" else narrow
    if len(text) <= limit:
        return text
    if words.lang == "zh":
        middle = (len(text) + 1) // 2
        return text[:middle] + "\n" + text[middle:]
    breaks = [i for i, letter in enumerate(text) if letter == " "]
    if not breaks:
        return text
    middle = min(breaks, key=lambda i: abs(i - len(text) / 2))
    return text[:middle] + "\n" + text[middle + 1 :]
