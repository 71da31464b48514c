"""Finance: a pecking order of own cash and loans up to a limit, and a finite supply of credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from mesa import Agent

from model.accounting import left_of
from model.elementary import exp, log

if TYPE_CHECKING:
    from model.model import ClusterPolicyModel
    from model.scenario import Array

Flag = npt.NDArray[np.bool_]


class Banks(Agent):  # type: ignore[misc]
    """The bank sector: what it lends in all, and what is left of the line for clusters.

    Attributes:
        credit: Manufacturing loans that banks are ready to hold, yuan.
        base_rate: Rate of new corporate loans, a share a year.
        granted: Share of asked-for loans granted in the last quarter.
        line_left: Yuan of the year left under separate cluster plans (article 16).
    """

    model: ClusterPolicyModel

    def __init__(self, model: ClusterPolicyModel, credit: float, base_rate: float) -> None:
        super().__init__(model)
        self.credit, self.base_rate = credit, base_rate
        self.granted, self.line_left = 1.0, 0.0

    def open_year(self) -> None:
        """Set the year's line for clusters."""
        self.line_left = self.model.lever_value("cluster_credit_line", "line")

    def lend(
        self, asked: float, owed: float, line: float, repaid_line: float, growth: float
    ) -> float:
        """Grow the supply of credit, take the line out of it and ration the rest.

        Args:
            asked: Loans asked for outside the line, yuan.
            owed: Loans outstanding before new ones, yuan.
            line: New loans of the quarter under the line, yuan.
            repaid_line: Loans under the line that are repaid in the quarter, yuan.
            growth: Growth of supply in the quarter, log.

        Returns:
            Share of what is asked for outside the line that is granted.
        """
        self.credit *= exp(growth)
        # Part of what stands under the line is new credit; the rest is taken from others.
        additional = self.model.lever_value("cluster_credit_line", "additional")
        self.credit += additional * (line - repaid_line)
        self.line_left = float(left_of(self.line_left, line))
        self.granted = ration(asked, self.credit - owed - line)
        return self.granted


def borrowing_limit(
    capital: Array, profit_year: Array, knowledge: Array, on_capital: float, on_profit: float,
    on_knowledge: Array | float,
) -> Array:  # fmt: skip
    """Most that banks lend to each enterprise, yuan: against plant, yearly profit and knowledge."""
    return (
        on_capital * capital + on_profit * np.maximum(profit_year, 0.0) + on_knowledge * knowledge
    )


def interest_rate(
    base: float, revenue: Array, leverage: Array, titled: Flag, size_spread: float,
    leverage_spread: float, title_discount: float,
) -> Array:  # fmt: skip
    """Interest rate, a share a year: base, dearer for the small and the indebted."""
    small = np.clip(log(4e8 / np.maximum(revenue, 1e6)) / log(400.0), 0.0, 1.0)
    rate = base + size_spread * (small - 0.35) + leverage_spread * (leverage - 0.27)
    result: Array = np.clip(rate - title_discount * titled, 0.01, 0.15)
    return result


def ration(demand: float, supply: float) -> float:
    """Share of asked-for new loans that banks can grant."""
    left = max(supply, 0.0)
    return 1.0 if demand <= left else left / demand


def loans_wanted(funds: Array, plan: Array, lump: Array, room: Array, debt_share: float) -> Array:
    """Long loans wanted: what own funds do not cover, and a usual share of lumpy investment.

    Args:
        funds: Own funds free for investment, yuan.
        plan: All outlay planned, yuan.
        lump: Lumpy investment in the plan, yuan.
        room: Borrowing limit less debt, yuan.
        debt_share: Share of lumps that banks finance even where cash is there.
    """
    wanted = np.maximum(plan - funds, debt_share * lump)
    return np.minimum(wanted, np.maximum(room, 0.0))
