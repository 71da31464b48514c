"""The second version of the back-test: misses at the origin are carried once, and fade."""

import json
from dataclasses import replace

import numpy as np
import pytest

from jiqun.calibration.backtest import data
from jiqun.calibration.backtest import origin as origin_
from jiqun.calibration.backtest import run as bt
from jiqun.calibration.backtest import second as second_
from jiqun.calibration.backtest.points import Forecast
from jiqun.calibration.backtest.scores import ratios_of_series, scores
from jiqun.calibration.backtest.second_page import second_part
from jiqun.model.elementary import log
from jiqun.scenarios import load
from jiqun.scenarios.errors import InputError
from jiqun.scenarios.tables import table

PLAN = data.protocol()
SECOND = second_.second_protocol(PLAN)
HALF_LIFE = SECOND.half_life.model_dump()
MEMBERS = 60
YEARS = range(2019, 2030)
METHODS = ("level", "level_and_growth")


def a_series(kind, figures, error=0.0):
    """A series with figures of its own."""
    name = "pv_revenue" if kind == "level" else "as_va_growth"
    published = tuple(data.Published(name, year, value, error) for year, value in figures.items())
    return replace(data.all_series()[name], figures=published)


def simulated(kind, seed=5):
    """Members that grow apart."""
    rng = np.random.default_rng(seed)
    name = "pv_revenue" if kind == "level" else "as_va_growth"
    start, drift = rng.normal(0.0, 0.2, MEMBERS), rng.normal(0.1, 0.05, MEMBERS)
    if kind == "growth":
        return {(name, year): 6.0 + 10.0 * start + 5.0 * drift for year in YEARS}
    return {(name, year): np.exp(5.0 + start + drift * (year - 2019)) for year in YEARS}


def forecast_of(series, made, year, method="level_and_growth", size=0.0, published=100.0):
    actual = data.Published(series.indicator, year, published, 0.0)
    fade = origin_.fades(HALF_LIFE, series.kind, method)
    return origin_.corrected(series, made, actual, fade, size)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["level", "growth"])
def test_a_forecast_that_missed_nothing_is_left_as_it_is(kind, method):
    values = simulated(kind)
    name = next(iter(values))[0]
    one = {key: np.full(MEMBERS, float(np.median(v))) for key, v in values.items()}
    series = a_series(kind, {year: one[name, year][0] for year in (2019, 2020, 2021)})
    made = Forecast(2021, "prior", one)
    for year in (2022, 2023):
        assert forecast_of(series, made, year, method).members == pytest.approx(one[name, year])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["level", "growth"])
def test_at_the_last_figure_every_member_stands_on_it(kind, method):
    series = a_series(kind, {2019: 140.0, 2020: 170.0, 2021: 260.0})
    made = Forecast(2021, "prior", simulated(kind))
    found = forecast_of(series, made, 2021, method, size=0.3)
    assert found.members == pytest.approx(260.0)
    assert found.median == pytest.approx(260.0)


@pytest.mark.parametrize("kind", ["level", "growth"])
@pytest.mark.parametrize("times", [0.3, 0.9, 1.5, 4.0])
def test_what_is_carried_fades_year_by_year_to_nothing(kind, times):
    values = simulated(kind)
    name = next(iter(values))[0]
    middle = {year: float(np.median(values[name, year])) for year in YEARS}
    series = a_series(kind, {2021: times * middle[2021]})
    made = Forecast(2021, "prior", values)
    added = []
    for year in range(2021, 2030):
        median = forecast_of(series, made, year).members
        own = values[name, year]
        added.append(np.median(median - own if kind == "growth" else np.log(median / own)))
    assert np.all(np.abs(np.diff(np.abs(added))) > 0.0)
    assert np.all(np.diff(np.abs(added)) < 0.0)
    assert np.sign(added).tolist() == [np.sign(times - 1.0)] * len(added)
    fade = origin_.fades(HALF_LIFE, kind, "level")
    assert fade.level_left(int(HALF_LIFE[kind])) == pytest.approx(0.5)
    assert fade.level_left(200) < 1e-8


