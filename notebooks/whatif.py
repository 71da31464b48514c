"""Sliders inside the page: what a few levers would do at other sizes, estimated without a server.

The page carries the numbers of the emulator that concern its dials, and a script that adds them up
(`templates/whatif.js`). `told` writes an estimate as the script does; a test compares the two.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jiqun.experiments.emulator.designs import BASELINE, STEP
from jiqun.experiments.emulator.runs import COST, PAYER, TOTAL
from jiqun.model.calendar import quarter_index
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION
from jiqun.notebooks.what_changes import value_of
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.outside import ORIGIN

if TYPE_CHECKING:
    from jiqun.experiments.emulator import Dial, Emulator, Guess
    from jiqun.experiments.emulator.emulator import Cell
    from jiqun.notebooks.words import Words

LEVERS = ("cluster_award", "cluster_credit_line", "fund_steering", "rd_grant", "digital_voucher")
"""Levers that the page has sliders for, where the emulator has a dial."""
OUTCOMES = ("value_added", "rd_real", "employees")
UNITS = (REGION.id, *TIERS)
SCRIPT = Path(__file__).parent / "templates" / "whatif.js"
DIGITS, MOST = 2, 3
"""Significant figures of a line of numbers, and most decimals: those of `Words.signed`."""
HTML = "```{=html}\n{text}\n```"
"""A block that only the page has."""


def dials_of(emulator: Emulator) -> list[Dial]:
    """Dials that the page has sliders for."""
    known = {dial.lever: dial for dial in emulator.dials}
    return [known[lever] for lever in LEVERS if lever in known]


def block(emulator: Emulator, words: Words) -> str:
    """The sliders, tables and script, as a block of Markdown that only a page takes.

    Args:
        emulator: What is estimated.
        words: Texts and number formats of the page's language.
    """
    dials, cells = dials_of(emulator), _cells(emulator)
    place = {(cell.outcome, cell.unit): number for number, cell in enumerate(cells)}
    bodies = "".join(_body(outcome, place, words) for outcome in OUTCOMES)
    choices = "".join(
        f'<option value="{name}">{escape(words.label(name))}</option>' for name in OUTCOMES
    )
    payers = [cell.unit for cell in cells if cell.level == PAYER]
    costs = "".join(
        _row(_payer(payer, words), place[COST, payer])
        for payer in (*(name for name in payers if name != TOTAL), TOTAL)
    )
    heads = words.lines("whatif_heads")
    parts = [
        f'<section id="whatif" class="whatif" aria-label="{escape(words("whatif_title"))}" hidden>',
        '<div class="dials">',
        *(_slider(dial, words) for dial in dials),
        f'<button type="button">{escape(words("whatif_reset"))}</button>',
        "</div>",
        f'<p><label for="whatif-outcome">{escape(words("whatif_outcome"))}</label>'
        f' <select id="whatif-outcome">{choices}</select></p>',
        '<div aria-live="polite">',
        _table(words("whatif_effects", year=emulator.year), heads[:2], bodies),
        _table(words("whatif_costs", unit=words.money_unit), heads[2:], f"<tbody>{costs}</tbody>"),
        "</div>",
        "</section>",
        '<script type="application/json" id="whatif-data">',
        _data(emulator, cells, words),
        "</script>",
        f"<script>\n{SCRIPT.read_text('utf-8')}</script>",
    ]
    return HTML.replace("{text}", "\n".join(parts))


def told(guess: Guess, words: Words) -> str:
    """An estimate as the page shows it: a number, no conclusion, or that it cannot tell."""
    if guess.low == guess.high == 0.0:
        return "0"
    factor = _factor(guess.measure, words)
    mean, low, high = words.signed(
        [factor * value for value in (guess.mean, guess.low, guess.high)], DIGITS, MOST
    )
    # A sign is found where the interval lies clear of zero.
    open_ = guess.low <= 0.0 <= guess.high
    key = "cannot" if not guess.tells else "open" if open_ else "found"
    return _texts(words)[guess.measure][key].format(mean=mean, low=low, high=high)


def _cells(emulator: Emulator) -> list[Cell]:
    """Cells that the page shows; of payers those that bear anything in any estimate."""
    return [
        cell
        for cell in emulator.cells
        if (cell.outcome in OUTCOMES and cell.unit in UNITS)
        or (cell.level == PAYER and (cell.unit == TOTAL or cell.terms))
    ]


def _slider(dial: Dial, words: Words) -> str:
    """A slider with its label, its value and what is issued."""
    name = f"whatif-{dial.lever.replace('_', '-')}"
    label = escape(getattr(declarations()[dial.lever].label, words.lang))
    return (
        f'<div class="dial"><label for="{name}">{label}</label>'
        f'<input type="range" id="{name}" min="{dial.low:g}" max="{dial.high:g}" step="{STEP:g}" '
        f'value="1" aria-describedby="{name}-issued">'
        f'<output for="{name}">{escape(words("whatif_times", times="1.0"))}</output>'
        f'<span id="{name}-issued" class="issued">{escape(_issued(dial.lever, words))}</span></div>'
    )


def _issued(lever: str, words: Words) -> str:
    """The size of a lever as issued, term by term."""
    held = load(BASELINE).lever(lever)
    assert held is not None, "dials are levers of the baseline"
    since = quarter_index(ORIGIN + 1, 1)
    kinds = {term: each.kind for term, each in declarations()[lever].terms.items()}
    terms = [
        f"{words.term(lever, term)} "
        + value_of(held.value(term, since), kinds.get(term, "money"), words)
        for term in held.size
        if held.terms.get(term)
    ]
    drawn = words("change_drawn") if held.drawn.keys() & held.size.keys() else ""
    return words("whatif_issued", terms=words.listing(terms)) + drawn


def _body(outcome: str, place: dict[tuple[str, str], int], words: Words) -> str:
    """Rows of an outcome; one outcome is shown at a time."""
    hidden = "" if outcome == OUTCOMES[0] else " hidden"
    rows = "".join(
        _row(words.name("tier_names", unit), place[outcome, unit])
        for unit in UNITS
        if (outcome, unit) in place
    )
    return f'<tbody data-outcome="{outcome}"{hidden}>{rows}</tbody>'


def _row(label: str, place: int) -> str:
    return f'<tr><th scope="row">{escape(label)}</th><td data-cell="{place}">0</td></tr>'


def _payer(payer: str, words: Words) -> str:
    return words("borne_total") if payer == TOTAL else words.name("payers", payer)


def _table(title: str, heads: list[str], bodies: str) -> str:
    columns = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    caption = f"<caption>{escape(title)}</caption>"
    return f"<table>{caption}<thead><tr>{columns}</tr></thead>{bodies}</table>"


def _texts(words: Words) -> dict[str, dict[str, str]]:
    """How an estimate is written, by its measure and what it tells."""
    return {
        measure: {
            key: text.replace("{unit}", unit) for key, text in words.names("whatif_told").items()
        }
        for measure, unit in (("relative", words("whatif_percent")), ("yuan", ""))
    }


def _factor(measure: str, words: Words) -> float:
    """What a stored number is multiplied by."""
    return 100.0 if measure == "relative" else words.scaled(1.0, "value_added")


def _data(emulator: Emulator, cells: list[Cell], words: Words) -> str:
    """What the script works with: numbers of the dials of the page, and texts."""
    place = {dial.lever: number for number, dial in enumerate(dials_of(emulator))}
    ours = {
        number: place[dial.lever]
        for number, dial in enumerate(emulator.dials)
        if dial.lever in place
    }
    data: dict[str, Any] = {
        "digits": DIGITS,
        "most": MOST,
        "times": words("whatif_times", times="{times}"),
        "texts": _texts(words),
        "cells": [
            {
                "measure": cell.measure,
                "factor": _factor(cell.measure, words),
                "tells": cell.tells,
                "terms": [
                    [[[ours[factor.dial], factor.below] for factor in factors], number]
                    for factors, number in cell.terms
                    if all(factor.dial in ours for factor in factors)
                ],
                "widths": [
                    [ours[width.dial], width.moved, width.squared]
                    for width in cell.widths
                    if width.dial in ours
                ],
            }
            for cell in cells
        ],
    }
    # A tag inside a text would end the script.
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
