"""Entry and exit: the year's entrants, those who close, crossings of the statistical threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.dimensions import FIELDS
from jiqun.model.economy import demography, finance, network, relocation, supply
from jiqun.model.elementary import dot, exp, power
from jiqun.model.policy import payments, permits, promotion
from jiqun.model.policy.ledger import Kind
from jiqun.model.randomness import uniform

if TYPE_CHECKING:
    from jiqun.model.agents.enterprises import Enterprises, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.model import ClusterPolicyModel

N = len(FIELDS)


def entry(m: ClusterPolicyModel) -> None:
    """Once a year some move and the year's entrants come; plants run up each quarter."""
    e, p = m.enterprises, m.parameters
    demography.ramp(e, m.quarter)
    if m.quarter % 4:
        return
    m.city_funds.open_year()
    relocation.gather(m)
    w = e.weight * e.expected_revenue
    mean = inherited(e, w, m.profiles.digital_gain, m.on_productivity("skills_gain"))
    campaign = promotion.campaign(m)
    new = demography.entrants(
        m.policy.province, m.profiles, m.places.city_given_field, m.places.pools, mean,
        m.markets.two_year_growth, campaign.with_plants(p, m.quarter) if campaign else p,
        m.seed_of_run, m.quarter,
    )  # fmt: skip
    new, promoted = campaign.settle(m, new) if campaign else (new, None)
    new["energy_technique"][:] = power(m.energy_rise, -p["energy_elasticity_new"])
    new["capital"][:] = (
        new["capital_rate"] * new["expected_revenue"] * m.markets.price[new["field"]]
    )
    comes = permits.admitted(m, new)
    if not comes.all():
        new = {name: values[comes] for name, values in new.items()}
        promoted = promoted if promoted is None else promoted[comes]
    scale, capital = m.markets.price[new["field"]], new["capital"]
    new["cash"][:] = p["cash_share"] * new["expected_revenue"] * scale
    new["expected_revenue"][:] *= np.where(new["plant"], 1.0 / demography.RAMP, 1.0)
    field = new["field"]
    new["revenue"][:] = exp(
        new["size_level"] + (p["sigma"] - 1.0) * new["productivity"]
    ) * m.markets.revenue_per_mass[field]  # fmt: skip
    new["expected_revenue"][:] = 4.0 * new["revenue"]
    used_up = p["delta_K"] + p["knowledge_growth"]  # as the first stock of those of 2018
    new["knowledge"][:] = new["rd_intensity"] * new["expected_revenue"] / used_up
    new["employees"][:] = new["labour_need"] * new["va_rate"] * 4.0 * new["revenue"]
    new["appeal"][:] = m.cluster_terms.appeal[new["cluster"]]
    new["digital_gain"][:] = m.on_productivity("phi_D") * new["digital_stage"] / 4.0
    total = new["weight"]
    m.accounts.books.book("households", -dot(total, capital + new["cash"]))
    m.accounts.books.book("outside", dot(total, capital))
    e.append(new)
    # Owners advance the loan of a plant until banks grant it, as it is drawn over the year.
    loan = p["plant_loan_share"] * capital * new["plant"]
    m.accounts.bridge_loans = np.concatenate([np.zeros(len(e) - len(total)), loan])
    network.link_entrants(m, len(e) - len(total))
    if campaign and promoted is not None:
        campaign.pay(m, promoted)


def inherited(e: Enterprises, weight: Array, digital_start: Array, skills_gain: float) -> Array:
    """Log productivity with which entrants begin, by field: what is common to all there.

    Machines, methods and knowledge of the field can be had by whoever begins; staff that others
    had trained and digital work that others did cannot. Entrants are digital like those of 2018,
    so only what digital work has brought since then is taken out.

    Args:
        e: The enterprises.
        weight: What each counts, shape (rows,).
        digital_start: Mean productivity by digital stages in 2018, shape (fields,).
        skills_gain: Log productivity at staff that is trained throughout.

    Returns:
        Shape (fields,).
    """
    own = e.productivity - e.digital_gain - skills_gain * e.trained
    return demography.field_mean(e.field, weight, own) + digital_start


def leave(m: ClusterPolicyModel) -> None:
    """Exit: who owes banks has failed, and they and guarantors lose their part of its loans."""
    e, p = m.enterprises, m.parameters
    gone = demography.closing(e, uniform(m.seed_of_run, "exit", e.id, m.quarter), p)
    w, owed = e.weight[gone], e.debt_short[gone] + e.debt_long[gone]
    scrap = p["scrap_value"] * e.capital[gone]
    means = e.cash[gone] + scrap
    covered = np.minimum(e.debt_covered[gone], owed)
    borne = covered * finance.lost_share(owed, means, p["guarantee_loss"])
    lost = (owed - covered) * finance.lost_share(owed, means, p["loss_given_default"])
    lost_by_banks = dot(w, lost)
    _guarantor_pays(m, gone, borne)
    m.accounts.books.book("outside", -dot(w, scrap))
    m.accounts.books.book("banks", -lost_by_banks)
    m.banks.lost += lost_by_banks
    m.accounts.books.book("households", dot(w, means - (owed - borne - lost)))
    m.counts.exits.append((gone, w.copy()))
    supply.fail(m, gone)
    e.weight[gone] = 0.0
    for name in (
        "cash", "debt_short", "debt_long", "debt_line", "debt_covered", "capital", "revenue",
        "upgrades_value", "grant_income",
    ):  # fmt: skip
        getattr(e, name)[gone] = 0.0
    m.accounts.bridge_loans[gone] = 0.0


def _guarantor_pays(m: ClusterPolicyModel, gone: Whole, borne: Array) -> None:
    """Pay banks what guarantors bear of the loans of those who failed, yuan a row."""
    e, lever = m.enterprises, m.policy.lever("credit_guarantee")
    if lever is None or not borne.any():
        return
    (source,) = m.province.sources(lever)
    for kind in (Kind.COMMITTED, Kind.PAID):
        payments.book(m, lever, kind, source, gone, borne)
    total = dot(e.weight[gone], borne)
    e.year_subsidy[gone] += borne
    m.accounts.transfers_paid += total
    m.accounts.books.book("government", -total)


def remove_exited(m: ClusterPolicyModel) -> None:
    """Drop the rows of those who have left, and their links."""
    alive = m.enterprises.weight > 0.0
    m.enterprises.keep(alive)
    network.drop(m, alive)


def review_scale(m: ClusterPolicyModel) -> None:
    """Move enterprises across the statistical threshold, and note who was above it before."""
    e, p, t = m.enterprises, m.parameters, m.quarter
    draw = uniform(m.seed_of_run, "register", e.id, t)
    e.was_above_scale = e.above_scale.copy()
    # A plant in its first year is judged by what it makes now.
    judged = np.where(t - e.founded < 4, 4.0 * e.revenue, e.year_revenue)
    e.above_scale = demography.cross_threshold(
        e.above_scale, judged, draw, p["register_rate"], p["exit_scale"]
    ) & (e.weight > 0.0)
