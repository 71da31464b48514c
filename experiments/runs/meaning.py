"""What Python sources do, whatever they look like: the hash that versions of the model go by.

Left out, because no result can depend on it: comments and formatting; docstrings and other bare
constants; annotations of arguments, of returned values, and of variables of modules and functions;
what stands under ``if TYPE_CHECKING``. Annotations in the body of a class are kept, because they
act: they declare the fields of a dataclass and the columns of the enterprises. Names are kept as
well, those of files and of variables included.
"""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def hash_of(folder: Path) -> str:
    """Hash of what the modules of a folder and of those below it do.

    Args:
        folder: Folder of a package.

    Returns:
        20 hexadecimal digits, which do not depend on the version of Python.

    Raises:
        SyntaxError: A module is not Python.
    """
    return _joined((name, meaning(text)) for name, text in _modules(folder))


def text_hash(folder: Path) -> str:
    """Hash of the text of the modules of a folder and of those below it, whatever its line ends.

    It costs a hundredth of `hash_of`, which parses.

    Args:
        folder: Folder of a package.
    """
    return _joined(_modules(folder))


def _modules(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")


def _joined(modules: Iterable[tuple[str, str]]) -> str:
    content = hashlib.sha256()
    for name, text in modules:
        content.update(name.encode())
        content.update(text.encode())
    return content.hexdigest()[:20]


def meaning(source: str) -> str:
    """What a module does, as text: equal for sources that differ in form alone.

    Args:
        source: Text of a module.

    Raises:
        SyntaxError: It is not Python.
    """
    return _text(_Acting().visit(ast.parse(source)))


class _Acting(ast.NodeTransformer):
    """Takes what does not act out of a syntax tree."""

    def __init__(self) -> None:
        self._in_class = False

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._scope(node, in_class=True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._scope(node, in_class=False)

    def _scope(self, node: ast.AST, *, in_class: bool) -> ast.AST:
        outside, self._in_class = self._in_class, in_class
        self.generic_visit(node)
        self._in_class = outside
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if not self._in_class and node.value is not None:
            return self.generic_visit(ast.Assign([node.target], node.value))
        if not self._in_class:
            node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        known = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        node.body = [] if known else node.body
        self.generic_visit(node)
        return node.orelse if known else node


def _text(node: object) -> str:
    """A tree as text. `ast.dump` would do, but writes otherwise from one Python to the next."""
    if isinstance(node, list):
        return f"[{','.join(map(_text, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    # What is empty is left out, as Pythons differ in what of it a node has; a `kind` is the `u` of
    # a string.
    parts = (
        f"{name}={_text(value)}"
        for name, value in ast.iter_fields(node)
        if value is not None and value != [] and name != "kind"
    )
    return f"{type(node).__name__}({','.join(parts)})"
