"""What Mesa's batch runner asks of a model: values by name, and a collector of the register.

`mesa.batch_run` hands a model each value that it varies under its name, and reads what the model's
`DataCollector` collected. The project's own batches (`experiments/`) need neither.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import mesa

from jiqun.model.observe.outcomes import OUTCOMES, PROVINCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel
    from jiqun.model.scenario import Scenario


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The same scenario at other values of parameters and of terms of its levers.

    Whether a value is in its range is not checked: `scenarios.with_parameters` does that.

    Args:
        scenario: The scenario.
        values: Parameter, or `lever.term`, to its value in base units. A term has it from the
            lever's first quarter to its last.

    Raises:
        KeyError: The scenario has no such parameter, lever or term.
        ValueError: A value is not finite.
    """
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong:
        raise ValueError(f"not finite: {wrong}")
    terms = {name: value for name, value in values.items() if "." in name}
    scenario = scenario.with_draw({n: v for n, v in values.items() if n not in terms}, {})
    known = {f"{lever.id}.{term}" for lever in scenario.levers for term in lever.terms}
    if terms.keys() - known:
        raise KeyError(f"unknown terms of levers: {sorted(terms.keys() - known)}")
    return replace(scenario, levers=tuple(_with_terms(each, terms) for each in scenario.levers))


def _with_terms(lever: Lever, values: Mapping[str, float]) -> Lever:
    moved = {
        term: ((lever.start, float(values[f"{lever.id}.{term}"])),)
        for term in lever.terms
        if f"{lever.id}.{term}" in values
    }
    return replace(lever, terms={**lever.terms, **moved}) if moved else lever


def collector() -> mesa.DataCollector:
    """Mesa's collector of the province's outcomes, to be used after the end of a year."""
    names = [name for name, outcome in OUTCOMES.items() if PROVINCE[0] in outcome.levels]
    return mesa.DataCollector(
        {"year": "year"} | {name: partial(of_province, name=name) for name in names}
    )


def of_province(model: ClusterPolicyModel, name: str) -> float:
    """An outcome of the province in the last completed year; not a number where it is absent.

    Args:
        model: The model.
        name: Outcome.
    """
    recorded = model.observed.recorded
    last = recorded[-1][0] if recorded else None
    for year, (level, names, _, values) in reversed(recorded):
        if year == last and level == PROVINCE[0] and name in names:
            return float(values[list(names).index(name)])
    return math.nan
