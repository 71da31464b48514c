"""Wrong input, failures and interruptions: one message each, and the exit status of each."""

from __future__ import annotations

import errno
import multiprocessing
import signal
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME_FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130
OF_THE_MACHINE = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
    errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR,
    errno.EISDIR, errno.EEXIST,
)  # fmt: skip
"""What a system says of disks, folders and limits: nothing that a command could do otherwise."""


def interrupt(*_: object) -> NoReturn:
    """Let a request to end do what Ctrl-C does; another one meanwhile is not heeded."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


class WrongOptionError(ValueError):
    """Options that do not make sense; the message says what is allowed."""


@contextmanager
def refusals() -> Iterator[None]:
    """Turn wrong input into one message and status 2, an interruption into 130."""
    try:
        with _plain_warnings():
            yield
    except KeyboardInterrupt:
        # A worker that is just starting would complain that nobody is there any more.
        for worker in multiprocessing.active_children():
            worker.terminate()
        typer.echo("interrupted: what was finished is kept, run again to go on", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if not _is_refusal(error):
            raise
        typer.echo(_told(error), err=True)
        raise typer.Exit(WRONG_INPUT) from error


@contextmanager
def given_up(kind: type[Exception]) -> Iterator[None]:
    """Turn an error of this kind, of work that too much went wrong in, into status 1."""
    try:
        yield
    except kind as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(SOME_FAILED) from error


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Say what is amiss with stores and workers in a line of its own, other warnings as ever."""
    from jiqun.experiments.runs.errors import WorkerWarning  # noqa: PLC0415
    from jiqun.experiments.stores.errors import StoreWarning  # noqa: PLC0415

    with warnings.catch_warnings():
        for ours in (StoreWarning, WorkerWarning):
            warnings.simplefilter("always", ours)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, StoreWarning | WorkerWarning):
                typer.echo(f"warning: {message}", err=True)
            else:
                shown(message, category, *rest, **more)

        warnings.showwarning = show
        yield


def _told(error: Exception) -> str:
    """The message of a refusal."""
    if isinstance(error, MemoryError):
        return "there is not enough memory: fewer --rows or --workers need less"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    return str(error)


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) in OF_THE_MACHINE:
        return True
    try:
        import jiqun.model.region  # noqa: F401, PLC0415
    except ValueError:  # a wrong region or extension: nothing of the model can be imported
        return True
    from jiqun.experiments.designs.designs import DesignError  # noqa: PLC0415
    from jiqun.experiments.runs.adopted import AdoptionError  # noqa: PLC0415
    from jiqun.experiments.runs.batch import PlanError  # noqa: PLC0415
    from jiqun.experiments.runs.pool import ClusterError  # noqa: PLC0415
    from jiqun.experiments.stores.errors import StoreError  # noqa: PLC0415
    from jiqun.model.extensions import ExtensionError  # noqa: PLC0415
    from jiqun.scenarios import InputError  # noqa: PLC0415

    wrong = (InputError, StoreError, PlanError, DesignError, ClusterError, AdoptionError)
    return isinstance(error, (*wrong, WrongOptionError, ExtensionError))
