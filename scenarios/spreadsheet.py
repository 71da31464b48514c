"""Tables that readers make in a spreadsheet, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.scenarios.errors import TableError
from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from pathlib import Path

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of spreadsheets begin, new and old."""


def text_of(path: Path) -> str:
    """A table as text, whichever of the encodings of spreadsheets its file has.

    Raises:
        TableError: The file is missing, a workbook, or in no such encoding.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = say("cannot be read: {reason}", reason=error.strerror)
        raise TableError(path, None, "", problem) from error
    if raw.startswith(WORKBOOKS):
        raise TableError(path, None, "", say("is a workbook, not a CSV file"), how_to_save())
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    # What is UTF-8 by accident of another encoding is next to impossible; GB 18030 holds GBK.
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(path, None, "", say("is neither UTF-8 nor GBK text"), how_to_save())


def how_to_save() -> str:
    """What a spreadsheet has to be saved as, in the language of messages."""
    return say("a CSV file; in a spreadsheet: save as 'CSV UTF-8 (comma delimited)'")
