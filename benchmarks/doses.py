"""What each lever of the document does at some thousandth, a part, all and twice of its size.

``python -m benchmarks.doses [LEVER ...] [--seeds 4] [--rows 2500]`` prints a table of the effect on
value added of 2027, in per cent, for the page on levers: smooth levers rise in proportion. What a
lever shows to buyers is symmetric about zero and so nothing at the centre; it is taken at the upper
end of its range.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jiqun.calibration.markdown import pipe_table
from jiqun.model import ClusterPolicyModel
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.model.lever import Lever
    from jiqun.model.scenario import Scenario

SIZES = (0.001, 0.03, 0.3, 1.0, 2.0)
LAST = 2023
"""Year up to which runs share their past."""
YEAR = 2027


def without(scenario: Scenario, lever: Lever) -> Scenario:
    """The scenario without a lever."""
    return replace(scenario, levers=tuple(x for x in scenario.levers if x.id != lever.id))


def sized(scenario: Scenario, lever: Lever, times: float) -> Scenario:
    """The scenario with a lever of another size; no term leaves its bounds."""
    new = lever.sized(times, lever.start)
    return replace(scenario, levers=tuple(new if x is lever else x for x in scenario.levers))


def value_added(model: ClusterPolicyModel) -> float:
    """Value added of the province in 2027, yuan."""
    model.run_until_year(YEAR)
    found = model.records()
    chosen = (found["outcome"] == "value_added") & (found["level"] == "province")
    return float(found["value"][chosen & (found["year"] == YEAR)][0])


def effects(
    names: Sequence[str] = (), seeds: int = 4, rows: int = 2_500, sizes: Sequence[float] = SIZES
) -> dict[str, np.ndarray]:
    """Lever to its effect on value added by size and seed, per cent, shape (sizes, seeds)."""
    upper = {
        row.name: row.high for row in table("parameters") if row.low < 0.0 == row.value < row.high
    }
    scenario = replace(load("as_issued"), rows=rows).with_draw(upper, {})
    levers = [
        lever for lever in scenario.levers
        if (lever.id in names if names else lever.origin == "document_55")
    ]  # fmt: skip
    found = {lever.id: np.zeros((len(sizes), seeds)) for lever in levers}
    for seed in range(seeds):
        base = ClusterPolicyModel(scenario, rng=seed + 1)
        base.run_until_year(LAST)
        for lever in levers:
            none = value_added(base.branch(without(scenario, lever)))
            for i, times in enumerate(sizes):
                made = value_added(base.branch(sized(scenario, lever, times)))
                found[lever.id][i, seed] = 100.0 * (made / none - 1.0)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("levers", nargs="*")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rows", type=int, default=2_500)
    asked = parser.parse_args()
    rows = [
        (f"`{name}`", *(f"{row.mean():+.4f} ({row.std(ddof=1):.4f})" for row in by_size))
        for name, by_size in effects(asked.levers, asked.seeds, asked.rows).items()
    ]
    heads = ("lever", *(f"{size:g}" for size in SIZES))
    print(pipe_table(heads, rows, "l" + "r" * len(SIZES)))


if __name__ == "__main__":
    main()
