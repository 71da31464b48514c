"""Results as the page shows them: tables and sentences, in one language."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from shiny.ui import TagList, tags

from jiqun.app.details import target
from jiqun.app.estimate import COST, TOTAL, disagrees
from jiqun.experiments.effects.change import HORIZON, MAIN, MEASURED, PROVINCE
from jiqun.experiments.effects.costs import BEARERS, BORNE, FIRST, LAST
from jiqun.experiments.effects.effect import CUTS, LEAST_PAIRS, Estimate, costs_of
from jiqun.experiments.runs.draws import moved_by_draws
from jiqun.model.dimensions import TIERS
from jiqun.model.outside_world import SERIES
from jiqun.notebooks import board, what_changes
from jiqun.notebooks.levers import even
from jiqun.notebooks.places import city_name
from jiqun.notebooks.what_changes import MOST_DECIMALS, Table, effect_of
from jiqun.notebooks.words import ABSENT
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shiny.ui import Tag

    from jiqun.app.details import Details
    from jiqun.app.estimate import Estimated
    from jiqun.app.words import PageWords
    from jiqun.asking import Asked
    from jiqun.experiments.effects.change import Moved, Unit
    from jiqun.experiments.emulator import Guess

    Effects = Mapping[tuple[str, Unit], Moved]

UNITS: tuple[Unit, ...] = (*(("tier", tier) for tier in TIERS), PROVINCE)
MOST_OPEN = 6
"""Levers whose evidence is shown without a fold."""
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def grid(table: Table, caption: str, kind: str = "") -> Tag:
    """A table that scrolls by itself where it is wider than the page.

    Args:
        table: Its head and cells; bold in a cell is marked as in Markdown.
        caption: What stands above it, and its name for screen readers.
        kind: A further class of the style sheet, if any.
    """
    rows = [
        tags.tr(
            *(
                tags.th(_marked(cell), scope="row")
                if place == 0
                else tags.td(_marked(cell), class_="" if place < table.text_columns else "number")
                for place, cell in enumerate(row)
            )
        )
        for row in table.rows
    ]
    head = tags.tr(
        *(
            tags.th(name, scope="col", class_="" if place < table.text_columns else "number")
            for place, name in enumerate(table.head)
        )
    )
    return tags.div(
        tags.table(tags.caption(caption), tags.thead(head), tags.tbody(*rows)),
        class_=f"wide {kind}",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def _marked(text: str) -> TagList:
    """A cell: bold as in Markdown, and a line of its own after each break."""
    parts: list[object] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            parts.append(tags.br())
        for place, part in enumerate(_BOLD.split(line)):
            parts.append(tags.strong(part) if place % 2 else part)
    return TagList(*parts)  # type: ignore[arg-type]


def told(lines: Sequence[str]) -> TagList:
    """Sentences, a paragraph each."""
    return TagList(*(tags.p(_marked(line)) for line in lines if line))


def relative(found: Estimate | Guess, words: PageWords) -> str:
    """A relative change with its interval."""
    ends = (found.low, found.high)
    if ends[0] is None or ends[1] is None:
        estimate = Estimate(None, found.mean, None, found.mean)
    else:
        estimate = Estimate(ends[0], found.mean, ends[1], found.mean)
    mean, interval = words.estimate(estimate, 100.0, most=MOST_DECIMALS)
    told_ = mean + ("%" if words.lang == "zh" else " %")
    bold = isinstance(found, Estimate) and found.sign
    return (f"**{told_}**" if bold else told_) + interval


def money(found: Estimate | Guess, words: PageWords) -> str:
    """A sum with its interval, in the unit of sums."""
    estimate = found
    if not isinstance(found, Estimate):
        estimate = Estimate(found.low, found.mean, found.high, found.mean)
    return "".join(
        words.estimate(estimate, words.scaled(1.0, MAIN), most=MOST_DECIMALS)  # type: ignore[arg-type]
    )


def disagreements(guesses: Estimated, moved: Effects) -> list[tuple[str, Unit]]:
    """Where the runs and the estimate have nothing in common."""
    found = []
    for (outcome, level, unit), guess in guesses.guesses.items():
        run = moved.get((outcome, (level, unit)))
        if (
            guess.tells
            and guess.measure == "relative"
            and disagrees(guess, run.change if run else None)
        ):
            found.append((outcome, (level, unit)))
    return found


def tier_table(guesses: Estimated, moved: Effects, shown: Collection[str], words: PageWords) -> Tag:
    """Estimate and runs together, a line a tier.

    Args:
        guesses: The estimate.
        moved: Effects of the runs; none before they have any.
        shown: Tiers that are shown.
        words: Texts.
    """
    apart = set(disagreements(guesses, moved))
    rows = []
    for unit in UNITS:
        if unit[0] == "tier" and unit[1] not in shown:
            continue
        cells = [words.name("tier_names", unit[1])]
        for outcome in MEASURED:
            guess = guesses.guesses.get((outcome, *unit))
            lines = []
            if guess is not None:
                said = relative(guess, words) if guess.tells else words.said("cannot_tell")
                lines.append(labelled("estimate", said, words))
            run = moved.get((outcome, unit))
            if run is not None and run.change is not None:
                said = relative(run.change, words)
                if (outcome, unit) in apart:
                    said += f" ≠ {words.said('disagree_mark')}"
                lines.append(labelled("runs", said, words))
            cells.append("\n".join(lines) or ABSENT)
        rows.append(cells)
    caption = words.said("tier_caption", year=HORIZON)
    return grid(Table(words.row("tier_head"), rows), caption, "both")


def labelled(key: str, said: str, words: PageWords) -> str:
    """What is said, behind what it is: an estimate or of runs.

    Args:
        key: Key of the text that says what it is, `estimate` or `runs`.
        said: What is said.
        words: Texts.
    """
    return f"{words.said(key)}{'：' if words.lang == 'zh' else ': '}{said}"


def agreement(guesses: Estimated, moved: Effects, words: PageWords) -> str:
    """Whether estimate and runs agree; nothing while either is missing.

    Args:
        guesses: The estimate.
        moved: Effects of the runs; none before they have any.
        words: Texts.
    """
    known = [each for each in moved.values() if each.change and each.change.low is not None]
    if not guesses.guesses or not known:
        return ""
    count = len(disagreements(guesses, moved))
    return words.said("disagree", count=count) if count else words.said("agree")


def cost_table(guesses: Estimated, found: Details | None, words: PageWords) -> Tag | None:
    """Cost by bearer, by the estimate and by the runs; None where neither tells it.

    Args:
        guesses: The estimate.
        found: What the store says; None before the runs are there.
        words: Texts.
    """
    cost = found.change.comparison if found else None
    rows = []
    for payer in (*BEARERS, TOTAL):
        guess = guesses.guesses.get((COST, "payer", payer))
        run = None
        if cost is not None:
            run = cost.cost if payer == TOTAL else cost.bearers[payer]
        nothing = run is None or costs_of(run) == "nothing"
        if payer != TOTAL and nothing and (guess is None or not _counts(guess)):
            continue
        name = words("borne_total") if payer == TOTAL else words.name("payers", payer)
        said = ABSENT
        if guess is not None:
            said = money(guess, words) if guess.tells else words.said("cannot_tell")
        ran = words.said("not_yet") if found is None else ABSENT
        if run is not None:
            ran = money(run, words)
        rows.append([f"**{name}**" if payer == TOTAL else name, said, ran])
    if cost is None and not guesses.guesses:
        return None
    caption = words.said("cost_caption", first=FIRST, last=LAST, unit=words.money_unit)
    return grid(Table(words.row("cost_head"), rows), caption)


def _counts(guess: Guess) -> bool:
    return guess.tells and bool(guess.mean or guess.low or guess.high)


def targets_table(found: Details, words: PageWords) -> Tag:
    """Share of runs that meet each target, with and without what is asked."""
    rows = []
    for name, (before, after) in found.met.items():
        row = target(name)
        cells = [board.probability(share, words) for share in (before, after)]
        rows.append([board.label(row, words), str(board.year_of(row)), *cells])
    return grid(Table(words.row("targets_head"), rows, 2), words.said("targets_caption"))


def winners(found: Details, shown: Collection[str], words: PageWords) -> TagList | None:
    """Who gains and who loses, by tier, size and group of cities.

    Args:
        found: What the store says.
        shown: Tiers that are shown.
        words: Texts.
    """
    cost = found.change.comparison
    if cost is None:
        return None
    names = {"tier": "tier_names", "size": "size_names", "place": "city_groups"}
    rows, moved_only = [], False
    for cut, group in names.items():
        gains = cost.gains[cut]
        shares = [gain.money for gain in gains.values() if gain.money is not None]
        told_ = all(0.0 <= share <= 1.0 for share in shares)
        moved_only = moved_only or not told_
        for unit in CUTS[cut]:
            if unit not in gains or (cut == "tier" and unit not in shown):
                continue
            gain = gains[unit]
            verdict = "few" if gain.gain.low is None else str(gain.gain.sign)
            share = words.percent(gain.money) if told_ and gain.money is not None else ABSENT
            label = f"{words.named('cuts', cut)} · {words.name(group, unit)}"
            verdict = words.name("verdict_of_effect", verdict)
            rows.append([label, verdict, money(gain.gain, words), share])
    caption = words.said("winners_caption", unit=words.money_unit)
    table = grid(Table(words.row("winners_head"), rows, 2), caption)
    return TagList(table, told([words.said("winners_shares") if moved_only else ""]))


def cities(found: Details, shown: Collection[str], words: PageWords) -> TagList:
    """The map of the cities, and those that are asked for one by one.

    Args:
        found: What the store says.
        shown: Cities that are shown one by one.
        words: Texts.
    """
    parts: list[object] = [tags.p(words.said("cities_text"))]
    if words.lang in found.tiles:
        svg, alt = found.tiles[words.lang]
        source = base64.b64encode(svg.encode()).decode()
        parts.append(tags.img(src=f"data:image/svg+xml;base64,{source}", alt=alt, class_="tiles"))
    rows = [
        [city_name(city, words), words.concluded(effect_of(moved))]
        for city in shown
        if (moved := found.change.of(MAIN, ("city", city)))
    ]
    if rows:
        head = [words.row("winners_head")[0], words.said("cities_caption")]
        parts.append(grid(Table(head, rows), words.said("cities_caption")))
    places = what_changes.places_table(found.change, words)
    if places.rows:
        parts.append(grid(places, words("change_places_title")))
        parts.append(told([what_changes.places_rest(found.change, words)]))
    return TagList(*parts)  # type: ignore[arg-type]


def clusters(found: Details, words: PageWords) -> TagList:
    """Registered clusters whose change is distinguishable from zero."""
    table = what_changes.clusters_table(found.change, words)
    text = tags.p(words("change_clusters_text"))
    rest = told([what_changes.clusters_rest(found.change, words)])
    if not table.rows:
        return TagList(text, rest)
    return TagList(text, grid(table, words.said("clusters_title")), rest)


def flows_table(found: Details, shown: Collection[str], words: PageWords) -> Tag:
    """Who pays whom.

    Args:
        found: What the store says.
        shown: Tiers of receivers that are shown.
        words: Texts.
    """
    if not found.flows:
        return tags.p(words.said("money_none"))
    tiers = [tier for tier in TIERS if tier in shown]
    if any(tier == "" for _, tier in found.flows):
        tiers.append("")
    names = [
        words.name("tier_names", tier) if tier else words.said("money_nobody") for tier in tiers
    ]
    rows = [
        [
            words.name("payers", payer),
            *(
                money(found.flows[payer, tier], words) if (payer, tier) in found.flows else ABSENT
                for tier in tiers
            ),
        ]
        for payers in BORNE.values()
        for payer in payers
        if any(of == payer for of, _ in found.flows)
    ]
    caption = words.said("money_caption", unit=words.money_unit)
    return grid(Table([words.said("money_head"), *names], rows), caption)


def assumed(asked: Asked, world: str, levers: Sequence[str], words: PageWords) -> TagList:
    """What the answer rests on.

    Args:
        asked: The question.
        world: Name of the outside world in words.
        levers: Levers that are moved.
        words: Texts.
    """
    drawn = len(moved_by_draws(asked.baseline) - set(SERIES))
    parts: list[object] = [tags.p(words.said("assumed_draws", count=drawn, world=world))]
    rows = []
    for lever in levers:
        evidence = evidence_of(lever)
        name = words.name("parameter_names", evidence.parameter) if evidence.parameter else ABSENT
        word = words.name("lever_evidence", evidence.word)
        label = getattr(declarations()[lever].label, words.lang)
        rows.append([label, word, name, evidence.grade or ABSENT])
    if rows:
        caption = words.said("assumed_caption")
        table = grid(Table(words.row("assumed_head"), rows, 4), caption)
        many = len(rows) > MOST_OPEN
        parts.append(tags.details(tags.summary(caption), table) if many else table)
    return TagList(*parts)  # type: ignore[arg-type]


def break_even(levers: Sequence[str], words: PageWords) -> TagList:
    """Where moved levers break even with an R&D grant, as stored results have it."""
    stored = even.read()
    rows, old = [], ""
    if stored is not None:
        old = "" if even.is_current(stored) else words.said("even_old")
        for _, row in stored[stored["lever"].isin(list(levers))].iterrows():
            label = getattr(declarations()[str(row["lever"])].label, words.lang)
            rows.append([label, even.even_text(row, words), even.chance(row["chance"], words)])
    if not rows:
        return TagList(tags.p(words.said("even_none")))
    table = Table(words.row("even_head"), rows, 2)
    return TagList(told([old]), grid(table, words.said("even_caption")))


def beside_table(
    other: Effects,
    other_cost: Estimate | None,
    own: Effects,
    own_cost: Estimate | None,
    words: PageWords,
) -> Tag:
    """Two designs side by side.

    Args:
        other: Effects of the runs of the other design; none before they have any.
        other_cost: Its cost to all, yuan; None where it is not told.
        own: Effects of the runs of what is moved, likewise.
        own_cost: Its cost to all, likewise.
        words: Texts.
    """
    rows = [
        [words.name("tier_names", unit[1]), *(_of(each, unit, words) for each in (other, own))]
        for unit in UNITS
    ]
    costs = [ABSENT if each is None else money(each, words) for each in (other_cost, own_cost)]
    rows.append([words.said("beside_cost", unit=words.money_unit), *costs])
    caption = words.said("beside_caption", year=HORIZON)
    return grid(Table(words.row("beside_head"), rows), caption)


def _of(effects: Effects, unit: Unit, words: PageWords) -> str:
    moved = effects.get((MAIN, unit))
    return ABSENT if moved is None or moved.change is None else relative(moved.change, words)


def few(pairs: int, words: PageWords) -> str:
    """That an interval takes more pairs, while there are fewer."""
    return words.said("few_yet", least=LEAST_PAIRS) if pairs < LEAST_PAIRS else ""
