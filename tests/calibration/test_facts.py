"""Stylised facts: every estimator finds what was put in, and the table is whole."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from jiqun.calibration.facts import estimators as fit
from jiqun.calibration.facts import picture as facts_picture
from jiqun.calibration.facts import run as facts
from jiqun.calibration.facts.measures import MEASURES
from jiqun.calibration.facts.panels import END, Measured, Panels
from jiqun.calibration.facts.turnover import shadow_of_death
from jiqun.calibration.panel import PanelModel, lag, panel, with_productivity
from jiqun.model import ClusterPolicyModel, build_population
from jiqun.model.calendar import quarter_index
from jiqun.scenarios import load
from jiqun.scenarios.tables import table


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_quantiles_of_weighted_rows_are_those_of_repeated_rows(rng):
    values, weight = rng.normal(size=400), rng.integers(1, 9, 400)
    repeated = np.sort(np.repeat(values, weight))
    for at in (0.1, 0.5, 0.95):
        place = int(np.ceil(at * len(repeated))) - 1
        assert fit.quantile(values, weight.astype(float), at) == repeated[place]


@pytest.mark.parametrize("exponent", [0.9, 1.2, 2.0])
def test_the_tail_of_a_power_law_is_found_and_not_refused(rng, exponent):
    values = rng.pareto(exponent, 20_000) + 1.0
    tail = fit.power_law_tail(values, np.ones(20_000), samples=100)
    assert tail.exponent == pytest.approx(exponent, abs=4 * exponent / np.sqrt(tail.observations))
    assert tail.p_value > 0.05
    assert tail.against_lognormal > -1.96


def test_weights_move_the_tail_as_repeated_rows_do(rng):
    values, weight = rng.pareto(1.1, 8000) + 1.0, rng.integers(1, 5, 8000)
    weighted = fit.power_law_tail(values, weight.astype(float), samples=1)
    repeated = fit.power_law_tail(np.repeat(values, weight), np.ones(weight.sum()), samples=1)
    assert weighted.exponent == pytest.approx(repeated.exponent, rel=0.01)


def test_a_lognormal_is_not_taken_for_a_power_law(rng):
    values = rng.lognormal(0.0, 0.8, 50_000)
    tail = fit.power_law_tail(values, np.ones(50_000), samples=100)
    assert tail.p_value < 0.1
    assert tail.against_lognormal < -1.96


@pytest.mark.parametrize("shape", [0.8, 1.0, 2.0])
def test_the_shape_of_growth_is_found(rng, shape):
    # |x|^b / b is Gamma distributed with shape 1/b.
    size = (shape * rng.gamma(1 / shape, 1.0, 40_000)) ** (1 / shape)
    found = fit.subbotin(0.1 * size * rng.choice([-1.0, 1.0], 40_000), np.ones(40_000))
    assert found.shape == pytest.approx(shape, abs=4 * found.error)
    assert found.scale == pytest.approx(0.1, rel=0.05)
    assert 0.002 < found.error < 0.05


def test_size_and_variance_have_the_slope_put_in(rng):
    size = rng.normal(18.0, 1.5, 60_000)
    growth = np.exp(-0.15 * (size - 18.0)) * 0.2 * rng.laplace(size=60_000)
    found = fit.size_variance(growth, size, rng.uniform(0.5, 2.0, 60_000))
    assert found.coefficient[0] == pytest.approx(-0.15, abs=0.02)


def _autoregression(rng, rho, firms=3000, years=8):
    tfp = np.empty((firms, years))
    tfp[:, 0] = rng.normal(0.0, 0.2 / np.sqrt(1 - rho**2), firms)
    for year in range(1, years):
        tfp[:, year] = rho * tfp[:, year - 1] + rng.normal(0.0, 0.2, firms)
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(firms), years),
            "year": np.tile(2020 + np.arange(years), firms),
            "field": np.repeat(rng.integers(0, 3, firms), years),
            "tfp": tfp.ravel(),
            "weight": 1.0,
            "above": True,
            "exited": False,
        }
    )


@pytest.mark.parametrize("rho", [0.7, 0.9])
def test_persistence_is_found_pooled_and_instrumented(rng, rho):
    found = MEASURES["persistence"](Panels(_autoregression(rng, rho), pd.DataFrame()))
    assert found.value == pytest.approx(rho, abs=0.02)
    assert found.also["instrumented"] == pytest.approx(rho, abs=0.08)
    assert found.passed


def test_least_squares_and_its_errors(rng):
    groups, each = 400, 5
    cluster = np.repeat(np.arange(groups), each)
    x = np.repeat(rng.normal(size=groups), each)
    noise = np.repeat(rng.normal(size=groups), each)
    found = fit.least_squares(
        2.0 * x + noise, np.column_stack([x, np.ones(len(x))]), np.ones(len(x)), cluster
    )
    assert found.coefficient[0] == pytest.approx(2.0, abs=4 * found.error[0])
    # Rows of a group are copies: the error is that of the groups.
    assert found.error[0] == pytest.approx(1 / np.sqrt(groups), rel=0.2)


def test_effects_of_two_groupings_are_taken_out(rng):
    a, b = rng.integers(0, 40, 2000), rng.integers(0, 6, 2000)
    values = rng.normal(size=40)[a] + rng.normal(size=6)[b]
    assert np.abs(fit.within(values, rng.uniform(1, 3, 2000), a, b)).max() < 1e-6


def _chance(index, link):
    """Probability and its slope."""
    if link == "probit":
        return norm.cdf(index), norm.pdf(index)
    return -np.expm1(-np.exp(index)), np.exp(index - np.exp(index))


@pytest.mark.parametrize("link", ["probit", "cloglog"])
def test_binary_models_find_their_coefficients(rng, link):
    x = rng.normal(size=20_000)
    chance = _chance(-1.0 + 0.5 * x, link)[0]
    found = fit.binary(
        rng.random(20_000) < chance, np.column_stack([x, np.ones(20_000)]), np.ones(20_000), link
    )
    assert found.coefficient == pytest.approx([0.5, -1.0], abs=0.05)
    assert found.error[0] < 0.03


@pytest.mark.parametrize("clustered", [True, False])
@pytest.mark.parametrize("link", ["probit", "cloglog"])
def test_errors_of_binary_models_are_robust_and_from_the_expected_information(rng, link, clustered):
    columns = np.column_stack([rng.normal(size=(3000, 2)), np.ones(3000)])
    weight, group = rng.uniform(0.5, 30.0, 3000), rng.integers(0, 400, 3000)
    happened = rng.random(3000) < _chance(columns @ [0.5, -0.2, -1.0], link)[0]
    found = fit.binary(happened, columns, weight, link, group if clustered else None)
    chance, slope = _chance(columns @ found.coefficient, link)
    variance = chance * (1.0 - chance)
    score = columns * (weight * slope * (happened - chance) / variance)[:, None]
    assert np.abs(score.sum(axis=0)).max() < 1e-7
    if clustered:
        score = np.stack([score[group == g].sum(axis=0) for g in np.unique(group)])
    bread = np.linalg.inv(columns.T @ (columns * (weight * slope**2 / variance)[:, None]))
    errors = np.sqrt(np.diag(bread @ score.T @ score @ bread))
    assert found.error == pytest.approx(errors, rel=1e-9)


def test_bunching_is_found_where_it_is_and_only_there(rng):
    ratio = rng.gamma(3.0, 0.35, 40_000)
    weight = np.ones(40_000)
    smooth = fit.bunching(ratio, weight)
    assert abs(smooth.excess) < 3 * smooth.error
    below = (ratio > 0.85) & (ratio < 1.0) & (rng.random(40_000) < 0.5)
    moved = np.where(below, 1.0 + 0.05 * rng.random(40_000), ratio)
    found = fit.bunching(moved, weight)
    window = ((ratio >= 1.0) & (ratio < 1.1)).sum()
    assert found.excess == pytest.approx(below.sum() / window, rel=0.2)
    assert found.excess > 5 * found.error


def test_growth_of_productivity_adds_up_and_net_entry_has_its_share():
    ids = (np.array([1, 2, 3]), np.array([2, 3, 4, 5]))
    productivity = (np.array([0.0, 1.0, 1.2]), np.array([1.1, 1.4, 1.5, 2.0]))
    size = (np.array([1.0, 2.0, 1.0]), np.array([2.0, 1.0, 1.0, 2.0]))
    found = fit.decompose(ids, productivity, size)
    means = [np.average(x, weights=s) for x, s in zip(productivity, size, strict=True)]
    assert found.total == pytest.approx(means[1] - means[0])
    assert found.exit == pytest.approx(-0.25 * (0.0 - means[0]))
    entry = (1.0 * (1.5 - means[0]) + 2.0 * (2.0 - means[0])) / 6.0
    assert found.entry == pytest.approx(entry)
    assert found.net_entry == pytest.approx((entry + found.exit) / found.total)


def test_the_shadow_of_death_is_seen(rng):
    frame = _autoregression(rng, 0.5)
    last = frame["id"].to_numpy() % 4 + 2021
    frame = frame[(frame["year"] <= last) | (frame["id"] % 2 == 0)].reset_index(drop=True)
    left = (frame["id"] % 4 + 2021 - frame["year"]).to_numpy()
    leaves = (frame["id"] % 2 == 1).to_numpy()
    frame["exited"] = leaves & (left == 0)
    frame.loc[leaves & (left > 0), "tfp"] -= 0.3
    found = shadow_of_death(Panels(frame, pd.DataFrame()))
    assert found.value == pytest.approx(-0.3, abs=0.06)
    assert found.passed


def test_lags_skip_gaps_and_do_not_cross_enterprises():
    frame = pd.DataFrame(
        {"id": [1, 1, 1, 2, 2], "year": [2019, 2020, 2022, 2022, 2023], "x": [1.0, 2, 3, 4, 5]}
    )
    assert np.array_equal(lag(frame, "x"), [np.nan, 1, np.nan, np.nan, 4], equal_nan=True)
    assert np.array_equal(lag(frame, "x", 2), [np.nan] * 5, equal_nan=True)


@pytest.fixture(scope="module")
def run():
    scenario = load("without_document_55")
    population = build_population(scenario.province, scenario.parameters, 1500, 1)
    return scenario, population, panel(scenario, 3, 2021, population)


def test_the_panel_changes_nothing_and_adds_up_to_the_outcomes(run):
    scenario, population, frame = run
    plain = ClusterPolicyModel(scenario, rng=3, population=population)
    plain.run_until_year(2021)
    watched = PanelModel(scenario, 3, population)
    watched.run_until_year(2021)
    for name, column in plain.records().items():
        assert np.array_equal(column, watched.records()[name]), name
    records = pd.DataFrame(plain.records())
    province = records[records["level"] == "province"].set_index(["outcome", "year"])["value"]
    for year in (2019, 2021):
        now = frame[frame["year"] == year]
        above = now[now["above"]]
        for outcome, column in (("revenue", "revenue"), ("energy", "energy"), ("profit", "profit")):
            total = float((above["weight"] * above[column]).sum())
            assert total == pytest.approx(province[outcome, year], rel=1e-9), outcome
        gone = float(now.loc[now["exited"], "weight"].sum())
        assert gone == pytest.approx(province["exits", year], rel=1e-9)


def test_an_enterprise_is_in_the_panel_until_it_leaves(run):
    *_, frame = run
    assert (frame.groupby("id")["exited"].sum() <= 1).all()
    last = frame.groupby("id")["year"].transform("max")
    assert (frame.loc[frame["exited"], "year"] == last[frame["exited"]]).all()
    stays = ~frame["exited"] & (frame["year"] < 2021)
    assert (last[stays] > frame.loc[stays, "year"]).all()


def test_plant_bought_explains_the_growth_of_plant(run):
    scenario, _, frame = run
    kept = (1.0 - scenario.parameters["capital_depreciation"] / 4.0) ** 4
    before, now = lag(frame, "capital"), frame["capital"].to_numpy()
    rows = (before > 0.0) & ~frame["exited"].to_numpy()
    grown = now[rows] - kept * before[rows]
    bought = frame["plant_bought"].to_numpy()[rows]
    assert np.all(bought >= grown - 1.0)
    assert np.all(kept * bought <= grown + 1.0)


def test_productivity_weighs_inputs_by_their_shares():
    frame = pd.DataFrame(
        {
            "field": [0, 0], "weight": [1.0, 3.0], "above": [True, True],
            "wages": [3.0, 3.0], "user_cost": [0.1, 0.1], "capital": [10.0, 10.0],
            "value_added_real": [2.0, 4.0], "employees": [2.0, 4.0], "capital_real": [5.0, 10.0],
        }
    )  # fmt: skip
    found = with_productivity(frame)["tfp"].to_numpy()
    # Twice of everything is no more productive.
    assert found[0] == pytest.approx(found[1])
    assert found[0] == pytest.approx(np.log(2.0) - 0.75 * np.log(2.0) - 0.25 * np.log(5.0))


def test_every_row_of_the_table_is_measured_or_says_why_not():
    said = facts.words()
    assert set(said["facts"]) == set(MEASURES)
    rows = [facts.row_of(entry["row"]) for entry in said["facts"].values()]
    rows += [facts.row_of(start) for start in said["not_measured"]]
    assert sorted(row.fact for row in rows) == sorted(row.fact for row in table("stylised_facts"))
    measured = {facts.row_of(entry["row"]).fact for entry in said["facts"].values()}
    assert {row.fact for row in table("stylised_facts") if row.must == "yes"} <= measured
    for entry in said["facts"].values():
        assert {"zh", "en"} <= set(entry["title"])


def _made_up(passed):
    said = facts.words()["facts"]
    return [
        facts.Fact(
            key, facts.row_of(said[key]["row"]), said[key],
            [Measured(float(i), passed(key, i), 10, {"other": 2.0 * i}) for i in (1, 2, 3)],
        )
        for key in MEASURES
    ]  # fmt: skip


def test_the_table_shows_a_failing_fact_as_failing():
    found = _made_up(lambda key, i: key != "size_tail" and i > 1)
    frame = facts.results(found)
    assert list(frame["fact"]) == [row.fact for row in table("stylised_facts")]
    by_key = frame.set_index("key")
    assert by_key.loc["exit_rate", "passed"]
    assert not by_key.loc["size_tail", "passed"]
    assert by_key.loc["size_tail", "note"]
    assert by_key.loc["exit_rate", ["low", "value", "high"]].tolist() == [1.0, 2.0, 3.0]
    good, all_ = facts.share_passing(found)
    assert (good, all_) == (15, 16)
    text = facts.page(found)
    assert "**15 of the 16 facts that must hold pass (94 %" in text
    assert "| **fail** | 规模分布上尾 Upper tail of sizes |" in text
    assert "Why it falls short" in text


def test_every_fact_can_be_measured_on_a_small_run(tmp_path):
    found = facts.measure(seeds=1, rows=2500)
    for fact in found:
        assert np.isfinite(fact.values).all(), fact.key
        assert all(np.isfinite(number) for number in fact.also.values()), fact.key
        assert fact.found[0].observations > 0
    points = facts.pictures(found)
    assert {"size_tail", "growth_shape", "energy_price", "rd_bunching"} <= set(points["fact"])
    assert np.isfinite(points["y"]).all()
    facts_picture.draw(points, tmp_path / "facts.png")
    assert (tmp_path / "facts.png").stat().st_size > 10_000


def test_windows_of_the_measures_are_inside_the_scenario():
    assert quarter_index(END, 4) <= load("without_document_55").end
