"""Scenarios with a common past: until when they are the same, so that it need be run only once.

Levers of a new policy begin late in a run, and the outside world is history until its origin. Until
then the runs of one draw and seed are the same to the last bit in all scenarios that share the
rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model import shocks
from jiqun.model.calendar import FIRST_YEAR, quarter_index, year_of
from jiqun.model.outside_world import SERIES

if TYPE_CHECKING:
    from jiqun.model.lever import Lever
    from jiqun.model.outside_world import Outside
    from jiqun.model.province import Province
    from jiqun.model.scenario import Scenario


def first_difference(one: Scenario, other: Scenario) -> int:
    """First quarter in which the runs of two scenarios with one seed can differ.

    A lever does nothing before its start. Scenarios that differ in their last quarter alone never
    differ while both run.

    Args:
        one: A scenario at the values of its draw.
        other: Another.

    Returns:
        Quarter index. Nothing is shared if it is not after the start; nothing differs if it is
        after both ends.
    """
    start = min(one.start, other.start)
    if (
        one.start != other.start
        or one.rows != other.rows
        or one.data_hash != other.data_hash
        or one.parameters != other.parameters
        or not _same_province(one.province, other.province)
    ):
        return start
    mine, theirs = ({lever.id: lever for lever in each.levers} for each in (one, other))
    never = max(one.end, other.end) + 1
    levers = (
        _lever_differs(mine.get(name), theirs.get(name))
        for name in mine | theirs
        if mine.get(name) != theirs.get(name)
    )
    half_life = one.parameters["growth_half_life"]
    struck = shocks.first_difference(one.shocks, other.shocks, never)
    return min(struck, _world_differs(one.outside, other.outside, half_life, never), *levers)


def _same_province(one: Province, other: Province) -> bool:
    """Whether populations are built from the same facts."""
    return one is other or (
        one.marginals == other.marginals
        and one.clusters == other.clusters
        and one.estimates == other.estimates
        and np.array_equal(one.city_weight, other.city_weight)
        and one.fields.keys() == other.fields.keys()
        and all(np.array_equal(one.fields[name], other.fields[name]) for name in one.fields)
    )


def _lever_differs(one: Lever | None, other: Lever | None) -> int:
    """First quarter in which two levers differ that are not the same, or of which one is absent.

    What has no dates matters from the start, and so does whether there is a term at all.
    """
    if one is None or other is None:
        # The books of the year in which a tax relief begins have a line for it from the first.
        return min(lever.start // 4 * 4 for lever in (one, other) if lever is not None)
    start = min(one.start, other.start)
    if one.terms.keys() != other.terms.keys() or any(
        getattr(one, name) != getattr(other, name)
        for name in one.__dataclass_fields__
        # Multiples of what is drawn are in the terms once it is.
        if name not in ("terms", "end", "who", "multiples", "place")
    ):
        return start
    ends = [] if one.end == other.end else [one.end, other.end]
    moved = [end + 1 for end in ends if end is not None]
    for term, steps in one.terms.items():
        moved += [quarter for quarter, _ in set(steps) ^ set(other.terms[term])]
    dates = (start, *(quarter for quarter, _ in one.who + other.who))
    moved += [quarter for quarter in dates if one.groups(quarter) != other.groups(quarter)]
    return max(start, min(moved, default=start))


def _world_differs(one: Outside, other: Outside, half_life: float, never: int) -> int:
    """First quarter of the first year in which the outside world differs; `never` if none does."""
    given = [name for name in one.__dataclass_fields__ if name != "position"]
    if one.position == other.position and all(getattr(one, n) is getattr(other, n) for n in given):
        return never
    # A run sets out from the year before the first.
    years = range(FIRST_YEAR - 1, year_of(never) + 1)
    apart = (year for year in years if not _same_year(one, other, year, half_life))
    return next((quarter_index(year, 1) for year in apart), never)


def _same_year(one: Outside, other: Outside, year: int, half_life: float) -> bool:
    """Whether a year of the outside world is the same."""
    mine, theirs = (
        [each.growth(name, year, half_life) for name in SERIES] for each in (one, other)
    )
    return (
        # Prices answer to the province's supply from the origin on.
        (one.origin == other.origin or year <= min(one.origin, other.origin))
        and np.array_equal(mine, theirs)
        and one.loan_rate_in(year) == other.loan_rate_in(year)
        and one.credit_growth_in(year) == other.credit_growth_in(year)
        and one.input_gap_in(year) == other.input_gap_in(year)
        and all(one.factor(n, year) == other.factor(n, year) for n in {**one.times, **other.times})
    )
