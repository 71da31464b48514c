"""The first page: the question, its answer, three findings, three doubts.

Which sentence stands there is decided by the results; no number is written by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.experiments.runs.batch import model_hash
from jiqun.notebooks import board, effects, lights, money
from jiqun.notebooks.levers import page as levers
from jiqun.notebooks.record import RESULTS
from jiqun.notebooks.tables import POLICY, WEAK_GRADES, markdown
from jiqun.notebooks.trust.evidence import AS_ISSUED, REFERENCE
from jiqun.notebooks.words import INTERVAL, quantity, written
from jiqun.notebooks.worlds import MEASURED, NO_AWARD, UNITS
from jiqun.scenarios.tables import data_hash, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.notebooks.levers.page import Levers
    from jiqun.notebooks.money import Money
    from jiqun.notebooks.trust.evidence import Evidence
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

OTHERWISE = ("none", "others_do_the_same")
"""Switches of the table of effects that the first page speaks of."""
FEW = 3
CHANCE = 0.05
"""Chance that the strongest of all inert parameters would be named."""


def question(worlds: Worlds, words: Words) -> str:
    """What changes because of the document: question and answer."""
    return f"**{words('question')}**\n\n{effects.headline(worlds, words)}"


def findings(worlds: Worlds, ledger: Money | None, words: Words) -> str:
    """Three findings: where it shows, what it does to the targets, what it costs.

    Args:
        worlds: Runs of all scenarios of the store.
        ledger: Money of the runs; None where the store keeps no ledger.
        words: Texts and number formats of the page's language.
    """
    found = [by_tier(worlds, words), on_targets(worlds, words), on_money(worlds, ledger, words)]
    return "\n".join(f"{n}. {text}" for n, text in enumerate(filter(None, found), 1))


def levers_answer(found: Levers, words: Words) -> str:
    """Which levers matter most, in three sentences; where only another model says so, that."""
    told = levers.sentences(found, words) if found.current else words("levers_old_short")
    return f"{told}\n\n{words('levers_first_more')}"


def doubts(worlds: Worlds, evidence: Evidence, words: Words) -> str:
    """Three doubts: the source of most width, the strongest parameters, weak evidence.

    Args:
        worlds: Runs of all scenarios of the store.
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
    """
    found = [width(worlds, words), strongest_sentence(worlds, words), weak(evidence, words)]
    return "\n".join(f"{n}. {text}" for n, text in enumerate(filter(None, found), 1))


def by_tier(worlds: Worlds, words: Words) -> str:
    """Tiers whose value added clearly moves, and the outcome that moves most clearly."""
    whole = worlds.effect("value_added", UNITS[-1])
    if whole is not None and whole.verdict == "few":
        return words("finding_few", least=LEAST_PAIRS)
    moved = []
    for unit in UNITS[:-1]:
        effect = worlds.effect("value_added", unit)
        if effect is not None and effect.sign:
            moved.append(f"{words.name('tier_names', unit[1])} {words.effect(effect, bold=False)}")
    text = words("finding_tiers", tiers=words.listing(moved)) if moved else words("finding_no_tier")
    way = effects.way(worlds, "value_added", UNITS[-1])
    if way is not None:
        told = {
            step: words.estimate(
                found,
                words.scaled(1.0, "value_added"),
                of=quantity("way", "value_added", UNITS[-1][1], step),
                **effects.FINE,
            )[0]
            for step, found in way.steps.items()
        }
        text += _gap(words) + words("finding_way", unit=words.money_unit, **told)
    clear = effects.clearest(worlds)
    if clear is None:
        return text + _gap(words) + words("finding_nothing_clear", count=len(MEASURED) - 2)
    name, effect = clear
    return (
        text
        + _gap(words)
        + words("finding_clearest", outcome=words.label(name), effect=words.effect(effect))
    )


def on_targets(worlds: Worlds, words: Words) -> str:
    """How many modelled targets are green, amber and red, and what the document does to that."""
    shown = lights.lights(worlds, words)
    if not shown:
        return ""
    text = lights.sentence(shown, words)
    known = [item for item in board.judged(worlds) if item.met_without is not None]
    if not known:
        return text
    most = max(known, key=lambda item: abs(item.met - (item.met_without or 0.0)))
    moved = most.met - (most.met_without or 0.0)
    if abs(moved) < 0.05:
        return text + _gap(words) + words("finding_targets_still")
    return (
        text
        + _gap(words)
        + words(
            "finding_targets_moved",
            target=board.label(most.target, words),
            before=board.chance(most.target, most.met_without or 0.0, words, REFERENCE),
            after=board.chance(most.target, most.met, words),
        )
    )


def on_money(worlds: Worlds, ledger: Money | None, words: Words) -> str:
    """The envelopes, the award's own effect, who bears the cost, and what county clusters get.

    Args:
        worlds: Runs of all scenarios of the store.
        ledger: Money of the runs; None where the store keeps no ledger.
        words: Texts and number formats of the page's language.
    """
    if ledger is None or worlds.missing(AS_ISSUED, REFERENCE):
        return ""
    text = words(
        "finding_money",
        award=money.paid(ledger, words, AS_ISSUED, {"sort": "award"}),
        directed=money.paid(ledger, words, AS_ISSUED, {"sort": money.NEW}),
        unit=words.money_unit,
    )
    own = worlds.effect("value_added", UNITS[-1], scenario=AS_ISSUED, baseline=NO_AWARD)
    if own is not None and own.verdict != "few":
        key = "finding_award" if own.sign else "finding_award_none"
        text += _gap(words) + words(key, effect=words.effect(own, bold=False))
    text += _gap(words) + money.cost_sentence(ledger, words)
    return text + _gap(words) + money.county_sentence(ledger, words)


def width(worlds: Worlds, words: Words) -> str:
    """Which source brings most of the width of the effect on value added."""
    shares = worlds.shares("value_added", UNITS[-1])
    if not shares:
        return words("doubt_width_unknown")
    largest = max(shares, key=lambda source: shares[source])
    return words(
        "doubt_width",
        source=words.name("width_sources", largest),
        **{name: effects.share_of(name, UNITS[-1], shares, words) for name in shares},
    )


def strongest(worlds: Worlds, outcome: str = "value_added") -> list[tuple[str, float]]:
    """Drawn parameters that the effect on the province goes with beyond chance.

    Rank correlations over the joint draws; the bound is the one that the strongest of so many inert
    parameters would pass in one case of twenty.
    """
    gap = worlds.difference(outcome, UNITS[-1])
    if not worlds.joint or len(gap) < 2 * FEW:
        return []
    drawn = [row.name for row in table("parameters") if row.low < row.high]
    values = board.drawn_values(worlds, AS_ISSUED, drawn)
    values = values.reindex(gap.index.get_level_values("draw"))
    values = values.loc[:, values.nunique() > 1]
    if values.empty:
        return []
    ranks = pd.DataFrame({name: rankdata(values[name]) for name in values})
    found = ranks.corrwith(pd.Series(rankdata(gap.to_numpy())))
    bound = norm.ppf(1.0 - CHANCE / 2.0 / len(found.index)) / np.sqrt(len(gap) - 1.0)
    strong = found[found.abs() > bound]
    order = strong.abs().sort_values(ascending=False).index[:FEW]
    return [(str(name), float(strong[name])) for name in order]


def strongest_sentence(worlds: Worlds, words: Words) -> str:
    """The parameters that the effect hangs on most, with the grade of their evidence."""
    if not worlds.joint:
        return words("doubt_not_drawn")
    rows = {row.name: row for row in table("parameters")}
    found = strongest(worlds)
    if not found:
        return words("doubt_no_parameter")
    names = [
        words.name("parameter_names", name)
        + words.bracketed(words("grade", grade=rows[name].grade))
        for name, _ in found
    ]
    return words("doubt_parameters", names=words.listing(names))


def weakest(worlds: Worlds, words: Words) -> str:
    """For page one: the parameters that the effect hangs on, and how weak their like is."""
    drawn, poor = _drawn()
    text = words("brief_weak", **words.counts("drawn", count=drawn, weak=poor))
    found = strongest(worlds)
    if not found:
        return text
    grades = {row.name: row.grade for row in table("parameters")}
    names = (
        words.name("parameter_names", name) + words.bracketed(words("grade", grade=grades[name]))
        for name, _ in found
    )
    return words("brief_strongest", names=words.listing(names)) + _gap(words) + text


def _drawn() -> tuple[int, int]:
    """Drawn parameters that describe policy, and those of weak evidence among them."""
    drawn = [row for row in table("parameters") if row.group == POLICY and row.low < row.high]
    return len(drawn), sum(row.grade in WEAK_GRADES for row in drawn)


def weak(evidence: Evidence, words: Words) -> str:
    """How much of the document's terms rests on weak evidence, and how the fit stands."""
    drawn, poor = _drawn()
    verdicts = [point.verdict for point in evidence.compared]
    text = words(
        "doubt_weak",
        near=verdicts.count("near"),
        judged=verdicts.count("far") + verdicts.count("near"),
        **words.counts("drawn", count=drawn, weak=poor),
    )
    return text + _gap(words) + otherwise(words)


