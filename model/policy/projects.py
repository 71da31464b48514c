"""Calls for projects: grants for R&D, contests by an expert's score, institutes of clusters.

Articles 5 to 8, 10 and 15 ask for a number of projects a year. They are one channel: so many a
year as are asked for and delivered, chosen by score, supported by a share of the
project's R&D up to a cap, or by a standing in the market alone, which each wins once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import covers
from jiqun.model.channels import reads
from jiqun.model.elementary import dot, log, log1p, normal_cdf
from jiqun.model.innovation import audit
from jiqun.model.policy import cluster_support, payments
from jiqun.model.policy.eligibility import (
    applicants,
    claims_among,
    clusters_in,
    delivery,
    eligible,
    eligible_cluster,
    usual_take_up,
)
from jiqun.model.policy.horse_race import whole_places
from jiqun.model.policy.ledger import STEERED, Kind
from jiqun.model.policy.offers import gives
from jiqun.model.policy.rationing import allot
from jiqun.model.randomness import normal, uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel

LARGEST_PRODUCT = 0.25
"""Most that is sold more, or less, of one product, over all that its maker sells."""


@reads("project_grant", rate="share", cap="money", projects="projects")
@reads("project_grant", sales="money", projects="projects")
def choose(m: ClusterPolicyModel) -> dict[str, Flag]:
    """Contest to whom it chooses this year, shape (rows,); nobody is chosen for money twice."""
    free = np.ones(len(m.enterprises), dtype=bool)
    chosen: dict[str, Flag] = {}
    for lever in m.policy.levers_of("project_grant"):
        chosen[lever.id] = won = _winners(m, lever, free)
        if "rate" in lever.terms:
            free &= ~won
    return chosen


def most_asked(m: ClusterPolicyModel, chosen: Mapping[str, Flag]) -> dict[str, float]:
    """Lever to the most that can be asked of it in the year, yuan, where a window pays for it.

    Contests know their winners, and institutes their number. Of other grants an enterprise is taken
    to ask for no more than the rate on a year's revenue, up to the cap; and as many are expected to
    ask as bought such a thing in the year before, with room for more.
    """
    e, t, most = m.enterprises, m.quarter, dict[str, float]()
    number = float(e.weight.sum())
    for lever in m.policy.levers:
        if not lever.window or not gives(lever, t):
            continue
        if lever.channel == "public_platform":
            most[lever.id] = _number_of_institutes(m, lever) * lever.value("amount", t)
        elif lever.channel == "project_grant":
            most[lever.id] = dot(e.weight, _asked(m, lever, chosen[lever.id]))
        else:
            each = np.minimum(
                lever.value("rate", t) * e.expected_revenue, lever.value("cap", t, np.inf)
            )
            ready = applicants(m, lever)
            usual = m.programmes.purchases_by_channel.get(lever.channel, number) / number
            asking = min(m.parameters["window_room"] * usual, 1.0)
            most[lever.id] = asking * dot(e.weight, np.where(ready, each, 0.0))
    return most


@reads("price_of_rd", rate="share", cap="money")
@reads("public_platform", projects="projects", amount="money")
def hold_calls(m: ClusterPolicyModel, chosen: Mapping[str, Flag]) -> None:
    """The year's calls: contests first, then the open calls for R&D; institutes are set up.

    The same R&D is supported once: who wins a contest with money does not come to the open calls,
    nor from one of them to the next.

    Args:
        m: The model.
        chosen: Contest to whom it has chosen.
    """
    e = m.enterprises
    e.rd_grant_rate = np.zeros(len(e))
    free = np.ones(len(e), dtype=bool)
    for lever in m.policy.levers:
        if lever.channel == "project_grant":
            free &= ~_award(m, lever, chosen[lever.id])
        elif lever.channel == "public_platform":
            _set_up_institutes(m, lever)
    for lever in m.policy.levers_of("price_of_rd"):
        if gives(lever, m.quarter):
            free &= ~_support(m, lever, free & e.rd_active & applicants(m, lever))


def expert_score(
    intensity: Array, revenue: Array, weight: Array, view: Array, spread: float
) -> Array:
    """Points from 0 to 100 of each application, as an expert sees it.

    100 Φ of its mean distance from the other applications in R&D intensity and size, in standard
    deviations of logarithms, and the expert's view.

    Args:
        intensity: Reported R&D over revenue, shape (rows,).
        revenue: Yuan a year, shape (rows,).
        weight: Enterprises behind each row, shape (rows,).
        view: Standard normal draw of each expert, shape (rows,).
        spread: Spread of views, points.
    """
    distance, number = np.zeros(len(weight)), weight.sum()
    for quantity in (intensity, revenue):
        size = log(np.maximum(quantity, 1e-9))
        mean = np.sum(size * weight) / number
        deviation = np.sqrt(np.sum(np.square(size - mean) * weight) / number)
        distance += 0.5 * (size - mean) / max(float(deviation), 1e-9)
    result: Array = 100.0 * normal_cdf(distance) + spread * view
    return result


def product_appeal(sales: float, revenue: Array, sigma1: float) -> Array:
    """Appeal of an enterprise, log, with which it sells so much more at the prices of others.

    Demand rises by exp(sigma1 · appeal): the gain is bounded by the product, whatever the size of
    its maker.

    Args:
        sales: More sold of the product, yuan a year; less where it is negative.
        revenue: Of its maker, yuan a year, shape (rows,).
        sigma1: Elasticity of substitution less one.
    """
    part = np.clip(sales / np.maximum(revenue, 1.0), -LARGEST_PRODUCT, LARGEST_PRODUCT)
    result: Array = log1p(part) / sigma1
    return result


def _winners(m: ClusterPolicyModel, lever: Lever, free: Flag) -> Flag:
    """Choose the year's projects of a contest among those free for it."""
    e, t, seed = m.enterprises, m.quarter, m.seed_of_run
    won = np.zeros(len(e), dtype=bool)
    asked, pays = lever.value("projects", t), "rate" in lever.terms
    # Whoever is chosen is not free for the next contest: one that brings nothing chooses nobody.
    if asked <= 0.0 or not (gives(lever, t) if pays else lever.value("sales", t)):
        return won
    able = free & e.rd_active & (e.last_rd_reported > 0.0)
    if not pays:  # the numbers asked for are of new ones
        able &= ~e.chosen.setdefault(lever.id, np.zeros(len(e), dtype=bool))
    usual = usual_take_up(m, lever)
    rows = claims_among(lever, e, seed, t, usual, able)
    if not len(rows):
        return won
    w, revenue = e.weight[rows], np.maximum(e.expected_revenue[rows], 1.0)
    view = normal(seed, f"expert {lever.id}", e.id[rows], t)
    points = expert_score(
        e.last_rd_reported[rows] / revenue, revenue, w, view, m.parameters["score_noise"]
    )
    places = asked * delivered(m, lever, rows)
    rows = rows[np.argsort(-points, kind="stable")]
    lot = uniform(seed, f"place {lever.id}", e.id[rows], t)
    won[rows[allot(places, e.weight[rows], lot)]] = True
    return won


