"""What a run is told: the resolved scenario, as plain data.

The package `scenarios` reads and checks files and builds these objects; the model only takes them.
Everything here is in base units: yuan, tce, persons, shares (0.05 is five per cent) and rates per
year. Quarters are counted from 2019-Q1, which is quarter 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.elementary import power
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from jiqun.model.estimates import Basis

FIELDS = tuple(REGION.fields)
CITIES = tuple(REGION.cities)
TIERS = ("world", "national", "provincial", "county", "none")
MU_CLASSES = ("a", "b", "c", "d")
SERIES = ("demand", "price", "frontier")

QUANTITIES = (
    "interest_given_up", "loans_beyond_limit", "longer_loans", "expected_loss", "bank_loss",
    "stakes", "stakes_lost", "income_tax_forgone", "vat_forgone", "surcharge", "sales_withheld",
    "plant_refused", "training_places", "promoted_plants", "promoted_capital", "audits",
    "projects_chosen", "first_sales", "first_use_sales", "title_applications", "work_beyond_usual",
    "capacity_added", "clusters_served", "clusters_building_together", "templates",
    "leaders_matched", "leaders_served", "bodies", "bodies_with_title", "task_forces", "plans",
    "offices", "clusters_judged", "candidates_judged", "county_clusters_recognised",
)  # fmt: skip
"""What a cost beside grants is reckoned by (`model/policy/bearers.py`)."""

FIRST_YEAR = 2019
"""Calendar year of quarter 0."""

ASSUMPTION_ONLY_FIELDS = REGION.fields_that("assumed")
"""Fields without published data; reports show them as one group, marked 'assumption only'."""

Array = npt.NDArray[np.float64]
Steps = tuple[tuple[int, float], ...]
"""Dated values: quarter from which each holds, and the value."""
Groups = Mapping[str, tuple[str, ...]]
"""Attribute (tier, field, size, city, role, mu_class, label) to allowed ids; an absent attribute
allows all. A trial also names enterprises (`id`)."""
Targets = tuple[tuple[int, Groups], ...]
"""Dated target groups: quarter from which each holds, and the groups."""


class Size(IntEnum):
    """Size class of an enterprise by the statistical classes of 2017."""

    LARGE = 0
    MEDIUM = 1
    SMALL = 2
    BELOW_SCALE = 3


class Status(StrEnum):
    """Title that a cluster holds."""

    CANDIDATE = "candidate"
    COUNTY = "county"
    PROVINCIAL = "provincial"
    NATIONAL = "national"
    WORLD = "world"
    REVOKED = "revoked"
    NONE = "none"
    """Of those outside all clusters."""


class LeverOrigin(StrEnum):
    """Where a lever comes from."""

    DOCUMENT_55 = "document_55"
    OLDER = "older"
    """In force before the document."""
    LATER = "later"
    """National or of cities, known after the document was issued."""
    DESIGN = "design"
    """In force nowhere: a scenario may put it there."""


SIZES = tuple(size.name.lower() for size in Size)
STATUSES = tuple(status.value for status in Status)


def quarter_index(year: int, quarter: int) -> int:
    """Index of a calendar quarter (1 to 4), counted from 2019-Q1 = 0."""
    return (year - FIRST_YEAR) * 4 + quarter - 1


def quarter_name(index: int) -> str:
    """Name of a quarter index, such as ``2024-Q1``."""
    return f"{FIRST_YEAR + index // 4}-Q{index % 4 + 1}"


def year_of(index: int) -> int:
    """Calendar year of a quarter index."""
    return FIRST_YEAR + index // 4


@dataclass(frozen=True)
class Cost:
    """What is borne because of a lever beside its grants: a quantity at a unit cost.

    Attributes:
        kind: Kind in the ledger.
        paid_by: Share of each who bears it, or who receives it; empty where the tax is shared so.
        quantity: Name of the quantity (`model/policy/bearers.py`).
        unit_cost: Parameter, yuan a unit; empty where the quantity is in yuan.
    """

    kind: str
    paid_by: Mapping[str, float]
    quantity: str
    unit_cost: str = ""


@dataclass(frozen=True)
class Lever:
    """One policy instrument as a scenario sets it.

    Attributes:
        id: Identifier of the instrument in the lever register.
        origin: Where it comes from, a value of `LeverOrigin`.
        channel: What it touches (`model/channels.py`).
        article: Article of document 55 it belongs to, or an empty string.
        start: First quarter in force (index).
        end: Last quarter in force (index), or None if open.
        terms: Dated values in base units: name to ((quarter, value), ...) in order of quarters. A
            value holds from its quarter until the next one.
        who: Dated target groups in order of quarters; none for a lever that is open to all.
        paid_by: Who pays what it grants or buys into, to its share; empty where it does neither.
        tax: The tax it forgoes, ``vat`` or ``income``, borne as it is shared; empty for none.
        costs: What else is borne because of it.
        fund: Fund the money comes from, or an empty string.
        drawn: Term to the parameter its first dated value is drawn with. Later dates of the term
            are set by a scenario and stay.
        cap_a_year: Whether its cap is for an enterprise and a year; else it is for a project.
        usual_take_up: Parameter that says who claims where no take-up is set; empty for all.
        window: Parameter that is its weight in the special funds; empty for none.
        size: Terms that make it larger or smaller, each with the bounds it stays in; those that
            the lever has not set are no part of it.
        place: Its place in the lever register. Scenarios hold their levers in this order; it
            belongs to the register, so it is no part of what a lever is.
    """

    id: str
    origin: str
    channel: str
    article: str
    start: int
    end: int | None
    terms: Mapping[str, Steps]
    who: Targets = ()
    paid_by: Mapping[str, float] = field(default_factory=dict)
    tax: str = ""
    costs: tuple[Cost, ...] = ()
    fund: str = ""
    drawn: Mapping[str, str] = field(default_factory=dict)
    cap_a_year: bool = False
    usual_take_up: str = ""
    window: str = ""
    size: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    place: int = field(default=0, compare=False)

    @property
    def grants(self) -> bool:
        """Whether it pays out of a fund: a grant, an award, a stake or a guarantee."""
        return self.fund not in ("", "tax")

    def value(self, term: str, quarter: int, absent: float = 0.0) -> float:
        """Value of a term in a quarter; `absent` outside the period or before its first date.

        Args:
            term: Name of the term.
            quarter: Quarter index.
            absent: Value where the lever is not in force or has not set the term; base unit of the
                term.
        """
        current = absent
        if quarter < self.start or (self.end is not None and quarter > self.end):
            return current
        for begin, value in self.terms.get(term, ()):
            if begin <= quarter:
                current = value
        return current

    def groups(self, quarter: int) -> Groups:
        """Target groups in a quarter; the first ones hold before their date as well."""
        current: Groups = self.who[0][1] if self.who else {}
        for begin, groups in self.who:
            if begin <= quarter:
                current = groups
        return current

    def in_force(self, quarter: int) -> bool:
        """Whether the lever is in force in a quarter."""
        return self.start <= quarter and (self.end is None or quarter <= self.end)

    def with_draw(self, values: Mapping[str, float]) -> Lever:
        """The same lever with its drawn terms at the values of their parameters.

        Args:
            values: Parameter to value in base units; terms of other parameters stay.

        Raises:
            ValueError: A value takes a term of its size out of bounds.
        """
        for term, parameter in self.drawn.items():
            if parameter in values and term in self.size:
                low, high = self.size[term]
                if not low <= values[parameter] <= high:
                    problem = (
                        f"{parameter} {values[parameter]:g} is out of bounds of {self.id}.{term}"
                    )
                    raise ValueError(f"{problem}; allowed: {low:g} to {high:g}")
        moved = {
            term: ((self.terms[term][0][0], float(values[parameter])), *self.terms[term][1:])
            for term, parameter in self.drawn.items()
            if parameter in values
        }
        return replace(self, terms={**self.terms, **moved}) if moved else self

    def sized(self, times: float, first: int) -> Lever:
        """The same lever made larger or smaller from a quarter on; before, it is as it was.

        Args:
            times: What the terms of its size are multiplied by; none leaves its bounds.
            first: First quarter (index) of the new size.
        """
        if times == 1.0:
            return self
        moved = {}
        for term, (low, high) in self.size.items():
            before, after = self._parted(term, first)
            made = ((quarter, min(max(times * value, low), high)) for quarter, value in after)
            moved[term] = (*before, *made)
        return replace(self, terms={**self.terms, **{n: path for n, path in moved.items() if path}})

    def most_times(self, first: int) -> float:
        """The largest number that `sized` can multiply by before a term meets its bounds."""
        rooms = [
            bounds[value > 0.0] / value
            for term, bounds in self.size.items()
            for _, value in self._parted(term, first)[1]
            if value != 0.0
        ]
        return min(rooms, default=float("inf"))

    def _parted(self, term: str, first: int) -> tuple[Steps, Steps]:
        """Dated values of a term before a quarter and from it on; empty where it has none."""
        steps = self.terms.get(term, ())
        before = tuple(step for step in steps if step[0] < first)
        after = tuple(step for step in steps if step[0] >= first)
        if before and (not after or after[0][0] > first):
            after = ((first, before[-1][1]), *after)
        return before, after


def always(groups: Groups) -> Targets:
    """Target groups that hold from the first quarter on."""
    return ((0, groups),)


@dataclass(frozen=True)
class Outside:
    """The outside world: yearly growth of demand, prices and the technology frontier by field.

    History is as published. After the origin the growth of the last years goes over into its long
    mean: the distance between the two halves in the `half_life` that `growth` is asked with. The
    path is moved by `position` (in [-1, 1]) standard deviations of a single year.

    Attributes:
        first_year: Calendar year of the first row of `history`.
        origin: Last year that is history.
        history: Series to growth a year, shape (years, fields), as shares.
        recent: Series to mean of the last years before the origin, shape (fields,).
        age: Years from the middle of those last years to the origin.
        lasting: Series to the long mean of all industry, all years known at the origin.
        spread: Series to standard deviation of all industry over the same years.
        position: Series to place between the low (-1) and the high (+1) path.
        loan_rate: (year, rate a year) of new corporate loans; the last holds afterwards.
        credit_growth: (year, log growth) of the loans that banks hold; history alone.
        input_gap: (year, growth) of what industry pays for inputs over its own prices; none
            afterwards.
        times: Parameter of the outside world to what it is multiplied by after the origin.
    """

    first_year: int
    origin: int
    history: Mapping[str, Array]
    recent: Mapping[str, Array]
    age: float
    lasting: Mapping[str, float]
    spread: Mapping[str, float]
    position: Mapping[str, float]
    loan_rate: tuple[tuple[int, float], ...]
    credit_growth: tuple[tuple[int, float], ...]
    input_gap: tuple[tuple[int, float], ...]
    times: Mapping[str, float] = field(default_factory=dict)

    def factor(self, parameter: str, year: int) -> float:
        """What a parameter of the outside world is multiplied by in a year; 1 until the origin."""
        return self.times.get(parameter, 1.0) if year > self.origin else 1.0

    def growth(self, series: str, year: int, half_life: float) -> Array:
        """Growth of a series in a year, shape (fields,).

        Args:
            series: Demand, price or frontier.
            year: Calendar year.
            half_life: Years in which the distance from the long mean halves; of no account until
                the origin.
        """
        row = year - self.first_year
        if 0 <= row < len(self.history[series]) and year <= self.origin:
            result: Array = self.history[series][row]
            return result
        long_mean = self.lasting[series]
        kept = power(0.5, (year - self.origin + self.age) / half_life)
        moved = self.position.get(series, 0.0) * self.spread[series]
        return long_mean + kept * (self.recent[series] - long_mean) + moved

    def loan_rate_in(self, year: int) -> float:
        """Rate of new corporate loans in a year (a share a year)."""
        past = [rate for known, rate in self.loan_rate if known <= year]
        return past[-1] if past else self.loan_rate[0][1]

    def credit_growth_in(self, year: int) -> float:
        """Growth of loans in a year of history, log; zero in others."""
        return dict(self.credit_growth).get(year, 0.0)

    def input_gap_in(self, year: int) -> float:
        """Growth of input prices over own prices in a year, a share; zero after the origin."""
        return dict(self.input_gap).get(year, 0.0)


PART_OF_YEAR = {"first half": 1 / 2, "output of nine months": 3 / 4}
"""Kinds of size that cover part of a year, with the part; brought to a year in proportion."""


@dataclass(frozen=True)
class ClusterRecord:
    """A named cluster of the register as known at end-2023.

    What was published on its size is kept with its scope. The population is only raked to it where
    the scope is that of above-scale revenue, which `rake` says: a marginal then brings it to
    end-2018.

    Attributes:
        id: Identifier in the register.
        name_zh: Chinese name.
        name_en: English name.
        field: Field.
        city: Host city.
        tier: Cultivation tier.
        status: Title held at end-2023.
        scale: Published size, yuan; none if none was published.
        scale_year: Year it is about.
        scale_kind: What it counts and over what part of the year.
        rake: Whether it may be used as a marginal.
    """

    id: str
    name_zh: str
    name_en: str
    field: str
    city: str
    tier: str
    status: str
    scale: float | None = None
    scale_year: int | None = None
    scale_kind: str = ""
    rake: bool = False

    def size_at_start(self, growth: float) -> float:
        """Published size brought to a year and back to 2018 by the growth of all revenue, yuan.

        Args:
            growth: Above-scale revenue of the province in 2023 over that in 2018.
        """
        yearly = (self.scale or 0.0) / PART_OF_YEAR.get(self.scale_kind, 1.0)
        return float(yearly * power(growth, (2018 - (self.scale_year or 2018)) / 5.0))


@dataclass(frozen=True)
class Province:
    """Published and proxied facts the population at end-2018 is built from.

    Attributes:
        fields: Quantity (see `calibration/data/fields.csv`) to values in the order of FIELDS.
        city_weight: Weights of the cities in the order of CITIES.
        marginals: Name (see `calibration/data/marginals.csv`) to value at end-2018.
        clusters: Named clusters.
        estimates: Parameter that is an estimate of the literature to what it stands on.
    """

    fields: Mapping[str, Array]
    city_weight: Array
    marginals: Mapping[str, float]
    clusters: tuple[ClusterRecord, ...]
    estimates: Mapping[str, Basis]


@dataclass(frozen=True)
class Notice:
    """What a reader of a scenario should know: it stops no run and is no part of its identity.

    Attributes:
        kind: ``changes_history``, ``never_acts``, ``reaches_nobody`` or ``small_share``.
        levers: Levers it is about.
        zh: Text in Chinese.
        en: Text in English.
    """

    kind: str
    levers: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True)
class Scenario:
    """A resolved scenario: all that decides a run but its seed.

    Attributes:
        name: Name, unique among the scenarios of a batch.
        label_zh: Chinese label.
        label_en: English label.
        baseline: Name of the scenario it is compared with, if any.
        start: First quarter (index).
        end: Last quarter (index).
        parameters: Behavioural parameters, name to value (`calibration/data/parameters.csv`).
        outside: Paths of the outside world.
        levers: Instruments in force, in the order of the lever register.
        province: Tables the population is built from.
        rows: Enterprise rows at the start; 0 means one row an enterprise.
        data_hash: Hash of the data tables behind it.
        notices: What its files give readers to know.
    """

    name: str
    label_zh: str
    label_en: str
    baseline: str | None
    start: int
    end: int
    parameters: Mapping[str, float]
    outside: Outside
    levers: tuple[Lever, ...]
    province: Province
    rows: int
    data_hash: str
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        """Put the levers in the order of the register, whatever order they came in.

        Of grants of one rate the first is offered, and sums have their last digits by their order.
        """
        ordered = tuple(sorted(self.levers, key=lambda lever: lever.place))
        object.__setattr__(self, "levers", ordered)

    def lever(self, lever_id: str) -> Lever | None:
        """The lever with this id, or None where the scenario has none."""
        return self._by_id.get(lever_id)

    def levers_of(self, channel: str) -> tuple[Lever, ...]:
        """The levers of a channel, in the order of the register."""
        return self._by_channel.get(channel, ())

    @cached_property
    def _by_id(self) -> dict[str, Lever]:
        return {lever.id: lever for lever in self.levers}

    @cached_property
    def _by_channel(self) -> dict[str, tuple[Lever, ...]]:
        channels = dict.fromkeys(lever.channel for lever in self.levers)
        return {
            channel: tuple(lever for lever in self.levers if lever.channel == channel)
            for channel in channels
        }

    def with_draw(
        self,
        values: Mapping[str, float],
        outside: Mapping[str, float],
        sizes: Mapping[str, float] | None = None,
    ) -> Scenario:
        """The same scenario at other parameter values, outside paths and sizes of levers.

        For draws, whose values are inside the ranges of the parameters. By hand, take
        `scenarios.with_parameters`, which checks them; `dataclasses.replace` would leave behind the
        terms of levers that follow a parameter.

        Args:
            values: Parameter to value; terms of levers that are drawn move with their parameters.
            outside: Series to its place between the low and the high path.
            sizes: Lever to how many times as large it is after the origin of the outside world as
                the scenario has it; a lever that the scenario lacks stays absent.

        Raises:
            KeyError: A parameter is unknown.
        """
        unknown = set(values) - set(self.parameters)
        if unknown:
            raise KeyError(f"unknown parameters: {sorted(unknown)}")
        moved = {**self.outside.position, **outside}
        times, first = sizes or {}, quarter_index(self.outside.origin + 1, 1)
        return replace(
            self,
            parameters={**self.parameters, **values},
            levers=tuple(
                lever.with_draw(values).sized(times.get(lever.id, 1.0), first)
                for lever in self.levers
            ),
            outside=replace(self.outside, position=moved),
        )

    def until(self, year: int) -> Scenario:
        """The same scenario with another last year."""
        return replace(self, end=quarter_index(year, 4))

    def canonical(self) -> dict[str, Any]:
        """The scenario as JSON-able data; equal scenarios give equal data."""
        plain: dict[str, Any] = _plain(
            {
                name: getattr(self, name)
                for name in self.__dataclass_fields__
                if name not in ("label_zh", "label_en", "baseline", "notices")
            }
        )
        return plain

    @cached_property
    def digest(self) -> str:
        """Hash of the canonical form."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @cached_property
    def identity(self) -> str:
        """Digest of the scenario whatever its horizon."""
        return replace(self, end=self.start).digest


def _plain(value: Any) -> Any:
    """Turn dataclasses, arrays and mappings into JSON-able data."""
    if isinstance(value, np.ndarray):
        return [float(item) if item.ndim == 0 else _plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        fields_of = value.__dataclass_fields__.values()
        return {each.name: _plain(getattr(value, each.name)) for each in fields_of if each.compare}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
