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
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel

    Three = tuple[Array, Array, Array]
    Four = tuple[Array, Array, Array, Array]


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
    outlays = upkeep, digital_plan.cost, green_plan.cost, lumps.cost
    funds, banks, owners = _financed(
        e.cash, m.accounts.cash_flow, repaid, buffer, outlays, p["bank_share"]
    )
    lent = credit.lend(m, banks, lumps.cost, repaid)
    (stage_up, green_up), (lump, digital, green), (spent, long, owners) = _bought(
        (funds, lent.long, owners), outlays, (digital_plan.buys, green_plan.buys), YUAN
    )
    plant, upgrades = upkeep + lump, digital + green
    grant, unsupported = np.zeros(len(e)), spent.copy()
    for planned, bought in ((lumps, lump), (digital_plan, digital), (green_plan, green)):
        planned.settle(m, bought, grant, unsupported)
    grant += credit.interest_discount(m, long, unsupported)

    e.cash, dividend, overdraft = _paid_out(
        (e.cash, m.accounts.cash_flow, grant, long, lent.short, owners), repaid, spent, buffer,
        m.accounts.profit_after_tax, p["payout"], p["excess_payout"],
    )  # fmt: skip
    credit.owe(m, replace(lent, long=long, short=lent.short + overdraft), repaid)
    e.productivity += investment.embodied_gain(plant, e.capital, m.on_productivity("embodied_gain"))
    e.energy_technique = energy.technique(
        e.energy_technique, plant, e.capital,
        m.energy_rise
        * (1.0 + channel_value(m, "price_of_energy", "rise") + m.production.quota_price),
        p["energy_elasticity_new"],
    )  # fmt: skip
    _enter(m, plant, upgrades, grant)
    for channel, made in (
        ("price_of_equipment", lump > 0.0), ("price_of_digital", stage_up),
        ("price_of_green", green_up),
    ):  # fmt: skip
        m.programmes.purchases_by_channel[channel] = m.programmes.purchases_by_channel.get(
            channel, 0.0
        ) + dot(w, made)
    _upgrade(m, stage_up.nonzero()[0], green_up.nonzero()[0], green_saved)
    e.year_investment += spent
    e.year_subsidy += grant
    paid_in_all = dot(w, grant)
    m.accounts.transfers_paid += paid_in_all
    # What banks lend on a new plant gives its owners back what they had advanced.
    m.accounts.books.book("households", dot(w, dividend + lent.bridged - owners))
    m.accounts.books.book("outside", dot(w, spent))
    m.accounts.books.book("government", -paid_in_all)
    credit.set_rates(m, discount)


@compiled(
    "UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64[::1], float64[::1],"
    " UniTuple(float64[::1], 4), float64)"
)
def _financed(
    cash: Array, cash_flow: Array, repaid: Array, buffer: Array, outlays: Four, bank_share: float
) -> Three:
    """Own funds beyond a buffer, and what banks and owners are asked for beside them, yuan.

    Grants come when they are paid, so what is bought is financed in full: banks are asked for part
    of what own funds do not cover, and owners and suppliers bring the rest.
    """
    upkeep, digital, green, lump = outlays
    n = len(cash)
    funds, banks, owners = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        funds[i] = max(cash[i] + cash_flow[i] - repaid[i] - buffer[i], 0.0)
        gap = max(upkeep[i] + digital[i] + green[i] + lump[i] - funds[i], 0.0)
        banks[i], owners[i] = bank_share * gap, (1.0 - bank_share) * gap
    return funds, banks, owners


