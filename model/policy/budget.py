"""Public money: the special funds of the province, and what cities have for new measures.

The province's sum is the same whether or not it is steered: steering changes who is served, and so
who is not. A city promises no more in a year than it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from mesa import Agent

from jiqun.model.accounting import left_of
from jiqun.model.channels import reads
from jiqun.model.lever import LeverOrigin
from jiqun.model.policy.eligibility import eligible
from jiqun.model.policy.ledger import ADDITIONAL, SPECIAL, STEERED, Origin, Source
from jiqun.model.policy.offers import gives

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel

CITY_FUNDS = "city_funds"
EVERYTHING = float("inf")


def apportion(
    yuan: float, weights: Mapping[str, float], most: Mapping[str, float]
) -> dict[str, float]:
    """A sum split by weight, none of the parts above its most; those below share what is left.

    Where all are at their most, the rest is not split: nobody can ask for it.

    Args:
        yuan: Sum to split.
        weights: Weight of each part, by its name.
        most: Most that each part can take, yuan, by its name.
    """
    parts, open_ = dict[str, float](), dict(weights)
    while open_:
        left, whole = yuan - sum(parts.values()), sum(open_.values())
        share = {name: left * weight / whole for name, weight in open_.items()}
        full = [name for name in open_ if most[name] <= share[name]]
        if not full:
            parts |= share
            break
        parts |= {name: most[name] for name in full}
        open_ = {name: weight for name, weight in open_.items() if name not in full}
    return {name: parts[name] for name in weights}


class Province(Agent):  # type: ignore[misc]
    """The province as a payer: what each lever may still spend this year.

    Attributes:
        purses: Yuan left by lever and origin (steered or pooled) of the special funds.
        own: Yuan left of the budgets that levers have of their own.
        award_fund: Yuan of the special funds that awards to clusters have left.
    """

    model: ClusterPolicyModel

    def __init__(self, model: ClusterPolicyModel) -> None:
        super().__init__(model)
        self.purses: dict[tuple[str, str], float] = {}
        self.own: dict[str, float] = {}
        self.award_fund = 0.0

    @reads("fund", "special_funds", yearly="money")
    def open_year(self) -> None:
        """Set the year's purses; awards are taken out afterwards (`divide`)."""
        m = self.model
        self.purses, self.own = {}, {}
        self.award_fund = m.lever_value(SPECIAL, "yearly")

    @reads("fund", "fund_steering", theta="share")
    def divide(self, most: Mapping[str, float]) -> None:
        """Split what awards leave of the special funds into windows of two parts.

        A window holds no more than can be asked of it: what it cannot use the others have.

        Args:
            most: Lever to the most that can be asked of it in the year, yuan.
        """
        m, p = self.model, self.model.parameters
        if m.lever_value(SPECIAL, "yearly") <= 0.0:
            return
        steered = self.open_to(STEERED)
        weights: dict[Origin, dict[str, float]] = {Origin.STEERED: {}, Origin.POOLED: {}}
        for lever in m.policy.levers:
            if lever.window and lever.fund == SPECIAL and gives(lever, m.quarter):
                may = eligible(lever, m.enterprises, m.quarter)
                if (may & steered).any():
                    weights[Origin.STEERED][lever.id] = p[lever.window]
                if lever.origin == LeverOrigin.OLDER and may.any():
                    weights[Origin.POOLED][lever.id] = p[lever.window]
        # Where nobody may be served by the steered part, nothing is set aside for it.
        theta = m.lever_value("fund_steering", "theta") if weights[Origin.STEERED] else 0.0
        for origin, part in ((Origin.STEERED, theta), (Origin.POOLED, 1.0 - theta)):
            for lever_id, yuan in apportion(part * self.award_fund, weights[origin], most).items():
                self.purses[lever_id, origin] = yuan

    def sources(self, lever: Lever) -> tuple[Source, ...]:
        """Each part of the money that a lever may draw on, in order of use."""
        if lever.fund != SPECIAL:
            older = lever.origin == LeverOrigin.OLDER
            return (Source(Origin.OLDER if older else Origin.POOLED, lever.fund),)
        if lever.value("budget", self.model.quarter, -1.0) >= 0.0 and not self.purses:
            return (Source(Origin.POOLED, ADDITIONAL),)
        return (STEERED, Source(Origin.POOLED, SPECIAL))

    def open_to(self, source: Source, rows: Whole | slice = slice(None)) -> Flag:
        """Enterprises that a part of the money may be paid to, shape of `rows`."""
        m = self.model
        if source != STEERED:
            return np.ones(len(m.enterprises.id[rows]), dtype=bool)
        lever = m.policy.lever("fund_steering")
        if lever is None or lever.value("theta", m.quarter) <= 0.0:
            return np.zeros(len(m.enterprises.id[rows]), dtype=bool)
        return eligible(lever, m.enterprises, m.quarter, rows)

    def left(self, lever: Lever, source: Source) -> float:
        """Yuan that a lever may still commit this year out of a part of its money."""
        budget = lever.value("budget", self.model.quarter, EVERYTHING)
        own = self.own.setdefault(lever.id, budget)
        if source.fund != SPECIAL:
            return own
        return min(own, self.purses.get((lever.id, source.origin), 0.0))

    def spend(self, lever: Lever, source: Source, yuan: float) -> None:
        """Take an amount out of a part of the money (negative: give it back).

        Args:
            lever: Lever that spends.
            source: Part of the money: its origin names the purse, where the lever has one.
            yuan: Amount to take out.
        """
        self.own[lever.id] = left_of(self.own[lever.id], yuan)
        purse = lever.id, source.origin
        if purse in self.purses:
            self.purses[purse] = left_of(self.purses[purse], yuan)


class Cities(Agent):  # type: ignore[misc]
    """The cities as payers: what each may still promise this year.

    Attributes:
        left: Yuan left of each city for what the document and designs ask of it, shape (cities,).
    """

    model: ClusterPolicyModel

    def __init__(self, model: ClusterPolicyModel) -> None:
        super().__init__(model)
        self.open_year()

    def open_year(self) -> None:
        """Set the year's sums: a ceiling for all cities, split by their industry."""
        weight = self.model.policy.province.city_weight
        ceiling = self.model.parameters["city_fund_ceiling"]
        self.left: Array = np.asarray(ceiling * weight / weight.sum())

    def holds(self, lever: Lever) -> bool:
        """Whether a lever draws on these sums; measures known later have budgets of their own."""
        return lever.fund == CITY_FUNDS and lever.origin != LeverOrigin.LATER

    def spend(self, city: int, yuan: float) -> None:
        """Take an amount out of a city's sum (negative: give it back)."""
        self.left[city] = left_of(self.left[city], yuan)
