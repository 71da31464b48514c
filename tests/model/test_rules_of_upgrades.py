"""The rules of digital and green upgrades: bounds, and which way they respond."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jiqun.model.economy import energy
from jiqun.model.innovation import digital
from jiqun.model.policy import rationing
from tests.model.strategies import MONEY, ROWS, flags, real, reals


@given(flags(), reals(1e4, 1e8), reals(1.0, 300.0), reals(0.0, 1.0), real(0.0, 1e10))
def test_providers_never_work_beyond_capacity(wanted, cost, weight, priority, capacity):
    served = rationing.serve(wanted, cost, weight, priority, capacity)
    assert float((weight * cost)[served].sum()) <= capacity * (1.0 + 1e-12)
    assert not np.any(served & ~wanted)
    # Who is refused asked for more than those before it left, and so for more than is left.
    asked = weight * cost
    for row in np.flatnonzero(wanted & ~served):
        before = served & (priority <= priority[row])
        assert asked[before].sum() + asked[row] > capacity * (1.0 - 1e-12)
    enough = float((weight * cost)[wanted].sum()) * (1.0 + 1e-9)
    assert np.array_equal(rationing.serve(wanted, cost, weight, priority, enough), wanted)


@given(
    flags(), reals(1e4, 1e8), reals(1.0, 300.0), reals(0.0, 1.0), real(0.0, 1e10), real(0.0, 1e10)
)  # fmt: skip
def test_more_money_serves_more_but_for_one_claim(wanted, cost, weight, priority, one, other):
    asked = weight * cost
    spent = [
        float(asked[rationing.serve(wanted, cost, weight, priority, sum_)].sum())
        for sum_ in sorted((one, other))
    ]
    assert spent[1] >= spent[0] - asked[wanted].max(initial=0.0) * (1.0 + 1e-9)


def test_one_large_claim_does_not_end_the_queue():
    cost, turn = np.array([3.0, 9.0, 2.0, 8.0, 4.0, 1.0]), np.arange(6.0)
    served = rationing.serve(np.ones(6, bool), cost, np.ones(6), turn, 10.0)
    assert served.tolist() == [True, False, True, False, True, True]


@given(flags(), reals(1e4, 1e8), reals(0.0, 1.0), st.permutations(range(ROWS)))
def test_who_is_served_does_not_depend_on_the_order_of_rows(wanted, cost, priority, order):
    priority = np.arange(ROWS) + 0.5 * priority
    one = np.ones(ROWS)
    served = rationing.serve(wanted, cost, one, priority, 2e8)
    mixed = rationing.serve(wanted[order], cost[order], one, priority[order], 2e8)
    assert np.array_equal(served[order], mixed)


@given(real(0.0, 1.0), real(0.0, 1.0), reals(0.0, 1.0))
def test_peers_raise_the_interest_in_digital_work(external, imitation, peers):
    chance = digital.consideration(external, imitation, peers)
    assert np.all((chance >= 0.0) & (chance <= 0.25))
    assert np.all(digital.consideration(external, imitation, np.ones(ROWS)) >= chance)


@given(reals(1e5, 1e11), st.integers(0, 3))
def test_a_stage_costs_more_for_the_larger_and_the_further(revenue, stage):
    at = np.full(ROWS, stage)
    cost = digital.stage_cost(revenue, at, 1e5, 0.006, 0.75)
    larger = digital.stage_cost(2.0 * revenue, at, 1e5, 0.006, 0.75)
    assert np.all((larger > cost) & (larger < 2.0 * cost))
    assert np.all(digital.stage_cost(revenue, at + 1, 1e5, 0.006, 0.75) > cost)


@given(MONEY, MONEY, reals(-5.0, 5.0), reals(0.0, 1.0))
def test_a_grant_only_wins_enterprises_over(value_added, cost, draw, grant):
    without = digital.worth_it(value_added, cost, draw, 0.03, 0.3, 0.7)
    with_grant = digital.worth_it(value_added, cost * (1.0 - grant), draw, 0.03, 0.3, 0.7)
    assert not np.any(without & ~with_grant)
    assert not np.any(digital.worth_it(0.0 * value_added, cost, draw, 0.03, 0.3, 0.7))


@given(arrays(np.int64, ROWS, elements=st.integers(0, 4)), real(0.0, 0.05), real(0.1, 0.9))
def test_digital_gains_arrive_by_the_year(stage, full, speed):
    gain = np.zeros(ROWS)
    for _ in range(4):
        gain = digital.realised_gain(gain, stage, full, speed)
    assert np.allclose(gain, speed * full * stage / 4.0)
    assert np.all(digital.realised_gain(gain, stage, full, speed) >= gain)


@given(MONEY, MONEY, real(0.5, 2.0), real(0.0, 1.0))
def test_plant_in_place_keeps_its_technique_and_new_plant_takes_that_of_its_price(
    bought, plant, rise, elasticity
):
    now = np.ones(ROWS)
    after = energy.technique(now, bought, plant, rise, elasticity)
    asked = rise**-elasticity
    assert np.array_equal(energy.technique(now, 0.0 * bought, plant, rise, elasticity), now)
    assert np.all((after - now) * (asked - now) >= 0.0)
    assert np.all(np.abs(after - asked) <= np.abs(now - asked) + 1e-12)
    assert np.array_equal(energy.technique(now, bought, plant, 1.0, elasticity), now)


@given(MONEY, MONEY, reals(-5.0, 5.0), real(100.0, 5000.0), real(1.0, 5.0))
def test_dearer_energy_makes_more_upgrades_pay(saved, cost, draw, price, lift):
    def pays(at, at_cost=cost, hurdle=0.7, part=0.0):
        return energy.pays(saved, at_cost, part * at_cost, at, draw, hurdle, 1.4, 0.5)

    assert not np.any(pays(price) & ~pays(lift * price))
    assert not np.any(pays(price, 2.0 * cost) & ~pays(price))
    assert not np.any(pays(price, hurdle=1.0) & ~pays(price))
    assert not np.any(energy.pays(0.0 * saved, cost, 0.0, price, draw, 0.7, 1.4, 0.5))
    # A percent less to pay now counts for 1.4 more saved later; no grant leaves the hurdle alone.
    cheaper = pays(price, part=0.1)
    assert not np.any(pays(price) & ~cheaper)
    assert np.array_equal(cheaper, pays(price, hurdle=0.7 * 0.9**1.4))
    assert np.all(pays(price, part=1.0) | (saved < 1e-9))


@given(reals(0.1, 3.0), real(0.1, 1.0), real(0.0, 2.0))
def test_the_price_of_a_quota_brings_energy_down_to_it(wanted, elasticity, most):
    rise = energy.shadow_price(wanted, np.full(ROWS, elasticity), most)
    assert np.all((rise >= 0.0) & (rise <= most + 1e-12))
    assert np.all(rise[wanted <= 1.0] == 0.0)
    left = wanted * (1.0 + rise) ** -elasticity
    met = (wanted > 1.0) & (rise < most * (1.0 - 1e-9))
    assert np.allclose(left[met], 1.0)
    assert np.all(left[wanted > 1.0] >= 1.0 - 1e-9)


@given(MONEY, st.integers(0, 10))
def test_each_upgrade_is_dearer_than_the_last(saved, made):
    count = np.full(ROWS, made)
    now = energy.upgrade_cost(saved, count, 3350.0, 0.15)
    assert np.all(energy.upgrade_cost(saved, count + 1, 3350.0, 0.15) >= now)
    assert np.array_equal(energy.upgrade_cost(saved, 0 * count, 3350.0, 0.15), saved * 3350.0)
