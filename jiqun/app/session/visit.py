"""What a session holds: its question, its jobs and its folder, which nobody else sees."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shiny import reactive

from jiqun.app.controls import controls, refusal
from jiqun.app.estimate import Estimated, emulator, estimated
from jiqun.app.jobs import MOST_PAIRS, BusyError
from jiqun.app.shelf import Shelf
from jiqun.app.state import State
from jiqun.app.words import PageWords, lang_of
from jiqun.model.dimensions import TIERS
from jiqun.scenarios import InputError, worlds
from jiqun.scenarios.language import speaking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shiny import Inputs, Session

    from jiqun.app.controls import Control
    from jiqun.app.equal import Equal
    from jiqun.app.jobs import Desk, Job
    from jiqun.asking import Asked
    from jiqun.notebooks.words import Lang

ISSUED = 1.0
SETTLED = 0.3
"""Seconds after the last move of a slider until all that is no estimate follows."""
MOST_SESSIONS = 8
"""Sessions that are open at once."""

Said = tuple[str, "Mapping[str, object]"]
"""Key of a text and what fills its gaps; no key for nothing said."""
NOTHING: Said = ("", {})


@dataclass(frozen=True)
class Ran:
    """A job and the state that it is of."""

    job: Job
    state: State


class Visit:
    """A session.

    Args:
        desk: What makes the runs.
        inputs: What the browser sends.
        session: The session.
        open_: Names of the sessions that are open.
    """

    def __init__(self, desk: Desk, inputs: Inputs, session: Session, open_: set[str]) -> None:
        self.desk, self.inputs, self.session, self._open = desk, inputs, session, open_
        self.name = secrets.token_hex(8)
        self.folder = desk.folder / "sessions" / self.name
        self.lang: reactive.Value[Lang] = reactive.Value(lang_of(""))
        self.state = reactive.Value(State())
        self.settled = reactive.Value(State())
        """The state since it was last left alone: what takes longer to show follows this."""
        self.bad: reactive.Value[dict[str, str]] = reactive.Value({})
        """Lever or term to why what stands in its field is refused."""
        self.fresh = reactive.Value(0)
        """Rises where levers are to be drawn again."""
        self.notice: reactive.Value[Said] = reactive.Value(NOTHING)
        self.ran: reactive.Value[Ran | None] = reactive.Value(None)
        self.held: reactive.Value[Ran | None] = reactive.Value(None)
        """The other of two designs."""
        self.seen: reactive.Value[tuple[object, ...]] = reactive.Value(())
        """What was last seen of the jobs; outputs of runs follow it."""
        self.equal: reactive.Value[Equal | None] = reactive.Value(None)
        self.equal_said: reactive.Value[Said] = reactive.Value(NOTHING)
        self._touched = float("-inf")
        self._controls: dict[tuple[str, str], list[Control]] = {}
        self.welcome = len(open_) < MOST_SESSIONS
        if self.welcome:
            open_.add(self.name)
            self.shelf = Shelf(self.folder / "scenarios")
        else:
            self.notice.set(("sessions", {}))
        session.on_ended(self.leave)

    def leave(self) -> None:
        """Give up the jobs of the session and clear its folder away."""
        self._open.discard(self.name)
        with reactive.isolate():
            jobs = [each.job for each in (self.ran(), self.held()) if each]
            equal = self.equal()
        if equal is not None:
            equal.stop.set()
        if self.welcome:
            self.desk.clear(self.folder, jobs)

    def words(self) -> PageWords:
        """Texts in the language of the session."""
        return PageWords(self.lang())

    def put(self, state: State, *, fresh: bool = False) -> None:
        """Take a state.

        Args:
            state: What is asked.
            fresh: Whether levers are drawn again, as others than the user have moved them.
        """
        self.state.set(state)
        if fresh:
            self.bad.set({})
            self.redraw()

    def settle(self) -> None:
        """Follow the state once it is left alone; in an effect."""
        state = self.state()
        with reactive.isolate():
            if state == self.settled():
                return
        if time.monotonic() - self._touched < SETTLED:
            reactive.invalidate_later(SETTLED)
        else:
            self.settled.set(state)

    def redraw(self) -> None:
        """Have the levers drawn again."""
        with reactive.isolate():
            self.fresh.set(self.fresh() + 1)

    def controls(self, state: State) -> list[Control]:
        """What can be moved of the scenario of a state."""
        key = state.on, state.world
        if key not in self._controls:
            self._controls[key] = controls(self.shelf.scenario(*key))
        return self._controls[key]

    def labels(self, lang: Lang) -> dict[str, str]:
        """Name of a scenario or outside world to its label."""
        names = [*self.shelf.names(), *worlds()]
        return {name: self.shelf.label(name)[lang == "en"] for name in names}

    def asked(self, state: State) -> Asked:
        """What a state asks, refused in the language of the session."""
        with speaking(self.lang()):
            return self.shelf.asked(state)

    def guessed(self) -> Estimated:
        """The estimate of what is asked."""
        return Estimated({}, "refused") if self.bad() else estimated(self.state(), emulator())

    def tiers(self) -> list[str]:
        """Tiers that are shown."""
        chosen = self.inputs.tiers() if "tiers" in self.inputs else TIERS
        return [tier for tier in TIERS if tier in chosen]

    def towns(self) -> list[str]:
        """Cities that are shown one by one."""
        return [str(city) for city in self.inputs.towns()] if "towns" in self.inputs else []

    # What the user moves

    def take(self, key: str, value: str) -> None:
        """A slider, a box or a field has another value."""
        lever, _, term = key.partition(".")
        control = next((c for c in self.controls(self.state()) if c.lever.id == lever), None)
        if control is None:
            return
        if term:
            field = next((f for f in control.fields if f.term == term), None)
            if field is not None:
                self.say(key, field.said(value, self.lang()) if value else None)
            return
        try:
            times = float(value)
        except ValueError:
            times = ISSUED if not value else float("nan")
        sure = control.present is not None and 0.0 <= times <= control.most
        self.say(key, None if times == ISSUED else f"*{value}", sure=sure)

    def say(self, key: str, said: str | None, *, sure: bool = False) -> None:
        """Say something of a lever or term; what cannot be asked is refused beside its field.

        Args:
            key: Lever, or lever and term.
            said: What is said of it; None to take it back.
            sure: Whether it is known to be allowed: asking takes longer than an estimate may.
        """
        state, bad = self.state(), dict(self.bad())
        bad.pop(key, None)
        if said is not None and not sure:
            with speaking(self.lang()):
                on = self.shelf.scenario(state.on, state.world)
                wrong = refusal(key, said, on, self.shelf.folder)
            if wrong is not None:
                text = "refused" if wrong.allowed else "refused_only"
                bad[key] = self.words().said(text, problem=wrong.problem, allowed=wrong.allowed)
                said = None
        if bad != self.bad():
            self.bad.set(bad)
        state = state.put(key, said)
        if state != self.state():
            self._touched = time.monotonic()
            self.state.set(state)

    def run(self, *, more: bool = False) -> None:
        """Make pairs of what is asked.

        Args:
            more: Whether these come on top of those that the question has.
        """
        self.notice.set(NOTHING)
        state, ran = self.state(), self.ran()
        try:
            if ran is not None and ran.state == state and (more or not ran.job.ended):
                if ran.job.ended:
                    self.desk.go_on(ran.job, ran.job.wanted + self.desk.pairs)
                    self.ran.set(Ran(ran.job, state))
                return
            if ran is not None:
                self.desk.cancel(ran.job)
            job = self.desk.start(self.asked(state), self.folder / "runs")
        except BusyError as error:
            self.notice.set((error.why, {"most": MOST_PAIRS}))
            return
        except InputError:
            return  # the question itself says so
        self.let_go(ran, self.held(), job)
        self.ran.set(Ran(job, state))

    def let_go(self, old: Ran | None, other: Ran | None, job: Job | None) -> None:
        """Clear away the store of a job that nothing on the page is of any more.

        Args:
            old: The job.
            other: What else is on the page.
            job: What comes in its place.
        """
        folders = {each.folder for each in (other.job if other else None, job) if each}
        if old is not None and old.job.folder not in folders:
            self.desk.drop(old.job)

    def choose(self, name: str, value: str) -> None:
        """Take another scenario, baseline or outside world."""
        state = self.state()
        known = {"", *worlds()} if name == "world" else {"", *self.shelf.names()}
        if value not in known or value == getattr(state, name) or (name == "on" and not value):
            return
        if name == "on":
            # What is moved of one scenario may not be there in another.
            self.put(replace(state, on=value, parts=()), fresh=True)
        elif name == "against":
            self.put(replace(state, against=value))
        else:
            self.put(replace(state, world=value))


def short(error: InputError) -> str:
    """A refusal without the place in a file, which the user of a page does not see."""
    problem = ": ".join(filter(None, [error.key, error.problem]))
    return "；".join(filter(None, [problem, error.allowed, error.nearest or ""]))
