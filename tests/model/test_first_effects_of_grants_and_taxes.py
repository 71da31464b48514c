"""The first thing that grants, discounts and taxes move, by the amount they state."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import FIELDS, SIZES
from jiqun.model.economy import credit, energy, plans, taxes
from jiqun.model.innovation import digital
from jiqun.model.policy import eligibility, offers, projects
from tests.model.policy import (
    ALL,
    ISSUED,
    RACING,
    changed,
    fork,
    having,
    lacking,
    run_to,
    setting,
    watching,
    with_and_without,
)


def test_the_grant_for_rd_cuts_the_cost_of_a_further_yuan_below_its_cap_alone(end_of_2023, older):
    rate, cap = 0.2, 2e6
    end_of_2023 = fork(end_of_2023, older)
    # A diverted grant cuts no cost; here none is.
    end_of_2023.parameters["misuse_share"] = 0.0
    rich = setting(older, "special_funds", yearly=30e9)
    one, other = with_and_without(
        end_of_2023, rich, "rd_grant", "costs and taxes", rate=rate, cap=cap, **ALL
    )
    e, p = one.enterprises, one.parameters
    served = e.rd_active & (e.size < 3) & (e.last_rd_reported > 0.0)
    assert np.allclose(
        one.programmes.grants_paid, np.where(served, np.minimum(rate * e.last_rd_reported, cap), 0)
    )
    capped = served & (rate * e.last_rd_reported >= cap)
    assert 0 < capped.sum() < served.sum()
    fell = other.innovation.rd_cost_ratio - one.innovation.rd_cost_ratio
    assert np.array_equal(fell[~served], np.zeros((~served).sum()))
    # Where profit bears the deduction in both, the cost falls by the rate.
    claims = 1.2 * p["deduction_take_up"] * e.rd_reported  # at most, by those on a list
    bears = (e.profit > claims) & (other.enterprises.profit > claims)
    tax = np.where(e.high_tech > NEVER, 0.15, 0.25)
    start = taxes.rd_user_cost(tax, 0.75, np.full(len(e), p["deduction_take_up"]))
    assert np.allclose((fell * start)[served & bears & ~capped], rate)
    assert np.allclose(fell[capped & bears], 0.0)


def test_the_deduction_cuts_the_user_cost_by_tax_times_what_is_claimed(end_of_2023, older):
    for extra in (0.0, 0.75, 2.0):
        of = setting(older, "rd_super_deduction", extra=extra, extra_listed=1.2)
        model = run_to(fork(end_of_2023, lacking(of, "rd_grant")), "costs and taxes")
        e, p = model.enterprises, model.parameters
        share = {"ic_display": p["chip_share"], "other_equipment": p["machine_tool_share"]}
        under = np.array([share.get(name, 0.0) for name in FIELDS])[e.field]
        listed = e.lasting_draw(model.seed_of_run, "chips or machine tools") < under
        assert set(e.field[listed]) == {FIELDS.index(name) for name in share}
        up, tax = p["deduction_take_up"], np.where(e.high_tech > NEVER, 0.15, 0.25)
        given = np.where(listed, max(extra, 1.2), extra)
        bears = e.profit > given * up * e.rd_reported
        now, start = (1 - tax * (1 + x * up) for x in (given, 0.75))
        assert np.allclose(model.innovation.rd_cost_ratio[bears], (now / start)[bears])


def test_the_vat_deduction_is_a_share_of_input_tax_up_to_the_tax_itself(end_of_2023, older):
    forgone = {}
    for rate in (0.05, 0.1):
        of = setting(lacking(older, "rd_super_deduction"), "vat_additional_deduction", rate=rate)
        model = run_to(fork(end_of_2023, of), "costs and taxes")
        forgone[rate] = model.enterprises.year_tax_forgone
    e = model.enterprises
    gets = forgone[0.05] > 0.0
    assert np.all(e.high_tech[gets] > NEVER)
    twice = np.isclose(forgone[0.1], 2 * forgone[0.05])
    assert np.all(twice | (forgone[0.1] < 2 * forgone[0.05]))
    assert twice[gets].mean() > 0.5


@pytest.mark.parametrize(
    "lever", ["equipment_grant", "equipment_upgrade_grant", "equipment_grant_hefei"]
)
def test_a_grant_for_equipment_raises_wanted_plant_by_its_price(end_of_2023, older, lever):
    rate, cap = 0.12, 3e6
    of = setting(lacking(older, "equipment_grant"), "special_funds", yearly=1e14)
    early = replace(ISSUED[lever], start=0, end=None, terms={})
    of = having(of, changed(early, rate=rate, cap=cap, **ALL))
    one = run_to(fork(end_of_2023, of), "costs and taxes")
    other = run_to(fork(end_of_2023, lacking(of, lever)), "costs and taxes")
    (_, plan), (_, before) = (plans.plant(m, credit.discount(m)) for m in (one, other))
    e, p = one.enterprises, one.parameters
    (approval,) = plan.approvals
    served = approval.yuan > 0.0
    assert served.any()
    assert np.all(eligibility.eligible(one.policy.lever(lever), e, one.quarter)[served])
    assert np.array_equal(plan.cost[~served], before.cost[~served])
    assert np.allclose(approval.yuan[served], np.minimum(rate * plan.cost, cap)[served])
    seen = np.clip(one.markets.two_year_growth, p["growth_seen_least"], p["growth_seen_most"])
    seen = seen ** (0.5 * p["plan_ahead"])
    start = one.policy.outside.loan_rate_in(2018)
    finance = 1.0 + credit.dearer(one, credit.discount(one)) / (start + p["capital_depreciation"])
    wanted = e.capital_rate * e.expected_revenue * seen[e.field]
    wanted *= finance ** -p["interest_elasticity"]
    wanted *= (1 - rate) ** -p["equipment_elasticity"]
    full = served & (plan.cost < cap / rate * (1 - 1e-9))
    assert full.any()
    assert np.allclose((e.capital + plan.cost)[full], wanted[full])
    # A project beyond the cap is no larger for it.
    beyond = served & (before.cost > cap / rate)
    assert np.allclose(plan.cost[beyond], before.cost[beyond])


def test_of_two_grants_for_one_outlay_the_better_is_given(end_of_2023, older):
    of = having(
        older,
        *(changed(ISSUED[name], **ALL) for name in ("equipment_grant", "equipment_grant_hefei")),
    )
    model = run_to(fork(end_of_2023, of), "costs and taxes")
    e, offer = model.enterprises, offers.best_offer(model, "price_of_equipment")
    rate = np.where(e.size == SIZES.index("below_scale"), 0.0, np.where(e.city == 0, 0.15, 0.08))
    assert np.array_equal(offer.rate, rate)
    assert np.array_equal(offer.cap, np.where(rate == 0.15, 20e6, np.where(rate == 0.08, 5e6, 0.0)))


@pytest.mark.parametrize(
    ("lever", "plan", "asks", "at"),
    [
        ("digital_voucher", "digital_stage", (digital, "worth_it"), 1),
        ("digital_subsidy_2024_2025", "digital_stage", (digital, "worth_it"), 1),
        ("digital_subsidy_2021_2023", "digital_stage", (digital, "worth_it"), 1),
        ("green_retrofit_grant", "green_upgrade", (energy, "pays"), None),
    ],
    ids=("voucher", "subsidy of 2024", "subsidy of 2021", "green"),
)
def test_a_grant_for_upgrades_cuts_their_cost(
    end_of_2023, older, monkeypatch, lever, plan, asks, at
):
    rate, cap = 0.4, 2e5
    opened = replace(ISSUED[lever], start=0, end=None, terms={})
    opened = changed(opened, rate=rate, cap=cap, **ALL)
    of = setting(setting(older, "special_funds", yearly=1e14), "fund_steering", theta=0.5)
    model = run_to(fork(end_of_2023, having(of, opened)), "costs and taxes")
    model.parameters["delivery_base"] = 1.0
    module, name = asks
    costs, rule = [], getattr(module, name)

    def seen(*given):
        # The rule of green upgrades is told cost and grant apart.
        costs.append(given[1] - given[2] if at is None else given[at])
        return rule(*given)

    monkeypatch.setattr(module, name, seen)
    result = getattr(plans, plan)(model)
    result = result[0] if isinstance(result, tuple) else result
    without, cut = costs[0], costs[0] - costs[1]
    gets = cut > 0.0
    assert gets.any()
    assert np.allclose(cut[gets], np.minimum(rate * without, cap)[gets])
    (approval,) = result.approvals
    e = model.enterprises
    done = result.buys & (approval.yuan > 0.0)
    assert done.any()
    assert np.allclose(approval.yuan[done], np.minimum(rate * result.cost, cap)[done])
    assert np.all(eligibility.eligible(opened, e, opened.start)[approval.yuan > 0.0])
    if ISSUED[lever].origin == "document_55":
        assert np.all(np.isin(e.tier[approval.yuan > 0.0], RACING))


def test_the_interest_discount_is_a_share_of_the_new_loan(end_of_2023, older):
    lever = changed(
        replace(ISSUED["loan_interest_discount"], start=0), discount=0.02, cap=1e6, **ALL
    )
    model = run_to(fork(end_of_2023, having(older, lever)), "costs and taxes")
    e = model.enterprises
    long = np.where(np.arange(len(e)) % 2, 1e7, 1e8)
    paid = credit.interest_discount(model, long, long)
    gets = e.size < SIZES.index("below_scale")
    assert np.array_equal(paid, np.where(gets, np.minimum(0.02 * long, 1e6), 0.0))


def test_a_discount_is_not_above_the_rate_nor_what_grants_leave_of_the_outlay(end_of_2023, older):
    lever = changed(
        replace(ISSUED["loan_interest_discount"], start=0), discount=0.05, cap=1e8, **ALL
    )
    model = run_to(fork(end_of_2023, having(older, lever)), "costs and taxes")
    e = model.enterprises
    long, gets = np.full(len(e), 1e8), e.size < SIZES.index("below_scale")
    left = np.where(np.arange(len(e)) % 2, 1e5, 1e8)
    paid = credit.interest_discount(model, long, left)
    most = np.minimum(np.minimum(0.05, e.rate) * long, left)
    assert (e.rate < 0.05).any()
    assert np.array_equal(paid, np.where(gets, most, 0.0))


def test_public_money_for_an_outlay_stops_at_the_outlay(end_of_2023, older):
    """Whole grants beside an interest discount, and for R&D that has had some support already."""
    many = [
        changed(replace(ISSUED[name], start=0, end=None), rate=1.0, cap=1e9, **ALL)
        for name in ("equipment_upgrade_grant", "rd_matching_grant")
    ]
    discount = changed(replace(ISSUED["loan_interest_discount"], start=0), discount=0.05, **ALL)
    model = fork(end_of_2023, having(older, *many, discount))
    model.parameters["misuse_share"] = 0.0
    with watching() as watch:
        model.run_for(2)
    left = {(q, i): y for q, had in watch.bought.items() for i, y in zip(*had, strict=True)}
    binds = False
    for name in ("equipment_upgrade_grant", "loan_interest_discount"):
        for quarter in watch.bought:
            for ids, yuan in watch.booked["committed", name, quarter]:
                for who, promised in zip(ids[yuan > 0.0], yuan[yuan > 0.0], strict=True):
                    left[quarter, who] -= promised
                    binds |= abs(left[quarter, who]) < 1e-3
    assert binds
    assert min(left.values()) > -1e-3
    e = model.enterprises
    model.quarter = 23
    model.province.open_year()
    model.programmes.granted, model.programmes.misused = {}, []
    model.programmes.rd_supported = 0.9 * e.last_rd_reported
    e.rd_grant_rate[:] = 0.0
    matching = model.policy.lever("rd_matching_grant")
    got = projects._support(model, matching, e.rd_active)
    assert got.any()
    assert np.all(model.programmes.rd_supported[got] <= e.last_rd_reported[got] * (1 + 1e-12))
    assert np.allclose(model.programmes.rd_supported[got], np.minimum(
        0.9 * e.last_rd_reported + 1e9, e.last_rd_reported)[got])  # fmt: skip
    assert not e.rd_grant_rate.any()


def test_tax_rates_take_their_share(end_of_2023, older):
    none = setting(
        older, "corporate_income_tax", ordinary=0, high_tech=0, small_first=0, small_rest=0
    )
    model = run_to(fork(end_of_2023, none), "costs and taxes")
    assert np.array_equal(model.accounts.profit_after_tax, model.enterprises.profit)
    flat = setting(older, "corporate_income_tax", ordinary=0.2, high_tech=0.1, small_limit=0.0)
    flat = lacking(flat, "rd_super_deduction")
    model = run_to(fork(end_of_2023, flat), "costs and taxes")
    e = model.enterprises
    # Losses of earlier years are set off first.
    gains = (e.profit > 0.0) & (e.losses == 0.0) & np.isin(e.id, end_of_2023.enterprises.id)
    before = dict(zip(end_of_2023.enterprises.id, end_of_2023.enterprises.losses, strict=True))
    gains &= np.array([before.get(i, 0.0) == 0.0 for i in e.id])
    rate = np.where(e.high_tech > NEVER, 0.1, 0.2)
    assert gains.any()
    assert np.allclose(
        (e.profit - model.accounts.profit_after_tax)[gains], (rate * e.profit)[gains]
    )


def test_value_added_tax_follows_its_rate(end_of_2023, older):
    collected = []
    for rate in (0.0, 0.13, 0.26):
        model = run_to(fork(end_of_2023, setting(older, "vat_rate", rate=rate)), "costs and taxes")
        e = model.enterprises
        collected.append(model.accounts.turnover - float(e.weight @ e.revenue))
    assert collected[0] == pytest.approx(0.0, abs=1e-3)
    assert collected[2] == pytest.approx(2.0 * collected[1])
