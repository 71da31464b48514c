"""Stores are bound by hash and checked: ``record`` and ``verify``."""

from __future__ import annotations

from typing import Annotated

import typer

from jiqun.cli.options import Json, StoreFolder, print_json
from jiqun.cli.refusals import SOME_FAILED, refusals

commands = typer.Typer()


@commands.command(epilog="Example: jiqun record build/report/store")
def record(store: StoreFolder, *, as_json: Json = False) -> None:
    """Write the run record of a store: an RO-Crate with the hash of all that it rests on.

    The record, DIR/ro-crate-metadata.json, binds the files of the store, its report, the tables and
    the fit, the code and the packages. Its number stands for all of them.
    """
    with refusals():
        from jiqun.recording import record as recorded  # noqa: PLC0415
        from jiqun.scenarios.language import say  # noqa: PLC0415
        from jiqun.screen import say as tell  # noqa: PLC0415

        found = recorded(
            store, lambda: tell(say("waiting for a batch that uses {store} ...", store=store))
        )
        for line in found["others"]:
            tell(line)
        if as_json:
            print_json(found)
            return
        typer.echo(found["file"])
        typer.echo(
            say(
                "{count} files bound; record {number}", count=found["files"], number=found["number"]
            )
        )
        if found["failed"]:
            typer.echo(say("{count} of them tell of runs that failed", count=found["failed"]))
        typer.echo(say("cite as: {citation}", citation=found["citation"]))


@commands.command(epilog="Example: jiqun verify build/report/store --json")
def verify(
    store: StoreFolder,
    *,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Fail also where what is installed is not as recorded."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a store against its run record, without a network.

    Names each file that was changed, added or is missing, and ends with status 1 if there is one.
    That other tables, code or packages are installed than were recorded is a note.
    """
    with refusals():
        from jiqun import verifying  # noqa: PLC0415

        found = verifying.verified(store)
        if as_json:
            print_json(found.data(strict=strict))
        else:
            for line in verifying.lines(found, strict=strict):
                typer.echo(line)
    if not found.holds(strict=strict):
        raise typer.Exit(SOME_FAILED)
