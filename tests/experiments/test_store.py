"""The store: what it refuses, and what a broken write leaves behind."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from jiqun.experiments import Results
from jiqun.experiments.runs import runner
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores import store as stores
from jiqun.experiments.stores.digests import SUMS
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.store import STORE_VERSION, Store

ONE = Options(workers=1)


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


BATCH = {
    "started": "2026-01-02T03:04:05+00:00", "command": "", "versions": {}, "model_hash": "0",
    "scenarios": {"a": {"hash": "0", "population": "0"}},
}  # fmt: skip


@pytest.mark.parametrize(
    "edited",
    [
        *({name: None} for name in BATCH),
        {"started": "yesterday"}, {"scenarios": {"a": "0"}}, {"scenarios": {"a": {"hash": "0"}}},
        {"versions": "3.13"},
    ],
)  # fmt: skip
def test_a_manifest_that_was_edited_is_refused_and_left_alone(tmp_path, small, edited):
    told = {"store_version": STORE_VERSION, "batches": [BATCH]}
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(told), "utf-8")
    assert Store(tmp_path).manifest["batches"] == [BATCH]
    text = json.dumps(told | {"batches": [BATCH | edited]})
    manifest.write_text(text, "utf-8")
    with pytest.raises(StoreError, match="put back the file as it was"):
        run_batch([small], Plan(), tmp_path, ONE)
    assert manifest.read_text("utf-8") == text


@pytest.mark.parametrize(
    "content",
    [
        '{"store_version": 99}',
        '{"runs": 3}',
        "[]",
        "no json",
        "",
        '{"store_version": 1, "batches": [{}]}',
    ],
)
def test_a_store_of_another_version_is_refused_and_left_alone(tmp_path, small, content):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(content, "utf-8")
    with pytest.raises(StoreError, match=r"manifest\.json"):
        run_batch([small], Plan(), tmp_path, ONE)
    assert manifest.read_text("utf-8") == content
    assert files(tmp_path) == ["manifest.json"]


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path, small):
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(StoreError, match=r"thesis\.docx"):
        run_batch([small], Plan(), tmp_path, ONE)
    assert files(tmp_path) == ["thesis.docx"]


def test_a_missing_folder_is_made_and_a_file_in_its_place_named(tmp_path, small):
    with Store(tmp_path / "a" / "b").locked():
        assert (tmp_path / "a" / "b" / "runs").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=str(tmp_path / "file")):
        run_batch([small], Plan(), tmp_path / "file", ONE)
    with pytest.raises(StoreError, match=str(tmp_path / "file")):
        run_batch([small], Plan(), tmp_path / "file" / "store", ONE)


@pytest.mark.parametrize(("shards", "room"), [("outcomes", 6), ("ledger", 7), ("runs", 8)])
def test_a_full_disk_names_the_path_and_keeps_what_is_finished(
    tmp_path, small, monkeypatch, shards, room
):
    written = []
    honest = stores.write_shard

    def fills_up(table, path):
        if len(written) >= room:
            path.write_bytes(b"half a shard")
            told = "Error writing bytes to file. Detail: [errno 28] No space left on device"
            raise OSError(errno.ENOSPC, told)
        written.append(path)
        honest(table, path)

    monkeypatch.setattr(stores, "write_shard", fills_up)
    with pytest.raises(StoreError, match=rf"{shards}/.*parquet: No space left on device"):
        run_batch([small], Plan(seeds=4), tmp_path, ONE)
    assert len(Store(tmp_path).keys()) == 2
    assert not [name for name in files(tmp_path) if name.endswith(".part")]
    monkeypatch.undo()
    report = run_batch([small], Plan(seeds=4), tmp_path, ONE)
    assert (report.made, report.skipped) == (2, 2)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_may_not_be_written_to_is_told_from_a_full_disk(
    tmp_path, monkeypatch, number
):
    def refused(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(stores.os, "fsync", refused)
    with pytest.raises(StoreError, match="name a folder that may be written to"):
        stores.write_text(tmp_path / "manifest.json", "{}")
    assert files(tmp_path) == []


def test_leftovers_of_a_killed_batch_are_cleared(tmp_path, small):
    run_batch([small], Plan(seeds=1), tmp_path, ONE)
    before = files(tmp_path)
    unnoted = f"{'0' * 20}.parquet"
    (tmp_path / "outcomes" / unnoted).write_bytes(b"outcomes whose runs were not noted")
    (tmp_path / "ledger" / unnoted).write_bytes(b"a ledger whose runs were not noted")
    (tmp_path / "ledger" / ".half.parquet.part").write_bytes(b"half")
    (tmp_path / "runs" / ".half.parquet.part").write_bytes(b"half")
    with Store(tmp_path).locked():
        assert files(tmp_path) == before


def test_a_store_from_before_the_ledger_is_read_and_added_to(tmp_path, small):
    run_batch([small], Plan(seeds=1), tmp_path, ONE)
    shutil.rmtree(tmp_path / "ledger")
    (tmp_path / SUMS).unlink()  # nor had it digests
    results = Results(tmp_path)
    assert len(results.outcomes()) > 0
    assert list(results.ledger().columns) == [
        *("run_key", "scenario", "draw", "seed", "year"), *stores.LEDGER_NAMES, "yuan",
    ]  # fmt: skip
    assert len(results.ledger()) == len(results.money()) == 0
    report = run_batch([small], Plan(seeds=2), tmp_path, ONE)
    assert (report.made, report.skipped) == (1, 1)
    assert set(Results(tmp_path).ledger()["seed"]) == {2}


def test_the_manifest_tells_what_was_run(tmp_path, small):
    command = "jiqun run without_document_55"
    for _ in range(2):
        run_batch([small], Plan(seeds=1), tmp_path, Options(workers=1, command=command))
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert manifest["store_version"] == STORE_VERSION
    (batch,) = manifest["batches"]
    assert batch["command"] == command
    assert batch["data_hash"] == small.data_hash
    assert set(batch["versions"]) >= {"python", "mesa", "numpy", "numba"}
    assert batch["machine"]["processor"]
    assert "switches" in batch["machine"]
    digest = batch["scenarios"]["without_document_55"]["hash"]
    assert (tmp_path / "scenarios" / f"{digest}.yaml").is_file()
    assert not [p for p in Path(tmp_path).rglob(".*") if p.name != ".lock"]


HOLDS = """
import select
import sys
from jiqun.experiments.stores.store import Store
with Store(sys.argv[1]).locked():
    print("held", flush=True)
    select.select([sys.stdin], [], [], 20.0)
