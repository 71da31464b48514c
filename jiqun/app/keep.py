"""What a user takes along, or brings: scenario files, a program, data."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import yaml

from jiqun.app.state import State
from jiqun.scenarios import worlds
from jiqun.scenarios.errors import ScenarioError
from jiqun.scenarios.loader import load_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.app.shelf import Shelf
    from jiqun.asking import Asked
    from jiqun.experiments.effects.change import Change

PLAIN = {"name", "label", "baseline", "levers", "without"}
"""Keys of a file that only moves levers."""
COLUMNS = (
    "outcome",
    "level",
    "unit",
    "year",
    "pairs",
    "measure",
    "mean",
    "low",
    "high",
    "p05",
    "p95",
)


def saved(files: Mapping[str, str]) -> tuple[str, bytes]:
    """Name and content of what is downloaded: the file of a question, or it and its baselines.

    Args:
        files: Files of the question by name, its own first.
    """
    (name, text), *others = files.items()
    if not others:
        return name, text.encode()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in files.items():
            archive.writestr(zipfile.ZipInfo(each), content)
    return name.removesuffix(".yaml") + ".zip", held.getvalue()


def restored(text: str, shelf: Shelf) -> State:
    """The state that a scenario file asks for; one that does more than move levers is kept whole.

    Args:
        text: What the file holds.
        shelf: Scenarios of the session.

    Raises:
        ScenarioError: The file is wrong.
    """
    _provide_baselines(text, shelf)
    scenario = load_text(text, shelf.folder / "loaded.yaml")
    state = _moves(yaml.safe_load(text), shelf)
    if state is not None:
        try:
            if shelf.asked(state).scenario.identity == scenario.identity:
                return state
        except ScenarioError:
            pass
    return State(on=shelf.add(text).name)


def _provide_baselines(text: str, shelf: Shelf) -> None:
    """Put beside the file what it may build on: a design, or a scenario in another world."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return  # it is refused by line where it is loaded
    on, world = _placed(data.get("baseline") if isinstance(data, dict) else None, shelf)
    if on:
        shelf.scenario(on, world)


def _placed(baseline: Any, shelf: Shelf) -> tuple[str, str]:
    """Scenario and outside world of a baseline by its name; empty where it is none of these."""
    for name in shelf.names():
        if baseline == name:
            return name, ""
        for world in worlds():
            if baseline == f"{name}_{world}":
                return name, world
    return "", ""


def _moves(data: dict[str, Any], shelf: Shelf) -> State | None:
    """What a file moves of its baseline; None where it does anything else."""
    on, world = _placed(data.get("baseline"), shelf)
    if not on or set(data) - PLAIN:
        return None
    parts: dict[str, str] = {}
    for lever in data.get("levers", ()):
        given = {key: value for key, value in lever.items() if key not in ("id", "from")}
        if not given:
            parts[lever["id"]] = "=on"
        for key, value in given.items():
            if key == "times":
                parts[lever["id"]] = f"*{value:g}"
            elif key == "to":
                parts[lever["id"]] = "=off"
            elif isinstance(value, dict) and "value" in value:
                parts[f"{lever['id']}.{key}"] = f"={value['value']}{value.get('unit', '')}"
            elif isinstance(value, bool | str):
                parts[f"{lever['id']}.{key}"] = f"={'on' if value in (True, 'on') else 'off'}"
            else:
                return None
    parts |= dict.fromkeys(data.get("without", ()), "=off")
    return State(on, "", world, tuple(parts.items()))


def program(files: Mapping[str, str], asked: Asked, pairs: int) -> str:
    """A program that makes the runs of a question and prints its effects.

    Args:
        files: Files of the question by name, its own first.
        asked: The question.
        pairs: Number of pairs.
    """
    own = next(iter(files))
    other = f"{asked.baseline.name}.yaml"
    baseline = f'folder / "{other}"' if other in files else f'"{asked.baseline.name}"'
    rows = f", rows={asked.scenario.rows}"
    return f'''from pathlib import Path

from jiqun import load, run
from jiqun.experiments.effects.change import change

FILES = {{
{"".join(f"    {name!r}: {text!r},{chr(10)}" for name, text in files.items())}}}

if __name__ == "__main__":
    folder = Path("what_if")
    folder.mkdir(exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    scenario, baseline = load(folder / "{own}"), load({baseline})
    results = run([baseline, scenario], folder / "store", draws={pairs}{rows})
    found = change(results, scenario.name, baseline.name)
    for (outcome, (level, unit)), moved in found.moved.items():
        if level in ("province", "tier") and moved.change:
            print(outcome, unit, moved.change.mean, moved.change.low, moved.change.high)
'''


def rows_of(found: Change) -> str:
    """Effects and cost of a question as CSV, in stored units."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(COLUMNS)
    for (outcome, (level, unit)), moved in found.moved.items():
        for measure, each in (("relative", moved.change), ("absolute", moved.gain)):
            if each is not None:
                cells = (each.mean, each.low, each.high, each.p05, each.p95)
                writer.writerow([outcome, level, unit, found.year, moved.pairs, measure, *cells])
    if found.comparison is not None:
        costs = {**found.comparison.bearers, "total": found.comparison.cost}
        for payer, each in costs.items():
            cells = (each.mean, each.low, each.high, each.p05, each.p95)
            pairs = found.comparison.pairs
            writer.writerow(["cost", "payer", payer, "", pairs, "present value", *cells])
    return held.getvalue()
