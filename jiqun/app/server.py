"""What a session of the page does: what is asked, the estimate, runs, and what is taken along."""

from __future__ import annotations

import asyncio
import io
import secrets
import shutil
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiny import App, reactive, render
from shiny.ui import TagList, tags

from jiqun.app import keep, page, show
from jiqun.app.controls import controls, refusal
from jiqun.app.equal import Equal
from jiqun.app.estimate import Estimated, cost_of, emulator, estimated
from jiqun.app.jobs import MOST_PAIRS, PAIRS, BusyError, Desk, Job
from jiqun.app.shelf import LARGEST, Shelf
from jiqun.app.state import State, read_query
from jiqun.app.words import PageWords, lang_of
from jiqun.experiments.effects.change import differences
from jiqun.model.dimensions import TIERS
from jiqun.notebooks import what_changes
from jiqun.scenarios import InputError, designs, load, shipped, worlds
from jiqun.scenarios.errors import ScenarioError
from jiqun.scenarios.language import speaking
from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shiny import Inputs, Outputs, Session
    from starlette.requests import Request

    from jiqun.app.controls import Control
    from jiqun.notebooks.words import Lang

MOST_SESSIONS = 8
"""Sessions that are open at once."""
LOOK = 0.25
"""Seconds between two looks at a job that goes on."""
REPORTED = ("html", "docx", "pdf", "xlsx")
"""Formats that the report is made in; CSV is of the page itself."""


@dataclass(frozen=True)
class Ran:
    """A job and the state that it is of."""

    job: Job
    state: State


def application(desk: Desk) -> App:
    """The page as an application.

    Args:
        desk: What makes the runs.
    """
    open_: set[str] = set()

    def frame(request: Request) -> Any:
        return page.frame(PageWords(lang_of(page.query_lang(request))))

    def server(inputs: Inputs, outputs: Outputs, session: Session) -> None:
        del outputs
        Visit(desk, inputs, session, open_).serve()

    return App(frame, server, static_assets=page.ASSETS)


