"""Damaged, copied and strange files in a store: found, named, left out, and made again."""

import os
import shutil
import subprocess
import warnings
from dataclasses import replace
from pathlib import Path

import fake_work
import pyarrow.parquet as pq
import pytest

from jiqun.experiments import Results
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores import selection
from jiqun.experiments.stores.digests import SHARDS, SUMS, examine, recorded, verify
from jiqun.experiments.stores.errors import StoreError, StoreWarning
from jiqun.experiments.stores.store import Store

ONE = Options(workers=1)
PLAN = Plan(draws=4)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    run_batch([small, replace(small, name="no_levers", levers=())], PLAN, folder, ONE)
    return folder


@pytest.fixture
def store(made, tmp_path):
    folder = tmp_path / "store"
    shutil.copytree(made, folder)
    return folder


@pytest.fixture(autouse=True)
def unsaid(monkeypatch):
    monkeypatch.setattr(selection, "_WARNED", set())


def again(small, folder):
    return run_batch([small, replace(small, name="no_levers", levers=())], PLAN, folder, ONE)


def first(folder, kind):
    return min((folder / kind).glob("*.parquet"))


def cut_short(path):
    os.truncate(path, 500)


def one_byte_changed(path):
    """In place, and with the times it had."""
    state, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def deleted(path):
    path.unlink()


@pytest.mark.parametrize("kind", SHARDS)
@pytest.mark.parametrize("damage", [cut_short, one_byte_changed, deleted])
def test_a_damaged_shard_is_left_out_set_aside_and_made_again(store, made, small, kind, damage):
    path = first(store, kind)
    runs = pq.read_table(store / "runs" / path.name)
    Results(store)  # what was whole once is looked at again
    damage(path)
    with pytest.warns(StoreWarning, match=f"{kind}/{path.name} is .*missing runs: .*draws"):
        found = Results(store)
    assert len(found.runs()) == 8 - len(runs)
    assert not set(found.runs()["run_key"]) & set(runs["run_key"].to_pylist())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        report = again(small, store)
    if kind != "runs" or damage is not deleted:  # a killed batch leaves no runs either
        assert f"moved to set_aside/: {kind}/{path.name} is" in str(said[0].message)
    assert (report.made, report.skipped) == (len(runs), 8 - len(runs))
    assert (store / "set_aside" / kind / path.name).exists() == (damage is not deleted)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Results(store)
    fake_work.same(made, store)


def test_runs_that_are_gone_with_a_folder_in_place_of_their_outcomes_are_told(store):
    path = first(store, "runs")
    outcomes = store / "outcomes" / path.name
    path.unlink()
    outcomes.unlink()
    outcomes.mkdir()
    with pytest.warns(StoreWarning, match=f"runs/{path.name} is missing.*missing runs"):
        assert len(Results(store).runs()) < 8


def test_a_manifest_without_batches_is_one_of_no_batches(store):
    """`jiqun record` read them all the same."""
    (store / "manifest.json").write_text('{"store_version": 1}', "utf-8")
    assert Store(store).manifest["batches"] == []


@pytest.mark.parametrize("kind", SHARDS)
@pytest.mark.parametrize("name", ["{stem} (1).parquet", "ffffffffffffffffffff.parquet"])
def test_a_copy_of_a_shard_counts_once(store, made, small, kind, name):
    path = first(store, kind)
    copy = path.with_name(name.format(stem=path.stem))
    shutil.copy(path, copy)
    seen = "runs" if kind == "runs" else "outcomes" if "(1)" in name else ""
    if "(1)" in name or seen:
        with pytest.warns(StoreWarning, match="is no file of this store"):
            found = Results(store)
    else:  # what a running batch has written and not yet noted looks like that
        found = Results(store)
    whole = Results(made)
    assert len(found.runs()) == len(whole.runs())
    assert found.outcomes().equals(whole.outcomes())
    assert found.ledger().equals(whole.ledger())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert again(small, store).made == 0
    assert not copy.exists()
    fake_work.same(made, store)


