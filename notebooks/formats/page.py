"""The page that a browser opens with the network off: style, pictures and glyphs are inside.

It works without a script. Beside what the page shows it has a way to the other pages, to the same
place in the other language, and a table of contents.
"""

from __future__ import annotations

import base64
import html
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fontTools import subset  # type: ignore[import-untyped]

from jiqun.notebooks.figures import FONT
from jiqun.notebooks.formats.document import mapped, plain, raw
from jiqun.notebooks.formats.terms import marked
from jiqun.notebooks.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.notebooks.formats.document import Document, Node
    from jiqun.notebooks.words import Lang

TEMPLATES = Path(__file__).parents[1] / "templates"
PANELLED = 1000
"""Pixels from which on a figure keeps a width that can be read, and is moved on a narrow screen."""


@dataclass(frozen=True)
class Around:
    """What stands beside a page.

    Attributes:
        name: The page's own name, without ending.
        pages: Names of all pages, in their order.
        langs: Languages that the report is there in.
        files: Names of the files of other formats of this page.
    """

    name: str
    pages: Sequence[str]
    langs: Sequence[Lang]
    files: Sequence[str] = ()

    def other(self, lang: Lang) -> Lang | None:
        """The other language, where the report is there in it."""
        return next((other for other in self.langs if other != lang), None)


def write(page: Document, digest: str, around: Around) -> str:
    """A page as one HTML file.

    Args:
        page: What it shows.
        digest: Tells the report from all others.
        around: What stands beside it.
    """
    words = page.words
    links = words.listing(
        f'<a href="{name}">{html.escape(words.name("format_names", name.rsplit(".", 1)[1]))}</a>'
        for name in around.files
    )
    tree = _tree(page, around)
    with_style = page.folder / "style.html"
    head = _navigation(page, around)
    letters = page.title + page.subtitle + page.line + links + words("downloads") + head
    with_style.write_text(f"<style>\n{_style(words, letters + str(tree))}\n</style>\n", "utf-8")
    made = page.pandoc(
        "html5",
        tree,
        [
            "--embed-resources",
            "--mathml",
            f"--template={TEMPLATES / 'report.html'}",
            f"--include-in-header={with_style}",
            f"--metadata=pagetitle:{page.title}",
            f"--metadata=source:{page.line}",
            f"--variable=digest:{digest}",
            f"--variable=lang:{words('html_lang')}",
            f"--variable=subtitle:{page.subtitle}",
            f"--variable=skip:{words('page_skip')}",
            f"--variable=navigation:{head}",
            f"--variable=contents:{_contents(page)}",
            *([f"--variable=downloads:{words('downloads', links=links)}"] if links else []),
        ],
    )
    return _scopes(made)


def _navigation(page: Document, around: Around) -> str:
    """Links to the pages of the report, this one marked, and to this page in the other language."""
    words, other = page.words, around.other(page.words.lang)
    items = [
        f'<li><a href="{name}.html"{" aria-current=page" if name == around.name else ""}>'
        f"{html.escape(words.name('page_names', name))}</a></li>"
        for name in around.pages
    ]
    if other:
        items.append(f"<li>{_in_other(around, other)}</li>")
    label = html.escape(words("page_navigation"))
    return f'<nav class="pages" aria-label="{label}"><ul>{"".join(items)}</ul></nav>'


def _in_other(around: Around, other: Lang, anchor: str = "") -> str:
    """A link to a place of this page in the other language."""
    words = Words(other)
    lang = words("html_lang")
    return (
        f'<a href="../{other}/{around.name}.html{anchor}" lang="{lang}" hreflang="{lang}">'
        f"{html.escape(words('language'))}</a>"
    )


def _contents(page: Document) -> str:
    """The table of contents."""
    items = [
        f'<li><a href="#{name}">{html.escape(text)}</a></li>'
        for level, name, text in page.headings
        if level == 1
    ]
    if not items:
        return ""
    title = html.escape(page.words("contents"))
    return (
        f'<nav class="contents" aria-label="{title}"><details><summary>{title}</summary>'
        f"<ol>{''.join(items)}</ol></details></nav>"
    )


def _tree(page: Document, around: Around) -> Node:
    """The tree for the screen: terms open, wide things can be moved, headings lead to both ways."""
    other = around.other(page.words.lang)

    def framed(node: Node, label: str) -> list[Node]:
        # What can be moved takes the focus, so that the keyboard moves it.
        attributes = f'class="wide" role="group" tabindex="0" aria-label="{html.escape(label)}"'
        return [raw("html", f"<div {attributes}>"), node, raw("html", "</div>")]

    def change(node: Node) -> Node | list[Node]:
        kind, held = node["t"], node.get("c", ())
        if kind == "Table":
            # Column widths are left to the browser; the reader of long rows makes all alike.
            held[2] = [[align, {"t": "ColWidthDefault"}] for align, _ in held[2]]
            for body in held[4]:
                body[1] = 1  # The first cell of a row is its head.
            return framed(node, plain({"t": "Plain", "c": held[1][1]}))
        if kind == "Figure":
            image = held[2][0]["c"][0]
            name = image["c"][2][0]
            wide = _pixels((page.folder / name).read_bytes()) >= PANELLED
            if wide:
                image["c"][0][1].append("panelled")
            label = plain({"t": "Plain", "c": held[1][1]})
            held[2] = framed(held[2][0], label) if wide else held[2]
        if kind == "Header" and held[0] == 2 and other:
            link = f'<p class="other">{_in_other(around, other, "#" + held[1][0])}</p>'
            return [
                raw("html", '<div class="head">'), node, raw("html", f"{link}</div>"),
            ]  # fmt: skip
        return node

    blocks = marked(page.tree["blocks"], page.words.lang)
    tree: Node = {**page.tree, "blocks": mapped(blocks, change)}
    return tree


def _pixels(png: bytes) -> int:
    """Width of a picture, which is in the head of its file."""
    return int.from_bytes(png[16:20], "big")


def _scopes(text: str) -> str:
    """What heads of tables are of, which readers of screens are told: of columns or of rows."""
    head, *rest = re.split(r"(?=<tbody)|(?<=</tbody>)", text)
    parts = [
        re.sub(
            r"<th(?=[ >])(?![^>]*scope=)",
            f'<th scope="{"row" if part.startswith("<tbody") else "col"}"',
            part,
        )
        for part in (head, *rest)
    ]
    return "".join(parts)


def _style(words: Words, text: str) -> str:
    """The style sheet; with the glyphs of the page where the reader's machine may lack them."""
    sheet = (TEMPLATES / "report.css").read_text("utf-8")
    if words.lang == "en":
        return sheet
    glyphs = base64.b64encode(_woff(set(text))).decode()
    source = f"url(data:font/woff;base64,{glyphs}) format('woff')"
    return f"@font-face {{ font-family: Report; src: {source}; }}\n{sheet}"


def _woff(letters: set[str]) -> bytes:
    """The carried font cut down to some letters."""
    options = subset.Options(flavor="woff", hinting=False)
    cut = subset.load_font(str(FONT), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in letters])
    subsetter.subset(cut)
    held = io.BytesIO()
    cut.flavor = "woff"
    cut.save(held)
    return held.getvalue()
