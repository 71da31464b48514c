"""How each stylised fact is measured on the simulated panel.

A measure takes the panels of one seed and gives a value, whether it meets the target and what else
is worth knowing. Targets are those of `stylised_facts.csv`; where the table has several or words
only, the measure says what it asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from calibration import facts_estimators as fit
from calibration.panel import lag
from model.scenario import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from model.scenario import Array

    Flag = npt.NDArray[np.bool_]

FIRST, LAST, END = 2019, 2023, 2027
"""Years that facts are measured in; windows of five years and more go on to the end."""
DEARER = 1.1
"""Energy price of the second run over that of the first."""


@dataclass(frozen=True)
class Panels:
    """The panels of one seed.

    Attributes:
        main: The panel, 2019 to 2027.
        dearer: The same with energy dearer by a tenth from the start.
    """

    main: pd.DataFrame
    dearer: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """A fact as measured in one seed.

    Attributes:
        value: The headline number.
        passed: Whether the target is met.
        observations: Rows it rests on.
        also: Other numbers, by name.
        picture: Points of the picture: series to (x, y).
    """

    value: float
    passed: bool
    observations: int
    also: Mapping[str, float] = field(default_factory=dict)
    picture: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)


def _column(frame: pd.DataFrame, name: str) -> Array:
    result: Array = frame[name].to_numpy(dtype=np.float64)
    return result


def _log(values: Array) -> Array:
    result: Array = np.log(np.where(values > 0.0, values, np.nan))
    return result


def _lag(frame: pd.DataFrame, values: Array, years: int = 1) -> Array:
    return lag(frame.assign(_lagged=values), "_lagged", years)


def _flag(frame: pd.DataFrame, name: str) -> Flag:
    result: Flag = frame[name].to_numpy(dtype=bool)
    return result


def _years(frame: pd.DataFrame, first: int, last: int) -> Flag:
    result: Flag = frame["year"].between(first, last).to_numpy()
    return result


def _field_year(frame: pd.DataFrame) -> fit.Whole:
    result: fit.Whole = (frame["field"] * 10_000 + frame["year"]).to_numpy()
    return result


def _finite(*columns: Array) -> Flag:
    result: Flag = np.all([np.isfinite(column) for column in columns], axis=0)
    return result


def _staying(frame: pd.DataFrame, first: int, last: int) -> Flag:
    """Above scale this year and the year before, and still there at the year's end."""
    before = lag(frame, "above") == 1.0
    result: Flag = _years(frame, first, last) & before & _flag(frame, "above")
    return result & ~_flag(frame, "exited")


def net_entry(data: Panels) -> Measured:
    """Share of entry to and exit from the above-scale panel in growth of productivity."""
    frame = data.main
    kept = frame[_flag(frame, "above") & np.isfinite(_column(frame, "tfp"))]
    parts, weights, seen = [], [], 0
    for number in range(len(FIELDS)):
        two = [kept[(kept["field"] == number) & (kept["year"] == year)] for year in (FIRST, END)]
        if min(len(part) for part in two) < 50:
            continue
        parts.append(
            fit.decompose(
                (two[0]["id"].to_numpy(), two[1]["id"].to_numpy()),
                (_column(two[0], "tfp"), _column(two[1], "tfp")),
                tuple(_column(p, "weight") * _column(p, "value_added_real") for p in two),  # type: ignore[arg-type]
            )
        )
        weights.append(sum(float((p["weight"] * p["value_added"]).sum()) for p in two))
        seen += sum(len(part) for part in two)
    share = np.array(weights) / sum(weights)

    def mean(name: str) -> float:
        return float(np.dot(share, [getattr(part, name) for part in parts]))

    value = (mean("entry") + mean("exit")) / mean("total")
    also = {name: mean(name) for name in ("total", "within", "between", "cross", "entry", "exit")}
    return Measured(value, 0.50 <= value <= 0.70, seen, also)


