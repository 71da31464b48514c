"""What a scenario changes against its baseline, in words and tables: of any two scenarios.

The report of a store and the answer of `jiqun ask` are both made here. Everything follows from the
levers and runs of the two; nothing is said of scenarios that are not asked about.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jiqun.experiments import Results
from jiqun.experiments.effects.change import (
    HORIZON,
    MAIN,
    PLACE,
    PROVINCE,
    change,
    failed,
    kept,
    label_of,
    pairs_of,
)
from jiqun.experiments.effects.costs import BORNE, DISCOUNT, FIRST, LAST
from jiqun.experiments.effects.effect import LEAST_PAIRS, Estimate, costs_of
from jiqun.experiments.stores.errors import StoreError
from jiqun.model.calendar import year_of
from jiqun.model.dimensions import ASSUMPTION_ONLY_FIELDS, TIERS
from jiqun.model.region import REGION
from jiqun.model.shocks import KNOWN
from jiqun.notebooks.show import run_command
from jiqun.notebooks.tables import bullets, markdown, not_meant_alone
from jiqun.notebooks.words import ABSENT, SUM, decimals_of, quantity, written
from jiqun.notebooks.worlds import Effect, effect_on
from jiqun.scenarios import shipped
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table
from jiqun.scenarios.units import in_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from jiqun.experiments.effects.change import Change, Difference, Moved, TermChange, Unit
    from jiqun.model.shocks import Shock
    from jiqun.notebooks.words import Words

UNITS: tuple[Unit, ...] = (*(("tier", tier) for tier in TIERS), PROVINCE)
SECOND = ("rd_real", "employees")
"""Outcomes beside value added in the table of tiers."""
QUARTERS = 4
MOST_DECIMALS = 5
"""Decimals of per cent and sums: a lever may move the province by a thousandth of one per cent."""
MOSTLY = 0.95
"""Share of new money from which on nothing is said of what is moved inside the special funds."""
LEAST_SHOWN = 1e-5
"""Relative change of a cluster below which it is not listed: .001 %."""


@dataclass(frozen=True)
class Table:
    """A table before it is written: for a page as Markdown, for a terminal as text.

    Attributes:
        head: Names of the columns.
        rows: Cells by row; bold is marked as in Markdown.
        text_columns: Number of columns of text, which stand first.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1

    def __str__(self) -> str:
        """The table as Markdown; nothing where it has no row."""
        return markdown(self.head, self.rows, self.text_columns) if self.rows else ""


@dataclass(frozen=True)
class Asked:
    """What is asked of a store beside the document.

    Attributes:
        changes: Scenarios against their baselines.
        alone: Scenario that cannot be compared, to its label by language and the baseline that it
            names, or is to be compared with.
        failed: Number of failed runs by scenario.
        finished: Number of finished runs by scenario.
        results: The store.
    """

    changes: tuple[Change, ...]
    alone: Mapping[str, tuple[Mapping[str, str], str | None]]
    failed: Mapping[str, int]
    finished: Mapping[str, int]
    results: Results

    @property
    def subject(self) -> str | None:
        """The scenario that a page without the document is about; None where there is none."""
        names = [found.scenario for found in self.changes]
        return next(iter([*names, *self.alone]), None)


def gather_asked(store: Path, given: str | None = None, *, apart: bool = False) -> Asked:
    """Compare the scenarios of a store with their baselines.

    Args:
        store: Folder of the store.
        given: Scenario that those are compared with whose own baseline the store lacks.
        apart: Whether those that come with the region are told elsewhere.
    """
    results = Results(store)
    changes, alone = [], {}
    for name, baseline in pairs_of(results, given).items():
        if apart and name in shipped():
            continue
        if baseline is not None:
            with suppress(StoreError):
                changes.append(change(results, name, baseline))
                continue
        own = kept(results, name)
        alone[name] = label_of(own, name), baseline or (own.baseline if own else None)
    counts = results.runs().groupby("scenario").size()
    finished = {str(name): int(n) for name, n in counts.items()}
    return Asked(tuple(changes), alone, failed(results), finished, results)


def holds_document(store: Path, scenario: str) -> bool:
    """Whether a scenario of a store holds levers of the document; no where that is not kept."""
    found = kept(Results(store), scenario)
    return found is not None and any(lever.origin == "document_55" for lever in found.levers)


