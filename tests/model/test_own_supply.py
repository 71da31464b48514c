"""A field's price answers to what the province itself supplies of it, after the origin only."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from jiqun.model.dimensions import FIELDS
from jiqun.model.economy.outside import own_supply

N = len(FIELDS)
PV = FIELDS.index("pv_storage")
PRICE = {"supply_price_inverse": 1.0 / 3.0}


def state(share, year=2025, inverse=1.0 / 3.0):
    """A province with one enterprise a field that sells a share of each market of one yuan."""
    share = np.asarray(share, dtype=float)
    return SimpleNamespace(
        enterprises=SimpleNamespace(field=np.arange(N), weight=np.ones(N), revenue=share),
        markets=SimpleNamespace(demand=np.ones(N), outside_share=np.full(N, 0.9)),
        year=year,
        policy=SimpleNamespace(outside=SimpleNamespace(origin=2023)),
        parameters={"supply_price_inverse": inverse, "left_to_others_least": 0.05},
    )


def test_a_larger_share_lowers_the_price_as_the_price_index_of_ces_demand():
    sigma, own, others = 4.0, 0.1, 0.9
    more = 2.0 * own
    index = ((more + others) / (own + others)) ** (-1.0 / (sigma - 1.0))
    share = np.full(N, more / (more + others))
    assert own_supply(state(share)) == pytest.approx(np.full(N, index))


def test_price_answers_in_proportion_to_share_and_to_the_inverse_elasticity():
    def fall(rise, inverse=1.0 / 3.0):
        return -np.log(own_supply(state(np.full(N, 0.1 + rise), inverse=inverse)))[0]

    assert fall(0.02) == pytest.approx(2.0 * fall(0.01), rel=0.02)
    assert fall(0.01, 0.6) == pytest.approx(2.0 * fall(0.01, 0.3))
    assert fall(0.01) == pytest.approx(0.01 / 0.9 / 3.0, rel=0.02)
    assert fall(-0.01) < 0.0 < fall(0.01)
    assert fall(0.05, 0.0) == 0.0
    # Others keep something of any market.
    assert np.isfinite(fall(5.0))


def test_a_field_that_supplies_nothing_moves_no_price():
    model = state(np.zeros(N))
    model.markets.outside_share = np.ones(N)
    assert (own_supply(model) == 1.0).all()


@pytest.mark.parametrize("year", [2019, 2023, 2024])
def test_prices_are_those_published_until_sales_after_the_origin_are_known(year):
    model = state(np.full(N, 0.3), year)
    assert (own_supply(model) == 1.0).all()
    model.year = 2025
    assert (own_supply(model) == 1.0).all(), "the share at the origin is where it counts from"


def test_steps_of_years_add_up_whatever_the_way_between():
    model, price = state(np.full(N, 0.1)), np.ones(N)
    for share in (0.12, 0.3, 0.2):
        model.enterprises.revenue = np.full(N, share)
        price *= own_supply(model)
    assert price == pytest.approx(own_supply(state(np.full(N, 0.2))))


def test_history_is_untouched_and_a_glut_lowers_price_and_margin_of_its_field(start, scenario):
    """Demand for PV is held so that the province's share rises; origin 2020, glut in 2021."""
    outside = replace(scenario.outside, origin=2020)
    of = replace(scenario, outside=outside).with_draw(PRICE, {})
    off = of.with_draw({"supply_price_inverse": 0.0}, {})
    one, other = start(of=of), start(of=off)
    for _ in range(12):
        for model in (one, other):
            model.step()
        assert (one.markets.price == other.markets.price).all()
        assert one.enterprises.profit.tobytes() == other.enterprises.profit.tobytes()
    in_pv = one.enterprises.field == PV
    for model in (one, other):
        model.enterprises.revenue[in_pv] *= 1.3
        model.step()
    share = 1.0 - one.markets.outside_share[PV]
    assert one.markets.price[PV] < other.markets.price[PV]
    answer = one.markets.price[PV] / other.markets.price[PV]
    assert one.markets.input_price[PV] == pytest.approx(other.markets.input_price[PV] / answer)
    assert share > 0.05
    assert one.markets.demand[PV] == other.markets.demand[PV], "markets are given in yuan"
    rows = one.enterprises.field == PV
    w = one.enterprises.weight[rows]
    worth, plain = (
        np.dot(w, m.enterprises.value_added[rows]) / np.dot(w, m.enterprises.revenue[rows])
        for m in (one, other)
    )
    assert worth < plain
    assert one.counts.residual < 1e-9
