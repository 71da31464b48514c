"""The pictures of the stylised facts, drawn from their stored points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from jiqun.calibration.palette import BLUE, GREY

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

TITLES = {
    "size_tail": ("Sales, 2023", "yuan", "share of enterprises above"),
    "growth_shape": ("Growth of sales, field-year means taken out", "log", "density"),
    "exit_by_age": ("Exit by age", "full years since foundation", "share a year"),
    "rd_bunching": ("Reported R&D over sales", "over the notch of its size class", "share"),
    "lumpiness": ("Plant bought over plant", "share", "share of enterprise-years"),
    "energy_price": ("Elasticity of energy to its price", "year", "elasticity"),
}
NOTES = {"size_tail": "grey: Zipf, exponent 1", "growth_shape": "grey: Laplace"}


def draw(points: pd.DataFrame, path: Path) -> None:
    """Draw the facts that have points, one panel each.

    Args:
        points: Columns fact, series, x and y.
        path: PNG file.
    """
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    for place, (fact, (title, x_label, y_label)) in zip(
        figure.subplots(2, 3).flat, TITLES.items(), strict=True
    ):
        panel(place, points, fact, NOTES.get(fact, ""))
        place.set_title(title, fontsize=9, loc="left")
        place.set_xlabel(x_label, fontsize=8)
        place.set_ylabel(y_label, fontsize=8)
        place.tick_params(labelsize=7)
        place.spines[["top", "right"]].set_visible(False)
    # Without the library's version in it, the file changes with its points only.
    figure.savefig(path, dpi=110, metadata={"Software": None})


def panel(place: Axes, points: pd.DataFrame, fact: str, note: str) -> None:
    """Draw one fact, with a note on the line that it is held against.

    Args:
        place: Axes to draw on.
        points: Points of all facts, columns `fact`, `x` and `y`.
        fact: Name of the fact.
        note: What the line is; shown for `size_tail` and `growth_shape` alone.
    """
    rows = points[points["fact"] == fact]
    x, y = rows["x"].to_numpy(dtype=float), rows["y"].to_numpy(dtype=float)
    if fact == "size_tail":
        place.loglog(x, y, ".", color=BLUE, ms=4)
        tail = (y < 0.08) & (x > 0.0)
        start = np.flatnonzero(tail)[-1]
        place.loglog(x[tail], y[start] * x[start] / x[tail], color=GREY, lw=1)
        place.text(0.05, 0.1, note, fontsize=7, transform=place.transAxes)
    elif fact == "growth_shape":
        seen = y > 0.0
        place.semilogy(x[seen], y[seen], ".", color=BLUE, ms=4)
        spread = float(np.average(np.abs(x), weights=y))
        place.semilogy(x, np.exp(-np.abs(x) / spread) / (2 * spread), color=GREY, lw=1)
        place.set_ylim(y[seen].min() / 2, y.max() * 2)
        place.text(0.05, 0.9, note, fontsize=7, transform=place.transAxes)
    elif fact in ("rd_bunching", "lumpiness"):
        place.bar(x, y, width=0.9 * (x[1] - x[0]), color=BLUE)
        place.axvline(1.0 if fact == "rd_bunching" else 0.2, color=GREY, lw=1)
    else:
        place.plot(x, y, "-o", color=BLUE, ms=3, lw=1)
        place.axhline(0.0, color=GREY, lw=0.8)
