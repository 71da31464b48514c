"""Quality titles, once a year by published thresholds; little giants by a national quota."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.enterprises import NEVER, Enterprises
from jiqun.model.channels import reads
from jiqun.model.elementary import log
from jiqun.model.policy.eligibility import eligible
from jiqun.model.policy.payments import approve, commit
from jiqun.model.policy.rationing import allot
from jiqun.model.policy.reach import channel_value
from jiqun.model.randomness import uniform
from jiqun.model.start.first_research import TITLE_TERM
from jiqun.model.start.sampling import CERTAINTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.dimensions import Array
    from jiqun.model.lever import Lever
    from jiqun.model.model import ClusterPolicyModel

Flag = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

MU_SHARES = (0.223, 0.433, 0.295)
"""Shares of the per-mu classes A, B and C (rules.csv, mu_class_shares); the rest is D."""


def high_tech_threshold(revenue: Array) -> Array:
    """R&D over revenue asked of a high-tech enterprise (rules.csv, hightech_enterprise)."""
    return np.where(revenue <= 50e6, 0.05, np.where(revenue <= 200e6, 0.04, 0.03))


def award_titles(
    e: Enterprises, p: Mapping[str, float], seed: int, quarter: int, year: int,
    rise: Array | float = 0.0,
) -> Mapping[str, Flag]:  # fmt: skip
    """Review the titles that run out and award new ones; returns who is newly titled.

    Args:
        e: The enterprises; the title columns are written.
        p: Parameters.
        seed: Seed of the run.
        quarter: Quarter index of the year end.
        year: Calendar year.
        rise: Rise of the rates at which the eligible apply for titles without a national quota, a
            share (article 13, and leaders that ask suppliers for quality).
    """
    aged = quarter - e.founded
    wide = year >= p["srdi_wide_year"]
    # Who does no R&D is fit for few titles.
    doing = e.rd_active.nonzero()[0]
    revenue, reported = e.year_revenue[doing], e.year_rd_reported[doing]
    sme = revenue < CERTAINTY
    # Enterprises within reach of a notch report up to it (Chen et al. 2021: bunching).
    intensity = reported / np.maximum(revenue, 1.0) * p["notch_reach"]
    least = p["srdi_intensity_wide"] if wide else 0.03
    threshold = high_tech_threshold(revenue)
    fit_srdi = sme & (revenue >= 10e6) & (aged[doing] >= 8)
    fit_srdi &= (reported >= (p["srdi_rd_wide"] if wide else 1e6)) & (intensity >= least)

    def renew(title: str, still: Flag, chance: float) -> None:
        held = getattr(e, title)
        due = (held > NEVER).nonzero()[0]
        due = due[quarter - held[due] >= TITLE_TERM]
        review = uniform(seed, "title review", e.id[due], quarter)
        held[due] = np.where(still[due] & (review < chance), quarter, NEVER)

    near = np.zeros(len(e), dtype=bool)
    near[doing] = intensity >= 0.8 * threshold
    renew("high_tech", near, 0.95)
    renew("srdi", e.weight > 0.0, p["srdi_renewal"])
    renew("little_giant", e.rd_active, p["little_giant_pass"])
    renew("innovative_sme", e.rd_active, 0.9)

    def apply(title: str, fit: Whole, yearly: Array | float) -> Flag:
        held = getattr(e, title)
        rows = fit[held[fit] == NEVER]
        chance = np.broadcast_to(yearly, held.shape)[rows]
        rows = rows[uniform(seed, title, e.id[rows], quarter) < chance]
        held[rows] = quarter
        new = np.zeros(len(e), dtype=bool)
        new[rows] = True
        return new

    more = 1.0 + rise
    green = (e.above_scale & (e.green_upgrades > 0)).nonzero()[0]
    srdi_rate = p["srdi_rate_wide" if wide else "srdi_rate"]
    fresh = {
        "innovative_sme": apply("innovative_sme", doing[sme], more * p["innovative_rate"]),
        "high_tech": apply("high_tech", doing[intensity >= threshold], more * p["high_tech_rate"]),
        "srdi": apply("srdi", doing[fit_srdi], more * srdi_rate),
        "green_factory": apply("green_factory", green, more * p["green_factory_rate"]),
        "little_giant": _little_giants(e, p, seed, quarter, year),
    }
    fit_champion = ((e.little_giant > NEVER) & (aged >= 12)).nonzero()[0]
    quota = p["champions_per_year"]  # national, as that of little giants: no priority adds to it
    pool = float(e.weight[fit_champion].sum())
    fresh["champion"] = apply("champion", fit_champion, min(quota / max(pool, quota), 1.0))
    _mu_classes(e)
    return fresh


def applied(fresh: Mapping[str, Flag]) -> Array:
    """New titles that were applied for without a national quota, shape (rows,)."""
    number = np.zeros(len(fresh["srdi"]))
    for title in ("innovative_sme", "high_tech", "srdi", "green_factory"):
        number += fresh[title]
    return number


def _little_giants(
    e: Enterprises, p: Mapping[str, float], seed: int, quarter: int, year: int
) -> Flag:
    """The province's share of the national list, to the best-scoring SRDI enterprises."""
    batch = p.get(f"little_giant_batch_{year}", p["little_giant_batch_later"])
    share = p.get(f"little_giant_share_{year}", p["little_giant_share_later"])
    quota = batch * share
    # Large enterprises are ruled out by the SME standard only: many little giants are medium-sized.
    fit = (e.srdi > NEVER) & (e.little_giant == NEVER) & e.above_scale & e.rd_active
    rows = fit.nonzero()[0]
    revenue = np.maximum(e.year_revenue[rows], 1.0)
    intensity = e.year_rd_reported[rows] / revenue * p["notch_reach"]
    growth = log(revenue / np.maximum(e.last_revenue[rows], 1.0))
    score = log(revenue) + 20.0 * np.minimum(intensity, 0.15)
    view = uniform(seed, "little giant score", e.id[rows], quarter)
    score += np.clip(growth, -0.5, 0.5) + 2.0 * view
    rows = rows[np.argsort(-score, kind="stable")]
    lot = uniform(seed, "little giant lot", e.id[rows], quarter)
    won = np.zeros(len(e), dtype=bool)
    won[rows[allot(quota, e.weight[rows], lot)]] = True
    e.little_giant[won] = quarter
    return won


