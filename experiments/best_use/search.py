"""The search: real runs where a surrogate says that a plan is the best, or is unsure.

Each round fits the surrogate to all runs so far, lets Optuna's NSGA-II look through it, and has the
most promising plans run. What is found stands on runs alone. Everything is decided by the runs and
the seed, so a search that was interrupted takes the same way again, over runs that are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from threadpoolctl import threadpool_limits

from jiqun.experiments.best_use.surrogate import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jiqun.experiments.best_use.attitude import Attitude
    from jiqun.experiments.best_use.space import Measured, Plan, Problem, Space
    from jiqun.experiments.best_use.surrogate import Surrogate
    from jiqun.model.dimensions import Array

NONE = "-"
OVER = 1.1
"""Most that a plan may set out to spend, times the budget: not all of it is always claimed."""
POPULATION, GENERATIONS = 32, 16
UNSURE = 2.0
"""Deviations that are added to the mean where the surrogate is asked what may be best."""
APART = 0.03
"""Least distance of new plans from each other and from those run, in parts of the budget."""
SLACK = 1e-9


@dataclass(frozen=True)
class Effort:
    """How much is searched.

    Attributes:
        mixes: Plans at random that are run first.
        rounds: Rounds of new plans.
        each: Plans of a round.
        seed: Seed of all that is chosen at random.
    """

    mixes: int
    rounds: int
    each: int
    seed: int


@dataclass(frozen=True)
class Round:
    """How far the search was after a round.

    Attributes:
        plans: Plans run so far.
        volume: Best score so far; of several objectives the hypervolume above doing nothing.
        explained: Share of the scores' variance that the surrogate foretold of plans left out
            before the round, by objective; none for plans at random.
        foretold: Correlation of what it said of the round's own plans with what the runs said, by
            objective; not a number for fewer than three plans.
    """

    plans: int
    volume: float
    explained: tuple[float, ...] = ()
    foretold: tuple[float, ...] = ()


@dataclass(frozen=True)
class Found:
    """All plans that were run, and what they came to.

    Attributes:
        plans: The plans; the first spends nothing.
        measured: What the runs say.
        attitude: How they are scored.
        rounds: Course of the search.
    """

    plans: tuple[Plan, ...]
    measured: Measured
    attitude: Attitude
    rounds: tuple[Round, ...]

    @cached_property
    def scores(self) -> Array:
        """Score by plan and objective; no regret is felt for plans that break a limit."""
        among = self.kept if self.kept.any() else None
        return self.attitude.scores(self.measured.gains, among)

    @cached_property
    def kept(self) -> Array:
        """Whether each plan keeps all limits and constraints."""
        found: Array = np.asarray((self.measured.slacks >= -SLACK).all(axis=1))
        return found

    @property
    def front(self) -> list[int]:
        """Places of plans that keep all limits and are not outdone, the first objective first."""
        kept = np.flatnonzero(self.kept)
        best = [int(i) for i in kept if not _outdone(self.scores[i], self.scores[kept])]
        return sorted(best, key=lambda i: -self.scores[i, 0])

    @property
    def best(self) -> int:
        """Place of the plan with the best first objective of those that keep all limits."""
        return self.front[0] if self.front else 0


def search(
    problem: Problem,
    attitude: Attitude,
    effort: Effort,
    say: Callable[[str], None] = lambda _: None,
) -> Found:
    """Look for the best plans.

    Args:
        problem: What is searched.
        attitude: How plans are scored.
        effort: How much is searched.
        say: Called with a line a round.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = problem.space
    started, measured = problem.start()
    plans = list(started)
    mixes = _apart(_mixed(space, effort), plans, space, effort.mixes)
    if mixes:
        measured = measured.joined(problem.measure(mixes))
        plans += mixes
    rounds = [Round(len(plans), _volume(_found(plans, measured, attitude)))]
    for number in range(1, effort.rounds + 1):
        found = _found(plans, measured, attitude)
        values = np.hstack([found.scores, measured.slacks])
        # Sums of several threads differ in last bits from one time to the next.
        with threadpool_limits(1):
            surrogate = fit(plans, values, space.budget, effort.seed)
            new = _promising(space, surrogate, found, effort, number)
            if not new:
                break
            said = surrogate.predict(new)[0]
        measured = measured.joined(problem.measure(new))
        plans += new
        found = _found(plans, measured, attitude)
        count = found.scores.shape[1]
        rounds.append(
            Round(
                len(plans),
                _volume(found),
                tuple(map(float, surrogate.explained[:count])),
                _agree(said[:, :count], found.scores[-len(new) :]),
            )
        )
        say(f"round {number} of {effort.rounds}: {len(plans)} designs, {rounds[-1].volume:.4g}")
    fewer = _fewer(_found(plans, measured, attitude), space)
    if new := [plan for plan in fewer if plan not in plans]:
        measured = measured.joined(problem.measure(new))
        plans += new
    rounds.append(Round(len(plans), _volume(_found(plans, measured, attitude))))
    return Found(tuple(plans), measured, attitude, tuple(rounds))


