"""The demonstration: its store is of the model that is here, and its pages say what it is."""

import json

import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments import Results
from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.notebooks import demonstration, render
from jiqun.notebooks.cautions import cautions
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios.language import VARIABLE

RENEW = "run python -m jiqun.notebooks.demonstration"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "store"
    demonstration.unpack(folder)
    return folder


def test_the_store_is_of_the_model_data_and_fit_that_are_here():
    assert demonstration.stale() == [], RENEW
    assert demonstration.ARCHIVE.stat().st_size < 2e6


@pytest.mark.parametrize(
    ("name", "replaced"),
    [
        ("model_hash", lambda: "another"),
        ("data_hash", lambda: "another"),
        ("SCENARIOS", ("without_document_55", "market_only")),
        ("ROWS", 2_600),
    ],
)
def test_a_store_of_another_model_or_scenario_is_found(monkeypatch, name, replaced):
    monkeypatch.setattr(demonstration, name, replaced)
    assert demonstration.stale()


def test_it_is_read_like_any_store_and_nothing_in_it_is_damaged(store):
    found = Results(store)
    runs = found.runs()
    assert found.holdings.left_out == ()
    assert len(runs) == len(demonstration.SCENARIOS) * demonstration.DRAWS
    assert set(runs["rows"]) == {demonstration.ROWS}
    assert len(found.paired("as_issued", "without_document_55", "value_added")) > 0


@pytest.mark.parametrize("lang", LANGS)
def test_each_page_says_that_it_is_one_and_supports_no_conclusion(store, lang):
    words = Words(lang)
    first, second = cautions(store, words)[:2]
    assert first == f"> {words('demonstration')}"
    few = words("few_runs", count=demonstration.DRAWS, least=LEAST_PAIRS)
    assert second == f"> {few}"


@pytest.fixture
def called(monkeypatch, tmp_path):
    """Calls of the renderer, which writes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "en")
    calls = []

    def rendered(folder, langs, out, tell):
        assert callable(tell)
        calls.append((str(folder), tuple(langs), str(out)))
        return [out / lang / "index.html" for lang in langs]

    monkeypatch.setattr(render, "render", rendered)
    return calls


def jiqun(*arguments):
    return CliRunner().invoke(app, ["demo", *map(str, arguments)], prog_name="jiqun")


def test_it_works_from_any_folder_and_twice(called, tmp_path):
    done = jiqun()
    assert done.exit_code == 0, done.stderr
    assert "no number of it is to be cited" in done.stderr
    assert done.stdout.split() == ["jiqun-demo/en/index.html"]
    mine = tmp_path / "我的 演示"
    for _ in range(2):
        done = jiqun("--lang", "both", "--out", mine, "--json")
        assert done.exit_code == 0, done.stderr
        said = json.loads(done.stdout)
    assert len(said["pages"]) == 2
    assert Results(said["store"]).scenarios() is not None
    assert called[0] == ("jiqun-demo/store", ("en",), "jiqun-demo")
    assert called[-1] == (str(mine / "store"), ("zh", "en"), str(mine))
    jiqun("--lang", "zh")
    assert called[-1][1] == ("zh",)


def test_files_of_the_users_are_left_alone(called, tmp_path):
    held = tmp_path / "jiqun-demo/store"
    held.mkdir(parents=True)
    (held / "manifest.json").write_text("{}", "utf-8")
    done = jiqun()
    assert (done.exit_code, done.stdout) == (2, "")
    assert "name another folder by --out" in done.stderr
    assert (held / "manifest.json").read_text("utf-8") == "{}"
    (held / "manifest.json").rename(held / "mine.txt")
    assert jiqun().exit_code == 2
    assert not called
    (held / "mine.txt").unlink()
    assert jiqun().exit_code == 0


def test_a_place_that_cannot_be_written_is_said(called, tmp_path):
    (tmp_path / "file").write_text("mine", "utf-8")
    done = jiqun("--out", "file")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "file/store" in done.stderr
    assert not called
