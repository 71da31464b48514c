"""Observation: weighted sums by group, once a year, from which all outcomes are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

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
from jiqun.model.elementary import compiled, exp
from jiqun.model.observe.outcomes import CHOSEN, LEVELS, OUTCOMES
from jiqun.model.policy.eligibility import size_class
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.model.model import ClusterPolicyModel

Whole = npt.NDArray[np.int64]
Quantity = npt.NDArray[np.float64 | np.int64 | np.bool_]
Levels = Mapping[str, tuple[Whole, tuple[str, ...]]]

HIGHTECH_FIELDS = REGION.fields_that("high_tech")
HIGHTECH = np.array([name in HIGHTECH_FIELDS for name in FIELDS])
BLOCK = 32
"""Rows that are summed at a time."""
NAMES = np.array([*OUTCOMES], dtype=object)
RECORDED = {
    level: np.flatnonzero([level in outcome.levels for outcome in OUTCOMES.values()])
    for level in LEVELS
}
"""Level to the outcomes it is recorded for, as places in `OUTCOMES`."""


ABOVE_SCALE = {
    "revenue": "year_revenue",
    "revenue_before": "last_revenue",
    "value_added": "year_value_added",
    "vat": "year_vat",
    "value_added_real": "year_value_added_real",
    "value_added_real_before": "last_value_added_real",
    "profit": "year_profit",
    "employees": "employees",
    "wages": "year_wages",
    "investment": "year_investment",
    "rd": "year_rd_reported",
    "rd_real": "year_rd",
    "misused": "year_misused",
    "rd_active": "rd_active",
    "rd_institution": "rd_institution",
    "digital_stage": "digital_stage",
    "digital_upgrades": "year_upgrades",
    "energy": "year_energy",
    "capacity": "year_capacity",
    "at_ceiling": "year_at_ceiling",
    "tax": "year_tax",
    "tax_forgone": "year_tax_forgone",
    "subsidy": "year_subsidy",
}
"""Quantity to the column that it is of the enterprises above scale."""


def quantities_above(m: ClusterPolicyModel, rows: Whole) -> dict[str, Quantity]:
    """Unweighted quantities that are summed over enterprises above scale, shape of `rows`."""
    e = m.enterprises
    q: dict[str, Quantity] = {
        name: getattr(e, column).take(rows) for name, column in ABOVE_SCALE.items()
    }
    revenue, rd_active, field = q["revenue"], q["rd_active"], e.field.take(rows)
    factory = field != ENERGY_FIELD
    over_100m, over_500m = factory & (revenue >= 1e8), factory & (revenue >= 5e8)
    registered = m.places.registered_county.take(e.county_cluster.take(rows))
    return q | {
        "count": np.ones(len(rows)),
        "moved_in": (e.moved_from.take(rows) >= 0) * q["value_added"],
        "rd_manufacturing": factory * q["rd"],
        "manufacturing": factory,
        "rd_active_manufacturing": factory & rd_active,
        "over_100m": over_100m,
        "rd_active_100m": over_100m & rd_active,
        "over_500m": over_500m,
        "rd_institution_500m": over_500m & q["rd_institution"],
        "revenue_times_tfp": revenue * exp(e.productivity.take(rows)),
        "hightech_revenue": HIGHTECH.take(field) * revenue,
        "digital": q["digital_stage"] >= 1,
        "new_above_scale": ~e.was_above_scale.take(rows),
        "county_revenue": registered * revenue,
        "county_count": registered,
    }


def quantities_of_all(m: ClusterPolicyModel) -> dict[str, Quantity]:
    """Unweighted quantities that are summed over enterprises of all sizes, shape (rows,)."""
    e = m.enterprises
    below = ~e.above_scale
    srdi, little_giant, champion = (title > NEVER for title in (e.srdi, e.little_giant, e.champion))
    return {
        "count_below": below,
        "revenue_all": e.year_revenue,
        "rd_funded": e.year_rd_reported,
        "rd_funded_before": e.last_rd_reported,
        "digital_below": below & (e.digital_stage >= 1),
        "digital_upgrades_below": below * e.year_upgrades,
        "asked": e.year_asked,
        "granted": e.year_granted,
        "bound": e.year_bound,
        "all": np.ones(len(e)),
        "loans": e.debt_short + e.debt_long,
        "mlt_loans": e.debt_long,
        "interest_due": interest_due(m),
        "large_plants": e.plant & (m.quarter - e.founded < 4),
        "hightech": e.high_tech > NEVER,
        "srdi": srdi,
        "little_giant": little_giant,
        "champion": champion,
        "innovative": e.innovative_sme > NEVER,
        "green_factory": e.green_factory > NEVER,
        "quality": srdi | little_giant | champion,
    }


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
    levels = groups(m)
    sums = group_sums(m, levels)
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


def group_sums(m: ClusterPolicyModel, levels: Levels) -> dict[str, Array]:
    """Weighted sums of all quantities by group, the groups of all levels one after the other."""
    weight = m.enterprises.weight
    exited = np.zeros(len(weight))
    for rows, left in m.counts.exits:
        exited[rows] += left
    above, gone = m.enterprises.above_scale.nonzero()[0], (exited > 0.0).nonzero()[0]
    first = np.cumsum([0, *(len(units) for _, units in levels.values())])
    codes = np.stack([code for code, _ in levels.values()])
    sums: dict[str, Array] = {}
    for quantities, of, weights in (
        (quantities_above(m, above), codes.take(above, axis=1), weight.take(above)),
        (quantities_of_all(m), codes, weight),
        ({"exits": np.ones(len(gone))}, codes.take(gone, axis=1), exited.take(gone)),
    ):
        table = np.zeros((first[-1], len(quantities)))
        _add_up(np.stack([*quantities.values()]), weights, of, first, table)
        sums |= zip(quantities, np.ascontiguousarray(table.T), strict=True)
    return sums


@compiled("void(float64[:, ::1], float64[::1], int64[:, ::1], int64[::1], float64[:, ::1])")
def _add_up(values: Array, weight: Array, codes: Whole, first: Whole, table: Array) -> None:
    """Add what each row stands for to the sums of its groups, in the order of rows.

    Args:
        values: Quantities of a row, shape (quantities, rows).
        weight: Enterprises a row stands for, shape (rows,).
        codes: Group of each level, -1 for none, shape (levels, rows).
        first: Where the groups of each level begin in the table, shape (levels + 1,).
        table: Sums that are added to, shape (groups, quantities).
    """
    quantities, rows = values.shape
    block = np.empty((BLOCK, quantities))
    for begin in range(0, rows, BLOCK):
        number = min(BLOCK, rows - begin)
        # The quantities of a row side by side: so the loop that adds them vectorises.
        for j in range(quantities):
            for i in range(number):
                block[i, j] = weight[begin + i] * values[j, begin + i]
        for level in range(len(codes)):
            for i in range(number):
                group = codes[level, begin + i]
                if group >= 0:
                    total, part = table[first[level] + group], block[i]
                    for j in range(quantities):
                        total[j] += part[j]


def _complete(
    m: ClusterPolicyModel, levels: Levels, parts: Mapping[str, slice], sums: dict[str, Array]
) -> None:
    """Add sums that are not of enterprises: base year, market, rate, services, projects.

    What is only of one level is not a number at the others.
    """

    def put(level: str, name: str, values: Array | float) -> None:
        if name not in sums:
            sums[name] = np.full(len(sums["count"]), np.nan)
        sums[name][parts[level]] = values

    none = np.zeros(len(sums["count"]))
    if m.year == 2020:
        m.observed.base_2020 = (sums["energy"], sums["value_added_real"])
    sums["energy_2020"], sums["value_added_real_2020"] = m.observed.base_2020 or (none, none)
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
    rows = (e.moved_from >= 0).nonzero()[0]
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
