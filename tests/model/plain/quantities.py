"""Sums of outcomes as NumPy and SciPy make them: what the compiled sums are compared with."""

import numpy as np
from scipy.sparse import csc_array

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import ENERGY_FIELD, FIELDS
from jiqun.model.economy.credit import interest_due
from jiqun.model.elementary import exp
from jiqun.model.observe.quantities import HIGHTECH_FIELDS


def quantities(m):
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


def group_sums(levels, matrix, weight):
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


def exits(m, levels):
    """Enterprises that left in the year by group, the groups of all levels one after the other."""
    exited = np.zeros(len(m.enterprises))
    for rows, weight in m.counts.exits:
        exited[rows] += weight
    return np.concatenate(
        [np.bincount(code + 1, exited, len(units) + 1)[1:] for code, units in levels.values()]
    )
