"""The rules on NumPy columns: whole-column operations, and rows picked out where few act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.world import DRAWS
from jiqun.model.accounting import YUAN
from jiqun.model.innovation.innovation import LEAST_COST, MOST_STARTS

if TYPE_CHECKING:
    from benchmarks.peers.world import World
    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array

GOLDEN, FIRST, SECOND = (
    np.uint64(word) for word in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
BY_30, BY_27, BY_31, BY_11 = (np.uint64(bits) for bits in (30, 27, 31, 11))


class Columns:
    """Columns, moved by NumPy."""

    def __init__(self, world: World) -> None:
        self.w = world.copied()

    def world(self) -> World:
        return self.w

    def next_quarter(self) -> None:
        self.w.next_quarter()

    def _uniform(self, name: str, rows: Whole | slice = slice(None)) -> Array:
        x = self.w.id[rows].astype(np.uint64) * GOLDEN + self.w.keys[DRAWS.index(name)]
        x = (x ^ (x >> BY_30)) * FIRST
        x = (x ^ (x >> BY_27)) * SECOND
        u: Array = (((x ^ (x >> BY_31)) >> BY_11) + 0.5) * 2.0**-53
        return u

    def _laplace(self, name: str, rows: Whole) -> Array:
        u = self._uniform(name, rows) - 0.5
        return np.copysign(np.log1p(-2.0 * np.abs(u)), u)

    def _peers(self, doing: Flag) -> Array:
        w, size = self.w, self.w.number_of_pools
        doers = np.bincount(w.pool, w.weight * doing, size)[w.pool]
        others = np.maximum(np.bincount(w.pool, w.weight, size)[w.pool] - 1.0, 1.0)
        share: Array = np.clip((doers - doing) / others, 0.0, 1.0)
        return share

    def market(self) -> None:
        w, n = self.w, len(self.w.demand)
        able = np.exp(w.size_level + w.size_noise + (w.sigma - 1.0) * (w.productivity + w.appeal))
        mass = able * np.exp((1.0 - w.sigma) * w.cost_passed * w.unit_cost)
        own = np.bincount(w.field, w.weight * mass, n)
        target = mass * (w.demand / (own + w.outside_mass))[w.field]
        passed = w.revenue * w.demand_growth[w.field]
        wanted = passed + w.share_adjustment * (target - passed)
        normal = w.plant_price[w.field] * w.capital / np.maximum(w.capital_rate, 1e-9)
        ratio = np.clip(
            4.0 * normal / np.maximum(w.expected_revenue, 1.0),
            w.plant_ratio_least, w.plant_ratio_most,
        )  # fmt: skip
        w.plant_ratio = np.where(w.running_up, 1.0, ratio)
        most = w.plant_ceiling * (normal / w.normal_utilisation)
        full = wanted > most
        cut = np.bincount(w.field, w.weight * np.where(full, wanted - most, 0.0), n)
        asked = np.bincount(w.field, w.weight * wanted, n)
        free = np.bincount(w.field, w.weight * np.where(full, 0.0, wanted), n)
        more = 1.0 + cut / np.maximum(np.maximum(w.demand - asked, 0.0) + free, 1.0)
        w.revenue = np.minimum(wanted * more[w.field], most)
        met = np.maximum(wanted, w.revenue)
        w.expected_revenue += w.expectation_speed * (4.0 * met - w.expected_revenue)

    def production(self) -> None:
        w = self.w
        made = w.va_rate * w.revenue
        real = (made + w.vat_on_top * made) / w.price[w.field]
        net = made - np.minimum(w.dearer[w.field] * (w.revenue - made), 0.5 * made)
        used = np.maximum(w.energy_per_va - w.energy_saved, 0.0) * w.energy_technique * real
        energy_cost = used * w.energy_cost
        saved_cost = w.energy_saved * w.energy_technique * real * w.energy_cost
        materials = w.revenue - net - saved_cost - energy_cost
        needed = w.labour_need * 4.0 * real / w.labour_saved[w.field] * w.labour_per_output
        w.employees += w.labour_adjustment * (needed - w.employees)
        vat = w.vat_on_top * net
        wages = w.employees * w.wage * (w.wage_level / 4.0)
        depreciation = w.capital_depreciation * w.capital / 4.0
        interest = w.rate * (w.debt_short + w.debt_long) / 4.0
        charges = (w.surcharge_share + w.service_share) * (net + vat)
        costs = materials + energy_cost + charges + wages + interest + depreciation + w.rd
        w.value_added = w.revenue + vat - materials - energy_cost
        w.value_added_real, w.profit = real, w.revenue - costs
        claims = w.deduction * w.claimed * w.rd_reported
        gross = np.maximum(w.profit, 0.0)
        used_up = np.minimum(w.losses, gross)
        taken = np.minimum(claims, gross - used_up)
        rate = np.where(w.high_tech, w.tax_high_tech, w.tax_ordinary)
        tax = self._tax(gross - used_up - taken, rate, w.employees <= 300.0)
        w.losses = w.losses - used_up + np.maximum(-w.profit, 0.0) + (claims - taken)
        bears = w.profit > claims
        extra = w.deduction * np.where(bears, w.claimed, 0.0)
        start = w.rd_cost_start[w.high_tech.astype(int), bears.astype(int)]
        ratio = (1.0 - rate * (1.0 + extra)) / (1.0 - rate) / start
        w.rd_cost_ratio, w.reward = np.maximum(ratio, LEAST_COST), rate * extra
        w.profit_after_tax = w.profit - tax
        w.cash_flow = w.profit_after_tax + depreciation

    def _tax(self, base: Array, rate: Array, small: Flag) -> Array:
        w, yearly, full = self.w, 4.0 * base, base * rate
        first = np.minimum(yearly, w.small_first_limit)
        reduced = (w.small_first * first + w.small_rest * (yearly - first)) / 4.0
        return np.where(small & (yearly <= w.small_limit), np.minimum(reduced, full), full)

    def finance(self) -> None:
        w = self.w
        gap = w.capital_rate * w.expected_revenue - w.capital
        missing = np.maximum(gap, 0.0)
        hazard = w.review_rate * (1.0 + missing / np.maximum(w.capital, 1.0))
        trigger = w.trigger_low + (w.trigger_high - w.trigger_low) * self._uniform("trigger")
        fills = (self._uniform("review") < hazard) & (gap > trigger * w.capital)
        keeps = (self._uniform("upkeep") < w.upkeep_chance) & ~fills
        worn = np.minimum(0.5 * w.capital_depreciation * w.capital, missing)
        lump, upkeep = np.where(fills, gap, 0.0), np.where(keeps, worn, 0.0)

        repaid, buffer = w.debt_long / (4.0 * w.loan_term), w.cash_share * w.expected_revenue
        funds = np.maximum(w.cash + w.cash_flow - repaid - buffer, 0.0)
        short_of = np.maximum(upkeep + lump - funds, 0.0)
        owners = (1.0 - w.bank_share) * short_of
        small = np.clip(np.log(4e8 / np.maximum(w.expected_revenue, 1e6)) / np.log(400.0), 0.0, 1.0)
        known = 1.0 - w.limit_small * small
        limit = w.limit_knowledge * w.knowledge + known * (
            w.limit_capital * w.capital + w.limit_profit * np.maximum(4.0 * w.profit, 0.0)
        )
        room = limit - w.debt_short - w.debt_long + repaid
        wanted = np.maximum(w.bank_share * short_of, w.debt_share * lump)
        long = np.minimum(wanted, np.maximum(room, 0.0))
        more = w.working_speed * (w.short_share * w.expected_revenue - w.debt_short)
        short = np.minimum(more, np.maximum(room - long, 0.0))
        raised = np.maximum(short, 0.0)
        w.year_bound = np.where(wanted + more < long + short + YUAN, w.year_bound, 1.0)
        w.year_asked += long + raised
        w.year_granted += w.granted * (long + raised)
        long, short = w.granted * long, np.where(short > 0.0, w.granted * short, short)

        lump = np.minimum(lump, np.maximum(funds + long + owners - upkeep, 0.0))
        spent = upkeep + lump
        long = np.minimum(long, spent)
        owners = np.minimum(np.maximum(spent - funds - long, 0.0), owners)
        in_hand = w.cash + w.cash_flow + long + short + owners - repaid - spent
        usual = np.minimum(
            w.payout * np.maximum(w.profit_after_tax, 0.0), np.maximum(in_hand - buffer, 0.0)
        )
        excess = w.excess_payout * np.maximum(in_hand - usual - 3.0 * buffer, 0.0)
        rest = in_hand - (usual + excess)
        w.cash = np.maximum(rest, 0.0)
        w.debt_short = w.debt_short + short + np.maximum(-rest, 0.0)
        w.debt_long = w.debt_long + long - repaid
        w.capital += spent - w.capital_depreciation / 4.0 * w.capital
        leverage = np.minimum((w.debt_short + w.debt_long) / np.maximum(w.capital, 1.0), 2.0)
        rate = w.base_rate + w.rate_size_spread * (small - 0.35)
        rate += w.rate_leverage_spread * (leverage - 0.27)
        w.rate = np.clip(rate - w.title_discount * w.titled, 0.01, 0.15)

    def digital(self) -> None:
        w = self.w
        hazard = np.minimum(w.p_ext + w.q_peer * self._peers(w.digital_stage >= 1), 1.0) / 4.0
        thinks = (self._uniform("digital thought") < hazard) & (w.digital_stage < 4)
        rows = np.flatnonzero(thinks)
        size = w.expected_revenue[rows] / w.price_level / 100e6
        cost = w.digital_fixed + w.digital_share * 100e6 * size**w.digital_power
        cost *= w.price_level * (1.0 + 0.3 * w.digital_stage[rows])
        seen = np.exp(w.digital_spread * self._laplace("digital view", rows))
        gain = w.digital_perceived * 4.0 * w.value_added[rows]
        w.digital_stage[rows[gain * seen > w.digital_hurdle * cost]] += 1
        speed = 1.0 - (1.0 - 1.0 / w.digital_lag_ratio) ** 0.25
        step = speed * (w.phi_D * w.digital_stage / 4.0 - w.digital_gain)
        w.digital_gain += step
        w.productivity += step

    def innovation(self) -> None:
        w, kept = self.w, 1.0 - self.w.delta_K / 4.0
        real_rd, before, pool_before = w.rd / w.price_level, w.knowledge, w.pool_knowledge
        w.knowledge = before * kept + real_rd
        done = np.bincount(w.pool, w.weight * real_rd, w.number_of_pools)
        w.pool_knowledge = pool_before * kept + done
        learnt = np.log((w.knowledge + w.knowledge_floor) / (before + w.knowledge_floor))
        others_before = np.maximum(pool_before[w.pool] - before, 0.0) + w.pool_floor
        others_after = np.maximum(w.pool_knowledge[w.pool] - w.knowledge, 0.0) + w.pool_floor
        spill = np.clip(np.log(others_after / others_before), -w.spill_most, w.spill_most)
        able = np.where(w.rd_active, 1.0, w.absorb_without)
        able = np.where(w.rd_institution, w.absorb_institution, able)
        w.productivity += w.gamma_RD * learnt + w.spill_RD * able * spill + w.gain_of_field[w.field]
        scale, chance = w.level_shock, w.shock_chance
        rows = np.flatnonzero(self._uniform("level comes") < chance)
        w.size_level -= np.log(1.0 - chance + chance / (1.0 - scale * scale / chance))
        w.size_level[rows] += scale * self._laplace("level", rows) / np.sqrt(chance)
        rows = np.flatnonzero(self._uniform("noise comes") < chance)
        size = np.clip(w.expected_revenue[rows] / 50e6, 0.05, 1e4)
        w.size_noise *= 1.0 - w.noise_reversion
        shock = w.noise * size**-w.noise_size_slope * self._laplace("noise", rows)
        w.size_noise[rows] += shock / np.sqrt(chance)

    def research(self) -> None:
        w, lot, active = self.w, self._uniform("rd start"), self.w.rd_active
        may = ~active & (lot < MOST_STARTS / 4.0) & (w.expected_revenue > w.rd_least_revenue)
        rows = np.flatnonzero(may)
        size = np.minimum((w.expected_revenue[rows] / 100e6) ** w.rd_start_size_power, 4.0)
        chance = w.rd_start * size * w.rd_cost_ratio[rows] ** -w.eps_RD
        chance *= 1.0 + w.rd_peer * self._peers(active)[rows]
        sunk = w.rd_sunk * w.rd_taste * w.expected_revenue
        start = lot[rows] < np.minimum(chance, MOST_STARTS) / 4.0
        starts = rows[start & (w.cash[rows] > sunk[rows])]
        rows = np.flatnonzero(active & (lot < w.rd_stop / 4.0 * 2.0))
        size = np.clip((w.expected_revenue[rows] / 100e6) ** -w.rd_stop_size_power, 0.2, 2.0)
        active[rows[lot[rows] < w.rd_stop / 4.0 * size]] = False
        active[starts] = True
        rows = np.flatnonzero(active)
        new = np.zeros(len(active), dtype=bool)
        new[starts] = True
        taste, begins = w.rd_taste[rows], new[rows]
        aim = w.taste_trend * taste * w.rd_cost_ratio[rows] ** -w.eps_RD
        had = w.rd_intensity[rows]
        share = had + (1.0 - (1.0 - w.rd_adjust_speed) ** 0.25) * (aim - had)
        share = np.minimum(np.where(begins, w.rd_start_level * taste, share), w.rd_most)
        able = w.rd_of_cash * w.cash[rows]
        able += w.rd_of_value_added * np.maximum(w.value_added[rows], 0.0)
        sales = w.expected_revenue[rows] * w.steady[w.field[rows]]
        spent = share * sales / 4.0 + np.where(begins, sunk[rows], 0.0)
        w.rd_intensity, w.rd, w.rd_reported = (np.zeros(len(active)) for _ in range(3))
        w.rd_intensity[rows] = share
        w.rd[rows] = np.minimum(spent, np.maximum(able, 0.0))
        w.rd_reported[rows] = w.rd[rows] * (1.0 + w.relabel_share * w.reward[rows] / 0.25)
