"""Who a lever serves and pays: eligibility, take-up, queue, budget, and when the money comes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from model import awareness, ledger
from model.accounting import left_of
from model.channels import reads
from model.digital import serve
from model.elementary import dot
from model.enterprises import LABELS, NEVER, ROLES, Enterprises
from model.ledger import SPECIAL
from model.randomness import uniform
from model.scenario import CITIES, FIELDS, MU_CLASSES, SIZES, TIERS, Array, Lever

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.enterprises import Flag, Whole
    from model.model import ClusterPolicyModel

GROUPS = {
    "tier": TIERS, "field": FIELDS, "city": CITIES, "role": ROLES, "size": SIZES,
    "mu_class": MU_CLASSES,
}  # fmt: skip


def size_class(above: Flag, revenue: Array, employees: Array) -> Whole:
    """Index into SIZES by the statistical classes of 2017: employees and revenue both."""
    large = (employees >= 1000.0) & (revenue >= 400e6)
    medium = (employees >= 300.0) & (revenue >= 20e6)
    return np.where(~above, 3, np.where(large, 0, np.where(medium, 1, 2))).astype(np.int64)


def eligible(lever: Lever, e: Enterprises, quarter: int) -> Flag:
    """Enterprises in every group a lever names in a quarter; in one of the labels or ids named."""
    mask = np.ones(len(e), dtype=bool)
    for attribute, allowed in lever.groups(quarter).items():
        if attribute == "id":  # of a trial, which treats enterprises one by one; no file names any
            mask &= np.isin(e.id, _numbers(tuple(allowed)))
        elif attribute == "label":
            mask &= np.any([getattr(e, label) > NEVER for label in LABELS if label in allowed], 0)
        else:
            mask &= _allowed(attribute, tuple(allowed)).take(getattr(e, attribute))
    return mask


@cache
def _allowed(attribute: str, allowed: tuple[str, ...]) -> Flag:
    """Whether each group of an attribute is among those allowed, shape (groups,)."""
    return np.array([name in allowed for name in GROUPS[attribute]])


@cache
def _numbers(allowed: tuple[str, ...]) -> Whole:
    """Ids of enterprises, as numbers."""
    return np.array(allowed, dtype=np.str_).astype(np.int64)


def take_up(lever: Lever, quarter: int, usual: float) -> float:
    """Share of those eligible who claim in a quarter; `usual` where the lever sets none."""
    full = lever.value("take_up_full", quarter, usual)
    start = lever.value("take_up_start", quarter, full)
    years = max(lever.value("take_up_years", quarter), 0.25)
    return start + (full - start) * min((quarter - lever.start) / (4.0 * years), 1.0)


def claims(
    lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float,
    delivery: Array | float = 1.0,
) -> Flag:  # fmt: skip
    """Eligible enterprises that claim.

    Each enterprise has its own place between 0 and 1; those under the rate of take-up claim, so
    that a rising rate only adds claimants.

    Args:
        lever: The lever.
        e: The enterprises.
        seed: Seed of the run.
        quarter: Quarter index.
        usual: Share that claims where the lever sets no take-up of its own.
        delivery: Part of what is promised that offices deliver, one number or shape (rows,).
    """
    rate = take_up(lever, quarter, usual) * delivery
    return eligible(lever, e, quarter) & (e.lasting_draw(seed, f"claims {lever.id}") < rate)


def claims_among(
    lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float, among: Flag
) -> Whole:
    """Rows of those that claim among some: as `claims`, drawn for no more than are asked."""
    rows = np.flatnonzero(among & eligible(lever, e, quarter))
    draw = uniform(seed, f"claims {lever.id}", e.id[rows])
    return rows[draw < take_up(lever, quarter, usual)]


def claimed_share(lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float) -> Array:
    """Share of a tax relief that each enterprise claims, shape (rows,).

    Where the lever sets a take-up, an enterprise claims all or nothing; else all that are eligible
    claim the usual share.
    """
    if lever.value("take_up_full", quarter, -1.0) >= 0.0:
        return claims(lever, e, seed, quarter, usual).astype(np.float64)
    return np.where(eligible(lever, e, quarter), usual, 0.0)


@reads("delivery", "implementation_capacity", province="share", city="share")
def delivery(m: ClusterPolicyModel, lever: Lever, cluster: Whole | None = None) -> Array | float:
    """Part of a measure of the document that reaches those who would claim it.

    Older measures run as they always did. New ones start at what offices deliver anyway; the task
    force and plan of a cluster raise that for its members (articles 4 and 19).

    Args:
        m: The model.
        lever: The lever.
        cluster: Clusters that are asked for, -1 for none; those of the enterprises if absent.

    Returns:
        Shape of `cluster`, or one number where it is the same for all.
    """
    if lever.origin != "document_55":
        return 1.0
    # Money is delivered by who pays it; what grants nothing is brought to members by the city.
    office = "province" if lever.grants and "province" in lever.paid_by else "city"
    raised = m.lever_value("implementation_capacity", office) * m.cluster_terms.plan
    by_cluster = np.minimum(m.parameters["delivery_base"] + raised, 1.0)
    result: Array = by_cluster.take(m.enterprises.cluster if cluster is None else cluster)
    return result


def usual_take_up(m: ClusterPolicyModel, lever: Lever) -> float:
    """Share of those eligible who claim where the lever sets none: all, if it names no rate."""
    return float(m.parameters[lever.usual_take_up]) if lever.usual_take_up else 1.0


def claimants(m: ClusterPolicyModel, lever: Lever) -> Flag:
    """Enterprises that claim what a lever gives: eligible, aware of it and ready to apply."""
    usual, delivered = usual_take_up(m, lever), delivery(m, lever)
    ready = claims(lever, m.enterprises, m.seed_of_run, m.quarter, usual, delivered)
    return ready & awareness.knows(m, lever)


@reads("eligibility", "rd_conditionality", share="share")
def applicants(m: ClusterPolicyModel, lever: Lever) -> Flag:
    """Claimants of a grant, with R&D where that is asked."""
    e, mask = m.enterprises, claimants(m, lever)
    share = m.lever_value("rd_conditionality", "share")
    if share > 0.0 and "province" in lever.paid_by:
        # Which programmes ask for R&D is not published: each enterprise meets its own. Article 5
        # speaks of above-scale enterprises, so smaller ones are not asked.
        free = ~e.above_scale | (e.lasting_draw(m.seed_of_run, "condition") >= share)
        mask &= e.rd_active | free
    return mask


def gives(lever: Lever, quarter: int) -> bool:
    """Whether a grant has anything to give: a rate or amount, and no cap or number of zero."""
    size = "amount" if "amount" in lever.terms else "rate"
    return lever.value(size, quarter) > 0.0 and all(
        lever.value(term, quarter, np.inf) > 0.0 for term in ("cap", "budget", "projects")
    )


def cap_left(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Most that each enterprise may still be granted for an outlay, yuan."""
    cap = lever.value("cap", m.quarter, np.inf)
    granted = m.programmes.granted.get(lever.id, np.zeros(len(m.enterprises)))
    return left_of(cap, granted)


