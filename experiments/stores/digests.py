"""Digests of a store's files, and what of a store is whole.

`sha256sums.txt` holds a line a file, as `sha256sum --check` reads them. A line is on the disk
before its file is put in its place, so whenever a batch is killed, a file that is there has its
digest; a line without a file, or one cut short, is dropped when the next batch begins. Files from
before there were digests are read through instead, and counted as unchecked.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from jiqun.experiments.stores.places import read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from jiqun.experiments.stores.places import Place

SUMS = "sha256sums.txt"
RUNS, OUTCOMES, LEDGER = SHARDS = ("runs", "outcomes", "ledger")
"""Folders of shards: a shard has one name in all three, and counts once it is in the first."""
PANEL = "panel"
"""Folder of the panels of enterprises, where a batch recorded some."""
ENDINGS = {
    "populations": ".arrow", "scenarios": ".yaml", PANEL: ".parquet",
    **dict.fromkeys(SHARDS, ".parquet"),
}  # fmt: skip
"""Folders whose files have digests."""
THREADS = 4
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
NAME = re.compile(r"[0-9a-f]{20}\.parquet")
_KNOWN: dict[tuple[str, Path], tuple[tuple[int, ...], str]] = {}
"""What was found of a file as it was then: a process reads each file once."""


@dataclass(frozen=True)
class Holdings:
    """What a store holds.

    Attributes:
        whole: Names of the shards that can be read.
        damaged: File, relative to the store, to what is wrong with it.
        unknown: Files in the folders of the store that it did not write.
        unchecked: Files that have no digest: they can be read, but may have been changed.
    """

    whole: tuple[str, ...]
    damaged: Mapping[str, str]
    unknown: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the shards of which a file is damaged."""
        folders = tuple(f"{folder}/" for folder in SHARDS)
        return tuple(sorted({Path(f).name for f in self.damaged if f.startswith(folders)}))


def shard_name(keys: Iterable[str]) -> str:
    """Name of the shard of some runs."""
    return f"{hashlib.sha256('\n'.join(keys).encode()).hexdigest()[:20]}.parquet"


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests_of(folder: Path, files: Sequence[str]) -> dict[str, str | None]:
    """SHA-256 of files as they are now, each read once a process; None for what cannot be read.

    Args:
        folder: Folder of the store.
        files: Files, relative to it.
    """

    def found(file: str) -> str | None:
        try:
            return _once("digest", folder / file, digest_of)
        except OSError:
            return None

    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as threads:
        return dict(zip(files, threads.map(found, files), strict=True))


def recorded(folder: Place) -> dict[str, str]:
    """Digests a store has noted, by file; of a file noted twice the later one."""
    if not isinstance(folder, Path):
        return {}
    try:
        text = (folder / SUMS).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    found = (LINE.fullmatch(line) for line in text.split("\n"))
    return {line[2]: line[1] for line in found if line}


def record(folder: Path, path: Path, digest: str) -> None:
    """Note a digest; it is on the disk when this returns.

    Args:
        folder: Folder of the store.
        path: The file, inside it.
        digest: SHA-256 of its content.
    """
    with (folder / SUMS).open("a", encoding="utf-8") as file:
        file.write(_line(path.relative_to(folder).as_posix(), digest))
        file.flush()
        os.fsync(file.fileno())


def tidied(folder: Place, without: Collection[str] = ()) -> str | None:
    """The notes without lines of files that are gone and broken ones; None if they are tidy.

    Args:
        folder: Folder of the store.
        without: Files that are about to be taken away.
    """
    if not isinstance(folder, Path):
        return None
    try:
        text = (folder / SUMS).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    there = {
        file: digest
        for file, digest in recorded(folder).items()
        if file not in without and (folder / file).is_file()
    }
    tidy = "".join(_line(file, digest) for file, digest in there.items())
    return None if text == tidy else tidy


def examine(folder: Place) -> Holdings:
    """What of the results of a store is whole: its shards, without what a batch is writing.

    Args:
        folder: Folder of the store.
    """
    while True:
        listed = {kind: _files(folder, kind) for kind in SHARDS}
        with suppress(FileNotFoundError):
            found = _examined(folder, listed)
            # A batch that merges takes shards away, after it put what they held in another.
            if not any(set(listed[kind]) - set(_files(folder, kind)) for kind in SHARDS):
                return found


def _examined(folder: Place, listed: Mapping[str, Sequence[str]]) -> Holdings:
    # Read after the folder is listed: what a running batch adds meanwhile has its digest by then.
    sums = recorded(folder)
    files = [f"{kind}/{name}" for kind in SHARDS for name in listed[kind]]
    unknown = {f for f in files if f not in sums and not NAME.fullmatch(f.partition("/")[2])}
    noted = [f"{RUNS}/{name}" for name in listed[RUNS] if f"{RUNS}/{name}" not in unknown]
    damaged = _problems(folder, noted, sums)
    # A copy under a name that looks like one of ours.
    unknown |= {
        file
        for file in noted
        if file not in sums and file not in damaged and not _named_after_its_runs(folder / file)
    }
    names = [Path(file).name for file in noted if file not in unknown]
    # A ledger that was never noted may never have been there: stores are older than ledgers.
    made = [f"{OUTCOMES}/{name}" for name in names]
    made += [
        file
        for file in (f"{LEDGER}/{name}" for name in names)
        if file in sums or (folder / file).exists()
    ]
    damaged |= _problems(folder, made, sums)
    # Runs that were noted and are gone while their outcomes are left.
    damaged |= {
        file: "is missing"
        for file in (f"{RUNS}/{name}" for name in listed[OUTCOMES])
        if file in sums and _gone(folder / file)
    }
    bad = {Path(file).name for file in damaged}
    return Holdings(
        tuple(name for name in names if name not in bad),
        damaged,
        tuple(sorted(unknown)),
        tuple(
            file
            for file in (*noted, *made)
            if file not in sums and file not in damaged and file not in unknown
        ),
    )


