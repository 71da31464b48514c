"""From a specification to what is kept of its search: run, judged, and written as plain data."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jiqun.experiments.best_use.information import evpi, evppi, evsi, regress
from jiqun.experiments.best_use.judging import SURE, judge, shared, to_judge
from jiqun.experiments.best_use.search import Effort, search
from jiqun.experiments.best_use.spec import SPREAD, Limit
from jiqun.experiments.best_use.workshop import FOLDER, Workshop
from jiqun.experiments.best_use.writing import LANGS, label_of, lever_label
from jiqun.experiments.effects.bootstrap import CONFIDENCE
from jiqun.experiments.effects.comparison_data import is_current, made_by
from jiqun.experiments.effects.costs import BEARERS, DISCOUNT, FIRST, LAST
from jiqun.experiments.effects.effect import Estimate
from jiqun.experiments.runs.adopted import write_whole
from jiqun.experiments.runs.draws import draws
from jiqun.experiments.runs.ensemble import in_use
from jiqun.experiments.stores.store import write_text
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION
from jiqun.scenarios import load_design
from jiqun.scenarios.structure import switches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jiqun.experiments.best_use.information import Worth
    from jiqun.experiments.best_use.judging import Verdict
    from jiqun.experiments.best_use.search import Found
    from jiqun.experiments.best_use.spec import Task
    from jiqun.experiments.sensitivity.runs import Bench
    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

FACTS = "design.json"
CENTRAL = "central"
SHIPPED = REGION.fit / "results" / FOLDER
"""Searches that come with the project, a folder each."""


@dataclass(frozen=True)
class Entrant:
    """A scenario that is judged.

    Attributes:
        id: Name of its scenario file.
        label: Label by language.
        roles: What it is there for: nothing, front, simple, next, named or document.
        scenario: The scenario.
        place: Its place among the plans of the search; -1 for those that were not searched.
    """

    id: str
    label: dict[str, str]
    roles: tuple[str, ...]
    scenario: Scenario
    place: int = -1


def find(bench: Bench, task: Task) -> dict[str, Any]:
    """Search, judge what was found, and hand back what is kept of it.

    Args:
        bench: The store, and how runs are made.
        task: The specification.

    Raises:
        SensitivityError: A run failed.
        ScenarioError: A lever cannot be set as the specification says.
    """
    spec = task.spec
    workshop = Workshop(task, bench)
    workshop.prepare()
    effort = Effort(spec.effort.mixes, spec.effort.rounds, spec.effort.each, spec.seed)
    found = search(workshop, spec.taken, effort, bench.say)
    entrants = _entrants(workshop, found)
    bench.say(f"judging {len(entrants)} designs, {len(spec.judging)} draws each")
    scenarios = [entrant.scenario for entrant in entrants]
    measured = workshop.weigh(scenarios, spec.judging)
    costs = workshop.costs_by_draw(scenarios, spec.judging, spec.budget[:1])[:, :, 0]
    payers = [Limit(value=1.0, unit="元", borne=payer) for payer in BEARERS]
    borne = workshop.costs(scenarios, spec.judging, payers)
    counts = [
        len(workshop.space.used(found.plans[entrant.place])) if entrant.place >= 0 else -1
        for entrant in entrants
    ]
    named = [i for i, entrant in enumerate(entrants) if "named" in entrant.roles]
    # Doing nothing is the first entrant, and is chosen where nothing scored better in the search.
    best = [entrant.place for entrant in entrants].index(found.best)
    verdict = judge(measured.gains, spec.taken, best, counts, named)
    designs = [
        _design(workshop, found, entrant, verdict, i, costs[i], measured.slacks[i])
        | {"borne": dict(zip(BEARERS, borne[i].tolist(), strict=True))}
        for i, entrant in enumerate(entrants)
    ]
    good, ways = shared(found, workshop.space)
    data = {
        "name": spec.name,
        "label": spec.label.model_dump(),
        "baseline": spec.baseline,
        "made_by": made_by(),
        "years": [FIRST, LAST],
        "discount": DISCOUNT,
        "confidence": CONFIDENCE,
        "rows": spec.rows,
        "budget": [limit.model_dump() | {"yuan": limit.yuan} for limit in spec.budget],
        "objectives": spec.objectives,
        "attitude": spec.attitude.model_dump(),
        "constraints": spec.constraints.model_dump(),
        "draws": {
            "search": [spec.search[0], spec.search[-1]],
            "judging": [spec.judging[0], spec.judging[-1]],
        },
        "searched": _searched(workshop, found),
        "rounds": [asdict(row) for row in found.rounds],
        "designs": designs,
        "front": [designs[i]["id"] for i, e in enumerate(entrants) if "front" in e.roles],
        "chosen": designs[best]["id"],
        "held_out": _held_out(verdict, designs),
        "simplest": designs[verdict.simplest]["id"],
        "shared": {
            "designs": good,
            "levers": [asdict(row) | {"label": _lever(task, row.lever)} for row in ways],
        },
        "information": _information(workshop, entrants, measured.gains[:, 0, :, 0].T),
        "robust": _robust(workshop, entrants, verdict, designs, best),
    }
    _write_scenarios(workshop, found, entrants)
    save(workshop.folder, data)
    return data


def _write_scenarios(workshop: Workshop, found: Found, entrants: Sequence[Entrant]) -> None:
    """A scenario file of each design that was found."""
    workshop.folder.mkdir(parents=True, exist_ok=True)
    for entrant in entrants:
        if entrant.place > 0:
            path = workshop.folder / f"{entrant.id}.yaml"
            cost = float(found.measured.costs[entrant.place])
            path.write_text(workshop.plan_text(found.plans[entrant.place], cost), "utf-8")


def _entrants(workshop: Workshop, found: Found) -> list[Entrant]:
    """Doing nothing, the chosen design, the rest of the front, simple ones, then named ones."""
    task, spec = workshop.task, workshop.task.spec
    entrants = [Entrant("nothing", label_of(spec, []), ("nothing",), task.root, 0)]
    for place, role in to_judge(found, workshop.space).items():
        if place == 0:
            continue
        scenario = workshop.plan_scenario(found.plans[place])
        label = {"zh": scenario.label_zh, "en": scenario.label_en}
        name = scenario.name.replace(".", "_", 1)
        entrants.append(Entrant(name, label, (role,), scenario, place))
    for name, (scenario, _) in workshop.all_scaled(task.compared).items():
        own = load_design(name).scenario
        label = {"zh": own.label_zh, "en": own.label_en}
        entrants.append(Entrant(name, label, ("named",), scenario))
    if task.issued is not None:
        label = {"zh": task.issued.label_zh, "en": task.issued.label_en}
        entrants.append(Entrant(str(spec.document), label, ("document",), task.issued))
    return entrants


def _design(
    workshop: Workshop,
    found: Found,
    entrant: Entrant,
    verdict: Verdict,
    number: int,
    cost: Array,
    slack: Array,
) -> dict[str, Any]:
    """A design as plain data."""
    spec, task = workshop.task.spec, workshop.task
    amounts, searched = [], None
    if entrant.place >= 0:
        plan = found.plans[entrant.place]
        for option in workshop.space.used(plan):
            lever, group = (
                workshop.space.options[option].lever,
                workshop.space.options[option].group,
            )
            label = (
                {lang: getattr(spec.groups[group].label, lang) for lang in LANGS} if group else {}
            )
            amounts.append(
                {
                    "lever": lever,
                    "lever_label": _lever(task, lever),
                    "group": group,
                    "group_label": label,
                    "yuan": plan[option],
                }
            )
        searched = {
            "score": found.scores[entrant.place].tolist(),
            "cost": float(found.measured.costs[entrant.place]),
        }
    return {
        "id": entrant.id,
        "label": entrant.label,
        "roles": list(entrant.roles),
        "amounts": sorted(amounts, key=lambda row: -row["yuan"]),
        "searched": searched,
        "cost": asdict(Estimate.of(cost)),
        "kept": bool((slack >= 0.0).all()),
        "score": {
            "value": verdict.scores[number].tolist(),
            "low": verdict.low[number].tolist(),
            "high": verdict.high[number].tolist(),
        },
        "gains": {
            name: asdict(estimate)
            for name, estimate in zip(spec.objectives, verdict.estimates[number], strict=True)
        },
    }


def _searched(workshop: Workshop, found: Found) -> dict[str, Any]:
    """What was searched, and what was not."""
    groups = workshop.task.spec.groups
    return {
        "plans": len(found.plans),
        "kept": int(found.kept.sum()),
        "levers": {name: _lever(workshop.task, name) for name in workshop.space.levers},
        "options": [
            {
                "lever": option.lever,
                "group": option.group,
                "most": option.most,
                "scales": curve.scales.tolist(),
                "costs": curve.costs.tolist(),
            }
            for option, curve in zip(workshop.space.options, workshop.curves, strict=True)
        ],
        "groups": {name: group.label.model_dump() for name, group in groups.items()},
        "left_out": workshop.left_out,
    }


def _held_out(verdict: Verdict, designs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The chosen design against doing nothing and against the best of the named ones."""
    named = verdict.named
    return {
        "sure": SURE,
        "above_nothing": verdict.above_nothing,
        "nothing": asdict(verdict.nothing),
        "named": None
        if named is None
        else asdict(named) | {"best": designs[named.best]["id"], "better": named.better},
    }


