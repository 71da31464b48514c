"""Sizes at which single levers cost one common sum, all who bear it together or the budgets alone.

A lever's cost is what stands in the ledger under it at a size over what stands there at none, in
the scenario as issued, to which it is added where the scenario lacks it. A fund costs what is paid
out of it. What shares the special funds, whose sum stays, is paid on top of them: in a purse of one
sum a lever costs what the others lose, and a small one lets its window lapse.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from jiqun.experiments.designs.equal_cost import Solution, solve
from jiqun.experiments.sensitivity.arms import DOCUMENT, group_of, with_lever
from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.model.policy.ledger import ADDITIONAL, SPECIAL
from jiqun.scenarios.levers import declarations, most_times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jiqun.experiments.designs.equal_cost import Priced
    from jiqun.experiments.effects.costs import Borne
    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.sensitivity.runs import Bench, Listed
    from jiqun.experiments.sensitivity.spec import Task
    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.schema import LeverDeclaration

    Wanted = tuple[str, float]
    """Lever and size, in times as issued."""
    Price = Callable[[Sequence[Wanted]], Sequence[float]]

ONE_COST = "one cost"
"""Name of the only envelope there is."""


def scalable_levers(task: Task) -> list[str]:
    """Those whose size can go from none up: what they cost is found by running them.

    Left out are levers that are never at none (taxes), and older grants that share the special
    funds. These cannot be paid on top of them from one day on, and other levers stand for the same
    grants as money of their own.
    """
    least = {name: given.low for name, given in task.spec.ranges.items()}
    known = declarations()
    return [
        name
        for name in task.levers
        if not least.get(name) and not (known[name].origin == "older" and _shares(known[name]))
    ]


def envelope_of(issued: Mapping[str, float]) -> float:
    """The sum that levers are to cost: the middle of what those of document 55 cost as issued.

    Half of them grow to it and half shrink; at what the smallest costs, the larger ones are cut to
    a size whose effect is lost in noise.

    Args:
        issued: Lever to its cost as issued, yuan.

    Raises:
        SensitivityError: None of the document costs anything.
    """
    paid = [cost for lever, cost in issued.items() if cost > 0.0 and group_of(lever) == DOCUMENT]
    if not paid:
        raise SensitivityError(
            "no lever of document 55 costs anything on these draws: there is no sum to spend"
        )
    return float(median(paid))


def solved(price: Price, issued: Mapping[str, float], envelope: float) -> dict[str, Solution]:
    """The size at which each lever costs a sum, or what stands against it.

    Args:
        price: Costs of levers at sizes, yuan; what it is asked for together, it may run together.
        issued: Lever to its cost as issued, yuan.
        envelope: The sum, yuan.

    Returns:
        Lever to solution. The verdict is ``nobody pays`` for a lever that costs nothing at size 1,
        or brings money in.
    """
    limits = {lever: most_times(lever) for lever, cost in issued.items() if cost > 0.0}

    def more(wanted: Sequence[Priced]) -> list[float]:
        asked = [(lever, size) for lever, _, size in wanted if size != 1.0]
        costs = dict(zip(asked, price(asked), strict=True)) if asked else {}
        return [issued[lever] if size == 1.0 else costs[lever, size] for lever, _, size in wanted]

    found = solve(limits, {ONE_COST: envelope}, more)
    return {
        lever: found[lever, ONE_COST]
        if lever in limits
        else Solution(1.0, cost, envelope, "nobody pays", 1)
        for lever, cost in issued.items()
    }


def pricing(
    bench: Bench, task: Task, drawn: Sequence[tuple[Draw, int]], borne: Borne = "total"
) -> Price:
    """How levers are priced by runs: mean present value over some draws, each with its seed.

    Args:
        bench: Where runs are made.
        task: The specification.
        drawn: Draws with their seeds.
        borne: Whether the cost to all counts, or that to the budgets.
    """

    def price(wanted: Sequence[Wanted]) -> list[float]:
        bench.say(f"pricing {len(wanted)} levers at sizes, {len(drawn)} draws each")
        both = {(lever, size) for lever, its in wanted for size in (0.0, its)}
        listed = {at: sized(task, *at, drawn) for at in sorted(both)}
        bench.run(list(listed.values()), "levers at one cost", bench.priced)
        keys = {at: bench.keys(*arm) for at, arm in listed.items()}
        arms = [(booked_under(task.issued, at[0]), keys[at], keys[at[0], 0.0]) for at in wanted]
        costs = bench.costs(arms)
        whole = costs.sum(axis=2) if borne == "total" else costs[:, :, 0]
        return [float(cost) for cost in whole.mean(axis=1)]

    return price


def sized(task: Task, lever: str, size: float, drawn: Sequence[tuple[Draw, int]]) -> Listed:
    """The scenario as issued with a lever at a size, and its draws.

    What shares the special funds is paid on top of them. The size is in the draws, so that it
    multiplies what a lever's own terms are drawn as.

    Args:
        task: The specification with its scenarios.
        lever: Id of the lever.
        size: How many times as large the lever is as issued.
        drawn: Draws, each with the seed of its run.
    """
    base = task.issued if task.issued.lever(lever) else with_lever(task, task.issued, lever)
    levers = tuple(_on_top(each) if each.id == lever else each for each in base.levers)
    name = f"{task.issued.name}.sized.{lever}.{size:.10g}"
    named = replace(base, name=name, levers=levers)
    return named, [(replace(draw, sizes={lever: size}), seed) for draw, seed in drawn]


def _shares(lever: Lever | LeverDeclaration) -> bool:
    """Whether a lever is paid out of the sum of the special funds."""
    return lever.fund == SPECIAL and lever.channel != "fund"


def _on_top(lever: Lever) -> Lever:
    """A lever as money on top of the special funds."""
    if not _shares(lever):
        return lever
    if ADDITIONAL in lever.terms:
        return replace(lever, terms={**lever.terms, ADDITIONAL: ((lever.start, 1.0),)})
    return replace(lever, fund=ADDITIONAL, window="")


def booked_under(scenario: Scenario, lever: str) -> set[str]:
    """Levers that the ledger has a lever's money under: itself, or those paid out of a fund."""
    return {lever} | {other.id for other in scenario.levers if other.fund == lever}
