"""The first thing that capacity, conditions, matching and delivery move, by the amount stated."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.dimensions import SIZES
from jiqun.model.economy import network
from jiqun.model.innovation import innovation
from jiqun.model.policy import eligibility, rationing
from tests.model.policy import (
    ALL,
    ISSUED,
    books_of,
    changed,
    entries,
    fork,
    lacking,
    run_to,
    setting,
    summed,
    with_and_without,
)


def test_providers_gain_the_stated_capacity(end_of_2023, older, monkeypatch):
    seen, serve = [], rationing.serve

    def noted(wanted, cost, weight, priority, capacity):
        seen.append(capacity)
        return serve(wanted, cost, weight, priority, capacity)

    monkeypatch.setattr("jiqun.model.economy.plans.serve", noted)
    with_and_without(
        end_of_2023, older, "digital_capacity", "investment and finance", above=0.3, below=2.0
    )
    assert [seen[0] / seen[2], seen[1] / seen[3]] == pytest.approx([1.3, 3.0])


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_condition_shuts_out_its_share_of_those_without_rd(end_of_2023, older, share):
    one, other = with_and_without(
        end_of_2023, older, "rd_conditionality", "programmes", share=share
    )
    grant = changed(ISSUED["equipment_grant"], who={"size": SIZES}, **ALL)
    before, after = eligibility.applicants(other, grant), eligibility.applicants(one, grant)
    e = one.enterprises
    # Article 5 speaks of above-scale enterprises.
    asked = e.above_scale & ~e.rd_active
    assert np.array_equal(before[~asked], after[~asked])
    assert not np.any(after & ~before)
    without = before & asked
    lost = 1.0 - after[without].mean()
    assert lost == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / without.sum()))
    # It binds the province's own grants.
    for payer in ({"city": 1.0}, {}):
        other_purse = replace(grant, paid_by=payer)
        assert np.array_equal(eligibility.applicants(one, other_purse), before)


def test_the_condition_makes_starting_rd_worth_the_grants_it_opens(end_of_2023, older):
    one, _ = with_and_without(end_of_2023, older, "rd_conditionality", "programmes", share=0.5)
    e = one.enterprises
    grants = entries(
        books_of(one), year=2023, kind="paid",
        lever=("equipment_grant", "digital_subsidy_2021_2023"),
    )  # fmt: skip
    for number, size in enumerate(SIZES[:3]):
        expected = 0.5 * summed(grants, payee=size) / (e.weight @ (e.size == number))
        assert one.programmes.rd_conditional_grants[number] == pytest.approx(expected)
    assert one.programmes.rd_conditional_grants[:3].min() > 0.0
    assert one.programmes.rd_conditional_grants[3] == 0.0


def test_the_condition_raises_the_hazard_of_starting_rd(end_of_2023, older, monkeypatch):
    costs, hazard = [], innovation.start_hazard

    def seen(*given):
        costs.append(dict(zip(given[1], given[3], strict=True)))  # by revenue
        return hazard(*given)

    monkeypatch.setattr("jiqun.model.innovation.innovation.start_hazard", seen)
    one, other = with_and_without(end_of_2023, older, "rd_conditionality", "innovation", share=0.5)
    e = one.enterprises
    kept = np.isclose(one.innovation.rd_cost_ratio, other.innovation.rd_cost_ratio)
    ticket = np.minimum(
        one.programmes.rd_conditional_grants[e.size]
        / np.maximum(e.rd_taste * e.expected_revenue, 1.0),
        0.5,
    )
    may_start = [
        row
        for row in np.flatnonzero(kept)
        if all(e.expected_revenue[row] in cost for cost in costs)
    ]
    assert len(may_start) > 20
    fell = [costs[0][revenue] / costs[1][revenue] for revenue in e.expected_revenue[may_start]]
    assert np.allclose(fell, 1.0 - ticket[may_start])
    assert ticket.max() > 0.0


def links_of(model):
    """Links by the ids of supplier and leader."""
    e = model.enterprises
    supplier, leader = model.network.links.ends
    return set(zip(e.id[supplier].tolist(), e.id[leader].tolist(), strict=True))


@pytest.mark.parametrize("rate", [0.05, 0.6])
def test_matching_adds_links_with_leaders_of_clusters_with_a_body_alone(
    end_of_2024, rate, monkeypatch
):
    """Its rate is a rise of links a year: over several seeds by that, with the same draws else."""
    monkeypatch.setitem(end_of_2024.parameters, "delivery_base", 1.0)
    of = lacking(end_of_2024.policy, "supply_chain_platform")
    of = setting(of, "leader_supplier_matching", rate=rate)
    with_body = [i for i, cluster in enumerate(end_of_2024.clusters) if cluster.promotion_body]
    assert 0 < len(with_body) < len(end_of_2024.clusters)
    added, usual = 0, 0
    for seed in range(1, 21):
        without = lacking(of, "leader_supplier_matching")
        one, other = fork(end_of_2024, of), fork(end_of_2024, without)
        for model in (one, other):
            model.seed_of_run = seed
            run_to(model, "programmes")
        before = links_of(one)
        assert before == links_of(other)
        for model in (one, other):
            network.form_links(model)
        e = one.enterprises
        served = set(e.id[(e.role == 2) & np.isin(e.cluster, with_body)].tolist())
        more, fewer = links_of(one), links_of(other)
        assert fewer <= more
        assert {leader for _, leader in more - fewer} <= served
        added += len(more - fewer)
        usual += sum(leader in served for _, leader in fewer - before)
    expected = usual * rate / one.parameters["link_ending"]
    assert added == pytest.approx(expected, abs=4 * np.sqrt(expected + expected**2 / usual))


def test_matching_raises_what_served_leaders_buy_here(end_of_2024):
    of = setting(end_of_2024.policy, "leader_supplier_matching", rate=1.0)
    one, other = fork(end_of_2024, of), fork(end_of_2024, lacking(of, "leader_supplier_matching"))
    for model in (one, other):
        run_to(model, "market")
    e = one.enterprises
    body = one.cluster_terms.promotion_body[e.cluster] > 0
    rose = one.network.local_share - other.network.local_share
    reached = np.bincount(e.field[(e.role == 2) & body], minlength=16) > 0
    assert rose[reached].max() > 0.0
    assert rose[reached].min() >= 0.0
    assert np.all(rose[~reached] == 0.0)
    # Those of the field without a new link lose to those with one.
    linked = one.network.links.number > other.network.links.number
    gained = e.revenue - other.enterprises.revenue
    assert gained[linked].max() > 0.0
    assert np.all(gained[~linked] <= 1e-6 * e.revenue[~linked])


@pytest.mark.parametrize("rate", [0.05, 0.15])
def test_plans_raise_delivery_to_members_of_their_cluster(end_of_2024, rate):
    of = setting(end_of_2024.policy, "implementation_capacity", province=rate, city=0.3)
    model = run_to(fork(end_of_2024, of), "programmes")
    e, base = model.enterprises, model.parameters["delivery_base"]
    planned = [i for i, cluster in enumerate(model.clusters) if cluster.plan]
    assert 0 < len(planned) <= 16
    got = eligibility.delivery(model, of.lever("digital_voucher"))
    assert np.allclose(got, np.where(np.isin(e.cluster, planned), base + rate, base))
    assert eligibility.delivery(model, of.lever("equipment_grant")) == 1.0
    # An office cannot deliver more than the whole.
    model.parameters["delivery_base"] = 0.95
    assert eligibility.delivery(model, of.lever("digital_voucher")).max() == min(0.95 + rate, 1.0)


def test_platforms_cut_the_cost_of_members_rd(end_of_2024):
    one, other = (fork(end_of_2024, end_of_2024.policy) for _ in range(2))
    number = next(i for i, cluster in enumerate(one.clusters) if cluster.titled)
    for model, stock in ((one, 5e6), (other, 0.0)):
        model.run_for(2)
        for cluster in model.clusters:
            cluster.platform = 0.0
        model.clusters[number].platform = stock
        model.refresh_clusters()
        e = model.enterprises
        rd = e.weight @ (e.year_rd * (e.cluster == number)) / model.markets.price_level
        strength = model.parameters["platform_strength"]
        assert model.cluster_terms.rd_cost_cut[number] == pytest.approx(
            min(strength * stock / rd, 0.1)
        )
        assert np.count_nonzero(model.cluster_terms.rd_cost_cut) == (stock > 0.0)
        run_to(model, "costs and taxes")
    cut = one.innovation.rd_cost_ratio / other.innovation.rd_cost_ratio
    member = one.enterprises.cluster == number
    assert np.allclose(cut[member], 1.0 - one.cluster_terms.rd_cost_cut[number])
    assert np.all(cut[~member] == 1.0)
