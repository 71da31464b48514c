"""What a batch costs beside its runs: this project's runner, and others on the same runs.

All make the same runs of a small province, one after the other. What they leave differs: this
project's runner checks each run and keeps outcomes and ledger on disk, from a process of its own;
Mesa's collects all outcomes of the province, joblib and the EMA Workbench are handed one.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import mesa
import numpy as np

from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores.results import Results
from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import year_of
from jiqun.model.mesa_batch import of_province
from jiqun.model.start.population import build_population
from jiqun.scenarios import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.model import Population
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

ROWS, LAST_YEAR = 2_500, 2020
"""Of the small runs: the smaller a run, the more the runner weighs."""
FEW, MANY = 4, 20
"""Runs of the two batches whose difference is what a further run takes."""
RUNS_OF_PAIR = 12
"""Default runs that one worker makes, and two."""
BARE, OURS = "a loop", "jiqun"


@dataclass(frozen=True)
class Cost:
    """CPU seconds that batches take, in all their processes, by repetition.

    Attributes:
        start: Whatever the number of runs, shape (repetitions,).
        run: A further run, shape (repetitions,).
        many: The larger batch, shape (repetitions,).
    """

    start: Array
    run: Array
    many: Array


@dataclass(frozen=True)
class Pair:
    """A batch on one worker and on two, in seconds of the clock.

    Attributes:
        one: On one worker.
        two: On two.
        machine: Efficiency of two processes that share nothing, measured before and after: what
            the machine had to give.
    """

    one: float
    two: float
    machine: float

    @property
    def efficiency(self) -> float:
        """Time on one worker over twice that on two."""
        return self.one / (2.0 * self.two)


@cache
def small() -> tuple[Scenario, Population]:
    """The small scenario, and its population."""
    scenario = replace(load("without_document_55"), rows=ROWS).until(LAST_YEAR)
    return scenario, build_population(scenario.province, scenario.parameters, ROWS, seed=1)


def one(seed: int) -> ClusterPolicyModel:
    """A run of the small scenario, with its outcomes worked out."""
    scenario, population = small()
    model = ClusterPolicyModel(scenario, rng=seed, population=population)
    model.run_until_year(year_of(scenario.end))
    model.records()
    return model


def value_added(seed: int) -> float:
    """Value added of the last year of a run: what joblib and the EMA Workbench hand back."""
    return of_province(one(seed), "value_added")


def by_loop(runs: int) -> None:
    for seed in range(1, runs + 1):
        one(seed)


def by_ours(runs: int, workers: int = 1, scenario: Scenario | None = None) -> float:
    """A batch by the runner of this project; CPU seconds that its workers took."""
    with tempfile.TemporaryDirectory() as folder:
        report = run_batch(
            [scenario or small()[0]], Plan(seeds=runs), folder, Options(workers=workers)
        )
        if report.made != runs:
            raise RuntimeError(f"{report.made} of {runs} runs ended well")
        return float(Results(folder).runs()["seconds"].sum())


def by_mesa(runs: int) -> None:
    scenario, population = small()
    mesa.batch_run(
        ClusterPolicyModel,
        {"scenario": scenario, "population": [population], "collect": True},
        number_processes=1, rng=range(1, runs + 1), display_progress=False,
    )  # fmt: skip


def by_joblib(runs: int) -> None:
    joblib.Parallel(n_jobs=1)(joblib.delayed(value_added)(seed) for seed in range(1, runs + 1))


def by_ema(runs: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of evaluators that are not asked for
        import ema_workbench as ema  # noqa: PLC0415  (slow to load)

    workbench: Any = ema
    model = workbench.Model("small", function=lambda seed: {"value_added": value_added(int(seed))})
    model.uncertainties = [workbench.IntegerParameter("seed", 1, 1_000_000)]
    model.outcomes = [workbench.ScalarOutcome("value_added")]
    workbench.perform_experiments(model, scenarios=runs, log_progress=True)


def runners() -> dict[str, Callable[[int], float | None]]:
    """The runners by name, those that are installed; they tell what other processes took."""
    found: dict[str, Callable[[int], float | None]] = {
        BARE: by_loop, OURS: by_ours, "mesa.batch_run": by_mesa, "joblib": by_joblib,
    }  # fmt: skip
    return found | ({"EMA Workbench": by_ema} if find_spec("ema_workbench") else {})


def costs(repeats: int) -> dict[str, Cost]:
    """What batches take by runner; runners take turns.

    Args:
        repeats: Batches of each runner and size.
    """
    every = runners()
    for run in every.values():
        run(1)  # loads libraries, and starts the server that workers are forked from
    few, many = ({name: np.empty(repeats) for name in every} for _ in (FEW, MANY))
    for repetition in range(repeats):
        for name, run in every.items():
            few[name][repetition] = _cpu(run, FEW)
            many[name][repetition] = _cpu(run, MANY)
    each = {name: (many[name] - few[name]) / (MANY - FEW) for name in every}
    return {name: Cost(few[name] - FEW * each[name], each[name], many[name]) for name in every}


def _cpu(run: Callable[[int], float | None], runs: int) -> float:
    begun = time.process_time()
    elsewhere = run(runs) or 0.0
    return time.process_time() - begun + elsewhere


def spin(rounds: int) -> int:
    """Work of the processor alone."""
    total = 0
    for i in range(rounds):
        total += i * i % 7
    return total


def _clock(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _machine(rounds: int = 5_000_000) -> float:
    """Efficiency of two processes that share no work and no data."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context) as pool:
        list(pool.map(spin, (1, 1)))
        alone = _clock(lambda: list(pool.map(spin, (rounds,))))
        both = _clock(lambda: list(pool.map(spin, (rounds, rounds))))
    return alone / both


def pair() -> Pair:
    """Default runs on one worker and on two, by the clock."""
    scenario = load("without_document_55")
    before = _machine()
    one, two = (_clock(partial(by_ours, RUNS_OF_PAIR, workers, scenario)) for workers in (1, 2))
    return Pair(one, two, (before + _machine()) / 2.0)
