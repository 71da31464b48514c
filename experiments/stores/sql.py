"""What is read by SQL: sums and means that no order of rows moves by a bit, and rows as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pandas as pd


def frame_of(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: Sequence[object] = (),
    categories: Sequence[str] = (),
) -> pd.DataFrame:
    """Rows that a query finds.

    By way of Arrow, which hands texts over as they are: DuckDB's own frames make an object of each,
    which takes more time and memory than the query.

    Args:
        connection: Where it is asked.
        query: A query, in SQL.
        values: Its values by place.
        categories: Columns of texts that many rows share: kept as categories, they take a byte a
            row, and rows are chosen by them at once.
    """
    rows = connection.sql(query, params=list(values)).to_arrow_table()
    found: pd.DataFrame = rows.to_pandas(categories=list(categories))
    return found


def steady_sum(term: str) -> str:
    """SQL: a sum of amounts, made exactly of decimals."""
    return f"CAST(sum(CAST({term} AS DECIMAL(38, 12))) AS DOUBLE)"


def steady(function: str, term: str) -> str:
    """SQL: an aggregate of floating-point numbers, taken from the smallest to the largest."""
    return f"{function}({term} ORDER BY {term})"


def quoted(text: str) -> str:
    """SQL: a text."""
    return "'" + text.replace("'", "''") + "'"
