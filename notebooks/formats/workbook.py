"""The tables of a page as an Excel workbook, and its figures as files."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from jiqun.notebooks.formats.archive import at_time, packed
from jiqun.notebooks.formats.document import plain, walk, wide

if TYPE_CHECKING:
    from datetime import datetime

    from openpyxl.worksheet.worksheet import Worksheet

    from jiqun.notebooks.formats.document import Document, Node, Shown

NUMBER = re.compile(
    r"([+−-]?)([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?"
    r"( ?%| [^\W0-9_]+|[\u4e00-\u9fff]+)?"
)
"""A cell that is one number: sign, whole part, decimals, and percent or the word that it counts."""
BOLD = Font(bold=True)
HEAD = PatternFill("solid", fgColor="F3F6FA")
FIRST = 5
"""Row of a table's head."""
WIDEST = 48


def number(text: str) -> tuple[float, str] | None:
    """The value of a cell that is one number, and the format that shows it as the page does."""
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    sign, whole, decimals, unit = found.groups()
    value = float(f"{whole.replace(',', '')}.{decimals or '0'}")
    value = -value if sign in {"−", "-"} else value
    form = "#,##0" if "," in whole else "0"
    if decimals:
        form += "." + "0" * len(decimals)
    if unit and unit.endswith("%"):
        # Decimals of the page and no more: a hundredth of 0.22 is not 0.0022 to the last bit.
        value = round(value / 100.0, len(decimals or "") + 2)
        form += unit.replace(" ", "\\ ")
    elif unit:
        form += f'"{unit}"'
    return value, f"{'+' * (sign == '+')}{form};\\−{form};{form}"


def write(page: Document, made: datetime) -> bytes:
    """The tables of a page, a sheet each, behind a list of them.

    Args:
        page: What it shows.
        made: Time that the file bears.
    """
    book = Workbook()
    book.properties.title = page.title
    listed = book.active
    listed.title = page.words("contents")
    for row in ([page.title], [page.subtitle], [page.line], []):
        listed.append(row)
    listed["A1"].font = BOLD
    for table in page.tables:
        name = page.words("sheet_name", number=table.number)
        listed.append([name, table.title])
        cell = listed.cell(listed.max_row, 1)
        cell.hyperlink = f"#'{name}'!A1"
        cell.style = "Hyperlink"
        _sheet(book.create_sheet(name), table, page)
    listed.column_dimensions["A"].width = 12
    listed.column_dimensions["B"].width = 80
    held = io.BytesIO()
    book.save(held)
    return at_time(held.getvalue(), made)


def _sheet(sheet: Worksheet, table: Shown, page: Document) -> None:
    """One table: title, source, store, and its cells."""
    sheet["A1"] = page.words("table_caption", number=table.number, title=table.title)
    sheet["A1"].font = BOLD
    sheet["A2"], sheet["A3"] = table.source, page.line
    for down, row in enumerate(table.cells):
        for across, node in enumerate(row):
            cell = sheet.cell(FIRST + down, across + 1)
            text = plain(node)
            value = number(text) if down else None
            if value is None:
                # Text that begins like a formula stays text.
                cell.value, cell.data_type = text, "s"
            else:
                cell.value, cell.number_format = value
            if down == 0:
                cell.font, cell.fill = BOLD, HEAD
            elif _is_bold(node):
                cell.font = BOLD
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for across, column in enumerate(zip(*table.rows, strict=True), 1):
        width = min(max(wide(text) for text in column) + 2, WIDEST)
        sheet.column_dimensions[get_column_letter(across)].width = width
    sheet.freeze_panes = sheet.cell(FIRST + 1, 2)


def _is_bold(node: Node) -> bool:
    return any(part["t"] == "Strong" for part in walk(node))


def pictures(page: Document, made: datetime) -> bytes:
    """The figures of a page as PNG and SVG, their panels as SVG, with a list of titles.

    Args:
        page: What it shows.
        made: Time that the files bear.
    """
    parts, lines = {}, [page.title, page.line, ""]
    for figure in page.figures:
        name = f"figure_{figure.number:02}"
        lines += [page.words("figure_caption", number=figure.number, title=figure.title)]
        lines += [f"    {name}.png, {name}.svg", f"    {figure.source}"]
        for ending in ("png", "svg"):
            parts[f"{name}.{ending}"] = (page.folder / f"{figure.file}.{ending}").read_bytes()
        panels = page.folder / f"{figure.file}.json"
        if panels.is_file():
            for number, (title, drawn) in enumerate(json.loads(panels.read_text("utf-8")), 1):
                parts[f"{name}_{number:02}.svg"] = drawn.encode("utf-8")
                lines += [f"    {name}_{number:02}.svg  {title}"]
    return packed(parts | {"figures.txt": ("\n".join(lines) + "\n").encode("utf-8")}, made)
