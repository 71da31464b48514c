"""Estimators of studies on the panel of a trial: what a researcher would run on such data.

Least squares are those of statsmodels; effects of enterprises, years and cells are taken out of
both sides first (Frisch, Waugh and Lovell), which leaves the coefficient as it is. Enterprises
count by their weights, as a study of firms counts each once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import statsmodels.api as sm  # type: ignore[import-untyped]

from jiqun.calibration.facts import estimators as fit
from jiqun.model.calendar import FIRST_YEAR
from jiqun.model.dimensions import CITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from jiqun.calibration.trial.form import Panel, TrialRow
    from jiqun.calibration.trial.panel import Customers
    from jiqun.model.dimensions import Array

    Whole = fit.Whole

SPIKE = 0.2
"""Plant bought over plant at hand from which a year is a spike."""
WINSOR = 0.99
"""Part of the enterprises whose investment is taken as it is; more is cut to it, as studies do."""
ROUNDS = 30
"""Rounds in which effects of several groupings are taken out in turn."""


@dataclass(frozen=True)
class Data:
    """What an estimator sees.

    Attributes:
        frame: The panel of the run with the treatment.
        plain: That of the same run without it; None where no estimator looks at it.
        rival: That of the run with a second treatment.
        growth: Sales growth by quarter of the run with the treatment.
        dose: Enterprise to the size of its treatment.
        score: Enterprise to its place in the order of the score.
        cutoff: Place from which enterprises are treated.
        cities: Treated cities, where cities are treated.
        seen: Enterprises in the scope of the study.
        customers: Enterprises that suppliers sell to, where these are hit.
        from_year: First year of the treatment.
        quarters: Quarters that a shock lasts.
    """

    frame: pd.DataFrame
    plain: pd.DataFrame | None
    rival: pd.DataFrame | None
    growth: pd.DataFrame | None
    dose: Mapping[int, float]
    score: Mapping[int, float]
    cutoff: float
    cities: tuple[str, ...]
    seen: Whole
    customers: Customers | None
    from_year: int
    quarters: int = 0


class NothingToSeeError(ValueError):
    """The panel holds nothing that the estimator could compare."""


def estimate(data: Data, row: TrialRow, panel: Panel, unit: str) -> float:
    """The estimate of a row, in its unit.

    Args:
        data: What the estimator sees.
        row: The outcome and its estimator.
        panel: Years and scope.
        unit: Unit of the published estimate; `%` and `points` multiply the result by 100.
    """
    assert row.estimator is not None
    value = ESTIMATORS[row.estimator](data, row, panel)
    if not np.isfinite(value):
        raise NothingToSeeError(f"{row.id}: no estimate")
    return value * {"%": 100.0, "points": 100.0}.get(unit, 1.0)


# what is looked at ------------------------------------------------------------------------------


def _years(panel: Panel) -> list[int]:
    first, last = panel.before
    begin, end = panel.after
    return [*range(first, last + 1), *range(begin, end + 1)]


def window(data: Data, panel: Panel, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Enterprises in scope that are there in every year of the panel.

    Args:
        data: What the estimator sees.
        panel: Years and scope.
        frame: Panel to take the enterprises from; that of the run with the treatment if None.
    """
    frame = data.frame if frame is None else frame
    years = _years(panel)
    part = frame[frame["year"].isin(years) & frame["id"].isin(data.seen) & ~frame["exited"]]
    number = part.groupby("id")["year"].transform("count")
    return part[number == len(years)]


def _dose(data: Data, ids: pd.Series[int]) -> Array:
    return np.asarray(ids.map(data.dose).fillna(0.0), dtype=float)


def _log(part: pd.DataFrame, name: str) -> Array:
    values = part[name].to_numpy(dtype=float)
    return np.log(np.where(values > 0.0, values, np.nan))


def _capital_before(part: pd.DataFrame, from_year: int) -> Array:
    """Plant at the end of the year before treatment, by row."""
    base = part[part["year"] == from_year - 1].set_index("id")["capital"]
    values = part["id"].map(base).to_numpy(dtype=float)
    return np.where(values > 0.0, values, np.nan)


