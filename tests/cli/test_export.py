"""A store as a table for other tools: three forms, each with what its columns mean."""

import errno
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from jiqun import exporting
from jiqun.cli import app
from jiqun.experiments import Results
from jiqun.experiments.stores import store as stores
from jiqun.model.agents.enterprises import COLUMNS
from jiqun.notebooks.words import Words
from jiqun.scenarios.language import VARIABLE


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "store"
    asked = (
        "run",
        "without_document_55",
        "--rows",
        1100,
        "--draws",
        2,
        "--workers",
        1,
        "--panel",
        9,
    )
    assert jiqun(*asked, "--until", 2020, "--out", folder).exit_code == 0
    return folder


def meanings(path):
    """Kind and name to the unit."""
    return pd.read_csv(path, keep_default_na=False).set_index(["kind", "name"])["unit"].to_dict()


def test_every_column_and_outcome_has_its_meaning_and_unit(store):
    done = jiqun("export", store)
    assert done.exit_code == 0, done.stderr
    table, columns = (store / "export" / name for name in ("outcomes.csv", "outcomes_columns.csv"))
    assert done.stdout.split() == [str(table), str(columns)]
    rows, told = pd.read_csv(table), meanings(columns)
    assert {name for kind, name in told if kind == "column"} == set(rows.columns)
    assert {name for kind, name in told if kind == "outcome"} == set(rows["outcome"])
    units = rows.drop_duplicates("outcome").set_index("outcome")["unit"]
    assert all(told["outcome", name] == unit for name, unit in units.items())
    assert told["outcome", "value_added"] == "yuan"
    found = Results(store).intervals()
    pd.testing.assert_frame_equal(
        rows[["median", "p05", "p95"]], found[["median", "p05", "p95"]], check_exact=True
    )


def test_a_workbook_holds_both(store, tmp_path, monkeypatch):
    # Clusters and cities would make it large, and its writing slow.
    province = Results(store).intervals(level="province")
    monkeypatch.setattr(Results, "intervals", lambda _: province)
    file = tmp_path / "new" / "outcomes.xlsx"
    done = jiqun("export", store, "--format", "xlsx", "--out", file, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {"file": str(file), "columns": str(file), "rows": len(province)}
    book = pd.read_excel(file, sheet_name=None, keep_default_na=False)
    assert list(book["outcomes"].columns) == list(exporting.TABLE)
    assert len(book["outcomes"]) == len(province)
    value = book["outcomes"].set_index(["outcome", "year"]).loc[("value_added", 2020), "median"]
    expected = province.set_index(["outcome", "year"]).loc[("value_added", 2020), "median"]
    assert value == pytest.approx(expected, rel=1e-15)
    assert "增加值" in " ".join(book["columns"]["zh"])


@pytest.mark.parametrize("form", ["csv", "xlsx", "iamc"])
def test_a_full_disk_names_the_file_and_leaves_what_stood_there(store, tmp_path, monkeypatch, form):
    province = Results(store).intervals(level="province")
    monkeypatch.setattr(Results, "intervals", lambda _: province)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "table"
    file.write_text("of before", "utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(stores.os, "fsync", full)
        done = jiqun("export", store, "--format", form, "--out", file)
    assert (done.exit_code, done.stdout) == (2, "")
    named = file if form == "xlsx" else tmp_path / "table_columns.csv"
    assert done.stderr.startswith(f"{named}: No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["table"]
    assert file.read_text("utf-8") == "of before"


def test_the_iamc_layout_has_a_column_a_year(store, tmp_path):
    done = jiqun("export", store, "--format", "iamc", "--out", tmp_path / "mine.csv")
    assert done.exit_code == 0, done.stderr
    rows = pd.read_csv(tmp_path / "mine.csv")
    head = ["model", "scenario", "region", "variable", "unit"]
    assert list(rows.columns) == [*head, "2019", "2020"]
    assert not rows.duplicated(head).any()
    assert {("column", name) for name in head} < set(meanings(tmp_path / "mine_columns.csv"))


def test_a_panel_has_the_meaning_and_unit_of_its_columns_in_both_languages(store):
    done = jiqun("export", store, "--panel", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    rows = pd.read_csv(told["file"])
    assert told["rows"] == len(rows) == len(Results(store).panel())
    columns = pd.read_csv(told["columns"], keep_default_na=False).set_index("name")
    assert list(columns.index) == list(rows.columns)
    assert (columns.loc["year_revenue", "unit"], columns.loc["city", "unit"]) == ("yuan", "")
    assert (columns[["zh", "en"]] != "").all().all()
    words = Words("zh")
    assert all(words.translated(each.meaning) != each.meaning for each in COLUMNS.values())
    assert jiqun("export", store, "--panel", "--format", "iamc").exit_code == 2
    assert jiqun("run", "as_issued", "--panel-columns", "capital").exit_code == 2


def test_what_cannot_be_exported_is_refused(store, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "en")
    monkeypatch.setattr(exporting, "MOST_ROWS", 10)
    done = jiqun("export", store, "--format", "xlsx", "--out", tmp_path / "t.xlsx")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "rows are more than a sheet holds: --format csv" in done.stderr
    assert not [*tmp_path.iterdir()]
    done = jiqun("export", tmp_path / "none")
    assert (done.exit_code, done.stdout) == (2, "")
