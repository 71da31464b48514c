"""Raking: margins are met together, patterns are kept, and contradictions are said."""

import numpy as np
import pytest

from jiqun.model.start.raking import (
    LEAST_EXCESS,
    Margin,
    RakingError,
    fitted_table,
    missed,
    rake,
    reachable,
)

SEED = np.array([[1.0, 2.0, 3.0], [4.0, 1.0, 2.0]])


def test_a_table_meets_both_margins_and_keeps_the_odds_of_its_seed():
    rows, columns = np.array([3.0, 7.0]), np.array([2.0, 3.0, 5.0])
    table = fitted_table(SEED, rows, columns)
    assert np.allclose(table.sum(axis=1), rows, rtol=1e-9)
    assert np.allclose(table.sum(axis=0), columns, rtol=1e-9)
    odds = [t[0, 0] * t[1, 1] / (t[0, 1] * t[1, 0]) for t in (SEED, table)]
    assert odds[0] == pytest.approx(odds[1])


def test_a_table_whose_margins_differ_in_total_is_refused():
    with pytest.raises(RakingError):
        fitted_table(SEED, np.array([3.0, 7.0]), np.array([2.0, 3.0, 6.0]))


def test_what_a_group_cannot_reach_the_others_make_up_for():
    found = reachable(np.array([1.0, 4.0, 5.0, 2.0]), np.array([2.0, 1.0, 1.0, 0.0]))
    # The first is raised to its least, the last has no rows; the total stays.
    assert found.tolist() == pytest.approx([2.0, 10.0 * 4 / 9, 10.0 * 5 / 9, 0.0])
    unchanged = reachable(np.array([3.0, 4.0]), np.array([1.0, 1.0]))
    assert unchanged.tolist() == [3.0, 4.0]


def sample():
    rng = np.random.default_rng(1)
    values, weight = 1.0 + rng.pareto(1.5, 400), rng.integers(1, 9, 400).astype(float)
    return values, weight, rng.integers(0, 4, 400), rng.integers(0, 3, 400)


def test_a_sample_meets_all_margins_and_stays_over_the_least():
    values, weight, first, second = sample()
    total = float(np.sum(weight * values))
    margins = [
        Margin("part", np.where((first == 1) & (second == 2), 0, -1), np.array([0.05 * total])),
        Margin("first", first, total * np.array([0.1, 0.2, 0.3, 0.4])),
        Margin("second", second, total * np.array([0.5, 0.3, 0.2])),
    ]
    assert missed(values, weight, margins)
    raked = rake(values, weight, margins, 1.0)
    assert not missed(raked, weight, margins, 1e-8)
    assert raked.min() >= 1.0
    # Within a cell of all margins the excess over the least is scaled alike.
    cell = (first == 0) & (second == 0)
    factor = (raked[cell] - 1.0) / (values[cell] - 1.0)
    assert np.ptp(factor) < 1e-9


def test_values_under_the_least_stay():
    values, weight, first, _ = sample()
    low = np.arange(400) % 3 == 0
    values[low] = 0.5
    margin = Margin("first", np.where(low, -1, first), np.full(4, 900.0))
    raked = rake(values, weight, [margin], 1.0)
    assert np.all(raked[low] == 0.5)
    assert margin.sums(weight * raked) == pytest.approx(900.0)


def test_a_group_too_small_for_its_rows_keeps_its_least_and_is_named():
    values, weight, first, _ = sample()
    target = np.array([1.0, 900.0, 900.0, 900.0])
    margin = Margin("first", first, target)
    raked = rake(values, weight, [margin], 1.0)
    assert margin.sums(weight * raked)[0] == pytest.approx(
        (1.0 + LEAST_EXCESS) * weight[first == 0].sum()
    )
    assert margin.sums(weight * raked).sum() == pytest.approx(target.sum())
    assert ("first", 0) in missed(raked, weight, [margin])


def test_contradicting_margins_are_said_not_averaged():
    values, weight, first, _ = sample()
    margins = [Margin(name, first, np.full(4, size)) for name, size in (("a", 900.0), ("b", 950.0))]
    with pytest.raises(RakingError, match="does not converge"):
        rake(values, weight, margins, 1.0)
