"""What became of each article of document 55, where to read it, and what came out in a store."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from jiqun.model.dimensions import TIERS
from jiqun.model.observe.outcomes import CHOSEN, OUTCOMES
from jiqun.model.region import REGION, project_path
from jiqun.scenarios.levers import DECLARATIONS, declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

SCENARIOS = (
    ("as_issued", "without_document_55"),
    ("policy_to_date", "without_document_55_to_date"),
)
"""Scenarios with the document, the first in a store is shown, and what each is compared with."""
TARGET_YEAR, FIRST_YEAR = 2027, 2024
CLUSTER_SCOPE = "cluster enterprises"
CLUSTER_TIERS = TIERS[:-1]
POOLS = {"special_funds": ("fund", "special_funds"), "fund_steering": ("origin", "steered")}
"""Levers whose money is booked under others: column and name of the ledger it stands under."""


def trace(store: Path | None) -> dict[str, Any]:
    """Every article in order, and the later measures that are not in the model.

    Args:
        store: Folder of a store with results, or None.

    Raises:
        StoreError: The folder is no store, or has no scenario with the document.
    """
    found = _Found(store) if store else None
    targets = {row.id: row for row in table("policy_targets")}
    return {
        "store": str(store) if store else None,
        "scenario": found.scenario if found else None,
        "baseline": found.baseline if found else None,
        "year": found.year if found else None,
        "articles": [_article(row, targets, found) for row in table("articles")],
        "not_modelled": [
            {"instrument_zh": row.instrument_zh, "period": row.period, "reason": row.reason}
            for row in table("levers_in_force")
            if not row.modelled_as
        ],
    }


def trace_lines(traced: dict[str, Any]) -> Iterator[str]:
    """The trace as text."""
    if traced["store"]:
        against = traced["baseline"]
        beside = f", and means with 95 % intervals of what it changes against {against}"
        beside = beside if against else ""
        yield f"{traced['store']}: medians and 90 % intervals of {traced['scenario']}{beside}"
    for row in traced["articles"]:
        yield f"{row['article']}  {row['heading_zh']}  {row['heading_en']}  [{row['kind']}]"
        yield f"    becomes: {row['what_it_becomes']}"
        if row["reason"]:
            note = "not in the model" if row["in_model"] == "no" else "in part"
            yield f"    {note}: {row['reason']}"
        for lever in row["levers"]:
            yield f"    lever: {lever['id']} ({lever['origin']}){_paid(lever, traced)}"
            if lever.get("chosen"):
                number = _spread(lever["chosen"], "projects")
                yield f"        {traced['year']} chosen beyond the older pace: {number}"
        for target in row["targets"]:
            aim = f"{target['value']} {target['unit']} ({target['class']})"
            yield f"    target: {target['id']}: {aim}"
            yield from (f"        {_result(result)}" for result in target["results"])
        for outcome in row["outcomes"]:
            yield f"    result: {outcome['label_en']} ({outcome['id']})"
            yield from (f"        {_result(result)}" for result in outcome["results"])
        if row["lead_zh"]:
            yield f"    lead: {row['lead_zh']}"
        if row["read"]:
            yield f"    read: {', '.join(row['read'])}"
    yield "instruments in force that are not in the model:"
    for row in traced["not_modelled"]:
        period = f" ({row['period']})" if row["period"] else ""
        yield f"    {row['instrument_zh']}{period}: {row['reason']}"


class _Found:
    """What a store says on targets and money."""

    def __init__(self, store: Path) -> None:
        from jiqun.experiments import Results  # noqa: PLC0415
        from jiqun.experiments.stores.errors import StoreError  # noqa: PLC0415

        results = Results(store)
        known = results.scenarios()
        pair = next((pair for pair in SCENARIOS if pair[0] in known), None)
        if pair is None:
            wanted = " or ".join(name for name, _ in SCENARIOS)
            raise StoreError(
                f"{store} holds no run of {wanted}; there are: {', '.join(known)}; make some with "
                "jiqun run as_issued without_document_55"
            )
        self.scenario = pair[0]
        self.baseline = pair[1] if pair[1] in known else None
        read = [_place(name) for row in table("articles") for name in _names(row.outcomes)]
        names = [outcome.id for outcome in OUTCOMES.values() if outcome.target]
        names += [outcome for outcome, _, _ in read]
        levels = sorted({"province", "tier", *(level for _, level, _ in read)})
        names += [f"chosen_{lever}" for lever in CHOSEN]
        values = results.intervals(self.scenario, names, levels)
        self.year = int(values["year"][values["year"] <= TARGET_YEAR].max())
        self.values = values
        self.differences = (
            results.paired_intervals(self.scenario, self.baseline, names, levels)
            if self.baseline
            else None
        )
        self._results = results
        self._sums: dict[tuple[str, str], pd.DataFrame] = {}

    def chosen(self, lever: str) -> dict[str, Any] | None:
        """Projects chosen under a lever in the last year shown; None if it chooses none."""
        rows = _rows(self.values, f"chosen_{lever}", REGION.id, self.year)
        return _interval(rows[0]) if rows else None

    def money(self, lever: str) -> dict[str, Any] | None:
        """Yuan paid, forgone, invested or paid back under a lever since the document, or None."""
        column, name = POOLS.get(lever, ("lever", lever))
        for kind in ("paid", "forgone", "invested", "repaid"):
            sums = self._money_by(column, kind)
            if name in sums.index:
                return {"kind": kind, **_interval(sums.loc[name])}
        return None

    def _money_by(self, column: str, kind: str) -> pd.DataFrame:
        if (column, kind) not in self._sums:
            years = range(FIRST_YEAR, self.year + 1)
            sums = self._results.money((column,), self.scenario, kind=kind, years=years)
            self._sums[column, kind] = sums.set_index(column)
        return self._sums[column, kind]


def _article(row: Any, targets: dict[str, Any], found: _Found | None) -> dict[str, Any]:
    levers = [lever for lever in declarations().values() if row.article in lever.article.split(";")]
    return {
        "article": int(row.article),
        "heading_zh": row.heading_zh,
        "heading_en": row.heading_en,
        "kind": row.kind,
        "what_it_becomes": row.what_it_becomes,
        "in_model": row.in_model,
        "reason": row.reason or None,
        "levers": [
            {"id": lever.id, "origin": lever.origin, "fund": lever.fund}
            | ({"money": found.money(lever.id), "chosen": found.chosen(lever.id)} if found else {})
            for lever in levers
        ],
        "targets": [_target(targets[name], found) for name in _names(row.targets)],
        "outcomes": [_outcome(name, found) for name in _names(row.outcomes)],
        "lead_zh": row.lead_zh or None,
        "read": [*_names(row.read), *([project_path(DECLARATIONS)] if levers else [])],
    }


def _names(text: str) -> list[str]:
    return [name for name in text.split(";") if name]


def _place(text: str) -> tuple[str, str, str]:
    """Outcome, level and unit of ``outcome@level/unit``, of the province without the latter."""
    outcome, _, place = text.partition("@")
    level, _, unit = place.partition("/")
    return outcome, level or "province", unit or REGION.id


def _outcome(text: str, found: _Found | None) -> dict[str, Any]:
    name, level, unit = _place(text)
    outcome = OUTCOMES[name]
    return {
        "id": text,
        "label_zh": outcome.zh,
        "label_en": outcome.en,
        "results": list(_values(outcome, level, [unit], TARGET_YEAR, found)),
    }


def _target(row: Any, found: _Found | None) -> dict[str, Any]:
    outcomes = [outcome for outcome in OUTCOMES.values() if outcome.target == row.id]
    return {
        "id": row.id,
        "label_zh": row.label_zh,
        "label_en": row.label_en,
        "value": row.value,
        "unit": row.unit,
        "class": row.class_,
        "outcomes": [outcome.id for outcome in outcomes],
        "results": [result for outcome in outcomes for result in _results(outcome, row, found)],
    }


def _results(outcome: Any, target: Any, found: _Found | None) -> Iterator[dict[str, Any]]:
    """Rows of an outcome, of the province or of the tiers where clusters alone are meant."""
    year = int(target.deadline) if target.deadline.isdigit() else TARGET_YEAR
    if target.scope == CLUSTER_SCOPE and "tier" in outcome.levels:
        return _values(outcome, "tier", CLUSTER_TIERS, year, found)
    return _values(outcome, "province", (REGION.id,), year, found)


def _values(
    outcome: Any, level: str, units: Iterable[str], year: int, found: _Found | None
) -> Iterator[dict[str, Any]]:
    """What a store says on an outcome of some units of a level, in its last year if earlier."""
    if found is None:
        return
    year = min(year, found.year)
    for unit in units:
        place = (outcome.id, unit, year)
        for value in _rows(found.values, *place):
            differences = _rows(found.differences, *place)
            yield {
                "outcome": outcome.id,
                "unit": outcome.unit,
                "level": level,
                "unit_name": unit,
                "year": year,
                **_interval(value),
                "difference": _effect(differences[0]) if differences else None,
            }


def _rows(frame: pd.DataFrame | None, outcome: str, unit: str, year: int) -> list[Any]:
    if frame is None:
        return []
    wanted = (frame["outcome"] == outcome) & (frame["unit_name"] == unit) & (frame["year"] == year)
    return [row for _, row in frame[wanted].iterrows()]


def _interval(row: Any) -> dict[str, Any]:
    numbers = {name: float(row[name]) for name in ("median", "p05", "p95")}
    return numbers | {"runs": int(row["runs"])}


def _effect(row: Any) -> dict[str, Any]:
    """An effect, with the interval of its mean where the pairs are enough for one."""
    ends = {name: None if isnan(row[name]) else float(row[name]) for name in ("low", "high")}
    return _interval(row) | {"mean": float(row["mean"])} | ends


def _paid(lever: dict[str, Any], traced: dict[str, Any]) -> str:
    if not traced["store"]:
        return ""
    if not lever["fund"]:
        return ": no money of its own"
    span, money = f"{FIRST_YEAR}-{traced['year']}", lever["money"]
    return f": {money['kind']} {span} {_spread(money, 'yuan')}" if money else f": none {span}"


def _result(result: dict[str, Any]) -> str:
    place = "" if result["level"] == "province" else f" {result['unit_name']}"
    text = f"{result['year']}{place} {result['outcome']}: {_spread(result, result['unit'])}"
    change = result["difference"]
    unit = "points" if result["unit"].startswith("share") else result["unit"]
    if change is None:
        return text
    return f"{text}; changed by {_spread(change, unit, ('mean', 'low', 'high'))}"


def _spread(
    row: dict[str, Any], unit: str, names: tuple[str, ...] = ("median", "p05", "p95")
) -> str:
    """A value with its interval, where there is one."""
    if unit.startswith("share") or unit == "points":
        scale, name, digits = 100.0, "points" if unit == "points" else "%", 3
    elif unit == "yuan":
        scale, name, digits = 1e-8, "亿元", 4
    else:
        scale, name, digits = 1.0, unit, 4
    known = [scale * row[key] for key in names if row[key] is not None]
    middle, *ends = (f"{value:,.{digits}g}" for value in known)
    return f"{middle} [{', '.join(ends)}] {name}" if ends else f"{middle} {name}"
