"""Supply through links: what suppliers fail to deliver holds down the output of chain leaders.

What a leader orders inside its field is partly made for it, and no other input makes up for that
within a quarter (Boehm, Flaaen and Pandalai-Nayar 2019). Stocks cover the first weeks, and others
are found bit by bit. Only a fall of what a supplier fills of its orders counts: what buyers choose
not to order is their choice, and what was never delivered is not missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.elementary import compiled

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.economy.network import Links
    from jiqun.model.model import ClusterPolicyModel

WEEKS = 13.0
"""Weeks of a quarter."""


@dataclass(frozen=True)
class Orders:
    """What leaders order through links this quarter.

    Attributes:
        mass: Competitiveness of all enterprises of a row, shape (suppliers,).
        bought: What each leader orders for a unit of mass, yuan a quarter, shape (leaders,).
        needs: What it needs inside its field, yuan a quarter, shape (leaders,).
    """

    mass: Array
    bought: Array
    needs: Array

    def parts(self, links: Links, rows: Whole) -> tuple[Whole, Whole, Array]:
        """What leaders order from some suppliers, one a link.

        Args:
            links: The links.
            rows: Rows of suppliers.

        Returns:
            Place of the supplier in `rows`, row of the leader, and the part of the leader's needs.
        """
        begin, count = links.first[rows], links.number[rows]
        at = np.repeat(np.arange(len(rows)), count)
        leader = links.leader[np.arange(len(at)) + (begin - (count.cumsum() - count))[at]]
        share = self.bought[leader] / np.maximum(self.needs[leader], 1e-30)
        return at, leader, self.mass[rows][at] * share


def covered(fall: Array, stock: float, substitution: float) -> Array:
    """Quarters of its deliveries that stocks make up for when a supplier fills less of its orders.

    A gap that closes by `substitution` a quarter misses fall/substitution in all, and stocks of an
    input make up for that input alone.

    Args:
        fall: Fall of the part of its orders that a supplier fills, shape (suppliers,).
        stock: Stocks, quarters of use.
        substitution: Part of what is missing that is replaced in a quarter.
    """
    return np.minimum(stock, np.maximum(fall, 0.0) / substitution)


def within_supply(m: ClusterPolicyModel) -> tuple[Whole, Array]:
    """Leaders that miss inputs, and the part of the sales asked for that they have inputs for.

    Returns:
        Rows, and within [1 - link_specific, 1] for each; all others have the inputs for all.
    """
    e = m.enterprises
    short = (e.input_shortfall != 0.0).nonzero()[0]
    uncovered = np.maximum(e.input_shortfall[short] - e.input_cover[short], 0.0)
    return short, 1.0 - m.parameters["link_specific"] * uncovered


def deliver(m: ClusterPolicyModel, asked: Array) -> None:
    """What suppliers filled of their orders this quarter, and what leaders miss from the next on.

    Args:
        m: The model, with the quarter's sales.
        asked: Sales asked for, yuan a quarter, shape (rows,).
    """
    e = m.enterprises
    short = (e.input_shortfall != 0.0).nonzero()[0]
    e.input_cover[short] = np.maximum(e.input_cover[short] - e.input_shortfall[short], 0.0)
    e.input_shortfall[short] *= 1.0 - m.parameters["link_substitution"]
    filled, fall = np.zeros(len(e)), np.zeros(len(e))
    _fill(m.network.links.first, e.revenue, asked, e.orders_filled, filled, fall)
    e.orders_filled = filled
    moved = (fall != 0.0).nonzero()[0]
    _miss(m, moved, fall[moved])


@compiled("void(int64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])")
def _fill(
    links: Whole, revenue: Array, asked: Array, before: Array, filled: Array, fall: Array
) -> None:
    """Write the part of orders that suppliers with links filled, and by how much it fell.

    Args:
        links: Place of each supplier's first link, shape (rows + 1,).
        revenue: Sales, yuan a quarter, shape (rows,).
        asked: Sales asked for, yuan a quarter, shape (rows,).
        before: Part of orders filled before, zero for those new to it, shape (rows,).
        filled: Written, shape (rows,).
        fall: Written, shape (rows,).
    """
    for i in range(len(revenue)):
        if links[i + 1] > links[i]:
            filled[i] = min(revenue[i] / max(asked[i], 1e-9), 1.0)
            # Nobody counted on more than a supplier made when it began to deliver.
            if before[i] > 0.0:
                fall[i] = before[i] - filled[i]


def fail(m: ClusterPolicyModel, gone: Whole) -> None:
    """Leaders miss what those who leave delivered this quarter.

    Args:
        m: The model.
        gone: Rows of those who leave.
    """
    filled = m.enterprises.orders_filled
    linked = gone[filled[gone] > 0.0]
    _miss(m, linked, filled[linked])
    filled[linked] = 0.0


def _miss(m: ClusterPolicyModel, rows: Whole, fall: Array) -> None:
    """Add to what leaders miss, and to the stocks that make up for it.

    Args:
        m: The model.
        rows: Rows of suppliers that fill less of their orders, or more.
        fall: By how much less, shape of `rows`.
    """
    if not len(rows):
        return
    e, p = m.enterprises, m.parameters
    substitution = p["link_substitution"]
    orders, links = m.network.orders, m.network.links
    missing, cover = np.zeros(len(e)), np.zeros(len(e))
    stocks = covered(fall, p["input_stock"] / WEEKS, substitution)
    ordered = (orders.mass, orders.bought, orders.needs)
    _add_up(links.first, links.leader, rows, fall, stocks, ordered, missing, cover)
    hit = (missing != 0.0).nonzero()[0]
    short = np.minimum(np.maximum(e.input_shortfall[hit] + missing[hit], 0.0), 1.0)
    e.input_shortfall[hit] = short
    # Stocks of what is no longer missing help nobody.
    e.input_cover[hit] = np.minimum(e.input_cover[hit] + cover[hit], short / substitution)


@compiled(
    "void(int64[::1], int64[::1], int64[::1], float64[::1], float64[::1],"
    " UniTuple(float64[::1], 3), float64[::1], float64[::1])"
)
def _add_up(
    first: Whole, leaders: Whole, rows: Whole, fall: Array, stocks: Array,
    ordered: tuple[Array, Array, Array], missing: Array, cover: Array,
) -> None:  # fmt: skip
    """Add up by leader what some suppliers deliver less, and the stocks that make up for it.

    Args:
        first: Place of each supplier's first link, shape (suppliers + 1,).
        leaders: Row of the leader of each link, shape (links,).
        rows: Rows of the suppliers.
        fall: By how much less of their orders they fill, shape of `rows`.
        stocks: Quarters of their deliveries that stocks make up for, shape of `rows`.
        ordered: Mass, what is bought for a unit of it, and needs (`Orders`).
        missing: Added to: part of needs, shape (leaders,).
        cover: Added to: quarters of needs, shape (leaders,).
    """
    mass, bought, needs = ordered
    for k in range(len(rows)):
        for link in range(first[rows[k]], first[rows[k] + 1]):
            leader = leaders[link]
            part = mass[rows[k]] * (bought[leader] / max(needs[leader], 1e-30))
            missing[leader] += part * fall[k]
            cover[leader] += part * stocks[k]
