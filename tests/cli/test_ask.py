"""A question in one command: runs, answer by tier, and what is said where it cannot be told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments.runs import runner
from jiqun.model.dimensions import TIERS
from jiqun.notebooks.words import Words
from jiqun.scenarios.language import VARIABLE

ROOT = Path(__file__).parents[2]
SMALL = ("--rows", "1100", "--workers", "1")


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


@pytest.fixture(autouse=True)
def _language(monkeypatch):
    """The command sets the language of messages for its process."""
    monkeypatch.setenv(VARIABLE, "en")


def test_doubling_the_award_is_one_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    question = ("ask", "cluster_award*2", *SMALL, "--draws", "2")
    done = jiqun(*question, "--lang", "zh", "--save", "mine.yaml")
    assert done.exit_code == 0, done.stderr
    words = Words("zh")
    assert words.name("change_verdict", "few") in done.stdout.splitlines()[0]
    for tier in TIERS:
        assert f"\n{words.name('tier_names', tier)} " in done.stdout
    assert words("borne_total") in done.stdout
    assert "省级集群由500万元改为1,000万元" in done.stdout
    assert "**" not in done.stdout
    (store,) = (tmp_path / "build/ask").iterdir()
    # Asked again nothing is run, and the file that was saved is the same question.
    for again in (question, ("ask", "mine.yaml", *SMALL, "--draws", "2")):
        done = jiqun(*again, "--lang", "en", "--json")
        assert done.exit_code == 0, done.stderr
        assert "0 runs made, 4 there already" in done.stderr
        told = json.loads(done.stdout)
        assert (told["store"], told["pairs"]) == (str(store.relative_to(tmp_path)), 2)
        assert {row["unit"] for row in told["effects"] if row["level"] == "tier"} == set(TIERS)
        assert told["comparison"]["bearers"].keys() >= {"province", "city", "centre"}
        assert told["differences"][0]["times"] == 2.0
    assert jiqun("check", "mine.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clster_award*2",), "nearest: cluster_award"),
        (("cluster_award*2", "--on", "as_isued"), "nearest: as_issued"),
        (("cluster_award*2", "--rows", "3"), "--rows 3: allowed"),
        (("none.yaml",), "none.yaml: cannot be read"),
        (("alone.yaml",), "alone.yaml: baseline: names no baseline"),
        (("cluster_award*2", "--save", "alone.yaml"), "is there already"),
        (("cluster_award*2", "--save", "mine.txt"), "a new file that ends in .yaml"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(
    tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    Path("alone.yaml").write_text("name: alone\nstart: 2019-Q1\nend: 2027-Q4\n", "utf-8")
    done = jiqun("ask", *arguments)
    assert done.exit_code == 2, done.stdout
    assert said in done.stderr
    assert not (tmp_path / "build").exists()


def test_failed_runs_are_told_and_the_rest_is_answered(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests/experiments"))
    from fake_work import always_fails, fails_at_seed_2  # noqa: PLC0415

    question = ("ask", "cluster_award=off", *SMALL, "--draws", "3", "--lang", "en")
    defaults = (None, None, "", always_fails, None)
    monkeypatch.setattr(runner.Options.__init__, "__defaults__", defaults)
    done = jiqun(*question, "--out", tmp_path / "none")
    assert done.exit_code == 1
    assert "all 3 runs failed, so there is nothing to show of it" in done.stdout
    monkeypatch.setattr(
        runner.Options.__init__, "__defaults__", (None, None, "", fails_at_seed_2, None)
    )
    done = jiqun(*question, "--out", tmp_path / "some")
    assert done.exit_code == 1
    assert "1 runs failed and are left out" in done.stdout
    assert "With 2 pairs of runs" in done.stdout
