"""Trials: estimators on panels whose effect is known, the model itself, rules, files, sources."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jiqun.calibration.trial import panel as panels
from jiqun.calibration.trial import runs
from jiqun.calibration.trial.estimators import Data, NothingToSeeError, estimate, values_of, window
from jiqun.calibration.trial.files import FOLDER, all_trials, chosen, read_trial, table_rows
from jiqun.calibration.trial.form import Panel, TrialRow
from jiqun.calibration.trial.page import page
from jiqun.calibration.trial.sources import Source, cited_tests, cites, sources, unknown_typed
from jiqun.calibration.trial.verdicts import Summary, answer, verdicts, why_not
from jiqun.experiments.runs.draws import draws
from jiqun.model.dimensions import CITIES
from jiqun.scenarios.errors import ScenarioError
from jiqun.scenarios.tables import table

YEARS, FIRMS, FROM = range(2019, 2024), 600, 2021
PANEL = Panel(before=[2019, 2020], after=[2021, 2023])


def made_up(effect=0.2, seed=1):
    """A panel in which treatment adds `effect` to log jobs of a half, and its ids and dose."""
    rng = np.random.default_rng(seed)
    ids = np.arange(1, FIRMS + 1)
    city, field = rng.integers(0, 16, FIRMS), rng.integers(0, 16, FIRMS)
    treated = rng.random(FIRMS) < 0.5
    own, common = rng.normal(4.0, 1.0, FIRMS), rng.normal(0.0, 0.2, len(YEARS))
    tables = []
    for t, year in enumerate(YEARS):
        after = year >= FROM
        # Cities and fields have shocks of their own in each year.
        shock = 0.1 * np.sin(7.0 * city + t) + 0.1 * np.cos(5.0 * field + 2.0 * t)
        jobs = np.exp(own + common[t] + shock + effect * treated * after)
        tables.append(
            pd.DataFrame(
                {
                    "id": ids, "year": year, "city": city, "field": field, "weight": 1.0 + ids % 3,
                    "exited": False, "employees": jobs, "capital": 100.0, "debt": 50.0,
                    "plant_bought": 10.0 * (1.0 + 0.4 * treated * after), "energy": jobs,
                    "tfp_revenue": own + effect * treated * after, "unpaid": 0.0, "rd": 1.0,
                    "rd_reported": 1.25, "rd_cost": 1.0, "adopted": 1.0, "audited": 4.0,
                }
            )
        )  # fmt: skip
    frame = pd.concat(tables, ignore_index=True).sort_values(["id", "year"], ignore_index=True)
    dose = dict(zip(ids.tolist(), treated.astype(float).tolist(), strict=True))
    return frame, dose


def seen(frame, dose, **others):
    given = {
        "plain": None, "rival": None, "growth": None, "score": {}, "cutoff": 0.0, "cities": (),
        "customers": None, "from_year": FROM,
    }  # fmt: skip
    return Data(frame, dose=dose, seen=frame["id"].unique(), **(given | others))


def row(estimator, outcome, **others):
    return TrialRow(id="made", estimator=estimator, outcome=outcome, **others)


@pytest.mark.parametrize("estimator", ["did", "triple", "event_study"])
def test_differences_find_the_effect_that_is_there(estimator):
    frame, dose = made_up()
    found = estimate(seen(frame, dose), row(estimator, "tfp"), PANEL, "%")
    assert found == pytest.approx(20.0, abs=0.01)


def test_triple_differences_take_out_what_happens_to_cities_and_fields():
    frame, dose = made_up()
    found = estimate(seen(frame, dose), row("triple", "employment"), PANEL, "%")
    assert found == pytest.approx(100.0 * math.expm1(0.2), abs=0.01)


def test_investment_is_told_over_the_mean_of_the_untreated_and_split_in_spikes():
    frame, dose = made_up()
    data = seen(frame, dose)
    assert estimate(data, row("did", "investment"), PANEL, "%") == pytest.approx(40.0)
    split = row("did", "spike_investment", over="investment")
    assert estimate(data, split, PANEL, "share") == pytest.approx(0.0)


def test_a_dose_is_told_for_the_rise_asked_for():
    frame, dose = made_up(0.0)
    levels = {i: (i % 3) * 1.0 for i in dose}
    rise = np.log1p(0.1 * frame["id"].map(levels)) * (frame["year"] >= FROM)
    frame["employees"] = 50.0 * np.exp(-0.6 * rise)
    found = estimate(seen(frame, levels), row("did", "employment"), PANEL, "%")
    assert found == pytest.approx(100.0 * (1.1**-0.6 - 1.0), abs=1e-6)


def test_small_are_set_against_large():
    frame, _ = made_up(0.0)
    small = frame["id"] % 2 == 0
    treated = frame["city"] % 2 == 0
    frame["employees"] = np.where(small, 20.0, 900.0) * np.exp(
        (0.1 + 0.05 * small) * treated * (frame["year"] >= FROM)
    )
    cities = dict(zip(frame["id"], treated.astype(float), strict=True))
    found = estimate(seen(frame, cities), row("triple", "employment", small=150), PANEL, "points")
    assert found == pytest.approx(100.0 * math.expm1(0.05), abs=1e-6)


def test_jobs_are_summed_by_city():
    frame, dose = made_up(0.0)
    treated = frame["city"] < 8
    frame["employees"] = 10.0 * np.exp(0.1 * treated * (frame["year"] >= FROM))
    data = seen(frame, dose, cities=CITIES[:8])
    found = estimate(data, row("did", "city_employment"), PANEL, "%")
    assert found == pytest.approx(100.0 * math.expm1(0.1), abs=1e-6)


def test_discontinuity_finds_the_step_and_no_slope():
    frame, dose = made_up(0.0)
    score = {i: i / FIRMS for i in dose}
    place = frame["id"].map(score)
    up = (place >= 0.3) & (frame["year"] == 2023)
    frame["debt"] = 50.0 * np.exp(0.5 * place * (frame["year"] == 2023) + 0.1 * up)
    data = seen(frame, dose, score=score, cutoff=0.3)
    found = estimate(data, row("rd", "loans"), PANEL, "%")
    assert found == pytest.approx(100.0 * math.expm1(0.1), abs=1e-6)
    # Those above leave with debts that they cannot pay, in one case of two.
    gone = (place >= 0.3) & (frame["id"] % 2 == 0) & (frame["year"] == 2022)
    frame["exited"], frame["unpaid"] = gone, gone * 1.0
    data = seen(frame, dose, score=score, cutoff=0.3)
    assert estimate(data, row("rd", "default"), PANEL, "points") == pytest.approx(50.0, abs=2.0)


def test_customers_of_those_hit_are_set_against_other_customers():
    quarters = range(4, 12)
    parts = [
        pd.DataFrame({"id": i, "quarter": quarters, "growth": 0.01 * i + 0.02 * np.arange(8)})
        for i in range(1, 41)
    ]
    growth = pd.concat(parts, ignore_index=True)
    hit = (growth["id"] <= 10) & (growth["quarter"] >= 8)
    growth["growth"] -= 0.03 * hit
    frame = pd.DataFrame({"id": np.arange(1, 41)})
    ids = np.arange(1, 41)
    known = panels.Customers(ids, ids <= 10, ids % 3)
    data = replace(seen(frame, {}), growth=growth, customers=known, quarters=4, from_year=2021)
    panel = Panel(before=[2020, 2020], after=[2021, 2021])
    found = estimate(data, row("did", "sales_growth"), panel, "points")
    assert found == pytest.approx(-3.0, abs=1e-9)


def test_pairs_shares_elasticities_and_odds():
    frame, dose = made_up(0.0)
    given = frame.assign(
        employees=frame["employees"] * 1.1, rd_reported=2.5, rd=frame["rd"] * 1.5, rd_cost=0.8
    )
    everyone = dict.fromkeys(dose, 1.0)
    data = seen(given, everyone, plain=frame)
    assert estimate(data, row("paired", "employment"), PANEL, "%") == pytest.approx(10.0)
    assert estimate(data, row("share", "relabelled"), PANEL, "%") == pytest.approx(40.0)
    assert estimate(data, row("share", "adopted"), PANEL, "share") == pytest.approx(0.25)
    answer_ = estimate(data, row("elasticity", "reported_rd"), PANEL, "ratio")
    assert answer_ == pytest.approx(-math.log(2.0) / math.log(0.8))
    arms = {"plain": frame, "rival": frame.assign(adopted=2.0)}
    data = seen(frame.assign(adopted=3.0), everyone, **arms)
    # Odds from a third to one and to three.
    assert estimate(data, row("odds_ratio", "adopted"), PANEL, "ratio") == pytest.approx(2.0)
    with pytest.raises(NothingToSeeError, match="moves nobody"):
        estimate(replace(data, rival=data.plain), row("odds_ratio", "adopted"), PANEL, "ratio")


def test_nothing_is_told_where_all_are_treated():
    frame, dose = made_up()
    with pytest.raises(NothingToSeeError):
        estimate(seen(frame, dict.fromkeys(dose, 1.0)), row("did", "tfp"), PANEL, "%")


# the model --------------------------------------------------------------------------------------

SMALL = 1_500


@pytest.fixture(scope="module")
def bench():
    """History and branches of the trial of cheaper equipment, of one draw."""
    return runs.Bench(1, SMALL)


@pytest.fixture(scope="module")
def vat():
    return read_trial(FOLDER / "vat_2009.yaml")


def test_random_treatment_gives_the_effect_that_pairs_of_runs_have(bench, vat):
    """What a researcher finds is what the same enterprises do with treatment less without it.

    Those not treated feel it too, through the market, in both.
    """
    (draw,) = draws(vat.base, [0])
    (row_, *_) = vat.rows
    runs.estimates(vat, row_, "as_is", draw, bench)
    base = replace(vat.base, rows=SMALL).with_draw(draw.values, draw.outside)
    without = panels.panel_of(bench.history(base, 4 * (2024 - 2019)))
    past = bench.history(base, vat.start)
    estimated, paired = [], []
    for branch in bench.branches.values():
        ids = panels.in_scope(past, row_.panel.scope, branch.who)
        data = replace(seen(branch.frame, branch.who.dose), seen=ids)
        estimated.append(estimate(data, row_.spec, row_.panel, "%"))
        rates = []
        for frame in (without, branch.frame):
            part = window(data, row_.panel, frame)
            rates.append(part.assign(rate=values_of(part, "investment", FROM)))
        two = rates[0].merge(rates[1], on=["id", "year"], suffixes=("", "_arm"))
        two = two[two["year"] >= FROM]
        gap, treated = two["rate_arm"] - two["rate"], two["id"].isin(branch.who.treated)
        mean = [np.average(gap[rows], weights=two["weight"][rows]) for rows in (treated, ~treated)]
        others = np.average(two["rate_arm"][~treated], weights=two["weight"][~treated])
        paired.append(100.0 * (mean[0] - mean[1]) / others)
    spread = np.std(np.subtract(estimated, paired), ddof=1) / math.sqrt(len(paired))
    assert np.mean(paired) > 10.0
    assert abs(np.mean(estimated) - np.mean(paired)) < 2.5 * spread
    assert spread < 0.5 * np.mean(paired)


def test_treatment_reaches_the_treated_alone(bench, vat):
    (draw,) = draws(vat.base, [0])
    runs.estimates(vat, vat.rows[0], "as_is", draw, bench)
    (branch, *_) = bench.branches.values()
    bought = branch.frame[(branch.frame["plant_bought"] > 0.0) & branch.frame["above"]]
    paid = {}
    for treated in (False, True):
        part = bought[bought["id"].isin(branch.who.treated) == treated]
        for late in (False, True):
            some = part[(part["year"] >= 2021) == late]
            weight = some["weight"]
            paid[treated, late] = (weight * some["subsidy"]).sum() / (
                weight * some["plant_bought"]
            ).sum()
    # Upkeep gets no grant, lumps of plant get 14.5 %; awards that go with titles all get.
    assert paid[True, True] - paid[True, False] > 0.1
    assert abs(paid[False, True] - paid[False, False]) < 0.01
    share = len(branch.who.treated) / len(branch.who.eligible)
    assert share == pytest.approx(0.8, abs=0.05)


def test_off_and_doubled_move_the_mechanism_from_the_first_quarter(vat):
    (draw,) = draws(vat.base, [0])
    row_ = vat.rows[0]
    values = runs.values_in(row_, "off", draw, vat.written.parameters)
    assert values["equipment_elasticity"] == 0.0
    doubled = runs.values_in(row_, "doubled", draw, vat.written.parameters)
    plain = runs.values_in(row_, "as_is", draw, vat.written.parameters)
    assert plain == draw.values
    assert doubled["equipment_elasticity"] == 2.0 * plain["equipment_elasticity"] > 0.0


def test_a_shock_lasts_as_long_as_it_is_said_to():
    cut = panels.cut_for(5.0, 0.5, 4)
    level = 1.0
    for _ in range(4):
        level = (1.0 - cut) * (0.5 * level + 0.5)
    assert level == pytest.approx(0.95)
    assert panels.cut_for(5.0, 1.0, 1) == pytest.approx(0.05)


def test_safer_enterprises_have_a_higher_place():
    part = pd.DataFrame(
        {"leverage": [2.0, 1.0, 0.1], "interest_cover": [0.5, 2.0, 9.0], "age": [1.0, 5.0, 20.0],
         "weight": [1.0, 2.0, 1.0]}
    )  # fmt: skip
    assert panels.safety(part).tolist() == [0.125, 0.5, 0.875]


def test_estimates_are_kept_by_what_made_them(tmp_path, vat):
    path = tmp_path / "trials.csv"
    lines = [
        ["R3a", 1, "as_is", 30.0, np.nan, "", 1, 9, vat.digest, runs.model_hash(),
         runs.data_hash(), runs.fit_hash()],
        ["R3a", 2, "as_is", 31.0, np.nan, "", 2, 9, "another", runs.model_hash(),
         runs.data_hash(), runs.fit_hash()],
    ]  # fmt: skip
    runs.write(pd.DataFrame(lines, columns=runs.COLUMNS), path)
    assert runs.kept(path, 9, {"R3a": vat.digest})["draw"].tolist() == [1]
    assert runs.kept(path, 10, {"R3a": vat.digest}).empty


def test_adopting_one_row_leaves_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "TABLE", tmp_path / "shipped.csv")

    def made(name, value):
        line = [name, 1, "as_is", value, np.nan, "", 1, 9, "spec", "model", "data", "fit"]
        return pd.DataFrame([line], columns=runs.COLUMNS)

    path = tmp_path / "trials.csv"
    runs.adopt(pd.concat([made("R3a", 30.0), made("R4b", -1.0)]), path)
    runs.adopt(made("R4b", -2.0), path)
    kept = pd.read_csv(path).set_index("id")["value"]
    assert kept.to_dict() == {"R3a": 30.0, "R4b": -2.0}
    # A user's first estimates stand beside those shipped, which stay as they are.
    path.rename(tmp_path / "shipped.csv")
    runs.adopt(made("R3a", 5.0), tmp_path / "own" / "trials.csv")
    kept = pd.read_csv(tmp_path / "own" / "trials.csv").set_index("id")["value"]
    assert kept.to_dict() == {"R3a": 5.0, "R4b": -2.0}
    assert pd.read_csv(tmp_path / "shipped.csv")["value"].tolist() == [30.0, -2.0]


# rules ------------------------------------------------------------------------------------------


def found(mean, error=0.1, draws_=20, off=float("nan")):
    return Summary(mean, mean - 1, mean + 1, error, draws_, off, float("nan"), float("nan"))


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("R15a", found(10.0), "inside"),
        ("R15a", found(18.5), "outside"),
        ("R15a", found(10.0, error=4.0), "too noisy"),
        ("R15a", found(10.0, error=3.9), "inside"),
        ("R15a", found(10.0, draws_=19), "too few draws"),
        ("R15a", found(float("nan"), draws_=0), "no estimate"),
    ],
)
def test_a_row_is_inside_by_the_mean_and_its_error(name, given, told):
    (published,) = (r.published for t in all_trials() for r in t.rows if r.id == name)
    assert answer(given, published) == told
    assert answer(given, published, represented=False) == "not represented"


def test_what_is_counted():
    by_id = {r.id: r.published for t in all_trials() for r in t.rows}
    assert why_not(found(10.0, off=0.0), by_id["R15a"], "inside", companion=False) == ("", "")
    assert any(why_not(found(10.0, off=3.0), by_id["R15a"], "inside", companion=False))
    for name in ("R3a", "R1c", "R11a"):
        assert any(why_not(found(1.0), by_id[name], "inside", companion=False)), name
    # Sign rows are shown beside; a row that finds nothing counts where there was something to find.
    assert any(why_not(found(1.0, off=-9.0), by_id["R17a"], "inside", companion=False))
    assert any(why_not(found(0.0, off=0.0), by_id["R15c"], "inside", companion=False))
    assert not any(why_not(found(0.0, off=0.0), by_id["R15c"], "inside", companion=True))


def test_verdicts_and_page_of_no_estimates():
    frame = pd.DataFrame(columns=runs.COLUMNS)
    made = verdicts(frame, chosen([]))
    assert {each.row.id for each in made} == set(table_rows())
    assert not any(each.counted for each in made)
    text = page(frame)
    assert all(f"**{name}**" in text for name in table_rows())


# files ------------------------------------------------------------------------------------------


def test_every_row_of_the_table_is_in_one_file():
    ids = [r.id for t in all_trials() for r in t.rows]
    assert sorted(ids) == sorted(table_rows())


OWN = """study: mine
label: {zh: 我的试验, en: My trial}
done: {zh: 做了什么, en: What was done}
without: [special_funds, equipment_grant]
treat:
  from: 2021-Q1
  levers:
    - id: equipment_upgrade_grant
      rate: {value: 10, unit: "%"}
  assign: {by: random, share: 0.5}
