"""Targets and priors as data: what is fitted, what only tests the fit, what is an input.

``python -m jiqun.calibration.targets`` writes `targets.yaml`, `priors.yaml` and `docs/targets.md`
from the tables; ``--check`` only says whether they are up to date.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field

from jiqun.calibration.markdown import pipe_table
from jiqun.model.calendar import FIRST_YEAR
from jiqun.model.region import REGION
from jiqun.scenarios.errors import listed, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.schema import Part, checked
from jiqun.scenarios.tables import table
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.scenarios.rows.evidence import Parameter
    from jiqun.scenarios.rows.published import CalibrationTarget

TARGETS = REGION.fit / "targets.yaml"
PRIORS = REGION.fit / "priors.yaml"
PAGE = REGION.fit.parent / "docs" / "targets.md"

USES = REGION.folder / "uses.yaml"

NotNegative = Annotated[float, Field(ge=0)]
Use = Literal["fit", "test", "input", "repeat"]
Distribution = Literal["uniform", "loguniform", "triangular"]


class Target(Part):
    """A published figure and how far a simulated one may be from it.

    Attributes:
        id: Row of `calibration_targets.csv`.
        outcome: Outcome of the register.
        level: Level of the outcome.
        unit_name: Unit of the level.
        year: Year.
        kind: How it is compared: level, flow, growth, real growth or change.
        value: Published value.
        unit: Its unit.
        scale: Turns the outcome into that unit.
        error: Standard error of the figure in its unit.
        discrepancy: What the model may be off by beyond that, one standard deviation.
        use: Whether it is fitted, tests the fit, is an input or repeats other rows.
        why: Reason for the use or the discrepancy, where there is one.
    """

    id: str
    outcome: str
    level: str
    unit_name: str
    year: int
    kind: str
    value: float
    unit: str
    scale: float
    error: NotNegative
    discrepancy: NotNegative
    use: Use
    why: str = ""

    @property
    def allowed(self) -> float:
        """Error and discrepancy together: what a fitted value is judged by."""
        return self.error + self.discrepancy

    @property
    def spread(self) -> float:
        """Standard deviation of published less simulated value, chance in runs left out."""
        return math.sqrt(self.error**2 + self.discrepancy**2)


class Prior(Part):
    """What is believed of a parameter before the fit.

    Attributes:
        name: Parameter.
        low: Least value.
        mode: Central value of `parameters.csv`.
        high: Largest value.
        distribution: Distribution between the two.
        grade: Grade of the evidence.
        why: Reason, where the distribution is not that of the table.
    """

    name: str
    low: float
    mode: float
    high: float
    distribution: Distribution
    grade: str
    why: str = ""


class _TargetFile(Part):
    targets: list[Target]


class _PriorFile(Part):
    priors: list[Prior]


class _Off(Part):
    by: NotNegative
    why: str


class Uses(Part):
    """What rows of the table of a region are used for; the others are fitted, or test.

    Attributes:
        inputs: Row that runs are given to what it sets: fitting to it would use a figure twice.
        repeats: Row that is computed from others to which.
        discrepancy: Row to what the figure may be off by beyond its own error, and why.
        hand_fitted: Parameters whose central value was fitted by hand to the targets.
    """

    inputs: dict[str, str] = Field(default_factory=dict)
    repeats: dict[str, str] = Field(default_factory=dict)
    discrepancy: dict[str, _Off] = Field(default_factory=dict)
    hand_fitted: list[str] = Field(default_factory=list)


@cache
def uses() -> Uses:
    """The uses that the region tells of; none where it has no such file.

    Raises:
        ScenarioError: The file is wrong.
    """
    if not USES.is_file():
        return Uses()
    document = read_yaml(USES)
    told = checked(document, Uses, document.data)
    rows = [row.id for row in table("calibration_targets")]
    for key in ("inputs", "repeats", "discrepancy"):
        for name in getattr(told, key):
            if name not in rows:
                near = nearest_name(name, rows)
                raise document.error((key, name), say("is no target"), listed(rows), near)
    return told


@dataclass(frozen=True)
class Known:
    """Targets and priors of a fit, in the order of their files."""

    targets: tuple[Target, ...]
    priors: tuple[Prior, ...]


def known(targets: Path = TARGETS, priors: Path = PRIORS) -> Known:
    """Read both files.

    Raises:
        ScenarioError: A file is wrong.
    """
    document = read_yaml(targets)
    read = checked(document, _TargetFile, document.data)
    document = read_yaml(priors)
    return Known(tuple(read.targets), tuple(checked(document, _PriorFile, document.data).priors))


def target_of(row: CalibrationTarget) -> Target:
    """The target a row of the table becomes."""
    told = uses()
    off = told.discrepancy.get(row.id, _Off(by=0.0, why=""))
    use: Use = "fit"
    if row.id in told.inputs:
        use = "input"
    elif row.id in told.repeats:
        use = "repeat"
    elif row.error_kind == "report only":
        use = "test"
    error = row.error * abs(row.value) / 100 if row.error_kind == "%" else row.error
    repeated = f"follows from {told.repeats[row.id]}" if row.id in told.repeats else ""
    before = "before the first simulated year: not compared" if row.year < FIRST_YEAR else ""
    return Target(
        id=row.id,
        outcome=row.outcome,
        level=row.level,
        unit_name=row.unit_name,
        year=row.year,
        kind=row.kind,
        value=row.value,
        unit=row.unit,
        scale=row.scale,
        error=round(error, 6),
        discrepancy=off.by,
        use=use,
        why=told.inputs.get(row.id, "") or repeated or off.why or before,
    )


def prior_of(row: Parameter) -> Prior:
    """The prior a row of the table becomes."""
    flat = row.name in uses().hand_fitted and row.distribution == "triangular"
    return Prior(
        name=row.name,
        low=row.low,
        mode=row.value,
        high=row.high,
        distribution="uniform" if flat else row.distribution,
        grade=row.grade,
        why="flat: its central value was fitted by hand to the same series" if flat else "",
    )


def _files() -> dict[Path, str]:
    """The generated files and their text."""
    targets = [target_of(row) for row in table("calibration_targets")]
    # What only a cost hangs on moves no figure: there is nothing to fit or to screen.
    priors = [
        prior_of(row) for row in table("parameters") if row.low < row.high and row.use != "cost"
    ]
    return {
        TARGETS: _yaml("calibration_targets.csv", {"targets": [_filled(t) for t in targets]}),
        PRIORS: _yaml("parameters.csv", {"priors": [_filled(p) for p in priors]}),
        PAGE: _page(targets),
    }


def _filled(part: Part) -> dict[str, Any]:
    return {name: value for name, value in part.model_dump().items() if value != ""}


def _yaml(source: str, data: dict[str, Any]) -> str:
    head = f"# Generated from {source} by `python -m jiqun.calibration.targets`; "
    head += "do not edit by hand.\n"
    return head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


_SAID = {
    "fit": "Fitted",
    "test": "Test: shown beside the fit, never fitted",
    "input": "Input: sets the start or a path of every run",
    "repeat": "Repeats other rows: shown only",
}

_HEADS = (
    "figure", "outcome", "unit of level", "year", "kind", "value", "unit", "error", "discrepancy",
    "why",
)  # fmt: skip


def _page(targets: list[Target]) -> str:
    parts = [
        "# What each figure is used for\n\n"
        "Generated by `python -m jiqun.calibration.targets`; do not edit by hand. Every row of\n"
        "`calibration_targets.csv` is used once. Growth is compared with growth and level with\n"
        "level; a level and the growth published on a comparable base do not chain.\n\n"
        "`error` is the standard error of the figure, `discrepancy` what the model may be off by\n"
        "beyond it, both in the unit of the figure. What happens by chance in a run comes on top\n"
        "and is measured.\n"
    ]
    for use, heading in _SAID.items():
        rows = [target for target in targets if target.use == use]
        parts.append(f"\n## {heading} ({len(rows)})\n\n")
        cells = [
            (
                t.id, t.outcome, t.unit_name, t.year, t.kind, f"{t.value:g}", t.unit,
                f"{t.error:g}", f"{t.discrepancy:g}", t.why,
            )
            for t in rows
        ]  # fmt: skip
        parts.append(pipe_table(_HEADS, cells) + "\n")
    return "".join(parts)


def stale() -> list[Path]:
    """Generated files that no longer match the tables."""
    return [
        path
        for path, text in _files().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` say which are out of date."""
    if "--check" in arguments:
        old = stale()
        for path in old:
            print(f"{path.name} is out of date: run python -m jiqun.calibration.targets")
        return 1 if old else 0
    for path, text in _files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
