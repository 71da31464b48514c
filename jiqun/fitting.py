"""What `jiqun calibrate` and `jiqun recover` show while they work and when they are done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.table import Table

from jiqun.experiments.runs.runner import Progress
from jiqun.screen import ProgressDisplay, console, say

if TYPE_CHECKING:
    from jiqun.calibration.fitting.calibrate import Calibrated
    from jiqun.calibration.fitting.recover import Recovered

SHOWN_PARAMETERS = 20


class StageDisplay(ProgressDisplay):
    """Progress through the stages of a fit, each with its own count of runs."""

    def __init__(self) -> None:
        super().__init__()
        self._stage = ""
        self._begun = time.monotonic()

    def __enter__(self) -> StageDisplay:
        super().__enter__()
        return self

    def stage(self, name: str, done: int, total: int) -> None:
        """Show how far a stage is.

        Args:
            name: Name of the stage.
            done: Runs of it that are done.
            total: Runs of it in all.
        """
        if name != self._stage:
            self._stage, self._begun = name, time.monotonic()
            say(f"{name} ...")
        self(Progress(total, done, 0, time.monotonic() - self._begun))


def show_fit(done: Calibrated) -> None:
    """Say how the fit went: figures, misfits and what was learnt."""
    facts = done.summary()
    states = facts["states"]
    say(
        f"{facts['members']} members; {facts['inside']} of {facts['fitted_figures']} fitted "
        f"figures within their error; of {len(done.parameters)} parameters "
        f"{states['identified']} are identified, {states['bounded']} bounded, "
        f"{states['unseen']} unseen by the data"
    )
    table = Table("figure", "year", "published", "allowed", "median", "90 %", title="misfits")
    for row in done.misfits:
        interval = f"{row.low:.5g} to {row.high:.5g}"
        table.add_row(
            row.id,
            str(row.year),
            f"{row.published:.5g}",
            f"{row.allowed:.3g}",
            f"{row.median:.5g}",
            interval,
        )
    if done.misfits:
        console.print(table)
    for row in done.misfits:
        say(f"  {row.id}: {row.reason or 'not looked into yet'}")
    table = Table("parameter", "state", "spread after", "other method", title="parameters")
    for other in done.agreement[:SHOWN_PARAMETERS]:
        state = next((p.state for p in done.parameters if p.name == other.name), "dummy")
        table.add_row(other.name, state, f"{other.spread:.2f}", f"{other.spread_chain:.2f}")
    console.print(table)


def show_recovered(rows: list[Recovered]) -> None:
    """Say which parameters are found again."""
    table = Table("parameter", "state", "spread after", "90 % intervals hold the truth in")
    for row in rows:
        table.add_row(row.name, row.state, f"{row.spread:.2f}", f"{100 * row.covered:.0f} %")
    console.print(table)
