"""Limits of loans as operations on columns: what the loops of `finance` have to equal."""

import numpy as np


def borrowing_limit(capital, profit_year, knowledge, on_capital, on_profit, on_knowledge):
    """Most that banks lend."""
    return (
        on_capital * capital + on_profit * np.maximum(profit_year, 0.0) + on_knowledge * knowledge
    )


def interest_rate(base, small, leverage, titled, size_spread, leverage_spread, title_discount):
    """Interest rate of each enterprise."""
    rate = base + size_spread * (small - 0.35) + leverage_spread * (leverage - 0.27)
    return np.clip(rate - title_discount * titled, 0.01, 0.15)
