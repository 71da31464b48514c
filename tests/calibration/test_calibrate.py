"""The two commands: what they write, say and refuse."""

import csv
import json

import pytest
from typer.testing import CliRunner

from jiqun.calibration.fitting import calibrate as calibrating
from jiqun.calibration.fitting import fit as fitting
from jiqun.calibration.fitting.forward import Simulated
from jiqun.cli import app
from jiqun.experiments.runs import adopted

TINY = """
name: tiny
rows: 1100
parameters: [births_above, credit_growth, little_giant_share_2020]
train_until: 2020
smoother: {members: 10, iterations: 1, seeds: 1, chance_seeds: 3, localisation: 0.0, seed: 1}
recover: {sets: 2, members: 10, iterations: 1, seeds: 1, rows: 1100}
"""


def jiqun(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    (folder / "tiny.yaml").write_text(TINY, "utf-8")
    done = jiqun("calibrate", folder / "tiny.yaml", "--out", folder, "--workers", 1, "--json")
    assert done.exit_code == 0, done.output
    return folder, json.loads(done.stdout)


def test_a_calibration_says_and_writes_what_it_found(made):
    folder, said = made
    assert said["members"] == 10
    assert said["train_until"] == 2020
    assert {row["name"] for row in said["parameters"]} == {
        "births_above", "credit_growth", "little_giant_share_2020",
    }  # fmt: skip
    assert "dummy" in {row["name"] for row in said["agreement"]}
    for name, rows in (("figures", said["figures"]), ("parameters", said["parameters"])):
        with (folder / f"{name}.csv").open(encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == len(rows)
    assert set(said["misfits"]) == {
        row["id"] for row in said["figures"] if row["use"] == "fit" and row["inside"] is False
    }
    assert (folder / "ensemble.parquet").stat().st_size < 100_000


def test_an_ensemble_too_small_or_of_an_earlier_year_is_not_adopted(made, monkeypatch, tmp_path):
    folder, _ = made
    monkeypatch.setattr(calibrating, "SHIPPED", tmp_path / "shipped.parquet")
    monkeypatch.setattr(calibrating, "RESULTS", tmp_path / "results")
    done = jiqun("calibrate", folder / "tiny.yaml", "--out", folder, "--workers", 1, "--adopt")
    assert done.exit_code == 2
    assert "200 or more" in done.output
    facts = json.loads((folder / "fit.json").read_text("utf-8"))
    (tmp_path / "fit.json").write_text(json.dumps(facts | {"members": 200}), "utf-8")
    for place in (tmp_path / "home" / "fit", tmp_path / "results"):
        with pytest.raises(ValueError, match="2023"):
            calibrating.adopt(tmp_path, place)
        assert not place.exists()
    assert not adopted.home().exists()
    assert not (tmp_path / "shipped.parquet").exists()


def test_recovering_says_and_writes_what_it_found(made):
    folder, _ = made
    done = jiqun("recover", folder / "tiny.yaml", "--out", folder, "--workers", 1, "--json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert len(rows) == 4
    assert {row["sets"] for row in rows} == {2}
    assert (folder / "recover.csv").is_file()


def test_a_wrong_specification_ends_with_status_2_and_one_line(tmp_path):
    (tmp_path / "wrong.yaml").write_text(TINY.replace("births_above", "birth_above"), "utf-8")
    done = jiqun("calibrate", tmp_path / "wrong.yaml", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "wrong.yaml:4: parameters[0]: unknown name 'birth_above'" in done.output
    assert "nearest: births_above" in done.output
    assert not (tmp_path / "out").exists()


def test_a_fit_whose_runs_fail_ends_with_status_1(tmp_path, monkeypatch):
    failure = type("Failure", (), {"origin": "jiqun.model.economy.market:1", "message": "wrong"})()

    class Failing(fitting.Forward):
        def __call__(self, *_):
            return Simulated(None, (failure,))

    monkeypatch.setattr(fitting, "Forward", Failing)
    (tmp_path / "tiny.yaml").write_text(TINY, "utf-8")
    done = jiqun("calibrate", tmp_path / "tiny.yaml", "--out", tmp_path, "--workers", 1)
    assert done.exit_code == 1
    assert "1 runs failed, the first in jiqun.model.economy.market:1: wrong" in done.output


def test_every_misfit_of_the_shipped_ensemble_has_its_reason():
    with (calibrating.RESULTS / "figures.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missed = [row for row in rows if row["use"] == "fit" and row["inside"] == "no"]
    assert [row["id"] for row in missed if not row["reason"]] == []
    facts = json.loads((calibrating.RESULTS / "fit.json").read_text("utf-8"))
    assert facts["misfits"] == [row["id"] for row in missed]
    assert facts["members"] >= 200
    assert facts["dummy_spread"] > 0.85
