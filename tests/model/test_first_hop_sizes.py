"""By how much each lever moves the first thing it moves: its term, times what is delivered."""

from copy import deepcopy

import numpy as np
import pytest

from jiqun.model.innovation import titles
from jiqun.model.randomness import uniform
from tests.model import first_hops as hop
from tests.model import test_document_levers as document
from tests.model import test_first_effects_of_credit_and_titles as credit
from tests.model import test_first_effects_of_funds as funds
from tests.model import test_first_effects_of_grants_and_taxes as grants
from tests.model import test_first_effects_of_services as services
from tests.model.policy import ALL, ISSUED, changed, fork, run_to, watching

base = document.base
"""A year under recognition, steering and delivery of the document, to be forked."""


TABLE = [
    ("patent_pool", "rise", 0.3, hop.taken_up, "costs and taxes", {}),
    ("co_building", "part", 0.2, hop.shared_research, "costs and taxes", {}),
    ("first_sets", "sales", 5e6, hop.brand, "programmes", {"projects": 40.0}),
    ("quality_brand", "sales", 5e6, hop.brand, "programmes", {"projects": 40.0}),
    (
        "service_manufacturing", "sales", 5e6, hop.brand, "programmes",
        {"projects": 40.0},
    ),
    ("design_centres", "sales", -5e6, hop.brand, "programmes", {"projects": 40.0}),
    ("skills_training", "places", 0.004, hop.staff_trained, "investment and finance", {}),
    ("supply_chain_finance", "working", 0.2, hop.working, "costs and taxes", {}),
    ("co_growth_plan", "discount", 0.002, hop.rate, "costs and taxes", {"limit": 0.0}),
    ("co_growth_plan", "limit", 0.15, hop.limit, "costs and taxes", {"discount": 0.0}),
    ("longer_loans", "longer", 8.0, hop.repaid, "costs and taxes", {}),
    ("credit_guarantee", "limit", 0.2, hop.limit, "costs and taxes", {"coverage": 0.0}),
    ("credit_guarantee", "coverage", 0.6, hop.covered, "costs and taxes", {"limit": 0.2}),
    ("leader_digital_platforms", "cost", 0.1, hop.stage_cost, "costs and taxes", {}),
    ("zone_templates", "interest", 0.4, hop.interest, "costs and taxes", {}),
    ("energy_heavy_limits", "share", 0.5, hop.refused, "programmes", {}),
    ("land_by_performance", "share", 0.5, hop.refused, "programmes", {}),
    ("energy_price", "rise", 0.2, hop.surcharge, "market", {}),
    ("energy_price", "rise", 0.2, hop.dear_technique, "costs and taxes", {}),
    ("energy_by_performance", "rise", 0.2, hop.surcharge, "market", {}),
    ("energy_by_performance", "rise", 0.2, hop.dear_technique, "costs and taxes", {}),
    ("rd_audit", "rate", 0.15, hop.audited, "programmes", {}),
    ("vat_additional_deduction", "rate", 0.08, hop.let_off, "market", {}),
    ("guidance_fund", "stake", 0.05, hop.stakes, "programmes", {"yearly": 3e8}),
    ("label_ladder", "rise", 0.4, hop.more_titles, None, {"gather": 0.0}),
    ("supply_chain_platform", "rate", 0.5, hop.formed, "programmes", {}),
    ("leader_supplier_matching", "rate", 0.5, hop.formed_by_bodies, "programmes", {}),
    (
        "investment_promotion", "additional", 0.4, hop.additional_plants, "programmes",
        {"plants": 10.0},
    ),
]  # fmt: skip
"""Lever, term, its size, what it moves first, the stage before, and its other terms."""


