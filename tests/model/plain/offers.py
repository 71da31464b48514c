"""The best of some offers as NumPy works it out."""

import numpy as np


def best_of(rates, caps, rows):
    best, best_rate, best_cap = np.full(rows, -1), np.zeros(rows), np.zeros(rows)
    for i, (rate, cap) in enumerate(zip(rates, caps, strict=True)):
        better = (cap > 0.0) & (rate > best_rate)
        for column, value in ((best, i), (best_rate, rate), (best_cap, cap)):
            np.copyto(column, value, where=better)
    return best, best_rate, best_cap
