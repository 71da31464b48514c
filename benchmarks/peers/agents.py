"""The rules as plain Mesa agents: an object an enterprise, its rules in numbers of Python.

The draws of a quarter are handed to the agents as lists. Each draw so costs an agent what
`random.random()` would, and has the value it has in the other forms.
"""

from __future__ import annotations

from math import copysign, exp, log, log1p, sqrt
from typing import Any

import mesa
import numpy as np

from benchmarks.peers.world import DRAWS, World
from jiqun.model.accounting import YUAN
from jiqun.model.innovation.innovation import LEAST_COST, MOST_STARTS
from jiqun.model.randomness import uniform


class Firm(mesa.Agent):  # type: ignore[misc]
    """An enterprise; what it has and does it keeps as attributes under the names of columns."""

    revenue: float
    rate: float
    rd: float
    rd_reported: float
    losses: float
    cash: float
    knowledge: float
    rd_active: bool

    def __init__(self, model: Agents, place: int, values: dict[str, Any]) -> None:
        super().__init__(model)
        self.place = place
        self.__dict__.update(values)

    def lot(self, name: str) -> float:
        value: float = self.model.lots[name][self.place]
        return value

    def laplace(self, name: str) -> float:
        u = self.lot(name) - 0.5
        return copysign(log1p(-2.0 * abs(u)), u)

    def peers(self, doing: bool) -> float:
        m = self.model
        others = max(m.members[self.pool] - 1.0, 1.0)
        share: float = min(max((m.doers[self.pool] - doing) / others, 0.0), 1.0)
        return share

    def compete(self) -> None:
        w = self.model.w
        level = self.size_level + self.size_noise
        self.mass = exp(level + (w.sigma - 1.0) * (self.productivity + self.appeal))
        self.mass *= exp((1.0 - w.sigma) * w.cost_passed * self.unit_cost)
        self.model.own[self.field] += self.weight * self.mass

    def ask(self) -> None:
        m, w, field = self.model, self.model.w, self.field
        target = self.mass * m.open_market[field]
        passed = self.revenue * w.demand_growth[field]
        self.wanted = passed + w.share_adjustment * (target - passed)
        normal = w.plant_price[field] * self.capital / max(self.capital_rate, 1e-9)
        ratio = 4.0 * normal / max(self.expected_revenue, 1.0)
        self.plant_ratio = min(max(ratio, w.plant_ratio_least), w.plant_ratio_most)
        if self.running_up:
            self.plant_ratio = 1.0
        self.most = w.plant_ceiling * (normal / w.normal_utilisation)
        m.asked[field] += self.weight * self.wanted
        if self.wanted > self.most:
            m.cut[field] += self.weight * (self.wanted - self.most)
        else:
            m.free[field] += self.weight * self.wanted

    def sell(self) -> None:
        self.revenue = min(self.wanted * self.model.more[self.field], self.most)
        met = max(self.wanted, self.revenue)
        speed = self.model.w.expectation_speed
        self.expected_revenue += speed * (4.0 * met - self.expected_revenue)

    def produce(self) -> None:
        w, field, revenue = self.model.w, self.field, self.revenue
        made = self.va_rate * revenue
        real = (made + w.vat_on_top * made) / w.price[field]
        net = made - min(w.dearer[field] * (revenue - made), 0.5 * made)
        per_va = max(self.energy_per_va - self.energy_saved, 0.0) * self.energy_technique
        energy_cost = per_va * real * w.energy_cost
        saved_cost = self.energy_saved * self.energy_technique * real * w.energy_cost
        materials = revenue - net - saved_cost - energy_cost
        needed = self.labour_need * 4.0 * real / w.labour_saved[field] * self.labour_per_output
        self.employees += w.labour_adjustment * (needed - self.employees)
        vat = w.vat_on_top * net
        depreciation = w.capital_depreciation * self.capital / 4.0
        costs = materials + energy_cost + (w.surcharge_share + w.service_share) * (net + vat)
        costs += self.employees * self.wage * (w.wage_level / 4.0)
        costs += self.rate * (self.debt_short + self.debt_long) / 4.0 + depreciation + self.rd
        self.value_added = revenue + vat - materials - energy_cost
        self.value_added_real, self.profit = real, revenue - costs
        self.profit_after_tax = self.profit - self.pay_tax()
        self.cash_flow = self.profit_after_tax + depreciation

    def pay_tax(self) -> float:
        w, profit = self.model.w, self.profit
        claims = self.deduction * self.claimed * self.rd_reported
        rate = w.tax_high_tech if self.high_tech else w.tax_ordinary
        gross = max(profit, 0.0)
        used_up = min(self.losses, gross)
        taken = min(claims, gross - used_up)
        base = gross - used_up - taken
        self.losses = self.losses - used_up + max(-profit, 0.0) + (claims - taken)
        tax, yearly = base * rate, 4.0 * base
        if self.employees <= 300.0 and yearly <= w.small_limit:
            first = min(yearly, w.small_first_limit)
            tax = min((w.small_first * first + w.small_rest * (yearly - first)) / 4.0, tax)
        bears = profit > claims
        extra = self.deduction * self.claimed if bears else 0.0
        ratio = (1.0 - rate * (1.0 + extra)) / (1.0 - rate)
        self.rd_cost_ratio = max(ratio / w.rd_cost_start[self.high_tech][bears], LEAST_COST)
        self.reward = rate * extra
        return float(tax)

    def plan(self) -> tuple[float, float]:
        w, capital = self.model.w, self.capital
        gap = self.capital_rate * self.expected_revenue - capital
        missing = max(gap, 0.0)
        if self.lot("review") < w.review_rate * (1.0 + missing / max(capital, 1.0)):
            span = w.trigger_high - w.trigger_low
            if gap > (w.trigger_low + span * self.lot("trigger")) * capital:
                return 0.0, gap
        if self.lot("upkeep") < w.upkeep_chance:
            return min(0.5 * w.capital_depreciation * capital, missing), 0.0
        return 0.0, 0.0

    def borrow(self, asked: float, room: float) -> tuple[float, float]:
        w = self.model.w
        long = min(asked, max(room, 0.0))
        more = w.working_speed * (w.short_share * self.expected_revenue - self.debt_short)
        short = min(more, max(room - long, 0.0))
        if not asked + more < long + short + YUAN:
            self.year_bound = 1.0
        raised = max(short, 0.0)
        self.year_asked += long + raised
        self.year_granted += w.granted * (long + raised)
        return w.granted * long, w.granted * short if short > 0.0 else short

    def invest(self) -> None:
        w, capital = self.model.w, self.capital
        upkeep, lump = self.plan()
        repaid, buffer = self.debt_long / (4.0 * w.loan_term), w.cash_share * self.expected_revenue
        funds = max(self.cash + self.cash_flow - repaid - buffer, 0.0)
        short_of = max(upkeep + lump - funds, 0.0)
        owners = (1.0 - w.bank_share) * short_of
        small = log(4e8 / max(self.expected_revenue, 1e6)) / w.log_400
        small = min(max(small, 0.0), 1.0)
        limit = w.limit_capital * capital + w.limit_profit * max(4.0 * self.profit, 0.0)
        limit = (1.0 - w.limit_small * small) * limit + w.limit_knowledge * self.knowledge
        room = limit - self.debt_short - self.debt_long + repaid
        long, short = self.borrow(max(w.bank_share * short_of, w.debt_share * lump), room)
        lump = min(lump, max(funds + long + owners - upkeep, 0.0))
        spent = upkeep + lump
        long = min(long, spent)
        owners = min(max(spent - funds - long, 0.0), owners)
        in_hand = self.cash + self.cash_flow + long + short + owners - repaid - spent
        usual = min(w.payout * max(self.profit_after_tax, 0.0), max(in_hand - buffer, 0.0))
        rest = in_hand - (usual + w.excess_payout * max(in_hand - usual - 3.0 * buffer, 0.0))
        self.cash = max(rest, 0.0)
        self.debt_short += short + max(-rest, 0.0)
        self.debt_long += long - repaid
        self.capital += spent - w.capital_depreciation / 4.0 * capital
        leverage = min((self.debt_short + self.debt_long) / max(self.capital, 1.0), 2.0)
        rate = w.base_rate + w.rate_size_spread * (small - 0.35)
        rate += w.rate_leverage_spread * (leverage - 0.27) - w.title_discount * self.titled
        self.rate = min(max(rate, 0.01), 0.15)

    def go_digital(self) -> None:
        w, stage = self.model.w, self.digital_stage
        hazard = min(w.p_ext + w.q_peer * self.peers(stage >= 1), 1.0) / 4.0
        if stage < 4 and self.lot("digital thought") < hazard:
            size = self.expected_revenue / w.price_level / 100e6
            cost = w.digital_fixed + w.digital_share * 100e6 * size**w.digital_power
            cost *= w.price_level * (1.0 + 0.3 * stage)
            seen = exp(w.digital_spread * self.laplace("digital view"))
            if w.digital_perceived * 4.0 * self.value_added * seen > w.digital_hurdle * cost:
                self.digital_stage += 1
        step = w.digital_speed * (w.phi_D * self.digital_stage / 4.0 - self.digital_gain)
        self.digital_gain += step
        self.productivity += step

    def learn(self) -> None:
        w, before = self.model.w, self.knowledge
        real_rd = self.rd / w.price_level
        self.before = before
        self.knowledge = before * (1.0 - w.delta_K / 4.0) + real_rd
        self.model.pool_done[self.pool] += self.weight * real_rd

    def improve(self) -> None:
        m, w, floor = self.model, self.model.w, self.knowledge_floor
        learnt = log((self.knowledge + floor) / (self.before + floor))
        others = max(m.pool_before[self.pool] - self.before, 0.0) + w.pool_floor
        others_now = max(m.pool_knowledge[self.pool] - self.knowledge, 0.0) + w.pool_floor
        spill = min(max(log(others_now / others), -w.spill_most), w.spill_most)
        able = 1.0 if self.rd_active else w.absorb_without
        if self.rd_institution:
            able = w.absorb_institution
        gain = w.gamma_RD * learnt + w.spill_RD * able * spill + w.gain_of_field[self.field]
        self.productivity += gain
        self.size_level -= w.mean_of_shock
        if self.lot("level comes") < w.shock_chance:
            self.size_level += w.level_shock * self.laplace("level") / sqrt(w.shock_chance)
        self.size_noise *= 1.0 - w.noise_reversion
        if self.lot("noise comes") < w.shock_chance:
            size = min(max(self.expected_revenue / 50e6, 0.05), 1e4)
            shock = w.noise * size**-w.noise_size_slope * self.laplace("noise")
            self.size_noise += shock / sqrt(w.shock_chance)

    def starts(self, lot: float) -> bool:
        w, revenue = self.model.w, self.expected_revenue
        if lot >= MOST_STARTS / 4.0 or revenue <= w.rd_least_revenue:
            return False
        chance = w.rd_start * min((revenue / 100e6) ** w.rd_start_size_power, 4.0)
        chance *= self.rd_cost_ratio**-w.eps_RD * (1.0 + w.rd_peer * self.peers(False))
        able = self.cash > w.rd_sunk * self.rd_taste * revenue
        return bool(lot < min(chance, MOST_STARTS) / 4.0 and able)

    def do_research(self) -> None:
        w, lot, revenue, new = self.model.w, self.lot("rd start"), self.expected_revenue, False
        if not self.rd_active:
            self.rd_active = new = self.starts(lot)
        elif lot < w.rd_stop / 4.0 * 2.0:
            size = min(max((revenue / 100e6) ** -w.rd_stop_size_power, 0.2), 2.0)
            self.rd_active = lot >= w.rd_stop / 4.0 * size
        if not self.rd_active:
            self.rd_intensity = self.rd = self.rd_reported = 0.0
            return
        if new:
            share, lump = w.rd_start_level * self.rd_taste, w.rd_sunk * self.rd_taste * revenue
        else:
            aim = w.taste_trend * self.rd_taste * self.rd_cost_ratio**-w.eps_RD
            share, lump = self.rd_intensity + w.rd_speed * (aim - self.rd_intensity), 0.0
        self.rd_intensity = min(share, w.rd_most)
        able = w.rd_of_cash * self.cash + w.rd_of_value_added * max(self.value_added, 0.0)
        spent = self.rd_intensity * revenue * w.steady[self.field] / 4.0 + lump
        self.rd = min(spent, max(able, 0.0))
        self.rd_reported = self.rd * (1.0 + w.relabel_share * self.reward / 0.25)


