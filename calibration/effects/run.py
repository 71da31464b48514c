"""What the document and each lever do and cost, draw by draw, and whether the order holds.

``python -m jiqun.calibration.effects [--draws 64] [--switch NAME ...] [--rows 2500] [--workers 2]``
runs the province to the end of 2023 once a draw and branches: as issued, without the document, and
with or without each lever. The table gets one row a draw, lever and switch, is written after each
draw, and goes on where it stopped; rows of another model or other data are left out. Draw i has
seed i. ``--page`` writes the page from the table as it stands, and where levers break even with an
R&D grant (`calibration/effects/break_even.py`), which the report reads too. ``--store DIR`` reads
the rows of no switch off the store of an analysis (`jiqun sensitivity`), whose pairs are the same,
and makes there what it lacks.

A switch takes a mechanism or a choice of form away from all arms alike: those of
`scenarios/structure.yaml` by their ids, and

- ``conversion``: estimates of the literature as published, none turned into one on productivity;
- ``symmetric_priors``: skewed ranges that no fit narrows cut to the same width on both sides of the
  central value, so that a mean is no longer above its centre for the shape of a range alone.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jiqun.calibration.effects import break_even
from jiqun.calibration.effects.page import package_under, page
from jiqun.experiments.effects.costs import (
    BEARERS,
    DISCOUNT,
    FIRST,
    YEARS,
    Books,
    money_of,
    money_of_runs,
    set_otherwise,
)
from jiqun.experiments.effects.effect import RUN
from jiqun.experiments.runs.batch import POPULATION_SEED, model_hash
from jiqun.experiments.runs.draws import Draw, draws
from jiqun.experiments.runs.ensemble import SHIPPED, fitted
from jiqun.experiments.runs.priors import Law
from jiqun.experiments.runs.runner import Options
from jiqun.experiments.sensitivity.analysis import at_rows, recorded
from jiqun.experiments.sensitivity.arms import Pair, pairs
from jiqun.experiments.sensitivity.equal_cost import booked_under
from jiqun.experiments.sensitivity.runs import TIERS, Bench
from jiqun.experiments.sensitivity.spec import read_spec
from jiqun.experiments.stores.results import Results
from jiqun.experiments.stores.sql import frame_of
from jiqun.model import ClusterPolicyModel
from jiqun.model.estimates import HELD, OWN, Basis
from jiqun.model.start.population import Population, build_population
from jiqun.scenarios.laws import at_or_below
from jiqun.scenarios.structure import switches
from jiqun.scenarios.tables import data_hash, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jiqun.experiments.runs.runner import Progress
    from jiqun.experiments.sensitivity.spec import Task
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.rows.evidence import Parameter

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "calibration" / "results" / "effects.parquet"
PACKAGE_TABLE = TABLE.with_name("package.csv")
"""The document's effect under each switch, for the report."""
PAGE = ROOT / "docs" / "effects.md"
MAIN, PACKAGE = "none", "package"
"""Name of no switch, and of the document as a whole."""
CONVERSION, SYMMETRIC = "conversion", "symmetric_priors"
ASKED = ("finite_credit", CONVERSION, "others_do_the_same", SYMMETRIC)
"""Switches that the order is asked to survive, where the model has them."""
PAST, YEAR = 2023, 2027
"""Last year that all arms share, and the year that effects are told of."""
OUTCOME = "value_added"
KEY = ["draw", "lever", "switch"]
FINGERPRINT = ["rows", "model", "data"]
NO_CONVERSION = Basis(OWN, HELD)


@dataclass(frozen=True)
class Wanted:
    """One draw under one switch."""

    draw: int
    switch: str
    rows: int
    levers: tuple[str, ...] = ()


def known_switches() -> tuple[str, ...]:
    """All switches there are, and none."""
    return (MAIN, *switches(), CONVERSION, SYMMETRIC)


@cache
def task_at(rows: int) -> Task:
    """The scenarios, at a number of rows."""
    return at_rows(read_spec("reference"), rows)


