"""Credit: loans asked for and granted, their rate, and interest due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import covers
from jiqun.model.agents.enterprises import NEVER
from jiqun.model.channels import reads
from jiqun.model.economy import finance
from jiqun.model.elementary import dot
from jiqun.model.policy import payments, provisions
from jiqun.model.policy.eligibility import applicants, claims, delivery
from jiqun.model.policy.offers import cap_left
from jiqun.model.policy.reach import channel_value, coverage

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Whole
    from jiqun.model.model import ClusterPolicyModel
    from jiqun.model.scenario import Array


LEAST_RATE = 0.005
"""Least rate of a loan after discounts, a share a year."""


@reads("price_of_credit", "cluster_credit_line", discount="share")
def interest_due(m: ClusterPolicyModel) -> Array:
    """Interest on all loans, yuan a year; loans under the cluster credit line are cheaper."""
    e = m.enterprises
    discount = m.lever_value("cluster_credit_line", "discount")
    return e.rate * (e.debt_short + e.debt_long) - discount * e.debt_line


@dataclass(frozen=True)
class Lent:
    """What banks lend in a quarter, yuan a row.

    Attributes:
        long: New long loans for what is bought.
        short: Change of short loans.
        line: What of the long ones is under the cluster credit line.
        bridged: Loans of new plants, which take over what owners had advanced.
    """

    long: Array
    short: Array
    line: Array
    bridged: Array


def limits(
    m: ClusterPolicyModel, pledge: Array | float, rise: Array | float,
    rows: Whole | slice = slice(None),
) -> Array:  # fmt: skip
    """Most that banks lend to each enterprise, yuan, shape of `rows`.

    Args:
        m: The model.
        pledge: What is lent on a yuan of knowledge beyond the usual, one number or shape of `rows`.
        rise: Rise of the limit, a share, one number or shape of `rows`.
        rows: Rows that are asked for.
    """
    e, p = m.enterprises, m.parameters
    # Banks know less of small enterprises and lend less on what they own and earn.
    known = 1.0 - p["limit_small"] * finance.smallness(e.expected_revenue[rows])
    limit = finance.borrowing_limit(
        e.capital[rows], 4.0 * e.profit[rows], e.knowledge[rows], p["limit_capital"] * known,
        p["limit_profit"] * known, p["limit_knowledge"] + pledge,
    )  # fmt: skip
    return limit * (1.0 + rise)


@reads("price_of_credit", "cluster_credit_line", limit="share", additional="share")
@reads("credit_terms", pledge="share")
@reads("credit_terms", limit="share")
@reads("credit_terms", working="share")
def lend(m: ClusterPolicyModel, gap: Array, lump: Array, repaid: Array) -> Lent:
    """Loans asked for within each enterprise's own limit, and what banks supply of them.

    Bankable demand is all that is asked for after the limits, loans of new plants included.

    Args:
        m: The model.
        gap: What banks are asked for of what own funds do not cover, yuan, shape (rows,).
        lump: Lumpy investment planned, yuan.
        repaid: Long loans repaid in the quarter, yuan.
    """
    e, p, w = m.enterprises, m.parameters, m.enterprises.weight
    limit = limits(
        m, channel_value(m, "credit_terms", "pledge"), channel_value(m, "credit_terms", "limit")
    )
    room = limit - e.debt_short - e.debt_long + repaid
    wanted = np.maximum(gap, p["debt_share"] * lump)
    long = finance.within_limit(wanted, room)
    line, lever = np.zeros(len(e)), m.policy.lever("cluster_credit_line")
    if lever is not None:
        delivered = delivery(m, lever)
        users = claims(lever, e, m.seed_of_run, m.quarter, 0.0, delivered)
        # The line is for investment: it widens the limit of long loans alone, and that by no more
        # than it can lend.
        wider = room + lever.value("limit", m.quarter) * limit
        within = users * finance.within_limit(wanted, wider)
        supplied = finance.ration(dot(w, within), m.banks.line_left)
        line, long = supplied * within, long * (1.0 - supplied * users)
    usual = p["short_share"] * e.expected_revenue
    # What buyers of the chain owe is lent on, whatever plant a supplier has to pledge.
    chain = channel_value(m, "credit_terms", "working") * usual
    working = usual + chain - e.debt_short
    more = p["working_speed"] * working
    short = np.minimum(more, np.maximum(room - long - line, 0.0) + chain)
    # Loans of new plants are drawn in equal parts over the year, as industry's long loans are.
    drawn = m.accounts.bridge_loans / (4 - m.quarter % 4)
    raised = np.maximum(short, 0.0) + drawn
    asked = dot(w, long + raised)
    held = dot(w, e.debt_short + e.debt_long)
    new_line = dot(w, line)
    repaid_line = dot(w, e.debt_line) / (4.0 * p["loan_term"])
    granted = m.banks.lend(asked, held, dot(w, repaid), new_line, repaid_line)
    e.year_bound[~covers(long + line + short, wanted + more)] = 1.0
    e.year_asked += long + line + raised
    e.year_granted += granted * (long + raised) + line
    m.accounts.bridge_loans = m.accounts.bridge_loans - drawn
    short = np.where(short > 0.0, granted * short, short)
    return Lent(long * granted + line, short, line, granted * drawn)


def owe(m: ClusterPolicyModel, lent: Lent, repaid: Array) -> None:
    """Add what was lent to what is owed, and take off what was repaid, yuan a row."""
    e, repaying = m.enterprises, 0.25 / m.parameters["loan_term"]
    e.debt_short = e.debt_short + lent.short
    e.debt_long = e.debt_long + lent.long + lent.bridged - repaid
    e.debt_line = e.debt_line * (1.0 - repaying) + np.minimum(lent.line, lent.long)
    e.debt_covered *= 1.0 - repaying
    _cover(m, lent.long)


@reads("credit_terms", "credit_guarantee", coverage="share")
def _cover(m: ClusterPolicyModel, long: Array) -> None:
    """Guarantee part of new long loans, and count the loss to be expected of it, yuan a row.

    The guarantor bears the covered part, net of its fees; the bank the rest.
    """
    e, lever, p = m.enterprises, m.policy.lever("credit_guarantee"), m.parameters
    part = 0.0 if lever is None else lever.value("coverage", m.quarter)
    if lever is None or part <= 0.0:
        return
    share = part * coverage(m, lever)
    e.debt_covered += share * long
    covered = e.weight * share * long
    m.count(lever.id, "expected_loss", covered * provisions.of_guarantee(p))
    m.count(lever.id, "bank_loss", covered * ((1.0 - part) / part) * provisions.loss(p))


@reads("price_of_credit", "loan_interest_discount", discount="share", cap="money")
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
    most = np.minimum(np.minimum(rate, m.enterprises.rate) * long, cap_left(m, lever))
    most = np.minimum(most, np.maximum(unsupported, 0.0))
    claim = np.where(applicants(m, lever), most, 0.0)
    return payments.grant(m, lever, claim)


def dearer(m: ClusterPolicyModel) -> Array:
    """Rate of loans above that of 2018 at the same size and leverage, a share a year, (rows,)."""
    moved = m.banks.base_rate + m.banks.premium - m.policy.outside.loan_rate_in(2018)
    return moved - _discount(m)


@reads("credit_terms", discount="share")
def _discount(m: ClusterPolicyModel) -> Array:
    """What titles and levers take off the rate, a share a year, shape (rows,)."""
    return np.asarray(
        m.cluster_terms.loan_discount.take(m.enterprises.cluster)
        + channel_value(m, "credit_terms", "discount")
    )


def set_rates(m: ClusterPolicyModel) -> None:
    """Interest rate of each enterprise for the next quarter."""
    e, p = m.enterprises, m.parameters
    leverage = (e.debt_short + e.debt_long) / np.maximum(e.capital, 1.0)
    titled = (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.high_tech > NEVER)
    rate = finance.interest_rate(
        m.banks.base_rate + m.banks.premium, e.expected_revenue, np.minimum(leverage, 2.0), titled,
        p["rate_size_spread"], p["rate_leverage_spread"], p["title_discount"],
    )  # fmt: skip
    e.rate = np.maximum(rate - _discount(m), LEAST_RATE)
