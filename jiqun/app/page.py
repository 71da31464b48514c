"""The page: what stands where. What changes is filled in by `server`."""

from __future__ import annotations

from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

from shiny import ui
from shiny.ui import TagList, tags

from jiqun.app.controls import GROUPS, STEP
from jiqun.app.estimate import emulator
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION
from jiqun.notebooks.figures import FONT
from jiqun.notebooks.places import city_name
from jiqun.notebooks.what_changes import value_of
from jiqun.notebooks.words import ABSENT, LANGS
from jiqun.scenarios import designs, shipped, worlds
from jiqun.scenarios.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shiny.ui import Tag
    from starlette.requests import Request

    from jiqun.app.controls import Control, Field
    from jiqun.app.shelf import Shelf
    from jiqun.app.state import State
    from jiqun.app.words import PageWords

HERE = Path(__file__).parent
ASSETS: dict[str, str | Path] = {"/look": HERE / "look", "/font": FONT.parent}
"""What the page loads beside Shiny's own files, by address."""
NAMES = {"zh": "中文", "en": "English"}
DETAILS = ("targets", "winners", "cities", "clusters", "flows")
"""Sections that follow the runs, each with a title of its name."""


def frame(words: PageWords) -> Tag:
    """The page before anything is filled in.

    Args:
        words: Texts in the language that it is asked for in.
    """
    return ui.page_fluid(
        tags.head(
            tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
            tags.meta(name="referrer", content="no-referrer"),
            tags.link(rel="icon", href="data:,"),
            tags.link(rel="stylesheet", href="look/page.css"),
            tags.script(src="look/page.js"),
        ),
        tags.noscript(tags.p(words.said("noscript"))),
        ui.output_ui("shell"),
        title=words.said("title"),
        lang=words("html_lang"),
    )


def query_lang(request: Request) -> str:
    """Language that an address asks for; empty where it says none."""
    return str(request.query_params.get("lang", ""))


def shell(words: PageWords, pairs: int) -> TagList:
    """What stands on the page whatever is asked.

    Args:
        words: Texts.
        pairs: Pairs that a button makes.
    """
    return TagList(
        tags.a(words.said("skip"), href="#results", class_="skip"),
        tags.header(
            tags.h1(words.said("title")),
            tags.p(words.said("intro")),
            tags.div(
                *(
                    tags.button(
                        NAMES[lang],
                        type="button",
                        lang=lang,
                        data_lang=lang,
                        aria_pressed="true" if lang == words.lang else "false",
                    )
                    for lang in LANGS
                ),
                role="group",
                aria_label=words.said("languages"),
                class_="languages",
            ),
            ui.output_ui("notice"),
        ),
        tags.main(
            tags.section(
                tags.h2(words.said("controls"), id="asks"),
                ui.output_ui("choices"),
                ui.output_ui("levers"),
                aria_labelledby="asks",
                class_="asks",
            ),
            tags.section(
                tags.h2(words.said("results"), id="results", tabindex="-1"),
                tags.div(ui.output_ui("question"), class_="asked"),
                tags.div(ui.output_ui("estimate"), aria_live="polite"),
                tags.div(
                    ui.input_action_button("run", words.said("run", pairs=pairs), class_="first"),
                    ui.input_action_button("more", words.said("more", pairs=pairs)),
                    ui.input_action_button("cancel", words.said("cancel")),
                    class_="buttons",
                ),
                tags.div(ui.output_ui("progress"), aria_live="polite"),
                ui.output_ui("answer"),
                tags.h3(words.said("cost_title")),
                ui.output_ui("cost"),
                *(ui.output_ui(name) for name in DETAILS),
                tags.h3(words.said("assumed_title")),
                ui.output_ui("assumed"),
                ui.output_ui("even"),
                tags.h3(words.said("beside_title")),
                *_beside(words),
                tags.h3(words.said("keep_title")),
                _keep(words),
                aria_labelledby="results",
                class_="answers",
            ),
            class_="columns",
        ),
    )


def _beside(words: PageWords) -> list[Tag]:
    """Two designs side by side."""
    return [
        tags.p(words.said("beside_text")),
        tags.div(
            ui.input_action_button("hold", words.said("beside_keep")),
            ui.input_action_button("drop", words.said("beside_drop")),
            ui.input_action_button("equal", words.said("equal")),
            class_="buttons",
        ),
        tags.p(words.said("equal_text"), class_="soft"),
        ui.output_ui("beside"),
    ]


