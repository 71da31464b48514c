"""The attainment board: the document's targets, each judged by the class it belongs to.

A *modelled* target is decided by behaviour: it has a probability. A *quota* is decided outside the
province: what can be said is the share that would have to be won. A *plan* is an administrative
count that the model does not move: it has no probability.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from jiqun.experiments.effects.effect import RUN
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, PROVINCE, REFERENCE, Band
from jiqun.notebooks.words import ABSENT, INTERVAL, quantity, written
from jiqun.notebooks.worlds import POLICY_YEARS
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.model.observe.outcomes import Outcome
    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

CLUSTER_TIERS = ("world", "national", "provincial", "county")
FULL = 0.995
"""From this share on coverage counts as full: it is written as 100 %."""
OF_CLUSTERS = ("digital_coverage_above", "digital_coverage_below")
"""Targets of cluster enterprises: judged on the cluster tier that is lowest."""
COUNTS = ("clusters_provincial", "clusters_county")
"""Cluster counts, due between end-2026 and end-2028."""
FIRST_DUE, LAST_DUE = 2026, 2028
ELSEWHERE = ("award_national", "award_provincial")
"""Sums of the award, which are shown with the money."""
ROUNDS = (2024, 2026, 2028)
"""National rounds up to the last deadline: every two years is an assumption."""


@dataclass(frozen=True)
class Judged:
    """A modelled target beside the runs; values in the outcome's stored unit.

    Attributes:
        target: Row of `policy_targets.csv`.
        outcome: The outcome that it is judged by.
        aim: What is aimed at; None for 'rise' and 'grow', which are judged against 2023.
        before: Median in 2023.
        year: Year that is judged.
        band: Interval in that year.
        met: Share of the runs that meet the target.
        met_without: The same without the document, where the store holds those runs.
    """

    target: Any
    outcome: Outcome
    aim: float | None
    before: float
    year: int
    band: Band
    met: float
    met_without: float | None

    @property
    def gap(self) -> float | None:
        """What is missing at the median; negative where the aim is passed."""
        if self.aim is None:
            return None
        return (self.aim - self.band.median) * (-1.0 if self.aim < 0 else 1.0)

    @property
    def needed(self) -> float | None:
        """Change a year from 2023 that would reach the aim in time."""
        return None if self.aim is None else (self.aim - self.before) / (self.year - ORIGIN)

    @property
    def pace(self) -> float:
        """Change a year from 2023 at the median."""
        return (self.band.median - self.before) / (self.year - ORIGIN)


def targets(*classes: str) -> list[Any]:
    """Targets of some classes, without those that another section shows."""
    rows = table("policy_targets")
    return [row for row in rows if row.class_ in classes and row.id not in ELSEWHERE]


def outcome_of(target: Any) -> Outcome | None:
    """The outcome that a target is judged by, or None where none is declared."""
    declared = {o.target: o for o in OUTCOMES.values() if o.target}
    return declared.get(target.id) or OUTCOMES.get(target.id)


def paths(worlds: Worlds, scenario: str, target: Any) -> pd.DataFrame:
    """Values of a target's outcome by run and year; the lowest tier for targets of clusters.

    Args:
        worlds: Runs of all scenarios of the store.
        scenario: Name of the scenario.
        target: A row of the table of targets.
    """
    outcome = outcome_of(target)
    if outcome is None:
        return pd.DataFrame()
    units = [("tier", t) for t in CLUSTER_TIERS] if target.id in OF_CLUSTERS else [PROVINCE]
    found = [
        wide.loc[:, [scenario]].droplevel("scenario", axis=1)
        for wide in (worlds.wide(outcome.id, unit) for unit in units)
        if scenario in wide.columns.get_level_values(0)
    ]
    if not found:
        return pd.DataFrame()
    # A tier that has no value in some run and year is left out of that one's lowest.
    lowest: pd.DataFrame = pd.concat(found).groupby(level=RUN).min()
    return lowest.sort_index(axis=1).dropna(how="all")


def runs_of(worlds: Worlds) -> int:
    """Number of runs that targets are judged over."""
    return len(worlds.values(scenario_of(worlds), "value_added", PROVINCE, HORIZON))


def scenario_of(worlds: Worlds) -> str:
    """The scenario that targets are judged in."""
    names = (AS_ISSUED, REFERENCE, *sorted(worlds.names))
    return next(name for name in names if name in worlds.names)


def judged(worlds: Worlds) -> list[Judged]:
    """The modelled targets that are due in a year or have no date, beside the runs."""
    return [
        found
        for target in targets("modelled")
        if target.kind != "flow" and target.id not in COUNTS
        if (found := _judge(worlds, target)) is not None
    ]


def _judge(worlds: Worlds, target: Any) -> Judged | None:
    scenario = scenario_of(worlds)
    runs = paths(worlds, scenario, target)
    year = year_of(target)
    outcome = outcome_of(target)
    if outcome is None:
        return None
    without = paths(worlds, REFERENCE, target) if scenario != REFERENCE else pd.DataFrame()
    runs, without = (_reaching(frame, ORIGIN, year) for frame in (runs, without))
    if runs.empty:
        return None
    return Judged(
        target,
        outcome,
        _aim(target),
        float(runs[ORIGIN].median()),
        year,
        Band.of(runs[year]),
        float(met(target, runs, year).mean()),
        None if without.empty else float(met(target, without, year).mean()),
    )


def _reaching(runs: pd.DataFrame, *years: int) -> pd.DataFrame:
    """The runs that have a value in each of some years: one that ends before misses no target."""
    if not set(years) <= set(runs.columns):
        return pd.DataFrame()
    return runs.dropna(subset=list(years))


def year_of(target: Any, otherwise: int = HORIZON) -> int:
    """Year a target is judged in: its deadline, or another where it has no single one."""
    return int(target.deadline) if target.deadline.isdigit() else otherwise


def _aim(target: Any) -> float | None:
    try:
        value = float(target.value)
    except ValueError:
        return None
    if target.kind == "change":
        return -value / 100.0
    return value / 100.0 if target.unit.startswith("%") else value


def met(target: Any, runs: pd.DataFrame, year: int) -> pd.Series[bool]:
    """Whether each run meets a target in a year.

    Args:
        target: A row of the table of targets.
        runs: Values by run, a column a year, as `paths` gives them.
        year: Calendar year.
    """
    value, aim = runs[year], _aim(target)
    if target.id == "energy_intensity_2027":
        return value < runs[2025]
    if aim is None:
        return value > runs[ORIGIN]
    if target.kind == "change":
        return value <= aim
    if target.kind == "share":
        return value >= min(aim, FULL)
    return value > aim if "more than" in target.unit else value >= aim


def missed(target: Any, runs: pd.DataFrame, year: int) -> pd.Series[bool]:
    """Whether each run misses a target in a year: a cluster count, whether it is behind course.

    Args:
        target: A row of the table of targets.
        runs: Values by run, a column a year, as `paths` gives them.
        year: Calendar year.
    """
    if target.id in COUNTS:
        return ~on_course(runs[year], runs[ORIGIN].fillna(0.0), float(target.value), year)
    return ~met(target, runs, year)


def board_table(worlds: Worlds, words: Words) -> str:
    """The modelled targets: probability, gap in units, pace."""
    rows = []
    for item in judged(worlds):
        outcome, aim = item.outcome, item.aim
        rows.append(
            [
                f"{label(item.target, words)}{words.bracketed(item.target.article)}",
                departments(item.target, words),
                words.measured(aim, outcome) if aim is not None else aim_words(item, words),
                str(item.year),
                words.measured(item.before, outcome),
                median(item.target, item.year, item.band, outcome, words),
                f"**{chance(item.target, item.met, words)}**",
                ABSENT
                if item.met_without is None
                else chance(item.target, item.met_without, words, REFERENCE),
                _gap(item, words),
                _pace(item, words),
            ]
        )
    return markdown(words.lines("board_head"), rows, 3) if rows else ""


def label(target: Any, words: Words) -> str:
    """A target's name."""
    if words.lang == "zh":
        return str(target.label_zh)
    known = words.names("target_names")
    return known.get(target.id, f"{target.label_en[0].upper()}{target.label_en[1:]}")


