"""From parameter values to simulated figures: runs of the history by worker processes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow.compute as pc

from jiqun.experiments.runs.batch import (
    POPULATION_SEED,
    WHOLE,
    Chunk,
    PopulationRef,
    Run,
    model_hash,
)
from jiqun.experiments.runs.draws import Draw
from jiqun.experiments.runs.pool import LocalPool, dispatch
from jiqun.experiments.runs.worker import ChunkResult, Failure, run_chunk
from jiqun.experiments.stores.populations import load_population, save_population
from jiqun.experiments.stores.store import write_file
from jiqun.model import build_population

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from jiqun.calibration.targets import Target
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

CHUNK = 4
"""Runs sent to a worker together."""


def observe(chunk: Chunk) -> ChunkResult:
    """Make the runs of a chunk and hand back only what targets may name."""
    result = run_chunk(chunk)
    if result.outcomes is None:
        return replace(result, ledger=None)
    kept = pc.is_in(
        result.outcomes["level"].cast("string"), pc.pa.array(["province", "field", "size"])
    )
    return replace(result, outcomes=result.outcomes.filter(kept), ledger=None)


@dataclass(frozen=True)
class Simulated:
    """What runs gave.

    Attributes:
        values: Simulated figures in the units of the targets, shape (members, seeds, targets);
            NaN where a run failed.
        failures: Runs that failed.
    """

    values: Array
    failures: tuple[Failure, ...]


class Forward:
    """Runs a scenario at parameter values and reads the targets off; keeps its workers between.

    Args:
        scenario: The scenario, ending with the last year that is compared.
        targets: What is read off, in this order.
        folder: Where the population is kept.
        workers: Worker processes.
    """

    def __init__(
        self, scenario: Scenario, targets: Sequence[Target], folder: Path, workers: int
    ) -> None:
        self.scenario = scenario
        self.targets = tuple(targets)
        self._population = _population(scenario, folder)
        self._pool = LocalPool(workers, observe)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.close(at_once=kind is not None)

    def __call__(
        self,
        points: Sequence[Mapping[str, float]],
        seeds: Sequence[int],
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Simulated:
        """Simulated figures at each point with each seed.

        Args:
            points: Parameter to value; what is absent stays as the scenario has it.
            seeds: Seeds of the runs, the same at every point.
            progress: Called with the number of runs done and of all.
        """
        runs = [
            Run(f"{member}/{seed}", self.scenario.name, Draw(member, point), seed)
            for member, point in enumerate(points)
            for seed in seeds
        ]
        scenarios = {self.scenario.name: self.scenario}
        chunks = [
            Chunk(tuple(runs[i : i + CHUNK]), scenarios, self._population, model_hash(), WHOLE)
            for i in range(0, len(runs), CHUNK)
        ]
        values = np.full((len(points), len(seeds), len(self.targets)), np.nan)
        failures: list[Failure] = []
        done = 0
        for result in dispatch(chunks, self._pool):
            failures += result.failures
            for key, row in self._read(result).items():
                member, seed = map(int, key.split("/"))
                values[member, list(seeds).index(seed)] = row
            done += len(result.chunk.runs)
            progress(done, len(runs))
        return Simulated(values, tuple(failures))

    def _read(self, result: ChunkResult) -> dict[str, Array]:
        """Key of a run to its figures in the order of the targets; absent ones are zero."""
        if result.outcomes is None:
            return {}
        columns = [result.outcomes[n].to_pylist() for n in _PLACE]
        found = dict(
            zip(zip(*columns, strict=True), result.outcomes["value"].to_pylist(), strict=True)
        )
        return {
            run.run.key: np.array(
                [
                    t.scale * found.get((run.run.key, t.outcome, t.level, t.unit_name, t.year), 0.0)
                    for t in self.targets
                ]
            )
            for run in result.finished
        }


_PLACE = ("run_key", "outcome", "level", "unit_name", "year")


def _population(scenario: Scenario, folder: Path) -> PopulationRef:
    """The population of a scenario, written where workers can map it."""
    built = build_population(scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED)
    path = folder / f"population-{built.digest}.arrow"
    if not path.exists():
        write_file(path, partial(save_population, built))
    return PopulationRef(str(path.resolve()), load_population(path).digest)
