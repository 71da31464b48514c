"""Scenarios as resolved: composition, dates, units, and the shipped ones."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from jiqun.model.calendar import quarter_index
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.outside_world import SERIES
from jiqun.scenarios import check, load, outside, shipped
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.outside import outside_world
from jiqun.scenarios.schema import FIRST
from jiqun.scenarios.tables import table
from jiqun.scenarios.yaml_file import read_yaml

ROOT = Path(__file__).parents[2]


def written(tmp_path, text, name="trial"):
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"name: {name}\n{text}", encoding="utf-8")
    return load(path)


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_load_and_bear_the_name_of_their_file(name):
    assert check(name) == []
    assert load(name).name == name


def test_without_document_55_holds_the_older_instruments_alone():
    scenario = load("without_document_55")
    assert {lever.origin for lever in scenario.levers} == {"older"}
    assert {lever.id for lever in scenario.levers} >= {
        "rd_super_deduction",
        "corporate_income_tax",
        "vat_rate",
        "vat_additional_deduction",
        "title_awards",
        "digital_subsidy_2021_2023",
    }
    assert (scenario.start, scenario.end) == (0, 35)


def test_dated_terms_in_base_units():
    scenario = load("without_document_55")
    deduction = scenario.lever("rd_super_deduction")
    assert deduction.value("extra", quarter_index(2020, 4)) == 0.75
    assert deduction.value("extra", quarter_index(2021, 1)) == 1.0
    vat = scenario.lever("vat_rate")
    assert [vat.value("rate", t) for t in (0, 1, 35)] == [0.16, 0.13, 0.13]
    tax = scenario.lever("corporate_income_tax")
    small = [tax.value("small_first", quarter_index(y, 1)) for y in (2019, 2021, 2023, 2027)]
    assert small == [0.05, 0.025, 0.05, 0.05]
    assert tax.value("small_limit", 0) == 3e6


def test_digital_subsidies_run_out_at_the_end_of_2023():
    lever = load("without_document_55").lever("digital_subsidy_2021_2023")
    assert lever.value("rate", quarter_index(2020, 4)) == 0
    assert lever.value("rate", quarter_index(2023, 4)) == 0.2
    assert lever.value("rate", quarter_index(2024, 1)) == 0
    assert lever.value("budget", quarter_index(2022, 1)) == 2.4e8


def test_same_file_gives_the_same_scenario():
    first, again = load("without_document_55"), load("without_document_55")
    assert first.digest == again.digest
    json.dumps(first.canonical())


def test_province_is_complete():
    province = load("without_document_55").province
    assert all(values.shape == (len(FIELDS),) for values in province.fields.values())
    assert province.city_weight.shape == (len(CITIES),)
    assert province.marginals["revenue"] == pytest.approx(3.65e12)
    assert province.marginals["energy"] == pytest.approx(1.0336e8, rel=1e-3)
    assert province.fields["energy_per_va"].max() < 0.01
    names = {cluster.id: cluster for cluster in province.clusters}
    assert names["maanshan_food"].scale == pytest.approx(102.3e8)
    assert names["maanshan_food"].rake
    chain = names["hefei_nev"]
    assert (chain.scale, chain.scale_year) == (pytest.approx(4000e8), 2023)
    assert (chain.scale_kind, chain.rake) == ("chain revenue", False)
    assert names["hefei_pv"].scale is None
    assert len(names) == len(table("clusters")) - 1


FULL = """baseline: without_document_55
levers:
  - id: digital_subsidy_2021_2023
    from: 2022-Q1
    to: 2027-Q4
    who: {tier: [provincial, county], size: [small, below_scale]}
    rate: {value: 40, unit: "%"}
    cap: [{from: 2022-Q1, value: 40, unit: 万元}, {from: 2024-Q1, value: 0.5, unit: 亿元}]
    budget: {value: 2, unit: 亿元, per: quarter, first: smallest}
    take_up: {start: 0.25, full: 0.6, years: 3}
    lag: {value: 1, unit: years}
    instalments: [0.4, 0.3, 0.3]
