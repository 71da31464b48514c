"""What an effect is: which runs make a pair, what is told of the pairs, and when it is not zero.

Runs of one draw, seed and population share every shock that both scenarios use: a *pair*. Its
effect is the difference. What is told is the *mean* over the pairs: means of parts add up to the
mean of the whole and may be divided by mean cost, medians neither. Its *interval* is that of the
mean, by resampling the pairs (`experiments.effects.bootstrap`): effects are skewed, and a ratio
takes the same resamples. How far single pairs lie apart, which is what parameters, outside world
and chance leave open, is told beside it (`p05` to `p95`) and decides nothing: it would not narrow
with more runs, and widens with fewer rows of enterprises.

An effect is *distinguishable from zero* where its interval lies clear of zero on one side and its
mean is above what chance makes of effects whose signs are dealt out anew. The second matters where
pairs are few: of eight, the interval alone leaves out a true zero in one case of nine. Of every
other effect pages, commands and tables say 'no conclusion'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from jiqun.experiments.effects.bootstrap import CONFIDENCE, quantiles, signs, weights
from jiqun.experiments.runs.draws import BLOCK
from jiqun.model.accounting import YUAN
from jiqun.model.dimensions import SIZES, TIERS
from jiqun.model.region import REGION

if TYPE_CHECKING:
    import numpy.typing as npt

    from jiqun.model.dimensions import Array

RUN = ["draw", "seed", "population"]
"""What pairs two runs."""
LEAST_PAIRS = 8
"""Fewer pairs bear no interval, so no effect in them is distinguishable from zero."""
CLEAR = 0.01
"""Part of the far end of an interval that the near end has to be from zero to be clear of it."""
SPREAD = (0.05, 0.95)
"""Quantiles that nine of ten runs lie between."""
STATISTIC = "mean"
"""What is told of every quantity of a comparison."""
CUTS = {"tier": TIERS, "place": tuple(REGION.city_groups), "size": SIZES[:3]}
"""What effects are cut by. Value added below scale is not recorded by size."""
Costs = Literal["costs", "nothing", "unclear", "brings in"]
"""What can be said of a cost: above zero, none at all, not distinguishable from it, below zero."""
NO_EFFECT = "no effect"
NO_CONCLUSION = "no conclusion"
"""What is said of an effect that is not distinguishable from zero, everywhere."""
WITHHELD = {
    "nothing": "costs nobody",
    "unclear": "cost reaches zero",
    "brings in": "brings money in",
    "unknown": "not booked",
    NO_EFFECT: NO_CONCLUSION,
}
"""Why what a yuan brings is not told, in words."""


def main_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Runs that effects are over: the zipped draws, or the seeds of the central draw without them.

    Side batches, in which one source of uncertainty moves alone, are never among them.

    Args:
        rows: Runs or pairs, with a column `draw`.
    """
    zipped = rows[rows["draw"].between(1, BLOCK)]
    return zipped if len(zipped) else rows[rows["draw"] == 0]


def main_runs(table: str) -> str:
    """SQL: `main_of` by scenario, where there is a view `run`.

    Args:
        table: Table with columns scenario and draw.
    """
    zipped = f"draw BETWEEN 1 AND {BLOCK}"
    return (
        f"CASE WHEN {table}.scenario IN (SELECT scenario FROM run WHERE {zipped}) "
        f"THEN {table}.{zipped} ELSE {table}.draw = 0 END"
    )


def place_of(city: str) -> str:
    """SQL: group of a city in reports."""
    *_, rest = REGION.city_groups
    cases = (f"WHEN '{name}' THEN '{REGION.group_of(name)}'" for name in REGION.cities)
    return f"CASE {city} {' '.join(cases)} ELSE '{rest}' END"


def paired(scenario: pd.Series[float], baseline: pd.Series[float]) -> pd.DataFrame:
    """Columns gain, base and change (gain over base), one row a run that both have."""
    base = baseline.dropna()
    gaps = pd.DataFrame({"gain": scenario - base, "base": base}).dropna()
    return gaps.assign(change=gaps["gain"] / gaps["base"].where(gaps["base"] != 0.0))


@dataclass(frozen=True)
class Estimate:
    """What is told of a quantity over runs.

    Attributes:
        low: Lower end of the 95 % interval of the mean; None where runs are too few.
        median: Median over the runs; the mean for a ratio of means.
        high: Upper end.
        mean: Mean over the runs.
        p05: Value that one run of twenty lies below; None for a ratio of means, as `p95`.
        p95: Value that one run of twenty lies above.
        floor: What the absolute mean of an effect without direction stays below in 19 of 20 cases.
    """

    low: float | None
    median: float
    high: float | None
    mean: float
    p05: float | None = None
    p95: float | None = None
    floor: float = 0.0

    @classmethod
    def of(cls, values: pd.Series[float] | Array) -> Estimate:
        """Estimate from the values of some runs."""
        numbers = np.asarray(values, dtype=float)
        found = {name: float(each[0]) for name, each in estimates(numbers[:, None]).items()}
        whole = cls(**found)
        few = len(numbers) < LEAST_PAIRS
        return replace(whole, low=None, high=None, floor=0.0) if few else whole

    @classmethod
    def ratio(cls, top: pd.Series[float] | Array, bottom: pd.Series[float] | Array) -> Estimate:
        """Mean of one quantity over the mean of another, run by run of the same runs.

        Both are resampled together. A mean of the runs' own ratios would be decided by runs in
        which the second is next to nothing.
        """
        tops, bottoms = (np.asarray(values, dtype=float) for values in (top, bottom))
        mean = float(tops.mean() / bottoms.mean())
        if len(tops) < LEAST_PAIRS:
            return cls(None, mean, None, mean)
        shares = weights(len(tops))[1:]
        low, high = quantiles((shares @ tops) / (shares @ bottoms))
        return cls(float(low), mean, float(high), mean)

    @property
    def sign(self) -> int:
        """1 or -1 where it is distinguishable from zero, else 0."""
        if self.low is None or self.high is None:
            return 0
        return int(sign_of(self.mean, self.low, self.high, self.floor))


