"""The model: a Mesa model of a province's enterprises, one step a quarter."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import numpy.typing as npt
from mesa.time import Schedule

from jiqun.model import estimates, mesa_batch, shocks
from jiqun.model.accounting import Books
from jiqun.model.agents.clusters import City, Cluster
from jiqun.model.agents.enterprises import YEARLY, Enterprise, Enterprises
from jiqun.model.branching import first_difference
from jiqun.model.calendar import quarter_index, quarter_name, year_of
from jiqun.model.channels import reads
from jiqun.model.dimensions import CITIES, FIELDS, TIERS, Array, Status
from jiqun.model.economy import others, unit_cost
from jiqun.model.economy.demography import Profiles
from jiqun.model.economy.finance import Banks
from jiqun.model.elementary import compiled, dot, power
from jiqun.model.observe.quantities import observe
from jiqun.model.policy import bearers
from jiqun.model.policy.budget import Cities, Province
from jiqun.model.policy.ledger import Ledger, sums_by_cell
from jiqun.model.quarter import QUARTER, YEAR_END, run_stages, year_end
from jiqun.model.start import first_productivity
from jiqun.model.start.first_links import found
from jiqun.model.start.population import Population, build_population
from jiqun.model.state import (
    Accounts,
    ClusterTerms,
    Innovation,
    Labour,
    Markets,
    Network,
    Observed,
    Places,
    Production,
    Programmes,
    YearCounts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from mesa.agentset import AbstractAgentSet

    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.scenario import Scenario

POPULATION_SEED = 1


class ClusterPolicyModel(mesa.Model):  # type: ignore[misc]
    """The enterprises of a province under a scenario.

    Args:
        scenario: The resolved scenario.
        rng: Seed of the run (a whole number). None, which `mesa.batch_run` gives where no seeds are
            asked for, draws one; `seed_of_run` tells it.
        population: The population at end-2018; built from the scenario if absent.
        collect: Whether Mesa's `datacollector` collects the province's outcomes each year.
        values: Parameters, and terms of levers as `lever.term`, that the run has at other values
            than the scenario (`model/mesa_batch.py`). The population is that of the scenario.

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
        shocks: What is called before each quarter (`before_quarter`).
    """

    def __init__(
        self, scenario: Scenario, rng: int | None = 1, population: Population | None = None,
        *, collect: bool = False, **values: float,
    ) -> None:  # fmt: skip
        super().__init__(rng=rng)
        self.policy = mesa_batch.with_values(scenario, values) if values else scenario
        self.parameters = dict(self.policy.parameters)
        self.seed_of_run = int(self.rng.integers(1, 2**31)) if rng is None else int(rng)
        if population is None:
            population = build_population(
                scenario.province, scenario.parameters, scenario.rows, POPULATION_SEED
            )
        self.population = population
        self.places = self._places()
        self.enterprises = Enterprises(self, population.columns)
        self.quarter = scenario.start - 1
        self.timings = {stage.name: 0.0 for stage in (*QUARTER, *YEAR_END)}
        self.observed, self.counts = Observed(), YearCounts()
        self._initialise()
        first_productivity.found(self)
        # Structural parameters of a draw act from the start, so that 2018 stays an equilibrium, and
        # entrants are like enterprises of 2018, with what these had gained by digital work by then.
        self.profiles = Profiles.of(self.enterprises)
        self._found()
        self.schedule_recurring(self.close_year, Schedule(interval=4, start=4))
        self.shocks: list[Callable[[ClusterPolicyModel], object]] = []
        if collect:
            self.datacollector = mesa_batch.collector()
            self.schedule_recurring(self.collect, Schedule(interval=4, start=4))

    def _initialise(self) -> None:
        """State of the province at end-2018."""
        e, province = self.enterprises, self.policy.province
        n = len(FIELDS)
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
        self.programmes = Programmes(grants_paid=np.zeros(len(e)), rd_supported=np.zeros(len(e)))
        self.cluster_terms = ClusterTerms()
        self.twin: ClusterPolicyModel | None = None
        found(self, POPULATION_SEED)
        self.labour = self._labour()
        none = np.zeros(len(e))
        self.accounts = Accounts(
            cash_flow=none, profit_after_tax=none, bridge_loans=np.zeros(len(e))
        )
        self.innovation = Innovation(
            rd_cost_ratio=np.ones(len(e)),
            relabelling_reward=np.zeros(len(e)),
            pool_knowledge=np.bincount(e.pool, e.weight * e.knowledge, self.places.number_of_pools),
        )
        unit_cost.found(self)
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
        self.refresh_clusters()

    def _places(self) -> Places:
        """Knowledge pools and clusters of each pair of field and city."""
        seats = self.population.clusters
        none, size = TIERS.index("none"), len(seats)
        table = {pair: [-1, none, size + pair, -1] for pair in range(len(FIELDS) * len(CITIES))}
        for number, seat in enumerate(seats):
            entry = table[seat.field * len(CITIES) + seat.city]
            tier = TIERS.index(seat.tier)
            if seat.tier != "county" and entry[0] < 0:
                entry[0], entry[1] = number, tier
            elif seat.tier == "county" and entry[3] < 0:
                entry[3] = number
        registered = [seat.registered and seat.tier == "county" for seat in seats]
        return Places(
            pools=np.array([*table.values()], dtype=np.int64),
            number_of_pools=size + len(table),
            city_given_field=self.population.city_given_field,
            registered_county=np.array([*registered, False]),
            of_clusters={
                "tier": np.array([TIERS.index(s.tier) for s in seats], dtype=np.int64),
                "field": np.array([s.field for s in seats], dtype=np.int64),
                "city": np.array([s.city for s in seats], dtype=np.int64),
            },
        )

    @reads("title", "cluster_recognition", credit="share", appeal="share")
    @reads("title", "national_cluster_contest", credit="share", appeal="share")
    def refresh_clusters(self) -> None:
        """Terms that follow from the state of the clusters, by cluster; the last is for none."""
        e, size = self.enterprises, len(self.clusters) + 1
        terms = self.cluster_terms
        terms.loan_discount, terms.appeal = np.zeros(size), np.zeros(size)
        terms.plan, terms.promotion_body = np.zeros(size), np.zeros(size)
        terms.rd_cost_cut = np.zeros(size)
        rd = np.bincount(e.cluster + 1, e.weight * e.year_rd, size)[1:] / self.markets.price_level
        for i, cluster in enumerate(self.clusters):
            terms.plan[i], terms.promotion_body[i] = cluster.plan, cluster.promotion_body
            if cluster.platform > 0.0:
                saved = self.parameters["platform_strength"] * cluster.platform
                terms.rd_cost_cut[i] = min(saved / max(rd[i], 1.0), 0.1)
            # Titles held before the run are part of what the population is; what buyers see in one
            # won since fades as it ceases to be news, what banks see lasts as long as the title.
            if cluster.titled and cluster.titled_since >= 0:
                given = "cluster_recognition"
                if cluster.status == Status.NATIONAL:
                    given = "national_cluster_contest"
                terms.loan_discount[i] = self.lever_value(given, "credit")
                years = (self.quarter - cluster.titled_since) // 4
                kept = power(1.0 - self.parameters["brand_decay"], float(years))
                terms.appeal[i] = kept * self.lever_value(given, "appeal")

    def on_productivity(self, name: str) -> float:
        """A parameter that is an estimate of the literature, as an effect on log productivity."""
        basis = self.policy.province.estimates[name]
        return estimates.on_productivity(self.parameters[name], basis, self.parameters["sigma"])

    def peer_share(self, doing: Flag) -> Array:
        """Share of the other enterprises of the same pool (cluster, or field in city) doing it."""
        e = self.enterprises
        return _peer_share(e.pool, e.weight, doing, self.places.number_of_pools)

    def count(
        self, lever: str, quantity: str, amount: Array, rows: Whole | slice = slice(None)
    ) -> None:
        """Note what a lever moved in the quarter, to be costed at its end (`bearers`).

        History is not costed, so nothing of it is noted.

        Args:
            lever: Lever.
            quantity: What is counted; it costs something where the lever declares it.
            amount: All that the enterprises behind each row stand for, shape of `rows`.
            rows: Rows it is counted at.
        """
        if not self.counts_costs:
            return
        before = self.programmes.cost_quantities.get((lever, quantity), 0.0)
        self.programmes.cost_quantities[lever, quantity] = before + sums_by_cell(
            self.enterprises, amount, rows
        )

    @property
    def counts_costs(self) -> bool:
        """Whether what levers move is counted this quarter (`count`)."""
        return self.quarter >= bearers.FIRST

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

    @property
    def agents_by_type(self) -> dict[type[mesa.Agent], AbstractAgentSet[Any]]:
        """Agents by type: enterprises as columns, institutions as Mesa registers them."""
        return {**super().agents_by_type, Enterprise: self.enterprises}

    @property
    def agent_types(self) -> list[type[mesa.Agent]]:
        """Types of agents."""
        return list(self.agents_by_type)

    def before_quarter(self, shock: Callable[[ClusterPolicyModel], object]) -> None:
        """Have something done to the model before each quarter from the next one on.

        The run is then no run of its scenario: it cannot be branched, and no store takes it. The
        books open after the shock, so what it gives or takes comes from nowhere and is not booked.
        Where others match the document, the province without it (`twin`) has the shock as well.

        Args:
            shock: Called with the model, whose `quarter` and `year` are those about to be run.
        """
        self.shocks.append(shock)

    def step(self) -> None:
        """One quarter."""
        others.keep_up(self)
        self.pass_quarter()
        self.running = self.quarter < self.policy.end

    def pass_quarter(self) -> None:
        """The stages of a quarter, without the yearly work."""
        self.open_quarter()
        for shock in self.shocks:
            shock(self)
        shocks.strike(self)
        before, paid_before = self._position(), self.ledger.paid
        run_stages(self, QUARTER)
        self._close_quarter(before, paid_before)

    def open_quarter(self) -> None:
        """Begin the next quarter with empty books."""
        self.quarter += 1
        self.accounts.books, self.accounts.transfers_paid = Books(), 0.0
        self.labour.saving = self.parameters["labour_saving"] * (self.quarter + 1) / 4.0

    def _close_quarter(self, position: float, paid: float) -> None:
        """Check the books of the quarter, and add it to what is counted by year.

        Args:
            position: Cash less debt of all enterprises when it began, yuan.
            paid: What the ledger said was paid by then, yuan.
        """
        accounts, counts, net = self.accounts, self.counts, self.network
        closed = accounts.books.residual(position, self._position(), accounts.turnover)
        # What the ledger says was paid is what enterprises and suppliers of platforms received.
        unposted = abs(self.ledger.paid - paid - accounts.transfers_paid) / accounts.turnover
        counts.residual = max(counts.residual, closed, accounts.value_added_gap, unposted)
        counts.demand = counts.demand + self.markets.demand
        counts.purchases = counts.purchases + net.purchases
        counts.local_purchases = counts.local_purchases + net.local_share * net.purchases

    def close_year(self) -> None:
        """The yearly work, after the fourth quarter."""
        year_end(self)

    def collect(self) -> None:
        """Have Mesa's collector collect the outcomes of the year."""
        self.datacollector.collect(self)

    def observe(self) -> None:
        """Record the outcomes of the year."""
        self.observed.recorded += [(self.year, group) for group in observe(self)]

    def start_year(self) -> None:
        """Clear what is counted by year."""
        for name in YEARLY:
            setattr(self.enterprises, name, np.zeros(len(self.enterprises)))
        self.programmes.reach = {}
        self.counts = YearCounts()

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
            ValueError: The scenarios differ in the past, or the run has shocks of its own.
        """
        if self.shocks:
            raise ValueError("a run with shocks of its own (before_quarter) cannot be branched")
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
        # population, its places or what is recorded.
        kept: dict[int, Any] = {
            id(self.policy): scenario,
            id(self.population): self.population,
            id(self.places): self.places,
            id(self.observed.recorded): self.observed.recorded.copy(),
        }
        kept |= {id(old): scenario.lever(old.id) for old in self.policy.levers}
        if self.twin is not None:
            kept[id(self.twin.policy)] = others.without_document(scenario)
            kept[id(self.twin.observed.recorded)] = self.twin.observed.recorded.copy()
        return copy.deepcopy(self, kept)

    def records(self) -> dict[str, npt.NDArray[Any]]:
        """Outcomes of the completed years: year, level, unit_name, outcome, value."""
        recorded = self.observed.recorded
        size = [len(group[3]) for _, group in recorded]
        years = np.array([year for year, _ in recorded], dtype=np.int16)
        levels = np.array([group[0] for _, group in recorded], dtype=object)
        none, nothing = np.zeros(0, dtype=object), np.zeros(0)
        return {
            "year": np.repeat(years, size),
            "level": np.repeat(levels, size),
            "unit_name": np.concatenate([none, *(group[2] for _, group in recorded)]),
            "outcome": np.concatenate([none, *(group[1] for _, group in recorded)]),
            "value": np.concatenate([nothing, *(group[3] for _, group in recorded)]),
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


@compiled("float64[::1](int64[::1], float64[::1], boolean[::1], int64)")
def _peer_share(pool: Whole, weight: Array, doing: Flag, pools: int) -> Array:
    """Share of the others of each enterprise's pool that do something, shape (rows,)."""
    number, doers = np.zeros(pools), np.zeros(pools)
    for i in range(len(pool)):
        number[pool[i]] += weight[i]
        doers[pool[i]] += weight[i] * doing[i]
    share = np.empty(len(pool))
    for i in range(len(pool)):
        others = max(number[pool[i]] - 1.0, 1.0)
        share[i] = min(max((doers[pool[i]] - doing[i]) / others, 0.0), 1.0)
    return share
