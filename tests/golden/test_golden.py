"""The small runs still give the numbers that were kept, to the last bit."""

import json

import pytest

from jiqun.experiments.runs import batch
from jiqun.experiments.runs.meaning import hash_of, text_hash
from jiqun.scenarios.levers import declarations
from tests.golden import renew
from tests.golden.renew import FOLDER, YEARS, everything, kept, results

GRANTED = ("committed", "paid", "invested", "repaid")


@pytest.mark.parametrize("name", YEARS)
def test_results_are_those_kept(name):
    now, before = dict(results(name)), kept(name)
    assert set(now) == set(before)
    moved = {key: (before[key], value) for key, value in now.items() if value != before[key]}
    assert not moved, f"{len(moved)} results moved; if they were meant to, run `make golden`"


def test_no_results_are_kept_of_what_is_not_run():
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(YEARS)


def test_one_golden_run_has_all_levers():
    assert {lever.id for lever in everything().levers} == set(declarations())


def test_the_source_is_one_that_was_compared_with_the_golden_results():
    noted = json.loads(batch.VERSION.read_text(encoding="utf-8"))
    assert batch.source_hash() in noted["sources"], "the model's source changed: run `make golden`"


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """Golden results of a made-up model in a folder of their own."""
    values = {(2026, "province", "anhui", "value_added"): 1.0}
    version = tmp_path / "version.json"
    version.write_text('{"version": "first", "sources": []}', encoding="utf-8")
    monkeypatch.setattr(renew, "FOLDER", tmp_path)
    monkeypatch.setattr(renew, "YEARS", {"one": (2026,)})
    monkeypatch.setattr(renew, "VERSION", version)
    monkeypatch.setattr(renew, "results", lambda _: values.items())
    monkeypatch.setattr(renew, "source_hash", lambda: "first")
    renew.main()
    return values, version


def renewed(version, monkeypatch, source):
    monkeypatch.setattr(renew, "source_hash", lambda: source)
    renew.main()
    noted = json.loads(version.read_text(encoding="utf-8"))
    noted.pop("meaning")
    return noted


def test_a_source_that_moves_no_result_is_the_version_that_it_was(made_up, monkeypatch):
    values, version = made_up
    values[2026, "province", "anhui", "a_new_outcome"] = 2.0
    noted = renewed(version, monkeypatch, "second")
    assert noted == {"version": "first", "sources": ["first", "second"]}


def test_a_source_that_is_listed_already_is_not_listed_twice(made_up, monkeypatch):
    _, version = made_up
    renewed(version, monkeypatch, "second")
    noted = renewed(version, monkeypatch, "first")
    assert noted == {"version": "first", "sources": ["first", "second"]}


@pytest.mark.parametrize("fault", ["moved", "gone"])
def test_a_source_that_moves_a_result_is_a_version_of_its_own(made_up, monkeypatch, fault):
    values, version = made_up
    (key,) = list(values)
    if fault == "moved":
        values[key] += 1e-15
    else:
        del values[key]
    noted = renewed(version, monkeypatch, "second")
    assert noted == {"version": "second", "sources": ["second"]}


def test_a_source_not_compared_yet_is_a_version_of_its_own(tmp_path, monkeypatch):
    version = tmp_path / "version.json"
    version.write_text('{"version": "another", "sources": ["another"]}', encoding="utf-8")
    monkeypatch.setattr(batch, "VERSION", version)
    assert batch.model_hash.__wrapped__() == batch.source_hash()


def test_the_meaning_of_a_text_is_noted_and_that_of_another_is_read(made_up, monkeypatch):
    _, version = made_up
    noted = json.loads(version.read_text(encoding="utf-8"))["meaning"]
    assert noted == {text_hash(renew.MODEL): hash_of(renew.MODEL)}
    monkeypatch.setattr(batch, "VERSION", version)
    before = batch.source_hash()
    with monkeypatch.context() as patched:
        patched.setattr(batch, "hash_of", lambda _: pytest.fail("parsed"))
        assert batch.source_hash() == before
    monkeypatch.setattr(batch, "text_hash", lambda _: "a text not seen before")
    monkeypatch.setattr(batch, "hash_of", lambda _: "another meaning")
    assert batch.source_hash() != before


def test_every_listed_source_is_the_version(tmp_path, monkeypatch):
    version = tmp_path / "version.json"
    version.write_text('{"version": "first", "sources": ["first", "second"]}', encoding="utf-8")
    monkeypatch.setattr(batch, "VERSION", version)
    for source in ("first", "second"):
        monkeypatch.setattr(batch, "source_hash", lambda source=source: source)
        assert batch.model_hash.__wrapped__() == "first"


def test_what_the_document_adds_is_seen():
    """The pairs differ where the document acts and nowhere in what it does not touch."""
    for one, other in (
        ("as_issued", "without_document_55"), ("policy_to_date", "without_document_55_to_date"),
    ):  # fmt: skip
        with_it, without = kept(one), kept(other)
        key = (2026, "province", "anhui", "clusters_provincial")
        assert with_it[key] > without[key] == 0.0
        added = {(year, lever, kind) for year, level, lever, kind in set(with_it) - set(without)
                 if level == "lever"}  # fmt: skip
        assert {lever for _, lever, kind in added if kind in GRANTED} == {
            "city_matching", "cluster_award", "digital_voucher", "foundation_projects",
            "green_retrofit_grant", "guidance_fund", "innovation_institutes",
            "investment_promotion", "open_bid_projects", "rd_audit", "short_board_projects",
        }  # fmt: skip