def test_a_run_that_lies_in_two_shards_counts_once(store, made, small, tmp_path):
    """As where the shards of two stores were copied together."""
    other = tmp_path / "other"
    run_batch([small], Plan(draws=1), other, ONE)
    for kind in SHARDS:
        for path in (other / kind).glob("*.parquet"):
            assert not (store / kind / path.name).exists()
            shutil.copy(path, store / kind / path.name)
    found, whole = Results(store), Results(made)
    assert len(found.holdings.unchecked) == 3
    assert found.outcomes().equals(whole.outcomes())
    assert found.ledger().equals(whole.ledger())
    assert len(found.runs()) == 8


def test_a_strange_file_is_named_and_moved_away_but_hidden_ones_are_not(store, small):
    (store / "outcomes" / "notes.txt").write_text("mine")
    (store / "runs" / ".DS_Store").touch()
    with pytest.warns(StoreWarning, match=r"outcomes/notes\.txt is no file of this store") as said:
        assert Results(store).scenarios() == Results(store).scenarios()
    assert len(said) == 1
    with pytest.warns(StoreWarning, match="moved to set_aside/"):
        assert again(small, store).made == 0
    assert (store / "set_aside" / "outcomes" / "notes.txt").read_text() == "mine"
    assert (store / "runs" / ".DS_Store").exists()


def test_a_store_of_which_nothing_is_whole_is_refused(store):
    for path in (store / "runs").glob("*.parquet"):
        path.write_bytes(b"damaged")
    with pytest.raises(StoreError, match=r"no finished runs that are whole.*is not as it was"):
        Results(store)


def test_a_store_from_before_digests_is_read_added_to_and_counted(store, made, small):
    (store / SUMS).unlink()
    found, without = Results(store), first(store, "ledger")
    files = sum(len(list((store / kind).glob("*.parquet"))) for kind in SHARDS)
    assert len(found.holdings.unchecked) == files
    assert found.outcomes().equals(Results(made).outcomes())
    assert run_batch([small], Plan(draws=5), store, ONE).made == 1
    assert len(Results(store).holdings.unchecked) == files
    cut_short(without)
    with pytest.warns(StoreWarning, match="cannot be read"):
        Results(store)


def test_a_damaged_population_or_scenario_is_written_again(store, made, small):
    (population,) = (store / "populations").iterdir()
    scenario = min((store / "scenarios").iterdir())
    one_byte_changed(population)
    one_byte_changed(scenario)
    assert len(verify(store).damaged) == 2
    with pytest.raises(StoreError, match=r"yaml is not as it was written"):
        Results(store).scenario_file(scenario.stem)
    with pytest.warns(StoreWarning, match=r"populations/.*arrow is not as it was written"):
        assert again(small, store).made == 0
    assert not verify(store).damaged
    fake_work.same(made, store)


def test_every_file_has_its_digest_and_broken_lines_are_dropped(store, small):
    sums = store / SUMS
    whole = sums.read_text()
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=store, check=True)
    held = [p for k in (*SHARDS, "populations", "scenarios") for p in (store / k).iterdir()]
    assert set(recorded(store)) == {p.relative_to(store).as_posix() for p in held}
    sums.write_text(f"{whole}{'0' * 64}  runs/gone.parquet\n{'0' * 30}")
    assert not verify(store).damaged.keys() - {"runs/gone.parquet"}
    with Store(store).locked():
        assert sums.read_text() == whole
    assert not verify(store).unchecked


def test_a_file_that_was_noted_and_not_put_in_its_place_is_made_again(store, made, small):
    """As where a batch is killed between the two."""
    path = first(store, "runs")
    runs = len(pq.read_table(path))
    path.rename(path.with_name(f".{path.name}.part"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert again(small, store).made == runs
    assert not examine(store).damaged
    fake_work.same(made, store)
