"""A store of many runs: its size, the time to resume, the time of a query, and memory.

One run is made; the others are copies of it under the keys that the batch would give them, with
values scattered by a hundredth, so that files are as large as those of runs. Each measurement is a
process of its own.

Example:
    python -m benchmarks.store --runs 100000
    python -m benchmarks.store --runs 8000 --folder build/large_store --json
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import batched, chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from tabulate import tabulate

from jiqun.experiments import Results
from jiqun.experiments.runs.batch import LEAN, Chunk, Plan, listed_pairs, model_hash, runs_of
from jiqun.experiments.runs.runner import (
    LARGEST_CHUNK,
    Options,
    population_in,
    run_listed,
    with_rows,
)
from jiqun.experiments.runs.worker import ChunkResult, run_chunk
from jiqun.experiments.stores.store import Store
from jiqun.scenarios import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.experiments.runs.batch import Run
    from jiqun.experiments.runs.draws import Draw
    from jiqun.model.scenario import Scenario

    Listed = list[tuple[Scenario, list[tuple[Draw, int]]]]

SCENARIOS = 10
SCATTER = 0.01
QUERIES = {
    "one outcome, province, 2027": {"outcome": "value_added", "level": "province", "years": 2027},
    "one outcome, all units, 2027": {"outcome": "value_added", "years": 2027},
    "one outcome, all units and years": {"outcome": "value_added"},
}


def listed(runs: int) -> "Listed":
    """Scenarios that differ in their names alone, each with its draws and seeds."""
    base = with_rows(load("as_issued"), 1_100)
    named = [replace(base, name=f"scenario_{number}") for number in range(SCENARIOS)]
    return listed_pairs(named, Plan(draws=runs // SCENARIOS))


def write(folder: Path, runs: int) -> None:
    """Fill a store as a batch does, chunk by chunk, without making the runs; go on if begun."""
    asked = listed(runs)
    run_listed([(scenario, pairs[:1]) for scenario, pairs in asked[:1]], folder, LEAN, {})
    store = Store(folder)
    population = population_in(store, asked[0][0])
    made = [runs_of(scenario, pairs, population) for scenario, pairs in asked]
    scenarios = {scenario.name: scenario for scenario, _ in asked}
    chunk = Chunk((made[0][0],), scenarios, population, model_hash(), LEAN)
    original, random = run_chunk(chunk), np.random.default_rng(1)
    with store.locked():
        present = store.keys()
        every = chain.from_iterable(zip(*made, strict=True))
        for part in batched((run for run in every if run.key not in present), LARGEST_CHUNK):
            store.add(_copies(original, part, random))
        store.merge()


def _copies(
    original: ChunkResult, runs: "Sequence[Run]", random: np.random.Generator
) -> ChunkResult:
    """A result of a run as if it were that of others."""
    return replace(
        original,
        finished=tuple(replace(original.finished[0], run=run) for run in runs),
        outcomes=_copied(original.outcomes, runs, random),
        ledger=_copied(original.ledger, runs, random),
    )


def _copied(table: pa.Table, runs: "Sequence[Run]", random: np.random.Generator) -> pa.Table:
    each = np.repeat(np.arange(len(runs), dtype=np.int32), len(table))
    found = pa.concat_tables([table] * len(runs)).combine_chunks()
    own = {
        "run_key": pa.DictionaryArray.from_arrays(each, [run.key for run in runs]),
        "scenario": pa.DictionaryArray.from_arrays(each, [run.scenario for run in runs]),
        "draw": np.array([run.draw.index for run in runs], np.int32)[each],
        "seed": np.array([run.seed for run in runs], np.int64)[each],
    }
    for place, name in enumerate(found.column_names):
        if name in own:
            found = found.set_column(place, name, pa.chunked_array([own[name]]))
    last = len(found.column_names) - 1
    values = found.column(last).to_numpy()
    scattered = values * (1.0 + SCATTER * random.standard_normal(len(values)))
    return found.set_column(last, found.column_names[last], [scattered.astype(values.dtype)])


def resume(folder: Path, runs: int) -> dict[str, object]:
    """Run the whole batch again, of which nothing is left to do."""
    begun, cpu = time.monotonic(), time.process_time()
    report = run_listed(listed(runs), folder, LEAN, {}, Options(workers=1))
    if report.made:
        raise RuntimeError(f"{report.made} runs were not in the store")
    return _measured("resume", report.skipped, begun, cpu)


def query(folder: Path, name: str) -> dict[str, object]:
    """Open a store and ask for one outcome."""
    begun, cpu = time.monotonic(), time.process_time()
    rows = Results(folder).outcomes(**QUERIES[name])
    return _measured(name, len(rows), begun, cpu)


def _measured(name: str, rows: int, begun: float, cpu: float) -> dict[str, object]:
    return {
        "what": name,
        "rows": rows,
        "seconds": time.monotonic() - begun,
        "cpu_seconds": time.process_time() - cpu,
        "megabytes": _peak(),
    }


def _peak() -> float:
    """Most memory that this process had, MB; `getrusage` counts what its parent had as well."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1.024e-3


def measure(folder: Path, runs: int) -> list[dict[str, object]]:
    """Each measurement in a process of its own: what one read, another has not in memory."""
    found = []
    for what in ("resume", *QUERIES):
        command = [sys.executable, "-m", "benchmarks.store", "--folder", str(folder)]
        command += ["--runs", str(runs), "--only", what]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found.append(json.loads(said))
    return found


def sizes(folder: Path) -> dict[str, float]:
    """Megabytes of each folder of a store, and the number of its shards."""
    by_kind = {
        kind: sum(file.stat().st_size for file in (folder / kind).iterdir()) / 1e6
        for kind in ("runs", "outcomes", "ledger")
    }
    return {**by_kind, "shards": len(list((folder / "runs").iterdir()))}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.add_argument("--runs", type=int, default=8_000)
    parser.add_argument("--folder", type=Path, help="where the store is kept, to be measured again")
    parser.add_argument("--only", choices=["resume", *QUERIES], help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="machine-readable, on stdout")
    chosen = parser.parse_args()
    if chosen.only:
        done = resume if chosen.only == "resume" else query
        print(json.dumps(done(chosen.folder, chosen.runs if done is resume else chosen.only)))
        return
    with tempfile.TemporaryDirectory() as own:
        folder = chosen.folder or Path(own) / "store"
        begun = time.monotonic()
        write(folder, chosen.runs)
        data = {
            "runs": chosen.runs,
            "seconds_written": time.monotonic() - begun,
            "sizes": sizes(folder),
            "measured": measure(folder, chosen.runs),
        }
    if chosen.json:
        print(json.dumps(data, indent=1))
        return
    print(tabulate(data["measured"], headers="keys", floatfmt=",.2f", intfmt=","))
    print(tabulate([data["sizes"]], headers="keys", floatfmt=",.0f"), "MB")


if __name__ == "__main__":
    main()
