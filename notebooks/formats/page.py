"""The page that a browser opens with the network off: style, pictures and glyphs are inside."""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from fontTools import subset  # type: ignore[import-untyped]

from jiqun.notebooks.figures import FONT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.notebooks.formats.document import Document
    from jiqun.notebooks.words import Words

TEMPLATES = Path(__file__).parents[1] / "templates"


def write(page: Document, digest: str, beside: Sequence[str]) -> str:
    """A page as one HTML file.

    Args:
        page: What it shows.
        digest: Tells the report from all others.
        beside: Names of the files of other formats that stand beside it.
    """
    words = page.words
    links = words.listing(
        f'<a href="{name}">{html.escape(words.name("format_names", name.rsplit(".", 1)[1]))}</a>'
        for name in beside
    )
    letters = page.title + page.subtitle + page.line + links + words("downloads")
    for part in (page.tree,):
        letters += str(part)
    with_style = page.folder / "style.html"
    with_style.write_text(f"<style>\n{_style(words, letters)}\n</style>\n", "utf-8")
    made = page.pandoc(
        "html5",
        page.tree,
        [
            "--embed-resources",
            "--mathml",
            # Column widths are left to the browser.
            "--columns=100000",
            f"--template={TEMPLATES / 'report.html'}",
            f"--include-in-header={with_style}",
            f"--metadata=pagetitle:{page.title}",
            f"--metadata=source:{page.line}",
            f"--variable=digest:{digest}",
            f"--variable=lang:{words('html_lang')}",
            f"--variable=subtitle:{page.subtitle}",
            *([f"--variable=downloads:{words('downloads', links=links)}"] if links else []),
        ],
    )
    # Heads of tables are of columns, which readers of screens are told.
    return re.sub(r"<th(?=[ >])(?![^>]*scope=)", '<th scope="col"', made)


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
