"""Scenario discovery: where among uncertain factors the cases of interest lie.

Two searches look for a box, a few limits on a few factors, that holds many of the cases (coverage)
and little else (density), as Bryant and Lempert (2010) use them: PRIM and CART (`searches.py`).

With hundreds of factors and some hundred runs both find boxes in pure noise. So the whole search,
the choice of factors included, is repeated on shuffled cases: a box counts only if it is better
than what 19 of 20 such searches find. It is repeated on halves of the runs too (Meinshausen and
Buhlmann 2010: a run drawn twice, as by the bootstrap, would pass for two witnesses), which tells
how many of them set each limit again (one that fewer than half set is dropped), and what a box
found in one half holds of the other.

A quasi-random sequence in so many dimensions lets factors move together over its first hundreds of
points. No search can tell such factors apart: each limit names those that go with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.stats import kstwobign

from jiqun.experiments.boxes import SIDES, box_from, inside, rebuilt
from jiqun.experiments.searches import cart, prim
from jiqun.experiments.sensitivity.tables import FOLDER
from jiqun.experiments.stores.store import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from jiqun.experiments.boxes import Box, Cases, Place
    from jiqun.experiments.searches import Search

LEVEL = 0.05
"""Chance of a box in noise, and of a factor let in without cause."""
FEW = 10
"""Cases, and others, that a search needs."""
MOST = 8
"""Factors that a search is over: those whose distributions in cases and others differ most."""
KEPT = 0.5
"""Least share of the halves that set a limit again, for it to stay."""
ALIKE = 0.5
"""Rank correlation over the runs from which on two factors are not told apart."""
SHUFFLES = 19
HALVES = 20
SEED = 20231201
FILE = "discovery.json"
"""Where a store keeps its last discovery, beside the analyses of sensitivity."""


@dataclass(frozen=True)
class Look:
    """What one search found.

    Attributes:
        method: ``prim`` or ``cart``.
        score: Score of its best box.
        floor: Score that 19 of 20 searches on shuffled cases stay under or reach.
        boxes: The boxes, best first; none where the score is not above the floor.
        coverage_left_out: Share of the cases of the other half that lie in what a half sets for the
            limits of the best box, over all halves; None without boxes.
        density_left_out: Share of cases among the runs left out that lie in it; None if none does.
    """

    method: str
    score: float
    floor: float
    boxes: tuple[Box, ...]
    coverage_left_out: float | None
    density_left_out: float | None


@dataclass(frozen=True)
class Discovery:
    """Where the cases lie.

    Attributes:
        runs: Number of runs.
        cases: Those of interest.
        factors: Number of factors looked at.
        chosen: Factors searched over, the most telling first.
        looks: What each search found; empty where there are too few cases, or too few others.
    """

    runs: int
    cases: int
    factors: int
    chosen: tuple[str, ...]
    looks: tuple[Look, ...]


def discover(
    x: pd.DataFrame,
    y: Cases,
    *,
    shuffles: int = SHUFFLES,
    halves: int = HALVES,
    seed: int = SEED,
) -> Discovery:
    """Look for boxes that hold the cases.

    Args:
        x: Factors, shape (runs, factors).
        y: Whether each run is a case, shape (runs,).
        shuffles: Searches on shuffled cases, which set the floor.
        halves: Searches on half of the runs, drawn without replacement.
        seed: Of shuffles and halves.
    """
    cases = int(y.sum())
    if min(cases, len(y) - cases) < FEW:
        return Discovery(len(y), cases, x.shape[1], (), ())
    looks = tuple(
        _look(name, search, x, y, (shuffles, halves), np.random.default_rng(seed))
        for name, search in SEARCHES.items()
    )
    return Discovery(len(y), cases, x.shape[1], tuple(telling(x, y)), looks)


def telling(x: pd.DataFrame, y: Cases) -> list[str]:
    """Factors whose distributions differ between cases and others, the most telling first.

    By the Kolmogorov-Smirnov distance and its large-sample bound for a single factor, so that a
    twentieth of inert factors come in; what they do to the search, the floor tells.
    """
    values = x.to_numpy(dtype=float)
    sorted_y = y[np.argsort(values, axis=0, kind="stable")]
    cases, others = int(y.sum()), int((~y).sum())
    apart = np.cumsum(sorted_y, axis=0) / cases - np.cumsum(~sorted_y, axis=0) / others
    distance = np.abs(apart).max(axis=0)
    bound = float(kstwobign.isf(LEVEL)) * np.sqrt((cases + others) / cases / others)
    passed = min(int((distance > bound).sum()), MOST)
    order = np.argsort(-distance, kind="stable")[:passed]
    return [str(x.columns[i]) for i in order]


def save(store: Path, data: Mapping[str, Any]) -> Path:
    """Keep a discovery with its store."""
    path = store / FOLDER / FILE
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    return path


def read(store: Path) -> dict[str, Any] | None:
    """The last discovery of a store, or None."""
    path = store / FOLDER / FILE
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


SEARCHES: dict[str, Search] = {"prim": prim, "cart": cart}


def _search(search: Search, x: pd.DataFrame, y: Cases) -> list[Box]:
    """Choose the factors, search over them, leave out limits that add nothing; best box first."""
    chosen = telling(x, y)
    if not chosen:
        return []
    within = x[chosen].reset_index(drop=True)
    built = [rebuilt(within, y, box) for box in search(within, y)]
    # Leaves that differ in limits alone that add nothing are one.
    found = {box.limits: box for box in built if box.limits}
    return sorted(found.values(), key=lambda box: -box.score)


def _look(
    method: str,
    search: Search,
    x: pd.DataFrame,
    y: Cases,
    repeats: tuple[int, int],
    rng: np.random.Generator,
) -> Look:
    share = float(y.mean())

    def score(boxes: Sequence[Box]) -> float:
        return boxes[0].score if boxes else share

    shuffles, halves = repeats
    chance = [score(_search(search, x, rng.permutation(y))) for _ in range(shuffles)]
    floor = float(np.quantile(chance, 1.0 - LEVEL, method="higher"))
    boxes = _search(search, x, y)
    if score(boxes) <= floor:
        return Look(method, score(boxes), floor, (), None, None)
    splits = [np.array_split(rng.permutation(len(y)), 2) for _ in range(halves)]
    again = [_search(search, x.iloc[rows], y[rows]) for rows, _ in splits]
    boxes = _lasting(x, y, boxes, again)
    if score(boxes) <= floor:
        return Look(method, score(boxes), floor, (), None, None)
    others = [rows for _, rows in splits]
    return Look(
        method, score(boxes), floor, tuple(boxes), *_left_out(x, y, boxes[0], again, others)
    )


def _lasting(
    x: pd.DataFrame, y: Cases, boxes: Sequence[Box], again: Sequence[Sequence[Box]]
) -> list[Box]:
    """Boxes with those limits alone that enough halves set again, best first."""
    sides = [{limit.place for box in found for limit in box.limits} for found in again]
    lasting = {}
    for box in boxes:
        same = {limit.place: _alike(x, limit.place) for limit in box.limits}
        kept = {
            place: float(np.mean([not found.isdisjoint(same[place]) for found in sides]))
            for place in same
        }
        shown = box_from(x, y, {p: v for p, v in box.places.items() if kept[p] >= KEPT})
        limits = tuple(
            replace(
                limit,
                kept=kept[limit.place],
                alike=tuple(factor for factor, _ in same[limit.place] if factor != limit.factor),
            )
            for limit in shown.limits
        )
        if limits:
            lasting[limits] = replace(shown, limits=limits)
    return sorted(lasting.values(), key=lambda box: -box.score)


def _alike(x: pd.DataFrame, place: Place) -> list[Place]:
    """A place and those that cannot be told from it in these runs, the closest first."""
    factor, side = place
    found = x.rank().corrwith(x[factor].rank())
    found = found[found.abs() >= ALIKE].sort_values(key=abs, ascending=False)
    other = SIDES[1 - SIDES.index(side)]
    return [(str(name), side if near > 0.0 else other) for name, near in found.items()]


def _left_out(
    x: pd.DataFrame,
    y: Cases,
    best: Box,
    again: Sequence[Sequence[Box]],
    others: Sequence[npt.NDArray[np.int64]],
) -> tuple[float | None, float | None]:
    """Coverage and density, in the other halves, of the best box with limits as the halves set."""
    same = {place for limit in best.limits for place in _alike(x, limit.place)}
    cases = runs = hits = 0
    for boxes, rows in zip(again, others, strict=True):
        cases += int(y[rows].sum())
        places = {p: v for box in boxes[:1] for p, v in box.places.items() if p in same}
        if places:
            held = inside(x.iloc[rows], places)
            runs += int(held.sum())
            hits += int(y[rows][held].sum())
    return hits / cases if cases else None, hits / runs if runs else None
