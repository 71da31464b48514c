"""What a person sees while a command works: progress, tables and messages, all on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from jiqun.scenarios.language import language, said_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jiqun.calibration.fitting.distance import Distance
    from jiqun.experiments.runs.runner import Progress as BatchProgress
    from jiqun.experiments.runs.runner import Report
    from jiqun.experiments.runs.worker import Failure

SHOWN_FAILURES = 10
PLAIN_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""

# Where there is no terminal no width is known: wide enough for the tables.
console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 120)


class ProgressDisplay:
    """Progress with time left: a bar on a terminal, plain lines otherwise."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._last = float("-inf")
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[left]}"),
                console=console,
            )
            self._task = self._bar.add_task("runs", total=None, left="")

    def __enter__(self) -> ProgressDisplay:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, state: BatchProgress) -> None:
        """Show how far a batch is."""
        lang = language()
        left = ""
        if state.seconds_left is not None:
            left = said_in(lang, "{time} left", time=_span(state.seconds_left))
        if state.failed:
            left += "  " + said_in(lang, "{count} failed", count=state.failed)
        if self._bar:
            self._bar.update(self._task, completed=state.done, total=state.total, left=left)
            return
        now = time.monotonic()
        if state.done == state.total or now - self._last >= PLAIN_EVERY:
            self._last = now
            done = said_in(lang, "{done} of {total} runs", done=state.done, total=state.total)
            say(f"{done}  {left}".rstrip())


class Stages:
    """Progress of batches that follow each other: a bar or lines of its own for each."""

    def __init__(self) -> None:
        self._display: ProgressDisplay | None = None

    def __enter__(self) -> Stages:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, state: BatchProgress) -> None:
        """Show how far the batch at hand is."""
        if self._display is None:
            self._display = ProgressDisplay().__enter__()
        self._display(state)
        if state.done == state.total:
            self._close()

    def _close(self) -> None:
        if self._display is not None:
            self._display.__exit__(None, None, None)
            self._display = None


def say(text: str) -> None:
    """Print a line on stderr, as it is and unbroken."""
    console.print(text, markup=False, soft_wrap=True)


def show_made(out: Path | str, report: Report) -> None:
    """Say what a batch did, in the language of messages."""
    template = (
        "{out}: {made} runs made, {skipped} there already, {failed} failed, in {seconds:.0f} s"
    )
    failed = len(report.failures)
    counts = {"made": report.made, "skipped": report.skipped, "failed": failed}
    say(said_in(language(), template, out=out, seconds=report.seconds, **counts))


def show_failures(failures: Sequence[Failure]) -> None:
    """List the runs that failed."""
    for failure in failures[:SHOWN_FAILURES]:
        run = failure.run
        place = f"{run.scenario} draw {run.draw.index} seed {run.seed}"
        say(f"failed: {place}: {failure.origin}: {failure.message}")
    if len(failures) > SHOWN_FAILURES:
        say(f"... and {len(failures) - SHOWN_FAILURES} more")


def show_distances(title: str, rows: Sequence[Distance]) -> None:
    """Print simulated beside published values."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("figure", "year", "simulated", "published", "unit", "off", "error", ""):
        grid.add_column(name, justify="left" if name in ("figure", "unit", "") else "right")
    for row in rows:
        if row.simulated is None:
            continue
        off = "" if row.off is None else f"{row.off:+.1f}" if row.points else f"{row.off:+.1%}"
        verdict = "shown only" if not row.judged else "" if row.near else "FAR"
        numbers = (f"{row.simulated:,.5g}", f"{row.published:,.5g}")
        grid.add_row(row.id, str(row.year), *numbers, row.unit, off, row.error, verdict)
    console.print(grid)
    far = sum(row.judged and not row.near for row in rows)
    judged = sum(row.judged for row in rows)
    say(f"{judged - far} of {judged} within a quarter of the published value (growth: 5 points)")


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
