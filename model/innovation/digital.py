"""Digital stages 0 to 4: peers, perceived benefit against cost, and gains that come late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.elementary import compiled, exp, power

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

Flag = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


def consideration(external: Array | float, imitation: float, peers: Array) -> Array:
    """Chance in a quarter to consider a further stage (Bass 1969): own interest and imitation.

    Args:
        external: Interest of its own, a share a year; one number or shape (rows,).
        imitation: Rise of the yearly chance from no peers to all peers, a share.
        peers: Share of peers at the first digital stage or above, shape (rows,).
    """
    return np.minimum(external + imitation * peers, 1.0) / 4.0


def stage_cost(revenue: Array, stage: Whole, fixed: float, share: float, rise: float) -> Array:
    """Service value of the next stage, yuan: a fixed part, and one that rises less than size.

    Args:
        revenue: Yearly revenue, yuan of 2018, shape (rows,).
        stage: Digital stage reached, 0 to 3, shape (rows,).
        fixed: Fixed part of the cost, yuan of 2018.
        share: Further cost at 100 million yuan of revenue, a share of revenue.
        rise: Exponent of revenue in that further cost.
    """
    return (fixed + share * 100e6 * power(revenue / 100e6, rise)) * (1.0 + 0.3 * stage)


def worth_it(
    value_added: Array, cost: Array, draw: Array, gain: Array | float, hurdle: float, spread: float
) -> Flag:
    """Does the perceived yearly benefit over the enterprise's own hurdle rate exceed the cost?

    Args:
        value_added: Yuan a year.
        cost: Cost after grants, yuan.
        draw: Standard Laplace draw: how the enterprise perceives its own case.
        gain: Perceived rise of value added by one stage, share.
        hurdle: Required yearly return.
        spread: Spread of perceptions, log.
    """
    return np.asarray(gain * value_added * exp(spread * draw) > hurdle * cost)


def realised_gain(gain: Array, stage: Whole, full: float, speed: float) -> Array:
    """Productivity gained so far: the long-run gain of a stage arrives by `speed` a year.

    Returns to digital work rise with the horizon (Brynjolfsson and Hitt 2003), so the gain of
    the first year is a fraction of that of the long run.

    Args:
        gain: Log productivity gained so far, shape (rows,).
        stage: Digital stage reached, 0 to 4, shape (rows,).
        full: Log productivity gained at stage 4 in the long run.
        speed: Part of the gap to the long run that closes in a year.
    """
    return _realised(gain, stage, full, 1.0 - power(1.0 - speed, 0.25))


@compiled("float64[::1](float64[::1], int64[::1], float64, float64)")
def _realised(gain: Array, stage: Whole, full: float, closed: float) -> Array:
    """Productivity gained where so much of the gap closes in a quarter."""
    after = np.empty(len(gain))
    for i in range(len(gain)):
        after[i] = gain[i] + closed * (full * stage[i] / 4.0 - gain[i])
    return after
