"""Pseudo out-of-sample forecasts from a rolling origin, scored against what was published.

The protocol (`backtest.yaml`) was written before the first scoring. Forecasts know nothing after
their origin where that can be arranged; that forms, series and prior ranges were chosen by people
who knew the period cannot be undone, so no one should read the scores as a test of foresight.

``python -m jiqun.calibration.backtest`` renews the stored scores and `docs/backtest.md`; with
``--train`` it first fits the parameters to each origin (`ensemble_2021.parquet` and so on);
``--page`` only writes the page.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import qmc

from jiqun.calibration.actuals import read_actuals
from jiqun.calibration.backtest.data import (
    HERE,
    ORIGIN,
    Published,
    Series,
    SeriesSpec,
    all_series,
    protocol,
)
from jiqun.calibration.backtest.page import page
from jiqun.calibration.backtest.points import (
    FIRST,
    NO_ERROR,
    Forecast,
    Simulated,
    past_errors,
    point,
)
from jiqun.calibration.backtest.scores import Point, cuts, listed, scores
from jiqun.calibration.backtest.second import (
    Case,
    cases,
    points_again,
    score,
    second_protocol,
    series_of,
    with_rule_in_force,
)
from jiqun.calibration.backtest.second import write as write_second
from jiqun.calibration.backtest.state import REFUSED, published_state, run_set
from jiqun.calibration.fitting.ensemble import read_ensemble, write_ensemble
from jiqun.calibration.fitting.space import Space
from jiqun.calibration.targets import known
from jiqun.experiments.runs.batch import (
    POPULATION_SEED,
    WHOLE,
    Chunk,
    PopulationRef,
    Run,
    model_hash,
)
from jiqun.experiments.runs.draws import Draw
from jiqun.experiments.runs.ensemble import SHIPPED
from jiqun.experiments.runs.pool import LocalPool, dispatch
from jiqun.experiments.runs.worker import ChunkResult, run_chunk
from jiqun.experiments.stores.populations import save_population
from jiqun.model import build_population
from jiqun.model.calendar import quarter_index
from jiqun.model.elementary import normal_quantile
from jiqun.model.outside_world import SERIES
from jiqun.scenarios import load
from jiqun.scenarios.outside import outside_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jiqun.calibration.backtest.data import ProtocolFile
    from jiqun.calibration.backtest.points import PastError
    from jiqun.calibration.backtest.second import SecondProtocol
    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario

RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "backtest.md"
FIT = HERE / "backtest_fit.yaml"
"""Specification of the fits to each origin."""
LISTS, SHARES = "little_giant_batch_", "little_giant_share_"
CHUNK = 4
NAME = "pseudo out of sample"
CAUTION = (
    "Forms, series and prior ranges were chosen with the years 2019-2023 in view: the forecasts "
    "are pseudo out of sample. Points of one series are not independent and there are fewer than "
    "20 independent ones, so no test of significance is made."
)


class BacktestError(ValueError):
    """A question the back-test cannot answer; the message says what is allowed."""


def known_at(scenario: Scenario, origin: int, window: int | None = None) -> Scenario:
    """The scenario as it could have been written at the end of a year.

    Later terms of levers, national lists and rule changes are not known; the last known ones go on.
    At the end of the project's own tables the scenario is taken as it stands.

    Args:
        scenario: The scenario.
        origin: Last year that is known.
        window: Years whose mean outside paths start from; as in the table if absent.
    """
    if origin >= ORIGIN:
        return scenario
    last = quarter_index(origin, 4)
    parameters = dict(scenario.parameters)
    for prefix in (LISTS, SHARES):
        by_year = {
            int(name[len(prefix) :]): value
            for name, value in parameters.items()
            if name.startswith(prefix) and name[len(prefix) :].isdigit()
        }
        past = [by_year[year] for year in sorted(by_year) if year <= origin][-3:]
        for year in (*(year for year in by_year if year > origin), "later"):
            parameters[f"{prefix}{year}"] = float(np.mean(past))
    if parameters["srdi_wide_year"] > origin:
        parameters["srdi_wide_year"] = 9999.0
    return replace(
        scenario,
        parameters=parameters,
        outside=outside_world(origin, scenario.outside.position, window=window),
        levers=tuple(_as_known(v, last) for v in scenario.levers if v.start <= last),
    )


def _as_known(lever: Lever, last: int) -> Lever:
    terms = {
        name: tuple((begin, value) for begin, value in dated if begin <= last)
        for name, dated in lever.terms.items()
    }
    kept = {name: dated for name, dated in terms.items() if dated}
    drawn = {term: name for term, name in lever.drawn.items() if term in kept}
    return replace(lever, terms=kept, drawn=drawn)


def members(origin: int, number: int, ensemble: Path | None) -> list[Draw]:
    """Zipped draws of parameters and outside world.

    Args:
        origin: Last year that is known: later national lists and shares in them are not drawn.
        number: Number of members.
        ensemble: Fitted members, which replace the priors of the parameters they hold.
    """
    priors = tuple(prior for prior in known().priors if not _comes_later(prior.name, origin))
    space = Space(priors, dummy=False)
    cube = qmc.Sobol(len(priors) + len(SERIES), rng=np.random.default_rng(origin))
    # Sobol points are balanced in powers of two: the next one is drawn and cut.
    points = cube.random_base2(int(np.ceil(np.log2(max(number, 2)))))[:number]
    scores_ = normal_quantile(np.clip(points[:, len(SERIES) :], 1e-9, 1.0 - 1e-9)).T
    values = space.points(scores_)
    if ensemble is not None:
        columns, _ = read_ensemble(ensemble)
        for i, value in enumerate(values):
            value |= {
                name: float(column[i % len(column)])
                for name, column in columns.items()
                if not _comes_later(name, origin)
            }
    places = 2.0 * points[:, : len(SERIES)] - 1.0
    return [
        Draw(i + 1, value, dict(zip(SERIES, map(float, place), strict=True)))
        for i, (value, place) in enumerate(zip(values, places, strict=True))
    ]


def _comes_later(name: str, origin: int) -> bool:
    """Whether a parameter is of a national list that is not out at the origin."""
    if name.startswith(LISTS):
        return True
    year = name.removeprefix(SHARES)
    return name.startswith(SHARES) and (not year.isdigit() or int(year) > origin)


def simulate(
    scenario: Scenario, draws: Sequence[Draw], series: Iterable[Series], years: Iterable[int],
    workers: int = 1, work: Callable[[Chunk], ChunkResult] = run_chunk,
) -> Simulated:  # fmt: skip
    """Simulated figures of every member; member i runs with seed i.

    Args:
        scenario: The scenario as known at the origin, ending with the last year asked for.
        draws: The members.
        series: Series that are read off.
        years: Years that are read off.
        workers: Worker processes.
        work: How runs are made.

    Raises:
        RuntimeError: A run failed.
    """
    wanted = {(s.outcome, s.level, s.unit_name, year): s for s in series for year in years}
    found = {
        (s.indicator, year): np.full(len(draws), np.nan) for (_, _, _, year), s in wanted.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        population = build_population(
            scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
        )
        path = Path(folder) / "population.arrow"
        save_population(population, path)
        ref = PopulationRef(str(path), population.digest)
        runs = [Run(str(d.index), scenario.name, d, d.index) for d in draws]
        chunks = [
            Chunk(tuple(runs[i : i + CHUNK]), {scenario.name: scenario}, ref, model_hash(), WHOLE)
            for i in range(0, len(runs), CHUNK)
        ]
        place = {draw.index: i for i, draw in enumerate(draws)}
        names = sorted({outcome for outcome, *_ in wanted})
        for rows in _worked(chunks, workers, names, work):
            for row in rows:
                s = wanted.get((row["outcome"], row["level"], row["unit_name"], row["year"]))
                if s is not None:
                    found[s.indicator, row["year"]][place[row["draw"]]] = s.scale * row["value"]
    return found


def _worked(
    chunks: Sequence[Chunk], workers: int, wanted: Sequence[str],
    work: Callable[[Chunk], ChunkResult],
) -> Iterable[list[dict[str, Any]]]:  # fmt: skip
    """Rows of the wanted outcomes of each chunk, by processes or in this one."""
    pool = LocalPool(workers, work) if workers > 1 else None
    try:
        for result in dispatch(chunks, pool) if pool else map(work, chunks):
            if result.failures:
                raise RuntimeError(result.failures[0].message)
            if result.outcomes is not None:
                yield _rows(result.outcomes, wanted)
    finally:
        if pool:
            pool.close(at_once=False)


def _rows(outcomes: pa.Table, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of the province and the fields, picked before they become Python objects."""
    names = ["draw", "year", "level", "unit_name", "outcome", "value"]
    kept = pc.and_(
        pc.is_in(outcomes["level"].cast("string"), pa.array(["province", "field"])),
        pc.is_in(outcomes["outcome"].cast("string"), pa.array(wanted)),
    )
    rows: list[dict[str, Any]] = outcomes.select(names).filter(kept).to_pylist()
    return rows


