"""The part of the page that keeps and shares: files, a link, a program, reports."""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiny import reactive, render
from shiny.ui import tags

from jiqun.app import keep
from jiqun.app.session.visit import short
from jiqun.app.shelf import LARGEST
from jiqun.scenarios import InputError
from jiqun.scenarios.language import speaking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from jiqun.app.session.visit import Visit
    from jiqun.asking import Asked

REPORTS = ("html", "docx", "pdf", "xlsx")
"""Formats that the report is made in; CSV is of the page itself."""


def fill(visit: Visit) -> None:
    """Fill the part of a session, and follow what it loads."""
    _files(visit)
    _reports(visit)


def _files(visit: Visit) -> None:
    loaded_ = reactive.Value("")

    def files() -> tuple[Asked, dict[str, str]]:
        asked = visit.asked(visit.settled())
        return asked.at(visit.desk.rows), visit.shelf.files(asked)

    @render.download_button(filename=lambda: keep.saved(files()[1])[0])
    def save() -> Iterator[bytes]:
        yield keep.saved(files()[1])[1]

    @reactive.effect
    @reactive.event(visit.inputs.load)
    def load() -> None:
        given = visit.inputs.load()
        if not given:
            return
        # Where the browser's own name of the file leads is never looked at.
        path = Path(given[0]["datapath"])
        try:
            with speaking(visit.lang()), path.open("rb") as file:
                text = file.read(LARGEST + 1).decode("utf-8", errors="replace")
                state = keep.restored(text, visit.shelf)
        except InputError as error:
            loaded_.set(short(error))
            return
        finally:
            path.unlink(missing_ok=True)
        scenario = visit.asked(state).scenario if state.parts else visit.shelf.scenario(state.on)
        label = scenario.label_zh if visit.lang() == "zh" else scenario.label_en
        loaded_.set(visit.words().said("loaded", label=label))
        visit.put(state, fresh=True)

    @render.ui
    def loaded() -> Any:
        return tags.p(loaded_(), role="status")

    @render.ui
    def link_note() -> Any:
        own = {visit.settled().on, visit.settled().against} & set(visit.shelf.loaded)
        return tags.p(visit.words().said("link_loaded"), class_="soft") if own else None

    @render.ui
    def program() -> Any:
        try:
            asked, texts = files()
        except InputError:
            return None
        ran = visit.ran()
        same = ran is not None and ran.state == visit.settled()
        pairs = ran.job.wanted if ran is not None and same else visit.desk.pairs
        return tags.pre(tags.code(keep.program(texts, asked, pairs)), tabindex="0")


def _reports(visit: Visit) -> None:
    reported_ = reactive.Value("")

    def name() -> str:
        form = str(visit.inputs.format())
        return f"jiqun_{visit.lang()}.{'csv' if form == 'csv' else 'zip'}"

    @render.download_button(filename=name)
    async def report() -> AsyncIterator[bytes]:
        with reactive.isolate():
            ran, form = visit.ran(), str(visit.inputs.format())
        reported_.set("")
        if ran is None or ran.job.details is None:
            reported_.set(visit.words().said("report_wait"))
        elif form == "csv":
            yield keep.rows_of(ran.job.details.change).encode()
        elif form in REPORTS:
            made, said = await _made(visit, ran.job.folder, form)
            reported_.set(said)
            yield made

    @render.ui
    def reported() -> Any:
        return tags.p(reported_(), role="status")


async def _made(visit: Visit, store: Path, form: str) -> tuple[bytes, str]:
    """The report of a store, all its pages in one archive; or nothing, and what went wrong."""
    lang, out = visit.lang(), visit.folder / "report"
    # In a process of its own: notebooks change the folder that a process works in.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jiqun", "report", str(store), "--lang", lang,
        "--format", ",".join(dict.fromkeys(("html", form))), "--out", str(out),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    if process.returncode:
        return b"", said.decode(errors="replace").strip().rpartition("\n")[2]
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((out / lang).glob(f"*.{form}")):
            archive.write(path, path.name)
    shutil.rmtree(out, ignore_errors=True)
    return held.getvalue(), ""