def shadow_of_death(data: Panels) -> Measured:
    """Log productivity in the three years before exit against others, with field-year effects."""
    frame = data.main
    last = frame["id"].map(frame.loc[_flag(frame, "exited")].set_index("id")["year"])
    left = (last - frame["year"]).to_numpy(dtype=np.float64)
    tfp = _column(frame, "tfp")
    kept = _years(frame, FIRST, END - 3) & _flag(frame, "above") & np.isfinite(tfp)
    kept &= ~_flag(frame, "exited")
    w = _column(frame, "weight")[kept]
    columns = np.stack([left[kept] == k for k in (3, 2, 1)], axis=1).astype(np.float64)
    together = fit.within(np.column_stack([tfp[kept], columns]), w, _field_year(frame)[kept])
    ids = frame["id"].to_numpy()[kept]
    result = fit.least_squares(together[:, 0], together[:, 1:], w, ids)
    pooled = fit.within(
        np.column_stack([tfp[kept], columns.sum(axis=1)]), w, _field_year(frame)[kept]
    )
    overall = fit.least_squares(pooled[:, 0], pooled[:, 1:], w, ids)
    also = {f"t-{k}": float(c) for k, c in zip((3, 2, 1), result.coefficient, strict=True)}
    return Measured(
        float(overall.coefficient[0]), overall.t(0) < -1.96, int(kept.sum()),
        also | {"t_statistic": overall.t(0)},
    )  # fmt: skip


def size_tail(data: Panels) -> Measured:
    """Exponent of the upper tail of sales in 2023."""
    frame = data.main
    kept = _years(frame, LAST, LAST) & _flag(frame, "above") & (_column(frame, "revenue") > 0.0)
    sales, w = _column(frame, "revenue")[kept], _column(frame, "weight")[kept]
    tail = fit.power_law_tail(sales, w)
    jobs = fit.power_law_tail(_column(frame, "employees")[kept], w)
    order = np.argsort(-sales)
    rank = w[order].cumsum() / w.sum()
    shown = np.unique(np.geomspace(1, len(sales), 60).astype(int)) - 1
    passed = 0.9 <= tail.exponent <= 1.3 and tail.p_value >= 0.1 and tail.against_lognormal > -1.96
    return Measured(
        tail.exponent, passed, tail.observations,
        {
            "p_value": tail.p_value,
            "ratio_to_lognormal": tail.against_lognormal,
            "exponent_of_jobs": jobs.exponent,
            "p_value_of_jobs": jobs.p_value,
        },
        {"simulated": (sales[order][shown], rank[shown])},
    )  # fmt: skip


def _growth(frame: pd.DataFrame) -> tuple[Array, Array, Flag]:
    """Log growth of sales less that of its field and year, log size before, and of whom.

    Of all above scale the year before, those too that fell below: to look at those who stayed only
    would cut off the falls of the small ones (Hall 1987).
    """
    sales = _log(_column(frame, "revenue_real"))
    before = _lag(frame, sales)
    growth = sales - before
    kept = _years(frame, FIRST + 1, LAST) & (lag(frame, "above") == 1.0)
    kept &= ~_flag(frame, "exited") & np.isfinite(growth)
    w = _column(frame, "weight")
    return fit.within(growth[kept], w[kept], _field_year(frame)[kept]), before[kept], kept


def growth_shape(data: Panels) -> Measured:
    """Shape of the distribution of growth rates of sales."""
    frame = data.main
    growth, _, kept = _growth(frame)
    w = _column(frame, "weight")[kept]
    result = fit.subbotin(growth, w)
    old = ~_flag(frame, "plant")[kept]
    mass, edges = np.histogram(growth, np.linspace(-1.0, 1.0, 81), weights=w, density=True)
    middle = (edges[1:] + edges[:-1]) / 2.0
    size = np.abs(growth)
    large = size > fit.quantile(size, w, 0.99)
    least = size[large].min()
    tail = float(w[large].sum() / np.dot(w[large], np.log(size[large] / least)))
    passed = 0.6 <= result.shape <= 1.2 and result.shape + 1.96 * result.error < 2.0
    return Measured(
        result.shape, passed, result.observations,
        {
            "error": result.error,
            "spread": float(np.sqrt(np.average(growth**2, weights=w))),
            "shape_without_new_plants": fit.subbotin(growth[old], w[old]).shape,
            "tail_exponent": tail,
        },
        {"simulated": (middle, mass)},
    )  # fmt: skip


