"""Draws: the places in the parameters' ranges and in the outside world that runs are made at.

Parameters that the published figures see come from the fitted ensemble: draw i takes its set i. All
others are drawn from their priors, at point i of one scrambled Sobol sequence; those that only a
cost hangs on at a point of another, so that a cost more moves no enterprise; those of extensions by
their name and the number, so that none moves another parameter. A draw is the same
however many are asked for, so that a batch can be enlarged without moving what it has. Draw 0 holds
the central values: the centre of the ensemble, and of the table for parameters outside it.

Side batches move one source of uncertainty alone; their draws have numbers of their own, so that a
number means one thing in a store.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.runs.ensemble import SHIPPED, fitted
from jiqun.experiments.runs.priors import Law
from jiqun.model.outside_world import SERIES
from jiqun.model.randomness import uniform
from jiqun.scenarios.tables import added, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from scipy.stats.qmc import Sobol

    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.rows.evidence import Parameter

SEQUENCE_SEED = 20231201
"""Scrambles the sequence; another value gives another, equally good set of draws."""
COST_SEED = 20231202
"""Scrambles the sequence of what only a cost hangs on."""
ADDED_SEED = 20231203
"""Seed of what extensions add."""
BLOCK = 10_000
"""Numbers of draws set apart for each kind of batch."""


class Vary(StrEnum):
    """What moves from run to run of a batch."""

    ALL = "all"
    PARAMETERS = "parameters"
    OUTSIDE = "outside"
    SEEDS = "seeds"
    EACH = "each"
    """Each of the three alone: side batches in one."""


SOURCES = (Vary.PARAMETERS, Vary.OUTSIDE, Vary.SEEDS)
"""Sources of uncertainty, as side batches move them."""
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

    @cached_property
    def text(self) -> str:
        """All but its number, the same for draws that are the same: what a run's key is made of."""
        drawn = [dict(self.values), dict(self.outside)]
        drawn += [dict(self.sizes)] if self.sizes else []
        return json.dumps(drawn, sort_keys=True)

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
    rows = _by_origin()
    moved = moved_by_draws(scenario)
    free = moved - set(SERIES)
    ensemble = fitted(ensemble_file)
    central = {} if ensemble is None else _of(ensemble.centre, free)
    numbers = list(indices)
    places = sorted({(index - 1) % BLOCK for index in numbers if index})
    row_of = {place: row for row, place in enumerate(places)}
    points = np.hstack(
        (
            _points(len(SERIES) + len(rows[0]), places, SEQUENCE_SEED),
            _points(len(rows[1]), places, COST_SEED),
            *(_addressed(row, places) for row in rows[2]),
        )
    )
    # A column at a time: number by number takes a hundred times as long.
    names = [row.name for part in rows for row in part if row.name in free]
    columns = [
        _law(row).quantile(points[:, place])
        for place, row in enumerate((*rows[0], *rows[1], *rows[2]), len(SERIES))
        if row.name in free
    ]
    values = np.stack(columns, axis=1) if columns else np.empty((len(places), 0))
    series = [name for name in SERIES if name in moved]
    # The mean of four independent years has half the spread of one year; a uniform place within
    # one standard deviation of the year has .58 of it.
    outside = 2.0 * points[:, [SERIES.index(name) for name in series]] - 1.0
    for index in numbers:
        if not index:
            yield Draw(0, central)
            continue
        block, place = divmod(index - 1, BLOCK)
        first, row = block * BLOCK, row_of[place]
        own = dict(zip(names, values[row].tolist(), strict=True))
        if ensemble is not None:
            own |= _of(ensemble.member(place), free)
        yield Draw(
            index,
            own if FIRST_OF_BLOCK[Vary.OUTSIDE] != first else central,
            dict(zip(series, outside[row].tolist(), strict=True))
            if FIRST_OF_BLOCK[Vary.PARAMETERS] != first
            else {},
        )


def moved_by_draws(scenario: Scenario) -> frozenset[str]:
    """Parameters and series that draws move: those that a scenario leaves at their centre.

    Draws of scenarios that leave the same are the same.
    """
    parameters = scenario.parameters
    free = {row.name for row in _ranged() if parameters.get(row.name) == row.value}
    return frozenset(free | {s for s in SERIES if not scenario.outside.position.get(s, 0.0)})


def _ranged() -> list[Parameter]:
    """Parameters that have a range."""
    return [row for row in table("parameters") if row.low < row.high]


def _by_origin() -> tuple[list[Parameter], list[Parameter], list[Parameter]]:
    """Parameters that have a range: what runs hang on, what a cost does, what extensions add."""
    of_extensions = added("parameters")
    drawn = _ranged()
    own = [row for row in drawn if row.name not in of_extensions]
    return (
        [row for row in own if row.use != "cost"],
        [row for row in own if row.use == "cost"],
        [row for row in drawn if row.name in of_extensions],
    )


def _of(values: Mapping[str, float], free: frozenset[str]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name in free}


@cache
def _scrambled(dimensions: int, seed: int) -> Sobol:
    """A sequence at its start; scrambling takes a hundred times as long as a point."""
    from scipy.stats.qmc import Sobol  # noqa: PLC0415  (slow to import, and few commands draw)

    return Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))


def _points(dimensions: int, places: Sequence[int], seed: int) -> Array:
    """Points of a sequence in the unit cube, whatever was asked for before.

    Args:
        dimensions: Coordinates of a point.
        places: Numbers of the points, ascending.
        seed: Scrambles the sequence.

    Returns:
        Array of shape (places, dimensions).
    """
    sequence, at = deepcopy(_scrambled(dimensions, seed)), 0
    found = np.empty((len(places), dimensions))
    for row, place in enumerate(places):
        if place > at:
            sequence.fast_forward(place - at)
        found[row], at = sequence.random(1)[0], place + 1
    return found


def _addressed(row: Parameter, places: Sequence[int]) -> Array:
    """Probabilities of one parameter, independent of all others, shape (places, 1)."""
    return uniform(ADDED_SEED, row.name, np.array(places, dtype=np.int64))[:, np.newaxis]


def prior_value(row: Parameter, u: float) -> float:
    """Value of a parameter at a probability."""
    return float(_law(row).quantile(np.asarray(u)))


def _law(row: Parameter) -> Law:
    return Law(row.distribution, row.low, row.high, row.value)
