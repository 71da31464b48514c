"""Experiments: many runs, their store, and what is read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jiqun.experiments.stores.results import Results

__all__ = ["Results"]


def __getattr__(name: str) -> Any:
    """`Results`, imported when it is asked for: most commands read no store."""
    if name != "Results":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jiqun.experiments.stores.results import Results  # noqa: PLC0415

    return Results
