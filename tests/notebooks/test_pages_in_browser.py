"""Pages as a browser shows them: no barrier that axe finds, nothing cut, all of it on paper."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from jiqun.experiments.effects import comparison_data
from jiqun.notebooks.render import render
from jiqun.notebooks.words import LANGS
from tests.notebooks.browser import SCHEMES, WIDTHS, browser, found, opened
from tests.notebooks.made_up import write_compared_store

pytest.importorskip("playwright")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(found() is None, reason="Chromium is not installed"),
]

PAGES = ("index", "designs", "levers", "cities")
GRAVE = {"serious", "critical"}
ORDER = "heading-order"
"""Rule that axe calls moderate, and that is kept here all the same."""
CUT = """() => [...document.querySelectorAll('main *, header *, nav *')].filter(e =>
    getComputedStyle(e).display !== 'inline' && !['SVG', 'svg', 'OL', 'UL'].includes(e.tagName)
    && !e.closest('.wide') && e.checkVisibility()
    && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
).map(e => e.tagName + ': ' + e.textContent.trim().slice(0, 60))"""
"""Boxes that what is in them is wider than."""
OUTSIDE = """() => [...document.querySelectorAll('main *')].filter(e =>
    !e.closest('.wide') && e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1
).map(e => e.tagName + ': ' + e.textContent.trim().slice(0, 60))"""


MOVED = """() => [...document.querySelectorAll('.wide')].filter(e =>
    e.scrollWidth > e.clientWidth + 1).map(e =>
    `${e.getAttribute('aria-label')}: ${e.scrollWidth} of ${e.clientWidth}`)"""
"""What can only be seen whole by moving it."""
PAPER = 695
"""Pixels between the margins of a page of A4."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every page, in both languages."""
    store = write_compared_store(tmp_path_factory.mktemp("seen") / "store", cities=True)
    shutil.copy(comparison_data.SHIPPED / comparison_data.FILE, store)
    out = store.parent / "report"
    made = render(store, LANGS, out=out)
    assert {page.stem for page in made} == set(PAGES)
    return out


@pytest.fixture(scope="module")
def one() -> Iterator[Any]:
    with browser() as started:
        yield started


def barriers(tab: Any) -> list[str]:
    """What axe finds of weight: rule, how many, and the first place."""
    response = axe_playwright.Axe().run(tab).response
    return [
        f"{found['id']} x{len(found['nodes'])}: {found['nodes'][0]['html'][:120]}"
        for found in response["violations"]
        if found["impact"] in GRAVE or found["id"] == ORDER
    ]


@pytest.mark.parametrize(
    ("lang", "name", "scheme", "device"), list(product(LANGS, PAGES, SCHEMES, WIDTHS))
)
def test_axe_finds_no_barrier_and_nothing_is_cut(
    report: Path, one: Any, lang: str, name: str, scheme: str, device: str
) -> None:
    with opened(one, report / lang / f"{name}.html", WIDTHS[device], scheme) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.evaluate(CUT) == []
        assert tab.evaluate(OUTSIDE) == []
        assert barriers(tab) == []


def test_planted_faults_are_found(report: Path, one: Any) -> None:
    page = report / "en" / "cities.html"
    faults = {
        "document.querySelector('main p').style.color = '#bbb'": "color-contrast",
        "['alt', 'aria-label'].map(n => document.images[0].removeAttribute(n))": "image-alt",
        "document.querySelector('main h2').outerHTML = '<h4>x</h4>'": "heading-order",
        # The last table has no links, which would take the focus in its place.
        "const last = [...document.querySelectorAll('.wide')].at(-1);"
        "last.tabIndex = -1; last.style.width = '90px'": "scrollable-region-focusable",
    }
    for fault, rule in faults.items():
        with opened(one, page, 390) as tab:
            tab.evaluate(fault)
            assert rule in " ".join(barriers(tab))
    with opened(one, page, 390) as tab:
        tab.evaluate("document.querySelector('main p').style.width = '500px'")
        assert tab.evaluate(OUTSIDE) != []
    with opened(one, page, 390) as tab:
        tab.evaluate("document.querySelector('main p').innerHTML = 'x'.repeat(200)")
        tab.evaluate("document.body.style.overflowWrap = 'normal'")
        assert tab.evaluate(CUT) != []


