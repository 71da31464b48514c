"""Designs that an emulator learns from and is judged on: sizes of levers, as users ask for them.

Users move one lever, or a few, and now and then many. So of the designs some move a single dial,
some two to five at random, and some all of them, spread evenly over their ranges. Levels are those
of a slider: a tenth of what is issued, often none at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations, most_times
from jiqun.scenarios.loader import folder_of
from jiqun.scenarios.question import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jiqun.model.scenario import Scenario

BASELINE = "as_issued"
"""The scenario that effects are measured against."""
OLDER = ("rd_grant",)
"""Levers from before the document that are dials too: users ask what they do beside its own."""
STEP = 0.1
"""Step of a slider, in what is issued."""
ISSUED = 1.0
HIGHS = (3.0, 2.0)
"""Times as issued that a dial goes up to: the first that keeps the terms of its lever in bounds."""
KINDS = ("one", "some", "one", "some", "all")
"""What designs move, in turn."""
SOME = (2, 5)
"""Fewest and most dials of a design that moves some."""
NONE_AT_ALL = 0.25
"""Share of moved dials that are set to nothing."""


@dataclass(frozen=True)
class Dial:
    """What an estimate can move: how many times as large a lever is; 1 is as issued.

    Attributes:
        lever: Its id.
        low: Least.
        high: Most.
    """

    lever: str
    low: float
    high: float


@dataclass(frozen=True)
class Design:
    """What is asked of an emulator.

    Attributes:
        name: Name of its scenario.
        kind: How much it moves, one of `KINDS`.
        at: Lever to how many times as large it is; those that are absent are as issued.
    """

    name: str
    kind: str
    at: Mapping[str, float]


def dials() -> tuple[Dial, ...]:
    """Levers that document 55 brings, and `OLDER`, in the order of their register."""
    found = []
    for lever in load(BASELINE).levers:
        brought = declarations()[lever.id].origin == "document_55"
        if lever.size and (brought or lever.id in OLDER):
            high = next(high for high in (*HIGHS, 1.0) if high <= most_times(lever.id))
            found.append(Dial(lever.id, 0.0, high))
    return tuple(found)


def draw_designs(among: Sequence[Dial], count: int, seed: int, prefix: str) -> list[Design]:
    """Designs of all kinds.

    Args:
        among: The dials.
        count: Number of designs.
        seed: Of all that happens by chance.
        prefix: What their names begin with.
    """
    rng = np.random.default_rng(seed)
    single = _in_turn(among, rng)
    kinds = [kind for kind, _ in zip(cycle(KINDS), range(count), strict=False)]
    spread = _evenly(len(among), kinds.count("all"), rng)
    found = []
    for number, kind in enumerate(kinds):
        if kind == "all":
            places = next(spread)
            at = {
                dial.lever: _level(dial, place) for dial, place in zip(among, places, strict=True)
            }
        else:
            low, high = (1, 1) if kind == "one" else SOME
            some = min(int(rng.integers(low, high + 1)), len(among))
            chosen = (
                [next(single)]
                if kind == "one"
                else [among[i] for i in rng.choice(len(among), some, replace=False)]
            )
            at = {dial.lever: _level(dial, _place(rng)) for dial in chosen}
        moved = {lever: times for lever, times in at.items() if times != ISSUED}
        found.append(Design(f"{prefix}_{number:03d}", kind, moved))
    return found


def scenario_of(design: Design, on: Scenario) -> Scenario:
    """The scenario that a question of its sizes makes, under the name of the design."""
    line = ", ".join(f"{lever}*{times:g}" for lever, times in design.at.items())
    return ask(line, on, folder_of(BASELINE)).scenario


def _in_turn(among: Sequence[Dial], rng: np.random.Generator) -> Iterator[Dial]:
    """Dials without end, each once before any comes again."""
    while True:
        yield from (among[i] for i in rng.permutation(len(among)))


def _evenly(dimensions: int, count: int, rng: np.random.Generator) -> Iterator[list[float]]:
    """Points of a Latin hypercube."""
    columns = [(rng.permutation(count) + rng.random(count)) / count for _ in range(dimensions)]
    return iter(np.array(columns).T.tolist())


def _place(rng: np.random.Generator) -> float:
    """Place in the range of a dial; at its foot in some of the cases."""
    return 0.0 if rng.random() < NONE_AT_ALL else float(rng.random())


def _level(dial: Dial, place: float) -> float:
    """Level at a place in the range of a dial, on the steps of a slider; never as issued."""
    level = round(round((dial.low + place * (dial.high - dial.low)) / STEP) * STEP, 6)
    return level if level != ISSUED else round(ISSUED + STEP, 6)
