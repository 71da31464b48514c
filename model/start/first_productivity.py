"""Productivity at end-2018: the part of an enterprise's size that knowledge and digital work gave.

What they give from 2019 on adds to productivity; what they had given by then is in the size at the
start. Here it is taken out of `size_level`, so that no one sells more or less by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.dimensions import FIELDS
from jiqun.model.innovation.innovation import log_gain

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel

N = len(FIELDS)


def learned(knowledge: Array, floor: Array, field: Whole, sales: Array) -> Array:
    """Log of knowledge over its floor, less the mean of the field by sales, shape (rows,).

    The floor is a share of sales, so this is of research and not of size. By sales, because that
    is the mean entrants take over (`turnover.entry`).

    Args:
        knowledge: Stock, yuan of 2018.
        floor: Floor of the stock, yuan of 2018.
        field: Field index.
        sales: Of all enterprises of a row, yuan a year.
    """
    gained = log_gain(np.zeros(len(knowledge)), knowledge, floor)
    whole = np.maximum(np.bincount(field, sales, N), 1.0)
    mean = np.bincount(field, sales * gained, N) / whole
    result: Array = gained - mean.take(field)
    return result


def found(m: ClusterPolicyModel) -> None:
    """Give enterprises the productivity their knowledge brought, at the values of the draw.

    Mass, and with it the start as an equilibrium, is the same at every `sigma`.
    """
    e = m.enterprises
    own = m.on_productivity("gamma_RD") * learned(
        e.knowledge, e.knowledge_floor, e.field, e.weight * e.expected_revenue
    )
    e.productivity += own
    e.size_level -= (m.parameters["sigma"] - 1.0) * own
    e.digital_gain[:] = m.on_productivity("phi_D") * e.digital_stage / 4.0
