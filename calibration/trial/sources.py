"""Who set which parameter: no study whose result is a test may be the source of one.

A test row is worth something only as long as its study has set nothing. The words of all sources
are read: of parameters, of estimates and priors, of regressions, and of the effects that serve a
parameter. What `typed_by` says of a row is checked against the same words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jiqun.scenarios.rows.evidence import PolicyTrial


@dataclass(frozen=True)
class Source:
    """Words on where a number comes from.

    Attributes:
        table: Table, or file, it stands in.
        name: Parameter or row.
        text: The words.
    """

    table: str
    name: str
    text: str


@dataclass(frozen=True)
class Citation:
    """A study that stands among the sources of something."""

    trial: str
    source: Source


def sources() -> list[Source]:
    """All words on where parameters, ranges and terms come from."""
    found = [Source("parameters.csv", row.name, row.source) for row in table("parameters")]
    found += [
        Source("estimates.csv", row.parameter, f"{row.source} {row.note}")
        for row in table("estimates")
    ]
    found += [
        Source("priors.csv", row.parameter, row.source)
        for row in table("priors")
        if row.use == "input"
    ]
    found += [
        Source("prior_evidence.csv", row.parameter, text)
        for row in table("prior_evidence")
        for text in (row.seen, row.recalled, row.estimate, row.transfers, row.reason)
    ]
    found += [
        Source("lever_evidence.csv", row.lever, f"{row.trial} {row.reason}")
        for row in table("lever_evidence")
    ]
    found += [
        Source("published_regressions.csv", row.key, f"{row.study} {row.source}")
        for row in table("published_regressions")
    ]
    found += [
        Source("effects.csv", row.parameter_or_effect, row.source)
        for row in table("effects")
        if serves_parameter(row.model_use)
    ]
    found += [
        Source("levers.yaml", f"{lever.id}.{name}", term.note)
        for lever in declarations().values()
        for name, term in lever.terms.items()
    ]
    return found


def serves_parameter(use: str) -> bool:
    """Whether an effect is said to serve a parameter or its range, by name."""
    words = set(re.findall(r"[A-Za-z_]\w+", use))
    return bool(words & {row.name for row in table("parameters")})


def authors(citation: str) -> list[tuple[list[str], list[str]]]:
    """Studies of a citation: family names of the authors of each, and its years."""
    studies = []
    for part in re.split(r";", citation):
        years = re.findall(r"\b(?:19|20)\d\d\b", part)
        head = re.split(r"\(|\b(?:19|20)\d\d\b", part, maxsplit=1)[0]
        names = [
            re.sub(r"^(?:de|van|von|di)\s+", "", name.strip(), flags=re.IGNORECASE)
            for name in re.split(r",|\band\b|&|\bet al\b\.?", head)
        ]
        names = [name for name in names if name and name[0].isupper()]
        if names and years:
            studies.append((names, years))
    return studies


def cites(text: str, citation: str) -> bool:
    """Whether words name a study: its first author, with another author, others or the year."""
    for names, years in authors(citation):
        first = re.search(rf"\b{re.escape(names[0])}\b", text)
        if not first:
            continue
        near = text[first.start() : first.start() + 160]
        with_others = re.search(r"\bet al\b|\band others\b", near)
        named = any(re.search(rf"\b{re.escape(name)}\b", near) for name in names[1:])
        if named or with_others or any(year in near for year in years):
            return True
    return False


def cited_tests(rows: Sequence[PolicyTrial], given: Sequence[Source]) -> list[Citation]:
    """Sources that name a test row, or its study."""
    uses: dict[str, set[str]] = {}
    for row in rows:
        uses.setdefault(_group(row.id), set()).add(row.use)
    return [
        Citation(row.id, source)
        for row in rows
        if row.use == "test"
        for source in given
        if cites(source.text, row.citation)
        or re.search(rf"\b{row.id}\b", source.text)
        or (uses[_group(row.id)] == {"test"} and re.search(rf"\b{_group(row.id)}\b", source.text))
    ]


def _group(name: str) -> str:
    """What rows of one trial have in common in their ids, such as R15 of R15a."""
    found = re.match(r"[A-Z]\d+", name)
    return found.group() if found else name


def typed(row: PolicyTrial) -> list[str]:
    """Parameters that a row says its estimate has set."""
    return [name.strip() for name in row.typed_by.split(";") if name.strip()]


def missing_from_typed(rows: Iterable[PolicyTrial], given: Sequence[Source]) -> list[Citation]:
    """Parameters whose own source names the study of a row that does not say so."""
    tables = ("parameters.csv", "priors.csv", "estimates.csv")
    return [
        Citation(row.id, source)
        for row in rows
        for source in given
        if source.table in tables
        and source.name not in typed(row)
        and cites(source.text, row.citation)
    ]


def unknown_typed(rows: Iterable[PolicyTrial]) -> list[tuple[str, str]]:
    """Names in `typed_by` that are no parameter, with their row."""
    known = {row.name for row in table("parameters")} | {row.parameter for row in table("priors")}
    return [(row.id, name) for row in rows for name in typed(row) if name not in known]
