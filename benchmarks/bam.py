"""BAM Engine beside the model, at 30,000 agents. It is no dependency: give an interpreter with it.

Example:
    python -m benchmarks.bam /path/to/venv/bin/python

The two are different models. `benchmarks/README.md` says how they differ.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

from benchmarks.speed import measure
from jiqun.scenarios import load

POPULATIONS = ((5_000, 24_900, 100), (30_000, 150_000, 300))
"""Firms, households and banks: 30,000 agents in all, and 30,000 firms."""
QUARTERS = 36
CODE = f"""
import importlib.util, json, logging, time
import bamengine
logging.disable(logging.CRITICAL)

def run(quarters, firms, households, banks):
    made = bamengine.Simulation.init(
        n_firms=firms, n_households=households, n_banks=banks, seed=1,
        logging={{"default_level": "CRITICAL"}},
    )
    begin = time.process_time()
    made.run(n_periods=quarters)
    return time.process_time() - begin

run(2, 100, 500, 10)  # compiles, where numba is installed
print(json.dumps({{
    "version": bamengine.__version__,
    "numba": importlib.util.find_spec("numba") is not None,
    "seconds": [min(run({QUARTERS}, *each) for _ in range(3)) for each in {POPULATIONS}],
}}))
"""


def main() -> None:
    done = subprocess.run(
        (sys.argv[1], "-c", CODE), capture_output=True, text=True, check=True
    ).stdout
    theirs = json.loads(done)
    ours = measure(replace(load("without_document_55"), rows=30_000), repeats=3)
    numba = "with" if theirs["numba"] else "without"
    print(f"BAM Engine {theirs['version']} {numba} Numba, {QUARTERS} quarters:")
    for (firms, households, banks), seconds in zip(POPULATIONS, theirs["seconds"], strict=True):
        agents = firms + households + banks
        _tell(f"{firms:,} firms, {households:,} households, {banks} banks", seconds, agents)
    print(f"The model, {ours.quarters} quarters:")
    _tell("30,000 rows", ours.run, 30_000)


def _tell(what: str, seconds: float, agents: int) -> None:
    each = 1e9 * seconds / (agents * QUARTERS)
    print(f"  {what}: {seconds:.2f} s of CPU, {each:.0f} ns an agent and quarter")


if __name__ == "__main__":
    main()
