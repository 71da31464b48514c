"""Which levers matter most: those that can be set at one cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.sensitivity.lever_ranks import EQUAL_COST
from notebooks.levers import FIRST, first_levers, label, measure, unit_label
from notebooks.tables import markdown

if TYPE_CHECKING:
    from notebooks.levers import Levers
    from notebooks.words import Words

DIGITS, DECIMALS = 2, 4
LACKING = ("cannot spend", "costs more", "not within", "nobody pays")
"""What stands against a lever that is paid, in the order it is told in."""


def cost_text(found: Levers, words: Words, group: str) -> str:
    """The sum, how many levers of a group can cost it, and what stands against the others."""
    known = found.facts["equal_cost"]["levers"]
    own = found.ranks(group)["lever"].unique()
    compared = found.compared(group)
    rest = {
        why: words.listing(
            label(found, words, lever)
            for lever in own
            if lever in known and lever not in compared and known[lever]["verdict"] == why
        )
        for why in LACKING
    }
    told = [
        words("levers_cost_count", compared=len(compared), count=len(own)),
        *(words.name("levers_cost_lacking", why).format(names=n) for why, n in rest.items() if n),
        words("levers_cost_unpriced", count=sum(lever not in known for lever in own)),
    ]
    firsts = first_levers(found, group)
    missing = [label(found, words, lever) for lever in firsts if lever not in compared]
    if missing:
        told.append(words("levers_cost_silent", first=FIRST, names=words.listing(missing)))
    return (" " if words.lang == "en" else "").join(told)


def cost_table(found: Levers, words: Words, group: str) -> str:
    """A line a lever: cost as issued, size at the sum, and effects there by tier."""
    known = found.facts["equal_cost"]["levers"]
    scale, unit = measure(found, found.main, words)
    rows = found.ranks(group, condition=EQUAL_COST, outcome=found.main)
    lines = []
    for lever in found.compared(group):
        own = {str(row["tier"]): row for _, row in rows[rows["lever"] == lever].iterrows()}
        (cost,) = words.money(float(known[lever]["issued"]))
        cells = []
        for tier in found.units:
            (mean,) = words.signed([scale * float(own[tier]["mean"])], DIGITS, DECIMALS)
            told = f"**{mean}**" if own[tier]["above_noise"] else mean
            cells.append(told + ("\\*" if own[tier]["tie_set"] == 1 else ""))
        lines.append(
            [label(found, words, lever), cost, f"{float(known[lever]['scale']):.2g}", *cells]
        )
    head = [
        text.format(unit=words.money_unit, effect=unit) for text in words.lines("levers_cost_head")
    ]
    return markdown([*head, *(unit_label(tier, words) for tier in found.units)], lines)
