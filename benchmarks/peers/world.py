"""What all forms start from: columns, terms and draws of a run of the model."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.model.agents.enterprises import NEVER
from jiqun.model.economy import energy, taxes, unit_cost
from jiqun.model.economy.demography import RAMP
from jiqun.model.elementary import exp, power
from jiqun.model.randomness import _key

if TYPE_CHECKING:
    from jiqun.model import ClusterPolicyModel

RULES = ("market", "production", "finance", "digital", "innovation", "research")
"""Methods that every form has, in their order in a quarter."""
COLUMNS = (
    "id", "weight", "field", "pool", "revenue", "expected_revenue", "value_added",
    "value_added_real", "capital", "employees", "profit", "wage", "va_rate", "capital_rate",
    "labour_need", "size_level", "size_noise", "productivity", "unit_cost", "appeal", "rd_active",
    "rd_institution", "rd_taste", "rd_intensity", "rd", "rd_reported", "knowledge",
    "knowledge_floor", "digital_stage", "digital_gain", "energy_per_va", "energy_technique",
    "energy_saved", "cash", "debt_short", "debt_long", "rate", "losses", "year_asked",
    "year_granted", "year_bound",
)  # fmt: skip
OF_FIELDS = ("price", "demand", "demand_growth", "outside_mass")
TERMS = (
    "sigma", "cost_passed", "share_adjustment", "plant_ceiling", "normal_utilisation",
    "expectation_speed", "plant_ratio_least", "plant_ratio_most", "labour_adjustment",
    "capital_depreciation", "limit_small", "limit_capital", "limit_profit", "limit_knowledge",
    "review_rate", "trigger_low", "trigger_high", "upkeep_chance", "equipment_elasticity",
    "loan_term", "cash_share", "bank_share", "debt_share", "short_share", "working_speed",
    "payout", "excess_payout", "rate_size_spread", "rate_leverage_spread", "title_discount",
    "p_ext", "q_peer", "digital_fixed", "digital_share", "digital_power", "digital_perceived",
    "digital_hurdle", "digital_spread", "digital_lag_ratio", "delta_K", "pool_floor", "spill_most",
    "absorb_without", "absorb_institution", "shock_chance", "level_shock", "noise",
    "noise_size_slope", "noise_reversion", "rd_start", "rd_start_size_power", "rd_peer",
    "rd_sunk", "rd_least_revenue", "rd_stop", "rd_stop_size_power", "rd_start_level", "rd_most",
    "rd_of_cash", "rd_of_value_added", "eps_RD", "rd_adjust_speed", "relabel_share",
)  # fmt: skip
ESTIMATES = ("gamma_RD", "spill_RD", "phi_D")
"""Estimates that act on productivity (`ClusterPolicyModel.on_productivity`)."""
DRAWS = (
    "review", "trigger", "upkeep", "digital thought", "digital view", "rd start", "level comes",
    "level", "noise comes", "noise",
)  # fmt: skip
"""Purposes of the draws; `keys` has their words in this order."""


class World(SimpleNamespace):
    """Columns of shape (rows,), and what is shared by field, pool or all, by name."""

    def copied(self) -> World:
        """A world of its own."""
        return copy.deepcopy(self)

    def next_quarter(self) -> None:
        """Move to the draws of the next quarter."""
        self.quarter += 1
        self.keys = np.array([_key(self.seed, name, self.quarter) for name in DRAWS])


def world_of(m: ClusterPolicyModel) -> World:
    """The state of a run after some quarter, as far as the rules of the forms use it.

    Levers, links between enterprises and limits of service providers are left out, in all forms
    alike. What changes from quarter to quarter for all is held where it is.
    """
    e, p, markets, facts = m.enterprises, m.parameters, m.markets, m.policy.province.marginals
    rows, tax_share = len(e), facts["va_share_production_tax"]
    vat_share = unit_cost.vat_share(m)
    rates = m.accounts.income_tax
    shared: dict[str, Any] = {name: p[name] for name in TERMS}
    shared |= {name: m.on_productivity(name) for name in ESTIMATES}
    shared |= {
        "number_of_pools": m.places.number_of_pools,
        "pool_knowledge": m.innovation.pool_knowledge,
        "vat_on_top": vat_share / (1.0 - vat_share),
        "surcharge_share": tax_share - vat_share,
        "service_share": facts["va_share_other_services"],
        "energy_cost": energy.price(p["energy_price"], m.energy_rise, markets.price_level),
        "wage_level": m.labour.wage,
        "price_level": markets.price_level,
        "base_rate": m.banks.base_rate + m.banks.premium,
        "granted": m.banks.granted,
        "taste_trend": float(exp(p["rd_taste_growth"] * (m.quarter + 1) / 4.0)),
        "tax_ordinary": rates.ordinary, "tax_high_tech": rates.high_tech,
        "small_limit": rates.small_limit, "small_first_limit": rates.small_first_limit,
        "small_first": rates.small_first, "small_rest": rates.small_rest,
        "rd_cost_start": taxes.rd_user_cost(
            np.array([[rates.ordinary], [rates.high_tech]]), p["deduction_start"],
            np.array([0.0, p["deduction_take_up"]]),
        ),
    }  # fmt: skip
    by_field = {name: getattr(markets, name) for name in OF_FIELDS}
    by_field |= {
        "plant_price": 0.25 * (markets.price / markets.plant_price),
        "dearer": p["input_price_borne"] * (markets.input_price - 1.0),
        "labour_saved": markets.price_level / markets.price
        * exp(m.labour.saving + markets.frontier_level),
        "gain_of_field": p["frontier_absorption"] * markets.frontier_growth + p["drift"] / 4.0,
        "steady": power(markets.lasting_price / markets.price, 1.0 - p["rd_price_pass"]),
    }  # fmt: skip
    columns = {name: getattr(e, name) for name in COLUMNS}
    columns |= {
        "high_tech": e.high_tech > NEVER,
        "titled": (e.srdi > NEVER) | (e.little_giant > NEVER) | (e.high_tech > NEVER),
        "running_up": e.plant & (m.quarter - e.founded < RAMP),
        "labour_per_output": unit_cost.labour_per_output(m),
        "deduction": np.ones(rows),
        "claimed": np.full(rows, p["deduction_take_up"]),
        # Written by one rule for another.
        "plant_ratio": m.production.plant_ratio,
        "cash_flow": np.zeros(rows),
        "profit_after_tax": np.zeros(rows),
        "rd_cost_ratio": np.ones(rows),
        "reward": np.zeros(rows),
    }
    return World(
        **columns, **by_field, **shared, seed=m.seed_of_run, quarter=m.quarter,
        keys=np.zeros(len(DRAWS), np.uint64),
    ).copied()  # fmt: skip


def outcomes(form: Any) -> dict[str, np.ndarray]:
    """All columns of a form that a rule may have written, by name."""
    w = form.world()
    given = {name for name, value in vars(w).items() if np.shape(value) == np.shape(w.id)}
    return {name: np.asarray(getattr(w, name), dtype=float) for name in sorted(given)} | {
        "pool_knowledge": np.asarray(w.pool_knowledge)
    }
