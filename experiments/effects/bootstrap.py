"""Resampling of draws: the one way in which intervals of means and of ratios are made."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

CONFIDENCE = 0.95
RESAMPLES, SEED = 1_000, 1


@cache
def weights(size: int, resamples: int = RESAMPLES, seed: int = SEED) -> Array:
    """Weights of a bootstrap, shape (1 + resamples, size), sum of a row 1; not to be written to.

    The first row weighs all alike, so that estimate and resamples come from one formula.

    Args:
        size: Number of observations.
        resamples: Number of resamples.
        seed: Seed of the resamples.
    """
    even = np.full(size, 1.0 / size)
    drawn = np.random.default_rng(seed).multinomial(size, even, size=resamples) / size
    found = np.vstack([even, drawn])
    found.flags.writeable = False
    return found


@cache
def signs(size: int, resamples: int = RESAMPLES, seed: int = SEED) -> Array:
    """Signs dealt out at random over their number, shape (resamples, size); not to be written to.

    Times effects by draw they give the means of an effect that has no direction.

    Args:
        size: Number of observations.
        resamples: Number of times that signs are dealt out.
        seed: Seed of the signs.
    """
    found = np.random.default_rng(seed).choice([-1.0, 1.0], size=(resamples, size)) / size
    found.flags.writeable = False
    return found


def normal(values: Array) -> tuple[Array, Array, Array]:
    """Estimate and the ends of its interval by the spread of the resamples.

    Not by their quantiles: a mean of absolute values or a largest distance is larger in a resample
    than in the sample, for an inert factor most of all, and would leave its own interval.

    Args:
        values: The estimate and its resamples, shape (1 + resamples, ...).
    """
    estimate = values[0]
    reach = ndtri(0.5 + CONFIDENCE / 2.0) * values[1:].std(axis=0, ddof=1)
    return estimate, estimate - reach, estimate + reach


def quantiles(values: Array) -> tuple[Array, Array]:
    """Ends of the interval by the quantiles of resamples, shape (resamples, ...)."""
    low, high = np.quantile(values, [0.5 - CONFIDENCE / 2.0, 0.5 + CONFIDENCE / 2.0], axis=0)
    return low, high
