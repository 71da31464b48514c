"""The modelled targets in red, amber and green: one list for the table and for the sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.notebooks import board
from jiqun.notebooks.trust.evidence import HORIZON, Band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

GREEN, RED = 0.8, 0.2
"""Chances of meeting a target from which on it is green, and up to which it is red."""


@dataclass(frozen=True)
class Light:
    """A modelled target with its colour.

    Attributes:
        target: Row of `policy_targets.csv`.
        aim: What is aimed at, in words.
        found: What the runs give.
        met: Share of the runs that meet it: in its year, in all years, or on course.
        numeric: Whether a number is aimed at, or a direction alone.
        runs: Number of runs.
    """

    target: Any
    aim: str
    found: str
    met: float
    numeric: bool
    runs: int

    @property
    def colour(self) -> str:
        """``green``, ``amber`` or ``red``; ``none`` where runs are too few."""
        if self.runs < LEAST_PAIRS:
            return "none"
        return "green" if self.met >= GREEN else "red" if self.met <= RED else "amber"


def lights(worlds: Worlds, words: Words) -> list[Light]:
    """The modelled targets, those first that are missed most often.

    Args:
        worlds: Runs of all scenarios of the store.
        words: Texts and number formats of the page's language.
    """
    runs = board.runs_of(worlds)
    found = [
        Light(
            item.target,
            words.measured(item.aim, item.outcome)
            if item.aim is not None
            else board.aim_words(item, words),
            board.median(item.target, item.year, item.band, item.outcome, words)
            + words.bracketed(str(item.year)),
            item.met,
            item.aim is not None,
            runs,
        )
        for item in board.judged(worlds)
    ]
    found += [
        Light(
            item.target,
            words("director_yearly", aim=f"{item.aim:,.0f}"),
            _last(item, words),
            item.met,
            True,
            len(item.runs),
        )
        for item in board.yearly(worlds, board.scenario_of(worlds))
    ]
    found += [
        Light(
            item.target,
            words("director_count", aim=f"{item.aim:,.0f}", year=board.LAST_DUE),
            _last(item, words),
            item.met,
            True,
            len(item.runs),
        )
        for item in board.counted(worlds)
    ]
    return sorted(found, key=lambda light: (not light.numeric, light.met))


def _last(item: board.Yearly | board.Counted, words: Words) -> str:
    """What the runs give of a target at the horizon."""
    band = Band.of(item.runs[HORIZON])
    told = board.median(item.target, HORIZON, band, item.outcome, words)
    return told + words.bracketed(str(HORIZON))


def sentence(found: Sequence[Light], words: Words) -> str:
    """How many targets with a number are green, amber and red; directions are counted apart."""
    numeric = [light for light in found if light.numeric]
    counts = {
        key: sum(light.colour == key for light in numeric) for key in ("green", "amber", "red")
    }
    return words(
        "director_lights",
        count=len(numeric),
        directions=len(found) - len(numeric),
        high=words.percent(GREEN),
        low=words.percent(RED),
        **counts,
    )