def _investment(part: pd.DataFrame, from_year: int, *, spikes: bool = False) -> Array:
    """Plant bought over plant before treatment; of years with a spike alone where asked."""
    rate = part["plant_bought"].to_numpy(dtype=float) / _capital_before(part, from_year)
    known = np.isfinite(rate)
    weight = part["weight"].to_numpy(dtype=float)
    most = float(fit.quantile(rate[known], weight[known], WINSOR))
    rate = np.minimum(rate, most)
    if spikes:
        held = part["capital"].to_numpy(dtype=float) - part["plant_bought"].to_numpy(dtype=float)
        bought = part["plant_bought"].to_numpy(dtype=float)
        rate = np.where(bought > SPIKE * np.maximum(held, 1.0), rate, 0.0)
    return rate


LOGS = {
    "employment": "employees", "energy": "energy", "loans": "debt", "reported_rd": "rd_reported",
    "real_rd": "rd",
}  # fmt: skip
"""Outcomes that are looked at in logs, with their column."""
LEVELS = ("investment", "spike_investment")
"""Outcomes whose effect is told over the mean of the untreated."""


def values_of(part: pd.DataFrame, outcome: str, from_year: int) -> Array:
    """An outcome by row of a panel.

    Args:
        part: A panel, one row an enterprise and year.
        outcome: Name of an outcome, or of a column.
        from_year: First year of the treatment; investment is told over plant before it.
    """
    if outcome in LOGS:
        return _log(part, LOGS[outcome])
    if outcome == "tfp":
        return part["tfp_revenue"].to_numpy(dtype=float)
    if outcome in LEVELS:
        return _investment(part, from_year, spikes=outcome == "spike_investment")
    if outcome == "relabelled":
        reported = part["rd_reported"].to_numpy(dtype=float)
        real = part["rd"].to_numpy(dtype=float)
        return np.where(reported > 0.0, 1.0 - real / np.maximum(reported, 1.0), np.nan)
    return part[outcome].to_numpy(dtype=float)


def _told(effect: float, outcome: str, untreated: float) -> float:
    """An effect as a share: of a log, or over the mean of the untreated."""
    if outcome in LEVELS:
        return effect / untreated
    if outcome in LOGS or outcome == "city_employment":
        return float(np.expm1(effect))
    return effect


# least squares ----------------------------------------------------------------------------------


def coefficient(y: Array, columns: Array, weight: Array, *effects: Whole) -> Array:
    """Weighted least squares of y on columns, with an effect of each group of each grouping.

    Args:
        y: The outcome, shape (rows,).
        columns: Regressors, shape (rows, coefficients).
        weight: Weight of each row, shape (rows,).
        *effects: Groupings: the group of each row, shape (rows,) each.
    """
    both = np.column_stack([y, columns])
    less = fit.within(both, weight, *effects, rounds=ROUNDS) if effects else both
    result: Array = np.asarray(sm.WLS(less[:, 0], less[:, 1:], weights=weight).fit().params)
    return result


def _fitted(
    part: pd.DataFrame, y: Array, dose: Array, from_year: int, *cells: Whole
) -> tuple[float, float]:
    """Coefficient of treatment, and the mean of the untreated after it began."""
    known = np.isfinite(y)
    after = part["year"].to_numpy() >= from_year
    w = part["weight"].to_numpy(dtype=float)
    ids = part["id"].to_numpy()
    once = np.bincount(np.unique(ids[known], return_inverse=True)[1])
    whole = np.zeros(len(y), dtype=bool)
    # An enterprise that is known in one year alone says nothing beside its own effect.
    whole[known] = (once > 1)[np.unique(ids[known], return_inverse=True)[1]]
    column = dose * after
    if not np.ptp(dose[whole]):
        raise NothingToSeeError("all or none are treated")
    groups = [ids[whole], *(cell[whole] for cell in cells)]
    found = coefficient(y[whole], np.asarray(column[whole], dtype=float), w[whole], *groups)
    rest = whole & after & (dose == 0.0)
    if not rest.any():
        return float(found[0]), float("nan")
    return float(found[0]), float(np.average(y[rest], weights=w[rest]))


def did(data: Data, row: TrialRow, panel: Panel) -> float:
    """Difference in differences with enterprise and year effects; of doses, for a rise of `per`.

    Args:
        data: What the estimator sees.
        row: Outcome that is estimated; `over` names the one its effect is divided by.
        panel: Years and scope.
    """
    if row.outcome == "city_employment":
        return _by_city(data, panel)
    if row.outcome == "sales_growth":
        return _of_customers(data, panel)
    part = window(data, panel)
    dose = _dose(data, part["id"])
    found = [_one_did(data, part, dose, row, name) for name in (row.outcome, row.over) if name]
    return found[0] / found[1] if row.over else found[0]


