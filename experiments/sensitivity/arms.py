"""The pairs behind a lever's effect: a scenario with it and the same without it.

What is decided is decided after the origin of the outside world. A lever that was in force before
ends there and its history stays, so that the runs of a pair are one until then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jiqun.scenarios.levers import declarations, issued

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.experiments.sensitivity.spec import Task
    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario

DOCUMENT, OTHER = "document_55", "other"
GROUPS = (DOCUMENT, OTHER)
"""Groups that levers are ranked in: of the document; older, later and possible ones."""
WITHOUT, ALONE = "without", "alone"
SETTINGS = (WITHOUT, ALONE)


@dataclass(frozen=True)
class Pair:
    """A scenario with a lever and the same without it."""

    lever: str
    with_it: Scenario
    without: Scenario


def group_of(lever_id: str) -> str:
    """Group that a lever is ranked in."""
    return DOCUMENT if declarations()[lever_id].origin == DOCUMENT else OTHER


def pairs(task: Task, base: Scenario, levers: Sequence[str]) -> list[Pair]:
    """The pair of each lever over a scenario.

    The scenario itself is one of the two: with a lever that it has after the origin, else without.

    Args:
        task: The specification with its scenarios.
        base: The scenario that the levers are taken out of or laid over.
        levers: Ids of the levers.
    """
    found = []
    for name in levers:
        current = base.lever(name)
        if current is not None and (current.end is None or current.end >= task.first):
            found.append(Pair(name, base, without(task, base, name)))
        else:
            found.append(Pair(name, with_lever(task, base, name), base))
    return found


def without(task: Task, base: Scenario, lever_id: str) -> Scenario:
    """A scenario whose lever ends with history, or goes on at the least size it can have.

    Some tax is always levied: a lever whose range does not begin with none keeps its lower end.

    Args:
        task: The specification, for the first quarter after history and the ranges of sizes.
        base: Scenario that has the lever.
        lever_id: Id of the lever.
    """
    least = task.spec.ranges[lever_id].low if lever_id in task.spec.ranges else 0.0
    kept = [
        lever
        if lever.id != lever_id
        else lever.sized(least, task.first)
        if least
        else replace(lever, end=task.first - 1)
        for lever in base.levers
        if least or lever.id != lever_id or lever.start < task.first
    ]
    return replace(base, name=f"{base.name}.without.{lever_id}", levers=tuple(kept))


def with_lever(task: Task, base: Scenario, lever_id: str) -> Scenario:
    """A scenario with a lever as issued, as set by later policy, or else as declared.

    Args:
        task: The specification, for the scenarios that a lever is taken from.
        base: Scenario to lay it over; a lever of this id that it has already is replaced.
        lever_id: Id of the lever.
    """
    added = _lever(task, lever_id)
    others = {lever.id: lever for lever in base.levers} | {lever_id: added}
    # Of grants of one rate the first is offered: the order is that of the declarations.
    order = [name for name in declarations() if name in others]
    levers = tuple(others[name] for name in order)
    return replace(base, name=f"{base.name}.with.{lever_id}", levers=levers)


def _lever(task: Task, lever_id: str) -> Lever:
    for scenario in (task.issued, task.later):
        found = scenario.lever(lever_id) if scenario else None
        if found is not None:
            return found
    return issued(declarations()[lever_id])
