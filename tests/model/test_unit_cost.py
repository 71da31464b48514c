"""What plant, energy and loans do to price and sales, enterprise by enterprise; banks' supply."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.economy import unit_cost
from jiqun.model.elementary import log
from jiqun.scenarios import load
from tests.model.policy import fork, lacking, run_to, setting

ROWS = 1_200


def test_the_start_is_an_equilibrium_of_enterprises_with_the_plant_they_had(start):
    """Mass less what links carry is the revenue of 2018, whatever plant each has."""
    model = start()
    e, p = model.enterprises, model.parameters
    sigma1 = p["sigma"] - 1.0
    mass = np.exp(e.size_level + e.size_noise + sigma1 * e.productivity)
    mass *= unit_cost.kept(e.unit_cost, p["cost_passed"], p["sigma"])
    assert np.abs(e.unit_cost).max() > 0.05
    unlinked = model.network.links.number == 0
    assert np.allclose(mass[unlinked], 4.0 * e.revenue[unlinked], rtol=1e-9)


def test_plant_lowers_price_raises_sales_and_saves_labour(end_of_2023, older):
    """A tenth more plant: cheaper by its share and how hard it is replaced, who has it alone."""
    one, other = fork(end_of_2023, older), fork(end_of_2023, older)
    e = one.enterprises
    given = np.flatnonzero((e.id % 50 == 0) & e.above_scale & ~e.plant)
    e.capital[given] *= 1.1
    for model in (one, other):
        run_to(model, "market")
    fell = e.unit_cost - other.enterprises.unit_cost
    p = one.parameters
    inside = (other.production.plant_ratio[given] > p["plant_ratio_least"]) & (
        one.production.plant_ratio[given] < p["plant_ratio_most"]
    )
    plant, labour = unit_cost.shares(one)
    steep = (plant + labour) * plant / labour / p["plant_labour_substitution"]
    expected = -steep * log(np.full(1, 1.1))
    assert np.allclose(fell[given][inside], expected[given][inside], rtol=1e-9)
    assert not np.any(np.delete(fell, given))
    more = e.revenue[given] / other.enterprises.revenue[given] - 1.0
    assert np.all(more >= -1e-12)
    assert more[inside].mean() > 0.01
    jobs = unit_cost.labour_per_output(one) / unit_cost.labour_per_output(other)
    assert np.all(jobs[given] <= 1.0)
    assert jobs[given][inside].max() < 1.0


def test_a_surcharge_and_the_price_inside_a_quota_act_alike(end_of_2023, older):
    """The same rise of the price of energy moves unit cost by the same, whoever asks for it."""
    dear = setting(older, "energy_price", rise=0.2)
    one, other = fork(end_of_2023, dear), fork(end_of_2023, older)
    for model in (one, other):
        run_to(model, "market")
    fall = setting(older, "energy_quota", fall=0.1, threshold=1e3)
    limited = fork(end_of_2023, fall)
    run_to(limited, "market")
    by_quota = limited.enterprises.unit_cost - other.enterprises.unit_cost
    held = limited.production.quota_price > 0.0
    assert held.any()
    by_surcharge = one.enterprises.unit_cost - other.enterprises.unit_cost
    rise = np.broadcast_to(limited.production.quota_price, len(held))[held]
    assert np.allclose(by_quota[held] / rise, by_surcharge[held] / 0.2, rtol=1e-6, atol=1e-12)
    assert np.all(one.enterprises.revenue[held] <= other.enterprises.revenue[held] * 1.02)


def test_loans_asked_for_are_granted_at_a_premium_after_the_origin(end_of_2023, older):
    dear = fork(end_of_2023, older)
    dear.parameters["credit_growth"] = -0.2
    cheap = fork(end_of_2023, older)
    for model in (dear, cheap):
        model.run_for(8)
        e = model.enterprises
        assert np.array_equal(e.year_granted, e.year_asked)
        assert model.banks.granted == 1.0
    assert dear.banks.premium > cheap.banks.premium
    assert dear.enterprises.rate.mean() > cheap.enterprises.rate.mean()


def test_losses_beyond_the_usual_cut_what_banks_hold(end_of_2023, older):
    lost, usual = fork(end_of_2023, older), fork(end_of_2023, older)
    lost.banks.lost += 1e9
    for model in (lost, usual):
        run_to(model, "investment and finance")
    response = lost.parameters["loss_response"]
    assert usual.banks.credit - lost.banks.credit == pytest.approx(response * 1e9)


def test_a_line_of_no_limit_and_no_addition_does_next_to_nothing(end_of_2023, older):
    """Its discount alone is left: within a hundredth of a per cent of value added."""
    issued = replace(load("as_issued"), rows=ROWS)
    plain = setting(issued, "cluster_credit_line", limit=0.0, additional=0.0)
    ends = {}
    for name, of in (("with", plain), ("without", lacking(issued, "cluster_credit_line"))):
        model = fork(end_of_2023, of)
        model.run_until_year(2027)
        records = model.records()
        at = (records["outcome"] == "value_added") & (records["level"] == "province")
        ends[name] = records["value"][at & (records["year"] == 2027)][0]
    assert ends["with"] / ends["without"] - 1.0 == pytest.approx(0.0, abs=1e-4)


def test_owners_advance_the_loan_of_a_plant_until_banks_grant_it(end_of_2023, older):
    model = fork(end_of_2023, older)
    run_to(model, "entry")
    loans = model.accounts.bridge_loans.copy()
    new = model.enterprises.plant & (loans > 0.0)
    assert new.any()
    assert not np.any(model.enterprises.debt_long[new])
    # It is drawn in equal parts over the year.
    first = run_to(fork(end_of_2023, older), "investment and finance")
    assert np.allclose(first.enterprises.debt_long[new], loans[new] / 4.0)
    year = fork(end_of_2023, older)
    for left in (3, 2, 1):
        year.run_for(1)
        lives = new & (year.enterprises.weight[: len(new)] > 0.0)
        assert np.allclose(
            year.accounts.bridge_loans[: len(new)][lives], loans[lives] * left / 4.0, atol=1.0
        )
    year.run_for(1)
    assert not year.accounts.bridge_loans.any()
