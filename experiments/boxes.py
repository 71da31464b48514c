"""Boxes in a space of factors: limits, what they hold, and which of them add something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Cases = npt.NDArray[np.bool_]
    Place = tuple[str, str]

SIDES = ("least", "most")
IDLE = 0.05
"""Chance from which on a limit adds nothing."""


@dataclass(frozen=True)
class Limit:
    """One limit of a box.

    Attributes:
        factor: What is limited.
        side: ``least`` or ``most``.
        value: The limit, in the factor's unit.
        share: Share of all runs that keep to it.
        quasi_p: Chance that the box would be as dense were the limit without effect (one-sided
            binomial test of Bryant and Lempert; too small, as the same runs chose the limit).
        kept: Share of the halves in which the search sets a limit to the same side of the factor,
            or of one that goes with it; None before they are searched.
        alike: Other factors that go with it in these runs, the closest first.
    """

    factor: str
    side: str
    value: float
    share: float
    quasi_p: float
    kept: float | None = None
    alike: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """Factor and side."""
        return self.factor, self.side


@dataclass(frozen=True)
class Box:
    """A part of the uncertain world.

    Attributes:
        coverage: Share of the cases that lie in it.
        density: Share of the runs in it that are cases.
        runs: Runs in it.
        limits: Its limits.
    """

    coverage: float
    density: float
    runs: int
    limits: tuple[Limit, ...]

    @property
    def score(self) -> float:
        """Coverage times density: 1 for a box with all cases and nothing else.

        A box without limits has the share of the cases. The product needs no threshold of
        density, which rare cases never reach and frequent ones pass at once.
        """
        return self.coverage * self.density

    @property
    def places(self) -> dict[Place, float]:
        """Its limits: factor and side to value."""
        return {limit.place: limit.value for limit in self.limits}


def rebuilt(x: pd.DataFrame, y: Cases, box: Box) -> Box:
    """A box built up anew from its limits, the best first, as long as each adds something.

    Limits stand in for each other: taken out one by one, the weakest first, those that are left
    are not those that tell most.

    Args:
        x: Factors of the runs, one row a run.
        y: Whether each run is a case, shape (runs,).
        box: The box whose limits are taken.
    """
    built = box_from(x, y, {})
    while True:
        had = built.places
        tried = [box_from(x, y, had | {p: v}) for p, v in box.places.items() if p not in had]
        better = [
            each
            for each in tried
            if each.score > built.score and all(limit.quasi_p < IDLE for limit in each.limits)
        ]
        if not better:
            return built
        built = max(better, key=lambda each: each.score)


def box_from(x: pd.DataFrame, y: Cases, places: Mapping[Place, float]) -> Box:
    """A box from its limits.

    Args:
        x: Factors of the runs, one row a run.
        y: Whether each run is a case, shape (runs,).
        places: Factor and side to the limit, in units of the factor.
    """
    held = inside(x, places)
    runs, hits = int(held.sum()), int(y[held].sum())
    limits = []
    for place, value in places.items():
        without = inside(x, {other: v for other, v in places.items() if other != place})
        chance = float(binom.sf(hits - 1, runs, y[without].mean()))
        limits.append(Limit(*place, value, float(keeps(x, place, value).mean()), chance))
    return Box(hits / int(y.sum()), hits / runs, runs, tuple(limits))


def inside(x: pd.DataFrame, places: Mapping[Place, float]) -> Cases:
    """Which runs keep to all limits."""
    held = np.ones(len(x), dtype=bool)
    for place, value in places.items():
        held &= keeps(x, place, value)
    return held


def keeps(x: pd.DataFrame, place: Place, value: float) -> Cases:
    """Which runs keep to one limit.

    Args:
        x: Factors of the runs, one row a run.
        place: Factor and side, `least` or `most`.
        value: The limit, in units of the factor; a run on it keeps to it.
    """
    values = x[place[0]].to_numpy(dtype=float)
    return values >= value if place[1] == "least" else values <= value
