"""The stages of a quarter, in the order in which the model runs them.

Each stage reads columns, calls the pure rules of its submodel with this quarter's draws, writes the
results and books every payment with its counterparty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import (
    demography,
    digital,
    energy,
    finance,
    innovation,
    investment,
    market,
    targeting,
    taxes,
    titles,
)
from model.enterprises import NEVER
from model.population import ENERGY_FIELD
from model.randomness import laplace, uniform
from model.scenario import FIELDS, Array

if TYPE_CHECKING:
    from model.enterprises import Flag, Whole
    from model.model import ClusterPolicyModel

N = len(FIELDS)


def outside_world(m: ClusterPolicyModel) -> None:
    """Demand, prices and frontier of the quarter; yearly paths are steps that keep yearly means."""
    p, year = m.parameters, m.year
    if m.quarter % 4 == 0:
        outside = m.policy.outside
        # New plant goes where markets grew in the two years before.
        m.attraction = m.market / m.past_markets[0]
        m.past_markets = (*m.past_markets[1:], m.market)
        price = 1.0 + outside.growth("price", year)
        m.demand_growth = (1.0 + outside.growth("demand", year)) * price
        m.price = m.price * price
        m.price_growth = float(np.log(np.sum(m.market * price) / np.sum(m.market)))
        m.market = m.market * m.demand_growth
        m.frontier = p["frontier_share"] * np.log1p(outside.growth("frontier", year)) / 4.0
        m.base_rate = outside.loan_rate_in(year)
    else:
        m.demand_growth = np.ones(N)
        m.price_growth = 0.0
    m.outside = m.outside * np.exp((p["sigma"] - 1.0) * m.frontier)
    rates = m.lever_value
    m.income_tax = taxes.IncomeTaxRates(
        *(rates("corporate_income_tax", term) for term in taxes.IncomeTaxRates.__annotations__)
    )


def entry(m: ClusterPolicyModel) -> None:
    """Once a year the year's entrants come, with equity and loans; plants run up each quarter."""
    e, p = m.enterprises, m.parameters
    demography.ramp(e, m.quarter)
    if m.quarter % 4:
        return
    w = e.weight * e.expected_revenue
    mean = np.bincount(e.field, w * e.productivity, N) / np.maximum(np.bincount(e.field, w, N), 1.0)
    new = demography.entrants(
        m.policy.province, m.profiles, m.city_given_field, m.pools, mean, m.attraction, p,
        m.seed_of_run, m.quarter,
    )  # fmt: skip
    scale = m.price[new["field"]]
    capital = new["capital_rate"] * new["expected_revenue"] * scale
    loan = np.where(new["plant"], p["plant_loan_share"], 0.0) * capital
    new["capital"][:], new["debt_long"][:] = capital, loan
    new["cash"][:] = p["cash_share"] * new["expected_revenue"] * scale
    new["expected_revenue"][:] *= np.where(new["plant"], 1.0 / demography.RAMP, 1.0)
    field = new["field"]
    new["revenue"][:] = np.exp(
        new["size_level"] + (p["sigma"] - 1.0) * new["productivity"]
    ) * m.revenue_per_mass[field]  # fmt: skip
    new["expected_revenue"][:] = 4.0 * new["revenue"]
    new["knowledge"][:] = new["rd_intensity"] * new["expected_revenue"] / 0.23
    new["employees"][:] = new["labour_need"] * new["va_rate"] * 4.0 * new["revenue"]
    new["digital_gain"][:] = p["phi_D"] / (p["sigma"] - 1.0) * new["digital_stage"] / 4.0
    total = new["weight"]
    m.books.book("households", -float(np.dot(total, capital + new["cash"] - loan)))
    m.books.book("outside", float(np.dot(total, capital)))
    e.append(new)


