"""Whether the page works on this machine: `jiqun app --check` asks it one small what-if."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from jiqun.app.serving import served
from jiqun.app.words import PageWords, lang_of
from jiqun.asking import ON
from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.scenarios import load
from jiqun.scenarios.loader import least_rows

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = {"key": "cluster_award", "value": "2"}
PATIENCE = 300.0
"""Seconds that an answer may take, on a machine that compiles the model first."""


class CheckError(Exception):
    """The page did not answer."""


def check(folder: Path) -> str:
    """Start the page, ask it a what-if as a browser would, and end it.

    Args:
        folder: Folder that it keeps everything in.

    Returns:
        What it answered, in a line.

    Raises:
        CheckError: It did not answer.
    """
    with served(folder, 0, least_rows(load(ON)), LEAST_PAIRS, warm=False) as address:
        with urlopen(address) as got:
            if PageWords(lang_of("")).said("title") not in got.read().decode():
                raise CheckError(address)
        return asyncio.run(asyncio.wait_for(_asked(address), PATIENCE))


async def _asked(address: str) -> str:
    """Move a lever, run the pairs and wait for the table by tier."""
    from websockets.asyncio.client import connect  # noqa: PLC0415

    values: dict[str, Any] = {".clientdata_url_search": "", ".clientdata_pixelratio": 1}
    for name in ("shell", "estimate", "progress", "answer"):
        values[f".clientdata_output_{name}_hidden"] = False
    target = address.replace("http", "ws") + "websocket/"
    async with connect(target, origin=address.rstrip("/"), max_size=None) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"method": "init", "data": values}))
        await socket.send(json.dumps({"method": "update", "data": {"moved": QUESTION}}))
        await socket.send(json.dumps({"method": "update", "data": {"run:shiny.action": 1}}))
        async for message in socket:
            html = json.loads(message).get("values", {}).get("progress", {})
            if 'data-status="done"' in str(html):
                return f"{address} ok"
    raise CheckError(address)


def wait() -> None:
    """Stay until the command is interrupted."""
    threading.Event().wait()
