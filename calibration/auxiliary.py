"""Published regressions run on the simulated panel: the panel's own coefficient beside each.

An estimate of the literature gives the centre of a prior (`model/estimates.py`); whether the model
behaves so is told by the study's estimator on the panel, in a window of the same length. Run
``python -m jiqun.calibration.auxiliary``; it writes `calibration/results/auxiliary.csv` and, from
it, `docs/auxiliary.md`. ``--page`` writes the page alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.calibration.emergent.arms import Arms
from jiqun.calibration.emergent.measures import (
    Found,
    both,
    equipment_price,
    in_half,
    plant_bought,
    total,
)
from jiqun.calibration.facts import estimators as fit
from jiqun.calibration.facts.panels import (
    LAST,
    column,
    field_year,
    finite,
    flags,
    lagged,
    logs,
    staying,
)
from jiqun.calibration.markdown import pipe_table
from jiqun.calibration.panel import POPULATION_SEED
from jiqun.experiments.runs.draws import draws
from jiqun.model import build_population
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jiqun.calibration.emergent.measures import Flag
    from jiqun.model.dimensions import Array
    from jiqun.scenarios.rows.evidence import PublishedRegression

RESULTS = Path(__file__).resolve().parent / "results" / "auxiliary.csv"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "auxiliary.md"
SCENARIO = "without_document_55"
PAIRS = 6
FIRST, THIRD = 2020, 2021
"""First year with one before it; third year of the arms that begin in 2019 (the studies have three
to four)."""
COLUMNS = (
    "key", "estimator", "study", "window", "published", "low", "high", "value", "p05", "p95",
    "pairs", "observations", "also",
)  # fmt: skip


def productivity(frame: pd.DataFrame, sigma: float) -> Array:
    """Log physical productivity: log value added times σ/(σ-1) less inputs at cost shares.

    So Hsieh and Klenow (2009) and Chen et al. (2021) measure it. Times (σ-1)/σ it is revenue
    productivity with inputs held at their revenue elasticities.

    Args:
        frame: A panel with the index of productivity (`with_productivity`).
        sigma: Elasticity of substitution.
    """
    return column(frame, "tfp") + logs(column(frame, "value_added_real")) / (sigma - 1.0)


def research_flow(frame: pd.DataFrame, sigma: float) -> Found:
    """Productivity on its lag and on lagged log real R&D; those with R&D, field-year effects."""
    now = productivity(frame, sigma)
    before, rd = lagged(frame, now), lagged(frame, logs(column(frame, "rd")))
    kept = staying(frame, FIRST, LAST) & finite(now, before, rd)
    w, ids = column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    both_sides = np.column_stack([now, before, rd])[kept]
    result = _within(both_sides, w, field_year(frame)[kept], ids)
    lag, flow = (float(x) for x in result.coefficient)
    return Found(
        flow, int(kept.sum()),
        {"lag": lag, "long_run": flow / (1.0 - lag), "error": float(result.error[1])},
    )  # fmt: skip


def knowledge_stock(frame: pd.DataFrame, _sigma: float) -> Found:
    """Log value added on log plant, jobs and knowledge; those with R&D, field-year effects."""
    names = ("value_added_real", "capital_real", "employees", "knowledge")
    values = [logs(column(frame, name)) for name in names]
    kept = staying(frame, FIRST, LAST) & flags(frame, "rd_active") & finite(*values)
    w, ids = column(frame, "weight")[kept], frame["id"].to_numpy()[kept]
    result = _within(np.column_stack(values)[kept], w, field_year(frame)[kept], ids)
    plant, jobs, stock = (float(x) for x in result.coefficient)
    return Found(
        stock, int(kept.sum()), {"plant": plant, "jobs": jobs, "error": float(result.error[2])}
    )


def _within(table_: Array, weight: Array, group: fit.Whole, ids: fit.Whole) -> fit.Fit:
    """Least squares of the first column on the others, within groups."""
    less = fit.within(table_, weight, group)
    return fit.least_squares(less[:, 0], less[:, 1:], weight, ids)


def research_induced(
    without: pd.DataFrame, given: pd.DataFrame, treated: Flag, sigma: float
) -> Found:
    """Growth of productivity over that of reported R&D, treated less others, 2023 (Wald).

    Treatment is drawn, so neither demand nor size stands behind it, and what spills over reaches
    both halves.

    Args:
        without: The panel without the measure.
        given: The panel with it; the same enterprises are followed.
        treated: Rows of the two panels put together (`both`) that it serves.
        sigma: Elasticity of substitution.
    """
    two = both(without, given)
    gaps = (
        productivity(_arm(two), sigma) - productivity(two, sigma),
        logs(column(two, "rd_reported_arm")) - logs(column(two, "rd_reported")),
    )
    kept = (two["year"] == LAST).to_numpy() & flags(two, "above") & finite(*gaps)
    w = column(two, "weight")
    gain, more = (
        float(
            np.average(gap[kept & treated], weights=w[kept & treated])
            - np.average(gap[kept & ~treated], weights=w[kept & ~treated])
        )
        for gap in gaps
    )
    return Found(gain / more, int(kept.sum()), {"productivity": gain, "reported": more})


def _granted(arms: Arms, sigma: float) -> Found:
    half = in_half(both(arms["plain"], arms["rd grant"]), arms.seed, "rd_grant")
    return research_induced(arms["plain"], arms["rd grant"], half, sigma)


def user_cost(without: pd.DataFrame, given: pd.DataFrame, name: str) -> Found:
    """Elasticity of R&D to its user cost in the third year of a deduction, sign turned.

    Args:
        without: The panel without the deduction, from its first year.
        given: The panel with it; the same enterprises are followed.
        name: ``rd`` or ``rd_reported``.
    """
    two = both(without, given)
    rows = ((two["year"] == THIRD) & (two["rd"] > 0.0) & two["above"]).to_numpy()
    growth = np.log(total(two, f"{name}_arm", rows) / total(two, name, rows))
    part = two[rows]
    fall = np.average(
        np.log(part["rd_cost_arm"] / part["rd_cost"]), weights=part["weight"] * part["rd"]
    )
    return Found(float(-growth / fall), int(rows.sum()), {"growth": float(growth)})


def equipment_productivity(arms: Arms, sigma: float) -> Found:
    """Revenue productivity, inputs held, of those whose plant is cheaper less that of the others.

    Growth from the plain arm to that of a price cut by the tax reform, 2023, treated half less the
    other half.
    """
    two, treated, _ = plant_bought(arms, "price", "equipment_upgrade_grant")
    gap = (sigma - 1.0) / sigma * (
        productivity(_arm(two), sigma) - productivity(two, sigma)
    )  # fmt: skip
    kept = (two["year"] == LAST).to_numpy() & np.isfinite(gap)
    w = column(two, "weight")
    halves = [
        float(np.average(gap[rows], weights=w[rows])) for rows in (kept & treated, kept & ~treated)
    ]
    return Found(halves[0] - halves[1], int(kept.sum()), {})


def _arm(two: pd.DataFrame) -> pd.DataFrame:
    """The second arm's columns under the names of the first."""
    names = ("tfp", "value_added_real")
    return pd.DataFrame({name: two[f"{name}_arm"] for name in names})


