"""Batches: the same numbers however they are run, and nothing lost or twice whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import distributed
import fake_work
import numpy as np
import pytest

from jiqun.experiments import Results
from jiqun.experiments.runs import runner, worker
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.errors import WorkerWarning
from jiqun.experiments.runs.pool import ClusterError
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores.store import Store

ROOT = Path(__file__).parents[2]
PLAN = Plan(draws=6)


@pytest.fixture(scope="module")
def undisturbed(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    report = run_batch([small], PLAN, folder, Options(workers=1))
    assert (report.made, report.failures) == (6, ())
    return folder


def test_running_again_skips_what_is_there(undisturbed, small):
    before = fake_work.everything(undisturbed)
    report = run_batch([small], PLAN, undisturbed, Options(workers=1))
    assert (report.made, report.skipped) == (0, 6)
    assert len(fake_work.everything(undisturbed)["value"]) == len(before["value"])


def test_two_workers_give_the_numbers_of_one(undisturbed, small, tmp_path):
    run_batch([small], PLAN, tmp_path, Options(workers=2))
    assert fake_work.same(undisturbed, tmp_path) > 1000


def test_order_and_what_ran_before_do_not_matter(undisturbed, small, tmp_path, monkeypatch):
    honest = runner._parts
    monkeypatch.setattr(runner, "_parts", lambda runs, n: honest(runs[::-1], n)[::-1])
    other = replace(small, name="other", levers=())
    run_batch([other, small], PLAN, tmp_path, Options(workers=2))
    mine, reference = (Results(f).outcomes("without_document_55") for f in (tmp_path, undisturbed))
    assert mine.equals(reference)


def test_another_horizon_gives_the_same_numbers_in_common_years(undisturbed, small, tmp_path):
    run_batch([small.until(2021)], PLAN, tmp_path, Options(workers=2))
    long, short = Results(tmp_path).outcomes(years=(2019, 2020)), Results(undisturbed).outcomes()
    assert long.drop(columns="run_key").equals(short.drop(columns="run_key"))


def test_an_enlarged_batch_keeps_what_it_has(small, tmp_path, undisturbed):
    run_batch([small], Plan(draws=2), tmp_path, Options(workers=1))
    report = run_batch([small], PLAN, tmp_path, Options(workers=1))
    assert (report.made, report.skipped) == (4, 2)
    fake_work.same(undisturbed, tmp_path)


def test_a_failed_run_is_recorded_the_batch_goes_on_and_it_is_tried_again(
    undisturbed, small, tmp_path
):
    options = Options(workers=2, work=fake_work.fails_at_seed_2)
    seen = []
    report = run_batch([small], PLAN, tmp_path, options, seen.append)
    assert (report.made, len(report.failures)) == (5, 1)
    assert (seen[-1].done, seen[-1].failed, seen[-1].seconds_left) == (6, 1, 0.0)
    (path,) = (tmp_path / "failures").iterdir()
    record = json.loads(path.read_text("utf-8"))
    assert (record["scenario"], record["draw"], record["seed"]) == ("without_document_55", 2, 2)
    assert record["origin"].startswith("jiqun.experiments.runs.worker:")
    assert "ArithmeticError: seed 2 is not liked" in record["traceback"]
    report = run_batch([small], PLAN, tmp_path, Options(workers=1))
    assert (report.made, report.skipped) == (1, 5)
    assert not list((tmp_path / "failures").iterdir())
    fake_work.same(undisturbed, tmp_path)


def test_a_killed_worker_costs_nothing_but_time(undisturbed, small, tmp_path):
    options = Options(workers=2, work=fake_work.KillsItsWorkerAt(tmp_path, 2))
    with pytest.warns(WorkerWarning, match="memory is short: going on with 1"):
        report = run_batch([small], PLAN, tmp_path / "store", options)
    assert (tmp_path / "died_at_2").exists()
    assert (report.made, report.failures) == (6, ())
    fake_work.same(undisturbed, tmp_path / "store")


def test_a_run_that_kills_its_workers_is_convicted_alone(undisturbed, small, tmp_path):
    options = Options(workers=1, work=fake_work.kills_its_worker_at_seed_2)
    report = run_batch([small], PLAN, tmp_path, options)
    assert [failure.run.seed for failure in report.failures] == [2]
    assert "died twice" in report.failures[0].message
    assert "SIGKILL" in report.failures[0].message
    assert len(Store(tmp_path).keys()) == 5
    report = run_batch([small], PLAN, tmp_path, Options(workers=2))
    assert report.made == 1
    fake_work.same(undisturbed, tmp_path)


def test_a_crashed_worker_is_told_from_a_killed_one(small, tmp_path, recwarn):
    options = Options(workers=2, work=fake_work.crashes_its_worker)
    report = run_batch([small], Plan(), tmp_path, options)
    assert "it crashed (SIGSEGV)" in report.failures[0].message
    assert not [each for each in recwarn if each.category is WorkerWarning]


def test_the_driver_killed_half_way_then_run_again(undisturbed, small, tmp_path):
    command = [
        *(sys.executable, "-m", "jiqun", "run", "without_document_55", "--draws", "6"),
        *("--rows", "1100", "--until", "2020", "--workers", "1", "--out", str(tmp_path)),
    ]
    driver = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    shards = tmp_path / "runs"
    until = time.monotonic() + 60
    while len(list(shards.glob("*.parquet"))) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    kept = len(Store(tmp_path).keys())
    assert kept >= 2
    report = run_batch([small], PLAN, tmp_path, Options(workers=2))
    assert (report.made, report.skipped) == (6 - kept, kept)
    fake_work.same(undisturbed, tmp_path)


@pytest.mark.slow
def test_a_dask_cluster_that_loses_three_workers_gives_the_same_rows(small, tmp_path):
    plan, seeds = Plan(draws=60), (5, 25, 45)
    run_batch([small], plan, tmp_path / "calm", Options(workers=2))
    work = fake_work.KillsItsWorkerAt(tmp_path, *seeds)
    report = run_batch([small], plan, tmp_path / "store", Options(2, "local", work=work))
    assert (report.made, report.failures) == (60, ())
    assert all((tmp_path / f"died_at_{seed}").exists() for seed in seeds)
    fake_work.same(tmp_path / "calm", tmp_path / "store")


@pytest.mark.parametrize("what", ["model", "population"])
def test_a_worker_with_another_model_or_other_tables_is_refused_by_name(small, tmp_path, what):
    work = {"model": fake_work.another_model, "population": fake_work.another_population}[what]
    with pytest.raises(ClusterError, match=rf"worker .*process.* {what}"):
        run_batch([small], PLAN, tmp_path, Options(workers=1, work=work))
    assert not Store(tmp_path).keys()
    assert not list((tmp_path / "failures").iterdir())
    assert run_batch([small], PLAN, tmp_path, Options(workers=1)).made == 6


@pytest.fixture
def mixed_cluster(tmp_path):
    """Address of a Dask scheduler with two workers that compute as different processors."""
    file = tmp_path / "scheduler.json"
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    settings = (
        {"OPENBLAS_CORETYPE": "Prescott", "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        {"OPENBLAS_CORETYPE": "Haswell"},
    )
    started = []

    def start(part, arguments, setting):
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *arguments]
        environment = {**os.environ, "PYTHONPATH": paths, **setting}
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))

    start("scheduler", ["--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                        "--scheduler-file", str(file)], {})  # fmt: skip
    while not file.exists():
        assert started[0].poll() is None
        time.sleep(0.1)
    for setting in settings:
        start("worker", ["--scheduler-file", str(file), "--nthreads", "1", "--no-nanny",
                         "--no-dashboard", "--host", "127.0.0.1"], setting)  # fmt: skip
    address = json.loads(file.read_text("utf-8"))["address"]
    with distributed.Client(address) as client:
        client.wait_for_workers(len(settings), timeout=60)
    yield address
    for process in reversed(started):
        process.terminate()
        process.wait()


@pytest.mark.slow
def test_workers_on_different_processors_give_the_same_bits(
    undisturbed, small, tmp_path, mixed_cluster
):
    signed = tmp_path / "signed"
    signed.mkdir()
    options = Options(dask=mixed_cluster, work=fake_work.Signed(signed))
    report = run_batch([small], PLAN, tmp_path / "store", options)
    assert (report.made, report.failures) == (6, ())
    # Both took part, and as different processors: a product of matrices tells them apart.
    workers, canaries = zip(*(path.name.split() for path in signed.iterdir()), strict=True)
    assert set(workers) == {"Prescott", "Haswell"}
    assert len(set(canaries)) == 2
    fake_work.same(undisturbed, tmp_path / "store")


def test_the_residual_of_every_run_is_stored_and_small(undisturbed):
    runs = Results(undisturbed).runs()
    assert len(runs) == 6
    assert (runs["residual"] < 1e-9).all()
    assert np.isfinite(Results(undisturbed).outcomes()["value"]).all()


@pytest.mark.parametrize("spoil", ["gap", "infinity", "no number"])
def test_records_with_gaps_or_infinities_are_failures(spoil):
    count = len(worker.ALWAYS_THERE)
    records = {
        "year": np.full(count, 2019),
        "level": np.full(count, "province", object),
        "unit_name": np.full(count, "anhui", object),
        "outcome": np.array(worker.ALWAYS_THERE, object),
        "value": np.zeros(count),
    }
    assert worker._checked_residual(records) == 0.0
    if spoil == "gap":
        records = {name: column[1:] for name, column in records.items()}
    else:
        records["value"][1] = np.inf if spoil == "infinity" else np.nan
    with pytest.raises(FloatingPointError, match="2019"):
        worker._checked_residual(records)
