"""The smoother: equal to the published class that it replaced, and right where theory is known."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.calibration.fitting.smoother import assimilate, perturbations, update

CLOSE = 1e-8


def world(seed, parameters, figures, members, *, still=0, together=0.0):
    """Scores, figures that depend on them, what was observed and a covariance of its errors."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((parameters, members))
    scores += together * rng.standard_normal(members)
    scores[:still] = rng.standard_normal((still, 1))
    slopes = rng.standard_normal((figures, parameters))
    simulated = np.tanh(slopes @ scores) + 0.3 * rng.standard_normal((figures, members))
    errors = rng.standard_normal((figures, figures))
    covariance = errors @ errors.T / figures + 0.5 * np.diag(rng.uniform(0.5, 2.0, figures))
    return scores, simulated, rng.standard_normal(figures), covariance


def oracle(scores, simulated, observed, covariance, errors, inflation, level):
    """What the class of iterative_ensemble_smoother gives on the same errors."""
    library = pytest.importorskip("iterative_ensemble_smoother.esmda_adaptive")
    # The class multiplies the errors that it is handed by the root of `alpha` itself.
    made = library.AdaptiveESMDA(covariance, observed, alpha=inflation, seed=1)
    made.prepare_assimilation(Y=simulated, truncation=1.0, observation_perturbations=errors)

    def heard(correlation, members):
        return np.abs(correlation) > level / np.sqrt(members)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it divides by the spread of parameters that have none
        return made.assimilate_batch(X=scores, correlation_callback=heard, n_jobs=1)


def ours(scores, simulated, observed, covariance, errors, inflation, level):
    return update(
        scores,
        simulated,
        observed[:, None] + np.sqrt(inflation) * errors,
        inflation * covariance,
        least=level / np.sqrt(scores.shape[1]),
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    parameters=st.integers(1, 12),
    figures=st.integers(1, 40),
    members=st.integers(5, 60),
    inflation=st.integers(1, 8),
    level=st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 100.0]),
    still=st.integers(0, 3),
    together=st.sampled_from([0.0, 1.0, 10.0]),
)
def test_a_step_equals_that_of_the_published_class(
    seed, parameters, figures, members, inflation, level, still, together
):
    case = world(
        seed, parameters, figures, members, still=min(still, parameters - 1), together=together
    )
    errors = perturbations(case[3], members, np.random.default_rng(seed))
    one = ours(*case, errors, inflation, level)
    other = oracle(*case, errors, inflation, level)
    np.testing.assert_allclose(one, other, rtol=0.0, atol=CLOSE)


@pytest.mark.parametrize(("members", "figures"), [(40, 60), (200, 15)])
def test_a_fit_of_several_steps_equals_that_of_the_published_class(members, figures):
    library = pytest.importorskip("iterative_ensemble_smoother.esmda_adaptive")
    steps, level = 4, 2.0
    scores, _, observed, covariance = world(7, 10, figures, members, still=1)
    scale = np.sqrt(np.diag(covariance))
    slopes = np.random.default_rng(8).standard_normal((figures, 10))

    def heard(correlation, size):
        return np.abs(correlation) > level / np.sqrt(size)

    one = other = scores
    for step in range(steps):
        one = assimilate(
            one,
            np.sinh(0.3 * slopes @ one),
            observed,
            covariance,
            iterations=steps,
            localisation=level,
            seed=(5, step),
        )
        # With errors of its own draw: those of a seed are the same here and there.
        made = library.AdaptiveESMDA(
            covariance / np.outer(scale, scale),
            observed / scale,
            alpha=steps,
            seed=np.random.default_rng([5, step]),
        )
        simulated = np.sinh(0.3 * slopes @ other) / scale[:, None]
        made.prepare_assimilation(Y=simulated, truncation=1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = made.assimilate_batch(X=other, correlation_callback=heard, n_jobs=1)
    assert np.abs(one - scores).max() > 0.5
    np.testing.assert_allclose(one, other, rtol=0.0, atol=CLOSE)


def test_in_a_linear_world_a_large_ensemble_is_the_posterior_of_theory():
    rng = np.random.default_rng(0)
    slopes = np.array([[1.0, 0.5], [0.0, 1.0], [1.0, -1.0]])
    covariance, observed = np.diag([0.5, 1.0, 2.0]), np.array([1.0, -0.5, 0.3])
    precision = np.eye(2) + slopes.T @ np.linalg.solve(covariance, slopes)
    expected = np.linalg.solve(precision, slopes.T @ np.linalg.solve(covariance, observed))
    ensemble = rng.standard_normal((2, 40_000))
    for step in range(3):
        ensemble = assimilate(
            ensemble,
            slopes @ ensemble,
            observed,
            covariance,
            iterations=3,
            localisation=0.0,
            seed=(2, step),
        )
    np.testing.assert_allclose(ensemble.mean(axis=1), expected, atol=0.02)
    np.testing.assert_allclose(np.cov(ensemble), np.linalg.inv(precision), atol=0.02)


def test_a_parameter_that_listens_to_nothing_keeps_its_bits():
    case = world(3, 6, 9, 40, still=2)
    errors = perturbations(case[3], 40, np.random.default_rng(1))
    assert np.array_equal(ours(*case, errors, 4, 100.0), case[0])
    moved = ours(*case, errors, 4, 0.0)
    assert np.array_equal(moved[:2], case[0][:2])
    assert (moved[2:] != case[0][2:]).all()


def test_a_figure_that_is_not_listened_to_changes_nothing():
    """Local update: neither its value nor its error may come in through other figures."""
    scores, simulated, observed, covariance = world(4, 1, 8, 50)
    errors = perturbations(covariance, 50, np.random.default_rng(1))
    level = 0.5 * np.sqrt(50)
    heard = np.abs(np.corrcoef(scores[0], simulated)[0, 1:]) > 0.5
    assert 0 < heard.sum() < len(heard)
    whole = ours(scores, simulated, observed, covariance, errors, 2, level)
    part = ours(
        scores,
        simulated[heard],
        observed[heard],
        covariance[np.ix_(heard, heard)],
        errors[heard],
        2,
        level,
    )
    np.testing.assert_allclose(whole, part, rtol=0.0, atol=1e-12)


@pytest.mark.xfail(reason="open defect `errors`: the factor is transposed until the next fit")
def test_errors_have_the_covariance_asked_for():
    covariance = np.array([[1.0, 0.8], [0.8, 1.0]])
    errors = perturbations(covariance, 100_000, np.random.default_rng(1))
    np.testing.assert_allclose(np.cov(errors), covariance, atol=0.02)
