"""What a report notebook shows: Markdown and pictures, which the page is made of."""

from __future__ import annotations

import base64
import io
import os
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from IPython.display import Markdown, display

from jiqun.notebooks import panels
from jiqun.scenarios.loader import DEFAULT_ROWS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jiqun.experiments import Results
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

DPI = 144
VECTOR = "JIQUN_FIGURES_AS_SVG"
"""Variable of the environment: where it is set, figures are drawn as SVG too."""
PANELS = "panels"
"""Value of that variable: each panel is drawn alone too."""
PANELS_TYPE = "application/vnd.jiqun.panels+json"
"""Type of what a cell shows that nobody sees: the title and the SVG of each panel."""


def section(title: str, level: int = 2, *, name: str = "", source: str = "") -> None:
    """Show a heading.

    Args:
        title: Its text.
        level: 2 for a part of the page, 3 and 4 below.
        name: Anchor that links lead to.
        source: Where tables and figures below it come from: a key of `source_names`. Headings below
            that say nothing have the same.
    """
    given = [f"#{name}"] * bool(name) + [f"source={source}"] * bool(source)
    text(f"{'#' * level} {title}" + f" {{{' '.join(given)}}}" * bool(given))


def text(markdown: str) -> None:
    """Show Markdown; nothing if there is none."""
    if markdown:
        display(Markdown(markdown))  # type: ignore[no-untyped-call]


def figure(drawn: Figure, title: str) -> None:
    """Show a figure, with words for those who do not see it (`panels`).

    Args:
        drawn: The figure.
        title: Its title.
    """
    shown: dict[str, Any] = {"image/png": base64.b64encode(png(drawn)).decode()}
    asked = os.environ.get(VECTOR, "")
    if asked:
        shown["image/svg+xml"] = svg(drawn)
    if asked == PANELS:
        shown[PANELS_TYPE] = [[name, svg(panel)] for name, panel in panels.alone(drawn)]
    said = {"title": title, "alt": panels.seen(drawn) or title}
    display(shown, metadata={"image/png": said}, raw=True)  # type: ignore[no-untyped-call]


def folded(opens: str, drawn: Figure, title: str) -> None:
    """Show a figure that opens on a click; on paper it stands open.

    Args:
        opens: Line that opens the figure.
        drawn: Figure to show.
        title: Its title.
    """
    text(f"<details><summary>{opens}</summary>")
    figure(drawn, title)
    text("</details>")


def missing(worlds: Worlds, words: Words, *names: str) -> None:
    """Say which runs a part of the page lacks, and how to make them.

    Args:
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
        *names: Scenarios that the part needs.
    """
    # Where none is absent, those that are there share no pair that reaches the horizon.
    absent = worlds.missing(*names) or names
    command = run_command(worlds.results, *absent)
    shown = words.listing(words.name("scenario_names", name) for name in absent)
    text(words("missing_runs", names=shown, command=command))


def run_command(results: Results, *parts: str) -> str:
    """The command that adds runs to a store, at its rows, from the folder that holds it."""
    rows = {form.rows for form in results.chosen().values()} - {DEFAULT_ROWS, None}
    sized = f" --rows {rows.pop() or 'all'}" if len(rows) == 1 else ""
    return f"jiqun run {' '.join(parts)} --draws 100{sized} --out {results.folder.name}"


def png(drawn: Figure) -> bytes:
    """A figure as a PNG file."""
    held = io.BytesIO()
    # The date would make two renderings of one store differ.
    drawn.savefig(held, format="png", dpi=DPI, metadata={"Software": None})
    return held.getvalue()


def svg(drawn: Figure) -> str:
    """A figure as SVG, its letters as outlines, since a reader's machine may lack the font."""
    held = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "jiqun", "svg.fonttype": "path"}):
        drawn.savefig(held, format="svg", metadata={"Date": None, "Creator": None})
    return held.getvalue()
