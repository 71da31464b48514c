"""Estimators of the stylised facts: pure functions of columns and weights.

Rows of the simulated panel stand for several enterprises each, so every estimator takes weights.
Standard errors treat a row, not an enterprise, as an observation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm  # type: ignore[import-untyped]
from scipy.optimize import minimize, minimize_scalar
from scipy.special import gammaln
from scipy.stats import norm

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

LINKS = {"probit": sm.families.links.Probit, "cloglog": sm.families.links.CLogLog}


def quantile(values: Array, weight: Array, at: float | Sequence[float]) -> Array:
    """Weighted quantiles: the least value that at least so much of the weight does not exceed.

    Args:
        values: Values, in any unit, shape (rows,).
        weight: Weight of each row, shape (rows,).
        at: Shares of the weight, one number or several; the result has their shape.
    """
    order = np.argsort(values, kind="stable")
    share = weight[order].cumsum() / weight.sum()
    place = np.searchsorted(share, np.asarray(at) - 1e-12)
    result: Array = values[order][np.minimum(place, len(values) - 1)]
    return result


@dataclass(frozen=True)
class Tail:
    """A power law fitted to an upper tail (Clauset, Shalizi and Newman 2009).

    Attributes:
        exponent: Of the share of enterprises above a size.
        least: Size from which it holds.
        distance: Kolmogorov-Smirnov distance.
        p_value: Share of synthetic power-law tails that lie farther off; small speaks against it.
        against_lognormal: Vuong's normalised likelihood ratio; below -1.96 the lognormal wins.
        observations: Rows in the tail.
    """

    exponent: float
    least: float
    distance: float
    p_value: float
    against_lognormal: float
    observations: int


def power_law_tail(
    values: Array, weight: Array, shares: tuple[float, float] = (0.05, 0.10), samples: int = 200,
    seed: int = 1,
) -> Tail:  # fmt: skip
    """Fit a power law to the upper tail by maximum likelihood and test it.

    The start of the tail is the one of least distance among those that leave between the two shares
    of enterprises in it. Synthetic tails carry the weights of the rows in a random order and are
    fitted anew.

    Args:
        values: Sizes, positive.
        weight: Weights.
        shares: Least and most share of enterprises in the tail.
        samples: Synthetic tails.
        seed: Of the synthetic tails.
    """
    starts = np.unique(quantile(values, weight, list(1.0 - np.linspace(*shares, 11))))
    fits = [(*_power_law(values[values >= x], weight[values >= x], x), x) for x in starts]
    exponent, distance, least = min(fits, key=lambda fit: fit[1])
    tail, w = values[values >= least], weight[values >= least]
    rng = np.random.default_rng(seed)
    farther = 0
    for _ in range(samples):
        made = rng.pareto(exponent, len(tail)) + 1.0
        farther += _power_law(made, rng.permutation(w), 1.0)[1] >= distance
    return Tail(
        exponent, float(least), distance, farther / samples,
        _vuong(np.log(tail / least), w, exponent), len(tail),
    )  # fmt: skip


def _power_law(tail: Array, weight: Array, least: float) -> tuple[float, float]:
    """Exponent and distance of a power law from `least` on."""
    logs = np.log(tail / least)
    exponent = float(weight.sum() / np.dot(weight, logs))
    order = np.argsort(logs, kind="stable")
    model = 1.0 - np.exp(-exponent * logs[order])
    reached = weight[order].cumsum() / weight.sum()
    below = reached - weight[order] / weight.sum()
    return exponent, float(max(np.max(np.abs(reached - model)), np.max(np.abs(model - below))))


def _vuong(logs: Array, weight: Array, exponent: float) -> float:
    """Normalised likelihood ratio of the power law against a lognormal cut off below."""

    def lognormal(place: Array) -> Array:
        mean, spread = place[0], np.exp(place[1])
        beyond = norm.logsf(0.0, mean, spread)
        result: Array = norm.logpdf(logs, mean, spread) - beyond
        return result

    def loss(place: Array) -> float:
        return -float(np.dot(weight, lognormal(place)) / weight.sum())

    start = np.array([-1.0, np.log(1.5 / exponent)])
    best = minimize(loss, start, method="Nelder-Mead")
    ratio = np.log(exponent) - exponent * logs - lognormal(best.x)
    mean = np.dot(weight, ratio) / weight.sum()
    spread = np.sqrt(np.dot(weight, (ratio - mean) ** 2) / weight.sum())
    effective = weight.sum() ** 2 / np.dot(weight, weight)
    return float(np.sqrt(effective) * mean / max(spread, 1e-12))


@dataclass(frozen=True)
class Subbotin:
    """An exponential-power law: shape 1 is Laplace, 2 is normal.

    Attributes:
        shape: Shape b.
        scale: Scale a.
        error: Standard error of the shape.
        observations: Rows.
    """

    shape: float
    scale: float
    error: float
    observations: int


def subbotin(values: Array, weight: Array) -> Subbotin:
    """Fit an exponential-power law around zero by maximum likelihood."""
    size = np.abs(values)
    share = weight / weight.sum()

    def loss(shape: float) -> float:
        scale = float(np.dot(share, size**shape)) ** (1.0 / shape)
        return float(np.log(2 * scale) + np.log(shape) / shape + gammaln(1 + 1 / shape) + 1 / shape)

    best = minimize_scalar(loss, bounds=(0.2, 4.0), method="bounded", options={"xatol": 1e-5})
    shape, step = float(best.x), 0.02
    curve = (loss(shape + step) - 2 * loss(shape) + loss(shape - step)) / step**2
    effective = weight.sum() ** 2 / np.dot(weight, weight)
    scale = float(np.dot(share, size**shape)) ** (1.0 / shape)
    error = float(1.0 / np.sqrt(max(curve, 1e-12) * effective))
    return Subbotin(shape, scale, error, len(values))


@dataclass(frozen=True)
class Fit:
    """Coefficients of a regression in the order of its columns.

    Attributes:
        coefficient: Coefficients.
        error: Standard errors, robust within clusters of rows where given.
        observations: Rows.
    """

    coefficient: Array
    error: Array
    observations: int

    def t(self, column: int) -> float:
        """Coefficient over standard error."""
        return float(self.coefficient[column] / self.error[column])


def least_squares(y: Array, columns: Array, weight: Array, cluster: Whole | None = None) -> Fit:
    """Weighted least squares.

    Args:
        y: Left-hand side.
        columns: Right-hand side, shape (rows, columns).
        weight: Weights.
        cluster: Rows of one number may be correlated (an enterprise over the years).
    """
    robust: dict[str, Any] = {"cov_type": "HC0"}
    if cluster is not None:
        groups = np.unique(cluster, return_inverse=True)[1]
        # Panels have thousands of enterprises, so no correction for few groups.
        kinds = {"groups": groups, "use_correction": False}
        robust = {"cov_type": "cluster", "cov_kwds": kinds}
    found = sm.WLS(y, columns, weights=weight).fit(**robust)
    return Fit(np.asarray(found.params), np.asarray(found.bse), len(y))


def within(values: Array, weight: Array, *groups: Whole, rounds: int = 30) -> Array:
    """Values less their weighted means by each grouping, shape as `values` (rows or rows, columns).

    Several groupings are taken out in turn until they are all gone.

    Args:
        values: Values, in any unit, shape (rows,) or (rows, columns).
        weight: Weight of each row, shape (rows,).
        *groups: Groupings: the group of each row, shape (rows,) each.
        rounds: Times that several groupings are taken out in turn.
    """
    table = values[:, None].copy() if values.ndim == 1 else values.copy()
    places = [np.unique(group, return_inverse=True)[1] for group in groups]
    sums = [np.maximum(np.bincount(place, weight), 1e-300) for place in places]
    for _ in range(rounds if len(groups) > 1 else 1):
        for place, total in zip(places, sums, strict=True):
            for k in range(table.shape[1]):
                table[:, k] -= (np.bincount(place, weight * table[:, k]) / total)[place]
    result: Array = table[:, 0] if values.ndim == 1 else table
    return result


def binary(
    happened: npt.NDArray[np.bool_], columns: Array, weight: Array,
    link: Literal["probit", "cloglog"], cluster: Whole | None = None,
) -> Fit:  # fmt: skip
    """Probit, or complementary log-log hazard.

    Args:
        happened: Left-hand side.
        columns: Right-hand side with a constant, shape (rows, columns).
        weight: Weights.
        link: Which of the two.
        cluster: Rows of one number may be correlated.
    """
    y = happened.astype(np.float64)
    family = sm.families.Binomial(LINKS[link]())
    model = sm.GLM(y, columns, family=family, var_weights=weight)
    chance = model.fit(tol=1e-12, tol_criterion="params").fittedvalues
    # Errors are those of the last least squares: from the expected information, where the robust
    # errors of the library's own result are from the observed one.
    working = family.link(chance) + family.link.deriv(chance) * (y - chance)
    return least_squares(working, columns, weight * family.weights(chance), cluster)


@dataclass(frozen=True)
class Bunching:
    """Excess mass just above a notch over a smooth counterfactual.

    Attributes:
        excess: Excess over what the counterfactual has in the window, as a share of it.
        error: Standard error by a bootstrap over rows.
        observations: Rows in the range of the fit.
    """

    excess: float
    error: float
    observations: int


def bunching(
    ratio: Array, weight: Array, window: tuple[float, float] = (1.0, 1.1), hole: float = 0.8,
    samples: int = 100, seed: int = 1,
) -> Bunching:  # fmt: skip
    """Excess mass in a window above a notch at one (Kleven and Waseem 2013).

    The counterfactual is a polynomial of degree four through bins from .4 to 2, without those from
    the hole below the notch to the end of the window.

    Args:
        ratio: Value over the notch.
        weight: Weights.
        window: Where bunchers are looked for.
        hole: Where the range that they may come from begins.
        samples: Bootstrap samples.
        seed: Of the bootstrap.
    """
    width, (low, high) = 0.05, (0.4, 2.0)
    near = (ratio >= low) & (ratio < high)
    bins = np.floor((ratio[near] - low) / width + 1e-9).astype(np.int64)
    number = round((high - low) / width)
    middle = low + width * (np.arange(number) + 0.5)
    inside = (middle > window[0]) & (middle < window[1])
    fitted = (middle < hole) | (middle > window[1])
    powers = np.vander((middle - 1.2) / 0.8, 5)

    def excess(w: Array) -> float:
        mass = np.bincount(bins, w, number)
        smooth = powers @ np.linalg.lstsq(powers[fitted], mass[fitted], rcond=None)[0]
        return float((mass[inside] - smooth[inside]).sum() / max(smooth[inside].sum(), 1e-12))

    rng, w = np.random.default_rng(seed), weight[near]
    spread = np.std([excess(w * rng.poisson(1.0, len(w))) for _ in range(samples)], ddof=1)
    return Bunching(excess(w), float(spread), int(near.sum()))


def size_variance(growth: Array, log_size: Array, weight: Array) -> Fit:
    """Slope of the log spread of growth on log size, over ten classes of equal number.

    Args:
        growth: Growth of each enterprise, log, shape (rows,).
        log_size: Log of its size before, shape (rows,).
        weight: Weight of each row, shape (rows,).
    """
    edges = quantile(log_size, weight, list(np.arange(0.1, 0.95, 0.1)))
    group = np.searchsorted(edges, log_size, side="right")
    total = np.bincount(group, weight, 10)
    mean = np.bincount(group, weight * growth, 10) / total
    spread = np.sqrt(np.bincount(group, weight * (growth - mean[group]) ** 2, 10) / total)
    size = np.bincount(group, weight * log_size, 10) / total
    columns = np.stack([size, np.ones(10)], axis=1)
    fit = least_squares(np.log(spread), columns, np.ones(10))
    return Fit(fit.coefficient, fit.error, len(growth))


@dataclass(frozen=True)
class Decomposition:
    """Growth of an industry's productivity by source (Foster, Haltiwanger and Krizan 2001)."""

    within: float
    between: float
    cross: float
    entry: float
    exit: float

    @property
    def total(self) -> float:
        """Growth of the weighted mean."""
        return self.within + self.between + self.cross + self.entry + self.exit

    @property
    def net_entry(self) -> float:
        """Share of entry and exit in the total."""
        return (self.entry + self.exit) / self.total


def decompose(
    ids: tuple[Whole, Whole], productivity: tuple[Array, Array], size: tuple[Array, Array]
) -> Decomposition:
    """Decompose the growth of productivity between two years.

    Args:
        ids: Enterprises in the first and in the last year.
        productivity: Log productivity of each.
        size: What productivity is weighted by.
    """
    share = [part / part.sum() for part in size]
    first = float(np.dot(share[0], productivity[0]))
    _, old, new = np.intersect1d(*ids, assume_unique=True, return_indices=True)
    came = np.setdiff1d(np.arange(len(ids[1])), new)
    went = np.setdiff1d(np.arange(len(ids[0])), old)
    gain = productivity[1][new] - productivity[0][old]
    shift = share[1][new] - share[0][old]
    return Decomposition(
        within=float(np.dot(share[0][old], gain)),
        between=float(np.dot(shift, productivity[0][old] - first)),
        cross=float(np.dot(shift, gain)),
        entry=float(np.dot(share[1][came], productivity[1][came] - first)),
        exit=-float(np.dot(share[0][went], productivity[0][went] - first)),
    )
