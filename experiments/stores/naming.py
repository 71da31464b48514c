"""Names that are asked for of a store: what is unknown is refused with the nearest name."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING

from jiqun.experiments.stores.errors import StoreError, StoreWarning
from jiqun.scenarios.errors import listed, nearest_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    Names = str | Sequence[str] | None
    Years = int | Iterable[int] | None


def names_of(asked: Names) -> list[str] | None:
    """Names as a list; None for all."""
    if asked is None:
        return None
    return [asked] if isinstance(asked, str) else list(asked)


def years_of(asked: Years) -> list[int] | None:
    """Years as a list; None for all.

    Raises:
        StoreError: They are no whole numbers.
    """
    if asked is None:
        return None
    try:
        return [*map(index, asked)] if isinstance(asked, Iterable) else [index(asked)]
    except TypeError:
        raise StoreError(f"years {asked!r}: give whole numbers, such as [2027]") from None


def check_names(
    what: str,
    asked: Sequence[str] | None,
    known: Collection[str],
    stored: Callable[[], Collection[str]] = tuple,
) -> None:
    """Refuse a name that is unknown.

    Args:
        what: What is named.
        asked: The names; None for all.
        known: Names that are known.
        stored: Gives more names; asked only where one is not among those known.

    Raises:
        StoreError: A name is unknown.
    """
    unknown = [name for name in asked or () if name not in known]
    if not unknown:
        return
    every = sorted({*known, *stored()})
    for name in unknown:
        if name not in every:
            near = nearest_name(str(name), every)
            hint = f"; nearest: {near}" if near else ""
            raise StoreError(f"{what} {name} is unknown{hint}; there are: {listed(every)}")


def check_years(asked: Sequence[int] | None, first: int, last: int, latest: int) -> None:
    """Refuse years that no run can have, and warn where the store's runs end before all of them.

    Args:
        asked: The years; None for all.
        first: First year of all runs.
        last: Last year that a run may have.
        latest: Last year of the store's longest run.

    Raises:
        StoreError: A year is unknown.
    """
    for year in asked or ():
        if not first <= year <= last:
            raise StoreError(f"year {year} is in no run; there are: {first} to {latest}")
    if asked and min(asked) > latest:
        text = f"year {min(asked)} is in no run of this store: they end in {latest}"
        warnings.warn(text, StoreWarning, stacklevel=4)
