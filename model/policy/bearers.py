"""Who bears what levers cost beside their grants: quantities of the run at unit costs.

Each quantity is counted where it arises or read off the state at the end of a quarter or year,
place by place, of those whom a lever has reached already. Costs are entered in the ledger; money
that goes to others than enterprises leaves the books of its payer as well. Nothing here moves an
enterprise: what enterprises bear is work and goods that are among their costs already, so it is
entered and not paid again.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import Role
from jiqun.model.calendar import quarter_index, year_of
from jiqun.model.dimensions import CITIES, FIELDS, TIERS, Status
from jiqun.model.economy import credit, taxes
from jiqun.model.elementary import exp
from jiqun.model.policy import permits
from jiqun.model.policy.eligibility import clusters_in
from jiqun.model.policy.horse_race import NAMED, RACING
from jiqun.model.policy.ledger import (
    CELLS,
    PAYEES,
    SPECIAL,
    Kind,
    Origin,
    Source,
    place,
    sums_by_cell,
)
from jiqun.model.policy.reach import channel_value, coverage, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jiqun.model.agents.clusters import Cluster
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Cost, Lever
    from jiqun.model.model import ClusterPolicyModel

    Quantity = Callable[[ClusterPolicyModel, Sequence[Lever]], Iterable[Array]]
    """What some levers have moved, by cell, in their order."""

FIRST = quarter_index(2024, 1)
"""Quarter from which costs beside grants are booked; history is as it was."""
SECTORS = {
    "province": "government", "city": "government", "centre": "government", "banks": "banks",
    "households": "households",
}  # fmt: skip
"""Payer to its sector of the books; what enterprises spend is among their costs already."""
TURNED = {Kind.FORGONE: Kind.RECEIVED, Kind.RECEIVED: Kind.FORGONE}
"""What a negative amount of a kind is: a tax above the benchmark is a receipt."""
RENEWED = 5
"""Years after which a template is made again."""


def bear(m: ClusterPolicyModel) -> None:
    """Book what levers cost beside their grants in the quarter."""
    _settle(m, QUARTERLY)


def close_year(m: ClusterPolicyModel) -> None:
    """Book what levers cost beside their grants once a year."""
    _settle(m, YEARLY)


def _settle(m: ClusterPolicyModel, quantities: Mapping[str, Quantity]) -> None:
    """Book the costs of some quantities, and of all that was counted since the last time."""
    if m.quarter >= FIRST:
        amounts = m.programmes.cost_quantities | _read_off(m, quantities)
        for lever in m.policy.levers:
            for cost in lever.costs:
                amount = amounts.get((lever.id, cost.quantity))
                if amount is not None and amount.any():
                    _book(m, lever, cost, amount)
    m.programmes.cost_quantities = {}


def _read_off(
    m: ClusterPolicyModel, quantities: Mapping[str, Quantity]
) -> dict[tuple[str, str], Array]:
    """Lever and quantity to its amount by cell, for levers that have a cost by it."""
    return {
        (lever.id, name): amount
        for name, quantity in quantities.items()
        if (levers := m.policy.levers_with_cost(name))
        for lever, amount in zip(levers, quantity(m, levers), strict=True)
    }


def _book(m: ClusterPolicyModel, lever: Lever, cost: Cost, amount: Array) -> None:
    """Enter a cost by cell, yuan; money that others receive leaves the books of its payer."""
    kind, yuan = Kind(cost.kind), amount * (m.parameters[cost.unit_cost] if cost.unit_cost else 1.0)
    shares = cost.paid_by or taxes.payers(lever.tax, m.parameters["local_tax_province"])
    # The special funds pay grants and awards, and what runs a lever comes on top of their sum.
    source = Source(Origin.BESIDE, "" if lever.fund == SPECIAL else lever.fund)
    _enter(m, lever, kind, source, yuan, shares)
    if kind in TURNED:
        _enter(m, lever, TURNED[kind], source, -yuan, shares)


def _enter(
    m: ClusterPolicyModel, lever: Lever, kind: Kind, source: Source, yuan: Array,
    shares: Mapping[str, float],
) -> None:  # fmt: skip
    """Enter what is above zero of the cells of a cost, and pay it where others receive it.

    Args:
        m: The model.
        lever: Lever that has the cost.
        kind: Kind in the ledger.
        source: Where the money is from.
        yuan: Yuan of each cell, shape (cells,).
        shares: Share of each payer.
    """
    above = np.maximum(yuan, 0.0)
    if above.any():
        m.ledger.book(m.year, lever, kind, source, above, shares)
        if kind == Kind.SPENT:
            _pay(m, shares, float(yuan[yuan > 0.0].sum()))


def _pay(m: ClusterPolicyModel, shares: Mapping[str, float], yuan: float) -> None:
    for payer, share in shares.items():
        if payer in SECTORS:
            m.accounts.books.book(SECTORS[payer], -share * yuan)
            m.accounts.books.book("households", share * yuan)


def acts(lever: Lever, quarter: int) -> bool:
    """Whether a lever does anything in a quarter, for better or worse.

    What it takes to run it falls due whatever it is believed to bring; at no size it is not run.
    """
    return any(lever.value(term, quarter) != 0.0 for term in lever.size)


def _rows(m: ClusterPolicyModel, amount: Array, rows: Whole | slice = slice(None)) -> Array:
    """Sum by cell of what each of some rows stands for, weights included."""
    return sums_by_cell(m.enterprises, amount, rows)


def _of_each(of_one: Callable[[ClusterPolicyModel, Lever], Array]) -> Quantity:
    """A quantity that is reckoned for one lever whatever the others are."""

    @wraps(of_one)
    def of_all(m: ClusterPolicyModel, levers: Sequence[Lever]) -> list[Array]:
        return [of_one(m, lever) for lever in levers]

    return of_all


def _clusters(m: ClusterPolicyModel, found: Flag | Sequence[bool], each: float = 1.0) -> Array:
    """So much for each cluster that is found, by cell."""
    of, inside = m.places.of_clusters, np.asarray(found, dtype=bool)
    cells = place(of["city"][inside], of["tier"][inside], PAYEES.index("platform"))
    return np.bincount(cells, np.full(len(cells), each), CELLS)


def _province(m: ClusterPolicyModel, amount: float) -> Array:
    """An amount for the province as a whole, by cell: cities by their industry."""
    weight = m.policy.province.city_weight
    cells = place(np.arange(len(CITIES)), TIERS.index("none"), PAYEES.index("platform"))
    result = np.zeros(CELLS)
    result[cells] = amount * weight / weight.sum()
    return result


def _racing(m: ClusterPolicyModel) -> Flag:
    """Clusters of the race, shape (clusters,)."""
    return clusters_in({"tier": RACING}, m.places.of_clusters)


def _served(m: ClusterPolicyModel, lever: Lever) -> Flag:
    """Clusters of the race that a lever serves as such, shape (clusters,)."""
    return _racing(m) & clusters_in(lever.groups(m.quarter), m.places.of_clusters)


def _given_by(m: ClusterPolicyModel, lever: Lever) -> Flag:
    """Clusters that have won a title of the lever in the run, shape (clusters,)."""
    national = lever.id == "national_cluster_contest"
    return np.array([
        c.titled_since >= 0 and c.titled and national == (c.status == Status.NATIONAL)
        for c in m.clusters
    ])  # fmt: skip


# Credit ------------------------------------------------------------------------------------------


@_of_each
def interest_given_up(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Discount on the loans outstanding that have it, yuan of the quarter."""
    e = m.enterprises
    if lever.channel == "title":
        each = np.zeros(len(m.clusters) + 1)
        np.copyto(each[:-1], m.cluster_terms.loan_discount[:-1], where=_given_by(m, lever))
        return _rows(m, 0.25 * e.weight * each[e.cluster] * (e.debt_short + e.debt_long))
    discount = lever.value("discount", m.quarter)
    if lever.id == "cluster_credit_line":
        return _rows(m, 0.25 * e.weight * discount * e.debt_line)
    covered = discount * coverage(m, lever)
    return _rows(m, 0.25 * e.weight * covered * (e.debt_short + e.debt_long))


