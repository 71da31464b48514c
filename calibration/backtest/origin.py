"""Forecasts set right at their origin: what was missed of the last figure is carried and fades.

Misses are logs of published over simulated for levels, and published less simulated for growth.
They follow one process with two roots: r is what a year leaves of a miss of the level, g what it
leaves of a miss of growth. So a miss counts once, whatever part of it was of this year's growth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from jiqun.calibration.backtest.points import FIRST, noise_of, rival
from jiqun.calibration.backtest.scores import Point
from jiqun.model.elementary import exp, log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.calibration.backtest.data import Published, Series
    from jiqun.calibration.backtest.points import Forecast
    from jiqun.model.dimensions import Array

Method = Literal[
    "as_simulated", "level", "level_and_growth", "half_rival", "state", "state_and_carried"
]  # fmt: skip
Missed = tuple[int, "Array"]
"""Year of a known figure and what each member missed of it."""
POINT = 0.01
"""Log change of one point of growth."""


@dataclass(frozen=True)
class Fade:
    """What a year leaves of a miss.

    Attributes:
        level: Of the miss of the last figure.
        growth: Of what was missed of growth before it; 0 if that is not carried.
    """

    level: float
    growth: float = 0.0

    def level_left(self, years: int) -> float:
        """Part of a miss of the last figure that is left after some years."""
        return self.level**years

    def growth_left(self, years: int) -> float:
        """What a miss of growth by one a year adds to the figure some years later."""
        return sum(self.level ** (years - k) * self.growth**k for k in range(1, years + 1))

    def spread(self, years: int) -> float:
        """Spread after some years if an error of size one enters in each and is carried on."""
        carried = [
            sum(self.level ** (j - k) * self.growth**k for k in range(j + 1)) for j in range(years)
        ]
        return float(np.sqrt(np.sum(np.square(carried))))


def fades(half_life: Mapping[str, float], kind: str, method: Method) -> Fade | None:
    """How misses of a kind of series fade under a method; None if nothing is carried.

    Args:
        half_life: Years in which half of a miss is left, of ``level`` and ``growth``.
        kind: ``level`` or ``growth``.
        method: The method.
    """
    if method == "as_simulated":
        return None
    level, growth = (0.5 ** (1.0 / half_life[name]) for name in ("level", "growth"))
    if kind == "growth":
        return Fade(growth)
    return Fade(level) if method == "level" else Fade(level, growth)


def misses(series: Series, made: Forecast) -> list[Missed]:
    """What each member missed of the figures known, oldest first."""
    found = []
    for figure in series.known(made.origin):
        simulated = made.simulated.get((series.indicator, figure.year))
        if figure.year < FIRST or simulated is None or not np.isfinite(simulated).all():
            continue
        if series.kind == "growth":
            found.append((figure.year, figure.value - simulated))
        elif np.all(simulated > 0.0):
            found.append((figure.year, np.asarray(log(figure.value / simulated))))
    return found


def growth_missed(missed: Sequence[Missed], fade: Fade) -> list[Array]:
    """Misses of growth a year between figures that follow each other, beyond the level's fading."""
    return [
        (after - fade.level_left(last - first) * before)
        / sum(fade.level**j for j in range(last - first))
        for (first, before), (last, after) in pairwise(missed)
    ]


def carried(missed: Sequence[Missed], years: int, fade: Fade) -> Array:
    """What is added to each member some years after the last figure.

    Args:
        missed: Misses of the figures known, at least one.
        years: Years since the last of them.
        fade: How they fade.
    """
    added = fade.level_left(years) * missed[-1][1]
    growth = growth_missed(missed, fade)
    if growth and fade.growth:
        added = added + fade.growth_left(years) * np.mean(growth, axis=0)
    return np.asarray(added)


def sizes(
    listed: Sequence[Series], made: Forecast, fade_of: Mapping[str, Fade], pooled: float
) -> dict[str, float]:
    """Size of the error that enters each series in a year, as seen up to the origin.

    Series of a kind lend each other `pooled` years of it. Where no level has two figures to tell
    growth from, levels take the size of growth rates, a point for a hundredth.

    Args:
        listed: Series that are scored.
        made: What was simulated.
        fade_of: How misses fade, by kind.
        pooled: Years of the mean square of all series of the kind.
    """
    squares = {one.indicator: _squares(one, made, fade_of[one.kind]) for one in listed}
    usual = {}
    for kind in ("level", "growth"):
        all_ = [x for one in listed if one.kind == kind for x in squares[one.indicator]]
        usual[kind] = float(np.mean(all_)) if all_ else None
    if usual["level"] is None and usual["growth"] is not None:
        usual["level"] = POINT**2 * usual["growth"]
    return {
        one.indicator: float(
            np.sqrt(
                (sum(squares[one.indicator]) + pooled * (usual[one.kind] or 0.0))
                / (len(squares[one.indicator]) + pooled)
            )
        )
        for one in listed
    }


def _squares(series: Series, made: Forecast, fade: Fade) -> list[float]:
    """Squared errors of the median, each taken for one that entered in a year.

    A process with root g has 1/(1 - g²) times the variance of what enters it.
    """
    medians = replace(
        made,
        simulated={
            key: np.array([np.median(values)])
            for key, values in made.simulated.items()
            if key[0] == series.indicator
        },
    )
    missed = misses(series, medians)
    if series.kind == "growth":
        root, errors = fade.level, [miss for _, miss in missed]
    else:
        root, errors = fade.growth, growth_missed(missed, fade)
    return [(1.0 - root**2) * float(error[0]) ** 2 for error in errors]


def corrected(
    series: Series, made: Forecast, actual: Published, fade: Fade | None, size: float, *,
    apart: str = "", to_rival: float = 0.0,
) -> Point | None:  # fmt: skip
    """The forecast of one figure, set right at the last figure known; None without values.

    Args:
        series: The series, with a figure known at the origin.
        made: What was simulated.
        actual: The published figure.
        fade: How misses fade; None leaves the simulated figures as they are.
        size: Size of the error that enters in a year.
        apart: Why it is set apart, if it is.
        to_rival: Part of the way to the rival's forecast that is gone.
    """
    raw = made.simulated.get((series.indicator, actual.year))
    growth = series.kind == "growth"
    if raw is None or not np.isfinite(raw).all() or not (growth or np.all(raw > 0.0)):
        return None
    past, missed = series.known(made.origin), misses(series, made)
    values = raw if growth else np.asarray(log(raw))
    error = float(np.mean([figure.error for figure in past]))
    noise = noise_of(made.origin, actual, len(raw))
    off, jump_off = error * noise[0], None
    if fade is not None and missed:
        last = missed[-1][0]
        years = actual.year - last
        values = values + carried(missed, years, fade)
        # The figure that forecasts are set right by has an error of its own.
        off = off + fade.level_left(years) * error * noise[1] + size * fade.spread(years) * noise[2]
        jump_off = (next(figure.value for figure in past if figure.year == last), last)
    naive = rival(series, made.origin, actual.year)
    if to_rival and naive is not None:
        other = naive if growth else float(log(naive))
        values = values + to_rival * (other - float(np.median(values)))
    members = values + off
    if not growth:
        values, members = np.asarray(exp(values)), np.asarray(exp(members))
    return Point(
        series.indicator, series.kind, made.origin, actual.year, actual.value, series.unit,
        series.scopes[0], members, float(np.median(values)), naive, jump_off, apart,
    )  # fmt: skip
