"""What `jiqun backtest` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from jiqun.screen import console, say

if TYPE_CHECKING:
    from collections.abc import Mapping


def show_backtest(found: Mapping[str, Any]) -> None:
    """Print every point, the scores and what to bear in mind."""
    grid = Table(title=f"forecasts, {found['name']}", title_justify="left", box=None)
    for name in ("series", "from", "year", "published", "forecast", "90 %", "rival", "error", ""):
        grid.add_column(name, justify="left" if name in ("series", "") else "right")
    for row in found["forecasts"]:
        rival = "" if row["rival"] is None else f"{row['rival']:,.4g}"
        place = "inside" if row["inside_90"] else "OUTSIDE"
        grid.add_row(
            row["indicator"],
            str(row["origin"]),
            str(row["year"]),
            f"{row['published']:,.4g}",
            f"{row['forecast']:,.4g}",
            f"{row['p05']:,.4g} to {row['p95']:,.4g}",
            rival,
            f"{row['error']:+.1f}",
            f"{place}, set apart" if row["apart"] else place,
        )
    console.print(grid)
    if found["points"]:
        say(
            f"{found['points']} points of {found['series']} series, parameters: "
            f"{found['training']}; coverage of 50 % intervals {found['coverage_50']:.0%}, "
            f"of 90 % intervals {found['coverage_90']:.0%}"
        )
    if found.get("rmse_ratio") is not None:
        span = ""
        if found["rmse_ratio_low"] is not None:
            span = f" (90 %: {found['rmse_ratio_low']:.2f} to {found['rmse_ratio_high']:.2f})"
        say(f"root mean square error over that of the rival: {found['rmse_ratio']:.2f}{span}")
    second = found["second_version"]
    if second.get("rmse_ratio") is not None:
        say(
            f"second version of the protocol ({second['label']}): {second['rmse_ratio']:.2f}, "
            f"coverage of 90 % intervals {second['coverage_90']:.0%}"
        )
    for note in (*found["notes"], found["caution"]):
        say(note)