def _one_did(data: Data, part: pd.DataFrame, dose: Array, row: TrialRow, outcome: str) -> float:
    y = values_of(part, outcome, data.from_year)
    levels = len(set(data.dose.values()) - {0.0}) > 1
    column = np.log1p(row.per * dose) if levels else dose
    effect, untreated = _fitted(part, y, column, data.from_year, part["year"].to_numpy())
    if levels:
        effect *= np.log1p(row.per)
    if row.over:
        return effect
    return _told(effect, outcome, untreated)


def _by_city(data: Data, panel: Panel) -> float:
    """Jobs of all industry by city; cities count by their jobs at the start."""
    frame = data.frame[data.frame["year"].isin(_years(panel)) & ~data.frame["exited"]]
    jobs = (frame["weight"] * frame["employees"]).groupby([frame["city"], frame["year"]]).sum()
    table = jobs.reset_index(name="jobs")
    first = table[table["year"] == table["year"].min()].set_index("city")["jobs"]
    treated = [CITIES.index(name) for name in data.cities]
    column = table["city"].isin(treated) & (table["year"] >= data.from_year)
    found = coefficient(
        np.log(table["jobs"].to_numpy()), np.asarray(column, dtype=float),
        table["city"].map(first).to_numpy(dtype=float),
        table["city"].to_numpy(), table["year"].to_numpy(),
    )  # fmt: skip
    return _told(float(found[0]), "city_employment", 0.0)


def _of_customers(data: Data, panel: Panel) -> float:
    """Growth of customers' sales; enterprise effects, and quarter effects by number of suppliers.

    Who has many suppliers is likelier to have one that is hit, and may grow otherwise anyway.
    """
    assert data.growth is not None
    assert data.customers is not None
    known = data.customers
    frame = data.growth[data.growth["id"].isin(np.intersect1d(data.seen, known.ids))]
    last = 4 * (data.from_year - FIRST_YEAR) + data.quarters
    year = frame["quarter"] // 4 + FIRST_YEAR
    frame = frame[(year >= panel.before[0]) & (frame["quarter"] < last)]
    number = frame.groupby("id")["quarter"].transform("count")
    frame = frame[number == number.max()]
    place = np.searchsorted(known.ids, frame["id"].to_numpy())
    exposed, quarter = known.exposed[place], frame["quarter"].to_numpy()
    if not exposed.any() or exposed.all():
        raise NothingToSeeError("all or none of the customers are exposed")
    column = exposed & (quarter >= 4 * (data.from_year - FIRST_YEAR))
    found = coefficient(
        frame["growth"].to_numpy(), column.astype(float), np.ones(len(frame)),
        frame["id"].to_numpy(), known.suppliers[place] * 1_000 + quarter,
    )  # fmt: skip
    return float(found[0])


def triple(data: Data, row: TrialRow, panel: Panel) -> float:
    """Triple difference: enterprise, city-year and field-year effects.

    Where small enterprises are set against large, the third difference is size: the effect on the
    small less that on the large, with city-year and size-year effects.

    Args:
        data: What the estimator sees.
        row: Outcome that is estimated; `small` is the staff under which an enterprise is small.
        panel: Years and scope.
    """
    part = window(data, panel)
    dose, year = _dose(data, part["id"]), part["year"].to_numpy()
    assert row.outcome is not None
    y = values_of(part, row.outcome, data.from_year)
    city = part["city"].to_numpy() * 10_000 + year
    if row.small is not None:
        base = part[part["year"] == data.from_year - 1].set_index("id")["employees"]
        small = (part["id"].map(base) < row.small).to_numpy()
        cells = [city, small * 10_000 + year]
        effect, untreated = _fitted(part, y, dose * small, data.from_year, *cells)
        return _told(effect, row.outcome, untreated)
    field = part["field"].to_numpy() * 10_000 + year
    effect, untreated = _fitted(part, y, dose, data.from_year, city, field)
    return _told(effect, row.outcome, untreated)


