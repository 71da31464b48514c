"""The market: demand, the outside competitor, revenue, prices and wages.

Monopolistic competition with heterogeneous enterprises (Melitz 2003) and one outside competitor a
field. Competitiveness is carried on the scale of revenue: mass = a^(sigma-1) with a = productivity
times appeal. Enterprises that improve as fast as the frontier hold their share, no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.elementary import compiled, exp

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

Whole = npt.NDArray[np.int64]


def competitiveness(
    size_level: Array, size_noise: Array, productivity: Array, appeal: Array, sigma: float
) -> Array:
    """Mass a^(sigma-1) of each enterprise, in yuan of revenue a year at the market of 2018.

    Args:
        size_level: Slow level of competitiveness, log yuan, shape (rows,).
        size_noise: Transitory part of it, log, shape (rows,).
        productivity: Total factor productivity, log, 2018 = 0, shape (rows,).
        appeal: Appeal of the products, log, 2018 = 0, shape (rows,).
        sigma: Elasticity of substitution between enterprises.
    """
    return exp(_log_mass(size_level, size_noise, productivity, appeal, sigma - 1.0))


@compiled("float64[::1](float64[::1], float64[::1], float64[::1], float64[::1], float64)")
def _log_mass(
    size_level: Array, size_noise: Array, productivity: Array, appeal: Array, sigma1: float
) -> Array:
    """Log of `competitiveness`."""
    mass = np.empty(len(appeal))
    for i in range(len(appeal)):
        mass[i] = size_level[i] + size_noise[i] + sigma1 * (productivity[i] + appeal[i])
    return mass


def revenue_target(
    mass: Array, field: Whole, own: Array, outside: Array, market: Array, through_links: Array,
    linked: Array,
) -> Array:  # fmt: skip
    """Revenue each enterprise would have in full adjustment, in yuan a quarter.

    Args:
        mass: Competitiveness, shape (rows,).
        field: Field index, shape (rows,).
        own: Weighted mass of the province by field, shape (fields,).
        outside: Mass of the outside competitor, shape (fields,).
        market: Demand of the field in yuan a quarter, shape (fields,).
        through_links: What leaders buy through links, yuan a quarter; part of `market`, (fields,).
        linked: What an enterprise sells through links for a unit of mass, shape (rows,).

    Returns:
        Shape (rows,). What linked suppliers gain, the open market loses: the sum over province and
        outside is always `market`.
    """
    open_market = (market - through_links) / (own + outside)
    return mass * (open_market.take(field) + linked)


def local_share(purchases: Array, through_links: Array, own: Array, outside: Array) -> Array:
    """Part of leaders' purchases that is bought in the province, shape (fields,).

    What does not go through links is bought in the open market, where the province has the share
    of its mass. Where leaders buy nothing the share is that of the open market.

    Args:
        purchases: What leaders buy in their own field, yuan a quarter, shape (fields,).
        through_links: Part of it that they buy through links, yuan a quarter, shape (fields,).
        own: Mass of competitiveness in the province, shape (fields,).
        outside: Mass of competitiveness elsewhere, same unit, shape (fields,).
    """
    linked = through_links / np.maximum(purchases, 1e-30)
    return linked + (1.0 - linked) * own / (own + outside)


@compiled("float64[::1](float64[::1], float64[::1], float64[::1], float64)")
def adjust_revenue(revenue: Array, target: Array, growth: Array, speed: float) -> Array:
    """Sales asked for in a quarter: prices and demand pass at once, shares move by `speed`.

    Args:
        revenue: Last quarter, yuan a quarter.
        target: Full adjustment, yuan a quarter.
        growth: Demand of this quarter over that of the last, shape (rows,).
        speed: Share of the gap closed in a quarter.
    """
    asked = np.empty(len(revenue))
    for i in range(len(revenue)):
        passed = revenue[i] * growth[i]
        asked[i] = passed + speed * (target[i] - passed)
    return asked


def sold(wanted: Array, most: Array, weight: Array, field: Whole, market: Array) -> Array:
    """Sales of a quarter where plant limits them: others of the field sell what it cuts off.

    Buyers who are turned away go to the others, here and outside, in proportion to what these
    sell already; who is full up in turn leaves the rest to those outside.

    Args:
        wanted: Sales asked for, yuan a quarter, shape (rows,).
        most: Most that each can make, yuan a quarter, shape (rows,).
        weight: Enterprises behind each row.
        field: Field index, shape (rows,).
        market: Demand of the field, yuan a quarter, shape (fields,).
    """
    sales = np.empty(len(wanted))
    _sold(wanted, most, weight, field, market, sales)
    return sales


@compiled("void(float64[::1], float64[::1], float64[::1], int64[::1], float64[::1], float64[::1])")
def _sold(
    wanted: Array, most: Array, weight: Array, field: Whole, market: Array, sales: Array
) -> None:
    """Write the sales where plant limits them, yuan a quarter."""
    cut, asked, free = np.zeros(len(market)), np.zeros(len(market)), np.zeros(len(market))
    for i in range(len(wanted)):
        asked[field[i]] += weight[i] * wanted[i]
        if wanted[i] > most[i]:
            cut[field[i]] += weight[i] * (wanted[i] - most[i])
        else:
            free[field[i]] += weight[i] * wanted[i]
    more = np.empty(len(market))
    for f in range(len(market)):
        others = max(market[f] - asked[f], 0.0) + free[f]
        more[f] = 1.0 + cut[f] / max(others, 1.0)
    for i in range(len(wanted)):
        sales[i] = most[i] if wanted[i] > most[i] else min(wanted[i] * more[field[i]], most[i])


def wage_growth(
    productivity: float, labour_share: float, share_start: float, employment: float,
    correction: float, pass_through: float, supply: float,
) -> float:  # fmt: skip
    """Growth of the provincial wage over prices in a quarter (log).

    Wages follow labour productivity, are drawn back to the labour share of the start
    (an anchor for the margin) and rise with employment by the elasticity of local labour supply.

    Args:
        productivity: Growth of real value added per employee in the quarter, log.
        labour_share: Wages over value added now.
        share_start: Wages over value added at the start.
        employment: Growth of employment over that of the labour force in the quarter, log.
        correction: Pull of the wage towards the labour share of the start, a share a quarter.
        pass_through: Part of productivity growth that wages follow.
        supply: Elasticity of local labour supply to the wage.
    """
    return (
        pass_through * productivity
        + correction * (share_start - labour_share)
        + employment / supply
    )
