"""Sobol, Morris and PAWN indices of many outputs at once, each with its interval and noise floor.

SALib draws the designs; its analyses take one output at a time and keep the resamples or elementary
effects to themselves, so the same estimators are written here over all columns (tests hold them
against SALib's).

Outputs are averaged over the seeds of a row, which are the same at every row. Then the dummy's
effect is zero to the last digit: chance does not enter through the rows. It may still enter
through a factor that is inert but shuffles the draws, which the dummy cannot show, so seeds are
used once more. Sobol indices take every product of two outputs across different seeds, which makes
them those of the expected output (with one seed, SALib's own); the floors of Morris and PAWN hold
what chance alone would give the factor. Two seeds may agree by accident: only more seeds show it.

A factor is above the noise where the lower end of its interval is above its floor.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.effects.bootstrap import CONFIDENCE, RESAMPLES, SEED, normal, weights
from jiqun.experiments.sensitivity.designs import LEVELS, Method, SensitivityError, check
from jiqun.experiments.sensitivity.slices import Slices, distances

if TYPE_CHECKING:
    import numpy.typing as npt

    from jiqun.experiments.sensitivity.designs import Design, Outputs
    from jiqun.model.dimensions import Array

STEP = LEVELS / (2.0 * (LEVELS - 1.0))
"""Step of a Morris trajectory as a share of the range."""
SLICES, LEAST = 10, 20
"""Slices of PAWN, and the fewest points of one."""
RESAMPLES_OF_SLICES = 200
CONSTANT = 1e-12
"""An output whose spread is less than this share of its level does not vary."""
FEWEST = 8
"""Base points or trajectories that a curve of convergence begins with."""


@dataclass(frozen=True, eq=False)
class Index:
    """An index of some factors or groups; all arrays have shape (factors, columns).

    Attributes:
        names: The factors or groups; the last one is the dummy.
        estimate: The index.
        low: Lower end of its interval.
        high: Upper end of its interval.
        floor: Noise floor.
    """

    names: tuple[str, ...]
    estimate: Array
    low: Array
    high: Array
    floor: Array

    @property
    def above_noise(self) -> npt.NDArray[np.bool_]:
        """Whether a factor can be told from noise."""
        found: npt.NDArray[np.bool_] = self.low > self.floor
        return found

    @property
    def tied(self) -> npt.NDArray[np.bool_]:
        """Pairs whose intervals overlap, shape (factors, factors, columns)."""
        reach = self.low[:, None] <= self.high[None]
        return reach & reach.transpose(1, 0, 2)


@dataclass(frozen=True, eq=False)
class Noise:
    """Variance between seeds as a share of that of the mean output over the rows, one a column.

    Attributes:
        between: Of the output of one seed.
        in_mean: Of the mean over the seeds.
    """

    between: Array
    in_mean: Array


@dataclass(frozen=True, eq=False)
class Sobol:
    """Shares of the variance.

    Attributes:
        first: What a group explains alone.
        total: What it explains with all interactions.
        noise: Variance between seeds; None with one seed.
    """

    first: Index
    total: Index
    noise: Noise | None


@dataclass(frozen=True, eq=False)
class Morris:
    """Elementary effects of going through a factor's range, in units of the output.

    Attributes:
        mu_star: Mean of the absolute effects.
        sigma: Their standard deviation with sign; groups of several have none, for their members
            move in different directions.
        noise: Variance between seeds; None with one seed.
    """

    mu_star: Index
    sigma: Index
    noise: Noise | None


@dataclass(frozen=True, eq=False)
class Pawn:
    """Distance of distributions, 0 to 1.

    Attributes:
        median: Median over the slices of a factor's range of the Kolmogorov-Smirnov distance
            between outputs in the slice and all (Pianosi and Wagener 2018).
        noise: Variance between seeds; None with one seed.
    """

    median: Index
    noise: Noise | None


def sobol(design: Design, outputs: Outputs, resamples: int = RESAMPLES, seed: int = SEED) -> Sobol:
    """First and total order indices by group.

    An output that does not vary has indices of zero.

    Args:
        design: A Sobol design.
        outputs: What its runs gave.
        resamples: Resamples of the base points behind the intervals.
        seed: Seed of the resamples.
    """
    values = _values(design, outputs, Method.SOBOL)
    first, total = _shares(values, weights(design.size, resamples, seed))
    return Sobol(_index(design.groups, first), _index(design.groups, total), _noise(values))


def morris(
    design: Design, outputs: Outputs, resamples: int = RESAMPLES, seed: int = SEED
) -> Morris:
    """Elementary effects by group.

    Args:
        design: A Morris design.
        outputs: What its runs gave.
        resamples: Resamples of the trajectories behind the intervals.
        seed: Seed of the resamples.
    """
    values = _values(design, outputs, Method.MORRIS)
    effects = _effects(design, values)
    mean = effects.mean(axis=2)
    weighed = weights(design.size, resamples, seed)
    chance = np.zeros(mean.shape[1:])
    seeds = values.shape[2]
    if seeds > 1:
        # The mean absolute value of a normal variable is its deviation times the root of 2/pi.
        apart = effects.var(axis=2, ddof=1).mean(axis=0) / seeds
        chance = np.sqrt(2.0 / np.pi * apart)
    mu_star = np.tensordot(weighed, np.abs(mean), axes=1)
    members = Counter(factor.group for factor in design.factors)
    single = [i for i, group in enumerate(design.groups) if members[group] == 1]
    alone = mean[:, single]
    square = np.tensordot(weighed, alone**2, axes=1) - np.tensordot(weighed, alone, axes=1) ** 2
    sigma = np.sqrt(np.maximum(square, 0.0) * design.size / (design.size - 1.0))
    return Morris(
        _index(design.groups, mu_star, chance),
        _index(tuple(design.groups[i] for i in single), sigma),
        _noise(values),
    )


def pawn(
    design: Design, outputs: Outputs, resamples: int = RESAMPLES_OF_SLICES, seed: int = SEED
) -> Pawn:
    """PAWN index by factor, of a Latin design or the independent rows of a Sobol one.

    Here even a dummy has an index above zero, because a slice holds few points. Its floor is the
    larger of the upper end of its interval and what it gets when the outputs are dealt out to its
    slices at random.

    Args:
        design: A Latin design, or one of independent rows.
        outputs: What its runs gave.
        resamples: Resamples of the points behind the intervals; as many slicings by chance make the
            floor.
        seed: Seed of both.
    """
    values = _values(design, outputs, Method.LATIN, Method.INDEPENDENT)
    if design.size < SLICES * LEAST:
        raise SensitivityError(
            f"PAWN needs {SLICES * LEAST} points or more, {LEAST} a slice, not {design.size}"
        )
    mean = values[:, 0].mean(axis=1)
    slices = [Slices.of(column, SLICES) for column in design.points.T]
    weighed = weights(design.size, resamples, seed)
    found = np.stack([distances(slices, column, weighed) for column in mean.T], axis=-1)
    rng = np.random.default_rng(seed)
    dealt = [
        Slices.of(rng.permutation(design.size).astype(np.float64), SLICES) for _ in range(resamples)
    ]
    by_chance = np.stack([distances(dealt, column, weighed[:1])[0] for column in mean.T], axis=-1)
    floor = np.quantile(by_chance, CONFIDENCE, axis=0)
    names = tuple(factor.name for factor in design.factors)
    return Pawn(_index(names, found, floor), _noise(values))


def growing(design: Design, outputs: Outputs) -> dict[int, Array]:
    """Total order index, mu* or PAWN median from ever more of the base points, doubling to all.

    The first half of a Sobol design is the Sobol design of half the size.

    Returns:
        Number of base points, trajectories or points to the index, shape (factors, columns); the
        last one has all of them.
    """
    values = _values(design, outputs, design.method)
    least = SLICES * LEAST if design.block == 1 else FEWEST
    sizes = [design.size]
    while sizes[0] // 2 >= least:
        sizes.insert(0, sizes[0] // 2)
    found = {}
    for size in sizes:
        even = np.full((1, size), 1.0 / size)
        part = values[:size]
        if design.method is Method.SOBOL:
            found[size] = _shares(part, even)[1][0]
        elif design.method is Method.MORRIS:
            found[size] = np.abs(_effects(design, part).mean(axis=2)).mean(axis=0)
        else:
            slices = [Slices.of(column[:size], SLICES) for column in design.points.T]
            columns = part[:, 0].mean(axis=1).T
            found[size] = np.stack([distances(slices, c, even)[0] for c in columns], axis=-1)
    return found


def _values(design: Design, outputs: Outputs, *methods: Method) -> Array:
    """Checked outputs, shape (size, rows of a base point, seeds, columns)."""
    if design.method not in methods:
        raise SensitivityError(f"a {design.method} design has no {methods[0]} indices")
    values = check(design, outputs)
    return values.reshape(design.size, design.block, *values.shape[1:])


def _across(x: Array, y: Array) -> Array:
    """Mean product over all pairs of different seeds; shapes (..., seeds, columns).

    Chance that differs by seed has no part in it, as it has in the product of two means.
    """
    seeds = x.shape[-2]
    product: Array = (x * y).sum(axis=-2)
    if seeds == 1:
        return product
    across: Array = (x.sum(axis=-2) * y.sum(axis=-2) - product) / (seeds * (seeds - 1.0))
    return across


def _scaled(values: Array) -> Array:
    """Values less each seed's mean, in standard deviations; zero where an output does not vary."""
    centred = values - values.mean(axis=(0, 1))
    spread = values[:, [0, -1]].mean(axis=2).std(axis=(0, 1))
    varies = spread > CONSTANT * np.abs(values).max(axis=(0, 1, 2))
    return np.where(varies, centred, 0.0) / np.where(varies, spread, 1.0)


