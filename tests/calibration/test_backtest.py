"""The back-test: nothing after the origin is used, scores are right, wrong files are refused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from jiqun.calibration.actuals import read_actuals
from jiqun.calibration.backtest import data, points
from jiqun.calibration.backtest import run as bt
from jiqun.calibration.backtest.page import page
from jiqun.calibration.backtest.scores import Point, crps, cuts, interval, rmse_ratio, scores
from jiqun.cli import app
from jiqun.experiments.runs.draws import Draw
from jiqun.model.calendar import quarter_index
from jiqun.model.outside_world import SERIES
from jiqun.scenarios import load
from jiqun.scenarios.errors import InputError
from jiqun.scenarios.outside import outside_world


def a_point(indicator="a", published=100.0, members=(90.0, 110.0), rival=120.0, **others):
    members = np.array(members)
    about = {"kind": "level", "origin": 2021, "year": 2022, "unit": "%", "scope": "x"} | others
    return Point(
        indicator=indicator, published=published, members=members,
        median=float(np.median(members)), rival=rival, jump_off=None, **about,
    )  # fmt: skip


def test_errors_are_points_for_growth_and_logs_for_levels():
    assert a_point(kind="growth", published=5.0).off(7.5) == pytest.approx(2.5)
    assert a_point().off(110.0) == pytest.approx(100 * np.log(1.1))


def test_crps_is_that_of_the_definition():
    rng = np.random.default_rng(3)
    members = rng.normal(1.0, 2.0, 200)
    by_pairs = np.abs(members[:, None] - members).mean()
    assert crps(members, 0.3) == pytest.approx(np.abs(members - 0.3).mean() - by_pairs / 2)
    assert crps(np.full(10, 4.0), 1.0) == pytest.approx(3.0)


def test_the_ratio_compares_with_the_rival_where_there_is_one():
    off = 100 * np.log(1.1)
    points = [
        a_point(members=[110.0, 110.0], rival=121.0),
        a_point("b", members=[300.0, 300.0], rival=None),
    ]
    assert rmse_ratio(points) == pytest.approx(off / (2 * off))
    assert rmse_ratio(points[1:]) is None
    assert scores(points)["rmse"] > off


def test_coverage_counts_what_is_inside():
    members = np.linspace(0.0, 100.0, 101)
    inside = a_point(kind="growth", published=60.0, members=members, rival=1.0)
    edge = a_point(kind="growth", published=90.0, members=members, rival=1.0)
    outside = a_point(kind="growth", published=99.0, members=members, rival=1.0)
    found = scores([inside, edge, outside], samples=0)
    assert found["coverage_50"] == pytest.approx(1 / 3)
    assert found["coverage_90"] == pytest.approx(2 / 3)


def test_the_interval_draws_series_whole():
    same = [a_point("abc"[i % 3], members=[110.0, 110.0], rival=121.0) for i in range(9)]
    low, high = interval(same, rmse_ratio, samples=50)
    assert low == pytest.approx(high) == pytest.approx(0.5)
    assert interval(same[:2], rmse_ratio) is None
    parts = cuts([*same, a_point(kind="growth", published=3.0, rival=4.0)])
    assert parts["series"]["a"]["points"] == 4
    assert parts["kind"]["growth"]["points"] == 1


def test_the_protocol_names_series_with_figures_before_and_after():
    plan = data.protocol()
    named = {spec.indicator for spec in plan.series}
    assert not named & set(plan.not_scored)
    assert named | set(plan.not_scored) == set(data.all_series())
    for spec in plan.series:
        assert data.all_series()[spec.indicator].kind == spec.kind
        assert any(
            figure.year - origin in plan.horizons
            and data.all_series()[spec.indicator].known(origin)
            for origin in plan.origins
            for figure in data.all_series()[spec.indicator].figures
        ), spec.indicator


def test_the_rival_drifts_levels_and_repeats_growth():
    levels = replace(
        data.all_series()["pv_revenue"],
        figures=tuple(
            data.Published("pv_revenue", year, value, 0.0)
            for year, value in ((2019, 100.0), (2021, 121.0), (2022, 500.0))
        ),
    )
    assert points.rival(levels, 2021, 2023) == pytest.approx(121.0 * 1.21)
    assert points.rival(levels, 2020, 2023) == 100.0
    assert points.rival(levels, 2018, 2023) is None
    growth = replace(levels, kind="growth")
    assert points.rival(growth, 2021, 2023) == 121.0


def _forecast(series, values, origin=2021):
    return points.Forecast(
        origin, "prior", {(series, year): np.array(v) for year, v in values.items()}
    )


def test_a_level_is_growth_on_the_last_published_value():
    series = replace(
        data.all_series()["pv_revenue"], figures=(data.Published("pv_revenue", 2021, 200.0, 0.0),)
    )
    made = _forecast("pv_revenue", {2021: [50.0, 80.0], 2023: [100.0, 120.0]})
    found = points.point(series, made, data.Published("pv_revenue", 2023, 400.0, 0.0))
    assert found.members == pytest.approx([400.0, 300.0])
    assert found.jump_off == (200.0, 2021)
    raw = points.point(
        replace(series, figures=()), made, data.Published("pv_revenue", 2023, 400.0, 0.0)
    )
    assert raw.members == pytest.approx([100.0, 120.0])
    assert raw.jump_off is None


def test_members_carry_the_error_of_what_was_published_before():
    figures = (data.Published("pv_revenue", 2021, 200.0, 0.05),)
    later = (*figures, data.Published("pv_revenue", 2023, 400.0, 0.9))
    made = _forecast("pv_revenue", {2021: np.ones(4000), 2023: np.full(4000, 2.0)})
    for known in (figures, later):
        series = replace(data.all_series()["pv_revenue"], figures=known)
        found = points.point(series, made, data.Published("pv_revenue", 2023, 400.0, 0.0))
        assert np.log(found.members).std() == pytest.approx(0.05 * np.sqrt(2), rel=0.05)
        assert found.median == 400.0


def _learnt(later=1.0):
    """Published growth a tenth above the simulated one in each year, and a later figure."""
    levels = replace(
        data.all_series()["pv_revenue"],
        figures=tuple(
            data.Published("pv_revenue", year, value, 0.0)
            for year, value in ((2019, 100.0), (2020, 110.0), (2021, 121.0), (2022, later))
        ),
    )
    growth = replace(
        data.all_series()["as_va_growth"],
        figures=(
            data.Published("as_va_growth", 2020, 6.0, 0.0),
            data.Published("as_va_growth", 2021, 8.0, 0.0),
            data.Published("as_va_growth", 2022, later, 0.0),
        ),
    )
    simulated = {("pv_revenue", y): np.full(5000, 50.0) for y in range(2019, 2024)}
    simulated |= {("as_va_growth", y): np.full(5000, 6.0) for y in range(2019, 2024)}
    return levels, growth, points.Forecast(2021, "prior", simulated)


def test_past_errors_move_and_widen_forecasts():
    levels, growth, made = _learnt()
    assert points.growth_errors(levels, made) == pytest.approx([np.log(1.1)] * 2)
    assert points.growth_errors(growth, made) == pytest.approx([0.0, 2.0])
    errors = points.past_errors([levels, growth], made, carry=0.5, pooled=2.0)
    assert errors["pv_revenue"].shift == pytest.approx(0.5 * np.log(1.1))
    assert errors["pv_revenue"].spread == pytest.approx(np.log(1.1))
    assert errors["as_va_growth"].shift == pytest.approx(0.5)
    assert errors["as_va_growth"].spread == pytest.approx(np.sqrt(2.0))
    figure = data.Published("pv_revenue", 2023, 150.0, 0.0)
    found = points.point(levels, made, figure, "", errors["pv_revenue"])
    assert found.median == pytest.approx(121.0 * 1.1)
    assert np.log(found.members).std() == pytest.approx(np.log(1.1) * np.sqrt(2), rel=0.05)
    figure = data.Published("as_va_growth", 2023, 7.0, 0.0)
    assert points.point(growth, made, figure, "", errors["as_va_growth"]).median == 6.5


def test_past_errors_look_at_nothing_after_the_origin():
    one, other = _learnt(), _learnt(later=900.0)
    found = [points.past_errors(case[:2], case[2], carry=0.5, pooled=2.0) for case in (one, other)]
    assert found[0] == found[1]


@pytest.mark.parametrize("origin", [2021, 2022])
def test_the_scenario_of_an_origin_knows_no_later_terms(origin):
    scenario = bt.known_at(load("without_document_55"), origin)
    last = quarter_index(origin, 4)
    for lever in scenario.levers:
        assert lever.start <= last
        for dated in lever.terms.values():
            assert all(begin <= last for begin, _ in dated)
        assert set(lever.drawn) <= set(lever.terms)
    assert scenario.lever("vat_additional_deduction") is None
    assert scenario.outside.origin == origin
    assert scenario.parameters["srdi_wide_year"] > 2027
    assert scenario.parameters["little_giant_batch_2023"] == pytest.approx(
        np.mean([248, 1748, 2930] if origin == 2021 else [1748, 2930, 4359])
    )
    shares = load("without_document_55").parameters
    known = [shares[f"little_giant_share_{year}"] for year in range(origin - 2, origin + 1)]
    assert scenario.parameters["little_giant_share_2023"] == pytest.approx(np.mean(known))
    # What stays in force goes on as it was.
    was = load("without_document_55").lever("corporate_income_tax")
    now = scenario.lever("corporate_income_tax")
    assert now.value("small_rest", last + 4) == was.value("small_rest", last)


def test_at_the_end_of_the_tables_the_scenario_stays_as_it_is():
    scenario = load("as_issued")
    assert bt.known_at(scenario, 2023) is scenario


def test_draws_of_an_origin_are_inside_their_ranges_and_leave_lists_alone():
    drawn = bt.members(2021, 16, None)
    priors = {prior.name: prior for prior in bt.known().priors}
    assert len(drawn) == 16
    for draw in drawn:
        assert set(draw.outside) == set(SERIES)
        assert not any(name.startswith(bt.LISTS) for name in draw.values)
        won = {name for name in draw.values if name.startswith(bt.SHARES)}
        assert won == {f"{bt.SHARES}{year}" for year in (2019, 2020, 2021)}
        assert all(priors[n].low <= v <= priors[n].high for n, v in draw.values.items())
    assert bt.members(2021, 16, None) == drawn


class Small:
    """A protocol cut down, and tables in which the future can be changed."""

    plan = data.protocol().model_copy(update={"members": 10, "rows": 400})

    @staticmethod
    def made(origin=2021):
        return bt.forecast(origin, origin + 1, Small.plan, "prior").simulated


@pytest.fixture(scope="module")
def simulated():
    return Small.made()


def test_planted_futures_change_no_forecast(simulated, monkeypatch):
    real = bt.load

    def doctored(name):
        """All that came after 2021, turned upside down."""
        scenario = real(name)
        after = quarter_index(2022, 1)
        levers = tuple(
            replace(
                lever,
                terms={
                    term: (*[d for d in dated if d[0] < after], (after, 0.0))
                    for term, dated in lever.terms.items()
                },
            )
            for lever in scenario.levers
            if lever.start < after
        )
        lists = {f"{bt.LISTS}{year}": 9e4 for year in (2022, 2023)}
        parameters = scenario.parameters | lists | {"srdi_wide_year": 2022.0}
        return replace(scenario, levers=levers, parameters=parameters)

    def doctored_table(name):
        rows = original(name)
        if name != "outside_world":
            return rows
        return tuple(
            row.model_copy(update={"value": 90.0}) if (row.year or 0) > 2021 else row
            for row in rows
        )

    from jiqun.scenarios import outside  # noqa: PLC0415

    original = outside.table
    monkeypatch.setattr(bt, "load", doctored)
    monkeypatch.setattr(outside, "table", doctored_table)
    assert outside_world(2023).recent["demand"].mean() > 0.5, "the fault is planted"
    again = Small.made()
    assert again.keys() == simulated.keys()
    for key, values in simulated.items():
        assert np.array_equal(values, again[key], equal_nan=True), key


def test_planted_later_figures_change_no_forecast_but_the_errors(simulated):
    made = points.Forecast(2021, "prior", simulated)
    series = data.all_series()["as_revenue"]
    fault = replace(
        series,
        figures=tuple(
            replace(f, value=f.value * (3.0 if f.year > 2021 else 1.0)) for f in series.figures
        ),
    )
    figure = data.Published("as_revenue", 2022, 50_000.0, 0.0)
    one, other = (points.point(s, made, figure) for s in (series, fault))
    assert np.array_equal(one.members, other.members)
    assert one.rival == other.rival


def test_workers_do_not_change_what_is_simulated(simulated):
    scenario = bt.known_at(load("without_document_55"), 2021)
    scenario = replace(scenario, rows=400).until(2022)
    wanted = list(data.all_series().values())
    draws = bt.members(2021, 10, None)
    again = bt.simulate(scenario, draws, wanted, range(2019, 2023), workers=2)
    for key, values in simulated.items():
        assert np.array_equal(values, again[key], equal_nan=True), key


def test_the_whole_back_test_gives_scores_and_every_point(tmp_path):
    found = bt.backtest(training="prior", plan=Small.plan)
    assert found["name"] == "pseudo out of sample"
    assert found["significance_test"] is None
    assert found["points"] + found["apart"]["points"] == len(found["forecasts"])
    assert found["rmse_ratio_low"] <= found["rmse_ratio"] <= found["rmse_ratio_high"]
    first = found["first_method"]
    assert first["points"] == found["points"]
    assert len(first["forecasts"]) == len(found["forecasts"])
    assert first["coverage_90"] <= found["coverage_90"] + 0.1
    for row in found["forecasts"]:
        assert row["year"] > row["origin"]
        assert row["last_year"] is None or row["last_year"] <= row["origin"]
        assert row["p05"] <= row["p25"] <= row["p75"] <= row["p95"]
    assert {r["indicator"] for r in found["forecasts"] if r["apart"]} == {"little_giant_cumulative"}
    bt.write(found, tmp_path)
    table = pd.read_csv(tmp_path / "backtest_prior.csv")
    assert len(table) == len(found["forecasts"])
    text = page(Small.plan, tmp_path)
    assert text.count("| as_revenue | 2021 |") == 1
    assert f"({found['rmse_ratio_low']:.2f} to {found['rmse_ratio_high']:.2f})" in text


def test_the_page_is_that_of_the_stored_scores():
    assert bt.PAGE.read_text(encoding="utf-8") == page(data.protocol(), bt.RESULTS)


ACTUALS = "indicator,year,value,unit,scope\n"


def test_later_figures_are_scored_from_the_end_of_the_tables(tmp_path):
    path = tmp_path / "later.csv"
    path.write_text(
        ACTUALS
        + "as_va_growth,2024,9.0,%,above-scale industry\n"
        + "as_revenue,2025,60000,亿元,Anhui\n"
        + "as_employees,2024,270,10k persons,above-scale industry\n"
        + "new_corporate_loan_rate,2024,3.5,%,province\n",
        encoding="utf-8",
    )
    found = bt.backtest(actuals=path, training="prior", plan=Small.plan)
    rows = {row["indicator"]: row for row in found["forecasts"]}
    assert len(rows) == 4
    assert found["origins"] == [2023]
    assert rows["as_employees"]["published"] == pytest.approx(2.7e6)
    assert rows["as_revenue"]["published"] == pytest.approx(60_000.0)
    assert rows["as_revenue"]["last_year"] == 2023
    assert rows["new_corporate_loan_rate"]["apart"] == "an input"
    assert found["points"] == 3


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("as_va_grwth,2024,9,%,above-scale industry", "indicator", "nearest: as_va_growth"),
        ("as_va_growth,2023,9,%,above-scale industry", "year", "greater than 2023"),
        ("as_va_growth,2024,much,%,above-scale industry", "value", "number"),
        ("as_va_growth,2024,nan,%,above-scale industry", "value", "finite"),
        ("as_va_growth,2024,9,yuan,above-scale industry", "unit", "allowed: %"),
        ("as_va_growth,2024,9,%,Hefei city", "scope", "above-scale industry"),
        ("as_revenue,2024,-9,100m yuan,above-scale industry", "value", "above zero"),
        ("as_va_growth,2024,9,%", "scope", "fewer cells"),
        ("as_va_growth,2024,9,%,above-scale industry,x", "", "more cells"),
    ],
)
def test_wrong_later_figures_are_refused(tmp_path, line, column, words):
    path = tmp_path / "later.csv"
    path.write_text(ACTUALS + "as_profit,2024,2000,100m yuan,Anhui\n" + line + "\n")
    with pytest.raises(InputError) as refused:
        bt.backtest(actuals=path, plan=Small.plan)
    assert refused.value.line == 3
    assert refused.value.key == column
    assert words in str(refused.value)


def test_files_that_hold_nothing_or_repeat_themselves_are_refused(tmp_path):
    path = tmp_path / "later.csv"
    row = "as_va_growth,2024,9,%,above-scale industry\n"
    for text, words in (
        (ACTUALS, "holds no figures"),
        (ACTUALS + row + row, "line 2"),
        ("indicator,year,value,units,scope\n" + row, "nearest: unit"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            read_actuals(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_actuals(tmp_path / "none.csv")


@pytest.mark.parametrize("year", [2020, 2023, 2024])
def test_an_origin_with_nothing_to_score_is_refused(year):
    with pytest.raises(bt.BacktestError, match="allowed: 2021 to 2022, or 2023 with --actuals"):
        bt.backtest(train_until=year)


def test_members_fitted_to_later_years_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "ensemble.parquet"
    path.with_name("ensemble_2021.parquet").touch()
    monkeypatch.setattr(bt, "SHIPPED", path)
    monkeypatch.setattr(bt, "read_ensemble", lambda _: ({}, {"train_until": 2022}))
    with pytest.raises(bt.BacktestError, match="trained to 2022"):
        bt.ensemble_of(2021)


def test_fitted_members_replace_priors(monkeypatch, tmp_path):
    columns = {"drift": np.array([-0.001, -0.002])}
    monkeypatch.setattr(bt, "read_ensemble", lambda _: (columns, {}))
    drawn = bt.members(2021, 4, tmp_path)
    assert [d.values["drift"] for d in drawn] == [-0.001, -0.002, -0.001, -0.002]
    assert isinstance(drawn[0], Draw)
    plain = bt.members(2021, 4, None)
    assert drawn[0].values | {"drift": 0} == plain[0].values | {"drift": 0}


def test_the_command_prints_one_document_and_refuses_in_one_line(tmp_path, monkeypatch):
    real = data.protocol
    monkeypatch.setattr(bt, "protocol", lambda: Small.plan)
    assert real() is not Small.plan
    run = CliRunner().invoke
    done = run(app, ["backtest", "--train-until", "2022", "--workers", "1", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["origins"] == [2022]
    assert {"rmse_ratio", "coverage_90", "forecasts"} <= set(found)
    assert run(app, ["backtest", "--train-until", "2019"]).exit_code == 2
    path = tmp_path / "later.csv"
    path.write_text(ACTUALS + "as_va_growth,2024,9,yuan,above-scale industry\n")
    refused = run(app, ["backtest", "--actuals", str(path)])
    assert refused.exit_code == 2
    assert f"{path}:2: unit: unknown name 'yuan'; allowed: %" in refused.stderr
    monkeypatch.setenv("JIQUN_LANG", "zh")
    refused = run(app, ["backtest", "--actuals", str(path)])
    assert refused.exit_code == 2
    assert f"{path}:2: unit: 未知的名称 'yuan'；允许：%" in refused.stderr
