"""Units and dates of scenario files, turned into the model's base units."""

from __future__ import annotations

import re
from decimal import Context, Decimal

from jiqun.model.calendar import quarter_index

_ONE = Decimal(1)
UNITS: dict[str, dict[str, Decimal]] = {
    "share": {"share": _ONE, "%": Decimal("0.01")},
    "money": {"yuan": _ONE, "元": _ONE, "万元": Decimal(10**4), "亿元": Decimal(10**8)},
    "quarters": {"quarters": _ONE, "years": Decimal(4)},
    "enterprises": {"enterprises": _ONE},
    "clusters": {"clusters": _ONE},
    "projects": {"projects": _ONE},
    "plants": {"plants": _ONE},
    "energy": {"tce": _ONE},
    "energy_intensity": {
        "tce per yuan": _ONE,
        "tce per 10k yuan": Decimal("0.0001"),
        "吨标准煤/万元": Decimal("0.0001"),
    },
    "points": {"points": _ONE},
    "switch": {"switch": _ONE},
}
"""Kind of quantity to the units it may be written in, each with its size in base units."""
EXACT = Context(prec=60)
"""Digits kept in conversions; no number of a scenario has as many."""

SWITCHED: dict[str | float, float] = {
    **dict.fromkeys(("on", "yes", "true", "开", "是", 1), 1.0),
    **dict.fromkeys(("off", "no", "false", "关", "否", 0), 0.0),
}
"""What a switch may be written as; true and false are 1 and 0 to Python."""

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
AMOUNT = re.compile(r"\s*([-+]?[0-9.]+)\s*(\S+)\s*")
"""A number and its unit in one."""


def quoted(unit: str) -> str:
    """A unit as a scenario file may hold it."""
    return repr(unit) if unit == "%" else unit


def to_base(value: float | Decimal, unit: str, kind: str, times: int = 1) -> float:
    """Value in base units: the float nearest to the exact decimal, so one sum has one value.

    Args:
        value: Number as written; of a float, the shortest decimal that stands for it.
        unit: Unit as written; must be one of `UNITS[kind]`.
        kind: Kind of quantity.
        times: What it is multiplied by.
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return float(EXACT.multiply(EXACT.multiply(exact, UNITS[kind][unit]), Decimal(times)))


def switched(word: object) -> float | None:
    """1 for a word or number that says on, 0 for one that says off; None for anything else."""
    if isinstance(word, str):
        return SWITCHED.get(word.lower())
    return SWITCHED.get(word) if isinstance(word, int | float) else None


def in_unit(value: float, unit: str, kind: str) -> float:
    """Value of a base-unit number in another unit of its kind.

    Args:
        value: The number, in the base unit.
        unit: Unit it is wanted in.
        kind: Kind of quantity, such as money.
    """
    return value / float(UNITS[kind][unit])


def parse_quarter(text: object) -> int | None:
    """Quarter index of a date such as ``2024-Q1``, or None if it is not one."""
    match = QUARTER.fullmatch(text) if isinstance(text, str) else None
    return quarter_index(int(match[1]), int(match[2])) if match else None
