"""The rules of markets and links: identities at any values, and which way they respond."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jiqun.model.economy import market, network
from jiqun.model.start import first_links
from tests.model.strategies import FIELDS, MONEY, ROWS, flags, real, reals


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
        "links": network.Links.of(supplier, field[supplier], ROWS),
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
    linked = m["links"].number > 0
    supplier = np.flatnonzero(linked | (np.arange(ROWS) == who))
    more = {**m, "links": network.Links.of(supplier, m["field"][supplier], ROWS)}
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
