"""What measures of facts share: the panels of a seed, what a measure gives, columns and rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.panel import lag

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from jiqun.calibration.facts import estimators as fit
    from jiqun.model.dimensions import Array

    Flag = npt.NDArray[np.bool_]

FIRST, LAST, END = 2019, 2023, 2027
"""Years that facts are measured in; windows of five years and more go on to the end."""
DEARER = 1.1
"""Energy price of the second run over that of the first."""


@dataclass(frozen=True)
class Panels:
    """The panels of one seed.

    Attributes:
        main: The panel, 2019 to 2027.
        dearer: The same with energy dearer by a tenth from the start.
    """

    main: pd.DataFrame
    dearer: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """A fact as measured in one seed.

    Attributes:
        value: The headline number.
        passed: Whether the target is met.
        observations: Rows it rests on.
        also: Other numbers, by name.
        picture: Points of the picture: series to (x, y).
    """

    value: float
    passed: bool
    observations: int
    also: Mapping[str, float] = field(default_factory=dict)
    picture: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)


def column(frame: pd.DataFrame, name: str) -> Array:
    """A column as numbers."""
    result: Array = frame[name].to_numpy(dtype=np.float64)
    return result


def logs(values: Array) -> Array:
    """Logs; NaN where there is none."""
    result: Array = np.log(np.where(values > 0.0, values, np.nan))
    return result


def lagged(frame: pd.DataFrame, values: Array, years: int = 1) -> Array:
    """Values some years before, as `lag`.

    Args:
        frame: A panel, sorted as `lag` asks for.
        values: Values of its rows, shape (rows,).
        years: How many years before.
    """
    return lag(frame.assign(_lagged=values), "_lagged", years)


def flags(frame: pd.DataFrame, name: str) -> Flag:
    """A column as truth values."""
    result: Flag = frame[name].to_numpy(dtype=bool)
    return result


def between(frame: pd.DataFrame, first: int, last: int) -> Flag:
    """Rows of these years, both ends in.

    Args:
        frame: A panel, one row an enterprise and year.
        first: First year.
        last: Last year.
    """
    result: Flag = frame["year"].between(first, last).to_numpy()
    return result


def field_year(frame: pd.DataFrame) -> fit.Whole:
    """Number of the field and year."""
    result: fit.Whole = (frame["field"] * 10_000 + frame["year"]).to_numpy()
    return result


def finite(*columns: Array) -> Flag:
    """Rows where all columns are finite."""
    result: Flag = np.all([np.isfinite(column) for column in columns], axis=0)
    return result


def staying(frame: pd.DataFrame, first: int, last: int) -> Flag:
    """Above scale this year and the year before, and still there at the year's end.

    Args:
        frame: A panel, sorted as `lag` asks for.
        first: First of the years that count.
        last: Last of them.
    """
    before = lag(frame, "above") == 1.0
    result: Flag = between(frame, first, last) & before & flags(frame, "above")
    return result & ~flags(frame, "exited")
