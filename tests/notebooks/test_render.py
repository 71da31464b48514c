"""Where a report lies, and that its pages are there together or not at all."""

from collections.abc import Iterator, Sequence
from logging import getLogger
from os import environ
from pathlib import Path
from signal import SIGINT, SIGTERM, default_int_handler, pthread_kill, signal
from subprocess import Popen
from threading import Barrier, get_ident
from time import sleep
from types import SimpleNamespace

import papermill
import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.cli.refusals import interrupt
from jiqun.experiments.effects import comparison_data
from jiqun.notebooks import render as rendering
from jiqun.notebooks.render import LOG, NOTEBOOKS, PageError, ReportError, Source, linked, render
from jiqun.notebooks.show import VECTOR
from jiqun.notebooks.words import LANGS, Words
from jiqun.scenarios.language import VARIABLE
from tests.notebooks.made_up import outcomes_of, runs, write_manifest, write_shard, write_store


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without running their notebooks: their names and what they are of."""

    def written(source: Source, page: tuple[str, str], endings: Sequence[str]) -> dict[str, bytes]:
        line = source.line(Words("zh" if page[1] == "zh" else "en"))
        text = f'{"/".join(page)} <meta content="{source.digest}"> {line}'
        return {ending: text.encode("utf-8") for ending in endings}

    monkeypatch.setattr(rendering, "_written", written)
    monkeypatch.setattr(rendering, "gather_levers", lambda _: None)


@pytest.fixture
def interrupted(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[list[Popen[bytes]]]:
    """Kernels of pages that are to end seconds before the kernels begin, or once they have."""
    kernels: list[Popen[bytes]] = []
    main, (asked, before) = get_ident(), request.param
    kept = signal(asked, default_int_handler if asked == SIGINT else interrupt)

    def executed(*_: object) -> None:
        if before:
            pthread_kill(main, asked)
            sleep(before)
        kernels.append(Popen(["sleep", "20"]))
        if not before:
            pthread_kill(main, asked)
        code = kernels[-1].wait()
        getLogger("papermill").error("Kernel died while waiting for execute reply.")
        raise RuntimeError(f"the kernel ended with {code}")

    monkeypatch.setattr(rendering, "_executed", executed)
    monkeypatch.setattr(rendering, "gather_levers", lambda _: None)
    monkeypatch.setattr(rendering, "AT_ONCE", 1)  # so that a page waits for its turn
    yield kernels
    signal(asked, kept)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_store(tmp_path / "build" / "a", 1, 1)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_report_lies_in_its_store(plain: None, small: Path) -> None:
    other = write_store(small.parent / "b", 1, 1)
    for store in (small, other):
        pages = render(store)
        assert pages == [store / "report" / lang / "index.html" for lang in LANGS]
        assert all(f"{store.name}" in page.read_text("utf-8") for page in pages)
    assert not any((small.parent / lang).exists() for lang in LANGS)


def test_a_report_lies_where_it_is_asked_for(plain: None, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    assert render(small, ["en"], out=out) == [out / "en" / "index.html"]
    assert files(out) == {"en/index.html"}


def test_the_first_page_may_be_written_alone(plain: None, small: Path, tmp_path: Path) -> None:
    (small / comparison_data.FILE).write_bytes(
        (comparison_data.SHIPPED / comparison_data.FILE).read_bytes()
    )
    assert len(render(small, ["en"], out=tmp_path / "whole")) > 1
    out = tmp_path / "first"
    assert render(small, ["en"], out=out, first=True) == [out / "en" / "index.html"]
    assert files(out) == {"en/index.html"}


def test_links_lead_to_pages_that_are_written() -> None:
    text = "[cities](cities.html#hefei), [levers](levers.html), [out](https://a.cn)"
    assert linked(text, list(NOTEBOOKS)) == text
    assert linked(text, ["index", "levers"]) == "cities, [levers](levers.html), [out](https://a.cn)"


def test_a_page_names_its_store_and_batch(small: Path) -> None:
    line = Source.of(small, None).line(Words("en"))
    assert "a" in line
    assert "2026-01-02 03:04 UTC" in line
    # How to make it again stands with its provenance, at the end.
    assert "jiqun" not in line


def test_pages_of_two_reports_never_stand_together(
    plain: None, small: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "pages", write_store(tmp_path / "b", 1, 1)
    render(small, out=out)
    (out / "en" / "designs.html").write_text("of an earlier comparison", "utf-8")
    said: list[str] = []
    render(other, ["en"], out=out, tell=said.append)
    # The page of a comparison that this store lacks is gone, and so is what the other language had.
    assert files(out) == {"en/index.html"}
    assert said == [
        f"{out / 'zh'}: removed, for its pages were of another report; for both languages use "
        "--lang both"
    ]
    render(other, ["zh"], out=out, tell=said.append)
    assert files(out) == {"en/index.html", "zh/index.html"}
    assert len(said) == 1


def test_a_report_has_the_page_and_the_formats_asked_for(
    plain: None, small: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "pages", write_store(tmp_path / "b", 1, 1)
    given = render(small, ["zh"], ["pdf", "docx"], out=out)
    assert [page.name for page in given] == ["index.html", "index.docx", "index.pdf"]
    assert files(out) == {f"zh/index.{ending}" for ending in ("html", "docx", "pdf")}
    # What is not asked for again is not left behind: it may be of an earlier state of the store.
    render(small, ["zh"], ["xlsx"], out=out)
    assert files(out) == {"zh/index.html", "zh/index.xlsx"}
    render(other, ["en"], out=out)
    assert files(out) == {"en/index.html"}


@pytest.mark.parametrize(
    ("formats", "drawn"), [(["html"], False), (["docx"], False), (["pdf"], True), (["zip"], True)]
)
def test_figures_are_drawn_twice_only_where_a_format_takes_it(
    plain: None, small: Path, monkeypatch: pytest.MonkeyPatch, formats: list[str], drawn: bool
) -> None:
    monkeypatch.delenv(VECTOR, raising=False)
    seen = []
    monkeypatch.setattr(rendering, "_written", lambda *_: seen.append(VECTOR in environ) or {})
    monkeypatch.setattr(rendering, "_put", lambda *_: None)
    render(small, ["en"], formats)
    assert seen == [drawn]
    assert VECTOR not in environ


def test_formats_are_given_with_commas(
    plain: None, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "en")  # and back afterwards
    given = ["report", str(small), "--lang", "zh", "--format"]
    found = CliRunner().invoke(app, [*given, "html, docx,pdf"])
    assert found.exit_code == 0
    assert [Path(line).suffix for line in found.stdout.splitlines()] == [".html", ".docx", ".pdf"]
    found = CliRunner().invoke(app, [*given, "docx,odt"])
    assert found.exit_code == 2
    assert "odt" in found.stderr


def test_what_fails_leaves_the_report_that_stood_there(
    plain: None, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(small)
    before = {
        name: (small / "report" / name).read_text("utf-8") for name in files(small / "report")
    }
    write_shard(small, runs(2, 0).iloc[1:], outcomes_of(runs(2, 0).iloc[1:]))

    def written(_: Source, page: tuple[str, str], __: object) -> dict[str, bytes]:
        if page[1] == "en":
            told = papermill.PapermillExecutionError
            raise told(3, 5, "text(x)", "KeyError", "2027", ["Traceback", "..."])
        return {"html": b"new"}

    monkeypatch.setattr(rendering, "_written", written)
    with pytest.raises(PageError, match=r"page en/index could not be made: KeyError: 2027"):
        render(small)
    assert "Traceback" in (small / "report" / LOG).read_text("utf-8")
    (small / "report" / LOG).unlink()
    assert {n: (small / "report" / n).read_text("utf-8") for n in files(small / "report")} == before


def test_pages_that_cannot_be_put_in_place_leave_those_that_stood_there(
    plain: None, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the second language: both languages are as they were."""
    out = tmp_path / "pages"
    render(small, LANGS, out=out)
    before = {path: path.read_text("utf-8") for path in out.rglob("*.html")}
    monkeypatch.setattr(rendering, "_written", lambda *_: {"html": b"new"})
    rename = Path.rename

    def full(path: Path, target: Path) -> Path:
        if path.parent.name.startswith(".new-") and path.name == LANGS[1]:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full)
        with pytest.raises(PageError):
            render(small, LANGS, out=out)
    assert {path: path.read_text("utf-8") for path in out.rglob("*.html")} == before


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_pages_interrupted_while_they_are_put_in_place_are_all_old_or_all_new(
    plain: None,
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    after: bool,
) -> None:
    out = tmp_path / "pages"
    render(small, LANGS, out=out)
    before = {path: path.read_bytes() for path in out.rglob("*.html")}
    monkeypatch.setattr(rendering, "_written", lambda *_: {"html": b"new"})
    rename, moved = Path.rename, []

    def interrupted_at(path: Path, target: Path) -> Path:
        moved.append(path)
        if len(moved) == number and not after:
            raise KeyboardInterrupt
        found = rename(path, target)
        if len(moved) == number:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted_at)
        with pytest.raises(KeyboardInterrupt):
            render(small, LANGS, out=out)
    assert {path: path.read_bytes() for path in out.rglob("*.html")} == before
    assert not list(out.glob(".*"))


