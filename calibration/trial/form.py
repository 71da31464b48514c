"""The form of a trial file: what it may say, and how; `files` reads it and checks what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, StrictInt

from jiqun.scenarios.schema import (
    Finite,
    Label,
    LeverSetting,
    Name,
    Part,
    Quarter,
    Share,
    Text,
    Who,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST, LAST = 2019, 2027
"""Years a panel can have."""

Use = Literal["fit", "test", "input", "report"]
Unit = Literal["%", "points", "share", "ratio"]
Column = Literal[
    "employees", "revenue", "energy", "capital", "rd_over_notch", "leverage", "interest_cover",
    "age",
]  # fmt: skip
"""Columns that enterprises are chosen by, as they stand at the end of the year before."""
Estimator = Literal[
    "did", "triple", "event_study", "rd", "bunching", "elasticity", "share", "paired", "odds_ratio"
]
Outcome = Literal[
    "investment", "spike_investment", "employment", "city_employment", "tfp", "energy", "loans",
    "default", "reported_rd", "real_rd", "relabelled", "sales_growth", "adopted", "rd_active",
    "rd_over_notch",
]  # fmt: skip
Year = Annotated[StrictInt, Field(ge=FIRST, le=LAST)]
Span = Annotated[list[Year], Field(min_length=2, max_length=2)]


class Assign(Part):
    """How the treated are chosen among the eligible.

    Attributes:
        by: ``random`` enterprises, random ``region_field`` cells or ``cities``, a ``score`` with a
            cut-off, those near a ``notch``, a ``dose`` of several levels drawn by enterprise (shift
            and share), or ``all``.
        share: Treated part, of random choices.
        cutoff: Part of the eligible below the cut-off; those above are treated.
        levels: What the size of the levers is multiplied by, each for a like part.
        window: Least and most of R&D over the notch.
        repeats: Choices made anew in one draw, whose estimates are averaged.
    """

    by: Literal["random", "region_field", "cities", "score", "notch", "dose", "all"]
    share: Annotated[Share, Field(gt=0, lt=1)] | None = None
    cutoff: Annotated[Share, Field(gt=0, lt=1)] | None = None
    levels: Annotated[list[Finite], Field(min_length=2, max_length=9)] | None = None
    window: Annotated[list[Finite], Field(min_length=2, max_length=2)] | None = None
    repeats: Annotated[StrictInt, Field(ge=1, le=50)] = 1


NEEDED = {
    "random": "share", "region_field": "share", "cities": "share", "score": "cutoff",
    "notch": "window", "dose": "levels",
}  # fmt: skip
"""What each way of choosing needs beside its name."""


class Shock(Part):
    """Something that happens to the treated that is no lever.

    Attributes:
        kind: ``output_cut``: sales asked for are filled less, so that they come to lie `points`
            lower; ``energy_of_equal_worth``: energy is dearer by what is worth as much to a green
            project as a grant of `points` of its cost.
        points: Size, percentage points.
        quarters: How long it lasts.
    """

    kind: Literal["output_cut", "energy_of_equal_worth"]
    points: Annotated[Finite, Field(gt=0, lt=100)]
    quarters: Annotated[StrictInt, Field(ge=1, le=36)] = 4


class Treat(Part):
    """What is done, from when, and to whom.

    Attributes:
        from_: First quarter of a year.
        levers: Levers as a scenario sets them; those served are the treated.
        parameters: Parameters that change for all from the date on; ``drawn`` gives back the draw's
            own value to one that the file sets before.
        shock: A shock in place of levers.
        who: Groups of the eligible, as in a scenario.
        least: Column to the least that an eligible enterprise has.
        most: Column to the most.
        suppliers: Whether only suppliers of chain leaders are eligible.
        assign: How the treated are chosen among the eligible.
    """

    from_: Annotated[Quarter, Field(alias="from")]
    levers: list[LeverSetting] = Field(default_factory=list)
    parameters: dict[str, Finite | Literal["drawn"]] = Field(default_factory=dict)
    shock: Shock | None = None
    who: Who | None = None
    least: dict[Column, Finite] = Field(default_factory=dict)
    most: dict[Column, Finite] = Field(default_factory=dict)
    suppliers: bool = False
    assign: Assign


class Scope(Part):
    """Enterprises that the study saw, told in the last year before treatment.

    Attributes:
        above_scale: Above scale alone.
        with_rd: With R&D alone.
        largest: Part of them, from the largest down, as listed enterprises are.
        who: Groups, as in a scenario.
        staff_under: Fewer staff than this.
        leaders: Chain leaders alone.
        eligible: Only those that treatment was open to.
    """

    above_scale: bool = True
    with_rd: bool = False
    largest: Annotated[Share, Field(gt=0)] | None = None
    who: Who | None = None
    staff_under: Finite | None = None
    leaders: bool = False
    eligible: bool = False


class Panel(Part):
    """Years of the panel, first and last, before and after, and its scope."""

    before: Span
    after: Span
    scope: Scope = Scope()


class Mechanism(Part):
    """How the mechanism is switched off and doubled, from the first quarter on.

    Attributes:
        off: Parameter to the value at which it does nothing.
        switch: A switch of `scenarios/structure.yaml`, in place of `off`.
        doubled: Parameters whose drawn values are doubled.
    """

    off: dict[str, Finite] = Field(default_factory=dict)
    switch: str | None = None
    doubled: list[str] = Field(default_factory=list)


class Result(Part):
    """What a study found, of a row that is not in the table."""

    published: Finite | None = None
    band: Annotated[list[Finite], Field(min_length=2, max_length=2)]
    unit: Unit
    use: Use = "report"
    citation: Text


class TrialRow(Part):
    """One outcome of a trial.

    Attributes:
        id: Row of `policy_trials.csv`, or a name of one's own.
        estimator: Estimator of the study.
        outcome: Outcome.
        over: Outcome whose effect that of the first is divided by: a share of a response.
        small: Staff under which an enterprise is small, where small are set against large.
        bandwidth: Of a discontinuity, in parts of the ranked eligible.
        per: Rise of the price that the effect is told for, a share; of doses.
        rival: A second treatment that the first is set against.
        panel: Years and scope of this row, where they differ.
        mechanism: Of this row, where it differs.
        result: What was published, of a row that is not in the table.
        not_represented: What the model would need, where it has no mechanism.
        why: Why it misses, or what is to be known of it, in a sentence or two for any reader.
        traced: What was found and tried where the miss was followed enterprise by enterprise.
    """

    id: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    estimator: Estimator | None = None
    outcome: Outcome | None = None
    over: Outcome | None = None
    small: Finite | None = None
    bandwidth: Annotated[Share, Field(gt=0)] = 0.25
    per: Finite = 0.1
    rival: Shock | None = None
    panel: Panel | None = None
    mechanism: Mechanism | None = None
    result: Result | None = None
    not_represented: Label | None = None
    why: Label | None = None
    traced: Label | None = None


class TrialFile(Part):
    """A file of a trial as written."""

    EXAMPLES: ClassVar[Mapping[str, str]] = {
        "study": "study: my_study",
        "label": "label: {zh: 我的试验, en: My trial}",
        "base": "base: without_document_55",
        "without": "without: [equipment_grant]",
        "from": "from: 2021-Q1",
        "assign": "assign: {by: random, share: 0.5}",
        "share": "share: 0.5",
        "cutoff": "cutoff: 0.5",
        "levels": "levels: [0, 1, 2]",
        "window": "window: [0.5, 1.5]",
        "before": "before: [2019, 2020]",
        "after": "after: [2021, 2023]",
        "mechanism": "mechanism: {off: {equipment_elasticity: 0}, doubled: [equipment_elasticity]}",
        "result": "result: {published: 10, band: [2, 18], unit: '%', citation: Author (2020)}",
        "band": "band: [2, 18]",
    }
    study: Name
    label: Label
    done: Label
    base: str = "without_document_55"
    without: list[str] = Field(default_factory=list)
    levers: list[LeverSetting] = Field(default_factory=list)
    parameters: dict[str, Finite] = Field(default_factory=dict)
    treat: Treat | None = None
    panel: Panel | None = None
    mechanism: Mechanism = Mechanism()
    rows: Annotated[list[TrialRow], Field(min_length=1)]
