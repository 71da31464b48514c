"""Priors of parameters: values at probabilities, with the same bits on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.elementary import exp, log

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array


@dataclass(frozen=True)
class Law:
    """A distribution on a range.

    Attributes:
        name: ``uniform``, ``loguniform`` or ``triangular``.
        low: Lowest value.
        high: Highest value.
        mode: Likeliest value; of a triangular law alone.

    Raises:
        ValueError: There is no such distribution.
    """

    name: str
    low: float
    high: float
    mode: float

    def __post_init__(self) -> None:
        if self.name not in ("uniform", "loguniform", "triangular"):
            raise ValueError(f"unknown distribution {self.name!r}")

    def quantile(self, u: Array) -> Array:
        """Values at probabilities, of any shape."""
        width = self.high - self.low
        if self.name == "loguniform":
            values = self.low * exp(u * log(self.high / self.low))
        elif self.name == "uniform":
            values = self.low + u * width
        else:
            rising, falling = width * (self.mode - self.low), width * (self.high - self.mode)
            values = np.where(
                u * width < self.mode - self.low,
                self.low + np.sqrt(u * rising),
                self.high - np.sqrt((1.0 - u) * falling),
            )
        # Rounding may lead out of the range by a last bit.
        result: Array = np.clip(values, self.low, self.high)
        return result
