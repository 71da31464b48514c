"""Others act too: competitors outside gain what the document gives the province's enterprises.

How far is `others_match`: none at its centre, all of it in the world of the switch
`others_do_the_same`. What the document gives is read off a twin, the same province without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.branching import first_difference
from jiqun.model.elementary import power
from jiqun.model.lever import LeverOrigin

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel
    from jiqun.model.scenario import Scenario

MATCHED = (LeverOrigin.DOCUMENT_55, LeverOrigin.DESIGN)
"""Origins of the levers that others have the like of; older and later ones are national."""


def without_document(scenario: Scenario) -> Scenario:
    """The scenario without what others match: the twin's, which so needs no twin itself."""
    kept = tuple(lever for lever in scenario.levers if lever.origin not in MATCHED)
    return replace(scenario, levers=kept)


def keep_up(m: ClusterPolicyModel) -> None:
    """Bring the twin through the quarter that the run is about to begin; make it if it is due.

    Until the document can do anything the run is its own twin.
    """
    if m.parameters["others_match"] <= 0.0:
        return
    if m.twin is None:
        plain = without_document(m.policy)
        if first_difference(m.policy, plain) > m.quarter + 1:
            return
        m.twin = m.copied(plain)
    m.twin.pass_quarter()
    if m.twin.quarter % 4 == 3:
        m.twin.close_year()


def outside_mass(m: ClusterPolicyModel, own: Array) -> Array:
    """Mass of the outside competitor of each field with what it matches, shape (fields,).

    The level of the same quarter's gain, not a growth: what others have does not add up over time.
    All mass of the province counts, entrants and plants won from elsewhere included.

    Args:
        m: The model.
        own: Mass of the province's enterprises by field, in the clearing at hand.
    """
    if m.twin is None:
        return m.markets.outside_mass
    usual = m.twin.markets.own_mass
    known = (own > 0.0) & (usual > 0.0)
    gain = np.where(known, own, 1.0) / np.where(known, usual, 1.0)
    matched: Array = m.markets.outside_mass * power(gain, m.parameters["others_match"])
    return matched