def said_of_runs(asked: Asked, words: Words) -> str:
    """Runs that failed, and scenarios that cannot be compared: a paragraph each."""
    told = failures(asked.failed, asked.finished, words)
    told += [not_compared(name, asked, words) for name in asked.alone]
    return "\n\n".join(told)


def question(found: Change, words: Words) -> str:
    """What is asked."""
    return words("change_question", **_labels(found, words))


def answer(found: Change, words: Words) -> list[str]:
    """The answer in a sentence, and what a reader has to know of the runs behind it."""
    main = found.of(MAIN)
    if main is None or main.change is None:
        return [words("change_no_pair", year=found.year)]
    effect = effect_of(main)
    told = [
        words(
            "change_answer",
            verdict=words.name("change_verdict", effect.verdict),
            effect=_effect(main, words, of_change(found, MAIN)),
            sum=_money(main.gain, words, quantity(of_change(found, MAIN), SUM)),
            year=found.year,
            unit=words.money_unit,
            pairs=found.pairs,
            **_labels(found, words),
        )
    ]
    if all(
        each.gain.mean == each.gain.p05 == each.gain.p95 == 0.0 for each in found.moved.values()
    ):
        told.append(words("change_same"))
    if found.pairs == 1:
        told.append(words("change_one_pair", least=LEAST_PAIRS))
    elif found.pairs < LEAST_PAIRS:
        told.append(words("change_few", pairs=found.pairs, least=LEAST_PAIRS))
    if not found.joint:
        told.append(words("change_seeds"))
    if found.year < HORIZON:
        told.append(words("change_early", year=found.year))
    return told


def failures(failed: Mapping[str, int], runs: Mapping[str, int], words: Words) -> list[str]:
    """What is said of runs that failed, a sentence a scenario.

    Args:
        failed: Number of failed runs by scenario.
        runs: Number of finished runs by scenario.
        words: Texts and number formats of the page's language.
    """
    return [
        words("change_failed" if runs.get(name) else "change_all_failed", scenario=name, count=n)
        for name, n in failed.items()
    ]


def not_compared(name: str, asked: Asked, words: Words) -> str:
    """Why a scenario is not compared, and how to make the runs that it takes.

    Args:
        name: Name of the scenario.
        asked: What is asked of the store.
        words: Texts and number formats of the page's language.
    """
    label, baseline = asked.alone[name]
    scenario = label[words.lang]
    if baseline is None:
        return words("change_no_baseline_named", scenario=scenario)
    if baseline in asked.finished:
        command = run_command(asked.results, name, baseline)
        return words("change_no_context", scenario=scenario, name=f"`{baseline}`", command=command)
    gap = "" if words.lang == "zh" else " "
    command = run_command(asked.results, baseline)
    told_ = words("change_no_baseline", scenario=scenario, name=f"`{baseline}`")
    return told_ + gap + words("change_add_baseline", command=command)


def how_they_differ(found: Change, words: Words) -> list[str]:
    """How the two scenarios differ, a line a lever, parameter or world."""
    lines = [in_words(each, words) for each in found.levers]
    rows = {row.name: row for row in table("parameters")}
    for name, (before, after) in found.parameters.items():
        label = words.name("parameter_names", name) if name in rows else name
        old, new = (written(v, max(decimals_of(v, 3), 0)) for v in (before, after))
        lines.append(words("change_parameter", name=label, before=old, after=new))
    if found.outside:
        lines.append(words("change_outside"))
    for key, shocks in zip(("change_shock", "change_no_shock"), found.shocks, strict=True):
        lines += [words(key, shock=_shock(each, words)) for each in shocks]
    return lines


def _shock(shock: Shock, words: Words) -> str:
    """A shock with its quarters and terms."""
    last = words("change_lasting") if shock.end is None else _quarter(shock.end, words)
    mark = "、" if words.lang == "zh" else ", "
    terms = mark.join(f"{words.term(shock.id, name)} {value:g}" for name, value in shock.values)
    return words(
        "change_shock_text",
        name=getattr(KNOWN[shock.id], words.lang),
        first=_quarter(shock.start, words),
        last=last,
        terms=f"{words('change_terms_mark')}{terms}" if terms else "",
    )


