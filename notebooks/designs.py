"""Designs of support at equal cost: tables, sentences and figure, from what a store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.compare import GROUPS
from notebooks.figures import BLUE, GREY, style, tick
from notebooks.tables import markdown
from notebooks.words import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebooks.words import Words

    Row = Mapping[str, Any]

MAIN = "value_added"
NAMES = {"tier": "tier_names", "place": "city_groups", "size": "size_names"}
"""Grouping to the names of its units."""


def rows_of(data: Row, envelope: str) -> list[Row]:
    """The designs at an envelope, the largest median effect first."""
    rows = [row for row in data["designs"] if row["envelope"] == envelope]
    return sorted(rows, key=lambda row: -row["effects"][MAIN]["gain"]["median"])


def headline(data: Row, words: Words) -> str:
    """The answer at the programme envelope, or at the award where there is no other."""
    envelope = list(data["envelopes"])[-1]
    rows = rows_of(data, envelope)
    better = [row for row in rows if row["effects"][MAIN]["gain"]["low"] > 0.0]
    common = {
        "envelope": words.name("envelopes", envelope),
        "sum": words.money(data["envelopes"][envelope])[0],
        "unit": words.money_unit,
        "count": len(rows),
        "pairs": data["reported_on"],
    }
    if not better:
        return words("designs_none", **common)
    best = better[0]
    return words(
        "designs_best",
        found=len(better),
        best=best["label"][words.lang],
        gain=_money(best["effects"][MAIN]["gain"], words),
        **common,
    )


def reading(data: Row, words: Words) -> str:
    """How the first table is read."""
    first, last = data["years"]
    return words("designs_read", first=first, last=last, unit=words.money_unit)


def summary_table(data: Row, words: Words, envelope: str) -> str:
    """A line a design: cost, effect, cost of a yuan of it, displaced, who gains, found or not."""
    rows = [_line(row, words) for row in rows_of(data, envelope)]
    base = dict(data["baseline"])
    rows.append(_line(base | {"verdict": "", "scale": None}, words))
    head = words.lines("designs_head")
    unit = words.bracketed(words.money_unit)
    return markdown([head[0], head[1] + unit, head[2] + unit, *head[3:]], rows)


def _line(row: Row, words: Words) -> list[str]:
    effect = row["effects"][MAIN]
    name = row["label"][words.lang]
    if row["verdict"] not in ("", "equal"):
        name += words.bracketed(words.name("design_verdicts", row["verdict"]))
    per_unit = effect["per_unit"]
    return [
        name,
        words.money(row["cost"]["mean"])[0],
        _money(effect["gain"], words),
        ABSENT if per_unit is None else f"{per_unit:.2f}",
        ABSENT if row["displaced"] is None else words.percent(row["displaced"]["mean"]),
        who_gains(row, words),
        words.name("design_words", "found" if row["found"] else "none"),
    ]


def who_gains(row: Row, words: Words) -> str:
    """Tiers, then cities and sizes that are found to gain; at most two of each."""
    parts = []
    for grouping, names in NAMES.items():
        found = row["gainers"][grouping][:2]
        joint = "、" if words.lang == "zh" else ", "
        if found:
            parts.append(joint.join(words.name(names, unit) for unit in found))
    return words.listing(parts) if parts else ABSENT


def _money(interval: Mapping[str, float], words: Words) -> str:
    scaled = [words.scaled(interval[name], MAIN) for name in ("median", "low", "high")]
    median, low, high = words.signed(scaled)
    return median + words.bracketed(words.between(low, high))


def cost_table(data: Row, words: Words, envelope: str) -> str:
    """Scale and what stands beside the cost: centre, feedback, private money moved, jobs."""
    rows = []
    for row in rows_of(data, envelope):
        private, jobs = row["private"], row["effects"]["employees"]["per_unit"]
        rows.append(
            [
                row["label"][words.lang],
                f"{row['scale']:.3g}",
                words.name("design_verdicts", row["verdict"]),
                words.money(row["solved_cost"])[0],
                words.money(row["centre"]["mean"])[0],
                words.signed([words.scaled(row["feedback"]["mean"], MAIN)])[0],
                ABSENT if private is None else words.signed([private["mean"]])[0],
                ABSENT if jobs is None else words.money(jobs / 1e-4)[0],
            ]
        )
    return markdown(words.lines("designs_cost_head"), rows)


def gain_table(data: Row, words: Words, envelope: str, grouping: str) -> str:
    """Gain of value added by unit of a grouping, with the unit's share of the money paid."""
    units = GROUPS[grouping]
    rows = []
    for row in rows_of(data, envelope):
        gains = row["gains"][grouping]
        cells = [_gain(gains[unit], words) if unit in gains else ABSENT for unit in units]
        rows.append([row["label"][words.lang], *cells])
    names = [words.name(NAMES[grouping], unit) for unit in units]
    return markdown([words("design_name"), *names], rows)


