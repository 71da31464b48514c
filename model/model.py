"""The model: a Mesa model of Anhui's enterprises, one step a quarter."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import numpy.typing as npt
from mesa.time import Schedule

from model import estimates, first_productivity, others, unit_cost
from model.accounting import Books
from model.branching import first_difference
from model.budget import Cities, Province
from model.clusters import City, Cluster
from model.demography import Profiles
from model.elementary import dot, power
from model.enterprises import YEARLY, Enterprises
from model.finance import Banks
from model.first_links import found
from model.ledger import CELLS, PAYEES, SPECIAL, Ledger, place
from model.observe import Recorded, observe
from model.population import Population, build_population
from model.quarter import QUARTER, year_end
from model.scenario import (
    CITIES,
    FIELDS,
    SIZES,
    TIERS,
    Array,
    Scenario,
    quarter_index,
    quarter_name,
    year_of,
)
from model.state import Innovation, Labour, Markets, Network, Production
from model.targeting import Due, eligible

if TYPE_CHECKING:
    import pandas as pd

    from model.audit import Misused
    from model.enterprises import Flag, Whole
    from model.scenario import Lever

POPULATION_SEED = 1


class ClusterPolicyModel(mesa.Model):  # type: ignore[misc]
    """Anhui's enterprises under a scenario.

    Args:
        scenario: The resolved scenario.
        rng: Seed of the run (a whole number). None, which `mesa.batch_run` gives where no seeds are
            asked for, draws one; `seed_of_run` tells it.
        population: The population at end-2018; built from the scenario if absent.

    Attributes:
        policy: The scenario (Mesa keeps its own under another name).
        enterprises: The enterprises, as columns.
        clusters: The clusters, in the order of the enterprises' cluster numbers.
        province: The province as a payer.
        city_funds: The cities as payers.
        cities: The cities.
        banks: The bank sector.
        ledger: All payments and promises under levers.
        quarter: Quarter being run, or last run (0 is 2019-Q1).
        twin: The same province without the document, where others match what it gives; else None.
        markets: The markets of the fields (this and what follows: `model/state.py`).
        timings: CPU seconds spent in each stage so far.
    """

    def __init__(
        self, scenario: Scenario, rng: int | None = 1, population: Population | None = None
    ) -> None:
        super().__init__(rng=rng)
        self.policy = scenario
        self.parameters = dict(scenario.parameters)
        self.seed_of_run = int(self.rng.integers(1, 2**31)) if rng is None else int(rng)
        if population is None:
            population = build_population(
                scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
            )
        self.population = population
        self.city_given_field = population.city_given_field
        self.enterprises = Enterprises(self, population.columns)
        self.quarter = scenario.start - 1
        self.timings: dict[str, float] = {name: 0.0 for name, _ in QUARTER}
        self.timings["year end"] = 0.0
        self._recorded: list[tuple[int, Recorded]] = []
        self._initialise()
        first_productivity.found(self)
        # Structural parameters of a draw act from the start, so that 2018 stays an equilibrium, and
        # entrants are like enterprises of 2018, with what these had gained by digital work by then.
        self.profiles = Profiles.of(self.enterprises)
        self._found()
        self.schedule_recurring(self.close_year, Schedule(interval=4, start=4))

    def _initialise(self) -> None:
        """State of the province at end-2018."""
        e, province = self.enterprises, self.policy.province
        n = len(FIELDS)
        self.registered_county = np.array(
            [seat.registered and seat.tier == "county" for seat in self.population.clusters]
            + [False]
        )
        self.number_of_pools = len(self.population.clusters) + n * len(CITIES)
        self.pools = self._pools()
        # A field that no row stands for keeps a market next to nothing.
        sales = np.maximum(np.bincount(e.field, e.weight * e.revenue, n), 1e6)
        demand = sales / province.fields["market_share"]
        self.markets = Markets(
            demand,
            industry_growth=province.marginals["value_added_growth"],
            outside_share=1.0 - province.fields["market_share"],
            past_demand=(demand, demand),
        )
        self.network, self.production = Network(), Production()
        self.twin: ClusterPolicyModel | None = None
        found(self, POPULATION_SEED)
        self.labour = self._labour()
        self.cash_flow = self.after_tax = np.zeros(len(e))
        self.bridge = np.zeros(len(e))
        self.innovation = Innovation(
            rd_cost_ratio=np.ones(len(e)),
            relabelling_reward=np.zeros(len(e)),
            pool_knowledge=np.bincount(e.pool, e.weight * e.knowledge, self.number_of_pools),
        )
        unit_cost.found(self)
        self.identity, self.turnover = 0.0, 1.0
        self.base_year: tuple[Array, Array] | None = None
        self.year_residual: float
        self.year_market: Array
        self.year_local: Array
        self.year_purchases: Array
        self.start_year()

    def _labour(self) -> Labour:
        """The labour market at end-2018."""
        e, marginals = self.enterprises, self.policy.province.marginals
        staff = e.weight * e.employees * e.wage
        pay = float(np.sum(staff[e.above_scale]))
        wage = marginals["va_share_wages"] * marginals["value_added"] / pay
        # Below scale pay is a larger part of value added: the anchor is the share of all.
        made = 4.0 * dot(e.weight, e.value_added)
        return Labour(wage, wage_start=wage, share_start=wage * float(np.sum(staff)) / made)

    def _found(self) -> None:
        """Clusters, province, cities and banks, with empty books."""
        e = self.enterprises
        owed = dot(e.weight, e.debt_short + e.debt_long)
        self.banks = Banks(self, owed, self.policy.outside.loan_rate_in(2018))
        self.province, self.city_funds = Province(self), Cities(self)
        self.cities = [City(self, number) for number in range(len(CITIES))]
        self.clusters = [Cluster(self, seat) for seat in self.population.clusters]
        self.ledger = Ledger()
        self.due: list[Due] = []
        self.awards_due: list[tuple[int, float]] = []
        self.paid_now = np.zeros(len(e))
        self.granted: dict[str, Array] = {}
        self.rd_supported = np.zeros(len(e))
        self.misused: list[Misused] = []
        self.counted: dict[tuple[str, str], Array] = {}
        self.turned_away: dict[str, Array] = {}
        self.ticket = np.zeros(len(SIZES))
        # Channel of grants to purchases it may support, since windows were last set.
        self.purchases_of: dict[str, float] = {}
        self.score_base: dict[str, tuple[Array, Array]] = {}
        self.refresh_clusters()

    def _pools(self) -> dict[int, tuple[int, int, int, int]]:
        """Pair of field and city to (primary cluster, its tier, own pool, county cluster)."""
        none, size = TIERS.index("none"), len(self.population.clusters)
        table = {pair: [-1, none, size + pair, -1] for pair in range(len(FIELDS) * len(CITIES))}
        for number, seat in enumerate(self.population.clusters):
            entry = table[seat.field * len(CITIES) + seat.city]
            tier = TIERS.index(seat.tier)
            if seat.tier != "county" and entry[0] < 0:
                entry[0], entry[1] = number, tier
            elif seat.tier == "county" and entry[3] < 0:
                entry[3] = number
        return {pair: (a, b, c, d) for pair, (a, b, c, d) in table.items()}

    def refresh_clusters(self) -> None:
        """Terms that follow from the state of the clusters, by cluster; the last is for none."""
        e, size = self.enterprises, len(self.clusters) + 1
        self.title_credit, self.title_appeal = np.zeros(size), np.zeros(size)
        self.cluster_plan, self.cluster_body = np.zeros(size), np.zeros(size)
        self.platform_cut = np.zeros(size)
        rd = np.bincount(e.cluster + 1, e.weight * e.year_rd, size)[1:] / self.markets.price_level
        for i, cluster in enumerate(self.clusters):
            self.cluster_plan[i], self.cluster_body[i] = cluster.plan, cluster.promotion_body
            if cluster.platform > 0.0:
                saved = self.parameters["platform_strength"] * cluster.platform
                self.platform_cut[i] = min(saved / max(rd[i], 1.0), 0.1)
            # Titles held before the run are part of what the population is; what buyers see in one
            # won since fades as it ceases to be news, what banks see lasts as long as the title.
            if cluster.titled and cluster.titled_since >= 0:
                given = "cluster_recognition"
                if cluster.status == "national":
                    given = "national_cluster_contest"
                self.title_credit[i] = self.lever_value(given, "credit")
                years = (self.quarter - cluster.titled_since) // 4
                kept = power(1.0 - self.parameters["brand_decay"], float(years))
                self.title_appeal[i] = kept * self.lever_value(given, "appeal")

    def on_productivity(self, name: str) -> float:
        """A parameter that is an estimate of the literature, as an effect on log productivity."""
        basis = self.policy.province.estimates[name]
        return estimates.on_productivity(self.parameters[name], basis, self.parameters["sigma"])

    def peer_share(self, doing: Flag) -> Array:
        """Share of the other enterprises of the same pool (cluster, or field in city) doing it."""
        e, size = self.enterprises, self.number_of_pools
        number = np.bincount(e.pool, e.weight, size).take(e.pool)
        doers = np.bincount(e.pool, e.weight * doing, size).take(e.pool)
        result: Array = np.clip((doers - doing) / np.maximum(number - 1.0, 1.0), 0.0, 1.0)
        return result

    def steered_to(self) -> Flag:
        """Enterprises that the steered part of the special funds may serve, shape (rows,)."""
        lever = self.policy.lever("fund_steering")
        if lever is None or lever.value("theta", self.quarter) <= 0.0:
            return np.zeros(len(self.enterprises), dtype=bool)
        return eligible(lever, self.enterprises, self.quarter)

    def award_fund_of(self, award: Lever) -> str:
        """Fund that awards to clusters are paid from."""
        return "additional" if award.value("additional", self.quarter) else SPECIAL

    def book_cluster(
        self, cluster: Cluster, lever: Lever, kind: str, yuan: float, origin: str = "steered",
        fund: str | None = None,
    ) -> None:  # fmt: skip
        """Enter in the ledger what a cluster as such is promised or paid."""
        city, tier = np.array([cluster.city]), TIERS.index(cluster.tier)
        cell = place(city, tier, PAYEES.index("platform"))
        fund = self.award_fund_of(lever) if fund is None else fund
        self.ledger.book(self.year, lever, kind, origin, cell, np.array([yuan]), fund=fund)

    def count(
        self, lever: str, quantity: str, amount: Array, rows: Whole | slice = slice(None)
    ) -> None:
        """Note what a lever moved in the quarter, to be costed at its end (`bearers`).

        Args:
            lever: Lever.
            quantity: What is counted; it costs something where the lever declares it.
            amount: All that the enterprises behind each row stand for, shape of `rows`.
            rows: Rows it is counted at.
        """
        e = self.enterprises
        cells = place(e.city[rows], e.tier[rows], e.size[rows])
        before = self.counted.get((lever, quantity), 0.0)
        self.counted[lever, quantity] = before + np.bincount(cells, amount, CELLS)

    def build_platform(
        self, cluster: Cluster, lever: Lever, yuan: float, origin: str, fund: str
    ) -> None:
        """Province or city buys public platforms for a cluster."""
        self.book_cluster(cluster, lever, "paid", yuan, origin, fund)
        self.books.book("government", -yuan)
        self.books.book("outside", yuan)
        self.spent += yuan
        cluster.platform += yuan / self.markets.price_level

    @property
    def year(self) -> int:
        """Calendar year of the quarter being run."""
        return year_of(self.quarter)

    @property
    def energy_rise(self) -> float:
        """Price of energy over other prices since 2018."""
        factor = self.policy.outside.factor("energy_price", self.year)
        return self.parameters["energy_price_rise"] * factor

    def lever_value(self, lever_id: str, term: str) -> float:
        """Value of a lever's term this quarter; zero where it is not in force."""
        lever = self.policy.lever(lever_id)
        return 0.0 if lever is None else lever.value(term, self.quarter)

    def step(self) -> None:
        """One quarter."""
        others.keep_up(self)
        self.pass_quarter()

    def pass_quarter(self) -> None:
        """The stages of a quarter, without the yearly work."""
        self.quarter += 1
        self.books = Books()
        before, paid_before = self._position(), self.ledger.paid
        self.spent = 0.0
        # Labour saved by methods and machines that other columns do not carry.
        self.labour.saving = self.parameters["labour_saving"] * (self.quarter + 1) / 4.0
        for name, stage in QUARTER:
            began = time.process_time()
            stage(self)
            self.timings[name] += time.process_time() - began
        closed = self.books.residual(before, self._position(), self.turnover)
        # What the ledger says was paid is what enterprises and suppliers of platforms received.
        unposted = abs(self.ledger.paid - paid_before - self.spent) / self.turnover
        self.year_residual = max(self.year_residual, closed, self.identity, unposted)
        self.year_market = self.year_market + self.markets.demand
        self.year_purchases = self.year_purchases + self.network.purchases
        self.year_local = self.year_local + self.network.local_share * self.network.purchases

    def close_year(self) -> None:
        """The yearly work, after the fourth quarter."""
        began = time.process_time()
        year_end(self)
        self.timings["year end"] += time.process_time() - began

    def observe(self) -> None:
        """Record the outcomes of the year."""
        self._recorded += [(self.year, group) for group in observe(self)]

    def start_year(self) -> None:
        """Clear what is counted by year."""
        for name in YEARLY:
            setattr(self.enterprises, name, np.zeros(len(self.enterprises)))
        self.exits: list[tuple[npt.NDArray[np.int64], Array]] = []
        self.reached: dict[str, Array] = {}
        self.chosen: dict[str, float] = {}  # lever to projects chosen, or institutes set up
        self.refused_projects, self.refused_plant = 0.0, 0.0  # number, and yuan
        self.year_residual = 0.0
        self.year_market = np.zeros(len(FIELDS))
        self.year_purchases = np.zeros(len(FIELDS))
        self.year_local = np.zeros(len(FIELDS))

    def run_until_year(self, year: int) -> None:
        """Run to the end of a calendar year."""
        self.run_through(quarter_index(year, 4))

    def run_through(self, quarter: int) -> None:
        """Run to the end of a quarter."""
        left = quarter - self.quarter
        if left > 0:
            self.run_for(left)

    def branch(self, scenario: Scenario) -> ClusterPolicyModel:
        """An independent copy that goes on under another scenario.

        Args:
            scenario: A scenario that is the same until now, at the values of its draw.

        Raises:
            ValueError: The scenarios differ in the past.
        """
        differ = first_difference(self.policy, scenario)
        if differ <= max(self.quarter, self.policy.start):
            raise ValueError(
                f"{scenario.name} differs from {self.policy.name} in {quarter_name(differ)}: "
                f"a run at the end of {quarter_name(self.quarter)} cannot go on under it"
            )
        return self.copied(scenario)

    def copied(self, scenario: Scenario) -> ClusterPolicyModel:
        """A copy that goes on under another scenario, of which nothing is checked."""
        # What is promised follows the new scenario's own levers, and nobody writes to the first
        # population, its pools or what is recorded.
        kept: dict[int, Any] = {
            id(self.policy): scenario,
            id(self.population): self.population,
            id(self.pools): self.pools,
            id(self._recorded): self._recorded.copy(),
        }
        kept |= {id(old): scenario.lever(old.id) for old in self.policy.levers}
        if self.twin is not None:
            kept[id(self.twin.policy)] = others.without_document(scenario)
            kept[id(self.twin._recorded)] = self.twin._recorded.copy()
        return copy.deepcopy(self, kept)

    def records(self) -> dict[str, npt.NDArray[Any]]:
        """Outcomes of the completed years: year, level, unit_name, outcome, value."""
        size = [len(group[3]) for _, group in self._recorded]
        years = np.array([year for year, _ in self._recorded], dtype=np.int16)
        levels = np.array([group[0] for _, group in self._recorded], dtype=object)
        none, nothing = np.zeros(0, dtype=object), np.zeros(0)
        return {
            "year": np.repeat(years, size),
            "level": np.repeat(levels, size),
            "unit_name": np.concatenate([none, *(group[2] for _, group in self._recorded)]),
            "outcome": np.concatenate([none, *(group[1] for _, group in self._recorded)]),
            "value": np.concatenate([nothing, *(group[3] for _, group in self._recorded)]),
        }

    def ledger_records(self) -> dict[str, npt.NDArray[Any]]:
        """Rows of the ledger, one array a column."""
        return self.ledger.records()

    @property
    def outcomes(self) -> pd.DataFrame:
        """Outcomes of the completed years as a table."""
        import pandas as pd  # noqa: PLC0415  (slow to import, and runs do not need it)

        return pd.DataFrame(self.records())

    def _position(self) -> float:
        """Cash less debt of all enterprises, yuan."""
        e = self.enterprises
        return dot(e.weight, e.cash - e.debt_short - e.debt_long)
