"""What each enterprise would buy this quarter, and which grant it would have for it.

Plant, digital stages and green upgrades are planned alike: who would buy with the best grant open
to it, who of them is approved inside the purse, and who buys anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.channels import reads
from jiqun.model.economy import credit, energy, investment
from jiqun.model.elementary import exp, power
from jiqun.model.innovation import digital
from jiqun.model.policy import payments, permits
from jiqun.model.policy.offers import Offer, best_offer
from jiqun.model.policy.rationing import serve
from jiqun.model.policy.reach import channel_value, value_at
from jiqun.model.randomness import laplace, uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


@dataclass(frozen=True)
class Plan:
    """A planned outlay.

    Attributes:
        buys: Would buy, shape (rows,).
        cost: Outlay, yuan, zero where nothing is bought, shape (rows,).
        offer: The best grant of each enterprise.
        approvals: Claims approved, one a lever.
    """

    buys: Flag
    cost: Array
    offer: Offer
    approvals: Sequence[payments.Approval]

    def settle(self, m: ClusterPolicyModel, spent: Array, grant: Array, unsupported: Array) -> None:
        """Commit the grants for what was bought.

        Args:
            m: The model.
            spent: Yuan spent on it, shape (rows,).
            grant: Added to: what is paid at once, yuan, shape (rows,).
            unsupported: Taken off: what is granted, paid at once or later, yuan, shape (rows,).
        """
        if self.approvals:
            claim = self.offer.claim(spent)
            paid, granted = np.zeros(len(spent)), np.zeros(len(spent))
            for approval in self.approvals:
                paid += payments.commit(m, approval, claim)
                granted += np.minimum(approval.yuan, claim)
            grant += paid
            unsupported -= granted


def _approve(
    m: ClusterPolicyModel, offer: Offer, claim: Callable[[Offer], Array]
) -> tuple[Offer, list[payments.Approval], Flag]:
    """Approvals lever by lever; who is refused asks for the next best grant open to it.

    Args:
        m: The model.
        offer: The best grant of each enterprise.
        claim: Yuan that each enterprise claims under an offer, shape (rows,).

    Returns:
        The offer that each enterprise asked for last, the approvals, and who has one.
    """
    last, approvals = offer, list[payments.Approval]()
    approved = np.zeros(len(offer.lever), dtype=bool)
    while np.any(offer.lever >= 0):
        asked = claim(offer)
        for i, lever in enumerate(offer.levers):
            approval = payments.approve(m, lever, asked * (offer.lever == i))
            approvals.append(approval)
            approved |= approval.yuan > 0.0
        refused = (asked > 0.0) & ~approved
        if not refused.any():
            break
        offer = offer.next_to(refused)
        last = last.with_those_of(offer)
    return last, approvals, approved


@reads("price_of_equipment", rate="share", cap="money")
def plant(m: ClusterPolicyModel, discount: Array) -> tuple[Array, Plan]:
    """Upkeep and lumps of plant; a grant lowers the price of equipment up to its cap.

    Args:
        m: The model.
        discount: What titles and levers take off the rate of loans, a share a year, shape (rows,).
    """
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    draws = [uniform(seed, name, e.id, t) for name in ("review", "trigger", "upkeep")]
    refused = permits.settle(m)
    limit = np.where(refused, e.plant_limit, np.inf)

    # Plant takes time to build and is there for years: it is planned for the market ahead.
    seen = np.clip(m.markets.two_year_growth, p["growth_seen_least"], p["growth_seen_most"])
    growth = power(seen, 0.5 * p["plan_ahead"])
    sales = e.expected_revenue * growth.take(e.field)
    target = e.capital_rate * investment.finance_cost(
        credit.dearer(m, discount), m.policy.outside.loan_rate_in(2018), p["capital_depreciation"],
        p["interest_elasticity"],
    )  # fmt: skip

    def wanted(rows: Whole | slice, price: Array | float) -> Array:
        return investment.wanted_capital(
            target[rows], sales[rows], price, p["equipment_elasticity"]
        )

    def planned(rows: Whole | slice, price: Array | float) -> tuple[Array, Array]:
        most, capital, asked = limit[rows], e.capital[rows], wanted(rows, price)
        upkeep, lump = investment.plan(
            capital, asked, draws[0][rows], draws[1][rows], draws[2][rows],
            p["capital_depreciation"], p["review_rate"], (p["trigger_low"], p["trigger_high"]),
            p["upkeep_chance"],
        )  # fmt: skip
        held = (asked > most).nonzero()[0]
        if len(held):
            upkeep[held], lump[held] = permits.capped_plan(
                upkeep[held], lump[held], capital[held], most[held], p["capital_depreciation"]
            )
        return upkeep, lump

    upkeep, lump = planned(slice(None), 1.0)
    offer = best_offer(m, "price_of_equipment")
    supported = upkeep.copy(), lump.copy()

    def claim(offer: Offer) -> Array:
        rows = (offer.lever >= 0).nonzero()[0]
        rate, cap = offer.rate[rows], offer.cap[rows]
        upkeep_paid, larger = planned(rows, np.maximum(1.0 - rate, investment.LEAST_PRICE))
        # Above the cap a further yuan of plant is not supported: the lump stops there.
        larger = np.minimum(larger, np.maximum(cap / rate, lump[rows]))
        supported[0][rows], supported[1][rows] = upkeep_paid, larger
        asked = np.zeros(len(e))
        asked[rows] = offer.claim(larger, rows)
        return asked

    offer, approvals, approved = _approve(m, offer, claim)
    if approvals:
        upkeep = np.where(approved, supported[0], upkeep)
        lump = np.where(approved, supported[1], lump)
    if refused.any():
        rows = refused.nonzero()[0]
        drawn = (draws[0][rows], draws[1][rows], draws[2][rows])
        permits.refuse(m, rows, wanted(rows, 1.0), upkeep[rows] + lump[rows], drawn)
    return upkeep, Plan(lump > 0.0, lump, offer, approvals)


@reads("price_of_digital", rate="share", cap="money")
@reads("digital_terms", interest="share")
@reads("digital_terms", cost="share")
@reads("capacity", "digital_capacity", above="share", below="share")
def digital_stage(m: ClusterPolicyModel) -> Plan:
    """Who would take a further digital stage, inside the capacity of service providers."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    peers = m.peer_share(e.digital_stage >= 1)
    # Templates of zones bring the question up; leaders' platforms make the answer cheaper.
    interest = p["p_ext"] * (1.0 + channel_value(m, "digital_terms", "interest"))
    hazard = digital.consideration(interest, p["q_peer"], peers)
    considers = (uniform(seed, "digital thought", e.id, t) < hazard) & (e.digital_stage < 4)
    # Most enterprises do not think of it in a quarter: the rest is worked out for those who do.
    rows = considers.nonzero()[0]
    offer = best_offer(m, "price_of_digital", rows)
    ids, weight, above = e.id[rows], e.weight[rows], e.above_scale[rows]
    price = m.markets.price_level
    cost = price * digital.stage_cost(
        e.expected_revenue[rows] / price, e.digital_stage[rows], p["digital_fixed"],
        p["digital_share"], p["digital_power"],
    )  # fmt: skip
    cost *= 1.0 - m.cluster_terms.rd_cost_cut[e.cluster[rows]]
    cost *= 1.0 - value_at(channel_value(m, "digital_terms", "cost"), rows)

    # Leaders that are digital themselves ask it of their suppliers, who so see more in it.
    seen = p["digital_perceived"] * (
        1.0 + p["link_digital_demand"] * m.network.digital_demand[rows]
    )

    value_added, view = 4.0 * e.value_added[rows], laplace(seed, "digital view", ids, t)

    def wants(grant: Array | float) -> Flag:
        return digital.worth_it(
            value_added, cost - grant, view, seen, p["digital_hurdle"], p["digital_spread"]
        )

    willing = wants(0.0)

    def claim(offer: Offer) -> Array:
        asked, grant = np.zeros(len(e)), offer.claim(cost, rows)
        asked[rows] = np.where(wants(grant), grant, 0.0)
        return asked

    offer, approvals, approved = _approve(m, offer, claim)
    willing |= approved[rows]
    turn = uniform(seed, "digital turn", ids, t)
    grown = exp(p["digital_capacity_growth"] * t / 4.0) * price / 4.0
    done = np.zeros(len(rows), dtype=bool)
    for group, name in ((above, "above"), (~above, "below")):
        raised = 1.0 + m.lever_value("digital_capacity", name)
        capacity = p[f"digital_capacity_{name}"] * grown * raised
        served = serve(willing & group, cost, weight, turn, capacity)
        done |= served
        work = weight * cost * served
        beyond = np.maximum(work.sum() - capacity / raised, 0.0) / np.maximum(work.sum(), 1.0)
        m.count("digital_capacity", "work_beyond_usual", beyond * work, rows)
    buys, paid = np.zeros(len(e), dtype=bool), np.zeros(len(e))
    buys[rows[done]], paid[rows[done]] = True, cost[done]
    return Plan(buys, paid, offer, approvals)


