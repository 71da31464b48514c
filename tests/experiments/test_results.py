"""Reading a store: what belongs together, differences, intervals, shares, exports."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments import Results
from experiments.batch import Plan
from experiments.draws import Vary
from experiments.runner import Options, run_batch
from experiments.store import StoreError

ONE = Options(workers=1)


@pytest.fixture(scope="module")
def store(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    pair = [small, replace(small, name="no_levers", baseline=small.name, levers=())]
    run_batch(pair, Plan(draws=5), folder, ONE)
    for vary in (Vary.PARAMETERS, Vary.OUTSIDE, Vary.SEEDS):
        run_batch([small], Plan(draws=4, vary=vary), folder, ONE)
    return folder


def test_an_empty_or_missing_folder_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(StoreError, match="no finished runs"):
            Results(folder)
    assert not (tmp_path / "missing").exists()


def test_outcomes_can_be_picked(store):
    frame = Results(store).outcomes(
        "no_levers", ["revenue", "energy"], "tier", [2020], ["world", "none"]
    )
    assert len(frame) == 5 * 2 * 2
    assert set(frame["year"]) == {2020}
    assert set(frame["unit_name"]) == {"world", "none"}
    assert list(frame.columns) == [
        *("run_key", "scenario", "draw", "seed", "year"),
        *("level", "unit_name", "outcome", "value"),
    ]


def test_pairs_share_draw_and_seed(store):
    results = Results(store)
    pairs = results.paired("no_levers", "without_document_55", "tax_forgone", "province")
    assert sorted(set(zip(pairs["draw"], pairs["seed"], strict=True))) == [
        (i, i) for i in range(1, 6)
    ]
    assert np.allclose(pairs["difference"], pairs["value"] - pairs["baseline"])
    assert (pairs["baseline"] > 0).all()
    assert (pairs["value"] == 0).all()


def test_intervals_are_over_the_zipped_draws_alone(store):
    results = Results(store)
    row = results.intervals("without_document_55", "revenue", "province", [2020]).iloc[0]
    values = results.outcomes("without_document_55", "revenue", "province", [2020])
    zipped = values.loc[values["draw"].between(1, 10_000), "value"]
    assert row["runs"] == len(zipped) == 5
    for name, quantile in (("p05", 0.05), ("p25", 0.25), ("median", 0.5), ("p95", 0.95)):
        assert row[name] == pytest.approx(zipped.quantile(quantile))


def test_shares_of_the_sources_add_up(store):
    shares = Results(store).variance_shares(
        ["revenue", "rd_intensity"], ["province", "tier"], years=[2020]
    )
    assert set(shares["source"]) == {"parameters", "outside", "seeds"}
    assert (shares["runs"] == 4).all()
    sums = shares.groupby(["outcome", "level", "unit_name"])["share"].sum()
    assert np.allclose(sums, 1.0)


def test_side_batches_are_brief_and_wide_ones_full(store):
    runs = Results(store).runs()
    assert set(runs.loc[runs["draw"].between(1, 10_000), "record"]) == {"all"}
    assert set(runs.loc[runs["draw"] > 10_000, "record"]) == {"brief"}


def test_another_horizon_or_population_in_the_store_is_not_mixed_in(small, tmp_path):
    run_batch([small], Plan(seeds=2), tmp_path, ONE)
    run_batch([small.until(2019)], Plan(seeds=2), tmp_path, ONE)
    assert set(Results(tmp_path).runs()["end"]) == {small.end}
    run_batch([replace(small, rows=700)], Plan(seeds=1), tmp_path, ONE)
    assert len(Results(tmp_path).runs()) == 1
    assert len(Results(tmp_path, every=True).runs()) == 5


def test_exports(store, tmp_path):
    results = Results(store)
    results.to_csv(tmp_path / "tidy.csv")
    assert len(pd.read_csv(tmp_path / "tidy.csv")) == len(results.outcomes())
    results.to_iamc(tmp_path / "iamc.csv")
    iamc = pd.read_csv(tmp_path / "iamc.csv")
    assert list(iamc.columns) == [
        *("model", "scenario", "region", "variable", "unit", "year", "value")
    ]
    assert {"Anhui", "Anhui|Tier world"} <= set(iamc["region"])
    assert not iamc.isna().to_numpy().any()


def test_drawn_values_can_be_read(store):
    draws = Results(store).draws()
    assert draws["draw"].is_unique or set(draws["scenario"]) == {"without_document_55", "no_levers"}
    zipped = draws[draws["draw"].between(1, 10_000)]
    assert zipped[["outside_demand", "outside_price"]].abs().max().max() <= 1.0
