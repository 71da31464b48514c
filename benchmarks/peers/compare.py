"""Whether all forms come to the same, and how long each takes: CPU time, interleaved."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.agents import Agents
from benchmarks.peers.columns import Columns
from benchmarks.peers.in_c import InC, build, compiler
from benchmarks.peers.kernels import Kernels
from benchmarks.peers.world import RULES, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.peers.world import World

    Form = Callable[[World], Any]
    Times = dict[str, dict[str, np.ndarray]]

OURS, MESA = "kernels", "Mesa agents"
QUARTERS = 4
"""Quarters of a repetition: what a rule keeps from its last call is of another quarter."""
TOLERANCE = 1e-9


def forms(folder: Path, world: World) -> dict[str, Form]:
    """The forms by name; those in C only where there is a compiler.

    Args:
        folder: Where libraries in C are put.
        world: The world that they are for.
    """
    found: dict[str, Form] = {OURS: Kernels, "NumPy columns": Columns, MESA: Agents}
    libraries = build(folder, world) if compiler() else {}
    return found | {name: partial(InC, library) for name, library in libraries.items()}


def run(form: Any, quarters: int = QUARTERS) -> dict[str, float]:
    """CPU seconds of each rule over some quarters."""
    spent = dict.fromkeys(RULES, 0.0)
    for _ in range(quarters):
        form.next_quarter()
        for rule in RULES:
            begin = time.process_time()
            getattr(form, rule)()
            spent[rule] += time.process_time() - begin
    return spent


def largest_gap(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> float:
    """Largest relative difference of two outcomes, shape (rows,) each.

    What is left where two large sums cancel is set against a millionth of its column's mean.
    """
    worst = 0.0
    for name, value in expected.items():
        size = np.maximum(np.abs(value), 1e-6 * np.abs(value).mean() + 1e-30)
        worst = max(worst, float(np.max(np.abs(found[name] - value) / size)))
    return worst


def gaps(world: World, every: Mapping[str, Form], quarters: int = QUARTERS) -> dict[str, float]:
    """Largest relative difference of each form from the kernels after some quarters.

    Args:
        world: What all start from.
        every: The forms.
        quarters: Quarters that they run.
    """
    ended = {}
    for name, form in every.items():
        made = form(world)
        run(made, quarters)
        ended[name] = outcomes(made)
    return {name: largest_gap(found, ended[OURS]) for name, found in ended.items()}


def times(world: World, every: Mapping[str, Form], rounds: int, inner: int) -> Times:
    """CPU seconds of a quarter: form, rule to the least of each round, shape (rounds,).

    Every round runs all forms one after the other, so that what else the machine does at the time
    meets all of them.

    Args:
        world: What all start from.
        every: The forms.
        rounds: Rounds.
        inner: Repetitions in a round of all forms but Mesa's, which runs once.
    """
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(rounds):
        gc.collect()
        spent: dict[str, list[dict[str, float]]] = defaultdict(list)
        for repetition in range(inner):
            for name, form in every.items():
                if name != MESA or repetition == 0:
                    spent[name].append(run(form(world)))
        for name, repetitions in spent.items():
            for rule in RULES:
                least = min(each[rule] for each in repetitions)
                found[name][rule].append(least / QUARTERS)
    return {
        name: {rule: np.array(values) for rule, values in by_rule.items()}
        for name, by_rule in found.items()
    }
