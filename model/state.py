"""State of the model by owner: what stages of a quarter write beside the enterprises' columns.

Each owner is a plain record. `model/quarter.py` declares which stage writes which fields, and a
test holds the declarations. Agents with rules (province, cities, clusters, banks) and the ledger
keep their own state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import Books
from jiqun.model.dimensions import FIELDS, SIZES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.economy.network import Links, Search
    from jiqun.model.economy.supply import Orders
    from jiqun.model.economy.taxes import IncomeTaxRates
    from jiqun.model.innovation.audit import Misused
    from jiqun.model.observe.quantities import Recorded
    from jiqun.model.policy.payments import Due


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
    """The supply network; what the first links leave unset `model/start/first_links.py` finds.

    Attributes:
        links: Links, a one where the row supplies the column, shape (rows, rows).
        search: How suppliers and leaders look for each other this year.
        needs_ratio_start: Needs of leaders over suppliers' sales in 2018, shape (fields,).
        worth: What a link brings for a unit of competitiveness, over open sales, shape (fields,).
        orders: What leaders ordered in the last quarter.
        purchases: Purchases of leaders inside their field, yuan a quarter, shape (fields,).
        local_share: Part of them bought in the province, shape (fields,).
        digital_demand: Part of linked sales that goes to leaders who work digitally, shape (rows,).
        quality_demand: Part of them that goes to leaders who ask for quality, in the last quarter
            of a year, shape (rows,).
        quality_demand_start: Mean of it in 2018.
    """

    links: Links = field(init=False)
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


@dataclass(slots=True)
class Programmes:
    """What the levers have promised, paid and reached.

    Attributes:
        grants_paid: Grants of the quarter's calls paid at once, yuan, shape (rows,).
        rd_supported: R&D of last year that grants and awards support already, yuan, shape (rows,).
        rd_conditional_grants: Grants of a year that R&D opens, yuan by size class, shape (sizes,).
        payments_due: Money that falls due in later quarters.
        instalments_due: Cluster number and yuan of each instalment of an award due next year.
        granted: Lever with a cap a year to the grants of this year, yuan, shape (rows,).
        misused: Grants of the year that are spent on other things.
        cost_quantities: Lever and quantity to what was counted since costs were booked, by cell.
        entry_plant_refused: Lever to plant of entrants that its limit refused, yuan by cell.
        purchases_by_channel: Channel to purchases that it may support, since windows were last set.
        reach: Lever and number of its groups that have begun to the part of it that reaches each
            enterprise this year, shape (rows,).
    """

    grants_paid: Array
    rd_supported: Array
    rd_conditional_grants: Array = field(default_factory=lambda: np.zeros(len(SIZES)))
    payments_due: list[Due] = field(default_factory=list)
    instalments_due: list[tuple[int, float]] = field(default_factory=list)
    granted: dict[str, Array] = field(default_factory=dict)
    misused: list[Misused] = field(default_factory=list)
    cost_quantities: dict[tuple[str, str], Array] = field(default_factory=dict)
    entry_plant_refused: dict[str, Array] = field(default_factory=dict)
    purchases_by_channel: dict[str, float] = field(default_factory=dict)
    reach: dict[tuple[str, int], Array] = field(default_factory=dict)


@dataclass(slots=True)
class Accounts:
    """The quarter's accounts: what one stage leaves for a later one, and what closes the books.

    Attributes:
        cash_flow: Cash earned in the quarter, yuan, shape (rows,).
        profit_after_tax: Profit after tax, yuan, shape (rows,).
        smallness: How small each one's expected revenue is (`finance.smallness`), shape (rows,).
        bridge_loans: Loans of new plants that owners advance until banks grant them, yuan, (rows,).
        income_tax: Rates of corporate income tax in force.
        books: Net receipts of the other sectors.
        turnover: Sales with VAT of all enterprises, yuan.
        value_added_gap: Difference of the two sides of value added, relative.
        transfers_paid: Yuan that enterprises and suppliers of platforms received under levers.
    """

    cash_flow: Array
    profit_after_tax: Array
    bridge_loans: Array
    smallness: Array = field(init=False)
    income_tax: IncomeTaxRates = field(init=False)
    books: Books = field(default_factory=Books)
    turnover: float = 1.0
    value_added_gap: float = 0.0
    transfers_paid: float = 0.0


@dataclass(slots=True)
class ClusterTerms:
    """Terms by cluster number that members meet; the last place is for no cluster.

    Attributes:
        loan_discount: What the title takes off the loan rate, a share a year.
        appeal: What the title adds to appeal, log.
        plan: One where the cluster has a plan and a task force.
        promotion_body: One where it has a promotion body.
        rd_cost_cut: Part of the user cost of R&D that its platform saves.
        score_base: Dimension of the race to mean and spread of its indicators at end-2023.
    """

    loan_discount: Array = field(init=False)
    appeal: Array = field(init=False)
    plan: Array = field(init=False)
    promotion_body: Array = field(init=False)
    rd_cost_cut: Array = field(init=False)
    score_base: dict[str, tuple[Array, Array]] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Places:
    """Fields, cities and clusters as they are in all years; never written to.

    Attributes:
        pools: Primary cluster, its tier, own pool and county cluster of each pair of field and
            city, -1 for none, shape (pairs, 4).
        number_of_pools: Number of knowledge pools.
        city_given_field: Chance of each city for an entrant of a field, shape (fields, cities).
        registered_county: Registered county clusters, by cluster number; the last is for none.
        of_clusters: Attribute (tier, field, city) to its index at each cluster, shape (clusters,).
    """

    pools: Whole
    number_of_pools: int
    city_given_field: Array
    registered_county: Flag
    of_clusters: Mapping[str, Whole]


@dataclass(slots=True)
class YearCounts:
    """What is counted from the start of a year.

    Attributes:
        exits: Rows that left, and the enterprises they stood for.
        projects_chosen: Lever to projects chosen, or institutes set up.
        refused_projects: Number of projects refused permits or land.
        refused_plant: Their plant, yuan.
        residual: Largest residual of the books of a quarter, relative.
        demand: Demand, yuan, shape (fields,).
        purchases: Purchases of leaders inside their field, yuan, shape (fields,).
        local_purchases: Those bought in the province, yuan, shape (fields,).
    """

    exits: list[tuple[Whole, Array]] = field(default_factory=list)
    projects_chosen: dict[str, float] = field(default_factory=dict)
    refused_projects: float = 0.0
    refused_plant: float = 0.0
    residual: float = 0.0
    demand: Array = field(default_factory=_zeros)
    purchases: Array = field(default_factory=_zeros)
    local_purchases: Array = field(default_factory=_zeros)


@dataclass(slots=True)
class Observed:
    """What is kept of the years that are over.

    Attributes:
        recorded: Year and outcomes of a level, one item a year and level.
        base_2020: Energy and real value added of 2020 by group, once that year is over.
    """

    recorded: list[tuple[int, Recorded]] = field(default_factory=list)
    base_2020: tuple[Array, Array] | None = None
