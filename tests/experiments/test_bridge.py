"""The bridge closes: what was open and is promised is what is paid and stays open."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jiqun.experiments.effects.bridge import ACCRUING, bridge
from jiqun.model import ClusterPolicyModel
from jiqun.scenarios import load


@pytest.fixture(scope="module")
def ledger():
    model = ClusterPolicyModel(replace(load("policy_to_date"), rows=600), rng=2)
    model.run_until_year(2027)
    return pd.DataFrame(model.ledger_records())


def rows(*entries):
    return pd.DataFrame(
        [
            {"year": year, "payer": "province", "fund": "f", "origin": "pooled", "lever": "grant",
             "kind": kind, "yuan": yuan}
            for year, kind, yuan in entries
        ]
    )  # fmt: skip


def test_it_closes_year_by_year(ledger):
    found = bridge(ledger, ("payer", "lever"))
    before, after = (found[["open_before", "open_after"]].to_numpy()).T
    paid = found["paid_of_year"] + found["paid_of_earlier"]
    assert np.allclose(before + found["committed"], paid + after, rtol=1e-9, atol=1.0)
    assert (found.select_dtypes("float") >= 0.0).all(axis=None)
    for _, its in found.groupby(["payer", "lever"]):
        assert np.array_equal(its["open_after"][:-1], its["open_before"][1:])


def test_it_holds_all_that_is_booked(ledger):
    found = bridge(ledger)
    grants = ledger[~ledger["lever"].isin(ACCRUING)]
    for kind, columns in (
        ("committed", ["committed"]), ("paid", ["paid_of_year", "paid_of_earlier"]),
        ("repaid", ["repaid"]),
    ):  # fmt: skip
        booked = grants.loc[grants["kind"] == kind, "yuan"].sum()
        assert found[columns].to_numpy().sum() == pytest.approx(booked)
    assert found.loc[found["year"] == 2025, "paid_of_earlier"].sum() > 0.0


def test_oldest_promises_are_paid_first():
    found = bridge(rows((2024, "committed", 10.0), (2024, "paid", 4.0), (2025, "committed", 5.0),
                        (2025, "paid", 8.0), (2025, "repaid", 1.0)))  # fmt: skip
    assert found["paid_of_earlier"].tolist() == [0.0, 6.0]
    assert found["paid_of_year"].tolist() == [4.0, 2.0]
    assert found["open_after"].tolist() == [6.0, 3.0]
    assert found["repaid"].tolist() == [0.0, 1.0]


def test_nobody_is_paid_what_was_not_promised():
    with pytest.raises(ValueError, match="more was paid"):
        bridge(rows((2024, "committed", 1.0), (2024, "paid", 2.0)))
