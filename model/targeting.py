"""Who a lever serves and pays: eligibility, take-up, queue, budget, and when the money comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.digital import serve
from model.enterprises import LABELS, NEVER, ROLES, Enterprises
from model.randomness import uniform
from model.scenario import CITIES, FIELDS, SIZES, TIERS, Array, Lever

if TYPE_CHECKING:
    from model.enterprises import Flag, Whole
    from model.model import ClusterPolicyModel

GROUPS = {"tier": TIERS, "field": FIELDS, "city": CITIES, "role": ROLES}


def size_class(above: Flag, revenue: Array, employees: Array) -> Whole:
    """Index into SIZES by the statistical classes of 2017: employees and revenue both."""
    large = (employees >= 1000.0) & (revenue >= 400e6)
    medium = (employees >= 300.0) & (revenue >= 20e6)
    return np.where(~above, 3, np.where(large, 0, np.where(medium, 1, 2))).astype(np.int64)


def eligible(lever: Lever, e: Enterprises) -> Flag:
    """Enterprises in every target group that the lever names; of labels one of those named."""
    mask = np.ones(len(e), dtype=bool)
    for attribute, allowed in lever.who.items():
        if attribute == "label":
            mask &= np.any([getattr(e, label) > NEVER for label in LABELS if label in allowed], 0)
        elif attribute == "size":
            size = size_class(e.above_scale, e.expected_revenue, e.employees)
            mask &= np.isin(size, [SIZES.index(name) for name in allowed])
        else:
            names = GROUPS[attribute]
            mask &= np.isin(getattr(e, attribute), [names.index(name) for name in allowed])
    return mask


def claims(lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float) -> Flag:
    """Eligible enterprises that claim.

    Each enterprise has its own place between 0 and 1; those under the rate of take-up claim, so
    that a rising rate only adds claimants.

    Args:
        lever: The lever.
        e: The enterprises.
        seed: Seed of the run.
        quarter: Quarter index.
        usual: Share that claims where the lever sets no take-up of its own.
    """
    full = lever.value("take_up_full", quarter, usual)
    start = lever.value("take_up_start", quarter, full)
    years = max(lever.value("take_up_years", quarter), 0.25)
    rate = start + (full - start) * min((quarter - lever.start) / (4.0 * years), 1.0)
    return eligible(lever, e) & (uniform(seed, f"claims {lever.id}", e.id) < rate)


def claimed_share(lever: Lever, e: Enterprises, seed: int, quarter: int, usual: float) -> Array:
    """Share of a tax relief that each enterprise claims, shape (rows,).

    Where the lever sets a take-up, an enterprise claims all or nothing; else all that are eligible
    claim the usual share.
    """
    if lever.value("take_up_full", quarter, -1.0) >= 0.0:
        return claims(lever, e, seed, quarter, usual).astype(np.float64)
    return np.where(eligible(lever, e), usual, 0.0)


def grant(m: ClusterPolicyModel, lever: Lever, claim: Array) -> Array:
    """Commit grants inside the year's budget; returns what is paid at once, yuan a row.

    What comes later, by lag and instalments, is put on the list of money due.

    Args:
        m: The model.
        lever: The lever that pays.
        claim: Yuan claimed, zero where nothing is, shape (rows,).
    """
    e, t = m.enterprises, m.quarter
    if not claim.any():
        return claim
    if m.budget_year.get(lever.id) != m.year:
        m.budget_year[lever.id] = m.year
        m.budget_left[lever.id] = lever.value("budget", t, np.inf)
    served = serve(claim > 0.0, claim, e.weight, _queue(m, lever), m.budget_left[lever.id])
    granted = claim * served
    m.budget_left[lever.id] -= float(np.dot(e.weight, granted))
    lag = int(lever.value("lag", t))
    parts = sorted(term for term in lever.terms if term.startswith("instalment_"))
    shares = [lever.value(term, t) for term in parts] or [1.0]
    now = np.zeros(len(e))
    rows = np.flatnonzero(granted)
    for year, share in enumerate(shares):
        wait = lag + 4 * year
        if wait == 0:
            now = share * granted
        elif len(rows):
            m.due.append((t + wait, e.id[rows], share * granted[rows]))
    return now


def due(m: ClusterPolicyModel) -> Array:
    """Money that falls due this quarter, yuan a row; an enterprise that has left gets none."""
    e = m.enterprises
    paid = np.zeros(len(e))
    for quarter, ids, yuan in m.due:
        if quarter == m.quarter:
            _, rows, place = np.intersect1d(e.id, ids, assume_unique=True, return_indices=True)
            paid[rows] += yuan[place]
    m.due = [entry for entry in m.due if entry[0] > m.quarter]
    return paid * (e.weight > 0.0)


def _queue(m: ClusterPolicyModel, lever: Lever) -> Array:
    """Priority of each enterprise, the lowest first (`scenarios.schema.FIRST`)."""
    e, t = m.enterprises, m.quarter
    turn = uniform(m.seed_of_run, f"turn {lever.id}", e.id, t)
    rules = (
        # Until clusters are scored, the score of an application is its R&D over revenue.
        -e.rd_reported / np.maximum(e.revenue, 1.0),
        turn,
        e.expected_revenue,
        -e.expected_revenue,
        e.tier + 0.999 * turn,
    )
    return rules[int(lever.value("budget_first", t, 1.0))]
