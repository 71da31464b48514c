"""Workers that several batches share: each batch has a lane of its own, none waits for another.

A draw always goes to the same worker, which keeps its past (`experiments.runs.warm`). A batch sends
a few small chunks at a time (`pool.dispatch`), so those of batches that go on at once take turns.
"""

from __future__ import annotations

import threading
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from jiqun.experiments.runs.pool import LocalPool
from jiqun.experiments.runs.warm import run_chunk

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from jiqun.experiments.runs.batch import Chunk
    from jiqun.experiments.runs.worker import ChunkResult


class SharedPool:
    """Worker processes that outlast a batch.

    Args:
        workers: Number of processes.
        work: What a worker does with a chunk.
    """

    def __init__(self, workers: int, work: Callable[[Chunk], ChunkResult] = run_chunk) -> None:
        self.workers = workers
        self._pools = [LocalPool(1, work) for _ in range(workers)]
        self._mending = threading.Lock()

    def submit(self, chunk: Chunk) -> Future[ChunkResult]:
        """Send a chunk to the worker of its draw."""
        return self._pools[chunk.runs[0].draw.index % self.workers].submit(chunk)

    def restart(self) -> None:
        """Start those workers again that died; batches that share them may all ask for it."""
        with self._mending:
            for pool in self._pools:
                if pool.is_broken():
                    pool.restart()

    def ending(self) -> str:
        """How workers ended that died, as far as it is known."""
        return next(filter(None, (pool.ending() for pool in self._pools)), "")

    def close(self) -> None:
        """End the workers, whatever they do."""
        for pool in self._pools:
            pool.close(at_once=True)


class Lane:
    """The shared workers as one batch sees them: closing it ends the batch, not the workers.

    Args:
        shared: The workers.
        watch: Called with each result as it comes, in a thread of the workers' pool.
    """

    def __init__(
        self, shared: SharedPool, watch: Callable[[ChunkResult], None] = lambda _: None
    ) -> None:
        self.workers = shared.workers
        self._shared = shared
        self._watch = watch
        self._out: set[Future[ChunkResult]] = set()

    def submit(self, chunk: Chunk) -> Future[ChunkResult]:
        """Send a chunk to a worker."""
        future = self._shared.submit(chunk)
        self._out.add(future)
        future.add_done_callback(self._came)
        return future

    def _came(self, future: Future[ChunkResult]) -> None:
        self._out.discard(future)
        if not future.cancelled() and future.exception() is None:
            self._watch(future.result())

    def died(self, error: BaseException) -> bool:
        """Whether a worker died."""
        return isinstance(error, BrokenExecutor)

    def ending(self) -> str:
        """How workers ended that died, as far as it is known."""
        return self._shared.ending()

    def restart(self) -> None:
        """Be ready for chunks again after a worker died."""
        self._shared.restart()

    def close(self, *, at_once: bool) -> None:
        """Take back what has not begun; the workers go on with what others gave them."""
        del at_once
        for future in list(self._out):
            with suppress(KeyError):
                future.cancel()
