"""A question in one line, such as ``cluster_award*2``, as the scenario file that asks it.

Parts are joined by ``,`` or ``;``: ``lever*2`` makes a lever so many times as large, ``lever=off``
takes it out and ``lever=on`` puts it in, ``lever.term=50%`` sets one of its terms. All hold from
the first year after history on. Levers go by id or label; full-width characters are read as plain
ones. The line is split by patterns and never run; what it comes to is checked as any other file.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from jiqun.model.calendar import quarter_index, quarter_name
from jiqun.scenarios.errors import ScenarioError, listed, nearest_name
from jiqun.scenarios.language import said_in, say
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.loader import load_text
from jiqun.scenarios.outside import ORIGIN
from jiqun.scenarios.schema import FIRST
from jiqun.scenarios.units import UNITS, parse_quarter, switched

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.schema import LeverDeclaration

SINCE = quarter_index(ORIGIN + 1, 1)
"""First quarter of what is asked about."""
GRAMMAR = "lever*2, lever=off, lever=on, lever.term=50%"
BUDGET = "budget"
MOST = 2_000
"""Longest line that is read."""
LONGEST_NAME = 60
WIDEST = 120
"""Characters of a line that a message repeats."""

_PLAIN = str.maketrans({"×": "*", "✕": "*", "✖": "*", "、": ","})
PART = re.compile(r"\s*(?P<what>[^*=]+?)\s*(?P<sign>[*=])\s*(?P<value>[^*=]+?)\s*")
"""What is set, and to what."""
_INDEX = re.compile(r"^levers\[(\d+)\]")
AMOUNT = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+))\s*(?P<unit>\S.*)?", re.ASCII)
"""A number with its unit."""


@dataclass
class _Asked:
    """What is asked of levers so far: entries by lever, those to leave out, names and labels."""

    levers: dict[str, dict[str, Any]] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    slugs: list[str] = field(default_factory=list)
    labels: dict[str, list[str]] = field(default_factory=lambda: {"zh": [], "en": []})

    def add(self, lever: LeverDeclaration, slug: str, template: str, **fields: str) -> None:
        """Note what a part is called."""
        self.slugs.append(f"{lever.id}_{slug}")
        for lang, parts in self.labels.items():
            parts.append(said_in(lang, template, lever=getattr(lever.label, lang), **fields))


@dataclass(frozen=True)
class Question:
    """A question as a scenario.

    Attributes:
        text: The scenario file that asks it.
        scenario: The scenario.
    """

    text: str
    scenario: Scenario


def ask(expression: str, on: Scenario, folder: Path) -> Question:
    """The scenario that a line asks about.

    Args:
        expression: The line.
        on: Scenario that it is laid over, and compared with.
        folder: Folder that has the file of that scenario.

    Raises:
        ScenarioError: A lever, term, unit or number that is unknown or out of bounds, or a part
            that is none of `GRAMMAR`.
    """
    line = _in_ids(plain(expression))
    if not line or len(line) > MOST:
        raise _refused(expression, expression, say("nothing is asked"), GRAMMAR)
    asked = _Asked()
    for part in filter(str.strip, re.split("[,;]", line)):
        _read(expression, part, on, asked)
    text = _written(asked, on)
    try:
        scenario = load_text(text, folder / f"{_name(asked)}.yaml")
    except ScenarioError as error:
        # Lines and examples are of a file that nobody has seen.
        key = _INDEX.sub(lambda found: list(asked.levers)[int(found[1])], error.key)
        key = key.removesuffix(".value")
        raise _refused(expression, key, error.problem, error.allowed, error.nearest) from error
    return Question(text, scenario)


def plain(text: str) -> str:
    """A text in plain characters."""
    return unicodedata.normalize("NFKC", text.translate(_PLAIN)).strip()


@cache
def _labels() -> dict[str, str]:
    """Label of each lever, in plain characters, to its id; the longest first."""
    found = {
        plain(label): id_
        for id_, lever in declarations().items()
        for label in (lever.label.zh, lever.label.en)
    }
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _in_ids(line: str) -> str:
    """A line with ids of levers in place of their labels, which may hold commas."""
    every = "|".join(map(re.escape, _labels()))
    return re.sub(rf"(?:{every})(?=\s*[*=.])", lambda found: _labels()[found[0]], line)


def _refused(
    expression: str, part: str, problem: str, allowed: str, nearest: str | None = None
) -> ScenarioError:
    key = "" if part.strip() == expression.strip() else shorten(part, WIDEST)
    return ScenarioError(shorten(expression, WIDEST), None, key, problem, allowed, nearest)


def _read(expression: str, part: str, on: Scenario, asked: _Asked) -> None:
    """Read one part of a line."""
    found = PART.fullmatch(part)
    if not found:
        raise _refused(expression, part, say("is no question"), GRAMMAR)
    what, value = found["what"], found["value"]
    name, term = _parted(what)
    lever = declarations().get(name)
    if lever is not None and lever.id in asked.without:
        raise _refused(expression, part, say("is set twice"), say("once"))
    if lever is None:
        near = nearest_name(name, [*declarations(), *_labels()])
        allowed = say("{levers} (jiqun levers shows all)", levers=listed(declarations(), 12))
        problem = say("unknown lever {lever}", lever=repr(name))
        raise _refused(expression, part, problem, allowed, near)
    present = on.lever(lever.id)
    if present and present.end is not None and present.end < SINCE:
        problem = say("{lever} ends {date}", lever=lever.id, date=quarter_name(present.end))
        allowed = say("levers that act from {date} on", date=quarter_name(SINCE))
        raise _refused(expression, part, problem, allowed)
    if found["sign"] == "*":
        number = AMOUNT.fullmatch(value)
        if term or not number or number["unit"]:
            raise _refused(expression, part, say("is no question"), GRAMMAR)
        if present is None:
            raise _absent(expression, part, lever.id, on)
        _put(expression, part, _entry(asked, lever, present), "times", _number(number["number"]))
        template = "{lever} × {number}"
        asked.add(lever, f"times_{number['number']}", template, number=number["number"])
    elif term:
        _set(expression, part, lever, present, term, value, asked)
    else:
        _switch(expression, part, lever, on, value, asked)


def _parted(what: str) -> tuple[str, str]:
    """Lever and term; no term where there is no point."""
    name, _, term = what.rpartition(".")
    return (name.strip(), term.strip()) if name else (what, "")


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def _absent(expression: str, part: str, lever: str, on: Scenario) -> ScenarioError:
    problem = say("{scenario} has no lever {lever}", scenario=on.name, lever=lever)
    return _refused(expression, part, problem, say("{lever}=on puts it in", lever=lever))


def _entry(asked: _Asked, lever: LeverDeclaration, present: Lever | None) -> dict[str, Any]:
    """Entry of a lever in the file, dated by the first quarter in which it may be set otherwise."""
    if lever.id not in asked.levers:
        start = present.start if present else parse_quarter(lever.from_) or 0
        since = quarter_name(max(start, SINCE))
        asked.levers[lever.id] = {"id": lever.id, "from": since}
    return asked.levers[lever.id]


def _put(expression: str, part: str, entry: dict[str, Any], key: str, value: Any) -> None:
    """Set a key of a lever's entry, once."""
    if key in entry:
        raise _refused(expression, part, say("is set twice"), say("once"))
    entry[key] = value


