"""Mesa, imported without reading the source of whoever imports it.

Mesa names its loggers after the calling module and asks `inspect` for the stack, which reads a line
of source for each frame and searches all modules for each. From a command, some hundred imports
deep, this took 3 s of CPU, more than all other imports together. Mesa uses names alone.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    from types import FrameType

_frames = inspect.getouterframes


def _unread(frame: FrameType, context: int = 0) -> list[inspect.FrameInfo]:
    return _frames(frame, 0)


with patch("inspect.getouterframes", _unread):
    import mesa  # noqa: F401
