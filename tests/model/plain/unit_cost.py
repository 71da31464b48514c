"""Parts of unit cost as operations on whole columns."""

import numpy as np


def shares(columns, wage_start, without_vat, cost_of_plant, most):
    labour_need, wage, va_rate, capital_rate = columns
    labour = labour_need * wage * wage_start * va_rate / without_vat
    return np.minimum(cost_of_plant * capital_rate, most * labour), labour


def of_energy(columns, field, price, without_vat, energy_price, dearer):
    per_va, saved, technique, va_rate = columns

    def per_revenue(per_va):
        real = va_rate / without_vat / price[field]
        return per_va * technique * real

    now = per_revenue(np.maximum(per_va - saved, 0.0))
    return energy_price * (now * dearer - per_revenue(per_va))


def of_plant(plant, labour, elasticity, log_ratio):
    steep = (plant + labour) * plant / np.maximum(labour, 1e-9) / elasticity
    return -steep * log_ratio


def of_labour(plant, labour, log_ratio):
    return -plant / np.maximum(labour, 1e-9) * log_ratio


def plant_in_place(columns, field, price, running, least, most):
    capital, rate, expected = columns
    normal = price.take(field) * capital / np.maximum(rate, 1e-9)
    held = np.clip(4.0 * normal / np.maximum(expected, 1.0), least, most)
    return normal, np.where(running, 1.0, held)
