"""Energy per value added: an autonomous rate, and upgrades along a rising cost curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from model.scenario import Array

Flag = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


def upgrade_cost(saved: Array, upgrades: Whole, cost: float, slope: float) -> Array:
    """Cost of an upgrade, yuan: `cost` a tce saved in a year, rising with those already made."""
    return saved * cost * (1.0 + slope * upgrades)


def pays(
    saved: Array, cost: Array, price: float, draw: Array, hurdle: float, upfront: float,
    spread: float,
) -> Flag:  # fmt: skip
    """Does the saving pay inside the hurdle rate (Anderson and Newell 2004)?

    Args:
        saved: Energy saved, tce a year.
        cost: Cost after grants, yuan.
        price: Price of energy with quota price, yuan a tce.
        draw: Standard Laplace draw: the enterprise's own view of the saving.
        hurdle: Required yearly return.
        upfront: Weight of cost now against savings later.
        spread: Spread of views, log.
    """
    return np.asarray(saved * price * np.exp(spread * draw) > hurdle * upfront * cost)