@cache
def population_at(rows: int) -> Population:
    """The one population that all draws start from."""
    issued = task_at(rows).issued
    return build_population(issued.province, issued.parameters, rows, POPULATION_SEED)


def under(switch: str, scenario: Scenario, draw: Draw) -> Scenario:
    """A scenario at the values of a draw, under a switch.

    Args:
        switch: Name of a switch of `scenarios/structure.yaml`, `SYMMETRIC` or `CONVERSION`; any
            other name switches nothing.
        scenario: Scenario to change, with the province's estimates.
        draw: Parameters and outside world.
    """
    values = dict(draw.values)
    if switch in switches():
        values |= switches()[switch].off
    if switch == SYMMETRIC:
        values = symmetric(values)
    if switch == CONVERSION:
        as_published = dict.fromkeys(scenario.province.estimates, NO_CONVERSION)
        province = replace(scenario.province, estimates=as_published)
        scenario = replace(scenario, province=province)
    return replace(draw, values=values).of(scenario)


def symmetric(values: Mapping[str, float]) -> dict[str, float]:
    """Values of a draw at the same probabilities of symmetric ranges.

    Ranges that a fit has narrowed stay, and so do even ones. One whose centre is at its end has no
    width left: it is at its centre.
    """
    moved = dict(values)
    for row in _free(values).values():
        if row.distribution != "triangular":
            continue
        half = min(row.value - row.low, row.high - row.value)
        if not half:
            moved[row.name] = row.value
            continue
        share = at_or_below(values[row.name], "triangular", row.low, row.high, row.value)
        law = Law("triangular", row.value - half, row.value + half, row.value)
        moved[row.name] = float(law.quantile(np.asarray(share)))
    return moved


def _free(values: Mapping[str, float]) -> dict[str, Parameter]:
    """Drawn parameters that no fit narrows."""
    ensemble = fitted(SHIPPED)
    seen = set(ensemble.centre) if ensemble else set()
    return {
        row.name: row
        for row in table("parameters")
        if row.name in values and row.name not in seen and row.low < row.high
    }


def pairs_of(task: Task, levers: Sequence[str] = ()) -> list[Pair]:
    """The document as a whole, and each lever."""
    chosen = [name for name in task.levers if not levers or name in levers]
    return [Pair(PACKAGE, task.issued, task.baseline), *pairs(task, task.issued, chosen)]


def measure(wanted: Wanted) -> pd.DataFrame:
    """Effects and costs of a draw under a switch: one row a lever."""
    task = task_at(wanted.rows)
    found = pairs_of(task, wanted.levers)
    (draw,) = draws(task.issued, [wanted.draw])
    arms = {s.name: s for pair in found for s in (pair.with_it, pair.without)}
    read = {name: _read(model) for name, model in _ended(task.issued, arms, draw, wanted)}
    run = pd.DataFrame({"run_key": list(arms), "scenario": list(arms)})
    run = run.assign(draw=draw.index, seed=wanted.draw, population="")
    ledger = pd.concat([rows.assign(run_key=name) for name, (_, rows) in read.items()])
    index = pd.MultiIndex.from_frame(run[RUN].head(1))
    books = Books(money_of(run, ledger), dict.fromkeys(arms, index))
    return pd.DataFrame(
        [
            _facts(draw.index, wanted.switch, wanted.rows)
            | {"lever": pair.lever}
            | _effect(read[pair.with_it.name][0], read[pair.without.name][0])
            | _costs(books, pair, task).iloc[0].to_dict()
            for pair in found
        ]
    )


