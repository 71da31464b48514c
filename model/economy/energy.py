"""Energy per value added: an autonomous rate, upgrades, and the technique of new plant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.elementary import compiled, exp, expm1, log, log1p, power

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Enterprises
    from jiqun.model.dimensions import Array

Flag = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


def per_value_added(e: Enterprises, rows: Whole | slice = slice(None)) -> Array:
    """Energy that enterprises use over real value added, tce a yuan of 2018, shape of `rows`."""
    built = np.maximum(e.energy_per_va[rows] - e.energy_saved[rows], 0.0)
    result: Array = built * e.energy_technique[rows]
    return result


def price(base: float, rise: float, level: float) -> float:
    """Price of energy, yuan a tce: that of 2018, its rise over other prices, and their level.

    Args:
        base: Price of 2018, yuan a tce.
        rise: Price of energy over other prices, 2018 = 1.
        level: Level of prices, 2018 = 1.
    """
    return base * rise * level


def technique(
    now: Array, bought: Array, plant: Array, rise: Array | float, elasticity: float
) -> Array:
    """Energy per value added over that at the price of 2018, after plant was bought.

    Plant in place uses the energy it was built for; new plant is built for the price of its time
    (putty-clay: Atkeson and Kehoe 1999).

    Args:
        now: Technique before, shape (rows,).
        bought: Plant bought in the quarter, yuan.
        plant: Plant before, yuan.
        rise: Price of energy with surcharges over other prices, 2018 = 1.
        elasticity: Of energy per value added of new plant to its price, absolute.
    """
    new = power(rise, -elasticity)
    return _technique(now, bought, plant, new if isinstance(new, np.ndarray) else np.full(1, new))


@compiled("float64[::1](float64[::1], float64[::1], float64[::1], float64[::1])")
def _technique(now: Array, bought: Array, plant: Array, new: Array) -> Array:
    """Technique after plant was bought, given that of new plant, one for all or each its own."""
    after, step = np.empty(len(now)), min(len(new) - 1, 1)
    for i in range(len(now)):
        share = bought[i] / max(plant[i] + bought[i], 1.0)
        after[i] = now[i] + share * (new[step * i] - now[i])
    return after


def upgrade_cost(saved: Array, upgrades: Whole, cost: float, slope: float) -> Array:
    """Cost of an upgrade, yuan: `cost` a tce saved in a year, rising with those already made.

    Args:
        saved: Energy that the upgrade saves, tce a year, shape (rows,).
        upgrades: Upgrades made before, shape (rows,).
        cost: Cost of the first upgrade, yuan for each tce saved in a year.
        slope: Rise of that cost with each upgrade made, a share.
    """
    return saved * cost * (1.0 + slope * upgrades)


def pays(
    saved: Array, cost: Array, grant: Array | float, price: Array | float, draw: Array,
    hurdle: float, upfront: float, spread: float,
) -> Flag:  # fmt: skip
    """Does the saving pay inside the hurdle rate (Anderson and Newell 2004)?

    The hurdle is of an upgrade without a grant, so it holds the weight that cost now has against
    savings later; a grant, which is money now, counts by that weight.

    Args:
        saved: Energy saved, tce a year.
        cost: Cost before grants, yuan.
        grant: Grant for it, yuan.
        price: Price of energy with surcharges and that of the quota, yuan a tce.
        draw: Standard Laplace draw: the enterprise's own view of the saving.
        hurdle: Required yearly return on what is paid without a grant.
        upfront: Percent by which the asked return falls with a percent less to pay now.
        spread: Spread of views, log.
    """
    paid = power(np.maximum(1.0 - grant / np.maximum(cost, 1e-9), 0.0), upfront)
    return np.asarray(saved * price * exp(spread * draw) > hurdle * cost * paid)


def shadow_price(wanted: Array, elasticity: Array, most: float) -> Array:
    """Rise of the price of energy that would bring energy down to the quota, a share.

    The price at which demand of constant elasticity is what is allowed: wanted^(1/elasticity) - 1.

    Args:
        wanted: Energy wanted over that allowed, shape (rows,).
        elasticity: Of energy to its price in the long run, absolute, shape (rows,).
        most: Highest rise.
    """
    gap = log(np.maximum(wanted, 1.0))
    return np.asarray(expm1(np.minimum(gap / elasticity, log1p(most))))


def revenue_within(quota: Array, treated: Flag, per_revenue: Array) -> Array:
    """Most that an enterprise under an energy quota can sell in a quarter, yuan; else no limit.

    Technique is given within a quarter, so what the price of the quota leaves above it is rationed.

    Args:
        quota: Energy allowed in the quarter, tce.
        treated: Is under the quota.
        per_revenue: Energy per revenue, tce a yuan.
    """
    return np.where(treated, quota / np.maximum(per_revenue, 1e-15), np.inf)
