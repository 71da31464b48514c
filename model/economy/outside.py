"""The outside world: demand, prices, the frontier and the tax rates that a quarter brings.

Markets are given in yuan, so demand for a field has elasticity one. Where the province takes a
larger part of a market its price falls, in proportion to (part left to others)^(1 / elasticity).
The price index of CES demand does so with elasticity sigma - 1 when others keep their mass; so does
the price where others give way by their own supply, with elasticity one plus that of their supply
(residual demand of a group of sellers, Landes and Posner 1981).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.channels import reads
from jiqun.model.dimensions import FIELDS
from jiqun.model.economy import taxes
from jiqun.model.elementary import dot, exp, log1p, power

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


@reads(
    "tax", "corporate_income_tax", ordinary="share", high_tech="share", small_limit="money",
    small_first_limit="money", small_first="share", small_rest="share",
)  # fmt: skip
def outside_world(m: ClusterPolicyModel) -> None:
    """Demand, prices and frontier of the quarter; yearly paths are steps that keep yearly means."""
    p, year, markets = m.parameters, m.year, m.markets
    if m.quarter % 4 == 0:
        outside, half_life = m.policy.outside, p["growth_half_life"]
        answer = own_supply(m)
        # New plant goes where markets grew in the two years before.
        markets.two_year_growth = markets.demand / markets.past_demand[0]
        markets.past_demand = (*markets.past_demand[1:], markets.demand)
        price = 1.0 + outside.growth("price", year, half_life)
        # Orders run on: the province meets the swings of all industry late, a field's own at once.
        demand, carried = outside.growth("demand", year, half_life), p["demand_inertia"]
        nation = dot(markets.demand, demand) / float(markets.demand.sum())
        markets.industry_growth = carried * markets.industry_growth + (1.0 - carried) * nation
        markets.demand_growth = (1.0 + demand + markets.industry_growth - nation) * price
        markets.price = markets.price * price * answer
        # Pay follows prices at once, or each year of rising prices would begin with high profit.
        m.labour.wage *= float(np.sum(markets.demand * price) / np.sum(markets.demand))
        markets.demand = markets.demand * markets.demand_growth
        markets.price_level = float(np.sum(markets.demand) / np.sum(markets.demand / markets.price))
        markets.frontier_growth = (
            p["frontier_share"] * log1p(outside.growth("frontier", year, half_life)) / 4.0
        )
        # What others supply does not get cheaper with the field's own price.
        markets.input_price = markets.input_price * (1.0 + outside.input_gap_in(year)) / answer
        m.banks.base_rate = outside.loan_rate_in(year)
    else:
        markets.demand_growth = np.ones(len(FIELDS))
    markets.outside_mass = markets.outside_mass * exp((p["sigma"] - 1.0) * markets.frontier_growth)
    markets.frontier_level = markets.frontier_level + markets.frontier_growth
    rates = m.lever_value
    m.accounts.income_tax = taxes.IncomeTaxRates(
        *(rates("corporate_income_tax", term) for term in taxes.IncomeTaxRates.__annotations__)
    )


def own_supply(m: ClusterPolicyModel) -> Array:
    """What a field's price is multiplied by for the supply of the province, shape (fields,).

    Until the origin prices are published and hold the answer already; what counts afterwards is
    the part of the market sold since. A year's prices answer to sales of the year before.
    """
    e, p, markets = m.enterprises, m.parameters, m.markets
    sales = np.bincount(e.field, e.weight * e.revenue, len(FIELDS))
    left = np.maximum(1.0 - sales / markets.demand, p["left_to_others_least"])
    before, markets.outside_share = markets.outside_share, left
    if m.year <= m.policy.outside.origin + 1:
        return np.ones(len(FIELDS))
    return power(markets.outside_share / before, p["supply_price_inverse"])
