"""Sizes at end-2018: which enterprises have a row, how many a row stands for, and its revenue.

Real enterprises are numbered by size; each number is the address of that enterprise's draws. Every
enterprise above the certainty size has a row of its own at every number of rows; smaller ones are
sampled by size stratum, each row standing for a run of neighbours in size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.elementary import power
from jiqun.model.randomness import Ids, uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.dimensions import Array

THRESHOLD = 20e6
"""Yearly revenue from which an enterprise is above scale (rules.csv, above_scale)."""
CERTAINTY = 400e6
"""Revenue of the statistical class of large enterprises; above it every enterprise has a row."""
LEAST_OF_STRATUM = 20
"""Fewest rows of a stratum below that size."""


def sample(
    m: Mapping[str, float], p: Mapping[str, float], rows: int, seed: int
) -> tuple[Ids, Array]:
    """Ranks and weights: certainty stratum, then strata of falling size.

    Args:
        m: Marginals of the province.
        p: Parameter values.
        rows: Number of rows; 0 gives every enterprise its own row.
        seed: Seed of the population.
    """
    n, below = round(m["enterprises"]), round(m["below_scale_enterprises"])
    tail, top = p["size_tail"], p["size_top"]

    def number_over(size: float) -> int:
        result: int = round(
            n
            * (power(size, -tail) - power(top, -tail))
            / (power(THRESHOLD, -tail) - power(top, -tail))
        )
        return result

    tail_below, least = p["below_scale_tail"], p["below_scale_least"]
    upper = round(
        below * (power(0.5 * THRESHOLD, -tail_below) - power(THRESHOLD, -tail_below))
        / (power(least, -tail_below) - power(THRESHOLD, -tail_below))
    )  # fmt: skip
    certain, middle = number_over(CERTAINTY), number_over(0.25 * CERTAINTY)
    bounds = [certain, middle, n, n + upper, n + below]
    ranks = [np.arange(1, certain + 1, dtype=np.int64)]
    weights = [np.ones(certain)]
    left = rows - certain if rows else n + below
    shares = (0.22, 0.44, 0.16, 0.18)
    for i, share in enumerate(shares):
        size = bounds[i + 1] - bounds[i]
        quota = round(left * share / sum(shares[i:]))
        quota = min(quota, left - LEAST_OF_STRATUM * (len(shares) - 1 - i))
        taken = min(size, max(quota, LEAST_OF_STRATUM))
        left -= taken
        bins = np.arange(taken, dtype=np.int64)
        inside = uniform(seed, f"sample{i}", bins) if taken < size else np.full(taken, 0.5)
        # Runs of neighbours in whole numbers: no two rows share an id, and none leaves its stratum.
        edges = size * np.arange(taken + 1, dtype=np.int64) // taken
        width = np.diff(edges)
        ranks.append(bounds[i] + 1 + edges[:-1] + np.floor(inside * width).astype(np.int64))
        weights.append(width.astype(np.float64))
    return np.concatenate(ranks), np.concatenate(weights)


def least_rows(m: Mapping[str, float], p: Mapping[str, float]) -> int:
    """Fewest rows of a population: those of certainty, and the least of each stratum below.

    Args:
        m: Marginals of the province.
        p: Parameter values.
    """
    return len(sample(m, p, 1, 0)[0])


def revenue_by_rank(rank: Ids, m: Mapping[str, float], p: Mapping[str, float], seed: int) -> Array:
    """Yearly revenue by rank, yuan: a truncated Pareto above scale, a flatter one below.

    Args:
        rank: Rank by size of each row, from 1, shape (rows,).
        m: Marginals of the province.
        p: Parameter values.
        seed: Seed of the population.
    """
    n, below = round(m["enterprises"]), round(m["below_scale_enterprises"])
    u = uniform(seed, "size", rank)
    large = truncated_pareto(
        np.clip((rank - u) / n, 1e-9, 1.0), THRESHOLD, p["size_top"], p["size_tail"]
    )
    small = truncated_pareto(
        np.clip((rank - n - u) / below, 1e-9, 1.0),
        p["below_scale_least"], 0.999 * THRESHOLD, p["below_scale_tail"],
    )  # fmt: skip
    return np.where(rank <= n, large, small)


def truncated_pareto(u: Array, low: float, high: float, tail: float) -> Array:
    """Size with upper-tail probability `u` of a Pareto law between `low` and `high`.

    Args:
        u: Probability of a larger size, in (0, 1), shape (rows,).
        low: Least size, yuan.
        high: Largest size, yuan.
        tail: Exponent of the law.
    """
    result: Array = power(u * power(low, -tail) + (1.0 - u) * power(high, -tail), -1.0 / tail)
    return result
