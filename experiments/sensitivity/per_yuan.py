"""What a yuan of a lever's cost brings, with the interval of its mean over the pairs of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.compare import Interval, costs_of
from experiments.sensitivity.bootstrap import quantiles, weights

if TYPE_CHECKING:
    from experiments.compare import Costs
    from model.scenario import Array

NAN = float("nan")


@dataclass(frozen=True)
class PerYuan:
    """Mean gain over mean cost, and its interval.

    Attributes:
        mean: The ratio; not a number where the interval of the mean cost reaches zero.
        low: Lower end of its interval.
        high: Upper end.
        costs: What can be said of the cost.
    """

    mean: float
    low: float
    high: float
    costs: Costs


def per_yuan(gain: Array, cost: Array) -> PerYuan:
    """What a yuan of cost brings.

    Draws are resampled, gain and cost of one draw together. A ratio of means is told and no mean of
    ratios: draws in which a lever costs next to nothing would decide it.

    Args:
        gain: Gain by draw, yuan.
        cost: Cost by draw, yuan.
    """
    shares = weights(len(cost))
    gains, costs = shares @ gain, shares @ cost
    low, high = quantiles(costs[1:])
    said = costs_of(Interval(float(low), float(np.median(cost)), float(high), float(costs[0])))
    if said != "costs":
        return PerYuan(NAN, NAN, NAN, said)
    ratios = gains / costs
    low, high = quantiles(ratios[1:])
    return PerYuan(float(ratios[0]), float(low), float(high), said)
