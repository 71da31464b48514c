"""Rules of a quarter in all forms of the bench, and the ratios that the bench is held to."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import baseline
from benchmarks.peers import compare, kernels
from benchmarks.peers.in_c import FLAGS, compiler
from benchmarks.peers.world import RULES, outcomes, world_of
from jiqun.model import ClusterPolicyModel
from jiqun.scenarios import load

ROWS, QUARTERS = 1_200, 8
OFTEN = {"rd_start": 0.6, "rd_peer": 2.0, "rd_stop": 0.6, "p_ext": 0.4, "shock_chance": 0.4}
"""Few act on a chance in a quarter; where more do, a wrong chance shows on few rows."""
WRITTEN = {
    "market": ("revenue", "expected_revenue", "plant_ratio"),
    "production": ("value_added", "profit", "employees", "losses", "rd_cost_ratio", "cash_flow"),
    "finance": ("cash", "debt_short", "debt_long", "capital", "rate", "year_bound", "year_granted"),
    "digital": ("digital_stage", "digital_gain"),
    "innovation": ("knowledge", "pool_knowledge", "size_level", "size_noise"),
    "research": ("rd_active", "rd_intensity", "rd", "rd_reported"),
}
needs_c = pytest.mark.skipif(compiler() is None, reason="there is no compiler of C")


@pytest.fixture(scope="module")
def world():
    model = ClusterPolicyModel(replace(load("without_document_55"), rows=ROWS), rng=1)
    model.run_through(6)
    world = world_of(model)
    vars(world).update(OFTEN)
    return world


@pytest.fixture(scope="module")
def every(world, tmp_path_factory):
    return compare.forms(tmp_path_factory.mktemp("in_c"), world)


@pytest.fixture(scope="module")
def expected(world):
    return ended(kernels.Kernels, world)


def ended(form, world):
    made = form(world)
    compare.run(made, QUARTERS)
    return outcomes(made)


@pytest.mark.parametrize(
    "name",
    ["NumPy columns", "Mesa agents", *(pytest.param(name, marks=needs_c) for name in FLAGS)],
)
def test_all_forms_come_to_the_same(name, every, world, expected):
    assert compare.largest_gap(ended(every[name], world), expected) < compare.TOLERANCE


def test_every_rule_moves_what_is_compared(world, expected):
    assert set(WRITTEN) == set(RULES)
    before = outcomes(kernels.Kernels(world))
    for names in WRITTEN.values():
        for name in names:
            assert not np.array_equal(expected[name], before[name]), name
    assert set(np.unique(expected["rd_active"] - before["rd_active"])) == {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("rule", RULES)
def test_a_form_that_leaves_a_rule_out_is_found(rule, world, expected):
    lacking = type("Lacking", (kernels.Kernels,), {rule: lambda _: None})
    found = ended(lacking, world)
    for name in WRITTEN[rule]:
        gap = compare.largest_gap({name: found[name]}, {name: expected[name]})
        assert gap > compare.TOLERANCE, name


def test_forms_leave_the_world_they_are_given(every, world):
    before = {name: np.copy(value) for name, value in vars(world).items()}
    for form in every.values():
        compare.run(form(world), 1)
    for name, value in vars(world).items():
        assert np.array_equal(value, before[name]), name


@needs_c
def test_c_leaves_subnormal_numbers_alone(every):
    assert len(every) == 3 + len(FLAGS)
    assert np.float64(2.0**-1074) * 1.0 > 0.0


def bench(monkeypatch, tmp_path, kept, *measured, args=()):
    """Run the command on ratios that were stored, and on those that it measures in turn."""
    file, results = tmp_path / "baseline.json", iter(measured)
    baseline.store(kept, file)
    monkeypatch.setattr(baseline.stored, "__defaults__", (file,))
    monkeypatch.setattr(baseline.store, "__defaults__", (file,))
    monkeypatch.setattr(command, "measured", lambda: command.Bench(ratios=next(results)))
    monkeypatch.setattr("sys.argv", ["benchmarks", *args])
    command.main()
    return baseline.stored(file)


def test_the_bench_fails_on_what_is_slower_twice(monkeypatch, tmp_path, capsys):
    slow, fine = {"a": 1.3, "b": 1.0}, {"a": 1.2, "b": 1.3}
    with pytest.raises(SystemExit) as ended:
        bench(monkeypatch, tmp_path, {"a": 1.0, "b": 1.0}, slow, slow)
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert "a: 1.30, stored 1.00 (+30%)" in told
    assert "b:" not in told
    bench(monkeypatch, tmp_path, {"a": 1.0, "b": 1.0}, slow, fine)
    bench(monkeypatch, tmp_path, {"a": 1.0, "b": 1.0}, {"a": 1.2, "b": 0.5})


def test_the_bench_stores_what_it_measures(monkeypatch, tmp_path):
    kept = bench(monkeypatch, tmp_path, {"a": 1.0}, {"a": 3.0, "b": 2.0}, args=["--renew"])
    assert kept == {"a": 3.0, "b": 2.0}


def test_a_ratio_a_quarter_above_the_stored_one_is_named(tmp_path):
    file = tmp_path / "baseline.json"
    baseline.store({"a": 1.0, "b": 0.00812345, "here no longer": 2.0}, file)
    kept = baseline.stored(file)
    assert kept["b"] == 0.00812
    assert not baseline.complaints({"a": 1.24, "b": 0.001}, kept)
    slower, new = baseline.complaints({"a": 1.26, "c": 1.0}, kept)[::-1]
    assert slower.startswith("a: 1.26, stored 1.00 (+26%)")
    assert new == "c: not stored"
