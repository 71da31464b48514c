"""The recipes of CONTRIBUTING.md, followed to the letter in a copy."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("model", "scenarios", "experiments", "calibration", "notebooks", "jiqun")
RECIPES = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## How to add")[2]
OUTCOME = """    Outcome("short_loans", "短期贷款", "Short loans", "yuan", ("province", "tier"), 0,
            _total("short_loans")),
"""
LEVER = """
  - id: pilot_grant
    label: {zh: 试点补助, en: Pilot grant}
    article: ""
    origin: design
    channel: price_of_rd
    paid_by: {province: 1}
    cost_basis: {zh: 按台账实付补助核算。, en: "Grant to each project, as booked."}
    fund: additional
    from: 2024-Q1
    size: [rate]
    terms:
      rate:
        kind: share
        bounds: [0, 1]
        grade: assumption
        note: As in the pilot of another province.
        default:
          - {from: 2024-Q1, value: 30, unit: "%", source: pilot_grant_1}
"""
RULE = "pilot_grant_1,pilot_grant,share of R&D,30,%,2024-Q1,,Anhui,assumption,assumption,\n"
SCENARIO = """name: pilot
label: {zh: 试点, en: Pilot}
baseline: as_issued
levers: [{id: pilot_grant}]
"""
RUN = """
from dataclasses import replace
from jiqun.listing import lever_lines, lever_rows
from jiqun.model import ClusterPolicyModel
from jiqun.scenarios import load

model = ClusterPolicyModel(replace(load("pilot.yaml"), rows=400), rng=1)
model.run_until_year(2019)
print(*sorted(set(model.records()["outcome"])))
print(*lever_lines(lever_rows()), sep="\\n")
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    # With what is compiled of files that stay as they are, but not what is just being written.
    unfinished = shutil.ignore_patterns("*.pyc.*", "*.tmp.*")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=unfinished, symlinks=True)
    return folder


def after(path: Path, line: str, added: str) -> None:
    text = path.read_text("utf-8")
    assert line in text
    path.write_text(text.replace(line, line + added, 1), "utf-8")


def test_a_lever_and_an_outcome_are_added_by_the_files_named(copy: Path) -> None:
    text = (copy / "model/observe/outcomes.py").read_text("utf-8")
    first = text.index('    Outcome("enterprises"')
    (copy / "model/observe/outcomes.py").write_text(text[:first] + OUTCOME + text[first:], "utf-8")
    after(
        copy / "model/observe/quantities.py",
        '        "mlt_loans": e.debt_long,\n',
        '        "short_loans": e.debt_short,\n',
    )
    levers = copy / "scenarios/regions/anhui/levers.yaml"
    levers.write_text(levers.read_text("utf-8").rstrip() + "\n" + LEVER, "utf-8")
    with (copy / "scenarios/regions/anhui/tables/rules.csv").open("a", encoding="utf-8") as rules:
        rules.write(RULE)
    (copy / "pilot.yaml").write_text(SCENARIO, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "short_loans" in done.stdout.splitlines()[0]
    assert "rate: 30 % (assumption; pilot_grant_1)" in done.stdout


def test_recipes_name_files_and_registers_that_are_there() -> None:
    named = re.findall(r"`([\w/]+(?:/|\.\w+))`", RECIPES)
    assert len(named) > 8
    assert [name for name in named if "/" in name and not (ROOT / name).exists()] == []
    for register, path in (
        ("OUTCOMES", "model/observe/outcomes.py"),
        ("quantities_above", "model/observe/quantities.py"),
        ("_complete", "model/observe/quantities.py"),
        ("SHOWN", "notebooks/words.py"),
        ("TABLE", "tests/model/test_first_hop_sizes.py"),
        ("SIZES", "tests/model/test_levers_of_no_size.py"),
        ("NOBODY", "tests/model/test_bearers.py"),
        ("FIRST", "tests/model/lever_reach.py"),
        ("reads", "model/channels.py"),
        ("channel_value", "model/policy/reach.py"),
    ):
        assert f"`{register}`" in RECIPES or f"@{register}(" in RECIPES
        assert re.search(rf"^(def )?{register}\b", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    assert len(list((ROOT / "tests/golden").glob("*.csv"))) == 5


def test_recipes_say_how_many_files_they_take() -> None:
    rows = re.findall(r"^\| an? .+\|$", RECIPES, re.MULTILINE)
    assert len(rows) >= 10
    for row in rows:
        _, what, *cells, _ = row.split("|")
        for cell in cells:
            number, _, files = cell.strip().partition(":")
            named = re.findall(r"`([^`]+)`", files)
            assert int(number) == len(named) == len(set(named)), f"{what.strip()}:{cell}"
