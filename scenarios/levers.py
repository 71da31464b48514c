"""Levers: their declarations, and a scenario's setting of one turned into base units."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from jiqun.model.calendar import quarter_index, quarter_name
from jiqun.model.extensions import installed
from jiqun.model.lever import Cost, Lever, LeverOrigin, Targets
from jiqun.model.region import REGION
from jiqun.scenarios.channels import check_channels, check_read
from jiqun.scenarios.errors import listed, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.marks import THOUSANDS, thousands
from jiqun.scenarios.outside import ORIGIN
from jiqun.scenarios.schema import (
    FIRST,
    SCALED_SETTINGS,
    SETTINGS,
    WHO,
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
from jiqun.scenarios.tables import table
from jiqun.scenarios.units import AMOUNT, UNITS, in_unit, parse_quarter, quoted, switched, to_base
from jiqun.scenarios.yaml_file import Document, Key, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal
    from pathlib import Path

    from jiqun.model.extensions import Extension
    from jiqun.scenarios.rows.evidence import Parameter
    from jiqun.scenarios.schema import Label, ScenarioFile

DECLARATIONS = REGION.own("levers.yaml")

Dated = tuple[tuple[int, float], ...]


@cache
def declarations() -> Mapping[str, LeverDeclaration]:
    """Every declared lever by id, in the order of the files; read once a process.

    Those of the region come first, then those of extensions.

    Raises:
        ScenarioError: A file is wrong, or declares what no function of the model reads.
        ExtensionError: An extension gives no declarations.
    """
    found: dict[str, LeverDeclaration] = {}
    files = _files()
    meant = [name for _, file, _ in files for name in file.channels]
    for document, file, _ in files:
        for i, lever in enumerate(file.levers):
            at: Key = ("levers", i)
            check_read(document, meant, lever, at)
            if lever.id in found:
                raise document.error((*at, "id"), say("declared twice"))
            _check_declared(document, lever, at)
            found[lever.id] = lever
    return found


@cache
def of_extensions() -> Mapping[str, Extension]:
    """The levers that extensions declare, each with its extension; read once a process."""
    return {lever.id: by for _, file, by in _files() if by for lever in file.levers}


def _files() -> list[tuple[Document, LeverFile, Extension | None]]:
    """Files of declarations: the region's, and after it those of extensions, each with its own."""
    found: list[tuple[Document, LeverFile, Extension | None]] = []
    meant: set[str] = set()
    for path, by in _paths():
        document = read_yaml(path)
        file = checked(document, LeverFile, document.data)
        check_channels(document, file.channels)
        for name in file.channels:
            if name in meant:
                raise document.error(("channels", name), say("declared twice"))
        meant.update(file.channels)
        for i, lever in enumerate(file.levers):
            # Else a scenario that takes all levers of an origin would change where it is installed.
            if by is not None and lever.origin != LeverOrigin.DESIGN:
                problem = say("{given} is not allowed", given=lever.origin)
                raise document.error(("levers", i, "origin"), problem, str(LeverOrigin.DESIGN))
            # A shipped lever has both: without the one its scenarios would have other hashes.
            if by is not None and lever.take_up and lever.usual_take_up:
                problem = say("is never read: take_up says who claims")
                allowed = say("one of take_up and usual_take_up")
                raise document.error(("levers", i, "usual_take_up"), problem, allowed)
        found.append((document, file, by))
    return found


def _paths() -> Iterator[tuple[Path, Extension | None]]:
    yield DECLARATIONS, None
    for extension in installed("levers"):
        yield extension.file("levers.yaml"), extension


