"""What a worker does: make the runs of a chunk and hand back their records.

A run that fails is handed back as a failure, so that its neighbours in the chunk are kept.
"""

from __future__ import annotations

import gc
import os
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from math import fsum
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from jiqun.experiments.effects.together import bundles, drawn
from jiqun.experiments.runs.batch import (
    POPULATION_SEED,
    Chunk,
    PopulationRef,
    Record,
    Run,
    model_hash,
)
from jiqun.experiments.runs.panel import RecordingModel, panel_table
from jiqun.experiments.stores.populations import load_population
from jiqun.experiments.stores.store import LEDGER_NAMES
from jiqun.model import ClusterPolicyModel, build_population
from jiqun.model.branching import first_difference
from jiqun.model.calendar import year_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jiqun.experiments.effects.together import Arm
    from jiqun.model import Population
    from jiqun.model.scenario import Scenario

ALWAYS_THERE = (
    "enterprises",
    "revenue",
    "value_added",
    "profit",
    "employees",
    "rd_expenditure",
    "energy",
    "loans",
    "accounting_residual",
)
"""Outcomes that the province has in every year: without one of them a run went wrong."""
PLACES = ("city", "tier", "payee")
"""Columns of the ledger that say who is paid."""
HOUSE = ("jiqun.model.", "jiqun.scenarios.", "jiqun.experiments.")
_POPULATIONS: dict[str, Population] = {}
"""Population by the hash of its content, whichever store it lies in."""
Made = Callable[["Chunk"], "Iterator[tuple[Run, ClusterPolicyModel | Exception]]"]
"""Gives each run of a chunk with its simulation at the end, or with what it failed of."""


class ForeignWorkerError(Exception):
    """A worker that would not make the runs of the batch: it has another model or other tables."""


@dataclass(frozen=True)
class Finished:
    """What is noted of a run beside its outcomes.

    Attributes:
        run: The run.
        rows: Enterprise rows at the start.
        seconds: CPU time it took; a common past is counted with the first that ends.
        residual: Largest relative accounting residual.
    """

    run: Run
    rows: int
    seconds: float
    residual: float


@dataclass(frozen=True)
class Failure:
    """A run that failed.

    Attributes:
        run: The run.
        origin: Module and line it failed in.
        message: The error in a line.
        traceback: The whole of it.
    """

    run: Run
    origin: str
    message: str
    traceback: str


@dataclass(frozen=True)
class ChunkResult:
    """What became of a chunk; its tables are None if no run of it ended well.

    There is no panel either where none was asked for.
    """

    chunk: Chunk
    finished: tuple[Finished, ...]
    failures: tuple[Failure, ...]
    outcomes: pa.Table | None
    ledger: pa.Table | None
    panel: pa.Table | None = None


def run_chunk(chunk: Chunk) -> ChunkResult:
    """Make the runs of a chunk.

    Raises:
        ForeignWorkerError: The worker has another model or builds another population.
    """
    return recorded(chunk, made)


def recorded(chunk: Chunk, make: Made) -> ChunkResult:
    """Make the runs of a chunk in some way, and record them.

    Args:
        chunk: The runs.
        make: How they are made; it moves no bit of a result.

    Raises:
        ForeignWorkerError: The worker has another model or builds another population.
    """
    _settle()
    finished, failures, tables, ledgers, panels = [], [], [], [], []
    begun = time.process_time()
    for run, simulation in make(chunk):
        if isinstance(simulation, Exception):
            failures.append(failure(run, simulation))
            continue
        try:
            if simulation.shocks:
                raise RuntimeError("a run with shocks of its own (before_quarter) is not stored")
            records = dict(simulation.records())
            residual = _checked_residual(records)
            ledger = _ledger_table(run, simulation.ledger_records(), chunk.record)
            if (asked := chunk.record.panel) and isinstance(simulation, RecordingModel):
                panels.append(panel_table(run, simulation, asked))
        except Exception as error:  # a failed run must not take the batch with it
            failures.append(failure(run, error))
            continue
        tables.append(_table(run, records, chunk.record))
        ledgers.append(ledger)
        now = time.process_time()
        finished.append(Finished(run, len(simulation.population), now - begun, residual))
        begun = now
        del simulation
    parts = map(joined, (tables, ledgers, panels))
    return ChunkResult(chunk, tuple(finished), tuple(failures), *parts)


