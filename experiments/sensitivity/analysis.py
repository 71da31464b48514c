"""The whole analysis, stage by stage; each stage makes the runs that the store lacks."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.runs.runner import RECORDED_VERSIONS
from jiqun.experiments.sensitivity import designs, indices, package
from jiqun.experiments.sensitivity import lever_ranks as levers
from jiqun.experiments.sensitivity.arms import ALONE, DOCUMENT, GROUPS, OTHER, WITHOUT, with_lever
from jiqun.experiments.sensitivity.factors import grouped, single
from jiqun.experiments.sensitivity.labels import condition_labels, factor_labels, lever_labels
from jiqun.experiments.sensitivity.levers_at_one_cost import CONDITION, at_one_cost
from jiqun.experiments.sensitivity.runs import relative
from jiqun.experiments.sensitivity.surrogate import surrogate
from jiqun.experiments.sensitivity.tables import FOLDER, TABLES, Analysis, save
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.scenarios.tables import tables_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jiqun.experiments.runs.draws import Draw
    from jiqun.experiments.sensitivity.lever_ranks import Effects
    from jiqun.experiments.sensitivity.ranks import Ranks
    from jiqun.experiments.sensitivity.runs import Bench
    from jiqun.experiments.sensitivity.spec import Full, Task
    from jiqun.model.scenario import Scenario


@dataclass
class _Found:
    """Tables and facts so far.

    Attributes:
        task: The specification.
        bench: Where runs are made.
        tables: Table to its parts.
        facts: Facts that stages leave.
        stages: Stage to the number of its runs and the CPU time they took.
    """

    task: Task
    bench: Bench
    tables: dict[str, list[pd.DataFrame]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )
    facts: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, table: str, rows: pd.DataFrame) -> None:
        """Add rows to a table."""
        self.tables[table].append(rows)

    @contextmanager
    def stage(self, name: str, told: str) -> Iterator[None]:
        """Say that a stage begins, and note the runs that it is the first to ask for."""
        self.bench.say(f"{name}: {told}")
        known = set(self.bench.asked)
        yield
        new = self.bench.asked - known
        self.stages[name] = {"runs": len(new), "cpu_seconds": self.bench.cpu_seconds(new)}


def analyse(bench: Bench, task: Task) -> Analysis:
    """Make the runs of a specification, find what it asks for, and keep it with the store.

    Raises:
        SensitivityError: A run failed, or gave what is no number: nothing is told then.
    """
    found = _Found(task, bench)
    spec = task.spec
    drawn = levers.zipped(task.issued, spec.most_draws)
    rows = pd.DataFrame(columns=list(TABLES["measure"]))
    if spec.measure:
        with found.stage("measure", f"{task.issued.name} and its baseline, {spec.measure} draws"):
            rows, values = package.measured(bench, task, drawn[: spec.measure])
            found.add("measure", rows)
            found.add("saturated", package.saturated_rows(task, "measure", values))
    ranked: dict[tuple[str, str], Ranks] = {}
    for setting, count in ((WITHOUT, spec.effects.without), (ALONE, spec.effects.alone)):
        if count is None:
            continue
        with found.stage(setting, f"{len(task.levers)} levers, {count} draws"):
            effects = levers.lever_effects(bench, task, setting, drawn[:count], task.levers)
            ranked |= _rank(found, effects)
            if setting == WITHOUT:
                for part in levers.by_outside(effects, drawn[:count]):
                    _rank(found, part, ranked)
    if spec.sobol:
        _shares(found)
    chosen = spec.parameters
    if isinstance(chosen, int):
        chosen = package.most_telling(rows, spec.main, chosen)
    found.facts["parameters"] = list(chosen)
    if spec.morris:
        _elementary(found, chosen)
    _look_again(found, ranked, drawn)
    if task.full:
        _full(found, task.full, chosen)
    analysis = Analysis(
        found.facts | _facts(task, found),
        {
            name: pd.concat(parts, ignore_index=True)
            if parts
            else pd.DataFrame(columns=list(TABLES[name]))
            for name, parts in found.tables.items()
        },
    )
    save(_folder(found), analysis)
    bench.say(f"{len(task.columns) * len(task.tiers)} outputs; tables in {_folder(found)}")
    return analysis


def recorded(task: Task) -> tuple[str, ...]:
    """Outcomes to record of each run: those looked at, and the ones that targets are set for."""
    targets = (name for name, outcome in OUTCOMES.items() if outcome.target)
    return tuple(dict.fromkeys([*task.columns, "value_added", *targets]))


def _rank(
    found: _Found, effects: Effects, whole: dict[tuple[str, str], Ranks] | None = None
) -> dict[tuple[str, str], Ranks]:
    """Rank levers in their groups; under a condition, beside the ranks of the whole."""
    outcomes, ranked = found.task.columns, {}
    for group in GROUPS:
        ranks = levers.ranks_of(effects, group, outcomes)
        if ranks is None:
            continue
        ranked[effects.setting, group] = ranks
        found.add("ranks", levers.table_of(effects, group, ranks, outcomes))
        found.add("pairs", levers.pairs_of(effects, group, ranks, outcomes))
        if len(ranks.names) < 2:  # one lever has no order
            continue
        if whole is None:
            found.add("convergence", levers.convergence_of(effects, group, ranks, outcomes))
        else:
            before = whole[effects.setting, group]
            found.add("survival", levers.survival_of(before, ranks, effects, group, outcomes))
    return ranked


def _look_again(
    found: _Found, ranked: dict[tuple[str, str], Ranks], drawn: list[tuple[Draw, int]]
) -> None:
    """The first levers at default rows, with mechanisms off, and at one cost."""
    task, spec, bench = found.task, found.task.spec, found.bench
    outcomes = task.columns
    if spec.confirm:
        # Those of the document, where any are looked at.
        group = DOCUMENT if (WITHOUT, DOCUMENT) in ranked else OTHER
        chosen = levers.leading(
            ranked[WITHOUT, group], outcomes, spec.main, spec.confirm.levers, task.tiers
        )
        large = at_rows(task, spec.confirm.rows)
        count = spec.effects.without
        with found.stage("confirm", f"{len(chosen)} levers at {spec.confirm.rows} rows"):
            effects = levers.lever_effects(
                bench, large, WITHOUT, drawn[:count], chosen, levers.CONFIRMED
            )
            _rank(found, effects, ranked)
    first = [
        name
        for group in GROUPS
        if (WITHOUT, group) in ranked
        for name in levers.of_first(ranked[WITHOUT, group], outcomes, spec.main, task.tiers)
    ]
    if spec.conditions:
        count = spec.conditions.draws
        for name, switch in task.switches.items():
            with found.stage(f"off_{name}", f"{len(first)} levers, {count} draws"):
                off = levers.switched(drawn[:count], switch.off, task.issued)
                effects = levers.lever_effects(bench, task, WITHOUT, off, first, f"off_{name}")
                _rank(found, effects, ranked)
    if spec.equal_cost:
        for borne in dict.fromkeys(spec.equal_cost.borne):
            name = CONDITION[borne]
            with found.stage(name, f"sizes at which levers cost the same, {borne} cost"):
                compared, found.facts[name] = at_one_cost(bench, task, drawn, borne)
                if compared is not None:
                    _rank(found, compared, ranked)


def _shares(found: _Found) -> None:
    """Shares of groups in the variance of the package's effect, and PAWN on independent rows."""
    task, spec = found.task, found.task.spec
    assert spec.sobol is not None
    design = designs.sobol(grouped(task), spec.sobol.size, spec.seed)
    base = (task.issued, task.baseline)
    with found.stage("sobol", f"{len(design.points)} rows, {spec.sobol.seeds} seeds"):
        outputs = package.run_design(found.bench, task, design, spec.sobol.seeds, base)
        package.keep(_folder(found) / "sobol_outputs.parquet", outputs)
        shares = indices.sobol(design, outputs)
        found.add("sobol", package.sobol_rows(task, shares))
        found.add("convergence", package.convergence_rows(task, design, outputs, shares.total))
        found.add("saturated", package.saturated_rows(task, "sobol", outputs.values.mean(axis=1)))
    if 2 * design.size >= indices.SLICES * indices.LEAST:
        with found.stage("pawn", "rows A and B of the design"):
            apart = designs.independent(design, outputs)
            found.add("pawn", package.pawn_rows(task, indices.pawn(*apart)))
    found.facts["sobol_design"] = design.fingerprint


