"""Scenarios that a session can choose from, and what its state asks of them.

A session has a folder: scenarios that it loaded, those in another outside world, and copies of
shipped designs, so that each finds its baseline beside it, as the files of a user would.
"""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING

import yaml

from jiqun.asking import Asked
from jiqun.scenarios import designs, load, shipped, worlds
from jiqun.scenarios.errors import ScenarioError, listed, nearest_name
from jiqun.scenarios.language import said_in, say
from jiqun.scenarios.loader import folder_of, load_text
from jiqun.scenarios.question import ask

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.app.state import State
    from jiqun.model.scenario import Scenario

LARGEST = 100_000
"""Bytes of a scenario file that is loaded."""
MOST_LOADED = 20
"""Scenario files that a session may load."""


class Shelf:
    """Scenarios of a session.

    Args:
        folder: Folder of the session's scenarios; nobody else writes there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loaded: list[str] = []
        self._known: dict[tuple[str, str], Scenario] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """All that can be chosen: as shipped, designs, loaded."""
        return [*shipped(), *designs(), *self.loaded]

    def scenario(self, name: str, world: str = "") -> Scenario:
        """A scenario in an outside world.

        Args:
            name: One of `names`.
            world: Variant of the outside world; empty for the scenario's own.

        Raises:
            ScenarioError: There is no such scenario or world.
        """
        key = name, world
        if key not in self._known:
            self._known[key] = load(self._file(name, world))
        return self._known[key]

    def label(self, name: str) -> tuple[str, str]:
        """Label of a scenario or outside world, Chinese and English."""
        if name not in self.loaded:
            return shipped_label(name)
        scenario = self.scenario(name)
        return scenario.label_zh, scenario.label_en

    def asked(self, state: State) -> Asked:
        """What a state asks: a scenario, what it is compared with, and its file.

        Raises:
            ScenarioError: Something is unknown or out of bounds, or both would be the same.
        """
        on = self.scenario(state.on, state.world)
        if state.parts:
            question = ask(state.line, on, self.folder)
            scenario, text = question.scenario, question.text
        else:
            scenario, text = on, self._file(state.on, state.world).read_text("utf-8")
        other = state.against or (state.on if state.parts else self.scenario(state.on).baseline)
        if other is None:
            problem = say("names no baseline to compare with")
            raise ScenarioError(state.on, None, "", problem, listed(self.names()))
        baseline = self.scenario(other, state.world)
        if baseline.name == scenario.name:
            problem = say("a scenario and its baseline have one name")
            raise ScenarioError(state.on, None, "", problem, say("a name of its own"))
        return Asked(scenario, baseline, text)

    def files(self, asked: Asked) -> dict[str, str]:
        """The files that a question takes beside those that are shipped: name to text, its first.

        Args:
            asked: The question.
        """
        found = {f"{asked.scenario.name}.yaml": asked.text}
        names = [_below(asked.text), asked.baseline.name]
        while names:
            name = names.pop()
            path = self.folder / f"{name}.yaml"
            if name and path.name not in found and path.is_file():
                found[path.name] = path.read_text("utf-8")
                names.append(_below(found[path.name]))
        return found

    def add(self, text: str) -> Scenario:
        """Keep a scenario file that a user has loaded; it is checked as any other.

        Args:
            text: What the file holds.

        Raises:
            ScenarioError: It is wrong, has the name of a shipped one, or there are too many.
        """
        label = say("the file")
        if len(text.encode()) > LARGEST:
            problem = say("is too long")
            allowed = say("at most {most} characters", most=LARGEST)
            raise ScenarioError(label, None, "", problem, allowed)
        scenario = load_text(text, self.folder / "loaded.yaml")
        taken = {*shipped(), *designs(), *worlds()}
        if scenario.name in taken or len(self.loaded) >= MOST_LOADED:
            problem = say("{name} is the name of another scenario", name=repr(scenario.name))
            raise ScenarioError(label, None, "name", problem, say("a name of its own"))
        (self.folder / f"{scenario.name}.yaml").write_text(text, "utf-8")
        if scenario.name not in self.loaded:
            self.loaded.append(scenario.name)
        # Those that build on an earlier file of the name are written again when they are asked for.
        self._known = {key: known for key, known in self._known.items() if key[0] != scenario.name}
        for world in worlds():
            (self.folder / f"{scenario.name}_{world}.yaml").unlink(missing_ok=True)
        return scenario

    def _file(self, name: str, world: str) -> Path:
        """File of a scenario in an outside world; written where there is none yet.

        Raises:
            ScenarioError: There is no such scenario or world.
        """
        if name not in self.names():
            allowed = listed(self.names())
            near = nearest_name(name, self.names())
            raise ScenarioError(name, None, "", say("no such scenario"), allowed, near)
        if world and world not in worlds():
            near = nearest_name(world, worlds())
            problem = say("no such outside world")
            raise ScenarioError(world, None, "", problem, listed(worlds()), near)
        if name in self.loaded:
            path = self.folder / f"{name}.yaml"
        else:
            path = folder_of(name) / f"{name}.yaml"
            if name in designs():
                # Baselines are looked for beside a file and among the shipped scenarios alone.
                path = shutil.copyfile(path, self.folder / f"{name}.yaml")
        return path if not world else self._in_world(name, load(path), world)

    def _in_world(self, name: str, scenario: Scenario, world: str) -> Path:
        path = self.folder / f"{name}_{world}.yaml"
        if not path.is_file():
            source = folder_of(world) / f"{world}.yaml"
            written = yaml.safe_load(source.read_text("utf-8"))
            outside, other = written["outside"], written["label"]
            label = {
                lang: said_in(lang, "{scenario} ({world})", scenario=own, world=other[lang])
                for lang, own in (("zh", scenario.label_zh), ("en", scenario.label_en))
            }
            told = {"name": path.stem, "label": label, "baseline": name, "outside": outside}
            path.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), "utf-8")
        return path


@cache
def shipped_label(name: str) -> tuple[str, str]:
    """Label of a shipped scenario or outside world, Chinese and English; read once a process."""
    scenario = load(name)
    return scenario.label_zh, scenario.label_en


def _below(text: str) -> str:
    """Name of the baseline that a checked file names."""
    return str(yaml.safe_load(text).get("baseline") or "")
