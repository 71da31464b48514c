"""A surrogate's error is part of its indices' intervals."""

import numpy as np
import pytest

from jiqun.experiments.sensitivity import designs
from jiqun.experiments.sensitivity.designs import Factor, SensitivityError
from jiqun.experiments.sensitivity.surrogate import surrogate
from tests.experiments.analytic import (
    G_FIRST,
    G_TOTAL,
    ISHIGAMI,
    ISHIGAMI_FIRST,
    ISHIGAMI_TOTAL,
    g,
    ishigami,
    noisy,
    outputs,
)


def fitted(size, fresh=0.0, seed=2):
    design = designs.latin(ISHIGAMI, size, seed)
    made = noisy(ishigami(design.points), seed, common=0.0, fresh=fresh)
    return surrogate(design, outputs(design, made), size=512)


def holds(index, known):
    return (index.low[:3, 0] <= known) & (known <= index.high[:3, 0])


@pytest.mark.parametrize(("size", "fresh"), [(30, 0.0), (60, 0.0), (100, 0.2)])
def test_intervals_hold_the_known_indices_however_poor_the_fit(size, fresh):
    found = fitted(size, fresh)
    assert holds(found.first, ISHIGAMI_FIRST).all()
    assert holds(found.total, ISHIGAMI_TOTAL).all()
    assert not found.total.above_noise[3].any()
    # What is inert may have any part of the error.
    assert (found.total.high[3] >= np.minimum(found.error, 1.0)).all()


def test_more_runs_make_the_error_and_the_intervals_smaller():
    few, many = fitted(60), fitted(200)
    assert many.error < 0.1 < few.error
    wide, narrow = (found.total.high - found.total.low for found in (few, many))
    assert (narrow[:3] < wide[:3]).all()
    assert many.total.above_noise[:2, 0].all()


def test_what_cannot_be_learnt_has_no_indices_above_noise():
    design = designs.latin(ISHIGAMI, 60, 1)
    made = np.random.default_rng(1).standard_normal((60, 1, 2)) * [1.0, 0.0]
    found = surrogate(design, outputs(design, made), size=64)
    assert found.error[0] > 0.8
    assert not found.total.above_noise.any()
    assert (found.total.estimate[:, 1] == 0.0).all()


def test_twenty_factors_of_which_few_matter_keep_to_their_intervals():
    factors = [Factor(f"x{i}", f"x{i}") for i in range(20)]
    design = designs.latin(factors, 60, 1)
    found = surrogate(design, outputs(design, g(design.points)), size=128)
    for index, known in ((found.first, G_FIRST), (found.total, G_TOTAL)):
        assert ((index.low[:6, 0] <= known) & (known <= index.high[:6, 0])).all()
        assert not index.above_noise[6:].any()


def test_mere_noise_of_many_factors_is_not_taken_for_foretold():
    # With lengths that have seen the runs left out, the error would be a third less.
    factors = [Factor(f"x{i}", f"x{i}") for i in range(30)]
    design = designs.latin(factors, 60, 1)
    found = surrogate(design, outputs(design, np.random.default_rng(1).random(60)), size=64)
    assert found.error[0] > 0.9
    assert (found.total.low == 0.0).all()


def test_a_surrogate_is_guarded_like_the_rest():
    design = designs.latin(ISHIGAMI, 30, 1)
    made = design.points[:, 0].copy()
    made[3] = np.nan
    with pytest.raises(SensitivityError, match="run-3-0"):
        surrogate(design, outputs(design, made))
    with pytest.raises(SensitivityError, match="power of two"):
        surrogate(design, outputs(design, design.points[:, 0]), size=100)
    other = designs.morris(ISHIGAMI, 4, 1)
    with pytest.raises(SensitivityError, match="not to a morris one"):
        surrogate(other, outputs(other, other.points[:, 0]))
