"""From new money to what each bearer pays more: a scenario beside its baseline, part by part.

New money is what the measures cost out of other money than the special funds, whose yearly sum is
the same whatever is paid out of it. To that come what the measures get out of the special funds,
what is steered to clusters there under older grants, what others get less there, and what other
programmes cost more or less in consequence: that is what all bear more. Of it, what is no payment
(income forgone, provisions, charges) is taken off and what provisions pay out is put on: that is
what is paid more. Each part is added up from the ledger by itself, so that the sums are a check
(`Books` in `experiments.effects.costs` tells three of them in another way).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from jiqun.experiments.effects.costs import BEARERS, SUM_THAT_STAYS, WEIGHT
from jiqun.experiments.effects.effect import RUN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

GUARANTEE = "credit_guarantee"
NEW = ("paid", "forgone", "guarantees", "stakes", "charged", "recovered", "fund_grows")
"""Parts of new money."""
MEASURES = ("fund_moved", "special")
"""What the measures cost beside new money."""
STEERED = ("steered",)
REST = ("others_less", "others")
"""What others get less out of the special funds, and what other programmes cost in consequence."""
CASH = ("no_payment", "drawn")
"""What is no payment, and what provisions pay out."""
SUMS = {
    "new": NEW,
    "cost": MEASURES,
    "programme": STEERED,
    "all": REST,
    "payments": CASH,
}  # fmt: skip
"""Running sum to the parts that it has beyond the sum before it."""
KINDS = {
    "paid": "paid",
    "spent": "paid",
    "forgone": "forgone",
    "accrued": "stakes",
    "charged": "charged",
    "received": "charged",
    "repaid": "recovered",
}
"""Kind of booking to the part of new money that it is."""
PAYMENTS = ("paid", "spent", "repaid")


def who_pays(
    rows: pd.DataFrame,
    runs: Mapping[str, pd.MultiIndex],
    scenario: str,
    baseline: str,
    set_otherwise: Collection[str],
) -> pd.DataFrame:
    """The parts and their running sums by bearer: mean over the pairs, present value, yuan.

    Args:
        rows: Bookings, as `costs.flows` returns them.
        runs: Runs by scenario that the mean is over.
        scenario: Name of the scenario whose money is measured.
        baseline: Name of the one that it is compared with.
        set_otherwise: Ids of the levers that the two set differently.

    Returns:
        A row a part or sum, in their order, a column a bearer.
    """
    pairs = runs[scenario].intersection(runs[baseline])
    rows = rows[
        rows["scenario"].isin((scenario, baseline))
        & pd.MultiIndex.from_frame(rows[RUN]).isin(pairs)
    ]
    sign = rows["scenario"].map({scenario: 1.0, baseline: -1.0}).astype(float)
    rows = rows.assign(part=_parts(rows, set_otherwise), yuan=rows["yuan"] * sign / len(pairs))
    no_payment = rows[~rows["kind"].isin(PAYMENTS) & (rows["part"] != "")]
    more = [rows, no_payment.assign(part="no_payment", yuan=-no_payment["yuan"])]
    if SUM_THAT_STAYS in set_otherwise:
        grown = rows[(rows["fund"] == SUM_THAT_STAYS) & (rows["part"] != "drawn")]
        more += [
            grown.assign(part="fund_grows"),
            grown.assign(part="fund_moved", yuan=-grown["yuan"]),
        ]
    whole = pd.concat(more).groupby(["part", "payer"])["yuan"].sum().unstack()
    parts = [part for group in SUMS.values() for part in group]
    whole = whole.reindex(index=parts, columns=list(BEARERS)).fillna(0.0)
    made, total = [], pd.Series(0.0, index=list(BEARERS))
    for name, group in SUMS.items():
        made += [whole.loc[[part]] for part in group]
        total = total + whole.loc[list(group)].sum()
        made.append(total.to_frame(name).T)
    return pd.concat(made)


def _parts(rows: pd.DataFrame, set_otherwise: Collection[str]) -> pd.Series[str]:
    """The part of each booking; empty for what neither costs nor pays."""
    own = rows["lever"].isin(list(set_otherwise))
    special = rows["fund"] == SUM_THAT_STAYS
    part = rows["kind"].map(KINDS).fillna("")
    part = part.mask((part == "stakes") & (rows["lever"] == GUARANTEE), "guarantees")
    part = part.mask(own & special, "special")
    part = part.mask(~own & special, "others_less")
    part = part.mask(~own & (rows["origin"] == "steered"), "steered")
    part = part.mask(~own & ~special & (rows["origin"] != "steered"), "others")
    part = part.mask(~rows["kind"].isin(list(WEIGHT)), "")
    found: pd.Series[str] = part.mask(rows["covered"] & part.ne(""), "drawn")
    return found


def payments(
    rows: pd.DataFrame, runs: Mapping[str, pd.MultiIndex], scenario: str
) -> pd.Series[float]:
    """What each bearer pays in a scenario: mean over its runs, present value, yuan.

    Args:
        rows: Bookings, as `costs.flows` returns them.
        runs: Runs by scenario that the mean is over.
        scenario: Name of the scenario.
    """
    own = runs[scenario]
    rows = rows[(rows["scenario"] == scenario) & rows["kind"].isin(PAYMENTS)]
    rows = rows[pd.MultiIndex.from_frame(rows[RUN]).isin(own)]
    found = rows.groupby("payer")["yuan"].sum() / len(own)
    return found.reindex(list(BEARERS), fill_value=0.0)
