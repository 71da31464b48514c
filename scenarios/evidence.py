"""What the effect of a lever rests on: a published trial of it, the literature, or judgement.

Each lever has one number that its effect is most nearly proportional to (`lever_evidence.csv`): how
those reached respond, or, where nothing of the model responds by a number of its own, how much the
lever does. The word follows from that number by a rule, so that it changes with the tables.

- ``trial``: a published quasi-experiment of the instrument set the number. The row of
  `policy_trials.csv` is named and says in `typed_by` that it did; a `test` row never sets one.
- ``literature``: published estimates of the mechanism set it: grade A (Chinese), B (foreign) or
  C (rescaled) in `parameters.csv`.
- ``judged``: neither. The sign alone is published (D), or nothing is (E), or there is no such
  number.

The word is on the response and not on the dose: how many places, projects or links the document
adds is nobody's estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from jiqun.scenarios.rows.evidence import LeverEvidence

Word = Literal["trial", "literature", "judged"]
PUBLISHED = ("A", "B", "C")
"""Grades of parameters whose size is published or rescaled from what is."""


@dataclass(frozen=True)
class Evidence:
    """What the effect of a lever rests on.

    Attributes:
        word: ``trial``, ``literature`` or ``judged``.
        parameter: The number that decides it; empty where there is none.
        grade: Evidence grade of that number; empty where there is none.
        trial: Row of `policy_trials.csv` that set it; empty if none did.
        source: Where the number comes from, as `parameters.csv` or `priors.csv` says.
        reason: Why it is this number.
    """

    word: Word
    parameter: str
    grade: str
    trial: str
    source: str
    reason: str


def evidence_of(lever: str) -> Evidence:
    """What the effect of a lever rests on.

    Args:
        lever: Its id.

    Returns:
        The word with what it follows from. A lever that the table has not is judged.
    """
    row = next((row for row in table("lever_evidence") if row.lever == lever), None)
    if row is None:
        return Evidence("judged", "", "", "", "", "not looked into")
    known = next((p for p in table("parameters") if p.name == row.parameter), None)
    grade, source = (known.grade, _source(known.source)) if known else ("", "")
    return Evidence(_word(row, grade), row.parameter, grade, row.trial, source, row.reason)


def _source(text: str) -> str:
    """Words on a source; those of the prior where they only point to it."""
    pointed = text.removeprefix("priors ").split(";")[0].strip() if text[:7] == "priors " else ""
    return next((row.source for row in table("priors") if row.parameter == pointed), text)


def _word(row: LeverEvidence, grade: str) -> Word:
    if row.trial and _has_set(row.trial, row.parameter):
        return "trial"
    return "literature" if grade in PUBLISHED else "judged"


def _has_set(trial: str, parameter: str) -> bool:
    """Whether a trial that is no test says that it set a parameter."""
    return any(
        known.id.startswith(trial)
        and known.use != "test"
        and parameter in [name.strip() for name in known.typed_by.split(";")]
        for known in table("policy_trials")
    )
