"""A sweep in one command: one batch, one table, and what is refused before anything runs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments import Results
from jiqun.experiments.effects.effect import Estimate
from jiqun.experiments.runs import runner
from jiqun.model.dimensions import TIERS
from jiqun.scenarios.language import VARIABLE
from jiqun.sweeping import COLUMNS

ROOT = Path(__file__).parents[2]
SMALL = ("--rows", "1100", "--workers", "1")
ASKED = (
    *("sweep", "as_issued", *SMALL, "--draws", "2"),
    *("--set", "digital_voucher.rate=,60%", "--set", "cluster_award*,3"),
)


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


@pytest.fixture(autouse=True)
def _language(monkeypatch):
    monkeypatch.setenv(VARIABLE, "en")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    done = jiqun(*ASKED, "--out", folder / "store", "--json")
    assert done.exit_code == 0, done.stderr
    return folder / "store", json.loads(done.stdout), done


def test_a_grid_is_one_batch_and_one_table(swept):
    store, told, done = swept
    assert "8 runs made, 0 there already" in done.stderr
    rows = pd.read_csv(told["table"])
    assert list(rows.columns) == list(told["columns"])
    assert told["rows"] == len(rows)
    assert set(COLUMNS) < set(rows.columns)
    set_ = rows[["digital_voucher.rate (%)", "cluster_award*"]].drop_duplicates().fillna(0.0)
    assert set_.to_numpy().tolist() == [[0.0, 3.0], [60.0, 0.0], [60.0, 3.0]]
    assert set(rows["level"]) == {"province", "tier"}
    assert set(rows.loc[rows["level"] == "tier", "unit_name"]) == set(TIERS)
    assert set(rows["year"]) == {2027}
    assert [row["set"]["cluster_award*"] for row in told["settings"]] == ["3", "", "3"]
    assert len(Results(store).scenarios()) == 4


def test_effects_and_costs_are_by_the_one_definition(swept):
    store, told, _ = swept
    rows = pd.read_csv(told["table"]).set_index(["setting", "outcome", "unit_name"])
    name = told["settings"][-1]["setting"]
    row = rows.loc[name, "value_added", "anhui"]
    pairs = Results(store).paired(name, "as_issued", "value_added", "province", 2027)
    found = Estimate.of(pairs["difference"])
    assert (row["pairs"], row["effect"]) == (2, pytest.approx(found.mean, rel=1e-12))
    assert row["change"] == pytest.approx(pairs["change"].mean(), rel=1e-12)
    assert np.isnan(row["effect_low"])
    # Three times the award costs more than the award.
    award, voucher, both = (each["cost"] for each in told["settings"])
    assert both > voucher
    assert award > 0
    assert row["cost"] == both
    compared = json.loads(jiqun("compare", store, "--baseline", "as_issued", "--json").stdout)
    (same,) = (each for each in compared["scenarios"] if each["scenario"] == name)
    assert same["cost"]["mean"] == pytest.approx(both, rel=1e-12)


def test_run_again_nothing_is_run_and_more_draws_go_on(swept):
    store, told, _ = swept
    before = Path(told["table"]).read_bytes()
    done = jiqun(*ASKED, "--out", store)
    assert done.exit_code == 0, done.stderr
    assert "0 runs made, 8 there already" in done.stderr
    assert "2 pairs of runs bear no interval" in done.stderr
    assert Path(told["table"]).read_bytes() == before
    done = jiqun(*ASKED, "--draws", "3", "--out", store, "--table", store.parent / "more.csv")
    assert "4 runs made, 8 there already" in done.stderr
    assert set(pd.read_csv(store.parent / "more.csv")["pairs"]) <= {2, 3}


def test_a_table_of_settings_makes_the_same_runs(swept, tmp_path):
    store, told, _ = swept
    (tmp_path / "mine.csv").write_text(
        "digital_voucher.rate (%),cluster_award*\n,3\n60,\n60,3\n", "utf-8"
    )
    asked = ("sweep", "as_issued", *SMALL, "--settings", tmp_path / "mine.csv", "--draws", "2")
    wanted = ("--outcome", "value_added", "--level", "province", "--year", "2026")
    done = jiqun(*asked, *wanted, "--out", store, "--table", tmp_path / "t.csv", "--json")
    assert done.exit_code == 0, done.stderr
    again = json.loads(done.stdout)
    assert (again["made"], again["skipped"]) == (0, 8)
    assert [row["set"] for row in again["settings"]] == [row["set"] for row in told["settings"]]
    rows = pd.read_csv(tmp_path / "t.csv")
    assert len(rows) == 3
    assert set(rows["year"]) == {2026}


def test_a_hypercube_fills_the_ranges_in_a_store_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "ALL_LEVELS_UP_TO", 0)  # as where the batch is large
    ranges = ("--set", "digital_voucher.rate=30%..60%", "--set", "cluster_award*0.5..1.5")
    done = jiqun("sweep", "as_issued", *SMALL, *ranges, "--design", "lhs:2", "--draws", 1, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    low, high = sorted(float(r["set"]["digital_voucher.rate"][:-1]) for r in told["settings"])
    assert 30.0 <= low <= 45.0 <= high <= 60.0
    assert told["no_cost"] is None
    assert Path(told["table"]).parent.parent == Path("build/sweep")
    done = jiqun("sweep", "as_issued", *SMALL, *ranges, "--design", "lhs:2", "--draws", 1, "--json")
    assert (again := json.loads(done.stdout))["made"] == 0
    assert again["settings"] == told["settings"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --set"),
        (("--set", "cluster_award*2", "--settings", "mine.csv"), "give --set"),
        (("--settings", "mine.csv", "--design", "lhs:3"), "give --set"),
        (("--settings", "mine.csv"), "mine.csv: cannot be read"),
        (("--set", "clster_award*2"), "nearest: cluster_award"),
        (("--set", "cluster_award*1..2"), "allowed: --design lhs:N"),
        (("--set", "cluster_award*1..2", "--design", "sobol:4"), "allowed: lhs:N"),
        (("--set", "cluster_award*1..2", "--design", "lhs:0"), "allowed: lhs:N"),
        (("--set", "cluster_award*2", "--outcome", "value_aded"), "nearest: value_added"),
        (("--set", "cluster_award*2", "--level", "town"), "allowed: province, tier"),
        (("--set", "cluster_award*2", "--year", "2031"), "--year 2031: allowed: 2019"),
        (("--set", "cluster_award*2", "--rows", "3"), "--rows 3: allowed"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_runs(
    tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    done = jiqun("sweep", "as_issued", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (tmp_path / "build").exists()


def test_every_column_is_described():
    page = (ROOT / "docs/sweep.md").read_text("utf-8")
    for name, (unit, meaning) in COLUMNS.items():
        assert any(
            line.startswith(f"| {name} |") and unit in line and meaning in line
            for line in page.splitlines()
        ), name


@pytest.mark.slow
def test_failed_runs_are_told_and_the_rest_is_tabulated(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests/experiments"))
    from fake_work import always_fails, fails_at_seed_2  # noqa: PLC0415

    asked = ("sweep", "as_issued", *SMALL, "--set", "cluster_award=off", "--draws", "3", "--json")
    for work, rows in ((always_fails, 0), (fails_at_seed_2, 2)):
        monkeypatch.setattr(runner.Options.__init__, "__defaults__", (None, None, "", work, None))
        done = jiqun(*asked, "--out", tmp_path / work.__name__)
        assert done.exit_code == 1
        told = json.loads(done.stdout)
        assert told["failures"]
        found = pd.read_csv(told["table"])
        assert bool(len(found)) == bool(rows)
        assert set(found["pairs"]) <= {rows}
