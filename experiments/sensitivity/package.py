"""The package's paired effect over designs: what its variance is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.sensitivity import indices
from jiqun.experiments.sensitivity.designs import Outputs, SensitivityError
from jiqun.experiments.sensitivity.factors import draws_of, kind_of, name_of, numbered
from jiqun.experiments.sensitivity.measure import measure
from jiqun.experiments.sensitivity.ranks import convergence, tie_sets
from jiqun.experiments.sensitivity.runs import columns_of, effects, titles
from jiqun.experiments.sensitivity.saturation import saturated
from jiqun.experiments.sensitivity.surrogate import Surrogate
from jiqun.experiments.sensitivity.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jiqun.experiments.runs.batch import Record
    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.sensitivity.designs import Design
    from jiqun.experiments.sensitivity.indices import Index, Morris, Noise, Pawn, Sobol
    from jiqun.experiments.sensitivity.runs import Bench, Listed
    from jiqun.experiments.sensitivity.spec import Task
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

FINGERPRINT = b"jiqun_design"


def run_design(
    bench: Bench, task: Task, design: Design, seeds: int, base: tuple[Scenario, Scenario]
) -> Outputs:
    """Make the runs of a design: at each row the package's effect, with the same seeds.

    Args:
        bench: Where runs are made.
        task: The specification.
        design: The points.
        seeds: Seeds of a row: 1, 2 and so on.
        base: The scenario and its baseline, as issued in all that the design does not vary.
    """
    drawn = draws_of(task, design)
    listed = [
        (scenario, [(numbered(d, scenario), seed + 1) for d in drawn for seed in range(seeds)])
        for scenario in base
    ]
    values, keys = _values(bench, task, listed, f"{design.method} {design.fingerprint}")
    runs = np.array(keys).reshape(len(drawn), seeds).tolist()
    shaped = values.reshape(len(drawn), seeds, -1)
    return Outputs(design.fingerprint, shaped, titles(task.columns, task.tiers), runs)


def _values(
    bench: Bench, task: Task, listed: Sequence[Listed], note: str, record: Record | None = None
) -> tuple[Array, list[str]]:
    """Outputs of runs, shape (runs, columns), and the keys of the runs of the scenario.

    The package's effect, or the level of the scenario alone where that is asked for.
    """
    if task.spec.quantity == "level":
        bench.say("levels: their spread is mostly that of growth, which no lever moves")
        listed = listed[:1]
    bench.run(listed, note, record)
    keys = [bench.keys(scenario, pairs) for scenario, pairs in listed]
    first, *others = (bench.values(of_one, task.columns, task.tiers) for of_one in keys)
    return (effects(first, others[0], task.columns, task.tiers) if others else first), keys[0]


def keep(path: Path, outputs: Outputs) -> None:
    """Write outputs with the fingerprint of their design, a row a row and seed of it."""
    rows, seeds, _ = outputs.values.shape
    flat = outputs.values.reshape(rows * seeds, -1)
    table = pa.table(
        {
            "row": np.repeat(np.arange(rows), seeds),
            "seed": np.tile(np.arange(1, seeds + 1), rows),
            "run_key": [run for of_row in outputs.runs for run in of_row],
            **{name: flat[:, c] for c, name in enumerate(outputs.columns)},
        }
    ).replace_schema_metadata({FINGERPRINT: outputs.fingerprint})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def measured(
    bench: Bench, task: Task, drawn: Sequence[tuple[Draw, int]]
) -> tuple[pd.DataFrame, Array]:
    """Rows of the table `measure`, and the effects they are from, shape (draws, columns).

    Args:
        bench: Makes the runs and reads them.
        task: The specification; the package is its scenario less the baseline.
        drawn: Draws, each with the seed of its run.
    """
    listed = [(scenario, drawn) for scenario in (task.issued, task.baseline)]
    # The first of these runs are those of the levers' effects, which are priced.
    values, _ = _values(bench, task, listed, "measure", bench.priced)
    names = [
        *(f"parameter.{name}" for name in drawn[0][0].values),
        *(f"outside.{name}" for name in drawn[0][0].outside),
    ]
    inputs = np.array([[*d.values.values(), *d.outside.values()] for d, _ in drawn])
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        draw, column = bad[0]
        raise SensitivityError(
            f"{task.issued.name} draw {drawn[draw][0].index} seed {drawn[draw][1]}:"
            f" {titles(task.columns, task.tiers)[column]} is {values[draw, column]}"
        )
    ensemble = fitted(in_use())
    members = np.array([draw.index % ensemble.size for draw, _ in drawn]) if ensemble else None
    found = measure(names, inputs, values, task.spec.seed, members)
    return _index_rows("measure", task, found), values


def most_telling(table: pd.DataFrame, main: str, number: int) -> list[str]:
    """Parameters with the largest shares in the effect on an outcome, of the province or a tier.

    Args:
        table: Rows of the table `measure`.
        main: Id of the outcome.
        number: Parameters that are given.
    """
    of_main = table[(table["outcome"] == main) & (table["kind"] == "parameter")]
    largest = of_main.groupby("factor", sort=True)["estimate"].max()
    return list(largest.sort_values(ascending=False, kind="stable").index[:number])


def full_rows(task: Task, found: Sobol | Surrogate) -> pd.DataFrame:
    """Rows of the table `full`."""
    columns = len(columns_of(task.columns, task.tiers))
    error = found.error if isinstance(found, Surrogate) else np.full(columns, np.nan)
    parts = [
        _index_rows("measure", task, index).assign(
            order=order, error=np.tile(error, len(index.names))
        )
        for order, index in (("first", found.first), ("total", found.total))
    ]
    return pd.concat(parts, ignore_index=True)[list(TABLES["full"])]


def sobol_rows(task: Task, found: Sobol) -> pd.DataFrame:
    """Rows of the table `sobol`."""
    parts = []
    for order in ("first", "total"):
        index: Index = getattr(found, order)
        part = _index_rows("measure", task, index).drop(columns="kind")
        part["factor"] = np.repeat(index.names, len(columns_of(task.columns, task.tiers)))
        parts.append(part.assign(order=order, **_noise(found.noise, len(index.names))))
    return pd.concat(parts, ignore_index=True)[list(TABLES["sobol"])]


def morris_rows(task: Task, found: Morris) -> pd.DataFrame:
    """Rows of the table `morris`."""
    rows = _index_rows("measure", task, found.mu_star).rename(columns={"estimate": "mu_star"})
    rows = rows.assign(
        sigma=found.sigma.estimate.ravel(), **_noise(found.noise, len(found.mu_star.names))
    )
    return rows[list(TABLES["morris"])]


def pawn_rows(task: Task, found: Pawn) -> pd.DataFrame:
    """Rows of the table `pawn`."""
    return _index_rows("pawn", task, found.median)


def convergence_rows(task: Task, design: Design, outputs: Outputs, index: Index) -> pd.DataFrame:
    """Rows of the table `convergence`: tau between the factors' order from part and all rows.

    Args:
        task: The specification, for outcomes and units of the columns.
        design: Design whose rows were run.
        outputs: What its runs gave.
        index: Index of its factors from all rows.
    """
    grown = indices.growing(design, outputs)
    columns = columns_of(task.columns, task.tiers)
    sets = np.stack(
        [tie_sets(index.estimate[:, c], index.tied[:, :, c]) for c in range(len(columns))], axis=-1
    )
    rows = [
        (str(design.method), "", outcome, tier, size, design.size, float(tau[c]))
        for size, tau in convergence(grown, sets).items()
        for c, (outcome, tier) in enumerate(columns)
    ]
    return pd.DataFrame(rows, columns=list(TABLES["convergence"]))


def saturated_rows(task: Task, method: str, values: Array) -> pd.DataFrame:
    """Rows of the table `saturated`; values of shape (rows, columns).

    Args:
        task: The specification, for outcomes and units of the columns.
        method: Name of the method that the rows were run for.
        values: Outcomes in their units, shape (rows, columns).
    """
    latent: Mapping[str, str] = task.spec.latent
    rows = []
    for found in saturated(titles(task.columns, task.tiers), values):
        outcome, _, tier = found.column.partition(" of ")
        beside = latent.get(outcome, "")
        rows.append((method, outcome, tier, str(found.at), found.value, found.share, beside))
    return pd.DataFrame(rows, columns=list(TABLES["saturated"]))


def _index_rows(table: str, task: Task, index: Index) -> pd.DataFrame:
    """A row a factor and output."""
    columns = columns_of(task.columns, task.tiers)
    factors = [name for name in index.names for _ in columns]
    frame = pd.DataFrame(
        {
            "factor": [name_of(name) for name in factors],
            "kind": [kind_of(name) for name in factors],
            "outcome": [outcome for outcome, _ in columns] * len(index.names),
            "tier": [tier for _, tier in columns] * len(index.names),
            "estimate": index.estimate.ravel(),
            "low": index.low.ravel(),
            "high": index.high.ravel(),
            "floor": index.floor.ravel(),
            "above_noise": index.above_noise.ravel(),
        }
    )
    return frame[list(TABLES[table])]


def _noise(noise: Noise | None, factors: int) -> dict[str, Array | float]:
    if noise is None:
        return {"between_seeds": np.nan, "in_mean": np.nan}
    return {
        "between_seeds": np.tile(noise.between, factors),
        "in_mean": np.tile(noise.in_mean, factors),
    }
