"""Jobs: effects while pairs arrive are those of the store, cancel, more pairs, limits, folders."""

import time
from dataclasses import replace

import pytest

from jiqun.app import jobs
from jiqun.app.jobs import BusyError, Desk
from jiqun.app.state import read_query
from jiqun.experiments import Results

ROWS, PAIRS = 1_100, 8


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("desk"), rows=ROWS, pairs=PAIRS)
    yield desk
    desk.close()


def wait(job):
    until = time.monotonic() + 300.0
    while not job.ended:
        assert time.monotonic() < until
        time.sleep(0.05)
    return job


def test_a_job_tells_what_its_store_says(desk, shelf, tmp_path):
    asked = shelf.asked(read_query("set=cluster_award*2"))
    job = wait(desk.start(asked, tmp_path))
    assert (job.status, job.made, job.pairs) == ("done", PAIRS, PAIRS), job.error
    found = job.details.change
    assert len(job.moved) == 18
    assert {key: found.moved[key] for key in job.moved} == dict(job.moved)
    assert set(job.details.tiles) == {"zh", "en"}
    assert all(0.0 <= share <= 1.0 for both in job.details.met.values() for share in both)
    # Who pays whom adds up to what it costs, for nothing here is received or charged.
    paid = sum(each.mean for each in job.details.flows.values())
    assert paid == pytest.approx(found.comparison.cost.mean)
    # More pairs go on in the same store.
    desk.go_on(job, PAIRS + 2)
    wait(job)
    assert (job.status, job.made) == ("done", PAIRS + 2)
    assert len(Results(job.folder).runs()) == 2 * (PAIRS + 2)
    desk.drop(job)
    until = time.monotonic() + 20.0
    while job.folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not job.folder.exists()


def test_a_job_that_is_cancelled_keeps_what_it_has(desk, shelf, tmp_path):
    job = desk.start(shelf.asked(read_query("set=digital_voucher*2")), tmp_path)
    while not job.made:
        time.sleep(0.01)
    desk.cancel(job)
    wait(job)
    assert job.status == "cancelled"
    assert 1 <= job.made < PAIRS
    desk.go_on(job, PAIRS)
    assert wait(job).status == "done"


def test_limits_are_kept(desk, shelf, tmp_path, monkeypatch):
    asked = shelf.asked(read_query("set=cluster_award*2"))
    job = desk.start(asked, tmp_path)
    with pytest.raises(BusyError, match="most_pairs"):
        desk.go_on(job, jobs.MOST_PAIRS + 1)
    with pytest.raises(BusyError, match="most_jobs"):
        desk.go_on(job, PAIRS)
    monkeypatch.setattr(jobs, "MOST_JOBS", 1)
    with pytest.raises(BusyError, match="most_jobs"):
        desk.start(asked, tmp_path / "other")
    desk.cancel(job)
    wait(job)
    monkeypatch.setattr(jobs, "MOST_BYTES", -1)
    with pytest.raises(BusyError, match="most_bytes"):
        desk.start(asked, tmp_path / "other")


def test_a_job_that_fails_says_so_and_leaves_the_others(desk, shelf, tmp_path):
    asked = shelf.asked(read_query("set=cluster_award*2"))
    (tmp_path / "file").write_text("no folder")
    job = wait(desk.start(replace(asked), tmp_path / "file"))
    assert job.status == "failed"
    assert job.error
