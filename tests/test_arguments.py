"""Each public function of three or more arguments says in its docstring what each of them is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HELD = ("model", "experiments", "calibration")
# Packages whose docstrings do not hold it yet.
NOT_YET = ("scenarios", "notebooks", "jiqun")
MODULES = sorted(path for package in HELD for path in (ROOT / package).rglob("*.py"))
FEW = 3
# What explains itself: the object whose method it is, and the run that is handed to every stage.
UNSAID = frozenset({"self", "cls"})
RUN = "ClusterPolicyModel"


def functions(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Public functions of a module and methods of its public classes, by qualified name."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from functions(node.body, f"{within}{node.name}.")
            else:
                yield within + node.name, node


def told_elsewhere(function: ast.FunctionDef) -> bool:
    """Whether a base class, or the help of a command's options, documents the arguments."""
    decorators = {ast.unparse(each).partition("(")[0] for each in function.decorator_list}
    return bool(decorators & {"override", "overload"}) or any(
        each.endswith(".command") for each in decorators
    )


def arguments(function: ast.FunctionDef) -> list[str]:
    """Names of the arguments that a reader has to be told of."""
    a = function.args
    every = [*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg]
    return [
        each.arg
        for each in every
        if each is not None
        and each.arg not in UNSAID
        and not (each.annotation is not None and RUN in ast.unparse(each.annotation))
    ]


def described(docstring: str) -> set[str]:
    """Names with a text of their own in the section `Args:` of a docstring."""
    section = re.search(r"^Args:\n((?:[ ]+.*\n?|\n(?=[ ]))*)", docstring, flags=re.M)
    return set(re.findall(r"^ {4}\*{0,2}(\w+): *\S", section[1], re.M)) if section else set()


def undescribed(text: str) -> list[str]:
    """Arguments that no docstring explains, as `function: argument, argument`."""
    return [
        f"{qualified}: {', '.join(missing)}"
        for qualified, function in functions(ast.parse(text).body)
        if not told_elsewhere(function)
        and len(names := arguments(function)) >= FEW
        and (missing := [n for n in names if n not in described(ast.get_docstring(function) or "")])
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_functions_of_three_or_more_arguments_describe_each(path: Path) -> None:
    assert undescribed(path.read_text("utf-8")) == []


SIX = '''
def price(base: float, rise: float, level: float) -> float:
    """Price of energy.

    Args:
        base: Price of 2018, yuan a tce.
        {rise}

    Returns:
        level: Not an argument's text, as it stands in another section.
    """

class Ledger:
    def total(self, year: int, lever: str, *cells: int, **chosen: str) -> float:
        """Yuan under a lever."""

    def _kept(self, year: int, lever: str, cell: int) -> float: ...

    @override
    def get(self, year: int, lever: str, cell: int) -> float: ...

def stage(m: ClusterPolicyModel, lever: Lever, yuan: float) -> None: ...

@app.command("run")
def run(a: str, b: str, c: str) -> None: ...
'''


def test_argument_without_a_text_is_named() -> None:
    ledger = "Ledger.total: year, lever, cells, chosen"
    assert undescribed(SIX.format(rise="rise: Over other prices.")) == ["price: level", ledger]
    # A name alone tells nothing.
    assert undescribed(SIX.format(rise="rise:")) == ["price: rise, level", ledger]
