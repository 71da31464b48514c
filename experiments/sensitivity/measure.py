"""What to measure next: the share of an output's variance that would go if a factor were known.

That share is the variance of the output's mean given the factor, over the output's variance. It
asks for no design, only for draws with what came of them, and holds for factors that go together:
to learn one is to learn something of the other, and both are credited with it, so shares do not add
up to one.

The mean given a factor is fitted by the first cosines of its rank (EASI by cosines, Plischke 2010):
a smooth curve, blind to what turns more often. Even an inert factor is fitted by a little. That
much is found by dealing the outputs out anew and taken off (Tissot and Prieur 2012 do so by a
formula for independent draws), so that an inert factor is at zero on average. A rank-based index
(Gamboa et al. 2022) sees any curve, but at a thousand draws it is spread by 0.03 where this one is
spread by 0.004, and most factors have less than 0.03 to show.

Draws that share an ensemble's member are one observation of what the member fixes: their outputs
are alike for other reasons too. For such factors members are resampled and dealt out, not draws.

All other factors are drawn independently, but not so in a sample: a thousand points of a Sobol
sequence in two hundred dimensions hold pairs of which one seems to follow from the other, and an
inert factor would get a third of what a strong one explains. So independent factors are taken from
the strongest down, each for what it explains of what the stronger ones leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from jiqun.experiments.effects.bootstrap import CONFIDENCE, SEED, normal, weights
from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.sensitivity.indices import CONSTANT, Index

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from jiqun.model.dimensions import Array

WAVES = 6
"""Cosines of the curve: three bends each way; a straight line lacks 0.1 % of its variance."""
FEWEST = 10 * WAVES
"""Fewest members or draws."""
RESAMPLES = 400
TINY = 1e-9


def measure(
    names: Sequence[str],
    inputs: Array,
    values: Array,
    seed: int = SEED,
    members: npt.NDArray[np.int64] | None = None,
    resamples: int = RESAMPLES,
) -> Index:
    """Share of the variance of each output that would go if a factor were known.

    The floor is one for the whole family: in nineteen of twenty samples without any dependence not
    one factor comes out above its floor. Each factor's floor is in proportion to its own noise.

    Args:
        names: The factors; none needs to be a dummy, for outputs dealt out anew serve as one.
        inputs: Shape (draws, factors), in any unit: only ranks count.
        values: Outputs, shape (draws, columns).
        seed: Seed of the resamples.
        members: Ensemble member of each draw. A factor that is the same at all draws of every
            member is taken to be fixed by the member, the others to be drawn independently. None
            where nothing of the kind is known: each factor is credited with all it goes with.
        resamples: Number of resamples, and of times that the outputs are dealt out.

    Raises:
        SensitivityError: A number isn't finite, or shapes do not fit.
    """
    draws = np.arange(len(inputs))
    independent = members is not None
    members = members if members is not None else draws
    _check(names, inputs, values, members)
    _, first, member = np.unique(members, return_index=True, return_inverse=True)
    by_member = (inputs == inputs[first][member]).all(axis=0) & (len(first) < len(draws))
    level = np.abs(values).max(axis=0)
    spread = values.std(axis=0)
    varies = spread > CONSTANT * level
    scaled = np.where(varies, values - values.mean(axis=0), 0.0) / np.where(varies, spread, 1.0)
    shape = len(names), values.shape[1]
    found, by_chance = np.zeros((1 + resamples, *shape)), np.zeros((resamples, *shape))
    curves = np.stack([_curves(column) for column in inputs.T])
    units = [(by_member, member), (~by_member, draws)]
    for chosen, unit in units:
        if chosen.any():
            by_chance[:, chosen] = _dealt(curves[chosen], scaled, unit, resamples, seed)
    bias = by_chance.mean(axis=0)
    noise = by_chance.std(axis=0, ddof=1)
    largest = ((by_chance - bias) / np.where(noise > 0.0, noise, 1.0)).max(axis=1)
    floor = np.quantile(largest, CONFIDENCE, axis=0) * noise
    left = np.repeat(scaled[None], len(names), axis=0)
    if independent:
        left[~by_member] = _left(curves[~by_member], scaled, (bias + floor)[~by_member])
    for chosen, unit in units:
        weighed = _by_unit(unit, resamples, seed)
        for factor in np.flatnonzero(chosen):
            found[:, factor] = _explained(curves[factor], left[factor], scaled, weighed)
    kept = (left**2).mean(axis=1)
    estimate, low, high = normal((found - bias * kept) / (1.0 - bias))
    return Index(tuple(names), estimate, low, high, floor)


def _left(curves: Array, scaled: Array, least: Array) -> Array:
    """What stronger factors leave of the outputs for each, shape (factors, draws, columns).

    Args:
        curves: Shape (factors, draws, waves).
        scaled: Outputs, shape (draws, columns).
        least: Share that a factor has to explain to leave less, shape (factors, columns).
    """
    left = np.empty((len(curves), *scaled.shape))
    for column, output in enumerate(scaled.T):
        rest, taken = output, np.zeros(len(curves), dtype=bool)
        while not taken.all():
            shares = np.where(taken, 0.0, ((rest @ curves) ** 2).sum(axis=-1)) / len(output)
            strongest = (shares - least[:, column]).argmax()
            left[~taken, :, column] = rest
            if shares[strongest] <= least[strongest, column]:
                break
            taken[strongest] = True
            basis = np.hstack(list(curves[taken]))
            rest = output - basis @ np.linalg.lstsq(basis, output, rcond=None)[0]
    return left


def _curves(column: Array) -> Array:
    """Orthonormal cosines of a factor's rank, shape (draws, waves); zero beyond its values.

    A factor of few values has no room for all of them.
    """
    place = (rankdata(column) - 0.5) / len(column)
    cosines = np.cos(np.pi * place[:, None] * np.arange(1, WAVES + 1))
    left, size, _ = np.linalg.svd(cosines - cosines.mean(axis=0), full_matrices=False)
    curves: Array = np.where(size > TINY * len(column), left, 0.0)
    return curves


def _explained(curves: Array, left: Array, scaled: Array, weighed: Array) -> Array:
    """Share that a weighted fit explains, shape (1 + resamples, columns).

    Args:
        curves: Shape (draws, waves).
        left: What is fitted, shape (draws, columns).
        scaled: Outputs whose share it is, shape (draws, columns).
        weighed: Weights of the draws, shape (1 + resamples, draws).
    """
    draws, waves = curves.shape
    crossed = (curves[:, :, None] * np.hstack([curves, left])[:, None]).reshape(draws, -1)
    products = (weighed @ crossed).reshape(len(weighed), waves, -1)
    at = weighed @ curves
    products -= at[:, :, None] * np.hstack([at, weighed @ left])[:, None]
    own, shared = products[:, :, :waves], products[:, :, waves:]
    fit = np.linalg.solve(own + TINY / draws * np.eye(waves), shared)
    variance = weighed @ scaled**2 - (weighed @ scaled) ** 2
    share: Array = (fit * shared).sum(axis=1) / np.where(variance > CONSTANT, variance, np.inf)
    return share


def _dealt(
    curves: Array,
    scaled: Array,
    unit: npt.NDArray[np.int64],
    resamples: int,
    seed: int,
) -> Array:
    """Shares where the outputs are dealt out anew, shape (resamples, factors, columns).

    Outputs of one unit stay together. Where units have not the same number of draws, a draw too
    many gets the unit's first again.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(unit, kind="stable")
    count = np.bincount(unit)
    start = np.cumsum(count) - count
    within = np.empty_like(unit)
    within[order] = np.arange(len(unit)) - start[unit[order]]
    rows = curves.transpose(0, 2, 1).reshape(-1, len(unit))
    found = np.empty((resamples, len(curves), scaled.shape[1]))
    for again in range(resamples):
        to = rng.permutation(len(count))[unit]
        dealt = scaled[order[start[to] + within % count[to]]]
        dealt = dealt - dealt.mean(axis=0)
        square = ((rows @ dealt) ** 2).reshape(len(curves), WAVES, -1).sum(axis=1)
        variance = (dealt**2).sum(axis=0)
        found[again] = square / np.where(variance > CONSTANT, variance, np.inf)
    return found


def _by_unit(unit: npt.NDArray[np.int64], resamples: int, seed: int) -> Array:
    """Weights of the draws where units are resampled, shape (1 + resamples, draws)."""
    drawn = weights(int(unit.max()) + 1, resamples, seed)[:, unit]
    weighed: Array = drawn / drawn.sum(axis=1, keepdims=True)
    return weighed


def _check(
    names: Sequence[str], inputs: Array, values: Array, members: npt.NDArray[np.int64]
) -> None:
    draws = len(inputs)
    if inputs.shape != (draws, len(names)) or values.ndim != 2 or len(values) != draws:
        raise SensitivityError(
            f"inputs of shape {inputs.shape} and values of shape {values.shape} do not fit"
            f" {len(names)} factors"
        )
    if len(members) != draws or len(np.unique(members)) < FEWEST:
        raise SensitivityError(f"{FEWEST} members are the least, and each draw is of one")
    for what, numbers in (("factor", inputs), ("output", values)):
        bad = np.argwhere(~np.isfinite(numbers))
        if len(bad):
            draw, column = bad[0]
            raise SensitivityError(f"draw {draw}: {what} {column} is {numbers[draw, column]}")
