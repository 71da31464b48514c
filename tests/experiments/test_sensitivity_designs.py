"""A design says what to run, and outputs that are not of it or not whole stop the analysis."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.experiments.sensitivity import designs, indices
from jiqun.experiments.sensitivity.designs import DUMMY, Factor, SensitivityError, check
from tests.experiments.analytic import ISHIGAMI, g_factors, outputs

MADE = [
    (designs.sobol, 8, indices.sobol),
    (designs.morris, 8, indices.morris),
    (designs.latin, 200, indices.pawn),
]


@pytest.mark.parametrize(("make", "size", "analyse"), MADE)
@pytest.mark.parametrize("seed", [0, None, -1])
def test_a_seed_that_is_none_is_refused(make, size, analyse, seed):
    with pytest.raises(SensitivityError, match="seed of a design is a whole number from 1"):
        make(ISHIGAMI, size, seed)


@pytest.mark.parametrize("size", [0, 1, 3, 500, 1023])
def test_a_size_that_is_no_power_of_two_is_refused(size):
    with pytest.raises(SensitivityError, match=f"power of two, not {size}"):
        designs.sobol(ISHIGAMI, size, 1)


def test_too_few_trajectories_or_points_are_refused():
    with pytest.raises(SensitivityError, match="two trajectories"):
        designs.morris(ISHIGAMI, 1, 1)
    with pytest.raises(SensitivityError, match="two points"):
        designs.latin(ISHIGAMI, 1, 1)
    design = designs.latin(ISHIGAMI, 199, 1)
    with pytest.raises(SensitivityError, match="200 points or more"):
        indices.pawn(design, outputs(design, design.points[:, 0]))


@pytest.mark.parametrize(
    "factors",
    [
        [],
        [Factor("x", "x"), Factor("x", "y")],
        [Factor(DUMMY, "x")],
        [Factor("x", DUMMY)],
        [Factor("x", "x", 1.0, 1.0)],
        [Factor("x", "x", 0.0, np.inf)],
    ],
)
def test_factors_without_a_meaning_are_refused(factors):
    with pytest.raises(SensitivityError):
        designs.sobol(factors, 8, 1)


@pytest.mark.parametrize(("make", "size", "analyse"), MADE)
def test_every_design_has_a_dummy_and_keeps_bounds_and_rows(make, size, analyse):
    factors = [Factor("x", "one", -3.0, -1.0), Factor("y", "two", 5.0, 6.0), Factor("z", "one")]
    design = make(factors, size, 1)
    assert [factor.name for factor in design.factors] == ["x", "y", "z", DUMMY]
    assert design.points.shape == (size * design.block, 4)
    low, high = design.points.min(axis=0), design.points.max(axis=0)
    assert (low >= [-3.0, 5.0, 0.0, 0.0]).all()
    assert (high <= [-1.0, 6.0, 1.0, 1.0]).all()
    assert (high - low > 0.5 * np.array([2.0, 1.0, 1.0, 1.0])).all()
    assert np.array_equal(design.points, make(factors, size, 1).points)
    assert not np.array_equal(design.points, make(factors, size, 2).points)


def test_a_group_moves_as_one_from_a_to_b():
    design = designs.sobol(g_factors(("a", "b", "b", "a", "c", "c")), 4, 1)
    rows = design.points.reshape(4, 6, 7)
    a, b = rows[:, 0], rows[:, -1]
    for number, group in enumerate(design.groups):
        inside = np.array([factor.group == group for factor in design.factors])
        assert np.array_equal(rows[:, 1 + number][:, inside], b[:, inside])
        assert np.array_equal(rows[:, 1 + number][:, ~inside], a[:, ~inside])


def test_factors_of_a_latin_design_stand_for_themselves():
    points = designs.latin(g_factors(("a",) * 6), 64, 1).points
    assert np.abs(np.corrcoef(points.T) - np.eye(7)).max() < 0.6


def test_rows_a_and_b_of_a_sobol_design_are_independent_points():
    design = designs.sobol(g_factors(("a",) * 3 + ("b",) * 3), 256, 1)
    values = design.points.sum(axis=1)[:, None, None] + np.arange(2.0)[:, None]
    points, made = designs.independent(design, outputs(design, values))
    assert points.size == len(points.points) == 512
    assert points.groups == tuple(factor.name for factor in design.factors)
    # Members of a group go apart, and every slice of a factor holds equally many points.
    assert np.abs(np.corrcoef(points.points.T) - np.eye(7)).max() < 0.1
    counts = np.stack([np.histogram(column, 16, (0.0, 1.0))[0] for column in points.points.T])
    assert (counts == 32).all()
    assert check(points, made)[:, 0, 0] == pytest.approx(points.points.sum(axis=1))
    assert [run[1] for run in made.runs[:4]] == ["run-0-1", "run-4-1", "run-5-1", "run-9-1"]
    half = designs.sobol(g_factors(), 128, 1)
    first, _ = designs.independent(half, outputs(half, half.points[:, 0]))
    assert np.array_equal(first.points, points.points[:256])
    # Neither the Sobol design's nor a Latin one's outputs are theirs.
    of_latin = designs.latin(g_factors(), 512, 1)
    assert len({points.fingerprint, design.fingerprint, of_latin.fingerprint}) == 3
    with pytest.raises(SensitivityError, match="do not belong"):
        indices.pawn(of_latin, made)
    with pytest.raises(SensitivityError, match="latin design has no rows A and B"):
        designs.independent(of_latin, made)
    values[9, 1, 0] = np.nan
    with pytest.raises(SensitivityError, match="run-9-1"):
        designs.independent(design, outputs(design, values))


@pytest.mark.parametrize(
    "other",
    [
        designs.sobol(ISHIGAMI, 8, 2),
        designs.sobol(ISHIGAMI, 16, 1),
        designs.sobol(ISHIGAMI[:2], 8, 1),
        designs.sobol([*ISHIGAMI[:2], Factor("x3", "x2", -np.pi, np.pi)], 8, 1),
        designs.sobol([*ISHIGAMI[:2], Factor("x3", "x3", -3.0, np.pi)], 8, 1),
        designs.sobol(ISHIGAMI[::-1], 8, 1),
        designs.morris(ISHIGAMI, 8, 1),
    ],
    ids=["seed", "size", "factors", "groups", "bounds", "order", "method"],
)
def test_outputs_of_another_design_are_refused(other):
    design = designs.sobol(ISHIGAMI, 8, 1)
    assert design.fingerprint == designs.sobol(ISHIGAMI, 8, 1).fingerprint
    foreign = replace(outputs(design, design.points[:, 0]), fingerprint=other.fingerprint)
    with pytest.raises(SensitivityError, match=other.fingerprint):
        indices.sobol(design, foreign)


def test_a_fingerprint_holds_the_version_of_the_sampler(monkeypatch):
    before = designs.sobol(ISHIGAMI, 8, 1).fingerprint
    monkeypatch.setattr(designs, "version", lambda name: "0.0")
    assert designs.sobol(ISHIGAMI, 8, 1).fingerprint != before


@pytest.mark.parametrize(("make", "size", "analyse"), MADE)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_not_finite_stops_and_names_its_run(make, size, analyse, bad):
    design = make(ISHIGAMI, size, 1)
    values = np.repeat(design.points[:, :1, None], 2, axis=1) + np.zeros((1, 1, 3))
    analyse(design, outputs(design, values))
    values[5, 1, 2] = bad
    named = rf"run run-5-1 \(row 5 of the design, seed 1 of its row\): column-2 is {bad}$"
    for function in (analyse, indices.growing, check):
        with pytest.raises(SensitivityError, match=named):
            function(design, outputs(design, values))
    values[6, 0, 0] = bad
    with pytest.raises(SensitivityError, match=r"run-5-1 .* 1 values more are not finite"):
        check(design, outputs(design, values))


def test_outputs_of_another_shape_are_refused():
    design = designs.sobol(ISHIGAMI, 8, 1)
    whole = outputs(design, np.ones((len(design.points), 2, 3)))
    for part in (
        replace(whole, values=whole.values[:-1]),
        replace(whole, values=whole.values[:, 0]),
        replace(whole, values=whole.values[:, :, :2]),
        replace(whole, values=whole.values[:, :0], runs=[[] for _ in whole.runs]),
        replace(whole, runs=whole.runs[:-1]),
        replace(whole, runs=[run[:1] for run in whole.runs]),
    ):
        with pytest.raises(SensitivityError):
            check(design, part)


def test_an_analysis_takes_designs_of_its_own_method():
    design = designs.latin(ISHIGAMI, 200, 1)
    with pytest.raises(SensitivityError, match="latin design has no sobol indices"):
        indices.sobol(design, outputs(design, design.points[:, 0]))
