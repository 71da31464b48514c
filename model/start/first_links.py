"""The supply network at end-2018: its links, and what they are worth, in equilibrium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from jiqun.model.agents.enterprises import Role
from jiqun.model.economy.market import local_share
from jiqun.model.economy.network import (
    N,
    asked,
    asks_quality,
    lasting,
    link,
    linked_sales,
    needs,
    search,
)
from jiqun.model.elementary import dot, log1p, power
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel

MOST_LINKED, MOST_NEEDED = 0.5, 0.9
"""Parts of linked suppliers' sales and of leaders' needs that links carry at the start, at most."""
PASSES = (10, 10, 30)
"""Rounds in which the start of the network is found: links and their worth hang on each other."""


def evenly(chance: Array, group: Whole, draw: Array) -> Flag:
    """Who is taken at even steps of chance inside each group (systematic sampling).

    Args:
        chance: Chance of each, shape (pairs,).
        group: Group of each; groups stand together.
        draw: Uniform draw of the group, shape (pairs,).
    """
    reached = chance.cumsum()
    first = np.diff(group, prepend=-1) != 0
    begin = np.flatnonzero(first)
    before = np.repeat((reached - chance)[begin], np.diff(begin, append=len(group)))
    # Each begins where the one before has ended, so that rounding loses no step and doubles none.
    steps = np.floor(reached - before + draw)
    reached_before = np.where(first, np.floor(draw), np.roll(steps, 1))
    return np.asarray(steps > reached_before)


def linked_at_start(local: float, sales: Array, market: Array, purchases: Array) -> Array:
    """Purchases through links, yuan a quarter, that give the local share of 2018, shape (fields,).

    Of what is not bought through links the province sells its share of the open market. Solves
    `local * C = T + (C - T) * (S - T) / (X - T)` for T, with sales S, market X and purchases C.

    Args:
        local: Part of leaders' purchases that is bought in the province, a share.
        sales: Sales of the province, yuan a quarter, shape (fields,).
        market: Size of the market, yuan a quarter, shape (fields,).
        purchases: What leaders buy in their own field, yuan a quarter, shape (fields,).
    """
    top = purchases * (local * market - sales)
    return np.maximum(top, 0.0) / (market - purchases - sales + local * purchases)


def equilibrium(
    links: csr_array, sales: Array, wanted: Array, field: Whole, target: Array, worth: Array,
    steps: int,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Worth of links that makes the sales of 2018 an equilibrium of every enterprise.

    Args:
        links: The links, shape (suppliers, leaders).
        sales: Sales of all enterprises of a row, yuan a quarter, shape (suppliers,).
        wanted: Needs of leaders, yuan a quarter, shape (leaders,).
        field: Field of the leaders, shape (leaders,).
        target: Purchases through links, yuan a quarter, shape (fields,). Where linked suppliers
            are too small for it, links carry `MOST_LINKED` of their sales.
        worth: Where to begin, shape (fields,).
        steps: Rounds of the iteration.

    Returns:
        What a link brings for a unit of mass where needs do not bind, yuan a quarter, and what is
        bought through links, yuan a quarter, both shape (fields,); sales through links over open
        sales, shape (suppliers,).
    """
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


def found(m: ClusterPolicyModel, seed: int) -> None:
    """Links at end-2018, and what they are worth, so that every enterprise starts in equilibrium.

    Each leader takes its suppliers at even steps of chance from the largest to the smallest, so
    that what they sell together is near its mean: by lot, a few large suppliers would decide
    whether a field starts above or below its long run. Part of what a linked supplier sells goes
    through its links, so it is less competitive in the open market than another of its size; and a
    supplier is likelier to have links the larger it is for them, by the Pareto tail of sizes.
    """
    e, p, net = m.enterprises, m.parameters, m.network
    sales = e.weight * e.revenue
    wanted = needs(e, e.revenue, p["leader_purchases_in_field"])
    net.purchases = np.bincount(e.field, wanted, N)
    supplied = np.bincount(e.field, sales * (e.role != Role.CHAIN_LEADER), N)
    usual = net.purchases.sum() / supplied.sum()
    present = (net.purchases > 0.0) & (supplied > 0.0)
    net.needs_ratio_start = np.where(
        present, net.purchases / np.where(present, supplied, 1.0), usual
    )
    whole = np.maximum(np.bincount(e.field, sales, N), 1e6)
    target = linked_at_start(p["local_sourcing"], whole, m.markets.demand, net.purchases)

    net.search = search(e, wanted, net.needs_ratio_start, p)
    supplier, leader, odds = lasting(e, net.search, np.lexsort((e.id, -e.revenue)))
    order = np.argsort(leader, kind="stable")
    supplier, leader, odds = supplier[order], leader[order], odds[order]
    draw = uniform(seed, "first supplier", e.id[leader])
    buyers = np.flatnonzero(wanted)
    rows = np.flatnonzero(np.bincount(supplier, minlength=len(e)))
    place = np.zeros(len(e), dtype=np.int64)
    place[buyers], place[rows] = np.arange(len(buyers)), np.arange(len(rows))
    worth = np.full(N, 0.25)
    larger = np.ones(N)
    for steps in PASSES:
        likely = odds * larger[e.field[leader]]
        taken = evenly(likely / (1.0 + likely), leader, draw)
        links = csr_array(
            (np.ones(int(taken.sum())), (place[supplier[taken]], place[leader[taken]])),
            shape=(len(rows), len(buyers)),
        )
        worth, through, ratio = equilibrium(
            links, sales[rows], wanted[buyers], e.field[buyers], target, worth, steps
        )
        unbound = 1.0 - through / np.maximum(net.purchases, 1.0)
        larger = power(1.0 + 4.0 * worth * unbound, p["size_tail"])
    link(m, supplier[taken], leader[taken])
    e.size_level[rows] -= log1p(ratio)
    own = 4.0 * (whole - through)
    m.markets.outside_mass = 4.0 * (m.markets.demand - through) - own
    net.worth = worth * (own + m.markets.outside_mass) / m.markets.demand
    net.local_share = local_share(net.purchases, through, own, m.markets.outside_mass)
    net.digital_demand = net.quality_demand = np.zeros(len(e))
    # Rates of titles are those of 2018, with what leaders asked for then: all links count alike.
    titled = e.weight * (e.rd_active & e.above_scale)
    share = asked(net.links, np.ones(len(e)), net.links.sum(axis=1), asks_quality(e))
    net.quality_demand_start = dot(titled, share) / max(float(titled.sum()), 1e-30)
