"""The hash of the model: form leaves it alone, and whatever can move a result moves it."""

import ast
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun import model
from jiqun.experiments.runs.meaning import hash_of, meaning, text_hash

MODEL = Path(model.__file__).parent
SOURCES = {
    path.relative_to(MODEL).as_posix(): path.read_text("utf-8")
    for path in sorted(MODEL.rglob("*.py"))
}
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.USub: ast.UAdd,
}  # fmt: skip


def numbers(tree):
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool)
    ]


def defaults(tree):
    found = [node.args for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [(args.defaults, i) for args in found for i in range(len(args.defaults))]


def operators(tree):
    return [
        (node, "op")
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp) and type(node.op) in OPERATORS
    ] + [
        (node, "ops")
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS
    ]


def acting(name):
    """A module without what its type checker alone reads, where any change counts."""
    text = re.sub(r"if TYPE_CHECKING:\n(?:    .*\n|\n)+", "", SOURCES[name])
    return ast.parse(text)


TREES = {name: acting(name) for name in SOURCES}
CHANGED = {
    "number": [name for name, tree in TREES.items() if numbers(tree)],
    "default": [name for name, tree in TREES.items() if defaults(tree)],
    "operator": [name for name, tree in TREES.items() if operators(tree)],
}


@pytest.mark.parametrize("what", CHANGED)
@settings(max_examples=30)
@given(data=st.data())
def test_a_change_that_can_move_a_result_is_another_meaning(what, data):
    name = data.draw(st.sampled_from(CHANGED[what]))
    tree, before = acting(name), TREES[name]
    if what == "number":
        node = data.draw(st.sampled_from(numbers(tree)))
        # The smallest change that there is: of a whole number to a real one, or of a last digit.
        node.value = float(node.value) if type(node.value) is not float else node.value + 0.001
    elif what == "default":
        values, i = data.draw(st.sampled_from(defaults(tree)))
        values[i] = ast.Constant("another")
    else:
        node, part = data.draw(st.sampled_from(operators(tree)))
        if part == "op":
            node.op = OPERATORS[type(node.op)]()
        else:
            node.ops[0] = OPERATORS[type(node.ops[0])]()
    assert meaning(ast.unparse(tree)) != meaning(ast.unparse(before))


@pytest.mark.parametrize("name", SOURCES)
def test_comments_and_formatting_have_no_meaning(name):
    assert meaning(ast.unparse(ast.parse(SOURCES[name]))) == meaning(SOURCES[name])


@pytest.mark.parametrize("name", SOURCES)
def test_docstrings_and_annotations_of_functions_have_no_meaning(name):
    tree = ast.parse(SOURCES[name])
    # The arguments of a lambda have none.
    plain = {id(a) for n in ast.walk(tree) if isinstance(n, ast.Lambda) for a in ast.walk(n.args)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = f"Edited {random.random()}"
        if isinstance(node, ast.arg) and id(node) not in plain:
            node.annotation = None if node.annotation else ast.Name("Another")
        if isinstance(node, ast.FunctionDef):
            node.returns = None if node.returns else ast.Name("Another")
    assert meaning(ast.unparse(ast.fix_missing_locations(tree))) == meaning(SOURCES[name])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x: int = 1", "x = 1"),
        ("def f():\n    x: int = 1", "def f():\n    x = 1"),
        ("class A:\n    def f(self):\n        self.x: int = 1",
         "class A:\n    def f(self):\n        self.x = 1"),
        ("if TYPE_CHECKING:\n    import a\nx = 1", "x = 1"),
        ("if TYPE_CHECKING:\n    a = 1\nelse:\n    a = 2", "a = 2"),
        ("def f():\n    'What it does.'\n    return 1", "def f():\n    return 1"),
        ("x = 1\n'What it is.'", "x = 1"),
        ("x = u'a'", "x = 'a'"),
        ("x = ('a'\n     'b')", "x = 'ab'"),
    ],
)  # fmt: skip
def test_one_meaning(one, other):
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 1", "x = '1'"),
        ("x = 0.1", "x = 0.10000000000000002"),
        ("f(a, b)", "f(b, a)"),
        ("f(a)", "f(*a)"),
        ("f(a=1)", "f(b=1)"),
        ("x = [1, 2]", "x = [[1, 2]]"),
        ("x = a + b + c", "x = a + (b + c)"),
        ("def f(a, b=1): pass", "def f(a, *, b=1): pass"),
        ("x = y[1:]", "x = y[:1]"),
        ("return_ = None", "return_ = ()"),
        ("class A:\n    x: int", "class A:\n    x: float"),
        ("class A:\n    x: int\n    y: int", "class A:\n    y: int\n    x: int"),
        ("class A:\n    x: int = 1", "class A:\n    x = 1"),
        ("if True:\n    x = 1", "x = 1"),
        ("@a\ndef f(): pass", "@b\ndef f(): pass"),
    ],
)
def test_two_meanings(one, other):
    assert meaning(one) != meaning(other)


def test_the_hash_of_the_text_follows_all_but_the_ends_of_lines(tmp_path):
    file = tmp_path / "a.py"
    file.write_bytes(b"x = 1\ny = 2\n")
    before = text_hash(tmp_path)
    file.write_bytes(b"x = 1\r\ny = 2\r\n")
    assert text_hash(tmp_path) == before
    file.write_bytes(b"x = 1  # one\ny = 2\n")
    assert text_hash(tmp_path) != before


def test_the_names_of_files_count_and_other_files_do_not(tmp_path):
    (tmp_path / "a.py").write_text("x = 1", "utf-8")
    before = hash_of(tmp_path)
    (tmp_path / "notes.md").write_text("y", "utf-8")
    (tmp_path / "a.py").write_bytes(b'"""What it is."""\r\n\r\nx = 1  # one\r\n')
    assert hash_of(tmp_path) == before
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert hash_of(tmp_path) != before
