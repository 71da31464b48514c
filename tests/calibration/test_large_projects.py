"""Large projects: the rule and the table agree, and nothing remembered or later is ever used."""

from collections import Counter

import pytest

from jiqun.calibration import document
from jiqun.calibration import large_projects as lp
from jiqun.calibration.backtest.data import HERE, ORIGIN
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.scenarios.errors import TableError
from jiqun.scenarios.rows.places import LargeProject
from jiqun.scenarios.tables import (
    DATA,
    INPUT_TABLES,
    UNUSED,
    columns,
    read_table,
    table,
    tables_hash,
)

ROWS = table("large_projects")
RULE, FOUND = lp.rule(), lp.found()


def test_rule_and_table_agree():
    first, last = RULE.first_public
    assert RULE.cut_off.startswith(last)
    assert len({row.id for row in ROWS}) == len({row.name_zh for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.investment_100m_yuan >= RULE.threshold_100m_yuan, row.id
        assert first <= row.first_public <= last, row.id
        assert row.start is None or row.first_public <= row.start, row.id
        assert row.field in FIELDS, row.id
        assert row.city in CITIES, row.id
        assert row.source_kind in RULE.sources, row.id


def test_each_row_has_an_address_or_is_recalled():
    for row in ROWS:
        assert row.url.startswith("http") or row.confidence == "recalled", row.id
    for row in lp.seen():
        assert row.url, row.id


@pytest.mark.parametrize("year", range(2016, ORIGIN + 1))
def test_known_are_those_public_by_the_end_of_the_year_and_never_recalled(year):
    known = lp.known_at(year)
    assert all(int(row.first_public[:4]) <= year for row in known)
    assert all(row.confidence != "recalled" for row in known)
    assert set(known) <= set(lp.known_at(year + 1))
    assert list(known) == sorted(known, key=lambda row: (row.first_public, row.id))


def test_nothing_seen_is_lost_by_the_last_year():
    assert any(row.confidence == "recalled" for row in ROWS)
    assert set(lp.known_at(ORIGIN)) == set(lp.seen()) < set(ROWS)


def test_a_recalled_row_is_dropped_whatever_its_date():
    (row, *_) = lp.seen()
    told = row.model_copy(update={"confidence": "recalled", "first_public": "2016-01"})
    assert lp.known_at(ORIGIN, [told, row]) == (row,)


def line(**changed):
    row = {
        "id": "x", "name_zh": "某", "name_en": "x", "field": "nev", "city": "hefei",
        "investment_100m_yuan": "20", "first_public": "2021-12", "dated_by": "signing",
        "source_kind": "city_list", "start": "", "planned_opening": "", "capacity": "",
        "source": "s", "url": "http://x", "confidence": "high", "note": "",
    } | changed  # fmt: skip
    return ",".join(row[name] for name in columns(LargeProject))


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"first_public": "2024-01"}, "first_public"),
        ({"first_public": "2015-12"}, "first_public"),
        ({"first_public": "2021"}, "first_public"),
        ({"start": "2024-03"}, "start"),
        ({"field": "power"}, "field"),
        ({"city": "nanjing"}, "city"),
        ({"source_kind": "forum"}, "source_kind"),
        ({"confidence": "recalled"}, "confidence"),
        ({"url": ""}, "confidence"),
        ({"source": ""}, "source"),
    ],
)
def test_rows_against_the_rule_are_refused(tmp_path, changed, column):
    path = tmp_path / "t.csv"
    head = ",".join(columns(LargeProject))
    path.write_text(f"{head}\n{line()}\n{line(**changed)}\n", "utf-8")
    with pytest.raises(TableError) as caught:
        read_table(path, LargeProject)
    assert (caught.value.line, caught.value.key) == (3, column)


def test_what_is_missing_is_counted_from_the_table():
    rows, asked = lp.known_at(2021), RULE.enough
    lacking = " ".join(lp.missing(2021))
    assert ("projects" in lacking) == (len(rows) < asked.known_by_2021)
    assert ("fields" in lacking) == (len({row.field for row in rows}) < asked.fields)
    assert ("cities" in lacking) == (len({row.city for row in rows}) < asked.cities)
    assert ("PV" in lacking) == (
        Counter(row.field for row in rows)["pv_storage"] > asked.pv_share_most * len(rows)
    )
    assert ("lists" in lacking) == (len(FOUND.whole_lists) < asked.whole_lists)
    assert "cities" in " ".join(lp.missing(2017))


def test_a_table_that_is_not_enough_is_used_by_nothing():
    assert lp.missing(2021)
    assert "large_projects" not in INPUT_TABLES
    assert UNUSED == ("large_projects",)
    readers = {
        path.name for path in HERE.rglob("*.py") if "large_projects" in path.read_text("utf-8")
    }
    assert readers == {"large_projects.py", "document.py"}
    model = HERE.parent / "model"
    assert not [p for p in model.rglob("*.py") if "large_projects" in p.read_text("utf-8")]


def test_the_hash_of_the_tables_in_use_does_not_follow_it(monkeypatch):
    before = tables_hash()
    monkeypatch.setattr("jiqun.scenarios.tables.UNUSED", ())
    assert tables_hash() != before
    assert (DATA / "large_projects.csv").is_file()


def test_the_page_tells_counts_completeness_and_verdict():
    text = document.PAGE.read_text("utf-8")
    assert lp.section() in text
    for told in (*FOUND.how_complete, FOUND.verdict):
        assert lp.one(told) in text
    assert f"| all | {' | '.join(str(n) for n in _by_year())} | {len(lp.seen())} |" in text


def _by_year():
    count = Counter(int(row.first_public[:4]) for row in lp.seen())
    return [count[year] for year in range(min(count), ORIGIN + 1)]
