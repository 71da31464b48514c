"""Files that are zip archives, of which two of one store are equal to the last byte."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

PROPERTIES = "docProps/core.xml"
"""Part of an Office file that says when it was made."""


def packed(parts: Mapping[str, bytes], made: datetime) -> bytes:
    """An archive of some files.

    Args:
        parts: Content by name.
        made: Time that the files bear.
    """
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in parts.items():
            at = zipfile.ZipInfo(name, made.timetuple()[:6])
            archive.writestr(at, content, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def at_time(
    content: bytes, made: datetime, change: Mapping[str, Callable[[str], str]] | None = None
) -> bytes:
    """An Office file that bears a given time and not that of its writing.

    Args:
        content: The file.
        made: Time that it is to bear.
        change: What else is done to the text of a part, by its name.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as given:
        parts = {name: given.read(name) for name in given.namelist()}
    said = f">{made:%Y-%m-%dT%H:%M:%SZ}</dcterms:"
    properties = parts[PROPERTIES].decode("utf-8")
    parts[PROPERTIES] = re.sub(r">[^<]*</dcterms:", said, properties).encode("utf-8")
    for name, changed in (change or {}).items():
        parts[name] = changed(parts[name].decode("utf-8")).encode("utf-8")
    return packed(parts, made)
