"""What `--adopt` and `--ship` write and where; what is in use, and the way back."""

import json
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from platformdirs import user_data_path
from typer.testing import CliRunner

from jiqun import ranking, trying, versions
from jiqun.calibration.fitting import calibrate
from jiqun.calibration.trial import page as trial_page
from jiqun.calibration.trial import runs as trial_runs
from jiqun.cli import app
from jiqun.experiments.runs import adopted, ensemble
from jiqun.experiments.runs.batch import Plan, drawn_pairs, model_hash, source_hash
from jiqun.experiments.sensitivity import tables
from jiqun.experiments.stores.errors import StoreError
from jiqun.model.region import REGION
from jiqun.notebooks.levers import page as levers
from jiqun.notebooks.record import read_record
from jiqun.notebooks.trust import page as trust
from jiqun.notebooks.words import Words
from jiqun.scenarios import load
from jiqun.scenarios.tables import data_hash
from tests.notebooks.made_up_levers import analysis

SHIPPED_FILES = ("calibration/ensemble.parquet", "calibration/results", "docs")


def jiqun(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JIQUN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def as_shipped():
    """No test of this file changes a file of the project."""
    before = shipped()
    yield
    assert shipped() == before


def shipped():
    paths = [adopted.ROOT / name for name in SHIPPED_FILES]
    files = [f for path in paths for f in ([path] if path.is_file() else path.rglob("*"))]
    return {file: file.stat().st_mtime_ns for file in files if file.is_file()}


@pytest.fixture
def fit(tmp_path):
    """A calibration that differs from the one shipped in the centre and members."""
    folder = tmp_path / "fit"
    folder.mkdir()
    for name in ("figures.csv", "parameters.csv", "agreement.csv"):
        shutil.copyfile(calibrate.RESULTS / name, folder / name)
    facts = json.loads((calibrate.RESULTS / "fit.json").read_text("utf-8"))
    (folder / "fit.json").write_text(json.dumps(facts | {"identity": "of_mine"}), "utf-8")
    table = pq.read_table(ensemble.SHIPPED)
    name = table.column_names[0]
    table = table.set_column(0, name, [np.sort(table.column(name).to_numpy())])
    pq.write_table(table, folder / "ensemble.parquet")
    return folder


@pytest.fixture
def adopting(fit, monkeypatch):
    """`jiqun calibrate`, of which the fit itself is left out."""
    facts = json.loads((fit / "fit.json").read_text("utf-8"))
    done = calibrate.Calibrated(None, [], [], [], fit)
    monkeypatch.setattr(calibrate.Calibrated, "summary", lambda _: facts)
    monkeypatch.setattr(calibrate, "calibrate", lambda *_: done)
    return lambda *options: jiqun("calibrate", "reference", "--out", fit, *options)


def drawn():
    scenario = load("as_issued")
    return [draw.values for draw, _ in drawn_pairs(scenario, Plan(draws=3))]


def test_an_adopted_fit_is_drawn_from_until_its_folder_is_deleted(adopting, home, fit):
    before = drawn()
    done = adopting("--adopt")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (home / "fit").iterdir()} == {
        "ensemble.parquet", "figures.csv", "parameters.csv", "agreement.csv", "fit.json",
    }  # fmt: skip
    assert ensemble.in_use() == home / "fit" / "ensemble.parquet"
    assert drawn() != before
    assert trial_runs.fit_hash() != trial_runs._hash_of(ensemble.SHIPPED)
    assert read_record().adopted
    assert read_record().fit["identity"] == "of_mine"
    shutil.rmtree(home / "fit")
    assert drawn() == before
    assert not read_record().adopted


def test_a_fit_that_is_not_adopted_is_not_used(adopting, home):
    done = adopting()
    assert done.exit_code == 0, done.output
    assert not home.exists()


def test_a_report_says_that_its_fit_is_an_adopted_one(adopting, home):
    evidence = type("Evidence", (), {"runs": {"model_hash": []}})
    said = {"zh": "在本机采用", "en": "was adopted on this machine"}
    for lang, text in said.items():
        assert text not in trust.fit_text(read_record(), evidence, Words(lang))
    adopting("--adopt")
    for lang, text in said.items():
        assert text in trust.fit_text(read_record(), evidence, Words(lang))


