"""Which levers matter most: what each costs and a yuan of it brings; those set at one cost."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from jiqun.experiments.effects.effect import withheld_of
from jiqun.experiments.sensitivity.lever_ranks import EQUAL_COST
from jiqun.notebooks.levers.page import FIRST, draws_of, first_levers, label, measure, unit_label
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.words import ABSENT, INTERVAL, quantity

if TYPE_CHECKING:
    import pandas as pd

    from jiqun.notebooks.levers.page import Levers
    from jiqun.notebooks.words import Words

DIGITS, DECIMALS = 2, 4
LACKING = ("cannot spend", "costs more", "not within", "nobody pays")
"""What stands against a lever that is paid, in the order it is told in."""


def is_priced(found: Levers) -> bool:
    """Whether the analysis knows what levers cost: those of earlier versions do not."""
    return "total_cost" in found.tables["ranks"]


def per_yuan_table(found: Levers, words: Words, group: str) -> str:
    """A line a lever, the largest effect first: effect on the first unit, cost, a yuan's worth.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
    """
    rows = found.ranks(group, tier=found.units[0], outcome=found.main)
    return markdown(yuan_head(found, rows, words), yuan_lines(found, rows, words))


def yuan_head(found: Levers, rows: pd.DataFrame, words: Words) -> list[str]:
    """Names of the columns of `yuan_lines`.

    Args:
        found: The analysis of sensitivity.
        rows: The levers: rows of the table `ranks`.
        words: Texts and number formats of the page's language.
    """
    _, unit = measure(found, found.main, words)
    known = {"unit": words.money_unit, "effect": unit, "draws": draws_of(rows, words)}
    return [text.format(**known) for text in words.lines("levers_yuan_head")]


def effect_of(lever: str, tier: str) -> str:
    """What the effect of a lever on the main outcome is of, as pages mark it.

    Args:
        lever: Id of the lever.
        tier: Tier, or `province`.
    """
    return quantity("lever", lever, tier)


def yuan_lines(found: Levers, rows: pd.DataFrame, words: Words) -> list[list[str]]:
    """Name, effect on the first unit, cost by who bears it, and a yuan's worth of some levers.

    Args:
        found: The analysis of sensitivity.
        rows: The levers: rows of the table `ranks`.
        words: Texts and number formats of the page's language.
    """
    scale, _ = measure(found, found.main, words)
    lines = []
    for _, row in rows.iterrows():
        values = [scale * float(row[name]) for name in ("mean", "low", "high")]
        mean, low, high = words.signed(values, DIGITS, DECIMALS)
        of = effect_of(str(row["lever"]), str(row["tier"]))
        mean = words.told(of, mean)
        effect = f"**{mean}**" if row["above_noise"] else mean
        parts = {name: float(row[f"{name}_cost"]) for name in ("budget", "others", "total")}
        lines.append(
            [
                label(found, words, str(row["lever"])),
                effect
                + words.bracketed(words.told(quantity(of, INTERVAL), words.between(low, high))),
                *(
                    words.told(quantity("lever", row["lever"], "cost", name), words.money(yuan)[0])
                    if yuan and not isnan(yuan)
                    else ABSENT
                    for name, yuan in parts.items()
                ),
                brings(row, words),
            ]
        )
    return lines


def brings(row: pd.Series[Any], words: Words) -> str:
    """What a yuan of a lever's cost brings, or why there is no ratio."""
    if why := withheld_of(row):
        return words.name("cost_said", why)
    names = ("per_yuan", "per_yuan_low", "per_yuan_high")
    mean, low, high = words.signed([float(row[name]) for name in names])
    of = quantity("lever", row["lever"], "per-yuan")
    return words.told(of, mean) + words.bracketed(
        words.told(quantity(of, INTERVAL), words.between(low, high))
    )


def cost_text(found: Levers, words: Words, group: str, condition: str = EQUAL_COST) -> str:
    """The sum, how many levers of a group can cost it, and what stands against the others.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
        condition: Whose cost is the same: `equal_cost` or `equal_budget`.
    """
    known = found.facts[condition]["levers"]
    own = found.ranks(group)["lever"].unique()
    compared = found.compared(group, condition)

    def named(lever: str) -> str:
        """A lever; one that cannot spend the sum with what it can."""
        name = label(found, words, lever)
        if known[lever]["verdict"] != "cannot spend":
            return name
        most = words.money(float(known[lever]["cost"]))[0]
        return name + words.bracketed(words("levers_cost_most", most=most))

    rest = {
        why: words.listing(
            named(lever)
            for lever in own
            if lever in known and lever not in compared and known[lever]["verdict"] == why
        )
        for why in LACKING
    }
    told = [
        words("levers_cost_count", compared=len(compared), count=len(own)),
        *(words.name("levers_cost_lacking", why).format(names=n) for why, n in rest.items() if n),
    ]
    if unpriced := sum(lever not in known for lever in own):
        told.append(words("levers_cost_unpriced", count=unpriced))
    firsts = first_levers(found, group)
    missing = [label(found, words, lever) for lever in firsts if lever not in compared]
    if missing:
        told.append(words("levers_cost_silent", first=FIRST, names=words.listing(missing)))
    return (" " if words.lang == "en" else "").join(told)


def cost_table(found: Levers, words: Words, group: str, condition: str = EQUAL_COST) -> str:
    """A line a lever: cost as issued, size at the sum, and effects there by tier.

    Args:
        found: The analysis of sensitivity.
        words: Texts and number formats of the page's language.
        group: Group of levers, `document_55` or `other`.
        condition: Whose cost is the same: `equal_cost` or `equal_budget`.
    """
    known = found.facts[condition]["levers"]
    scale, unit = measure(found, found.main, words)
    rows = found.ranks(group, condition=condition, outcome=found.main)
    lines = []
    for lever in found.compared(group, condition):
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
    known = {"unit": words.money_unit, "effect": unit, "draws": draws_of(rows, words)}
    head = [text.format(**known) for text in words.lines("levers_cost_head")]
    return markdown([*head, *(unit_label(tier, words) for tier in found.units)], lines)
