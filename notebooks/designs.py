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
from jiqun.notebooks.words import ABSENT, INTERVAL, decimals_of, quantity, written

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
    better = [row for row in able(rows) if gains(row)]
    common = {
        "envelope": words.name("envelope_names", envelope),
        "sum": envelope_sum(data, words, envelope),
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
            often=words.told(row_of(other, "best"), words.percent(other["best"])),
        )
    told = words(
        "designs_best",
        found=sum(row["distinguishable"] for row in rows),
        spend=words("designs_able", able=len(able(rows))),
        best=best["label"][words.lang],
        gain=_money(best["effects"][MAIN]["gain"], words, row_of(best, "gain")),
        often=words.told(row_of(best, "best"), words.percent(best["best"])),
        rest=rest,
        **common,
    )
    gap = "" if words.lang == "zh" else " "
    if (others := best["others"]["mean"]) >= 0.1 * best["cost"]["mean"]:
        shown = words.told(row_of(best, "others"), words.money(others)[0])
        name = best["label"][words.lang]
        told += gap + words("designs_bulk", unit=words.money_unit, name=name, others=shown)
    beyond = [row["label"][words.lang] for row in rows if row["verdict"] != "equal" and gains(row)]
    if beyond:
        told += gap + words("designs_beyond", names=words.listing(beyond))
    return told


def able(rows: Sequence[Row]) -> list[Row]:
    """The designs that cost what the envelope holds: only these compare."""
    return [row for row in rows if row["verdict"] == "equal"]


def gains(row: Row) -> bool:
    """Whether a design raises value added, and a conclusion on that is possible."""
    return bool(row["distinguishable"] and row["effects"][MAIN]["gain"]["mean"] > 0.0)


def row_of(row: Row, what: str) -> str:
    """What a number of a design is of, as pages mark it.

    Args:
        row: The design; the scenario that sets the sum has no name of a design.
        what: Which of its numbers it is.
    """
    return quantity("design", row.get("envelope", "baseline"), row.get("design", "baseline"), what)


def envelope_sum(data: Row, words: Words, envelope: str) -> str:
    """The sum that designs cost.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        envelope: Name of the envelope, `award` or `programme`.
    """
    return words.told(quantity("envelope", envelope), words.money(data["envelopes"][envelope])[0])


def is_small(data: Row) -> bool:
    """Whether a comparison rests on fewer runs than the one that is shipped: a first hint."""
    return bool(data["reported_on"] < REPORTED_ON or data["solved_on"] < SOLVED_ON)


def answer(data: Row, words: Words, envelope: str) -> str:
    """The answer at an envelope as a page shows it: a first hint is not in bold.

    Args:
        data: A comparison of designs at equal cost, as plain data.
        words: Texts and number formats of the page's language.
        envelope: Name of the envelope, `award` or `programme`.
    """
    told = headline(data, words, envelope)
    return told if is_small(data) else f"**{told}**"


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
    parts = [words("designs_small" if is_small(data) else "designs_whole", **runs)]
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
        whole = words("designs_itself", directed=directed, new=new)
        last[0] += words.bracketed(whole)
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
        words.told(row_of(row, "budget"), words.money(row["budget"]["mean"])[0]),
        words.told(row_of(row, "others"), words.money(others)[0])
        if abs(others) > LEAST * abs(row["cost"]["mean"])
        else ABSENT,
        f"**{_money(gain, words, row_of(row, 'gain'))}**"
        if row["distinguishable"]
        else nothing(gain, words, row_of(row, "gain")),
        per_yuan(row, words),
        displaced(row["displaced"], words),
        who_gains(row, words),
        words.told(row_of(row, "best"), words.percent(row["best"])) if "best" in row else ABSENT,
    ]


def nothing(interval: Row, words: Words, of: str = "") -> str:
    """An effect of which nothing is concluded: the interval alone; few pairs have none.

    Args:
        interval: The effect, as plain data.
        words: Texts and number formats of the page's language.
        of: What it is the effect of.
    """
    if interval["low"] is None:
        return words("designs_nothing")
    scaled = [words.scaled(interval[name], MAIN) for name in ("low", "high")]
    told = words.told(quantity(of, INTERVAL), words.between(*words.signed(scaled)))
    return words("designs_nothing") + words.bracketed(told)


def per_yuan(row: Row, words: Words) -> str:
    """Value added for a yuan of cost, or why there is no ratio."""
    if row["per_yuan_withheld"]:
        return words.name("cost_said", row["per_yuan_withheld"])
    return _ratio(row["per_yuan"], words, row_of(row, "per-yuan"))


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


def _money(interval: Mapping[str, float], words: Words, of: str = "") -> str:
    return "".join(words.estimate(Estimate(**interval), words.scaled(1.0, MAIN), of=of))


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
                centre(row, words),
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


def centre(row: Row, words: Words) -> str:
    """What the central budget bears of the cost of a design."""
    return words.told(row_of(row, "centre"), words.money(row["bearers"]["centre"]["mean"])[0])


def _ratio(interval: Row, words: Words, of: str = "") -> str:
    """Yuan a yuan, with its interval where there is one."""
    return "".join(words.estimate(Estimate(**interval), of=of))


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
        axis.set_title(
            words("designs_panel", name=name, sum=total, unit=words.money_unit), loc="left"
        )
        gains = {
            row["label"][words.lang]: _money(row["effects"][MAIN]["gain"], words.bare)
            for row in rows[::-1]
        }
        tell(axis, words, name, gains)
        axis.set_xlabel(words("designs_axis", unit=words.money_unit))
        names = [words.full(row["label"][words.lang]) for row in rows]
        axis.set_yticks(range(len(rows)), names)
        axis.tick_params(axis="y", length=0, labelcolor="black")
        axis.grid(visible=False)
        axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
        axis.xaxis.set_major_formatter(FuncFormatter(tick))
    return figure


def envelopes_of(data: Row) -> Sequence[str]:
    """The envelopes, the programme first: it is what there is to decide on."""
    return list(data["envelopes"])[::-1]
