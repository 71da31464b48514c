"""How each stylised fact is measured on the simulated panel, by its key.

A measure takes the panels of one seed and gives a value, whether it meets the target and what else
is worth knowing. Targets are those of `stylised_facts.csv`; where the table has several or words
only, the measure says what it asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.calibration.facts import innovation, production, sizes, turnover

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.calibration.facts.panels import Measured, Panels

MEASURES: dict[str, Callable[[Panels], Measured]] = {
    "incumbents": production.incumbents,
    "net_entry": turnover.net_entry,
    "shadow_of_death": turnover.shadow_of_death,
    "revenue_productivity": production.revenue_productivity,
    "size_tail": sizes.size_tail,
    "growth_shape": sizes.growth_shape,
    "size_variance": sizes.size_variance,
    "exit_rate": turnover.exit_rate,
    "exit_by_age": turnover.exit_by_age,
    "age_structure": turnover.age_structure,
    "survival": turnover.survival,
    "rd_bunching": innovation.rd_bunching,
    "lumpiness": production.lumpiness,
    "persistence": production.persistence,
    "rd_returns": innovation.rd_returns,
    "rd_continuation": innovation.rd_continuation,
    "rd_cash_flow": innovation.rd_cash_flow,
    "investment_equation": production.investment_equation,
    "take_up": innovation.take_up,
    "energy_price": production.energy_price,
    "digital_dispersion": innovation.digital_dispersion,
    "labour_share": production.labour_share,
    "entry_rate": turnover.entry_rate,
}
"""Measure of each fact that is measured, by its key in `facts.yaml`."""


def measure[Measure: Callable[[Panels], Measured]](key: str) -> Callable[[Measure], Measure]:
    """Declare that a function measures a fact of one's own.

    Args:
        key: Key of the fact in the `facts.yaml` beside it.

    Raises:
        ValueError: The key is taken.
    """

    def declare(how: Measure) -> Measure:
        if key in MEASURES:
            raise ValueError(f"fact {key} is declared twice")
        MEASURES[key] = how
        return how

    return declare
