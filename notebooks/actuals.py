"""Later published values, set beside what was projected without them.

They come from a file of the reader's own, the one that `jiqun backtest --actuals` scores: nothing
in the project is fitted to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiqun.calibration import actuals as later_figures
from jiqun.calibration.backtest import data as backtest_data
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.words import ABSENT

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.calibration.backtest.data import Published
    from jiqun.notebooks.trust.evidence import Evidence, Unit
    from jiqun.notebooks.words import Words


@dataclass(frozen=True)
class Actual:
    """One later published value, in the outcome's stored unit."""

    outcome: str
    level: str
    unit_name: str
    year: int
    value: float

    @property
    def unit(self) -> Unit:
        """Level and name of what the value is of."""
        return self.level, self.unit_name


def read_actuals(path: Path) -> tuple[Actual, ...]:
    """Read and check a file of later figures.

    Args:
        path: A CSV file with the columns indicator, year, value, unit, scope.

    Raises:
        TableError: The file is missing, or a line is wrong: line, column, what is allowed and the
            nearest valid name.
    """
    return tuple(map(_stored, later_figures.read_actuals(path)))


def _stored(figure: Published) -> Actual:
    series = backtest_data.all_series()[figure.indicator]
    value = figure.value / series.scale
    return Actual(series.outcome, series.level, series.unit_name, figure.year, value)


def actuals_table(evidence: Evidence, actuals: tuple[Actual, ...], words: Words) -> str:
    """Later figures beside what was projected: inside the interval or not.

    Args:
        evidence: Results of the scenario that the page is about.
        actuals: Values published later, in the stored units of their outcomes.
        words: Texts and number formats of the page's language.
    """
    rows = []
    for item in actuals:
        band = evidence.band(item.outcome, item.unit, item.year)
        cells = [ABSENT, ABSENT, words("not_projected")]
        if band is not None:
            place = "above" if item.value > band.high else "below"
            if band.low <= item.value <= band.high:
                place = "inside"
            cells = [
                words.number(band.median, item.outcome, 3),
                words.interval(band.low, band.high, item.outcome, 3),
                words(place),
            ]
        rows.append(
            [
                words.headed(item.outcome),
                words.unit_name(item.unit),
                str(item.year),
                words.number(item.value, item.outcome, 3),
                *cells,
            ]
        )
    return markdown(words.lines("actuals_head"), rows, 2)
