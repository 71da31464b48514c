"""Work that goes wrong, for the tests; workers import it by name."""

import os
import signal
import zlib
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa

from jiqun.experiments.runs import worker


def everything(folder, shards="outcomes"):
    """All rows of a store, sorted, as a dictionary of arrays."""
    return duckdb.sql(
        f"SELECT * FROM read_parquet('{folder}/{shards}/*.parquet') ORDER BY ALL"
    ).fetchnumpy()


def same(a, b):
    """Whether two stores hold the same rows to the last bit, none twice; their number."""
    assert same_shards(a, b, "ledger") > 0
    return same_shards(a, b, "outcomes")


def same_shards(a, b, shards):
    """The same of one kind of shards."""
    one, two = everything(a, shards), everything(b, shards)
    assert list(one) == list(two)
    for name in one:
        assert len(one[name]) == len(two[name])
        if one[name].dtype.kind == "f":
            assert one[name].tobytes() == two[name].tobytes()
        else:
            assert np.array_equal(one[name], two[name])
    return len(one["run_key"])


class Failing(worker.ClusterPolicyModel):
    """Fails in its first year where the seed is 2."""

    def run_until_year(self, year):
        if self.seed_of_run == 2:
            raise ArithmeticError("seed 2 is not liked")
        super().run_until_year(year)


def fails_at_seed_2(chunk):
    good = worker.ClusterPolicyModel
    worker.ClusterPolicyModel = Failing
    try:
        return worker.run_chunk(chunk)
    finally:
        worker.ClusterPolicyModel = good


def kills_its_worker_at_seed_2(chunk):
    if any(run.seed == 2 for run in chunk.runs):
        os.kill(os.getpid(), signal.SIGKILL)
    return worker.run_chunk(chunk)


def crashes_its_worker(chunk):
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)  # pytest would write down where it was
    os.kill(os.getpid(), signal.SIGSEGV)
    return worker.run_chunk(chunk)


class KillsItsWorkerAt:
    """Work whose worker dies at some seeds, once at each; marks in a folder say that it did."""

    def __init__(self, folder, *seeds):
        self.folder, self.seeds = folder, seeds

    def __call__(self, chunk):
        for run in chunk.runs:
            if run.seed in self.seeds:
                try:
                    (self.folder / f"died_at_{run.seed}").touch(exist_ok=False)
                except FileExistsError:
                    continue
                os.kill(os.getpid(), signal.SIGKILL)
        return worker.run_chunk(chunk)


def another_model(chunk):
    """As of a worker whose model is of another version than the client's."""
    return worker.run_chunk(replace(chunk, model_hash="other"))


def another_population(chunk):
    """As of a worker that cannot reach the store and has other tables."""
    ref = worker.PopulationRef("nowhere", "other")
    return worker.run_chunk(replace(chunk, population=ref))


def one_value_is_no_number(chunk):
    """The run of draw 3 without document 55 has one value that is not a number."""
    result = worker.run_chunk(chunk)
    if not any(run.draw.index == 3 and "without_" in run.scenario for run in chunk.runs):
        return result
    rows = result.outcomes.to_pandas()
    rows.loc[
        (rows["draw"] == 3)
        & rows["scenario"].str.startswith("without_")
        & (rows["outcome"] == "value_added")
        & (rows["unit_name"] == "county"),
        "value",
    ] = np.nan
    return replace(result, outcomes=pa.Table.from_pandas(rows, preserve_index=False))


def always_fails(chunk):
    failures = tuple(worker.failure(run, ArithmeticError("no luck")) for run in chunk.runs)
    return worker.ChunkResult(chunk, (), failures, None, None)


class Signed:
    """Work whose worker leaves its name, under which a setting is known, and whether it acts."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, chunk):
        matrix = np.random.default_rng(1).normal(size=(100, 1000))
        canary = zlib.crc32((matrix @ matrix.T).tobytes())
        (self.folder / f"{os.environ['OPENBLAS_CORETYPE']} {canary}").touch()
        return worker.run_chunk(chunk)