def _switch(
    expression: str,
    part: str,
    lever: LeverDeclaration,
    on: Scenario,
    value: str,
    asked: _Asked,
) -> None:
    """Take a lever out, or put it in as issued."""
    wanted, present = switched(value), on.lever(lever.id)
    if lever.id in {*asked.levers, *asked.without}:
        raise _refused(expression, part, say("is set twice"), say("once"))
    if wanted is None:
        terms = ", ".join(f"{lever.id}.{term}" for term in _terms(lever))
        problem = say("{value} is neither on nor off; a value is one of a term", value=repr(value))
        raise _refused(expression, part, problem, terms)
    if wanted:
        if present:
            problem = say("{scenario} has {lever} already", scenario=on.name, lever=lever.id)
            raise _refused(expression, part, problem, f"{lever.id}*2, {lever.id}=off")
        _entry(asked, lever, present)
        template = "With {lever}"
        asked.add(lever, "on", template)
        return
    if present is None:
        raise _absent(expression, part, lever.id, on)
    # What was there in history stays there.
    if present.start >= SINCE:
        asked.without.append(lever.id)
    else:
        asked.levers[lever.id] = {"id": lever.id, "to": quarter_name(SINCE - 1)}
    template = "Without {lever}"
    asked.add(lever, "off", template)


