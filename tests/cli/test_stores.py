"""`jiqun run` and `jiqun compare` on stores of all kinds."""

import json
import re
import signal
import warnings
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from jiqun import comparing
from jiqun.cli import app
from jiqun.cli.refusals import interrupt
from jiqun.experiments import Results
from jiqun.experiments.effects.effect import NO_EFFECT, WITHHELD
from jiqun.experiments.runs import runner
from jiqun.experiments.stores import selection

ROOT = Path(__file__).parents[2]
SMALL = ("--rows", "1100", "--workers", "1")
MINE = """\
name: mine
label: {zh: 我的, en: Mine}
baseline: without_document_55
levers:
  - id: cluster_award
    from: 2024-Q1
"""


def jiqun(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], prog_name="jiqun")


@pytest.fixture(autouse=True)
def unsaid(monkeypatch):
    monkeypatch.setattr(selection, "_WARNED", set())


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A baseline, and a scenario `mine` whose file was changed between two batches."""
    folder = tmp_path_factory.mktemp("two") / "store"
    mine = folder.with_name("mine.yaml")
    mine.write_text(MINE, "utf-8")
    assert jiqun("run", mine, "without_document_55", "--draws", 2, *SMALL, "--out", folder)
    mine.write_text(MINE.replace("2024", "2025"), "utf-8")
    said = jiqun("run", mine, "--draws", 2, *SMALL, "--out", folder)
    assert said.exit_code == 0, said.stderr
    folder.with_name("said").write_text(said.stderr, "utf-8")
    return folder


def contents(store):
    return [form.scenario_hash for form in Results(store).forms() if form.scenario == "mine"]


def test_a_batch_says_that_a_name_has_two_contents(store):
    first, second = contents(store)
    said = store.with_name("said").read_text("utf-8")
    assert f"mine: taken is {second[:8]}" in said
    assert f"the store holds too: {first[:8]} (2 runs, 1,100 rows" in said
    assert f"--take mine={first[:8]}" in said


def test_compare_says_which_content_it_takes_and_takes_the_other(store):
    first, second = contents(store)
    command = ("compare", store, "--baseline", "without_document_55")
    newest = jiqun(*command, "--json")
    other = jiqun(*command, "--take", f"mine={first[:8]}", "--json")
    assert f"mine: taken is {second[:8]}" in newest.stderr
    assert f"mine: taken is {first[:8]}" in other.stderr
    one, two = json.loads(newest.stdout), json.loads(other.stdout)
    assert one["scenarios"][0]["content"]["scenario_hash"] == second
    assert two["scenarios"][0]["content"]["scenario_hash"] == first
    assert [row["taken"] for row in one["contents"] if row["scenario"] == "mine"] == [False, True]
    assert one["scenarios"][0]["cost"] != two["scenarios"][0]["cost"]


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_comparison_that_is_interrupted_says_nothing_and_leaves_the_store(
    store, monkeypatch, asked
):
    command = ("compare", store, "--baseline", "without_document_55", "--json")
    files = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    whole, honest = jiqun(*command).stdout, comparing.compare

    def asked_to_end(*given):
        signal.raise_signal(asked)
        return honest(*given)

    does = signal.default_int_handler if asked == signal.SIGINT else interrupt
    kept = signal.signal(asked, does)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(comparing, "compare", asked_to_end)
            done = jiqun(*command)
    finally:
        signal.signal(asked, kept)
    assert (done.exit_code, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == files
    assert jiqun(*command).stdout == whole


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--take", "mine=ffffffff"), "holds no content ffffffff of mine; there are: "),
        (("--take", "mien=ffffffff"), "nearest: mine"),
        (("--take", "mine"), "write NAME=HASH"),
        (("--rows", "500"), "holds no runs at 500 rows; there are: 1,100 rows"),
        (("--take", "mine=0", "--equal-cost"), "--take does not go with --equal-cost"),
    ],
)
def test_what_the_store_lacks_is_refused(store, options, said):
    done = jiqun("compare", store, "--baseline", "without_document_55", *options)
    assert done.exit_code == 2
    assert said in done.stderr


def test_few_pairs_are_told_and_bear_no_interval(store):
    done = jiqun("compare", store, "--baseline", "without_document_55", "--json")
    data = json.loads(done.stdout)
    (row,) = data["scenarios"]
    assert data["statistic"] == "mean"
    assert row["pairs"] == 2
    for interval in (row["cost"], row["feedback"], row["effects"]["value_added"]["gain"]):
        assert interval["low"] is interval["high"] is None
        assert interval["mean"] is not None
    assert not row["distinguishable"]
    # A ratio beside a gain that no interval bears out is withheld, in words.
    assert (row["costs"], row["per_yuan"]) == ("costs", None)
    assert row["per_yuan_withheld"] == NO_EFFECT
    assert WITHHELD[NO_EFFECT] in done.stderr
    assert "mine: 2 pairs, under 8: no interval is given" in done.stderr
    assert " to " not in done.stderr.partition("money")[0].partition("displaced")[2]


def test_the_documented_queries_tell_contents_apart(store):
    page = (ROOT / "docs" / "store.md").read_text("utf-8")
    # That of panels is carried out where there is one (`test_panel`).
    queries = [q for q in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) if "/panel/" not in q]
    names, outcomes = (
        duckdb.sql(query.replace("build/store", str(store))).df() for query in queries
    )
    assert set(names["scenario_hash"]) == {f.scenario_hash for f in Results(store).forms()}
    assert names["runs"].tolist() == [2, 2, 2]
    mine = outcomes[outcomes["scenario"] == "mine"]
    assert mine.groupby("scenario_hash")["draw"].apply(list).to_dict() == {
        digest: [1, 2] for digest in contents(store)
    }
    read = Results(store).outcomes("mine", "value_added", "province", 2027)
    taken = mine[mine["scenario_hash"] == contents(store)[1]]
    assert taken["value"].tolist() == read["value"].tolist()


def test_runs_at_other_rows_are_compared_among_themselves(store):
    command = ("compare", store, "--baseline", "without_document_55")
    mine = store.with_name("mine.yaml")
    done = jiqun("run", mine, "--draws", 1, "--rows", 4000, "--workers", 1, "--out", store)
    assert done.exit_code == 0, done.stderr
    done = jiqun(*command)
    assert done.exit_code == 0, done.stderr
    assert "against without_document_55: 1,100 rows" in done.stderr
    assert "the store holds too" in done.stderr
    assert "--rows 4000" in done.stderr
    done = jiqun(*command, "--rows", 4000)
    assert done.exit_code == 2
    assert "share no run" in done.stderr or "is unknown" in done.stderr
    jiqun("run", "without_document_55", "--draws", 1, "--rows", 4000, "--out", store)
    assert "against without_document_55: 4,000 rows" in jiqun(*command).stderr
    assert "against without_document_55: 1,100 rows" in jiqun(*command, "--rows", 1100).stderr


def test_a_damaged_shard_is_named_once_on_stderr(store):
    path = max((store / "outcomes").iterdir(), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:500])
    done = jiqun("compare", store, "--baseline", "without_document_55", "--json")
    assert done.stderr.count(f"outcomes/{path.name} is not as it was written") == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the same store by another path
        Results(store / ".." / store.name)
    assert "Traceback" not in done.stderr
    json.loads(done.stdout or "{}")


def test_where_every_run_failed_no_distance_is_told(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests/experiments"))
    from fake_work import always_fails  # noqa: PLC0415

    command = ("run", "without_document_55", *SMALL, "--until", "2019", "--out", tmp_path / "store")
    defaults = (None, None, "", always_fails, None)
    with monkeypatch.context() as patched:
        patched.setattr(runner.Options.__init__, "__defaults__", defaults)
        done = jiqun(*command, "--json")
    assert done.exit_code == 1
    assert "every run failed, so there is nothing to set beside" in done.stderr
    assert "0 of 0" not in done.stderr
    assert json.loads(done.stdout)["distances"]["without_document_55"]["outcomes"] == []
