"""`jiqun discover` on a small store of real runs."""

import json

import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments.discovery import read
from jiqun.scenarios.tables import table


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("discover") / "store"
    small = ("--rows", 1100, "--draws", 4, "--workers", 1)
    assert jiqun("run", "as_issued", *small, "--out", folder).exit_code == 0
    return folder


def test_targets_are_judged_and_what_is_found_is_kept(store):
    done = jiqun("discover", store, "--json")
    assert done.exit_code == 0, done.stderr
    data = json.loads(done.stdout)
    assert data == read(store)
    rows = {row["target"]: row for row in data["targets"]}
    judged = {row.id for row in table("policy_targets") if row.class_ == "modelled"}
    assert set(rows) == judged - {"award_national", "award_provincial"}
    assert rows["energy_intensity_2025"]["year"] == 2025
    drawn = {row.name for row in table("parameters") if row.low < row.high}
    for row in rows.values():
        assert (row["runs"], row["looks"]) == (4, [])
        # What the scenario sets itself is no factor; three series of the outside world are.
        assert 0.8 * len(drawn) < row["factors"] <= len(drawn) + 3
        assert row["sentence"]["en"].replace("**", "") in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "srdi_provinci"), "nearest: srdi_provincial"),
        (("--scenario", "market_only"), "no draws of market_only in 2027"),
        (("--year", "2031"), "no draws of as_issued in 2031"),
    ],
)
def test_wrong_input_is_refused_with_what_is_allowed(store, arguments, said):
    done = jiqun("discover", store, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
