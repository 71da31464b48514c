"""Whether the order of the first levers is kept where conditions are others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.sensitivity.ranks import tau

if TYPE_CHECKING:
    import numpy.typing as npt

    from jiqun.experiments.sensitivity.ranks import Ranks
    from jiqun.model.dimensions import Array

FIRST = 5
FEWEST = 4
"""Fewest draws of which each outer third has two, the least that an interval is found from."""


@dataclass(frozen=True, eq=False)
class Survival:
    """What is left of an order; arrays have shape (columns,).

    Attributes:
        tau: Kendall's tau-b of the first levers, in one set of ties by their mean rank; NaN where
            they are all of one set, so that there is no order to keep.
        kept: How many of them are among the first of the part.
        reversed: Pairs of them that can be told apart in both, the other way round.
    """

    tau: Array
    kept: npt.NDArray[np.int64]
    reversed: npt.NDArray[np.int64]


def survival(whole: Ranks, part: Ranks, first: int = FIRST) -> Survival:
    """Whether the first levers by all draws come in the same order in a part or elsewhere.

    Only levers that both have are looked at. That an order looks different elsewhere says little:
    fewer draws shuffle neighbours. A reversal counts where both say so beyond their intervals.

    Args:
        whole: Ranks whose order is asked about.
        part: Ranks under other conditions, of the same columns.
        first: How many of the first to look at.

    Raises:
        SensitivityError: They have fewer than two levers in common.
    """
    common = [name for name in whole.names if name in part.names]
    if len(common) < 2:
        raise SensitivityError("an order needs two levers that both rankings have")
    here, there = ([of.names.index(name) for name in common] for of in (whole, part))
    sizes, others = np.abs(whole.mean[here]), np.abs(part.mean[there])
    sets = whole.sets[here]
    apart = ~(whole.tied[np.ix_(here, here)] | part.tied[np.ix_(there, there)])
    found = []
    for column in range(sizes.shape[1]):
        size, other = sizes[:, column], others[:, column]
        top = np.argsort(-size, kind="stable")[:first]
        ordered = len(set(sets[top, column])) > 1
        down = np.subtract.outer(size[top], size[top]) > 0.0
        up = np.subtract.outer(other[top], other[top]) < 0.0
        found.append(
            (
                tau(size, other, sets[:, column], first) if ordered else np.nan,
                # Levers of no effect share the worst rank: none of them is among the first.
                (rankdata(-other, method="max")[top] <= first).sum(),
                (down & up & apart[np.ix_(top, top)][:, :, column]).sum(),
            )
        )
    taus, kept, reverse = zip(*found, strict=True)
    return Survival(np.array(taus), np.array(kept), np.array(reverse))


def thirds(position: Array) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Draws of the lowest and of the highest third of a position, each of shape (draws,).

    Raises:
        SensitivityError: Positions are so much alike that a draw would be in both.
    """
    low, high = np.quantile(position, [1.0 / 3.0, 2.0 / 3.0])
    if not low < high:
        raise SensitivityError("positions that do not differ have no thirds")
    return position <= low, position >= high