def verify(folder: Place) -> Holdings:
    """What of a store is whole: its shards, and the scenarios and populations beside them."""
    shards, sums = examine(folder), recorded(folder)
    beside = [
        f"{kind}/{name}" for kind in ENDINGS if kind not in SHARDS for name in _files(folder, kind)
    ]
    strange = [f for f in beside if f not in sums and not f.endswith(ENDINGS[f.partition("/")[0]])]
    missing = [f for f in sums if f.partition("/")[0] not in SHARDS and _gone(folder / f)]
    ours = [file for file in beside if file not in strange]
    damaged = _problems(folder, [*ours, *missing], sums)
    return Holdings(
        shards.whole,
        {**shards.damaged, **damaged},
        (*shards.unknown, *strange),
        (*shards.unchecked, *(f for f in ours if f not in sums and f not in damaged)),
    )


def any_shard(folder: Place) -> bool:
    """Whether a store has a shard of runs, whole or not."""
    return any(name.endswith(".parquet") for name in _files(folder, RUNS))


def problem_of(folder: Place, file: str) -> str | None:
    """What is wrong with a file of a store, or None."""
    return problem_in(folder, file, recorded(folder))


def problem_in(folder: Place, file: str, sums: Mapping[str, str]) -> str | None:
    """The same where the digests are known.

    Args:
        folder: Folder of the store.
        file: The file, relative to it.
        sums: Digests, by file.
    """
    return _problem(folder / file, sums.get(file))


def runs_in(folder: Place, holdings: Holdings) -> dict[str, list[int]]:
    """Draws of the runs in damaged shards by scenario, as far as what is left of them tells."""
    found: Counter[tuple[str, int]] = Counter()
    for name in holdings.left_out:
        for kind in (RUNS, OUTCOMES):
            # A file that nothing was asked of before may be damaged as well.
            if problem_of(folder, f"{kind}/{name}") is None:
                table = read_table(folder / kind / name, columns=["scenario", "draw", "seed"])
                for row in table.group_by(table.column_names).aggregate([]).to_pylist():
                    found[str(row["scenario"]), int(row["draw"])] += 1
                break
    by_scenario: dict[str, list[int]] = {}
    for scenario, draw in sorted(found.elements()):
        by_scenario.setdefault(scenario, []).append(draw)
    return by_scenario


def _gone(path: Place) -> bool:
    """Whether a noted file is lost: one that a batch is about to put in its place is not."""
    if path.exists():
        return False
    return not isinstance(path, Path) or not (
        path.with_name(f".{path.name}.part").exists() or path.exists()
    )


def _files(folder: Place, kind: str) -> list[str]:
    """Names of the files of a folder; hidden ones are parts, or of the system."""
    if not isinstance(folder, Path):
        return (folder / kind).names()
    try:
        with os.scandir(folder / kind) as entries:
            return sorted(e.name for e in entries if not e.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _problems(folder: Place, files: Sequence[str], sums: Mapping[str, str]) -> dict[str, str]:
    # Digests are made outside the interpreter's lock, so threads help.
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as threads:
        found = threads.map(lambda file: _problem(folder / file, sums.get(file)), files)
        return {file: said for file, said in zip(files, found, strict=True) if said}


def _problem(path: Place, digest: str | None) -> str | None:
    if not isinstance(path, Path):
        return None if path.exists() else "is missing"
    try:
        if not path.is_file():
            return "is missing"
        if digest is None:
            return _once("unreadable", path, _unreadable) or None
        same = _once("digest", path, digest_of) == digest
        return None if same else "is not as it was written"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _unreadable(path: Path) -> str:
    """Why a file that has no digest cannot be read; empty if it can."""
    try:
        if path.suffix == ".parquet":
            read_table(path)
        elif path.suffix == ".arrow":
            with pa.memory_map(str(path)) as source:
                pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    return ""


def _named_after_its_runs(path: Place) -> bool:
    if not isinstance(path, Path):
        return True
    keys = read_table(path, columns=["run_key"]).column("run_key").to_pylist()
    return path.name == shard_name(map(str, keys))


def _once(what: str, path: Path, find: Callable[[Path], str]) -> str:
    """What is found of a file, found again only if the file was touched since."""
    state = path.stat()
    stamp = (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    known = _KNOWN.get((what, path))
    if known is None or known[0] != stamp:
        known = _KNOWN[what, path] = (stamp, find(path))
    return known[1]


def _line(file: str, digest: str) -> str:
    return f"{digest}  {file}\n"
