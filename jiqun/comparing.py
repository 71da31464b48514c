"""What `jiqun compare` does and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from experiments.compare import MAIN, compare, gather
from experiments.designs import Bench, compare_designs
from experiments.regret import regret_over_worlds
from experiments.results import Results
from experiments.store import StoreError
from experiments.told import compared_data, is_current, pairs_data, read, save
from jiqun.screen import Stages, console, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from experiments.designs import Shape
    from experiments.runner import Options
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
    with Stages() as stages:
        bench = Bench(store, options, stages, say)
        compared = compare_designs(bench, shape)
        regret = regret_over_worlds(bench, compared, shape) if worlds else None
    data = compared_data(compared, shape, regret)
    save(store, data)
    _show_designs(data)
    return data, tuple(bench.failures)


def kept(store: Path, baseline: str) -> dict[str, Any]:
    """The comparison a store keeps of a baseline, by this model on these data; empty without."""
    data = read(store)
    if data is None or data["baseline"]["scenario"] != baseline or not is_current(data):
        return {}
    say(f"{store} keeps a comparison on {data['reported_on']} triples: left as it is")
    _show_designs(data)
    return data


def _show_designs(data: Mapping[str, Any]) -> None:
    """The designs, a table an envelope, with regret and investment promotion."""
    baseline = data["baseline"]
    for envelope, target in data["envelopes"].items():
        rows = [row for row in data["designs"] if row["envelope"] == envelope]
        rows = sorted(rows, key=lambda row: -row["effects"][MAIN]["gain"]["median"])
        rows = [row | {"name": row["design"], "note": _note(row)} for row in rows]
        directed = baseline["envelopes"][envelope]["mean"] / YI
        note = f"directs {directed:,.3g}"
        rows.append(baseline | {"name": baseline["scenario"], "note": note})
        title = f"{envelope} envelope: {target / YI:,.4g} 亿元, against {baseline['baseline']}"
        _show(title, rows, data)
        _show_regret(data["regret"].get(envelope, []))
    if data["apart"]:
        _say_apart(data["apart"])
    say(
        f"scales solved on {data['solved_on']} triples, reported on {data['reported_on']}: mean "
        "costs are equal on the first, and move with the draws on the others"
    )


def _note(row: Mapping[str, Any]) -> str:
    scale = f"x {row['scale']:.3g}"
    why = {"equal": "", "cannot spend": ", all it can spend", "costs more": ", the least it costs"}
    return scale + why.get(row["verdict"], ", nearest found")


def _show(title: str, rows: list[dict[str, Any]], data: Mapping[str, Any]) -> None:
    """One row a scenario: cost, effect, cost of a unit, displacement, who gains."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False)
    whole = ("design", "cost", "centre", "value added", "for a yuan")
    for name in (*whole, "private", "displaced", ""):
        left = name in ("design", "value added", "")
        grid.add_column(name, justify="left" if left else "right", no_wrap=name in whole)
    for row in rows:
        effect = row["effects"][MAIN]
        grid.add_row(
            row["name"],
            f"{row['cost']['mean'] / YI:,.2f}",
            f"{row['centre']['mean'] / YI:,.2f}",
            _gain(effect["gain"]) if row["found"] else f"n.d. {_span(effect['gain'])}",
            _unit_cost(effect["per_unit"]),
            _ratio(row["private"]),
            _ratio(row["displaced"]),
            row["note"],
        )
    console.print(grid)
    _show_gainers(rows)
    first, last = data["years"]
    say(
        f"亿元, present value {first}-{last} at {data['discount']:.0%}, 90 % interval in brackets; "
        "n.d.: not distinguishable from zero; for a yuan: cost of a yuan of value added; private: "
        "yuan moved by a public yuan; centre: forgone by the centre"
    )


def _show_gainers(rows: list[dict[str, Any]]) -> None:
    """Units of each grouping that are found to gain, the largest gain first."""
    grid = Table(title="who gains", title_justify="left", box=None, pad_edge=False)
    grid.add_column("design", no_wrap=True)
    for name in GROUP_NAMES.values():
        grid.add_column(name)
    for row in rows:
        gainers = (", ".join(row["gainers"][grouping]) or "-" for grouping in GROUP_NAMES)
        grid.add_row(row["name"], *gainers)
    console.print(grid)


def _gain(gain: Mapping[str, float]) -> str:
    return f"{gain['median'] / YI:+,.3g} {_span(gain)}"


def _span(gain: Mapping[str, float]) -> str:
    return f"({gain['low'] / YI:+,.3g} to {gain['high'] / YI:+,.3g})"


def _unit_cost(cost: Mapping[str, float] | None) -> str:
    return "-" if cost is None else f"{cost['low']:.2g} to {cost['high']:.2g}"


def _ratio(interval: Mapping[str, float] | None) -> str:
    return "-" if interval is None else f"{interval['mean']:+.2f}"


def _say_apart(apart: Mapping[str, Any]) -> None:
    low, high = apart["drawn"]
    least, at, most = (apart["break_even"][name] for name in ("low", "at", "high"))
    if least is None or least > 1.0:
        told = "at no additionality"
    elif at is None or most is None or most > 1.0:
        told = f"at an additionality of {least:.0%} at the least; no upper bound can be told"
    else:
        told = f"at an additionality of {at:.0%} ({least:.0%} to {most:.0%})"
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
