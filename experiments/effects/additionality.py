"""Investment promotion, apart from other designs: what it brings is what it is assumed to add.

The part of promoted plants that would not have come to the province otherwise is drawn, not found:
the effect says little, the additionality at which the money is worth it says something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from jiqun.experiments.effects.bootstrap import CONFIDENCE
from jiqun.experiments.effects.compare import MAIN, Comparison, compare
from jiqun.experiments.effects.costs import set_otherwise
from jiqun.experiments.effects.effect import LEAST_PAIRS

if TYPE_CHECKING:
    import pandas as pd

    from jiqun.experiments.effects.compare import Facts
    from jiqun.experiments.stores.results import Results

REACH = float(ndtri(0.5 + CONFIDENCE / 2.0))
"""Standard errors to each side of an interval."""
ADDITIONAL = "promotion_additional"
"""Parameter: part of promoted plants that would not have come otherwise."""


@dataclass(frozen=True)
class BreakEven:
    """Additionality at which a yuan of cost brings a yuan of value added, with its interval.

    Above 1 it never does; None where more of it brings no more, and at both ends where pairs are
    few.
    """

    low: float | None
    at: float | None
    high: float | None


@dataclass(frozen=True)
class Promotion:
    """A design whose effect hangs on its additionality.

    Attributes:
        comparison: The design against its baseline, over the additionality drawn.
        break_even: Where it brings what it costs over the years counted.
        drawn: Lowest and highest additionality drawn.
    """

    comparison: Comparison
    break_even: BreakEven
    drawn: tuple[float, float]


def break_even(
    additional: pd.Series[float], gain: pd.Series[float], cost: pd.Series[float]
) -> BreakEven:
    """Additionality at which the gain is as large as the cost.

    The gain is taken in proportion to what is additional, by least squares over the pairs: plants
    won from a rival city bring the province nothing. The interval is that of the slope, by the
    normal approximation.

    Args:
        additional: Additionality by pair, a share.
        gain: Gain by pair, yuan.
        cost: Cost by pair, yuan.
    """
    squares = float((additional * additional).sum())
    slope = float((additional * gain).sum()) / squares if squares > 0.0 else 0.0
    left = gain - slope * additional
    error = 0.0
    if squares > 0.0 and len(gain) > 1:
        error = float(np.sqrt((left * left).sum() / (len(gain) - 1) / squares))
    steep, flat = slope + REACH * error, slope - REACH * error
    low, at, high = (
        float(cost.mean()) / rise if rise > 0.0 else None for rise in (steep, slope, flat)
    )
    return BreakEven(low, at, high)


def promotion(results: Results, facts: Facts, scenario: str, baseline: str) -> Promotion:
    """Investment promotion against its baseline, with the additionality at which it breaks even.

    Args:
        results: The store, for the additionality that was drawn.
        facts: What comparisons read of it.
        scenario: Name of the scenario with investment promotion.
        baseline: Name of the one without it.
    """
    comparison = compare(facts, scenario, baseline)
    draws = results.draws()
    drawn = draws[draws["scenario"] == scenario].set_index("draw")[ADDITIONAL]
    gain = facts.gap(scenario, baseline, MAIN)["gain"]
    additional = drawn.reindex(gain.index.get_level_values("draw")).set_axis(gain.index)
    changed = set_otherwise(facts.levers[scenario], facts.levers[baseline])
    cost = facts.books.cost(scenario, baseline, changed).reindex(gain.index)
    even = break_even(additional, gain, cost)
    return Promotion(
        comparison,
        even if len(gain) >= LEAST_PAIRS else replace(even, low=None, high=None),
        (float(additional.min()), float(additional.max())),
    )
