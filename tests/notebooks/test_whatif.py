"""Sliders of the page: what the script shows is what the emulator says, and nothing leaves it."""

import json
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from jiqun.experiments.emulator import Dial
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION
from jiqun.notebooks.formats import page as web
from jiqun.notebooks.formats import word
from jiqun.notebooks.formats.document import Document
from jiqun.notebooks.whatif import LEVERS, OUTCOMES, block, dials_of, told
from jiqun.notebooks.words import LANGS, Words
from tests.experiments.made_up_emulator import made_up

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MADE = datetime(2026, 1, 2, tzinfo=UTC)
SETTINGS = (
    {"cluster_award": 2.0},
    {"cluster_award": 0.0, "fund_steering": 3.0},
    {"cluster_credit_line": 1.1, "digital_voucher": 0.0},
    dict.fromkeys(("cluster_award", "cluster_credit_line", "fund_steering"), 3.0),
)


def document(lang, folder):
    """A page that has nothing but the sliders."""
    words = Words(lang)
    without = f'<div class="whatif-without">\n\n{words("whatif_without")}\n\n</div>'
    parts = [f"## {words('whatif_title')} {{source=whatif}}", without, block(made_up(), words)]
    head = "T", "S", "L"
    return Document.read("\n\n".join(parts), head, words, folder, "runs")


def write_page(lang, folder):
    path = folder / f"{lang}.html"
    around = web.Around("index", ["index"], [lang])
    path.write_text(web.write(document(lang, folder), "digest", around), "utf-8")
    return path


def data_of(text):
    found = re.search(r'id="whatif-data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def test_the_page_has_sliders_of_the_dials_that_there_are():
    text = block(made_up(), Words("en"))
    assert text.count('type="range"') == len(dials_of(made_up())) == 4
    # The made-up emulator knows no R&D grant, so the page has no slider for it.
    assert [dial.lever for dial in dials_of(made_up())] == [
        lever for lever in LEVERS if lever != "rd_grant"
    ]
    assert 'max="2"' in text
    assert 'max="3"' in text


@pytest.mark.parametrize("lang", LANGS)
def test_sliders_say_what_is_issued_and_in_which_unit(lang):
    text = block(made_up(), Words(lang))
    assert {"zh": "500万元", "en": "5 million yuan"}[lang] in text
    assert {"zh": "1.0倍", "en": "1.0 times"}[lang] in text
    assert not re.search(r">[^<]*(cluster_award|digital_voucher)[^<]*<", text)


def test_the_data_are_those_of_the_dials_of_the_page():
    emulator = made_up()
    one_more = replace(emulator, dials=(*emulator.dials[:3], Dial("skills_training", 0.0, 3.0)))
    cells = data_of(block(one_more, Words("en")))["cells"]
    used = {dial for cell in cells for dials, _ in cell["terms"] for dial, _ in dials}
    assert used == {0, 1, 2}


@pytest.mark.parametrize("lang", LANGS)
def test_an_estimate_is_written_by_what_it_tells(lang):
    words = Words(lang)
    guess = made_up().guess({"cluster_award": 3.0})[0]
    clear = replace(guess, mean=0.0012, low=0.0004, high=0.0020)
    gap = "" if lang == "zh" else " "
    assert told(clear, words).startswith(f"+0.12{gap}%")
    assert words.name("verdict_of_effect", "0") in told(replace(clear, low=-0.0001), words)
    assert "+0.12" not in told(replace(clear, tells=False), words)
    assert told(replace(clear, mean=0.0, low=0.0, high=0.0), words) == "0"


@pytest.mark.parametrize("lang", LANGS)
def test_other_formats_say_that_the_page_has_it(lang, tmp_path):
    paper = document(lang, tmp_path)
    (tmp_path / "page.docx").write_bytes(word.write(paper, MADE))
    text = zipfile.ZipFile(tmp_path / "page.docx").read("word/document.xml").decode("utf-8")
    assert Words(lang)("whatif_without")[:12] in re.sub("<[^>]+>", "", text)
    assert "querySelector" not in text


def test_texts_cannot_end_the_script():
    assert "<" not in json.dumps(data_of(block(made_up(), Words("en"))), ensure_ascii=False)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
@pytest.mark.parametrize("lang", LANGS)
def test_the_page_shows_what_the_emulator_says(lang, tmp_path):
    sync = pytest.importorskip("playwright.sync_api")
    words, emulator = Words(lang), made_up()
    path, asked = write_page(lang, tmp_path), []
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(path.as_uri())
        assert page.locator("#whatif").is_visible()
        assert page.locator(".whatif-without").is_hidden()
        assert set(page.locator("#whatif td").all_inner_texts()) <= {"0", ""}
        for at in SETTINGS:
            page.locator("#whatif button").click()
            for lever, times in at.items():
                _move(page, lever, times)
            _compare(page, emulator.guess(at), words)
        page.locator("#whatif-outcome").select_option("employees")
        assert page.locator('tbody[data-outcome="employees"]').is_visible()
        assert page.locator('tbody[data-outcome="value_added"]').is_hidden()
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_without_a_script_the_page_says_so(tmp_path):
    sync = pytest.importorskip("playwright.sync_api")
    path = write_page("en", tmp_path)
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(path.as_uri())
        assert page.locator("#whatif").is_hidden()
        assert page.locator(".whatif-without").is_visible()
        browser.close()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
@pytest.mark.parametrize("lang", LANGS)
def test_readers_of_screens_find_no_serious_fault(lang, tmp_path):
    sync = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    path = write_page(lang, tmp_path)
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(path.as_uri())
        found = axe.Axe().run(page).response["violations"]
        browser.close()
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def _move(page, lever, times):
    """Set a slider by the keyboard."""
    slider = page.locator(f"#whatif-{lever.replace('_', '-')}")
    slider.focus()
    steps = round((times - 1.0) / 0.1)
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
    assert float(slider.input_value()) == pytest.approx(times)


def _compare(page, guesses, words):
    """Every row of the page is what the emulator says, to what is printed."""
    by = {(guess.outcome, guess.unit): told(guess, words) for guess in guesses}
    for outcome in OUTCOMES:
        rows = page.locator(f'tbody[data-outcome="{outcome}"] td').all_text_contents()
        assert rows == [by[outcome, unit] for unit in (REGION.id, *TIERS)]
    payers = ("province", "city", "centre", "banks", "enterprises", "households", "total")
    costs = page.locator("#whatif table").nth(1).locator("td").all_text_contents()
    assert costs == [by["cost", payer] for payer in payers]
