"""Fits an emulator to measured effects: features that earn their place, and intervals that hold.

Of every cell the effects are weighted by how far pairs of a design lie apart, and told by a ridge
of all dials. Bends of a dial and products of two join one by one, for as long as designs left out
are told better. The interval is what pairs lie apart, over the number of pairs, and what the fit
itself leaves open; how large both are is judged on designs and draws that the fit, and its choice
of features, have not seen. What is alike (the units of one outcome) shares its tails, unless those
of a unit are wider.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.effects.comparison_data import made_by
from jiqun.experiments.emulator.designs import ISSUED
from jiqun.experiments.emulator.emulator import PAIRS, Cell, Emulator, Factor, Score, Width
from jiqun.experiments.emulator.runs import CELLS, COST, HORIZON, PAYER, TOTAL
from jiqun.model.accounting import YUAN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from jiqun.experiments.emulator.designs import Design, Dial
    from jiqun.model.dimensions import Array

    Feature = tuple[Factor, ...]

COVERAGE = 0.90
"""Share of measured effects that intervals are to hold."""
SPREAD = (0.05, 0.95)
"""Quantiles of effects over designs between which their spread is."""
NARROW = 0.5
"""Share of the spread of effects that the median width stays below where estimates tell."""
RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Penalties that are tried, in observations of a feature of unit size."""
MOST = 24
"""Bends and products that a cell takes at most."""
WORTH = 0.005
"""Part of the error on designs left out that another feature has to take away."""
TRIED = 3
"""Features next in line that are tried before none is taken."""
FOLDS = 10
ROUNDS = 400
"""Updates by which variances are fitted."""
TINY = 1e-10
"""Part of the largest variance below which there is none."""
LEAST = 1e-6
"""Part of the largest variance of a design that others are weighted by at least."""
FAR = 0.02
"""Variances of a pair that a fit is taken to leave open when designs are weighted."""
WHOLE = (COST, PAYER, TOTAL)
DIGITS = 6
"""Significant figures of what is kept."""
QUARTILE = 0.75, 1.3233
"""Quantile of squared errors that says how large they are, and its value for normal ones: a few
that are far out would decide a mean, and the tails are judged beside it."""


Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Data:
    """Measured effects of one cell.

    Attributes:
        moved: How far dials are from as issued, shape (designs, dials).
        effect: Mean effect of each design.
        variance: Variance of pairs about it, as smoothed over designs.
        pairs: Number of pairs of each.
        folds: Which designs are left out together: those that share draws.
        active: Dials that move the cell at all.
    """

    moved: Array
    effect: Array
    variance: Array
    pairs: Array
    folds: Array
    active: tuple[int, ...]

    def rows(self, chosen: Array) -> _Data:
        """Some of the designs."""
        return replace(
            self,
            moved=self.moved[chosen],
            effect=self.effect[chosen],
            variance=self.variance[chosen],
            pairs=self.pairs[chosen],
            folds=self.folds[chosen],
        )


@dataclass(frozen=True)
class _Fit:
    """Features and their numbers."""

    features: tuple[Feature, ...]
    numbers: Array

    def mean(self, moved: Array) -> Array:
        """Estimates, one for each row of `moved`."""
        found: Array = _columns(self.features, moved) @ self.numbers
        return found


Fitted = tuple[_Data, "Array", _Fit, "Array"]
"""Of a cell: its effects, what variances get from each dial, the fit, and what it left out said."""


def moved_by(designs: Sequence[Design], dials: Sequence[Dial]) -> Array:
    """How far designs move each dial, shape (designs, dials)."""
    return np.array(
        [[design.at.get(dial.lever, ISSUED) - ISSUED for dial in dials] for design in designs]
    )


