"""Sales as operations on whole columns."""

import numpy as np


def log_mass(size_level, size_noise, productivity, appeal, sigma1):
    return size_level + size_noise + sigma1 * (productivity + appeal)


def adjust_revenue(revenue, target, growth, speed):
    passed = revenue * growth
    return passed + speed * (target - passed)


def expect(revenue, wanted, rated, ceiling, speed, columns):
    capacity, at_ceiling, expected = columns
    met = np.maximum(wanted, revenue)
    return (
        capacity + rated, at_ceiling + np.where(revenue < ceiling * rated, 0.0, revenue),
        expected + speed * (4.0 * met - expected),
    )  # fmt: skip


def sold(wanted, most, weight, field, market):
    full, n = wanted > most, len(market)
    cut = np.bincount(field, weight * np.where(full, wanted - most, 0.0), n)
    asked = np.bincount(field, weight * wanted, n)
    free = np.bincount(field, weight * np.where(full, 0.0, wanted), n)
    others = np.maximum(market - asked, 0.0) + free
    more = 1.0 + cut / np.maximum(others, 1.0)
    return np.minimum(np.where(full, most, wanted * more.take(field)), most)
