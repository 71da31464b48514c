"""Money balances at any parameter values, and a payment lost or made twice is noticed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiqun.model import ClusterPolicyModel
from jiqun.model.accounting import OTHERS, Books
from jiqun.model.outside_world import SERIES
from jiqun.model.quarter import QUARTER
from jiqun.scenarios.tables import table
from tests.model.policy import in_place_of, stage

LIMIT = 1e-9
VARIED = {row.name: (row.low, row.high) for row in table("parameters") if row.low < row.high}

places = st.floats(0.0, 1.0)
corners = st.sampled_from([0.0, 1.0])
DRAWS = st.fixed_dictionaries(dict.fromkeys(VARIED, places | corners)).map(
    lambda at: {name: low + at[name] * (high - low) for name, (low, high) in VARIED.items()}
)
OUTSIDE = st.fixed_dictionaries({name: st.floats(-1.0, 1.0) for name in SERIES})


def put_in_place_of(name, other, monkeypatch):
    """Run another function where a stage of the quarter stood."""
    monkeypatch.setattr("jiqun.model.model.QUARTER", in_place_of(QUARTER, name, other))


def residuals(model):
    records = model.records()
    return records["value"][records["outcome"] == "accounting_residual"]


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(values=DRAWS, outside=OUTSIDE, seed=st.integers(1, 10**6))
def test_every_run_balances_and_is_finite(scenario, populate, values, outside, seed):
    drawn = scenario.with_draw(values, outside)
    # From end-2018 on the paths, so that the position of the outside world counts at once.
    drawn = replace(drawn, outside=replace(drawn.outside, origin=2018))
    model = ClusterPolicyModel(drawn, rng=seed, population=populate(scenario.rows))
    model.run_until_year(2021)
    records = model.records()
    assert sorted(set(records["year"].tolist())) == [2019, 2020, 2021]
    assert np.all(np.isfinite(records["value"]))
    assert len(residuals(model)) == 3
    assert residuals(model).max() < LIMIT


def test_it_balances_to_2027(start):
    model = start()
    model.run_until_year(2027)
    assert len(residuals(model)) == 9
    assert residuals(model).max() < LIMIT
    assert np.all(np.isfinite(model.records()["value"]))


def test_extreme_places_of_all_parameters_balance(scenario, populate):
    for end in (0, 1):
        values = {name: bounds[end] for name, bounds in VARIED.items()}
        for z in (-1.0, 1.0):
            drawn = scenario.with_draw(values, dict.fromkeys(SERIES, z))
            model = ClusterPolicyModel(drawn, rng=1, population=populate(scenario.rows))
            model.run_until_year(2027)
            assert np.all(np.isfinite(model.records()["value"])), (end, z)
            assert residuals(model).max() < LIMIT, (end, z)


@pytest.mark.parametrize("sector", OTHERS)
@pytest.mark.parametrize("factor", [0.0, 2.0], ids=["not booked", "booked twice"])
def test_a_lost_or_doubled_payment_is_noticed(monkeypatch, start, sector, factor):
    book = Books.book

    def faulty(self, to, amount):
        book(self, to, amount * (factor if to == sector else 1.0))

    monkeypatch.setattr(Books, "book", faulty)
    model = start()
    model.run_until_year(2019)
    assert residuals(model).min() > 1e3 * LIMIT


@pytest.mark.parametrize("name", ["entry", "costs and taxes", "investment and finance", "exit"])
def test_a_stage_that_books_nothing_is_noticed(monkeypatch, start, name):
    run = stage(name)

    def silent(m):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Books, "book", lambda *_: None)
            run(m)

    put_in_place_of(name, silent, monkeypatch)
    model = start()
    model.run_until_year(2019)
    assert residuals(model).min() > 1e3 * LIMIT


def test_dividends_paid_twice_are_noticed(monkeypatch, start):
    invest = stage("investment and finance")

    def generous(m):
        invest(m)
        m.enterprises.cash -= m.parameters["payout"] * np.maximum(m.accounts.profit_after_tax, 0.0)

    put_in_place_of("investment and finance", generous, monkeypatch)
    model = start()
    model.run_until_year(2019)
    assert residuals(model).min() > 1e3 * LIMIT


def test_one_yuan_in_a_million_is_noticed(monkeypatch, start):
    book = Books.book
    monkeypatch.setattr(
        Books, "book", lambda self, to, amount: book(self, to, amount * (1.0 + 1e-6))
    )
    model = start()
    model.run_until_year(2019)
    assert residuals(model).min() > LIMIT


def test_residual_of_the_books():
    books = Books()
    books.book("households", 30.0)
    books.book("outside", -100.0)
    assert books.residual(position_before=10.0, position_after=80.0, scale=100.0) == 0.0
    assert books.residual(position_before=10.0, position_after=70.0, scale=100.0) == 0.1
    with pytest.raises(KeyError):
        books.book("nobody", 1.0)
