"""From a store to pages that open with the network off.

The notebook `report.py`, `comparing.py` where a store keeps a comparison of designs, and
`ranking.py` where there is an analysis of sensitivity, are run once a language; what their cells
show (Markdown and pictures) is put on one page by pandoc, with style, pictures and, for Chinese,
the glyphs in use inside the file.
"""

from __future__ import annotations

import base64
import io
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import jupytext
import papermill
import pypandoc
from fontTools import subset  # type: ignore[import-untyped]

from experiments.told import read
from notebooks.actuals import read_actuals
from notebooks.figures import FONT
from notebooks.levers import gather_levers
from notebooks.words import LANGS, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notebooks.words import Lang

HERE = Path(__file__).parent
NOTEBOOKS = {
    "index": HERE / "report.py",
    "designs": HERE / "comparing.py",
    "levers": HERE / "ranking.py",
}
"""Pages and the notebooks they are made of."""
TITLES = {"index": "title", "designs": "designs_title", "levers": "levers_title"}
TEMPLATES = HERE / "templates"
FORMATS = ("html",)


def render(
    store: Path,
    langs: Sequence[Lang] = LANGS,
    formats: Sequence[str] = FORMATS,
    actuals: Path | None = None,
) -> list[Path]:
    """Write the report of a store, one page a language.

    Args:
        store: Folder of the store.
        langs: Languages wanted.
        formats: Formats wanted; only ``html`` so far.
        actuals: CSV file of later published values to set beside the projection.

    Returns:
        The pages, `{store}/../{lang}/index.html`, and beside it `designs.html` where the store
        keeps a comparison of designs, and `levers.html` where there is an analysis of sensitivity.

    Raises:
        ValueError: A format is asked for that this version does not write, the file of later values
            is wrong, or the store has no runs.
    """
    if unknown := sorted(set(formats) - set(FORMATS)):
        raise ValueError(f"the report is written as {', '.join(FORMATS)}, not {', '.join(unknown)}")
    if actuals is not None:
        # A wrong file is refused before a notebook starts.
        read_actuals(actuals)
    later = "" if actuals is None else str(actuals.resolve())
    # A notebook runs in a process of its own, so threads are enough to run two at once.
    with ThreadPoolExecutor(len(langs)) as pool:
        kept = {"designs": read(store), "levers": gather_levers(store)}
        names = [name for name in NOTEBOOKS if kept.get(name, name) is not None]
        pages = [(name, lang) for name in names for lang in langs]
        return list(pool.map(partial(_page, store.resolve(), later), pages))


def _page(store: Path, later: str, page: tuple[str, Lang]) -> Path:
    name, lang = page
    words = Words(lang)
    target = store.parent / lang / f"{name}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as held:
        folder = Path(held)
        text = "\n\n".join(_shown(_executed(store, later, page, folder), folder))
        (folder / "style.html").write_text(
            f"<style>\n{_style(words, TITLES[name], text)}\n</style>\n", "utf-8"
        )
        html = pypandoc.convert_text(
            text,
            "html5",
            format="markdown-implicit_figures-tex_math_dollars",
            extra_args=[
                "--standalone",
                "--embed-resources",
                "--mathml",
                # Column widths are left to the browser.
                "--columns=100000",
                f"--resource-path={folder}",
                f"--template={TEMPLATES / 'report.html'}",
                f"--include-in-header={folder / 'style.html'}",
                f"--metadata=pagetitle:{words(TITLES[name])}",
                f"--variable=lang:{words('html_lang')}",
                f"--variable=subtitle:{words('subtitle')}",
            ],
        )
    aside = target.with_suffix(".part")
    aside.write_text(html, "utf-8")
    return aside.replace(target)


def _executed(store: Path, later: str, page: tuple[str, Lang], folder: Path) -> Any:
    """The notebook with its outputs."""
    name, lang = page
    written, done = folder / f"{lang}.ipynb", folder / f"{lang}.done.ipynb"
    jupytext.write(jupytext.read(NOTEBOOKS[name]), written)
    given = {"lang": lang, "store": str(store)}
    logging.getLogger("papermill").setLevel(logging.WARNING)
    return papermill.execute_notebook(
        written,
        done,
        parameters=given | ({"actuals": later} if name == "index" else {}),
        kernel_name="python3",
        cwd=HERE.parent,
        progress_bar=False,
        # The kernel's own log speaks of sockets and interrupts, not of the report.
        extra_arguments=["--log-level=50"],
    )


def _shown(notebook: Any, folder: Path) -> Iterator[str]:
    """Markdown of what the cells show; pictures are left beside it."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                name = f"{len(list(folder.glob('*.png')))}.png"
                (folder / name).write_bytes(base64.b64decode(data["image/png"]))
                alt = output["metadata"]["image/png"]["alt"]
                yield f"![{alt}]({name})"
            elif "text/markdown" in data:
                yield data["text/markdown"]


def _style(words: Words, title: str, text: str) -> str:
    """The style sheet; with the glyphs of the page where the reader's machine may lack them."""
    sheet = (TEMPLATES / "report.css").read_text("utf-8")
    if words.lang == "en":
        return sheet
    glyphs = base64.b64encode(_woff(set(text) | set(words(title) + words("subtitle")))).decode()
    source = f"url(data:font/woff;base64,{glyphs}) format('woff')"
    return f"@font-face {{ font-family: Report; src: {source}; }}\n{sheet}"


def _woff(letters: set[str]) -> bytes:
    """The carried font cut down to some letters."""
    options = subset.Options(flavor="woff", hinting=False)
    cut = subset.load_font(str(FONT), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in letters])
    subsetter.subset(cut)
    held = io.BytesIO()
    cut.flavor = "woff"
    cut.save(held)
    return held.getvalue()
