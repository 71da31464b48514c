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
import numpy.typing as npt
from scipy.sparse import csr_array

from jiqun.model.agents.enterprises import NEVER, Role
from jiqun.model.channels import reads
from jiqun.model.dimensions import CITIES, FIELDS, Array
from jiqun.model.economy.demography import RAMP
from jiqun.model.elementary import compiled, log, log1p
from jiqun.model.policy.reach import channel_value, coverage
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Enterprises, Flag, Whole
    from jiqun.model.model import ClusterPolicyModel

Short = npt.NDArray[np.int32]

N = len(FIELDS)
DIGITAL = 3
"""Stage from which a leader works with its suppliers through shared data."""
MOST_OF_SALES = 0.4
"""Leaders' purchases in their field over the province's sales in it, at most."""


def needs(e: Enterprises, revenue: Array, share: float) -> Array:
    """What leaders buy inside their field, yuan a quarter, all the enterprises of a row, (rows,).

    Args:
        e: The enterprises.
        revenue: Revenue the needs are those of, yuan a quarter, shape (rows,).
        share: Part of a leader's inputs bought inside its field.
    """
    wanted = np.zeros(len(e))
    rows = np.flatnonzero(e.role == Role.CHAIN_LEADER)
    wanted[rows] = share * e.weight[rows] * revenue[rows] * (1.0 - e.va_rate[rows])
    most = MOST_OF_SALES * np.bincount(e.field, e.weight * revenue, N)
    whole = np.bincount(e.field[rows], wanted[rows], N)
    wanted[rows] *= np.minimum(1.0, most / np.maximum(whole, 1.0))[e.field[rows]]
    return wanted


@dataclass(frozen=True)
class Search:
    """How suppliers and leaders look for each other in a year.

    Attributes:
        leaders: Rows of the leaders that buy, ordered by field, shape (leaders,).
        first: Place of each field's first leader in `leaders`, shape (fields + 1,).
        pull: Links to it that a supplier in another city has in the long run, shape (leaders,).
        near: Links to a leader of its own city are likelier by this.
        fit: How fit a supplier is against the mean of its field, shape (rows,).
        sought: Fitness times the links that a supplier of mean fitness has in the long run, shape
            (rows,); zero for leaders.
    """

    leaders: Whole
    first: Whole
    pull: Array
    near: float
    fit: Array
    sought: Array

    def pairs(self, e: Enterprises, rows: Whole) -> tuple[Whole, Whole, Array]:
        """All leaders of each supplier's field.

        Args:
            e: The enterprises.
            rows: Rows of suppliers.

        Returns:
            Place of the supplier in `rows`, row of the leader, and links that a supplier of mean
            fitness has with it in the long run, one a pair; pairs of a supplier stand together.
        """
        field = e.field[rows]
        count = self.first[field + 1] - self.first[field]
        supplier = np.repeat(np.arange(len(rows)), count)
        start = self.first[field] - (count.cumsum() - count)
        place = np.arange(len(supplier)) + start[supplier]
        leader = self.leaders[place]
        together = e.city[rows][supplier] == e.city[leader]
        return supplier, leader, self.pull[place] * (1.0 + self.near * together)


def fitness(e: Enterprises, quality: float) -> Array:
    """How much a supplier is preferred, before comparison with others, shape (rows,).

    Quality titles and digital work of stage 3 and more are what leaders ask of suppliers.
    """
    fit = (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.champion > NEVER)
    fit |= e.digital_stage >= DIGITAL
    return np.where(fit, 1.0 + quality, 1.0)


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
    places, near = N * len(CITIES), p["link_near"]
    supplies = e.role != Role.CHAIN_LEADER
    sales = e.weight * e.revenue * supplies
    place = e.field * len(CITIES) + e.city
    by_place = np.bincount(place, sales, places).reshape(N, len(CITIES))
    whole = np.maximum(by_place.sum(axis=1), 1.0)
    leaders = np.flatnonzero(wanted)
    leaders = leaders[np.argsort(e.field[leaders], kind="stable")]
    field = e.field[leaders]
    here = by_place[field, e.city[leaders]] / whole[field]
    # Links of a supplier are Poisson when leaders are many: so many have none.
    usual = -log1p(-p["supporting_share"])
    pull = usual * wanted[leaders] / whole[field] / start[field] / (1.0 + near * here)
    in_field = np.bincount(field, pull, N)
    around = np.repeat(in_field, len(CITIES)) + near * np.bincount(place[leaders], pull, places)
    raw = fitness(e, p["link_fitness"])
    mean = np.bincount(e.field, sales * raw, N) / whole
    fit = raw / np.where(mean > 0.0, mean, 1.0)[e.field]
    first = np.searchsorted(field, np.arange(N + 1))
    return Search(leaders, first, pull, near, fit, fit * around[place] * supplies)


def address(supplier: Whole, leader: Whole) -> Whole:
    """One address for the draws of a pair, from the ids of both."""
    return supplier * 10**9 + leader


def lasting(e: Enterprises, s: Search, rows: Whole) -> tuple[Whole, Whole, Array]:
    """Pairs of supplier and leader, and the odds of a link when as many form as end.

    A pair without a link forms one at rate `ending * fit * pull`, and a link ends at `ending /
    fit`, so the odds of a link are fit^2 * pull.

    Args:
        e: The enterprises.
        s: How suppliers and leaders look for each other.
        rows: Rows of enterprises; the leaders among them are left out.

    Returns:
        Rows of suppliers, rows of leaders and odds, one a pair.
    """
    rows = rows[e.role[rows] != Role.CHAIN_LEADER]
    at, leader, pull = s.pairs(e, rows)
    fit = s.fit[rows[at]]
    return rows[at], leader, fit * fit * pull