@pytest.mark.parametrize(("lang", "name"), list(product(LANGS, PAGES)))
def test_no_table_is_wider_than_paper_or_desk(report: Path, one: Any, lang: str, name: str) -> None:
    for width, media in ((PAPER, "print"), (1440, "screen")):
        with opened(one, report / lang / f"{name}.html", width) as tab:
            tab.emulate_media(media=media)
            assert tab.evaluate(MOVED) == []


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_figure_shows_is_said(report: Path, lang: str) -> None:
    for name in PAGES:
        html = (report / lang / f"{name}.html").read_text("utf-8")
        figures = re.findall(r"<figure>.*?</figure>", html, re.DOTALL)
        assert len(figures) == html.count("<img")
        for figure in figures:
            alt, caption = re.search(r'alt="([^"]*)"', figure), figure.split("<figcaption")[1]
            assert alt is not None
            title = re.sub("<[^>]+>", "", caption.split(">", 1)[1])
            assert len(alt[1]) > 20
            assert alt[1].strip("。.") not in title
            # A number, or in words what each row came out as.
            assert re.search(r"\d|：|: ", alt[1])


def test_terms_open_by_pointer_and_by_keyboard(report: Path, one: Any) -> None:
    shown = "e => getComputedStyle(e, '::after').content"
    with opened(one, report / "zh" / "index.html", 390) as tab:
        term = tab.locator("main dfn").first
        assert term.evaluate(shown) == "none"
        term.hover()
        assert term.evaluate(shown) != "none"
        tab.mouse.move(0, 0)
        term.focus()
        assert term.evaluate(shown) != "none"
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("lang", LANGS)
def test_links_lead_to_places_that_are_there(report: Path, lang: str) -> None:
    for page in (report / lang).glob("*.html"):
        html = page.read_text("utf-8")
        for target in re.findall(r'<a [^>]*href="([^":]+)"', html):
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
            assert file.is_file(), target
            assert not anchor or f'id="{anchor}"' in file.read_text("utf-8"), target


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="Poppler is not installed")
@pytest.mark.parametrize("lang", LANGS)
def test_paper_has_fold_outs_and_page_numbers_and_is_light(
    report: Path, one: Any, lang: str, tmp_path: Path
) -> None:
    with opened(one, report / lang / "index.html", scheme="dark") as tab:
        folded = tab.locator("main details figcaption").all_text_contents()
        brief = tab.locator(".brief > :last-child").text_content()
        tab.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
        tab.emulate_media(media="print", color_scheme="dark")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
    ran = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, check=True
    )
    pages = ran.stdout.decode("utf-8").split("\f")[:-1]
    read = re.sub(r"\s", "", "".join(pages))
    # The answer in brief is one sheet.
    assert re.sub(r"\s", "", brief) in re.sub(r"\s", "", pages[0])
    assert folded
    for caption in folded:
        assert re.sub(r"\s", "", caption) in read
    for number, text in enumerate(pages, 1):
        assert text.split("\n\n")[-1].split() == [str(number), "/", str(len(pages))]


def test_no_heading_stands_at_the_foot_of_a_page(report: Path, one: Any, tmp_path: Path) -> None:
    """Below each heading of a printed page stands some of what it heads."""
    if shutil.which("pdftotext") is None:
        pytest.skip("Poppler is not installed")
    for name in PAGES:
        with opened(one, report / "en" / f"{name}.html") as tab:
            headings = tab.locator("main :is(h2, h3, h4)").all_text_contents()
            tab.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
        ran = subprocess.run(
            ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, check=True
        )
        for text in ran.stdout.decode("utf-8").split("\f")[:-1]:
            lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
            assert lines[-2] not in headings
