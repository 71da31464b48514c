"""The report's tables, figures and pages."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from jiqun.model.dimensions import TIERS
from jiqun.notebooks import effects, figures, policy_figures, tables
from jiqun.notebooks.actuals import Actual
from jiqun.notebooks.levers.page import gather_levers
from jiqun.notebooks.money import Money
from jiqun.notebooks.record import read_record
from jiqun.notebooks.render import render
from jiqun.notebooks.show import png
from jiqun.notebooks.trust.evidence import Evidence, gather
from jiqun.notebooks.words import LANGS, Lang, Words
from jiqun.notebooks.worlds import Worlds
from jiqun.scenarios import InputError
from jiqun.scenarios.tables import table

LATER = (
    Actual("revenue", "province", "anhui", 2024, 5.3e12),
    Actual("revenue", "field", "pv_storage", 2026, 5e11),
)


@pytest.fixture(scope="module", params=LANGS)
def drawn(
    evidence: Evidence, worlds: Worlds, ledger: Money, request: pytest.FixtureRequest
) -> list[Figure]:
    """Every figure of a language, drawn; a glyph that the font lacks is an error."""
    words = Words(request.param)
    found = [
        policy_figures.forest(worlds, words),
        *(policy_figures.waterfall(worlds, words, name) for name in effects.WATERFALL),
        policy_figures.long_run(worlds, words),
        policy_figures.by_year(ledger, words),
        policy_figures.province(evidence, worlds, words, tables.PROVINCE_PATHS, LATER),
        figures.later(evidence, words, LATER),
        figures.against_published(evidence, words),
        *(figures.tiers(evidence, words, outcomes, LATER) for outcomes in tables.GROUPS.values()),
        figures.sources(evidence, words, tables.SOURCED),
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
    with pytest.raises(ValueError, match="not odt"):
        render(store, ["zh"], ["pdf", "odt"])
    with pytest.raises(InputError, match=r"later\.csv: .*No such file"):
        render(store, ["zh"], actuals=Path("later.csv"))


def pictures_of_trust() -> int:
    """Pictures that what is on record allows."""
    record = read_record()
    parts = (record.figures, record.skill, record.pictures, record.parameters, record.trials)
    return sum(part is not None for part in parts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["store", "compared_store"])
def test_pages_open_without_a_network(kind: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    pages = render(folder)
    # The project may ship an analysis of the levers, which has a page beside each.
    ranked = gather_levers(folder) is not None
    names = ["index.html", "levers.html"] if ranked else ["index.html"]
    assert pages == [folder / "report" / lang / name for name in names for lang in LANGS]
    for page, lang in zip(pages, LANGS, strict=False):
        html = " ".join(page.read_text("utf-8").replace("&#39;", "'").split())
        words = Words(lang)
        assert words("title") in html
        assert words("subtitle") in html
        assert "2026-01-02 03:04 UTC" in html
        assert not re.search(r"https?://", html)
        assert '<th scope="col"' in html
        assert not re.search(r"<th(?! scope)[ >]", html)
        # What scripts there are stand in the page itself.
        assert not re.search(r"<(link|iframe)\b|<script[^>]*\bsrc", html)
        # What it refers to stands in it or beside it: parts of the page, other pages, pictures.
        for target in set(re.findall(r'(?:src|href)="([^":]+)', html)) - {"data"}:
            name, _, part = target.partition("#")
            at = (page.parent / name) if name else page
            assert at.is_file(), target
            assert not part or f'id="{part}"' in at.read_text("utf-8"), target
        assert 'id="trust"' in html
        more = 3 + len(effects.WATERFALL) if kind == "compared_store" else 0
        more += ranked
        assert html.count("<img") == 3 + len(tables.GROUPS) + more + pictures_of_trust()
        assert (words("levers_missing").split("{")[0].rstrip(": ：`") in html) == (not ranked)
        assert html.count("<table") >= 8
        assert "Traceback" not in html
        # A part that lacks its runs says which; a whole store lacks none.
        lacking = words("missing_runs").split("{")[0].rstrip(": ：")
        assert (lacking in html) == (kind == "store")
        assert (words("question") in html) == (kind == "compared_store")


@pytest.mark.slow
def test_later_values_are_on_the_page(compared_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    path.write_text("indicator,year,value,unit,scope\nas_revenue,2024,51000,亿元,Anhui\n", "utf-8")
    page, *_ = render(compared_store, ["en"], actuals=path)
    html = page.read_text("utf-8")
    assert "5,100" in html
    assert Words("en")("actuals_title") in html
    assert gather(compared_store).scenario == "as_issued"
