"""What an analysis leaves behind: tidy tables, one Parquet file each, and how they came about.

An output of an analysis is the paired effect on an outcome of a tier, or of the province, in the
last year: sums and ratios of money, jobs and energy as a share of the run without; shares and
counts of enterprises as a difference in their own unit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from jiqun.experiments.effects.effect import distinguishable
from jiqun.experiments.runs.adopted import ANALYSIS
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.store import write_file, write_text
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = ANALYSIS
"""Folder of a store that holds its analyses, a folder each by name."""
FACTS = "analysis.json"
SHIPPED = REGION.fit / "results" / FOLDER
"""The analysis that comes with the project, which reports show where a store has none."""
OUTPUT = ("outcome", "tier")
TABLES: Mapping[str, tuple[str, ...]] = {
    # Mean paired effect of each lever and its rank within its group (document_55 or other).
    # `setting` is without or alone; `condition` says where: all, confirmed (default rows),
    # equal_cost, equal_budget, demand_low, demand_high and so on (a third of the draws),
    # off_<switch>. Costs are present values in yuan by who bears them; `per_yuan` is mean gain
    # (present value, of outcomes in yuan) over mean cost, where `costs` says that there is a cost.
    # `above_noise` says whether the effect is distinguishable from zero (`experiments/effects`).
    "ranks": (
        "setting", "condition", "group", "lever", "origin", *OUTPUT, "draws", "rows", "mean", "low",
        "high", "floor", "above_noise", "rank", "rank_low", "rank_high", "top_1", "top_3", "top_5",
        "tie_set", "budget_cost", "others_cost", "total_cost", "costs", "per_yuan", "per_yuan_low",
        "per_yuan_high",
    ),
    # Pairs among the first five of a group by size, and whether their order can be told.
    "pairs": ("setting", "condition", "group", *OUTPUT, "lever", "other", "tied"),
    # Whether the order of the first five by `all` is kept under a condition: `tau` over them with
    # ties, `kept` of them among the first five, and `reversed`, pairs told apart the other way.
    "survival": ("setting", "condition", "group", *OUTPUT, "draws", "tau", "kept", "reversed"),
    # Shares of the variance of the package's paired effect; `order` is first or total.
    "sobol": (
        "factor", "order", *OUTPUT, "estimate", "low", "high", "floor", "above_noise",
        "between_seeds", "in_mean",
    ),
    # Elementary effects of going through a factor's range; `kind` is lever, parameter, outside,
    # structure or dummy.
    "morris": (
        "factor", "kind", *OUTPUT, "mu_star", "low", "high", "floor", "above_noise", "sigma",
        "between_seeds", "in_mean",
    ),
    # Distance of distributions.
    "pawn": ("factor", "kind", *OUTPUT, "estimate", "low", "high", "floor", "above_noise"),
    # Share of the variance of the package's effect that would go if the factor were known.
    "measure": ("factor", "kind", *OUTPUT, "estimate", "low", "high", "floor", "above_noise"),
    # Shares of the variance from every factor, on request; `error` is the share of the variance
    # that a surrogate gets wrong on runs left out, and absent where the rows were run.
    "full": (
        "factor", "kind", "order", *OUTPUT, "estimate", "low", "high", "floor", "above_noise",
        "error",
    ),
    # Kendall's tau between the first ten from a part of the draws and from all.
    "convergence": ("method", "group", *OUTPUT, "size", "whole", "tau"),
    # Outputs that mostly sit at one value, and the outcome analysed beside them.
    "saturated": ("method", *OUTPUT, "at", "value", "share", "latent"),
}  # fmt: skip
"""Table to its columns."""


@dataclass(frozen=True)
class Analysis:
    """Tables of an analysis.

    Attributes:
        facts: Name, specification, seeds, rows, draws, hashes, versions, runs and CPU
            seconds by stage, labels of conditions and switches.
        tables: Table to its rows.
    """

    facts: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


def save(folder: Path, analysis: Analysis) -> None:
    """Write the tables of an analysis; without its facts, which come last, a folder holds none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)
    for name, columns in TABLES.items():
        table = analysis.tables[name].loc[:, list(columns)]
        write_file(folder / f"{name}.parquet", partial(_save_table, table))
    text = json.dumps(analysis.facts, indent=1, ensure_ascii=False)
    write_text(folder / FACTS, text + "\n")


def _save_table(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False, compression="zstd")


def read(folder: Path) -> Analysis:
    """The analysis of a folder.

    Raises:
        StoreError: The folder holds none.
    """
    if not (folder / FACTS).is_file():
        raise StoreError(f"{folder} holds no analysis: jiqun sensitivity writes one")
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    # An analysis may be older than the rule that its effects are judged by.
    ranks = tables["ranks"]
    tables["ranks"] = ranks.assign(above_noise=distinguishable(ranks))
    return Analysis(json.loads((folder / FACTS).read_text("utf-8")), tables)
