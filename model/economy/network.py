"""The supply network: which enterprises supply which chain leaders, and what is bought through it.

A leader buys part of its inputs inside its own field. What it buys from linked suppliers grows with
what they can carry for each yuan it needs; the rest it buys in the open market, where all
enterprises and the outside competitor sell. So what linked suppliers gain the open market loses,
nearly all of it outside the province.

Links are listed by supplier (`Links`). A row that stands for several enterprises is linked as a
whole: each of the enterprises it stands for has the link, and the row sells for all of them.
Leaders have rows of their own at every number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

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

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

N = len(FIELDS)
DIGITAL = 3
"""Stage from which a leader works with its suppliers through shared data."""
MOST_OF_SALES = 0.4
"""Leaders' purchases in their field over the province's sales in it, at most."""


@dataclass(frozen=True, slots=True)
class Links:
    """Which enterprises supply which leaders, ordered by supplier and then by leader.

    Attributes:
        supplier: Row of the supplier of each link, shape (links,).
        leader: Row of its leader, shape (links,).
        first: Place of each supplier's first link, shape (rows + 1,).
    """

    supplier: Whole
    leader: Whole
    first: Whole

    @classmethod
    def of(cls, supplier: Whole, leader: Whole, rows: int) -> Links:
        """Links in order.

        Args:
            supplier: Row of the supplier of each link, shape (links,); a pair may stand twice.
            leader: Row of the leader of each link, shape (links,).
            rows: Number of suppliers.
        """
        # Most pairs stand in order already, which this sort makes use of.
        pair = np.sort((supplier << 32) + leader, kind="stable")
        pair = pair[np.diff(pair, prepend=-1) > 0]
        supplier, first = pair >> 32, np.zeros(rows + 1, dtype=np.int64)
        np.cumsum(np.bincount(supplier, minlength=rows), out=first[1:])
        return cls(supplier, pair & (2**32 - 1), first)

    def __len__(self) -> int:
        return len(self.leader)

    @property
    def ends(self) -> Pairs:
        """Rows of suppliers and of leaders, one a link."""
        return self.supplier, self.leader

    @property
    def number(self) -> Whole:
        """Links of each supplier, shape (rows,)."""
        return np.diff(self.first)


def needs(e: Enterprises, revenue: Array, share: float) -> Array:
    """What leaders buy inside their field, yuan a quarter, all the enterprises of a row, (rows,).

    Args:
        e: The enterprises.
        revenue: Revenue the needs are those of, yuan a quarter, shape (rows,).
        share: Part of a leader's inputs bought inside its field.
    """
    wanted = np.empty(len(e))
    leads = e.role == Role.CHAIN_LEADER
    _needs(e.weight, revenue, e.va_rate, e.field, leads, share, np.zeros((2, N)), wanted)
    return wanted


@compiled(
    "void(float64[::1], float64[::1], float64[::1], int64[::1], boolean[::1], float64,"
    " float64[:, ::1], float64[::1])"
)
def _needs(
    weight: Array, revenue: Array, va_rate: Array, field: Whole, leads: Flag, share: float,
    sums: Array, wanted: Array,
) -> None:  # fmt: skip
    """Write what leaders buy inside their field; sales and needs of fields are summed in `sums`."""
    sales, whole = sums
    for i in range(len(wanted)):
        sales[field[i]] += weight[i] * revenue[i]
        wanted[i] = 0.0
        if leads[i]:
            wanted[i] = share * weight[i] * revenue[i] * (1.0 - va_rate[i])
            whole[field[i]] += wanted[i]
    for i in range(len(wanted)):
        if leads[i]:
            most = MOST_OF_SALES * sales[field[i]]
            wanted[i] *= min(1.0, most / max(whole[field[i]], 1.0))


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
        number = int((self.first[field + 1] - self.first[field]).sum())
        supplier, leader = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.int64)
        expected = np.empty(number)
        _pairs(
            self.first, self.leaders, e.city[self.leaders], self.pull, self.near,
            field, e.city[rows], (supplier, leader), expected,
        )  # fmt: skip
        return supplier, leader, expected


@compiled(
    "void(int64[::1], int64[::1], int64[::1], float64[::1], float64, int64[::1], int64[::1],"
    " UniTuple(int64[::1], 2), float64[::1])"
)
def _pairs(
    first: Whole, leaders: Whole, leader_city: Whole, pull: Array, near: float,
    field: Whole, city: Whole, pairs: Pairs, expected: Array,
) -> None:  # fmt: skip
    """The pairs of `Search.pairs`, given field and city of suppliers, and cities of leaders."""
    pair = 0
    for i in range(len(field)):
        for k in range(first[field[i]], first[field[i] + 1]):
            pairs[0][pair], pairs[1][pair] = i, leaders[k]
            expected[pair] = pull[k] * (1.0 + near) if city[i] == leader_city[k] else pull[k]
            pair += 1


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
    leaders = (wanted != 0.0).nonzero()[0]
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
    chosen = np.empty(len(rows), dtype=np.int64)
    return chosen[: _winners(at, leader, log(draw), pull, chosen)]


@compiled("int64(int64[::1], int64[::1], float64[::1], float64[::1], int64[::1])")
def _winners(at: Whole, leader: Whole, log_draw: Array, pull: Array, chosen: Whole) -> int:
    """Leader that wins each supplier's race; returns the number of suppliers with a pair."""
    number, least = 0, 0.0
    for pair in range(len(at)):
        time = -log_draw[pair] / pull[pair]
        if pair == 0 or at[pair] != at[pair - 1]:
            number += 1
        elif time >= least:
            continue
        chosen[number - 1], least = leader[pair], time
    return number


