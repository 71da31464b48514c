"""The store of runs: a folder of Parquet shards that any number of batches may share.

A shard is written aside and renamed, so it is there whole or not at all. A run counts as done once
its row is in `runs/`, which is written after its outcomes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from experiments.batch import scenario_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from experiments.worker import ChunkResult, Failure
    from model.scenario import Scenario

STORE_VERSION = 1
"""Raised when a store of the old form can no longer be read or added to."""
FOLDERS = ("populations", "scenarios", "runs", "outcomes", "ledger", "failures")
SHARDS = ("outcomes", "ledger")
"""Folders of what runs made; a shard has the name of that in `runs/` which notes its runs."""
LEDGER_NAMES = (
    "payer", "fund", "origin", "city", "tier", "payee", "lever", "article", "kind",
)  # fmt: skip
"""Columns of the ledger that hold names, between its year and its yuan."""


class StoreError(Exception):
    """A store that cannot be used; the message names the path and what to do."""


class Store:
    """A store of runs.

    Args:
        folder: Its folder.

    Raises:
        StoreError: The folder holds something else, or a store of another version.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.manifest = self._read_manifest()

    def _read_manifest(self) -> dict[str, Any]:
        path = self.folder / "manifest.json"
        try:
            if not path.exists():
                strangers = [p.name for p in self.folder.iterdir() if p.name != ".lock"]
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
        return dict(manifest)

    @contextmanager
    def locked(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the store for one batch at a time, so that nothing is made twice.

        Args:
            waiting: Called if another batch holds the store.
        """
        path = self.folder / ".lock"
        try:
            for name in FOLDERS:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            lock = path.open("a")
        except OSError as error:
            raise _explained(error, path) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            self.manifest = self._read_manifest()
            self._clear_leftovers()
            yield

    def _clear_leftovers(self) -> None:
        """Remove what a killed batch left: parts, and shards whose runs were never noted."""
        for name in FOLDERS:
            for part in (self.folder / name).glob(".*.part"):
                part.unlink(missing_ok=True)
        noted = {path.name for path in (self.folder / "runs").glob("*.parquet")}
        for folder in SHARDS:
            for path in (self.folder / folder).glob("*.parquet"):
                if path.name not in noted:
                    path.unlink(missing_ok=True)

    def keys(self) -> set[str]:
        """Keys of the runs that are done."""
        shards = sorted((self.folder / "runs").glob("*.parquet"))
        return {
            key for path in shards for key in _read(path, ["run_key"]).column("run_key").to_pylist()
        }

    def population_path(self, key: str) -> Path:
        """Where a population is kept."""
        return self.folder / "populations" / f"{key}.arrow"

    def add_population(self, key: str, save: Callable[[Path], None]) -> Path:
        """Keep a population.

        Args:
            key: Hash of what it is built from.
            save: Writes it to a path.
        """
        path = self.population_path(key)
        _write_aside(path, save)
        return path

    def add_scenario(self, digest: str, scenario: Scenario) -> None:
        """Keep a scenario as resolved."""
        path = self.folder / "scenarios" / f"{digest}.yaml"
        if not path.exists():
            labels = {"zh": scenario.label_zh, "en": scenario.label_en}
            plain = scenario.canonical() | {"label": labels, "baseline": scenario.baseline}
            plain |= {"notices": [asdict(notice) for notice in scenario.notices]}
            _write_text(path, yaml.safe_dump(plain, allow_unicode=True))

    def add_batch(self, entry: dict[str, Any]) -> None:
        """Note a batch in the manifest; the same batch run again takes the place of the first."""
        same = [k for k in entry if k not in ("started", "command")]
        older = [
            batch
            for batch in self.manifest.get("batches", [])
            if any(batch.get(key) != entry[key] for key in same)
        ]
        self.manifest = {"store_version": STORE_VERSION, "batches": [*older, entry]}
        text = json.dumps(self.manifest, indent=1, ensure_ascii=False)
        _write_text(self.folder / "manifest.json", text)

    def add(self, result: ChunkResult) -> None:
        """Keep what became of a chunk."""
        if result.finished:
            keys = "\n".join(finished.run.key for finished in result.finished)
            name = f"{hashlib.sha256(keys.encode()).hexdigest()[:20]}.parquet"
            # The order matters: what stands in runs/ is done.
            for folder, table in (
                ("outcomes", result.outcomes),
                ("ledger", result.ledger),
                ("runs", _runs_table(result)),
            ):
                _write_aside(self.folder / folder / name, partial(_write_table, table))
        for finished in result.finished:
            self._failure_path(finished.run.key).unlink(missing_ok=True)
        for failure in result.failures:
            self._add_failure(failure)

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
        _write_text(self._failure_path(run.key), text)

    def _failure_path(self, key: str) -> Path:
        return self.folder / "failures" / f"{key}.json"


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


def _write_table(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(f"{path} is damaged ({error}): remove it and run again") from error


def _write_text(path: Path, text: str) -> None:
    def save(part: Path) -> None:
        part.write_text(text, "utf-8")

    _write_aside(path, save)


def _write_aside(path: Path, save: Callable[[Path], None]) -> None:
    """Write a file beside its place and put it there whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        save(part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _explained(error, path) from error


def _explained(error: OSError, path: Path) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(f"{path}: {reason}; what was finished before is kept: run again to go on")
