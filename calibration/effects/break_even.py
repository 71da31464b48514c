"""At what value of its decisive parameter a lever beats an R&D grant that costs as much.

A lever's *net gain* in a draw is its gain less what an R&D grant of the same total cost brings: its
cost times mean gain over mean cost of the grant. Its *decisive* parameter is the number that says
how those reached respond (`lever_evidence.csv`, by reasoning and before any draw: in 64 draws of
hundreds of parameters the one that goes with the gain most closely is chance as often as not). The
net gain is regressed on it (least squares, errors robust to unequal spread), and breaks even where
the line crosses zero.

Where the slope is not told from zero at 5 % nothing depends on it and no value is given. Intervals
are of resamples of the draws, grant and lever together. The *chance to beat* is that of a net gain
above zero, all else at its mean, over the law the parameter is drawn from and over the resamples. A
lever whose cost is none, unclear or negative has no grant of equal cost.

`negative` is the one place that says what the chance of a negative effect is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import statsmodels.api as sm  # type: ignore[import-untyped]
from scipy.stats import rankdata

from jiqun.experiments.effects.bootstrap import CONFIDENCE, quantiles, weights
from jiqun.experiments.effects.costs import BEARERS
from jiqun.experiments.effects.effect import LEAST_PAIRS, per_yuan
from jiqun.experiments.runs.draws import draws, prior_value
from jiqun.experiments.runs.ensemble import SHIPPED, fitted
from jiqun.scenarios.evidence import evidence_of
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import data_hash, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.model.dimensions import Array
    from jiqun.model.scenario import Scenario

HERE = Path(__file__).resolve().parents[1]
TABLE = HERE / "results" / "break_even.csv"
MAIN, PACKAGE = "none", "package"
REFERENCE = "rd_matching_grant"
"""What levers are set against: an R&D grant paid as money of its own. `rd_grant` shares the special
funds, whose sum stays: what it pays others lose, so the analysis at equal cost has this one too."""
PLACES = 501
"""Places of a parameter's law that a chance is counted over."""
CURVED = 0.01
"""Probability below which a square of the parameter is distinguished from none."""
NAN = float("nan")

Said = Literal[
    "nothing", "unclear", "brings in",  # no grant of equal cost
    "reference", "few draws",
    "no parameter", "independent",  # compared by the mean alone
    "inside", "everywhere", "nowhere",
]  # fmt: skip
UNCOMPARED = ("nothing", "unclear", "brings in", "reference", "few draws")
"""What is said of levers that are not set against the grant."""


@dataclass(frozen=True)
class Law:
    """How a parameter is drawn: values at evenly spread probabilities, and its range."""

    values: Array
    low: float
    high: float
    in_use: float


@dataclass(frozen=True)
class Line:
    """Net gain of a lever over its decisive parameter.

    Attributes:
        said: What there is to say of where it breaks even.
        sure: Whether the interval of the net gain bears out 'everywhere' or 'nowhere'; for one
            that depends on nothing, whether the mean net gain is distinguishable from zero.
        slope: Net gain by unit of the parameter, yuan.
        level: Probability of a slope as far from zero where there is none.
        curved: Whether a square of the parameter would add something, so that a line is rough.
        at: Value at which it breaks even; not a number where it does not inside the range.
        at_low: Lower end of its interval.
        at_high: Upper end.
        chance: Chance that the lever beats the grant.
    """

    said: Said
    sure: bool
    slope: float = NAN
    level: float = NAN
    curved: bool = False
    at: float = NAN
    at_low: float = NAN
    at_high: float = NAN
    chance: float = NAN


def negative(effect: Array) -> tuple[float, float]:
    """The chances of a negative effect.

    Args:
        effect: Effect by draw.

    Returns:
        The share of draws in which the effect is strictly below zero: what may come out, chance
        and ignorance together. And the share of resamples of the draws in which the *mean* effect
        is: how far the draws there are leave its sign open.
    """
    means = weights(len(effect))[1:] @ effect
    return float((effect < 0.0).mean()), float((means < 0.0).mean())


