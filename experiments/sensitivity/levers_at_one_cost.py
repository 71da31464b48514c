"""Paired effects of levers that cost one common sum."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from experiments.sensitivity.arms import WITHOUT, pairs
from experiments.sensitivity.equal_cost import (
    envelope_of,
    paid_levers,
    pricing,
    sized,
    solved,
)
from experiments.sensitivity.lever_ranks import EQUAL_COST, Effects
from experiments.sensitivity.runs import effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from experiments.draws import Draw
    from experiments.sensitivity.runs import Bench
    from experiments.sensitivity.spec import Task


NEAR = 0.1
"""Distance from the sum, as a share of it, at which levers are still compared.

What is paid for few large projects cannot be cut to the yuan, and effects differ by far more.
"""


def at_one_cost(
    bench: Bench, task: Task, drawn: Sequence[tuple[Draw, int]]
) -> tuple[Effects | None, dict[str, Any]]:
    """Size levers until each costs the same, and take their effects at that size.

    Args:
        bench: Where runs are made.
        task: The specification.
        drawn: Draws with their seeds; the first ones are used.

    Returns:
        Effects of the levers that can cost the sum, or None where none can; the sum, and for each
        lever that is paid its solution, its cost as issued, and whether it is compared.

    Raises:
        SensitivityError: No lever of document 55 costs anything.
    """
    spec = task.spec.equal_cost
    assert spec is not None
    price = pricing(bench, task, drawn[: spec.solved_on])
    paid = paid_levers(task.levers)
    issued = dict(zip(paid, price([(lever, 1.0) for lever in paid]), strict=True))
    envelope = envelope_of(issued)
    solutions = solved(price, issued, envelope)
    equal = {
        name: found.scale
        for name, found in solutions.items()
        if abs(found.cost - envelope) <= NEAR * envelope
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
    with_it = [sized(task, name, size, few) for name, size in equal.items()]
    without = [(pair.without, few) for pair in pairs(task, task.issued, list(equal))]
    bench.run([*with_it, *without], EQUAL_COST)
    keys = [key for arm in (*with_it, *without) for key in bench.keys(*arm)]
    values = bench.values(keys, task.columns, task.tiers).reshape((2, len(equal), len(few), -1))
    found = Effects(
        WITHOUT,
        EQUAL_COST,
        tuple(equal),
        effects(values[0], values[1], task.columns, task.tiers),
        tuple(f"draw {draw.index} seed {seed}" for draw, seed in few),
        task.issued.rows,
        task.tiers,
    )
    return found, told