def test_a_fit_is_shipped_in_a_checkout(adopting, home, fit, tmp_path, monkeypatch):
    monkeypatch.setattr(calibrate, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(calibrate, "SHIPPED", tmp_path / "ensemble.parquet")
    (tmp_path / "results").mkdir()
    done = adopting("--ship")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "ensemble.parquet").read_bytes() == (fit / "ensemble.parquet").read_bytes()
    assert json.loads((tmp_path / "results" / "fit.json").read_text())["identity"] == "of_mine"
    assert not home.exists()


COMMANDS = [("calibrate", "reference"), ("trial", "R3a"), ("sensitivity", "reference")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("fault", ["both", "installed", "read only"])
def test_what_cannot_be_shipped_is_refused_before_anything_runs(
    command, fault, home, tmp_path, monkeypatch
):
    options = ["--ship"] + ["--adopt"] * (fault == "both")
    if fault == "installed":
        monkeypatch.setattr(adopted, "ROOT", tmp_path)
    if fault == "read only":
        monkeypatch.setattr(adopted.os, "access", lambda *_: False)
    done = jiqun(*command, "--out", tmp_path / "out", *options)
    assert done.exit_code == 2
    assert ("exclude each other" if fault == "both" else "no checkout") in done.output
    assert not (tmp_path / "out").exists()
    assert not home.exists()


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda command: command[0])
def test_nothing_drawn_from_an_adopted_fit_is_shipped(command, adopting, home, tmp_path):
    adopting("--adopt")
    done = jiqun(*command, "--out", tmp_path / "out", "--ship")
    assert done.exit_code == 2
    assert "not from that shipped" in done.output
    assert not (tmp_path / "out").exists()


def test_an_adopted_analysis_goes_before_the_one_shipped(home, tmp_path, monkeypatch):
    made = analysis("clear")
    monkeypatch.setattr(ranking, "Bench", lambda *_: None)
    monkeypatch.setattr(ranking, "analyse", lambda *_: made)
    monkeypatch.setattr(ranking, "_show", lambda _: None)
    assert levers.gather_levers(tmp_path).origin == "shipped"
    done = jiqun("sensitivity", "reference", "--out", tmp_path / "out", "--adopt")
    assert done.exit_code == 0, done.output
    found = levers.gather_levers(tmp_path)
    assert (found.origin, found.facts["name"], found.current) == ("adopted", "made_up", True)
    assert "adopted on this machine" in levers.made(found, Words("en"), "store")
    # One of an earlier model is known for it, as one that is shipped is.
    tables.save(home / "sensitivity", replace(made, facts={**made.facts, "model_hash": "0"}))
    assert not levers.gather_levers(tmp_path).current
    shutil.rmtree(home)
    assert levers.gather_levers(tmp_path).origin == "shipped"


def test_adopted_trials_go_before_those_shipped(home, tmp_path, monkeypatch):
    frame = pd.read_csv(trial_runs.TABLE, dtype={"problem": object, "spec": str})
    mine = frame[frame["id"] == "R3a"].assign(value=99.0)
    monkeypatch.setattr(trial_runs, "complete", lambda *_: mine)
    monkeypatch.setattr(trying, "verdicts", lambda *_: [])
    done = jiqun("trial", "R3a", "--out", tmp_path / "out", "--adopt")
    assert done.exit_code == 0, done.output
    kept = trial_page.stored(trial_runs.in_use()).set_index("id")["value"]
    assert set(kept["R3a"]) == {99.0}
    assert len(kept) == len(frame)
    (mean,) = (each.found.mean for each in read_record().trials.made if each.row.id == "R3a")
    assert mean == 99.0


