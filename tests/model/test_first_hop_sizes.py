"""By how much each lever moves the first thing it moves: its term, times what is delivered."""

from copy import deepcopy
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from model import audit, digital, network, plans, promotion, quarter, research, targeting, titles
from model.randomness import uniform
from model.reach import barred
from tests.model import test_document_levers as document
from tests.model import test_first_effects as first
from tests.model.policy import ISSUED, changed, fork, having, lacking, run_to, setting, watching

ALL = {"take_up_start": 1.0, "take_up_full": 1.0}

INVEST = dict(quarter.QUARTER)["investment and finance"]

base = document.base
"""A year under recognition, steering and delivery of the document, to be forked."""


def part(m, lever, usual=1.0):
    """Part of a lever that reaches each enterprise, worked out anew, shape (rows,).

    All who are eligible claim, or a usual share of them: by their own place between 0 and 1, which
    has to lie under what offices deliver of a new measure. Without claims all have that part.
    """
    e, delivered = m.enterprises, np.ones(len(m.enterprises))
    if lever.origin == "document_55":
        office = "province" if "province" in lever.payer else "city"
        planned = np.array([*(cluster.plan for cluster in m.clusters), False])
        raised = m.lever_value("implementation_capacity", office) * planned[e.cluster]
        delivered = np.minimum(m.parameters["delivery_base"] + raised, 1.0)
        assert 0.0 < delivered.min() < 1.0
    if "take_up_full" in lever.terms or lever.usual_take_up:
        delivered = e.lasting_draw(m.seed_of_run, f"claims {lever.id}") < usual * delivered
    return targeting.eligible(lever, e) * delivered


class Pair:
    """Two models at a stage of 2025-Q1, with a lever and without it, and what was asked of rules.

    Attributes:
        lever: The lever as set.
        size: Size of the term that is looked at.
        one: The model with the lever.
        other: The model without it.
    """

    def __init__(self, base, monkeypatch, lever, size, last="costs and taxes"):
        self.lever, self.size, self.monkeypatch = lever, size, monkeypatch
        of = lacking(base.policy, "leader_supplier_matching")
        of = setting(of, "special_funds", yearly=1e13)
        self.one = fork(base, having(of, lever))
        self.other = fork(base, lacking(of, lever.id))
        for model in (self.one, self.other):
            model.banks.credit = 1e16  # what one borrows more no other has to do without
            if last:
                run_to(model, last)

    def watch(self, run, *rules):
        """Run something of both models, and note what rules are asked.

        Returns:
            By rule, with the lever and without it, each call: arguments, result, columns before.
        """
        calls = {rule: ([], []) for rule in rules}
        for i, model in enumerate((self.one, self.other)):
            with self.monkeypatch.context() as patch:
                for rule in rules:
                    module, name = rule.split(".")
                    given = getattr(import_module(f"model.{module}"), name)

                    def noted(*args, seen=calls[rule][i], given=given, columns=model.enterprises):
                        before = {key: values.copy() for key, values in columns.columns.items()}
                        result = given(*args)
                        seen.append((args, result, before))
                        return result

                    patch.setattr(f"model.{rule}", noted)
                run(model)
        return calls[rules[0]] if len(rules) == 1 else [calls[rule] for rule in rules]

    def gain(self, column):
        return getattr(self.one.enterprises, column) - getattr(self.other.enterprises, column)

    @property
    def part(self):
        return part(self.one, self.lever)


# What is looked at: what moved and what is expected, shape (rows,) --------------------------------


def limit(pair):
    """Room under the borrowing limit: a share of the limit."""
    asks, limits = pair.watch(INVEST, "finance.loans_wanted", "finance.borrowing_limit")
    room = asks[0][0][0][3] - asks[1][0][0][3]
    return room, pair.size * pair.part * limits[1][0][1]


def rate(pair):
    """Interest rate: less by the discount."""
    for model in (pair.one, pair.other):
        INVEST(model)
    free = pair.one.enterprises.rate > 0.0051
    return -pair.gain("rate")[free], (pair.size * pair.part)[free]


def working(pair):
    """Short loans: what buyers of the chain owe is lent on, at the speed of short loans."""
    with_it, without = pair.watch(INVEST, "credit.lend")
    (_, lent, _), (_, usually, before) = with_it[0], without[0]
    p = pair.one.parameters
    usual = p["short_share"] * before["expected_revenue"]
    free = np.isclose(usually[1], 0.15 * (usual - before["debt_short"]), rtol=1e-12, atol=1e-6)
    return (lent[1] - usually[1])[free], (0.15 * pair.size * pair.part * usual)[free]


