"""Two searches for boxes that hold many cases and little else: PRIM and CART.

PRIM (Friedman and Fisher 1999) is patient: it peels a thin slice off one side of one factor, the
slice whose removal raises the density most, again and again. What is left after each peel is its
trajectory, from all runs to few dense ones. From a box of the trajectory it goes back: slices that
make the box denser still are pasted on again. CART (Breiman et al. 1984) splits all runs in two by
one factor, and each part again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.experiments.boxes import SIDES, box_from, inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from jiqun.experiments.boxes import Box, Cases, Place

    Search = Callable[[pd.DataFrame, Cases], list[Box]]
    Floats = npt.NDArray[np.float64]

SLICE = 0.05
"""Share of the runs in a box that is peeled off, or pasted on, at once."""
MASS = 0.05
"""Least share of the runs in a box."""
LEAVES = 6
"""Most leaves of a tree: each is a box that is to be told in a sentence."""
PURER = 0.01
"""Least fall of the Gini impurity that a split of the tree is for."""


@dataclass(frozen=True)
class Peeled:
    """A box of a trajectory.

    Attributes:
        places: Its limits: factor and side to value.
        held: Which runs lie in it.
        coverage: Share of the cases that do.
        density: Share of cases among its runs.
    """

    places: dict[Place, float]
    held: Cases
    coverage: float
    density: float


def prim(x: pd.DataFrame, y: Cases) -> list[Box]:
    """The box of the trajectory with the best score, pasted."""
    best = max(trajectory(x, y), key=lambda box: box.coverage * box.density)
    return [box_from(x, y, pasted(x, y, best).places)]


def trajectory(x: pd.DataFrame, y: Cases) -> list[Peeled]:
    """All runs, and what is left of them after each peel.

    Args:
        x: Factors of the runs, one row a run.
        y: Whether each run is a case, shape (runs,).
    """
    path = [_peeled(y, {}, np.ones(len(y), dtype=bool))]
    while (last := path[-1]).density < 1.0:
        tried = [
            _peeled(y, last.places | {place: limit}, kept)
            for place, limit, kept in _peels(x, last.held)
            if kept.sum() >= MASS * len(y)
        ]
        if not tried:
            break
        runs = int(last.held.sum())
        # By the run taken away: a factor of few values can only be cut into thick slices.
        path.append(
            max(tried, key=lambda box: (box.density - last.density) / (runs - box.held.sum()))
        )
    return path


def pasted(x: pd.DataFrame, y: Cases, box: Peeled) -> Peeled:
    """A box widened by slices, the best first, as long as each makes it denser.

    Args:
        x: Factors of the runs, one row a run.
        y: Whether each run is a case, shape (runs,).
        box: The box to begin with.
    """
    while True:
        wider = [_peeled(y, places, held) for places, held in _pastes(x, box)]
        denser = [tried for tried in wider if tried.density > box.density]
        if not denser:
            return box
        box = max(denser, key=lambda tried: tried.density)


def cart(x: pd.DataFrame, y: Cases) -> list[Box]:
    """The leaves of a tree in which cases are more frequent than in all."""
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    grown = DecisionTreeClassifier(
        max_leaf_nodes=LEAVES,
        min_samples_leaf=max(int(MASS * len(y)), 2),
        min_impurity_decrease=PURER,
        random_state=0,
    ).fit(x.to_numpy(), y)
    leaves = [box_from(x, y, places) for places in _leaves(grown.tree_, list(x.columns)) if places]
    return [leaf for leaf in leaves if leaf.density > y.mean()]


def _peeled(y: Cases, places: dict[Place, float], held: Cases) -> Peeled:
    hits = int(y[held].sum())
    return Peeled(places, held, hits / int(y.sum()), hits / int(held.sum()))


def _peels(x: pd.DataFrame, held: Cases) -> Iterator[tuple[Place, float, Cases]]:
    """Every slice that can be taken off a box: place, limit and the runs that are left."""
    for factor in x:
        values = x[factor].to_numpy(dtype=float)
        for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
            ordered = np.sort(sign * values[held])
            first = _first_kept(ordered)
            if first is not None:
                limit = (ordered[first - 1] + ordered[first]) / 2.0
                yield (str(factor), side), sign * limit, held & (sign * values >= limit)


def _first_kept(ordered: Floats) -> int | None:
    """Position of the first value that stays; equal values stay or go together."""
    cut = ordered[min(ceil(SLICE * len(ordered)), len(ordered) - 1)]
    first = int(np.searchsorted(ordered, cut))
    if first == 0:
        first = int(np.searchsorted(ordered, cut, side="right"))
    return first if first < len(ordered) else None


def _pastes(x: pd.DataFrame, box: Peeled) -> Iterator[tuple[dict[Place, float], Cases]]:
    """Every slice that can be added to a box: limits, and the runs that are then in it."""
    more = ceil(SLICE * box.held.sum())
    for place in box.places:
        others = {other: value for other, value in box.places.items() if other != place}
        around = inside(x, others)
        sign = 1.0 if place[1] == SIDES[0] else -1.0
        values = sign * x[place[0]].to_numpy(dtype=float)
        beyond = np.sort(values[around & ~box.held])[::-1]
        if len(beyond) <= more:
            yield others, around
        else:
            limit = (beyond[more - 1] + beyond[more]) / 2.0
            yield others | {place: sign * limit}, around & (values >= limit)


def _leaves(tree: Any, factors: list[str]) -> Iterator[dict[Place, float]]:
    """Limits of every leaf of a tree."""
    pending: list[tuple[int, dict[Place, float]]] = [(0, {})]
    while pending:
        node, places = pending.pop()
        if tree.children_left[node] < 0:
            yield places
            continue
        factor, limit = factors[tree.feature[node]], float(tree.threshold[node])
        # Later splits of a factor lie within earlier ones.
        pending.append((int(tree.children_right[node]), places | {(factor, SIDES[0]): limit}))
        pending.append((int(tree.children_left[node]), places | {(factor, SIDES[1]): limit}))
