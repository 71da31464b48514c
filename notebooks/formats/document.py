"""What a page shows, read once from its Markdown; every format is written from this.

Tables and figures get number, title and source here, so that they are the same in all formats.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pypandoc

from jiqun.notebooks.words import full_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from jiqun.notebooks.words import Words

type Node = dict[str, Any]
"""An element of pandoc's tree: its type `t` and its contents `c`."""

READER = "markdown-implicit_figures-tex_math_dollars-auto_identifiers"
ALT = "seen"
"""Attribute of an image that says in words what it shows; its text is its title."""
MINOR = "minor"
"""Class of a heading that was raised so that no level is left out; it looks as it was."""
SOURCE = "source"
"""Attribute of a heading that says where what stands below it comes from."""
BRIEF = "brief"
"""Class of what stands on one page."""
MARK = "n"
"""Attribute that says what a number is of (`Words.told`)."""
OTHER_PAGE = re.compile(r"^([\w-]+)\.html")
"""Target of a link to another page of the report."""
STOPS = ("。", ".", "！", "!")
"""A bold line that ends so is a sentence; one that does not is the title of the table below it."""


@dataclass
class Shown:
    """A table or figure.

    Attributes:
        number: Its number among those of its kind, from 1.
        title: Its title, without the number.
        source: The line that says where it comes from.
        node: The table or image in pandoc's tree.
        headings: Titles of the page and of the headings that it stands below.
    """

    number: int
    title: str
    source: str
    node: Node
    headings: tuple[str, ...]

    @property
    def cells(self) -> list[list[Node]]:
        """Rows of a table, its head first, each of cells."""
        _, _, _, head, bodies, _ = self.node["c"]
        rows = [*head[1], *(row for body in bodies for row in body[3])]
        return [[{"t": "Cell", "c": cell[4]} for cell in row[1]] for row in rows]

    @property
    def rows(self) -> list[list[str]]:
        """Rows of a table as plain text, its head first."""
        return [[plain(cell) for cell in row] for row in self.cells]

    @property
    def file(self) -> str:
        """Name of a figure's file, without its ending."""
        return str(self.node["c"][2][0]).rsplit(".", 1)[0]


@dataclass
class Document:
    """A page.

    Attributes:
        title: Its title.
        subtitle: The line below the title.
        line: The line that names the store.
        words: Texts and number formats of its language.
        folder: Where its pictures lie, as PNG and, where they were asked for, as SVG.
        tree: Pandoc's tree, with numbers, titles and sources.
        tables: Tables in their order.
        figures: Figures in their order.
        headings: Level (from 1), anchor and text of each heading.
    """

    title: str
    subtitle: str
    line: str
    words: Words
    folder: Path
    tree: Node
    tables: list[Shown] = field(default_factory=list)
    figures: list[Shown] = field(default_factory=list)
    headings: list[tuple[int, str, str]] = field(default_factory=list)

    @classmethod
    def read(
        cls, markdown: str, head: Sequence[str], words: Words, folder: Path, source: str
    ) -> Document:
        """Read a page, and number what it shows.

        Args:
            markdown: Markdown of what the cells of its notebook show.
            head: Its title, subtitle, and the line that names the store.
            words: Texts and number formats of its language.
            folder: Where its pictures lie.
            source: Where what it shows comes from if no heading says another: a key of
                `source_names`.
        """
        tree = json.loads(pypandoc.convert_text(markdown, "json", format=READER))
        title, subtitle, line = head
        page = cls(title, subtitle, line, words, folder, tree)
        if words.lang == "zh":
            tree = mapped(tree, _full_width)
            page.tree = tree
        tree["blocks"] = _Numbering(page, source).whole(tree["blocks"])
        _finish_titles(page)
        return page

    def pandoc(self, to: str, tree: Node, arguments: Sequence[str], out: Path | None = None) -> str:
        """Write a tree by pandoc.

        Args:
            to: Pandoc's name of the format.
            tree: What to write.
            arguments: Further arguments.
            out: File to write; the text is returned if absent.
        """
        return str(
            pypandoc.convert_text(
                json.dumps(tree),
                to,
                format="json",
                outputfile=None if out is None else str(out),
                extra_args=["--standalone", f"--resource-path={self.folder}", *arguments],
            )
        )