def _mu_classes(e: Enterprises) -> None:
    """Classes A to D of above-scale enterprises by value added over capital (land is not known)."""
    rows = (e.above_scale & (e.weight > 0.0)).nonzero()[0]
    yield_ = e.year_value_added[rows] / np.maximum(e.capital[rows], 1.0)
    order = rows[np.argsort(-yield_, kind="stable")]
    weight = e.weight[order]
    place = weight.cumsum() / max(float(weight.sum()), 1.0)
    e.mu_class[order] = np.searchsorted(np.cumsum(MU_SHARES), place)


@reads("title_award", srdi="money")
@reads("title_award", little_giant="money")
@reads("title_award", champion="money")
@reads("title_award", high_tech="money")
def promise_awards(m: ClusterPolicyModel, lever: Lever, fresh: Mapping[str, Flag]) -> None:
    """Awards that go with new titles: named at the year's end and paid in the next quarter."""
    e = m.enterprises
    amount = np.zeros(len(e))
    for title in ("srdi", "little_giant", "champion", "high_tech"):
        if each := lever.value(title, m.quarter):
            amount += each * fresh[title]
    claim = amount * eligible(lever, e, m.quarter)
    commit(m, approve(m, lever, claim), claim, wait=1)


@reads("title_rate", "label_ladder", rise="share")
def close_year(m: ClusterPolicyModel) -> None:
    """Review and award the year's titles, and promise the awards that go with them."""
    e, p, t = m.enterprises, m.parameters, m.quarter
    # Leaders ask suppliers for quality, more or less than they did when the rates were measured.
    more = p["link_quality_demand"] * (m.network.quality_demand - m.network.quality_demand_start)
    priority = channel_value(m, "title_rate", "rise")
    rise = priority + more
    fresh = award_titles(e, p, m.seed_of_run, t, m.year, rise)
    new = applied(fresh)
    rows = (new > 0.0).nonzero()[0]
    by_lever = (priority / np.maximum(1.0 + rise, 1e-9))[rows]
    m.count("label_ladder", "title_applications", e.weight[rows] * by_lever * new[rows], rows)
    for lever in m.policy.levers_of("title_award"):
        if lever.in_force(t):
            promise_awards(m, lever, fresh)
