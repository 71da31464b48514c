"""Morris screening: which parameters move any published figure at all.

Every point of the design is run with the same seeds, so that differences are the parameter's own;
a dummy that nothing depends on shows what is left of noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from SALib.analyze import morris as analysis
from SALib.sample import morris as sampling

from jiqun.model.elementary import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.calibration.fitting.space import Space
    from jiqun.model.dimensions import Array

LEVELS = 4
TAIL = 0.05
"""Share of the prior left out at each end: scores of the ends themselves are infinite."""


@dataclass(frozen=True)
class Signal:
    """What a parameter does to the figures.

    Attributes:
        name: Parameter.
        strongest: Largest mean absolute effect of going through its range, in standard deviations
            of the figure's error, chance included.
        figure: Figure it is the effect on.
    """

    name: str
    strongest: float
    figure: str


def design(space: Space, trajectories: int, seed: int) -> tuple[dict[str, Any], Array]:
    """Problem for SALib and its design as probabilities of the priors, shape (points, names).

    Args:
        space: Parameters to screen.
        trajectories: Trajectories through the space, each of one point more than there are
            parameters.
        seed: Seed of the design.
    """
    bounds = [[TAIL, 1.0 - TAIL]] * len(space)
    problem = {"num_vars": len(space), "names": list(space.names), "bounds": bounds}
    points = sampling.sample(problem, trajectories, num_levels=LEVELS, seed=seed)
    return problem, np.asarray(points, dtype=np.float64)


def scores(points: Array) -> Array:
    """Scores of a design, shape (names, points)."""
    return normal_quantile(points).T


def signals(
    problem: dict[str, Any], points: Array, simulated: Array, error: Array, figures: Sequence[str]
) -> list[Signal]:
    """Signal of every parameter, strongest first.

    Args:
        problem: The problem the design was made for.
        points: The design.
        simulated: Figures at each point, shape (points, figures), all finite.
        error: Standard deviation of each figure's error.
        figures: Names of the figures.
    """
    if not np.isfinite(simulated).all():
        # The method would leave such points out without a word.
        raise FloatingPointError("screening: a run of the design failed")
    effects = np.array(
        [
            analysis.analyze(problem, points, column, num_levels=LEVELS, seed=1)["mu_star"]
            for column in (simulated / error).T
        ]
    )
    best = effects.argmax(axis=0)
    found = [
        Signal(name, float(effects[best[i], i]), figures[best[i]])
        for i, name in enumerate(problem["names"])
    ]
    return sorted(found, key=lambda signal: -signal.strongest)


def seen(found: Sequence[Signal], keep: float, least: int, most: int) -> list[str]:
    """Names of the parameters to fit: signal of at least `keep`, within the bounds on number.

    Args:
        found: Signals of the parameters and of a dummy, the strongest first.
        keep: Least signal, in standard deviations of a figure's error.
        least: Least number of parameters.
        most: Largest number of them.
    """
    real = [signal for signal in found if signal.name != "dummy"]
    strong = sum(signal.strongest >= keep for signal in real)
    return [signal.name for signal in real[: min(max(strong, least), most)]]
