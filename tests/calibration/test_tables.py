"""The tables: schema, totals they must agree with, and what loading refuses."""

import csv
import re
from collections import defaultdict

import pytest

from jiqun.calibration import document
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import PROJECT
from jiqun.scenarios.errors import TableError
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.rows.places import CityRow
from jiqun.scenarios.tables import (
    DATA,
    INPUT_TABLES,
    SHARED,
    TABLES,
    columns,
    data_hash,
    files_of,
    read_table,
    table,
)
from jiqun.scenarios.units import TABLE_UNITS, to_base


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_table_follows_its_schema(name):
    assert len(table(name)) > 0


def test_every_file_of_the_folders_has_a_schema_and_is_read():
    files = sorted(path for folder in (DATA, SHARED) for path in folder.glob("*.csv"))
    assert files == sorted(path for name in TABLES for path in files_of(name))


def by_field(quantity):
    return {row.field: row for row in table("fields") if row.quantity == quantity}


def marginal(name):
    return next(row for row in table("marginals") if row.name == name)


def test_fields_and_cities_are_complete():
    quantities = {row.quantity for row in table("fields")}
    for quantity in quantities:
        assert set(by_field(quantity)) == set(FIELDS), quantity
    assert {row.city for row in table("cities") if row.quantity == "secondary_va"} == set(CITIES)


def test_values_lie_in_their_ranges():
    for name in ("fields", "marginals", "parameters", "priors"):
        for row in table(name):
            middle = getattr(row, "value", getattr(row, "mode", None))
            assert row.low <= middle <= row.high, row


def test_units_of_the_input_tables_are_known():
    for name in ("fields", "cities", "marginals", "outside_world"):
        assert {row.unit for row in table(name)} <= set(TABLE_UNITS), name


def test_fields_agree_with_the_totals():
    revenue = {name: row.value for name, row in by_field("revenue").items()}
    total = sum(revenue.values())
    assert total == pytest.approx(marginal("revenue").value, rel=1e-4)
    va = {name: row.value * revenue[name] for name, row in by_field("va_rate").items()}
    assert sum(va.values()) == pytest.approx(marginal("value_added").value, rel=1e-3)
    energy = sum(row.value * va[name] for name, row in by_field("energy_per_va").items())
    assert energy == pytest.approx(marginal("energy").value, rel=1e-3)
    capital = sum(r.value * revenue[n] for n, r in by_field("capital_per_revenue").items())
    assert capital / total == pytest.approx(0.45, rel=1e-3)
    firms = sum(row.value for row in by_field("enterprises").values())
    assert firms == pytest.approx(marginal("enterprises").value, rel=1e-3)
    for quantity in ("large_plant_share", "entry_share"):
        assert sum(r.value for r in by_field(quantity).values()) == pytest.approx(1, abs=1e-4)


def test_implied_national_markets_sum_to_national_revenue():
    national = next(
        row.value
        for row in table("figures")
        if row.indicator == "nat_as_revenue" and row.year == 2018
    )
    share = by_field("market_share")
    implied = sum(row.value / share[name].value for name, row in by_field("revenue").items())
    assert implied == pytest.approx(national, rel=0.05)


def test_shares_of_value_added_sum_to_one():
    shares = [row.value for row in table("marginals") if row.name.startswith("va_share_")]
    assert sum(shares) == pytest.approx(1, abs=0.005)


def test_real_demand_is_nominal_demand_over_price():
    rows = {(r.series, r.field, r.year): r.value for r in table("outside_world")}
    checked = 0
    for (series, field, year), nominal in rows.items():
        if series == "nominal_demand":
            price = rows.get(("price", field, year), rows["price", "all", year])
            real = ((1 + nominal / 100) / (1 + price / 100) - 1) * 100
            assert rows["demand", field, year] == pytest.approx(real, abs=0.01)
            checked += 1
    assert checked > 40


def test_figures_stop_at_2023_and_have_unique_ids():
    for name in ("figures", "published_targets", "calibration_targets", "rules"):
        ids = [row.id for row in table(name)]
        assert len(ids) == len(set(ids)), name
    assert max(row.year for row in table("figures")) == 2023
    assert max(row.year for row in table("outside_world") if row.year) == 2023


def test_calibration_targets_name_figures_that_hold_their_value():
    figures = {row.id: row for row in table("figures")}
    for target in table("calibration_targets"):
        sources = [figures[name] for name in target.source.split("; ")]
        assert sources, target.id
        if target.kind == "growth" and target.indicator == "rd_enterprise_funded_growth":
            before, after = (row.value for row in sources)
            assert target.value == pytest.approx((after / before - 1) * 100, abs=0.06)
        else:
            factor = 1e4 if sources[0].unit.startswith("10k persons") else 1
            assert sources[0].value * factor == pytest.approx(target.value), target.id


def test_calibration_targets_keep_their_number():
    kinds = defaultdict(int)
    for target in table("calibration_targets"):
        kinds[target.error_kind] += 1
    assert len(table("calibration_targets")) == 67
    assert kinds["report only"] == 11


def test_calibration_targets_name_outcomes_of_the_register():
    outcomes = pytest.importorskip("jiqun.model.observe.outcomes").OUTCOMES
    unknown = {t.outcome for t in table("calibration_targets")} - set(outcomes)
    assert not unknown
    for target in table("calibration_targets"):
        assert target.level in outcomes[target.outcome].levels, target.id


