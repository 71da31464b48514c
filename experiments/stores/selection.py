"""Which runs of a store are read: whole files, the newest form of a scenario, names that exist."""

from __future__ import annotations

import copy
import warnings
from contextlib import suppress
from functools import partial
from os.path import realpath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from jiqun.experiments.effects.costs import WEIGHT
from jiqun.experiments.stores.digests import (
    LEDGER,
    OUTCOMES,
    PANEL,
    RUNS,
    any_shard,
    examine,
    problem_in,
    problem_of,
    recorded,
)
from jiqun.experiments.stores.errors import StoreError, StoreWarning
from jiqun.experiments.stores.forms import allowed, forms_of, newest, shared_context
from jiqun.experiments.stores.naming import check_names, check_years, names_of, years_of
from jiqun.experiments.stores.places import names_in
from jiqun.experiments.stores.sql import frame_of, quoted
from jiqun.experiments.stores.store import LEDGER_NAMES, Store, left_out_text
from jiqun.model.calendar import FIRST_YEAR, year_of
from jiqun.model.dimensions import CITIES, FIELDS, SIZES, STATUSES, TIERS
from jiqun.model.observe.outcomes import LEVELS
from jiqun.model.observe.outcomes import OUTCOMES as REGISTER
from jiqun.model.region import REGION
from jiqun.scenarios.errors import listed
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.limits import LAST_END

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb
    import pandas as pd

    from jiqun.experiments.stores.digests import Holdings
    from jiqun.experiments.stores.forms import Context, Form
    from jiqun.experiments.stores.naming import Names, Years
    from jiqun.experiments.stores.places import Place, Remote

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


