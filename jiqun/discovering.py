"""What `jiqun discover` does and shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jiqun.experiments.discovery import HALVES, SHUFFLES, discover, save
from jiqun.experiments.effects.comparison_data import made_by
from jiqun.experiments.stores.errors import StoreError
from jiqun.notebooks import board
from jiqun.notebooks.discovering import sentence
from jiqun.notebooks.trust.evidence import ORIGIN
from jiqun.notebooks.words import LANGS, Words
from jiqun.notebooks.worlds import gather_worlds
from jiqun.scenarios.errors import nearest_name
from jiqun.screen import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from jiqun.experiments.stores.results import Results


class TargetError(ValueError):
    """A name that is no modelled target."""


def discover_misses(store: Path, scenario: str, chosen: Sequence[str], year: int) -> dict[str, Any]:
    """Where a scenario misses modelled targets; shown, kept with the store, and as data.

    Args:
        store: Folder of the store.
        scenario: The scenario.
        chosen: Targets by id; all if none.
        year: Year in which targets without a deadline of their own are judged.

    Raises:
        StoreError: The store holds no draws of the scenario that reach the year.
        TargetError: A target is not known.
    """
    targets = _targets(chosen)
    worlds = gather_worlds(store)
    if not worlds.joint or scenario not in worlds.names or year not in _years(worlds.frame):
        raise StoreError(
            f"{store} holds no draws of {scenario} in {year}: make some with  "
            f"jiqun run {scenario} --draws 100 --until {year} --out {store}"
        )
    drawn = factors(worlds.results, scenario)
    rows = []
    for target in targets:
        due = board.year_of(target, year)
        runs = board.paths(worlds, scenario, target)
        if not {ORIGIN, due} <= set(runs.columns):
            continue
        misses = _by_draw(board.missed(target, runs.dropna(subset=[due]), due))
        x = drawn.reindex(misses.index).dropna(axis=1)
        found = discover(x.loc[:, x.nunique() > 1], misses.to_numpy(dtype=bool))
        row = {"target": target.id, "year": due, **asdict(found)}
        row["sentence"] = {lang: sentence(row, Words(lang)) for lang in LANGS}
        say(row["sentence"]["en"].replace("**", ""))
        rows.append(row)
    data = {
        "scenario": scenario,
        "runs": max((row["runs"] for row in rows), default=0),
        "factors": max((row["factors"] for row in rows), default=0),
        "shuffles": SHUFFLES,
        "halves": HALVES,
        "made_by": made_by(),
        "targets": rows,
    }
    say(f"kept: {save(store, data)}")
    return data


def factors(results: Results, scenario: str) -> pd.DataFrame:
    """What was drawn for the runs of a scenario, one row a draw: parameters, outside places."""
    drawn = results.draws()
    return drawn[drawn["scenario"] == scenario].drop(columns="scenario").set_index("draw")


def _by_draw(misses: pd.Series[bool]) -> pd.Series[bool]:
    """One run a draw, since runs of one draw with several seeds are no independent cases."""
    by_draw = misses.sort_index().droplevel(["seed", "population"])
    return by_draw[~by_draw.index.duplicated()]


def _years(frame: pd.DataFrame) -> set[int]:
    return set(map(int, frame["year"].unique()))


def _targets(chosen: Sequence[str]) -> list[Any]:
    every = {row.id: row for row in board.targets("modelled")}
    for name in chosen:
        if name not in every:
            nearest = nearest_name(name, every)
            hint = f"; nearest: {nearest}" if nearest else ""
            raise TargetError(f"--target {name}: allowed: {', '.join(every)}{hint}")
    return [every[name] for name in chosen or every]
