"""The ensemble smoother with multiple data assimilation, held against collapse.

An ensemble of parameter scores is moved towards the data a few times, each time by a part of what
they say. In an ensemble of finite size any parameter is correlated with any figure by accident, and
every such accident narrows the ensemble. So a parameter listens only to figures it is correlated
with beyond what chance would give (adaptive localisation; Vossepoel, Evensen and van Leeuwen 2025).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from iterative_ensemble_smoother.esmda_adaptive import AdaptiveESMDA
from sklearn.covariance import ledoit_wolf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.calibration.targets import Target
    from jiqun.model.dimensions import Array


def assimilate(
    scores: Array,
    simulated: Array,
    observed: Array,
    covariance: Array,
    *,
    iterations: int,
    localisation: float,
    seed: Sequence[int],
) -> Array:
    """One step of the smoother; all steps have equal weight.

    Args:
        scores: Ensemble of scores, shape (parameters, members).
        simulated: What the members gave, shape (figures, members).
        observed: Published figures, shape (figures,).
        covariance: Covariance of their errors, shape (figures, figures).
        iterations: Number of steps in all.
        localisation: Correlation, in units of that of chance, below which a parameter does not
            listen to a figure.
        seed: Seed of the perturbed observations of this step.

    Returns:
        The ensemble after the step.
    """
    moves = simulated.std(axis=1) > 0.0  # a figure that no parameter moves says nothing of any
    simulated, observed = simulated[moves], observed[moves]
    covariance = covariance[np.ix_(moves, moves)]
    # A fresh smoother a step, so that a resumed fit makes the same steps as one never stopped.
    scale = np.sqrt(np.diag(covariance))  # persons beside percent would strain the algebra
    smoother = AdaptiveESMDA(
        covariance / np.outer(scale, scale),
        observed / scale,
        alpha=iterations,
        seed=np.random.default_rng(list(seed)),
    )
    smoother.prepare_assimilation(Y=simulated / scale[:, None], truncation=1.0)

    def heard(correlation: Array, members: int) -> Array:
        kept: Array = np.abs(correlation) > localisation / np.sqrt(members)
        return kept

    moved: Array = smoother.assimilate_batch(X=scores, correlation_callback=heard, n_jobs=1)
    return moved


def error_covariance(targets: Sequence[Target], chance: Array, seeds: int) -> Array:
    """Covariance of published less simulated figures at the true parameters.

    Three parts: error and discrepancy of the figure; what happened by chance in the one history
    there was; and the same, averaged over the seeds, in the runs.

    Args:
        targets: The figures.
        chance: Runs of one parameter point with many seeds, shape (seeds, figures).
        seeds: Seeds a member is averaged over.
    """
    spread = np.array([target.spread for target in targets])
    scale = np.maximum(chance.std(axis=0), 1e-12)
    # Few seeds for many figures: shrunk towards independence as far as the sample asks for it.
    by_chance = ledoit_wolf(chance / scale)[0] * np.outer(scale, scale)
    result: Array = np.diag(spread**2) + by_chance * (1.0 + 1.0 / seeds)
    return result
