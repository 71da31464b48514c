"""The first thing each lever moves, by the amount it states, before the rest answers."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.economy import credit, energy, finance, network, plans, taxes
from jiqun.model.innovation import digital, innovation, titles
from jiqun.model.policy import eligibility, offers, projects, rationing
from jiqun.model.scenario import CITIES, FIELDS, SIZES, TIERS, quarter_index
from jiqun.scenarios import load
from tests.model.policy import (
    ISSUED,
    books_of,
    changed,
    entries,
    fork,
    having,
    lacking,
    most_promised,
    of_year,
    run_to,
    setting,
    summed,
    watching,
)

ROWS = 1_200
DOCUMENT = load("as_issued")
RACING = [TIERS.index(tier) for tier in ("world", "national", "provincial")]
ALL = {"take_up_start": 1.0, "take_up_full": 1.0}


@pytest.fixture(scope="module")
def end_of_2024(end_of_2023, older):
    """A year after the document was issued, everything in force."""
    model = fork(end_of_2023, replace(DOCUMENT, rows=ROWS))
    model.run_until_year(2024)
    return model


def with_and_without(model, scenario, lever, last, **terms):
    """Two models at a stage of the next quarter: with a lever set, and without it."""
    with_it = run_to(fork(model, setting(scenario, lever, **terms)), last)
    return with_it, run_to(fork(model, lacking(scenario, lever)), last)


# money ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("yearly", [1e9, 2.5e9, 13e9])
@pytest.mark.parametrize("theta", [0.0, 0.25, 1.0])
def test_windows_hold_the_special_funds_whole(end_of_2023, older, yearly, theta):
    of = setting(setting(older, "special_funds", yearly=yearly), "fund_steering", theta=theta)
    model = fork(end_of_2023, having(of, ISSUED["digital_voucher"], ISSUED["green_retrofit_grant"]))
    model.quarter += 1
    model.province.open_year()
    model.province.divide(projects.most_asked(model, projects.choose(model)))
    part = {"steered": 0.0, "pooled": 0.0}
    for (lever, origin), yuan in model.province.purses.items():
        part[origin] += yuan
        assert origin == "steered" or ISSUED[lever].origin == "older"
    assert part == pytest.approx({"steered": theta * yearly, "pooled": (1 - theta) * yearly})


def test_a_small_voucher_locks_up_little_of_the_funds(end_of_2023):
    """A window is held open for as many as bought in the year before, with room for more."""
    issued = having(replace(DOCUMENT, rows=ROWS), ISSUED["digital_voucher"])
    purse = {}
    for times in (0.03, 1.0):
        voucher = ISSUED["digital_voucher"].sized(times, quarter_index(2024, 1))
        model = fork(end_of_2023, having(lacking(issued, "digital_voucher"), voucher))
        bought = (
            model.programmes.purchases_by_channel["price_of_digital"]
            / model.enterprises.weight.sum()
        )
        assert 0.0 < bought < 0.5
        run_to(model, "programmes")
        purse[times] = model.province.purses["digital_voucher", "steered"]
        ready = eligibility.applicants(model, voucher)
        most = model.enterprises.weight[ready].sum() * voucher.value("cap", model.quarter)
        assert purse[times] <= model.parameters["window_room"] * bought * most + 1.0
    assert purse[0.03] < 0.1 * purse[1.0]


def test_steered_money_goes_where_it_is_steered(end_of_2023):
    of = setting(replace(DOCUMENT, rows=ROWS), "fund_steering", who={"tier": ("world",)}, theta=0.5)
    model = fork(end_of_2023, lacking(of, "cluster_award"))
    model.run_until_year(2024)
    books = entries(books_of(model), fund="special_funds")
    steered = entries(books, origin="steered")
    assert steered["yuan"].sum() > 0.0
    assert set(steered["tier"]) == {"world"}
    # Older grants stay open to all in the other half.
    assert {"county", "none"} <= set(entries(books, year=2024, origin="pooled")["tier"])
    assert set(entries(books, year=2024, origin="pooled")["lever"]) == {
        "rd_grant",
        "equipment_grant",
    }


def test_awards_come_out_of_the_windows_unless_they_are_additional(end_of_2024, older):
    left = {}
    for additional in (0.0, 1.0):
        model = fork(
            end_of_2024, setting(end_of_2024.policy, "cluster_award", additional=additional)
        )
        due = sum(yuan for _, yuan in model.programmes.instalments_due)
        run_to(model, "programmes")
        paid = summed(books_of(model), lever="cluster_award", kind="paid", year=2025)
        assert 0.0 < paid < due
        left[additional] = model.province.award_fund
    assert due == pytest.approx(0.4 * 8 * 5e6 + 0.4 * 10e6)
    yearly = end_of_2024.lever_value("special_funds", "yearly")
    assert left == pytest.approx({0.0: yearly - due, 1.0: yearly})


def test_an_award_is_split_in_projects_and_platforms(end_of_2024):
    alone = lacking(end_of_2024.policy, "city_matching", "innovation_institutes")
    model = run_to(fork(end_of_2024, alone), "programmes")
    e, share = model.enterprises, model.lever_value("cluster_award", "projects")
    projects = {
        entry.ids.tolist()[0]: entry
        for entry in model.programmes.payments_due
        if entry.lever.channel == "award"
    }
    members = {int(e.cluster[e.id == first][0]): entry for first, entry in projects.items()}
    for number, yuan in end_of_2024.programmes.instalments_due:
        cluster, entry = model.clusters[number], members[number]
        rows = np.flatnonzero(np.isin(e.id, entry.ids))
        assert np.all(e.cluster[rows] == number)
        assert np.all(e.rd_active[rows])
        assert e.weight[rows] @ entry.yuan == pytest.approx(share * yuan)
        built = cluster.platform - end_of_2024.clusters[number].platform
        assert built == pytest.approx((1 - share) * yuan / model.markets.price_level)
        assert cluster.received == yuan


@pytest.mark.parametrize("lever", ["title_awards", "title_awards_hefei"])
def test_awards_of_titles_are_paid_to_the_newly_titled(end_of_2023, older, monkeypatch, lever):
    of = setting(
        having(older, ISSUED[lever]), lever, srdi=1e5, little_giant=2e5, champion=4e5, high_tech=7e4
    )
    model = fork(end_of_2023, of)
    award, fresh = titles.award_titles, {}

    def seen(*given):
        fresh.update(award(*given))
        return fresh

    monkeypatch.setattr("jiqun.model.innovation.titles.award_titles", seen)
    for _ in range(3):
        model.run_for(1)
    model.programmes.payments_due.clear()
    ids, city = model.enterprises.id.copy(), model.enterprises.city.copy()
    model.run_for(1)
    amount = 1e5 * fresh["srdi"] + 2e5 * fresh["little_giant"]
    amount += 4e5 * fresh["champion"] + 7e4 * fresh["high_tech"]
    if lever.endswith("hefei"):
        amount *= city == CITIES.index("hefei")
    (entry,) = [entry for entry in model.programmes.payments_due if entry.lever.id == lever]
    assert entry.quarter == model.quarter + 1
    assert dict(zip(entry.ids.tolist(), entry.yuan.tolist(), strict=True)) == {
        i: yuan for i, yuan in zip(ids.tolist(), amount.tolist(), strict=True) if yuan > 0.0
    }


# prices -----------------------------------------------------------------------------------------


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
    (_, plan), (_, before) = plans.plant(one), plans.plant(other)
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
    finance = 1.0 + credit.dearer(one) / (start + p["capital_depreciation"])
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


# credit -----------------------------------------------------------------------------------------


@pytest.fixture
def lent(end_of_2023, older, monkeypatch):
    """A quarter with and without the credit line: models, and room asked for and limits of it."""
    rooms, limits = [], []
    within, limit = finance.within_limit, finance.borrowing_limit

    def within_seen(wanted, room):
        rooms.append(room)
        return within(wanted, room)

    def limit_seen(*given):
        limits.append(limit(*given))
        return limits[-1]

    monkeypatch.setattr("jiqun.model.economy.finance.within_limit", within_seen)
    monkeypatch.setattr("jiqun.model.economy.finance.borrowing_limit", limit_seen)
    pair = with_and_without(
        end_of_2023, older, "cluster_credit_line", "investment and finance",
        line=5e9, discount=0.004, limit=0.1, additional=0.3, **ALL,
    )  # fmt: skip
    return (*pair, rooms, limits[0])


def test_the_line_is_asked_for_under_a_wider_limit(lent):
    _, _, (room, wider, without), limit = lent
    assert np.array_equal(room, without)
    assert np.allclose(wider - room, 0.1 * limit)


def test_the_line_serves_those_who_claim_it(lent):
    one, other, _, _ = lent
    e = one.enterprises
    served = e.debt_line > 0.0
    assert np.all(np.isin(e.tier[served], RACING))
    borrows = np.isin(e.tier, RACING) & (other.enterprises.year_investment > 0.0)
    share = one.parameters["delivery_base"]
    assert 0.0 < served[borrows].mean() < share + 4 * np.sqrt(0.25 / borrows.sum())


def test_loans_under_the_line_are_cheaper_by_the_discount(lent):
    one, other, _, _ = lent
    e = one.enterprises
    owed = e.debt_short + e.debt_long
    served = e.debt_line > 0.0
    assert served.any()
    assert np.all(np.isin(e.tier[served], RACING))
    paid = credit.interest_due(one)
    assert np.allclose(paid, e.rate * owed - 0.004 * e.debt_line)
    assert np.array_equal(paid[~served], (e.rate * owed)[~served])
    assert not np.any(other.enterprises.debt_line)


def test_the_line_is_not_exceeded_and_adds_its_part_to_credit(lent):
    one, other, _, _ = lent
    used = 5e9 - one.banks.line_left
    assert 0.0 < used <= 5e9 * (1 + 1e-12)
    assert one.banks.credit - other.banks.credit == pytest.approx(0.3 * used, rel=1e-6)


def test_a_short_line_is_shared_out(end_of_2023, older):
    model = fork(end_of_2023, setting(older, "cluster_credit_line", line=1e7, **ALL))
    run_to(model, "investment and finance")
    assert model.banks.line_left == pytest.approx(0.0, abs=1.0)


# titles -----------------------------------------------------------------------------------------


TITLES = ("national_cluster_contest", "cluster_recognition")


@pytest.fixture
def titled(end_of_2023, older):
    """Two models at the end of 2024: with a title that brings something, and one that does not."""

    def run(lever, **terms):
        of = older
        for name in TITLES:
            of = setting(of, name, credit=0.0, appeal=0.0)
        one, other = fork(end_of_2023, setting(of, lever, **terms)), fork(end_of_2023, of)
        for model in (one, other):
            # A cheaper loan is asked for more, and who owes more pays more: looked at apart.
            model.parameters = {**model.parameters, "interest_elasticity": 0.0}
            model.run_until_year(2024)
        status = "national" if lever == TITLES[0] else "provincial"
        won = [i for i, c in enumerate(one.clusters) if c.status == status and c.titled_since > 0]
        assert len(won) == (1 if status == "national" else 8)
        return one, other, won

    return run


@pytest.mark.parametrize("lever", TITLES)
def test_a_title_gives_its_appeal_to_members_alone(titled, lever):
    one, other, won = titled(lever, appeal=0.002)
    member = np.isin(one.enterprises.cluster, won)
    assert np.array_equal(one.enterprises.appeal, np.where(member, 0.002, 0.0))
    assert not other.enterprises.appeal.any()
    # Entrants of a titled cluster have it too.
    run_to(one, "entry")
    member = np.isin(one.enterprises.cluster, won)
    assert np.array_equal(one.enterprises.appeal, np.where(member, 0.002, 0.0))


@pytest.mark.parametrize("lever", TITLES)
def test_a_title_cuts_the_rate_that_members_pay_alone(titled, lever):
    one, other, won = titled(lever, credit=0.001)
    for model in (one, other):
        run_to(model, "investment and finance")
    fell = other.enterprises.rate - one.enterprises.rate
    member = np.isin(one.enterprises.cluster, won)
    assert np.allclose(fell[member], 0.001)
    assert np.array_equal(fell[~member], np.zeros((~member).sum()))


def test_county_recognition_adds_clusters_above_the_threshold_and_nothing_else(end_of_2023, older):
    of = setting(older, "county_cluster_recognition", per_year=4.0, threshold=3e9)
    one, other = fork(end_of_2023, of), fork(end_of_2023, lacking(of, "county_cluster_recognition"))
    for model in (one, other):
        model.run_until_year(2024)
    new = [
        i for i, (a, b) in enumerate(zip(one.clusters, other.clusters, strict=True))
        if a.status != b.status
    ]  # fmt: skip
    assert len(new) == 4
    assert {(one.clusters[i].tier, one.clusters[i].status) for i in new} == {("county", "county")}
    for name, values in one.enterprises.columns.items():
        assert values.tobytes() == other.enterprises.columns[name].tobytes(), name
    assert of_year(one, "clusters_county")[2024] == of_year(other, "clusters_county")[2024] + 4


def test_titles_without_money_credit_or_appeal_leave_enterprises_alone(end_of_2023, older):
    """Draws are addressed: the lots of juries and audits disturb no draw of an enterprise."""
    one = fork(end_of_2023, setting(older, "cluster_recognition", credit=0.0, appeal=0.0))
    other = fork(end_of_2023, older)
    for model in (one, other):
        model.run_until_year(2026)
    assert of_year(one, "clusters_provincial")[2026] > 10
    for name, values in one.enterprises.columns.items():
        assert values.tobytes() == other.enterprises.columns[name].tobytes(), name


# capacity, eligibility, matching, delivery ------------------------------------------------------


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
    supplier, leader = network.ends(model.network.links)
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
    linked = np.asarray(one.network.links.sum(axis=1) > other.network.links.sum(axis=1))
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


def test_first_quarter_of_each_later_measure():
    for name, first in (
        ("equipment_upgrade_grant", (2025, 3)), ("loan_interest_discount", (2025, 3)),
        ("digital_subsidy_2024_2025", (2024, 1)), ("equipment_grant_hefei", (2024, 1)),
        ("title_awards_hefei", (2024, 1)), ("cluster_award", (2024, 1)),
    ):  # fmt: skip
        assert ISSUED[name].start == quarter_index(*first)


@pytest.mark.parametrize("lever", [name for name, lever in ISSUED.items() if lever.cap_a_year])
def test_a_cap_for_a_year_holds_over_its_quarters(end_of_2023, older, lever):
    opened = changed(replace(ISSUED[lever], start=0), cap=1e4, **ALL)
    with watching() as watch:
        model = fork(end_of_2023, having(older, opened))
        model.run_until_year(2025)
    assert most_promised(watch, lever, by_year=True) == pytest.approx(1e4)
    assert max(of_year(model, "accounting_residual").values()) < 1e-9