def active_dials(effects: pd.DataFrame, moved: Array) -> tuple[int, ...]:
    """Dials that move anything in some run of a design that moves them alone.

    One that no design moves alone is taken to do so.

    Args:
        effects: Effects by design and draw, designs in the order of `moved`.
        moved: How far designs move each dial, shape (designs, dials).
    """
    changed: pd.Series[bool] = effects.ne(0.0).any(axis=1)
    moves = changed.groupby(level="design", sort=False).any().to_numpy()
    alone = (moved != 0.0).sum(axis=1) == 1
    return tuple(
        dial
        for dial in range(moved.shape[1])
        if moves[its := alone & (moved[:, dial] != 0.0)].any() or not its.any()
    )


def fit(
    measured: pd.DataFrame,
    designs: Sequence[Design],
    dials: Sequence[Dial],
    groups: Mapping[str, int],
) -> Emulator:
    """An emulator of measured effects.

    Args:
        measured: Effects by design and draw (`runs.measure`).
        designs: The designs.
        dials: All dials that designs move.
        groups: Design to its group; those of one share draws.
    """
    names = [design.name for design in designs]
    measured = measured.loc[names]
    every = moved_by(designs, dials)
    active = active_dials(measured, every)
    kept = tuple(dials[place] for place in active)
    inert = tuple(dial.lever for dial in dials if dial not in kept)
    moved = every[:, list(active)]
    by = measured.groupby(level="design", sort=False)
    means, pairs = by.mean(), np.asarray(by.size(), dtype=np.float64)
    variances = by.var(ddof=1)
    folds = np.array([groups[name] % FOLDS for name in names])
    fitted: dict[Key, Fitted] = {}
    for cell in CELLS:
        within = active_dials(measured[[cell]], moved)
        widths = _widths(variances[cell].to_numpy(), moved, pairs, within)
        apart = _spread_of(widths, moved)
        data = _Data(moved, means[cell].to_numpy(), apart, pairs, folds, within)
        fitted[cell] = data, widths, _chosen(data), _left_out(data)
    _add_up(fitted)
    tails = _tails(fitted)
    cells = [_cell(cell, *found, tail=tails[cell]) for cell, found in fitted.items()]
    return Emulator(kept, tuple(cells), made_by(), HORIZON, inert)


def _add_up(fitted: dict[Key, Fitted]) -> None:
    """Make costs of each payer add up to those of all, feature by feature.

    What one pays another may receive, so the sum is often known better than its parts. A gap goes
    to payers by how far pairs lie apart there; what nobody's pairs say anything of goes to the sum.
    """
    payers = [cell for cell in fitted if cell[0] == COST and cell != WHOLE]
    numbers = {
        cell: dict(zip(fit.features, fit.numbers.tolist(), strict=True))
        for cell, (_, _, fit, _) in fitted.items()
        if cell[0] == COST
    }
    for feature in dict.fromkeys(f for held in numbers.values() for f in held):
        parts = [numbers[cell].get(feature, 0.0) for cell in payers]
        gap = numbers[WHOLE].get(feature, 0.0) - sum(parts)
        apart = [_apart(fitted[cell], feature) for cell in payers]
        for cell, part, share in zip(payers, parts, apart, strict=True):
            if share > 0.0:
                numbers[cell][feature] = part + gap * share / sum(apart)
        numbers[WHOLE][feature] = sum(numbers[cell].get(feature, 0.0) for cell in payers)
    for cell, held in numbers.items():
        data, widths, _, left_out = fitted[cell]
        found = _Fit(tuple(held), np.array(list(held.values())))
        fitted[cell] = data, widths, found, left_out


def _apart(found: Fitted, feature: Feature) -> float:
    """How far pairs lie apart in a cell where the dials of a feature are moved by one."""
    data, widths, _, _ = found
    moved = {factor.dial for factor in feature}
    if not moved <= set(data.active):
        return 0.0
    dials = data.moved.shape[1]
    return float(sum(widths[dial] + widths[dials + dial] for dial in moved))


def _columns(features: Sequence[Feature], moved: Array) -> Array:
    """Values of features, shape (designs, features)."""
    found = np.ones((len(moved), len(features)))
    for column, factors in enumerate(features):
        for factor in factors:
            values = moved[:, factor.dial]
            found[:, column] *= np.minimum(values, 0.0) if factor.below else values
    return found


