"""Scenario discovery: where among uncertain factors the cases of interest lie.

Two searches of the EMA Workbench look for a box, a few limits on a few factors, that holds many of
the cases (coverage) and little else (density). PRIM (Friedman and Fisher 1999, as Bryant and
Lempert 2010 use it) peels thin slices off the whole until what is left is dense; CART (Breiman et
al. 1984) splits the whole in two again and again.

With hundreds of factors and some hundred runs both find boxes in pure noise. So the whole search,
the choice of factors included, is repeated on shuffled cases: a box counts only if it is better
than what 19 of 20 such searches find. It is repeated on resamples of the runs too, which tells how
many of them set each limit again, and what a box found in a resample holds of the runs left out.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.stats import kstwobign

from experiments.sensitivity.tables import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    Cases = npt.NDArray[np.bool_]
    Search = Callable[[pd.DataFrame, Cases], list["Box"]]

LEVEL = 0.05
"""Chance of a box in noise, of a limit that adds nothing, and of a factor let in without cause."""
FEW = 10
"""Cases, and others, that a search needs."""
MOST = 8
"""Factors that a search is over: those whose distributions in cases and others differ most."""
MASS = 0.05
"""Least share of the runs in a box."""
LEAVES = 6
"""Most leaves of a tree: each is a box that is to be told in a sentence."""
PURER = 0.01
"""Least fall of the Gini impurity that a split of the tree is for."""
SHUFFLES = 19
RESAMPLES = 20
SEED = 20231201
FILE = "discovery.json"
"""Where a store keeps its last discovery, beside the analyses of sensitivity."""


class ExtraMissingError(ImportError):
    """What scenario discovery needs is not installed."""


@dataclass(frozen=True)
class Limit:
    """One limit of a box.

    Attributes:
        factor: What is limited.
        side: ``least`` or ``most``.
        value: The limit, in the factor's unit.
        share: Share of all runs that keep to it.
        quasi_p: Chance that the box would be as dense were the limit without effect (binomial;
            too small, since the limit was chosen on the same runs); None for CART.
        kept: Share of the resamples in which the search sets a limit to the same side; None before
            they are made.
    """

    factor: str
    side: str
    value: float
    share: float
    quasi_p: float | None = None
    kept: float | None = None


@dataclass(frozen=True)
class Box:
    """A part of the uncertain world.

    Attributes:
        coverage: Share of the cases that lie in it.
        density: Share of the runs in it that are cases.
        runs: Runs in it.
        limits: Its limits.
    """

    coverage: float
    density: float
    runs: int
    limits: tuple[Limit, ...]

    @property
    def score(self) -> float:
        """Coverage times density: 1 for a box with all cases and nothing else.

        A box without limits has the share of the cases. The product needs no threshold of
        density, which rare cases never reach and frequent ones pass at once.
        """
        return self.coverage * self.density


@dataclass(frozen=True)
class Look:
    """What one search found.

    Attributes:
        method: ``prim`` or ``cart``.
        score: Score of its best box.
        floor: Score that 19 of 20 searches on shuffled cases stay under or reach.
        boxes: The boxes, best first; none where the score is not above the floor.
        coverage_left_out: Share of the cases of the runs left out of a resample that lie in the
            best box found in it, over all resamples; None without boxes.
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


def require() -> None:
    """Refuse to go on without the extra.

    Raises:
        ExtraMissingError: It is not installed.
    """
    if find_spec("ema_workbench") is None:
        raise ExtraMissingError(
            "scenario discovery needs the EMA Workbench, an extra of this project: "
            'install it with  pip install "jiqun[discovery]"  (in a checkout: '
            'pip install -e ".[discovery]")'
        )


