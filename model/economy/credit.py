"""Credit: loans asked for and granted, their rate, and interest due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import YUAN
from jiqun.model.agents.enterprises import NEVER
from jiqun.model.channels import reads
from jiqun.model.economy import finance
from jiqun.model.elementary import compiled, dot
from jiqun.model.policy import payments, provisions
from jiqun.model.policy.eligibility import applicants, claims, delivery_by_cluster
from jiqun.model.policy.offers import cap_left
from jiqun.model.policy.reach import channel_value, coverage

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


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
    known = 1.0 - p["limit_small"] * m.accounts.smallness[rows]
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
    room, wanted = _wishes((limit, e.debt_short, e.debt_long, repaid), gap, lump, p["debt_share"])
    long = finance.within_limit(wanted, room)
    line, lever = np.zeros(len(e)), m.policy.lever("cluster_credit_line")
    if lever is not None:
        delivered = delivery_by_cluster(m, lever)
        users = claims(lever, e, m.seed_of_run, m.quarter, 0.0, delivered)
        # The line is for investment: it widens the limit of long loans alone, and that by no more
        # than it can lend.
        wider = room + lever.value("limit", m.quarter) * limit
        within = users * finance.within_limit(wanted, wider)
        supplied = finance.ration(dot(w, within), m.banks.line_left)
        line, long = supplied * within, long * (1.0 - supplied * users)
    # Loans of new plants are drawn in equal parts over the year, as industry's long loans are.
    drawn = m.accounts.bridge_loans / (4 - m.quarter % 4)
    chain = np.full(len(e), channel_value(m, "credit_terms", "working"))
    more, short, raised = _working(
        e.expected_revenue, e.debt_short, room, long, line, chain, drawn, p["short_share"],
        p["working_speed"],
    )  # fmt: skip
    asked = dot(w, long + raised)
    held = dot(w, e.debt_short + e.debt_long)
    new_line = dot(w, line)
    repaid_line = dot(w, e.debt_line) / (4.0 * p["loan_term"])
    granted = m.banks.lend(asked, held, dot(w, repaid), new_line, repaid_line)
    m.accounts.bridge_loans = m.accounts.bridge_loans - drawn
    granted_long, granted_short = _grant(
        (long, line, short, raised), (wanted, more), granted, YUAN,
        (e.year_bound, e.year_asked, e.year_granted),
    )  # fmt: skip
    return Lent(granted_long, granted_short, line, granted * drawn)


@compiled(
    "UniTuple(float64[::1], 2)(UniTuple(float64[::1], 4), float64[::1], float64[::1], float64)"
)
def _wishes(
    room_of: tuple[Array, Array, Array, Array], gap: Array, lump: Array, share: float
) -> tuple[Array, Array]:
    """Room under the limit for new loans, and long loans wanted whatever it is, yuan.

    Args:
        room_of: Limit, short and long loans, and long loans repaid.
        gap: What own funds do not cover.
        lump: Lumpy investment planned.
        share: Part of it that is financed by loans at least.
    """
    limit, short, long, repaid = room_of
    room, wanted = np.empty(len(gap)), np.empty(len(gap))
    for i in range(len(gap)):
        room[i] = limit[i] - short[i] - long[i] + repaid[i]
        wanted[i] = max(gap[i], share * lump[i])
    return room, wanted


@compiled(
    "UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], float64[::1], float64, float64)"
)
def _working(
    revenue: Array, owed: Array, room: Array, long: Array, line: Array, chain: Array,
    drawn: Array, share: float, speed: float,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Short loans, which follow a share of revenue and what buyers of the chain owe, yuan.

    Args:
        revenue: Expected revenue, yuan a year.
        owed: Short loans so far.
        room: Room under the limit.
        long: Long loans asked for outside the line.
        line: Long loans under it.
        chain: What buyers of the chain owe over the usual short loans: it is lent on, whatever
            plant a supplier has to pledge.
        drawn: Loans of new plants that are drawn.
        share: Usual short loans over revenue.
        speed: Part of what is missing that is asked for in a quarter.

    Returns:
        Change wanted, change asked for under the limit, and new loans asked for beside long ones.
    """
    n = len(revenue)
    more, short, raised = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        usual = share * revenue[i]
        owing = chain[i] * usual
        more[i] = speed * (usual + owing - owed[i])
        short[i] = min(more[i], max(room[i] - long[i] - line[i], 0.0) + owing)
        raised[i] = max(short[i], 0.0) + drawn[i]
    return more, short, raised


