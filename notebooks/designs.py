"""Designs of support at equal cost: tables, sentences and figure, from what a store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jiqun.calibration.palette import BLUE, GREY
from jiqun.experiments.designs.designs import REPORTED_ON, SOLVED_ON
from jiqun.experiments.effects.comparison_data import is_current
from jiqun.experiments.effects.effect import CUTS, Estimate
from jiqun.notebooks.figures import beyond, room, style, tick
from jiqun.notebooks.panels import tell
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.words import ABSENT, decimals_of, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.notebooks.words import Words

    Row = Mapping[str, Any]

MAIN = "value_added"
PROGRAMME = "programme"
JOB_COST = "labour_productivity"
"""Outcome in whose unit a job's cost is shown: yuan a person."""
LEAST = 0.005
"""Share of a design's cost below which what others bear is rounding."""
NAMES = {"tier": "tier_names", "place": "city_groups", "size": "size_names"}
"""Grouping to the names of its units."""


def rows_of(data: Row, envelope: str) -> list[Row]:
    """The designs at an envelope: those that gain first, then what is unclear, losses last."""
    rows = [row for row in data["designs"] if row["envelope"] == envelope]

    def place(row: Row) -> tuple[int, float]:
        mean = row["effects"][MAIN]["gain"]["mean"]
        return (0 if not row["distinguishable"] else 1 if mean < 0.0 else -1), -mean

    return sorted(rows, key=place)


def headline(data: Row, words: Words, envelope: str) -> str:
    """The answer at an envelope, and how sure the first place is.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        envelope: Name of the envelope, `award` or `programme`.
    """
    rows = rows_of(data, envelope)
    better = [
        row for row in rows if row["distinguishable"] and row["effects"][MAIN]["gain"]["mean"] > 0.0
    ]
    common = {
        "envelope": words.name("envelope_names", envelope),
        "sum": words.money(data["envelopes"][envelope])[0],
        "unit": words.money_unit,
        "count": len(rows),
        "pairs": data["reported_on"],
    }
    if not better:
        return words("designs_none", **common)
    best = better[0]
    rest = ""
    if len(better) > 1:
        other = max((row for row in rows if row is not best), key=lambda row: row["best"])
        rest = words(
            "designs_second",
            name=other["label"][words.lang],
            often=words.percent(other["best"]),
        )
    told = words(
        "designs_best",
        found=sum(row["distinguishable"] for row in rows),
        best=best["label"][words.lang],
        gain=_money(best["effects"][MAIN]["gain"], words),
        often=words.percent(best["best"]),
        rest=rest,
        **common,
    )
    if (others := best["others"]["mean"]) < 0.1 * best["cost"]["mean"]:
        return told
    shown = {"name": best["label"][words.lang], "others": words.money(others)[0]}
    gap = "" if words.lang == "zh" else " "
    return told + gap + words("designs_bulk", unit=words.money_unit, **shown)


def made(data: Row, words: Words, store: str) -> str:
    """How many runs stand behind the comparison; whether an earlier model made them.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        store: Folder of the store, for the command that makes more runs.
    """
    baseline = data["baseline"]["scenario"]
    command = f"jiqun compare {store} --baseline {baseline} --equal-cost"
    runs = {"pairs": data["reported_on"], "solved": data["solved_on"], "command": command}
    small = data["reported_on"] < REPORTED_ON or data["solved_on"] < SOLVED_ON
    parts = [words("designs_small" if small else "designs_whole", **runs)]
    if not is_current(data):
        parts.append(words("designs_old", command=command))
    return "\n\n".join(parts)


def reading(data: Row, words: Words) -> str:
    """How the first table is read."""
    first, last = data["years"]
    gap = "" if words.lang == "zh" else " "
    told = words("designs_read", first=first, last=last, unit=words.money_unit)
    return told + gap + words.name("designs_same", data["borne"]) + gap + words("designs_mean")