def _plain(dials: Sequence[int]) -> tuple[Feature, ...]:
    return tuple((Factor(dial),) for dial in dials)


def _candidates(dials: Sequence[int]) -> tuple[Feature, ...]:
    """Bends of each dial, and products of two."""
    below: list[Feature] = [(Factor(dial, below=True),) for dial in dials]
    products: list[Feature] = [
        (Factor(one), Factor(other)) for place, one in enumerate(dials) for other in dials[place:]
    ]
    return (*below, *products)


def _widths(variances: Array, moved: Array, pairs: Array, active: Sequence[int]) -> Array:
    """What the variance of pairs gets from each dial: as moved at all, then as squared.

    By gamma likelihood, since the variance of a variance grows with its square and what dials do
    differs by orders of magnitude: a dial that does little is told by designs that move it alone.
    Updates are products, so nothing falls below zero.
    """
    moved = np.where(np.isin(np.arange(moved.shape[1]), active), moved, 0.0)
    parts = np.hstack([(moved != 0.0).astype(float), moved**2])
    if not variances.any():
        return np.zeros(parts.shape[1])
    known = parts.any(axis=1)
    parts, variances, weights = parts[known], variances[known], (pairs[known] - 1.0) / 2.0
    found = np.full(parts.shape[1], float(variances.mean() / parts.sum(axis=1).mean()))
    least = TINY * float(variances.max())
    for _ in range(ROUNDS):
        expected = parts @ found + least
        top = parts.T @ (weights * variances / expected**2)
        bottom = parts.T @ (weights / expected)
        found *= np.sqrt(np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0.0))
    return found


def _spread_of(widths: Array, moved: Array) -> Array:
    """Variance of pairs of each design."""
    parts = np.hstack([(moved != 0.0).astype(float), moved**2])
    found: Array = parts @ widths
    return found


def _solve(data: _Data, features: Sequence[Feature], ridge: float) -> _Fit:
    """Numbers of some features."""
    columns = _columns(features, data.moved)
    weights = _weights(data)
    rows, wanted = columns * weights[:, None], data.effect * weights
    # One that no design of a fold moves has no size and gets no number.
    size = np.sqrt((rows**2).sum(axis=0))
    size[size == 0.0] = 1.0
    scaled = rows / size
    penalty = ridge / len(data.effect)
    numbers = np.linalg.solve(
        scaled.T @ scaled + penalty * np.eye(len(features)), scaled.T @ wanted
    )
    return _Fit(tuple(features), numbers / size)


def _weights(data: _Data) -> Array:
    """Root of the weight of each design; those whose pairs do not differ weigh as the least."""
    variance = data.variance * (1.0 / data.pairs + FAR)
    if not variance.any():
        return np.ones(len(variance))
    # What is tiny beside all is known well enough: more weight would be for rounding.
    least = LEAST * float(variance.max())
    found: Array = 1.0 / np.sqrt(np.maximum(variance, least))
    return found / float(np.sqrt((found**2).mean()))


def _error(data: _Data, features: Sequence[Feature], ridge: float) -> float:
    """Weighted squared error on designs that are left out."""
    total, weights = 0.0, _weights(data)
    for fold in np.unique(data.folds):
        out = data.folds == fold
        found = _solve(data.rows(~out), features, ridge)
        miss = (data.effect[out] - found.mean(data.moved[out])) * weights[out]
        total += float((miss**2).sum())
    return total


