"""The report's tables, figures and pages."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from model.scenario import TIERS
from notebooks import figures, tables
from notebooks.evidence import Evidence
from notebooks.render import render
from notebooks.show import png
from notebooks.words import LANGS, Lang, Words
from scenarios.tables import table


@pytest.fixture(scope="module", params=LANGS)
def drawn(evidence: Evidence, request: pytest.FixtureRequest) -> list[Figure]:
    """Every figure of a language, drawn; a glyph that the font lacks is an error."""
    words = Words(request.param)
    found = [
        figures.against_published(evidence, words),
        *(figures.tiers(evidence, words, outcomes) for outcomes in tables.GROUPS.values()),
        figures.sources(evidence, words, tables.SOURCED),
        figures.picture(evidence, words),
    ]
    with warnings.catch_warnings():
        # matplotlib warns of a glyph that the font lacks.
        warnings.simplefilter("error")
        assert all(png(figure).startswith(b"\x89PNG") for figure in found)
    return found


def test_labels_stay_inside_the_figure(drawn: list[Figure]) -> None:
    for figure in drawn:
        page = figure.bbox.padded(2)
        for axis in figure.axes:
            if axis.get_visible():
                box = axis.get_tightbbox()
                assert box is not None
                assert page.x0 <= box.x0 <= box.x1 <= page.x1
                assert page.y0 <= box.y0 <= box.y1 <= page.y1


def test_paths_stay_inside_their_panels(drawn: list[Figure]) -> None:
    for figure in drawn:
        for axis in figure.axes:
            low, high = axis.get_ylim()
            for line in axis.lines:
                values = np.asarray(line.get_ydata(), dtype=float)
                # Upright lines are drawn in shares of the panel.
                if len(values) > 2:
                    assert low <= np.nanmin(values) <= np.nanmax(values) <= high


@pytest.mark.parametrize("lang", LANGS)
def test_tables_are_whole(evidence: Evidence, lang: Lang) -> None:
    words = Words(lang)
    pages = [
        tables.summary(evidence, words),
        tables.published_table(evidence, words),
        tables.county_table(evidence, words),
        *(tables.tier_table(evidence, words, group) for group in tables.GROUPS.values()),
        tables.assumed_table(evidence, words),
        tables.sources_table(evidence, words),
        tables.luck(evidence, words),
        tables.basis_table(words),
        tables.parameters_table(words),
        tables.residual(evidence, words),
        tables.provenance_table(evidence, words, "store"),
    ]
    assert all(pages)
    assert not re.search(r"\b(nan|inf|None)\b", "\n".join(pages))
    rows = pages[1].splitlines()
    assert len(rows) == 2 + len(table("calibration_targets"))
    for page in pages[1:]:
        widths = {line.count("|") for line in page.splitlines() if line.startswith("|")}
        assert len(widths) <= 1
    for tier in TIERS:
        assert words.name("tier_names", tier) in pages[3]


def test_summary_has_three_to_five_sentences(evidence: Evidence) -> None:
    assert 3 <= len(tables.summary(evidence, Words("en")).splitlines()) <= 5


def test_what_cannot_be_written_is_refused(store: Path) -> None:
    with pytest.raises(ValueError, match="not pdf"):
        render(store, ["zh"], ["pdf"])
    with pytest.raises(ValueError, match="later figures"):
        render(store, ["zh"], actuals=Path("later.csv"))


@pytest.mark.slow
def test_pages_open_without_a_network(store: Path) -> None:
    pages = render(store)
    assert pages == [store.parent / lang / "index.html" for lang in LANGS]
    for page, lang in zip(pages, LANGS, strict=True):
        html = page.read_text("utf-8")
        words = Words(lang)
        assert words("title") in html.replace("&#39;", "'")
        assert words("subtitle") in html
        assert not re.search(r"https?://", html)
        assert not re.search(r"<(script|link|iframe)\b", html)
        assert set(re.findall(r'(?:src|href)="([^":]+)', html)) <= {"data"}
        assert html.count("<img") == 2 + len(tables.GROUPS)
        assert html.count("<table") >= 8
        assert "Traceback" not in html
