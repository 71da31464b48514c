"""Mechanisms that can be switched off: what feeds one moves nothing where it is off."""

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import NEVER
from jiqun.model.calendar import quarter_index
from jiqun.model.economy import finance, investment
from jiqun.model.innovation import innovation
from jiqun.scenarios import load
from jiqun.scenarios.structure import switches
from tests.model.policy import fork, lacking, of_year, setting

BEFORE, YEAR = quarter_index(2024, 4), 2026


def peers_do_all(model, patch):
    patch.setattr(
        ClusterPolicyModel, "peer_share", lambda self, doing: np.ones(len(self.enterprises))
    )


def others_know_more(model, patch):
    model.innovation.pool_knowledge = 3.0 * model.innovation.pool_knowledge


def links_are_worth_more(model, patch):
    model.network.worth = 2.0 * model.network.worth


def audits_are_many(model, patch):
    model.policy = setting(model.policy, "rd_audit", rate=0.9)


def support_leaves_prices_high(model, patch):
    patch.setattr(innovation, "LEAST_COST", 3.0)
    patch.setattr(investment, "LEAST_PRICE", 3.0)


def banks_hold_less(model, patch):
    model.banks.credit *= 0.6  # less than is asked for


def providers_stay_few(model, patch):
    model.policy = lacking(model.policy, "digital_capacity")


def all_but_the_titled_have_titles(model, patch):
    rate = finance.interest_rate
    patch.setattr(
        finance,
        "interest_rate",
        lambda base, revenue, leverage, titled, *given: rate(
            base, revenue, leverage, ~titled, *given
        ),
    )


INPUT = {
    "peer_effects": peers_do_all,
    "knowledge_spillovers": others_know_more,
    "supply_links": links_are_worth_more,
    "relabelling": audits_are_many,
    "price_response": support_leaves_prices_high,
    "finite_credit": banks_hold_less,
    "scarce_providers": providers_stay_few,
    "title_worth": all_but_the_titled_have_titles,
}


def world(*off):
    """The document as issued where some mechanisms are off."""
    values = {name: value for switch in off for name, value in switches()[switch].off.items()}
    return load("as_issued").with_draw(values, {})


@pytest.fixture(scope="module")
def at_end_of_2024(populate):
    made = {}

    def run(*off):
        if off not in made:
            made[off] = ClusterPolicyModel(world(*off), rng=1, population=populate())
            made[off].run_through(BEFORE)
        return made[off]

    return run


def test_every_switch_has_a_test():
    # That others stand still is no mechanism that something feeds: test_others.py has its tests.
    assert set(INPUT) == set(switches()) - {"others_do_the_same"}


@pytest.mark.parametrize("switch", INPUT)
def test_a_mechanism_that_is_off_passes_nothing_on(switch, at_end_of_2024, same, monkeypatch):
    def records(base, change):
        model = fork(base, base.policy)
        with monkeypatch.context() as patch:
            change(model, patch)
            model.run_until_year(YEAR)
        return model.records()

    def nothing(model, patch):
        pass

    off, on = at_end_of_2024(switch), at_end_of_2024()
    same(records(off, INPUT[switch]), records(off, nothing))
    assert not np.array_equal(records(on, INPUT[switch])["value"], records(on, nothing)["value"])


@pytest.mark.parametrize("off", [*((name,) for name in switches()), tuple(switches())])
def test_a_world_without_a_mechanism_is_whole(off, at_end_of_2024):
    model = fork(at_end_of_2024(*off), at_end_of_2024(*off).policy)
    model.run_until_year(2027)
    assert np.isfinite(model.records()["value"]).all()
    assert max(of_year(model, "accounting_residual").values()) < 1e-9
    # Not refitted, and yet a province of the same order.
    usual = at_end_of_2024()
    for outcome in ("value_added", "rd_real", "employees", "digital_coverage_above"):
        ratio = of_year(model, outcome)[2023] / of_year(usual, outcome)[2023]
        assert 0.8 < ratio < 1.25, outcome


def test_without_supply_links_nobody_supplies_a_leader(at_end_of_2024):
    with_links, without = at_end_of_2024(), at_end_of_2024("supply_links")
    assert len(with_links.network.links) > 0
    assert len(without.network.links) == 0
    assert not without.network.purchases.any()
    assert not without.network.digital_demand.any()
    # No purchases by leaders, so no share of them: the outcome has no row.
    assert of_year(with_links, "local_sourcing_share")
    assert not of_year(without, "local_sourcing_share")


def test_without_relabelling_what_is_reported_is_done(at_end_of_2024):
    for off, told in (((), False), (("relabelling",), True)):
        e = at_end_of_2024(*off).enterprises
        assert np.array_equal(e.rd_reported, e.rd) == told
    books = of_year(at_end_of_2024("relabelling"), "grants_misused")
    assert set(books.values()) == {0.0}
    assert max(of_year(at_end_of_2024(), "grants_misused").values()) > 0.0


def test_with_credit_for_all_loans_are_supplied_at_the_base_rate(at_end_of_2024):
    dearer = {}
    for off in ((), ("finite_credit",)):
        model = fork(at_end_of_2024(*off), at_end_of_2024(*off).policy)
        banks_hold_less(model, None)
        dearer[off] = []
        for _ in range(4):
            model.run_for(1)
            banks, e = model.banks, model.enterprises
            dearer[off].append((banks.base_rate + banks.premium) - banks.base_rate)
            assert np.array_equal(e.year_granted, e.year_asked)
    assert dearer["finite_credit",] == [0.0] * 4
    assert min(dearer[()]) > 0.001


def test_titles_of_clusters_are_worth_nothing_where_titles_are(at_end_of_2024):
    ends = {}
    for off in ((), ("title_worth",)):
        policy = at_end_of_2024(*off).policy
        if not off:  # at the centre of its range it is nothing
            policy = policy.with_draw({"cluster_title_appeal": 0.004}, {})
        model = fork(at_end_of_2024(*off), policy)
        model.run_until_year(YEAR)
        assert any(cluster.titled_since > NEVER for cluster in model.clusters)
        ends[off] = model
    assert ends[()].cluster_terms.appeal.any()
    assert ends[()].cluster_terms.loan_discount.any()
    assert not ends["title_worth",].cluster_terms.appeal.any()
    assert not ends["title_worth",].cluster_terms.loan_discount.any()
