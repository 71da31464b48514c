"""Payments to enterprises: claims approved, grants committed, and what falls due later."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import left_of
from jiqun.model.elementary import dot
from jiqun.model.policy import rationing
from jiqun.model.policy.ledger import Kind, sums_by_cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Enterprises, Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel
    from jiqun.model.policy.ledger import Source


@dataclass(frozen=True)
class Approval:
    """Claims a lever has approved: yuan a row and which part of its money each is from."""

    lever: Lever
    yuan: Array
    part: Whole


def approve(m: ClusterPolicyModel, lever: Lever, claim: Array) -> Approval:
    """Approve claims in order of the queue, inside the budget; the money is set aside.

    Args:
        m: The model.
        lever: The lever that pays.
        claim: Yuan claimed, zero where nothing is, shape (rows,).
    """
    e = m.enterprises
    approved, part = np.zeros(len(e)), np.full(len(e), -1)
    rows = np.flatnonzero(claim)
    queue = rationing.priority(
        lever, e, rows, e.weight[rows] * claim[rows], m.seed_of_run, m.quarter
    )
    for i, source in enumerate(m.province.sources(lever)):
        asks = (part[rows] < 0) & m.province.open_to(source)[rows]
        left = m.province.left(lever, source)
        if m.city_funds.holds(lever):
            won = _by_city(m, rows[asks], claim, queue[asks], left)
        else:
            won = rows[rationing.serve(asks, claim[rows], e.weight[rows], queue, left)]
        approved[won], part[won] = claim[won], i
        m.province.spend(lever, source, dot(e.weight[won], claim[won]))
    return Approval(lever, approved, part)


def _by_city(m: ClusterPolicyModel, rows: Whole, claim: Array, queue: Array, left: float) -> Whole:
    """Who is served where each city pays for its own; the money is set aside.

    Args:
        m: The model.
        rows: Rows that ask.
        claim: Yuan that each row of all asks for.
        queue: Priority of each that asks, the lowest first.
        left: Yuan that the lever may still commit.
    """
    e, won = m.enterprises, [np.zeros(0, dtype=np.int64)]
    for city in np.unique(e.city[rows]):
        asks, most = e.city[rows] == city, min(left, float(m.city_funds.left[city]))
        got = rows[rationing.serve(asks, claim[rows], e.weight[rows], queue, most)]
        taken = dot(e.weight[got], claim[got])
        m.city_funds.spend(int(city), taken)
        left = float(left_of(left, taken))
        won.append(got)
    return np.concatenate(won)


def commit(m: ClusterPolicyModel, approval: Approval, actual: Array, wait: int = 0) -> Array:
    """Commit what was carried out of an approval; returns what is paid at once, yuan a row.

    What comes later, by lag and instalments, is put on the list of money due. What was approved
    and not carried out goes back into the budget.

    Args:
        m: The model.
        approval: The approved claims.
        actual: Yuan that the outlay carried out gives a claim to, shape (rows,).
        wait: Quarters that pass before the lever's own lag begins.
    """
    e, t, lever = m.enterprises, m.quarter, approval.lever
    granted = np.minimum(approval.yuan, actual)
    paid = np.zeros(len(e))
    lag = wait + int(lever.value("lag", t))
    for i, source in enumerate(m.province.sources(lever)):
        rows = np.flatnonzero(approval.part == i)
        if not len(rows):
            continue
        unused = dot(e.weight[rows], approval.yuan[rows] - granted[rows])
        m.province.spend(lever, source, -unused)
        if m.city_funds.holds(lever):
            back = e.weight[rows] * (approval.yuan[rows] - granted[rows])
            for city in np.unique(e.city[rows]):
                m.city_funds.spend(int(city), -float(back[e.city[rows] == city].sum()))
        rows = rows[granted[rows] > 0.0]
        book(m, lever, Kind.COMMITTED, source, rows, granted[rows])
        if lever.cap_a_year:
            m.programmes.granted.setdefault(lever.id, np.zeros(len(e)))[rows] += granted[rows]
        for year, share in enumerate(instalments(lever, t)):
            later = lag + 4 * year
            if later == 0:
                paid[rows] += share * granted[rows]
                book(m, lever, Kind.PAID, source, rows, share * granted[rows])
            else:
                part = e.id[rows], share * granted[rows]
                m.programmes.payments_due.append(Due(t + later, lever, source, *part, committed=t))
    return paid


def instalments(lever: Lever, quarter: int) -> list[float]:
    """Share of a grant that falls due in each year, by the terms of a quarter."""
    terms = sorted(term for term in lever.terms if term.startswith("instalment_"))
    return [lever.value(term, quarter) for term in terms] or [1.0]


def grant(m: ClusterPolicyModel, lever: Lever, claim: Array) -> Array:
    """Approve and commit claims in one; returns what is paid at once, yuan a row."""
    return commit(m, approve(m, lever, claim), claim)


@dataclass(frozen=True)
class Due:
    """Money that falls due in a quarter.

    Attributes:
        quarter: Quarter it falls due in.
        lever: Lever it is paid, or paid back, under.
        source: Part of public money that it is from.
        ids: Enterprises.
        yuan: Yuan of each.
        repaid_to: Who it is paid back to, by share; empty where it is paid out.
        committed: Quarter it was committed in, -1 where it was not by a grant.
    """

    quarter: int
    lever: Lever
    source: Source
    ids: Whole
    yuan: Array
    repaid_to: Mapping[str, float] = field(default_factory=dict)
    committed: int = -1


def rows_of(e: Enterprises, ids: Whole, order: Whole) -> tuple[Whole, Flag]:
    """Row of each id, and whether it is there and alive; `order` sorts the rows by id.

    Args:
        e: The enterprises.
        ids: Ids that are looked for, shape (ids,).
        order: Rows in order of their ids, shape (rows,).
    """
    rows = order.take(np.searchsorted(e.id, ids, sorter=order), mode="clip")
    return rows, (e.id[rows] == ids) & (e.weight[rows] > 0.0)


def cancel(m: ClusterPolicyModel, lever: Lever, committed: int, who: Flag) -> Array:
    """Cancel what is still to come of a lever's grants of a quarter; returns yuan a row.

    Args:
        m: The model.
        lever: The lever.
        committed: Quarter the grants were committed in.
        who: Enterprises that lose what is to come, shape (rows,).
    """
    e = m.enterprises
    cancelled, order = np.zeros(len(e)), np.argsort(e.id, kind="stable")
    for i, entry in enumerate(m.programmes.payments_due):
        if entry.lever.id == lever.id and entry.committed == committed:
            rows, alive = rows_of(e, entry.ids, order)
            lost = alive & who[rows]
            cancelled[rows[lost]] += entry.yuan[lost]
            m.programmes.payments_due[i] = replace(entry, yuan=np.where(lost, 0.0, entry.yuan))
    return cancelled


def pay_due(m: ClusterPolicyModel) -> Array:
    """Pay what falls due this quarter; returns yuan a row, less what is paid back.

    An enterprise that has left gets and pays none.
    """
    e = m.enterprises
    paid, order = np.zeros(len(e)), np.argsort(e.id, kind="stable")
    for entry in m.programmes.payments_due:
        if entry.quarter == m.quarter:
            rows, alive = rows_of(e, entry.ids, order)
            rows, yuan = rows[alive], entry.yuan[alive]
            paid[rows] += -yuan if entry.repaid_to else yuan
            kind, payer = (Kind.REPAID, entry.repaid_to) if entry.repaid_to else (Kind.PAID, None)
            book(m, entry.lever, kind, entry.source, rows, yuan, payer)
    m.programmes.payments_due = [
        entry for entry in m.programmes.payments_due if entry.quarter > m.quarter
    ]
    return paid


def book(
    m: ClusterPolicyModel, lever: Lever, kind: Kind, source: Source, rows: Whole | slice,
    yuan: Array, payer: Mapping[str, float] | None = None,
) -> None:  # fmt: skip
    """Enter in the ledger what enterprises get or pay back.

    Args:
        m: The model.
        lever: The lever.
        kind: What happens to the money.
        source: Part of public money that it is from.
        rows: Rows of the enterprises.
        yuan: Yuan an enterprise, shape of `rows`.
        payer: Share of each payer; that of the lever if absent.
    """
    e = m.enterprises
    m.ledger.book(m.year, lever, kind, source, sums_by_cell(e, e.weight[rows] * yuan, rows), payer)
