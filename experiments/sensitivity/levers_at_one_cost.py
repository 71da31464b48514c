"""Paired effects of levers that cost one common sum."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jiqun.experiments.sensitivity.arms import WITHOUT, Pair, pairs
from jiqun.experiments.sensitivity.equal_cost import (
    envelope_of,
    pricing,
    scalable_levers,
    sized,
    solved,
)
from jiqun.experiments.sensitivity.lever_ranks import EQUAL_BUDGET, EQUAL_COST, read_effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.experiments.effects.costs import Borne
    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.sensitivity.lever_ranks import Effects
    from jiqun.experiments.sensitivity.runs import Bench
    from jiqun.experiments.sensitivity.spec import Task


NEAR = 0.1
"""Distance from the sum, as a share of it, at which levers are still compared.

What is paid for few large projects cannot be cut to the yuan, and effects differ by far more.
"""


CONDITION: dict[Borne, str] = {"total": EQUAL_COST, "budget": EQUAL_BUDGET}


def at_one_cost(
    bench: Bench, task: Task, drawn: Sequence[tuple[Draw, int]], borne: Borne = "total"
) -> tuple[Effects | None, dict[str, Any]]:
    """Size levers until each costs the same, and take their effects at that size.

    Args:
        bench: Where runs are made.
        task: The specification.
        drawn: Draws with their seeds; the first ones are used.
        borne: Whose cost is the same.

    Returns:
        Effects of the levers that can cost the sum, or None where none can; the sum, and for each
        lever its solution, its cost as issued, and whether it is compared.

    Raises:
        SensitivityError: No lever of document 55 costs anything.
    """
    spec = task.spec.equal_cost
    assert spec is not None
    price = pricing(bench, task, drawn[: spec.solved_on], borne)
    scalable = scalable_levers(task)
    issued = dict(zip(scalable, price([(lever, 1.0) for lever in scalable]), strict=True))
    envelope = envelope_of(issued)
    solutions = solved(price, issued, envelope)
    equal = {
        name: found.scale
        for name, found in solutions.items()
        if found.verdict != "nobody pays" and abs(found.cost - envelope) <= NEAR * envelope
    }
    told = {
        "envelope": envelope,
        "levers": {
            name: asdict(solution) | {"issued": issued[name], "compared": name in equal}
            for name, solution in solutions.items()
        },
    }
    if not equal:
        return None, told
    few = drawn[: spec.draws]
    with_it = {name: sized(task, name, size, few) for name, size in equal.items()}
    gone = {pair.lever: pair.without for pair in pairs(task, task.issued, list(equal))}
    condition = CONDITION[borne]
    without = [(scenario, few) for scenario in gone.values()]
    bench.run([*with_it.values(), *without], condition, bench.priced)
    arms = [
        (Pair(name, scenario, gone[name]), sizes, few)
        for name, (scenario, sizes) in with_it.items()
    ]
    return read_effects(bench, task, WITHOUT, condition, arms), told
