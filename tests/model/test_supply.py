"""Supply through links: a supplier's failure reaches its customers, is made up for, and fades."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import Role
from jiqun.model.economy import demography, network, supply, turnover

LEADER = Role.CHAIN_LEADER
QUARTER = 9
"""Quarter at whose end a supplier fails."""


def within(model):
    """Part of the sales asked for that each enterprise has the inputs for, shape (rows,)."""
    rows, part = supply.within_supply(model)
    found = np.ones(len(model.enterprises))
    found[rows] = part
    return found


def largest_part(model):
    """Row of the supplier with the largest part of one leader's needs, row of the leader, part."""
    e = model.enterprises
    rows = np.flatnonzero((e.role == 1) & (e.weight > 0.0))
    at, leader, part = model.network.orders.parts(model.network.links, rows)
    first = int(np.argmax(part * (e.input_shortfall[leader] < 0.02)))
    return int(rows[at[first]]), int(leader[first]), float(part[first])


@pytest.fixture(scope="module")
def before(scenario, populate):
    """The province at the end of the quarter before."""
    model = ClusterPolicyModel(scenario, rng=1, population=populate(scenario.rows))
    model.run_through(QUARTER - 1)
    return model


@pytest.fixture(scope="module")
def hit(before):
    """Ids of a supplier and its customer, the part of the customer's needs it delivers, and of the
    market of its field that it sells."""
    model = before.branch(before.policy)
    model.run_for(1)
    supplier, leader, part = largest_part(model)
    e = model.enterprises
    sells = e.weight[supplier] * e.revenue[supplier] / model.markets.demand[e.field[supplier]]
    return int(e.id[supplier]), int(e.id[leader]), part, float(sells)


@pytest.fixture
def lost(before, hit, monkeypatch):
    """Log of the customer's sales over those without the failure, by quarter from it on."""
    rule = demography.closing

    def sales(victim, quarters, changed):
        model, found = before.branch(before.policy), []
        model.parameters = {**model.parameters, **changed}

        def closing(*given):
            certain = (model.enterprises.id == victim) & (model.quarter == QUARTER)
            return np.union1d(rule(*given), np.flatnonzero(certain))

        monkeypatch.setattr(turnover.demography, "closing", closing)
        for _ in range(quarters):
            model.run_for(1)
            assert model.counts.residual < 1e-9
            e = model.enterprises
            found.append(float(e.revenue[e.id == hit[1]].item()))
        return np.array(found)

    def compare(quarters=2, **changed):
        failed, not_failed = (sales(victim, quarters, changed) for victim in (hit[0], None))
        return np.log(failed / not_failed)

    return compare


def test_a_failure_reaches_the_customer_and_fades(before, lost, hit):
    assert hit[2] > 0.1
    loss, p = lost(quarters=16), before.parameters
    assert loss[0] == 0.0
    first = p["link_specific"] * hit[2] * (1.0 - p["input_stock"] / supply.WEEKS)
    assert loss[1] == pytest.approx(np.log1p(-first), rel=0.25)
    assert np.min(loss) > 3.0 * np.log1p(-first)
    assert abs(loss[-1]) < 0.1 * abs(loss.min())


def test_more_specific_inputs_cost_more_and_none_cost_nothing(lost, hit):
    none, half, twice = (lost(link_specific=share)[1] for share in (0.0, 0.4, 0.8))
    # Its customer sells in the same field: it has no more than its part of what buyers of the
    # failed supplier turn to others for.
    assert 0.0 <= np.expm1(none) <= hit[3] / (1.0 - hit[3])
    assert np.expm1(twice) == pytest.approx(2.0 * np.expm1(half), rel=0.1)
    assert half < -0.02


def test_stocks_and_others_found_soften_it(lost):
    usual = lost(quarters=5)
    assert usual[1] < lost(input_stock=6.0)[1] < 0.0
    others = lost(quarters=5, link_substitution=0.9)
    assert usual[2:].sum() < others[2:].sum() < 0.0


def test_only_leaders_with_links_are_held_down(start):
    model = start(rows=2_500)
    seen = 0
    for quarter in range(12):
        model.run_through(quarter)
        e = model.enterprises
        part = within(model)
        assert np.all((part >= 1.0 - model.parameters["link_specific"]) & (part <= 1.0))
        assert np.all(part[e.role != LEADER] == 1.0)
        assert np.all((e.input_shortfall >= 0.0) & (e.input_shortfall <= 1.0))
        assert np.all(e.input_cover >= 0.0)
        assert np.all((e.orders_filled >= 0.0) & (e.orders_filled <= 1.0))
        seen += int((part < 1.0).sum())
    assert seen > 0


