"""The quarter on one page: its stages in order, and the yearly work after the fourth.

Each stage reads columns, calls the pure rules of its submodel with this quarter's draws, writes the
results and books every payment with its counterparty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import audit, bearers, demography, network, titles
from model.horse_race import BASE_YEAR, run_race
from model.outlays import invest
from model.outside import outside_world
from model.production import produce
from model.programmes import programmes
from model.randomness import uniform
from model.reach import felt
from model.research import innovate
from model.sales import sell
from model.turnover import entry, leave

if TYPE_CHECKING:
    from model.model import ClusterPolicyModel

QUARTER = (
    ("outside world", outside_world),
    ("entry", entry),
    ("programmes", programmes),
    ("supply network", network.meet),
    ("market", sell),
    ("costs and taxes", produce),
    ("investment and finance", invest),
    ("innovation", innovate),
    ("costs beside grants", bearers.bear),
    ("exit", leave),
)
"""A quarter, in order. The yearly work follows the fourth quarter (`year_end`)."""


def year_end(m: ClusterPolicyModel) -> None:
    """Threshold, titles and their awards, observation, next year."""
    e, p, t = m.enterprises, m.parameters, m.quarter
    draw = uniform(m.seed_of_run, "register", e.id, t)
    e.was_above_scale = e.above_scale.copy()
    # A plant in its first year is judged by what it makes now.
    judged = np.where(t - e.founded < 4, 4.0 * e.revenue, e.year_revenue)
    e.above_scale = demography.cross_threshold(
        e.above_scale, judged, draw, p["register_rate"], p["exit_scale"]
    ) & (e.weight > 0.0)
    audit.close_year(m)
    # Leaders ask suppliers for quality, more or less than they did when the rates were measured.
    more = p["link_quality_demand"] * (m.network.quality_demand - m.network.quality_demand_start)
    priority = felt(m, "title_rate", "rise")
    rise = priority + more
    fresh = titles.award_titles(e, p, m.seed_of_run, t, m.year, rise)
    by_lever = priority / np.maximum(1.0 + rise, 1e-9)
    m.count("label_ladder", "title_applications", e.weight * by_lever * titles.applied(fresh))
    for lever in m.policy.levers_of("title_award"):
        if lever.in_force(t):
            titles.promise_awards(m, lever, fresh)
    if m.year >= BASE_YEAR:
        run_race(m)
    # Kept up year after year, what a lever shows to buyers comes to its term; ended, it fades.
    e.brand += p["brand_decay"] * felt(m, "appeal", "appeal")
    e.appeal = m.cluster_terms.appeal[e.cluster] + e.brand
    e.brand *= 1.0 - p["brand_decay"]
    for cluster in m.clusters:
        cluster.platform *= 1.0 - p["platform_decay"]
    bearers.close_year(m)
    m.observe()
    alive = e.weight > 0.0
    e.keep(alive)
    network.drop(m, alive)
    e.last_revenue, e.last_profit = e.year_revenue, e.year_profit
    e.last_value_added_real, e.last_rd_reported = e.year_value_added_real, e.year_rd_reported
    e.last_energy = e.year_energy
    m.start_year()