def merged(old: Links, lasts: Flag, new: Pairs, rows: int) -> Links:
    """Those links that last, with new ones, in the form of `Links.of` and without the sort.

    Args:
        old: Links so far, of no more suppliers than there are now.
        lasts: Which of them last, shape (links,).
        new: Rows of suppliers and of leaders of the new ones, ordered by supplier and then by
            leader, each pair once; a pair may stand among the old ones.
        rows: Number of suppliers now.
    """
    supplier, leader = np.empty((2, len(old) + len(new[0])), dtype=np.int64)
    first = np.zeros(rows + 1, dtype=np.int64)
    number = _merge(old.ends, lasts, new, (supplier, leader), first)
    return Links(supplier[:number], leader[:number], first)


@compiled(
    "int64(UniTuple(int64[::1], 2), boolean[::1], UniTuple(int64[::1], 2),"
    " UniTuple(int64[::1], 2), int64[::1])"
)
def _merge(old: Pairs, lasts: Flag, new: Pairs, ends: Pairs, first: Whole) -> int:
    """Write the links of `merged`, and where those of each supplier begin; returns their number."""
    number, i, j = 0, 0, 0
    while True:
        while i < len(lasts) and not lasts[i]:
            i += 1
        has_old, has_new = i < len(lasts), j < len(new[0])
        if not (has_old or has_new):
            break
        from_old, from_new = has_old, has_new
        if has_old and has_new:
            by = old[0][i] - new[0][j]
            by = by if by != 0 else old[1][i] - new[1][j]
            from_old, from_new = by <= 0, by >= 0
        supplier, leader = (old[0][i], old[1][i]) if from_old else (new[0][j], new[1][j])
        ends[0][number], ends[1][number] = supplier, leader
        first[supplier + 1] += 1
        number += 1
        i += from_old
        j += from_new
    for row in range(len(first) - 1):
        first[row + 1] += first[row]
    return number


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
    links: Links, mass: Array, wanted: Array, worth: Array, field: Whole
) -> tuple[Array, Array, Array]:
    """Sales through links.

    Args:
        links: The links.
        mass: Competitiveness of all enterprises of a row, shape (rows,).
        wanted: Needs of leaders, yuan a quarter, shape (rows,).
        worth: What a link brings for a unit of mass where needs do not bind, shape (fields,).
        field: Field index, shape (rows,).

    Returns:
        Sales through links by field, yuan a quarter, shape (fields,); what each leader buys for a
        unit of mass, shape (rows,); what each enterprise sells for a unit of mass, shape (rows,).
    """
    leaders = (wanted != 0.0).nonzero()[0]
    carried = np.zeros(len(mass))
    _carry(links.supplier, links.leader, mass, carried)
    carried = carried[leaders]
    where = field[leaders]
    per_mass = np.zeros(len(mass))
    per_mass[leaders] = linked_sales(carried, wanted[leaders], worth[where])
    bought = np.bincount(where, per_mass[leaders] * carried, N)
    linked = np.zeros(len(mass))
    _carry(links.leader, links.supplier, per_mass, linked)
    return bought, per_mass, linked


