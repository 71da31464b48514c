"""Outputs that mostly sit at one value: a quota met, full coverage, a lever that reaches nobody.

Such an output carries no sensitivity to tell; what it is a cut-off of is to be shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.sensitivity.designs import SensitivityError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.dimensions import Array

MOST = 0.5
DIGITS = 6
"""Values are one that agree to so many digits of the range; outcomes are stored with seven."""


class At(StrEnum):
    """Where most values sit."""

    LEAST = "least"
    LARGEST = "largest"
    INSIDE = "inside"
    CONSTANT = "constant"


@dataclass(frozen=True)
class Saturated:
    """An output that mostly sits at one value.

    Attributes:
        column: The output.
        at: Where the value lies in the range of all.
        value: The value.
        share: Share of the rows that have it.
    """

    column: str
    at: At
    value: float
    share: float


def saturated(columns: Sequence[str], values: Array) -> list[Saturated]:
    """Outputs of which more than half of all rows are at one value.

    Args:
        columns: Name of each output.
        values: Shape (rows, columns).

    Raises:
        SensitivityError: A value isn't finite.
    """
    found = []
    for name, column in zip(columns, values.T, strict=True):
        if not np.isfinite(column).all():
            raise SensitivityError(f"{name}: a value is not finite")
        least, largest = float(column.min()), float(column.max())
        level = max(abs(least), abs(largest))
        if largest - least <= level * 10.0**-DIGITS:
            found.append(Saturated(name, At.CONSTANT, least, 1.0))
            continue
        scaled = np.round((column - least) / (largest - least), DIGITS)
        places, counts = np.unique(scaled, return_counts=True)
        often = counts.argmax()
        share = float(counts[often]) / len(column)
        if share > MOST:
            place = float(places[often])
            at = {0.0: At.LEAST, 1.0: At.LARGEST}.get(place, At.INSIDE)
            found.append(Saturated(name, at, least + place * (largest - least), share))
    return found
