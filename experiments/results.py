"""Reading a store: tidy outcomes, paired differences, intervals and where their width is from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import pairs
from experiments.draws import BLOCK, FIRST_OF_BLOCK, Vary
from experiments.store import LEDGER_NAMES, Store, StoreError
from model.outcomes import OUTCOMES
from scenarios.errors import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb
    import pandas as pd

    Names = str | Sequence[str] | None

QUANTILES = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
KEY = ("draw", "seed", "population", "year", "level", "unit_name", "outcome")
GROUP = ("scenario", "outcome", "level", "unit_name", "year")
_MAIN_RUNS = f"""
    CASE WHEN scenario IN (SELECT scenario FROM run WHERE draw BETWEEN 1 AND {BLOCK})
    THEN draw BETWEEN 1 AND {BLOCK} ELSE draw = 0 END
"""
"""Runs a summary is over: the zipped draws, or the seeds of the central draw."""


class Results:
    """The results of a store.

    By default only what belongs together is read: for each scenario the runs of its latest batch's
    form (the same terms, population and model), each at its longest horizon.

    Args:
        folder: Folder of the store.
        every: Read all runs instead, whatever model, population and horizon they are of.
    """

    def __init__(self, folder: str | Path, *, every: bool = False) -> None:
        self.folder = Path(folder)
        self.every = every
        self.manifest = Store(folder).manifest
        if not self.manifest or not any((self.folder / "runs").glob("*.parquet")):
            raise StoreError(f"{self.folder} holds no finished runs: make some with jiqun run")

    def runs(self) -> pd.DataFrame:
        """One row a run: key, scenario, draw, seed, population, hashes, seconds, residual."""
        frame: pd.DataFrame = self._query(
            "SELECT * FROM run ORDER BY scenario, draw, seed, run_key"
        )
        return frame

    def draws(self) -> pd.DataFrame:
        """Parameter values, outside places and sizes by draw; absent where they are central."""
        import pandas as pd  # noqa: PLC0415

        rows = self.runs().drop_duplicates(["scenario", "draw"])
        values = [
            {"scenario": row.scenario, "draw": row.draw}
            | json.loads(str(row["values"]))
            | {f"outside_{k}": v for k, v in json.loads(str(row["outside"])).items()}
            | {f"size_{k}": v for k, v in _sizes(row).items()}
            for _, row in rows.iterrows()
        ]
        return pd.DataFrame(values)

    def outcomes(
        self,
        scenario: Names = None,
        outcome: Names = None,
        level: Names = None,
        years: Iterable[int] | None = None,
        unit_name: Names = None,
    ) -> pd.DataFrame:
        """Tidy outcomes, one row a run, year, unit and outcome.

        Args:
            scenario: Scenarios; all if absent, and so for the others.
            outcome: Outcomes.
            level: Levels.
            years: Years.
            unit_name: Units of a level, such as tiers.
        """
        where, values = _where(scenario, outcome, level, years, unit_name)
        order = "scenario, draw, seed, run_key, year, level, unit_name, outcome"
        return self._query(f"SELECT * FROM outcome {where} ORDER BY {order}", values)

    def paired(
        self,
        scenario: str,
        baseline: str,
        outcome: Names = None,
        level: Names = None,
        years: Iterable[int] | None = None,
    ) -> pd.DataFrame:
        """Two scenarios side by side, run by run: values, difference and ratio less one.

        Args:
            scenario: The scenario.
            baseline: What it is compared with.
            outcome: Outcomes; all if absent, and so for the others.
            level: Levels.
            years: Years.
        """
        where, values = _where(None, outcome, level, years)
        both = where or "WHERE true"
        using, order = ", ".join(KEY), ", ".join(KEY)
        return self._query(
            f"""
            WITH o AS (
                SELECT outcome.*, run.population FROM outcome JOIN run USING (run_key) {both}
            )
            SELECT {using}, a.value AS value, b.value AS baseline, a.value - b.value AS difference,
                a.value / nullif(b.value, 0) - 1 AS change
            FROM (SELECT * FROM o WHERE scenario = ?) a
            JOIN (SELECT * FROM o WHERE scenario = ?) b USING ({using})
            ORDER BY {order}
            """,
            [*values, scenario, baseline],
        )

    def paired_intervals(
        self,
        scenario: str,
        baseline: str,
        outcome: Names = None,
        level: Names = None,
        years: Iterable[int] | None = None,
    ) -> pd.DataFrame:
        """What a scenario changes against another: median and 90 % interval over paired runs.

        Over the zipped draws, or over the seeds of the central draw where there are none. Columns
        `p05`, `median`, `p95` and `mean` are of the difference; `change_...` of the ratio less one;
        `share_positive` and `share_negative` say in how many pairs it went up or down; `value`
        and `baseline` are medians of the two; `runs` is the number of pairs that have the unit.

        Args:
            scenario: The scenario.
            baseline: What it is compared with.
            outcome: Outcomes; all if absent, and so for the others.
            level: Levels.
            years: Years.

        Raises:
            StoreError: The store holds no run of one of the two.
        """
        return pairs.intervals(self._pairs(scenario, baseline, outcome, level, years))

    def paired_shares(
        self,
        scenario: str,
        baseline: str,
        outcome: Names = None,
        level: Names = None,
        years: Iterable[int] | None = (2027,),
    ) -> pd.DataFrame:
        """Share of each source of uncertainty in the variance of what a scenario changes.

        From the side batches, in which one source moves alone; empty where one is missing.
        Arguments and errors are those of `paired_intervals`.
        """
        return pairs.shares(self._pairs(scenario, baseline, outcome, level, years))

    def pairs_needed(
        self,
        scenario: str,
        baseline: str,
        outcome: Names = "value_added",
        level: Names = "tier",
        years: Iterable[int] | None = (2027,),
        effect: float = 0.01,
    ) -> pd.DataFrame:
        """Number of paired seeds that suffice to see an effect, unit by unit.

        Beside it the number of seeds where the two scenarios have seeds of their own. From the
        paired seeds at central parameters.

        Args:
            scenario: The scenario.
            baseline: What it is compared with.
            outcome: Outcomes; all if absent, and so for the others.
            level: Levels.
            years: Years.
            effect: The effect, as a share of the baseline's mean.

        Raises:
            StoreError: The store holds no run of one of the two.
        """
        return pairs.needed(self._pairs(scenario, baseline, outcome, level, years), effect)

    def _pairs(
        self,
        scenario: str,
        baseline: str,
        outcome: Names,
        level: Names,
        years: Iterable[int] | None,
    ) -> pd.DataFrame:
        known = self.scenarios()
        for name in (scenario, baseline):
            if name not in known:
                near = nearest_name(name, known)
                hint = f"; nearest: {near}" if near else ""
                raise StoreError(
                    f"{self.folder} holds no run of {name}; there are: {', '.join(known)}{hint}"
                )
        return self.paired(scenario, baseline, outcome, level, years)

    def scenarios(self) -> list[str]:
        """Names of the scenarios that have runs."""
        return list(self._query("SELECT DISTINCT scenario FROM run ORDER BY scenario")["scenario"])

    def ledger(
        self,
        scenario: Names = None,
        lever: Names = None,
        kind: Names = None,
        years: Iterable[int] | None = None,
    ) -> pd.DataFrame:
        """The money under levers: one row a run, year, payer, fund, origin, place and payee.

        A store made before there was a ledger has none: the frame is empty.

        Args:
            scenario: Scenarios; all if absent, and so for the others.
            lever: Levers.
            kind: ``committed``, ``paid``, ``invested``, ``forgone`` or ``repaid``.
            years: Years.
        """
        where, values = _where(scenario, years=years, lever=lever, kind=kind)
        names = ", ".join(LEDGER_NAMES)
        return self._query(
            f"SELECT * FROM ledger {where} ORDER BY scenario, draw, seed, run_key, year, {names}",
            values,
        )

    def money(
        self,
        by: Sequence[str] = ("year", "payer", "fund"),
        scenario: Names = None,
        lever: Names = None,
        kind: Names = "paid",
        years: Iterable[int] | None = None,
    ) -> pd.DataFrame:
        """Sums of the ledger: median and 90 % interval over the runs, in yuan.

        A run that books nothing in a group counts as zero there. Over the zipped draws, or over
        the seeds of the central draw where there are none.

        Args:
            by: Columns of the ledger that make the groups, beside the scenario.
            scenario: Scenarios; all if absent, and so for the others.
            lever: Levers.
            kind: ``committed``, ``paid``, ``invested``, ``forgone`` or ``repaid``.
            years: Years.

        Raises:
            StoreError: A column that the ledger does not have.
        """
        for name in by:
            allowed = ("year", *LEDGER_NAMES)
            if name not in allowed:
                near = nearest_name(name, allowed)
                hint = f"; nearest: {near}" if near else ""
                raise StoreError(
                    f"the ledger has no column {name}; there are: {', '.join(allowed)}{hint}"
                )
        where, values = _where(scenario, years=years, lever=lever, kind=kind)
        groups = ", ".join(["scenario", *by])
        return self._query(
            f"""
            WITH chosen AS (SELECT run_key, scenario FROM run WHERE {_MAIN_RUNS}),
            summed AS (
                SELECT run_key, {groups}, sum(yuan) AS yuan FROM ledger {where}
                GROUP BY run_key, {groups}
            ),
            every AS (
                SELECT run_key, {groups}
                FROM chosen JOIN (SELECT DISTINCT {groups} FROM summed) USING (scenario)
            )
            SELECT {groups}, quantile_cont(coalesce(yuan, 0), .05) AS p05,
                median(coalesce(yuan, 0)) AS median, quantile_cont(coalesce(yuan, 0), .95) AS p95,
                avg(coalesce(yuan, 0)) AS mean, count(*) AS runs
            FROM every LEFT JOIN summed USING (run_key, {groups})
            GROUP BY {groups} ORDER BY {groups}
            """,
            values,
        )

    def intervals(
        self,
        scenario: Names = None,
        outcome: Names = None,
        level: Names = None,
        years: Iterable[int] | None = None,
        unit_name: Names = None,
    ) -> pd.DataFrame:
        """Median, quartiles and 90 % interval over the zipped draws.

        Without zipped draws, over the seeds of the central draw. `runs` is the number of runs that
        have the unit in that year.

        Args:
            scenario: Scenarios; all if absent, and so for the others.
            outcome: Outcomes.
            level: Levels.
            years: Years.
            unit_name: Units of a level.
        """
        where, values = _where(scenario, outcome, level, years, unit_name)
        group = ", ".join(GROUP)
        quantiles = ", ".join(f"quantile_cont(value, {q}) AS {n}" for n, q in QUANTILES.items())
        return self._query(
            f"""
            SELECT {group}, {quantiles}, avg(value) AS mean, count(*) AS runs FROM outcome
            {where or "WHERE true"} AND {_MAIN_RUNS}
            GROUP BY {group} ORDER BY {group}
            """,
            values,
        )

    def variance_shares(
        self,
        outcome: Names = None,
        level: Names = "province",
        unit_name: Names = None,
        years: Iterable[int] | None = (2027,),
        scenario: Names = None,
    ) -> pd.DataFrame:
        """Share of each source of uncertainty in the variance of an outcome.

        From the side batches, in which one source moves alone; shares are of the sum of the three
        variances. Empty where a side batch is missing.

        Args:
            outcome: Outcomes; all if absent, and so for the others.
            level: Levels.
            unit_name: Units of a level.
            years: Years.
            scenario: Scenarios.
        """
        where, values = _where(scenario, outcome, level, years, unit_name)
        group = ", ".join(GROUP)
        parameters, outside = FIRST_OF_BLOCK[Vary.PARAMETERS], FIRST_OF_BLOCK[Vary.OUTSIDE]
        return self._query(
            f"""
            WITH alone AS (
                SELECT {group}, var_samp(value) AS variance, count(*) AS runs,
                    quantile_cont(value, .95) - quantile_cont(value, .05) AS width,
                    CASE WHEN draw = 0 THEN 'seeds' WHEN draw <= {outside} THEN 'parameters'
                        ELSE 'outside' END AS source
                FROM outcome {where or "WHERE true"} AND (draw = 0 OR draw > {parameters})
                GROUP BY {group}, source HAVING count(*) > 1
            )
            SELECT {group}, source, runs, variance, width,
                variance / nullif(sum(variance) OVER (PARTITION BY {group}), 0) AS share
            FROM alone QUALIFY count(*) OVER (PARTITION BY {group}) = 3
            ORDER BY {group}, source
            """,
            values,
        )

    def to_csv(self, path: str | Path) -> None:
        """Write the tidy outcomes as CSV."""
        self.outcomes().to_csv(path, index=False)

    def to_iamc(self, path: str | Path) -> None:
        """Write medians and 90 % intervals in the IAMC layout that scenario tools read."""
        import pandas as pd  # noqa: PLC0415

        frame = self.intervals()
        region = "Anhui"
        part = frame["level"].where(frame["level"] != "province", "")
        names = part.str.capitalize() + " " + frame["unit_name"].astype(str)
        wide = pd.DataFrame(
            {
                "model": "jiqun",
                "scenario": frame["scenario"],
                "region": region + ("|" + names).where(part != "", ""),
                "variable": frame["outcome"],
                "unit": frame["outcome"].map({o.id: o.unit for o in OUTCOMES.values()}),
                "year": frame["year"],
            }
        )
        layers = [
            wide.assign(variable=wide["variable"] + suffix, value=frame[column])
            for column, suffix in (("median", ""), ("p05", "|p05"), ("p95", "|p95"))
        ]
        pd.concat(layers).to_csv(path, index=False)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with views `run`, `outcome` and `ledger` over the shards in place."""
        import duckdb  # noqa: PLC0415

        connection = duckdb.connect()
        runs, outcomes = (
            _quoted(self.folder / name / "*.parquet") for name in ("runs", "outcomes")
        )
        connection.execute(
            f"""
            CREATE TABLE run AS SELECT * FROM read_parquet({runs}, union_by_name=true)
            QUALIFY row_number() OVER (PARTITION BY run_key ORDER BY record) = 1
            """
        )
        if not self.every:
            connection.execute(
                "CREATE TABLE latest (scenario VARCHAR, h VARCHAR, p VARCHAR, m VARCHAR)"
            )
            connection.executemany("INSERT INTO latest VALUES (?, ?, ?, ?)", self._latest())
            connection.execute(
                """
                CREATE OR REPLACE TABLE run AS SELECT run.* FROM run JOIN latest ON
                    run.scenario = latest.scenario AND scenario_hash = h AND population = p
                    AND model_hash = m
                QUALIFY "end" = max("end") OVER (PARTITION BY run.scenario, draw, seed)
                """
            )
        # Brief shards hold float32: read beside full ones they are widened, never the other way.
        connection.execute(
            f"""
            CREATE VIEW outcome AS
            SELECT run_key, scenario, draw, seed, year, level, unit_name, outcome,
                value::DOUBLE AS value
            FROM read_parquet({outcomes}, union_by_name=true)
            WHERE run_key IN (SELECT run_key FROM run)
            """
        )
        shards = self.folder / "ledger" / "*.parquet"
        columns = ", ".join(f"ledger.{name}" for name in LEDGER_NAMES)
        source = f"read_parquet({_quoted(shards)}, union_by_name=true)"
        if not any(shards.parent.glob(shards.name)):
            names = ", ".join(f"'' AS {name}" for name in LEDGER_NAMES)
            source = f"(SELECT '' AS run_key, 0 AS year, {names}, 0.0 AS yuan WHERE false)"
        connection.execute(
            f"""
            CREATE VIEW ledger AS
            SELECT run_key, run.scenario, run.draw, run.seed, ledger.year, {columns}, ledger.yuan
            FROM {source} ledger JOIN run USING (run_key)
            """
        )
        return connection

    def _latest(self) -> list[list[Any]]:
        """Form of each scenario in the last batch that had it."""
        found: dict[str, list[Any]] = {}
        for batch in self.manifest["batches"]:
            for name, facts in batch["scenarios"].items():
                found[name] = [name, facts["hash"], facts["population"], batch["model_hash"]]
        return list(found.values())

    def _query(self, sql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        with self.connect() as connection:
            return connection.execute(sql, list(values)).df()


def _sizes(row: pd.Series[Any]) -> dict[str, float]:
    """Sizes of levers of a run; none in shards from before there were any."""
    written = row.get("sizes")
    return dict(json.loads(written)) if isinstance(written, str) else {}


def _where(
    scenario: Names = None,
    outcome: Names = None,
    level: Names = None,
    years: Iterable[int] | None = None,
    unit_name: Names = None,
    **others: Names,
) -> tuple[str, list[Any]]:
    """SQL condition and its values."""
    wanted: dict[str, list[Any]] = {}
    for column, names in {
        "scenario": scenario,
        "outcome": outcome,
        "level": level,
        "unit_name": unit_name,
        **others,
    }.items():
        if names is not None:
            wanted[column] = [names] if isinstance(names, str) else list(names)
    if years is not None:
        wanted["year"] = list(years)
    if not wanted:
        return "", []
    conditions = [f"{column} IN (SELECT unnest(?))" for column in wanted]
    return f"WHERE {' AND '.join(conditions)}", list(wanted.values())


def _quoted(path: Path) -> str:
    text = str(path).replace("'", "''")
    return f"'{text}'"
