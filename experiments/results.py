"""Reading a store: tidy outcomes, paired differences, intervals and where their width is from."""

from __future__ import annotations

import copy
import json
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import pairs
from experiments.costs import WEIGHT
from experiments.digests import LEDGER, OUTCOMES, RUNS, examine, problem_of
from experiments.draws import BLOCK, FIRST_OF_BLOCK, Vary
from experiments.forms import allowed, forms_of, newest, shared_context
from experiments.naming import check_names, check_years, names_of, years_of
from experiments.sql import quoted, steady
from experiments.store import LEDGER_NAMES, Store, StoreError, StoreWarning, left_out_text
from model.outcomes import LEVELS
from model.outcomes import OUTCOMES as REGISTER
from model.region import REGION
from model.scenario import CITIES, FIELDS, FIRST_YEAR, SIZES, STATUSES, TIERS, year_of
from scenarios.errors import nearest_name
from scenarios.levers import declarations
from scenarios.limits import LAST_END

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    import pandas as pd

    from experiments.digests import Holdings
    from experiments.forms import Context, Form
    from experiments.naming import Names, Years

QUANTILES = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
KEY = ("draw", "seed", "population", "year", "level", "unit_name", "outcome")
GROUP = ("scenario", "outcome", "level", "unit_name", "year")
_MAIN_RUNS = f"""
    CASE WHEN scenario IN (SELECT scenario FROM run WHERE draw BETWEEN 1 AND {BLOCK})
    THEN draw BETWEEN 1 AND {BLOCK} ELSE draw = 0 END
"""
"""Runs a summary is over: the zipped draws, or the seeds of the central draw."""
_OF_ONE_SHARD = """
    SEMI JOIN held ON o.run_key = held.run_key AND parse_filename(o.filename) = held.shard
"""
"""SQL: a run counts once, even where several shards hold it."""
KINDS = ("committed", *WEIGHT)
UNITS = {REGION.id, *TIERS, *STATUSES, *CITIES, *FIELDS, *SIZES}
"""Units of all levels but clusters, which a store names itself."""
HORIZON = (2027,)
"""Year that is looked at if none is named."""
_WARNED: set[str] = set()
"""What has been said of stores already: each once a process."""


