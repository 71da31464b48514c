"""A problem of designs whose best plan is known, with a function and noise in the model's place."""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from jiqun.experiments.best_use.space import Measured, Option, Space

YI = 1e8
BUDGET = 10.0 * YI
# What the first yuan of an option brings, and the sum at which that has fallen to a third.
FIRST = {"grant": (0.8, 0.3), "credit": (0.5, 0.5), "voucher": (0.3, 0.35), "award": (0.05, 0.02)}
FALLS = {"grant": 3.0, "credit": 6.0, "voucher": 2.0, "award": 5.0}
SPACE = Space(
    tuple(Option(lever, group, BUDGET) for lever in FIRST for group in ("all", "small")), BUDGET
)


@dataclass
class MadeUp:
    """Concave gains that add up; noise of the draws common to all plans, and some of their own.

    Attributes:
        draws: Draws of the search or of the judging.
        null: Whether no lever does anything.
        two: Whether a second objective is what is not spent.
        common: Deviation of the draws, as a share of the gain.
        own: Deviation of each plan in each draw.
        stop_after: Calls of `measure` after which it is interrupted.
        memory: Runs that a store would keep.
    """

    draws: range = range(1, 33)
    null: bool = False
    two: bool = False
    common: float = 0.3
    own: float = 0.05 * YI
    stop_after: int | None = None
    memory: dict = field(default_factory=dict)
    calls: int = 0
    space = SPACE

    def true(self, plan):
        if self.null:
            return 0.0
        gains = 0.0
        for option, yuan in zip(SPACE.options, plan, strict=True):
            first = FIRST[option.lever][option.group == "small"]
            falls = FALLS[option.lever] * YI
            gains += first * falls * (1.0 - np.exp(-yuan / falls))
        return gains

    def start(self):
        singles = [SPACE.nothing]
        for place in range(len(SPACE.options)):
            singles += [SPACE.plan({place: part * BUDGET}) for part in (0.25, 0.5, 1.0)]
        return singles, self.measure(singles)

    def measure(self, plans):
        self.calls += 1
        if self.stop_after is not None and self.calls > self.stop_after:
            raise KeyboardInterrupt
        gains = np.array(
            [[self.memory.setdefault((p, d), self._gain(p, d)) for d in self.draws] for p in plans]
        )
        costs = np.array([sum(plan) for plan in plans])
        saved = np.broadcast_to(-costs[:, None], gains.shape)
        objectives = [gains, saved] if self.two else [gains]
        slacks = (1.01 * BUDGET - costs)[:, None] / BUDGET
        return Measured(np.stack(objectives, axis=-1)[:, None], slacks, costs)

    def _kept(self, plan, draw):
        if (plan, draw) not in self.memory:
            self.memory[plan, draw] = self._gain(plan, draw)
        return self.memory[plan, draw]

    def _gain(self, plan, draw):
        if not any(plan):
            return 0.0
        luck = np.random.default_rng([draw, 7]).standard_normal()
        own = np.random.default_rng([draw, *(int(yuan / 1e6) for yuan in plan)]).standard_normal()
        return self.true(plan) * (1.0 + self.common * luck) + self.own * own


def known_best():
    """The most that any plan truly brings: convex programming over the better group of each."""
    whole = {i: MadeUp().true(SPACE.plan({i: BUDGET})) for i in range(len(SPACE.options))}
    places = [max(found, key=whole.get) for found in SPACE.by_lever.values()]

    def lost(x):
        plan = np.zeros(len(SPACE.options))
        plan[places] = x * YI
        return -MadeUp().true(plan) / YI

    found = minimize(
        lost,
        np.full(len(places), 1.0),
        bounds=[(0.0, 10.0)] * len(places),
        constraints={"type": "ineq", "fun": lambda x: 10.1 - x.sum()},
    )
    return -found.fun * YI