def summary_table(data: Row, words: Words, envelope: str) -> str:
    """A line a design: cost by who bears it, effect, what a yuan brings, displaced, who gains.

    The scenario that sets the sum stands last at the programme envelope, which is all it directs.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        envelope: Name of the envelope, `award` or `programme`.
    """
    rows = [line(row, words) for row in rows_of(data, envelope)]
    if envelope == PROGRAMME:
        base = data["baseline"]
        directed, new = words.money([base[name][envelope]["mean"] for name in ("envelopes", "new")])
        last = line(base | {"verdict": ""}, words)
        last[0] += words.bracketed(words("designs_itself"))
        last[1] = directed + words.bracketed(f"{words('designs_new')} {new}")
        # What costs nothing new brings most of its gain: a ratio would mislead.
        last[4] = ABSENT
        rows.append(last)
    head = words.lines("designs_head")
    table = markdown(head, rows, len(head))
    return f'<div class="designs">\n\n{table}\n\n</div>'


def line(row: Row, words: Words) -> list[str]:
    """A design's cells: cost by who bears it, effect, what a yuan brings, displaced, who gains."""
    gain = row["effects"][MAIN]["gain"]
    name = row["label"][words.lang]
    if row["verdict"] not in ("", "equal"):
        name += words.bracketed(words.name("design_verdicts", row["verdict"]))
    others = row["others"]["mean"]
    return [
        name,
        words.money(row["budget"]["mean"])[0],
        words.money(others)[0] if abs(others) > LEAST * abs(row["cost"]["mean"]) else ABSENT,
        f"**{_money(gain, words)}**" if row["distinguishable"] else nothing(gain, words),
        per_yuan(row, words),
        displaced(row["displaced"], words),
        who_gains(row, words),
    ]


def nothing(interval: Row, words: Words) -> str:
    """An effect not distinguishable from zero: the interval alone; few pairs have none."""
    if interval["low"] is None:
        return words("designs_nothing")
    scaled = [words.scaled(interval[name], MAIN) for name in ("low", "high")]
    return words("designs_nothing") + words.bracketed(words.between(*words.signed(scaled)))


def per_yuan(row: Row, words: Words) -> str:
    """Value added for a yuan of cost, or why there is no ratio."""
    if row["per_yuan_withheld"]:
        return words.name("cost_said", row["per_yuan_withheld"])
    return _ratio(row["per_yuan"], words)


def displaced(interval: Row | None, words: Words) -> str:
    """Share that others lose, where the interval tells; else that others gain, or nothing clear."""
    if interval is None:
        return ABSENT
    if interval["low"] > 0.0:
        return words.percent(interval["mean"])
    return words("designs_spill" if interval["high"] < 0.0 else "designs_unclear")


def who_gains(row: Row, words: Words) -> str:
    """Tiers, then cities and sizes whose gain is not zero; at most two of each."""
    parts = []
    for grouping, names in NAMES.items():
        found = row["gainers"][grouping][:2]
        joint = "、" if words.lang == "zh" else ", "
        if found:
            parts.append(joint.join(words.name(names, unit) for unit in found))
    return words.listing(parts) if parts else ABSENT


def _money(interval: Mapping[str, float], words: Words) -> str:
    return "".join(words.estimate(Estimate(**interval), words.scaled(1.0, MAIN)))


def cost_table(data: Row, words: Words, envelope: str) -> str:
    """Scale and what stands beside the cost: its spread, feedback, private money moved, jobs.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        envelope: Name of the envelope, `award` or `programme`.
    """
    rows = []
    for row in rows_of(data, envelope):
        private, jobs = row["private"], row["effects"]["employees"]["per_unit"]
        rows.append(
            [
                row["label"][words.lang],
                written(row["scale"], max(decimals_of(row["scale"], 2), 0)),
                words.name("design_verdicts", row["verdict"]),
                words.money(row["solved_cost"])[0],
                ABSENT
                if row["cost"]["low"] is None
                else words.between(*words.money([row["cost"]["low"], row["cost"]["high"]])),
                words.signed([words.scaled(row["feedback"]["mean"], MAIN)])[0],
                ABSENT if private is None else _ratio(private, words),
                ABSENT if jobs is None else words.interval(jobs["low"], jobs["high"], JOB_COST, 2),
            ]
        )
    head = words.lines("designs_cost_head")
    return markdown([*head[:-1], head[-1] + words.bracketed(words.unit(JOB_COST))], rows)


def _ratio(interval: Row, words: Words) -> str:
    """Yuan a yuan, with its interval where there is one."""
    return "".join(words.estimate(Estimate(**interval)))


