"""The estimate that is there at once: the emulator's, where it has one for what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from jiqun.asking import ON
from jiqun.experiments.emulator import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.app.state import State
    from jiqun.experiments.effects.effect import Estimate
    from jiqun.experiments.emulator import Emulator, Guess

TOTAL = "total"
COST = "cost"


@dataclass(frozen=True)
class Estimated:
    """An estimate, or why there is none.

    Attributes:
        guesses: Outcome, level and unit to the estimate; none where there is no estimate.
        why: Key of the text that says why there is none; empty where there is one.
        levers: Levers that the reason is about.
    """

    guesses: Mapping[tuple[str, str, str], Guess]
    why: str = ""
    levers: tuple[str, ...] = ()


@cache
def emulator() -> Emulator | None:
    """The emulator that is shipped; None where it is of another model, data or fit."""
    return shipped()


def estimated(state: State, known: Emulator | None) -> Estimated:
    """What is estimated of a state.

    Args:
        state: What is asked.
        known: The emulator, if there is one.
    """
    if known is None:
        return Estimated({}, "none")
    times = {lever: x for lever, x in state.times.items() if lever not in known.inert}
    why, levers = _beyond(state, times, known)
    if why:
        return Estimated({}, why, levers)
    found = known.guess(times)
    return Estimated({(each.outcome, each.level, each.unit): each for each in found})


def _beyond(
    state: State, times: Mapping[str, float], known: Emulator
) -> tuple[str, tuple[str, ...]]:
    """Why an emulator has no estimate of a state, and of which levers; empty where it has."""
    dials = {dial.lever: dial for dial in known.dials}
    terms = (key.partition(".")[0] for key, said in state.parts if said[0] != "*")
    reasons = (
        ("scenario", state.on != ON or state.against not in ("", ON), ()),
        ("world", bool(state.world), ()),
        ("nothing_moved", not state.parts, ()),
        ("terms", not state.only_times, tuple(dict.fromkeys(terms))),
        ("dials", bool(out := tuple(n for n in times if n not in dials)), out),
    )
    why = next(((key, levers) for key, holds, levers in reasons if holds), None)
    if why is not None:
        return why
    far = tuple(n for n, x in times.items() if not dials[n].low <= x <= dials[n].high)
    return ("far", far) if far else ("", ())


def cost_of(state: State, known: Emulator | None) -> float | None:
    """Estimated cost to all, yuan; None where it is not told."""
    guess = estimated(state, known).guesses.get((COST, "payer", TOTAL))
    return guess.mean if guess and guess.tells else None


def disagrees(guess: Guess, found: Estimate | None) -> bool:
    """Whether the interval of an estimate and that of runs have nothing in common.

    Args:
        guess: The estimate.
        found: What the runs say, as a share or in yuan as the estimate is.
    """
    if found is None or found.low is None or found.high is None:
        return False
    return found.high < guess.low or found.low > guess.high
