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
from jiqun.notebooks.levers import even as levers_even
from jiqun.notebooks.tables import WEAK, basis, bullets, markdown
from jiqun.notebooks.trust import page as trust
from jiqun.notebooks.trust.evidence import ORIGIN, REFERENCE
from jiqun.notebooks.words import ABSENT, INTERVAL, SUM, quantity
from jiqun.notebooks.worlds import UNITS
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

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
REAL = "rd_real"


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
                sum_of(effect, Estimate.of(worlds.difference("value_added", unit)), words),
                words.concluded(worlds.effect("rd_real", unit)),
            ]
        )
    head = words.lines("director_tiers_head")
    head[4] += words.bracketed(words.money_unit)
    return markdown(head, rows, 2) if rows else ""


def sum_of(effect: Effect, gap: Estimate, words: Words) -> str:
    """An effect as a sum; the interval alone where nothing is concluded.

    Args:
        effect: The effect.
        gap: Its mean and interval in yuan.
        words: Texts and number formats of the page's language.
    """
    scale, of = words.scaled(1.0, "value_added"), quantity(effect.of, SUM)
    if effect.sign:
        return "".join(words.estimate(gap, scale, of=of))
    if gap.low is None or gap.high is None:
        return ABSENT
    ends = words.signed([scale * gap.low, scale * gap.high])
    return words.told(quantity(of, INTERVAL), words.between(*ends))


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
            board.chance(light.target, light.met, words),
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


def first_five(found: Levers) -> pd.DataFrame:
    """The five levers of the document with the largest effects on the province."""
    return found.first(DOCUMENT, found.units[0])


def unpaid(found: Levers, words: Words) -> str:
    """Of the five levers those that cost nobody: why, and what enterprises spend of their own."""
    rows = first_five(found)
    names = [str(row["lever"]) for _, row in rows.iterrows() if row["costs"] == "nothing"]
    return bullets(
        words(
            "director_unpaid",
            name=getattr(declarations()[name].label, words.lang),
            basis=getattr(declarations()[name].cost_basis, words.lang),
            own=own_research(found, name, words),
        )
        for name in names
    )