def repaid(pair):
    """Long loans that fall due in the quarter: over a longer term."""
    with_it, without = pair.watch(INVEST, "credit.lend")
    owed, term = without[0][2]["debt_long"], 4.0 * pair.one.parameters["loan_term"]
    fell = without[0][0][4] - with_it[0][0][4]
    return fell, owed / term - owed / (term + pair.size * pair.part)


def covered(pair):
    """Loans a guarantor bears a part of: that part of what is drawn."""
    with_it, _ = pair.watch(INVEST, "credit.lend")
    e = pair.one.enterprises
    drawn = e.debt_long - with_it[0][2]["debt_long"] + with_it[0][0][4]
    return e.debt_covered, pair.size * pair.part * drawn


def stage_cost(pair):
    """Cost of a digital stage, at those who think of one."""
    rows = []
    for model in (pair.one, pair.other):
        e, p, t = model.enterprises, model.parameters, model.quarter
        hazard = digital.consideration(
            p["p_ext"], p["q_peer"], model.peer_share(e.digital_stage >= 1)
        )
        thinks = uniform(model.seed_of_run, "digital thought", e.id, t) < hazard
        rows.append(np.flatnonzero(thinks & (e.digital_stage < 4)))
    assert np.array_equal(*rows)
    asks = pair.watch(plans.digital_stage, "digital.worth_it")
    fell = 1.0 - asks[0][0][0][1] / asks[1][0][0][1]
    return fell, (pair.size * pair.part)[rows[0]]


def interest(pair):
    """Own interest in a digital stage."""
    asks = pair.watch(plans.digital_stage, "digital.consideration")
    return asks[0][0][0][0] / asks[1][0][0][0] - 1.0, pair.size * pair.part


def taken_up(pair):
    """Productivity from the knowledge of others, in the quarter."""
    for model in (pair.one, pair.other):
        INVEST(model)
    start, asks = pair.gain("productivity"), pair.watch(research.innovate, "innovation.log_gain")
    _, spill, before = asks[0][1]
    absorb = np.where(before["rd_institution"], 1.25, np.where(before["rd_active"], 1.0, 0.5))
    p = pair.one.parameters
    usual = p["spill_RD"] / (p["sigma"] - 1.0) * absorb * np.clip(spill, -0.1, 0.1)
    return pair.gain("productivity") - start, pair.size * pair.part * usual


def refused(pair):
    """Who is refused new plant."""
    e = pair.one.enterprises
    place = e.lasting_draw(pair.one.seed_of_run, f"permit {pair.lever.id}")
    return barred(pair.one), place < pair.size * pair.part


def surcharge(pair):
    """Profit: less by a share of the cost of energy."""
    m, p = pair.one, pair.one.parameters
    cost = p["energy_price"] * p["energy_price_rise"] * m.price_all * m.enterprises.year_energy
    return -pair.gain("profit"), pair.size * pair.part * cost


def dear_technique(pair):
    """Price of energy that new plant is built for."""
    asks = pair.watch(INVEST, "energy.technique")
    rise = [np.broadcast_to(calls[0][0][3], len(pair.one.enterprises)) for calls in asks]
    return rise[0] / rise[1] - 1.0, pair.size * pair.part


def audited(pair):
    """Chance that an enterprise is audited in a year."""
    chance = np.broadcast_to(audit.chance(pair.one), len(pair.one.enterprises))
    return chance, pair.size * targeting.eligible(pair.lever, pair.one.enterprises)


def stakes(pair):
    """Cash from guidance funds: a share of plant up to the cap, as far as the year's sum goes."""
    m, lever = pair.one, pair.lever
    e, t = m.enterprises, m.quarter
    asks = part(m, lever, m.parameters["grant_take_up"])
    wanted = asks * np.minimum(pair.size * e.capital, lever.value("cap", t))
    short = lever.value("yearly", t) / float(e.weight @ wanted)
    assert short < 1.0
    return pair.gain("cash"), short * wanted


def more_titles(pair):
    """Rise of the rates at which the eligible apply for titles."""
    for model in (pair.one, pair.other):
        model.run_for(3)
        run_to(model, "exit")
    served = pair.part
    asks = pair.watch(quarter.year_end, "titles.award_titles")
    rise = [np.broadcast_to(calls[0][0][5], len(served)) for calls in asks]
    return rise[0] - rise[1], pair.size * served