@dataclass(frozen=True)
class Offer:
    """The best grant open to each enterprise: the same outlay is supported once.

    Attributes:
        levers: The levers that offer one.
        lever: Index into `levers`, -1 for none, shape (rows,).
        rate: Share of the outlay, shape (rows,).
        cap: Most that is paid, yuan, shape (rows,).
        caps: Cap of each lever, zero where it is not open, one of shape (rows,) a lever.
        rates: Rate of each lever.
    """

    levers: Sequence[Lever]
    lever: Whole
    rate: Array
    cap: Array
    caps: Sequence[Array]
    rates: Sequence[float]

    @classmethod
    def best_of(
        cls, levers: Sequence[Lever], rates: Sequence[float], caps: Sequence[Array], rows: int
    ) -> Offer:
        """The offer of the highest rate to each enterprise that any lever is open to."""
        best, best_rate, best_cap = np.full(rows, -1), np.zeros(rows), np.zeros(rows)
        for i, (rate, cap) in enumerate(zip(rates, caps, strict=True)):
            better = (cap > 0.0) & (rate > best_rate)
            for column, value in ((best, i), (best_rate, rate), (best_cap, cap)):
                np.copyto(column, value, where=better)
        return cls(levers, best, best_rate, best_cap, caps, rates)

    def next_to(self, refused: Flag) -> Offer:
        """What is open to the refused beside what they asked for; nothing to the others."""
        caps = [np.where(refused & (self.lever != i), cap, 0.0) for i, cap in enumerate(self.caps)]
        return Offer.best_of(self.levers, self.rates, caps, len(refused))

    def with_those_of(self, other: Offer) -> Offer:
        """This offer, but the other one where it has one."""
        has = other.lever >= 0
        lever, rate, cap = (
            np.where(has, new, old)
            for new, old in (
                (other.lever, self.lever), (other.rate, self.rate), (other.cap, self.cap)
            )
        )  # fmt: skip
        return Offer(self.levers, lever, rate, cap, self.caps, self.rates)

    def claim(self, outlay: Array, rows: Whole | slice = slice(None)) -> Array:
        """Yuan claimed for an outlay."""
        return np.minimum(self.rate[rows] * outlay, self.cap[rows])


