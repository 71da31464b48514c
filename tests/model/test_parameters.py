"""Every parameter of the table acts in the model, and the model asks for none that is not there."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from jiqun import model
from jiqun.model.economy.taxes import IncomeTaxRates
from jiqun.model.lever import Lever
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

MODULES = sorted(Path(model.__file__).parent.rglob("*.py"))
NAMES = {row.name for row in table("parameters")}
# Read by name and year; the year is put in at run time.
BY_YEAR = re.compile(r"(little_giant_(?:batch|share)_)\d{4}")


def _literals() -> frozenset[str]:
    """All string literals of the model, parsed once."""
    trees = [ast.parse(path.read_text("utf-8")) for path in MODULES]
    nodes = (node for tree in trees for node in ast.walk(tree))
    return frozenset(
        node.value for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )  # fmt: skip


LITERALS = _literals()
UNIT_COSTS = {cost.unit_cost for lever in declarations().values() for cost in lever.costs}
"""Parameters that costs name; `test_bearers.py` says that each is booked."""


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


class Watched(dict):
    """Parameters that note which of them are looked up."""

    def __init__(self, values, found):
        super().__init__(values)
        self.found = found

    def __getitem__(self, name):
        self.found.add(name)
        return super().__getitem__(name)


@pytest.fixture(scope="module")
def read(scenario, populate):
    """Names that a run with all levers looks up after its start, and drawn terms that it asks."""
    found, value = set(), Lever.value

    def watched(lever, term, quarter, absent=0.0):
        found.add(lever.drawn.get(term))
        return value(lever, term, quarter, absent)

    # A level that no cluster reaches, so that titles are at stake.
    of = replace(load("policy_to_date"), rows=600).with_draw({"appraisal_level": 100.0}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lever, "value", watched)
        run = model.ClusterPolicyModel(of, rng=1, population=populate(600))
        run.parameters = Watched(run.parameters, found)
        run.run_until_year(2025)
    return found


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_parameter_is_used(name, read):
    """By its own name, as a lever's drawn term or cost, or by a name put together in the code."""
    if by_year := BY_YEAR.fullmatch(name):
        assert by_year[1] in LITERALS
    else:
        assert name in LITERALS or name in read or name in UNIT_COSTS


@pytest.mark.parametrize("lever", declarations().values(), ids=lambda lever: lever.id)
def test_every_term_of_a_lever_is_asked_for(lever):
    """By name in the model, or as a field of the tax rates: none is declared and then ignored."""
    assert set(lever.terms) <= LITERALS | set(IncomeTaxRates.__annotations__)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_parameter_asked_for_exists(path):
    assert asked(path) <= NAMES


def test_the_model_asks_for_parameters_at_all():
    assert len(set().union(*(asked(path) for path in MODULES))) > 100