def value_added(pair):
    """Value added over revenue of those chosen, of whom there are as many as are delivered."""
    e, before = pair.one.enterprises, pair.other.enterprises.va_rate
    won = e.va_rate != before
    _as_many_as_delivered(pair, won)
    most = np.maximum(before, 0.8)
    return e.va_rate[won], np.minimum((1.0 + pair.size) * before, most)[won]


def brand(pair):
    """Appeal of those chosen, of whom there are as many as are delivered."""
    raised = pair.gain("brand")
    _as_many_as_delivered(pair, raised > 0.0)
    return raised[raised > 0.0], np.full((raised > 0.0).sum(), pair.size)


def _as_many_as_delivered(pair, won):
    e, lever = pair.one.enterprises, replace(pair.lever, terms={}, usual_take_up="")
    able = e.rd_active & (e.last_rd_reported > 0.0) & targeting.eligible(lever, e)
    brought = np.average(part(pair.one, lever)[able], weights=e.weight[able])
    number = pair.lever.value("projects", pair.one.quarter) * brought
    # The row on the edge has its place by lot.
    assert abs(e.weight @ won - number) <= e.weight[won].max()
    assert not np.any(won & ~able)


def formed(pair, served=None):
    """Suppliers who form a link with a leader, of those who looked at one."""
    served = pair.part if served is None else served
    looks, made = pair.watch(network.meet, "network.choose", "network.link")
    (_, s, rows, seed, t), leader, _ = looks[0][0]
    p, e = pair.one.parameters, pair.one.enterprises
    chance = p["link_ending"] / 4.0 * s.sought[rows]
    raised = 1.0 + pair.size * served[leader] / p["link_ending"]
    look = uniform(seed, "look for a leader", e.id[rows], t)
    new = rows[look < chance * raised]
    usual = rows[look < chance]
    assert len(new) > len(usual) > 0
    return made[0][0][0][1][-len(new) :], new


def formed_by_bodies(pair):
    """As `formed`, with leaders of clusters that have a promotion body."""
    body = np.array([*(cluster.promotion_body for cluster in pair.one.clusters), False])
    e = pair.one.enterprises
    return formed(pair, targeting.eligible(pair.lever, e) * body[e.cluster])


def additional_plants(pair):
    """Plants a year that would not have come to the province."""
    m, p = pair.one, pair.one.parameters
    found = promotion.drive(m).with_plants(p, m.quarter)["plants_per_year"] - p["plants_per_year"]
    return np.array([found]), np.array([pair.size * pair.lever.value("plants", m.quarter)])