def test_each_year_adds_less_for_growth_that_was_missed():
    fade = origin_.fades(HALF_LIFE, "level", "level_and_growth")
    # Without the fading of the level the sum of what is left of growth.
    pure = replace(fade, level=1.0)
    steps = np.diff([pure.growth_left(years) for years in range(8)])
    assert steps == pytest.approx(0.5 ** np.arange(1, 8))
    assert fade.growth_left(300) < 1e-8
    assert fade.growth_left(0) == 0.0


def test_a_miss_counts_once():
    """Members that only miss a process of two roots are forecast without error."""
    fade = origin_.fades(HALF_LIFE, "level", "level_and_growth")
    r, g = fade.level, fade.growth
    misses, growth = [0.2], 0.08
    for _ in range(4):
        misses.append(r * misses[-1] + growth)
        growth *= g
    # Two figures, then three years of which the growth missed is what is left of the last one.
    known = [(2020, np.array([misses[0]])), (2021, np.array([misses[1]]))]
    for years in (1, 2, 3):
        assert origin_.carried(known, years, fade) == pytest.approx(misses[1 + years])
    # A level that is off by a constant share has not missed growth, so little beside it is carried.
    same = [(2020, np.array([0.3])), (2021, np.array([0.3]))]
    assert 0.3 * r < origin_.carried(same, 1, fade)[0] < 0.3


def test_growth_rates_get_their_difference_and_nothing_else():
    growth = [origin_.fades(HALF_LIFE, "growth", method) for method in METHODS]
    assert growth[0] == growth[1] == origin_.Fade(0.5)
    known = [(2019, np.array([4.0])), (2020, np.array([-2.0])), (2021, np.array([1.0]))]
    assert origin_.carried(known, 2, growth[0]) == pytest.approx(0.25)
    assert origin_.fades(HALF_LIFE, "growth", "as_simulated") is None


def test_gaps_between_figures_are_counted_in_years():
    fade = origin_.fades(HALF_LIFE, "level", "level_and_growth")
    r = fade.level
    yearly = 0.05
    after = r * (r * 0.1 + yearly) + yearly
    missed = origin_.growth_missed([(2019, np.array([0.1])), (2021, np.array([after]))], fade)
    assert missed[0] == pytest.approx(yearly)


@pytest.mark.parametrize("method", [*METHODS, "as_simulated"])
def test_levels_stay_above_zero(method):
    series = a_series("level", {2019: 1e-6, 2020: 1e7, 2021: 3e-7}, error=0.5)
    made = Forecast(2021, "prior", simulated("level"))
    for year in (2022, 2024, 2029):
        assert np.all(forecast_of(series, made, year, method, size=3.0).members > 0.0)


def test_the_spread_is_that_of_the_ensemble_less_what_is_common_with_the_origin():
    values = simulated("level")
    series = a_series("level", {2021: 260.0})
    made = Forecast(2021, "prior", values)
    start, end = (np.log(values["pv_revenue", year]) for year in (2021, 2023))
    left = origin_.fades(HALF_LIFE, "level", "level").level_left(2)
    found = forecast_of(series, made, 2023)
    assert np.log(found.members).std() == pytest.approx((end - left * start).std())
    assert np.log(found.members).std() < end.std()
    # It grows with the horizon, from nothing.
    widths = [np.log(forecast_of(series, made, y).members).std() for y in range(2021, 2025)]
    assert np.all(np.diff(widths) > 0.0)


def test_what_enters_each_year_is_carried_on():
    fade = origin_.fades(HALF_LIFE, "level", "level_and_growth")
    rng = np.random.default_rng(2)
    enters = rng.normal(size=(20_000, 3))
    level, growth = np.zeros(20_000), np.zeros(20_000)
    for year in range(3):
        growth = fade.growth * growth + enters[:, year]
        level = fade.level * level + growth
        assert fade.spread(year + 1) == pytest.approx(level.std(), rel=0.03)
    assert fade.spread(0) == 0.0
    assert origin_.Fade(1.0).spread(4) == pytest.approx(2.0)


