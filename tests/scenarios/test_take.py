"""A scenario takes the levers of an origin, so that each is listed once: where it is declared."""

import pytest
import yaml

from jiqun.scenarios import ScenarioError, load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.loader import SHIPPED, shipped

HEAD = "name: trial\nbaseline: without_document_55\n"
DOCUMENT = [lever.id for lever in declarations().values() if lever.origin == "document_55"]


def of(tmp_path, text):
    path = tmp_path / "trial.yaml"
    path.write_text(HEAD + text, "utf-8")
    return load(path)


def same(one, other):
    assert [lever.id for lever in one.levers] == [lever.id for lever in other.levers]
    assert one.levers == other.levers


def test_levers_taken_are_those_that_are_listed(tmp_path):
    listed = "levers:\n" + "".join(f"  - id: {lever}\n" for lever in reversed(DOCUMENT))
    taken = of(tmp_path, "take: [document_55]\n")
    assert taken.digest == of(tmp_path, listed).digest
    same(taken, load("as_issued"))


def test_a_lever_that_is_named_is_as_the_file_sets_it(tmp_path):
    setting = "levers:\n  - id: digital_voucher\n    from: 2025-Q1\n"
    changed = of(tmp_path, "take: [document_55]\n" + setting)
    # It is not in the baseline, so `from` dates the lever and not a change of it.
    assert changed.lever("digital_voucher") == of(tmp_path, setting).lever("digital_voucher")
    assert changed.lever("digital_voucher").start == 24
    assert len(changed.levers) == len(load("as_issued").levers)


def test_a_lever_can_be_left_out_of_those_taken(tmp_path):
    same(
        of(tmp_path, "take: [document_55]\nwithout: [cluster_award]\n"),
        load("as_issued_without_award"),
    )


def test_what_the_baseline_has_stays_as_it_is_there(tmp_path):
    text = "name: trial\nbaseline: market_only\ntake: [older]\n"
    path = tmp_path / "trial.yaml"
    path.write_text(text, "utf-8")
    assert load(path).lever("rd_grant") == load("market_only").lever("rd_grant")
    assert load(path).lever("national_cluster_contest").end is None


def test_levers_taken_that_change_history_are_told(tmp_path):
    path = tmp_path / "bare.yaml"
    bare = [lever.id for lever in load("without_document_55").levers]
    path.write_text(f"name: bare\nbaseline: without_document_55\nwithout: {bare}\n", "utf-8")
    path = tmp_path / "trial.yaml"
    path.write_text("name: trial\nbaseline: bare\ntake: [older]\n", "utf-8")
    told = [n for n in load(path).notices if f"{path}:3" in n.en]
    assert "rd_grant" in {n.levers[0] for n in told}
    assert {n.kind for n in told} == {"changes_history"}


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("take: [document_5]\n", "take[0]", ["nearest: document_55", "older"]),
        ("take: document_55\n", "take", ["a list", "example: take: [document_55]"]),
        ("take: [document_55]\nwithout: [cluster_awar]\n", "without[0]", ["nearest: cluster_awar"]),
    ],
)
def test_a_wrong_origin_is_refused(tmp_path, text, key, told):
    with pytest.raises(ScenarioError) as caught:
        of(tmp_path, text)
    assert caught.value.key == key
    for part in told:
        assert part in str(caught.value)


def test_shipped_scenarios_name_no_lever_that_they_do_not_change():
    for name in shipped():
        written = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text("utf-8"))
        assert all(len(setting) > 1 for setting in written.get("levers", ())), name
