"""When a trial counts: the rules in one place, applied to the stored estimates.

A row is *inside* if the mean over at least twenty draws lies in the band and its standard error is
under a quarter of the band's width; else it is *too noisy*. What is counted are rows of use `test`
alone: `fit` rows are targets, `input` rows have set parameters already, `report` rows have a dose
that is ours to choose or no source that lets them be reached. A row whose estimate with the
mechanism off lies in the band as well says nothing of the mechanism and is never counted, unless
the row it goes with is inside; rows of which only the sign was seen are shown beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jiqun.calibration.trial.runs import DRAWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from jiqun.calibration.trial.ready import Outcomes, Published, Trial
    from jiqun.model.dimensions import Array

COMPANIONS = {"R15c": "R15a", "R17b": "R17a"}
"""Row that finds nothing to the row that says whether there was something to find."""
QUARTER = 0.25
"""Part of the band's width that the standard error has to be under."""

Answer = Literal[
    "inside", "outside", "too noisy", "too few draws", "not represented", "no estimate"
]  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """Estimates of a row over draws.

    Attributes:
        mean: Mean with the model as it is; NaN where there is none.
        low: 5 % quantile over draws.
        high: 95 % quantile.
        error: Standard error of the mean.
        draws: Draws with an estimate.
        off: Mean with the mechanism off; NaN where it has no switch.
        doubled: Mean with it doubled.
        dose: Mean of the dose that a shock came to; NaN without one.
        problems: Draws without an estimate, with the reason.
        draws_off: Draws with an estimate with the mechanism off.
        draws_doubled: Draws with one with it doubled.
    """

    mean: float
    low: float
    high: float
    error: float
    draws: int
    off: float
    doubled: float
    dose: float
    problems: tuple[str, ...] = ()
    draws_off: int = 0
    draws_doubled: int = 0


@dataclass(frozen=True)
class Verdict:
    """What is said of a row.

    Attributes:
        trial: Its trial.
        row: The row.
        found: Estimates.
        answer: In the band or not.
        counted: Whether it counts as a test passed or failed.
        because: Why it is not counted, in Chinese and English; empty where it is.
    """

    trial: Trial
    row: Outcomes
    found: Summary
    answer: Answer
    counted: bool
    because: tuple[str, str]


def summary(frame: pd.DataFrame, name: str) -> Summary:
    """Estimates of a row from the stored table."""
    rows = frame[frame["id"] == name]

    def values(arm: str, column: str = "value") -> Array:
        given: Array = rows.loc[rows["arm"] == arm, column].to_numpy(dtype=float)
        return given[np.isfinite(given)]

    main = values("as_is")
    low, high = np.quantile(main, [0.05, 0.95]) if len(main) else (np.nan, np.nan)
    lost = rows[(rows["arm"] == "as_is") & ~np.isfinite(rows["value"].to_numpy(dtype=float))]
    problems = tuple(f"draw {r.draw}: {r.problem}" for r in lost.itertuples())
    spread = float(np.std(main, ddof=1)) if len(main) > 1 else np.nan
    return Summary(
        _mean(main), float(low), float(high), spread / np.sqrt(max(len(main), 1)), len(main),
        _mean(values("off")), _mean(values("doubled")), _mean(values("as_is", "dose")), problems,
        len(values("off")), len(values("doubled")),
    )  # fmt: skip


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def answer(found: Summary, published: Published, *, represented: bool = True) -> Answer:
    """Whether an estimate is inside its band.

    Args:
        found: Estimates over draws.
        published: The published estimate and its band.
        represented: Whether the model has the mechanism of the study.
    """
    if not represented:
        return "not represented"
    if not found.draws:
        return "no estimate"
    if found.draws < DRAWS:
        return "too few draws"
    if not found.error < QUARTER * (published.high - published.low):
        return "too noisy"
    return "inside" if published.low <= found.mean <= published.high else "outside"


