"""Figures of what the document changes: effects, the way to 2027, the long run, money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jiqun.calibration import palette
from jiqun.calibration.palette import BLUE, DIM, GREEN, GREY, HATCHES, INK, OCHRE, PALE, PURPLE, RED
from jiqun.notebooks import effects
from jiqun.notebooks.figures import (
    medians,
    overlay,
    plain,
    style,
    tick,
    wrapped,
)
from jiqun.notebooks.money import GROUPS
from jiqun.notebooks.panels import tell
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, PROVINCE, REFERENCE
from jiqun.notebooks.worlds import LONG, MEASURED, POLICY_YEARS, UNITS, measure_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from jiqun.notebooks.actuals import Actual
    from jiqun.notebooks.effects import Way
    from jiqun.notebooks.money import Money
    from jiqun.notebooks.trust.evidence import Evidence
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

COLOURS = {**palette.TIERS, PROVINCE[1]: INK}
MARKS = {**palette.MARKS, PROVINCE[1]: "o"}
STEP_COLOURS = {"market": GREY, "older": OCHRE, "document": BLUE, "interaction": PURPLE}
STEP_HATCHES = dict(zip(STEP_COLOURS, HATCHES, strict=False))
SORT_COLOURS = {
    "award": RED,
    "steered": BLUE,
    "pooled": PALE,
    "beside": PURPLE,
    "older": OCHRE,
    "later": GREEN,
    "tax": DIM,
}
SORT_HATCHES = dict(zip(SORT_COLOURS, HATCHES, strict=True))
FOREST_COLUMNS = 3


def forest(worlds: Worlds, words: Words) -> Figure:
    """Effects in 2027: a panel an outcome, a line a tier with its interval."""
    style(words)
    rows = -(-len(MEASURED) // FOREST_COLUMNS)
    figure = Figure(figsize=(9.6, 1.75 * rows), layout="constrained")
    axes = figure.subplots(rows, FOREST_COLUMNS, squeeze=False)
    places = list(range(len(UNITS)))[::-1]
    for axis, name in zip(axes.ravel(), MEASURED, strict=False):
        told = {}
        for place, unit in zip(places, UNITS, strict=True):
            effect = worlds.effect(name, unit)
            if effect is None:
                continue
            told[words.name("tier_names", unit[1])] = words.bare.effect(effect, bold=False)
            found, colour = effect.estimate, COLOURS[unit[1]]
            for low, high, width in (
                (found.p05, found.p95, 0.9),
                (found.low, found.high, 3.0),
            ):
                if low is not None and high is not None:
                    ends = [100 * low, 100 * high]
                    axis.plot(ends, [place, place], color=colour, lw=width, alpha=0.45)
            face = colour if effect.sign else "white"
            axis.plot([100 * found.mean], [place], "o", ms=4.5, color=colour, mfc=face)
        axis.axvline(0.0, color=GREY, lw=0.8)
        unit_name = "%" if measure_of(name) == "percent" else words("points")
        tell(axis, words, words.label(name), told)
        heading = wrapped(words.label(name), words, 18, 40) + words.bracketed(unit_name)
        axis.set_title(heading, loc="left")
        axis.set_ylim(-0.6, len(UNITS) - 0.4)
        axis.set_yticks(places, [words.name("tier_names", unit[1]) for unit in UNITS])
        axis.tick_params(axis="y", length=0, labelcolor="black")
        axis.grid(visible=False)
        axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
        axis.xaxis.set_major_formatter(FuncFormatter(tick))
    for row in axes:
        for axis in row[1:]:
            axis.tick_params(labelleft=False)
    for axis in axes.ravel()[len(MEASURED) :]:
        axis.set_visible(False)
    return figure


def waterfall(worlds: Worlds, words: Words, outcome: str) -> Figure:
    """The way from 2023 to 2027 by tier; below, policy alone on a scale of its own.

    Args:
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
        outcome: Id of the outcome.
    """
    style(words)
    figure = Figure(figsize=(9.6, 4.1), layout="constrained")
    above, below = figure.subplots(2, len(UNITS), height_ratios=[1.25, 1.0])
    factor = words.scaled(1.0, outcome)
    for column, unit in enumerate(UNITS):
        found = effects.way(worlds, outcome, unit)
        above[column].set_title(words.name("tier_names", unit[1]), color=COLOURS[unit[1]])
        if found is None:
            above[column].set_visible(False)
            below[column].set_visible(False)
            continue
        _stairs(above[column], found, factor)
        _policy(below[column], found, factor)
        tier = words.name("tier_names", unit[1])
        ends = {str(ORIGIN): found.start, str(HORIZON): found.end}
        tell(above[column], words, tier, _numbers(ends, words, outcome))
        parts = {words.name("steps", step): found.steps[step].mean for step in effects.STEPS[1:]}
        told = _numbers(parts, words, outcome)
        tell(below[column], words, tier + words.bracketed(words("policy_alone")), told)
    above[0].set_ylabel(wrapped(words.headed(outcome), words, 14, 24))
    below[0].set_ylabel(wrapped(words("policy_alone"), words, 14, 24))
    handles = [
        Patch(
            facecolor=colour,
            hatch=STEP_HATCHES[step],
            edgecolor="white",
            lw=0.0,
            label=words.name("steps", step),
        )
        for step, colour in STEP_COLOURS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _numbers(values: Mapping[str, float], words: Words, outcome: str) -> dict[str, str]:
    """Values that stand together, written."""
    return dict(zip(values, words.numbers(list(values.values()), outcome), strict=True))


def _stairs(axis: Axes, found: Way, factor: float) -> None:
    level = found.start
    top = max(found.start, found.end)
    axis.bar(0, found.start * factor, color=INK, width=0.75)
    for place, step in enumerate(effects.STEPS, 1):
        size = found.steps[step].mean
        axis.bar(
            place, size * factor, bottom=level * factor, color=STEP_COLOURS[step], width=0.75,
            hatch=STEP_HATCHES[step], edgecolor="white", lw=0.0,
        )  # fmt: skip
        axis.plot([place - 1.4, place + 0.4], [level * factor] * 2, color=GREY, lw=0.6)
        level += size
        top = max(top, level)
    axis.bar(5, found.end * factor, color=INK, width=0.75)
    axis.set_ylim(0.0, 1.06 * top * factor)
    axis.set_xticks([0, 5], [str(ORIGIN), str(HORIZON)])
    axis.tick_params(axis="x", length=0)
    plain(axis)


def _policy(axis: Axes, found: Way, factor: float) -> None:
    for place, step in enumerate(effects.STEPS[1:]):
        size = found.steps[step]
        axis.bar(
            place, size.mean * factor, color=STEP_COLOURS[step], width=0.6,
            hatch=STEP_HATCHES[step], edgecolor="white", lw=0.0,
        )  # fmt: skip
        if size.low is not None and size.high is not None:
            axis.plot(
                [place, place], [size.low * factor, size.high * factor], color="black", lw=0.9
            )
    axis.axhline(0.0, color=GREY, lw=0.7)
    axis.set_xlim(-0.6, 2.6)
    axis.set_xticks([])
    low, high = axis.get_ylim()
    if high - low < 1e-9:
        axis.set_ylim(-1.0, 1.0)
    plain(axis)


def long_run(worlds: Worlds, words: Words, outcome: str = "value_added") -> Figure:
    """Effect year by year to the long run, by tier, with its interval.

    Args:
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
        outcome: Id of the outcome.
    """
    style(words)
    last = min(worlds.last_year(AS_ISSUED, REFERENCE), LONG)
    figure = Figure(figsize=(9.6, 1.9), layout="constrained")
    axes = figure.subplots(1, len(UNITS))
    for axis, unit in zip(axes, UNITS, strict=True):
        colour = COLOURS[unit[1]]
        found = {
            year: effect.estimate
            for year in range(ORIGIN, last + 1)
            if (effect := worlds.effect(outcome, unit, year)) is not None
        }
        years = list(found)
        for low, high in (("p05", "p95"), ("low", "high")):
            ends = [[_percent(getattr(found[y], end)) for y in years] for end in (low, high)]
            axis.fill_between(years, *ends, color=colour, alpha=0.2, lw=0)
        axis.plot(
            years, [100 * found[y].mean for y in years],
            color=colour, lw=1.5, marker=MARKS[unit[1]], ms=3,
        )  # fmt: skip
        shown = (y for y in (HORIZON, last) if y in found)
        told = {
            str(y): words.bare.effect(worlds.effect(outcome, unit, y), bold=False) for y in shown
        }
        tell(axis, words, words.name("tier_names", unit[1]), told)
        axis.axhline(0.0, color=GREY, lw=0.7)
        axis.axvline(HORIZON, color=GREY, lw=0.7, ls=":")
        axis.set_title(words.name("tier_names", unit[1]), color=colour)
        axis.set_xlim(ORIGIN - 0.3, last + 0.3)
        axis.set_xticks([ORIGIN, HORIZON, last] if last > HORIZON else [ORIGIN, HORIZON])
        plain(axis)
    axes[0].set_ylabel(f"{wrapped(words.label(outcome), words, 12, 20)}\n%")
    return figure


def _percent(share: float | None) -> float:
    return float("nan") if share is None else 100.0 * share


def by_year(money: Money, words: Words) -> Figure:
    """Money by year and kind, without and with the document; tax forgone apart."""
    style(words)
    figure = Figure(figsize=(9.6, 2.7), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=[1, 1, 1])
    spent = [sort for sort in GROUPS if sort != "tax"]
    shown = [
        sort
        for sort in GROUPS
        if max(money.total(s, {"sort": sort}).high for s in (AS_ISSUED, REFERENCE)) > 0.0
    ]
    top = 0.0
    for axis, scenario in zip(axes[:2], (REFERENCE, AS_ISSUED), strict=True):
        totals = _stack(axis, money, words, scenario, [s for s in spent if s in shown])
        top = max(top, *totals)
        _headed(axis, words, words.name("scenario_names", scenario), totals)
    for axis in axes[:2]:
        axis.set_ylim(0.0, top * 1.08 if top else 1.0)
    totals = _stack(axes[2], money, words, AS_ISSUED, ["tax"])
    _headed(axes[2], words, words("tax_panel"), totals)
    axes[0].set_ylabel(words.money_unit)
    handles = [
        Patch(
            facecolor=SORT_COLOURS[s],
            hatch=SORT_HATCHES[s],
            edgecolor="white",
            lw=0.0,
            label=words.name("money_sorts", s),
        )
        for s in shown
    ]
    columns = 3 if words.lang == "en" else 7
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
    return figure


def _headed(axis: Axes, words: Words, title: str, totals: Sequence[float]) -> None:
    axis.set_title(title, loc="left")
    written = [tick(total) for total in totals]
    tell(axis, words, title, dict(zip(map(str, POLICY_YEARS), written, strict=True)))


def _stack(
    axis: Axes, money: Money, words: Words, scenario: str, sorts: list[str]
) -> Sequence[float]:
    """Draw a stack a year; the height of each."""
    bottom = [0.0] * len(POLICY_YEARS)
    for sort in sorts:
        sizes = [
            words.scaled(money.total(scenario, {"sort": sort}, (year,)).mean, "value_added")
            for year in POLICY_YEARS
        ]
        axis.bar(
            POLICY_YEARS, sizes, bottom=bottom, color=SORT_COLOURS[sort], width=0.7,
            hatch=SORT_HATCHES[sort], edgecolor="white", lw=0.0,
        )  # fmt: skip
        bottom = [before + more for before, more in zip(bottom, sizes, strict=True)]
    axis.set_xticks(POLICY_YEARS)
    plain(axis)
    return bottom


def province(
    evidence: Evidence,
    worlds: Worlds,
    words: Words,
    outcomes: Sequence[str],
    actuals: Sequence[Actual] = (),
) -> Figure:
    """Paths of the province with and without the document; later figures as dots.

    Args:
        evidence: Results of the scenario that the page is about.
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
        outcomes: Ids of the outcomes.
        actuals: Values published later, in the stored units of their outcomes.
    """
    style(words)
    figure = Figure(figsize=(9.6, 2.1), layout="constrained")
    axes = figure.subplots(1, len(outcomes))
    for axis, name in zip(axes, outcomes, strict=True):
        factor = words.scaled(1.0, name)
        path = evidence.path(name, PROVINCE) * factor
        axis.fill_between(path.index, path["low"], path["high"], color=BLUE, alpha=0.18, lw=0)
        axis.plot(path.index, path["median"], color=BLUE, lw=1.5)
        if not worlds.missing(REFERENCE, AS_ISSUED):
            years = (ORIGIN, *POLICY_YEARS)
            bands = [worlds.band(REFERENCE, name, PROVINCE, year) for year in years]
            axis.plot(
                years,
                [b.median * factor if b else float("nan") for b in bands],
                color=RED,
                lw=1.2,
                ls="--",
            )
        overlay(axis, actuals, name, PROVINCE, factor)
        tell(axis, words, words.headed(name), medians(path / factor, words, name))
        axis.set_title(
            wrapped(words.label(name), words, 12, 22) + f"\n{words.unit(name)}", loc="left"
        )
        axis.set_xlim(2018.5, HORIZON + 0.5)
        axis.set_xticks([2019, ORIGIN, HORIZON])
        axis.set_ylim(bottom=0)
        plain(axis)
    return figure