def size_variance(data: Panels) -> Measured:
    """Slope of the log spread of growth on log size."""
    frame = data.main
    growth, size, kept = _growth(frame)
    w, old = _column(frame, "weight")[kept], ~_flag(frame, "plant")[kept]
    result = fit.size_variance(growth, size, w)
    slope = float(result.coefficient[0])
    settled = float(fit.size_variance(growth[old], size[old], w[old]).coefficient[0])
    stays = _flag(frame, "above")[kept]
    staying = float(fit.size_variance(growth[stays], size[stays], w[stays]).coefficient[0])
    return Measured(
        slope, -0.15 <= slope <= 0.0, len(growth),
        {"error": float(result.error[0]), "slope_without_new_plants": settled,
         "slope_of_those_that_stayed_above": staying},
    )  # fmt: skip


def exit_rate(data: Panels) -> Measured:
    """Exits a year over the stock, all sizes, mean of the years."""
    frame = data.main
    kept = _years(frame, FIRST, LAST)
    w, gone = _column(frame, "weight")[kept], _flag(frame, "exited")[kept]
    value = float(w[gone].sum() / w.sum())
    return Measured(value, 0.06 <= value <= 0.095, int(kept.sum()))


def exit_by_age(data: Panels) -> Measured:
    """Age at which the hazard of exit is highest, in full years since foundation."""
    frame = data.main
    kept = _years(frame, FIRST, LAST)
    age = np.floor(_column(frame, "age")[kept] - 1e-9).clip(0, 19).astype(np.int64)
    w, gone = _column(frame, "weight")[kept], _flag(frame, "exited")[kept]
    hazard = np.bincount(age, w * gone, 20) / np.maximum(np.bincount(age, w, 20), 1e-12)
    young = hazard[:13]
    peak = int(np.argmax(young))
    passed = (
        2 <= peak <= 4 and abs(hazard[0] - 0.016) <= 0.015 and abs(young[peak] - 0.095) <= 0.015
    )
    return Measured(
        float(peak), passed, int(kept.sum()),
        {"first_year": float(hazard[0]), "at_peak": float(young[peak])},
        {"simulated": (np.arange(20.0), hazard)},
    )  # fmt: skip


def survival(data: Panels) -> Measured:
    """Hazard of exit next year on log size, R&D intensity and its square, above scale."""
    frame = data.main
    ahead = frame.iloc[::-1]
    gone = lag(ahead.assign(year=-ahead["year"]), "exited")[::-1] == 1.0
    there = np.isfinite(lag(ahead.assign(year=-ahead["year"]), "exited")[::-1])
    size = _log(_column(frame, "revenue"))
    intensity = np.minimum(_column(frame, "rd_reported") / np.maximum(np.exp(size), 1.0), 0.15)
    kept = _years(frame, FIRST, END - 1) & _flag(frame, "above") & there & np.isfinite(size)
    columns = np.column_stack(
        [np.ones(kept.sum()), size[kept], 100 * intensity[kept], (100 * intensity[kept]) ** 2]
    )
    w = _column(frame, "weight")[kept]
    result = fit.binary(gone[kept], columns, w, "cloglog", frame["id"].to_numpy()[kept])
    passed = result.t(1) < -1.96 and result.t(2) < -1.96 and result.t(3) > 1.96
    names = ("size", "rd", "rd_squared")
    return Measured(
        float(result.coefficient[1]), passed, int(kept.sum()),
        {f"t_{name}": result.t(i + 1) for i, name in enumerate(names)}
        | {name: float(result.coefficient[i + 1]) for i, name in enumerate(names)},
    )  # fmt: skip