def test_files_that_no_report_wrote_are_kept(plain: None, small: Path, tmp_path: Path) -> None:
    notes = tmp_path / "pages" / "en" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine", "utf-8")
    with pytest.raises(ReportError, match=r"notes\.txt"):
        render(small, out=tmp_path / "pages")
    assert files(tmp_path / "pages") == {"en/notes.txt"}


def test_a_store_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    store, batch = tmp_path / "early", runs(1, 0, end=11)
    write_shard(store, batch, outcomes_of(batch, range(2019, 2022)))
    write_manifest(store, ["without_document_55"])
    with pytest.raises(ReportError, match=r"end in 2021.*--until 2027"):
        render(store)
    assert not (store / "report").exists()


@pytest.mark.parametrize(
    ("lang", "wanted", "not_wanted"),
    [("zh", "无法读取", "no results can"), ("en", "no results can", "无法读取")],
)
def test_messages_are_in_the_language_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lang: str, wanted: str, not_wanted: str
) -> None:
    monkeypatch.setenv(VARIABLE, "en")  # and back afterwards
    found = CliRunner().invoke(app, ["report", str(tmp_path / "none"), "--lang", lang])
    assert found.exit_code == 2
    assert wanted in found.output
    assert not_wanted not in found.output


@pytest.mark.parametrize(("lang", "wanted"), [("zh", "未知的名称"), ("en", "unknown name")])
def test_messages_of_a_report_in_both_languages_are_in_that_of_messages(
    monkeypatch: pytest.MonkeyPatch, small: Path, tmp_path: Path, lang: str, wanted: str
) -> None:
    monkeypatch.setenv(VARIABLE, lang)
    later = tmp_path / "later.csv"
    later.write_text("indicator,year,value,unit,scope\nas_revenu,2024,1,亿元,Anhui\n", "utf-8")
    given = ["report", str(small), "--lang", "both", "--actuals", str(later)]
    found = CliRunner().invoke(app, given)
    assert found.exit_code == 2
    assert len(found.stderr.splitlines()) == 1
    assert f"later.csv:2: indicator: {wanted} 'as_revenu'" in found.stderr


