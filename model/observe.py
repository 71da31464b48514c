"""Observation: weighted sums by group, once a year, from which all outcomes are computed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

from model.credit import interest_due
from model.enterprises import NEVER
from model.outcomes import CHOSEN, OUTCOMES
from model.population import ENERGY_FIELD
from model.scenario import CITIES, FIELDS, SIZES, STATUSES, TIERS, Array
from model.targeting import size_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.model import ClusterPolicyModel

Whole = npt.NDArray[np.int64]

HIGHTECH_FIELDS = ("ic_display", "ai_voice", "aerospace", "quantum", "other_health")
PROVINCE_NAME = "anhui"


def quantities(m: ClusterPolicyModel) -> dict[str, Array]:
    """Unweighted quantities of each enterprise that outcomes are sums of, shape (rows,)."""
    e = m.enterprises
    above = e.above_scale.astype(np.float64)
    below = 1.0 - above
    factory = above * (e.field != ENERGY_FIELD)
    digital = e.digital_stage >= 1
    over_100m, over_500m = factory * (e.year_revenue >= 1e8), factory * (e.year_revenue >= 5e8)
    hightech = np.isin(e.field, [FIELDS.index(name) for name in HIGHTECH_FIELDS])
    registered = m.registered_county[e.county_cluster]
    q = {
        "count": above,
        "count_below": below,
        "revenue": above * e.year_revenue,
        "revenue_before": above * e.last_revenue,
        "revenue_all": e.year_revenue,
        "value_added": above * e.year_value_added,
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
        "revenue_times_tfp": above * e.year_revenue * np.exp(e.productivity),
        "hightech_revenue": above * hightech * e.year_revenue,
        "digital": above * digital,
        "digital_below": below * digital,
        "digital_stage": above * e.digital_stage,
        "digital_upgrades": above * e.year_upgrades,
        "digital_upgrades_below": below * e.year_upgrades,
        "energy": above * e.year_energy,
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


def groups(m: ClusterPolicyModel) -> dict[str, tuple[Whole, tuple[str, ...]]]:
    """Level to (group of each row, -1 for none; names of the groups)."""
    e = m.enterprises
    names = [cluster.status for cluster in m.clusters] + ["none"]
    status = np.array([STATUSES.index(name) for name in names])
    return {
        "province": (np.zeros(len(e), dtype=np.int64), (PROVINCE_NAME,)),
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

    Absent units have no row.
    """
    e = m.enterprises
    q = quantities(m)
    names = list(q)
    exited = np.zeros(len(e))
    for rows, weight in m.exits:
        exited[rows] += weight
    levels = groups(m)
    table, first = _group_sums(levels, np.stack([*q.values()], axis=1), e.weight), 0
    result: list[Recorded] = []
    for level, (code, units) in levels.items():
        sums = {name: table[first : first + len(units), i] for i, name in enumerate(names)}
        sums["exits"] = np.bincount(code + 1, exited, len(units) + 1)[1:]
        first += len(units)
        _complete(m, level, sums)
        present = (sums["count"] + sums["count_below"]) > 0.0
        recorded = [outcome for outcome in OUTCOMES.values() if level in outcome.levels]
        values = np.array([outcome.measure(sums) for outcome in recorded])
        row, unit = np.nonzero(present & ~np.isnan(values))
        ids = np.array([outcome.id for outcome in recorded], dtype=object)
        result.append((level, ids[row], np.array(units, dtype=object)[unit], values[row, unit]))
    return result


def _group_sums(
    levels: Mapping[str, tuple[Whole, tuple[str, ...]]], matrix: Array, weight: Array
) -> Array:
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
    return np.asarray(pick @ matrix)


def _complete(m: ClusterPolicyModel, level: str, sums: dict[str, Array]) -> None:
    """Add sums that are not of enterprises: base year, market, rate, services, projects."""
    if m.year == 2020:
        m.base_year[level] = (sums["energy"], sums["value_added_real"])
    none = np.zeros(len(sums["count"]))
    sums["energy_2020"], sums["value_added_real_2020"] = m.base_year.get(level, (none, none))
    _count_clusters(m, level, sums)
    if level in ("province", "field"):
        by_field = (m.year_market, m.year_local, m.year_purchases)
        for name, values in zip(
            ("market", "local_sourcing", "leader_purchases"), by_field, strict=True
        ):
            sums[name] = values if level == "field" else np.array([values.sum()])
    if level == "province":
        services = m.policy.province.marginals["hightech_services"]
        # Services hold a constant share of all high-tech enterprises, as at the start.
        start = m.policy.province.marginals["hightech_enterprises"]
        sums["hightech"] = sums["hightech"] * start / (start - services)
        sums["loan_rate_sum"] = np.array([m.banks.base_rate])
        sums["loan_rate_weight"] = np.ones(1)
        sums["accounting_residual"] = np.array([m.year_residual])
        for lever in CHOSEN:
            sums[f"chosen_{lever}"] = np.array([m.chosen.get(lever, 0.0)])


def _count_clusters(m: ClusterPolicyModel, level: str, sums: dict[str, Array]) -> None:
    """Add what is counted of clusters: titles of the province, state of each, number by status."""
    if level in ("province", "status"):
        held = Counter(cluster.status for cluster in m.clusters)
        sums["clusters"] = np.array([float(held[name]) for name in STATUSES])
        for name in ("provincial", "national", "county"):
            sums[f"clusters_{name}"] = np.array([float(held[name])])
        bodies = sum(cluster.promotion_body for cluster in m.clusters)
        sums["clusters_with_body"] = np.array([float(bodies)])
        sums["clusters_with_plan"] = np.array([float(sum(c.plan for c in m.clusters))])
    elif level == "cluster":
        racing = np.array([bool(cluster.scores) for cluster in m.clusters])
        for name, values in (
            ("score", [cluster.score for cluster in m.clusters]),
            ("titled", [cluster.titled for cluster in m.clusters]),
            ("revoked", [cluster.status == "revoked" for cluster in m.clusters]),
            ("platform", [cluster.platform for cluster in m.clusters]),
        ):
            sums[f"cluster_{name}"] = np.where(racing, np.array(values, dtype=float), np.nan)
