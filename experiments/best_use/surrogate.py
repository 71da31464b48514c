"""A stand-in for the runs, fitted to the runs of the search itself and checked on those left out.

A Gaussian process on the roots of the sums: what a yuan brings falls as more are spent, and a root
straightens that. A linear part carries what options bring by themselves, the other what they bring
together.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import fmin_l_bfgs_b
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel
from sklearn.model_selection import KFold, cross_val_predict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jiqun.experiments.best_use.space import Plan
    from jiqun.model.dimensions import Array

FOLDS = 5
STEPS = 25
"""How often the search of lengths may ask for the likelihood."""


@dataclass(frozen=True)
class Surrogate:
    """Fitted processes, one a column.

    Attributes:
        budget: Sum that amounts are divided by, yuan.
        centre: Mean of each column.
        spread: Deviation of each column; 1 where it does not vary.
        processes: The processes.
        error: Root mean square error on plans left out, in the unit of the column.
        explained: Share of the variance that is foretold of plans left out; not a number where
            nothing varies.
    """

    budget: float
    centre: Array
    spread: Array
    processes: tuple[GaussianProcessRegressor, ...]
    error: Array
    explained: Array

    def predict(self, plans: Sequence[Plan]) -> tuple[Array, Array]:
        """Means and deviations, each of shape (plans, columns)."""
        found = [p.predict(_features(plans, self.budget), return_std=True) for p in self.processes]
        mean, deviation = (np.stack(part, axis=1) for part in zip(*found, strict=True))
        return self.centre + mean * self.spread, deviation * self.spread


def fit(plans: Sequence[Plan], values: Array, budget: float, seed: int) -> Surrogate:
    """Fit a surrogate and check it on plans left out.

    Args:
        plans: Plans that were run.
        values: What is to be foretold, shape (plans, columns).
        budget: Sum that amounts are divided by, yuan.
        seed: Seed of the folds.
    """
    here = _features(plans, budget)
    centre, spread = values.mean(axis=0), values.std(axis=0)
    unit = np.where(spread > 0.0, spread, 1.0)
    folds = KFold(min(FOLDS, len(plans)), shuffle=True, random_state=seed)
    processes, left_out = [], []
    with warnings.catch_warnings():
        # The length of an option that changes nothing goes to its bound, as it should.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for column in ((values - centre) / unit).T:
            process = GaussianProcessRegressor(_kernel(here.shape[1]), optimizer=_search)
            left_out.append(cross_val_predict(process, here, column, cv=folds) - column)
            processes.append(process.fit(here, column))
    square = np.mean(np.square(left_out), axis=1)
    explained = np.where(spread > 0.0, 1.0 - square, np.nan)
    return Surrogate(budget, centre, unit, tuple(processes), np.sqrt(square) * unit, explained)


def _features(plans: Sequence[Plan], budget: float) -> Array:
    return np.sqrt(np.array(plans, dtype=float) / budget)


def _kernel(options: int) -> object:
    each = ConstantKernel(1.0, (1e-3, 1e3)) * DotProduct(1.0, "fixed")
    together = ConstantKernel(1.0, (1e-3, 1e3)) * Matern(np.ones(options), (0.2, 1e2), nu=2.5)
    return each + together + WhiteKernel(1e-2, (1e-6, 1.0))


def _search(
    negative: Callable[[Array], tuple[float, Array]], start: Array, bounds: Array
) -> tuple[Array, float]:
    found, least, _ = fmin_l_bfgs_b(negative, start, bounds=bounds.tolist(), maxfun=STEPS)
    return found, float(least)
