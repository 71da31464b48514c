"""Who bears what levers cost beside their grants: declared for all, booked, and closed."""

from dataclasses import replace

import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.model.lever import QUANTITIES
from jiqun.model.policy.bearers import QUARTERLY, SECTORS, YEARLY
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table
from tests.model.policy import (
    ACTING,
    DESIGNS,
    ISSUED,
    assert_same_run,
    books_of,
    entries,
    having,
    lacking,
    of_year,
    setting,
    summed,
)

ROWS, LAST = 600, 2025
LAST_OLD = quarter_index(2023, 4)
COSTS = [(lever, cost) for lever in ISSUED.values() for cost in lever.costs]
UNIT_COSTS = {cost.unit_cost for _, cost in COSTS if cost.unit_cost}
NOBODY = {"rd_conditionality", "supply_chain_finance", "city_coordination"}
"""Levers that nobody bears anything of, as their basis says; two more share a sum that stays."""
SHARED = {"special_funds", "fund_steering"}
CLAIMED = {"take_up_start": 1.0, "take_up_full": 1.0}
PUSHED = {
    "cluster_credit_line": {"limit": 1.0, **CLAIMED},
    "co_growth_plan": {"limit": 1.0, **CLAIMED},
    "ip_pledge": {"pledge": 0.5, **CLAIMED},
    "energy_heavy_limits": {"share": 1.0, "intensity": 2e-5},
    "land_by_performance": {"share": 1.0},
}
"""Levers that reach few rows of a small run as issued, at terms that reach many."""
WIDER = {"cluster_credit_line", "co_growth_plan", "ip_pledge", "credit_guarantee"}
"""Levers that let loans in beyond the limit, so that another is not needed for them."""


@pytest.fixture(scope="module")
def everything():
    """The province with every lever there is; what is nothing at the centre is something."""
    scenario = replace(having(load("policy_to_date"), *DESIGNS), rows=ROWS)
    return scenario.with_draw(ACTING, {})


@pytest.fixture(scope="module")
def from_2024(everything, populate):
    """Goes on from the end of 2023 under another scenario, at other unit costs."""
    past = ClusterPolicyModel(everything, rng=3, population=populate(ROWS))
    past.run_through(LAST_OLD)

    def run(scenario, times=1.0, last=LAST):
        model = past.branch(scenario)
        for name in UNIT_COSTS:
            model.parameters[name] *= times
        model.run_until_year(last)
        return model

    return run


@pytest.fixture(scope="module")
def whole(from_2024, everything):
    return from_2024(everything)


def beside(model, **wanted):
    """What is booked beside grants, yuan."""
    return summed(books_of(model), origin="beside", **wanted)


@pytest.mark.parametrize("lever", declarations().values(), ids=lambda lever: lever.id)
def test_every_lever_says_who_bears_what(lever):
    assert lever.cost_basis.zh.strip().endswith("。")
    assert lever.cost_basis.en.strip().endswith(".")
    said_nobody = lever.cost_basis.en.startswith("Nobody")
    assert said_nobody == (lever.id in NOBODY | SHARED), "`cost_basis` against NOBODY, SHARED"
    borne = bool(lever.paid_by or lever.tax or lever.costs)
    assert borne == (lever.id not in NOBODY)
    for cost in lever.costs:
        assert bool(cost.paid_by) != bool(lever.tax)
        assert sum(cost.paid_by.values()) in (0.0, pytest.approx(1.0))


def test_there_are_sixty():
    assert len(ISSUED) == 60


def test_every_quantity_is_of_some_lever():
    assert {cost.quantity for _, cost in COSTS} == set(QUANTITIES)
    assert {*QUARTERLY, *YEARLY} < set(QUANTITIES)
    assert not {*QUARTERLY} & {*YEARLY}


def test_unit_costs_are_drawn_and_belong_to_costs():
    rows = {row.name: row for row in table("parameters")}
    for name in UNIT_COSTS:
        assert rows[name].use == rows[name].group == "cost"
        assert 0.0 <= rows[name].low < rows[name].high
        assert rows[name].source


@pytest.mark.parametrize(
    ("lever", "cost"), COSTS, ids=lambda part: getattr(part, "id", getattr(part, "quantity", ""))
)
def test_a_declared_cost_is_booked(whole, from_2024, everything, lever, cost):
    run = whole
    if lever.id in PUSHED:
        alone = lacking(everything, *(WIDER - {lever.id}))
        run = from_2024(setting(alone, lever.id, **PUSHED[lever.id]))
    payers = list(cost.paid_by) or ["centre", "province", "city"]
    for payer in payers:
        kinds = (cost.kind, "received") if lever.tax else (cost.kind,)
        if lever.id == "vat_rate":
            continue  # as issued the rate is that of the law
        assert beside(run, lever=lever.id, kind=kinds, payer=payer, year=(2024, 2025)) > 0.0


@pytest.fixture(scope="module")
def doubled(from_2024, everything):
    return from_2024(everything, 2.0)