def _open_to(m: ClusterPolicyModel, lever: Lever) -> Flag:
    """Enterprises for whom the lever has money left this year: others turn to another grant."""
    mask = np.zeros(len(m.enterprises), dtype=bool)
    for origin, fund in m.province.parts(lever):
        if m.province.left(lever, origin, fund) > 0.0:
            mask |= m.steered_to() if (origin, fund) == ("steered", SPECIAL) else True
    return mask


def best_offer(m: ClusterPolicyModel, channel: str) -> Offer:
    """The best grant of a channel for each enterprise this quarter."""
    levers = [lever for lever in m.policy.levers_of(channel) if gives(lever, m.quarter)]
    rates = [lever.value("rate", m.quarter) for lever in levers]
    caps = [
        np.where(applicants(m, lever) & _open_to(m, lever), cap_left(m, lever), 0.0)
        for lever in levers
    ]
    return Offer.best_of(levers, rates, caps, len(m.enterprises))


def within(places: float, weight: Array, lot: Array) -> Flag:
    """Who of those in order has a place; the row that straddles the number wins by lot.

    So the number holds in expectation, though a row may stand for several enterprises.

    Args:
        places: Number of places.
        weight: Enterprises behind each row, best first, shape (rows,).
        lot: Uniform draw, shape (rows,).
    """
    room = (places - (weight.cumsum() - weight)) / np.maximum(weight, 1e-9)
    return np.asarray(lot < np.clip(room, 0.0, 1.0))


@dataclass(frozen=True)
class Approval:
    """Claims a lever has approved: yuan a row and which part of its money each is from."""

    lever: Lever
    yuan: Array
    part: Whole


def approve(m: ClusterPolicyModel, lever: Lever, claim: Array) -> Approval:
    """Approve claims in order of the queue, inside the purse; the money is set aside.

    Args:
        m: The model.
        lever: The lever that pays.
        claim: Yuan claimed, zero where nothing is, shape (rows,).
    """
    e = m.enterprises
    approved, part = np.zeros(len(e)), np.full(len(e), -1)
    rows = np.flatnonzero(claim)
    queue = _queue(m, lever, rows, e.weight[rows] * claim[rows])
    for i, (origin, fund) in enumerate(m.province.parts(lever)):
        asks = part[rows] < 0
        if (origin, fund) == ("steered", SPECIAL):
            asks &= m.steered_to()[rows]
        left = m.province.left(lever, origin, fund)
        if m.city_funds.holds(lever):
            won = _by_city(m, rows[asks], claim, queue[asks], left)
        else:
            won = rows[serve(asks, claim[rows], e.weight[rows], queue, left)]
        approved[won], part[won] = claim[won], i
        m.province.spend(lever, origin, dot(e.weight[won], claim[won]))
    return Approval(lever, approved, part)


