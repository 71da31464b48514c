"""Accuracy and speed of the elementary functions, beside those of NumPy and the C library.

Example:
    python -m benchmarks.functions
"""

import math
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numba import njit
from scipy.special import ndtr, ndtri
from tabulate import tabulate

from jiqun.model import elementary as el

NUMBER = 1500
"""Points a range; its ends come on top."""
ROWS = 12_000
"""Length of the arrays that are timed: that of a column of a default run."""

ROOT, NEGATIVE = 0.37, -7.3


def quantile(p: Any) -> Any:
    """Exact quantile of the normal law, by Newton's method."""
    x = mpmath.mpf(el.normal_quantile(float(p)))
    for _ in range(3):
        x -= (mpmath.ncdf(x) - p) / mpmath.npdf(x)
    return x


@dataclass(frozen=True)
class Case:
    """A function on a range.

    Attributes:
        name: Function and range.
        ours: The function.
        exact: The same of mpmath.
        low: Lower end, or its decimal exponent.
        high: Upper end, or its decimal exponent.
        by_exponent: Whether points are uniform in their decimal exponent.
        units: Bound on the error in units in the last place, held by a test.
    """

    name: str
    ours: Callable[[Any], Any]
    exact: Callable[[Any], Any]
    low: float
    high: float
    by_exponent: bool = False
    units: float = 1.0

    def points(self) -> Any:
        """Points of the range, the same at every call."""
        drawn = np.random.default_rng(1).uniform(self.low, self.high, NUMBER)
        return 10.0**drawn if self.by_exponent else np.append(drawn, [self.low, self.high])

    def worst(self) -> float:
        """Largest error at the points, in units in the last place of the exact value."""
        largest, points = 0.0, self.points()
        with mpmath.workprec(160):
            for x, value in zip(points, self.ours(points), strict=True):
                true = self.exact(mpmath.mpf(float(x)))
                unit = float(np.spacing(max(abs(float(true)), 5e-324)))
                largest = max(largest, float(abs(mpmath.mpf(float(value)) - true) / unit))
        return largest


CASES = (
    Case("exp, -745 to 709.7", el.exp, mpmath.exp, -745.1, 709.7),
    Case("exp, -2 to 2", el.exp, mpmath.exp, -2.0, 2.0),
    Case("exp, 1e-300 to .1", el.exp, mpmath.exp, -300.0, -1.0, True),
    Case("expm1, -40 to 709.7", el.expm1, mpmath.expm1, -40.0, 709.7),
    Case("expm1, -2 to 2", el.expm1, mpmath.expm1, -2.0, 2.0, units=2.0),
    Case("expm1, 1e-300 to .1", el.expm1, mpmath.expm1, -300.0, -1.0, True),
    Case("log, 1e-307 to 1e308", el.log, mpmath.log, -307.0, 308.0, True),
    Case("log, subnormal", el.log, mpmath.log, -323.0, -308.0, True),
    Case("log, .5 to 2", el.log, mpmath.log, 0.5, 2.0),
    Case("log, .999 to 1.001", el.log, mpmath.log, 0.999, 1.001),
    Case("log1p, -.9999999 to 3", el.log1p, mpmath.log1p, -0.9999999, 3.0),
    Case("log1p, 1e-300 to 1e300", el.log1p, mpmath.log1p, -300.0, 300.0, True),
    Case("log1p, -.98 to -1e-300", lambda x: el.log1p(-x), lambda x: mpmath.log1p(-x),
         -300.0, -0.01, True),
    Case(f"x^{ROOT}, 1e-320 to 1e308", lambda x: el.power(x, ROOT),
         lambda x: x ** mpmath.mpf(ROOT), -320.0, 308.0, True, units=1.25),
    Case(f"x^{NEGATIVE}, .5 to 2", lambda x: el.power(x, NEGATIVE),
         lambda x: x ** mpmath.mpf(NEGATIVE), 0.5, 2.0),
    Case(f"x^{NEGATIVE}, 1e-40 to 1e40", lambda x: el.power(x, NEGATIVE),
         lambda x: x ** mpmath.mpf(NEGATIVE), -40.0, 40.0, True),
    Case("normal_cdf, -37 to 8", el.normal_cdf, mpmath.ncdf, -37.0, 8.0, units=6.0),
    Case("normal_cdf, -2 to 2", el.normal_cdf, mpmath.ncdf, -2.0, 2.0, units=6.0),
    Case("normal_quantile, 0 to 1", el.normal_quantile, quantile, 1e-9, 1.0 - 1e-9, units=7.0),
    Case("normal_quantile, 1e-17 to .1", el.normal_quantile, quantile, -17.0, -1.0, True, 7.0),
)  # fmt: skip


def _looped(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of the C library called for each element by compiled code."""
    one = njit(function)

    @njit  # type: ignore[untyped-decorator]
    def loop(x, out):  # type: ignore[no-untyped-def]
        for i in range(len(x)):
            out[i] = one(x[i])

    return lambda x: loop(x, np.empty_like(x))


def _nanoseconds(function: Callable[[Any], Any], x: Any) -> float:
    function(x)
    return min(timeit.repeat(lambda: function(x), number=50, repeat=7)) / 50 / len(x) * 1e9


def times() -> list[tuple[str, float, float, float | None]]:
    """Name and nanoseconds an element of ours, NumPy or SciPy, and the C library."""
    rng = np.random.default_rng(1)
    some, size, chance = rng.normal(size=ROWS), rng.uniform(1e3, 1e9, ROWS), rng.random(ROWS)
    # Numba compiles functions written in Python alone, so those of the library stand in lambdas.
    listed: list[tuple[str, Any, Any, Any, Any]] = [
        ("exp", el.exp, np.exp, lambda v: math.exp(v), some),  # noqa: PLW0108
        ("expm1", el.expm1, np.expm1, lambda v: math.expm1(v), some),  # noqa: PLW0108
        ("log", el.log, np.log, lambda v: math.log(v), size),  # noqa: PLW0108
        ("log1p", el.log1p, np.log1p, lambda v: math.log1p(v), size),  # noqa: PLW0108
        ("power", lambda v: el.power(v, ROOT), lambda v: v**ROOT, lambda v: v**ROOT, size),
        ("normal_cdf", el.normal_cdf, ndtr, None, some),
        ("normal_quantile", el.normal_quantile, ndtri, None, chance),
    ]
    return [
        (name, _nanoseconds(ours, x), _nanoseconds(theirs, x),
         _nanoseconds(_looped(plain), x) if plain else None)
        for name, ours, theirs, plain, x in listed
    ]  # fmt: skip


def main() -> None:
    """Print both tables."""
    errors = [(case.name, case.worst()) for case in CASES]
    print(tabulate(errors, ("function and range", "ulp"), "pipe", floatfmt=".2f"))
    print()
    heads = ("ns an element", "ours", "NumPy, SciPy", "C library")
    print(tabulate(times(), heads, "pipe", floatfmt=".1f"))


if __name__ == "__main__":
    main()
