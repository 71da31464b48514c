"""Addressed draws: uniform, independent of their neighbours, a function of the address alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jiqun.model.randomness import laplace, normal, uniform

N = 100_000
IDS = np.arange(1, N + 1, dtype=np.int64)
# The draws are fixed, so these tests either always pass or never do: one in a thousand is strict.
LEAST_P = 1e-3

SEEDS = st.integers(0, 2**63)
PURPOSES = st.text(max_size=20)
QUARTERS = st.integers(-100, 100)
ADDRESSES = st.lists(st.integers(1, 2**62), min_size=1, max_size=50, unique=True)


@pytest.mark.parametrize("seed", [0, 1, 2, 20_000])
@pytest.mark.parametrize(("purpose", "quarter"), [("level", 0), ("exit", 1), ("exit", 35)])
def test_draws_are_uniform(seed, purpose, quarter):
    u = uniform(seed, purpose, IDS, quarter)
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert stats.kstest(u, "uniform").pvalue > LEAST_P
    # The low bits too: a weak mixer leaves its pattern there.
    low = np.bincount((u * 2.0**40).astype(np.int64) % 64, minlength=64)
    assert stats.chisquare(low).pvalue > LEAST_P


@pytest.mark.parametrize(
    "neighbour",
    [
        pytest.param((1, "exit", IDS + 1, 3), id="id"),
        pytest.param((1, "exit", IDS + 1000, 3), id="candidate of the next quarter"),
        pytest.param((1, "exit", IDS, 4), id="quarter"),
        pytest.param((1, "exit", IDS + 1, 2), id="id and quarter"),
        pytest.param((1, "exit", IDS, 7), id="year"),
        pytest.param((1, "exis", IDS, 3), id="purpose"),
        pytest.param((1, "rd start", IDS, 3), id="other purpose"),
        pytest.param((2, "exit", IDS, 3), id="seed"),
        pytest.param((2, "exit", IDS + 1, 3), id="seed and id"),
        pytest.param((4, "exit", IDS, 0), id="seed and quarter"),
    ],
)
def test_neighbouring_addresses_are_independent(neighbour):
    one, other = uniform(1, "exit", IDS, 3), uniform(*neighbour)
    assert abs(stats.spearmanr(one, other).statistic) < 4.0 / np.sqrt(N)
    cells = np.bincount((one * 16).astype(int) * 16 + (other * 16).astype(int), minlength=256)
    assert stats.chisquare(cells).pvalue > LEAST_P


def test_runs_of_one_enterprise_are_independent():
    path = np.array([uniform(1, "level", IDS[:2000], t) for t in range(36)])
    lag = np.corrcoef(path[:-1].ravel(), path[1:].ravel())[0, 1]
    assert abs(lag) < 4.0 / np.sqrt(path.size)
    # The sum over quarters has the spread of independent draws, so no path drifts by itself.
    assert path.sum(axis=0).var() == pytest.approx(36 / 12, rel=0.15)


def test_no_two_addresses_share_a_draw():
    ids = np.concatenate([IDS[:3000], 10_000_000 + IDS[:300]])
    draws = [
        uniform(seed, purpose, ids, quarter)
        for seed in (1, 2)
        for purpose in ("level", "noise", "exit", "review")
        for quarter in range(12)
    ]
    every = np.concatenate(draws)
    assert len(np.unique(every)) == len(every)


@given(SEEDS, PURPOSES, ADDRESSES, QUARTERS, st.randoms(use_true_random=False))
def test_a_draw_depends_on_its_address_alone(seed, purpose, ids, quarter, random):
    whole = uniform(seed, purpose, np.array(ids, dtype=np.int64), quarter)
    order = list(range(len(ids)))
    random.shuffle(order)
    part = order[: random.randint(1, len(order))]
    again = uniform(seed, purpose, np.array([ids[i] for i in part], dtype=np.int64), quarter)
    assert np.array_equal(whole[part], again)
    alone = uniform(seed, purpose, np.array(ids[:1], dtype=np.int64), quarter)
    assert alone[0] == whole[0]


@given(SEEDS, PURPOSES, ADDRESSES, QUARTERS)
def test_drawing_changes_neither_ids_nor_later_draws(seed, purpose, ids, quarter):
    given_ids = np.array(ids, dtype=np.int64)
    first = uniform(seed, purpose, given_ids, quarter)
    first[:] = -1.0
    second = uniform(seed, purpose, given_ids, quarter)
    assert given_ids.tolist() == ids
    assert np.all((second > 0.0) & (second < 1.0))


@given(SEEDS, PURPOSES, ADDRESSES, QUARTERS)
def test_shaped_draws_follow_their_uniform(seed, purpose, ids, quarter):
    address = (seed, purpose, np.array(ids, dtype=np.int64), quarter)
    u = uniform(*address)
    assert np.allclose(stats.norm.cdf(normal(*address)), u)
    assert np.allclose(stats.laplace.cdf(laplace(*address)), u)


def test_shaped_draws_have_their_moments():
    z, x = normal(1, "wedge", IDS), laplace(1, "level", IDS, 5)
    assert stats.kstest(z, "norm").pvalue > LEAST_P
    assert stats.kstest(x, "laplace").pvalue > LEAST_P
    assert x.var() == pytest.approx(2.0, rel=0.03)
