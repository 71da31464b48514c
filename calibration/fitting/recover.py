"""Simulate and recover: which parameters the method finds again where the truth is known.

Parameters are drawn from their priors, a history is simulated with them and blurred by the errors
of the figures, and the fit is made to that history. All sets share the first ensemble, whose runs
are made once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.fitting.fit import (
    chosen_space,
    covariance_of,
    history,
    identity,
    smooth,
    whole_members,
)
from jiqun.calibration.fitting.forward import Forward
from jiqun.calibration.outlook import state_of
from jiqun.experiments.stores.store import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.calibration.fitting.fit import Runs, Tell
    from jiqun.calibration.fitting.space import Space
    from jiqun.calibration.fitting.spec import RecoverSpec, SmootherSpec, Task
    from jiqun.model.dimensions import Array

TRUTH_SEED = 200_000
"""Seeds of the synthetic histories come after this one: no member shares their chance."""


@dataclass(frozen=True)
class Recovered:
    """How well a parameter is found again.

    Attributes:
        name: Parameter, or the dummy.
        state: ``identified``, ``bounded`` or ``unseen``, by the median over the sets.
        spread: Posterior over prior spread, median over the sets.
        covered: Share of the sets whose 90 % interval holds the truth.
        correlation: Correlation of posterior mean and truth over the sets.
        sets: Number of sets.
    """

    name: str
    state: str
    spread: float
    covered: float
    correlation: float
    sets: int


def recover(
    task: Task, folder: Path, workers: int, tell: Tell = lambda *_: None
) -> list[Recovered]:
    """Fit synthetic histories of known parameters; sets finished earlier are not made again.

    Args:
        task: The specification; it must have a part `recover`.
        folder: Where steps are kept.
        workers: Worker processes.
        tell: Called with the stage, runs done and runs to make.
    """
    asked = task.spec.recover
    if asked is None:
        raise ValueError("read the specification with to_recover")
    # Parameters and chance are those of the fit itself, found there if it has been made.
    shared = folder / identity(task, "fit")
    shared.mkdir(parents=True, exist_ok=True)
    with Forward(history(task.spec, task.spec.rows), task.targets, folder, workers) as runs:
        covariance = covariance_of(task, runs, asked.seeds, shared, tell)
        space, _ = chosen_space(task, runs, covariance, shared, tell)
    place = folder / identity(task, "recover")
    place.mkdir(parents=True, exist_ok=True)
    smoother = task.spec.smoother.model_copy(
        update={"members": asked.members, "iterations": asked.iterations, "seeds": asked.seeds}
    )
    with Forward(history(task.spec, asked.rows), task.targets, folder, workers) as runs:
        return recover_sets(task, space, runs, covariance, smoother, asked, place, tell)


def recover_sets(
    task: Task,
    space: Space,
    runs: Runs,
    covariance: Array,
    smoother: SmootherSpec,
    asked: RecoverSpec,
    place: Path,
    tell: Tell,
) -> list[Recovered]:
    """Fit every synthetic set and sum up.

    Args:
        task: The specification with its targets and priors.
        space: The parameters that are fitted.
        runs: Makes the runs.
        covariance: Covariance of the errors of the fitted figures, shape (figures, figures).
        smoother: Size of each fit, number of steps, seeds.
        asked: How many sets, and their size.
        place: Folder of the steps.
        tell: Called with the stage, runs done and runs to make.
    """
    fitted = np.array(task.fitted)
    truths = np.array(
        [
            np.random.default_rng([TRUTH_SEED, smoother.seed, number]).standard_normal(len(space))
            for number in range(asked.sets)
        ]
    ).T
    first = smooth(
        space,
        runs,
        np.zeros(int(fitted.sum())),
        covariance,
        smoother.model_copy(update={"iterations": 0}),
        place,
        tell,
        fitted=fitted,
    )[0]
    posteriors = []
    for number in range(asked.sets):
        own = place / f"set-{number + 1}"
        own.mkdir(exist_ok=True)
        observed = _synthetic(task, space, runs, truths[:, [number]], number, own)

        def said(stage: str, done: int, total: int, number: int = number) -> None:
            tell(f"set {number + 1} of {asked.sets}, {stage}", done, total)

        steps = smooth(
            space,
            runs,
            observed[fitted],
            covariance,
            smoother.model_copy(update={"seed": smoother.seed + number}),
            own,
            said,
            fitted=fitted,
            first=first,
            last=False,
        )
        posteriors.append(steps[-1][0])
    return summed_up(space, truths, first[0], posteriors)


def _synthetic(
    task: Task, space: Space, runs: Runs, truth: Array, number: int, place: Path
) -> Array:
    """A history at the true parameters, blurred by the errors of the figures."""
    path = place / "history.npy"
    if not path.exists():
        made = runs(space.points(truth), [TRUTH_SEED + number], lambda _done, _total: None)
        _, values = whole_members(truth, made)
        spread = np.array([target.spread for target in task.targets])
        blur = np.random.default_rng([TRUTH_SEED, number]).standard_normal(len(spread))

        def save(part: Path) -> None:
            with part.open("wb") as file:
                np.save(file, values[0, 0] + spread * blur)

        write_file(path, save)
    history: Array = np.load(path)
    return history


def summed_up(
    space: Space, truths: Array, prior: Array, posteriors: list[Array]
) -> list[Recovered]:
    """What the sets say of each parameter.

    Args:
        space: Parameters that were fitted.
        truths: Scores that the sets were made with, shape (parameters, sets).
        prior: Scores of the prior ensemble, shape (parameters, members).
        posteriors: Scores of the ensemble fitted to each set, shape (parameters, members).
    """
    found = []
    for i, name in enumerate(space.names):
        spreads = [p[i].std(ddof=1) / prior[i].std(ddof=1) for p in posteriors]
        bounds = np.array([np.quantile(p[i], (0.05, 0.95)) for p in posteriors])
        truth = truths[i, : len(posteriors)]
        covered = (bounds[:, 0] <= truth) & (truth <= bounds[:, 1])
        spread = float(np.median(spreads))
        means = np.array([p[i].mean() for p in posteriors])
        several = len(posteriors) > 2
        found.append(
            Recovered(
                name,
                state_of(spread),
                spread,
                float(covered.mean()),
                float(np.corrcoef(means, truth)[0, 1]) if several else float("nan"),
                len(posteriors),
            )
        )
    return sorted(found, key=lambda row: row.spread)
