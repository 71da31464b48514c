"""Makes an emulator: the runs, the fit, and its judgement on designs kept from the fit.

``python -m jiqun.experiments.emulator [--out build/emulator] [--workers 2] [--ship | --adopt]``
makes the runs that the folder lacks and goes on where it stopped. ``--held-out-pairs`` measures the
effects that judge it by another number of pairs.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from jiqun.experiments.emulator.designs import dials
from jiqun.experiments.emulator.emulator import NAME, SHIPPED, save
from jiqun.experiments.emulator.fit import fit, judge
from jiqun.experiments.emulator.runs import HELD_OUT, LEARNT, Batch, make, measure
from jiqun.experiments.runs import adopted
from jiqun.experiments.runs.runner import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jiqun.experiments.emulator.emulator import Emulator
    from jiqun.experiments.runs.runner import Progress

PLAIN_EVERY = 30.0
"""Seconds between lines of progress."""


@dataclass(frozen=True)
class Made:
    """Where the runs of an emulator are, and how they are made.

    Attributes:
        folder: Folder of its two stores, one a batch.
        options: How runs are made.
        progress: Called with how far a batch is.
        rows: Rows of enterprises; those of the scenario if None.
    """

    folder: Path
    options: Options
    progress: Callable[[Progress], None] = lambda _: None
    rows: int | None = None

    def store(self, batch: Batch) -> Path:
        """Folder of the runs of a batch."""
        return self.folder / batch.name


def build(how: Made, learnt: Sequence[Batch] = LEARNT, held_out: Batch = HELD_OUT) -> Emulator:
    """An emulator, fitted to some batches and judged on another.

    It is fitted before the runs that judge it are looked at.

    Args:
        how: Where the runs are and how they are made.
        learnt: What it is fitted to.
        held_out: What it is judged on.

    Raises:
        StoreError: A run failed.
    """
    for batch in learnt:
        make(batch, how.store(batch), how.options, how.progress, how.rows)
    fitted = fit(
        pd.concat([measure(batch, how.store(batch)) for batch in learnt]),
        [design for batch in learnt for design in batch.drawn()],
        dials(),
        {name: group for batch in learnt for name, group in batch.dealt().items()},
    )
    make(held_out, how.store(held_out), how.options, how.progress, how.rows)
    return judge(fitted, measure(held_out, how.store(held_out)), held_out.drawn())


def main(arguments: Sequence[str] | None = None) -> int:
    """Make an emulator from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m jiqun.experiments.emulator", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", type=Path, default=Path("build/emulator"), metavar="DIR")
    parser.add_argument("--workers", type=int, help="worker processes (one a core)")
    parser.add_argument("--rows", type=int, help="rows of enterprises")
    parser.add_argument("--held-out-pairs", type=int, default=HELD_OUT.pairs, metavar="PAIRS")
    parser.add_argument("--ship", action="store_true", help="put it into the sources")
    parser.add_argument("--adopt", action="store_true", help="use it on this machine")
    given = parser.parse_args(arguments)
    try:
        place = adopted.place(NAME, SHIPPED, adopt=given.adopt, ship=given.ship)
    except adopted.AdoptionError as error:
        parser.error(str(error))
    command = "python -m jiqun.experiments.emulator"
    how = Made(given.out, Options(given.workers, command=command), _Lines(), given.rows)
    emulator = build(how, LEARNT, replace(HELD_OUT, pairs=given.held_out_pairs))
    for path in filter(None, (given.out / NAME, place)):
        path.parent.mkdir(parents=True, exist_ok=True)
        save(emulator, path)
        print(path)
    return 0


class _Lines:
    """Progress as plain lines."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, state: Progress) -> None:
        now = time.monotonic()
        if state.done == state.total or now - self._last >= PLAIN_EVERY:
            self._last = now
            left = state.seconds_left
            told = "" if left is None else f", {left / 60:.0f} min left"
            print(f"{state.done} of {state.total} runs{told}", file=sys.stderr, flush=True)
