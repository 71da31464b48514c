"""Time and memory of a run by its number of rows, each in a process of its own.

Example:
    python -m benchmarks.sizes 12000 3
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from jiqun.experiments.runs.timing import measure_once
from jiqun.model.start.population import build_population
from jiqun.scenarios import load

SIZES = (2_500, 6_000, 12_000, 25_000, 50_000, 0)
"""Rows asked for; 0 is one row an enterprise."""
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Size:
    """A run at a number of rows.

    Attributes:
        rows: Rows at the start.
        seconds: CPU seconds of a run, the fastest of several.
        megabytes: Most memory that the process held.
    """

    rows: int
    seconds: float
    megabytes: float


def here(rows: int, repeats: int) -> Size:
    """Measure in this process.

    Args:
        rows: Rows asked for.
        repeats: Runs; the fastest counts.
    """
    scenario = replace(load("without_document_55"), rows=rows)
    population = build_population(scenario.province, scenario.parameters, scenario.rows, seed=1)
    seconds = min(measure_once(scenario, population).total for _ in range(repeats))
    return Size(len(population), seconds, _most_held())


def _most_held() -> float:
    """Most memory that this process has held, in megabytes.

    On Linux `getrusage` would tell that of the process that started it, where that is more.
    """
    if STATUS.exists():
        (line,) = (each for each in STATUS.read_text().splitlines() if each.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (1024**2 if sys.platform == "darwin" else 1024)


def all_and_default(rounds: int) -> np.ndarray:
    """CPU seconds of runs of all enterprises, and of the default rows, shape (2, rounds).

    They take turns.

    Args:
        rounds: Runs of each.
    """
    default = load("without_document_55")
    taken = np.empty((2, rounds))
    for i in range(rounds):
        for j, scenario in enumerate((replace(default, rows=0), default)):
            population = build_population(
                scenario.province, scenario.parameters, scenario.rows, seed=1
            )
            taken[j, i] = measure_once(scenario, population).total
    return taken


def sizes(repeats: int) -> list[Size]:
    """All sizes, the smallest first; each the fastest of several runs."""
    found = []
    for rows in SIZES:
        command = (sys.executable, "-m", "benchmarks.sizes", str(rows), str(repeats))
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(Size(**json.loads(done.stdout)))
    return found


def exponent(x: list[float], y: list[float]) -> float:
    """Slope of log y over log x, by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


if __name__ == "__main__":
    print(json.dumps(asdict(here(int(sys.argv[1]), int(sys.argv[2])))))
