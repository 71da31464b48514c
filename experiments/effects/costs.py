"""What a scenario costs, in one place: present value of what the ledger books, by who bears it.

Cost to a payer is what it pays (less what audits take back), the income it forgoes, what it spends
on services, the losses it provides for when it promises, and what a surcharge takes from it, less
what it receives because of a lever; all under levers that the scenario sets otherwise than its
baseline. *Budget cost* is that of province, cities and centre, what is *borne by others* that of
banks, enterprises and households, and *cost* without more is the two together. Under a lever that
provides for losses, later pay-outs draw on the provision and are no second cost. What is invested
is no cost: what it may lose and would have earned is provided for. What a payer accrues covers its
own pay-outs alone. What beneficiaries put in themselves is not booked, so never added.

What other levers cost more because enterprises do more (awards for titles, deductions), or less
because they turn to another grant, is feedback: it is told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import yaml

from jiqun.experiments.effects.effect import RUN, main_of, place_of
from jiqun.experiments.stores.sql import frame_of, quoted, steady_sum
from jiqun.model.policy.ledger import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import duckdb
    import numpy.typing as npt
    import pandas as pd

    from jiqun.experiments.stores.results import Results

DISCOUNT = 0.03
"""Real social discount rate a year, as in evaluations of public projects."""
FIRST, LAST = 2024, 2027
"""Years of a present value; the first is not discounted."""
YEARS = range(FIRST, LAST + 1)
BUDGET = ("province", "city", "centre")
OTHERS = ("banks", "enterprises", "households")
BEARERS = (*BUDGET, *OTHERS)
"""All that may bear a cost, in the order they are told in."""
BORNE = {"budget": BUDGET, "others": OTHERS}
"""The two parts of a cost."""
Borne = Literal["total", "budget"]
"""Whose cost is made the same: that of all, or of the budgets."""
COUNTED: Mapping[Borne, tuple[str, ...]] = {"total": BEARERS, "budget": BUDGET}
"""Who is counted then."""
AWARD = "cluster_award"
SUM_THAT_STAYS = SPECIAL
"""Fund whose yearly sum is the same whatever is paid out of it: what is moved in it is not new."""
KIND = "CASE WHEN l.kind = 'repaid' THEN 'paid' ELSE l.kind END"
NET = "CASE WHEN l.kind = 'repaid' THEN -l.yuan ELSE l.yuan END"
"""SQL: what audits take back is less paid."""
WEIGHT = {
    "paid": 1.0, "repaid": -1.0, "forgone": 1.0, "spent": 1.0, "accrued": 1.0, "charged": 1.0,
    "received": -1.0,
}  # fmt: skip
"""Kind of booking to what a yuan of it costs; what is committed costs when it is paid."""
PROVIDED_FOR = ("paid", "repaid")
"""Kinds that are no cost under a lever which accrues: they draw on the provision."""
GIVEN = ("paid", "forgone", "accrued")
"""Kinds by which money reaches enterprises, as grants, relief, cover or equity."""
PRESENT = f"power({1.0 + DISCOUNT}, {FIRST} - year)"
"""SQL: what a yuan of a year is worth in the first."""


ACCRUES = "(lever, payer) IN (SELECT (lever, payer) FROM accruing)"
"""SQL: whether a payer provides for the losses of a lever."""


def _cost() -> str:
    """SQL: what a yuan of a booking costs."""
    provided = ", ".join(map(quoted, PROVIDED_FOR))
    cases = " ".join(f"WHEN {quoted(name)} THEN {weight}" for name, weight in WEIGHT.items())
    return (
        f"CASE WHEN kind IN ({provided}) AND {ACCRUES} THEN 0.0 "
        f"ELSE CASE kind {cases} ELSE 0.0 END END"
    )


def money(results: Results, scenarios: Iterable[str]) -> pd.DataFrame:
    """Present cost of all bookings of some scenarios, yuan.

    A payer accrues under a lever where any of the runs that are read has a provision of the two:
    runs in which it gives no new cover must not count old pay-outs that the others leave out.

    Returns:
        Rows run_key, scenario, draw, seed, population, payer, fund, lever, origin, kind, tier,
        place, payee, yuan; what audits took back is less paid. Bookings that cost nothing have no
        row.
    """
    with results.connect() as connection:
        return _present(connection, "run.scenario", scenarios)


def money_of_runs(
    results: Results, keys: Iterable[str], years: Iterable[int] = YEARS
) -> pd.DataFrame:
    """The same of some runs by their keys, and of some of the years.

    Args:
        results: The store.
        keys: Keys of the runs.
        years: Years whose bookings are counted; none outside `YEARS` is.
    """
    with results.connect() as connection:
        return _present(connection, "run.run_key", keys, years)


def money_of(runs: pd.DataFrame, ledger: pd.DataFrame) -> pd.DataFrame:
    """The same of runs that are in no store.

    Args:
        runs: Columns run_key, scenario, draw, seed, population.
        ledger: Columns run_key and those of the ledger.
    """
    import duckdb  # noqa: PLC0415

    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("run", runs)
        connection.register("ledger", ledger)
        return _present(connection, "run.run_key", runs["run_key"])


def _present(
    connection: duckdb.DuckDBPyConnection,
    column: str,
    wanted: Iterable[str],
    years: Iterable[int] = YEARS,
) -> pd.DataFrame:
    """Present costs in some years of the runs of which a column has some values."""
    return frame_of(
        connection,
        f"""
        WITH booked AS (
            SELECT run.run_key, run.scenario, run.draw, run.seed, run.population, l.year, l.payer,
                l.fund, l.lever, l.origin, l.kind, l.city, l.tier, l.payee, l.yuan
            FROM ledger l JOIN run USING (run_key)
            WHERE {column} IN (SELECT unnest(?)) AND l.year BETWEEN {FIRST} AND {LAST}
        ), accruing AS (SELECT DISTINCT lever, payer FROM booked WHERE kind = 'accrued'),
        priced AS (SELECT *, yuan * {PRESENT} * {_cost()} AS cost FROM booked)
        SELECT run_key, scenario, draw, seed, population, payer, fund, lever, origin,
            {KIND} AS kind, tier, {place_of("city")} AS place, payee, {steady_sum("cost")} AS yuan
        FROM priced l WHERE cost <> 0.0 AND year IN (SELECT unnest(?))
        GROUP BY ALL ORDER BY ALL
        """,
        [list(dict.fromkeys(wanted)), list(years)],
    )


def flows(results: Results, scenarios: Iterable[str]) -> pd.DataFrame:
    """Present value of all bookings of some scenarios by kind, those too that are no cost.

    Returns:
        Rows scenario, draw, seed, population, payer, fund, lever, origin, kind, covered, yuan: what
        is received or taken back is below zero, and covered is what a provision pays (`ACCRUES`).
    """
    weights = " ".join(f"WHEN {quoted(name)} THEN {weight}" for name, weight in WEIGHT.items())
    provided = ", ".join(map(quoted, PROVIDED_FOR))
    with results.connect() as connection:
        return frame_of(
            connection,
            f"""
            WITH booked AS (
                SELECT run.scenario, run.draw, run.seed, run.population, l.year, l.payer, l.fund,
                    l.lever, l.origin, l.kind, {steady_sum("l.yuan")} AS yuan
                FROM ledger l JOIN run USING (run_key)
                WHERE run.scenario IN (SELECT unnest(?)) AND l.year BETWEEN {FIRST} AND {LAST}
                GROUP BY ALL
            ), accruing AS (SELECT DISTINCT lever, payer FROM booked WHERE kind = 'accrued'),
            priced AS (
                SELECT *, kind IN ({provided}) AND {ACCRUES} AS covered,
                    yuan * {PRESENT} * CASE kind {weights} ELSE 0.0 END AS value
                FROM booked
            )
            SELECT scenario, draw, seed, population, payer, fund, lever, origin, kind, covered,
                {steady_sum("value")} AS yuan
            FROM priced GROUP BY ALL ORDER BY ALL
            """,
            [list(dict.fromkeys(scenarios))],
        )


@dataclass(frozen=True)
class Bookings:
    """Money of a store's scenarios, run by run.

    Attributes:
        rows: Columns scenario, draw, seed, population and yuan, and those that sums are chosen by.
        runs: Scenario to its runs: one without a row had none of that money.
    """

    rows: pd.DataFrame
    runs: Mapping[str, pd.MultiIndex]

    @cached_property
    def _by_scenario(self) -> dict[str, tuple[pd.DataFrame, npt.NDArray[np.intp]]]:
        """Rows of each scenario with the place of their run, or -1: many sums are asked for."""
        import pandas as pd  # noqa: PLC0415

        text = [name for name in self.rows if self.rows[name].dtype == "str"]
        found = {}
        for name, rows in self.rows.astype(dict.fromkeys(text, "category")).groupby("scenario"):
            run = self.runs[str(name)].get_indexer(pd.MultiIndex.from_frame(rows[RUN]))
            found[str(name)] = rows, run
        return found

    def sums(self, scenario: str, **chosen: Collection[str | int]) -> pd.Series[float]:
        """Yuan by run of what is in the chosen columns."""
        import pandas as pd  # noqa: PLC0415

        runs = self.runs[scenario]
        if scenario not in self._by_scenario:
            return pd.Series(0.0, runs, name="yuan")
        rows, run = self._by_scenario[scenario]
        kept = run >= 0
        for column, values in chosen.items():
            kept &= rows[column].isin(list(values)).to_numpy()
        yuan = rows["yuan"].to_numpy()
        return pd.Series(np.bincount(run[kept], yuan[kept], len(runs)), runs, name="yuan")


class Books(Bookings):
    """Present costs, run by run; rows are those of `money`, or of `flows` that are not covered."""

    def more(self, scenario: str, baseline: str, **chosen: Collection[str]) -> pd.Series[float]:
        """What a scenario books more than its baseline, run by run, yuan.

        Args:
            scenario: Name of the scenario whose cost is measured.
            baseline: Name of the one that it is compared with.
            **chosen: Column of `rows` to the values that count; other columns are not looked at.
        """
        gap: pd.Series[float] = self.sums(scenario, **chosen) - self.sums(baseline, **chosen)
        return gap.dropna()

    def cost(
        self,
        scenario: str,
        baseline: str,
        set_otherwise: Collection[str],
        payers: Collection[str] = BEARERS,
    ) -> pd.Series[float]:
        """Cost to some payers under levers set otherwise, run by run, yuan: to all if none said.

        Args:
            scenario: Name of the scenario whose cost is measured.
            baseline: Name of the one that it is compared with.
            set_otherwise: Ids of the levers that the two set differently.
            payers: Who pays or bears; all by default.
        """
        return self.more(scenario, baseline, payer=payers, lever=set_otherwise)

    def feedback(
        self, scenario: str, baseline: str, set_otherwise: Collection[str]
    ) -> pd.Series[float]:
        """What all other levers cost more, yuan by run.

        Args:
            scenario: Name of the scenario whose cost is measured.
            baseline: Name of the one that it is compared with.
            set_otherwise: Ids of the levers that the two set differently, which are left out.
        """
        return self.more(scenario, baseline, payer=BEARERS) - self.cost(
            scenario, baseline, set_otherwise
        )

    def envelopes(
        self,
        scenario: str,
        baseline: str,
        set_otherwise: Collection[str],
        payers: Collection[str] = BEARERS,
    ) -> dict[str, pd.Series[float]]:
        """The two envelopes of a scenario, run by run, yuan.

        Award: what is paid to newly recognised clusters. Programme: all that the scenario directs,
        which is what it costs, and what it steers of older grants out of a sum that stays.

        Args:
            scenario: Name of the scenario whose money is measured.
            baseline: Name of the one that it is compared with.
            set_otherwise: Ids of the levers that the two set differently.
            payers: Who pays or bears; all by default.
        """
        older = self._levers - set(set_otherwise)
        steered = self.more(scenario, baseline, payer=payers, origin=("steered",), lever=older)
        return {
            "award": self.more(scenario, baseline, payer=payers, lever=(AWARD,)),
            "programme": self.cost(scenario, baseline, set_otherwise, payers) + steered,
        }

    def new(
        self, scenario: str, baseline: str, set_otherwise: Collection[str]
    ) -> dict[str, pd.Series[float]]:
        """The part of each envelope that is new money, run by run, yuan.

        What is paid out of a sum that stays is somebody else's loss. It is new only by as much as
        the sum itself grows, where the scenario sets it otherwise.

        Args:
            scenario: Name of the scenario whose money is measured.
            baseline: Name of the one that it is compared with.
            set_otherwise: Ids of the levers that the two set differently.
        """
        beside = self._funds - {SUM_THAT_STAYS}
        programme = self.more(scenario, baseline, payer=BEARERS, lever=set_otherwise, fund=beside)
        if SUM_THAT_STAYS in set_otherwise:
            programme += self.more(scenario, baseline, payer=BEARERS, fund=(SUM_THAT_STAYS,))
        return {
            "award": self.more(scenario, baseline, payer=BEARERS, lever=(AWARD,), fund=beside),
            "programme": programme,
        }

    @cached_property
    def _levers(self) -> set[str]:
        return set(self.rows["lever"].unique())

    @cached_property
    def _funds(self) -> set[str]:
        return set(self.rows["fund"].unique())


def set_otherwise(scenario: Iterable[Any], baseline: Iterable[Any]) -> set[str]:
    """Levers that a scenario sets otherwise than another, both as plain data."""
    one, other = ({lever["id"]: lever for lever in levers} for levers in (scenario, baseline))
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def stored_levers(results: Results) -> dict[str, list[Any]]:
    """Levers of each scenario of a store, as plain data."""
    runs = results.runs().drop_duplicates("scenario")
    found = {}
    for name, digest in zip(runs["scenario"], runs["scenario_hash"], strict=True):
        text = results.scenario_file(digest).read_text("utf-8")
        found[str(name)] = yaml.load(text, Loader=yaml.CSafeLoader)["levers"]
    return found


def runs_of(results: Results, draws: int | None = None) -> dict[str, Any]:
    """Runs of each scenario of a store that intervals are over; of the first draws if said."""
    import pandas as pd  # noqa: PLC0415

    rows = results.runs()
    if draws is not None:
        rows = rows[rows["draw"] <= draws]
    return {
        str(name): pd.MultiIndex.from_frame(main_of(its)[RUN])
        for name, its in rows.groupby("scenario")
    }
