"""The interactive page: ``app``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jiqun.cli.refusals import refusals

FOLDER = Path("build/app")
"""Where the page keeps runs and files while it is open, if nothing is said."""
PORT = 8155

commands = typer.Typer()


@commands.command("app", epilog="Example: jiqun app --port 8155")
def app_(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder that the page keeps its runs and files in while it is open.",
        ),
    ] = FOLDER,
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on this machine; 0 for any that is free.")
    ] = PORT,
    check: Annotated[
        bool,
        typer.Option("--check", help="Start, answer one small what-if over the loopback, and end."),
    ] = False,
) -> None:
    """Serve the page: levers by sliders, an estimate at once, then the real pairs of runs."""
    with refusals():
        from jiqun.app import checking, serving  # noqa: PLC0415

        if check:
            typer.echo(checking.check(folder))
            return
        with serving.served(folder, port) as address:
            typer.echo(address)
            checking.wait()
