"""Who is served first where a budget is short."""

import numpy as np
import pytest

from jiqun.model.policy import payments, rationing
from jiqun.model.policy.rationing import ServiceOrder
from tests.model.policy import trial

BUDGET, CLAIM = 3e6, 1e5


@pytest.fixture
def asking(start):
    """A model, and a claim of one sum by each row that stands for one enterprise."""
    model = start()
    model.run_for(1)
    return model, np.where(model.enterprises.weight == 1.0, CLAIM, 0.0)


def served(model, claim, order, name="trial"):
    """Who is served in an order out of a new budget, and who asks and is not."""
    model.province.open_year()
    lever = trial(name=name, budget=BUDGET, budget_first=float(order))
    got = payments.grant(model, lever, claim) > 0.0
    assert 0 < got.sum() < (claim > 0.0).sum()
    return got, (claim > 0.0) & ~got


@pytest.mark.parametrize("order", ServiceOrder)
def test_grants_stay_inside_the_budget_of_the_year(asking, order):
    model, claim = asking
    e, lever = model.enterprises, trial(budget=BUDGET, budget_first=float(order))
    paid = [float(e.weight @ payments.grant(model, lever, claim)) for _ in range(3)]
    assert paid == [pytest.approx(BUDGET), 0.0, 0.0]
    model.province.open_year()
    assert payments.grant(model, lever, claim).any()


# What each order of service puts first, the lowest value first.
RANKED = {
    ServiceOrder.SCORE: lambda e: -e.rd_reported / np.maximum(e.revenue, 1.0),
    ServiceOrder.SMALLEST: lambda e: e.expected_revenue,
    ServiceOrder.LARGEST: lambda e: -e.expected_revenue,
    ServiceOrder.TIER: lambda e: e.tier,
}


@pytest.mark.parametrize("order", RANKED, ids=lambda order: order.name)
def test_an_order_by_what_enterprises_are_serves_the_first_first(asking, order):
    model, claim = asking
    got, refused = served(model, claim, order)
    value = RANKED[order](model.enterprises)
    assert value[got].max() <= value[refused].min()
    assert value[got].mean() < value[refused].mean()


def test_the_order_of_application_is_a_new_lot_for_each_lever_and_quarter(asking):
    model, claim = asking
    got, refused = served(model, claim, ServiceOrder.APPLICATION)
    again, _ = served(model, claim, ServiceOrder.APPLICATION)
    other, _ = served(model, claim, ServiceOrder.APPLICATION, name="another")
    assert np.array_equal(got, again)
    assert not np.array_equal(got, other)
    model.quarter += 1
    later, _ = served(model, claim, ServiceOrder.APPLICATION)
    assert not np.array_equal(got, later)
    # No order by what an enterprise is: some of the served come after some of the refused in each.
    for rank in RANKED.values():
        value = rank(model.enterprises)
        assert value[refused].min() < value[got].max()
        assert value[got].min() < value[refused].max()


def test_even_service_pays_tiers_the_same_as_long_as_they_ask(asking):
    model, claim = asking
    e = model.enterprises
    got, refused = served(model, claim, ServiceOrder.EVEN)
    paid = np.bincount(e.tier[got], claim[got], 5)
    still = np.isin(np.arange(5), e.tier[refused])
    assert still.sum() >= 2
    assert np.ptp(paid[still]) <= CLAIM
    assert np.all(paid[~still] <= paid[still].min() + CLAIM)


def test_every_order_of_service_is_tested():
    assert {*RANKED, ServiceOrder.APPLICATION, ServiceOrder.EVEN} == set(ServiceOrder)


def test_orders_of_service_keep_the_numbers_that_stores_hold():
    stored = ["score", "application", "smallest", "largest", "tier", "even"]
    assert [(order.name.lower(), order.value) for order in ServiceOrder] == [
        (name, number) for number, name in enumerate(stored)
    ]


def test_a_lever_without_an_order_of_service_serves_by_application():
    assert rationing.order_of(trial(budget=1.0), 0) is ServiceOrder.APPLICATION


@pytest.mark.parametrize("wrong", [6.0, -1.0, 2.5])
def test_a_number_that_is_no_order_of_service_is_refused_by_name(asking, wrong):
    model, claim = asking
    said = rf"trial\.budget_first: {wrong:g} is no order of service; allowed: 0 \(score\), 1"
    with pytest.raises(ValueError, match=said):
        payments.grant(model, trial(budget=BUDGET, budget_first=wrong), claim)


def test_even_service_gives_every_group_the_same_sum_while_it_asks():
    group = np.array([0, 0, 0, 1, 1, 2])
    turn = np.array([0.9, 0.1, 0.5, 0.2, 0.7, 0.3])
    yuan = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1.0])
    order = rationing.running_sum(group, turn, yuan)
    assert order.tolist() == [6.0, 2.0, 5.0, 4.0, 9.0, 1.0]
    assert rationing.running_sum(group[:0], turn[:0], yuan[:0]).tolist() == []