TABLE = [
    ("patent_pool", "rise", 0.3, taken_up, "costs and taxes", {}),
    ("co_building", "rise", 0.3, taken_up, "costs and taxes", {}),
    ("first_sets", "appeal", 0.02, brand, "programmes", {"projects": 40.0, "cutoff": 0.0}),
    ("quality_brand", "appeal", 0.02, brand, "programmes", {"projects": 40.0, "cutoff": 0.0}),
    (
        "service_manufacturing", "value_added", 0.01, value_added, "programmes",
        {"projects": 40.0, "cutoff": 0.0},
    ),
    (
        "design_centres", "value_added", 0.01, value_added, "programmes",
        {"projects": 40.0, "cutoff": 0.0},
    ),
    ("supply_chain_finance", "working", 0.2, working, "costs and taxes", {}),
    ("co_growth_plan", "discount", 0.002, rate, "costs and taxes", {"limit": 0.0}),
    ("co_growth_plan", "limit", 0.15, limit, "costs and taxes", {"discount": 0.0}),
    ("longer_loans", "longer", 8.0, repaid, "costs and taxes", {}),
    ("credit_guarantee", "limit", 0.2, limit, "costs and taxes", {"coverage": 0.0}),
    ("credit_guarantee", "coverage", 0.6, covered, "costs and taxes", {"limit": 0.2}),
    ("leader_digital_platforms", "cost", 0.1, stage_cost, "costs and taxes", {}),
    ("zone_templates", "interest", 0.4, interest, "costs and taxes", {}),
    ("energy_heavy_limits", "share", 0.5, refused, "programmes", {}),
    ("land_by_performance", "share", 0.5, refused, "programmes", {}),
    ("energy_price", "rise", 0.2, surcharge, "costs and taxes", {}),
    ("energy_price", "rise", 0.2, dear_technique, "costs and taxes", {}),
    ("energy_by_performance", "rise", 0.2, surcharge, "costs and taxes", {}),
    ("energy_by_performance", "rise", 0.2, dear_technique, "costs and taxes", {}),
    ("rd_audit", "rate", 0.15, audited, "programmes", {}),
    ("guidance_fund", "stake", 0.05, stakes, "programmes", {"yearly": 3e8}),
    ("label_ladder", "rise", 0.4, more_titles, None, {}),
    ("supply_chain_platform", "rate", 0.5, formed, "programmes", {}),
    ("leader_supplier_matching", "rate", 0.5, formed_by_bodies, "programmes", {}),
    ("investment_promotion", "additional", 0.4, additional_plants, "programmes", {"plants": 10.0}),
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
    got, expected = moved(Pair(base, monkeypatch, lever, size, last))
    assert np.any(expected)
    assert np.allclose(got, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


def test_priority_raises_the_rate_of_every_title_without_a_national_quota(base):
    model = fork(base, base.policy)
    model.run_for(3)
    run_to(model, "exit")
    e, p, seed, t = model.enterprises, model.parameters, model.seed_of_run, model.quarter

    def fresh(rise):
        return titles.award_titles(deepcopy(e), p, seed, t, model.year, rise)

    fit, raised, usual = fresh(1e12), fresh(0.6), fresh(0.0)
    for title, rate in (
        ("innovative_sme", "innovative_rate"), ("high_tech", "high_tech_rate"),
        ("srdi", "srdi_rate_wide"), ("green_factory", "green_factory_rate"),
    ):  # fmt: skip
        draw = uniform(seed, title, e.id, t)
        assert np.array_equal(raised[title], fit[title] & (draw < 1.6 * p[rate])), title
        assert np.array_equal(usual[title], fit[title] & (draw < p[rate])), title
        assert raised[title].sum() >= usual[title].sum()
    assert sum(raised[title].sum() for title in fit) > sum(usual[title].sum() for title in fit)


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
    first.test_the_deduction_cuts_the_user_cost_by_tax_times_what_is_claimed: "rd_super_deduction",
    first.test_tax_rates_take_their_share: "corporate_income_tax",
    first.test_value_added_tax_follows_its_rate: "vat_rate",
    first.test_awards_of_titles_are_paid_to_the_newly_titled: "title_awards title_awards_hefei",
    first.test_a_grant_for_upgrades_cuts_their_cost: (
        "digital_subsidy_2021_2023 digital_subsidy_2024_2025 digital_voucher green_retrofit_grant"
    ),
    first.test_windows_hold_the_special_funds_whole: "special_funds fund_steering",
    first.test_the_grant_for_rd_cuts_the_cost_of_a_further_yuan_below_its_cap_alone: "rd_grant",
    document.test_the_matching_grant_is_for_rd_that_no_other_call_supports: "rd_matching_grant",
    first.test_a_grant_for_equipment_raises_wanted_plant_by_its_price: (
        "equipment_grant equipment_upgrade_grant equipment_grant_hefei"
    ),
    first.test_the_interest_discount_is_a_share_of_the_new_loan: "loan_interest_discount",
    first.test_a_title_cuts_the_rate_that_members_pay_alone: "national_cluster_contest",
    first.test_a_title_gives_its_appeal_to_members_alone: "cluster_recognition",
    first.test_county_recognition_adds_clusters_above_the_threshold_and_nothing_else: (
        "county_cluster_recognition"
    ),
    first.test_an_award_is_split_in_projects_and_platforms: "cluster_award",
    first.test_the_line_raises_the_limit_of_those_it_serves: "cluster_credit_line",
    first.test_the_condition_shuts_out_its_share_of_those_without_rd: "rd_conditionality",
    first.test_providers_gain_the_stated_capacity: "digital_capacity",
    first.test_plans_raise_delivery_to_members_of_their_cluster: "implementation_capacity",
    document.test_institutes_become_platforms_of_the_best_clusters: "innovation_institutes",
    document.test_a_contest_pays_a_share_of_rd_to_so_many_and_sets_their_price: (
        "open_bid_projects short_board_projects foundation_projects"
    ),
    document.test_credit_terms_widen_the_limit_of_those_who_claim: "ip_pledge",
    document.test_what_is_felt_is_the_term_as_far_as_it_is_delivered: (
        "leader_first_use sme_platforms skills_training"
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