def net_line(
    theta: Array, gain: Array, cost: Array, reference: tuple[Array, Array], law: Law, level: float
) -> Line:
    """Where a lever breaks even with a reference, by a parameter.

    Args:
        theta: Parameter by draw.
        gain: Gain by draw, yuan.
        cost: Cost by draw, yuan.
        reference: Gain and cost of what it is set against.
        law: How the parameter is drawn.
        level: Probability below which a slope is distinguishable from zero.
    """
    shares = weights(len(theta))
    nets = _nets(shares, gain, cost, reference)
    net = gain - cost * _brings(shares, reference)[0]
    unit = float(theta.std())
    scaled = (theta - theta.mean()) / unit
    fit = sm.OLS(net, sm.add_constant(scaled)).fit(cov_type="HC3")
    of_slope = float(fit.pvalues[1])
    if not of_slope < level:
        flat = mean_line(gain, cost, reference, "independent")
        return replace(flat, slope=float(fit.params[1]) / unit, level=of_slope)
    square = sm.OLS(net, sm.add_constant(np.column_stack([scaled, scaled**2])))
    curved = bool(square.fit(cov_type="HC3").pvalues[2] < CURVED)
    means = shares @ theta
    spread = shares @ theta**2 - means**2
    together = (shares @ (theta * gain) - means * (shares @ gain)) - _brings(shares, reference) * (
        shares @ (theta * cost) - means * (shares @ cost)
    )
    slopes = together / spread
    places = means - nets / slopes
    beats = float((nets[1:, None] + slopes[1:, None] * (law.values - means[1:, None]) > 0.0).mean())
    ends = [nets + slopes * (end - means) for end in (law.low, law.high)]
    said, sure = _in_range(float(places[0]), law, ends)
    at_low, at_high = quantiles(places[1:])
    known = said == "inside"
    return Line(
        said, sure, float(slopes[0]), of_slope, curved, float(places[0]) if known else NAN,
        float(at_low) if known else NAN, float(at_high) if known else NAN, beats,
    )  # fmt: skip


def _in_range(at: float, law: Law, ends: Sequence[Array]) -> tuple[Said, bool]:
    """Whether a line crosses zero in a range, and whether its interval bears that out."""
    if law.low <= at <= law.high:
        return "inside", True
    bounds = [quantiles(end[1:]) for end in ends]
    if ends[0][0] > 0.0:
        return "everywhere", all(float(low) > 0.0 for low, _ in bounds)
    return "nowhere", all(float(high) < 0.0 for _, high in bounds)


def mean_line(gain: Array, cost: Array, reference: tuple[Array, Array], said: Said) -> Line:
    """What is said of a lever by its mean net gain alone.

    Args:
        gain: Gain by draw, yuan.
        cost: Cost by draw, yuan.
        reference: Gain and cost by draw of what it is set against, yuan.
        said: Why no parameter tells where it breaks even.
    """
    nets = _nets(weights(len(gain)), gain, cost, reference)
    low, high = quantiles(nets[1:])
    sure = bool(low > 0.0 or high < 0.0)
    return Line(said, sure, chance=float((nets[1:] > 0.0).mean()))


def _brings(shares: Array, reference: tuple[Array, Array]) -> Array:
    """What a yuan of the reference brings, by resample."""
    brings: Array = (shares @ reference[0]) / (shares @ reference[1])
    return brings


def _nets(shares: Array, gain: Array, cost: Array, reference: tuple[Array, Array]) -> Array:
    nets: Array = shares @ gain - _brings(shares, reference) * (shares @ cost)
    return nets


def decisive(lever: str) -> str:
    """The parameter that says how those reached respond, where there is one and it is drawn."""
    name = evidence_of(lever).parameter
    drawn = {row.name for row in table("parameters") if row.low < row.high}
    return name if name in drawn else ""


def correlation(one: Array, other: Array) -> float:
    """Rank correlation of two columns of draws; not a number where one does not vary."""
    if np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return NAN
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def values_of(scenario: Scenario, numbers: Sequence[int]) -> pd.DataFrame:
    """Parameters of some draws, a row a draw."""
    found = draws(scenario, sorted(numbers))
    return pd.DataFrame({draw.index: dict(draw.values) for draw in found}).T


def law_of(name: str, in_use: float) -> Law:
    """How a parameter is drawn: by the fitted sets where a fit has seen it, else by its prior."""
    ensemble = fitted(SHIPPED)
    if ensemble is not None and name in ensemble.centre:
        values = np.sort(ensemble.columns[name])
        return Law(values, float(values[0]), float(values[-1]), in_use)
    row = next(row for row in table("parameters") if row.name == name)
    places = (np.arange(PLACES) + 0.5) / PLACES
    values = np.array([prior_value(row, float(u)) for u in places])
    return Law(values, row.low, row.high, in_use)


