"""Reading a store: what belongs together, differences, intervals, shares, exports."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jiqun.experiments import Results
from jiqun.experiments.effects.pairs import needed
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.draws import Vary
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.experiments.stores.digests import SUMS
from jiqun.experiments.stores.errors import StoreError

ONE = Options(workers=1)


@pytest.fixture(scope="module")
def store(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    pair = [small, replace(small, name="no_levers", baseline=small.name, levers=())]
    run_batch(pair, Plan(draws=5), folder, ONE)
    run_batch([small], Plan(draws=4, vary=Vary.EACH), folder, ONE)
    return folder


@pytest.fixture(scope="module")
def both(small, store, tmp_path_factory):
    """The store with side batches of both scenarios."""
    folder = tmp_path_factory.mktemp("both") / "store"
    shutil.copytree(store, folder)
    pair = [small, replace(small, name="no_levers", baseline=small.name, levers=())]
    run_batch(pair, Plan(draws=4, vary=Vary.EACH), folder, ONE)
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
    years = [*map(str, sorted(results.outcomes()["year"].unique()))]
    assert list(iamc.columns) == ["model", "scenario", "region", "variable", "unit", *years]
    cell = results.intervals("no_levers", "value_added", "province", int(years[-1]))
    where = (iamc["scenario"] == "no_levers") & (iamc["region"] == "Anhui")
    for variable, statistic in (("value_added", "median"), ("value_added|p95", "p95")):
        (row,) = iamc[where & (iamc["variable"] == variable)].to_dict("records")
        assert (row["unit"], row[years[-1]]) == ("yuan", pytest.approx(cell[statistic].item()))
    assert {"Anhui", "Anhui|Tier world"} <= set(iamc["region"])
    # Empty is what has no value in that year, such as growth in the first.
    whole = (iamc["region"] == "Anhui") & (iamc["variable"] == "value_added")
    assert not iamc[whole].isna().to_numpy().any()


def test_drawn_values_can_be_read(store):
    draws = Results(store).draws()
    assert draws["draw"].is_unique or set(draws["scenario"]) == {"without_document_55", "no_levers"}
    zipped = draws[draws["draw"].between(1, 10_000)]
    assert zipped[["outside_demand", "outside_price"]].abs().max().max() <= 1.0


def test_a_store_from_before_sizes_is_read(store, tmp_path):
    folder = tmp_path / "store"
    shutil.copytree(store, folder)
    whole = Results(folder).draws()
    (folder / SUMS).unlink()  # nor had it digests
    for shard in (folder / "runs").glob("*.parquet"):
        pq.write_table(pq.read_table(shard).drop_columns(["sizes"]), shard)
        # Some shards without, then all.
        pd.testing.assert_frame_equal(Results(folder).draws(), whole)


def test_sizes_are_read_with_the_draws(store, tmp_path):
    folder = tmp_path / "store"
    shutil.copytree(store, folder)
    (folder / SUMS).unlink()
    for shard in (folder / "runs").glob("*.parquet"):
        frame = pq.read_table(shard).drop_columns(["sizes"])
        sized = pa.array(['{"rd_grant": 2.0}'] * len(frame))
        pq.write_table(frame.append_column("sizes", sized), shard)
    assert set(Results(folder).draws()["size_rd_grant"]) == {2.0}


def test_differences_are_summed_up_over_the_zipped_pairs(both):
    results = Results(both)
    pair = ("no_levers", "without_document_55", "value_added", "tier", [2020])
    pairs = results.paired(*pair)
    zipped = pairs[pairs["draw"].between(1, 10_000)]
    frame = results.paired_intervals(*pair)
    assert list(frame["unit_name"]) == sorted(set(zipped["unit_name"]))
    for row in frame.itertuples():
        mine = zipped.loc[zipped["unit_name"] == row.unit_name]
        assert row.runs == len(mine) == 5
        assert row.median == pytest.approx(mine["difference"].median())
        assert row.p95 == pytest.approx(mine["difference"].quantile(0.95))
        assert row.change_p05 == pytest.approx(mine["change"].quantile(0.05))
        assert row.share_positive == (mine["difference"] > 0).mean()
        assert row.share_negative == (mine["difference"] < 0).mean()


def test_differences_without_zipped_draws_are_over_the_seeds(small, tmp_path):
    pair = [small, replace(small, name="no_levers", levers=())]
    run_batch(pair, Plan(seeds=2), tmp_path, ONE)
    frame = Results(tmp_path).paired_intervals("no_levers", small.name, "revenue", "province")
    assert set(frame["runs"]) == {2}


def test_a_scenario_beside_itself_differs_in_nothing(both):
    name = "without_document_55"
    frame = Results(both).paired_intervals(name, name)
    assert (frame[["p05", "median", "p95", "share_positive", "share_negative"]] == 0).all().all()
    shares = Results(both).paired_shares(name, name, "revenue", "tier", [2020])
    assert len(shares) == 15
    assert shares["share"].isna().all()
    needed = Results(both).pairs_needed(name, name, years=[2020])
    assert (needed["pairs_needed"] == 1).all()
    assert (needed["independent_needed"] > 1).all()


def test_shares_of_the_sources_of_a_difference_add_up(both):
    results = Results(both)
    pair = ("no_levers", "without_document_55", ["revenue", "profit"], ["province", "tier"], [2020])
    shares = results.paired_shares(*pair)
    assert set(shares["source"]) == {"parameters", "outside", "seeds"}
    assert (shares["runs"] == 4).all()
    sums = shares.groupby(["outcome", "level", "unit_name"])["share"].sum()
    assert len(sums) == 12
    assert np.allclose(sums, 1.0)
    pairs = results.paired(*pair)
    alone = pairs[(pairs["draw"] > 20_000) & (pairs["outcome"] == "profit")]
    alone = alone[alone["level"] == "province"]["difference"]
    row = shares.query("outcome == 'profit' and level == 'province' and source == 'outside'")
    assert row["variance"].item() == pytest.approx(alone.var())
    assert row["width"].item() == pytest.approx(alone.quantile(0.95) - alone.quantile(0.05))


def test_shares_need_every_side_batch(small, tmp_path):
    pair = [small, replace(small, name="no_levers", levers=())]
    run_batch(pair, Plan(draws=2, vary=Vary.PARAMETERS), tmp_path, ONE)
    run_batch(pair, Plan(draws=2, vary=Vary.SEEDS), tmp_path, ONE)
    assert Results(tmp_path).paired_shares("no_levers", small.name, years=[2020]).empty


def test_number_of_pairs_that_show_an_effect():
    seeds = np.arange(1, 41)
    shock = np.where(seeds % 2, 1.0, -1.0)
    frame = pd.DataFrame(
        {
            "draw": 0,
            "seed": seeds,
            "outcome": "value_added",
            "level": "tier",
            "unit_name": "provincial",
            "year": 2027,
            "baseline": 100.0 + 20.0 * shock,
            # Half of the noise of a pair is its own: shocks of period four.
            "value": 101.0 + 20.0 * shock + np.where(seeds % 4 < 2, 2.0, -2.0),
        }
    )
    frame["difference"] = frame["value"] - frame["baseline"]
    row = needed(frame, 0.01).iloc[0]
    assert row["runs"] == 40
    # ((1.960 + 0.842) * sd / 1)^2 with standard deviations of 2 and, twice, about 20.
    assert row["pairs_needed"] == np.ceil(2.8016**2 * 4 * 40 / 39)
    assert row["independent_needed"] == np.ceil(2.8016**2 * (404 + 400) * 40 / 39)
    assert needed(frame, 0.02).iloc[0]["pairs_needed"] == np.ceil(2.8016**2 * 40 / 39)
    assert needed(frame.assign(draw=3), 0.01).empty


@pytest.mark.parametrize("method", ["paired_intervals", "paired_shares", "pairs_needed"])
def test_a_scenario_the_store_lacks_is_named(both, method):
    with pytest.raises(StoreError, match=r"scenario no_lever is unknown; nearest: no_levers"):
        getattr(Results(both), method)("no_lever", "without_document_55")


def test_the_ledger_is_whole_in_every_batch(both):
    results = Results(both)
    ledger = results.ledger("without_document_55")
    runs = results.runs().query("scenario == 'without_document_55'")
    assert set(ledger["run_key"]) == set(runs["run_key"])
    assert ledger["yuan"].dtype == np.float64
    assert (ledger["yuan"] != 0).all()
    some = results.ledger("without_document_55", "title_awards", "paid", [2020])
    picked = ledger[(ledger["lever"] == "title_awards") & (ledger["year"] == 2020)]
    assert len(some) == len(picked[picked["kind"] == "paid"]) > 0
    assert results.ledger("no_levers").empty


def test_tax_forgone_of_the_ledger_is_that_of_outcomes_and_of_smaller_enterprises(both):
    results = Results(both)
    booked = results.ledger("without_document_55", kind="forgone").groupby(["run_key", "year"])
    told = results.outcomes("without_document_55", "tax_forgone", "province")
    # Outcomes are of enterprises above scale; brief batches keep them in single precision.
    told = told.set_index(["run_key", "year"])["value"]
    booked = booked["yuan"].sum().loc[told.index]
    assert (booked >= told * (1 - 1e-6)).all()
    assert (booked <= told * 1.2).all()


def test_money_counts_a_run_without_it_as_zero(both):
    results = Results(both)
    frame = results.money(("lever", "city", "payee"), "without_document_55", years=[2019, 2020])
    ledger = results.ledger("without_document_55", kind="paid")
    ledger = ledger[ledger["draw"].between(1, 10_000)]
    assert (frame["runs"] == 5).all()
    total = ledger["yuan"].sum() / 5
    assert frame["mean"].sum() == pytest.approx(total)
    counts = ledger.groupby(["lever", "city", "payee"])["run_key"].nunique()
    rare = counts[counts < 5]
    assert len(rare)
    found = frame.set_index(["lever", "city", "payee"]).loc[rare.index]
    assert (found["p05"] < found["mean"]).all()


def test_money_by_a_column_the_ledger_lacks(both):
    with pytest.raises(StoreError, match=r"no column payers.*nearest: payer"):
        Results(both).money(("payers",))
