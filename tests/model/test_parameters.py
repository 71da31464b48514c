"""Every parameter of the table acts in the model, and the model asks for none that is not there."""

import ast
import re
from pathlib import Path

import pytest

import model
from scenarios.tables import table

MODULES = sorted(Path(model.__file__).parent.glob("*.py"))
NAMES = {row.name for row in table("parameters")}
# Read by name and year; the year is put in at run time.
BY_YEAR = re.compile(r"little_giant_batch_\d{4}")


def texts(path: Path) -> set[str]:
    """All string literals of a module."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def asked(path: Path) -> set[str]:
    """Names that a module looks up in a mapping of parameters."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)):
            continue
        holder = ast.unparse(node.value)
        if holder == "p" or holder.endswith("parameters"):
            found.add(node.slice.value)
    return found


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_parameter_is_used(name):
    literals = set().union(*(texts(path) for path in MODULES))
    if BY_YEAR.fullmatch(name):
        assert "little_giant_batch_" in literals
    else:
        assert name in literals


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_parameter_asked_for_exists(path):
    assert asked(path) <= NAMES


def test_the_model_asks_for_parameters_at_all():
    assert len(set().union(*(asked(path) for path in MODULES))) > 100
