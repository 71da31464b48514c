"""What scenario files, and those of levers and switches, may hold.

Pydantic checks shape, types and names. Terms of a lever (its rates, amounts and caps) are checked
against the lever's own declaration in `levers.py`, since each lever has its own.
"""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from jiqun.model.dimensions import CITIES, FIELDS, MU_CLASSES, SIZES, TIERS
from jiqun.model.lever import QUANTITIES, LeverOrigin
from jiqun.model.outside_world import SERIES
from jiqun.model.policy.ledger import ADDITIONAL, PAYERS, Kind
from jiqun.model.policy.rationing import ServiceOrder
from jiqun.scenarios.errors import ScenarioError, allowed_by, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.marks import THOUSANDS, thousands
from jiqun.scenarios.units import AMOUNT, UNITS, parse_quarter, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.scenarios.yaml_file import Document, Key

ROLES = ("chain_leader", "supporting", "independent")
LABELS = ("innovative_sme", "high_tech", "srdi", "little_giant", "champion", "green_factory")
FIRST = {order.name.lower(): order for order in ServiceOrder}
"""Who is served first when a budget is short, by the name that a scenario file gives it."""

WHO: dict[str, tuple[str, ...]] = {
    "tier": TIERS,
    "field": FIELDS,
    "size": SIZES,
    "city": CITIES,
    "role": ROLES,
    "mu_class": MU_CLASSES,
    "label": LABELS,
}
"""Attributes a target group is named by, with the ids each allows."""

SETTINGS = ("budget", "take_up", "lag", "instalments")
"""Parts of a lever setting that are not terms of its own."""
SCALED_SETTINGS = {"budget": ("budget",), "take_up": ("take_up_start", "take_up_full")}
"""Settings of a lever that can be scaled, and the terms they become."""
MOST = {"budget": float("inf"), "take_up": 1.0}
"""The largest that a setting may become."""
SETTING_TERMS: dict[str, dict[str, tuple[float, float]]] = {
    "budget": {"budget": (0.0, MOST["budget"]), "budget_first": (0.0, float(max(ServiceOrder)))},
    "take_up": {
        "take_up_start": (0.0, 1.0), "take_up_full": (0.0, 1.0), "take_up_years": (0.0, 20.0),
    },
    "lag": {"lag": (0.0, 40.0)},
    "instalments": {f"instalment_{i}": (0.0, 1.0) for i in range(1, 10)},
}  # fmt: skip
"""Settings of a lever to the terms they are kept as, each with its bounds."""

ORIGINS = tuple(origin.value for origin in LeverOrigin)
"""Where a lever is from; a scenario can take all levers of one."""
TAXES = ("vat", "income")
"""Taxes whose sharing among budgets says who bears what is forgone of them."""
COSTS = tuple(
    kind.value for kind in (Kind.SPENT, Kind.FORGONE, Kind.ACCRUED, Kind.CHARGED, Kind.RECEIVED)
)
"""Kinds of what is borne beside grants and stakes."""
FUNDS = (
    "special_funds", "older_programmes", "upgrade_plan", "city_funds", "guidance_funds",
    "guarantee_fund", "tax",
)  # fmt: skip
"""Funds a lever is paid from; what a switch adds on top is booked apart by the model."""

PATHS = {"low": -1.0, "central": 0.0, "high": 1.0}
"""Paths of the outside world and the place of each between low and high."""

Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]