def _found(plans: Sequence[Plan], measured: Measured, attitude: Attitude) -> Found:
    return Found(tuple(plans), measured, attitude, ())


def _mixed(space: Space, effort: Effort) -> list[Plan]:
    """Plans of two to four levers at random, all of the budget among them."""
    rng = np.random.default_rng([effort.seed, 0])
    found = []
    for _ in range(4 * effort.mixes):
        most = min(len(space.levers), 4)
        count = int(rng.integers(min(2, most), most + 1))
        levers = rng.choice(len(space.levers), count, replace=False)
        parts = rng.dirichlet(np.ones(count)) * space.budget
        options = [rng.choice(space.by_lever[space.levers[int(lever)]]) for lever in levers]
        found.append(space.plan(dict(zip(map(int, options), map(float, parts), strict=True))))
    return found


def _suggested(trial: optuna.Trial, space: Space) -> Plan:
    """The plan of a trial: which option of each lever, if any, and its part of what is spent."""
    parts: dict[int, float] = {}
    for lever, places in space.by_lever.items():
        groups = {space.options[place].group: place for place in places}
        group = trial.suggest_categorical(f"{lever}.group", [NONE, *groups])
        part = trial.suggest_float(f"{lever}.part", 0.02, 1.0)
        if group != NONE:
            parts[groups[str(group)]] = part
    spent = space.budget * trial.suggest_float("spent", 0.1, OVER)
    whole = sum(parts.values())
    return space.plan({place: spent * part / whole for place, part in parts.items()})


def _promising(
    space: Space, surrogate: Surrogate, found: Found, effort: Effort, number: int
) -> list[Plan]:
    """Plans for the next round, half where the mean is best, half where it may be."""
    count = found.scores.shape[1]
    tried: dict[Plan, None] = {}
    for part, reach in enumerate((0.0, UNSURE)):
        seed = int(np.random.default_rng([effort.seed, number, part]).integers(2**31))
        sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
        study = optuna.create_study(directions=["maximize"] * count, sampler=sampler)
        for good in _known(found, space):
            study.enqueue_trial(good, skip_if_exists=True)
        for _ in range(GENERATIONS):
            trials = [study.ask() for _ in range(POPULATION)]
            plans = [_suggested(trial, space) for trial in trials]
            values, deviations = surrogate.predict(plans)
            hoped = values[:, :count] + reach * deviations[:, :count]
            over = -(values - deviations * (reach == 0.0))[:, count:]
            for trial, value, beyond in zip(trials, hoped, over, strict=True):
                for limit, amount in enumerate(beyond.tolist()):
                    trial.set_constraint(str(limit), amount)
                study.tell(trial, value.tolist())
            tried |= dict.fromkeys(plans)
    return _taken(list(tried), surrogate, found, space, effort, number)


