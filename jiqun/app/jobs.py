"""Runs in the background: each job a batch of its own over workers that all sessions share."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from jiqun.app import details
from jiqun.app.passing import Passing
from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.pool import Processes
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.experiments.runs.shared import Lane, SharedPool
from jiqun.scenarios import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jiqun.app.details import Details
    from jiqun.asking import Asked
    from jiqun.experiments.effects.change import Moved, Unit
    from jiqun.experiments.runs.runner import Progress

PAIRS = 20
"""Pairs that a question begins with, and that more are asked for by."""
MOST_PAIRS = 100
"""Pairs of a question at most: a store of more is the work of `jiqun ask`."""
MOST_JOBS = 8
"""Jobs of all sessions that wait or run at most."""
AT_ONCE = 4
"""Jobs that take turns on the workers."""
MOST_BYTES = 4_000_000_000
"""Disk that the stores of all sessions may take."""
PAUSE = 0.2
COMMAND = "jiqun app"
"""What a store notes that its runs were asked for by."""
EVERY = 4
"""Pairs after which effects are told again."""

Status = Literal["waiting", "running", "reading", "done", "cancelled", "failed"]
ENDED = ("done", "cancelled", "failed")


class BusyError(Exception):
    """A job that is not taken; the text's key says why.

    Attributes:
        why: Key of the text.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class GivenUpError(Exception):
    """The user has cancelled the job."""