def _elementary(found: _Found, chosen: Sequence[str]) -> None:
    """Elementary effects of every lever, some parameters, the outside world and the switches."""
    task, spec = found.task, found.task.spec
    assert spec.morris is not None
    design = designs.morris(single(task, chosen), spec.morris.trajectories, spec.seed)
    with found.stage("morris", f"{len(design.points)} rows, {spec.morris.seeds} seeds"):
        base = (_with_all(task, task.issued), _with_all(task, task.baseline))
        outputs = package.run_design(found.bench, task, design, spec.morris.seeds, base)
        package.keep(_folder(found) / "morris_outputs.parquet", outputs)
        effects = indices.morris(design, outputs)
        found.add("morris", package.morris_rows(task, effects))
        found.add("convergence", package.convergence_rows(task, design, outputs, effects.mu_star))
    found.facts["morris_design"] = design.fingerprint


def _full(found: _Found, full: Full, chosen: Sequence[str]) -> None:
    """Shares of every factor in the variance, by runs or by a surrogate fitted to fewer."""
    task, bench = found.task, found.bench
    if full.surrogate:  # a fit takes minutes a column
        only = {"outcomes": [task.spec.main], "latent": {}}
        task = replace(task, spec=task.spec.model_copy(update=only))
    draw = designs.latin if full.surrogate else designs.sobol
    design = draw(single(task, chosen), full.size, task.spec.seed)
    count = 2 * full.seeds * len(design.points)
    told = f"{count:,} runs at most, about {bench.seconds_for(count) / 60.0:,.0f} min"
    with found.stage("full", f"{len(design.factors)} factors, {told}"):
        base = (_with_all(task, task.issued), _with_all(task, task.baseline))
        outputs = package.run_design(bench, task, design, full.seeds, base)
        package.keep(_folder(found) / "full_outputs.parquet", outputs)
        shares = surrogate(design, outputs) if full.surrogate else indices.sobol(design, outputs)
        found.add("full", package.full_rows(task, shares))
    found.facts["full_design"] = design.fingerprint
    found.facts["full_surrogate"] = full.surrogate


