"""Where chunks are worked on: processes of this machine, or a Dask cluster.

Both give futures, so one loop drives both. A worker that dies costs nothing but time: the chunks
that were out are sent again, then run by run and alone, until what kills workers stands convicted.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import forkserver
from typing import TYPE_CHECKING, Any, Protocol

from jiqun.experiments.runs.errors import WorkerWarning
from jiqun.experiments.runs.worker import (
    ChunkResult,
    Failure,
    ForeignWorkerError,
    failure,
    run_chunk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from jiqun.experiments.runs.batch import Chunk

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class WorkerDiedError(Exception):
    """A worker process died: killed from outside, out of memory, or crashed."""


class ClusterError(Exception):
    """A cluster that cannot be used; the message names its address or the worker."""


class Pool(Protocol):
    """A place where chunks are worked on."""

    workers: int

    def submit(self, chunk: Chunk) -> Future[ChunkResult]:
        """Send a chunk to a worker."""

    def died(self, error: BaseException) -> bool:
        """Whether an error means that a worker died, rather than that the chunk is wrong."""

    def ending(self) -> str:
        """How workers ended that died, as far as it is known."""

    def restart(self) -> None:
        """Be ready for chunks again after a worker died."""

    def close(self, *, at_once: bool) -> None:
        """End the workers."""


class Processes:
    """Processes of this machine, one thread each; they end with the one that started them."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # Libraries that start threads of their own only get in the way of the other runs.
        for name in THREADS:
            os.environ.setdefault(name, "1")
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context(
            "forkserver" if "forkserver" in methods else "spawn"
        )
        if "forkserver" in methods:
            self._context.set_forkserver_preload(["jiqun.experiments.runs.warm"])
            with _same_path():
                forkserver.ensure_running()
        self._open()

    def _open(self) -> None:
        # Nothing is ever sent. The driver holds the only other end, so that the workers see it
        # close when it closes the pool and also when it is killed.
        self._reader, self._lifeline = self._context.Pipe(duplex=False)
        self._started: set[BaseProcess] = set()
        self._executor = ProcessPoolExecutor(
            self.workers, self._context, initializer=_live_with, initargs=(self._reader,)
        )

    def call[**Given, Made](
        self, work: Callable[Given, Made], *given: Given.args, **more: Given.kwargs
    ) -> Future[Made]:
        """Have a worker do something.

        Args:
            work: What is done; it is pickled, and so are its arguments.
            *given: Its arguments by place.
            **more: Its arguments by name.
        """
        future = self._executor.submit(work, *given, **more)
        self._started |= set(multiprocessing.active_children())
        return future

    def died(self, error: BaseException) -> bool:
        """Whether a worker died."""
        return isinstance(error, BrokenExecutor)

    def is_broken(self) -> bool:
        """Whether a worker died and the others were ended with it."""
        try:
            self._executor.submit(_nothing).cancel()
        except BrokenExecutor:
            return True
        return False

    def ending(self) -> str:
        """How workers ended that died, as far as it is known."""
        if self._killed():
            return "the system killed it (SIGKILL), as it does where memory is short"
        signals = {-code for code in self._codes() if code < 0}
        known = [signal.Signals(each).name for each in signals if each in set(signal.Signals)]
        codes = [f"status {code}" for code in self._codes() if code > 0]
        return f"it crashed ({', '.join(sorted({*known, *codes}))})" if known or codes else ""

    def restart(self) -> None:
        """Start new workers: one fewer where the system killed one, as for want of memory."""
        if self._killed() and self.workers > 1:
            self.workers -= 1
            warnings.warn(
                "the system killed a worker, as it does where memory is short: going on with "
                f"{self.workers}",
                WorkerWarning,
                stacklevel=2,
            )
        self.close(at_once=True)
        self._open()

    def _killed(self) -> bool:
        return any(code == -signal.SIGKILL for code in self._codes())

    def _codes(self) -> list[int]:
        """Exit codes of workers that ended by themselves: the pool terminates those left."""
        codes = (process.exitcode for process in self._started)
        return [code for code in codes if code not in (None, 0, -signal.SIGTERM)]

    def close(self, *, at_once: bool) -> None:
        """End the workers."""
        if at_once:
            self._lifeline.close()
        self._executor.shutdown(wait=not at_once, cancel_futures=True)
        self._lifeline.close()
        self._reader.close()


class LocalPool(Processes):
    """Processes of this machine that work on chunks."""

    def __init__(self, workers: int, work: Callable[[Chunk], ChunkResult] = run_chunk) -> None:
        super().__init__(workers)
        self._work = work

    def submit(self, chunk: Chunk) -> Future[ChunkResult]:
        """Send a chunk to a worker."""
        return self.call(self._work, chunk)


def _nothing() -> None:
    """What a pool is asked to do to see whether it still takes anything."""


