"""Payments to enterprises: claims approved, grants committed, and what falls due later."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import left_of
from jiqun.model.policy.ledger import Kind, sums_by_cell
from jiqun.model.policy.rationing import Queue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.model.agents.enterprises import Enterprises, Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel
    from jiqun.model.policy.ledger import Source


@dataclass(frozen=True)
class Approval:
    """Claims a lever has approved.

    Attributes:
        lever: The lever that pays.
        yuan: Yuan of each enterprise, shape (rows,).
        parts: Each part of its money with the rows that it pays.
    """

    lever: Lever
    yuan: Array
    parts: Sequence[tuple[Source, Whole]]


def approve(m: ClusterPolicyModel, lever: Lever, claim: Array) -> Approval:
    """Approve claims in order of the queue, inside the budget; the money is set aside.

    Args:
        m: The model.
        lever: The lever that pays.
        claim: Yuan claimed, zero where nothing is, shape (rows,).
    """
    e = m.enterprises
    rows = (claim != 0.0).nonzero()[0]
    queue = Queue(lever, e, rows, claim[rows], m.seed_of_run, m.quarter)
    approved, waits = np.zeros(len(e)), np.ones(len(rows), dtype=bool)
    parts: list[tuple[Source, Whole]] = []
    for source in m.province.sources(lever):
        left = m.province.left(lever, source)
        if left <= 0.0:
            continue
        asks = waits & m.province.open_to(source, rows)
        by_city = m.city_funds.holds(lever)
        won, yuan = _by_city(m, queue, asks, left) if by_city else queue.served(asks, left)
        waits[won], approved[rows[won]] = False, queue.asked[won]
        parts.append((source, rows[won]))
        m.province.spend(lever, source, yuan)
    return Approval(lever, approved, parts)


def _by_city(m: ClusterPolicyModel, queue: Queue, asks: Flag, left: float) -> tuple[Whole, float]:
    """Who is served where each city pays for its own; the money is set aside.

    Args:
        m: The model.
        queue: The claimants.
        asks: Which of them ask.
        left: Yuan that the lever may still commit.

    Returns:
        Places of those served in the queue, and yuan that they take.
    """
    city, won = m.enterprises.city[queue.rows], [np.zeros(0, dtype=np.int64)]
    for one in np.unique(city[asks]):
        most = min(left, float(m.city_funds.left[one]))
        got, taken = queue.served(asks & (city == one), most)
        m.city_funds.spend(int(one), taken)
        left = left_of(left, taken)
        won.append(got)
    places = np.concatenate(won)
    return np.sort(places, kind="stable"), float(queue.yuan[places].sum())


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
    paid = np.zeros(len(e))
    lag = wait + int(lever.value("lag", t))
    for source, approved in approval.parts:
        if not len(approved):
            continue
        due = np.minimum(approval.yuan[approved], actual[approved])
        unused = e.weight[approved] * (approval.yuan[approved] - due)
        m.province.spend(lever, source, -float(unused.sum()))
        if m.city_funds.holds(lever):
            for city in np.unique(e.city[approved]):
                m.city_funds.spend(int(city), -float(unused[e.city[approved] == city].sum()))
        rows, granted = approved[due > 0.0], due[due > 0.0]
        book(m, lever, Kind.COMMITTED, source, rows, granted)
        if lever.cap_a_year:
            m.programmes.granted.setdefault(lever.id, np.zeros(len(e)))[rows] += granted
        for year, share in enumerate(instalments(lever, t)):
            later, part = lag + 4 * year, share * granted
            if later == 0:
                paid[rows] += part
                book(m, lever, Kind.PAID, source, rows, part)
            else:
                m.programmes.payments_due.append(
                    Due(t + later, lever, source, e.id[rows], part, committed=t)
                )
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
    e, entries = m.enterprises, m.programmes.payments_due
    paid, due = np.zeros(len(e)), [entry for entry in entries if entry.quarter == m.quarter]
    if not due:
        return paid
    order = np.argsort(e.id, kind="stable")
    for entry in due:
        rows, alive = rows_of(e, entry.ids, order)
        rows, yuan = rows[alive], entry.yuan[alive]
        paid[rows] += -yuan if entry.repaid_to else yuan
        kind, payer = (Kind.REPAID, entry.repaid_to) if entry.repaid_to else (Kind.PAID, None)
        book(m, entry.lever, kind, entry.source, rows, yuan, payer)
    m.programmes.payments_due = [entry for entry in entries if entry.quarter > m.quarter]
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