def sell(m: ClusterPolicyModel) -> None:
    """Revenue: demand passes at once, market shares move towards competitiveness."""
    e, p = m.enterprises, m.parameters
    mass = market.competitiveness(e.size_level, e.size_noise, e.productivity, e.appeal, p["sigma"])
    own = np.bincount(e.field, e.weight * mass, N)
    leader = e.role == 2
    bought = e.weight * leader * e.revenue * (1.0 - e.va_rate)
    purchases = p["leader_purchases_in_field"] * np.bincount(e.field, bought, N)
    purchases = np.minimum(purchases, 0.4 * np.bincount(e.field, e.weight * e.revenue, N))
    m.local = market.local_share(m.local_start, own, m.outside, m.ratio_start)
    target = market.revenue_target(mass, e.field, own, m.outside, m.market, m.local, purchases)
    m.revenue_per_mass = target_per_mass(mass, target, e.field)
    # Plant was bought at older prices: what it makes is sold at those of today.
    m.plant_price += p["plant_price_speed"] / 4.0 * (m.price - m.plant_price)
    slack = p["capacity_slack"] / 4.0 * m.price / m.plant_price
    capacity = e.capital / np.maximum(e.capital_rate, 1e-9) * slack[e.field]
    wanted = market.adjust_revenue(
        e.revenue, target, m.demand_growth[e.field], p["share_adjustment"]
    )
    e.revenue = np.minimum(wanted, capacity)
    # Plans follow the demand an enterprise meets, not what its plant lets it sell.
    e.expected_revenue += p["expectation_speed"] * (4.0 * wanted - e.expected_revenue)
    m.purchases = purchases


def target_per_mass(mass: Array, target: Array, field: Whole) -> Array:
    """Revenue a quarter that a unit of mass earns, by field (equal inside a field)."""
    last = np.zeros(N)
    last[field] = target / np.maximum(mass, 1e-30)
    return last


