"""Settings of a sweep: which values of which terms of a scenario are tried together.

What is set is written as in a question (`scenarios.question`), with several values for one:
``lever.term=40%,50%``, ``lever*0.5,2``, ``lever=on``. A value that is left out, as in
``lever.term=,50%``, leaves the scenario as it is. Between the ends of a range, as in
``lever.term=20%..60%``, a Latin hypercube draws values: each of N equal parts of every range is
hit once. A file has a column for each term and a row for each setting.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import product
from math import log10
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import qmc

from jiqun.scenarios.errors import ScenarioError, TableError
from jiqun.scenarios.language import say
from jiqun.scenarios.question import AMOUNT, PART, ask, plain
from jiqun.scenarios.spreadsheet import how_to_save, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.question import Question

MOST = 1_000
"""Most settings of a sweep."""
SEED = 20231201
"""Of the Latin hypercube: the same points each time, so that a sweep can go on."""
DIGITS = 4
"""Significant digits of a value that is drawn: names and tables show all of them."""
GRAMMAR = "lever.term=40%,50%, lever*0.5,2, lever=off; lever.term=20%..60% (--design lhs:N)"
DELIMITERS = ",;\t"

_RANGE = re.compile(r"(?P<low>.+?)\s*(?:\.\.|~)\s*(?P<high>.+)")
_HEAD = re.compile(r"(?P<what>[^*]+?)\s*(?P<times>\*)?\s*(?:\((?P<unit>[^()]+)\))?")


@dataclass(frozen=True)
class Axis:
    """What is set, and to what.

    Attributes:
        what: Lever, or lever and term.
        sign: `*` or `=`, as in a question.
        values: The values as written; "" leaves the scenario as it is.
        ends: Lower and upper end of a range, in `unit`; None where values are listed.
        unit: Unit of the ends.
    """

    what: str
    sign: str
    values: tuple[str, ...] = ()
    ends: tuple[float, float] | None = None
    unit: str = ""

    @property
    def name(self) -> str:
        """What is set, as a column of a table is called."""
        return self.what + self.sign.replace("=", "")

    def at(self, place: float) -> str:
        """The value at a place from 0 to 1 between the ends, or in the list."""
        if self.ends is None:
            return self.values[int(place * len(self.values))]
        low, high = self.ends
        value = low + place * (high - low)
        places = DIGITS - 1 - (int(np.floor(log10(abs(value)))) if value else 0)
        number = min(max(round(value, places), low), high)
        return f"{np.format_float_positional(number, trim='-')}{self.unit}"


@dataclass(frozen=True)
class Setting:
    """One setting of a sweep.

    Attributes:
        values: What is set (`Axis.name`) to its value as written; "" where it is as it is.
        question: The scenario that it makes.
    """

    values: Mapping[str, str]
    question: Question


def axis(text: str) -> Axis:
    """What an option sets.

    Args:
        text: As ``lever.term=40%,50%``.

    Raises:
        ScenarioError: It is none of `GRAMMAR`.
    """
    found = PART.fullmatch(plain(text))
    if not found:
        raise ScenarioError(text, None, "", say("sets nothing"), GRAMMAR)
    what, sign, value = found["what"], found["sign"], found["value"]
    if not (between := _RANGE.fullmatch(value)):
        values = tuple(each.strip() for each in value.split(","))
        if len(set(values)) < len(values):
            raise ScenarioError(text, None, "", say("is set twice"), say("once"))
        return Axis(what, sign, values)
    low, high = (AMOUNT.fullmatch(between[end]) for end in ("low", "high"))
    if not low or not high or low["unit"] not in (None, high["unit"]):
        problem = say("{value} is no range", value=repr(value))
        raise ScenarioError(text, None, "", problem, GRAMMAR)
    ends = float(low["number"]), float(high["number"])
    if ends[0] >= ends[1]:
        problem = say("{value} is no range", value=repr(value))
        raise ScenarioError(text, None, "", problem, say("the lower end first"))
    return Axis(what, sign, ends=ends, unit=high["unit"] or "")


def grid(axes: Sequence[Axis]) -> list[dict[str, str]]:
    """Every value of each with every value of the others.

    Raises:
        ScenarioError: One is a range, one thing is set by two of them, or they are too many.
    """
    for each in axes:
        if each.ends is not None:
            problem = say("a range has no values of its own")
            raise ScenarioError(each.name, None, "", problem, "--design lhs:N")
    _refuse_twice(axes)
    _refuse_many(int(np.prod([float(len(each.values)) for each in axes])))
    names = [each.name for each in axes]
    cells = product(*(each.values for each in axes))
    return [dict(zip(names, cell, strict=True)) for cell in cells]


def hypercube(axes: Sequence[Axis], number: int) -> list[dict[str, str]]:
    """Settings of a Latin hypercube; of listed values each is taken about as often.

    Args:
        axes: What is set; ranges or lists.
        number: How many settings.

    Raises:
        ScenarioError: One thing is set by two axes, or the settings are too many.
    """
    _refuse_twice(axes)
    _refuse_many(number)
    places = qmc.LatinHypercube(len(axes), rng=np.random.default_rng(SEED)).random(number)
    return [
        {each.name: each.at(float(place)) for each, place in zip(axes, row, strict=True)}
        for row in places
    ]


def of_file(path: Path) -> dict[int, dict[str, str]]:
    """Settings from a table: a column for each term, a row for each setting.

    The head of a column is ``lever.term``, ``lever*`` or ``lever``; a unit in brackets after it is
    that of numbers without one. An empty cell leaves the scenario as it is.

    Args:
        path: A CSV file.

    Returns:
        Line to what is set to what.

    Raises:
        TableError: The file cannot be read, or a line has too many or too few cells.
    """
    rows = _rows(path)
    line, head = next(rows, (1, []))
    columns = _columns(path, line, head)
    found: dict[int, dict[str, str]] = {}
    for line, cells in rows:
        if len(cells) > len(columns):
            raise TableError(path, line, "", say("has more cells than columns"))
        if len(cells) < len(columns):
            raise TableError(path, line, "", say("has fewer cells than columns"))
        found[line] = {
            name: _with_unit(cell, unit)
            for (name, unit), cell in zip(columns.items(), cells, strict=True)
        }
    if not found:
        raise TableError(path, 1, "", say("sets nothing"), say("at least one row under the head"))
    _refuse_many(len(found))
    return found


def asked(
    rows: Mapping[int, Mapping[str, str]], on: Scenario, folder: Path, file: Path | None = None
) -> list[Setting]:
    """The scenarios of settings; one in which nothing is set is left out.

    Args:
        rows: Number of a setting, its line in a file, to what is set to what.
        on: Scenario that they are laid over, and compared with.
        folder: Folder that has the file of that scenario.
        file: The file that they were read from.

    Raises:
        ScenarioError: A value that a question would be refused for, or two settings of one name.
        TableError: The same, of settings from a file.
    """
    found: dict[str, Setting] = {}
    for number, row in rows.items():
        line = "; ".join(
            f"{name}{value}" if name.endswith("*") else f"{name}={value}"
            for name, value in row.items()
            if value
        )
        if not line:
            continue
        try:
            question = ask(line, on, folder)
            if question.scenario.name in found:
                problem = say("two settings have the name {name}", name=question.scenario.name)
                raise ScenarioError(line, None, "", problem, say("a name of its own"))
        except ScenarioError as error:
            if file is None:
                raise
            key, told = error.key or line, (error.problem, error.allowed, error.nearest)
            raise TableError(file, number, key, *told) from error
        found[question.scenario.name] = Setting(row, question)
    if not found:
        raise ScenarioError(file or on.name, None, "", say("sets nothing"), GRAMMAR)
    return list(found.values())


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows of a table with their lines, in plain characters; rows of nothing are passed over."""
    text = text_of(path)
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=head.count), strict=True
    )
    try:
        for row in reader:
            cells = [plain(cell) for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        problem = say("broken CSV: {error}", error=error)
        raise TableError(path, reader.line_num, "", problem, how_to_save()) from error


def _columns(path: Path, line: int, head: Sequence[str]) -> dict[str, str]:
    """What each column sets, and the unit of its numbers; "" if they have their own."""
    found: dict[str, str] = {}
    for cell in head:
        column = _HEAD.fullmatch(cell)
        if not column:
            raise TableError(path, line, cell, say("sets nothing"), "lever.term, lever*, lever")
        name = column["what"] + (column["times"] or "")
        if name in found:
            raise TableError(path, line, name, say("column is named twice"))
        found[name] = column["unit"] or ""
    return found


def _with_unit(cell: str, unit: str) -> str:
    amount = AMOUNT.fullmatch(cell)
    return f"{cell}{unit}" if amount and not amount["unit"] else cell


def _refuse_twice(axes: Sequence[Axis]) -> None:
    names = [each.name for each in axes]
    for name in names:
        if names.count(name) > 1:
            raise ScenarioError(name, None, "", say("is set twice"), say("once"))


def _refuse_many(number: int) -> None:
    if number > MOST:
        problem = say("{count} settings are too many", count=number)
        raise ScenarioError("sweep", None, "", problem, say("{most} at most", most=MOST))
