"""Sales: the market is cleared, and plant, quotas and the speed of buyers limit what is sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import energy, market, network, targeting
from model.scenario import FIELDS, Array

if TYPE_CHECKING:
    from model.model import ClusterPolicyModel

N = len(FIELDS)


def sell(m: ClusterPolicyModel) -> None:
    """Revenue: demand passes at once, market shares move towards competitiveness."""
    e, p = m.enterprises, m.parameters
    mass = market.competitiveness(e.size_level, e.size_noise, e.productivity, e.appeal, p["sigma"])
    target = _clear(m, mass)
    permitted = _permitted(m)
    if permitted is not None:
        # Buyers turn to others for what a plant under an energy quota may not make.
        target = _clear(m, mass * np.minimum(permitted / np.maximum(target, 1e-9), 1.0))
    # Plant was bought at older prices: what it makes is sold at those of today.
    m.plant_price += p["plant_price_speed"] / 4.0 * (m.price - m.plant_price)
    slack = p["capacity_slack"] / 4.0 * m.price / m.plant_price
    capacity = e.capital / np.maximum(e.capital_rate, 1e-9) * slack[e.field]
    wanted = market.adjust_revenue(
        e.revenue, target, m.demand_growth[e.field], p["share_adjustment"]
    )
    e.revenue = np.minimum(wanted, capacity)
    if permitted is not None:
        e.revenue = np.minimum(e.revenue, permitted)
    # Plans follow the demand an enterprise meets, not what its plant lets it sell.
    e.expected_revenue += p["expectation_speed"] * (4.0 * wanted - e.expected_revenue)


def _clear(m: ClusterPolicyModel, mass: Array) -> Array:
    """Revenue in full adjustment, through links and in the open market, yuan a quarter."""
    e = m.enterprises
    whole = e.weight * mass
    own = np.bincount(e.field, whole, N)
    wanted = network.needs(e, e.revenue, m.parameters["leader_purchases_in_field"])
    m.purchases = np.bincount(e.field, wanted, N)
    worth = m.link_worth * m.market / (own + m.outside)
    bought, per_mass, linked = network.through_links(m.links, whole, wanted, worth, e.field)
    m.local = market.local_share(m.purchases, bought, own, m.outside)
    m.revenue_per_mass = (m.market - bought) / (own + m.outside)
    asked = m.links @ (per_mass * (e.digital_stage >= network.DIGITAL))
    m.link_digital = asked / np.maximum(linked, 1e-30)
    return market.revenue_target(mass, e.field, own, m.outside, m.market, bought, linked)


def _permitted(m: ClusterPolicyModel) -> Array | None:
    """Most that each enterprise may sell under an energy quota, yuan a quarter; None without one.

    The quota is the energy of the year before less the fall asked for, at plants over a threshold.
    """
    e, lever = m.enterprises, m.policy.lever("energy_quota")
    fall = 0.0 if lever is None else lever.value("fall", m.quarter)
    if lever is None or fall <= 0.0:
        return None
    treated = targeting.eligible(lever, e) & (e.last_energy > 0.0)
    treated &= e.last_energy >= lever.value("threshold", m.quarter)
    facts = m.policy.province.marginals
    vat = facts["va_share_production_tax"] * m.parameters["vat_in_production_tax"]
    real = e.va_rate / (1.0 - vat) / m.price[e.field]
    used = np.maximum(e.energy_per_va - e.energy_saved, 0.0) * e.energy_technique
    return energy.revenue_within((1.0 - fall) / 4.0 * e.last_energy, treated, used, real)
