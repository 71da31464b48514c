"""Panels of a figure: what each shows in words, and each as a picture of its own."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from jiqun.notebooks.words import Words

SIZE = (5.2, 3.4)
"""Inches of a panel that stands alone; wider where its legend is, higher for many rows."""
ROW = 0.24
"""Inches of a row of a list."""
LONGEST = 1200
"""Letters of a description beyond which further panels are left out."""


def tell(axis: Axes, words: Words, title: str, told: Mapping[str, str]) -> None:
    """Say in words what a panel shows, for those who do not see it.

    Args:
        axis: The panel.
        words: Texts and number formats of the page's language.
        title: What the panel is of.
        told: Written values by what they are of.
    """
    colon, comma, gap = ("：", "，", "") if words.lang == "zh" else (": ", ", ", " ")
    listed = comma.join(f"{name}{gap}{value}".strip() for name, value in told.items())
    stop = "。" if words.lang == "zh" else "."
    axis.set_label((f"{title}{colon}{listed}" if title else listed).replace("\n", gap) + stop)


def of(figure: Figure) -> list[Axes]:
    """Panels that are shown, in the order in which they are read; scales of colour are none."""
    return [
        axis
        for axis in figure.axes
        if axis.get_visible() and axis.has_data() and axis.get_label() != "<colorbar>"
    ]


def seen(figure: Figure) -> str:
    """What the panels of a figure show, in words."""
    kept = ""
    for axis in of(figure):
        told = str(axis.get_label())
        if kept and told and len(kept) + len(told) > LONGEST:
            return kept + " …"
        kept += (" " if kept.endswith(".") else "") + told
    return kept


def alone(figure: Figure) -> Iterator[tuple[str, Figure]]:
    """Each panel of a figure of several, with its title, as a figure of its own.

    What a panel shares with others of its row or column (names of rows, a title, a scale) it gets;
    the legend stands beside each.
    """
    if len(of(figure)) < 2:
        return
    held = pickle.dumps(figure)
    for place, axis in enumerate(of(figure)):
        copy: Figure = pickle.loads(held)
        kept = of(copy)[place]
        title, label = _heads(axis, figure)
        for other in copy.axes:
            # Axes that share a scale with one that is removed keep it.
            if other is not kept:
                other.remove()
        kept.set_subplotspec(copy.add_gridspec(1, 1)[0])
        kept.tick_params(labelleft=True, labelbottom=True)
        kept.set_title(title, loc="left", color=kept.title.get_color())
        kept.set_ylabel(label)
        _fit(copy, kept)
        yield title.replace("\n", " "), copy


def _heads(axis: Axes, figure: Figure) -> tuple[str, str]:
    """Title and label of a panel: its own, or that at the head of its column and of its row."""
    given = axis.get_subplotspec()
    title = axis.get_title(loc="left") or axis.get_title()
    label = axis.get_ylabel()
    for other in figure.axes:
        spec = other.get_subplotspec()
        if given is None or spec is None or spec.get_gridspec() is not given.get_gridspec():
            continue
        if spec.colspan == given.colspan and spec.rowspan.start == 0:
            title = title or other.get_title(loc="left") or other.get_title()
        if spec.rowspan == given.rowspan and spec.colspan.start == 0:
            label = label or other.get_ylabel()
    return title, label


def _fit(figure: Figure, axis: Axes) -> None:
    """Size for one panel: as wide as its legend, as high as its rows."""
    legends = [legend.get_window_extent().width / figure.dpi for legend in figure.legends]
    rows = len(axis.get_yticks()) if axis.get_yticklabels() and axis.yaxis_inverted() else 0
    width, height = SIZE
    figure.set_size_inches(
        max([width, *(wide + 0.3 for wide in legends)]), max(height, ROW * rows + 1.2)
    )
    figure.suptitle("")