def gain_table(data: Row, words: Words, envelope: str, grouping: str) -> str:
    """Gain of value added by unit of a grouping, with the unit's share of the money paid.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        envelope: Name of the envelope, `award` or `programme`.
        grouping: Name of a cut of `CUTS`.
    """
    units = CUTS[grouping]
    rows = []
    for row in rows_of(data, envelope):
        gains = row["gains"][grouping]
        cells = [_gain(gains[unit], words) if unit in gains else ABSENT for unit in units]
        rows.append([row["label"][words.lang], *cells])
    names = [words.name(NAMES[grouping], unit) for unit in units]
    return markdown([words("design_name"), *names], rows)


def _gain(gain: Row, words: Words) -> str:
    value = words.signed([words.scaled(gain["gain"]["mean"], MAIN)])[0]
    shown = f"**{value}**" if gain["distinguishable"] else value
    return shown if gain["money"] is None else f"{shown} / {words.percent(gain['money'])}"


def regret_table(data: Row, words: Words, envelope: str) -> str:
    """Regret by world, the smallest largest regret first; empty without runs of other worlds.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        envelope: Name of the envelope, `award` or `programme`.
    """
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


def promotion(data: Row, words: Words) -> str:
    """Investment promotion and the additionality at which it breaks even; empty without it."""
    row = data["promotion"]
    if row is None:
        return ""
    low, at, high = (row["break_even"][name] for name in ("low", "at", "high"))
    gap = "" if words.lang == "zh" else " "
    key = "never" if low is None or low > 1.0 else "from" if high is None or high > 1.0 else "at"
    gain = row["effects"][MAIN]["gain"]
    return (
        words(
            "apart_text",
            cost=words.money(row["cost"]["mean"])[0],
            gain=_money(gain, words) if row["distinguishable"] else nothing(gain, words),
            unit=words.money_unit,
            low=words.percent(row["drawn"][0]),
            high=words.percent(row["drawn"][1]),
        )
        + gap
        + words(
            f"apart_{key}",
            low=words.percent(low or 0.0),
            at=words.percent(at or 0.0),
            high=words.percent(high or 0.0),
        )
    )


def forest(data: Row, words: Words) -> Figure:
    """Effect on value added of each design: a panel an envelope, filled where it is not zero."""
    style(words)
    envelopes = list(data["envelopes"])
    count = max(len(rows_of(data, envelope)) for envelope in envelopes)
    size = (9.6, 0.9 + 0.26 * count)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(envelopes), squeeze=False)[0]
    for axis, envelope in zip(axes, envelopes, strict=True):
        rows = rows_of(data, envelope)[::-1]
        most = room(words.scaled(row["effects"][MAIN]["gain"]["mean"], MAIN) for row in rows)
        for place, row in enumerate(rows):
            gain = row["effects"][MAIN]["gain"]
            mean = words.scaled(gain["mean"], MAIN)
            if abs(mean) > most:
                beyond(axis, place, _money(gain, words), most if mean > 0.0 else -most, BLUE)
                continue
            if gain["low"] is not None:
                ends = [words.scaled(gain[k], MAIN) for k in ("low", "high")]
                axis.plot(ends, [place, place], color=BLUE, lw=2.2, alpha=0.45)
            face = BLUE if row["distinguishable"] else "white"
            axis.plot([mean], [place], "o", ms=4.5, color=BLUE, mfc=face)
        axis.axvline(0.0, color=GREY, lw=0.8)
        low, high = axis.get_xlim()
        axis.set_xlim(max(low, -1.04 * most), min(high, 1.04 * most))
        total = words.money(data["envelopes"][envelope])[0]
        name = words.name("envelope_names", envelope)
        colon = "：" if words.lang == "zh" else ": "
        axis.set_title(f"{name}{colon}{total} {words.money_unit}", loc="left")
        gains = {
            row["label"][words.lang]: _money(row["effects"][MAIN]["gain"], words)
            for row in rows[::-1]
        }
        tell(axis, words, name, gains)
        axis.set_xlabel(words("designs_axis", unit=words.money_unit))
        axis.set_yticks(range(len(rows)), [row["label"][words.lang] for row in rows])
        axis.tick_params(axis="y", length=0, labelcolor="black")
        axis.grid(visible=False)
        axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
        axis.xaxis.set_major_formatter(FuncFormatter(tick))
    return figure


def envelopes_of(data: Row) -> Sequence[str]:
    """The envelopes, the programme first: it is what there is to decide on."""
    return list(data["envelopes"])[::-1]