def test_nothing_is_missing_at_the_start(start):
    model = start()
    for name in ("input_shortfall", "input_cover", "orders_filled"):
        assert not getattr(model.enterprises, name).any()
    assert np.all(within(model) == 1.0)


def test_in_its_first_quarter_those_who_are_short_sell_less_and_others_of_the_field_a_part(start):
    of = start().policy
    runs = [start(of=of.with_draw({"link_specific": share}, {})) for share in (0.0, 0.5)]
    for model in runs:
        model.run_through(0)
    short = within(runs[1]) < 1.0
    for model in runs:
        model.run_through(1)
    one, other = (model.enterprises.revenue for model in runs)
    assert short.any()
    assert np.all(other[short] <= one[short])
    e = runs[1].enterprises
    lost = np.bincount(e.field[short], (e.weight * (one - other))[short], network.N)
    assert np.any(lost > 0.0)
    # Buyers turn to others of the field, in proportion and here and outside; who is full sells none
    # of it, and in other fields nobody does.
    rest = np.flatnonzero(~short & (e.weight > 0.0))
    field, more = e.field[rest], other[rest] / one[rest] - 1.0
    assert np.array_equal(one[rest][lost[field] == 0.0], other[rest][lost[field] == 0.0])
    won = np.bincount(field, e.weight[rest] * more * one[rest], network.N)
    assert np.all((won >= 0.0) & (won <= lost))
    assert won.sum() > 0.0
    most = np.zeros(network.N)
    np.maximum.at(most, field, more)
    assert np.all(more >= 0.0)
    assert np.mean(np.isclose(more, most[field], rtol=1e-6, atol=1e-14)) > 0.9


def deliver(model, filled):
    """A quarter in which suppliers fill this part of their orders, and nobody leaves."""
    e = model.enterprises
    asked = np.where(e.revenue > 0.0, e.revenue / filled, 1.0)
    supply.deliver(model, asked)


def test_who_never_delivered_more_is_not_missed(start):
    model = start()
    model.run_for(1)
    e = model.enterprises
    for name in ("input_shortfall", "input_cover", "orders_filled"):
        getattr(e, name)[:] = 0.0
    for _ in range(4):
        deliver(model, 0.6)  # at the ceiling since it began
    assert e.input_shortfall.max() < 1e-12
    deliver(model, 0.3)
    _, leader, part = model.network.orders.parts(model.network.links, np.flatnonzero(e.weight))
    assert np.allclose(e.input_shortfall, 0.3 * np.bincount(leader, part, len(e)))
    deliver(model, 0.6)  # what is filled again is missed no longer
    assert e.input_shortfall.max() < 1e-12
    assert e.input_cover.max() < 1e-12


def test_plant_that_is_lost_reaches_the_customer(start):
    """A supplier that loses plant fills less of its orders, and its customer is short of that."""
    model = start(rows=2_500)
    model.run_through(QUARTER)
    supplier, leader, part = largest_part(model)
    twin = model.branch(model.policy)
    twin.enterprises.capital[supplier] *= 0.3
    for one in (model, twin):
        one.run_for(1)
    short = [m.enterprises.input_shortfall[leader] for m in (model, twin)]
    filled = twin.enterprises.orders_filled[supplier]
    assert filled < 0.7
    assert short[1] - short[0] == pytest.approx(part * (1.0 - filled), rel=0.3)
    assert within(twin)[leader] < within(model)[leader]
    elsewhere = model.enterprises.field != model.enterprises.field[supplier]
    misses = [m.enterprises.input_shortfall[elsewhere] for m in (model, twin)]
    assert np.allclose(*misses, atol=1e-3)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=8),
    st.floats(0.0, 0.5),
    st.floats(0.3, 0.9),
)
def test_stocks_cover_no_more_than_is_missed(falls, stock, substitution):
    fall = np.array(falls)
    cover = supply.covered(fall, stock, substitution)
    missed = np.maximum(fall, 0.0) / substitution  # until it is replaced, quarters of deliveries
    assert np.all((cover >= 0.0) & (cover <= missed) & (cover <= stock))
    assert np.all(cover[missed <= stock] == missed[missed <= stock])