def _gain(gain: Row, words: Words) -> str:
    value = words.signed([words.scaled(gain["gain"]["median"], MAIN)])[0]
    shown = f"**{value}**" if gain["found"] else value
    return shown if gain["money"] is None else f"{shown} / {words.percent(gain['money'])}"


def regret_table(data: Row, words: Words, envelope: str) -> str:
    """Regret by world, the smallest largest regret first; empty without runs of other worlds."""
    rows = data["regret"].get(envelope, [])
    if not rows:
        return ""
    labels = {row["design"]: row["label"][words.lang] for row in data["designs"]}
    worlds = list(rows[0]["by_world"])
    lines = [
        [
            labels[row["design"]],
            *(words.money(row["by_world"][world])[0] for world in worlds),
            words.money(row["largest"])[0],
            words.percent(row["best"]),
        ]
        for row in rows
    ]
    head = words.lines("regret_head")
    return markdown([head[0], *(words.name("world_names", w) for w in worlds), *head[1:]], lines)


def apart(data: Row, words: Words) -> str:
    """Investment promotion and the additionality at which it breaks even; empty without it."""
    row = data["apart"]
    if row is None:
        return ""
    at = row["break_even"]
    key = "apart_never" if at is None or at > 1.0 else "apart_at"
    return words(
        key,
        cost=words.money(row["cost"]["mean"])[0],
        gain=_money(row["effects"][MAIN]["gain"], words),
        unit=words.money_unit,
        low=words.percent(row["drawn"][0]),
        high=words.percent(row["drawn"][1]),
        at=words.percent(at or 0.0),
    )


def forest(data: Row, words: Words) -> Figure:
    """Effect on value added of each design: a panel an envelope, filled where it is found."""
    style(words)
    envelopes = list(data["envelopes"])
    count = max(len(rows_of(data, envelope)) for envelope in envelopes)
    size = (9.6, 0.9 + 0.26 * count)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(envelopes), squeeze=False)[0]
    for axis, envelope in zip(axes, envelopes, strict=True):
        rows = rows_of(data, envelope)[::-1]
        for place, row in enumerate(rows):
            gain = row["effects"][MAIN]["gain"]
            low, median, high = (words.scaled(gain[k], MAIN) for k in ("low", "median", "high"))
            axis.plot([low, high], [place, place], color=BLUE, lw=2.2, alpha=0.45)
            face = BLUE if row["found"] else "white"
            axis.plot([median], [place], "o", ms=4.5, color=BLUE, mfc=face)
        axis.axvline(0.0, color=GREY, lw=0.8)
        total = words.money(data["envelopes"][envelope])[0]
        name = words.name("envelopes", envelope)
        axis.set_title(f"{name}: {total} {words.money_unit}", loc="left")
        axis.set_yticks(range(len(rows)), [row["label"][words.lang] for row in rows])
        axis.tick_params(axis="y", length=0, labelcolor="black")
        axis.grid(visible=False)
        axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
        axis.xaxis.set_major_formatter(FuncFormatter(tick))
    return figure


def envelopes_of(data: Row) -> Sequence[str]:
    """The envelopes, the programme first: it is what there is to decide on."""
    return list(data["envelopes"])[::-1]
