"""Large manufacturing projects by the date each was public, and whether they are enough to use.

The rule, `large_projects.yaml`, was committed before any project was looked for; what the search
gave is told in `large_projects_found.yaml`. Nothing reads the table yet.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StrictInt

from jiqun.calibration.backtest.data import HERE, ORIGIN
from jiqun.calibration.markdown import pipe_table
from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.scenarios.schema import Finite, Part, Share, checked
from jiqun.scenarios.tables import table
from jiqun.scenarios.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

RULE = HERE / "large_projects.yaml"
FOUND = HERE / "large_projects_found.yaml"
STEPS = (50.0, 100.0)
"""Further sizes that counts are told from, 100 million yuan."""
Count = Annotated[StrictInt, Field(ge=0)]
Words = Annotated[str, Field(min_length=1)]


class Search(Part):
    """What was asked, and when to stop."""

    how: Words
    by_year: list[Words]
    years: list[StrictInt]
    by_city: list[Words]
    by_field: list[Words]
    field_words: Annotated[list[Words], Field(min_length=len(FIELDS), max_length=len(FIELDS))]
    of_companies: list[Words]
    company_years: list[StrictInt]
    exact_strings: list[Words]
    stop: Words


class Enough(Part):
    """What the table must hold before a forecast may rest on it."""

    known_by_2021: Count
    fields: Count
    cities: Count
    pv_share_most: Share
    whole_lists: Count


class Rule(Part):
    """The rule by which projects enter the table."""

    name: Words
    question: Words
    threshold_100m_yuan: Annotated[Finite, Field(gt=0)]
    why_threshold: Words
    first_public: Annotated[list[Words], Field(min_length=2, max_length=2)]
    sources: dict[str, Words]
    not_sources: Words
    fields: Words
    what_is_recorded: Words
    dating: Words
    investment: Words
    excluded: list[Words]
    cut_off: Words
    outcomes: Words
    search: Search
    enough: Enough
    changes: list[Words]


class LeftOut(Part):
    """A project that pages named and the rule does not admit."""

    name: Words
    why: Words


class Found(Part):
    """What the search gave, and how complete it is."""

    searched: Words
    read_as: list[Words]
    whole_lists: list[Words]
    nearly_whole: list[Words]
    left_out: list[LeftOut]
    how_complete: list[Words]
    verdict: Words


def rule() -> Rule:
    """The rule."""
    document = read_yaml(RULE)
    return checked(document, Rule, document.data)


def found() -> Found:
    """What the search gave."""
    document = read_yaml(FOUND)
    return checked(document, Found, document.data)


def seen(rows: Sequence[Any] | None = None) -> tuple[Any, ...]:
    """Rows of the table that were seen in a source; recalled ones are left out."""
    rows = table("large_projects") if rows is None else rows
    return tuple(row for row in rows if row.confidence != "recalled")


def known_at(year: int, rows: Sequence[Any] | None = None) -> tuple[Any, ...]:
    """Projects that were public by the end of a year, the earliest first.

    Args:
        year: Calendar year.
        rows: Rows to choose from; those of the table if not given.
    """
    known = [row for row in seen(rows) if row.first_public <= f"{year}-12"]
    return tuple(sorted(known, key=lambda row: (row.first_public, row.id)))


def missing(year: int) -> list[str]:
    """What the rule asks of the projects known at the end of a year and they lack; best empty."""
    asked, rows = rule().enough, known_at(year)
    pv = sum(row.field == "pv_storage" for row in rows)
    fields, cities = {row.field for row in rows}, {row.city for row in rows}
    lacks = {
        f"{len(rows)} projects, {asked.known_by_2021} asked": len(rows) < asked.known_by_2021,
        f"{len(fields)} fields, {asked.fields} asked": len(fields) < asked.fields,
        f"{len(cities)} cities, {asked.cities} asked": len(cities) < asked.cities,
        f"PV is {pv} of {len(rows)}, at most {asked.pv_share_most:.0%} asked": pv
        > asked.pv_share_most * len(rows),
        f"{len(found().whole_lists)} official lists of a year read to their end,"
        f" {asked.whole_lists} asked": len(found().whole_lists) < asked.whole_lists,
    }
    return [text for text, lacking in lacks.items() if lacking]


def section() -> str:
    """What `docs/data.md` says of the table below its columns."""
    plan, gave, rows = rule(), found(), seen()
    years = range(int(min(row.first_public for row in rows)[:4]), ORIGIN + 1)
    steps = ", ".join(
        f"{sum(row.investment_100m_yuan >= step for row in rows)} from {step / 10:g} billion yuan"
        for step in STEPS
    )
    lines = ["\n### How the projects were found\n"]
    lines.append(
        f"Every project of manufacturing from {plan.threshold_100m_yuan / 10:g} billion yuan that a"
        f" source of `calibration/large_projects.yaml` names, all fields, public to {plan.cut_off}."
        f" Asked was {gave.searched}. {len(rows)} projects were seen, {steps};"
        f" {len(table('large_projects')) - len(rows)} more rows are recalled and used by nothing."
        f" {len(gave.left_out)} named by the same pages were left out, each with its reason in"
        " `calibration/large_projects_found.yaml`."
    )
    lines += _counts("field", FIELDS, rows, years)
    lines += _counts("city", CITIES, rows, years)
    lines += ["", "How complete it is:", "", *(f"- {one(item)}." for item in gave.how_complete)]
    lines += ["", "Lacking of what the rule asks for, by what was known at the end of a year:", ""]
    lines += [f"- {year}: {'; '.join(missing(year)) or 'nothing'}" for year in years if year > 2020]
    return "\n".join([*lines, "", f"**{one(gave.verdict)}.**"]) + "\n"


def _counts(name: str, ids: Sequence[str], rows: Sequence[Any], years: range) -> list[str]:
    count = Counter((getattr(row, name), int(row.first_public[:4])) for row in rows)
    numbers = {one_id: [count[one_id, year] for year in years] for one_id in ids}
    numbers["all"] = [sum(column) for column in zip(*numbers.values(), strict=True)]
    rows = [(label, *cells, sum(cells)) for label, cells in numbers.items()]
    return ["", pipe_table((name, *map(str, years), "all"), rows)]


def one(text: str) -> str:
    """A text of several lines on one."""
    return " ".join(text.split())
