"""The first thing each further lever of the document moves: those it serves, and nobody else."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.enterprises import NEVER, Role
from jiqun.model.dimensions import TIERS
from jiqun.model.economy import finance, plans, turnover, unit_cost
from jiqun.model.policy import eligibility, projects, promotion
from jiqun.model.policy.reach import coverage
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations, parameter_of
from tests.model.policy import (
    ISSUED,
    books_of,
    changed,
    entries,
    fork,
    having,
    lacking,
    run_to,
    setting,
    stage,
    summed,
)

ROWS = 1_200
RACING = ("world", "national", "provincial")
FIRST = (
    "fund_steering", "cluster_recognition", "cluster_award", "leader_supplier_matching",
    "implementation_capacity",
)  # fmt: skip
ALL = {"take_up_start": 1.0, "take_up_full": 1.0}


@pytest.fixture(scope="module")
def base(populate):
    """A year under recognition, steering and delivery of the document, to be forked."""
    of = load("without_document_55")
    of = having(replace(of, rows=ROWS), *(ISSUED[name] for name in FIRST))
    model = ClusterPolicyModel(of, rng=1, population=populate(ROWS))
    model.run_until_year(2024)
    return model


def highest(name):
    """A lever at the upper end of what each of its terms may be drawn at."""
    terms, end = {}, ISSUED[name].end
    quarter = 28 if end is None else min(28, end)
    for term, declared in declarations()[name].terms.items():
        row = parameter_of(declared)
        terms[term] = row.high if row else ISSUED[name].value(term, quarter)
    claimed = ALL if "take_up_full" in ISSUED[name].terms else {}
    return changed(ISSUED[name], **terms, **claimed)


def pair(base, name, last, *others):
    """Two models at a stage of 2025-Q1 (or at its end, None): with a lever, and without it."""
    found = []
    for levers in ((highest(name), *others), others):
        model = fork(base, having(base.policy, *levers))
        model.banks.credit = 1e16  # what one borrows more no other has to do without
        if last is None:
            model.run_until_year(2025)
        else:
            run_to(model, last)
        found.append(model)
    return found


def gain(one, other, column):
    """Difference of a column, shape (rows,)."""
    assert np.array_equal(one.enterprises.id, other.enterprises.id)
    return getattr(one.enterprises, column) - getattr(other.enterprises, column)


# Column that moves at those served, way it moves (0 is either), stage after which it is looked at.
MOVES = {
    "patent_pool": ("productivity", 0, "innovation"),
    "co_building": ("productivity", 0, "innovation"),
    "supply_chain_finance": ("debt_short", 1, "investment and finance"),
    "co_growth_plan": ("rate", -1, "investment and finance"),
    "guidance_fund": ("cash", 1, "programmes"),
    "first_sets": ("brand", 1, "programmes"),
    "quality_brand": ("brand", 1, "programmes"),
    "service_manufacturing": ("brand", 1, "programmes"),
    "design_centres": ("brand", 1, "programmes"),
    "energy_price": ("unit_cost", 1, "market"),
    "energy_by_performance": ("unit_cost", 1, "market"),
    "leader_first_use": ("appeal", 1, None),
    "sme_platforms": ("appeal", 1, None),
    "skills_training": ("trained", 1, None),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_lever_moves_its_column_at_those_it_serves_alone(base, name, monkeypatch):
    column, way, last = MOVES[name]
    settled = []

    def seen(m, lever):
        # Links, titles and sizes of the year's end are not those by which the year was settled.
        if lever.id == name and not settled:
            settled.append(m.enterprises.id[eligibility.eligible(lever, m.enterprises, m.quarter)])
        return coverage(m, lever)

    monkeypatch.setattr("jiqun.model.policy.reach.coverage", seen)
    one, other = pair(base, name, last)
    moved = gain(one, other, column)
    moved = way * moved if way else np.abs(moved)
    at = eligibility.eligible(ISSUED[name], one.enterprises, one.quarter)
    at = np.isin(one.enterprises.id, settled[0]) if last is None else at
    assert moved.max() > 0.0
    assert moved.min() >= -1e-9 * np.abs(getattr(other.enterprises, column)).max()
    assert not np.any(moved[~at])


@pytest.mark.parametrize("name", ["leader_first_use", "sme_platforms"])
@pytest.mark.parametrize("appeal", [0.004, -0.004])
def test_what_is_shown_comes_to_its_term_as_far_as_it_is_delivered(base, name, appeal):
    """In the first year as much of it as fades in a year; where it ends it fades."""
    lever = changed(ISSUED[name], appeal=appeal)
    one, other = fork(base, having(base.policy, lever)), fork(base, base.policy)
    for model in (one, other):
        model.run_until_year(2025)
    moved, fades = gain(one, other, "appeal"), one.parameters["brand_decay"]
    part = moved[moved != 0.0] / (fades * appeal)
    assert len(part)
    base_rate, raised = one.parameters["delivery_base"], one.parameters["delivery_raise"]
    near = np.isclose(part[:, None], [[base_rate, min(base_rate + raised, 1.0)]], atol=1e-9)
    assert np.all(near.any(axis=1))
    one.policy = base.policy
    brand = dict(zip(one.enterprises.id, one.enterprises.brand, strict=True))
    one.run_until_year(2026)
    e = one.enterprises
    before = np.array([brand.get(i, 0.0) for i in e.id])
    assert np.allclose(e.brand, (1.0 - fades) * before)


# projects ---------------------------------------------------------------------------------------

MONEY = ("open_bid_projects", "short_board_projects", "foundation_projects")


@pytest.mark.parametrize("name", MONEY)
def test_a_contest_pays_a_share_of_rd_to_so_many_and_sets_their_price(base, name):
    rich = setting(base.policy, "special_funds", yearly=1e12)
    lever = changed(highest(name), projects=12.0, rate=0.4, cap=2e6, **ALL)
    model = run_to(fork(base, having(lacking(rich, "rd_grant"), lever)), "programmes")
    e = model.enterprises
    won = model.programmes.grants_paid > 0.0
    assert np.all(eligibility.eligible(lever, e, lever.start)[won])
    assert np.all(e.rd_active[won])
    assert np.allclose(
        model.programmes.grants_paid[won], np.minimum(0.4 * e.last_rd_reported, 2e6)[won]
    )
    below = 0.4 * e.last_rd_reported < 2e6
    assert np.array_equal(e.rd_grant_rate, np.where(won & below, 0.4, 0.0))
    asks = eligibility.claims(lever, e, 1, model.quarter, 1.0) & e.rd_active
    asks = np.flatnonzero(asks & (e.last_rd_reported > 0.0))
    number = 12.0 * projects.delivered(model, lever, asks)
    assert 0.0 < number < 12.0
    # The row on the edge has its place by lot.
    assert abs(e.weight @ won - number) <= e.weight[won].max()


def test_the_matching_grant_is_for_rd_that_no_other_call_supports(base):
    rich = setting(base.policy, "special_funds", yearly=1e12)
    rich = setting(rich, "rd_grant", take_up_start=0.5, take_up_full=0.5)
    lever = changed(highest("rd_matching_grant"), rate=0.3, cap=2e6, budget=1e12, **ALL)
    one, other = (run_to(fork(base, of), "programmes") for of in (having(rich, lever), rich))
    e, first = one.enterprises, other.programmes.grants_paid > 0.0
    assert np.array_equal(one.programmes.grants_paid[first], other.programmes.grants_paid[first])
    asks = eligibility.eligible(lever, e, lever.start) & e.rd_active & ~first
    matched = np.where(asks, np.minimum(0.3 * e.last_rd_reported, 2e6), 0.0)
    assert np.allclose(one.programmes.grants_paid[~first], matched[~first])
    assert first.any()
    assert matched.any()
    assert summed(books_of(one), lever="rd_matching_grant") > 0.0


def test_experts_choose_the_best(base):
    rich = lacking(setting(base.policy, "special_funds", yearly=1e12), "rd_grant")
    chosen = []
    for places in (1e6, 60.0):
        lever = changed(highest("foundation_projects"), projects=places, **ALL)
        model = run_to(fork(base, having(rich, lever)), "programmes")
        chosen.append(model.programmes.grants_paid > 0.0)
    everybody, best = chosen
    assert everybody.sum() > best.sum() > 0
    assert not np.any(best & ~everybody)
    e = model.enterprises
    # The expert's view moves points by a few, so the best stand out on average.
    rd = np.log(np.maximum(e.last_rd_reported, 1.0))
    assert rd[best].mean() > rd[everybody & ~best].mean()


def test_points_rise_with_rd_and_size_and_have_their_mean_at_fifty():
    rd, size = np.array([0.01, 0.02, 0.04]), np.array([1e8, 1e8, 1e8])
    points = projects.expert_score(rd, size, np.ones(3), np.zeros(3), 4.0)
    assert points[0] < points[1] < points[2]
    assert points[1] == pytest.approx(50.0)
    seen = projects.expert_score(rd, size, np.ones(3), np.ones(3), 4.0)
    assert np.allclose(seen - points, 4.0)


def test_the_same_rd_is_not_supported_by_a_contest_and_the_open_call(base):
    lever = changed(highest("foundation_projects"), projects=200.0, **ALL)
    of = setting(having(base.policy, lever), "rd_grant", **ALL)
    model = run_to(fork(base, of), "programmes")
    books = entries(books_of(model), year=2025, kind="committed")
    assert summed(books, lever="foundation_projects") > 0.0
    assert summed(books, lever="rd_grant") > 0.0
    rate = max(lever.value("rate", 24), model.lever_value("rd_grant", "rate"))
    assert np.all(model.programmes.grants_paid <= rate * model.enterprises.last_rd_reported + 1e-6)


def test_institutes_become_platforms_of_the_best_clusters(base):
    one, other = pair(base, "innovation_institutes", "programmes")
    built = np.array([a.platform - b.platform for a, b in zip(one.clusters, other.clusters)])  # noqa: B905
    amount = 3e6 / one.markets.price_level
    assert np.allclose(built / amount, np.round(built / amount), atol=1e-6)
    score = np.array([c.score if c.tier in RACING else -1.0 for c in one.clusters])
    got = np.flatnonzero(built)
    assert 0 < len(got) < len(built)
    assert set(got) == set(np.argsort(-score, kind="stable")[: len(got)])
    paid = summed(books_of(one), lever="innovation_institutes", kind="paid")
    assert paid == pytest.approx(built.sum() * one.markets.price_level)


# prices, limits and permits ---------------------------------------------------------------------


def asked_room(base, name, monkeypatch):
    """Room under the limit that plans may fill, with a lever and without it."""
    rooms, rule = [], finance.within_limit

    def seen(wanted, room):
        rooms.append(room)
        return rule(wanted, room)

    monkeypatch.setattr("jiqun.model.economy.finance.within_limit", seen)
    one, _ = pair(base, name, "investment and finance")
    return one, rooms[0] - rooms[1]


@pytest.mark.parametrize("name", ["ip_pledge", "co_growth_plan", "credit_guarantee"])
def test_credit_terms_widen_the_limit_of_those_who_claim(base, name, monkeypatch):
    one, wider = asked_room(base, name, monkeypatch)
    users = coverage(one, highest(name)) > 0.0
    assert users.any()
    assert wider[users].max() > 0.0
    assert np.all(wider > -1e-3)
    assert not np.any(wider[~users])
    if name == "ip_pledge":
        rate = highest(name).value("pledge", 24)
        assert np.allclose(wider[users], rate * one.enterprises.knowledge[users], atol=1.0)


@pytest.mark.parametrize("scrap", [0.0, 0.3, 10.0])
def test_banks_and_guarantor_share_what_is_lost_of_the_loans_of_those_who_leave(base, scrap):
    lever = changed(ISSUED["credit_guarantee"], coverage=0.8, limit=0.2, **ALL)
    model = fork(base, having(base.policy, lever))
    model.run_for(2)
    before = summed(books_of(model), lever="credit_guarantee", kind="paid")
    # A wave of failures; nothing, something or more than enough is left to pay debts with.
    model.parameters.update(exit_below=2.0, exit_above=2.0, scrap_value=scrap)
    run_to(model, "costs beside grants")
    e, p = model.enterprises, model.parameters
    weight, covered = e.weight.copy(), e.debt_covered.copy()
    debt = e.debt_short + e.debt_long
    means = e.cash + scrap * e.capital
    model.banks.lost = 0.0
    turnover.leave(model)
    gone = (e.weight == 0.0) & (weight > 0.0)
    w, debt, covered, means = (x[gone] for x in (weight, debt, covered, means))
    assert (covered > 0.0).any()
    beyond = np.maximum(1.0 - means / np.maximum(debt, 1.0), 0.0)
    of_guarantor = covered * np.maximum(beyond, p["guarantee_loss"])
    of_banks = (debt - covered) * np.maximum(beyond, p["loss_given_default"])
    paid = summed(books_of(model), lever="credit_guarantee", kind="paid") - before
    assert paid == pytest.approx(w @ of_guarantor)
    assert model.banks.lost == pytest.approx(w @ of_banks)
    # Nobody pays back more than it has.
    assert np.all(debt - of_guarantor - of_banks <= means + 1e-3)
    if scrap == 0.0:
        assert np.any(beyond > p["guarantee_loss"])


def test_a_loan_of_who_fails_is_lost_in_part_however_much_is_left():
    means = np.array([0.0, 20.0, 60.0, 1e9])
    found = finance.lost_share(np.full(4, 100.0), means, 0.45)
    assert found == pytest.approx([1.0, 0.8, 0.45, 0.45])
    assert finance.lost_share(np.zeros(1), np.zeros(1), 0.45) <= 1.0


def test_digital_terms_cut_the_cost_and_bring_the_question_up(base, monkeypatch):
    costs, hazards = [], []
    cost, hazard = plans.digital.stage_cost, plans.digital.consideration
    monkeypatch.setattr(
        "jiqun.model.economy.plans.digital.worth_it",
        lambda va, price, *_: costs.append(price) or np.zeros(len(va), dtype=bool),
    )
    pair(base, "leader_digital_platforms", "investment and finance")
    ratio = costs[0] / costs[-1]
    assert cost is plans.digital.stage_cost
    assert ratio.max() == pytest.approx(1.0)
    assert 0.9 - 1e-9 <= ratio.min() < 0.95
    monkeypatch.setattr(
        "jiqun.model.economy.plans.digital.consideration",
        lambda own, peer, peers: hazards.append(own) or hazard(own, peer, peers),
    )
    one, _ = pair(base, "zone_templates", "investment and finance")
    rise = hazards[0] / hazards[1] - 1.0
    member = np.isin(one.enterprises.tier, [TIERS.index(tier) for tier in RACING])
    assert np.all((rise > 0.0) == member)
    assert rise.max() <= 0.3 + 1e-9


def test_a_quota_cuts_energy_of_the_treated_and_their_buyers_turn_to_others(base):
    lever = changed(ISSUED["energy_quota"], fall=0.1, growth=0.0, threshold=5_000.0)
    one = fork(base, having(base.policy, lever))
    other = fork(base, base.policy)
    for model in (one, other):
        model.run_until_year(2025)
    e, f = one.enterprises, other.enterprises
    known, mine, theirs = np.intersect1d(e.id, f.id, return_indices=True)
    before = dict(zip(base.enterprises.id, base.enterprises.last_energy, strict=True))
    was = np.array([before.get(i, 0.0) for i in known])
    treated = e.energy_quota[mine] > 0.0
    assert treated.any()
    # All over the threshold but new plants that run up: their quota is of a year in full.
    assert np.all(e.plant[mine][(was >= 5_000.0) & ~treated])
    energy = e.last_energy[mine]
    assert np.all(energy[treated] <= 0.9 * was[treated] * (1 + 1e-9))
    more = e.last_revenue[mine] - f.last_revenue[theirs]
    w = e.weight[mine]
    # Fields where something was shut out: the rest of the province gains a part of it, not all.
    lost, won = -(w @ np.minimum(more, 0.0)), w @ np.maximum(more, 0.0)
    assert w[treated] @ more[treated] < 0.0
    assert w[~treated] @ more[~treated] > 0.0
    assert 0.0 < won < lost


def test_a_quota_makes_energy_dear_inside_the_plants_it_binds_alone(base):
    lever = changed(ISSUED["energy_quota"], fall=0.1, growth=0.0, threshold=5_000.0)
    one = run_to(fork(base, having(base.policy, lever)), "market")
    other = fork(base, having(base.policy, lever))
    other.parameters["quota_price_most"] = 0.0
    run_to(other, "market")
    e, rise = one.enterprises, one.production.quota_price
    assert np.all((rise >= 0.0) & (rise <= one.parameters["quota_price_most"] + 1e-12))
    assert np.all(rise[e.energy_quota == 0.0] == 0.0)
    bound = rise > 0.0
    assert bound.any()
    assert np.all(other.production.quota_price == 0.0)
    buys = [plans.green_upgrade(model)[0].buys for model in (one, other)]
    assert not np.any(buys[1] & ~buys[0])
    assert np.any(buys[0] & ~buys[1])
    assert not np.any((buys[0] & ~buys[1])[~bound])
    for model in (one, other):
        run_to(model, "investment and finance")
    built = e.energy_technique - other.enterprises.energy_technique
    assert built[bound].min() < 0.0
    assert np.all(built[bound] <= 0.0)


def test_a_quota_that_is_kept_with_ease_is_not_drawn_in(base):
    """A plant with a bad year keeps what it was allowed: the quota is of the year it began."""
    lever = changed(ISSUED["energy_quota"], fall=0.02, growth=0.03, threshold=5_000.0)
    model = fork(base, having(base.policy, lever))
    before = dict(zip(base.enterprises.id, base.enterprises.last_energy, strict=True))
    model.run_for(1)
    e = model.enterprises
    named = e.id[(e.energy_quota > 0.0)]
    first = dict(zip(e.id, e.energy_quota, strict=True))
    assert all(np.isclose(first[i], 0.98 * 1.03 * before[i]) for i in named)
    model.run_for(4)
    now = dict(zip(e.id, e.energy_quota, strict=True))
    assert all(np.isclose(now[i], 0.98 * 1.03 * first[i]) for i in named if i in now)


def test_a_surcharge_goes_to_the_treasury_and_speeds_up_upgrades(base, monkeypatch):
    prices, rule = [], plans.energy.pays

    def seen(saved, cost, grant, price, *rest):
        prices.append(np.broadcast_to(price, saved.shape))
        return rule(saved, cost, grant, price, *rest)

    monkeypatch.setattr("jiqun.model.economy.plans.energy.pays", seen)
    lever = changed(ISSUED["energy_price"], rise=0.5)
    one, other = (fork(base, of) for of in (having(base.policy, lever), base.policy))
    for model in (one, other):
        run_to(model, "market")
    # Dearer energy is in the price at once, so less is sold here: most by who uses most of it.
    p, per_revenue = one.parameters, unit_cost.energy_per_revenue(one)
    energy = p["energy_price"] * p["energy_price_rise"] * one.markets.price_level
    assert np.allclose(gain(one, other, "unit_cost"), 0.5 * energy * per_revenue)
    sales = gain(one, other, "revenue")
    assert one.enterprises.weight @ sales < 0.0
    lost = -sales / np.maximum(other.enterprises.revenue, 1.0)
    field = one.enterprises.field == np.argmax(np.bincount(one.enterprises.field))
    most = per_revenue > np.median(per_revenue[field])
    assert lost[field & most].mean() > lost[field & ~most].mean()
    # At these sales the treasury has what the surcharge takes.
    other = fork(one, base.policy)
    for model in (one, other):
        stage("costs and taxes")(model)
    tax = one.enterprises.year_tax - other.enterprises.year_tax
    profit = other.enterprises.profit - one.enterprises.profit
    spent = 0.5 * energy * one.enterprises.year_energy
    assert np.allclose(profit, spent, rtol=1e-9, atol=1e-3)
    assert np.all(tax <= spent + 1e-3)  # what is paid in surcharge is set off against income tax
    for model in (one, other):
        plans.green_upgrade(model)
    assert np.allclose(prices[0] / prices[-1], 1.5)


# titles, clusters and cities --------------------------------------------------------------------


def test_priority_in_the_ladder_adds_titles_of_cluster_members_alone(base):
    one, other = pair(base, "label_ladder", None)
    new = {}
    for title in ("srdi", "innovative_sme", "high_tech"):
        a, b = (getattr(m.enterprises, title) > NEVER for m in (one, other))
        assert not np.any(b & ~a)
        member = np.isin(one.enterprises.tier, [TIERS.index(tier) for tier in RACING])
        assert not np.any((a & ~b)[~member])
        new[title] = (a & ~b).sum()
    assert sum(new.values()) > 0


def test_a_platform_of_the_chain_matches_leaders_with_or_without_a_body(base):
    one, other = pair(base, "supply_chain_platform", "market")
    e = one.enterprises
    links = [
        set(zip(*(e.id[end].tolist() for end in m.network.links.ends), strict=True))
        for m in (one, other)
    ]
    assert links[1] < links[0]
    served = e.id[(e.role == Role.CHAIN_LEADER) & np.isin(e.tier, [TIERS.index(t) for t in RACING])]
    added = [leader for _, leader in links[0] - links[1]]
    assert np.isin(added, served).all()


def test_promotion_bodies_come_to_the_best_clusters_without_one(base, monkeypatch):
    monkeypatch.setitem(base.parameters, "delivery_base", 1.0)
    one, other = pair(base, "promotion_bodies", None)
    bodies = [np.array([c.promotion_body for c in m.clusters]) for m in (one, other)]
    gained = bodies[0] & ~bodies[1]
    assert gained.sum() == 6
    assert not np.any(bodies[1] & ~bodies[0])
    left = np.array([c.score for c in one.clusters])[
        ~bodies[0] & [c.tier in RACING for c in one.clusters]
    ]
    assert np.array([c.score for c in one.clusters])[gained].min() >= left.max()


def test_cities_add_their_share_to_an_instalment(base, monkeypatch):
    monkeypatch.setitem(base.parameters, "delivery_base", 1.0)
    one, other = pair(base, "city_matching", "costs and taxes")
    paid = {
        name: summed(books_of(one), lever=name, kind="paid", year=2025)
        for name in ("cluster_award", "city_matching")
    }
    assert paid["cluster_award"] > 0.0
    assert paid["city_matching"] == pytest.approx(1.0 * paid["cluster_award"])
    assert summed(books_of(one), lever="city_matching", payer="city") > 0.0
    assert np.all(one.enterprises.year_subsidy >= other.enterprises.year_subsidy)


def undelivered(base, name, last, part):
    """The province with a lever, of which cities and bodies deliver a part and plans nothing."""
    model = fork(base, lacking(having(base.policy, highest(name)), "implementation_capacity"))
    model.parameters["delivery_base"] = part
    return run_to(model, last) if last else model


def test_what_cities_add_to_awards_and_bodies_match_is_as_far_as_delivered(base):
    paid, links = [], []
    for part in (0.5, 1.0):
        books = books_of(undelivered(base, "city_matching", "costs and taxes", part))
        paid.append(summed(books, lever="city_matching", kind="paid", year=2025))
        model = undelivered(base, "leader_supplier_matching", "supply network", part)
        links.append(set(zip(*(x.tolist() for x in model.network.links.ends), strict=True)))
    assert paid[0] == pytest.approx(0.5 * paid[1])
    assert links[0] < links[1]


def test_fewer_bodies_and_promoted_plants_come_where_cities_deliver_less(base):
    bodies, plants = [], []
    for part in (0.0, 0.5, 1.0):
        model = undelivered(base, "promotion_bodies", None, part)
        model.run_until_year(2025)
        bodies.append({c.id for c in model.clusters if c.promotion_body})
        model = undelivered(base, "investment_promotion", "outside world", part)
        plants.append(promotion.campaign(model).plants)
    assert bodies[0] < bodies[2]
    assert len(bodies[0]) <= len(bodies[1]) <= len(bodies[2])
    assert plants == pytest.approx([0.0, 0.5 * plants[2], plants[2]])


# promotion --------------------------------------------------------------------------------------


def plants_of(model):
    """Ids of the plants that came this year, and their cities."""
    e = model.enterprises
    new = e.plant & (e.founded >= model.quarter) & (e.id > 10_000_000 + model.quarter * 1000)
    return dict(zip(e.id[new].tolist(), e.city[new].tolist(), strict=True))


def promoted(base, plants, additional, *others):
    lever = changed(
        ISSUED["investment_promotion"], plants=plants, additional=additional, incentive=0.1
    )
    return run_to(fork(base, having(base.policy, lever, *others)), "costs and taxes")


def test_a_plant_won_for_a_cluster_shares_the_knowledge_of_its_members(base):
    e = promoted(base, 20.0, 1.0).enterprises
    new = (e.founded >= base.quarter + 1) & e.plant & (e.cluster >= 0)
    assert new.sum() > 5
    assert np.array_equal(e.pool[new], e.cluster[new])


def test_promotion_moves_plants_between_cities_unless_they_are_additional(base):
    usual = plants_of(run_to(fork(base, base.policy), "costs and taxes"))
    rival = promoted(base, 20.0, 0.0)
    assert set(plants_of(rival)) == set(usual)
    assert plants_of(rival) != usual
    more = promoted(base, 20.0, 1.0)
    assert set(plants_of(more)) > set(usual)
    for model in (rival, more):
        books = entries(books_of(model), lever="investment_promotion")
        assert set(books["tier"]) <= set(RACING)
        assert set(books["payer"]) == {"city"}
        paid, promised = (summed(books, kind=kind) for kind in ("paid", "committed"))
        assert paid == pytest.approx(promised)
        assert paid > 0.0
        assert model.counts.residual < 1e-9
    added = [i for i in plants_of(more) if i not in usual]
    e = more.enterprises
    plant = e.capital[np.isin(e.id, added)].sum()
    assert summed(books_of(more), lever="investment_promotion", kind="paid") == pytest.approx(
        0.1 * plant
    )


def test_cities_that_agree_bid_no_plant_away(base):
    usual = plants_of(run_to(fork(base, base.policy), "costs and taxes"))
    agreed = changed(ISSUED["city_coordination"], share=1.0)
    model = promoted(base, 20.0, 0.0, agreed)
    assert plants_of(model) == usual
    assert summed(books_of(model), lever="investment_promotion") == 0.0
    part = changed(ISSUED["city_coordination"], share=0.5)
    free, half = promoted(base, 20.0, 0.0), promoted(base, 20.0, 0.0, part)
    paid = [summed(books_of(m), lever="investment_promotion", kind="paid") for m in (free, half)]
    assert paid[0] > paid[1] > 0.0


def test_equity_is_cash_inside_the_sum_and_no_income(base):
    one, other = pair(base, "guidance_fund", "costs and taxes")
    paid = summed(books_of(one), lever="guidance_fund", kind="invested", year=2025)
    assert 0.0 < paid <= highest("guidance_fund").value("yearly", 24) * (1 + 1e-9)
    assert np.array_equal(one.enterprises.profit, other.enterprises.profit)
    assert one.enterprises.weight @ gain(one, other, "cash") == pytest.approx(paid)
    assert np.array_equal(one.enterprises.year_subsidy, other.enterprises.year_subsidy)