def produce(m: ClusterPolicyModel) -> None:
    """Costs, taxes and profit; jobs and the wage; energy use."""
    e, p, facts = m.enterprises, m.parameters, m.policy.province.marginals
    w, price = e.weight, m.price[e.field]
    tax_share = facts["va_share_production_tax"]
    vat_share = tax_share * p["vat_in_production_tax"]
    vat_rate = m.lever_value("vat_rate", "rate")
    net = e.va_rate * e.revenue
    vat = vat_share / (1.0 - vat_share) * vat_rate / 0.13 * net
    energy_price = p["energy_price"] * m.price_all
    real = (net + vat_share / (1.0 - vat_share) * net) / price
    energy_used = np.maximum(e.energy_per_va - e.energy_saved, 0.0) * real
    saved_cost = e.energy_saved * real * energy_price
    energy_cost = energy_used * energy_price
    # Energy at unchanged technique is part of what the value-added rate already pays for.
    materials = e.revenue - net - saved_cost - energy_cost

    wanted = e.labour_need * 4.0 * real * np.exp(-m.labour_saving - e.productivity)
    e.employees += p["labour_adjustment"] * (wanted - e.employees)
    wages = e.employees * e.wage * (m.wage / 4.0)

    extra_vat = m.policy.lever("vat_additional_deduction")
    deduction = np.zeros(len(e))
    if extra_vat is not None and extra_vat.value("rate", m.quarter) > 0.0:
        claimed = targeting.claimed_share(extra_vat, e, m.seed_of_run, m.quarter, p["vat_take_up"])
        input_tax = vat_rate * p["input_tax_share"] * (materials + energy_cost)
        rate = extra_vat.value("rate", m.quarter) * claimed * (e.field != ENERGY_FIELD)
        deduction = np.minimum(rate * input_tax, vat)

    books = taxes.Accounts(
        revenue=e.revenue,
        materials=materials,
        energy_cost=energy_cost,
        vat=vat,
        surcharges=(tax_share - vat_share) * (net + vat),
        services=facts["va_share_other_services"] * (net + vat),
        wages=wages,
        interest=e.rate / 4.0 * (e.debt_short + e.debt_long),
        depreciation=p["capital_depreciation"] / 4.0 * e.capital,
        rd=e.rd,
        other_income=deduction + targeting.due(m),
    )
    e.value_added = books.value_added
    e.value_added_real = real
    e.profit = books.profit
    m.identity = _relative(float(np.dot(w, books.value_added)), float(np.dot(w, books.income_side)))
    super_deduction = m.policy.lever("rd_super_deduction")
    extra, share = 0.0, np.zeros(len(e))
    if super_deduction is not None:
        extra = super_deduction.value("extra", m.quarter)
        usual = p["deduction_take_up"]
        share = targeting.claimed_share(super_deduction, e, m.seed_of_run, m.quarter, usual)
    claims = extra * share * e.rd_reported
    small = e.employees <= 300.0
    tax, forgone, e.losses = taxes.income_tax(
        e.profit, e.losses, claims, e.high_tech > NEVER, small, m.income_tax
    )
    usable = np.where(e.profit > claims, share, 0.0)
    tax_rate = np.where(e.high_tech > NEVER, m.income_tax.high_tech, m.income_tax.ordinary)
    start = taxes.rd_user_cost(tax_rate, 0.75, usable)
    m.rd_cost_ratio = taxes.rd_user_cost(tax_rate, extra, usable) / start
    m.rd_reward = tax_rate * extra * usable

    m.cash_flow = e.profit - tax + books.depreciation
    m.after_tax = e.profit - tax
    for sector, amount in (
        ("government", vat - deduction + books.surcharges + tax - (books.other_income - deduction)),
        ("households", wages),
        ("banks", books.interest),
        ("outside", materials + energy_cost + books.services + e.rd - e.revenue - vat),
    ):
        m.books.book(sector, float(np.dot(w, amount)))
    paid = vat - deduction + books.surcharges + tax
    _count_year(m, books, energy_used, paid, deduction + forgone, books.other_income - deduction)
    m.turnover = float(np.dot(w, e.revenue + vat))
    _wage(m, float(np.dot(w, wages)), float(np.dot(w, e.value_added)), float(np.dot(w, real)),
          float(np.dot(w, e.employees)))  # fmt: skip


def _count_year(
    m: ClusterPolicyModel, books: taxes.Accounts, energy_used: Array, tax: Array, forgone: Array,
    subsidy: Array,
) -> None:  # fmt: skip
    """Add the quarter to what is counted by year."""
    e = m.enterprises
    e.year_revenue += e.revenue
    e.year_value_added += e.value_added
    e.year_value_added_real += e.value_added_real
    e.year_profit += e.profit
    e.year_wages += books.wages
    e.year_rd += e.rd
    e.year_rd_reported += e.rd_reported
    e.year_energy += energy_used
    e.year_tax += tax
    e.year_tax_forgone += forgone
    e.year_subsidy += subsidy


def _relative(one: float, other: float) -> float:
    return abs(one - other) / max(abs(one), 1.0)


def _wage(m: ClusterPolicyModel, wages: float, va: float, real: float, staff: float) -> None:
    """Move the provincial wage; the first quarter only sets the memory."""
    p = m.parameters
    if m.memory is not None:
        before_real, before_staff = m.memory
        growth = market.wage_growth(
            price=m.price_growth,
            productivity=np.log(real / staff) - np.log(before_real / before_staff),
            labour_share=wages / va,
            share_start=m.policy.province.marginals["va_share_wages"],
            employment=np.log(staff / before_staff) - p["labour_force_growth"] / 4.0,
            correction=p["wage_correction"],
            pass_through=p["wage_pass_through"],
            supply=p["labour_supply_elasticity"],
        )
        m.wage *= float(np.exp(np.clip(growth, -0.1, 0.15)))
    m.memory = (real, staff)


