"""Which runs share a past: those of one draw and seed, until their scenarios differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.branching import first_difference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from experiments.batch import Run
    from model.scenario import Scenario

    Arm = tuple[Run, Scenario]
    """A run and its scenario at central values."""


def drawn(arm: Arm) -> Scenario:
    """The scenario of a run at the values of its draw."""
    run, scenario = arm
    return scenario.with_draw(run.draw.values, run.draw.outside)


def bundles(arms: Iterable[Arm]) -> list[list[Arm]]:
    """Runs from one population sorted into those that share their first quarters, in order."""
    found: dict[tuple[int, int], list[tuple[Scenario, list[Arm]]]] = {}
    for arm in arms:
        run, mine = arm[0], drawn(arm)
        alike = found.setdefault((run.draw.index, run.seed), [])
        for first, bundle in alike:
            if first_difference(first, mine) > mine.start:
                bundle.append(arm)
                break
        else:
            alike.append((mine, [arm]))
    return [bundle for alike in found.values() for _, bundle in alike]
