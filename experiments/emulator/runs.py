"""The runs that an emulator is made of: pairs of designs and the document as issued.

Designs are dealt into groups, and each group has draws of its own: a draw makes one past, from
which the designs of its group branch. So a design has few pairs and the designs together see many
draws, and what chance does to a draw moves few of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.experiments.effects.costs import BEARERS, FIRST, money
from jiqun.experiments.effects.effect import paired
from jiqun.experiments.emulator.designs import BASELINE, Design, dials, draw_designs, scenario_of
from jiqun.experiments.runs.batch import Record
from jiqun.experiments.runs.draws import draws
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.runs.runner import run_listed, with_rows
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.results import Results
from jiqun.experiments.stores.selection import HORIZON as HORIZONS
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION
from jiqun.scenarios import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.runs.runner import Options, Progress
    from jiqun.model.scenario import Scenario

OUTCOMES = ("value_added", "rd_real", "employees", "energy")
"""Outcomes that are estimated; all are totals, so effects are shares of the baseline."""
PROVINCE, TIER, PAYER = "province", "tier", "payer"
COST, TOTAL = "cost", "total"
"""Outcome and unit of what all bear together."""
Cell = tuple[str, str, str]
"""Outcome, level and unit of what is estimated."""
CELLS: tuple[Cell, ...] = (
    *(
        (outcome, level, unit)
        for outcome in OUTCOMES
        for level, unit in ((PROVINCE, REGION.id), *((TIER, tier) for tier in TIERS))
    ),
    *((COST, PAYER, payer) for payer in (*BEARERS, TOTAL)),
)
(HORIZON,) = HORIZONS
RECORD = Record("emulator", (PROVINCE, TIER), OUTCOMES, FIRST, places=False)
"""What is kept of each run: who is paid is not asked for."""


@dataclass(frozen=True)
class Batch:
    """Which runs are made.

    Attributes:
        name: What it is for; names of its designs begin with it.
        designs: Number of designs.
        pairs: Number of pairs of each.
        groups: Number of groups that the designs are dealt into.
        first: Number of its first draw.
        seed: Of the designs.
    """

    name: str
    designs: int
    pairs: int
    groups: int
    first: int
    seed: int

    def drawn(self) -> list[Design]:
        """Its designs, the same whenever they are drawn."""
        return draw_designs(dials(), self.designs, self.seed, self.name)

    def dealt(self) -> dict[str, int]:
        """Name of each design to its group."""
        return {design.name: place % self.groups for place, design in enumerate(self.drawn())}

    def draws(self, group: int) -> range:
        """Numbers of the draws of a group; runs come in their order, so groups fill up alike."""
        begin = self.first + group
        return range(begin, begin + self.groups * self.pairs, self.groups)


LEARNT = (
    Batch("training", designs=320, pairs=16, groups=22, first=1, seed=20231205),
    Batch("held_out", designs=200, pairs=50, groups=14, first=2_001, seed=20231206),
    Batch("held_out_2", designs=40, pairs=50, groups=4, first=5_001, seed=20231207),
)
"""What the emulator is fitted to. The second and the third each judged an earlier fit, whose
intervals held too few of their effects (`docs/emulator.md`); so they were learnt from, and others
judge what came of it."""
HELD_OUT = Batch("held_out_3", designs=200, pairs=100, groups=14, first=7_001, seed=20231208)
"""What the emulator is judged on: other designs and other draws, never seen by a fit."""


def make(
    batch: Batch,
    folder: Path,
    options: Options,
    progress: Callable[[Progress], None],
    rows: int | None = None,
) -> None:
    """Make the runs of a batch that the store lacks.

    Args:
        batch: The batch.
        folder: Folder of the store.
        options: How runs are made.
        progress: Called with how far it is.
        rows: Rows of enterprises; those of the scenario if None.

    Raises:
        StoreError: A run failed.
    """
    issued = with_rows(load(BASELINE), rows)
    drawn = {draw.index: draw for draw in draws(issued, _every(batch))}
    listed: list[tuple[Scenario, Sequence[tuple[Draw, int]]]] = [
        (issued, [(draw, number) for number, draw in drawn.items()])
    ]
    dealt = batch.dealt()
    for design in batch.drawn():
        scenario = replace(with_rows(scenario_of(design, issued), rows), name=design.name)
        pairs = [(drawn[draw], draw) for draw in batch.draws(dealt[design.name])]
        listed.append((scenario, pairs))
    ensemble = fitted(in_use())
    facts = {"plan": {"emulator": batch.name}, "ensemble": ensemble.digest if ensemble else ""}
    report = run_listed(listed, folder, RECORD, facts, options, progress)
    if report.failures:
        first = report.failures[0]
        raise StoreError(f"{first.run.scenario}, draw {first.run.draw.index}: {first.message}")


def _every(batch: Batch) -> range:
    return range(batch.first, batch.first + batch.groups * batch.pairs)


def measure(batch: Batch, folder: Path) -> pd.DataFrame:
    """Paired effects of the designs of a batch on every cell.

    Returns:
        Rows design and draw, columns `CELLS`: outcomes of the horizon year as shares of the
        baseline, costs as present values in yuan.

    Raises:
        StoreError: The store lacks runs of the batch.
    """
    designs, dealt = batch.drawn(), batch.dealt()
    names = [BASELINE, *dealt]
    results = Results(folder).sharing(*names)
    values = _values(results, names)
    wanted = pd.MultiIndex.from_tuples(
        [(name, draw) for name in dealt for draw in batch.draws(dealt[name])],
        names=["design", "draw"],
    )
    # The run without, of the draw of each.
    issued = pd.MultiIndex.from_arrays(
        [[BASELINE] * len(wanted), wanted.get_level_values("draw")], names=wanted.names
    )
    lacking = set(wanted.union(issued)) - set(values.index)
    if lacking:
        raise StoreError(f"{folder} lacks {len(lacking)} runs of the batch {batch.name}")
    found: dict[Cell, pd.Series[float]] = {}
    for cell in CELLS:
        if cell[0] != COST:
            value: pd.Series[float] = values[cell]
            without = value.loc[issued].set_axis(wanted)
            found[cell] = paired(value.loc[wanted], without)["change"]
    booked = _money(results, names).reindex(values.index).fillna(0.0)
    more = booked.loc[wanted] - booked.loc[issued].set_axis(wanted)
    # Costs are under levers set otherwise, which are those that the design moves.
    moved = {design.name: list(design.at) for design in designs}
    counted = pd.DataFrame(
        [more.columns.get_level_values("lever").isin(moved[name]) for name in dealt], list(dealt)
    ).loc[wanted.get_level_values("design")]
    more = more.where(counted.to_numpy(), 0.0).T.groupby(level="payer").sum().T
    for payer in BEARERS:
        found[COST, PAYER, payer] = more[payer] if payer in more else 0.0 * more.sum(axis=1)
    found[COST, PAYER, TOTAL] = more.sum(axis=1)
    whole = pd.DataFrame(found, index=wanted)[list(CELLS)]
    if not np.isfinite(whole.to_numpy()).all():
        raise StoreError(f"{folder}: effects of the batch {batch.name} are not whole")
    return whole


def _values(results: Results, names: Sequence[str]) -> pd.DataFrame:
    """Outcomes of the horizon year, one row a scenario and draw, one column a cell."""
    frame = results.outcomes(list(names), list(OUTCOMES), [PROVINCE, TIER], [HORIZON])
    wide = frame.pivot(
        index=["scenario", "draw"], columns=["outcome", "level", "unit_name"], values="value"
    )
    return wide.rename_axis(index=["design", "draw"])


def _money(results: Results, names: Sequence[str]) -> pd.DataFrame:
    """Present cost of bookings, one row a run, one column a payer and lever."""
    rows = money(results, names)
    sums = rows.groupby(["scenario", "draw", "payer", "lever"], observed=True)["yuan"].sum()
    wide = sums.unstack(["payer", "lever"])
    return wide.rename_axis(index=["design", "draw"])
