"""Figures that were published later, from a table of the reader's own.

Spreadsheets save tables in many ways. What can mean only one thing is read: a mark at the start,
the Chinese encodings, semicolons or tabs between cells, Chinese column names, thousands separators,
a per cent sign beside the unit %. What could mean two things is refused, with how to save the file.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from typing import TYPE_CHECKING

from jiqun.calibration.backtest.data import LAST, ORIGIN, UNITS, Published, all_series
from jiqun.scenarios.errors import TableError, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.spreadsheet import how_to_save, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from jiqun.calibration.backtest.data import Series

COLUMNS = {"indicator": "指标", "year": "年份", "value": "数值", "unit": "单位", "scope": "范围"}
"""Columns of the file, and their Chinese names."""
DELIMITERS = ",;\t"
JUMP = 200.0
"""Times by which a later figure may differ from the last one known; a point for a separator of
thousands makes a thousand, a unit of the other kind ten thousand."""
GROUPED = re.compile(r"[+-]?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
"""A number with separators of thousands."""


def read_actuals(path: Path) -> list[Published]:
    """Read figures that were published later.

    Args:
        path: A CSV file with the columns indicator, year, value, unit, scope.

    Raises:
        TableError: The file is wrong; the message names file, line, column, what is allowed and
            the nearest valid name.
    """
    text = text_of(path)
    delimiter = _delimiter(path, text)
    found: list[Published] = []
    seen: dict[tuple[str, int], int] = {}
    for line, cells in _records(path, text, delimiter):
        figure = _figure(path, line, cells, points=delimiter == ",")
        same = seen.setdefault((figure.indicator, figure.year), line)
        if same != line:
            problem = say("the same figure as in line {line}", line=same)
            raise TableError(path, line, "indicator", problem, say("one row a series and year"))
        found.append(figure)
    if not found:
        allowed = say("at least one row under the head")
        raise TableError(path, 1, "", say("holds no figures"), allowed)
    return found


def _columns() -> str:
    """The columns by both of their names."""
    return ", ".join(f"{en} ({zh})" for en, zh in COLUMNS.items())


def _delimiter(path: Path, text: str) -> str:
    """What stands between cells, by the head: that which the most known columns come of."""
    head, *others = text.lstrip().split("\n")
    known = _known_columns(head)
    best = max(known, key=lambda mark: known[mark])
    if not known[best]:
        for place, line in enumerate(others[:8], 2):
            if max(_known_columns(line).values()) == len(COLUMNS):
                problem = say("the head stands in line {line}", line=place)
                raise TableError(path, 1, "", problem, say("nothing above the head"))
        problem = say("no known column in {head}", head=repr(head.strip()[:60]))
        if "，" in head:
            problem = say("full-width character {mark}", mark="，")
        near = nearest_name(re.split("[,;\t]", head)[0].strip(), COLUMNS)
        raise TableError(path, 1, "", problem, _columns(), near)
    return best


def _known_columns(line: str) -> dict[str, int]:
    """Columns that are known in a line, by what may stand between cells."""
    return {mark: sum(map(bool, map(_column, line.split(mark)))) for mark in DELIMITERS}


def _column(cell: str) -> str:
    """The column that a cell of the head names; empty where it names none."""
    name = cell.strip().strip('"').strip().lower()
    return next((en for en, zh in COLUMNS.items() if name in (en, zh)), "")


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their lines; rows and trailing columns of nothing are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] = []
    line = 1
    try:
        for row in reader:
            cells = _trimmed(row)
            if cells and not names:
                names = _head(path, line, cells)
            elif cells:
                if len(cells) > len(names):
                    problem = say("has more cells than columns")
                    allowed = say(
                        "{columns}; a number with a comma stands in quotes ("
                        '"50,000") or without it (50000)',
                        columns=len(names),
                    )
                    raise TableError(path, line, "", problem, allowed)
                if len(cells) < len(names):
                    short = names[len(cells)]
                    raise TableError(path, line, short, say("has fewer cells than columns"))
                yield line, dict(zip(names, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        problem = say("broken CSV: {error}", error=error)
        raise TableError(path, line, "", problem, how_to_save()) from error


def _trimmed(row: Sequence[str]) -> list[str]:
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _head(path: Path, line: int, cells: Sequence[str]) -> list[str]:
    names = []
    for cell in cells:
        name = _column(cell)
        if not name:
            near = nearest_name(cell, [*COLUMNS, *COLUMNS.values()])
            raise TableError(path, line, cell, say("unknown column"), _columns(), near)
        names.append(name)
    for name in COLUMNS:
        if names.count(name) != 1:
            twice = name in names
            problem = say("column is named twice") if twice else say("column is missing")
            raise TableError(path, line, name, problem, _columns())
    return names


def _figure(path: Path, line: int, cells: dict[str, str], *, points: bool) -> Published:
    known = all_series()
    for column, cell in cells.items():
        if not cell:
            allowed = say("a value in each row, where cells were merged as well")
            raise TableError(path, line, column, say("is empty"), allowed)
    if cells["indicator"] not in known:
        raise _unknown(path, line, "indicator", cells["indicator"], known)
    series = known[cells["indicator"]]
    unit = _plain(cells["unit"])
    measures, size = UNITS.get(unit, ("", 0.0))
    wanted, own = UNITS[series.unit]
    if measures != wanted:
        units = [name for name, (what, _) in UNITS.items() if what == wanted]
        raise _unknown(path, line, "unit", cells["unit"], units)
    if cells["scope"] not in series.scopes:
        raise _unknown(path, line, "scope", cells["scope"], series.scopes)
    year = _year(path, line, cells["year"])
    value = _number(path, line, cells["value"], unit, points=points)
    value *= size / own
    _check_size(path, line, cells["value"], value, series)
    return Published(series.indicator, year, value, 0.0)


def _plain(text: str) -> str:
    """A text with full-width letters, digits and signs in their plain form."""
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()


def _year(path: Path, line: int, cell: str) -> int:
    text = _plain(cell).removesuffix("年")
    if not re.fullmatch(r"\d{4}", text):
        problem = say("{given} is no year", given=repr(cell))
    elif not ORIGIN < int(text) <= LAST:
        problem = say(
            "{given} should be greater than {origin} and at most {last}",
            given=repr(cell), origin=ORIGIN, last=LAST,
        )  # fmt: skip
    else:
        return int(text)
    allowed = say("{first} to {last}", first=ORIGIN + 1, last=LAST)
    raise TableError(path, line, "year", problem, allowed)


def _number(path: Path, line: int, cell: str, unit: str, *, points: bool) -> float:
    """A number as people write it, where that can mean one thing."""
    text = _plain(cell)
    if text.endswith("%"):
        if not unit.startswith("%"):
            problem = say(
                "{given} has a per cent sign and the unit is {unit}",
                given=repr(cell), unit=repr(unit),
            )  # fmt: skip
            allowed = say("a number in the unit of its row, or the unit %")
            raise TableError(path, line, "value", problem, allowed)
        text = text.removesuffix("%").strip()
    if not points and ("," in text or re.fullmatch(r"[-+]?\d{1,3}\.\d{3}", text)):
        problem = say(
            "{given}: in a file without commas between columns, a comma or a point before three "
            "digits may be of thousands or of decimals",
            given=repr(cell),
        )
        allowed = say("a number that can mean one thing, such as 50000 or 7.5")
        raise TableError(path, line, "value", problem, allowed)
    if GROUPED.fullmatch(text):
        text = re.sub("[, ]", "", text)
    try:
        value = float(text) if re.fullmatch(r"[-+.\deE]+|[-+]?(?:nan|inf)", text) else None
    except ValueError:
        value = None
    if value is None or not math.isfinite(value):
        problem = (
            say("{given} is no number", given=repr(cell))
            if value is None
            else say("{given} is not a finite number", given=repr(cell))
        )
        allowed = say("a number such as 50000, 50,000 in quotes, or 7.5")
        raise TableError(path, line, "value", problem, allowed)
    return value


def _check_size(path: Path, line: int, cell: str, value: float, series: Series) -> None:
    if series.kind == "level" and value <= 0.0:
        problem = say("{given} is not above zero", given=cell)
        raise TableError(path, line, "value", problem, say("greater than {gt}", gt=0))
    known = series.known(ORIGIN)
    if series.kind == "level" and known and not 1 / JUMP <= value / known[-1].value <= JUMP:
        problem = say(
            "{given} makes {value:g} {unit}, where the last published figure is {last:g}: is a "
            "separator or a unit amiss?",
            given=cell, value=value, unit=series.unit, last=known[-1].value,
        )  # fmt: skip
        raise TableError(path, line, "value", problem)


def _unknown(path: Path, line: int, column: str, cell: str, known: Iterable[str]) -> TableError:
    names = list(known)
    problem = say("unknown name {given}", given=repr(cell))
    return TableError(path, line, column, problem, ", ".join(names), nearest_name(cell, names))
