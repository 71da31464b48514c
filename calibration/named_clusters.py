"""Named clusters: what the model gives them beside what was published, with its scope.

``python -m jiqun.calibration.named_clusters`` runs the reference to 2023 and writes
`calibration/results/named_clusters.csv`, which `docs/data.md` and the report show. Only sizes whose
scope is above-scale revenue are marginals of the population; the others are facts set beside it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jiqun.model import ClusterPolicyModel, build_population
from jiqun.model.model import POPULATION_SEED
from jiqun.model.province import PART_OF_YEAR
from jiqun.scenarios import load
from jiqun.scenarios.tables import table
from jiqun.scenarios.units import TABLE_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

RESULTS = Path(__file__).resolve().parent / "results" / "named_clusters.csv"
REFERENCE = "without_document_55"
SEEDS = range(1, 9)
START, LAST = 2018, 2023
UNIT = TABLE_UNITS["100m yuan"]


@dataclass(frozen=True)
class Size:
    """A named cluster with a published size.

    Attributes:
        row: Its row of the register.
        simulated: Above-scale revenue of all its members, 100 million yuan; median of the seeds.
        year: Year that is simulated: that of the published figure, or the start if it is earlier.
    """

    row: Any
    simulated: float
    year: int

    @property
    def published(self) -> float:
        """The published size brought to a whole year, 100 million yuan."""
        return float(self.row.scale_100m_yuan) / PART_OF_YEAR.get(self.row.scale_kind, 1.0)

    @property
    def ratio(self) -> float:
        """Simulated over published size."""
        return self.simulated / self.published

    @property
    def within_a_third(self) -> bool:
        """Whether the larger of the two is at most a third above the smaller."""
        return max(self.ratio, 1.0 / max(self.ratio, 1e-9)) <= 4 / 3


class _Remembering(ClusterPolicyModel):
    """The model, which notes the size of its named clusters at each year end."""

    def __init__(self, scenario: Scenario, rng: int, population: Any) -> None:
        super().__init__(scenario, rng=rng, population=population)
        e = self.enterprises
        self.sizes = {START: self._sizes(4.0 * e.revenue)}

    def observe(self) -> None:
        """Record the outcomes of the year, and the sizes."""
        super().observe()
        self.sizes[self.year] = self._sizes(self.enterprises.year_revenue)

    def _sizes(self, yearly: Array) -> list[float]:
        e = self.enterprises
        sales = e.weight * e.above_scale * yearly
        named = range(len(self.policy.province.clusters))
        return [
            float(np.sum(sales[(e.cluster == n) | (e.county_cluster == n)])) / UNIT for n in named
        ]


def measure(scenario: Scenario, seeds: Sequence[int]) -> pd.DataFrame:
    """Above-scale revenue of named clusters in the year of their published size.

    An enterprise counts in its county cluster and in that of a higher tier, as published sizes do.

    Args:
        scenario: The scenario; it has to reach 2023.
        seeds: Seeds of the runs.

    Returns:
        Columns id, year, simulated, low and high: median, least and most of the seeds.
    """
    population = build_population(
        scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
    )
    runs = []
    for seed in seeds:
        model = _Remembering(scenario, seed, population)
        model.run_until_year(LAST)
        runs.append(model.sizes)
    lines = []
    for number, record in enumerate(scenario.province.clusters):
        if record.scale is None or record.scale_year is None:
            continue
        year = max(record.scale_year, START)
        found = [sizes[year][number] for sizes in runs]
        lines.append((record.id, year, float(np.median(found)), min(found), max(found)))
    return pd.DataFrame(lines, columns=["id", "year", "simulated", "low", "high"])


def stored() -> list[Size]:
    """The clusters of the stored table, in the order of the register."""
    found = {row["id"]: row for row in pd.read_csv(RESULTS).to_dict("records")}
    return [
        Size(row, float(found[row.id]["simulated"]), int(found[row.id]["year"]))
        for row in table("clusters")
        if row.id in found
    ]


def main() -> int:
    """Measure and write the table."""
    frame = measure(load(REFERENCE), SEEDS)
    frame.to_csv(RESULTS, index=False, float_format="%.4g", lineterminator="\n")
    sizes = stored()
    print(f"{sum(size.within_a_third for size in sizes)} of {len(sizes)} within a third")
    return 0


if __name__ == "__main__":
    sys.exit(main())