@compiled(
    "UniTuple(float64[::1], 2)(UniTuple(float64[::1], 4), UniTuple(float64[::1], 2), float64,"
    " float64, UniTuple(float64[::1], 3))"
)
def _grant(
    loans: tuple[Array, Array, Array, Array], wishes: tuple[Array, Array], granted: float,
    short_by: float, counts: tuple[Array, Array, Array],
) -> tuple[Array, Array]:  # fmt: skip
    """Loans granted of those asked for, yuan, which are counted by year.

    Args:
        loans: Long loans outside and under the line, change of short ones, and what of new loans is
            asked for beside long ones.
        wishes: Long and short loans wanted, whatever the limit.
        granted: Share of what is asked for outside the line that is granted.
        short_by: Yuan that loans may be short of what is wanted before the limit binds (`covers`).
        counts: Who the limit bound, what was asked for and what granted in the year: written to.

    Returns:
        Long loans with those under the line, and the change of short ones.
    """
    (long, line, short, raised), (wanted, more) = loans, wishes
    bound, year_asked, year_granted = counts
    all_long, all_short = np.empty(len(long)), np.empty(len(long))
    for i in range(len(long)):
        both = long[i] + line[i]
        enough = wanted[i] + more[i] < both + short[i] + short_by
        bound[i] = bound[i] if enough else 1.0
        year_asked[i] += both + raised[i]
        year_granted[i] += granted * (long[i] + raised[i]) + line[i]
        all_long[i] = long[i] * granted + line[i]
        all_short[i] = granted * short[i] if short[i] > 0.0 else short[i]
    return all_long, all_short


def owe(m: ClusterPolicyModel, lent: Lent, repaid: Array) -> None:
    """Add what was lent to what is owed, and take off what was repaid, yuan a row."""
    e, repaying = m.enterprises, 0.25 / m.parameters["loan_term"]
    _owe(
        (e.debt_short, e.debt_long, e.debt_line, e.debt_covered),
        (lent.short, lent.long, lent.line, lent.bridged), repaid, 1.0 - repaying,
    )  # fmt: skip
    _cover(m, lent.long)


@compiled("void(UniTuple(float64[::1], 4), UniTuple(float64[::1], 4), float64[::1], float64)")
def _owe(
    debts: tuple[Array, Array, Array, Array], lent: tuple[Array, Array, Array, Array],
    repaid: Array, left: float,
) -> None:  # fmt: skip
    """Move debts, in place, by what is lent and repaid, yuan.

    Args:
        debts: Short and long loans, the long ones under the line, and those that are guaranteed.
        lent: Short and long loans, what may be under the line of the latter, and bridge loans.
        repaid: Long loans repaid.
        left: Part of the loans under the line and of the guaranteed ones that is not repaid.
    """
    (short, long, line, covered), (more, new, under_line, bridged) = debts, lent
    for i in range(len(short)):
        short[i] += more[i]
        long[i] = long[i] + new[i] + bridged[i] - repaid[i]
        line[i] = line[i] * left + min(under_line[i], new[i])
        covered[i] *= left


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


def dearer(m: ClusterPolicyModel, discount: Array) -> Array:
    """Rate of loans above that of 2018 at the same size and leverage, a share a year, (rows,)."""
    moved = m.banks.base_rate + m.banks.premium - m.policy.outside.loan_rate_in(2018)
    return moved - discount


@reads("credit_terms", discount="share")
def discount(m: ClusterPolicyModel) -> Array:
    """What titles and levers take off the rate, a share a year, shape (rows,)."""
    return np.asarray(
        m.cluster_terms.loan_discount[m.enterprises.cluster]
        + channel_value(m, "credit_terms", "discount")
    )


def set_rates(m: ClusterPolicyModel, discount: Array) -> None:
    """Interest rate of each enterprise for the next quarter, with what is taken off it."""
    e, p = m.enterprises, m.parameters
    leverage, titled = _debtors(
        (e.debt_short, e.debt_long, e.capital), (e.srdi, e.little_giant, e.high_tech), NEVER
    )
    rate = finance.interest_rate(
        m.banks.base_rate + m.banks.premium, m.accounts.smallness, leverage, titled,
        p["rate_size_spread"], p["rate_leverage_spread"], p["title_discount"],
    )  # fmt: skip
    e.rate = np.maximum(rate - discount, LEAST_RATE)


@compiled(
    "Tuple((float64[::1], boolean[::1]))(UniTuple(float64[::1], 3), UniTuple(int64[::1], 3), int64)"
)
def _debtors(
    books: tuple[Array, Array, Array], titles: tuple[Whole, Whole, Whole], never: int
) -> tuple[Array, Flag]:
    """Debt over fixed capital, at most two, and who holds a title that banks reward.

    Args:
        books: Short and long loans and fixed capital, yuan, each shape (rows,).
        titles: Quarter of the last award of each title, each shape (rows,).
        never: That of a title that was never held.
    """
    (short, long, capital), (first, second, third) = books, titles
    leverage, titled = np.empty(len(short)), np.empty(len(short), dtype=np.bool_)
    for i in range(len(short)):
        leverage[i] = min((short[i] + long[i]) / max(capital[i], 1.0), 2.0)
        titled[i] = (first[i] > never) | (second[i] > never) | (third[i] > never)
    return leverage, titled