@contextmanager
def _same_path() -> Iterator[None]:
    """Let Python processes that start look for modules where this one does, and nowhere else.

    The server that workers are forked from would look in the current folder first: there may be a
    `model.py` of the user's.
    """
    wanted = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    had = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in had.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _live_with(lifeline: Connection) -> None:
    """End this worker when the driver is gone or done with it; leave Ctrl-C to the driver."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        try:
            lifeline.recv()
        except (EOFError, OSError):
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class DaskPool:
    """A Dask cluster.

    Args:
        address: Address of its scheduler, or ``local`` for one on this machine.
        workers: Workers of a local cluster.
        work: What is done with a chunk.
    """

    def __init__(
        self, address: str, workers: int, work: Callable[[Chunk], ChunkResult] = run_chunk
    ) -> None:
        # Loaded here alone: few batches need it, and it is slow to load.
        import distributed  # noqa: PLC0415

        dask: Any = distributed  # it has no types

        for name in THREADS:
            os.environ.setdefault(name, "1")
        self._work = work
        self._killed: type[Exception] = dask.KilledWorker
        self._cluster: Any = None
        target: Any = address
        if address == "local":
            self._cluster = target = dask.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
            )
        try:
            self._client = dask.Client(target, timeout="20s")
        except (OSError, ValueError) as error:
            raise ClusterError(f"--dask {address}: no scheduler answers: {error}") from error
        # Chunks have their own identity in the store; Dask must not merge or cache them.
        self._executor = self._client.get_executor(pure=False)
        self.workers = sum(self._client.ncores().values()) or workers

    def submit(self, chunk: Chunk) -> Future[ChunkResult]:
        """Send a chunk to a worker."""
        sent: Future[ChunkResult] = self._executor.submit(self._work, chunk)
        return sent

    def died(self, error: BaseException) -> bool:
        """Whether workers died."""
        return isinstance(error, self._killed | CancelledError)

    def ending(self) -> str:
        """Not known: it was a process of another machine, or of Dask."""
        return ""

    def restart(self) -> None:
        """Nothing to do: Dask starts workers again by itself."""

    def close(self, *, at_once: bool) -> None:
        """Leave the cluster; end it if it is ours."""
        self._executor.shutdown(wait=not at_once)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def dispatch(chunks: Iterable[Chunk], pool: Pool) -> Iterator[ChunkResult]:
    """Send chunks to workers and yield what becomes of them, in the order they finish.

    Args:
        chunks: The chunks.
        pool: Where they are worked on.

    Raises:
        ClusterError: A worker has another model or other tables than this process.
    """
    waiting = deque(chunks)
    suspects: deque[Chunk] = deque()
    struck: set[tuple[bool, tuple[str, ...]]] = set()
    while waiting or suspects:
        # Suspects go one at a time, so that the next death has one culprit.
        alone = not waiting
        queue, most = (suspects, 1) if alone else (waiting, 2 * pool.workers)
        out: dict[Future[ChunkResult], Chunk] = {}
        broken = False
        while out or (queue and not broken):
            try:
                while queue and len(out) < most and not broken:
                    out[pool.submit(queue[0])] = queue[0]
                    queue.popleft()
            except BrokenExecutor:
                broken = True
            for future in wait(out, return_when=FIRST_COMPLETED).done:
                chunk = out.pop(future)
                error = CancelledError() if future.cancelled() else future.exception()
                if error is None:
                    yield future.result()
                elif isinstance(error, ForeignWorkerError):
                    raise ClusterError(str(error)) from error
                elif not pool.died(error):
                    yield _all_failed(chunk, error)
                else:
                    broken = True
                    yield from _suspect(
                        chunk, waiting, suspects, struck, alone=alone, ending=pool.ending()
                    )
        if broken:
            pool.restart()


def _suspect(
    chunk: Chunk,
    waiting: deque[Chunk],
    suspects: deque[Chunk],
    struck: set[tuple[bool, tuple[str, ...]]],
    *,
    alone: bool,
    ending: str,
) -> Iterator[ChunkResult]:
    """Decide on a chunk that was out when a worker died: again, alone, or convicted."""
    strike = (alone, tuple(run.key for run in chunk.runs))
    if strike not in struck:
        struck.add(strike)
        (suspects if alone else waiting).append(chunk)
    elif not alone:
        suspects.extend(replace(chunk, runs=(run,)) for run in chunk.runs)
    else:
        problem = "the worker process died twice while it made this run alone"
        yield _all_failed(chunk, WorkerDiedError(f"{problem}: {ending}" if ending else problem))


def _all_failed(chunk: Chunk, error: BaseException) -> ChunkResult:
    failures: tuple[Failure, ...] = tuple(failure(run, error) for run in chunk.runs)
    return ChunkResult(chunk, (), failures, None, None)
