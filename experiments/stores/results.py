"""Reading a store: tidy outcomes, paired differences, intervals and where their width is from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from jiqun.experiments.effects import pairs
from jiqun.experiments.stores import summaries
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.naming import check_names, names_of
from jiqun.experiments.stores.selection import HORIZON, Selection
from jiqun.experiments.stores.store import LEDGER_NAMES
from jiqun.scenarios.errors import nearest_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from jiqun.experiments.stores.naming import Names, Years

PANEL_COLUMNS = ("run_key", "scenario", "draw", "seed", "year", "id", "weight", "exited")
"""Columns of a panel before those that were asked for."""
KEY = ("draw", "seed", "population", "year", "level", "unit_name", "outcome")


class Results(Selection):
    """The results of a store.

    By default only what belongs together is read: for each scenario the runs of its newest form
    (the same terms, population and model), each at its longest horizon. `forms` lists all there
    are; `contents` and `rows` choose others. Two scenarios that are compared are read at the newest
    population and model that both have.

    Damaged and unknown files are left out, with a `StoreWarning`; `holdings` names them. Runs that
    a batch adds later are seen by a new `Results`.

    Args:
        folder: Folder of the store, or an address that fsspec reads, as ``s3://bucket/store``.
        every: Read all runs instead, whatever model, population and horizon they are of.
        contents: Scenario to the beginning of the `scenario_hash` that is read instead of its
            newest.
        rows: Enterprise rows the runs were asked for with; 0 for one an enterprise.

    Raises:
        StoreError: The folder holds no runs, or none of what is asked for.
    """

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
                SELECT outcome.*, held.population FROM outcome JOIN held USING (run_key) {both}
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
        """What a scenario changes against another, one row a unit and year.

        Columns `mean`, `low` and `high` are the effect and the interval of that mean, `sign` says
        whether it is distinguishable from zero (`experiments.effects.effect`), `median`, `p05` and
        `p95` how far pairs lie apart; `change_...` are of the ratio less one; `share_positive` and
        `share_negative` say in how many pairs it went up or down; `value` and `baseline` are
        medians of the two; `runs` is the number of pairs that have the unit.

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

    def effects(
        self,
        scenario: Names = None,
        outcome: Names = None,
        level: Names = None,
        years: Years = None,
        baseline: str | None = None,
    ) -> pd.DataFrame:
        """What scenarios change against their baselines, one row a scenario, unit and year.

        The columns are those of `paired_intervals`, after the names of the scenario and of what it
        is compared with. Scenarios whose baseline the store lacks are left out, unless they are
        asked for by name.

        Args:
            scenario: Scenarios; all that can be compared if absent.
            outcome: Outcomes; all if absent, and so for the others.
            level: Levels.
            years: Years.
            baseline: What all are compared with; the baseline that each names if absent.

        Raises:
            StoreError: A name is unknown, a scenario that is asked for names no baseline of the
                store, or two that are compared share no population and model.
        """
        import pandas as pd  # noqa: PLC0415

        asked, held = names_of(scenario), self.scenarios()
        check_names("scenario", [*(asked or ()), *([baseline] if baseline else ())], held)
        found = []
        for name in asked or held:
            against = baseline or self._baseline_of(name)
            if against in held and against != name:
                told = self.paired_intervals(name, against, outcome, level, years)
                found.append(told.rename(columns={"baseline": "baseline_value"}))
                found[-1].insert(0, "scenario", name)
                found[-1].insert(1, "baseline", against)
            elif asked:
                raise StoreError(
                    f"{self.folder} holds nothing that {name} is compared with"
                    f"{f' ({against})' if against else ''}: name a baseline, one of "
                    f"{', '.join(held)}"
                )
        if not found:
            raise StoreError(f"{self.folder} holds no scenario together with its baseline")
        return pd.concat(found, ignore_index=True)

    def _baseline_of(self, scenario: str) -> str | None:
        """The baseline that a scenario names, as the store keeps it."""
        file = self.scenario_file(self.chosen()[scenario].scenario_hash)
        stored = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
        return None if stored["baseline"] is None else str(stored["baseline"])

    def panel(
        self, scenario: Names = None, years: Years = None, panel: str | None = None
    ) -> pd.DataFrame:
        """Enterprises year by year, of the runs that a panel was recorded of.

        One row a run, enterprise and year, with `weight`, the enterprises that it stands for, and
        `exited`, whether it left in that year; then the columns that were asked for.

        Args:
            scenario: Scenarios; all if absent.
            years: Years; all if absent.
            panel: Which panel, by its id in the manifest; the newest if absent.

        Raises:
            StoreError: A name is unknown, or no such panel was recorded.
        """
        panels = self.panels()
        if not panels:
            raise StoreError(f"{self.folder} holds no panel: record one with jiqun run --panel")
        check_names("panel", [panel] if panel else [], panels)
        chosen = panel or [*panels][-1]
        where, values = self._where(scenario, years=years)
        frame: pd.DataFrame = self._query(
            f"SELECT * FROM panel {where or 'WHERE true'} AND panel = ? "
            "ORDER BY scenario, draw, seed, run_key, id, year",
            [*values, chosen],
        )
        if frame.empty and not where:
            raise StoreError(f"{self.folder} holds nothing whole of panel {chosen}: run it again")
        kept = [*PANEL_COLUMNS, *panels[chosen]]
        return frame[[name for name in kept if name in frame]]

    def panels(self) -> dict[str, list[str]]:
        """Columns of each panel that batches recorded, by its id, the newest last."""
        found: dict[str, list[str]] = {}
        for batch in self.manifest["batches"]:
            if "panel" in batch:
                found.pop(batch["panel"]["id"], None)  # the newest is the last
                found[batch["panel"]["id"]] = batch["panel"]["columns"]
        return found

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
        Errors are those of `paired_intervals`.

        Args:
            scenario: Name of the scenario whose effect is measured.
            baseline: Name of the one that it is compared with.
            outcome: Outcomes; all if absent.
            level: Levels; all if absent.
            years: Years; those of the horizon if absent.
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
        return self._query(summaries.money(where, by), values)

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
        return self._query(summaries.intervals(where), values)

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
        return self._query(summaries.variance_shares(where), values)

    def to_csv(self, path: str | Path) -> None:
        """Write the tidy outcomes as CSV."""
        self.outcomes().to_csv(path, index=False)

    def to_iamc(self, path: str | Path) -> None:
        """Write medians and 90 % intervals in the IAMC layout, which has a column a year."""
        from jiqun.experiments.stores.iamc import iamc  # noqa: PLC0415

        iamc(self.intervals()).to_csv(path, index=False)


def _sizes(row: pd.Series[Any]) -> dict[str, float]:
    """Sizes of levers of a run; none in shards from before there were any."""
    written = row.get("sizes")
    return dict(json.loads(written)) if isinstance(written, str) else {}
