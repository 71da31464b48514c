"""The ledger of policy: who committed, paid, forwent or got back how much, for whom, by what lever.

Sums are kept by year, payer, fund, origin, lever and kind over a table of city, tier and payee, so
that a run's books stay small however many enterprises are paid.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jiqun.model.dimensions import CITIES, SIZES, TIERS, Array
from jiqun.model.elementary import compiled
from jiqun.model.lever import Lever

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Enterprises, Whole
    from jiqun.model.lever import Lever

PAYEES = (*SIZES, "platform")
"""Payee groups: size classes of enterprises, and public platforms of clusters."""
SPECIAL = "special_funds"
"""Fund of one yearly sum that grants and, unless they are additional, awards come from."""
ADDITIONAL = "additional"
"""Fund of what a scenario pays on top of all funds, out of a budget of the lever's own."""
PAYERS = ("province", "city", "centre", "banks", "enterprises", "households")
"""Who can bear the cost of a lever; budgets first."""
SHAPE = (len(CITIES), len(TIERS), len(PAYEES))
CELLS = len(CITIES) * len(TIERS) * len(PAYEES)
KEY = ("year", "payer", "fund", "origin", "lever", "article", "kind")

Entry = tuple[int, str, str, str, str, str, str]


class Kind(StrEnum):
    """What happens to the money of an entry."""

    COMMITTED = "committed"
    PAID = "paid"
    INVESTED = "invested"
    """Paid for a stake that the payer holds."""
    FORGONE = "forgone"
    """Tax that is not paid."""
    REPAID = "repaid"
    """Paid back by those whom an audit found."""
    SPENT = "spent"
    """Paid to others than enterprises."""
    ACCRUED = "accrued"
    """A loss to be expected."""
    CHARGED = "charged"
    """Borne by enterprises."""
    RECEIVED = "received"
    """Received by a payer."""


class Origin(StrEnum):
    """Part of public money that an entry is from."""

    STEERED = "steered"
    """The part of the special funds that is kept for clusters."""
    POOLED = "pooled"
    """What is open to all that a lever names."""
    OLDER = "older"
    """Budgets of measures that are older than the document."""
    TAX = "tax"
    BESIDE = "beside"
    """What a lever costs beside its grants."""


@cache
def _plain(kind: type[StrEnum], name: str) -> str:
    """The plain text of a member of an enumeration; refuses what is none of it."""
    value: str = kind(name).value
    return value


class Source(NamedTuple):
    """Where money is from.

    Attributes:
        origin: Part of public money.
        fund: Fund, or an empty string.
    """

    origin: Origin
    fund: str


STEERED = Source(Origin.STEERED, SPECIAL)
"""The steered part of the special funds."""
TAX = Source(Origin.TAX, "tax")
"""Tax that is forgone."""
RECEIVED = {Kind.PAID: 1.0, Kind.INVESTED: 1.0, Kind.REPAID: -1.0}
"""What a yuan of a kind adds to what has been received; other kinds add nothing."""


def place(city: Whole | int, tier: Whole | int, payee: Whole | int) -> Whole:
    """Cell of the table of city, tier and payee.

    Args:
        city: Index into CITIES, one number or shape (entries,).
        tier: Index into TIERS, one number or shape (entries,).
        payee: Index into PAYEES, one number or shape (entries,).
    """
    return np.asarray((city * SHAPE[1] + tier) * SHAPE[2] + payee)


def cells_of(e: Enterprises, rows: Whole | slice = slice(None)) -> Whole:
    """Cell of each enterprise by its city, tier and size class, shape of `rows`."""
    return place(e.city[rows], e.tier[rows], e.size[rows])


@compiled("void(int64[::1], int64[::1], int64[::1], float64[::1], int64, int64, float64[::1])")
def _add_by_cell(
    city: Whole, tier: Whole, size: Whole, amount: Array, tiers: int, payees: int, out: Array
) -> None:
    """Add amounts to their cells: `place` and a sum in the order of the rows in one."""
    for i in range(len(amount)):
        out[(city[i] * tiers + tier[i]) * payees + size[i]] += amount[i]


def sums_by_cell(e: Enterprises, amount: Array, rows: Whole | slice = slice(None)) -> Array:
    """Sum of amounts in each cell of city, tier and size class, shape (cells,).

    Args:
        e: The enterprises.
        amount: Amounts, in any unit, shape of `rows`.
        rows: Rows that they are of.
    """
    result = np.zeros(CELLS)
    amounts = np.ascontiguousarray(amount, dtype=np.float64)
    # Tables differ from region to region, and compiled code is kept for all: sizes are handed over.
    _add_by_cell(e.city[rows], e.tier[rows], e.size[rows], amounts, *SHAPE[1:], result)
    return result


class Ledger:
    """All payments and promises of a run."""

    def __init__(self) -> None:
        self._sums: dict[Entry, Array] = {}
        self.paid = 0.0
        """Yuan paid or invested so far, less what was paid back, for the check of the books."""

    def book(
        self, year: int, lever: Lever, kind: Kind, source: Source, total: Array,
        payer: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        """Enter amounts.

        Args:
            year: Calendar year.
            lever: The lever they are paid under.
            kind: What happens to the money.
            source: Where it is from.
            total: Yuan of each cell (`place`), shape (cells,).
            payer: Share of each payer; that of the lever if absent.

        Raises:
            ValueError: The kind, or the origin of the source, is unknown.
        """
        what, origin = _plain(Kind, kind), _plain(Origin, source.origin)
        received = RECEIVED.get(kind, 0.0)
        whole = float(total.sum()) if received else 0.0
        for who, share in (lever.paid_by if payer is None else payer).items():
            key = (year, who, source.fund, origin, lever.id, lever.article, what)
            held = self._sums.get(key)
            if held is None:
                self._sums[key] = share * total
            else:
                held += share * total
            self.paid += received * (share * whole)

    def total(self, year: int, lever: str, kind: str = Kind.PAID) -> Array:
        """Yuan under a lever in a year by city, tier and payee, shape `SHAPE`.

        Args:
            year: Calendar year.
            lever: Id of the lever.
            kind: What happened to the money, a value of `Kind`.
        """
        sums = [v for k, v in self._sums.items() if (k[0], k[4], k[6]) == (year, lever, kind)]
        result: Array = np.sum(sums, axis=0).reshape(SHAPE) if sums else np.zeros(SHAPE)
        return result

    def records(self) -> dict[str, npt.NDArray[Any]]:
        """Rows that are not zero, one array a column."""
        sums = np.array([*self._sums.values()]).reshape(-1, CELLS)
        entry, cells = np.nonzero(sums)
        keys = np.array([*self._sums], dtype=object).reshape(-1, len(KEY))
        columns = {name: column[entry] for name, column in zip(KEY, keys.T, strict=True)}
        columns["year"] = columns["year"].astype(np.int16)
        for name, groups, number in zip(
            ("city", "tier", "payee"), (CITIES, TIERS, PAYEES), np.unravel_index(cells, SHAPE),
            strict=True,
        ):  # fmt: skip
            columns[name] = np.array(groups, dtype=object)[number]
        columns["yuan"] = sums[entry, cells]
        order = ("year", "payer", "fund", "origin", "city", "tier", "payee", "lever", "article",
                 "kind", "yuan")  # fmt: skip
        return {name: columns[name] for name in order}
