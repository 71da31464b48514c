"""The rules of finance and investment: bounds, and which way they respond."""

import numpy as np
import pytest
from hypothesis import given

from jiqun.model.economy import finance, investment, market, unit_cost
from tests.model.strategies import MONEY, ROWS, flags, real, reals


@given(real(1.0, 1e12), real(-1e12, 1e12))
def test_rationing_grants_no_more_than_there_is(demand, supply):
    share = finance.ration(demand, supply)
    assert 0.0 <= share <= 1.0
    # A millionth of a millionth of a yuan aside: numbers next to zero lose their digits.
    assert share * demand <= max(supply, 0.0) * (1.0 + 1e-12) + 1e-12 or share == 1.0
    assert finance.ration(demand, max(supply, demand)) == 1.0
    assert finance.ration(demand, supply + 1e9) >= share


def test_nothing_asked_of_overdrawn_banks_is_no_error():
    assert 0.0 <= finance.ration(0.0, -1.0) <= 1.0


@given(MONEY, reals(-1e10, 1e10))
def test_no_more_is_asked_than_the_limit_leaves(wanted, room):
    asked = finance.within_limit(wanted, room)
    assert np.all(asked >= 0.0)
    assert np.all(asked <= np.maximum(room, 0.0))
    assert np.all(asked <= wanted)
    assert np.all(finance.within_limit(wanted, room + 1e9) >= asked)


@given(reals(0.0, 1e9), reals(0.0, 1e9), flags(), real(1.0, 5.0))
def test_what_plant_cuts_off_is_sold_by_others(wanted, most, one, scale):
    """No more is sold than is asked for in the field, nor by anybody than plant can make."""
    field, weight = one.astype(np.int64), np.ones(ROWS)
    demand = scale * np.bincount(field, wanted, 2)
    sold = market.sold(wanted, most, weight, field, demand)
    assert np.all(sold <= most)
    assert np.all(sold >= np.minimum(wanted, most) * (1.0 - 1e-12))
    total = np.bincount(field, sold, 2)
    assert np.all(total <= np.bincount(field, wanted, 2) * (1.0 + 1e-12) + 1e-6)
    alone = market.sold(wanted, np.full(ROWS, np.inf), weight, field, demand)
    assert np.array_equal(alone, wanted)


@given(reals(0.6, 1.6), real(0.25, 0.7))
def test_plant_lowers_cost_and_the_harder_it_is_replaced_the_more(ratio, elasticity):
    plant, labour = np.full(ROWS, 0.06), np.full(ROWS, 0.08)
    cost = unit_cost.of_plant(ratio, plant, labour, elasticity)
    assert np.all((cost <= 0.0) == (ratio >= 1.0))
    assert np.all(unit_cost.of_plant(ratio + 0.1, plant, labour, elasticity) < cost)
    assert np.all(np.abs(unit_cost.of_plant(ratio, plant, labour, 1.0)) <= np.abs(cost))
    assert np.array_equal(unit_cost.kept(cost, 0.0, 4.0), np.ones(ROWS))
    assert np.all((unit_cost.kept(cost, 0.7, 4.0) >= 1.0) == (cost <= 0.0))


@given(MONEY, reals(-1e9, 1e9), MONEY)
def test_each_term_widens_the_borrowing_limit(capital, profit, knowledge):
    assets = (capital, profit, knowledge)
    base = finance.borrowing_limit(*assets, 0.6, 1.5, 0.1)
    assert np.all(base >= 0.0)
    for term in range(3):
        wide = [0.6, 1.5, 0.1]
        wide[term] *= 2.0
        assert np.all(finance.borrowing_limit(*assets, *wide) >= base)


@given(real(0.02, 0.08), reals(0.0, 2.0), reals(1e6, 1e11), flags())
def test_the_rate_falls_with_size_and_title_and_rises_with_debt(base, leverage, revenue, titled):
    def rate(sales=revenue, debt=leverage, title=titled):
        return finance.interest_rate(
            base, finance.smallness(sales), debt, title, 0.012, 0.01, 0.002
        )

    assert np.all((rate() >= 0.01) & (rate() <= 0.15))
    assert np.all(rate(sales=2.0 * revenue) <= rate())
    assert np.all(rate(debt=leverage + 0.1) >= rate())
    assert np.all(rate(title=np.ones(ROWS, bool)) <= rate(title=np.zeros(ROWS, bool)))


@given(reals(1.0, 1e10), reals(0.0, 2e10), reals(0.0, 1.0), reals(0.0, 1.0), reals(0.0, 1.0))
def test_plans_fill_the_gap_or_keep_up_never_more(capital, wanted, review, threshold, upkeep):
    kept, lump = investment.plan(
        capital, wanted, review, threshold, upkeep, 0.09, 0.25, (0.05, 0.35), 0.25
    )
    gap = np.maximum(wanted - capital, 0.0)
    assert np.all((kept >= 0.0) & (lump >= 0.0))
    assert np.all(kept + lump <= gap * (1.0 + 1e-12))
    assert not np.any((kept > 0.0) & (lump > 0.0))
    assert np.all((lump == 0.0) | (lump == wanted - capital))
    # A gap under the lowest trigger is never worth the fixed cost.
    assert not np.any(lump[gap <= 0.05 * capital])


def test_a_wider_gap_is_filled_more_often():
    n = 4000
    capital, draw = np.full(n, 100.0), (np.arange(n) + 0.5) / n
    spread = np.random.default_rng(1).permutation(draw)
    spikes = [
        np.mean(
            investment.plan(
                capital, np.full(n, want), draw, spread, draw, 0.09, 0.25, (0.05, 0.35), 0.25
            )[1]
            > 0.0
        )
        for want in (100.0, 115.0, 130.0, 200.0)
    ]
    assert spikes[0] == 0.0
    assert spikes == sorted(set(spikes))


@given(real(0.5, 2.0), real(0.1, 2.0))
def test_dearer_equipment_means_less_wanted_capital(price, elasticity):
    def wanted(at):
        return investment.wanted_capital(np.array([0.45]), np.array([1e8]), at, elasticity)[0]

    assert wanted(1.0) == pytest.approx(0.45e8)
    assert wanted(1.1 * price) < wanted(price)


@given(MONEY, reals(1.0, 1e10), real(0.0, 0.1))
def test_new_plant_raises_productivity_within_its_bound(spent, capital, gain):
    rise = investment.embodied_gain(spent, capital, gain)
    assert np.all((rise >= 0.0) & (rise <= gain))
    assert np.all(investment.embodied_gain(2.0 * spent, capital, gain) >= rise)
