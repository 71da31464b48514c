"""The outside world: demand, prices, the frontier and the tax rates that a quarter brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import taxes
from model.elementary import dot, exp, log1p
from model.scenario import FIELDS

if TYPE_CHECKING:
    from model.model import ClusterPolicyModel


def outside_world(m: ClusterPolicyModel) -> None:
    """Demand, prices and frontier of the quarter; yearly paths are steps that keep yearly means."""
    p, year = m.parameters, m.year
    if m.quarter % 4 == 0:
        outside = m.policy.outside
        # New plant goes where markets grew in the two years before.
        m.attraction = m.market / m.past_markets[0]
        m.past_markets = (*m.past_markets[1:], m.market)
        price = 1.0 + outside.growth("price", year)
        # Orders run on: the province meets the swings of all industry late, a field's own at once.
        demand, carried = outside.growth("demand", year), p["demand_inertia"]
        nation = dot(m.market, demand) / float(m.market.sum())
        m.demand_pace = carried * m.demand_pace + (1.0 - carried) * nation
        m.demand_growth = (1.0 + demand + m.demand_pace - nation) * price
        m.price = m.price * price
        # Pay follows prices at once, or each year of rising prices would begin with high profit.
        m.wage *= float(np.sum(m.market * price) / np.sum(m.market))
        m.market = m.market * m.demand_growth
        m.price_all = float(np.sum(m.market) / np.sum(m.market / m.price))
        m.frontier = p["frontier_share"] * log1p(outside.growth("frontier", year)) / 4.0
        m.input_price *= 1.0 + outside.input_gap_in(year)
        m.banks.base_rate = outside.loan_rate_in(year)
    else:
        m.demand_growth = np.ones(len(FIELDS))
    m.outside = m.outside * exp((p["sigma"] - 1.0) * m.frontier)
    m.common = m.common + m.frontier
    rates = m.lever_value
    m.income_tax = taxes.IncomeTaxRates(
        *(rates("corporate_income_tax", term) for term in taxes.IncomeTaxRates.__annotations__)
    )
