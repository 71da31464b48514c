"""From simulated figures to the forecast of a published one, and the naive rival's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.backtest.scores import Point
from jiqun.model.elementary import exp, log, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.calibration.backtest.data import Published, Series
    from jiqun.model.dimensions import Array

FIRST = 2019
"""First simulated year."""

Simulated = dict[tuple[str, int], "Array"]
"""Indicator and year to the simulated figure of each member, in the unit of the series."""


@dataclass(frozen=True)
class Forecast:
    """What was simulated from one origin.

    Attributes:
        origin: Last year that was known.
        training: ``prior`` or ``posterior``.
        simulated: Figures by series and year.
        note: What to know of the parameters.
    """

    origin: int
    training: str
    simulated: Simulated
    note: str = ""


@dataclass(frozen=True)
class PastError:
    """What the years up to an origin say of the error of a series' growth.

    Attributes:
        shift: Part of the mean error that goes on: log a year for levels, points for growth.
        spread: Size of the error of one year.
    """

    shift: float
    spread: float


NO_ERROR = PastError(0.0, 0.0)


def rival(series: Series, origin: int, year: int) -> float | None:
    """Forecast of the naive rival: drift of known levels, or the last known growth.

    Args:
        series: The published series.
        origin: Last year that is known.
        year: Year of the forecast.
    """
    past = series.known(origin)
    if not past:
        return None
    last = past[-1]
    if series.kind == "growth" or len(past) == 1:
        return last.value
    drift = log(last.value / past[0].value) / (last.year - past[0].year)
    return float(last.value * exp(drift * (year - last.year)))


def growth_errors(series: Series, made: Forecast) -> list[float]:
    """Published less simulated growth of the years up to the origin.

    Levels give one error for each pair of figures that follow each other, in logs a year; series of
    growth one for each year, in points.
    """
    past = [figure for figure in series.known(made.origin) if figure.year >= FIRST]
    median = {f.year: float(np.median(made.simulated[f.indicator, f.year])) for f in past}
    past = [figure for figure in past if np.isfinite(median[figure.year])]
    if series.kind == "growth":
        return [figure.value - median[figure.year] for figure in past]
    return [
        float(log(b.value / a.value) - log(median[b.year] / median[a.year])) / (b.year - a.year)
        for a, b in pairwise(past)
        if median[a.year] > 0.0 and median[b.year] > 0.0
    ]


def past_errors(
    series: Iterable[Series], made: Forecast, carry: float, pooled: float
) -> Mapping[str, PastError]:
    """Past error of each series; those of a kind lend each other `pooled` years of it.

    Args:
        series: Series that are scored.
        made: What was simulated.
        carry: Part of the mean error that goes on.
        pooled: Years of the mean error of all series of the kind.
    """
    listed = list(series)
    found = {one.indicator: growth_errors(one, made) for one in listed}
    together: dict[str, list[float]] = {"level": [], "growth": []}
    for one in listed:
        together[one.kind] += found[one.indicator]
    usual = {kind: float(np.mean(np.square(all_))) for kind, all_ in together.items() if all_}
    result = {}
    for one in listed:
        errors, common = found[one.indicator], usual.get(one.kind, 0.0)
        squares = float(np.sum(np.square(errors))) + pooled * common
        mean = sum(errors) / len(errors) if errors else 0.0
        result[one.indicator] = PastError(
            carry * mean, float(np.sqrt(squares / (len(errors) + pooled)))
        )
    return result


def point(
    series: Series, made: Forecast, actual: Published, apart: str = "",
    past_error: PastError = NO_ERROR,
) -> Point | None:  # fmt: skip
    """The forecast of one figure; None where a member has no value.

    A level is simulated growth on the last published value; without one it is the simulated level.

    Args:
        series: The series.
        made: What was simulated.
        actual: The published figure.
        apart: Why it is set apart, if it is.
        past_error: What past errors of its growth move and widen it by.
    """
    raw = made.simulated.get((series.indicator, actual.year))
    past = series.known(made.origin)
    if raw is None or np.isnan(raw).any():
        return None
    error = float(np.mean([figure.error for figure in past])) if past else 0.0
    noise = noise_of(made.origin, actual, len(raw))
    jump_off = None
    if series.kind == "growth":
        raw = raw + past_error.shift
        members = raw + error * noise[0] + past_error.spread * noise[2]
    else:
        start = made.simulated.get((series.indicator, past[-1].year)) if past else None
        years = 0
        if past and start is not None and np.all(start > 0.0):
            jump_off = (past[-1].value, past[-1].year)
            years = actual.year - past[-1].year
            raw = past[-1].value * raw / start * exp(past_error.shift * years)
        # Both ends of the growth are published figures with an error each.
        ends = error * (noise[0] + (noise[1] if jump_off else 0.0))
        members = raw * exp(ends + past_error.spread * np.sqrt(years) * noise[2])
    return Point(
        series.indicator, series.kind, made.origin, actual.year, actual.value, series.unit,
        series.scopes[0], members, float(np.median(raw)),
        rival(series, made.origin, actual.year), jump_off, apart,
    )  # fmt: skip


def noise_of(origin: int, actual: Published, members: int) -> Array:
    """Normal scores of a point, shape (3, members): target, last figure, error of the model.

    Args:
        origin: Last year that is known.
        actual: The figure that is forecast.
        members: Members of the ensemble.
    """
    rng = np.random.default_rng([origin, actual.year, _number(actual.indicator)])
    return np.asarray(normal_quantile(rng.random((3, members))))


def _number(text: str) -> int:
    """A number of its own for a name, the same in every process."""
    return int.from_bytes(text.encode(), "big") % (2**32)
