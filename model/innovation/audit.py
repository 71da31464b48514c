"""Audit of reported R&D: what cheating is worth when it may be found, and what is paid back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.channels import reads
from jiqun.model.economy import taxes
from jiqun.model.policy import payments
from jiqun.model.policy.eligibility import eligible
from jiqun.model.policy.ledger import Origin, Source
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel

USUAL_GRANT = 0.2
"""R&D grant over R&D at which the usual share of grants is spent on other things."""


@dataclass(frozen=True)
class Misused:
    """Grants that are spent on other things.

    Attributes:
        lever: Lever they are granted under.
        source: Part of public money that they are from.
        committed: Quarter they were committed in.
        yuan: Yuan of each, shape (rows,).
    """

    lever: Lever
    source: Source
    committed: int
    yuan: Array


@reads("audit", "rd_audit", rate="share")
def chance(m: ClusterPolicyModel) -> Array | float:
    """Chance that an enterprise's R&D of a year is audited, one number or shape (rows,)."""
    lever = m.policy.lever("rd_audit")
    rate = 0.0 if lever is None else lever.value("rate", m.quarter)
    if lever is None or rate <= 0.0:
        return 0.0
    return np.where(eligible(lever, m.enterprises, m.quarter), rate, 0.0)


def expected(reward: Array | float, audited: Array | float) -> Array | float:
    """What a yuan of reward for cheating is worth if what is found is paid back.

    With a cost of cheating that rises with its square, the sum cheated is in proportion to this
    (Allingham and Sandmo 1972, for one who looks at the mean alone).
    """
    return reward * (1.0 - audited)


def diverts(draw: Array, rate: float, audited: Array | float, share: float) -> Flag:
    """Who spends an R&D grant on other things.

    Args:
        draw: Place of each enterprise between 0 and 1, kept for life.
        rate: Grant over R&D.
        audited: Chance that it is audited.
        share: Share of grants that is diverted at the usual rate and without audits.
    """
    return np.asarray(draw < share * expected(rate, audited) / USUAL_GRANT)


def close_year(m: ClusterPolicyModel) -> None:
    """Audit the year: relabelled R&D is struck off, and what it brought falls due in a quarter.

    Tax goes back to those who shared in it; what was paid of a diverted grant goes back to the fund
    it came from, and what is still to come of it is cancelled.
    """
    e, lever, t = m.enterprises, m.policy.lever("rd_audit"), m.quarter
    rate = chance(m)
    if lever is None or not np.any(rate):
        return
    found = (uniform(m.seed_of_run, "rd audit", e.id, t) < rate).nonzero()[0]
    tax = e.year_relabel_gain[found]
    # Who does no R&D has nothing to show an auditor.
    m.count(lever.id, "audits", (e.weight * (e.year_rd_reported > 0.0))[found], found)
    e.year_rd_reported[found] = np.minimum(e.year_rd_reported, e.year_rd)[found]
    payer = taxes.payers("income", m.parameters["local_tax_province"])
    source = Source(Origin.TAX, lever.fund)
    m.programmes.payments_due.append(payments.Due(t + 1, lever, source, e.id[found], tax, payer))
    audited = np.zeros(len(e), dtype=bool)
    audited[found] = True
    for grant in m.programmes.misused:
        open_ = payments.cancel(m, grant.lever, grant.committed, audited & (grant.yuan > 0.0))
        paid = np.maximum(grant.yuan - open_, 0.0)[found]
        m.programmes.payments_due.append(
            payments.Due(t + 1, lever, grant.source, e.id[found], paid, grant.lever.paid_by)
        )
