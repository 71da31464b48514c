"""An emulator: an estimate of what levers do against the document as issued, with an interval.

An effect is a sum of features times numbers that were fitted. A feature is a product of how far
dials are from what is issued, so as issued nothing is estimated, exactly. The half width of the
interval is the root of a sum over the dials that are moved. Both are a few lines in any language;
`notebooks/whatif.js` has them too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

from jiqun.experiments.effects.comparison_data import SHIPPED as RESULTS
from jiqun.experiments.effects.comparison_data import is_current
from jiqun.experiments.emulator.designs import ISSUED, Dial
from jiqun.experiments.runs import adopted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "emulator.json"
SHIPPED = RESULTS / NAME
PAIRS = 100
"""Pairs of runs that would measure an effect as its interval says."""
TOLERANCE = 1e-9
"""How far beyond its range a dial may be for rounding."""


@dataclass(frozen=True)
class Factor:
    """How far a dial is from as issued; if `below`, nothing where it is larger than issued."""

    dial: int
    below: bool = False

    def value(self, moved: float) -> float:
        """Value where the dial is moved by so much."""
        return min(moved, 0.0) if self.below else moved


@dataclass(frozen=True)
class Width:
    """What a squared half width gets from a dial that is moved: at all, and by the squared move."""

    dial: int
    moved: float
    squared: float


@dataclass(frozen=True)
class Score:
    """How an emulator did on designs that its fit had not seen.

    Attributes:
        designs: Number of designs.
        pairs: Number of pairs that each was measured on.
        coverage: Share of the measured effects that the stated intervals hold.
        width: Median width of the intervals.
        spread: Distance between the 5 % and the 95 % quantile of the measured effects.
        error: Root mean squared error.
        noise: The part of it that the measurement itself has.
    """

    designs: int
    pairs: int
    coverage: float
    width: float
    spread: float
    error: float
    noise: float


@dataclass(frozen=True)
class Cell:
    """What is estimated of one outcome and unit.

    Attributes:
        outcome: Id of the outcome, or ``cost``.
        level: ``province``, ``tier`` or ``payer``.
        unit: Unit of the level.
        measure: ``relative``, a share of the baseline, or ``yuan``.
        terms: Features, each a product of factors, and the number that it is multiplied by.
        widths: What the squared half width of the interval gets from each dial.
        beyond: What the fit leaves open beside the noise of a measurement, in variances of a pair.
        tells: Whether its intervals are narrow enough to tell designs apart.
        checked: Its score by cross-validation.
        held_out: Its score on designs and draws that were kept from the fit; None before it is
            judged.
    """

    outcome: str
    level: str
    unit: str
    measure: str
    terms: tuple[tuple[tuple[Factor, ...], float], ...]
    widths: tuple[Width, ...]
    beyond: float
    tells: bool
    checked: Score
    held_out: Score | None = None

    def mean(self, moved: list[float]) -> float:
        """The estimate where dials are moved by so much."""
        total = 0.0
        for factors, number in self.terms:
            value = number
            for factor in factors:
                value *= factor.value(moved[factor.dial])
            total += value
        return total

    def half_width(self, moved: list[float], pairs: int = PAIRS) -> float:
        """Half the width of its interval for an effect that so many pairs measure."""
        squared = 0.0
        for width in self.widths:
            by = moved[width.dial]
            if by != 0.0:
                squared += width.moved + width.squared * by * by
        if pairs != PAIRS:
            squared *= (1.0 / pairs + self.beyond) / (1.0 / PAIRS + self.beyond)
        return sqrt(squared)


@dataclass(frozen=True)
class Guess:
    """An estimate of an effect against the document as issued, in the horizon year.

    Attributes:
        outcome: Id of the outcome, or ``cost`` (a present value).
        level: ``province``, ``tier`` or ``payer``.
        unit: Unit of the level.
        mean: The estimate.
        low: Lower end of the 90 % interval of the effect as 100 pairs of runs would measure it.
        high: Upper end.
        measure: ``relative``, a share of the baseline, or ``yuan``.
        tells: Whether intervals of the outcome and unit are narrow enough to tell designs apart.
    """

    outcome: str
    level: str
    unit: str
    mean: float
    low: float
    high: float
    measure: str
    tells: bool


@dataclass(frozen=True)
class Emulator:
    """What was fitted.

    Attributes:
        dials: What can be moved.
        cells: What is estimated.
        made_by: Hashes of the model, the data and the fit of its runs.
        year: The horizon year.
        inert: Levers with a size that move nothing in any run: no dials.
        by_kind: Kind of design to the share of effects, on outcomes, that intervals held on designs
            kept from the fit; empty before it is judged.
    """

    dials: tuple[Dial, ...]
    cells: tuple[Cell, ...]
    made_by: Mapping[str, str]
    year: int
    inert: tuple[str, ...] = ()
    by_kind: Mapping[str, float] = field(default_factory=dict)

    def guess(self, at: Mapping[str, float]) -> tuple[Guess, ...]:
        """What a setting of the dials does.

        Args:
            at: Lever to how many times as large it is; one that is absent is as issued.

        Raises:
            ValueError: A lever is no dial, or is set outside its range.
        """
        moved = self._moved(at)
        found = []
        for cell in self.cells:
            mean, half = cell.mean(moved), cell.half_width(moved)
            found.append(
                Guess(
                    cell.outcome, cell.level, cell.unit, mean, mean - half, mean + half,
                    cell.measure, cell.tells,
                )
            )  # fmt: skip
        return tuple(found)

    def explain(self) -> tuple[Cell, ...]:
        """How good it is, cell by cell: by cross-validation, and on designs kept from the fit."""
        return self.cells

    def _moved(self, at: Mapping[str, float]) -> list[float]:
        """How far each dial is from as issued."""
        known = {dial.lever: dial for dial in self.dials}
        for lever, times in at.items():
            if lever not in known:
                raise ValueError(f"{lever} is no dial; dials: {', '.join(known)}")
            low, high = known[lever].low, known[lever].high
            if not isfinite(times) or not low - TOLERANCE <= times <= high + TOLERANCE:
                raise ValueError(f"{lever} {times:g}: allowed: {low:g} to {high:g}")
        return [at.get(dial.lever, ISSUED) - ISSUED for dial in self.dials]


def to_data(emulator: Emulator) -> dict[str, Any]:
    """An emulator as plain data."""
    return asdict(emulator)


def from_data(data: Mapping[str, Any]) -> Emulator:
    """An emulator from plain data."""
    return Emulator(
        tuple(Dial(**dial) for dial in data["dials"]),
        tuple(_cell(cell) for cell in data["cells"]),
        dict(data["made_by"]),
        int(data["year"]),
        tuple(data["inert"]),
        dict(data["by_kind"]),
    )


def _cell(data: Mapping[str, Any]) -> Cell:
    read = {
        "terms": tuple(
            (tuple(Factor(**factor) for factor in factors), float(number))
            for factors, number in data["terms"]
        ),
        "widths": tuple(Width(**width) for width in data["widths"]),
        "checked": Score(**data["checked"]),
        "held_out": Score(**data["held_out"]) if data["held_out"] else None,
    }
    return Cell(**{**data, **read})


def save(emulator: Emulator, path: Path) -> None:
    """Write an emulator, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(to_data(emulator), separators=(",", ":")) + "\n", "utf-8")
    part.replace(path)


def read(path: Path) -> Emulator | None:
    """The emulator of a file; None where there is none, or one of another model, data or fit."""
    if not path.is_file():
        return None
    data = json.loads(path.read_text("utf-8"))
    return from_data(data) if is_current(data) else None


def shipped() -> Emulator | None:
    """The emulator in use; None where there is none of the model, data and fit in use now."""
    return read(adopted.in_use(NAME, SHIPPED))
