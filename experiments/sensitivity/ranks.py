"""Ranks of levers by the size of their paired effects, and whether more draws would change them.

Noise floor: a lever of nobody leaves every run as it is to the last digit, so its effect of zero
would be no floor at all. Instead the signs of a lever's effects are dealt out anew, draw by draw:
had it no direction, either sign would be as likely, and its mean would be as large as that. One
lever in twenty without a direction comes out above its floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import kendalltau, rankdata

from jiqun.experiments.effects.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    quantiles,
    signs,
    weights,
)
from jiqun.experiments.effects.effect import sign_of
from jiqun.experiments.sensitivity.designs import SensitivityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from jiqun.model.dimensions import Array

TOPS = (1, 3, 5)
TOP = 10
"""Factors whose order is to have converged."""
FEWEST = 16
"""Draws that a curve of convergence begins with."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of levers; arrays have shape (levers, columns).

    Attributes:
        names: The levers.
        mean: Mean effect, in units of the output.
        low: Lower end of its interval.
        high: Upper end of its interval.
        floor: Noise floor of the mean's absolute value.
        rank: Rank by the mean's absolute value, 1 for the largest.
        rank_low: Lower end of the rank's interval, the better one.
        rank_high: Upper end of the rank's interval.
        top: Number to the probability of being among so many first.
        tied: Pairs whose sizes cannot be told apart, shape (levers, levers, columns).
        sets: Number of the lever's set of ties, 1 for the first (see `tie_sets`).
    """

    names: tuple[str, ...]
    mean: Array
    low: Array
    high: Array
    floor: Array
    rank: Array
    rank_low: Array
    rank_high: Array
    top: Mapping[int, Array]
    tied: npt.NDArray[np.bool_]
    sets: npt.NDArray[np.int64]

    @property
    def above_noise(self) -> npt.NDArray[np.bool_]:
        """Whether an effect is distinguishable from zero (`experiments.effects.effect`)."""
        found: npt.NDArray[np.bool_] = sign_of(self.mean, self.low, self.high, self.floor) != 0
        return found


def ranks(
    names: Sequence[str],
    effects: Array,
    columns: Sequence[str],
    runs: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Ranks:
    """Ranks by paired effects.

    Draws are resampled, and all levers with them: what they owe to one draw they owe together.
    Levers of the same size share the worse rank in a resample, so that among effects of zero none
    is first.

    Args:
        names: The levers.
        effects: Effect of each lever at each draw, shape (levers, draws, columns).
        columns: Name of each output.
        runs: Name of each draw's run.
        resamples: Number of resamples.
        seed: Their seed.

    Raises:
        SensitivityError: An effect isn't finite, or names and effects do not fit.
    """
    _check(names, effects, columns, runs)
    draws = effects.shape[1]
    by_draw = effects.transpose(1, 0, 2)
    means = np.tensordot(weights(draws, resamples, seed), by_draw, axes=1)
    low, high = quantiles(means[1:])
    sizes = np.abs(means)
    places = rankdata(-sizes[1:], method="max", axis=1)
    rank_low, rank_high = quantiles(places)
    tied = np.stack([_tied(means[1:, :, column]) for column in range(len(columns))], axis=-1)
    by_chance = np.abs(np.tensordot(signs(draws, resamples, seed), by_draw, axes=1))
    return Ranks(
        names=tuple(names),
        mean=means[0],
        low=low,
        high=high,
        floor=np.quantile(by_chance, CONFIDENCE, axis=0),
        rank=rankdata(-sizes[0], method="min", axis=0),
        rank_low=rank_low,
        rank_high=rank_high,
        top={number: (places <= number).mean(axis=0) for number in TOPS},
        tied=tied,
        sets=sets_of(sizes[0], tied),
    )


def growing(effects: Array) -> dict[int, Array]:
    """Size of the mean effect over the first draws alone, twice as many each time.

    Returns:
        Number of draws to the sizes, shape (levers, columns); the last one has all draws.
    """
    numbers = [effects.shape[1]]
    while numbers[0] // 2 >= FEWEST:
        numbers.insert(0, numbers[0] // 2)
    return {number: np.abs(effects[:, :number].mean(axis=1)) for number in numbers}


def tie_sets(values: Array, tied: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Set of ties of each factor, 1 for the set of the largest value.

    From the largest value down, a factor joins the set as long as it cannot be told apart from the
    set's first. That two factors are in one set does not say they are tied with each other's
    neighbours: being tied carries over to no third.

    Args:
        values: Shape (factors,).
        tied: Pairs that cannot be told apart, shape (factors, factors).
    """
    sets = np.zeros(len(values), dtype=np.int64)
    first, number = -1, 0
    for factor in np.argsort(-values, kind="stable"):
        if first < 0 or not tied[first, factor]:
            first, number = factor, number + 1
        sets[factor] = number
    return sets