def tier_table(found: Change, words: Words) -> Table:
    """Size of each tier, and what changes in it."""
    rows = []
    for unit in UNITS:
        main = found.of(MAIN, unit)
        if main is None:
            continue
        sizes = [unit[1]] if unit[0] == "tier" else list(found.tiers)
        known = bool(found.tiers) and set(sizes) <= set(found.tiers)
        count, share = (
            (sum(found.tiers[tier][place] for tier in sizes) if known else None) for place in (0, 1)
        )
        rows.append(
            [
                words.name("tier_names", unit[1]),
                ABSENT if count is None else words.number(count, "enterprises"),
                ABSENT if share is None else words.percent(share),
                *_cells(found, unit, words),
                *(
                    _effect(found.of(name, unit), words, of_change(found, name, unit))
                    for name in SECOND
                ),
            ]
        )
    return Table(_headed("change_head", words), rows)


def places_table(found: Change, words: Words) -> Table:
    """Groups of cities, and of the other cities those whose effect is told."""
    units: list[tuple[str, Unit]] = [
        (words.name("city_groups", name), (PLACE, name)) for name in REGION.city_groups
    ]
    alone = {group.cities for group in REGION.city_groups.values()}
    units += [
        (getattr(REGION.cities[name], words.lang), ("city", name))
        for name in sorted(told(found, "city"), key=list(REGION.cities).index)
        # A group of one city is the city.
        if (name,) not in alone
    ]
    rows = [
        [
            label,
            *_cells(found, unit, words),
            _effect(found.of("rd_real", unit), words, of_change(found, "rd_real", unit)),
        ]
        for label, unit in units
        if found.of(MAIN, unit)
    ]
    return Table(_headed("change_places_head", words), rows)


def places_rest(found: Change, words: Words) -> str:
    """How many cities have no conclusion."""
    known, clear = found.units("city"), told(found, "city")
    if not known:
        return ""
    if not clear:
        return words("change_told_all")
    return words("change_told", count=len(known) - len(clear)) if len(clear) < len(known) else ""


def registered() -> list[Any]:
    """Registered clusters, but for those of fields that rest on assumption alone."""
    return [row for row in table("clusters") if row.field not in ASSUMPTION_ONLY_FIELDS]


def clusters_table(found: Change, words: Words) -> Table:
    """Registered clusters whose effect is distinguishable from zero."""
    clear = {name for name in told(found, "cluster") if not _tiny(found, name)}
    rows = [
        [
            getattr(row, f"name_{words.lang}"),
            words.name("tier_names", row.cultivation_tier),
            *_cells(found, ("cluster", row.id), words),
        ]
        for row in registered()
        if row.id in clear
    ]
    return Table(_headed("change_clusters_head", words), rows, 2)


def clusters_rest(found: Change, words: Words) -> str:
    """How many registered clusters have no conclusion."""
    known = {row.id for row in registered()} & set(found.units("cluster"))
    clear = known & set(told(found, "cluster"))
    tiny = sum(_tiny(found, name) for name in clear)
    rest = len(known) - len(clear)
    parts = []
    if tiny:
        parts.append(words("change_clusters_tiny", count=tiny))
    if rest:
        key = "change_clusters_none" if rest == len(known) else "change_clusters_rest"
        parts.append(words(key, count=rest))
    return ("" if words.lang == "zh" else " ").join(parts)


def _tiny(found: Change, cluster: str) -> bool:
    """Whether the change of a cluster is nothing to the decimals that it is written with."""
    relative = found.moved[MAIN, ("cluster", cluster)].change
    return relative is None or abs(relative.mean) < LEAST_SHOWN


def cost_table(found: Change, words: Words) -> Table:
    """Cost by who bears it; those who bear nothing are left out."""
    cost = found.comparison
    head = _headed("change_cost_head", words)
    if cost is None:
        return Table(head, [])
    rows = []
    for part, payers in BORNE.items():
        of_part = {"budget": cost.budget, "others": cost.others}[part]
        mine = [payer for payer in payers if costs_of(cost.bearers[payer]) != "nothing"]
        if not mine:
            continue
        rows += [
            [words.name("payers", payer), _money(cost.bearers[payer], words)] for payer in mine
        ]
        if len(mine) > 1:
            rows.append([f"**{words.name('borne', part)}**", _money(of_part, words)])
    rows.append([f"**{words('borne_total')}**", _money(cost.cost, words)])
    return Table(head, rows)


