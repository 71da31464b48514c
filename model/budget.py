"""Public money: the special funds of the province, and what cities have for new measures.

The province's sum is the same whether or not it is steered: steering changes who is served, and so
who is not. A city promises no more in a year than it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from mesa import Agent

from model.accounting import left_of
from model.channels import reads
from model.ledger import SPECIAL
from model.targeting import eligible, gives

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.model import ClusterPolicyModel
    from model.scenario import Array, Lever

CITY_FUNDS = "city_funds"
EVERYTHING = float("inf")


def shared(
    yuan: float, weights: Mapping[str, float], most: Mapping[str, float]
) -> dict[str, float]:
    """A sum split by weight, none of the parts above its most; those below share what is left.

    Where all are at their most, the rest is not split: nobody can ask for it.
    """
    parts, open_ = dict[str, float](), dict(weights)
    while open_:
        left, whole = yuan - sum(parts.values()), sum(open_.values())
        share = {name: left * weight / whole for name, weight in open_.items()}
        met = [name for name in open_ if most[name] <= share[name]]
        if not met:
            parts |= share
            break
        parts |= {name: most[name] for name in met}
        open_ = {name: weight for name, weight in open_.items() if name not in met}
    return {name: parts[name] for name in weights}


class Province(Agent):  # type: ignore[misc]
    """The province as a payer: what each lever may still spend this year.

    Attributes:
        purses: Yuan left by lever and origin (``steered`` or ``pooled``) of the special funds.
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
        steered = m.steered_to()
        weights: dict[str, dict[str, float]] = {"steered": {}, "pooled": {}}
        for lever in m.policy.levers:
            if lever.window and lever.fund == SPECIAL and gives(lever, m.quarter):
                served = eligible(lever, m.enterprises, m.quarter)
                if (served & steered).any():
                    weights["steered"][lever.id] = p[lever.window]
                if lever.origin == "older" and served.any():
                    weights["pooled"][lever.id] = p[lever.window]
        # Where nobody may be served by the steered part, nothing is set aside for it.
        theta = m.lever_value("fund_steering", "theta") if weights["steered"] else 0.0
        for origin, part in (("steered", theta), ("pooled", 1.0 - theta)):
            for lever_id, yuan in shared(part * self.award_fund, weights[origin], most).items():
                self.purses[lever_id, origin] = yuan

    def parts(self, lever: Lever) -> tuple[tuple[str, str], ...]:
        """Origin and fund of each part of the money a lever may draw on, in order of use."""
        if lever.fund != SPECIAL:
            return (("older" if lever.origin == "older" else "pooled", lever.fund),)
        if lever.value("budget", self.model.quarter, -1.0) >= 0.0 and not self.purses:
            return (("pooled", "additional"),)
        return (("steered", SPECIAL), ("pooled", SPECIAL))

    def left(self, lever: Lever, origin: str, fund: str) -> float:
        """Yuan that a lever may still commit this year out of a part."""
        budget = lever.value("budget", self.model.quarter, EVERYTHING)
        own = self.own.setdefault(lever.id, budget)
        return min(own, self.purses.get((lever.id, origin), 0.0)) if fund == SPECIAL else own

    def spend(self, lever: Lever, origin: str, yuan: float) -> None:
        """Take an amount out of a part (negative: give it back)."""
        self.own[lever.id] = float(left_of(self.own[lever.id], yuan))
        if (lever.id, origin) in self.purses:
            self.purses[lever.id, origin] = float(left_of(self.purses[lever.id, origin], yuan))


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
        return lever.fund == CITY_FUNDS and lever.origin != "later"

    def spend(self, city: int, yuan: float) -> None:
        """Take an amount out of a city's sum (negative: give it back)."""
        self.left[city] = left_of(self.left[city], yuan)
