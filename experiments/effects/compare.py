"""What a scenario buys against another: effects, cost, who gains; all run by run.

Flows (value added, R&D, investment) are present values over the years that costs are counted in,
so that a yuan of effect and a yuan of cost are of one kind; states (jobs, coverage) are of the last
year. What is told of the pairs, and when it is distinguishable from zero, stands in
`experiments.effects.effect`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from jiqun.experiments.effects.costs import (
    BEARERS,
    BORNE,
    FIRST,
    GIVEN,
    LAST,
    PRESENT,
    Books,
    money,
    runs_of,
    set_otherwise,
    stored_levers,
)
from jiqun.experiments.effects.effect import (
    CUTS,
    RUN,
    Costs,
    Estimate,
    costs_of,
    paired,
    per_yuan,
    place_of,
)
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.sql import frame_of, steady, steady_sum
from jiqun.model.observe.outcomes import OUTCOMES
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.experiments.stores.forms import Form
    from jiqun.experiments.stores.results import Results

MAIN = "value_added"
FLOWS = (MAIN, "rd_real", "investment")
STATES = (
    "employees",
    "labour_productivity",
    "digital_coverage_above",
    "digital_coverage_below",
    "energy_per_va",
    "quality_enterprises",
)
SPENDING = ("rd_real", "investment")
"""What enterprises spend of their own and of support."""
PAID_TO = {"tier": "tier", "place": "place", "size": "payee"}
"""Grouping to the column of the ledger that tells it."""
TOTALS = frozenset({"yuan", "persons", "enterprises"})


@dataclass(frozen=True)
class Effect:
    """What a scenario changes in an outcome.

    Attributes:
        gain: The difference, in the outcome's unit; a flow's is a present value.
        change: The difference as a share of the baseline; None where that is zero in every pair.
        distinguishable: Whether the difference is distinguishable from zero.
        per_unit: Yuan of cost for a unit of the outcome that changes for the better: mean cost over
            the gain, from the larger end of its interval to the smaller; None where no change for
            the better is distinguishable from zero, or nothing is paid.
    """

    gain: Estimate
    change: Estimate | None
    distinguishable: bool
    per_unit: Estimate | None


@dataclass(frozen=True)
class Gain:
    """What a group gets: its share of what is paid and forgone more, its gain of value added."""

    money: float | None
    gain: Estimate
    distinguishable: bool


@dataclass(frozen=True)
class Comparison:
    """A scenario against another.

    Attributes:
        scenario: Its name.
        baseline: Name of the other.
        pairs: Number of pairs of runs.
        content: Which runs of the scenario are compared: its content, population and model.
        baseline_content: Those of the other.
        cost: Cost to all, present value, yuan (see `experiments.effects.costs`).
        budget: The part of it that province, cities and centre bear.
        others: The part that banks, enterprises and households bear.
        bearers: Cost by who bears it.
        feedback: What levers that both set alike cost more.
        envelopes: The two envelopes of the scenario, yuan.
        new: The part of each that is new money.
        effects: Effect by outcome.
        per_yuan: Value added for a yuan of cost; None where the cost or the gain is not
            distinguishable from zero.
        per_yuan_withheld: Why it is None (a key of `effect.WITHHELD`), else None.
        private: Private yuan of investment and R&D that a public yuan moves: what enterprises spend
            more, beyond the public yuan itself. -1 is full crowding out. None where what the
            budgets pay is not above zero.
        displaced: Share of the gain of tiers that get more than their share of the money which
            others lose; None where what these tiers gain is not distinguishable from zero.
        gains: Grouping to unit to what it gets.
    """

    scenario: str
    baseline: str
    pairs: int
    content: Form
    baseline_content: Form
    cost: Estimate
    budget: Estimate
    others: Estimate
    bearers: Mapping[str, Estimate]
    feedback: Estimate
    envelopes: Mapping[str, Estimate]
    new: Mapping[str, Estimate]
    effects: Mapping[str, Effect]
    per_yuan: Estimate | None
    per_yuan_withheld: str | None
    private: Estimate | None
    displaced: Estimate | None
    gains: Mapping[str, Mapping[str, Gain]]

    @property
    def costs(self) -> Costs:
        """Whether it costs anything that is distinguishable from zero."""
        return costs_of(self.cost)

    @property
    def distinguishable(self) -> bool:
        """Whether its effect on value added of the province is distinguishable from zero."""
        return self.effects[MAIN].distinguishable

    def gainers(self, grouping: str) -> list[str]:
        """Units whose gain is distinguishable from zero, the one with the largest gain first."""
        gains = self.gains[grouping]
        gaining = [name for name, gain in gains.items() if gain.gain.sign > 0]
        return sorted(gaining, key=lambda name: -gains[name].gain.mean)


@dataclass(frozen=True)
class Facts:
    """What comparisons read of a store.

    Attributes:
        flows: Present values: rows scenario and run, columns (grouping, unit, outcome).
        states: Values of the last year, in the same form.
        books: The money.
        levers: Scenario to its levers as plain data.
        forms: Scenario to the content, population and model that were read.
    """

    flows: pd.DataFrame
    states: pd.DataFrame
    books: Books
    levers: Mapping[str, list[object]]
    forms: Mapping[str, Form]

    def __contains__(self, scenario: object) -> bool:
        return scenario in self.levers

    def gap(
        self, scenario: str, baseline: str, outcome: str, grouping: str = "province",
        unit: str = REGION.id,
    ) -> pd.DataFrame:  # fmt: skip
        """Columns gain, base and change, one row a pair of runs.

        Args:
            scenario: Name of the scenario whose effect is measured.
            baseline: Name of the one that it is compared with.
            outcome: Id of the outcome; the values are in its unit, of a flow present values.
            grouping: Level of the outcome.
            unit: Unit of the level.
        """
        table = self.states if outcome in STATES else self.flows
        column = (grouping, unit, outcome)
        values = table[column].dropna() if column in table.columns else pd.Series(dtype=float)
        known = set(values.index.get_level_values(0))
        if not {scenario, baseline} <= known:
            return pd.DataFrame(columns=["gain", "base", "change"], dtype=float)
        return paired(*(values.xs(name, level="scenario") for name in (scenario, baseline)))


def gather(results: Results, scenarios: Sequence[str], draws: int | None = None) -> Facts:
    """Read the outcomes and money of some scenarios of a store.

    All are read at the newest population and model that they share.

    Args:
        results: The store.
        scenarios: Names of the scenarios.
        draws: Triples that are read, the first ones; all of a scenario if None.

    Raises:
        StoreError: The store lacks one of them, they share no population and model, or runs end
            too early.
    """
    results = results.sharing(*scenarios)
    known = runs_of(results, draws)
    with results.connect() as connection:
        rows = frame_of(
            connection,
            f"""
            WITH o AS (
                SELECT o.*, run.population FROM outcome o JOIN run USING (run_key)
                WHERE o.scenario IN (SELECT unnest(?)) AND o.year BETWEEN {FIRST} AND {LAST}
                    AND (o.level = 'province' OR o.outcome = '{MAIN}')
                    AND o.outcome IN (SELECT unnest(?)) AND o.level IN ('province', 'tier', 'city',
                    'size')
            )
            SELECT scenario, draw, seed, population,
                CASE WHEN level = 'city' THEN 'place' ELSE level END AS grouping,
                CASE WHEN level = 'city' THEN {place_of("unit_name")} ELSE unit_name END AS unit,
                outcome, {steady_sum(f"value * {PRESENT}")} AS flow,
                {steady("sum", "value")} FILTER (WHERE year = {LAST}) AS state
            FROM o GROUP BY ALL ORDER BY ALL
            """,
            [list(scenarios), [*FLOWS, *STATES]],
        )
    # Side batches, in which one source of uncertainty moves alone, are no part of an interval.
    main = pd.concat(
        [known[name].to_frame(index=False).assign(scenario=name) for name in scenarios]
    )
    rows = rows.merge(main, on=["scenario", *RUN])
    ended = set(rows.loc[rows["state"].notna(), "scenario"])
    if early := [name for name in scenarios if name not in ended]:
        raise StoreError(
            f"{results.folder}: runs of {early[0]} end before {LAST}; needed: {FIRST} to {LAST}"
            f" (jiqun run --until {LAST})"
        )
    wide = {
        value: rows.pivot(
            index=["scenario", *RUN], columns=["grouping", "unit", "outcome"], values=value
        )
        for value in ("flow", "state")
    }
    runs = {name: known[name] for name in scenarios}
    books = Books(money(results, scenarios), runs)
    levers = {name: row for name, row in stored_levers(results).items() if name in runs}
    return Facts(wide["flow"], wide["state"], books, levers, results.chosen())


def compare(facts: Facts, scenario: str, baseline: str) -> Comparison:
    """A scenario against another, over the pairs of runs that both have.

    Args:
        facts: What comparisons read of a store.
        scenario: Name of the scenario whose effect is measured.
        baseline: Name of the one that it is compared with.

    Raises:
        StoreError: They share no pair of runs.
    """
    main = facts.gap(scenario, baseline, MAIN)
    if main.empty:
        raise StoreError(f"{scenario} and {baseline} share no run of one draw, seed and population")
    changed = set_otherwise(facts.levers[scenario], facts.levers[baseline])
    bearers = {
        payer: facts.books.cost(scenario, baseline, changed, (payer,)).reindex(main.index)
        for payer in BEARERS
    }
    budget, others = (
        pd.DataFrame({payer: bearers[payer] for payer in payers}).sum(axis=1)
        for payers in BORNE.values()
    )
    cost = budget + others
    envelopes, new = (
        {name: Estimate.of(yuan.reindex(main.index)) for name, yuan in parts.items()}
        for parts in (
            facts.books.envelopes(scenario, baseline, changed),
            facts.books.new(scenario, baseline, changed),
        )
    )
    feedback = facts.books.feedback(scenario, baseline, changed).reindex(main.index)
    effects = {
        name: effect_of(gap, name, float(cost.mean()))
        for name in (*FLOWS, *STATES)
        if not (gap := facts.gap(scenario, baseline, name)).empty
    }
    brings = per_yuan(main["gain"], cost)
    why = brings.withheld(effects[MAIN].gain.sign)
    gains = {grouping: _gains(facts, scenario, baseline, grouping) for grouping in CUTS}
    return Comparison(
        scenario=scenario,
        baseline=baseline,
        pairs=len(main),
        content=facts.forms[scenario],
        baseline_content=facts.forms[baseline],
        cost=Estimate.of(cost),
        budget=Estimate.of(budget),
        others=Estimate.of(others),
        bearers={payer: Estimate.of(yuan) for payer, yuan in bearers.items()},
        feedback=Estimate.of(feedback),
        envelopes=envelopes,
        new=new,
        effects=effects,
        per_yuan=None if why else brings.ratio,
        per_yuan_withheld=why,
        private=private_moved(
            pd.DataFrame({n: facts.gap(scenario, baseline, n)["gain"] for n in SPENDING}).sum(
                axis=1
            ),
            budget,
        ),
        displaced=displaced(
            main["gain"],
            {
                tier: facts.gap(scenario, baseline, MAIN, "tier", tier)
                for tier, gain in gains["tier"].items()
            },
            {tier: gain.money for tier, gain in gains["tier"].items()},
        ),
        gains=gains,
    )


def effect_of(gap: pd.DataFrame, outcome: str, cost: float) -> Effect:
    """What pairs of runs say of an outcome.

    Args:
        gap: Columns gain and change, one row a pair (`effect.paired`).
        outcome: Id of the outcome.
        cost: Mean cost of the scenario, yuan.
    """
    gain = Estimate.of(gap["gain"])
    change = gap["change"].dropna()
    better = OUTCOMES[outcome].direction * gain.sign > 0
    # A ratio of which no part is a total has no cost of a unit.
    priced = better and cost > 0.0 and OUTCOMES[outcome].unit in TOTALS
    return Effect(
        gain,
        Estimate.of(change) if len(change) else None,
        gain.sign != 0,
        _of_a_unit(cost, gain) if priced else None,
    )


def _of_a_unit(cost: float, gain: Estimate) -> Estimate:
    """Cost of a unit over a gain: the nearer that comes to zero, the less is certain.

    A ratio of means, so its median is its mean: of an outcome that few pairs move, half gain
    nothing at all.
    """
    ends = [cost / abs(yuan) for yuan in (gain.low, gain.high) if yuan]
    mean = cost / abs(gain.mean)
    return Estimate(min(ends), mean, max(ends), mean)


def private_moved(spent: pd.Series[float], public: pd.Series[float]) -> Estimate | None:
    """Private yuan that a public yuan moves: spending beyond the public money, over that money.

    Args:
        spent: What enterprises invest and do in R&D more, yuan by pair.
        public: What the budgets bear more, yuan by pair.
    """
    if costs_of(Estimate.of(public)) != "costs":
        return None
    return Estimate.ratio(spent - public, public)


def displaced(
    province: pd.Series[float],
    tiers: Mapping[str, pd.DataFrame],
    paid: Mapping[str, float | None],
) -> Estimate | None:
    """Share of the gain of those served that others lose: 1 less gain of all over theirs.

    Served are tiers whose share of the money is above their share of value added.

    Args:
        province: Gain of the province, yuan by pair.
        tiers: Tier to columns gain and base, yuan by pair.
        paid: Tier to its share of what is paid and forgone more.
    """
    base = {tier: float(gap["base"].mean()) for tier, gap in tiers.items()}
    whole = sum(base.values())
    served = [tier for tier in tiers if (paid[tier] or 0.0) > base[tier] / whole]
    if not served:
        return None
    gain = pd.DataFrame({tier: tiers[tier]["gain"] for tier in served}).sum(axis=1)
    if Estimate.of(gain).sign <= 0:
        return None
    return Estimate.ratio(gain - province, gain)


def _gains(facts: Facts, scenario: str, baseline: str, grouping: str) -> dict[str, Gain]:
    """Money and gain of value added by unit of a grouping; absent units are left out."""
    column = PAID_TO[grouping]
    # Tax and interest that are forgone reach enterprises as grants do, services do not.
    paid = {
        unit: float(facts.books.more(scenario, baseline, kind=GIVEN, **{column: (unit,)}).mean())
        for unit in CUTS[grouping]
    }
    whole = sum(paid.values())
    # What is only moved between groups has no shares.
    shares = {unit: yuan / whole if whole > 1.0 else None for unit, yuan in paid.items()}
    gaps = {unit: facts.gap(scenario, baseline, MAIN, grouping, unit) for unit in CUTS[grouping]}
    intervals = {unit: Estimate.of(gap["gain"]) for unit, gap in gaps.items() if not gap.empty}
    return {
        unit: Gain(shares[unit], interval, interval.sign != 0)
        for unit, interval in intervals.items()
    }
