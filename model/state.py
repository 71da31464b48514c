"""State of the model by owner: what stages of a quarter write beside the enterprises' columns.

Each owner is a plain record. `model/quarter.py` declares which stage of a quarter writes which of its
fields, and a test holds it. Agents with rules (province, cities, clusters, banks) and
the ledger keep their own state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from model.scenario import FIELDS

if TYPE_CHECKING:
    from model.scenario import Array


def _ones() -> Array:
    return np.ones(len(FIELDS))


def _zeros() -> Array:
    return np.zeros(len(FIELDS))


@dataclass(slots=True)
class Markets:
    """The markets of the fields; arrays have shape (fields,).

    Attributes:
        demand: Demand, yuan a quarter.
        industry_growth: Growth of demand of all industry that the province meets, smoothed.
        outside_share: Part of demand that others outside the province meet.
        past_demand: Demand of the two years before, the older first.
        demand_growth: Demand of this quarter over that of the last.
        two_year_growth: Demand over that two years before.
        price: Price, 2018 = 1.
        price_level: Price level of all fields, weighted by demand, 2018 = 1.
        plant_price: Price that plant in place was bought at.
        lasting_price: Price without its swings.
        input_price: Price of inputs beyond what the field's own price passes on, 2018 = 1.
        frontier_growth: Growth of the productivity of others in the quarter, log.
        frontier_level: The same since 2018, log.
        own_mass: Competitiveness of the province's enterprises.
        outside_mass: Competitiveness of others.
        revenue_per_mass: Sales in the open market for a unit of competitiveness, yuan a quarter.
    """

    demand: Array
    industry_growth: float
    outside_share: Array
    past_demand: tuple[Array, Array]
    demand_growth: Array = field(default_factory=_ones)
    two_year_growth: Array = field(default_factory=_ones)
    price: Array = field(default_factory=_ones)
    price_level: float = 1.0
    plant_price: Array = field(default_factory=_ones)
    lasting_price: Array = field(default_factory=_ones)
    input_price: Array = field(default_factory=_ones)
    frontier_growth: Array = field(default_factory=_zeros)
    frontier_level: Array = field(default_factory=_zeros)
    own_mass: Array = field(default_factory=_zeros)
    outside_mass: Array = field(default_factory=_zeros)
    revenue_per_mass: Array = field(default_factory=lambda: np.full(len(FIELDS), 0.25))
