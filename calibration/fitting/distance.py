"""How far the simulated province is from the published one.

Two tables: the marginals the population at end-2018 was raked to, and every row of
`calibration_targets.csv`. Levels are judged by their ratio, growth rates and changes by points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.calendar import FIRST_YEAR
from jiqun.model.dimensions import ENERGY_FIELD, FIELDS
from jiqun.model.elementary import dot
from jiqun.model.region import REGION
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from jiqun.experiments import Results
    from jiqun.model import Population
    from jiqun.model.province import Province
    from jiqun.scenarios.rows.published import CalibrationTarget

WITHIN_SHARE = 0.25
"""A level is near if it is off by no more than this share of the published value."""
WITHIN_POINTS = 5.0
"""A growth rate is near if it is off by no more than these percentage points."""
NOT_FITTED = ("report only", "input")
BY_POINTS = ("growth", "real growth", "change")
MANUFACTURING = tuple(i for i in range(len(FIELDS)) if i != ENERGY_FIELD)


@dataclass(frozen=True)
class Distance:
    """One simulated value beside the published one.

    Attributes:
        id: Row of the table of targets, or name of the marginal.
        year: Year of the figure.
        simulated: Simulated value in the published unit; None where nothing was simulated.
        published: Published value.
        unit: Their unit.
        points: Whether it is judged by points rather than by the ratio.
        off: Simulated less published: in points, or as a share of the published value.
        error: Error of the published figure as its table gives it.
        judged: Whether it has to be near; other rows are shown only.
    """

    id: str
    year: int
    simulated: float | None
    published: float
    unit: str
    points: bool
    off: float | None
    error: str
    judged: bool

    @property
    def near(self) -> bool:
        """Whether it is within a quarter of the published value, or within five points."""
        return self.off is not None and abs(self.off) <= (
            WITHIN_POINTS if self.points else WITHIN_SHARE
        )


def distances(results: Results, scenario: str) -> list[Distance]:
    """Distance of simulated outcomes to each published row; medians over the runs.

    Args:
        results: The results.
        scenario: Name of the scenario.
    """
    rows = table("calibration_targets")
    frame = results.intervals(
        scenario,
        sorted({row.outcome for row in rows}),
        sorted({row.level for row in rows}),
        sorted({row.year for row in rows if row.year >= FIRST_YEAR}),
    )
    medians = frame.set_index(["outcome", "level", "unit_name", "year"])["median"].to_dict()
    found = []
    for row in rows:
        value = medians.get((row.outcome, row.level, row.unit_name, row.year))
        found.append(_of_target(row, None if value is None else float(value)))
    return found


def _of_target(row: CalibrationTarget, value: float | None) -> Distance:
    simulated = None if value is None else value * row.scale
    points = row.kind in BY_POINTS
    # What the model is given is not judged.
    shown_only = row.error_kind in NOT_FITTED or row.note == "input"
    return Distance(
        row.id,
        row.year,
        simulated,
        row.value,
        row.unit,
        points,
        _off(simulated, row.value, points=points),
        row.error_kind if row.error_kind in NOT_FITTED else f"{row.error:g} {row.error_kind}",
        judged=not shown_only and simulated is not None,
    )


def population_distances(population: Population, province: Province) -> list[Distance]:
    """Distance of the population at end-2018 to the marginals it was built from."""
    simulated = _totals(population)
    found = []
    for row in table("marginals"):
        if row.name in simulated and province.marginals[row.name] > 0.0:
            target = province.marginals[row.name]
            scale = row.value / target
            value = simulated[row.name] * scale
            error = f"{row.low:g} to {row.high:g}"
            off = _off(value, row.value, points=False)
            found.append(
                Distance(row.name, 2018, value, row.value, row.unit, False, off, error, judged=True)
            )
    return found


def _totals(population: Population) -> dict[str, float]:
    """Weighted sums of the population that correspond to marginals, in base units a year."""
    c = population.columns
    above = c["above_scale"].astype(np.float64) * c["weight"]
    factory = above * np.isin(c["field"], MANUFACTURING)
    registered = np.array(
        [*(seat.registered and seat.tier == "county" for seat in population.clusters), False]
    )[c["county_cluster"]]
    # Flows are held a quarter.
    revenue, loans = 4.0 * c["revenue"], c["debt_short"] + c["debt_long"]
    return {
        "revenue": dot(above, revenue),
        "value_added": dot(above, 4.0 * c["value_added"]),
        "enterprises": float(above.sum()),
        "employees": dot(above, c["employees"]),
        "rd_expenditure": dot(factory, c["last_rd_reported"]),
        "rd_active": dot(above, c["rd_active"]),
        "rd_institution": dot(above, c["rd_institution"]),
        "loans": dot(c["weight"], loans),
        "mlt_share": dot(c["weight"], c["debt_long"]) / dot(c["weight"], loans),
        "energy": dot(above, 4.0 * c["value_added"] * c["energy_per_va"]),
        **{
            field.marginal: dot(above, revenue * (c["field"] == number))
            for number, field in enumerate(REGION.fields.values())
            if field.marginal
        },
        "county_revenue": dot(above, revenue * registered),
        "county_enterprises": dot(above, registered),
        "srdi_provincial": dot(c["weight"], c["srdi"] > NEVER),
        "below_scale_enterprises": dot(c["weight"], ~c["above_scale"]),
        "below_scale_rd_active": dot(c["weight"], ~c["above_scale"] & c["rd_active"]),
        "over_10bn": dot(above, revenue >= 10e9),
    }


def _off(simulated: float | None, published: float, *, points: bool) -> float | None:
    if simulated is None or (published == 0.0 and not points):
        return None
    return simulated - published if points else simulated / published - 1.0
