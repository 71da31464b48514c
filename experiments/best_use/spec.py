"""What a search is told: the file `jiqun design` reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StrictInt

from jiqun.experiments.best_use.attitude import Attitude, Kind
from jiqun.experiments.effects.compare import FLOWS
from jiqun.experiments.effects.costs import BEARERS, COUNTED, FIRST, LAST, OTHERS
from jiqun.experiments.runs.draws import BLOCK, moved_by_draws
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.outside_world import SERIES
from jiqun.scenarios import InputError, load, load_design
from jiqun.scenarios import designs as shipped_designs
from jiqun.scenarios import worlds as shipped_worlds
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.loader import check_rows
from jiqun.scenarios.schema import (
    Finite,
    Label,
    LeverSetting,
    Name,
    Part,
    Share,
    Who,
    checked,
)
from jiqun.scenarios.structure import switches
from jiqun.scenarios.units import to_base
from jiqun.scenarios.yaml_file import find_specification, read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.yaml_file import Document, Key

HERE = Path(__file__).resolve().parent
SHIPPED = ("programme", "tiny")
"""Specifications that come with the project."""
APART = "investment_promotion"
"""Design that is no use of a budget: its effect is what it is assumed to be additional by."""
SPREAD = "spread"
"""Objective: how far the cities' value added lies apart."""
STATES = ("employees", "energy", "energy_per_va")
OBJECTIVES = (*FLOWS, *STATES, SPREAD)
"""What can be aimed at: flows as present values, the others in the last year."""
WHOSE = ("total", "budget", "others", *BEARERS)
LEAST_DRAWS = 8
Draws = Annotated[StrictInt, Field(ge=LEAST_DRAWS, le=BLOCK // 2)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000)]


class Limit(Part):
    """A sum that must not be exceeded by mean cost.

    In a year it is in money of that year; without one it is a present value over all years.
    """

    value: Annotated[Finite, Field(gt=0)]
    unit: Literal["元", "万元", "亿元", "yuan"]
    borne: Literal[WHOSE] = "total"  # type: ignore[valid-type]
    year: Annotated[StrictInt, Field(ge=FIRST, le=LAST)] | None = None

    @property
    def yuan(self) -> float:
        """The sum in yuan."""
        return to_base(self.value, self.unit, "money")

    @property
    def payers(self) -> tuple[str, ...]:
        """Who is counted."""
        named: dict[str, tuple[str, ...]] = {"others": OTHERS}
        named |= {str(name): payers for name, payers in COUNTED.items()}
        return named.get(self.borne, (self.borne,))


class Group(Part):
    """A target group that a lever may be meant for."""

    label: Label
    who: Who


class LeverEntry(Part):
    """A lever that may be used.

    Attributes:
        set: How it is set at scale 1, as in a scenario file.
        scale: What its scale multiplies.
        idle: Scale at which it does nothing more than the baseline.
        groups: Target groups, one of which a design chooses; the lever's own if none.
        beside: Other levers that go with it, as in a scenario file.
    """

    id: Name
    label: Label | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    scale: Annotated[list[str], Field(min_length=1)]
    idle: Annotated[Finite, Field(ge=0)] = 0.0
    groups: list[str] = Field(default_factory=list)
    beside: list[LeverSetting] = Field(default_factory=list)


class AttitudePart(Part):
    """How gains over draws and worlds become one number; `enough` in the objectives' own units."""

    kind: Kind = "mean"
    enough: list[Finite] = Field(default_factory=list)


class Target(Part):
    """An outcome of the province in the last year that has to be reached with some probability."""

    outcome: str
    at_least: Finite | None = None
    at_most: Finite | None = None
    probability: Annotated[Share, Field(gt=0)]


class Constraints(Part):
    """What a design must keep.

    Attributes:
        no_tier_worse: Whether no tier may lose value added, as far as the draws can tell.
        private: Least private yuan of investment and R&D that a yuan of the budgets moves.
        targets: Targets with their probabilities.
    """

    no_tier_worse: bool = False
    private: Finite | None = None
    targets: list[Target] = Field(default_factory=list)


class DrawsPart(Part):
    """Draws of the search, those after them of the judging, and of these the first for worlds."""

    search: Draws
    judging: Draws
    robust: Draws = LEAST_DRAWS


class EffortPart(Part):
    """Plans at random, rounds of new plans, and plans a round."""

    mixes: Count
    rounds: Annotated[StrictInt, Field(ge=0, le=200)]
    each: Count


class Unknown(Part):
    """Parameters that may be worth knowing, and what they are together."""

    label: Label
    parameters: Annotated[list[str], Field(min_length=1, max_length=6)]


class Study(Part):
    """A planned study of enterprises that would tell a parameter.

    Attributes:
        label: What is studied.
        parameter: The parameter.
        enterprises: Numbers of enterprises that are considered.
        spread: Deviation, between enterprises, of what one of them tells of the parameter.
        why: Where that is from.
    """

    label: Label
    parameter: str
    enterprises: Annotated[list[Annotated[StrictInt, Field(ge=1)]], Field(min_length=1)]
    spread: Annotated[Finite, Field(gt=0)]
    why: Label


class SpecFile(Part):
    """A specification of a search."""

    name: Annotated[Name, Field(max_length=40)]
    label: Label
    baseline: Name
    document: Name | None = None
    rows: Annotated[StrictInt, Field(ge=1, le=2_000_000)]
    budget: Annotated[list[Limit], Field(min_length=1)]
    objectives: Annotated[list[str], Field(min_length=1, max_length=3)]
    attitude: AttitudePart = AttitudePart()
    constraints: Constraints = Constraints()
    groups: dict[Name, Group] = Field(default_factory=dict)
    levers: Annotated[list[LeverEntry], Field(min_length=1)]
    compare: list[str] | None = None
    worlds: list[str] = Field(default_factory=list)
    switches: list[str] = Field(default_factory=list)
    unknowns: dict[Name, Unknown] = Field(default_factory=dict)
    studies: list[Study] = Field(default_factory=list)
    draws: DrawsPart
    effort: EffortPart
    seed: Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]

    @property
    def search(self) -> range:
        """Numbers of the draws of the search."""
        return range(1, self.draws.search + 1)

    @property
    def judging(self) -> range:
        """Numbers of the draws of the judging: none of the search is among them."""
        return range(self.draws.search + 1, self.draws.search + self.draws.judging + 1)

    @property
    def taken(self) -> Attitude:
        """The risk attitude."""
        return Attitude(self.attitude.kind, tuple(self.attitude.enough))


@dataclass(frozen=True)
class Task:
    """A specification with the scenarios it names, all at its rows and the last year of costs.

    Attributes:
        spec: The specification.
        text: The file as written.
        document: The file, for the places of errors.
        root: What gains and costs are measured against.
        issued: The document as issued, where it is set beside the designs.
        compared: Names of the designs that are set beside those found.
    """

    spec: SpecFile
    text: str
    document: Document
    root: Scenario
    issued: Scenario | None
    compared: tuple[str, ...]

    def sized(self, scenario: Scenario) -> Scenario:
        """A scenario at the rows of the specification, to the last year of costs.

        It has a name of its own: runs of a search keep less than others and are no part of what is
        told of scenarios that a store holds for their own sake.
        """
        name = f"{self.spec.name}.{scenario.name.removeprefix(f'{self.spec.name}_')}"
        return replace(scenario, rows=self.spec.rows, name=name).until(LAST)


def read_spec(name_or_path: str | Path, without: Sequence[str] = ()) -> Task:
    """Read a specification.

    Args:
        name_or_path: Name of a shipped specification, such as ``programme``, or a YAML file.
        without: Levers of it that may not be used after all; the specification is then another,
            with a name and a label of its own.

    Raises:
        InputError: The file is wrong; the message names file, line, key, what is allowed and the
            nearest valid name.
    """
    path = find_specification(name_or_path, HERE, SHIPPED)
    document = read_yaml(path)
    spec = checked(document, SpecFile, document.data)
    document.check_names(("objectives",), spec.objectives, OBJECTIVES)
    document.check_names(("levers",), [entry.id for entry in spec.levers], declarations(), "id")
    for i, entry in enumerate(spec.levers):
        document.check_names(("levers", i, "groups"), entry.groups, spec.groups)
    document.check_names(("worlds",), spec.worlds, shipped_worlds())
    document.check_names(("switches",), spec.switches, switches())
    found = {
        key: _scenario(document, key, name)
        for key in ("baseline", "document")
        if (name := getattr(spec, key))
    }
    drawn = sorted(moved_by_draws(found["baseline"]) - set(SERIES))
    for name, unknown in spec.unknowns.items():
        document.check_names(("unknowns", name, "parameters"), unknown.parameters, drawn)
    for i, study in enumerate(spec.studies):
        document.check_names(("studies", i, "parameter"), study.parameter, drawn)
    _check_attitude(document, spec)
    document.check_names(("levers",), without, [entry.id for entry in spec.levers])
    spec = _without(document, spec, without) if without else spec
    of_province = [name for name, outcome in OUTCOMES.items() if "province" in outcome.levels]
    for i, target in enumerate(spec.constraints.targets):
        at: Key = ("constraints", "targets", i)
        document.check_names((*at, "outcome"), target.outcome, of_province)
        if (target.at_least is None) == (target.at_most is None):
            raise document.error(at, "has both or neither", "one of at_least and at_most")
    if spec.budget[0].year is not None:
        problem = "the first limit is the money that there is, in one sum"
        raise document.error(("budget", 0, "year"), problem, "further limits may have a year")
    if spec.draws.robust > spec.draws.judging:
        problem = f"{spec.draws.robust} of {spec.draws.judging} draws of the judging"
        raise document.error(("draws", "robust"), problem, f"at most {spec.draws.judging}")
    known = [name for name in shipped_designs() if name != APART]
    if spec.compare is not None:
        document.check_names(("compare",), spec.compare, known)
    check_rows(document, ("rows",), found["baseline"], spec.rows)
    compared = [
        name
        for name in (known if spec.compare is None else spec.compare)
        if not set(load_design(name).scaled) & set(without)
    ]
    task = Task(spec, path.read_text("utf-8"), document, found["baseline"], None, tuple(compared))
    issued = found.get("document")
    return replace(
        task, root=task.sized(task.root), issued=None if issued is None else task.sized(issued)
    )


def _without(document: Document, spec: SpecFile, left_out: Sequence[str]) -> SpecFile:
    """The specification without some of its levers."""
    kept = [entry for entry in spec.levers if entry.id not in left_out]
    if not kept:
        raise document.error(("levers",), "no lever is left", "at least one that may be used")
    out = [entry for entry in spec.levers if entry.id in left_out]
    zh = "、".join((entry.label or declarations()[entry.id].label).zh for entry in out)
    en = ", ".join((entry.label or declarations()[entry.id].label).en for entry in out)
    label = Label(zh=f"{spec.label.zh}（不用{zh}）", en=f"{spec.label.en} (without {en})")
    name = "_".join([spec.name, "without", *left_out])
    return spec.model_copy(update={"name": name, "label": label, "levers": kept})


def _check_attitude(document: Document, spec: SpecFile) -> None:
    """Refuse an attitude that lacks what it needs."""
    kind, enough = spec.attitude.kind, spec.attitude.enough
    if kind == "satisficing" and len(enough) != len(spec.objectives):
        problem = f"{len(enough)} gains for {len(spec.objectives)} objectives"
        raise document.error(("attitude", "enough"), problem, "a gain for each objective")
    if kind == "regret" and not spec.worlds:
        raise document.error(("attitude", "kind"), "regret over no worlds", "`worlds` beside it")


def _scenario(document: Document, key: str, name: str) -> Scenario:
    try:
        return load(name)
    except InputError as error:
        raise document.error((key,), error.problem, error.allowed, error.nearest) from error
