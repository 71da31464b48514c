"""What is varied, and the draw of a point of a design.

Levers are varied by their size from the origin on, in times as issued; parameters over what the
fit left of them; the outside world between its low and its high path; structure by switching
mechanisms off. Groups keep the fitted parameters together: one factor chooses a member of the
ensemble, so that what the fit found correlated stays so. Taken one by one each goes through its
own range, whatever the others do.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from jiqun.experiments.runs.draws import Draw, draws, prior_value
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.sensitivity.designs import DUMMY, Factor
from jiqun.experiments.sensitivity.spec import MOST_TIMES
from jiqun.scenarios.levers import declarations, most_times
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.experiments.sensitivity.designs import Design
    from jiqun.experiments.sensitivity.spec import Task
    from jiqun.model.scenario import Scenario
    from jiqun.scenarios.rows.evidence import Parameter

LEVER, PARAMETER, OUTSIDE, SWITCH = "lever", "parameter", "outside", "structure"
LEVERS, BEHAVIOUR, OUTSIDE_WORLD, STRUCTURE = "levers", "behaviour", "outside", "structure"
MEMBER = "member"
"""Factor that chooses a member of the fitted ensemble."""
EDGE = 0.05
"""Probability left out at each end of a parameter's range where it is taken by itself."""
HALF = 0.5
"""A mechanism is off below."""
NUMBERS = 1_000_000_000
"""Draws of designs are numbered from here on, by what they hold."""


def grouped(task: Task) -> list[Factor]:
    """Factors in the groups levers, behaviour, outside and structure.

    Levers are those in force as issued. What a lever's own terms are drawn with is of the levers.
    """
    terms = {
        term.parameter
        for lever in declarations().values()
        for term in lever.terms.values()
        if term.parameter
    }
    in_force = [name for name in task.levers if task.issued.lever(name) is not None]
    return [
        *_levers(task, in_force, LEVERS),
        Factor(f"{PARAMETER}.{MEMBER}", BEHAVIOUR),
        *(
            Factor(f"{PARAMETER}.{row.name}", LEVERS if row.name in terms else BEHAVIOUR)
            for row in unfitted()
        ),
        *(Factor(f"{OUTSIDE}.{name}", OUTSIDE_WORLD, -1.0) for name in task.spec.outside),
        *(Factor(f"{SWITCH}.{name}", STRUCTURE) for name in task.switches),
    ]


def single(task: Task, parameters: Sequence[str]) -> list[Factor]:
    """Every lever, some parameters, the outside world and the switches, each by itself."""
    named = [
        *_levers(task, task.levers, None),
        *(Factor(f"{PARAMETER}.{name}", "", EDGE, 1.0 - EDGE) for name in parameters),
        *(Factor(f"{OUTSIDE}.{name}", "", -1.0) for name in task.spec.outside),
        *(Factor(f"{SWITCH}.{name}", "") for name in task.switches),
    ]
    return [Factor(f.name, f.name, f.low, f.high) for f in named]


def kind_of(factor: str) -> str:
    """Kind of a factor: lever, parameter, outside, structure or dummy."""
    return factor.partition(".")[0]


def name_of(factor: str) -> str:
    """Name of what a factor varies."""
    return factor.partition(".")[2] or DUMMY


def draws_of(task: Task, design: Design) -> list[Draw]:
    """The draw of each point of a design."""
    central = next(iter(draws(task.issued, [0], in_use()))).values
    rows = {row.name: row for row in table("parameters")}
    names = [factor.name for factor in design.factors]
    return [
        _draw(task, rows, dict(central), dict(zip(names, map(float, point), strict=True)))
        for point in design.points
    ]


def numbered(draw: Draw, scenario: Scenario) -> Draw:
    """The draw as a scenario can tell it, under the number of what it holds.

    Points that differ in nothing the scenario has are one run.
    """
    sizes = {name: size for name, size in draw.sizes.items() if scenario.lever(name) is not None}
    text = json.dumps([dict(draw.values), dict(draw.outside), sizes], sort_keys=True)
    number = NUMBERS + int(hashlib.sha256(text.encode()).hexdigest()[:7], 16)
    return Draw(number, draw.values, draw.outside, sizes)


def unfitted() -> list[Parameter]:
    """Parameters that are drawn from their priors."""
    ensemble = fitted(in_use())
    seen = set() if ensemble is None else set(ensemble.columns)
    return [row for row in table("parameters") if row.low < row.high and row.name not in seen]


def _levers(task: Task, levers: Sequence[str], group: str | None) -> list[Factor]:
    """Size of each lever, in times as issued; what is not in force as issued, until it is."""
    found = []
    for name in levers:
        given = task.spec.ranges.get(name)
        most = MOST_TIMES if task.issued.lever(name) else 1.0
        low, high = (given.low, given.high) if given else (0.0, min(most, most_times(name)))
        found.append(Factor(f"{LEVER}.{name}", group or "", low, high))
    return found


def _draw(
    task: Task, rows: Mapping[str, Parameter], values: dict[str, float], point: Mapping[str, float]
) -> Draw:
    ensemble = fitted(in_use())
    outside: dict[str, float] = {}
    sizes: dict[str, float] = {}
    off: dict[str, float] = {}
    for factor, place in point.items():
        kind, name = kind_of(factor), name_of(factor)
        if kind == LEVER:
            sizes[name] = place
        elif kind == OUTSIDE:
            outside[name] = place
        elif kind == SWITCH and place < HALF:
            off |= task.switches[name].off
        elif kind == PARAMETER and name == MEMBER:
            if ensemble is not None:
                values |= ensemble.member(min(int(place * ensemble.size), ensemble.size - 1))
        elif kind == PARAMETER and ensemble is not None and name in ensemble.columns:
            values[name] = float(np.quantile(ensemble.columns[name], place))
        elif kind == PARAMETER:
            values[name] = prior_value(rows[name], place)
    return Draw(0, {**values, **off}, outside, sizes)
