"""R&D, its relief and digital adoption, as facts measure them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.facts import estimators as fit
from jiqun.calibration.facts.panels import (
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


def rd_bunching(data: Panels) -> Measured:
    """Excess mass of reported R&D over sales within a tenth above the notch of its size."""
    frame = data.main
    sales, rd = column(frame, "revenue"), column(frame, "rd_reported")
    kept = between(frame, FIRST + 1, LAST) & (rd > 0.0) & (sales > 0.0) & ~flags(frame, "exited")
    notch = np.where(sales <= 50e6, 0.05, np.where(sales <= 200e6, 0.04, 0.03))
    ratio, w = (rd[kept] / sales[kept]) / notch[kept], column(frame, "weight")[kept]
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


def rd_returns(data: Panels) -> Measured:
    """Marginal product of knowledge over that of plant, enterprises with R&D."""
    frame = data.main
    output = logs(column(frame, "value_added_real"))
    inputs = [logs(column(frame, name)) for name in ("capital_real", "employees", "knowledge")]
    kept = staying(frame, FIRST + 1, END) & flags(frame, "rd_active") & finite(output, *inputs)
    w, ids = column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    table = np.column_stack([output, *inputs])[kept]
    result = fit.within(table, w, field_year(frame)[kept])
    level = fit.least_squares(result[:, 0], result[:, 1:], w, ids)
    own = fit.within(table, w, ids, field_year(frame)[kept])
    change = fit.least_squares(own[:, 0], own[:, 1:], w, ids)

    def ratio(found: fit.Fit) -> float:
        stock = [
            float(np.dot(w, column(frame, name)[kept])) for name in ("capital_real", "knowledge")
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


def rd_continuation(data: Panels) -> Measured:
    """Share of those with R&D that have it a year later."""
    frame = data.main
    before = lag(frame, "rd_active") == 1.0
    kept = between(frame, FIRST + 1, LAST) & before & ~flags(frame, "exited")
    w = column(frame, "weight")[kept]
    value = float(np.average(flags(frame, "rd_active")[kept], weights=w))
    return Measured(value, 0.75 <= value <= 0.95, int(kept.sum()))


def rd_cash_flow(data: Panels) -> Measured:
    """Effect of cash flow on doing R&D (probit) and on its amount (least squares)."""
    frame = data.main
    plant, jobs = lag(frame, "capital"), logs(column(frame, "employees"))
    # R&D is expensed: cash flow is taken before it, as is usual (Himmelberg and Petersen 1994).
    before_rd = column(frame, "cash_flow") + column(frame, "rd")
    flow = lagged(frame, before_rd) / np.where(plant > 0.0, plant, np.nan)
    value, rd = logs(column(frame, "revenue")), column(frame, "rd") / plant
    size = logs(plant)
    kept = staying(frame, FIRST + 1, LAST) & finite(flow, jobs, value, size, rd)
    w, ids = column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    low, high = fit.quantile(flow[kept], w, [0.01, 0.99])
    columns = np.column_stack([np.clip(flow, low, high), size, jobs, value])[kept]
    columns = fit.within(columns, w, field_year(frame)[kept])
    doing = flags(frame, "rd_active")[kept]
    starts = fit.binary(doing, np.column_stack([columns, np.ones(len(w))]), w, "probit", ids)
    spends = fit.within(np.clip(rd[kept], 0.0, 2.0), w, field_year(frame)[kept])
    amount = fit.least_squares(spends[doing], columns[doing], w[doing], ids[doing])
    return Measured(
        float(starts.coefficient[0]), starts.t(0) > 1.96 and amount.t(0) > 1.96, int(kept.sum()),
        {"t_doing": starts.t(0), "spending": float(amount.coefficient[0]),
         "t_spending": amount.t(0)},
    )  # fmt: skip


def take_up(data: Panels) -> Measured:
    """Claiming tax relief for R&D among those with R&D: probit on log size and profit."""
    frame = data.main
    sales, rd = column(frame, "revenue"), column(frame, "rd_reported")
    kept = between(frame, FIRST, FIRST + 2) & (rd > 0.0) & (sales > 0.0) & ~flags(frame, "exited")
    w, ids = column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    claimed = column(frame, "tax_forgone")[kept] > 0.0
    profit = (column(frame, "profit")[kept] > 0.0).astype(np.float64)
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


def digital_dispersion(data: Panels) -> Measured:
    """Spread of log productivity (90 to 10) on digital adoption, by field and year."""
    frame = data.main
    kept = frame[
        flags(frame, "above") & np.isfinite(column(frame, "tfp")) & ~flags(frame, "exited")
    ]
    rows = []
    for _, part in kept.groupby(["field", "year"]):
        w = column(part, "weight")
        if len(part) >= 50:
            low, high = fit.quantile(column(part, "tfp"), w, [0.1, 0.9])
            adopted = float(np.average(part["digital_stage"] >= 2, weights=w))
            place = part.iloc[0][["field", "year"]].astype(float)
            rows.append((*place, high - low, adopted, w.sum()))
    points = np.array(rows, dtype=np.float64)
    number, year, size = points[:, 0].astype(np.int64), points[:, 1].astype(np.int64), points[:, 4]
    table = fit.within(points[:, 2:4], size, number, year)
    result = fit.least_squares(table[:, 0], table[:, 1:], size, number)
    value = float(result.coefficient[0])
    return Measured(value, value > 0.0, len(kept), {"t_statistic": result.t(0)})