def _keep(words: PageWords) -> Tag:
    """Ways to take the question along."""
    formats = ("html", "docx", "pdf", "xlsx", "csv")
    return tags.div(
        ui.download_button("save", words.said("save")),
        ui.input_file(
            "load",
            words.said("load"),
            accept=[".yaml", ".yml"],
            button_label=words.said("load_button"),
            placeholder=words.said("load_none"),
        ),
        ui.output_ui("loaded"),
        tags.label(
            words.said("link"),
            tags.input(type="text", readonly="", class_="link", data_link=""),
        ),
        ui.output_ui("link_note"),
        ui.input_select(
            "format",
            words.said("report_format"),
            {name: words.named("formats", name) for name in formats},
        ),
        ui.download_button("report", words.said("report")),
        tags.p(words.said("report_wait"), class_="soft"),
        ui.output_ui("reported"),
        tags.details(
            tags.summary(words.said("python")),
            tags.p(words.said("python_text")),
            ui.output_ui("program"),
        ),
        class_="keep",
    )


def choices(state: State, shelf: Shelf, labels: Mapping[str, str], words: PageWords) -> TagList:
    """What the question is of.

    Args:
        state: What is asked.
        shelf: Scenarios of the session.
        labels: Name of a scenario or outside world to its label.
        words: Texts.
    """
    groups = {"shipped": shipped(), "designs": designs(), "loaded": shelf.loaded}
    of = {
        words.named("on_groups", group): {name: labels[name] for name in names}
        for group, names in groups.items()
        if names
    }
    same = {"": {"": words.said("against_own")}}
    return TagList(
        ui.input_select("on", words.said("scenario"), of, selected=state.on),
        ui.input_select(
            "against",
            words.said("against"),
            {**same, **of},
            selected=state.against,
        ),
        ui.input_select(
            "world",
            words.said("world"),
            {"": words.said("world_own"), **{name: labels[name] for name in worlds()}},
            selected=state.world,
        ),
        tags.details(
            tags.summary(f"{words.said('tiers')} · {words.said('cities')}"),
            ui.input_checkbox_group(
                "tiers",
                words.said("tiers"),
                {tier: words.name("tier_names", tier) for tier in TIERS},
                selected=list(TIERS),
                inline=True,
            ),
            ui.input_checkbox_group(
                "towns",
                words.said("cities"),
                {city: city_name(city, words) for city in REGION.cities},
                inline=True,
            ),
        ),
    )


def levers(all_: Sequence[Control], state: State, words: PageWords) -> TagList:
    """The levers, group by group; all but the main ones folded.

    Args:
        all_: What can be moved.
        state: What is moved.
        words: Texts.
    """
    said = dict(state.parts)
    parts: list[Tag] = [
        tags.div(
            tags.label(
                words.said("search"), tags.input(type="search", data_search="", class_="search")
            ),
            tags.span(data_found=words.said("found", count="#"), aria_live="polite", class_="soft"),
            tags.button(words.said("reset"), type="button", data_reset=""),
            class_="find",
        )
    ]
    for group in GROUPS:
        own = [each for each in all_ if each.group == group]
        if not own:
            continue
        title = words.named("groups", group)
        cards = [_card(each, said, words) for each in own]
        moved = any(key.partition(".")[0] in {c.lever.id for c in own} for key in said)
        if group == "main":
            parts.append(tags.div(tags.h3(title), *cards, class_="group"))
        else:
            parts.append(
                tags.details(
                    tags.summary(f"{title} ({len(own)})"),
                    *cards,
                    class_="group",
                    **({"open": ""} if moved else {}),
                )
            )
    return TagList(*parts)


def _card(control: Control, said: Mapping[str, str], words: PageWords) -> Tag:
    """A lever: its slider, or how to put it in, what it rests on, and its terms in a fold."""
    lever, lang = control.lever, words.lang
    label = getattr(lever.label, lang)
    own = said.get(lever.id, "")
    article = (
        "、".join(lever.article.split(";")) if lang == "zh" else lever.article.replace(";", ", ")
    )
    grade = control.evidence.grade
    facts = [
        words.said("article", article=article) if article else words.said("no_article"),
        words.said(
            "evidence",
            word=words.name("lever_evidence", control.evidence.word),
            grade=words.said("grade", grade=grade) if grade else "",
        ),
    ]
    known = emulator()
    if known is not None and lever.id in known.inert:
        facts.append(words.said("inert"))
    parts: list[Tag] = [tags.h4(label)]
    if control.present is not None:
        times = own[1:] if own.startswith("*") else "1"
        parts.append(_slider(control, label, times, words))
        parts.append(_switch(lever.id, words.said("take_out", lever=label), "off", own))
    else:
        parts.append(_switch(lever.id, words.said("put_in", lever=label), "on", own))
    parts += [
        tags.p("", class_="refusal", data_for=lever.id, id=f"refusal-{lever.id}", role="alert"),
        tags.p("；".join(facts) if lang == "zh" else "; ".join(facts), class_="soft"),
    ]
    moved = any(key.startswith(f"{lever.id}.") for key in said)
    if control.fields:
        parts.append(
            tags.details(
                tags.summary(words.said("terms")),
                *(_field(field, said, label, words) for field in control.fields),
                class_="terms",
                **({"open": ""} if moved else {}),
            )
        )
    return tags.div(*parts, class_="lever", data_name=f"{label} {lever.id}".lower())


