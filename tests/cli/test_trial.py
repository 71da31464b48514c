"""`jiqun trial`: rows by id, a file of the user's, and what is refused."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jiqun.calibration.trial.files import table_rows
from jiqun.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "own_trial.md"
SMALL = ("--rows", "1100", "--draws", "1", "--workers", "1", "--json")
KEYS = {
    "id", "estimate", "low", "high", "published", "band_low", "band_high", "inside", "use", "off",
    "doubled",
}  # fmt: skip


def jiqun(*arguments):
    return CliRunner().invoke(app, ["trial", *map(str, arguments)], prog_name="jiqun")


@pytest.fixture
def own(tmp_path):
    """The file that the page on trials of one's own shows, in a folder of the user's."""
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    path = tmp_path / "mine.yaml"
    path.write_text(shown.replace("repeats: 4", "repeats: 1"), "utf-8")
    return path


def test_a_trial_of_ones_own_is_run_and_goes_on_where_it_stopped(tmp_path, own):
    done = jiqun(own, *SMALL, "--out", tmp_path / "kept")
    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)["trials"]
    assert set(row) >= KEYS
    assert (row["id"], row["published"], row["band_low"], row["use"]) == (
        "my_investment", 30.0, 15.0, "report",
    )  # fmt: skip
    assert (row["draws"], row["verdict"], row["inside"]) == (1, "too few draws", False)
    assert row["estimate"] > row["off"]
    table = (tmp_path / "kept" / "trials.csv").read_text("utf-8")
    again = jiqun(own, *SMALL, "--out", tmp_path / "kept")
    assert json.loads(again.stdout) == json.loads(done.stdout)
    assert "0 of 0 runs" in again.stderr
    assert (tmp_path / "kept" / "trials.csv").read_text("utf-8") == table


def test_a_wrong_file_is_refused_with_line_and_nearest_name(own):
    own.write_text(own.read_text("utf-8").replace("share: 0.5", "shere: 0.5"), "utf-8")
    done = jiqun(own, *SMALL)
    assert done.exit_code == 2
    assert f"{own}:13: treat.assign.shere: unknown key" in done.stderr
    assert "nearest: share" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["R3x", "vat_2008", "R99"])
def test_an_unknown_row_is_refused(name):
    done = jiqun(name, *SMALL)
    assert done.exit_code == 2
    assert "no such trial" in done.stderr
    assert all(row in done.stderr for row in table_rows())


def test_too_few_rows_are_refused():
    done = jiqun("R3a", "--rows", "10")
    assert done.exit_code == 2
    assert "--rows 10" in done.stderr
