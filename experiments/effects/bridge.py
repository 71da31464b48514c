"""The bridge from new money to payments: what a year promises, pays, takes back and leaves open.

Payments settle the oldest promises of their lever first. What is promised and not paid stays open:
it falls due later, or lapsed because who it was promised to left or lost a title, which the ledger
does not tell apart. Guarantees and stakes are left out: their cost is accrued
(`model/policy/provisions.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCRUING = ("credit_guarantee", "guidance_fund")
"""Levers whose cost is accrued at issue: what they pay later is cash and no promise of a grant."""
BY = ["lever", "payer", "fund", "origin"]
"""What promises and payments are matched by."""
FLOWS = ("committed", "paid", "repaid")
COLUMNS = (
    "open_before", "committed", "paid_of_year", "paid_of_earlier", "repaid", "open_after",
)  # fmt: skip
CLOSE = 1e-6
"""What payments may exceed promises by, as a share of them: rounding alone."""


def bridge(ledger: pd.DataFrame, by: Sequence[str] = ("payer",)) -> pd.DataFrame:
    """New money and payments by year.

    Args:
        ledger: Rows of a run's ledger, all years from its start on.
        by: Columns beside the year that are told apart, among `BY`.

    Returns:
        One row a year and group: what was open before, committed in the year, paid of that, paid
        of earlier promises, paid back by those whom an audit found, and open after; yuan. What was
        open before and what is committed is what is paid and what is open after.

    Raises:
        ValueError: More was paid than promised.
    """
    rows = ledger[ledger["kind"].isin(FLOWS) & ~ledger["lever"].isin(ACCRUING)]
    years = range(int(ledger["year"].min()), int(ledger["year"].max()) + 1)
    sums = rows.groupby([*BY, "year", "kind"], observed=True)["yuan"].sum()
    table = sums.unstack("kind").reindex(columns=list(FLOWS)).fillna(0.0)
    parts = {
        group: _settled(its.droplevel([*BY]).reindex(years, fill_value=0.0))
        for group, its in table.groupby(BY, observed=True)
    }
    if not parts:
        return pd.DataFrame(columns=["year", *by, *COLUMNS])
    keys, names = list(parts), [*BY, "year"]
    whole = pd.concat(list(parts.values()), keys=keys, names=names).reset_index()
    found: pd.DataFrame = whole.groupby(["year", *by], as_index=False)[list(COLUMNS)].sum()
    return found


def _settled(flows: pd.DataFrame) -> pd.DataFrame:
    """The bridge of one group, oldest promises settled first."""
    promised, paid = flows["committed"].cumsum(), flows["paid"].cumsum()
    most = float(promised.max())
    if bool((paid - promised > CLOSE * max(most, 1.0)).any()):
        raise ValueError("more was paid than was promised")
    open_after = (promised - paid).clip(lower=0.0)
    before = open_after.shift(fill_value=0.0)
    earlier = flows["paid"].clip(upper=before)
    return pd.DataFrame(
        {
            "open_before": before,
            "committed": flows["committed"],
            "paid_of_year": flows["paid"] - earlier,
            "paid_of_earlier": earlier,
            "repaid": flows["repaid"],
            "open_after": open_after,
        }
    )
