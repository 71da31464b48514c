"""Relocation: enterprises with a title that move into a cluster of their field (article 13).

What a cluster gains by it another place of the province loses: a move is displacement, and
`value_added_moved` keeps account of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.channels import reads
from jiqun.model.dimensions import CITIES
from jiqun.model.lever import always
from jiqun.model.policy.eligibility import delivery, eligible
from jiqun.model.policy.promotion import hosts
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from jiqun.model.model import ClusterPolicyModel

QUALITY = ("srdi", "little_giant", "champion")
"""Titles of the enterprises that article 13 wants in clusters."""


@reads("title_rate", "label_ladder", gather="share")
def gather(m: ClusterPolicyModel) -> None:
    """Once a year some of those outside clusters move into one, and leave part of their plant.

    Before the document nobody does: who belonged where by the end of 2023 is what tiers are.
    Workforce, machines, titles, debts and links go along; the city is chosen as entrants choose.
    """
    e, t, lever = m.enterprises, m.quarter, m.policy.lever("label_ladder")
    yearly = 0.0 if lever is None else lever.value("gather", t)
    if lever is None or yearly <= 0.0:
        return
    seats = hosts(m, lever)
    # Tier and city of the lever's groups are those of the cluster, the rest the enterprise's.
    own = {name: of for name, of in lever.groups(t).items() if name not in ("tier", "city")}
    asked = eligible(replace(lever, who=always(own)), e, t) & (e.cluster < 0)
    asked &= np.any([getattr(e, title) > NEVER for title in QUALITY], axis=0)
    rows = (asked & seats.any(axis=1)[e.field]).nonzero()[0]
    draw = uniform(m.seed_of_run, "gathers", e.id[rows], t)
    chance = (m.places.city_given_field * seats)[e.field[rows]].cumsum(axis=1)
    place = uniform(m.seed_of_run, "gathers where", e.id[rows], t) * chance[:, -1]
    city = (place[:, None] >= chance).sum(axis=1).clip(0, len(CITIES) - 1)
    cluster, tier, _, _ = m.places.pools[e.field[rows] * len(CITIES) + city].T
    moves = draw < yearly * delivery(m, lever, cluster)
    rows, city, cluster, tier = rows[moves], city[moves], cluster[moves], tier[moves]
    e.moved_from[rows] = e.city[rows]
    e.city[rows], e.cluster[rows], e.tier[rows], e.pool[rows] = city, cluster, tier, cluster
    e.capital[rows] *= 1.0 - m.parameters["moving_loss"]
