"""The ensemble smoother with multiple data assimilation, held against collapse.

An ensemble of parameter scores is moved towards the data a few times, each time by a part of what
they say (ES-MDA; Emerick and Reynolds 2013). In an ensemble of finite size any parameter is
correlated with any figure by accident, and every such accident narrows the ensemble. So a parameter
listens only to figures it is correlated with beyond what chance would give (adaptive localisation;
Vossepoel, Evensen and van Leeuwen 2025, doi 10.1175/MWR-D-24-0269.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve
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
    scale = np.sqrt(np.diag(covariance))  # persons beside percent would strain the algebra
    correlated = covariance / np.outer(scale, scale)
    # A generator a step, so that a resumed fit makes the same steps as one never stopped.
    errors = perturbations(correlated, scores.shape[1], np.random.default_rng(list(seed)))
    return update(
        scores,
        simulated / scale[:, None],
        (observed / scale)[:, None] + np.sqrt(iterations) * errors,
        iterations * correlated,
        least=localisation / np.sqrt(scores.shape[1]),
    )


def perturbations(covariance: Array, members: int, rng: np.random.Generator) -> Array:
    """Errors of the observed figures, one column a member.

    Their covariance is not quite the one asked for: this is the open defect `errors` of
    `notebooks/defects.yaml`. The fit in use was made with these errors and could not be made again
    with others, so the factor is turned (`factor @`) when the next fit is made.

    Args:
        covariance: Covariance of the errors, shape (figures, figures).
        members: Number of members.
        rng: Draws the errors.
    """
    factor = np.linalg.cholesky(covariance)
    errors: Array = factor.T @ rng.standard_normal((len(covariance), members))
    return errors


def update(
    scores: Array, simulated: Array, perturbed: Array, covariance: Array, *, least: float
) -> Array:
    """Move every parameter by the Kalman update from the figures that it listens to.

    The update is local: the equations of a parameter have only its figures in them, as if the
    others had not been observed.

    Args:
        scores: Ensemble of scores, shape (parameters, members).
        simulated: What the members gave, shape (figures, members).
        perturbed: Published figures with an error for each member, of the same shape.
        covariance: Covariance of these errors, shape (figures, figures).
        least: A parameter listens to figures with which its correlation is larger than this.

    Returns:
        The ensemble after the step.
    """
    away = scores - scores.mean(axis=1, keepdims=True)
    told = simulated - simulated.mean(axis=1, keepdims=True)
    spreads = np.outer(np.linalg.norm(away, axis=1), np.linalg.norm(told, axis=1))
    together = away @ told.T
    # A parameter or figure that is the same in all members is correlated with nothing.
    correlation = np.divide(together, spreads, out=np.zeros_like(together), where=spreads > 0.0)
    heard = np.abs(correlation) > least
    freedom = scores.shape[1] - 1
    expected = told @ told.T / freedom + covariance
    surprise = perturbed - simulated
    moved = scores.copy()
    for parameter, figures in enumerate(heard):
        if figures.any():
            inverse = cho_factor(expected[np.ix_(figures, figures)], lower=True)
            weights = cho_solve(inverse, together[parameter, figures] / freedom)
            moved[parameter] += weights @ surprise[figures]
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
