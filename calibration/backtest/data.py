"""What the back-test is told: its protocol and the published figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StrictInt

from jiqun.model.region import REGION
from jiqun.scenarios.rows.base import Text  # noqa: TC001  (pydantic reads annotations)
from jiqun.scenarios.schema import Finite, Part, checked
from jiqun.scenarios.tables import table
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parents[1]
PROTOCOL = HERE / "backtest.yaml"
ORIGIN = 2023
"""Last year of the project's own tables."""
LAST = 2040
GROWTH = ("growth", "real growth", "change")
UNITS = {
    "100m yuan": ("yuan", 1e8), "100m yuan (Dec)": ("yuan", 1e8), "亿元": ("yuan", 1e8),
    "10k yuan": ("yuan", 1e4), "万元": ("yuan", 1e4), "yuan": ("yuan", 1.0), "元": ("yuan", 1.0),
    "%": ("share", 0.01), "% growth": ("share", 0.01), "% a year": ("share", 0.01),
    "% cumulative 2021-2023": ("share", 0.01), "share": ("share", 1.0),
    "persons": ("persons", 1.0), "10k persons": ("persons", 1e4), "人": ("persons", 1.0),
    "万人": ("persons", 1e4),
    "enterprises": ("enterprises", 1.0), "家": ("enterprises", 1.0), "户": ("enterprises", 1.0),
}  # fmt: skip
"""Unit to what it measures and its size."""
ANYWHERE = (
    *(f"{REGION.name.en}{more}" for more in ("", " province")), "province",
    *(f"{REGION.name.zh}{more}" for more in ("", "省")), "全省",
)  # fmt: skip
IN_CHINESE = {"above-scale industry": "规模以上工业"}
"""Scopes as Chinese tables name them."""
"""Scopes that name the province only: taken for the scope the project has the series in."""


class SeriesSpec(Part):
    """A series of the protocol."""

    indicator: Text
    kind: Literal["level", "growth"]
    apart: str = ""


class ProtocolFile(Part):
    """The protocol, as `backtest.yaml` has it."""

    name: str
    scenario: str
    scenario_with_actuals: str
    origins: list[Annotated[StrictInt, Field(ge=2020, le=2023)]]
    horizons: list[StrictInt]
    members: Annotated[StrictInt, Field(ge=10)]
    rows: Annotated[StrictInt, Field(ge=100)]
    training: list[Literal["prior", "posterior"]]
    known_at_origin: dict[str, str]
    hindsight: list[str]
    series: list[SeriesSpec]
    not_scored: dict[str, str]
    rival: dict[str, str]
    scores: dict[str, Any]
    correction: dict[Literal["carry", "pooled"], Finite]
    changes: list[Any]


def protocol(path: Path = PROTOCOL) -> ProtocolFile:
    """Read the protocol.

    Raises:
        ScenarioError: The file is wrong.
    """
    document = read_yaml(path)
    return checked(document, ProtocolFile, document.data)


@dataclass(frozen=True)
class Published:
    """A published figure in the unit of its series.

    Attributes:
        indicator: Series.
        year: Year.
        value: Value.
        error: Standard error as a share of the value for levels, in points for growth.
    """

    indicator: str
    year: int
    value: float
    error: float


@dataclass(frozen=True)
class Series:
    """A published series and the outcome it is compared with.

    Attributes:
        indicator: Series.
        outcome: Outcome.
        level: Level of the outcome.
        unit_name: Unit of the level.
        scale: Turns the outcome into the unit of the series.
        unit: Unit of the series.
        kind: ``level`` or ``growth``.
        scopes: Scopes it is published for; the first is the project's.
        figures: Published figures, by year.
    """

    indicator: str
    outcome: str
    level: str
    unit_name: str
    scale: float
    unit: str
    kind: str
    scopes: tuple[str, ...]
    figures: tuple[Published, ...]

    def known(self, origin: int) -> Sequence[Published]:
        """Figures up to a year, oldest first."""
        return [figure for figure in self.figures if figure.year <= origin]


@cache
def all_series() -> dict[str, Series]:
    """Every published series that outcomes are compared with, by indicator."""
    scope_of = {row.id: row.scope for row in table("figures")}
    grouped: dict[str, list[Any]] = {}
    for row in table("calibration_targets"):
        if row.note.startswith("judged"):
            continue  # no series: what surveys and reports leave of a year
        grouped.setdefault(row.indicator, []).append(row)
    found = {}
    for indicator, rows in grouped.items():
        first = rows[0]
        kind = "growth" if first.kind in GROWTH else "level"
        sources = [name for row in rows for name in row.source.split("; ")]
        scopes = [row.scope for row in rows] + [scope_of[s] for s in sources if s in scope_of]
        chinese = [IN_CHINESE[scope] for scope in scopes if scope in IN_CHINESE]
        figures = [
            Published(indicator, row.year, row.value, _error(row, kind))
            for row in sorted(rows, key=lambda row: row.year)
        ]
        found[indicator] = Series(
            indicator, first.outcome, first.level, first.unit_name, first.scale, first.unit, kind,
            tuple(dict.fromkeys([*scopes, *chinese, *ANYWHERE])), tuple(figures),
        )  # fmt: skip
    return found


def _error(row: Any, kind: str) -> float:
    if kind == "growth":
        return float(row.error) if row.error_kind == "pp" else 0.0
    if row.error_kind == "%":
        return float(row.error) / 100.0
    return float(row.error) / row.value if row.error_kind == "pp" else 0.0
