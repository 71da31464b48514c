"""The pure rules of the submodels: identities at any values, and which way they respond."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jiqun.model.economy import (
    demography,
    energy,
    finance,
    investment,
    market,
    network,
    taxes,
    unit_cost,
)
from jiqun.model.economy.demography import THRESHOLD
from jiqun.model.innovation import digital, innovation, titles
from jiqun.model.policy import rationing
from jiqun.model.randomness import laplace, uniform
from jiqun.model.start import first_links
from jiqun.model.start.population import chosen, truncated_pareto

FIELDS = 16
ROWS = 40


def reals(low, high, rows=ROWS):
    return arrays(np.float64, rows, elements=st.floats(low, high))


def flags(rows=ROWS):
    return arrays(np.bool_, rows)


def real(low, high):
    return st.floats(low, high)


MONEY = reals(0.0, 1e10)

# market ------------------------------------------------------------------------------------------


@st.composite
def markets(draw):
    """Markets of all fields with some enterprises, the first of each field its leader."""
    field = np.concatenate(
        [np.arange(FIELDS), draw(arrays(np.int64, 24, elements=st.integers(0, 15)))]
    )
    mass = draw(reals(1e6, 1e10))
    weight = draw(reals(1.0, 500.0))
    own = np.bincount(field, weight * mass, FIELDS)
    total = draw(reals(1e8, 1e12, FIELDS))
    wanted = np.zeros(ROWS)
    wanted[:FIELDS] = total * draw(reals(0.0, 0.4, FIELDS))
    linked = draw(flags()) & (np.arange(ROWS) >= FIELDS)
    supplier = np.flatnonzero(linked)
    return {
        "mass": mass, "weight": weight, "field": field, "own": own,
        "outside": draw(reals(1e8, 1e13, FIELDS)), "market": total, "wanted": wanted,
        "worth": draw(reals(1e-3, 10.0, FIELDS)),
        "links": network.matrix(supplier, field[supplier], ROWS),
    }  # fmt: skip


def sold(m, mass):
    """Revenue in full adjustment at these masses, and what goes through links by field."""
    own = np.bincount(m["field"], m["weight"] * mass, FIELDS)
    worth = m["worth"] * m["market"] / (own + m["outside"])
    bought, _, linked = network.through_links(
        m["links"], m["weight"] * mass, m["wanted"], worth, m["field"]
    )
    target = market.revenue_target(mass, m["field"], own, m["outside"], m["market"], bought, linked)
    return target, bought, own


@given(markets())
def test_province_and_outside_share_the_whole_market(m):
    target, bought, own = sold(m, m["mass"])
    province = np.bincount(m["field"], m["weight"] * target, FIELDS)
    outside = (m["market"] - bought) * m["outside"] / (own + m["outside"])
    assert np.all(target >= 0.0)
    # So small a number that it has few digits left is no yuan.
    assert np.all(bought <= m["wanted"][:FIELDS] * (1.0 + 1e-12) + 1e-280)
    assert np.allclose(province + outside, m["market"], rtol=1e-12)


@given(markets(), st.integers(0, ROWS - 1), real(1.01, 10.0))
def test_a_better_enterprise_gains_and_its_rivals_lose(m, who, lift):
    better = m["mass"].copy()
    better[who] *= lift
    before, after = sold(m, m["mass"])[0], sold(m, better)[0]
    rivals = (m["field"] == m["field"][who]) & (np.arange(ROWS) != who)
    # A leader's only supplier cannot gain more there than the leader needs.
    assert after[who] > before[who] * (1.0 - 1e-12)
    assert np.all(after[rivals] <= before[rivals] * (1.0 + 1e-12))
    elsewhere = m["field"] != m["field"][who]
    assert np.allclose(after[elsewhere], before[elsewhere], rtol=1e-12)


@given(markets(), st.integers(FIELDS, ROWS - 1))
def test_a_further_link_adds_to_the_supplier_what_others_and_the_outside_lose(m, who):
    linked = m["links"][:, m["field"]].diagonal() > 0.0
    supplier = np.flatnonzero(linked | (np.arange(ROWS) == who))
    more = {**m, "links": network.matrix(supplier, m["field"][supplier], ROWS)}
    (before, less, own), (after, through, _) = sold(m, m["mass"]), sold(more, m["mass"])
    assert after[who] >= before[who] * (1.0 - 1e-12)
    others = np.arange(ROWS) != who
    assert np.all(after[others] <= before[others] * (1.0 + 1e-12))
    bought = m["wanted"][:FIELDS]
    shares = [market.local_share(bought, t, own, m["outside"]) for t in (less, through)]
    assert np.all(shares[1] >= shares[0] - 1e-12)


@given(
    real(0.2, 0.6), reals(1e6, 1e10, FIELDS), reals(0.02, 0.15, FIELDS), reals(0.01, 0.4, FIELDS)
)
def test_purchases_through_links_give_the_local_share_of_the_start(local, sales, share, part):
    whole, bought = sales / share, part * sales
    through = first_links.linked_at_start(local, sales, whole, bought)
    assert np.all((through >= 0.0) & (through <= bought))
    found = market.local_share(bought, through, sales - through, whole - sales)
    assert np.allclose(found, local)


@given(reals(1e6, 1e10), reals(1e3, 1e9), reals(1e-3, 10.0), real(1.0, 5.0))
def test_local_sourcing_rises_with_competitiveness_by_its_odds(mass, wanted, worth, lift):
    def odds(carried):
        part = network.linked_sales(carried, wanted, worth) * carried / wanted
        return part / (1.0 - part)

    assert np.allclose(odds(lift * mass), lift * odds(mass), rtol=1e-4)


@given(reals(0.0, 1.0, 60), st.lists(st.integers(0, 4), min_size=60, max_size=60), real(0.01, 0.99))
def test_even_steps_take_the_expected_number_of_each_group(chance, group, draw):
    group = np.sort(np.array(group))
    taken = first_links.evenly(chance, group, np.full(60, draw))
    for g in range(5):
        assert abs(taken[group == g].sum() - chance[group == g].sum()) <= 1.0 + 1e-9


@pytest.mark.parametrize("draw", [0.0, 1 / 3, 0.5, 2 / 3])
def test_even_steps_that_meet_whole_numbers_are_counted_once(draw):
    """Sums of thirds miss whole numbers by rounding, now above and now below."""
    chance, group = np.full(60, 1 / 3), np.repeat([0, 1, 2], 20)
    taken = first_links.evenly(chance, group, np.full(60, draw))
    assert all(taken[group == g].sum() in (6, 7) for g in range(3))


@given(MONEY, MONEY, reals(0.5, 1.5), real(0.0, 1.0))
def test_revenue_moves_towards_its_target_and_passes_prices_at_once(before, target, growth, speed):
    given_revenue = before.copy()
    after = market.adjust_revenue(before, target, growth, speed)
    assert np.array_equal(before, given_revenue)
    passed = before * growth
    low, high = np.minimum(passed, target), np.maximum(passed, target)
    assert np.all((after >= low - 1e-3) & (after <= high + 1e-3))
    assert np.array_equal(market.adjust_revenue(before, target, growth, 0.0), passed)


def test_wages_are_drawn_back_to_the_labour_share():
    common = {
        "productivity": 0.02, "share_start": 0.34, "employment": 0.0,
        "correction": 0.1, "pass_through": 1.0, "supply": 2.0,
    }  # fmt: skip
    rest = market.wage_growth(labour_share=0.34, **common)
    assert rest == pytest.approx(0.02)
    assert market.wage_growth(labour_share=0.40, **common) < rest
    assert market.wage_growth(labour_share=0.30, **common) > rest
    tight = market.wage_growth(labour_share=0.34, **(common | {"employment": 0.01}))
    assert tight == pytest.approx(rest + 0.01 / 2.0)


# taxes -------------------------------------------------------------------------------------------

RATES = taxes.IncomeTaxRates(
    ordinary=0.25, high_tech=0.15, small_limit=3e6, small_first_limit=1e6, small_first=0.05,
    small_rest=0.10,
)  # fmt: skip
PROFITS = reals(-1e9, 1e9)


@given(PROFITS, MONEY, MONEY, flags(), flags())
def test_income_tax_is_bounded_and_nothing_is_lost(profit, losses, deduction, high_tech, small):
    tax, forgone, carried, _ = taxes.income_tax(profit, losses, deduction, high_tech, small, RATES)
    gross = np.maximum(profit, 0.0)
    rate = np.where(high_tech, RATES.high_tech, RATES.ordinary)
    assert np.all((tax >= 0.0) & (tax <= rate * gross * (1.0 + 1e-12)))
    assert np.all(carried >= -1e-6)
    # What is not set against profit now is carried to later years.
    used = gross - (losses + deduction + np.maximum(-profit, 0.0) - carried)
    assert np.all(used >= -1e-4)
    untaxed, nothing, *_ = taxes.income_tax(profit, losses, np.zeros(ROWS), high_tech, small, RATES)
    assert np.all(nothing == 0.0)
    assert np.allclose(tax + forgone, untaxed, rtol=1e-12, atol=1e-6)


@given(PROFITS, MONEY, flags())
def test_a_deduction_is_worth_nothing_without_profit(profit, deduction, high_tech):
    profit = -np.abs(profit)
    tax, forgone, carried, _ = taxes.income_tax(
        profit, np.zeros(ROWS), deduction, high_tech, np.zeros(ROWS, bool), RATES
    )
    assert not tax.any()
    assert not forgone.any()
    assert np.allclose(carried, deduction - profit)


@given(PROFITS, MONEY, MONEY, flags())
def test_a_deduction_forgoes_at_most_its_rate(profit, losses, deduction, high_tech):
    _, forgone, *_ = taxes.income_tax(
        profit, losses, deduction, high_tech, np.zeros(ROWS, bool), RATES
    )
    rate = np.where(high_tech, RATES.high_tech, RATES.ordinary)
    assert np.all(forgone <= rate * deduction * (1.0 + 1e-9) + 1e-6)
    _, more, *_ = taxes.income_tax(
        profit, losses, 2.0 * deduction, high_tech, np.zeros(ROWS, bool), RATES
    )
    assert np.all(more >= forgone - 1e-6)


@given(st.lists(real(0.0, 1e7), min_size=2, max_size=2).map(sorted), st.booleans())
def test_more_profit_never_means_less_ordinary_tax(profits, high_tech):
    tax, *_ = taxes.income_tax(
        np.array(profits), np.zeros(2), np.zeros(2), np.full(2, high_tech), np.zeros(2, bool), RATES
    )
    assert tax[0] <= tax[1]


def test_small_low_profit_rates_are_by_published_steps():
    # 2 million yuan a year: 1 million at 5 %, the other at 10 %.
    tax, *_ = taxes.income_tax(
        np.array([0.5e6]), np.zeros(1), np.zeros(1), np.zeros(1, bool), np.ones(1, bool), RATES
    )
    assert 4.0 * tax[0] == pytest.approx(0.15e6)


@given(real(0.05, 0.25), real(0.0, 1.0), real(0.01, 1.0), real(0.05, 1.0))
def test_user_cost_of_rd_falls_with_the_deduction(rate, extra, more, usable):
    def cost(share, use):
        return taxes.rd_user_cost(np.array([rate]), share, np.array([use]))[0]

    assert cost(0.0, usable) == pytest.approx(1.0)
    assert cost(extra + more, usable) < cost(extra, usable)
    assert cost(extra + more, usable) <= cost(extra + more, 0.5 * usable)
    # At the lower rate a deduction is worth less.
    low = taxes.rd_user_cost(np.array([0.6 * rate]), extra + more, np.array([usable]))[0]
    assert low > cost(extra + more, usable)


@given(st.lists(MONEY, min_size=11, max_size=11))
def test_value_added_is_the_same_from_both_sides(items):
    books = taxes.Accounts(*items)
    scale = sum(float(item.sum()) for item in items) + 1.0
    assert np.abs(books.value_added - books.income_side).max() < 1e-12 * scale


# finance and investment --------------------------------------------------------------------------


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
        return finance.interest_rate(base, sales, debt, title, 0.012, 0.01, 0.002)

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


# innovation --------------------------------------------------------------------------------------


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


# digital and green -------------------------------------------------------------------------------


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


# demography and titles ---------------------------------------------------------------------------


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
