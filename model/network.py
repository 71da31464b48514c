"""The supply network: which enterprises supply which chain leaders, and what is bought through it.

A leader buys part of its inputs inside its own field. What it buys from linked suppliers grows with
what they can carry for each yuan it needs; the rest it buys in the open market, where all
enterprises and the outside competitor sell. So what linked suppliers gain the open market loses,
nearly all of it outside the province.

Links are a sparse matrix, suppliers by leaders. A row that stands for several enterprises is linked
as a whole: each of the enterprises it stands for has the link, and the row sells for all of them.
Leaders have rows of their own at every number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from model import market, targeting
from model.demography import RAMP
from model.enterprises import NEVER
from model.randomness import uniform
from model.scenario import CITIES, FIELDS, Array

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.enterprises import Enterprises, Flag, Whole
    from model.model import ClusterPolicyModel

N = len(FIELDS)
LEADER = 2
DIGITAL = 3
"""Stage from which a leader works with its suppliers through shared data."""
MOST_OF_SALES = 0.4
"""Leaders' purchases in their field over the province's sales in it, at most."""
MOST_LINKED = 0.5
"""Part of linked suppliers' sales, or of a leader's needs, that links carry at the start, at most."""
_STEPS = 60


def needs(e: Enterprises, revenue: Array, share: float) -> Array:
    """What leaders buy inside their field, yuan a quarter, all the enterprises of a row, (rows,).

    Args:
        e: The enterprises.
        revenue: Revenue the needs are those of, yuan a quarter, shape (rows,).
        share: Part of a leader's inputs bought inside its field.
    """
    wanted = np.zeros(len(e))
    rows = np.flatnonzero(e.role == LEADER)
    wanted[rows] = share * e.weight[rows] * revenue[rows] * (1.0 - e.va_rate[rows])
    most = MOST_OF_SALES * np.bincount(e.field, e.weight * revenue, N)
    whole = np.bincount(e.field[rows], wanted[rows], N)
    wanted[rows] *= np.minimum(1.0, most / np.maximum(whole, 1.0))[e.field[rows]]
    return wanted


@dataclass(frozen=True)
class Search:
    """How suppliers and leaders look for each other in a quarter.

    Attributes:
        leaders: Rows of the leaders that buy, ordered by field, shape (leaders,).
        first: Place of each field's first leader in `leaders`, shape (fields + 1,).
        pull: Links to it that a supplier in another city has in the long run, shape (leaders,).
        near: Links to a leader of its own city are likelier by this.
        fit: How fit a supplier is against the mean of its field, shape (rows,).
    """

    leaders: Whole
    first: Whole
    pull: Array
    near: float
    fit: Array

    def pairs(self, field: Whole) -> tuple[Whole, Whole]:
        """All leaders of each supplier's field: place of supplier and of leader, one a pair."""
        count = self.first[field + 1] - self.first[field]
        supplier = np.repeat(np.arange(len(field)), count)
        start = self.first[field] - (count.cumsum() - count)
        return supplier, np.arange(len(supplier)) + start[supplier]

    def drawn_to(self, city: Whole, leader: Whole, home: Whole) -> Array:
        """Links of a supplier of mean fitness with a leader in the long run, one a pair."""
        result: Array = self.pull[leader] * (1.0 + self.near * (city == home[leader]))
        return result


def fitness(e: Enterprises, quality: float) -> Array:
    """How much a supplier is preferred, before comparison with others, shape (rows,).

    Quality titles and digital work of stage 3 and more are what leaders ask of suppliers.
    """
    fit = (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.champion > NEVER)
    fit |= e.digital_stage >= DIGITAL
    result: Array = 1.0 + quality * fit
    return result