def _check_declared(document: Document, lever: LeverDeclaration, at: Key) -> None:
    """Refuse values, parameters and sizes of a declaration that have no meaning."""
    for name, term in lever.terms.items():
        if term.default:
            _dated(document, term, term.default, (*at, "terms", name, "default"))
            _check_sources(document, term, (*at, "terms", name, "default"))
        else:
            _check_range(document, term, (*at, "terms", name, "parameter"))
    for key in ("usual_take_up", "window"):
        _check_known(document, getattr(lever, key), (*at, key))
    if lever.usual_take_up and "take_up" not in lever.settings:
        # Nobody claims what such a lever gives: everyone in its target groups has it.
        problem = say("lever {lever} takes no {name}", lever=lever.id, name="take_up")
        example = f"settings: [{', '.join([*lever.settings, 'take_up'])}]"
        raise document.error((*at, "usual_take_up"), problem, "", None, example)
    for place, cost in enumerate(lever.costs):
        _check_known(document, cost.unit_cost, (*at, "costs", place, "unit_cost"))
    _instalments(document, lever.instalments, _index(lever.from_), (*at, "instalments"))
    for place, name in enumerate(lever.size):
        if name not in lever.scalable:
            near = nearest_name(name, lever.scalable)
            problem = say(
                "lever {lever} has no {name} that a number may multiply",
                lever=lever.id, name=repr(name),
            )  # fmt: skip
            raise document.error((*at, "size", place), problem, listed(lever.scalable), near)


@cache
def channels() -> Mapping[str, Label]:
    """What each channel is, by name; read once a process."""
    return {name: label for _, file, _ in _files() for name, label in file.channels.items()}


def most_times(lever_id: str) -> float:
    """How many times as issued a lever can be before a term of its size leaves its bounds.

    Judged by what it is from the first quarter after history on; infinite where it has no bound.

    Raises:
        KeyError: No lever has this id.
    """
    return issued(declarations()[lever_id]).most_times(quarter_index(ORIGIN + 1, 1))


def parameter_of(term: Term) -> Parameter | None:
    """The row of `parameters.csv` a term is drawn with, or None if it is not drawn."""
    return next((row for row in table("parameters") if row.name == term.parameter), None)


def _check_known(document: Document, name: str | None, at: Key) -> None:
    """Refuse a parameter that is not in the table."""
    names = [row.name for row in table("parameters")]
    if name and name not in names:
        near = nearest_name(name, names)
        problem = say("unknown parameter {name}", name=repr(name))
        raise document.error(at, problem, say("names of parameters.csv"), near)


def _check_range(document: Document, term: Term, at: Key) -> None:
    """Refuse a parameter that is unknown, or may be drawn where its term has no meaning."""
    _check_known(document, term.parameter, at)
    row = parameter_of(term)
    low, high = term.bounds
    if row and not low <= row.low <= row.value <= row.high <= high:
        problem = say("{low:g} to {high:g} leaves the bounds", low=row.low, high=row.high)
        raise document.error(at, problem, say("{low:g} to {high:g}", low=low, high=high))
    if row and term.whole and (row.low != row.high or row.value % term.whole):
        problem = say(
            "{low:g} to {high:g} is drawn, and the term is a whole number of {step:g}",
            low=row.low, high=row.high, step=term.whole,
        )  # fmt: skip
        raise document.error(at, problem, say("a dated default"))


def declaration(document: Document, lever_id: str, at: Key) -> LeverDeclaration:
    """The declaration of a lever a scenario names.

    Args:
        document: File of the scenario, for the place of an error.
        lever_id: Id of the lever.
        at: Key in the file that names it.

    Raises:
        ScenarioError: No lever has this id.
    """
    known = declarations()
    if lever_id not in known:
        near = nearest_name(lever_id, known)
        allowed = say("{levers} (jiqun levers shows all)", levers=listed(known, 12))
        problem = say("unknown lever {lever}", lever=repr(lever_id))
        raise document.error(at, problem, allowed, near)
    return known[lever_id]


