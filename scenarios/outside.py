"""The outside world at any origin: what is known until then, and the rule that goes on from it.

After the origin each series grows at the mean of the three years before it; low and high are one
standard deviation of those years below and above. A field's own distance from all industry goes
on only in part (`field_persistence`), so that three boom years are not extrapolated for ever. The
rule and its numbers are the same at every origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.elementary import log1p
from model.scenario import FIELDS, SERIES, Outside
from scenarios.tables import table
from scenarios.units import TABLE_UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.scenario import Array

FIRST_YEAR = 2018
"""First year of the table."""
ORIGIN = 2023
"""Last year of history where a scenario says nothing."""


def outside_world(
    origin: int,
    position: Mapping[str, float] | None = None,
    times: Mapping[str, float] | None = None,
) -> Outside:
    """The outside world as known at the end of a year.

    Args:
        origin: Last year that is history; later rows of the table are not looked at.
        position: Place of a series between its low (-1) and high (+1) path; central if absent.
        times: What parameters of the outside world are multiplied by after the origin.
    """
    values = _values()
    window = int(values["rule", "window_years", None])
    persistence = values["rule", "field_persistence", None]
    years = range(FIRST_YEAR, origin + 1)
    if len(years) < window:
        raise ValueError(f"an origin needs {window} years of history: {origin} is too early")
    history = {series: _history(values, series, years) for series in SERIES}
    recent = {series: rows[-window:] for series, rows in history.items()}
    whole = {
        series: np.array([values[series, "all", year] for year in years][-window:])
        for series in SERIES
    }
    return Outside(
        first_year=FIRST_YEAR,
        origin=origin,
        history=history,
        mean={
            series: whole[series].mean()
            + persistence * (recent[series].mean(axis=0) - whole[series].mean())
            for series in SERIES
        },
        spread={
            # Fields move with all industry: its spread is theirs, so that paths stay comparable.
            series: np.full(len(FIELDS), whole[series].std(ddof=1))
            for series in SERIES
        },
        position=dict.fromkeys(SERIES, 0.0) | dict(position or {}),
        loan_rate=tuple((year, values["loan_rate", "all", year]) for year in years),
        credit_growth=tuple(
            (year, log1p(values["credit", "all", year])) for year in years if year > FIRST_YEAR
        ),
        input_gap=tuple(
            (
                year,
                (1.0 + values["input_price", "all", year]) / (1.0 + values["price", "all", year])
                - 1.0,
            )
            for year in years
        ),
        times=dict(times or {}),
    )


def _values() -> dict[tuple[str, str, int | None], float]:
    return {
        (row.series, row.field, row.year): round(row.value * TABLE_UNITS[row.unit], 12)
        for row in table("outside_world")
    }


def _history(
    values: Mapping[tuple[str, str, int | None], float], series: str, years: range
) -> Array:
    """Growth of a series, shape (years, fields); all industry where a field has no own row."""
    return np.array(
        [
            [values.get((series, name, year), values[series, "all", year]) for name in FIELDS]
            for year in years
        ]
    )