def aim_words(item: Judged, words: Words) -> str:
    """What is aimed at where it is a direction alone."""
    key = "below_2025" if item.target.id == "energy_intensity_2027" else "above_2023"
    return words(key)


def probability(share: float, words: Words) -> str:
    """A share of the runs; runs cannot show certainty."""
    if share < 0.005:
        return "<" + words.percent(0.01)
    return ">" + words.percent(0.99) if share > 0.995 else words.percent(share)


def chance(target: Any, share: float, words: Words, scenario: str = AS_ISSUED) -> str:
    """The probability of a target, marked with what it is of.

    Args:
        target: Row of the table of targets.
        share: Share of the runs that meet it.
        words: Texts and number formats of the page's language.
        scenario: Name of the scenario.
    """
    return words.told(quantity("target", target.id, scenario), probability(share, words))


def median(target: Any, year: int, band: Band, outcome: Outcome, words: Words) -> str:
    """What the runs give of a target in a year: median, with the interval in brackets.

    Args:
        target: Row of the table of targets.
        year: Calendar year.
        band: Interval in that year.
        outcome: The outcome that it is judged by, for its unit.
        words: Texts and number formats of the page's language.
    """
    of = quantity("median", target.id, year)
    interval = words.told(quantity(of, INTERVAL), words.interval(band.low, band.high, outcome))
    return words.told(of, words.number(band.median, outcome)) + words.bracketed(interval)