def event_study(data: Data, row: TrialRow, panel: Panel) -> float:
    """Effect in the last year against the last before, from leads and lags of each year.

    Args:
        data: What the estimator sees.
        row: Outcome that is estimated.
        panel: Years and scope.
    """
    part = window(data, panel)
    assert row.outcome is not None
    y = values_of(part, row.outcome, data.from_year)
    dose, year = _dose(data, part["id"]), part["year"].to_numpy()
    base = panel.before[1]
    others = [each for each in _years(panel) if each != base]
    columns = np.column_stack([dose * (year == each) for each in others])
    known, w = np.isfinite(y), part["weight"].to_numpy(dtype=float)
    found = coefficient(
        y[known], columns[known], w[known], part["id"].to_numpy()[known], year[known]
    )
    rest = known & (dose == 0.0) & (year == others[-1])
    untreated = float(np.average(y[rest], weights=w[rest])) if rest.any() else float("nan")
    return _told(float(found[-1]), row.outcome, untreated)


def rd(data: Data, row: TrialRow, panel: Panel) -> float:
    """Regression discontinuity: local lines on both sides of the cut-off, triangular weights.

    The outcome is looked at from the year before to the last one: growth of loans, plant bought
    over plant before (over what those just below buy), and whether an enterprise left with debts
    that it could not pay.

    Args:
        data: What the estimator sees.
        row: Outcome that is estimated, with the bandwidth in parts of the ranked eligible.
        panel: Years and scope.
    """
    last = panel.after[1]
    frame = data.frame[data.frame["id"].isin(data.seen)]
    before = frame[frame["year"] == data.from_year - 1].set_index("id")
    after = frame[(frame["year"] >= panel.after[0]) & (frame["year"] <= last)]
    ids = before.index[before.index.isin(list(data.score))]
    place = np.array([data.score[i] for i in ids]) - data.cutoff
    y = _since(before.loc[ids], after, row.outcome or "", last)
    near = np.isfinite(y) & (np.abs(place) < row.bandwidth)
    above = place >= 0.0
    if not (near & above).any() or not (near & ~above).any():
        raise NothingToSeeError("nobody near the cut-off")
    kernel = 1.0 - np.abs(place) / row.bandwidth
    w = before.loc[ids, "weight"].to_numpy(dtype=float) * np.maximum(kernel, 0.0)
    columns = np.column_stack([above, np.ones(len(ids)), place, place * above]).astype(float)
    found = coefficient(y[near], columns[near], w[near])
    effect, untreated = float(found[0]), float(found[1])
    return effect / untreated if row.outcome in LEVELS else _told(effect, row.outcome or "", 0.0)


def _since(before: pd.DataFrame, after: pd.DataFrame, outcome: str, last: int) -> Array:
    """An outcome of the years after by enterprise; NaN where it cannot be told."""
    ids = before.index
    if outcome == "default":
        failed = after[after["exited"] & (after["unpaid"] > 0.0)]["id"]
        return np.asarray(ids.isin(failed), dtype=float)
    stayed = after[~after["exited"] & (after["year"] == last)].set_index("id")
    if outcome == "investment":
        bought = after.groupby("id")["plant_bought"].sum().reindex(ids).to_numpy(dtype=float)
        rate = bought / np.maximum(before["capital"].to_numpy(dtype=float), 1.0)
        rate = np.where(ids.isin(stayed.index), rate, np.nan)
        known = np.isfinite(rate)
        weight = before["weight"].to_numpy(dtype=float)
        return np.minimum(rate, float(fit.quantile(rate[known], weight[known], WINSOR)))
    end = stayed[LOGS[outcome]].reindex(ids).to_numpy(dtype=float)
    start = before[LOGS[outcome]].to_numpy(dtype=float)
    both = (end > 0.0) & (start > 0.0)
    return np.where(both, np.log(np.where(both, end, 1.0) / np.where(both, start, 1.0)), np.nan)


# with and without -------------------------------------------------------------------------------


def _both(data: Data, panel: Panel, other: pd.DataFrame | None = None) -> pd.DataFrame:
    """The same enterprises with and without, in the last year of the panel."""
    assert data.plain is not None
    last = panel.after[1]
    given = data.frame if other is None else other
    parts = [
        frame[(frame["year"] == last) & frame["id"].isin(data.seen) & ~frame["exited"]]
        for frame in (data.plain, given)
    ]
    return parts[0].merge(parts[1], on=["id", "year"], suffixes=("", "_arm"))


