"""Draws: fixed by their number, inside their ranges, one source at a time where asked."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.experiments.runs.batch import Plan, drawn_pairs, listed_pairs
from jiqun.experiments.runs.draws import BLOCK, draws, moved_by_draws
from jiqun.experiments.runs.ensemble import fitted
from jiqun.model.outside_world import SERIES
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

CENTRE = ensemble.centre if (ensemble := fitted()) else {}
RANGED = {row.name: row for row in table("parameters") if row.low < row.high}


@pytest.fixture(scope="module")
def scenario():
    return load("without_document_55")


def test_draw_0_is_central(scenario):
    (central,) = draws(scenario, [0])
    assert central.outside == {}
    assert central.values == CENTRE


def test_a_draw_does_not_depend_on_how_many_are_asked_for(scenario):
    many = list(draws(scenario, range(1, 20)))
    (alone,) = draws(scenario, [17])
    assert many[16] == alone


def test_draws_cover_their_ranges(scenario):
    found = list(draws(scenario, range(1, 65)))
    for name, row in RANGED.items():
        values = np.array([draw.values[name] for draw in found])
        assert row.low <= values.min() < values.max() <= row.high
        assert len(set(values)) == len(values)
    places = np.array([[draw.outside[series] for series in SERIES] for draw in found])
    assert np.all(np.abs(places) <= 1.0)
    # One draw in each eighth of the range, as a sequence of low discrepancy has it.
    assert all(len(set(np.floor(places[:8, i] * 4))) == 8 for i in range(len(SERIES)))


def test_side_draws_move_one_source(scenario):
    main, parameters, outside = draws(scenario, [3, BLOCK + 3, 2 * BLOCK + 3])
    assert (parameters.values, parameters.outside) == (main.values, {})
    assert (outside.values, outside.outside) == (CENTRE, main.outside)


def test_a_draw_leaves_what_the_scenario_itself_sets(scenario):
    name, row = next(iter(RANGED.items()))
    set_by_hand = replace(scenario.with_draw({name: row.high}, {"demand": 1.0}), name="set_by_hand")
    (ordinary,), (kept,) = draws(scenario, [5]), draws(set_by_hand, [5])
    assert name not in kept.values
    assert "demand" not in kept.outside
    assert {k: v for k, v in ordinary.values.items() if k != name} == kept.values


def test_draws_in_any_selection_are_those_made_alone(scenario):
    numbers = [0, 1, 7, 8, 40, BLOCK, BLOCK + 7, 2 * BLOCK + 40]
    assert list(draws(scenario, numbers)) == [next(draws(scenario, [n])) for n in numbers]


def test_scenarios_that_leave_the_same_at_its_centre_have_the_same_draws(scenario):
    name, row = next(iter(RANGED.items()))
    set_by_hand = replace(scenario.with_draw({name: row.high}, {"demand": 1.0}), name="set_by_hand")
    other = replace(scenario, name="other", levers=())
    assert moved_by_draws(scenario) == moved_by_draws(other) == {*RANGED, *SERIES}
    assert moved_by_draws(set_by_hand) == {*RANGED, *SERIES} - {name, "demand"}
    (_, first), (_, second), (_, third) = listed_pairs(
        [scenario, other, set_by_hand], Plan(draws=3)
    )
    assert first is second
    assert third == drawn_pairs(set_by_hand, Plan(draws=3))
