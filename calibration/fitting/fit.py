"""The fit: screen, smooth, keep every step, go on where it stopped.

Nothing depends on the number of workers or on when a fit was stopped: runs are decided by their
parameters and seed, and every step of the smoother has a seed of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from jiqun.calibration.fitting.forward import Forward, Simulated
from jiqun.calibration.fitting.screen import Signal, design, scores, seen, signals
from jiqun.calibration.fitting.smoother import assimilate, error_covariance
from jiqun.calibration.fitting.space import Space
from jiqun.calibration.trial.step import digests, hear, spoken_of
from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.stores.store import write_file
from jiqun.scenarios import load
from jiqun.scenarios.outside import outside_world
from jiqun.scenarios.tables import data_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from jiqun.calibration.fitting.spec import SmootherSpec, SpecFile, Task
    from jiqun.calibration.targets import Target
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

MOST_FAILED = 0.1
"""Share of the members whose runs may fail before a fit is given up."""
CHANCE_SEED = 100_000
"""Seeds that tell chance from parameters come after this one, so that no member uses them."""

type Tell = Callable[[str, int, int], None]
"""Told the stage, the runs done and the runs to make."""


class FitError(RuntimeError):
    """A fit that cannot go on; the message says why."""


class Runs(Protocol):
    """Whatever turns parameter points and seeds into figures."""

    def __call__(
        self,
        points: Sequence[Mapping[str, float]],
        seeds: Sequence[int],
        progress: Callable[[int, int], None],
    ) -> Simulated:
        """Simulated figures at each point with each seed."""


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes:
        task: What was asked for.
        space: The fitted parameters.
        signals: What the screening found of every candidate; empty without one.
        covariance: Covariance of the errors of the fitted figures.
        steps: Scores, shape (parameters, members), and figures simulated at them, shape (members,
            seeds, figures), of the prior and after each step, that of trials among them.
        identity: Hash of all that decides the fit.
    """

    task: Task
    space: Space
    signals: tuple[Signal, ...]
    covariance: Array
    steps: tuple[tuple[Array, Array], ...]
    identity: str

    @property
    def prior(self) -> Array:
        """Scores before the fit."""
        return self.steps[0][0]

    @property
    def posterior(self) -> Array:
        """Scores after it."""
        return self.steps[-1][0]

    @property
    def before(self) -> Array:
        """Figures simulated at the prior."""
        return self.steps[0][1]

    @property
    def after(self) -> Array:
        """Figures simulated at the posterior."""
        return self.steps[-1][1]


def history(spec: SpecFile, rows: int) -> Scenario:
    """The scenario of a fit: until the last year of the figures, as known then."""
    known_then = replace(load(spec.scenario), outside=outside_world(spec.train_until))
    return replace(known_then.until(spec.train_until), rows=rows)


