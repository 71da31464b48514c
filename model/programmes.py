"""The year's programmes: purses, instalments of cluster awards, equity, calls for projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import awareness, projects, provisions, targeting
from model.accounting import covers, left_of
from model.channels import reads
from model.elementary import dot
from model.enterprises import LABELS, NEVER
from model.finance import ration
from model.scenario import SIZES, Array

if TYPE_CHECKING:
    from model.clusters import Cluster
    from model.model import ClusterPolicyModel
    from model.scenario import Lever

CONDITIONAL = ("price_of_equipment", "price_of_digital", "price_of_green")
"""Channels of grants for which R&D can be a condition (those for R&D need it anyway)."""


def programmes(m: ClusterPolicyModel) -> None:
    """Size classes of the quarter; once a year purses are opened and the yearly calls are held."""
    e = m.enterprises
    e.size = targeting.size_class(e.above_scale, e.expected_revenue, e.employees)
    m.programmes.grants_paid = np.zeros(len(e))
    _hear(m)
    if m.quarter % 4:
        return
    # Rows come at the start of a year alone, so that a year's grants stay in their places.
    m.programmes.granted, m.programmes.misused, m.programmes.rd_supported = {}, [], np.zeros(len(e))
    m.programmes.rd_conditional_grants = _ticket(m)
    m.province.open_year()
    m.banks.open_year()
    _pay_awards(m)
    chosen = projects.choose(m)
    m.province.divide(projects.most_asked(m, chosen))
    m.programmes.purchases_by_channel = {}
    projects.hold_calls(m, chosen)
    _take_stakes(m)


def _hear(m: ClusterPolicyModel) -> None:
    """Add a quarter's hazard to what enterprises have heard of each new measure."""
    e, p = m.enterprises, m.parameters
    if not e.heard:
        return
    organised = e.rd_institution | np.any([getattr(e, label) > NEVER for label in LABELS], 0)
    for lever in m.policy.levers:
        if lever.id in e.heard and lever.in_force(m.quarter):
            e.heard[lever.id] += 0.25 * awareness.hazard(
                e.expected_revenue, organised, m.peer_share(targeting.claimants(m, lever)),
                p["learn_rate"], p["learn_size_power"], p["learn_organised"], p["learn_peer"],
            )  # fmt: skip


@reads("eligibility", "rd_conditionality", share="share")
def _ticket(m: ClusterPolicyModel) -> Array:
    """Grants of a year that R&D opens, yuan an enterprise by size class.

    What enterprises of the class received on average from the province's grants for other things
    than R&D, times the share of programmes that ask for R&D (article 5). An above-scale enterprise
    without R&D sees it as what it would win by starting.
    """
    e = m.enterprises
    share = m.lever_value("rd_conditionality", "share")
    if share <= 0.0:
        return np.zeros(len(SIZES))
    paid = sum(
        m.ledger.total(m.year - 1, lever.id).sum(axis=(0, 1))[: len(SIZES)]
        for lever in m.policy.levers
        if lever.channel in CONDITIONAL and "province" in lever.paid_by
    )
    number = np.bincount(e.size, e.weight, len(SIZES))
    ticket = np.asarray(share * paid / np.maximum(number, 1.0))
    ticket[SIZES.index("below_scale")] = 0.0
    return ticket


@reads("award", "cluster_award", additional="switch", projects="share")
def _pay_awards(m: ClusterPolicyModel) -> None:
    """Pay the instalments due to clusters, out of the special funds unless they are additional."""
    lever = m.policy.lever("cluster_award")
    if lever is None:
        return
    additional = bool(lever.value("additional", m.quarter))
    waiting: list[tuple[int, float]] = []
    for number, yuan in m.programmes.instalments_due:
        cluster = m.clusters[number]
        if not cluster.titled:
            continue
        if not additional and not covers(m.province.award_fund, yuan):
            waiting.append((number, yuan))  # no money is left this year
            continue
        if not additional:
            m.province.award_fund = float(left_of(m.province.award_fund, yuan))
        _pay_award(m, lever, cluster, number, yuan)
    m.programmes.instalments_due = waiting


