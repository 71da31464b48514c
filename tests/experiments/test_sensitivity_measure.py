"""What would be learnt from a factor, of draws as they are."""

import numpy as np
import pytest
from scipy.stats import qmc

from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.sensitivity.measure import measure
from tests.experiments.analytic import G_FIRST, ISHIGAMI_FIRST, g, ishigami

NAMES = [f"x{i}" for i in range(20)]


def drawn(draws=1024, seed=1):
    return np.random.default_rng(seed).random((draws, len(NAMES)))


def of(inputs, values, **options):
    return measure(
        NAMES[: inputs.shape[1]], inputs, values.reshape(len(values), -1), resamples=200, **options
    )


def inside(index, known):
    return (index.low[: len(known), 0] <= known) & (known <= index.high[: len(known), 0])


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_intervals_hold_the_known_shares(noise):
    held = []
    for seed in range(1, 11):
        x = drawn(seed=seed)
        made = [ishigami((2.0 * x - 1.0) * np.pi), g(x)]
        fresh = np.random.default_rng([seed, 7]).standard_normal(len(x))
        for output, known in zip(made, (ISHIGAMI_FIRST, G_FIRST), strict=True):
            found = of(x, output + noise * output.std() * fresh)
            held.append(inside(found, known / (1.0 + noise**2)))
            assert (found.above_noise[:2, 0]).any()
    assert np.concatenate(held).mean() >= 0.92


def test_inert_factors_are_at_zero_on_average_and_below_the_floor_of_all():
    above, estimates = [], []
    for seed in range(1, 41):
        x = drawn(256, seed)
        skewed = np.exp(np.random.default_rng([seed, 7]).standard_normal(len(x)))
        found = of(x, skewed)
        estimates.append(found.estimate.mean())
        above.append((found.estimate > found.floor).any())
        assert not found.above_noise.any()
    assert np.mean(estimates) == pytest.approx(0.0, abs=0.002)
    assert np.mean(above) <= 0.15


def test_what_a_member_fixes_is_not_overrated_for_being_seen_again():
    # Half of the variance goes with the member: eight draws of it say no more than one does.
    members = np.arange(1024) % 128
    estimates, naive = [], []
    for seed in range(1, 11):
        rng = np.random.default_rng(seed)
        x = drawn(seed=seed)
        x[:, :10] = x[:128, :10][members]
        output = rng.standard_normal(128)[members] + rng.standard_normal(1024)
        found = of(x, output, members=members)
        estimates.append(found.estimate[:10].mean())
        naive.append(of(x, output).estimate[:10].mean())
        # Its floor is higher than that of what every draw has anew.
        assert found.floor[:10, 0].min() > found.floor[10:, 0].max()
    assert np.mean(estimates) == pytest.approx(0.0, abs=0.006)
    assert np.mean(naive) > 0.015


def test_factors_that_go_together_are_both_credited():
    x = drawn()
    x[:, 1] = x[:, 0] + 0.1 * x[:, 1]
    found = of(x, x[:, 0])
    assert found.estimate[0, 0] == pytest.approx(1.0, abs=0.01)
    assert found.estimate[1, 0] > 0.9
    assert not found.above_noise[2:].any()


def test_inert_factors_of_a_sobol_sequence_do_not_borrow_from_strong_ones():
    # Among its many dimensions are pairs that seem to go together in a thousand points: the worst
    # here are 1 and 114.
    x = qmc.Sobol(120, scramble=True, rng=np.random.default_rng(1)).random(1024)
    strong = [1, 20, 40, 60, 80, 100]
    output = (x[:, strong] * [3.0, 2.0, 1.0, 1.0, 0.5, 0.5]).sum(axis=1)[:, None]
    names = [f"x{i}" for i in range(120)]
    inert = ~np.isin(np.arange(120), strong)
    naive = measure(names, x, output, 1, resamples=100)
    assert naive.estimate[inert].max() > 0.1
    found = measure(names, x, output, 1, np.arange(1024), resamples=100)
    assert found.estimate[inert].max() < 0.02
    assert not found.above_noise[inert].any()
    known = np.array([9.0, 4.0, 1.0, 1.0, 0.25, 0.25]) / 15.5
    assert found.estimate[~inert, 0] == pytest.approx(known, abs=0.03)


def test_shares_follow_from_ranks_and_from_no_unit():
    x = drawn()
    output = x[:, 0] + x[:, 1] ** 2
    found = of(x, output)
    other = of(np.exp(5.0 * x), 1e9 - 1e7 * output)
    assert other.estimate == pytest.approx(found.estimate, abs=1e-9)
    assert other.floor == pytest.approx(found.floor, abs=1e-9)
    assert found.estimate[0, 0] == pytest.approx(1.0 / 12.0 / (1.0 / 12.0 + 4.0 / 45.0), abs=0.05)


def test_a_factor_of_one_value_or_two_and_an_output_of_one():
    x = drawn()
    x[:, 0] = 3.0
    x[:, 1] = x[:, 1] > 0.5
    found = of(x, np.stack([x[:, 1] + 0.5 * x[:, 2], np.full(len(x), 7.0)], axis=1))
    assert found.estimate[0].tolist() == [0.0, 0.0]
    assert found.estimate[1, 0] == pytest.approx(12.0 / 13.0, abs=0.02)
    assert (found.estimate[:, 1] == 0.0).all()
    assert not found.above_noise[:, 1].any()


def test_what_is_not_whole_is_refused():
    x, output = drawn(), np.ones((1024, 2))
    output[5, 1] = np.nan
    with pytest.raises(SensitivityError, match="draw 5: output 1 is nan"):
        of(x, output)
    x[7, 3] = np.inf
    with pytest.raises(SensitivityError, match="draw 7: factor 3 is inf"):
        of(x, np.ones((1024, 2)))
    with pytest.raises(SensitivityError, match="do not fit"):
        measure(NAMES, x[:, 1:], np.ones((1024, 2)))
    with pytest.raises(SensitivityError, match="60 members are the least"):
        of(drawn(), np.ones((1024, 1)), members=np.arange(1024) % 50)