class _Numbering:
    """A walk over the blocks of a page, in their order."""

    def __init__(self, page: Document, source: str) -> None:
        self.page = page
        self.titles = {1: page.title}
        self.above: list[int] = []
        self.sources = {1: source}
        self.brief = False
        self.commands: list[Node] = []

    def whole(self, blocks: Sequence[Node]) -> list[Node]:
        """Blocks of a page; commands, which only those who run the model need, stand at its end."""
        made = self.blocks(blocks)
        if not self.commands:
            return made
        title = {"t": "Header", "c": [2, ["", [], []], [string(self.page.words("commands_title"))]]}
        lines = [
            [{"t": "Plain", "c": [{"t": "Span", "c": [[_command(n), [], []], [code]]}]}]
            for n, code in enumerate(self.commands, 1)
        ]
        style = [1, {"t": "Decimal"}, {"t": "Period"}]
        return made + self.blocks([title]) + [{"t": "OrderedList", "c": [style, lines]}]

    def _noted(self, node: Node) -> Node:
        """A command in a sentence gives way to a note of where it stands."""
        if node["t"] != "Code":
            return node
        self.commands.append(node)
        number = len(self.commands)
        text = self.page.words("command_note", number=number)
        return {"t": "Link", "c": [["", [], []], [string(text)], [f"#{_command(number)}", ""]]}

    def blocks(self, blocks: Sequence[Node]) -> list[Node]:
        """Blocks with titles and sources of what they show."""
        made: list[Node] = []
        for block in blocks:
            kind, held = block["t"], block.get("c", ())
            if kind == "Header":
                self._heading(block)
                made.append(block)
            elif kind == "Div":
                brief, self.brief = self.brief, self.brief or BRIEF in held[0][1]
                made.append({"t": "Div", "c": [held[0], self.blocks(held[1])]})
                self.brief = brief
            elif kind == "Table":
                title = _bold_line(made)
                if title:
                    made.pop()
                made += self._table(block, title)
            elif kind == "Para" and [inline["t"] for inline in held] == ["Image"]:
                made += self._figure(held[0])
            else:
                made.append(mapped(block, self._noted))
        return made

    def _heading(self, block: Node) -> None:
        written, (name, classes, pairs), inlines = block["c"]
        # No level is left out: what stands below nothing but the title has the level below it.
        self.above = [*(level for level in self.above if level < written), written]
        level = len(self.above) + 1
        if level < written:
            classes.append(MINOR)
        given = dict(pairs)
        self.titles = {k: v for k, v in self.titles.items() if k < level} | {level: plain(block)}
        above = {k: v for k, v in self.sources.items() if k < level}
        self.sources = above | {level: given.pop(SOURCE, above[max(above)])}
        name = name or f"part-{len(self.page.headings) + 1}"
        block["c"] = [level, [name, classes, list(map(list, given.items()))], inlines]
        self.page.headings.append((level - 1, name, plain(block)))

    def _table(self, block: Node, title: str) -> list[Node]:
        tables = self.page.tables
        tables.append(self._shown(len(tables) + 1, title or self._section(), block))
        # A page in brief has one line of sources for all that it shows.
        return [block] if self.brief else [block, _source_line(tables[-1].source)]

    def _figure(self, image: Node) -> list[Node]:
        figures = self.page.figures
        title = plain({"t": "Plain", "c": image["c"][1]})
        figures.append(self._shown(len(figures) + 1, title, image))
        name, classes, pairs = image["c"][0]
        given = dict(pairs)
        image["c"][1] = [string(given.pop(ALT, title))]
        image["c"][0] = [name, classes, list(map(list, given.items()))]
        block = {"t": "Figure", "c": [["", [], []], [None, []], [{"t": "Plain", "c": [image]}]]}
        return [block, _source_line(figures[-1].source)]

    def _section(self) -> str:
        return self.titles[max(self.titles)]

    def _shown(self, number: int, title: str, node: Node) -> Shown:
        key = self.sources[max(self.sources)]
        text = self.page.words("source_line", source=self.page.words.name("source_names", key))
        return Shown(number, title, text, node, tuple(self.titles.values()))


def _command(number: int) -> str:
    return f"command-{number}"


def _full_width(node: Node) -> Node:
    """A piece of Chinese text with the punctuation of Chinese."""
    return {"t": "Str", "c": full_width(node["c"])} if node["t"] == "Str" else node


def _finish_titles(page: Document) -> None:
    """Tell tables of one title apart, and write titles with their numbers."""
    below: dict[str, set[tuple[str, ...]]] = {}
    for shown in page.tables:
        below.setdefault(shown.title, set()).add(shown.headings)
    for shown in page.tables:
        if len(below[shown.title]) > 1:
            above = [title for title in shown.headings if title != shown.title]
            shown.title = page.words("caption_under", above=above[-1], title=shown.title)
    times, seen = Counter(shown.title for shown in page.tables), Counter[str]()
    for shown in page.tables:
        if times[shown.title] > 1:
            seen[shown.title] += 1
            shown.title = page.words(
                "caption_again", title=shown.title, place=page.words.place(seen[shown.title])
            )
        shown.node["c"][1] = [None, _caption(page.words, "table_caption", shown)]
    captions = {
        id(shown.node): _caption(page.words, "figure_caption", shown) for shown in page.figures
    }
    for block in walk(page.tree["blocks"]):
        if block["t"] == "Figure":
            block["c"][1] = [None, captions[id(block["c"][2][0]["c"][0])]]


