"""The store that `jiqun demo` shows: few draws of two scenarios, made once and shipped.

``python -m jiqun.notebooks.demonstration`` makes it anew where it is due: after a change of the
model, of its data or of the fit. `make golden` does so too, and a test says when.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from jiqun.experiments.runs.batch import LEAN, Plan, model_hash
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.scenarios import load
from jiqun.scenarios.tables import data_hash

if TYPE_CHECKING:
    from jiqun.model.scenario import Scenario

ARCHIVE = Path(__file__).with_name("demonstration.zip")
COMMAND = "jiqun demo"
"""Command that the manifest of the store notes; by it a page knows what it is of."""
SCENARIOS = ("without_document_55", "as_issued")
ROWS = 2_500
DRAWS = 6
"""Fewer than a conclusion needs, so that every page says that it supports none."""
MANIFEST = "manifest.json"
RUNNING = (".lock", ".part-")
"""How files begin that a batch needs only while it runs."""


def unpack(folder: Path) -> None:
    """Write the store of the demonstration to a folder; one that holds it already is made whole.

    Args:
        folder: Folder of the store.

    Raises:
        FileExistsError: The folder holds another store, or files that are none of this one.
    """
    with zipfile.ZipFile(ARCHIVE) as archive:
        manifest = folder / MANIFEST
        if manifest.is_file():
            ours = manifest.read_bytes() == archive.read(MANIFEST)
        else:
            known = {Path(name).parts[0] for name in archive.namelist()}
            ours = not folder.exists() or {path.name for path in folder.iterdir()} <= known
        if not ours:
            raise FileExistsError(folder)
        archive.extractall(folder)


def is_demonstration(manifest: dict[str, Any]) -> bool:
    """Whether a store holds what the demonstration shows and nothing else.

    Args:
        manifest: What is noted of the store's batches.
    """
    return {batch["command"] for batch in manifest["batches"]} == {COMMAND}


def stale() -> list[str]:
    """What the shipped store was made with that is not here: model, data, fit, scenarios."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        (batch,) = json.loads(archive.read(MANIFEST))["batches"]
    ensemble = fitted(in_use())
    here = {
        "model_hash": model_hash(),
        "data_hash": data_hash(),
        "ensemble": ensemble.digest if ensemble else "",
    }
    return [name for name, found in here.items() if batch[name] != found] + [
        scenario.name
        for scenario in _scenarios()
        if batch["scenarios"].get(scenario.name, {}).get("hash") != scenario.identity
    ]


def make() -> None:
    """Make the store and put it in the place of the one that is shipped."""
    with TemporaryDirectory() as held:
        store = Path(held)
        plan = Plan(draws=DRAWS, ensemble=in_use())
        report = run_batch(_scenarios(), plan, store, Options(command=COMMAND), record=LEAN)
        if report.failures:
            raise RuntimeError(f"{len(report.failures)} runs of the demonstration failed")
        part = ARCHIVE.with_name(f".part-{ARCHIVE.name}")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in sorted(path for path in store.rglob("*") if path.is_file()):
                if not path.name.startswith(RUNNING):
                    archive.write(path, path.relative_to(store).as_posix())
        part.replace(ARCHIVE)


def _scenarios() -> list[Scenario]:
    return [with_rows(load(name), ROWS) for name in SCENARIOS]


if __name__ == "__main__" and stale():
    make()