def _shares(values: Array, weighed: Array) -> tuple[Array, Array]:
    """First and total order indices, each of shape (1 + resamples, groups, columns).

    Estimators of Saltelli et al. (2010) and Jansen (1999), as SALib has them, with products across
    seeds.

    Args:
        values: Outputs, shape (size, groups + 2, seeds, columns).
        weighed: Weights of the base points, shape (1 + resamples, size).
    """
    scaled = _scaled(values)
    a, mixed, b = scaled[:, 0], scaled[:, 1:-1], scaled[:, -1]
    change = mixed - a[:, None]
    middle = np.tensordot(weighed, a + b, axes=1) / 2.0
    variance = weighed @ (_across(a, a) + _across(b, b)) / 2.0 - _across(middle, middle)
    variance = np.where(variance > CONSTANT, variance, np.inf)[:, None]
    first = np.tensordot(weighed, _across(b[:, None], change), axes=1) / variance
    total = np.tensordot(weighed, _across(change, change), axes=1) / 2.0 / variance
    return first, total


def _effects(design: Design, values: Array) -> Array:
    """Elementary effects, shape (trajectories, groups, seeds, columns).

    The sign is that of the first member's move.
    """
    size, block = values.shape[:2]
    first = [[factor.group for factor in design.factors].index(group) for group in design.groups]
    points = design.points.reshape(design.size, block, -1)[:size, :, first]
    moves = np.sign(np.diff(points, axis=1))
    # One group moves a step, so this puts each step's difference where its group stands.
    found: Array = np.einsum("tsg,ts...->tg...", moves, np.diff(values, axis=1)) / STEP
    return found


def _noise(values: Array) -> Noise | None:
    """Noise of outputs of shape (size, rows of a base point, seeds, columns)."""
    seeds = values.shape[2]
    if seeds < 2:
        return None
    variance = values.mean(axis=2).var(axis=(0, 1))
    apart = values.var(axis=2, ddof=1).mean(axis=(0, 1))
    between = np.divide(apart, variance, out=np.zeros_like(apart), where=variance > 0.0)
    return Noise(between, between / seeds)


def _index(names: tuple[str, ...], found: Array, by_chance: Array | float = 0.0) -> Index:
    """Index from the estimate and its resamples, shape (1 + resamples, factors, columns)."""
    estimate, low, high = normal(found)
    return Index(names, estimate, low, high, np.maximum(high[-1], by_chance) + 0.0 * estimate)
