"""The part of the page that asks: language, scenario, levers, and the question in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shiny import reactive, render
from shiny.ui import TagList, tags

from jiqun.app import page
from jiqun.app.session.visit import short
from jiqun.app.state import State, read_query
from jiqun.app.words import lang_of
from jiqun.experiments.effects.change import differences
from jiqun.notebooks import what_changes
from jiqun.scenarios import InputError
from jiqun.scenarios.language import speaking

if TYPE_CHECKING:
    from jiqun.app.session.visit import Visit

MOST_LINES = 12
"""Lines of differences that are listed at most."""


def fill(visit: Visit) -> None:
    """Fill the part of a session, and follow what is moved."""
    _frame(visit)
    if visit.welcome:
        _follow(visit)
        _tell_browser(visit)
        _show(visit)


def _frame(visit: Visit) -> None:
    begun = reactive.Value(False)

    @reactive.effect
    def begin() -> None:
        query = str(visit.session.clientdata.url_search())
        with reactive.isolate():
            if begun():
                return
        begun.set(True)
        asked = dict(part.partition("=")[::2] for part in query.lstrip("?").split("&"))
        visit.lang.set(lang_of(asked.get("lang", "")))
        if not visit.welcome:
            return
        with speaking(lang_of(asked.get("lang", ""))):
            try:
                state = read_query(query)
                if state != State():
                    visit.shelf.asked(state)
            except InputError as error:
                visit.notice.set(("bad_link", {"problem": short(error)}))
                return
        visit.put(state, fresh=True)

    @render.ui
    def shell() -> TagList:
        return page.shell(visit.words(), visit.desk.pairs)

    @render.ui
    def notice() -> Any:
        key, values = visit.notice()
        if not key:
            return None
        words = visit.words()
        told = (
            words.said(key, **values) if key == "bad_link" else words.named("busy", key, **values)
        )
        return tags.div(told, class_="warn", role="alert")


def _follow(visit: Visit) -> None:
    """Take up what the user moves and chooses."""

    @reactive.effect
    @reactive.event(visit.inputs.moved)
    def moved() -> None:
        given = visit.inputs.moved()
        visit.take(str(given["key"]), str(given["value"]))

    @reactive.effect
    @reactive.event(visit.inputs.switched)
    def switched() -> None:
        given = visit.inputs.switched()
        visit.say(str(given["key"]), f"={given['value']}" if given["value"] else None)

    @reactive.effect
    @reactive.event(visit.inputs.reset)
    def reset() -> None:
        visit.put(replace(visit.state(), parts=()), fresh=True)

    def choose(name: str) -> None:
        @reactive.effect
        @reactive.event(visit.inputs[name])
        def chosen() -> None:
            visit.choose(name, str(visit.inputs[name]()))

    for name in ("on", "against", "world"):
        choose(name)

    @reactive.effect
    @reactive.event(visit.inputs.lang)
    def language() -> None:
        visit.lang.set(lang_of(str(visit.inputs.lang())))
        visit.redraw()


def _tell_browser(visit: Visit) -> None:
    """What the browser is told beside what it shows."""

    @reactive.effect
    async def speak() -> None:
        words = visit.words()
        said = {"lang": words("html_lang"), "title": words.said("title")}
        await visit.session.send_custom_message("language", {**said})

    @reactive.effect
    async def refusals() -> None:
        visit.fresh()
        await visit.session.send_custom_message("refused", {**visit.bad()})

    @reactive.effect
    async def link() -> None:
        query = visit.settled().query()
        query += ("&" if query else "") + f"lang={visit.lang()}"
        await visit.session.send_custom_message("link", {"query": query})


def _show(visit: Visit) -> None:
    @render.ui
    def choices() -> TagList:
        visit.fresh()
        with reactive.isolate():
            state, words = visit.state(), visit.words()
        return page.choices(state, visit.shelf, visit.labels(words.lang), words)

    @render.ui
    def levers() -> TagList:
        visit.fresh()
        with reactive.isolate():
            state, words = visit.state(), visit.words()
        return page.levers(visit.controls(state), state, words)

    @reactive.effect
    def settle() -> None:
        visit.settle()

    @render.ui
    def question() -> Any:
        state, words = visit.settled(), visit.words()
        try:
            asked = visit.asked(state)
        except InputError as error:
            return tags.p(short(error), class_="refusal", role="alert")
        names = [
            each.label_zh if words.lang == "zh" else each.label_en
            for each in (asked.scenario, asked.baseline)
        ]
        lines = [
            what_changes.in_words(each, words)
            for each in differences(asked.scenario, asked.baseline)[:MOST_LINES]
        ]
        return TagList(
            tags.p(
                words.said("question"),
                tags.strong(words("change_question", scenario=names[0], baseline=names[1])),
            ),
            tags.ul(*(tags.li(line) for line in lines)) if lines else None,
        )
