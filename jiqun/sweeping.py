"""What `jiqun sweep` does: many settings of a scenario in one batch, and one tidy table."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table as Grid

from jiqun import asking, screen
from jiqun.cli.refusals import WrongOptionError
from jiqun.experiments import Results
from jiqun.experiments.effects.compare import compare, gather
from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.experiments.runs.batch import BRIEF, WHOLE, scenario_hash
from jiqun.experiments.runs.runner import with_rows
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.selection import HORIZON
from jiqun.experiments.stores.store import write_text
from jiqun.model.calendar import FIRST_YEAR, year_of
from jiqun.model.observe.outcomes import LEVELS, OUTCOMES
from jiqun.scenarios import load
from jiqun.scenarios.errors import listed, nearest_name
from jiqun.scenarios.language import say
from jiqun.scenarios.loader import folder_of
from jiqun.scenarios.question import AMOUNT
from jiqun.scenarios.settings import asked as settings_of
from jiqun.scenarios.settings import axis, grid, hypercube, of_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jiqun.experiments.effects.compare import Comparison
    from jiqun.experiments.runs.runner import Options, Report
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.settings import Setting

STORES = Path("build/sweep")
"""Where sweeps keep their runs if nothing is said."""
FILE = "sweep.csv"
DESIGN = "lhs:"
MAIN = "value_added"
YI = 1e8
COSTS = ("cost", "budget")
"""Cost to all who bear it, and the part of it that province, cities and centre bear."""
COLUMNS = {
    "setting": ("", "name of the setting's scenario in the store"),
    "outcome": ("", "id of the outcome (jiqun outcomes)"),
    "outcome_unit": ("", "its unit"),
    "level": ("", "province, tier or another level of outcomes"),
    "unit_name": ("", "unit of the level"),
    "year": ("", "year of the effect"),
    "pairs": ("pairs", "pairs of runs of one draw and seed"),
    "baseline_median": ("outcome_unit", "median of the outcome without the setting"),
    "effect": ("outcome_unit", "mean over the pairs of what the setting changes"),
    "effect_low": ("outcome_unit", "lower end of the 95 % interval of that mean"),
    "effect_high": ("outcome_unit", "upper end; both empty below eight pairs"),
    "effect_p05": ("outcome_unit", "one pair of twenty changes by less"),
    "effect_p95": ("outcome_unit", "one pair of twenty changes by more"),
    "sign": ("", "1 or -1 where the effect is distinguishable from zero, else 0"),
    "change": ("share of the baseline", "mean over the pairs of the relative change"),
    "change_low": ("share of the baseline", "lower end of the 95 % interval of that mean"),
    "change_high": ("share of the baseline", "upper end"),
    "cost": ("yuan, present value", "mean cost of the setting to all who bear it, 2024-2027"),
    "cost_low": ("yuan, present value", "lower end of the 95 % interval of that mean"),
    "cost_high": ("yuan, present value", "upper end"),
    "budget": ("yuan, present value", "the part that province, cities and centre bear"),
    "budget_low": ("yuan, present value", "lower end of its 95 % interval"),
    "budget_high": ("yuan, present value", "upper end"),
}
"""Columns of the table beside those of what is set: unit and meaning."""


@dataclass(frozen=True)
class Sweep:
    """A sweep before it is run.

    Attributes:
        baseline: What settings are laid over, and compared with.
        scenarios: Name of a setting to its scenario.
        settings: Name of a setting to what is set.
    """

    baseline: Scenario
    scenarios: Mapping[str, Scenario]
    settings: Mapping[str, Setting]

    def at(self, rows: int | None) -> Sweep:
        """The sweep at a number of rows; 0 is one row an enterprise, None those of each."""
        scenarios = {name: with_rows(each, rows) for name, each in self.scenarios.items()}
        return Sweep(with_rows(self.baseline, rows), scenarios, self.settings)

    @property
    def every(self) -> list[Scenario]:
        """The baseline and the settings."""
        return [self.baseline, *self.scenarios.values()]

    @property
    def folder(self) -> Path:
        """Store of its runs if nothing is said: one for each sweep, so that it goes on there."""
        whole = " ".join(each.identity for each in self.every)
        return STORES / hashlib.sha256(whole.encode()).hexdigest()[:12]

    @property
    def axes(self) -> list[str]:
        """What is set, in the order in which it was given."""
        return list(dict.fromkeys(name for s in self.settings.values() for name in s.values))


@dataclass(frozen=True)
class Wanted:
    """What the table is to hold.

    Attributes:
        outcomes: Ids of outcomes; None for all.
        levels: Levels.
        years: Years.
    """

    outcomes: tuple[str, ...] | None
    levels: tuple[str, ...]
    years: tuple[int, ...]

    @classmethod
    def of(
        cls,
        asked: Sweep,
        outcomes: Sequence[str] | None,
        levels: Sequence[str] | None,
        years: Sequence[int] | None,
    ) -> Wanted:
        """What options ask for.

        Args:
            asked: The sweep.
            outcomes: Ids of outcomes; all if none.
            levels: Levels; province and tier if none.
            years: Years; the horizon of the policy, or the last year before it, if none.

        Raises:
            WrongOptionError: An outcome, level or year that is unknown.
        """
        last = year_of(asked.baseline.end)
        _known("--outcome", outcomes or (), OUTCOMES)
        _known("--level", levels or (), LEVELS)
        _known("--year", [*map(str, years or ())], [*map(str, range(FIRST_YEAR, last + 1))])
        horizon = tuple(min(year, last) for year in HORIZON)
        found = tuple(outcomes) if outcomes else None
        return cls(found, tuple(levels or BRIEF.levels or ()), tuple(years or horizon))


@dataclass(frozen=True)
class Tabulated:
    """The table of a sweep.

    Attributes:
        rows: The table.
        path: Its file.
        columns: Column to its unit and meaning.
        costs: Setting to its comparison; those that have one.
        no_cost: Why costs are missing; empty where they are not.
    """

    rows: pd.DataFrame
    path: Path
    columns: Mapping[str, tuple[str, str]]
    costs: Mapping[str, Comparison]
    no_cost: str


def read(scenario: str, sets: Sequence[str], file: Path | None, design: str | None) -> Sweep:
    """A sweep as it was typed.

    Args:
        scenario: Name or file of the scenario that settings are laid over.
        sets: What is set, each as ``lever.term=a,b,c``.
        file: A CSV of settings instead.
        design: ``lhs:N``, or None for a grid.

    Raises:
        InputError: A setting, or the scenario, is wrong.
        WrongOptionError: Options do not go together.
    """
    if (file is None) == (not sets) or (file and design):
        raise WrongOptionError(say("sweep: give --set, with or without --design, or --settings"))
    baseline, folder = load(scenario), folder_of(scenario)
    if file is not None:
        rows = of_file(file)
    else:
        axes = [axis(each) for each in sets]
        made = grid(axes) if design is None else hypercube(axes, _points(design))
        rows = dict(enumerate(made, 1))
    settings = {
        each.question.scenario.name: each for each in settings_of(rows, baseline, folder, file)
    }
    scenarios = {name: each.question.scenario for name, each in settings.items()}
    return Sweep(baseline, scenarios, settings)


def run(asked: Sweep, draws: int, out: Path, options: Options, wanted: Wanted) -> Report:
    """Make the runs of a sweep in one batch; what the store holds is not run again.

    Args:
        asked: The sweep.
        draws: Number of runs of each setting.
        out: Folder of the store.
        options: How runs are made.
        wanted: What the table is to hold.
    """
    screen.say(f"{len(asked.scenarios)} settings of {asked.baseline.name}, {draws} pairs each")
    # Large batches keep province and tiers alone.
    record = None if set(wanted.levels) <= {*(BRIEF.levels or ())} else WHOLE
    return asking.run(asked.every, draws, out, options, record)


def tabulated(
    asked: Sweep, report: Report, out: Path, wanted: Wanted, path: Path | None
) -> Tabulated:
    """The table of a sweep, written to its file.

    Args:
        asked: The sweep.
        report: What the batch did.
        out: Folder of the store.
        wanted: What the table holds.
        path: File of the table; in the store if None.
    """
    base = asked.baseline.name
    columns, cells = _set_columns(asked)
    made = [n for n in asked.scenarios if {n, base} <= report.finished]
    parts: list[pd.DataFrame] = []
    costs: dict[str, Comparison] = {}
    no_cost = ""
    if made:
        contents = {each.name: scenario_hash(each) for each in asked.every}
        results = Results(
            out, contents={n: contents[n] for n in (base, *made)}, rows=asked.baseline.rows
        )
        costs, no_cost = _costs(results, made, base)
        parts = [_part(results, name, base, wanted, cells[name], costs.get(name)) for name in made]
    names = ["setting", *columns, *(name for name in COLUMNS if name != "setting")]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    path = path or out / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, rows[names].to_csv(index=False, lineterminator="\n"))
    dictionary = {name: (unit, "what is set") for name, unit in columns.items()} | COLUMNS
    return Tabulated(rows[names], path, {n: dictionary[n] for n in names}, costs, no_cost)


def show(asked: Sweep, found: Tabulated) -> None:
    """Show what settings change in value added of the province, and what they cost.

    Args:
        asked: The sweep.
        found: Its table.
    """
    console = Console(
        file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else asking.WIDE
    )
    shown = Grid(box=None, pad_edge=False)
    for name in asked.axes:
        shown.add_column(name)
    heads = ("value added, %", "95 % interval", "not zero", "cost, 100m yuan", "95 % interval")
    for head in heads:
        shown.add_column(head, justify="right")
    for row in _summary(asked, found):
        cost, low, high = (_scaled(row[name], 1 / YI) for name in _ends("cost"))
        change, lower, upper = (_scaled(row[name], 100.0) for name in _ends("change"))
        values = [row["set"].get(name) or "-" for name in asked.axes]
        clear = "yes" if row["sign"] else "no"
        shown.add_row(*values, change, f"{lower} to {upper}", clear, cost, f"{low} to {high}")
    if shown.rows:
        console.print(shown)
    if (pairs := found.rows["pairs"].min()) < LEAST_PAIRS:
        screen.say(f"{pairs} pairs of runs bear no interval; {LEAST_PAIRS} do: --draws")
    if found.no_cost:
        screen.say(f"no cost is told: {found.no_cost}")
    screen.say(f"{len(found.rows)} rows: {found.path}")


def data(asked: Sweep, found: Tabulated, report: Report, out: Path) -> dict[str, Any]:
    """A sweep as plain data.

    Args:
        asked: The sweep.
        found: Its table.
        report: What the batch did.
        out: Folder of the store.
    """
    return {
        "baseline": asked.baseline.name,
        "store": str(out),
        "table": str(found.path),
        "rows": len(found.rows),
        "columns": {n: {"unit": u, "meaning": m} for n, (u, m) in found.columns.items()},
        "settings": _summary(asked, found),
        "no_cost": found.no_cost or None,
        "made": report.made,
        "skipped": report.skipped,
        "seconds": report.seconds,
        "failures": asking.failures_data(report),
    }


def _points(design: str) -> int:
    number = design.removeprefix(DESIGN)
    if (
        not design.startswith(DESIGN)
        or not number.isascii()
        or not number.isdigit()
        or not int(number)
    ):
        raise WrongOptionError(
            say("--design {given}: allowed: lhs:N, such as lhs:50", given=design)
        )
    return int(number)


def _known(option: str, names: Sequence[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            near = nearest_name(name, known)
            allowed = f"{option} {name}: {say('allowed: {allowed}', allowed=listed(known))}"
            raise WrongOptionError(
                allowed + (f"; {say('nearest: {nearest}', nearest=near)}" if near else "")
            )


def _set_columns(asked: Sweep) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Columns of what is set with their units, and its cells by setting.

    Values of one unit are numbers, with the unit in the head; others are as written.
    """
    units: dict[str, str] = {}
    cells: dict[str, dict[str, Any]] = {name: {} for name in asked.settings}
    for name in asked.axes:
        written = {setting: row.values.get(name, "") for setting, row in asked.settings.items()}
        amounts = {setting: AMOUNT.fullmatch(value) for setting, value in written.items() if value}
        kinds = {amount["unit"] or "" if amount else None for amount in amounts.values()}
        (kind,) = kinds if len(kinds) == 1 else (None,)
        head = f"{name} ({kind})" if kind else name
        units[head] = kind or ""
        for setting, value in written.items():
            amount = amounts.get(setting)
            number = float(amount["number"]) if amount and kind is not None else value
            cells[setting][head] = None if value == "" else number
    return units, cells


