"""SQL of sums and means that are the same to the last bit whatever order rows are read in."""

from __future__ import annotations


def steady_sum(term: str) -> str:
    """SQL: a sum of amounts, made exactly of decimals."""
    return f"CAST(sum(CAST({term} AS DECIMAL(38, 12))) AS DOUBLE)"


def steady(function: str, term: str) -> str:
    """SQL: an aggregate of floating-point numbers, taken from the smallest to the largest."""
    return f"{function}({term} ORDER BY {term})"


def quoted(text: str) -> str:
    """SQL: a text."""
    return "'" + text.replace("'", "''") + "'"
