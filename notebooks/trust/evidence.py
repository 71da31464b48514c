"""What the report knows: stored results of one scenario, boiled down to intervals.

A store holds one batch of zipped triples (parameter draw, outside-world path, seed), from which all
intervals come, and three side batches in which only one of the three moves, which say how much of
an interval's width each of them brings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from jiqun.calibration.backtest.data import protocol
from jiqun.calibration.backtest.origin import fades
from jiqun.calibration.backtest.second import second_protocol
from jiqun.calibration.fitting.distance import BY_POINTS, NOT_FITTED, WITHIN_POINTS, WITHIN_SHARE
from jiqun.experiments import Results
from jiqun.experiments.effects.effect import SPREAD
from jiqun.experiments.runs.draws import FIRST_OF_BLOCK, Vary
from jiqun.model.calendar import FIRST_YEAR
from jiqun.model.dimensions import ASSUMPTION_ONLY_FIELDS
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = "without_document_55"
AS_ISSUED = "as_issued"
LOW, HIGH = SPREAD
"""Bounds of the intervals of levels: nine runs of ten lie between them."""
ORIGIN, HORIZON = 2023, 2027
YEARS = range(FIRST_YEAR, HORIZON + 1)
SOURCES = ("seeds", "parameters", "outside")
PROVINCE = ("province", REGION.id)
ASSUMED_UNIT = ("group", "assumption_only")
SUMMABLE = frozenset({"yuan", "enterprises", "persons"})
"""Units of totals, which may be added over fields."""

Unit = tuple[str, str]
"""Level and name of what an outcome is of, such as ('tier', 'world')."""


@dataclass(frozen=True)
class Band:
    """Median and 90 % interval over the triples."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: pd.Series[float]) -> Band:
        """Interval of the values of some runs."""
        low, median, high = np.nanquantile(values.to_numpy(dtype=float), [LOW, 0.5, HIGH])
        return cls(float(low), float(median), float(high))

    @property
    def half_width(self) -> float:
        """Half the interval, as a share of the median."""
        return (self.high - self.low) / 2 / abs(self.median) if self.median else float("nan")


@dataclass(frozen=True)
class Compared:
    """One published figure beside what the runs give; values in the outcome's stored unit."""

    target: Any
    published: float
    error: float
    central: float | None
    band: Band | None

    @property
    def points(self) -> bool:
        """Whether distance counts in percentage points rather than in shares of the figure."""
        return self.target.kind in BY_POINTS

    @property
    def distance(self) -> float | None:
        """Simulated less published: points as a share, else relative to the published figure."""
        if self.central is None:
            return None
        gap = self.central - self.published
        return gap if self.points else gap / abs(self.published)

    @property
    def verdict(self) -> str:
        """``near``, ``far``, ``shown`` (not judged), ``start`` (before 2019) or ``absent``."""
        if self.distance is None:
            return "start" if self.target.year < FIRST_YEAR else "absent"
        if self.target.error_kind in NOT_FITTED or self.target.note == "input":
            return "shown"
        allowed = WITHIN_POINTS / 100 if self.points else WITHIN_SHARE
        return "near" if abs(self.distance) <= allowed else "far"


