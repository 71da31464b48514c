"""What a scenario costs: present value of what the ledger books, by who bears it.

Cost is what province and cities pay and the tax they forgo under levers that the scenario sets
otherwise than its baseline. Equity is no cost but for what it would have earned while it is held.
What other levers pay and forgo more because enterprises do more
(awards for titles, deductions), or less because they turn to another grant, is feedback: it is told
apart, as is what the centre bears.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import yaml

from experiments.sql import steady_sum
from scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import pandas as pd

    from experiments.results import Results

DISCOUNT = 0.03
"""Real social discount rate a year, as in evaluations of public projects."""
FIRST, LAST = 2024, 2027
"""Years of a present value; the first is not discounted."""
YEARS = range(FIRST, LAST + 1)
HELD = next(float(row.value) for row in table("rules") if row.id == "guidance_fund_3")
"""Years a fund holds a stake before it comes back at par in real terms."""
HOLDING = 1.0 - (1.0 + DISCOUNT) ** -HELD
"""Present cost of a yuan invested."""
RUN = ["draw", "seed", "population"]
"""What pairs two runs."""
LOCAL, CENTRE = ("province", "city"), ("centre",)
AWARD = "cluster_award"
KIND = "CASE WHEN l.kind = 'repaid' THEN 'paid' ELSE l.kind END"
NET = "CASE WHEN l.kind = 'repaid' THEN -l.yuan ELSE l.yuan END"
"""SQL: what audits take back is less paid."""
COST = f"{NET} * CASE WHEN l.kind = 'invested' THEN {HOLDING} ELSE 1.0 END"
"""SQL: what a booking costs."""
PRESENT = f"power({1.0 + DISCOUNT}, {FIRST} - year)"
"""SQL: what a yuan of a year is worth in the first."""


def money(results: Results, scenarios: Iterable[str]) -> pd.DataFrame:
    """Present value of all bookings of some scenarios, yuan.

    Returns:
        Rows scenario, draw, seed, population, payer, lever, origin, kind, tier, place, payee, yuan;
        kinds paid, less what was paid back, forgone, and invested, at what holding it costs, alone.
    """
    with results.connect() as connection:
        return connection.execute(
            f"""
            SELECT run.scenario, run.draw, run.seed, run.population, l.payer, l.lever, l.origin,
                {KIND} AS kind, l.tier, {place_of("l.city")} AS place, l.payee,
                {steady_sum(f"{COST} * {PRESENT}")} AS yuan
            FROM ledger l JOIN run USING (run_key)
            WHERE run.scenario IN (SELECT unnest(?)) AND l.year BETWEEN {FIRST} AND {LAST}
                AND l.kind IN ('paid', 'repaid', 'forgone', 'invested')
            GROUP BY ALL ORDER BY ALL
            """,
            [list(scenarios)],
        ).df()


def place_of(city: str) -> str:
    """SQL: group of a city; cities but two rest on proxies."""
    return f"CASE WHEN {city} IN ('hefei', 'wuhu') THEN {city} ELSE 'other' END"


@dataclass(frozen=True)
class Books:
    """Money of a store's scenarios, run by run.

    Attributes:
        rows: As `money` returns them.
        runs: Scenario to its runs: one without a row had none of that money.
    """

    rows: pd.DataFrame
    runs: Mapping[str, pd.MultiIndex]

    @cached_property
    def _by_scenario(self) -> dict[str, pd.DataFrame]:
        return {str(name): rows for name, rows in self.rows.groupby("scenario")}

    def sums(self, scenario: str, **chosen: Collection[str]) -> pd.Series[float]:
        """Present value by run of what is in the chosen columns, yuan."""
        rows = self._by_scenario.get(scenario, self.rows[:0])
        for column, values in chosen.items():
            rows = rows[rows[column].isin(list(values))]
        total = rows.groupby(RUN)["yuan"].sum()
        return total.reindex(self.runs[scenario], fill_value=0.0)

    def more(self, scenario: str, baseline: str, **chosen: Collection[str]) -> pd.Series[float]:
        """What a scenario books more than its baseline, run by run, yuan."""
        gap: pd.Series[float] = self.sums(scenario, **chosen) - self.sums(baseline, **chosen)
        return gap.dropna()

    def cost(
        self,
        scenario: str,
        baseline: str,
        set_otherwise: Collection[str],
        payers: Collection[str] = LOCAL,
    ) -> pd.Series[float]:
        """Cost to some payers, run by run: what levers set otherwise pay and forgo, yuan."""
        return self.more(scenario, baseline, payer=payers, lever=set_otherwise)

    def feedback(
        self, scenario: str, baseline: str, set_otherwise: Collection[str]
    ) -> pd.Series[float]:
        """What province and cities pay and forgo more under all other levers, yuan by run."""
        return self.more(scenario, baseline, payer=LOCAL) - self.cost(
            scenario, baseline, set_otherwise
        )

    def envelopes(
        self, scenario: str, baseline: str, set_otherwise: Collection[str]
    ) -> dict[str, pd.Series[float]]:
        """The two envelopes of a scenario, run by run, yuan.

        Award: what is paid to newly recognised clusters. Programme: all that the scenario directs,
        which is what it costs, and what it steers of older grants out of a sum that stays.
        """
        older = set(self.rows["lever"].unique()) - set(set_otherwise)
        steered = self.more(scenario, baseline, payer=LOCAL, origin=("steered",), lever=older)
        return {
            "award": self.more(scenario, baseline, payer=LOCAL, lever=(AWARD,)),
            "programme": self.cost(scenario, baseline, set_otherwise) + steered,
        }


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

    from experiments.pairs import main_of  # noqa: PLC0415

    rows = results.runs()
    if draws is not None:
        rows = rows[rows["draw"] <= draws]
    return {
        str(name): pd.MultiIndex.from_frame(main_of(its)[RUN])
        for name, its in rows.groupby("scenario")
    }