def cost_told(found: Change, words: Words) -> list[str]:
    """What a yuan of cost brings, or why that is not stated; what other levers cost more."""
    cost = found.comparison
    if cost is None and found.year < LAST:
        return [words("change_cost_early", first=FIRST, last=LAST)]
    if cost is None:
        return [words("change_cost_none")]
    if cost.per_yuan_withheld:
        why = words.name("change_withheld_why", cost.per_yuan_withheld)
        lines = [words("change_per_yuan_withheld", why=why)]
    else:
        ratio = "".join(words.estimate(cost.per_yuan)) if cost.per_yuan else ABSENT
        lines = [words("change_per_yuan", ratio=ratio, first=FIRST, last=LAST)]
    new = max(cost.new["programme"].mean, 0.0)
    if cost.costs == "costs" and new < MOSTLY * cost.cost.mean:
        inside = words.money(new)[0]
        lines.append(words("change_inside", new=inside, unit=words.money_unit))
    if cost.feedback.sign:
        feedback = _money(cost.feedback, words)
        lines.append(words("change_feedback", sum=feedback, unit=words.money_unit))
    return lines


def cost_text(words: Words) -> str:
    """What the table of cost counts."""
    return words(
        "change_cost_text",
        first=FIRST,
        last=LAST,
        discount=words.percent(DISCOUNT),
        unit=words.money_unit,
    )


def not_meant(asked: Asked, scenario: str, words: Words) -> str:
    """What a comparison with a baseline is not, or the projection of a scenario without one.

    Args:
        asked: What is asked of the store.
        scenario: Name of the scenario that the page projects.
        words: Texts and number formats of the page's language.
    """
    if not asked.changes:
        return bullets(not_meant_alone(scenario, words))
    other = any(found.outside for found in asked.changes)
    outside = words.name("change_outside_same", "other" if other else "same")
    return bullets(line.format(outside=outside) for line in words.lines("change_not_list"))


def whole(found: Change, words: Words) -> Iterator[str]:
    """All of it as Markdown, part by part: for a page."""
    yield f"**{question(found, words)}**"
    yield "\n\n".join(answer(found, words))
    yield f"**{words('change_differs')}**"
    yield _listed(found, words)
    if found.of(MAIN) is None:
        return
    yield words("change_text", pairs=found.pairs)
    # Its cells may break: it has eight columns, four of them with intervals.
    yield f'<div class="change">\n\n{tier_table(found, words)}\n\n</div>'
    yield f"### {words('change_cost_title')}"
    if found.comparison is not None:
        yield cost_text(words)
    yield str(cost_table(found, words))
    yield "\n\n".join(cost_told(found, words))
    if found.units("city"):
        yield f"### {words('change_places_title')}"
        yield words("change_places_text")
        yield str(places_table(found, words))
        yield places_rest(found, words)
    if found.units("cluster"):
        yield f"### {words('change_clusters_title')}"
        yield words("change_clusters_text")
        yield str(clusters_table(found, words))
        yield clusters_rest(found, words)


def _listed(found: Change, words: Words) -> str:
    lines = how_they_differ(found, words)
    if lines:
        return "\n".join(f"- {line}" for line in lines)
    return words("change_no_difference" if found.readable else "change_unreadable")


def told(found: Change, level: str) -> list[str]:
    """Units of a level whose effect on value added is distinguishable from zero."""
    units = {name: found.moved[MAIN, (level, name)] for name in found.units(level)}
    return [name for name, main in units.items() if effect_of(main).sign]


def effect_of(moved: Moved) -> Effect:
    """A relative change as the report writes effects."""
    return Effect(moved.change or moved.gain, "percent", moved.rise, moved.pairs)


def of_change(found: Change, outcome: str, unit: Unit = PROVINCE) -> str:
    """What a change is of, as pages mark it: what the report of a store says of it too.

    Args:
        found: What changes between two scenarios.
        outcome: Id of the outcome.
        unit: Level and name of what the outcome is of.
    """
    return effect_on(outcome, unit, found.year, found.scenario, found.baseline)


