"""Observation: weighted sums by group, once a year, from which all outcomes are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import (
    CITIES,
    ENERGY_FIELD,
    FIELDS,
    SIZES,
    STATUSES,
    TIERS,
    Array,
    Status,
)
from jiqun.model.economy.credit import interest_due
from jiqun.model.elementary import exp
from jiqun.model.observe.outcomes import CHOSEN, LEVELS, OUTCOMES
from jiqun.model.policy.eligibility import size_class
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.model.model import ClusterPolicyModel

Whole = npt.NDArray[np.int64]
Levels = Mapping[str, tuple[Whole, tuple[str, ...]]]

HIGHTECH_FIELDS = REGION.fields_that("high_tech")
NAMES = np.array([*OUTCOMES], dtype=object)
RECORDED = {
    level: np.flatnonzero([level in outcome.levels for outcome in OUTCOMES.values()])
    for level in LEVELS
}
"""Level to the outcomes it is recorded for, as places in `OUTCOMES`."""


def quantities(m: ClusterPolicyModel) -> dict[str, Array]:
    """Unweighted quantities of each enterprise that outcomes are sums of, shape (rows,)."""
    e = m.enterprises
    above = e.above_scale.astype(np.float64)
    below = 1.0 - above
    factory = above * (e.field != ENERGY_FIELD)
    digital = e.digital_stage >= 1
    over_100m, over_500m = factory * (e.year_revenue >= 1e8), factory * (e.year_revenue >= 5e8)
    hightech = np.isin(e.field, [FIELDS.index(name) for name in HIGHTECH_FIELDS])
    registered = m.places.registered_county[e.county_cluster]
    q = {
        "count": above,
        "count_below": below,
        "revenue": above * e.year_revenue,
        "revenue_before": above * e.last_revenue,
        "revenue_all": e.year_revenue,
        "value_added": above * e.year_value_added,
        "moved_in": above * (e.moved_from >= 0) * e.year_value_added,
        "vat": above * e.year_vat,
        "value_added_real": above * e.year_value_added_real,
        "value_added_real_before": above * e.last_value_added_real,
        "profit": above * e.year_profit,
        "employees": above * e.employees,
        "wages": above * e.year_wages,
        "investment": above * e.year_investment,
        "rd": above * e.year_rd_reported,
        "rd_manufacturing": factory * e.year_rd_reported,
        "rd_real": above * e.year_rd,
        "misused": above * e.year_misused,
        "rd_funded": e.year_rd_reported,
        "rd_funded_before": e.last_rd_reported,
        "manufacturing": factory,
        "rd_active": above * e.rd_active,
        "rd_active_manufacturing": factory * e.rd_active,
        "rd_institution": above * e.rd_institution,
        "over_100m": over_100m,
        "rd_active_100m": over_100m * e.rd_active,
        "over_500m": over_500m,
        "rd_institution_500m": over_500m * e.rd_institution,
        "revenue_times_tfp": above * e.year_revenue * exp(e.productivity),
        "hightech_revenue": above * hightech * e.year_revenue,
        "digital": above * digital,
        "digital_below": below * digital,
        "digital_stage": above * e.digital_stage,
        "digital_upgrades": above * e.year_upgrades,
        "digital_upgrades_below": below * e.year_upgrades,
        "energy": above * e.year_energy,
        "capacity": above * e.year_capacity,
        "at_ceiling": above * e.year_at_ceiling,
        "asked": e.year_asked,
        "granted": e.year_granted,
        "bound": e.year_bound,
        "all": np.ones(len(e)),
        "loans": e.debt_short + e.debt_long,
        "mlt_loans": e.debt_long,
        "interest_due": interest_due(m),
        "tax": above * e.year_tax,
        "tax_forgone": above * e.year_tax_forgone,
        "subsidy": above * e.year_subsidy,
        "new_above_scale": above * ~e.was_above_scale,
        "large_plants": (e.plant & (m.quarter - e.founded < 4)).astype(np.float64),
        "county_revenue": above * registered * e.year_revenue,
        "county_count": above * registered,
    }
    for title, name in (
        ("high_tech", "hightech"), ("srdi", "srdi"), ("little_giant", "little_giant"),
        ("champion", "champion"), ("innovative_sme", "innovative"),
        ("green_factory", "green_factory"),
    ):  # fmt: skip
        q[name] = (getattr(e, title) > NEVER).astype(np.float64)
    q["quality"] = np.maximum(np.maximum(q["srdi"], q["little_giant"]), q["champion"])
    return q


def groups(m: ClusterPolicyModel) -> Levels:
    """Level to (group of each row, -1 for none; names of the groups)."""
    e = m.enterprises
    names = [*(cluster.status for cluster in m.clusters), Status.NONE]
    status = np.array([STATUSES.index(name) for name in names])
    return {
        "province": (np.zeros(len(e), dtype=np.int64), (REGION.id,)),
        "tier": (e.tier, TIERS),
        "status": (status[e.cluster], STATUSES),
        "cluster": (e.cluster, tuple(cluster.id for cluster in m.clusters)),
        "city": (e.city, CITIES),
        "field": (e.field, FIELDS),
        "size": (size_class(e.above_scale, e.year_revenue, e.employees), SIZES),
    }


Names = npt.NDArray[np.object_]
Recorded = tuple[str, Names, Names, Array]


def observe(m: ClusterPolicyModel) -> list[Recorded]:
    """Outcomes of the year, one item a level: the level, and outcome, unit and value by row.

    Absent units have no row. An outcome is worked out for the groups of all levels at once.
    """
    q, levels = quantities(m), groups(m)
    table = _group_sums(levels, np.stack([*q.values()], axis=1), m.enterprises.weight)
    sums = dict(zip(q, np.ascontiguousarray(table.T), strict=True))
    parts, first = dict[str, slice](), 0
    for level, (_, units) in levels.items():
        parts[level] = slice(first, first + len(units))
        first += len(units)
    _complete(m, levels, parts, sums)
    values = np.array([outcome.measure(sums) for outcome in OUTCOMES.values()])
    known = ((sums["count"] + sums["count_below"]) > 0.0) & ~np.isnan(values)
    result: list[Recorded] = []
    for level, (_, units) in levels.items():
        outcomes, names = RECORDED[level], np.array(units, dtype=object)
        row, unit = np.nonzero(known[outcomes, parts[level]])
        found = values[outcomes, parts[level]][row, unit]
        result.append((level, NAMES[outcomes[row]], names[unit], found))
    return result


def _group_sums(levels: Levels, matrix: Array, weight: Array) -> Array:
    """Weighted sums of the rows of `matrix` by group, the groups of all levels in one table."""
    first, codes = 0, np.empty((len(matrix), len(levels)), dtype=np.int64)
    total = sum(len(units) for _, units in levels.values())
    for i, (code, units) in enumerate(levels.values()):
        # Enterprises without a group of the level are summed in a last row that nobody reads.
        codes[:, i] = np.where(code >= 0, first + code, total)
        first += len(units)
    steps = np.arange(0, codes.size + 1, len(levels))
    weights = np.repeat(weight, len(levels))
    pick = csc_array((weights, codes.ravel(), steps), shape=(total + 1, len(matrix)))
    return np.asarray(pick @ matrix)[:total]


def _complete(
    m: ClusterPolicyModel, levels: Levels, parts: Mapping[str, slice], sums: dict[str, Array]
) -> None:
    """Add sums that are not of enterprises: base year, market, rate, services, projects.

    What is only of one level is not a number at the others.
    """

    def put(level: str, name: str, values: Array | float) -> None:
        sums.setdefault(name, np.full(len(sums["count"]), np.nan))[parts[level]] = values

    none = np.zeros(len(sums["count"]))
    if m.year == 2020:
        m.observed.base_2020 = (sums["energy"], sums["value_added_real"])
    sums["energy_2020"], sums["value_added_real_2020"] = m.observed.base_2020 or (none, none)
    exited = np.zeros(len(m.enterprises))
    for rows, weight in m.counts.exits:
        exited[rows] += weight
    for level, (code, units) in levels.items():
        put(level, "exits", np.bincount(code + 1, exited, len(units) + 1)[1:])
    _count_moves(m, parts, sums, put)
    by_field = (m.counts.demand, m.counts.local_purchases, m.counts.purchases)
    for name, values in zip(
        ("market", "local_sourcing", "leader_purchases"), by_field, strict=True
    ):
        put("field", name, values)
        put("province", name, values.sum())
    services = m.policy.province.marginals["hightech_services"]
    # Services hold a constant share of all high-tech enterprises, as at the start.
    start = m.policy.province.marginals["hightech_enterprises"]
    put("province", "hightech", sums["hightech"][parts["province"]] * start / (start - services))
    put("province", "loan_rate_sum", m.banks.base_rate)
    put("province", "loan_rate_weight", 1.0)
    put("province", "accounting_residual", m.counts.residual)
    put("province", "refused_projects", m.counts.refused_projects)
    put("province", "refused_plant", m.counts.refused_plant)
    for lever in CHOSEN:
        put("province", f"chosen_{lever}", m.counts.projects_chosen.get(lever, 0.0))
    _count_clusters(m, put)


def _count_moves(
    m: ClusterPolicyModel,
    parts: Mapping[str, slice],
    sums: Mapping[str, Array],
    put: Callable[[str, str, Array | float], None],
) -> None:
    """Add value added of those that moved, in the place they are less in the place they left."""
    e = m.enterprises
    rows = np.flatnonzero(e.moved_from >= 0)
    left = e.weight[rows] * e.above_scale[rows] * e.year_value_added[rows]
    outside = np.full(len(rows), TIERS.index("none"))
    for level, came, units in (("tier", outside, TIERS), ("city", e.moved_from[rows], CITIES)):
        put(level, "moved", sums["moved_in"][parts[level]] - np.bincount(came, left, len(units)))
    put("cluster", "moved", sums["moved_in"][parts["cluster"]])


def _count_clusters(m: ClusterPolicyModel, put: Callable[[str, str, Array | float], None]) -> None:
    """Add what is counted of clusters: titles of the province, state of each, number by status."""
    held = Counter(cluster.status for cluster in m.clusters)
    put("status", "clusters", np.array([float(held[name]) for name in STATUSES]))
    for name in ("provincial", "national", "county"):
        put("province", f"clusters_{name}", held[name])
    put("province", "clusters_with_body", sum(c.promotion_body for c in m.clusters))
    put("province", "clusters_with_plan", sum(c.plan for c in m.clusters))
    racing = np.array([bool(cluster.scores) for cluster in m.clusters])
    for name, values in (
        ("score", [cluster.score for cluster in m.clusters]),
        ("titled", [cluster.titled for cluster in m.clusters]),
        ("revoked", [cluster.status == Status.REVOKED for cluster in m.clusters]),
        ("platform", [cluster.platform for cluster in m.clusters]),
    ):
        put("cluster", f"cluster_{name}", np.where(racing, np.array(values, dtype=float), np.nan))