def search(e: Enterprises, wanted: Array, start: Array, p: Mapping[str, float]) -> Search:
    """How suppliers and leaders look for each other, given what leaders need.

    Leaders look for suppliers in proportion to what they need over what suppliers of the field
    sell, so that the number of leaders makes no difference. Fitness and nearness are measured
    against the mean of the field: they move links from one supplier to another.

    Args:
        e: The enterprises.
        wanted: Needs of leaders, yuan a quarter, shape (rows,).
        start: Needs over suppliers' sales in 2018, shape (fields,).
        p: Parameters.
    """
    sales = e.weight * e.revenue * (e.role != LEADER)
    by_place = np.bincount(e.field * len(CITIES) + e.city, sales, N * len(CITIES))
    by_place = by_place.reshape(N, len(CITIES))
    whole = np.maximum(by_place.sum(axis=1), 1.0)
    leaders = np.flatnonzero(wanted)
    leaders = leaders[np.argsort(e.field[leaders], kind="stable")]
    field = e.field[leaders]
    here = (by_place / whole[:, None])[field, e.city[leaders]]
    # Links of a supplier are Poisson when leaders are many: so many have none.
    usual = -np.log1p(-p["supporting_share"])
    pull = usual * wanted[leaders] / whole[field] / start[field] / (1.0 + p["link_near"] * here)
    raw = fitness(e, p["link_fitness"])
    mean = np.bincount(e.field, sales * raw, N) / whole
    return Search(
        leaders, np.searchsorted(field, np.arange(N + 1)), pull, p["link_near"],
        raw / np.where(mean > 0.0, mean, 1.0)[e.field],
    )  # fmt: skip


def address(supplier: Whole, leader: Whole) -> Whole:
    """One address for the draws of a pair, from the ids of both."""
    return supplier * 10**9 + leader


def lasting_links(
    e: Enterprises, s: Search, rows: Whole, fresh: Flag, seed: int
) -> tuple[Whole, Whole]:
    """Links as they are when as many form as end: rows of suppliers and of leaders.

    A pair without a link forms one at rate `ending * fit * pull`, and a link ends at `ending /
    fit`, so a pair has one with chance r/(1 + r), r = fit^2 * pull.

    Args:
        e: The enterprises.
        s: How they look for each other.
        rows: Rows of suppliers, shape (suppliers,).
        fresh: Leaders whose links are drawn, shape (rows,).
        seed: Seed of the draws.
    """
    rows = rows[e.role[rows] != LEADER]
    supplier, leader = s.pairs(e.field[rows])
    drawn = fresh[s.leaders[leader]]
    supplier, leader = rows[supplier[drawn]], leader[drawn]
    ratio = s.fit[supplier] ** 2 * s.drawn_to(e.city[supplier], leader, e.city[s.leaders])
    leader = s.leaders[leader]
    draw = uniform(seed, "first link", address(e.id[supplier], e.id[leader]))
    linked = draw < ratio / (1.0 + ratio)
    return supplier[linked], leader[linked]


def matrix(supplier: Whole, leader: Whole, rows: int) -> csr_array:
    """The links as a sparse matrix, shape (rows, rows): a one where the row supplies the column."""
    links = csr_array((np.ones(len(supplier)), (supplier, leader)), shape=(rows, rows))
    links.data[:] = 1.0
    return links


def ends(links: csr_array) -> tuple[Whole, Whole]:
    """Rows of suppliers and of leaders, one a link."""
    supplier = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    return supplier, links.indices.astype(np.int64)


def linked_sales(carried: Array, wanted: Array, worth: Array) -> Array:
    """What linked suppliers sell to each leader for a unit of their mass, yuan a quarter.

    With ratio a = worth * carried / wanted, the leader buys the share a/(1 + a) of its needs
    through links: the odds rise with what its suppliers can carry for each yuan it needs.

    Args:
        carried: Mass of the leader's suppliers, shape (leaders,).
        wanted: Needs of the leader, yuan a quarter, shape (leaders,).
        worth: What a link brings for a unit of mass where needs do not bind, yuan a quarter.
    """
    return worth * wanted / np.maximum(wanted + worth * carried, 1e-30)


def through_links(
    links: csr_array, mass: Array, wanted: Array, worth: Array, field: Whole
) -> tuple[Array, Array, Array]:
    """Sales through links.

    Args:
        links: The links, shape (rows, rows).
        mass: Competitiveness of all enterprises of a row, shape (rows,).
        wanted: Needs of leaders, yuan a quarter, shape (rows,).
        worth: What a link brings for a unit of mass where needs do not bind, shape (fields,).
        field: Field index, shape (rows,).

    Returns:
        Sales through links by field, yuan a quarter, shape (fields,); what each leader buys for a
        unit of mass, shape (rows,); what each enterprise sells for a unit of mass, shape (rows,).
    """
    leaders = np.flatnonzero(wanted)
    carried = (links.T @ mass)[leaders]
    where = field[leaders]
    per_mass = np.zeros(len(mass))
    per_mass[leaders] = linked_sales(carried, wanted[leaders], worth[where])
    bought = np.bincount(where, per_mass[leaders] * carried, N)
    return bought, per_mass, links @ per_mass


