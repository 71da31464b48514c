"""From a store to pages that open with the network off, and to Word, PDF and Excel.

A report is there whole or not at all: its files are written aside, and those of a language take the
place of what stood there together. A page names the store it is of.

The notebook `report.py`, `comparing.py` where a store keeps a comparison of designs, and
`ranking.py` where there is an analysis of sensitivity, `by_city.py` where it holds cities, and
`spending.py` where it keeps a search of designs, are run once a language; from what their cells
show (Markdown and pictures) every format is written (`formats/`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import TYPE_CHECKING, Any

import jupytext
import papermill
import psutil

from jiqun.experiments import Results, discovery
from jiqun.experiments.best_use import finding
from jiqun.experiments.effects import comparison_data
from jiqun.experiments.effects.change import of_analysis
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.sensitivity.tables import FACTS, FOLDER
from jiqun.experiments.stores.digests import SUMS
from jiqun.experiments.stores.errors import StoreError
from jiqun.model.calendar import year_of
from jiqun.notebooks.actuals import read_actuals
from jiqun.notebooks.cautions import cautions
from jiqun.notebooks.formats import page as web
from jiqun.notebooks.formats import pdf, word, workbook
from jiqun.notebooks.formats.document import ALT, Document
from jiqun.notebooks.levers.page import gather_levers
from jiqun.notebooks.places import has_cities
from jiqun.notebooks.show import PANELS, PANELS_TYPE, VECTOR
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
    "cities": HERE / "by_city.py",
    "spending": HERE / "spending.py",
}
"""Pages and the notebooks they are made of."""
TITLES = {
    "index": "title",
    "designs": "designs_title",
    "levers": "levers_title",
    "cities": "cities_title",
    "spending": "use_title",
}
SOURCES = {
    "index": "runs",
    "designs": "designs",
    "levers": "levers",
    "cities": "runs",
    "spending": "search",
}
"""Where what a page shows comes from if none of its headings says another."""
FORMATS = ("html", "docx", "pdf", "xlsx", "zip")
"""Formats, which are the endings of their files: page, Word, PDF, tables in Excel, and figures as
PNG and SVG. The page is always there: it tells whose report it is, and links to the others."""
INDEX = "index.html"
AT_ONCE = 2
"""Notebooks that run at once: each is a process with a store in memory."""
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
        searches_alone: Whether it holds nothing but searches of designs: their page is the first.
        pages: Names of the pages.
        langs: Languages that the report is there in when it is written.
    """

    store: Path
    actuals: Path | None
    baseline: str | None
    batches: Sequence[dict[str, Any]]
    digest: str
    searches_alone: bool = False
    pages: Sequence[str] = ("index",)
    langs: Sequence[Lang] = ()

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
            if not results.manifest["batches"]:
                raise StoreError(f"{store / 'manifest.json'} names no batch")
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
        analyses = sorted((store / FOLDER).glob(f"*/{FACTS}")) + finding.files(store)
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
        alone = bool(finding.read(store)) and all(map(of_analysis, results.scenarios()))
        return cls(store, actuals, baseline, batches, digest.hexdigest()[:20], alone)

    def page(self, name: str) -> str:
        """The page whose notebook, title and source the one of a name has."""
        return "spending" if name == "index" and self.searches_alone else name

    @property
    def made(self) -> datetime:
        """When the last batch of the store was begun."""
        return datetime.fromisoformat(self.batches[-1]["started"])

    def line(self, words: Words) -> str:
        """The line that names the store, and when its last batch was made."""
        made = self.made
        return words(
            "page_of",
            store=self.store.resolve().name,
            count=len(self.batches),
            made=f"{made:%Y-%m-%d %H:%M} {made:%Z}",
        )


