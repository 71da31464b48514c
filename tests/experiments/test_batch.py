"""Plans and run keys."""

import hashlib
import json
from dataclasses import replace

import pytest

from jiqun.experiments.runs import batch
from jiqun.experiments.runs.batch import (
    Plan,
    PlanError,
    PopulationRef,
    drawn_pairs,
    run_key,
    runs_of,
)
from jiqun.experiments.runs.draws import Draw, Vary

POPULATION = PopulationRef("nowhere.arrow", "abc")


@pytest.mark.parametrize(
    ("plan", "pairs"),
    [
        (Plan(), [(0, 1)]),
        (Plan(seeds=3), [(0, 1), (0, 2), (0, 3)]),
        (Plan(draws=3), [(1, 1), (2, 2), (3, 3)]),
        (Plan(seeds=2, draws=2), [(1, 1), (2, 2)]),
        (Plan(seeds=2, draws=2, cross=True), [(1, 1), (1, 2), (2, 1), (2, 2)]),
        (Plan(draws=2, vary=Vary.PARAMETERS), [(10_001, 1), (10_002, 1)]),
        (Plan(draws=2, vary=Vary.OUTSIDE), [(20_001, 1), (20_002, 1)]),
        (Plan(draws=2, vary=Vary.SEEDS), [(0, 1), (0, 2)]),
        (Plan(draws=1, vary=Vary.EACH), [(10_001, 1), (20_001, 1), (0, 1)]),
    ],
)
def test_which_draw_goes_with_which_seed(plan, pairs):
    assert plan.pairs() == pairs


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": 0}, "--seeds 0"),
        ({"draws": -1}, "--draws -1"),
        ({"draws": 10_001}, "1 to 10000"),
        ({"seeds": 3, "draws": 2}, "--cross"),
        ({"cross": True}, "--cross needs both"),
        ({"cross": True, "seeds": 2, "draws": 2, "vary": Vary.SEEDS}, "--vary all"),
    ],
)
def test_a_plan_without_meaning_is_refused(options, said):
    with pytest.raises(PlanError, match=said):
        Plan(**options)


def test_a_key_tells_apart_all_that_decides_a_run(small, monkeypatch):
    central = Draw(0)
    moved = Draw(1, {}, {"demand": 0.5})
    name, value = next((k, v) for k, v in small.parameters.items() if v)
    keys = [
        run_key(small, central, 1, "abc"),
        run_key(small, central, 2, "abc"),
        run_key(small, central, 1, "abd"),
        run_key(small, moved, 1, "abc"),
        run_key(small, Draw(2, {}, {"demand": 0.5}), 1, "abc"),
        run_key(small, Draw(1, {name: value * 1.01}, {"demand": 0.5}), 1, "abc"),
        run_key(replace(small, data_hash="other"), central, 1, "abc"),
        run_key(replace(small, levers=small.levers[1:]), central, 1, "abc"),
        run_key(small.until(2021), central, 1, "abc"),
        run_key(small, Draw(0, sizes={"rd_grant": 0.5}), 1, "abc"),
        run_key(small, Draw(0, sizes={"rd_grant": 2.0}), 1, "abc"),
    ]
    monkeypatch.setattr(batch, "model_hash", lambda: "another model")
    keys.append(run_key(small, central, 1, "abc"))
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("said", "edited", "same"),
    [("One step.", "One step a quarter.", True), ("x = 0.5", "x = 0.6", False)],
)
def test_editing_a_docstring_orphans_no_stored_run(
    small, tmp_path, monkeypatch, said, edited, same
):
    source = tmp_path / "model.py"
    source.write_text('"""One step."""\nx = 0.5\n', "utf-8")
    monkeypatch.setattr(batch.model, "__file__", str(source))
    version = tmp_path / "version.json"
    version.write_text(json.dumps({"version": "first", "sources": [batch.source_hash()]}), "utf-8")
    monkeypatch.setattr(batch, "VERSION", version)
    monkeypatch.setattr(batch, "model_hash", batch.model_hash.__wrapped__)
    stored = run_key(small, Draw(0), 1, "abc")
    assert batch.model_hash() == "first"
    source.write_text(source.read_text("utf-8").replace(said, edited), "utf-8")
    assert (run_key(small, Draw(0), 1, "abc") == stored) is same


def test_a_key_is_the_same_for_the_same_run(small):
    first = [run.key for run in runs_of(small, drawn_pairs(small, Plan(draws=3)), POPULATION)]
    assert [
        run.key for run in runs_of(small, drawn_pairs(small, Plan(draws=2)), POPULATION)
    ] == first[:2]
    relabelled = replace(small, label_en="Another label")
    assert [
        run.key for run in runs_of(relabelled, drawn_pairs(relabelled, Plan(draws=3)), POPULATION)
    ] == first


def test_keys_at_another_horizon_share_their_first_part(small):
    short, long = (run_key(s, Draw(0), 1, "abc") for s in (small, small.until(2027)))
    assert short.removesuffix("-2020-Q4") == long.removesuffix("-2027-Q4")


def test_a_key_is_a_hash_of_all_that_decides_a_run(small):
    """Written out: stores of years hold keys made this way."""
    for draw in (Draw(3, {"b": 0.1, "a": 2.0}, {"demand": 0.5}), Draw(0, {}, {}, {"grant": 2.0})):
        drawn = [dict(draw.values), dict(draw.outside), *([dict(draw.sizes)] if draw.sizes else [])]
        parts = [
            *(small.identity, drawn, draw.index, 7, "population"),
            *(batch.model_hash(), small.data_hash),
        ]
        text = json.dumps(parts, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:20]
        assert run_key(small, draw, 7, "population").startswith(f"{digest}-")
