"""The queue of claims as NumPy works it out, pass by pass."""

import numpy as np

from jiqun.model.accounting import covers, left_of


def serve(wanted, cost, weight, priority, capacity):
    rows = np.flatnonzero(wanted)
    rows = rows[np.argsort(priority[rows], kind="stable")]
    asked, served, left = weight * cost, np.zeros(len(wanted), dtype=bool), capacity
    while left > 0.0 and len(rows := rows[covers(left, asked[rows])]):
        # At least the first fits, up to the first that does not.
        taken = asked[rows].cumsum()
        fits = covers(left, taken)
        served[rows[fits]] = True
        left = float(left_of(left, taken[fits][-1]))
        rows = rows[~fits]
    return served
