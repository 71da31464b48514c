"""Sizes at which single levers cost province and cities one common sum.

A lever's cost is what it pays and forgoes at a size over what it does at none, in the scenario as
issued, to which it is added where the scenario lacks it. A fund costs what is paid out of it. What
shares the special funds, whose sum stays, is paid on top of them: in a purse of one sum a lever
costs what the others lose, and a small one lets its window lapse.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from experiments.batch import Record
from experiments.costs import FIRST, Books, money, runs_of
from experiments.equal_cost import Solution, solve
from experiments.results import Results
from experiments.sensitivity.arms import DOCUMENT, group_of, with_lever
from experiments.sensitivity.designs import SensitivityError
from model.ledger import SPECIAL
from scenarios.levers import declarations, most_times
from scenarios.schema import ADDITIONAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from experiments.draws import Draw
    from experiments.equal_cost import Priced
    from experiments.sensitivity.runs import Bench, Listed
    from experiments.sensitivity.spec import Task
    from model.scenario import Lever, Scenario
    from scenarios.schema import LeverDeclaration

    Wanted = tuple[str, float]
    """Lever and size, in times as issued."""
    Price = Callable[[Sequence[Wanted]], Sequence[float]]

ONE_COST = "one cost"
"""Name of the only envelope there is."""


def paid_levers(levers: Sequence[str]) -> list[str]:
    """Those that have a payer or forgo tax: of others there is nothing in the books.

    Left out are older grants that share the special funds. They cannot be paid on top of them from
    one day on, and other levers stand for the same grants as money of their own.
    """
    known = declarations()
    return [
        name
        for name in levers
        if (known[name].payer or known[name].fund)
        and not (known[name].origin == "older" and _shares(known[name]))
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
        Lever to solution. The verdict is ``nobody pays`` for a lever that costs nothing at size 1.
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


def pricing(bench: Bench, task: Task, drawn: Sequence[tuple[Draw, int]]) -> Price:
    """How levers are priced by runs: mean present value over some draws, each with its seed.

    The runs keep the ledger of all years that are priced, and what an analysis reads of them.
    """
    record = Record("costs", ("province", "tier"), bench.outcomes, FIRST)

    def price(wanted: Sequence[Wanted]) -> list[float]:
        bench.say(f"pricing {len(wanted)} levers at sizes, {len(drawn)} draws each")
        both = {(lever, size) for lever, its in wanted for size in (0.0, its)}
        listed = {at: sized(task, *at, drawn) for at in sorted(both)}
        bench.run(list(listed.values()), "levers at one cost", record)
        names = {at: scenario.name for at, (scenario, _) in listed.items()}
        results = Results(bench.folder)
        runs = runs_of(results, len(drawn))
        books = Books(money(results, names.values()), {name: runs[name] for name in names.values()})
        return [
            float(books.cost(names[at], names[at[0], 0.0], booked_under(task.issued, at[0])).mean())
            for at in wanted
        ]

    return price


def sized(task: Task, lever: str, size: float, drawn: Sequence[tuple[Draw, int]]) -> Listed:
    """The scenario as issued with a lever at a size, and its draws.

    What shares the special funds is paid on top of them. The size is in the draws, so that it
    multiplies what a lever's own terms are drawn as.
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