def issued(lever: LeverDeclaration) -> Lever:
    """A lever with the terms of its declaration."""
    source = Document(DECLARATIONS, None, {})
    start = _index(lever.from_)
    terms: dict[str, Dated] = {}
    for name, term in lever.terms.items():
        row = parameter_of(term)
        terms[name] = (
            ((start, row.value),)
            if row
            else _dated(source, term, term.default or [], ("terms", name))
        )
    terms |= _settings(
        lever.budget, lever.take_up, start, lever.budget.value if lever.budget else 0
    )
    terms |= _instalments(source, lever.instalments, start, ("instalments",))
    return Lever(
        id=lever.id,
        origin=lever.origin,
        channel=lever.channel,
        article=lever.article,
        start=start,
        end=_index(lever.to) if lever.to else None,
        terms=terms,
        who=_targets((), _groups(lever.eligible), start, start),
        paid_by=dict(lever.paid_by),
        tax=lever.tax,
        costs=tuple(
            Cost(cost.kind, dict(cost.paid_by), cost.quantity, cost.unit_cost or "")
            for cost in lever.costs
        ),
        fund=lever.fund,
        drawn={name: term.parameter for name, term in lever.terms.items() if term.parameter},
        cap_a_year=lever.cap_per == "year",
        usual_take_up=lever.usual_take_up or "",
        window=lever.window or "",
        size={
            part: lever.bounds_of(name)
            for name in lever.size
            for part in SCALED_SETTINGS.get(name, (name,))
        },
        place=list(declarations()).index(lever.id),
    )


def settings(written: ScenarioFile) -> Iterator[tuple[Key, LeverSetting]]:
    """What a scenario file sets of levers, each with where it says so.

    Levers of the origins that it takes come first, as they are in the baseline or else as issued;
    those that it names, or is without, are not among them.
    """
    named = {*written.without, *(setting.id for setting in written.levers)}
    for i, origin in enumerate(written.take):
        for lever in declarations().values():
            if lever.origin == origin and lever.id not in named:
                yield ("take", i), LeverSetting(id=lever.id)
    for i, setting in enumerate(written.levers):
        yield ("levers", i), setting


def _check_sources(document: Document, term: Term, at: Key) -> None:
    """Refuse a value as issued that names neither a rule nor, with a note, an assumption."""
    rules = {rule.id for rule in table("rules")}
    for i, item in enumerate(term.default or ()):
        assumed = item.source == term.grade == "assumption" and term.note
        if item.source not in rules and not assumed:
            problem = f"{item.source!r} is no rule of rules.csv"
            allowed = "id of a rule, or assumption beside `grade: assumption` and a note"
            near = nearest_name(item.source, rules)
            raise document.error((*at, i, "source"), problem, allowed, near)


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
        problem = say("{date} is before the start", date=setting.from_)
        allowed = say("{date} or later", date=quarter_name(0))
        raise document.error((*at, "from"), problem, allowed)
    if end is not None and end < start:
        key = (*at, "to") if setting.to else (*at, "from")
        problem = say("ends {date}, before it begins", date=quarter_name(end))
        raise document.error(key, problem, say("{date} or later", date=quarter_name(start)))
    given = {
        name: _term(document, lever, name, value, start, (*at, name))
        for name, value in (setting.model_extra or {}).items()
    }
    given |= _settings_of(document, lever, setting, start, at)
    before = _advanced(base, start)
    begin = min(start, base.start) if inherited else start
    if inherited and base.end is not None and start > base.end + 1:
        problem = say(
            "the baseline ends {lever} with {date}: a gap is not allowed",
            lever=lever.id, date=quarter_name(base.end),
        )  # fmt: skip
        allowed = say("from: {date} or earlier", date=quarter_name(base.end + 1))
        raise document.error((*at, "from"), problem, allowed)
    if setting.instalments is not None:
        before = _paid_at_once(before, begin)
        # Instalments that the setting has no longer end with it.
        ended = (name for name in before if name.startswith("instalment_") and name not in given)
        given |= dict.fromkeys(ended, ((start, 0.0),))
    fund = _fund(document, lever, setting, at) or base.fund
    if fund != base.fund and begin < start:
        problem = say(
            "the fund of {lever} is one for all its quarters; the baseline has {fund} from {date}",
            lever=lever.id, fund=base.fund, date=quarter_name(begin),
        )  # fmt: skip
        allowed = say(
            "fund with from: {date}; dated rate, cap or budget beside it", date=quarter_name(begin)
        )
        raise document.error((*at, "fund"), problem, allowed)
    if setting.times is not None:
        base = _times(document, lever, replace(base, terms=before), setting, start, at)
        before = dict(base.terms)
    terms = before | {name: _spliced(before.get(name, ()), dated) for name, dated in given.items()}
    return replace(
        base,
        start=begin,
        end=end,
        terms=terms,
        multiples=_still_drawn(base.multiples, given),
        who=_targets(base.who, _groups(_who(document, lever, setting, at)), start, begin),
        fund=fund,
        # What the scenario says from the first date on is no longer drawn.
        drawn={
            name: parameter
            for name, parameter in base.drawn.items()
            if name not in given or given[name][0][0] > max(begin, before[name][0][0])
        },
    )