def invest(m: ClusterPolicyModel) -> None:
    """Upkeep, digital stages, green upgrades and lumps of plant under one finance constraint."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    w, ids = e.weight, e.id
    yearly = e.expected_revenue
    wanted = investment.wanted_capital(e.capital_rate, yearly, 1.0, p["equipment_elasticity"])
    upkeep, lump = investment.plan(
        e.capital, wanted, uniform(seed, "review", ids, t), uniform(seed, "trigger", ids, t),
        uniform(seed, "upkeep", ids, t), p["capital_depreciation"], p["review_rate"],
        (p["trigger_low"], p["trigger_high"]), p["upkeep_chance"],
    )  # fmt: skip
    stage_up, stage_cost, claim = _digital(m)
    green_up, green_cost, green_saved = _green(m)
    # Grants come when they are paid, so what is bought is financed in full.
    outlay = upkeep + stage_cost + green_cost + lump

    repaid = e.debt_long / (4.0 * p["loan_term"])
    buffer = p["cash_share"] * yearly
    funds = np.maximum(e.cash + m.cash_flow - repaid - buffer, 0.0)
    long, short = _lend(m, funds, outlay, lump, repaid)

    available = funds + long - upkeep
    stage_up &= available >= stage_cost
    available = available - stage_cost * stage_up
    green_up &= available >= green_cost
    available = available - green_cost * green_up
    lump = np.minimum(lump, np.maximum(available, 0.0))
    plant = upkeep + lump
    spent = plant + stage_cost * stage_up + green_cost * green_up
    subsidy = m.policy.lever("digital_subsidy_2021_2023")
    grant = 0.0 * claim if subsidy is None else targeting.grant(m, subsidy, claim * stage_up)
    # A loan is drawn for what is bought: what was asked for and not used is not taken up.
    long = np.minimum(long, spent)

    dividend = p["payout"] * np.maximum(m.after_tax, 0.0)
    cash = e.cash + m.cash_flow + grant + long + short - repaid - spent
    dividend = np.minimum(dividend, np.maximum(cash - buffer, 0.0))
    dividend += p["excess_payout"] * np.maximum(cash - dividend - 3.0 * buffer, 0.0)
    cash -= dividend
    overdraft = np.maximum(-cash, 0.0)
    e.cash = cash + overdraft
    e.debt_short = e.debt_short + short + overdraft
    e.debt_long = e.debt_long + long - repaid
    e.productivity += investment.embodied_gain(plant, e.capital, p["embodied_gain"])
    # Depreciation is a cost without payment; digital and green outlays are not plant.
    e.capital += plant - p["capital_depreciation"] / 4.0 * e.capital
    e.digital_stage[stage_up] += 1
    e.year_upgrades += stage_up
    e.energy_saved += np.where(green_up, green_saved, 0.0)
    e.green_upgrades += green_up
    e.year_investment += plant + stage_cost * stage_up + green_cost * green_up
    e.year_subsidy += grant
    m.books.book("households", float(np.dot(w, dividend)))
    m.books.book("outside", float(np.dot(w, spent)))
    m.books.book("government", -float(np.dot(w, grant)))
    leverage = (e.debt_short + e.debt_long) / np.maximum(e.capital, 1.0)
    titled = (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.high_tech > NEVER)
    e.rate = finance.interest_rate(
        m.base_rate, yearly, np.minimum(leverage, 2.0), titled, p["rate_size_spread"],
        p["rate_leverage_spread"], p["title_discount"],
    )  # fmt: skip


def _lend(
    m: ClusterPolicyModel, funds: Array, outlay: Array, lump: Array, repaid: Array
) -> tuple[Array, Array]:
    """New long loans and the change of short ones, inside limits and the supply of credit."""
    e, p, w = m.enterprises, m.parameters, m.enterprises.weight
    limit = finance.borrowing_limit(
        e.capital, 4.0 * e.profit, e.knowledge, p["limit_capital"], p["limit_profit"],
        p["limit_knowledge"],
    )  # fmt: skip
    room = limit - e.debt_short - e.debt_long + repaid
    long = finance.loans_wanted(funds, outlay, lump, room, p["debt_share"])
    working = p["short_share"] * e.expected_revenue - e.debt_short
    short = np.minimum(0.15 * working, np.maximum(room - long, 0.0))
    asked = float(np.dot(w, long + np.maximum(short, 0.0)))
    owed = float(np.dot(w, e.debt_short + e.debt_long - repaid))
    m.credit *= float(np.exp(p["credit_growth"] / 4.0))
    m.granted = finance.ration(asked, m.credit - owed)
    return long * m.granted, np.where(short > 0.0, m.granted * short, short)


def _digital(m: ClusterPolicyModel) -> tuple[Flag, Array, Array]:
    """Who would upgrade a digital stage this quarter, at what cost, claiming what grant."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    peers = _peer_share(m, e.digital_stage >= 1)
    hazard = digital.consideration(p["p_ext"], p["q_peer"], peers)
    considers = (uniform(seed, "digital thought", e.id, t) < hazard) & (e.digital_stage < 4)
    # Most enterprises do not think of it in a quarter: the rest is worked out for those who do.
    rows = np.flatnonzero(considers)
    ids, weight, above = e.id[rows], e.weight[rows], e.above_scale[rows]
    price = float(m.price_all)
    cost = price * digital.stage_cost(
        e.expected_revenue[rows] / price, e.digital_stage[rows], p["digital_fixed"],
        p["digital_share"], p["digital_power"],
    )  # fmt: skip
    subsidy = m.policy.lever("digital_subsidy_2021_2023")
    grant = np.zeros(len(rows))
    if subsidy is not None and subsidy.value("rate", t) > 0.0:
        claimant = targeting.claims(subsidy, e, seed, t, p["digital_grant_take_up"])[rows]
        offer = np.minimum(subsidy.value("rate", t) * cost, subsidy.value("cap", t, np.inf))
        grant = offer * claimant
    wants = digital.worth_it(
        4.0 * e.value_added[rows], cost - grant, laplace(seed, "digital view", ids, t),
        p["digital_perceived"], p["digital_hurdle"], p["digital_spread"],
    )  # fmt: skip
    turn = uniform(seed, "digital turn", ids, t)
    grown = float(np.exp(p["digital_capacity_growth"] * t / 4.0)) * price / 4.0
    served = digital.serve(wants & above, cost, weight, turn, p["digital_capacity_above"] * grown)
    below = p["digital_capacity_below"] * grown
    served |= digital.serve(wants & ~above, cost, weight, turn, below)
    rows = rows[served]
    upgrades, paid, claim = np.zeros(len(e), dtype=bool), np.zeros(len(e)), np.zeros(len(e))
    upgrades[rows], paid[rows], claim[rows] = True, cost[served], grant[served]
    return upgrades, paid, claim


