"""Entry, exit, survival and ages, as facts measure them."""

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
    flags,
    logs,
)
from jiqun.calibration.panel import lag
from jiqun.model.dimensions import FIELDS

if TYPE_CHECKING:
    from jiqun.calibration.facts.panels import Panels


def net_entry(data: Panels) -> Measured:
    """Share of entry to and exit from the above-scale panel in growth of productivity."""
    frame = data.main
    kept = frame[flags(frame, "above") & np.isfinite(column(frame, "tfp"))]
    parts, weights, seen = [], [], 0
    for number in range(len(FIELDS)):
        two = [kept[(kept["field"] == number) & (kept["year"] == year)] for year in (FIRST, END)]
        if min(len(part) for part in two) < 50:
            continue
        parts.append(
            fit.decompose(
                (two[0]["id"].to_numpy(), two[1]["id"].to_numpy()),
                (column(two[0], "tfp"), column(two[1], "tfp")),
                tuple(column(p, "weight") * column(p, "value_added_real") for p in two),  # type: ignore[arg-type]
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


def entry_rate(data: Panels) -> Measured:
    """Newly above scale a year over the stock above scale."""
    frame = data.main
    kept = frame[between(frame, FIRST, LAST) & flags(frame, "above")]
    value = float(np.average(~kept["was_above"], weights=kept["weight"]))
    return Measured(value, 0.08 <= value <= 0.20, len(kept))


def exit_rate(data: Panels) -> Measured:
    """Exits a year over the stock, all sizes, mean of the years."""
    frame = data.main
    kept = between(frame, FIRST, LAST)
    w, gone = column(frame, "weight")[kept], flags(frame, "exited")[kept]
    value = float(w[gone].sum() / w.sum())
    return Measured(value, 0.06 <= value <= 0.095, int(kept.sum()))


def exit_by_age(data: Panels) -> Measured:
    """Age at which the hazard of exit is highest, in full years since foundation."""
    frame = data.main
    kept = between(frame, FIRST, LAST)
    age = np.floor(column(frame, "age")[kept] - 1e-9).clip(0, 19).astype(np.int64)
    w, gone = column(frame, "weight")[kept], flags(frame, "exited")[kept]
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


def age_structure(data: Panels) -> Measured:
    """Share of enterprises of all sizes younger than five years, 2023."""
    frame = data.main
    kept = frame[between(frame, LAST, LAST) & ~flags(frame, "exited")]
    share = [
        float(np.average((kept["age"] >= low) & (kept["age"] < high), weights=kept["weight"]))
        for low, high in ((0, 5), (5, 10), (10, np.inf))
    ]
    passed = all(
        abs(found - wanted) <= 0.08
        for found, wanted in zip(share, (0.494, 0.329, 0.177), strict=True)
    )
    return Measured(share[0], passed, len(kept), {"five_to_ten": share[1], "older": share[2]})


def shadow_of_death(data: Panels) -> Measured:
    """Log productivity in the three years before exit against others, with field-year effects."""
    frame = data.main
    last = frame["id"].map(frame.loc[flags(frame, "exited")].set_index("id")["year"])
    left = (last - frame["year"]).to_numpy(dtype=np.float64)
    tfp = column(frame, "tfp")
    kept = between(frame, FIRST, END - 3) & flags(frame, "above") & np.isfinite(tfp)
    kept &= ~flags(frame, "exited")
    w = column(frame, "weight")[kept]
    columns = np.stack([left[kept] == k for k in (3, 2, 1)], axis=1).astype(np.float64)
    together = fit.within(np.column_stack([tfp[kept], columns]), w, field_year(frame)[kept])
    ids = frame["id"].to_numpy()[kept]
    result = fit.least_squares(together[:, 0], together[:, 1:], w, ids)
    pooled = fit.within(
        np.column_stack([tfp[kept], columns.sum(axis=1)]), w, field_year(frame)[kept]
    )
    overall = fit.least_squares(pooled[:, 0], pooled[:, 1:], w, ids)
    also = {f"t-{k}": float(c) for k, c in zip((3, 2, 1), result.coefficient, strict=True)}
    return Measured(
        float(overall.coefficient[0]), overall.t(0) < -1.96, int(kept.sum()),
        also | {"t_statistic": overall.t(0)},
    )  # fmt: skip


def survival(data: Panels) -> Measured:
    """Hazard of exit next year on log size, R&D intensity and its square, above scale."""
    frame = data.main
    ahead = frame.iloc[::-1]
    gone = lag(ahead.assign(year=-ahead["year"]), "exited")[::-1] == 1.0
    there = np.isfinite(lag(ahead.assign(year=-ahead["year"]), "exited")[::-1])
    size = logs(column(frame, "revenue"))
    intensity = np.minimum(column(frame, "rd_reported") / np.maximum(np.exp(size), 1.0), 0.15)
    kept = between(frame, FIRST, END - 1) & flags(frame, "above") & there & np.isfinite(size)
    columns = np.column_stack(
        [np.ones(kept.sum()), size[kept], 100 * intensity[kept], (100 * intensity[kept]) ** 2]
    )
    w = column(frame, "weight")[kept]
    result = fit.binary(gone[kept], columns, w, "cloglog", frame["id"].to_numpy()[kept])
    passed = result.t(1) < -1.96 and result.t(2) < -1.96 and result.t(3) > 1.96
    names = ("size", "rd", "rd_squared")
    return Measured(
        float(result.coefficient[1]), passed, int(kept.sum()),
        {f"t_{name}": result.t(i + 1) for i, name in enumerate(names)}
        | {name: float(result.coefficient[i + 1]) for i, name in enumerate(names)},
    )  # fmt: skip