def test_sizes_come_from_years_up_to_the_origin_and_are_lent():
    fade_of = {kind: origin_.fades(HALF_LIFE, kind, "level_and_growth") for kind in HALF_LIFE}
    flat = {("pv_revenue", year): np.full(5, 100.0) for year in YEARS}
    flat |= {("as_va_growth", year): np.full(5, 6.0) for year in YEARS}
    made = Forecast(2021, "prior", flat)
    growth = a_series("growth", {2020: 8.0, 2021: 4.0})
    level = a_series("level", {2020: 100.0, 2021: 110.0})
    found = origin_.sizes([level, growth], made, fade_of, 2.0)
    kept = np.sqrt(1.0 - 0.25)
    assert found["as_va_growth"] == pytest.approx(2.0 * kept)
    assert found["pv_revenue"] == pytest.approx(np.log(1.1) * kept)
    later = [replace(one, figures=(*one.figures, replace(one.figures[-1], year=2022, value=900.0)))
             for one in (level, growth)]  # fmt: skip
    assert origin_.sizes(later, made, fade_of, 2.0) == found
    # With one figure a level has no growth to show: it takes that of growth rates.
    one = a_series("level", {2021: 150.0})
    found = origin_.sizes([one, growth], made, fade_of, 2.0)
    assert found["pv_revenue"] == pytest.approx(0.01 * found["as_va_growth"])


def test_nothing_after_the_origin_moves_a_forecast():
    known = {2019: 140.0, 2020: 170.0, 2021: 260.0}
    made = Forecast(2021, "prior", simulated("level"))
    one, other = (a_series("level", known | {2022: value}) for value in (1.0, 9e5))
    found = [forecast_of(s, made, 2023, size=0.1).members for s in (one, other)]
    assert np.array_equal(*found)


def test_half_of_the_rival_lies_half_way():
    series = a_series("level", {2019: 140.0, 2020: 170.0, 2021: 260.0})
    made = Forecast(2021, "prior", simulated("level"))
    fade = origin_.fades(HALF_LIFE, "level", "level_and_growth")
    actual = data.Published("pv_revenue", 2023, 400.0, 0.0)
    own, mixed = (
        origin_.corrected(series, made, actual, fade, 0.0, to_rival=weight) for weight in (0.0, 0.5)
    )
    assert mixed.median == pytest.approx(np.sqrt(own.median * own.rival))
    assert log(mixed.members).std() == pytest.approx(log(own.members).std())


# The protocol


def test_the_protocol_scores_the_points_of_the_first_version():
    assert SECOND.origins == PLAN.origins
    assert SECOND.label == "developed on these origins"
    others = {"as_simulated", "half_rival", *second_.SET}
    assert set(SECOND.methods) == {*METHODS, *others}
    known = {row.id: row for row in table("figures")}
    for one in SECOND.further.figures:
        assert known[one.source].value == one.value
        assert known[one.source].year == one.year
        taken = {figure.year for figure in data.all_series()[one.indicator].figures}
        assert one.year not in taken


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("origins: [2021, 2022]", "origins: [2021]", "allowed: [2021, 2022]"),
        ("further_origins: [2019, 2020]", "further_origins: [2020, 2021]", "before 2021"),
        ("outside_window: [2, 3]", "outside_window: [3]", "each of [2019, 2020]"),
        ("label: developed on these origins", "label: a fair test", "developed on these"),
        ("headline: level_and_growth", "headline: best", "level_and_growth"),
        ("  level: 7.0", "  level: 0.0", "greater than 0"),
        ("  growth: 1.0", "  growth: -1.0", "greater than 0"),
        ("pooled: 2.0", "pools: 2.0", "nearest: pooled"),
        ("hightech_enterprises, little", "hightech_firms, little", "hightech_enterprises"),
        ("{indicator: hightech_enterprises, year: 2018", "{indicator: x, year: 2018", "pv_revenue"),
        ("  rival: 0.5", "  rival: 1.5", "less than 1"),
        ("figures: [as_revenue, pv", "figures: [as_sales, pv", "as_revenue"),
        ("bounds: [0.5, 2.0]", "bounds: [0.5]", "bounds"),
        ("year: 2020, value: 8559", "year: 2024, value: 8559", "less than 2023"),
    ],
)  # fmt: skip
def test_a_wrong_protocol_is_refused(tmp_path, old, new, words):
    text = second_.PROTOCOL.read_text("utf-8")
    assert text.count(old) == 1
    path = tmp_path / "wrong.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(InputError) as refused:
        second_.second_protocol(PLAN, path)
    assert words in str(refused.value)
    assert refused.value.line


