"""Kolmogorov-Smirnov distances of PAWN, for all resamples of a bootstrap at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from jiqun.model.dimensions import Array


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices of a factor's range with equally many points each.

    Attributes:
        of_row: Slice of each point.
        starts: First place of each slice where points are sorted by slice.
    """

    of_row: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, places: Array, number: int) -> Slices:
        """Slices of the places of all points."""
        ranks = np.argsort(np.argsort(places, kind="stable"), kind="stable")
        of_row = (ranks * number // len(places)).astype(np.int64)
        return cls(of_row, np.searchsorted(np.sort(of_row), np.arange(number)))


def distances(factors: Sequence[Slices], output: Array, weighed: Array) -> Array:
    """Median over slices of the distance to the whole distribution, shape (resamples, factors).

    Between two points of a slice its own distribution is flat and the whole one only rises, so the
    largest distance is found at the slice's points, just before or at them. Equal outputs are one
    step of a distribution.

    Args:
        factors: Slices of each factor.
        output: One output, shape (points,).
        weighed: Weights of the points, shape (resamples, points).
    """
    weight = np.ascontiguousarray(weighed.T)
    value, place = np.unique(output, return_inverse=True)
    whole = _upto(weight[np.argsort(place, kind="stable")])
    edges = np.searchsorted(np.sort(place), np.arange(len(value) + 1))
    found = np.empty((len(weighed), len(factors)))
    for number, slices in enumerate(factors):
        # Sorted by slice, and by output within it.
        code = slices.of_row * len(value) + place
        order = np.argsort(code, kind="stable")
        code, at = code[order], place[order]
        own = _upto(weight[order])
        begin = own[slices.starts]
        mass = own[np.append(slices.starts[1:], len(at))] - begin
        of_row = slices.of_row[order]
        widest = np.zeros((len(at), len(weighed)))
        before, after = np.searchsorted(code, code), np.searchsorted(code, code, side="right")
        for place_in, step in ((before, at), (after, at + 1)):
            within = own[place_in] - begin[of_row]
            np.maximum(widest, np.abs(within / mass[of_row] - whole[edges[step]]), out=widest)
        found[:, number] = np.median(np.maximum.reduceat(widest, slices.starts, axis=0), axis=0)
    return found


def _upto(weight: Array) -> Array:
    """Weight of the points before each place and, last, of all; shape (points + 1, resamples)."""
    return np.concatenate([np.zeros((1, weight.shape[1])), np.cumsum(weight, axis=0)])
