"""Several scenarios of one store side by side, run by run.

What an effect is stands in `experiments.effects.effect`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import pandas as pd

from jiqun.experiments import Results
from jiqun.experiments.effects.effect import RUN, Estimate, main_runs, paired
from jiqun.experiments.runs.draws import BLOCK
from jiqun.experiments.stores.sql import frame_of
from jiqun.model.calendar import year_of
from jiqun.model.dimensions import TIERS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, PROVINCE, REFERENCE, Band
from jiqun.notebooks.words import quantity
from jiqun.scenarios.limits import LAST_END

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import duckdb

    from jiqun.notebooks.trust.evidence import Unit

MARKET = "market_only"
ALONE = "document_55_without_older"
NO_AWARD = "as_issued_without_award"
TO_DATE, REFERENCE_TO_DATE = "policy_to_date", "without_document_55_to_date"
LONG = 2032
"""Last year of the long run."""
POLICY_YEARS = tuple(range(ORIGIN + 1, HORIZON + 1))
UNITS: tuple[Unit, ...] = (*(("tier", tier) for tier in TIERS), PROVINCE)
"""The tiers and the province, in the order of every table."""
MEASURED = (
    "value_added",
    "revenue",
    "rd_real",
    "rd_expenditure",
    "employees",
    "labour_productivity",
    "digital_coverage_above",
    "digital_coverage_below",
    "energy_per_va",
    "quality_enterprises",
)
"""Outcomes that effects are shown on."""
BESIDE = (
    "enterprises",
    "digital_upgrades_above",
    "digital_upgrades_below",
    "little_giants",
)
IN_ORDER = "run.scenario, run.draw, run.seed, run.population, year"
"""Order of rows that are read: a query without one hands them over as they come."""

Measure = Literal["percent", "points"]


def measure_of(outcome: str) -> Measure:
    """Shares and stages differ by points, everything else by per cent."""
    return "points" if OUTCOMES[outcome].unit.startswith(("share", "stage")) else "percent"


def effect_on(
    outcome: str,
    unit: Unit,
    year: int = HORIZON,
    scenario: str = AS_ISSUED,
    baseline: str = REFERENCE,
) -> str:
    """What an effect is of, as pages mark it.

    Args:
        outcome: Id of the outcome.
        unit: Level and name of what the outcome is of.
        year: Calendar year.
        scenario: Name of the scenario whose effect is measured.
        baseline: Name of the one that it is compared with.
    """
    return quantity("effect", outcome, unit[1], year, scenario, baseline)


@dataclass(frozen=True)
class Effect:
    """What a scenario changes against another.

    Attributes:
        estimate: Mean of the paired differences, its interval, and how far pairs lie apart.
        measure: Whether they are relative changes or differences of shares.
        rise: Share of the pairs in which the outcome is higher.
        pairs: Number of pairs.
        of: What it is the effect on (`words.quantity`); empty where no page marks it.
    """

    estimate: Estimate
    measure: Measure
    rise: float
    pairs: int
    of: str = ""

    @property
    def sign(self) -> int:
        """1 or -1 where the effect is distinguishable from zero, else 0."""
        return self.estimate.sign

    @property
    def verdict(self) -> str:
        """The sign as texts are kept by; ``few`` where the pairs are too few to tell one."""
        return "few" if self.estimate.low is None else str(self.sign)


@dataclass(frozen=True)
class Worlds:
    """Runs of all scenarios of a store.

    Attributes:
        frame: Rows scenario, draw, seed, population, year, level, unit_name, outcome, value of the
            joint draws (or, where there are none, of the seeds), of the years asked for.
        results: The store, for what is read beside.
        joint: Whether the runs are joint draws of parameters, outside world and seed.
    """

    frame: pd.DataFrame
    results: Results
    joint: bool
    _wide: dict[tuple[str, Unit], pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def names(self) -> frozenset[str]:
        """Scenarios of the store."""
        return frozenset(map(str, self.frame["scenario"].unique()))

    def missing(self, *names: str) -> list[str]:
        """Those scenarios that the store lacks."""
        return [name for name in names if name not in self.names]

    def counts(self) -> dict[str, int]:
        """Number of runs by scenario, side batches included."""
        return {str(k): int(n) for k, n in self.results.runs().groupby("scenario").size().items()}

    def last_year(self, *names: str) -> int:
        """Last year that all of some scenarios reach in at least one run."""
        ends = self.frame.groupby("scenario")["year"].max()
        return int(ends.reindex(list(names)).fillna(ORIGIN).min())

    @cached_property
    def _parts(self) -> dict[tuple[str, Unit], pd.DataFrame]:
        grouped = self.frame.groupby(["outcome", "level", "unit_name"], observed=True)
        return {(str(o), (str(v), str(u))): rows for (o, v, u), rows in grouped}

    def wide(self, outcome: str, unit: Unit) -> pd.DataFrame:
        """Values by run (rows), scenario and year (columns)."""
        key = (outcome, unit)
        if key not in self._wide:
            rows = self._parts.get(key)
            self._wide[key] = (
                pd.DataFrame(columns=pd.MultiIndex.from_tuples([], names=["scenario", "year"]))
                if rows is None
                else rows.pivot(index=RUN, columns=["scenario", "year"], values="value")
                .sort_index()
                .sort_index(axis=1)
            )
        return self._wide[key]

    def values(self, scenario: str, outcome: str, unit: Unit, year: int) -> pd.Series[float]:
        """Values of an outcome in a year by run; empty where there are none.

        Args:
            scenario: Name of the scenario.
            outcome: Id of the outcome.
            unit: Level and name of what the outcome is of.
            year: Calendar year.
        """
        wide = self.wide(outcome, unit)
        if (scenario, year) not in wide.columns:
            return pd.Series(dtype=float)
        found: pd.Series[float] = wide[(scenario, year)].dropna()
        return found

    def band(self, scenario: str, outcome: str, unit: Unit, year: int) -> Band | None:
        """Interval of an outcome in a year, or None where there is none.

        Args:
            scenario: Name of the scenario.
            outcome: Id of the outcome.
            unit: Level and name of what the outcome is of.
            year: Calendar year.
        """
        values = self.values(scenario, outcome, unit, year)
        return Band.of(values) if len(values) else None

    def difference(
        self,
        outcome: str,
        unit: Unit,
        year: int = HORIZON,
        scenario: str = AS_ISSUED,
        baseline: str = REFERENCE,
    ) -> pd.Series[float]:
        """Scenario less baseline by run, in the outcome's stored unit.

        Args:
            outcome: Id of the outcome.
            unit: Level and name of what the outcome is of.
            year: Calendar year.
            scenario: Name of the scenario whose effect is measured.
            baseline: Name of the one that it is compared with.
        """
        return self._paired(outcome, unit, year, scenario, baseline)["gain"]

    def _paired(
        self, outcome: str, unit: Unit, year: int, scenario: str, baseline: str
    ) -> pd.DataFrame:
        """Columns gain, base and change, one row a pair of runs."""
        both = [self.values(name, outcome, unit, year) for name in (scenario, baseline)]
        if any(values.empty for values in both):
            return pd.DataFrame(columns=["gain", "base", "change"], dtype=float)
        return paired(*both)

    def effect(
        self,
        outcome: str,
        unit: Unit,
        year: int = HORIZON,
        scenario: str = AS_ISSUED,
        baseline: str = REFERENCE,
    ) -> Effect | None:
        """Paired effect, or None where a scenario or the unit is missing.

        Args:
            outcome: Id of the outcome.
            unit: Level and name of what the outcome is of.
            year: Calendar year.
            scenario: Name of the scenario whose effect is measured.
            baseline: Name of the one that it is compared with.
        """
        measure = measure_of(outcome)
        pairs = self._paired(outcome, unit, year, scenario, baseline)
        gap = pairs["change" if measure == "percent" else "gain"].dropna()
        if gap.empty:
            return None
        of = effect_on(outcome, unit, year, scenario, baseline)
        return Effect(Estimate.of(gap), measure, float((gap > 0).mean()), len(gap), of)

    def shares(self, outcome: str, unit: Unit) -> dict[str, float]:
        """Share of each source in the variance of the effect; empty without the side batches."""
        found = self._shares
        rows = found[(found["outcome"] == outcome) & (found["unit_name"] == unit[1])]
        return {str(k): float(v) for k, v in zip(rows["source"], rows["share"], strict=True)}

    def pairs(self, outcome: str, unit: Unit) -> tuple[int, int] | None:
        """Pairs that suffice to see an effect of 1 %, and runs where seeds are independent."""
        found = self._needed
        rows = found[(found["outcome"] == outcome) & (found["unit_name"] == unit[1])]
        if rows.empty:
            return None
        return int(rows["pairs_needed"].iloc[0]), int(rows["independent_needed"].iloc[0])

    @cached_property
    def _shares(self) -> pd.DataFrame:
        if self.missing(AS_ISSUED, REFERENCE):
            return pd.DataFrame(columns=["outcome", "unit_name", "source", "share"])
        found = self.results.paired_shares(
            AS_ISSUED, REFERENCE, MEASURED, ("province", "tier"), [HORIZON]
        )
        return found.dropna(subset="share")

    @cached_property
    def _needed(self) -> pd.DataFrame:
        if self.missing(AS_ISSUED, REFERENCE):
            return pd.DataFrame(columns=["outcome", "unit_name"])
        return self.results.pairs_needed(
            AS_ISSUED, REFERENCE, "value_added", ("province", "tier"), [HORIZON]
        )


WHOLE = ("province", "tier")
"""Levels that the report is about."""


def gather_worlds(
    store: Path,
    levels: Sequence[str] = WHOLE,
    outcomes: Collection[str] = (),
    years: Collection[int] = range(ORIGIN, year_of(LAST_END) + 1),
    scenarios: Collection[str] | None = None,
) -> Worlds:
    """Read what the comparisons of the report need of a store.

    Args:
        store: Folder of the store.
        levels: Levels that outcomes are read of.
        outcomes: Ids of the outcomes; those of the first pages if there are none.
        years: Years that are read.
        scenarios: Names of the scenarios; all if None.
    """
    results = Results(store)
    whole = {*MEASURED, *BESIDE, *(o.id for o in OUTCOMES.values() if o.target)}
    wanted = set(outcomes) or whole
    named = results.scenarios() if scenarios is None else scenarios
    with results.connect() as connection:
        joint = joint_draws(connection)
        frame = frame_of(
            connection,
            f"""
            SELECT o.scenario, o.draw, o.seed, run.population, o.year, o.level, o.unit_name,
                o.outcome, o.value
            FROM outcome o JOIN run USING (run_key)
            WHERE o.outcome IN (SELECT unnest(?)) AND o.level IN (SELECT unnest(?))
                AND o.year IN (SELECT unnest(?)) AND o.scenario IN (SELECT unnest(?))
                AND {main_runs("o")}
            ORDER BY {IN_ORDER}, o.level, o.unit_name, o.outcome
            """,
            [sorted(wanted), list(levels), list(years), list(named)],
            ("scenario", "population", "level", "unit_name", "outcome"),
        )
    return Worlds(frame, results, joint)


def joint_draws(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a store holds joint draws of parameters, outside world and seed."""
    query = f"SELECT count(*) FROM run WHERE draw BETWEEN 1 AND {BLOCK}"
    ((count,),) = connection.execute(query).fetchall()
    return bool(count)