@compiled(
    "Tuple((UniTuple(boolean[::1], 2), UniTuple(float64[::1], 3), UniTuple(float64[::1], 3)))("
    "UniTuple(float64[::1], 3), UniTuple(float64[::1], 4), UniTuple(boolean[::1], 2), float64)"
)
def _bought(
    means: Three, outlays: Four, buys: tuple[Flag, Flag], short_by: float
) -> tuple[tuple[Flag, Flag], Three, Three]:
    """What is bought with the means there are: upkeep, upgrades in turn, plant with what is left.

    Args:
        means: Own funds, loans, and the most that owners bring, yuan.
        outlays: Upkeep, digital stage, green upgrade and lump as planned, yuan.
        buys: Who would take a digital stage, and make a green upgrade.
        short_by: Yuan that money which covers a cost may be short of it (`covers`).

    Returns:
        Who takes a stage and makes an upgrade; yuan for the lump, the stage and the upgrade; and
        what is spent in all, and of it from loans and owners. A loan is drawn for what is bought:
        what was asked for and not used is not taken up.
    """
    funds, long, owners = means
    upkeep, digital_cost, green_cost, planned = outlays
    n = len(funds)
    stage_up, green_up = np.empty(n, dtype=np.bool_), np.empty(n, dtype=np.bool_)
    lump, digital, green = np.empty(n), np.empty(n), np.empty(n)
    spent, drawn, brought = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        left = funds[i] + long[i] + owners[i] - upkeep[i]
        stage_up[i] = buys[0][i] & (digital_cost[i] < left + short_by)
        digital[i] = digital_cost[i] if stage_up[i] else 0.0
        left -= digital[i]
        green_up[i] = buys[1][i] & (green_cost[i] < left + short_by)
        green[i] = green_cost[i] if green_up[i] else 0.0
        lump[i] = min(planned[i], max(left - green[i], 0.0))
        spent[i] = (upkeep[i] + lump[i]) + (digital[i] + green[i])
        drawn[i] = min(long[i], spent[i])
        brought[i] = min(max(spent[i] - funds[i] - drawn[i], 0.0), owners[i])
    return (stage_up, green_up), (lump, digital, green), (spent, drawn, brought)


@compiled(
    "UniTuple(float64[::1], 3)(UniTuple(float64[::1], 6), float64[::1], float64[::1],"
    " float64[::1], float64[::1], float64, float64)"
)
def _paid_out(
    received: tuple[Array, ...], repaid: Array, spent: Array, buffer: Array, profit: Array,
    payout: float, excess: float,
) -> Three:  # fmt: skip
    """Cash after dividends, dividends, and the overdraft that keeps cash from being negative, yuan.

    Dividends are a share of profit as far as the buffer stays, and one of cash far beyond it.
    """
    held, cash_flow, grant, long, short, owners = received
    n = len(held)
    cash, dividend, overdraft = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        in_hand = held[i] + cash_flow[i] + grant[i] + long[i] + short[i] + owners[i]
        in_hand = in_hand - repaid[i] - spent[i]
        usual = min(payout * max(profit[i], 0.0), max(in_hand - buffer[i], 0.0))
        dividend[i] = usual + excess * max(in_hand - usual - 3.0 * buffer[i], 0.0)
        rest = in_hand - dividend[i]
        overdraft[i] = max(-rest, 0.0)
        cash[i] = rest + overdraft[i]
    return cash, dividend, overdraft


def _upgrade(m: ClusterPolicyModel, staged: Whole, greened: Whole, saving: Array) -> None:
    """Count the digital stages and green upgrades of some rows, and what these save of energy."""
    e = m.enterprises
    e.digital_stage[staged] += 1
    e.year_upgrades[staged] += 1.0
    e.energy_saved[greened] += saving[greened]
    e.green_upgrades[greened] += 1


def _enter(m: ClusterPolicyModel, plant: Array, upgrades: Array, grant: Array) -> None:
    """Add what was bought to the assets, less depreciation: a cost without payment.

    Digital and green outlays are written off apart, since they are no plant that goods are made
    with. Grants for any of them are income of the next quarter, of which tax is due.
    """
    e, p = m.enterprises, m.parameters
    _install(plant, p["capital_depreciation"] / 4.0, e.capital)
    _install(upgrades, p["upgrade_depreciation"] / 4.0, e.upgrades_value)
    e.grant_income = grant


@compiled("void(float64[::1], float64, float64[::1])")
def _install(bought: Array, worn: float, value: Array) -> None:
    """Add what was bought to the value of assets, in place, less the part of it that is worn."""
    for i in range(len(value)):
        value[i] += bought[i] - worn * value[i]
