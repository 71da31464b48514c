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

from calibration.backtest_data import LAST, ORIGIN, UNITS, Published, all_series
from scenarios.errors import TableError, nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from calibration.backtest_data import Series

COLUMNS = {"indicator": "指标", "year": "年份", "value": "数值", "unit": "单位", "scope": "范围"}
"""Columns of the file, and their Chinese names."""
DELIMITERS = ",;\t"
HOW = "a CSV file; in a spreadsheet: save as 'CSV UTF-8 (comma delimited)'"
HOW_ZH = "CSV 文件；在电子表格中另存为“CSV UTF-8（逗号分隔）”"
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of spreadsheets begin, new and old."""
GROUPED = re.compile(r"[+-]?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
"""A number with separators of thousands."""


class ActualsError(TableError):
    """A wrong file of later figures; the message is known in Chinese too.

    Attributes:
        zh: What is wrong, in Chinese.
        allowed_zh: What is allowed there, in Chinese.
    """

    def __init__(
        self,
        file: Path | str,
        line: int | None,
        key: str,
        problem: str,
        allowed: str = "",
        nearest: str | None = None,
        zh: str = "",
        allowed_zh: str = "",
    ) -> None:
        super().__init__(file, line, key, problem, allowed, nearest)
        self.zh = zh or problem
        self.allowed_zh = allowed_zh or allowed

    def text(self, lang: str) -> str:
        """The message in a language."""
        if lang != "zh":
            return str(self)
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        column = f"{COLUMNS.get(self.key, self.key)}：" if self.key else ""
        parts = [f"{place}：{column}{self.zh}"]
        if self.allowed_zh:
            parts.append(f"可用：{self.allowed_zh}")
        if self.nearest:
            parts.append(f"最接近：{self.nearest}")
        return "；".join(parts)


def read_actuals(path: Path) -> list[Published]:
    """Read figures that were published later.

    Args:
        path: A CSV file with the columns indicator, year, value, unit, scope.

    Raises:
        ActualsError: The file is wrong; the message names file, line, column, what is allowed and
            the nearest valid name.
    """
    text = _text(path)
    delimiter = _delimiter(path, text)
    found: list[Published] = []
    seen: dict[tuple[str, int], int] = {}
    for line, cells in _records(path, text, delimiter):
        figure = _figure(path, line, cells, points=delimiter == ",")
        same = seen.setdefault((figure.indicator, figure.year), line)
        if same != line:
            raise ActualsError(
                path, line, "indicator", f"the same figure as in line {same}",
                "one row a series and year", zh=f"与第{same}行是同一个数字",
                allowed_zh="每个序列每年一行",
            )  # fmt: skip
        found.append(figure)
    if not found:
        raise ActualsError(
            path, 1, "", "holds no figures", "at least one row under the head",
            zh="没有数字", allowed_zh="表头之下至少一行",
        )  # fmt: skip
    return found


def _text(path: Path) -> str:
    """The file as text, whichever of the encodings of spreadsheets it has."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        told = error.strerror
        raise ActualsError(
            path, None, "", f"cannot be read: {told}", zh=f"无法读取：{told}"
        ) from error
    if raw.startswith(WORKBOOKS):
        raise ActualsError(
            path, None, "", "is a workbook, not a CSV file", HOW,
            zh="是工作簿，不是 CSV 文件", allowed_zh=HOW_ZH,
        )  # fmt: skip
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    # What is UTF-8 by accident of another encoding is next to impossible; GB 18030 holds GBK.
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ActualsError(
        path, None, "", "is neither UTF-8 nor GBK text", HOW,
        zh="既不是 UTF-8 也不是 GBK 文本", allowed_zh=HOW_ZH,
    )  # fmt: skip


