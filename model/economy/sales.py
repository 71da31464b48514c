"""Sales: the market is cleared, and plant, quotas and the speed of buyers limit what is sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.channels import reads
from jiqun.model.dimensions import FIELDS, Array
from jiqun.model.economy import finance, market, network, others, supply, unit_cost
from jiqun.model.elementary import compiled
from jiqun.model.policy import energy_quota
from jiqun.model.policy.reach import channel_value

if TYPE_CHECKING:
    from jiqun.model.model import ClusterPolicyModel

N = len(FIELDS)


def sell(m: ClusterPolicyModel) -> None:
    """Revenue: demand passes at once, market shares move towards competitiveness."""
    e, p = m.enterprises, m.parameters
    able = market.competitiveness(e.size_level, e.size_noise, e.productivity, e.appeal, p["sigma"])
    m.markets.plant_price += (
        p["plant_price_speed"] / 4.0 * (m.markets.price - m.markets.plant_price)
    )
    normal, m.production.plant_ratio = unit_cost.plant_in_place(m)
    e.unit_cost = unit_cost.unit_cost(m)
    mass = able * unit_cost.kept(e.unit_cost, p["cost_passed"], p["sigma"])
    target = _clear(m, mass)
    unrestricted = target
    m.production.quota_price, permitted = 0.0, energy_quota.permitted(m)
    if permitted is not None:
        # Dearer energy raises prices and loses sales; what is still too much is rationed, and
        # buyers turn to others for it.
        m.production.quota_price, dearer = energy_quota.shadow_price(m, target, permitted)
        e.unit_cost = e.unit_cost + dearer
        mass = able * unit_cost.kept(e.unit_cost, p["cost_passed"], p["sigma"])
        target = _clear(m, mass)
        target = _clear(m, mass * np.minimum(permitted / np.maximum(target, 1e-9), 1.0))
    rated = normal / p["normal_utilisation"]
    most = p["plant_ceiling"] * rated
    if permitted is not None:
        without = np.minimum(_asked_for(m, unrestricted), most)
        withheld = np.maximum(without - permitted, 0.0)
        m.count("energy_quota", "sales_withheld", e.weight * withheld)
        most = np.minimum(most, permitted)
    wanted = _asked_for(m, target)
    # A leader that misses inputs made for it makes less, whatever its plant.
    short, within_supply = supply.within_supply(m)
    most[short] = np.minimum(most[short], within_supply * wanted[short])
    e.revenue = market.sold(wanted, most, e.weight, e.field, m.markets.demand)
    _expect(
        e.revenue, wanted, rated, p["plant_ceiling"], p["expectation_speed"],
        (e.year_capacity, e.year_at_ceiling, e.expected_revenue),
    )  # fmt: skip
    supply.deliver(m, wanted)
    m.accounts.smallness = finance.smallness(e.expected_revenue)


@compiled(
    "void(float64[::1], float64[::1], float64[::1], float64, float64, UniTuple(float64[::1], 3))"
)
def _expect(
    revenue: Array, wanted: Array, rated: Array, ceiling: float, speed: float,
    columns: tuple[Array, Array, Array],
) -> None:  # fmt: skip
    """Count the use of plant in the year, and move expected revenue, in place.

    Plans follow the demand an enterprise meets, not what its plant lets it sell.

    Args:
        revenue: Yuan a quarter.
        wanted: Sales asked for, yuan a quarter.
        rated: Sales at rated capacity, yuan a quarter.
        ceiling: Most that plant can make over rated capacity.
        speed: Share of the gap of expectations closed in a quarter.
        columns: Sales at rated capacity and at the ceiling in the year, and expected revenue, yuan
            a year.
    """
    capacity, at_ceiling, expected = columns
    for i in range(len(revenue)):
        capacity[i] += rated[i]
        at_ceiling[i] += 0.0 if revenue[i] < ceiling * rated[i] else revenue[i]
        met = max(wanted[i], revenue[i])
        expected[i] += speed * (4.0 * met - expected[i])


def _asked_for(m: ClusterPolicyModel, target: Array) -> Array:
    """Sales asked of each enterprise on the way to those in full adjustment, yuan a quarter."""
    e, speed = m.enterprises, m.parameters["share_adjustment"]
    return market.adjust_revenue(e.revenue, target, m.markets.demand_growth.take(e.field), speed)


def _clear(m: ClusterPolicyModel, mass: Array) -> Array:
    """Revenue in full adjustment, through links and in the open market, yuan a quarter."""
    e, markets, net = m.enterprises, m.markets, m.network
    whole = e.weight * mass
    own = markets.own_mass = np.bincount(e.field, whole, N)
    outside = others.outside_mass(m, own)
    wanted = network.needs(e, e.revenue, m.parameters["leader_purchases_in_field"])
    net.purchases = np.bincount(e.field, wanted, N)
    worth = net.worth * markets.demand / (own + outside)
    bought, per_mass, linked = network.through_links(net.links, whole, wanted, worth, e.field)
    net.orders = supply.Orders(whole, per_mass, wanted)
    net.local_share = market.local_share(net.purchases, bought, own, outside)
    markets.revenue_per_mass = (markets.demand - bought) / (own + outside)
    net.digital_demand = network.asked(
        net.links, per_mass, linked, e.digital_stage >= network.DIGITAL
    )
    if m.quarter % 4 == 3:  # titles alone look at it, at the year's end
        net.quality_demand = network.asked(net.links, per_mass, linked, network.asks_quality(e))
    return market.revenue_target(mass, e.field, own, outside, markets.demand, bought, linked)


@reads("appeal", appeal="share")
def update_appeal(m: ClusterPolicyModel) -> None:
    """Set what buyers see of each product: titles of its cluster, and what levers have shown."""
    e, p = m.enterprises, m.parameters
    # Kept up year after year, what a lever shows to buyers comes to its term; ended, it fades.
    e.brand += p["brand_decay"] * channel_value(m, "appeal", "appeal")
    e.appeal = m.cluster_terms.appeal[e.cluster] + e.brand
    e.brand *= 1.0 - p["brand_decay"]
