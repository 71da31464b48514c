"""Trials ready to be run: read, checked and joined with what was published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.calibration.trial.form import Mechanism, Panel, Treat, TrialFile, TrialRow
    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario


@dataclass(frozen=True)
class Published:
    """What a study found and how it is used.

    Attributes:
        estimate: Published estimate; None where only the sign was seen.
        low: Lower end of the band.
        high: Upper end.
        unit: Unit of all three.
        use: How the row may be used.
        sign: Whether only the sign was published.
        study: Study.
        citation: Where.
        outcome: What it is about.
        note: What is to be known of it.
    """

    estimate: float | None
    low: float
    high: float
    unit: str
    use: str
    sign: bool
    study: str
    citation: str
    outcome: str
    note: str


@dataclass(frozen=True)
class Outcomes:
    """A row of a trial, ready to be run.

    Attributes:
        id: Identifier.
        spec: The row as written.
        panel: Its years and scope; None where it is not represented.
        mechanism: Its mechanism.
        published: What the study found.
    """

    id: str
    spec: TrialRow
    panel: Panel | None
    mechanism: Mechanism
    published: Published

    @property
    def represented(self) -> bool:
        """Whether the model has a mechanism for it."""
        return self.spec.not_represented is None

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms it is run in."""
        off = self.mechanism.off or self.mechanism.switch
        return (
            "as_is",
            *(["off"] if off else []),
            *(["doubled"] if self.mechanism.doubled else []),
        )


@dataclass(frozen=True)
class Trial:
    """A trial, ready to be run.

    Attributes:
        written: The file as written.
        path: The file.
        base: The scenario without the treatment, at central values.
        treatment: Levers of the treatment, all served alike; their target groups get the treated.
        start: First quarter of the treatment.
        rows: Its outcomes.
        digest: Hash of all that decides its estimates.
    """

    written: TrialFile
    path: Path
    base: Scenario
    treatment: tuple[Lever, ...]
    start: int
    rows: tuple[Outcomes, ...]
    digest: str
    treat: Treat | None = field(default=None)