def linked_at_start(local: float, sales: Array, market: Array, purchases: Array) -> Array:
    """Purchases through links, yuan a quarter, that give the local share of 2018, shape (fields,).

    Of what is not bought through links the province sells its share of the open market. Solves
    `local * C = T + (C - T) * (S - T) / (X - T)` for T, with sales S, market X and purchases C.
    """
    top = purchases * (local * market - sales)
    return np.maximum(top, 0.0) / (market - purchases - sales + local * purchases)


def equilibrium(
    links: csr_array, sales: Array, wanted: Array, field: Whole, target: Array
) -> tuple[Array, Array]:
    """Worth of links that makes the sales of 2018 an equilibrium of every enterprise.

    Args:
        links: The links, shape (rows, rows).
        sales: Sales of all enterprises of a row, yuan a quarter, shape (rows,).
        wanted: Needs of leaders, yuan a quarter, shape (rows,).
        field: Field index, shape (rows,).
        target: Purchases through links, yuan a quarter, shape (fields,). Where the linked
            suppliers are too small for it, they start with `MOST_LINKED`.

    Returns:
        What a link brings for a unit of mass where needs do not bind, yuan a quarter, shape
        (fields,), and sales through links over open sales, shape (rows,).
    """
    leaders = np.flatnonzero(wanted)
    number = np.maximum(np.diff(links.indptr), 1)
    able = np.minimum((links.T @ (sales / number))[leaders], wanted[leaders])
    target = np.minimum(target, MOST_LINKED * np.bincount(field[leaders], able, N))
    whole = np.bincount(field, wanted, N)
    odds = target / np.maximum(whole - target, 1.0)
    worth, ratio = np.full(N, 0.25), np.zeros(len(sales))
    for _ in range(_STEPS):
        mass = 4.0 * sales / (1.0 + ratio)
        bought, _, sold = through_links(links, mass, wanted, worth, field)
        ratio = 4.0 * sold
        present = bought > 0.0
        now = np.where(present, bought / np.maximum(whole - bought, 1.0), 1.0)
        worth = np.where(present, worth * odds / now, worth)
    # A field without links yet takes what links are worth elsewhere.
    usual = float(np.dot(worth, bought) / max(float(bought.sum()), 1.0))
    return np.where(bought > 0.0, worth, usual), ratio


def meet(m: ClusterPolicyModel) -> None:
    """Links form and end.

    A supplier looks at no more than one leader a quarter, so the cost follows the number of rows.
    Promotion bodies match: leaders of clusters that have one form more links.
    """
    e, p, t, seed = m.enterprises, m.parameters, m.quarter, m.seed_of_run
    wanted = needs(e, e.revenue, p["leader_purchases_in_field"])
    s = search(e, wanted, m.need_start, p)
    ending = p["link_ending"] / 4.0
    raised = np.zeros(len(e))
    lever = m.policy.lever("leader_supplier_matching")
    if lever is not None:
        rate = lever.value("rate", t) / p["link_ending"]
        raised = rate * targeting.eligible(lever, e) * m.cluster_body[e.cluster]

    home, field = e.city[s.leaders], e.field[s.leaders]
    nearby = np.bincount(field * len(CITIES) + home, s.pull, N * len(CITIES))
    around = np.bincount(field, s.pull, N)[:, None] + s.near * nearby.reshape(N, len(CITIES))
    chance = ending * s.fit * around[e.field, e.city] * (e.role != LEADER)
    look = uniform(seed, "look for a leader", e.id, t)
    rows = np.flatnonzero(look < chance * (1.0 + raised.max(initial=0.0)))
    supplier, leader = s.pairs(e.field[rows])
    drawn = uniform(seed, "which leader", address(e.id[rows][supplier], e.id[s.leaders][leader]), t)
    chosen = _first(-np.log(drawn) / s.drawn_to(e.city[rows][supplier], leader, home), supplier)
    supplier, leader = rows[supplier[chosen]], s.leaders[leader[chosen]]
    formed = look[supplier] < chance[supplier] * (1.0 + raised[leader])

    old, led = ends(m.links)
    lasts = uniform(seed, "link ends", address(e.id[old], e.id[led]), t) >= ending / s.fit[old]
    _link(m, np.concatenate([old[lasts], supplier[formed]]),
          np.concatenate([led[lasts], leader[formed]]))  # fmt: skip


