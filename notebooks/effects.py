"""What the document changes: paired effects by tier, the way from 2023 to 2027, the long run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from jiqun.experiments.effects import displacement
from jiqun.experiments.effects.effect import LEAST_PAIRS, Estimate
from jiqun.experiments.stores.errors import StoreError
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, REFERENCE, SOURCES
from jiqun.notebooks.words import ABSENT, SUM, quantity
from jiqun.notebooks.worlds import (
    ALONE,
    LONG,
    MARKET,
    MEASURED,
    REFERENCE_TO_DATE,
    TO_DATE,
    UNITS,
    Effect,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.notebooks.trust.evidence import Unit
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

STEPS = ("market", "older", "document", "interaction")
WATERFALL = ("value_added", "revenue", "rd_real", "employees")
"""Outcomes whose way from 2023 to 2027 is taken apart; the first is drawn in full."""
DETAIL = {"size": MEASURED[:6], "quality": MEASURED[6:]}
"""The effect tables: a group of outcomes each."""
SHOWN = [displacement.WHOLE, *displacement.PARTS]
"""Columns of the table of what comes from whom."""
FINE = {"digits": 3, "most": 2}
"""How finely steps of the way are written."""
ENOUGH = 20
"""Pairs that should suffice to see an effect of one per cent."""


@dataclass(frozen=True)
class Way:
    """The way of an outcome of a unit from 2023 to 2027.

    Attributes:
        start: Mean level in 2023.
        end: Mean level in 2027, as issued.
        steps: Market, older policy, document and interaction; they add up run by run, and so do
            their means.
    """

    start: float
    end: float
    steps: dict[str, Estimate]


def way(worlds: Worlds, outcome: str, unit: Unit) -> Way | None:
    """Take the change to the horizon apart; None where a scenario or the unit is missing.

    Market: what happens without any support from 2024 on. Older policy and document: what each adds
    to that by itself. Interaction: what both together add beyond the two.

    Args:
        worlds: Runs of all scenarios of the store.
        outcome: Id of the outcome.
        unit: Level and name of what the outcome is of.
    """
    column = {
        name: worlds.values(name, outcome, unit, HORIZON)
        for name in (MARKET, REFERENCE, ALONE, AS_ISSUED)
    }
    column["start"] = worlds.values(MARKET, outcome, unit, ORIGIN)
    runs = pd.DataFrame(column).dropna()
    if runs.empty:
        return None
    market = runs[MARKET]
    older, document = runs[REFERENCE] - market, runs[ALONE] - market
    parts = {
        "market": market - runs["start"],
        "older": older,
        "document": document,
        "interaction": runs[AS_ISSUED] - market - older - document,
    }
    return Way(
        float(runs["start"].mean()),
        float(runs[AS_ISSUED].mean()),
        {name: Estimate.of(values) for name, values in parts.items()},
    )


def headline(worlds: Worlds, words: Words) -> str:
    """The answer to the page's question: value added of the province in 2027."""
    effect = worlds.effect("value_added", UNITS[-1])
    gap = worlds.difference("value_added", UNITS[-1])
    if effect is None:
        return ""
    verdict = words.name("answer_verdict", effect.verdict)
    return words(
        "answer_few" if effect.verdict == "few" else "answer",
        verdict=verdict,
        effect=words.effect(effect),
        sum=_money(words, Estimate.of(gap), quantity(effect.of, SUM)),
        spread=_spread(effect, words),
        unit=words.money_unit,
        pairs=effect.pairs,
        rise=_rise(effect, words),
        least=LEAST_PAIRS,
    )


def effects_table(worlds: Worlds, words: Words) -> str:
    """Effect on value added by tier: verdict, per cent, sum, and how far pairs lie apart."""
    rows = []
    for unit in UNITS:
        effect = worlds.effect("value_added", unit)
        if effect is None:
            continue
        rows.append(
            [
                words.name("tier_names", unit[1]),
                words.name("verdict_of_effect", effect.verdict),
                words.effect(effect),
                _money(
                    words,
                    Estimate.of(worlds.difference("value_added", unit)),
                    quantity(effect.of, SUM),
                ),
                _spread(effect, words),
                _rise(effect, words),
            ]
        )
    head = words.lines("effects_head")
    head[3] += words.bracketed(words.money_unit)
    return markdown(head, rows, 2)


def displaced_table(worlds: Worlds, words: Words) -> str:
    """Effect on value added by tier and from whom it comes; empty where clusters are not kept."""
    try:
        found = displacement.displaced(worlds.results, AS_ISSUED, REFERENCE, HORIZON)
    except StoreError:
        return ""
    rows = [
        [
            words.name("tier_names", str(tier)),
            *(
                _money(words, _estimate(row))
                for _, row in found[found["unit_name"] == tier]
                .set_index("part")
                .loc[SHOWN]
                .iterrows()
            ),
        ]
        for tier in found["unit_name"].unique()
    ]
    head = words.lines("displaced_head")
    return markdown([head[0], f"{head[1]}{words.bracketed(words.money_unit)}", *head[2:]], rows)


def _estimate(row: pd.Series[Any]) -> Estimate:
    """The estimate in a row of a table."""
    return Estimate(**{field.name: row[field.name] for field in fields(Estimate)})


def _money(words: Words, found: Estimate, of: str = "") -> str:
    return "".join(words.estimate(found, words.scaled(1.0, "value_added"), of=of))


def _rise(effect: Effect, words: Words) -> str:
    """Share of the pairs in which the outcome is higher."""
    return words.told(quantity(effect.of, "rise"), words.percent(effect.rise))


