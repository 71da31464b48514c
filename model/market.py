"""The market: demand, the outside competitor, revenue, prices and wages.

Monopolistic competition with heterogeneous enterprises (Melitz 2003) and one outside competitor a
field. Competitiveness is carried on the scale of revenue: mass = a^(sigma-1) with a = productivity
times appeal. Enterprises that improve as fast as the frontier hold their share, no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from model.scenario import Array

Whole = npt.NDArray[np.int64]


def competitiveness(
    size_level: Array, size_noise: Array, productivity: Array, appeal: Array, sigma: float
) -> Array:
    """Mass a^(sigma-1) of each enterprise, in yuan of revenue a year at the market of 2018."""
    return np.exp(size_level + size_noise + (sigma - 1.0) * (productivity + appeal))


def outside_mass(sales: Array, market: Array, local: Array, purchases: Array) -> Array:
    """Mass of the outside competitor that makes 2018 an equilibrium, shape (fields,).

    Solves `sales = local * purchases + (market - purchases) * M / (M + B)` for B, with M = sales.
    """
    open_share = (sales - local * purchases) / (market - purchases)
    return sales * (1.0 / open_share - 1.0)


def revenue_target(
    mass: Array, field: Whole, own: Array, outside: Array, market: Array, local: Array,
    purchases: Array,
) -> Array:  # fmt: skip
    """Revenue each enterprise would have in full adjustment, in yuan a quarter.

    Args:
        mass: Competitiveness, shape (rows,).
        field: Field index, shape (rows,).
        own: Weighted mass of the province by field, shape (fields,).
        outside: Mass of the outside competitor, shape (fields,).
        market: Demand of the field in yuan a quarter, shape (fields,).
        local: Share of leaders' purchases bought in the province, shape (fields,).
        purchases: Leaders' purchases inside their field, yuan a quarter; part of `market`.

    Returns:
        Shape (rows,). What linked suppliers gain, outside suppliers lose: the sum over province and
        outside is always `market`.
    """
    per_mass = local * purchases / np.maximum(own, 1.0)
    per_mass += (market - purchases) / (own + outside)
    return mass * per_mass[field]


def local_share(
    start: Array, own: Array, outside: Array, ratio_start: Array, matched: Array
) -> Array:
    """Local sourcing share: its odds move with the province's competitiveness and with matching.

    Args:
        start: Share in 2018, shape (fields,).
        own: Mass of the province, shape (fields,).
        outside: Mass of the outside competitor, shape (fields,).
        ratio_start: Own over outside mass in 2018, shape (fields,).
        matched: Log of the odds gained by matching leaders and suppliers, shape (fields,).
    """
    odds = start / (1.0 - start) * (own / outside) / ratio_start * np.exp(matched)
    return odds / (1.0 + odds)


def adjust_revenue(revenue: Array, target: Array, growth: Array, speed: float) -> Array:
    """Sales asked for in a quarter: prices and demand pass at once, shares move by `speed`.

    Args:
        revenue: Last quarter, yuan a quarter.
        target: Full adjustment, yuan a quarter.
        growth: Demand of this quarter over that of the last, shape (rows,).
        speed: Share of the gap closed in a quarter.
    """
    passed = revenue * growth
    passed += speed * (target - passed)
    return passed


def wage_growth(
    productivity: float, labour_share: float, share_start: float, employment: float,
    correction: float, pass_through: float, supply: float,
) -> float:  # fmt: skip
    """Growth of the provincial wage over prices in a quarter (log).

    Wages follow labour productivity, are drawn back to the labour share of the start
    (an anchor for the margin) and rise with employment by the elasticity of local labour supply.
    """
    return (
        pass_through * productivity
        + correction * (share_start - labour_share)
        + employment / supply
    )
