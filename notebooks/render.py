"""From a store to pages that open with the network off.

A report is there whole or not at all: its pages are written aside, and those of a language take the
place of what stood there together. A page names the store it is of.

The notebook `report.py`, `comparing.py` where a store keeps a comparison of designs, and
`ranking.py` where there is an analysis of sensitivity, are run once a language; what their cells
show (Markdown and pictures) is put on one page by pandoc, with style, pictures and, for Chinese,
the glyphs in use inside the file.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import jupytext
import papermill
import pypandoc
from fontTools import subset  # type: ignore[import-untyped]

from jiqun.experiments import Results, discovery
from jiqun.experiments.effects import comparison_data
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.sensitivity.tables import FACTS, FOLDER
from jiqun.experiments.stores.digests import SUMS
from jiqun.experiments.stores.errors import StoreError
from jiqun.model.calendar import year_of
from jiqun.notebooks.actuals import read_actuals
from jiqun.notebooks.cautions import cautions
from jiqun.notebooks.figures import FONT
from jiqun.notebooks.levers.page import gather_levers
from jiqun.notebooks.trust.evidence import HORIZON, ORIGIN
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios.language import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jiqun.notebooks.words import Lang

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
"""Folder that notebooks run in: it holds the package, so that they import this one."""
NOTEBOOKS = {
    "index": HERE / "report.py",
    "designs": HERE / "comparing.py",
    "levers": HERE / "ranking.py",
}
"""Pages and the notebooks they are made of."""
TITLES = {"index": "title", "designs": "designs_title", "levers": "levers_title"}
TEMPLATES = HERE / "templates"
FORMATS = ("html",)
LOG = "failure.log"
"""File beside the pages that says all of a failure inside one."""


class ReportError(ValueError):
    """A report cannot be made of what was given."""


class PageError(ReportError):
    """A page could not be made although what was given is sound."""


@dataclass(frozen=True)
class Source:
    """What the pages of one report are of.

    Attributes:
        store: Folder of the store.
        actuals: CSV file of later published values.
        baseline: Scenario that those are compared with whose own baseline the store lacks.
        batches: Batches that the store's manifest lists, oldest first.
        digest: Tells reports of one state of a store from all others.
    """

    store: Path
    actuals: Path | None
    baseline: str | None
    batches: Sequence[dict[str, Any]]
    digest: str

    @classmethod
    def of(cls, store: Path, actuals: Path | None, baseline: str | None = None) -> Source:
        """What a store holds now.

        Args:
            store: Folder of the store.
            actuals: CSV file of later published values.
            baseline: Scenario that those are compared with whose own baseline the store lacks.

        Raises:
            ReportError: It holds no runs, or none that reaches the years that a report is about.
            StoreError: It holds no runs of the baseline that is named.
        """
        try:
            results = Results(store)
            last = max(year_of(int(end)) for end in results.runs()["end"])
        except StoreError as error:
            problem = say(
                "{store}: no results can be read; make some with jiqun run ... --out {store} "
                "({problem})",
                store=store, problem=error,
            )  # fmt: skip
            raise ReportError(problem) from error
        if baseline is not None:
            results.sharing(baseline)
        if last < ORIGIN:
            problem = say(
                "{store}: its runs end in {last}, and a report needs runs to {first} or later; run "
                "again: jiqun run ... --until {until} --out {store}",
                store=store, last=last, first=ORIGIN, until=HORIZON,
            )  # fmt: skip
            raise ReportError(problem)
        analyses = sorted((store / FOLDER).glob(f"*/{FACTS}"))
        asked = FOLDER, discovery.FILE
        kept = [
            store / "manifest.json",
            store / SUMS,
            store / comparison_data.FILE,
            store.joinpath(*asked),
        ]
        digest = hashlib.sha256(f"{store.resolve()} {model_hash()} {baseline or ''}".encode())
        for path in (*kept, *analyses, *filter(None, [actuals])):
            digest.update(path.read_bytes() if path.is_file() else b"absent")
        batches = results.manifest["batches"]
        return cls(store, actuals, baseline, batches, digest.hexdigest()[:20])

    def line(self, words: Words) -> str:
        """The line that names the store, when its last batch was made, and by what."""
        last = self.batches[-1]
        made = datetime.fromisoformat(last["started"])
        return words(
            "page_of",
            store=self.store.resolve().name,
            count=len(self.batches),
            made=f"{made:%Y-%m-%d %H:%M} {made:%Z}",
            command=last["command"] or words("page_of_python"),
        )


def render(
    store: Path,
    langs: Sequence[Lang] = LANGS,
    formats: Sequence[str] = FORMATS,
    actuals: Path | None = None,
    out: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
    baseline: str | None = None,
) -> list[Path]:
    """Write the report of a store, a folder of pages a language.

    Args:
        store: Folder of the store.
        langs: Languages wanted.
        formats: Formats wanted; only ``html`` so far.
        actuals: CSV file of later published values to set beside the projection.
        out: Folder of the report; `report` in the store's folder if absent.
        tell: Called with what the reader is to know beside the pages.
        baseline: Scenario that those are compared with whose own baseline the store lacks.

    Returns:
        The pages, `{out}/{lang}/index.html`, and beside it `designs.html` where the store keeps a
        comparison of designs, and `levers.html` where there is an analysis of sensitivity.

    Raises:
        ReportError: A format is asked for that this version does not write, the store has no runs
            to tell of, or a folder of pages holds files that are no pages.
        PageError: A page could not be made. What stood there before stands there still.
        TableError: The file of later values is wrong.
    """
    if unknown := sorted(set(formats) - set(FORMATS)):
        problem = say(
            "--format: the report is written as {known}, not {asked}",
            known=", ".join(FORMATS), asked=", ".join(unknown),
        )  # fmt: skip
        raise ReportError(problem)
    if actuals is not None:
        # A wrong file is refused before a notebook starts.
        read_actuals(actuals)
    source = Source.of(store, actuals, baseline)
    target = out or store / "report"
    for lang in langs:
        _check_place(target / lang)
    kept = {"designs": comparison_data.read(store), "levers": gather_levers(store)}
    names = [name for name in NOTEBOOKS if kept.get(name, name) is not None]
    pages = [(name, lang) for name in names for lang in langs]
    # Notebooks start in the folder of this process, which is changed here, once for all of them:
    # the runner would change it in each thread. So nothing below may be relative to the reader's.
    at = target.resolve()
    log = at / LOG
    source = replace(source, store=store.resolve(), actuals=actuals and actuals.resolve())
    try:
        at.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=at, prefix=".new-") as held:
            # A notebook runs in a process of its own, so threads are enough to run two at once.
            with chdir(ROOT), ThreadPoolExecutor(len(langs)) as pool:
                made = list(pool.map(lambda page: _page(source, page, log), pages))
            for (name, lang), html in zip(pages, made, strict=True):
                part = Path(held) / lang / f"{name}.html"
                part.parent.mkdir(exist_ok=True)
                part.write_text(html, "utf-8")
            _put(Path(held), at, langs)
    except OSError as error:
        problem = say(
            "the report could not be written: {problem}; pages that stood there are as they were",
            problem=f"{error.filename or target}: {error.strerror or error}",
        )
        raise PageError(problem) from error
    log.unlink(missing_ok=True)
    for lang in (lang for lang in LANGS if lang not in langs):
        if _is_of_another(target / lang, source):
            _remove(target / lang)
            tell(
                say(
                    "{folder}: removed, for its pages were of another report; for both languages "
                    "use --lang both",
                    folder=target / lang,
                )
            )
    return [target / lang / f"{name}.html" for name, lang in pages]


def _check_place(folder: Path) -> None:
    """Refuse to put pages in the place of what no report wrote."""
    ours = {f"{name}.html" for name in NOTEBOOKS}
    others = sorted(
        path.name
        for path in folder.glob("*")
        if path.name not in ours and not path.name.startswith(".")  # of the system
    )
    if others or (folder.exists() and not folder.is_dir()):
        problem = say(
            "{folder}: holds files that no report wrote ({names}), which are not overwritten; "
            "allowed: another folder, by --out",
            folder=folder, names=", ".join(others[:3]),
        )  # fmt: skip
        raise ReportError(problem)


def _put(held: Path, target: Path, langs: Sequence[Lang]) -> None:
    """Put sets of pages in their places, each as a whole; all of them or none."""
    begun: list[Lang] = []
    try:
        for lang in langs:
            begun.append(lang)
            if (target / lang).exists():
                (target / lang).rename(held / f"{lang}.old")
            (held / lang).rename(target / lang)
    except OSError:
        # What stood there goes back before the folder of the new ones is cleared away.
        for lang in begun:
            if (target / lang).exists() and not (held / lang).exists():
                (target / lang).rename(held / lang)
            if (held / f"{lang}.old").exists():
                (held / f"{lang}.old").rename(target / lang)
        raise


def _is_of_another(folder: Path, source: Source) -> bool:
    """Whether a folder holds pages, and they are of another report."""
    index = folder / "index.html"
    if not index.is_file():
        return False
    return f'content="{source.digest}"' not in index.read_text("utf-8", errors="replace")


def _remove(folder: Path) -> None:
    for name in NOTEBOOKS:
        (folder / f"{name}.html").unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _page(source: Source, page: tuple[str, Lang], log: Path) -> str:
    """A page as HTML.

    Raises:
        PageError: Something in it failed. The message is one line; the log has all of it.
    """
    try:
        return _html(source, page)
    except Exception as error:
        log.write_text("".join(traceback.format_exception(error)), "utf-8")
        cause = f"{type(error).__name__}: {error}"
        if isinstance(error, papermill.PapermillExecutionError):
            cause = f"{error.ename}: {error.evalue}"
        name, lang = page
        first = (cause.splitlines() or [""])[0]
        problem = say(
            "page {page} could not be made: {cause}; no page was written, and those that stood "
            "there are as they were; details in {log}",
            page=f"{lang}/{name}", cause=first, log=log,
        )  # fmt: skip
        raise PageError(problem) from error


def _html(source: Source, page: tuple[str, Lang]) -> str:
    name, lang = page
    words = Words(lang)
    line = source.line(words)
    with TemporaryDirectory() as held:
        folder = Path(held)
        above = cautions(source.store, words)
        text = "\n\n".join([*above, *_shown(_executed(source, page, folder), folder)])
        style = _style(words, words(TITLES[name]) + words("subtitle") + line + text)
        (folder / "style.html").write_text(f"<style>\n{style}\n</style>\n", "utf-8")
        return str(
            pypandoc.convert_text(
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
                    f"--metadata=source:{line}",
                    f"--variable=digest:{source.digest}",
                    f"--variable=lang:{words('html_lang')}",
                    f"--variable=subtitle:{words('subtitle')}",
                ],
            )
        )


def _executed(source: Source, page: tuple[str, Lang], folder: Path) -> Any:
    """The notebook with its outputs."""
    name, lang = page
    written, done = folder / f"{lang}.ipynb", folder / f"{lang}.done.ipynb"
    jupytext.write(jupytext.read(NOTEBOOKS[name]), written)
    given = {"lang": lang, "store": str(source.store)}
    if name == "index" and source.actuals is not None:
        given["actuals"] = str(source.actuals)
    if name == "index" and source.baseline is not None:
        given["baseline"] = source.baseline
    logging.getLogger("papermill").setLevel(logging.WARNING)
    return papermill.execute_notebook(
        written,
        done,
        parameters=given,
        kernel_name="python3",
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


def _style(words: Words, text: str) -> str:
    """The style sheet; with the glyphs of the page where the reader's machine may lack them."""
    sheet = (TEMPLATES / "report.css").read_text("utf-8")
    if words.lang == "en":
        return sheet
    glyphs = base64.b64encode(_woff(set(text))).decode()
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
