"""Parts of unit cost as operations on whole columns."""

import numpy as np


def shares(columns, wage_start, without_vat, cost_of_plant, most):
    labour_need, wage, va_rate, capital_rate = columns
    labour = labour_need * wage * wage_start * va_rate / without_vat
    return np.minimum(cost_of_plant * capital_rate, most * labour), labour


def energy_per_revenue(per_va, technique, va_rate, field, price, without_vat):
    real = va_rate / without_vat / price[field]
    return per_va * technique * real