"""


def holder(folder):
    """Another process that holds a store until its input ends, or for twenty seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, folder],
        cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline() == b"held\n"
    return process


@pytest.mark.parametrize("killed", [True, False])
def test_a_held_store_is_waited_for_and_a_killed_holder_lets_go(tmp_path, killed):
    said = []
    with holder(tmp_path) as other:

        def waiting():
            said.append(other.poll())
            threading.Timer(0.2, other.kill if killed else other.stdin.close).start()

        with Store(tmp_path).locked(waiting):
            assert said == [None]
            assert other.wait(60) == (-9 if killed else 0)
    with Store(tmp_path).locked(lambda: pytest.fail("nobody holds it any more")):
        pass


def test_a_link_to_a_store_is_the_store_and_one_to_nothing_is_refused(tmp_path, small):
    (tmp_path / "st").mkdir()
    (tmp_path / "link").symlink_to("st")
    with Store(tmp_path / "link").locked():
        assert (tmp_path / "st" / "runs").is_dir()
    (tmp_path / "lost").symlink_to("nowhere")
    with pytest.raises(StoreError, match="lost is a link to nothing"):
        run_batch([small], Plan(), tmp_path / "lost", ONE)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StoreError, match=r"loop.*: Too many levels"):
        run_batch([small], Plan(), tmp_path / "loop", ONE)


def test_a_clock_that_was_set_back_orders_nothing_otherwise(tmp_path, small, monkeypatch):
    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2001, 1, 1, tzinfo=tz)

    run_batch([small], Plan(seeds=1), tmp_path, ONE)
    monkeypatch.setattr(runner, "datetime", Earlier)
    other = replace(small, levers=())
    run_batch([other], Plan(seeds=1), tmp_path, ONE)
    for path in tmp_path.rglob("*.parquet"):
        os.utime(path, (0, 0))
    report = run_batch([small], Plan(seeds=1), tmp_path, ONE)
    assert (report.made, report.skipped) == (0, 1)
    assert Results(tmp_path).forms()[-1].scenario_hash == small.identity
    batches = Store(tmp_path).manifest["batches"]
    assert [each["started"][:4] for each in batches] == ["2001", "2001"]


def test_a_store_that_no_lock_can_be_kept_in_is_named(tmp_path):
    (tmp_path / ".lock").mkdir()
    with pytest.raises(StoreError, match=r"\.lock"), Store(tmp_path).locked():
        pass
