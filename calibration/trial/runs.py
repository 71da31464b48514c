"""Trials run on draws: history once, then a branch an arm and choice, and the estimates of rows."""

from __future__ import annotations

from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.calibration.trial import panel as panels
from jiqun.calibration.trial.estimators import NEEDS_PLAIN, Data, NothingToSeeError, estimate
from jiqun.calibration.trial.files import read_trial
from jiqun.experiments.runs import adopted
from jiqun.experiments.runs.batch import POPULATION_SEED, model_hash
from jiqun.experiments.runs.draws import draws
from jiqun.experiments.runs.ensemble import in_use as ensemble_in_use
from jiqun.experiments.runs.pool import Processes
from jiqun.experiments.stores.store import write_text
from jiqun.model import build_population
from jiqun.model.calendar import quarter_index, year_of
from jiqun.model.region import REGION
from jiqun.scenarios.structure import switches
from jiqun.scenarios.tables import data_hash, file_hash, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from jiqun.calibration.trial.panel import Chosen, Customers, TrialModel
    from jiqun.calibration.trial.ready import Outcomes, Trial
    from jiqun.experiments.runs.draws import Draw
    from jiqun.model.scenario import Scenario
    from jiqun.model.start.population import Population

TABLE = REGION.results / adopted.TRIALS
"""The estimates that come with the region."""
DRAWS = 20
"""Fewest draws that a verdict is given on."""
ARMS = ("as_is", "off", "doubled")
KEY = ["id", "draw", "arm"]
COLUMNS = [*KEY, "value", "dose", "problem", "seed", "rows", "spec", "model", "data", "fit"]
FINGERPRINT = ["rows", "spec", "model", "data", "fit"]


def in_use() -> Path:
    """The estimates that reports show: adopted, or else shipped."""
    return adopted.in_use(adopted.TRIALS, TABLE)


def fit_hash() -> str:
    """Hash of the fitted parameter sets that draws come from."""
    return _hash_of(ensemble_in_use())


@cache
def _hash_of(path: Path) -> str:
    return file_hash(path)[:20] if path.is_file() else ""