@cache
def _settle() -> None:
    """Leave what a process has loaded out of the collections that follow its runs.

    A model and its agents refer to each other, so its columns go only when they are collected; what
    is loaded is never to go, and takes fifty times as long to look through.
    """
    gc.collect()
    gc.freeze()


def joined(tables: list[pa.Table]) -> pa.Table | None:
    """Tables of runs as one; None where there is none."""
    return pa.concat_tables(tables).unify_dictionaries() if tables else None


def failure(run: Run, error: BaseException) -> Failure:
    """Record of a failed run."""
    origin = "unknown"
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(HOUSE):
            origin = f"{module}:{line}"
    message = f"{type(error).__name__}: {error}"
    return Failure(run, origin, message, "".join(traceback.format_exception(error)))


def _name() -> str:
    """What a worker is called in messages."""
    return f"worker {platform.node()} (process {os.getpid()})"


def population(ref: PopulationRef, scenario: Scenario) -> Population:
    """The population from the store, or built again where the store cannot be reached."""
    if ref.digest in _POPULATIONS:
        return _POPULATIONS[ref.digest]
    if Path(ref.path).is_file():
        found = load_population(Path(ref.path))
    else:
        found = build_population(
            scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
        )
    if found.digest != ref.digest:
        raise ForeignWorkerError(
            f"{_name()} makes population {found.digest} where the batch has {ref.digest}: "
            "give it the files, tables and libraries of the machine that runs the batch"
        )
    _POPULATIONS.clear()  # chunks come by population: one at a time is enough
    _POPULATIONS[ref.digest] = found
    return found


def check_model(chunk: Chunk) -> None:
    """Refuse runs of another model.

    Raises:
        ForeignWorkerError: The worker has another version of it than the batch.
    """
    if model_hash() != chunk.model_hash:
        raise ForeignWorkerError(
            f"{_name()} holds version {model_hash()} of the model, and the batch is of "
            f"version {chunk.model_hash}: install the same on both"
        )


def begun(scenario: Scenario, run: Run, people: Population, record: Record) -> ClusterPolicyModel:
    """A simulation before its first quarter, which records what is kept of it.

    Args:
        scenario: The scenario at the values of the draw.
        run: The run.
        people: The population that it starts from.
        record: What is kept.
    """
    if record.panel is None:
        return ClusterPolicyModel(scenario, rng=run.seed, population=people)
    recording = RecordingModel(scenario, rng=run.seed, population=people)
    recording.follow(record.panel)
    return recording


def made(chunk: Chunk) -> Iterator[tuple[Run, ClusterPolicyModel | Exception]]:
    """Each run with its simulation at the end, or with what it failed of."""
    for arms in bundles((run, chunk.scenarios[run.scenario]) for run in chunk.runs):
        try:
            check_model(chunk)
            people = population(chunk.population, arms[0][1])
            told = [(arm[0], drawn(arm)) for arm in arms]
            # The longest makes the past of all.
            told.sort(key=lambda arm: -last_quarter(arm[1]))
            run, scenario = told[0]
            simulation = begun(scenario, run, people, chunk.record)
        except ForeignWorkerError:
            raise
        except Exception as error:  # a failed run must not take the batch with it
            yield from ((run, error) for run, _ in arms)
            continue
        yield from _branching(simulation, told)
        del simulation
        gc.collect()


def _branching(
    simulation: ClusterPolicyModel, arms: Sequence[Arm]
) -> Iterator[tuple[Run, ClusterPolicyModel | Exception]]:
    """End runs that are one so far: the first goes on, the others leave it when they differ.

    Args:
        simulation: The common past, under the scenario of the first.
        arms: The runs and their scenarios at the values of the draw, the longest first.
    """
    (run, scenario), *others = arms
    leaving: list[tuple[int, list[Arm]]] = []
    for arm in others:
        quarter = min(first_difference(scenario, arm[1]) - 1, last_quarter(arm[1]))
        # Those that have no more in common leave one by one: else all would be held at once.
        for when, together in leaving:
            if when == quarter and first_difference(together[0][1], arm[1]) > quarter + 1:
                together.append(arm)
                break
        else:
            leaving.append((quarter, [arm]))
    leaving.sort(key=itemgetter(0), reverse=True)
    try:
        while leaving:
            quarter, together = leaving[-1]
            simulation.run_through(quarter)
            other = simulation.branch(together[0][1])
            leaving.pop()
            yield from _branching(other, together)
        simulation.run_until_year(year_of(last_quarter(scenario)))
    except Exception as error:  # nor those that have left it
        left = chain.from_iterable(together for _, together in leaving)
        yield from ((arm[0], error) for arm in (arms[0], *left))
    else:
        yield run, simulation