OUTSIDE = "outside"
"""What the outside world brings, as something that may be known."""


def _information(workshop: Workshop, entrants: Sequence[Entrant], gains: Array) -> dict[str, Any]:
    """What would be worth knowing before the choice is made, in the unit of the main objective.

    Args:
        workshop: The specification and its runs.
        entrants: The designs.
        gains: Main gain by draw of the judging and design.
    """
    spec = workshop.task.spec
    choices = [i for i, entrant in enumerate(entrants) if "document" not in entrant.roles]
    gains = gains[:, choices]
    drawn = list(draws(workshop.task.root, spec.judging, in_use()))
    values = pd.DataFrame([dict(draw.values) for draw in drawn])
    outside = pd.DataFrame([dict(draw.outside) for draw in drawn])
    unknowns = [
        {
            "name": name,
            "label": unknown.label.model_dump(),
            "parameters": unknown.parameters,
            **_worth(evppi(regress(gains, values[unknown.parameters].to_numpy()))),
        }
        for name, unknown in spec.unknowns.items()
    ]
    if not outside.empty:
        found = evppi(regress(gains, outside.to_numpy()))
        unknowns.append(
            {"name": OUTSIDE, "label": None, "parameters": list(outside), **_worth(found)}
        )
    studies = []
    for study in spec.studies:
        regression = regress(gains, values[[study.parameter]].to_numpy())
        worths = [
            {"enterprises": size, **_worth(evsi(regression, study.spread, size))}
            for size in study.enterprises
        ]
        studies.append(study.model_dump() | {"worth": worths})
    return {
        "unit": OUTCOMES[spec.objectives[0]].unit if spec.objectives[0] != SPREAD else "",
        "choices": len(choices),
        "everything": _worth(evpi(gains)),
        "unknowns": sorted(unknowns, key=lambda row: -row["value"]),
        "studies": studies,
    }


