"""Money under any levers: booked as received, and kept to caps, purses and rules."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.model.dimensions import TIERS
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations, parameter_of
from jiqun.scenarios.schema import WHO
from jiqun.scenarios.tables import table
from tests.model.policy import (
    ISSUED,
    books_of,
    by_enterprise,
    by_place,
    changed,
    entries,
    having,
    most_promised,
    of_year,
    summed,
    term_of,
    watching,
)

ROWS = 600
LAST = 2027
GRANTS = tuple(
    name
    for name, lever in ISSUED.items()
    if (lever.channel.startswith("price_of") or "cap" in lever.terms) and lever.grants
)
RD_GRANTS = tuple(
    name
    for name, lever in ISSUED.items()
    if lever.channel in ("price_of_rd", "project_grant") and lever.grants
)
FOR_WHAT_IS_BOUGHT = tuple(
    name
    for name, lever in ISSUED.items()
    if lever.channel in ("price_of_equipment", "price_of_digital", "price_of_green")
    or name == "loan_interest_discount"
)
CONTESTS = tuple(name for name, lever in ISSUED.items() if lever.channel == "project_grant")
OUTSIDE_CLUSTERS = ("county", "none")
ENDS = tuple(quarter_index(*last) for last in ((2022, 4), (2024, 4), (2025, 2), (2026, 3)))
INSTALMENTS = ((1.0,), (0.4, 0.3, 0.3), (0.0, 1.0), (0.5, 0.5))


def corners(name):
    """Term to its least, usual and largest value: of its parameter if drawn, else as declared."""
    found = {}
    for term, declared in declarations()[name].terms.items():
        row = parameter_of(declared)
        if row:
            found[term] = (row.low, row.value, row.high, *declared.bounds)
        else:
            found[term] = (*declared.bounds, *(value for _, value in ISSUED[name].terms[term]))
    return found


@st.composite
def put(draw, name):
    """A lever with its terms at corners and its settings at any value it allows."""
    terms = {
        term: draw(st.sampled_from(values))
        for term, values in corners(name).items()
        if draw(st.booleans())
    }
    allowed = declarations()[name].settings
    if "budget" in allowed and draw(st.booleans()):
        terms["budget"] = draw(st.sampled_from([0.0, 1e6, 3e7, 1e9, 1e11]))
        terms["budget_first"] = float(draw(st.integers(0, 4)))
    if "take_up" in allowed and draw(st.booleans()):
        terms["take_up_start"] = draw(st.floats(0.0, 1.0))
        terms["take_up_full"] = draw(st.floats(0.0, 1.0))
        terms["take_up_years"] = draw(st.floats(0.25, 5.0))
    if "lag" in allowed and draw(st.booleans()):
        terms["lag"] = float(draw(st.integers(0, 6)))
    lever = ISSUED[name]
    if "instalments" in allowed and draw(st.booleans()):
        shares = draw(st.sampled_from(INSTALMENTS))
        kept = {k: v for k, v in lever.terms.items() if not k.startswith("instalment_")}
        lever = replace(lever, terms=kept)
        terms |= {f"instalment_{i}": share for i, share in enumerate(shares, 1)}
    if draw(st.integers(0, 3)) == 0:
        lever = replace(lever, end=max(draw(st.sampled_from(ENDS)), lever.start))
    who = {}
    for attribute in declarations()[name].who:
        if draw(st.integers(0, 7)) == 0:
            allowed = lever.groups(lever.start).get(attribute, WHO[attribute])
            who[attribute] = tuple(draw(st.sets(st.sampled_from(allowed), min_size=1)))
    return changed(lever, who, **terms)


@st.composite
def packages(draw):
    """Any levers together."""
    names = draw(st.sets(st.sampled_from(sorted(ISSUED)), min_size=3))
    return tuple(draw(put(name)) for name in ISSUED if name in names)


@pytest.fixture(scope="module")
def bare():
    """The province without any lever."""
    return replace(load("without_document_55"), rows=ROWS, levers=())


# Shrinking would take minutes; the levers of a failing example are read as they are.
@settings(max_examples=25, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(levers=packages(), seed=st.integers(1, 10**6))
def test_money_of_any_package(bare, populate, levers, seed):
    of = having(bare, *levers)
    with watching() as watch:
        model = ClusterPolicyModel(of, rng=seed, population=populate(ROWS))
        model.run_until_year(LAST)
    books = books_of(model)
    assert (books["yuan"] > 0.0).all()
    # What it takes to run levers goes to others than those they serve (test_bearers).
    books = books[books["origin"] != "beside"]
    for check in (
        _balances, _ledger_is_what_was_received, _promises_cover_payments, _purses_hold,
        _caps_hold, _steered_money_stays_inside, _county_gets_nothing_from_the_document,
        _instalments_follow_awards, _titles_keep_to_their_numbers, _same_rd_is_supported_once,
        _sums_of_their_own_hold, _nobody_pays_back_what_it_has_not_had,
        _support_stays_inside_the_outlay,
    ):  # fmt: skip
        check(model, watch, books)


def _balances(model, _watch, _books):
    assert np.all(np.isfinite(model.records()["value"]))
    assert max(of_year(model, "accounting_residual").values()) < 1e-9


def _ledger_is_what_was_received(_model, watch, books):
    paid, stock = by_place(books, platforms=False), by_place(books, platforms=True)
    for year in range(2019, LAST + 1):
        assert np.allclose(paid[year], watch.received[year], rtol=1e-9, atol=1.0), year
        assert np.allclose(stock[year], watch.platforms[year], rtol=1e-9, atol=1.0), year
        forgone = summed(books, kind="forgone", year=year)
        assert forgone == pytest.approx(watch.forgone[year], rel=1e-9, abs=1.0)


def _promises_cover_payments(_model, _watch, books):
    granted = books[books["kind"] != "forgone"]
    sums = granted.pivot_table("yuan", ["lever", "year"], "kind", "sum", fill_value=0.0)
    sums = sums.reindex(columns=["committed", "paid"], fill_value=0.0)
    so_far = sums.groupby("lever").cumsum()
    assert (so_far["paid"] <= so_far["committed"] * (1 + 1e-9)).all()


def _purses_hold(model, _watch, books):
    """Grants promised and awards paid in a year stay inside the special funds of the year."""
    special = books[books["fund"] == "special_funds"]
    award, paid = special["lever"] == "cluster_award", special["kind"] == "paid"
    grants = special[~award & (special["kind"] == "committed")]
    by_year = {
        "awards": special[award & paid], "grants": grants, "paid": special[paid],
        "steered": grants[grants["origin"] == "steered"],
    }  # fmt: skip
    of = pd.DataFrame({name: part.groupby("year")["yuan"].sum() for name, part in by_year.items()})
    of = of.reindex(range(2019, LAST + 1)).fillna(0.0)
    at = 4 * (of.index - 2019)
    whole = np.array([term_of(model.policy, "special_funds", "yearly", quarter) for quarter in at])
    theta = np.array([term_of(model.policy, "fund_steering", "theta", quarter) for quarter in at])
    assert (of["awards"] + of["grants"] <= whole * (1 + 1e-9)).all()
    assert (of["paid"].cumsum() <= whole.cumsum() * (1 + 1e-9)).all()
    assert (of["steered"] <= theta * (whole - of["awards"]) * (1 + 1e-9)).all()
    promised = entries(books, kind="committed").groupby(["lever", "year"])["yuan"].sum()
    for (lever, year), yuan in promised.items():
        budget = model.policy.lever(lever).value("budget", 4 * (year - 2019) + 3, np.inf)
        assert yuan <= budget * (1 + 1e-9), lever


def _caps_hold(model, watch, _books):
    """By project, or by year where the rule of the cap says so."""
    yearly = {row.rule for row in table("rules") if "one enterprise" in row.condition}
    for lever in model.policy.levers:
        if lever.id in GRANTS:
            assert lever.cap_a_year == (lever.id in yearly), lever.id
    for lever in model.policy.levers:
        if lever.id in GRANTS:
            cap = max(value for _, value in lever.terms["cap"])
            most = most_promised(watch, lever.id, by_year=lever.id in yearly)
            assert most <= cap * (1 + 1e-9), lever.id


def _nobody_pays_back_what_it_has_not_had(_model, watch, _books):
    """By enterprise, origin and fund; tax against what was forgone of it."""
    for kind, lever, origin, fund in list(watch.parts):
        if kind == "repaid":
            had = ("forgone", ("rd_super_deduction",)) if origin == "tax" else ("paid", RD_GRANTS)
            given = by_enterprise(watch, had[0], origin, fund, had[1])
            for who, yuan in by_enterprise(watch, kind, origin, fund, (lever,)).items():
                assert yuan <= given[who] * (1 + 1e-9) + 1e-3, (origin, fund)


def _support_stays_inside_the_outlay(_model, watch, _books):
    """All that is promised for what is bought in a quarter, and for the R&D of a year."""
    grants = [("committed", name) for name in RD_GRANTS]
    for outlays, levers in (
        (watch.bought, [("committed", name) for name in FOR_WHAT_IS_BOUGHT]),
        (watch.rd, [*grants, ("paid", "cluster_award"), ("paid", "city_matching")]),
    ):
        for quarter, (ids, yuan) in outlays.items():
            left = dict(zip(ids.tolist(), yuan.tolist(), strict=True))
            for kind, name in levers:
                for who, promised in watch.booked[kind, name, quarter]:
                    for one, more in zip(who.tolist(), promised.tolist(), strict=True):
                        left[one] -= more
            for one, had in zip(ids.tolist(), yuan.tolist(), strict=True):
                assert left[one] >= -1e-3 - 1e-9 * had, (quarter, levers)


def _same_rd_is_supported_once(model, watch, _books):
    """No enterprise is promised money for its R&D by two calls of a year."""
    calls = ("rd_grant", *CONTESTS)
    seen = defaultdict(set)
    for (kind, name, quarter), booked in watch.booked.items():
        if kind == "committed" and name in calls:
            for ids, yuan in booked:
                new = set(ids[yuan > 0.0].tolist())
                assert not new & seen[quarter], name
                seen[quarter] |= new


def _sums_of_their_own_hold(model, _watch, books):
    """Equity stays inside its sum, and cities add no more than their share of an award."""
    for year in range(2019, LAST + 1):
        at = 4 * (year - 2019)
        paid = {
            name: summed(books, lever=name, kind=("paid", "invested"), year=year)
            for name in ("guidance_fund", "city_matching", "cluster_award", "credit_guarantee")
        }
        most = term_of(model.policy, "guidance_fund", "yearly", at)
        assert paid["guidance_fund"] <= most * (1 + 1e-9) + 1.0
        share = term_of(model.policy, "city_matching", "share", at)
        assert paid["city_matching"] <= share * paid["cluster_award"] * (1 + 1e-9) + 1.0
    assert set(entries(books, lever="guidance_fund")["kind"]) <= {"invested"}
    if model.policy.lever("credit_guarantee") is None:
        assert not model.enterprises.debt_covered.any()


def _steered_money_stays_inside(_model, _watch, books):
    assert entries(books, origin="steered", tier=OUTSIDE_CLUSTERS).empty


def _county_gets_nothing_from_the_document(_model, _watch, books):
    document = {name for name, lever in ISSUED.items() if lever.origin == "document_55"}
    # An audit gives nothing to anybody.
    given = books[books["kind"] != "repaid"]
    assert entries(given, tier=OUTSIDE_CLUSTERS, lever=document).empty
    assert entries(books, tier=OUTSIDE_CLUSTERS, payee="platform").empty


def _instalments_follow_awards(model, watch, books):
    award = model.policy.lever("cluster_award")
    assert award is not None or not watch.instalments
    open_parts = defaultdict(Counter)
    shares = [] if award is None else [
        values[0][1] for term, values in award.terms.items() if term.startswith("instalment_")
    ]  # fmt: skip
    for _, number, yuan in watch.awards:
        open_parts[number].update(round(share * yuan, 3) for share in shares or [1.0])
    for _, number, yuan, status in watch.instalments:
        assert status in ("provincial", "national")
        open_parts[number][round(yuan, 3)] -= 1
        assert open_parts[number][round(yuan, 3)] >= 0, "an instalment that is not owed"
    for number, cluster in enumerate(model.clusters):
        paid = sum(yuan for _, who, yuan, _ in watch.instalments if who == number)
        assert cluster.received == pytest.approx(paid)
        assert paid <= sum(yuan for _, who, yuan in watch.awards if who == number) * (1 + 1e-9)
    whole = sum(yuan for *_, yuan, _ in watch.instalments)
    assert summed(books, lever="cluster_award", kind="paid") == pytest.approx(whole)


def _titles_keep_to_their_numbers(model, watch, _books):
    race = model.policy.lever("cluster_recognition")
    years = sorted(watch.titles)
    before = [seat.status for seat in model.population.clusters]
    for year, (was, now) in zip(
        years, pairwise([before, *(watch.titles[y] for y in years)]), strict=True
    ):
        quarter = 4 * (year - 2019) + 3
        capacity = 0.0 if race is None else race.value("capacity", quarter)
        total = 0.0 if race is None else race.value("total", quarter, np.inf)
        new = sum(a != "provincial" == b for a, b in zip(was, now, strict=True))
        assert new <= np.ceil(capacity)
        assert now.count("provincial") <= total
        assert "world" not in now
        assert not any(a == "revoked" != b for a, b in zip(was, now, strict=True))
    for cluster, seat in zip(model.clusters, model.population.clusters, strict=True):
        assert cluster.tier == seat.tier
    e = model.enterprises
    tier = np.array([TIERS.index(cluster.tier) for cluster in model.clusters] + [len(TIERS) - 1])
    assert np.array_equal(e.tier, tier[e.cluster])