class Selection:
    """A store and which of its runs are read; see `experiments.Results` for the arguments."""

    def __init__(
        self,
        folder: str | Path | Remote,
        *,
        every: bool = False,
        contents: Mapping[str, str] | None = None,
        rows: int | None = None,
    ) -> None:
        store = Store(folder)
        self.folder = store.folder
        self.every = every
        self.manifest = store.manifest
        self._asked = dict(contents or {}), rows
        self._context: Context | None = None
        self._seen: pd.DataFrame | None = None
        if not self.manifest or not any_shard(self.folder):
            raise StoreError(f"{self.folder} holds no finished runs: make some with jiqun run")
        self.holdings = self._examined()
        self._chosen()

    def _examined(self) -> Holdings:
        """What of the store is whole; what is not is said once."""
        found = examine(self.folder)
        text = left_out_text(self.folder, found)
        # A report is made from another folder, and names the same store by its whole path.
        once = text and realpath(str(self.folder)) + text.removeprefix(str(self.folder))
        if not found.whole:
            nothing = f"{self.folder} holds no finished runs that are whole"
            raise StoreError(f"{nothing}; {text}" if text else nothing)
        if once and once not in _WARNED:
            _WARNED.add(once)
            warnings.warn(text, StoreWarning, stacklevel=3)
        return found

    def forms(self) -> list[Form]:
        """What the store holds under each name, the newest last; `chosen` says which is read."""
        return self._forms

    def chosen(self) -> dict[str, Form]:
        """The form that is read of each scenario."""
        return newest(self._allowed, self._context)

    def sharing(self, *scenarios: str) -> Self:
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

    def scenario_file(self, digest: str) -> Place:
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

    def scenarios(self) -> list[str]:
        """Names of the scenarios that have runs."""
        return sorted(self.chosen())

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with views over the shards in place.

        They are `run`, `outcome`, `ledger` and `panel`.

        It has one thread: the sums of several differ in their last bits from call to call. It is
        for use at once: a batch that runs in the store may merge shards, which ends it.
        """
        return self._at_any_time(self._connected)

    def _connected(self) -> duckdb.DuckDBPyConnection:
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
                CREATE OR REPLACE TABLE held AS SELECT held.* FROM held JOIN chosen ON
                    held.scenario = chosen.scenario AND scenario_hash = h AND population = p
                    AND model_hash = m
                QUALIFY "end" = max("end") OVER (PARTITION BY held.scenario, draw, seed)
                """
            )
        rows = connection.execute(
            """
            SELECT shard, count(*) < any_value(runs) FROM held JOIN shards USING (shard)
            GROUP BY shard ORDER BY shard
            """
        ).fetchall()
        shards = {str(shard): bool(partly) for shard, partly in rows}
        connection.execute(f"CREATE VIEW run AS SELECT * FROM {self._rows(RUNS, shards)}")
        # Brief shards hold float32: read beside full ones they are widened, never the other way.
        connection.execute(
            f"""
            CREATE VIEW outcome AS
            SELECT run_key, scenario, draw, seed, year, level, unit_name, outcome,
                value::DOUBLE AS value
            FROM {self._rows(OUTCOMES, shards)}
            """
        )
        columns = ", ".join(f"ledger.{name}" for name in LEDGER_NAMES)
        booked = {name: shards[name] for name in shards if (self.folder / LEDGER / name).exists()}
        source = self._rows(LEDGER, booked)
        if not booked:
            names = ", ".join(f"'' AS {name}" for name in LEDGER_NAMES)
            source = f"(SELECT '' AS run_key, 0 AS year, {names}, 0.0 AS yuan WHERE false)"
        connection.execute(
            f"""
            CREATE VIEW ledger AS
            SELECT run_key, held.scenario, held.draw, held.seed, ledger.year, {columns}, ledger.yuan
            FROM {source} ledger JOIN held USING (run_key)
            """
        )
        connection.execute(
            f"""
            CREATE VIEW panel AS
            SELECT DISTINCT held.scenario, held.draw, held.seed, panel.*
            FROM {self._panels()} panel JOIN held USING (run_key)
            """
        )
        return connection

    def _panels(self) -> str:
        """SQL: rows of the panels that are whole; without a panel, none."""
        sums = recorded(self.folder)
        names = names_in(self.folder / PANEL) if (self.folder / PANEL).exists() else []
        files = [name for name in names if not name.startswith(".")]
        damaged = [name for name in files if problem_in(self.folder, f"{PANEL}/{name}", sums)]
        if damaged:
            text = f"{self.folder}: left out: {listed(f'{PANEL}/{name}' for name in damaged)}"
            if text not in _WARNED:
                _WARNED.add(text)
                warnings.warn(f"{text}: run the batch again", StoreWarning, stacklevel=3)
        whole = [name for name in files if name not in damaged]
        if not whole:
            return "(SELECT '' AS run_key, '' AS panel, 0 AS id, 0 AS year WHERE false)"
        return f"(SELECT * EXCLUDE (filename) FROM {self._shards(PANEL, whole)})"

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A connection with the runs in `held`, each with the shard that it is read from.

        What was drawn for a run is most of what is noted of it, and few ask for it: it is left in
        the shards. In `shards` is the number of runs of each.
        """
        import duckdb  # noqa: PLC0415

        connection = duckdb.connect(config={"threads": 1})
        # It would be drawn into what a command prints; a notebook has none that could be set.
        with suppress(duckdb.InvalidInputException):
            connection.execute("SET enable_progress_bar = false")
        if not isinstance(self.folder, Path):
            connection.register_filesystem(self.folder.fs)
        connection.execute(
            f"""
            CREATE TABLE held AS
            SELECT run_key, record, parse_filename(filename) AS shard, scenario, draw, seed,
                scenario_hash, population, model_hash, "end"
            FROM {self._shards(RUNS, self.holdings.whole)}
            """
        )
        connection.execute(
            "CREATE TABLE shards AS SELECT shard, count(*) AS runs FROM held GROUP BY shard"
        )
        connection.execute(
            """
            CREATE OR REPLACE TABLE held AS SELECT * FROM held
            QUALIFY row_number() OVER (PARTITION BY run_key ORDER BY record, shard) = 1
            """
        )
        if self._seen is not None:
            connection.register("seen", self._seen)
            connection.execute("DELETE FROM held WHERE run_key NOT IN (SELECT run_key FROM seen)")
            connection.unregister("seen")
        return connection

    def _rows(self, kind: str, shards: Mapping[str, bool]) -> str:
        """SQL: rows of the runs that are read.

        Args:
            kind: Which shards.
            shards: Their names; whether some of the runs in them are not read, or are read from
                others: a run counts once, even where several shards hold it.
        """
        whole = [name for name, partly in shards.items() if not partly]
        parts = [name for name, partly in shards.items() if partly]
        read = []
        if whole:
            read.append(f"SELECT * EXCLUDE (filename) FROM {self._shards(kind, whole)}")
        if parts or not whole:
            read.append(
                f"SELECT * EXCLUDE (filename) FROM {self._shards(kind, parts)} o {_OF_ONE_SHARD}"
            )
        return f"({' UNION ALL BY NAME '.join(read)})"

    def _shards(self, kind: str, names: Sequence[str]) -> str:
        """SQL: the rows of some shards, each with the file it stands in."""
        files = ", ".join(quoted(str(self.folder / kind / name)) for name in names)
        return f"read_parquet([{files}], union_by_name=true, filename=true)"

    def _chosen(self) -> None:
        """Find what the store holds under each name, and which of it is read."""
        with self._at_any_time(self._connection) as connection:
            counted = connection.execute(
                "SELECT scenario, scenario_hash, population, model_hash, count(*) FROM held "
                "GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            ((end,),) = connection.execute('SELECT max("end") FROM held').fetchall()
            self._seen = frame_of(connection, "SELECT run_key FROM held")
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
        def read() -> pd.DataFrame:
            with self._connected() as connection:
                return frame_of(connection, sql, values)

        return self._at_any_time(read)

    def _at_any_time[T](self, read: Callable[[], T]) -> T:
        """What is read, again where a batch merged shards meanwhile: its runs stand in others now.

        Args:
            read: Reads the shards.
        """
        import duckdb  # noqa: PLC0415

        while True:
            try:
                return read()
            except duckdb.IOException:
                if all((self.folder / RUNS / name).exists() for name in self.holdings.whole):
                    raise
                self.holdings = self._examined()