def test_the_version_tells_what_is_in_use(home):
    done = jiqun("--version")
    assert done.exit_code == 0, done.output
    said = dict(line.split(": ", 1) for line in done.output.splitlines()[1:])
    facts = json.loads((calibrate.RESULTS / "fit.json").read_text("utf-8"))
    assert done.output.startswith(f"jiqun {version('jiqun')}\n")
    assert said["model"].startswith(f"{model_hash()} (source {source_hash()}")
    assert said["data"] == data_hash()
    assert said["fit"].startswith(f"{facts['identity']} of ")
    assert set(said) == {"model", "data", "fit", "trials", "analysis", "emulator", "cite as"}
    assert {said[name].split(", ")[1] for name in ("fit", "trials", "analysis")} == {"shipped"}


@pytest.mark.parametrize("listed", [True, False])
def test_a_version_of_one_source_is_compared_with_the_golden_results(
    home, monkeypatch, tmp_path, listed
):
    source = source_hash()
    noted = tmp_path / "model_version.json"
    noted.write_text(json.dumps({"version": source, "sources": [source] * listed}), "utf-8")
    monkeypatch.setattr(versions, "VERSION", noted)
    monkeypatch.setattr(versions, "model_hash", lambda: source)
    assert ("not compared" in jiqun("--version").output) is not listed


def test_the_version_tells_of_adopted_results_and_of_the_way_back(adopting, home):
    adopting("--adopt")
    facts = json.loads((home / "fit" / "fit.json").read_text("utf-8"))
    stale = {"model_hash": "another", "data_hash": "another"}
    current = {"model_hash": model_hash(), "data_hash": data_hash()}
    for said, now in (
        ("", current), (", made by another version of the model, made on other data", stale),
    ):  # fmt: skip
        (home / "fit" / "fit.json").write_text(json.dumps(facts | now), "utf-8")
        lines = jiqun("--version").output.splitlines()
        assert f"fit: of_mine of {facts['written'][:10]}, adopted{said}" in lines
        assert lines[-2].startswith(f"adopted results are kept in {home}: to go back")


def test_the_folder_is_that_of_the_system_unless_another_is_named(monkeypatch):
    monkeypatch.delenv("JIQUN_HOME")
    assert adopted.home() == user_data_path("jiqun", appauthor=False)
    monkeypatch.setenv("JIQUN_HOME", "elsewhere")
    assert adopted.home() == Path("elsewhere")


def test_a_folder_that_could_not_be_written_whole_leaves_the_old_one(tmp_path):
    def broken(folder):
        (folder / "one").write_text("new")
        raise OSError("no room")

    adopted.write_whole(tmp_path / "fit", lambda folder: (folder / "one").write_text("old"))
    with pytest.raises(OSError, match="no room"):
        adopted.write_whole(tmp_path / "fit", broken)
    assert (tmp_path / "fit" / "one").read_text() == "old"
    adopted.write_whole(tmp_path / "fit", lambda folder: (folder / "two").write_text("new"))
    assert [path.name for path in (tmp_path / "fit").iterdir()] == ["two"]


def test_what_was_adopted_for_a_region_is_not_used_for_another(home, monkeypatch):
    (home / "fit").mkdir(parents=True)
    (home / "fit/ensemble.parquet").touch()
    assert ensemble.in_use() == home / "fit/ensemble.parquet"
    monkeypatch.setattr(adopted, "REGION", replace(REGION, folder=Path("elsewhere")))
    assert ensemble.in_use() == ensemble.SHIPPED
    assert adopted.place("fit", ensemble.SHIPPED, adopt=True, ship=False) == home / "elsewhere/fit"


def test_an_analysis_whose_writing_was_interrupted_is_none(tmp_path, monkeypatch):
    """Else tables of one would stand beside the facts of another."""
    tables.save(tmp_path, analysis())
    assert tables.read(tmp_path).facts
    written = []

    def interrupted(path, save_to):
        if written:
            raise KeyboardInterrupt
        written.append(path)

    with monkeypatch.context() as patched:
        patched.setattr(tables, "write_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tables.save(tmp_path, analysis())
    with pytest.raises(StoreError, match="holds no analysis"):
        tables.read(tmp_path)
    tables.save(tmp_path, analysis())
    assert tables.read(tmp_path).facts