def otherwise(words: Words, folder: Path = RESULTS) -> str:
    """The document's effect, and what is left where competitors outside gain as much.

    Empty where the table of effects is of another model or other data, or lacks them.
    """
    found = _package(folder)
    if found is None:
        return ""
    draws, others = (int(found[name]["draws"]) for name in OTHERWISE)
    told = {name: _share_of(name, found, words) for name in OTHERWISE}
    text = words("doubt_otherwise", draws=draws, others=others, **told)
    return text + _gap(words) + order(found[OTHERWISE[1]], words)


def rivals(words: Words, folder: Path = RESULTS) -> str:
    """The same in a line for page one."""
    found = _package(folder)
    if found is None:
        return ""
    told = {name: _share_of(name, found, words) for name in OTHERWISE}
    return words("brief_rivals", **told) + _gap(words) + order(found[OTHERWISE[1]], words)


def order(row: pd.Series[Any], words: Words) -> str:
    """What becomes of the order of the first ten levers; empty where that is not known."""
    if not np.isfinite(float(row.get("tau", np.nan))):
        return ""
    key = "order_turns" if row["tau"] < 0.0 else "order_stays"
    known = {"tau": written(float(row["tau"]), 2), "turned": f"{row['reversed']:.0f}"}
    known["kept"] = f"{row['kept']:.0f}"
    return words(key, **{name: words.told(f"order/{name}", text) for name, text in known.items()})


