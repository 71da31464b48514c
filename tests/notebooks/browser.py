"""A browser for the pages of a report, and pictures of all of them to look at.

Run ``python -m tests.notebooks.browser build/report build/pictures``: every page in both languages
at the width of a desk and of a phone, in light and dark, and on paper (needs Chromium, and
pdftoppm of Poppler for paper; files of Word as well where LibreOffice is installed).
``python -m tests.notebooks.browser build/report docs --first`` renews the pictures of first pages
in `docs/`; each names the store that its numbers come from.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WIDTHS = {"desk": 1440, "phone": 390}
SCHEMES = ("light", "dark")
FIRST = {
    "report_zh": "zh/index.html",
    "report_en": "en/index.html",
    "report_cities": "en/cities.html",
}
"""Pictures in `docs/`, and the pages that they are of."""
HEIGHT, COLOURS = 1700, 48
PATIENCE = 600_000
"""Milliseconds that a page may take to open."""
NAMES = ("chromium", "chromium-browser", "google-chrome")


def found() -> str | None:
    """Path of a browser of this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as started:
        # A sandbox of its own is refused inside containers.
        one = started.chromium.launch(executable_path=found(), args=["--no-sandbox"])
        try:
            yield one
        finally:
            one.close()


@contextmanager
def opened(one: Any, page: Path, width: int = 1440, scheme: str = "light") -> Iterator[Any]:
    """A page as a reader has it open, with scripts off: it needs none."""
    size = {"width": width, "height": 900}
    context = one.new_context(viewport=size, color_scheme=scheme, offline=True)
    try:
        # A busy machine is no failure.
        context.set_default_timeout(PATIENCE)
        tab = context.new_page()
        tab.goto(page.resolve().as_uri())
        yield tab
    finally:
        context.close()


def first_pages(report: Path, out: Path) -> None:
    """Pictures of the head of some pages, small enough to be kept.

    Args:
        report: Folder with a folder of pages a language.
        out: Folder of the pictures.
    """
    from PIL import Image  # noqa: PLC0415

    with browser() as one:
        for name, page in FIRST.items():
            file = out / f"{name}.png"
            with opened(one, report / page) as tab:
                clip = {"x": 0, "y": 0, "width": 1440, "height": HEIGHT}
                tab.screenshot(path=file, full_page=True, clip=clip)
            # The page has few colours.
            Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)


def pictures(report: Path, out: Path) -> None:
    """Pictures of every page of a report.

    Args:
        report: Folder with a folder of pages a language.
        out: Folder of the pictures.
    """
    out.mkdir(parents=True, exist_ok=True)
    with browser() as one:
        for page in sorted(report.glob("*/*.html")):
            name = f"{page.parent.name}-{page.stem}"
            for scheme in SCHEMES:
                for device, width in WIDTHS.items():
                    with opened(one, page, width, scheme) as tab:
                        tab.screenshot(path=out / f"{name}-{device}-{scheme}.png", full_page=True)
            with opened(one, page) as tab:
                tab.pdf(path=out / f"{name}-html.pdf", prefer_css_page_size=True)
    for given in sorted(report.glob("*/*.docx")):
        if shutil.which("soffice"):
            home = f"-env:UserInstallation={(out / 'home').resolve().as_uri()}"
            asked = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", out, given]
            subprocess.run(asked, check=True, capture_output=True)
            written = out / f"{given.stem}.pdf"
            written.rename(out / f"{given.parent.name}-{given.stem}-docx.pdf")
    for given in sorted(report.glob("*/*.pdf")):
        shutil.copy(given, out / f"{given.parent.name}-{given.stem}-pdf.pdf")
    for paper in sorted(out.glob("*.pdf")):
        subprocess.run(["pdftoppm", "-r", "60", "-png", paper, paper.with_suffix("")], check=True)


if __name__ == "__main__":
    (first_pages if "--first" in sys.argv else pictures)(Path(sys.argv[1]), Path(sys.argv[2]))