def _by_city(m: ClusterPolicyModel, rows: Whole, claim: Array, queue: Array, left: float) -> Whole:
    """Who is served where each city pays for its own; the money is set aside.

    Args:
        m: The model.
        rows: Rows that ask.
        claim: Yuan that each row of all asks for.
        queue: Priority of each that asks, the lowest first.
        left: Yuan that the lever may still commit.
    """
    e, won = m.enterprises, [np.zeros(0, dtype=np.int64)]
    for city in np.unique(e.city[rows]):
        asks, most = e.city[rows] == city, min(left, float(m.city_funds.left[city]))
        got = rows[serve(asks, claim[rows], e.weight[rows], queue, most)]
        taken = dot(e.weight[got], claim[got])
        m.city_funds.spend(int(city), taken)
        left = float(left_of(left, taken))
        won.append(got)
    return np.concatenate(won)


def commit(m: ClusterPolicyModel, approval: Approval, actual: Array, wait: int = 0) -> Array:
    """Commit what was carried out of an approval; returns what is paid at once, yuan a row.

    What comes later, by lag and instalments, is put on the list of money due. What was approved
    and not carried out goes back into the purse.

    Args:
        m: The model.
        approval: The approved claims.
        actual: Yuan that the outlay carried out gives a claim to, shape (rows,).
        wait: Quarters that pass before the lever's own lag begins.
    """
    e, t, lever = m.enterprises, m.quarter, approval.lever
    granted = np.minimum(approval.yuan, actual)
    paid = np.zeros(len(e))
    lag = wait + int(lever.value("lag", t))
    terms = sorted(term for term in lever.terms if term.startswith("instalment_"))
    shares = [lever.value(term, t) for term in terms] or [1.0]
    for i, (origin, fund) in enumerate(m.province.parts(lever)):
        rows = np.flatnonzero(approval.part == i)
        if not len(rows):
            continue
        unused = dot(e.weight[rows], approval.yuan[rows] - granted[rows])
        m.province.spend(lever, origin, -unused)
        if m.city_funds.holds(lever):
            back = e.weight[rows] * (approval.yuan[rows] - granted[rows])
            for city in np.unique(e.city[rows]):
                m.city_funds.spend(int(city), -float(back[e.city[rows] == city].sum()))
        rows = rows[granted[rows] > 0.0]
        book(m, lever, "committed", origin, fund, rows, granted[rows])
        if lever.cap_a_year:
            m.programmes.granted.setdefault(lever.id, np.zeros(len(e)))[rows] += granted[rows]
        for year, share in enumerate(shares):
            later = lag + 4 * year
            if later == 0:
                paid[rows] += share * granted[rows]
                book(m, lever, "paid", origin, fund, rows, share * granted[rows])
            else:
                part = e.id[rows], share * granted[rows]
                m.programmes.payments_due.append(
                    Due(t + later, lever, origin, fund, *part, committed=t)
                )
    return paid


def grant(m: ClusterPolicyModel, lever: Lever, claim: Array) -> Array:
    """Approve and commit claims in one; returns what is paid at once, yuan a row."""
    return commit(m, approve(m, lever, claim), claim)


@dataclass(frozen=True)
class Due:
    """Money that falls due in a quarter.

    Attributes:
        quarter: Quarter it falls due in.
        lever: Lever it is paid, or paid back, under.
        origin: As in the ledger.
        fund: As in the ledger.
        ids: Enterprises.
        yuan: Yuan of each.
        repaid_to: Who it is paid back to, by share; empty where it is paid out.
        committed: Quarter it was committed in, -1 where it was not by a grant.
    """

    quarter: int
    lever: Lever
    origin: str
    fund: str
    ids: Whole
    yuan: Array
    repaid_to: Mapping[str, float] = field(default_factory=dict)
    committed: int = -1