def _one_of(*names: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise PydanticCustomError("one_of", "unknown name", {"names": names})
        return value

    return AfterValidator(check)


def _quarter(value: str) -> str:
    if parse_quarter(value) is None:
        raise PydanticCustomError("quarter", "not a quarter", {"expected": "such as 2024-Q1"})
    return value


Quarter = Annotated[str, AfterValidator(_quarter)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[a-z][a-z0-9_]*$")]


COUNTED = "yuan_counted"
"""Quantity of levers of extensions."""


class Part(BaseModel):
    """A mapping of a scenario file: unknown keys are refused.

    Attributes:
        EXAMPLES: Key anywhere in it to a line that is right there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    EXAMPLES: ClassVar[Mapping[str, str]] = {}


def _one_line(value: str) -> str:
    if not (line := " ".join(value.split())):
        raise PydanticCustomError("string_too_short", "blank", {"min_length": 1})
    if not line.isprintable():
        raise PydanticCustomError("printable", "odd", {"expected": "characters that are printed"})
    return line


Line = Annotated[str, AfterValidator(_one_line)]


class Label(Part):
    """Labels in both languages, each of one line."""

    zh: Line
    en: Line


class Quantity(Part):
    """A number with its unit."""

    value: Finite
    unit: Text


class DatedQuantity(Part):
    """A number with its unit that holds from a quarter until the next one of its list."""

    from_: Annotated[Quarter, Field(alias="from")]
    value: Finite
    unit: Text
    source: str = ""


class Budget(Part):
    """What a lever may spend, and who is served first when it is short."""

    value: Finite
    unit: Annotated[str, _one_of(*UNITS["money"])]
    per: Literal["year", "quarter"]
    first: Annotated[str, _one_of(*FIRST)] = "application"


class TakeUp(Part):
    """Share of those eligible who claim: at the start, in full, and years between the two."""

    start: Share
    full: Share
    years: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=20)]


Instalments = Annotated[list[Share], Field(min_length=1, max_length=9)]
"""Share of an award that is paid in each year."""


class Who(Part):
    """Target group; an absent attribute allows all."""

    tier: list[Annotated[str, _one_of(*TIERS)]] | None = None
    field: list[Annotated[str, _one_of(*FIELDS)]] | None = None
    size: list[Annotated[str, _one_of(*SIZES)]] | None = None
    city: list[Annotated[str, _one_of(*CITIES)]] | None = None
    role: list[Annotated[str, _one_of(*ROLES)]] | None = None
    mu_class: list[Annotated[str, _one_of(*MU_CLASSES)]] | None = None
    label: list[Annotated[str, _one_of(*LABELS)]] | None = None


class LeverSetting(BaseModel):
    """How a scenario sets a lever; keys not listed here are terms of the lever.

    `times` makes the lever so many times as large: the terms of its size, at the values of a draw.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    from_: Annotated[Quarter | None, Field(alias="from")] = None
    to: Quarter | None = None
    who: Who | None = None
    budget: Budget | None = None
    take_up: TakeUp | None = None
    lag: Quantity | None = None
    instalments: Instalments | None = None
    fund: Annotated[str, _one_of(*FUNDS, ADDITIONAL)] | None = None
    times: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None


class ShockSetting(BaseModel):
    """A shock of a scenario; keys not listed here are terms of the shock."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    from_: Annotated[Quarter, Field(alias="from")]
    to: Quarter | None = None


class OutsidePath(Part):
    """Path of one series of the outside world."""

    path: Literal["low", "central", "high"]


class OutsideTimes(Part):
    """What a parameter of the outside world is multiplied by after the origin."""

    times: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0.1, le=10)]


class OutsideSetting(Part):
    """The outside world of a scenario."""

    origin: Annotated[StrictInt, Field(ge=2020, le=2023)] | None = None
    demand_growth: OutsidePath | None = None
    price_growth: OutsidePath | None = None
    frontier_growth: OutsidePath | None = None
    credit_growth: OutsideTimes | None = None
    energy_price: OutsideTimes | None = None

    def positions(self) -> dict[str, float]:
        """Place between low and high of each series that is set."""
        set_ = {series: getattr(self, f"{series}_growth") for series in SERIES}
        return {series: PATHS[path.path] for series, path in set_.items() if path}

    def factors(self) -> dict[str, float]:
        """What each parameter that is set is multiplied by after the origin."""
        set_ = {name: getattr(self, name) for name in ("credit_growth", "energy_price")}
        return {name: given.times for name, given in set_.items() if given}


class ScenarioFile(Part):
    """A scenario file as written."""

    EXAMPLES: ClassVar[Mapping[str, str]] = {
        "name": "name: my_scenario",
        "label": "label: {zh: 我的情景, en: My scenario}",
        "baseline": "baseline: as_issued",
        "start": "start: 2019-Q1",
        "end": "end: 2027-Q4",
        "rows": "rows: 12000",
        "levers": "- id: cluster_award",
        "from": "from: 2025-Q1",
        "to": "to: 2027-Q4",
        "who": "who: {tier: [provincial], size: [small]}",
        "budget": "budget: {value: 2, unit: 亿元, per: year, first: score}",
        "take_up": "take_up: {start: 0.1, full: 0.4, years: 3}",
        "lag": "lag: {value: 2, unit: quarters}",
        "instalments": "instalments: [0.4, 0.3, 0.3]",
        "times": "times: 2",
        "take": "take: [document_55]",
        "without": "without: [cluster_award]",
        "parameters": "parameters: {steered_share: 0.4}",
        "outside": "outside: {demand_growth: {path: low}}",
        "demand_growth": "demand_growth: {path: low}",
        "price_growth": "price_growth: {path: low}",
        "frontier_growth": "frontier_growth: {path: low}",
        "credit_growth": "credit_growth: {times: 0.5}",
        "energy_price": "energy_price: {times: 1.4}",
        "scale": "scale: {cluster_award: [provincial, national]}",
        "shocks": "shocks: [{id: my_shock, from: 2026-Q1, to: 2026-Q1}]",
    }
    name: Name
    label: Label | None = None
    baseline: Name | None = None
    start: Quarter | None = None
    end: Quarter | None = None
    rows: Annotated[StrictInt, Field(ge=0, le=2_000_000)] | None = None
    take: list[Annotated[str, _one_of(*ORIGINS)]] = Field(default_factory=list)
    levers: list[LeverSetting] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list)
    parameters: dict[str, Finite] = Field(default_factory=dict)
    outside: OutsideSetting | None = None
    scale: dict[str, Annotated[list[str], Field(min_length=1)]] | None = None
    shocks: list[ShockSetting] = Field(default_factory=list)


class Term(Part):
    """Declaration of one term of a lever: its kind, bounds and value as issued.

    The value is dated (`default`), or that of a parameter from the lever's first quarter on, which
    is then drawn with it (`parameter`). The model reads a switch, and a term with a `step`, as a
    whole number: what lies between is refused.
    """

    kind: Annotated[str, _one_of(*UNITS)]
    bounds: Annotated[list[Finite], Field(min_length=2, max_length=2)]
    default: Annotated[list[DatedQuantity], Field(min_length=1)] | None = None
    parameter: Name | None = None
    step: Annotated[Finite, Field(gt=0)] | None = None
    grade: Literal["published", "recalled", "assumption"]
    note: str = ""

    @model_validator(mode="after")
    def _one_value(self) -> Term:
        if (self.default is None) == (self.parameter is None):
            raise PydanticCustomError(
                "one_value", "both or neither", {"expected": "one of default and parameter"}
            )
        return self

    @property
    def whole(self) -> float | None:
        """What the value is a whole number of, in base units; None where anything goes."""
        return 1.0 if self.kind == "switch" else self.step


def _whole(paid_by: dict[str, float]) -> dict[str, float]:
    if paid_by and abs(sum(paid_by.values()) - 1) > 1e-9:
        raise PydanticCustomError("whole", "not 1", {"expected": "shares that sum to 1"})
    return paid_by


PaidBy = Annotated[dict[Annotated[str, _one_of(*PAYERS)], Share], AfterValidator(_whole)]
"""Share of each payer; they sum to 1."""


class CostDeclaration(Part):
    """Something that a lever costs beside what it grants: so much of a quantity at a unit cost.

    Attributes:
        kind: What happens to the money.
        paid_by: Who bears it, or receives it where the kind is ``received``; empty where that
            follows the sharing of the lever's tax.
        quantity: Name of the quantity in `model/policy/bearers.py`, or ``yuan_counted``, which a
            function of an extension counts with `ClusterPolicyModel.count`.
        unit_cost: Parameter with its cost, yuan a unit; none where the quantity is yuan already.
    """

    kind: Annotated[str, _one_of(*COSTS)]
    paid_by: PaidBy = Field(default_factory=dict)
    quantity: Annotated[str, _one_of(*QUANTITIES, COUNTED)]
    unit_cost: Name | None = None


class LeverDeclaration(Part):
    """Declaration of a lever: what it is, what it touches and what of it can be set.

    Attributes:
        paid_by: Who pays what it grants or buys into; empty where it does neither.
        tax: The tax it forgoes, borne as the tax is shared; empty for none.
        costs: What else is borne because of it, by whom.
        cost_basis: In a sentence, what it costs and whom, or why nobody.
    """

    id: Name
    label: Label
    article: str
    origin: Annotated[str, _one_of(*ORIGINS)]
    channel: Name
    paid_by: PaidBy = Field(default_factory=dict)
    tax: Annotated[str, _one_of(*TAXES, "")] = ""
    costs: list[CostDeclaration] = Field(default_factory=list)
    cost_basis: Label
    fund: Annotated[str, _one_of(*FUNDS, ADDITIONAL, "")] = ""
    from_: Annotated[Quarter, Field(alias="from")]
    to: Quarter | None = None
    who: list[Annotated[str, _one_of(*WHO)]] = Field(default_factory=list)
    eligible: Who | None = None
    settings: list[Annotated[str, _one_of(*SETTINGS)]] = Field(default_factory=list)
    budget: Budget | None = None
    take_up: TakeUp | None = None
    instalments: Instalments | None = None
    cap_per: Literal["project", "year"] = "project"
    usual_take_up: Name | None = None
    window: Name | None = None
    size: Annotated[list[Name], Field(min_length=1)]
    terms: Annotated[dict[str, Term], Field(min_length=1)]

    @property
    def scalable(self) -> tuple[str, ...]:
        """Terms and settings that a number may multiply."""
        terms = (name for name, term in self.terms.items() if term.whole is None)
        return (*terms, *(name for name in SCALED_SETTINGS if name in self.settings))

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Every term that the lever may have, those of its settings too, with its bounds."""
        own = {name: (term.bounds[0], term.bounds[1]) for name, term in self.terms.items()}
        for setting in self.settings:
            own |= SETTING_TERMS[setting]
        return own

    def bounds_of(self, scalable: str) -> tuple[float, float]:
        """Bounds of a term, or of a setting that can be scaled."""
        if scalable in self.terms:
            low, high = self.terms[scalable].bounds
            return low, high
        return 0.0, MOST[scalable]


class LeverFile(Part):
    """The file of lever declarations: what channels mean, and the levers."""

    channels: dict[Name, Label]
    levers: list[LeverDeclaration]


class Switch(Part):
    """A mechanism of the model, and the values of parameters at which it does nothing."""

    id: Name
    label: Label
    off: Annotated[dict[str, Finite], Field(min_length=1)]
    why: Text


class SwitchFile(Part):
    """The file of mechanisms that can be switched off."""

    switches: list[Switch]


def checked[Checked: BaseModel](
    document: Document, schema: type[Checked], data: Any, at: Key = ()
) -> Checked:
    """Check a part of a file against its schema.

    Args:
        document: The file.
        schema: What the part must look like.
        data: The part.
        at: Path of the part in the file.

    Raises:
        ScenarioError: The first thing that does not fit, with its line and what is allowed.
    """
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        # An unknown key often leaves a required one missing: name the misspelling, not the gap.
        problems = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        raise _explain(document, schema, problems[0], at) from error


def _explain(document: Document, schema: type[BaseModel], error: Any, at: Key) -> ScenarioError:
    key = (*at, *(part for part in error["loc"] if part != "[key]"))
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    example = _example(schema, key, given)
    if kind == "extra_forbidden":
        valid = _keys_at(schema, error["loc"][:-1])
        near = nearest_name(str(key[-1]), valid)
        return document.error(key, say("unknown key"), ", ".join(valid), near)
    if kind == "missing":
        valid = _keys_at(schema, error["loc"][:-1])
        return document.error(key, say("is missing"), ", ".join(valid), None, example)
    if isinstance(given, str) and THOUSANDS.fullmatch(given):
        return document.error(key, thousands(given).problem)
    if kind in ("one_of", "literal_error"):
        valid = list(context.get("names", ())) or _literals(context.get("expected", ""))
        near = nearest_name(str(given), valid)
        problem = say("unknown name {given}", given=repr(given))
        return document.error(key, problem, ", ".join(valid), near)
    shown = given if isinstance(given, str | int | float | None) else type(given).__name__
    text = shorten(repr(shown), 60, placeholder=" ...")
    problem = say("{given} is not allowed", given=text)
    quarter = _is_date(key) and kind == "string_type"
    allowed = say("such as 2024-Q1") if quarter else allowed_by(error)
    return document.error(key, problem, allowed, None, example)


def _example(schema: type[BaseModel], key: Key, given: Any) -> str:
    """A line that would be right at a key, as near as can be to what was given."""
    name = next((part for part in reversed(key) if isinstance(part, str)), "")
    if name in WHO and isinstance(given, str):
        near = nearest_name(given, WHO[name])
        return f"{name}: [{near or WHO[name][0]}]"
    if _is_date(key) and isinstance(given, int) and 1900 < given < 2100:
        return f"{name}: {given}-Q{4 if name in ('to', 'end') else 1}"
    if name == "lag" and isinstance(given, int | float):
        return f"lag: {{value: {given:g}, unit: quarters}}"
    if name == "take_up" and isinstance(given, int | float) and 0 <= given <= 1:
        return f"take_up: {{start: {given:g}, full: {given:g}, years: 1}}"
    if apart := _apart(name, given):
        return apart
    examples: Mapping[str, str] = getattr(schema, "EXAMPLES", {})
    # A part of a setting is shown in its setting: `start` of a take-up is no date.
    parents = [part for part in ("take_up", "budget", "lag") if part in key]
    return examples.get(parents[0] if parents else name, "")


def _apart(name: str, given: Any) -> str:
    """A number and its unit apart where they were given in one, or a number as the label it is."""
    if name in ("zh", "en") and isinstance(given, int | float):
        return f'{name}: "{given}"'
    amount = AMOUNT.fullmatch(given) if name == "value" and isinstance(given, str) else None
    if amount and any(amount[2] in units for units in UNITS.values()):
        return f"value: {amount[1]}, unit: {quoted(amount[2])}"
    return ""


def _is_date(key: Key) -> bool:
    """Whether a key of a scenario file holds a quarter."""
    return bool(key) and (key[-1] in ("from", "to") or key in (("start",), ("end",)))


def _literals(text: str) -> list[str]:
    return [part.strip(" '") for part in text.replace(" or ", ", ").split(",")]


def _keys_at(schema: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Keys allowed in the mapping at a place of a schema."""
    current: Any = schema
    for part in loc:
        if isinstance(part, int) or not hasattr(current, "model_fields"):
            continue
        named = {info.alias or name: info for name, info in current.model_fields.items()}
        if part in named:
            current = _model_in(named[str(part)].annotation) or current
    return [info.alias or name for name, info in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as ``list[Model] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found:
            return found
    return None
