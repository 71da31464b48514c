"""Which runs share a past: those of one seed and parameter values, until their scenarios differ.

Rows of a design may have the values of one draw and differ in paths of the outside world or sizes
of levers alone: their numbers differ, their history does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.model.branching import first_difference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.experiments.runs.batch import Run
    from jiqun.model.scenario import Scenario

    Arm = tuple[Run, Scenario]
    """A run and its scenario at central values."""


def drawn(arm: Arm) -> Scenario:
    """The scenario of a run at the values of its draw."""
    run, scenario = arm
    return run.draw.of(scenario)


def bundles(arms: Iterable[Arm]) -> list[list[Arm]]:
    """Runs from one population sorted into those that share their first quarters, in order."""
    found: dict[object, list[tuple[Scenario, list[Arm]]]] = {}
    for arm in arms:
        run, mine = arm[0], drawn(arm)
        alike = found.setdefault((run.seed, frozenset(run.draw.values.items())), [])
        for first, bundle in alike:
            if first_difference(first, mine) > mine.start:
                bundle.append(arm)
                break
        else:
            alike.append((mine, [arm]))
    return [bundle for alike in found.values() for _, bundle in alike]
