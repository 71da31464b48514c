"""Random numbers by address: (seed, purpose, enterprise, quarter).

No generator has a state, so a draw depends on its address alone: two scenarios with one seed
share every draw that both use, an added purpose disturbs no other, and neither the order of rows
nor their number matters. The mixing function is that of SplitMix64 (Steele, Lea and Flood 2014),
applied to a key of the address; the property tests check uniformity and the independence of
neighbouring addresses.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.elementary import compiled, log1p, normal_quantile

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

Ids = npt.NDArray[np.int64]

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_MASK = (1 << 64) - 1
# Words made once: making one takes as long as an operation on a short array.
_STEP, _TIMES_FIRST, _TIMES_SECOND = (np.uint64(word) for word in (_GOLDEN, _FIRST, _SECOND))
_BY_30, _BY_27, _BY_31, _BY_11 = (np.uint64(bits) for bits in (30, 27, 31, 11))


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


@lru_cache(maxsize=1024)
def _stream(seed: int, purpose: str) -> int:
    """Mixed key of a seed and a purpose, of which a run uses some two hundred."""
    key = _mix((seed * _GOLDEN + 1) & _MASK)
    return _mix((key + zlib.crc32(purpose.encode())) & _MASK)


# A run uses about a thousand keys, and runs of one seed that leave a common past use them again;
# a process that makes many runs must not keep them all.
@lru_cache(maxsize=4096)
def _key(seed: int, purpose: str, quarter: int) -> np.uint64:
    """Mixed key of the parts of an address that a whole array shares."""
    return np.uint64(_mix((_stream(seed, purpose) + (quarter + 4096) * _GOLDEN) & _MASK))


# Ids may be an array that is not to be written to.
@compiled("void(Array(int64, 1, 'C', True), uint64, float64[::1])")
def _numbers(ids: Ids, key: np.uint64, out: Array) -> None:
    for i in range(len(ids)):
        x = np.uint64(ids[i]) * _STEP + key
        x = (x ^ (x >> _BY_30)) * _TIMES_FIRST
        x = (x ^ (x >> _BY_27)) * _TIMES_SECOND
        out[i] = (np.float64((x ^ (x >> _BY_31)) >> _BY_11) + 0.5) * 2.0**-53


def uniform(seed: int, purpose: str, ids: Ids, quarter: int = 0) -> Array:
    """Uniform numbers in (0, 1), one an id.

    Args:
        seed: Seed of the run, or of the population.
        purpose: What the draw decides; each purpose has its own stream.
        ids: Enterprise ids, shape (rows,).
        quarter: Quarter index; 0 for draws that are made once.

    Returns:
        Array of shape (rows,).
    """
    result = np.empty(len(ids))
    _numbers(np.ascontiguousarray(ids), _key(seed, purpose, quarter), result)
    return result


def normal(seed: int, purpose: str, ids: Ids, quarter: int = 0) -> Array:
    """Standard normal numbers by address, shape (rows,).

    Args:
        seed: Seed of the run, or of the population.
        purpose: What the draw decides; each purpose has its own stream.
        ids: Enterprise ids, shape (rows,).
        quarter: Quarter index; 0 for draws that are made once.
    """
    return np.asarray(normal_quantile(uniform(seed, purpose, ids, quarter)), dtype=np.float64)


def laplace(seed: int, purpose: str, ids: Ids, quarter: int = 0) -> Array:
    """Laplace numbers of scale one by address, shape (rows,).

    Args:
        seed: Seed of the run, or of the population.
        purpose: What the draw decides; each purpose has its own stream.
        ids: Enterprise ids, shape (rows,).
        quarter: Quarter index; 0 for draws that are made once.
    """
    u = uniform(seed, purpose, ids, quarter)
    u -= 0.5
    return np.copysign(log1p(-2.0 * np.abs(u)), u)