def _times(
    document: Document,
    lever: LeverDeclaration,
    base: Lever,
    setting: LeverSetting,
    start: int,
    at: Key,
) -> Lever:
    """A lever made larger or smaller from a quarter on, at the values of every draw.

    Raises:
        ScenarioError: The setting gives a term of the lever's size as well, or the central value of
            one leaves its bounds.
    """
    given = setting.model_extra or {}
    if twice := [name for name in lever.size if name in given or getattr(setting, name, None)]:
        problem = say("{term} is set and multiplied as well", term=twice[0])
        raise document.error((*at, "times"), problem, say("one of the two"))
    times = float(setting.times or 0.0)
    if times > (most := base.most_times(start)):
        problem = say("{times:g} times leaves the bounds of {lever}", times=times, lever=lever.id)
        raise document.error((*at, "times"), problem, say("0 to {most:g}", most=most))
    return base.times(times, start)


def _still_drawn(multiples: Mapping[str, Dated], given: Mapping[str, Dated]) -> dict[str, Dated]:
    """Multiples of drawn values until a setting gives the term a value of its own."""
    kept = {
        name: tuple(step for step in steps if name not in given or step[0] < given[name][0][0])
        for name, steps in multiples.items()
    }
    return {name: steps for name, steps in kept.items() if steps}


def _advanced(base: Lever, start: int) -> dict[str, Dated]:
    """Terms of a lever that a scenario begins earlier than issued: the first values come along."""
    return {
        name: ((start, path[0][1]), *path[1:])
        if path and start < path[0][0] == base.start
        else path
        for name, path in base.terms.items()
    }


def _paid_at_once(before: dict[str, Dated], begin: int) -> dict[str, Dated]:
    """Terms with the one instalment that a lever without instalments pays in."""
    if any(name.startswith("instalment_") for name in before):
        return before
    return before | {"instalment_1": ((begin, 1.0),)}


def _spliced(before: Dated, after: Dated) -> Dated:
    """A path that follows `before` until the first date of `after`."""
    return (*(pair for pair in before if pair[0] < after[0][0]), *after)


def _term(
    document: Document, lever: LeverDeclaration, name: str, given: Any, start: int, at: Key
) -> Dated:
    if name not in lever.terms:
        known = ["id", "from", "to", *(["who"] if lever.who else []), *lever.terms]
        known += lever.settings
        near = nearest_name(name, known)
        problem = say("unknown key of lever {lever}", lever=lever.id)
        raise document.error(at, problem, ", ".join(known), near)
    term = lever.terms[name]
    if term.kind == "switch":
        given = _in_figures(given)
    if isinstance(given, list):
        items = [checked(document, DatedQuantity, item, (*at, i)) for i, item in enumerate(given)]
        if not items:
            allowed = say("a value with its unit, or a list of dated ones")
            raise document.error(at, say("is empty"), allowed)
        return _dated(document, term, items, at)
    if not isinstance(given, dict):
        if isinstance(given, str) and THOUSANDS.fullmatch(given):
            raise document.error(at, thousands(given).problem)
        if term.kind == "switch":
            problem = say("{given} is neither off nor on", given=repr(given))
            example = f"{name}: on"
            raise document.error(at, problem, say("0 (off) or 1 (on)"), None, example)
        units = ", ".join(UNITS[term.kind])
        problem = say("{given} has no unit", given=repr(given))
        allowed = say("{{value: number, unit: one of {units}}}", units=units)
        raise document.error(at, problem, allowed, None, _with_unit(name, term, given))
    quantity = checked(document, Quantity, given, at)
    return ((start, _base(document, term, quantity, at)),)


