"""The yearly horse race of clusters: scores, appraisal, titles, instalments and plans.

Document 55 sets five directions (article 2), a yearly race in which the mature are recognised
(article 4), awards in steps (article 21), and an appraisal that can end a title (article 22). The
index, its weights and its threshold are not published: they are assumptions with ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.model.agents.enterprises import NEVER, Role
from jiqun.model.calendar import year_of
from jiqun.model.channels import reads
from jiqun.model.dimensions import Array, Status
from jiqun.model.elementary import log1p, normal_cdf
from jiqun.model.policy.cluster_support import promise_award, promise_instalment
from jiqun.model.policy.eligibility import delivery
from jiqun.model.randomness import normal, uniform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel

DIMENSIONS = ("innovation", "scale", "manufacturing", "quality", "ecosystem")
BASE_YEAR = 2023
"""Points are measured against the clusters at the end of this year."""
NAMED = ("world", "national")
"""Cultivation tiers that the province recommends to national rounds: the fields article 3 names."""
RACING = (*NAMED, "provincial")
"""Cultivation tiers that race; county clusters have an evaluation of their own."""


def indicators(m: ClusterPolicyModel) -> dict[str, Array]:
    """Indicators of the five dimensions from above-scale members, each shape (clusters, k)."""
    e, size = m.enterprises, len(m.clusters)
    member = ((e.cluster >= 0) & e.above_scale).nonzero()[0]
    group, w = e.cluster.take(member), e.weight.take(member)

    def total(quantity: Any) -> Array:
        return np.bincount(group, w * quantity.take(member), size)

    def over(top: Array, bottom: Array) -> Array:
        return np.where(bottom > 0.0, top / np.where(bottom > 0.0, bottom, 1.0), 0.0)

    number = total(np.ones(len(e)))
    revenue = total(e.year_revenue) / m.markets.price_level
    local_share = m.network.local_share[np.array([cluster.field for cluster in m.clusters])]
    columns = {
        "innovation": (
            over(total(e.year_rd_reported), total(e.year_revenue)),
            over(total(e.rd_institution), number),
        ),
        "scale": (log1p(revenue / 1e8), log1p(number)),
        "manufacturing": (
            log1p(over(total(e.year_value_added_real), total(e.employees)) / 1e4),
            over(total(e.digital_stage), number),
            over(total(e.green_factory > NEVER), number),
        ),
        "quality": (
            log1p(total(e.little_giant > NEVER) + total(e.champion > NEVER)),
            log1p(total(e.high_tech > NEVER)),
        ),
        "ecosystem": (local_share, over(total(e.role != Role.INDEPENDENT), number)),
    }
    return {name: np.stack(parts, axis=1) for name, parts in columns.items()}


def points(values: Array, mean: Array, spread: Array) -> Array:
    """Points from 0 to 100 of each cluster: its mean distance from those of end-2023.

    Args:
        values: Indicators, shape (clusters, k).
        mean: Mean of the racing clusters at end-2023, shape (k,).
        spread: Their standard deviation, shape (k,).
    """
    result: Array = 100.0 * normal_cdf(np.mean((values - mean) / np.maximum(spread, 1e-9), axis=1))
    return result


def score(dimensions: Mapping[str, Array], p: Mapping[str, float]) -> Array:
    """Weighted mean of the five dimensions; equal weights in the central case."""
    weights = {name: p[f"score_weight_{name}"] for name in DIMENSIONS}
    total = sum(weights[name] * dimensions[name] for name in DIMENSIONS)
    result: Array = np.asarray(total) / sum(weights.values())
    return result


def winners(order: Iterable[int], value: Array, least: float, places: int) -> list[int]:
    """The best that reach the least value, up to the places there are.

    Args:
        order: Indices of those who compete.
        value: Points of all, shape (clusters,).
        least: Points that a winner needs.
        places: Most winners; none where it is negative.
    """
    fit = [i for i in order if value[i] >= least]
    return sorted(fit, key=lambda i: (-value[i], i))[: max(places, 0)]


def whole_places(number: float, draw: float) -> int:
    """A whole number of places that is `number` in expectation."""
    return int(number) + int(draw < number - int(number))


@reads("delivery", "implementation_capacity", plans="clusters")
def run_race(m: ClusterPolicyModel) -> None:
    """The year's scores, appraisal, titles and plans of all clusters."""
    racing = [i for i, cluster in enumerate(m.clusters) if cluster.tier in RACING]
    found = indicators(m)
    if m.year <= BASE_YEAR or not m.cluster_terms.score_base:
        m.cluster_terms.score_base = {
            name: (values[racing].mean(axis=0), values[racing].std(axis=0))
            for name, values in found.items()
        }
    dimensions = {
        name: points(found[name], *m.cluster_terms.score_base[name]) for name in DIMENSIONS
    }
    total = score(dimensions, m.parameters)
    # Maturity is measured against end-2023; in the appraisal a cluster runs against the others.
    rivals = {
        name: points(values, values[racing].mean(axis=0), values[racing].std(axis=0))
        for name, values in found.items()
    }
    for i in racing:
        m.clusters[i].scores = {name: float(dimensions[name][i]) for name in DIMENSIONS}
        m.clusters[i].score = float(total[i])
    numbers = np.arange(len(m.clusters))
    view = m.parameters["score_noise"] * normal(m.seed_of_run, "jury", numbers, m.quarter)
    jury = total + view
    race = m.policy.lever("cluster_recognition")
    _appraise(m, race, score(rivals, m.parameters) + view)
    contest = m.policy.lever("national_cluster_contest")
    if contest is not None and contest.in_force(m.quarter):
        _contest(m, contest, jury, racing)
    if race is not None and race.in_force(m.quarter):
        _recognise(m, race, jury, racing)
    _county(m)
    for city in m.cities:
        city.draw_up_plans(m.lever_value("implementation_capacity", "plans"))
    _set_up_bodies(m, total, racing)
    m.refresh_clusters()


