"""Means and probabilities of the laws that parameters are drawn by, in closed form.

`experiments/runs/priors.py` draws from the same laws; a table can say what they come to without it.
"""

from __future__ import annotations

from math import log
from typing import Literal

Law = Literal["uniform", "loguniform", "triangular"]
"""Laws that a parameter can have."""


def mean(law: Law, low: float, high: float, mode: float) -> float:
    """Mean of a law on a range.

    Args:
        law: Its name.
        low: Lowest value, over zero if the law is loguniform.
        high: Highest value.
        mode: Likeliest value; of a triangular law alone.
    """
    if low == high:
        return low
    if law == "triangular":
        return (low + mode + high) / 3.0
    return 0.5 * (low + high) if law == "uniform" else (high - low) / log(high / low)


def at_or_below(value: float, law: Law, low: float, high: float, mode: float) -> float:
    """Probability of not more than a value.

    Args:
        value: Value whose probability is asked for, in the unit of the range.
        law: Name of the law.
        low: Lowest value, over zero if the law is loguniform.
        high: Highest value.
        mode: Likeliest value; of a triangular law alone.
    """
    if value >= high:
        return 1.0
    if value < low:
        return 0.0
    if law == "uniform":
        return (value - low) / (high - low)
    if law == "loguniform":
        return log(value / low) / log(high / low)
    if value < mode:
        return (value - low) ** 2 / ((high - low) * (mode - low))
    return 1.0 - (high - value) ** 2 / ((high - low) * (high - mode))
