"""R&D, knowledge, spillovers and productivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.elementary import log, power

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

Flag = npt.NDArray[np.bool_]

LEAST_COST = 0.05
"""Least user cost of R&D over that of 2018: no support makes a further yuan of it free."""
MOST_STARTS = 0.9
"""Chance a year to start R&D, at most."""


def rd_intensity(
    intensity: Array, taste: Array, cost_ratio: Array, elasticity: float, speed: float
) -> Array:
    """R&D over revenue after a quarter.

    The wanted intensity is `taste * cost_ratio^-elasticity`; `speed` of the gap closes in a year.
    The slow adjustment is on the intensity, so that R&D follows revenue without delay: adjustment
    costs were measured on the response to the user cost, not on growth.

    Args:
        intensity: Share of revenue last quarter.
        taste: Share of revenue wanted at the user cost of 2018.
        cost_ratio: User cost over that of 2018.
        elasticity: Of real R&D to the user cost, absolute.
        speed: Share of the gap closed in a year.
    """
    wanted = taste * power(cost_ratio, -elasticity)
    result: Array = intensity + (1.0 - power(1.0 - speed, 0.25)) * (wanted - intensity)
    return result


def start_hazard(
    base: float, revenue: Array, size_power: float, cost_ratio: Array, elasticity: float,
    peers: Array, peer_weight: float,
) -> Array:  # fmt: skip
    """Chance in a quarter that an enterprise without R&D starts it.

    Rises with size (the sunk cost is spread), falls with the user cost, rises with the share of
    peers that do R&D.

    Args:
        base: Chance a year at 100 million yuan of revenue.
        revenue: Expected revenue, yuan a year, shape (rows,).
        size_power: Exponent of revenue in the chance.
        cost_ratio: User cost of R&D against that of the start, shape (rows,).
        elasticity: Of the chance to the user cost, absolute.
        peers: Share of peers that do R&D, shape (rows,).
        peer_weight: Rise of the chance from no peers to all peers, a share.
    """
    size = np.minimum(power(revenue / 100e6, size_power), 4.0)
    yearly = base * size * power(cost_ratio, -elasticity) * (1.0 + peer_weight * peers)
    return np.minimum(yearly, MOST_STARTS) / 4.0


def reported(real: Array, reward: Array, relabel: float) -> Array:
    """R&D reported: relabelling of other cost rises with the tax reward for a yuan of R&D.

    Args:
        real: R&D done, yuan a quarter, shape (rows,).
        reward: Expected saving of tax on a yuan of R&D, shape (rows,).
        relabel: Other cost reported as R&D at a reward of 0.25, a share of real R&D.
    """
    return real * (1.0 + relabel * reward / 0.25)


def up_to_notch(reported: Array, notch: Array, holds: Flag, reach: Array | float) -> Array:
    """R&D reported by those who hold a title with a notch: up to it where it is within reach.

    Enterprises bunch at the notch (Chen, Liu, Suarez Serrato and Xu 2021).

    Args:
        reported: R&D reported otherwise, yuan a quarter, shape (rows,).
        notch: R&D that the title asks for, yuan a quarter.
        holds: Who holds the title.
        reach: Most that is reported over what would be otherwise.
    """
    near = holds & (reported < notch) & (reported * reach >= notch)
    return np.where(near, notch, reported)


def next_knowledge(knowledge: Array, rd_real: Array, decay: float) -> Array:
    """Knowledge stock after a quarter, yuan of 2018 (perpetual inventory; Hall 2007).

    Args:
        knowledge: Stock before, yuan of 2018, shape (rows,) or (pools,).
        rd_real: R&D of the quarter, yuan of 2018, same shape.
        decay: Depreciation of knowledge, a share a year.
    """
    return knowledge * (1.0 - decay / 4.0) + rd_real


def log_gain(before: Array, after: Array, floor: Array) -> Array:
    """Growth of the log of a stock over its floor, which keeps it finite at zero.

    Args:
        before: Stock before, yuan of 2018.
        after: Stock after, same unit and shape.
        floor: What is added to both, same unit; its shape or (1,).
    """
    return log((after + floor) / (before + floor))


def seldom(draw: Array, lot: Array, chance: float) -> Array:
    """Shocks that come in few quarters and are large then; variance as if they came in each.

    Four shocks a year would add up to growth nearer to the normal law than to the published tent.

    Args:
        draw: Standard Laplace draw, shape (rows,).
        lot: Uniform draw: does a shock come?
        chance: That one comes in a quarter.
    """
    return np.where(lot < chance, draw / np.sqrt(chance), 0.0)


def level_noise(shock: Array, scale: float, chance: float) -> Array:
    """Permanent shock to the log of competitiveness that leaves expected size unchanged.

    A Laplace shock of scale b raises the mean of its exponential to 1 / (1 - b^2); one that comes
    with `chance` has b^2 = scale^2 / chance.

    Args:
        shock: Standard shock (`seldom`), shape (rows,).
        scale: Scale as if it came every quarter.
        chance: That one comes in a quarter.
    """
    mean = 1.0 - chance + chance / (1.0 - scale * scale / chance)
    result: Array = scale * shock - log(mean)
    return result


def noise_scale(revenue: Array, scale: float, size_slope: float) -> Array:
    """Scale of the transitory shock: falls a little with size (weakly, as in China).

    Args:
        revenue: Yearly revenue, yuan, shape (rows,).
        scale: Scale at 50 million yuan of revenue, log.
        size_slope: Exponent of the fall with revenue.
    """
    size = np.minimum(np.maximum(revenue / 50e6, 0.05), 1e4)
    return scale * power(size, -size_slope)