def _cells(found: Change, unit: Unit, words: Words) -> list[str]:
    """Verdict, per cent and sum of a change of value added."""
    main, of = found.moved[MAIN, unit], of_change(found, MAIN, unit)
    verdict = words.name("verdict_of_effect", effect_of(main).verdict)
    return [verdict, _effect(main, words, of), _money(main.gain, words, quantity(of, SUM))]


def _effect(moved: Moved | None, words: Words, of: str) -> str:
    """A relative change; small ones to the decimals that keep their ends off zero."""
    if moved is None or moved.change is None:
        return ABSENT
    mean, interval = words.estimate(moved.change, 100.0, of=of, most=MOST_DECIMALS)
    told_ = mean + ("%" if words.lang == "zh" else " %")
    return (f"**{told_}**" if moved.change.sign else told_) + interval


def _money(found: Estimate, words: Words, of: str = "") -> str:
    scale = words.scaled(1.0, MAIN)
    return "".join(words.estimate(found, scale, of=of, most=MOST_DECIMALS))


def _headed(key: str, words: Words) -> list[str]:
    return [name.format(unit=words.money_unit) for name in words.lines(key)]


def _labels(found: Change, words: Words) -> dict[str, str]:
    names = {"scenario": found.scenario, "baseline": found.baseline}
    # A store that keeps no readable scenario has its name alone.
    return {
        key: words.name("scenario_names", found.labels[name][words.lang])
        for key, name in names.items()
    }


def in_words(each: Difference, words: Words) -> str:
    """How a lever is set otherwise, as a sentence without its end."""
    label = getattr(declarations()[each.lever].label, words.lang)
    terms = "；" if words.lang == "zh" else ", "
    told_ = terms.join(_term(each.lever, term, words) for term in each.terms)
    if each.drawn and each.terms:
        told_ += words("change_drawn")
    how: str = "times" if each.how == "changed" and each.times is not None else each.how
    if each.how == "changed" and not each.terms:
        how = "times_alone" if each.times is not None else "aimed"
    times = "" if each.times is None else f"{each.times:.4g}"
    text = words.name("change_how", how)
    quarter = _quarter(each.quarter, words)
    return text.format(lever=label, terms=told_, times=times, quarter=quarter)


def _quarter(index: int, words: Words) -> str:
    return words("change_quarter", year=year_of(index), quarter=index % QUARTERS + 1)


def _term(lever: str, each: TermChange, words: Words) -> str:
    instalment = each.term.removeprefix("instalment_")
    name = words.term(lever, each.term)
    if instalment != each.term:
        name = words("term_instalment", number=instalment)
    before, after = (value_of(v, each.kind, words) for v in (each.before, each.after))
    return words("change_term", term=name, before=before, after=after)


def value_of(value: float | None, kind: str, words: Words) -> str:
    """A value of a term with its unit, as people write it.

    Args:
        value: The value in the base unit of its kind; None for none.
        kind: Kind of quantity (`scenarios.units.UNITS`).
        words: Texts and number formats of the page's language.
    """
    if value is None:
        return words("change_unset")
    if kind == "switch":
        return words.name("term_switch", "on" if value else "off")
    if kind == "share":
        return _plain(100.0 * value) + ("%" if words.lang == "zh" else " %")
    if kind == "money":
        scale, unit = _money_unit(value, words)
        return _plain(value / scale) + unit
    if kind == "energy_intensity":
        value = in_unit(value, "tce per 10k yuan", kind)
    return _plain(value) + words.name("term_units", kind)


def _money_unit(yuan: float, words: Words) -> tuple[float, str]:
    units = (
        ((1e8, "亿元"), (1e4, "万元"), (1.0, "元"))
        if words.lang == "zh"
        else ((1e9, " bn yuan"), (1e6, " million yuan"), (1.0, " yuan"))
    )
    return next((each for each in units if abs(yuan) >= each[0]), units[-1])


def _plain(value: float) -> str:
    """At most four figures, and no noughts that say nothing."""
    text = written(value, max(min(decimals_of(value, 4), 6), 0))
    return text.rstrip("0").rstrip(".") if "." in text else text
