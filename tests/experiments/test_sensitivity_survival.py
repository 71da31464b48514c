"""An order that holds, one that is turned round, and one that only looks so."""

import numpy as np
import pytest

from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.sensitivity.ranks import ranks
from jiqun.experiments.sensitivity.survival import survival, thirds

NAMES = [f"lever-{i}" for i in range(8)]
SIZES = np.array([10.0, -8.0, 6.0, 4.0, 3.0, 1.0, 0.0, 0.0])


def ranked(sizes, names=NAMES, noise=1.0, draws=128, seed=1):
    rng = np.random.default_rng(seed)
    effects = np.asarray(sizes)[:, None] + noise * rng.standard_normal((len(sizes), draws))
    effects[np.asarray(sizes) == 0.0] = 0.0
    return ranks(names, effects[:, :, None], ["va"], [f"run-{i}" for i in range(draws)], 300)


def test_the_same_order_survives():
    found = survival(ranked(SIZES), ranked(2.0 * SIZES, seed=2))
    assert found.tau == pytest.approx([1.0])
    assert found.kept.tolist() == [5]
    assert found.reversed.tolist() == [0]


def test_a_pair_told_apart_the_other_way_is_a_reversal():
    turned = SIZES[[1, 0, 2, 3, 4, 5, 6, 7]]
    found = survival(ranked(SIZES), ranked(turned, seed=2))
    assert found.reversed.tolist() == [1]
    assert found.tau == pytest.approx([0.8])
    assert found.kept.tolist() == [5]
    every = survival(ranked(SIZES), ranked([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 0.0], seed=2))
    assert every.reversed.tolist() == [10]
    assert every.tau == pytest.approx([-1.0])
    assert every.kept.tolist() == [4]


@pytest.mark.parametrize("noise", [(1.0, 200.0), (200.0, 1.0)])
def test_an_order_that_intervals_do_not_bear_out_is_seldom_reversed(noise):
    # Of ten pairs; without asking the intervals it would be about half of them.
    found = [
        survival(
            ranked(SIZES, noise=noise[0], draws=64, seed=seed),
            ranked(SIZES[::-1], noise=noise[1], draws=64, seed=seed + 100),
        ).reversed[0]
        for seed in range(1, 21)
    ]
    assert np.mean(found) <= 0.5


def test_without_an_order_there_is_none_to_keep():
    alike = np.array([4.0, 4.0, 4.0])
    found = survival(ranked(alike, NAMES[:3]), ranked(alike, NAMES[:3], seed=2))
    assert np.isnan(found.tau).all()


def test_levers_are_matched_by_name_and_those_that_one_lacks_left_out():
    some = [5, 3, 1, 0]
    found = survival(ranked(SIZES), ranked(SIZES[some], [NAMES[i] for i in some], seed=2))
    assert found.tau == pytest.approx([1.0])
    assert found.kept.tolist() == [4]
    with pytest.raises(SensitivityError, match="two levers"):
        survival(ranked(SIZES), ranked(SIZES[:2], ["lever-0", "other"]))


def test_levers_of_no_effect_are_not_among_the_first():
    found = survival(ranked(SIZES), ranked([10.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], seed=2))
    assert found.kept.tolist() == [2]


def test_thirds_are_those_of_the_position():
    position = np.random.default_rng(1).random(300)
    low, high = thirds(position)
    assert low.sum() == high.sum() == 100
    assert position[low].max() < position[~low & ~high].min()
    assert position[high].min() > position[~low & ~high].max()
    with pytest.raises(SensitivityError, match="no thirds"):
        thirds(np.ones(9))
