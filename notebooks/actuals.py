"""Later published values, set beside what was projected without them.

They come from a file of the reader's own: nothing in the project is fitted to them.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from model.outcomes import OUTCOMES
from model.scenario import TIERS
from notebooks.evidence import ORIGIN
from notebooks.tables import markdown
from notebooks.words import ABSENT
from notebooks.worlds import LONG

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from notebooks.evidence import Evidence, Unit
    from notebooks.words import Words

COLUMNS = ("outcome", "level", "unit_name", "year", "value", "source")
UNIT_NAMES = {"province": ("anhui",), "tier": TIERS}
"""Levels that the report shows paths of, and their units."""


class ActualsError(ValueError):
    """A file of later figures that cannot be used; the message says where and what is allowed."""


@dataclass(frozen=True)
class Actual:
    """One later published value, in the outcome's stored unit."""

    outcome: str
    level: str
    unit_name: str
    year: int
    value: float
    source: str

    @property
    def unit(self) -> Unit:
        """Level and name of what the value is of."""
        return self.level, self.unit_name


def read_actuals(path: Path) -> tuple[Actual, ...]:
    """Read and check a file of later figures.

    Args:
        path: A CSV file with the columns outcome, level, unit_name, year, value, source; values in
            the unit that `jiqun outcomes` lists (yuan, shares from 0 to 1, tce).

    Raises:
        ActualsError: The file is missing, or a line is wrong: line, column and what is allowed.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ActualsError(f"{path}: {reason}") from error
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        found = ",".join(reader.fieldnames or ())
        raise ActualsError(f"{path}:1: columns are {found!r}; allowed: {','.join(COLUMNS)}")
    rows = [_row(path, line, record) for line, record in enumerate(reader, 2)]
    if not rows:
        raise ActualsError(f"{path}: no figures under the head {','.join(COLUMNS)}")
    seen: dict[tuple[str, Unit, int], int] = {}
    for line, row in enumerate(rows, 2):
        key = (row.outcome, row.unit, row.year)
        if key in seen:
            raise ActualsError(f"{path}:{line}: the same figure as in line {seen[key]}")
        seen[key] = line
    return tuple(rows)


def _row(path: Path, line: int, record: dict[str, str | None]) -> Actual:
    def refuse(column: str, allowed: str) -> ActualsError:
        return ActualsError(f"{path}:{line}: {column} {record[column]!r}; allowed: {allowed}")

    def name(column: str, known: Iterable[str]) -> str:
        value, names = (record[column] or "").strip(), list(known)
        if value not in names:
            near = get_close_matches(value, names, 1)
            hint = f" (nearest: {near[0]})" if near else ""
            shown = ", ".join(names) if len(names) <= 20 else "the ids that `jiqun outcomes` lists"
            raise refuse(column, shown + hint)
        return value

    if None in record.values() or None in record:
        raise ActualsError(f"{path}:{line}: {len(COLUMNS)} columns are needed: {','.join(COLUMNS)}")
    outcome = name("outcome", OUTCOMES)
    level = name("level", [v for v in UNIT_NAMES if v in OUTCOMES[outcome].levels])
    unit = name("unit_name", UNIT_NAMES[level])
    year = (record["year"] or "").strip()
    if not year.isdigit() or not ORIGIN < int(year) <= LONG:
        raise refuse("year", f"{ORIGIN + 1} to {LONG}; earlier years are in the project's tables")
    try:
        value = float(record["value"] or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise refuse("value", f"a number in {OUTCOMES[outcome].unit}")
    source = (record["source"] or "").strip()
    if not source:
        raise refuse("source", "where the figure was published")
    return Actual(outcome, level, unit, int(year), value, source)


def actuals_table(evidence: Evidence, actuals: tuple[Actual, ...], words: Words) -> str:
    """Later figures beside what was projected: inside the interval or not."""
    rows = []
    for item in actuals:
        band = evidence.band(item.outcome, item.unit, item.year)
        cells = [ABSENT, ABSENT, words("not_projected")]
        if band is not None:
            place = "above" if item.value > band.high else "below"
            if band.low <= item.value <= band.high:
                place = "inside"
            cells = [
                words.number(band.median, item.outcome, 3),
                words.interval(band.low, band.high, item.outcome, 3),
                words(place),
            ]
        rows.append(
            [
                words.headed(item.outcome),
                words.name("tier_names", item.unit_name),
                str(item.year),
                words.number(item.value, item.outcome, 3),
                *cells,
                item.source,
            ]
        )
    return markdown(words.lines("actuals_head"), rows, 2)
