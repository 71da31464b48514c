"""Outlays: upkeep, plant, digital stages and green upgrades out of own funds, loans and grants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import YUAN
from jiqun.model.channels import reads
from jiqun.model.economy import credit, energy, investment, plans
from jiqun.model.elementary import compiled, dot
from jiqun.model.policy.reach import channel_value

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag
    from jiqun.model.model import ClusterPolicyModel
    from jiqun.model.scenario import Array


@reads("credit_terms", longer="quarters")
@reads("price_of_energy", rise="share")
def invest(m: ClusterPolicyModel) -> None:
    """Upkeep, digital stages, green upgrades and lumps of plant under one finance constraint."""
    e, p, w = m.enterprises, m.parameters, m.enterprises.weight
    discount = credit.discount(m)
    upkeep, lumps = plans.plant(m, discount)
    digital_plan = plans.digital_stage(m)
    green_plan, green_saved = plans.green_upgrade(m)
    repaid = e.debt_long / (4.0 * p["loan_term"] + channel_value(m, "credit_terms", "longer"))
    buffer = p["cash_share"] * e.expected_revenue
    funds, gap = _own_funds(
        e.cash, m.accounts.cash_flow, repaid, buffer, upkeep, digital_plan.cost, green_plan.cost,
        lumps.cost,
    )  # fmt: skip
    # Banks are asked for part of what own funds do not cover; owners and suppliers bring the rest.
    lent = credit.lend(m, p["bank_share"] * gap, lumps.cost, repaid)
    owners = (1.0 - p["bank_share"]) * gap
    stage_up, green_up, digital, green, lump = _bought(
        funds + lent.long + owners - upkeep, digital_plan.buys, digital_plan.cost,
        green_plan.buys, green_plan.cost, lumps.cost, YUAN,
    )  # fmt: skip
    plant, upgrades = upkeep + lump, digital + green
    spent = plant + upgrades
    # A loan is drawn for what is bought: what was asked for and not used is not taken up.
    long = np.minimum(lent.long, spent)
    owners = np.clip(spent - funds - long, 0.0, owners)
    grant, unsupported = np.zeros(len(e)), spent.copy()
    for planned, bought in ((lumps, lump), (digital_plan, digital), (green_plan, green)):
        paid, granted = planned.settle(m, bought)
        grant += paid
        unsupported -= granted
    grant += credit.interest_discount(m, long, unsupported)

    in_hand = _in_hand(e.cash, m.accounts.cash_flow, grant, long, lent.short, owners, repaid, spent)
    e.cash, dividend, overdraft = _paid_out(
        in_hand, buffer, m.accounts.profit_after_tax, p["payout"], p["excess_payout"]
    )
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
    e.digital_stage += stage_up
    e.year_upgrades += stage_up
    e.energy_saved += np.where(green_up, green_saved, 0.0)
    e.green_upgrades += green_up
    e.year_investment += spent
    e.year_subsidy += grant
    granted_in_all = dot(w, grant)
    m.accounts.transfers_paid += granted_in_all
    # What banks lend on a new plant gives its owners back what they had advanced.
    m.accounts.books.book("households", dot(w, dividend + lent.bridged - owners))
    m.accounts.books.book("outside", dot(w, spent))
    m.accounts.books.book("government", -granted_in_all)
    credit.set_rates(m, discount)


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], float64[::1], float64[::1])"
)
def _own_funds(
    cash: Array, cash_flow: Array, repaid: Array, buffer: Array, upkeep: Array, digital: Array,
    green: Array, lump: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Own funds beyond a buffer, and what they do not cover of the outlays planned, yuan.

    Grants come when they are paid, so what is bought is financed in full.
    """
    funds, gap = np.empty(len(cash)), np.empty(len(cash))
    for i in range(len(cash)):
        funds[i] = max(cash[i] + cash_flow[i] - repaid[i] - buffer[i], 0.0)
        gap[i] = max(upkeep[i] + digital[i] + green[i] + lump[i] - funds[i], 0.0)
    return funds, gap


@compiled(
    "Tuple((boolean[::1], boolean[::1], float64[::1], float64[::1], float64[::1]))(float64[::1],"
    " boolean[::1], float64[::1], boolean[::1], float64[::1], float64[::1], float64)"
)
def _bought(
    available: Array, digital_buys: Flag, digital_cost: Array, green_buys: Flag,
    green_cost: Array, planned: Array, short_by: float,
) -> tuple[Flag, Flag, Array, Array, Array]:  # fmt: skip
    """What is bought of the plans with what is available: first a digital stage, last plant.

    Money covers a cost as `covers` has it, which is handed over what it may be short by.

    Returns:
        Who takes a digital stage and who makes a green upgrade; yuan for each, and for the lump.
    """
    n = len(available)
    stage_up, green_up = np.empty(n, dtype=np.bool_), np.empty(n, dtype=np.bool_)
    digital, green, lump = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        left = available[i]
        stage_up[i] = digital_buys[i] & (digital_cost[i] < left + short_by)
        digital[i] = digital_cost[i] if stage_up[i] else 0.0
        left -= digital[i]
        green_up[i] = green_buys[i] & (green_cost[i] < left + short_by)
        green[i] = green_cost[i] if green_up[i] else 0.0
        lump[i] = min(planned[i], max(left - green[i], 0.0))
    return stage_up, green_up, digital, green, lump


@compiled(
    "float64[::1](float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], float64[::1])"
)
def _in_hand(
    cash: Array, cash_flow: Array, grant: Array, long: Array, short: Array, owners: Array,
    repaid: Array, spent: Array,
) -> Array:  # fmt: skip
    """Cash after all that came in and was spent in the quarter, before dividends, yuan."""
    result = np.empty(len(cash))
    for i in range(len(cash)):
        came = cash[i] + cash_flow[i] + grant[i] + long[i] + short[i] + owners[i]
        result[i] = came - repaid[i] - spent[i]
    return result


@compiled("UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64[::1], float64, float64)")
def _paid_out(
    in_hand: Array, buffer: Array, profit: Array, payout: float, excess: float
) -> tuple[Array, Array, Array]:
    """Cash after dividends, dividends, and the overdraft that keeps cash from being negative, yuan.

    Dividends are a share of profit as far as the buffer stays, and one of cash far beyond it.
    """
    n = len(in_hand)
    cash, dividend, overdraft = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        usual = min(payout * max(profit[i], 0.0), max(in_hand[i] - buffer[i], 0.0))
        dividend[i] = usual + excess * max(in_hand[i] - usual - 3.0 * buffer[i], 0.0)
        rest = in_hand[i] - dividend[i]
        overdraft[i] = max(-rest, 0.0)
        cash[i] = rest + overdraft[i]
    return cash, dividend, overdraft


def _enter(m: ClusterPolicyModel, plant: Array, upgrades: Array, grant: Array) -> None:
    """Add what was bought to the assets, less depreciation: a cost without payment.

    Digital and green outlays are written off apart, since they are no plant that goods are made
    with. Grants for any of them are income of the next quarter, of which tax is due.
    """
    e, p = m.enterprises, m.parameters
    e.capital += plant - p["capital_depreciation"] / 4.0 * e.capital
    e.upgrades_value += upgrades - p["upgrade_depreciation"] / 4.0 * e.upgrades_value
    e.grant_income = grant
