"""Terms of the glossary in the text of a page: the first of each in a part opens its meaning.

A term is a `dfn` that takes the focus, with its meaning as its description: the style sheet shows
it on hover and focus. So it opens by mouse, by keyboard and by a tap, without a script, and readers
of screens hear it. A `title` would open by mouse alone, `details` may not stand within a sentence,
and a link to the glossary would take the reader away from it.
"""

from __future__ import annotations

import html
import re
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from jiqun.notebooks.formats.document import plain, raw, string
from jiqun.notebooks.glossary import entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.notebooks.formats.document import Node
    from jiqun.notebooks.words import Lang

TEXT = frozenset({"Str", "Space", "SoftBreak"})
"""Elements of which a run of text is made."""
PARAGRAPHS = frozenset({"Para", "Plain"})


def marked(blocks: list[Node], lang: Lang) -> list[Node]:
    """Blocks with the terms in their paragraphs and lists marked; tables and headings as they are.

    Args:
        blocks: Blocks of a page.
        lang: Language of the page.
    """
    part = _Part(lang)
    return [part.block(block) for block in blocks]


class _Part:
    """A walk over blocks that remembers the terms of the part that it is in."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        self.seen: set[str] = set()

    def block(self, block: Node) -> Node:
        kind, held = block["t"], block.get("c", ())
        if kind == "Header" and held[0] <= 2:
            self.seen = set()
        elif kind in PARAGRAPHS:
            return {"t": kind, "c": self._inlines(held)}
        elif kind == "Div" and "source" not in held[0][1]:
            return {"t": kind, "c": [held[0], [self.block(inner) for inner in held[1]]]}
        elif kind in {"BulletList", "OrderedList"}:
            # An ordered one says first how it counts.
            *counting, items = [held] if kind == "BulletList" else held
            made = [[self.block(inner) for inner in item] for item in items]
            return {"t": kind, "c": [*counting, made] if counting else made}
        elif kind == "BlockQuote":
            return {"t": kind, "c": [self.block(inner) for inner in held]}
        return block

    def _inlines(self, inlines: list[Node]) -> list[Node]:
        made: list[Node] = []
        for is_text, run in groupby(inlines, key=lambda inline: inline["t"] in TEXT):
            if is_text:
                made += self._run(plain({"t": "Plain", "c": list(run)}))
            else:
                made += [
                    {"t": inline["t"], "c": self._inlines(inline["c"])}
                    if inline["t"] in {"Strong", "Emph"}
                    else inline
                    for inline in run
                ]
        return made

    def _run(self, text: str) -> list[Node]:
        made: list[Node] = []
        at = 0
        for found in _pattern(self.lang).finditer(text):
            term = _key(found[0], self.lang)
            if term in self.seen:
                continue
            self.seen.add(term)
            meaning = html.escape(_meanings(self.lang)[term])
            made += [
                string(text[at : found.start()]),
                raw("html", f'<dfn tabindex="0" aria-description="{meaning}">', inline=True),
                string(found[0]),
                raw("html", "</dfn>", inline=True),
            ]
            at = found.end()
        return [*made, string(text[at:])]


@cache
def _meanings(lang: Lang) -> Mapping[str, str]:
    """Meaning of each term, by its form in small letters, without what stands in brackets."""
    return {
        re.sub("[（(].*", "", entry[lang].term).strip().lower(): entry[lang].text
        for entry in entries().values()
    }


@cache
def _pattern(lang: Lang) -> re.Pattern[str]:
    """Finds terms, the longest that begins at a place; in English whole words, plurals too."""
    terms = sorted(_meanings(lang), key=len, reverse=True)
    either = "|".join(map(re.escape, terms))
    if lang == "zh":
        return re.compile(either)
    return re.compile(rf"\b(?:{either})s?\b", re.IGNORECASE)


def _key(found: str, lang: Lang) -> str:
    """The term that a text is a form of."""
    term = found.lower()
    return term if term in _meanings(lang) else term.removesuffix("s")
