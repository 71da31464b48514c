"""Sizes and their growth, as facts measure them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.facts import estimators as fit
from jiqun.calibration.facts.panels import (
    FIRST,
    LAST,
    Measured,
    between,
    column,
    field_year,
    flags,
    lagged,
    logs,
)
from jiqun.calibration.panel import lag

if TYPE_CHECKING:
    import pandas as pd

    from jiqun.calibration.facts.panels import Flag, Panels
    from jiqun.model.dimensions import Array


def size_tail(data: Panels) -> Measured:
    """Exponent of the upper tail of sales in 2023."""
    frame = data.main
    kept = between(frame, LAST, LAST) & flags(frame, "above") & (column(frame, "revenue") > 0.0)
    sales, w = column(frame, "revenue")[kept], column(frame, "weight")[kept]
    tail = fit.power_law_tail(sales, w)
    jobs = fit.power_law_tail(column(frame, "employees")[kept], w)
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
    sales = logs(column(frame, "revenue_real"))
    before = lagged(frame, sales)
    growth = sales - before
    kept = between(frame, FIRST + 1, LAST) & (lag(frame, "above") == 1.0)
    kept &= ~flags(frame, "exited") & np.isfinite(growth)
    w = column(frame, "weight")
    return fit.within(growth[kept], w[kept], field_year(frame)[kept]), before[kept], kept


def growth_shape(data: Panels) -> Measured:
    """Shape of the distribution of growth rates of sales."""
    frame = data.main
    growth, _, kept = _growth(frame)
    w = column(frame, "weight")[kept]
    result = fit.subbotin(growth, w)
    old = ~flags(frame, "plant")[kept]
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
    w, old = column(frame, "weight")[kept], ~flags(frame, "plant")[kept]
    result = fit.size_variance(growth, size, w)
    slope = float(result.coefficient[0])
    settled = float(fit.size_variance(growth[old], size[old], w[old]).coefficient[0])
    stays = flags(frame, "above")[kept]
    staying = float(fit.size_variance(growth[stays], size[stays], w[stays]).coefficient[0])
    return Measured(
        slope, -0.15 <= slope <= 0.0, len(growth),
        {"error": float(result.error[0]), "slope_without_new_plants": settled,
         "slope_of_those_that_stayed_above": staying},
    )  # fmt: skip
