"""State of the model by owner: what stages of a quarter write beside the enterprises' columns.

Each owner is a plain record. `model/quarter.py` declares which stage writes which fields, and a
test holds the declarations. Agents with rules (province, cities, clusters, banks) and the ledger
keep their own state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from model.scenario import FIELDS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from model.network import Search
    from model.scenario import Array
    from model.supply import Orders


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


@dataclass(slots=True)
class Network:
    """The supply network; what the first links leave unset `model/first_links.py` finds.

    Attributes:
        links: Links, a one where the row supplies the column, shape (rows, rows).
        search: How suppliers and leaders look for each other this year.
        needs_ratio_start: Needs of leaders over suppliers' sales in 2018, shape (fields,).
        worth: What a link brings for a unit of competitiveness, over open sales, shape (fields,).
        orders: What leaders ordered in the last quarter.
        purchases: Purchases of leaders inside their field, yuan a quarter, shape (fields,).
        local_share: Part of them bought in the province, shape (fields,).
        digital_demand: Part of linked sales that goes to leaders who work digitally, shape (rows,).
        quality_demand: Part of them that goes to leaders who ask for quality, shape (rows,).
        quality_demand_start: Mean of it in 2018.
    """

    links: csr_array = field(init=False)
    search: Search = field(init=False)
    needs_ratio_start: Array = field(init=False)
    worth: Array = field(init=False)
    orders: Orders = field(init=False)
    purchases: Array = field(init=False)
    local_share: Array = field(init=False)
    digital_demand: Array = field(init=False)
    quality_demand: Array = field(init=False)
    quality_demand_start: float = field(init=False)


@dataclass(slots=True)
class Labour:
    """The labour market of the province.

    Attributes:
        wage: Provincial wage, yuan a year.
        wage_start: The same at end-2018.
        share_start: Labour share of value added at end-2018.
        wage_gap: Growth of the wage here beyond that elsewhere, log.
        previous: Value added, yuan of 2018, and staff of the last quarter; none before the first.
        saving: Labour saved by methods and machines that other columns do not carry, log.
    """

    wage: float
    wage_start: float
    share_start: float
    wage_gap: float = 0.0
    previous: tuple[float, float] | None = None
    saving: float = 0.0


@dataclass(slots=True)
class Innovation:
    """Terms of research.

    Attributes:
        rd_cost_ratio: User cost of R&D over that of 2018, shape (rows,).
        relabelling_reward: Tax saved by a yuan falsely reported as R&D, shape (rows,).
        pool_knowledge: Knowledge stock of each pool, yuan of 2018, shape (pools,).
    """

    rd_cost_ratio: Array
    relabelling_reward: Array
    pool_knowledge: Array


@dataclass(slots=True)
class Production:
    """Terms of production.

    Attributes:
        plant_ratio: Plant over that wanted for the sales expected, shape (rows,).
        quota_price: Price that an energy quota adds to that of energy, a share.
    """

    plant_ratio: Array = field(init=False)
    quota_price: Array | float = 0.0
