"""SQL of the summaries of a store: how far runs lie apart, and from what; sums of the ledger.

Conditions come from `experiments.stores.selection`; views `run`, `outcome` and `ledger` are those
of its connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.experiments.effects.effect import SPREAD, main_runs
from jiqun.experiments.runs.draws import FIRST_OF_BLOCK, Vary
from jiqun.experiments.stores.sql import steady

if TYPE_CHECKING:
    from collections.abc import Sequence

LOW, HIGH = SPREAD
QUANTILES = {"p05": LOW, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": HIGH}
GROUP = "scenario, outcome, level, unit_name, year"


def intervals(where: str) -> str:
    """Quantiles and mean of outcomes over the main runs.

    Args:
        where: Condition on outcomes, with its WHERE; empty for none.
    """
    quantiles = ", ".join(f"quantile_cont(value, {q}) AS {n}" for n, q in QUANTILES.items())
    return f"""
        SELECT {GROUP}, {quantiles}, {steady("avg", "value")} AS mean, count(*) AS runs
        FROM outcome
        {where or "WHERE true"} AND {main_runs("outcome")}
        GROUP BY {GROUP} ORDER BY {GROUP}
    """


def variance_shares(where: str) -> str:
    """Variance of outcomes where one source moves alone, and its share in the sum of the three.

    Args:
        where: Condition on outcomes, with its WHERE; empty for none.
    """
    parameters, outside = FIRST_OF_BLOCK[Vary.PARAMETERS], FIRST_OF_BLOCK[Vary.OUTSIDE]
    return f"""
        WITH alone AS (
            SELECT {GROUP}, {steady("var_samp", "value")} AS variance, count(*) AS runs,
                quantile_cont(value, {HIGH}) - quantile_cont(value, {LOW}) AS width,
                CASE WHEN draw = 0 THEN 'seeds' WHEN draw <= {outside} THEN 'parameters'
                    ELSE 'outside' END AS source
            FROM outcome {where or "WHERE true"} AND (draw = 0 OR draw > {parameters})
            GROUP BY {GROUP}, source HAVING count(*) > 1
        )
        SELECT {GROUP}, source, runs, variance, width,
            variance / nullif(sum(variance) OVER (PARTITION BY {GROUP}
                ORDER BY source ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ), 0) AS share
        FROM alone QUALIFY count(*) OVER (PARTITION BY {GROUP}) = 3
        ORDER BY {GROUP}, source
    """


def money(where: str, by: Sequence[str]) -> str:
    """Sums of the ledger over the main runs; a run that books nothing in a group counts as zero.

    Args:
        where: Condition on bookings, with its WHERE; empty for none.
        by: Columns of the ledger that make the groups, beside the scenario.
    """
    groups = ", ".join(["scenario", *by])
    yuan = "coalesce(yuan, 0)"
    return f"""
        WITH chosen AS (SELECT run_key, scenario FROM run WHERE {main_runs("run")}),
        summed AS (
            SELECT run_key, {groups}, {steady("sum", "yuan")} AS yuan FROM ledger {where}
            GROUP BY run_key, {groups}
        ),
        every AS (
            SELECT run_key, {groups}
            FROM chosen JOIN (SELECT DISTINCT {groups} FROM summed) USING (scenario)
        )
        SELECT {groups}, quantile_cont({yuan}, {LOW}) AS p05, median({yuan}) AS median,
            quantile_cont({yuan}, {HIGH}) AS p95, {steady("avg", yuan)} AS mean, count(*) AS runs
        FROM every LEFT JOIN summed USING (run_key, {groups})
        GROUP BY {groups} ORDER BY {groups}
    """
