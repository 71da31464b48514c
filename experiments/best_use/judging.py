"""What is said of designs on draws that their search never saw.

The best of many designs owes part of its lead to the luck of the draws it was chosen on. So it is
chosen on the draws of the search, and what is told of it is from others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.effects.bootstrap import quantiles
from jiqun.experiments.effects.effect import CLEAR, Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.experiments.best_use.attitude import Attitude
    from jiqun.experiments.best_use.search import Found
    from jiqun.experiments.best_use.space import Space
    from jiqun.model.dimensions import Array

SURE = 0.9
"""Probability from which on one design is called better than another."""
MOST_OF_FRONT = 10
"""Designs of the front that are judged: with several objectives it may have very many."""
NEXT_BEST = 6
"""Plans with the best scores in the search that are judged as well."""
GOOD_RESAMPLES = 500


@dataclass(frozen=True)
class Against:
    """How a design compares with others on held-out draws.

    Attributes:
        probability: Share of resamples of the draws in which its score is above the best of theirs.
        difference: Its score less that of the best of them, with the 95 % interval.
        best: Place of the best of them, by score on these draws.
    """

    probability: float
    difference: tuple[float, float, float]
    best: int

    @property
    def better(self) -> bool:
        """Whether it is called better."""
        return self.probability >= SURE


@dataclass(frozen=True)
class Verdict:
    """What held-out draws say of some designs; places are those of the designs.

    Attributes:
        scores: Score by design and objective.
        low: Lower ends of the 95 % intervals of the scores.
        high: Upper ends.
        estimates: Mean gain by design and objective.
        nothing: The chosen design against doing nothing.
        named: The same against the best of the named designs; None where there are none.
        above_nothing: Whether its main objective is distinguishably better than with nothing.
        simplest: The design with the fewest levers that the chosen one is not clearly better than:
            by more than a hundredth of its score, at the lower end. The chosen one where there is
            none with fewer.
    """

    scores: Array
    low: Array
    high: Array
    estimates: tuple[tuple[Estimate, ...], ...]
    nothing: Against
    named: Against | None
    above_nothing: bool
    simplest: int


def to_judge(found: Found, space: Space) -> dict[int, str]:
    """Places of the plans that are worth judging, each with what it is there for.

    The best first; the rest of the front; the best plans with fewer levers; and the next best.
    """
    front = found.front
    if len(front) > MOST_OF_FRONT:
        picked = np.linspace(0, len(front) - 1, MOST_OF_FRONT).round().astype(int)
        front = [front[int(i)] for i in picked]
    places = np.flatnonzero(found.kept)
    ordered = [int(i) for i in places[np.argsort(-found.scores[places, 0], kind="stable")]]
    most = len(space.used(found.plans[found.best]))
    simple: dict[int, int] = {}
    for place in ordered:
        count = len(space.used(found.plans[place]))
        if 0 < count < most and found.scores[place, 0] > found.scores[0, 0]:
            simple.setdefault(count, place)
    roles = dict.fromkeys([found.best, *front], "front")
    for place in simple.values():
        roles.setdefault(place, "simple")
    for place in ordered[:NEXT_BEST]:
        roles.setdefault(place, "next")
    return roles


def judge(
    gains: Array,
    attitude: Attitude,
    chosen: int,
    counts: Sequence[int],
    named: Sequence[int] = (),
) -> Verdict:
    """Judge designs on held-out draws.

    Args:
        gains: Gains of the designs, the first of which does nothing; shape (designs, worlds, draws,
            objectives).
        attitude: How gains become a score.
        chosen: Place of the design that the search chose.
        counts: Number of levers of each design; named ones have -1, as they are not candidates.
        named: Places of the named designs.
    """
    scores, resampled = attitude.scores(gains), attitude.resampled(gains)
    low, high = quantiles(resampled)
    central = gains[:, 0]
    estimates = tuple(tuple(Estimate.of(column) for column in one.T) for one in central)
    nothing = _against(scores, resampled, chosen, [0])
    clear = nothing.difference[1] > 0.0
    if attitude.kind == "mean":
        clear = clear and estimates[chosen][0].sign > 0
    simplest = chosen
    candidates = [i for i, count in enumerate(counts) if 0 < count < counts[chosen]]
    # Under common draws a lever that adds next to nothing is told apart all the same.
    matters = CLEAR * abs(float(scores[chosen, 0]))
    for place in sorted(candidates, key=lambda i: (counts[i], -scores[i, 0])):
        if _against(scores, resampled, chosen, [place]).difference[1] <= matters:
            simplest = place
            break
    return Verdict(
        scores,
        low,
        high,
        estimates,
        nothing,
        _against(scores, resampled, chosen, named) if named else None,
        clear,
        simplest,
    )


def _against(scores: Array, resampled: Array, chosen: int, others: Sequence[int]) -> Against:
    main, many = scores[:, 0], resampled[:, :, 0]
    best = max(others, key=lambda place: float(main[place]))
    lead = many[:, chosen] - many[:, list(others)].max(axis=1)
    gap = many[:, chosen] - many[:, best]
    low, high = quantiles(gap)
    difference = float(main[chosen] - main[best]), float(low), float(high)
    return Against(float((lead > 0.0).mean()), difference, best)


@dataclass(frozen=True)
class Shared:
    """How good designs use a lever.

    Attributes:
        lever: The lever.
        used: Share of the good designs that use it.
        low: Least sum of those that do, yuan.
        high: Largest sum of those that do, yuan.
        groups: Target group to the share of those that do which choose it.
    """

    lever: str
    used: float
    low: float
    high: float
    groups: dict[str, float]


def shared(found: Found, space: Space) -> tuple[int, list[Shared]]:
    """What good designs have in common.

    Good is a design that keeps all limits and is not distinguishable from the best on the draws of
    the search.

    Returns:
        Number of good designs, and how they use each lever.
    """
    places = np.flatnonzero(found.kept)
    if not len(places):
        return 0, []
    resampled = found.attitude.resampled(found.measured.gains[places], GOOD_RESAMPLES)[:, :, 0]
    own = int(np.flatnonzero(places == found.best)[0])
    _, high = quantiles(resampled - resampled[:, [own]])
    good = [found.plans[int(place)] for place in places[high >= 0.0]]
    told = []
    for lever, options in space.by_lever.items():
        sums = [(plan[o], space.options[o].group) for plan in good for o in options if plan[o] > 0]
        if not sums:
            continue
        groups = [group for _, group in sums]
        told.append(
            Shared(
                lever,
                len(sums) / len(good),
                min(yuan for yuan, _ in sums),
                max(yuan for yuan, _ in sums),
                {name: groups.count(name) / len(groups) for name in dict.fromkeys(groups)},
            )
        )
    return len(good), sorted(told, key=lambda row: -row.used)
