"""The runs of an analysis: made where the store lacks them, and read as paired effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.effects.costs import BORNE, FIRST, LAST, PRESENT, money_of_runs
from jiqun.experiments.runs.batch import Record, population_key, run_key
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.runs.runner import run_listed, workers_of
from jiqun.experiments.sensitivity.designs import SensitivityError
from jiqun.experiments.stores.populations import load_population
from jiqun.experiments.stores.results import Results
from jiqun.experiments.stores.sql import frame_of, steady_sum
from jiqun.experiments.stores.store import Store
from jiqun.model.observe.outcomes import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.runs.runner import Options, Progress
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

    Listed = tuple[Scenario, Sequence[tuple[Draw, int]]]

PROVINCE = "province"
LAST_YEAR = "sensitivity"
"""Record of runs of which the last year alone is kept."""
TIERS = (PROVINCE, "world", "national", "provincial", "county", "none")
"""Units that outputs are of: the province, then its tiers."""
COUNTS = frozenset({"share", "share a year", "enterprises", "upgrades", "stage", "index"})
"""Units of which a difference is told; of all others a share of the run without."""


@dataclass
class Bench:
    """A store, how runs are made into it, and what that took.

    Attributes:
        folder: Folder of the store.
        options: How to run.
        progress: Called with how far a batch is.
        say: Called with a line when a stage begins.
        outcomes: Outcomes that are recorded.
        year: The year that is recorded.
        made: Runs made.
        asked: Keys of the runs that were asked for, made now or there already.
    """

    folder: Path
    options: Options
    progress: Callable[[Progress], None]
    say: Callable[[str], None]
    outcomes: tuple[str, ...]
    year: int
    made: int = 0
    asked: set[str] = field(default_factory=set)

    def run(self, listed: Sequence[Listed], note: str, record: Record | None = None) -> None:
        """Make the runs that the store lacks.

        Args:
            listed: Scenarios, each with its draws and seeds.
            note: What they are for: the fingerprint of a design, or the name of a stage.
            record: What is kept of each run; outcomes of the recorded year alone if absent.

        Raises:
            SensitivityError: A run failed; an analysis has no gaps.
        """
        kept = record or Record(LAST_YEAR, (PROVINCE, "tier"), self.outcomes, self.year)
        ensemble = fitted(in_use())
        facts = {"plan": {"analysis": note}, "ensemble": ensemble.digest if ensemble else ""}
        report = run_listed(
            listed, self.folder, kept, facts, self.options, self.progress,
            lambda: self.say(f"waiting for another batch that uses {self.folder} ..."),
        )  # fmt: skip
        self.made += report.made
        self.asked.update(report.keys)
        if report.failures:
            first = report.failures[0]
            more = f" ({len(report.failures)} runs failed)" if len(report.failures) > 1 else ""
            raise SensitivityError(
                f"run {first.run.key} ({first.run.scenario}, draw {first.run.draw.index}, seed"
                f" {first.run.seed}) failed{more}: {first.origin}: {first.message}; no index is"
                " found from the others"
            )

    @property
    def priced(self) -> Record:
        """What is kept of runs that are priced: all years that costs are counted in, and for what.

        Who is paid is left out: it would be nine tenths of what is kept.
        """
        return Record("costs", (PROVINCE, "tier"), self.outcomes, FIRST, places=False)

    def seconds_for(self, count: int) -> float:
        """Time that so many runs will take, at the mean CPU time of those in the store."""
        with Results(self.folder, every=True).connect() as connection:
            (mean,) = connection.execute("SELECT avg(seconds) FROM run").fetchone() or (0.0,)
        return float(mean) * count / workers_of(self.options)

    def cpu_seconds(self, keys: Iterable[str]) -> float:
        """CPU time that runs took when they were made, whenever that was."""
        import pandas as pd  # noqa: PLC0415

        wanted = pd.DataFrame({"run_key": sorted(keys)}, dtype=str)
        with Results(self.folder, every=True).connect() as connection:
            connection.register("wanted", wanted)
            (spent,) = connection.execute(
                "SELECT sum(seconds) FROM run SEMI JOIN wanted USING (run_key)"
            ).fetchone() or (0.0,)
        return round(float(spent or 0.0), 1)

    def keys(self, scenario: Scenario, pairs: Iterable[tuple[Draw, int]]) -> list[str]:
        """Keys of the runs of a scenario at draws with seeds."""
        path = Store(self.folder).population_path(population_key(scenario))
        population = load_population(path).digest
        return [run_key(scenario, draw, seed, population) for draw, seed in pairs]

    def values(
        self, keys: Sequence[str], outcomes: Sequence[str], tiers: Sequence[str] = TIERS
    ) -> Array:
        """Outcomes of runs in the recorded year, shape (runs, outcomes x units).

        What a run has no row of is not a number: whoever uses it has to refuse it.

        Args:
            keys: Keys of the runs.
            outcomes: Ids of the outcomes.
            tiers: Tiers, or `province`.
        """
        import pandas as pd  # noqa: PLC0415

        wanted = pd.DataFrame({"run_key": sorted(set(keys))})
        with Results(self.folder, every=True).connect() as connection:
            connection.register("wanted", wanted)
            rows: pd.DataFrame = frame_of(
                connection,
                """
                SELECT run_key, outcome, CASE WHEN level = 'tier' THEN unit_name ELSE level END
                    AS tier, value
                FROM outcome SEMI JOIN wanted USING (run_key)
                WHERE year = ? AND level IN ('province', 'tier') AND outcome IN (SELECT unnest(?))
                """,
                [self.year, list(outcomes)],
            )
        wide = rows.pivot_table(index="run_key", columns=["outcome", "tier"], values="value")
        columns = pd.MultiIndex.from_product([outcomes, tiers])
        # Runs that another batch kept whole are as exact as brief ones: else runs that are the
        # same would differ by what is cut off.
        short = wide.reindex(index=list(keys), columns=columns).to_numpy(np.float32)
        return short.astype(np.float64)

    def presents(
        self, keys: Sequence[str], outcomes: Sequence[str], tiers: Sequence[str] = TIERS
    ) -> Array:
        """Present values of outcomes in yuan over the years that costs are counted in.

        Shape as `values`; not a number for outcomes in other units, and for runs of which the first
        of these years were not kept.

        Args:
            keys: Keys of the runs.
            outcomes: Ids of the outcomes.
            tiers: Tiers, or `province`.
        """
        import pandas as pd  # noqa: PLC0415

        wanted = pd.DataFrame({"run_key": sorted(set(keys))})
        flows = [name for name in outcomes if OUTCOMES[name].unit == "yuan"]
        with Results(self.folder, every=True).connect() as connection:
            connection.register("wanted", wanted)
            rows: pd.DataFrame = frame_of(
                connection,
                f"""
                SELECT run_key, outcome, CASE WHEN level = 'tier' THEN unit_name ELSE level END
                    AS tier, {steady_sum(f"value * {PRESENT}")} AS value
                FROM outcome SEMI JOIN wanted USING (run_key)
                WHERE year BETWEEN {FIRST} AND {LAST} AND level IN ('province', 'tier')
                    AND outcome IN (SELECT unnest(?))
                GROUP BY ALL HAVING min(year) = {FIRST}
                """,
                [flows],
            )
        wide = rows.pivot_table(index="run_key", columns=["outcome", "tier"], values="value")
        columns = pd.MultiIndex.from_product([outcomes, tiers])
        found: Array = wide.reindex(index=list(keys), columns=columns).to_numpy(np.float64)
        return found

    def costs(self, arms: Sequence[tuple[Collection[str], Sequence[str], Sequence[str]]]) -> Array:
        """Present cost of levers to the budgets and to others, run by run.

        Args:
            arms: Levers that money is booked under, keys of the runs with and of those without.

        Returns:
            Shape (arms, runs, 2), yuan; not a number for runs whose ledger was not kept from the
            first year on.
        """
        import pandas as pd  # noqa: PLC0415

        keys = sorted({key for _, *both in arms for part in both for key in part})
        results = Results(self.folder, every=True)
        rows = money_of_runs(results, keys)
        with results.connect() as connection:
            kept: pd.DataFrame = frame_of(
                connection, "SELECT run_key FROM run WHERE record <> ?", [LAST_YEAR]
            )
        known = pd.Series(0.0, index=sorted(set(kept["run_key"]) & set(keys)))
        parts = [
            rows[rows["payer"].isin(payers)].groupby(["lever", "run_key"])["yuan"].sum()
            for payers in BORNE.values()
        ]
        found = np.empty((len(arms), len(arms[0][1]) if arms else 0, len(parts)))
        for place, (levers, with_it, without) in enumerate(arms):
            for column, part in enumerate(parts):
                own = part[part.index.get_level_values("lever").isin(list(levers))]
                sums = known.add(own.groupby("run_key").sum(), fill_value=0.0).reindex(known.index)
                with_, none = (sums.reindex(list(k)).to_numpy() for k in (with_it, without))
                gap = with_ - none
                found[place, :, column] = gap
        return found


def columns_of(outcomes: Sequence[str], tiers: Sequence[str] = TIERS) -> list[tuple[str, str]]:
    """Outcome and tier of each output."""
    return [(outcome, tier) for outcome in outcomes for tier in tiers]


def titles(outcomes: Sequence[str], tiers: Sequence[str] = TIERS) -> list[str]:
    """Name of each output in messages."""
    return [f"{outcome} of {tier}" for outcome, tier in columns_of(outcomes, tiers)]


def relative(outcome: str) -> bool:
    """Whether an outcome's effect is told as a share of the run without."""
    return OUTCOMES[outcome].unit not in COUNTS


def effects(
    with_it: Array, without: Array, outcomes: Sequence[str], tiers: Sequence[str] = TIERS
) -> Array:
    """Paired effects, shape of the arguments: (..., outcomes x units).

    A share of nothing is not a number unless nothing changed.

    Args:
        with_it: Outcomes with a lever, in their units, shape (..., outcomes x units).
        without: Outcomes without it, of the same shape.
        outcomes: Ids of the outcomes.
        tiers: Units that the columns are of, beside outcomes.
    """
    share = np.array([relative(outcome) for outcome, _ in columns_of(outcomes, tiers)])
    change = with_it - without
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(change == 0.0, 0.0, change / np.abs(without))
    found: Array = np.where(share, shares, change)
    return found