def discover(
    x: pd.DataFrame,
    y: Cases,
    *,
    shuffles: int = SHUFFLES,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Discovery:
    """Look for boxes that hold the cases.

    Args:
        x: Factors, shape (runs, factors).
        y: Whether each run is a case, shape (runs,).
        shuffles: Searches on shuffled cases, which set the floor.
        resamples: Searches on runs drawn with replacement.
        seed: Of shuffles and resamples.
    """
    cases = int(y.sum())
    if min(cases, len(y) - cases) < FEW:
        return Discovery(len(y), cases, x.shape[1], (), ())
    looks = tuple(
        _look(name, search, x, y, (shuffles, resamples), np.random.default_rng(seed))
        for name, search in SEARCHES.items()
    )
    return Discovery(len(y), cases, x.shape[1], tuple(telling(x, y)), looks)


def telling(x: pd.DataFrame, y: Cases) -> list[str]:
    """Factors whose distributions differ between cases and others, the most telling first.

    By the Kolmogorov-Smirnov distance and its large-sample bound for a single factor, so that a
    twentieth of inert factors come in; what they do to the search, the floor tells. Never one
    alone, with which the library reads no tree.
    """
    values = x.to_numpy(dtype=float)
    sorted_y = y[np.argsort(values, axis=0, kind="stable")]
    cases, others = int(y.sum()), int((~y).sum())
    apart = np.cumsum(sorted_y, axis=0) / cases - np.cumsum(~sorted_y, axis=0) / others
    distance = np.abs(apart).max(axis=0)
    bound = float(kstwobign.isf(LEVEL)) * np.sqrt((cases + others) / cases / others)
    passed = min(int((distance > bound).sum()), MOST)
    order = np.argsort(-distance, kind="stable")[: max(passed, 2) if passed else 0]
    return [str(x.columns[i]) for i in order]


def save(store: Path, data: Mapping[str, Any]) -> Path:
    """Keep a discovery with its store."""
    folder = store / FOLDER
    folder.mkdir(exist_ok=True)
    part = folder / f".{FILE}.part"
    part.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return part.replace(folder / FILE)


def read(store: Path) -> dict[str, Any] | None:
    """The last discovery of a store, or None."""
    path = store / FOLDER / FILE
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


def prim(x: pd.DataFrame, y: Cases) -> list[Box]:
    """The box of the peeling trajectory with the best score, without limits that add nothing."""
    Prim = _ema("prim").Prim  # noqa: N806
    peeled = Prim(x, y, mass_min=MASS).find_box()
    path = peeled.peeling_trajectory
    place = int((path["coverage"] * path["density"]).idxmax())
    whole, limits = peeled.box_lims[0], peeled.box_lims[place]
    while weakest := _weakest(peeled.p_values[place]):
        factor, side = weakest
        limits = limits.copy()
        limits.loc[side, factor] = whole.loc[side, factor]
        peeled.update(limits, np.flatnonzero(_inside(x, limits)))
        place = len(peeled.box_lims) - 1
    return _boxes(x, y, [limits], peeled.p_values[place])


def cart(x: pd.DataFrame, y: Cases) -> list[Box]:
    """The leaves in which cases are more frequent than in all, the best score first."""
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    found = _ema("cart").CART(x, y, mass_min=MASS)
    # Its own tree is grown to the end, and breaks ties by a generator that cannot be set.
    tree = DecisionTreeClassifier(
        max_leaf_nodes=LEAVES,
        min_samples_leaf=max(int(MASS * len(y)), 2),
        min_impurity_decrease=PURER,
        random_state=0,
    )
    found.clf = tree.fit(x.to_numpy(), y)
    if tree.tree_.node_count == 1:
        return []
    return [box for box in _boxes(x, y, found.boxes) if box.density > y.mean()]


SEARCHES: dict[str, Search] = {"prim": prim, "cart": cart}


def holds(box: Box, x: pd.DataFrame) -> Cases:
    """Which runs keep to all limits of a box."""
    inside = np.ones(len(x), dtype=bool)
    for limit in box.limits:
        values = x[limit.factor].to_numpy()
        inside &= values >= limit.value if limit.side == "least" else values <= limit.value
    return inside


def _search(search: Search, x: pd.DataFrame, y: Cases) -> list[Box]:
    """Choose the factors and search over them."""
    chosen = telling(x, y)
    return search(x[chosen].reset_index(drop=True), y) if chosen else []


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

    shuffles, resamples = repeats
    chance = [score(_search(search, x, rng.permutation(y))) for _ in range(shuffles)]
    floor = float(np.quantile(chance, 1.0 - LEVEL, method="higher"))
    boxes = _search(search, x, y)
    if score(boxes) <= floor:
        return Look(method, score(boxes), floor, (), None, None)
    again = [
        (rows, _search(search, x.iloc[rows], y[rows]))
        for rows in (rng.integers(len(y), size=len(y)) for _ in range(resamples))
    ]
    sides = [{(limit.factor, limit.side) for box in b for limit in box.limits} for _, b in again]
    kept = tuple(_with_kept(box, sides) for box in boxes)
    return Look(method, score(boxes), floor, kept, *_left_out(x, y, again))


def _left_out(
    x: pd.DataFrame, y: Cases, again: Sequence[tuple[npt.NDArray[np.int64], list[Box]]]
) -> tuple[float | None, float | None]:
    """Coverage and density of the boxes of resamples among the runs left out of them."""
    cases = inside = hits = 0
    for rows, boxes in again:
        out = np.setdiff1d(np.arange(len(y)), rows)
        cases += int(y[out].sum())
        if boxes:
            held = holds(boxes[0], x.iloc[out])
            inside += int(held.sum())
            hits += int(y[out][held].sum())
    return hits / cases if cases else None, hits / inside if inside else None


def _with_kept(box: Box, sides: Sequence[set[tuple[str, str]]]) -> Box:
    limits = (
        Limit(
            **vars(limit)
            | {"kept": float(np.mean([(limit.factor, limit.side) in s for s in sides]))}
        )
        for limit in box.limits
    )
    return Box(box.coverage, box.density, box.runs, tuple(limits))


def _boxes(
    x: pd.DataFrame, y: Cases, found: Sequence[pd.DataFrame], quasi_p: Any = None
) -> list[Box]:
    """Boxes as the library gives them (two rows, least and most), without those that hold all."""
    boxes = []
    for lims in found:
        limits = tuple(
            Limit(
                str(factor),
                name,
                float(lims.loc[side, factor]),
                float(keeps.mean()),
                None if quasi_p is None else float(quasi_p[factor][side]),
            )
            for factor in lims.columns
            for side, name, keeps in (
                (0, "least", x[factor].to_numpy() >= lims.loc[0, factor]),
                (1, "most", x[factor].to_numpy() <= lims.loc[1, factor]),
            )
            if not keeps.all()
        )
        if limits:
            inside = _inside(x, lims)
            hits = int(y[inside].sum())
            boxes.append(
                Box(hits / int(y.sum()), hits / int(inside.sum()), int(inside.sum()), limits)
            )
    return sorted(boxes, key=lambda box: -box.score)


def _inside(x: pd.DataFrame, lims: pd.DataFrame) -> Cases:
    inside: Cases = ((x >= lims.loc[0]) & (x <= lims.loc[1])).to_numpy().all(axis=1)
    return inside


def _weakest(quasi_p: dict[str, list[float]]) -> tuple[str, int] | None:
    """Factor and side of the limit that adds least, if it adds nothing; -1 stands for no limit."""
    every = [(p, factor, side) for factor, both in quasi_p.items() for side, p in enumerate(both)]
    p, factor, side = max(every, default=(0.0, "", 0))
    return (factor, side) if p >= LEVEL else None


def _ema(module: str) -> Any:
    """A module of the library, without its remarks on what else could be installed."""
    from importlib import import_module  # noqa: PLC0415

    require()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(f"ema_workbench.analysis.{module}")
