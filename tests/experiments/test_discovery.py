"""Boxes: planted ones are found, none in noise, and what cannot be told apart is named."""

import numpy as np
import pandas as pd
import pytest

from jiqun.experiments import discovery
from jiqun.experiments.discovery import discover, read, save, telling

FACTORS = [f"p{i}" for i in range(25)]


def world(runs, seed=3):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.random((runs, len(FACTORS))), columns=FACTORS), rng


@pytest.fixture(scope="module")
def planted():
    """Cases where p0 is low and p1 is high, a few runs told wrongly; p2 goes with p1."""
    x, rng = world(160)
    x["p2"] = x["p1"] + 0.05 * rng.random(160)
    y = ((x["p0"] < 0.5) & (x["p1"] > 0.4)).to_numpy() ^ (rng.random(160) < 0.03)
    return x, y, discover(x, y, shuffles=9, halves=6)


def test_a_planted_box_is_found_near_where_it_is(planted):
    _, y, found = planted
    assert (found.runs, found.cases, found.factors) == (160, int(y.sum()), len(FACTORS))
    assert {look.method for look in found.looks} == {"prim", "cart"}
    for look in found.looks:
        assert look.score > look.floor
        box = look.boxes[0]
        # Three runs in a hundred are told wrongly: no box holds them all.
        assert box.coverage > 0.7
        assert box.density > 0.8
        limits = {limit.place: limit for limit in box.limits}
        assert limits["p0", "most"].value == pytest.approx(0.5, abs=0.1)
        assert limits["p0", "most"].share == pytest.approx(0.5, abs=0.15)
        (high,) = (limit for limit in box.limits if limit.side == "least")
        assert high.factor in {"p1", "p2"}
        assert high.value == pytest.approx(0.42, abs=0.1)
        assert {high.factor, *high.alike} == {"p1", "p2"}
        assert all(limit.kept >= 0.5 and limit.quasi_p < 0.05 for limit in box.limits)
        assert look.density_left_out > y.mean()


def test_coverage_and_density_are_those_of_the_limits(planted):
    x, y, found = planted
    for look in found.looks:
        for box in look.boxes:
            inside = np.ones(len(x), dtype=bool)
            for limit in box.limits:
                value = x[limit.factor]
                inside &= value >= limit.value if limit.side == "least" else value <= limit.value
            assert box.runs == inside.sum()
            assert box.coverage == y[inside].sum() / y.sum()
            assert box.density == y[inside].mean()


def test_nothing_is_found_in_noise():
    x, rng = world(100, seed=5)
    y = rng.random(100) < 0.35
    found = discover(x, y, shuffles=9, halves=2)
    assert [look.boxes for look in found.looks] == [(), ()]
    assert all(look.score <= look.floor for look in found.looks)


@pytest.mark.parametrize("cases", [0, 9, 91, 100])
def test_too_few_of_either_kind_are_not_searched(cases):
    x, _ = world(100)
    found = discover(x, np.arange(100) < cases)
    assert (found.cases, found.looks, found.chosen) == (cases, (), ())


def test_factors_searched_over_are_those_that_tell():
    x, _ = world(100)
    assert telling(x, (x["p7"] > 0.6).to_numpy())[0] == "p7"
    assert telling(x[["p1", "p2"]], np.arange(100) % 2 == 0) == []
    assert telling(x[["p7", "p8"]], (x["p7"] > 0.6).to_numpy()) == ["p7"]


def test_a_discovery_is_kept_with_its_store(tmp_path):
    assert read(tmp_path) is None
    data = {"scenario": "as_issued", "targets": []}
    assert save(tmp_path, data) == tmp_path / "sensitivity" / discovery.FILE
    assert read(tmp_path) == data