def _award(m: ClusterPolicyModel, lever: Lever, won: Flag) -> Flag:
    """Give the chosen what a contest brings; returns whose R&D it pays for."""
    pays = "rate" in lever.terms
    if not won.any():
        return won
    if pays:
        won = _support(m, lever, won)  # a project for which no money is left is none
    else:
        _raise_standing(m, lever, won)
        m.count(lever.id, "projects_chosen", m.enterprises.weight * won)
    m.counts.projects_chosen[lever.id] = float(m.enterprises.weight[won].sum())
    return won if pays else np.zeros(len(won), dtype=bool)


def _raise_standing(m: ClusterPolicyModel, lever: Lever, won: Flag) -> None:
    """What a project without money brings: a product that buyers see and buy more, or less, of."""
    e = m.enterprises
    e.chosen[lever.id] |= won
    m.count(lever.id, "first_sales", e.weight * won * lever.value("sales", m.quarter))
    sales, sigma1 = lever.value("sales", m.quarter), m.parameters["sigma"] - 1.0
    e.brand[won] += product_appeal(sales, e.expected_revenue[won], sigma1)


def _support(m: ClusterPolicyModel, lever: Lever, asks: Flag) -> Flag:
    """Grant a share of last year's R&D, and set the marginal rate; returns who is supported.

    Support of a year's R&D is never more than that R&D, whatever it gets of awards to its cluster.
    An enterprise whose claim is at the cap gains nothing from a further yuan of R&D, nor does one
    that spends the grant on other things.
    """
    e, p = m.enterprises, m.parameters
    if not gives(lever, m.quarter):
        return np.zeros(len(e), dtype=bool)
    rate, cap = lever.value("rate", m.quarter), lever.value("cap", m.quarter, np.inf)
    approval = payments.approve(m, lever, _asked(m, lever, asks))
    supported = approval.yuan > 0.0
    rows = supported.nonzero()[0]
    base, granted = e.last_rd_reported[rows], approval.yuan[rows]
    room = np.maximum(base - m.programmes.rd_supported[rows], 0.0)
    m.programmes.grants_paid += payments.commit(m, approval, approval.yuan)
    m.programmes.rd_supported[rows] += granted
    place = uniform(m.seed_of_run, f"diverts {lever.id}", e.id[rows])
    audited = np.broadcast_to(audit.chance(m), len(e))[rows]
    diverted = audit.diverts(place, rate, audited, p["misuse_share"])
    misused = np.zeros(len(e))
    misused[rows] = np.where(diverted, granted, 0.0)
    for source, paid in approval.parts:
        yuan = np.zeros(len(e))
        yuan[paid] = misused[paid]
        if yuan.any():
            m.programmes.misused.append(audit.Misused(lever, source, m.quarter, yuan))
    e.year_misused += misused
    below = (rate * base < cap) & (rate * base <= room)
    e.rd_grant_rate[rows[~diverted & below]] = rate
    return supported