def test_the_rule_in_force_gives_the_rule_and_the_lists_and_nothing_else():
    actual = load("without_document_55")
    known = bt.known_at(actual, 2021)
    ruled = second_.with_rule_in_force(known, actual)
    moved = {n for n, v in ruled.parameters.items() if v != known.parameters[n]}
    assert moved <= {second_.RULE, *(f"{second_.LISTS}{y}" for y in (2022, 2023, "later"))}
    assert {second_.RULE, f"{second_.LISTS}2022"} <= moved
    assert ruled.parameters[second_.RULE] == 2023.0
    assert replace(ruled, parameters=known.parameters) == known


def test_an_origin_of_two_years_knows_no_third():
    world = bt.known_at(load("without_document_55"), 2019, window=2).outside
    assert world.origin == 2019
    assert len(world.history["demand"]) == 2
    assert world.recent["demand"] == pytest.approx(world.history["demand"].mean(axis=0))
    assert world.age == 0.5
    with pytest.raises(ValueError, match="too early"):
        bt.known_at(load("without_document_55"), 2019)


def made_up(case):
    """Forecasts of every series that need no run; another rule moves all of them."""
    rng = np.random.default_rng([case.origin, case.in_force])
    found = {}
    for name, series in data.all_series().items():
        start, drift = rng.normal(0.0, 0.1, 12), rng.normal(0.1, 0.03, 12)
        for year in range(2019, 2024):
            path = start + drift * (year - 2019)
            middle = series.figures[0].value
            grows = series.kind == "growth"
            found[name, year] = middle + 10.0 * path if grows else middle * np.exp(path)
    return Forecast(case.origin, case.training, found)


@pytest.fixture(scope="module")
def small():
    """All cases, made up."""
    made = {case: made_up(case) for case in second_.cases(SECOND, PLAN.training)}
    return PLAN, made, second_.score(PLAN, SECOND, made, samples=0)


def test_each_case_is_simulated_with_its_window_and_rule(monkeypatch):
    asked = {}

    def forecast(origin, until, plan, training, workers, *, window, in_force, state):
        assert state in (None, SECOND)
        asked[second_.Case(origin, training, in_force, state is SECOND)] = (until, window)
        return Forecast(origin, training, {})

    monkeypatch.setattr(bt, "forecast", forecast)
    made = bt.simulated_cases(PLAN, SECOND, ["prior", "posterior"])
    assert asked.keys() == made.keys()
    assert asked[second_.Case(2019, "prior", True)] == (2021, 2)
    assert asked[second_.Case(2020, "prior", False)] == (2022, 3)
    assert asked[second_.Case(2022, "posterior", True)] == (2023, None)
    assert asked[second_.Case(2022, "posterior", True, True)] == (2023, None)
    assert second_.Case(2019, "posterior", False) not in asked


SAME = {"set": "same", "training": "prior", "rule": "known"}


def rows_of(found, **wanted):
    """Points or scores of a set, a method and a rule."""
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def test_both_versions_score_the_same_points(small):
    plan, made, found = small
    before = {origin: made[second_.Case(origin, "prior", False)] for origin in plan.origins}
    first = bt.backtest(training="prior", plan=plan, made_before=before)
    assert first["second_version"]["label"] == SECOND.label
    keys = ("indicator", "origin", "year", "published", "rival")
    named = [[row[key] for key in keys] for row in first["forecasts"]]
    for method in (*second_.BEFORE, *SECOND.methods):
        rows = rows_of(found["forecasts"], method=method, **SAME)
        assert [[row[key] for key in keys] for row in rows] == named
    # Found again from the points of the first, as where later figures are scored.
    (headline,) = rows_of(found["scores"], method=SECOND.headline, **SAME)
    assert first["second_version"]["rmse_ratio"] == headline["rmse_ratio"]
    assert first["second_version"]["coverage_90"] == headline["coverage_90"]
    # What the second version says of the first is what the first says of itself.
    for method, stored in zip(second_.BEFORE, (first["first_method"], first), strict=True):
        (again,) = rows_of(found["scores"], method=method, **SAME)
        assert again["rmse_ratio"] == stored["rmse_ratio"]
        assert again["crps"] == stored["crps"]
        rows = rows_of(found["forecasts"], method=method, **SAME)
        assert [row["p95"] for row in rows] == [row["p95"] for row in stored["forecasts"]]


