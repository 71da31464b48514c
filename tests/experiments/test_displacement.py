"""Where a tier's gain comes from: parts that add up, and pairs of runs they are read from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.experiments import Results
from jiqun.experiments.effects.displacement import (
    NONE,
    PARTS,
    PROVINCE,
    WHOLE,
    by_tier_and_field,
    displaced,
    parts,
    seats,
)
from jiqun.experiments.runs.batch import BRIEF, Plan
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.experiments.stores.errors import StoreError
from jiqun.model import build_population
from jiqun.model.dimensions import FIELDS, TIERS
from jiqun.scenarios import load, with_parameters

T, F = len(TIERS), len(FIELDS)
ISSUED, WITHOUT, YEAR = "as_issued", "without_document_55", 2025

effects = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).normal(size=(3, T, F)).round(1)
)


@given(effects)
@settings(max_examples=60, deadline=None)
def test_parts_add_up_to_the_effect_and_exchange_to_nothing(effect):
    moved = np.random.default_rng(1).normal(size=effect.shape)
    moved -= moved.mean(axis=1, keepdims=True)  # what moves in somewhere has left elsewhere
    found = parts(effect, moved)
    assert found.shape == (3, len(PARTS), T)
    assert found.sum(axis=1) == pytest.approx(effect.sum(axis=2), abs=1e-9)
    tiers, outside, beyond, came = np.moveaxis(found, 1, 0)
    assert came == pytest.approx(moved.sum(axis=2))
    # What some tiers gain from each other and from outside clusters, others lose.
    assert (tiers + outside).sum(axis=1) == pytest.approx(np.zeros(3), abs=1e-9)
    assert beyond.sum(axis=1) == pytest.approx(effect.sum(axis=(1, 2)), abs=1e-9)
    assert tiers[:, NONE] == pytest.approx(-outside.sum(axis=1), abs=1e-9)
    assert (outside[:, NONE] == 0.0).all()


@given(effects)
@settings(max_examples=60, deadline=None)
def test_no_part_is_larger_than_what_it_is_part_of(effect):
    for field in range(F):
        alone = np.zeros_like(effect)
        alone[:, :, field] = effect[:, :, field]
        found, whole = parts(alone, np.zeros_like(alone)), alone[:, :, field]
        # Inside a field each part has the sign of the effect.
        for part in np.moveaxis(found, 1, 0):
            assert (part * whole >= -1e-12).all()
            assert (np.abs(part) <= np.abs(whole) + 1e-12).all()


def one(**changes):
    effect = np.zeros((1, T, F))
    for tier, value in changes.items():
        effect[0, TIERS.index(tier), 0] = value
    found = parts(effect, np.zeros_like(effect))[0]
    return {
        tier: dict(zip(PARTS, found[:, TIERS.index(tier)].tolist(), strict=True)) for tier in TIERS
    }


def test_gains_come_from_losers_in_proportion_and_the_rest_from_beyond():
    found = one(world=6.0, national=2.0, county=-1.0, none=-3.0)
    assert found["world"] == pytest.approx(
        {"tiers": 0.75, "outside_clusters": 2.25, "outside_province": 3.0, "moved": 0.0}
    )
    assert found["county"] == pytest.approx(
        {"tiers": -1.0, "outside_clusters": 0.0, "outside_province": 0.0, "moved": 0.0}
    )
    assert found["none"] == pytest.approx(
        {"tiers": -3.0, "outside_clusters": 0.0, "outside_province": 0.0, "moved": 0.0}
    )


def test_what_is_lost_beyond_the_gains_of_others_is_lost_to_outside():
    found = one(world=-4.0, none=1.0)
    assert found["world"] == pytest.approx(
        {"tiers": 0.0, "outside_clusters": -1.0, "outside_province": -3.0, "moved": 0.0}
    )
    assert found["none"]["tiers"] == pytest.approx(1.0)


def test_what_moved_in_is_neither_gain_nor_loss():
    effect, moved = np.zeros((1, T, F)), np.zeros((1, T, F))
    effect[0, 0, 0], effect[0, NONE, 0] = 5.0, -3.0
    moved[0, 0, 0], moved[0, NONE, 0] = 3.0, -3.0
    found = parts(effect, moved)[0]
    assert found[PARTS.index("moved")].tolist() == [3.0, 0.0, 0.0, 0.0, -3.0]
    assert found[PARTS.index("outside_province")].tolist() == [2.0, 0.0, 0.0, 0.0, 0.0]
    assert not found[: PARTS.index("outside_province")].any()


def test_fields_do_not_take_from_each_other():
    effect = np.zeros((1, T, F))
    effect[0, 0, 0], effect[0, 1, 1] = 5.0, -5.0
    found = parts(effect, np.zeros_like(effect))[0]
    assert found[PARTS.index("outside_province")].tolist() == [5.0, -5.0, 0.0, 0.0, 0.0]
    assert not found[: PARTS.index("outside_province")].any()


def test_every_cluster_of_a_population_has_its_place():
    scenario = load(WITHOUT)
    population = build_population(scenario.province, scenario.parameters, 1_100, 1)
    known = seats()
    for seat in population.clusters:
        assert known[seat.id] == (TIERS.index(seat.tier), seat.field), seat.id


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("displacement")
    # Often enough that somebody moves.
    pair = [
        with_parameters(with_rows(load(name), 1_100).until(YEAR), {"gather_rate": 0.01})
        for name in (WITHOUT, ISSUED)
    ]
    run_batch(pair, Plan(draws=3), folder, Options(workers=1))
    return folder


def test_clusters_and_fields_tell_what_tiers_do(store):
    results = Results(store)
    found, moved = by_tier_and_field(results, ISSUED, WITHOUT, YEAR)
    assert found.shape == (3, T, F)
    assert np.abs(found).max() > 0.0
    came = results.paired(ISSUED, WITHOUT, "value_added_moved", "tier", [YEAR])
    told = results.paired(ISSUED, WITHOUT, "value_added", ["tier", "province"], [YEAR])
    for run, draw in enumerate((1, 2, 3)):
        of = told[told["draw"] == draw].set_index("unit_name")["difference"]
        # To rounding of sums of ten thousand times their size.
        assert found[run].sum(axis=1) == pytest.approx(of[list(TIERS)].to_numpy(), abs=1.0)
        by_tier = came[came["draw"] == draw].set_index("unit_name")["difference"]
        assert moved[run].sum(axis=1) == pytest.approx(by_tier[list(TIERS)].to_numpy(), abs=1.0)
        assert moved[run].sum(axis=0) == pytest.approx(np.zeros(F), abs=1.0)
        assert found[run].sum() == pytest.approx(of[PROVINCE], abs=1.0)


def test_the_table_has_each_tier_with_its_parts(store):
    frame = displaced(Results(store), ISSUED, WITHOUT, YEAR)
    assert len(frame) == (T + 1) * (len(PARTS) + 1)
    assert set(frame["runs"]) == {3}
    means = frame.pivot(index="unit_name", columns="part", values="mean")
    assert means[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(means[WHOLE].to_numpy())
    assert means.loc[list(TIERS)].sum().to_numpy() == pytest.approx(
        means.loc[PROVINCE].to_numpy(), abs=1.0
    )
    assert means.loc[PROVINCE, "tiers"] == pytest.approx(
        -means.loc[PROVINCE, "outside_clusters"], abs=1.0
    )
    assert (frame["p05"] <= frame["median"]).all()
    assert (frame["median"] <= frame["p95"]).all()


def test_a_store_without_clusters_is_refused(tmp_path):
    pair = [with_rows(load(name), 1_100).until(2019) for name in (WITHOUT, ISSUED)]
    run_batch(pair, Plan(draws=1), tmp_path, Options(workers=1), record=BRIEF)
    with pytest.raises(StoreError, match="by cluster and field"):
        displaced(Results(tmp_path), ISSUED, WITHOUT, 2019)
