"""New money, moved money and payments add up for any ledger, and agree with the books of costs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiqun.experiments import Results
from jiqun.experiments.effects.costs import BEARERS, WEIGHT, Books, flows, money, runs_of
from jiqun.experiments.effects.who_pays import SUMS, payments, who_pays
from tests.notebooks.made_up import outcomes_of, runs, write_manifest, write_shard

ONE, OTHER = "as_issued", "without_document_55"
LEVERS = ("cluster_award", "rd_grant", "credit_guarantee", "guidance_fund", "special_funds")
FUNDS = {"special_funds": ("pooled", "steered"), "city_funds": ("pooled",), "tax": ("tax",)}
BOOKED = st.tuples(
    st.sampled_from(LEVERS),
    st.sampled_from([(fund, origin) for fund, origins in FUNDS.items() for origin in origins]),
    st.sampled_from(BEARERS),
    st.sampled_from([*WEIGHT, "committed", "invested"]),
    st.integers(2023, 2028),
    st.integers(1, 10**9),
    st.sampled_from([ONE, OTHER]),
)
PAIRS = 3


def store_of(folder: Path, booked: list[tuple[object, ...]]) -> Results:
    """A store of two scenarios with some bookings, each in every run of its scenario."""
    for name in (ONE, OTHER):
        batch = runs(PAIRS, 0, name)
        rows = [
            (run, year, payer, fund, origin, lever, kind, float(yuan) * (1.0 + place / 7.0))
            for lever, (fund, origin), payer, kind, year, yuan, scenario in booked  # type: ignore[misc]
            if scenario == name
            for place, run in enumerate(batch["run_key"])
        ]
        columns = ["run_key", "year", "payer", "fund", "origin", "lever", "kind", "yuan"]
        ledger = pd.DataFrame(rows, columns=columns).astype({"year": "int64", "yuan": "float64"})
        ledger = ledger.assign(city="hefei", tier="none", payee="large", article="21")
        write_shard(folder, batch, outcomes_of(batch, range(2027, 2028), fields=False), ledger)
    write_manifest(folder, [ONE, OTHER])
    return Results(folder)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(BOOKED, min_size=1, max_size=25), st.sets(st.sampled_from(LEVERS)))
def test_parts_add_up_to_what_is_paid_more(
    tmp_path_factory: pytest.TempPathFactory, booked: list[tuple[object, ...]], own: set[str]
) -> None:
    results = store_of(tmp_path_factory.mktemp("booked") / "store", booked)
    known, rows = runs_of(results), flows(results, (ONE, OTHER))
    found = who_pays(rows, known, ONE, OTHER, own)
    # The last sum is what the two scenarios pay, added up by itself.
    gap = payments(rows, known, ONE) - payments(rows, known, OTHER)
    assert found.loc["payments"].to_numpy() == pytest.approx(gap.to_numpy(), abs=1.0)
    total = np.zeros(len(BEARERS))
    for name, parts in SUMS.items():
        total = total + found.loc[list(parts)].sum().to_numpy()
        assert found.loc[name].to_numpy() == pytest.approx(total, abs=1.0)
    # Three sums are those of the books, which add them up in another way.
    books = Books(money(results, (ONE, OTHER)), {name: known[name] for name in (ONE, OTHER)})
    for payer in BEARERS:
        cost = float(books.cost(ONE, OTHER, own, (payer,)).mean())
        assert found.loc["cost", payer] == pytest.approx(cost, abs=1.0)
        whole = float(books.more(ONE, OTHER, payer=(payer,)).mean())
        assert found.loc["all", payer] == pytest.approx(whole, abs=1.0)
    new = float(books.new(ONE, OTHER, own)["programme"].mean())
    assert float(found.loc["new"].sum()) == pytest.approx(new, abs=1.0)
    envelope = float(books.envelopes(ONE, OTHER, own)["programme"].mean())
    assert float(found.loc["programme"].sum()) == pytest.approx(envelope, abs=1.0)


def test_each_booking_is_the_part_that_it_is(tmp_path: Path) -> None:
    special, city, tax = ("special_funds", "pooled"), ("city_funds", "pooled"), ("tax", "tax")
    booked: list[tuple[object, ...]] = [
        ("cluster_award", special, "province", "paid", 2024, 7, ONE),
        ("rd_grant", ("special_funds", "steered"), "province", "paid", 2024, 11, ONE),
        ("rd_grant", special, "province", "paid", 2024, 18, OTHER),
        ("credit_guarantee", city, "city", "accrued", 2024, 5, ONE),
        ("credit_guarantee", city, "city", "paid", 2024, 3, ONE),
        ("cluster_award", tax, "centre", "forgone", 2024, 2, ONE),
        ("cluster_award", city, "centre", "repaid", 2024, 1, ONE),
    ]
    own = {"cluster_award", "credit_guarantee"}
    results = store_of(tmp_path / "store", booked)
    rows = flows(results, (ONE, OTHER))
    found = who_pays(rows, runs_of(results), ONE, OTHER, own).sum(axis=1)
    mean = np.mean([1.0 + place / 7.0 for place in range(PAIRS)])
    parts = {"special": 7, "steered": 11, "others_less": -18, "guarantees": 5, "drawn": 3}
    parts |= {"forgone": 2, "recovered": -1, "no_payment": -7, "new": 6, "payments": 2}
    for part, yuan in parts.items():
        assert found[part] == pytest.approx(yuan * mean), part
