"""Reading YAML that came from anywhere: plain data, with the line of every key.

Only mappings, lists, texts, numbers, true, false and null are read. Aliases, tags, duplicate keys,
deep nesting, large or binary files are refused, so a file can neither run code nor grow in memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml._yaml import CParser
from yaml.composer import Composer
from yaml.resolver import BaseResolver

from jiqun.scenarios import marks
from jiqun.scenarios.errors import ScenarioError, listed, nearest_name
from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jiqun.scenarios.marks import Cause

MAX_BYTES = 256 * 1024
"""Largest scenario file read; the shipped ones have a few thousand bytes."""
MAX_DEPTH = 12
"""Deepest nesting read; the schema needs seven levels."""

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A file as plain data.

    Attributes:
        path: The file.
        data: Its content.
        lines: Line of each key or list item, by its path from the root.
        numbers: Text of each number as written, by its path from the root.
    """

    path: Path
    data: Any
    lines: dict[Key, int]
    numbers: dict[Key, str] = field(default_factory=dict)

    def number(self, key: Key, value: float) -> float | Decimal:
        """A number to all the digits it was written with; `value` where there is no text of it."""
        return Decimal(self.numbers[key]) if key in self.numbers else value

    def line(self, key: Key) -> int:
        """Line of a key, or of the nearest key above it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def error(
        self, key: Key, problem: str, allowed: str = "", nearest: str | None = None,
        example: str = "",
    ) -> ScenarioError:  # fmt: skip
        """An error at a key of this file.

        Args:
            key: Key in the file, for its line.
            problem: What is wrong.
            allowed: What may stand there.
            nearest: Known name that is nearest to what stands there; None if none is near.
            example: An entry that would do.
        """
        return ScenarioError(
            self.path, self.line(key), dotted(key), problem, allowed, nearest, example
        )

    def check_names(
        self, key: Key, given: str | Iterable[str], valid: Iterable[str], below: str = ""
    ) -> None:
        """Refuse a name that is unknown or there twice.

        Args:
            key: Key of the name, or of the list of names.
            given: The name, or the names.
            valid: Names that are allowed.
            below: Key of the name in an item of the list.

        Raises:
            ScenarioError: A name is unknown or named twice.
        """
        if isinstance(given, str):
            named = [(key, given)]
        else:
            end = (below,) if below else ()
            named = [((*key, i, *end), name) for i, name in enumerate(given)]
        known, seen = list(valid), set[str]()
        for at, name in named:
            if name not in known:
                problem = say("unknown name {given}", given=repr(name))
                raise self.error(at, problem, listed(known), nearest_name(name, known))
            if name in seen:
                raise self.error(at, say("{name} is named twice", name=name), say("once"))
            seen.add(name)


def dotted(key: Key) -> str:
    """A key path as people write it, such as ``levers[0].cap.unit``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Refused(yaml.MarkedYAMLError):
    """Something YAML allows and these files do not."""


class _Plain(Composer, BaseResolver):
    """Composes nodes without aliases and without the surprises of YAML 1.1 (yes, no, dates)."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (the base class has it so)
    depth = 0
    peek_event: Callable[[], Any]

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                problem=say("anchors and aliases are not read"), problem_mark=event.start_mark
            )
        if getattr(event, "tag", None) is not None:
            raise _Refused(
                problem=say("tags such as {tag} are not read", tag=event.tag),
                problem_mark=event.start_mark,
            )
        if self.depth >= MAX_DEPTH:
            raise _Refused(
                problem=say("nested deeper than {levels} levels", levels=MAX_DEPTH),
                problem_mark=event.start_mark,
            )
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_SCALARS = (
    ("null", re.compile(r"(?:~|null|)$"), "~n\0"),
    ("bool", re.compile(r"(?:true|false)$"), "tf"),
    ("int", re.compile(r"[-+]?[0-9]+$"), "-+0123456789"),
    (
        "float",
        re.compile(
            r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"
            r"|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
        ),
        "-+.0123456789",
    ),
)
for _name, _pattern, _first in _SCALARS:
    _Plain.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", _pattern, ["" if c == "\0" else c for c in _first]
    )


class _Fast(_Plain, CParser):
    """Scans in C."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        BaseResolver.__init__(self)


class _Loader(_Plain, yaml.SafeLoader):
    """Scans in Python, which is slow and says better what is wrong."""


def find_specification(name_or_path: str | Path, folder: Path, shipped: Sequence[str]) -> Path:
    """File of a specification: one that comes with the project, by name, or any other.

    Args:
        name_or_path: Its name, or a YAML file.
        folder: Folder of those that come with the project.
        shipped: Their names.

    Raises:
        ScenarioError: There is none of this name.
    """
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1 or path.is_file():
        return path
    if str(name_or_path) not in shipped:
        allowed = say("a YAML file, or one of {names}", names=", ".join(shipped))
        near = nearest_name(str(name_or_path), shipped)
        raise ScenarioError(name_or_path, None, "", say("no such specification"), allowed, near)
    return folder / f"{name_or_path}.yaml"


def read_yaml(path: Path) -> Document:
    """Read a YAML file as plain data.

    Args:
        path: The file.

    Returns:
        Its content, with the line of every key.

    Raises:
        ScenarioError: The file is missing, too large, binary, empty or not plain YAML.
    """
    return parse_yaml(path, _text(path))


