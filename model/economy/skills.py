"""Skills: the share of staff that training has reached, and the productivity that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array


def staff_trained(trained: Array, places: Array | float, loss: float) -> Array:
    """Share of staff whose training still counts, after a quarter (perpetual inventory).

    Places go to staff without training; those trained forget, or leave and are replaced by others
    without it.

    Args:
        trained: Share of staff, shape (rows,).
        places: Training places a year, as a share of staff.
        loss: Part of the trained staff a year that forgets or leaves.
    """
    result: Array = trained + 0.25 * (places * (1.0 - trained) - loss * trained)
    return result
