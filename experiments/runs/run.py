"""A batch from Python, as `jiqun run` makes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jiqun.experiments.runs.batch import Plan
from jiqun.experiments.runs.panel import panel_of
from jiqun.experiments.runs.runner import Options, run_batch, with_rows
from jiqun.experiments.stores.results import Results
from jiqun.model.scenario import Scenario
from jiqun.scenarios import load
from jiqun.scenarios.loader import least_rows

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    out: str | Path,
    *,
    draws: int | None = None,
    seeds: int | None = None,
    rows: int | None = None,
    until: int | None = None,
    workers: int | None = None,
    panel: int | Sequence[int] | None = None,
    panel_columns: Sequence[str] | None = None,
) -> Results:
    """Run a batch of simulations; what the store holds already is not run again.

    Args:
        scenarios: Names of shipped scenarios, files, or scenarios that `load` gave; one or several.
        out: Folder of the store, or an address that fsspec reads, as ``s3://bucket/store``.
        draws: Number of draws of parameters and outside world, each with its own seed; None for
            the central one.
        seeds: Number of seeds where there are no draws.
        rows: Enterprise rows, 0 for one an enterprise; None for those of each scenario.
        until: Last year; None for that of each scenario.
        workers: Worker processes; None for one a core.
        panel: Enterprises that are kept year by year: so many of those at the start, or ids.
        panel_columns: Columns that are kept of them; the main ones if None.

    Returns:
        What the store holds.

    Raises:
        InputError: A scenario is wrong; the message names file, line and what is allowed.
        PlanError: `draws` or `seeds` has no meaning.
        ValueError: The population needs more rows.
        RuntimeError: A run failed; those that ended well are kept.
    """
    given = [scenarios] if isinstance(scenarios, str | Path | Scenario) else scenarios
    loaded = [each if isinstance(each, Scenario) else load(each) for each in given]
    least = max(map(least_rows, loaded), default=1)
    if rows and rows < least:
        raise ValueError(f"rows {rows}: allowed: {least:,} or more, or 0 for one an enterprise")
    resolved = [with_rows(each, rows) for each in loaded]
    report = run_batch(
        resolved if until is None else [each.until(until) for each in resolved],
        Plan(seeds, draws),
        out,
        Options(workers),
        panel=None if panel is None else panel_of(panel, panel_columns),
    )
    if report.failures:
        first = report.failures[0]
        raise RuntimeError(
            f"{len(report.failures)} of {len(report.keys)} runs failed, the first in "
            f"{first.origin}: {first.message}"
        )
    return Results(out)
