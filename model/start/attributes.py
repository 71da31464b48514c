"""What an enterprise of end-2018 makes of its size: value added, jobs, plant, debt, energy.

Each is drawn around what its field and size have and raked to its published total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.enterprises import Role
from jiqun.model.dimensions import FIELDS
from jiqun.model.elementary import exp, log, power
from jiqun.model.estimates import on_productivity
from jiqun.model.innovation.innovation import noise_scale
from jiqun.model.randomness import normal, uniform
from jiqun.model.start.choosing import chosen
from jiqun.model.start.first_productivity import learned
from jiqun.model.start.first_research import innovate_before
from jiqun.model.start.raking import scaled_to
from jiqun.model.start.sampling import CERTAINTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.province import Province


def describe(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """All attributes but size, field and place, each raked to its marginal.

    Args:
        e: Columns of the enterprises, with field and place; the others are filled.
        revenue: Yearly revenue, yuan, shape (rows,).
        province: Published and proxied facts.
        p: Parameter values.
        seed: Seed of the population.
    """
    innovate_before(e, revenue, province, p, seed)
    wedge = p["wedge_spread"] * normal(seed, "wedge", e["id"])
    va = _output(e, revenue, wedge, province, p)
    _luck(e, revenue, p, seed)
    _jobs_and_pay(e, revenue, va, wedge, province.marginals, p, seed)
    _rising_plants(e, revenue, province, p, seed)
    _plant(e, revenue, province, p, seed)
    _debt_and_cash(e, revenue, province.marginals, p, seed)
    _digital(e, revenue, p, seed)
    _energy(e, va, province, seed)
    _owners_and_age(e, revenue, p, seed)
    _leaders(e, revenue, int(p["leaders_per_field"]))
    e["rate"][:] = 0.05
    e["mu_class"][:] = 1


def _output(
    e: dict[str, npt.NDArray[Any]], revenue: Array, wedge: Array, province: Province,
    p: Mapping[str, float],
) -> Array:  # fmt: skip
    """Revenue and value added in the books; gives value added a year, yuan, shape (rows,)."""
    m, facts, w, above = province.marginals, province.fields, e["weight"], e["above_scale"]
    tax = m["va_share_production_tax"] * p["vat_in_production_tax"]
    with_vat = np.minimum(
        facts["va_rate"][e["field"]] * exp(wedge + _known(e, revenue, province, p)), 0.75
    )
    with_vat = np.minimum(scaled_to(with_vat * revenue, w, above, m["value_added"]) / revenue, 0.85)
    e["va_rate"][:] = with_vat * (1.0 - tax)
    va = with_vat * revenue
    e["value_added"][:] = e["value_added_real"][:] = va / 4.0
    e["revenue"][:] = revenue / 4.0
    e["expected_revenue"][:] = e["last_revenue"][:] = revenue
    e["last_value_added_real"][:] = va
    return va


def _known(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float]
) -> Array:
    """What knowledge adds to the log of value added from the same inputs, shape (rows,).

    At prices of the field that is (σ-1)/σ of what it adds to productivity: what studies that hold
    inputs see (`model/estimates.py`).
    """
    known = learned(e["knowledge"], e["knowledge_floor"], e["field"], e["weight"] * revenue)
    gain = on_productivity(p["gamma_RD"], province.estimates["gamma_RD"], p["sigma"])
    result: Array = gain * (p["sigma"] - 1.0) / p["sigma"] * known
    return result


def _luck(
    e: dict[str, npt.NDArray[Any]], revenue: Array, p: Mapping[str, float], seed: int
) -> None:
    """How much of today's size is luck that passes, and how much stays."""
    # Part of today's size is passing luck. Given a Pareto tail t its posterior mean is t times its
    # variance, and with that the sum over all enterprises neither grows nor shrinks as luck fades.
    kept = 1.0 - p["noise_reversion"]
    scale = noise_scale(revenue, p["noise"], p["noise_size_slope"])
    luck = 2.0 * scale * scale / (1.0 - kept * kept)
    tail = np.where(e["above_scale"], p["size_tail"], p["below_scale_tail"])
    e["size_noise"][:] = tail * luck + np.sqrt(luck) * normal(seed, "luck", e["id"])
    e["size_level"][:] = log(revenue) - e["size_noise"]


def _jobs_and_pay(
    e: dict[str, npt.NDArray[Any]], revenue: Array, va: Array, wedge: Array,
    m: Mapping[str, float], p: Mapping[str, float], seed: int,
) -> None:  # fmt: skip
    """Employees, and pay over its mean."""
    ids, w, above = e["id"], e["weight"], e["above_scale"]
    staff = power(revenue, p["labour_size_power"]) * exp(
        0.3 * normal(seed, "staff", ids) + 0.5 * wedge
    )
    staff = scaled_to(staff, w, above, m["employees"])
    e["employees"][:] = np.maximum(staff, 1.0)
    e["labour_need"][:] = e["employees"] / va
    pay = power(va / e["employees"], p["wage_productivity_power"])
    e["wage"][:] = pay / (float((w * pay * e["employees"])[above].sum())
                          / float((w * e["employees"])[above].sum()))  # fmt: skip