def _in_figures(given: Any) -> Any:
    """A switch as a quantity; what says neither on nor off stays as it is, to be refused."""
    if isinstance(given, list):
        return [_in_figures(item) for item in given]
    if isinstance(given, dict):
        value = switched(given.get("value"))
        return given if value is None else {"unit": "switch", **given, "value": value}
    value = switched(given)
    return given if value is None else {"value": value, "unit": "switch"}


def _dated(document: Document, term: Term, items: list[DatedQuantity], at: Key) -> Dated:
    pairs: list[tuple[int, float]] = []
    for i, item in enumerate(items):
        begin = _index(item.from_)
        if begin < 0:
            problem = say("{date} is before the start", date=item.from_)
            allowed = say("{date} or later", date=quarter_name(0))
            raise document.error((*at, i, "from"), problem, allowed)
        if pairs and begin <= pairs[-1][0]:
            after = quarter_name(pairs[-1][0])
            problem = say("{date} is not after the date before it", date=item.from_)
            raise document.error((*at, i, "from"), problem, say("later than {date}", date=after))
        pairs.append((begin, _base(document, term, item, (*at, i))))
    return tuple(pairs)


def _base(document: Document, term: Term, given: Quantity | DatedQuantity, at: Key) -> float:
    units = UNITS[term.kind]
    if given.unit not in units:
        near = nearest_name(given.unit, units)
        problem = say("{unit} is not a unit of {kind}", unit=repr(given.unit), kind=term.kind)
        raise document.error((*at, "unit"), problem, ", ".join(units), near)
    number = (*at, "value")
    value = to_base(document.number(number, given.value), given.unit, term.kind)
    low, high = term.bounds
    if not low <= value <= high:
        bounds = [in_unit(bound, given.unit, term.kind) for bound in (low, high)]
        problem = say("{value:g} {unit} is out of bounds", value=given.value, unit=given.unit)
        allowed = say("{low:g} to {high:g} {unit}", low=bounds[0], high=bounds[1], unit=given.unit)
        raise document.error(number, problem, allowed)
    if term.kind == "switch" and value not in (0.0, 1.0):
        problem = say("{given} is neither off nor on", given=f"{given.value:g}")
        raise document.error(number, problem, say("0 (off) or 1 (on)"))
    if term.whole and value % term.whole:
        step = in_unit(term.whole, given.unit, term.kind)
        problem = say(
            "{value:g} {unit} falls between two steps", value=given.value, unit=given.unit
        )
        allowed = say("whole multiples of {step:g} {unit}", step=step, unit=given.unit)
        raise document.error(number, problem, allowed)
    return value


def _with_unit(name: str, term: Term, given: Any) -> str:
    """A term with its unit, as near as can be to a number or text without one."""
    units = list(UNITS[term.kind])
    found = AMOUNT.fullmatch(given) if isinstance(given, str) else None
    if found and found[2] in units:
        number, unit = found[1], found[2]
    else:
        plain = isinstance(given, int | float) and not isinstance(given, bool)
        number, unit = f"{given:g}" if plain else "1", units[0]
    return f"{name}: {{value: {number}, unit: {quoted(unit)}}}"


def _settings_of(
    document: Document, lever: LeverDeclaration, setting: LeverSetting, start: int, at: Key
) -> dict[str, Dated]:
    for name in SETTINGS:
        if getattr(setting, name) is not None and name not in lever.settings:
            allowed = ", ".join(lever.settings) or say("none")
            problem = say("lever {lever} takes no {name}", lever=lever.id, name=name)
            raise document.error((*at, name), problem, allowed)
    given = setting.budget
    written = document.number((*at, "budget", "value"), given.value) if given else 0.0
    terms = _settings(given, setting.take_up, start, written)
    if given and given.value < 0:
        problem, allowed = say("is negative"), say("0 or more")
        raise document.error((*at, "budget", "value"), problem, allowed)
    if setting.lag is not None:
        # The model counts a lag in whole quarters.
        span = Term(
            kind="quarters", bounds=[0, 40], default=[_ZERO_LAG], grade="assumption", step=1.0
        )
        terms["lag"] = ((start, _base(document, span, setting.lag, (*at, "lag"))),)
    return terms | _instalments(document, setting.instalments, start, (*at, "instalments"))


