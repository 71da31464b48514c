"""The page as PDF, set by Typst in the carried font, which is embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typst

from jiqun.notebooks.figures import FONT
from jiqun.notebooks.formats.document import mapped, printed, raw
from jiqun.notebooks.formats.page import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jiqun.notebooks.formats.document import Document, Node

SIZES: Mapping[int, float] = {4: 8.5, 8: 7.5, 99: 7.0}
"""Type of a table in points, by the most columns that it may have."""


def write(page: Document, made: datetime) -> bytes:
    """A page as PDF.

    Args:
        page: What it shows.
        made: Time that the file bears.
    """
    source = page.folder / "page.typ"
    page.pandoc(
        "typst",
        _tree(page),
        [
            f"--template={TEMPLATES / 'report.typ'}",
            f"--metadata=pagetitle:{page.title}",
            f"--metadata=shown:{page.subtitle}",
            f"--metadata=line:{page.line}",
            f"--metadata=contents:{page.words('contents')}",
            f"--variable=language:{page.words.lang}",
        ],
        source,
    )
    found = typst.compile(
        str(source),
        format="pdf",
        root=str(page.folder),
        font_paths=[str(FONT.parent)],
        ignore_system_fonts=True,
        timestamp=int(made.timestamp()),
    )
    return bytes(found)


def _tree(page: Document) -> Node:
    def change(node: Node) -> Node | list[Node]:
        kind, held = node["t"], node.get("c", ())
        if kind == "Table":
            size = next(size for most, size in SIZES.items() if len(held[2]) <= most)
            return [raw("typst", f"#[#set text(size: {size}pt)"), node, raw("typst", "]")]
        if kind == "Image":
            name = held[2][0].replace(".png", ".svg")
            if (page.folder / name).is_file():
                return {"t": "Image", "c": [held[0], held[1], [name, held[2][1]]]}
        if kind == "Div" and held[0][1] == ["source"]:
            return [raw("typst", "#source["), *held[1], raw("typst", "]")]
        return node

    tree: Node = mapped(printed(page, "pdf"), change)
    return tree
