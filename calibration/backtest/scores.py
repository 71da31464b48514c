"""Scores of forecasts: pure functions of points.

Errors are percentage points for growth rates and 100 times the log of forecast over published for
levels, so that series of different units can stand together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.model.elementary import dot, exp, log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jiqun.model.dimensions import Array

SAMPLES = 4000
TESTED_FROM = 20
"""Fewest independent points for a test of significance; there are fewer, so none is made."""


@dataclass(frozen=True)
class Point:
    """A forecast of one figure beside what was published.

    Attributes:
        indicator: Published series.
        kind: ``level`` or ``growth``.
        origin: Last year that was known.
        year: Year of the figure.
        published: Published value.
        unit: Its unit.
        scope: Its scope.
        members: Forecasts with the error of published figures, shape (members,).
        median: Forecast without it: median of the members.
        rival: Forecast of the naive rival; None where it has nothing to go by.
        jump_off: Last value and its year that growth is laid on; None for growth and raw levels.
        apart: Why it stays out of the main scores; empty if it does not.
    """

    indicator: str
    kind: str
    origin: int
    year: int
    published: float
    unit: str
    scope: str
    members: Array
    median: float
    rival: float | None
    jump_off: tuple[float, int] | None
    apart: str = ""

    @property
    def horizon(self) -> int:
        """Years from the origin."""
        return self.year - self.origin

    @cached_property
    def error(self) -> float:
        """Error of the forecast, in points."""
        return float(self.off(self.median))

    @cached_property
    def rival_error(self) -> float | None:
        """Error of the rival's forecast, in points; None without one."""
        return None if self.rival is None else float(self.off(self.rival))

    def off(self, forecast: Array | float) -> Array:
        """Error of a forecast, in points."""
        values = np.asarray(forecast, dtype=np.float64)
        if self.kind == "growth":
            return np.asarray(values - self.published)
        return np.asarray(100.0 * log(np.maximum(values, 1e-12) / self.published))

    def inside(self, share: float) -> bool:
        """Whether the published value is in the central interval of a share."""
        low, high = np.quantile(self.members, [(1.0 - share) / 2.0, (1.0 + share) / 2.0])
        return bool(low <= self.published <= high)

    def crps(self) -> float:
        """Continuous ranked probability score of the members, in points."""
        return crps(self.off(self.members), 0.0)


def crps(members: Array, published: float) -> float:
    """Continuous ranked probability score of an ensemble (Gneiting and Raftery 2007)."""
    ordered = np.sort(members)
    n = len(ordered)
    # Mean distance between two members, from their order.
    between = 2.0 * dot(2.0 * np.arange(1, n + 1) - n - 1, ordered) / n**2
    return float(np.mean(np.abs(ordered - published)) - between / 2.0)


def _root(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def rmse_ratio(points: Sequence[Point]) -> float | None:
    """Root mean square error over that of the rival; None without a rival."""
    both = [(p.error, p.rival_error) for p in points if p.rival_error is not None]
    if not both:
        return None
    own, rival = (_root(errors) for errors in zip(*both, strict=True))
    return own / rival if rival > 0.0 else None


def ratios_of_series(points: Sequence[Point]) -> list[float]:
    """Ratio to the rival of each series that has one above zero."""
    found = [
        rmse_ratio([p for p in points if p.indicator == name])
        for name in sorted({p.indicator for p in points})
    ]
    return [ratio for ratio in found if ratio]


def interval(
    points: Sequence[Point], score: Callable[[Sequence[Point]], float | None],
    samples: int = SAMPLES, seed: int = 1,
) -> tuple[float, float] | None:  # fmt: skip
    """90 % percentile bootstrap of a score over series, which are drawn whole.

    Args:
        points: Forecasts beside what was published.
        score: Score of some points; None where it cannot be told.
        samples: Resamples of the series.
        seed: Seed of the resamples.
    """
    series: dict[str, list[Point]] = {}
    for point in points:
        series.setdefault(point.indicator, []).append(point)
    if len(series) < 3:
        return None
    rng, groups = np.random.default_rng(seed), list(series.values())
    found = []
    for _ in range(samples):
        drawn = rng.integers(0, len(groups), len(groups))
        value = score([point for i in drawn for point in groups[i]])
        if value is not None:
            found.append(value)
    low, high = np.quantile(found, [0.05, 0.95])
    return float(low), float(high)


def scores(points: Sequence[Point], samples: int = SAMPLES) -> dict[str, Any]:
    """Scores of a set of points."""
    if not points:
        return {"points": 0}
    both = [p for p in points if p.rival is not None]
    absolute = [abs(p.rival_error) for p in points if p.rival_error is not None]
    mean = float(np.mean([p.crps() for p in both])) if both else None
    spread = interval(points, rmse_ratio, samples) if samples else None
    by_series = ratios_of_series(points)
    return {
        "points": len(points),
        "series": len({p.indicator for p in points}),
        "rmse": _root([p.error for p in points]),
        "rmse_ratio": rmse_ratio(points),
        "rmse_ratio_low": spread[0] if spread else None,
        "rmse_ratio_high": spread[1] if spread else None,
        "series_median": float(np.median(by_series)) if by_series else None,
        "series_geometric": float(exp(np.mean(log(np.array(by_series))))) if by_series else None,
        "crps": float(np.mean([p.crps() for p in points])),
        "crps_ratio": mean / float(np.mean(absolute)) if mean is not None else None,
        "coverage_50": float(np.mean([p.inside(0.5) for p in points])),
        "coverage_90": float(np.mean([p.inside(0.9) for p in points])),
        "mean_error": float(np.mean([p.error for p in points])),
    }


def cuts(points: Sequence[Point]) -> dict[str, dict[str, Any]]:
    """Scores by origin, horizon, kind and series, without intervals."""
    by: Mapping[str, Callable[[Point], object]] = {
        "origin": lambda p: p.origin,
        "horizon": lambda p: p.horizon,
        "kind": lambda p: p.kind,
        "series": lambda p: p.indicator,
    }
    return {
        name: {
            str(value): scores([p for p in points if key(p) == value], samples=0)
            for value in sorted({key(p) for p in points}, key=str)
        }
        for name, key in by.items()
    }


def listed(point: Point) -> dict[str, Any]:
    """A point as plain data."""
    low, lower, upper, high = np.quantile(point.members, [0.05, 0.25, 0.75, 0.95])
    return {
        "indicator": point.indicator,
        "kind": point.kind,
        "origin": point.origin,
        "horizon": point.horizon,
        "year": point.year,
        "published": point.published,
        "unit": point.unit,
        "scope": point.scope,
        "forecast": point.median,
        "p05": float(low),
        "p25": float(lower),
        "p75": float(upper),
        "p95": float(high),
        "rival": point.rival,
        "last_value": point.jump_off[0] if point.jump_off else None,
        "last_year": point.jump_off[1] if point.jump_off else None,
        "error": point.error,
        "rival_error": point.rival_error,
        "crps": point.crps(),
        "inside_50": point.inside(0.5),
        "inside_90": point.inside(0.9),
        "apart": point.apart,
    }
