"""Shocks that a scenario names: what befalls the province and is no policy.

A shock of one's own is a function of an installed package, declared with `shock`; a scenario says
when it strikes and how hard. None comes with the project.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jiqun.model.model import ClusterPolicyModel

Strike = Callable[["ClusterPolicyModel", Mapping[str, float]], object]


@dataclass(frozen=True)
class ShockKind:
    """A shock that scenarios may name.

    Attributes:
        id: What scenarios call it.
        zh: In Chinese.
        en: In English.
        terms: What a scenario says of it: name to its bounds.
        strike: Called before each quarter that it lasts, with the model and values of the terms.
    """

    id: str
    zh: str
    en: str
    terms: Mapping[str, tuple[float, float]]
    strike: Strike


@dataclass(frozen=True)
class Shock:
    """A shock of a scenario.

    Attributes:
        id: Which one.
        start: First quarter (index).
        end: Last quarter (index), or None if it lasts.
        values: Its terms, each with its value.
    """

    id: str
    start: int
    end: int | None
    values: tuple[tuple[str, float], ...]


KNOWN: dict[str, ShockKind] = {}
"""Every shock by id."""


def shock(
    id_: str, /, zh: str, en: str, **terms: tuple[float, float]
) -> Callable[[Strike], Strike]:
    """Declare that a function is a shock.

    It may change columns of `model.enterprises`, parameters and markets. The books of the quarter
    open after it, so what it gives or takes comes from nowhere and is not booked.

    Args:
        id_: What scenarios call it.
        zh: Its label in Chinese.
        en: Its label in English.
        **terms: What a scenario says of it: name to the lowest and the highest value.

    Raises:
        ValueError: It is declared already.
    """

    def declare(strike: Strike) -> Strike:
        if id_ in KNOWN:
            raise ValueError(f"shock {id_} is declared twice")
        KNOWN[id_] = ShockKind(id_, zh, en, terms, strike)
        return strike

    return declare


def strike(m: ClusterPolicyModel) -> None:
    """Have the shocks of the scenario that last in the quarter."""
    for each in m.policy.shocks:
        if each.start <= m.quarter and (each.end is None or m.quarter <= each.end):
            KNOWN[each.id].strike(m, dict(each.values))


def first_difference(one: tuple[Shock, ...], other: tuple[Shock, ...], never: int) -> int:
    """First quarter in which the shocks of two scenarios may differ.

    Args:
        one: Shocks of a scenario.
        other: Those of another.
        never: What is given where they are the same.
    """
    return min((each.start for each in {*one} ^ {*other}), default=never)