def _green(m: ClusterPolicyModel) -> tuple[Flag, Array, Array]:
    """Who makes a green upgrade, at what cost, and the saving per real value added."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    e.energy_per_va *= 1.0 - p["aeei"] / 4.0
    e.energy_saved *= 1.0 - p["aeei"] / 4.0
    left = np.maximum(e.energy_per_va - e.energy_saved, 0.0)
    per_va = p["green_step"] * left
    saved = per_va * 4.0 * e.value_added_real
    price = float(m.price_all)
    cost = price * energy.upgrade_cost(saved, e.green_upgrades, p["cost_tce"], p["green_slope"])
    audited = np.flatnonzero(uniform(seed, "audit", e.id, t) < p["audit_rate"] / 4.0)
    pays = energy.pays(
        saved[audited], cost[audited], p["energy_price"] * price,
        laplace(seed, "green view", e.id[audited], t), p["hurdle_green"], p["kappa_upfront"],
        p["green_spread"],
    )  # fmt: skip
    up = np.zeros(len(e), dtype=bool)
    up[audited[pays]] = True
    return up, cost * up, per_va


def _peer_share(m: ClusterPolicyModel, doing: Flag) -> Array:
    """Share of the other enterprises of the same pool (cluster, or field in city) doing it."""
    e = m.enterprises
    size = m.number_of_pools
    number = np.bincount(e.pool, e.weight, size)[e.pool]
    doers = np.bincount(e.pool, e.weight * doing, size)[e.pool]
    return np.clip((doers - doing) / np.maximum(number - 1.0, 1.0), 0.0, 1.0)


def innovate(m: ClusterPolicyModel) -> None:
    """R&D of the next quarter, knowledge, spillovers, digital gains, shocks: productivity."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    sigma1 = p["sigma"] - 1.0
    before = e.knowledge
    real_rd = e.rd / m.price_all
    e.knowledge = innovation.next_knowledge(before, real_rd, p["delta_K"])
    gain = p["gamma_RD"] / sigma1 * innovation.log_gain(before, e.knowledge, e.knowledge_floor)
    size = m.number_of_pools
    added = np.bincount(e.pool, e.weight * real_rd, size)
    pool_after = innovation.next_knowledge(m.pool_knowledge, added, p["delta_K"])
    others_before = np.maximum(m.pool_knowledge[e.pool] - before, 0.0)
    others_after = np.maximum(pool_after[e.pool] - e.knowledge, 0.0)
    absorb = np.where(e.rd_institution, 1.25, np.where(e.rd_active, 1.0, 0.5))
    spill = innovation.log_gain(others_before, others_after, np.full(1, 1e7))
    gain += p["spill_RD"] / sigma1 * absorb * np.clip(spill, -0.1, 0.1)
    m.pool_knowledge = pool_after
    digital_before = e.digital_gain
    e.digital_gain = digital.realised_gain(
        digital_before, e.digital_stage, p["phi_D"] / sigma1, 1.0 / p["digital_lag_ratio"]
    )
    gain += e.digital_gain - digital_before
    gain += p["frontier_absorption"] * m.frontier[e.field] + p["drift"] / 4.0
    e.productivity += gain

    slow = innovation.level_noise(laplace(seed, "level", e.id, t), p["level_shock"])
    giant = np.log(np.maximum(e.expected_revenue / p["giant_size"], 1.0))
    e.size_level += slow - p["giant_reversion"] / 4.0 * giant
    scale = innovation.noise_scale(e.expected_revenue, p["noise"], p["noise_size_slope"])
    e.size_noise *= 1.0 - p["noise_reversion"]
    e.size_noise += scale * laplace(seed, "noise", e.id, t)

    _rd(m)