def from_store(
    folder: Path, numbers: Sequence[int], rows: int, workers: int, levers: Sequence[str] = ()
) -> pd.DataFrame:
    """Effects and costs under no switch, off the store of an analysis.

    Args:
        folder: The store; what it lacks is made there.
        numbers: Draws; each has its number as seed.
        rows: Enterprise rows.
        workers: Processes.
        levers: Levers beside the package; all if none is named.
    """
    task = task_at(rows)
    found = pairs_of(task, levers)
    drawn = [(draw, draw.index) for draw in draws(task.issued, numbers)]
    arms = {s.name: s for pair in found for s in (pair.with_it, pair.without)}
    bench = Bench(folder, Options(workers=workers), _quiet, print, recorded(task), YEAR)
    bench.run([(arm, drawn) for arm in arms.values()], "effects", bench.priced)
    keys = {name: bench.keys(arm, drawn) for name, arm in arms.items()}
    results = Results(folder, every=True)
    by_key = results.runs().set_index("run_key")
    runs = {name: pd.MultiIndex.from_frame(by_key.loc[own, RUN]) for name, own in keys.items()}
    every = [key for own in keys.values() for key in own]
    books, years = Books(money_of_runs(results, every), runs), _years(results, every)
    made = []
    for pair in found:
        costs = _costs(books, pair, task)
        both = zip(keys[pair.with_it.name], keys[pair.without.name], strict=True)
        for place, ((draw, _), (one, other)) in enumerate(zip(drawn, both, strict=True)):
            made.append(
                _facts(draw.index, MAIN, rows)
                | {"lever": pair.lever}
                | _effect(years[one], years[other])
                | costs.iloc[place].to_dict()
            )
    return pd.DataFrame(made)


def _facts(draw: int, switch: str, rows: int) -> dict[str, Any]:
    return {
        "draw": draw, "seed": draw, "switch": switch, "rows": rows,
        "model": model_hash(), "data": data_hash(),
    }  # fmt: skip


