"""Entry, exit, crossing the above-scale threshold, and large new plants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.enterprises import Enterprises, Role, empty
from jiqun.model.calendar import year_of
from jiqun.model.dimensions import CITIES, FIELDS, TIERS, Array
from jiqun.model.elementary import exp, log, power
from jiqun.model.randomness import normal, uniform
from jiqun.model.start.sampling import THRESHOLD, truncated_pareto

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.province import Province

Flag = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

BELOW, ABOVE, PLANTS = 120, 80, 64
"""Candidate entrants a year: below scale, above scale, large plants. Their ids are fixed."""
FIRST_ENTRANT = 10_000_000
RAMP = 12
"""Quarters until a large plant runs in full (three years)."""
SMALL_EXIT = 2.0
"""Exit rate of the smallest above scale over that at 100 million yuan of revenue, at most."""


def field_mean(field: npt.NDArray[np.int64], weight: Array, values: Array) -> Array:
    """Weighted mean of a quantity in each field, zero where there is nobody, shape (fields,).

    Args:
        field: Index into FIELDS of each enterprise, shape (rows,).
        weight: Enterprises that a row stands for, shape (rows,).
        values: The quantity, in any unit, shape (rows,).
    """
    number = np.bincount(field, weight, len(FIELDS))
    result: Array = np.bincount(field, weight * values, len(FIELDS)) / np.maximum(number, 1.0)
    return result


@dataclass(frozen=True)
class Profiles:
    """What an enterprise of a field looks like in 2018, each shape (fields,)."""

    va_rate: Array
    capital_rate: Array
    labour_need: Array
    energy_per_va: Array
    mean_revenue: Array
    digital_gain: Array

    @classmethod
    def of(cls, e: Enterprises) -> Profiles:
        """Weighted means of the above-scale population at the start."""
        w = e.weight * e.above_scale

        def mean(top: Array, bottom: Array) -> Array:
            sums = [np.bincount(e.field, w * x, len(FIELDS)) for x in (top, bottom)]
            whole = sums[0].sum() / sums[1].sum()
            present = sums[1] > 0.0
            return np.where(present, sums[0] / np.where(present, sums[1], 1.0), whole)

        va, sales = e.last_value_added_real, e.last_revenue
        return cls(
            va_rate=mean(e.va_rate * sales, sales),
            capital_rate=mean(e.capital_rate * sales, sales),
            labour_need=mean(e.employees, va),
            energy_per_va=mean(e.energy_per_va * va, va),
            mean_revenue=mean(sales, np.ones(len(e))),
            digital_gain=field_mean(e.field, e.weight * e.expected_revenue, e.digital_gain),
        )


def exit_hazard(
    above: Flag, revenue: Array, worth: Array, profit: Array, below_rate: float,
    above_rate: float, size_power: float, distress_rate: float,
) -> Array:  # fmt: skip
    """Chance to exit in a quarter: falls with size, rises when capital is eaten up.

    Args:
        above: Above scale.
        revenue: Expected revenue, yuan a year.
        worth: Capital and cash less debt, yuan.
        profit: Profit of the quarter, yuan.
        below_rate: Yearly rate below scale.
        above_rate: Yearly rate above scale at 100 million yuan of revenue.
        size_power: Fall with size.
        distress_rate: Yearly rate added where worth and profit are negative.
    """
    size = np.minimum(np.maximum(power(revenue / 100e6, -size_power), 0.1), SMALL_EXIT)
    yearly = np.where(above, above_rate * size, below_rate)
    result: Array = (
        np.minimum(yearly + distress_rate * ((worth < 0.0) & (profit < 0.0)), 0.95) / 4.0
    )
    return result


def closing(e: Enterprises, draw: Array, p: Mapping[str, float]) -> Whole:
    """Rows of the enterprises that close in a quarter.

    Args:
        e: The enterprises.
        draw: Uniform number in (0, 1) of each, shape (rows,).
        p: Parameters.
    """
    most = max(p["exit_below"], p["exit_above"] * SMALL_EXIT) + p["exit_distress"]
    # The chance of the others need not be worked out: their draw is above the highest there is.
    rows = (draw < most / 4.0).nonzero()[0]
    debt = e.debt_short[rows] + e.debt_long[rows]
    hazard = exit_hazard(
        e.above_scale[rows], e.expected_revenue[rows], e.capital[rows] + e.cash[rows] - debt,
        e.profit[rows],
        p["exit_below"], p["exit_above"], p["exit_size_power"], p["exit_distress"],
    )  # fmt: skip
    return rows[draw[rows] < hazard]


def cross_threshold(
    above: Flag, revenue: Array, draw: Array, entry_rate: float, exit_ratio: float
) -> Flag:
    """Who is above scale at a year end.

    An enterprise that reaches the threshold is entered in the statistics with a chance each year;
    one already in stays until it falls well below, as the register is not cleared at once.

    Args:
        above: Who is in the statistics above scale so far, shape (rows,).
        revenue: Revenue that statistics judge by, yuan a year, shape (rows,).
        draw: Uniform number in (0, 1) of each enterprise, shape (rows,).
        entry_rate: Chance a year that an enterprise at the threshold is entered.
        exit_ratio: Share of the threshold below which an enterprise is dropped.
    """
    stays = above & (revenue >= exit_ratio * THRESHOLD)
    enters = ~above & (revenue >= THRESHOLD) & (draw < entry_rate)
    return stays | enters


def entrants(
    province: Province, profiles: Profiles, city_given_field: Array, pools: Whole,
    productivity: Array, attraction: Array, p: Mapping[str, float], seed: int, quarter: int,
) -> dict[str, npt.NDArray[Any]]:  # fmt: skip
    """Columns of the enterprises that are founded in a year.

    Candidates and their draws are the same in every scenario and at every number of rows; whether a
    candidate plant comes is decided by its own draw.

    Args:
        province: Facts.
        profiles: Means by field.
        city_given_field: Chance of a city, shape (fields, cities).
        pools: Clusters and pools of each pair of field and city (`Places`), shape (pairs, 4).
        productivity: Mean log productivity by field now, so that entrants are as good as others.
        attraction: Growth of each field's market over two years, shape (fields,).
        p: Parameters.
        seed: Seed of the run.
        quarter: First quarter of the year.
    """
    ids = FIRST_ENTRANT + quarter * 1000 + np.arange(BELOW + ABOVE + PLANTS, dtype=np.int64)
    kind = np.repeat([0, 1, 2], [BELOW, ABOVE, PLANTS])
    early = p["plants_before_2021"] if year_of(quarter) < 2021 else 1.0
    plants = early * p["plants_per_year"] / PLANTS
    comes = (kind < 2) | (uniform(seed, "plant comes", ids) < plants)
    ids, kind = ids[comes], kind[comes]
    below, above, plant = kind == 0, kind == 1, kind == 2
    draw = uniform(seed, "entrant size", ids)
    size = np.where(
        below,
        truncated_pareto(draw, p["below_scale_least"], THRESHOLD, p["below_scale_tail"]),
        np.where(
            above,
            truncated_pareto(draw, THRESHOLD, 1e9, p["entrant_tail"]),
            truncated_pareto(draw, 1e9, p["plant_top"], p["plant_tail"]),
        ),
    )
    share_small = province.fields["entry_share"].cumsum()
    share_plant = (
        province.fields["large_plant_share"] * power(attraction, p["plant_pull"])
    ).cumsum()
    where = uniform(seed, "entrant field", ids)
    field = np.where(
        plant,
        np.searchsorted(share_plant / share_plant[-1], where),
        np.searchsorted(share_small / share_small[-1], where),
    ).clip(0, len(FIELDS) - 1)
    weight = np.where(
        below, p["births_below"] / BELOW, np.where(above, p["births_above"] / ABOVE, 1.0)
    )
    place = city_given_field.cumsum(axis=1)[field]
    city = (uniform(seed, "entrant city", ids)[:, None] > place).sum(axis=1)
    city = city.clip(0, len(CITIES) - 1)

    e = empty(len(ids))
    e["id"][:], e["weight"][:], e["field"][:], e["city"][:] = ids, weight, field, city
    pair = field * len(CITIES) + city
    joins = uniform(seed, "entrant joins", ids) < p["cluster_join_share"]
    seat = pools[pair]
    e["cluster"][:] = np.where(joins, seat[:, 0], -1)
    e["tier"][:] = np.where(e["cluster"] >= 0, seat[:, 1], TIERS.index("none"))
    e["pool"][:] = np.where(e["cluster"] >= 0, e["cluster"], seat[:, 2])
    county = uniform(seed, "entrant county", ids) < p["entrant_county_share"]
    e["county_cluster"][:] = np.where(county, seat[:, 3], -1)
    alone = county & (e["cluster"] < 0) & (seat[:, 3] >= 0)
    e["cluster"][alone] = seat[alone, 3]
    e["tier"][alone] = TIERS.index("county")
    e["pool"][alone] = seat[alone, 3]

    e["founded"][:] = quarter + np.floor(4 * uniform(seed, "founded", ids)).astype(np.int64)
    e["plant"][:] = plant
    e["above_scale"][:] = False
    e["role"][:] = np.where(plant, Role.CHAIN_LEADER, Role.INDEPENDENT)
    _technique(e, below, size, province, profiles, p, seed)
    e["size_level"][:] = log(size) - np.where(plant, log(RAMP), 0.0)
    e["productivity"][:] = productivity[field]
    e["expected_revenue"][:] = size
    e["rate"][:] = 0.05
    e["mu_class"][:] = 1
    return e


def _technique(
    e: dict[str, npt.NDArray[Any]], below: Flag, size: Array, province: Province,
    profiles: Profiles, p: Mapping[str, float], seed: int,
) -> None:  # fmt: skip
    """Cost structure, R&D and digital stage of entrants: those of their field, with own spread."""
    ids, field = e["id"], e["field"]
    wedge = p["wedge_spread"] * normal(seed, "wedge", ids)
    e["va_rate"][:] = np.minimum(profiles.va_rate[field] * exp(wedge), 0.8)
    relative = np.clip(size / profiles.mean_revenue[field], 1e-3, 1e3)
    e["labour_need"][:] = profiles.labour_need[field] * power(
        relative, p["labour_size_power"] - 1.0
    )
    e["wage"][:] = np.clip(
        power(profiles.labour_need[field] / e["labour_need"], p["wage_productivity_power"]),
        0.6,
        1.8,
    )
    e["capital_rate"][:] = profiles.capital_rate[field]
    e["energy_per_va"][:] = profiles.energy_per_va[field] * exp(
        0.5 * normal(seed, "energy", ids) - 0.125
    )
    taste = province.fields["rd_intensity"][field] * exp(0.6 * normal(seed, "rd taste", ids) - 0.18)
    e["rd_taste"][:] = np.minimum(taste * power(size / 100e6, -0.1), 0.3)
    ready = province.fields["rd_active"][field] * p["entrant_rd"] * np.where(below, 0.1, 1.0)
    e["rd_active"][:] = uniform(seed, "rd active", ids) < ready
    e["rd_institution"][:] = e["rd_active"] & (
        uniform(seed, "institution", ids) < p["institution_given_rd"]
    )
    e["rd_intensity"][:] = np.where(e["rd_active"], 0.5 * e["rd_taste"], 0.0)
    e["knowledge_floor"][:] = p["knowledge_floor"] * size
    e["digital_stage"][:] = uniform(seed, "digital", ids) < np.where(
        below, p["digital_start_below"], p["digital_start_above"]
    )


def ramp(e: Enterprises, quarter: int) -> None:
    """Large new plants run up in equal steps over three years."""
    plants = e.plant.nonzero()[0]
    age = quarter - e.founded[plants]
    rising = (age >= 1) & (age < RAMP)
    e.size_level[plants[rising]] += log((age[rising] + 1.0) / age[rising])
