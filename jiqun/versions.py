"""What `jiqun --version` shows: the version, and which model, data and results are in use."""

from __future__ import annotations

import json
from importlib.metadata import metadata, version
from typing import TYPE_CHECKING

import pyarrow.csv as pc

from jiqun.experiments.effects.comparison_data import is_current
from jiqun.experiments.emulator import emulator
from jiqun.experiments.emulator.emulator import NAME
from jiqun.experiments.runs import adopted
from jiqun.experiments.runs.batch import VERSION, model_hash, source_hash
from jiqun.experiments.sensitivity.tables import FACTS, SHIPPED
from jiqun.model.extensions import ACTING, everything
from jiqun.model.region import REGION
from jiqun.scenarios.tables import data_hash

if TYPE_CHECKING:
    from collections.abc import Set
    from pathlib import Path

ABSENT = "none"


def version_lines() -> list[str]:
    """Version of the program, the model, its data, and the fit, trials and analysis in use."""
    model, source = model_hash(), source_hash()
    listed = source in json.loads(VERSION.read_text("utf-8"))["sources"]
    compared = "" if listed else ", not compared with the golden results"
    lines = [
        f"jiqun {version('jiqun')}",
        f"model: {model} (source {source}{compared})",
        *_extensions(),
        f"data: {data_hash()}",
        f"fit: {_fit()}",
        f"trials: {_trials()}",
        f"analysis: {_analysis()}",
        f"emulator: {_emulator()}",
    ]
    if adopted.home().is_dir():
        back = "to go back to what is shipped, delete it or the part concerned"
        lines.append(f"adopted results are kept in {adopted.home()}: {back}")
    return [*lines, f"cite as: {citation()}"]


def citation() -> str:
    """The program as it is cited; a run record adds what it is of."""
    told = metadata("jiqun")
    return f"{told['Author']}: {told['Name']} {told['Version']}. {told['Summary']}"


def _extensions() -> list[str]:
    """A line each extension that is installed."""
    acts = " (part of the version of the model)"
    return [f"extension: {each}{acts if each.kind in ACTING else ''}" for each in everything()]


def _fit() -> str:
    path = adopted.in_use(adopted.FIT, REGION.results) / "fit.json"
    if not path.is_file():
        return ABSENT
    facts = json.loads(path.read_text("utf-8"))
    name = f"{facts['identity']} of {facts['written'][:10]}"
    return name + _where(path, {facts["model_hash"]}, {facts["data_hash"]})


def _emulator() -> str:
    path = adopted.in_use(NAME, emulator.SHIPPED)
    if not path.is_file():
        return ABSENT
    origin = "adopted" if path.is_relative_to(adopted.home()) else "shipped"
    current = is_current(json.loads(path.read_text("utf-8")))
    return f"{path.name}, {origin}" + ("" if current else ", not of this model, data and fit")


def _trials() -> str:
    path = adopted.in_use(adopted.TRIALS, REGION.results / adopted.TRIALS)
    if not path.is_file():
        return ABSENT
    found = pc.read_csv(path)
    models, data = ({str(name) for name in found[key].to_pylist()} for key in ("model", "data"))
    return f"{len(set(found['id'].to_pylist()))} rows" + _where(path, models, data)


def _analysis() -> str:
    path = adopted.in_use(adopted.ANALYSIS, SHIPPED) / FACTS
    if not path.is_file():
        return ABSENT
    facts = json.loads(path.read_text("utf-8"))
    name = f"{facts['name']} of {facts['date']}"
    return name + _where(path, {facts["model_hash"]}, {facts["data_hash"]})


def _where(path: Path, models: Set[str], data: Set[str]) -> str:
    """Where a result is from, and whether the model and the data that are here made it."""
    own = path.is_relative_to(adopted.home())
    parts = ["adopted" if own else "shipped"]
    if models != {model_hash()}:
        parts.append("made by another version of the model")
    if data != {data_hash()}:
        parts.append("made on other data")
    return ", " + ", ".join(parts)