def paired(data: Data, row: TrialRow, panel: Panel) -> float:
    """Mean over the treated of an outcome with treatment less that without, in the last year.

    Args:
        data: What the estimator sees.
        row: Outcome that is estimated.
        panel: Years and scope; the last year after counts.
    """
    two = _both(data, panel)
    two = two[_dose(data, two["id"]) != 0.0]
    assert row.outcome is not None
    arm = two[["id", "year", "weight"]].assign(
        **{name.removesuffix("_arm"): two[name] for name in two.columns if name.endswith("_arm")}
    )
    gap = values_of(arm, row.outcome, data.from_year) - values_of(two, row.outcome, data.from_year)
    known = np.isfinite(gap)
    if not known.any():
        raise NothingToSeeError("nobody is treated")
    mean = float(np.average(gap[known], weights=two["weight"].to_numpy()[known]))
    return _told(mean, row.outcome, 0.0)


def elasticity(data: Data, row: TrialRow, panel: Panel) -> float:
    """Elasticity of R&D to its user cost, sign turned, in the last year, of sums of the treated.

    Args:
        data: What the estimator sees.
        row: Outcome that is estimated, one of `LOGS`.
        panel: Years and scope; the last year after counts.
    """
    two = _both(data, panel)
    name = LOGS[row.outcome or ""]
    two = two[(two[name] > 0.0) & (_dose(data, two["id"]) != 0.0)]
    w = two["weight"].to_numpy(dtype=float)
    growth = np.log(float((w * two[f"{name}_arm"]).sum()) / float((w * two[name]).sum()))
    fall = np.average(np.log(two["rd_cost_arm"] / two["rd_cost"]), weights=w * two["rd"])
    return float(-growth / fall)


def share(data: Data, row: TrialRow, panel: Panel) -> float:
    """A share, of sums over the enterprises in scope in the years after.

    Args:
        data: What the estimator sees.
        row: Outcome that is estimated: `adopted`, or else R&D reported that was not done.
        panel: Years and scope; all years after count.
    """
    frame = data.frame[data.frame["id"].isin(data.seen)]
    frame = frame[(frame["year"] >= panel.after[0]) & (frame["year"] <= panel.after[1])]
    w = frame["weight"]
    if row.outcome == "adopted":
        return float((w * frame["adopted"]).sum() / (w * frame["audited"]).sum())
    treated = _dose(data, frame["id"]) != 0.0
    part = frame[treated & (frame["rd_reported"] > 0.0).to_numpy()]
    weight = part["weight"]
    return 1.0 - float((weight * part["rd"]).sum() / (weight * part["rd_reported"]).sum())


def odds_ratio(data: Data, row: TrialRow, panel: Panel) -> float:
    """Move of the log odds of adoption by the treatment over that by the rival.

    Args:
        data: What the estimator sees.
        row: Not looked at: the outcome is always adoption.
        panel: Years and scope; all years after count.
    """
    assert data.plain is not None
    assert data.rival is not None
    odds = []
    for frame in (data.plain, data.frame, data.rival):
        years = (frame["year"] >= panel.after[0]) & (frame["year"] <= panel.after[1])
        part = frame[years & frame["id"].isin(data.seen)]
        w = part["weight"]
        chance = float((w * part["adopted"]).sum() / (w * part["audited"]).sum())
        odds.append(float(np.log(chance / (1.0 - chance))))
    if odds[2] == odds[0]:
        raise NothingToSeeError("the rival treatment moves nobody")
    return (odds[1] - odds[0]) / (odds[2] - odds[0])


def bunching(data: Data, row: TrialRow, panel: Panel) -> float:
    """Excess mass just above the notch over a polynomial through the rest, last year.

    Args:
        data: What the estimator sees.
        row: Not looked at: the notch is always that of reported R&D.
        panel: Years and scope; the last year after counts.
    """
    frame = data.frame[(data.frame["year"] == panel.after[1]) & data.frame["id"].isin(data.seen)]
    ratio = frame["rd_over_notch"].to_numpy(dtype=float)
    known = ratio > 0.0
    weight = frame["weight"].to_numpy(dtype=float)
    return fit.bunching(ratio[known], weight[known], samples=2).excess


ESTIMATORS: Mapping[str, Callable[[Data, TrialRow, Panel], float]] = {
    "did": did, "triple": triple, "event_study": event_study, "rd": rd, "bunching": bunching,
    "elasticity": elasticity, "share": share, "paired": paired, "odds_ratio": odds_ratio,
}  # fmt: skip
"""Estimators by the names that files use."""
NEEDS_PLAIN = ("paired", "elasticity", "odds_ratio")
"""Estimators that follow the same enterprises without the treatment."""