def _first(race: Array, group: Whole) -> Whole:
    """Place of the least value of each group; groups stand together (an exponential race)."""
    if not len(race):
        return np.zeros(0, dtype=np.int64)
    begin = np.flatnonzero(np.diff(group, prepend=-1))
    least = np.repeat(np.minimum.reduceat(race, begin), np.diff(begin, append=len(race)))
    return np.flatnonzero(race == least)


def _link(m: ClusterPolicyModel, supplier: Whole, leader: Whole) -> None:
    """Set the links; who has one supports a leader."""
    e = m.enterprises
    m.links = matrix(supplier, leader, len(e))
    e.role = np.where(e.role == LEADER, LEADER, np.diff(m.links.indptr) > 0).astype(np.int64)


def found(m: ClusterPolicyModel, seed: int) -> None:
    """Links at end-2018, and what they are worth, so that every enterprise starts in equilibrium.

    Part of a linked supplier's sales goes through its links, so it is less competitive in the open
    market than another of its size.
    """
    e, p = m.enterprises, m.parameters
    sales = e.weight * e.revenue
    wanted = needs(e, e.revenue, p["leader_purchases_in_field"])
    m.purchases = np.bincount(e.field, wanted, N)
    supplied = np.bincount(e.field, sales * (e.role != LEADER), N)
    usual = m.purchases.sum() / supplied.sum()
    present = (m.purchases > 0.0) & (supplied > 0.0)
    m.need_start = np.where(present, m.purchases / np.where(present, supplied, 1.0), usual)
    s = search(e, wanted, m.need_start, p)
    _link(m, *lasting_links(e, s, np.arange(len(e)), np.ones(len(e), dtype=bool), seed))
    whole = np.maximum(np.bincount(e.field, sales, N), 1e6)
    target = linked_at_start(p["local_sourcing"], whole, m.market, m.purchases)
    worth, ratio = equilibrium(m.links, sales, wanted, e.field, target)
    e.size_level -= np.log1p(ratio)
    through = np.bincount(e.field, sales * ratio / (1.0 + ratio), N)
    own = 4.0 * (whole - through)
    m.outside = 4.0 * (m.market - through) - own
    m.link_worth = worth * (own + m.outside) / m.market
    m.local = market.local_share(m.purchases, through, own, m.outside)
    m.link_digital = np.zeros(len(e))


def welcome(m: ClusterPolicyModel, before: int) -> None:
    """Links of the enterprises that have come: they find partners as those before them have.

    Args:
        m: The model, with the entrants in the last rows.
        before: Number of rows before they came.
    """
    e, p = m.enterprises, m.parameters
    new = np.arange(len(e)) >= before
    # A plant seeks suppliers for what it will make, not for its first quarter.
    full = e.revenue * np.where(new & e.plant, float(RAMP), 1.0)
    s = search(e, needs(e, full, p["leader_purchases_in_field"]), m.need_start, p)
    rows = np.arange(len(e))
    fresh = [lasting_links(e, s, rows[new], ~new, m.seed_of_run)]
    fresh.append(lasting_links(e, s, rows, new, m.seed_of_run))
    old = ends(m.links)
    _link(m, *(np.concatenate(side) for side in zip(old, *fresh, strict=True)))


def drop(links: csr_array, stays: Flag) -> csr_array:
    """The links without the enterprises that have left."""
    place = stays.cumsum() - 1
    supplier, leader = ends(links)
    kept = stays[supplier] & stays[leader]
    return matrix(place[supplier[kept]], place[leader[kept]], int(stays.sum()))
