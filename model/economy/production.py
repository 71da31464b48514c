"""Production: costs, taxes and profit of what is sold, jobs and the wage, energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.channels import reads
from jiqun.model.dimensions import ENERGY_FIELD
from jiqun.model.economy import energy, market, taxes, unit_cost
from jiqun.model.economy.credit import interest_due
from jiqun.model.elementary import compiled, dot, exp, log
from jiqun.model.innovation import audit, innovation
from jiqun.model.policy import awareness, payments
from jiqun.model.policy.eligibility import claimed_share
from jiqun.model.policy.ledger import TAX, Kind
from jiqun.model.policy.reach import channel_value, coverage
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel


@reads("tax", "vat_rate", rate="share")
@reads("tax", "vat_additional_deduction", rate="share")
@reads("price_of_energy", rise="share")
def produce(m: ClusterPolicyModel) -> None:
    """Costs, taxes and profit; jobs and the wage; energy use."""
    e, p, facts = m.enterprises, m.parameters, m.policy.province.marginals
    w = e.weight
    tax_share = facts["va_share_production_tax"]
    vat_share = tax_share * p["vat_in_production_tax"]
    vat_on_top = vat_share / (1.0 - vat_share)
    vat_rate = m.lever_value("vat_rate", "rate")
    real, net, vat, materials, energy_used, energy_cost = made = tuple(np.empty((6, len(e))))
    _make(
        e.revenue, e.va_rate, (energy.per_value_added(e), e.energy_saved, e.energy_technique),
        e.field, m.markets.price, p["input_price_borne"] * (m.markets.input_price - 1.0),
        (vat_on_top, vat_on_top * vat_rate / 0.13),
        energy.price(p["energy_price"], m.energy_rise, m.markets.price_level), made,
    )  # fmt: skip

    # Own productivity lowers the own price as much as cost, so that at prices of the field it saves
    # no labour; what all sellers of the field gain has lowered the price of the field.
    # A field whose prices fall against others has saved as much of what it uses (dual measure).
    saved = (
        m.markets.price_level / m.markets.price * exp(m.labour.saving + m.markets.frontier_level)
    )
    wages = np.empty(len(e))
    _employ(
        (e.labour_need, real, unit_cost.labour_per_output(m), e.wage), e.field, saved,
        p["labour_adjustment"], m.labour.wage / 4.0, e.employees, wages,
    )  # fmt: skip
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
    if m.counts_costs:
        _count_taxes(m, vat_on_top / 0.13 * net, energy_cost)
    received = payments.pay_due(m) + m.programmes.grants_paid
    surcharges, services, depreciation, income = borne = tuple(np.empty((4, len(e))))
    _bear(
        (net, vat, levy, e.capital, e.upgrades_value, deduction, received, e.grant_income),
        (
            tax_share - vat_share, facts["va_share_other_services"], p["capital_depreciation"],
            p["upgrade_depreciation"],
        ),
        borne,
    )  # fmt: skip
    books = taxes.Accounts(
        revenue=e.revenue,
        materials=materials,
        energy_cost=energy_cost,
        vat=vat,
        surcharges=surcharges,
        services=services,
        wages=wages,
        interest=interest_due(m) / 4.0,
        depreciation=depreciation,
        rd=e.rd,
        other_income=income,
    )
    e.value_added = books.value_added
    e.value_added_real = real
    e.profit = books.profit
    value_added, pay = dot(w, books.value_added), dot(w, wages)
    m.accounts.value_added_gap = _relative(value_added, dot(w, books.income_side))
    tax, forgone = _income_tax(m)

    # Grants for outlays came with last quarter's purchases: income now, but no cash.
    m.accounts.profit_after_tax, m.accounts.cash_flow, paid, net_paid, abroad = flows = tuple(
        np.empty((5, len(e)))
    )
    _flow(
        (e.profit, tax, depreciation, e.grant_income, vat, deduction, surcharges, received),
        (materials, energy_cost, services, e.rd, e.revenue), flows,
    )  # fmt: skip
    for sector, amount in (
        ("government", dot(w, net_paid)),
        ("households", pay),
        ("banks", dot(w, books.interest)),
        ("outside", dot(w, abroad)),
    ):
        m.accounts.books.book(sector, amount)
    m.accounts.transfers_paid += dot(w, received)
    _count_year(m, books, energy_used, paid, deduction + forgone, received)
    if extra_vat is not None and deduction.any():
        payer = taxes.payers("vat", p["local_tax_province"])
        payments.book(m, extra_vat, Kind.FORGONE, TAX, slice(None), deduction, payer)
    m.accounts.turnover = dot(w, e.revenue + vat)
    _wage(m, pay, value_added, value_added / m.markets.price_level, dot(w, e.employees))


@compiled(
    "void(float64[::1], float64[::1], UniTuple(float64[::1], 3), int64[::1], float64[::1],"
    " float64[::1], UniTuple(float64, 2), float64, UniTuple(float64[::1], 6))"
)
def _make(
    revenue: Array, va_rate: Array, use: tuple[Array, Array, Array], field: Whole, price: Array,
    dearer: Array, vat: tuple[float, float], energy_price: float, made: tuple[Array, ...],
) -> None:  # fmt: skip
    """Write what is made of revenue: value added, its VAT, materials, energy and its cost.

    Args:
        revenue: Yuan, shape (rows,).
        va_rate: Value added without VAT over revenue where inputs are no dearer, shape (rows,).
        use: Energy over real value added, and what upgrades save of it at the technique of 2018,
            tce a yuan of 2018; and technique, 2018 = 1; each shape (rows,).
        field: Field index, shape (rows,).
        price: Price, 2018 = 1, shape (fields,).
        dearer: Rise of the price of inputs that enterprises bear, a share, shape (fields,).
        vat: VAT payable over value added without it, in 2018 and now.
        energy_price: Yuan a tce.
        made: Written: value added in yuan of 2018 and without VAT in yuan, VAT and materials in
            yuan, energy in tce and in yuan, each shape (rows,).
    """
    (per_va, saved, technique), (vat_before, vat_now) = use, vat
    real, net, vat_due, materials, energy_used, energy_cost = made
    # Values of fields are looked up first: only so does the loop after this one vectorise.
    for i in range(len(revenue)):
        real[i], net[i] = price[field[i]], dearer[field[i]]
    for i in range(len(revenue)):
        value_added = va_rate[i] * revenue[i]
        real[i] = (value_added + vat_before * value_added) / real[i]
        # Dearer inputs are passed on in part; volumes are those of the inputs' old prices.
        borne = net[i] * (revenue[i] - value_added)
        net[i] = value_added - min(borne, 0.5 * value_added)
        vat_due[i] = vat_now * net[i]
        energy_used[i] = per_va[i] * real[i]
        energy_cost[i] = energy_used[i] * energy_price
        # Energy at unchanged technique is part of what the value-added rate already pays for.
        saved_cost = saved[i] * technique[i] * real[i] * energy_price
        materials[i] = revenue[i] - net[i] - saved_cost - energy_cost[i]


@compiled("void(UniTuple(float64[::1], 8), UniTuple(float64, 4), UniTuple(float64[::1], 4))")
def _bear(columns: tuple[Array, ...], rates: tuple[float, ...], borne: tuple[Array, ...]) -> None:
    """Write surcharges, services, depreciation and income beside sales, yuan, each shape (rows,).

    Args:
        columns: Net value added, VAT, levy on energy, plant, upgrades not written off, deduction
            of VAT, grants and grants of last quarter; yuan, each shape (rows,).
        rates: Surcharges and services over value added with VAT; depreciation of plant and of
            upgrades, a share a year.
        borne: Written.
    """
    net, vat, levy, capital, upgrades, deduction, received, grants = columns
    surcharges, services, depreciation, income = borne
    of_surcharges, of_services, of_plant, of_upgrades = rates
    for i in range(len(net)):
        with_vat = net[i] + vat[i]
        surcharges[i] = of_surcharges * with_vat + levy[i]
        services[i] = of_services * with_vat
        depreciation[i] = (of_plant * capital[i] + of_upgrades * upgrades[i]) / 4.0
        income[i] = deduction[i] + received[i] + grants[i]


@compiled(
    "void(UniTuple(float64[::1], 4), int64[::1], float64[::1], float64, float64, float64[::1],"
    " float64[::1])"
)
def _employ(
    columns: tuple[Array, Array, Array, Array], field: Whole, saved: Array, adjustment: float,
    wage: float, employees: Array, wages: Array,
) -> None:  # fmt: skip
    """Move employees, in place, towards those that output takes, and write what they are paid.

    Args:
        columns: Labour per real value added of 2018, persons per yuan a year; value added, yuan of
            2018; labour for a unit of output over that with plant as wanted; and wage against the
            provincial wage; each shape (rows,).
        field: Field index, shape (rows,).
        saved: Output over labour, 2018 = 1, shape (fields,).
        adjustment: Share of the gap closed in a quarter.
        wage: Provincial wage, yuan a quarter.
        employees: Persons, shape (rows,).
        wages: Written: yuan, shape (rows,).
    """
    labour_need, real, per_output, pay = columns
    for i in range(len(real)):
        wanted = labour_need[i] * 4.0 * real[i] / saved[field[i]] * per_output[i]
        employees[i] += adjustment * (wanted - employees[i])
        wages[i] = employees[i] * pay[i] * wage


@compiled("void(UniTuple(float64[::1], 8), UniTuple(float64[::1], 5), UniTuple(float64[::1], 5))")
def _flow(taxed: tuple[Array, ...], bought: tuple[Array, ...], flows: tuple[Array, ...]) -> None:
    """Write what is left of profit and who gets the rest, yuan, each shape (rows,).

    Args:
        taxed: Profit before tax, income tax, depreciation, grants of last quarter, VAT, deduction
            of VAT, surcharges and grants of the quarter.
        bought: Materials, energy, services, R&D and revenue.
        flows: Written: profit after tax, cash flow, taxes, taxes less grants, and what others than
            the province's households, banks and treasury get on balance.
    """
    profit, tax, depreciation, grants, vat, deduction, surcharges, received = taxed
    materials, energy_cost, services, rd, revenue = bought
    after_tax, cash_flow, paid, net_paid, abroad = flows
    for i in range(len(profit)):
        after_tax[i] = profit[i] - tax[i]
        cash_flow[i] = after_tax[i] + depreciation[i] - grants[i]
        paid[i] = vat[i] - deduction[i] + surcharges[i] + tax[i]
        net_paid[i] = paid[i] - received[i]
        outside = materials[i] + energy_cost[i] + services[i] + rd[i]
        abroad[i] = outside - revenue[i] - vat[i]


def _count_year(
    m: ClusterPolicyModel, books: taxes.Accounts, energy_used: Array, tax: Array, forgone: Array,
    subsidy: Array,
) -> None:  # fmt: skip
    """Add the quarter to what is counted by year."""
    e = m.enterprises
    amounts = {
        "year_revenue": e.revenue,
        "year_value_added": e.value_added,
        "year_value_added_real": e.value_added_real,
        "year_vat": books.vat,
        "year_profit": e.profit,
        "year_wages": books.wages,
        "year_rd": e.rd,
        "year_rd_reported": e.rd_reported,
        "year_energy": energy_used,
        "year_tax": tax,
        "year_tax_forgone": forgone,
        "year_subsidy": subsidy,
    }
    _add(tuple(getattr(e, name) for name in amounts), tuple(amounts.values()))


@compiled("void(UniTuple(float64[::1], 12), UniTuple(float64[::1], 12))")
def _add(sums: tuple[Array, ...], amounts: tuple[Array, ...]) -> None:
    """Add amounts to sums, in place."""
    for k in range(len(sums)):
        total, amount = sums[k], amounts[k]
        for i in range(len(total)):
            total[i] += amount[i]


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
        growth = min(max(growth, -0.1), 0.15)
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
        if np.any(more > extra):
            extra = np.where(_listed(m), np.maximum(extra, more), extra)
        usual = p["deduction_take_up"]
        share = claimed_share(super_deduction, e, m.seed_of_run, m.quarter, usual)
        share *= awareness.knows(m, super_deduction)
    claims = extra * share * e.rd_reported
    small = e.employees <= 300.0
    tax, forgone, e.losses, taxed = taxes.income_tax(
        e.profit, e.losses, claims, e.high_tech > NEVER, small, m.accounts.income_tax
    )
    if m.counts_costs:
        ordinary = p["benchmark_income_tax"] * taxed
        m.count("corporate_income_tax", "income_tax_forgone", e.weight * (ordinary - tax))
    _set_rd_terms(m, extra, share, claims)
    e.year_relabel_gain += forgone * (1.0 - e.rd / np.maximum(e.rd_reported, 1.0))
    if super_deduction is not None:
        payer = taxes.payers("income", p["local_tax_province"])
        payments.book(m, super_deduction, Kind.FORGONE, TAX, slice(None), forgone, payer)
    return tax, forgone


def _set_rd_terms(m: ClusterPolicyModel, extra: Array, share: Array, claims: Array) -> None:
    """Set the user cost of R&D over that of 2018, and what a yuan of relabelled R&D saves.

    Args:
        m: The model.
        extra: Extra deduction for a yuan of R&D, a share, shape (rows,).
        share: Share of it that is claimed, shape (rows,).
        claims: What is claimed, yuan, shape (rows,).
    """
    e, p, rates = m.enterprises, m.parameters, m.accounts.income_tax
    # By title, then by whether profit bears the deduction: what all claimed in 2018, also of those
    # whom the lever serves no longer.
    by_title = rates.ordinary, rates.high_tech
    start = tuple(
        taxes.rd_user_cost(rate, p["deduction_start"], usable)
        for rate in by_title
        for usable in (0.0, p["deduction_take_up"])
    )
    m.innovation.rd_cost_ratio, reward = terms = np.empty(len(e)), np.empty(len(e))
    _rd_terms(
        (e.high_tech > NEVER, e.profit > claims), (extra, share, e.rd_grant_rate), start, by_title,
        e.cluster, m.cluster_terms.rd_cost_cut, innovation.LEAST_COST, terms,
    )  # fmt: skip
    m.innovation.relabelling_reward = np.asarray(audit.expected(reward, audit.chance(m)))


@compiled(
    "void(UniTuple(boolean[::1], 2), UniTuple(float64[::1], 3), UniTuple(float64, 4),"
    " UniTuple(float64, 2), int64[::1], float64[::1], float64, UniTuple(float64[::1], 2))"
)
def _rd_terms(
    flags: tuple[Flag, Flag], columns: tuple[Array, Array, Array], start: tuple[float, ...],
    rates: tuple[float, float], cluster: Whole, cut: Array, least: float,
    terms: tuple[Array, Array],
) -> None:  # fmt: skip
    """Write the user cost of R&D over that of 2018, and the tax that a yuan of it takes off.

    Args:
        flags: Who holds the high-tech title, and who has the profit to set the deduction against,
            each shape (rows,).
        columns: Extra deduction for a yuan of R&D, the share of it that is claimed, and the R&D
            grant on a further yuan of R&D, shares, each shape (rows,).
        start: User cost of 2018 by title, then by whether profit bears the deduction.
        rates: Rate of income tax without and with the title.
        cluster: Number of the cluster, shape (rows,); -1 is none.
        cut: Part of the cost that the platform of a cluster saves; the last is for none.
        least: Least ratio.
        terms: Written: ratio of the costs, and tax as a share, each shape (rows,).
    """
    (high_tech, bears), (extra, share, grant_rate), (ratio, tax) = flags, columns, terms
    (alone, borne, titled_alone, titled_borne), (ordinary, reduced) = start, rates
    for i in range(len(extra)):
        rate = reduced if high_tech[i] else ordinary
        usable = share[i] if bears[i] else 0.0
        # As `taxes.rd_user_cost`; the R&D grant is taxed, so it cuts the cost by its own rate.
        now = (1.0 - rate * (1.0 + extra[i] * usable)) / (1.0 - rate)
        titled = titled_borne if bears[i] else titled_alone
        untitled = borne if bears[i] else alone
        ratio[i] = (now - grant_rate[i]) / (titled if high_tech[i] else untitled)
        tax[i] = rate * extra[i] * usable
    # Apart, so that the loop above vectorises.
    for i in range(len(extra)):
        ratio[i] = max(ratio[i] * (1.0 - cut[cluster[i]]), least)