@dataclass(frozen=True)
class Task:
    """What is run in one draw.

    Attributes:
        draw: Number of the draw; its seed too.
        rows: Enterprise rows.
        wanted: File to the pairs of row and arm that are asked for.
    """

    draw: int
    rows: int
    wanted: Mapping[Path, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Branch:
    """What came of one choice of the treated.

    Attributes:
        who: Who was treated.
        frame: The panel.
        plain: That of the same run without the treatment, if any row of the trial looks at it.
        rival: Shock to the panel of the run under it.
        growth: Sales growth by quarter, if any row looks at it.
        customers: Customers of suppliers, of a shock to these.
        dose: Fall of the sales of those hit, percentage points; NaN without a shock.
    """

    who: Chosen
    frame: pd.DataFrame
    plain: pd.DataFrame | None
    rival: Mapping[str, pd.DataFrame]
    growth: pd.DataFrame | None
    customers: Customers | None
    dose: float


Choice = tuple[str, int, tuple[tuple[str, float], ...]]
"""Scenario, number of the choice, and parameters that change with the treatment."""


@dataclass
class Bench:
    """The runs of one draw, histories kept by what decides them.

    Attributes:
        draw: Number of the draw.
        rows: Enterprise rows.
        kept: Scenario and quarter to a run of it that stands at the end of the quarter before.
        branches: Branches of the trial at hand, by scenario and number of the choice.
        branches_of: File of the trial at hand.
    """

    draw: int
    rows: int
    kept: dict[tuple[str, int], TrialModel] = field(default_factory=dict)
    branches: dict[Choice, Branch] = field(default_factory=dict)
    branches_of: Path | None = None

    def history(self, scenario: Scenario, until: int) -> TrialModel:
        """A run of a scenario at the end of the quarter before `until`; never to be written to."""
        key = scenario.identity, until
        if key in self.kept:
            return self.kept[key]
        before = [
            (quarter, model)
            for (name, quarter), model in self.kept.items()
            if name == scenario.identity and quarter < until
        ]
        if before:
            _, model = max(before, key=lambda pair: pair[0])
            run = _copied(model, scenario)
        else:
            run = panels.TrialModel(scenario, self.draw, population(scenario, self.rows))
        run.run_through(until - 1)
        self.kept[key] = run
        return run


@cache
def _population(rows: int, digest: str) -> list[Population]:
    return []


def population(scenario: Scenario, rows: int) -> Population:
    """The population that all runs of a number of rows start from."""
    held = _population(rows, scenario.data_hash)
    if not held:
        central = replace(scenario, rows=rows)
        held.append(
            build_population(central.province, _central_parameters(), rows, POPULATION_SEED)
        )
    return held[0]


@cache
def _central_parameters() -> Mapping[str, float]:
    return {row.name: row.value for row in table("parameters")}


def _copied(model: TrialModel, scenario: Scenario) -> TrialModel:
    copy = model.copied(scenario)
    assert isinstance(copy, panels.TrialModel)
    return copy


def values_in(row: Outcomes, arm: str, draw: Draw, given: Mapping[str, float]) -> dict[str, float]:
    """Parameters of an arm: those of the draw, those given, and the mechanism off or doubled.

    Args:
        row: Outcome of the trial, with its mechanism.
        arm: `off` or `doubled`; any other name leaves the mechanism as it is.
        draw: Parameters and outside world.
        given: Parameters that the trial sets in place of the draw's; `off` may replace them.
    """
    values, central = dict(draw.values), _central_parameters()
    if arm == "doubled":
        values |= {n: 2.0 * values.get(n, central[n]) for n in row.mechanism.doubled}
    values |= given
    if arm == "off":
        values |= row.mechanism.off
        if row.mechanism.switch:
            values |= switches()[row.mechanism.switch].off
    return values


def estimates(
    trial: Trial, row: Outcomes, arm: str, draw: Draw, bench: Bench
) -> tuple[float, float]:
    """Estimate of a row in an arm of a draw, and the dose where a shock has one.

    Args:
        trial: The trial, which treats by levers, a shock or parameters.
        row: Outcome that is estimated.
        arm: `off` or `doubled`; any other name leaves the mechanism as it is.
        draw: Parameters and outside world.
        bench: Runs of the draw made so far.

    Raises:
        NothingToSeeError: The panel holds nothing to compare.
    """
    assert trial.treat is not None
    assert row.panel is not None
    found, doses = [], []
    for base, branch in branches(trial, row, arm, draw, bench):
        past = bench.history(base, trial.start)
        rival = None if row.spec.rival is None else branch.rival[row.id]
        data = Data(
            branch.frame, branch.plain, rival, branch.growth, branch.who.dose, branch.who.score,
            trial.treat.assign.cutoff or 0.0, branch.who.cities,
            panels.in_scope(past, row.panel.scope, branch.who), branch.customers,
            year_of(trial.start), trial.treat.shock.quarters if trial.treat.shock else 0,
        )  # fmt: skip
        found.append(estimate(data, row.spec, row.panel, row.published.unit))
        doses.append(branch.dose)
    return float(np.mean(found)), float(np.mean(doses))


def branches(
    trial: Trial, row: Outcomes, arm: str, draw: Draw, bench: Bench
) -> Iterator[tuple[Scenario, Branch]]:
    """The scenario without the treatment and what came of it, for each choice of the treated.

    Args:
        trial: The trial, which treats by levers, a shock or parameters.
        row: Outcome, whose mechanism an arm moves.
        arm: `off` or `doubled`; any other name leaves the mechanism as it is.
        draw: Parameters and outside world.
        bench: Runs of the draw made so far; what is made here is kept in it.
    """
    assert trial.treat is not None
    values = values_in(row, arm, draw, trial.written.parameters)
    base = replace(trial.base, rows=bench.rows).with_draw(values, draw.outside)
    freed = values_in(row, arm, draw, {})
    after = {
        name: freed.get(name, _central_parameters()[name]) if value == "drawn" else float(value)
        for name, value in trial.treat.parameters.items()
    }
    for repeat in range(trial.treat.assign.repeats):
        key = base.identity, repeat, tuple(after.items())
        if bench.branches_of != trial.path:
            bench.branches, bench.branches_of = {}, trial.path
        if key not in bench.branches:
            bench.branches[key] = _branch(trial, bench, base, values, after, repeat)
        yield base, bench.branches[key]


def _branch(
    trial: Trial, bench: Bench, base: Scenario, values: Mapping[str, float],
    after: Mapping[str, float], repeat: int,
) -> Branch:  # fmt: skip
    """Run on from history with the treatment, and beside it what rows of the trial look at."""
    assert trial.treat is not None
    rows = [row for row in trial.rows if row.represented and row.panel]
    last = max(row.panel.after[1] for row in rows if row.panel)
    past = bench.history(base, trial.start)
    who = panels.choose(past, trial, repeat)
    run = _branched(past, panels.treated_scenario(base, trial, who, values))
    run.parameters |= after
    shock, customers, dose = trial.treat.shock, None, np.nan
    if shock is not None:
        run.hit, run.until = who.treated, trial.start + shock.quarters - 1
        speed = run.parameters["share_adjustment"]
        run.cut = panels.cut_for(shock.points, speed, shock.quarters)
        customers = panels.customers(past, who.treated)
    run.run_until_year(last)
    plain, rival = None, {}
    if shock is not None or any(row.spec.estimator in NEEDS_PLAIN for row in rows):
        without = bench.history(base, quarter_index(last + 1, 1))
        plain = panels.panel_of(without)
        if shock is not None:
            dose = _own_fall(run, without, who, run.until)
    for row in rows:
        if row.spec.rival is not None:
            other = _branched(past, panels.shocked_scenario(base, row.spec.rival, trial.start))
            other.run_until_year(last)
            rival[row.id] = panels.panel_of(other)
    seen = any(row.spec.outcome == "sales_growth" for row in rows)
    growth = panels.sales_growth(run) if seen else None
    return Branch(who, panels.panel_of(run), plain, rival, growth, customers, dose)


def _branched(past: TrialModel, scenario: Scenario) -> TrialModel:
    branch = past.branch(scenario)
    assert isinstance(branch, panels.TrialModel)
    return branch


def _own_fall(run: TrialModel, without: TrialModel, who: Chosen, quarter: int) -> float:
    """Fall of the sales of those hit in a quarter, percentage points of what they would be."""
    sold = []
    for model in (without, run):
        ids, sales = next((i, s) for q, i, s in model.quarters if q == quarter)
        sold.append(float(sales[np.isin(ids, who.treated)].sum()))
    return 100.0 * (sold[1] / max(sold[0], 1.0) - 1.0)


def measure(task: Task) -> pd.DataFrame:
    """Estimates of all that a task asks for, one row an outcome and arm."""
    bench, lines = Bench(task.draw, task.rows), []
    for path, wanted in task.wanted.items():
        trial = read_trial(path)
        (draw,) = draws(trial.base, [task.draw], ensemble_in_use())
        rows = {row.id: row for row in trial.rows}
        for name, arm in wanted:
            value, dose, problem = np.nan, np.nan, ""
            try:
                value, dose = estimates(trial, rows[name], arm, draw, bench)
            except NothingToSeeError as error:
                problem = str(error)
            lines.append(
                [name, task.draw, arm, value, dose, problem, task.draw, task.rows, trial.digest,
                 model_hash(), data_hash(), fit_hash()]
            )  # fmt: skip
    return pd.DataFrame(lines, columns=COLUMNS)


def kept(path: Path, rows: int, digests: Mapping[str, str]) -> pd.DataFrame:
    """Stored estimates that the model, the data, the fit and the files that are here made.

    Args:
        path: The table.
        rows: Enterprise rows.
        digests: Row to the hash of its trial.
    """
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    frame = pd.read_csv(path, dtype={"problem": object, "spec": str})
    frame = frame.assign(problem=frame["problem"].fillna(""))
    now = frame["id"].map(digests) == frame["spec"]
    for name, value in (
        ("rows", rows), ("model", model_hash()), ("data", data_hash()), ("fit", fit_hash()),
    ):  # fmt: skip
        now &= frame[name] == value
    return frame[now]


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the table whole, or leave the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = frame.sort_values(KEY, kind="stable")
    write_text(path, ordered.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def adopt(frame: pd.DataFrame, path: Path) -> None:
    """Put estimates into a table; rows that were not asked for stay, or are those shipped.

    Args:
        frame: The estimates.
        path: The table that is shipped, or the one that a user adopts.
    """
    before = path if path.is_file() else TABLE
    if before.is_file():
        kept = pd.read_csv(before, dtype={"problem": object, "spec": str})
        frame = pd.concat([kept[~kept["id"].isin(frame["id"])], frame])
    write(frame, path)


def complete(
    table_file: Path, asked: Sequence[tuple[Trial, Sequence[str]]], number: int, rows: int,
    workers: int, show: Callable[[int, int], None],
) -> pd.DataFrame:  # fmt: skip
    """Make the estimates that are lacking, and write the table after each draw.

    Args:
        table_file: The table, beside which those adopted and shipped are looked at.
        asked: Trials, each with the ids of rows.
        number: Draws, from 1.
        rows: Enterprise rows.
        workers: Processes.
        show: Called with draws of an arm done and in all.
    """
    digests = {name: trial.digest for trial, ids in asked for name in ids}
    known = [kept(path, rows, digests) for path in dict.fromkeys((table_file, in_use(), TABLE))]
    known = [frame for frame in known if len(frame)] or known[:1]
    found = pd.concat(known).drop_duplicates(KEY)
    done = set(zip(found["id"], found["draw"], found["arm"], strict=True))
    # What a verdict rests on comes first, then what is shown beside it.
    tasks = [_lacking(i, arm, rows, asked, done) for arm in ARMS for i in range(1, number + 1)]
    tasks = [task for task in tasks if task.wanted]
    show(0, len(tasks))
    for finished, made in enumerate(_made(tasks, workers), 1):
        found = pd.concat([found, made]) if len(found) else made
        write(found, table_file)
        show(finished, len(tasks))
    return found[found["draw"] <= number]


def _lacking(
    draw: int, arm: str, rows: int, asked: Sequence[tuple[Trial, Sequence[str]]],
    done: set[tuple[str, int, str]],
) -> Task:  # fmt: skip
    wanted: dict[Path, tuple[tuple[str, str], ...]] = {}
    for trial, ids in asked:
        pairs = tuple(
            (row.id, arm)
            for row in trial.rows
            if row.id in ids and row.represented and arm in row.arms
            and (row.id, draw, arm) not in done
        )  # fmt: skip
        if pairs:
            wanted[trial.path] = pairs
    return Task(draw, rows, wanted)


def _made(tasks: Sequence[Task], workers: int) -> Iterator[pd.DataFrame]:
    if workers == 1 or len(tasks) < 2:
        yield from map(measure, tasks)
        return
    pool, at_once = Processes(workers), True
    try:
        for job in as_completed([pool.call(measure, task) for task in tasks]):
            yield job.result()
        at_once = False
    finally:
        pool.close(at_once=at_once)
