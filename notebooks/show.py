"""What a report notebook shows: Markdown and pictures, which the page is made of."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from IPython.display import Image, Markdown, display

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 144


def section(title: str, level: int = 2) -> None:
    """Show a heading."""
    text(f"{'#' * level} {title}")


def text(markdown: str) -> None:
    """Show Markdown; nothing if there is none."""
    if markdown:
        display(Markdown(markdown))  # type: ignore[no-untyped-call]


def figure(drawn: Figure, alt: str) -> None:
    """Show a figure, with words for those who do not see it."""
    display(Image(data=png(drawn), format="png", alt=alt))  # type: ignore[no-untyped-call]


def png(drawn: Figure) -> bytes:
    """A figure as a PNG file."""
    held = io.BytesIO()
    # The date would make two renderings of one store differ.
    drawn.savefig(held, format="png", dpi=DPI, metadata={"Software": None})
    return held.getvalue()
