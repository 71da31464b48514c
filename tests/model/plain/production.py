"""Production as operations on whole columns."""

import numpy as np

from jiqun.model.economy.taxes import rd_user_cost


def make(
    revenue, va_rate, energy, field, price, dearer, vat, energy_price
):  # fmt: skip
    per_va, saved, technique = energy
    made = va_rate * revenue
    real = (made + vat[0] * made) / price.take(field)
    net = made - np.minimum(dearer.take(field) * (revenue - made), 0.5 * made)
    used = per_va * real
    saved_cost = saved * technique * real * energy_price
    cost = used * energy_price
    return real, net, vat[1] * net, revenue - net - saved_cost - cost, used, cost


def bear(columns, rates):
    net, vat, levy, capital, upgrades, deduction, received, grants = columns
    with_vat = net + vat
    depreciation = (rates[2] * capital + rates[3] * upgrades) / 4.0
    income = deduction + received + grants
    return rates[0] * with_vat + levy, rates[1] * with_vat, depreciation, income


def employ(columns, field, saved, adjustment, wage, employees):
    labour_need, real, per_output, pay = columns
    wanted = labour_need * 4.0 * real / saved.take(field)
    wanted *= per_output
    employees = employees + adjustment * (wanted - employees)
    return employees, employees * pay * wage


def flow(taxed, bought):
    profit, tax, depreciation, grants, vat, deduction, surcharges, received = taxed
    materials, energy_cost, services, rd, revenue = bought
    after_tax, paid = profit - tax, vat - deduction + surcharges + tax
    abroad = materials + energy_cost + services + rd - revenue - vat
    return after_tax, after_tax + depreciation - grants, paid, paid - received, abroad


def rd_terms(flags, columns, before, rates, cluster, cut, least):
    """`before` is the extra deduction of 2018 and the share of it that was claimed."""
    (high_tech, bears), (extra, share, grant_rate) = flags, columns
    usable = np.where(bears, share, 0.0)
    rate = np.where(high_tech, rates[1], rates[0])
    start = rd_user_cost(rate, before[0], np.where(bears, before[1], 0.0))
    ratio = (rd_user_cost(rate, extra, usable) - grant_rate) / start
    return np.maximum(ratio * (1.0 - cut[cluster]), least), rate * extra * usable
