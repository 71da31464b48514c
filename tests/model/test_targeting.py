"""Who a lever serves and pays, and when: groups, take-up, budget, lag and instalments."""

from dataclasses import replace

import numpy as np
import pytest

from model import targeting
from model.enterprises import NEVER
from model.scenario import CITIES, FIELDS, TIERS, Lever, always
from tests.model.policy import ISSUED, books_of, changed, entries, having, lacking

SUBSIDY = "digital_subsidy_2021_2023"


def lever(who=None, start=0, end=None, **terms):
    """A lever whose terms hold from its start."""
    dated = {name: ((start, value),) for name, value in terms.items()}
    return Lever("trial", "later", "price_of_digital", "", start, end, dated, always(who or {}))


def with_terms(scenario, lever_id, **terms):
    """The scenario with terms of one lever set from its start."""
    changed = tuple(
        replace(x, terms={**x.terms, **{k: ((x.start, v),) for k, v in terms.items()}})
        if x.id == lever_id
        else x
        for x in scenario.levers
    )
    return replace(scenario, levers=changed)


def of_year(model, outcome):
    """Year to value of an outcome of the province."""
    records = model.records()
    chosen = (records["level"] == "province") & (records["outcome"] == outcome)
    return dict(zip(records["year"][chosen].tolist(), records["value"][chosen], strict=True))


@pytest.mark.parametrize(
    ("who", "member"),
    [
        ({}, lambda e: e.weight > 0.0),
        ({"tier": ("world", "none")}, lambda e: np.isin(e.tier, [0, TIERS.index("none")])),
        ({"field": ("nev",)}, lambda e: e.field == FIELDS.index("nev")),
        ({"city": ("hefei", "wuhu")}, lambda e: np.isin(e.city, [0, CITIES.index("wuhu")])),
        ({"role": ("chain_leader",)}, lambda e: e.role == 2),
        ({"size": ("below_scale",)}, lambda e: ~e.above_scale),
        ({"id": ("3", "17", "99999999")}, lambda e: np.isin(e.id, [3, 17])),
        ({"label": ("srdi", "high_tech")}, lambda e: np.maximum(e.srdi, e.high_tech) > NEVER),
        (
            {"field": ("nev",), "city": ("hefei",)},
            lambda e: (e.field == FIELDS.index("nev")) & (e.city == 0),
        ),
    ],
    ids=["all", "tier", "field", "city", "role", "size", "id", "label", "two groups"],
)
def test_a_lever_serves_the_groups_it_names(start, who, member):
    e = start().enterprises
    e.size = targeting.size_class(e.above_scale, e.expected_revenue, e.employees)
    mask = targeting.eligible(lever(who), e, 0)
    assert mask.any()
    assert np.array_equal(mask, member(e))


def test_a_rising_take_up_only_adds_claimants(start):
    e = start().enterprises
    rising = lever(take_up_start=0.2, take_up_full=0.8, take_up_years=2.0)
    before = np.zeros(len(e), bool)
    for quarter in range(12):
        now = targeting.claims(rising, e, 1, quarter, 0.5)
        assert not np.any(before & ~now)
        rate = min(0.2 + 0.6 * quarter / 8.0, 0.8)
        assert now.mean() == pytest.approx(rate, abs=4.0 * np.sqrt(0.25 / len(e)))
        before = now


def test_without_a_take_up_all_claim_the_usual_share(start):
    e = start().enterprises
    some = {"field": ("nev",)}
    share = targeting.claimed_share(lever(some), e, 1, 0, 0.4)
    assert np.array_equal(share, 0.4 * (e.field == FIELDS.index("nev")))
    all_or_none = targeting.claimed_share(lever(some, take_up_full=1.0), e, 1, 0, 0.4)
    assert np.array_equal(all_or_none, 1.0 * (e.field == FIELDS.index("nev")))


@pytest.mark.parametrize("first", range(5))
def test_grants_stay_inside_the_budget_of_the_year(start, first):
    model = start()
    model.run_for(1)
    e = model.enterprises
    claim = np.where(e.weight == 1.0, 1e5, 0.0)
    paid = [
        float(e.weight @ targeting.grant(model, lever(budget=3e6, budget_first=first), claim))
        for _ in range(3)
    ]
    assert paid == [pytest.approx(3e6), 0.0, 0.0]
    model.province.open_year()
    assert targeting.grant(model, lever(budget=3e6, budget_first=first), claim).any()


def test_the_smallest_or_the_largest_come_first(start):
    model = start()
    model.run_for(1)
    e = model.enterprises
    claim = np.where(e.weight == 1.0, 1e5, 0.0)
    for first, sign in ((2, 1.0), (3, -1.0)):
        model.province.open_year()
        got = targeting.grant(model, lever(budget=3e6, budget_first=first), claim) > 0.0
        size = sign * e.expected_revenue
        assert size[got].max() <= size[(claim > 0.0) & ~got].min()


def test_lag_and_instalments_move_money_and_lose_none(start):
    model = start()
    model.run_for(1)
    e, claim = model.enterprises, np.zeros(len(model.enterprises))
    claim[:3] = 1e6
    spread = lever(lag=1.0, instalment_1=0.4, instalment_2=0.6)
    assert not targeting.grant(model, spread, claim).any()
    began, paid = model.quarter, {}
    for quarter in range(began + 1, began + 8):
        model.quarter = quarter
        paid[quarter - began] = targeting.due(model)[:3].tolist()
    assert paid.pop(1) == [4e5] * 3
    assert paid.pop(5) == [6e5] * 3
    assert not np.any(list(paid.values()))
    assert len(e) == len(claim)