class Visit:
    """A session: its question, its jobs and its folder, which nobody else sees.

    Args:
        desk: What makes the runs.
        inputs: What the browser sends.
        session: The session.
        open_: Names of the sessions that are open.
    """

    def __init__(self, desk: Desk, inputs: Inputs, session: Session, open_: set[str]) -> None:
        self.desk, self.inputs, self.session, self.open = desk, inputs, session, open_
        self.name = secrets.token_hex(8)
        self.folder = desk.folder / "sessions" / self.name
        self.refused = len(open_) >= MOST_SESSIONS
        self.lang: reactive.Value[Lang] = reactive.Value(lang_of(""))
        self.state = reactive.Value(State())
        self.bad: reactive.Value[dict[str, str]] = reactive.Value({})
        self.fresh = reactive.Value(0)
        self.notice = reactive.Value(("", {}))
        self.ran: reactive.Value[Ran | None] = reactive.Value(None)
        self.held: reactive.Value[Ran | None] = reactive.Value(None)
        self.seen: reactive.Value[tuple[object, ...]] = reactive.Value(())
        self.loaded = reactive.Value("")
        self.reported = reactive.Value("")
        self.equal: reactive.Value[Equal | None] = reactive.Value(None)
        self.equal_said = reactive.Value(("", {}))
        self._controls: dict[tuple[str, str], list[Control]] = {}
        self._labels: dict[str, tuple[str, str]] = {}

    def serve(self) -> None:
        """Take up the session."""
        if self.refused:
            self.notice.set(("sessions", {}))
        else:
            self.open.add(self.name)
            self.shelf = Shelf(self.folder / "scenarios")
        self.session.on_ended(self.leave)
        self._shell()
        if not self.refused:
            self._listen()
            self._asked()
            self._answer()
            self._beside()
            self._keep()

    def leave(self) -> None:
        """Give up jobs of the session and clear its folder away."""
        self.open.discard(self.name)
        with reactive.isolate():
            kept = [each.job for each in (self.ran(), self.held()) if each]
            equal = self.equal()
        if equal is not None:
            equal.stop.set()
        for job in kept:
            self.desk.drop(job)
        if not self.refused:
            self.desk.clear(self.folder, kept)

    # What is asked

    def words(self) -> PageWords:
        """Texts in the language of the session."""
        return PageWords(self.lang())

    def put(self, state: State, *, fresh: bool = False) -> None:
        """Take a state; `fresh` draws the levers again."""
        self.state.set(state)
        if fresh:
            self.bad.set({})
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
        for name in (*shipped(), *designs(), *worlds()):
            if name not in self._labels:
                known = load(name)
                self._labels[name] = known.label_zh, known.label_en
        for name in self.shelf.loaded:
            known = self.shelf.scenario(name)
            self._labels[name] = known.label_zh, known.label_en
        return {name: both[lang == "en"] for name, both in self._labels.items()}

    def _shell(self) -> None:
        first = {"done": False}

        @reactive.effect
        def begin() -> None:
            query = self.session.clientdata.url_search()
            if first["done"]:
                return
            first["done"] = True
            asked = dict(part.partition("=")[::2] for part in query.lstrip("?").split("&"))
            self.lang.set(lang_of(asked.get("lang", "")))
            if self.refused:
                return
            with speaking(lang_of(asked.get("lang", ""))):
                try:
                    state = read_query(query)
                    if state != State():
                        self.shelf.asked(state)
                except InputError as error:
                    self.notice.set(("bad_link", {"problem": _short(error)}))
                    return
            self.put(state, fresh=True)

        @reactive.effect
        async def speak() -> None:
            words = self.words()
            said = {"lang": words("html_lang"), "title": words.said("title")}
            await self.session.send_custom_message("language", said)

        @render.ui
        def shell() -> TagList:
            return page.shell(self.words())

        @render.ui
        def notice() -> Any:
            key, values = self.notice()
            if not key:
                return None
            words = self.words()
            text = (
                words.said(key, **values)
                if key == "bad_link"
                else words.named("busy", key, **values)
            )
            return tags.div(text, class_="warn", role="alert")

        @reactive.effect
        @reactive.event(self.inputs.lang)
        def language() -> None:
            self.lang.set(lang_of(str(self.inputs.lang())))
            with reactive.isolate():
                self.fresh.set(self.fresh() + 1)

    def _listen(self) -> None:
        @reactive.effect
        @reactive.event(self.inputs.moved)
        def moved() -> None:
            self._take(str(self.inputs.moved()["key"]), str(self.inputs.moved()["value"]))

        @reactive.effect
        @reactive.event(self.inputs.switched)
        def switched() -> None:
            key, to = str(self.inputs.switched()["key"]), str(self.inputs.switched()["value"])
            self._say(key, f"={to}" if to else None)

        @reactive.effect
        @reactive.event(self.inputs.reset)
        def reset() -> None:
            self.put(replace(self.state(), parts=()), fresh=True)

        for name in ("on", "against", "world"):
            self._choose(name)

        @reactive.effect
        async def refusals() -> None:
            self.fresh()
            await self.session.send_custom_message("refused", self.bad())

        @reactive.effect
        async def link() -> None:
            query = self.state().query()
            query += ("&" if query else "") + f"lang={self.lang()}"
            await self.session.send_custom_message("link", query)

    def _choose(self, name: str) -> None:
        @reactive.effect
        @reactive.event(self.inputs[name])
        def chosen() -> None:
            value, state = str(self.inputs[name]()), self.state()
            if value == getattr(state, name):
                return
            known = {"", *worlds()} if name == "world" else {"", *self.shelf.names()}
            if value not in known:
                return
            state = replace(state, **{name: value})
            if name == "on":
                # What is moved of one scenario may not be there in another.
                state = replace(state, parts=())
            self.put(state, fresh=name == "on")

    def _take(self, key: str, value: str) -> None:
        """A slider, a box or a field has another value."""
        lever, _, term = key.partition(".")
        control = next((c for c in self.controls(self.state()) if c.lever.id == lever), None)
        if control is None:
            return
        if term:
            field = next((f for f in control.fields if f.term == term), None)
            if field is not None:
                self._say(key, field.said(value, self.lang()) if value else None)
            return
        try:
            as_it_is = float(value) == 1.0
        except ValueError:
            as_it_is = not value
        self._say(key, None if as_it_is else f"*{value}")

    def _say(self, key: str, said: str | None) -> None:
        """Say something of a lever or term; what cannot be asked is refused beside its field."""
        state, bad = self.state(), dict(self.bad())
        bad.pop(key, None)
        if said is not None:
            with speaking(self.lang()):
                on = self.shelf.scenario(state.on, state.world)
                wrong = refusal(key, said, on, self.shelf.folder)
            if wrong is not None:
                words = self.words()
                text = "refused" if wrong.allowed else "refused_only"
                bad[key] = words.said(text, problem=wrong.problem, allowed=wrong.allowed)
                said = None
        if bad != self.bad():
            self.bad.set(bad)
        state = state.put(key, said)
        if state != self.state():
            self.state.set(state)

    def _asked(self) -> None:
        @render.ui
        def choices() -> TagList:
            self.fresh(), self.loaded()
            with reactive.isolate():
                state, words = self.state(), self.words()
            return page.choices(state, self.shelf, self.labels(words.lang), words)

        @render.ui
        def levers() -> TagList:
            self.fresh()
            with reactive.isolate():
                state, words = self.state(), self.words()
            return page.levers(self.controls(state), state, words)

        @render.ui
        def question() -> Any:
            state, words = self.state(), self.words()
            try:
                with speaking(words.lang):
                    asked = self.shelf.asked(state)
            except ScenarioError as error:
                return tags.p(_short(error), class_="refusal", role="alert")
            names = [
                each.label_zh if words.lang == "zh" else each.label_en
                for each in (asked.scenario, asked.baseline)
            ]
            lines = [
                what_changes.in_words(each, words)
                for each in differences(asked.scenario, asked.baseline)[:12]
            ]
            return TagList(
                tags.p(
                    f"{words.said('question')}{'：' if words.lang == 'zh' else ': '}",
                    tags.strong(words("change_question", scenario=names[0], baseline=names[1])),
                ),
                tags.ul(*(tags.li(line) for line in lines)) if lines else None,
            )

    def guessed(self) -> Estimated:
        """The estimate of what is asked."""
        return Estimated({}, "refused") if self.bad() else estimated(self.state(), emulator())

    # Runs

    def run(self, pairs: int, *, more: bool = False) -> None:
        """Make pairs of what is asked."""
        self.notice.set(("", {}))
        state, ran = self.state(), self.ran()
        try:
            if more and ran is not None and ran.state == state:
                self.desk.go_on(ran.job, ran.job.wanted + pairs)
                self.ran.set(Ran(ran.job, state))
                return
            if ran is not None and not ran.job.ended:
                self.desk.cancel(ran.job)
            with speaking(self.lang()):
                asked = self.shelf.asked(state)
            job = self.desk.start(asked, self.folder / "runs", pairs)
        except BusyError as error:
            self.notice.set((error.why, {"most": MOST_PAIRS}))
            return
        except InputError:
            return  # the question itself says so
        held = self.held()
        if ran is not None and ran.job is not job and (held is None or held.job is not ran.job):
            self.desk.drop(ran.job)
        self.ran.set(Ran(job, state))

    def _answer(self) -> None:
        @reactive.effect
        @reactive.event(self.inputs.run)
        def run() -> None:
            self.run(PAIRS)

        @reactive.effect
        @reactive.event(self.inputs.more)
        def more() -> None:
            self.run(PAIRS, more=True)

        @reactive.effect
        @reactive.event(self.inputs.cancel)
        def cancel() -> None:
            ran, equal = self.ran(), self.equal()
            if ran is not None:
                self.desk.cancel(ran.job)
            if equal is not None:
                equal.stop.set()

        @reactive.effect
        def look() -> None:
            """Notice what a job has made; outputs follow only where something is new."""
            jobs = [each.job for each in (self.ran(), self.held()) if each]
            equal = self.equal()
            if any(not job.ended for job in jobs) or (equal is not None and not equal.ended):
                reactive.invalidate_later(LOOK)
            new = tuple((id(j), j.status, j.made, j.pairs, j.details is None) for j in jobs)
            with reactive.isolate():
                if new != self.seen():
                    self.seen.set(new)
                if equal is not None and equal.said != self.equal_said():
                    self.equal_said.set(equal.said)

        @render.ui
        def estimate() -> Any:
            words, guessed = self.words(), self.guessed()
            if guessed.why:
                joined = "、" if words.lang == "zh" else ", "
                names = joined.join(_lever(name, words) for name in guessed.levers)
                return tags.p(words.named("no_estimate", guessed.why, levers=names))
            main = guessed.guesses.get((show.MAIN, *show.PROVINCE))
            if main is None:
                return None
            said = show.relative(main, words) if main.tells else words.said("cannot_tell")
            colon = "：" if words.lang == "zh" else ": "
            name = f"{words.name('tier_names', show.PROVINCE[1])} · {words.label(show.MAIN)}"
            return TagList(
                tags.p(f"{words.said('estimate')}{colon}{name} {said}", class_="estimated"),
                tags.p(words.said("estimate_text"), class_="soft"),
                None if main.tells else tags.p(words.said("cannot_tell_note"), class_="soft"),
            )

        @render.ui
        def progress() -> Any:
            self.seen()
            ran, words = self.ran(), self.words()
            if ran is None:
                return None
            job = ran.job
            text = words.named(
                "status", job.status,
                made=job.made, wanted=job.wanted, seconds=f"{job.seconds:.0f}", error=job.error,
            )  # fmt: skip
            lost = words.said("failed_runs", count=job.failed) if job.failed else ""
            bar = None
            if not job.ended:
                bar = tags.progress(
                    value=str(job.made), max=str(job.wanted), aria_label=words.said("progress")
                )
            return TagList(
                tags.p(text, class_="status", data_status=job.status), bar, show.told([lost])
            )

        @render.ui
        def answer() -> Any:
            self.seen()
            words, ran, state = self.words(), self.ran(), self.state()
            guessed = self.guessed()
            moved = ran.job.moved if ran else {}
            if not moved and not guessed.guesses:
                return tags.p(words.said("details_wait"), class_="soft")
            old = ran is not None and bool(moved) and ran.state != state
            if old:
                guessed = Estimated({}, "nothing_moved")
            parts: list[Any] = [tags.p(words.said("older_run"), class_="warn") if old else None]
            if ran is not None and ran.job.details is not None:
                parts.append(show.told(what_changes.answer(ran.job.details.change, words)))
            elif ran is not None and not moved:
                parts.append(tags.p(show.few(ran.job.made, words), class_="soft"))
            said = show.agreement(guessed, moved, words)
            if said:
                apart = bool(show.disagreements(guessed, moved))
                parts.append(tags.p(said, class_="warn" if apart else "soft"))
            parts.append(show.tier_table(guessed, moved, self.tiers(), words))
            if ran is not None and moved:
                parts.append(tags.p(words.said("runs_text", pairs=ran.job.pairs), class_="soft"))
            return TagList(*parts)

        @render.ui
        def cost() -> Any:
            self.seen()
            words, ran = self.words(), self.ran()
            guessed = self.guessed()
            details = ran.job.details if ran else None
            if ran is not None and ran.state != self.state():
                guessed = guessed if details is None else Estimated({}, "nothing_moved")
            found = show.cost_table(guessed, details, words)
            if found is None:
                return tags.p(words.said("cost_later"), class_="soft")
            more = what_changes.cost_told(details.change, words) if details else []
            return TagList(found, show.told(more))

        def section(name: str, made: Any) -> None:
            def shown() -> Any:
                self.seen()
                words, ran = self.words(), self.ran()
                if ran is None or ran.job.details is None:
                    return tags.p(words.said("details_wait"), class_="soft")
                return made(ran.job.details, words)

            shown.__name__ = name
            render.ui(shown)

        section("targets", lambda found, words: show.targets_table(found, words))
        section("winners", lambda found, words: show.winners_table(found, self.tiers(), words))
        section("cities", lambda found, words: show.cities(found, self.towns(), words))
        section("clusters", lambda found, words: show.clusters(found, words))
        section("flows", lambda found, words: show.flows_table(found, self.tiers(), words))

        @render.ui
        def assumed() -> Any:
            words, state = self.words(), self.state()
            try:
                asked = self.shelf.asked(state)
            except ScenarioError:
                return None
            world = self.labels(words.lang)[state.world] if state.world else words.said("world_own")
            levers = [each.lever for each in differences(asked.scenario, asked.baseline)]
            return show.assumed(asked, world, levers, words)

        @render.ui
        def even() -> Any:
            moved = [key.partition(".")[0] for key, _ in self.state().parts]
            return show.break_even(list(dict.fromkeys(moved)), self.words())

    def tiers(self) -> list[str]:
        """Tiers that are shown."""
        chosen = self.inputs.tiers() if "tiers" in self.inputs else TIERS
        return [tier for tier in TIERS if tier in chosen]

    def towns(self) -> list[str]:
        """Cities that are shown one by one."""
        return [str(city) for city in self.inputs.towns()] if "towns" in self.inputs else []

    # Two designs

    def _beside(self) -> None:
        @reactive.effect
        @reactive.event(self.inputs.hold)
        def hold() -> None:
            ran, held = self.ran(), self.held()
            if ran is None:
                return
            if held is not None and held.job is not ran.job:
                self.desk.drop(held.job)
            self.held.set(ran)

        @reactive.effect
        @reactive.event(self.inputs.drop)
        def drop() -> None:
            held, ran = self.held(), self.ran()
            if held is not None and (ran is None or held.job is not ran.job):
                self.desk.drop(held.job)
            self.held.set(None)

        @reactive.effect
        @reactive.event(self.inputs.equal)
        def equal() -> None:
            self._equalise()

        @reactive.effect
        def solved() -> None:
            """Take the scale that runs have found."""
            self.equal_said()
            found = self.equal()
            if found is None or found.taken or not found.ended or found.state is None:
                return
            found.taken = True
            self.put(found.state, fresh=True)

        @render.ui
        def beside() -> Any:
            self.seen()
            words, held, ran = self.words(), self.held(), self.ran()
            key, values = self.equal_said()
            said = (
                tags.p(words.named("equal_status", key, **values), class_="status") if key else None
            )
            if held is None:
                return said
            label = held.job.asked.scenario
            name = label.label_zh if words.lang == "zh" else label.label_en
            other, own = (each.job.details if each else None for each in (held, ran))
            costs = [
                each.change.comparison.cost if each and each.change.comparison else None
                for each in (other, own)
            ]
            return TagList(
                said,
                tags.p(words.said("beside_other", label=name)),
                show.beside_table(
                    held.job.moved, costs[0], ran.job.moved if ran else {}, costs[1], words
                ),
            )

    def _equalise(self) -> None:
        state, held = self.state(), self.held()
        if held is None or not state.times or not state.only_times:
            self.equal_said.set(("needs", {}))
            return
        details = held.job.details
        comparison = details.change.comparison if details else None
        target = comparison.cost.mean if comparison else cost_of(held.state, emulator())
        if target is None:
            self.equal_said.set(("no_cost", {}))
            return
        limits = {c.lever.id: c.most for c in self.controls(state)}
        found = Equal(state, target, limits)
        scale = found.by_estimate(lambda each: cost_of(each, emulator()))
        if scale is not None:
            self.equal_said.set(("estimated", {"scale": f"{scale:.3g}"}))
        self.equal.set(found)
        found.by_runs(self.desk, self.shelf, self.folder / "runs")

    # To take along

    def _keep(self) -> None:
        def files() -> tuple[Any, dict[str, str]]:
            asked = self.shelf.asked(self.state())
            return asked.at(self.desk.rows), self.shelf.files(asked)

        @render.download(filename=lambda: keep.saved(files()[1])[0])
        def save() -> Any:
            yield keep.saved(files()[1])[1]

        @reactive.effect
        @reactive.event(self.inputs.load)
        def load_() -> None:
            given = self.inputs.load()
            if not given:
                return
            words = self.words()
            path = Path(given[0]["datapath"])
            try:
                with speaking(words.lang):
                    if path.stat().st_size > LARGEST:
                        self.shelf.add("x" * (LARGEST + 1))
                    state = keep.restored(path.read_text("utf-8", errors="replace"), self.shelf)
            except InputError as error:
                self.loaded.set(_short(error))
                return
            finally:
                path.unlink(missing_ok=True)
            names = (
                self.shelf.asked(state).scenario if state.parts else self.shelf.scenario(state.on)
            )
            label = names.label_zh if words.lang == "zh" else names.label_en
            self.loaded.set(words.said("loaded", label=label))
            self.put(state, fresh=True)

        @render.ui
        def loaded() -> Any:
            return tags.p(self.loaded(), role="status") if self.loaded() else None

        @render.ui
        def link_note() -> Any:
            own = {self.state().on, self.state().against} & set(self.shelf.loaded)
            return tags.p(self.words().said("link_loaded"), class_="soft") if own else None

        @render.ui
        def program() -> Any:
            try:
                asked, texts = files()
            except ScenarioError:
                return None
            ran = self.ran()
            same = ran is not None and ran.state == self.state()
            pairs = ran.job.wanted if ran is not None and same else PAIRS
            return tags.pre(tags.code(keep.program(texts, asked, pairs)), tabindex="0")

        @render.download(filename=lambda: self._report_name())
        async def report() -> Any:
            async for part in self._report():
                yield part

        @render.ui
        def reported() -> Any:
            return tags.p(self.reported(), role="status") if self.reported() else None

    def _report_name(self) -> str:
        form = str(self.inputs.format())
        return f"jiqun_{self.lang()}.{'csv' if form == 'csv' else 'zip'}"

    async def _report(self) -> AsyncIterator[bytes]:
        """The report of the runs in the format that is chosen."""
        ran, form, lang = self.ran(), str(self.inputs.format()), self.lang()
        if ran is None or ran.job.details is None or form not in (*REPORTED, "csv"):
            yield b""
            return
        if form == "csv":
            yield keep.rows_of(ran.job.details.change).encode()
            return
        out = self.folder / "report"
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "jiqun", "report", str(ran.job.folder), "--lang", lang,
            "--format", ",".join(dict.fromkeys(("html", form))), "--out", str(out),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await made.communicate()
        if made.returncode:
            self.reported.set(said.decode(errors="replace").strip().splitlines()[-1])
            yield b""
            return
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((out / lang).glob(f"*.{form}")):
                archive.write(path, path.name)
        shutil.rmtree(out, ignore_errors=True)
        yield held.getvalue()


def _short(error: InputError) -> str:
    """A refusal without the place of a file, which the user of a page does not see."""
    parts = [error.problem, error.allowed, error.nearest or ""]
    return "；".join(filter(None, [": ".join(filter(None, [error.key, parts[0]])), *parts[1:]]))


def _lever(name: str, words: PageWords) -> str:
    return str(getattr(declarations()[name].label, words.lang))
