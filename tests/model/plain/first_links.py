"""The first equilibrium of links in NumPy and SciPy: what the compiled one is compared with."""

import numpy as np

from jiqun.model.economy.network import N, linked_sales
from jiqun.model.elementary import dot
from jiqun.model.start.first_links import MOST_LINKED, MOST_NEEDED


def evenly(chance, group, draw):
    """Who is taken at even steps of chance inside each group."""
    reached = chance.cumsum()
    first = np.diff(group, prepend=-1) != 0
    begin = np.flatnonzero(first)
    before = np.repeat((reached - chance)[begin], np.diff(begin, append=len(group)))
    # Each begins where the one before has ended, so that rounding loses no step and doubles none.
    steps = np.floor(reached - before + draw)
    reached_before = np.where(first, np.floor(draw), np.roll(steps, 1))
    return np.asarray(steps > reached_before)


def equilibrium(links, sales, wanted, field, target, worth, steps):
    """Worth of links, what is bought through them, and sales through links over open sales."""
    number = np.maximum(links.sum(axis=1), 1.0)
    able = np.minimum(MOST_LINKED * (links.T @ (sales / number)), MOST_NEEDED * wanted)
    able = np.bincount(field, able, N)
    target = np.minimum(target, able)
    whole = np.bincount(field, wanted, N)
    odds = target / np.maximum(whole - target, 1.0)
    bought, ratio = np.zeros(N), np.zeros(len(sales))
    suppliers_of = links.T
    for _ in range(steps):
        carried = suppliers_of @ (4.0 * sales / (1.0 + ratio))
        per_mass = linked_sales(carried, wanted, worth[field])
        ratio = 4.0 * (links @ per_mass)
        bought = np.bincount(field, per_mass * carried, N)
        now = bought / np.maximum(whole - bought, 1.0)
        worth = worth * np.where(now > 0.0, odds / np.where(now > 0.0, now, 1.0), 1.0)
    # A field without links yet takes what links are worth elsewhere.
    usual = dot(worth, bought) / max(float(bought.sum()), 1.0)
    return np.where(able > 0.0, worth, usual), bought, ratio
