"""The supply network at end-2018: its links, and what they are worth, in equilibrium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import Role
from jiqun.model.economy.market import local_share
from jiqun.model.economy.network import (
    Links,
    N,
    asked,
    asks_quality,
    lasting,
    link,
    needs,
    search,
)
from jiqun.model.elementary import compiled, dot, log1p, power
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
    return _evenly(chance, group, draw)


@compiled("boolean[::1](float64[::1], int64[::1], float64[::1])")
def _evenly(chance: Array, group: Whole, draw: Array) -> Flag:
    """Who is taken (`evenly`)."""
    taken = np.empty(len(chance), dtype=np.bool_)
    reached, before, last = 0.0, 0.0, 0.0
    for i in range(len(chance)):
        reached += chance[i]
        if i == 0 or group[i] != group[i - 1]:
            before, last = reached - chance[i], np.floor(draw[i])
        # Each begins where the one before has ended, so that rounding loses no step and doubles
        # none.
        step = np.floor(reached - before + draw[i])
        taken[i] = step > last
        last = step
    return taken


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
    links: Links, sales: Array, wanted: Array, field: Whole, target: Array, worth: Array,
    steps: int,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Worth of links that makes the sales of 2018 an equilibrium of every enterprise.

    Args:
        links: The links.
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
    # A supplier's sales are for all its leaders alike.
    each = np.repeat(sales / np.maximum(links.number, 1.0), links.number)
    carried = np.bincount(links.leader, each, len(wanted))
    able = np.minimum(MOST_LINKED * carried, MOST_NEEDED * wanted)
    able = np.bincount(field, able, N)
    target = np.minimum(target, able)
    # Where there are no leaders NumPy gives whole numbers.
    whole = np.bincount(field, wanted, N).astype(np.float64)
    odds = target / np.maximum(whole - target, 1.0)
    worth, bought, ratio = _settle(
        links.first, links.leader, sales, wanted, field, whole, odds, worth, steps
    )
    # A field without links yet takes what links are worth elsewhere.
    usual = dot(worth, bought) / max(float(bought.sum()), 1.0)
    return np.where(able > 0.0, worth, usual), bought, ratio


@compiled(
    "Tuple((float64[::1], float64[::1], float64[::1]))(int64[::1], int64[::1], float64[::1],"
    " float64[::1], int64[::1], float64[::1], float64[::1], float64[::1], int64)"
)
def _settle(
    first: Whole, leader: Whole, sales: Array, wanted: Array, field: Whole, whole: Array,
    odds: Array, begin: Array, steps: int,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Rounds of `equilibrium`: worth of links, what is bought through them, and sales over open.

    Args:
        first: Place of each supplier's first link, shape (suppliers + 1,).
        leader: Leader of each link, those of a supplier together, shape (links,).
        sales: Sales of a supplier, yuan a quarter, shape (suppliers,).
        wanted: Needs of a leader, yuan a quarter, shape (leaders,).
        field: Field of a leader, shape (leaders,).
        whole: Needs of the leaders of a field, yuan a quarter, shape (fields,).
        odds: Purchases through links over the others that are aimed at, shape (fields,).
        begin: Worth of links at first, yuan a quarter, shape (fields,).
        steps: Number of rounds.
    """
    worth, bought, ratio = begin.copy(), np.zeros(len(begin)), np.zeros(len(sales))
    carried, per_mass = np.empty(len(wanted)), np.empty(len(wanted))
    for _ in range(steps):
        carried[:] = 0.0
        for i in range(len(sales)):
            mass = 4.0 * sales[i] / (1.0 + ratio[i])
            for at in range(first[i], first[i + 1]):
                carried[leader[at]] += mass
        bought[:] = 0.0
        for j in range(len(wanted)):
            own = worth[field[j]]
            # As `network.linked_sales`.
            per_mass[j] = own * wanted[j] / max(wanted[j] + own * carried[j], 1e-30)
            bought[field[j]] += per_mass[j] * carried[j]
        for i in range(len(sales)):
            total = 0.0
            for at in range(first[i], first[i + 1]):
                total += per_mass[leader[at]]
            ratio[i] = 4.0 * total
        for k in range(len(worth)):
            now = bought[k] / max(whole[k] - bought[k], 1.0)
            if now > 0.0:
                worth[k] *= odds[k] / now
    return worth, bought, ratio


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
    buyers, place = (wanted != 0.0).nonzero()[0], np.zeros(len(e), dtype=np.int64)
    place[buyers] = np.arange(len(buyers))
    # NumPy sorts numbers of 16 bits in the time of two passes; there are some dozens of leaders.
    order = np.argsort(place[leader].astype(np.uint16), kind="stable")
    supplier, leader, odds = supplier[order], leader[order], odds[order]
    draw = uniform(seed, "first supplier", e.id[leader])
    worth = np.full(N, 0.25)
    larger = np.ones(N)
    for steps in PASSES:
        likely = odds * larger[e.field[leader]]
        taken = evenly(likely / (1.0 + likely), leader, draw)
        linked = supplier[taken]
        rows = np.bincount(linked, minlength=len(e)).nonzero()[0]
        place[rows] = np.arange(len(rows))
        links = Links.of(place[linked], place[leader[taken]], len(rows))
        worth, through, ratio = equilibrium(
            links, sales[rows], wanted[buyers], e.field[buyers], target, worth, steps
        )
        unbound = 1.0 - through / np.maximum(net.purchases, 1.0)
        larger = power(1.0 + 4.0 * worth * unbound, p["size_tail"])
    link(m, linked, leader[taken])
    e.size_level[rows] -= log1p(ratio)
    own = 4.0 * (whole - through)
    m.markets.outside_mass = 4.0 * (m.markets.demand - through) - own
    net.worth = worth * (own + m.markets.outside_mass) / m.markets.demand
    net.local_share = local_share(net.purchases, through, own, m.markets.outside_mass)
    net.digital_demand = net.quality_demand = np.zeros(len(e))
    # Rates of titles are those of 2018, with what leaders asked for then: all links count alike.
    titled = e.weight * (e.rd_active & e.above_scale)
    share = asked(net.links, np.ones(len(e)), net.links.number.astype(np.float64), asks_quality(e))
    net.quality_demand_start = dot(titled, share) / max(float(titled.sum()), 1e-30)
