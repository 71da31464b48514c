"""The store of runs: a folder of Parquet shards that any number of batches may share.

A shard is written aside, its digest noted, and renamed, so it is there whole or not at all. A run
counts as done once its row is in `runs/`, which is written after its outcomes. What a batch finds
damaged or does not know it moves to `set_aside/`; the runs in it are made again.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import warnings
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import yaml
from filelock import FileLock, Timeout

from jiqun.experiments.runs.batch import scenario_hash
from jiqun.experiments.stores.digests import (
    LEDGER,
    NAME,
    OUTCOMES,
    PANEL,
    RUNS,
    SHARDS,
    SUMS,
    digest_of,
    examine,
    record,
    recorded,
    runs_in,
    shard_name,
    tidied,
    verify,
)
from jiqun.experiments.stores.errors import StoreError, StoreWarning
from jiqun.experiments.stores.merging import doubled, merged, packs, write_shard
from jiqun.experiments.stores.places import Remote, names_in, place, read_table
from jiqun.model.region import DEFAULT, REGION, VARIABLE
from jiqun.scenarios.errors import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from jiqun.experiments.runs.worker import ChunkResult, Failure
    from jiqun.experiments.stores.digests import Holdings
    from jiqun.experiments.stores.places import Place
    from jiqun.model.scenario import Scenario

STORE_VERSION = 1
"""Raised when a store of the old form can no longer be read or added to."""
READ_OF_BATCHES = {
    "started": str, "command": str, "model_hash": str, "scenarios": dict, "versions": dict,
}  # fmt: skip
"""What is read of a batch in the manifest, and of which kind it is."""
FOLDERS = ("populations", "scenarios", "runs", "outcomes", "ledger", "failures")
ASIDE = "set_aside"
"""Folder of what was found damaged or unknown."""
MERGED_TOGETHER = 128
"""Shards after which a batch merges."""
LEDGER_NAMES = (
    "payer", "fund", "origin", "city", "tier", "payee", "lever", "article", "kind",
)  # fmt: skip
"""Columns of the ledger that hold names, between its year and its yuan."""


class Store:
    """A store of runs.

    Args:
        folder: Its folder, or an address that fsspec reads.

    Raises:
        StoreError: The folder holds something else, or a store of another version.
    """

    def __init__(self, folder: str | Path | Remote) -> None:
        try:
            self.folder = place(folder)
        except ValueError as error:
            raise StoreError(str(error)) from error
        self.manifest = self._read_manifest()
        self._small = 0
        self._failed: set[str] = set()

    def _read_manifest(self) -> dict[str, Any]:
        path = self.folder / "manifest.json"
        try:
            if not path.exists():
                strangers = [n for n in names_in(self.folder) if n not in (".lock", SUMS)]
                if any(name not in FOLDERS for name in strangers):
                    raise StoreError(
                        f"{self.folder} is no store of runs, and not empty (it holds "
                        f"{sorted(strangers)[0]}): give another folder with --out"
                    )
                return {}
            manifest: Any = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except NotADirectoryError:
            raise StoreError(f"{self.folder} is a file: give another folder with --out") from None
        except OSError as error:
            raise StoreError(f"{error.filename or path}: {error.strerror}") from error
        except ValueError as error:
            raise StoreError(
                f"{path} is not readable ({error}): move {self.folder} away, or give another "
                "folder with --out"
            ) from error
        found = manifest.get("store_version") if isinstance(manifest, dict) else None
        if found != STORE_VERSION:
            raise StoreError(
                f"{path}: the store is of version {found}, this program writes version "
                f"{STORE_VERSION}; nothing was changed: give another folder with --out"
            )
        region = manifest.get("region", DEFAULT)
        if region != REGION.id:
            raise StoreError(
                f"{path}: the store is of the region {region}, this process is of {REGION.id}: "
                f"set {VARIABLE}={region}, or give another folder with --out"
            )
        if not _tells_batches(manifest.setdefault("batches", [])):
            raise StoreError(
                f"{path}: what it says of batches was written by no batch: put back the file as it "
                "was, or give another folder with --out"
            )
        return dict(manifest)

    @contextmanager
    def locked(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the store for one batch at a time, so that nothing is made twice.

        Args:
            waiting: Called if another batch holds the store.
        """
        with self.held(waiting):
            self._clear_leftovers()
            self._set_aside()
            self._retire(doubled(self.folder, examine(self.folder).whole))
            self._failed = set(_names(self.folder / "failures"))
            yield

    @contextmanager
    def held(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the store as it is, so that no batch changes it meanwhile.

        Args:
            waiting: Called if a batch holds the store.
        """
        with self._held_alone(waiting):
            self.manifest = self._read_manifest()
            yield

    @contextmanager
    def _held_alone(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the lock of a folder of this machine, or the mark of an address."""
        path = self.folder / ".lock"
        if not isinstance(path, Path):
            with _marked(path):
                yield
            return
        lock = FileLock(path)
        if path.parent.is_symlink() and not path.parent.exists():
            raise StoreError(f"{path.parent} is a link to nothing: give another folder with --out")
        try:
            for name in FOLDERS:
                (path.parent / name).mkdir(parents=True, exist_ok=True)
            held = lock.acquire(blocking=False)
        except Timeout:
            waiting()
            held = lock.acquire()
        except OSError as error:
            raise _explained(error, path) from error
        with held:
            yield

    def _clear_leftovers(self) -> None:
        """Remove what a killed batch left: parts, and shards whose runs were never noted."""
        if isinstance(self.folder, Path):
            for name in (*FOLDERS, PANEL):
                for part in (self.folder / name).glob(".*.part"):
                    part.unlink(missing_ok=True)
        noted = set(_names(self.folder / RUNS))
        for kind in (OUTCOMES, LEDGER):
            for name in _names(self.folder / kind):
                if name not in noted and NAME.fullmatch(name):
                    (self.folder / kind / name).unlink(missing_ok=True)

    def _set_aside(self) -> None:
        """Move away what is damaged or unknown, so that the runs in it are made again."""
        found = verify(self.folder)
        # Scenarios and populations that are gone are written again where they are needed.
        damaged = {
            file: why
            for file, why in found.damaged.items()
            if file.partition("/")[0] in SHARDS or (self.folder / file).exists()
        }
        found = replace(found, damaged=damaged)
        moved = {*found.damaged, *found.unknown}
        moved |= {f"{folder}/{name}" for name in found.left_out for folder in SHARDS}
        try:
            if moved:
                warnings.warn(set_aside_text(self.folder, found), StoreWarning, stacklevel=2)
            for file in sorted(moved):
                self._move_away(file)
            if (tidy := tidied(self.folder)) is not None:
                write_text(self.folder / SUMS, tidy)
        except OSError as error:
            raise _explained(
                error, Path(error.filename) if error.filename else self.folder
            ) from error

    def _move_away(self, file: str) -> None:
        path = self.folder / file
        if not path.exists():
            return
        if isinstance(path, Remote):
            path.move(self.folder / ASIDE / file)
            return
        target = path.parents[1] / ASIDE / file
        target.parent.mkdir(parents=True, exist_ok=True)
        taken = 1
        while target.exists():
            taken += 1
            target = target.with_name(f"{path.stem}.{taken}{path.suffix}")
        path.rename(target)

    def keys(self) -> set[str]:
        """Keys of the runs that are done and whole."""
        return {
            key
            for name in examine(self.folder).whole
            for key in read_table(self.folder / RUNS / name, ["run_key"])
            .column("run_key")
            .to_pylist()
        }

    def keys_with(self, panel: str) -> set[str]:
        """Keys of the runs of which a panel of enterprises is kept.

        Args:
            panel: Its digest (`PanelOf.digest`).
        """
        found: set[str] = set()
        for name in _names(self.folder / PANEL):
            if not name.startswith("."):
                table = read_table(self.folder / PANEL / name, ["run_key", "panel"])
                rows = table.group_by(table.column_names).aggregate([]).to_pylist()
                found |= {row["run_key"] for row in rows if row["panel"] == panel}
        return found

    def population_path(self, key: str) -> Place:
        """Where a population is kept."""
        return self.folder / "populations" / f"{key}.arrow"

    def add_population(self, key: str, save: Callable[[Path], None]) -> Place:
        """Keep a population.

        Args:
            key: Hash of what it is built from.
            save: Writes it to a path.
        """
        path = self.population_path(key)
        self._put(path, save)
        return path

    def add_scenario(self, digest: str, scenario: Scenario) -> None:
        """Keep a scenario as resolved.

        What is no part of its identity is kept as it was said last: its label, its baseline and
        what its files give readers to know.
        """
        path = self.folder / "scenarios" / f"{digest}.yaml"
        said = {
            "label": {"zh": scenario.label_zh, "en": scenario.label_en},
            "baseline": scenario.baseline,
            "notices": [asdict(notice) for notice in scenario.notices],
        }
        before = path.read_text("utf-8") if path.exists() else ""
        plain = _data(before) or scenario.canonical()
        text = yaml.dump(plain | said, Dumper=yaml.CSafeDumper, allow_unicode=True)
        if text != before:
            self._put(path, lambda part: _save_text(part, text))

    def add_batch(self, entry: dict[str, Any]) -> None:
        """Note a batch in the manifest; the same batch run again takes the place of the first."""
        same = [k for k in entry if k not in ("started", "command")]
        older = [
            batch
            for batch in self.manifest.get("batches", [])
            if any(batch.get(key) != entry[key] for key in same)
        ]
        self.manifest = {
            "store_version": STORE_VERSION,
            "region": REGION.id,
            "batches": [*older, entry],
        }
        text = json.dumps(self.manifest, indent=1, ensure_ascii=False)
        write_text(self.folder / "manifest.json", text)

    def add(self, result: ChunkResult) -> None:
        """Keep what became of a chunk."""
        if result.panel is not None and result.chunk.record.panel is not None:
            asked = result.chunk.record.panel.digest
            # Panels of other enterprises or columns of the same runs stand beside it.
            name = shard_name([*(done.run.key for done in result.finished), asked])
            path = self.folder / PANEL / name
            if isinstance(path, Path):
                path.parent.mkdir(exist_ok=True)
            self._put(path, partial(write_shard, result.panel))
        if result.finished:
            self._put_shard(
                {OUTCOMES: result.outcomes, LEDGER: result.ledger, RUNS: _runs_table(result)}
            )
        for finished in result.finished:
            if (path := self._failure_path(finished.run.key)).name in self._failed:
                path.unlink(missing_ok=True)
        for failure in result.failures:
            self._add_failure(failure)

        self._small += bool(result.finished)
        if self._small >= MERGED_TOGETHER:
            self.merge()

    def merge(self) -> None:
        """Merge small shards into large ones, where there are many; the lock is held."""
        self._small = 0
        try:
            for pack in packs(self.folder, examine(self.folder).whole, recorded(self.folder)):
                tables = merged(self.folder, pack)
                name = self._put_shard(tables)
                self._retire([each for each in pack if each != name])
        except OSError as error:
            raise _explained(
                error, Path(error.filename) if error.filename else self.folder
            ) from error

    def _retire(self, names: Collection[str]) -> None:
        """Take away shards whose runs stand in others.

        Their digests go first: a file that is noted and gone is a loss, and these are none.
        """
        files = {f"{kind}/{name}" for kind in SHARDS for name in names}
        if names and (tidy := tidied(self.folder, files)) is not None:
            write_text(self.folder / SUMS, tidy)
        for kind in (RUNS, OUTCOMES, LEDGER):
            for name in names:
                (self.folder / kind / name).unlink(missing_ok=True)

    def _put_shard(self, tables: Mapping[str, pa.Table]) -> str:
        """Write the tables of some runs, and give the name of their shard."""
        name = shard_name(tables[RUNS].column("run_key").to_pylist())
        # The order matters: what stands in runs/ is done.
        for kind in (OUTCOMES, LEDGER, RUNS):
            self._put(self.folder / kind / name, partial(write_shard, tables[kind]))
        return name

    def _put(self, path: Place, save: Callable[[Path], None]) -> None:
        """Write a file that has a digest."""

        def note(part: Path) -> None:
            if isinstance(self.folder, Path) and isinstance(path, Path):
                record(self.folder, path, digest_of(part))

        write_file(path, save, note)

    def _add_failure(self, failure: Failure) -> None:
        run = failure.run
        record = {
            "run_key": run.key,
            "scenario": run.scenario,
            "draw": run.draw.index,
            "seed": run.seed,
            "origin": failure.origin,
            "message": failure.message,
            "traceback": failure.traceback,
            "values": dict(run.draw.values),
            "outside": dict(run.draw.outside),
            "sizes": dict(run.draw.sizes),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False)
        write_text(self._failure_path(run.key), text)

    def _failure_path(self, key: str) -> Place:
        return self.folder / "failures" / f"{key}.json"


def _tells_batches(batches: Any) -> bool:
    """Whether the batches of a manifest have what is read of them."""
    return isinstance(batches, list) and all(map(_tells_batch, batches))


def _tells_batch(batch: Any) -> bool:
    if not isinstance(batch, dict):
        return False
    if not all(isinstance(batch.get(name), kind) for name, kind in READ_OF_BATCHES.items()):
        return False
    scenarios = batch["scenarios"].values()
    if not all(
        isinstance(told, dict) and {"hash", "population"} <= told.keys() for told in scenarios
    ):
        return False
    try:
        datetime.fromisoformat(batch["started"])
    except ValueError:
        return False
    return True


def _runs_table(result: ChunkResult) -> pa.Table:
    chunk = result.chunk
    rows = [
        {
            "run_key": done.run.key,
            "scenario": done.run.scenario,
            "draw": done.run.draw.index,
            "seed": done.run.seed,
            "scenario_hash": scenario_hash(scenario),
            "population": chunk.population.digest,
            "rows": done.rows,
            "start": scenario.start,
            "end": scenario.end,
            "record": chunk.record.name,
            "model_hash": chunk.model_hash,
            "data_hash": scenario.data_hash,
            "values": json.dumps(dict(done.run.draw.values), sort_keys=True),
            "outside": json.dumps(dict(done.run.draw.outside), sort_keys=True),
            "sizes": json.dumps(dict(done.run.draw.sizes), sort_keys=True),
            "seconds": done.seconds,
            "residual": done.residual,
        }
        for done, scenario in ((d, chunk.scenarios[d.run.scenario]) for d in result.finished)
    ]
    return pa.Table.from_pylist(rows)


def write_text(path: Place, text: str) -> None:
    """Write a text whole, or leave what is there."""
    write_file(path, lambda part: _save_text(part, text))


def _data(text: str) -> dict[str, Any]:
    """What a YAML file holds; nothing where it is cut short or holds something else."""
    with suppress(yaml.YAMLError):
        found = yaml.load(text, Loader=yaml.CSafeLoader)
        if isinstance(found, dict):
            return found
    return {}


def _save_text(path: Path, text: str) -> None:
    # The same bytes on every system: digests are of bytes.
    path.write_text(text, "utf-8", newline="\n")


def write_file(
    path: Place, save: Callable[[Path], None], note: Callable[[Path], None] = lambda _: None
) -> None:
    """Write a file beside its place, note what is to be noted of it, and put it there whole.

    Args:
        path: Its place.
        save: Writes it to a path.
        note: Called with the file as written, before it is put in place.

    Raises:
        StoreError: It could not be written. What stood there stands there still.
    """
    if not isinstance(path, Path):
        try:
            with path.replacing() as part:
                save(part)
        except OSError as error:
            raise _explained(error, path) from error
        return
    part = path.with_name(f".{path.name}.part")
    try:
        save(part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        note(part)
        part.replace(path)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        # It is there still where something went wrong, or the user has interrupted.
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _names(folder: Place) -> list[str]:
    return names_in(folder) if folder.exists() else []


@contextmanager
def _marked(mark: Remote) -> Iterator[None]:
    """Leave a mark at an address while a batch writes there: no lock can be waited for.

    Raises:
        StoreError: Another batch left one.
    """
    text = f"{platform.node()}, process {os.getpid()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    try:
        mark.create(text.encode())
    except FileExistsError:
        raise StoreError(
            f"{mark}: another batch writes here ({mark.read_text('utf-8')}); if it was killed, "
            "delete this file and run again to go on"
        ) from None
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def set_aside_text(folder: Place, found: Holdings) -> str:
    """What a batch says of what it moves away."""
    parts = [f"{folder}: not whole, moved to {ASIDE}/: {_files_text(found)}"]
    if found.left_out:
        parts.append(f"runs made again where this batch has them: {_runs_text(folder, found)}")
    return "; ".join(parts)


def left_out_text(folder: Place, found: Holdings) -> str:
    """What is said of a store that is read without its damaged and unknown files; may be empty."""
    if not found.damaged and not found.unknown:
        return ""
    text = f"{folder}: left out: {_files_text(found)}"
    if found.left_out:
        text += (
            f"; missing runs: {_runs_text(folder, found)}: run the batch again to make them anew"
        )
    return text


def _files_text(found: Holdings) -> str:
    said = [f"{file} {problem}" for file, problem in found.damaged.items()]
    said += [f"{file} is no file of this store" for file in found.unknown]
    return listed(said, 10)


def _runs_text(folder: Place, found: Holdings) -> str:
    lost = runs_in(folder, found)
    if not lost:
        return f"those of {len(found.left_out)} shards"
    return ", ".join(f"{name} draws {_ranges(draws)}" for name, draws in lost.items())


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers as text, neighbours joined: 1-3, 7."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return listed((f"{a}-{b}" if b > a else f"{a}" for a, b in spans), 10)


def _explained(error: OSError, path: Place) -> StoreError:
    # Libraries put words of their own around what the system says.
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreError(f"{path}: {reason}; name a folder that may be written to")
    return StoreError(f"{path}: {reason}; what was finished before is kept: run again to go on")