def _lot(m: ClusterPolicyModel, purpose: str, number: int = 0) -> float:
    return float(uniform(m.seed_of_run, purpose, np.array([number]), m.quarter)[0])


@reads("title", "cluster_recognition", appraisal="points", revocation="share", fraud="share")
def _appraise(m: ClusterPolicyModel, race: Lever | None, jury: Array) -> None:
    """Yearly appraisal: the next instalment falls due, or the title may end."""
    t, numbers = m.quarter, np.arange(len(m.clusters))
    lot = uniform(m.seed_of_run, "cluster fraud", numbers, t)
    for i, cluster in enumerate(m.clusters):
        if cluster.status == Status.PROVINCIAL and race is not None and race.in_force(t):
            fraud = lot[i] < race.value("fraud", t)
            if fraud or jury[i] < race.value("appraisal", t):
                if _lot(m, "cluster revoked", i) < race.value("revocation", t):
                    cluster.status, cluster.promotion_body = Status.REVOKED, False
                continue
        if cluster.award > 0.0 and cluster.status in (Status.PROVINCIAL, Status.NATIONAL):
            promise_instalment(m, i)


@reads("title", "national_cluster_contest", titles="clusters", interval="quarters")
def _contest(m: ClusterPolicyModel, contest: Lever, jury: Array, racing: list[int]) -> None:
    """A national round: the province's share goes to the best candidates of the named fields."""
    t = m.quarter
    interval = max(int(contest.value("interval", t)) // 4, 1)
    if (m.year - year_of(contest.start)) % interval:
        return
    places = whole_places(contest.value("titles", t), _lot(m, "national places"))
    open_ = [
        i for i in racing
        if m.clusters[i].tier in NAMED
        and m.clusters[i].status in (Status.CANDIDATE, Status.PROVINCIAL)
    ]  # fmt: skip
    for i in winners(open_, jury, -np.inf, places):
        _title(m, i, Status.NATIONAL)


@reads("title", "cluster_recognition", capacity="clusters", total="clusters", maturity="points")
def _recognise(m: ClusterPolicyModel, race: Lever, jury: Array, racing: list[int]) -> None:
    """Recognition of provincial clusters: the mature, in order, as many as the year can judge."""
    t = m.quarter
    held = sum(cluster.status == Status.PROVINCIAL for cluster in m.clusters)
    capacity = whole_places(race.value("capacity", t), _lot(m, "provincial places"))
    places = min(capacity, int(race.value("total", t)) - held)
    open_ = [i for i in racing if m.clusters[i].status == Status.CANDIDATE]
    for i in winners(open_, jury, race.value("maturity", t), places):
        _title(m, i, Status.PROVINCIAL)


def _title(m: ClusterPolicyModel, number: int, status: Status) -> None:
    """Give a title, a promotion body and the award that goes with it."""
    cluster = m.clusters[number]
    cluster.status, cluster.titled_since, cluster.promotion_body = status, m.quarter, True
    promise_award(m, number)


@reads("governance", "promotion_bodies", bodies="clusters")
def _set_up_bodies(m: ClusterPolicyModel, total: Array, racing: list[int]) -> None:
    """Promotion bodies of clusters without a title, the best-scoring first (article 18).

    Cities set them up: of those that are due a body comes where it is delivered.
    """
    lever = m.policy.lever("promotion_bodies")
    yearly = 0.0 if lever is None else lever.value("bodies", m.quarter)
    if lever is None or yearly <= 0.0:
        return
    open_ = [
        i for i in racing
        if not m.clusters[i].promotion_body and m.clusters[i].status != Status.REVOKED
    ]  # fmt: skip
    places = whole_places(yearly, _lot(m, "bodies"))
    due = np.array(winners(open_, total, -np.inf, places), dtype=np.int64)
    draw = uniform(m.seed_of_run, "body comes", due, m.quarter)
    for i in due[draw < delivery(m, lever, due)]:
        m.clusters[i].promotion_body = True


@reads("title", "county_cluster_recognition", per_year="clusters", threshold="money")
def _county(m: ClusterPolicyModel) -> None:
    """County clusters: candidates above the threshold of the older evaluation, largest first."""
    rule = m.policy.lever("county_cluster_recognition")
    if rule is None or not rule.in_force(m.quarter):
        return
    e = m.enterprises
    inside = (e.county_cluster >= 0) & e.above_scale
    revenue = np.bincount(
        e.county_cluster[inside], (e.weight * e.year_revenue)[inside], len(m.clusters)
    )
    open_ = [
        i for i, cluster in enumerate(m.clusters)
        if cluster.tier == "county" and cluster.status == Status.CANDIDATE
    ]  # fmt: skip
    places = whole_places(rule.value("per_year", m.quarter), _lot(m, "county places"))
    for i in winners(open_, revenue, rule.value("threshold", m.quarter), places):
        m.clusters[i].status, m.clusters[i].titled_since = Status.COUNTY, m.quarter


def close_year(m: ClusterPolicyModel) -> None:
    """Run the race of clusters, from the year on by whose end points are set."""
    if m.year >= BASE_YEAR:
        run_race(m)