def _caption(words: Words, key: str, shown: Shown) -> list[Node]:
    before, after = words(key, number="\0", title=shown.title).split("\0")
    number = {"t": "Span", "c": [["", ["number"], []], [string(str(shown.number))]]}
    return [{"t": "Plain", "c": [string(before), number, string(after)]}]


def _bold_line(made: Sequence[Node]) -> str:
    """The text of the block before, where it is one bold line and no sentence."""
    if not made or made[-1]["t"] != "Para":
        return ""
    if [inline["t"] for inline in made[-1]["c"]] != ["Strong"]:
        return ""
    text = plain(made[-1])
    return "" if text.endswith(STOPS) else text


def _source_line(text: str) -> Node:
    return {"t": "Div", "c": [["", ["source"], []], [{"t": "Para", "c": [string(text)]}]]}


def string(text: str) -> Node:
    """A piece of text; pandoc does not mind spaces in it."""
    return {"t": "Str", "c": text}


def raw(language: str, text: str, *, inline: bool = False) -> Node:
    """Text that a writer takes as it is.

    Args:
        language: Pandoc's name of the format that takes it; others leave it out.
        text: The text.
        inline: Whether it stands inside a line.
    """
    return {"t": "RawInline" if inline else "RawBlock", "c": [language, text]}


def walk(node: object) -> Iterator[Node]:
    """All elements below a node, parents first."""
    if isinstance(node, dict):
        if "t" in node:
            yield node
        yield from walk(node.get("c"))
    elif isinstance(node, list):
        for part in node:
            yield from walk(part)


def mapped(node: object, change: Callable[[Node], Node | list[Node]]) -> Any:
    """A copy of a tree with its elements changed, those inside first.

    Args:
        node: Tree, or a list of such.
        change: Gives what stands in the place of an element.
    """
    if isinstance(node, list):
        made: list[Any] = []
        for part in node:
            new = mapped(part, change)
            if isinstance(part, dict) and isinstance(new, list):
                made += new
            else:
                made.append(new)
        return made
    if isinstance(node, dict):
        new = {key: mapped(value, change) for key, value in node.items()}
        return change(new) if "t" in new else new
    return node


def plain(node: Node) -> str:
    """The text of an element."""
    pieces = []
    for part in walk(node):
        if part["t"] in {"Str"}:
            pieces.append(part["c"])
        elif part["t"] in {"Code", "Math"}:
            pieces.append(part["c"][1])
        elif part["t"] in {"Space", "SoftBreak", "LineBreak"}:
            pieces.append(" ")
    return "".join(pieces)


def wide(text: str) -> int:
    """Width of a text in half widths: a Chinese character takes two."""
    return sum(2 if ord(letter) >= 0x2E80 else 1 for letter in text)


def shares(table: Shown) -> list[float]:
    """Shares of the width of a page that columns take.

    A column is as wide as its longest piece that no line break divides, and gets of what is left in
    proportion to the text in it.
    """
    rows = table.rows
    least, most = [], []
    for column in zip(*rows, strict=True):
        pieces = [piece for cell in column for piece in re.split(r"[\s\u2e80-\uffef]+", cell)]
        least.append(2.0 + min(24, max(6, *(len(piece) for piece in pieces))))
        most.append(2.0 + max(wide(cell) for cell in column))
    spare = [max(m - n, 0.0) ** 0.7 for m, n in zip(most, least, strict=True)]
    room = max(110.0 - sum(least), 0.0)
    widths = [n + room * s / (sum(spare) or 1.0) for n, s in zip(least, spare, strict=True)]
    return [width / sum(widths) for width in widths]


def printed(page: Document, ending: str) -> Node:
    """The tree for paper: what opens on a click stands open, and columns have their widths.

    Headings begin at level 1. Links to another page lead to its file of the same format.
    """

    def change(node: Node) -> Node | list[Node]:
        kind, held = node["t"], node.get("c", ())
        if kind == "RawBlock" and held[0] == "html":
            return []
        if kind == "Header":
            return {"t": "Header", "c": [held[0] - 1, held[1], held[2]]}
        if kind == "Span" and dict(held[0][2]).keys() == {MARK}:
            return list(held[1])
        if kind == "Link":
            target = OTHER_PAGE.sub(rf"\1.{ending}", held[2][0])
            return {"t": "Link", "c": [held[0], held[1], [target, held[2][1]]]}
        return node

    tree: Node = mapped(page.tree, change)
    tables = (block for block in walk(tree["blocks"]) if block["t"] == "Table")
    for shown, block in zip(page.tables, tables, strict=True):
        columns = block["c"][2]
        for column, share in zip(columns, shares(shown), strict=True):
            if column[0]["t"] == "AlignDefault":
                column[0] = {"t": "AlignLeft"}
            column[1] = {"t": "ColWidth", "c": share}
    return tree
