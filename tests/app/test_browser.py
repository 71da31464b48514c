"""The page in a browser: what users do, by mouse and by keyboard; nothing leaves the machine."""

import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jiqun.app import estimate as estimating
from jiqun.app.serving import served
from jiqun.app.words import PageWords
from jiqun.notebooks.words import LANGS
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.question import GRAMMAR

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
]
ROWS, PAIRS = 1_100, 8
LONG = 240_000
"""Milliseconds that runs may take on a busy machine; no test asserts a time."""
WIDE, NARROW = (1440, 1000), (390, 844)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("page") / "app", 0, ROWS, PAIRS, warm=False) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(address, browser):
    """Opens the page; in the end no other machine was asked anything, and no script failed."""
    with ExitStack() as opened:
        asked, errors = [], []

        def open_(query="lang=en", size=WIDE, **more):
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]}, accept_downloads=True, **more
            )
            opened.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.on("request", lambda request: asked.append(request.url))
            page.on("websocket", lambda socket: asked.append(socket.url))
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"{address}?{query}")
            page.wait_for_selector(".lever")
            return page

        yield open_
        here = urlsplit(address).netloc
        away = [
            url for url in asked if urlsplit(url).scheme != "data" and urlsplit(url).netloc != here
        ]
        assert asked
        assert not away
        assert not errors


def box(page, key):
    return page.locator(f'input[type=number][data-key="{key}"]')


def slider(page, key):
    return page.locator(f'input[type=range][data-key="{key}"]')


def move(page, key, value):
    box(page, key).fill(value)
    box(page, key).press("Tab")


def shows(page, place, text):
    """Wait until a part of the page says something: its parts follow each other."""
    told = "([place, text]) => document.querySelector(place)?.innerText.includes(text)"
    page.wait_for_function(told, arg=[place, text])


def run(page):
    page.click("#run")
    page.wait_for_selector('[data-status="done"]', timeout=LONG)
    page.wait_for_selector("#targets table")


def test_a_lever_is_moved_the_estimate_and_the_runs_are_shown(visit, emulator, monkeypatch):
    monkeypatch.setattr(estimating, "shipped", lambda: emulator)
    estimating.emulator.cache_clear()
    words = PageWords("en")
    page = visit()
    slider(page, "cluster_award").fill("2")
    page.wait_for_selector("#estimate .estimated")
    shows(page, "#estimate .estimated", "+1")
    shows(page, "#answer table", words.said("estimate"))
    shows(page, "#cost table", words.said("not_yet"))
    run(page)
    shows(page, "#answer", words.said("runs"))
    # The made-up estimate is a hundred times too large, and the page says so.
    shows(page, "#answer", words.said("disagree_mark"))
    for name in ("targets", "winners", "cities", "clusters", "flows", "assumed", "even", "cost"):
        assert page.locator(f"#{name}").inner_text().strip(), name
    assert page.locator("#cities img").get_attribute("alt")
    # What is moved since is not mistaken for what was run.
    move(page, "cluster_award", "1.5")
    page.wait_for_function(
        f"document.querySelector('#answer').innerText.includes({words.said('older_run')!r})"
    )
    estimating.emulator.cache_clear()


def test_without_an_emulator_the_page_says_why(visit, monkeypatch):
    monkeypatch.setattr(estimating, "shipped", lambda: None)
    estimating.emulator.cache_clear()
    for lang in LANGS:
        page = visit(f"lang={lang}&set=cluster_award*2")
        page.wait_for_selector("#estimate p")
        assert PageWords(lang).named("no_estimate", "none", levers="") == page.inner_text(
            "#estimate"
        )
    estimating.emulator.cache_clear()


def test_runs_are_cancelled_and_gone_on_with(visit):
    page = visit("lang=en&set=digital_voucher*2")
    page.click("#run")
    page.wait_for_selector("progress")
    page.click("#cancel")
    page.wait_for_selector('[data-status="cancelled"]', timeout=LONG)
    page.click("#more")
    page.wait_for_selector('[data-status="done"]', timeout=LONG)


def test_the_language_is_switched_and_what_is_moved_stays(visit):
    page = visit("lang=zh&set=cluster_award*2")
    zh, en = (PageWords(lang) for lang in LANGS)
    assert zh.said("title") == page.inner_text("h1")
    page.click('button[data-lang="en"]')
    page.wait_for_function(f"document.querySelector('h1').innerText === {en.said('title')!r}")
    page.wait_for_function("document.documentElement.lang === 'en'")
    assert page.title() == en.said("title")
    page.wait_for_function("document.querySelector('input[data-key=cluster_award]').value === '2'")
    assert not re.search("[\u4e00-\u9fff]", page.inner_text("main").replace("中文", ""))


def test_a_question_is_saved_and_loaded_again(visit, tmp_path):
    page = visit("lang=en&set=cluster_award*2;digital_voucher.rate=50%25")
    with page.expect_download() as got:
        page.click("#save")
    path = tmp_path / got.value.suggested_filename
    got.value.save_as(path)
    assert load(path).lever("cluster_award").value("provincial", 20) == 10_000_000.0
    page.click("[data-reset]")
    page.wait_for_function("document.querySelector('input[data-key=cluster_award]').value === '1'")
    page.set_input_files("#load", path)
    page.wait_for_function("document.querySelector('input[data-key=cluster_award]').value === '2'")
    assert box(page, "digital_voucher.rate").input_value() == "50"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: mine\nbaseline: ../../secret\n")
    page.set_input_files("#load", wrong)
    page.wait_for_function("document.querySelector('#loaded').innerText.includes('baseline')")