@dataclass(frozen=True)
class Evidence:
    """Results of one scenario of a store.

    Attributes:
        scenario: Its name.
        labels: Its label by language.
        frame: Rows source, run, year, level, unit_name, outcome, value.
        runs: Every run with what identifies it.
        batches: Batches that made them, as the store noted them.
        spread: Variance at the horizon from each source alone, and its share of their sum.
    """

    scenario: str
    labels: dict[str, str]
    frame: pd.DataFrame
    runs: pd.DataFrame
    batches: tuple[dict[str, Any], ...]
    spread: pd.DataFrame

    @cached_property
    def joint(self) -> str:
        """The batch that intervals come from: the triples, or without them the seeds."""
        return "triples" if self.count("triples") else "seeds"

    @cached_property
    def bands(self) -> pd.DataFrame:
        """Low, median and high over the joint draws, by outcome, level, unit and year."""
        joint = self.frame[self.frame.source == self.joint]
        grouped = joint.groupby(["outcome", "level", "unit_name", "year"], observed=True).value
        found = grouped.quantile(np.array([LOW, 0.5, HIGH])).unstack()
        found.columns = pd.Index(["low", "median", "high"])
        return found

    @cached_property
    def central(self) -> pd.Series[float]:
        """Median over the seeds at central values, by outcome, level, unit and year.

        Where those runs lack a unit (they are recorded in brief), the median of the joint draws.
        """
        seeds = self.frame[self.frame.source == "seeds"]
        grouped = seeds.groupby(["outcome", "level", "unit_name", "year"], observed=True).value
        known = grouped.median().reindex(self.bands.index)
        return known.fillna(self.bands["median"])

    @cached_property
    def _paths(self) -> dict[tuple[str, ...], pd.DataFrame]:
        grouped = self.bands.groupby(level=["outcome", "level", "unit_name"], observed=True)
        return {tuple(map(str, key)): rows.droplevel([0, 1, 2]) for key, rows in grouped}

    def path(self, outcome: str, unit: Unit) -> pd.DataFrame:
        """Low, median and high by year; empty where the unit has no such outcome."""
        found = self._paths.get((outcome, *unit))
        return pd.DataFrame(columns=["low", "median", "high"]) if found is None else found

    def band(self, outcome: str, unit: Unit, year: int) -> Band | None:
        """Interval of an outcome in a year, or None where the unit has no such outcome.

        Args:
            outcome: Id of the outcome.
            unit: Level and name of what the outcome is of.
            year: Calendar year.
        """
        path = self.path(outcome, unit)
        if year not in path.index:
            return None
        low, median, high = path.loc[year].to_numpy(dtype=float)
        return Band(float(low), float(median), float(high))

    def by_run(self, outcome: str, unit: Unit) -> pd.DataFrame:
        """Values of the joint draws: one row a run, one column a year."""
        rows = self.frame
        rows = rows[
            (rows.source == self.joint)
            & (rows.outcome == outcome)
            & (rows.level == unit[0])
            & (rows.unit_name == unit[1])
        ]
        return rows.pivot_table(index="run", columns="year", values="value", observed=True)

    def changes(self, outcome: str, unit: Unit) -> pd.Series[float]:
        """Relative change from the origin to the horizon, run by run."""
        wide = self.by_run(outcome, unit)
        if not {ORIGIN, HORIZON} <= set(wide.columns):
            return pd.Series(dtype=float)
        return (wide[HORIZON] / wide[ORIGIN] - 1).dropna()

    def mean_growth(self, outcome: str, unit: Unit) -> Band | None:
        """Mean yearly growth after the origin, run by run, of an outcome that is a growth rate."""
        wide = self.by_run(outcome, unit)
        return mean_growth(wide[[y for y in range(ORIGIN + 1, HORIZON + 1) if y in wide.columns]])

    def set_right(self, indicator: str) -> pd.DataFrame:
        """A published series set right at the origin: one row a run, one column a later year.

        What each run missed of the figure of the origin is carried on and fades, as method `level`
        of the second back-test has it. Empty where no figure of the origin is published, or where
        the runs lack the outcome.
        """
        found = [p for p in self.compared if p.target.indicator == indicator]
        known = next((p for p in found if p.target.year == ORIGIN), None)
        if known is None:
            return pd.DataFrame()
        wide = self.by_run(known.target.outcome, (known.target.level, known.target.unit_name))
        half_life = second_protocol(protocol()).half_life.model_dump()
        fade = fades(half_life, "growth" if known.points else "level", "level")
        if ORIGIN not in wide.columns or fade is None:
            return pd.DataFrame()
        years = [year for year in range(ORIGIN + 1, HORIZON + 1) if year in wide.columns]
        if known.points:
            missed = known.published - wide[ORIGIN]
            return pd.DataFrame({y: wide[y] + fade.level_left(y - ORIGIN) * missed for y in years})
        ratio = known.published / wide[ORIGIN]
        return pd.DataFrame({y: wide[y] * ratio ** fade.level_left(y - ORIGIN) for y in years})

    def variances(self, outcome: str) -> dict[str, float]:
        """Variance of an outcome of the province from each source alone; empty if not known."""
        return self._of_spread(outcome, "variance")

    def shares(self, outcome: str) -> dict[str, float]:
        """Share of each source in the spread of an outcome of the province."""
        return self._of_spread(outcome, "share")

    def _of_spread(self, outcome: str, column: str) -> dict[str, float]:
        rows = self.spread[self.spread.outcome == outcome].dropna(subset="share")
        return {str(k): float(v) for k, v in zip(rows.source, rows[column], strict=True)}

    def luck(self, outcome: str, unit: Unit = PROVINCE) -> float | None:
        """Standard deviation between seeds at central values, as a share of the median."""
        rows = self.frame[
            (self.frame.source == "seeds")
            & (self.frame.outcome == outcome)
            & (self.frame.level == unit[0])
            & (self.frame.unit_name == unit[1])
            & (self.frame.year == HORIZON)
        ].value
        return float(rows.std(ddof=1) / rows.median()) if len(rows) > 1 else None

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        """Every row of the calibration targets beside the runs."""
        return tuple(self._compare(target) for target in table("calibration_targets"))

    def _compare(self, target: Any) -> Compared:
        unit = (target.level, target.unit_name)
        central = self.central.get((target.outcome, *unit, target.year))
        error = {"%": target.value * target.error / 100, "pp": target.error}.get(
            target.error_kind, 0.0
        )
        return Compared(
            target,
            target.value / target.scale,
            abs(error) / target.scale,
            None if central is None else float(central),
            self.band(target.outcome, unit, target.year),
        )

    def count(self, source: str) -> int:
        """Number of runs of a batch."""
        return int(self.frame[self.frame.source == source]["run"].nunique())


