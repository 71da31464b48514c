"""The supply network: a start in equilibrium, links that form and end, and what travels on them."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.dimensions import FIELDS
from jiqun.model.economy import market, network, plans, unit_cost
from jiqun.model.innovation import titles
from jiqun.model.model import POPULATION_SEED
from jiqun.model.quarter import year_end
from tests.model.policy import fork, run_to

N = len(FIELDS)
NAMED = [FIELDS.index(f) for f in ("nev", "ic_display", "appliances", "other_equipment")]


def pairs(model):
    """Links by the ids of supplier and leader."""
    e = model.enterprises
    supplier, leader = model.network.links.ends
    return set(zip(e.id[supplier].tolist(), e.id[leader].tolist(), strict=True))


def trade(model):
    """Target revenue of each row, local share and purchases by field, with nothing changed."""
    e, p = model.enterprises, model.parameters
    mass = market.competitiveness(e.size_level, e.size_noise, e.productivity, e.appeal, p["sigma"])
    mass *= unit_cost.kept(e.unit_cost, p["cost_passed"], p["sigma"])
    own = np.bincount(e.field, e.weight * mass, N)
    wanted = network.needs(e, e.revenue, p["leader_purchases_in_field"])
    worth = model.network.worth * model.markets.demand / (own + model.markets.outside_mass)
    bought, _, linked = network.through_links(
        model.network.links, e.weight * mass, wanted, worth, e.field
    )
    target = market.revenue_target(
        mass, e.field, own, model.markets.outside_mass, model.markets.demand, bought, linked
    )
    purchases = np.bincount(e.field, wanted, N)
    return target, market.local_share(purchases, bought, own, model.markets.outside_mass), purchases


@pytest.mark.parametrize(("rows", "local"), [(1_200, 0.35), (5_000, 0.25), (5_000, 0.5)])
def test_the_start_is_an_equilibrium_of_every_enterprise(scenario, populate, rows, local):
    of = scenario.with_draw({"local_sourcing": local}, {})
    model = ClusterPolicyModel(of, rng=1, population=populate(rows))
    target, share, purchases = trade(model)
    assert np.allclose(target, model.enterprises.revenue, rtol=1e-3)
    buys = purchases > 0.0
    assert np.allclose(model.network.local_share[buys], share[buys], rtol=1e-3)
    if rows > 1_200:  # a field needs suppliers of some size, or it starts lower
        assert np.allclose(share[NAMED], local, rtol=1e-3)
        assert share @ purchases / purchases.sum() == pytest.approx(local, rel=0.03)


def test_about_the_share_of_suppliers_that_is_assumed_has_links(start):
    model = start(rows=12_000)
    e = model.enterprises
    suppliers = e.weight @ (e.role != 2)
    share = e.weight @ (e.role == 1) / suppliers
    assert share == pytest.approx(model.parameters["supporting_share"], abs=0.06)


def test_only_leaders_buy_and_only_others_supply_in_one_field(start):
    model = start()
    for year in (2019, 2021):
        model.run_until_year(year)
        e = model.enterprises
        supplier, leader = model.network.links.ends
        assert len(supplier) > 50
        assert np.all(e.role[leader] == 2)
        assert np.all(e.role[supplier] == 1)
        assert np.array_equal(e.field[supplier], e.field[leader])
        assert len(pairs(model)) == len(model.network.links)
        assert set(np.flatnonzero(e.role == 1)) == set(supplier)


def settled(model, seed, quarters=40):
    """The model with links formed and ended for years, all else as at the start."""
    model = copy.deepcopy(model)
    model.seed_of_run = seed
    for model.quarter in range(quarters):
        network.form_links(model)
    return model


def test_without_matching_as_many_links_form_as_end(start):
    model = start(rows=5_000)
    after = [settled(model, seed) for seed in range(1, 13)]
    assert np.mean([len(m.network.links) for m in after]) == pytest.approx(
        len(model.network.links), rel=0.08
    )
    _, share, purchases = trade(model)
    now = [trade(m)[1] @ purchases / purchases.sum() for m in after]
    assert np.mean(now) == pytest.approx(share @ purchases / purchases.sum(), rel=0.05)
    # Few of the first links last ten years.
    kept = np.mean([len(pairs(m) & pairs(model)) / len(pairs(model)) for m in after])
    assert kept < 0.5


def test_links_end_at_their_rate(start):
    model = start(of=start().policy.with_draw({"link_fitness": 0.0}, {}), rows=12_000)
    first = pairs(model)
    left = pairs(settled(model, 5, quarters=4))
    lasting = (1.0 - model.parameters["link_ending"] / 4.0) ** 4
    error = 4.0 * np.sqrt(lasting * (1.0 - lasting) / len(first))
    # A link that ended may have formed again, but rarely.
    assert len(first & left) / len(first) == pytest.approx(lasting, abs=error)


@pytest.mark.parametrize("what", ["form", "end"])
def test_fit_suppliers_are_preferred(start, what):
    """A better supplier forms more links and keeps them longer, at the cost of the others."""
    model = start(rows=5_000)
    e, p = model.enterprises, model.parameters
    plain = model.network.search
    fit = network.fitness(e, p["link_fitness"]) > 1.0
    assert 0 < fit.sum() < len(e)
    even = network.search(
        e, network.needs(e, e.revenue, p["leader_purchases_in_field"]),
        model.network.needs_ratio_start, {**p, "link_fitness": 0.0},
    )  # fmt: skip
    supplies = (e.role != 2) & (even.sought > 0.0)
    if what == "form":
        assert np.all(plain.sought[supplies & fit] > even.sought[supplies & fit])
        assert np.all(plain.sought[supplies & ~fit] <= even.sought[supplies & ~fit])
        whole = [
            np.bincount(e.field, e.weight * e.revenue * s.sought * (e.role != 2), N).sum()
            for s in (plain, even)
        ]
        assert whole[0] == pytest.approx(whole[1], rel=0.05)
    else:
        assert np.allclose(even.fit[supplies], 1.0)
        assert np.all(plain.fit[supplies & fit] >= 1.0 - 1e-12)
        assert np.all(plain.fit[supplies & ~fit] <= 1.0 + 1e-12)


def test_suppliers_look_nearby(start):
    model = start(rows=12_000)
    e = model.enterprises
    supplier, leader, odds = network.lasting(e, model.network.search, np.arange(len(e)))
    near = e.city[supplier] == e.city[leader]
    odds = odds / model.network.search.fit[supplier] ** 2
    for one in np.unique(leader):
        here, there = odds[(leader == one) & near], odds[(leader == one) & ~near]
        if len(here) and len(there):
            least = 1.0 + model.parameters["link_near"]
            assert here.min() / there.min() == pytest.approx(least)


def test_the_number_of_leaders_makes_no_difference(start):
    """Two leaders of half the size seek as many suppliers as one."""
    model = start(rows=5_000)
    e, p = model.enterprises, model.parameters
    wanted = network.needs(e, e.revenue, p["leader_purchases_in_field"])
    field = FIELDS.index("other_equipment")
    first, second = np.flatnonzero((e.field == field) & (wanted > 0.0))[:2]
    e.city[second] = e.city[first]
    halves = wanted.copy()
    halves[first] = halves[second] = 0.5 * (wanted[first] + wanted[second])
    one = wanted.copy()
    one[first], one[second] = wanted[first] + wanted[second], 0.0
    sought = [
        network.search(e, w, model.network.needs_ratio_start, p).sought for w in (halves, one)
    ]
    assert np.allclose(*sought)


def shuffled(population, seed=3):
    """The same population with its rows in another order."""
    order = np.random.default_rng(seed).permutation(len(population))
    return replace(population, columns={n: a[order] for n, a in population.columns.items()})


def test_the_order_of_rows_carries_no_meaning(scenario, populate):
    one, other = (
        ClusterPolicyModel(scenario, rng=1, population=population)
        for population in (populate(1_200), shuffled(populate(1_200)))
    )
    assert pairs(one) == pairs(other)
    assert np.allclose(one.network.worth, other.network.worth)
    for model in (one, other):
        for model.quarter in range(8):
            network.form_links(model)
    assert pairs(one) == pairs(other)
    assert np.allclose(one.network.local_share, other.network.local_share)


@pytest.mark.slow
def test_local_sourcing_agrees_at_few_and_at_many_rows(scenario, populate):
    means = []
    for rows in (5_000, 20_000):
        found = []
        for seed in range(1, 9):
            model = ClusterPolicyModel(scenario, rng=seed, population=populate(rows))
            model.run_until_year(2022)
            found.append(
                model.network.local_share @ model.network.purchases / model.network.purchases.sum()
            )
        means.append((np.mean(found), np.std(found, ddof=1) / np.sqrt(len(found))))
    (few, error), (many, other) = means
    assert few == pytest.approx(many, abs=3.0 * np.hypot(error, other) + 0.01)


def test_those_that_leave_take_their_links_along(start):
    model = run_to(start(), "innovation")
    e, before = model.enterprises, pairs(model)
    leader = model.network.links.ends[1]
    stays = np.arange(len(e)) != leader[0]
    stays[np.flatnonzero(e.role == 1)[0]] = False
    gone = set(e.id[~stays].tolist())
    e.keep(stays)
    network.drop(model, stays)
    assert pairs(model) == {(s, v) for s, v in before if s not in gone and v not in gone}
    assert len(pairs(model)) < len(before)


def test_entrants_find_leaders_and_new_leaders_find_suppliers(start):
    model = start(rows=12_000)
    rows = len(model.enterprises)
    before = pairs(model)
    run_to(model, "entry")
    e = model.enterprises
    assert before <= pairs(model)
    new = set(e.id[rows:].tolist())
    fresh = pairs(model) - before
    assert all(supplier in new or leader in new for supplier, leader in fresh)
    young = (e.role != 2) & (np.arange(len(e)) >= rows)
    share = e.weight[young] @ (e.role[young] == 1) / e.weight[young].sum()
    assert 0.1 < share < 0.6
    plants = set(e.id[(e.role == 2) & (np.arange(len(e)) >= rows)].tolist())
    assert len({leader for _, leader in fresh} & plants) > 0.5 * len(plants)


def test_what_digital_leaders_ask_travels_along_links(start):
    model = run_to(start(), "market")
    e = model.enterprises
    asked = model.network.digital_demand
    assert asked.min() >= 0.0
    assert asked.max() <= 1.0 + 1e-12
    links = model.network.links
    linked = links.number > 0
    assert np.all(asked[~linked] == 0.0)
    advanced = e.digital_stage >= network.DIGITAL
    supplier, leader = links.ends
    number = np.bincount(supplier, advanced[leader], len(e))
    assert np.all((asked > 0.0) == (number > 0.0))
    every = number == links.number
    assert np.allclose(asked[linked & every], 1.0)


def test_the_demand_of_leaders_raises_what_suppliers_see_in_a_stage(start, monkeypatch):
    seen = []

    def noted(value_added, cost, draw, gain, hurdle, spread):
        seen.append(np.broadcast_to(gain, len(cost)).copy())
        return np.zeros(len(cost), dtype=bool)

    monkeypatch.setattr("jiqun.model.economy.plans.digital.worth_it", noted)
    model = run_to(start(), "costs and taxes")
    for demand in (0.0, 0.5):
        twin = fork(model, model.policy)
        twin.parameters["link_digital_demand"] = demand
        twin.network.digital_demand = np.linspace(0.0, 1.0, len(twin.enterprises))
        plans.digital_stage(twin)
    plain, raised = seen[0], seen[-1]
    gain = model.parameters["digital_perceived"]
    assert np.all(plain == gain)
    assert np.all((raised >= gain) & (raised <= 1.5 * gain))
    assert np.ptp(raised) > 0.2 * gain


def test_the_demand_of_leaders_for_quality_brings_titles_to_their_suppliers(start, monkeypatch):
    model, rises, rule = start(), [], titles.award_titles
    model.run_for(3)
    run_to(model, "exit")
    assert 0.0 < model.network.quality_demand_start < 1.0

    def seen(*given):
        rises.append(np.broadcast_to(given[-1], len(given[0])))
        return rule(*given)

    monkeypatch.setattr("jiqun.model.innovation.titles.award_titles", seen)
    won, more = [], model.network.quality_demand - model.network.quality_demand_start
    for demand in (0.0, 0.5):
        twin = fork(model, model.policy)
        twin.parameters["link_quality_demand"] = demand
        year_end(twin)
        assert np.allclose(rises[-1], demand * more)
        e = twin.enterprises
        new = np.any([getattr(e, name) == 3 for name in ("srdi", "high_tech", "innovative_sme")], 0)
        won.append(set(e.id[new].tolist()))
    plain, raised = won
    asked = set(model.enterprises.id[more > 0.0].tolist())
    assert raised - plain
    assert raised - plain <= asked
    assert not (plain - raised) & asked


def test_first_links_are_those_of_the_population(start):
    """Runs differ in what happens, not in who is linked at the start."""
    assert POPULATION_SEED == 1
    assert pairs(start(seed=1)) == pairs(start(seed=2))
    one, other = start(seed=1), start(seed=2)
    for model in (one, other):
        model.run_for(1)
    assert pairs(one) != pairs(other)
