"""Draws come from the fitted ensemble where there is one, and from the priors elsewhere."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jiqun.experiments.runs.batch import Plan, PlanError, PopulationRef, drawn_pairs, runs_of
from jiqun.experiments.runs.draws import BLOCK, draws
from jiqun.experiments.runs.ensemble import METADATA, SHIPPED, fitted
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

RANGED = {row.name: row for row in table("parameters") if row.low < row.high}
NAMES = list(RANGED)[:3]
SIZE = 7


@pytest.fixture(scope="module")
def scenario():
    return load("without_document_55")


def write(path, shift=0.0):
    rng = np.random.default_rng(4)
    columns = {
        name: RANGED[name].low
        + (RANGED[name].high - RANGED[name].low) * (0.5 * rng.random(SIZE) + shift)
        for name in NAMES
    }
    centre = {name: float(values.mean()) for name, values in columns.items()}
    facts = json.dumps({"centre": centre})
    pq.write_table(pa.table(columns).replace_schema_metadata({METADATA: facts}), path)
    return columns, centre


@pytest.fixture
def ensemble(tmp_path):
    path = tmp_path / "e.parquet"
    columns, centre = write(path)
    return path, columns, centre


def test_draws_follow_the_sets_without_end_and_others_keep_their_prior(
    scenario, ensemble, tmp_path
):
    path, columns, _ = ensemble
    found = list(draws(scenario, range(1, 2 * SIZE + 3), path))
    for i, draw in enumerate(found):
        assert {n: draw.values[n] for n in NAMES} == {n: columns[n][i % SIZE] for n in NAMES}
        assert set(draw.values) == set(RANGED)
    nowhere = tmp_path / "none.parquet"
    for draw, before in zip(found, draws(scenario, range(1, 2 * SIZE + 3), nowhere), strict=True):
        assert draw.outside == before.outside
        assert {n: v for n, v in draw.values.items() if n not in NAMES} == {
            n: v for n, v in before.values.items() if n not in NAMES
        }


def test_the_central_draw_is_the_centre_of_the_ensemble(scenario, ensemble):
    path, _, centre = ensemble
    central, outside = draws(scenario, [0, 2 * BLOCK + 3], path)
    assert central.values == outside.values == centre


def test_what_a_scenario_sets_is_not_drawn(scenario, ensemble):
    name = NAMES[0]
    own = scenario.with_draw({name: RANGED[name].high}, {})
    for draw in draws(replace(own, name="own"), [0, 3], ensemble[0]):
        assert name not in draw.values


def test_another_ensemble_gives_other_runs(scenario, ensemble, tmp_path):
    population = PopulationRef("nowhere", "digest")
    other = tmp_path / "f.parquet"
    write(other, 0.1)

    def keys(path):
        return [
            run.key
            for run in runs_of(
                scenario, drawn_pairs(scenario, Plan(draws=2, ensemble=path)), population
            )
        ]

    assert not set(keys(ensemble[0])) & set(keys(other))
    assert fitted(ensemble[0]).digest != fitted(other).digest


def test_a_plan_with_an_ensemble_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PlanError, match="no such file"):
        Plan(draws=2, ensemble=tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    pq.write_table(pa.table({"drift": [0.0]}), tmp_path / "bare.parquet")
    for name in ("text.parquet", "bare.parquet"):
        with pytest.raises(PlanError, match="not an ensemble"):
            Plan(draws=2, ensemble=tmp_path / name)


def test_an_ensemble_that_is_shipped_is_large_enough_and_within_the_ranges():
    shipped = fitted(SHIPPED)
    assert (shipped is None) == (not SHIPPED.is_file())
    if shipped is None:
        return
    assert shipped.size >= 200
    assert len(shipped.columns) >= 20
    for name, values in shipped.columns.items():
        row = RANGED[name]
        assert row.low <= values.min() <= shipped.centre[name] <= values.max() <= row.high, name


def test_without_a_file_there_is_no_ensemble(tmp_path):
    assert fitted(tmp_path / "none.parquet") is None