def choose(e: Enterprises, s: Search, rows: Whole, seed: int, quarter: int) -> Whole:
    """The leader that each supplier looks at, likelier the more links it draws: row, by supplier.

    An exponential race (Efraimidis and Spirakis 2006): a leader more changes no choice but those
    that fall on it.

    Args:
        e: The enterprises.
        s: How suppliers and leaders look for each other.
        rows: Rows of the suppliers that look, shape (suppliers,).
        seed: Seed of the run.
        quarter: Quarter index.
    """
    if not len(rows):
        return rows
    at, leader, pull = s.pairs(e, rows)
    draw = uniform(seed, "which leader", address(e.id[rows][at], e.id[leader]), quarter)
    race = -log(draw) / pull
    begin = np.flatnonzero(np.diff(at, prepend=-1))
    least = np.repeat(np.minimum.reduceat(race, begin), np.diff(begin, append=len(race)))
    chosen: Whole = leader[race == least]
    return chosen


def matrix(supplier: Whole, leader: Whole, rows: int) -> csr_array:
    """The links as a sparse matrix, shape (rows, rows): a one where the row supplies the column.

    Args:
        supplier: Row of the supplier of each link, shape (links,); a pair may stand twice.
        leader: Row of the leader of each link, shape (links,).
        rows: Number of enterprises.
    """
    # Most pairs stand in order already, which this sort makes use of.
    pair = np.sort(supplier * rows + leader, kind="stable")
    pair = pair[np.diff(pair, prepend=-1) > 0]
    start = np.zeros(rows + 1, dtype=np.int32)
    np.cumsum(np.bincount(pair // rows, minlength=rows), out=start[1:])
    return csr_array((np.ones(len(pair)), (pair % rows).astype(np.int32), start), (rows, rows))


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
    leaders = np.flatnonzero(wanted != 0.0)
    carried = np.zeros(len(mass))
    _carry(links.indptr, links.indices, mass, carried)
    carried = carried[leaders]
    where = field[leaders]
    per_mass = np.zeros(len(mass))
    per_mass[leaders] = linked_sales(carried, wanted[leaders], worth[where])
    bought = np.bincount(where, per_mass[leaders] * carried, N)
    return bought, per_mass, links @ per_mass


@compiled("void(int32[::1], int32[::1], float64[::1], float64[::1])")
def _carry(first: Short, leader: Short, mass: Array, carried: Array) -> None:
    """Add up the mass of each leader's suppliers: the transposed links times mass."""
    for supplier in range(len(mass)):
        for link in range(first[supplier], first[supplier + 1]):
            carried[leader[link]] += mass[supplier]


def asks_quality(e: Enterprises) -> Flag:
    """Enterprises whose own product asks for titled suppliers: high-tech ones and champions."""
    return np.asarray((e.high_tech > NEVER) | (e.champion > NEVER))


def asked(links: csr_array, bought: Array, linked: Array, asking: Flag) -> Array:
    """Part of what each supplier sells through links that goes to leaders who ask for something.

    Args:
        links: The links, shape (suppliers, leaders).
        bought: What each leader buys for a unit of mass, shape (leaders,).
        linked: What each supplier sells through links for a unit of mass, shape (suppliers,).
        asking: Who asks, shape (leaders,).

    Returns:
        Shape (suppliers,), zero without links.
    """
    result = np.empty(len(linked))
    _asked(links.indptr, links.indices, bought, linked, asking, result)
    return result


@compiled("void(int32[::1], int32[::1], float64[::1], float64[::1], boolean[::1], float64[::1])")
def _asked(
    first: Short, leader: Short, bought: Array, linked: Array, asking: Flag, result: Array
) -> None:
    """Write the part of each supplier's linked sales that leaders who ask buy."""
    for supplier in range(len(linked)):
        sold = 0.0
        for link in range(first[supplier], first[supplier + 1]):
            if asking[leader[link]]:
                sold += bought[leader[link]]
        result[supplier] = sold / max(linked[supplier], 1e-30)


@reads("matching", "leader_supplier_matching", rate="share")
@reads("local_sourcing", rate="share")
def form_links(m: ClusterPolicyModel) -> None:
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

    old, led = ends(m.network.links)
    lasts = uniform(seed, "link ends", address(e.id[old], e.id[led]), t) >= ending / s.fit[old]
    link(m, np.concatenate([old[lasts], rows[formed]]),
          np.concatenate([led[lasts], leader[formed]]))  # fmt: skip


def link(m: ClusterPolicyModel, supplier: Whole, leader: Whole) -> None:
    """Set the links; who has one supports a leader."""
    e = m.enterprises
    m.network.links = matrix(supplier, leader, len(e))
    linked = np.where(np.diff(m.network.links.indptr) > 0, Role.SUPPORTING, Role.INDEPENDENT)
    e.role = np.where(e.role == Role.CHAIN_LEADER, e.role, linked)


def link_entrants(m: ClusterPolicyModel, before: int) -> None:
    """The year's search, and links of the enterprises that have come.

    They find partners as those before them have: so entry by itself moves no local share.

    Args:
        m: The model, with the entrants in the last rows.
        before: Number of rows before they came.
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
        ends(m.network.links),
        (new[linked], leader[linked]),
        (supplier, choose(e, to_new, supplier, seed, t)),
    )
    link(m, *(np.concatenate(side) for side in zip(*links, strict=True)))


def drop(m: ClusterPolicyModel, stays: Flag) -> None:
    """Links end with the enterprises that have left.

    Args:
        m: The model, the rows of those that left already dropped.
        stays: Who stayed, shape (rows before,).
    """
    place = stays.cumsum() - 1
    supplier, leader = ends(m.network.links)
    kept = stays[supplier] & stays[leader]
    link(m, place[supplier[kept]], place[leader[kept]])
