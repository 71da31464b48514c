"""The stages of a quarter, in the order in which the model runs them.

Each stage reads columns, calls the pure rules of its submodel with this quarter's draws, writes the
results and books every payment with its counterparty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import (
    audit,
    awareness,
    demography,
    digital,
    energy,
    finance,
    innovation,
    investment,
    market,
    network,
    plans,
    promotion,
    targeting,
    taxes,
    titles,
)
from model.enterprises import NEVER
from model.horse_race import BASE_YEAR, run_race
from model.population import ENERGY_FIELD
from model.randomness import laplace, uniform
from model.reach import felt
from model.scenario import FIELDS, Array

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.enterprises import Flag, Whole
    from model.model import ClusterPolicyModel
    from model.scenario import Lever

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
        # Orders run on: the province meets the swings of all industry late, a field's own at once.
        demand, carried = outside.growth("demand", year), p["demand_inertia"]
        nation = float(np.dot(m.market, demand) / m.market.sum())
        m.demand_pace = carried * m.demand_pace + (1.0 - carried) * nation
        m.demand_growth = (1.0 + demand + m.demand_pace - nation) * price
        m.price = m.price * price
        # Pay follows prices at once, or each year of rising prices would begin with high profit.
        m.wage *= float(np.sum(m.market * price) / np.sum(m.market))
        m.market = m.market * m.demand_growth
        m.frontier = p["frontier_share"] * np.log1p(outside.growth("frontier", year)) / 4.0
        m.input_price *= 1.0 + outside.input_gap_in(year)
        m.banks.base_rate = outside.loan_rate_in(year)
    else:
        m.demand_growth = np.ones(N)
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
    drive = promotion.drive(m)
    new = demography.entrants(
        m.policy.province, m.profiles, m.city_given_field, m.pools, mean, m.attraction,
        drive.with_plants(p, m.quarter) if drive else p, m.seed_of_run, m.quarter,
    )  # fmt: skip
    new, promoted = drive.settle(m, new) if drive else (new, None)
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
    new["appeal"][:] = m.title_appeal[new["cluster"]]
    new["energy_technique"][:] = m.energy_rise ** -p["energy_elasticity_new"]
    new["digital_gain"][:] = p["phi_D"] / (p["sigma"] - 1.0) * new["digital_stage"] / 4.0
    total = new["weight"]
    m.books.book("households", -float(np.dot(total, capital + new["cash"] - loan)))
    m.books.book("outside", float(np.dot(total, capital)))
    e.append(new)
    network.welcome(m, len(e) - len(total))
    if drive and promoted is not None:
        drive.pay(m, promoted)


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


def produce(m: ClusterPolicyModel) -> None:
    """Costs, taxes and profit; jobs and the wage; energy use."""
    e, p, facts = m.enterprises, m.parameters, m.policy.province.marginals
    w, price = e.weight, m.price[e.field]
    tax_share = facts["va_share_production_tax"]
    vat_share = tax_share * p["vat_in_production_tax"]
    vat_rate = m.lever_value("vat_rate", "rate")
    made = e.va_rate * e.revenue
    real = (made + vat_share / (1.0 - vat_share) * made) / price
    # Dearer inputs are passed on in part; volumes are those of the inputs' old prices.
    dearer = p["input_price_borne"] * (m.input_price - 1.0) * (e.revenue - made)
    net = made - np.minimum(dearer, 0.5 * made)
    vat = vat_share / (1.0 - vat_share) * vat_rate / 0.13 * net
    energy_price = energy.price(p["energy_price"], m.energy_rise, m.price_all)
    energy_used = np.maximum(e.energy_per_va - e.energy_saved, 0.0) * e.energy_technique * real
    saved_cost = e.energy_saved * e.energy_technique * real * energy_price
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
        claimed *= awareness.knows(m, extra_vat)
        input_tax = vat_rate * p["input_tax_share"] * (materials + energy_cost)
        rate = extra_vat.value("rate", m.quarter) * claimed * (e.field != ENERGY_FIELD)
        deduction = np.minimum(rate * input_tax, vat)

    # A surcharge on energy goes to the treasury, as part of production tax.
    levy = felt(m, "price_of_energy", "rise") * energy_cost
    received = targeting.due(m) + m.paid_now
    books = taxes.Accounts(
        revenue=e.revenue,
        materials=materials,
        energy_cost=energy_cost,
        vat=vat,
        surcharges=(tax_share - vat_share) * (net + vat) + levy,
        services=facts["va_share_other_services"] * (net + vat),
        wages=wages,
        interest=interest_due(m) / 4.0,
        depreciation=p["capital_depreciation"] / 4.0 * e.capital,
        rd=e.rd,
        other_income=deduction + received,
    )
    e.value_added = books.value_added
    e.value_added_real = real
    e.profit = books.profit
    m.identity = _relative(float(np.dot(w, books.value_added)), float(np.dot(w, books.income_side)))
    tax, forgone = _income_tax(m)

    m.cash_flow = e.profit - tax + books.depreciation
    m.after_tax = e.profit - tax
    for sector, amount in (
        ("government", vat - deduction + books.surcharges + tax - received),
        ("households", wages),
        ("banks", books.interest),
        ("outside", materials + energy_cost + books.services + e.rd - e.revenue - vat),
    ):
        m.books.book(sector, float(np.dot(w, amount)))
    paid = vat - deduction + books.surcharges + tax
    m.spent += float(np.dot(w, received))
    _count_year(m, books, energy_used, paid, deduction + forgone, received)
    if extra_vat is not None and deduction.any():
        payer = taxes.payers("vat", p["local_tax_province"])
        targeting.book(m, extra_vat, "forgone", "tax", "tax", slice(None), deduction, payer)
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
            productivity=np.log(real / staff) - np.log(before_real / before_staff),
            labour_share=wages / va,
            share_start=m.labour_share_start,
            employment=np.log(staff / before_staff) - p["labour_force_growth"] / 4.0,
            correction=p["wage_correction"],
            pass_through=p["wage_pass_through"],
            supply=p["labour_supply_elasticity"],
        )
        m.wage *= float(np.exp(np.clip(growth, -0.1, 0.15)))
    m.memory = (real, staff)


def _income_tax(m: ClusterPolicyModel) -> tuple[Array, Array]:
    """Income tax and what the super-deduction takes off it; the user cost of R&D it leaves."""
    e, p = m.enterprises, m.parameters
    super_deduction = m.policy.lever("rd_super_deduction")
    extra, share = 0.0, np.zeros(len(e))
    if super_deduction is not None:
        extra = super_deduction.value("extra", m.quarter)
        usual = p["deduction_take_up"]
        share = targeting.claimed_share(super_deduction, e, m.seed_of_run, m.quarter, usual)
        share *= awareness.knows(m, super_deduction)
    claims = extra * share * e.rd_reported
    small = e.employees <= 300.0
    tax, forgone, e.losses = taxes.income_tax(
        e.profit, e.losses, claims, e.high_tech > NEVER, small, m.income_tax
    )
    usable = np.where(e.profit > claims, share, 0.0)
    tax_rate = np.where(e.high_tech > NEVER, m.income_tax.high_tech, m.income_tax.ordinary)
    # What all claimed in 2018, also of those whom the lever serves no longer.
    before = np.where(e.profit > claims, p["deduction_take_up"], 0.0)
    start = taxes.rd_user_cost(tax_rate, 0.75, before)
    # The R&D grant is taxed, so it cuts the user cost by its own rate.
    m.rd_cost_ratio = (taxes.rd_user_cost(tax_rate, extra, usable) - e.rd_grant_rate) / start
    m.rd_cost_ratio *= 1.0 - m.platform_cut[e.cluster]
    m.rd_cost_ratio = np.maximum(m.rd_cost_ratio, innovation.LEAST_COST)
    m.rd_reward = np.asarray(audit.expected(tax_rate * extra * usable, audit.chance(m)))
    e.year_relabel_gain += forgone * (1.0 - e.rd / np.maximum(e.rd_reported, 1.0))
    if super_deduction is not None:
        payer = taxes.payers("income", p["local_tax_province"])
        targeting.book(m, super_deduction, "forgone", "tax", "tax", slice(None), forgone, payer)
    return tax, forgone


def interest_due(m: ClusterPolicyModel) -> Array:
    """Interest on all loans, yuan a year; loans under the cluster credit line are cheaper."""
    e = m.enterprises
    discount = m.lever_value("cluster_credit_line", "discount")
    return e.rate * (e.debt_short + e.debt_long) - discount * e.debt_line


def invest(m: ClusterPolicyModel) -> None:
    """Upkeep, digital stages, green upgrades and lumps of plant under one finance constraint."""
    e, p, w = m.enterprises, m.parameters, m.enterprises.weight
    upkeep, lumps = plans.plant(m)
    digital_plan = plans.digital_stage(m)
    green_plan, green_saved = plans.green_upgrade(m)
    # Grants come when they are paid, so what is bought is financed in full.
    outlay = upkeep + digital_plan.cost + green_plan.cost + lumps.cost

    repaid = e.debt_long / (4.0 * p["loan_term"] + felt(m, "credit_terms", "longer"))
    buffer = p["cash_share"] * e.expected_revenue
    funds = np.maximum(e.cash + m.cash_flow - repaid - buffer, 0.0)
    long, short, line = _lend(m, funds, outlay, lumps.cost, repaid)

    available = funds + long - upkeep
    stage_up = digital_plan.buys & (available >= digital_plan.cost)
    available = available - digital_plan.cost * stage_up
    green_up = green_plan.buys & (available >= green_plan.cost)
    available = available - green_plan.cost * green_up
    lump = np.minimum(lumps.cost, np.maximum(available, 0.0))
    plant = upkeep + lump
    upgrades = digital_plan.cost * stage_up + green_plan.cost * green_up
    spent = plant + upgrades
    # A loan is drawn for what is bought: what was asked for and not used is not taken up.
    long = np.minimum(long, spent)
    grant = lumps.settle(m, lump)
    grant += digital_plan.settle(m, digital_plan.cost * stage_up)
    grant += green_plan.settle(m, green_plan.cost * green_up)
    grant += _interest_discount(m, long)

    dividend = p["payout"] * np.maximum(m.after_tax, 0.0)
    cash = e.cash + m.cash_flow + grant + long + short - repaid - spent
    dividend = np.minimum(dividend, np.maximum(cash - buffer, 0.0))
    dividend += p["excess_payout"] * np.maximum(cash - dividend - 3.0 * buffer, 0.0)
    cash -= dividend
    overdraft = np.maximum(-cash, 0.0)
    e.cash = cash + overdraft
    e.debt_short = e.debt_short + short + overdraft
    e.debt_long = e.debt_long + long - repaid
    e.debt_line = e.debt_line * (1.0 - 0.25 / p["loan_term"]) + np.minimum(line, long)
    e.debt_covered *= 1.0 - 0.25 / p["loan_term"]
    e.debt_covered += felt(m, "credit_terms", "coverage") * long
    e.productivity += investment.embodied_gain(plant, e.capital, p["embodied_gain"])
    e.energy_technique = energy.technique(
        e.energy_technique, plant, e.capital,
        m.energy_rise * (1.0 + felt(m, "price_of_energy", "rise")), p["energy_elasticity_new"],
    )  # fmt: skip
    # Depreciation is a cost without payment; digital and green outlays are not plant.
    e.capital += plant - p["capital_depreciation"] / 4.0 * e.capital
    e.digital_stage[stage_up] += 1
    e.year_upgrades += stage_up
    e.energy_saved += np.where(green_up, green_saved, 0.0)
    e.green_upgrades += green_up
    e.year_investment += spent
    e.year_subsidy += grant
    m.spent += float(np.dot(w, grant))
    m.books.book("households", float(np.dot(w, dividend)))
    m.books.book("outside", float(np.dot(w, spent)))
    m.books.book("government", -float(np.dot(w, grant)))
    _set_rates(m)


def _interest_discount(m: ClusterPolicyModel, long: Array) -> Array:
    """Interest discount on new long loans: a year's interest at the stated rate, when drawn."""
    lever = m.policy.lever("loan_interest_discount")
    rate = 0.0 if lever is None else lever.value("discount", m.quarter)
    if lever is None or rate <= 0.0:
        return np.zeros(len(long))
    most = np.minimum(rate * long, targeting.cap_left(m, lever))
    claim = np.where(targeting.applicants(m, lever), most, 0.0)
    return targeting.grant(m, lever, claim)


