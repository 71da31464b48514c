"""Deliveries and sales through links as operations on whole columns."""

import numpy as np


def fill(links, revenue, asked, before):
    linked = np.flatnonzero(np.diff(links.indptr))
    part = np.minimum(revenue[linked] / np.maximum(asked[linked], 1e-9), 1.0)
    filled, fall = np.zeros(len(revenue)), np.zeros(len(revenue))
    filled[linked] = part
    fall[linked] = np.where(before[linked] > 0.0, before[linked], part) - part
    return filled, fall


def add_up(links, rows, fall, stocks, orders):
    at, leader, part = orders.parts(links, rows)
    size = len(orders.mass)
    return np.bincount(leader, part * fall[at], size), np.bincount(leader, part * stocks[at], size)


def carried(links, mass):
    return np.bincount(links.indices, np.repeat(mass, np.diff(links.indptr)), len(mass))


def asked(links, bought, linked, asking):
    return links @ (bought * asking) / np.maximum(linked, 1e-30)
