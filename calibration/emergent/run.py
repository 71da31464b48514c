"""What must come out of the model and is not put in: effects and patterns on the simulated panel.

Run ``python -m jiqun.calibration.emergent`` to measure them all; it writes
`calibration/results/emergent.csv` and, from it, `docs/emergent.md`. What lies outside its range is
shown so. ``--page`` writes the page alone, after a change of its words.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jiqun.calibration.emergent.arms import Arms
from jiqun.calibration.emergent.measures import PRIORS, Found
from jiqun.calibration.emergent.page import page, words
from jiqun.calibration.emergent.patterns import PATTERNS
from jiqun.calibration.panel import POPULATION_SEED
from jiqun.experiments.runs.draws import draws
from jiqun.model import build_population
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jiqun.experiments.runs.draws import Draw
    from jiqun.model import Population

HERE = Path(__file__).resolve().parents[1]
RESULTS = HERE / "results" / "emergent.csv"
PAGE = HERE.parent / "docs" / "emergent.md"
SCENARIO = "without_document_55"
PAIRS = 24
"""Pairs of a parameter draw and a seed: so many that one in twenty lies beyond either end."""
COLUMNS = (
    "key", "kind", "meaning", "low", "high", "value", "p05", "p95", "inside", "share_inside",
    "pairs", "observations", "also", "source",
)  # fmt: skip
Findings = dict[str, list[Found]]
"""What each pair gave, by key of the check."""


def measure(
    pairs: int = PAIRS,
    rows: int | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Findings:
    """Measure the rows of the priors that must come out, and the patterns.

    Args:
        pairs: Number of pairs: draw i of the parameters goes with seed i, from 1.
        rows: Enterprise rows at the start; the scenario's own if absent.
        workers: Worker processes; each takes a pair, whose runs serve all checks.
        progress: Called with the number of pairs done and of all.
    """
    scenario = load(SCENARIO)
    population = build_population(
        scenario.province, scenario.parameters, rows or scenario.rows, POPULATION_SEED
    )
    work = partial(_of_pair, population)
    found: Findings = {key: [] for key in (*PRIORS, *PATTERNS)}
    for done, one in enumerate(_each(work, list(draws(scenario, range(1, pairs + 1))), workers)):
        for key, value in one.items():
            found[key].append(value)
        progress(done + 1, pairs)
    return found


def _each(
    work: Callable[[Draw], dict[str, Found]], points: Sequence[Draw], workers: int
) -> Iterator[dict[str, Found]]:
    if workers == 1:
        yield from map(work, points)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, points)


def _of_pair(population: Population, draw: Draw) -> dict[str, Found]:
    arms = Arms(draw.index, population, draw.values)
    return {key: how(arms) for key, how in {**PRIORS, **PATTERNS}.items()}


def results(found: Findings) -> pd.DataFrame:
    """One row a check: range, median and 90 % interval of the pairs, and how many lie inside."""
    lines = [
        {"key": row.parameter, "kind": "effect", "meaning": row.meaning, "source": row.source}
        | _summary(found[row.parameter], row.low, row.high)
        for row in table("priors")
        if row.parameter in PRIORS
    ]
    lines += [
        {"key": key, "kind": "pattern", "meaning": said["title"]["en"]}
        | _summary(found[key], said.get("low", -np.inf), said.get("high", np.inf))
        for key, said in words()["patterns"].items()
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _summary(found: Sequence[Found], low: float, high: float) -> dict[str, Any]:
    values = np.array([one.value for one in found])
    p05, median, p95 = np.quantile(values, [0.05, 0.5, 0.95])
    return {
        "low": low, "high": high, "value": median, "p05": p05, "p95": p95,
        "inside": bool(low <= median <= high),
        "share_inside": float(np.mean((low <= values) & (values <= high))),
        "pairs": len(found), "observations": int(np.median([one.observations for one in found])),
        "also": "; ".join(_beside(name, found) for name in found[0].also),
    }  # fmt: skip


def _beside(name: str, found: Sequence[Found]) -> str:
    p05, median, p95 = np.quantile([one.also[name] for one in found], [0.05, 0.5, 0.95])
    return f"{name} {median:.3g} ({p05:.3g} to {p95:.3g})"


def _tell(done: int, total: int) -> None:
    print(f"{done} of {total} pairs", file=sys.stderr, flush=True)


def main() -> int:
    """Measure and write the table and the page."""
    options = argparse.ArgumentParser(description="Measure what must come out of the model.")
    options.add_argument("--pairs", type=int, default=PAIRS)
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options.add_argument("--page", action="store_true", help="only write the page")
    chosen = options.parse_args()
    if not chosen.page:
        RESULTS.parent.mkdir(exist_ok=True)
        frame = results(measure(chosen.pairs, workers=chosen.workers, progress=_tell))
        frame.to_csv(RESULTS, index=False, float_format="%.6g", lineterminator="\n")
    frame = stored()
    PAGE.write_text(page(frame), encoding="utf-8")
    effects = frame[frame["kind"] == "effect"]
    print(f"{effects['inside'].sum()} of {len(effects)} effects lie in their range; "
          f"{PAGE.name} written")  # fmt: skip
    return 0


def stored() -> pd.DataFrame:
    """The table as last written."""
    return pd.read_csv(RESULTS, keep_default_na=False)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
