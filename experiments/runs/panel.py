"""Panels of enterprises that a batch records on request: chosen ones, chosen columns, every year.

A panel is a record. It moves no bit of a run and is no part of its key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from jiqun.experiments.runs.batch import PanelOf, PlanError
from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import COLUMNS, OWNERSHIP, ROLES
from jiqun.model.dimensions import CITIES, FIELDS, SIZES, TIERS
from jiqun.model.randomness import uniform
from jiqun.scenarios.errors import nearest_name
from jiqun.scenarios.spreadsheet import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from jiqun.experiments.runs.batch import Run

NAMED: Mapping[str, Sequence[str]] = {
    "field": FIELDS, "city": CITIES, "tier": TIERS, "size": SIZES, "role": ROLES,
    "ownership": OWNERSHIP,
}  # fmt: skip
"""Columns that hold a place in a list, which a panel holds the name of."""
ALWAYS = ("id", "weight")
"""Columns that every panel has."""
MAIN = (
    "field", "city", "tier", "founded", "above_scale", "employees", "capital", "year_revenue",
    "year_value_added", "year_profit", "year_rd", "year_investment", "year_subsidy",
    "digital_stage", "debt_short", "debt_long", "productivity",
)  # fmt: skip
"""Columns where none are asked for."""
MOST = 2_000_000


def panel_of(enterprises: int | Sequence[int], columns: Sequence[str] | None = None) -> PanelOf:
    """The panel that is asked for, checked.

    Args:
        enterprises: How many of those at the start, or ids.
        columns: Names of columns; the main ones if None.

    Raises:
        PlanError: Not a number from 1 on, or no such column.
    """
    if isinstance(enterprises, int) and not 1 <= enterprises <= MOST:
        raise PlanError(f"panel {enterprises}: allowed: 1 to {MOST:,}")
    for name in columns or ():
        if name not in COLUMNS:
            near = nearest_name(name, COLUMNS)
            hint = f"; nearest: {near}" if near else ""
            raise PlanError(f"panel column {name}: allowed: {', '.join(COLUMNS)}{hint}")
    chosen = enterprises if isinstance(enterprises, int) else tuple(sorted(set(enterprises)))
    kept = dict.fromkeys(name for name in columns or MAIN if name not in ALWAYS)
    return PanelOf(chosen, tuple(kept))


def panel_option(enterprises: str, columns: str | None) -> PanelOf:
    """The panel that options of a command ask for.

    Args:
        enterprises: A number, or a CSV file with a column of ids.
        columns: Names of columns with commas between; the main ones if None.

    Raises:
        PlanError: As `panel_of`, or an id that is none.
        TableError: The file cannot be read.
    """
    plain = enterprises.isascii() and enterprises.isdigit()
    names = [name.strip() for name in (columns or "").split(",") if name.strip()]
    return panel_of(int(enterprises) if plain else _ids(Path(enterprises)), names or None)


def _ids(path: Path) -> tuple[int, ...]:
    """The ids of a file: its column `id`, or its first one."""
    lines = [line.split(",") for line in text_of(path).splitlines() if line.strip(" ,")]
    head = [cell.strip().strip('"').lower() for cell in lines[0]] if lines else []
    place = head.index("id") if "id" in head else 0
    cells = [line[place].strip() if place < len(line) else "" for line in lines]
    cells = cells[1:] if head and not cells[0].isdigit() else cells
    wrong = [cell for cell in cells if not (cell.isascii() and cell.isdigit())]
    if wrong or not cells:
        problem = f"{wrong[0]!r} is no id" if wrong else "holds no ids"
        raise PlanError(f"panel {path}: {problem}; allowed: a number, or a CSV file of whole ids")
    return tuple(sorted({int(cell) for cell in cells}))


def sampled(ids: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.int64]:
    """So many of some ids by a fixed rule: those whose draw is lowest.

    The draw has an address of its own, so a smaller panel is a part of a larger one, and whoever is
    in it at some number of rows is so at any other at which it stands.

    Args:
        ids: Ids to choose from.
        number: How many; all if there are fewer.
    """
    order = np.argsort(uniform(1, "panel of enterprises", ids), kind="stable")
    return np.sort(ids[order[:number]])


class RecordingModel(ClusterPolicyModel):
    """The model with a memory for some enterprises: it behaves as the model does.

    Attributes:
        years: Columns of the enterprises of each completed year.
    """

    def follow(self, asked: PanelOf) -> None:
        """Begin to record; called before the first year ends.

        Args:
            asked: Which enterprises and columns.
        """
        chosen = asked.enterprises
        ids = np.asarray(self.population.columns["id"], dtype=np.int64)
        self._ids = sampled(ids, chosen) if isinstance(chosen, int) else np.array(chosen)
        self._columns = asked.columns
        self.years: list[dict[str, npt.NDArray[Any]]] = []

    def observe(self) -> None:
        """Record the outcomes of the year, and the enterprises as they stand at its end."""
        super().observe()
        e = self.enterprises
        # Those that left in the year are still there, with nothing left to weigh.
        left, exited = np.zeros(len(e)), np.zeros(len(e), dtype=bool)
        for rows, gone in self.counts.exits:
            left[rows] += gone
            exited[rows] = True
        rows = np.flatnonzero(np.isin(e.id, self._ids))
        told: dict[str, npt.NDArray[Any]] = {
            "year": np.full(len(rows), self.year, np.int16),
            "id": e.id[rows],
            "weight": (e.weight + left)[rows],
            "exited": exited[rows],
        }
        self.years.append(told | {name: getattr(e, name)[rows] for name in self._columns})


def panel_table(run: Run, simulation: RecordingModel, asked: PanelOf) -> pa.Table:
    """The panel of a run as rows, one an enterprise and year.

    Args:
        run: The run.
        simulation: The run at its end.
        asked: The panel that was asked for.
    """
    names = ("year", "id", "weight", "exited", *asked.columns)
    columns = {name: np.concatenate([year[name] for year in simulation.years]) for name in names}
    for name, words in NAMED.items():
        if name in columns:
            columns[name] = np.array(words, dtype=object)[columns[name]]
    size = len(columns["id"])
    text = {"run_key": run.key, "panel": asked.digest}
    return pa.table(
        {
            name: pa.array([word] * size, pa.string()).dictionary_encode()
            for name, word in text.items()
        }
        | {
            name: pa.array(values, pa.string()).dictionary_encode() if name in NAMED else values
            for name, values in columns.items()
        }
    )
