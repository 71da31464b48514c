"""Levers: policy instruments with their dated terms, whom they are for and who bears their costs.

Terms are in base units, and dates are indices of quarters (`model/calendar.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

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

IF_ANY: Mapping[str, bool] = {"if any": True}
"""Metadata of a field that stored scenarios hold only where it is not empty: older ones lack it."""
Steps = tuple[tuple[int, float], ...]
"""Dated values: quarter from which each holds, and the value."""
Groups = Mapping[str, tuple[str, ...]]
"""Attribute (tier, field, size, city, role, mu_class, label) to allowed ids; an absent attribute
allows all. A trial also names enterprises (`id`)."""
Targets = tuple[tuple[int, Groups], ...]
"""Dated target groups: quarter from which each holds, and the groups."""


class LeverOrigin(StrEnum):
    """Where a lever comes from."""

    DOCUMENT_55 = "document_55"
    OLDER = "older"
    """In force before the document."""
    LATER = "later"
    """National or of cities, known after the document was issued."""
    DESIGN = "design"
    """In force nowhere: a scenario may put it there."""


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
            are set by a scenario and stay, but for those that are multiples of the drawn value.
        cap_a_year: Whether its cap is for an enterprise and a year; else it is for a project.
        usual_take_up: Parameter that says who claims where no take-up is set; empty for all.
        window: Parameter that is its weight in the special funds; empty for none.
        size: Terms that make it larger or smaller, each with the bounds it stays in; those that
            the lever has not set are no part of it.
        multiples: Drawn term to the quarters from which it is so many times the value of its
            parameter; absent where it is that value until a scenario sets another.
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
    multiples: Mapping[str, Steps] = field(default_factory=dict, metadata=IF_ANY)
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
            term: self._moved(term, float(values[parameter]))
            for term, parameter in self.drawn.items()
            if parameter in values
        }
        return replace(self, terms={**self.terms, **moved}) if moved else self

    def _moved(self, term: str, value: float) -> Steps:
        """Dated values of a drawn term at a value of its parameter; multiples stay in bounds."""
        first, path = self.terms[term][0][0], dict(self.terms[term])
        path[first] = value
        for quarter, times in self.multiples.get(term, ()):
            low, high = self.size[term]
            path[quarter] = min(max(times * value, low), high)
        return tuple(path.items())

    def times(self, times: float, first: int) -> Lever:
        """As `sized`, for draws to come: what is drawn keeps its parameter.

        Args:
            times: What the terms of its size are multiplied by.
            first: First quarter (index) of the new size.
        """
        multiples = dict(self.multiples)
        for term in self.size.keys() & self.drawn.keys():
            path = self.terms[term]
            follows = {path[0][0]: 1.0, **dict(self.multiples.get(term, ()))}
            before, after = self._parted(term, first)
            # Where the new size begins between two dates, it follows what the earlier one follows.
            earlier = before[-1][0] if before and after[0] not in path else None
            if earlier in follows:
                follows[first] = follows[earlier]
            multiples[term] = tuple(
                (quarter, many * times if quarter >= first else many)
                for quarter, many in sorted(follows.items())
            )
        return replace(self.sized(times, first), multiples=multiples)

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