@pytest.mark.parametrize(
    ("name", "term", "size", "moved", "last", "others"), TABLE,
    ids=[f"{name}.{term}-{moved.__name__}" for name, term, _, moved, _, _ in TABLE],
)  # fmt: skip
def test_the_first_hop_has_the_size_of_the_term(
    base, monkeypatch, name, term, size, moved, last, others
):
    claimed = ALL if "take_up_full" in ISSUED[name].terms else {}
    if ISSUED[name].usual_take_up and "projects" in ISSUED[name].terms:
        claimed = ALL
    lever = changed(ISSUED[name], **{term: size}, **others, **claimed)
    got, expected = moved(hop.Pair(base, monkeypatch, lever, size, last))
    assert np.any(expected)
    assert np.allclose(got, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


RATES = {
    "innovative_sme": "innovative_rate", "high_tech": "high_tech_rate", "srdi": "srdi_rate_wide",
    "green_factory": "green_factory_rate",
}  # fmt: skip
"""Titles without a national quota, and the rate at which the eligible apply."""


def test_priority_raises_the_rate_of_every_title_without_a_national_quota(base):
    model = fork(base, base.policy)
    model.run_for(3)
    run_to(model, "exit")
    e, seed, t = model.enterprises, model.seed_of_run, model.quarter
    p = {**model.parameters, **dict.fromkeys(RATES.values(), 0.2)}

    def fresh(rise):
        return titles.award_titles(deepcopy(e), p, seed, t, model.year, rise)

    fit, raised, usual = fresh(1e12), fresh(1.0), fresh(0.0)
    for title in RATES:
        draw = uniform(seed, title, e.id, t)
        assert np.array_equal(raised[title], fit[title] & (draw < 0.4)), title
        assert np.array_equal(usual[title], fit[title] & (draw < 0.2)), title
        assert fit[title].sum() > raised[title].sum() > usual[title].sum(), title


def test_cities_bid_away_what_they_do_not_agree_on(base):
    bid = {}
    for share in (0.0, 0.5):
        agreed = changed(ISSUED["city_coordination"], share=share)
        with watching() as watch:
            model = document.promoted(base, 20.0, 0.0, agreed)
        ((ids, _),) = watch.booked["committed", "investment_promotion", model.quarter]
        bid[share] = ids
    draw = uniform(model.seed_of_run, "rivalry", bid[0.0])
    assert 0 < (draw >= 0.5).sum() < len(draw)
    assert np.array_equal(bid[0.5], bid[0.0][draw >= 0.5])


ELSEWHERE = {
    grants.test_the_deduction_cuts_the_user_cost_by_tax_times_what_is_claimed: "rd_super_deduction",
    grants.test_tax_rates_take_their_share: "corporate_income_tax",
    grants.test_value_added_tax_follows_its_rate: "vat_rate",
    funds.test_awards_of_titles_are_paid_to_the_newly_titled: "title_awards title_awards_hefei",
    grants.test_a_grant_for_upgrades_cuts_their_cost: (
        "digital_subsidy_2021_2023 digital_subsidy_2024_2025 digital_voucher green_retrofit_grant"
    ),
    funds.test_windows_hold_the_special_funds_whole: "special_funds fund_steering",
    grants.test_the_grant_for_rd_cuts_the_cost_of_a_further_yuan_below_its_cap_alone: "rd_grant",
    document.test_the_matching_grant_is_for_rd_that_no_other_call_supports: "rd_matching_grant",
    grants.test_a_grant_for_equipment_raises_wanted_plant_by_its_price: (
        "equipment_grant equipment_upgrade_grant equipment_grant_hefei"
    ),
    grants.test_the_interest_discount_is_a_share_of_the_new_loan: "loan_interest_discount",
    credit.test_a_title_cuts_the_rate_that_members_pay_alone: "national_cluster_contest",
    credit.test_a_title_gives_its_appeal_to_members_alone: "cluster_recognition",
    credit.test_county_recognition_adds_clusters_above_the_threshold_and_nothing_else: (
        "county_cluster_recognition"
    ),
    funds.test_an_award_is_split_in_projects_and_platforms: "cluster_award",
    credit.test_the_line_is_asked_for_under_a_wider_limit: "cluster_credit_line",
    services.test_the_condition_shuts_out_its_share_of_those_without_rd: "rd_conditionality",
    services.test_providers_gain_the_stated_capacity: "digital_capacity",
    services.test_plans_raise_delivery_to_members_of_their_cluster: "implementation_capacity",
    document.test_institutes_become_platforms_of_the_best_clusters: "innovation_institutes",
    document.test_a_contest_pays_a_share_of_rd_to_so_many_and_sets_their_price: (
        "open_bid_projects short_board_projects foundation_projects"
    ),
    document.test_credit_terms_widen_the_limit_of_those_who_claim: "ip_pledge",
    document.test_what_is_shown_comes_to_its_term_as_far_as_it_is_delivered: (
        "leader_first_use sme_platforms"
    ),
    document.test_a_quota_cuts_energy_of_the_treated_and_their_buyers_turn_to_others: (
        "energy_quota"
    ),
    document.test_promotion_bodies_come_to_the_best_clusters_without_one: "promotion_bodies",
    test_cities_bid_away_what_they_do_not_agree_on: "city_coordination",
    document.test_cities_add_their_share_to_an_instalment: "city_matching",
}
"""Tests of an amount that takes more than a table to say, and the levers they are of."""


def test_every_lever_of_the_register_has_its_size_tested():
    elsewhere = " ".join(ELSEWHERE.values()).split()
    assert {row[0] for row in TABLE} | set(elsewhere) == set(ISSUED)
    assert not {row[0] for row in TABLE} & set(elsewhere)
