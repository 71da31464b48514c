"""The second version of the back-test's protocol: what it says, and its scores.

It was developed on the origins 2021 and 2022, whose scores under the first version were known. It
sets forecasts right at their origin, scores administrative counts also under the rule in force, and
adds earlier origins. `calibration/backtest_2.yaml` says why each number is what it is.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, StrictInt

from jiqun.calibration.backtest.data import HERE, ORIGIN, Published, all_series
from jiqun.calibration.backtest.origin import Method, corrected, fades, sizes
from jiqun.calibration.backtest.points import NO_ERROR, past_errors, point
from jiqun.calibration.backtest.scores import SAMPLES, cuts, listed, scores
from jiqun.scenarios.schema import Finite, Part, Share, checked
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jiqun.calibration.backtest.data import ProtocolFile, Series, SeriesSpec
    from jiqun.calibration.backtest.points import Forecast
    from jiqun.calibration.backtest.scores import Point
    from jiqun.model.scenario import Scenario

PROTOCOL = HERE / "backtest_2.yaml"
LISTS = "little_giant_batch_"
RULE = "srdi_wide_year"
Positive = Annotated[Finite, Field(gt=0)]
Origin = Annotated[StrictInt, Field(ge=2019, lt=ORIGIN)]


class Once(Part):
    """A published figure that the tables of the fit do not hold."""

    indicator: str
    year: Annotated[StrictInt, Field(ge=2018, lt=ORIGIN)]
    value: Positive
    source: str


class Further(Part):
    """Origins before those of the first version."""

    training: Literal["prior"]
    outside_window: list[Annotated[StrictInt, Field(ge=1)]]
    before_2019: str
    figures: list[Once]


class Administrative(Part):
    """Counts that a rule or a quota decides."""

    series: Annotated[list[str], Field(min_length=1)]
    rule_in_force: str
    caution: str


class HalfLife(Part):
    """Years in which half of a miss is left."""

    level: Positive
    growth: Positive


class State(Part):
    """Figures that the state of runs is set to at their origin."""

    figures: list[str]
    bounds: tuple[Positive, Positive]
    why: dict[str, str]


class Weights(Part):
    """Weight of the rival where forecasts are mixed."""

    rival: Annotated[Finite, Field(gt=0, lt=1)]
    why: str


class Aims(Part):
    """What the scores should reach."""

    rmse_ratio: Positive
    coverage_90: Annotated[list[Share], Field(min_length=2, max_length=2)]


class SecondProtocol(Part):
    """The second version, as `backtest_2.yaml` has it."""

    name: str
    label: Literal["developed on these origins"]
    origins: list[Origin]
    further_origins: list[Origin]
    headline: Literal["level", "level_and_growth"]
    methods: dict[Method, str]
    half_life: HalfLife
    why_half_life: dict[str, str]
    once: str
    spread: str
    pooled: Positive
    administrative: Administrative
    further: Further
    state: State
    weights: Weights
    aims: Aims
    scores: str
    not_done: list[str]
    hindsight: list[str]
    changes: list[str]
    findings: list[str] = Field(default_factory=list)

    @property
    def windows(self) -> dict[int, int]:
        """Years whose mean outside paths start from, at further origins."""
        return dict(zip(self.further_origins, self.further.outside_window, strict=True))


def second_protocol(plan: ProtocolFile, path: Path = PROTOCOL) -> SecondProtocol:
    """Read the second version and hold it against the first.

    Args:
        plan: The first version.
        path: The file.

    Raises:
        ScenarioError: The file is wrong, or does not score the points of the first version.
    """
    document = read_yaml(path)
    found = checked(document, SecondProtocol, document.data)
    if found.origins != plan.origins:
        raise document.error(("origins",), str(found.origins), str(plan.origins))
    if set(found.further_origins) & set(found.origins):
        before = f"before {min(found.origins)}"
        raise document.error(("further_origins",), str(found.further_origins), before)
    windows = found.further.outside_window
    if len(windows) != len(found.further_origins):
        key, each = ("further", "outside_window"), f"one for each of {found.further_origins}"
        raise document.error(key, str(windows), each)
    if found.headline not in found.methods:
        raise document.error(("headline",), found.headline, ", ".join(found.methods))
    known = {spec.indicator for spec in plan.series}
    named: dict[tuple[str | int, ...], str] = {
        ("administrative", "series", i): name for i, name in enumerate(found.administrative.series)
    }
    for i, one in enumerate(found.further.figures):
        named["further", "figures", i, "indicator"] = one.indicator
    for i, name in enumerate(found.state.figures):
        if name not in all_series():
            raise document.error(("state", "figures", i), name, ", ".join(sorted(all_series())))
    for place, name in named.items():
        if name not in known:
            raise document.error(place, name, ", ".join(sorted(known)))
    return found


def with_rule_in_force(known: Scenario, actual: Scenario) -> Scenario:
    """A scenario known at an origin, with the rule and the sizes of lists that came later.

    Args:
        known: The scenario as it could have been written then.
        actual: The same with all that came.
    """
    given = {
        name: value
        for name, value in actual.parameters.items()
        if name == RULE or name.startswith(LISTS)
    }
    return replace(known, parameters=dict(known.parameters) | given)


@dataclass(frozen=True)
class Case:
    """A set of forecasts that are simulated together.

    Attributes:
        origin: Last year that is known.
        training: ``prior`` or ``posterior``.
        in_force: Whether the rule and the lists that came later are given.
        state: Whether the state of runs is set at the origin.
    """

    origin: int
    training: str
    in_force: bool
    state: bool = False


def cases(second: SecondProtocol, trainings: Iterable[str]) -> list[Case]:
    """All that is simulated: origins of the first version by training, and further ones."""
    same = [(origin, training) for training in trainings for origin in second.origins]
    further = [(origin, second.further.training) for origin in second.further_origins]
    return [
        Case(origin, training, in_force, state)
        for origin, training in (*further, *same)
        for in_force in (False, True)
        for state in (False, True)
    ]


def series_of(second: SecondProtocol, origin: int) -> dict[str, Series]:
    """Published series as an origin scores them; further origins know a few older figures."""
    found = dict(all_series())
    if origin in second.further_origins:
        for one in second.further.figures:
            series = found[one.indicator]
            # As exact as the figures of the series that the tables hold.
            extra = Published(one.indicator, one.year, one.value, series.figures[0].error)
            figures = sorted((*series.figures, extra), key=lambda figure: figure.year)
            found[one.indicator] = replace(series, figures=tuple(figures))
    return found


def _wanted(
    plan: ProtocolFile, second: SecondProtocol, made: Forecast, in_force: Forecast | None
) -> Iterable[tuple[SeriesSpec, Series, Forecast, Published]]:
    """Every figure to forecast, with its series and what its forecast comes from."""
    known = series_of(second, made.origin)
    for spec in plan.series:
        series, source = known[spec.indicator], made
        if in_force is not None and spec.indicator in second.administrative.series:
            source = in_force
        for figure in series.figures:
            if figure.year - made.origin in plan.horizons and series.known(made.origin):
                yield spec, series, source, figure


CARRIES: dict[Method, Method] = {
    "half_rival": "level_and_growth",
    "state": "as_simulated",
    "state_and_carried": "level_and_growth",
}
"""Method to the one whose way of carrying misses it has."""
SET: tuple[Method, ...] = ("state", "state_and_carried")
"""Methods of runs whose state was set at the origin."""


def points(
    plan: ProtocolFile, second: SecondProtocol, made: Forecast, method: Method,
    in_force: Forecast | None = None,
) -> list[Point]:  # fmt: skip
    """Points of one origin by a method.

    Args:
        plan: The first version: series and horizons.
        second: The second version.
        made: What was simulated with what was known at the origin, by runs set then if the method
            is one of theirs.
        method: How forecasts are set right.
        in_force: What was simulated under the rule in force, for administrative counts.
    """
    known = series_of(second, made.origin)
    half_life = second.half_life.model_dump()
    base: Method = CARRIES.get(method, method)
    fade_of = {kind: fades(half_life, kind, base) for kind in ("level", "growth")}
    fading = {kind: fade for kind, fade in fade_of.items() if fade is not None}
    lenders = [known[spec.indicator] for spec in plan.series if not spec.apart]
    found, size_of = [], dict[str, float]()
    for spec, series, source, figure in _wanted(plan, second, made, in_force):
        if fading and spec.indicator not in size_of:
            lent = [*lenders, series] if spec.apart else lenders
            # No rule or list differs up to the origin: what is learnt there is the same.
            size_of = sizes(lent, made, fading, second.pooled) | size_of
        one = corrected(
            series, source, figure, fade_of[series.kind], size_of.get(spec.indicator, 0.0),
            apart=spec.apart, to_rival=second.weights.rival if method == "half_rival" else 0.0,
        )  # fmt: skip
        if one is not None:
            found.append(one)
    return found


def points_again(
    plan: ProtocolFile, second: SecondProtocol, made: Forecast, others: Iterable[Point]
) -> list[Point]:
    """The headline's forecasts of points that the first version has, later figures among them.

    Args:
        plan: The first version.
        second: The second version.
        made: What was simulated.
        others: Points of the first version.
    """
    half_life = second.half_life.model_dump()
    fade_of = {
        kind: fade
        for kind in ("level", "growth")
        if (fade := fades(half_life, kind, second.headline)) is not None
    }
    known = all_series()
    scored = {spec.indicator: known[spec.indicator] for spec in plan.series if not spec.apart}
    found, size_of = [], dict[str, float]()
    for other in others:
        name, series = other.indicator, known[other.indicator]
        if series.known(made.origin):
            if name not in size_of:
                lent = [*scored.values(), *([] if name in scored else [series])]
                size_of = sizes(lent, made, fade_of, second.pooled) | size_of
            figure = Published(name, other.year, other.published, 0.0)
            fade = fade_of.get(series.kind)
            found.append(corrected(series, made, figure, fade, size_of[name], apart=other.apart))
    return [one for one in found if one is not None]


def points_before(
    plan: ProtocolFile, second: SecondProtocol, made: Forecast, *, learns: bool,
    in_force: Forecast | None = None,
) -> list[Point]:  # fmt: skip
    """The same points by the methods of the first version, for comparison.

    Args:
        plan: The first version.
        second: The second version: origins, figures and counts under the rule in force.
        made: What was simulated with what was known at the origin.
        learns: Whether past errors move and widen forecasts, as in its second method.
        in_force: What was simulated under the rule in force, for administrative counts.
    """
    known = series_of(second, made.origin)
    lenders = [known[spec.indicator] for spec in plan.series if not spec.apart]
    learnt = past_errors(lenders, made, plan.correction["carry"], plan.correction["pooled"])
    found = [
        point(
            series, source, figure, spec.apart,
            learnt.get(spec.indicator, NO_ERROR) if learns else NO_ERROR,
        )
        for spec, series, source, figure in _wanted(plan, second, made, in_force)
    ]  # fmt: skip
    return [one for one in found if one is not None]


BEFORE = {"first_version_first": False, "first_version_second": True}
"""Methods of the first version, and whether past errors move their forecasts."""


def _by(
    plan: ProtocolFile, second: SecondProtocol, method: str, made: Forecast,
    in_force: Forecast | None,
) -> list[Point]:  # fmt: skip
    """Points by a method of either version."""
    if method in BEFORE:
        return points_before(plan, second, made, learns=BEFORE[method], in_force=in_force)
    return points(plan, second, made, cast("Method", method), in_force)


def score(
    plan: ProtocolFile, second: SecondProtocol, made: Mapping[Case, Forecast],
    samples: int = SAMPLES,
) -> dict[str, Any]:  # fmt: skip
    """All scores of the second version as plain data, and every point.

    Args:
        plan: The first version.
        second: The second version.
        made: What was simulated.
        samples: Samples of the bootstrap.
    """
    trainings = list(dict.fromkeys(case.training for case in made))
    rows: list[dict[str, Any]] = []
    listing: list[dict[str, Any]] = []
    parts: dict[str, Any] = {}
    for training in trainings:
        for name, origins in _sets(second, training, made).items():
            for method in (*BEFORE, *second.methods):
                state = method in SET
                for rule in ("known", "in_force"):
                    found = [
                        one
                        for origin in origins
                        for one in _by(
                            plan, second, method, made[Case(origin, training, False, state)],
                            made[Case(origin, training, True, state)]
                            if rule == "in_force" else None,
                        )
                    ]  # fmt: skip
                    head = {"set": name, "training": training, "method": method, "rule": rule}
                    main = [p for p in found if not p.apart]
                    rows.append(head | scores(main, samples))
                    if method == second.headline:
                        parts[f"{name} {training} {rule}"] = cuts(main)
                    if name != "together":
                        listing += _told(second, found, head)
    notes = sorted({forecast.note for forecast in made.values() if forecast.note})
    return {
        "protocol": second.name,
        "label": second.label,
        "headline": second.headline,
        "notes": notes,
        "scores": rows,
        "cuts": parts,
        "forecasts": listing,
    }


def _sets(
    second: SecondProtocol, training: str, made: Mapping[Case, Forecast]
) -> dict[str, list[int]]:
    """Sets of origins that are scored together, by name."""
    there = {case.origin for case in made if case.training == training}
    sets = {
        "same": second.origins,
        "further": second.further_origins,
        "together": [*second.further_origins, *second.origins],
    }
    return {name: origins for name, origins in sets.items() if set(origins) <= there}


def _told(
    second: SecondProtocol, found: Sequence[Point], head: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Points as plain data; under the rule in force only the counts that it moves."""
    return [
        dict(head) | listed(point)
        for point in found
        if head["rule"] == "known" or point.indicator in second.administrative.series
    ]


def write(found: Mapping[str, Any], folder: Path) -> None:
    """Write the points as CSV and the scores as JSON."""
    rows = found["forecasts"]
    with (folder / "backtest_2.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows
        )
    rest = {key: value for key, value in found.items() if key != "forecasts"}
    text = json.dumps(rest, indent=1, ensure_ascii=False)
    (folder / "backtest_2.json").write_text(text + "\n", encoding="utf-8")
