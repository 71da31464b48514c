"""Plain form of what `model/economy/turnover.py` and `demography.py` do for few rows."""

import numpy as np

from jiqun.model.economy.demography import RAMP, exit_hazard
from jiqun.model.elementary import log


def closing(e, draw, p):
    """Rows that close, with the chance of every row."""
    debt = e.debt_short + e.debt_long
    hazard = exit_hazard(
        e.above_scale, e.expected_revenue, e.capital + e.cash - debt, e.profit,
        p["exit_below"], p["exit_above"], p["exit_size_power"], p["exit_distress"],
    )  # fmt: skip
    return np.flatnonzero(draw < hazard)


def ramp(e, quarter):
    """Large new plants run up in equal steps over three years."""
    age = quarter - e.founded
    rising = np.flatnonzero(e.plant & (age >= 1) & (age < RAMP))
    e.size_level[rising] += log((age[rising] + 1.0) / age[rising])