def _set_rates(m: ClusterPolicyModel) -> None:
    """Interest rate of each enterprise for the next quarter."""
    e, p = m.enterprises, m.parameters
    leverage = (e.debt_short + e.debt_long) / np.maximum(e.capital, 1.0)
    titled = (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.high_tech > NEVER)
    rate = finance.interest_rate(
        m.banks.base_rate, e.expected_revenue, np.minimum(leverage, 2.0), titled,
        p["rate_size_spread"], p["rate_leverage_spread"], p["title_discount"],
    )  # fmt: skip
    discount = m.title_credit[e.cluster] + felt(m, "credit_terms", "discount")
    e.rate = np.maximum(rate - discount, 0.005)


def _lend(
    m: ClusterPolicyModel, funds: Array, outlay: Array, lump: Array, repaid: Array
) -> tuple[Array, Array, Array]:
    """New long loans, the change of short ones, and what of the long ones is under the line."""
    e, p, w = m.enterprises, m.parameters, m.enterprises.weight
    limit = finance.borrowing_limit(
        e.capital, 4.0 * e.profit, e.knowledge, p["limit_capital"], p["limit_profit"],
        p["limit_knowledge"] + felt(m, "credit_terms", "pledge"),
    )  # fmt: skip
    limit = limit * (1.0 + felt(m, "credit_terms", "limit"))
    lever, users, wider = m.policy.lever("cluster_credit_line"), np.zeros(len(e)), 0.0
    if lever is not None and m.banks.line_left > 0.0:
        delivered = targeting.delivery(m, lever)
        named = targeting.claims(lever, e, m.seed_of_run, m.quarter, 0.0, delivered)
        users = named.astype(np.float64)
        wider = lever.value("limit", m.quarter)
    room = limit - e.debt_short - e.debt_long + repaid
    # The line is for investment: it widens the limit of long loans alone.
    long = finance.loans_wanted(funds, outlay, lump, room + wider * users * limit, p["debt_share"])
    usual = p["short_share"] * e.expected_revenue
    # What buyers of the chain owe is lent on, whatever plant a supplier has to pledge.
    chain = felt(m, "credit_terms", "working") * usual
    working = usual + chain - e.debt_short
    short = np.minimum(0.15 * working, np.maximum(room - long, 0.0) + chain)
    line = long * users
    line = line * finance.ration(float(np.dot(w, line)), m.banks.line_left)
    asked = float(np.dot(w, long - line + np.maximum(short, 0.0)))
    owed = float(np.dot(w, e.debt_short + e.debt_long - repaid))
    new_line = float(np.dot(w, line))
    repaid_line = float(np.dot(w, e.debt_line)) / (4.0 * p["loan_term"])
    growth = p["credit_growth"] * m.policy.outside.factor("credit_growth", m.year)
    granted = m.banks.lend(asked, owed, new_line, repaid_line, growth / 4.0)
    long = (long - line) * granted + line
    return long, np.where(short > 0.0, granted * short, short), line


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
    absorb = absorb * (1.0 + felt(m, "spillover", "rise"))
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

    chance = p["shock_chance"]

    def shock(name: str) -> Array:
        lot, result = uniform(seed, f"{name} comes", e.id, t), np.zeros(len(e))
        rows = np.flatnonzero(lot < chance)
        result[rows] = innovation.seldom(laplace(seed, name, e.id[rows], t), lot[rows], chance)
        return result

    slow = innovation.level_noise(shock("level"), p["level_shock"], chance)
    giant = np.log(np.maximum(e.expected_revenue / p["giant_size"], 1.0))
    e.size_level += slow - p["giant_reversion"] / 4.0 * giant
    scale = innovation.noise_scale(e.expected_revenue, p["noise"], p["noise_size_slope"])
    e.size_noise *= 1.0 - p["noise_reversion"]
    e.size_noise += scale * shock("noise")

    _rd(m)


