"""Outlays: upkeep, plant, digital stages and green upgrades out of own funds, loans and grants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import covers
from jiqun.model.channels import reads
from jiqun.model.economy import credit, energy, investment, plans
from jiqun.model.elementary import dot
from jiqun.model.policy.reach import channel_value

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


@reads("credit_terms", longer="quarters")
@reads("price_of_energy", rise="share")
def invest(m: ClusterPolicyModel) -> None:
    """Upkeep, digital stages, green upgrades and lumps of plant under one finance constraint."""
    e, p, w = m.enterprises, m.parameters, m.enterprises.weight
    upkeep, lumps = plans.plant(m)
    digital_plan = plans.digital_stage(m)
    green_plan, green_saved = plans.green_upgrade(m)
    # Grants come when they are paid, so what is bought is financed in full.
    outlay = upkeep + digital_plan.cost + green_plan.cost + lumps.cost

    repaid = e.debt_long / (4.0 * p["loan_term"] + channel_value(m, "credit_terms", "longer"))
    buffer = p["cash_share"] * e.expected_revenue
    funds = np.maximum(e.cash + m.accounts.cash_flow - repaid - buffer, 0.0)
    # Banks are asked for part of what own funds do not cover; owners and suppliers bring the rest.
    gap = np.maximum(outlay - funds, 0.0)
    lent = credit.lend(m, p["bank_share"] * gap, lumps.cost, repaid)
    owners = (1.0 - p["bank_share"]) * gap

    available = funds + lent.long + owners - upkeep
    stage_up = digital_plan.buys & covers(available, digital_plan.cost)
    available = available - digital_plan.cost * stage_up
    green_up = green_plan.buys & covers(available, green_plan.cost)
    available = available - green_plan.cost * green_up
    lump = np.minimum(lumps.cost, np.maximum(available, 0.0))
    plant = upkeep + lump
    upgrades = digital_plan.cost * stage_up + green_plan.cost * green_up
    spent = plant + upgrades
    # A loan is drawn for what is bought: what was asked for and not used is not taken up.
    long = np.minimum(lent.long, spent)
    owners = np.clip(spent - funds - long, 0.0, owners)
    grant, unsupported = np.zeros(len(e)), spent.copy()
    for planned, bought in (
        (lumps, lump), (digital_plan, digital_plan.cost * stage_up),
        (green_plan, green_plan.cost * green_up),
    ):  # fmt: skip
        grant += planned.settle(m, bought)
        unsupported -= planned.granted(bought)
    grant += credit.interest_discount(m, long, unsupported)

    dividend = p["payout"] * np.maximum(m.accounts.profit_after_tax, 0.0)
    cash = e.cash + m.accounts.cash_flow + grant + long + lent.short + owners - repaid - spent
    dividend = np.minimum(dividend, np.maximum(cash - buffer, 0.0))
    dividend += p["excess_payout"] * np.maximum(cash - dividend - 3.0 * buffer, 0.0)
    cash -= dividend
    overdraft = np.maximum(-cash, 0.0)
    e.cash = cash + overdraft
    credit.owe(m, replace(lent, long=long, short=lent.short + overdraft), repaid)
    e.productivity += investment.embodied_gain(plant, e.capital, m.on_productivity("embodied_gain"))
    e.energy_technique = energy.technique(
        e.energy_technique, plant, e.capital,
        m.energy_rise
        * (1.0 + channel_value(m, "price_of_energy", "rise") + m.production.quota_price),
        p["energy_elasticity_new"],
    )  # fmt: skip
    _enter(m, plant, upgrades, grant)
    for channel, bought in (
        ("price_of_equipment", lump > 0.0), ("price_of_digital", stage_up),
        ("price_of_green", green_up),
    ):  # fmt: skip
        m.programmes.purchases_by_channel[channel] = m.programmes.purchases_by_channel.get(
            channel, 0.0
        ) + dot(w, bought)
    e.digital_stage[stage_up] += 1
    e.year_upgrades += stage_up
    e.energy_saved += np.where(green_up, green_saved, 0.0)
    e.green_upgrades += green_up
    e.year_investment += spent
    e.year_subsidy += grant
    m.accounts.transfers_paid += dot(w, grant)
    # What banks lend on a new plant gives its owners back what they had advanced.
    m.accounts.books.book("households", dot(w, dividend + lent.bridged - owners))
    m.accounts.books.book("outside", dot(w, spent))
    m.accounts.books.book("government", -dot(w, grant))
    credit.set_rates(m)


def _enter(m: ClusterPolicyModel, plant: Array, upgrades: Array, grant: Array) -> None:
    """Add what was bought to the assets, less depreciation: a cost without payment.

    Digital and green outlays are written off apart, since they are no plant that goods are made
    with. Grants for any of them are income of the next quarter, of which tax is due.
    """
    e, p = m.enterprises, m.parameters
    e.capital += plant - p["capital_depreciation"] / 4.0 * e.capital
    e.upgrades_value += upgrades - p["upgrade_depreciation"] / 4.0 * e.upgrades_value
    e.grant_income = grant
