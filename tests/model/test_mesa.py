"""What users of Mesa find: agents by type, a data collector, the batch runner, shocks."""

import re
from dataclasses import replace
from pathlib import Path

import mesa
import numpy as np
import pytest

from jiqun.experiments.runs import worker
from jiqun.experiments.runs.batch import WHOLE, Chunk, PopulationRef, Run, model_hash
from jiqun.experiments.runs.draws import Draw
from jiqun.model import ClusterPolicyModel
from jiqun.model.agents.clusters import City, Cluster
from jiqun.model.agents.enterprises import Enterprise
from jiqun.model.mesa_batch import collector, with_values
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.scenarios import load

YEARS = (2019, 2020)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def short(scenario):
    """Two years of a small province."""
    return scenario.until(YEARS[-1])


@pytest.fixture(scope="module")
def population(populate):
    return populate()


def province(model):
    """Outcomes of the province by year and name."""
    records = model.records()
    rows = records["level"] == "province"
    keys = zip(records["year"][rows], records["outcome"][rows], strict=True)
    return dict(zip(keys, records["value"][rows], strict=True))


# agents -----------------------------------------------------------------------------------------


def test_enterprises_are_among_the_agents_by_type(short, population):
    model = ClusterPolicyModel(short, population=population)
    enterprises = model.agents_by_type[Enterprise]
    assert enterprises is model.enterprises
    assert len(enterprises) == len(population)
    assert set(model.agent_types) == set(model.agents_by_type) >= {Enterprise, Cluster, City}
    assert len(model.agents_by_type[Cluster]) == len(model.clusters)
    first = next(iter(enterprises))
    assert isinstance(first, Enterprise)
    assert first.revenue == enterprises.revenue[0]
    large = enterprises.select(lambda columns: columns.revenue > 1e8)
    assert 0 < len(large) == int((model.enterprises.revenue > 1e8).sum()) < len(enterprises)
    assert enterprises.agg("employees", sum) == pytest.approx(model.enterprises.employees.sum())
    assert np.array_equal(enterprises.get("field"), model.enterprises.field)
    with pytest.raises(TypeError, match="demography"):
        enterprises.shuffle()


# collector --------------------------------------------------------------------------------------


def test_the_collector_has_every_outcome_of_the_province_each_year(short, population):
    model = ClusterPolicyModel(short, population=population, collect=True)
    plain = ClusterPolicyModel(short, population=population)
    for each in (model, plain):
        each.run_until_year(YEARS[-1])
    frame = model.datacollector.get_model_vars_dataframe()
    assert frame["year"].tolist() == [*YEARS]
    of_province = [name for name, outcome in OUTCOMES.items() if "province" in outcome.levels]
    assert set(frame) == {"year", *of_province}
    told = province(plain)
    for row in frame.to_dict("records"):
        seen = {name: row[name] for name in of_province if not np.isnan(row[name])}
        assert seen == {name: value for (year, name), value in told.items() if year == row["year"]}
    assert not hasattr(plain, "datacollector")


def test_before_the_first_year_has_ended_nothing_is_collected(short, population):
    model = ClusterPolicyModel(short, population=population, collect=True)
    collecting = collector()
    model.run_for(2)
    assert model.datacollector.get_model_vars_dataframe().empty
    collecting.collect(model)
    assert np.isnan(collecting.model_vars["revenue"]).all()


# batch runner -----------------------------------------------------------------------------------


def batch(scenario, population, **values):
    return mesa.batch_run(
        ClusterPolicyModel, {"scenario": scenario, "population": [population], "collect": True}
        | values, number_processes=1, rng=[3], display_progress=False, data_collection_period=1,
    )  # fmt: skip


def test_mesas_batch_runner_varies_a_parameter(short, population):
    name, value = "births_above", short.parameters["births_above"]
    rows = batch(short, population, **{name: [value, 1.5 * value]})
    assert [(row[name], row["year"]) for row in rows] == [
        (value, 2019), (value, 2020), (1.5 * value, 2019), (1.5 * value, 2020),
    ]  # fmt: skip
    assert rows[2]["enterprises"] != rows[0]["enterprises"]
    # It is the run that a draw of the same value is.
    drawn = ClusterPolicyModel(short.with_draw({name: 1.5 * value}, {}), 3, population)
    drawn.run_until_year(2020)
    assert rows[3]["value_added"] == province(drawn)[2020, "value_added"]


def test_mesas_batch_runner_varies_a_term_of_a_lever(population, short):
    lever = next(lever for lever in short.levers if "rate" in lever.terms and lever.start <= 0)
    term = f"{lever.id}.rate"
    rows = batch(short.until(2019), population, **{term: [0.0, lever.value("rate", 0)]})
    assert rows[0]["value_added"] != rows[1]["value_added"]


def test_a_run_ends_with_its_scenario(short, population):
    model = ClusterPolicyModel(short, population=population)
    while model.running and model.quarter <= short.end:
        model.step()
    assert (model.quarter, model.running) == (short.end, False)


