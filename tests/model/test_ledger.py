"""The ledger: sums by cell, shares of payers, and what its rows say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.model import ClusterPolicyModel
from jiqun.model.dimensions import CITIES, SIZES, TIERS
from jiqun.model.economy.taxes import payers
from jiqun.model.policy.ledger import (
    CELLS,
    PAYEES,
    PAYERS,
    SHAPE,
    Kind,
    Ledger,
    Origin,
    Source,
    place,
)
from jiqun.scenarios import load
from jiqun.scenarios.tables import table
from tests.model.policy import ISSUED, books_of, entries, summed, watching

POOLED = Source(Origin.POOLED, "special_funds")
ENTRIES = st.lists(
    st.tuples(
        st.integers(2019, 2021), st.sampled_from(["rd_grant", "cluster_award", "title_awards"]),
        st.sampled_from(["committed", "paid"]), st.integers(0, 15), st.integers(0, 4),
        st.integers(0, len(PAYEES) - 1), st.floats(1.0, 1e10),
    ),
    max_size=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def run(populate):
    """Everything in force, to 2027."""
    scenario = replace(load("policy_to_date"), rows=600)
    model = ClusterPolicyModel(scenario, rng=2, population=populate(600))
    model.run_until_year(2027)
    return model


@settings(max_examples=25)
@given(ENTRIES)
def test_records_sum_to_what_was_entered(entered):
    ledger = Ledger()
    for year, lever, kind, city, tier, payee, yuan in entered:
        cell = place(np.array([city]), np.array([tier]), np.array([payee]))
        total = np.bincount(cell, [yuan], CELLS)
        ledger.book(year, ISSUED[lever], Kind(kind), POOLED, total)
    books = pd.DataFrame(ledger.records())
    assert ledger.paid == pytest.approx(sum(x[-1] for x in entered if x[2] == "paid"))
    for same in {x[:-1] for x in entered}:
        year, lever, kind, city, tier, payee = same
        whole = sum(x[-1] for x in entered if x[:-1] == same)
        assert ledger.total(year, lever, kind)[city, tier, payee] == pytest.approx(whole)
        where = {"city": CITIES[city], "tier": TIERS[tier], "payee": PAYEES[payee]}
        assert summed(books, year=year, lever=lever, kind=kind, **where) == pytest.approx(whole)


def test_each_cell_has_a_place_of_its_own():
    city, tier, payee = (axis.ravel() for axis in np.indices(SHAPE))
    cells = place(city, tier, payee)
    assert sorted(cells.tolist()) == list(range(int(np.prod(SHAPE))))
    again = np.unravel_index(cells, SHAPE)
    assert all(np.array_equal(a, b) for a, b in zip(again, (city, tier, payee), strict=True))


def test_records_of_a_run_sum_to_its_totals(run):
    books = books_of(run)
    for lever, year, kind in {*zip(books["lever"], books["year"], books["kind"], strict=True)}:
        rows = entries(books, lever=lever, year=year, kind=kind)
        whole = run.ledger.total(year, lever, kind)
        assert rows["yuan"].sum() == pytest.approx(whole.sum(), rel=1e-12)
        for size in SIZES:
            part = whole[:, :, PAYEES.index(size)].sum()
            assert rows.loc[rows["payee"] == size, "yuan"].sum() == pytest.approx(part)
    paid, repaid = (summed(books, kind=kind) for kind in (("paid", "invested"), "repaid"))
    assert paid - repaid == pytest.approx(run.ledger.paid, rel=1e-12)


def test_rows_name_what_there_is(run):
    books = books_of(run)
    assert set(books["payer"]) == set(PAYERS) - {"households"}
    grants = {"committed", "paid", "invested", "repaid"}
    assert set(books["kind"]) == grants | {"forgone", "spent", "accrued", "charged", "received"}
    assert set(books["origin"]) == {"pooled", "steered", "older", "tax", "beside"}
    assert not set(entries(books, origin="beside")["kind"]) & grants
    assert set(books["payee"]) == set(PAYEES)
    assert set(books["city"]) == set(CITIES)
    assert set(books["lever"]) <= set(ISSUED)
    assert set(range(2019, 2028)) == set(books["year"])
    for lever, rows in books.groupby("lever"):
        assert set(rows["article"]) == {ISSUED[lever].article}
        # An audit gives back to the funds that grants for R&D came from.
        other = {"cluster_award": {"additional"}, "rd_audit": {"special_funds"}}
        allowed = {ISSUED[lever].fund} | other.get(lever, set())
        assert set(rows["fund"]) <= allowed
    assert not books.duplicated([name for name in books if name != "yuan"]).any()


def test_each_lever_is_paid_by_its_payer(run):
    books = books_of(run)
    for lever, rows in entries(books, kind=("committed", "paid", "invested")).groupby("lever"):
        part = rows.groupby("payer")["yuan"].sum() / rows["yuan"].sum()
        assert part.to_dict() == pytest.approx(dict(ISSUED[lever].paid_by))


def shares(rule):
    """Shares of a rule written as parts of a hundred, such as 60/40."""
    (row,) = [row for row in table("rules") if row.id == rule]
    return [float(part) / 100.0 for part in str(row.value).split("/")]


@pytest.mark.parametrize(
    ("tax", "rule", "lever"),
    [
        ("vat", "tax_sharing_1", "vat_additional_deduction"),
        ("income", "tax_sharing_2", "rd_super_deduction"),
    ],
)
def test_tax_forgone_is_shared_by_the_rules(run, tax, rule, lever):
    centre, local = shares(rule)
    province, city = shares("tax_sharing_3")
    assert run.parameters["local_tax_province"] == province
    expected = {"centre": centre, "province": local * province, "city": local * city}
    assert payers(tax, province) == pytest.approx(expected)
    rows = entries(books_of(run), lever=lever)
    assert set(rows["kind"]) == {"forgone"}
    part = rows.groupby("payer")["yuan"].sum() / rows["yuan"].sum()
    assert part.to_dict() == pytest.approx(expected)


@pytest.fixture(scope="module")
def watched(run, populate):
    """The same to 2025, watched."""
    with watching() as watch:
        model = ClusterPolicyModel(run.policy, rng=2, population=populate(600))
        model.run_until_year(2025)
    return model, watch


def test_tax_forgone_is_what_enterprises_did_not_pay(watched):
    model, watch = watched
    booked = entries(books_of(model), kind="forgone", origin="tax").groupby("year")["yuan"].sum()
    assert booked.to_dict() == pytest.approx(dict(watch.forgone), rel=1e-9)


def test_all_that_clusters_get_as_such_is_booked_as_their_support(watched):
    model, watch = watched
    books = entries(books_of(model), payee="platform")
    books = books[books["origin"] != "beside"]
    booked = books.groupby(["year", "lever", "kind", "origin", "city", "tier"])["yuan"].sum()
    assert booked.to_dict() == pytest.approx(dict(watch.support), rel=1e-12)
    assert {"cluster_award", "city_matching", "innovation_institutes"} <= set(books["lever"])


@pytest.mark.parametrize(
    ("kind", "origin", "said"),
    [("payed", "pooled", "'payed' is not a valid Kind"),
     ("paid", "poold", "'poold' is not a valid Origin")],
    ids=["kind", "origin"],
)  # fmt: skip
def test_an_unknown_kind_or_origin_is_refused_by_name(kind, origin, said):
    with pytest.raises(ValueError, match=said):
        Ledger().book(2024, ISSUED["rd_grant"], kind, Source(origin, ""), np.ones(CELLS))


def test_what_the_ledger_keeps_are_plain_strings(run):
    for name, column in run.ledger_records().items():
        if column.dtype == object:
            assert {type(value) for value in column} == {str}, name
