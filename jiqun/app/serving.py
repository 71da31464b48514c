"""Serving the page: on the loopback address alone, to browsers that ask for it by that name."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn
from filelock import FileLock, Timeout

from jiqun.app.jobs import PAIRS, Desk
from jiqun.app.server import application
from jiqun.asking import ON
from jiqun.scenarios.errors import InputError
from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping
    from pathlib import Path
    from typing import Any

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HOST = "127.0.0.1"
MARK = ".jiqun-app"
"""File that says that a folder is the page's own, so that what is in it may be cleared away."""
REFUSED = 400
PATIENCE = 30.0
"""Seconds that the server may take to begin."""
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; connect-src 'self' "
    "ws://127.0.0.1:* ws://localhost:*; style-src 'self' 'unsafe-inline'; script-src 'self' "
    "'unsafe-inline' 'unsafe-eval'; font-src 'self' data:; frame-ancestors 'none'; "
    "form-action 'self'; base-uri 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""The browser itself loads nothing from elsewhere, and no other page may show or read this one."""


class Guard:
    """Refuses what a browser sends on behalf of another site.

    A site elsewhere can make a browser talk to the loopback address under a name of its own, or
    open a socket to it; neither has this host as `Host`, nor this page as `Origin`.

    Args:
        app: What is guarded.
        port: Port that it is served on.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], port: int) -> None:
        self.app = app
        self.hosts = {f"{name}:{port}" for name in (HOST, "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] == "lifespan" or self._fits(scope):
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": REFUSED, "headers": []})
            await send({"type": "http.response.body", "body": b"wrong host\n"})

    def _fits(self, scope: Scope) -> bool:
        given = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in given if name == b"host"]
        origins = [value for name, value in given if name == b"origin"]
        own = {f"http://{host}" for host in self.hosts}
        return len(hosts) == 1 and hosts[0] in self.hosts and own.issuperset(origins)


def _with_headers(send: Send) -> Send:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return sent


@contextlib.contextmanager
def served(
    folder: Path,
    port: int = 0,
    rows: int | None = None,
    pairs: int = PAIRS,
    *,
    warm: bool = True,
) -> Iterator[str]:
    """Serve the page while the block runs.

    Args:
        folder: Folder that it keeps everything in.
        port: Port; any that is free if 0.
        rows: Enterprise rows of all runs; those of the scenarios if None.
        pairs: Pairs that a question begins with.
        warm: Whether to make at once what most questions begin with.

    Yields:
        Its address.

    Raises:
        InputError: The folder or the port cannot be used.
    """
    with _own(folder), _bound(port) as listening:
        port = listening.getsockname()[1]
        desk = Desk(folder, rows=rows, pairs=pairs)
        guarded = Guard(application(desk), port)
        server = uvicorn.Server(
            uvicorn.Config(
                guarded,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        # Signals stay with the command.
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            until = time.monotonic() + PATIENCE
            while not server.started and time.monotonic() < until:
                time.sleep(0.02)
            if warm:
                desk.warm(ON)
            yield f"http://{HOST}:{port}/"
        finally:
            server.should_exit = True
            thread.join(timeout=5.0)
            desk.close()


@contextlib.contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    """A socket on the loopback address.

    Raises:
        InputError: The port is taken.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except (OSError, OverflowError) as error:
            problem = say("the port cannot be used")
            allowed = say("another port, or 0 for any that is free")
            raise InputError(f"--port {port}", None, "", problem, allowed) from error
        yield listening


@contextlib.contextmanager
def _own(folder: Path) -> Iterator[None]:
    """Hold the folder, cleared of what earlier pages left there.

    Raises:
        InputError: It holds files that are not the page's, or another page uses it.
    """
    mark = folder / MARK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = not mark.exists() and any(folder.iterdir())
    except OSError as error:
        raise InputError(folder, None, "", say("cannot be used"), say("another folder")) from error
    if strange:
        problem = say("holds files that are not of the page")
        raise InputError(folder, None, "", problem, say("an empty folder, or one of the page"))
    mark.touch()
    try:
        with FileLock(folder / f"{MARK}.lock").acquire(timeout=0):
            for name in ("sessions", "warm"):
                shutil.rmtree(folder / name, ignore_errors=True)
            yield
            for name in ("sessions", "warm"):
                shutil.rmtree(folder / name, ignore_errors=True)
    except Timeout as error:
        problem = say("is used by another page")
        raise InputError(folder, None, "", problem, say("another folder")) from error