def rd_bunching(data: Panels) -> Measured:
    """Excess mass of reported R&D over sales within a tenth above the notch of its size."""
    frame = data.main
    sales, rd = _column(frame, "revenue"), _column(frame, "rd_reported")
    kept = _years(frame, FIRST + 1, LAST) & (rd > 0.0) & (sales > 0.0) & ~_flag(frame, "exited")
    notch = np.where(sales <= 50e6, 0.05, np.where(sales <= 200e6, 0.04, 0.03))
    ratio, w = (rd[kept] / sales[kept]) / notch[kept], _column(frame, "weight")[kept]
    result = fit.bunching(ratio, w)
    mass, edges = np.histogram(ratio, np.arange(0.4, 2.001, 0.05), weights=w)
    also = {
        f"excess_at_{100 * level:.0f}": fit.bunching(ratio[here], w[here], samples=2).excess
        for level in (0.03, 0.04, 0.05)
        for here in [notch[kept] == level]
    }
    return Measured(
        result.excess, result.excess > 1.96 * result.error and result.excess > 0.1,
        result.observations, {"error": result.error} | also,
        {"simulated": ((edges[1:] + edges[:-1]) / 2.0, mass / mass.sum())},
    )  # fmt: skip


def lumpiness(data: Panels) -> Measured:
    """Share of years in which an enterprise buys no plant; spikes are beside it."""
    frame = data.main
    before = lag(frame, "capital")
    rate = _column(frame, "plant_bought") / np.where(before > 0.0, before, np.nan)
    kept = _staying(frame, FIRST + 1, LAST) & np.isfinite(rate)
    w = _column(frame, "weight")[kept]
    idle = float(np.average(rate[kept] < 0.01, weights=w))
    spike = float(np.average(rate[kept] > 0.2, weights=w))
    bought = float(
        np.dot(w, np.where(rate[kept] > 0.2, _column(frame, "plant_bought")[kept], 0.0))
        / np.dot(w, _column(frame, "plant_bought")[kept])
    )
    mass, edges = np.histogram(rate[kept], np.arange(0.0, 1.01, 0.02), weights=w)
    return Measured(
        idle, 0.30 <= idle <= 0.50 and 0.15 <= spike <= 0.25, int(kept.sum()),
        {"spikes": spike, "share_of_plant_bought_in_spikes": bought},
        {"simulated": ((edges[1:] + edges[:-1]) / 2.0, mass / w.sum())},
    )  # fmt: skip


def persistence(data: Panels) -> Measured:
    """Log productivity on its lag, pooled, with field-year effects."""
    frame = data.main
    tfp = _column(frame, "tfp")
    before, earlier = _lag(frame, tfp), _lag(frame, tfp, 2)
    kept = _staying(frame, FIRST + 1, END) & _finite(tfp, before)
    w = _column(frame, "weight")
    both = fit.within(np.column_stack([tfp[kept], before[kept]]), w[kept], _field_year(frame)[kept])
    ids = frame["id"].to_numpy()
    result = fit.least_squares(both[:, 0], both[:, 1:], w[kept], ids[kept])
    # First differences with the level two years before as instrument (Anderson and Hsiao 1981).
    change, change_before = tfp - before, before - earlier
    third = kept & _finite(change_before, earlier)
    three = fit.within(
        np.column_stack([change[third], change_before[third], earlier[third]]), w[third],
        _field_year(frame)[third],
    )  # fmt: skip
    top, bottom = (np.dot(w[third], three[:, 2] * three[:, k]) for k in (0, 1))
    rho = float(result.coefficient[0])
    spread = fit.within(tfp[kept], w[kept], _field_year(frame)[kept])
    return Measured(
        rho, 0.6 <= rho <= 0.95, int(kept.sum()),
        {
            "error": float(result.error[0]),
            "instrumented": float(top / bottom),
            "spread": float(np.sqrt(np.average(spread**2, weights=w[kept]))),
        },
    )  # fmt: skip


