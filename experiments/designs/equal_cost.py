"""The scale at which a design costs what an envelope holds.

Cost rises nearly in proportion to a budget until nobody asks for more, so a line through the points
known so far nearly hits; a bracket keeps what bends from running away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TOLERANCE = 0.01
"""Distance from the envelope, as a share of it, at which costs are equal."""
MOST_POINTS = 9
"""Scales tried for an envelope before the nearest is taken."""
WIDEST = 200.0
"""Times a scale may grow in a step."""
FLAT = 0.03
"""Rise of cost with scale, as a share of the steepest so far, at which nobody asks for more."""

FIGURES = 5
"""Significant figures of a scale: sums that add up in another order must not ask for other runs."""
STEADY = 0.05
"""Fall of cost, as a share, at which a scale ten times smaller costs as much as before."""

Verdict = Literal["equal", "cannot spend", "costs more", "not within", "nobody pays"]


@dataclass(frozen=True)
class Solution:
    """What became of a search.

    Attributes:
        scale: The scale found.
        cost: What the design costs at it, yuan.
        target: What it was to cost, yuan.
        verdict: ``equal`` within the tolerance; ``cannot spend`` where no scale costs as much;
            ``costs more`` where none costs as little; ``not within`` where the search gave up;
            ``nobody pays`` where there was nothing to search.
        tried: Scales tried.
    """

    scale: float
    cost: float
    target: float
    verdict: Verdict
    tried: int


@dataclass
class Search:
    """Search for the scale of a design that costs a sum.

    Attributes:
        target: The sum, yuan.
        limit: Largest scale allowed.
        points: Scales known with their cost; searches of one design share them.
        asked: Scales this search has asked for.
    """

    target: float
    limit: float = float("inf")
    points: dict[float, float] = field(default_factory=dict)
    asked: int = 0

    def next(self) -> float | None:
        """The scale to try next, or None where the search has ended."""
        wanted = self._wanted()
        if wanted is None:
            return None
        short = float(f"{wanted:.{FIGURES}g}")
        scale = self.limit if wanted >= self.limit else min(short, self.limit)
        return None if scale in self.points else scale

    def _wanted(self) -> float | None:
        if not self.points:
            return 1.0
        ended = self._near() or self._spent_out() or self._too_dear()
        if ended or self.asked >= MOST_POINTS:
            return None
        known = sorted(self.points.items())
        below = [point for point in known if point[1] < self.target]
        above = [point for point in known if point[1] > self.target]
        if not above:
            return self._beyond(below)
        first = below[-1] if below else (0.0, 0.0)
        last = above[0]
        if self.asked % 3 == 2:  # where the line bends it is the middle that closes in
            return 0.5 * (first[0] + last[0])
        part = (self.target - first[1]) / (last[1] - first[1])
        return first[0] + min(max(part, 0.01), 0.99) * (last[0] - first[0])

    def solution(self) -> Solution:
        """The scale found, or the nearest to it."""
        if self._near():
            scale = min(self.points, key=lambda s: abs(self.points[s] - self.target))
            return self._solution(scale, "equal")
        if self._spent_out():
            most = max(self.points.values())
            least = min(s for s, cost in self.points.items() if cost >= (1.0 - TOLERANCE) * most)
            return self._solution(least, "cannot spend")
        if self._too_dear():
            return self._solution(min(self.points), "costs more")
        scale = min(self.points, key=lambda s: abs(self.points[s] - self.target))
        return self._solution(scale, "not within")

    def _solution(self, scale: float, verdict: Verdict) -> Solution:
        return Solution(scale, self.points[scale], self.target, verdict, len(self.points))

    def _near(self) -> bool:
        allowed = TOLERANCE * self.target
        return any(abs(cost - self.target) <= allowed for cost in self.points.values())

    def _spent_out(self) -> bool:
        """Whether more scale brings no more cost, or is not allowed."""
        known = sorted(self.points.items())
        if known[-1][1] >= self.target:
            return False
        if known[-1][0] >= self.limit:
            return True
        slopes = self._slopes()
        wide = len(known) > 1 and known[-1][0] >= 1.5 * known[-2][0]
        return wide and max(slopes) > 0.0 and slopes[-1] <= FLAT * max(slopes)

    def _too_dear(self) -> bool:
        """Whether a much smaller scale costs as much as before, and that is too much."""
        least, cost = min(self.points.items())
        tenfold = [other for scale, other in sorted(self.points.items()) if scale >= 10.0 * least]
        return cost > self.target and bool(tenfold) and cost >= (1.0 - STEADY) * tenfold[0]

    def _slopes(self) -> list[float]:
        """Rise of cost between neighbouring scales, from the nought on."""
        known = [(0.0, 0.0), *sorted(self.points.items())]
        return [
            (after[1] - before[1]) / (after[0] - before[0]) for before, after in pairwise(known)
        ]

    def _beyond(self, below: Sequence[tuple[float, float]]) -> float:
        """A scale above all that were tried."""
        scale, cost = below[-1]
        slope = self._slopes()[-1]
        far = scale + (self.target - cost) / slope if slope > 0.0 else 2.0 * scale
        return min(max(far, 1.02 * scale), WIDEST * scale, self.limit)


Priced = tuple[str, str, float]
"""Design, envelope and scale."""


def solve(
    limits: Mapping[str, float],
    targets: Mapping[str, float],
    price: Callable[[Sequence[Priced]], Sequence[float]],
) -> dict[tuple[str, str], Solution]:
    """Solve the scales of all designs at all envelopes, round by round together.

    Args:
        limits: Design to its largest scale.
        targets: Envelope to its sum, yuan.
        price: Costs of designs at scales, yuan; what it is asked for together, it may run together.

    Returns:
        Solution by design and envelope.
    """
    searches = {}
    for design, limit in limits.items():
        points: dict[float, float] = {}
        for envelope, target in targets.items():
            searches[design, envelope] = Search(target, limit, points)
    while True:
        wanted = {
            key: scale for key, search in searches.items() if (scale := search.next()) is not None
        }
        if not wanted:
            return {key: search.solution() for key, search in searches.items()}
        # The first envelope that asks for a scale has it run; the others of the design share it.
        asked: dict[tuple[str, float], Priced] = {}
        for (design, envelope), scale in wanted.items():
            asked.setdefault((design, scale), (design, envelope, scale))
            searches[design, envelope].asked += 1
        costs = price(list(asked.values()))
        for (design, scale), cost in zip(asked, costs, strict=True):
            searches[design, next(iter(targets))].points[scale] = cost
