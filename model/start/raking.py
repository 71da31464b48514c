"""Iterative proportional fitting: a table to its margins, and a sample's values to several sums.

Deming and Stephan (1940); for a sample known as raking (Deville, Särndal and Sautory 1993). What
the fit leaves alone is the pattern it starts from: of all tables with these margins it gives the
one nearest to the seed in relative entropy (Ireland and Kullback 1968).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.dimensions import Array

TOLERANCE = 1e-10
"""Relative distance from every margin at which the fit has converged."""
MOST_ROUNDS = 5_000
LEAST_EXCESS = 0.02
"""Least that a group's mean exceeds the least value by, as a share of that value."""


class RakingError(ValueError):
    """The fit did not converge: its margins contradict each other."""


@dataclass(frozen=True)
class Margin:
    """Sums that groups of rows are to have.

    Attributes:
        name: What it is about.
        group: Group of each row, shape (rows,); -1 for none.
        target: Wanted sum of each group, shape (groups,).
    """

    name: str
    group: npt.NDArray[np.int64]
    target: Array

    def sums(self, values: Array) -> Array:
        """Sum of values, shape (rows,), by group."""
        return np.bincount(self.group + 1, values, len(self.target) + 1)[1:]


def scaled_to(values: Array, weight: Array, mask: npt.NDArray[np.bool_], total: float) -> Array:
    """Values scaled so that their weighted sum over a mask is `total`.

    Args:
        values: Value of each row, shape (rows,).
        weight: Enterprises a row stands for, shape (rows,).
        mask: Rows that count, shape (rows,).
        total: Wanted sum, unit of `values`.
    """
    return values * (total / float((weight * values)[mask].sum()))


def fitted_table(seed: Array, rows: Array, columns: Array) -> Array:
    """The table with these margins that keeps the odds ratios of a seed.

    Args:
        seed: Positive pattern, shape (rows, columns).
        rows: Wanted sums of the rows.
        columns: Wanted sums of the columns; the same total.

    Raises:
        RakingError: The margins differ in total or cannot be met.
    """
    table = seed * (rows.sum() / seed.sum())
    for _ in range(MOST_ROUNDS):
        table = table * (rows / table.sum(axis=1))[:, None]
        table = table * (columns / table.sum(axis=0))
        if np.all(np.abs(table.sum(axis=1) - rows) <= TOLERANCE * rows):
            return table
    raise RakingError("the table of fields and cities does not meet both of its margins")


def reachable(target: Array, least: Array) -> Array:
    """Targets with those that lie below the least a group can have raised to it.

    The others are lowered in proportion, so that the total stays what it was.

    Args:
        target: Wanted sums, shape (groups,).
        least: Least sum of each group; zero marks a group without rows, which has none.
    """
    fixed = least <= 0.0
    while True:
        free = ~fixed
        left = float(target.sum()) - float(least[fixed].sum())
        found = np.where(fixed, least, target)
        if free.any():
            found[free] *= left / float(target[free].sum())
        short = free & (found < least)
        if not short.any():
            return found
        fixed |= short


def rake(values: Array, weight: Array, margins: Sequence[Margin], least: float) -> Array:
    """Values of a sample whose weighted sums meet all margins at once.

    What exceeds `least` is scaled, so that no value falls below it. A group whose rows stand for
    more than its target even so keeps its least (`reachable`): that is an error of sampling, seen
    in few rows and small groups, and `missed` names it.

    Args:
        values: Values, shape (rows,); those under `least` stay as they are and are in no group.
        weight: Weight of each row.
        margins: Sums to meet.
        least: Least value.

    Raises:
        RakingError: No values meet all of them.
    """
    excess = np.maximum(values - least, 0.0)
    counts = [margin.sums(weight) for margin in margins]
    wanted = [
        reachable(margin.target, (1.0 + LEAST_EXCESS) * least * count) - least * count
        for margin, count in zip(margins, counts, strict=True)
    ]
    gap, worst = 0.0, ""
    for _ in range(MOST_ROUNDS):
        gap = 0.0
        for margin, want in zip(margins, wanted, strict=True):
            have = margin.sums(weight * excess)
            off = float(np.max(np.abs(have - want) / margin.target))
            if off > gap:
                gap, worst = off, margin.name
            factor = np.where(have > 0.0, want / np.where(have > 0.0, have, 1.0), 1.0)
            excess = excess * np.append(factor, 1.0)[margin.group]
        if gap <= TOLERANCE:
            return np.where(values < least, values, least + excess)
    raise RakingError(f"raking does not converge: {worst} is off by {gap:.1e} of its target")


def missed(
    values: Array, weight: Array, margins: Sequence[Margin], tolerance: float = 1e-3
) -> dict[tuple[str, int], float]:
    """Groups whose sum is off its target, by margin and number, with sum over target.

    Args:
        values: Values, shape (rows,).
        weight: Weight of each row.
        margins: Margins to look at.
        tolerance: Relative distance from which a group is named.
    """
    found = {}
    for margin in margins:
        ratio = margin.sums(weight * values) / margin.target
        for number in (np.abs(ratio - 1.0) > tolerance).nonzero()[0]:
            found[margin.name, int(number)] = float(ratio[number])
    return found
