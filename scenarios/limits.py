"""Limits that scenarios keep, whether written by hand or kept in a store."""

from __future__ import annotations

from math import inf, nextafter
from typing import TYPE_CHECKING

from jiqun.model.calendar import quarter_index
from jiqun.scenarios.errors import nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.scenarios.yaml_file import Document

FIRST_END = quarter_index(2019, 4)
"""Earliest end: outcomes are of whole years."""
LAST_END = quarter_index(2040, 4)
"""Latest end: paths of the outside world say nothing sensible beyond."""


def within(value: float, low: float, high: float) -> bool:
    """Whether a value is in a range; a draw at an end of it may miss it by the last digit.

    Args:
        value: Value to check, in the unit of the range.
        low: Lower end of the range.
        high: Upper end of the range.
    """
    return nextafter(low, -inf) <= value <= nextafter(high, inf)


def in_range(document: Document, values: Mapping[str, float]) -> dict[str, float]:
    """Values of parameters, checked.

    Args:
        document: The file that gives them.
        values: Parameter to value.

    Raises:
        ScenarioError: A parameter is unknown, or its value is out of range.
    """
    known = {row.name: row for row in table("parameters")}
    for name, value in values.items():
        at = ("parameters", name)
        if name not in known:
            near = nearest_name(name, known)
            problem = say("unknown parameter {name}", name=repr(name))
            raise document.error(at, problem, say("names of parameters.csv"), near)
        row = known[name]
        if not within(value, row.low, row.high):
            problem = say("{value:g} is out of bounds", value=value)
            allowed = say("{low:g} to {high:g} {unit}", low=row.low, high=row.high, unit=row.unit)
            raise document.error(at, problem, allowed)
    return {name: float(value) for name, value in values.items()}