@reads("price_of_green", rate="share", cap="money")
@reads("price_of_energy", rise="share")
def green_upgrade(m: ClusterPolicyModel) -> tuple[Plan, Array]:
    """Who would make a green upgrade, and what it would save per real value added, (rows,)."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    e.energy_per_va *= 1.0 - p["aeei"] / 4.0
    e.energy_saved *= 1.0 - p["aeei"] / 4.0
    # Few have their energy audited in a quarter: the rest is worked out for those.
    rows = (uniform(seed, "audit", e.id, t) < p["audit_rate"] / 4.0).nonzero()[0]
    offer = best_offer(m, "price_of_green", rows)
    per_va = p["green_step"] * np.maximum(e.energy_per_va[rows] - e.energy_saved[rows], 0.0)
    saved = per_va * e.energy_technique[rows] * 4.0 * e.value_added_real[rows]
    price = m.markets.price_level
    cost = price * energy.upgrade_cost(
        saved, e.green_upgrades[rows], p["cost_tce"], p["green_slope"]
    )
    view = laplace(seed, "green view", e.id[rows], t)
    levy = value_at(channel_value(m, "price_of_energy", "rise") + m.production.quota_price, rows)
    dear = energy.price(p["energy_price"], m.energy_rise, price) * (1.0 + levy)

    def wants(grant: Array | float) -> Flag:
        return energy.pays(
            saved, cost, grant, dear, view, p["hurdle_green"], p["kappa_upfront"],
            p["green_spread"],
        )  # fmt: skip

    willing = wants(0.0)

    def claim(offer: Offer) -> Array:
        asked, grant = np.zeros(len(e)), offer.claim(cost, rows)
        asked[rows] = np.where(wants(grant), grant, 0.0)
        return asked

    offer, approvals, approved = _approve(m, offer, claim)
    willing |= approved[rows]
    buys, yuan, saving = np.zeros(len(e), dtype=bool), np.zeros(len(e)), np.zeros(len(e))
    buys[rows[willing]], yuan[rows], saving[rows] = True, cost * willing, per_va
    return Plan(buys, yuan, offer, approvals), saving
