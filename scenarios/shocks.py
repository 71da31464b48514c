"""Shocks of a scenario file, checked against what installed packages declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Packages declare their shocks when the model is imported.
from jiqun import model  # noqa: F401
from jiqun.model.calendar import quarter_name
from jiqun.model.shocks import KNOWN, Shock
from jiqun.scenarios.errors import listed, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.units import parse_quarter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.scenarios.schema import ShockSetting
    from jiqun.scenarios.yaml_file import Document, Key


def laid_over(
    document: Document, written: Sequence[ShockSetting], below: Mapping[str, Shock]
) -> dict[str, Shock]:
    """Shocks of a file with those of its baseline: one that it names takes the place of the same.

    Args:
        document: The file.
        written: Its shocks.
        below: Those of the baseline.

    Raises:
        ScenarioError: A shock is unknown or named twice, lacks a term or has one that is unknown or
            out of bounds, or ends before it begins.
    """
    found: dict[str, Shock] = {}
    for i, setting in enumerate(written):
        at: Key = ("shocks", i)
        if setting.id in found:
            problem = say("shock {shock} is set twice", shock=setting.id)
            raise document.error((*at, "id"), problem, say("once"))
        check_known(document, setting.id, (*at, "id"))
        start, end = parse_quarter(setting.from_) or 0, parse_quarter(setting.to or "")
        if start < 0:
            problem = say("{date} is before the start", date=setting.from_)
            raise document.error(
                (*at, "from"), problem, say("{date} or later", date=quarter_name(0))
            )
        if end is not None and end < start:
            problem = say("ends {date}, before it begins", date=setting.to)
            raise document.error((*at, "to"), problem, say("{date} or later", date=setting.from_))
        given = setting.model_extra or {}
        for name in KNOWN[setting.id].terms:
            if name not in given:
                raise document.error(
                    (*at, name), say("is missing"), listed(KNOWN[setting.id].terms)
                )
        check_terms(document, setting.id, given, at)
        terms = tuple((name, float(value)) for name, value in sorted(given.items()))
        found[setting.id] = Shock(setting.id, start, end, terms)
    return {**below, **found}


def check_known(document: Document, name: str, at: Key) -> None:
    """Refuse a shock that no installed package declares.

    Args:
        document: The file.
        name: The shock.
        at: Where the file names it.
    """
    if name not in KNOWN:
        problem = say("unknown shock {shock}", shock=repr(name))
        allowed = listed(KNOWN) or say("none: no installed package declares a shock")
        raise document.error(at, problem, allowed, nearest_name(name, KNOWN))


def check_terms(document: Document, name: str, values: Mapping[str, Any], at: Key) -> None:
    """Refuse terms that a shock does not have, and values that are no numbers or out of bounds.

    Args:
        document: The file.
        name: The shock.
        values: Term to what is written.
        at: Where the shock stands.
    """
    terms = KNOWN[name].terms
    for term, value in values.items():
        if term not in terms:
            problem = say("unknown key of shock {shock}", shock=name)
            known = ["id", "from", "to", *terms]
            raise document.error((*at, term), problem, listed(known), nearest_name(term, known))
        low, high = terms[term]
        allowed = say("{low:g} to {high:g}", low=low, high=high)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            problem = say("{given} is not allowed", given=repr(value))
            raise document.error((*at, term), problem, allowed)