def _deduction(name: str) -> Callable[[Arms, float], Found]:
    return lambda arms, _: user_cost(arms["no deduction"], arms["deduction"], name)


REGRESSIONS: Mapping[str, Callable[[Arms, float], Found]] = {
    "research_flow": lambda arms, sigma: research_flow(arms["history"], sigma),
    "research_induced": _granted,
    "knowledge_stock": lambda arms, sigma: knowledge_stock(arms["history"], sigma),
    "rd_user_cost_real": _deduction("rd"),
    "rd_user_cost_reported": _deduction("rd_reported"),
    "equipment_price": lambda arms, _: equipment_price(arms),
    "equipment_productivity": equipment_productivity,
}
"""Row of `published_regressions.csv` to its estimator on the arms of a seed."""


def measure(
    pairs: int = PAIRS, rows: int | None = None, *, central: bool = False
) -> dict[str, list[Found]]:
    """Run every regression on the panels of several pairs of a parameter draw and a seed.

    Args:
        pairs: Number of pairs; draw i goes with seed i, from 1.
        rows: Enterprise rows at the start; the scenario's own if absent.
        central: All pairs at the central values of `parameters.csv`, without the fit.
    """
    scenario = load(SCENARIO)
    population = build_population(
        scenario.province, scenario.parameters, rows or scenario.rows, POPULATION_SEED
    )
    found: dict[str, list[Found]] = {key: [] for key in REGRESSIONS}
    for draw in draws(scenario, range(1, pairs + 1)):
        arms = Arms(draw.index, population, {} if central else draw.values)
        sigma = arms.policy.parameters["sigma"]
        for key, how in REGRESSIONS.items():
            found[key].append(how(arms, sigma))
        print(f"{draw.index} of {pairs} pairs", file=sys.stderr, flush=True)
    return found


