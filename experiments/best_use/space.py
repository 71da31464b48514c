"""What a search chooses from: levers, each for one of some target groups, and yuan for each.

A *plan* has a sum for each option. Of the options of one lever at most one has any.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.dimensions import Array

    Plan = tuple[float, ...]
    """Yuan by option."""

STEP = 1e6
"""Sums of a plan are whole multiples, yuan: last bits must not ask for other runs."""


@dataclass(frozen=True)
class Option:
    """A lever for a target group.

    Attributes:
        lever: Name of the lever in the specification.
        group: Name of the target group.
        most: The most that can be spent on it, yuan.
    """

    lever: str
    group: str
    most: float


@dataclass(frozen=True)
class Space:
    """All options, and the sum there is.

    Attributes:
        options: The options; those of a lever stand together.
        budget: The sum, yuan.
    """

    options: tuple[Option, ...]
    budget: float

    @cached_property
    def levers(self) -> tuple[str, ...]:
        """Names of the levers in order."""
        return tuple(dict.fromkeys(option.lever for option in self.options))

    @cached_property
    def by_lever(self) -> dict[str, tuple[int, ...]]:
        """Lever to the places of its options."""
        return {
            lever: tuple(i for i, option in enumerate(self.options) if option.lever == lever)
            for lever in self.levers
        }

    @property
    def nothing(self) -> Plan:
        """The plan that spends nothing."""
        return (0.0,) * len(self.options)

    def plan(self, amounts: dict[int, float]) -> Plan:
        """The plan of sums by option, each no more than can be spent, rounded.

        Args:
            amounts: Place of the option to yuan.
        """
        found = [0.0] * len(self.options)
        for place, yuan in amounts.items():
            found[place] = STEP * round(min(yuan, self.options[place].most) / STEP)
        return tuple(found)

    def used(self, plan: Plan) -> list[int]:
        """Places of the options that a plan spends on."""
        return [place for place, yuan in enumerate(plan) if yuan > 0.0]


@dataclass(frozen=True)
class Measured:
    """What runs of plans say.

    Attributes:
        gains: Gain of each objective by world and draw, larger is better; shape (plans, worlds,
            draws, objectives).
        slacks: What is left of each limit and constraint, not below zero where it is kept; shape
            (plans, limits and constraints).
        costs: Mean cost, yuan; shape (plans,).
    """

    gains: Array
    slacks: Array
    costs: Array

    def joined(self, other: Measured) -> Measured:
        """These plans, then those of another."""
        return Measured(
            np.concatenate([self.gains, other.gains]),
            np.concatenate([self.slacks, other.slacks]),
            np.concatenate([self.costs, other.costs]),
        )


class Problem(Protocol):
    """What a search needs of what it searches: the model, or a function in its place."""

    @property
    def space(self) -> Space:
        """The options."""
        ...

    def start(self) -> tuple[list[Plan], Measured]:
        """Plans that are measured already: nothing first, then each option by itself."""
        ...

    def measure(self, plans: Sequence[Plan]) -> Measured:
        """Measure plans on the draws of the search."""
        ...
