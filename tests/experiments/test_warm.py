"""Workers that keep what questions have in common and are shared: same bits, bounds, turns."""

import os
import signal
import threading

import pytest

from jiqun.experiments.runs import warm
from jiqun.experiments.runs.batch import WHOLE, Chunk, Plan, drawn_pairs, model_hash, runs_of
from jiqun.experiments.runs.runner import Options, population_in, run_batch, with_rows
from jiqun.experiments.runs.shared import Lane, SharedPool
from jiqun.experiments.runs.worker import run_chunk
from jiqun.experiments.stores.store import Store
from jiqun.scenarios import load
from jiqun.scenarios.loader import load_text

ROWS = 1_100


@pytest.fixture(scope="module")
def base():
    return with_rows(load("as_issued"), ROWS)


@pytest.fixture
def asked(base, tmp_path):
    def ask(lever, times):
        text = (
            f"name: {lever}_moved\nbaseline: as_issued\n"
            f"levers:\n  - {{id: {lever}, from: 2024-Q1, times: {times}}}\n"
        )
        return with_rows(load_text(text, tmp_path / "moved.yaml"), ROWS)

    return ask


def chunk_of(store, draws, *scenarios):
    with store.locked():
        people = population_in(store, scenarios[0])
    runs = tuple(
        run
        for pair in drawn_pairs(scenarios[0], Plan(draws=draws))
        for scenario in scenarios
        for run in runs_of(scenario, [pair], people)
    )
    return Chunk(runs, {s.name: s for s in scenarios}, people, model_hash(), WHOLE)


def rows(result):
    by = ["run_key", "year", "level", "unit_name", "outcome"]
    book = [
        "run_key",
        "year",
        "payer",
        "fund",
        "origin",
        "city",
        "tier",
        "payee",
        "lever",
        "article",
        "kind",
    ]
    return (
        result.outcomes.to_pandas()
        .astype(dict.fromkeys(by, str))
        .sort_values(by)
        .reset_index(drop=True),
        result.ledger.to_pandas()
        .astype(dict.fromkeys(book, str))
        .sort_values([*book, "yuan"])
        .reset_index(drop=True),
    )


def test_a_warm_run_has_the_bits_of_a_cold_one(base, asked, tmp_path):
    warm.forget()
    store = Store(tmp_path / "store")
    first = chunk_of(store, 2, base, asked("cluster_award", 2))
    second = chunk_of(store, 2, base, asked("digital_voucher", 0.5))
    # The second question finds pasts and baselines kept; asked again, it finds everything.
    for chunk in (first, second, second):
        for cold, kept in zip(rows(run_chunk(chunk)), rows(warm.run_chunk(chunk)), strict=True):
            assert cold.equals(kept)
    pasts = [each for pasts in warm._PASTS.values() for each in pasts]
    assert len(pasts) == 2, "one past a draw serves all three scenarios"


def test_another_past_is_not_taken_for_the_same(base, tmp_path):
    warm.forget()
    lever = "{id: rd_grant, from: 2021-Q1, times: 0.5}"
    text = f"name: low_before\nbaseline: as_issued\nlevers:\n  - {lever}\n"
    other = with_rows(load_text(text, tmp_path / "low.yaml"), ROWS)
    chunk = chunk_of(Store(tmp_path / "store"), 1, base, other)
    for cold, kept in zip(rows(run_chunk(chunk)), rows(warm.run_chunk(chunk)), strict=True):
        assert cold.equals(kept)


def test_what_is_kept_stays_in_its_bounds(base, tmp_path, monkeypatch):
    warm.forget()
    monkeypatch.setattr(warm, "MOST_ROWS", 2 * ROWS + 300)
    monkeypatch.setattr(warm, "MOST_BYTES", 1)
    warm.run_chunk(chunk_of(Store(tmp_path / "store"), 4, base))
    held, size = warm.kept()
    assert held <= 2 * ROWS + 300
    assert size == 0


@pytest.fixture
def shared():
    pool = SharedPool(2)
    yield pool
    pool.close()


def test_two_batches_share_workers_and_one_given_up_leaves_the_other(base, asked, tmp_path, shared):
    came = []

    def give_up(progress):
        if progress.done:
            raise KeyboardInterrupt

    def first():
        with pytest.raises(KeyboardInterrupt):
            run_batch(
                [base, asked("cluster_award", 2)], Plan(draws=6), tmp_path / "first",
                Options(6, pool=Lane(shared)), give_up,
            )  # fmt: skip

    thread = threading.Thread(target=first)
    thread.start()
    report = run_batch(
        [base, asked("digital_voucher", 2)], Plan(draws=4), tmp_path / "second",
        Options(4, pool=Lane(shared, came.append)),
    )  # fmt: skip
    thread.join()
    assert report.made == 8
    # A chunk is one draw, so that others get their turn.
    assert sorted(len(each.chunk.runs) for each in came) == [2] * 4
    # What is given up can be taken up again.
    again = run_batch(
        [base, asked("cluster_award", 2)],
        Plan(draws=6),
        tmp_path / "first",
        Options(6, pool=Lane(shared)),
    )
    assert again.skipped >= 2
    assert again.made + again.skipped == 12


def test_a_worker_that_dies_costs_no_run(base, tmp_path, shared):
    killed = []

    def kill(progress):
        if progress.done and not killed:
            process = next(iter(shared._pools[0]._executor._processes.values()))
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)

    report = run_batch(
        [base], Plan(draws=6), tmp_path / "store", Options(6, pool=Lane(shared)), kill
    )
    assert killed
    assert report.made == 6
    assert not report.failures
