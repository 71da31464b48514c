"""Money as the ledger booked it."""

from dataclasses import replace

import pandas as pd
import pytest

from jiqun.experiments import Results
from jiqun.experiments.effects import costs
from jiqun.notebooks import money
from jiqun.notebooks.money import NEW, SPECIAL, Money
from jiqun.notebooks.trust.evidence import AS_ISSUED, REFERENCE
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.notebooks.worlds import NO_AWARD, Worlds

FOUR = 1.0045
"""Mean of the made-up factor over the eight draws."""


def test_kinds_of_money_stand_apart(ledger: Money) -> None:
    award, steered, pooled, older, tax = (
        ledger.total(AS_ISSUED, {"sort": sort}).mean
        for sort in ("award", "steered", "pooled", "older", "tax")
    )
    assert award == pytest.approx(4 * 3e7 * FOUR)
    assert steered == pytest.approx(4 * 9e8 * FOUR)
    assert pooled == pytest.approx(4 * 15e8 * FOUR)
    assert older == pytest.approx(4 * 5e8 * FOUR)
    assert tax == pytest.approx(4 * 1e10 * FOUR)
    assert ledger.total(REFERENCE, {"sort": NEW}).high == 0.0


def test_equity_stands_apart_from_grants(ledger: Money) -> None:
    assert ledger.total(AS_ISSUED, {"sort": money.EQUITY}).mean == pytest.approx(12 * 2e7 * FOUR)
    assert ledger.total(REFERENCE, {"sort": money.EQUITY}).high == 0.0
    given = ledger.sums(AS_ISSUED, {"payer": "province"}, kinds=("paid",))
    grants = ledger.sums(AS_ISSUED, {"sort": (*NEW, "pooled", "older")})
    assert given.to_numpy() == pytest.approx(grants.to_numpy())


def test_a_run_without_a_row_counts_as_zero(ledger: Money) -> None:
    found = ledger.sums(AS_ISSUED, {"sort": "award", "tier": "county"})
    assert len(found) == 8
    assert (found == 0.0).all()


def test_committed_money_is_not_paid_money(ledger: Money) -> None:
    paid = ledger.sums(AS_ISSUED, {"sort": "award"})
    due = ledger.sums(AS_ISSUED, {"sort": "award"}, kinds=("committed",))
    assert (due / paid).to_numpy() == pytest.approx(2.5)


def test_discounting_is_to_the_first_year(ledger: Money) -> None:
    plain = ledger.sums(AS_ISSUED, {"sort": SPECIAL}, (2024, 2026))
    now = ledger.sums(AS_ISSUED, {"sort": SPECIAL}, (2024, 2026), discounted=True)
    assert (now / plain).to_numpy() == pytest.approx((1 + 1.03**-2) / 2)


@pytest.mark.parametrize("lang", LANGS)
def test_county_clusters_get_nothing_new(ledger: Money, lang: Lang) -> None:
    change = money.pooled_change(ledger, {"tier": "county"})
    assert change is not None
    assert change.mean == pytest.approx(-0.1)
    words = Words(lang)
    assert money.county_sentence(ledger, words).startswith(words("county_money")[:8])
    assert "−10" in money.county_sentence(ledger, words)


def test_a_county_cluster_that_is_paid_is_told(ledger: Money) -> None:
    frame = ledger.frame
    moved = frame["tier"].where(frame["tier"] != "provincial", "county")
    other = replace(ledger, frame=frame.assign(tier=moved))
    words = Words("en")
    assert money.county_sentence(other, words).startswith("Enterprises of county clusters get")


@pytest.mark.parametrize("lang", LANGS)
def test_cost_is_split_by_who_bears_it_and_told_on_the_first_page(
    ledger: Money, lang: Lang
) -> None:
    assert {"cluster_award", "guidance_fund"} <= money.directed()
    rows = ledger.books.rows
    banks = rows[rows["lever"] == "cluster_award"].drop_duplicates("draw")
    banks = banks.assign(payer="banks", kind="forgone", yuan=3e9)
    books = replace(ledger.books, rows=pd.concat([rows, banks]))
    shared = replace(ledger, books=books)
    budget, others = (shared.borne(payers) for payers in costs.BORNE.values())
    assert budget.mean == pytest.approx(ledger.borne().mean)
    assert others.mean == pytest.approx(3e9)
    assert shared.borne(("banks",)).mean == others.mean
    words = Words(lang)
    table, told = money.bearer_table(shared, words), money.cost_sentence(shared, words)
    for part, band in (("budget", budget), ("others", others)):
        assert words.name("borne", part) in table
        assert words.money(band.mean)[0] in table
        assert words.money(band.mean)[0] in told
    # Made-up awards are all paid out of the sum that stays.
    assert ledger.new().high == 0.0


@pytest.mark.parametrize("lang", LANGS)
def test_money_tables_are_whole(worlds: Worlds, ledger: Money, lang: Lang) -> None:
    words = Words(lang)
    assert not worlds.missing(NO_AWARD)
    pages = [
        money.year_table(ledger, words),
        money.tier_table(ledger, words),
        money.city_table(ledger, words),
        money.envelope_table(ledger, words),
        money.payer_table(ledger, words),
        money.bridge_table(ledger, words),
        money.bearer_table(ledger, words),
        money.award_table(worlds, ledger, words),
    ]
    for page in pages:
        assert len({line.count("|") for line in page.splitlines()}) == 1
        assert "nan" not in page
    assert words.name("money_sorts", "special") in pages[0]
    # Money that the store does not hold has no row.
    assert words.name("money_sorts", "later") not in pages[0]


def test_a_store_without_ledger_shows_no_money(store) -> None:  # type: ignore[no-untyped-def]
    assert money.gather_paid(Results(store)) is None