def rd_returns(data: Panels) -> Measured:
    """Marginal product of knowledge over that of plant, enterprises with R&D."""
    frame = data.main
    output = _log(_column(frame, "value_added_real"))
    inputs = [_log(_column(frame, name)) for name in ("capital_real", "employees", "knowledge")]
    kept = _staying(frame, FIRST + 1, END) & _flag(frame, "rd_active") & _finite(output, *inputs)
    w, ids = _column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    table = np.column_stack([output, *inputs])[kept]
    result = fit.within(table, w, _field_year(frame)[kept])
    level = fit.least_squares(result[:, 0], result[:, 1:], w, ids)
    own = fit.within(table, w, ids, _field_year(frame)[kept])
    change = fit.least_squares(own[:, 0], own[:, 1:], w, ids)

    def ratio(found: fit.Fit) -> float:
        stock = [
            float(np.dot(w, _column(frame, name)[kept])) for name in ("capital_real", "knowledge")
        ]
        return float(found.coefficient[2] / stock[1] / (found.coefficient[0] / stock[0]))

    return Measured(
        ratio(level), ratio(level) >= 3.0, int(kept.sum()),
        {
            "elasticity_of_knowledge": float(level.coefficient[2]),
            "elasticity_of_plant": float(level.coefficient[0]),
            "ratio_within_enterprises": ratio(change),
        },
    )  # fmt: skip


def rd_cash_flow(data: Panels) -> Measured:
    """Effect of cash flow on doing R&D (probit) and on its amount (least squares)."""
    frame = data.main
    plant, jobs = lag(frame, "capital"), _log(_column(frame, "employees"))
    # R&D is expensed: cash flow is taken before it, as is usual (Himmelberg and Petersen 1994).
    before_rd = _column(frame, "cash_flow") + _column(frame, "rd")
    flow = _lag(frame, before_rd) / np.where(plant > 0.0, plant, np.nan)
    value, rd = _log(_column(frame, "revenue")), _column(frame, "rd") / plant
    size = _log(plant)
    kept = _staying(frame, FIRST + 1, LAST) & _finite(flow, jobs, value, size, rd)
    w, ids = _column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    low, high = fit.quantile(flow[kept], w, [0.01, 0.99])
    columns = np.column_stack([np.clip(flow, low, high), size, jobs, value])[kept]
    columns = fit.within(columns, w, _field_year(frame)[kept])
    doing = _flag(frame, "rd_active")[kept]
    starts = fit.binary(doing, np.column_stack([columns, np.ones(len(w))]), w, "probit", ids)
    spends = fit.within(np.clip(rd[kept], 0.0, 2.0), w, _field_year(frame)[kept])
    amount = fit.least_squares(spends[doing], columns[doing], w[doing], ids[doing])
    return Measured(
        float(starts.coefficient[0]), starts.t(0) > 1.96 and amount.t(0) > 1.96, int(kept.sum()),
        {"t_doing": starts.t(0), "spending": float(amount.coefficient[0]),
         "t_spending": amount.t(0)},
    )  # fmt: skip


def investment_equation(data: Panels) -> Measured:
    """Long-run effect of cash flow on investment, both over plant; that of user cost beside."""
    frame = data.main
    before = lag(frame, "capital")
    before = np.where(before > 0.0, before, np.nan)
    bought = np.clip(_column(frame, "plant_bought") / before, 0.0, 2.0)
    flow = np.clip(_column(frame, "cash_flow") / before, -1.0, 2.0)
    # The rate at the start of a year: that of its end answers to what was borrowed for plant.
    cost, sales = _log(lag(frame, "user_cost")), _log(_column(frame, "revenue_real"))
    sales_change = sales - _lag(frame, sales)
    columns = np.column_stack(
        [
            _lag(frame, bought), flow, _lag(frame, flow), cost, _lag(frame, cost),
            sales_change, _lag(frame, sales_change),
        ]
    )  # fmt: skip
    kept = _staying(frame, FIRST + 2, END) & _finite(bought, *columns.T)
    w, ids = _column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    table = fit.within(
        np.column_stack([bought, columns])[kept], w, ids, frame["year"].to_numpy()[kept]
    )
    result = fit.least_squares(table[:, 0], table[:, 1:], w, ids)
    c = result.coefficient
    cash, price = (float((c[k] + c[k + 1]) / (1.0 - c[0])) for k in (1, 3))
    return Measured(
        cash, 0.3 <= cash <= 0.9 and -0.15 <= price <= -0.02, int(kept.sum()),
        {"cost_of_capital": price, "sales": float((c[5] + c[6]) / (1.0 - c[0])),
         "lag": float(c[0]), "t_cash": result.t(1), "t_cost": result.t(3)},
    )  # fmt: skip


