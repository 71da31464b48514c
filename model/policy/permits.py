"""Permits and land for new plant: which projects are refused, and what they would have cost.

A limit refuses projects, expansions and new plants alike; what stands may be kept up. Limits on
energy-heavy projects (article 12) ask for the energy a project uses over its value added; land by
per-mu performance (article 20) asks for the class alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.agents.enterprises import Enterprises
from jiqun.model.channels import reads
from jiqun.model.economy import investment
from jiqun.model.economy.energy import per_value_added
from jiqun.model.elementary import dot
from jiqun.model.policy.eligibility import delivery, eligible
from jiqun.model.policy.ledger import CELLS, cells_of
from jiqun.model.policy.reach import coverage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy.typing as npt

    from jiqun.model.agents.enterprises import Flag
    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel


def restricted(m: ClusterPolicyModel) -> Flag:
    """Enterprises that are refused permits or land for new plant, shape (rows,)."""
    e = m.enterprises
    mask = np.zeros(len(e), dtype=bool)
    for lever in m.policy.levers_of("permit"):
        if lever.value("share", m.quarter) > 0.0:
            mask |= refuses(m, lever, e, coverage(m, lever))
    return mask


@reads("permit", share="share", intensity="energy_intensity")
def refuses(m: ClusterPolicyModel, lever: Lever, e: Enterprises, part: Array) -> Flag:
    """Who of some enterprises a limit refuses new plant.

    Each has its own place between 0 and 1; those under the share refused stay refused, so that a
    project that is turned down does not come through a quarter later.

    Args:
        m: The model.
        lever: The limit.
        e: The enterprises.
        part: Part of the limit that reaches each, shape (rows,).
    """
    place = e.lasting_draw(m.seed_of_run, f"permit {lever.id}")
    refused = np.asarray(place < lever.value("share", m.quarter) * part)
    # Most are not under the share: what they use need not be known.
    rows = refused.nonzero()[0]
    refused[rows] = per_value_added(e, rows) > lever.value("intensity", m.quarter, -1.0)
    return refused


def settle(m: ClusterPolicyModel) -> Flag:
    """Fix the plant that enterprises refused from now on may keep; returns who is refused."""
    e, now = m.enterprises, restricted(m)
    rows = now.nonzero()[0]
    limit, refused = e.plant_limit[rows], e.plant_refused[rows]
    e.plant_limit, e.plant_refused = np.zeros(len(e)), np.zeros(len(e))
    e.plant_limit[rows] = np.where(limit == 0.0, e.capital[rows], limit)
    e.plant_refused[rows] = refused
    return now


def capped_plan(
    upkeep: Array, lump: Array, capital: Array, limit: Array, depreciation: float
) -> tuple[Array, Array]:  # fmt: skip
    """What is bought of a plan where plant may not grow beyond a limit: replacement goes on.

    A plan for plant beyond the limit is carried out up to it. Between such plans half of what wears
    out waits elsewhere (`investment.plan`); where the project that would make it good is refused,
    replacing it waits for none, as it asks for no permit.

    Args:
        upkeep: Upkeep planned without the limit, yuan a quarter, shape (rows,).
        lump: Lump planned without it, yuan.
        capital: Plant at hand, yuan.
        limit: Most plant allowed, yuan.
        depreciation: Share a year.

    Returns:
        Upkeep, and what is bought where it can be financed, yuan.
    """
    worn = depreciation / 4.0 * capital
    room = np.maximum(limit - (capital - worn), 0.0)
    upkeep = np.minimum(upkeep, room)
    return upkeep, np.minimum(np.maximum(lump, worn - upkeep), room - upkeep)


def refuse(
    m: ClusterPolicyModel, rows: npt.NDArray[np.int64], wanted: Array, planned: Array,
    draws: tuple[Array, Array, Array],
) -> None:  # fmt: skip
    """Count the expansions that are refused, and the plant there would be with them.

    The plant that an enterprise would have follows the ordinary rule and the ordinary draws; what
    it plans for it beyond the limit is refused, once, however long it goes on asking.

    Args:
        m: The model.
        rows: Rows that are refused new plant.
        wanted: Plant wanted, yuan, shape (refused,).
        planned: Plant bought inside the limit in the quarter, yuan, shape (refused,).
        draws: Uniform draws of `investment.plan`, each shape (refused,).
    """
    e, p = m.enterprises, m.parameters
    would = e.capital[rows] + e.plant_refused[rows]
    upkeep, lump = investment.plan(
        would, wanted, *draws, p["capital_depreciation"], p["review_rate"],
        (p["trigger_low"], p["trigger_high"]), p["upkeep_chance"],
    )  # fmt: skip
    beyond = np.where(lump > 0.0, wanted - np.maximum(would, e.plant_limit[rows]), 0.0)
    _count(m, np.maximum(beyond, 0.0), e.weight[rows])
    worn = p["capital_depreciation"] / 4.0 * e.plant_refused[rows]
    e.plant_refused[rows] += upkeep + lump - planned - worn


def admitted(m: ClusterPolicyModel, new: Mapping[str, npt.NDArray[Any]]) -> Flag:
    """Which of the year's entrants no limit refuses; the plant of the others is counted."""
    comes = np.ones(len(new["id"]), dtype=bool)
    levers = [x for x in m.policy.levers_of("permit") if x.value("share", m.quarter) > 0.0]
    if levers:
        e = Enterprises(m, new)
        for lever in levers:
            part = np.asarray(eligible(lever, e, m.quarter) * delivery(m, lever, e.cluster))
            refused = refuses(m, lever, e, part)
            away = np.bincount(cells_of(e), e.weight * e.capital * (comes & refused), CELLS)
            m.programmes.entry_plant_refused[lever.id] = (
                m.programmes.entry_plant_refused.get(lever.id, np.zeros(CELLS)) + away
            )
            comes &= ~refused
        _count(m, np.where(comes, 0.0, e.capital), e.weight)
    return comes


def _count(m: ClusterPolicyModel, yuan: Array, weight: Array) -> None:
    """Add refused projects to the year's number and yuan."""
    m.counts.refused_projects += float(weight[yuan > 0.0].sum())
    m.counts.refused_plant += dot(weight, yuan)
