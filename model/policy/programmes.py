"""The year's programmes: budgets open, awards and stakes are paid, calls are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.channels import reads
from jiqun.model.dimensions import SIZES, Array, Size
from jiqun.model.economy.finance import ration
from jiqun.model.elementary import dot
from jiqun.model.policy import awareness, cluster_support, payments, projects, provisions
from jiqun.model.policy.eligibility import (
    claimants,
    claims,
    delivery_by_cluster,
    holds_any,
    size_class,
    usual_take_up,
)
from jiqun.model.policy.ledger import Kind

if TYPE_CHECKING:
    from jiqun.model.model import ClusterPolicyModel

CONDITIONAL = ("price_of_equipment", "price_of_digital", "price_of_green")
"""Channels of grants for which R&D can be a condition (those for R&D need it anyway)."""


def programmes(m: ClusterPolicyModel) -> None:
    """Size classes of the quarter; once a year budgets open and the yearly calls are held."""
    e = m.enterprises
    e.size = size_class(e.above_scale, e.expected_revenue, e.employees)
    m.programmes.grants_paid = np.zeros(len(e))
    _hear(m)
    if m.quarter % 4:
        return
    # Rows come at the start of a year alone, so that a year's grants stay in their places.
    m.programmes.granted, m.programmes.misused, m.programmes.rd_supported = {}, [], np.zeros(len(e))
    m.programmes.rd_conditional_grants = _conditional_grants(m)
    m.province.open_year()
    m.banks.open_year()
    cluster_support.pay_awards(m)
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
    organised = e.rd_institution | holds_any(e)
    for lever in m.policy.levers:
        if lever.id in e.heard and lever.in_force(m.quarter):
            e.heard[lever.id] += 0.25 * awareness.hazard(
                e.expected_revenue, organised, m.peer_share(claimants(m, lever)),
                p["learn_rate"], p["learn_size_power"], p["learn_organised"], p["learn_peer"],
            )  # fmt: skip


@reads("eligibility", "rd_conditionality", share="share")
def _conditional_grants(m: ClusterPolicyModel) -> Array:
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
    grants = np.asarray(share * paid / np.maximum(number, 1.0))
    grants[Size.BELOW_SCALE] = 0.0
    return grants


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
    usual, delivered = usual_take_up(m, lever), delivery_by_cluster(m, lever)
    claiming = claims(lever, e, m.seed_of_run, t, usual, delivered)
    wanted = np.where(claiming, wanted, 0.0)
    asked = dot(e.weight, wanted)
    rows = (wanted > 0.0).nonzero()[0]
    if not len(rows):
        return
    equity = ration(asked, yearly) * wanted
    (source,) = m.province.sources(lever)
    # The province holds a stake for it, so it is invested and not spent.
    payments.book(m, lever, Kind.INVESTED, source, rows, equity[rows])
    m.count(lever.id, "stakes", e.weight * equity)
    m.count(lever.id, "stakes_lost", e.weight * equity * provisions.of_equity(m.parameters))
    e.cash += equity
    m.accounts.transfers_paid += dot(e.weight, equity)
    m.accounts.books.book("government", -dot(e.weight, equity))
