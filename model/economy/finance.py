"""Finance: a pecking order of own cash and loans up to a limit, and what banks supply at a rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from mesa import Agent

from jiqun.model.accounting import left_of
from jiqun.model.calendar import quarter_index
from jiqun.model.channels import reads
from jiqun.model.elementary import compiled, exp, log

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel

Flag = npt.NDArray[np.bool_]


class Banks(Agent):  # type: ignore[misc]
    """The bank sector: what it lends in all, and what is left of the line for clusters.

    Attributes:
        credit: Manufacturing loans that banks are ready to hold at the base rate, yuan.
        base_rate: Rate of new corporate loans, a share a year.
        premium: What is added to it so that the loans asked for are supplied, a share a year.
        granted: Share of bankable demand granted in the last quarter.
        lost: Loans written off since loans were last granted, yuan.
        line_left: Yuan of the year left under separate cluster plans (article 16).
    """

    model: ClusterPolicyModel

    def __init__(self, model: ClusterPolicyModel, credit: float, base_rate: float) -> None:
        super().__init__(model)
        self.credit, self.base_rate = credit, base_rate
        self.granted, self.premium = 1.0, 0.0
        self.lost = self.line_left = 0.0

    @reads("price_of_credit", "cluster_credit_line", line="money")
    def open_year(self) -> None:
        """Set the year's line for clusters."""
        self.line_left = self.model.lever_value("cluster_credit_line", "line")

    def lend(
        self, asked: float, held: float, repaid: float, line: float, repaid_line: float
    ) -> float:
        """Move the supply of credit, take the line out of it and supply the rest.

        Until the origin supply is the stock that was published, and what is asked for beyond it is
        rationed. Afterwards banks lend more at a higher rate: what they hold at the origin grows at
        a given pace, has a constant elasticity to the premium over the base rate, and the premium,
        which may be a discount, is where it meets what is asked for. Losses beyond the usual ones
        cut what banks are ready to hold (Peek and Rosengren 2000).

        Args:
            asked: Loans asked for outside the line, each within its enterprise's own limit, yuan.
            held: Loans outstanding at the end of the quarter before, yuan.
            repaid: Loans repaid in the quarter, yuan.
            line: New loans of the quarter under the line, yuan.
            repaid_line: Loans under the line that are repaid in the quarter, yuan.

        Returns:
            Share of what is asked for outside the line that is granted.
        """
        m, p = self.model, self.model.parameters
        outside, year, owed = m.policy.outside, m.year, held - repaid
        # Part of what stands under the line is new credit; the rest is taken from others.
        additional = m.lever_value("cluster_credit_line", "additional") * (line - repaid_line)
        self.line_left = left_of(self.line_left, line)
        if year <= outside.origin:
            self.credit *= exp(outside.credit_growth_in(year) / 4.0)
            self.granted = ration(asked, self.credit + additional - owed - line)
        else:
            if m.quarter == quarter_index(outside.origin + 1, 1):
                self.credit = held
            self.credit *= exp(p["credit_growth"] * outside.factor("credit_growth", year) / 4.0)
            usual = p["loan_loss_usual"] / 4.0 * owed
            self.credit -= p["loss_response"] * (self.lost - usual)
            self.credit += additional
            stretch = max(owed + line + asked, 1.0) / max(self.credit, 1.0)
            self.granted = 1.0
            premium = log(stretch) / p["credit_supply_elasticity"]
            least, most = p["credit_premium_least"], p["credit_premium_most"]
            self.premium = min(max(premium, least), most)
        self.lost = 0.0
        return self.granted


