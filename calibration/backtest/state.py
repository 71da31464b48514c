"""Runs whose state is set to what was published of a year, before they go on from its end.

Sales of enterprises well above scale, which decide the figures, are moved by a factor for each
field, and with them all that hangs on sales; then loans. No factor carries one over the threshold,
so counts stay. Technique, prices, titles and what is promised under levers stay as well.
Competitors outside give way by as much as the province takes, so a unit of competitiveness sells as
before: sales of all others, entrants among them, are not moved.

Setting is no payment: it falls between two quarters, and the books of both close.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from jiqun.experiments.effects.together import drawn
from jiqun.experiments.runs.worker import ChunkResult
from jiqun.experiments.stores.populations import load_population
from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import year_of
from jiqun.model.dimensions import FIELDS
from jiqun.model.economy.market import competitiveness
from jiqun.model.economy.unit_cost import kept
from jiqun.model.elementary import dot, log
from jiqun.model.observe.quantities import HIGHTECH_FIELDS
from jiqun.model.region import REGION
from jiqun.model.start.sampling import THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.calibration.backtest.data import Series
    from jiqun.experiments.runs.batch import Chunk
    from jiqun.model.agents.enterprises import Flag
    from jiqun.model.dimensions import Array

Key = tuple[str, str, str]
"""Outcome, level and unit of a figure."""
REVENUE: Key = ("revenue", "province", REGION.id)
LOANS: Key = ("loans", "province", REGION.id)
LONG_LOANS: Key = ("mlt_loans", "province", REGION.id)
REFUSED: Key = ("state_refused", "province", REGION.id)
"""Fields and stocks that a run keeps as simulated: told beside the outcomes of its records."""
BOUNDS = (0.5, 2.0)
"""Factors beyond are refused: a miss so large is one of what is counted."""
WITH_SALES = (
    "revenue", "expected_revenue", "value_added", "value_added_real", "profit", "employees",
    "capital", "plant_limit", "plant_refused", "energy_quota", "rd", "rd_reported", "knowledge",
    "knowledge_floor", "upgrades_value", "cash", "debt_short", "debt_long", "debt_line",
    "debt_covered", "losses", "last_revenue", "last_value_added_real", "last_profit",
    "last_rd_reported", "last_energy",
)  # fmt: skip
"""Columns that move with sales, so that ratios of an enterprise stay. Grants received stay."""


class StateError(ValueError):
    """A model whose state cannot be set; the message says what is allowed."""


@dataclass(frozen=True)
class Told:
    """What was set.

    Attributes:
        factors: Field, or ``debt_short`` and ``debt_long``, to what it was multiplied by.
        refused: Those whose factor is out of bounds: left as simulated.
        owners: What owners bring where cash does not pay loans back, yuan.
        moved: Figure to what setting multiplied that of the year just ended by.
    """

    factors: Mapping[str, float]
    refused: tuple[str, ...]
    owners: float
    moved: Mapping[Key, float]


def published_state(series: Iterable[Series], year: int) -> dict[Key, float]:
    """Figures of a year in yuan; a series without one in just that year has none."""
    return {
        (one.outcome, one.level, one.unit_name): figure.value / one.scale
        for one in series
        for figure in one.figures
        if figure.year == year
    }


def assimilate_state(
    m: ClusterPolicyModel, figures: Mapping[Key, float], bounds: tuple[float, float] = BOUNDS
) -> Told:
    """Set sales and loans to published figures of the year just ended.

    A field with a figure of its own gets its factor, all others the one that makes the total right.
    Moved are those whom the least factor leaves above the threshold of statistics.
    What has no figure is left as it is, and without any figure nothing is touched.

    Args:
        m: A model at the end of a year until which prices are published.
        figures: Revenue above scale of the province and of fields, loans and long loans of all
            sizes, yuan; any of them may be absent.
        bounds: Least and largest factor.

    Raises:
        StateError: The model is not at such a year's end.
    """
    if m.quarter % 4 != 3 or m.year > m.policy.outside.origin or m.twin is not None:
        allowed = f"at the end of a year to {m.policy.outside.origin} and without a twin"
        raise StateError(f"state set in {m.year}, quarter {m.quarter % 4 + 1}: allowed: {allowed}")
    if not figures:
        return Told({}, (), 0.0, {})
    before, owed = _measured(m), _owed(m)
    moves = m.enterprises.above_scale & (m.enterprises.last_revenue >= THRESHOLD / bounds[0])
    factors = _sales_factors(m, figures, moves)
    refused = _set_sales(m, factors, bounds, moves)
    told = {name: float(factors[i]) for i, name in enumerate(FIELDS) if factors[i] != 1.0}
    debts = _debt_factors(m, figures)
    out = [name for name, g in debts.items() if not bounds[0] <= g <= bounds[1]]
    # Short and long loans make up one published stock: it is set as a whole or not at all.
    owners = 0.0 if out else _set_debts(m, debts)
    m.banks.credit *= _owed(m) / max(owed, 1.0)
    after = _measured(m)
    moved = {key: after[key] / value for key, value in before.items() if value > 0.0}
    return Told(told | ({} if out else debts), (*refused, *out), owners, moved)


def _measured(m: ClusterPolicyModel) -> dict[Key, float]:
    """Figures that setting moves, of the year just ended or at its end, yuan."""
    e = m.enterprises
    sales = e.weight * e.above_scale * e.last_revenue
    by_field = np.bincount(e.field, sales, len(FIELDS))
    county = m.places.registered_county[e.county_cluster]
    hightech = [FIELDS.index(name) for name in HIGHTECH_FIELDS]
    return {("revenue", "field", name): float(by_field[i]) for i, name in enumerate(FIELDS)} | {
        REVENUE: float(by_field.sum()),
        ("hightech_revenue", "province", REGION.id): float(by_field[hightech].sum()),
        ("county_clusters_revenue", "province", REGION.id): dot(sales, county),
        LOANS: _owed(m),
        LONG_LOANS: dot(e.weight, e.debt_long),
    }


def _owed(m: ClusterPolicyModel) -> float:
    return dot(m.enterprises.weight, m.enterprises.debt_short + m.enterprises.debt_long)


def _sales_factors(m: ClusterPolicyModel, figures: Mapping[Key, float], moves: Flag) -> Array:
    """What sales of those who move are multiplied by to meet the figures, shape (fields,)."""
    e, factors, own = m.enterprises, np.ones(len(FIELDS)), np.zeros(len(FIELDS), dtype=bool)
    sales = e.weight * e.above_scale * e.last_revenue
    moved, stay = (np.bincount(e.field, sales * who, len(FIELDS)) for who in (moves, ~moves))
    for i, name in enumerate(FIELDS):
        figure = figures.get(("revenue", "field", name))
        if figure is not None and moved[i] > 0.0:
            factors[i], own[i] = (figure - stay[i]) / moved[i], True
    if REVENUE in figures:
        rest = figures[REVENUE] - float(stay.sum()) - dot(factors[own], moved[own])
        factors[~own] = rest / float(moved[~own].sum())
    return factors


def _set_sales(
    m: ClusterPolicyModel, factors: Array, bounds: tuple[float, float], moves: Flag
) -> list[str]:
    """Multiply sales, and what hangs on them; returns the fields that are refused.

    Args:
        m: The model.
        factors: What each field is multiplied by; that of a field refused becomes one.
        bounds: Least and largest factor.
        moves: Whose sales move, shape (rows,).
    """
    e, p, n = m.enterprises, m.parameters, len(FIELDS)
    mass = competitiveness(e.size_level, e.size_noise, e.productivity, e.appeal, p["sigma"])
    mass = e.weight * moves * mass * kept(e.unit_cost, p["cost_passed"], p["sigma"])
    taken = (factors - 1.0) * np.bincount(e.field, mass, n)
    no = (factors < bounds[0]) | (factors > bounds[1]) | (taken >= m.markets.outside_mass)
    refused = [FIELDS[i] for i in np.flatnonzero(no)]
    factors[no], taken[no] = 1.0, 0.0
    times = np.where(moves, factors.take(e.field), 1.0)
    knowledge = np.bincount(e.pool, e.weight * e.knowledge, m.places.number_of_pools)
    real, staff = dot(e.weight, e.value_added), dot(e.weight, e.employees)
    e.size_level = e.size_level + log(times)
    m.markets.outside_mass = m.markets.outside_mass - taken
    for name in WITH_SALES:
        setattr(e, name, getattr(e, name) * times)
    more = np.bincount(e.pool, e.weight * e.knowledge, m.places.number_of_pools)
    known = knowledge > 0.0
    m.innovation.pool_knowledge = m.innovation.pool_knowledge * np.divide(
        more, knowledge, out=np.ones(len(known)), where=known
    )
    if m.labour.previous is not None:
        # Wages follow what changes from quarter to quarter, not what is set between two.
        now = dot(e.weight, e.value_added), dot(e.weight, e.employees)
        before_real, before_staff = m.labour.previous
        m.labour.previous = (before_real * now[0] / real, before_staff * now[1] / staff)
    return refused


def _debt_factors(m: ClusterPolicyModel, figures: Mapping[Key, float]) -> dict[str, float]:
    """Published over simulated loans; long and short ones alike where only all are known."""
    long = dot(m.enterprises.weight, m.enterprises.debt_long)
    short = _owed(m) - long
    found = {}
    if LONG_LOANS in figures:
        found["debt_long"] = figures[LONG_LOANS] / long
    if LOANS in figures:
        alike = figures[LOANS] / (long + short)
        left = figures[LOANS] - found.setdefault("debt_long", alike) * long
        found["debt_short"] = left / short
    return found


def _set_debts(m: ClusterPolicyModel, factors: Mapping[str, float]) -> float:
    """Multiply loans against cash; returns what owners bring where cash lacks, yuan."""
    e = m.enterprises
    cash = e.cash
    for name, times in factors.items():
        cash = cash + (times - 1.0) * getattr(e, name)
        parts = (name, "debt_line", "debt_covered") if name == "debt_long" else (name,)
        for part in parts:
            setattr(e, part, times * getattr(e, part))
    brought = np.maximum(-cash, 0.0)
    if factors:
        e.cash = cash + brought
    return dot(e.weight, brought)


def run_set(
    chunk: Chunk, year: int, figures: Mapping[Key, float], bounds: tuple[float, float] = BOUNDS
) -> ChunkResult:
    """Make the runs of a chunk, each with its state set at the end of a year by its own miss.

    Figures up to the year are told as if the run had come to its state by itself: multiplied by
    what setting multiplied that of the year by. So what is left of a miss is what is still missed.

    Args:
        chunk: The runs.
        year: Year at whose end state is set.
        figures: Figures of it, yuan.
        bounds: Least and largest factor.
    """
    population, tables = load_population(Path(chunk.population.path)), []
    for run in chunk.runs:
        scenario = drawn((run, chunk.scenarios[run.scenario]))
        m = ClusterPolicyModel(scenario, rng=run.seed, population=population)
        m.run_until_year(year)
        told = assimilate_state(m, figures, bounds)
        m.run_until_year(year_of(scenario.end))
        records = m.records()
        keys = zip(*(records[name] for name in ("outcome", "level", "unit_name")), strict=True)
        times = np.array([told.moved.get(key, 1.0) for key in keys])
        records["value"] = records["value"] * np.where(records["year"] <= year, times, 1.0)
        extra = (year, *REFUSED, float(len(told.refused)))
        names = ("year", "outcome", "level", "unit_name", "value")
        columns = {
            name: [*records[name].tolist(), last] for name, last in zip(names, extra, strict=True)
        }
        columns["draw"] = [run.draw.index] * len(columns["value"])
        tables.append(pa.table(columns))
    return ChunkResult(chunk, (), (), pa.concat_tables(tables), None)
