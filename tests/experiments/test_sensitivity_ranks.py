"""Ranks of planted effects with their ties, whether they hold, and outputs that cannot tell."""

import numpy as np
import pytest

from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.sensitivity.ranks import convergence, growing, ranks, sets_of, tau, tie_sets
from jiqun.experiments.sensitivity.saturation import At, saturated

SIZES = np.array([10.0, -8.0, 6.0, 4.0, 4.0, -4.0, 2.0, 1.0, 0.0, 0.0])
NAMES = [f"lever-{i}" for i in range(len(SIZES))]


def planted(noise, draws=256, seed=1, sizes=SIZES):
    """Effects of known size; what a draw does to all of them alike drops out of no pair."""
    rng = np.random.default_rng(seed)
    own = noise * rng.standard_normal((len(sizes), draws))
    return (sizes[:, None] * (1.0 + 0.3 * rng.standard_normal(draws)) + own)[:, :, None]


def ranked(effects, **options):
    runs = [f"run-{i}" for i in range(effects.shape[1])]
    return ranks(NAMES[: len(effects)], effects, ["va"], runs, **options)


def test_planted_effects_are_ranked_by_size_with_their_ties():
    found = ranked(planted(2.0))
    assert found.rank[:3, 0].tolist() == [1.0, 2.0, 3.0]
    assert found.sets[:, 0].tolist()[:3] == [1, 2, 3]
    assert set(found.sets[3:6, 0]) == {4}
    assert found.sets[6:8, 0].tolist() == [5, 6]
    assert set(found.sets[8:, 0]) == {7}
    tied = found.tied[:, :, 0]
    assert tied[3:6, 3:6].all()
    assert not tied[0, 1:].any()
    assert (tied == tied.T).all()
    assert tied.diagonal().all()


def test_means_lie_in_their_intervals_and_inert_levers_below_the_floor():
    found = ranked(planted(2.0))
    assert ((found.low <= SIZES[:, None]) & (SIZES[:, None] <= found.high)).all()
    assert found.above_noise[:, 0].tolist() == [True] * 8 + [False] * 2
    assert (found.floor > 0.0).all()


def test_one_inert_lever_in_twenty_is_above_its_floor():
    above = [ranked(planted(1.0, 64, seed, np.zeros(10))).above_noise for seed in range(1, 41)]
    assert 0.02 <= np.mean(above) <= 0.09


def test_probabilities_of_the_first_places():
    found = ranked(planted(2.0))
    assert found.top[1][0] == 1.0
    assert found.top[3][:3, 0].tolist() == [1.0] * 3
    # Two of three equal levers fill the fourth and fifth place.
    assert (found.top[5][3:6, 0] > 0.05).all()
    assert found.top[5].sum() == pytest.approx(5.0)
    assert (found.rank_low <= found.rank).all()
    assert (found.rank <= found.rank_high).all()
    assert (found.rank_high[3:6] - found.rank_low[3:6] >= 1.0).all()


def test_a_lever_of_nobody_has_no_place_and_no_effect():
    effects = np.zeros((3, 32, 1))
    effects[0] = planted(0.1, 32)[0]
    found = ranked(effects)
    assert found.rank[:, 0].tolist() == [1.0, 2.0, 2.0]
    assert found.top[1][:, 0].tolist() == [1.0, 0.0, 0.0]
    assert found.tied[1, 2, 0]
    assert not found.above_noise[1:].any()
    # Nothing at all has an effect: nobody is first.
    nothing = ranked(np.zeros((3, 32, 1)))
    assert nothing.top[1].sum() == 0.0
    assert set(nothing.sets[:, 0]) == {1}


def test_levers_that_share_their_noise_are_told_apart():
    # Only the pair's own difference counts: alone, the intervals overlap by far.
    rng = np.random.default_rng(3)
    common = 5.0 * rng.standard_normal(64)
    pair = np.stack([10.0 + common, 9.5 + common + 0.1 * rng.standard_normal(64)])[:, :, None]
    found = ranked(pair)
    assert found.low[0, 0] < found.high[1, 0]
    assert not found.tied[0, 1, 0]


def test_mere_noise_is_tied_with_nothing():
    # Its absolute value is above zero in every resample, which says nothing of its size.
    noise = planted(1.0, 64, 2, np.zeros(20))
    found = ranked(np.concatenate([noise, np.zeros((1, 64, 1))])[-10:])
    assert found.tied[-1, :, 0].mean() >= 0.8
    clear = ranked(np.stack([5.0 + noise[0], np.zeros((64, 1))]))
    assert not clear.tied[0, 1, 0]


