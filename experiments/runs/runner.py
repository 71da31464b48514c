"""Runs a batch: what is in the store already is skipped, the rest is made, kept and reported."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from jiqun.experiments.effects.together import bundles
from jiqun.experiments.runs.batch import (
    BRIEF,
    LEAN,
    POPULATION_SEED,
    WHOLE,
    Chunk,
    PanelOf,
    Plan,
    PopulationRef,
    Record,
    Run,
    listed_pairs,
    model_hash,
    population_key,
    runs_of,
    scenario_hash,
)
from jiqun.experiments.runs.draws import Vary
from jiqun.experiments.runs.ensemble import fitted
from jiqun.experiments.runs.pool import DaskPool, LocalPool, Pool, dispatch
from jiqun.experiments.runs.worker import ChunkResult, Failure, run_chunk
from jiqun.experiments.stores.populations import load_population, save_population
from jiqun.experiments.stores.store import Store
from jiqun.model import build_population
from jiqun.model.extensions import everything
from jiqun.scenarios.tables import tables_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jiqun.experiments.effects.together import Arm
    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.stores.places import Remote
    from jiqun.model.scenario import Scenario

ALL_LEVELS_UP_TO = 500
"""Batches of more runs record the province and the tiers alone: a full record is large."""
PLACES_UP_TO = 10_000
"""Batches of more runs keep the ledger without who is paid."""
LARGEST_CHUNK = 8
"""Runs of a chunk at most: what a killed worker takes with it."""
LARGEST_BUNDLE = 16
"""The same of runs that share a past, which is run again for every chunk that they are split in."""
RECORDED_VERSIONS = (
    "jiqun", "mesa", "numpy", "scipy", "pandas", "pyarrow", "duckdb", "numba", "llvmlite",
)  # fmt: skip
SWITCHES = (
    "OPENBLAS_CORETYPE", "GLIBC_TUNABLES", "NPY_DISABLE_CPU_FEATURES", "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
)  # fmt: skip
"""Settings by which libraries compute as on another processor. None moves a bit of a result."""


@dataclass(frozen=True)
class Progress:
    """How far a batch is.

    Attributes:
        total: Runs to make.
        done: Runs ended, well or not.
        failed: Runs of these that failed.
        seconds: Time since the first run was sent off.
    """

    total: int
    done: int
    failed: int
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """Time the rest will take at the pace so far; None before the first run ends."""
        return self.seconds / self.done * (self.total - self.done) if self.done else None


@dataclass(frozen=True)
class Report:
    """What became of a batch.

    Attributes:
        keys: Keys of all its runs, those made earlier included.
        made: Number of runs made now.
        skipped: Number of runs that were in the store.
        failures: Runs that failed.
        seconds: Time it took.
        finished: Scenarios of which at least one run ended well, now or earlier.
    """

    keys: tuple[str, ...]
    made: int
    skipped: int
    failures: tuple[Failure, ...]
    seconds: float
    finished: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Options:
    """How a batch is run; none of it changes a result.

    Attributes:
        workers: Worker processes; None for one a core.
        dask: Address of a Dask scheduler, or ``local``, or None.
        command: Command line, for the manifest.
        work: What a worker does with a chunk.
        pool: Workers that are there already and outlast the batch, shared with others; then
            `workers` only says into how many parts the batch is cut.
    """

    workers: int | None = None
    dask: str | None = None
    command: str = ""
    work: Callable[[Chunk], ChunkResult] = run_chunk
    pool: Pool | None = None


def run_batch(
    scenarios: Sequence[Scenario],
    plan: Plan,
    folder: str | Path | Remote,
    options: Options | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    waiting: Callable[[], None] = lambda: None,
    record: Record | None = None,
    panel: PanelOf | None = None,
) -> Report:
    """Make the runs of a batch that the store lacks.

    Args:
        scenarios: Resolved scenarios, of different names.
        plan: Which draws go with which seeds.
        folder: Folder of the store, or its address.
        options: How to run.
        progress: Called at the start and whenever a chunk ends.
        waiting: Called if another batch holds the store.
        record: What is kept of each run; if absent, all unless the batch is large.
        panel: Enterprises that are kept of each run as well.

    Raises:
        StoreError: The store cannot be used; finished shards stay.
    """
    kept = record or _record_of(len(scenarios) * len(plan.pairs()), plan)
    if panel is not None:
        kept = replace(kept, panel=panel)
    listed = listed_pairs(scenarios, plan)
    facts = {
        "plan": {
            "seeds": plan.seeds,
            "draws": plan.draws,
            "cross": plan.cross,
            "vary": str(plan.vary),
        },
        "ensemble": ensemble.digest if (ensemble := fitted(plan.ensemble)) else "",
    }
    return run_listed(listed, folder, kept, facts, options, progress, waiting)


def run_listed(
    listed: Sequence[tuple[Scenario, Sequence[tuple[Draw, int]]]],
    folder: str | Path | Remote,
    record: Record,
    facts: Mapping[str, object],
    options: Options | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    waiting: Callable[[], None] = lambda: None,
) -> Report:
    """Make the runs that the store lacks of scenarios at draws with seeds.

    Args:
        listed: Resolved scenarios of different names, each with its draws and seeds.
        folder: Folder of the store, or its address.
        record: What is kept of each run.
        facts: What the manifest notes of the batch beside its scenarios.
        options: How to run.
        progress: Called at the start and whenever a chunk ends.
        waiting: Called if another batch holds the store.

    Raises:
        StoreError: The store cannot be used; finished shards stay.
    """
    options = options or Options()
    begun = time.monotonic()
    store = Store(folder)
    with store.locked(waiting):
        present = store.keys()
        if record.panel:
            present &= store.keys_with(record.panel.digest)
            facts = {**facts, "panel": record.panel.noted}
        planned: list[tuple[Scenario, PopulationRef, list[Run]]] = []
        for scenario, pairs in listed:
            population = population_in(store, scenario)
            planned.append((scenario, population, runs_of(scenario, pairs, population)))
            store.add_scenario(scenario_hash(scenario), scenario)
        store.add_batch(_entry(planned, facts, options))
        workers = workers_of(options)
        missing: dict[PopulationRef, dict[str, Arm]] = {}
        for scenario, population, runs in planned:
            arms = missing.setdefault(population, {})
            arms |= {run.key: (run, scenario) for run in runs if run.key not in present}
        chunks = [
            Chunk(
                tuple(run for run, _ in part),
                {run.scenario: scenario for run, scenario in part},
                population,
                model_hash(),
                record,
            )
            for population, arms in missing.items()
            for part in _parts(list(arms.values()), workers)
        ]
        keys = tuple(run.key for _, _, runs in planned for run in runs)
        failures = _make(store, chunks, workers, options, progress) if chunks else ()
        store.merge()
    total = sum(len(chunk.runs) for chunk in chunks)
    failed = {failure.run.key for failure in failures}
    return Report(
        keys,
        total - len(failures),
        len(set(keys)) - total,
        failures,
        time.monotonic() - begun,
        frozenset(
            scenario.name
            for scenario, _, runs in planned
            if any(run.key not in failed for run in runs)
        ),
    )


def _record_of(runs: int, plan: Plan) -> Record:
    """What is kept of each run of a batch if nothing is said."""
    if runs > PLACES_UP_TO:
        return LEAN
    return WHOLE if runs <= ALL_LEVELS_UP_TO and plan.vary == Vary.ALL else BRIEF


def _make(
    store: Store,
    chunks: list[Chunk],
    workers: int,
    options: Options,
    progress: Callable[[Progress], None],
) -> tuple[Failure, ...]:
    """Make the runs of some chunks and keep them."""
    total = sum(len(chunk.runs) for chunk in chunks)
    done, failures, begun = 0, list[Failure](), time.monotonic()
    progress(Progress(total, 0, 0, 0.0))
    pool = options.pool or (
        DaskPool(options.dask, workers, options.work)
        if options.dask
        else LocalPool(min(workers, len(chunks)), options.work)
    )
    at_once = True
    try:
        for result in dispatch(chunks, pool):
            store.add(result)
            failures += result.failures
            done += len(result.chunk.runs)
            progress(Progress(total, done, len(failures), time.monotonic() - begun))
        at_once = False
    finally:
        pool.close(at_once=at_once)
    return tuple(failures)


def workers_of(options: Options) -> int:
    """One worker a core this process may use, unless said otherwise."""
    if options.workers:
        return options.workers
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _parts(arms: list[Arm], workers: int) -> list[list[Arm]]:
    """Runs in chunks small enough to keep every worker busy and to show progress.

    Runs that share a past stay together, unless a worker would have nothing to do.
    """
    most = max(1, min(LARGEST_BUNDLE, -(-len(arms) // workers)))
    size = max(1, min(LARGEST_CHUNK, len(arms) // (4 * workers)))
    parts: list[list[Arm]] = []
    for bundle in bundles(arms):
        pieces = -(-len(bundle) // most)
        for i in range(pieces):
            piece = bundle[i * len(bundle) // pieces : (i + 1) * len(bundle) // pieces]
            if parts and len(parts[-1]) + len(piece) <= size:
                parts[-1] += piece
            else:
                parts.append(piece)
    return parts


def population_in(store: Store, scenario: Scenario) -> PopulationRef:
    """The population of a scenario, from the store or built into it."""
    key = population_key(scenario)
    path = store.population_path(key)
    if not path.exists():
        built = build_population(
            scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
        )
        store.add_population(key, lambda part: save_population(built, part))
    return PopulationRef(
        str(path.resolve() if isinstance(path, Path) else path), load_population(path).digest
    )


def _entry(
    planned: list[tuple[Scenario, PopulationRef, list[Run]]],
    facts: Mapping[str, object],
    options: Options,
) -> dict[str, object]:
    """Record of a batch for the manifest."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": options.command,
        "scenarios": {
            scenario.name: {
                "hash": scenario_hash(scenario),
                "population": population.digest,
                "rows": scenario.rows,
                "end": scenario.end,
            }
            for scenario, population, _ in planned
        },
        **facts,
        **_extensions(),
        "model_hash": model_hash(),
        "data_hash": planned[0][0].data_hash if planned else "",
        "tables_hash": tables_hash(),
        "versions": {name: version(name) for name in RECORDED_VERSIONS}
        | {"python": platform.python_version()},
        "machine": {
            "processor": _processor(),
            "switches": {name: os.environ[name] for name in SWITCHES if name in os.environ},
        },
    }


def _extensions() -> dict[str, object]:
    """The extensions that are installed, with their content; nothing where there are none."""
    found = [asdict(each) | {"digest": each.digest} for each in everything()]
    return {"extensions": found} if found else {}


def _processor() -> str:
    """Name of the processor, or its architecture where the system tells no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({platform.machine()})" if names else platform.processor()


def with_rows(scenario: Scenario, rows: int | None) -> Scenario:
    """The scenario at another number of rows; 0 is one row an enterprise."""
    return scenario if rows is None else replace(scenario, rows=rows)
