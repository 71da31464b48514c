"""Draws: the places in the parameters' ranges and in the outside world that runs are made at.

Parameters that the published figures see come from the fitted ensemble: draw i takes its set i. All
others are drawn from their priors, at point i of one scrambled Sobol sequence; those that only a
cost hangs on at a point of another, so that a cost more moves no enterprise. A draw is the same
however many are asked for, so that a batch can be enlarged without moving what it has. Draw 0 holds
the central values: the centre of the ensemble, and of the table for parameters outside it.

Side batches move one source of uncertainty alone; their draws have numbers of their own, so that a
number means one thing in a store.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.runs.ensemble import SHIPPED, fitted
from jiqun.experiments.runs.priors import Law
from jiqun.model.outside_world import SERIES
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from scipy.stats.qmc import Sobol

    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.rows.evidence import Parameter

SEQUENCE_SEED = 20231201
"""Scrambles the sequence; another value gives another, equally good set of draws."""
COST_SEED = 20231202
"""Scrambles the sequence of what only a cost hangs on."""
BLOCK = 10_000
"""Numbers of draws set apart for each kind of batch."""


class Vary(StrEnum):
    """What moves from run to run of a batch."""

    ALL = "all"
    PARAMETERS = "parameters"
    OUTSIDE = "outside"
    SEEDS = "seeds"


FIRST_OF_BLOCK = {Vary.ALL: 0, Vary.PARAMETERS: BLOCK, Vary.OUTSIDE: 2 * BLOCK}
"""Number that comes before the first draw of a kind."""


@dataclass(frozen=True)
class Draw:
    """Parameter values, places of the outside world and sizes of levers; the absent is central.

    Attributes:
        index: Number of the draw; 0 is central.
        values: Parameter to value.
        outside: Series of the outside world to its place between low (-1) and high (+1).
        sizes: Lever to how many times as large it is after history as its scenario has it.
    """

    index: int
    values: Mapping[str, float] = field(default_factory=dict)
    outside: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)

    def of(self, scenario: Scenario) -> Scenario:
        """A scenario at the values of the draw."""
        return scenario.with_draw(self.values, self.outside, self.sizes)


def draws(
    scenario: Scenario, indices: Iterable[int], ensemble_file: Path = SHIPPED
) -> Iterator[Draw]:
    """Draws of a scenario by number.

    A parameter or path that the scenario itself sets away from the central one is left where the
    scenario puts it.

    Args:
        scenario: The scenario at its central values.
        indices: Numbers of the draws, ascending within a block.
        ensemble_file: Fitted parameter sets; priors alone where there is no such file.
    """
    drawn = [row for row in table("parameters") if row.low < row.high]
    ranges = [row for row in drawn if row.use != "cost"]
    costs = [row for row in drawn if row.use == "cost"]
    free = {row.name for row in drawn if scenario.parameters.get(row.name) == row.value}
    ensemble = fitted(ensemble_file)
    central = {} if ensemble is None else _of(ensemble.centre, free)
    for index in indices:
        block, place = divmod(index - 1, BLOCK) if index else (-1, 0)
        if block < 0:
            yield Draw(0, central)
            continue
        point = _point(len(ranges) + len(SERIES), place, SEQUENCE_SEED)
        others = _point(len(costs), place, COST_SEED)
        places = zip((*ranges, *costs), (*point[len(SERIES) :], *others), strict=True)
        values = {row.name: prior_value(row, u) for row, u in places if row.name in free}
        if ensemble is not None:
            values |= _of(ensemble.member(place), free)
        # The mean of four independent years has half the spread of one year; a uniform place within
        # one standard deviation of the year has .58 of it.
        outside = {
            series: float(2.0 * u - 1.0)
            for series, u in zip(SERIES, point, strict=False)
            if not scenario.outside.position.get(series, 0.0)
        }
        yield Draw(
            index,
            values if FIRST_OF_BLOCK[Vary.OUTSIDE] != block * BLOCK else central,
            outside if FIRST_OF_BLOCK[Vary.PARAMETERS] != block * BLOCK else {},
        )


def _of(values: Mapping[str, float], free: set[str]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name in free}


@cache
def _scrambled(dimensions: int, seed: int) -> Sobol:
    """A sequence at its start; scrambling takes a hundred times as long as a point."""
    from scipy.stats.qmc import Sobol  # noqa: PLC0415  (slow to import, and few commands draw)

    return Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))


def _point(dimensions: int, index: int, seed: int) -> Array:
    """Point of a sequence in the unit cube, whatever was asked for before."""
    sequence = deepcopy(_scrambled(dimensions, seed))
    if index:
        sequence.fast_forward(index)
    return np.asarray(sequence.random(1)[0], dtype=np.float64)


def prior_value(row: Parameter, u: float) -> float:
    """Value of a parameter at a probability."""
    law = Law(row.distribution, row.low, row.high, row.value)
    return float(law.quantile(np.asarray(u)))
