"""The command ``jiqun``.

Exit status: 0 done; 1 ran but some runs failed; 2 the input is wrong; 130 interrupted. With
``--json`` stdout holds one JSON document and nothing else. What a command needs is imported when it
runs, so that help answers at once.
"""

from __future__ import annotations

import io
import signal
import sys
from enum import StrEnum
from typing import Annotated

import typer

from jiqun.cli import demo, designing, evidence, page, records, results, running, uncertainty
from jiqun.cli.refusals import interrupt, refusals

app = typer.Typer(
    name="jiqun",
    help="Simulates a province's manufacturing clusters and the policy that fosters them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# In this order help lists them.
for part in (demo, running, results, page, records, evidence, uncertainty, designing):
    app.add_typer(part.commands)


class Language(StrEnum):
    """Languages of messages."""

    ZH = "zh"
    EN = "en"


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or file of another encoding gets an escape for a character it lacks.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, interrupt)
    app(prog_name="jiqun")


def _show_version(asked: bool) -> None:
    if not asked:
        return
    from jiqun.versions import version_lines  # noqa: PLC0415

    for line in version_lines():
        typer.echo(line)
    raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version, and which model, data, fit and analysis are in use.",
        ),
    ] = False,
    lang: Annotated[
        Language | None,
        typer.Option(help="Language of messages; else JIQUN_LANG, else that of the locale."),
    ] = None,
) -> None:
    """Simulates a province's manufacturing clusters and the policy that fosters them."""
    with refusals():
        from jiqun.scenarios.language import use_language  # noqa: PLC0415

    if lang is not None:
        use_language(lang)
