"""Sobol indices of every factor by a surrogate, where a design of runs would take too long.

A Gaussian process (scikit-learn) is fitted to runs of independent points and asked at a Sobol
design. What it gets wrong is a function too, about which only the size is known, by
cross-validation. Whatever part of it a factor explains, the root of an index is a length in the
space of functions, so by the triangle inequality the root of the true one is within the length of
the error of the surrogate's: that bound, not the spread over the surrogate's own points, widens the
intervals.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import fmin_l_bfgs_b
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.model_selection import KFold, cross_val_predict

from jiqun.experiments.effects.bootstrap import CONFIDENCE, SEED, weights
from jiqun.experiments.sensitivity.designs import (
    DUMMY,
    Method,
    Outputs,
    SensitivityError,
    check,
    sobol,
)
from jiqun.experiments.sensitivity.indices import sobol as sobol_indices

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.experiments.sensitivity.designs import Design
    from jiqun.experiments.sensitivity.indices import Index
    from jiqun.model.dimensions import Array

FOLDS = 10
LENGTHS = 0.2, 1e3
"""Bounds of a factor's length, in its range. With shorter ones the search may end where each run is
an island and nothing is foretold."""
STEPS = 40
"""How often the search may ask for the likelihood; the lengths of inert factors would grow for
ever. However good the lengths are, the error told is theirs."""
SIZE = 1024
"""Base points of the design that the surrogate is asked at."""


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Indices by a surrogate; intervals hold its error.

    Attributes:
        first: What a factor explains alone, as a share of the variance of the runs.
        total: What it explains with all interactions.
        error: Mean square of the surrogate's error on runs left out as a share of the variance of
            the runs, the upper end of its interval; shape (columns,).
    """

    first: Index
    total: Index
    error: Array


def surrogate(design: Design, outputs: Outputs, size: int = SIZE, seed: int = SEED) -> Surrogate:
    """Fit a surrogate to each column and find its indices.

    Args:
        design: A Latin design, or the independent rows of a Sobol one.
        outputs: Outputs of its runs, averaged over the seeds of a row.
        size: Base points to ask the surrogate at, a power of two.
        seed: Seed of these points, of the folds and of the resamples.
    """
    if design.method not in (Method.LATIN, Method.INDEPENDENT):
        raise SensitivityError(
            f"a surrogate is fitted to a latin design, not to a {design.method} one"
        )
    runs = check(design, outputs).mean(axis=1)
    low, high = np.array([(factor.low, factor.high) for factor in design.factors]).T
    asked = sobol([f for f in design.factors if f.name != DUMMY], size, seed)
    here, there = ((points - low) / (high - low) for points in (design.points, asked.points))
    spread = runs.std(axis=0)
    scaled = (runs - runs.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    fits = [_fit(here, column, there, seed) for column in scaled.T]
    guessed = np.stack([guess for guess, _ in fits], axis=-1)
    error = np.array([share for _, share in fits])
    names = [["surrogate"]] * len(guessed)
    found = sobol_indices(
        asked, Outputs(asked.fingerprint, guessed[:, None], outputs.columns, names), seed=seed
    )
    kept = guessed.var(axis=0)
    return Surrogate(_widened(found.first, kept, error), _widened(found.total, kept, error), error)


def _fit(here: Array, output: Array, there: Array, seed: int) -> tuple[Array, float]:
    """Values at other points, and the error's share of the variance of a standardised output."""
    if not output.any():
        return np.zeros(len(there)), 0.0
    kernel = ConstantKernel() * Matern(np.ones(here.shape[1]), LENGTHS, nu=2.5)
    kernel += WhiteKernel(0.1, (1e-8, 1.0))
    process = GaussianProcessRegressor(kernel, optimizer=_search, normalize_y=True)
    # Lengths are found anew without each fold. Those of the whole have seen the runs left out, and
    # of many factors could make a third of what is mere noise look foretold.
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # The length of an inert factor goes to its bound, as it should.
        warnings.simplefilter("ignore", ConvergenceWarning)
        left_out = cross_val_predict(process, here, output, cv=folds)
        guessed = process.fit(here, output).predict(there)
    square = weights(len(here), seed=seed)[1:] @ (output - left_out) ** 2
    return guessed, float(np.quantile(square, 0.5 + CONFIDENCE / 2.0))


def _search(
    negative: Callable[[Array], tuple[float, Array]], start: Array, bounds: Array
) -> tuple[Array, float]:
    """Kernel parameters that are about the likeliest, and the negative log-likelihood there."""
    found, least, _ = fmin_l_bfgs_b(negative, start, bounds=bounds.tolist(), maxfun=STEPS)
    return found, float(least)


def _widened(index: Index, kept: Array, error: Array) -> Index:
    """An index of the surrogate as one of what it stands for.

    Args:
        index: Index of the surrogate.
        kept: Variance of the surrogate as a share of that of the runs.
        error: The error's share.
    """
    low, high = (np.sqrt(np.maximum(end, 0.0) * kept) for end in (index.low, index.high))
    low = np.maximum(low - np.sqrt(error), 0.0) ** 2
    high = np.minimum((high + np.sqrt(error)) ** 2, 1.0)
    floor = np.broadcast_to(high[-1], high.shape)
    return replace(index, estimate=index.estimate * kept, low=low, high=high, floor=floor)
