"""Limits of loans as operations on columns: what the loops of `finance` have to equal."""

import numpy as np

from jiqun.model.elementary import log


def borrowing_limit(capital, profit_year, knowledge, on_capital, on_profit, on_knowledge):
    """Most that banks lend."""
    return (
        on_capital * capital + on_profit * np.maximum(profit_year, 0.0) + on_knowledge * knowledge
    )


def smallness(revenue):
    """Place between the smallest and the largest."""
    return np.clip(log(4e8 / np.maximum(revenue, 1e6)) / log(400.0), 0.0, 1.0)
