"""What a fit is told: the file `jiqun calibrate` and `jiqun recover` read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StrictInt

from jiqun.calibration.targets import known
from jiqun.model.calendar import FIRST_YEAR
from jiqun.scenarios import InputError, load
from jiqun.scenarios.errors import listed, nearest_name
from jiqun.scenarios.loader import check_rows
from jiqun.scenarios.schema import Finite, Name, Part, checked
from jiqun.scenarios.yaml_file import Document, find_specification, read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.calibration.targets import Prior, Target

HERE = Path(__file__).resolve().parents[1]
SHIPPED = ("reference",)
"""Specifications that come with the project."""
Number = Annotated[StrictInt, Field(ge=1)]
Rows = Annotated[StrictInt, Field(ge=100, le=2_000_000)]
Seed = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


class ScreenSpec(Part):
    """The screening: its size, and which parameters are kept."""

    trajectories: Annotated[StrictInt, Field(ge=2, le=100)]
    seeds: Number
    keep: Annotated[Finite, Field(ge=0)]
    least: Number
    most: Number


class SmootherSpec(Part):
    """The smoother: size of the ensemble, number of steps, seeds a member."""

    members: Annotated[StrictInt, Field(ge=10, le=10_000)]
    iterations: Annotated[StrictInt, Field(ge=1, le=20)]
    seeds: Number
    chance_seeds: Annotated[StrictInt, Field(ge=3, le=1000)]
    localisation: Annotated[Finite, Field(ge=0)]
    seed: Seed


class TrialStepSpec(Part):
    """The step of published trials: rows of each panel, and runs that tell chance."""

    rows: Rows
    chance_seeds: Annotated[StrictInt, Field(ge=3, le=1000)]


class RecoverSpec(Part):
    """Simulate and recover: number of synthetic data sets and size of each fit."""

    sets: Annotated[StrictInt, Field(ge=1, le=1000)]
    members: Annotated[StrictInt, Field(ge=10, le=10_000)]
    iterations: Annotated[StrictInt, Field(ge=1, le=20)]
    seeds: Number
    rows: Rows


class SpecFile(Part):
    """A specification of a fit."""

    name: Name
    scenario: Name = "without_document_55"
    train_until: Annotated[StrictInt, Field(ge=2020, le=2023)] = 2023
    rows: Rows
    parameters: list[str] = Field(default_factory=list)
    targets: list[str] = Field(default_factory=list)
    screen: ScreenSpec | None = None
    smoother: SmootherSpec
    trials: TrialStepSpec | None = None
    recover: RecoverSpec | None = None


@dataclass(frozen=True)
class Task:
    """A specification with the targets and priors it names.

    Attributes:
        spec: The specification.
        targets: Every figure of the simulated years until the last one of the fit.
        fitted: Whether each of them is fitted; the others are only shown.
        priors: Candidate parameters.
    """

    spec: SpecFile
    targets: tuple[Target, ...]
    fitted: tuple[bool, ...]
    priors: tuple[Prior, ...]


def read_spec(
    name_or_path: str | Path, train_until: int | None = None, *, to_recover: bool = False
) -> Task:
    """Read a specification.

    Args:
        name_or_path: Name of a shipped specification, such as ``reference``, or a YAML file.
        train_until: Last year of the figures, if not that of the file.
        to_recover: Whether it must say how to simulate and recover.

    Raises:
        InputError: The file is wrong; the message names file, line, key, what is allowed and the
            nearest valid name.
    """
    document = read_yaml(find_specification(name_or_path, HERE, SHIPPED))
    spec = checked(document, SpecFile, document.data)
    if to_recover and spec.recover is None:
        raise document.error(("recover",), "is missing", ", ".join(RecoverSpec.model_fields))
    if train_until is not None:
        spec = spec.model_copy(update={"train_until": train_until})
    everything = known()
    fitted = [t.id for t in everything.targets if t.use == "fit"]
    priors = [p.name for p in everything.priors]
    _names(document, "parameters", spec.parameters, priors)
    _names(document, "targets", spec.targets, fitted)
    try:
        scenario = load(spec.scenario)
    except InputError as error:
        raise document.error(("scenario",), error.problem, error.allowed, error.nearest) from error
    check_rows(document, ("rows",), scenario, spec.rows)
    if spec.recover:
        check_rows(document, ("recover", "rows"), scenario, spec.recover.rows)
    if spec.screen and spec.screen.least > spec.screen.most:
        raise document.error(("screen", "least"), "is larger than most", f"1 to {spec.screen.most}")
    chosen = set(spec.targets or fitted)
    shown = [t for t in everything.targets if FIRST_YEAR <= t.year <= spec.train_until]
    if not chosen & {t.id for t in shown}:
        raise document.error(("targets",), f"none is of {spec.train_until} or before")
    return Task(
        spec,
        tuple(shown),
        tuple(target.id in chosen for target in shown),
        tuple(p for p in everything.priors if not spec.parameters or p.name in spec.parameters),
    )


def _names(document: Document, key: str, given: Sequence[str], valid: Sequence[str]) -> None:
    for i, name in enumerate(given):
        if name not in valid:
            raise document.error(
                (key, i), f"unknown name {name!r}", listed(valid), nearest_name(name, valid)
            )
        if name in given[:i]:
            raise document.error((key, i), f"{name} is named twice", "once")
