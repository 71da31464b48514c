"""Designs of support at equal cost: each is scaled until it costs what an envelope holds, then run.

Scales are solved on a few triples of draw, outside world and seed that all designs share, and
reported on more. A scaled design is an ordinary scenario, named after the design and the envelope,
so a store that has its runs is not asked for them again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jiqun.experiments.designs.equal_cost import Solution, solve
from jiqun.experiments.effects.additionality import Promotion, promotion
from jiqun.experiments.effects.compare import FLOWS, STATES, Comparison, Facts, compare, gather
from jiqun.experiments.effects.costs import COUNTED, LAST, Books, money, runs_of, set_otherwise
from jiqun.experiments.runs.batch import Plan, Record
from jiqun.experiments.runs.runner import run_batch
from jiqun.experiments.stores.results import Results
from jiqun.scenarios import designs as shipped_designs
from jiqun.scenarios import load, load_design

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from jiqun.experiments.designs.equal_cost import Priced
    from jiqun.experiments.effects.costs import Borne
    from jiqun.experiments.runs.runner import Options, Progress
    from jiqun.experiments.runs.worker import Failure
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios import Design

SOLVED_ON, REPORTED_ON = 20, 100
"""Triples that scales are solved on, and that effects are reported on."""
ENVELOPES = ("award", "programme")
APART = "investment_promotion"
"""Design that is reported apart: its effect is what it is assumed to be additional by."""
RECORD = Record(
    "designs", ("province", "tier", "city", "size"), (*FLOWS, *STATES), first_year=LAST - 4
)
"""What is kept of the runs of designs."""


class DesignError(Exception):
    """Designs that cannot be compared; the message says why."""


@dataclass(frozen=True)
class Shape:
    """How designs are run.

    Attributes:
        baseline: Scenario whose envelopes are to be met; its own baseline is what effects are
            measured against.
        designs: Names or files of the designs; all that come with the project if empty.
        solved_on: Triples that scales are solved on.
        reported_on: Triples that effects are reported on.
        rows: Enterprise rows; those of the scenarios if None.
        borne: Whose cost is the same: that of all who bear it, or that of the budgets.
    """

    baseline: str
    designs: Sequence[str] = ()
    solved_on: int = SOLVED_ON
    reported_on: int = REPORTED_ON
    rows: int | None = None
    borne: Borne = "total"


@dataclass(frozen=True)
class Scaled:
    """A design at an envelope."""

    design: str
    envelope: str
    label: tuple[str, str]
    solution: Solution
    comparison: Comparison


@dataclass(frozen=True)
class Compared:
    """All designs at equal cost.

    Attributes:
        baseline: The scenario whose envelopes are met, against its own baseline.
        label: Its label, Chinese and English.
        targets: Envelope to its sum on the triples that scales are solved on, yuan.
        scaled: The designs, each at each envelope.
        root: What effects are measured against.
        scenarios: Name to the scaled scenario.
        facts: What was read of the store.
        failures: Runs that failed.
        promotion: Investment promotion as its file has it, where there is such a design.
    """

    baseline: Comparison
    label: tuple[str, str]
    targets: Mapping[str, float]
    scaled: tuple[Scaled, ...]
    root: Scenario
    scenarios: Mapping[str, Scenario]
    facts: Facts
    failures: tuple[Failure, ...]
    promotion: Promotion | None


class Bench:
    """A store and how runs are made into it.

    Args:
        folder: Folder of the store.
        options: How to run.
        progress: Called with how far a batch is.
        say: Called with a line when a stage begins.
    """

    def __init__(
        self,
        folder: Path,
        options: Options,
        progress: Callable[[Progress], None],
        say: Callable[[str], None],
    ) -> None:
        self.folder, self.options, self.progress, self.say = folder, options, progress, say
        self.failures: list[Failure] = []

    def run(self, scenarios: Sequence[Scenario], draws: int) -> Results:
        """Make the runs that the store lacks; what it holds then."""
        done = run_batch(
            scenarios, Plan(draws=draws), self.folder, self.options, self.progress, record=RECORD
        )
        self.failures += done.failures
        return Results(self.folder)


def compare_designs(bench: Bench, shape: Shape) -> Compared:
    """Solve the scale of each design at both envelopes, run all, and compare.

    Raises:
        DesignError: The baseline has no baseline of its own, or pays nothing.
    """
    named = _sized(load(shape.baseline), shape)
    if named.baseline is None:
        raise DesignError(
            f"{shape.baseline} has no baseline of its own, so nothing it costs: name a scenario "
            "that has one, such as as_issued"
        )
    root = _sized(load(named.baseline), shape)
    # The baseline itself is shown beside the others.
    chosen = {d.scenario.name: d for d in _designs(shape) if d.scenario.name != named.name}
    targets = _targets(bench, named, root, shape)
    bench.say("envelopes: " + ", ".join(f"{k} {v / 1e8:,.4g} 亿元" for k, v in targets.items()))
    solutions = solve(
        {name: design.limit for name, design in chosen.items()},
        targets,
        lambda wanted: _priced(bench, chosen, root, wanted, shape),
    )
    scenarios = {
        _name(design, envelope, shape): _at(chosen[design], envelope, solution.scale, shape)
        for (design, envelope), solution in solutions.items()
    }
    bench.say(f"{len(scenarios)} scaled designs, {shape.reported_on} triples each")
    promoted = [_sized(load(name), shape) for name in shipped_designs() if name == APART]
    results = bench.run([root, named, *scenarios.values(), *promoted], shape.reported_on)
    names = [root.name, named.name, *scenarios, *(s.name for s in promoted)]
    facts = gather(results, names, shape.reported_on)
    return Compared(
        baseline=compare(facts, named.name, root.name),
        label=(named.label_zh, named.label_en),
        targets=targets,
        scaled=tuple(
            Scaled(
                design,
                envelope,
                (chosen[design].scenario.label_zh, chosen[design].scenario.label_en),
                solution,
                compare(facts, _name(design, envelope, shape), root.name),
            )
            for (design, envelope), solution in solutions.items()
        ),
        root=root,
        scenarios=scenarios,
        facts=facts,
        failures=tuple(bench.failures),
        promotion=promotion(results, facts, APART, root.name) if promoted else None,
    )


def _designs(shape: Shape) -> list[Design]:
    names = shape.designs or [name for name in shipped_designs() if name != APART]
    return [load_design(name) for name in names]


def _name(design: str, envelope: str, shape: Shape) -> str:
    """Name of a scaled design; scales at equal cost to the budgets are others."""
    return f"{design}.{envelope}" + (".budget" if shape.borne == "budget" else "")


def _sized(scenario: Scenario, shape: Shape) -> Scenario:
    rows = scenario.rows if shape.rows is None else shape.rows
    return replace(scenario, rows=rows).until(LAST)


def _at(design: Design, envelope: str, scale: float, shape: Shape) -> Scenario:
    scaled = _sized(design.at(scale), shape)
    return replace(scaled, name=_name(scaled.name, envelope, shape))


def _targets(bench: Bench, named: Scenario, root: Scenario, shape: Shape) -> dict[str, float]:
    """Mean present value of each envelope of the baseline, yuan."""
    bench.say(f"what {named.name} costs, {shape.solved_on} triples")
    results = bench.run([root, named], shape.solved_on)
    changed = _changed(named, root)
    books = _books(results, [root.name, named.name], shape.solved_on)
    payers = COUNTED[shape.borne]
    envelopes = books.envelopes(named.name, root.name, changed, payers)
    found = {name: float(yuan.mean()) for name, yuan in envelopes.items()}
    paid = {name: yuan for name, yuan in found.items() if yuan > 0.0}
    if not paid:
        raise DesignError(f"{named.name} costs nothing more than {root.name}: there is no envelope")
    return paid


def _priced(
    bench: Bench,
    chosen: Mapping[str, Design],
    root: Scenario,
    wanted: Sequence[Priced],
    shape: Shape,
) -> list[float]:
    """Mean cost of designs at scales, yuan; one batch for all of them."""
    bench.say(f"trying {len(wanted)} scales, {shape.solved_on} triples each")
    tried = [_at(chosen[design], envelope, scale, shape) for design, envelope, scale in wanted]
    results = bench.run([root, *tried], shape.solved_on)
    payers = COUNTED[shape.borne]
    books = _books(results, [root.name, *(scenario.name for scenario in tried)], shape.solved_on)
    return [
        float(books.cost(scenario.name, root.name, _changed(scenario, root), payers).mean())
        for scenario in tried
    ]


def _books(results: Results, names: Sequence[str], draws: int) -> Books:
    """The money of some scenarios over the first draws."""
    runs = runs_of(results, draws)
    return Books(money(results, names), {name: runs[name] for name in names})


def _changed(scenario: Scenario, root: Scenario) -> set[str]:
    one, other = (s.canonical()["levers"] for s in (scenario, root))
    return set_otherwise(one, other)
