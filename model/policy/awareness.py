"""Learning of a new measure: by attention of one's own, which rises with size, and from peers.

A measure reaches only those who know of it. Older measures are known to all who would claim them;
of a new one an enterprise learns with a hazard, and what it has learnt stays learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.elementary import expm1, power
from jiqun.model.lever import LeverOrigin

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel


def hazard(
    revenue: Array, organised: Flag, peers: Array, own: float, size_power: float,
    raised: float, imitation: float,
) -> Array:  # fmt: skip
    """Hazard a year to learn of a measure (Bass 1969: own attention and imitation).

    Args:
        revenue: Yuan a year: those with staff for tax and projects read what is issued.
        organised: Has an R&D institution or a quality title, so deals with offices already.
        peers: Share of the peers that claim.
        own: Hazard of own attention at 100 million yuan, a year.
        size_power: Rise of own attention with size.
        raised: Rise of own attention of the organised, share.
        imitation: Hazard where all peers claim, a year.

    Returns:
        Hazard a year, shape (rows,).
    """
    size = np.minimum(power(revenue / 100e6, size_power), 4.0)
    result: Array = own * size * (1.0 + raised * organised) + imitation * peers
    return result


def is_new(lever: Lever, quarter: int) -> bool:
    """Whether a measure must be learnt of: not an older one, and no take-up of its own is set."""
    return lever.origin != LeverOrigin.OLDER and lever.value("take_up_full", quarter, -1.0) < 0.0


def knows(
    m: ClusterPolicyModel, lever: Lever, among: Flag | None = None,
    rows: Whole | slice = slice(None),
) -> Flag:  # fmt: skip
    """Who knows of a measure; nobody knows a new one in its first quarter.

    Args:
        m: The model.
        lever: The measure.
        among: Those who are asked, shape of `rows`; all if absent.
        rows: Rows that are looked at.

    Returns:
        Who of those asked knows of it, shape of `rows`.
    """
    e = m.enterprises
    asked = np.ones(len(e.id[rows]), dtype=bool) if among is None else among.copy()
    if is_new(lever, m.quarter):
        at = asked.nonzero()[0]
        heard = e.heard.setdefault(lever.id, np.zeros(len(e)))[rows][at]
        draw = e.lasting_draw(m.seed_of_run, f"hears {lever.id}")[rows][at]
        asked[at] = draw < -expm1(-heard)
    return asked