def _instalments(
    document: Document, shares: list[float] | None, start: int, at: Key
) -> dict[str, Dated]:
    """Share of each year's instalment as terms."""
    if shares is None:
        return {}
    total = sum(shares)
    if abs(total - 1) > 1e-9:
        problem = say("sum to {total:g}", total=total)
        raise document.error(at, problem, say("shares that sum to 1"))
    return {f"instalment_{i}": ((start, share),) for i, share in enumerate(shares, 1)}


_ZERO_LAG = DatedQuantity.model_validate({"from": "2019-Q1", "value": 0.0, "unit": "quarters"})


def _settings(
    budget: Budget | None, take_up: TakeUp | None, start: int, written: float | Decimal
) -> dict[str, Dated]:
    """Budget a year, order of service (its number) and take-up as terms."""
    terms: dict[str, Dated] = {}
    if budget:
        times = 4 if budget.per == "quarter" else 1
        terms["budget"] = ((start, to_base(written, budget.unit, "money", times)),)
        terms["budget_first"] = ((start, float(FIRST[budget.first])),)
    if take_up:
        for part in ("start", "full", "years"):
            terms[f"take_up_{part}"] = ((start, float(getattr(take_up, part))),)
    return terms


def _fund(
    document: Document, lever: LeverDeclaration, setting: LeverSetting, at: Key
) -> str | None:
    if setting.fund is not None and not issued(lever).grants:
        problem = say("lever {lever} is paid by nobody in particular", lever=lever.id)
        raise document.error((*at, "fund"), problem, say("levers that pay grants"))
    return setting.fund


def _who(document: Document, lever: LeverDeclaration, setting: LeverSetting, at: Key) -> Any:
    if setting.who is None:
        return None
    for attribute, ids in setting.who.model_dump(exclude_none=True).items():
        key = (*at, "who", attribute)
        if attribute not in lever.who:
            problem = say(
                "lever {lever} is not aimed by {attribute}", lever=lever.id, attribute=attribute
            )
            raise document.error(key, problem, _aims(lever, attribute))
        if not ids:
            raise document.error(key, say("names nobody"), say("at least one id"))
    return setting.who


def _aims(lever: LeverDeclaration, attribute: str) -> str:
    """What a lever can be aimed by, and the levers that can be aimed by an attribute instead."""
    own = ", ".join(lever.who) or say("nothing, it is the same for all")
    able = [other for other in declarations().values() if attribute in other.who]
    near = [other.id for other in able if other.article == lever.article != ""]
    return say(
        "{lever} is aimed by {own}; by {attribute} use {levers}",
        lever=lever.id, own=own, attribute=attribute,
        levers=listed(near or [other.id for other in able], 6),
    )  # fmt: skip


def _groups(who: Any) -> dict[str, tuple[str, ...]]:
    """Target groups as written, ids in the order of their register and each once."""
    chosen = who.model_dump(exclude_none=True) if who else {}
    return {
        attribute: tuple(name for name in WHO[attribute] if name in ids)
        for attribute, ids in chosen.items()
    }


def _targets(
    before: Targets, given: Mapping[str, tuple[str, ...]], start: int, begin: int
) -> Targets:
    """Dated target groups that follow `before`, with the groups given from a quarter on.

    Args:
        before: The groups so far.
        given: What is changed.
        start: First quarter of the change.
        begin: First quarter of the lever.
    """
    found: list[tuple[int, dict[str, tuple[str, ...]]]] = []
    for date in sorted({begin, start, *(quarter for quarter, _ in before if quarter > begin)}):
        # The first groups come along where the lever begins earlier.
        past = [groups for quarter, groups in before if quarter <= date] or [
            groups for _, groups in before[:1]
        ]
        groups = {**(past[-1] if past else {}), **(given if date >= start else {})}
        if not found or found[-1][1] != groups:
            found.append((date, groups))
    return tuple(found) if any(groups for _, groups in found) else ()


def _index(quarter: str) -> int:
    index = parse_quarter(quarter)
    if index is None:
        raise ValueError(f"not a quarter: {quarter!r}")
    return index