def test_stored_scores_of_both_versions_agree_and_are_on_the_page():
    found = json.loads((bt.RESULTS / "backtest_2.json").read_text("utf-8"))
    text = bt.PAGE.read_text("utf-8")
    assert SECOND.label in text
    for training in PLAN.training:
        stored = json.loads((bt.RESULTS / f"backtest_{training}.json").read_text("utf-8"))
        for method, row in zip(second_.BEFORE, (stored["first_method"], stored), strict=True):
            (again,) = rows_of(
                found["scores"], set="same", training=training, method=method, rule="known"
            )
            assert again["rmse_ratio"] == row["rmse_ratio"]
    for row in found["scores"]:
        ratio = f"{row['rmse']:.1f} | {row['rmse_ratio']:.2f}"
        assert f"| {row['points']} | {ratio}" in text
    for text_ in (*SECOND.not_done, *SECOND.hindsight):
        assert text_ in text


def test_the_rule_moves_administrative_counts_alone(small):
    plan, made, _ = small
    case = second_.Case(2021, "prior", False)
    known, ruled = made[case], made[replace(case, in_force=True)]
    plain = second_.points(plan, SECOND, known, SECOND.headline)
    given = second_.points(plan, SECOND, known, SECOND.headline, ruled)
    moved = {
        one.indicator
        for one, other in zip(plain, given, strict=True)
        if not np.array_equal(one.members, other.members)
    }
    assert moved == {
        name for name in SECOND.administrative.series if data.all_series()[name].known(2021)
    }


def test_scores_of_sets_are_those_of_their_points(small):
    plan, made, found = small
    (row,) = rows_of(found["scores"], set="together", method=SECOND.headline, rule="known")
    listed = [
        point
        for origin in (*SECOND.further_origins, *SECOND.origins)
        for point in second_.points(
            plan, SECOND, made[second_.Case(origin, "prior", False)], SECOND.headline
        )
        if not point.apart
    ]
    assert row["rmse_ratio"] == scores(listed, samples=0)["rmse_ratio"]
    ratios = ratios_of_series(listed)
    assert row["series_median"] == np.median(ratios)
    assert row["series_geometric"] == pytest.approx(np.exp(np.mean(np.log(ratios))))
    for point in listed:
        assert point.year > point.origin
        assert point.jump_off is None or point.jump_off[1] <= point.origin


def test_set_runs_are_scored_from_cases_of_their_own(small):
    plan, made, _ = small
    case = second_.Case(2021, "prior", False, True)
    plain, carried = (second_.points(plan, SECOND, made[case], method) for method in second_.SET)
    for method, found in (("as_simulated", plain), (SECOND.headline, carried)):
        same = second_.points(plan, SECOND, made[case], method)
        assert all(
            np.array_equal(one.members, other.members)
            for one, other in zip(found, same, strict=True)
        )
    assert {case.state for case in second_.cases(SECOND, ["prior"])} == {False, True}


def test_the_page_tells_of_set_runs_with_and_without_their_scores(small, tmp_path):
    found = small[2]
    second_.write(found, tmp_path)
    text = "\n".join(second_part(SECOND, tmp_path))
    assert "Not scored yet" not in text
    assert "| second, state set |" in text
    rest = {
        key: [row for row in found[key] if row["method"] not in second_.SET]
        for key in ("scores", "forecasts")
    }
    second_.write(found | rest, tmp_path)
    text = "\n".join(second_part(SECOND, tmp_path))
    assert "**Not scored yet**" in text
    assert "| second, state set |" not in text
    for words in SECOND.state.why.values():
        assert " ".join(words.split()) in text
