"""Runs of scenarios with a common past: the numbers of runs made one by one, and no failed ones."""

import gc
import json
import weakref
from dataclasses import replace
from pathlib import Path

import fake_work
import pytest

from jiqun.experiments.effects.together import bundles
from jiqun.experiments.runs import runner, worker
from jiqun.experiments.runs.batch import WHOLE, Chunk, Plan, Run, model_hash, run_key
from jiqun.experiments.runs.draws import Draw
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.experiments.stores.store import Store
from jiqun.scenarios import load

PLAN = Plan(draws=2)


def named(scenario, name, **changes):
    return replace(scenario, name=name, **changes)


@pytest.fixture(scope="module")
def several():
    """Arms with a past in common until 2024, of different horizons, and one that has none."""
    none, issued = (
        with_rows(load(name), 400).until(2024) for name in ("without_document_55", "as_issued")
    )
    few = tuple(lever for lever in issued.levers if lever.id != "cluster_award")
    dear = replace(none.outside, times={"energy_price": 1.3})
    return [
        none.until(2022),
        issued,
        named(issued, "no_award", levers=few).until(2025),
        named(none, "dear", outside=dear),
        named(none, "no_older", levers=none.levers[1:]),
    ]


@pytest.fixture(scope="module")
def apart(several, tmp_path_factory):
    """The store of the same runs made scenario by scenario."""
    folder = tmp_path_factory.mktemp("apart")
    for scenario in several:
        run_batch([scenario], PLAN, folder, Options(workers=1))
    return folder


class Counting(worker.ClusterPolicyModel):
    """Counts the quarters that are run."""

    quarters = 0

    def step(self):
        Counting.quarters += 1
        super().step()


def counts(chunk):
    good = worker.ClusterPolicyModel
    worker.ClusterPolicyModel = Counting
    try:
        return worker.run_chunk(chunk)
    finally:
        worker.ClusterPolicyModel = good


class Spoilt(worker.ClusterPolicyModel):
    """Breaks in a quarter under one scenario alone."""

    fault = ("", 0)

    def step(self):
        name, quarter = self.fault
        if self.policy.name == name and self.quarter + 1 == quarter:
            raise ArithmeticError(f"{name} breaks")
        super().step()


@pytest.fixture
def chunks(several, apart, monkeypatch):
    """Chunks of the batch as they would be sent, kept from being made."""
    kept = []
    monkeypatch.setattr(runner, "_make", lambda _, chunks, *__: kept.extend(chunks) or ())

    def plan(folder, workers=1):
        run_batch(several, PLAN, folder, Options(workers=workers))
        return kept

    return plan


def test_a_batch_of_several_scenarios_is_the_runs_made_one_by_one(several, apart, tmp_path):
    report = run_batch(several, PLAN, tmp_path, Options(workers=2))
    assert (report.made, report.failures) == (10, ())
    assert fake_work.same(apart, tmp_path) > 1000
    mine, theirs = (fake_work.everything(folder, "runs") for folder in (tmp_path, apart))
    for name in set(mine) - {"seconds"}:
        assert mine[name].tolist() == theirs[name].tolist(), name


def test_what_is_there_is_not_made_again(several, apart, tmp_path):
    run_batch(several[1:2], PLAN, tmp_path, Options(workers=1))
    report = run_batch(several, PLAN, tmp_path, Options(workers=1))
    assert (report.made, report.skipped) == (8, 2)
    fake_work.same(apart, tmp_path)


def test_a_common_past_is_run_once(chunks, tmp_path):
    Counting.quarters = 0
    for chunk in chunks(tmp_path):
        assert not counts(chunk).failures
    # To 2022 once for four; three go on to the end of 2023; then each by itself.
    assert Counting.quarters == 2 * (20 + (8 + 4 + 4) + 24)


def test_runs_that_share_a_past_stay_together_but_leave_no_worker_idle(chunks, several, tmp_path):
    sent = [[(run.scenario, run.seed) for run in chunk.runs] for chunk in chunks(tmp_path)]
    four = ["without_document_55", "as_issued", "no_award", "dear"]
    assert sent == [
        part for seed in (1, 2) for part in ([(name, seed) for name in four], [("no_older", seed)])
    ]


def test_what_shares_a_past_is_split_evenly_and_only_where_it_must_be(several):
    run = Run("key", several[1].name, Draw(0), 1)
    alike = [(run, several[1])] * 50
    assert len(bundles(alike)) == 1
    assert [len(part) for part in runner._parts(alike, 1)] == [12, 13, 12, 13]
    assert [len(part) for part in runner._parts(alike[:8], 8)] == [1] * 8
    assert [len(part) for part in runner._parts(alike[:5], 2)] == [2, 3]


