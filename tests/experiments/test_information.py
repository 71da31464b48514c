"""The value of information, on a linear Gaussian choice whose values are known."""

import numpy as np
import pytest
from scipy.stats import norm

from jiqun.experiments.best_use.information import Worth, evpi, evppi, evsi, regress

MEAN, SLOPE, NOISE = -0.5, 1.5, 2.0
DRAWS = 300


def known(deviation, mean=MEAN):
    """Mean of the better of nothing and a gain that is normal, less the better of the means."""
    there = mean / deviation
    return deviation * norm.pdf(there) + mean * norm.cdf(there) - max(mean, 0.0)


def choice(seed, slope=SLOPE, draws=DRAWS):
    rng = np.random.default_rng(seed)
    theta, other = rng.standard_normal((2, draws))
    gain = MEAN + slope * theta + NOISE * rng.standard_normal(draws)
    return np.stack([np.zeros(draws), gain], axis=1), theta[:, None], other[:, None]


@pytest.fixture(scope="module")
def many():
    return [choice(seed) for seed in range(20, 28)]


@pytest.fixture(scope="module")
def regressions(many):
    return [regress(gains, theta) for gains, theta, _ in many]


def test_value_of_a_parameter_is_that_of_theory_within_its_interval(regressions):
    found = [evppi(regression) for regression in regressions]
    truth = known(SLOPE)
    held = [worth.low <= truth <= worth.high for worth in found]
    # They hold at 95 %: of eight one may miss.
    assert sum(held) >= 7
    assert np.mean([worth.value for worth in found]) == pytest.approx(truth, rel=0.1)
    assert all(worth.clear for worth in found)


def test_value_of_a_study_is_that_of_theory_and_grows_to_that_of_the_parameter(regressions):
    spread = 10.0
    sizes = 20, 200, 20_000
    truth = {size: known(SLOPE / np.sqrt(1.0 + spread**2 / size)) for size in sizes}
    held = 0
    for regression in regressions[:4]:
        found = {size: evsi(regression, spread, size) for size in truth}
        assert found[20].value < found[200].value < found[20_000].value
        assert found[20_000].value == pytest.approx(evppi(regression).value, rel=0.1)
        held += sum(worth.low <= truth[size] <= worth.high for size, worth in found.items())
    assert held >= 10


def test_what_tells_nothing_is_worth_no_more_than_chance(many):
    found = [evppi(regress(gains, other)) for gains, _, other in many[:4]]
    assert sum(worth.clear for worth in found) <= 1
    assert np.mean([worth.value for worth in found]) < 0.15 * known(SLOPE)


def test_knowing_everything_is_worth_that_of_theory_within_its_interval(many):
    truth = known(np.hypot(SLOPE, NOISE))
    found = [evpi(gains) for gains, _, _ in many]
    assert sum(worth.low <= truth <= worth.high for worth in found) >= 7


def test_a_bent_response_is_followed():
    rng = np.random.default_rng(1)
    theta = rng.standard_normal(300)
    gain = theta**2 - 1.0 + 0.5 * rng.standard_normal(300)
    gains = np.stack([np.zeros(300), gain], axis=1)
    worth = evppi(regress(gains, theta[:, None]))
    truth = 2.0 * norm.pdf(1.0)  # mean of the positive part of a square less one
    assert worth.low <= truth <= worth.high


def test_a_choice_that_nothing_could_change_is_worth_knowing_nothing_about():
    rng = np.random.default_rng(1)
    theta = rng.standard_normal(100)
    gains = np.stack([np.zeros(100), 50.0 + theta + rng.standard_normal(100)], axis=1)
    worth = evppi(regress(gains, theta[:, None]))
    assert worth.value == pytest.approx(0.0, abs=1e-9)
    assert worth.changes == 0.0
    assert not worth.clear


@pytest.mark.parametrize(
    ("low", "floor", "clear"), [(3.0, 2.0, True), (3.0, 11.0, False), (0.05, 2.0, False)]
)
def test_what_may_be_worth_nothing_is_not_called_worth_knowing(low, floor, clear):
    assert Worth(10.0, low, 20.0, floor).clear is clear
