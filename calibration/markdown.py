"""Markdown tables, of the generated pages and of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import DataRow, TableFormat, tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RULES = {"l": "---", "r": "--:"}
"""Line below the head of a column, by the side that its cells are set to."""


def pipe_table(heads: Sequence[str], rows: Iterable[Iterable[object]], sides: str = "") -> str:
    """A pipe table.

    Cells are not padded: a wide new cell changes one line of a page, and pandoc, which reads widths
    of columns from the rule, leaves them to the browser.

    Args:
        heads: Heads of the columns.
        rows: Cells, shown by `str`.
        sides: A letter a column, `l` or `r`; all to the left if empty.

    Returns:
        The table, without a line end.
    """
    row = DataRow("| ", " | ", " |")
    rule = " | ".join(RULES[side] for side in sides or "l" * len(heads))
    layout = TableFormat(None, lambda *_: f"| {rule} |", None, None, row, row, 0, None)
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in rows]
    return tabulate(cells, heads, layout, disable_numparse=True, stralign=None)