def _known(found: Found, space: Space) -> list[dict[str, Any]]:
    """The best plans so far, as trials begin with them."""
    told = []
    for place in found.front[:8]:
        plan = found.plans[place]
        whole = sum(plan)
        if whole <= 0.0:
            continue
        trial: dict[str, Any] = {"spent": min(whole / space.budget, OVER)}
        for lever, places in space.by_lever.items():
            used = [p for p in places if plan[p] > 0.0]
            trial[f"{lever}.group"] = space.options[used[0]].group if used else NONE
            trial[f"{lever}.part"] = max(plan[used[0]] / whole, 0.02) if used else 0.5
        told.append(trial)
    return told


def _taken(
    tried: list[Plan],
    surrogate: Surrogate,
    found: Found,
    space: Space,
    effort: Effort,
    number: int,
) -> list[Plan]:
    """The plans of a round: each the best in one direction of the objectives, all apart."""
    count = found.scores.shape[1]
    mean, deviation = surrogate.predict(tried)
    kept = (mean[:, count:] >= -SLACK).all(axis=1)
    low, high = found.scores.min(axis=0), found.scores.max(axis=0)
    unit = np.where(high > low, high - low, 1.0)
    rng = np.random.default_rng([effort.seed, number, 9])
    new: list[Plan] = []
    for turn in range(effort.each):
        reach = UNSURE * (turn % 2)
        hoped = (mean + reach * deviation)[:, :count]
        weights = rng.dirichlet(np.ones(count))
        value = ((hoped - low) / unit) @ weights - 1e3 * ~kept
        order = [tried[int(i)] for i in np.argsort(-value, kind="stable")]
        new += _apart(order, [*found.plans, *new], space, 1)
    return new


def _apart(order: Sequence[Plan], there: Sequence[Plan], space: Space, most: int) -> list[Plan]:
    """The first plans of an order that differ from all others by some part of the budget."""
    taken: list[Plan] = []
    known = np.array(there)
    for plan in order:
        if len(taken) == most:
            break
        moved = np.abs(known - np.array(plan)).sum(axis=1).min()
        if moved >= APART * space.budget:
            taken.append(plan)
            known = np.vstack([known, plan])
    return taken


def _fewer(found: Found, space: Space) -> list[Plan]:
    """The best plan with ever fewer levers, the smallest left out first, for the same sum."""
    best = found.plans[found.best]
    kept = sorted(space.used(best), key=lambda place: best[place])
    plans = []
    while len(kept) > 1:
        _, *kept = kept
        times = sum(best) / sum(best[place] for place in kept)
        plans.append(space.plan({place: times * best[place] for place in kept}))
    return plans


def _agree(said: Array, seen: Array) -> tuple[float, ...]:
    """Correlation of what was said of plans with what was seen, by objective."""
    found: list[float] = []
    for one, other in zip(said.T, seen.T, strict=True):
        flat = len(one) < 3 or np.ptp(one) == 0.0 or np.ptp(other) == 0.0
        found.append(float("nan") if flat else float(np.corrcoef(one, other)[0, 1]))
    return tuple(found)


def _outdone(score: Array, others: Array) -> bool:
    return bool(((others >= score).all(axis=1) & (others > score).any(axis=1)).any())


def _volume(found: Found) -> float:
    """Best score so far; of several objectives the volume that the front has above nothing."""
    if found.scores.shape[1] == 1:
        return float(found.scores[found.best, 0])
    return hypervolume(found.scores[found.front] - found.scores[0])


def hypervolume(points: Array) -> float:
    """Volume between zero and some points that is below any of them; for one to three numbers.

    Args:
        points: Shape (points, numbers); what is below zero in any has no volume.
    """
    inside = points[(points > 0.0).all(axis=1)]
    if not len(inside):
        return 0.0
    if inside.shape[1] == 1:
        return float(inside.max())
    # Slices between neighbouring heights of the last number.
    heights = np.unique(inside[:, -1])
    below = np.concatenate([[0.0], heights[:-1]])
    return sum(
        float(top - bottom) * hypervolume(inside[inside[:, -1] >= top, :-1])
        for top, bottom in zip(heights, below, strict=True)
    )
