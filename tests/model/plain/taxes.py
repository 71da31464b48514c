"""Taxes and accounts as operations on whole columns."""

import numpy as np


def sides(b):
    """Value added, profit and the income side of accounts."""
    costs = (
        b.materials + b.energy_cost + b.surcharges + b.services + b.wages + b.interest
        + b.depreciation + b.rd
    )  # fmt: skip
    profit = b.revenue + b.other_income - costs
    income = (
        b.wages + b.vat + b.surcharges + b.interest + b.depreciation + b.services + b.rd + profit
        - b.other_income
    )  # fmt: skip
    return b.revenue + b.vat - b.materials - b.energy_cost, profit, income


def income_tax(profit, losses, deduction, high_tech, small, rates):
    gross = np.maximum(profit, 0.0)
    used = np.minimum(losses, gross)
    before = gross - used
    taken = np.minimum(deduction, before)
    tax = tax_on(before - taken, high_tech, small, rates)
    rows, forgone = np.flatnonzero(taken), np.zeros(len(tax))
    forgone[rows] = tax_on(before[rows], high_tech[rows], small[rows], rates) - tax[rows]
    carried = losses - used + np.maximum(-profit, 0.0) + (deduction - taken)
    return tax, np.maximum(forgone, 0.0), carried, before - taken


def tax_on(base, high_tech, small, rates):
    yearly = 4.0 * base
    first = np.minimum(yearly, rates.small_first_limit)
    reduced = (rates.small_first * first + rates.small_rest * (yearly - first)) / 4.0
    full = base * np.where(high_tech, rates.high_tech, rates.ordinary)
    return np.where(small & (yearly <= rates.small_limit), np.minimum(reduced, full), full)