@dataclass(eq=False)
class Job:
    """A question that is run, or was.

    Attributes:
        asked: The question.
        folder: Folder of its store.
        wanted: Pairs that are wanted.
        status: How far it is.
        moved: Effects over the pairs that were there when they were last told.
        pairs: Number of these pairs.
        failed: Runs that failed.
        details: What the store says; None before it was read, and while more pairs are made.
        begun: When it was begun.
        seconds: Time from then to the last pair.
        error: What went wrong, in a line.
    """

    asked: Asked
    folder: Path
    wanted: int = 0
    status: Status = "waiting"
    moved: Mapping[tuple[str, Unit], Moved] = field(default_factory=dict)
    pairs: int = 0
    failed: int = 0
    details: Details | None = None
    begun: float = 0.0
    seconds: float = 0.0
    error: str = ""
    passing: Passing = field(init=False)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Be ready for pairs."""
        self.passing = Passing(self.asked.scenario.name, self.asked.baseline.name)

    @property
    def ended(self) -> bool:
        """Whether nothing of it is waiting or running."""
        return self.status in ENDED

    @property
    def made(self) -> int:
        """Pairs that have come."""
        return self.passing.pairs

    def tell(self, progress: Progress) -> None:
        """Take note of what has come; end if the user has cancelled."""
        if self.stop.is_set():
            raise GivenUpError
        self.failed = progress.failed
        made = self.passing.pairs
        if made >= LEAST_PAIRS and (made - self.pairs >= EVERY or made == self.wanted):
            self.moved, self.pairs = self.passing.moved(), made


class Desk:
    """Takes questions of all sessions and runs them.

    Args:
        folder: Folder of all that the page keeps.
        workers: Worker processes.
        rows: Enterprise rows of all runs; those of the scenarios if None.
        pairs: Pairs that a question begins with, and that more are asked for by.
    """

    def __init__(
        self, folder: Path, workers: int = 2, rows: int | None = None, pairs: int = PAIRS
    ) -> None:
        self.folder, self.rows, self.pairs = folder, rows, pairs
        self.pool = SharedPool(workers)
        self.reader = Processes(1)
        self._turns = threading.Semaphore(AT_ONCE)
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def start(self, asked: Asked, folder: Path) -> Job:
        """Begin a job.

        Args:
            asked: The question.
            folder: Folder of the session's stores.

        Raises:
            BusyError: There are too many jobs or too many stores.
        """
        asked = asked.at(self.rows)
        whole = f"{asked.scenario.identity} {asked.baseline.identity}"
        job = Job(asked, folder / hashlib.sha256(whole.encode()).hexdigest()[:12])
        self.go_on(job, self.pairs)
        return job

    def go_on(self, job: Job, pairs: int) -> None:
        """Make pairs of a job until there are so many.

        Raises:
            BusyError: As `start`, or these are too many pairs.
        """
        if pairs > MOST_PAIRS:
            raise BusyError("most_pairs")
        with self._lock:
            self._jobs = [each for each in self._jobs if not each.ended]
            if len(self._jobs) >= MOST_JOBS or job in self._jobs:
                raise BusyError("most_jobs")
            if _size(self.folder) > MOST_BYTES:
                raise BusyError("most_bytes")
            job.wanted, job.status, job.begun = pairs, "waiting", time.monotonic()
            job.stop.clear()
            self._jobs.append(job)
        threading.Thread(target=self._work, args=(job,), daemon=True).start()

    def cancel(self, job: Job) -> None:
        """Give a job up; the pairs that are there are kept."""
        job.stop.set()

    def drop(self, job: Job) -> None:
        """Give a job up and clear its store away once nothing writes there."""
        self.clear(job.folder, [job])

    def clear(self, folder: Path, jobs: Sequence[Job]) -> None:
        """Clear a folder away once some jobs, which are given up, write nothing there any more."""
        for job in jobs:
            job.stop.set()
        threading.Thread(target=self._clear, args=(folder, jobs), daemon=True).start()

    def warm(self, name: str) -> None:
        """Make the pasts and the runs of a baseline that most questions begin with.

        Args:
            name: Name of the baseline.
        """
        threading.Thread(target=self._warm, args=(name,), daemon=True).start()

    def close(self) -> None:
        """End all jobs and workers."""
        self._closed.set()
        for job in self._jobs:
            job.stop.set()
        self.pool.close()
        self.reader.close(at_once=True)

    def _work(self, job: Job) -> None:
        """Run a job to its end, in a thread of its own."""
        try:
            with self._turns:
                job.status = "running"
                self._run(job)
        except GivenUpError:
            job.status = "cancelled"
        except Exception as error:  # the page says so; other jobs go on
            job.error, job.status = f"{type(error).__name__}: {error}", "failed"
        if job.status == "cancelled" and job.passing.pairs >= LEAST_PAIRS:
            job.moved, job.pairs = job.passing.moved(), job.passing.pairs

    def _run(self, job: Job) -> None:
        asked = job.asked
        report = run_batch(
            [asked.baseline, asked.scenario],
            Plan(draws=job.wanted),
            job.folder,
            # As many parts as draws: what is sent at a time is small, so that others get a turn.
            Options(job.wanted, None, COMMAND, pool=Lane(self.pool, job.passing.add)),
            job.tell,
        )
        job.seconds = time.monotonic() - job.begun
        job.failed = len(report.failures)
        job.moved, job.pairs = job.passing.moved(), job.passing.pairs
        if {asked.scenario.name, asked.baseline.name} <= set(report.finished):
            job.status = "reading"
            names = asked.scenario.name, asked.baseline.name
            job.details = self.reader.call(details.read, job.folder, *names).result()
        job.status = "done"

    def _clear(self, folder: Path, jobs: Sequence[Job]) -> None:
        while any(not job.ended for job in jobs) and not self._closed.wait(PAUSE):
            pass
        shutil.rmtree(folder, ignore_errors=True)

    def _warm(self, name: str) -> None:
        folder = self.folder / "warm"
        scenario = with_rows(load(name), self.rows)
        with suppress(Exception):  # nothing is lost but time
            run_batch(
                [scenario],
                Plan(draws=self.pairs),
                folder,
                Options(self.pairs, pool=Lane(self.pool)),
            )
        shutil.rmtree(folder, ignore_errors=True)


def _size(folder: Path) -> int:
    """Bytes of the files below a folder."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # others clear away what they no longer need
            total += path.stat().st_size
    return total
