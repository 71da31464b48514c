"""Eligibility and take-up: who may claim what a lever gives, and who does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import LABELS, NEVER, ROLES, Enterprises
from jiqun.model.channels import reads
from jiqun.model.dimensions import CITIES, FIELDS, MU_CLASSES, SIZES, TIERS, Array, Size
from jiqun.model.elementary import compiled
from jiqun.model.lever import Lever, LeverOrigin
from jiqun.model.policy import awareness
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from jiqun.model.agents.clusters import Cluster
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.lever import Groups
    from jiqun.model.model import ClusterPolicyModel

GROUPS = {
    "tier": TIERS, "field": FIELDS, "city": CITIES, "role": ROLES, "size": SIZES,
    "mu_class": MU_CLASSES,
}  # fmt: skip
CODES = tuple(size.value for size in Size)
"""Size classes as plain numbers, large ones first."""


def size_class(above: Flag, revenue: Array, employees: Array) -> Whole:
    """Index into SIZES by the statistical classes of 2017: employees and revenue both.

    Args:
        above: Who is above scale, shape (rows,).
        revenue: Revenue, yuan a year, shape (rows,).
        employees: Employees, shape (rows,).
    """
    result = np.empty(len(above), dtype=np.int64)
    _classify(above, revenue, employees, CODES, result)
    return result


@compiled("void(boolean[::1], float64[::1], float64[::1], UniTuple(int64, 4), int64[::1])")
def _classify(
    above: Flag, revenue: Array, employees: Array, codes: tuple[int, ...], out: Whole
) -> None:
    """Size classes (`size_class`); codes are those of large, medium, small and below scale."""
    large, medium, small, below = codes
    for i in range(len(above)):
        if not above[i]:
            out[i] = below
        elif employees[i] >= 1000.0 and revenue[i] >= 400e6:
            out[i] = large
        else:
            out[i] = medium if employees[i] >= 300.0 and revenue[i] >= 20e6 else small


def eligible(lever: Lever, e: Enterprises, quarter: int, rows: Whole | slice = slice(None)) -> Flag:
    """Enterprises in every group a lever names in a quarter; in one of the labels or ids named.

    Args:
        lever: Lever whose target groups are looked at.
        e: The enterprises.
        quarter: Quarter index.
        rows: Rows that are asked for.

    Returns:
        Shape of `rows`.
    """
    mask = np.ones(len(e.id[rows]), dtype=bool)
    for attribute, allowed in lever.groups(quarter).items():
        if attribute == "id":  # of a trial, which treats enterprises one by one; no file names any
            mask &= np.isin(e.id[rows], _numbers(tuple(allowed)))
        elif attribute == "label":
            mask &= holds_any(e, allowed)[rows]
        else:
            _keep_allowed(mask, _allowed(attribute, tuple(allowed)), getattr(e, attribute)[rows])
    return mask


@compiled("void(boolean[::1], boolean[::1], int64[::1])")
def _keep_allowed(mask: Flag, allowed: Flag, group: Whole) -> None:
    """Take those out of a mask whose group is not allowed."""
    for i in range(len(mask)):
        mask[i] &= allowed[group[i]]


def holds_any(e: Enterprises, labels: Container[str] = LABELS) -> Flag:
    """Who has been awarded one of some quality titles, shape (rows,)."""
    mask = np.zeros(len(e), dtype=bool)
    for label in LABELS:
        if label in labels:
            mask |= getattr(e, label) > NEVER
    return mask


@cache
def _allowed(attribute: str, allowed: tuple[str, ...]) -> Flag:
    """Whether each group of an attribute is among those allowed, shape (groups,)."""
    return np.array([name in allowed for name in GROUPS[attribute]])


@cache
def _numbers(allowed: tuple[str, ...]) -> Whole:
    """Ids of enterprises, as numbers."""
    return np.array(allowed, dtype=np.str_).astype(np.int64)


def eligible_cluster(lever: Lever, cluster: Cluster, quarter: int) -> bool:
    """Whether the groups a lever names in a quarter take in a cluster as such.

    Args:
        lever: Lever whose target groups are looked at.
        cluster: Cluster that may be in them.
        quarter: Quarter index.
    """
    return takes_in(lever.groups(quarter), cluster.tier, cluster.field, cluster.city)


def takes_in(groups: Groups, tier: str, field: int, city: int) -> bool:
    """Whether target groups take in a cluster of a tier, field and city (indices).

    Args:
        groups: Names allowed by attribute; an attribute that is not named is open to all.
        tier: Name of the cluster's tier.
        field: Index into FIELDS.
        city: Index into CITIES.
    """
    return (
        tier in groups.get("tier", (tier,))
        and FIELDS[field] in groups.get("field", FIELDS)
        and CITIES[city] in groups.get("city", CITIES)
    )


def clusters_in(groups: Groups, of_clusters: Mapping[str, Whole]) -> Flag:
    """Which clusters target groups take in as such (`takes_in`), shape (clusters,)."""
    mask = np.ones(len(of_clusters["tier"]), dtype=bool)
    for attribute, index in of_clusters.items():
        if attribute in groups:
            mask &= _allowed(attribute, tuple(groups[attribute])).take(index)
    return mask


def take_up(lever: Lever, quarter: int, usual: float) -> float:
    """Share of those eligible who claim in a quarter; `usual` where the lever sets none.

    Args:
        lever: Lever with its terms of take-up.
        quarter: Quarter index.
        usual: Share that claims where the lever sets no take-up of its own.
    """
    full = lever.value("take_up_full", quarter, usual)
    start = lever.value("take_up_start", quarter, full)
    years = max(lever.value("take_up_years", quarter), 0.25)
    return start + (full - start) * min((quarter - lever.start) / (4.0 * years), 1.0)


def claims(
    lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float,
    delivery: Array | float = 1.0, rows: Whole | slice = slice(None),
) -> Flag:  # fmt: skip
    """Eligible enterprises that claim.

    Each enterprise has its own place between 0 and 1; those under the rate of take-up claim, so
    that a rising rate only adds claimants.

    Args:
        lever: The lever.
        e: The enterprises.
        seed: Seed of the run.
        quarter: Quarter index.
        usual: Share that claims where the lever sets no take-up of its own.
        delivery: Part of what is promised that offices deliver, one number or by cluster
            (`delivery_by_cluster`).
        rows: Rows that are asked for.

    Returns:
        Shape of `rows`.
    """
    claiming, rate = eligible(lever, e, quarter, rows), take_up(lever, quarter, usual)
    place = e.lasting_draw(seed, f"claims {lever.id}")[rows]
    if isinstance(delivery, float):
        claiming &= place < rate * delivery
    else:
        _keep_claiming(claiming, place, rate, delivery, e.cluster[rows])
    return claiming


@compiled("void(boolean[::1], float64[::1], float64, float64[::1], int64[::1])")
def _keep_claiming(mask: Flag, place: Array, rate: float, part: Array, cluster: Whole) -> None:
    """Take those out of a mask whose place is above the rate of take-up as far as delivered."""
    for i in range(len(mask)):
        mask[i] &= place[i] < rate * part[cluster[i]]


def claims_among(
    lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float, among: Flag
) -> Whole:
    """Rows of those that claim among some: as `claims`, drawn for no more than are asked.

    Args:
        lever: Lever that is claimed.
        e: The enterprises.
        seed: Seed of the run.
        quarter: Quarter index.
        usual: Share that claims where the lever sets no take-up of its own.
        among: Those who are asked, shape (rows,).
    """
    rows = (among & eligible(lever, e, quarter)).nonzero()[0]
    draw = uniform(seed, f"claims {lever.id}", e.id[rows])
    return rows[draw < take_up(lever, quarter, usual)]


def claimed_share(lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float) -> Array:
    """Share of a tax relief that each enterprise claims, shape (rows,).

    Where the lever sets a take-up, an enterprise claims all or nothing; else all that are eligible
    claim the usual share.

    Args:
        lever: Lever that gives the relief.
        e: The enterprises.
        seed: Seed of the run.
        quarter: Quarter index.
        usual: Share that is claimed where the lever sets no take-up of its own.
    """
    if lever.value("take_up_full", quarter, -1.0) >= 0.0:
        return claims(lever, e, seed, quarter, usual).astype(np.float64)
    return np.where(eligible(lever, e, quarter), usual, 0.0)


@reads("delivery", "implementation_capacity", province="share", city="share")
def delivery_by_cluster(m: ClusterPolicyModel, lever: Lever) -> Array | float:
    """Part of a measure of the document that reaches those who would claim it, by cluster.

    Older measures run as they always did. New ones start at what offices deliver anyway; the task
    force and plan of a cluster raise that for its members (articles 4 and 19).

    Returns:
        Shape (clusters + 1,), the last for no cluster, or one number where it is the same for all.
    """
    if lever.origin != LeverOrigin.DOCUMENT_55:
        return 1.0
    # Money is delivered by who pays it; what grants nothing is brought to members by the city.
    office = "province" if lever.grants and "province" in lever.paid_by else "city"
    raised = m.lever_value("implementation_capacity", office) * m.cluster_terms.plan
    return np.minimum(m.parameters["delivery_base"] + raised, 1.0)


def delivery(m: ClusterPolicyModel, lever: Lever, cluster: Whole | None = None) -> Array | float:
    """Part of a measure that reaches those who would claim it (`delivery_by_cluster`).

    Args:
        m: The model.
        lever: The lever.
        cluster: Clusters that are asked for, -1 for none; those of the enterprises if absent.

    Returns:
        Shape of `cluster`, or one number where it is the same for all.
    """
    by_cluster = delivery_by_cluster(m, lever)
    if isinstance(by_cluster, float):
        return by_cluster
    # Numbers below zero count from the end: an index does it faster than `take`.
    result: Array = by_cluster[m.enterprises.cluster if cluster is None else cluster]
    return result


def usual_take_up(m: ClusterPolicyModel, lever: Lever) -> float:
    """Share of those eligible who claim where the lever sets none: all, if it names no rate."""
    return float(m.parameters[lever.usual_take_up]) if lever.usual_take_up else 1.0


def claimants(m: ClusterPolicyModel, lever: Lever, rows: Whole | slice = slice(None)) -> Flag:
    """Who claims what a lever gives, shape of `rows`: eligible, aware of it and ready to apply."""
    usual, delivered = usual_take_up(m, lever), delivery_by_cluster(m, lever)
    ready = claims(lever, m.enterprises, m.seed_of_run, m.quarter, usual, delivered, rows)
    return awareness.knows(m, lever, ready, rows)


@reads("eligibility", "rd_conditionality", share="share")
def applicants(m: ClusterPolicyModel, lever: Lever, rows: Whole | slice = slice(None)) -> Flag:
    """Claimants of a grant, with R&D where that is asked, shape of `rows`."""
    e, mask = m.enterprises, claimants(m, lever, rows)
    share = m.lever_value("rd_conditionality", "share")
    if share > 0.0 and "province" in lever.paid_by:
        # Which programmes ask for R&D is not published: each enterprise meets its own. Article 5
        # speaks of above-scale enterprises, so smaller ones are not asked.
        free = ~e.above_scale[rows] | (e.lasting_draw(m.seed_of_run, "condition")[rows] >= share)
        mask &= e.rd_active[rows] | free
    return mask