def test_a_link_carries_the_question_and_a_bad_one_is_refused(visit):
    page = visit()
    move(page, "fund_steering", "1.5")
    page.wait_for_function("location.search.includes('fund_steering')")
    link = page.locator("[data-link]")
    page.wait_for_function("document.querySelector('[data-link]').value.includes('fund_steering')")
    again = visit(urlsplit(link.input_value()).query)
    again.wait_for_function(
        "document.querySelector('input[data-key=fund_steering]').value === '1.5'"
    )
    for bad in ("set=cluster_award*2;<script>", "on=../../etc/passwd", "set=cluster_award*999"):
        page = visit(f"lang=en&{bad}")
        page.wait_for_selector("#notice .warn")
        assert "cannot be used" in page.inner_text("#notice")
        assert box(page, "cluster_award").input_value() == "1"


def test_a_bad_value_is_refused_beside_its_field(visit):
    page = visit()
    move(page, "cluster_award", "500")
    place = page.locator("#refusal-cluster_award")
    place.wait_for()
    assert "0 to 100" in place.inner_text()
    assert box(page, "cluster_award").get_attribute("aria-invalid") == "true"
    shows(page, "#estimate", "cannot be used")
    move(page, "cluster_award", "2")
    page.wait_for_function("document.querySelector('#refusal-cluster_award').innerText === ''")
    page.click(".lever summary >> nth=0")
    page.locator('input.term[data-key="cluster_award.projects"]').fill("150")
    page.locator('input.term[data-key="cluster_award.projects"]').press("Tab")
    page.locator("#refusal-cluster_award-projects").wait_for()
    assert GRAMMAR not in page.inner_text(".asks")


def test_two_sessions_run_at_once_and_know_nothing_of_each_other(visit):
    one = visit("lang=en&set=cluster_award*2")
    other = visit("lang=zh")
    one.click("#run")
    one.wait_for_selector("progress")
    # The sliders of the other answer while the first one runs.
    move(other, "cluster_award", "3")
    other.wait_for_function("document.querySelector('#question').innerText.includes('×3')")
    assert one.locator("progress").count() == 1
    assert box(one, "cluster_award").input_value() == "2"
    other.click("#run")
    for page in (one, other):
        page.wait_for_selector('[data-status="done"]', timeout=LONG)
    assert one.inner_text("#answer") != other.inner_text("#answer")


def test_two_designs_stand_side_by_side_and_are_brought_to_one_cost(visit):
    words = PageWords("en")
    page = visit("lang=en&set=cluster_award*2")
    run(page)
    page.click("#hold")
    page.wait_for_selector("#beside table")
    move(page, "cluster_award", "3")
    page.click("#equal")
    page.wait_for_function(
        "document.querySelector('#beside').innerText.includes('By runs')", timeout=LONG
    )
    page.wait_for_function(
        "Number(document.querySelector('input[data-key=cluster_award]').value) < 2.9", timeout=LONG
    )
    shows(page, "#beside", words.said("beside_caption", year=2027))


def test_the_keyboard_is_enough(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    slider(page, "cluster_award").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#question').innerText.includes('1.5')")
    # From the slider on, Tab alone reaches the run button and everything on the way.
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "run":
            break
    assert page.evaluate("document.activeElement.id") == "run"
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-status="done"]', timeout=LONG)


def test_levers_are_found_by_name(visit):
    page = visit()
    page.fill("[data-search]", declarations()["credit_guarantee"].label.en)
    page.wait_for_function("document.querySelectorAll('.lever:not([hidden])').length === 1")
    assert page.locator('[data-key="credit_guarantee"]').first.is_visible()


def test_report_tables_and_data_are_taken_along(visit, tmp_path):
    page = visit("lang=en&set=cluster_award*2")
    run(page)
    for form in ("csv", "html", "xlsx"):
        page.select_option("#format", form)
        # The choice goes by the socket, the download by an address of its own.
        page.wait_for_timeout(1_000)
        with page.expect_download(timeout=LONG) as got:
            page.click("#report")
        path = tmp_path / got.value.suggested_filename
        got.value.save_as(path)
        if form == "csv":
            assert path.read_text("utf-8").startswith("outcome,level,unit")
        else:
            with zipfile.ZipFile(path) as archive:
                assert f"index.{form}" in archive.namelist()
                assert len(archive.read(f"index.{form}")) > 1_000


@pytest.mark.parametrize(("lang", "scheme"), [("zh", "light"), ("en", "dark")])
def test_axe_finds_nothing_serious_and_nothing_leaves_the_page(visit, lang, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(f"lang={lang}&set=cluster_award*2", color_scheme=scheme)
    move(page, "cluster_award", "500")
    page.locator("#refusal-cluster_award").wait_for()
    move(page, "cluster_award", "2")
    run(page)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    for colours in (scheme, "dark" if scheme == "light" else "light"):
        page.emulate_media(color_scheme=colours)
        for width, height in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": height})
            told = [
                (each["id"], [node["target"] for node in each["nodes"]][:3])
                for each in axe.run(page).response["violations"]
                if each["impact"] in ("serious", "critical")
            ]
            assert not told, (colours, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_command_checks_itself(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "jiqun", "app", str(tmp_path / "app"), "--check"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("ok")
    assert len(done.stdout.splitlines()) == 1
