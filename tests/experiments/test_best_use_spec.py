"""What a search of designs is told, and that its judging draws are none of its search."""

import json

import pytest
import yaml

from jiqun import designing
from jiqun.experiments import Results
from jiqun.experiments.best_use import finding
from jiqun.experiments.best_use.spec import HERE, SHIPPED, read_spec
from jiqun.experiments.best_use.workshop import Curve, Workshop, outcomes_of
from jiqun.experiments.effects.comparison_data import made_by
from jiqun.experiments.effects.costs import LAST
from jiqun.experiments.runs.runner import Options
from jiqun.experiments.sensitivity.runs import Bench
from jiqun.scenarios import InputError, check, load


def written(tmp_path, **changes):
    told = yaml.safe_load((HERE / "tiny.yaml").read_text("utf-8")) | changes
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(told), "utf-8")
    return path


LEVER = {"id": "rd_matching_grant", "scale": ["budget"]}


@pytest.mark.parametrize(
    ("changes", "key", "nearest"),
    [
        ({"objectives": ["value_aded"]}, "objectives[0]", "value_added"),
        ({"levers": [LEVER | {"id": "rd_matching_grants"}]}, "levers[0].id", "rd_matching_grant"),
        ({"levers": [LEVER, dict(LEVER, scale=["rate"])]}, "levers[1].id", None),
        ({"levers": [LEVER | {"groups": ["al"]}]}, "levers[0].groups[0]", "all"),
        ({"worlds": ["demand_lo"]}, "worlds[0]", "demand_low"),
        ({"switches": ["peer_effect"]}, "switches[0]", "peer_effects"),
        ({"compare": ["green_retrofits"]}, "compare[0]", "green_retrofit"),
        ({"baseline": "without_document"}, "baseline", "without_document_55"),
        ({"attitude": {"kind": "regret"}}, "attitude.kind", None),
        ({"attitude": {"kind": "satisficing"}}, "attitude.enough", None),
        ({"attitude": {"kind": "means"}}, "attitude.kind", "mean"),
        ({"budget": [{"value": 1, "unit": "亿元", "year": 2025}]}, "budget[0].year", None),
        ({"budget": [{"value": -1, "unit": "亿元"}]}, "budget[0].value", None),
        ({"budgets": []}, "budgets", "budget"),
        ({"rows": 3}, "rows", None),
        ({"draws": {"search": 8, "judging": 8, "robust": 9}}, "draws.robust", None),
        ({"draws": {"search": 4, "judging": 8}}, "draws.search", None),
        (
            {"constraints": {"targets": [{"outcome": "value_added", "probability": 0.5}]}},
            "constraints.targets[0]",
            None,
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path, changes, key, nearest):
    with pytest.raises(InputError) as refused:
        read_spec(written(tmp_path, **changes))
    assert refused.value.key == key
    assert refused.value.nearest == nearest
    assert refused.value.line


@pytest.mark.parametrize("name", SHIPPED)
def test_every_lever_of_the_shipped_specifications_can_be_set_for_every_group(name, tmp_path):
    task = read_spec(name)
    bench = Bench(tmp_path, Options(), print, print, outcomes_of(task), LAST)
    workshop = Workshop(task, bench)
    assert all(workshop.limit(place) > 1.0 for place in range(len(workshop.entries)))


def test_a_lever_that_cannot_be_set_so_is_refused_with_its_entry(tmp_path):
    lever = LEVER | {"set": {"rat": {"value": 30, "unit": "%"}}}
    task = read_spec(written(tmp_path, levers=[lever]))
    bench = Bench(tmp_path, Options(), print, print, outcomes_of(task), LAST)
    with pytest.raises(InputError) as refused:
        Workshop(task, bench).limit(0)
    assert refused.value.key == "levers[0]"


def test_judging_draws_are_none_of_the_search():
    for name in SHIPPED:
        spec = read_spec(name).spec
        assert not set(spec.search) & set(spec.judging)
        assert len(spec.judging) == spec.draws.judging


def test_a_sum_that_was_run_has_the_very_scale_it_was_run_at():
    curve = Curve.of({1.0: 2e8, 2.0: 3.9e8, 3.0: 3.9e8, 5.0: 6e8}, 0.0)
    assert curve.scale(3.9e8 + 4e5) == 2.0
    assert curve.scale(1e8) == pytest.approx(0.5)
    assert curve.scale(5e8) == pytest.approx(2.0 + 3.0 * 1.1 / 2.1)


def test_a_lever_that_may_not_be_used_is_out_of_the_search_and_of_the_designs_beside_it():
    whole = read_spec("programme")
    task = read_spec("programme", ["rd_super_deduction"])
    assert task.spec.name == "programme_without_rd_super_deduction"
    assert "不用" in task.spec.label.zh
    assert {entry.id for entry in whole.spec.levers} - {entry.id for entry in task.spec.levers} == {
        "rd_super_deduction"
    }
    assert set(whole.compared) - set(task.compared) == {"rd_tax_credit"}
    assert task.root.name.startswith(f"{task.spec.name}.")
    with pytest.raises(InputError) as refused:
        read_spec("programme", ["rd_super_deductions"])
    assert refused.value.nearest == "rd_super_deduction"
    with pytest.raises(InputError, match="no lever is left"):
        read_spec("tiny", ["rd_matching_grant", "green_retrofit_grant"])


def test_a_shipped_search_is_put_where_there_is_none_and_only_if_it_is_current(
    tmp_path, monkeypatch
):
    store, shipped = tmp_path / "store", tmp_path / "shipped"
    monkeypatch.setattr(designing, "SHIPPED", shipped)
    monkeypatch.setattr(designing, "_show", lambda data: None)
    (shipped / "tiny").mkdir(parents=True)
    facts = shipped / "tiny" / finding.FACTS
    facts.write_text(json.dumps({"made_by": {}}), "utf-8")
    assert designing.kept(read_spec("tiny"), store) == {}
    assert not store.exists()
    found = {"made_by": made_by(), "name": "tiny"}
    facts.write_text(json.dumps(found), "utf-8")
    (shipped / "tiny" / "tiny_1.yaml").write_text("name: tiny_1", "utf-8")
    assert designing.kept(read_spec("tiny"), store) == found
    assert finding.read(store) == [found]
    assert (store / "best_use" / "tiny" / "tiny_1.yaml").is_file()
    # One of the store's own stays, even where another model made it.
    own = store / "best_use" / "tiny" / finding.FACTS
    own.write_text(json.dumps({"made_by": {}}), "utf-8")
    assert designing.kept(read_spec("tiny"), store) == {}
    assert json.loads(own.read_text("utf-8")) == {"made_by": {}}


@pytest.mark.slow
def test_from_a_specification_to_scenario_files_that_check(tmp_path):
    task = read_spec("tiny")
    store = tmp_path / "store"

    class StoppedError(Exception):
        pass

    def stop(line):
        if line.startswith("judging"):
            raise StoppedError

    def bench(say):
        return Bench(store, Options(workers=1), lambda _: None, say, outcomes_of(task), LAST)

    with pytest.raises(StoppedError):
        finding.find(bench(stop), task)
    # What was decided until here was decided on draws of the search alone.
    assert set(Results(store).runs()["draw"]) == set(task.spec.search)
    data = finding.find(bench(lambda _: None), task)
    runs = Results(store).runs()
    judged = {f"tiny.{row['id'].removeprefix('tiny_')}" for row in data["designs"]}
    judged |= {"tiny.without_document_55"}
    others = runs[~runs["scenario"].isin(judged)]
    assert len(others)
    assert set(others["draw"]) == set(task.spec.search)
    assert set(runs["draw"]) == {*task.spec.search, *task.spec.judging}
    found = [row for row in data["designs"] if row["amounts"]]
    for row in found:
        path = store / "best_use" / "tiny" / f"{row['id']}.yaml"
        assert not check(path)
        scenario = load(path)
        assert (scenario.label_zh, scenario.label_en) == (row["label"]["zh"], row["label"]["en"])
        assert path.read_text("utf-8").count("# ") == 2
    assert finding.read(store)[0]["chosen"] == data["chosen"]
    again = finding.find(bench(lambda _: None), task)
    kept = json.loads((store / "best_use" / "tiny" / finding.FACTS).read_text("utf-8"))
    assert finding.plain(again) == kept
