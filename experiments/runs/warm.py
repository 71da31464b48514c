"""A worker that outlasts its chunks: what questions have in common is made once and kept.

Two questions over the same draws share the years before they differ, and most share their baseline
as well. Both are kept within a bound of memory, the least used go first. Results have the same bits
as those of a worker that keeps nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from jiqun.experiments.effects.together import drawn
from jiqun.experiments.runs.worker import (
    ChunkResult,
    ForeignWorkerError,
    begun,
    check_model,
    joined,
    last_quarter,
    population,
    recorded,
)
from jiqun.model.branching import first_difference
from jiqun.model.calendar import quarter_index, year_of
from jiqun.scenarios.outside import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.experiments.runs.batch import Chunk, PanelOf, Record, Run
    from jiqun.model import ClusterPolicyModel
    from jiqun.model.scenario import Scenario

HISTORY = quarter_index(ORIGIN, 4)
"""Last quarter that is the same whatever is asked of the future."""
MOST_ROWS = 400_000
"""Rows of enterprises in pasts that are kept: 8 MB for 12,000, so some 270 MB."""
MOST_BYTES = 128_000_000
"""Records of runs that are kept: 5 MB each where all is recorded."""

_PASTS: OrderedDict[tuple[str, int, PanelOf | None], list[ClusterPolicyModel]] = OrderedDict()
_RECORDS: OrderedDict[tuple[str, Record], ChunkResult] = OrderedDict()


def run_chunk(chunk: Chunk) -> ChunkResult:
    """Make the runs of a chunk, or hand them out again.

    Raises:
        ForeignWorkerError: The worker has another model or builds another population.
    """
    check_model(chunk)
    parts = [_run(replace(chunk, runs=(run,))) for run in chunk.runs]
    return ChunkResult(
        chunk,
        tuple(chain.from_iterable(part.finished for part in parts)),
        tuple(chain.from_iterable(part.failures for part in parts)),
        joined([part.outcomes for part in parts if part.outcomes is not None]),
        joined([part.ledger for part in parts if part.ledger is not None]),
        joined([part.panel for part in parts if part.panel is not None]),
    )


def forget() -> None:
    """Let go of all that is kept."""
    _PASTS.clear()
    _RECORDS.clear()


def kept() -> tuple[int, int]:
    """Rows of enterprises in pasts, and bytes of records, that are kept."""
    rows = sum(len(past.population) for pasts in _PASTS.values() for past in pasts)
    return rows, sum(map(_size, _RECORDS.values()))


def _run(chunk: Chunk) -> ChunkResult:
    """One run, from what is kept if it is there: a key is the identity of its outcomes."""
    key = chunk.runs[0].key, chunk.record
    if key in _RECORDS:
        _RECORDS.move_to_end(key)
        found = _RECORDS[key]
        # The number of a draw is no part of what a run computes, the scenario's name neither.
        if found.chunk.runs == chunk.runs:
            return replace(found, chunk=chunk)
    found = recorded(chunk, _branched)
    if not found.failures:
        _RECORDS[key] = found
        while sum(map(_size, _RECORDS.values())) > MOST_BYTES:
            _RECORDS.popitem(last=False)
    return found


def _size(found: ChunkResult) -> int:
    tables = (found.outcomes, found.ledger, found.panel)
    return sum(table.nbytes for table in tables if table is not None)


def _branched(chunk: Chunk) -> Iterator[tuple[Run, ClusterPolicyModel | Exception]]:
    """Each run with its simulation at the end: a branch of a past that is kept."""
    for run in chunk.runs:
        try:
            scenario = drawn((run, chunk.scenarios[run.scenario]))
            simulation = _past(scenario, run, chunk).branch(scenario)
            simulation.run_until_year(year_of(last_quarter(scenario)))
        except ForeignWorkerError:
            raise
        except Exception as error:  # a failed run must not take the batch with it
            yield run, error
            continue
        yield run, simulation


def _past(scenario: Scenario, run: Run, chunk: Chunk) -> ClusterPolicyModel:
    """A simulation at the end of the past that a run shares with others."""
    # What records no panel cannot go on as what does.
    key = chunk.population.digest, run.seed, chunk.record.panel
    until = min(HISTORY, last_quarter(scenario))
    _PASTS.setdefault(key, [])
    _PASTS.move_to_end(key)
    for past in _PASTS[key]:
        if past.quarter == until and first_difference(past.policy, scenario) > until:
            return past
    people = population(chunk.population, scenario)
    past = begun(scenario, run, people, chunk.record)
    past.run_through(until)
    _PASTS[key].append(past)
    while kept()[0] > MOST_ROWS and len(_PASTS) > 1:
        _PASTS.popitem(last=False)
    return past