def render(
    store: Path,
    langs: Sequence[Lang] = LANGS,
    formats: Sequence[str] = ("html",),
    actuals: Path | None = None,
    out: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
    baseline: str | None = None,
    *,
    first: bool = False,
) -> list[Path]:
    """Write the report of a store, a folder of pages a language.

    Args:
        store: Folder of the store.
        langs: Languages wanted.
        formats: Formats wanted besides the page, which is always written.
        actuals: CSV file of later published values to set beside the projection.
        out: Folder of the report; `report` in the store's folder if absent.
        tell: Called with what the reader is to know beside the pages.
        baseline: Scenario that those are compared with whose own baseline the store lacks.
        first: The first page alone.

    Returns:
        The files: `{out}/{lang}/index.html`, and beside it `designs.html` where the store keeps a
        comparison of designs, `levers.html` where there is an analysis of sensitivity, and
        `cities.html` where it holds cities with the document and without, and `spending.html` where
        it keeps a search of designs; each also with the ending of every other format.

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
    kept = {
        "designs": comparison_data.read(store),
        "levers": gather_levers(store),
        "cities": has_cities(store) or None,
        "spending": finding.read(store) or None,
    }
    names = [name for name in NOTEBOOKS if kept.get(name, name) is not None]
    if first or (kept["spending"] and source.searches_alone):
        names = ["index"]
    pages = [(name, lang) for name in names for lang in langs]
    endings = [ending for ending in FORMATS if ending in {"html", *formats}]
    # Notebooks start in the folder of this process, which is changed here, once for all of them:
    # the runner would change it in each thread. So nothing below may be relative to the reader's.
    at = target.resolve()
    log = at / LOG
    beside = [lang for lang in LANGS if lang in langs or _is_of_this(at / lang, source)]
    source = replace(
        source,
        store=store.resolve(),
        actuals=actuals and actuals.resolve(),
        pages=names,
        langs=beside,
    )
    try:
        at.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=at, prefix=".new-") as held:
            with chdir(ROOT), _drawing(endings):
                made = _made(source, pages, endings, log)
            for (name, lang), files in zip(pages, made, strict=True):
                for ending, content in files.items():
                    part = Path(held) / lang / f"{name}.{ending}"
                    part.parent.mkdir(exist_ok=True)
                    part.write_bytes(content)
            _put(Path(held), at, langs)
    except KeyboardInterrupt:
        log.unlink(missing_ok=True)
        raise
    except OSError as error:
        problem = say(
            "the report could not be written: {problem}; pages that stood there are as they were",
            problem=f"{error.filename or target}: {error.strerror or error}",
        )
        raise PageError(problem) from error
    log.unlink(missing_ok=True)
    for lang in (lang for lang in LANGS if lang not in langs):
        if (target / lang / INDEX).is_file() and not _is_of_this(target / lang, source):
            _remove(target / lang)
            tell(
                say(
                    "{folder}: removed, for its pages were of another report; for both languages "
                    "use --lang both",
                    folder=target / lang,
                )
            )
    return [target / lang / f"{name}.{ending}" for ending in endings for name, lang in pages]


def _made(
    source: Source, pages: Sequence[tuple[str, Lang]], endings: Sequence[str], log: Path
) -> list[dict[str, bytes]]:
    """Pages in each format; an interruption ends their notebooks.

    A notebook runs in a process of its own, so threads are enough to run two at once.
    """
    logging.getLogger("papermill").setLevel(logging.WARNING)
    others = set(psutil.Process().children())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(_page, source, page, endings, log) for page in pages]
        try:
            return [each.result() for each in asked]
        except PageError:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            # That kernels end is no news to who asked for it.
            logging.getLogger("papermill").setLevel(logging.CRITICAL)
            # Threads wait for kernels to the last cell, and one may be about to start another.
            while not all(each.done() for each in asked):
                for kernel in set(psutil.Process().children()) - others:
                    with suppress(psutil.NoSuchProcess):
                        kernel.kill()
                sleep(0.05)
            raise


@contextmanager
def _drawing(endings: Sequence[str]) -> Iterator[None]:
    """Have figures drawn as SVG too where a format takes it; that doubles the time of each.

    Where they are to be taken away (`zip`), each panel is drawn alone too.
    """
    if {"pdf", "zip"}.isdisjoint(endings):
        yield
        return
    before = os.environ.get(VECTOR)
    os.environ[VECTOR] = PANELS if "zip" in endings else "1"
    try:
        yield
    finally:
        os.environ.pop(VECTOR)
        if before is not None:
            os.environ[VECTOR] = before


def _check_place(folder: Path) -> None:
    """Refuse to put pages in the place of what no report wrote."""
    ours = {f"{name}.{ending}" for name in NOTEBOOKS for ending in FORMATS}
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
    except (OSError, KeyboardInterrupt):
        # What stood there goes back before the folder of the new ones is cleared away.
        for lang in begun:
            if (target / lang).exists() and not (held / lang).exists():
                (target / lang).rename(held / lang)
            if (held / f"{lang}.old").exists():
                (held / f"{lang}.old").rename(target / lang)
        raise


def _is_of_this(folder: Path, source: Source) -> bool:
    """Whether a folder holds pages of the same report."""
    index = folder / INDEX
    if not index.is_file():
        return False
    return f'content="{source.digest}"' in index.read_text("utf-8", errors="replace")


def _remove(folder: Path) -> None:
    for name in NOTEBOOKS:
        for ending in FORMATS:
            (folder / f"{name}.{ending}").unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _page(
    source: Source, page: tuple[str, Lang], endings: Sequence[str], log: Path
) -> dict[str, bytes]:
    """A page in each format, by the ending of its file.

    Args:
        source: What the report is of.
        page: Name and language.
        endings: Formats wanted.
        log: File that gets all of a failure.

    Raises:
        PageError: Something in it failed. The message is one line; the log has all of it.
    """
    try:
        return _written(source, page, endings)
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


def _written(source: Source, page: tuple[str, Lang], endings: Sequence[str]) -> dict[str, bytes]:
    name, lang = page
    words = Words(lang)
    with TemporaryDirectory() as held:
        folder = Path(held)
        above = cautions(source.store, words)
        shown = "\n\n".join([*above, *_shown(_executed(source, page, folder), folder)])
        text = linked(shown, source.pages)
        head = words(TITLES[source.page(name)]), words("subtitle"), source.line(words)
        read = Document.read(text, head, words, folder, SOURCES[source.page(name)])
        files = [f"{name}.{ending}" for ending in endings if ending != "html"]
        around = web.Around(name, source.pages, source.langs, files)
        writers: dict[str, Callable[[], bytes]] = {
            "html": lambda: web.write(read, source.digest, around).encode("utf-8"),
            "docx": lambda: word.write(read, source.made),
            "pdf": lambda: pdf.write(read, source.made),
            "xlsx": lambda: workbook.write(read, source.made),
            "zip": lambda: workbook.pictures(read, source.made),
        }
        return {ending: writers[ending]() for ending in endings}


def linked(text: str, pages: Sequence[str]) -> str:
    """Markdown in which links to pages that are not written are plain words."""
    absent = "|".join(name for name in NOTEBOOKS if name not in pages)
    return re.sub(rf"\[([^\]]*)\]\((?:{absent})\.html[^)]*\)", r"\1", text) if absent else text


def _executed(source: Source, page: tuple[str, Lang], folder: Path) -> Any:
    """The notebook with its outputs."""
    name, lang = page
    written, done = folder / f"{lang}.ipynb", folder / f"{lang}.done.ipynb"
    jupytext.write(jupytext.read(NOTEBOOKS[source.page(name)]), written)
    given = {"lang": lang, "store": str(source.store)}
    if source.page(name) == "index" and source.actuals is not None:
        given["actuals"] = str(source.actuals)
    if source.page(name) == "index" and source.baseline is not None:
        given["baseline"] = source.baseline
    return papermill.execute_notebook(
        written,
        done,
        parameters=given,
        kernel_name="python3",
        progress_bar=False,
        request_save_on_cell_execute=False,
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
                if "image/svg+xml" in data:
                    (folder / name).with_suffix(".svg").write_text(data["image/svg+xml"], "utf-8")
                if PANELS_TYPE in data:
                    (folder / name).with_suffix(".json").write_text(
                        json.dumps(data[PANELS_TYPE]), "utf-8"
                    )
                said = output["metadata"]["image/png"]
                alt = json.dumps(said["alt"], ensure_ascii=False)
                yield f"![{said['title']}]({name}){{{ALT}={alt}}}"
            elif "text/markdown" in data:
                yield data["text/markdown"]