def _years(results: Results, keys: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Key of a run to its value added by year and unit, yuan."""
    with results.connect() as connection:
        connection.register("wanted", pd.DataFrame({"run_key": sorted(set(keys))}))
        rows: pd.DataFrame = frame_of(
            connection,
            """
            SELECT run_key, year, CASE WHEN level = 'tier' THEN unit_name ELSE level END AS unit,
                value
            FROM outcome SEMI JOIN wanted USING (run_key)
            WHERE outcome = ? AND level IN ('province', 'tier') AND year BETWEEN ? AND ?
            """,
            [OUTCOME, FIRST, YEAR],
        )
    return {
        str(key): own.pivot(index="year", columns="unit", values="value")[list(TIERS)]
        for key, own in rows.groupby("run_key")
    }


def _quiet(_: Progress) -> None:
    """Nothing is told of a batch that mostly reads."""


def _ended(
    issued: Scenario, arms: Mapping[str, Scenario], draw: Draw, wanted: Wanted
) -> Iterator[tuple[str, ClusterPolicyModel]]:
    """Each arm at the end of its last year; those that share the past are branched off."""
    population = population_at(wanted.rows)

    def begun(scenario: Scenario) -> ClusterPolicyModel:
        return ClusterPolicyModel(scenario, rng=wanted.draw, population=population)

    past = begun(under(wanted.switch, issued, draw))
    past.run_until_year(PAST)
    for name, arm in arms.items():
        scenario = under(wanted.switch, arm, draw)
        try:
            model = past.branch(scenario)
        except ValueError:  # a lever that begins before the end of the past
            model = begun(scenario)
        model.run_until_year(YEAR)
        yield name, model


def _read(model: ClusterPolicyModel) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Value added by year and unit, yuan, and the ledger of a run."""
    columns = model.records()
    wanted = (columns["outcome"] == OUTCOME) & np.isin(columns["level"], ["province", "tier"])
    rows = pd.DataFrame({name: values[wanted] for name, values in columns.items()})
    unit = rows["unit_name"].where(rows["level"] == "tier", "province")
    by_year = rows.assign(unit=unit).pivot(index="year", columns="unit", values="value")
    return by_year.loc[list(YEARS), list(TIERS)], pd.DataFrame(model.ledger_records())


def _effect(with_it: pd.DataFrame, without: pd.DataFrame) -> dict[str, float]:
    """Share of value added of the last year, and present value of the gain, by unit."""
    gap = with_it - without
    present = (1.0 + DISCOUNT) ** (FIRST - gap.index.to_numpy(dtype=float))
    gains = gap.mul(present, axis=0).sum()
    shares = gap.loc[YEAR] / without.loc[YEAR]
    return shares.add_prefix("share_").to_dict() | gains.add_prefix("gain_").to_dict()


def _costs(books: Books, pair: Pair, task: Task) -> pd.DataFrame:
    """Present cost by bearer, of it new money, and feedback of other levers, a row a run."""
    names = pair.with_it.name, pair.without.name
    if pair.lever == PACKAGE:
        one, other = (s.canonical()["levers"] for s in (pair.with_it, pair.without))
        levers = set_otherwise(one, other)
    else:
        levers = booked_under(task.issued, pair.lever)
    found = {f"cost_{payer}": books.cost(*names, levers, (payer,)) for payer in BEARERS}
    return pd.DataFrame(
        found
        | {
            "new": books.new(*names, levers)["programme"],
            "feedback": books.feedback(*names, levers),
        }
    ).loc[books.runs[pair.with_it.name]]


def kept(path: Path, rows: int) -> pd.DataFrame:
    """Rows of a table that the model and the data that are here made, at a number of rows."""
    if not path.is_file():
        return pd.DataFrame(columns=[*KEY, *FINGERPRINT])
    frame = pd.read_parquet(path)
    now = (frame["model"] == model_hash()) & (frame["data"] == data_hash())
    if dropped := int((~now | (frame["rows"] != rows)).sum()):
        print(f"{dropped:,} rows of another model, other data or other rows are left out")
    return frame[now & (frame["rows"] == rows)]


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the table whole, or leave the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    frame.sort_values(KEY, kind="stable").to_parquet(part, index=False, compression="zstd")
    part.replace(path)


def complete(
    path: Path, numbers: Iterable[int], chosen: Sequence[str], rows: int, workers: int,
    levers: tuple[str, ...] = (),
) -> pd.DataFrame:  # fmt: skip
    """Make the draws that a table lacks, and write it after each.

    Args:
        path: The table.
        numbers: Draws.
        chosen: Switches.
        rows: Enterprise rows.
        workers: Processes.
        levers: Levers beside the package; all if none is named.
    """
    found = kept(path, rows)
    done = set(zip(found["draw"], found["switch"], strict=True))
    todo = [Wanted(i, s, rows, levers) for i in numbers for s in chosen if (i, s) not in done]
    with ProcessPoolExecutor(workers) as pool:
        for number, job in enumerate(as_completed([pool.submit(measure, one) for one in todo]), 1):
            found = pd.concat([found, job.result()]) if len(found) else job.result()
            write(found, path)
            print(f"{number} of {len(todo)} draws", flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Complete the table, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--draws", type=int, default=64)
    names = [name for name in (MAIN, *ASKED) if name in known_switches()]
    parser.add_argument(
        "--switch", action="append", choices=known_switches(), help=f"default: {', '.join(names)}"
    )
    parser.add_argument("--rows", type=int, default=2_500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lever", action="append", default=[], help="all if none is named")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--to", type=Path, default=PAGE, help="where the page goes")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument("--store", type=Path, help="store of an analysis to read")
    asked = parser.parse_args(arguments)
    if asked.store:
        made = from_store(
            asked.store, range(1, asked.draws + 1), asked.rows, asked.workers, asked.lever
        )
        others = kept(asked.table, asked.rows)
        write(pd.concat([others[others["switch"] != MAIN], made]), asked.table)
    elif not asked.page:
        complete(
            asked.table, range(1, asked.draws + 1), asked.switch or names, asked.rows,
            asked.workers, tuple(asked.lever),
        )  # fmt: skip
    if not asked.table.is_file():
        print(f"{asked.table} is not there: run without --page first")
        return 2
    frame = pd.read_parquet(asked.table)
    even = break_even.made(frame, task_at(int(frame["rows"].iloc[0])).issued)
    if asked.table == TABLE:
        break_even.write(even)
        package_under(frame).to_csv(PACKAGE_TABLE, index=False, float_format="%.6g")
    asked.to.write_text(page(frame, even), encoding="utf-8")
    print(f"wrote {asked.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