def ensemble_of(origin: int) -> Path | None:
    """Fitted members that know nothing after a year, where there are some."""
    path = SHIPPED if origin == ORIGIN else SHIPPED.with_name(f"ensemble_{origin}.parquet")
    if not path.is_file():
        return None
    trained = read_ensemble(path)[1]["train_until"]
    if trained > origin:
        raise BacktestError(f"{path.name} was trained to {trained}: allowed: {origin} or before")
    return path


def forecast(
    origin: int, until: int, plan: ProtocolFile, training: str, workers: int = 1, *,
    window: int | None = None, in_force: bool = False, state: SecondProtocol | None = None,
) -> Forecast:  # fmt: skip
    """Simulate from an origin.

    Args:
        origin: Last year that is known.
        until: Last year that is forecast.
        plan: The protocol.
        training: ``prior`` or ``posterior``.
        workers: Worker processes.
        window: Years whose mean outside paths start from; as in the table if absent.
        in_force: Give the rules of titles and the sizes of national lists that came later.
        state: Set the state of each run at the origin as this version of the protocol has it.
    """
    path = ensemble_of(origin) if training == "posterior" else None
    if training == "posterior" and path is None:
        raise BacktestError(
            f"no members are fitted to {origin}: run calibration.backtest.run --train"
        )
    # What document 55 sets in force is known from its issue on.
    name = plan.scenario_with_actuals if origin >= ORIGIN else plan.scenario
    scenario = known_at(load(name), origin, window)
    if in_force:
        scenario = with_rule_in_force(scenario, load(name))
    scenario = replace(scenario, rows=plan.rows).until(until)
    note = ""
    if path is not None and read_ensemble(path)[1]["model_hash"] != model_hash():
        note = "fitted with another version of the model"
    draws = members(origin, plan.members, path)
    years = range(FIRST, until + 1)
    if state is None:
        simulated = simulate(scenario, draws, all_series().values(), years, workers)
        return Forecast(origin, training, simulated, note)
    series = series_of(state, origin)
    figures = published_state((series[name] for name in state.state.figures), origin)
    work = partial(run_set, year=origin, figures=figures, bounds=state.state.bounds)
    told = Series("state_refused", *REFUSED, 1.0, "", "level", (), ())
    simulated = simulate(scenario, draws, [*series.values(), told], years, workers, work)
    kept = float(np.mean(simulated[told.indicator, origin] > 0.0))
    if kept > 0.0:
        words = f"{kept:.0%} of {training} runs set in {origin} keep something as simulated"
        note = "; ".join(filter(None, (note, words)))
    return Forecast(origin, training, simulated, note)