class Results:
    """The results of a store.

    By default only what belongs together is read: for each scenario the runs of its newest form
    (the same terms, population and model), each at its longest horizon. `forms` lists all there
    are; `contents` and `rows` choose others. Two scenarios that are compared are read at the newest
    population and model that both have.

    Damaged and unknown files are left out, with a `StoreWarning`; `holdings` names them. Runs that
    a batch adds later are seen by a new `Results`.

    Args:
        folder: Folder of the store.
        every: Read all runs instead, whatever model, population and horizon they are of.
        contents: Scenario to the beginning of the `scenario_hash` that is read instead of its
            newest.
        rows: Enterprise rows the runs were asked for with; 0 for one an enterprise.

    Raises:
        StoreError: The folder holds no runs, or none of what is asked for.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        every: bool = False,
        contents: Mapping[str, str] | None = None,
        rows: int | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.every = every
        self.manifest = Store(folder).manifest
        self._asked = dict(contents or {}), rows
        self._context: Context | None = None
        if not self.manifest or not any((self.folder / RUNS).glob("*.parquet")):
            raise StoreError(f"{self.folder} holds no finished runs: make some with jiqun run")
        self.holdings = self._examined()
        self._chosen()

    def _examined(self) -> Holdings:
        """What of the store is whole; what is not is said once."""
        found = examine(self.folder)
        text = left_out_text(self.folder, found)
        if not found.whole:
            nothing = f"{self.folder} holds no finished runs that are whole"
            raise StoreError(f"{nothing}; {text}" if text else nothing)
        if text and text not in _WARNED:
            _WARNED.add(text)
            warnings.warn(text, StoreWarning, stacklevel=3)
        return found

    def forms(self) -> list[Form]:
        """What the store holds under each name, the newest last; `chosen` says which is read."""
        return self._forms

    def chosen(self) -> dict[str, Form]:
        """The form that is read of each scenario."""
        return newest(self._allowed, self._context)

    def sharing(self, *scenarios: str) -> Results:
        """The same store, read at the newest population and model that some scenarios all have.

        Raises:
            StoreError: The store lacks one of them, or they share none.
        """
        check_names("scenario", scenarios, {form.scenario for form in self._forms})
        if self.every:
            return self
        shared = copy.copy(self)
        shared._context = shared_context(self._allowed, scenarios, self._forms, self.folder)
        return shared

    def scenario_file(self, digest: str) -> Path:
        """Where a scenario is kept as resolved.

        Raises:
            StoreError: It is missing or damaged.
        """
        file = f"scenarios/{digest}.yaml"
        if problem := problem_of(self.folder, file):
            raise StoreError(
                f"{self.folder / file} {problem}: run the batch again, which writes it anew"
            )
        return self.folder / file

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
        years: Years = None,
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
        where, values = self._where(scenario, outcome, level, years, unit_name)
        order = "scenario, draw, seed, run_key, year, level, unit_name, outcome"
        return self._query(f"SELECT * FROM outcome {where} ORDER BY {order}", values)

    def paired(
        self,
        scenario: str,
        baseline: str,
        outcome: Names = None,
        level: Names = None,
        years: Years = None,
    ) -> pd.DataFrame:
        """Two scenarios side by side, run by run: values, difference and ratio less one.

        Args:
            scenario: The scenario.
            baseline: What it is compared with.
            outcome: Outcomes; all if absent, and so for the others.
            level: Levels.
            years: Years.

        Raises:
            StoreError: A name is unknown, or the two share no population and model.
        """
        where, values = self._where(None, outcome, level, years)
        both = where or "WHERE true"
        using, order = ", ".join(KEY), ", ".join(KEY)
        return self.sharing(scenario, baseline)._query(
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
        years: Years = None,
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
            StoreError: A name is unknown, or the two share no population and model.
        """
        return pairs.intervals(self._pairs(scenario, baseline, outcome, level, years))

    def paired_shares(
        self,
        scenario: str,
        baseline: str,
        outcome: Names = None,
        level: Names = None,
        years: Years = HORIZON,
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
        years: Years = HORIZON,
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
            StoreError: A name is unknown, or the two share no population and model.
        """
        return pairs.needed(self._pairs(scenario, baseline, outcome, level, years), effect)

    def _pairs(
        self,
        scenario: str,
        baseline: str,
        outcome: Names,
        level: Names,
        years: Years,
    ) -> pd.DataFrame:
        return self.paired(scenario, baseline, outcome, level, years)

    def scenarios(self) -> list[str]:
        """Names of the scenarios that have runs."""
        return sorted(self.chosen())

    def ledger(
        self,
        scenario: Names = None,
        lever: Names = None,
        kind: Names = None,
        years: Years = None,
    ) -> pd.DataFrame:
        """The money under levers: one row a run, year, payer, fund, origin, place and payee.

        A store made before there was a ledger has none: the frame is empty.

        Args:
            scenario: Scenarios; all if absent, and so for the others.
            lever: Levers.
            kind: ``committed``, ``paid``, ``invested``, ``forgone`` or ``repaid``.
            years: Years.
        """
        where, values = self._where(scenario, years=years, lever=lever, kind=kind)
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
        years: Years = None,
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
            StoreError: A name is unknown, or a column that the ledger does not have.
        """
        for name in by:
            columns = ("year", *LEDGER_NAMES)
            if name not in columns:
                near = nearest_name(name, columns)
                hint = f"; nearest: {near}" if near else ""
                raise StoreError(
                    f"the ledger has no column {name}; there are: {', '.join(columns)}{hint}"
                )
        where, values = self._where(scenario, years=years, lever=lever, kind=kind)
        groups = ", ".join(["scenario", *by])
        return self._query(
            f"""
            WITH chosen AS (SELECT run_key, scenario FROM run WHERE {_MAIN_RUNS}),
            summed AS (
                SELECT run_key, {groups}, {steady("sum", "yuan")} AS yuan FROM ledger {where}
                GROUP BY run_key, {groups}
            ),
            every AS (
                SELECT run_key, {groups}
                FROM chosen JOIN (SELECT DISTINCT {groups} FROM summed) USING (scenario)
            )
            SELECT {groups}, quantile_cont(coalesce(yuan, 0), .05) AS p05,
                median(coalesce(yuan, 0)) AS median, quantile_cont(coalesce(yuan, 0), .95) AS p95,
                {steady("avg", "coalesce(yuan, 0)")} AS mean, count(*) AS runs
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
        years: Years = None,
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
        where, values = self._where(scenario, outcome, level, years, unit_name)
        group = ", ".join(GROUP)
        quantiles = ", ".join(f"quantile_cont(value, {q}) AS {n}" for n, q in QUANTILES.items())
        return self._query(
            f"""
            SELECT {group}, {quantiles}, {steady("avg", "value")} AS mean, count(*) AS runs
            FROM outcome
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
        years: Years = HORIZON,
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
        where, values = self._where(scenario, outcome, level, years, unit_name)
        group = ", ".join(GROUP)
        parameters, outside = FIRST_OF_BLOCK[Vary.PARAMETERS], FIRST_OF_BLOCK[Vary.OUTSIDE]
        return self._query(
            f"""
            WITH alone AS (
                SELECT {group}, {steady("var_samp", "value")} AS variance, count(*) AS runs,
                    quantile_cont(value, .95) - quantile_cont(value, .05) AS width,
                    CASE WHEN draw = 0 THEN 'seeds' WHEN draw <= {outside} THEN 'parameters'
                        ELSE 'outside' END AS source
                FROM outcome {where or "WHERE true"} AND (draw = 0 OR draw > {parameters})
                GROUP BY {group}, source HAVING count(*) > 1
            )
            SELECT {group}, source, runs, variance, width,
                variance / nullif(sum(variance) OVER (PARTITION BY {group}
                    ORDER BY source ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                ), 0) AS share
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
        region = REGION.name.en
        part = frame["level"].where(frame["level"] != "province", "")
        names = part.str.capitalize() + " " + frame["unit_name"].astype(str)
        wide = pd.DataFrame(
            {
                "model": "jiqun",
                "scenario": frame["scenario"],
                "region": region + ("|" + names).where(part != "", ""),
                "variable": frame["outcome"],
                "unit": frame["outcome"].map({o.id: o.unit for o in REGISTER.values()}),
                "year": frame["year"],
            }
        )
        layers = [
            wide.assign(variable=wide["variable"] + suffix, value=frame[column])
            for column, suffix in (("median", ""), ("p05", "|p05"), ("p95", "|p95"))
        ]
        pd.concat(layers).to_csv(path, index=False)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with views `run`, `outcome` and `ledger` over the shards in place.

        It has one thread: the sums of several differ in their last bits from call to call.
        """
        connection = self._connection()
        if not self.every:
            connection.execute(
                "CREATE TABLE chosen (scenario VARCHAR, h VARCHAR, p VARCHAR, m VARCHAR)"
            )
            chosen = [
                [form.scenario, form.scenario_hash, form.population, form.model_hash]
                for form in self.chosen().values()
            ]
            connection.executemany("INSERT INTO chosen VALUES (?, ?, ?, ?)", chosen)
            connection.execute(
                """
                CREATE OR REPLACE TABLE run AS SELECT run.* FROM run JOIN chosen ON
                    run.scenario = chosen.scenario AND scenario_hash = h AND population = p
                    AND model_hash = m
                QUALIFY "end" = max("end") OVER (PARTITION BY run.scenario, draw, seed)
                """
            )
        connection.execute("DELETE FROM held WHERE run_key NOT IN (SELECT run_key FROM run)")
        rows = connection.execute("SELECT DISTINCT shard FROM held ORDER BY shard").fetchall()
        shards = [str(row[0]) for row in rows]
        # Brief shards hold float32: read beside full ones they are widened, never the other way.
        connection.execute(
            f"""
            CREATE VIEW outcome AS
            SELECT run_key, scenario, draw, seed, year, level, unit_name, outcome,
                value::DOUBLE AS value
            FROM {self._shards(OUTCOMES, shards)} o {_OF_ONE_SHARD}
            """
        )
        columns = ", ".join(f"ledger.{name}" for name in LEDGER_NAMES)
        booked = [name for name in shards if (self.folder / LEDGER / name).exists()]
        source = f"(SELECT * EXCLUDE (filename) FROM {self._shards(LEDGER, booked)} o "
        source += f"{_OF_ONE_SHARD})"
        if not booked:
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

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A connection with all runs in `run`, and in `held` the shard that each is read from."""
        import duckdb  # noqa: PLC0415

        connection = duckdb.connect(config={"threads": 1})
        connection.execute(
            f"""
            CREATE TABLE run AS
            SELECT * EXCLUDE (filename), parse_filename(filename) AS shard
            FROM {self._shards(RUNS, self.holdings.whole)}
            QUALIFY row_number() OVER (PARTITION BY run_key ORDER BY record, shard) = 1
            """
        )
        connection.execute("CREATE TABLE held AS SELECT run_key, shard FROM run")
        connection.execute("ALTER TABLE run DROP COLUMN shard")
        return connection

    def _shards(self, kind: str, names: Sequence[str]) -> str:
        """SQL: the rows of some shards, each with the file it stands in."""
        files = ", ".join(quoted(str(self.folder / kind / name)) for name in names)
        return f"read_parquet([{files}], union_by_name=true, filename=true)"

    def _chosen(self) -> None:
        """Find what the store holds under each name, and which of it is read."""
        with self._connection() as connection:
            counted = connection.execute(
                "SELECT scenario, scenario_hash, population, model_hash, count(*) FROM run "
                "GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            (end,) = connection.execute('SELECT max("end") FROM run').fetchone() or (0,)
        self._forms = forms_of(self.manifest, counted)
        self._latest_year = year_of(int(end))
        contents, rows = self._asked
        check_names("scenario", list(contents), {form.scenario for form in self._forms})
        self._allowed = allowed(self._forms, contents, rows, self.folder)

    def _where(
        self,
        scenario: Names = None,
        outcome: Names = None,
        level: Names = None,
        years: Years = None,
        unit_name: Names = None,
        lever: Names = None,
        kind: Names = None,
    ) -> tuple[str, list[Any]]:
        """SQL condition and its values; unknown names and years are refused."""
        known = {
            "scenario": self.scenarios(),
            "outcome": REGISTER,
            "level": LEVELS,
            "unit_name": UNITS,
            "lever": declarations(),
            "kind": KINDS,
        }
        asked = (scenario, outcome, level, unit_name, lever, kind)
        wanted: dict[str, list[Any]] = {}
        for (column, names), each in zip(known.items(), asked, strict=True):
            if (chosen := names_of(each)) is not None:
                table = "ledger" if column in ("lever", "kind") else "outcome"
                stored = partial(self._stored, column, table)
                check_names(column.replace("_", " "), chosen, names, stored)
                wanted[column] = chosen
        if (chosen_years := years_of(years)) is not None:
            if years is not HORIZON:
                check_years(chosen_years, FIRST_YEAR, year_of(LAST_END), self._latest_year)
            wanted["year"] = chosen_years
        if not wanted:
            return "", []
        conditions = [f"{column} IN (SELECT unnest(?))" for column in wanted]
        return f"WHERE {' AND '.join(conditions)}", list(wanted.values())

    def _stored(self, column: str, table: str) -> list[str]:
        return list(self._query(f"SELECT DISTINCT {column} AS name FROM {table}")["name"])

    def _query(self, sql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        with self.connect() as connection:
            return connection.execute(sql, list(values)).df()


def _sizes(row: pd.Series[Any]) -> dict[str, float]:
    """Sizes of levers of a run; none in shards from before there were any."""
    written = row.get("sizes")
    return dict(json.loads(written)) if isinstance(written, str) else {}
