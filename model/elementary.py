"""Elementary functions that give the same bits on every x86-64 processor.

The exp and log of NumPy and of the C library differ in their last bits from processor to processor,
with and without fused multiply-add or AVX-512, and a comparison of two sums turns a last bit into
another decision. Here they are sums and products of doubles in a fixed order, compiled without
contraction, so that they are the same wherever IEEE 754 holds. `docs/numbers.md` has their accuracy
and how it was measured.

The methods are those of the textbooks (Muller et al. 2018, Handbook of Floating-Point Arithmetic,
chapter 10): reduction of the argument by powers of two, then a polynomial on what is left, whose
coefficients are those of the Chebyshev interpolant (made with mpmath).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float64]
Real = float | Array
DOUBLE = np.dtype(np.float64)

LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
"""The logarithm of two in two parts; the first has 21 bits free for a whole number before it."""
PER_LN2 = 1.4426950408889634
SPLIT = 134217729.0  # 2^27 + 1: cuts a double into two halves (Dekker 1971)
WHOLE = 6755399441055744.0  # 1.5 * 2^52: what is added to it and taken off is rounded to a whole
# An exponent in the last bits of this word is a double that much above its value.
TWO_52_BITS, TWO_52 = np.uint64(0x4330000000000000), 4503599627370496.0
MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
# Taken off the bits of a number they leave the exponent that puts its mantissa in [.707, 1.414).
CENTRE_BITS = np.uint64(0x3FE6A09E667F3BCD)
BIAS, BY_52, UP = np.uint64(1023), np.uint64(52), np.uint64(2048 << 52)
SMALLEST_NORMAL, TWO_54 = 2.2250738585072014e-308, 18014398509481984.0
PER_ROOT2, PER_ROOT_PI = 0.7071067811865476, 0.5641895835477563


@intrinsic  # type: ignore[untyped-decorator]
def _bits(_: Any, x: Any) -> Any:
    """Bits of a double as an unsigned word."""

    def code(_c: Any, builder: Any, _s: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), code


@intrinsic  # type: ignore[untyped-decorator]
def _double(_: Any, word: Any) -> Any:
    """Double of the bits of an unsigned word."""

    def code(_c: Any, builder: Any, _s: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), code


def _inner[F](function: F) -> F:
    """A function to be inlined in the loops below: only so do these vectorise."""
    # Division by zero gives infinity, as in NumPy, and needs no branch.
    compiled: F = njit(error_model="numpy", forceinline=True)(function)
    return compiled


_told: set[str] = set()


def _tell(what: str) -> None:
    """Say on stderr, once a process, why a start takes long.

    In both languages, as it is said before any command is read.
    """
    if what not in _told:
        _told.add(what)
        print(f"jiqun: {what}", file=sys.stderr, flush=True)


def compiled[F](signature: str) -> Callable[[F], F]:
    """Numba's compiler with its cache, or without one where none can be written.

    The cache of a function is renewed when the file of that function changes, whatever happens to
    those it calls: a compiled function calls none of another module.

    Args:
        signature: Types of result and arguments, in Numba's notation.
    """

    def decorate(function: F) -> F:
        try:
            loop: Any = njit(signature, error_model="numpy", cache=True)(function)
        except (RuntimeError, OSError):  # no folder for a cache can be written to, or it is full
            _tell(
                "compiled code cannot be kept here; every start compiles anew "
                "(此处无法保存编译结果，每次启动都要重新编译)"
            )
            loop = njit(signature, error_model="numpy")(function)
        else:
            if loop.stats.cache_misses:
                _tell(
                    "compiling for this machine, once, which takes some 20 seconds "
                    "(首次运行需要编译，约二十秒)"
                )
        done: F = loop
        return done

    return decorate


_loop = compiled("boolean(float64[::1], float64[::1])")


@_inner
def _power_of_two(whole: float) -> float:
    """2^whole, for a whole number in a double, -1022 to 1023."""
    result: float = _double((_bits(whole + WHOLE) + BIAS) << BY_52)
    return result


@_inner
def _scaled(x: float, whole: float) -> float:
    """X * 2^whole with one rounding where the result is subnormal."""
    half = (0.5 * whole + WHOLE) - WHOLE
    return x * _power_of_two(whole - half) * _power_of_two(half)


@_inner
def _reduced(x: float) -> tuple[float, float]:
    """Whole number k and rest r with x = k ln 2 + r, |r| <= ln 2 / 2."""
    whole = (x * PER_LN2 + WHOLE) - WHOLE
    return whole, (x - whole * LN2_HIGH) - whole * LN2_LOW


@_inner
def _exp_rest(r: float) -> float:
    """(exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2."""
    s = 1.608662795678037e-10
    s = s * r + 2.0918137737642736e-09
    s = s * r + 2.505207109429355e-08
    s = s * r + 2.75572632790885e-07
    s = s * r + 2.755731924721873e-06
    s = s * r + 2.4801587336442236e-05
    s = s * r + 0.00019841269841263298
    s = s * r + 0.0013888888888879073
    s = s * r + 0.008333333333333333
    s = s * r + 0.04166666666666668
    s = s * r + 0.16666666666666666
    return s * r + 0.5


@_inner
def _clamped(x: float) -> float:
    """X inside the range where exp is neither zero nor infinite; what is no number stays so."""
    low = -746.0 if x < -746.0 else x
    return 710.0 if low > 710.0 else low


@_inner
def _exp(x: float) -> float:
    whole, r = _reduced(_clamped(x))
    return _scaled(1.0 + (r + r * r * _exp_rest(r)), whole)


@_inner
def _expm1(x: float) -> float:
    whole, r = _reduced(_clamped(x))
    rest = r + r * r * _exp_rest(r)
    # Below 2^-60 the rest is lost in rounding; above 2^60 the one taken off is.
    low = -60.0 if whole < -60.0 else whole
    one = 1.0 - _power_of_two(-60.0 if low > 60.0 else -low)
    return _scaled(one + rest, low)


@_inner
def _parts(x: float) -> tuple[float, float]:
    """Whole number k and mantissa m in [.707, 1.414) with x = 2^k m; x is positive and normal."""
    word = (_bits(x) - CENTRE_BITS) + UP
    whole = _double((word >> BY_52) | TWO_52_BITS) - (TWO_52 + 2048.0)
    return whole, _double((word & MANTISSA) + CENTRE_BITS)


@_inner
def _log_rest(z: float) -> float:
    """(log((1 + s) / (1 - s)) - 2 s) / s^3 for z = s^2, |s| <= .172."""
    s = 0.13086626147840102
    s = s * z + 0.13268773138656886
    s = s * z + 0.15386239702814658
    s = s * z + 0.18181795640132906
    s = s * z + 0.22222222391713917
    s = s * z + 0.28571428570803614
    s = s * z + 0.4000000000000088
    return s * z + 0.6666666666666666


@_inner
def _log_of(x: float, further: float) -> float:
    """log(x) + further for a positive normal x and a further part far smaller than x."""
    whole, mantissa = _parts(x)
    f = mantissa - 1.0
    s = f / (2.0 + f)
    z = s * s
    half = 0.5 * f * f
    low = whole * LN2_LOW + further
    return whole * LN2_HIGH - ((half - (s * (half + z * _log_rest(z)) + low)) - f)


@_inner
def _log(x: float) -> float:
    small = x < SMALLEST_NORMAL
    value = _log_of(x * TWO_54 if small else x, 0.0)
    value -= 54.0 * (LN2_HIGH + LN2_LOW) if small else 0.0
    return value if (x > 0.0) & (x < np.inf) else np.nan


@_inner
def _log1p(x: float) -> float:
    one = 1.0 + x
    # What rounding took from the sum.
    lost = x - (one - 1.0) if x < 1.0 else 1.0 - (one - x)
    value = _log_of(one, (lost if one < TWO_52 else 0.0) / one)
    return value if (x > -1.0) & (x < np.inf) else np.nan


@_inner
def _product(x: float, y: float) -> tuple[float, float]:
    """X * y as a rounded product and its exact rest (Dekker 1971)."""
    high = x * y
    a, b = x * SPLIT, y * SPLIT
    x_high, y_high = a - (a - x), b - (b - y)
    x_low, y_low = x - x_high, y - y_high
    return high, ((x_high * y_high - high) + x_high * y_low + x_low * y_high) + x_low * y_low


@_inner
def _power(x: float, y: float) -> float:
    small = x < SMALLEST_NORMAL
    whole, mantissa = _parts(x * TWO_54 if small else x)
    whole = whole - 54.0 if small else whole
    # log(x) in two doubles, of which the second holds what the first has no room for.
    f = mantissa - 1.0
    divisor = 2.0 + f
    s = f / divisor
    product, rest = _product(s, divisor)
    s_low = (((f - product) - rest) - s * (f - (divisor - 2.0))) / divisor
    z = s * s
    low = 2.0 * s_low + s * z * _log_rest(z)
    first = whole * LN2_HIGH
    high = first + 2.0 * s
    # Exact: the multiple of log 2 is none or the larger of the two.
    low += (2.0 * s - (high - first)) + whole * LN2_LOW
    sum_ = high + low
    low = low - (sum_ - high)
    exponent, rest = _product(sum_, y)
    rest = rest + low * y if abs(exponent) < 800.0 else 0.0
    whole, r = _reduced(_clamped(exponent))
    r += rest
    value = _scaled(1.0 + (r + r * r * _exp_rest(r)), whole)
    at_zero = 0.0 if y > 0.0 else (1.0 if y == 0.0 else np.nan)
    value = at_zero if x == 0.0 else value
    return value if (x >= 0.0) & (x < np.inf) else np.nan


@_inner
def _normal_cdf(x: float) -> float:
    a = min(abs(x), 40.0)
    # erfc(u) exp(u^2) (1 + 2 u) as a polynomial in (u - 3.75) / (u + 3.75): Shepherd and
    # Laframboise (1981).
    u = a * PER_ROOT2
    t = (u - 3.75) / (u + 3.75)
    s = -3.7980647235900285e-11
    s = s * t + 4.2433038251096756e-10
    s = s * t + 5.485084520083625e-10
    s = s * t + -5.169080644815932e-09
    s = s * t + -4.396921916762906e-09
    s = s * t + 3.866242066283792e-08
    s = s * t + 2.4301839484503084e-08
    s = s * t + -2.586489910718322e-07
    s = s * t + -5.827501862768691e-08
    s = s * t + 1.7516189406943677e-06
    s = s * t + -9.728413451815077e-07
    s = s * t + -1.1444134389658475e-05
    s = s * t + 2.238390827660038e-05
    s = s * t + 5.1649093885821704e-05
    s = s * t + -0.0002901539781378384
    s = s * t + 0.0002937136669846131
    s = s * t + 0.0017556258321915355
    s = s * t + -0.009746579558275152
    s = s * t + 0.02836227742154398
    s = s * t + -0.05869339858961116
    s = s * t + 0.09230432116019638
    s = s * t + -0.10880393014175023
    s = s * t + 0.08227673849015109
    s = s * t + 0.0035854154854644583
    s = s * t + -0.14024059858554702
    s = s * t + 1.2375126308378275
    # exp(-a^2 / 2) without the rounding of the square: a cut at sixteenths has an exact square.
    cut = (a * 16.0 + WHOLE - WHOLE) / 16.0
    tail = _exp(-0.5 * cut * cut) * _exp(-0.5 * (a - cut) * (a + cut)) * 0.5 * s / (1.0 + 2.0 * u)
    return tail if x < 0.0 else 1.0 - tail


@_inner
def _quantile_near(q: float) -> float:
    """Quantile at a probability of q + .5 with |q| <= .425."""
    r = 0.180625 - q * q
    top = 2.5090809287301226727e3
    top = top * r + 3.3430575583588128105e4
    top = top * r + 6.7265770927008700853e4
    top = top * r + 4.5921953931549871457e4
    top = top * r + 1.3731693765509461125e4
    top = top * r + 1.9715909503065514427e3
    top = top * r + 1.3314166789178437745e2
    top = top * r + 3.3871328727963666080e0
    base = 5.2264952788528545610e3
    base = base * r + 2.8729085735721942674e4
    base = base * r + 3.9307895800092710610e4
    base = base * r + 2.1213794301586595867e4
    base = base * r + 5.3941960214247511077e3
    base = base * r + 6.8718700749205790830e2
    base = base * r + 4.2313330701600911252e1
    return q * top / (base * r + 1.0)


@_inner
def _quantile_far(p: float) -> float:
    """Quantile at a probability outside [.075, .925]."""
    r = np.sqrt(-_log(p if p < 0.5 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        top = 7.74545014278341407640e-4
        top = top * r + 2.27238449892691845833e-2
        top = top * r + 2.41780725177450611770e-1
        top = top * r + 1.27045825245236838258e0
        top = top * r + 3.64784832476320460504e0
        top = top * r + 5.76949722146069140550e0
        top = top * r + 4.63033784615654529590e0
        top = top * r + 1.42343711074968357734e0
        base = 1.05075007164441684324e-9
        base = base * r + 5.47593808499534494600e-4
        base = base * r + 1.51986665636164571966e-2
        base = base * r + 1.48103976427480074590e-1
        base = base * r + 6.89767334985100004550e-1
        base = base * r + 1.67638483018380384940e0
        base = base * r + 2.05319162663775882187e0
    else:
        r -= 5.0
        top = 2.01033439929228813265e-7
        top = top * r + 2.71155556874348757815e-5
        top = top * r + 1.24266094738807843860e-3
        top = top * r + 2.65321895265761230930e-2
        top = top * r + 2.96560571828504891230e-1
        top = top * r + 1.78482653991729133580e0
        top = top * r + 5.46378491116411436990e0
        top = top * r + 6.65790464350110377720e0
        base = 2.04426310338993978564e-15
        base = base * r + 1.42151175831644588870e-7
        base = base * r + 1.84631831751005468180e-5
        base = base * r + 7.86869131145613259100e-4
        base = base * r + 1.48753612908506148525e-2
        base = base * r + 1.36929880922735805310e-1
        base = base * r + 5.99832206555887937690e-1
    value = top / (base * r + 1.0)
    result: float = -value if p < 0.5 else value
    return result


@_loop
def _exp_all(x: Array, out: Array) -> bool:
    finite = True
    for i in range(len(x)):
        out[i] = _exp(x[i])
        finite &= out[i] < np.inf
    return finite


@_loop
def _expm1_all(x: Array, out: Array) -> bool:
    finite = True
    for i in range(len(x)):
        out[i] = _expm1(x[i])
        finite &= out[i] < np.inf
    return finite


@_loop
def _log_all(x: Array, out: Array) -> bool:
    finite = True
    for i in range(len(x)):
        out[i] = _log(x[i])
        finite &= out[i] < np.inf
    return finite


@_loop
def _log1p_all(x: Array, out: Array) -> bool:
    finite = True
    for i in range(len(x)):
        out[i] = _log1p(x[i])
        finite &= out[i] < np.inf
    return finite


@compiled("boolean(float64[::1], float64, float64[::1])")
def _power_all(x: Array, y: float, out: Array) -> bool:
    finite = True
    for i in range(len(x)):
        out[i] = _power(x[i], y)
        finite &= out[i] < np.inf
    return finite


@_loop
def _normal_cdf_all(x: Array, out: Array) -> bool:
    finite = True
    for i in range(len(x)):
        out[i] = _normal_cdf(x[i])
        finite &= out[i] < np.inf
    return finite


@_loop
def _normal_quantile_all(p: Array, out: Array) -> bool:
    # Few are far from the middle: they are done apart, so that the loop over all vectorises.
    for i in range(len(p)):
        out[i] = _quantile_near(p[i] - 0.5)
    finite = True
    for i in range(len(p)):
        if not abs(p[i] - 0.5) <= 0.425:
            out[i] = _quantile_far(p[i])
            finite &= abs(out[i]) < np.inf
    return finite


def _of_all[T: (float, Array, Real)](
    loop: Callable[..., bool], x: T, name: str, *further: float
) -> T:
    """Values of a function at a number or at each element of an array of any shape."""
    # Most are columns as they are; what is handed to NumPy once a call costs as much as the loop.
    asked: Any = x
    given, column = asked, type(x) is np.ndarray and asked.ndim == 1
    if isinstance(asked, float):
        given = np.array([asked])
    elif not column or given.dtype is not DOUBLE or not given.flags.c_contiguous:
        given = np.ascontiguousarray(asked, dtype=DOUBLE).reshape(-1)
    result: Any = np.empty(len(given))
    if not loop(given, *further, result):
        raise FloatingPointError(f"{name} of a number outside its range")
    if not column:
        result = result.reshape(asked.shape) if isinstance(asked, np.ndarray) else result.item()
    value: T = result
    return value


def exp[T: (float, Array, Real)](x: T) -> T:
    """e^x.

    All functions of this module take a number or an array, give the same, and compute in doubles.

    Raises:
        FloatingPointError: A value is infinite or no number, here and in all of them: what is
            outside the domain of a function stops a run instead of spreading in it.
    """
    return _of_all(_exp_all, x, "exp")


def expm1[T: (float, Array, Real)](x: T) -> T:
    """e^x - 1, also where x is small."""
    return _of_all(_expm1_all, x, "expm1")


def log[T: (float, Array, Real)](x: T) -> T:
    """Natural logarithm."""
    return _of_all(_log_all, x, "log")


def log1p[T: (float, Array, Real)](x: T) -> T:
    """Natural logarithm of 1 + x, also where x is small."""
    return _of_all(_log1p_all, x, "log1p")


def power[T: (float, Array, Real)](x: T, y: float) -> T:
    """x^y for x of zero or more."""
    return _of_all(_power_all, x, "power", y)


def normal_cdf[T: (float, Array, Real)](x: T) -> T:
    """Distribution function of the standard normal law."""
    return _of_all(_normal_cdf_all, x, "normal_cdf")


def normal_quantile[T: (float, Array, Real)](p: T) -> T:
    """Quantile of the standard normal law at a probability: algorithm AS 241 (Wichura 1988)."""
    return _of_all(_normal_quantile_all, p, "normal_quantile")


def dot(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """Sum of the products of two arrays: the order of the sum is NumPy's, not that of a BLAS."""
    return float((x * y).sum())
