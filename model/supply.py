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

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from model.enterprises import Whole
    from model.model import ClusterPolicyModel
    from model.scenario import Array

WEEKS = 13.0
"""Weeks of a quarter."""


@dataclass(frozen=True)
class Orders:
    """What leaders order through links this quarter.

    Attributes:
        mass: Competitiveness of all enterprises of a row, shape (suppliers,).
        share: Part of its needs that a leader orders for a unit of mass, shape (leaders,).
    """

    mass: Array
    share: Array

    def part(self, links: csr_array, fall: Array) -> Array:
        """Part of each leader's needs that is ordered where something falls, times that fall.

        Args:
            links: The links, shape (suppliers, leaders).
            fall: Shape (suppliers,).

        Returns:
            Shape (leaders,).
        """
        each = np.repeat(self.mass * fall, np.diff(links.indptr))
        return np.bincount(links.indices, each, len(self.share)) * self.share


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


def within_supply(m: ClusterPolicyModel) -> Array:
    """Part of the sales asked for that an enterprise has the inputs for, shape (rows,).

    One for all but leaders that miss inputs.
    """
    e = m.enterprises
    uncovered = e.input_shortfall - np.minimum(e.input_cover, e.input_shortfall)
    return 1.0 - m.parameters["link_specific"] * uncovered


def deliver(m: ClusterPolicyModel, asked: Array) -> None:
    """What suppliers filled of their orders this quarter, and what leaders miss from the next on.

    Args:
        m: The model, with the quarter's sales.
        asked: Sales asked for, yuan a quarter, shape (rows,).
    """
    e = m.enterprises
    e.input_cover -= np.minimum(e.input_cover, e.input_shortfall)
    e.input_shortfall *= 1.0 - m.parameters["link_substitution"]
    filled = np.minimum(e.revenue / np.maximum(asked, 1e-9), 1.0)
    # Nobody counted on more than a supplier made when it began to deliver.
    before = np.where(e.orders_filled > 0.0, e.orders_filled, filled)
    e.orders_filled = filled
    _miss(m, before - filled)


def fail(m: ClusterPolicyModel, gone: Whole) -> None:
    """Leaders miss what those who leave delivered this quarter.

    Args:
        m: The model.
        gone: Rows of those who leave.
    """
    e = m.enterprises
    fall = np.zeros(len(e))
    fall[gone] = e.orders_filled[gone]
    e.orders_filled[gone] = 0.0
    _miss(m, fall)


def _miss(m: ClusterPolicyModel, fall: Array) -> None:
    """Add to what leaders miss, and to the stocks that make up for it."""
    e, p = m.enterprises, m.parameters
    substitution = p["link_substitution"]
    stocks = covered(fall, p["input_stock"] / WEEKS, substitution)
    missing = e.input_shortfall + m.orders.part(m.links, fall)
    e.input_shortfall = np.clip(missing, 0.0, 1.0)
    cover = e.input_cover + m.orders.part(m.links, stocks)
    # Stocks of what is no longer missing help nobody.
    e.input_cover = np.minimum(cover, e.input_shortfall / substitution)
