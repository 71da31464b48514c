"""Clusters at end-2018: where they sit, who belongs to them, and the revenue they are raked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.clusters import seats
from jiqun.model.dimensions import CITIES, FIELDS, TIERS
from jiqun.model.randomness import uniform
from jiqun.model.start.choosing import in_turn
from jiqun.model.start.places import shares
from jiqun.model.start.raking import Margin
from jiqun.model.start.sampling import CERTAINTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.clusters import ClusterSeat
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.province import Province


def seated(province: Province, located: Array) -> tuple[ClusterSeat, ...]:
    """Seats of all clusters; synthetic provincial ones go to the pairs with the largest revenue.

    At end-2018 revenue and number are all that distinguishes pairs of field and city, and both are
    those expected from the facts, so that seats do not move with the sample. The score is the mean
    of their ranks.
    """
    count = province.fields["enterprises"][:, None] * located
    sales = province.fields["revenue"][:, None] * located
    ranks = [
        values.ravel().argsort(kind="stable").argsort(kind="stable").reshape(values.shape)
        for values in (count, sales)
    ]
    score = (ranks[0] + ranks[1]).astype(np.float64)
    registered = round(province.marginals["county_clusters"])
    return seats(province.clusters, score, count, registered)


def join(
    e: dict[str, npt.NDArray[Any]], clusters: tuple[ClusterSeat, ...], revenue: Array,
    m: Mapping[str, float], p: Mapping[str, float], seed: int,
) -> None:  # fmt: skip
    """Membership: a share of the pair of field and city, or up to the size that is a marginal.

    Args:
        e: Columns of the enterprises; those of clusters are filled.
        clusters: Seats of all clusters.
        revenue: Yearly revenue, yuan, shape (rows,).
        m: Marginals of the province.
        p: Parameter values.
        seed: Seed of the population.
    """
    pair = e["field"] * len(CITIES) + e["city"]
    sized = _sized(clusters, m)
    joins = uniform(seed, "cluster member", e["id"])
    primary = np.where(joins < p["cluster_join_share"], _higher(clusters)[pair], -1)
    held = np.full(len(pair), -1, dtype=np.int64)
    for number, size in sized.items():
        seat = clusters[number]
        here = pair == seat.field * len(CITIES) + seat.city
        column = held if seat.tier == "county" else primary
        column[here & (column == number)] = -1
        score = np.where(here & (revenue < 0.5 * size), 1.0, 0.0)
        column[in_turn(joins, score, e["weight"] * revenue, size)] = number
    _join_county(held, pair, _county(clusters, sized), clusters, e, revenue, m, seed)

    e["county_cluster"][:] = held
    e["cluster"][:] = np.where(primary >= 0, primary, held)
    tier = np.array([TIERS.index(seat.tier) for seat in clusters] + [TIERS.index("none")])
    e["tier"][:] = tier[e["cluster"]]
    e["pool"][:] = np.where(e["cluster"] >= 0, e["cluster"], len(clusters) + pair)


def _higher(clusters: tuple[ClusterSeat, ...]) -> Whole:
    """Cluster of the higher tiers of each pair of field and city: no two share one; -1 for none."""
    higher = np.full(len(FIELDS) * len(CITIES), -1, dtype=np.int64)
    for number, seat in enumerate(clusters):
        if seat.tier != "county":
            higher[seat.field * len(CITIES) + seat.city] = number
    return higher


def _county(clusters: tuple[ClusterSeat, ...], sized: Mapping[int, float]) -> dict[int, list[int]]:
    """County clusters without a size to reach, by pair of field and city."""
    county: dict[int, list[int]] = {}
    for number, seat in enumerate(clusters):
        if seat.tier == "county" and number not in sized:
            county.setdefault(seat.field * len(CITIES) + seat.city, []).append(number)
    return county


def _join_county(
    held: Whole, pair: Whole, county: Mapping[int, list[int]], clusters: tuple[ClusterSeat, ...],
    e: Mapping[str, npt.NDArray[Any]], revenue: Array, m: Mapping[str, float], seed: int,
) -> None:  # fmt: skip
    """Let enterprises into county clusters up to their number and revenue.

    Those that share a pair have equal chances.
    """
    ids, weight, above, certain = e["id"], e["weight"], e["above_scale"], revenue >= CERTAINTY
    which = uniform(seed, "county cluster", ids)
    option = np.full(len(ids), -1, dtype=np.int64)
    for key, numbers in county.items():
        here = (pair == key) & (held < 0)
        option[here] = np.array(numbers)[(which[here] * len(numbers)).astype(np.int64)]
    registered = _registered(clusters)
    taken = above & registered[held]
    share = _county_share(
        above & registered[option], certain, revenue, weight,
        m["county_enterprises"] - float(weight[taken].sum()),
        m["county_revenue"] - float((weight * revenue)[taken].sum()),
    )  # fmt: skip
    chance = np.where(certain, share[1], share[0])
    member = (option >= 0) & (uniform(seed, "county member", ids) < chance)
    held[member] = option[member]


def _registered(clusters: tuple[ClusterSeat, ...]) -> Flag:
    """Whether a cluster is registered by a county; the last entry is that of no cluster."""
    return np.array([seat.registered for seat in clusters] + [False])


def _sized(clusters: tuple[ClusterSeat, ...], m: Mapping[str, float]) -> dict[int, float]:
    """Clusters whose published size is comparable (`rake` in the register), yuan a year."""
    return {
        number: m[f"cluster_{seat.id}"]
        for number, seat in enumerate(clusters)
        if f"cluster_{seat.id}" in m
    }


def _county_share(
    eligible: Flag, certain: Flag, revenue: Array, weight: Array, number: float, total: float
) -> tuple[float, float]:
    """Shares of small and large enterprises of eligible pairs that give number and revenue."""
    small, large = eligible & ~certain, eligible & certain
    share = number / float(weight[small].sum())
    mass = float((weight * revenue)[small].sum())
    rest = (total - share * mass) / float((weight * revenue)[large].sum())
    return min(share, 0.95), float(np.clip(rest, 0.02, 0.95))


def revenue_margins(
    columns: Mapping[str, npt.NDArray[Any]], clusters: tuple[ClusterSeat, ...], province: Province
) -> list[Margin]:
    """Yearly revenue above scale that fields, cities and clusters are raked to, yuan.

    Args:
        columns: Columns of the enterprises.
        clusters: Seats of all clusters.
        province: Published and proxied facts.
    """
    m, above = province.marginals, columns["above_scale"]
    registered = _registered(clusters)

    def margin(name: str, group: Whole, *target: float) -> Margin:
        return Margin(name, np.where(above, group, -1), np.array(target))

    within = {
        f"cluster_{clusters[number].id}": (columns["cluster"] == number)
        | (columns["county_cluster"] == number)
        for number in _sized(clusters, m)
    }
    within["county_revenue"] = registered[columns["county_cluster"]]
    return [
        *(margin(name, np.where(inside, 0, -1), m[name]) for name, inside in within.items()),
        margin("city", columns["city"], *(m["revenue"] * shares(province.city_weight))),
        margin("field", columns["field"], *(m["revenue"] * shares(province.fields["revenue"]))),
    ]