def take_up(data: Panels) -> Measured:
    """Claiming tax relief for R&D among those with R&D: probit on log size and profit."""
    frame = data.main
    sales, rd = _column(frame, "revenue"), _column(frame, "rd_reported")
    kept = _years(frame, FIRST, FIRST + 2) & (rd > 0.0) & (sales > 0.0) & ~_flag(frame, "exited")
    w, ids = _column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    claimed = _column(frame, "tax_forgone")[kept] > 0.0
    profit = (_column(frame, "profit")[kept] > 0.0).astype(np.float64)
    share = float(np.average(claimed, weights=w))
    size = np.log(sales[kept])
    columns = np.column_stack([size - np.average(size, weights=w), profit, np.ones(len(w))])
    both = fit.binary(claimed, columns, w, "probit", ids)
    alone = fit.binary(claimed, columns[:, [0, 2]], w, "probit", ids)
    return Measured(
        float(both.coefficient[0]), both.t(0) > 1.96 and both.t(1) > 1.96, int(kept.sum()),
        {"t_size": both.t(0), "profit": float(both.coefficient[1]), "claiming": share,
         "size_alone": float(alone.coefficient[0])},
    )  # fmt: skip


def energy_price(data: Panels) -> Measured:
    """Long-run elasticity of energy use to its price, same enterprises in both runs."""
    kept = data.main[_flag(data.main, "above") & ~_flag(data.main, "exited")]
    both = kept.merge(data.dearer, on=["id", "year"], suffixes=("", "_dearer"))
    used, used_dearer = _column(both, "energy"), _column(both, "energy_dearer")
    response = (_log(used_dearer) - _log(used)) / np.log(DEARER)
    year, w = both["year"].to_numpy(), _column(both, "weight")
    there = np.isfinite(response)
    years = np.arange(FIRST, END + 1)
    path, total = np.zeros(len(years)), np.zeros(len(years))
    for i, now in enumerate(years):
        rows = there & (year == now)
        path[i] = np.average(response[rows], weights=w[rows])
        sums = [float(np.dot(w[rows], energy[rows])) for energy in (used_dearer, used)]
        total[i] = np.log(sums[0] / sums[1]) / np.log(DEARER)
    passed = bool(-0.1 <= path[0] <= 0.0 and -0.8 <= path[-1] <= -0.2)
    return Measured(
        float(path[-1]), passed, int(there.sum()),
        {"first_year": float(path[0]), "of_all_energy": float(total[-1])},
        {"simulated": (years.astype(np.float64), path)},
    )  # fmt: skip


def digital_dispersion(data: Panels) -> Measured:
    """Spread of log productivity (90 to 10) on digital adoption, by field and year."""
    frame = data.main
    kept = frame[
        _flag(frame, "above") & np.isfinite(_column(frame, "tfp")) & ~_flag(frame, "exited")
    ]
    rows = []
    for _, part in kept.groupby(["field", "year"]):
        w = _column(part, "weight")
        if len(part) >= 50:
            low, high = fit.quantile(_column(part, "tfp"), w, [0.1, 0.9])
            adopted = float(np.average(part["digital_stage"] >= 2, weights=w))
            place = part.iloc[0][["field", "year"]].astype(float)
            rows.append((*place, high - low, adopted, w.sum()))
    points = np.array(rows, dtype=np.float64)
    number, year, size = points[:, 0].astype(np.int64), points[:, 1].astype(np.int64), points[:, 4]
    table = fit.within(points[:, 2:4], size, number, year)
    result = fit.least_squares(table[:, 0], table[:, 1:], size, number)
    value = float(result.coefficient[0])
    return Measured(value, value > 0.0, len(kept), {"t_statistic": result.t(0)})


