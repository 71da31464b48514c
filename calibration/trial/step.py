"""Published quasi-experiments in the fit: one step of the smoother after those of the figures.

Each member of the ensemble is put through the trials whose row is marked `fit`, and listens to
their estimates once, as to figures of a second source: what it has learnt of the published series
is what it starts from. Rows marked otherwise are never looked at.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.trial.estimators import NothingToSeeError
from jiqun.calibration.trial.files import all_trials, read_trial
from jiqun.calibration.trial.runs import Bench, estimates
from jiqun.calibration.trial.sources import typed
from jiqun.experiments.runs.draws import Draw
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from jiqun.calibration.fitting.spec import TrialStepSpec
    from jiqun.model.dimensions import Array

FIRST_SEED = 300_000
"""Seeds of trials come after this one: no history of the fit shares their chance."""
Z90 = 1.645
"""Half the width of a 90 % interval in standard deviations."""

type Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Heard:
    """What the members say of the rows, beside what was published.

    Attributes:
        rows: Ids of the rows.
        simulated: Estimate of each row in each member, shape (rows, members).
        observed: Published estimates, shape (rows,).
        covariance: Covariance of their errors, chance of a run included, shape (rows, rows).
    """

    rows: tuple[str, ...]
    simulated: Array
    observed: Array
    covariance: Array


def asked() -> dict[str, Path]:
    """Row marked `fit` to its file, for rows with an estimate that the model represents."""
    wanted = {row.id for row in table("policy_trials") if row.use == "fit"}
    return {
        row.id: trial.path
        for trial in all_trials()
        for row in trial.rows
        if row.id in wanted and row.represented
    }


def digests() -> dict[str, str]:
    """Row to what decides its part in the fit: the hash of its file and the published figures."""
    rows = asked()
    return {
        row.id: f"{read_trial(rows[row.id]).digest} {row.published} {row.band_low} {row.band_high}"
        for row in table("policy_trials")
        if row.id in rows
    }


def spoken_of() -> set[str]:
    """Parameters that the rows are about: these are fitted whatever the screening found."""
    rows = asked()
    return {name for row in table("policy_trials") if row.id in rows for name in typed(row)}


def hear(
    points: Sequence[Mapping[str, float]], spec: TrialStepSpec, workers: int, progress: Progress
) -> Heard:
    """Put members through the trials.

    Args:
        points: Parameter to value of each member; what is absent is central.
        spec: Rows of enterprises, and runs that tell chance.
        workers: Worker processes.
        progress: Called with runs done and of all.
    """
    rows = asked()
    # Chance is that of one parameter point; each member has a seed of its own.
    runs = [(FIRST_SEED + i, point) for i, point in enumerate([*points, *[{}] * spec.chance_seeds])]
    found = _made(partial(_estimates, rows, spec.rows), runs, workers, progress)
    values, chance = np.split(np.array(found), [len(points)])
    known = {row.id: row for row in table("policy_trials")}
    published = [known[name] for name in rows]
    spread = np.array([(row.band_high - row.band_low) / (2.0 * Z90) for row in published])
    return Heard(
        tuple(rows),
        values.T.copy(),
        np.array([row.published for row in published], dtype=np.float64),
        np.diag(spread**2 + chance.var(axis=0, ddof=1)),
    )


def _estimates(
    rows: Mapping[str, Path], size: int, run: tuple[int, Mapping[str, float]]
) -> list[float]:
    """Estimate of each row at a parameter point; NaN where the panel has nothing to compare."""
    seed, point = run
    bench, draw, found = Bench(seed, size), Draw(seed, dict(point)), []
    for name, path in rows.items():
        trial = read_trial(path)
        row = next(row for row in trial.rows if row.id == name)
        try:
            found.append(estimates(trial, row, "as_is", draw, bench)[0])
        except NothingToSeeError:
            found.append(np.nan)
    return found


def _made(
    work: Callable[[tuple[int, Mapping[str, float]]], list[float]],
    runs: Sequence[tuple[int, Mapping[str, float]]], workers: int, progress: Progress,
) -> list[list[float]]:  # fmt: skip
    found: list[list[float]] = []
    with ProcessPoolExecutor(workers) as pool:
        for one in pool.map(work, runs):
            found.append(one)
            progress(len(found), len(runs))
    return found
