"""Deliveries and sales through links as operations on whole columns."""

import numpy as np
from scipy.sparse import csr_array


def fill(links, revenue, asked, before):
    linked = np.flatnonzero(links.number)
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
    return np.bincount(links.leader, np.repeat(mass, links.number), len(mass))


def linked(links, bought):
    supplier = np.repeat(np.arange(len(bought)), links.number)
    return np.bincount(supplier, bought[links.leader], len(bought))


def asked(links, bought, linked, asking):
    sold = csr_array((np.ones(len(links)), links.leader, links.first), (len(linked), len(asking)))
    return sold @ (bought * asking) / np.maximum(linked, 1e-30)