def made(frame: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """A row a lever: decisive parameter, where it breaks even, and the chances.

    Args:
        frame: The table of effects, one row a draw, lever and switch.
        scenario: The one that its draws were made of.
    """
    main = frame[frame["switch"] == MAIN]
    by_lever = {str(name): rows.sort_values("draw") for name, rows in main.groupby("lever")}
    by_lever.pop(PACKAGE, None)
    against = by_lever.get(REFERENCE)
    numbers = sorted(set(main["draw"].astype(int)))
    values = values_of(scenario, numbers)
    (centre,) = draws(scenario, [0])
    central = {row.name: row.value for row in table("parameters")} | dict(centre.values)
    rows = [
        _row(lever, rows, against, values, central)
        for lever, rows in by_lever.items()
        if lever in declarations()
    ]
    brings = grant(frame) or (NAN, NAN, NAN)
    facts = {
        **dict(zip(("grant", "grant_low", "grant_high"), brings, strict=True)),
        "draws": len(numbers),
        "model": main["model"].iloc[0],
        "data": main["data"].iloc[0],
        "drawn_with": data_hash(),
    }
    return pd.DataFrame(rows).assign(**facts)


def _row(
    lever: str, rows: pd.DataFrame, against: pd.DataFrame | None, values: pd.DataFrame,
    central: Mapping[str, float],
) -> dict[str, Any]:  # fmt: skip
    effect, gain = (rows[f"{name}_province"].to_numpy(dtype=float) for name in ("share", "gain"))
    cost = total_cost(rows)
    below, mean_below = negative(effect)
    name = decisive(lever)
    theta = values.loc[rows["draw"].astype(int), name].to_numpy(dtype=float) if name else None
    law = law_of(name, central[name]) if name else None
    line = _line(lever, rows, against, theta, law)
    beats, net, net_low, net_high = NAN, NAN, NAN, NAN
    if against is not None and line.said not in UNCOMPARED:
        reference = _paired(against, rows)
        shares = weights(len(gain))
        beats = float((gain > cost * _brings(shares, reference)[0]).mean())
        nets = _nets(shares, gain, cost, reference)
        net, (net_low, net_high) = float(nets[0]), map(float, quantiles(nets[1:]))
    told = {
        "lever": lever, "parameter": name,
        "rank": NAN if theta is None else correlation(gain, theta),
        "in_use": law.in_use if law else NAN, "low": law.low if law else NAN,
        "high": law.high if law else NAN,
    }  # fmt: skip
    return told | asdict(line) | {
        "beats": beats, "net": net, "net_low": net_low, "net_high": net_high, "below": below,
        "mean_below": mean_below,
    }  # fmt: skip


def _line(
    lever: str, rows: pd.DataFrame, against: pd.DataFrame | None, theta: Array | None,
    law: Law | None,
) -> Line:  # fmt: skip
    """What is said of a lever, by what its cost allows."""
    if lever == REFERENCE:
        return Line("reference", sure=True)
    gain, cost = rows["gain_province"].to_numpy(dtype=float), total_cost(rows)
    if against is None or len(rows) < LEAST_PAIRS:
        return Line("few draws", sure=False)
    said = per_yuan(gain, cost).costs
    if said != "costs":
        return Line(said, sure=True)
    reference = _paired(against, rows)
    if theta is None or law is None:
        return mean_line(gain, cost, reference, "no parameter")
    return net_line(theta, gain, cost, reference, law, 1.0 - CONFIDENCE)


def _paired(against: pd.DataFrame, rows: pd.DataFrame) -> tuple[Array, Array]:
    """Gain and cost of the reference in the draws of a lever."""
    same = against.set_index("draw").loc[rows["draw"]]
    return same["gain_province"].to_numpy(dtype=float), total_cost(same)


def total_cost(rows: pd.DataFrame) -> Array:
    """Cost to all who bear it, yuan."""
    found: Array = rows[[f"cost_{name}" for name in BEARERS]].sum(axis=1).to_numpy(dtype=float)
    return found


def grant(frame: pd.DataFrame) -> tuple[float, float, float] | None:
    """What a yuan of the reference brings, with its interval; None where it was not run."""
    rows = frame[(frame["switch"] == MAIN) & (frame["lever"] == REFERENCE)]
    if rows.empty:
        return None
    found = per_yuan(rows["gain_province"], total_cost(rows)).ratio
    if found is None or found.low is None or found.high is None:
        return None
    return found.mean, found.low, found.high


def write(rows: pd.DataFrame, path: Path = TABLE) -> None:
    """Write the table."""
    rows.to_csv(path, index=False, float_format="%.6g")


def stored(path: Path = TABLE) -> pd.DataFrame | None:
    """The table as last written."""
    if not path.is_file():
        return None
    rows = pd.read_csv(path, dtype={"parameter": str})
    return rows.assign(parameter=rows["parameter"].fillna(""))