def _spread(effect: Effect, words: Words) -> str:
    """Where nine of ten pairs lie; a dash where the pairs are too few to say."""
    found = effect.estimate
    if found.low is None or found.p05 is None or found.p95 is None:
        return ABSENT
    unit = "%" if effect.measure == "percent" else words("points")
    ends = words.signed([100.0 * found.p05, 100.0 * found.p95])
    told = words.told(quantity(effect.of, "pairs"), words.between(*ends))
    return told + ("" if words.lang == "zh" else " ") + unit


def detail_table(worlds: Worlds, words: Words, group: str) -> str:
    """Effects on a group of outcomes by tier.

    Args:
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
        group: Name of a group of `DETAIL`.
    """
    outcomes = DETAIL[group]
    rows = [
        [
            words.name("tier_names", unit[1]),
            *(words.effect(worlds.effect(name, unit)) for name in outcomes),
        ]
        for unit in UNITS
    ]
    return markdown([words("tier_head"), *(words.label(name) for name in outcomes)], rows)


def width_table(worlds: Worlds, words: Words) -> str:
    """Where the width of the effect on value added comes from; the pairs it takes to see 1 %."""
    rows = []
    for unit in UNITS:
        shares = worlds.shares("value_added", unit)
        pairs = worlds.pairs("value_added", unit)
        if not shares and pairs is None:
            continue
        rows.append(
            [
                words.name("tier_names", unit[1]),
                *(
                    share_of(source, unit, shares, words) if shares else ABSENT
                    for source in SOURCES
                ),
                *([ABSENT] * 2 if pairs is None else [f"{n:,}" for n in pairs]),
            ]
        )
    return markdown(words.lines("width_head"), rows) if rows else ""


def share_of(source: str, unit: Unit, shares: Mapping[str, float], words: Words) -> str:
    """Share of a source in the variance of the effect on value added.

    Args:
        source: Name of the source.
        unit: Level and name of what the effect is of.
        shares: Share by source.
        words: Texts and number formats of the page's language.
    """
    return words.told(quantity("width", unit[1], source), words.percent(shares[source]))


def enough(worlds: Worlds, words: Words) -> str:
    """For which tiers twenty pairs suffice, and how many the others need."""
    needed = {unit[1]: pairs[0] for unit in UNITS if (pairs := worlds.pairs("value_added", unit))}
    if not needed:
        return ""
    short = [
        f"{words.name('tier_names', name)} {number:,}"
        for name, number in needed.items()
        if number > ENOUGH
    ]
    if not short:
        return words("pairs_enough", count=ENOUGH)
    return words("pairs_short", count=ENOUGH, tiers=words.listing(short))


def way_table(worlds: Worlds, words: Words, outcome: str) -> str:
    """The steps from 2023 to 2027 by tier, with intervals.

    Args:
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
        outcome: Id of the outcome.
    """
    rows = []
    for unit in UNITS:
        found = way(worlds, outcome, unit)
        if found is None:
            continue
        values = [found.start, found.end, *(step.mean for step in found.steps.values())]
        start, end = words.numbers([found.start, found.end], outcome)
        cells = [
            _step(
                words, outcome, found.steps[step], values, quantity("way", outcome, unit[1], step)
            )
            for step in STEPS
        ]
        rows.append([words.name("tier_names", unit[1]), start, *cells, end])
    head = words.names("steps")
    names = [f"{ORIGIN}", *(head[step] for step in STEPS), f"{HORIZON}"]
    return markdown([words("tier_head"), *names], rows) if rows else ""


def _step(words: Words, outcome: str, found: Estimate, beside: Sequence[float], of: str) -> str:
    # A step is written as finely as it needs, but no finer than a ten-thousandth of the level.
    if max(abs(end or 0.0) for end in (found.mean, found.low, found.high)) < 1e-5 * max(
        map(abs, beside)
    ):
        return "0"
    return "".join(words.estimate(found, words.scaled(1.0, outcome), of=of, **FINE))


def long_table(worlds: Worlds, words: Words) -> str:
    """Effect on value added by 2027 beside the long run."""
    rows = [
        [
            words.name("tier_names", unit[1]),
            *(
                words.effect(worlds.effect(name, unit, year))
                for name in ("value_added", "rd_real")
                for year in (HORIZON, LONG)
            ),
        ]
        for unit in UNITS
    ]
    head = [
        f"{words.label(name)}{words.bracketed(str(year))}"
        for name in ("value_added", "rd_real")
        for year in (HORIZON, LONG)
    ]
    return markdown([words("tier_head"), *head], rows)


def later_table(worlds: Worlds, words: Words) -> str:
    """Measures issued after 2023: what they change, and the document's effect beside them."""
    pairs = ((REFERENCE_TO_DATE, REFERENCE), (TO_DATE, REFERENCE_TO_DATE), (AS_ISSUED, REFERENCE))
    rows = [
        [
            words.name("tier_names", unit[1]),
            *(words.effect(worlds.effect("value_added", unit, HORIZON, *pair)) for pair in pairs),
        ]
        for unit in UNITS
    ]
    return markdown(words.lines("later_head"), rows)


def clearest(worlds: Worlds) -> tuple[str, Effect] | None:
    """The outcome of the province on which the effect stands out most from its interval."""
    found = []
    for name in MEASURED:
        effect = worlds.effect(name, UNITS[-1])
        # Value added has been told, and revenue goes with it.
        if name not in ("value_added", "revenue") and effect is not None and effect.sign:
            width = (effect.estimate.high or 0.0) - (effect.estimate.low or 0.0)
            found.append((abs(effect.estimate.mean) / width if width else 0.0, name, effect))
    if not found:
        return None
    _, name, effect = max(found, key=lambda item: item[0])
    return name, effect
