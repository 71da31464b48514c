"""When grants are paid, and to whom: lag, instalments, what is cancelled, the next best grant."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.policy import payments
from tests.model.policy import ISSUED, books_of, changed, entries, having, lacking, trial

SUBSIDY = "digital_subsidy_2021_2023"


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


def test_lag_and_instalments_move_money_and_lose_none(start):
    model = start()
    model.run_for(1)
    e, claim = model.enterprises, np.zeros(len(model.enterprises))
    claim[:3] = 1e6
    spread = trial(lag=1.0, instalment_1=0.4, instalment_2=0.6)
    assert not payments.grant(model, spread, claim).any()
    began, paid = model.quarter, {}
    for quarter in range(began + 1, began + 8):
        model.quarter = quarter
        paid[quarter - began] = payments.pay_due(model)[:3].tolist()
    assert paid.pop(1) == [4e5] * 3
    assert paid.pop(5) == [6e5] * 3
    assert not np.any(list(paid.values()))
    assert len(e) == len(claim)


def test_who_has_left_gets_no_money(start):
    model = start()
    model.run_for(1)
    claim = np.zeros(len(model.enterprises))
    claim[:3] = 1e6
    payments.grant(model, trial(lag=1.0), claim)
    model.enterprises.weight[0] = 0.0
    model.enterprises.keep(np.arange(len(claim)) != 1)
    model.quarter += 1
    paid = payments.pay_due(model)
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
    later = trial(instalment_1=0.0, instalment_2=1.0)
    assert not payments.grant(model, later, claim).any()
    model.quarter += 4
    assert payments.pay_due(model).sum() == 3e6


def test_only_projects_that_are_done_are_paid(start, scenario, monkeypatch):
    """Where no enterprise has funds for a stage, no grant for one falls due later."""
    model = start(of=with_terms(scenario, SUBSIDY, lag=1.0))
    model.run_until_year(2020)
    model.programmes.payments_due.clear()
    monkeypatch.setattr("jiqun.model.economy.finance.ration", lambda *_: 0.0)
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


def test_what_was_approved_and_not_done_goes_back_into_the_budget(start):
    model = start()
    model.run_for(1)
    e, lever = model.enterprises, trial(budget=3e6)
    claim = np.where(e.weight == 1.0, 1e5, 0.0)
    approval = payments.approve(model, lever, claim)
    approved = float(e.weight @ approval.yuan)
    (source,) = model.province.sources(lever)
    assert model.province.left(lever, source) == pytest.approx(3e6 - approved)
    paid = payments.commit(model, approval, 0.25 * claim)
    assert e.weight @ paid == pytest.approx(0.25 * approved)
    assert model.province.left(lever, source) == pytest.approx(3e6 - 0.25 * approved)


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
