"""Quarters as the model counts them: from 2019-Q1, which is quarter 0."""

from __future__ import annotations

FIRST_YEAR = 2019
"""Calendar year of quarter 0."""


def quarter_index(year: int, quarter: int) -> int:
    """Index of a calendar quarter (1 to 4), counted from 2019-Q1 = 0."""
    return (year - FIRST_YEAR) * 4 + quarter - 1


def quarter_name(index: int) -> str:
    """Name of a quarter index, such as ``2024-Q1``."""
    return f"{FIRST_YEAR + index // 4}-Q{index % 4 + 1}"


def year_of(index: int) -> int:
    """Calendar year of a quarter index."""
    return FIRST_YEAR + index // 4