def _terms(lever: LeverDeclaration) -> list[str]:
    return [*lever.terms, *([BUDGET] if BUDGET in lever.settings else [])]


def _set(
    expression: str,
    part: str,
    lever: LeverDeclaration,
    present: Lever | None,
    term: str,
    value: str,
    asked: _Asked,
) -> None:
    """Set a term of a lever."""
    if term not in _terms(lever):
        problem = say("lever {lever} has no term {term}", lever=lever.id, term=repr(term))
        near = nearest_name(term, _terms(lever))
        raise _refused(expression, part, problem, ", ".join(_terms(lever)), near)
    kind = "money" if term == BUDGET else lever.terms[term].kind
    entry = _entry(asked, lever, present)
    if kind == "switch":
        if switched(value) is None:
            problem = say("{given} is neither off nor on", given=repr(value))
            raise _refused(expression, part, problem, say("0 (off) or 1 (on)"))
        _put(expression, part, entry, term, "on" if switched(value) else "off")
    else:
        found = AMOUNT.fullmatch(value)
        units = ", ".join(UNITS[kind])
        if not found:
            problem = say("{value} is no number with a unit", value=repr(value))
            raise _refused(expression, part, problem, units)
        only = next(iter(UNITS[kind])) if len(UNITS[kind]) == 1 else ""
        unit = found["unit"] or only
        if unit not in UNITS[kind]:
            problem = (
                say("{unit} is not a unit of {kind}", unit=repr(unit), kind=kind)
                if unit
                else say("{given} has no unit", given=repr(value))
            )
            raise _refused(expression, part, problem, units, nearest_name(unit, UNITS[kind]))
        given: dict[str, Any] = {"value": _number(found["number"]), "unit": unit}
        if term == BUDGET:
            given |= {"per": "year", "first": _first(present)}
        _put(expression, part, entry, term, given)
    template = "{lever}: {value}"
    asked.add(lever, f"{term}_{value}", template, value=value)


def _first(present: Lever | None) -> str:
    """Who is served first where a budget is short: as the baseline has it."""
    order = int(present.value("budget_first", max(present.start, SINCE), 1.0)) if present else 1
    return next(name for name, number in FIRST.items() if number == order)


def _name(asked: _Asked) -> str:
    """Name of the scenario: small letters, digits and _."""
    whole = "_and_".join(asked.slugs)
    name = re.sub("[^a-z0-9]+", "_", whole.lower().replace(".", "p").replace("%", "")).strip("_")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME].rstrip('_')}_{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _written(asked: _Asked, on: Scenario) -> str:
    """The scenario file."""
    joined = {"zh": "；", "en": "; "}
    label = {lang: joined[lang].join(parts) for lang, parts in asked.labels.items()}
    lines = [f"name: {_name(asked)}", f"label: {_inline(label)}", f"baseline: {on.name}"]
    if asked.levers:
        lines += ["levers:", *(f"  - {_inline(entry)}" for entry in asked.levers.values())]
    if asked.without:
        lines.append(f"without: [{', '.join(asked.without)}]")
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_inline(item)}' for key, item in value.items())}}}"
    if isinstance(value, int | float) or re.fullmatch(r"[a-z][a-z_]*|\d{4}-Q\d", value):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