@reads("award_matching", "city_matching", share="share")
def _pay_award(
    m: ClusterPolicyModel, lever: Lever, cluster: Cluster, number: int, yuan: float
) -> None:
    """Pay an instalment, and what the city adds to it of its own (article 21)."""
    _share_out(m, lever, ("steered", m.award_fund_of(lever)), cluster, number, yuan)
    cluster.received += yuan
    city = m.policy.lever("city_matching")
    added = 0.0 if city is None else city.value("share", m.quarter) * yuan
    if city is not None and added > 0.0 and projects.serves(city, cluster, m.quarter):
        added *= float(np.mean(targeting.delivery(m, city, np.array([number]))))
        if m.city_funds.holds(city):
            # A city adds what it has left, were it less than asked.
            added = min(added, float(m.city_funds.left[cluster.city]))
            m.city_funds.spend(cluster.city, added)
        ((origin, fund),) = m.province.parts(city)
        m.book_cluster(cluster, city, "committed", added, origin, fund)
        _share_out(m, city, (origin, fund), cluster, number, added)


def _share_out(
    m: ClusterPolicyModel, lever: Lever, part: tuple[str, str], cluster: Cluster, number: int,
    yuan: float,
) -> None:  # fmt: skip
    """Part of an instalment goes to members' projects by their R&D, the rest to platforms.

    No project is paid more than its R&D: what is left over goes to platforms too.
    """
    e, (origin, fund) = m.enterprises, part
    rows = np.flatnonzero((e.cluster == number) & e.rd_active & e.above_scale)
    last = e.last_rd_reported[rows]
    weighted = dot(e.weight[rows], last)
    share = m.lever_value("cluster_award", "projects")
    for_projects = share * yuan if weighted > 0.0 else 0.0
    if for_projects > 0.0:
        each = np.minimum(for_projects * last / weighted, last - m.programmes.rd_supported[rows])
        for_projects = dot(e.weight[rows], each)
        m.programmes.rd_supported[rows] += each
        m.programmes.payments_due.append(
            targeting.Due(m.quarter, lever, origin, fund, e.id[rows], each)
        )
    m.build_platform(cluster, lever, yuan - for_projects, origin, fund)


@reads("equity", "guidance_fund", yearly="money", stake="share", cap="money")
def _take_stakes(m: ClusterPolicyModel) -> None:
    """Guidance funds buy into enterprises: cash for equity, no grant, no income (article 20).

    Funds look for those they buy into, so nobody has to hear of them. Those served ask for a share
    of their plant up to a cap; where the year's sum is short, all get the same part of it.
    """
    e, t, lever = m.enterprises, m.quarter, m.policy.lever("guidance_fund")
    yearly = 0.0 if lever is None else lever.value("yearly", t)
    if lever is None or yearly <= 0.0:
        return
    wanted = np.minimum(lever.value("stake", t) * e.capital, lever.value("cap", t))
    usual, delivered = targeting.usual_take_up(m, lever), targeting.delivery(m, lever)
    served = targeting.claims(lever, e, m.seed_of_run, t, usual, delivered)
    wanted = np.where(served, wanted, 0.0)
    asked = dot(e.weight, wanted)
    rows = np.flatnonzero(wanted)
    if not len(rows):
        return
    equity = ration(asked, yearly) * wanted
    ((origin, fund),) = m.province.parts(lever)
    # The province holds a stake for it, so it is invested and not spent.
    targeting.book(m, lever, "invested", origin, fund, rows, equity[rows])
    m.count(lever.id, "stakes", e.weight * equity)
    m.count(lever.id, "stakes_lost", e.weight * equity * provisions.of_equity(m.parameters))
    e.cash += equity
    m.accounts.transfers_paid += dot(e.weight, equity)
    m.accounts.books.book("government", -dot(e.weight, equity))
