"""Pages as they are written, read back: sentences, tables, and the numbers that bear a mark."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jiqun.notebooks import show
from jiqun.notebooks.formats import page as web
from jiqun.notebooks.formats.document import Document
from jiqun.notebooks.render import NOTEBOOKS, SOURCES, TITLES, Source
from jiqun.notebooks.words import Lang, Words

if TYPE_CHECKING:
    import pytest
    from matplotlib.figure import Figure

TEXT = ("p", "li", "h1", "h2", "h3", "h4", "summary", "figcaption", "caption")
SENTENCE, CELL = "sentence", "cell"
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture of one dot: figures are drawn, and not written."""


@dataclass(frozen=True)
class Mark:
    """A number of a page with what it is of.

    Attributes:
        of: What it is of.
        text: The number as it is written.
        page: Language and name of the page.
        place: In a sentence or in the cell of a table.
    """

    of: str
    text: str
    page: str
    place: str


@dataclass
class Page(HTMLParser):
    """A page as it is written.

    Attributes:
        name: Language and name of the page.
        texts: Paragraphs, headings and captions, with the heading of the second level above each.
        tables: Cells of each table by row.
        marks: Numbers that say what they are of.
        figures: Texts inside the figures.
    """

    name: str
    texts: list[tuple[str, str]] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, name: str, html: str, figures: list[str]) -> Page:
        """Read a page.

        Args:
            name: Language and name.
            html: The page.
            figures: Texts inside its figures.
        """
        page = cls(name, figures=figures)
        HTMLParser.__init__(page)
        page._open: list[tuple[str, str, list[str]]] = []
        page._hidden = 0
        page._part = ""
        # Sliders are written by the page's script, and in no other format.
        page.feed(re.sub(r'<section id="whatif".*?</section>', "", html, flags=re.DOTALL))
        return page

    @property
    def words(self) -> list[str]:
        """All that a reader sees: texts, cells, and what stands in figures."""
        cells = [cell for table in self.tables for row in table for cell in row]
        return [text for _, text in self.texts] + cells + self.figures

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script", "head")
        of = dict(attrs).get("data-n") or ""
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        if tag in (*TEXT, "td", "th", "span"):
            self._open.append((tag, of, []))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            for _, _, parts in self._open:
                parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script", "head")
        if not self._open or self._open[-1][0] != tag:
            return
        _, of, parts = self._open.pop()
        text = re.sub(r"\s+", " ", "".join(parts)).strip()
        if tag in ("td", "th"):
            self.tables[-1][-1].append(text)
        elif tag in TEXT:
            self._part = text if tag == "h2" else self._part
            self.texts.append((self._part, text))
        elif of:
            inside = any(name in ("td", "th") for name, _, _ in self._open)
            self.marks.append(Mark(of, text, self.name, CELL if inside else SENTENCE))


def pages(
    store: Path, lang: Lang, names: tuple[str, ...], patch: pytest.MonkeyPatch
) -> list[tuple[Page, Document]]:
    """Pages of a store, as they are written, without starting a notebook.

    Args:
        store: Folder of the store.
        lang: Language.
        names: Names of the pages.
        patch: Puts back what is changed for it.
    """
    return [_page(store, lang, name, patch) for name in names]


def _page(store: Path, lang: Lang, name: str, patch: pytest.MonkeyPatch) -> tuple[Page, Document]:
    said: list[str] = []
    seen: list[str] = []

    def drawn(figure: Figure, alt: str) -> None:
        seen.extend(text.get_text() for text in figure.findobj(match=_is_text))
        said.append(f"![{alt}](dot.png)")

    patch.setattr(show, "figure", drawn)
    patch.setattr(show, "display", lambda part: said.append(str(part.data)))
    code = NOTEBOOKS[name].read_text("utf-8")
    code = code.replace('store: str = "build/report/store"', f"store: str = {str(store)!r}")
    code = code.replace('lang: str = "en"', f"lang: str = {lang!r}")
    exec(compile(code, f"{name}.py", "exec"), {"__name__": "page"})
    return written("\n\n".join(said), store, lang, name, seen)


def written(
    markdown: str, store: Path, lang: Lang, name: str, figures: list[str]
) -> tuple[Page, Document]:
    """A page made of Markdown, read back.

    Args:
        markdown: What its cells show.
        store: Folder of the store.
        lang: Language.
        name: Name of the page.
        figures: Texts inside its figures.
    """
    words = Words(lang)
    head = words(TITLES[name]), words("subtitle"), Source.of(store, None).line(words)
    with TemporaryDirectory() as held:
        (Path(held) / "dot.png").write_bytes(DOT)
        document = Document.read(markdown, head, words, Path(held), SOURCES[name])
        html = web.write(document, "digest", web.Around(name, [name], [lang]))
    return Page.read(f"{lang}/{name}", html, figures), document


def _is_text(artist: object) -> bool:
    return hasattr(artist, "get_text") and hasattr(artist, "set_text")
