"""The energy quota: what plants may use, the price it puts on energy there, and what they may sell.

A quota that is not traded has no price on a market, but it has one inside the plant: what it would
give for a further tce. That price is a rent of the plant that holds the quota, so nobody pays it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.model.channels import reads
from jiqun.model.economy import energy
from jiqun.model.economy.demography import RAMP
from jiqun.model.economy.unit_cost import energy_per_revenue
from jiqun.model.policy.eligibility import eligible

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


@reads("energy_quota", "energy_quota", fall="share", growth="share", threshold="energy")
def permitted(m: ClusterPolicyModel) -> Array | None:
    """Most that each enterprise may sell under the quota, yuan a quarter; None without one."""
    e, lever = m.enterprises, m.policy.lever("energy_quota")
    fall = 0.0 if lever is None else lever.value("fall", m.quarter)
    if lever is None or fall <= 0.0:
        return None
    if m.quarter % 4 == 0:
        # A quota starts from the year before; that of a new plant from one in which it ran in full.
        named = (e.energy_quota == 0.0) & (e.last_energy >= lever.value("threshold", m.quarter))
        named &= ~e.plant | (m.quarter - e.founded >= RAMP + 4)
        e.energy_quota[named] = e.last_energy[named]
        e.energy_quota *= (1.0 + lever.value("growth", m.quarter)) * (1.0 - fall)
    treated = eligible(lever, e, m.quarter) & (e.energy_quota > 0.0)
    return energy.revenue_within(e.energy_quota / 4.0, treated, energy_per_revenue(m))


def shadow_price(m: ClusterPolicyModel, wanted: Array, permitted: Array) -> tuple[Array, Array]:
    """Rise of the price of energy by the quota inside each plant, and of its unit cost.

    Args:
        m: The model.
        wanted: What the plant would sell without the quota, yuan a quarter.
        permitted: Most that it may sell with it, yuan a quarter.

    Returns:
        Rise of the price, a share, and of the log of unit cost, both shape (rows,).
    """
    p = m.parameters
    paid = energy.price(
        p["energy_price"], m.energy_rise, m.markets.price_level
    ) * energy_per_revenue(m)
    elasticity = p["energy_elasticity_new"] + (p["sigma"] - 1.0) * p["cost_passed"] * paid
    rise = energy.shadow_price(wanted / permitted, elasticity, p["quota_price_most"])
    return rise, paid * rise
