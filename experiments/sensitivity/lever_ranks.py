"""Paired effects of the levers, their ranks, and where their order holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.experiments.effects.effect import distinguishable, per_yuan
from jiqun.experiments.runs.batch import Plan, drawn_pairs
from jiqun.experiments.runs.draws import Draw
from jiqun.experiments.sensitivity import ranks as ranking
from jiqun.experiments.sensitivity.arms import WITHOUT, group_of, pairs
from jiqun.experiments.sensitivity.equal_cost import booked_under
from jiqun.experiments.sensitivity.factors import numbered
from jiqun.experiments.sensitivity.runs import TIERS, columns_of, effects, titles
from jiqun.experiments.sensitivity.survival import survival, thirds
from jiqun.experiments.sensitivity.tables import TABLES
from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from jiqun.experiments.sensitivity.arms import Pair
    from jiqun.experiments.sensitivity.ranks import Ranks
    from jiqun.experiments.sensitivity.runs import Bench
    from jiqun.experiments.sensitivity.spec import Task
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

    Arms = tuple[Pair, Sequence[tuple[Draw, int]], Sequence[tuple[Draw, int]]]
    """A pair, with the draws of the arm that has the lever and of the one that lacks it."""

ALL, CONFIRMED = "all", "confirmed"
EQUAL_COST, EQUAL_BUDGET = "equal_cost", "equal_budget"
AT_ONE_COST = (EQUAL_COST, EQUAL_BUDGET)
"""Conditions in which all levers cost the same: all bearers together, or the budgets."""
FIRST = 5
"""Levers whose order is looked at under conditions."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Paired effects of some levers.

    Attributes:
        setting: Whether the levers are taken out of the scenario or laid over none.
        condition: Where: a name of the table's column.
        levers: The levers.
        values: Shape (levers, draws, columns).
        runs: Name of the run of each draw.
        rows: Enterprise rows.
        tiers: Units that the columns are of, beside outcomes.
        gains: Present values of the gains of what is in yuan, of the same shape.
        costs: Present cost to the budgets and to others, shape (levers, draws, 2).
    """

    setting: str
    condition: str
    levers: tuple[str, ...]
    values: Array
    runs: tuple[str, ...]
    rows: int
    gains: Array
    costs: Array
    tiers: tuple[str, ...] = TIERS

    def of(self, levers: Sequence[str]) -> Effects:
        """Those of some of the levers."""
        places = [self.levers.index(name) for name in levers]
        return replace(
            self,
            levers=tuple(levers),
            values=self.values[places],
            gains=self.gains[places],
            costs=self.costs[places],
        )

    def at(self, condition: str, draws: npt.NDArray[np.bool_]) -> Effects:
        """Those at some of the draws."""
        chosen = tuple(run for run, kept in zip(self.runs, draws, strict=True) if kept)
        return replace(
            self,
            condition=condition,
            values=self.values[:, draws],
            gains=self.gains[:, draws],
            costs=self.costs[:, draws],
            runs=chosen,
        )


def lever_effects(
    bench: Bench,
    task: Task,
    setting: str,
    drawn: Sequence[tuple[Draw, int]],
    levers: Sequence[str],
    condition: str = ALL,
) -> Effects:
    """Make the runs with and without each lever, and take their differences.

    Args:
        bench: Makes the runs and reads them.
        task: The specification with its scenarios.
        setting: `without`: levers are taken out of the scenario as issued; `alone`: laid over none.
        drawn: Draws, each with the seed of its run.
        levers: Ids of the levers.
        condition: Name of the condition that the draws hold.
    """
    base = task.issued if setting == WITHOUT else task.none
    found = pairs(task, base, levers)
    return paired_effects(bench, task, setting, found, drawn, condition)


def paired_effects(
    bench: Bench,
    task: Task,
    setting: str,
    found: Sequence[Pair],
    drawn: Sequence[tuple[Draw, int]],
    condition: str,
) -> Effects:
    """Effects of levers whose pairs are given.

    Args:
        bench: Makes the runs and reads them.
        task: The specification with its scenarios.
        setting: `without` or `alone`, for the table's column.
        found: Scenarios with and without each lever.
        drawn: Draws, each with the seed of its run, the same for both arms.
        condition: Name of the condition that the draws hold.
    """
    scenarios = {s.name: s for pair in found for s in (pair.with_it, pair.without)}
    # Draws of conditions are numbered by what they hold, the same for every scenario of a pair.
    note = f"{setting}, {condition}"
    bench.run([(scenario, drawn) for scenario in scenarios.values()], note, bench.priced)
    return read_effects(bench, task, setting, condition, [(pair, drawn, drawn) for pair in found])


def read_effects(
    bench: Bench, task: Task, setting: str, condition: str, arms: Sequence[Arms]
) -> Effects:
    """Effects, gains and costs of levers whose runs are made.

    Args:
        bench: Where they were made.
        task: The specification.
        setting: Whether levers are taken out or laid over.
        condition: Where.
        arms: Each pair with the draws of its two arms.
    """
    keys = {
        scenario.name: bench.keys(scenario, drawn)
        for pair, *both in arms
        for scenario, drawn in zip((pair.with_it, pair.without), both, strict=True)
    }
    outputs = task.columns, task.tiers
    flat = [key for of_one in keys.values() for key in of_one]
    values, presents = (
        dict(zip(keys, np.split(read(flat, *outputs), len(keys)), strict=True))
        for read in (bench.values, bench.presents)
    )
    pairs_of_names = [(pair.with_it.name, pair.without.name) for pair, *_ in arms]
    first, drawn, _ = arms[0]
    return Effects(
        setting=setting,
        condition=condition,
        levers=tuple(pair.lever for pair, *_ in arms),
        values=np.stack([effects(values[w], values[wo], *outputs) for w, wo in pairs_of_names]),
        runs=tuple(f"{first.with_it.name} draw {draw.index} seed {seed}" for draw, seed in drawn),
        rows=first.with_it.rows,
        gains=np.stack([presents[w] - presents[wo] for w, wo in pairs_of_names]),
        costs=bench.costs(
            [
                (booked_under(pair.with_it, pair.lever), keys[w], keys[wo])
                for (pair, *_), (w, wo) in zip(arms, pairs_of_names, strict=True)
            ]
        ),
        tiers=task.tiers,
    )


def zipped(scenario: Scenario, count: int) -> list[tuple[Draw, int]]:
    """Draw i with seed i, from 1 on."""
    return drawn_pairs(scenario, Plan(draws=count))


def switched(drawn: Iterable[tuple[Draw, int]], off: Mapping[str, float], scenario: Scenario) -> (
    list[tuple[Draw, int]]
):  # fmt: skip
    """The same draws with a mechanism off.

    Args:
        drawn: Draws, each with the seed of its run.
        off: Parameter to the value at which the mechanism does nothing.
        scenario: The scenario; sizes of levers that it lacks are left out of a draw.
    """
    return [
        (numbered(Draw(0, {**draw.values, **off}, draw.outside, draw.sizes), scenario), seed)
        for draw, seed in drawn
    ]


def ranks_of(found: Effects, group: str, outcomes: Sequence[str]) -> Ranks | None:
    """Ranks of the levers of a group among themselves; None where there are none.

    One alone is first of one: its effect, interval and noise floor are told all the same.

    Args:
        found: Effects of the levers.
        group: Group of levers that are ranked.
        outcomes: Ids of the outcomes of the columns.
    """
    of_group = [name for name in found.levers if group_of(name) == group]
    if not of_group:
        return None
    part = found.of(of_group)
    return ranking.ranks(part.levers, part.values, titles(outcomes, found.tiers), part.runs)


def table_of(found: Effects, group: str, ranks: Ranks, outcomes: Sequence[str]) -> pd.DataFrame:
    """Rows of the table `ranks`.

    Args:
        found: Effects of the levers.
        group: Group of levers that are ranked.
        ranks: Their ranks.
        outcomes: Ids of the outcomes of the columns.
    """
    part = found.of(ranks.names)
    rows = [
        {
            "setting": found.setting,
            "condition": found.condition,
            "group": group,
            "lever": lever,
            "origin": declarations()[lever].origin,
            "outcome": outcome,
            "tier": tier,
            "draws": len(found.runs),
            "rows": found.rows,
            **{k: getattr(ranks, k)[i, c] for k in ("mean", "low", "high", "floor")},
            **{k: getattr(ranks, k)[i, c] for k in ("rank", "rank_low", "rank_high")},
            **{f"top_{n}": share[i, c] for n, share in ranks.top.items()},
            "tie_set": int(ranks.sets[i, c]),
            **_priced(part.gains[i, :, c], part.costs[i]),
        }
        for i, lever in enumerate(ranks.names)
        for c, (outcome, tier) in enumerate(columns_of(outcomes, found.tiers))
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(above_noise=distinguishable(frame))[list(TABLES["ranks"])]


def _priced(gain: Array, costs: Array) -> dict[str, object]:
    """Mean cost by who bears it, and what a yuan of it brings of an outcome that is in yuan."""
    budget, others = (float(yuan) for yuan in costs.mean(axis=0))
    whole = costs.sum(axis=1)
    known = bool(np.isfinite(whole).all())
    brings = per_yuan(gain, whole) if known else None
    ratio = brings.ratio if brings else None
    return {
        "budget_cost": budget,
        "others_cost": others,
        "total_cost": budget + others,
        "costs": brings.costs if brings else "unknown",
        "per_yuan": ratio.mean if ratio else np.nan,
        "per_yuan_low": ratio.low if ratio else np.nan,
        "per_yuan_high": ratio.high if ratio else np.nan,
    }


def pairs_of(found: Effects, group: str, ranks: Ranks, outcomes: Sequence[str]) -> pd.DataFrame:
    """Rows of the table `pairs`: the first five of each column, two by two.

    Args:
        found: Effects of the levers.
        group: Group of levers that are ranked.
        ranks: Their ranks.
        outcomes: Ids of the outcomes of the columns.
    """
    rows = []
    for c, (outcome, tier) in enumerate(columns_of(outcomes, found.tiers)):
        for i, j in combinations(first_of(ranks, c), 2):
            rows.append(
                (found.setting, found.condition, group, outcome, tier, ranks.names[i],
                 ranks.names[j], bool(ranks.tied[i, j, c]))
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(TABLES["pairs"]))


def survival_of(
    whole: Ranks, part: Ranks, found: Effects, group: str, outcomes: Sequence[str]
) -> pd.DataFrame:
    """Rows of the table `survival`: the order of the first five under a condition.

    Args:
        whole: Ranks without the condition.
        part: Ranks under it.
        found: Effects under the condition.
        group: Group of levers that are ranked.
        outcomes: Ids of the outcomes of the columns.
    """
    told = survival(whole, part, FIRST)
    rows = [
        (found.setting, found.condition, group, outcome, tier, len(found.runs),
         float(told.tau[c]), int(told.kept[c]), int(told.reversed[c]))
        for c, (outcome, tier) in enumerate(columns_of(outcomes, found.tiers))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(TABLES["survival"]))


def first_of(ranks: Ranks, column: int, number: int = FIRST) -> list[int]:
    """Places of the levers with the largest effects on an output.

    Args:
        ranks: Ranks of the levers.
        column: Index of the output.
        number: Levers that are given.
    """
    order = np.argsort(-np.abs(ranks.mean[:, column]), kind="stable")
    return [int(i) for i in order[:number]]


def leading(
    ranks: Ranks, outcomes: Sequence[str], main: str, number: int, tiers: Sequence[str] = TIERS
) -> list[str]:
    """Levers to look at again: the first ones for the main outcome, tier by tier in turn.

    Args:
        ranks: Ranks of the levers.
        outcomes: Ids of the outcomes of the columns.
        main: Id of the main outcome, one of them.
        number: Levers that are given.
        tiers: Units that the columns are of, beside outcomes.
    """
    columns = [outcomes.index(main) * len(tiers) + place for place in range(len(tiers))]
    chosen: dict[str, None] = {}
    for place in range(len(ranks.names)):
        for column in columns:
            chosen |= {ranks.names[first_of(ranks, column, place + 1)[-1]]: None}
    return list(chosen)[:number]


def of_first(
    ranks: Ranks, outcomes: Sequence[str], main: str, tiers: Sequence[str] = TIERS
) -> list[str]:
    """Levers among the first five of the province or a tier for the main outcome.

    Args:
        ranks: Ranks of the levers.
        outcomes: Ids of the outcomes of the columns.
        main: Id of the main outcome, one of them.
        tiers: Units that the columns are of, beside outcomes.
    """
    columns = [outcomes.index(main) * len(tiers) + place for place in range(len(tiers))]
    return list(
        dict.fromkeys(ranks.names[i] for column in columns for i in first_of(ranks, column))
    )


def by_outside(found: Effects, drawn: Sequence[tuple[Draw, int]]) -> list[Effects]:
    """Effects in the lower and the upper third of the draws along each path of the outside."""
    parts = []
    for series in drawn[0][0].outside:
        places = np.array([draw.outside[series] for draw, _ in drawn])
        low, high = thirds(places)
        parts += [found.at(f"{series}_low", low), found.at(f"{series}_high", high)]
    return parts


def convergence_of(found: Effects, group: str, ranks: Ranks, outcomes: Sequence[str]) -> (
    pd.DataFrame
):  # fmt: skip
    """Rows of the table `convergence`: tau of the first ten between part and all of the draws.

    Args:
        found: Effects of the levers.
        group: Group of levers that are ranked.
        ranks: Their ranks from all draws.
        outcomes: Ids of the outcomes of the columns.
    """
    grown = ranking.growing(found.of(ranks.names).values)
    taus = ranking.convergence(grown, ranks.sets)
    rows = [
        (found.setting, group, outcome, tier, size, len(found.runs), float(tau[c]))
        for size, tau in taus.items()
        for c, (outcome, tier) in enumerate(columns_of(outcomes, found.tiers))
    ]
    return pd.DataFrame(rows, columns=list(TABLES["convergence"]))
