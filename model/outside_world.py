"""The outside world: demand, prices, technology and credit that no enterprise of ours moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jiqun.model.elementary import power

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.dimensions import Array

SERIES = ("demand", "price", "frontier")


@dataclass(frozen=True)
class Outside:
    """The outside world: yearly growth of demand, prices and the technology frontier by field.

    History is as published. After the origin the growth of the last years goes over into its long
    mean: the distance between the two halves in the `half_life` that `growth` is asked with. The
    path is moved by `position` (in [-1, 1]) standard deviations of a single year.

    Attributes:
        first_year: Calendar year of the first row of `history`.
        origin: Last year that is history.
        history: Series to growth a year, shape (years, fields), as shares.
        recent: Series to mean of the last years before the origin, shape (fields,).
        age: Years from the middle of those last years to the origin.
        lasting: Series to the long mean of all industry, all years known at the origin.
        spread: Series to standard deviation of all industry over the same years.
        position: Series to place between the low (-1) and the high (+1) path.
        loan_rate: (year, rate a year) of new corporate loans; the last holds afterwards.
        credit_growth: (year, log growth) of the loans that banks hold; history alone.
        input_gap: (year, growth) of what industry pays for inputs over its own prices; none
            afterwards.
        times: Parameter of the outside world to what it is multiplied by after the origin.
    """

    first_year: int
    origin: int
    history: Mapping[str, Array]
    recent: Mapping[str, Array]
    age: float
    lasting: Mapping[str, float]
    spread: Mapping[str, float]
    position: Mapping[str, float]
    loan_rate: tuple[tuple[int, float], ...]
    credit_growth: tuple[tuple[int, float], ...]
    input_gap: tuple[tuple[int, float], ...]
    times: Mapping[str, float] = field(default_factory=dict)

    def factor(self, parameter: str, year: int) -> float:
        """What a parameter of the outside world is multiplied by in a year; 1 until the origin."""
        return self.times.get(parameter, 1.0) if year > self.origin else 1.0

    def growth(self, series: str, year: int, half_life: float) -> Array:
        """Growth of a series in a year, shape (fields,).

        Args:
            series: Demand, price or frontier.
            year: Calendar year.
            half_life: Years in which the distance from the long mean halves; of no account until
                the origin.
        """
        row = year - self.first_year
        if 0 <= row < len(self.history[series]) and year <= self.origin:
            result: Array = self.history[series][row]
            return result
        long_mean = self.lasting[series]
        kept = power(0.5, (year - self.origin + self.age) / half_life)
        moved = self.position.get(series, 0.0) * self.spread[series]
        return long_mean + kept * (self.recent[series] - long_mean) + moved

    def loan_rate_in(self, year: int) -> float:
        """Rate of new corporate loans in a year (a share a year)."""
        past = [rate for known, rate in self.loan_rate if known <= year]
        return past[-1] if past else self.loan_rate[0][1]

    def credit_growth_in(self, year: int) -> float:
        """Growth of loans in a year of history, log; zero in others."""
        return dict(self.credit_growth).get(year, 0.0)

    def input_gap_in(self, year: int) -> float:
        """Growth of input prices over own prices in a year, a share; zero after the origin."""
        return dict(self.input_gap).get(year, 0.0)
