"""Another method on the same figures: an emulator of the runs, sampled by Markov chains.

It shares runs, priors and errors with the smoother, but neither its Gaussian update nor its finite
ensemble: every figure is a sum of quadratic functions of the parameters, fitted by ridge regression
to all runs of the fit, and elliptical slice sampling (Murray, Adams and MacKay 2010) draws from the
posterior. Where the two disagree, the smoother's short cuts matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.special import ndtr
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.calibration.fitting.space import Space
    from jiqun.model.dimensions import Array

PENALTIES = np.logspace(-1, 4, 11)
FOLDS = 5
CHAINS, LENGTH = 4, 20_000


@dataclass(frozen=True)
class Agreement:
    """Two posteriors of one parameter, in prior standard deviations.

    Attributes:
        name: Parameter.
        mean: Posterior mean of the smoother.
        spread: Its posterior standard deviation.
        mean_chain: Posterior mean of the chains.
        spread_chain: Their posterior standard deviation.
        apart: Distance of the means over the larger of the two standard deviations.
        mixed: Potential scale reduction of the chains; near one if they agree.
    """

    name: str
    mean: float
    spread: float
    mean_chain: float
    spread_chain: float
    apart: float
    mixed: float


@dataclass(frozen=True)
class Emulator:
    """Figures as sums of quadratic functions of the parameters.

    Attributes:
        coefficients: One row a figure.
        intercept: One a figure.
        error: Variance of what the emulator gets wrong on runs left out, one a figure.
        skill: Share of the variance of each figure it gets right on them.
    """

    coefficients: Array
    intercept: Array
    error: Array
    skill: Array

    def __call__(self, scores: Array) -> Array:
        """Figures at one point."""
        result: Array = self.coefficients @ _features(scores[:, None])[0] + self.intercept
        return result


def emulator(scores: Array, simulated: Array) -> Emulator:
    """Fit an emulator.

    Args:
        scores: Points that were run, shape (parameters, points).
        simulated: Figures at them, shape (points, figures).
    """
    features = _features(scores)
    scale = simulated.std(axis=0) + 1e-12
    ridge = RidgeCV(PENALTIES, alpha_per_target=True)
    ridge.fit(features, simulated / scale)
    folds = KFold(FOLDS, shuffle=True, random_state=1)
    left_out = cross_val_predict(ridge, features, simulated / scale, cv=folds) * scale
    error = (simulated - left_out).var(axis=0)
    return Emulator(
        ridge.coef_ * scale[:, None],
        ridge.intercept_ * scale,
        error,
        1.0 - error / (scale**2),
    )


def _features(scores: Array) -> Array:
    """Places in the range of the prior and their squares, shape (points, features).

    Products of different parameters are left out: with a few hundred runs they cost more in noise
    than they explain.
    """
    place = (2.0 * ndtr(scores) - 1.0).T
    return np.concatenate([place, place**2], axis=1)


def sample(
    emulated: Emulator,
    observed: Array,
    covariance: Array,
    parameters: int,
    seed: int,
    length: int = LENGTH,
) -> Array:
    """Draws of the posterior, shape (chains, length, parameters); a quarter more warms them up.

    Args:
        emulated: Emulator of the fitted figures.
        observed: Figures observed, shape (figures,).
        covariance: Covariance of their errors, shape (figures, figures).
        parameters: Number of parameters.
        seed: Seed of the chains.
        length: Draws kept of each chain.
    """
    # Whitened once, so that a step costs one product of a matrix and a vector.
    root = cholesky(covariance + np.diag(emulated.error), lower=True)
    slopes = solve_triangular(root, emulated.coefficients, lower=True)
    start = solve_triangular(root, observed - emulated.intercept, lower=True)

    def likelihood(scores: Array) -> float:
        off = start - slopes @ _features(scores[:, None])[0]
        return float(-0.5 * off @ off)

    chains = []
    for chain in range(CHAINS):
        rng = np.random.default_rng([seed, chain])
        point = rng.standard_normal(parameters)
        draws = np.empty((length, parameters))
        for i in range(-(length // 4), length):
            point = _slice_step(point, likelihood, rng)
            if i >= 0:
                draws[i] = point
        chains.append(draws)
    return np.array(chains)


def _slice_step(
    point: Array, likelihood: Callable[[Array], float], rng: np.random.Generator
) -> Array:
    """One step of elliptical slice sampling: a standard normal prior leaves it unchanged."""
    other = rng.standard_normal(len(point))
    least = likelihood(point) + np.log(rng.random())
    angle = rng.uniform(0.0, 2.0 * np.pi)
    low, high = angle - 2.0 * np.pi, angle
    while True:
        moved: Array = point * np.cos(angle) + other * np.sin(angle)
        if likelihood(moved) > least:
            return moved
        low, high = (angle, high) if angle < 0.0 else (low, angle)
        angle = rng.uniform(low, high)


def agreement(space: Space, posterior: Array, chains: Array) -> list[Agreement]:
    """Both posteriors, parameter by parameter.

    Args:
        space: Parameters that were fitted.
        posterior: Scores of the ensemble of the smoother, shape (parameters, members).
        chains: Draws of the sampler, shape (chains, length, parameters).
    """
    found = []
    for i, name in enumerate(space.names):
        draws = chains[:, :, i]
        mean, spread = float(posterior[i].mean()), float(posterior[i].std(ddof=1))
        other, wide = float(draws.mean()), float(draws.std(ddof=1))
        within = draws.var(axis=1, ddof=1).mean()
        between = draws.mean(axis=1).var(ddof=1)
        found.append(
            Agreement(
                name,
                mean,
                spread,
                other,
                wide,
                abs(mean - other) / max(spread, wide),
                float(np.sqrt(1.0 + between / within)),
            )
        )
    return sorted(found, key=lambda row: row.spread)
