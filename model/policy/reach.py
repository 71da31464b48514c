"""Reach of a lever that pays nobody: its term, at those it covers, as far as delivered.

Such a lever moves a price, a limit or a rate that an enterprise meets. Levers of one channel that
have the same term add up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.policy.eligibility import claims, delivery, delivery_by_cluster, eligible

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel


def channel_value(m: ClusterPolicyModel, channel: str, term: str) -> Array | float:
    """What the levers of a channel add to a term at each enterprise, shape (rows,).

    Zero, as one number, where none of them is in force.

    Args:
        m: The model.
        channel: Channel of the levers.
        term: The term of theirs that is asked for, in its base unit.
    """
    total: Array | None = None
    for lever in m.policy.levers_with(channel, term):
        size = lever.value(term, m.quarter)
        if size != 0.0:
            part = size * coverage(m, lever)
            total = part if total is None else total + part
    return 0.0 if total is None else total


def value_at(value: Array | float, rows: Whole) -> Array | float:
    """What levers add at some rows (`channel_value`); one number stays one."""
    return value[rows] if isinstance(value, np.ndarray) else value


def coverage(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Part of a lever that reaches each enterprise, settled once a year, shape (rows,).

    Where the lever has a take-up, an enterprise has all of it or nothing; else all that are
    eligible have the part that offices deliver. It is settled again where the groups change.
    """
    settled = lever.id, sum([begin <= m.quarter for begin, _ in lever.who])
    part = m.programmes.reach.get(settled)
    if part is None:
        e = m.enterprises
        if lever.value("take_up_full", m.quarter, -1.0) >= 0.0:
            brought = delivery_by_cluster(m, lever)
            users = claims(lever, e, m.seed_of_run, m.quarter, 0.0, brought)
            part = users.astype(np.float64)
        else:
            part = np.asarray(eligible(lever, e, m.quarter) * delivery(m, lever))
        m.programmes.reach[settled] = part
    return part
