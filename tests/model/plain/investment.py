"""Plans of plant as operations on columns: what the loop of `investment.plan` has to equal."""

import numpy as np


def plan(
    capital, wanted, review, threshold, upkeep, depreciation, review_rate, threshold_range,
    upkeep_chance,
):  # fmt: skip
    """Upkeep and lump."""
    gap = wanted - capital
    low, high = threshold_range
    trigger = (low + (high - low) * threshold) * capital
    hazard = review_rate * (1.0 + np.maximum(gap, 0.0) / np.maximum(capital, 1.0))
    lump = np.where((review < hazard) & (gap > trigger), gap, 0.0)
    kept = np.where((upkeep < upkeep_chance) & (gap > 0.0), 0.5 * depreciation * capital, 0.0)
    return np.where(lump > 0.0, 0.0, np.minimum(kept, np.maximum(gap, 0.0))), lump