def _gap(item: Judged, words: Words) -> str:
    if item.gap is None:
        return ABSENT
    reached = item.gap <= (1.0 - FULL if item.target.kind == "share" else 0.0)
    return words("reached") if reached else amount(item.gap, item.outcome, words)


def _pace(item: Judged, words: Words) -> str:
    if item.needed is None:
        return ABSENT
    return _both_paces(item.needed, item.pace, item.outcome, words)


def _both_paces(needed: float, pace: float, outcome: Outcome, words: Words) -> str:
    """Yearly change that is needed, with the projected one in brackets."""
    scaled = [words.scaled(value, outcome) for value in (needed, pace)]
    first, second = words.signed(scaled, most=1)
    return f"{first}{words.bracketed(second)}"


def amount(value: float, outcome: Outcome, words: Words) -> str:
    """A difference in the outcome's unit; shares differ by points.

    Args:
        value: The difference, in the stored unit of the outcome.
        outcome: Outcome that differs, for its unit.
        words: Texts and number formats of the page's language.
    """
    number = words.number(value, outcome)
    if not outcome.unit.startswith("share"):
        return words.measured(value, outcome)
    return number + ("" if words.lang == "zh" else " ") + words("points")


def departments(target: Any, words: Words) -> str:
    """Lead departments in short, in the order of the document."""
    short = words.names("departments")
    gap = "、" if words.lang == "zh" else ", "
    return gap.join(name for full, name in short.items() if full in target.lead_zh)


@dataclass(frozen=True)
class Yearly:
    """A target that is due each year, in one scenario.

    Attributes:
        target: Row of `policy_targets.csv`.
        outcome: The outcome that it is judged by.
        scenario: Name of the scenario.
        runs: Values by run, a column a year.
    """

    target: Any
    outcome: Outcome
    scenario: str
    runs: pd.DataFrame

    @property
    def aim(self) -> float:
        """What is aimed at each year."""
        return float(self.target.value)

    @property
    def reached(self) -> pd.DataFrame:
        """Whether each run reaches the aim in each year."""
        return self.runs[list(POLICY_YEARS)] >= self.aim

    @property
    def met(self) -> float:
        """Share of the runs that reach it in all four years."""
        return float(self.reached.all(axis=1).mean())


