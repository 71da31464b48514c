"""Entry and exit: what comes with the year's entrants, and what those leave who close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model import demography, network, permits, promotion, targeting
from model.elementary import dot, exp, power
from model.randomness import uniform
from model.scenario import FIELDS

if TYPE_CHECKING:
    from model.enterprises import Whole
    from model.model import ClusterPolicyModel
    from model.scenario import Array

N = len(FIELDS)


def entry(m: ClusterPolicyModel) -> None:
    """Once a year the year's entrants come, with equity and loans; plants run up each quarter."""
    e, p = m.enterprises, m.parameters
    demography.ramp(e, m.quarter)
    if m.quarter % 4:
        return
    w = e.weight * e.expected_revenue
    mean = np.bincount(e.field, w * e.productivity, N) / np.maximum(np.bincount(e.field, w, N), 1.0)
    drive = promotion.drive(m)
    new = demography.entrants(
        m.policy.province, m.profiles, m.city_given_field, m.pools, mean, m.attraction,
        drive.with_plants(p, m.quarter) if drive else p, m.seed_of_run, m.quarter,
    )  # fmt: skip
    new, promoted = drive.settle(m, new) if drive else (new, None)
    new["energy_technique"][:] = power(m.energy_rise, -p["energy_elasticity_new"])
    new["capital"][:] = new["capital_rate"] * new["expected_revenue"] * m.price[new["field"]]
    comes = permits.admitted(m, new)
    new = {name: values[comes] for name, values in new.items()}
    promoted = promoted if promoted is None else promoted[comes]
    scale, capital = m.price[new["field"]], new["capital"]
    loan = np.where(new["plant"], p["plant_loan_share"], 0.0) * capital
    new["debt_long"][:] = loan
    new["cash"][:] = p["cash_share"] * new["expected_revenue"] * scale
    new["expected_revenue"][:] *= np.where(new["plant"], 1.0 / demography.RAMP, 1.0)
    field = new["field"]
    new["revenue"][:] = exp(
        new["size_level"] + (p["sigma"] - 1.0) * new["productivity"]
    ) * m.revenue_per_mass[field]  # fmt: skip
    new["expected_revenue"][:] = 4.0 * new["revenue"]
    new["knowledge"][:] = new["rd_intensity"] * new["expected_revenue"] / 0.23
    new["employees"][:] = new["labour_need"] * new["va_rate"] * 4.0 * new["revenue"]
    new["appeal"][:] = m.title_appeal[new["cluster"]]
    new["digital_gain"][:] = p["phi_D"] / (p["sigma"] - 1.0) * new["digital_stage"] / 4.0
    total = new["weight"]
    m.books.book("households", -dot(total, capital + new["cash"] - loan))
    m.books.book("outside", dot(total, capital))
    e.append(new)
    network.welcome(m, len(e) - len(total))
    if drive and promoted is not None:
        drive.pay(m, promoted)


def leave(m: ClusterPolicyModel) -> None:
    """Exit: cash and scrap pay debts, banks write off the rest, owners keep what is left."""
    e, p = m.enterprises, m.parameters
    debt = e.debt_short + e.debt_long
    hazard = demography.exit_hazard(
        e.above_scale, e.expected_revenue, e.capital + e.cash - debt, e.profit,
        p["exit_below"], p["exit_above"], p["exit_size_power"], p["exit_distress"],
    )  # fmt: skip
    gone = np.flatnonzero(uniform(m.seed_of_run, "exit", e.id, m.quarter) < hazard)
    w = e.weight[gone]
    scrap = p["scrap_value"] * e.capital[gone]
    means = e.cash[gone] + scrap
    repaid = np.minimum(debt[gone], means)
    borne = _guarantor_pays(m, gone, debt[gone] - repaid)
    m.books.book("outside", -dot(w, scrap))
    m.books.book("banks", -dot(w, debt[gone] - repaid - borne))
    m.books.book("households", dot(w, means - repaid))
    m.exits.append((gone, w.copy()))
    e.weight[gone] = 0.0
    for name in (
        "cash", "debt_short", "debt_long", "debt_line", "debt_covered", "capital", "revenue",
    ):  # fmt: skip
        getattr(e, name)[gone] = 0.0


def _guarantor_pays(m: ClusterPolicyModel, gone: Whole, unpaid: Array) -> Array:
    """What a guarantor pays banks in the name of those who left in default, yuan a row."""
    e, lever = m.enterprises, m.policy.lever("credit_guarantee")
    borne = np.minimum(e.debt_covered[gone], unpaid)
    if lever is None or not borne.any():
        return borne
    ((origin, fund),) = m.province.parts(lever)
    for kind in ("committed", "paid"):
        targeting.book(m, lever, kind, origin, fund, gone, borne)
    total = dot(e.weight[gone], borne)
    e.year_subsidy[gone] += borne
    m.spent += total
    m.books.book("government", -total)
    return borne