def _rising_plants(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """Large plants of 2016-2018 that are still running up, as many a year as later ones."""
    ids, field = e["id"], e["field"]
    share = province.fields["large_plant_share"] / province.fields["revenue"]
    inside = (revenue >= CERTAINTY) & (revenue < 8e9)
    score = np.where(inside, share[field] * np.sqrt(revenue), 0.0)
    number = p["plants_rising_at_start"] * p["plants_per_year"]
    e["plant"][:] = chosen(uniform(seed, "rising plant", ids), score, e["weight"], number)
    age = 2 + np.floor(9 * uniform(seed, "plant age", ids)).astype(np.int64)
    e["founded"][e["plant"]] = 1 - age[e["plant"]]


def _plant(
    e: dict[str, npt.NDArray[Any]], revenue: Array, province: Province, p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """Plant as it stands, and as it is wanted; rising plants are not yet full."""
    m, ids = province.marginals, e["id"]
    full = np.where(e["plant"], 12.0 / (1.0 - e["founded"]), 1.0)
    depreciated = m["va_share_depreciation"] * m["value_added"] / p["capital_depreciation"]
    capital = province.fields["capital_per_revenue"][e["field"]] * revenue
    capital = capital * full * exp(0.3 * normal(seed, "capital", ids))
    capital = scaled_to(capital, e["weight"], e["above_scale"], depreciated)
    e["capital"][:] = capital
    # Wanted capital: the stock is on average a little under it, as plans run ahead of plant.
    e["capital_rate"][:] = (
        capital
        / full
        / revenue
        * exp(p["capital_gap_spread"] * (uniform(seed, "capital gap", ids) - 0.35))
    )


def _debt_and_cash(
    e: dict[str, npt.NDArray[Any]], revenue: Array, m: Mapping[str, float], p: Mapping[str, float],
    seed: int,
) -> None:  # fmt: skip
    """Loans, no more than plant is worth before the last scaling, and cash."""
    ids, w = e["id"], e["weight"]
    debt = revenue * exp(0.6 * normal(seed, "debt", ids))
    debt = np.minimum(scaled_to(debt, w, w > 0.0, m["loans"]), 0.9 * e["capital"])
    debt = scaled_to(debt, w, w > 0.0, m["loans"])
    e["debt_long"][:] = m["mlt_share"] * debt
    e["debt_short"][:] = debt - e["debt_long"]
    e["cash"][:] = p["cash_share"] * revenue * exp(0.4 * normal(seed, "cash", ids))


def _digital(
    e: dict[str, npt.NDArray[Any]], revenue: Array, p: Mapping[str, float], seed: int
) -> None:
    """Digital stages: likelier in large enterprises."""
    ids = e["id"]
    coverage = np.where(
        e["above_scale"],
        p["digital_start_above"] * power(revenue / 100e6, 0.12),
        p["digital_start_below"] * power(revenue / 5e6, 0.2),
    )
    adopted = uniform(seed, "digital", ids) < np.minimum(coverage, 0.95)
    depth = np.floor(log(uniform(seed, "digital depth", ids)) / log(0.38)).astype(np.int64)
    e["digital_stage"][:] = np.where(adopted, np.minimum(1 + depth, 4), 0)


def _energy(e: dict[str, npt.NDArray[Any]], va: Array, province: Province, seed: int) -> None:
    """Energy raked to its total."""
    ids, w, above = e["id"], e["weight"], e["above_scale"]
    energy = (
        province.fields["energy_per_va"][e["field"]] * exp(0.5 * normal(seed, "energy", ids)) * va
    )
    e["energy_technique"][:] = 1.0
    e["energy_per_va"][:] = scaled_to(energy, w, above, province.marginals["energy"]) / va


def _owners_and_age(
    e: dict[str, npt.NDArray[Any]], revenue: Array, p: Mapping[str, float], seed: int
) -> None:
    """Ownership, and the quarter of founding where a rising plant has not set it."""
    ids = e["id"]
    e["ownership"][:] = _ownership(revenue, uniform(seed, "ownership", ids))
    aged = (-1 + 4.0 * p["age_mean"] * log(uniform(seed, "age", ids))).astype(np.int64)
    e["founded"][:] = np.where(e["plant"], e["founded"], aged)


def _ownership(revenue: Array, draw: Array) -> Whole:
    """Private, state or foreign; the state holds more of the large ones (judged, descriptive)."""
    state = np.clip(0.02 + 0.07 * log(np.maximum(revenue / 1e8, 1.0)), 0.0, 0.5)
    return np.where(draw < state, 1, np.where(draw > 0.95, 2, 0)).astype(np.int64)


def _leaders(e: dict[str, npt.NDArray[Any]], revenue: Array, number: int) -> None:
    """The largest enterprises of each field lead its chain."""
    leaders = np.zeros(len(revenue), dtype=bool)
    for f in range(len(FIELDS)):
        rows = ((e["field"] == f) & (revenue >= CERTAINTY)).nonzero()[0]
        leaders[rows[np.argsort(-revenue[rows], kind="stable")[:number]]] = True
    # Who supplies them is in the links of the network.
    e["role"][:] = np.where(leaders, Role.CHAIN_LEADER, Role.INDEPENDENT)
