"""Time of one run on one core, whole and by stage."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiqun.experiments.runs.batch import POPULATION_SEED
from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import year_of
from jiqun.model.start.population import build_population

if TYPE_CHECKING:
    from jiqun.model.scenario import Scenario
    from jiqun.model.start.population import Population

SCENARIO = "without_document_55"
"""Scenario that is timed if nothing is said."""


@dataclass(frozen=True)
class Measurement:
    """Times of a run, in CPU seconds of one process.

    Attributes:
        rows: Rows of enterprises at its end.
        quarters: Quarters that were run.
        start: Making the model from a population that is already built.
        run: All quarters, with the yearly outcomes.
        records: The outcomes as columns, ready for the store.
        timings: Stage of the quarter or of the year's end to its time over the run.
    """

    rows: int
    quarters: int
    start: float
    run: float
    records: float
    timings: dict[str, float]

    @property
    def total(self) -> float:
        """The whole run."""
        return self.start + self.run + self.records

    @property
    def between(self) -> float:
        """What of the quarters is in no stage."""
        return self.run - sum(self.timings.values())

    @property
    def enterprise_quarters_a_second(self) -> float:
        """Rows times quarters by the time of the quarters."""
        return self.rows * self.quarters / self.run


def measure_once(scenario: Scenario, population: Population) -> Measurement:
    """Times of one run."""
    gc.collect()
    begin = time.process_time()
    model = ClusterPolicyModel(scenario, rng=1, population=population)
    started = time.process_time()
    model.run_until_year(year_of(scenario.end))
    ran = time.process_time()
    model.records()
    ended = time.process_time()
    return Measurement(
        rows=len(model.enterprises),
        quarters=scenario.end - scenario.start + 1,
        start=started - begin,
        run=ran - started,
        records=ended - ran,
        timings=dict(model.timings),
    )


def measure(scenario: Scenario, repeats: int) -> Measurement:
    """The fastest of `repeats` runs: what else the machine does can only slow one down."""
    population = build_population(
        scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
    )
    return min(
        (measure_once(scenario, population) for _ in range(repeats)), key=lambda one: one.total
    )
