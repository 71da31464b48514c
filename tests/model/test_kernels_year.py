"""Compiled sums of the year's end, and the first links, give the bits of their plain form."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from jiqun.model.economy.network import Links, N
from jiqun.model.observe.quantities import _add_up, group_sums, groups
from jiqun.model.start.first_links import equilibrium, evenly
from tests.model.plain import first_links
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
    expected["exits"] = plain.exits(m, levels)
    sums = group_sums(m, levels)
    assert set(sums) == set(expected)
    assert all(np.array_equal(bits(sums[name]), bits(expected[name])) for name in expected)


def equal(found, expected):
    return all(np.array_equal(bits(a), bits(b)) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("suppliers", [0, 1, 7, 5_000])
@pytest.mark.parametrize("leaders", [0, 1, 43])
def test_the_first_equilibrium_has_the_bits_of_the_plain_one(suppliers, leaders):
    rng = np.random.default_rng(suppliers)
    linked = np.flatnonzero(rng.random(suppliers) < 0.6).repeat(2 if leaders else 0)
    to = rng.integers(0, max(leaders, 1), len(linked))
    links = csr_array((np.ones(len(linked)), (linked, to)), shape=(suppliers, leaders))
    links.data[:] = 1.0  # a pair that stands twice is one link
    sales = rng.lognormal(17.0, 2.0, suppliers)
    sales[::5], sales[1::7] = 0.0, 1e200
    wanted, field = rng.lognormal(20.0, 3.0, leaders), rng.integers(0, N, leaders)
    target = rng.lognormal(18.0, 2.0, N) * (rng.random(N) < 0.8)
    for steps in (0, 1, 30):
        given = (sales, wanted, field, target, np.full(N, 0.25), steps)
        found = equilibrium(Links.of(linked, to, suppliers), *given)
        assert equal(found, first_links.equilibrium(links, *given))


@pytest.mark.parametrize("pairs", [0, 1, 7, 5_000])
def test_the_same_pairs_are_taken_at_even_steps_as_in_the_plain_form(pairs):
    rng = np.random.default_rng(pairs)
    odds = rng.lognormal(-1.0, 2.0, pairs)
    odds[::5], odds[1::7] = 0.0, 1.0
    group = np.sort(rng.integers(0, 9, pairs))
    draw = rng.random(9)[group]
    # Whole steps meet exactly where chances are halves.
    for chance in (odds / (1.0 + odds), np.full(pairs, 0.5)):
        for lot in (draw, np.zeros(pairs)):
            assert np.array_equal(
                evenly(chance, group, lot), first_links.evenly(chance, group, lot)
            )