def rows_of(e: Enterprises, ids: Whole, order: Whole) -> tuple[Whole, Flag]:
    """Row of each id, and whether it is there and alive; `order` sorts the rows by id."""
    rows = order.take(np.searchsorted(e.id, ids, sorter=order), mode="clip")
    return rows, (e.id[rows] == ids) & (e.weight[rows] > 0.0)


def cancel(m: ClusterPolicyModel, lever: Lever, committed: int, who: Flag) -> Array:
    """Cancel what is still to come of a lever's grants of a quarter; returns yuan a row.

    Args:
        m: The model.
        lever: The lever.
        committed: Quarter the grants were committed in.
        who: Enterprises that lose what is to come, shape (rows,).
    """
    e = m.enterprises
    cancelled, order = np.zeros(len(e)), np.argsort(e.id, kind="stable")
    for i, entry in enumerate(m.programmes.payments_due):
        if entry.lever.id == lever.id and entry.committed == committed:
            rows, alive = rows_of(e, entry.ids, order)
            lost = alive & who[rows]
            cancelled[rows[lost]] += entry.yuan[lost]
            m.programmes.payments_due[i] = replace(entry, yuan=np.where(lost, 0.0, entry.yuan))
    return cancelled


def due(m: ClusterPolicyModel) -> Array:
    """Money that falls due this quarter, yuan a row, less what is paid back.

    An enterprise that has left gets and pays none.
    """
    e = m.enterprises
    paid, order = np.zeros(len(e)), np.argsort(e.id, kind="stable")
    for entry in m.programmes.payments_due:
        if entry.quarter == m.quarter:
            rows, alive = rows_of(e, entry.ids, order)
            rows, yuan = rows[alive], entry.yuan[alive]
            paid[rows] += -yuan if entry.repaid_to else yuan
            kind, payer = ("repaid", entry.repaid_to) if entry.repaid_to else ("paid", None)
            book(m, entry.lever, kind, entry.origin, entry.fund, rows, yuan, payer)
    m.programmes.payments_due = [
        entry for entry in m.programmes.payments_due if entry.quarter > m.quarter
    ]
    return paid


def book(
    m: ClusterPolicyModel, lever: Lever, kind: str, origin: str, fund: str, rows: Whole | slice,
    yuan: Array, payer: Mapping[str, float] | None = None,
) -> None:  # fmt: skip
    """Enter in the ledger what enterprises get (yuan a row, before weights)."""
    e = m.enterprises
    cells = ledger.place(e.city[rows], e.tier[rows], e.size[rows])
    m.ledger.book(m.year, lever, kind, origin, cells, e.weight[rows] * yuan, payer, fund)


def _queue(m: ClusterPolicyModel, lever: Lever, rows: Whole, yuan: Array) -> Array:
    """Priority of each claimant, the lowest first (`scenarios.schema.FIRST`)."""
    e, t = m.enterprises, m.quarter
    rule = int(lever.value("budget_first", t, 1.0))
    if rule == 0:  # the score of an application is its R&D over revenue
        return -e.rd_reported[rows] / np.maximum(e.revenue[rows], 1.0)
    if rule in (2, 3):
        return e.expected_revenue[rows] if rule == 2 else -e.expected_revenue[rows]
    turn = uniform(m.seed_of_run, f"turn {lever.id}", e.id[rows], t)
    if rule == 5:
        return taken_by(e.tier[rows], turn, yuan)
    return turn if rule == 1 else e.tier[rows] + 0.999 * turn


def taken_by(group: Whole, turn: Array, yuan: Array) -> Array:
    """Money that one's group has taken with one's turn, yuan, shape (rows,).

    Served in this order, groups get equal sums as long as they ask for them.

    Args:
        group: Group of each claimant, shape (rows,).
        turn: Order inside the group, the lowest first, shape (rows,).
        yuan: Sum each asks for, shape (rows,).
    """
    result = np.empty(len(yuan))
    for one in np.unique(group):
        mine = np.flatnonzero(group == one)
        mine = mine[np.argsort(turn[mine], kind="stable")]
        result[mine] = np.cumsum(yuan[mine])
    return result