def incumbents(data: Panels) -> Measured:
    """Yearly growth of productivity of those above scale in both years, weighted by output."""
    frame = data.main
    tfp = _column(frame, "tfp")
    change = tfp - _lag(frame, tfp)
    kept = _staying(frame, FIRST + 1, LAST) & np.isfinite(change)
    w = (_column(frame, "weight") * _column(frame, "value_added_real"))[kept]
    value = float(np.average(change[kept], weights=w))
    return Measured(value, 0.0 < value < 0.0796, int(kept.sum()))


def revenue_productivity(data: Panels) -> Measured:
    """Spread of log productivity in a field and year."""
    frame = data.main
    tfp = _column(frame, "tfp")
    kept = _years(frame, LAST, LAST) & _flag(frame, "above") & np.isfinite(tfp)
    w = _column(frame, "weight")[kept]
    gap = fit.within(tfp[kept], w, _field_year(frame)[kept])
    value = float(np.sqrt(np.average(gap**2, weights=w)))
    low, high = fit.quantile(gap, w, [0.1, 0.9])
    return Measured(value, 0.6 <= value <= 0.75, int(kept.sum()), {"90_to_10": float(high - low)})


def rd_continuation(data: Panels) -> Measured:
    """Share of those with R&D that have it a year later."""
    frame = data.main
    before = lag(frame, "rd_active") == 1.0
    kept = _years(frame, FIRST + 1, LAST) & before & ~_flag(frame, "exited")
    w = _column(frame, "weight")[kept]
    value = float(np.average(_flag(frame, "rd_active")[kept], weights=w))
    return Measured(value, 0.75 <= value <= 0.95, int(kept.sum()))


def labour_share(data: Panels) -> Measured:
    """Wages over value added, above scale."""
    frame = data.main
    kept = frame[_years(frame, FIRST, LAST) & _flag(frame, "above")]
    value = float(
        (kept["weight"] * kept["wages"]).sum() / (kept["weight"] * kept["value_added"]).sum()
    )
    return Measured(value, 0.3 <= value <= 0.5, len(kept))


def entry_rate(data: Panels) -> Measured:
    """Newly above scale a year over the stock above scale."""
    frame = data.main
    kept = frame[_years(frame, FIRST, LAST) & _flag(frame, "above")]
    value = float(np.average(~kept["was_above"], weights=kept["weight"]))
    return Measured(value, 0.08 <= value <= 0.20, len(kept))


def age_structure(data: Panels) -> Measured:
    """Share of enterprises of all sizes younger than five years, 2023."""
    frame = data.main
    kept = frame[_years(frame, LAST, LAST) & ~_flag(frame, "exited")]
    share = [
        float(np.average((kept["age"] >= low) & (kept["age"] < high), weights=kept["weight"]))
        for low, high in ((0, 5), (5, 10), (10, np.inf))
    ]
    passed = all(
        abs(found - wanted) <= 0.08
        for found, wanted in zip(share, (0.494, 0.329, 0.177), strict=True)
    )
    return Measured(share[0], passed, len(kept), {"five_to_ten": share[1], "older": share[2]})


MEASURES: dict[str, Callable[[Panels], Measured]] = {
    "incumbents": incumbents,
    "net_entry": net_entry,
    "shadow_of_death": shadow_of_death,
    "revenue_productivity": revenue_productivity,
    "size_tail": size_tail,
    "growth_shape": growth_shape,
    "size_variance": size_variance,
    "exit_rate": exit_rate,
    "exit_by_age": exit_by_age,
    "age_structure": age_structure,
    "survival": survival,
    "rd_bunching": rd_bunching,
    "lumpiness": lumpiness,
    "persistence": persistence,
    "rd_returns": rd_returns,
    "rd_continuation": rd_continuation,
    "rd_cash_flow": rd_cash_flow,
    "investment_equation": investment_equation,
    "take_up": take_up,
    "energy_price": energy_price,
    "digital_dispersion": digital_dispersion,
    "labour_share": labour_share,
    "entry_rate": entry_rate,
}
"""Measure of each fact that is measured, by its key in `facts.yaml`."""
