"""The check of a run record: what of a store is not as it was recorded, without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from jiqun import installed
from jiqun.experiments.stores.digests import digests_of
from jiqun.experiments.stores.errors import StoreError
from jiqun.recording import (
    FILE,
    ROOT,
    batches_in,
    digests_in,
    entities,
    files_of,
    number_of,
    parts_in,
    true_number,
    written,
)
from jiqun.scenarios.errors import listed
from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHOWN = 8
"""Differing parts of a kind that a note names."""


class Problem(StrEnum):
    """What can be wrong with a file of a store."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Verified:
    """What a check found.

    Attributes:
        folder: Folder of the store.
        number: The number that the record says of itself; empty if it cannot be read.
        recorded: When it was written.
        files: Number of files that it binds.
        problems: File, relative to the store, to what is wrong with it.
        later: Batches that began after the record: when, and by what command.
        differing: Kind of what is installed to the names of what is not as it was recorded.
    """

    folder: Path
    number: str
    recorded: str
    files: int
    problems: Mapping[str, Problem]
    later: Mapping[str, str]
    differing: Mapping[str, tuple[str, ...]]

    def holds(self, *, strict: bool = False) -> bool:
        """Whether all is as it was recorded.

        Args:
            strict: Whether what is installed has to be as well.
        """
        return not self.problems and not (strict and self.differing)

    def data(self, *, strict: bool = False) -> dict[str, Any]:
        """What was found as JSON-able data.

        Args:
            strict: Whether what is installed counts for `ok`.
        """
        return {
            "ok": self.holds(strict=strict),
            "number": self.number,
            "recorded": self.recorded,
            "files": self.files,
            "problems": {file: str(problem) for file, problem in self.problems.items()},
            "later_batches": dict(self.later),
            "installed_differs": {kind: list(names) for kind, names in self.differing.items()},
        }


def verified(folder: Path) -> Verified:
    """Check a store against its record.

    Args:
        folder: Folder of the store.

    Raises:
        StoreError: It has no record.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(
            say("{folder}: no run record; write one: jiqun record {folder}", folder=folder)
        ) from error
    try:
        crate = json.loads(content.decode("utf-8"))
        noted, known = digests_in(crate), parts_in(crate)
        number, recorded = number_of(crate), str(entities(crate)[ROOT]["datePublished"])
        sound = written(crate).encode() == content and true_number(crate) == number
        begun = batches_in(crate)
    except (ValueError, KeyError, TypeError, AttributeError):
        # So much is changed that nothing else can be checked.
        return Verified(folder, "", "", 0, {FILE: Problem.CHANGED}, {}, {})
    problems = {} if sound else {FILE: Problem.CHANGED}
    return Verified(
        folder,
        number,
        recorded,
        len(noted),
        problems | dict(_problems(folder, noted)),
        _later(folder, begun),
        _differing(known),
    )


def lines(found: Verified, *, strict: bool = False) -> Iterator[str]:
    """What was found as text.

    Args:
        found: What a check found.
        strict: Whether what is installed counts for the verdict.
    """
    for file, problem in found.problems.items():
        yield _told(file, problem)
    for started, command in found.later.items():
        yield say(
            "recorded before the batch of {started} ({command}): run jiqun record {folder} again",
            started=started, command=command, folder=found.folder,
        )  # fmt: skip
    for kind, names in found.differing.items():
        yield say(
            "note: what is installed is not what was recorded: {kind}: {names}",
            kind=_named(kind), names=listed(names, SHOWN),
        )  # fmt: skip
    said = {"folder": found.folder, "date": found.recorded, "number": found.number}
    if found.holds(strict=strict):
        yield say(
            "{folder}: all {count} files are as recorded on {date}; record {number}",
            count=found.files, **said,
        )  # fmt: skip
    elif found.problems:
        yield say(
            "{folder}: NOT as recorded on {date}; files that differ: {count}; record {number}",
            count=len(found.problems), **said,
        )  # fmt: skip
    else:
        yield say(
            "{folder}: files are as recorded on {date}, but NOT what is installed; record {number}",
            **said,
        )


def _told(file: str, problem: Problem) -> str:
    match problem:
        case Problem.CHANGED:
            return say("{file}: is not as it was recorded", file=file)
        case Problem.MISSING:
            return say("{file}: is missing", file=file)
        case Problem.ADDED:
            return say("{file}: was added after the record", file=file)
        case _:
            return say("{file}: cannot be read", file=file)


def _named(kind: str) -> str:
    """A kind of what is installed, in words."""
    return {
        "version": say("versions"),
        "code": say("code"),
        "extension": say("extensions"),
        "table": say("tables"),
        "region": say("region"),
        "result": say("fit and tests"),
        "package": say("packages"),
    }.get(kind, kind)


def _problems(folder: Path, noted: Mapping[str, str]) -> Iterator[tuple[str, Problem]]:
    there = digests_of(folder, files_of(folder))
    for file in sorted({*noted, *there}):
        if file not in there:
            yield file, Problem.MISSING
        elif there[file] is None:
            yield file, Problem.UNREADABLE
        elif file not in noted:
            yield file, Problem.ADDED
        elif there[file] != noted[file]:
            yield file, Problem.CHANGED


def _later(folder: Path, begun: set[str]) -> dict[str, str]:
    """Batches that the manifest has and the record lacks; none where it cannot be read."""
    try:
        batches = json.loads((folder / "manifest.json").read_text("utf-8"))["batches"]
        return {b["started"]: b["command"] for b in batches if b["started"] not in begun}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _differing(known: Mapping[tuple[str, str], str]) -> dict[str, tuple[str, ...]]:
    here = {(part.kind, part.name): part.digest for part in installed.parts()}
    found: dict[str, tuple[str, ...]] = {}
    for kind, name in sorted({*known, *here}):
        if known.get((kind, name)) != here.get((kind, name)):
            found[kind] = (*found.get(kind, ()), name)
    return found