def _rd(m: ClusterPolicyModel) -> None:
    """Starts, stops and intensity of R&D."""
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    trend = float(np.exp(p["rd_taste_growth"] * (t + 1) / 4.0))
    peers = m.peer_share(e.rd_active)
    # Where R&D is a condition of grants, it brings more than its own return (article 5).
    ticket = m.ticket[e.size] / np.maximum(e.rd_taste * e.expected_revenue, 1.0)
    entry_cost = 1.0 - np.minimum(ticket, 0.5)
    start = innovation.start_hazard(
        p["rd_start"], e.expected_revenue, p["rd_start_size_power"],
        m.rd_cost_ratio * entry_cost, p["eps_RD"], peers, p["rd_peer"],
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
    steady = (m.lasting_price / m.price) ** (1.0 - p["rd_price_pass"])
    sales = e.expected_revenue * steady[e.field]
    e.rd = np.minimum(e.rd_intensity * sales / 4.0 + sunk_paid, able)
    reported = innovation.reported(e.rd, m.rd_reward, p["relabel_share"])
    notch = titles.high_tech_threshold(e.expected_revenue) * e.expected_revenue / 4.0
    reach = 1.0 + audit.expected(p["report_reach"] - 1.0, audit.chance(m))
    e.rd_reported = innovation.up_to_notch(
        reported, (1.0 + p["notch_margin"]) * notch, e.high_tech > NEVER, reach
    )
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
    borne = _guarantor_pays(m, gone, debt[gone] - repaid)
    m.books.book("outside", -float(np.dot(w, scrap)))
    m.books.book("banks", -float(np.dot(w, debt[gone] - repaid - borne)))
    m.books.book("households", float(np.dot(w, means - repaid)))
    m.exits.append((gone, w.copy()))
    e.weight[gone] = 0.0
    for name in (
        "cash", "debt_short", "debt_long", "debt_line", "debt_covered", "capital", "revenue",
    ):  # fmt: skip
        getattr(e, name)[gone] = 0.0


def _guarantor_pays(m: ClusterPolicyModel, gone: Whole, unpaid: Array) -> Array:
    """What a guarantor pays banks in the name of those who left in default, yuan a row."""
    e, lever = m.enterprises, m.policy.lever("credit_guarantee")
    borne = np.minimum(e.debt_covered[gone], unpaid)
    if lever is None or not borne.any():
        return borne
    ((origin, fund),) = m.province.parts(lever)
    for kind in ("committed", "paid"):
        targeting.book(m, lever, kind, origin, fund, gone, borne)
    total = float(np.dot(e.weight[gone], borne))
    e.year_subsidy[gone] += borne
    m.spent += total
    m.books.book("government", -total)
    return borne


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
    audit.close_year(m)
    rise = felt(m, "title_rate", "rise")
    fresh = titles.award_titles(e, p, m.seed_of_run, t, m.year, rise)
    for lever in m.policy.levers:
        if lever.channel == "title_award" and lever.in_force(t):
            _award_titles(m, lever, fresh)
    if m.year >= BASE_YEAR:
        run_race(m)
    e.appeal = m.title_appeal[e.cluster] + e.brand + felt(m, "appeal", "appeal")
    e.brand *= 1.0 - p["brand_decay"]
    e.productivity += felt(m, "skills", "gain")
    for cluster in m.clusters:
        cluster.platform *= 1.0 - p["platform_decay"]
    m.observe()
    alive = e.weight > 0.0
    e.keep(alive)
    network.drop(m, alive)
    e.last_revenue, e.last_profit = e.year_revenue, e.year_profit
    e.last_value_added_real, e.last_rd_reported = e.year_value_added_real, e.year_rd_reported
    e.last_energy = e.year_energy
    m.start_year()


def _award_titles(m: ClusterPolicyModel, lever: Lever, fresh: Mapping[str, Flag]) -> None:
    """Awards that go with new titles: named at the year's end and paid in the next quarter."""
    e = m.enterprises
    amount = np.zeros(len(e))
    for title in ("srdi", "little_giant", "champion", "high_tech"):
        amount += lever.value(title, m.quarter) * fresh[title]
    claim = amount * targeting.eligible(lever, e)
    targeting.commit(m, targeting.approve(m, lever, claim), claim, wait=1)
