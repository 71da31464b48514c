"""What is read of a store is the same to the last bit, whatever machine reads it."""

from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from jiqun.experiments import Results
from jiqun.experiments.effects.compare import gather
from jiqun.experiments.effects.costs import money
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.draws import Vary
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.experiments.stores.digests import SHARDS, shard_name
from jiqun.scenarios import load

ONE = Options(workers=1)
PAIR = ("as_issued", "without_document_55")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("steady")
    pair = [with_rows(load(name), 300) for name in PAIR]
    run_batch(pair, Plan(draws=9), folder, ONE)
    side = [replace(pair[0], levers=pair[0].levers)]
    run_batch(side, Plan(draws=3, vary=Vary.EACH), folder, ONE)
    return folder


@pytest.fixture(scope="module")
def split(store, tmp_path_factory):
    """The same runs, one a shard, and so in another order."""
    folder = tmp_path_factory.mktemp("split")
    for name in ("manifest.json", "scenarios"):
        (folder / name).symlink_to(store / name)
    for kind in SHARDS:
        (folder / kind).mkdir()
        for path in (store / kind).iterdir():
            table = pq.read_table(path)
            for key in pc.unique(table["run_key"].cast(pa.string())).to_pylist():
                rows = table.filter(pc.equal(table["run_key"].cast(pa.string()), key))
                pq.write_table(rows, folder / kind / shard_name([key]), row_group_size=500)
    return folder


class Threaded(Results):
    """Read by several threads, as a connection of the user's may be."""

    def connect(self):
        connection = super().connect()
        connection.execute("SET threads = 8")
        return connection


def everything(results):
    facts = gather(results, PAIR)
    return [
        results.intervals(),
        results.variance_shares(),
        results.money(("year", "payer", "lever")),
        results.paired_intervals(*PAIR, "value_added"),
        results.paired_shares(*PAIR, "value_added"),
        money(results, PAIR),
        facts.flows,
        facts.states,
    ]


@pytest.fixture(scope="module")
def read(store):
    return everything(Results(store))


@pytest.mark.parametrize("reader", [Results, Threaded])
def test_sums_and_means_are_the_same_bits_however_a_store_is_read(read, split, reader):
    for one, other in zip(read, everything(reader(split)), strict=True):
        assert len(one) or one is not None
        assert one.equals(other)


def test_one_thread_reads_a_store_whatever_the_machine_has(store, monkeypatch):
    honest, seen = duckdb.connect, []

    def connect(*arguments, **settings):
        connection = honest(*arguments, **settings)
        seen.append(connection.execute("SELECT current_setting('threads')").fetchone())
        return connection

    monkeypatch.setattr(duckdb, "connect", connect)
    Results(store).runs()
    assert set(seen) == {(1,)}