USES = {
    "fit": ("拟合目标，不计入检验", "a target of the fit"),
    "input": ("其估计已是参数来源，不计入检验", "its estimate is the source of parameters already"),
    "report": ("仅作展示，从不计入", "shown, never counted"),
}
SIGN = ("只公布了符号，并列展示", "only the sign was published: shown beside")
OFF = (
    "关闭机制后的估计也在区间内，展示而不计入",
    "the estimate with the mechanism off lies in the band as well: shown, never counted",
)


def why_not(
    found: Summary, published: Published, given: Answer, *, companion: bool
) -> tuple[str, str]:
    """Why a row is not counted, in Chinese and English; empty texts where it is.

    Args:
        found: Its estimates.
        published: What the study found.
        given: Whether it is inside.
        companion: Whether the row it goes with is inside.
    """
    if published.use in USES:
        return USES[published.use]
    if given == "not represented":
        return "模型没有相应机制", "the model has no mechanism for it"
    if given in ("no estimate", "too few draws", "too noisy"):
        return "估计不足以判断", "the estimate is not enough to tell"
    if published.sign:
        return SIGN
    if published.low <= found.off <= published.high and not companion:
        return OFF
    return "", ""


def verdicts(frame: pd.DataFrame, asked: Iterable[tuple[Trial, Sequence[str]]]) -> list[Verdict]:
    """Verdicts of rows, in the order asked.

    Args:
        frame: The stored estimates.
        asked: Trials, each with the ids of rows.
    """
    rows = [(trial, row) for trial, ids in asked for row in trial.rows if row.id in ids]
    found = {row.id: summary(frame, row.id) for _, row in rows}
    answers = {
        row.id: answer(found[row.id], row.published, represented=row.represented) for _, row in rows
    }
    made = []
    for trial, row in rows:
        other = COMPANIONS.get(row.id, "")
        inside = answers.get(other) == "inside"
        because = why_not(found[row.id], row.published, answers[row.id], companion=inside)
        made.append(Verdict(trial, row, found[row.id], answers[row.id], not any(because), because))
    return made


def counts(made: Sequence[Verdict]) -> dict[str, int]:
    """How many rows there are, are tests, are counted, and came out inside."""
    counted = [each for each in made if each.counted]
    return {
        "rows": len(made),
        "test": sum(each.row.published.use == "test" for each in made),
        "counted": len(counted),
        "inside": sum(each.answer == "inside" for each in counted),
        "outside": sum(each.answer == "outside" for each in counted),
    }


def data(made: Sequence[Verdict]) -> dict[str, Any]:
    """Verdicts as JSON-able data; what is not there is null."""
    return {"trials": [_data(each) for each in made], "counts": counts(made)}


def _data(each: Verdict) -> Mapping[str, Any]:
    found, published = each.found, each.row.published
    why = each.row.spec.why or each.row.spec.not_represented
    return {
        "id": each.row.id,
        "estimate": _known(found.mean),
        "low": _known(found.low),
        "high": _known(found.high),
        "published": published.estimate,
        "band_low": published.low,
        "band_high": published.high,
        "inside": each.answer == "inside",
        "use": published.use,
        "off": _known(found.off),
        "doubled": _known(found.doubled),
        "unit": published.unit,
        "verdict": each.answer,
        "counted": each.counted,
        "because": {"zh": each.because[0], "en": each.because[1]},
        "error": _known(found.error),
        "draws": found.draws,
        "draws_off": found.draws_off,
        "draws_doubled": found.draws_doubled,
        "dose": _known(found.dose),
        "study": published.study,
        "outcome": published.outcome,
        "label": {"zh": each.trial.written.label.zh, "en": each.trial.written.label.en},
        "done": {"zh": each.trial.written.done.zh, "en": each.trial.written.done.en},
        "citation": published.citation,
        "why": None if why is None else {"zh": why.zh, "en": why.en},
        "problems": list(found.problems),
    }


def _known(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
