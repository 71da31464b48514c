"""The page as an application: a frame, and for each browser a session that fills it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shiny import App

from jiqun.app import page
from jiqun.app.session import answer, beside, question, taking
from jiqun.app.session.visit import Visit
from jiqun.app.shelf import shipped_label
from jiqun.app.words import PageWords, lang_of
from jiqun.scenarios import designs, shipped, worlds

if TYPE_CHECKING:
    from shiny import Inputs, Outputs, Session
    from starlette.requests import Request

    from jiqun.app.jobs import Desk


def application(desk: Desk) -> App:
    """The page as an application.

    Args:
        desk: What makes the runs.
    """
    open_: set[str] = set()
    for name in (*shipped(), *designs(), *worlds()):
        shipped_label(name)  # read before anybody waits for it

    def frame(request: Request) -> Any:
        return page.frame(PageWords(lang_of(page.query_lang(request))))

    def server(inputs: Inputs, outputs: Outputs, session: Session) -> None:
        del outputs
        visit = Visit(desk, inputs, session, open_)
        question.fill(visit)
        if visit.welcome:
            for part in (answer, beside, taking):
                part.fill(visit)

    return App(frame, server, static_assets=page.ASSETS)
