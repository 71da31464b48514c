"""Scenarios as a store keeps them: resolved, in base units, whole in one file.

`Scenario.canonical` is written and read back here, so that a stored scenario runs under the key it
was stored with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, StrictInt

from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.estimates import Basis
from jiqun.model.lever import Cost, Lever
from jiqun.model.outside_world import Outside
from jiqun.model.policy.rationing import ALLOWED, ServiceOrder
from jiqun.model.province import ClusterRecord, Province
from jiqun.model.scenario import Notice, Scenario
from jiqun.model.shocks import Shock
from jiqun.scenarios.errors import listed, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.levers import declaration, declarations
from jiqun.scenarios.limits import FIRST_END, LAST_END, in_range, within
from jiqun.scenarios.rows.evidence import InputsHeld, Prices  # noqa: TC001  (pydantic reads annotations)
from jiqun.scenarios.schema import Finite, Label, Name, Part, Who, checked
from jiqun.scenarios.shocks import check_known, check_terms
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from jiqun.scenarios.schema import LeverDeclaration
    from jiqun.scenarios.yaml_file import Document, Key

FieldValues = Annotated[list[Finite], Field(min_length=len(FIELDS), max_length=len(FIELDS))]


class OutsideData(Part):
    """The outside world as resolved."""

    first_year: StrictInt
    origin: StrictInt
    history: dict[str, list[FieldValues]]
    recent: dict[str, FieldValues]
    age: Finite
    lasting: dict[str, Finite]
    spread: dict[str, Finite]
    position: dict[str, Finite]
    loan_rate: list[tuple[StrictInt, Finite]]
    credit_growth: list[tuple[StrictInt, Finite]]
    input_gap: list[tuple[StrictInt, Finite]]
    times: dict[str, Finite]


class BasisData(Part):
    """What an estimate stands on, as resolved."""

    prices: Prices
    inputs: InputsHeld


class ProvinceData(Part):
    """The tables of the province as resolved."""

    fields: dict[str, FieldValues]
    city_weight: Annotated[list[Finite], Field(min_length=len(CITIES), max_length=len(CITIES))]
    marginals: dict[str, Finite]
    clusters: list[ClusterData]
    estimates: dict[str, BasisData]


class ClusterData(Part):
    """A cluster of the register as resolved."""

    id: str
    name_zh: str
    name_en: str
    field: str
    city: str
    tier: str
    status: str
    scale: Finite | None
    scale_year: StrictInt | None
    scale_kind: str
    rake: bool


class CostData(Part):
    """What is borne beside grants, as resolved."""

    kind: str
    paid_by: dict[str, Finite]
    quantity: str
    unit_cost: str


class LeverData(Part):
    """A lever as resolved."""

    id: Name
    origin: str
    channel: str
    article: str
    start: StrictInt
    end: StrictInt | None
    terms: dict[str, Annotated[list[tuple[StrictInt, Finite]], Field(min_length=1)]]
    who: list[tuple[StrictInt, Who]]
    paid_by: dict[str, Finite]
    tax: str
    costs: list[CostData]
    fund: str
    drawn: dict[str, str]
    cap_a_year: bool
    usual_take_up: str
    window: str
    size: dict[str, tuple[Finite, float]]
    multiples: dict[str, list[tuple[StrictInt, Finite]]] = Field(default_factory=dict)


class ShockData(Part):
    """A shock as resolved."""

    id: Name
    start: StrictInt
    end: StrictInt | None
    values: list[tuple[Name, Finite]]


class NoticeData(Part):
    """A notice as stored."""

    kind: str
    levers: list[str]
    zh: str
    en: str


class ResolvedFile(Part):
    """A scenario as a store keeps it."""

    name: Name
    label: Label
    baseline: str | None
    start: StrictInt
    end: StrictInt
    parameters: dict[str, Finite]
    outside: OutsideData
    levers: list[LeverData]
    province: ProvinceData
    rows: Annotated[StrictInt, Field(ge=0, le=2_000_000)]
    data_hash: str
    notices: list[NoticeData] = Field(default_factory=list)
    shocks: list[ShockData] = Field(default_factory=list)


def is_resolved(document: Document) -> bool:
    """Whether a file holds a scenario as resolved."""
    return isinstance(document.data, dict) and {"data_hash", "province"} <= document.data.keys()


def resolved(document: Document) -> Scenario:
    """The scenario that a file holds as resolved.

    Raises:
        ScenarioError: It lacks something, or holds what no scenario does: a lever, term, parameter
            or target group that is unknown, a value out of bounds, a start or end out of range.
    """
    data = checked(document, ResolvedFile, document.data)
    _check_levers(document, data)
    _check_parameters(document, data)
    _check_period(document, data)
    for i, shock in enumerate(data.shocks):
        check_known(document, shock.id, ("shocks", i, "id"))
        check_terms(document, shock.id, dict(shock.values), ("shocks", i))
    outside = data.outside.model_dump()
    for name in ("recent", "history"):
        outside[name] = {series: np.array(values) for series, values in outside[name].items()}
    province = data.province.model_dump()
    return Scenario(
        name=data.name,
        label_zh=data.label.zh,
        label_en=data.label.en,
        baseline=data.baseline,
        start=data.start,
        end=data.end,
        parameters=data.parameters,
        outside=Outside(
            **outside
            | {
                name: tuple(map(tuple, outside[name]))
                for name in ("loan_rate", "credit_growth", "input_gap")
            }
        ),
        levers=tuple(_lever(lever) for lever in data.levers),
        province=Province(
            fields={name: np.array(values) for name, values in province["fields"].items()},
            city_weight=np.array(province["city_weight"]),
            marginals=province["marginals"],
            clusters=tuple(ClusterRecord(**cluster) for cluster in province["clusters"]),
            estimates={name: Basis(**basis) for name, basis in province["estimates"].items()},
        ),
        rows=data.rows,
        data_hash=data.data_hash,
        notices=tuple(Notice(n.kind, tuple(n.levers), n.zh, n.en) for n in data.notices),
        shocks=tuple(Shock(s.id, s.start, s.end, tuple(s.values)) for s in data.shocks),
    )


def _lever(data: LeverData) -> Lever:
    plain: dict[str, Any] = data.model_dump(exclude={"who"})
    terms, multiples = (
        {name: tuple(map(tuple, steps)) for name, steps in plain[part].items()}
        for part in ("terms", "multiples")
    )
    who = tuple(
        (quarter, {name: tuple(ids) for name, ids in groups.model_dump(exclude_none=True).items()})
        for quarter, groups in data.who
    )
    place = list(declarations()).index(data.id)
    costs = tuple(Cost(**cost) for cost in plain["costs"])
    given = {"terms": terms, "multiples": multiples, "who": who, "costs": costs, "place": place}
    return Lever(**plain | given)


def _check_period(document: Document, data: ResolvedFile) -> None:
    """Refuse quarters that no scenario starts or ends with; here they are counted from 0."""
    for key, value, first, last in (
        ("start", data.start, 0, 0),
        ("end", data.end, FIRST_END, LAST_END),
    ):
        if not first <= value <= last:
            problem = say("{given} is not allowed", given=value)
            span = say("{first} to {last}", first=first, last=last)
            raise document.error((key,), problem, span if first < last else str(first))


def _check_parameters(document: Document, data: ResolvedFile) -> None:
    """Refuse parameters that are missing, unknown or out of their range."""
    for row in table("parameters"):
        if row.name not in data.parameters:
            at = ("parameters", row.name)
            raise document.error(at, say("is missing"), say("names of parameters.csv"))
    in_range(document, data.parameters)


def _check_levers(document: Document, data: ResolvedFile) -> None:
    """Refuse levers and terms that are not declared, and terms out of their bounds."""
    for i, lever in enumerate(data.levers):
        at = ("levers", i)
        declared = declaration(document, lever.id, (*at, "id"))
        if lever.channel != declared.channel:
            problem = say("{given} is not allowed", given=repr(lever.channel))
            allowed = declared.channel
            raise document.error((*at, "channel"), problem, allowed)
        _check_terms(document, lever, declared, (*at, "terms"))
        for name in lever.multiples:
            if name not in lever.drawn or name not in lever.size:
                allowed = listed(lever.drawn.keys() & lever.size.keys()) or say("none")
                raise document.error((*at, "multiples", name), say("is not drawn"), allowed)


def _check_terms(document: Document, lever: LeverData, declared: LeverDeclaration, at: Key) -> None:
    for name in declared.terms:
        if name not in lever.terms:
            raise document.error((*at, name), say("is missing"), listed(declared.terms))
    bounds = declared.bounds
    for name, steps in lever.terms.items():
        if name not in bounds:
            problem = say("unknown key of lever {lever}", lever=lever.id)
            near = nearest_name(name, bounds)
            raise document.error((*at, name), problem, listed(bounds), near)
        low, high = bounds[name]
        for place, (_, value) in enumerate(steps):
            if name == "budget_first" and value not in ServiceOrder:
                problem = say("{given} is not allowed", given=value)
                raise document.error((*at, name, place), problem, ALLOWED)
            if not within(value, low, high):
                problem = say("{value:g} is out of bounds", value=value)
                allowed = say("{low:g} to {high:g}", low=low, high=high)
                raise document.error((*at, name, place), problem, allowed)
