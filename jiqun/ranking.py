"""What `jiqun sensitivity` does and shows."""

from __future__ import annotations

import json
from math import isnan
from typing import TYPE_CHECKING, Any

from rich.table import Table

from jiqun.experiments.effects.effect import NO_EFFECT, WITHHELD, withheld_of
from jiqun.experiments.runs.adopted import write_whole
from jiqun.experiments.sensitivity.analysis import analyse, recorded
from jiqun.experiments.sensitivity.runs import Bench
from jiqun.experiments.sensitivity.spec import read_spec
from jiqun.experiments.sensitivity.tables import FOLDER, save
from jiqun.screen import Stages, console, say

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.experiments.runs.runner import Options
    from jiqun.experiments.sensitivity.tables import Analysis

SHOWN = 5
YI = 1e8
HEAD = ("lever", "mean", "95 % interval", "rank", "top 5", "ties", "cost", "a yuan brings", "")


def sensitivity(spec: str, out: Path, options: Options, place: Path | None, *, full: bool) -> (
    dict[str, Any]
):  # fmt: skip
    """Make an analysis, show the first levers, and hand back its facts and tables as data.

    Args:
        spec: Name of a shipped specification, or a file.
        out: Folder of the store.
        options: How runs are made.
        place: Folder that the analysis is put into for later reports, if any.
        full: Whether Sobol indices of every factor are made too.
    """
    task = read_spec(spec, full=full)
    with Stages() as stages:
        bench = Bench(out, options, stages, say, recorded(task), task.spec.year)
        analysis = analyse(bench, task)
    _show(analysis)
    if place:
        write_whole(place, lambda folder: save(folder, analysis))
        say(f"reports of stores without an analysis of their own show this one ({place})")
    return {
        "folder": str(out / FOLDER / task.spec.name),
        "facts": dict(analysis.facts),
        # What is not there, such as the tau of levers that all tie, is null.
        "tables": {
            name: json.loads(frame.to_json(orient="records", double_precision=15))
            for name, frame in analysis.tables.items()
        },
    }


def _show(analysis: Analysis) -> None:
    """The first levers of each group for the main outcome, tier by tier."""
    facts, ranks = analysis.facts, analysis.tables["ranks"]
    chosen = ranks[
        (ranks["setting"] == "without")
        & (ranks["condition"] == "all")
        & (ranks["outcome"] == facts["main"])
        & (ranks["rank"] <= SHOWN)
    ]
    unit = facts["units"][facts["main"]]
    for (group, tier), rows in chosen.groupby(["group", "tier"], sort=False):
        title = f"{group}, {tier}: effect on {facts['main']} {facts['year']} ({unit})"
        grid = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for name in HEAD:
            grid.add_column(name, justify="left" if name in ("lever", "") else "right")
        for row in rows.sort_values("rank").itertuples():
            grid.add_row(
                row.lever,
                f"{row.mean:+.4g}",
                f"{row.low:+.4g} to {row.high:+.4g}",
                f"{row.rank_low:.0f}-{row.rank_high:.0f}",
                f"{row.top_5:.0%}",
                f"set {row.tie_set}",
                "-" if isnan(row.total_cost) else f"{row.total_cost / YI:,.3g}",
                _brings(row),
                "" if row.above_noise else WITHHELD[NO_EFFECT],
            )
        console.print(grid)
    say(
        "levers of one set cannot be told apart by the size of their effects; cost: 亿元, present "
        "value, all who bear it; a yuan brings: present gain for a yuan of cost, where effect and "
        "cost are distinguishable from zero"
    )


def _brings(row: Any) -> str:
    """What a yuan of cost brings, or why there is no ratio; a dash where a gain is not in yuan."""
    if row.costs == "costs" and isnan(row.per_yuan):
        return "-"
    if why := withheld_of(row):
        return WITHHELD[why]
    return f"{row.per_yuan:+.3g} ({row.per_yuan_low:+.3g} to {row.per_yuan_high:+.3g})"
