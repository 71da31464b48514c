"""Page one: the answer, five questions in short, what is doubtful and what to decide.

It holds what prints on one sheet; the sections that follow have the fuller tables. Nothing is
computed here: every number is one of theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jiqun.notebooks import board, designs, director, first, places
from jiqun.notebooks.levers import cost as levers_cost
from jiqun.notebooks.tables import bullets, markdown
from jiqun.notebooks.words import ABSENT
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.notebooks.levers.page import Levers
    from jiqun.notebooks.lights import Light
    from jiqun.notebooks.places import Places
    from jiqun.notebooks.record import Record
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

COLOURS = ("green", "amber", "red")


def targets(found: Sequence[Light], words: Words) -> str:
    """The modelled targets with a number by colour, each with its chance."""
    lines = []
    for colour in COLOURS:
        own = [light for light in found if light.numeric and light.colour == colour]
        names = words.listing(
            board.label(light.target, words)
            + words.bracketed(board.chance(light.target, light.met, words))
            for light in own
        )
        mark = f"[{words.name('director_colours', colour)}]{{.light .{colour}}}"
        lines.append(words("brief_lights", mark=mark, count=len(own), names=names or ABSENT))
    return bullets(lines)


def levers_table(found: Levers, words: Words) -> str:
    """The five levers of the document with the largest effects: effect, cost by bearer, a yuan."""
    rows = director.first_five(found)
    lines = []
    told = levers_cost.yuan_lines(found, rows, words)
    for name, costs, cells in zip(rows["lever"], rows["costs"], told, strict=True):
        label, effect, budget, others, _, yuan = cells
        basis = words.name("lever_evidence", evidence_of(str(name)).word)
        article = declarations()[str(name)].article or ABSENT
        known = words("brief_lever", article=article, basis=basis)
        if costs == "nothing" and director.own_research(found, str(name), words):
            others = words("brief_own")
        lines.append([label + words.bracketed(known), effect, budget, others, yuan])
    head = [text.format(unit=words.money_unit) for text in words.lines("brief_levers_head")]
    return markdown(head, lines)


def options_table(data: Mapping[str, Any], words: Words) -> str:
    """Three options of equal cost at each of the two sums, or as many as can spend it."""
    lines = []
    for envelope in designs.envelopes_of(data):
        for row in director.options_at(data, envelope):
            name, budget, others, gain, yuan, _, _, best = designs.line(row, words)
            total = designs.envelope_sum(data, words, envelope)
            lines.append([name, total, budget, others, gain, yuan, best])
    head = [text.format(unit=words.money_unit) for text in words.lines("brief_options_head")]
    return markdown(head, lines) if lines else ""


def options_note(data: Mapping[str, Any], words: Words) -> str:
    """How many designs can spend each sum, and who pays the tax credit where that leads."""
    told = [director.able_note(data, envelope, words) for envelope in designs.envelopes_of(data)]
    credit = director.leading_credit(data)
    if credit is not None:
        told.append(words("brief_credit", **director.credit_facts(credit, words)))
    return ("" if words.lang == "zh" else " ").join(told)


def cities(found: Places | None, words: Words) -> str:
    """Cities that rise, fall, and on which nothing is concluded."""
    if found is None:
        return words("no_city")
    gap = "" if words.lang == "zh" else " "
    end = "。" if words.lang == "zh" else "."
    return words.listing(places.by_sign(found, words)) + end + gap + words("city_way")


def doubts(worlds: Worlds, record: Record, words: Words) -> str:
    """What is doubtful: rivals that do the same, weak evidence, tuning, forecasts and inputs.

    Args:
        worlds: Runs of all scenarios of the store.
        record: What the calibration left on record.
        words: Texts and number formats of the page's language.
    """
    told = [first.rivals(words), first.weakest(worlds, words)]
    told.append(director.weak_inputs(words, "brief_inputs"))
    if record.skill is not None:
        verdict = words.name("glance_verdict", str(record.skill.verdict))
        told[-1] += ("" if words.lang == "zh" else " ") + words("brief_naive", verdict=verdict)
    return "\n".join(f"{n}. {text}" for n, text in enumerate(filter(None, told), 1))


def decisions(
    found: Sequence[Light], ranked: Levers | None, compared: Mapping[str, Any] | None, words: Words
) -> str:
    """What there is to decide, each in a line.

    Args:
        found: The modelled targets.
        ranked: The analysis of sensitivity, if there is one.
        compared: The comparison at equal cost, if there is one.
        words: Texts and number formats of the page's language.
    """
    told = director.option_decision(compared, words)
    counts = {
        colour: sum(light.numeric and light.colour == colour for light in found)
        for colour in ("red", "amber")
    }
    if any(counts.values()):
        told.append(words("brief_decide_targets", **counts))
    if untried := director.untried(ranked):
        told.append(words("brief_decide_trial", count=len(untried)))
    return "\n".join(f"{n}. {text}" for n, text in enumerate(told, 1))