def test_who_has_left_gets_no_money(start):
    model = start()
    model.run_for(1)
    claim = np.zeros(len(model.enterprises))
    claim[:3] = 1e6
    targeting.grant(model, lever(lag=1.0), claim)
    model.enterprises.weight[0] = 0.0
    model.enterprises.keep(np.arange(len(claim)) != 1)
    model.quarter += 1
    paid = targeting.due(model)
    assert paid.sum() == 1e6
    assert model.enterprises.id[np.argmax(paid)] == model.enterprises.id[1]


@pytest.mark.parametrize(
    "terms",
    [{"lag": 2.0}, {"instalment_1": 0.4, "instalment_2": 0.6}, {"take_up_full": 1.0}],
    ids=lambda terms: next(iter(terms)),
)
@pytest.mark.parametrize("lever_id", [SUBSIDY, "title_awards"])
def test_money_balances_whenever_it_is_paid(start, scenario, lever_id, terms):
    model = start(of=with_terms(scenario, lever_id, **terms))
    model.run_until_year(2023)
    assert max(of_year(model, "accounting_residual").values()) < 1e-9


def test_a_lever_does_nothing_before_it_starts_and_pays_after(start, scenario):
    with_it, without = start(), start(of=replace(scenario, levers=tuple(
        x for x in scenario.levers if x.id != SUBSIDY
    )))  # fmt: skip
    with_it.run_until_year(2022)
    without.run_until_year(2022)
    paid, base = of_year(with_it, "subsidies"), of_year(without, "subsidies")
    assert [paid[y] == base[y] for y in (2019, 2020)] == [True, True]
    assert paid[2021] > base[2021]
    # Never more than the budget, and what titles alone would give differs little.
    assert paid[2021] - base[2021] <= 240e6 * 1.05


def test_a_first_instalment_of_nothing_only_waits(start):
    model = start()
    model.run_for(1)
    claim = np.zeros(len(model.enterprises))
    claim[:3] = 1e6
    later = lever(instalment_1=0.0, instalment_2=1.0)
    assert not targeting.grant(model, later, claim).any()
    model.quarter += 4
    assert targeting.due(model).sum() == 3e6


def test_only_projects_that_are_done_are_paid(start, scenario, monkeypatch):
    """Where no enterprise has funds for a stage, no grant for one falls due later."""
    model = start(of=with_terms(scenario, SUBSIDY, lag=1.0))
    model.run_until_year(2020)
    model.programmes.payments_due.clear()
    monkeypatch.setattr("model.finance.ration", lambda *_: 0.0)
    e = model.enterprises
    e.cash[:] = 0.0
    stages = e.digital_stage.copy(), e.id.copy()
    model.run_for(1)
    model.programmes.payments_due = [
        entry for entry in model.programmes.payments_due if entry.quarter == model.quarter + 1
    ]
    after = dict(zip(e.id.tolist(), e.digital_stage.tolist(), strict=True))
    done = {i for s, i in zip(*(x.tolist() for x in stages), strict=True) if after.get(i, s) > s}
    owed = {
        i for entry in model.programmes.payments_due for i in entry.ids.tolist() if i < 10_000_000
    }
    assert owed <= done


def test_what_was_approved_and_not_done_goes_back_into_the_purse(start):
    model = start()
    model.run_for(1)
    e, trial = model.enterprises, lever(budget=3e6)
    claim = np.where(e.weight == 1.0, 1e5, 0.0)
    approval = targeting.approve(model, trial, claim)
    approved = float(e.weight @ approval.yuan)
    ((origin, fund),) = model.province.parts(trial)
    assert model.province.left(trial, origin, fund) == pytest.approx(3e6 - approved)
    paid = targeting.commit(model, approval, 0.25 * claim)
    assert e.weight @ paid == pytest.approx(0.25 * approved)
    assert model.province.left(trial, origin, fund) == pytest.approx(3e6 - 0.25 * approved)


def test_even_service_gives_every_group_the_same_sum_while_it_asks():
    group = np.array([0, 0, 0, 1, 1, 2])
    turn = np.array([0.9, 0.1, 0.5, 0.2, 0.7, 0.3])
    yuan = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1.0])
    order = targeting.taken_by(group, turn, yuan)
    assert order.tolist() == [6.0, 2.0, 5.0, 4.0, 9.0, 1.0]
    assert targeting.taken_by(group[:0], turn[:0], yuan[:0]).tolist() == []


@pytest.mark.parametrize("channel", ["equipment", "green"])
def test_who_is_refused_by_the_better_grant_turns_to_the_next(start, scenario, channel):
    """A remnant of money under a better rate keeps nobody from the grant that has money."""
    name = {"equipment": "equipment_upgrade_grant", "green": "green_retrofit_grant"}[channel]
    wide = {"take_up_start": 1.0, "take_up_full": 1.0, "cap": 1e12}
    first = changed(replace(ISSUED[name], start=0), rate=0.3, budget=10.0, **wide)
    second = changed(replace(ISSUED[name], start=0), rate=0.2, budget=1e12, **wide)
    first, second = (
        replace(x, id=i, origin="later", who=(), fund="upgrade_plan", paid_by={"province": 1.0})
        for i, x in (("better", first), ("other", second))
    )
    of = lacking(scenario, "equipment_grant")
    paid = {}
    for label, offered in (("both", (first, second)), ("other alone", (second,))):
        model = start(of=having(of, *offered))
        model.run_for(1)
        books = books_of(model)
        assert "better" not in set(books["lever"])
        paid[label] = entries(books, lever="other", kind="committed")["yuan"].sum()
    assert paid["both"] == paid["other alone"] > 0.0
