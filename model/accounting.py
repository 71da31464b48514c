"""The books: what enterprises paid and owe against what all others received and are owed.

Enterprises are measured by their stocks (cash less debt), all other sectors by their flows, so that
a payment which is not booked, or booked twice, leaves a residual.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from jiqun.model.dimensions import Array

YUAN = 1.0
"""What two sums that are equal on paper may differ by: rounding leaves far less of the largest."""
OTHERS = ("government", "households", "banks", "outside")


@dataclass
class Books:
    """Net receipts of the other sectors in a quarter, yuan."""

    received: dict[str, float] = field(default_factory=lambda: dict.fromkeys(OTHERS, 0.0))

    def book(self, sector: str, amount: float) -> None:
        """A sector receives `amount` from enterprises (negative: it pays)."""
        self.received[sector] += amount

    def residual(self, position_before: float, position_after: float, scale: float) -> float:
        """Change of the enterprises' position and all booked flows, over `scale`; zero if closed.

        Args:
            position_before: Cash less debt of all enterprises at the start of the quarter, yuan.
            position_after: The same at its end.
            scale: Yuan that make the residual relative (turnover of the quarter).
        """
        return abs(position_after - position_before + sum(self.received.values())) / scale


def covers(money: Array | float, cost: Array | float) -> npt.NDArray[np.bool_]:
    """Whether money is enough for a cost: also where both are the same sum but for rounding.

    A loan that fills a gap, or claims that use a budget up, make the two equal on paper in many
    cases, and the last bit must not decide them.
    """
    return np.asarray(cost < money + YUAN)


@overload
def left_of(money: float, taken: float) -> float: ...
@overload
def left_of(money: Array | float, taken: Array) -> Array: ...
def left_of(money: Array | float, taken: Array | float) -> Array | float:
    """What is left of a sum: nothing where it is used up but for rounding."""
    rest = money - taken
    if isinstance(rest, np.ndarray):
        return np.where(rest < YUAN, 0.0, rest)
    return 0.0 if rest < YUAN else rest
