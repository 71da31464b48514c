"""Clusters: the named ones of the register and synthetic ones where the register is silent.

Two notions are never mixed. The cultivation tier is fixed and equal in all scenarios; the status
of a cluster (candidate, county, provincial, national, ...) may change by year. World and national
tiers are the named clusters of the fields that article 3 names; provincial are the named
candidates and the best-scoring other pairs of field and city up to thirty; county are the
registered ones (72) and candidates up to a hundred.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from mesa import Agent

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.dimensions import CITIES, FIELDS, Array, Status
from jiqun.model.randomness import uniform
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.model import ClusterPolicyModel
    from jiqun.model.province import ClusterRecord

MOST_OF_A_PAIR = 3
"""County clusters of one field in one city."""


@dataclass(frozen=True)
class ClusterSeat:
    """Where a cluster is and its name; `registered` county clusters are the published 72."""

    id: str
    name_zh: str
    name_en: str
    field: int
    city: int
    tier: str
    status: str
    registered: bool


class Cluster(Agent):  # type: ignore[misc]
    """A cluster: what it is, what it scores and holds, and what it is owed.

    Attributes:
        id: Identifier in the register.
        name_zh: Chinese name.
        name_en: English name.
        field: Field (index).
        city: Host city (index), the first where there are several.
        tier: Cultivation tier, fixed.
        status: Title held; changes by year.
        registered: One of the published county clusters.
        scores: Points by dimension at the last year end, 0 to 100.
        score: Weighted mean of the five.
        titled_since: Quarter of the last title won in the run.
        promotion_body: Has a body that serves its members.
        plan: Has a plan and a task force of its own (article 4).
        plan_since: Quarter in which it got them.
        award: Award of the last title, yuan; zero if none.
        instalments_paid: Instalments of it that have fallen due so far.
        received: Award money received so far, yuan.
        platform: Stock of public platforms, yuan of 2018.
    """

    model: ClusterPolicyModel

    def __init__(self, model: ClusterPolicyModel, seat: ClusterSeat) -> None:
        super().__init__(model)
        self.id, self.name_zh, self.name_en = seat.id, seat.name_zh, seat.name_en
        self.field, self.city, self.tier = seat.field, seat.city, seat.tier
        self.status, self.registered = seat.status, seat.registered
        self.scores: dict[str, float] = {}
        self.score = 0.0
        self.titled_since = self.plan_since = NEVER
        self.promotion_body = self.plan = False
        self.award = self.received = self.platform = 0.0
        self.instalments_paid = 0

    def __deepcopy__(self, memo: dict[int, object]) -> Cluster:
        """A copy for a branch of the run: all but the model is plain or never written to."""
        memo[id(self)] = other = copy.copy(self)
        other.model = copy.deepcopy(self.model, memo)
        return other

    @property
    def titled(self) -> bool:
        """Holds a provincial or higher title."""
        return self.status in (Status.PROVINCIAL, Status.NATIONAL, Status.WORLD)


class City(Agent):  # type: ignore[misc]
    """A city: it hosts clusters and draws up their plans (article 4)."""

    model: ClusterPolicyModel

    def __init__(self, model: ClusterPolicyModel, number: int) -> None:
        super().__init__(model)
        self.number, self.id = number, CITIES[number]

    def draw_up_plans(self, yearly: float) -> None:
        """Plan and task force for the best-scoring clusters that have none.

        Args:
            yearly: Clusters a year; a fraction is a chance of one more.
        """
        m = self.model
        waiting = [c for c in m.clusters if c.city == self.number and c.scores and not c.plan]
        if not waiting:
            return
        draw = uniform(m.seed_of_run, "plans", np.array([self.number]), m.quarter)[0]
        places = int(yearly) + int(draw < yearly - int(yearly))
        for cluster in sorted(waiting, key=lambda c: (-c.score, c.id))[:places]:
            cluster.plan, cluster.plan_since = True, m.quarter


def seats(
    records: Sequence[ClusterRecord], score: Array, count: Array, registered: int
) -> tuple[ClusterSeat, ...]:
    """All clusters: named ones first, then synthetic ones.

    Args:
        records: Named clusters known at end-2023.
        score: Cluster score of each pair, shape (fields, cities).
        count: Above-scale enterprises of each pair at end-2018, shape (fields, cities).
        registered: Number of registered county clusters.

    Returns:
        The clusters in an order that depends on nothing but the inputs.
    """
    named = [
        ClusterSeat(
            r.id, r.name_zh, r.name_en, FIELDS.index(r.field), CITIES.index(r.city), r.tier,
            r.status, r.tier == "county",
        )
        for r in records
    ]  # fmt: skip
    provincial = [seat for seat in named if seat.tier == "provincial"]
    taken = {(seat.field, seat.city) for seat in named if seat.tier != "county"}
    ranked = sorted(
        ((f, c) for f in range(len(FIELDS)) for c in range(len(CITIES)) if (f, c) not in taken),
        key=lambda pair: (-score[pair], pair),
    )
    synthetic = [
        _synthetic(f, c, "provincial", Status.CANDIDATE, False, 0)
        for f, c in ranked[: REGION.clusters.provincial - len(provincial)]
    ]
    county = [seat for seat in named if seat.tier == "county"]
    held = np.zeros_like(count)
    for seat in county:
        held[seat.field, seat.city] += 1
    made: list[ClusterSeat] = []
    while len(county) + len(made) < REGION.clusters.county:
        # Largest average (D'Hondt): clusters go where enterprises are, at most three to a pair.
        share = np.where(held < MOST_OF_A_PAIR, count / (held + 1), -1.0)
        f, c = (int(i) for i in np.unravel_index(int(np.argmax(share)), share.shape))
        held[f, c] += 1
        is_registered = len(county) + len(made) < registered
        status = Status.COUNTY if is_registered else Status.CANDIDATE
        made.append(_synthetic(f, c, "county", status, is_registered, int(held[f, c])))
    return (*named, *synthetic, *made)


def _synthetic(
    field: int, city: int, tier: str, status: str, registered: bool, number: int
) -> ClusterSeat:
    name = synthetic_name(field, city, tier, number)
    label = f"{CITIES[city]} {FIELDS[field]} ({tier}{f' {number}' if number else ''}, synthetic)"
    return ClusterSeat(name, f"合成:{label}", label, field, city, tier, status, registered)


def synthetic_name(field: int, city: int, tier: str, number: int) -> str:
    """Identifier of a synthetic cluster; number 0 for the only one of its tier in its pair.

    Args:
        field: Index into FIELDS.
        city: Index into CITIES.
        tier: Name of its cultivation tier.
        number: Place among the county clusters of its pair, named ones included; 0 for others.
    """
    return f"{CITIES[city]}_{FIELDS[field]}_{tier}{f'_{number}' if number else ''}"


def wear_platforms(m: ClusterPolicyModel) -> None:
    """Let public platforms wear out for a year."""
    for cluster in m.clusters:
        cluster.platform *= 1.0 - m.parameters["platform_decay"]