def estimates(values: Array) -> dict[str, Array]:
    """Attributes of an `Estimate` for many quantities at once.

    Args:
        values: Shape (runs, quantities); no value is missing.

    Returns:
        Attribute to its values, shape (quantities,); where runs are too few, low, high and floor
        are not a number.
    """
    p05, median, p95 = np.quantile(values, (SPREAD[0], 0.5, SPREAD[1]), axis=0)
    found = {"mean": values.mean(axis=0), "median": median, "p05": p05, "p95": p95}
    if len(values) < LEAST_PAIRS:
        return found | dict.fromkeys(("low", "high", "floor"), np.full(values.shape[1], np.nan))
    low, high = quantiles(weights(len(values))[1:] @ values)
    floor = np.quantile(np.abs(signs(len(values)) @ values), CONFIDENCE, axis=0)
    return found | {"low": low, "high": high, "floor": floor}


def sign_of(
    mean: float | Array, low: float | Array, high: float | Array, floor: float | Array = 0.0
) -> npt.NDArray[np.int64]:
    """The one rule of what is distinguishable from zero: 1 above, -1 below, 0 where it is not.

    Args:
        mean: Mean effects.
        low: Lower ends of their intervals.
        high: Upper ends.
        floor: What chance makes of effects without direction; none for a ratio.
    """
    above = np.asarray(low) > np.maximum(CLEAR * np.asarray(high), 0.0)
    below = np.asarray(high) < np.minimum(CLEAR * np.asarray(low), 0.0)
    found: npt.NDArray[np.int64] = (above.astype(int) - below) * (np.abs(mean) > floor)
    return found


def distinguishable(rows: pd.DataFrame) -> pd.Series[bool]:
    """Whether effects in a table are distinguishable from zero.

    Args:
        rows: Columns mean, low, high, floor and draws.
    """
    sign = sign_of(*(rows[name].to_numpy(dtype=float) for name in ("mean", "low", "high", "floor")))
    found: pd.Series[bool] = (rows["draws"] >= LEAST_PAIRS) & (sign != 0)
    return found


def costs_of(cost: Estimate) -> Costs:
    """What can be said of a cost in yuan; of few pairs, by its mean alone.

    Less than a yuan is nothing: what one pays and another receives cancels but for rounding.
    """
    low, high = cost.low, cost.high
    if low is None or high is None:
        low = high = cost.mean
    if max(abs(low), abs(high)) < YUAN:
        return "nothing"
    if low == high:
        return "costs" if low > 0.0 else "brings in"
    said: dict[int, Costs] = {1: "costs", 0: "unclear", -1: "brings in"}
    return said[cost.sign]


@dataclass(frozen=True)
class PerYuan:
    """What a yuan of cost brings: mean gain over mean cost.

    Attributes:
        ratio: The ratio; None where the cost is not above zero: any number over next to nothing.
        costs: What can be said of the cost.
    """

    ratio: Estimate | None
    costs: Costs

    def withheld(self, effect: int) -> str | None:
        """Why the ratio may not stand beside an effect of a sign; None where it may."""
        return withheld(self.costs, effect, self.ratio.sign if self.ratio else 0)


def per_yuan(gain: pd.Series[float] | Array, cost: pd.Series[float] | Array) -> PerYuan:
    """What a yuan of cost brings.

    Args:
        gain: Gain by pair, yuan.
        cost: Cost by pair, yuan.
    """
    said = costs_of(Estimate.of(cost))
    return PerYuan(Estimate.ratio(gain, cost) if said == "costs" else None, said)


def withheld(costs: str, effect: int, ratio: int) -> str | None:
    """Why what a yuan brings is not told (a key of `WITHHELD`), or None where it is.

    Args:
        costs: What is said of the cost.
        effect: Sign of the effect that it stands beside.
        ratio: Sign of the ratio itself.
    """
    if costs != "costs":
        return costs
    return None if effect and ratio else NO_EFFECT


def withheld_of(row: Any) -> str | None:
    """`withheld` of a row of the table `ranks` (`experiments.sensitivity.tables`)."""
    ratio = sign_of(row.per_yuan, row.per_yuan_low, row.per_yuan_high)
    return withheld(str(row.costs), int(row.above_noise), int(ratio))