def identity(task: Task, purpose: str) -> str:
    """Hash of all that decides a fit but its workers."""
    parts = {
        "purpose": purpose,
        # More synthetic sets go on where fewer ended.
        "spec": task.spec.model_dump(
            exclude={"recover": {"sets"} if purpose == "recover" else True}
        ),
        "targets": [target.model_dump() for target in task.targets],
        "fitted": task.fitted,
        "priors": [prior.model_dump() for prior in task.priors],
        "model": model_hash(),
        "data": data_hash(),
        "trials": digests() if task.spec.trials else {},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def fit(task: Task, folder: Path, workers: int, tell: Tell = lambda *_: None) -> Fit:
    """Fit the parameters of a specification; a fit stopped earlier goes on.

    Args:
        task: The specification.
        folder: Where steps are kept; each fit has a folder of its own in it.
        workers: Worker processes.
        tell: Called with the stage, runs done and runs to make.

    Raises:
        FitError: Too many runs failed.
    """
    spec, name = task.spec, identity(task, "fit")
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    with Forward(history(spec, spec.rows), task.targets, folder, workers) as runs:
        fitted = np.array(task.fitted)
        covariance = covariance_of(task, runs, spec.smoother.seeds, place, tell)
        space, found = chosen_space(task, runs, covariance, place, tell)
        observed = np.array([t.value for t in task.targets])[fitted]
        steps = smooth(space, runs, observed, covariance, spec.smoother, place, tell, fitted=fitted)
        if spec.trials:
            steps.append(after_trials(task, space, runs, steps[-1][0], place, workers, tell))
        return Fit(task, space, tuple(found), covariance, tuple(steps), name)


def chosen_space(
    task: Task, runs: Runs, covariance: Array, place: Path, tell: Tell
) -> tuple[Space, list[Signal]]:
    """The parameters the data can see, with a dummy beside them.

    Args:
        task: The specification with its targets and priors.
        runs: Makes the runs.
        covariance: Covariance of the errors of the fitted figures, shape (figures, figures).
        place: Folder of the steps.
        tell: Called with the stage, runs done and runs to make.
    """
    everything, spec = Space(task.priors), task.spec.screen
    if spec is None:
        return everything, []
    path = place / "screen.json"
    if not path.exists():
        problem, points = design(everything, spec.trajectories, task.spec.smoother.seed)
        made = runs(
            everything.points(scores(points)), range(1, spec.seeds + 1), _at("screening", tell)
        )
        _all_whole(made)
        fitted = np.array(task.fitted)
        kept = [target for target, use in zip(task.targets, task.fitted, strict=True) if use]
        found = signals(
            problem,
            points,
            made.values.mean(axis=1)[:, fitted],
            np.sqrt(np.diag(covariance)),
            [target.id for target in kept],
        )
        _write(path, json.dumps([asdict(signal) for signal in found]).encode())
    found = [Signal(**row) for row in json.loads(path.read_text("utf-8"))]
    also = spoken_of() if task.spec.trials else set()
    return everything.subset([*seen(found, spec.keep, spec.least, spec.most), *also]), found


def covariance_of(task: Task, runs: Runs, seeds: int, place: Path, tell: Tell) -> Array:
    """Covariance of the errors of the fitted figures, chance included.

    Args:
        task: The specification with its targets and priors.
        runs: Makes the runs.
        seeds: Seeds that a simulated figure is the mean of.
        place: Folder of the steps.
        tell: Called with the stage, runs done and runs to make.
    """
    path = place / "chance.npy"
    if not path.exists():
        number = task.spec.smoother.chance_seeds
        first = CHANCE_SEED + 1
        made = runs([{}], range(first, first + number), _at("chance", tell))
        _save(path, _all_whole(made).values[0])
    kept = np.array(task.fitted)
    fitted: list[Target] = [t for t, use in zip(task.targets, kept, strict=True) if use]
    chance = np.load(path)
    return error_covariance(fitted, chance[:, kept], seeds)


def smooth(  # noqa: PLR0913  (one argument an ingredient)
    space: Space,
    runs: Runs,
    observed: Array,
    covariance: Array,
    spec: SmootherSpec,
    place: Path,
    tell: Tell,
    *,
    fitted: Array,
    first: tuple[Array, Array] | None = None,
    last: bool = True,
) -> list[tuple[Array, Array]]:
    """Steps of the smoother, each kept in a file before the next one is begun.

    Args:
        space: The parameters.
        runs: Makes the runs.
        observed: Figures to fit to.
        covariance: Covariance of their errors.
        spec: Size of the ensemble, number of steps, seeds.
        place: Folder of the steps.
        tell: Told of progress.
        fitted: Which of the simulated figures are fitted.
        first: Prior scores with their figures, where they have been simulated already.
        last: Whether the posterior is simulated too.

    Returns:
        Scores, and figures simulated at them, of the prior and after each step.
    """
    steps: list[tuple[Array, Array]] = []
    ensemble = first[0] if first else space.drawn(spec.members, spec.seed)
    for step in range(spec.iterations + 1):
        path = place / f"step-{step}.npz"
        if path.exists():
            with np.load(path) as kept:
                ensemble, simulated = kept["scores"], kept["simulated"]
        elif step == 0 and first:
            ensemble, simulated = first
        elif step == spec.iterations and not last:
            simulated = np.zeros((ensemble.shape[1], 0, 0))
        else:
            stage = f"step {step} of {spec.iterations}"
            made = runs(space.points(ensemble), range(1, spec.seeds + 1), _at(stage, tell))
            ensemble, simulated = whole_members(ensemble, made)
            _save_step(path, ensemble, simulated)
        steps.append((ensemble, simulated))
        if step < spec.iterations:
            ensemble = assimilate(
                ensemble,
                simulated.mean(axis=1)[:, fitted].T.copy(),
                observed,
                covariance,
                iterations=spec.iterations,
                localisation=spec.localisation,
                seed=(spec.seed, step),
            )
    return steps


def after_trials(
    task: Task, space: Space, runs: Runs, ensemble: Array, place: Path, workers: int, tell: Tell
) -> tuple[Array, Array]:
    """The ensemble once it has heard the published trials, and its figures; kept in files.

    Args:
        task: The specification; it must have a part `trials`.
        space: The parameters that are fitted.
        runs: Makes the runs.
        ensemble: Scores before the trials, shape (parameters, members).
        place: Folder of the steps.
        workers: Worker processes.
        tell: Called with the stage, runs done and runs to make.

    Raises:
        FitError: Too many members have nothing to compare in a trial, or too many runs failed.
    """
    spec, path = task.spec, place / "trials.npz"
    assert spec.trials is not None
    if not path.exists():
        heard = hear(space.points(ensemble), spec.trials, workers, _at("trials", tell))
        whole = np.isfinite(heard.simulated).all(axis=0)
        if whole.mean() < 1.0 - MOST_FAILED or not np.isfinite(heard.covariance).all():
            raise FitError(f"trials: {np.sum(~whole)} members have nothing to compare")
        moved = assimilate(
            ensemble[:, whole],
            heard.simulated[:, whole],
            heard.observed,
            heard.covariance,
            iterations=1,
            localisation=spec.smoother.localisation,
            seed=(spec.smoother.seed, spec.smoother.iterations),
        )
        made = runs(space.points(moved), range(1, spec.smoother.seeds + 1), _at("last step", tell))
        _save_step(path, *whole_members(moved, made))
    with np.load(path) as kept:
        return kept["scores"], kept["simulated"]


def _all_whole(made: Simulated) -> Simulated:
    """Runs all of which ended well."""
    if made.failures:
        raise FitError(_said_of(made))
    return made


def _said_of(made: Simulated) -> str:
    first = made.failures[0]
    return f"{len(made.failures)} runs failed, the first in {first.origin}: {first.message}"


def whole_members(ensemble: Array, made: Simulated) -> tuple[Array, Array]:
    """Members all of whose runs ended well."""
    whole = np.isfinite(made.values).all(axis=(1, 2))
    if whole.mean() < 1.0 - MOST_FAILED:
        raise FitError(_said_of(made))
    return ensemble[:, whole], made.values[whole]


def _at(stage: str, tell: Tell) -> Callable[[int, int], None]:
    return lambda done, total: tell(stage, done, total)


def _save(path: Path, array: Array) -> None:
    def save(part: Path) -> None:
        with part.open("wb") as file:
            np.save(file, array)

    write_file(path, save)


def _save_step(path: Path, ensemble: Array, simulated: Array) -> None:
    def save(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, scores=ensemble, simulated=simulated)

    write_file(path, save)


def _write(path: Path, content: bytes) -> None:
    def save(part: Path) -> None:
        part.write_bytes(content)

    write_file(path, save)
