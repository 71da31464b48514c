"""Speed of one run on one core, and where its time goes.

Example:
    python -m benchmarks.speed
    python -m benchmarks.speed --rows 2500 12000 --json
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict, replace

import numpy as np
from tabulate import tabulate

from jiqun.experiments.runs.timing import SCENARIO, Measurement, measure
from jiqun.scenarios import load

ROWS = (2_500, 12_000, 50_000)
# A default run has to stay below this, or batches of thousands stop being a matter of minutes. It
# was 0.3 before enterprises were linked as suppliers and every article had its levers: the links
# are about a tenth of a run, and levers choose among all enterprises whether or not they pay.
DEFAULT_RUN_LIMIT = 0.45


def speed_table(measurements: list[Measurement]) -> str:
    return tabulate(
        [
            (
                one.rows,
                one.enterprise_quarters_a_second / 1e6,
                one.run / (one.rows * one.quarters) * 1e9,
                one.start,
                one.run,
                one.records,
                one.total,
            )
            for one in measurements
        ],
        headers=(
            "rows",
            "million enterprise-quarters/s",
            "ns per row and quarter",
            "start s",
            "run s",
            "records s",
            "total CPU s",
        ),
        floatfmt=(",.0f", ".2f", ".0f", ".3f", ".3f", ".3f", ".3f"),
        intfmt=",",
    )


def parts_table(one: Measurement) -> str:
    parts = sorted(one.timings.items(), key=lambda part: -part[1])
    others = [("(between them)", one.between), ("(start)", one.start), ("(records)", one.records)]
    return tabulate(
        [(name, seconds * 1e3, seconds / one.total * 100) for name, seconds in (*parts, *others)],
        headers=("part", "ms a run", "% of CPU"),
        floatfmt=("", ".1f", ".1f"),
    )


def as_json(default: Measurement, measurements: list[Measurement]) -> str:
    def fields(one: Measurement) -> dict[str, object]:
        derived = {
            "total": one.total,
            "enterprise_quarters_a_second": one.enterprise_quarters_a_second,
        }
        return asdict(one) | derived

    return json.dumps(
        {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "default": fields(default) | {"limit": DEFAULT_RUN_LIMIT},
            "by_rows": [fields(one) for one in measurements],
        },
        indent=1,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, metavar="N")
    parser.add_argument("--repeats", type=int, default=5, help="runs each; the fastest counts")
    parser.add_argument("--scenario", default=SCENARIO)
    parser.add_argument("--json", action="store_true", help="machine-readable, on stdout")
    chosen = parser.parse_args()

    scenario = load(chosen.scenario)
    default = measure(scenario, chosen.repeats)  # also warms the caches
    measurements = []
    for rows in chosen.rows:
        print(f"measuring {rows:,} rows ...", file=sys.stderr)
        measurements.append(measure(replace(scenario, rows=rows), chosen.repeats))

    if chosen.json:
        print(as_json(default, measurements))
        return
    print(f"\nOne core, fastest of {chosen.repeats}, {default.quarters} quarters\n")
    print(speed_table(measurements))
    verdict = "within" if default.total < DEFAULT_RUN_LIMIT else "ABOVE"
    print(
        f"\nDefault run ({default.rows:,} rows): {default.total:.3f} s of CPU, {verdict} the limit"
        f" of {DEFAULT_RUN_LIMIT} s\n\nWhere its time goes\n"
    )
    print(parts_table(default))


if __name__ == "__main__":
    main()