def _asked(m: ClusterPolicyModel, lever: Lever, asks: Flag) -> Array:
    """What enterprises ask for of last year's R&D that nothing supports yet, yuan a row."""
    rate, cap = lever.value("rate", m.quarter), lever.value("cap", m.quarter, np.inf)
    rows, result = asks.nonzero()[0], np.zeros(len(asks))
    base = m.enterprises.last_rd_reported[rows]
    room = np.maximum(base - m.programmes.rd_supported[rows], 0.0)
    result[rows] = np.minimum(rate * base, np.minimum(cap, room))
    return result


def delivered(m: ClusterPolicyModel, lever: Lever, rows: Whole) -> float:
    """Part of the number asked for that offices bring about, as a mean over some enterprises."""
    e = m.enterprises
    weight = e.weight[rows]
    part = weight * delivery(m, lever, e.cluster[rows])
    return float(part.sum()) / max(float(weight.sum()), 1e-9)


def _set_up_institutes(m: ClusterPolicyModel, lever: Lever) -> None:
    """Institutes and centres, a year's number at the best-scoring clusters, while money lasts."""
    if not gives(lever, m.quarter):
        return
    amount = lever.value("amount", m.quarter)
    open_ = clusters_in(lever.groups(m.quarter), m.places.of_clusters)
    best = sorted(
        (m.clusters[i] for i in open_.nonzero()[0]),
        key=lambda cluster: (-cluster.score, cluster.id),
    )
    steering = m.policy.lever("fund_steering")
    for place in range(_number_of_institutes(m, lever) if best else 0):
        cluster = best[place % len(best)]
        steered = steering is not None and eligible_cluster(steering, cluster, m.quarter)
        for source in m.province.sources(lever):
            if source == STEERED and not steered:
                continue
            if covers(m.province.left(lever, source), amount):
                m.province.spend(lever, source, amount)
                cluster_support.book(m, lever, Kind.COMMITTED, source, cluster, amount)
                cluster_support.build_platform(m, lever, source, cluster, amount)
                m.counts.projects_chosen[lever.id] = (
                    m.counts.projects_chosen.get(lever.id, 0.0) + 1.0
                )
                break


def _number_of_institutes(m: ClusterPolicyModel, lever: Lever) -> int:
    """Institutes due in the year, as far as offices deliver."""
    members = eligible(lever, m.enterprises, m.quarter).nonzero()[0]
    number = lever.value("projects", m.quarter) * delivered(m, lever, members)
    draw = uniform(m.seed_of_run, f"place {lever.id}", np.array([0]), m.quarter)[0]
    return whole_places(number, float(draw))