def parse_yaml(path: Path, text: str) -> Document:
    """A YAML text as plain data, as if it stood in a file.

    Args:
        path: The file, for messages.
        text: The text.

    Raises:
        ScenarioError: It is empty or not plain YAML.
    """
    for number, each in enumerate(text.splitlines(), 1):
        if cause := marks.of_any_line(each):
            raise _refused(path, number, "", cause)
    try:
        node = _node(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        problem = error.problem or error.context or say("cannot be read")
        if better := _cause_at(path, text, line, problem):
            raise better from error
        raise ScenarioError(
            path, line, "", say("not a plain YAML file: {problem}", problem=problem),
            say("one document of keys and values, without tags, anchors and aliases"),
        ) from error  # fmt: skip
    if node is None or node.tag.endswith(":null"):
        problem, allowed = say("the file is empty"), say("a scenario with at least a name")
        raise ScenarioError(path, 1, "", problem, allowed)
    read = Document(path, None, {})
    if isinstance(node, yaml.ScalarNode) and (cause := marks.of_line(text.lstrip().split("\n")[0])):
        raise _refused(path, node.start_mark.line + 1, "", cause)
    return Document(path, _plain(read, node, ()), read.lines, read.numbers)


def _node(text: str) -> yaml.Node | None:
    """The root of a document."""
    try:
        return _Fast(text).get_single_node()
    except yaml.YAMLError:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()


def _refused(path: Path, line: int, key: str, cause: Cause) -> ScenarioError:
    """The error of a cause."""
    key = key or cause.key
    return ScenarioError(path, line, key, cause.problem, cause.allowed, None, cause.example)


def _cause_at(path: Path, text: str, line: int | None, problem: str) -> ScenarioError | None:
    """What people type that YAML stumbles over, in a line or the one before it."""
    exact = "block end" in problem or "cannot start any token" in problem
    lines = text.splitlines()
    for number in (line, line - 1)[: 1 if exact else 2] if line else ():
        cause = marks.of_line(lines[number - 1]) if 0 < number <= len(lines) else None
        if cause:
            return _refused(path, number, "", cause)
    return None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            problem = say("the file is too large")
            allowed = say("{number} bytes", number=MAX_BYTES)
            raise ScenarioError(path, None, "", problem, allowed)
        raw = path.read_bytes()
    except OSError as error:
        problem = say("cannot be read: {reason}", reason=error.strerror)
        raise ScenarioError(path, None, "", problem) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(path, line, "", marks.of_bytes(raw)) from error
    odd = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        problem = say("not a text file: character {character}", character=repr(odd.group()))
        raise ScenarioError(path, line, "", problem, say("UTF-8 text"))
    return text


_THOUSAND = re.compile(r"\d{3}(?:\.\d+)?")


def _plain(read: Document, node: yaml.Node, key: Key) -> Any:
    """A node as plain data; lines and texts of numbers are noted on the way."""
    read.lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(read, item, (*key, i)) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(read, node, key)
    if cause := marks.of_value(str(node.value), key):
        raise read.error(key, cause.problem, cause.allowed, None, cause.example)
    value = _scalar(node)
    if isinstance(value, int | float) and not isinstance(value, bool):
        read.numbers[key] = _digits(str(node.value))
    return value


def _mapping(read: Document, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
    found: dict[str, Any] = {}
    before: tuple[Key, Any] = key, None
    for place, (name_node, value) in enumerate(node.value):
        line = name_node.start_mark.line + 1
        if not isinstance(name_node, yaml.ScalarNode):
            problem = say("a key must be a plain name")
            raise ScenarioError(read.path, line, dotted(key), problem)
        name = str(name_node.value)
        below = (*key, name)
        if cause := marks.of_key(name):
            raise _refused(read.path, line, cause.key or dotted(below), cause)
        _refuse_commas(read, node.value[place:], before, in_braces=bool(node.flow_style))
        if name in found:
            problem = say("duplicate key")
            allowed = say("once (line {line})", line=read.lines[below])
            raise ScenarioError(read.path, line, dotted(below), problem, allowed)
        read.lines[below] = line
        found[name] = _plain(read, value, below)
        before = below, found[name]
    return found


def _refuse_commas(
    read: Document, rest: Sequence[tuple[yaml.Node, yaml.Node]], before: tuple[Key, Any],
    *, in_braces: bool,
) -> None:  # fmt: skip
    """Refuse what a comma parts: ``{value: 1,000}`` is a key 000 after the value 1 in YAML.

    Args:
        read: The file.
        rest: The keys that are left of a mapping, with their values.
        before: The key before them, and its value.
        in_braces: Whether the mapping is written in braces.
    """
    key, first = before
    parts = [
        str(name.value)
        for name, value in takewhile(
            lambda pair: pair[1].start_mark.index == pair[1].end_mark.index, rest
        )
    ]
    if not parts or isinstance(first, bool):
        return
    thousands = list(takewhile(_THOUSAND.fullmatch, parts))
    if isinstance(first, int) and thousands:
        given = ",".join([str(first), *thousands])
        raise read.error(key, marks.thousands(given).problem)
    if in_braces and isinstance(first, str) and key[-1:] in (("zh",), ("en",)):
        problem = say("a comma inside a text: {text}", text=", ".join([first, *parts]))
        example = f'{key[-1]}: "{", ".join([first, *parts])}"'
        raise read.error(key, problem, say("the whole text in quotes"), None, example)


def _digits(text: str) -> str:
    """A number as Python's decimals read it."""
    return re.sub(r"\.(inf|nan)", r"\1", text.lower())


def _scalar(node: Any) -> Any:
    kind = node.tag.rpartition(":")[2]
    text = str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text == "true"
    if kind == "int":
        return int(text) if len(text) < 40 else float(text)
    if kind == "float":
        return float(_digits(text))
    return text