def test_lever_defaults_are_rows_of_the_rules():
    rules = {row.id: row for row in table("rules")}
    parameters = {row.name for row in table("parameters")}
    named = set()
    for lever in declarations().values():
        for name, term in lever.terms.items():
            assert term.default or term.parameter in parameters, (lever.id, name)
            for item in term.default or ():
                assert item.source in rules, (lever.id, name, "names no row of rules.csv")
                rule = rules[item.source]
                scale = {"%": 0.01}.get(rule.unit, 1.0)
                value = to_base(item.value, item.unit, term.kind)
                assert float(rule.value) * scale == pytest.approx(value), (lever.id, name)
                assert rule.date_from == item.from_, (lever.id, name)
                named.add(item.source)
    dated = {row.id for row in rules.values() if row.date_from}
    # The yearly sum of the digital subsidy is its budget, which has a key of its own.
    assert dated - named == {"digital_subsidy_1"}


def test_only_sizes_of_comparable_scope_are_marginals():
    named = {row.id: row for row in table("clusters") if row.cities}
    sizes = {
        row.name.removeprefix("cluster_"): row
        for row in table("marginals")
        if row.name.startswith("cluster_")
    }
    assert set(sizes) == {name for name, row in named.items() if row.rake == "yes"}
    for name, row in sizes.items():
        assert row.published_value == named[name].scale_100m_yuan, name
        assert row.published_year == str(named[name].scale_year), name
        assert row.rule, name
    assert all(row.scale_kind == "revenue" for row in table("clusters") if row.rake == "yes")


def test_growth_that_sizes_are_brought_back_by_is_the_published_one():
    parameter = next(row for row in table("parameters") if row.name == "as_revenue_2023")
    published = next(row for row in table("figures") if row.id == "s0007")
    assert published.id in parameter.source
    assert (published.indicator, published.year) == ("as_revenue", 2023)
    assert parameter.value == published.value * TABLE_UNITS[published.unit]


def test_no_row_leaves_its_source_open():
    for name in ("fields", "cities", "marginals", "outside_world", "rules", "parameters"):
        for row in table(name):
            assert row.source, row


def test_hash_follows_the_tables_that_runs_are_made_of():
    assert re.fullmatch(r"[0-9a-f]{20}", data_hash())
    assert "figures" not in INPUT_TABLES


def test_generated_page_and_manifest_are_up_to_date():
    assert document.stale() == []


HEAD = columns(CityRow)
GOOD = [
    "hefei", "合肥", "gdp", "2021", "1", "100m yuan", "city", "published", "source", "high", "",
]  # fmt: skip


def write(path, head, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
    return path


def changed(column, value):
    row = list(GOOD)
    row[HEAD.index(column)] = value
    return row


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("city", "hefe", "wuhu"),
        ("value", "many", "number"),
        ("value", "nan", "finite"),
        ("value", "-1", "greater than 0"),
        ("year", "2024", "2023"),
        ("kind", "guess", "assumption"),
        ("unit", "", "at least 1"),
    ],
)
def test_wrong_values_name_file_line_and_column(tmp_path, column, value, said):
    path = write(tmp_path / "t.csv", HEAD, GOOD, changed(column, value))
    with pytest.raises(TableError, match=re.escape(said)) as caught:
        read_table(path, CityRow)
    assert (caught.value.file, caught.value.line, caught.value.key) == (str(path), 3, column)


def test_line_numbers_count_broken_lines(tmp_path):
    path = write(tmp_path / "t.csv", HEAD, changed("note", "two\nlines"), changed("year", "x"))
    with pytest.raises(TableError) as caught:
        read_table(path, CityRow)
    assert caught.value.line == 4


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ([*HEAD, "extra"], [*GOOD, ""], "unknown column"),
        (["citty", *HEAD[1:]], GOOD, "nearest: city"),
        (HEAD[:-1], GOOD[:-1], "column is missing"),
        (HEAD, [*GOOD, "more"], "more cells"),
        (HEAD, GOOD[:-1], "fewer cells"),
    ],
)
def test_wrong_columns_are_refused(tmp_path, head, row, said):
    path = write(tmp_path / "t.csv", head, row)
    with pytest.raises(TableError, match=said):
        read_table(path, CityRow)


def test_missing_and_binary_tables_are_refused(tmp_path):
    with pytest.raises(TableError, match="cannot be read"):
        read_table(tmp_path / "none.csv", CityRow)
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TableError, match="UTF-8"):
        read_table(binary, CityRow)


def test_what_an_article_is_read_in_exists_and_what_is_missing_has_its_reason():
    numbers = [row.article for row in table("articles")]
    assert numbers == [str(i) for i in range(1, 23)]
    levers = declarations().values()
    for row in table("articles"):
        assert [p for p in row.read.split(";") if p and not (PROJECT / p).is_file()] == []
        assert (row.in_model == "yes") or row.reason, row.article
        assert (row.in_model == "no") == (not row.read), row.article
        has_lever = any(row.article in lever.article.split(";") for lever in levers)
        assert row.in_model != "no" or not has_lever, row.article
        # Where something is not modelled, the reason says why.
        assert ("not modelled" not in row.reason) or re.search(
            "not modelled(:|, as|, since)", row.reason
        ), row.article
        for name in row.outcomes.split(";") if row.outcomes else ():
            outcome, _, place = name.partition("@")
            assert (place.partition("/")[0] or "province") in OUTCOMES[outcome].levels, name
        assert bool(row.outcomes) == (int(row.article) > 3), row.article


def test_instruments_in_force_became_levers_or_say_why_not():
    for row in table("levers_in_force"):
        assert row.modelled_as in declarations() if row.modelled_as else row.reason, row
