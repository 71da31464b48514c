"""What can be moved: a lever's size and terms, with unit, bounds, article and evidence."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
from typing import TYPE_CHECKING, Literal

from jiqun.scenarios.errors import ScenarioError
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations, issued, most_times, parameter_of
from jiqun.scenarios.question import SINCE, ask
from jiqun.scenarios.units import UNITS

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario
    from jiqun.notebooks.words import Lang
    from jiqun.scenarios.evidence import Evidence
    from jiqun.scenarios.schema import LeverDeclaration, Term

MAIN = ("cluster_award", "cluster_credit_line", "fund_steering", "rd_grant", "digital_voucher")
"""Levers that stand first."""
MOST = 3.0
"""How many times as large a slider makes a lever; a file may go further."""
STEP = 0.1
Group = Literal["main", "document", "older", "other"]
GROUPS: tuple[Group, ...] = ("main", "document", "older", "other")
WRITTEN: dict[Lang, dict[str, tuple[str, float]]] = {
    "zh": {"money": ("万元", 1.0), "energy_intensity": ("吨标准煤/万元", 1.0)},
    "en": {"money": ("yuan", 1e6), "energy_intensity": ("tce per 10k yuan", 1.0)},
}
"""Kind of a term to the unit of a question, and how many of it are one of what a field holds."""
SHARES = ("%", 1.0)


@dataclass(frozen=True)
class Field:
    """A term that can be set.

    Attributes:
        lever: Id of its lever.
        term: Its name.
        kind: Kind of quantity.
        value: Value as the scenario has it, base units; None where the lever is not there.
        low: Lower bound, base units.
        high: Upper bound.
        grade: How well the value is known.
        drawn: Whether draws move it.
    """

    lever: str
    term: str
    kind: str
    value: float | None
    low: float
    high: float
    grade: str
    drawn: bool

    @property
    def key(self) -> str:
        """What a part of a question calls it."""
        return f"{self.lever}.{self.term}"

    def unit(self, lang: Lang) -> tuple[str, float]:
        """Unit that a question writes it in, and how many of it a field counts as one."""
        if self.kind == "share":
            return SHARES
        return WRITTEN[lang].get(self.kind) or (next(iter(UNITS[self.kind])), 1.0)

    def shown(self, base: float, lang: Lang) -> float:
        """A value in base units as a field shows it."""
        unit, many = self.unit(lang)
        return base / (float(UNITS[self.kind][unit]) * many)

    def said(self, value: str, lang: Lang) -> str:
        """What a question says where a field holds a value."""
        unit, many = self.unit(lang)
        if self.kind == "switch":
            return f"={value}"
        try:
            number = float(value) * many
        except ValueError:
            return f"={value}{unit}"
        return f"={number:.12g}{unit}"


@dataclass(frozen=True)
class Control:
    """A lever that can be moved.

    Attributes:
        lever: Its declaration.
        present: The lever as the scenario has it; None where it could be put in.
        group: Where it stands.
        most: How many times as large a slider makes it.
        fields: Its terms.
        evidence: What its effect rests on.
    """

    lever: LeverDeclaration
    present: Lever | None
    group: Group
    most: float
    fields: tuple[Field, ...]
    evidence: Evidence

    def sizes(self) -> list[Field]:
        """Terms that a slider multiplies."""
        return [field for field in self.fields if field.term in self.lever.size]


def controls(on: Scenario) -> list[Control]:
    """What can be moved of a scenario, in the order of the register; the main levers first.

    Levers that have ended before the first year that questions are about are left out.
    """
    found = [
        _control(lever, present)
        for lever in declarations().values()
        if not ((present := on.lever(lever.id)) and present.end is not None and present.end < SINCE)
    ]
    place = {name: number for number, name in enumerate(MAIN)}
    found.sort(key=lambda each: place.get(each.lever.id, len(MAIN)))
    return found


def _control(lever: LeverDeclaration, present: Lever | None) -> Control:
    group: Group = "other"
    if present is not None:
        group = "document" if lever.origin == "document_55" else "older"
        if lever.id in MAIN:
            group = "main"
    limit = present.most_times(SINCE) if present else most_times(lever.id)
    return Control(
        lever,
        present,
        group,
        min(MOST, limit if limit < inf else MOST),
        tuple(_field(lever, name, term, present) for name, term in lever.terms.items()),
        evidence_of(lever.id),
    )


def _field(lever: LeverDeclaration, name: str, term: Term, present: Lever | None) -> Field:
    known = present or issued(lever)
    value = known.value(name, max(SINCE, known.start), float("nan"))
    low, high = term.bounds
    drawn = present is not None and name in present.drawn and parameter_of(term) is not None
    return Field(
        lever.id, name, term.kind, None if isnan(value) else value, low, high, term.grade, drawn
    )


def refusal(key: str, said: str, on: Scenario, folder: Path) -> ScenarioError | None:
    """Why a part cannot be asked; None where it can.

    Args:
        key: Lever, or lever and term.
        said: What is said of it.
        on: Scenario that is asked about.
        folder: Folder that has its file.
    """
    try:
        ask(f"{key}{said}", on, folder)
    except ScenarioError as error:
        return error
    return None