def test_a_failure_inside_a_page_is_one_message(
    plain: None, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(*_: object) -> dict[str, bytes]:
        raise KeyError("x")

    monkeypatch.setattr(rendering, "_written", written)
    found = CliRunner().invoke(app, ["report", str(small), "--lang", "en"])
    assert found.exit_code == 1
    assert len(found.output.splitlines()) <= 3


def test_a_report_is_made_where_paths_from_the_readers_folder_say(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notebooks run side by side, and the runner of each may change the folder of the process."""
    both, begun_in = Barrier(len(LANGS)), set[Path]()

    def execute(_: Path, done: Path, cwd: Path | None = None, **__: object) -> SimpleNamespace:
        both.wait(20)
        with papermill.utils.chdir(cwd):
            begun_in.add(Path.cwd())
            sleep(0.2 * (done.name.startswith("zh")))
        return SimpleNamespace(cells=[])

    monkeypatch.setattr(rendering, "gather_levers", lambda _: None)
    monkeypatch.setattr(rendering.papermill, "execute_notebook", execute)
    monkeypatch.chdir(tmp_path)
    store, out = small.relative_to(tmp_path), Path("my report")
    assert render(store, LANGS, out=out) == [out / lang / "index.html" for lang in LANGS]
    assert files(out) == {f"{lang}/index.html" for lang in LANGS}
    assert Path.cwd() == tmp_path
    # Python looks there first for modules, so nothing of ours or of the reader's may lie in it.
    (folder,) = begun_in
    assert (folder / "jiqun").is_dir()
    assert not (folder / "trace.py").exists()


@pytest.mark.parametrize(
    "interrupted", [(SIGINT, 0.0), (SIGTERM, 0.0), (SIGINT, 0.5)], indirect=True
)
def test_an_interrupted_report_ends_its_notebooks_and_leaves_what_stood_there(
    small: Path, interrupted: list[Popen[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    page = small / "report" / "en" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("an earlier page", "utf-8")
    with pytest.raises(KeyboardInterrupt):
        render(small, LANGS)
    assert [kernel.returncode for kernel in interrupted] == [-9]
    left = [path for path in (small / "report").rglob("*") if path.is_file()]
    assert left == [page]
    assert page.read_text("utf-8") == "an earlier page"
    # That kernels ended is no news to who asked for it.
    assert not caplog.records