def _with_all(task: Task, base: Scenario) -> Scenario:
    """A scenario with every lever that is not in force as issued, for designs that size them."""
    name = base.name
    for lever in task.levers:
        if task.issued.lever(lever) is None:
            base = with_lever(task, base, lever)
    return replace(base, name=f"{name}.with.all")


def at_rows(task: Task, rows: int) -> Task:
    """The specification at other rows."""
    sized = {
        name: scenario and replace(scenario, rows=rows)
        for name in ("issued", "baseline", "none", "later")
        if (scenario := getattr(task, name)) is not None
    }
    return replace(task, **sized)


def _folder(found: _Found) -> Path:
    return found.bench.folder / FOLDER / found.task.spec.name


def _facts(task: Task, found: _Found) -> dict[str, Any]:
    """How the tables came about, and the labels of what they name."""
    spec, ensemble = task.spec, fitted(in_use())
    return {
        "name": spec.name,
        "spec": task.text,
        "date": datetime.now(UTC).date().isoformat(),
        "scenario": task.issued.name,
        "baseline": task.baseline.name,
        "none": task.none.name,
        "quantity": spec.quantity,
        "year": spec.year,
        "outcomes": list(spec.outcomes),
        "latent": dict(spec.latent),
        "units": {
            name: "share" if relative(name) else OUTCOMES[name].unit for name in task.columns
        },
        "main": spec.main,
        "tiers": list(task.tiers),
        "rows": spec.rows,
        "confirm_rows": spec.confirm.rows if spec.confirm else None,
        "draws": spec.effects.model_dump(),
        "measure": {"draws": spec.measure} if spec.measure else None,
        "sobol": spec.sobol.model_dump() if spec.sobol else None,
        "morris": spec.morris.model_dump() if spec.morris else None,
        "levers": lever_labels(task),
        "conditions": condition_labels(task),
        "factors": factor_labels(task),
        "stages": found.stages,
        "seed": spec.seed,
        "model_hash": model_hash(),
        "data_hash": task.issued.data_hash,
        "tables_hash": tables_hash(),
        "ensemble": ensemble.digest if ensemble else "",
        "versions": {name: version(name) for name in (*RECORDED_VERSIONS, "salib")},
    }
