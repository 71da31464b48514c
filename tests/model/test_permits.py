"""Limits on new plant: projects are refused, entrants' among them, and what stands is kept up."""

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.dimensions import FIELDS
from jiqun.model.economy import energy
from jiqun.model.policy import eligibility, permits
from jiqun.scenarios import load
from tests.model.policy import ISSUED, changed, fork, having, lacking, of_year, run_to, stage

SEEDS = (1, 2, 3)
EQUIPMENT = "price_of_equipment"
HALF = {
    "energy_heavy_limits": changed(ISSUED["energy_heavy_limits"], share=0.5),
    "land_by_performance": changed(ISSUED["land_by_performance"], share=0.5),
}


@pytest.fixture(scope="module")
def at_2023(populate):
    """Seed to the end of 2023."""
    made = {}

    def run(seed, rows=1_200):
        if seed not in made:
            of = load("without_document_55")
            made[seed] = ClusterPolicyModel(of, rng=seed, population=populate(rows))
            made[seed].run_until_year(2023)
        return made[seed]

    return run


def fork_pair(base, lever, *, money=True):
    """With the limit, and without it; where money is no matter, loans are there for all."""
    found = []
    for of in (having(base.policy, lever), base.policy):
        model = fork(base, of)
        model.parameters = {**model.parameters, "delivery_base": 1.0}
        if not money:
            # Nor is what they cost: who is refused borrows less, which makes loans cheaper.
            model.parameters |= {"limit_capital": 1e3, "limit_profit": 0.0}
            model.parameters["interest_elasticity"] = 0.0
            model.banks.credit = 1e16
        found.append(model)
    return found


def refused_in_both(one, other):
    """Rows of those refused that are in both runs, and their weights."""
    e, f = one.enterprises, other.enterprises
    _, i, j = np.intersect1d(e.id, f.id, return_indices=True)
    held = e.plant_limit[i] > 0.0
    return i[held], j[held], e.weight[i[held]]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", HALF)
def test_what_stands_is_kept_up_no_worse_than_without_the_limit(at_2023, name, seed):
    one, other = fork_pair(at_2023(seed), HALF[name])
    for year in (2024, 2025, 2026):
        for model in (one, other):
            model.run_until_year(year)
        i, j, w = refused_in_both(one, other)
        standing = one.enterprises.plant_limit[i]
        assert w @ standing > 0.0
        lost, also = (
            w @ np.maximum(standing - model.enterprises.capital[rows], 0.0)
            for model, rows in ((one, i), (other, j))
        )
        assert lost <= also
        assert np.all(one.enterprises.capital[i] <= standing * (1.0 + 1e-9))
    assert min(of_year(one, "refused_projects")[year] for year in (2024, 2025, 2026)) > 0.0
    assert one.counts.residual < 1e-9


def run_year_at_the_same_sales(one, other):
    """A year of both runs; who is in both plans for what it sells without the limit.

    Plant that is refused cuts what is sold, by its owner and by others: other plans, of which a
    trigger makes lumps, are no part of what was refused.
    """
    e, f = one.enterprises, other.enterprises
    for _ in range(4):
        for model in (one, other):
            run_to(model, "costs and taxes")
        _, i, j = np.intersect1d(e.id, f.id, return_indices=True)
        e.expected_revenue[i] = f.expected_revenue[j]
        one.markets.two_year_growth = other.markets.two_year_growth
        for model in (one, other):
            for name in ("investment and finance", "innovation", "exit"):
                stage(name)(model)


@pytest.mark.parametrize("seed", SEEDS)
def test_where_money_is_no_matter_the_gap_is_the_projects_refused(at_2023, seed):
    one, other = fork_pair(at_2023(seed), HALF["energy_heavy_limits"], money=False)
    # Projects that a grant alone would bring are not counted.
    for model in (one, other):
        model.policy = lacking(model.policy, *(x.id for x in model.policy.levers_of(EQUIPMENT)))
    run_year_at_the_same_sales(one, other)
    i, j, w = refused_in_both(one, other)
    stands = w > 0.0
    gap = (other.enterprises.capital[j] - one.enterprises.capital[i])[stands]
    refused = one.enterprises.plant_refused[i[stands]]
    assert refused.max() > 0.0
    assert gap == pytest.approx(refused, rel=1e-6, abs=1e-6 * refused.max())


@pytest.mark.parametrize("seed", SEEDS)
def test_entrants_above_the_intensity_alone_are_refused_and_counted(at_2023, seed):
    lever = changed(HALF["energy_heavy_limits"], share=1.0, intensity=1e-4)
    one, other = (run_to(m, "entry") for m in fork_pair(at_2023(seed), lever))
    f = other.enterprises
    missing = ~np.isin(f.id, one.enterprises.id)
    entrant = ~np.isin(f.id, at_2023(seed).enterprises.id)
    heavy = (f.field == FIELDS.index("other_materials")) & (energy.per_value_added(f) > 1e-4)
    assert np.array_equal(missing, entrant & heavy)
    assert missing.any()
    assert one.counts.refused_projects == pytest.approx(f.weight[missing].sum())
    assert one.counts.refused_plant == pytest.approx(f.weight[missing] @ f.capital[missing])


def test_land_by_performance_refuses_no_entrant(at_2023):
    one, other = (run_to(m, "entry") for m in fork_pair(at_2023(1), HALF["land_by_performance"]))
    assert np.array_equal(one.enterprises.id, other.enterprises.id)
    assert one.counts.refused_projects == 0.0


def test_only_the_energy_heavy_are_refused(at_2023):
    lever = changed(HALF["energy_heavy_limits"], share=1.0, intensity=1.5e-4)
    model = run_to(fork_pair(at_2023(1), lever)[0], "costs and taxes")
    named = eligibility.eligible(lever, model.enterprises, lever.start)
    heavy = energy.per_value_added(model.enterprises) > 1.5e-4
    assert np.array_equal(permits.restricted(model), named & heavy)
    assert np.any(named & ~heavy)


def test_replacement_goes_on_and_nothing_goes_beyond_the_limit():
    capital, limit = np.array([100.0, 100.0, 80.0, 80.0]), np.full(4, 100.0)
    upkeep, lump = np.array([0.0, 1.0, 0.0, 5.0]), np.array([0.0, 0.0, 40.0, 0.0])
    kept, bought = permits.capped_plan(upkeep, lump, capital, limit, 0.08)
    after = 0.98 * capital + kept + bought
    assert after == pytest.approx([100.0, 100.0, 100.0, 83.4])
    assert kept == pytest.approx(upkeep)


def test_entry_without_a_limit_asks_nobody(at_2023, monkeypatch):
    model = fork(at_2023(1), at_2023(1).policy)
    monkeypatch.setattr("jiqun.model.policy.permits.refuse", lambda *_: pytest.fail("asked"))
    run_to(model, "entry")
    assert model.counts.refused_projects == 0.0
