"""The page as a Word file (plain OOXML), with contents, page numbers and numbered captions.

Pandoc takes styles, header and footer from a reference document, which is put together here. What
it does not write is set in its output: sizes of the type in tables, and the list of contents, which
stands there at once and is not left to be made when Word opens the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from jiqun.notebooks.formats.archive import at_time, packed
from jiqun.notebooks.formats.document import mapped, printed, raw
from jiqun.notebooks.formats.page import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jiqun.notebooks.formats.document import Document, Node

CELLS: Mapping[int, str] = {4: "CellWide", 8: "CellMiddle", 99: "CellNarrow"}
"""Style of the cells of a table, by the most columns that it may have."""
WIDTH = 9638
"""Width of the text on A4 between margins of 2 cm, in twentieths of a point."""
MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"
DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DEPTH = 2
"""Levels of headings in the contents."""


def write(page: Document, made: datetime) -> bytes:
    """A page as a Word file.

    Args:
        page: What it shows.
        made: Time that the file bears.
    """
    reference, out = page.folder / "reference.docx", page.folder / "page.docx"
    reference.write_bytes(_reference(page.line, made))
    page.pandoc(
        "docx",
        _tree(page),
        [
            f"--reference-doc={reference}",
            f"--metadata=title:{page.title}",
            f"--metadata=subtitle:{page.subtitle}",
        ],
        out,
    )
    change = {"word/document.xml": lambda text: _set_tables(text, page)}
    return at_time(out.read_bytes(), made, change)


def _tree(page: Document) -> Node:
    def change(node: Node) -> Node | list[Node]:
        kind, held = node["t"], node.get("c", ())
        if kind == "Div" and held[0][1] == ["source"]:
            return {"t": "Div", "c": [["", [], [["custom-style", "Source"]]], held[1]]}
        if kind in {"Table", "Figure"}:
            name = "Table" if kind == "Table" else "Figure"
            held[1] = mapped(held[1], lambda part: _sequence(part, name))
        return node

    tree: Node = mapped(printed(page, "docx"), change)
    line = {"t": "Para", "c": [{"t": "Str", "c": page.line}]}
    above = {"t": "Div", "c": [["", [], [["custom-style", "Source"]]], [line]]}
    tree["blocks"] = [above, raw("openxml", _contents(page)), *tree["blocks"]]
    return tree


def _sequence(node: Node, name: str) -> Node:
    """The number of a caption as a field, so that Word can list and renew the numbers."""
    if node["t"] != "Span" or node["c"][0][1] != ["number"]:
        return node
    field = _field(f"SEQ {name} \\* ARABIC", node["c"][1][0]["c"])
    return raw("openxml", field, inline=True)


def _contents(page: Document) -> str:
    """The list of contents: a field, filled with the headings; Word renews it with page numbers."""
    lines = [(level, name, text) for level, name, text in page.headings if level <= DEPTH]
    made = [_paragraph("TOCHeading", _run(page.words("contents")))]
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r><w:r>'
        f'<w:instrText xml:space="preserve"> TOC \\o "1-{DEPTH}" \\h \\z \\u </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    for place, (level, name, text) in enumerate(lines, 1):
        link = f'<w:hyperlink w:anchor="{name}" w:history="1">{_run(text)}</w:hyperlink>'
        before, after = begin if place == 1 else "", end if place == len(lines) else ""
        made.append(_paragraph(f"TOC{level}", before + link + after))
    made.append('<w:p><w:r><w:br w:type="page"/></w:r></w:p>')
    return "".join(made) if lines else ""


def _paragraph(style: str, runs: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'


def _field(instruction: str, shown: str) -> str:
    return f'<w:fldSimple w:instr=" {instruction} ">{_run(shown)}</w:fldSimple>'


def _run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _set_tables(text: str, page: Document) -> str:
    """The body with the type and the columns of its tables set."""
    tables = iter(page.tables)

    def set_one(found: re.Match[str]) -> str:
        columns = len(next(tables).rows[0])
        style = next(style for most, style in CELLS.items() if columns <= most)
        set_ = found[0].replace('w:val="Compact"', f'w:val="{style}"')
        grid = [int(width) for width in re.findall(r'<w:gridCol w:w="(\d+)"', set_)]
        # Pandoc's widths are those of its own page.
        widths = (f'<w:gridCol w:w="{width * WIDTH // sum(grid)}"' for width in grid)
        set_ = re.sub(r'<w:gridCol w:w="\d+"', lambda _: next(widths), set_)
        return set_.replace("<w:tr><w:tc>", "<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc>")

    return re.sub(r"<w:tbl>.*?</w:tbl>", set_one, text, flags=re.DOTALL)


def _reference(line: str, at: datetime) -> bytes:
    """The reference document: styles, A4, the store's line above and page numbers below."""
    kinds = {
        "document": "document.main",
        "styles": "styles",
        "header1": "header",
        "footer1": "footer",
    }
    listed = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{KIND}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    related = {
        "rId1": ("styles", "styles.xml"),
        "rId2": ("header", "header1.xml"),
        "rId3": ("footer", "footer1.xml"),
    }
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="rels" ContentType="{RELATIONS}"/>{listed}</Types>',
        "_rels/.rels": _relations({"rId1": ("officeDocument", "word/document.xml")}),
        "word/_rels/document.xml.rels": _relations(related),
        "word/document.xml": f'<w:document xmlns:w="{MAIN}" xmlns:r="{OFFICE}"><w:body><w:p/>'
        '<w:sectPr><w:headerReference w:type="default" r:id="rId2"/>'
        '<w:footerReference w:type="default" r:id="rId3"/>'
        '<w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1304" w:right="1134" w:bottom="1134" w:left="1134" w:header="680" '
        'w:footer="567" w:gutter="0"/></w:sectPr></w:body></w:document>',
        "word/header1.xml": f'<w:hdr xmlns:w="{MAIN}">{_paragraph("Header", _run(line))}</w:hdr>',
        "word/footer1.xml": f'<w:ftr xmlns:w="{MAIN}">'
        + _paragraph("Footer", _field("PAGE", "1") + _run(" / ") + _field("NUMPAGES", "1"))
        + "</w:ftr>",
    }
    made = {name: (DECLARED + text).encode("utf-8") for name, text in parts.items()}
    return packed(made | {"word/styles.xml": (TEMPLATES / "word-styles.xml").read_bytes()}, at)


def _relations(found: Mapping[str, tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for key, (kind, target) in found.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{lines}</Relationships>'
