"""The space the fit is made in: every parameter as a standard normal score of its prior.

A score of 0 is the prior's median, and no score leads out of the range, so the smoother may add
scores up as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import qmc

from jiqun.experiments.runs.priors import Law
from jiqun.model.elementary import normal_cdf, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.calibration.targets import Prior
    from jiqun.model.dimensions import Array

DUMMY = "dummy"
"""A parameter that nothing depends on: what the data seem to say of it is noise of the method."""


@dataclass(frozen=True)
class Space:
    """Parameters of a fit in the order of their scores.

    Attributes:
        priors: Prior of each parameter; the dummy has none and stands last where there is one.
        dummy: Whether a dummy is among the scores.
    """

    priors: tuple[Prior, ...]
    dummy: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the scores."""
        return (*(prior.name for prior in self.priors), *((DUMMY,) if self.dummy else ()))

    def __len__(self) -> int:
        return len(self.names)

    def values(self, scores: Array) -> Array:
        """Values of the parameters at scores, shape (parameters, members); no row for the dummy."""
        return np.array(
            [
                law(prior).quantile(normal_cdf(row))
                for prior, row in zip(self.priors, scores, strict=False)
            ]
        )

    def points(self, scores: Array) -> list[dict[str, float]]:
        """Parameter to value for each member."""
        names = [prior.name for prior in self.priors]
        return [
            dict(zip(names, map(float, column), strict=True)) for column in self.values(scores).T
        ]

    def drawn(self, members: int, seed: int) -> Array:
        """Scores of the prior, evenly spread over each parameter, shape (parameters, members)."""
        cube = qmc.LatinHypercube(len(self), rng=np.random.default_rng(seed))
        return normal_quantile(cube.random(members)).T

    def subset(self, names: Sequence[str]) -> Space:
        """The space of some of the parameters, in the order they have here."""
        return Space(tuple(prior for prior in self.priors if prior.name in names), self.dummy)


def law(prior: Prior) -> Law:
    """The distribution of a prior."""
    return Law(prior.distribution, prior.low, prior.high, prior.mode)