def loans_beyond_limit(m: ClusterPolicyModel, levers: Sequence[Lever]) -> list[Array]:
    """Loans outstanding that the limit would not let in without a lever, yuan times years."""
    e, t = m.enterprises, m.quarter
    pledge, rise = (channel_value(m, "credit_terms", term) for term in ("pledge", "limit"))

    def beyond(lever: Lever) -> Array:
        line = lever.id == "cluster_credit_line"
        rows = ((e.debt_line if line else coverage(m, lever)) > 0.0).nonzero()[0]
        at, up = value_at(pledge, rows), value_at(rise, rows)
        usual = without = credit.limits(m, at, up, rows)
        if line:
            most = e.debt_line[rows] * (lever.value("limit", t) > 0.0)
        else:
            part = coverage(m, lever)[rows]
            own_pledge, own_rise = lever.value("pledge", t) * part, lever.value("limit", t) * part
            without = credit.limits(m, at - own_pledge, up - own_rise, rows)
            most = np.maximum(usual - without, 0.0)
        loans = np.clip(e.debt_short[rows] + e.debt_long[rows] - without, 0.0, most)
        return _rows(m, 0.25 * e.weight[rows] * loans, rows)

    return [beyond(lever) for lever in levers]


@_of_each
def longer_loans(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Long loans times the years by which they are longer, yuan times years of the quarter."""
    e, years = m.enterprises, lever.value("longer", m.quarter) / 4.0
    return _rows(m, 0.25 * e.weight * years * coverage(m, lever) * e.debt_long)


# Enterprises -------------------------------------------------------------------------------------


def plant_refused(m: ClusterPolicyModel, levers: Sequence[Lever]) -> list[Array]:
    """Plant that would stand without a limit, yuan times years of the quarter.

    Where two limits refuse the same project each has half of it.
    """
    e, t, entrants = m.enterprises, m.quarter, m.programmes.entry_plant_refused
    worn = 0.25 * m.parameters["capital_depreciation"]
    limits = [x for x in m.policy.levers_of("permit") if x.value("share", t) > 0.0]
    by = {x.id: permits.refuses(m, x, e, coverage(m, x)) for x in limits}
    by_limits = sum(by.values(), np.zeros(len(e)))

    def standing(lever: Lever) -> Array:
        rows = (by.get(lever.id, False) & (e.plant_refused > 0.0)).nonzero()[0]
        entrants[lever.id] = entrants.get(lever.id, np.zeros(CELLS)) * (1.0 - worn)
        beyond = e.weight[rows] / by_limits[rows] * e.plant_refused[rows]
        return 0.25 * (_rows(m, beyond, rows) + entrants[lever.id])

    return [standing(lever) for lever in levers]


@_of_each
def training_places(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Places filled in the quarter."""
    e, places = m.enterprises, lever.value("places", m.quarter)
    new = 0.25 * places * coverage(m, lever) * (1.0 - e.trained)
    return _rows(m, e.weight * e.employees * new)


@_of_each
def first_use_sales(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Sales of the year that are made or lost because leaders try products first, yuan."""
    e, sigma1 = m.enterprises, m.parameters["sigma"] - 1.0
    moved = exp(sigma1 * lever.value("appeal", m.quarter) * np.asarray(coverage(m, lever))) - 1.0
    return _rows(m, e.weight * e.year_revenue * np.abs(moved))


@_of_each
def leaders_matched(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Leaders of clusters with a promotion body, times years of the quarter."""
    e = m.enterprises
    rows = (e.role == Role.CHAIN_LEADER).nonzero()[0]
    reached = coverage(m, lever)[rows] * m.cluster_terms.promotion_body[e.cluster[rows]]
    return _rows(m, 0.25 * acts(lever, m.quarter) * e.weight[rows] * reached, rows)


@_of_each
def leaders_served(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Leaders of the clusters that a lever serves, times years of the quarter."""
    e = m.enterprises
    rows = (e.role == Role.CHAIN_LEADER).nonzero()[0]
    reached = np.append(_served(m, lever), False)[e.cluster[rows]]
    return _rows(m, 0.25 * acts(lever, m.quarter) * e.weight[rows] * reached, rows)


# Clusters and offices ----------------------------------------------------------------------------


@_of_each
def clusters_served(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters that a lever serves, times years of the quarter."""
    return _clusters(m, _served(m, lever), 0.25 * acts(lever, m.quarter))


@_of_each
def clusters_building_together(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters served that another city has one of the same field for, times years."""
    inside, of = _served(m, lever), m.places.of_clusters
    seats = np.zeros((len(FIELDS), len(CITIES)), dtype=bool)
    seats[of["field"][inside], of["city"][inside]] = True
    joint = inside & (seats.sum(axis=1) > 1).take(of["field"])
    return _clusters(m, joint, 0.25 * acts(lever, m.quarter))


@_of_each
def templates(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Templates made in the year: one a cluster served, so many a year, and again later."""
    inside = _served(m, lever)
    number = int(inside.sum())
    if not number or not acts(lever, m.quarter):
        return np.zeros(CELLS)
    yearly, years = m.parameters["templates_a_year"], m.year - year_of(lever.start)
    due = float(np.clip(number - yearly * (years % RENEWED), 0.0, yearly))
    return _clusters(m, inside, due / number)


@_of_each
def bodies(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Promotion bodies that the lever founded and no title has brought since, times years."""
    mine = [c.promotion_body and c.titled_since < 0 for c in m.clusters]
    return _clusters(m, mine, 0.25 * lever.in_force(m.quarter))


@_of_each
def bodies_with_title(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Promotion bodies of clusters whose title the lever gave, times years of the quarter."""
    mine = _given_by(m, lever) & [c.promotion_body for c in m.clusters]
    return _clusters(m, mine, 0.25 * lever.in_force(m.quarter))


@_of_each
def task_forces(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters with a plan and a task force, times years of the quarter."""
    return _clusters(m, [c.plan for c in m.clusters], 0.25 * lever.in_force(m.quarter))


@_of_each
def plans(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Plans drawn up in the year."""
    del lever
    return _clusters(m, [c.plan_since == m.quarter for c in m.clusters])


@_of_each
def offices(m: ClusterPolicyModel, lever: Lever) -> Array:
    """The office of the province's leading group, while there is one, times years."""
    return _province(m, 0.25 * acts(lever, m.quarter))


@_of_each
def clusters_judged(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters that the year's race judges."""
    return _clusters(m, _racing(m), float(acts(lever, m.quarter)))


@_of_each
def candidates_judged(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters that stand in a national round of the year."""
    interval = max(int(lever.value("interval", m.quarter)) // 4, 1)
    held = acts(lever, m.quarter) and (m.year - year_of(lever.start)) % interval == 0

    def stood(cluster: Cluster) -> bool:
        new = cluster.titled_since == m.quarter
        return cluster.tier in NAMED and (
            new or cluster.status in (Status.CANDIDATE, Status.PROVINCIAL)
        )

    return _clusters(m, [stood(c) for c in m.clusters], float(held))


@_of_each
def county_clusters_recognised(m: ClusterPolicyModel, lever: Lever) -> Array:
    """County clusters recognised in the year."""
    del lever
    new = [c.tier == "county" and c.titled_since == m.quarter for c in m.clusters]
    return _clusters(m, new)


@_of_each
def capacity_added(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Capacity of digital providers beyond that of the year before, yuan of work a year."""
    p, t, added = m.parameters, m.quarter, 0.0
    for name in ("above", "below"):
        now, before = (
            p[f"digital_capacity_{name}"] * exp(p["digital_capacity_growth"] * at / 4.0)
            * lever.value(name, at)
            for at in (t, t - 4)
        )  # fmt: skip
        added += m.markets.price_level * max(now - before, 0.0)
    return _province(m, added)


QUARTERLY: Mapping[str, Quantity] = {
    function.__name__: function
    for function in (
        interest_given_up, loans_beyond_limit, longer_loans, plant_refused, training_places,
        leaders_matched, leaders_served, clusters_served, clusters_building_together, bodies,
        bodies_with_title, task_forces, offices,
    )
}  # fmt: skip
"""Quantities read off the state at the end of a quarter, as flows of the quarter."""
YEARLY: Mapping[str, Quantity] = {
    function.__name__: function
    for function in (
        first_use_sales, templates, plans, clusters_judged, candidates_judged,
        county_clusters_recognised, capacity_added,
    )
}  # fmt: skip
"""Quantities read off the state at the year's end, as flows of the year."""