def _costs(
    results: Results, names: Sequence[str], baseline: str
) -> tuple[dict[str, Comparison], str]:
    """Cost and what it buys by setting; or why it is not told."""
    try:
        facts = gather(results, [baseline, *names])
        return {name: compare(facts, name, baseline) for name in names}, ""
    except StoreError as error:
        return {}, str(error)


def _part(
    results: Results,
    name: str,
    baseline: str,
    wanted: Wanted,
    cells: Mapping[str, Any],
    cost: Comparison | None,
) -> pd.DataFrame:
    """Rows of a setting."""
    found = results.paired_intervals(
        name,
        baseline,
        list(wanted.outcomes) if wanted.outcomes else None,
        list(wanted.levels),
        list(wanted.years),
    ).rename(
        columns={
            "runs": "pairs",
            "baseline": "baseline_median",
            "mean": "effect",
            "change_mean": "change",
        }
        | {end: f"effect_{end}" for end in ("low", "high", "p05", "p95")}
    )
    told = _told(cost) if cost else dict.fromkeys(end for kind in COSTS for end in _ends(kind))
    units = found["outcome"].astype(str).map({o.id: o.unit for o in OUTCOMES.values()})
    return found.assign(setting=name, outcome_unit=units, **cells, **told)


def _ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _summary(asked: Sweep, found: Tabulated) -> list[dict[str, Any]]:
    """Value added of the province and cost, a row a setting; None where it is not known."""
    rows = found.rows
    main = rows[(rows["outcome"] == MAIN) & (rows["level"] == "province")]
    last = main[main["year"] == main["year"].max()].set_index("setting")
    told = []
    for name, setting in asked.settings.items():
        row: dict[str, Any] = {"setting": name, "set": dict(setting.values)}
        changes = last.loc[name, [*_ends("change")]] if name in last.index else {}
        row |= {end: _known_number(changes.get(end)) for end in _ends("change")}
        row["sign"] = int(last.at[name, "sign"]) if name in last.index else None
        cost = found.costs.get(name)
        row |= dict.fromkeys((end for kind in COSTS for end in _ends(kind)), None)
        row |= _told(cost) if cost else {}
        told.append(row)
    return told


def _told(cost: Comparison) -> dict[str, float | None]:
    """Columns of the cost of a setting."""
    return {
        end: value
        for kind, estimate in zip(COSTS, (cost.cost, cost.budget), strict=True)
        for end, value in zip(
            _ends(kind), (estimate.mean, estimate.low, estimate.high), strict=True
        )
    }


def _known_number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124  (NaN)


def _scaled(value: float | None, times: float) -> str:
    return "-" if value is None else f"{value * times:,.3g}"
