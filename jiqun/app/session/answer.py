"""The part of the page that answers: the estimate, the runs, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shiny import reactive, render
from shiny.ui import TagList, tags

from jiqun.app import show
from jiqun.app.estimate import Estimated
from jiqun.experiments.effects.change import MAIN, PROVINCE, differences
from jiqun.notebooks import what_changes
from jiqun.scenarios import InputError
from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.app.details import Details
    from jiqun.app.session.visit import Visit
    from jiqun.app.words import PageWords

LOOK = 0.25
"""Seconds between two looks at a job that goes on."""


def fill(visit: Visit) -> None:
    """Fill the part of a session, and follow its buttons."""
    _follow(visit)
    _look(visit)
    _show_estimate(visit)
    _show_progress(visit)
    _show_runs(visit)
    _show_cost(visit)
    _show_details(visit)
    _show_assumed(visit)


def _follow(visit: Visit) -> None:
    @reactive.effect
    @reactive.event(visit.inputs.run)
    def run() -> None:
        visit.run()

    @reactive.effect
    @reactive.event(visit.inputs.more)
    def more() -> None:
        visit.run(more=True)

    @reactive.effect
    @reactive.event(visit.inputs.cancel)
    def cancel() -> None:
        ran, equal = visit.ran(), visit.equal()
        if ran is not None:
            visit.desk.cancel(ran.job)
        if equal is not None:
            equal.stop.set()


def _look(visit: Visit) -> None:
    @reactive.effect
    def look() -> None:
        """Notice what jobs have made; outputs follow only where something is new."""
        jobs = [each.job for each in (visit.ran(), visit.held()) if each]
        equal = visit.equal()
        if any(not job.ended for job in jobs) or (equal is not None and not equal.ended):
            reactive.invalidate_later(LOOK)
        new = tuple((id(j), j.status, j.made, j.pairs, j.details is None) for j in jobs)
        with reactive.isolate():
            if new != visit.seen():
                visit.seen.set(new)
            if equal is not None and equal.said != visit.equal_said():
                visit.equal_said.set(equal.said)


def _show_estimate(visit: Visit) -> None:
    @render.ui
    def estimate() -> Any:
        words, guessed = visit.words(), visit.guessed()
        if guessed.why:
            joined = "、" if words.lang == "zh" else ", "
            names = joined.join(
                getattr(declarations()[name].label, words.lang) for name in guessed.levers
            )
            return tags.p(words.named("no_estimate", guessed.why, levers=names))
        main = guessed.guesses.get((MAIN, *PROVINCE))
        if main is None:
            return None
        name = f"{words.name('tier_names', PROVINCE[1])} · {words.label(MAIN)}"
        said = show.relative(main, words) if main.tells else words.said("cannot_tell")
        return TagList(
            tags.p(show.labelled("estimate", f"{name} {said}", words), class_="estimated"),
            tags.p(words.said("estimate_text"), class_="soft"),
            None if main.tells else tags.p(words.said("cannot_tell_note"), class_="soft"),
        )


def _show_progress(visit: Visit) -> None:
    @render.ui
    def progress() -> Any:
        visit.seen()
        ran, words = visit.ran(), visit.words()
        if ran is None:
            return None
        job, bar = ran.job, None
        told = words.named(
            "status", job.status,
            made=job.made, wanted=job.wanted, seconds=f"{job.seconds:.0f}", error=job.error,
        )  # fmt: skip
        if not job.ended:
            bar = tags.progress(
                value=str(job.made), max=str(job.wanted), aria_label=words.said("progress")
            )
        lost = words.said("failed_runs", count=job.failed) if job.failed else ""
        return TagList(
            tags.p(told, class_="status", data_status=job.status), bar, show.told([lost])
        )


def _show_runs(visit: Visit) -> None:
    @render.ui
    def answer() -> Any:
        visit.seen()
        words, ran, guessed = visit.words(), visit.ran(), visit.guessed()
        moved = ran.job.moved if ran else {}
        if not moved and not guessed.guesses:
            return tags.p(words.said("details_wait"), class_="soft")
        parts: list[Any] = []
        if ran is not None and moved and ran.state != visit.state():
            guessed = Estimated({}, "older")
            parts.append(tags.p(words.said("older_run"), class_="warn"))
        if ran is not None and ran.job.details is not None:
            parts.append(show.told(what_changes.answer(ran.job.details.change, words)))
        elif ran is not None and not moved:
            parts.append(tags.p(show.few(ran.job.made, words), class_="soft"))
        if said := show.agreement(guessed, moved, words):
            apart = bool(show.disagreements(guessed, moved))
            parts.append(tags.p(said, class_="warn" if apart else "soft"))
        parts.append(show.tier_table(guessed, moved, visit.tiers(), words))
        if ran is not None and moved:
            parts.append(tags.p(words.said("runs_text", pairs=ran.job.pairs), class_="soft"))
        return TagList(*parts)


def _show_cost(visit: Visit) -> None:
    @render.ui
    def cost() -> Any:
        visit.seen()
        words, ran, guessed = visit.words(), visit.ran(), visit.guessed()
        details = ran.job.details if ran else None
        if details is not None and ran is not None and ran.state != visit.state():
            guessed = Estimated({}, "older")
        found = show.cost_table(guessed, details, words)
        if found is None:
            return tags.p(words.said("cost_later"), class_="soft")
        return TagList(
            found, show.told(what_changes.cost_told(details.change, words) if details else [])
        )


def _show_details(visit: Visit) -> None:
    def section(name: str, made: Callable[[Details, PageWords], Any]) -> None:
        def shown() -> Any:
            visit.seen()
            words, ran = visit.words(), visit.ran()
            if ran is None or ran.job.details is None:
                return None
            return TagList(tags.h3(words.said(f"{name}_title")), made(ran.job.details, words))

        shown.__name__ = name
        render.ui(shown)

    section("targets", show.targets_table)
    section("winners", lambda found, words: show.winners(found, visit.tiers(), words))
    section("cities", lambda found, words: show.cities(found, visit.towns(), words))
    section("clusters", show.clusters)
    section("flows", lambda found, words: show.flows_table(found, visit.tiers(), words))


def _show_assumed(visit: Visit) -> None:
    @render.ui
    def assumed() -> Any:
        words, state = visit.words(), visit.settled()
        try:
            asked = visit.asked(state)
        except InputError:
            return None
        world = visit.labels(words.lang)[state.world] if state.world else words.said("world_own")
        levers = [each.lever for each in differences(asked.scenario, asked.baseline)]
        return show.assumed(asked, world, levers, words)

    @render.ui
    def even() -> Any:
        words = visit.words()
        moved = [key.partition(".")[0] for key, _ in visit.settled().parts]
        if not moved:
            return None
        found = show.break_even(list(dict.fromkeys(moved)), words)
        return TagList(tags.h3(words.said("even_title")), found)
