"""Rationing by a queue: who is served where money, capacity or places are short."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import YUAN
from jiqun.model.elementary import compiled
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Enterprises, Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever


class ServiceOrder(IntEnum):
    """Who is served first when a budget is short; a resolved scenario holds the number.

    A scenario file holds the name, in small letters (`budget.first`).
    """

    SCORE = 0
    """The highest R&D over revenue."""
    APPLICATION = 1
    """Order of application, which is random."""
    SMALLEST = 2
    """The lowest expected revenue."""
    LARGEST = 3
    """The highest expected revenue."""
    TIER = 4
    """The highest cultivation tier, inside it in order of application."""
    EVEN = 5
    """Every tier gets the same sum as long as it asks for it."""


ROUNDING = 1e-9
"""Part of a sum of claims that is more than what the order of adding up makes of it."""
ALLOWED = ", ".join(f"{order.value} ({order.name.lower()})" for order in ServiceOrder)
"""The orders of service, as a message lists them."""


def order_of(lever: Lever, quarter: int) -> ServiceOrder:
    """Order of service of a lever in a quarter; that of application where it sets none.

    Raises:
        ValueError: Its `budget_first` is no order of service.
    """
    number = lever.value("budget_first", quarter, ServiceOrder.APPLICATION)
    if number not in ServiceOrder:
        problem = f"{lever.id}.budget_first: {number:g} is no order of service"
        raise ValueError(f"{problem}; allowed: {ALLOWED}")
    return ServiceOrder(int(number))


def priority(
    lever: Lever, e: Enterprises, rows: Whole, yuan: Array, seed: int, quarter: int
) -> Array:
    """Priority of each claimant in the order of service of a lever, the lowest first.

    Args:
        lever: The lever.
        e: The enterprises.
        rows: Rows of the claimants.
        yuan: Sum that the enterprises behind each of them claim, shape of `rows`.
        seed: Seed of the run.
        quarter: Quarter index.

    Raises:
        ValueError: The lever's `budget_first` is no order of service.
    """
    application = uniform(seed, f"turn {lever.id}", e.id[rows], quarter)
    match order_of(lever, quarter):
        case ServiceOrder.SCORE:
            return -e.rd_reported[rows] / np.maximum(e.revenue[rows], 1.0)
        case ServiceOrder.APPLICATION:
            return application
        case ServiceOrder.SMALLEST:
            return e.expected_revenue[rows]
        case ServiceOrder.LARGEST:
            return -e.expected_revenue[rows]
        case ServiceOrder.TIER:
            return e.tier[rows] + 0.999 * application
        case ServiceOrder.EVEN:
            return running_sum(e.tier[rows], application, yuan)


@dataclass(frozen=True)
class Queue:
    """The claimants of a lever, in its order of service.

    Attributes:
        lever: The lever.
        e: The enterprises.
        rows: Rows of the claimants.
        asked: Yuan that an enterprise asks for, shape of `rows`.
        seed: Seed of the run.
        quarter: Quarter index.
    """

    lever: Lever
    e: Enterprises
    rows: Whole
    asked: Array
    seed: int
    quarter: int

    @cached_property
    def yuan(self) -> Array:
        """Yuan that the enterprises behind each claimant ask for."""
        return self.e.weight[self.rows] * self.asked

    @cached_property
    def turn(self) -> Array:
        """Priority of each, the lowest first."""
        return priority(self.lever, self.e, self.rows, self.yuan, self.seed, self.quarter)

    def served(self, asks: Flag, left: float) -> tuple[Whole, float]:
        """Who of those that ask is served; turns matter, and are drawn, where money is short.

        Args:
            asks: Which of the claimants ask.
            left: Yuan there are.

        Returns:
            Places of those served among the claimants, and yuan that they take.
        """
        won = asks.nonzero()[0]
        taken = float(self.yuan[won].sum())
        if not (1.0 + ROUNDING) * taken < left:
            weight = self.e.weight[self.rows]
            won = serve(asks, self.asked, weight, self.turn, left).nonzero()[0]
            taken = float(self.yuan[won].sum())
        return won, taken


def running_sum(group: Whole, order: Array, yuan: Array) -> Array:
    """Money that one's group has claimed up to and with oneself, yuan, shape (rows,).

    Served by it, groups get equal sums as long as they ask for them.

    Args:
        group: Group of each claimant, shape (rows,).
        order: Order inside the group, the lowest first, shape (rows,).
        yuan: Sum each claims, shape (rows,).
    """
    result = np.empty(len(yuan))
    for one in np.unique(group):
        members = (group == one).nonzero()[0]
        members = members[np.argsort(order[members], kind="stable")]
        result[members] = np.cumsum(yuan[members])
    return result


def serve(wanted: Flag, cost: Array, weight: Array, priority: Array, capacity: float) -> Flag:
    """Who is served out of a sum of money or a capacity of work: first by priority.

    Measured in value, not in enterprises: rationing by number would push out large projects by
    small ones. Who asks for more than those before leave is passed over, so what is left in the end
    is less than any who is refused asks for.

    Args:
        wanted: Who asks, shape (rows,).
        cost: Yuan that an enterprise asks for, shape (rows,).
        weight: Enterprises behind each row, shape (rows,).
        priority: Place in the queue, the lowest first, shape (rows,).
        capacity: Yuan there are.
    """
    rows = wanted.nonzero()[0]
    rows = rows[np.argsort(priority[rows], kind="stable")]
    served = np.zeros(len(wanted), dtype=bool)
    _serve(rows, weight[rows] * cost[rows], capacity, YUAN, served)
    return served


@compiled("void(int64[::1], float64[::1], float64, float64, boolean[::1])")
def _serve(queue: Whole, asked: Array, left: float, rounding: float, served: Flag) -> None:
    """Serve a queue (`serve`); what is left and what is asked are compared as in `covers`."""
    taken = 0.0
    for i in range(len(queue)):
        fits = left > 0.0 and asked[i] < left + rounding
        if fits and not taken + asked[i] < left + rounding:
            # What those before have taken is taken off in one sum (`left_of`).
            left -= taken
            left, taken = 0.0 if left < rounding else left, 0.0
            fits = left > 0.0 and asked[i] < left + rounding
        if fits:
            served[queue[i]] = True
            taken += asked[i]


def allot(places: float, weight: Array, lot: Array) -> Flag:
    """Who of those in order gets a place; the row that straddles the number wins by lot.

    So the number holds in expectation, though a row may stand for several enterprises.

    Args:
        places: Number of places.
        weight: Enterprises behind each row, best first, shape (rows,).
        lot: Uniform draw, shape (rows,).
    """
    room = (places - (weight.cumsum() - weight)) / np.maximum(weight, 1e-9)
    return np.asarray(lot < np.clip(room, 0.0, 1.0))