panel: {before: [2019, 2020], after: [2021, 2021]}
mechanism: {off: {equipment_elasticity: 0}}
rows:
  - id: mine
    estimator: did
    outcome: investment
    result: {published: 10, band: [2, 18], unit: "%", citation: A study (2020)}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "nearest"),
    [
        ("study: mine", "stduy: mine", 1, "stduy", "study"),
        ("id: equipment_upgrade_grant", "id: equipment_upgrade_grnt", 8, "treat.levers[0].id",
         "equipment_upgrade_grant"),
        ("rate: {value: 10", "rate: {value: 1000", 9, "treat.levers[0].rate.value", None),
        ("from: 2021-Q1", "from: 2021-Q2", 6, "treat.from", None),
        ("share: 0.5", "cutoff: 0.5", 10, "treat.assign.share", None),
        ("by: random", "by: randm", 10, "treat.assign.by", "random"),
        ("after: [2021, 2021]", "after: [2020, 2021]", 11, "panel.after", None),
        ("{equipment_elasticity: 0}", "{equipment_elastcity: 0}", 12,
         "mechanism.off.equipment_elastcity", "equipment_elasticity"),
        ("- id: mine", "- id: R3a", 17, "rows[0].result", None),
        ("estimator: did", "estimator: dif", 15, "rows[0].estimator", "did"),
        ("band: [2, 18]", "band: [18, 2]", 17, "rows[0].result.band", None),
        ("without: [special_funds", "without: [special_fund", 4, "without[0]", "special_funds"),
        ("without: [special_funds, equipment_grant]", "base: without_document_5", 4, "base",
         "without_document_55"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_place(tmp_path, old, new, line, key, nearest):
    path = tmp_path / "mine.yaml"
    assert old in OWN
    path.write_text(OWN.replace(old, new), "utf-8")
    with pytest.raises(ScenarioError) as refused:
        read_trial(path)
    assert (refused.value.line, refused.value.key) == (line, key)
    assert refused.value.nearest == nearest
    assert refused.value.allowed


def test_refusals_speak_chinese(tmp_path, monkeypatch):
    monkeypatch.setenv("JIQUN_LANG", "zh")
    path = tmp_path / "mine.yaml"
    path.write_text(OWN.replace("from: 2021-Q1", "from: 2021-Q2"), "utf-8")
    with pytest.raises(ScenarioError, match="第一季度"):
        read_trial(path)
    with pytest.raises(ScenarioError, match="没有这个试验"):
        chosen(["R99"])


def test_a_lever_that_serves_all_before_cannot_serve_some(tmp_path):
    path = tmp_path / "mine.yaml"
    text = OWN.replace("equipment_upgrade_grant", "equipment_grant")
    path.write_text(text.replace("without: [special_funds, equipment_grant]", "without: []"))
    with pytest.raises(ScenarioError, match="in force for all before"):
        read_trial(path)


def test_rows_and_trials_are_asked_for_by_name():
    ((trial, ids),) = chosen(["R3b", "R3a"])
    assert (trial.path.stem, ids) == ("vat_2009", ("R3b", "R3a"))
    ((trial, ids),) = chosen(["vat_2009"])
    assert ids == ("R3a", "R3b", "R3c")


def test_words_of_a_file_do_not_move_its_digest(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(OWN, "utf-8")
    before = read_trial(path).digest
    path.write_text(OWN.replace("My trial", "Another name").replace("[2, 18]", "[1, 18]"), "utf-8")
    assert read_trial(path).digest == before
    path.write_text(OWN.replace("share: 0.5", "share: 0.6"), "utf-8")
    assert read_trial(path).digest != before


# sources ----------------------------------------------------------------------------------------


def test_no_test_row_has_set_a_parameter():
    assert cited_tests(table("policy_trials"), sources()) == []


def test_no_test_row_says_that_it_has_set_one():
    assert [row.id for row in table("policy_trials") if row.use == "test" and row.typed_by] == []
    assert unknown_typed(table("policy_trials")) == []


@pytest.mark.parametrize(
    ("words", "row_id"),
    [
        ("judged: between studies; Criscuolo et al. 2019 find more", "R15a"),
        ("Cai and Harrison (2021), table 4", "R4b"),
        ("customers fall by 2 points (Barrot & Sauvagnat 2016)", "R13a"),
        ("Dussaux 2018", "R16b"),
        ("de Blasio, De Mitri and others", "R17a"),
        ("set so that R15 is met", "R15a"),
        ("as trial R4b asks", "R4b"),
    ],
)
def test_a_planted_citation_is_caught(words, row_id):
    planted = Source("parameters.csv", "equipment_elasticity", words)
    caught = cited_tests(table("policy_trials"), [*sources(), planted])
    assert row_id in {each.trial for each in caught}
    assert {each.source for each in caught} == {planted}


@pytest.mark.parametrize("name", ["prior_evidence.csv", "lever_evidence.csv"])
def test_evidence_of_priors_and_levers_is_among_the_sources(name):
    told = [each for each in sources() if each.table == name]
    columns = 5 if name == "prior_evidence.csv" else 1
    assert len(told) == columns * len(table(name.removesuffix(".csv")))


def test_namesakes_are_not_taken_for_the_study():
    citation = table_rows()["R15a"].citation
    assert not cites("Martin, Mayer and Mayneris (2011) find nothing", citation)
    assert not cites("Cai (1998) on something else", table_rows()["R4b"].citation)
