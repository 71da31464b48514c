"""Rows marked by chance until their weights have reached a number that was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.elementary import log

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag
    from jiqun.model.dimensions import Array


def chosen(draw: Array, score: Array, weight: Array, target: float) -> Flag:
    """Mark rows with probability proportional to `score` so that their weights sum to `target`.

    The sum holds in expectation: P = min(1, scale * score), the scale found by bisection.

    Args:
        draw: Uniform number in (0, 1) of each row, shape (rows,).
        score: Relative chance of each row, zero or more, shape (rows,).
        weight: What a row counts towards the target, shape (rows,).
        target: Sum of weights to be marked, unit of `weight`.
    """
    low, high = 0.0, 1e6 / max(float(score.max(initial=0.0)), 1e-12)
    for _ in range(80):
        scale = 0.5 * (low + high)
        if float(np.sum(weight * np.minimum(1.0, scale * score))) < target:
            low = scale
        else:
            high = scale
    return draw < np.minimum(1.0, high * score)


def in_turn(draw: Array, score: Array, weight: Array, target: float) -> Flag:
    """Mark rows in random order, likelier ones earlier, until their weights reach `target`.

    An exponential race (Efraimidis and Spirakis 2006): the order is that of `-ln(draw) / score`.

    Args:
        draw: Uniform number in (0, 1) of each row, shape (rows,).
        score: Relative chance to be early, shape (rows,); rows of zero are never marked.
        weight: What a row counts towards the target, shape (rows,).
        target: Sum of weights to reach, unit of `weight`; a row counts in where half its weight
            fits.
    """
    rows = (score > 0.0).nonzero()[0]
    rows = rows[np.argsort(-log(draw[rows]) / score[rows], kind="stable")]
    taken = weight[rows].cumsum() <= target + 0.5 * weight[rows]
    marked = np.zeros(len(draw), dtype=bool)
    marked[rows[taken]] = True
    return marked
