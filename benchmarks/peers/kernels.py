"""The rules as the model runs them: its own functions, called as its stages call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jiqun.model import model
from jiqun.model.accounting import YUAN
from jiqun.model.economy import (
    credit,
    energy,
    finance,
    investment,
    market,
    outlays,
    production,
    taxes,
    unit_cost,
)
from jiqun.model.elementary import power
from jiqun.model.innovation import digital, innovation, research
from jiqun.model.randomness import laplace, uniform

if TYPE_CHECKING:
    from benchmarks.peers.world import World
    from jiqun.model.agents.enterprises import Whole
    from jiqun.model.dimensions import Array


class Kernels:
    """Columns, moved by the model's functions."""

    def __init__(self, world: World) -> None:
        self.w = world.copied()

    def world(self) -> World:
        return self.w

    def next_quarter(self) -> None:
        self.w.next_quarter()

    def market(self) -> None:
        w = self.w
        able = market.competitiveness(w.size_level, w.size_noise, w.productivity, w.appeal, w.sigma)
        normal, w.plant_ratio = np.empty(len(w.id)), np.empty(len(w.id))
        unit_cost._plant_in_place(
            (w.capital, w.capital_rate, w.expected_revenue), w.field, w.plant_price, w.running_up,
            w.plant_ratio_least, w.plant_ratio_most, normal,
            w.plant_ratio,
        )  # fmt: skip
        mass = able * unit_cost.kept(w.unit_cost, w.cost_passed, w.sigma)
        own = np.bincount(w.field, w.weight * mass, len(w.demand))
        target = market.revenue_target(
            mass, w.field, own, w.outside_mass, w.demand, np.zeros(len(own)), np.zeros(len(mass))
        )
        wanted = market.adjust_revenue(
            w.revenue, target, w.demand_growth.take(w.field), w.share_adjustment
        )
        most = w.plant_ceiling * (normal / w.normal_utilisation)
        w.revenue = market.sold(wanted, most, w.weight, w.field, w.demand)
        met = np.maximum(wanted, w.revenue)
        w.expected_revenue += w.expectation_speed * (4.0 * met - w.expected_revenue)

    def production(self) -> None:
        w = self.w
        real, net, vat, materials, _, energy_cost = made = tuple(np.empty((6, len(w.id))))
        production._make(
            w.revenue, w.va_rate, (self._energy(), w.energy_saved, w.energy_technique),
            w.field, w.price, w.dearer, (w.vat_on_top, w.vat_on_top), w.energy_cost, made,
        )  # fmt: skip
        wages = np.empty(len(w.id))
        production._employ(
            (w.labour_need, real, w.labour_per_output, w.wage), w.field, w.labour_saved,
            w.labour_adjustment, w.wage_level / 4.0, w.employees, wages,
        )  # fmt: skip
        surcharges, services, depreciation, income = borne = tuple(np.empty((4, len(w.id))))
        none = np.zeros(len(w.id))
        production._bear(
            (net, vat, none, w.capital, none, none, none, none),
            (w.surcharge_share, w.service_share, w.capital_depreciation, 0.0), borne,
        )  # fmt: skip
        books = taxes.Accounts(
            revenue=w.revenue,
            materials=materials,
            energy_cost=energy_cost,
            vat=vat,
            surcharges=surcharges,
            services=services,
            wages=wages,
            interest=w.rate * (w.debt_short + w.debt_long) / 4.0,
            depreciation=depreciation,
            rd=w.rd,
            other_income=income,
        )
        w.value_added, w.value_added_real, w.profit = books.value_added, real, books.profit
        claims = w.deduction * w.claimed * w.rd_reported
        rates = taxes.IncomeTaxRates(
            w.tax_ordinary, w.tax_high_tech, w.small_limit, w.small_first_limit, w.small_first,
            w.small_rest,
        )  # fmt: skip
        tax, _, w.losses, _ = taxes.income_tax(
            w.profit, w.losses, claims, w.high_tech, w.employees <= 300.0, rates
        )
        w.rd_cost_ratio, w.reward = terms = np.empty(len(w.id)), np.empty(len(w.id))
        production._rd_terms(
            (w.high_tech, w.profit > claims), (w.deduction, w.claimed, none),
            tuple(w.rd_cost_start.ravel()), (w.tax_ordinary, w.tax_high_tech),
            np.full(len(w.id), -1), np.zeros(1), innovation.LEAST_COST, terms,
        )  # fmt: skip
        w.profit_after_tax = w.profit - tax
        w.cash_flow = w.profit_after_tax + books.depreciation

    def _energy(self) -> Array:
        enterprises: Any = self.w  # its columns have the names of theirs
        return energy.per_value_added(enterprises)

    def finance(self) -> None:
        w = self.w
        review, trigger, upkeep = (
            uniform(w.seed, name, w.id, w.quarter) for name in ("review", "trigger", "upkeep")
        )
        wanted = investment.wanted_capital(
            w.capital_rate, w.expected_revenue, 1.0, w.equipment_elasticity
        )
        upkeep, lump = investment.plan(
            w.capital, wanted, review, trigger, upkeep, w.capital_depreciation, w.review_rate,
            (w.trigger_low, w.trigger_high), w.upkeep_chance,
        )  # fmt: skip
        repaid, buffer = w.debt_long / (4.0 * w.loan_term), w.cash_share * w.expected_revenue
        none, nobody = np.zeros(len(w.id)), np.zeros(len(w.id), dtype=bool)
        planned = upkeep, none, none, lump
        funds, banks, owners = outlays._financed(
            w.cash, w.cash_flow, repaid, buffer, planned, w.bank_share
        )
        long, short = self._lent(banks, lump, repaid)
        _, (lump, _, _), (spent, long, owners) = outlays._bought(
            (funds, long, owners), planned, (nobody, nobody), YUAN
        )
        w.cash, _, overdraft = outlays._paid_out(
            (w.cash, w.cash_flow, none, long, short, owners), repaid, spent, buffer,
            w.profit_after_tax, w.payout, w.excess_payout,
        )  # fmt: skip
        credit._owe(
            (w.debt_short, w.debt_long, none.copy(), none.copy()),
            (short + overdraft, long, none, none), repaid, 1.0,
        )  # fmt: skip
        w.capital += upkeep + lump - w.capital_depreciation / 4.0 * w.capital
        leverage = (w.debt_short + w.debt_long) / np.maximum(w.capital, 1.0)
        w.rate = finance.interest_rate(
            w.base_rate, finance.smallness(w.expected_revenue), np.minimum(leverage, 2.0), w.titled,
            w.rate_size_spread, w.rate_leverage_spread, w.title_discount,
        )  # fmt: skip

    def _lent(self, banks: Array, lump: Array, repaid: Array) -> tuple[Array, Array]:
        """Long loans and change of short ones, as `credit.lend` without levers."""
        w, none = self.w, np.zeros(len(self.w.id))
        known = 1.0 - w.limit_small * finance.smallness(w.expected_revenue)
        limit = finance.borrowing_limit(
            w.capital, 4.0 * w.profit, w.knowledge, w.limit_capital * known,
            w.limit_profit * known, w.limit_knowledge,
        )  # fmt: skip
        room = limit - w.debt_short - w.debt_long + repaid
        wanted = np.maximum(banks, w.debt_share * lump)
        long = finance.within_limit(wanted, room)
        more, short, raised = credit._working(
            w.expected_revenue, w.debt_short, room, long, none, none, none, w.short_share,
            w.working_speed,
        )  # fmt: skip
        return credit._grant(
            (long, none, short, raised), (wanted, more), w.granted, YUAN,
            (w.year_bound, w.year_asked, w.year_granted),
        )  # fmt: skip

    def digital(self) -> None:
        w = self.w
        peers = model._peer_share(w.pool, w.weight, w.digital_stage >= 1, w.number_of_pools)
        hazard = digital.consideration(w.p_ext, w.q_peer, peers)
        thought = uniform(w.seed, "digital thought", w.id, w.quarter)
        rows = np.flatnonzero((thought < hazard) & (w.digital_stage < 4))
        cost = w.price_level * digital.stage_cost(
            w.expected_revenue[rows] / w.price_level, w.digital_stage[rows], w.digital_fixed,
            w.digital_share, w.digital_power,
        )  # fmt: skip
        view = laplace(w.seed, "digital view", w.id[rows], w.quarter)
        willing = digital.worth_it(
            4.0 * w.value_added[rows], cost, view, w.digital_perceived, w.digital_hurdle,
            w.digital_spread,
        )  # fmt: skip
        w.digital_stage[rows[willing]] += 1
        before = w.digital_gain
        w.digital_gain = digital.realised_gain(
            before, w.digital_stage, w.phi_D, 1.0 / w.digital_lag_ratio
        )
        w.productivity += w.digital_gain - before

    def innovation(self) -> None:
        w, rows = self.w, len(self.w.id)
        before, pool_before, real_rd = w.knowledge, w.pool_knowledge, w.rd / w.price_level
        w.knowledge, added = np.empty(rows), np.zeros(w.number_of_pools)
        research._add_knowledge(
            before, real_rd, w.weight, w.pool, 1.0 - w.delta_K / 4.0, w.knowledge, added
        )
        w.pool_knowledge = innovation.next_knowledge(pool_before, added, w.delta_K)
        others_before, others_after = np.empty((2, rows))
        research._of_others(w.pool, pool_before, before, others_before)
        research._of_others(w.pool, w.pool_knowledge, w.knowledge, others_after)
        none = np.zeros(rows)
        research._gain(
            (innovation.log_gain(before, w.knowledge, w.knowledge_floor),
             innovation.log_gain(others_before, others_after, np.full(1, w.pool_floor)),
             np.ones(rows)),
            (none, none, none, none), (w.rd_active, w.rd_institution), w.field, w.gain_of_field,
            (w.absorb_without, w.absorb_institution, w.spill_most), (w.gamma_RD, w.spill_RD, 0.0),
            w.productivity,
        )  # fmt: skip
        some, shock = self._shock("level")
        slow = np.zeros(rows)
        slow[some] = shock
        w.size_level += innovation.level_noise(slow, w.level_shock, w.shock_chance)
        some, shock = self._shock("noise")
        scale = innovation.noise_scale(w.expected_revenue[some], w.noise, w.noise_size_slope)
        w.size_noise *= 1.0 - w.noise_reversion
        w.size_noise[some] += scale * shock

    def _shock(self, name: str) -> tuple[Whole, Array]:
        """As `research._shock`."""
        w = self.w
        lot = uniform(w.seed, f"{name} comes", w.id, w.quarter)
        rows = np.flatnonzero(lot < w.shock_chance)
        draw = laplace(w.seed, name, w.id[rows], w.quarter)
        return rows, innovation.seldom(draw, lot[rows], w.shock_chance)

    def research(self) -> None:
        w, draw = self.w, uniform(self.w.seed, "rd start", self.w.id, self.w.quarter)
        starts, stops = research._may_turn(
            w.rd_active, draw, w.expected_revenue, innovation.MOST_STARTS / 4.0,
            w.rd_least_revenue, w.rd_stop / 4.0 * research.MOST_STOPS,
        )  # fmt: skip
        starts, stops = self._starts(starts, draw), self._stops(stops, draw)
        w.rd_active[starts], w.rd_active[stops] = True, False
        rows, new = np.flatnonzero(w.rd_active), np.zeros(len(w.id), dtype=bool)
        new[starts] = True
        planned = innovation.rd_intensity(
            w.rd_intensity[rows], w.taste_trend * w.rd_taste[rows], w.rd_cost_ratio[rows], w.eps_RD,
            w.rd_adjust_speed,
        )  # fmt: skip
        w.rd_intensity, w.rd, w.rd_reported = (np.zeros(len(w.id)) for _ in range(3))
        research._spend(
            rows, planned, new, w.field, w.steady,
            (w.rd_taste, w.expected_revenue, w.cash, w.value_added),
            (w.rd_start_level, w.rd_sunk, w.rd_most, w.rd_of_cash, w.rd_of_value_added),
            w.rd_intensity, w.rd,
        )  # fmt: skip
        w.rd_reported[rows] = innovation.reported(w.rd[rows], w.reward[rows], w.relabel_share)

    def _starts(self, rows: Whole, draw: Array) -> Whole:
        """As `research._starts` without levers."""
        w = self.w
        taste, revenue = w.rd_taste[rows], w.expected_revenue[rows]
        peers = model._peer_share(w.pool, w.weight, w.rd_active, w.number_of_pools)
        start = innovation.start_hazard(
            w.rd_start, revenue, w.rd_start_size_power, w.rd_cost_ratio[rows], w.eps_RD,
            peers[rows], w.rd_peer,
        )  # fmt: skip
        starts: Whole = rows[(draw[rows] < start) & (w.cash[rows] > w.rd_sunk * taste * revenue)]
        return starts

    def _stops(self, rows: Whole, draw: Array) -> Whole:
        """As `research._stops`."""
        w, most = self.w, research.MOST_STOPS
        size = power(w.expected_revenue[rows] / 100e6, -w.rd_stop_size_power)
        stops: Whole = rows[draw[rows] < w.rd_stop / 4.0 * np.minimum(np.maximum(size, 0.2), most)]
        return stops