def yearly(worlds: Worlds, *scenarios: str) -> list[Yearly]:
    """The targets that are due each year, in each of some scenarios.

    Args:
        worlds: Runs of all scenarios of the store.
        *scenarios: Names of the scenarios.
    """
    found = []
    for target in targets("modelled"):
        outcome = outcome_of(target)
        if target.kind != "flow" or outcome is None:
            continue
        for scenario in scenarios:
            runs = _reaching(paths(worlds, scenario, target), *POLICY_YEARS)
            if not runs.empty:
                found.append(Yearly(target, outcome, scenario, runs))
    return found


def yearly_table(worlds: Worlds, words: Words) -> str:
    """Yearly targets: each year, and all four."""
    rows = []
    for item in yearly(worlds, AS_ISSUED, REFERENCE):
        runs, reached, outcome = item.runs, item.reached, item.outcome
        mine = item.target.id if item.scenario == AS_ISSUED else ""
        cells = [
            words.told(
                quantity(mine and "median", mine, year),
                words.number(float(runs[year].median()), outcome),
            )
            + words.bracketed(probability(float(reached[year].mean()), words))
            for year in POLICY_YEARS
        ]
        last = Band.of(runs[HORIZON])
        gap = item.aim - last.median
        rows.append(
            [
                label(item.target, words),
                departments(item.target, words),
                words.name("scenario_names", item.scenario),
                f"{item.aim:,.0f}",
                *cells,
                words.told(
                    quantity(mine and "median", mine, HORIZON, INTERVAL),
                    words.interval(last.low, last.high, outcome),
                ),
                f"**{chance(item.target, item.met, words, item.scenario)}**",
                words("reached") if gap <= 0 else words.number(gap, outcome),
            ]
        )
    head = words.lines("yearly_head")
    years = map(str, POLICY_YEARS)
    return markdown([*head[:4], *years, *head[4:]], rows, 3) if rows else ""


@dataclass(frozen=True)
class Counted:
    """A number of clusters that is due between end-2026 and end-2028.

    Attributes:
        target: Row of `policy_targets.csv`.
        outcome: The outcome that it is judged by.
        runs: Values by run, a column a year.
    """

    target: Any
    outcome: Outcome
    runs: pd.DataFrame

    @property
    def aim(self) -> float:
        """What is aimed at."""
        return float(self.target.value)

    @property
    def before(self) -> pd.Series[float]:
        """Number at the origin, by run."""
        runs = self.runs
        return runs[ORIGIN].fillna(0.0) if ORIGIN in runs else 0.0 * runs[HORIZON]

    @property
    def met(self) -> float:
        """Share of the runs that are on course at the horizon."""
        return float(on_course(self.runs[HORIZON], self.before, self.aim).mean())


def counted(worlds: Worlds) -> list[Counted]:
    """The numbers of clusters that are aimed at."""
    found = []
    scenario = scenario_of(worlds)
    for target in targets("modelled"):
        runs = paths(worlds, scenario, target) if target.id in COUNTS else pd.DataFrame()
        outcome = outcome_of(target)
        runs = _reaching(runs, FIRST_DUE, HORIZON)
        if outcome is not None and not runs.empty:
            found.append(Counted(target, outcome, runs))
    return found


def counts_table(worlds: Worlds, words: Words) -> str:
    """Cluster counts, due between end-2026 and end-2028: reached, or on course at end-2027."""
    rows = []
    for item in counted(worlds):
        runs, aim, before = item.runs, item.aim, item.before
        band = Band.of(runs[HORIZON])
        rows.append(
            [
                label(item.target, words),
                departments(item.target, words),
                f"{aim:,.0f}",
                f"{before.median():,.0f}",
                f"{runs[FIRST_DUE].median():,.0f}",
                median(item.target, HORIZON, band, item.outcome, words),
                probability(float((runs[HORIZON] >= aim).mean()), words),
                f"**{chance(item.target, item.met, words)}**",
                amount(max(aim - band.median, 0.0), item.outcome, words),
                _both_paces(
                    (aim - float(before.median())) / (LAST_DUE - ORIGIN),
                    (band.median - float(before.median())) / (HORIZON - ORIGIN),
                    item.outcome,
                    words,
                ),
            ]
        )
    return markdown(words.lines("counts_head"), rows, 2) if rows else ""


