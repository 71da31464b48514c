"""Investment promotion, apart from other designs: what it brings is what it is assumed to add.

The part of promoted plants that would not have come to the province otherwise is drawn, not found:
the effect says little, the additionality at which the money is worth it says something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.compare import MAIN, Comparison, compare
from experiments.costs import set_otherwise

if TYPE_CHECKING:
    import pandas as pd

    from experiments.compare import Facts
    from experiments.results import Results

ADDITIONAL = "promotion_additional"
"""Parameter: part of promoted plants that would not have come otherwise."""


@dataclass(frozen=True)
class Apart:
    """A design whose effect hangs on its additionality.

    Attributes:
        comparison: The design against its baseline, over the additionality drawn.
        break_even: Additionality at which a yuan of cost brings a yuan of value added over the
            years counted; above 1 it never does, None where more of it brings no more.
        drawn: Lowest and highest additionality drawn.
    """

    comparison: Comparison
    break_even: float | None
    drawn: tuple[float, float]


def break_even(
    additional: pd.Series[float], gain: pd.Series[float], cost: pd.Series[float]
) -> float | None:
    """Additionality at which the gain is as large as the cost.

    The gain is taken in proportion to what is additional, by least squares over the pairs: plants
    won from a rival city bring the province nothing.

    Args:
        additional: Additionality by pair, a share.
        gain: Gain by pair, yuan.
        cost: Cost by pair, yuan.
    """
    squares = float(np.dot(additional, additional))
    slope = float(np.dot(additional, gain)) / squares if squares > 0.0 else 0.0
    return float(cost.mean()) / slope if slope > 0.0 else None


def promotion(results: Results, facts: Facts, scenario: str, baseline: str) -> Apart:
    """Investment promotion against its baseline, with the additionality at which it breaks even."""
    comparison = compare(facts, scenario, baseline)
    draws = results.draws()
    drawn = draws[draws["scenario"] == scenario].set_index("draw")[ADDITIONAL]
    gain = facts.gap(scenario, baseline, MAIN)["gain"]
    additional = drawn.reindex(gain.index.get_level_values("draw")).set_axis(gain.index)
    changed = set_otherwise(facts.levers[scenario], facts.levers[baseline])
    cost = facts.books.cost(scenario, baseline, changed).reindex(gain.index)
    return Apart(
        comparison,
        break_even(additional, gain, cost),
        (float(additional.min()), float(additional.max())),
    )
