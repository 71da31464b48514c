"""How enterprises learn of measures, relabel R&D and spend grants, and what an audit does to it."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.economy.taxes import payers
from jiqun.model.innovation import audit
from jiqun.model.policy import awareness
from jiqun.model.quarter import YEAR_END
from tests.model.policy import (
    ISSUED,
    books_of,
    by_enterprise,
    changed,
    entries,
    fork,
    having,
    in_place_of,
    of_year,
    run_to,
    setting,
    summed,
    watching,
)

ROWS = 1_200
NEWS = "equipment_upgrade_grant"


def opened(older, **terms):
    """Older policy and a new grant from the first quarter on."""
    return having(older, changed(replace(ISSUED[NEWS], start=0, end=None), rate=0.01, **terms))


# learning ---------------------------------------------------------------------------------------


def test_the_hazard_to_learn_rises_with_size_order_and_peers():
    def hazard(revenue=1e8, organised=False, peers=0.0):
        return awareness.hazard(
            np.array([revenue]), np.array([organised]), np.array([peers]), 0.4, 0.2, 0.5, 1.5
        )[0]

    assert hazard() == pytest.approx(0.4)
    assert hazard(revenue=32e8) == pytest.approx(0.4 * 2.0)
    assert hazard(revenue=1e15) == pytest.approx(0.4 * 4.0)
    assert hazard(organised=True) == pytest.approx(0.6)
    assert hazard(peers=0.2) == pytest.approx(0.7)


def test_a_new_measure_is_learnt_of_and_not_forgotten(start, older):
    model = start(of=opened(older))
    lever, before = model.policy.lever(NEWS), None
    for quarter in range(12):
        model.run_for(1)
        e, knows = model.enterprises, awareness.knows(model, lever)
        if quarter == 0:
            assert not knows.any()
        elif before is not None:
            ids, known = before
            still = np.isin(e.id, ids[known])
            assert np.all(knows[still])
        before = e.id.copy(), knows
    share = np.average(knows, weights=e.weight)
    assert 0.4 < share < 1.0
    entrants = e.founded >= 8
    assert np.average(knows[entrants], weights=e.weight[entrants]) < share


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_what_is_learnt_follows_the_hazard(start, older, rate):
    of = opened(older).with_draw(
        {"learn_rate": rate, "learn_size_power": 0.0, "learn_organised": 0.0, "learn_peer": 0.0}, {}
    )
    model = start(of=of)
    model.run_for(9)
    e = model.enterprises
    there = e.founded < 0
    assert np.allclose(e.heard[NEWS][there], 8 * rate / 4.0)
    knows = awareness.knows(model, model.policy.lever(NEWS))[there]
    assert knows.mean() == pytest.approx(-np.expm1(-2.0 * rate), abs=0.05)


def test_older_measures_and_those_with_a_take_up_of_their_own_are_known(start, older):
    model = start(of=having(older, ISSUED["digital_voucher"]))
    model.run_until_year(2024)
    assert not model.enterprises.heard
    for lever in ("rd_grant", "rd_super_deduction", "digital_voucher"):
        assert awareness.knows(model, model.policy.lever(lever)).all()


def test_nobody_gets_a_new_grant_before_hearing_of_it(start, older):
    deaf = opened(older).with_draw({"learn_rate": 0.0, "learn_peer": 0.0}, {})
    model = start(of=deaf)
    model.run_until_year(2020)
    assert entries(books_of(model), lever=NEWS).empty
    heard = start(of=opened(older))
    heard.run_until_year(2020)
    paid = entries(books_of(heard), lever=NEWS, kind="committed").groupby("year")["yuan"].sum()
    assert 0.0 < paid[2019] < paid[2020]


# relabelling and diverted grants ----------------------------------------------------------------


def test_what_cheating_is_worth_falls_with_the_chance_of_an_audit():
    assert audit.expected(0.25, 0.0) == 0.25
    assert audit.expected(0.25, 0.4) == pytest.approx(0.15)
    assert audit.expected(0.25, 1.0) == 0.0


def test_diverted_grants_rise_with_the_grant_and_fall_with_audits():
    draw = (np.arange(10_000) + 0.5) / 10_000

    def share(rate=audit.USUAL_GRANT, audited=0.0):
        return audit.diverts(draw, rate, audited, 0.25).mean()

    assert share() == pytest.approx(0.25)
    assert share(rate=0.1) == pytest.approx(0.125)
    assert share(audited=0.6) == pytest.approx(0.1)
    assert share(audited=1.0) == 0.0
    few, many = (audit.diverts(draw, rate, 0.0, 0.25) for rate in (0.1, 0.3))
    assert np.all(many[few])


def test_a_diverted_grant_cuts_no_cost_and_is_counted(end_of_2023, older):
    of = setting(setting(older, "special_funds", yearly=30e9), "rd_grant", cap=1e9)
    marginal = {}
    for share in (0.0, 1.0):
        model = fork(end_of_2023, of)
        model.parameters["misuse_share"] = share
        run_to(model, "programmes")
        e = model.enterprises
        got = model.programmes.grants_paid > 0.0
        assert got.any()
        assert np.array_equal(e.year_misused > 0.0, got if share else np.zeros(len(e), bool))
        assert np.allclose(e.year_misused, share * model.programmes.grants_paid)
        marginal[share] = e.rd_grant_rate[got]
    assert np.all(marginal[0.0] == 0.2)
    assert not marginal[1.0].any()


# audits -----------------------------------------------------------------------------------------


def audited(older, rate, who=None):
    return having(older, changed(replace(ISSUED["rd_audit"], start=0), who, rate=rate))


def test_less_is_relabelled_where_audits_are_likely(end_of_2023, older):
    reward = {}
    for rate in (0.0, 0.3, 1.0):
        model = run_to(fork(end_of_2023, audited(older, rate)), "costs and taxes")
        reward[rate] = model.innovation.relabelling_reward
    assert np.allclose(reward[0.3], 0.7 * reward[0.0])
    assert not reward[1.0].any()
    plain = run_to(fork(end_of_2023, older), "costs and taxes")
    assert np.array_equal(reward[0.0], plain.innovation.relabelling_reward)


def test_what_an_audit_finds_is_struck_off_and_paid_back_to_who_bore_it(start, older, monkeypatch):
    close, year = audit.close_year, {}

    def watched(m):
        e = m.enterprises
        names = ("id", "year_rd", "year_rd_reported", "year_relabel_gain", "year_misused")
        year.update({name: getattr(e, name).copy() for name in names})
        close(m)
        year["after"] = e.year_rd_reported.copy()

    monkeypatch.setattr("jiqun.model.quarter.YEAR_END", in_place_of(YEAR_END, "audit", watched))
    model = start(of=audited(older, 0.5))
    model.run_for(4)
    tax, grants = [entry for entry in model.programmes.payments_due if entry.lever.id == "rd_audit"]
    found = np.isin(year["id"], tax.ids)
    assert found.mean() == pytest.approx(0.5, abs=0.06)
    assert np.array_equal(year["after"][found], year["year_rd"][found])
    assert np.array_equal(year["after"][~found], year["year_rd_reported"][~found])
    assert np.all(year["year_rd_reported"] >= year["year_rd"])
    assert np.array_equal(tax.yuan, year["year_relabel_gain"][found])
    assert np.array_equal(grants.yuan, year["year_misused"][found])
    assert min(tax.yuan.sum(), grants.yuan.sum()) > 0.0
    assert tax.repaid_to == payers("income", model.parameters["local_tax_province"])
    assert grants.repaid_to == {"province": 1.0}
    e = model.enterprises
    owed = sum(
        float(e.weight[np.isin(e.id, entry.ids)] @ entry.yuan[np.isin(entry.ids, e.id)])
        for entry in (tax, grants)
    )
    model.run_for(1)
    assert summed(books_of(model), kind="repaid") == pytest.approx(owed)


def test_money_paid_back_balances(start, older):
    model = start(of=audited(older, 0.5))
    model.run_until_year(2022)
    books = books_of(model)
    back = entries(books, lever="rd_audit")
    assert set(back["kind"]) == {"repaid"}
    assert set(back["article"]) == {"22"}
    assert set(back["payer"]) == {"province", "city", "centre"}
    assert back["year"].min() == 2020
    assert max(of_year(model, "accounting_residual").values()) < 1e-9
    paid = summed(books, kind="paid") - summed(books, kind="repaid")
    assert paid == pytest.approx(model.ledger.paid)
    assert {"tax", "pooled"} == set(back["origin"])
    assert dict(zip(back["origin"], back["fund"], strict=True)) == {
        "tax": "tax", "pooled": "special_funds"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shares", "lag", "kept"), [((0.4, 0.3, 0.3), 0, 0.4), ((1.0,), 2, 1.0), ((1.0,), 6, 0.0)]
)
def test_what_is_still_to_come_of_a_diverted_grant_is_cancelled(start, older, shares, lag, kept):
    """It is paid back as far as it was paid, where it came from, and no later part is paid."""
    terms = {f"instalment_{i}": share for i, share in enumerate(shares, 1)} | {"lag": lag}
    grant = replace(changed(older.lever("rd_grant"), **terms), end=3)
    steered = changed(replace(ISSUED["fund_steering"], start=0), theta=0.5)
    of = having(audited(older, 0.5), grant, steered)
    with watching() as watch:
        model = start(of=of)
        model.parameters["misuse_share"] = 1e3  # all spend it on other things
        model.run_for(16)
    for origin in ("steered", "pooled"):
        promised, paid, back = (
            by_enterprise(watch, kind, origin, "special_funds", levers)
            for kind, levers in (
                ("committed", ("rd_grant",)), ("paid", ("rd_grant",)), ("repaid", ("rd_audit",))
            )
        )  # fmt: skip
        # Who has left pays nothing back and gets nothing more.
        promised = {who: promised[who] for who in model.enterprises.id if who in promised}
        caught = {who for who in promised if back[who] > 1e-3 or paid[who] < 0.5 * promised[who]}
        assert 0.2 < len(caught) / len(promised) < 0.8 or lag == 6
        for who in caught:
            assert paid[who] == pytest.approx(kept * promised[who], abs=1e-3)
            assert back[who] == pytest.approx(paid[who], abs=1e-3)
    assert max(of_year(model, "accounting_residual").values()) < 1e-9


def test_reported_rd_comes_to_real_rd_under_audit(start, older):
    gap = {}
    for rate in (0.0, 0.5, 1.0):
        model = start(of=audited(older, rate))
        model.run_until_year(2021)
        e = model.enterprises
        gap[rate] = float(e.weight @ (e.rd_reported - e.rd)) / float(e.weight @ e.rd)
    assert gap[0.0] > gap[0.5] > gap[1.0] == pytest.approx(0.0, abs=1e-12)


def test_only_those_whom_an_audit_is_aimed_at_fear_it(start, older):
    model = start(of=audited(older, 0.3, who={"size": ("large",)}))
    model.run_for(3)
    large = model.enterprises.size == 0
    assert np.array_equal(audit.chance(model), np.where(large, 0.3, 0.0))
