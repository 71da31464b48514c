"""What figures say in words, their panels alone, and scales that no outlier rules."""

import io
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from jiqun.notebooks import figures, panels, policy_figures, tables
from jiqun.notebooks.show import png, svg
from jiqun.notebooks.trust.evidence import Evidence
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.notebooks.worlds import MEASURED, Worlds


@pytest.fixture
def grid() -> Figure:
    """Two rows and three columns: titles above, labels and names of rows at the left."""
    figure = Figure(figsize=(9.6, 4), layout="constrained")
    axes = figure.subplots(2, 3, sharey="row")
    for row, line in enumerate(axes):
        for column, axis in enumerate(line):
            axis.plot([0, 1], [0, 1 + row])
            axis.set_yticks([0, 1], ["none", "one"])
            if row == 0:
                axis.set_title(f"column {column}")
            if column == 0:
                axis.set_ylabel(f"row {row}")
    figure.colorbar(figure.axes[0].scatter([0], [0], c=[1]), ax=axes)
    figure.legend([Patch()], ["what a colour is"], loc="outside lower center", ncols=1)
    return figure


def test_each_panel_stands_alone_with_what_it_shares(grid: Figure) -> None:
    made = list(panels.alone(grid))
    assert [title for title, _ in made] == [f"column {n}" for n in (0, 1, 2)] * 2
    for place, (title, panel) in enumerate(made):
        (axis,) = panel.axes
        assert axis.get_title(loc="left") == title
        assert axis.get_ylabel() == f"row {place // 3}"
        panel.savefig(io.BytesIO())
        shown = [label for label in axis.get_yticklabels() if label.get_visible()]
        assert [label.get_text() for label in shown] == ["none", "one"]
        assert axis.yaxis.get_tick_params()["labelleft"]
        assert [text.get_text() for text in panel.legends[0].get_texts()] == ["what a colour is"]
        assert axis.lines[0].get_ydata()[1] == 1 + place // 3
    # The figure itself is as it was.
    assert len(panels.of(grid)) == 6


def test_a_figure_of_one_panel_has_no_panels_apart() -> None:
    figure = Figure()
    figure.subplots().plot([1, 2])
    assert list(panels.alone(figure)) == []


@pytest.mark.parametrize(
    ("lang", "text"),
    [("zh", "全省：2023年1.0，2027年1.2。"), ("en", "全省: 2023年 1.0, 2027年 1.2.")],
)
def test_a_panel_is_told_in_words(lang: Lang, text: str) -> None:
    figure = Figure()
    above, below = figure.subplots(2)
    for axis in (above, below):
        axis.plot([1, 2])
        panels.tell(axis, Words(lang), "全省", {"2023年": "1.0", "2027年": "1.2"})
    assert panels.seen(figure) == (text + text if lang == "zh" else f"{text} {text}")
    below.set_visible(False)
    assert panels.seen(figure) == text
    below.set_visible(True)
    below.set_label("x" * panels.LONGEST)
    assert panels.seen(figure) == text + " …"


@pytest.mark.parametrize("lang", LANGS)
def test_every_panel_of_real_figures_is_told_and_drawn_alone(
    worlds: Worlds, evidence: Evidence, lang: Lang
) -> None:
    words = Words(lang)
    forest = policy_figures.forest(worlds, words)
    assert len(panels.of(forest)) == len(MEASURED)
    drawn = [
        forest,
        policy_figures.waterfall(worlds, words, "value_added"),
        policy_figures.long_run(worlds, words),
        figures.tiers(evidence, words, tables.GROUPS["digital"]),
        figures.against_published(evidence, words),
        figures.sources(evidence, words, tables.SOURCED),
    ]
    for figure in drawn:
        for axis in panels.of(figure):
            told = str(axis.get_label())
            assert any(letter.isdigit() for letter in told), axis.get_title()
        assert panels.seen(figure)
    made = list(panels.alone(forest))
    assert len(made) == len(MEASURED)
    names = [words.name("tier_names", unit) for unit in ("world", "county")]
    for title, panel in (made[1], made[-1]):
        assert title
        png(panel)
        shown = [label.get_text() for label in panel.axes[0].get_yticklabels()]
        assert set(names) <= set(shown)
        ElementTree.fromstring(svg(panel))


@pytest.mark.parametrize(
    ("sizes", "most"),
    [
        ([8.4, 1.7, 0.9, 0.2], 3 * 0.9),
        ([125.0, 9.0, 6.5, 6.0], 3 * 6.5),
        ([-4.0, 2.8, 1.1], 4.0),
        ([5.0, -0.1, 0.1], 3 * 0.1),
        ([2.0], 2.0),
        ([0.0, 0.0], 1.0),
        ([], 1.0),
        ([float("nan"), 3.0], 3.0),
    ],
)
def test_a_scale_ends_where_outliers_would_rule_it(sizes: list[float], most: float) -> None:
    assert figures.room(sizes) == pytest.approx(most)


def test_what_lies_beyond_a_scale_is_written_at_its_edge() -> None:
    figure = Figure()
    axis = figure.subplots()
    figures.beyond(axis, 2, "−8.4", -3.0)
    assert axis.lines[0].get_marker() == "<"
    assert axis.lines[0].get_xdata()[0] == -3.0
    (text,) = axis.texts
    assert (text.get_text(), text.get_ha()) == ("−8.4", "left")
