"""The first command of a new user: ``demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jiqun.cli.options import Json, print_json
from jiqun.cli.refusals import WrongOptionError, given_up, refusals
from jiqun.cli.results import Languages

commands = typer.Typer()
OUT = Path("jiqun-demo")


@commands.command(epilog="Example: jiqun demo --lang zh")
def demo(
    *,
    lang: Annotated[
        Languages | None,
        typer.Option(help="Language of the pages; that of messages if nothing is said."),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder that gets the pages, and the store they are of.")
    ] = OUT,
    as_json: Json = False,
) -> None:
    """Show a small report from runs that come with the program; nothing is run.

    The runs are few and small: the pages show what a report looks like, and none of their numbers
    is a result. Other commands work on the store, OUT/store, as on any other.
    """
    with refusals():
        from jiqun.notebooks.demonstration import DRAWS, ROWS, unpack  # noqa: PLC0415
        from jiqun.notebooks.render import PageError, ReportError, render  # noqa: PLC0415
        from jiqun.scenarios.language import language, say, use_language  # noqa: PLC0415
        from jiqun.screen import say as tell  # noqa: PLC0415

        if lang is not None and lang is not Languages.BOTH:
            use_language(lang)
        langs: Any = ("zh", "en") if lang is Languages.BOTH else (str(lang or language()),)
        store = out / "store"
        template = (
            "a demonstration: {draws} pairs of runs of {rows:,} rows, which support no conclusion; "
            "no number of it is to be cited. Pages take about half a minute ..."
        )
        tell(say(template, draws=DRAWS, rows=ROWS))
        try:
            unpack(store)
        except FileExistsError as error:
            told = say("{folder}: holds other files; name another folder by --out", folder=store)
            raise WrongOptionError(told) from error
        except OSError as error:
            problem = f"{error.filename or store}: {error.strerror or error}"
            raise WrongOptionError(problem) from error
        try:
            with given_up(PageError):
                pages = render(store, langs, out=out, tell=tell)
        except ReportError as error:
            raise WrongOptionError(str(error)) from error
        if as_json:
            print_json({"store": str(store), "pages": [str(page) for page in pages]})
            return
        for page in pages:
            typer.echo(str(page))
