"""What training and titles bring is kept by going on with them, and by whoever had it."""

import numpy as np
import pytest

from jiqun.model.agents.enterprises import Enterprises
from jiqun.model.economy import market, skills, turnover
from jiqun.model.innovation.research import innovate
from jiqun.scenarios import load
from tests.model import test_document_levers as document
from tests.model.policy import ISSUED, changed, fork, having, run_to, setting

base = document.base


def test_staff_is_trained_up_to_places_over_losses_and_forgets():
    trained = np.zeros(1)
    for _ in range(400):
        trained = skills.staff_trained(trained, 0.02, 0.25)
    assert trained == pytest.approx(0.02 / 0.27)
    half = skills.staff_trained(trained, 0.0, 0.25)
    assert half == pytest.approx(trained * (1.0 - 0.25 / 4))
    assert skills.staff_trained(np.ones(1), 5.0, 0.0) == 1.0


def test_productivity_by_training_goes_with_the_trained_staff(base):
    lever = changed(ISSUED["skills_training"], places=0.02)
    one, other = fork(base, having(base.policy, lever)), fork(base, base.policy)
    for model in (one, other):
        run_to(model, "innovation")
    e, gain = one.enterprises, one.on_productivity("skills_gain")
    more = e.productivity - other.enterprises.productivity
    assert np.allclose(more, gain * e.trained, rtol=1e-9, atol=1e-15)
    assert e.trained.max() > 0.0
    # Without further places nothing but the loss of what there is.
    one.policy = base.policy
    before, level = e.trained.copy(), e.productivity.copy()
    usual = other.enterprises.productivity.copy()
    for model in (one, other):
        model.programmes.reach = {}
        innovate(model)
    fell = (e.productivity - level) - (other.enterprises.productivity - usual)
    lost = one.parameters["training_loss"] / 4.0 * before
    assert np.allclose(e.trained, before - lost)
    assert np.allclose(fell, -gain * lost, rtol=1e-9, atol=1e-13)


def test_entrants_have_nothing_of_training_nor_of_the_digital_work_of_others(base, monkeypatch):
    e = base.enterprises
    twin = Enterprises(e.model, e.columns)
    weight, start = e.weight * e.expected_revenue, base.profiles.digital_gain
    usual = turnover.inherited(e, weight, start, 0.2)
    rng = np.random.default_rng(1)
    twin.trained = rng.uniform(0.0, 0.5, len(e))
    more = rng.uniform(0.0, 0.01, len(e))
    twin.digital_gain = e.digital_gain + more
    twin.productivity = e.productivity + 0.2 * twin.trained + more
    assert np.allclose(turnover.inherited(twin, weight, start, 0.2), usual, atol=1e-12)


def test_entrants_of_2019_are_as_good_as_those_of_2018(start):
    model = start()
    e = model.enterprises
    weight = e.weight * e.expected_revenue
    found = turnover.inherited(e, weight, model.profiles.digital_gain, 0.2)
    assert np.allclose(found, 0.0, atol=1e-12)


def test_what_buyers_see_in_a_title_fades_while_banks_go_by_it(base):
    of = base.policy
    for name in ("cluster_recognition", "national_cluster_contest"):
        of = setting(of, name, appeal=0.004, credit=0.001)
    model = fork(base, of)
    known = {i: c.titled_since for i, c in enumerate(model.clusters) if c.titled_since >= 0}
    assert known
    for year in (2025, 2026):
        model.run_until_year(year)
        for i, since in known.items():
            cluster = model.clusters[i]
            if cluster.titled and cluster.titled_since == since:
                years = year - 2024
                kept = (1.0 - model.parameters["brand_decay"]) ** years
                assert model.cluster_terms.appeal[i] == pytest.approx(0.004 * kept)
                assert model.cluster_terms.loan_discount[i] == 0.001


@pytest.mark.parametrize("appeal", [0.01, -0.01])
def test_what_one_gains_by_appeal_others_of_the_field_lose(base, appeal):
    """Of what is gained in the open market the province loses its share of it, the rest outside."""
    e, p = base.enterprises, base.parameters
    rows = np.flatnonzero(e.tier < 3)
    size, noise, tfp = e.size_level, e.size_noise, e.productivity
    moved = e.appeal.copy()
    moved[rows] += appeal
    sales = {}
    for name, seen in (("before", e.appeal), ("after", moved)):
        mass = market.competitiveness(size, noise, tfp, seen, p["sigma"])
        own = np.bincount(e.field, e.weight * mass, 16)
        through = np.zeros(16)
        target = market.revenue_target(
            mass,
            e.field,
            own,
            base.markets.outside_mass,
            base.markets.demand,
            through,
            np.zeros(len(e)),
        )
        outside = (
            base.markets.demand * base.markets.outside_mass / (own + base.markets.outside_mass)
        )
        sales[name] = e.weight * target, outside
    mine, theirs = (after - before for before, after in zip(*sales.values(), strict=True))
    served = np.zeros(len(e), dtype=bool)
    served[rows] = True
    assert np.sign(mine[served].sum()) == np.sign(appeal)
    assert np.sign(mine[~served].sum()) == np.sign(theirs.sum()) == -np.sign(appeal)
    assert mine.sum() + theirs.sum() == pytest.approx(0.0, abs=1e-6 * base.markets.demand.sum())


def test_what_nothing_was_found_of_is_nothing_at_its_centre():
    of = load("as_issued")
    for name, term in (("cluster_recognition", "appeal"), ("sme_platforms", "appeal")):
        assert of.lever(name).value(term, 27) == 0.0
