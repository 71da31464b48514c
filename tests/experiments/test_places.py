"""Stores at addresses that fsspec reads: the same runs as in a folder, and no lock."""

from dataclasses import replace

import fake_work
import fsspec
import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments import Results
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores import merging
from jiqun.experiments.stores.digests import SHARDS
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.places import Remote, place
from jiqun.experiments.stores.store import Store

ONE = Options(workers=1)


@pytest.fixture
def memory():
    """A file system that has neither locks nor renaming, as object stores."""
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]
    yield fs
    fs.store.clear()


@pytest.fixture(scope="module")
def local(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("local")
    run_batch([small, replace(small, name="other", levers=())], Plan(draws=3), folder, ONE)
    return folder


def batch(small, folder, draws=3):
    return run_batch(
        [small, replace(small, name="other", levers=())], Plan(draws=draws), folder, ONE
    )


def test_a_store_at_an_address_holds_what_one_in_a_folder_does(local, small, memory, tmp_path):
    assert batch(small, "memory://bucket/store", 2).made == 4
    report = batch(small, "memory://bucket/store")
    assert (report.made, report.skipped, report.failures) == (2, 4, ())
    found, wanted = Results("memory://bucket/store"), Results(local)
    assert found.outcomes().equals(wanted.outcomes())
    assert found.ledger().equals(wanted.ledger())
    assert found.paired("other", small.name).equals(wanted.paired("other", small.name))
    assert found.draws().equals(wanted.draws())
    memory.get("/bucket/store", str(tmp_path / "copy"), recursive=True)
    fake_work.same(local, tmp_path / "copy")  # a copy of it is a store of this machine
    assert batch(small, tmp_path / "copy").made == 0
    assert not memory.exists("/bucket/store/.lock")


def test_shards_at_an_address_are_merged(local, small, memory, monkeypatch):
    batch(small, "memory://bucket/store", 2)
    batch(small, "memory://bucket/store")
    monkeypatch.setattr(merging, "FEWEST", 2)
    assert batch(small, "memory://bucket/store").made == 0
    assert [len(memory.ls(f"/bucket/store/{kind}")) for kind in SHARDS] == [1, 1, 1]
    assert Results("memory://bucket/store").outcomes().equals(Results(local).outcomes())


def test_what_a_killed_batch_left_at_an_address_is_cleared_and_made_again(local, small, memory):
    batch(small, "memory://bucket/store")
    lost = memory.ls("/bucket/store/runs", detail=False)[0]
    memory.rm_file(lost)
    assert batch(small, "memory://bucket/store").made > 0
    assert Results("memory://bucket/store").outcomes().equals(Results(local).outcomes())


def test_one_batch_at_a_time_writes_to_an_address(small, memory):
    refused = pytest.raises(StoreError, match=r"\.lock: another batch writes here \(.*process")
    with Store("memory://bucket/store").locked(), refused:
        batch(small, "memory://bucket/store")
    assert batch(small, "memory://bucket/store").made == 6


def test_another_store_or_something_else_at_an_address_is_refused(small, memory):
    memory.pipe_file("/bucket/mine/thesis.docx", b"mine")
    with pytest.raises(StoreError, match=r"thesis\.docx"):
        batch(small, "memory://bucket/mine")
    with pytest.raises(StoreError, match="holds no finished runs"):
        Results("memory://bucket/nothing")
    with pytest.raises(StoreError, match="nosuchkind"):
        Results("nosuchkind://bucket/store")


def test_addresses_of_this_machine_are_folders(tmp_path):
    assert place(f"file://{tmp_path}") == place(str(tmp_path)) == place(tmp_path) == tmp_path
    assert isinstance(place("memory://bucket/store"), Remote)
    assert str(place("memory://bucket/store") / "runs") == "memory:///bucket/store/runs"


def test_commands_read_an_address_or_refuse_it_plainly(small, memory):
    batch(small, "memory://bucket/store")
    said = CliRunner().invoke(app, ["report", "memory://bucket/store"])
    assert said.exit_code == 2
    assert "needs a folder of this machine" in " ".join(said.output.replace("│", " ").split())
    said = CliRunner().invoke(app, ["compare", "memory://bucket/store", "--baseline", "nobody"])
    assert said.exit_code == 2
    assert "nobody is unknown" in said.output
