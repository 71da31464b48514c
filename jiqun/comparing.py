"""What `jiqun compare` does and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from jiqun.contents import others
from jiqun.experiments.designs.designs import Bench, compare_designs
from jiqun.experiments.designs.regret import regret_over_worlds
from jiqun.experiments.effects.compare import MAIN, compare, gather
from jiqun.experiments.effects.comparison_data import (
    SHIPPED,
    compared_data,
    is_current,
    pairs_data,
    read,
    save,
)
from jiqun.experiments.effects.costs import BEARERS, LAST
from jiqun.experiments.effects.effect import (
    LEAST_PAIRS,
    NO_CONCLUSION,
    STATISTIC,
    WITHHELD,
    Estimate,
)
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.results import Results
from jiqun.model.calendar import year_of
from jiqun.screen import Stages, console, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.experiments.designs.designs import Shape
    from jiqun.experiments.effects.compare import Comparison
    from jiqun.experiments.effects.costs import Borne
    from jiqun.experiments.runs.runner import Options
    from jiqun.experiments.runs.worker import Failure
    from jiqun.experiments.stores.forms import Context

YI = 1e8
GROUP_NAMES = {"tier": "tiers", "place": "cities", "size": "sizes"}


def against(
    store: str | Path, baseline: str, contents: Mapping[str, str], rows: int | None
) -> dict[str, Any]:
    """Every scenario of a store against one of them; shown and as data.

    Each is compared at the newest population and model that both have runs of.

    Args:
        store: Folder of the store, or its address.
        baseline: The one.
        contents: Scenario to the beginning of the hash of the content that is wanted.
        rows: Rows of the runs that are wanted.

    Raises:
        StoreError: The store lacks the baseline, or holds nothing to compare with it.
    """
    results = Results(store, contents=contents, rows=rows)
    groups: dict[Context, list[str]] = {}
    apart: dict[str, str] = {}
    results.sharing(baseline)
    for name in (name for name in results.scenarios() if name != baseline):
        try:
            form = results.sharing(name, baseline).chosen()[name]
            groups.setdefault(form.context, []).append(name)
        except StoreError as error:
            apart[name] = str(error)
    found: list[Comparison] = []
    ends = results.runs().groupby("scenario")["end"].max()
    for names in groups.values():
        # Runs that end early are told apart: the others are compared all the same.
        early = {name for name in names if year_of(int(ends[name])) < LAST}
        apart |= dict.fromkeys(early, f"its runs end before {LAST}")
        facts = gather(results, [baseline, *(name for name in names if name not in early)])
        for name in (name for name in names if name not in early):
            try:
                found.append(compare(facts, name, baseline))
            except StoreError as error:
                apart[name] = str(error)
    if not found and apart:
        raise StoreError("\n".join(apart.values()))
    if not found:
        raise StoreError(f"{store} holds runs of {baseline} alone: run what is to be compared")
    known = {baseline, *(row.scenario for row in found)}
    forms = [form for form in results.forms() if form.scenario in known]
    data = pairs_data(baseline, found, forms, apart)
    for context in groups:
        its = [row for row in found if row.content.context == context]
        if its:
            _show_group(results, its, data)
    for name, why in apart.items():
        say(f"{name} is not compared: {why}")
    return data


def _show_group(results: Results, found: list[Comparison], data: Mapping[str, Any]) -> None:
    """Comparisons at one population and model, and what else the store holds of the scenarios."""
    base = found[0].baseline_content
    title = f"against {base.scenario}: {base.sized}, population {base.population[:8]}"
    rows = [row for row in data["scenarios"] if row["scenario"] in {f.scenario for f in found}]
    _show(title, [row | {"name": row["scenario"], "note": ""} for row in rows], data)
    for line in others(
        results, {base.scenario: base, **{row.scenario: row.content for row in found}}
    ):
        say(line)


def at_equal_cost(
    store: Path, shape: Shape, options: Options, *, worlds: bool
) -> tuple[dict[str, Any], tuple[Failure, ...]]:
    """Designs scaled to the envelopes of a baseline; shown, kept with the store, and as data.

    Args:
        store: Folder of the store.
        shape: Which designs are run, and how.
        options: How runs are made.
        worlds: Whether regret over other outside worlds is worked out too.
    """
    with Stages() as stages:
        bench = Bench(store, options, stages, say)
        compared = compare_designs(bench, shape)
        regret = regret_over_worlds(bench, compared, shape) if worlds else None
    data = compared_data(compared, shape, regret)
    save(store, data)
    _show_designs(data)
    return data, tuple(bench.failures)


def kept(
    store: Path, baseline: str, borne: Borne = "total", *, worlds: bool = False
) -> dict[str, Any]:
    """The comparison with a baseline that a store keeps, or else the shipped one; empty without.

    Either counts only if it is of the model, the data and the fit in use. The shipped one is put
    into the store, where the report reads it.

    Args:
        store: Folder of the store.
        baseline: Scenario whose envelopes were to be met.
        borne: Whose cost was to be the same: `total` for all who bear it, or `budget`.
        worlds: Whether regret over variants of the outside world is asked for as well.
    """
    for folder in (store, SHIPPED):
        data = read(folder)
        if data is None or not is_current(data):
            continue
        if (data["baseline"]["scenario"], data["borne"]) != (baseline, borne):
            continue
        if worlds and not data["regret"]:
            continue
        pairs = data["reported_on"]
        if folder == store:
            say(f"{store} keeps a comparison on {pairs} triples: left as it is")
        else:
            save(store, data)
            say(
                f"the comparison shipped with this version, on {pairs} triples, is put into {store}"
            )
        _show_designs(data)
        return data
    return {}


def _show_designs(data: Mapping[str, Any]) -> None:
    """The designs, a table an envelope, with regret and investment promotion."""
    baseline = data["baseline"]
    for envelope, target in data["envelopes"].items():
        rows = [row for row in data["designs"] if row["envelope"] == envelope]
        rows = sorted(rows, key=lambda row: -row["effects"][MAIN]["gain"][STATISTIC])
        rows = [row | {"name": row["design"], "note": _note(row)} for row in rows]
        directed, new = (baseline[name][envelope]["mean"] / YI for name in ("envelopes", "new"))
        note = f"directs {directed:,.3g}, new {new:,.3g}"
        rows.append(baseline | {"name": baseline["scenario"], "note": note})
        of = {"total": "to all who bear it", "budget": "to the budgets"}[data["borne"]]
        title = f"{envelope} envelope: {target / YI:,.4g} 亿元 {of}, against {baseline['baseline']}"
        _show(title, rows, data)
        _show_regret(data["regret"].get(envelope, []))
    if data["promotion"]:
        _say_promotion(data["promotion"])
    say(
        f"scales solved on {data['solved_on']} triples, reported on {data['reported_on']}: mean "
        "costs are equal on the first, and move with the draws on the others"
    )


def _note(row: Mapping[str, Any]) -> str:
    scale = f"x {row['scale']:.3g}"
    why = {"equal": "", "cannot spend": ", all it can spend", "costs more": ", the least it costs"}
    return scale + why.get(row["verdict"], ", nearest found")


def _show(title: str, rows: list[dict[str, Any]], data: Mapping[str, Any]) -> None:
    """One row a scenario: pairs, effect, cost of a unit; then the money; then who gains."""
    few = [row for row in rows if row["pairs"] < LEAST_PAIRS]
    grid = _grid(title, "scenario", "pairs", "value added", "a yuan brings", "displaced", "")
    for row in rows:
        effect = row["effects"][MAIN]
        grid.add_row(
            row["name"],
            f"{row['pairs']}",
            _told(effect["gain"], YI, "+,.3g"),
            _brings(row),
            _told(row["displaced"]),
            row["note"],
        )
    console.print(grid)
    grid = _grid("money", "scenario", "cost", "budget", "others", "feedback", "private")
    for row in rows:
        money = (_told(row[name], YI, ",.4g") for name in ("cost", "budget", "others", "feedback"))
        grid.add_row(row["name"], *money, _told(row["private"]))
    console.print(grid)
    grid = _grid("cost by who bears it", "scenario", *BEARERS)
    for row in rows:
        grid.add_row(row["name"], *(_mean(row["bearers"][payer]) for payer in BEARERS))
    console.print(grid)
    if len(few) < len(rows):
        _show_gainers(rows)
    for row in few:
        say(
            f"{row['name']}: {row['pairs']} pairs, under {LEAST_PAIRS}: no interval is given and "
            f"there is {NO_CONCLUSION} on any effect; make more draws"
        )
    first, last = data["years"]
    say(
        f"亿元, present value {first}-{last} at {data['discount']:.0%}; each number is the "
        f"{STATISTIC} over the pairs, in brackets its {data['confidence']:.0%} interval; "
        f"{NO_CONCLUSION}: the interval touches zero, or the mean is within what chance makes; a "
        "yuan brings: value added for a yuan of cost, where a conclusion is possible; cost: "
        "what all bear, of it the budgets of province, cities and centre, and others; feedback: "
        "what levers set alike cost more; private: yuan moved by a yuan of the budgets"
    )


def _grid(title: str, *columns: str) -> Table:
    say(title)
    grid = Table(box=None, pad_edge=False)
    for name in columns:
        grid.add_column(
            name,
            justify="right" if name == "pairs" else "left",
            no_wrap=name in ("scenario", "pairs", "value added", "a yuan brings"),
        )
    return grid


def _show_gainers(rows: list[dict[str, Any]]) -> None:
    """Units whose gain is distinguishable from zero, the largest gain first."""
    grid = Table(title="who gains", title_justify="left", box=None, pad_edge=False)
    grid.add_column("scenario", no_wrap=True)
    for name in GROUP_NAMES.values():
        grid.add_column(name)
    for row in rows:
        gainers = (", ".join(row["gainers"][grouping]) or "-" for grouping in GROUP_NAMES)
        grid.add_row(row["name"], *gainers)
    console.print(grid)


def _told(interval: Mapping[str, Any] | None, unit: float = 1.0, form: str = "+.2f") -> str:
    """Mean and interval; the interval alone where there is no effect, the mean alone of few."""
    if interval is None:
        return "-"
    found = Estimate(**interval)
    mean = f"{found.mean / unit:{form}}"
    if found.low is None or found.high is None:
        return mean
    if found.low == found.high == 0.0:
        return "0"
    span = f"({found.low / unit:{form}} to {found.high / unit:{form}})"
    return f"{mean} {span}" if found.sign else f"{NO_CONCLUSION} {span}"


def _mean(interval: Mapping[str, Any]) -> str:
    """The mean in 亿元, nothing where there is none."""
    return f"{interval['mean'] / YI:,.3g}" if interval["mean"] else "-"


def _brings(row: Mapping[str, Any]) -> str:
    """Value added for a yuan of cost, or why there is no ratio."""
    why = row["per_yuan_withheld"]
    return WITHHELD[why] if why else _told(row["per_yuan"], form="+,.3g")


def _say_promotion(row: Mapping[str, Any]) -> None:
    low, high = row["drawn"]
    if row["pairs"] < LEAST_PAIRS:
        say(f"apart, {row['scenario']}: under {LEAST_PAIRS} pairs, so no additionality is told")
        return
    least, at, most = (row["break_even"][name] for name in ("low", "at", "high"))
    if least is None or least > 1.0:
        told = "at no additionality"
    elif at is None or most is None or most > 1.0:
        told = f"at an additionality of {least:.0%} at the least; no upper bound can be told"
    else:
        told = f"at an additionality of {at:.0%} ({least:.0%} to {most:.0%})"
    say(
        f"apart, {row['scenario']}: cost {row['cost']['mean'] / YI:,.4g} 亿元, drawn {low:.0%} "
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
