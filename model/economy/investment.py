"""Lumpy investment in plant: an (S,s) rule around wanted capital, and embodied productivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.elementary import compiled, power

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

LEAST_PRICE = 0.05
"""Least price of equipment after grants over that without: plant is never free."""
# A guard of the power in `wanted_capital`: it binds at rates over .95 alone, and none comes near.


def wanted_capital(
    rate: Array, revenue: Array, equipment_price: Array | float, elasticity: float
) -> Array:
    """Capital wanted, yuan: in proportion to revenue at unchanged prices of goods.

    Args:
        rate: Capital over yearly revenue wanted at unchanged prices, shape (rows,).
        revenue: Revenue that plant is bought for, yuan a year, shape (rows,).
        equipment_price: Price of equipment to the buyer, 1 = without support; one number or shape
            (rows,).
        elasticity: Of capital wanted to that price, absolute.
    """
    result: Array = rate * revenue * power(equipment_price, -elasticity)
    return result


def finance_cost(dearer: Array, rate: float, depreciation: float, elasticity: float) -> Array:
    """What the cost of loans leaves of the capital wanted, a share, shape (rows,).

    Interest and depreciation are the user cost of plant (Jorgenson 1963). Enterprises answer its
    interest part by far less than the price of equipment (Xu and Chen 2012 on Chinese industry).

    Args:
        dearer: Rate of new loans above that of the start, a share a year, shape (rows,).
        rate: Rate of the start, a share a year.
        depreciation: Share a year.
        elasticity: Of the capital wanted to user cost by way of interest, absolute.
    """
    return power(_user_cost(dearer, rate + depreciation, LEAST_PRICE), -elasticity)


@compiled("float64[::1](float64[::1], float64, float64)")
def _user_cost(dearer: Array, start: float, least: float) -> Array:
    """User cost of plant over that of the start."""
    cost = np.empty(len(dearer))
    for i in range(len(dearer)):
        cost[i] = max(1.0 + dearer[i] / start, least)
    return cost


def plan(
    capital: Array, wanted: Array, review: Array, threshold: Array, upkeep: Array,
    depreciation: float, review_rate: float, threshold_range: tuple[float, float],
    upkeep_chance: float,
) -> tuple[Array, Array]:  # fmt: skip
    """Investment planned in a quarter: upkeep, and a lump where the gap is worth it.

    The whole gap is invested when the enterprise reviews its plant and the gap exceeds a drawn
    trigger (fixed cost of adjustment); else there is upkeep, in some quarters only.

    Args:
        capital: Capital at hand, yuan.
        wanted: Capital wanted, yuan.
        review: Uniform draw: does it review this quarter?
        threshold: Uniform draw: where the trigger lies in `threshold_range`.
        upkeep: Uniform draw: is there upkeep this quarter?
        depreciation: Share a year.
        review_rate: Chance to review in a quarter at a small gap.
        threshold_range: Lowest and highest trigger, as a share of capital.
        upkeep_chance: Chance of upkeep in a quarter.

    Returns:
        Upkeep and lump, yuan a quarter, shape (rows,).
    """
    return _plan(
        capital, wanted, review, threshold, upkeep, depreciation, review_rate, threshold_range,
        upkeep_chance,
    )  # fmt: skip


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64, float64, UniTuple(float64, 2), float64)"
)
def _plan(
    capital: Array, wanted: Array, review: Array, threshold: Array, upkeep: Array,
    depreciation: float, review_rate: float, threshold_range: tuple[float, float],
    upkeep_chance: float,
) -> tuple[Array, Array]:  # fmt: skip
    """The loop of `plan`."""
    low, high = threshold_range
    kept, lump = np.empty(len(capital)), np.empty(len(capital))
    for i in range(len(capital)):
        gap = wanted[i] - capital[i]
        missing = max(gap, 0.0)
        # Adjustment hazard that rises with the gap (Caballero and Engel 1999).
        hazard = review_rate * (1.0 + missing / max(capital[i], 1.0))
        fills = (review[i] < hazard) & (gap > (low + (high - low) * threshold[i]) * capital[i])
        keeps = (upkeep[i] < upkeep_chance) & (not fills)
        lump[i] = gap if fills else 0.0
        kept[i] = min(0.5 * depreciation * capital[i], missing) if keeps else 0.0
    return kept, lump


@compiled("float64[::1](float64[::1], float64[::1], float64)")
def embodied_gain(investment: Array, capital: Array, gain: float) -> Array:
    """Gain in log productivity from new equipment, by the share of plant that is new.

    Args:
        investment: Plant bought in the quarter, yuan, shape (rows,).
        capital: Plant before, yuan, shape (rows,).
        gain: Log productivity gained where all plant is new.
    """
    rise = np.empty(len(capital))
    for i in range(len(capital)):
        rise[i] = gain * investment[i] / max(capital[i] + investment[i], 1.0)
    return rise
