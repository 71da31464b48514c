"""Who bears what levers cost beside their grants: quantities of the run at unit costs.

Each quantity is counted where it arises or read off the state at the end of a quarter or year,
place by place, of those whom a lever has reached already. Costs are entered in the ledger; money
that goes to others than enterprises leaves the books of its payer as well. Nothing here moves an
enterprise: what enterprises bear is work and goods that are among their costs already, so it is
entered and not paid again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import Role
from jiqun.model.calendar import quarter_index, year_of
from jiqun.model.dimensions import CITIES, TIERS, Status
from jiqun.model.economy import credit, taxes
from jiqun.model.elementary import exp
from jiqun.model.policy import permits
from jiqun.model.policy.eligibility import takes_in
from jiqun.model.policy.horse_race import NAMED, RACING
from jiqun.model.policy.ledger import CELLS, PAYEES, SPECIAL, Kind, Origin, Source, cells_of, place
from jiqun.model.policy.reach import channel_value, coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jiqun.model.agents.clusters import Cluster
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Cost, Lever
    from jiqun.model.model import ClusterPolicyModel

    Quantity = Callable[[ClusterPolicyModel, Lever], Array]

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
        for lever in m.policy.levers:
            for cost in lever.costs:
                amount = m.programmes.cost_quantities.get((lever.id, cost.quantity))
                if cost.quantity in quantities:
                    amount = quantities[cost.quantity](m, lever)
                if amount is not None and amount.any():
                    _book(m, lever, cost, amount)
    m.programmes.cost_quantities = {}


def _book(m: ClusterPolicyModel, lever: Lever, cost: Cost, amount: Array) -> None:
    """Enter a cost by cell, yuan; money that others receive leaves the books of its payer."""
    yuan = amount * m.parameters[cost.unit_cost] if cost.unit_cost else amount
    shares = cost.paid_by or taxes.payers(lever.tax, m.parameters["local_tax_province"])
    # The special funds pay grants and awards, and what runs a lever comes on top of their sum.
    source = Source(Origin.BESIDE, "" if lever.fund == SPECIAL else lever.fund)
    for kind, part in ((Kind(cost.kind), yuan), (TURNED.get(Kind(cost.kind)), -yuan)):
        cells = np.flatnonzero(part > 0.0)
        if kind and len(cells):
            m.ledger.book(m.year, lever, kind, source, cells, part[cells], shares)
            if kind == Kind.SPENT:
                _pay(m, shares, float(part[cells].sum()))


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


def _rows(m: ClusterPolicyModel, amount: Array) -> Array:
    """Sum by cell of what each row stands for, weights included."""
    return np.bincount(cells_of(m.enterprises), amount, CELLS)


def _clusters(found: Sequence[Cluster], each: float = 1.0) -> Array:
    """So much for each cluster, by cell."""
    city = np.array([cluster.city for cluster in found], dtype=np.int64)
    tier = np.array([TIERS.index(cluster.tier) for cluster in found], dtype=np.int64)
    cells = place(city, tier, PAYEES.index("platform"))
    return np.bincount(cells, np.full(len(found), each), CELLS)


def _province(m: ClusterPolicyModel, amount: float) -> Array:
    """An amount for the province as a whole, by cell: cities by their industry."""
    weight = m.policy.province.city_weight
    cells = place(np.arange(len(CITIES)), TIERS.index("none"), PAYEES.index("platform"))
    result = np.zeros(CELLS)
    result[cells] = amount * weight / weight.sum()
    return result


def _served(m: ClusterPolicyModel, lever: Lever) -> list[Cluster]:
    """Clusters of the race that a lever serves as such."""
    groups = lever.groups(m.quarter)
    return [c for c in m.clusters if c.tier in RACING and takes_in(groups, c.tier, c.field, c.city)]


def _given_by(lever: Lever, cluster: Cluster) -> bool:
    """Whether a title that a cluster has won in the run is one of the lever."""
    national = lever.id == "national_cluster_contest"
    return (
        cluster.titled
        and cluster.titled_since >= 0
        and national == (cluster.status == Status.NATIONAL)
    )


# Credit ------------------------------------------------------------------------------------------


def interest_given_up(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Discount on the loans outstanding that have it, yuan of the quarter."""
    e, owed = m.enterprises, m.enterprises.debt_short + m.enterprises.debt_long
    if lever.channel == "title":
        given = np.array([*(_given_by(lever, cluster) for cluster in m.clusters), False])
        each = np.where(given, m.cluster_terms.loan_discount, 0.0).take(e.cluster)
    elif lever.id == "cluster_credit_line":
        owed, each = e.debt_line, np.full(len(e), lever.value("discount", m.quarter))
    else:
        each = lever.value("discount", m.quarter) * np.asarray(coverage(m, lever))
    return _rows(m, 0.25 * e.weight * each * owed)


