"""Production: costs, taxes and profit of what is sold, jobs and the wage, energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.channels import reads
from jiqun.model.dimensions import ENERGY_FIELD
from jiqun.model.economy import energy, market, taxes, unit_cost
from jiqun.model.economy.credit import interest_due
from jiqun.model.elementary import dot, exp, log
from jiqun.model.innovation import audit, innovation
from jiqun.model.policy import awareness, payments
from jiqun.model.policy.eligibility import claimed_share
from jiqun.model.policy.ledger import TAX, Kind
from jiqun.model.policy.reach import channel_value, coverage
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


@reads("tax", "vat_rate", rate="share")
@reads("tax", "vat_additional_deduction", rate="share")
@reads("price_of_energy", rise="share")
def produce(m: ClusterPolicyModel) -> None:
    """Costs, taxes and profit; jobs and the wage; energy use."""
    e, p, facts = m.enterprises, m.parameters, m.policy.province.marginals
    w, price = e.weight, m.markets.price.take(e.field)
    tax_share = facts["va_share_production_tax"]
    vat_share = tax_share * p["vat_in_production_tax"]
    vat_rate = m.lever_value("vat_rate", "rate")
    made = e.va_rate * e.revenue
    real = (made + vat_share / (1.0 - vat_share) * made) / price
    # Dearer inputs are passed on in part; volumes are those of the inputs' old prices.
    rise = m.markets.input_price.take(e.field) - 1.0
    dearer = p["input_price_borne"] * rise * (e.revenue - made)
    net = made - np.minimum(dearer, 0.5 * made)
    vat = vat_share / (1.0 - vat_share) * vat_rate / 0.13 * net
    energy_price = energy.price(p["energy_price"], m.energy_rise, m.markets.price_level)
    energy_used = energy.per_value_added(e) * real
    saved_cost = e.energy_saved * e.energy_technique * real * energy_price
    energy_cost = energy_used * energy_price
    # Energy at unchanged technique is part of what the value-added rate already pays for.
    materials = e.revenue - net - saved_cost - energy_cost

    # Own productivity lowers the own price as much as cost, so that at prices of the field it saves
    # no labour; what all sellers of the field gain has lowered the price of the field.
    # A field whose prices fall against others has saved as much of what it uses (dual measure).
    saved = (
        m.markets.price_level / m.markets.price * exp(m.labour.saving + m.markets.frontier_level)
    )
    wanted = e.labour_need * 4.0 * real / saved.take(e.field)
    wanted *= unit_cost.labour_per_output(m)
    e.employees += p["labour_adjustment"] * (wanted - e.employees)
    wages = e.employees * e.wage * (m.labour.wage / 4.0)

    extra_vat = m.policy.lever("vat_additional_deduction")
    deduction = np.zeros(len(e))
    if extra_vat is not None and extra_vat.value("rate", m.quarter) > 0.0:
        claimed = claimed_share(extra_vat, e, m.seed_of_run, m.quarter, p["vat_take_up"])
        claimed *= awareness.knows(m, extra_vat)
        input_tax = vat_rate * p["input_tax_share"] * (materials + energy_cost)
        rate = extra_vat.value("rate", m.quarter) * claimed * (e.field != ENERGY_FIELD)
        deduction = np.minimum(rate * input_tax, vat)

    # A surcharge on energy goes to the treasury, as part of production tax.
    levy = channel_value(m, "price_of_energy", "rise") * energy_cost
    _count_taxes(m, vat_share / (1.0 - vat_share) / 0.13 * net, energy_cost)
    received = payments.pay_due(m) + m.programmes.grants_paid
    books = taxes.Accounts(
        revenue=e.revenue,
        materials=materials,
        energy_cost=energy_cost,
        vat=vat,
        surcharges=(tax_share - vat_share) * (net + vat) + levy,
        services=facts["va_share_other_services"] * (net + vat),
        wages=wages,
        interest=interest_due(m) / 4.0,
        depreciation=(
            p["capital_depreciation"] * e.capital + p["upgrade_depreciation"] * e.upgrades_value
        )
        / 4.0,
        rd=e.rd,
        other_income=deduction + received + e.grant_income,
    )
    e.value_added = books.value_added
    e.value_added_real = real
    e.profit = books.profit
    m.accounts.value_added_gap = _relative(dot(w, books.value_added), dot(w, books.income_side))
    tax, forgone = _income_tax(m)

    # Grants for outlays came with last quarter's purchases: income now, but no cash.
    m.accounts.cash_flow = e.profit - tax + books.depreciation - e.grant_income
    m.accounts.profit_after_tax = e.profit - tax
    for sector, amount in (
        ("government", vat - deduction + books.surcharges + tax - received),
        ("households", wages),
        ("banks", books.interest),
        ("outside", materials + energy_cost + books.services + e.rd - e.revenue - vat),
    ):
        m.accounts.books.book(sector, dot(w, amount))
    paid = vat - deduction + books.surcharges + tax
    m.accounts.transfers_paid += dot(w, received)
    _count_year(m, books, energy_used, paid, deduction + forgone, received)
    if extra_vat is not None and deduction.any():
        payer = taxes.payers("vat", p["local_tax_province"])
        payments.book(m, extra_vat, Kind.FORGONE, TAX, slice(None), deduction, payer)
    m.accounts.turnover = dot(w, e.revenue + vat)
    _wage(m, dot(w, wages), dot(w, e.value_added), dot(w, e.value_added) / m.markets.price_level,
          dot(w, e.employees))  # fmt: skip


def _count_year(
    m: ClusterPolicyModel, books: taxes.Accounts, energy_used: Array, tax: Array, forgone: Array,
    subsidy: Array,
) -> None:  # fmt: skip
    """Add the quarter to what is counted by year."""
    e = m.enterprises
    e.year_revenue += e.revenue
    e.year_value_added += e.value_added
    e.year_value_added_real += e.value_added_real
    e.year_vat += books.vat
    e.year_profit += e.profit
    e.year_wages += books.wages
    e.year_rd += e.rd
    e.year_rd_reported += e.rd_reported
    e.year_energy += energy_used
    e.year_tax += tax
    e.year_tax_forgone += forgone
    e.year_subsidy += subsidy


def _count_taxes(m: ClusterPolicyModel, base: Array, energy_cost: Array) -> None:
    """Count what VAT falls short of by its rate, and the surcharges on energy.

    Args:
        m: The model.
        base: What VAT is a rate on, yuan, shape (rows,).
        energy_cost: Energy bought, yuan, shape (rows,).
    """
    w, ordinary = m.enterprises.weight, m.parameters["benchmark_vat"]
    m.count("vat_rate", "vat_forgone", w * (ordinary - m.lever_value("vat_rate", "rate")) * base)
    for lever in m.policy.levers_of("price_of_energy"):
        rise = lever.value("rise", m.quarter)
        if rise != 0.0:
            m.count(lever.id, "surcharge", w * rise * coverage(m, lever) * energy_cost)


def _relative(one: float, other: float) -> float:
    return abs(one - other) / max(abs(one), 1.0)


def _wage(m: ClusterPolicyModel, wages: float, va: float, real: float, staff: float) -> None:
    """Move the provincial wage; the first quarter only sets the memory."""
    p = m.parameters
    if m.labour.previous is not None:
        before_real, before_staff = m.labour.previous
        productivity = log(real / staff) - log(before_real / before_staff)
        growth = market.wage_growth(
            productivity=productivity,
            labour_share=wages / va,
            share_start=m.labour.share_start,
            employment=log(staff / before_staff) - p["labour_force_growth"] / 4.0,
            correction=p["wage_correction"],
            pass_through=p["wage_pass_through"],
            supply=p["labour_supply_elasticity"],
        )
        growth = float(np.clip(growth, -0.1, 0.15))
        m.labour.wage *= exp(growth)
        # Elsewhere pay follows productivity: what moves it here alone is a cost against others.
        m.labour.wage_gap += growth - p["wage_pass_through"] * productivity
    m.labour.previous = (real, staff)


def _listed(m: ClusterPolicyModel) -> Flag:
    """Makers of integrated circuits and of machine tools, on the lists of the larger deduction.

    The fields of the model are wider: each enterprise of them has its own place, and those under
    the share are taken to be on the list.
    """
    e, p = m.enterprises, m.parameters
    share = np.array([p[f.listed] if f.listed else 0.0 for f in REGION.fields.values()])
    listed: Flag = e.lasting_draw(m.seed_of_run, "chips or machine tools") < share.take(e.field)
    return listed


@reads("price_of_rd", "rd_super_deduction", extra="share", extra_listed="share")
def _income_tax(m: ClusterPolicyModel) -> tuple[Array, Array]:
    """Income tax and what the super-deduction takes off it; the user cost of R&D it leaves."""
    e, p = m.enterprises, m.parameters
    super_deduction = m.policy.lever("rd_super_deduction")
    extra, share = np.zeros(len(e)), np.zeros(len(e))
    if super_deduction is not None:
        extra += super_deduction.value("extra", m.quarter)
        more = super_deduction.value("extra_listed", m.quarter)
        extra = np.where(_listed(m), np.maximum(extra, more), extra)
        usual = p["deduction_take_up"]
        share = claimed_share(super_deduction, e, m.seed_of_run, m.quarter, usual)
        share *= awareness.knows(m, super_deduction)
    claims = extra * share * e.rd_reported
    small = e.employees <= 300.0
    ordinary = p["benchmark_income_tax"] * taxes.taxable(e.profit, e.losses, claims)
    tax, forgone, e.losses = taxes.income_tax(
        e.profit, e.losses, claims, e.high_tech > NEVER, small, m.accounts.income_tax
    )
    m.count("corporate_income_tax", "income_tax_forgone", e.weight * (ordinary - tax))
    usable = np.where(e.profit > claims, share, 0.0)
    tax_rate = np.where(
        e.high_tech > NEVER, m.accounts.income_tax.high_tech, m.accounts.income_tax.ordinary
    )
    # What all claimed in 2018, also of those whom the lever serves no longer.
    before = np.where(e.profit > claims, p["deduction_take_up"], 0.0)
    start = taxes.rd_user_cost(tax_rate, p["deduction_start"], before)
    # The R&D grant is taxed, so it cuts the user cost by its own rate.
    m.innovation.rd_cost_ratio = (
        taxes.rd_user_cost(tax_rate, extra, usable) - e.rd_grant_rate
    ) / start
    m.innovation.rd_cost_ratio *= 1.0 - m.cluster_terms.rd_cost_cut.take(e.cluster)
    m.innovation.rd_cost_ratio = np.maximum(m.innovation.rd_cost_ratio, innovation.LEAST_COST)
    m.innovation.relabelling_reward = np.asarray(
        audit.expected(tax_rate * extra * usable, audit.chance(m))
    )
    e.year_relabel_gain += forgone * (1.0 - e.rd / np.maximum(e.rd_reported, 1.0))
    if super_deduction is not None:
        payer = taxes.payers("income", p["local_tax_province"])
        payments.book(m, super_deduction, Kind.FORGONE, TAX, slice(None), forgone, payer)
    return tax, forgone
