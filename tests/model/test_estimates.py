"""Estimates as effects on productivity, and the start at every elasticity of substitution."""

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel, build_population
from jiqun.model.dimensions import FIELDS
from jiqun.model.economy import unit_cost
from jiqun.model.economy.market import competitiveness
from jiqun.model.estimates import Basis, on_productivity
from jiqun.model.start.first_productivity import learned
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

HELD, FREE = "capital and labour", "none"


@pytest.fixture(scope="module")
def scenario():
    return load("without_document_55")


@pytest.fixture(scope="module")
def population(scenario):
    return build_population(scenario.province, scenario.parameters, 1_500, 1)


@pytest.mark.parametrize(
    ("prices", "inputs", "at_three", "at_four"),
    [
        ("own", HELD, 0.06, 0.06),
        ("industry", HELD, 0.09, 0.08),
        ("industry", FREE, 0.03, 0.02),
        ("own", FREE, 0.02, 0.015),
    ],
)
def test_an_estimate_becomes_one_on_productivity_by_what_it_held(prices, inputs, at_three, at_four):
    basis = Basis(prices, inputs)
    assert on_productivity(0.06, basis, 3.0) == pytest.approx(at_three, rel=1e-15)
    assert on_productivity(0.06, basis, 4.0) == pytest.approx(at_four, rel=1e-15)


def test_what_is_not_known_to_be_held_is_refused():
    with pytest.raises(KeyError):
        on_productivity(0.06, Basis("own", "materials"), 4.0)


def test_each_estimate_is_a_parameter_and_moves_with_the_draw_of_sigma(scenario, population):
    names = {row.parameter for row in table("estimates")}
    assert names == {"gamma_RD", "spill_RD", "phi_D", "embodied_gain", "skills_gain"}
    assert names <= set(scenario.parameters)
    three, six = (
        ClusterPolicyModel(scenario.with_draw({"sigma": sigma}, {}), 1, population)
        for sigma in (3.0, 6.0)
    )
    for name in names:
        ratio = three.on_productivity(name) / six.on_productivity(name)
        assert ratio == pytest.approx(1.0 if name == "gamma_RD" else 1.25)


@pytest.mark.parametrize("sigma", [3.0, 6.0])
def test_the_start_is_the_same_equilibrium_at_every_sigma(scenario, population, sigma):
    first, other = (
        ClusterPolicyModel(scenario.with_draw({"sigma": s}, {}), 1, population)
        for s in (scenario.parameters["sigma"], sigma)
    )
    mass = []
    for m in (first, other):
        e, p = m.enterprises, m.parameters
        assert np.ptp(e.productivity) > 0.1
        assert np.ptp(e.unit_cost) > 0.05
        able = competitiveness(e.size_level, e.size_noise, e.productivity, e.appeal, p["sigma"])
        mass.append(able * unit_cost.kept(e.unit_cost, p["cost_passed"], p["sigma"]))
    assert np.allclose(*mass, rtol=1e-12)
    assert np.array_equal(first.markets.outside_mass, other.markets.outside_mass)
    assert np.array_equal(first.enterprises.employees, other.enterprises.employees)


def test_productivity_at_the_start_rises_with_knowledge_and_not_with_size(scenario, population):
    m = ClusterPolicyModel(scenario, 1, population)
    e = m.enterprises
    sales = e.weight * e.expected_revenue
    mean = np.bincount(e.field, sales * e.productivity, len(FIELDS))
    assert np.allclose(mean / sales.sum(), 0.0, atol=1e-12)
    same = np.isclose(e.field, e.field[0])
    order = np.argsort(e.knowledge[same] / e.expected_revenue[same])
    assert np.all(np.diff(e.productivity[same][order]) >= -1e-12)
    larger = learned(7.0 * e.knowledge, 7.0 * e.knowledge_floor, e.field, 7.0 * sales)
    assert np.allclose(larger, learned(e.knowledge, e.knowledge_floor, e.field, sales))


def test_knowledge_adds_to_value_added_from_the_same_inputs(scenario, population):
    without = build_population(
        scenario.province, {**scenario.parameters, "gamma_RD": 0.0}, 1_500, 1
    )
    one, other = population.columns, without.columns
    for name in ("revenue", "employees", "capital", "rd", "high_tech"):
        assert np.array_equal(one[name], other[name]), name
    w = one["weight"] * one["above_scale"]
    assert w @ one["value_added"] == pytest.approx(w @ other["value_added"], rel=1e-9)
    gain = np.log(one["value_added"] / other["value_added"])
    knows = one["knowledge"] > 0.0
    assert gain[knows].mean() > gain[~knows].mean() + 0.05


def test_own_productivity_acts_through_what_is_sold_alone(scenario, population):
    plain, moved = (ClusterPolicyModel(scenario, 1, population) for _ in range(2))
    e, sigma1 = moved.enterprises, scenario.parameters["sigma"] - 1.0
    sales = e.weight * e.expected_revenue
    more = np.where(np.arange(len(e)) % 2, 0.3, 0.0)
    whole = np.maximum(np.bincount(e.field, sales, len(FIELDS)), 1.0)
    mean = np.bincount(e.field, sales * more, len(FIELDS)) / whole
    more -= mean[e.field]
    e.productivity += more
    e.size_level -= sigma1 * more
    for m in (plain, moved):
        m.run_for(1)
    for name in ("revenue", "employees", "cash"):
        one, other = (getattr(m.enterprises, name) for m in (plain, moved))
        assert np.allclose(one, other, rtol=1e-9), name


def test_what_all_sellers_gain_saves_labour(scenario, population):
    m = ClusterPolicyModel(scenario, 1, population)
    m.run_for(4)
    assert np.allclose(m.markets.frontier_level, 4.0 * m.markets.frontier_growth)
    assert m.markets.frontier_level.max() > 0.0
