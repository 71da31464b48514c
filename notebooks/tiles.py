"""The map of the cities: a tile each, shaded by what the document changes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from jiqun.calibration.palette import ABSENT, DIM, FALLS, GREY, INK, RISES, letters_on
from jiqun.model.region import REGION
from jiqun.notebooks.figures import style
from jiqun.notebooks.panels import tell
from jiqun.notebooks.places import city_name

if TYPE_CHECKING:
    from jiqun.notebooks.trust.evidence import Unit
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Effect

WIDE, HIGH = 1.0, 0.56
"""Inches of a tile."""
LONGEST = 11
"""Letters of a name that a tile holds at full size."""


class Mapped(Protocol):
    """What a map is of."""

    def effect(self, unit: Unit) -> Effect | None:
        """Effect on value added of a city; None where it is not known."""


def has_tiles() -> bool:
    """Whether the region says where its cities stand on the map."""
    return all(city.tile for city in REGION.cities.values())


def tile_map(places: Mapped, words: Words) -> Figure:
    """Effect on value added of each city; hatched where nothing is concluded."""
    style(words)
    effects = {city: places.effect(("city", city)) for city in REGION.cities}
    tiles = {city: known.tile for city, known in REGION.cities.items()}
    columns, rows = (1 + max(tile[axis] for tile in tiles.values()) for axis in (0, 1))
    largest = max((abs(e.estimate.mean) for e in effects.values() if e and e.sign), default=1.0)
    figure = Figure(figsize=(WIDE * columns, HIGH * rows), layout="constrained")
    axes = figure.subplots()
    for city, (column, row) in tiles.items():
        shade, ink, hatch = _look(effects[city], largest)
        corner, side = (column + 0.03, row + 0.03), 0.94
        axes.add_patch(Rectangle(corner, side, side, facecolor=shade, edgecolor=GREY, lw=0.8))
        if hatch:
            axes.add_patch(
                Rectangle(corner, side, side, facecolor="none", edgecolor=DIM, lw=0.0, hatch="///")
            )
        box = {"facecolor": shade, "edgecolor": "none", "pad": 1.5}
        name = city_name(city, words)
        middle, size = column + 0.5, 9.5 if len(name) <= LONGEST else 7.5
        axes.text(
            middle, row + 0.36, name, ha="center", va="center", color=ink, bbox=box, size=size
        )
        told = _told(effects[city], words)
        axes.text(middle, row + 0.7, told, ha="center", va="center", color=ink, bbox=box, size=8.5)
    shown = {city_name(city, words): _told(effects[city], words) for city in tiles}
    tell(axes, words, "", shown)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.set_axis_off()
    return figure


def _look(effect: Effect | None, largest: float) -> tuple[str, str, bool]:
    """Shade, colour of the letters, and whether the tile is hatched."""
    if effect is None or not effect.sign:
        return ABSENT, INK, True
    shades = RISES if effect.sign > 0 else FALLS
    step = min(int(len(shades) * abs(effect.estimate.mean) / largest), len(shades) - 1)
    return shades[step], letters_on(shades[step]), False


def _told(effect: Effect | None, words: Words) -> str:
    if effect is None or not effect.sign:
        return words.name("verdict_of_effect", effect.verdict if effect else "0")
    mean = words.signed([100.0 * effect.estimate.mean])[0]
    return mean + ("%" if words.lang == "zh" else " %")
