"""How the published history reaches the province: orders that run on, inputs that grow dearer."""

from dataclasses import replace

import numpy as np
import pytest


def test_demand_of_a_year_carries_on_from_the_one_before(start, scenario):
    carried = 0.6
    model = start(of=scenario.with_draw({"demand_inertia": carried}, {}))
    pace = scenario.province.marginals["value_added_growth"]
    for year in (2019, 2020, 2021):
        demand, market = scenario.outside.growth("demand", year, 1.0), model.markets.demand
        nation = float(np.average(demand, weights=market))
        pace = carried * pace + (1.0 - carried) * nation
        model.step()
        price = 1.0 + scenario.outside.growth("price", year, 1.0)
        grown = model.markets.demand_growth
        assert grown == pytest.approx((1.0 + demand + pace - nation) * price)
        assert np.average(grown / price, weights=market) == pytest.approx(1.0 + pace)
        for _ in range(3):
            model.step()
            assert np.array_equal(model.markets.demand_growth, np.ones(16))


def test_without_inertia_demand_is_that_of_the_year(start, scenario):
    model = start(of=scenario.with_draw({"demand_inertia": 0.0}, {}))
    model.step()
    grown = (1.0 + scenario.outside.growth("demand", 2019, 1.0)) * model.markets.price
    assert model.markets.demand_growth == pytest.approx(grown)


def test_dearer_inputs_cut_margins_and_not_volumes(start, scenario):
    def first_quarter(borne, gap):
        outside = replace(scenario.outside, input_gap=((2019, gap),))
        of = replace(scenario.with_draw({"input_price_borne": borne}, {}), outside=outside)
        model = start(of=of)
        model.step()
        e = model.enterprises
        whole = lambda column: float(np.dot(e.weight, getattr(e, column)))  # noqa: E731
        return whole("value_added"), whole("value_added_real"), whole("profit")

    calm = first_quarter(0.5, 0.0)
    assert first_quarter(0.0, 0.03) == calm
    dear, dearer = first_quarter(0.5, 0.03), first_quarter(0.5, 0.06)
    assert dear[0] < calm[0]
    assert dear[1] == dearer[1] == calm[1]
    assert dearer[2] < dear[2] < calm[2]


def test_pay_follows_prices_at_once(start, scenario):
    outside = replace(
        scenario.outside,
        history={**scenario.outside.history, "price": scenario.outside.history["price"] + 0.05},
    )
    plain, inflated = start(), start(of=replace(scenario, outside=outside))
    wage = plain.labour.wage
    before = plain.markets.demand
    plain.step()
    inflated.step()
    rise = 1.0 + scenario.outside.growth("price", 2019, 1.0)
    weight = before / before.sum()
    apart = np.log(np.dot(weight, rise + 0.05)) - np.log(np.dot(weight, rise))
    assert wage > 0.0
    assert np.log(inflated.labour.wage / plain.labour.wage) == pytest.approx(apart, abs=2e-3)


def test_the_wage_is_anchored_to_the_labour_share_of_the_same_enterprises(start):
    model = start()
    e = model.enterprises
    wages, made = (
        float(np.dot(e.weight, x))
        for x in (e.employees * e.wage * model.labour.wage, 4.0 * e.value_added)
    )
    assert model.labour.share_start == pytest.approx(wages / made)
    above = e.weight * e.above_scale
    paid = float(np.dot(above, e.employees * e.wage)) * model.labour.wage
    share = paid / float(np.dot(above, 4.0 * e.value_added))
    assert share == pytest.approx(model.policy.province.marginals["va_share_wages"], rel=0.01)
