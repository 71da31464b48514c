"""The part of the page that has two designs side by side, and brings them to one cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shiny import reactive, render
from shiny.ui import TagList, tags

from jiqun.app import show
from jiqun.app.equal import Equal
from jiqun.app.estimate import cost_of, emulator

if TYPE_CHECKING:
    from jiqun.app.session.visit import Visit
    from jiqun.app.state import State


def fill(visit: Visit) -> None:
    """Fill the part of a session, and follow its buttons."""

    @reactive.effect
    @reactive.event(visit.inputs.hold)
    def hold() -> None:
        ran, held = visit.ran(), visit.held()
        if ran is not None:
            visit.let_go(held, ran, None)
            visit.held.set(ran)

    @reactive.effect
    @reactive.event(visit.inputs.drop)
    def drop() -> None:
        visit.let_go(visit.held(), visit.ran(), None)
        visit.held.set(None)

    @reactive.effect
    @reactive.event(visit.inputs.equal)
    def equal() -> None:
        _equalise(visit)

    @reactive.effect
    def solved() -> None:
        """Take the scale that runs have found."""
        visit.equal_said()
        found = visit.equal()
        if found is not None and found.ended and found.state is not None and not found.taken:
            found.taken = True
            visit.put(found.state, fresh=True)

    @render.ui
    def beside() -> Any:
        visit.seen()
        words, held, ran = visit.words(), visit.held(), visit.ran()
        key, values = visit.equal_said()
        said = words.named("equal_status", key, **values) if key else ""
        if held is None:
            return tags.p(said, role="status")
        label = held.job.asked.scenario
        name = label.label_zh if words.lang == "zh" else label.label_en
        costs = [
            comparison.cost
            if each and each.job.details and (comparison := each.job.details.change.comparison)
            else None
            for each in (held, ran)
        ]
        moved = [each.job.moved if each else {} for each in (held, ran)]
        return TagList(
            tags.p(said, role="status"),
            tags.p(words.said("beside_other", label=name)),
            show.beside_table(moved[0], costs[0], moved[1], costs[1], words),
        )


def _equalise(visit: Visit) -> None:
    """Look for the scale at which what is moved costs as much as the other design."""
    state, held, before = visit.state(), visit.held(), visit.equal()
    if held is None or not state.times or not state.only_times:
        visit.equal_said.set(("needs", {}))
        return
    details = held.job.details
    comparison = details.change.comparison if details else None
    target = comparison.cost.mean if comparison else _priced(held.state)
    if target is None:
        visit.equal_said.set(("no_cost", {}))
        return
    if before is not None:
        before.stop.set()
    found = Equal(state, target, {c.lever.id: c.most for c in visit.controls(state)})
    scale = found.by_estimate(_priced)
    if scale is not None:
        visit.equal_said.set(("estimated", {"scale": f"{scale:.3g}"}))
    visit.equal.set(found)
    found.by_runs(visit.desk, visit.shelf, visit.folder / "runs")


def _priced(state: State) -> float | None:
    return cost_of(state, emulator())