def results(found: Mapping[str, Sequence[Found]]) -> pd.DataFrame:
    """One row a regression: the published coefficient, median and 90 % interval of the pairs."""
    lines = []
    for row in published():
        values = np.array([one.value for one in found[row.key]])
        p05, median, p95 = np.quantile(values, [0.05, 0.5, 0.95])
        names = found[row.key][0].also
        also = {name: np.median([one.also[name] for one in found[row.key]]) for name in names}
        lines.append(
            {name: getattr(row, name) for name in COLUMNS[:7]}
            | {"value": median, "p05": p05, "p95": p95, "pairs": len(values),
               "observations": int(np.median([one.observations for one in found[row.key]])),
               "also": "; ".join(f"{name} {value:.3g}" for name, value in also.items())}
        )  # fmt: skip
    return pd.DataFrame(lines, columns=list(COLUMNS))


def published() -> list[PublishedRegression]:
    """The rows of published coefficients."""
    rows: list[PublishedRegression] = table("published_regressions")  # type: ignore[assignment]
    return rows


HEAD = """# Published regressions on the panel

Generated by `python -m jiqun.calibration.auxiliary`; do not edit by hand.

Each row is an estimator of the literature, run on the simulated panel in a window like the
study's. {pairs}; value and interval are median and 90 % of them. They are measured and not fitted:
figures of the fit come from the outcomes of one run, and these need the enterprises of six runs for
each member.

- Productivity on lagged R&D does not tell the elasticity on this panel: measured productivity holds
  all an enterprise's demand, which has a unit root, so its lag takes nearly all (`lag`), and R&D is
  a share of sales; more or less of `gamma_RD` hardly moves the coefficient. The study's is
  structural. What support induces (the second row) moves with `gamma_RD` and is what judges it.
- The coefficient of knowledge in levels is largely that of the start, where knowledge is tied to
  value added (ODD, section 5).
- Cheaper plant adds plant to those whose sales it does not raise, so productivity with inputs held
  falls where the study finds a rise.

"""

HEADS = (
    "regression", "study", "window of the study", "published", "range", "panel, 2020-23", "90 %",
    "beside",
)  # fmt: skip


def page(frame: pd.DataFrame) -> str:
    """The text of the page, from the stored table."""
    rows = [
        (
            r["estimator"], r["study"], r["window"], f"{r['published']:g}",
            _range(r["low"], r["high"]), f"{r['value']:.3g}",
            f"{r['p05']:.3g} to {r['p95']:.3g}", r["also"],
        )
        for _, r in frame.iterrows()
    ]  # fmt: skip
    number, drawn = int(frame["pairs"].max()), bool(frame["drawn"].all())
    how = "a draw of the parameters with a seed" if drawn else "seeds at central parameters"
    return HEAD.format(pairs=f"{number} pairs of runs, {how}") + pipe_table(HEADS, rows) + "\n"


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}" if np.isfinite(low) else "not stated"


def stored() -> pd.DataFrame:
    """The table as last written."""
    return pd.read_csv(RESULTS).fillna({"also": ""})


def main() -> int:
    """Measure and write the table and the page."""
    options = argparse.ArgumentParser(description="Run published regressions on the panel.")
    options.add_argument("--pairs", type=int, default=PAIRS)
    options.add_argument("--rows", type=int)
    options.add_argument("--central", action="store_true", help="without the fitted draws")
    options.add_argument("--page", action="store_true", help="only write the page")
    chosen = options.parse_args()
    if not chosen.page:
        found = measure(chosen.pairs, chosen.rows, central=chosen.central)
        frame = results(found).assign(drawn=not chosen.central)
        frame.to_csv(RESULTS, index=False, float_format="%.6g", lineterminator="\n")
    PAGE.write_text(page(stored()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
