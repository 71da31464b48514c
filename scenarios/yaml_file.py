"""Reading YAML that came from anywhere: plain data, with the line of every key.

Only mappings, lists, texts, numbers, true, false and null are read. Aliases, tags, duplicate keys,
deep nesting, large or binary files are refused, so a file can neither run code nor grow in memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scenarios.errors import ScenarioError, nearest_name

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """

    path: Path
    data: Any
    lines: dict[Key, int]

    def line(self, key: Key) -> int:
        """Line of a key, or of the nearest key above it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def error(
        self, key: Key, problem: str, allowed: str = "", nearest: str | None = None
    ) -> ScenarioError:
        """An error at a key of this file."""
        return ScenarioError(self.path, self.line(key), dotted(key), problem, allowed, nearest)


def dotted(key: Key) -> str:
    """A key path as people write it, such as ``levers[0].cap.unit``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Refused(yaml.MarkedYAMLError):
    """Something YAML allows and these files do not."""


class _Loader(yaml.SafeLoader):
    """Composes nodes without aliases and without the surprises of YAML 1.1 (yes, no, dates)."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (the base class has it so)
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                problem="anchors and aliases are not read", problem_mark=event.start_mark
            )
        if getattr(event, "tag", None) is not None:
            raise _Refused(
                problem=f"tags such as {event.tag} are not read", problem_mark=event.start_mark
            )
        if self.depth >= MAX_DEPTH:
            raise _Refused(
                problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=event.start_mark
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
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", _pattern, ["" if c == "\0" else c for c in _first]
    )


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
        allowed = f"a YAML file, or one of {', '.join(shipped)}"
        near = nearest_name(str(name_or_path), shipped)
        raise ScenarioError(name_or_path, None, "", "no such specification", allowed, near)
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
    text = _text(path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        raise ScenarioError(
            path, mark.line + 1 if mark else None, "", f"not a plain YAML file: {problem}",
            "one document of keys and values, without tags, anchors and aliases",
        ) from error  # fmt: skip
    finally:
        loader.dispose()
    if node is None or node.tag.endswith(":null"):
        raise ScenarioError(path, 1, "", "the file is empty", "a scenario with at least a name")
    lines: dict[Key, int] = {}
    return Document(path, _plain(path, node, (), lines), lines)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScenarioError(path, None, "", "the file is too large", f"{MAX_BYTES} bytes")
        raw = path.read_bytes()
    except OSError as error:
        raise ScenarioError(path, None, "", f"cannot be read: {error.strerror}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ScenarioError(path, line, "", "not a text file", "UTF-8 text") from error
    odd = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        problem = f"not a text file: character {odd.group()!r}"
        raise ScenarioError(path, line, "", problem, "UTF-8 text")
    return text


def _plain(path: Path, node: yaml.Node, key: Key, lines: dict[Key, int]) -> Any:
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, item, (*key, i), lines) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for name_node, value in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, yaml.ScalarNode):
                raise ScenarioError(path, line, dotted(key), "a key must be a plain name")
            name = str(name_node.value)
            below = (*key, name)
            if name in found:
                raise ScenarioError(
                    path, line, dotted(below), "duplicate key", f"once (line {lines[below]})"
                )
            lines[below] = line
            found[name] = _plain(path, value, below, lines)
        return found
    return _scalar(node)


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
        return float(re.sub(r"\.(inf|nan)", r"\1", text.lower()))
    return text
