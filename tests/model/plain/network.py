"""Plain form of `model/economy/network.py`: pairs by repetition, links by a sort of all."""

import numpy as np

from jiqun.model.agents.enterprises import Role
from jiqun.model.dimensions import FIELDS
from jiqun.model.economy.demography import RAMP
from jiqun.model.economy.network import MOST_OF_SALES, Links, address, lasting, search
from jiqun.model.elementary import log
from jiqun.model.policy.reach import channel_value, coverage
from jiqun.model.randomness import uniform


def needs(e, revenue, share):
    """What leaders buy inside their field (`network.needs`)."""
    wanted = np.zeros(len(e))
    rows = np.flatnonzero(e.role == Role.CHAIN_LEADER)
    wanted[rows] = share * e.weight[rows] * revenue[rows] * (1.0 - e.va_rate[rows])
    most = MOST_OF_SALES * np.bincount(e.field, e.weight * revenue, len(FIELDS))
    whole = np.bincount(e.field[rows], wanted[rows], len(FIELDS))
    wanted[rows] *= np.minimum(1.0, most / np.maximum(whole, 1.0))[e.field[rows]]
    return wanted


def pairs(s, e, rows):
    """All leaders of each supplier's field (`Search.pairs`)."""
    field = e.field[rows]
    count = s.first[field + 1] - s.first[field]
    supplier = np.repeat(np.arange(len(rows)), count)
    start = s.first[field] - (count.cumsum() - count)
    place = np.arange(len(supplier)) + start[supplier]
    leader = s.leaders[place]
    together = e.city[rows][supplier] == e.city[leader]
    return supplier, leader, s.pull[place] * (1.0 + s.near * together)


def choose(e, s, rows, seed, quarter):
    """The leader that each supplier looks at, likelier the more links it draws: row, by supplier.

    An exponential race (Efraimidis and Spirakis 2006): a leader more changes no choice but those
    that fall on it.
    """
    if not len(rows):
        return rows
    at, leader, pull = pairs(s, e, rows)
    draw = uniform(seed, "which leader", address(e.id[rows][at], e.id[leader]), quarter)
    race = -log(draw) / pull
    begin = np.flatnonzero(np.diff(at, prepend=-1))
    least = np.repeat(np.minimum.reduceat(race, begin), np.diff(begin, append=len(race)))
    return leader[race == least]


def form_links(m):
    """Links form and end.

    A supplier looks at no more than one leader a quarter, so the cost follows the number of rows.
    Promotion bodies match: leaders of clusters that have one form more links. A platform of the
    supply chain serves leaders of clusters with or without one.
    """
    e, p, t, seed, s = m.enterprises, m.parameters, m.quarter, m.seed_of_run, m.network.search
    ending = p["link_ending"] / 4.0
    lever = m.policy.lever("leader_supplier_matching")
    rise = channel_value(m, "local_sourcing", "rate")
    if lever is not None:
        bodies = m.cluster_terms.promotion_body.take(e.cluster)
        rise = rise + lever.value("rate", t) * coverage(m, lever) * bodies
    raised = np.broadcast_to(rise / p["link_ending"], len(e))
    chance = ending * s.sought
    look = uniform(seed, "look for a leader", e.id, t)
    rows = np.flatnonzero(look < chance * (1.0 + raised.max()))
    leader = choose(e, s, rows, seed, t)
    formed = look[rows] < chance[rows] * (1.0 + raised[leader])

    old, led = m.network.links.ends
    lasts = uniform(seed, "link ends", address(e.id[old], e.id[led]), t) >= ending / s.fit[old]
    link(m, np.concatenate([old[lasts], rows[formed]]),
          np.concatenate([led[lasts], leader[formed]]))  # fmt: skip


def link(m, supplier, leader):
    """Set the links; who has one supports a leader."""
    e = m.enterprises
    m.network.links = Links.of(supplier, leader, len(e))
    linked = np.where(m.network.links.number > 0, Role.SUPPORTING, Role.INDEPENDENT)
    e.role = np.where(e.role == Role.CHAIN_LEADER, e.role, linked)


def link_entrants(m, before):
    """The year's search, and links of the enterprises that have come.

    They find partners as those before them have: so entry by itself moves no local share.
    """
    e, p, seed, t = m.enterprises, m.parameters, m.seed_of_run, m.quarter
    rows = np.arange(len(e))
    # A plant that runs up seeks suppliers for what it will make.
    running = np.where(e.plant, np.clip((t - e.founded + 1.0) / RAMP, 1.0 / RAMP, 1.0), 1.0)
    wanted = needs(e, e.revenue / running, p["leader_purchases_in_field"])
    m.network.search = search(e, wanted, m.network.needs_ratio_start, p)
    new, leader, odds = lasting(e, m.network.search, rows[before:])
    linked = uniform(seed, "first link", address(e.id[new], e.id[leader])) < odds / (1.0 + odds)
    to_new = search(e, np.where(rows < before, 0.0, wanted), m.network.needs_ratio_start, p)
    draw = uniform(seed, "first look", e.id[:before], t)
    supplier = np.flatnonzero(draw < (to_new.fit * to_new.sought)[:before])
    links = (
        m.network.links.ends,
        (new[linked], leader[linked]),
        (supplier, choose(e, to_new, supplier, seed, t)),
    )
    link(m, *(np.concatenate(side) for side in zip(*links, strict=True)))