def _slider(control: Control, label: str, times: str, words: PageWords) -> Tag:
    lever = control.lever.id
    most = floor(control.most / STEP + 1e-9) * STEP
    size = [
        f"{words.term(field.lever, field.term)} {value_of(field.value, field.kind, words)}"
        for field in control.sizes()
        if field.value is not None
    ]
    told = words.said("times", lever=label)
    note = words.said("times_range", most=f"{most:g}")
    note += ("；" if words.lang == "zh" else "; ") + ("；" if words.lang == "zh" else ", ").join(
        size
    )
    # What a slider or box is described by is its note and, where it is refused, why.
    about = {"aria-describedby": f"note-{lever} refusal-{lever}", "data-key": lever}
    return tags.div(
        tags.input(
            type="range", min="0", max=f"{most:g}", step=f"{STEP:g}", value=times,
            aria_label=told, **about,
        ),
        tags.input(
            type="number", min="0", max=f"{control.most:g}", step="any", value=times,
            aria_label=words.said("times_short") + f" {label}", class_="times", **about,
        ),
        tags.span(words.said("times_unit")),
        tags.p(note if size else words.said("times_range", most=f"{most:g}"),
               id=f"note-{lever}", class_="soft"),
        class_="slider",
    )  # fmt: skip


def _switch(lever: str, label: str, to: str, own: str) -> Tag:
    on = {"checked": ""} if own == f"={to}" else {}
    return tags.label(
        tags.input(
            type="checkbox",
            **{"data-key": lever, "data-to": to, "aria-describedby": f"refusal-{lever}"},
            **on,
        ),
        label,
        class_="switch",
    )


def _field(field: Field, said: Mapping[str, str], label: str, words: PageWords) -> Tag:
    """A term that can be set by itself."""
    name = words.term(field.lever, field.term)
    unit, _ = field.unit(words.lang)
    own = said.get(field.key, "")
    ends = [value_of(value, field.kind, words) for value in (field.low, field.high)]
    now = (
        words.said("term_unset")
        if field.value is None
        else value_of(field.value, field.kind, words)
    )
    about = {
        "data-key": field.key,
        "aria-label": f"{label}：{name}" if words.lang == "zh" else f"{label}: {name}",
        "aria-describedby": f"note-{_id(field)} refusal-{_id(field)}",
    }
    if field.kind == "switch":
        options = [("", ABSENT), *((to, words.name("term_switch", to)) for to in ("on", "off"))]
        box = tags.select(
            *(
                tags.option(text, value=value, **({"selected": ""} if own == f"={value}" else {}))
                for value, text in options
            ),
            **about,
        )
        shown_unit = ""
    else:
        box = tags.input(
            type="number", step="any", value=_held(field, own, words), class_="term", **about
        )
        shown_unit = "million yuan" if (field.kind, words.lang) == ("money", "en") else unit
        shown_unit = words.name("term_units", field.kind) if unit == field.kind else shown_unit
    note = words.said("term_bounds", low=ends[0], high=ends[1], value=now)
    note += ("；" if words.lang == "zh" else "; ") + words.named("term_grades", field.grade)
    if field.drawn:
        note += ("；" if words.lang == "zh" else "; ") + words.said("term_drawn")
    return tags.div(
        tags.span(name, class_="name"),
        box,
        tags.span(shown_unit),
        tags.p(note, id=f"note-{_id(field)}", class_="soft"),
        tags.p("", class_="refusal", data_for=field.key, id=f"refusal-{_id(field)}", role="alert"),
        class_="field",
    )


def _id(field: Field) -> str:
    return field.key.replace(".", "-")


def _held(field: Field, own: str, words: PageWords) -> str:
    """What a field holds for what is said of it: a number in the field's unit."""
    if not own:
        return ""
    for given, factor in _factors(field):
        text = own[1:].strip().removesuffix(given).strip()
        if own.endswith(given):
            try:
                base = float(text) * factor
            except ValueError:
                return ""
            return f"{field.shown(base, words.lang):.10g}"
    return ""


def _factors(field: Field) -> list[tuple[str, float]]:
    """Units of a term, the longest first, each with its size in base units."""
    units = UNITS[field.kind]
    return sorted(((name, float(size)) for name, size in units.items()), key=lambda u: -len(u[0]))
