"""Priors of parameters: values at probabilities and back, with the same bits on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.elementary import exp, log

if TYPE_CHECKING:
    from model.scenario import Array


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
            values: Array = self.low * exp(u * log(self.high / self.low))
            return values
        if self.name == "uniform":
            return self.low + u * width
        rising, falling = width * (self.mode - self.low), width * (self.high - self.mode)
        return np.where(
            u * width < self.mode - self.low,
            self.low + np.sqrt(u * rising),
            self.high - np.sqrt((1.0 - u) * falling),
        )

    def probability(self, values: Array) -> Array:
        """Probabilities of values inside the range, of any shape."""
        width, above = self.high - self.low, values - self.low
        if self.name == "loguniform":
            result: Array = log(values / self.low) / log(self.high / self.low)
            return result
        if self.name == "uniform":
            return above / width
        below = self.high - values
        rising = np.where(self.mode > self.low, width * (self.mode - self.low), 1.0)
        falling = np.where(self.high > self.mode, width * (self.high - self.mode), 1.0)
        return np.where(values < self.mode, above * above / rising, 1.0 - below * below / falling)
