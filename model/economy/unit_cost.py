"""Unit cost: what plant, labour and energy cost an enterprise, and so its price and its sales.

Prices follow marginal cost. With plant in place the next unit of output is made by labour alone, so
an enterprise short of plant sells dearer and one with ample plant cheaper. A grant, a loan or a
guarantee moves sales when plant stands that would not, a surcharge or the price inside a quota at
once, through the energy it makes dearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.channels import reads
from jiqun.model.economy import energy
from jiqun.model.economy.demography import RAMP
from jiqun.model.elementary import compiled, exp, log
from jiqun.model.policy.reach import channel_value

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


def vat_share(m: ClusterPolicyModel) -> float:
    """VAT payable over value added with it."""
    facts = m.policy.province.marginals
    return facts["va_share_production_tax"] * m.parameters["vat_in_production_tax"]


def plant_in_place(m: ClusterPolicyModel) -> tuple[Array, Array]:
    """Sales for which the plant is as large as wanted, and plant over that wanted.

    Plant was bought at older prices: what it makes is sold at those of today. It is wanted for the
    sales expected; while a new plant runs up the ratio is one.

    Returns:
        Yuan a quarter and a ratio, each shape (rows,).
    """
    e, p = m.enterprises, m.parameters
    normal, ratio = np.empty(len(e)), np.empty(len(e))
    _plant_in_place(
        (e.capital, e.capital_rate, e.expected_revenue), e.field,
        0.25 * (m.markets.price / m.markets.plant_price),
        e.plant & (m.quarter - e.founded < RAMP), p["plant_ratio_least"], p["plant_ratio_most"],
        normal, ratio,
    )  # fmt: skip
    return normal, ratio


@compiled(
    "void(UniTuple(float64[::1], 3), int64[::1], float64[::1], boolean[::1], float64, float64,"
    " float64[::1], float64[::1])"
)
def _plant_in_place(
    columns: tuple[Array, Array, Array], field: Whole, price: Array, running: Flag, least: float,
    most: float, normal: Array, ratio: Array,
) -> None:  # fmt: skip
    """Write normal sales, and the ratio of plant between bounds in which the form holds."""
    capital, rate, expected = columns
    # Prices are looked up first: only so does the loop after this one vectorise.
    for i in range(len(capital)):
        normal[i] = price[field[i]]
    for i in range(len(capital)):
        normal[i] = normal[i] * capital[i] / max(rate[i], 1e-9)
        # Below the least the ceiling limits sales.
        held = min(max(4.0 * normal[i] / max(expected[i], 1.0), least), most)
        ratio[i] = 1.0 if running[i] else held


def shares(m: ClusterPolicyModel) -> tuple[Array, Array]:
    """Cost of plant and of labour over revenue at the prices of the start, each shape (rows,)."""
    e, p = m.enterprises, m.parameters
    plant, labour = np.empty(len(e)), np.empty(len(e))
    cost_of_plant = m.policy.outside.loan_rate_in(2018) + p["capital_depreciation"]
    columns = (e.labour_need, e.wage, e.va_rate, e.capital_rate)
    _shares(
        columns, m.labour.wage_start, 1.0 - vat_share(m), cost_of_plant, p["plant_cost_most"],
        plant, labour,
    )  # fmt: skip
    return plant, labour


@compiled(
    "void(UniTuple(float64[::1], 4), float64, float64, float64, float64, float64[::1],"
    " float64[::1])"
)
def _shares(
    columns: tuple[Array, Array, Array, Array], wage_start: float, without_vat: float,
    cost_of_plant: float, most: float, plant: Array, labour: Array,
) -> None:  # fmt: skip
    """Write cost of plant, at most `most` times that of labour, and of labour over revenue."""
    labour_need, wage, va_rate, capital_rate = columns
    for i in range(len(wage)):
        labour[i] = labour_need[i] * wage[i] * wage_start * va_rate[i] / without_vat
        plant[i] = min(cost_of_plant * capital_rate[i], most * labour[i])


def of_plant(ratio: Array, plant: Array, labour: Array, elasticity: float) -> Array:
    """Log of marginal cost over that with plant as wanted.

    Of a CES function of plant and labour with the elasticity of substitution ε, marginal cost at
    given plant falls with plant over output by the elasticity (share of plant / share of labour)/ε
    of its own part of cost, `plant + labour`, to first order.

    Args:
        ratio: Plant over that wanted, shape (rows,).
        plant: Cost of plant over revenue, shape (rows,).
        labour: Cost of labour over revenue, shape (rows,).
        elasticity: Of substitution between plant and labour.
    """
    result = np.asarray(log(ratio))
    _of_plant(plant, labour, elasticity, result)
    return result


@compiled("void(float64[::1], float64[::1], float64, float64[::1])")
def _of_plant(plant: Array, labour: Array, elasticity: float, result: Array) -> None:
    """Turn the log of the ratio of plant into that of marginal cost, in place."""
    for i in range(len(plant)):
        steep = (plant[i] + labour[i]) * plant[i] / max(labour[i], 1e-9) / elasticity
        result[i] = -steep * result[i]


def energy_per_revenue(m: ClusterPolicyModel, per_va: Array | None = None) -> Array:
    """Energy per revenue with the technique at hand, tce a yuan, shape (rows,).

    Args:
        m: The model.
        per_va: Energy per value added; with own upgrades if absent, tce per yuan of 2018.
    """
    e = m.enterprises
    if per_va is None:
        per_va = np.maximum(e.energy_per_va - e.energy_saved, 0.0)
    real = e.va_rate / (1.0 - vat_share(m)) / m.markets.price[e.field]
    return np.asarray(per_va * e.energy_technique * real)


def _add_energy(m: ClusterPolicyModel, rise: Array | float, cost: Array) -> None:
    """Add to the log of unit cost what dearer energy and own upgrades do.

    The price of energy that all pay, here and elsewhere, moves nobody's share.

    Args:
        m: The model.
        rise: Of the price of energy by surcharges and quotas, a share.
        cost: Log of unit cost, shape (rows,); added to.
    """
    e = m.enterprises
    price = energy.price(m.parameters["energy_price"], m.energy_rise, m.markets.price_level)
    dearer = 1.0 + rise if isinstance(rise, np.ndarray) else np.full(len(e), 1.0 + rise)
    _of_energy(
        (e.energy_per_va, e.energy_saved, e.energy_technique, e.va_rate), e.field, m.markets.price,
        1.0 - vat_share(m), price, dearer, cost,
    )  # fmt: skip


@compiled(
    "void(UniTuple(float64[::1], 4), int64[::1], float64[::1], float64, float64, float64[::1],"
    " float64[::1])"
)
def _of_energy(
    columns: tuple[Array, Array, Array, Array], field: Whole, price: Array, without_vat: float,
    energy_price: float, dearer: Array, cost: Array,
) -> None:  # fmt: skip
    """Add what energy costs over revenue (`energy_per_revenue`) beyond that without upgrades."""
    per_va, saved, technique, va_rate = columns
    # Prices are looked up first: only so does the loop after this one vectorise.
    price_of = np.empty(len(cost))
    for i in range(len(cost)):
        price_of[i] = price[field[i]]
    for i in range(len(cost)):
        real = va_rate[i] / without_vat / price_of[i]
        before = per_va[i] * technique[i] * real
        now = max(per_va[i] - saved[i], 0.0) * technique[i] * real
        cost[i] += energy_price * (now * dearer[i] - before)


@reads("price_of_energy", rise="share")
def unit_cost(m: ClusterPolicyModel) -> Array:
    """Log of unit cost against an enterprise elsewhere with plant as wanted, shape (rows,).

    Wages and energy count as far as they are dearer here than elsewhere.
    """
    plant, labour = shares(m)
    cost = of_plant(
        m.production.plant_ratio, plant, labour, m.parameters["plant_labour_substitution"]
    )
    cost += labour * m.labour.wage_gap
    _add_energy(m, channel_value(m, "price_of_energy", "rise"), cost)
    return cost


def labour_per_output(m: ClusterPolicyModel) -> Array:
    """Labour for a unit of output over that with plant as wanted, shape (rows,).

    Along an isoquant labour falls with plant by the ratio of their shares, whatever the elasticity
    of substitution, to first order.
    """
    plant, labour = shares(m)
    log_labour = log(m.production.plant_ratio)
    _of_labour(plant, labour, log_labour)
    return np.asarray(exp(log_labour))


@compiled("void(float64[::1], float64[::1], float64[::1])")
def _of_labour(plant: Array, labour: Array, result: Array) -> None:
    """Turn the log of the ratio of plant into that of labour for a unit of output, in place."""
    for i in range(len(plant)):
        result[i] = -plant[i] / max(labour[i], 1e-9) * result[i]


def found(m: ClusterPolicyModel) -> None:
    """Sizes and jobs of the start are those of enterprises with the plant they had then."""
    e, p = m.enterprises, m.parameters
    _, m.production.plant_ratio = plant_in_place(m)
    e.unit_cost = unit_cost(m)
    jobs = labour_per_output(m)
    e.size_level -= log(kept(e.unit_cost, p["cost_passed"], p["sigma"]))
    e.labour_need /= jobs


def kept(cost: Array, passed: float, sigma: float) -> Array:
    """Competitiveness kept at a unit cost, over that without it.

    Args:
        cost: Log of unit cost, shape (rows,).
        passed: Part of a change of unit cost that enters the price.
        sigma: Elasticity of demand.
    """
    return np.asarray(exp((1.0 - sigma) * passed * cost))
