"""Contests that pay nothing and clusters built together: what they bring is bounded, and once."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import TIERS
from jiqun.model.innovation import research, titles
from jiqun.model.policy import eligibility, projects
from jiqun.scenarios import load
from tests.model.policy import ISSUED, changed, fork, having, of_year, run_to

ROWS = 1_200
FREE = ("first_sets", "quality_brand", "service_manufacturing", "design_centres")
ALL = {"take_up_start": 1.0, "take_up_full": 1.0}
# What a choice for service or design brings is nothing at the centre of its range.
BRINGS = {name: {"sales": 4e6} for name in ("service_manufacturing", "design_centres")}


@pytest.fixture(scope="module")
def base(populate):
    """The end of 2023, to be forked."""
    of = replace(load("without_document_55"), rows=ROWS)
    model = ClusterPolicyModel(of, rng=1, population=populate(ROWS))
    model.run_until_year(2023)
    return model


def test_a_product_sells_its_yuan_more_whatever_the_size_of_its_maker():
    revenue = np.array([1e7, 4e7, 1e9, 1e11])
    appeal = projects.product_appeal(1e7, revenue, 3.0)
    gained = revenue * np.expm1(3.0 * appeal)
    assert np.allclose(gained[1:], 1e7)
    assert gained[0] == pytest.approx(projects.LARGEST_PRODUCT * 1e7)
    assert np.all(projects.product_appeal(0.0, revenue, 3.0) == 0.0)


@pytest.mark.parametrize("name", FREE)
def test_nobody_is_chosen_twice_and_the_numbers_are_of_new_ones(base, name):
    lever = changed(ISSUED[name], projects=60.0, **ALL, **BRINGS.get(name, {}))
    model = fork(base, having(base.policy, lever))
    before, number = {}, []
    for _ in range(3):
        spring = run_to(fork(model, model.policy), "programmes")
        e = spring.enterprises
        had = dict(zip(e.id.tolist(), e.chosen[name].tolist(), strict=True))
        new = np.array([had[i] and not before.get(i, False) for i in e.id.tolist()])
        assert all(had[i] for i, was in before.items() if was and i in had)
        assert np.all(e.rd_active[new])
        assert e.weight @ new == pytest.approx(spring.counts.projects_chosen[name])
        number.append(spring.counts.projects_chosen[name])
        before = had
        model.run_until_year(spring.year)
    delivered = 60.0 * model.parameters["delivery_base"]
    # The row on the edge has its place by lot.
    assert np.all(np.abs(np.array(number) - delivered) <= e.weight[e.rd_active].max())


@pytest.mark.parametrize(
    ("name", "sales"),
    [(name, BRINGS.get(name, {}).get("sales")) for name in FREE] + [("design_centres", -4e6)],
)
def test_what_a_contest_brings_is_the_product_once(base, name, sales):
    brings = {} if sales is None else {"sales": sales}
    lever = changed(ISSUED[name], projects=60.0, **ALL, **brings)
    one, other = (fork(base, of) for of in (having(base.policy, lever), base.policy))
    for model in (one, other):
        run_to(model, "programmes")
    e, f = one.enterprises, other.enterprises
    won = e.chosen[name]
    assert won.any()
    more = np.expm1((one.parameters["sigma"] - 1.0) * (e.brand - f.brand)) * f.expected_revenue
    brought = lever.value("sales", 24)
    # A maker too small to sell so much of one product sells a part of what it has more, or less.
    most = np.minimum(abs(brought), projects.LARGEST_PRODUCT * f.expected_revenue)
    assert more[won] == pytest.approx(np.sign(brought) * most[won])
    assert abs(more[won]).max() == pytest.approx(abs(brought))
    assert not np.any(more[~won])
    assert np.array_equal(e.va_rate, f.va_rate)


@pytest.mark.parametrize("name", BRINGS)
def test_a_contest_that_brings_nothing_chooses_nobody(base, name):
    lever = changed(ISSUED[name], projects=60.0, **ALL, sales=0.0)
    model, other = (
        run_to(fork(base, of), "programmes") for of in (having(base.policy, lever), base.policy)
    )
    assert name not in model.counts.projects_chosen
    assert np.array_equal(model.enterprises.brand, other.enterprises.brand)


def test_the_number_chosen_is_an_outcome_and_nil_without_the_lever(base):
    lever = changed(ISSUED["design_centres"], projects=40.0, **ALL, **BRINGS["design_centres"])
    model = fork(base, having(base.policy, lever))
    model.run_until_year(2024)
    e = model.enterprises
    shown = of_year(model, "chosen_design_centres")
    assert shown[2024] == pytest.approx(e.weight @ e.chosen["design_centres"], rel=0.1)
    assert shown[2024] > 0.0
    assert shown[2023] == 0.0
    assert set(of_year(model, "chosen_first_sets").values()) == {0.0}


def test_priority_in_the_ladder_adds_no_champion_to_the_national_quota(base):
    found = []
    for rise in (0.0, 5.0):
        model = fork(base, base.policy)
        e = model.enterprises
        e.champion[:] = NEVER
        e.little_giant[e.above_scale] = model.quarter
        p = {**model.parameters, "champions_per_year": 0.05 * e.weight[e.above_scale].sum()}
        titles.award_titles(e, p, 1, model.quarter, model.year, rise)
        found.append(e.champion > NEVER)
    assert found[0].any()
    assert np.array_equal(*found)


def test_cities_that_build_together_share_research_of_a_field(base):
    lever = changed(ISSUED["co_building"], part=0.2)
    model = run_to(fork(base, having(base.policy, lever)), "investment and finance")
    model.parameters["delivery_base"] = 1.0
    e, real = model.enterprises, np.asarray(model.enterprises.rd)
    own = np.bincount(e.pool, e.weight * real, model.places.number_of_pools)
    taken = research._from_other_cities(model, real, own)
    served = eligibility.eligible(lever, e, lever.start)
    for pool in np.unique(e.pool):
        rows = np.flatnonzero(e.pool == pool)
        elsewhere = served & (e.field == e.field[rows[0]]) & (e.city != e.city[rows[0]])
        usable = min((e.weight * real)[elsewhere].sum(), own[pool])
        wanted = 0.2 * usable if served[rows[0]] else 0.0
        assert taken[pool] == pytest.approx(wanted, rel=1e-9, abs=1e-3)
    alone = [field for field in np.unique(e.field[served])
             if len(np.unique(e.city[served & (e.field == field)])) == 1]  # fmt: skip
    assert alone
    assert taken.max() > 0.0
    assert not np.any(taken[e.pool[np.isin(e.field, alone)]])
    assert not np.any(taken[e.pool[e.tier == TIERS.index("none")]])
