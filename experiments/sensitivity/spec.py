"""What an analysis is told: the file `jiqun sensitivity` reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StrictInt

from model.outcomes import OUTCOMES
from model.scenario import SERIES, quarter_index
from scenarios import InputError, load
from scenarios.errors import listed, nearest_name
from scenarios.levers import declarations
from scenarios.schema import Finite, Name, Part, Text, checked
from scenarios.structure import switches
from scenarios.tables import table
from scenarios.yaml_file import find_specification, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.scenario import Scenario
    from scenarios.schema import Switch
    from scenarios.yaml_file import Document, Key

HERE = Path(__file__).resolve().parent
SHIPPED = ("reference",)
"""Specifications that come with the project."""
MOST_TIMES = 2.0
"""Times as issued that a lever is made at most, where the specification says nothing."""
Draws = Annotated[StrictInt, Field(ge=2, le=10_000)]
Rows = Annotated[StrictInt, Field(ge=100, le=2_000_000)]
Seeds = Annotated[StrictInt, Field(ge=1, le=100)]
Seed = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]


class Effects(Part):
    """Draws of the paired effect of each lever."""

    without: Draws
    alone: Draws


class Confirm(Part):
    """The first levers once more, at other rows."""

    levers: Annotated[StrictInt, Field(ge=1)]
    rows: Rows


class SobolSpec(Part):
    """Design for shares of the variance: base points, a power of two, and seeds a row."""

    size: Annotated[StrictInt, Field(ge=2)]
    seeds: Seeds


class MorrisSpec(Part):
    """Design for elementary effects: trajectories, and seeds a row."""

    trajectories: Annotated[StrictInt, Field(ge=2)]
    seeds: Seeds


class Conditions(Part):
    """Where the order of the first levers is looked at again: draws with each mechanism off."""

    draws: Draws


class EqualCost(Part):
    """Levers at one cost: draws that sizes are solved on, and that effects are reported on."""

    solved_on: Draws
    draws: Draws


class Full(Part):
    """Sobol indices of every factor: by runs, or by a surrogate fitted to `size` runs."""

    size: Annotated[StrictInt, Field(ge=2)]
    seeds: Seeds
    surrogate: bool = False


class Range(Part):
    """Times as issued that a lever is made, and why not from none to twice."""

    low: Annotated[Finite, Field(ge=0)]
    high: Annotated[Finite, Field(gt=0)]
    why: Text


class SpecFile(Part):
    """A specification of an analysis."""

    name: Name
    scenario: Name
    quantity: Literal["effect", "level"] = "effect"
    none: Name
    later: Name | None = None
    rows: Rows
    year: Annotated[StrictInt, Field(ge=2024, le=2040)]
    seed: Seed
    outcomes: Annotated[list[str], Field(min_length=1)]
    main: str
    latent: dict[str, str] = Field(default_factory=dict)
    levers: list[str] = Field(default_factory=list)
    ranges: dict[str, Range] = Field(default_factory=dict)
    parameters: Annotated[StrictInt, Field(ge=1)] | list[str]
    outside: list[str] = Field(default_factory=lambda: list(SERIES))
    switches: list[str] = Field(default_factory=list)
    effects: Effects
    measure: Annotated[StrictInt, Field(ge=60, le=10_000)]
    sobol: SobolSpec | None = None
    morris: MorrisSpec | None = None
    confirm: Confirm | None = None
    conditions: Conditions | None = None
    equal_cost: EqualCost | None = None
    full: Full | None = None


@dataclass(frozen=True)
class Task:
    """A specification with the scenarios it names, all at its rows and last year.

    Attributes:
        spec: The specification.
        text: The file as written.
        issued: The scenario.
        baseline: Its baseline: the package is the one less the other.
        none: The scenario that levers are laid over alone.
        later: The scenario that later levers are taken from.
        levers: Ids of the levers, in the order of their declarations.
        switches: The structural switches.
        full: Indices of every factor, where they are asked for.
    """

    spec: SpecFile
    text: str
    issued: Scenario
    baseline: Scenario
    none: Scenario
    later: Scenario | None
    levers: tuple[str, ...]
    switches: Mapping[str, Switch]
    full: Full | None

    @property
    def first(self) -> int:
        """First quarter after the origin of the outside world: levers differ from there on."""
        return quarter_index(self.issued.outside.origin + 1, 1)

    @property
    def columns(self) -> tuple[str, ...]:
        """Outcomes looked at: those named and the latent ones."""
        return tuple(dict.fromkeys([*self.spec.outcomes, *self.spec.latent.values()]))


def read_spec(name_or_path: str | Path, *, full: bool = False) -> Task:
    """Read a specification.

    Args:
        name_or_path: Name of a shipped specification, such as ``reference``, or a YAML file.
        full: Whether indices of every factor are asked for.

    Raises:
        InputError: The file is wrong; the message names file, line, key, what is allowed and the
            nearest valid name.
    """
    path = find_specification(name_or_path, HERE, SHIPPED)
    document = read_yaml(path)
    spec = checked(document, SpecFile, document.data)
    of_tiers = [name for name, outcome in OUTCOMES.items() if "tier" in outcome.levels]
    _names(document, ("outcomes",), spec.outcomes, of_tiers)
    _names(document, ("main",), [spec.main], spec.outcomes)
    for name, latent in spec.latent.items():
        _names(document, ("latent", name), [name], spec.outcomes)
        _names(document, ("latent", name), [latent], of_tiers)
    known = declarations()
    _names(document, ("levers",), spec.levers, known)
    for name in spec.ranges:
        _names(document, ("ranges", name), [name], known)
    if isinstance(spec.parameters, list):
        drawn = [row.name for row in table("parameters") if row.low < row.high]
        _names(document, ("parameters",), spec.parameters, drawn)
    _names(document, ("outside",), spec.outside, SERIES)
    _names(document, ("switches",), spec.switches, switches())
    if full and spec.full is None:
        raise document.error(("full",), "is missing", ", ".join(Full.model_fields))
    for key, section in (("sobol", spec.sobol), ("full", spec.full)):
        if section and section.size & (section.size - 1):
            raise document.error((key, "size"), f"{section.size} is no power of two", "512, 1024")
    found = {
        key: _scenario(document, key, name, spec)
        for key in ("scenario", "none", "later")
        if (name := getattr(spec, key))
    }
    issued = found["scenario"]
    if issued.baseline is None:
        raise document.error(("scenario",), f"{issued.name} has no baseline to be paired with")
    return Task(
        spec,
        path.read_text("utf-8"),
        issued,
        _sized(load(issued.baseline), spec),
        found["none"],
        found.get("later"),
        tuple(name for name in known if not spec.levers or name in spec.levers),
        {name: switches()[name] for name in spec.switches},
        spec.full if full else None,
    )


def _scenario(document: Document, key: str, name: str, spec: SpecFile) -> Scenario:
    try:
        return _sized(load(name), spec)
    except InputError as error:
        raise document.error((key,), error.problem, error.allowed, error.nearest) from error


def _sized(scenario: Scenario, spec: SpecFile) -> Scenario:
    return replace(scenario, rows=spec.rows).until(spec.year)


def _names(
    document: Document, key: Key, given: Sequence[str], valid: Sequence[str] | Mapping[str, object]
) -> None:
    for i, name in enumerate(given):
        at = (*key, i) if len(given) > 1 else key
        if name not in valid:
            problem = f"unknown name {name!r}"
            raise document.error(at, problem, listed(valid), nearest_name(name, valid))
        if name in given[:i]:
            raise document.error(at, f"{name} is named twice", "once")