def test_unit_costs_move_what_hangs_on_them_and_no_enterprise(whole, doubled):
    one, two = (run.records() for run in (whole, doubled))
    told = one["outcome"] != "accounting_residual"  # sums of larger flows round otherwise
    assert (one["value"][told] == two["value"][told]).all()
    for name, values in whole.enterprises.columns.items():
        assert values.tobytes() == doubled.enterprises.columns[name].tobytes(), name
    one, two = (entries(books_of(run), origin="beside") for run in (whole, doubled))
    by = ["lever", "kind", "payer"]
    one, two = (books.groupby(by)["yuan"].sum() for books in (one, two))
    for lever in ISSUED.values():
        for kind in {cost.kind for cost in lever.costs}:
            priced = {bool(cost.unit_cost) for cost in lever.costs if cost.kind == kind}
            if len(priced) == 1 and (lever.id, kind) in one.index.droplevel("payer"):
                times = 2.0 if priced.pop() else 1.0
                assert two[lever.id, kind].to_dict() == pytest.approx(
                    (times * one[lever.id, kind]).to_dict()
                )


def test_a_lever_of_no_size_costs_nothing(from_2024, everything):
    none = from_2024(everything.with_draw({}, {}, dict.fromkeys(ISSUED, 0.0)))
    found = entries(books_of(none), origin="beside")
    taxes = {lever.id for lever in ISSUED.values() if lever.tax}
    assert set(found["lever"]) <= taxes


def test_history_has_none(whole):
    assert books_of(whole).query("origin == 'beside'")["year"].min() == 2024


@pytest.mark.parametrize("lever", [x for x in ISSUED if ISSUED[x].origin != "older"])
def test_the_books_close_with_each_lever_alone(from_2024, everything, lever):
    others = [x for x in ISSUED if ISSUED[x].origin != "older" and x != lever]
    alone = from_2024(lacking(everything, *others), last=2024)
    assert of_year(alone, "accounting_residual")[2024] < 1e-9
    costs = set(entries(books_of(alone), origin="beside", year=2024)["lever"])
    assert costs <= {lever, *(x for x in ISSUED if ISSUED[x].origin == "older")}


def test_the_books_close_with_all_of_them(whole):
    assert max(of_year(whole, "accounting_residual").values()) < 1e-9


def test_money_spent_leaves_the_payer_and_reaches_households(everything, populate):
    past = ClusterPolicyModel(everything, rng=3, population=populate(ROWS))
    past.run_through(LAST_OLD)
    paid, free = past.branch(everything), past.branch(everything)
    for name in UNIT_COSTS:
        free.parameters[name] = 0.0
    for run in (paid, free):
        run.run_through(LAST_OLD + 1)
    spent = entries(books_of(paid), kind="spent").groupby("payer")["yuan"].sum()
    for sector in ("government", "banks"):
        out = sum(spent.get(payer, 0.0) for payer, where in SECTORS.items() if where == sector)
        gap = paid.accounts.books.received[sector] - free.accounts.books.received[sector]
        assert gap == pytest.approx(-out, rel=1e-6, abs=1.0)
    gap = paid.accounts.books.received["households"] - free.accounts.books.received["households"]
    assert gap == pytest.approx(sum(spent.get(payer, 0.0) for payer in SECTORS), rel=1e-6)
    assert spent["city"] > 0.0


def test_what_is_charged_is_received(whole):
    for lever in ("energy_price", "energy_by_performance"):
        charged, received = (beside(whole, lever=lever, kind=k) for k in ("charged", "received"))
        assert charged == pytest.approx(received)
        assert charged > 0.0


def test_a_tax_rate_above_the_law_is_a_receipt(from_2024, everything):
    higher = having(everything, everything.lever("vat_rate").sized(1.1, LAST_OLD + 1))
    lower = having(everything, everything.lever("vat_rate").sized(0.9, LAST_OLD + 1))
    up, down = (from_2024(scenario, last=2024) for scenario in (higher, lower))
    assert beside(up, lever="vat_rate", kind="received") > 0.0
    assert beside(up, lever="vat_rate", kind="forgone") == 0.0
    assert beside(down, lever="vat_rate", kind="forgone") > 0.0
    assert beside(down, lever="vat_rate", kind="received") == 0.0


def test_forgone_income_tax_is_what_the_ordinary_rate_would_have_brought(from_2024, everything):
    ordinary = everything.lever("corporate_income_tax")
    rate = (LAST_OLD + 1, ordinary.terms["ordinary"][-1][1])
    flat = {
        name: (*ordinary.terms[name], rate) for name in ("high_tech", "small_first", "small_rest")
    }
    level = replace(ordinary, terms={**ordinary.terms, **flat})
    model = from_2024(having(everything, level), last=2024)
    assert beside(model, lever="corporate_income_tax") == pytest.approx(0.0, abs=1.0)


def test_a_branch_books_its_own_costs(from_2024, everything, whole):
    assert_same_run(from_2024(everything), whole)
