"""What a reader of a sound scenario is told all the same: levers that do not do what they seem to.

A notice never stops a run. What files say is looked at when they are read and stays with the
resolved scenario; whom levers reach is looked at when it is asked for, in a population.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index, quarter_name, year_of
from jiqun.model.lever import always
from jiqun.model.policy.eligibility import eligible, size_class
from jiqun.model.scenario import Notice
from jiqun.scenarios.language import said_in
from jiqun.scenarios.levers import declarations, settings
from jiqun.scenarios.outside import ORIGIN
from jiqun.scenarios.units import parse_quarter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.schema import LeverSetting, ScenarioFile
    from jiqun.scenarios.yaml_file import Document, Key

HISTORY = quarter_index(ORIGIN + 1, 1)
"""First quarter after the years that the model was fitted to."""
EARNED = ("label", "mu_class")
"""Attributes that enterprises come by in a run: who has none at its start is reached later."""


def notice(kind: str, about: tuple[str, ...], template: str, **fields: Any) -> Notice:
    """A notice in both languages from its template.

    Args:
        kind: Kind of notice, such as `never_acts`.
        about: Ids of the levers it is about.
        template: The text in English, with gaps in braces; key of the catalogue.
        **fields: What fills the gaps.
    """
    texts = {lang: said_in(lang, template, **fields) for lang in ("zh", "en")}
    return Notice(kind, about, texts["zh"], texts["en"])


def of_file(
    document: Document, written: ScenarioFile, before: Mapping[str, Lever],
    after: Mapping[str, Lever], end: int | None,
) -> tuple[Notice, ...]:  # fmt: skip
    """Notices of what a file says of levers.

    Args:
        document: The file.
        written: The file as checked.
        before: Levers of its baseline.
        after: Levers as the file sets them.
        end: Last quarter of the scenario, or None where it is not known yet.
    """
    found: list[Notice] = []
    if written.baseline is not None:
        found += _taken_out(document, written, before)
    for at, setting in settings(written):
        lever, base = after[setting.id], before.get(setting.id)
        undated = _undated(setting)
        years = _years_apart(base, lever)
        if written.baseline is not None and setting.from_ is None and undated and years:
            found.append(
                notice(
                    "changes_history", (setting.id,),
                    "{place}: {lever} without from changes {years} too, which are history that the "
                    "model was fitted to; to change later years alone: from: {date}",
                    place=_place(document, at), lever=setting.id, years=_years(years),
                    date=quarter_name(max(HISTORY, lever.start)),
                )
            )  # fmt: skip
        first = _first_date(setting, lever)
        if end is not None and first > end and lever.start <= end:
            found.append(
                notice(
                    "never_acts", (setting.id,),
                    "{place}: what is set of {lever} never acts: it begins {date}, after the end "
                    "{end}",
                    place=_place(document, at), lever=setting.id, date=quarter_name(first),
                    end=quarter_name(end),
                )
            )  # fmt: skip
        found += _small_shares(document, setting, at)
    return tuple(found)


def warnings_of(scenario: Scenario) -> tuple[Notice, ...]:
    """All notices of a scenario: of its files, of levers that never act, of levers for nobody.

    Args:
        scenario: The scenario; its population is built, which takes about a second.
    """
    return warnings_among(scenario, acting(scenario))


@dataclass(frozen=True)
class Acting:
    """When a lever acts and whom it can reach.

    Attributes:
        lever: Id of the lever.
        start: First quarter in which it acts, or None where it never does.
        end: Last quarter in which it acts.
        reach: Quarter from which its target groups hold, and enterprises in them at end-2018, by
            weight; labels and classes that are earned in a run are left out. None where it is the
            same for all.
    """

    lever: str
    start: int | None
    end: int
    reach: tuple[tuple[int, float], ...] | None


def acting(scenario: Scenario) -> tuple[Acting, ...]:
    """When each lever of a scenario acts and whom it can reach."""
    e = ClusterPolicyModel(scenario).enterprises
    e.size = size_class(e.above_scale, e.revenue, e.employees)
    found = []
    for lever in scenario.levers:
        first = max(lever.start, scenario.start)
        last = scenario.end if lever.end is None else min(lever.end, scenario.end)
        reach = []
        for quarter, groups in lever.who:
            lasting = {name: ids for name, ids in groups.items() if name not in EARNED}
            mask = eligible(replace(lever, who=always(lasting)), e, quarter)
            reach.append((max(quarter, first), float(np.sum(e.weight[mask]))))
        start = first if first <= last else None
        found.append(Acting(lever.id, start, last, tuple(reach) or None))
    return tuple(found)


def warnings_among(scenario: Scenario, found: Sequence[Acting]) -> tuple[Notice, ...]:
    """All notices of a scenario whose levers have been looked at."""
    notices = list(scenario.notices)
    never = tuple(each.lever for each in found if each.start is None)
    if never:
        notices.append(
            notice(
                "never_acts", never,
                "never acts: {levers}: begins after the end of the scenario, {end}",
                levers=", ".join(never), end=quarter_name(scenario.end),
            )
        )  # fmt: skip
    for each in found:
        nobody = [date for date, number in each.reach or () if number == 0 and date <= each.end]
        if each.start is not None and nobody:
            notices.append(
                notice(
                    "reaches_nobody", (each.lever,),
                    "{lever} reaches nobody from {date}: no enterprise is in all its target groups",
                    lever=each.lever, date=quarter_name(nobody[0]),
                )
            )  # fmt: skip
    return tuple(notices)


def _taken_out(
    document: Document, written: ScenarioFile, before: Mapping[str, Lever]
) -> list[Notice]:
    """Levers taken out of history as well."""
    return [
        notice(
            "changes_history", (name,),
            "{place}: without {lever} changes {years} too, which are history that the model was "
            "fitted to; to end it afterwards: levers: [{{id: {lever}, to: {date}}}]",
            place=_place(document, ("without", i)), lever=name,
            years=_years(_years_apart(before.get(name), None)), date=quarter_name(HISTORY - 1),
        )
        for i, name in enumerate(written.without)
        if _years_apart(before.get(name), None)
    ]  # fmt: skip


def _place(document: Document, at: Key) -> str:
    return f"{document.path}:{document.line(at)}"


def _undated(setting: LeverSetting) -> bool:
    """Whether a setting gives anything without a date of its own."""
    terms = (setting.model_extra or {}).values()
    parts = (setting.who, setting.budget, setting.take_up, setting.lag, setting.instalments)
    whole = (*parts, setting.fund, setting.times)
    given = [*terms, *(part for part in whole if part is not None)]
    ended = setting.to is not None and (parse_quarter(setting.to) or 0) < HISTORY
    return (
        not given
        or ended
        or any(not isinstance(part, list) or part is setting.instalments for part in given)
    )


def _first_date(setting: LeverSetting, lever: Lever) -> int:
    """First quarter in which a setting says anything."""
    start = parse_quarter(setting.from_) if setting.from_ else lever.start
    terms = list((setting.model_extra or {}).values())
    dates = [parse_quarter(part[0].get("from")) for part in terms if isinstance(part, list)]
    known = [date for date in dates if date is not None]
    dated_alone = bool(known) and len(known) == len(terms) and not setting.from_
    return min(known) if dated_alone else (start or 0)


def _years_apart(base: Lever | None, lever: Lever | None) -> list[int]:
    """Years of history in which two levers differ, or of which one is absent."""
    quarters = [t for t in range(HISTORY) if _state(base, t) != _state(lever, t)]
    return sorted({year_of(t) for t in quarters})


def _state(lever: Lever | None, quarter: int) -> Any:
    """All that a lever is in a quarter; None where it is not in force."""
    if lever is None or not lever.in_force(quarter):
        return None
    values = {term: lever.value(term, quarter) for term in lever.terms}
    return (lever.groups(quarter), lever.fund, lever.paid_by, values)


def _years(years: Sequence[int]) -> str:
    whole = len(years) > 1 and years[-1] - years[0] == len(years) - 1
    return f"{years[0]}-{years[-1]}" if whole else ", ".join(map(str, years))


def _small_shares(document: Document, setting: LeverSetting, at: Key) -> list[Notice]:
    """Shares under one per cent that may be meant as parts of one."""
    found = []
    for name, given in (setting.model_extra or {}).items():
        items = given if isinstance(given, list) else [given]
        for i, item in enumerate(items):
            if not isinstance(item, dict):  # a switch, on or off
                continue
            value = item.get("value", 0.0)
            high = declarations()[setting.id].terms[name].bounds[1]
            if item.get("unit") == "%" and 0.0 < value < 1.0 and value <= high:
                key = (*at, name, *((i,) if isinstance(given, list) else ()), "value")
                found.append(
                    notice(
                        "small_share", (setting.id,),
                        "{place}: {lever}.{term} is {value:g} %; did you mean {meant:g} %?",
                        place=_place(document, key), lever=setting.id, term=name, value=value,
                        meant=100.0 * value,
                    )
                )  # fmt: skip
    return found