"""


def test_every_part_of_a_setting_arrives(tmp_path):
    lever = written(tmp_path, FULL).lever("digital_subsidy_2021_2023")
    before, after = quarter_index(2021, 4), quarter_index(2022, 1)
    assert (lever.value("rate", before), lever.value("rate", after)) == (0.2, 0.4)
    assert lever.value("cap", before) == 1e7
    assert lever.value("cap", after) == 4e5
    assert lever.value("cap", quarter_index(2024, 1)) == 5e7
    assert lever.value("budget", before) == 2.4e8
    assert lever.value("budget", after) == 8e8
    assert lever.value("budget_first", after) == FIRST["smallest"]
    assert lever.value("take_up_full", after) == 0.6
    assert lever.value("lag", after) == 4
    assert [lever.value(f"instalment_{i}", after) for i in (1, 2, 3)] == [0.4, 0.3, 0.3]
    groups = {"tier": ("provincial", "county"), "size": ("small", "below_scale")}
    assert lever.groups(after) == groups
    assert lever.value("rate", quarter_index(2027, 4)) == 0.4


def test_setting_leaves_the_rest_of_the_lever_alone(tmp_path):
    text = (
        "baseline: without_document_55\nlevers:\n  - id: rd_super_deduction\n    from: 2024-Q1\n"
        '    extra: {value: 120, unit: "%"}\n'
    )
    changed = written(tmp_path, text)
    lever = changed.lever("rd_super_deduction")
    values = [lever.value("extra", quarter_index(y, 1)) for y in (2019, 2021, 2024)]
    assert values == [0.75, 1.0, 1.2]
    base = load("without_document_55")
    others = [lever for lever in changed.levers if lever.id != "rd_super_deduction"]
    assert others == [lever for lever in base.levers if lever.id != "rd_super_deduction"]


def test_without_takes_a_lever_out_and_a_fresh_one_begins_at_its_date(tmp_path):
    gone = written(tmp_path, "baseline: without_document_55\nwithout: [vat_rate]\n")
    assert gone.lever("vat_rate") is None
    text = "baseline: gone\nlevers:\n  - id: vat_rate\n    from: 2024-Q1\n"
    written(tmp_path, "baseline: without_document_55\nwithout: [vat_rate]\n", "gone")
    back = written(tmp_path, text, "back").lever("vat_rate")
    assert (back.value("rate", 0), back.value("rate", quarter_index(2024, 1))) == (0, 0.13)


def test_chain_of_baselines_lays_one_over_the_other(tmp_path):
    written(tmp_path, "baseline: without_document_55\nend: 2025-Q4\nrows: 5000\n", "middle")
    top = written(tmp_path, "baseline: middle\noutside: {price_growth: {path: high}}\n", "top")
    assert (top.baseline, top.end, top.rows) == ("middle", quarter_index(2025, 4), 5000)
    assert dict(top.outside.position) == {"demand": 0.0, "price": 1.0, "frontier": 0.0}


def test_percent_and_share_say_the_same(tmp_path):
    text = "baseline: without_document_55\nlevers:\n  - id: vat_rate\n    rate: {value: %s}\n"
    percent = written(tmp_path, text % '7, unit: "%"', "a").lever("vat_rate")
    share = written(tmp_path, text % "0.07, unit: share", "b").lever("vat_rate")
    assert percent == share


def test_words_of_old_yaml_stay_words(tmp_path):
    path = tmp_path / "w.yaml"
    path.write_text("a: no\nb: 2019-01-01\nc: 12\nd: 1e3\ne: ~\nf: 'true'\ng: true\n")
    assert read_yaml(path).data == {
        "a": "no",
        "b": "2019-01-01",
        "c": 12,
        "d": 1000.0,
        "e": None,
        "f": "true",
        "g": True,
    }


def test_declared_bounds_hold_the_issued_terms():
    for lever in declarations().values():
        for name, term in lever.terms.items():
            assert term.bounds[0] < term.bounds[1], (lever.id, name)


@pytest.mark.parametrize("origin", [2020, 2021, 2022, 2023])
def test_outside_world_follows_one_rule_at_every_origin(origin):
    world = outside_world(origin)
    known = {
        row.year: row.value / 100
        for row in table("outside_world")
        if row.series == "demand" and row.field == "all"
    }
    window = np.array([known[year] for year in range(origin - 2, origin + 1)])
    whole = np.array([value for year, value in known.items() if year <= origin])
    assert len(whole) == origin - 2012
    plain = FIELDS.index("quantum")
    assert world.recent["demand"][plain] == pytest.approx(window.mean())
    assert world.lasting["demand"] == pytest.approx(whole.mean())
    assert world.spread["demand"] == pytest.approx(whole.std(ddof=1))
    assert len(world.history["demand"]) == origin - world.first_year + 1
    # The middle of the window lies a year before the origin: two years have passed a year after it.
    halfway = whole.mean() + (window.mean() - whole.mean()) / 2.0
    assert world.growth("demand", origin + 1, 2.0)[plain] == pytest.approx(halfway)
    assert (world.growth("demand", origin, 1.0) == world.history["demand"][-1]).all()
    assert max(year for year, _ in world.loan_rate) == origin
    assert max(year for year, _ in world.input_gap) == origin
    assert world.input_gap_in(origin) != 0.0
    assert world.input_gap_in(origin + 1) == 0.0


def test_outside_paths_stand_one_deviation_apart(tmp_path):
    low = written(
        tmp_path, "baseline: without_document_55\noutside: {demand_growth: {path: low}}\n"
    )
    world = low.outside
    central = outside_world(2023)
    apart = central.growth("demand", 2025, 1.0) - world.growth("demand", 2025, 1.0)
    assert apart == pytest.approx(world.spread["demand"])
    assert (world.growth("price", 2025, 1.0) == central.growth("price", 2025, 1.0)).all()


@pytest.mark.parametrize("origin", [2021, 2023])
@pytest.mark.parametrize("series", SERIES)
def test_every_path_comes_back_to_the_long_mean_of_all_industry(series, origin):
    world = outside_world(origin)
    paths = np.array([world.growth(series, year, 1.0) for year in range(origin + 1, origin + 40)])
    gaps = np.abs(paths - world.lasting[series])
    assert gaps[0] == pytest.approx(np.abs(world.recent[series] - world.lasting[series]) / 4.0)
    assert (gaps[1:6] < gaps[:5]).all()
    assert gaps[1:6] == pytest.approx(gaps[:5] / 2.0)
    assert gaps[-1] == pytest.approx(np.zeros(len(FIELDS)), abs=1e-9)


def test_a_boom_lasts_longer_with_a_longer_half_life():
    world, pv = outside_world(2023), FIELDS.index("pv_storage")
    short, middle, long = (world.growth("demand", 2025, years)[pv] for years in (0.3, 1.0, 2.0))
    assert world.lasting["demand"] < short < middle < long < world.recent["demand"][pv]


@pytest.mark.parametrize("origin", [2020, 2021, 2022])
def test_no_figure_after_the_origin_moves_a_path(origin, monkeypatch):
    def paths():
        world = outside_world(origin)
        years = range(2018, origin + 6)
        return [world.growth(series, year, 1.0) for series in SERIES for year in years]

    def later(known):
        """Tables in which all figures after a year are upside down."""
        return lambda name: tuple(
            row.model_copy(update={"value": -row.value - 50.0})
            if name == "outside_world" and (row.year or 0) > known
            else row
            for row in table(name)
        )

    before = paths()
    monkeypatch.setattr(outside, "table", later(origin))
    assert np.array_equal(before, paths())
    monkeypatch.setattr(outside, "table", later(origin - 1))
    assert not np.allclose(before, paths()), "a figure of the origin itself does move them"


def test_origin_without_enough_history():
    with pytest.raises(ValueError, match="too early"):
        outside_world(2019)


OLDER = {
    *("rd_super_deduction", "corporate_income_tax", "vat_rate", "vat_additional_deduction"),
    *("title_awards", "digital_subsidy_2021_2023", "special_funds", "rd_grant"),
    *("equipment_grant", "national_cluster_contest", "county_cluster_recognition"),
}
TAX = {"corporate_income_tax", "vat_rate"}
TO_DATE = quarter_index(2027, 4)


def by_origin(name, origin):
    return {lever.id: lever for lever in load(name).levers if lever.origin == origin}


def test_every_declared_lever_is_in_force_somewhere_as_its_origin_says():
    for origin, name in (
        ("older", "without_document_55"),
        ("document_55", "as_issued"),
        ("later", "without_document_55_to_date"),
    ):
        declared = {lever.id for lever in declarations().values() if lever.origin == origin}
        assert set(by_origin(name, origin)) == declared
    assert set(by_origin("without_document_55", "older")) == OLDER


def test_reference_runs_differ_in_the_document_alone():
    for with_it, without in (
        ("as_issued", "without_document_55"),
        ("policy_to_date", "without_document_55_to_date"),
    ):
        assert load(with_it).baseline == without
        rest = [lever for lever in load(with_it).levers if lever.origin != "document_55"]
        assert rest == list(load(without).levers)
        assert load(with_it).parameters == load(without).parameters
    assert by_origin("policy_to_date", "document_55") == by_origin("as_issued", "document_55")
    assert not by_origin("as_issued", "later")
    assert not by_origin("without_document_55", "document_55")


def test_the_document_begins_with_2024_and_later_measures_after_2023():
    for lever in load("policy_to_date").levers:
        if lever.origin != "older":
            assert lever.start >= quarter_index(2024, 1), lever.id
    for lever in by_origin("as_issued", "document_55").values():
        assert (lever.start, lever.end) == (quarter_index(2024, 1), None), lever.id


def test_market_only_keeps_the_tax_rates_and_ends_all_support_with_2023():
    base, market = load("without_document_55"), load("market_only")
    for lever in market.levers:
        assert lever.id in TAX or lever.end == quarter_index(2023, 4), lever.id
        for term in lever.terms:
            now = quarter_index(2023, 4)
            assert lever.value(term, now) == base.lever(lever.id).value(term, now)
            later = base.lever(lever.id).value(term, TO_DATE) if lever.id in TAX else 0.0
            assert lever.value(term, TO_DATE) == later
    assert by_origin("document_55_without_older", "document_55") == by_origin(
        "as_issued", "document_55"
    )
    assert list(market.levers) == list(by_origin("document_55_without_older", "older").values())


def test_the_award_can_be_taken_out_alone():
    levers = list(load("as_issued").levers)
    without = list(load("as_issued_without_award").levers)
    assert without == [lever for lever in levers if lever.id != "cluster_award"]


def test_award_as_issued():
    award = load("as_issued").lever("cluster_award")
    begin = quarter_index(2024, 1)
    assert (award.value("provincial", begin), award.value("national", begin)) == (5e6, 1e7)
    assert [award.value(f"instalment_{i}", begin) for i in (1, 2, 3)] == [0.4, 0.3, 0.3]
    assert (award.value("additional", begin), award.value("upgrade_as_new", begin)) == (0, 1)
    assert (dict(award.paid_by), award.fund) == ({"province": 1.0}, "special_funds")


def test_money_has_a_payer_and_a_fund_and_steered_money_no_county_cluster():
    for lever in load("policy_to_date").levers:
        assert sum(lever.paid_by.values()) == float(lever.grants), lever.id
        if lever.origin == "document_55" and "tier" in lever.groups(lever.start):
            assert set(lever.groups(lever.start)["tier"]) == {"world", "national", "provincial"}, (
                lever.id
            )


def test_a_lever_from_a_parameter_has_its_central_value():
    parameters = load("as_issued").parameters
    for lever in load("policy_to_date").levers:
        for term, parameter in lever.drawn.items():
            assert lever.value(term, TO_DATE) == parameters[parameter], (lever.id, term)
    assert load("as_issued").lever("fund_steering").value("theta", quarter_index(2023, 4)) == 0


def test_a_draw_moves_the_terms_of_its_parameters_and_nothing_else():
    scenario = load("as_issued")
    moved = scenario.with_draw({"voucher_rate": 0.3, "delivery_raise": 0.2}, {})
    begin = quarter_index(2024, 1)
    assert moved.lever("digital_voucher").value("rate", begin) == 0.3
    assert moved.lever("implementation_capacity").value("province", begin) == 0.2
    assert moved.lever("implementation_capacity").value("city", begin) == 0.2
    assert moved.lever("digital_voucher").value("cap", begin) == 4e5
    assert moved.parameters["voucher_rate"] == 0.3
    same = {"digital_voucher", "implementation_capacity"}
    for before, after in zip(scenario.levers, moved.levers, strict=True):
        assert before == after or before.id in same
    assert scenario.lever("digital_voucher").value("rate", begin) == 0.4
    central = {name: scenario.parameters[name] for name in ("voucher_rate", "delivery_raise")}
    assert moved.with_draw(central, {}).digest == scenario.digest


def test_a_parameter_set_by_a_scenario_moves_its_terms(tmp_path):
    below = written(tmp_path, "baseline: as_issued\nparameters: {steered_share: 0.4}\n", "below")
    assert below.lever("fund_steering").value("theta", TO_DATE) == 0.4
    top = written(tmp_path, "baseline: below\nparameters: {steered_share: 0.2}\n", "top")
    assert top.lever("fund_steering").value("theta", TO_DATE) == 0.2


VOUCHER = "baseline: as_issued\nlevers:\n  - id: digital_voucher\n    "


def test_a_term_that_a_scenario_sets_is_no_longer_drawn(tmp_path):
    fixed = written(tmp_path, VOUCHER + 'rate: {value: 25, unit: "%"}\n')
    lever = fixed.lever("digital_voucher")
    assert (lever.value("rate", TO_DATE), dict(lever.drawn)) == (0.25, {})
    drawn = fixed.with_draw({"voucher_rate": 0.3}, {}).lever("digital_voucher")
    assert drawn == lever


def test_a_term_set_from_a_later_date_is_drawn_until_then(tmp_path):
    text = VOUCHER + 'from: 2026-Q1\n    rate: {value: 25, unit: "%"}\n'
    later = written(tmp_path, text).with_draw({"voucher_rate": 0.3}, {})
    lever = later.lever("digital_voucher")
    values = [lever.value("rate", quarter_index(*when)) for when in ((2025, 4), (2026, 1))]
    assert values == [0.3, 0.25]
    assert lever.start == quarter_index(2024, 1)


def test_a_lever_begun_earlier_than_issued_brings_its_terms_along(tmp_path):
    text = (
        "baseline: without_document_55\nlevers:\n  - id: digital_voucher\n    from: 2022-Q1\n"
        "  - id: title_awards_hefei\n    from: 2021-Q1\n"
    )
    scenario = written(tmp_path, text).with_draw({"voucher_rate": 0.3}, {})
    voucher, awards = scenario.lever("digital_voucher"), scenario.lever("title_awards_hefei")
    early = quarter_index(2022, 1)
    assert [voucher.value(term, early) for term in ("rate", "cap")] == [0.3, 4e5]
    assert voucher.value("rate", early - 1) == 0
    assert awards.value("champion", quarter_index(2021, 1)) == 1.5e6


def test_an_inherited_lever_begun_earlier_keeps_its_cap(tmp_path):
    lever = written(tmp_path, VOUCHER + "from: 2022-Q1\n").lever("digital_voucher")
    assert lever.start == quarter_index(2022, 1)
    assert lever.value("cap", quarter_index(2022, 1)) == 4e5


def test_fewer_instalments_end_those_of_the_declaration(tmp_path):
    text = "baseline: as_issued\nlevers:\n  - id: cluster_award\n    instalments: [0.5, 0.5]\n"
    award = written(tmp_path, text).lever("cluster_award")
    paid = [award.value(f"instalment_{i}", TO_DATE) for i in range(1, 5)]
    assert paid == [0.5, 0.5, 0, 0]


def test_without_the_award_a_scenario_can_bring_it_back_changed(tmp_path):
    text = (
        "baseline: as_issued_without_award\nlevers:\n  - id: cluster_award\n"
        "    provincial: {value: 0.1, unit: 亿元}\n    additional: {value: 1, unit: switch}\n"
    )
    award = written(tmp_path, text).lever("cluster_award")
    assert (award.value("provincial", TO_DATE), award.value("additional", TO_DATE)) == (1e7, 1)
    assert award.value("national", TO_DATE) == 1e7


def test_the_example_of_the_page_on_scenarios_is_sound(tmp_path):
    page = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
    example, _ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "half_the_award.yaml"
    path.write_text(example, "utf-8")
    scenario = load(path)
    assert scenario.lever("cluster_award").value("provincial", TO_DATE) == 2.5e6
    assert scenario.lever("fund_steering").value("theta", TO_DATE) == 0.4
    assert all(f"`{name}`" in page for name in shipped())
