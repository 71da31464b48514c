"""What a reader of a wrong file is told: where it is wrong, and what would be right."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from jiqun.scenarios.language import catalogue, language, say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class InputError(ValueError):
    """A file that cannot be used as it stands.

    Attributes:
        file: The file that is wrong.
        line: Line in it, counted from 1, or None where the file as a whole is wrong.
        key: Key or column that is wrong, such as ``levers[0].cap.unit``; empty for the whole file.
        problem: What is wrong.
        allowed: What is allowed there, or an empty string.
        nearest: The nearest valid name, or None.
        example: A line that would be right, or an empty string.
    """

    def __init__(
        self,
        file: Path | str,
        line: int | None,
        key: str,
        problem: str,
        allowed: str = "",
        nearest: str | None = None,
        example: str = "",
    ) -> None:
        # All go to the base class, so that the error survives the way out of a worker process.
        super().__init__(str(file), line, key, problem, allowed, nearest, example)
        self.file = str(file)
        self.line = line
        self.key = key
        self.problem = problem
        self.allowed = allowed
        self.nearest = nearest
        self.example = example

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"]
        if self.allowed:
            parts.append(say("allowed: {allowed}", allowed=self.allowed))
        if self.nearest:
            parts.append(say("nearest: {nearest}", nearest=self.nearest))
        if self.example:
            parts.append(say("example: {example}", example=self.example))
        return ("；" if language() == "zh" else "; ").join(parts)


class ScenarioError(InputError):
    """A scenario or lever file that is wrong."""


class TableError(InputError):
    """A data table that does not follow its schema."""


def nearest_name(name: str, valid: Iterable[str]) -> str | None:
    """The valid name a misspelt one most likely meant, or None if none is near."""
    names = [str(item) for item in valid]
    found = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    found += [item for item in names if len(name) > 1 and name.lower() in item.lower()]
    return found[0] if found else None


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names as one text, cut where there are too many to read."""
    every = list(names)
    return ", ".join(every[:most]) + (", ..." if len(every) > most else "")


ALLOWED = {
    "model_type": "a mapping of keys and values",
    "dict_type": "a mapping of keys and values",
    "list_type": "a list",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "string_pattern_mismatch": "small letters, digits and _, beginning with a letter",
    "finite_number": "a finite number",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "greater than or equal to {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "less than or equal to {le}",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
}
"""Type of a refusal of Pydantic to what is allowed; its own words in English for any other."""


def allowed_by(error: Any) -> str:
    """What is allowed where Pydantic refuses a value, in the language of messages."""
    context = error.get("ctx", {})
    if "expected" in context:
        expected = str(context["expected"])
        return say(expected) if expected in catalogue() else expected
    if error["type"] in ALLOWED:
        return say(ALLOWED[error["type"]], **context)
    return str(error["msg"]).removeprefix("Input should be ")
