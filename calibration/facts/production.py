"""Productivity, plant, labour and energy, as facts measure them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.facts import estimators as fit
from jiqun.calibration.facts.panels import (
    DEARER,
    END,
    FIRST,
    LAST,
    Measured,
    between,
    column,
    field_year,
    finite,
    flags,
    lagged,
    logs,
    staying,
)
from jiqun.calibration.panel import lag

if TYPE_CHECKING:
    from jiqun.calibration.facts.panels import Panels


def incumbents(data: Panels) -> Measured:
    """Yearly growth of productivity of those above scale in both years, weighted by output."""
    frame = data.main
    tfp = column(frame, "tfp")
    change = tfp - lagged(frame, tfp)
    kept = staying(frame, FIRST + 1, LAST) & np.isfinite(change)
    w = (column(frame, "weight") * column(frame, "value_added_real"))[kept]
    value = float(np.average(change[kept], weights=w))
    return Measured(value, 0.0 < value < 0.0796, int(kept.sum()))


def revenue_productivity(data: Panels) -> Measured:
    """Spread of log productivity in a field and year."""
    frame = data.main
    tfp = column(frame, "tfp")
    kept = between(frame, LAST, LAST) & flags(frame, "above") & np.isfinite(tfp)
    w = column(frame, "weight")[kept]
    gap = fit.within(tfp[kept], w, field_year(frame)[kept])
    value = float(np.sqrt(np.average(gap**2, weights=w)))
    low, high = fit.quantile(gap, w, [0.1, 0.9])
    return Measured(value, 0.6 <= value <= 0.75, int(kept.sum()), {"90_to_10": float(high - low)})


def persistence(data: Panels) -> Measured:
    """Log productivity on its lag, pooled, with field-year effects."""
    frame = data.main
    tfp = column(frame, "tfp")
    before, earlier = lagged(frame, tfp), lagged(frame, tfp, 2)
    kept = staying(frame, FIRST + 1, END) & finite(tfp, before)
    w = column(frame, "weight")
    both = fit.within(np.column_stack([tfp[kept], before[kept]]), w[kept], field_year(frame)[kept])
    ids = frame["id"].to_numpy()
    result = fit.least_squares(both[:, 0], both[:, 1:], w[kept], ids[kept])
    # First differences with the level two years before as instrument (Anderson and Hsiao 1981).
    change, change_before = tfp - before, before - earlier
    third = kept & finite(change_before, earlier)
    three = fit.within(
        np.column_stack([change[third], change_before[third], earlier[third]]), w[third],
        field_year(frame)[third],
    )  # fmt: skip
    top, bottom = (np.dot(w[third], three[:, 2] * three[:, k]) for k in (0, 1))
    rho = float(result.coefficient[0])
    spread = fit.within(tfp[kept], w[kept], field_year(frame)[kept])
    return Measured(
        rho, 0.6 <= rho <= 0.95, int(kept.sum()),
        {
            "error": float(result.error[0]),
            "instrumented": float(top / bottom),
            "spread": float(np.sqrt(np.average(spread**2, weights=w[kept]))),
        },
    )  # fmt: skip


def labour_share(data: Panels) -> Measured:
    """Wages over value added, above scale."""
    frame = data.main
    kept = frame[between(frame, FIRST, LAST) & flags(frame, "above")]
    value = float(
        (kept["weight"] * kept["wages"]).sum() / (kept["weight"] * kept["value_added"]).sum()
    )
    return Measured(value, 0.3 <= value <= 0.5, len(kept))


def lumpiness(data: Panels) -> Measured:
    """Share of years in which an enterprise buys no plant; spikes are beside it."""
    frame = data.main
    before = lag(frame, "capital")
    rate = column(frame, "plant_bought") / np.where(before > 0.0, before, np.nan)
    kept = staying(frame, FIRST + 1, LAST) & np.isfinite(rate)
    w = column(frame, "weight")[kept]
    idle = float(np.average(rate[kept] < 0.01, weights=w))
    spike = float(np.average(rate[kept] > 0.2, weights=w))
    bought = float(
        np.dot(w, np.where(rate[kept] > 0.2, column(frame, "plant_bought")[kept], 0.0))
        / np.dot(w, column(frame, "plant_bought")[kept])
    )
    mass, edges = np.histogram(rate[kept], np.arange(0.0, 1.01, 0.02), weights=w)
    return Measured(
        idle, 0.30 <= idle <= 0.50 and 0.15 <= spike <= 0.25, int(kept.sum()),
        {"spikes": spike, "share_of_plant_bought_in_spikes": bought},
        {"simulated": ((edges[1:] + edges[:-1]) / 2.0, mass / w.sum())},
    )  # fmt: skip


def investment_equation(data: Panels) -> Measured:
    """Long-run effect of cash flow on investment, both over plant; that of user cost beside."""
    frame = data.main
    before = lag(frame, "capital")
    before = np.where(before > 0.0, before, np.nan)
    bought = np.clip(column(frame, "plant_bought") / before, 0.0, 2.0)
    flow = np.clip(column(frame, "cash_flow") / before, -1.0, 2.0)
    # The rate at the start of a year: that of its end answers to what was borrowed for plant.
    cost, sales = logs(lag(frame, "user_cost")), logs(column(frame, "revenue_real"))
    sales_change = sales - lagged(frame, sales)
    columns = np.column_stack(
        [
            lagged(frame, bought), flow, lagged(frame, flow), cost, lagged(frame, cost),
            sales_change, lagged(frame, sales_change),
        ]
    )  # fmt: skip
    kept = staying(frame, FIRST + 2, END) & finite(bought, *columns.T)
    w, ids = column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
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


def energy_price(data: Panels) -> Measured:
    """Long-run elasticity of energy use to its price, same enterprises in both runs."""
    kept = data.main[flags(data.main, "above") & ~flags(data.main, "exited")]
    both = kept.merge(data.dearer, on=["id", "year"], suffixes=("", "_dearer"))
    used, used_dearer = column(both, "energy"), column(both, "energy_dearer")
    response = (logs(used_dearer) - logs(used)) / np.log(DEARER)
    year, w = both["year"].to_numpy(), column(both, "weight")
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
