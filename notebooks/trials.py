"""What published trials found, and what the model finds: sentences, the table, and the misses.

Every number is that of the stored estimates; verdicts are those of `calibration.trial.verdicts`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jiqun.calibration.palette import BLUE, GREY, RED
from jiqun.calibration.trial.page import forest
from jiqun.notebooks.figures import style
from jiqun.notebooks.panels import tell
from jiqun.notebooks.tables import bullets, markdown
from jiqun.notebooks.words import ABSENT, decimals_of, written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.calibration.trial.verdicts import Verdict
    from jiqun.notebooks.record import Trials
    from jiqun.notebooks.trust.evidence import Evidence
    from jiqun.notebooks.words import Words

DIGITS, DECIMALS = 3, 2


def headline(found: Trials, evidence: Evidence, words: Words) -> str:
    """How many rows count, inside and outside, and what is to be thought of that.

    Args:
        found: The trials and what came of them.
        evidence: Results of the scenario that the page is about.
        words: Texts and number formats of the page's language.
    """
    told = found.counts
    text = words("trials_count", **told)
    if told["counted"]:
        text += _gap(words) + words("trials_verdict_" + _judged(told["inside"], told["counted"]))
    else:
        text += _gap(words) + words("trials_none")
    if not found.model & set(evidence.runs["model_hash"].astype(str)):
        text += _gap(words) + words("trials_older")
    return text


def _judged(inside: int, counted: int) -> str:
    """Which sentence a share of rows inside bears."""
    if inside == counted:
        return "all"
    return "most" if 2 * inside > counted else "few"


def uncounted(found: Trials, words: Words) -> str:
    """Why rows of use `test` are not counted."""
    reasons = Counter(
        _of(each.because, words)
        for each in found.made
        if each.row.published.use == "test" and not each.counted
    )
    if not reasons:
        return ""
    named = words.listing(
        words("trials_reason", why=why, count=count) for why, count in reasons.most_common()
    )
    return words("trials_uncounted", count=sum(reasons.values()), names=named)


def outcome(each: Verdict, words: Words) -> str:
    """What a row measures."""
    known = words.names("trial_outcomes")
    return known.get(each.row.id, each.row.published.outcome)


def study(each: Verdict, words: Words) -> str:
    """The study that a row is of."""
    label = each.trial.written.label
    return label.zh if words.lang == "zh" else label.en


def named(each: Verdict, words: Words) -> str:
    """Study and outcome."""
    return study(each, words) + ("：" if words.lang == "zh" else ": ") + outcome(each, words)


def trials_table(found: Trials, words: Words) -> str:
    """A line a row: study, outcome, published, band, model, off, doubled, verdict, counted."""
    rows = []
    for each in found.made:
        published, mean = each.row.published, each.found
        known = published.estimate
        rows.append(
            [
                study(each, words),
                outcome(each, words) + _unit(each, words),
                words.name("trial_answers", each.answer),
                words("trials_counted") if each.counted else _of(each.because, words),
                words("trials_sign") if known is None else _given(known),
                words.between(_given(published.low), _given(published.high)),
                _estimate(each, words),
                _number(mean.off),
                _number(mean.doubled),
            ]
        )
    return markdown(words.lines("trials_head"), rows, 4)


def misses(found: Trials, words: Words, *, counted: bool) -> str:
    """Rows that came out outside, with their reasons.

    Args:
        found: The trials.
        words: Texts.
        counted: Those that count; else those that are only shown.
    """
    rows = (e for e in found.made if e.answer == "outside" and e.counted == counted)
    return bullets(_miss(each, words) for each in rows)


def _miss(each: Verdict, words: Words) -> str:
    published = each.row.published
    why = each.row.spec.why
    known = published.estimate
    return words(
        "trials_miss",
        name=named(each, words) + _unit(each, words),
        published=words("trials_sign") if known is None else _given(known),
        band=words.between(_given(published.low), _given(published.high)),
        estimate=_estimate(each, words),
        why=" ".join((why.zh if words.lang == "zh" else why.en).split())
        if why
        else words("trials_no_reason"),
    )


def picture(found: Trials, words: Words) -> Figure:
    """Estimates against their bands, each band brought to one width."""
    style(words)
    figure = Figure(figsize=(9.6, 0.235 * len(found.made) + 1.0), layout="constrained")
    axis = figure.subplots()
    names = [named(each, words) for each in found.made]
    forest(axis, found.made, names, words.lines("trials_ticks"), 7.5)
    answers = words.names("trial_answers")
    told = (answers[each.answer].strip("*") for each in found.made)
    tell(axis, words, "", dict(zip(names, told, strict=True)))
    axis.tick_params(axis="y", length=0, labelcolor="black")
    axis.grid(visible=False)
    marks = [
        Line2D([], [], marker="o", ms=5, color=BLUE, lw=1.4),
        Line2D([], [], marker="o", ms=5, color=RED, lw=1.4),
        Line2D([], [], marker="o", ms=5, color=BLUE, mfc="white", lw=1.4),
        Line2D([], [], ls="", marker="|", ms=10, color="black"),
        Line2D([], [], ls="", marker="x", ms=5, color=GREY),
        Line2D([], [], ls="", marker="+", ms=5, color=GREY),
    ]
    figure.legend(marks, words.lines("trials_legend"), loc="outside upper right", ncols=3,
                  frameon=False)  # fmt: skip
    return figure


def _estimate(each: Verdict, words: Words) -> str:
    found = each.found
    if not np.isfinite(found.mean):
        return ABSENT
    mean, low, high = _numbers((found.mean, found.low, found.high))
    return mean + words.bracketed(words.between(low, high))


def _unit(each: Verdict, words: Words) -> str:
    return words.bracketed(words.name("trial_units", each.row.published.unit))


def _of(both: tuple[str, str], words: Words) -> str:
    return both[0] if words.lang == "zh" else both[1]


def _numbers(values: Iterable[float]) -> list[str]:
    """Numbers that stand together, with as many decimals as the largest bears."""
    known = list(values)
    largest = max((abs(v) for v in known if np.isfinite(v)), default=0.0)
    decimals = min(max(decimals_of(largest, DIGITS), 0), DECIMALS)
    return [written(v, decimals) if np.isfinite(v) else ABSENT for v in known]


def _given(value: float) -> str:
    """A number as it was published."""
    return f"{value:g}".replace("-", "−")


def _number(value: float) -> str:
    if not np.isfinite(value):
        return ABSENT
    return written(value, min(max(decimals_of(value, DIGITS), 0), DECIMALS))


def _gap(words: Words) -> str:
    return "" if words.lang == "zh" else " "
