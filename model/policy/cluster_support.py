"""Public money that a cluster gets as such: awards with its titles, and public platforms.

An award comes in steps (article 21): it is committed with the title, each instalment falls due
after a yearly appraisal, and the host city may add to it. Entries have the cluster's city and tier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import covers, left_of
from jiqun.model.channels import reads
from jiqun.model.dimensions import TIERS
from jiqun.model.elementary import dot
from jiqun.model.policy import payments
from jiqun.model.policy.eligibility import delivery, eligible_cluster
from jiqun.model.policy.ledger import (
    ADDITIONAL,
    CELLS,
    PAYEES,
    SPECIAL,
    Kind,
    Origin,
    Source,
    place,
)

if TYPE_CHECKING:
    from jiqun.model.agents.clusters import Cluster
    from jiqun.model.agents.enterprises import Whole
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel


def award_source(award: Lever, quarter: int) -> Source:
    """Where awards are paid from: the special funds unless they are additional."""
    additional = award.value("additional", quarter) != 0.0
    return Source(Origin.STEERED, ADDITIONAL if additional else SPECIAL)


@reads("award", "cluster_award", provincial="money", national="money", upgrade_as_new="switch")
def promise_award(m: ClusterPolicyModel, number: int) -> None:
    """Commit the award that goes with a cluster's new title; its first part falls due."""
    cluster, award = m.clusters[number], m.policy.lever("cluster_award")
    amount = 0.0 if award is None else award.value(cluster.status, m.quarter)
    upgrade = cluster.award > 0.0
    if award is None or amount <= 0.0 or (upgrade and not award.value("upgrade_as_new", m.quarter)):
        return
    # What was still to come for a lower title is overtaken by the higher one.
    cluster.award, cluster.instalments_paid = amount, 0
    book(m, award, Kind.COMMITTED, award_source(award, m.quarter), cluster, amount)
    promise_instalment(m, number)


def promise_instalment(m: ClusterPolicyModel, number: int) -> None:
    """Put the next instalment of an award on the list for the coming year, if any is left."""
    cluster, award = m.clusters[number], m.policy.lever("cluster_award")
    if award is None:
        return
    # As promised with the title, also where the lever has ended since.
    shares = payments.instalments(award, cluster.titled_since)
    if cluster.instalments_paid < len(shares):
        m.programmes.instalments_due.append(
            (number, shares[cluster.instalments_paid] * cluster.award)
        )
        cluster.instalments_paid += 1


@reads("award", "cluster_award", additional="switch", projects="share")
def pay_awards(m: ClusterPolicyModel) -> None:
    """Pay the instalments due, out of the special funds unless they are additional."""
    award = m.policy.lever("cluster_award")
    if award is None:
        return
    source = award_source(award, m.quarter)
    waiting: list[tuple[int, float]] = []
    for number, yuan in m.programmes.instalments_due:
        if not m.clusters[number].titled:
            continue
        if source.fund == SPECIAL:
            if not covers(m.province.award_fund, yuan):
                waiting.append((number, yuan))  # no money is left this year
                continue
            m.province.award_fund = left_of(m.province.award_fund, yuan)
        pay_instalment(m, award, number, yuan)
    m.programmes.instalments_due = waiting


@reads("award_matching", "city_matching", share="share")
def pay_instalment(m: ClusterPolicyModel, award: Lever, number: int, yuan: float) -> None:
    """Pay an instalment, and what the city adds to it of its own (article 21).

    Args:
        m: The model.
        award: The lever that awards.
        number: Index of the cluster in `m.clusters`.
        yuan: Instalment of the award, without what the city adds.
    """
    cluster, city, e = m.clusters[number], m.policy.lever("city_matching"), m.enterprises
    doing_rd = ((e.cluster == number) & e.rd_active & e.above_scale).nonzero()[0]
    _divide(m, award, award_source(award, m.quarter), cluster, doing_rd, yuan)
    cluster.received += yuan
    added = 0.0 if city is None else city.value("share", m.quarter) * yuan
    if city is not None and added > 0.0 and eligible_cluster(city, cluster, m.quarter):
        added *= float(np.mean(delivery(m, city, np.array([number]))))
        if m.city_funds.holds(city):
            # A city adds what it has left, were it less than asked.
            added = min(added, float(m.city_funds.left[cluster.city]))
            m.city_funds.spend(cluster.city, added)
        (source,) = m.province.sources(city)
        book(m, city, Kind.COMMITTED, source, cluster, added)
        _divide(m, city, source, cluster, doing_rd, added)


def _divide(
    m: ClusterPolicyModel, lever: Lever, source: Source, cluster: Cluster, rows: Whole, yuan: float
) -> None:
    """Part of an instalment goes to members' projects by their R&D, the rest to platforms.

    No project is paid more than its R&D: what is left over goes to platforms too.

    Args:
        m: The model.
        lever: Lever that pays.
        source: Part of the money it is taken from.
        cluster: Cluster that the instalment is for.
        rows: Members above scale that do R&D.
        yuan: The instalment.
    """
    e = m.enterprises
    last = e.last_rd_reported[rows]
    weighted = dot(e.weight[rows], last)
    share = m.lever_value("cluster_award", "projects")
    for_projects = share * yuan if weighted > 0.0 else 0.0
    if for_projects > 0.0:
        each = np.minimum(for_projects * last / weighted, last - m.programmes.rd_supported[rows])
        for_projects = dot(e.weight[rows], each)
        m.programmes.rd_supported[rows] += each
        m.programmes.payments_due.append(payments.Due(m.quarter, lever, source, e.id[rows], each))
    build_platform(m, lever, source, cluster, yuan - for_projects)


def build_platform(
    m: ClusterPolicyModel, lever: Lever, source: Source, cluster: Cluster, yuan: float
) -> None:
    """Province or city buys public platforms for a cluster.

    Args:
        m: The model.
        lever: Lever that pays.
        source: Part of the money it is taken from.
        cluster: Cluster that the platforms are for.
        yuan: Price of what is bought, at the prices of the quarter.
    """
    book(m, lever, Kind.PAID, source, cluster, yuan)
    m.accounts.books.book("government", -yuan)
    m.accounts.books.book("outside", yuan)
    m.accounts.transfers_paid += yuan
    cluster.platform += yuan / m.markets.price_level


def book(
    m: ClusterPolicyModel, lever: Lever, kind: Kind, source: Source, cluster: Cluster, yuan: float
) -> None:
    """Enter in the ledger what a cluster as such is promised or paid, yuan.

    Args:
        m: The model.
        lever: Lever that promises or pays.
        kind: What happens to the money.
        source: Part of the money it is taken from.
        cluster: Cluster that the money is for; the entry is under its city and tier.
        yuan: Amount promised or paid.
    """
    total = np.zeros(CELLS)
    total[place(cluster.city, TIERS.index(cluster.tier), PAYEES.index("platform"))] = yuan
    m.ledger.book(m.year, lever, kind, source, total)
