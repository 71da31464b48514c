"""Compiled sums of the year's end give the bits of their plain form."""

import numpy as np
import pytest

from jiqun.model.observe.quantities import _add_up, group_sums, groups
from tests.model.plain import quantities as plain

UNITS = {"province": 1, "tier": 5, "cluster": 40}
QUANTITIES = 9


def bits(values):
    return np.ascontiguousarray(values).view(np.int64)


def columns(rows):
    """Quantities of made-up rows, shape (quantities, rows): usual, zero, equal, huge, negative."""
    rng = np.random.default_rng(rows)
    values = rng.lognormal(0.0, 8.0, (QUANTITIES, rows))
    values[1], values[2] = 0.0, 3.3
    values[3] *= 1e250
    values[4] *= -1.0
    values[5] = -0.0
    return values


@pytest.mark.parametrize("rows", [0, 1, 7, 31, 32, 33, 5_000])
def test_sums_by_group_have_the_bits_of_the_plain_sums(rows):
    rng = np.random.default_rng(1)
    values, weight = columns(rows), rng.lognormal(0.0, 1.0, rows) * (rng.random(rows) < 0.9)
    codes = {name: rng.integers(-1, number, rows) for name, number in UNITS.items()}
    levels = {name: (codes[name], tuple(range(number))) for name, number in UNITS.items()}
    first = np.cumsum([0, *UNITS.values()])
    table = np.zeros((first[-1], QUANTITIES))
    _add_up(values, weight, np.stack([*codes.values()]), first, table)
    expected = plain.group_sums(levels, np.ascontiguousarray(values.T), weight)
    assert np.array_equal(bits(table), bits(expected))


def test_sums_of_a_year_have_the_bits_of_the_plain_sums(end_of_2023):
    m = end_of_2023.branch(end_of_2023.policy)
    for _ in range(4):
        m.pass_quarter()
    levels, quantities = groups(m), plain.quantities(m)
    table = plain.group_sums(levels, np.stack([*quantities.values()], axis=1), m.enterprises.weight)
    expected = dict(zip(quantities, table.T, strict=True))
    sums = group_sums(m, levels)
    assert set(sums) == set(expected)
    assert all(np.array_equal(bits(sums[name]), bits(expected[name])) for name in expected)
