"""Cookbook and first hour: all is carried out as printed, with few draws and enterprises."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.experiments.runs import runner
from jiqun.experiments.runs.pool import LocalPool
from jiqun.notebooks import render
from jiqun.scenarios.language import VARIABLE

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMALL = {
    "run": ("--rows", "1100"),
    "ask": ("--rows", "1100"),
    "sweep": ("--rows", "1100"),
    "compare": ("--rows", "1100", "--solve-draws", "1"),
    "trial": ("--rows", "1100"),
}
"""What a recipe's command gets to be short; draws are cut to the fewest that it takes."""


def recipes(page):
    """Blocks of each recipe: kind and text."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    parts = re.split(r"^## \d+\. (.+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], map(BLOCK.findall, parts[1::2]), strict=True))


RECIPES = recipes("cookbook.md")


def test_there_are_twenty_and_the_chinese_page_has_the_same_code():
    chinese = recipes("cookbook.zh.md")
    assert len(RECIPES) == len(chinese) == 20
    assert [*RECIPES.values()] == [*chinese.values()]
    assert all(re.search("[\u4e00-\u9fff]", title) for title in chinese)
    # Nothing that is not carried out below stands in a block.
    kinds = {kind for blocks in RECIPES.values() for kind, _ in blocks}
    assert kinds == {"sh", "yaml", "text", "python"}


class Kept(LocalPool):
    """One worker for all recipes: to start one takes longer than its runs."""

    def close(self, *, at_once):
        if at_once:
            super().close(at_once=True)


@pytest.fixture(scope="module")
def worker():
    pool = Kept(1)
    yield pool
    pool.close(at_once=True)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Store of all questions: most have the same baseline, which is run once."""
    return tmp_path_factory.mktemp("shared") / "store"


@pytest.fixture
def small(worker, tmp_path, monkeypatch):
    """A folder of its own, one worker, and no pages, which take longer than all the rest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "en")
    monkeypatch.setattr(
        runner.Options.__init__, "__defaults__", (None, None, "", runner.run_chunk, worker)
    )
    monkeypatch.setattr(render, "_page", lambda *_: {"html": b"<html></html>"})


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_is_carried_out(title, shared):
    assert carried_out(RECIPES[title], shared)


@pytest.mark.usefixtures("small")
def test_the_first_hour_is_carried_out(shared, tmp_path):
    chinese, blocks = (
        BLOCK.findall((ROOT / "docs" / page).read_text("utf-8"))
        for page in ("first_hour.zh.md", "first_hour.md")
    )
    assert [(kind, text.replace("--lang zh", "--lang en")) for kind, text in chinese] == blocks
    assert carried_out([block for block in blocks if block[0] != "text"], shared) == 10
    made = {"jiqun-demo/en/index.html", "first/report/en/index.html", "first_iamc.csv", "first.csv"}
    assert all((tmp_path / name).is_file() for name in made)


def carried_out(blocks, shared):
    """Carries out blocks and counts commands and programs."""
    done = 0
    for kind, text in blocks:
        if kind == "sh":
            for line in text.splitlines():
                told = command(line, shared)
                assert told.exit_code == 0, f"{line}\n{told.output}"
                done += 1
        elif kind == "python":
            code = compile(text.replace("draws=20", "draws=2, rows=1_100"), "block", "exec")
            exec(code, {"__name__": "__main__"})
            done += 1
        else:
            name, _, rest = text.partition("\n")
            # The number in place of the placeholder is made up.
            content = rest.replace("<value>", "12345") if kind == "text" else text
            Path(name.removeprefix("# ")).write_text(content, "utf-8")
    return done


def command(line, shared):
    """A command of a recipe, with few draws and rows."""
    program, name, *rest = shlex.split(line)
    assert program == "jiqun"
    few = "2" if name == "compare" else "1"
    small = re.sub(r"(--(?:draws|seeds)) \d+", rf"\1 {few}", shlex.join(rest))
    arguments = [name, *shlex.split(small), *SMALL.get(name, ())]
    if name == "ask":
        arguments += ["--out", str(shared)]
    return CliRunner().invoke(app, arguments, prog_name="jiqun")
