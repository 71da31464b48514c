"""Production as operations on whole columns."""

import numpy as np

from jiqun.model.economy.taxes import rd_user_cost


def make(
    revenue, va_rate, energy, field, price, dearer, vat_on_top, energy_price
):  # fmt: skip
    per_va, saved, technique = energy
    made = va_rate * revenue
    real = (made + vat_on_top * made) / price.take(field)
    net = made - np.minimum(dearer.take(field) * (revenue - made), 0.5 * made)
    used = per_va * real
    saved_cost = saved * technique * real * energy_price
    cost = used * energy_price
    return real, net, revenue - net - saved_cost - cost, used, cost


def employ(labour_need, real, per_output, field, saved, adjustment, employees):
    wanted = labour_need * 4.0 * real / saved.take(field)
    wanted *= per_output
    return employees + adjustment * (wanted - employees)


def rd_terms(high_tech, bears, extra, share, grant_rate, before, rates):
    """`before` is the extra deduction of 2018 and the share of it that was claimed."""
    usable = np.where(bears, share, 0.0)
    rate = np.where(high_tech, rates[1], rates[0])
    start = rd_user_cost(rate, before[0], np.where(bears, before[1], 0.0))
    return (rd_user_cost(rate, extra, usable) - grant_rate) / start, rate * extra * usable
