"""The year's programmes: purses, instalments of cluster awards, the calls for R&D projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import targeting
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
    m.paid_now = np.zeros(len(e))
    if m.quarter % 4:
        return
    # Rows come at the start of a year alone, so that a year's grants stay in their places.
    m.granted = {}
    m.ticket = _ticket(m)
    m.province.open_year()
    m.banks.open_year()
    _pay_awards(m)
    m.province.divide()
    _call_for_rd(m)


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
        if lever.channel in CONDITIONAL and "province" in lever.payer
    )
    number = np.bincount(e.size, e.weight, len(SIZES))
    ticket = np.asarray(share * paid / np.maximum(number, 1.0))
    ticket[SIZES.index("below_scale")] = 0.0
    return ticket


def _pay_awards(m: ClusterPolicyModel) -> None:
    """Pay the instalments due to clusters, out of the special funds unless they are additional."""
    lever = m.policy.lever("cluster_award")
    if lever is None:
        return
    additional = bool(lever.value("additional", m.quarter))
    waiting: list[tuple[int, float]] = []
    for number, yuan in m.awards_due:
        cluster = m.clusters[number]
        if not cluster.titled:
            continue
        if not additional and yuan > m.province.award_fund:
            waiting.append((number, yuan))  # no money is left this year
            continue
        if not additional:
            m.province.award_fund -= yuan
        _pay_award(m, lever, cluster, number, yuan)
    m.awards_due = waiting


def _pay_award(
    m: ClusterPolicyModel, lever: Lever, cluster: Cluster, number: int, yuan: float
) -> None:
    """Part of an instalment goes to members' projects by their R&D, the rest to platforms."""
    e = m.enterprises
    fund = m.award_fund_of(lever)
    rows = np.flatnonzero((e.cluster == number) & e.rd_active & e.above_scale)
    last = e.last_rd_reported[rows]
    weighted = float(np.dot(e.weight[rows], last))
    projects = lever.value("projects", m.quarter) * yuan if weighted > 0.0 else 0.0
    if projects > 0.0:
        part = projects * last / weighted
        m.due.append(targeting.Due(m.quarter, lever, "steered", fund, e.id[rows], part))
    m.build_platform(cluster, lever, yuan - projects)
    cluster.received += yuan


def _call_for_rd(m: ClusterPolicyModel) -> None:
    """Yearly calls for R&D projects: grants on last year's R&D, and the marginal rate they set.

    An enterprise whose claim is at the cap gains nothing from a further yuan of R&D.
    """
    e = m.enterprises
    e.rd_grant_rate = np.zeros(len(e))
    free = e.rd_active.copy()
    for lever in m.policy.levers:
        if lever.channel != "price_of_rd" or not targeting.gives(lever, m.quarter):
            continue
        rate, cap = lever.value("rate", m.quarter), lever.value("cap", m.quarter, np.inf)
        base = np.where(free & targeting.applicants(m, lever), e.last_rd_reported, 0.0)
        approval = targeting.approve(m, lever, np.minimum(rate * base, cap))
        m.paid_now += targeting.commit(m, approval, approval.yuan)
        e.rd_grant_rate[(approval.yuan > 0.0) & (rate * base < cap)] = rate
        free &= approval.yuan <= 0.0  # the same R&D is supported once