def sets_of(values: Array, tied: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Sets of ties by column, shape (factors, columns)."""
    each = [tie_sets(values[:, c], tied[:, :, c]) for c in range(values.shape[1])]
    return np.stack(each, axis=-1)


def tau(whole: Array, part: Array, sets: npt.NDArray[np.int64], top: int = TOP) -> float:
    """Kendall's tau-b between ranks from all draws and from a part, among the first by all draws.

    Factors in one set of ties of all draws share their mean rank, in both rankings. The sets of the
    part itself would be wider for having fewer draws, and tau would measure the loss of power and
    not whether an order that is claimed was there before. Zero where all are of one set: there is
    no order that could have converged.

    Args:
        whole: Values from all draws, shape (factors,).
        part: Values from a part of them.
        sets: Sets of ties from all draws.
        top: How many of the first to look at.
    """
    chosen = np.argsort(-whole, kind="stable")[:top]
    of_set = sets[chosen]
    if len(set(of_set)) < 2:
        return 0.0
    shared = []
    for values in (whole, part):
        rank = rankdata(-values[chosen])
        shared.append([rank[of_set == number].mean() for number in of_set])
    found = float(kendalltau(*shared).statistic)
    return found if np.isfinite(found) else 0.0


def convergence(
    grown: Mapping[int, Array], sets: npt.NDArray[np.int64], top: int = TOP
) -> dict[int, Array]:
    """Tau between the ranks from a part of the draws and from all, by the size of the part.

    Args:
        grown: Size of the part to values, shape (factors, columns); the last one is the whole.
        sets: Sets of ties of the whole, shape (factors, columns).
        top: How many of the first to look at.

    Returns:
        Size of each part to tau, shape (columns,).
    """
    *parts, last = grown
    whole = grown[last]
    return {
        size: np.array(
            [
                tau(whole[:, column], grown[size][:, column], sets[:, column], top)
                for column in range(whole.shape[1])
            ]
        )
        for size in parts
    }


def _tied(means: Array) -> npt.NDArray[np.bool_]:
    """Pairs whose sizes cannot be told apart; means of resamples, shape (resamples, levers).

    Sizes are the same where the means are, or where one is the other's negative: both differences
    are asked for zero. The difference of absolute values is not, for that of a lever of mere noise
    is above a lever of none in every resample.
    """
    one, other = means[:, :, None], means[:, None]
    return _holds_zero(one - other) | _holds_zero(one + other)


def _holds_zero(values: Array) -> npt.NDArray[np.bool_]:
    low, high = quantiles(values)
    found: npt.NDArray[np.bool_] = (low <= 0.0) & (high >= 0.0)
    return found


def _check(
    names: Sequence[str], effects: Array, columns: Sequence[str], runs: Sequence[str]
) -> None:
    if effects.shape != (len(names), len(runs), len(columns)) or len(runs) < 2:
        raise SensitivityError(
            f"effects of shape {effects.shape} do not fit {len(names)} levers, {len(runs)} draws"
            f" and {len(columns)} columns; two draws are the least"
        )
    bad = np.argwhere(~np.isfinite(effects))
    if len(bad):
        lever, draw, column = bad[0]
        raise SensitivityError(
            f"run {runs[draw]}: the effect of {names[lever]} on {columns[column]} is"
            f" {effects[lever, draw, column]}"
        )
