"""From a specification to an ensemble that runs are drawn from, and what is to be said of it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.calibration.fitting.emulate import agreement, emulator, sample
from jiqun.calibration.fitting.ensemble import LEAST_DRAWS, provenance, write_ensemble
from jiqun.calibration.fitting.fit import fit
from jiqun.calibration.fitting.recover import recover
from jiqun.calibration.fitting.spec import read_spec
from jiqun.calibration.outlook import dummy_spread, figures, learnt, write_rows
from jiqun.experiments.runs import adopted
from jiqun.experiments.runs.ensemble import SHIPPED
from jiqun.experiments.stores.store import write_text
from jiqun.model.region import REGION
from jiqun.scenarios import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.calibration.fitting.emulate import Agreement
    from jiqun.calibration.fitting.fit import Fit, Tell
    from jiqun.calibration.fitting.recover import Recovered
    from jiqun.calibration.outlook import Figure, Learnt

RESULTS = REGION.results
"""Results that go with the shipped ensemble: what reports read."""
CHAIN_SEED = 1


@dataclass(frozen=True)
class Calibrated:
    """What a calibration gave.

    Attributes:
        fit: The fit.
        figures: Every figure beside what the fit gives.
        parameters: What was learnt of every candidate.
        agreement: The posterior beside that of another method.
        folder: Where files were written.
    """

    fit: Fit
    figures: list[Figure]
    parameters: list[Learnt]
    agreement: list[Agreement]
    folder: Path

    @property
    def misfits(self) -> list[Figure]:
        """Fitted figures whose median is beyond their error and discrepancy."""
        return [row for row in self.figures if row.use == "fit" and row.inside is False]

    def summary(self) -> dict[str, Any]:
        """What is to be known of the fit at a glance."""
        fitted = [row for row in self.figures if row.use == "fit"]
        states = [row.state for row in self.parameters]
        return provenance(self.fit) | {
            "members": self.fit.posterior.shape[1],
            "fitted_parameters": len(self.fit.space.priors),
            "states": {s: states.count(s) for s in ("identified", "bounded", "unseen")},
            "dummy_spread": dummy_spread(self.fit),
            "fitted_figures": len(fitted),
            "inside": sum(row.inside is True for row in fitted),
            "covered": sum(row.covered for row in fitted),
            "misfits": [row.id for row in self.misfits],
        }


def calibrate(
    spec: str | Path, folder: Path, workers: int | None = None, tell: Tell = lambda *_: None
) -> Calibrated:
    """Fit, compare with another method, and write what came of it; run again to go on.

    Args:
        spec: Name of a shipped specification, or a file.
        folder: Where everything is written.
        workers: Worker processes; None for one a core.
        tell: Called with the stage, runs done and runs to make.

    Raises:
        InputError: The specification is wrong.
        FitError: Too many runs failed.
    """
    task = read_spec(spec)
    folder.mkdir(parents=True, exist_ok=True)
    found = fit(task, folder, _processes(workers), tell)
    done = Calibrated(found, figures(found), learnt(found), compared(found), folder)
    write_ensemble(found, folder / "ensemble.parquet")
    write_rows(done.figures, folder / "figures.csv")
    write_rows(done.parameters, folder / "parameters.csv")
    write_rows(done.agreement, folder / "agreement.csv")
    _write_json(done.summary(), folder / "fit.json")
    return done


def compared(found: Fit) -> list[Agreement]:
    """The posterior beside that of an emulator sampled by Markov chains."""
    fitted = np.array(found.task.fitted)
    observed = np.array([target.value for target in found.task.targets])[fitted]
    points = np.concatenate([scores for scores, _ in found.steps], axis=1)
    values = np.concatenate([simulated.mean(axis=1) for _, simulated in found.steps])
    emulated = emulator(points, values[:, fitted])
    chains = sample(emulated, observed, found.covariance, len(found.space), CHAIN_SEED)
    return agreement(found.space, found.posterior, chains)


def recovered(
    spec: str | Path, folder: Path, workers: int | None = None, tell: Tell = lambda *_: None
) -> list[Recovered]:
    """Simulate and recover, and write what came of it; run again to go on.

    Args:
        spec: Name or path of the specification; it must have a part `recover`.
        folder: Where steps and results are written.
        workers: Worker processes; one a core if None.
        tell: Called with the stage, runs done and runs to make.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = recover(read_spec(spec, to_recover=True), folder, _processes(workers), tell)
    write_rows(rows, folder / "recover.csv")
    return rows


def adopt(folder: Path, place: Path) -> None:
    """Make the ensemble of a folder the one that runs are drawn from.

    Args:
        folder: Folder of a calibration.
        place: `RESULTS` to ship it, or the folder of an adopted fit (`experiments.runs.adopted`).

    Raises:
        InputError: It has too few members, or is fitted to an earlier year.
    """
    facts = json.loads((folder / "fit.json").read_text("utf-8"))
    if facts["members"] < LEAST_DRAWS:
        problem = f"{facts['members']} members are too few to draw runs from"
        raise InputError(folder, None, "members", problem, f"{LEAST_DRAWS} or more")
    if facts["train_until"] != 2023:
        problem = f"fitted until {facts['train_until']}"
        raise InputError(folder, None, "train_until", problem, "2023")
    if place == RESULTS:
        _copy(folder, RESULTS, SHIPPED)
    else:
        adopted.write_whole(place, lambda to: _copy(folder, to, to / SHIPPED.name))


def _copy(folder: Path, to: Path, ensemble: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "ensemble.parquet", ensemble)
    for name in ("figures.csv", "parameters.csv", "agreement.csv", "fit.json"):
        shutil.copyfile(folder / name, to / name)


def _processes(workers: int | None) -> int:
    return workers or os.cpu_count() or 1


def rows_of(rows: list[Any]) -> list[dict[str, Any]]:
    """Rows as plain data; what is not a number is None."""
    return [{key: _known(value) for key, value in asdict(row).items()} for row in rows]


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def _write_json(data: Any, path: Path) -> None:
    write_text(path, json.dumps(data, indent=1, sort_keys=True) + "\n")
