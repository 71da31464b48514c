"""Each public function of three or more arguments says in its docstring what each of them is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("model", "scenarios", "experiments", "calibration", "notebooks", "jiqun")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FEW = 3


def functions(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Public functions of a module and methods of its public classes, by qualified name."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from functions(node.body, f"{within}{node.name}.")
            else:
                yield within + node.name, node


def shared_options() -> frozenset[str]:
    """Names that the command line gives to options with a help text, such as `Json`."""
    tree = ast.parse((ROOT / "jiqun/cli/options.py").read_text("utf-8"))
    return frozenset(
        ast.unparse(node.targets[0])
        for node in tree.body
        if isinstance(node, ast.Assign) and "help=" in ast.unparse(node.value)
    )


OPTIONS = shared_options()


def arguments(function: ast.FunctionDef) -> list[str]:
    """Names of the arguments that a reader has to be told of.

    The run goes to every stage, and an option with a help text has been told of there.
    """
    a = function.args
    every = [*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg]
    typed = [
        (each.arg, ast.unparse(each.annotation) if each.annotation else "")
        for each in every
        if each is not None and each.arg not in ("self", "cls")
    ]
    return [
        argument
        for argument, kind in typed
        if kind != "ClusterPolicyModel" and "help=" not in kind and kind not in OPTIONS
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
        if len(names := arguments(function)) >= FEW
        and (missing := [n for n in names if n not in described(ast.get_docstring(function) or "")])
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_functions_of_three_or_more_arguments_describe_each(path: Path) -> None:
    assert undescribed(path.read_text("utf-8")) == []


SOURCE = '''
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

def stage(m: ClusterPolicyModel, lever: Lever, yuan: float) -> None: ...

@app.command()
def run(name: Annotated[str, typer.Argument(help="File.")], rows: int, as_json: Json) -> None: ...

@app.command()
def check(name: Annotated[str, typer.Argument()], rows: int, out: Path, as_json: Json) -> None: ...
'''


def test_argument_without_a_text_is_named() -> None:
    others = ["Ledger.total: year, lever, cells, chosen", "check: name, rows, out"]
    assert undescribed(SOURCE.format(rise="rise: Over other prices.")) == ["price: level", *others]
    # A name alone tells nothing.
    assert undescribed(SOURCE.format(rise="rise:")) == ["price: rise, level", *others]