def _rd(m: ClusterPolicyModel) -> None:
    """Starts, stops and intensity of R&D."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    trend = float(np.exp(p["rd_taste_growth"] * (t + 1) / 4.0))
    peers = _peer_share(m, e.rd_active)
    start = innovation.start_hazard(
        p["rd_start"], e.expected_revenue, p["rd_start_size_power"], m.rd_cost_ratio, p["eps_RD"],
        peers, p["rd_peer"],
    )  # fmt: skip
    draw = uniform(seed, "rd start", e.id, t)
    sunk = p["rd_sunk"] * e.rd_taste * e.expected_revenue
    starts = ~e.rd_active & (draw < start) & (e.cash > sunk) & (e.expected_revenue > 3e6)
    size = np.clip((e.expected_revenue / 100e6) ** -0.3, 0.2, 2.0)
    stops = e.rd_active & (draw < p["rd_stop"] / 4.0 * size)
    intensity = innovation.rd_intensity(
        e.rd_intensity, trend * e.rd_taste, m.rd_cost_ratio, p["eps_RD"], p["rd_adjust_speed"]
    )
    intensity = np.where(starts, p["rd_start_level"] * e.rd_taste, intensity)
    e.rd_active = (e.rd_active | starts) & ~stops
    e.rd_intensity = np.where(e.rd_active, np.minimum(intensity, 0.3), 0.0)
    sunk_paid = np.where(starts, sunk, 0.0)
    # Never more than cash flow and half of cash can pay: R&D gives way before wages do.
    able = np.maximum(0.5 * e.cash + 0.25 * np.maximum(e.value_added, 0.0), 0.0)
    # Laboratories are staffed for volumes: budgets follow lasting prices, and swings in part.
    m.lasting_price += p["lasting_price_speed"] / 4.0 * (m.price - m.lasting_price)
    steady = m.lasting_price / m.price
    sales = e.expected_revenue * steady[e.field] ** (1.0 - p["rd_price_pass"])
    e.rd = np.minimum(e.rd_intensity * sales / 4.0 + sunk_paid, able)
    e.rd_reported = innovation.reported(e.rd, m.rd_reward, p["relabel_share"])
    founds = e.rd_active & ~e.rd_institution & e.above_scale
    founds &= uniform(seed, "rd institution", e.id, t) < p["institution_rate"] / 4.0
    e.rd_institution |= founds


def leave(m: ClusterPolicyModel) -> None:
    """Exit: cash and scrap pay debts, banks write off the rest, owners keep what is left."""
    e, p = m.enterprises, m.parameters
    debt = e.debt_short + e.debt_long
    hazard = demography.exit_hazard(
        e.above_scale, e.expected_revenue, e.capital + e.cash - debt, e.profit,
        p["exit_below"], p["exit_above"], p["exit_size_power"], p["exit_distress"],
    )  # fmt: skip
    gone = np.flatnonzero(uniform(m.seed_of_run, "exit", e.id, m.quarter) < hazard)
    w = e.weight[gone]
    scrap = p["scrap_value"] * e.capital[gone]
    means = e.cash[gone] + scrap
    repaid = np.minimum(debt[gone], means)
    m.books.book("outside", -float(np.dot(w, scrap)))
    m.books.book("banks", -float(np.dot(w, debt[gone] - repaid)))
    m.books.book("households", float(np.dot(w, means - repaid)))
    m.exits.append((gone, w.copy()))
    e.weight[gone] = 0.0
    for name in ("cash", "debt_short", "debt_long", "capital", "revenue"):
        getattr(e, name)[gone] = 0.0


def year_end(m: ClusterPolicyModel) -> None:
    """Threshold, titles and their awards, observation, next year."""
    e, p, t = m.enterprises, m.parameters, m.quarter
    draw = uniform(m.seed_of_run, "register", e.id, t)
    e.was_above_scale = e.above_scale.copy()
    # A plant in its first year is judged by what it makes now.
    judged = np.where(t - e.founded < 4, 4.0 * e.revenue, e.year_revenue)
    e.above_scale = demography.cross_threshold(
        e.above_scale, judged, draw, p["register_rate"], p["exit_scale"]
    ) & (e.weight > 0.0)
    fresh = titles.award_titles(e, p, m.seed_of_run, t, m.year)
    awards = m.policy.lever("title_awards")
    if awards is not None:
        named = ("srdi", "little_giant", "champion", "high_tech")
        amount = np.zeros(len(e))
        for title in named:
            amount += awards.value(title, t) * fresh[title]
        named_now = targeting.grant(m, awards, amount * targeting.eligible(awards, e))
        rows = np.flatnonzero(named_now)
        # Titles are named at the year's end and paid in the next quarter.
        m.due.append((t + 1, e.id[rows], named_now[rows]))
    m.observe()
    alive = e.weight > 0.0
    e.keep(alive)
    e.last_revenue, e.last_profit = e.year_revenue, e.year_profit
    e.last_value_added_real, e.last_rd_reported = e.year_value_added_real, e.year_rd_reported
    m.start_year()
