"""Levers: their declarations, and a scenario's setting of one turned into base units."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.scenario import Lever, quarter_name
from scenarios.errors import nearest_name
from scenarios.schema import (
    FIRST,
    SETTINGS,
    Budget,
    DatedQuantity,
    LeverDeclaration,
    LeverFile,
    LeverSetting,
    Quantity,
    TakeUp,
    Term,
    checked,
)
from scenarios.units import UNITS, in_unit, parse_quarter, to_base
from scenarios.yaml_file import Document, Key, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

DECLARATIONS = Path(__file__).with_name("levers.yaml")

Dated = tuple[tuple[int, float], ...]


@cache
def declarations() -> Mapping[str, LeverDeclaration]:
    """Every declared lever by id, in the order of the file; read once a process."""
    document = read_yaml(DECLARATIONS)
    found: dict[str, LeverDeclaration] = {}
    for i, lever in enumerate(checked(document, LeverFile, document.data).levers):
        at: Key = ("levers", i)
        if lever.id in found:
            raise document.error((*at, "id"), "declared twice")
        found[lever.id] = lever
        for name, term in lever.terms.items():
            _dated(document, term, term.default, (*at, "terms", name, "default"))
    return found


def declaration(document: Document, lever_id: str, at: Key) -> LeverDeclaration:
    """The declaration of a lever a scenario names.

    Raises:
        ScenarioError: No lever has this id.
    """
    known = declarations()
    if lever_id not in known:
        near = nearest_name(lever_id, known)
        raise document.error(at, f"unknown lever {lever_id!r}", ", ".join(known), near)
    return known[lever_id]


def issued(lever: LeverDeclaration) -> Lever:
    """A lever with the terms of its declaration."""
    source = Document(DECLARATIONS, None, {})
    terms = {
        name: _dated(source, term, term.default, ("terms", name))
        for name, term in lever.terms.items()
    }
    start = _index(lever.from_)
    terms |= _settings(lever.budget, lever.take_up, start)
    return Lever(
        id=lever.id,
        origin=lever.origin,
        channel=lever.channel,
        article=lever.article,
        start=start,
        end=_index(lever.to) if lever.to else None,
        terms=terms,
        who=_groups(lever.eligible),
    )


def apply(
    document: Document, setting: LeverSetting, base: Lever, at: Key, *, inherited: bool
) -> Lever:
    """A lever as a scenario sets it: what the setting leaves out stays as in `base`.

    Args:
        document: The scenario file.
        setting: The lever's entry in it.
        base: The lever as in the baseline, or as issued.
        at: Path of the entry in the file.
        inherited: Whether the baseline has the lever. Then `from` dates the change, and what the
            baseline says holds until it; else `from` dates the lever itself.

    Raises:
        ScenarioError: A term, unit, value, date or target group that the lever does not allow.
    """
    lever = declaration(document, setting.id, (*at, "id"))
    start = _index(setting.from_) if setting.from_ else base.start
    end = _index(setting.to) if setting.to else base.end
    if start < 0:
        problem = f"{setting.from_} is before the start"
        raise document.error((*at, "from"), problem, f"{quarter_name(0)} or later")
    if end is not None and end < start:
        key = (*at, "to") if setting.to else (*at, "from")
        problem = f"ends {quarter_name(end)}, before it begins"
        raise document.error(key, problem, f"{quarter_name(start)} or later")
    given = {
        name: _term(document, lever, name, value, start, (*at, name))
        for name, value in (setting.model_extra or {}).items()
    }
    given |= _settings_of(document, lever, setting, start, at)
    terms = dict(base.terms) | {
        name: _spliced(base.terms.get(name, ()), dated) for name, dated in given.items()
    }
    return Lever(
        id=base.id,
        origin=base.origin,
        channel=base.channel,
        article=base.article,
        start=min(start, base.start) if inherited else start,
        end=end,
        terms=terms,
        who=dict(base.who) | _groups(_who(document, lever, setting, at)),
    )


def _spliced(before: Dated, after: Dated) -> Dated:
    """A path that follows `before` until the first date of `after`."""
    return (*(pair for pair in before if pair[0] < after[0][0]), *after)


def _term(
    document: Document, lever: LeverDeclaration, name: str, given: Any, start: int, at: Key
) -> Dated:
    if name not in lever.terms:
        allowed = ["id", "from", "to", *(["who"] if lever.who else []), *lever.terms]
        allowed += lever.settings
        near = nearest_name(name, allowed)
        raise document.error(at, f"unknown key of lever {lever.id}", ", ".join(allowed), near)
    term = lever.terms[name]
    if isinstance(given, list):
        items = [checked(document, DatedQuantity, item, (*at, i)) for i, item in enumerate(given)]
        if not items:
            raise document.error(at, "is empty", "a value with its unit, or a list of dated ones")
        return _dated(document, term, items, at)
    if not isinstance(given, dict):
        units = ", ".join(UNITS[term.kind])
        raise document.error(
            at, f"{given!r} has no unit", f"{{value: number, unit: one of {units}}}"
        )
    quantity = checked(document, Quantity, given, at)
    return ((start, _base(document, term, quantity, at)),)


def _dated(document: Document, term: Term, items: list[DatedQuantity], at: Key) -> Dated:
    pairs: list[tuple[int, float]] = []
    for i, item in enumerate(items):
        begin = _index(item.from_)
        if begin < 0:
            problem = f"{item.from_} is before the start"
            raise document.error((*at, i, "from"), problem, f"{quarter_name(0)} or later")
        if pairs and begin <= pairs[-1][0]:
            after = quarter_name(pairs[-1][0])
            problem = f"{item.from_} is not after the date before it"
            raise document.error((*at, i, "from"), problem, f"later than {after}")
        pairs.append((begin, _base(document, term, item, (*at, i))))
    return tuple(pairs)


def _base(document: Document, term: Term, given: Quantity | DatedQuantity, at: Key) -> float:
    units = UNITS[term.kind]
    if given.unit not in units:
        near = nearest_name(given.unit, units)
        problem = f"{given.unit!r} is not a unit of {term.kind}"
        raise document.error((*at, "unit"), problem, ", ".join(units), near)
    value = to_base(given.value, given.unit, term.kind)
    low, high = term.bounds
    if not low <= value <= high:
        bounds = [in_unit(bound, given.unit, term.kind) for bound in (low, high)]
        problem = f"{given.value:g} {given.unit} is out of bounds"
        raise document.error(
            (*at, "value"), problem, f"{bounds[0]:g} to {bounds[1]:g} {given.unit}"
        )
    return value


def _settings_of(
    document: Document, lever: LeverDeclaration, setting: LeverSetting, start: int, at: Key
) -> dict[str, Dated]:
    for name in SETTINGS:
        if getattr(setting, name) is not None and name not in lever.settings:
            allowed = ", ".join(lever.settings) or "none"
            raise document.error((*at, name), f"lever {lever.id} takes no {name}", allowed)
    terms = _settings(setting.budget, setting.take_up, start)
    if setting.budget and setting.budget.value < 0:
        raise document.error((*at, "budget", "value"), "is negative", "0 or more")
    if setting.lag is not None:
        span = Term(kind="quarters", bounds=[0, 40], default=[_ZERO_LAG], grade="assumption")
        terms["lag"] = ((start, _base(document, span, setting.lag, (*at, "lag"))),)
    if setting.instalments is not None:
        total = sum(setting.instalments)
        if abs(total - 1) > 1e-9:
            raise document.error((*at, "instalments"), f"sum to {total:g}", "shares that sum to 1")
        for i, share in enumerate(setting.instalments, 1):
            terms[f"instalment_{i}"] = ((start, share),)
    return terms


_ZERO_LAG = DatedQuantity.model_validate({"from": "2019-Q1", "value": 0.0, "unit": "quarters"})


def _settings(budget: Budget | None, take_up: TakeUp | None, start: int) -> dict[str, Dated]:
    """Budget a year, order of service (place in FIRST) and take-up as terms."""
    terms: dict[str, Dated] = {}
    if budget:
        yearly = to_base(budget.value, budget.unit, "money") * (4 if budget.per == "quarter" else 1)
        terms["budget"] = ((start, yearly),)
        terms["budget_first"] = ((start, float(FIRST.index(budget.first))),)
    if take_up:
        for part in ("start", "full", "years"):
            terms[f"take_up_{part}"] = ((start, float(getattr(take_up, part))),)
    return terms


def _who(document: Document, lever: LeverDeclaration, setting: LeverSetting, at: Key) -> Any:
    if setting.who is None:
        return None
    for attribute, ids in setting.who.model_dump(exclude_none=True).items():
        key = (*at, "who", attribute)
        if attribute not in lever.who:
            allowed = ", ".join(lever.who) or "none: it is the same for all"
            raise document.error(key, f"lever {lever.id} is not aimed by {attribute}", allowed)
        if not ids:
            raise document.error(key, "names nobody", "at least one id")
    return setting.who


def _groups(who: Any) -> dict[str, tuple[str, ...]]:
    chosen = who.model_dump(exclude_none=True) if who else {}
    return {attribute: tuple(ids) for attribute, ids in chosen.items()}


def _index(quarter: str) -> int:
    index = parse_quarter(quarter)
    if index is None:
        raise ValueError(f"not a quarter: {quarter!r}")
    return index