def _chosen(data: _Data) -> _Fit:
    """The fit of a cell, with the ridge and the features that designs left out are told best by."""
    features = _plain(data.active)
    if not data.effect.any() or not features:
        return _Fit((), np.zeros(0))
    errors = {ridge: _error(data, features, ridge) for ridge in RIDGES}
    ridge = min(errors, key=lambda each: errors[each])
    error, waiting = errors[ridge], list(_candidates(data.active))
    columns, weights = _columns(waiting, data.moved), _weights(data)
    rows = columns * weights[:, None]
    size = np.sqrt((rows**2).sum(axis=0))
    size[size == 0.0] = np.inf
    taken: set[int] = set()
    while len(taken) < MOST:
        left = (data.effect - _solve(data, features, ridge).mean(data.moved)) * weights
        order = np.argsort(-np.abs(rows.T @ left) / size)
        best: tuple[float, int] | None = None
        for place in [int(each) for each in order if int(each) not in taken][:TRIED]:
            tried = _error(data, (*features, waiting[place]), ridge)
            if tried < (1.0 - WORTH) * error and (best is None or tried < best[0]):
                best = tried, place
        if best is None:
            break
        error = best[0]
        taken.add(best[1])
        features = (*features, waiting[best[1]])
    return _solve(data, features, ridge)


def _left_out(data: _Data) -> Array:
    """Estimates of each design by fits, and choices of features, that left its fold out."""
    found = np.empty(len(data.effect))
    for fold in np.unique(data.folds):
        out = data.folds == fold
        found[out] = _chosen(data.rows(~out)).mean(data.moved[out])
    return found


def _telling(data: _Data) -> Array:
    """Designs that say how wide intervals have to be: those that the most pairs measured.

    Some draws do far more than others, so means of few pairs scatter less than their variance
    says, and now and then far more: how often many pairs are missed few pairs do not tell.
    """
    found: Array = (data.variance > 0.0) & (data.pairs == data.pairs.max())
    return found


def _beyond(data: _Data, left_out: Array) -> float:
    """What the fit leaves open, in variances of a pair."""
    known = _telling(data)
    if not known.any():
        return 0.0
    squared = (data.effect - left_out)[known] ** 2 / data.variance[known]
    share, normal = QUARTILE
    # What squares have beyond the noise of a design; never less than so many numbers leave open.
    over = float(np.quantile(squared, share)) / normal - float((1.0 / data.pairs[known]).mean())
    least = len(data.active) / float(data.pairs.sum())
    return max(over, least)


def _tails(fitted: Mapping[Key, Fitted]) -> dict[Key, float]:
    """Half width that holds the wanted share of errors, in standard errors.

    It is that of all units of an outcome together, or of the unit alone where that is wider: few
    designs say little of one unit, but where they say that intervals are too narrow they are not
    outvoted by the others.
    """
    missed: dict[Key, Array] = {}
    for cell, (data, _, _, left_out) in fitted.items():
        known = _telling(data)
        expected = data.variance[known] * (1.0 / data.pairs[known] + _beyond(data, left_out))
        missed[cell] = np.abs(data.effect - left_out)[known] / np.sqrt(expected)
    return {
        cell: max(
            _holding(own),
            _holding(np.concatenate([each for key, each in missed.items() if key[0] == cell[0]])),
        )
        for cell, own in missed.items()
    }


def _holding(errors: Array) -> float:
    """Size that the wanted share of errors, and of one more, stays below; 0 of no errors."""
    if not len(errors):
        return 0.0
    return float(np.quantile(errors, min(1.0, COVERAGE * (1.0 + 1.0 / len(errors)))))


def _cell(
    cell: tuple[str, str, str], data: _Data, widths: Array, chosen: _Fit, left_out: Array,
    *, tail: float,
) -> Cell:  # fmt: skip
    """A cell of the emulator, with its score by cross-validation."""
    beyond = _beyond(data, left_out)
    scaled = tail**2 * (1.0 / PAIRS + beyond) * widths
    dials = data.moved.shape[1]
    # Less than a yuan is nothing: it is left of sums that cancel.
    least = YUAN if cell[0] == COST else 0.0
    made = Cell(
        *cell,
        measure="yuan" if cell[0] == COST else "relative",
        terms=tuple(
            (feature, _rounded(number))
            for feature, number in zip(chosen.features, chosen.numbers, strict=True)
            if abs(number) > least
        ),
        widths=tuple(
            Width(dial, _rounded(scaled[dial]), _rounded(scaled[dials + dial]))
            for dial in range(dials)
            if scaled[dial] + scaled[dials + dial] > least**2
        ),
        beyond=_rounded(beyond),
        tells=True,
        checked=Score(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0),
    )
    noise = data.variance / data.pairs
    checked = score(made, data.moved, data.effect, left_out, data.pairs, noise)
    # Few pairs scatter designs further than they are apart, so the spread is that of estimates.
    low, high = np.quantile(left_out, SPREAD)
    checked = replace(checked, spread=float(high - low))
    return replace(made, checked=checked, tells=tells(checked))


