"""The rules of exit, the threshold, titles and sizes at the start."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.model.economy import demography
from jiqun.model.economy.demography import THRESHOLD
from jiqun.model.innovation import titles
from jiqun.model.start.choosing import chosen
from jiqun.model.start.sampling import truncated_pareto
from tests.model.strategies import ROWS, flags, real, reals


@given(flags(), reals(5e5, 1e11), reals(-1e9, 1e9), reals(-1e9, 1e9))
def test_exit_falls_with_size_and_rises_in_distress(above, revenue, worth, profit):
    def hazard(sales=revenue, left=worth, made=profit):
        return demography.exit_hazard(above, sales, left, made, 0.07, 0.036, 0.25, 0.35)

    assert np.all((hazard() > 0.0) & (hazard() < 0.25))
    assert np.all(hazard(sales=2.0 * revenue) <= hazard())
    sound = hazard(left=np.abs(worth) + 1.0)
    assert np.all(sound <= hazard())
    ruined = hazard(left=-np.abs(worth) - 1.0, made=-np.abs(profit) - 1.0)
    assert np.allclose(ruined - sound, 0.35 / 4.0)


@given(reals(5e6, 6e7), reals(0.0, 1.0), real(0.5, 1.0), real(0.5, 1.0))
def test_crossing_the_threshold_has_two_edges(revenue, draw, rate, ratio):
    inside = demography.cross_threshold(np.ones(ROWS, bool), revenue, draw, rate, ratio)
    outside = demography.cross_threshold(np.zeros(ROWS, bool), revenue, draw, rate, ratio)
    assert np.array_equal(inside, revenue >= ratio * THRESHOLD)
    assert np.array_equal(outside, (revenue >= THRESHOLD) & (draw < rate))
    # Who is let in would also have stayed: an unchanged enterprise does not flicker.
    assert not np.any(outside & ~inside)


def test_the_threshold_itself_counts_as_above():
    at = np.array([THRESHOLD, np.nextafter(THRESHOLD, 0.0)])
    crossed = demography.cross_threshold(np.zeros(2, bool), at, np.zeros(2), 1.0, 1.0)
    assert crossed.tolist() == [True, False]


@pytest.mark.parametrize(
    ("revenue", "least"),
    [(1e6, 0.05), (50e6, 0.05), (50.1e6, 0.04), (200e6, 0.04), (200.1e6, 0.03), (1e10, 0.03)],
)
def test_high_tech_thresholds_are_the_published_ones(revenue, least):
    assert titles.high_tech_threshold(np.array([revenue]))[0] == least


@given(st.lists(real(1e-6, 1.0), min_size=2, max_size=2, unique=True).map(sorted), real(0.3, 2.0))
def test_pareto_sizes_fall_with_rank_within_bounds(u, tail):
    size = truncated_pareto(np.array(u), 20e6, 150e9, tail)
    assert size[0] >= size[1]
    assert size.min() >= 20e6 * (1.0 - 1e-9)
    assert size.max() <= 150e9 * (1.0 + 1e-9)


@settings(max_examples=25)
@given(reals(0.0, 10.0, 500), reals(0.5, 50.0, 500), real(0.01, 0.9))
def test_choice_by_score_meets_its_target_in_expectation(score, weight, share):
    possible = float(weight[score > 1e-3].sum())
    if possible == 0.0:
        return
    target = share * possible
    # The mean over evenly spread draws is the expectation of the choice.
    draws = (np.arange(200) + 0.5) / 200
    mean = np.mean([weight @ chosen(np.full(500, d), score, weight, target) for d in draws])
    assert mean == pytest.approx(target, rel=0.02, abs=0.01 * float(weight.sum()))