def package_table(words: Words, folder: Path = RESULTS) -> str:
    """The document's effect under other assumptions, and what becomes of the order of its levers.

    Empty where the table of effects is of another model or other data.
    """
    found = _package(folder)
    if found is None:
        return ""
    rows = []
    for name, row in found.items():
        mine = name == OTHERWISE[1]
        cells = [written(float(row["tau"]), 2), f"{row['kept']:.0f}", f"{row['reversed']:.0f}"]
        if mine:
            names = ("tau", "kept", "turned")
            cells = [words.told(f"order/{n}", c) for n, c in zip(names, cells, strict=True)]
        rows.append(
            [
                words.name("package_names", name),
                f"{row['draws']}",
                _share_of(name, found, words),
                *cells,
            ]
        )
    return markdown(words.lines("package_head"), rows)


def _package(folder: Path) -> Mapping[str, pd.Series[Any]] | None:
    """Rows of the table of the document's effect by switch; None where they are not of now."""
    path = folder / "package.csv"
    if not path.is_file():
        return None
    rows = pd.read_csv(path)
    rows = rows[(rows["model"] == model_hash()) & (rows["data"] == data_hash())]
    found = {str(row["switch"]): row for _, row in rows.iterrows()}
    return found if {*OTHERWISE} <= set(found) else None


def _share_of(name: str, found: Mapping[str, pd.Series[Any]], words: Words) -> str:
    row, of = found[name], quantity("package", name)
    mean = words.percent(float(row["mean"]), 2, signed=True)
    ends = words.percents(float(row["low"]), float(row["high"]), 2, signed=True)
    return words.told(of, mean) + words.bracketed(words.told(quantity(of, INTERVAL), ends))


def _gap(words: Words) -> str:
    return "" if words.lang == "zh" else " "
