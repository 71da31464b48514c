"""What changes between a scenario of a store and another: effects, cost, and how the two differ.

Effects are of one year, the horizon of the policy or the last that both reach; cost is a present
value (`experiments.effects.compare`). What an effect is stands in `experiments.effects.effect`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from jiqun.experiments.effects.compare import compare, gather
from jiqun.experiments.effects.effect import RUN, Estimate, main_of
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.places import names_in
from jiqun.experiments.stores.selection import HORIZON as HORIZONS
from jiqun.model.calendar import FIRST_YEAR, year_of
from jiqun.model.region import REGION
from jiqun.scenarios import InputError, load, shipped
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.outside import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.experiments.effects.compare import Comparison
    from jiqun.experiments.stores.results import Results
    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario
    from jiqun.model.shocks import Shock

MEASURED = ("value_added", "rd_real", "employees")
"""Outcomes that are told of every unit; all are totals, so their effects are relative."""
MAIN = MEASURED[0]
PROVINCE = ("province", REGION.id)
PLACE = "place"
"""Level of the groups of cities."""
SIZED = ("enterprises", MAIN)
"""Outcomes that say how large a tier is."""
(HORIZON,) = HORIZONS
ALIKE = 1e-9
"""How far ratios of one number may lie apart for rounding."""

Unit = tuple[str, str]


@dataclass(frozen=True)
class Moved:
    """What changes in an outcome of a unit.

    Attributes:
        gain: The difference in the outcome's stored unit.
        change: The same as a share of the baseline; None where that is zero in every pair.
        rise: Share of the pairs in which the outcome is higher.
        pairs: Number of pairs that have the unit.
    """

    gain: Estimate
    change: Estimate | None
    rise: float
    pairs: int


@dataclass(frozen=True)
class TermChange:
    """A term of a lever at its two values, in base units; None where a lever lacks the term."""

    term: str
    kind: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Difference:
    """How a lever is set otherwise.

    Attributes:
        lever: Its id.
        how: `added`, `left_out`, `ended` (earlier or later than in the baseline), `changed`, or
            `aimed` where whom it is for or what pays it differs and no value does.
        quarter: First quarter in which the two differ.
        times: How many times as large all terms of its size are, if they are so of every draw.
        terms: Terms with another value.
        drawn: Whether a value before or after is the centre of what draws give.
    """

    lever: str
    how: Literal["added", "left_out", "ended", "changed", "aimed"]
    quarter: int
    times: float | None = None
    terms: tuple[TermChange, ...] = ()
    drawn: bool = False


@dataclass(frozen=True)
class Change:
    """A scenario of a store against another.

    Attributes:
        scenario: Its name.
        baseline: Name of the other.
        labels: Label of each by language; its name where the store keeps none.
        year: Year of the effects.
        pairs: Number of pairs of runs.
        joint: Whether they are joint draws; else seeds alone differ.
        moved: Outcome and unit to what changes; none where the two share no pair of a year.
        tiers: Tier to its enterprises and its share of value added of the province, at the origin.
        levers: Levers that are set otherwise, in the order of the register.
        parameters: Parameter to its central value in baseline and scenario, where they differ.
        outside: Whether the outside world differs.
        readable: Whether the store keeps both as scenarios; else how they differ is not known.
        comparison: Cost and what it buys; None where it cannot be told.
        no_cost: Why not.
        shocks: Those that the scenario alone has, and those that the other alone has.
    """

    scenario: str
    baseline: str
    labels: Mapping[str, Mapping[str, str]]
    year: int
    pairs: int
    joint: bool
    moved: Mapping[tuple[str, Unit], Moved]
    tiers: Mapping[str, tuple[float, float]]
    levers: tuple[Difference, ...]
    parameters: Mapping[str, tuple[float, float]]
    outside: bool
    readable: bool
    comparison: Comparison | None
    no_cost: str
    shocks: tuple[tuple[Shock, ...], tuple[Shock, ...]] = ((), ())

    def of(self, outcome: str, unit: Unit = PROVINCE) -> Moved | None:
        """What changes in an outcome of a unit; None where the runs lack it."""
        return self.moved.get((outcome, unit))

    def units(self, level: str) -> list[str]:
        """Units of a level that value added is known of, in the order they were read in."""
        return [name for outcome, (of, name) in self.moved if (outcome, of) == (MAIN, level)]


def pairs_of(results: Results, given: str | None = None) -> dict[str, str | None]:
    """Scenario to the one it is compared with: the baseline that its file names, else one given.

    Args:
        results: The store.
        given: Name of a scenario of the store; that of no other is taken where it is None.

    Returns:
        Every scenario that is compared, or could be: None where the store lacks its baseline. Those
        that come with the region are among them only if the store holds their baseline; those that
        an analysis made are not.
    """
    names = [name for name in results.scenarios() if not of_analysis(name)]
    come = set(shipped())
    found: dict[str, str | None] = {}
    for name in names:
        own = baseline_of(results, name)
        other = own if own in names else given if given in names and given != name else None
        if other is not None or (name not in come and name != given):
            found[name] = other
    # What another is compared with needs no baseline of its own.
    return {
        name: other
        for name, other in found.items()
        if other is not None or name not in found.values()
    }


def of_analysis(name: str) -> bool:
    """Whether an analysis gave a scenario its name: names of scenario files have no point."""
    return "." in name


def baseline_of(results: Results, name: str) -> str | None:
    """Name of the baseline of a scenario, as the store keeps it; None where it names none."""
    scenario = kept(results, name)
    return scenario.baseline if scenario else None


def kept(results: Results, name: str) -> Scenario | None:
    """A scenario as the store keeps it; None where it does not, or in a form of another time."""
    try:
        # A report needs a store in a folder of this machine, so the file is a path.
        return load(str(results.scenario_file(results.chosen()[name].scenario_hash)))
    except (InputError, StoreError):
        return None


def label_of(scenario: Scenario | None, name: str) -> dict[str, str]:
    """Label of a scenario by language; its name where the store does not keep it."""
    if scenario is None:
        return {"zh": name, "en": name}
    return {"zh": scenario.label_zh, "en": scenario.label_en}


def failed(results: Results) -> dict[str, int]:
    """Number of failed runs by scenario, of those that no later batch has made good."""
    folder = results.folder / "failures"
    names = names_in(folder) if folder.exists() else []
    texts = [(folder / name).read_text("utf-8") for name in names]
    return dict(Counter(str(json.loads(text)["scenario"]) for text in texts))


def change(results: Results, scenario: str, baseline: str) -> Change:
    """What changes between a scenario and another.

    Args:
        results: The store.
        scenario: Name of the scenario whose effect is measured.
        baseline: Name of the one that it is compared with.

    Raises:
        StoreError: A name is unknown, or the two share no population and model.
    """
    shared = results.sharing(scenario, baseline)
    both = {name: kept(shared, name) for name in (scenario, baseline)}
    ends = shared.runs().groupby("scenario")["end"].max()
    year = min(HORIZON, *(year_of(int(ends[name])) for name in (scenario, baseline)))
    levels = ["province", "tier", "city", "cluster"]
    rows = main_of(shared.paired(scenario, baseline, list(MEASURED), levels, [year]))
    whole = rows[(rows["outcome"] == MAIN) & (rows["level"] == "province")]
    comparison, no_cost = None, ""
    try:
        comparison = compare(gather(shared, [scenario, baseline]), scenario, baseline)
    except StoreError as error:
        no_cost = str(error)
    one, other = both[scenario], both[baseline]
    return Change(
        scenario=scenario,
        baseline=baseline,
        labels={name: label_of(each, name) for name, each in both.items()},
        year=year,
        pairs=len(whole),
        joint=bool(len(whole)) and bool((whole["draw"] > 0).all()),
        moved=moved_of(rows),
        tiers=_tiers(shared, baseline, min(ORIGIN, year)),
        levers=differences(one, other) if one and other else (),
        parameters={
            name: (other.parameters[name], value)
            for name, value in one.parameters.items()
            if other.parameters.get(name, value) != value
        }
        if one and other
        else {},
        outside=bool(one and other) and _outside(one) != _outside(other),
        readable=bool(one and other),
        comparison=comparison,
        no_cost=no_cost,
        shocks=_shocks(one, other),
    )


def _shocks(
    one: Scenario | None, other: Scenario | None
) -> tuple[tuple[Shock, ...], tuple[Shock, ...]]:
    """Shocks that a scenario has and another has not, and the other way round."""
    mine, theirs = one.shocks if one else (), other.shocks if other else ()
    return (
        tuple(each for each in mine if each not in theirs),
        tuple(each for each in theirs if each not in mine),
    )


def _outside(scenario: Scenario | None) -> object:
    return scenario.canonical()["outside"] if scenario else None


def moved_of(rows: pd.DataFrame) -> dict[tuple[str, Unit], Moved]:
    """What changes by outcome and unit; groups of cities are sums of their cities, pair by pair.

    Args:
        rows: Columns draw, seed, population, year, level, unit_name, outcome, value, baseline,
            difference and change, as `Results.paired` gives them.
    """
    cities = rows[rows["level"] == "city"]
    groups = (
        cities.assign(level=PLACE, unit_name=cities["unit_name"].astype(str).map(REGION.group_of))
        .groupby([*RUN, "year", "level", "unit_name", "outcome"], observed=True)[
            ["value", "baseline", "difference"]
        ]
        .sum()
        .reset_index()
    )
    groups["change"] = groups["difference"] / groups["baseline"].where(groups["baseline"] != 0.0)
    kept_ = [rows, *([groups] if len(groups) else [])]
    found = {}
    by = ["outcome", "level", "unit_name"]
    for (outcome, level, unit), part in (
        pd.concat(kept_).sort_values(RUN).groupby(by, observed=True)
    ):
        relative = part["change"].dropna()
        found[str(outcome), (str(level), str(unit))] = Moved(
            Estimate.of(part["difference"]),
            Estimate.of(relative) if len(relative) else None,
            float((part["difference"] > 0.0).mean()),
            len(part),
        )
    return found


def _tiers(results: Results, baseline: str, year: int) -> dict[str, tuple[float, float]]:
    """Tier to enterprises and share of value added, medians of the baseline."""
    rows = main_of(results.outcomes(baseline, list(SIZED), ["tier"], [max(year, FIRST_YEAR)]))
    if rows.empty:
        return {}
    middle = rows.groupby(["outcome", "unit_name"], observed=True)["value"].median()
    if not set(SIZED) <= set(middle.index.get_level_values(0)):
        return {}
    count, made = (middle.loc[name] for name in SIZED)
    return {
        str(tier): (float(count[tier]), float(made[tier] / made.sum()))
        for tier in count.index.intersection(made.index)
    }


def differences(scenario: Scenario, baseline: Scenario) -> tuple[Difference, ...]:
    """Levers that a scenario sets otherwise than another."""
    last = max(scenario.end, baseline.end)
    both = [(scenario.lever(name), baseline.lever(name)) for name in declarations()]
    found: list[Difference] = []
    for one, other in both:
        if one and other and one != other:
            found.append(_difference(one, other, last))
        elif one and not other:
            found.append(Difference(one.id, "added", one.start))
        elif other and not one:
            found.append(Difference(other.id, "left_out", other.start))
    return tuple(found)


def _difference(one: Lever, other: Lever, last: int) -> Difference:
    """How a lever is set otherwise that both scenarios have."""
    quarters = range(min(one.start, other.start), last + 1)
    apart = {
        term: [t for t in quarters if _value(one, term, t) != _value(other, term, t)]
        for term in dict.fromkeys((*declarations()[one.id].terms, *other.terms, *one.terms))
    }
    apart = {term: dates for term, dates in apart.items() if dates}
    forces = [t for t in quarters if one.in_force(t) != other.in_force(t)]
    if forces and len(apart) == len(one.terms):
        return Difference(one.id, "ended", forces[0])
    if not apart and one.multiples != other.multiples:
        # Drawn around zero: the centres are alike, what draws give is not.
        many = {term: dict(steps) for term, steps in one.multiples.items()}
        first = min(quarter for steps in many.values() for quarter in steps)
        ratios = {
            times / dict(other.multiples.get(term, ())).get(quarter, 1.0)
            for term, steps in many.items()
            for quarter, times in steps.items()
            if times != dict(other.multiples.get(term, ())).get(quarter, 1.0)
        }
        alike = max(ratios, default=1.0) - min(ratios, default=1.0) < ALIKE
        return Difference(one.id, "changed", first, max(ratios) if ratios and alike else None)
    if not apart:
        when = [t for t in quarters if one.groups(t) != other.groups(t)] or [quarters[0]]
        return Difference(one.id, "aimed", when[0])
    kinds = {name: term.kind for name, term in declarations()[one.id].terms.items()}
    terms = tuple(
        TermChange(
            term,
            kinds.get(term, _KINDS.get(term, "share")),
            _value(other, term, dates[-1]),
            _value(one, term, dates[-1]),
        )
        for term, dates in apart.items()
    )
    first = min(dates[0] for dates in apart.values())
    return Difference(
        one.id,
        "changed",
        first,
        _times(one, other, apart, terms),
        terms,
        any(term in one.drawn or term in other.drawn for term in apart),
    )


_KINDS = {
    "budget": "money",
    "budget_first": "points",
    "take_up_years": "quarters",
    "lag": "quarters",
}
"""Kind of terms that settings become; the others are shares."""


def _value(lever: Lever, term: str, quarter: int) -> float | None:
    """Value of a term in a quarter; None where it has none then."""
    value = lever.value(term, quarter, float("nan"))
    return None if value != value else value  # noqa: PLR0124  (not a number)


def _times(
    one: Lever, other: Lever, apart: Mapping[str, list[int]], terms: tuple[TermChange, ...]
) -> float | None:
    """How many times as large a lever is, if that is all that differs and holds of every draw."""
    ratios = {
        term.after / term.before
        for term in terms
        if term.before and term.after is not None and term.term in one.size
    }
    present = {term for term in other.size if any(value for _, value in other.terms.get(term, ()))}
    followed = all(term in one.multiples for term in apart if term in other.drawn)
    if not ratios or max(ratios) - min(ratios) > ALIKE or set(apart) != present:
        return None
    return max(ratios) if followed else None