def on_course(
    value: pd.Series[float], before: pd.Series[float], aim: float, year: int = HORIZON
) -> pd.Series[bool]:
    """Whether a count is on the straight line that reaches the aim by the last deadline.

    Args:
        value: Count in the year, by run.
        before: Count at the origin, by run.
        aim: Count due by the last deadline.
        year: Calendar year.
    """
    share = (year - ORIGIN) / (LAST_DUE - ORIGIN)
    return value >= before + share * (aim - before)


def quota_table(worlds: Worlds, words: Words) -> str:
    """Quotas: what would have to be won, beside what the runs assume."""
    parameters = {row.name: row for row in table("parameters")}
    rows = []
    for target in targets("quota"):
        if target.id == "little_giants":
            share = parameters["little_giant_share_later"]
            found = share_needed(worlds)
            if found is None:
                continue
            needed = words("share_of_list", share=_percents(found, words))
            assumed = words("share_of_list", share=words.percents(share.low, share.high, 1))
        elif target.id == "clusters_national_fields":
            titles = parameters["national_titles_per_round"]
            needed = words(
                "titles_a_round",
                number=written(float(target.value) / len(ROUNDS), 1),
                rounds=len(ROUNDS),
            )
            assumed = words("titles_assumed", low=f"{titles.low:g}", high=f"{titles.high:g}")
        else:
            needed, assumed = words("no_criterion"), words("none_awarded")
        rows.append(
            [label(target, words), target.value, needed, assumed, departments(target, words)]
        )
    return markdown(words.lines("quota_head"), rows, 5)


def _percents(band: Band, words: Words) -> str:
    return words.percent(band.median, 1) + words.bracketed(words.percents(band.low, band.high, 1))


def share_needed(worlds: Worlds) -> Band | None:
    """Share of the yearly national lists of little giants that would bring the stock to the aim.

    The lists of four years add to the stock; of what the first adds, the review after three years
    takes some away again before the horizon.
    """
    target = next(row for row in targets("quota") if row.id == "little_giants")
    scenario = scenario_of(worlds)
    stock = worlds.values(scenario, "little_giants", PROVINCE, HORIZON)
    if stock.empty:
        return None
    drawn = drawn_values(
        worlds,
        scenario,
        ("little_giant_share_later", "little_giant_batch_later", "little_giant_pass"),
    ).reindex(stock.index.get_level_values("draw"))
    share, batch, passed = (drawn[name].to_numpy() for name in drawn)
    years = len(POLICY_YEARS) - 1 + passed
    return Band.of(share + (float(target.value) - stock) / years / batch)


def drawn_values(worlds: Worlds, scenario: str, names: Iterable[str]) -> pd.DataFrame:
    """Parameter values by draw; central where a draw does not move them.

    Args:
        worlds: Runs of all scenarios of the store.
        scenario: Name of the scenario whose draws are read.
        names: Names of the parameters.
    """
    central = {row.name: row.value for row in table("parameters")}
    runs = worlds.results.runs()
    runs = runs[runs["scenario"] == scenario].drop_duplicates("draw").set_index("draw")
    drawn = [json.loads(text) for text in runs["values"]]
    return pd.DataFrame(
        {name: [values.get(name, central[name]) for values in drawn] for name in names},
        index=runs.index,
    )


def plan_table(words: Words) -> str:
    """Administrative counts: assumed, without a probability."""
    rows = [
        [
            f"{label(target, words)}{words.bracketed(target.article)}",
            departments(target, words),
            words("assumed_plan"),
            f"{float(target.value):,.0f}",
        ]
        for target in targets("plan")
    ]
    return markdown(words.lines("plan_head"), rows, 3)
