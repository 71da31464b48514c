"""Messages in the language asked for."""

import ast
import re
import string
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.model.quarter import QUARTER, YEAR_END
from jiqun.scenarios import ScenarioError, load, use_language
from jiqun.scenarios.errors import ALLOWED
from jiqun.scenarios.language import LOCALE, VARIABLE, catalogue, language, say

ROOT = Path(__file__).parents[2]
PACKAGES = ("scenarios", "calibration", "notebooks", "jiqun")
"""Packages whose messages come in both languages."""
PLACES = {"say": 0, "said_in": 1, "notice": 2}
"""Functions that take a template, and where it stands among their arguments."""
RAISED = {"error": 1, "ScenarioError": 3, "TableError": 3, "ReportError": 0, "PageError": 0}
"""Errors, and where the first text stands among what they are raised with."""
WRONG = "name: trial\nbaseline: as_issued\nlevers:\n  - id: digital_voucher\n    from: 2025\n"


def templates():
    found = set(ALLOWED.values())
    found |= {text for stage in (*QUARTER, *YEAR_END) for text in (stage.name, stage.sentence)}
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    told = re.compile("language import|PydanticCustomError")
    texts = [text for path in files if told.search(text := path.read_text("utf-8"))]
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Dict):
                found |= {
                    value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if getattr(key, "value", None) == "expected" and isinstance(value, ast.Constant)
                }
            place = PLACES.get(getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and place is not None and len(node.args) > place:
                given = node.args[place]
                found |= {given.value} if isinstance(given, ast.Constant) else set()
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "template":
                found.add(node.value.value)
    return found


def fields(template):
    return sorted((name, spec) for _, name, spec, _ in string.Formatter().parse(template) if name)


def test_every_template_has_its_chinese_one_with_the_same_fields():
    assert templates() == set(catalogue())
    for english, chinese in catalogue().items():
        assert fields(english) == fields(chinese), english


@pytest.mark.parametrize("name", [
    *(f"scenarios/{name}" for name in ("channels", "levers", "limits", "loader", "marks",
                                       "resolved", "schema", "structure", "tables",
                                       "yaml_file")),
    "calibration/actuals", "notebooks/render",
])  # fmt: skip
def test_no_refusal_is_written_past_the_catalogue(name):
    """Whatever an error is raised with is a name, or comes from `say`: no text in place."""
    tree = ast.parse((ROOT / f"{name}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
            continue
        called = node.exc.func
        kind = getattr(called, "attr", getattr(called, "id", ""))
        if kind not in RAISED:
            continue
        said = node.exc.args[RAISED[kind] :]
        texts = [
            part
            for part in said
            if isinstance(part, ast.JoinedStr)
            or (isinstance(part, ast.Constant) and " " in str(part.value))
        ]
        assert not texts, (name, node.lineno)


@pytest.fixture
def nowhere(monkeypatch):
    """No language is asked for."""
    for name in (VARIABLE, *LOCALE):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "en_GB"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", VARIABLE: "en"}, "en"),
        ({"LANG": "de_DE", VARIABLE: "zh"}, "zh"),
        ({"LANG": "de_DE", VARIABLE: "fr"}, "en"),
    ],
)
def test_the_language_is_that_of_the_variable_or_the_locale(nowhere, given, expected):
    for name, value in given.items():
        nowhere.setenv(name, value)
    assert language() == expected


def test_the_language_can_be_set_from_python(nowhere):
    nowhere.setenv(VARIABLE, "en")
    use_language("zh")
    assert say("is missing") == "缺失"
    with pytest.raises(ValueError, match="zh, en"):
        use_language("de")


def test_a_refusal_in_chinese_keeps_names_and_places(nowhere, tmp_path):
    nowhere.setenv(VARIABLE, "zh")
    path = tmp_path / "trial.yaml"
    path.write_text(WRONG, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}:5: levers[0].from: 不允许 2025；允许：如 2024-Q1；示例：from: 2025-Q1"
    )


@pytest.mark.parametrize(("lang", "said"), [("zh", "不允许 2025"), ("en", "2025 is not allowed")])
def test_the_command_line_takes_the_language_first(nowhere, tmp_path, lang, said):
    nowhere.setenv(VARIABLE, "en")
    path = tmp_path / "trial.yaml"
    path.write_text(WRONG, "utf-8")
    done = CliRunner().invoke(app, ["--lang", lang, "check", str(path)], prog_name="jiqun")
    assert done.exit_code == 2
    assert said in done.stderr
