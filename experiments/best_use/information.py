"""What is worth knowing before a choice is made: the value of information, by regression on draws.

A choice made now takes the design with the best mean. Knowing more first would sometimes change it;
the gain of that, on average over what may turn out, is the value of knowing it. Of everything,
chance included (EVPI), it is a sum over the draws. Of some parameters (EVPPI) the mean gain of each
design given these parameters is regressed on them (Strong, Oakley and Brennan 2014). Of a study of
some enterprises (EVSI) it is what the same regression says where the parameter is known as far as
the study tells it: the means that may come out of the study lie closer together than the parameter
does (Jalal and Alarid-Escudero 2018), by the ratio of two variances, and what is left unknown is
averaged over.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import fmin_l_bfgs_b
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel
from threadpoolctl import threadpool_limits

from jiqun.experiments.effects.bootstrap import CONFIDENCE, quantiles, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.model.dimensions import Array

RESAMPLES, SEED = 300, 1
STEPS = 40
NOTHING = 0.01
"""Part of a value that the lower end of its interval has to be above: resamples without any value
come out as a trace, never as zero."""
NODES = 7
"""Places at which what a study leaves unknown is averaged over."""


@dataclass(frozen=True)
class Worth:
    """Value of knowing something, in the unit of the gains.

    Attributes:
        value: The estimate.
        low: Lower end of its 95 % interval; a value is never below zero.
        high: Upper end.
        floor: What chance makes of something that tells nothing, in 19 of 20 cases.
        changes: Share of the draws in which the best design, given this, is another than now.
    """

    value: float
    low: float
    high: float
    floor: float = 0.0
    changes: float = 0.0

    @property
    def clear(self) -> bool:
        """Whether it is distinguishable from what chance makes, and its interval from nothing."""
        return self.value > self.floor and self.low > NOTHING * self.value


@dataclass(frozen=True)
class Regression:
    """Mean gain of each design given some parameters.

    Attributes:
        gains: Gains less those of the design that is best now, shape (draws, designs).
        fitted: What is foretold of them at the draws.
        smoothers: Design to the matrix that makes its fitted values of its gains.
        centre: Mean of each parameter.
        spread: Deviation of each parameter.
        places: Parameters at the draws, standardised.
        processes: The fitted processes by design; None for those that never differ.
    """

    gains: Array
    fitted: Array
    smoothers: tuple[Array | None, ...]
    centre: Array
    spread: Array
    places: Array
    processes: tuple[GaussianProcessRegressor | None, ...]

    def refitted(self, gains: Array) -> Array:
        """Fitted values where the gains had been others."""
        columns = [
            column if smoother is None else column.mean() + smoother @ (column - column.mean())
            for smoother, column in zip(self.smoothers, gains.T, strict=True)
        ]
        return np.stack(columns, axis=1)

    def at(self, places: Array) -> Array:
        """Foretold gains at other standardised places of the parameters."""
        columns = [
            np.zeros(len(places)) if process is None else process.predict(places) + column.mean()
            for process, column in zip(self.processes, self.gains.T, strict=True)
        ]
        return np.stack(columns, axis=1)


def evpi(gains: Array) -> Worth:
    """Value of knowing all that differs between draws, chance too: more than can be known.

    Args:
        gains: Gain by draw and design.
    """
    shares = weights(len(gains), RESAMPLES, SEED)
    ahead = gains.max(axis=1)
    values = shares @ ahead - (shares @ gains).max(axis=1)
    changes = float((gains.argmax(axis=1) != gains.mean(axis=0).argmax()).mean())
    return _worth(float(values[0]), values[1:], changes=changes)


def regress(gains: Array, parameters: Array) -> Regression:
    """Regress gains on parameters.

    Args:
        gains: Gain by draw and design.
        parameters: Value by draw and parameter; each has to vary.
    """
    now = int(gains.mean(axis=0).argmax())
    relative = gains - gains[:, [now]]
    centre, spread = parameters.mean(axis=0), parameters.std(axis=0)
    places = (parameters - centre) / spread
    fitted: list[Array] = []
    smoothers: list[Array | None] = []
    processes: list[GaussianProcessRegressor | None] = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for column in relative.T:
            unit = float(column.std())
            if unit == 0.0:
                fitted.append(column)
                smoothers.append(None)
                processes.append(None)
                continue
            process = GaussianProcessRegressor(_kernel(places.shape[1], unit), optimizer=_search)
            process.fit(places, column - column.mean())
            own = process.kernel_.k1(places)
            smoother = np.linalg.solve(process.kernel_(places), own).T
            smoothers.append(smoother)
            fitted.append(column.mean() + smoother @ (column - column.mean()))
            processes.append(process)
    return Regression(
        relative,
        np.stack(fitted, axis=1),
        tuple(smoothers),
        centre,
        spread,
        places,
        tuple(processes),
    )


def evppi(regression: Regression) -> Worth:
    """Value of knowing the parameters of a regression."""
    return _valued(regression, regression.fitted)


def evsi(regression: Regression, spread: float, enterprises: int) -> Worth:
    """Value of a study that tells the one parameter of a regression.

    Args:
        regression: A regression on one parameter.
        spread: Deviation between enterprises of what one tells of the parameter, in its unit.
        enterprises: Number of enterprises that are studied.
    """
    prior = float(regression.spread[0]) ** 2
    known = prior / (prior + spread**2 / enterprises)
    nodes, masses = np.polynomial.hermite_e.hermegauss(NODES)
    masses = masses / masses.sum()

    means = np.sqrt(known) * regression.places
    left = [regression.at(means + np.sqrt(1.0 - known) * node) for node in nodes]
    expected: Array = np.tensordot(masses, np.array(left), 1)
    return _valued(regression, expected, float(np.sqrt(known)))


def _valued(regression: Regression, at_draws: Array, known: float = 1.0) -> Worth:
    """Value of a choice by what is expected, with its interval and floor.

    Args:
        regression: The regression.
        at_draws: Gain by draw and design that is expected once more is known.
        known: Part of the spread of the parameters that becomes known: a fit to other draws moves
            what is expected about its mean by so much.
    """
    rng = np.random.default_rng(SEED)
    size = len(regression.gains)
    shares = weights(size, RESAMPLES, SEED)
    off = regression.gains - regression.fitted
    off = off - off.mean(axis=0)
    drawn, blank = [], []
    for share in shares[1:]:
        luck = _shrunk(regression.refitted(off[rng.integers(size, size=size)]), known)
        drawn.append(_gain(at_draws + luck, share))
        shuffled = regression.refitted(regression.gains[rng.permutation(size)])
        blank.append(_gain(_shrunk(shuffled, known), shares[0]))
    now = int(regression.gains.mean(axis=0).argmax())
    return _worth(
        _gain(at_draws, shares[0]),
        np.array(drawn),
        float(np.quantile(blank, CONFIDENCE)),
        float((at_draws.argmax(axis=1) != now).mean()),
    )


def _shrunk(fitted: Array, known: float) -> Array:
    """Fitted values drawn together about their means."""
    means = fitted.mean(axis=0)
    drawn: Array = means + known * (fitted - means)
    return drawn


def _gain(expected: Array, share: Array) -> float:
    """Mean of the best less the best of the means."""
    return float(share @ expected.max(axis=1) - (share @ expected).max())


def _worth(value: float, drawn: Array, floor: float = 0.0, changes: float = 0.0) -> Worth:
    low, high = quantiles(drawn)
    return Worth(value, min(float(low), value), max(float(high), value), floor, changes)


def _kernel(parameters: int, unit: float) -> object:
    each = ConstantKernel(unit**2, (1e-6 * unit**2, 1e3 * unit**2)) * DotProduct(1e-3, "fixed")
    bent = ConstantKernel(0.1 * unit**2, (1e-6 * unit**2, 1e3 * unit**2))
    bent *= Matern(np.full(parameters, 2.0), (0.5, 1e2), nu=2.5)
    return each + bent + WhiteKernel(unit**2, (1e-6 * unit**2, 1e2 * unit**2))


def _search(
    negative: Callable[[Array], tuple[float, Array]], start: Array, bounds: Array
) -> tuple[Array, float]:
    found, least, _ = fmin_l_bfgs_b(negative, start, bounds=bounds.tolist(), maxfun=STEPS)
    return found, float(least)
