"""What an analysis is told: the file `jiqun sensitivity` reads.

Every number has the least and the most that all stages work with, and is refused beyond them before
anything runs. What is not asked for is not run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StrictInt

from jiqun.experiments.sensitivity.arms import DOCUMENT, group_of
from jiqun.experiments.sensitivity.measure import FEWEST as FEWEST_TO_MEASURE
from jiqun.experiments.sensitivity.runs import TIERS
from jiqun.experiments.sensitivity.survival import FEWEST as FEWEST_BY_THIRDS
from jiqun.model.calendar import quarter_index
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.outside_world import SERIES
from jiqun.scenarios import InputError, load
from jiqun.scenarios.errors import listed
from jiqun.scenarios.levers import declarations, most_times
from jiqun.scenarios.loader import check_rows
from jiqun.scenarios.schema import Finite, Name, Part, Text, checked
from jiqun.scenarios.structure import switches
from jiqun.scenarios.tables import table
from jiqun.scenarios.yaml_file import find_specification, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.schema import Switch
    from jiqun.scenarios.yaml_file import Document

HERE = Path(__file__).resolve().parent
SHIPPED = ("reference",)
"""Specifications that come with the project."""
MOST_TIMES = 2.0
"""Times as issued that a lever is made at most, where the specification says nothing."""
LEAST_FOR_SURROGATE, MOST_FOR_SURROGATE = 16, 4_096
"""Points of a surrogate: each fold of its cross-validation needs some; time grows by their cube."""
MOST_POINTS = 65_536
Draws = Annotated[StrictInt, Field(ge=2, le=10_000)]
Points = Annotated[StrictInt, Field(ge=2, le=MOST_POINTS)]
Rows = Annotated[StrictInt, Field(ge=1, le=2_000_000)]
Seeds = Annotated[StrictInt, Field(ge=1, le=100)]
Seed = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]


class Effects(Part):
    """Draws of the paired effect of each lever: taken out of the scenario, and laid over none.

    The first are looked at by thirds of the outside world as well.
    """

    without: Annotated[StrictInt, Field(ge=FEWEST_BY_THIRDS, le=10_000)]
    alone: Draws | None = None


class Confirm(Part):
    """The first levers once more, at other rows."""

    levers: Annotated[StrictInt, Field(ge=1)]
    rows: Rows


class SobolSpec(Part):
    """Design for shares of the variance: base points, a power of two, and seeds a row."""

    size: Points
    seeds: Seeds


class MorrisSpec(Part):
    """Design for elementary effects: trajectories, and seeds a row."""

    trajectories: Annotated[StrictInt, Field(ge=2, le=10_000)]
    seeds: Seeds


class Conditions(Part):
    """Where the order of the first levers is looked at again: draws with each mechanism off."""

    draws: Draws


class EqualCost(Part):
    """Levers at one cost: draws that sizes are solved on, and that effects are reported on.

    `borne` says whose cost is the same: that of all who bear it, that of the budgets, or each.
    """

    solved_on: Draws
    draws: Draws
    borne: Annotated[tuple[Literal["total", "budget"], ...], Field(min_length=1)] = (
        "total",
        "budget",
    )


class Full(Part):
    """Sobol indices of every factor: by runs, or by a surrogate fitted to `size` runs."""

    size: Points
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
    none: Name = "market_only"
    later: Name | None = None
    rows: Rows
    year: Annotated[StrictInt, Field(ge=2024, le=2040)]
    seed: Seed
    outcomes: Annotated[list[str], Field(min_length=1)]
    main: str
    latent: dict[str, str] = Field(default_factory=dict)
    levers: list[str] = Field(default_factory=list)
    tiers: list[str] = Field(default_factory=lambda: list(TIERS), min_length=1)
    ranges: dict[str, Range] = Field(default_factory=dict)
    parameters: Annotated[StrictInt, Field(ge=1)] | list[str] = Field(default_factory=list)
    outside: list[str] = Field(default_factory=lambda: list(SERIES))
    switches: list[str] = Field(default_factory=list)
    effects: Effects
    measure: Annotated[StrictInt, Field(ge=FEWEST_TO_MEASURE, le=10_000)] | None = None
    sobol: SobolSpec | None = None
    morris: MorrisSpec | None = None
    confirm: Confirm | None = None
    conditions: Conditions | None = None
    equal_cost: EqualCost | None = None
    full: Full | None = None

    @property
    def most_draws(self) -> int:
        """Draws that the stage with the most of them takes."""
        asked = [self.effects.without, self.effects.alone or 0, self.measure or 0]
        if self.conditions:
            asked.append(self.conditions.draws)
        if self.equal_cost:
            asked += [self.equal_cost.solved_on, self.equal_cost.draws]
        return max(asked)


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

    @property
    def tiers(self) -> tuple[str, ...]:
        """What they are looked at of: the province and tiers, in the order of all tables."""
        return tuple(tier for tier in TIERS if tier in self.spec.tiers)


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
    document.check_names(("outcomes",), spec.outcomes, of_tiers)
    document.check_names(("main",), spec.main, spec.outcomes)
    for name, latent in spec.latent.items():
        document.check_names(("latent", name), name, spec.outcomes)
        document.check_names(("latent", name), latent, of_tiers)
    known = declarations()
    document.check_names(("levers",), spec.levers, known)
    document.check_names(("tiers",), spec.tiers, TIERS)
    for name, given in spec.ranges.items():
        document.check_names(("ranges", name), name, known)
        _check_range(document, name, given)
    if isinstance(spec.parameters, list):
        drawn = [row.name for row in table("parameters") if row.low < row.high]
        document.check_names(("parameters",), spec.parameters, drawn)
    document.check_names(("outside",), spec.outside, SERIES)
    document.check_names(("switches",), spec.switches, switches())
    if full and spec.full is None:
        raise document.error(("full",), "is missing", ", ".join(Full.model_fields))
    _check_designs(document, spec)
    levers = tuple(name for name in known if not spec.levers or name in spec.levers)
    _check_levers(document, spec, levers)
    found = {
        key: _scenario(document, key, name, spec)
        for key in ("scenario", "none", "later")
        if (name := getattr(spec, key))
    }
    issued = found["scenario"]
    check_rows(document, ("rows",), issued, spec.rows)
    if spec.confirm is not None:
        check_rows(document, ("confirm", "rows"), issued, spec.confirm.rows)
    if issued.baseline is None:
        raise document.error(("scenario",), f"{issued.name} has no baseline to be paired with")
    return Task(
        spec,
        path.read_text("utf-8"),
        issued,
        _sized(load(issued.baseline), spec),
        found["none"],
        found.get("later"),
        levers,
        {name: switches()[name] for name in spec.switches},
        spec.full if full else None,
    )


def _check_range(document: Document, name: str, given: Range) -> None:
    """Refuse a range that holds nothing or leaves what the lever may be."""
    most = most_times(name)
    if not given.low < given.high:
        problem = f"{given.high:g} is not above low, which is {given.low:g}"
        raise document.error(("ranges", name, "high"), problem, f"more than {given.low:g}")
    if given.high > most:
        problem = f"{given.high:g} times as issued leaves the bounds of {name}"
        raise document.error(("ranges", name, "high"), problem, f"at most {most:g}")


def _check_designs(document: Document, spec: SpecFile) -> None:
    """Refuse what a stage would stop at after all runs are made."""
    for key, section in (("sobol", spec.sobol), ("full", spec.full)):
        if section and section.size & (section.size - 1):
            near = 1 << section.size.bit_length() - 1
            problem = f"{section.size} is no power of two"
            raise document.error((key, "size"), problem, f"{near}, {2 * near}")
    if spec.full and spec.full.surrogate:
        least, most = LEAST_FOR_SURROGATE, MOST_FOR_SURROGATE
        if not least <= spec.full.size <= most:
            problem = f"{spec.full.size} points for a surrogate"
            raise document.error(("full", "size"), problem, f"a power of two, {least} to {most:,}")
    if isinstance(spec.parameters, int):
        drawn = sum(row.low < row.high for row in table("parameters"))
        if spec.parameters > drawn:
            problem = f"{spec.parameters} parameters, and {drawn} are drawn"
            raise document.error(("parameters",), problem, f"1 to {drawn}")
        if spec.measure is None:
            problem = f"the {spec.parameters} most telling ones are found by `measure`"
            allowed = f"`measure: {FEWEST_TO_MEASURE}` or more beside it, or a list of names"
            raise document.error(("parameters",), problem, allowed)
    if spec.conditions and not spec.switches:
        problem = "has no mechanism to switch off"
        raise document.error(("conditions",), problem, "`switches` with a name or more beside it")


def _check_levers(document: Document, spec: SpecFile, levers: Sequence[str]) -> None:
    """Refuse a comparison at one cost without a lever of the document: the sum is of theirs."""
    if spec.equal_cost and DOCUMENT not in map(group_of, levers):
        of_document = [name for name in declarations() if group_of(name) == DOCUMENT]
        problem = "the common cost is that of levers of document 55, and `levers` has none of them"
        raise document.error(("equal_cost",), problem, listed(of_document))


def _scenario(document: Document, key: str, name: str, spec: SpecFile) -> Scenario:
    try:
        return _sized(load(name), spec)
    except InputError as error:
        raise document.error((key,), error.problem, error.allowed, error.nearest) from error


def _sized(scenario: Scenario, spec: SpecFile) -> Scenario:
    return replace(scenario, rows=spec.rows).until(spec.year)
