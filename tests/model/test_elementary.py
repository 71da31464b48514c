"""Elementary functions: accuracy against mpmath over the whole range, edges, sizes of arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.functions import CASES
from jiqun.model import elementary as el


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_are_accurate_over_the_whole_range(case):
    assert case.worst() < case.units


def test_edges():
    assert el.exp(-np.inf) == el.exp(-800.0) == 0.0
    assert el.exp(0.0) == el.power(5.0, 0.0) == el.power(0.0, 0.0) == 1.0
    assert el.exp(-744.5) == 5e-324
    assert el.expm1(-np.inf) == -1.0
    assert el.log(1.0) == el.log1p(0.0) == el.expm1(0.0) == el.power(0.0, 0.5) == 0.0
    assert el.normal_cdf(0.0) == 0.5
    assert el.normal_cdf(-50.0) == 0.0
    assert el.normal_cdf(50.0) == 1.0
    assert el.normal_quantile(0.5) == 0.0


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (el.exp, 710.0), (el.exp, np.nan), (el.exp, np.inf), (el.expm1, 711.0), (el.log, 0.0),
        (el.log, -1.0), (el.log, np.inf), (el.log, np.nan), (el.log1p, -1.0), (el.log1p, -2.0),
        (lambda x: el.power(x, 0.5), -1.0), (lambda x: el.power(x, -1.0), 0.0),
        (lambda x: el.power(x, 2.0), 1e200), (lambda x: el.power(x, 2.0), np.nan),
        (el.normal_cdf, np.nan), (el.normal_quantile, 0.0), (el.normal_quantile, 1.0),
        (el.normal_quantile, np.nan),
    ],
)  # fmt: skip
def test_what_has_no_finite_value_is_refused(function, x):
    with pytest.raises(FloatingPointError, match="outside its range"):
        function(x)
    with pytest.raises(FloatingPointError, match="outside its range"):
        function(np.array([0.3, x, 0.4]))


@given(st.integers(0, 70), st.integers(0, 3), st.floats(0.01, 100.0))
def test_a_value_does_not_depend_on_its_place_in_an_array(length, offset, x):
    """Vector code and its remainder, scalars and views give the same bits."""
    padded = np.full(length + offset + 1, 0.5)
    padded[-1] = x
    for function in (el.exp, el.expm1, el.log, el.log1p, lambda v: el.power(v, 0.37)):
        assert function(padded[offset:])[-1] == function(x)
        assert function(np.repeat(padded, 2)[::2])[-1] == function(x)
    chance = x / 101.0
    padded[-1] = chance
    for function in (el.normal_cdf, el.normal_quantile):
        assert function(padded[offset:])[-1] == function(chance)


def test_shapes_are_kept():
    x = np.arange(1.0, 7.0).reshape(2, 3)
    assert el.exp(x).shape == (2, 3)
    assert np.array_equal(el.log(x.T), el.log(x).T)
    assert type(el.exp(1.0)) is float
    assert el.log(np.array([])).shape == (0,)


def test_a_function_is_compiled_without_a_cache_where_none_can_be_written(monkeypatch):
    def no_locator(*_, cache=False, **__):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(el, "njit", no_locator)
    assert el.compiled("boolean(float64)")(len) is len
