"""What `jiqun compare` does and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from experiments.compare import MAIN, compare, gather
from experiments.designs import Bench, compare_designs
from experiments.regret import regret_over_worlds
from experiments.results import Results
from experiments.store import StoreError
from experiments.told import compared_data, pairs_data, save
from jiqun.screen import ProgressDisplay, console, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from experiments.designs import Shape
    from experiments.runner import Options, Progress
    from experiments.worker import Failure

YI = 1e8
GROUP_NAMES = {"tier": "tiers", "place": "cities", "size": "sizes"}


def against(store: Path, baseline: str) -> dict[str, Any]:
    """Every scenario of a store against one of them; shown and as data.

    Raises:
        StoreError: The store lacks the baseline, or holds nothing else.
    """
    results = Results(store)
    others = [name for name in results.scenarios() if name != baseline]
    facts = gather(results, [baseline, *others])
    found = [compare(facts, name, baseline) for name in others]
    if not found:
        raise StoreError(f"{store} holds runs of {baseline} alone: run what is to be compared")
    data = pairs_data(baseline, found)
    rows = [row | {"name": row["scenario"], "note": ""} for row in data["scenarios"]]
    _show(f"against {baseline}", rows, data)
    return data


def at_equal_cost(
    store: Path, shape: Shape, options: Options, *, worlds: bool
) -> tuple[dict[str, Any], tuple[Failure, ...]]:
    """Designs scaled to the envelopes of a baseline; shown, kept with the store, and as data."""
    with _Stages() as stages:
        bench = Bench(store, options, stages, say)
        compared = compare_designs(bench, shape)
        regret = regret_over_worlds(bench, compared, shape) if worlds else None
    data = compared_data(compared, shape, regret)
    save(store, data)
    baseline = data["baseline"]
    for envelope, target in data["envelopes"].items():
        rows = [row for row in data["designs"] if row["envelope"] == envelope]
        rows = sorted(rows, key=lambda row: -row["effects"][MAIN]["gain"]["median"])
        rows = [row | {"name": row["design"], "note": _note(row)} for row in rows]
        rows.append(baseline | {"name": baseline["scenario"], "note": "as it is"})
        title = f"{envelope} envelope: {target / YI:,.4g} 亿元, against {baseline['baseline']}"
        _show(title, rows, data)
        _show_regret(data["regret"].get(envelope, []))
    if data["apart"]:
        _say_apart(data["apart"])
    return data, tuple(bench.failures)


class _Stages:
    """Progress of batches that follow each other: a bar or lines of its own for each."""

    def __init__(self) -> None:
        self._display: ProgressDisplay | None = None

    def __enter__(self) -> _Stages:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, state: Progress) -> None:
        if self._display is None:
            self._display = ProgressDisplay().__enter__()
        self._display(state)
        if state.done == state.total:
            self._close()

    def _close(self) -> None:
        if self._display is not None:
            self._display.__exit__(None, None, None)
            self._display = None


def _note(row: Mapping[str, Any]) -> str:
    scale = f"x {row['scale']:.4g}"
    if row["verdict"] == "cannot spend":
        return f"{scale}, cannot spend more than {row['solved_cost'] / YI:.3g}"
    if row["verdict"] == "not within":
        return f"{scale}, nearest found {row['solved_cost'] / YI:.3g}"
    return scale


def _show(title: str, rows: list[dict[str, Any]], data: Mapping[str, Any]) -> None:
    """One row a scenario: cost, effect, cost of a unit, displacement, who gains, found or not."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in (
        *("design", "cost", "centre", "value added", "90 %", "for a yuan", "private", "displaced"),
        *("who gains", "effect", ""),
    ):
        left = name in ("design", "who gains", "effect", "")
        grid.add_column(name, justify="left" if left else "right")
    for row in rows:
        effect = row["effects"][MAIN]
        gain, unit = effect["gain"], effect["per_unit"]
        grid.add_row(
            row["name"],
            f"{row['cost']['mean'] / YI:,.2f}",
            f"{row['centre']['mean'] / YI:,.2f}",
            f"{gain['median'] / YI:+,.2f}",
            f"{gain['low'] / YI:+,.1f} to {gain['high'] / YI:+,.1f}",
            "-" if unit is None else f"{unit:.2f}",
            _ratio(row["private"]),
            _ratio(row["displaced"]),
            ", ".join(row["gainers"]["tier"]) or "-",
            "found" if row["found"] else "no effect found",
            row["note"],
        )
    console.print(grid)
    first, last = data["years"]
    say(
        f"亿元, present value {first}-{last} at {data['discount']:.0%}; for a yuan: cost of a yuan "
        "of value added; private: yuan moved by a public yuan; centre: forgone by the centre"
    )


def _ratio(interval: Mapping[str, float] | None) -> str:
    return "-" if interval is None else f"{interval['mean']:+.2f}"


def _say_apart(apart: Mapping[str, Any]) -> None:
    low, high = apart["drawn"]
    at = apart["break_even"]
    told = "at no additionality" if at is None or at > 1.0 else f"at an additionality of {at:.0%}"
    say(
        f"apart, {apart['scenario']}: cost {apart['cost']['mean'] / YI:,.4g} 亿元, drawn {low:.0%} "
        f"to {high:.0%} additional; a yuan brings a yuan of value added {told}"
    )


def _show_regret(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    grid = Table(title="regret, 亿元 of value added", title_justify="left", box=None)
    worlds = list(rows[0]["by_world"])
    for name in ("design", *worlds, "largest", "best in"):
        grid.add_column(name, justify="left" if name == "design" else "right")
    for row in rows:
        cells = [f"{row['by_world'][world] / YI:,.1f}" for world in worlds]
        grid.add_row(row["design"], *cells, f"{row['largest'] / YI:,.1f}", f"{row['best']:.0%}")
    console.print(grid)
