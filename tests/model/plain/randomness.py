"""Plain form of `model/randomness.py`: the mixing function in whole numbers of any length."""

import numpy as np

from jiqun.model.randomness import _GOLDEN, _MASK, _key, _mix


def uniform(seed, purpose, ids, quarter=0):
    """Uniform numbers in (0, 1), one an id."""
    key = int(_key(seed, purpose, quarter))
    mixed = [_mix((int(number) * _GOLDEN + key) & _MASK) for number in ids]
    return np.array([((x >> 11) + 0.5) * 2.0**-53 for x in mixed], dtype=np.float64)
