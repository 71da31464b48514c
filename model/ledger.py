"""The ledger of policy: who committed, paid, forwent or got back how much, for whom, by what lever.

Sums are kept by year, payer, fund, origin, lever and kind over a table of city, tier and payee, so
that a run's books stay small however many enterprises are paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from model.scenario import CITIES, SIZES, TIERS, Array, Lever

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.enterprises import Whole

PAYEES = (*SIZES, "platform")
"""Payee groups: size classes of enterprises, and public platforms of clusters."""
SPECIAL = "special_funds"
"""Fund of one yearly sum that grants and, unless they are additional, awards come from."""
PAYERS = ("province", "city", "centre", "banks", "enterprises", "households")
RECEIVED = {"paid": 1.0, "invested": 1.0, "repaid": -1.0}
"""What a yuan of a kind adds to what has been received; other kinds add nothing."""
SHAPE = (len(CITIES), len(TIERS), len(PAYEES))
CELLS = len(CITIES) * len(TIERS) * len(PAYEES)
KEY = ("year", "payer", "fund", "origin", "lever", "article", "kind")

Entry = tuple[int, str, str, str, str, str, str]


def place(city: Whole, tier: Whole | int, payee: Whole | int) -> Whole:
    """Cell of the table of city, tier and payee."""
    result: Whole = (city * SHAPE[1] + tier) * SHAPE[2] + payee
    return result


class Ledger:
    """All payments and promises of a run."""

    def __init__(self) -> None:
        self._sums: dict[Entry, Array] = {}
        self.paid = 0.0
        """Yuan paid or invested so far, less what was paid back, for the check of the books."""

    def book(
        self, year: int, lever: Lever, kind: str, origin: str, cells: Whole, yuan: Array,
        payer: Mapping[str, float] | None = None, fund: str | None = None,
    ) -> None:  # fmt: skip
        """Enter amounts.

        Args:
            year: Calendar year.
            lever: The lever they are paid under.
            kind: ``committed``, ``paid``, ``invested`` (for a stake that the payer holds),
                ``forgone``, ``repaid`` by those whom an audit found, ``spent`` on others than
                enterprises, ``accrued`` as a loss to be expected, ``charged`` to enterprises or
                ``received`` by a payer.
            origin: ``pooled``, ``steered``, ``older``, ``tax`` or ``beside`` (beside grants).
            cells: Cell of each amount (`place`), shape (n,).
            yuan: All that the enterprises behind a row get, yuan, shape (n,).
            payer: Share of each payer; that of the lever if absent.
            fund: Fund it is paid from; that of the lever if absent.
        """
        total = np.bincount(cells, yuan, CELLS)
        for who, share in (lever.paid_by if payer is None else payer).items():
            key = (year, who, lever.fund if fund is None else fund, origin, lever.id,
                   lever.article, kind)  # fmt: skip
            self._sums[key] = self._sums.get(key, 0.0) + share * total
            if kind in RECEIVED:
                self.paid += RECEIVED[kind] * float(share * total.sum())

    def total(self, year: int, lever: str, kind: str = "paid") -> Array:
        """Yuan under a lever in a year by city, tier and payee, shape `SHAPE`."""
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
