"""Is the fit real? What a fit gives for every figure, and what it learnt of every parameter."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.calibration.fitting.space import DUMMY
from jiqun.experiments.stores.store import write_file
from jiqun.model.region import REGION
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jiqun.calibration.fitting.fit import Fit
    from jiqun.calibration.targets import Target
    from jiqun.model.dimensions import Array

MISFITS = REGION.fit / "misfits.yaml"
"""Figure to why the fit misses it."""
INTERVAL = (0.05, 0.5, 0.95)
IDENTIFIED, UNSEEN = 0.5, 0.85
"""Posterior over prior spread below which a parameter is identified, above which unseen."""


@dataclass(frozen=True)
class Figure:
    """A published figure beside what the fit gives for it.

    Attributes:
        id: Row of the targets.
        use: Whether it was fitted, tests the fit, is an input or repeats others.
        year: Year.
        unit: Unit of the values.
        published: Published value.
        allowed: Error and discrepancy, the distance allowed to the median; 0 if none is stated.
        before: Median of the prior.
        median: Median of the posterior over members and seeds.
        low: 5 % quantile of the posterior.
        high: 95 % quantile of the posterior.
        inside: Whether the median is within the allowed distance; empty if none is stated.
        covered: Whether the published value is in the interval, widened by its own error.
        reason: Why the median is outside, where it is.
    """

    id: str
    use: str
    year: int
    unit: str
    published: float
    allowed: float
    before: float
    median: float
    low: float
    high: float
    inside: bool | None
    covered: bool
    reason: str = ""


@dataclass(frozen=True)
class Learnt:
    """What the fit learnt of a parameter.

    Attributes:
        name: Parameter.
        state: ``identified``, ``bounded`` or ``unseen``.
        spread: Posterior over prior standard deviation, in normal scores.
        shift: Posterior mean in prior standard deviations.
        prior_median: Median before.
        median: Median after.
        low: 5 % quantile after.
        high: 95 % quantile after.
        signal: Strongest effect found by the screening, in errors of the figure.
        figure: Figure of that effect.
    """

    name: str
    state: str
    spread: float
    shift: float
    prior_median: float
    median: float
    low: float
    high: float
    signal: float
    figure: str


def reasons() -> dict[str, str]:
    """Figure to why the median misses it, as far as that was looked into."""
    return dict(read_yaml(MISFITS).data) if MISFITS.is_file() else {}


def figures(fit: Fit) -> list[Figure]:
    """Every figure, fitted or not."""
    rng = np.random.default_rng(1)
    looked_into = reasons()
    found = []
    for i, target in enumerate(fit.task.targets):
        after, before = fit.after[:, :, i].ravel(), fit.before[:, :, i].ravel()
        low, median, high = (float(q) for q in np.quantile(after, INTERVAL))
        erring = after + rng.normal(0.0, target.spread, after.size)
        reach = np.quantile(erring, (INTERVAL[0], INTERVAL[2]))
        inside = _inside(target, median)
        found.append(
            Figure(
                target.id,
                target.use,
                target.year,
                target.unit,
                target.value,
                target.allowed,
                float(np.median(before)),
                median,
                low,
                high,
                inside,
                bool(reach[0] <= target.value <= reach[1]),
                looked_into.get(target.id, "") if inside is False and target.use == "fit" else "",
            )
        )
    return found


def _inside(target: Target, median: float) -> bool | None:
    return abs(median - target.value) <= target.allowed if target.allowed else None


def state_of(spread: float) -> str:
    """What a ratio of posterior to prior spread says of a parameter."""
    return "identified" if spread < IDENTIFIED else "bounded" if spread < UNSEEN else "unseen"


def learnt(fit: Fit) -> list[Learnt]:
    """Every candidate parameter; those the screening dropped keep their prior."""
    signals = {signal.name: signal for signal in fit.signals}
    places = {name: i for i, name in enumerate(fit.space.names)}
    found = []
    for prior in fit.task.priors:
        signal = signals.get(prior.name)
        strength, figure = (signal.strongest, signal.figure) if signal else (float("nan"), "")
        if prior.name not in places:
            found.append(_untouched(prior.name, strength, figure))
            continue
        i = places[prior.name]
        values = fit.space.values(fit.posterior)[i]
        start = fit.space.values(np.zeros((len(fit.space), 1)))[i, 0]
        low, median, high = (float(q) for q in np.quantile(values, INTERVAL))
        spread = _ratio(fit.prior[i], fit.posterior[i])
        found.append(
            Learnt(
                prior.name,
                state_of(spread),
                spread,
                float(fit.posterior[i].mean()),
                float(start),
                median,
                low,
                high,
                strength,
                figure,
            )
        )
    return found


def dummy_spread(fit: Fit) -> float:
    """Posterior over prior spread of the dummy: how much the method narrows by accident."""
    i = fit.space.names.index(DUMMY)
    return _ratio(fit.prior[i], fit.posterior[i])


def _untouched(name: str, strength: float, figure: str) -> Learnt:
    nan = float("nan")
    return Learnt(name, "unseen", 1.0, 0.0, nan, nan, nan, nan, strength, figure)


def _ratio(before: Array, after: Array) -> float:
    return float(after.std(ddof=1) / before.std(ddof=1))


def write_rows(rows: Sequence[Any], path: Path) -> None:
    """Write dataclass rows as CSV; numbers with five digits, what is not known left empty."""

    def save(part: Path) -> None:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([column.name for column in fields(rows[0])])
            for row in rows:
                writer.writerow([_cell(value) for value in asdict(row).values()])

    write_file(path, save)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
