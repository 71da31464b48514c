"""The colours of all pictures, on white: the one place where they are chosen.

`tests/calibration/test_palette.py` holds what they promise. Letters in an ink reach a contrast of
4.5:1. Tiers differ for readers with each kind of colour blindness. Nothing is told by colour alone:
a mark, a hatch or a label stands beside it, so that a copy in grey can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

INK, BLUE, GREY, RED = "#1f2937", "#1f5a92", "#5d6470", "#b4341f"
PURPLE, GREEN, OCHRE = "#6b3fa0", "#0b6b4f", "#8b4a08"
INKS = (INK, BLUE, GREY, RED, PURPLE, GREEN, OCHRE)
"""Colours that letters, lines and marks may have."""
PALE, DIM, BAND, GRID = "#9db7d3", "#c3c8cf", "#e5e7eb", "#e5e7eb"
"""Fills: letters on them are in ink."""
TIERS: Mapping[str, str] = {
    "world": "#4a1157",
    "national": "#2170c4",
    "provincial": "#0c4b38",
    "county": "#8b4a08",
    "none": "#676d76",
}
MARKS: Mapping[str, str] = {
    "world": "s",
    "national": "o",
    "provincial": "^",
    "county": "D",
    "none": "v",
}
"""Mark of each tier."""
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++")
"""Patterns of the parts of a stack, in their order."""
RISES = ("#dbe8f4", "#9dc0de", "#6aa3d0", "#1f5a92")
FALLS = ("#f3e1cf", "#dba876", "#c9854a", "#7d3f0b")
"""Shades by size: the darker, the larger."""
ABSENT = "#f1f1f1"
"""Fill of what nothing is concluded on."""


def letters_on(fill: str) -> str:
    """Ink or white: the one that can be read on a fill."""
    return max((INK, "#ffffff"), key=lambda ink: contrast(ink, fill))


def contrast(one: str, other: str) -> float:
    """Ratio of the luminances of two colours, as accessibility guidelines define it.

    Args:
        one: Colour as `#rrggbb`.
        other: Colour as `#rrggbb`.
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def linear(colour: str) -> tuple[float, float, float]:
    """Amounts of red, green and blue light of a colour given as `#rrggbb`, from 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _light(red), _light(green), _light(blue)


def _light(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