def loans_beyond_limit(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Loans outstanding that the limit would not let in without the lever, yuan times years."""
    e, t = m.enterprises, m.quarter
    pledge, rise = (
        channel_value(m, "credit_terms", "pledge"),
        channel_value(m, "credit_terms", "limit"),
    )
    usual = credit.limits(m, pledge, rise)
    if lever.id == "cluster_credit_line":
        without, most = usual, e.debt_line * (lever.value("limit", t) > 0.0)
    else:
        part = coverage(m, lever)
        without = credit.limits(
            m, pledge - lever.value("pledge", t) * part, rise - lever.value("limit", t) * part
        )
        most = np.maximum(usual - without, 0.0)
    beyond = np.clip(e.debt_short + e.debt_long - without, 0.0, most)
    return _rows(m, 0.25 * e.weight * beyond)


def longer_loans(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Long loans times the years by which they are longer, yuan times years of the quarter."""
    e, years = m.enterprises, lever.value("longer", m.quarter) / 4.0
    return _rows(m, 0.25 * e.weight * years * coverage(m, lever) * e.debt_long)


# Enterprises -------------------------------------------------------------------------------------


def plant_refused(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Plant that would stand without a limit, yuan times years of the quarter.

    Where two limits refuse the same project each has half of it.
    """
    e, t = m.enterprises, m.quarter
    worn = 0.25 * m.parameters["capital_depreciation"]
    entrants = m.programmes.entry_plant_refused[lever.id] = m.programmes.entry_plant_refused.get(
        lever.id, np.zeros(CELLS)
    ) * (1.0 - worn)
    levers = [x for x in m.policy.levers_of("permit") if x.value("share", t) > 0.0]
    by = {x.id: permits.refuses(m, x, e, coverage(m, x)) for x in levers}
    mine = by.get(lever.id, np.zeros(len(e), dtype=bool))
    number = np.maximum(np.sum([*by.values(), np.zeros(len(e))], axis=0), 1.0)
    beyond = np.maximum(e.plant_refused, 0.0)
    return 0.25 * (_rows(m, e.weight * mine / number * beyond) + entrants)


def training_places(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Places filled in the quarter."""
    e, places = m.enterprises, lever.value("places", m.quarter)
    new = 0.25 * places * coverage(m, lever) * (1.0 - e.trained)
    return _rows(m, e.weight * e.employees * new)


def first_use_sales(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Sales of the year that are made or lost because leaders try products first, yuan."""
    e, sigma1 = m.enterprises, m.parameters["sigma"] - 1.0
    moved = exp(sigma1 * lever.value("appeal", m.quarter) * np.asarray(coverage(m, lever))) - 1.0
    return _rows(m, e.weight * e.year_revenue * np.abs(moved))


def leaders_matched(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Leaders of clusters with a promotion body, times years of the quarter."""
    e = m.enterprises
    reached = (
        coverage(m, lever)
        * m.cluster_terms.promotion_body.take(e.cluster)
        * (e.role == Role.CHAIN_LEADER)
    )
    return _rows(m, 0.25 * acts(lever, m.quarter) * e.weight * reached)


def leaders_served(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Leaders of the clusters that a lever serves, times years of the quarter."""
    e = m.enterprises
    mine = set(_served(m, lever))
    inside = np.array([*(cluster in mine for cluster in m.clusters), False])
    reached = inside.take(e.cluster) & (e.role == Role.CHAIN_LEADER)
    return _rows(m, 0.25 * acts(lever, m.quarter) * e.weight * reached)


# Clusters and offices ----------------------------------------------------------------------------


def clusters_served(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters that a lever serves, times years of the quarter."""
    return _clusters(_served(m, lever), 0.25 * acts(lever, m.quarter))


def clusters_building_together(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters served that another city has one of the same field for, times years."""
    cities: dict[int, set[int]] = {}
    inside = _served(m, lever)
    for cluster in inside:
        cities.setdefault(cluster.field, set()).add(cluster.city)
    joint = [cluster for cluster in inside if len(cities[cluster.field]) > 1]
    return _clusters(joint, 0.25 * acts(lever, m.quarter))


def templates(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Templates made in the year: one a cluster served, so many a year, and again later."""
    inside = _served(m, lever)
    if not inside or not acts(lever, m.quarter):
        return np.zeros(CELLS)
    yearly, years = m.parameters["templates_a_year"], m.year - year_of(lever.start)
    due = float(np.clip(len(inside) - yearly * (years % RENEWED), 0.0, yearly))
    return _clusters(inside, due / len(inside))


def bodies(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Promotion bodies that the lever founded and no title has brought since, times years."""
    in_force = 0.25 * lever.in_force(m.quarter)
    mine = [c for c in m.clusters if c.promotion_body and c.titled_since < 0]
    return _clusters(mine, in_force)


def bodies_with_title(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Promotion bodies of clusters whose title the lever gave, times years of the quarter."""
    in_force = 0.25 * lever.in_force(m.quarter)
    mine = [c for c in m.clusters if c.promotion_body and _given_by(lever, c)]
    return _clusters(mine, in_force)


def task_forces(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters with a plan and a task force, times years of the quarter."""
    return _clusters([c for c in m.clusters if c.plan], 0.25 * lever.in_force(m.quarter))


def plans(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Plans drawn up in the year."""
    del lever
    return _clusters([c for c in m.clusters if c.plan_since == m.quarter])


def offices(m: ClusterPolicyModel, lever: Lever) -> Array:
    """The office of the province's leading group, while there is one, times years."""
    return _province(m, 0.25 * acts(lever, m.quarter))


def clusters_judged(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters that the year's race judges."""
    racing = [c for c in m.clusters if c.tier in RACING]
    return _clusters(racing, float(acts(lever, m.quarter)))


def candidates_judged(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Clusters that stand in a national round of the year."""
    interval = max(int(lever.value("interval", m.quarter)) // 4, 1)
    held = acts(lever, m.quarter) and (m.year - year_of(lever.start)) % interval == 0

    def stood(cluster: Cluster) -> bool:
        new = cluster.titled_since == m.quarter
        return cluster.tier in NAMED and (
            new or cluster.status in (Status.CANDIDATE, Status.PROVINCIAL)
        )

    return _clusters([c for c in m.clusters if stood(c)], float(held))


def county_clusters_recognised(m: ClusterPolicyModel, lever: Lever) -> Array:
    """County clusters recognised in the year."""
    del lever
    new = [c for c in m.clusters if c.tier == "county" and c.titled_since == m.quarter]
    return _clusters(new)


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
