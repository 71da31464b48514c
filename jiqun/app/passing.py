"""What pairs say while they arrive: the same effects as of a store, before there is one to read."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jiqun.experiments.effects.change import HORIZON, MEASURED, moved_of
from jiqun.experiments.effects.effect import RUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.experiments.effects.change import Moved, Unit
    from jiqun.experiments.runs.worker import ChunkResult

LEVELS = ("province", "tier")
CELL = ["level", "unit_name", "outcome"]


class Passing:
    """Effects of a scenario against its baseline over the pairs that have come.

    Args:
        scenario: Name of the scenario.
        baseline: Name of the one that it is compared with.
    """

    def __init__(self, scenario: str, baseline: str) -> None:
        self._names = scenario, baseline
        self._rows: list[pd.DataFrame] = []
        self._runs: dict[str, set[str]] = {scenario: set(), baseline: set()}
        self._lock = Lock()

    def add(self, result: ChunkResult) -> None:
        """Take up what a worker has made."""
        table = result.outcomes
        if table is None:
            return
        wanted = pc.and_(
            pc.equal(table["year"], HORIZON),
            pc.and_(
                pc.is_in(pc.cast(table["level"], "string"), pa.array(LEVELS)),
                pc.is_in(pc.cast(table["outcome"], "string"), pa.array(MEASURED)),
            ),
        )
        rows = table.filter(wanted).to_pandas()
        rows = rows.astype(dict.fromkeys(["run_key", "scenario", *CELL], str))
        rows["population"] = result.chunk.population.digest
        with self._lock:
            self._rows.append(rows)
            for name, key in (
                rows[["scenario", "run_key"]].drop_duplicates().itertuples(index=False)
            ):
                self._runs.setdefault(name, set()).add(key)

    @property
    def pairs(self) -> int:
        """Number of pairs that have come."""
        with self._lock:
            return min(len(self._runs[name]) for name in self._names)

    def moved(self) -> Mapping[tuple[str, Unit], Moved]:
        """What changes by outcome and unit; empty before the first pair."""
        with self._lock:
            if not self._rows:
                return {}
            rows = pd.concat(self._rows).drop_duplicates(["run_key", *CELL])
        by = [*RUN, "year", *CELL]
        own, other = (
            rows[rows["scenario"] == name].drop(columns=["run_key", "scenario"])
            for name in self._names
        )
        both = own.merge(other.rename(columns={"value": "baseline"}), on=by)
        if both.empty:
            return {}
        gap = both["value"] - both["baseline"]
        change = both["value"] / both["baseline"].where(both["baseline"] != 0.0) - 1.0
        return moved_of(both.assign(difference=gap, change=change))
