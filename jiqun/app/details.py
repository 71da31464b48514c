"""What a store says of a question once its pairs are there: all that the page shows of it.

It is read in a process of its own, so that the page answers meanwhile.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jiqun.experiments import Results
from jiqun.experiments.effects.change import MAIN, change
from jiqun.experiments.effects.costs import (
    BEARERS,
    Books,
    money,
    runs_of,
    set_otherwise,
    stored_levers,
)
from jiqun.experiments.effects.effect import CUTS, Estimate
from jiqun.notebooks import board, panels
from jiqun.notebooks.tiles import has_tiles, tile_map
from jiqun.notebooks.trust.evidence import ORIGIN
from jiqun.notebooks.what_changes import effect_of
from jiqun.notebooks.words import LANGS, Words
from jiqun.notebooks.worlds import gather_worlds
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.experiments.effects.change import Change, Unit
    from jiqun.notebooks.words import Lang
    from jiqun.notebooks.worlds import Effect, Worlds


@dataclass(frozen=True)
class Details:
    """What a store says of a question.

    Attributes:
        change: What changes.
        flows: Payer and receiving tier to what is paid, forgone or accrued more, present value;
            an empty tier where nobody in particular is paid.
        met: Id of a target to the share of runs that meet it under the baseline and the scenario.
        tiles: Language to the map of the cities, SVG, and what it shows in words.
    """

    change: Change
    flows: Mapping[tuple[str, str], Estimate]
    met: Mapping[str, tuple[float, float]]
    tiles: Mapping[Lang, tuple[str, str]]


@dataclass(frozen=True)
class Cities:
    """Effects on cities, as the map asks for them."""

    change: Change

    def effect(self, unit: Unit) -> Effect | None:
        """Effect on value added of a city; None where it is not known."""
        moved = self.change.of(MAIN, unit)
        return effect_of(moved) if moved else None


def read(folder: Path, scenario: str, baseline: str) -> Details:
    """Read a store.

    Args:
        folder: Its folder.
        scenario: Name of the scenario.
        baseline: Name of the one that it is compared with.

    Raises:
        StoreError: It lacks one of them.
    """
    results = Results(folder).sharing(scenario, baseline)
    found = change(results, scenario, baseline)
    return Details(
        found,
        _flows(results, scenario, baseline),
        _met(gather_worlds(folder), scenario, baseline),
        {lang: _map(Cities(found), Words(lang)) for lang in LANGS} if has_tiles() else {},
    )


def _map(cities: Cities, words: Words) -> tuple[str, str]:
    held = io.StringIO()
    drawn = tile_map(cities, words)
    drawn.savefig(held, format="svg", transparent=True)
    return held.getvalue(), panels.seen(drawn)


def _flows(results: Results, scenario: str, baseline: str) -> dict[tuple[str, str], Estimate]:
    """Who pays whom, under levers that are set otherwise."""
    runs = runs_of(results)
    names = [scenario, baseline]
    books = Books(money(results, names), {name: runs[name] for name in names})
    levers = stored_levers(results)
    changed = set_otherwise(levers[scenario], levers[baseline])
    return {
        (payer, tier): Estimate.of(more)
        for payer in BEARERS
        for tier in ("", *CUTS["tier"])
        if (more := books.more(scenario, baseline, payer=(payer,), tier=(tier,), lever=changed))
        .abs()
        .max()
        > 0.0
    }


def _met(worlds: Worlds, scenario: str, baseline: str) -> dict[str, tuple[float, float]]:
    """Shares of runs that meet each target that a simulated outcome can be held against."""
    found = {}
    for target in targets():
        year = board.year_of(target)
        shares = []
        for name in (baseline, scenario):
            runs = board.paths(worlds, name, target)
            if {ORIGIN, year} <= set(runs.columns):
                runs = runs.dropna(subset=[ORIGIN, year])
                shares.append(float(board.met(target, runs, year).mean()))
        if len(shares) == 2:
            found[str(target.id)] = (shares[0], shares[1])
    return found


def targets() -> list[Any]:
    """Targets that the page shows, as the report's table of them does."""
    return [
        row
        for row in board.targets("modelled")
        if row.kind != "flow" and row.id not in board.COUNTS and board.outcome_of(row) is not None
    ]


def target(name: str) -> Any:
    """A target by its id."""
    return next(row for row in table("policy_targets") if row.id == name)
