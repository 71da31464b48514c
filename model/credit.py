"""Credit: loans asked for and granted, their rate, and interest due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import finance, targeting
from model.elementary import dot
from model.enterprises import NEVER
from model.reach import felt

if TYPE_CHECKING:
    from model.model import ClusterPolicyModel
    from model.scenario import Array


def interest_due(m: ClusterPolicyModel) -> Array:
    """Interest on all loans, yuan a year; loans under the cluster credit line are cheaper."""
    e = m.enterprises
    discount = m.lever_value("cluster_credit_line", "discount")
    return e.rate * (e.debt_short + e.debt_long) - discount * e.debt_line


def lend(
    m: ClusterPolicyModel, funds: Array, outlay: Array, lump: Array, repaid: Array
) -> tuple[Array, Array, Array]:
    """New long loans, the change of short ones, and what of the long ones is under the line."""
    e, p, w = m.enterprises, m.parameters, m.enterprises.weight
    limit = finance.borrowing_limit(
        e.capital, 4.0 * e.profit, e.knowledge, p["limit_capital"], p["limit_profit"],
        p["limit_knowledge"] + felt(m, "credit_terms", "pledge"),
    )  # fmt: skip
    limit = limit * (1.0 + felt(m, "credit_terms", "limit"))
    room = limit - e.debt_short - e.debt_long + repaid
    long = finance.loans_wanted(funds, outlay, lump, room, p["debt_share"])
    line, lever = np.zeros(len(e)), m.policy.lever("cluster_credit_line")
    if lever is not None:
        delivered = targeting.delivery(m, lever)
        users = targeting.claims(lever, e, m.seed_of_run, m.quarter, 0.0, delivered)
        # The line is for investment: it widens the limit of long loans alone, and that by no more
        # than it can lend.
        wider = room + lever.value("limit", m.quarter) * limit
        within = users * finance.loans_wanted(funds, outlay, lump, wider, p["debt_share"])
        served = finance.ration(dot(w, within), m.banks.line_left)
        line, long = served * within, long * (1.0 - served * users)
    usual = p["short_share"] * e.expected_revenue
    # What buyers of the chain owe is lent on, whatever plant a supplier has to pledge.
    chain = felt(m, "credit_terms", "working") * usual
    working = usual + chain - e.debt_short
    short = np.minimum(0.15 * working, np.maximum(room - long - line, 0.0) + chain)
    asked = dot(w, long + np.maximum(short, 0.0))
    owed = dot(w, e.debt_short + e.debt_long - repaid)
    new_line = dot(w, line)
    repaid_line = dot(w, e.debt_line) / (4.0 * p["loan_term"])
    growth = p["credit_growth"] * m.policy.outside.factor("credit_growth", m.year)
    granted = m.banks.lend(asked, owed, new_line, repaid_line, growth / 4.0)
    return long * granted + line, np.where(short > 0.0, granted * short, short), line


def interest_discount(m: ClusterPolicyModel, long: Array, unsupported: Array) -> Array:
    """Interest discount on new long loans: a year's interest at the stated rate, when drawn.

    It is not above the rate that is paid, nor above what no grant pays of what was bought.

    Args:
        m: The model.
        long: New long loans, yuan, shape (rows,).
        unsupported: Outlay of the quarter less the grants for it, yuan, shape (rows,).
    """
    lever = m.policy.lever("loan_interest_discount")
    rate = 0.0 if lever is None else lever.value("discount", m.quarter)
    if lever is None or rate <= 0.0:
        return np.zeros(len(long))
    most = np.minimum(np.minimum(rate, m.enterprises.rate) * long, targeting.cap_left(m, lever))
    most = np.minimum(most, np.maximum(unsupported, 0.0))
    claim = np.where(targeting.applicants(m, lever), most, 0.0)
    return targeting.grant(m, lever, claim)


def set_rates(m: ClusterPolicyModel) -> None:
    """Interest rate of each enterprise for the next quarter."""
    e, p = m.enterprises, m.parameters
    leverage = (e.debt_short + e.debt_long) / np.maximum(e.capital, 1.0)
    titled = (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.high_tech > NEVER)
    rate = finance.interest_rate(
        m.banks.base_rate, e.expected_revenue, np.minimum(leverage, 2.0), titled,
        p["rate_size_spread"], p["rate_leverage_spread"], p["title_discount"],
    )  # fmt: skip
    discount = m.title_credit.take(e.cluster) + felt(m, "credit_terms", "discount")
    e.rate = np.maximum(rate - discount, 0.005)