def last_quarter(scenario: Scenario) -> int:
    """Last quarter of the last whole year: a year that ends early has no outcomes."""
    return (scenario.end + 1) // 4 * 4 - 1


def _checked_residual(records: dict[str, np.ndarray]) -> float:
    """Largest accounting residual of a run whose records are whole and finite.

    An absent unit has no row, so without the first check a sum that is not a number would pass.
    """
    rows = np.flatnonzero(records["level"] == "province")
    outcomes, known = records["outcome"][rows], records["year"][rows]
    years = set(np.unique(records["year"]))
    for outcome in ALWAYS_THERE:
        missing = years - set(known[outcomes == outcome])
        if missing:
            raise FloatingPointError(f"{outcome} of the province has no value in {min(missing)}")
    wrong = ~np.isfinite(records["value"])
    if wrong.any():
        at = int(np.argmax(wrong))
        place = " ".join(str(records[k][at]) for k in ("outcome", "level", "unit_name", "year"))
        raise FloatingPointError(f"{int(wrong.sum())} values are not finite, first {place}")
    residuals = records["value"][rows[outcomes == "accounting_residual"]]
    return float(np.max(np.abs(residuals), initial=0.0))


def _table(run: Run, records: dict[str, np.ndarray], record: Record) -> pa.Table:
    kept = np.flatnonzero(records["year"] >= record.first_year)
    for column, names in (("level", record.levels), ("outcome", record.outcomes)):
        if names is not None:
            kept = kept[np.isin(records[column][kept], names)]
    value = records["value"][kept]
    count = len(value)
    named = {name: _names(records[name][kept]) for name in ("level", "unit_name", "outcome")}
    return pa.table(
        {
            "run_key": _constant(run.key, count),
            "scenario": _constant(run.scenario, count),
            "draw": np.full(count, run.draw.index, np.int32),
            "seed": np.full(count, run.seed, np.int64),
            "year": records["year"][kept].astype(np.int16),
            **named,
            "value": value.astype(np.float64 if record.whole else np.float32),
        }
    )


def _ledger_table(run: Run, records: dict[str, np.ndarray], record: Record) -> pa.Table:
    """The ledger of a run to the yuan, from the first year that is kept."""
    kept = records["year"] >= record.first_year
    records = {name: values[kept] for name, values in records.items()}
    if not np.isfinite(records["yuan"]).all():
        raise FloatingPointError("amounts of the ledger are not finite")
    if not record.places:
        records = _without_places(records)
    return pa.table(
        {
            "run_key": _constant(run.key, len(records["yuan"])),
            "year": records["year"].astype(np.int16),
            **{name: _names(records[name]) for name in LEDGER_NAMES},
            "yuan": records["yuan"].astype(np.float64),
        }
    )


def _without_places(records: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The ledger added up over city, tier and payee, which are left empty."""
    kept = [name for name in records if name not in (*PLACES, "yuan")]
    sums: dict[tuple[object, ...], list[float]] = {}
    for *entry, yuan in zip(*(records[name].tolist() for name in (*kept, "yuan")), strict=True):
        sums.setdefault(tuple(entry), []).append(yuan)
    columns = {
        name: np.array([entry[place] for entry in sums], dtype=records[name].dtype)
        for place, name in enumerate(kept)
    }
    columns |= {name: np.full(len(sums), "", dtype=object) for name in PLACES}
    # Exact sums: those of another order have the same bits.
    return columns | {"yuan": np.array([fsum(yuan) for yuan in sums.values()])}


def _constant(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([text]))


def _names(column: np.ndarray) -> pa.DictionaryArray:
    return pa.array(column, pa.string()).dictionary_encode()