class Agents(mesa.Model):  # type: ignore[misc]
    """A Mesa model of enterprises as agents; each rule has them act in turn."""

    def __init__(self, world: World) -> None:
        super().__init__(rng=1)
        self.given = world.copied()
        values, shared = dict[str, Any](), dict[str, Any]()
        for name, value in vars(world).items():
            table = values if np.shape(value) == world.id.shape else shared
            table[name] = value.tolist() if isinstance(value, np.ndarray) else value
        self.w = World(**shared)
        scale, chance = self.w.level_shock, self.w.shock_chance
        self.w.log_400 = log(400.0)
        self.w.mean_of_shock = log(1.0 - chance + chance / (1.0 - scale * scale / chance))
        self.w.digital_speed = 1.0 - (1.0 - 1.0 / self.w.digital_lag_ratio) ** 0.25
        self.w.rd_speed = 1.0 - (1.0 - self.w.rd_adjust_speed) ** 0.25
        self.columns, self.pool_knowledge = list(values), self.w.pool_knowledge
        for place in range(len(world.id)):
            Firm(self, place, {name: column[place] for name, column in values.items()})

    def world(self) -> World:
        found = self.given.copied()
        columns = {name: np.array(self.agents.get(name)) for name in self.columns}
        vars(found).update(columns, pool_knowledge=np.array(self.pool_knowledge))
        return found

    def next_quarter(self) -> None:
        w = self.given
        w.quarter += 1
        self.lots = {name: uniform(w.seed, name, w.id, w.quarter).tolist() for name in DRAWS}

    def _count(self, column: str) -> None:
        """Members of each pool, and those of them with more than nothing in a column."""
        size = self.w.number_of_pools
        self.members, self.doers = [0.0] * size, [0.0] * size
        for firm in self.agents:
            self.members[firm.pool] += firm.weight
            self.doers[firm.pool] += firm.weight * (getattr(firm, column) > 0)

    def market(self) -> None:
        w, n = self.w, len(self.w.demand)
        self.own, self.asked, self.cut, self.free = ([0.0] * n for _ in range(4))
        self.agents.do("compete")
        self.open_market = [w.demand[f] / (self.own[f] + w.outside_mass[f]) for f in range(n)]
        self.agents.do("ask")
        others = [max(w.demand[f] - self.asked[f], 0.0) + self.free[f] for f in range(n)]
        self.more = [1.0 + self.cut[f] / max(others[f], 1.0) for f in range(n)]
        self.agents.do("sell")

    def production(self) -> None:
        self.agents.do("produce")

    def finance(self) -> None:
        self.agents.do("invest")

    def digital(self) -> None:
        self._count("digital_stage")
        self.agents.do("go_digital")

    def innovation(self) -> None:
        self.pool_done = [0.0] * self.w.number_of_pools
        self.pool_before, kept = self.pool_knowledge, 1.0 - self.w.delta_K / 4.0
        self.agents.do("learn")
        self.pool_knowledge = [
            before * kept + done
            for before, done in zip(self.pool_before, self.pool_done, strict=True)
        ]
        self.agents.do("improve")

    def research(self) -> None:
        self._count("rd_active")
        self.agents.do("do_research")
