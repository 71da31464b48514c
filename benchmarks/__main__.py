"""The model beside its peers, and beside its own stored ratios.

Example:
    python -m benchmarks
    python -m benchmarks --renew
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tabulate import tabulate

from benchmarks import baseline, runners, sizes
from benchmarks.peers import compare
from benchmarks.peers.in_c import FLAGS, compiler
from benchmarks.peers.world import RULES, world_of
from jiqun.experiments.runs.timing import Measurement, measure_once
from jiqun.model import ClusterPolicyModel
from jiqun.model.start.population import build_population
from jiqun.scenarios import load

if TYPE_CHECKING:
    from jiqun.model.dimensions import Array

ROUNDS, INNER = 7, 5
NUMPY = "NumPy columns"
QUARTER = 6
"""Quarter of a default run at whose end the rules start: 2020-Q3."""
LEAST_SHARE = 0.03
"""Part of a run from which on a stage is held to a ratio of its own."""


@dataclass
class Bench:
    """What was measured.

    Attributes:
        ratios: Held to the stored ones; the larger, the slower.
        said: What is printed, by section.
    """

    ratios: dict[str, float] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def hold(self, name: str, seconds: Array, others: Array) -> None:
        """Hold a ratio of times: that of the least of each, which neighbours disturb least.

        Args:
            name: What is over what.
            seconds: Of what must not become slower, by round.
            others: Of what it is set against, by round.
        """
        self.ratios[name] = float(seconds.min() / others.min())

    def say(self, title: str, *lines: str) -> None:
        self.said += [f"\n{title}\n", *lines]


def _spread(ratios: Array) -> str:
    return f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"


def rules(bench: Bench) -> None:
    """The rules of a quarter in all forms: equal first, then timed; and a whole run beside them."""
    scenario = load("without_document_55")
    population = build_population(scenario.province, scenario.parameters, scenario.rows, seed=1)
    model = ClusterPolicyModel(scenario, rng=1, population=population)
    model.run_through(QUARTER)
    world = world_of(model)
    with tempfile.TemporaryDirectory() as folder:
        every = compare.forms(Path(folder), world)
        gaps = compare.gaps(world, every)
        if max(gaps.values()) > compare.TOLERANCE:
            raise AssertionError(f"outcomes differ by more than {compare.TOLERANCE}: {gaps}")
        times = compare.times(world, every, ROUNDS, INNER)
    for by_rule in times.values():
        by_rule["all"] = np.sum([by_rule[rule] for rule in RULES], axis=0)
    ours = times.pop(compare.OURS)
    table = []
    for rule in (*RULES, "all"):
        row = [rule, f"{1e6 * np.median(ours[rule]):,.0f}"]
        for name, by_rule in times.items():
            ratio = ours[rule] / by_rule[rule]
            row.append(_spread(1.0 / ratio if name == compare.MESA else ratio))
            if name != compare.MESA or rule == "all":
                bench.hold(f"kernels over {name}: {rule}", ours[rule], by_rule[rule])
        table.append(row)
    heads = [f"{name} / kernels" if name == compare.MESA else f"kernels / {name}"
             for name in times]  # fmt: skip
    bench.say(
        f"Rules of a quarter on {len(world.id):,} rows: CPU, median of {ROUNDS} rounds (least to"
        " most)",
        tabulate(table, headers=["rule", "kernels µs", *heads], disable_numparse=True),
        "largest relative difference of outcomes after a year: "
        + ", ".join(f"{name} {gap:.0e}" for name, gap in gaps.items() if name != compare.OURS),
    )
    if not compiler():
        bench.say(f"No compiler of C here: {' and '.join(FLAGS)} are left out")
    runs, yardstick = [], []
    for _ in range(ROUNDS):
        runs.append(measure_once(scenario, population))
        yardstick.append(sum(compare.run(every[NUMPY](world)).values()) / compare.QUARTERS)
    whole_run(bench, runs, np.array(yardstick))


def whole_run(bench: Bench, runs: list[Measurement], quarter: Array) -> None:
    """A default run and its stages over the rules on NumPy columns for as many quarters.

    Args:
        bench: What is measured is added to it.
        runs: The runs.
        quarter: CPU seconds of a quarter of the rules on NumPy columns after each run, (runs,).
    """
    total = np.array([run.total for run in runs])
    parts = {name: np.array([run.timings[name] for run in runs]) for name in runs[0].timings}
    parts |= {"start": np.array([run.start for run in runs])}
    table = []
    as_often = quarter * runs[0].quarters
    for name, seconds in {"all of a run": total, **parts}.items():
        table.append((name, f"{1e3 * np.median(seconds):.1f}", _spread(seconds / as_often)))
        if np.median(seconds / total) >= LEAST_SHARE:
            bench.hold(f"run over NumPy columns: {name}", seconds, as_often)
    table.sort(key=lambda row: -float(row[1]))
    bench.say(
        f"A default run of {runs[0].quarters} quarters, over the rules on NumPy columns as often",
        tabulate(table, headers=("part", "CPU ms", "ratio"), disable_numparse=True),
    )


def batches(bench: Bench) -> None:
    """Runners of batches, and two workers."""
    costs = runners.costs(repeats=4)
    bare = costs[runners.BARE]
    bench.say(
        f"Batches of runs of {runners.ROWS:,} rows to {runners.LAST_YEAR}: CPU",
        tabulate(
            [(name, f"{1e3 * np.median(cost.run):.1f}", _spread(1e3 * (cost.run - bare.run)),
              f"{1e3 * np.median(cost.start):.0f}") for name, cost in costs.items()],
            headers=("runner", "ms a run", "of it overhead", "ms a batch"), disable_numparse=True,
        ),
    )  # fmt: skip
    # The whole batch: what a further run takes is a difference, and too noisy to be held.
    bench.hold(f"{runners.MANY} runs, runner over a loop", costs[runners.OURS].many, bare.many)
    pair = runners.pair()
    bench.say(
        "Two workers",
        f"{runners.RUNS_OF_PAIR} default runs: {pair.one:.1f} s of the clock on one worker,"
        f" {pair.two:.1f} s on two: efficiency {pair.efficiency:.2f}",
        f"two processes that share nothing had {pair.machine:.2f} at the time",
    )


def growth(bench: Bench) -> None:
    """Time and memory by rows."""
    found = sizes.sizes(repeats=2)
    rows = [float(size.rows) for size in found]
    seconds, held = [size.seconds for size in found], [size.megabytes for size in found]
    steep = {"all sizes": 0, "12,000 rows and more": 2}
    bench.say(
        "Time and memory by rows",
        tabulate(
            [(f"{one.rows:,}", f"{one.seconds:.2f}", f"{one.megabytes:.0f}") for one in found],
            headers=("rows", "CPU s a run", "MB at most"), disable_numparse=True,
        ),
        *(
            f"exponent over {name}: time {sizes.exponent(rows[first:], seconds[first:]):.2f},"
            f" memory {sizes.exponent(rows[first:], held[first:]):.2f}"
            for name, first in steep.items()
        ),
    )  # fmt: skip
    bench.hold("all rows over the default ones", *sizes.all_and_default(rounds=3))


SECTIONS = {"rules": rules, "batches": batches, "growth by rows": growth}


def measured() -> Bench:
    """All sections."""
    bench = Bench()
    for name, section in SECTIONS.items():
        print(f"measuring {name} ...", file=sys.stderr)
        section(bench)
    return bench


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="store the ratios measured now")
    renew = parser.parse_args().renew

    bench = measured()
    print(*bench.said, sep="\n")
    load_now = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"\nLoad of the machine in the last minute: {load_now:.1f} on {os.cpu_count()} cores")
    if renew:
        baseline.store(bench.ratios)
        print(f"\nStored {len(bench.ratios)} ratios")
        return
    found = baseline.complaints(bench.ratios, baseline.stored())
    if found:
        # A neighbour on the machine is no regression: what is slower is so twice.
        again = measured().ratios
        least = {name: min(value, again.get(name, value)) for name, value in bench.ratios.items()}
        found = baseline.complaints(least, baseline.stored())
    if found:
        print("\nSlower than the stored ratios allow (make bench RENEW=1 stores these):", *found,
              sep="\n  ")  # fmt: skip
        sys.exit(1)
    print(f"\nAll {len(bench.ratios)} ratios are within {baseline.SLOWER:g} times the stored ones")


if __name__ == "__main__":
    main()