def test_values_are_those_of_parameters_and_of_terms_by_name():
    scenario = load("as_issued")
    lever = scenario.lever("digital_voucher")
    (term, *_) = lever.terms
    moved = with_values(scenario, {"gamma_RD": 0.1, f"digital_voucher.{term}": 0.25})
    assert moved.parameters["gamma_RD"] == 0.1
    assert moved.lever("digital_voucher").terms[term] == ((lever.start, 0.25),)
    others = [(one, other) for one, other in zip(scenario.levers, moved.levers, strict=True)
              if one.id != "digital_voucher"]  # fmt: skip
    assert all(one == other for one, other in others)


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"gamma_RE": 0.1}, KeyError, "gamma_RE"),
        ({"digital_voucher.rat": 0.1}, KeyError, "digital_voucher.rat"),
        ({"no_lever.rate": 0.1}, KeyError, "no_lever.rate"),
        ({"gamma_RD": float("nan")}, ValueError, "gamma_RD"),
        ({"collects": 1.0}, KeyError, "collects"),
    ],
)
def test_unknown_names_and_numbers_are_refused(values, error, said):
    with pytest.raises(error, match=said):
        ClusterPolicyModel(load("as_issued"), **values)


# shocks -----------------------------------------------------------------------------------------


def shut(model):
    """A quarter of all plant of Hefei stands under water from 2020 on, once."""
    if model.quarter == 4:
        e = model.enterprises
        e.capital[e.city == 0] *= 0.75


def test_a_shock_acts_from_its_quarter_on_and_keeps_the_books(short, population):
    plain = ClusterPolicyModel(short, population=population)
    shocked = ClusterPolicyModel(short, population=population)
    shocked.before_quarter(shut)
    seen = []
    shocked.before_quarter(lambda model: seen.append((model.year, model.quarter)))
    for model in (plain, shocked):
        model.run_until_year(2020)
    assert seen == [(2019 + quarter // 4, quarter) for quarter in range(8)]
    usual, now = province(plain), province(shocked)
    assert all(now[key] == value for key, value in usual.items() if key[0] == 2019)
    assert now[2020, "value_added"] < usual[2020, "value_added"]
    assert now[2020, "accounting_residual"] < 1e-9


def test_cash_that_a_shock_takes_is_no_gap_of_the_books(short, population):
    model = ClusterPolicyModel(short.until(2019), population=population)
    model.before_quarter(lambda model: model.enterprises.cash.__imul__(0.9))
    model.run_until_year(2019)
    assert province(model)[2019, "accounting_residual"] < 1e-9


def test_where_others_match_the_province_without_the_document_has_the_shock_too(populate):
    scenario = replace(load("as_issued"), rows=1_200).with_draw({"others_match": 1.0}, {})
    model = ClusterPolicyModel(scenario, population=populate())
    hit = []
    model.before_quarter(lambda one: hit.append((one is model, one.quarter)))
    while model.twin is None:
        model.step()
    own, twins = ([quarter for mine, quarter in hit if mine is side] for side in (True, False))
    assert own[-1] == twins[-1] == model.quarter


def test_a_run_with_a_shock_is_not_branched(short, population):
    model = ClusterPolicyModel(short, population=population)
    model.branch(short)
    model.before_quarter(shut)
    with pytest.raises(ValueError, match="before_quarter"):
        model.branch(short)


def test_a_run_with_a_shock_is_not_stored(short, population, monkeypatch):
    class Shocked(ClusterPolicyModel):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            self.before_quarter(lambda _: None)

    ref = PopulationRef("nowhere", population.digest)
    chunk = Chunk(
        (Run("key", short.name, Draw(0), 1),), {short.name: short.until(2019)}, ref,
        model_hash(), WHOLE,
    )  # fmt: skip
    assert worker.run_chunk(chunk).outcomes.num_rows > 0
    monkeypatch.setattr(worker, "ClusterPolicyModel", Shocked)
    result = worker.run_chunk(chunk)
    assert result.outcomes is None
    assert "before_quarter" in result.failures[0].message


def test_the_snippet_of_the_readme_works(scenario):
    """As printed, on a small province and a short horizon of the batch."""
    shown = []
    for name in ("README.md", "README.zh.md"):
        blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
        shown.append(next(block for block in blocks if "before_quarter" in block))
    (english, chinese) = (re.sub(r"  #.*", "", block) for block in shown)
    assert english == chinese
    small = replace(load("as_issued"), rows=scenario.rows).until(2019)
    names = {"ClusterPolicyModel": ClusterPolicyModel, "load": lambda _: small}
    exec(english, names)
    assert names["model"].year == 2027
    assert [row["digital_voucher.rate"] for row in names["rows"]] == [0.1, 0.3] * 2
    assert {row["year"] for row in names["rows"]} == {2019}
