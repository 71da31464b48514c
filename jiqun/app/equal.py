"""The scale at which what is moved costs as much as another design: by the estimate, then by runs.

How far sizes are from what the scenario has is multiplied by one number; the search for it is that
of the designs at equal cost (`experiments.designs.equal_cost`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jiqun.app.jobs import BusyError
from jiqun.experiments.designs.equal_cost import Search
from jiqun.scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from jiqun.app.jobs import Desk
    from jiqun.app.shelf import Shelf
    from jiqun.app.state import State

ISSUED = 1.0
DECIMALS = 4
PAUSE = 0.1


@dataclass(eq=False)
class Equal:
    """A search for the scale.

    Attributes:
        begun: What is moved, at scale 1.
        target: What it is to cost, yuan.
        most: Lever to how many times as large it may be.
        state: What is moved at the scale found; None before one is.
        said: Key of the text that says how far it is, and what fills it.
        ended: Whether nothing more is tried.
        taken: Whether the page shows what was found.
    """

    begun: State
    target: float
    most: Mapping[str, float]
    state: State | None = None
    said: tuple[str, dict[str, object]] = ("", {})
    ended: bool = False
    taken: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def limit(self) -> float:
        """Largest scale at which all sizes stay where they are allowed."""
        rooms = [
            (self.most[lever] - ISSUED) / (times - ISSUED)
            if times > ISSUED
            else ISSUED / (ISSUED - times)
            for lever, times in self.begun.times.items()
        ]
        return min(rooms)

    def at(self, scale: float) -> State:
        """What is moved at a scale."""
        parts = tuple(
            (lever, f"*{round(max(ISSUED + scale * (times - ISSUED), 0.0), DECIMALS):g}")
            for lever, times in self.begun.times.items()
        )
        return replace(self.begun, parts=parts)

    def solve(self, price: Callable[[State], float | None]) -> Search | None:
        """Search for the scale; None where a cost cannot be told, or nothing is to be equalled.

        Args:
            price: Cost of a state, yuan.
        """
        if self.target <= 0.0:
            self.said = "nobody", {}
            return None
        search = Search(self.target, self.limit)
        while (scale := search.next()) is not None and not self.stop.is_set():
            search.asked += 1
            cost = price(self.at(scale))
            if cost is None:
                return None
            search.points[scale] = cost
        return search if search.points else None

    def by_estimate(self, price: Callable[[State], float | None]) -> float | None:
        """The scale by estimated costs; None where these are not told or never equal."""
        search = self.solve(price)
        if search is None or search.solution().verdict != "equal":
            return None
        return search.solution().scale

    def by_runs(self, desk: Desk, shelf: Shelf, folder: Path) -> None:
        """Search by runs, in the background.

        Args:
            desk: What makes the runs.
            shelf: Scenarios of the session.
            folder: Folder of the session's stores.
        """
        work = threading.Thread(target=self._by_runs, args=(desk, shelf, folder), daemon=True)
        work.start()

    def _by_runs(self, desk: Desk, shelf: Shelf, folder: Path) -> None:
        tried = 0

        def price(state: State) -> float | None:
            nonlocal tried
            self.said = "solving", {"tried": tried}
            job = desk.start(shelf.asked(state), folder)
            while not job.ended:
                if self.stop.wait(PAUSE):
                    desk.cancel(job)
            tried += 1
            found = job.details.change.comparison if job.details else None
            desk.drop(job)
            return found.cost.mean if found else None

        try:
            search = self.solve(price)
        except (BusyError, ScenarioError):
            search = None
        if search is None or self.stop.is_set():
            if self.said[0] != "nobody":
                self.said = "failed", {}
        else:
            solution = search.solution()
            key = "equal" if solution.verdict == "equal" else "other"
            self.said = key, {"scale": f"{solution.scale:.3g}", "tried": solution.tried}
            self.state = self.at(solution.scale)
        self.ended = True
