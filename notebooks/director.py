"""One page for a director: five questions, each answered by a table, and what the answers rest on.

Nothing is computed here: effects are those of `worlds`, targets those of `board`, levers those of
the analysis of sensitivity, options those of the comparison at equal cost, and what is said of the
model is what the calibration left on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jiqun.experiments.effects.comparison_data import SHIPPED, is_current, read
from jiqun.experiments.effects.effect import Estimate
from jiqun.experiments.sensitivity.arms import DOCUMENT
from jiqun.notebooks import board, designs, lights
from jiqun.notebooks.levers import cost as levers_cost
from jiqun.notebooks.levers import even as levers_even
from jiqun.notebooks.tables import basis, bullets, markdown
from jiqun.notebooks.trust import page as trust
from jiqun.notebooks.trust.evidence import ORIGIN, REFERENCE
from jiqun.notebooks.words import ABSENT
from jiqun.notebooks.worlds import UNITS
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jiqun.model.agents.clusters import ClusterSeat
    from jiqun.notebooks.levers.page import Levers
    from jiqun.notebooks.record import Record
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Effect, Worlds

OPTIONS = 3
"""Options at equal cost that the page shows."""
CREDIT = "rd_tax_credit"
"""Design whose place follows from one elasticity, which the page says."""
CREDIT_LEVER = "rd_super_deduction"


# What changes by tier


def tiers_table(worlds: Worlds, seats: Sequence[ClusterSeat], words: Words) -> str:
    """A line a tier: who is in it, its share, and what changes in 2027, in per cent and as a sum.

    Args:
        worlds: Runs of all scenarios of the store.
        seats: Clusters of the population; none where the store keeps no population.
        words: Texts and number formats of the page's language.
    """
    whole = worlds.values(REFERENCE, "value_added", UNITS[-1], ORIGIN)
    rows = []
    for unit in UNITS:
        effect = worlds.effect("value_added", unit)
        if effect is None:
            continue
        part = (worlds.values(REFERENCE, "value_added", unit, ORIGIN) / whole).dropna()
        rows.append(
            [
                words.name("tier_names", unit[1]),
                _members(seats, unit, words),
                words.percent(float(part.median())) if len(part) else ABSENT,
                words.concluded(effect),
                _sum(effect, Estimate.of(worlds.difference("value_added", unit)), words),
                words.concluded(worlds.effect("rd_real", unit)),
            ]
        )
    head = words.lines("director_tiers_head")
    head[4] += words.bracketed(words.money_unit)
    return markdown(head, rows, 2) if rows else ""


def _sum(effect: Effect, gap: Estimate, words: Words) -> str:
    """An effect as a sum; the interval alone where there is none."""
    scale = words.scaled(1.0, "value_added")
    if effect.sign:
        return "".join(words.estimate(gap, scale))
    if gap.low is None or gap.high is None:
        return ABSENT
    return words.between(*words.signed([scale * gap.low, scale * gap.high]))


def _members(seats: Sequence[ClusterSeat], unit: tuple[str, str], words: Words) -> str:
    """How many clusters a tier has: those of the register, and synthetic ones."""
    own = [seat for seat in seats if unit[0] != "tier" or seat.tier == unit[1]]
    if not own:
        return ABSENT
    register = {row.id for row in table("clusters")}
    real = sum(seat.id in register for seat in own)
    return words("director_members", real=real, synthetic=len(own) - real)


# Targets


def targets_table(found: Sequence[lights.Light], words: Words) -> str:
    """A line a modelled target: colour in words, chance, aim, what the runs give."""
    rows = [
        [
            board.label(light.target, words)
            + words.bracketed(light.target.article)
            + ("" if light.numeric else words("director_direction")),
            f"[{words.name('director_colours', light.colour)}]{{.light .{light.colour}}}",
            board.probability(light.met, words),
            light.aim,
            light.found,
            board.departments(light.target, words),
        ]
        for light in found
    ]
    head = words.lines("director_targets_head")
    return f'<div class="lights">\n\n{markdown(head, rows, len(head))}\n\n</div>' if rows else ""


def not_judged(words: Words) -> str:
    """The targets that get no colour: what a quota decides, and what is planned."""
    names = {
        kind: words.listing(
            board.label(row, words) + words.bracketed(f"{float(row.value):,.0f}")
            for row in board.targets(kind)
        )
        for kind in ("quota", "plan")
    }
    return bullets(words(f"director_{kind}", names=names[kind]) for kind in names)


# Levers


def levers_table(found: Levers, words: Words) -> str:
    """The five levers of the document with the largest effects: size, cost, what they rest on."""
    rows = found.first(DOCUMENT, found.units[0])
    names = [str(lever) for lever in rows["lever"]]
    lines = []
    for name, (label, *numbers) in zip(
        names, levers_cost.yuan_lines(found, rows, words), strict=True
    ):
        article = declarations()[name].article or ABSENT
        evidence = words.name("lever_evidence", evidence_of(name).word)
        lines.append([label, article, evidence, *numbers])
    first, *others = levers_cost.yuan_head(found, rows, words)
    head = [first, words("director_article"), words("lever_evidence_head"), *others]
    return f'<div class="five">\n\n{markdown(head, lines, 3)}\n\n</div>'


# Options


def options(store: Path) -> Mapping[str, Any] | None:
    """The comparison at equal cost that a store keeps, or the one that is shipped."""
    return read(store) or read(SHIPPED)


def chosen(data: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    """The first envelope at which some designs cost the same, and the three that gain most there.

    A design that cannot spend the sum, or costs more, is none of them.
    """
    for envelope in designs.envelopes_of(data):
        equal = [row for row in designs.rows_of(data, envelope) if row["verdict"] == "equal"]
        if equal:
            return envelope, equal[:OPTIONS]
    return "", []


def options_table(data: Mapping[str, Any], words: Words) -> str:
    """Three options that cost the same in all, as the page of designs tells of them."""
    _, rows = chosen(data)
    lines = []
    for row in rows:
        cells = designs.line(row, words)
        lines.append([*cells, words.percent(row["best"])])
    head = [*words.lines("designs_head"), words("director_best")]
    return f'<div class="designs">\n\n{markdown(head, lines, len(head))}\n\n</div>' if rows else ""


def options_text(data: Mapping[str, Any], words: Words) -> str:
    """The sum, the runs behind the options, and what the first place follows from."""
    envelope, rows = chosen(data)
    if not rows:
        return words("director_no_options")
    others = [
        row
        for row in designs.rows_of(data, envelope)
        if row["verdict"] == "cannot spend" and row["distinguishable"]
    ]
    told: list[str] = [] if is_current(data) else [f"**{words('director_options_old')}**"]
    told.append(
        words(
            "director_options",
            envelope=words.name("envelope_names", envelope),
            sum=words.money(data["envelopes"][envelope])[0],
            unit=words.money_unit,
            pairs=data["reported_on"],
            holds=words("director_holds") if envelope == designs.PROGRAMME else "",
        )
    )
    if others:
        told.append(words("director_cannot_spend", count=len(others)))
    if rows[0]["design"] == CREDIT:
        told.append(credit_note(rows[0]["best"], words))
    return ("" if words.lang == "zh" else " ").join(told)


def credit_note(often: float, words: Words) -> str:
    """That the tax credit leads by the elasticity that was put in.

    Args:
        often: Share of the draws in which it is best.
        words: Texts and number formats of the page's language.
    """
    name = evidence_of(CREDIT_LEVER).parameter
    row = next(row for row in table("parameters") if row.name == name)
    largest = max(abs(row.low), abs(row.high))
    value, low, high = (
        levers_even.value_text(name, each, largest, words, whole=False)
        for each in (row.value, row.low, row.high)
    )
    return words(
        "director_credit",
        often=words.percent(often),
        parameter=words.name("parameter_names", name),
        value=value,
        range=words.between(low, high),
        grade=row.grade,
    )


# What it rests on, and what to decide


def rests_on(record: Record, words: Words) -> str:
    """What was tuned, how forecasts did against a naive rule, what share of inputs is proxy."""
    told = []
    if record.fit is not None:
        told.append(
            words(
                "director_tuned",
                parameters=record.fit["fitted_parameters"],
                figures=len(record.fitted),
                inside=record.met,
                chosen=record.chosen,
                must=len(record.must),
            )
        )
    if record.skill is not None:
        told.append(
            words(
                "director_naive",
                verdict=words.name("glance_verdict", str(record.skill.verdict)),
                told=trust.skill_numbers(record.skill, words),
                first=f"{record.skill.scores['first_method']['rmse_ratio']:.2f}",
            )
        )
    found = basis(words.names("tables"))
    whole = sum(sum(counts.values()) for counts in found.values())
    weak = {kind: sum(counts[kind] for counts in found.values()) for kind in WEAK}
    fields = found["fields"]
    told.append(
        words(
            "director_proxies",
            count=whole,
            share=words.percent(sum(weak.values()) / whole),
            **weak,
            published=fields["published"],
            fields=sum(fields.values()),
        )
    )
    return bullets(told)


WEAK = ("proxy", "assumption")
"""Kinds of inputs that nobody published."""


def decisions(
    worlds: Worlds,
    ranked: Levers | None,
    compared: Mapping[str, Any] | None,
    words: Words,
) -> str:
    """What there is to decide, from what the tables above show.

    Args:
        worlds: Runs of all scenarios of the store.
        ranked: The analysis of sensitivity, if there is one.
        compared: The comparison at equal cost, if there is one.
        words: Texts and number formats of the page's language.
    """
    told = []
    rows = chosen(compared)[1] if compared else []
    better = [row for row in rows if row["distinguishable"] and _gain(row) > 0.0]
    if better:
        told.append(words("decide_option", name=better[0]["label"][words.lang]))
    elif rows:
        told.append(words("decide_no_option"))
    found = lights.lights(worlds, words)
    for colour in ("red", "amber"):
        names = [
            board.label(light.target, words)
            for light in found
            if light.colour == colour and light.numeric
        ]
        if names:
            told.append(words(f"decide_{colour}", names=words.listing(names)))
    if ranked is not None and ranked.current:
        first = [str(lever) for lever in ranked.first(DOCUMENT, ranked.units[0])["lever"]]
        untried = [name for name in first if evidence_of(name).word != "trial"]
        if untried:
            labels = (getattr(declarations()[name].label, words.lang) for name in untried)
            listed = words.listing(labels)
            told.append(words("decide_trial", count=len(untried), names=listed))
    return "\n".join(f"{n}. {text}" for n, text in enumerate(told, 1))


def _gain(row: Mapping[str, Any]) -> float:
    return float(row["effects"][designs.MAIN]["gain"]["mean"])
