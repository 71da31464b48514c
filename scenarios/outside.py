"""The outside world at any origin: what is known until then, and the rule that goes on from it.

After the origin each series goes from the mean of the last three years, by field, to the mean of
all industry over all years of the table, and low and high are one standard deviation of those years
below and above. A boom, of the nation or of a field, so fades instead of going on for ever. The
rule and its numbers are the same at every origin, and later rows of the table are not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.dimensions import FIELDS
from jiqun.model.elementary import log1p
from jiqun.model.outside_world import SERIES, Outside
from jiqun.scenarios.tables import table
from jiqun.scenarios.units import TABLE_UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.dimensions import Array

FIRST_YEAR = 2018
"""First year of the history that runs see; older years of the table only make the long mean."""
ORIGIN = 2023
"""Last year of history where a scenario says nothing."""


def outside_world(
    origin: int,
    position: Mapping[str, float] | None = None,
    times: Mapping[str, float] | None = None,
    window: int | None = None,
) -> Outside:
    """The outside world as known at the end of a year.

    Args:
        origin: Last year that is history; later rows of the table are not looked at.
        position: Place of a series between its low (-1) and high (+1) path; central if absent.
        times: What parameters of the outside world are multiplied by after the origin.
        window: Years whose mean the paths start from; those of the table if absent.
    """
    values = _values()
    window = window or int(values["rule", "window_years", None])
    years = range(FIRST_YEAR, origin + 1)
    if len(years) < window:
        raise ValueError(f"an origin needs {window} years of history: {origin} is too early")
    history = {series: _history(values, series, years) for series in SERIES}
    whole = {
        series: np.array(
            [
                value
                for (name, field, year), value in values.items()
                if (name, field) == (series, "all") and year is not None and year <= origin
            ]
        )
        for series in SERIES
    }
    return Outside(
        first_year=FIRST_YEAR,
        origin=origin,
        history=history,
        recent={series: rows[-window:].mean(axis=0) for series, rows in history.items()},
        age=(window - 1) / 2.0,
        lasting={series: float(known.mean()) for series, known in whole.items()},
        # Fields move with all industry: its spread is theirs, so that paths stay comparable.
        spread={series: float(known.std(ddof=1)) for series, known in whole.items()},
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
