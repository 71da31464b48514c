"""What makes one design better than another where draws and worlds differ: the risk attitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

Kind = Literal["mean", "p10", "regret", "satisficing"]
TENTH = 0.1
RESAMPLES, SEED = 2_000, 1
CENTRAL = 0
"""Place of the world as it is drawn."""


@dataclass(frozen=True)
class Attitude:
    """How gains over draws and worlds become one number.

    Attributes:
        kind: ``mean`` over the draws; ``p10``, the gain that nine draws of ten are above;
            ``regret``, the largest over worlds of the mean distance to the best plan of each draw,
            with its sign turned; ``satisficing``, the share of draws that gain enough.
        enough: Gain that is enough, by objective.
    """

    kind: Kind = "mean"
    enough: tuple[float, ...] = ()

    def scores(self, gains: Array, among: Array | None = None) -> Array:
        """Score by plan and objective, larger is better.

        Args:
            gains: Shape (plans, worlds, draws, objectives).
            among: Whether regret is felt for each plan; for all of them if absent.
        """
        central = gains[:, CENTRAL]
        found: Array
        if self.kind == "p10":
            found = np.quantile(central, TENTH, axis=1)
        elif self.kind == "satisficing":
            found = (central >= np.array(self.enough)).mean(axis=1)
        elif self.kind == "regret":
            best = gains if among is None else gains[among]
            found = -(best.max(axis=0) - gains).mean(axis=2).max(axis=1)
        else:
            found = central.mean(axis=1)
        return found

    def resampled(self, gains: Array, resamples: int = RESAMPLES, seed: int = SEED) -> Array:
        """Scores over resamples of the draws, shape (resamples, plans, objectives).

        All plans take the same draws: what they have in common cancels.

        Args:
            gains: As `scores` takes them.
            resamples: Number of resamples.
            seed: Seed of the resamples.
        """
        rng, size = np.random.default_rng(seed), gains.shape[2]
        picked = rng.integers(size, size=(resamples, size))
        return np.stack([self.scores(gains[:, :, rows]) for rows in picked])
