"""Small shards are merged: nothing lost, doubled or changed, whenever a batch is killed."""

import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import fake_work
import pandas as pd
import pyarrow.parquet as pq
import pytest

from jiqun.experiments import Results
from jiqun.experiments.runs import runner
from jiqun.experiments.runs.batch import BRIEF, Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores import merging, selection
from jiqun.experiments.stores import store as stores
from jiqun.experiments.stores.digests import SHARDS, SUMS, examine, recorded
from jiqun.experiments.stores.store import Store

ONE = Options(workers=1)
ROOT = Path(__file__).parents[2]


def batch(small):
    return [small, replace(small, name="no_levers", levers=())]


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    """Ten runs in ten shards: three scenarios, two of one name."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "LARGEST_CHUNK", 1)
        patch.setattr(runner, "LARGEST_BUNDLE", 1)
        run_batch([replace(small, levers=small.levers[1:])], Plan(draws=2), folder, ONE)
        run_batch(batch(small), Plan(draws=4), folder, ONE)
    assert shards(folder) == [10, 10, 10]
    return folder


@pytest.fixture
def store(made, tmp_path):
    folder = tmp_path / "store"
    shutil.copytree(made, folder)
    return folder


@pytest.fixture(autouse=True)
def few_are_worth_merging(monkeypatch):
    monkeypatch.setattr(merging, "FEWEST", 2)
    monkeypatch.setattr(selection, "_WARNED", set())


def shards(folder):
    return [len(list((folder / kind).glob("*.parquet"))) for kind in SHARDS]


def merge(folder):
    store = Store(folder)
    with store.locked():
        store.merge()


def undated(form):
    return replace(form, started="")


def assert_reads_alike(made, folder):
    """Every table of the two is the same, and nothing is said of either."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = Results(made), Results(folder)
        assert [*map(undated, one.forms())] == [*map(undated, two.forms())]
        assert one.runs().equals(two.runs())
        assert one.outcomes().equals(two.outcomes())
        assert one.outcomes(outcome="value_added", level="tier", years=2020).equals(
            two.outcomes(outcome="value_added", level="tier", years=2020)
        )
        assert one.ledger().equals(two.ledger())
        assert one.money().equals(two.money())
        assert one.paired("no_levers", "without_document_55").equals(
            two.paired("no_levers", "without_document_55")
        )
        both = Results(made, every=True), Results(folder, every=True)
        assert both[0].outcomes().equals(both[1].outcomes())


def test_a_merged_store_is_the_unmerged_one_to_the_last_bit(store, made, small):
    merge(store)
    assert shards(store) == [1, 1, 1]
    assert_reads_alike(made, store)
    assert fake_work.same(made, store) > 1000
    held = [p for k in (*SHARDS, "populations", "scenarios") for p in (store / k).iterdir()]
    assert set(recorded(store)) == {p.relative_to(store).as_posix() for p in held}
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=store, check=True)
    assert run_batch(batch(small), Plan(draws=4), store, ONE).made == 0


def test_a_batch_goes_on_in_a_merged_store(store, small, tmp_path):
    merge(store)
    report = run_batch(batch(small), Plan(draws=5), store, ONE)
    assert (report.made, report.skipped) == (2, 8)
    run_batch([replace(small, levers=small.levers[1:])], Plan(draws=2), tmp_path / "other", ONE)
    run_batch(batch(small), Plan(draws=5), tmp_path / "other", ONE)
    fake_work.same(tmp_path / "other", store)


def test_a_batch_merges_while_it_runs_and_at_its_end(small, made, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "LARGEST_CHUNK", 1)
    monkeypatch.setattr(stores, "MERGED_TOGETHER", 3)
    seen = []
    run_batch(
        batch(small), Plan(draws=4), tmp_path, ONE, lambda _: seen.append(shards(tmp_path)[0])
    )
    assert max(seen) <= 3
    assert shards(tmp_path) == [1, 1, 1]
    assert Results(tmp_path).outcomes().equals(Results(made).outcomes())


class Killed(BaseException):
    """The process ends here, and nothing that it meant to do afterwards is done."""


