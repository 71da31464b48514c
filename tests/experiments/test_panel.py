"""Panels of enterprises: recorded on request, the same rule everywhere, no bit of a run moved."""

import json
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from jiqun.experiments import Results
from jiqun.experiments.runs.batch import POPULATION_SEED, Plan, PlanError
from jiqun.experiments.runs.draws import draws
from jiqun.experiments.runs.panel import MAIN, NAMED, panel_of, panel_option, sampled
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.runs.warm import run_chunk as warm_chunk
from jiqun.experiments.stores.errors import StoreError, StoreWarning
from jiqun.model import ClusterPolicyModel, build_population
from jiqun.model.agents.enterprises import COLUMNS

ONE = Options(workers=1)
COLUMNS_ASKED = ("city", "employees", "year_revenue")


@pytest.fixture(scope="module")
def pair(small):
    late = tuple(lever for lever in small.levers if lever.start < 4)
    return [small, replace(small, name="fewer_levers", baseline=small.name, levers=late)]


@pytest.fixture(scope="module")
def store(pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel") / "store"
    run_batch(pair, Plan(seeds=2), folder, ONE, panel=panel_of(40, COLUMNS_ASKED))
    return folder


def test_what_is_kept_is_what_the_model_holds_at_the_end_of_the_year(store, small):
    (centre,) = draws(small, [0])
    scenario = small.with_draw(centre.values, centre.outside)
    population = build_population(small.province, small.parameters, small.rows, POPULATION_SEED)
    model = ClusterPolicyModel(scenario, rng=2, population=population)
    seen = {}

    def look(m):
        seen[m.year] = dict(zip(m.enterprises.id.tolist(), m.enterprises.employees, strict=True))

    observe = model.observe
    model.observe = lambda: (look(model), observe())
    model.run_until_year(2020)
    frame = Results(store).panel(small.name)
    mine = frame[frame["seed"] == 2]
    ids = sampled(model.population.columns["id"], 40)
    assert set(mine.loc[mine["year"] == 2019, "id"]) == set(ids)
    for row in mine.itertuples():
        assert row.employees == seen[row.year][row.id]
    assert set(mine["city"]) <= set(NAMED["city"])
    assert (mine.loc[~mine["exited"], "weight"] > 0).all()


def test_the_documented_query_reads_a_panel_in_place(store):
    page = (Path(__file__).parents[2] / "docs" / "store.md").read_text("utf-8")
    (query,) = [q for q in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) if "/panel/" in q]
    name = Results(store).scenarios()[0]
    query = query.replace("build/store", str(store)).replace("'as_issued'", f"'{name}'")
    assert (duckdb.sql(query).df()["jobs"] > 0.0).all()


def test_a_smaller_sample_is_a_part_of_a_larger_one_at_any_order_of_rows():
    ids = np.arange(1, 501)
    few, many = sampled(ids, 20), sampled(np.flip(ids), 100)
    assert len(few) == 20
    assert set(few) < set(many)
    assert len(sampled(ids, 10_000)) == 500


def test_a_panel_moves_no_bit_and_no_key(store, pair, tmp_path):
    run_batch(pair, Plan(seeds=2), tmp_path, ONE)
    assert not (tmp_path / "panel").exists()
    plain, with_panel = Results(tmp_path), Results(store)
    assert plain.outcomes().equals(with_panel.outcomes())
    with pytest.raises(StoreError, match="holds no panel"):
        plain.panel()
    # Runs that lack the panel are made again, and count once.
    report = run_batch(pair, Plan(seeds=2), tmp_path, ONE, panel=panel_of(40, COLUMNS_ASKED))
    assert (report.made, report.skipped) == (4, 0)
    assert Results(tmp_path).panel().equals(with_panel.panel())
    assert plain.outcomes().equals(Results(tmp_path).outcomes())
    report = run_batch(pair, Plan(seeds=2), tmp_path, ONE, panel=panel_of(40, COLUMNS_ASKED))
    assert (report.made, report.skipped) == (0, 4)
    assert len(Results(tmp_path).manifest["batches"]) == 2
    # Another panel of the same runs stands beside it, from a worker that keeps what is common.
    options = Options(workers=1, work=warm_chunk)
    run_batch(pair, Plan(seeds=2), tmp_path, options, panel=panel_of([7, 3], ["capital"]))
    found = Results(tmp_path)
    assert len(found.panels()) == 2
    assert list(found.panel().columns[-1:]) == ["capital"]
    assert set(found.panel()["id"]) == {3, 7}
    first = next(iter(found.panels()))
    assert found.panel(panel=first).equals(with_panel.panel())


def test_a_damaged_panel_is_left_out_and_made_again(store, pair, tmp_path):
    run_batch(pair[:1], Plan(seeds=1), tmp_path, ONE, panel=panel_of(5))
    (file,) = (tmp_path / "panel").iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    with (
        pytest.warns(StoreWarning, match="left out: panel/"),
        pytest.raises(StoreError, match="nothing whole"),
    ):
        Results(tmp_path).panel()
    with pytest.warns(StoreWarning, match="moved to set_aside"):
        report = run_batch(pair[:1], Plan(seeds=1), tmp_path, ONE, panel=panel_of(5))
    assert report.made == 1
    frame = Results(tmp_path).panel(years=2020)
    assert list(frame.columns[-len(MAIN) :]) == list(MAIN)
    noted = json.loads((tmp_path / "manifest.json").read_text("utf-8"))["batches"][-1]["panel"]
    assert noted["enterprises"] == 5


def test_effects_are_those_of_pairs_with_the_baseline_of_each(store, pair):
    results = Results(store)
    frame = results.effects(outcome="revenue", level="province", years=2020)
    (row,) = frame.to_dict("records")
    assert (row["scenario"], row["baseline"]) == ("fewer_levers", pair[0].name)
    plain = results.paired_intervals("fewer_levers", pair[0].name, "revenue", "province", 2020)
    assert row["mean"] == plain["mean"].item()
    assert row["baseline_value"] == plain["baseline"].item()
    back = results.effects(pair[0].name, "revenue", "province", 2020, baseline="fewer_levers")
    assert back["mean"].item() == -row["mean"]
    with pytest.raises(StoreError, match=f"nothing that {pair[0].name} is compared with"):
        results.effects(pair[0].name)


def test_options_are_checked(tmp_path):
    file = tmp_path / "ids.csv"
    file.write_text("name,id\na,5\nb,3\n", "utf-8")
    assert panel_option(str(file), "capital, weight").enterprises == (3, 5)
    assert panel_option("12", None).columns == MAIN
    assert set(MAIN) < set(COLUMNS)
    file.write_text("id\n五\n", "utf-8")
    for given, columns in (("0", None), (str(file), None), ("5", "employes")):
        with pytest.raises(PlanError, match="allowed"):
            panel_option(given, columns)