def backtest(
    train_until: int | None = None, actuals: Path | None = None, training: str | None = None,
    workers: int = 1, plan: ProtocolFile | None = None,
    made_before: Mapping[int, Forecast] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Forecast and score.

    Args:
        train_until: The one origin to forecast from; those of the protocol if absent.
        actuals: File of later figures, scored from the end of 2023 or an earlier origin.
        training: ``prior`` or ``posterior``; posterior where each origin has fitted members.
        workers: Worker processes.
        plan: The protocol; the shipped one if absent.
        made_before: Forecasts that are there already, by origin.

    Returns:
        Plain data: `rmse_ratio`, `coverage_90` and other scores, cuts and every point; the same by
        the first method and by the second version of the protocol.

    Raises:
        BacktestError: There is nothing to score from that origin.
        TableError: The file of later figures is wrong.
    """
    plan = plan or protocol()
    later = read_actuals(actuals) if actuals else []
    if train_until is None:
        origins = [ORIGIN] if later else plan.origins
    else:
        origins = [train_until]
        if not min(plan.origins) <= train_until <= ORIGIN or (train_until == ORIGIN and not later):
            raise BacktestError(
                f"--train-until {train_until}: allowed: {min(plan.origins)} to {ORIGIN - 1}, "
                f"or {ORIGIN} with --actuals"
            )
    if training is None:
        fitted = all(ensemble_of(origin) is not None for origin in origins)
        training = "posterior" if fitted else "prior"
    second = second_protocol(plan)
    first: list[Point] = []
    points: list[Point] = []
    again: list[Point] = []
    notes = []
    for origin in origins:
        wanted = later or _published_after(origin, plan)
        until = max((figure.year for figure in wanted), default=origin)
        made = (made_before or {}).get(origin) or forecast(origin, until, plan, training, workers)
        notes.append(made.note)
        first += _points(made, wanted, plan, everything=bool(later), corrected=False)
        here = _points(made, wanted, plan, everything=bool(later), corrected=True)
        points += here
        again += points_again(plan, second, made, here)
    noted = sorted({note for note in notes if note})
    return summary(plan, training, origins, points, noted) | {
        "first_method": scores([p for p in first if not p.apart])
        | {"forecasts": [listed(p) for p in first]},
        "second_version": scores([p for p in again if not p.apart])
        | {"name": second.name, "label": second.label, "method": second.headline}
        | {"forecasts": [listed(p) for p in again]},
    }


def _published_after(origin: int, plan: ProtocolFile) -> list[Published]:
    return [
        figure
        for spec in plan.series
        for figure in all_series()[spec.indicator].figures
        if figure.year - origin in plan.horizons
    ]


def _points(
    made: Forecast, wanted: Sequence[Published], plan: ProtocolFile, *, everything: bool,
    corrected: bool,
) -> list[Point]:  # fmt: skip
    """Points of one origin, by the second method if `corrected`.

    Series without a known value have no rival and only later figures.
    """
    specs: Mapping[str, SeriesSpec] = {spec.indicator: spec for spec in plan.series}
    learnt: Mapping[str, PastError] = {}
    if corrected:
        scored = [all_series()[spec.indicator] for spec in plan.series if not spec.apart]
        learnt = past_errors(scored, made, plan.correction["carry"], plan.correction["pooled"])
    found = []
    for figure in wanted:
        series, spec = all_series()[figure.indicator], specs.get(figure.indicator)
        if not everything and not series.known(made.origin):
            continue
        apart = spec.apart if spec else plan.not_scored.get(figure.indicator, "")
        # Figures that come later may be scored whatever was missing before; an input may not.
        if everything and not (spec and spec.apart) and figure.indicator != INPUT:
            apart = ""
        one = point(series, made, figure, apart, learnt.get(figure.indicator, NO_ERROR))
        if one is not None:
            found.append(one)
    return found


INPUT = "new_corporate_loan_rate"
"""A series that the model is given: set apart from what it forecasts."""


def summary(
    plan: ProtocolFile, training: str, origins: Sequence[int], points: Sequence[Point],
    notes: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """All scores as plain data.

    Args:
        plan: The protocol.
        training: Where parameters are from: `prior` or `posterior`.
        origins: Last years known, one a forecast.
        points: Forecasts beside what was published.
        notes: What a reader has to know of these scores.
    """
    main = [p for p in points if not p.apart]
    if not points:
        raise BacktestError("nothing to score: no figure after the origin")
    return {
        "name": NAME,
        "protocol": plan.name,
        "training": training,
        "origins": list(origins),
        "members": plan.members,
        "caution": CAUTION,
        "hindsight": plan.hindsight,
        "notes": list(notes),
        **scores(main),
        "significance_test": None,
        "cuts": cuts(main),
        "apart": scores([p for p in points if p.apart], samples=0),
        "forecasts": [listed(p) for p in points],
    }


def simulated_cases(
    plan: ProtocolFile, second: SecondProtocol, trainings: Iterable[str], workers: int = 1
) -> dict[Case, Forecast]:
    """Simulate all that the second version scores; the first scores a part of it.

    Args:
        plan: The protocol.
        second: Its second version.
        trainings: How parameters are trained, at the origins of the first version.
        workers: Worker processes.
    """
    return {
        case: forecast(
            case.origin, min(case.origin + max(plan.horizons), ORIGIN), plan, case.training,
            workers, window=second.windows.get(case.origin), in_force=case.in_force,
            state=second if case.state else None,
        )
        for case in cases(second, trainings)
    }  # fmt: skip


def train(
    origins: Iterable[int], folder: Path, workers: int, tell: Callable[[str, int, int], None]
) -> None:
    """Fit the parameters to each origin and write the members; goes on where it stopped.

    Args:
        origins: Last years known, one a fit.
        folder: Where steps of the fits are kept.
        workers: Worker processes.
        tell: Called with the stage, runs done and runs to make.
    """
    from jiqun.calibration.fitting.fit import fit  # noqa: PLC0415  (loads the smoother, which forecasts do without)
    from jiqun.calibration.fitting.spec import read_spec  # noqa: PLC0415

    for origin in origins:
        path = SHIPPED.with_name(f"ensemble_{origin}.parquet")
        write_ensemble(fit(read_spec(FIT, origin), folder, workers, tell), path)


def write(found: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Write the points as CSV and the scores as JSON."""
    folder.mkdir(exist_ok=True)
    stem = f"backtest_{found['training']}"
    rows = found["forecasts"]
    with (folder / f"{stem}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _short(v) for k, v in row.items()} for row in rows)
    elsewhere = ("forecasts", "second_version")
    rest = {key: value for key, value in found.items() if key not in elsewhere}
    rest["first_method"] = {k: v for k, v in found["first_method"].items() if k != "forecasts"}
    text = json.dumps(rest, indent=1, ensure_ascii=False, default=str)
    (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def trained(plan: ProtocolFile) -> list[str]:
    """How parameters can be trained: posterior where each origin has fitted members."""
    fitted = all(ensemble_of(origin) is not None for origin in plan.origins)
    return [name for name in plan.training if name == "prior" or fitted]


def renew(plan: ProtocolFile, second: SecondProtocol, made: Mapping[Case, Forecast]) -> None:
    """Score what was simulated by both versions and store the scores.

    Args:
        plan: The protocol of the first version.
        second: That of the second version.
        made: What was simulated, by set of forecasts.
    """
    for training in dict.fromkeys(case.training for case in made):
        before = {origin: made[Case(origin, training, False)] for origin in plan.origins}
        found = backtest(training=training, plan=plan, made_before=before)
        write(found)
        print(
            f"{training}: RMSE ratio {found['rmse_ratio']:.2f} "
            f"({found['rmse_ratio_low']:.2f} to {found['rmse_ratio_high']:.2f}), "
            f"coverage of 90 % {found['coverage_90']:.2f}, {found['points']} points; first "
            f"method {found['first_method']['rmse_ratio']:.2f}"
        )
    again = score(plan, second, made)
    write_second(again, RESULTS)
    for row in again["scores"]:
        print(
            f"second version, {row['set']} points, {row['training']}, {row['method']}, rule "
            f"{row['rule']}: {row['rmse_ratio']:.2f}, coverage of 90 % {row['coverage_90']:.2f}"
        )


def main() -> int:
    """Renew the stored scores."""
    options = argparse.ArgumentParser(description="Score pseudo out-of-sample forecasts.")
    options.add_argument("--train", action="store_true", help="fit to each origin first")
    options.add_argument("--page", action="store_true", help="only write the page")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--folder", type=Path, default=Path("build/calibration"))
    chosen = options.parse_args()
    plan = protocol()
    if chosen.train:
        train(plan.origins, chosen.folder, chosen.workers, print)
    second = second_protocol(plan)
    if not chosen.page:
        renew(plan, second, simulated_cases(plan, second, trained(plan), chosen.workers))
    PAGE.write_text(page(plan, RESULTS), encoding="utf-8")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
