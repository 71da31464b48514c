"""The rules of R&D and knowledge: bounds, and which way they respond."""

import numpy as np
import pytest
from hypothesis import given

from jiqun.model.innovation import innovation
from jiqun.model.randomness import laplace, uniform
from tests.model.strategies import MONEY, ROWS, real, reals

MANY = np.arange(400_000, dtype=np.int64)


def _shock(chance):
    return innovation.seldom(laplace(1, "level", MANY), uniform(1, "level comes", MANY), chance)


@pytest.mark.parametrize("chance", [0.1, 0.25, 1.0])
@pytest.mark.parametrize("scale", [0.01, 0.025, 0.05, 0.1])
def test_level_noise_keeps_expected_size(scale, chance):
    size = np.exp(innovation.level_noise(_shock(chance), scale, chance))
    assert abs(size.mean() - 1.0) < 4.0 * size.std() / np.sqrt(len(size))


@pytest.mark.parametrize("chance", [0.1, 0.25, 1.0])
def test_seldom_shocks_come_by_their_chance_and_keep_their_variance(chance):
    shock = _shock(chance)
    came = np.mean(shock != 0.0)
    assert abs(came - chance) < 4.0 * np.sqrt(chance * (1.0 - chance) / len(shock)) + 1e-12
    assert shock.var() == pytest.approx(2.0, rel=0.03)


@given(reals(0.0, 0.3), reals(0.0, 0.3), reals(0.7, 1.1), real(0.1, 2.0), real(0.05, 0.9))
def test_rd_closes_part_of_its_gap(now, taste, ratio, elasticity, speed):
    def after(cost):
        return innovation.rd_intensity(now, taste, cost, elasticity, speed)

    wanted = taste * ratio**-elasticity
    assert np.all(np.abs(after(ratio) - wanted) <= np.abs(now - wanted) + 1e-15)
    assert np.all(after(ratio * 1.05) <= after(ratio))
    year = now
    for _ in range(4):
        year = innovation.rd_intensity(year, taste, ratio, elasticity, speed)
    assert np.allclose(wanted - year, (1.0 - speed) * (wanted - now), atol=1e-12)


@given(reals(5e5, 1e11), reals(0.7, 1.1), reals(0.0, 1.0))
def test_starts_of_rd_respond_the_right_way(revenue, ratio, peers):
    def hazard(sales=revenue, cost=ratio, others=peers):
        return innovation.start_hazard(0.11, sales, 0.25, cost, 1.0, others, 0.2)

    assert np.all((hazard() >= 0.0) & (hazard() <= 0.25))
    assert np.all(hazard(sales=2.0 * revenue) >= hazard())
    assert np.all(hazard(cost=1.05 * ratio) <= hazard())
    assert np.all(hazard(others=np.ones(ROWS)) >= hazard())


@given(MONEY, MONEY, real(1.0, 3.0))
def test_holders_report_up_to_a_notch_within_reach_and_no_further(rd, notch, reach):
    holds = np.arange(ROWS) % 2 == 0
    shown = innovation.up_to_notch(rd, notch, holds, reach)
    moved = shown != rd
    assert np.all(shown >= rd)
    assert not np.any(moved & ~holds)
    assert np.all(shown[moved] == notch[moved])
    assert np.all(notch[moved] <= reach * rd[moved])
    short = holds & (rd < notch) & (rd * reach >= notch)
    assert np.array_equal(short, moved)


@given(MONEY, reals(0.0, 0.25), real(0.0, 0.5))
def test_reported_rd_is_real_rd_without_reward(rd, reward, relabel):
    assert np.array_equal(innovation.reported(rd, np.zeros(ROWS), relabel), rd)
    assert np.all(innovation.reported(rd, reward, relabel) >= rd)


@given(MONEY, MONEY, reals(1.0, 1e6))
def test_log_gain_is_finite_and_has_the_sign_of_growth(before, after, floor):
    gain = innovation.log_gain(before, after, floor)
    assert np.all(np.isfinite(gain))
    assert np.all(np.sign(gain) * np.sign(after - before) >= 0.0)


@given(real(1e4, 1e8), real(0.05, 0.3))
def test_knowledge_settles_where_rd_makes_up_decay(rd, decay):
    stock = np.array([4.0 * rd / decay])
    assert np.allclose(innovation.next_knowledge(stock, np.array([rd]), decay), stock)


@given(reals(5e5, 1e11), real(0.05, 0.15), real(0.0, 0.15))
def test_shocks_do_not_grow_with_size(revenue, scale, slope):
    larger = innovation.noise_scale(2.0 * revenue, scale, slope)
    assert np.all(larger <= innovation.noise_scale(revenue, scale, slope))
    assert np.all(larger > 0.0)