@pytest.mark.parametrize(
    ("fault", "lost"),
    [
        (("no_award", 22), ["no_award"]),
        (("as_issued", 22), ["as_issued"]),
        (("no_award", 3), ["as_issued", "dear", "no_award", "without_document_55"]),
        (("no_award", 18), ["as_issued", "dear", "no_award"]),
    ],
    ids=["trunk", "branch", "common past", "after the shortest"],
)
def test_a_failure_takes_those_alone_that_would_have_met_it(
    chunks, apart, tmp_path, monkeypatch, fault, lost
):
    monkeypatch.setattr(worker, "ClusterPolicyModel", Spoilt)
    monkeypatch.setattr(Spoilt, "fault", fault)
    store, done = Store(tmp_path), []
    for chunk in chunks(tmp_path):
        result = worker.run_chunk(chunk)
        store.add(result)
        done += result.finished
        assert len(result.finished) + len(result.failures) == len(chunk.runs)
    written = [json.loads(path.read_text("utf-8")) for path in Path(tmp_path, "failures").iterdir()]
    assert sorted(record["scenario"] for record in written) == sorted(2 * lost)
    assert all(f"{fault[0]} breaks" in record["message"] for record in written)
    assert len(done) == 10 - len(written)
    monkeypatch.undo()
    made = {run.run.key for run in done}
    mine, theirs = (fake_work.everything(folder) for folder in (tmp_path, apart))
    kept = [key in made for key in theirs["run_key"]]
    assert mine["value"].tobytes() == theirs["value"][kept].tobytes()


@pytest.fixture(scope="module")
def design(several, tmp_path_factory):
    """Rows of a design with one draw's values: paths and sizes of their own, one dearer."""
    issued = several[1]
    store = Store(tmp_path_factory.mktemp("design"))
    with store.locked():
        population = runner.population_in(store, issued)
    few = named(issued, "few", levers=tuple(x for x in issued.levers if x.origin == "older"))
    dear = {"energy_price_rise": 1.1 * issued.parameters["energy_price_rise"]}
    rows = [
        (issued, Draw(1)),
        (issued, Draw(2, {}, {"demand": 0.5}, {"digital_voucher": 2.0})),
        (few, Draw(2, {}, {"demand": 0.5}, {"rd_grant": 0.5, "digital_voucher": 2.0})),
        (issued, Draw(3, sizes={"rd_grant": 0.0, "cluster_recognition": 0.5})),
        (issued, Draw(4, dear)),
    ]
    runs = [
        Run(run_key(scenario, draw, 1, population.digest), scenario.name, draw, 1)
        for scenario, draw in rows
    ]
    scenarios = {scenario.name: scenario for scenario, _ in rows}
    return Chunk(tuple(runs), scenarios, population, model_hash(), WHOLE)


def test_rows_of_a_design_share_the_past_of_their_values(design):
    Counting.quarters = 0
    together = counts(design)
    assert not together.failures
    # To the end of 2023 once for four; dearer energy goes its own way from the start.
    assert Counting.quarters == (20 + 4 * 4) + 24
    apart = [worker.run_chunk(replace(design, runs=(run,))) for run in design.runs]
    for kind in ("outcomes", "ledger"):
        mine = dict(_by_run(getattr(together, kind)))
        theirs = {key: part for done in apart for key, part in _by_run(getattr(done, kind))}
        assert set(mine) == set(theirs) == {run.key for run in design.runs}
        assert all(mine[key].equals(theirs[key]) for key in mine)


def test_runs_that_share_no_more_are_not_held_at_once(design, monkeypatch):
    held = weakref.WeakSet()

    class Held(worker.ClusterPolicyModel):
        def branch(self, scenario):
            other = super().branch(scenario)
            held.add(other)
            return other

    monkeypatch.setattr(worker, "ClusterPolicyModel", Held)
    first = design.runs[0]
    sizes = [{"rd_grant": 0.1 * n} for n in range(1, 7)]
    runs = [replace(first, key=str(n), draw=Draw(n, sizes=s)) for n, s in enumerate(sizes)]
    most = 0
    for run, _ in worker.made(replace(design, runs=(first, *runs))):
        assert isinstance(run, Run)
        gc.collect()
        most = max(most, len(held))
    assert most == 1


def _by_run(table):
    frame = table.to_pandas()
    for column in frame.select_dtypes("category"):
        frame[column] = frame[column].astype(str)
    return [(key, part.reset_index(drop=True)) for key, part in frame.groupby("run_key")]


def test_the_sizes_of_a_run_are_kept(design, tmp_path):
    store = Store(tmp_path)
    with store.locked():
        store.add(worker.run_chunk(replace(design, runs=design.runs[1:2])))
    (sizes,) = fake_work.everything(tmp_path, "runs")["sizes"]
    assert json.loads(sizes) == {"digital_voucher": 2.0}


def test_a_worker_with_another_model_refuses_the_batch_by_name(chunks, tmp_path):
    chunk = replace(chunks(tmp_path)[0], model_hash="other")
    assert model_hash() != "other"
    with pytest.raises(worker.ForeignWorkerError, match=f"{model_hash()}.*other"):
        worker.run_chunk(chunk)
