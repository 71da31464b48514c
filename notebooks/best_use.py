"""What to do with a budget: tables, sentences and figure, from what `jiqun design` keeps."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jiqun.calibration.palette import BLUE, GREY
from jiqun.experiments.best_use.finding import CENTRAL
from jiqun.experiments.best_use.spec import SPREAD
from jiqun.experiments.effects.comparison_data import is_current
from jiqun.experiments.effects.effect import CLEAR, Estimate
from jiqun.model.economy.others import MATCHED
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.notebooks.figures import style, tick
from jiqun.notebooks.levers import even as levers_even
from jiqun.notebooks.tables import bullets, markdown
from jiqun.notebooks.words import ABSENT, decimals_of, written
from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from jiqun.notebooks.words import Words

    Row = Mapping[str, Any]

YUAN = "value_added"
"""Outcome in whose unit sums of money are shown."""
TAX = "tax"
NEAR = 0.02
"""Part of a cost by which two may differ and still be told as the same."""
WIDEST = 34
"""Characters of a label in a figure; the table has the whole of it."""


def stands_on(data: Row, words: Words) -> str:
    """How many pairs stand behind the page, what was searched and what was not.

    Args:
        data: What a search found, as plain data.
        words: Texts and number formats of the page's language.
    """
    first, last = data["draws"]["judging"]
    began, ended = data["draws"]["search"]
    searched = data["searched"]
    parts = [
        words(
            "use_stands",
            judging=last - first + 1,
            search=ended - began + 1,
            plans=searched["plans"],
            levers=len(searched["levers"]),
            options=len(searched["options"]),
        )
    ]
    if not is_current(data):
        parts.append(words("use_old"))
    parts.append(words("use_not_searched"))
    parts.append(bullets([*words.lines("use_not_searched_list"), *_left_out(data, words)]))
    return "\n\n".join(parts)


def _left_out(data: Row, words: Words) -> list[str]:
    count = len(data["searched"]["left_out"])
    return [words("use_left_out", count=count)] if count else []


def answer(data: Row, words: Words) -> str:
    """The answer in sentences: the chosen design, what it brings, and how sure that is.

    Args:
        data: What a search found, as plain data.
        words: Texts and number formats of the page's language.
    """
    chosen, held = design(data, data["chosen"]), data["held_out"]
    first, last = data["years"]
    common = {"first": first, "last": last, "unit": words.money_unit, "budget": budget(data, words)}
    if not data["searched"]["kept"]:
        return words("use_none_kept", **common)
    if not held["above_nothing"]:
        return words("use_nothing", **common)
    gap = "" if words.lang == "zh" else " "
    told = [
        words(
            "use_chosen",
            design=chosen["label"][words.lang],
            gain=gain(chosen, data["objectives"][0], words),
            objective=objective(data["objectives"][0], words),
            cost=words.money(chosen["cost"]["mean"])[0],
            **common,
        )
    ]
    if held["named"] is not None:
        best = design(data, held["named"]["best"])
        told.append(
            words(
                "use_better" if held["named"]["better"] else "use_not_better",
                probability=levers_even.chance(held["named"]["probability"], words),
                sure=words.percent(held["sure"]),
                named=best["label"][words.lang],
                gain=gain(best, data["objectives"][0], words),
                cost=words.money(best["cost"]["mean"])[0],
                unit=words.money_unit,
            )
        )
    centre = chosen["borne"]["centre"]
    if centre > NEAR * chosen["cost"]["mean"]:
        told.append(words("use_centre", centre=words.money(centre)[0], unit=words.money_unit))
    told += [words("use_here_alone", lever=label) for label in _national(chosen, words)]
    told += _document(data, words)
    over = chosen["cost"]["mean"] / data["budget"][0]["yuan"] - 1.0
    if over > NEAR:
        told.append(words("use_over", share=words.percent(over)))
    return gap.join(told)


def _document(data: Row, words: Words) -> list[str]:
    """That the document as it stands brings more, where it does: it holds what is not searched."""
    name = data["objectives"][0]
    whole = next((row for row in data["designs"] if "document" in row["roles"]), None)
    chosen = design(data, data["chosen"])
    if whole is None or whole["gains"][name]["mean"] <= chosen["gains"][name]["mean"]:
        return []
    cost = words.money(whole["cost"]["mean"])[0]
    return [
        words(
            "use_document",
            document=whole["label"][words.lang],
            gain=gain(whole, name, words),
            unit=unit(name, words),
            cost=cost,
            money=words.money_unit,
        )
    ]


def _national(row: Row, words: Words) -> list[str]:
    """Labels of tax rules that a design moves and that enterprises elsewhere are not given."""
    known = declarations()
    return [
        each["lever_label"][words.lang]
        for each in row["amounts"]
        if (lever := known.get(each["lever"])) is not None
        and lever.fund == TAX
        and lever.origin not in MATCHED
    ]


def curse(data: Row, words: Words) -> str:
    """What the chosen design brings on the draws of the search, and on those of the judging."""
    chosen = design(data, data["chosen"])
    if chosen["searched"] is None or data["attitude"]["kind"] != "mean":
        return ""
    name = data["objectives"][0]
    if chosen["searched"]["score"][0] <= chosen["gains"][name]["mean"]:
        return ""
    shown = [
        _number(value, name, words)
        for value in (chosen["searched"]["score"][0], chosen["gains"][name]["mean"])
    ]
    return words("use_curse", searched=shown[0], held=shown[1], unit=unit(name, words))


def simplest(data: Row, words: Words) -> str:
    """The design with the fewest levers that the draws do not tell from the chosen one."""
    simple, chosen = design(data, data["simplest"]), design(data, data["chosen"])
    if not data["held_out"]["above_nothing"]:
        return ""
    if simple["id"] == chosen["id"]:
        return words("use_simplest_same")
    name = data["objectives"][0]
    return words(
        "use_simplest",
        design=simple["label"][words.lang],
        count=len(simple["amounts"]),
        all=len(chosen["amounts"]),
        gain=gain(simple, name, words),
        unit=unit(name, words),
    )


def designs_table(data: Row, words: Words) -> str:
    """A line a design, best first: what it brings on held-out draws and in the search, its cost."""
    names = data["objectives"]
    rows = []
    for row in ordered(data):
        label = row["label"][words.lang]
        marks = [words.name("use_roles", role) for role in roles(data, row)]
        searched = row["searched"]
        rows.append(
            [
                f"**{label}**" if row["id"] == data["chosen"] else label,
                words.listing(marks) if marks else ABSENT,
                *(gain(row, name, words) for name in names),
                _number(searched["score"][0], names[0], words)
                if searched and data["attitude"]["kind"] == "mean"
                else ABSENT,
                words.money(row["cost"]["mean"])[0],
                _bearers(row, words),
            ]
        )
    head = words.lines("use_head")
    gains = [f"{objective(name, words)}{words.bracketed(unit(name, words))}" for name in names]
    last = [f"{title}{words.bracketed(words.money_unit)}" for title in head[3:]]
    return markdown([head[0], head[1], *gains, head[2], *last], rows, 2)


def _bearers(row: Row, words: Words) -> str:
    """Who bears a design, the largest first; those that bear next to nothing are left out."""
    least = NEAR * abs(row["cost"]["mean"])
    borne = sorted(row["borne"].items(), key=lambda item: -item[1])
    gap = "" if words.lang == "zh" else " "
    return (
        words.listing(
            f"{words.name('payers', payer)}{gap}{words.money(yuan)[0]}"
            for payer, yuan in borne
            if abs(yuan) > least
        )
        or ABSENT
    )


def shared_table(data: Row, words: Words) -> str:
    """How good designs use each lever; empty where none was found."""
    rows = []
    for row in data["shared"]["levers"]:
        groups = sorted(row["groups"].items(), key=lambda item: -item[1])
        label = data["searched"]["groups"]
        named = [label[name][words.lang] for name, _ in groups if name in label]
        rows.append(
            [
                row["label"][words.lang],
                words.percent(row["used"]),
                words.between(*words.money([row["low"], row["high"]])),
                words.listing(named[:3]) if named else ABSENT,
            ]
        )
    head = words.lines("use_shared_head")
    head[2] += words.bracketed(words.money_unit)
    return markdown(head, rows) if rows else ""


def robust_table(data: Row, words: Words) -> str:
    """Main gain of a few designs in other worlds and with mechanisms off."""
    name = data["objectives"][0]
    ids = list(data["robust"][0]["designs"])
    rows = []
    for row in data["robust"]:
        cells = [
            "".join(words.estimate(Estimate(**row["designs"][i]), factor(name, words))) for i in ids
        ]
        cells = [
            f"**{cell}**" if i == _leader(data, row) else cell
            for i, cell in zip(ids, cells, strict=True)
        ]
        rows.append([_condition(row, words), *cells])
    heads = [design(data, i)["label"][words.lang] for i in ids]
    return markdown([words("use_condition"), *heads], rows)


def robust_sentence(data: Row, words: Words) -> str:
    """In how many conditions the chosen design stays the best of those compared, and where not."""
    others = [row for row in data["robust"] if row["condition"] != CENTRAL]
    if not others:
        return words("use_robust_none")
    turned = [row for row in others if _leader(data, row) != data["chosen"]]
    gap = "" if words.lang == "zh" else " "
    told = words(
        "use_robust",
        kept=len(others) - len(turned),
        count=len(others),
        draws=data["robust"][0]["draws"],
    )
    if not turned:
        return told
    # The same design may lead in several of them.
    leaders: dict[str, list[str]] = {}
    for row in turned:
        label = design(data, _leader(data, row))["label"][words.lang]
        leaders.setdefault(label, []).append(_condition(row, words))
    parts = [
        words("use_turned_part", design=label, conditions=words.listing(where))
        for label, where in leaders.items()
    ]
    return told + gap + words("use_turned", parts=words.listing(parts))


def _leader(data: Row, row: Row) -> str:
    """The best use of the sum in a condition; the document is none, since it holds other measures.

    The chosen one where nothing is better by more than a hundredth.
    """
    means = {
        name: float(found["mean"])
        for name, found in row["designs"].items()
        if "document" not in design(data, name)["roles"]
    }
    best = max(means, key=lambda name: means[name])
    near = means[best] - means[data["chosen"]] <= CLEAR * abs(means[best])
    return str(data["chosen"]) if near else best


def _condition(row: Row, words: Words) -> str:
    if row["label"]:
        return words("use_off", mechanism=row["label"][words.lang])
    return words.name("world_names", row["condition"])


def worth_sentence(data: Row, words: Words) -> str:
    """Which unknown could change the choice, and what knowing it is worth."""
    found = data["information"]
    clear = [row for row in found["unknowns"] if row["clear"] and row["value"] > 0.0]
    everything = _with_unit(found["everything"], data, words)
    if not clear:
        return words("use_worth_none", everything=everything)
    first = clear[0]
    return words(
        "use_worth_first",
        unknown=_unknown(first, words),
        worth=_with_unit(first, data, words),
        changes=words.percent(first["changes"]),
        everything=everything,
    )


def worth_table(data: Row, words: Words) -> str:
    """Value of knowing each group of parameters, and of planned studies."""
    rows = [
        [
            words("use_everything"),
            _worth(data["information"]["everything"], data, words),
            words.percent(data["information"]["everything"]["changes"]),
            ABSENT,
        ]
    ]
    for row in data["information"]["unknowns"]:
        said = words("use_clear") if row["clear"] else words("use_unclear")
        worth = _worth(row, data, words)
        rows.append([_unknown(row, words), worth, words.percent(row["changes"]), said])
    for study in data["information"]["studies"]:
        for row in study["worth"]:
            said = words("use_clear") if row["clear"] else words("use_unclear")
            label = words(
                "use_study", study=study["label"][words.lang], count=f"{row['enterprises']:,}"
            )
            worth = _worth(row, data, words)
            rows.append([label, worth, words.percent(row["changes"]), said])
    head = words.lines("use_worth_head")
    head[1] += words.bracketed(_worth_unit(data, words))
    return markdown(head, rows)


def studies_note(data: Row, words: Words) -> str:
    """What each planned study is assumed to tell."""
    return bullets(
        [
            words(
                "use_study_why",
                study=study["label"][words.lang],
                spread=f"{study['spread']:g}",
                why=study["why"][words.lang],
            )
            for study in data["information"]["studies"]
        ]
    )


def even_table(data: Row, even: pd.DataFrame | None, words: Words) -> str:
    """Where each lever that was searched breaks even, by the number that decides it.

    Args:
        data: What a search found, as plain data.
        even: A line a lever: where it breaks even with the grant; None where it was not computed.
        words: Texts and number formats of the page's language.
    """
    if even is None:
        return ""
    known = even.set_index("lever", drop=False)
    rows = []
    for lever, label in data["searched"]["levers"].items():
        if lever not in known.index:
            continue
        row = known.loc[lever]
        told = levers_even.decisive(row, words), levers_even.even_text(row, words)
        chance = ABSENT if isnan(row["beats"]) else words.percent(row["beats"])
        rows.append([label[words.lang], *told, chance])
    return markdown(words.lines("use_even_head"), rows, 3) if rows else ""


def course_table(data: Row, words: Words) -> str:
    """How the search went: designs run, best so far, and how well the surrogate foretold."""
    rows = []
    several = len(data["objectives"]) > 1
    for number, row in enumerate(data["rounds"]):
        explained = row["explained"][0] if row["explained"] else None
        foretold = row["foretold"][0] if row["foretold"] else None
        best = f"{row['volume']:.3g}" if several else ABSENT
        if not several and data["attitude"]["kind"] == "mean":
            best = _number(row["volume"], data["objectives"][0], words)
        elif not several:
            best = f"{row['volume']:.3g}"
        rows.append(
            [
                str(number),
                f"{row['plans']:,}",
                best,
                ABSENT if explained is None else words.percent(max(explained, 0.0)),
                ABSENT if foretold is None else written(foretold, 2),
            ]
        )
    return markdown(words.lines("use_course_head"), rows, 1)


def forest(data: Row, words: Words) -> Figure:
    """Main gain of each design on held-out draws; filled where it came out of the search."""
    style(words)
    name = data["objectives"][0]
    rows = [row for row in ordered(data) if "nothing" not in row["roles"]][::-1]
    drawn = Figure(figsize=(9.6, 0.9 + 0.28 * len(rows)), layout="constrained")
    axis = drawn.subplots()
    for place, row in enumerate(rows):
        found, times = row["gains"][name], factor(name, words)
        if found["low"] is not None:
            ends = [times * found[end] for end in ("low", "high")]
            axis.plot(ends, [place, place], color=BLUE, lw=2.2, alpha=0.45)
        face = BLUE if row["searched"] else "white"
        axis.plot([times * found["mean"]], [place], "o", ms=4.5, color=BLUE, mfc=face)
    axis.axvline(0.0, color=GREY, lw=0.8)
    axis.set_xlabel(f"{objective(name, words)}{words.bracketed(unit(name, words))}")
    axis.set_yticks(range(len(rows)), [_short(row["label"][words.lang]) for row in rows])
    axis.tick_params(axis="y", length=0, labelcolor="black")
    axis.grid(visible=False)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axis.xaxis.set_major_formatter(FuncFormatter(tick))
    return drawn


def _short(label: str) -> str:
    return label if len(label) <= WIDEST else label[: WIDEST - 1] + "…"


def ordered(data: Row) -> list[Row]:
    """Designs, the best on held-out draws first."""
    return sorted(data["designs"], key=lambda row: -row["score"]["value"][0])


def design(data: Row, name: str) -> Row:
    """A design by its name."""
    found: Row = next(row for row in data["designs"] if row["id"] == name)
    return found


def roles(data: Row, row: Row) -> Sequence[str]:
    """What a design is there for, with chosen and simplest first."""
    own = [role for role in row["roles"] if role != "nothing"]
    marked = [key for key in ("chosen", "simplest") if data[key] == row["id"]]
    return [*marked, *own]


def budget(data: Row, words: Words) -> str:
    """The sum there is, with its unit."""
    gap = "" if words.lang == "zh" else " "
    return f"{words.money(data['budget'][0]['yuan'])[0]}{gap}{words.money_unit}"


def objective(name: str, words: Words) -> str:
    """What an objective is called: a gain, or a fall of what is better small."""
    if name == SPREAD:
        return words("use_spread")
    fall = OUTCOMES[name].direction < 0
    return words("use_fall" if fall else "use_gain", outcome=words.label(name))


def unit(name: str, words: Words) -> str:
    """Unit that an objective is shown in."""
    return words("use_log") if name == SPREAD else words.unit(name)


def factor(name: str, words: Words) -> float:
    """What stored values of an objective are multiplied by."""
    return 1.0 if name == SPREAD else words.scaled(1.0, name)


def gain(row: Row, name: str, words: Words) -> str:
    """A gain with its interval.

    Args:
        row: A design, as plain data.
        name: Id of an objective: an outcome, or `spread`.
        words: Texts and number formats of the page's language.
    """
    return "".join(words.estimate(Estimate(**row["gains"][name]), factor(name, words)))


def _number(value: float, name: str, words: Words) -> str:
    return words.signed([factor(name, words) * value])[0]


def _unknown(row: Row, words: Words) -> str:
    return str(row["label"][words.lang]) if row["label"] else words("use_outside")


def _worth(row: Row, data: Row, words: Words) -> str:
    name = data["objectives"][0]
    values = [factor(name, words) * row[key] for key in ("value", "low", "high")]
    decimals = max(0, min(decimals_of(max(map(abs, values)), 2), 4))
    value, low, high = (written(each, decimals) for each in values)
    return value + words.bracketed(words.between(low, high))


def _with_unit(row: Row, data: Row, words: Words) -> str:
    gap = "" if words.lang == "zh" else " "
    return f"{_worth(row, data, words)}{gap}{_worth_unit(data, words)}"


def _worth_unit(data: Row, words: Words) -> str:
    return unit(data["objectives"][0], words)