def _delimiter(path: Path, text: str) -> str:
    """What stands between cells, by the head: that which the most known columns come of."""
    head = text.lstrip().partition("\n")[0]
    known = {mark: sum(map(bool, map(_column, head.split(mark)))) for mark in DELIMITERS}
    best = max(known, key=lambda mark: known[mark])
    if not known[best]:
        raise ActualsError(
            path, 1, "", f"no known column in {head.strip()[:60]!r}", ", ".join(COLUMNS),
            nearest_name(re.split("[,;\t]", head)[0].strip(), COLUMNS),
            zh=f"表头{head.strip()[:60]!r}中没有认得的列",
            allowed_zh="、".join([*COLUMNS, *COLUMNS.values()]),
        )  # fmt: skip
    return best


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
                    raise _too_many(path, line, cells, names)
                if len(cells) < len(names):
                    raise ActualsError(
                        path, line, names[len(cells)], "has fewer cells than columns",
                        zh="单元格少于列数",
                    )  # fmt: skip
                yield line, dict(zip(names, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ActualsError(
            path, line, "", f"broken CSV: {error}", HOW,
            zh=f"CSV 有误：{error}", allowed_zh=HOW_ZH,
        ) from error  # fmt: skip


def _trimmed(row: Sequence[str]) -> list[str]:
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _head(path: Path, line: int, cells: Sequence[str]) -> list[str]:
    names = []
    allowed_zh = "、".join(COLUMNS.values())
    for cell in cells:
        name = _column(cell)
        if not name:
            raise ActualsError(
                path, line, cell, "unknown column", ", ".join(COLUMNS),
                nearest_name(cell, [*COLUMNS, *COLUMNS.values()]),
                zh="不认得的列", allowed_zh=allowed_zh,
            )  # fmt: skip
        names.append(name)
    for name in COLUMNS:
        if names.count(name) != 1:
            raise ActualsError(
                path, line, name, "column is named twice" if name in names else "column is missing",
                ", ".join(COLUMNS), zh="列名重复" if name in names else "缺少这一列",
                allowed_zh=allowed_zh,
            )  # fmt: skip
    return names


def _too_many(path: Path, line: int, cells: Sequence[str], names: Sequence[str]) -> ActualsError:
    return ActualsError(
        path, line, "", f"has more cells than columns: {len(cells)}",
        f'{len(names)}; a number with a comma stands in quotes ("50,000") or without it (50000)',
        zh=f"单元格多于列数：{len(cells)}个",
        allowed_zh=f'{len(names)}个；带逗号的数字要加引号（"50,000"）或去掉逗号（50000）',
    )  # fmt: skip


def _figure(path: Path, line: int, cells: dict[str, str], *, points: bool) -> Published:
    known = all_series()
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
    _check_size(path, line, cells["value"], value, series)
    return Published(series.indicator, year, value * size / own, 0.0)


def _plain(text: str) -> str:
    """A text with full-width letters, digits and signs in their plain form."""
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()


def _year(path: Path, line: int, cell: str) -> int:
    text = _plain(cell).removesuffix("年")
    allowed = f"{ORIGIN + 1} to {LAST}"
    if not re.fullmatch(r"\d{4}", text):
        problem, zh = f"{cell!r} is no year", f"{cell!r}不是年份"
    elif not ORIGIN < int(text) <= LAST:
        problem = f"{cell!r} should be greater than {ORIGIN} and at most {LAST}"
        zh = f"{cell!r}应晚于{ORIGIN}年，不晚于{LAST}年"
    else:
        return int(text)
    raise ActualsError(
        path, line, "year", problem, allowed, zh=zh, allowed_zh=f"{ORIGIN + 1}至{LAST}"
    )


def _number(path: Path, line: int, cell: str, unit: str, *, points: bool) -> float:
    """A number as people write it, where that can mean one thing."""
    text = _plain(cell)
    if text.endswith("%"):
        if not unit.startswith("%"):
            raise ActualsError(
                path, line, "value", f"{cell!r} has a per cent sign and the unit is {unit!r}",
                "a number in the unit of its row, or the unit %",
                zh=f"{cell!r}带百分号，而单位是{unit!r}", allowed_zh="以本行单位计的数字，或单位 %",
            )  # fmt: skip
        text = text.removesuffix("%").strip()
    if not points and ("," in text or re.fullmatch(r"[-+]?\d{1,3}\.\d{3}", text)):
        raise ActualsError(
            path, line, "value", f"{cell!r}: in a file without commas between columns, a comma or a"
            " point before three digits may be of thousands or of decimals",
            "a number that can mean one thing, such as 50000 or 7.5",
            zh=f"{cell!r}：各列不以逗号分隔时，逗号或三位数字前的点可能是千位分隔，也可能是小数点",
            allowed_zh="含义唯一的数字，如 50000 或 7.5",
        )  # fmt: skip
    if GROUPED.fullmatch(text):
        text = re.sub("[, ]", "", text)
    try:
        value = float(text) if re.fullmatch(r"[-+.\deE]+|[-+]?(?:nan|inf)", text) else None
    except ValueError:
        value = None
    if value is None or not math.isfinite(value):
        problem = f"{cell!r} is no number" if value is None else f"{cell!r} is not a finite number"
        raise ActualsError(
            path, line, "value", problem, "a number such as 50000, 50,000 in quotes, or 7.5",
            zh=f"{cell!r}不是数字", allowed_zh='数字，如 50000、带引号的 "50,000" 或 7.5',
        )  # fmt: skip
    return value


def _check_size(path: Path, line: int, cell: str, value: float, series: Series) -> None:
    if series.kind == "level" and value <= 0.0:
        raise ActualsError(
            path, line, "value", f"{cell} is not above zero", "above zero",
            zh=f"{cell}不大于零", allowed_zh="大于零",
        )  # fmt: skip


def _unknown(path: Path, line: int, column: str, cell: str, allowed: Iterable[str]) -> ActualsError:
    names = list(allowed)
    near = nearest_name(cell, names)
    listed = ", ".join(names)
    return ActualsError(path, line, column, f"unknown {cell!r}", listed, near, zh=f"不认得{cell!r}")
