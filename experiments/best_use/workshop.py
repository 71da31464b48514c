"""Designs made and measured by runs of the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.experiments.best_use.space import STEP, Measured, Option, Space
from jiqun.experiments.best_use.spec import SPREAD, STATES, Limit
from jiqun.experiments.best_use.writing import (
    beside,
    entry_of,
    label_of,
    name_of,
    scenario_text,
    sentence_of,
)
from jiqun.experiments.designs.equal_cost import TOLERANCE, solve
from jiqun.experiments.effects.compare import MAIN, SPENDING
from jiqun.experiments.effects.costs import (
    DISCOUNT,
    FIRST,
    LAST,
    PRESENT,
    YEARS,
    money_of_runs,
    set_otherwise,
)
from jiqun.experiments.effects.effect import Estimate
from jiqun.experiments.runs.batch import Record
from jiqun.experiments.runs.draws import draws, moved_by_draws
from jiqun.experiments.runs.ensemble import in_use
from jiqun.experiments.sensitivity.factors import numbered
from jiqun.experiments.stores.results import Results
from jiqun.experiments.stores.sql import frame_of, steady_sum
from jiqun.model.dimensions import CITIES, TIERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.scenarios import ScenarioError, load, load_design
from jiqun.scenarios.loader import load_text
from jiqun.scenarios.structure import switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jiqun.experiments.best_use.space import Plan
    from jiqun.experiments.best_use.spec import LeverEntry, Task
    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.sensitivity.runs import Bench
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

    Column = tuple[str, str, str, str]
    """Level, unit, outcome, and `flow` or `state`."""

PARTS = (0.25, 0.5)
"""Parts of the most that can be spent on an option at which it is run by itself as well."""
LEVELS = ("province", "tier")
FOLDER = "best_use"
"""Folder of a store that holds what searches found, a folder each by name."""


def outcomes_of(task: Task) -> tuple[str, ...]:
    """Outcomes that a search keeps of its runs."""
    asked = [name for name in task.spec.objectives if name != SPREAD]
    asked += [target.outcome for target in task.spec.constraints.targets]
    return tuple(dict.fromkeys([MAIN, *SPENDING, *asked]))


@dataclass(frozen=True)
class Curve:
    """What an option costs by its scale.

    Attributes:
        scales: Scales, ascending; the first costs nothing.
        costs: Mean cost at each, yuan, ascending.
    """

    scales: Array
    costs: Array

    @classmethod
    def of(cls, points: Mapping[float, float], idle: float) -> Curve:
        """The curve through points of scale and cost, without those that cost no more."""
        scales, costs = [idle], [0.0]
        for scale, cost in sorted(points.items()):
            if scale > idle and cost > costs[-1]:
                scales.append(scale)
                costs.append(cost)
        return cls(np.array(scales), np.array(costs))

    def scale(self, yuan: float) -> float:
        """Scale at which so much is spent; one that was run, where that is as near as sums tell."""
        near = int(np.argmin(np.abs(self.costs - yuan)))
        if abs(self.costs[near] - yuan) <= STEP:
            return float(self.scales[near])
        return float(np.interp(yuan, self.costs, self.scales))


class Workshop:
    """Makes designs of a specification, and measures them.

    Args:
        task: The specification.
        bench: The store, and how runs are made.
    """

    def __init__(self, task: Task, bench: Bench) -> None:
        self.task, self.bench = task, bench
        levels = ("province", "tier", "city") if SPREAD in task.spec.objectives else LEVELS
        self.record = Record("best_use", levels, outcomes_of(task), FIRST, places=False)
        self.left_out: dict[str, str] = {}
        self.taken: list[int] = []
        self.curves: list[Curve] = []
        self.space = Space((), task.spec.budget[0].yuan)
        self._known: dict[str, dict[Column, float]] = {}

    @property
    def folder(self) -> Path:
        """Folder of what is found."""
        return self.bench.folder / FOLDER / self.task.spec.name

    @cached_property
    def entries(self) -> list[tuple[LeverEntry, str]]:
        """Lever and group of each option that is tried."""
        levers = self.task.spec.levers
        return [(entry, group) for entry in levers for group in entry.groups or [""]]

    def single(self, place: int, scale: float) -> Scenario:
        """An option by itself at a scale."""
        entry, group = self.entries[place]
        levers = [*beside(entry), entry_of(self.task.spec, entry, group, scale)]
        return self._scenario(levers, label_of(self.task.spec, []))

    def limit(self, place: int) -> float:
        """The largest scale of an option.

        Raises:
            ScenarioError: The lever cannot be set in this way; the message names its entry.
        """
        entry, group = self.entries[place]
        spec = self.task.spec
        levers = [*beside(entry), entry_of(spec, entry, group, 1.0)]
        name = name_of(spec, levers)
        text = scenario_text(spec, name, label_of(spec, []), levers, (), {entry.id: entry.scale})
        try:
            with TemporaryDirectory() as held:
                path = Path(held) / f"{name}.yaml"
                path.write_text(text, "utf-8")
                return load_design(path).limit
        except ScenarioError as error:
            at = ("levers", spec.levers.index(entry))
            problem = f"{error.key}: {error.problem}"
            raise self.task.document.error(at, problem, error.allowed, error.nearest) from error

    def plan_text(self, plan: Plan, cost: float) -> str:
        """The scenario file of a plan that costs so many yuan, with what it says of itself."""
        parts, levers = self._parts(plan)
        label = label_of(self.task.spec, parts)
        said = sentence_of(self.task.spec, label, cost)
        return scenario_text(self.task.spec, name_of(self.task.spec, levers), label, levers, said)

    def plan_scenario(self, plan: Plan) -> Scenario:
        """The scenario of a plan."""
        parts, levers = self._parts(plan)
        if not parts:
            return self.task.root
        return self._scenario(levers, label_of(self.task.spec, parts))

    def _parts(
        self, plan: Plan
    ) -> tuple[list[tuple[LeverEntry, str, float]], list[dict[str, object]]]:
        parts, levers = [], []
        for place in self.space.used(plan):
            entry, group = self.entries[self.taken[place]]
            scale = self.curves[place].scale(plan[place])
            parts.append((entry, group, plan[place]))
            levers += [*beside(entry), entry_of(self.task.spec, entry, group, scale)]
        return parts, levers

    def _scenario(self, levers: Sequence[Mapping[str, object]], label: dict[str, str]) -> Scenario:
        name = name_of(self.task.spec, levers)
        text = scenario_text(self.task.spec, name, label, levers)
        return self.task.sized(load_text(text, self.folder / f"{name}.yaml"))

    def prepare(self) -> None:
        """Find what each option costs by its scale, and what can be spent on it at most."""
        spec = self.task.spec
        budget = spec.budget[0]
        points: dict[int, dict[float, float]] = {place: {} for place in range(len(self.entries))}

        def price(wanted: Sequence[tuple[str, str, float]]) -> list[float]:
            self.bench.say(f"{len(wanted)} options alone, {len(spec.search)} draws each")
            asked = [(int(place), scale) for place, _, scale in wanted]
            made = [self.single(place, scale) for place, scale in asked]
            costs = self.costs(made, spec.search, [budget])[:, 0].tolist()
            for (place, scale), cost in zip(asked, costs, strict=True):
                points[place][scale] = cost
            return list(costs)

        limits = {str(place): self.limit(place) for place in points}
        solve(limits, {"budget": budget.yuan}, price)
        found = {place: Curve.of(points[place], self.entries[place][0].idle) for place in points}
        parts = [
            (str(place), "", float(f"{curve.scale(part * curve.costs[-1]):.5g}"))
            for place, curve in found.items()
            for part in PARTS
            if curve.costs[-1] > 0.0
        ]
        price(parts)
        options = []
        for place, (entry, group) in enumerate(self.entries):
            curve = Curve.of(points[place], entry.idle)
            few = (1.0 + TOLERANCE) * budget.yuan
            if len(curve.costs) == 1 or curve.costs[1] > few:
                said = "costs nothing" if len(curve.costs) == 1 else "costs more at the least"
                self.left_out[f"{entry.id} {group}".strip()] = said
                continue
            self.taken.append(place)
            self.curves.append(curve)
            options.append(Option(entry.id, group, float(min(curve.costs[-1], few))))
        self.space = Space(tuple(options), budget.yuan)

    def all_scaled(self, names: Sequence[str]) -> dict[str, tuple[Scenario, float]]:
        """Designs that come with the project, scaled to the budget."""
        spec = self.task.spec
        found = {name: load_design(name) for name in names}

        def made(name: str, scale: float) -> Scenario:
            return self.task.sized(found[name].at(scale))

        def price(wanted: Sequence[tuple[str, str, float]]) -> list[float]:
            self.bench.say(f"{len(wanted)} named designs, {len(spec.search)} draws each")
            tried = [made(name, scale) for name, _, scale in wanted]
            return list(map(float, self.costs(tried, spec.search, [spec.budget[0]])[:, 0]))

        limits = {name: design.limit for name, design in found.items()}
        solutions = solve(limits, {"budget": spec.budget[0].yuan}, price)
        return {
            name: (made(name, solution.scale), solution.cost)
            for (name, _), solution in solutions.items()
        }

    def start(self) -> tuple[list[Plan], Measured]:
        """Nothing, and each option by itself at some scales."""
        plans: list[Plan] = [self.space.nothing]
        for place, curve in enumerate(self.curves):
            plans += [self.space.plan({place: yuan}) for yuan in curve.costs[1:].tolist()]
        unique = list(dict.fromkeys(plans))
        return unique, self.measure(unique)

    def measure(self, plans: Sequence[Plan]) -> Measured:
        """Measure plans on the draws of the search."""
        return self.weigh([self.plan_scenario(plan) for plan in plans], self.task.spec.search)

    def weigh(self, scenarios: Sequence[Scenario], numbers: Sequence[int]) -> Measured:
        """Gains, costs and what is left of the limits of some scenarios on some draws."""
        spec = self.task.spec
        worlds = spec.worlds if spec.attitude.kind == "regret" else []
        gains = [self.gains(scenarios, numbers)]
        gains += [self.gains(scenarios, numbers, world=world) for world in worlds]
        costs = self.costs(scenarios, numbers, spec.budget)
        left = [(1.0 + TOLERANCE) - costs[:, i] / limit.yuan for i, limit in enumerate(spec.budget)]
        left += self._constraints(scenarios, numbers)
        return Measured(np.stack(gains, axis=1), np.stack(left, axis=1), costs[:, 0])

    def gains(
        self, scenarios: Sequence[Scenario], numbers: Sequence[int], world: str = "", off: str = ""
    ) -> Array:
        """Gain of each objective over the baseline, shape (scenarios, draws, objectives).

        Args:
            scenarios: The scenarios.
            numbers: Numbers of the draws.
            world: A variant of the outside world, for scenarios and baseline alike.
            off: A mechanism that is off, likewise.
        """
        runs = self._runs([self.task.root, *scenarios], numbers, world, off)
        read = [self._objectives(keys) for keys in runs]
        return np.stack([one - read[0] for one in read[1:]])

    def costs(
        self, scenarios: Sequence[Scenario], numbers: Sequence[int], limits: Sequence[Limit]
    ) -> Array:
        """Mean cost by limit, yuan, shape (scenarios, limits).

        Args:
            scenarios: The scenarios.
            numbers: Numbers of the draws.
            limits: Limits whose payers and years are counted; their sums play no part.
        """
        return self.costs_by_draw(scenarios, numbers, limits).mean(axis=1)

    def costs_by_draw(
        self, scenarios: Sequence[Scenario], numbers: Sequence[int], limits: Sequence[Limit]
    ) -> Array:
        """Cost of what scenarios set otherwise, by draw and limit; a year's in its own money.

        Args:
            scenarios: The scenarios.
            numbers: Numbers of the draws.
            limits: Limits whose payers and years are counted; their sums play no part.
        """
        runs = self._runs([self.task.root, *scenarios], numbers)
        results = Results(self.bench.folder, every=True)
        every = sorted({key for keys in runs for key in keys})
        root = self.task.root.canonical()["levers"]
        found = np.zeros((len(scenarios), len(numbers), len(limits)))
        for column, limit in enumerate(limits):
            years = YEARS if limit.year is None else (limit.year,)
            rows = money_of_runs(results, every, years)
            rows = rows[rows["payer"].isin(limit.payers)]
            sums = rows.groupby(["lever", "run_key"], observed=True)["yuan"].sum()
            wide = sums.unstack("run_key").reindex(columns=every).fillna(0.0)
            own = 1.0 if limit.year is None else (1.0 + DISCOUNT) ** (limit.year - FIRST)
            for place, scenario in enumerate(scenarios):
                changed = set_otherwise(scenario.canonical()["levers"], root)
                part = wide[wide.index.isin(changed)].sum()
                gap = part.loc[runs[place + 1]].to_numpy() - part.loc[runs[0]].to_numpy()
                found[place, :, column] = own * gap
        return found

    def _constraints(self, scenarios: Sequence[Scenario], numbers: Sequence[int]) -> list[Array]:
        """What is left of each constraint, one number a scenario."""
        asked = self.task.spec.constraints
        root, *runs = self._runs([self.task.root, *scenarios], numbers)
        left = []
        if asked.no_tier_worse:
            base = self._values(root, [("tier", tier, MAIN, "flow") for tier in TIERS])
            gaps = [
                self._values(keys, [("tier", tier, MAIN, "flow") for tier in TIERS]) - base
                for keys in runs
            ]
            highs = [[Estimate.of(column).high or 0.0 for column in gap.T] for gap in gaps]
            left.append(np.array([min(high) for high in highs]) / self.task.spec.budget[0].yuan)
        if asked.private is not None:
            columns = [("province", "", name, "flow") for name in SPENDING]
            base = self._values(root, columns).sum(axis=1)
            spent = [float((self._values(k, columns).sum(axis=1) - base).mean()) for k in runs]
            public = self.costs(scenarios, numbers, [Limit(value=1.0, unit="元", borne="budget")])[
                :, 0
            ]
            # Nothing paid moves nothing: a design without money keeps this.
            paid = np.maximum(public, 1.0)
            moved = np.where(public > 1.0, (np.array(spent) - public) / paid, asked.private)
            left.append(moved - asked.private)
        for target in asked.targets:
            sign = 1.0 if target.at_least is not None else -1.0
            aim = (target.at_least or 0.0) + (target.at_most or 0.0)  # one of the two is there
            values = [
                self._values(keys, [("province", "", target.outcome, "state")]) for keys in runs
            ]
            met = np.array([float((sign * (v - aim) >= 0.0).mean()) for v in values])
            left.append(met - target.probability)
        return left

    def _objectives(self, keys: Sequence[str]) -> Array:
        """Value of each objective by run, larger is better."""
        found = []
        for name in self.task.spec.objectives:
            if name == SPREAD:
                cities = [("city", city, MAIN, "state") for city in CITIES]
                found.append(-np.log(self._values(keys, cities)).std(axis=1))
            else:
                kind = "state" if name in STATES else "flow"
                column = self._values(keys, [("province", "", name, kind)])[:, 0]
                found.append(column if OUTCOMES[name].direction >= 0 else -column)
        return np.stack(found, axis=-1)

    def _values(self, keys: Sequence[str], columns: Sequence[Column]) -> Array:
        return np.array([[self._known[key][column] for column in columns] for key in keys])

    def _runs(
        self, scenarios: Sequence[Scenario], numbers: Sequence[int], world: str = "", off: str = ""
    ) -> list[list[str]]:
        """Keys of the runs of scenarios on draws, made and read."""
        if world:
            outside = load(world).outside
            scenarios = [
                replace(one, outside=outside, name=f"{one.name}.{world}") for one in scenarios
            ]
        if off:
            scenarios = [replace(one, name=f"{one.name}.off_{off}") for one in scenarios]
        listed = []
        drawn: dict[frozenset[str], list[tuple[Draw, int]]] = {}
        for scenario in scenarios:
            moved = moved_by_draws(scenario)
            if moved not in drawn:
                drawn[moved] = list(_pairs(scenario, numbers, off))
            listed.append((scenario, drawn[moved]))
        if self._known:
            keys = [self.bench.keys(scenario, pairs) for scenario, pairs in listed]
            if {key for each in keys for key in each} <= self._known.keys():
                return keys
        unique = {scenario.name: (scenario, pairs) for scenario, pairs in listed}
        self.bench.run(list(unique.values()), f"design {self.task.spec.name}", self.record)
        keys = [self.bench.keys(scenario, pairs) for scenario, pairs in listed]
        self._read({key for each in keys for key in each} - self._known.keys())
        return keys

    def _read(self, keys: Iterable[str]) -> None:
        """Read present values and values of the last year of runs that were not read before."""
        wanted = pd.DataFrame({"run_key": sorted(keys)}, dtype=str)
        if wanted.empty:
            return
        with Results(self.bench.folder, every=True).connect() as connection:
            connection.register("wanted", wanted)
            # Runs that another batch kept whole are cut off as those of a search are.
            rows: pd.DataFrame = frame_of(
                connection,
                f"""
                SELECT run_key, level, CASE WHEN level = 'province' THEN '' ELSE unit_name END
                    AS unit, outcome,
                    {steady_sum(f"CAST(value AS FLOAT) * {PRESENT}")} AS flow,
                    max(CAST(value AS FLOAT)) FILTER (WHERE year = {LAST}) AS state
                FROM outcome SEMI JOIN wanted USING (run_key)
                WHERE year BETWEEN {FIRST} AND {LAST} AND level IN ('province', 'tier', 'city')
                    AND outcome IN (SELECT unnest(?))
                GROUP BY ALL
                """,
                [list(self.record.outcomes or ())],
            )
        columns = (rows[name].tolist() for name in rows)
        for key, level, unit, outcome, flow, state in zip(*columns, strict=True):
            known = self._known.setdefault(key, {})
            known[level, unit, outcome, "flow"] = flow
            known[level, unit, outcome, "state"] = state


def _pairs(scenario: Scenario, numbers: Sequence[int], off: str) -> Iterable[tuple[Draw, int]]:
    """Draw and seed of each run; draw i goes with seed i."""
    for draw in draws(scenario, numbers, in_use()):
        if not off:
            yield draw, draw.index
            continue
        values = {**draw.values, **switches()[off].off}
        yield numbered(replace(draw, values=values), scenario), draw.index
