"""What a tier gains, and from whom: other tiers, enterprises outside clusters, others outside.

Enterprises that moved into a cluster bring their value added along: it is told apart. Markets are
of a field and national, so inside a field tiers that gain take from tiers that lose, in proportion
to what each gains and loses; what is left over comes from outside the province, or is made anew.
Which tier took from which cannot be seen; in proportion favours none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jiqun.experiments.effects.effect import Estimate, main_of
from jiqun.experiments.stores.errors import StoreError
from jiqun.model.agents.clusters import MOST_OF_A_PAIR, synthetic_name
from jiqun.model.dimensions import CITIES, FIELDS, TIERS, Array
from jiqun.model.region import REGION
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.experiments.stores.results import Results

PARTS = ("tiers", "outside_clusters", "outside_province", "moved")
"""Other tiers of clusters; enterprises of no cluster; outside the province, or new; moved in."""
MADE, MOVED = "value_added", "value_added_moved"
WHOLE = "effect"
"""The sum of the parts."""
PROVINCE = REGION.id
NONE = TIERS.index("none")


def parts(effect: Array, moved: Array) -> Array:
    """Take effects by tier and field apart.

    Args:
        effect: What a scenario changes, shape (runs, tiers, fields).
        moved: The part of it that enterprises brought or took along that moved, of the same shape.

    Returns:
        Shape (runs, parts, tiers), in the order of `PARTS`: gains from each, losses to it negative.
        The parts of a tier add up to its effect; what tiers gain from each other, to zero.
    """
    rest = effect - moved
    gained, lost = np.maximum(rest, 0.0), np.maximum(-rest, 0.0)
    gains, losses = (side.sum(axis=1, keepdims=True) for side in (gained, lost))
    passed = np.minimum(gains, losses)
    taken, given = gained * _over(passed, gains), lost * _over(passed, losses)
    exchanged = taken - given
    outside = _over(given[:, [NONE]], passed) * taken - _over(taken[:, [NONE]], passed) * given
    outside[:, NONE] = 0.0
    found = (exchanged - outside, outside, rest - exchanged, moved)
    return np.stack([part.sum(axis=2) for part in found], axis=1)


def _over(top: Array, bottom: Array) -> Array:
    """Quotient; zero where there is nothing to divide by."""
    result: Array = np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom > 0.0)
    return result


def seats() -> dict[str, tuple[int, int]]:
    """Every cluster there can be to its tier and field."""
    found = {
        synthetic_name(field, city, tier, number): (TIERS.index(tier), field)
        for field, city in product(range(len(FIELDS)), range(len(CITIES)))
        for tier in ("provincial", "county")
        for number in range(MOST_OF_A_PAIR + 1)
    }
    named = {
        row.id: (TIERS.index(row.cultivation_tier), FIELDS.index(row.field))
        for row in table("clusters")
        if row.field in FIELDS
    }
    return found | named


def by_tier_and_field(
    results: Results, scenario: str, baseline: str, year: int
) -> tuple[Array, Array]:
    """What a scenario changes in value added by tier and field, a pair of runs a row.

    Enterprises of no cluster are what of a field is in none of its clusters, and what moved into
    clusters left them.

    Args:
        results: A store that keeps outcomes by cluster and field.
        scenario: The scenario.
        baseline: What it is compared with.
        year: Year.

    Returns:
        The effect and the part of it that moved, each of shape (pairs, tiers, fields), of the
        zipped draws, or of seeds where there are none.

    Raises:
        StoreError: The store keeps no outcomes by cluster and field, or has no such pairs.
    """
    rows = results.sharing(scenario, baseline).outcomes(
        [scenario, baseline], [MADE, MOVED], ["cluster", "field"], [year]
    )
    rows = main_of(rows)
    made = rows[rows["outcome"] == MADE]
    shared = _runs(made[made["scenario"] == scenario]) & _runs(made[made["scenario"] == baseline])
    if not shared or set(made["level"]) != {"cluster", "field"}:
        raise StoreError(
            f"{results.folder} keeps no {MADE} of {year} by cluster and field of pairs of "
            f"{scenario} and {baseline}"
        )
    clusters = seats()
    if unknown := set(rows.loc[rows["level"] == "cluster", "unit_name"]) - clusters.keys():
        raise StoreError(
            f"{results.folder} has clusters that there are none of now: {min(unknown)}"
        )

    def change(outcome: str) -> Array:
        of = rows[rows["outcome"] == outcome]
        both = [_arrays(of[of["scenario"] == name], clusters) for name in (scenario, baseline)]
        return np.array([both[0][run] - both[1][run] for run in sorted(shared)])

    return change(MADE), change(MOVED)


def _runs(rows: pd.DataFrame) -> set[tuple[int, int]]:
    return set(zip(rows["draw"].tolist(), rows["seed"].tolist(), strict=True))


def _arrays(
    rows: pd.DataFrame, clusters: Mapping[str, tuple[int, int]]
) -> defaultdict[tuple[int, int], Array]:
    """Values by tier and field of each run; a unit that is absent has nobody there."""
    found = defaultdict[tuple[int, int], Array](lambda: np.zeros((len(TIERS), len(FIELDS))))
    columns = (rows[name] for name in ("draw", "seed", "level", "unit_name", "value"))
    for draw, seed, level, unit, value in zip(*columns, strict=True):
        made = found[draw, seed]
        if level == "field":
            made[NONE, FIELDS.index(unit)] += value
        else:
            tier, field = clusters[unit]
            made[tier, field] += value
            made[NONE, field] -= value
    return found


def displaced(results: Results, scenario: str, baseline: str, year: int) -> pd.DataFrame:
    """Effect on value added by tier and its parts, each with its interval.

    Rows are `unit_name` (tiers, and the province) times `part` (`PARTS` and `effect`, their sum);
    columns those of an estimate in yuan, and runs. Means add up. Errors are those of
    `by_tier_and_field`.

    Args:
        results: A store that keeps outcomes by cluster and field.
        scenario: Name of the scenario whose effect is measured.
        baseline: Name of the one that it is compared with.
        year: Calendar year of the value added.
    """
    found = parts(*by_tier_and_field(results, scenario, baseline, year))
    found = np.concatenate([found, found.sum(axis=2, keepdims=True)], axis=2)
    found = np.concatenate([found, found.sum(axis=1, keepdims=True)], axis=1)
    rows = [
        {
            "unit_name": unit,
            "part": part,
            **asdict(Estimate.of(values)),
            "runs": len(values),
        }
        for t, unit in enumerate((*TIERS, PROVINCE))
        for p, part in enumerate((*PARTS, WHOLE))
        for values in [found[:, p, t]]
    ]
    return pd.DataFrame(rows)
