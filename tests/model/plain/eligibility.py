"""Who is allowed, who claims and of what size one is, as NumPy works it out."""

import numpy as np

from jiqun.model.dimensions import Size


def keep_allowed(mask, allowed, group):
    mask &= allowed.take(group)


def keep_claiming(mask, place, rate, part, cluster):
    mask &= place < rate * part[cluster]


def size_class(above, revenue, employees):
    large = (employees >= 1000.0) & (revenue >= 400e6)
    medium = (employees >= 300.0) & (revenue >= 20e6)
    scale = np.where(large, Size.LARGE, np.where(medium, Size.MEDIUM, Size.SMALL))
    return np.where(above, scale, Size.BELOW_SCALE).astype(np.int64)