def own_research(found: Levers, lever: str, words: Words) -> str:
    """By how much a lever changes real R&D, which enterprises pay; empty where that is unknown.

    Args:
        found: The analysis of sensitivity.
        lever: Id of the lever.
        words: Texts and number formats of the page's language.
    """
    rows = found.ranks(DOCUMENT, tier=found.units[0], outcome=REAL)
    rows = rows[(rows["lever"] == lever) & rows["above_noise"].astype(bool)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    mean, low, high = words.signed([100.0 * float(row[name]) for name in ("mean", "low", "high")])
    return words("director_own_research", mean=mean, interval=words.between(low, high))


# Options


def options(store: Path) -> Mapping[str, Any] | None:
    """The comparison at equal cost that a store keeps, or the one that is shipped."""
    return read(store) or read(SHIPPED)


def options_at(data: Mapping[str, Any], envelope: str) -> list[Mapping[str, Any]]:
    """Of the designs that cost what an envelope holds, the three that gain most.

    A design that cannot spend the sum, or costs more, is none of them: the rule is cost alone.
    """
    return designs.able(designs.rows_of(data, envelope))[:OPTIONS]


def chosen(data: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    """The first envelope at which some designs cost the same, and its three that gain most."""
    for envelope in designs.envelopes_of(data):
        if rows := options_at(data, envelope):
            return envelope, rows
    return "", []


def options_text(data: Mapping[str, Any], words: Words) -> str:
    """How options are chosen, how many can spend each sum, and what the first follows from."""
    if not chosen(data)[1]:
        return words("director_no_options")
    told: list[str] = [] if is_current(data) else [f"**{words('director_options_old')}**"]
    told.append(words("director_options", pairs=data["reported_on"]))
    told += [able_note(data, envelope, words) for envelope in designs.envelopes_of(data)]
    told.append(words("director_holds"))
    if (credit := leading_credit(data)) is not None:
        told.append(credit_note(credit, words))
    return ("" if words.lang == "zh" else " ").join(told)


def able_note(data: Mapping[str, Any], envelope: str, words: Words) -> str:
    """How many designs can spend a sum.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        envelope: Name of the envelope, `award` or `programme`.
        words: Texts and number formats of the page's language.
    """
    rows = designs.rows_of(data, envelope)
    return words(
        "director_options_sum",
        envelope=words.name("envelope_names", envelope),
        sum=designs.envelope_sum(data, words, envelope),
        unit=words.money_unit,
        count=len(rows),
        able=len(designs.able(rows)),
    )


def leading_credit(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The tax credit where it leads the options of a sum; None where it leads none."""
    leading = [row for name in designs.envelopes_of(data) for row in options_at(data, name)[:1]]
    return next((row for row in leading if row["design"] == CREDIT), None)


def credit_note(row: Mapping[str, Any], words: Words) -> str:
    """That the tax credit leads by the elasticity that was put in, and who pays it.

    Args:
        row: The design at the envelope where it leads.
        words: Texts and number formats of the page's language.
    """
    return words("director_credit", **credit_facts(row, words))


def credit_facts(row: Mapping[str, Any], words: Words) -> dict[str, str]:
    """What the first place of the tax credit follows from, and what the centre bears of its cost.

    Args:
        row: The design at the envelope where it leads.
        words: Texts and number formats of the page's language.
    """
    name = evidence_of(CREDIT_LEVER).parameter
    known = next(each for each in table("parameters") if each.name == name)
    largest = max(abs(known.low), abs(known.high))
    value, low, high = (
        levers_even.value_text(name, each, largest, words, whole=False)
        for each in (known.value, known.low, known.high)
    )
    return {
        "often": words.told(designs.row_of(row, "best"), words.percent(row["best"])),
        "parameter": words.name("parameter_names", name),
        "value": value,
        "range": words.between(low, high),
        "grade": known.grade,
        "centre": designs.centre(row, words),
        "unit": words.money_unit,
    }


# What it rests on, and what to decide


def rests_on(record: Record, words: Words) -> str:
    """What was tuned, how forecasts did against a naive rule, what share of inputs is proxy."""
    told = []
    if record.fit is not None:
        told.append(
            words(
                "director_tuned",
                parameters=record.fit["fitted_parameters"],
                figures=words.told("fit/fitted", str(len(record.fitted))),
                **words.counts("fit", inside=record.met),
                **words.counts("facts", chosen=record.chosen, must=len(record.must)),
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
    told.append(weak_inputs(words, "director_proxies"))
    return bullets(told)


def weak_inputs(words: Words, text: str) -> str:
    """What share of the inputs nobody published.

    Args:
        words: Texts and number formats of the page's language.
        text: Key of the text.
    """
    found = basis(words.names("tables"))
    whole = sum(sum(counts.values()) for counts in found.values())
    weak = {kind: sum(counts[kind] for counts in found.values()) for kind in WEAK}
    fields = found["fields"]
    return words(
        text,
        share=words.told("inputs/share", words.percent(sum(weak.values()) / whole)),
        **words.counts(
            "inputs",
            count=whole,
            **weak,
            published=fields["published"],
            fields=sum(fields.values()),
        ),
    )


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
    told = option_decision(compared, words)
    found = lights.lights(worlds, words)
    for colour in ("red", "amber"):
        names = [
            board.label(light.target, words)
            for light in found
            if light.colour == colour and light.numeric
        ]
        if names:
            told.append(words(f"decide_{colour}", names=words.listing(names)))
    if names := untried(ranked):
        labels = (getattr(declarations()[name].label, words.lang) for name in names)
        told.append(words("decide_trial", count=len(names), names=words.listing(labels)))
    return "\n".join(f"{n}. {text}" for n, text in enumerate(told, 1))


def option_decision(compared: Mapping[str, Any] | None, words: Words) -> list[str]:
    """What the options of equal cost leave to decide; nothing where there are none."""
    rows = chosen(compared)[1] if compared else []
    better = [row for row in rows if designs.gains(row)]
    if better:
        return [words("decide_option", name=better[0]["label"][words.lang])]
    return [words("decide_no_option")] if rows else []


def untried(ranked: Levers | None) -> list[str]:
    """Of the five levers of largest effect those whose effect rests on no trial."""
    if ranked is None or not ranked.current:
        return []
    return [str(name) for name in first_five(ranked)["lever"] if evidence_of(name).word != "trial"]
