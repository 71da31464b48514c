"""Does it matter which random numbers the smoother used? The fit again, with another seed.

``python -m jiqun.calibration.fitting.other_seed`` fits `reference` with another seed and compares
paired effects of document 55 under both ensembles, draw by draw; it writes
`calibration/results/other_seed.csv`.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jiqun.calibration.fitting.calibrate import RESULTS
from jiqun.calibration.fitting.ensemble import write_ensemble
from jiqun.calibration.fitting.fit import fit
from jiqun.calibration.fitting.spec import read_spec
from jiqun.experiments import Results
from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.ensemble import SHIPPED
from jiqun.experiments.runs.runner import Options, run_batch
from jiqun.scenarios import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

SPEC = "reference"
OTHER = 1
"""What is added to the seed of the specification."""
PAIR = ("as_issued", "without_document_55")
DRAWS = 100
YEAR = 2027
OUTCOMES = ("value_added", "rd_real", "investment", "energy")


def effects(ensemble: Path, folder: Path, workers: int) -> pd.DataFrame:
    """Median and 90 % interval of the relative effect by outcome and tier, under an ensemble.

    Args:
        ensemble: File of the ensemble.
        folder: Store of the runs.
        workers: Worker processes.
    """
    plan = Plan(draws=DRAWS, ensemble=ensemble)
    run_batch([load(name) for name in PAIR], plan, folder, Options(workers))
    levels = ("province", "tier")
    found = Results(folder).paired_intervals(*PAIR, OUTCOMES, levels, [YEAR])
    columns = {"change_p05": "low", "change_median": "median", "change_p95": "high"}
    return found.set_index(["outcome", "unit_name"])[list(columns)].rename(columns=columns)


def compared(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Both side by side, and whether each median lies in the interval of the other seed."""
    both = one.join(other.add_suffix("_other"))
    within = both["median_other"].between(both["low"], both["high"])
    within &= both["median"].between(both["low_other"], both["high_other"])
    return both.assign(within=within).reset_index()


def another(folder: Path, workers: int) -> Path:
    """Fit with the other seed; returns the file of the ensemble."""
    task = read_spec(SPEC)
    smoother = task.spec.smoother.model_copy(update={"seed": task.spec.smoother.seed + OTHER})
    spec = task.spec.model_copy(update={"smoother": smoother})
    path = folder / "other_seed.parquet"
    write_ensemble(fit(replace(task, spec=spec), folder, workers, _tell), path)
    return path


def _tell(stage: str, done: int, total: int) -> None:
    if done == total:
        print(f"{stage}: {total} runs", flush=True)


def main() -> int:
    """Fit again, compare and write the table."""
    options = argparse.ArgumentParser(description="Fit with another seed and compare effects.")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options.add_argument("--folder", type=Path, default=Path("build/calibration"))
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    files: Mapping[str, Path] = {
        "first": SHIPPED,
        "other": another(chosen.folder, chosen.workers),
    }
    one, other = (
        effects(path, chosen.folder / f"effects_{name}", chosen.workers)
        for name, path in files.items()
    )
    rows = compared(one, other)
    rows.to_csv(RESULTS / "other_seed.csv", index=False, float_format="%.6g", lineterminator="\n")
    print(f"{rows['within'].sum()} of {len(rows)} medians lie in the interval of the other seed")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