@compiled("void(int64[::1], int64[::1], float64[::1], float64[::1])")
def _carry(one: Whole, other: Whole, amount: Array, carried: Array) -> None:
    """Add an amount at one end of each link to what is carried to the other end."""
    for link in range(len(one)):
        carried[other[link]] += amount[one[link]]


def asks_quality(e: Enterprises) -> Flag:
    """Enterprises whose own product asks for titled suppliers: high-tech ones and champions."""
    return np.asarray((e.high_tech > NEVER) | (e.champion > NEVER))


def asked(links: Links, bought: Array, linked: Array, asking: Flag) -> Array:
    """Part of what each supplier sells through links that goes to leaders who ask for something.

    Args:
        links: The links.
        bought: What each leader buys for a unit of mass, shape (leaders,).
        linked: What each supplier sells through links for a unit of mass, shape (suppliers,).
        asking: Who asks, shape (leaders,).

    Returns:
        Shape (suppliers,), zero without links.
    """
    sold = np.zeros(len(linked))
    _carry(links.leader, links.supplier, bought * asking, sold)
    sold /= np.maximum(linked, 1e-30)
    return sold


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
    chance = ending * s.sought
    raised = _raised(m)
    look = uniform(seed, "look for a leader", e.id, t)
    rows = (look < chance * (1.0 + raised.max())).nonzero()[0]
    leader = choose(e, s, rows, seed, t)
    formed = look[rows] < chance[rows] * (1.0 + raised[leader])

    links = m.network.links
    pair = address(e.id[links.supplier], e.id[links.leader])
    lasts = uniform(seed, "link ends", pair, t) >= ending / s.fit[links.supplier]
    settle(m, merged(links, lasts, (rows[formed], leader[formed]), len(e)))


def _raised(m: ClusterPolicyModel) -> Array:
    """Rise of the rate at which links to each leader form, over the rate at which they end."""
    rows, t = m.network.search.leaders, m.quarter
    lever = m.policy.lever("leader_supplier_matching")
    rise = channel_value(m, "local_sourcing", "rate")
    if isinstance(rise, np.ndarray):
        rise = rise[rows]
    if lever is not None:
        bodies = m.cluster_terms.promotion_body[m.enterprises.cluster[rows]]
        rise = rise + lever.value("rate", t) * coverage(m, lever)[rows] * bodies
    raised = np.zeros(len(m.enterprises))
    raised[rows] = rise / m.parameters["link_ending"]
    return raised


def link(m: ClusterPolicyModel, supplier: Whole, leader: Whole) -> None:
    """Set the links of suppliers to leaders, one a pair of rows."""
    settle(m, Links.of(supplier, leader, len(m.enterprises)))


def settle(m: ClusterPolicyModel, links: Links) -> None:
    """Set the links; who has one supports a leader."""
    e = m.enterprises
    m.network.links = links
    role = np.full(len(e), Role.INDEPENDENT, dtype=np.int64)
    role[links.supplier] = Role.SUPPORTING
    role[e.role == Role.CHAIN_LEADER] = Role.CHAIN_LEADER
    e.role = role


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
    supplier = (draw < (to_new.fit * to_new.sought)[:before]).nonzero()[0]
    chosen = choose(e, to_new, supplier, seed, t)
    formed = np.concatenate([supplier, new[linked]]), np.concatenate([chosen, leader[linked]])
    links = m.network.links
    settle(m, merged(links, np.ones(len(links), dtype=bool), formed, len(e)))


def drop(m: ClusterPolicyModel, stays: Flag) -> None:
    """Links end with the enterprises that have left.

    Args:
        m: The model, the rows of those that left already dropped.
        stays: Who stayed, shape (rows before,).
    """
    place = stays.cumsum() - 1
    supplier, leader = m.network.links.ends
    kept = stays[supplier] & stays[leader]
    link(m, place[supplier[kept]], place[leader[kept]])