def test_opposite_effects_of_one_size_are_tied():
    common = np.random.default_rng(4).standard_normal(64)
    pair = np.stack([5.0 + common, -5.0 + common])[:, :, None]
    assert ranked(pair).tied.all()


def test_an_effect_that_is_not_finite_stops_and_names_its_run():
    effects = planted(1.0, 32)
    effects[4, 7, 0] = np.nan
    with pytest.raises(SensitivityError, match="run run-7: the effect of lever-4 on va is nan"):
        ranked(effects)
    with pytest.raises(SensitivityError, match="do not fit"):
        ranks(NAMES, effects[:3], ["va"], ["run"] * 32)


def test_sets_of_ties_follow_from_their_first_member():
    values = np.array([3.0, 2.0, 1.0])
    tied = np.abs(values[:, None] - values) < 1.5
    # The second is tied with both others; they are not tied with each other.
    assert tie_sets(values, tied).tolist() == [1, 1, 2]
    assert tie_sets(values, np.eye(3, dtype=bool)).tolist() == [1, 2, 3]
    assert tie_sets(values[::-1], np.ones((3, 3), dtype=bool)).tolist() == [1, 1, 1]


def test_tau_counts_ties_as_ties():
    whole = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    apart, paired = np.arange(1, 6), np.array([1, 2, 2, 3, 4])
    swapped = np.array([5.0, 3.0, 4.0, 2.0, 1.0])
    assert tau(whole, whole, apart) == pytest.approx(1.0)
    assert tau(whole, -whole, apart) == pytest.approx(-1.0)
    assert tau(whole, swapped, apart) == pytest.approx(0.8)
    assert tau(whole, swapped, paired) == pytest.approx(1.0)
    # A factor of a set that falls behind the next is seen.
    assert tau(whole, np.array([5.0, 4.0, 1.0, 2.0, 3.0]), paired) < 1.0
    # The set's mean rank is between the last two here: seven pairs agree, two do not, one is tied.
    assert tau(whole, np.array([5.0, 4.0, 1.0, 3.0, 2.0]), paired) == pytest.approx(5.0 / 9.0)
    # Beyond the first ones nothing counts.
    assert tau(whole, np.array([5.0, 4.0, 3.0, 1.0, 2.0]), apart, top=3) == pytest.approx(1.0)
    assert tau(whole, whole, np.ones(5, dtype=int)) == 0.0


def test_tau_is_one_for_clean_effects_and_falls_with_noise():
    # Levers of many sizes with one claimed order: what noise does to it is seen.
    sizes = np.linspace(10.0, 1.0, 10)
    mean = {}
    for noise in (0.1, 10.0, 40.0):
        found = []
        for seed in range(1, 11):
            effects = planted(noise, 64, seed, sizes)
            of_set = sets_of(np.abs(effects.mean(axis=1)), np.eye(10, dtype=bool)[:, :, None])
            found.append(convergence(growing(effects), of_set)[32][0])
        mean[noise] = np.mean(found)
    assert mean[0.1] == pytest.approx(1.0)
    assert 0.99 > mean[10.0] > mean[40.0]


def test_tau_rises_as_draws_double():
    effects = planted(8.0, 512)
    taus = convergence(growing(effects), ranked(effects).sets)
    assert list(taus) == [16, 32, 64, 128, 256]
    assert taus[256][0] >= 0.9
    assert taus[256][0] >= taus[16][0]


def test_outputs_at_a_bound_are_flagged():
    rng = np.random.default_rng(1)
    free = rng.random(200)
    values = {
        "free": free,
        "at least": np.maximum(free, 0.7),
        "full": np.minimum(free * 2e9, 0.8e9),
        "seldom full": np.minimum(free, 0.8),
        "quota": np.full(200, 3673.0),
        "rounded": np.float32(1e9) * (1.0 + np.float32(1e-8) * free.astype(np.float32)),
        "no effect": np.where(free > 0.6, free - 0.8, 0.0),
    }
    found = {row.column: row for row in saturated(list(values), np.stack([*values.values()], 1))}
    assert {name: row.at for name, row in found.items()} == {
        "at least": At.LEAST,
        "full": At.LARGEST,
        "quota": At.CONSTANT,
        "rounded": At.CONSTANT,
        "no effect": At.INSIDE,
    }
    assert found["full"].value == pytest.approx(0.8e9)
    assert found["full"].share == pytest.approx((free >= 0.4).mean())
    assert found["no effect"].value == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(SensitivityError, match="free: a value is not finite"):
        saturated(["free"], np.array([[1.0], [np.nan]]))
