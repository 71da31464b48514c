"""Units and dates of scenario files, turned into the model's base units."""

from __future__ import annotations

import re

from model.scenario import quarter_index

UNITS: dict[str, dict[str, float]] = {
    "share": {"share": 1.0, "%": 0.01},
    "money": {"yuan": 1.0, "元": 1.0, "万元": 1e4, "亿元": 1e8},
    "quarters": {"quarters": 1.0, "years": 4.0},
    "enterprises": {"enterprises": 1.0},
    "clusters": {"clusters": 1.0},
    "projects": {"projects": 1.0},
    "plants": {"plants": 1.0},
    "energy": {"tce": 1.0},
    "points": {"points": 1.0},
    "switch": {"switch": 1.0},
}
"""Kind of quantity to the units it may be written in, each with its size in base units."""

TABLE_UNITS: dict[str, float] = {
    "100m yuan": 1e8,
    "yuan": 1.0,
    "10k tce": 1e4,
    "tce per 10k yuan": 1e-4,
    "share": 1.0,
    "share of value added": 1.0,
    "%": 0.01,
    "% a year": 0.01,
    "% a year, rate": 0.01,
    "enterprises": 1.0,
    "enterprises a year": 1.0,
    "clusters": 1.0,
    "persons": 1.0,
    "years": 1.0,
}
"""Unit of the data tables to its size in base units (yuan, tce, persons, shares)."""

QUARTER = re.compile(r"(\d{4})-Q([1-4])")


def to_base(value: float, unit: str, kind: str) -> float:
    """Value in base units.

    Args:
        value: Number as written.
        unit: Unit as written; must be one of `UNITS[kind]`.
        kind: Kind of quantity.
    """
    # Rounding takes out what binary fractions add: 7 % is 0.07, not 0.07000000000000001.
    return round(value * UNITS[kind][unit], 12)


def in_unit(value: float, unit: str, kind: str) -> float:
    """Value of a base-unit number in another unit of its kind."""
    return value / UNITS[kind][unit]


def parse_quarter(text: object) -> int | None:
    """Quarter index of a date such as ``2024-Q1``, or None if it is not one."""
    match = QUARTER.fullmatch(text) if isinstance(text, str) else None
    return quarter_index(int(match[1]), int(match[2])) if match else None