def borrowing_limit(
    capital: Array, profit_year: Array, knowledge: Array, on_capital: Array | float,
    on_profit: Array | float, on_knowledge: Array | float,
) -> Array:  # fmt: skip
    """Most that banks lend to each enterprise, yuan: against plant, yearly profit and knowledge.

    Args:
        capital: Fixed capital, yuan, shape (rows,).
        profit_year: Profit at a yearly rate, yuan, shape (rows,); a loss counts as zero.
        knowledge: Knowledge stock, yuan of 2018, shape (rows,).
        on_capital: Lent on a yuan of capital, one number or shape (rows,).
        on_profit: Lent on a yuan of yearly profit, one number or shape (rows,).
        on_knowledge: Lent on a yuan of knowledge, one number or shape (rows,).
    """
    each = (
        on if isinstance(on, np.ndarray) else np.full(len(capital), on)
        for on in (on_capital, on_profit, on_knowledge)
    )  # fmt: skip
    return _borrowing_limit(capital, profit_year, knowledge, *each)


@compiled(
    "float64[::1](float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1])"
)
def _borrowing_limit(
    capital: Array, profit_year: Array, knowledge: Array, on_capital: Array, on_profit: Array,
    on_knowledge: Array,
) -> Array:  # fmt: skip
    """`borrowing_limit`, with what is lent on each as columns."""
    most = np.empty(len(capital))
    for i in range(len(capital)):
        on_plant = on_capital[i] * capital[i] + on_profit[i] * max(profit_year[i], 0.0)
        most[i] = on_plant + on_knowledge[i] * knowledge[i]
    return most


LOG_400 = log(400.0)


def smallness(revenue: Array) -> Array:
    """From 0 at 400 million yuan of revenue a year to 1 at one million, by its log, (rows,)."""
    share = log(4e8 / np.maximum(revenue, 1e6))
    share /= LOG_400
    return np.minimum(np.maximum(share, 0.0, out=share), 1.0, out=share)


def interest_rate(
    base: float, small: Array, leverage: Array, titled: Flag, size_spread: float,
    leverage_spread: float, title_discount: float,
) -> Array:  # fmt: skip
    """Interest rate, a share a year: base, dearer for the small and the indebted.

    Args:
        base: Rate of the banks for a borrower of usual size and debt, a share a year.
        small: How small its revenue is (`smallness`), shape (rows,).
        leverage: Debt over fixed capital, shape (rows,).
        titled: Who holds a title that banks reward, shape (rows,).
        size_spread: Rate of the smallest over that of the largest, a share a year.
        leverage_spread: Rise of the rate with leverage, a share a year.
        title_discount: What a title takes off the rate, a share a year.
    """
    return _interest_rate(
        base, small, leverage, titled, size_spread, leverage_spread, title_discount
    )


@compiled(
    "float64[::1](float64, float64[::1], float64[::1], boolean[::1], float64, float64, float64)"
)
def _interest_rate(
    base: float, small: Array, leverage: Array, titled: Flag, size_spread: float,
    leverage_spread: float, title_discount: float,
) -> Array:  # fmt: skip
    """The loop of `interest_rate`."""
    rate = np.empty(len(small))
    for i in range(len(small)):
        own = base + size_spread * (small[i] - 0.35) + leverage_spread * (leverage[i] - 0.27)
        rate[i] = min(max(own - title_discount * titled[i], 0.01), 0.15)
    return rate


def ration(demand: float, supply: float) -> float:
    """Share of asked-for new loans that banks can grant."""
    left = max(supply, 0.0)
    return 1.0 if demand <= left else left / demand


@compiled("float64[::1](float64[::1], float64[::1])")
def within_limit(wanted: Array, room: Array) -> Array:
    """What is asked of banks of the loans wanted: what the limit leaves room for, yuan."""
    asked = np.empty(len(wanted))
    for i in range(len(wanted)):
        asked[i] = min(wanted[i], max(room[i], 0.0))
    return asked


def lost_share(debt: Array, means: Array, usual: float) -> Array:
    """Part of a loan that is lost when its debtor fails: the usual one, or all beyond its means.

    Args:
        debt: All that the debtor owes, yuan, shape (rows,).
        means: Cash and what plant fetches, yuan.
        usual: Part usually lost, when staff, taxes and suppliers have had theirs.
    """
    missing = 1.0 - means / np.maximum(debt, 1.0)
    return np.minimum(np.maximum(missing, usual), 1.0)
