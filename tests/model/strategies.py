"""What tests of the pure rules draw: columns of one enterprise a row, and single values."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

FIELDS = 16
ROWS = 40


def reals(low, high, rows=ROWS):
    return arrays(np.float64, rows, elements=st.floats(low, high))


def flags(rows=ROWS):
    return arrays(np.bool_, rows)


def real(low, high):
    return st.floats(low, high)


MONEY = reals(0.0, 1e10)
