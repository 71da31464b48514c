"""Offers: what a grant gives for an outlay, and the best one open to each enterprise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.accounting import left_of
from jiqun.model.elementary import compiled
from jiqun.model.policy.eligibility import applicants
from jiqun.model.policy.ledger import STEERED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel


def gives(lever: Lever, quarter: int) -> bool:
    """Whether a grant has anything to give: a rate or amount, and no cap or number of zero."""
    size = "amount" if "amount" in lever.terms else "rate"
    return lever.value(size, quarter) > 0.0 and all(
        lever.value(term, quarter, np.inf) > 0.0 for term in ("cap", "budget", "projects")
    )


def cap_left(m: ClusterPolicyModel, lever: Lever) -> Array | float:
    """Most that each enterprise may still be granted for an outlay, yuan.

    Shape (rows,), or one number where none has been granted anything this year.
    """
    cap, granted = lever.value("cap", m.quarter, np.inf), m.programmes.granted.get(lever.id)
    return left_of(cap, 0.0) if granted is None else left_of(cap, granted)


@compiled("void(float64[::1], float64, int64, int64[::1], float64[::1], float64[::1])")
def _take_better(
    cap: Array, rate: float, lever: int, best: Whole, best_rate: Array, best_cap: Array
) -> None:
    """Put a lever in the place of the best so far where it is open and its rate is higher."""
    for i in range(len(cap)):
        if cap[i] > 0.0 and rate > best_rate[i]:
            best[i], best_rate[i], best_cap[i] = lever, rate, cap[i]


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
        """The offer of the highest rate to each enterprise that any lever is open to.

        Args:
            levers: The levers that offer; of equal rates the first counts.
            rates: Share of the outlay that each lever pays.
            caps: Most that each lever pays, yuan, shape (rows,) each; zero where it is not open.
            rows: Number of enterprises.
        """
        best, best_rate, best_cap = np.full(rows, -1), np.zeros(rows), np.zeros(rows)
        for i, (rate, cap) in enumerate(zip(rates, caps, strict=True)):
            _take_better(cap, rate, i, best, best_rate, best_cap)
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


def _cap(m: ClusterPolicyModel, lever: Lever, rows: Whole | slice) -> Array:
    """Most that a lever pays each of some enterprises now, yuan; zero where it is not open.

    Those for whom it has no money left this year turn to another grant. Shape (rows,).
    """
    cap, ready = np.zeros(len(m.enterprises)), applicants(m, lever, rows)
    sources = [x for x in m.province.sources(lever) if m.province.left(lever, x) > 0.0]
    if sources:
        # Each part but the steered one is open to all, and it comes last.
        if sources[-1] == STEERED:
            ready &= m.province.open_to(STEERED, rows)
        most = cap_left(m, lever)
        cap[rows] = np.where(ready, most[rows] if isinstance(most, np.ndarray) else most, 0.0)
    return cap


def best_offer(m: ClusterPolicyModel, channel: str, rows: Whole | slice = slice(None)) -> Offer:
    """The best grant of a channel for each of some enterprises this quarter, none for others.

    Args:
        m: The model.
        channel: Channel of the grants.
        rows: Enterprises that think of the outlay.
    """
    levers = [lever for lever in m.policy.levers_of(channel) if gives(lever, m.quarter)]
    rates = [lever.value("rate", m.quarter) for lever in levers]
    caps = [_cap(m, lever, rows) for lever in levers]
    return Offer.best_of(levers, rates, caps, len(m.enterprises))