def _worth(worth: Worth) -> dict[str, Any]:
    return asdict(worth) | {"clear": worth.clear}


def _robust(
    workshop: Workshop,
    entrants: Sequence[Entrant],
    verdict: Verdict,
    designs: Sequence[dict[str, Any]],
    best: int,
) -> list[dict[str, Any]]:
    """Main gain of the chosen, the simplest and the best named design where all is otherwise."""
    spec = workshop.task.spec
    numbers = spec.judging[: spec.draws.robust]
    places = [best, verdict.simplest]
    places += [verdict.named.best] if verdict.named else []
    places += [i for i, entrant in enumerate(entrants) if "document" in entrant.roles]
    places = list(dict.fromkeys(places))
    scenarios = [entrants[i].scenario for i in places]
    conditions = [("", "", CENTRAL, "central")]
    conditions += [(world, "", world, "world") for world in spec.worlds]
    conditions += [("", off, off, "switch") for off in spec.switches]
    found = []
    for world, off, name, kind in conditions:
        workshop.bench.say(f"{name}: {len(places)} designs, {len(numbers)} draws each")
        gains = workshop.gains(scenarios, numbers, world, off)[:, :, 0]
        found.append(
            {
                "condition": name,
                "kind": kind,
                "label": switches()[off].label.model_dump() if off else None,
                "draws": len(numbers),
                "designs": {
                    designs[place]["id"]: asdict(Estimate.of(gain))
                    for place, gain in zip(places, gains, strict=True)
                },
                "best": designs[places[int(np.argmax(gains.mean(axis=1)))]]["id"],
            }
        )
    return found


def _lever(task: Task, lever: str) -> dict[str, str]:
    entry = next(entry for entry in task.spec.levers if entry.id == lever)
    return {lang: lever_label(entry, lang) for lang in LANGS}


def save(
    folder: Path,
    data: dict[str, Any],
) -> None:
    """Keep what was found."""
    write_text(folder / FACTS, json.dumps(plain(data), ensure_ascii=False, indent=1))


def plain(value: Any) -> Any:
    """Data without what JSON does not have: what is not a number is null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def files(store: Path) -> list[Path]:
    """Files of a store that say what searches found, in order of their names."""
    return sorted((store / FOLDER).glob(f"*/{FACTS}"))


def read(store: Path) -> list[dict[str, Any]]:
    """What the searches of a store found, in order of their names."""
    return [dict(json.loads(path.read_text("utf-8"))) for path in files(store)]


def copy(found: Path, place: Path) -> None:
    """Put what a search found, with the scenario files of its designs, into another folder.

    Args:
        found: Folder of the search.
        place: Folder that it has there; replaced if it is there already.
    """

    def write(part: Path) -> None:
        shutil.copytree(found, part, dirs_exist_ok=True)

    place.parent.mkdir(parents=True, exist_ok=True)
    write_whole(place, write)


def current(folder: Path) -> dict[str, Any]:
    """What a search found, if it is of the model, the data and the fit in use; empty if not.

    Args:
        folder: Folder of the search.
    """
    path = folder / FACTS
    found = dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}
    return found if is_current(found) else {}
