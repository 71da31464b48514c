"""What a promise costs when it is made: losses to be expected of guarantees and of equity.

Later pay-outs draw on the provision and are no second cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.model.elementary import power

if TYPE_CHECKING:
    from collections.abc import Mapping


def years_owed(p: Mapping[str, float]) -> float:
    """Present value of a year's payment on a yuan of guaranteed debt while it is owed.

    Debt falls by repayment, by `1 / loan_term` a year, and by pay-outs.
    """
    return 1.0 / (1.0 / p["loan_term"] + payouts(p) + p["discount_rate"])


def payouts(p: Mapping[str, float]) -> float:
    """Pay-outs a year on a yuan guaranteed, before recoveries.

    What is published is pay-outs over guarantees released, each of which lasted `guarantee_years`.
    """
    return p["guarantee_payouts"] / p["guarantee_years"]


def loss(p: Mapping[str, float]) -> float:
    """Expected loss of a yuan guaranteed, net of recoveries, present value."""
    return years_owed(p) * payouts(p) * p["guarantee_loss"]


def of_guarantee(p: Mapping[str, float]) -> float:
    """Expected loss of a yuan guaranteed, net of fees as well; not below zero."""
    return max(loss(p) - years_owed(p) * p["guarantee_fee"], 0.0)


def of_equity(p: Mapping[str, float]) -> float:
    """Cost of a yuan of equity: what does not come back, and what it would have earned."""
    kept = 1.0 - p["stake_haircut"]
    return 1.0 - kept * power(1.0 + p["discount_rate"], -p["stake_years"])