def tells(found: Score) -> bool:
    """Whether intervals are narrow beside the spread of effects; nothing is told of nothing."""
    return found.width < NARROW * found.spread or found.width == found.spread == 0.0


def score(
    cell: Cell, moved: Array, effect: Array, estimate: Array, pairs: Array, noise: Array
) -> Score:
    """How estimates of designs did that a fit has not seen.

    Args:
        cell: The cell, for the widths of its intervals.
        moved: How far each design moves the dials, shape (designs, dials).
        effect: Measured effect of each.
        estimate: What was estimated.
        pairs: Number of pairs that each was measured on.
        noise: Variance of the measurement.
    """
    stated = np.array([cell.half_width(row) for row in moved.tolist()])
    low, high = np.quantile(effect, SPREAD)
    return Score(
        designs=len(effect),
        pairs=int(pairs.min()),
        coverage=float(_held(cell, moved, effect, estimate, pairs).mean()),
        width=float(2.0 * np.median(stated)),
        spread=float(high - low),
        error=sqrt(float(((effect - estimate) ** 2).mean())),
        noise=sqrt(float(noise.mean())),
    )


def _held(cell: Cell, moved: Array, effect: Array, estimate: Array, pairs: Array) -> Array:
    """Whether intervals, widened for the number of pairs measured, hold the effects."""
    halves = [
        cell.half_width(row, int(count))
        for row, count in zip(moved.tolist(), pairs.tolist(), strict=True)
    ]
    # What no pair moves is estimated as exactly nothing, but for rounding.
    found: Array = np.abs(effect - estimate) <= np.array(halves) + 1e-12 * np.abs(effect).max()
    return found


def judge(emulator: Emulator, measured: pd.DataFrame, designs: Sequence[Design]) -> Emulator:
    """The emulator with its scores on designs and draws that were kept from its fit.

    Nothing else of it changes: neither an interval nor what it says it can tell.

    Args:
        emulator: What was fitted.
        measured: Effects of the designs.
        designs: Designs that the fit has not seen.
    """
    known = {dial.lever for dial in emulator.dials}
    asked = [replace(each, at={k: v for k, v in each.at.items() if k in known}) for each in designs]
    moved = moved_by(asked, emulator.dials)
    names = [design.name for design in designs]
    by = measured.groupby(level="design")
    means, pairs = by.mean().loc[names], np.asarray(by.size().loc[names], dtype=np.float64)
    variances = by.var(ddof=1).loc[names]
    cells, held = [], []
    for cell in emulator.cells:
        key = cell.outcome, cell.level, cell.unit
        effect = means[key].to_numpy()
        estimate = np.array([cell.mean(row) for row in moved.tolist()])
        found = score(cell, moved, effect, estimate, pairs, variances[key].to_numpy() / pairs)
        cells.append(replace(cell, held_out=found))
        if cell.outcome != COST:
            held.append(_held(cell, moved, effect, estimate, pairs))
    kinds = np.array([design.kind for design in designs])
    shares = {
        str(kind): float(np.array(held)[:, kinds == kind].mean()) for kind in np.unique(kinds)
    }
    return replace(emulator, cells=tuple(cells), by_kind=shares)


def _rounded(value: float) -> float:
    """To so many significant figures: more would say nothing and fill the file."""
    return float(f"{value:.{DIGITS}g}")