# It puts three files in their places, then the digests, and takes away ten of each kind.
@pytest.mark.parametrize("step", [0, 1, 2, 3, 4, 9, 14, 24, 33])
def test_a_merging_that_is_killed_loses_and_doubles_nothing(store, made, small, monkeypatch, step):
    done = []

    def counted(act):
        def until(*arguments, **named):
            if len(done) >= step:
                raise Killed
            done.append(arguments[0])
            return act(*arguments, **named)

        return until

    held = Store(store)
    with held.locked(), monkeypatch.context() as patch:
        patch.setattr(Path, "replace", counted(Path.replace))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        with pytest.raises(Killed):
            held.merge()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Results(store).outcomes().equals(Results(made).outcomes())
        assert run_batch(batch(small), Plan(draws=4), store, ONE).made == 0
    assert shards(store) == [1, 1, 1]
    assert not examine(store).unchecked
    fake_work.same(made, store)


MERGES = """
import sys
from jiqun.experiments.stores import merging
from jiqun.experiments.stores.store import Store
merging.FEWEST = 2
store = Store(sys.argv[1])
with store.locked():
    print("begins", flush=True)
    store.merge()
"""


@pytest.mark.slow
@pytest.mark.parametrize("milliseconds", [0, 20, 40, 80, 160])
def test_a_process_that_merges_may_be_killed_at_any_time(store, made, small, milliseconds):
    command = [sys.executable, "-c", MERGES, store]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begins\n"
        time.sleep(milliseconds / 1000.0)
        process.send_signal(signal.SIGKILL)
    assert Results(store).outcomes().equals(Results(made).outcomes())
    assert run_batch(batch(small), Plan(draws=4), store, ONE).made == 0
    fake_work.same(made, store)


def test_a_reader_sees_each_run_once_while_shards_are_merged(store, made, monkeypatch):
    """The store is opened and read again and again, at every step of the merging."""
    wanted, held = Results(made).runs(), Store(store)
    go, gone = threading.Semaphore(0), threading.Event()

    def stepwise(act):
        def once(*arguments, **named):
            go.acquire(timeout=30)
            return act(*arguments, **named)

        return once

    def merging_slowly():
        held.merge()
        gone.set()

    with held.locked(), monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stepwise(Path.replace))
        patch.setattr(Path, "unlink", stepwise(Path.unlink))
        worker = threading.Thread(target=merging_slowly)
        worker.start()
        reads = 0
        while not gone.is_set():
            for _ in range(1 + reads % 5):  # the pace varies: files vanish within a reading too
                go.release()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert Results(store).runs().equals(wanted)
            reads += 1
        worker.join()
    assert reads > 5
    assert shards(store) == [1, 1, 1]


def test_a_store_that_was_opened_before_it_was_merged_is_read_on_without_newer_runs(store, small):
    opened = Results(store)
    before = opened.outcomes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "FEWEST", 99)
        assert run_batch(batch(small), Plan(draws=5), store, ONE).made == 2
    merge(store)
    pd.testing.assert_frame_equal(opened.outcomes(), before)
    assert len(opened.runs()) == 8
    assert len(Results(store).runs()) == 10


def test_runs_of_which_unlike_is_kept_are_not_merged_together(store, small):
    run_batch([replace(small, name="brief")], Plan(draws=2), store, ONE, record=BRIEF)
    merge(store)
    assert shards(store) == [2, 2, 2]
    records = [pq.read_table(path)["record"].unique() for path in (store / "runs").iterdir()]
    assert sorted(record.to_pylist() for record in records) == [["all"], ["brief"]]


def test_runs_that_two_shards_hold_are_merged_once(store, made, small, tmp_path):
    other = tmp_path / "other"
    run_batch(batch(small), Plan(draws=2), other, ONE)
    for kind in SHARDS:
        for path in (other / kind).glob("*.parquet"):
            shutil.copy(path, store / kind / path.name)
    with (store / SUMS).open("a") as sums:
        sums.write((other / SUMS).read_text())
    held = Store(store)
    held.merge()
    assert shards(store) == [1, 1, 1]
    fake_work.same(made, store)


def test_a_damaged_shard_is_not_merged(store):
    held = Store(store)
    with held.locked():
        path = min((store / "outcomes").iterdir())
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        held.merge()
    assert path.exists()
    assert shards(store) == [2, 2, 2]


def test_a_store_from_before_digests_is_left_as_it_is(store):
    (store / SUMS).unlink()
    merge(store)
    assert shards(store) == [10, 10, 10]