def mean_growth(rates: pd.DataFrame) -> Band | None:
    """Mean yearly growth of each run from its rates, one column a year; None without a year."""
    if rates.empty:
        return None
    return Band.of((1 + rates).prod(axis=1) ** (1 / len(rates.columns)) - 1)


def gather(store: Path, scenario: str | None = None) -> Evidence:
    """Read what the report needs of a store.

    Args:
        store: Folder of the store.
        scenario: Name of the scenario; by default the document as issued, without it the reference,
            or what there is.

    Raises:
        ValueError: The store holds no runs of the scenario.
    """
    results = Results(store)
    runs = results.runs()
    known = list(dict.fromkeys(runs["scenario"]))
    chosen = [n for n in (scenario, AS_ISSUED, REFERENCE) if n in known or n == scenario]
    name = next(filter(None, chosen), known[0] if known else "")
    runs = runs[runs["scenario"] == name]
    if runs.empty:
        raise ValueError(f"{store} holds no run of {name}; it has {', '.join(known) or 'none'}")
    frame = pd.concat(
        [
            results.outcomes(name, level=("province", "tier"), years=YEARS),
            _chosen_fields(results.outcomes(name, level="field", years=YEARS)),
            results.outcomes(name, _judged_by("size"), level="size", years=YEARS),
        ],
        ignore_index=True,
    )
    frame = frame.assign(source=_sources(frame["draw"]), run=frame["run_key"])
    kept = ["source", "run", "year", "level", "unit_name", "outcome", "value"]
    batches = tuple(b for b in results.manifest["batches"] if name in b["scenarios"])
    spread = results.variance_shares(scenario=name, years=[HORIZON])
    return Evidence(
        name,
        _labels(results, runs["scenario_hash"].iloc[0], name),
        frame[kept],
        runs,
        batches,
        spread,
    )


def _labels(results: Results, digest: str, name: str) -> dict[str, str]:
    """Label of a scenario as the store keeps it; its name where the store keeps none."""
    path = results.folder / "scenarios" / f"{digest}.yaml"
    if not path.is_file():
        return {"zh": name, "en": name}
    kept: dict[str, str] = yaml.safe_load(path.read_text("utf-8"))["label"]
    return kept


def _sources(draws: pd.Series[int]) -> pd.Series[str]:
    """Batch a run belongs to, told by the number of its draw."""
    parameters, outside = (FIRST_OF_BLOCK[kind] for kind in (Vary.PARAMETERS, Vary.OUTSIDE))
    places = np.select(
        [draws == 0, draws <= parameters, draws <= outside],
        ["seeds", "triples", "parameters"],
        "outside",
    )
    return pd.Series(places, index=draws.index)


def _judged_by(level: str) -> list[str]:
    """Outcomes judged by a figure of a level."""
    return sorted({row.outcome for row in table("calibration_targets") if row.level == level})


def _chosen_fields(frame: pd.DataFrame) -> pd.DataFrame:
    """The fields the report shows: those judged by a published series, and three as one group."""
    judged = {row.unit_name for row in table("calibration_targets") if row.level == "field"}
    totals = [name for name, outcome in OUTCOMES.items() if outcome.unit in SUMMABLE]
    assumed = frame[frame.unit_name.isin(ASSUMPTION_ONLY_FIELDS) & frame.outcome.isin(totals)]
    keys = [c for c in frame.columns if c not in ("level", "unit_name", "value")]
    group = assumed.groupby(keys, as_index=False, observed=True).value.sum()
    named = group.assign(level=ASSUMED_UNIT[0], unit_name=ASSUMED_UNIT[1])
    found: pd.DataFrame = pd.concat([frame[frame.unit_name.isin(judged)], named])
    return found
