"""Sales as operations on whole columns."""

import numpy as np


def sold(wanted, most, weight, field, market):
    full, n = wanted > most, len(market)
    cut = np.bincount(field, weight * np.where(full, wanted - most, 0.0), n)
    asked = np.bincount(field, weight * wanted, n)
    free = np.bincount(field, weight * np.where(full, 0.0, wanted), n)
    others = np.maximum(market - asked, 0.0) + free
    more = 1.0 + cut / np.maximum(others, 1.0)
    return np.minimum(np.where(full, most, wanted * more.take(field)), most)
