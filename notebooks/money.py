"""Money by year, fund, payer, tier and city group, as the ledger booked it.

Steered money is what the document moves to cluster enterprises out of a sum that is the same with
and without it; pooled money is the rest. What the document has paid from other funds, older
programmes and tax forgone stand apart, and so does equity, which is invested and not spent. What
audits take back is less paid. What it all costs, and whom, is found in `experiments.effects.costs`
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from jiqun.experiments.effects.costs import (
    BEARERS,
    BORNE,
    DISCOUNT,
    KIND,
    NET,
    Books,
    runs_of,
    set_otherwise,
)
from jiqun.experiments.effects.costs import money as present_costs
from jiqun.experiments.effects.effect import RUN, Estimate, main_runs, place_of
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, REFERENCE, Band
from jiqun.notebooks.words import ABSENT
from jiqun.notebooks.worlds import NO_AWARD, POLICY_YEARS, UNITS
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jiqun.notebooks.words import Words
    from jiqun.notebooks.worlds import Worlds

    Where = Mapping[str, str | tuple[str, ...]]

AWARD = "cluster_award"
GROUPS = ("award", "steered", "pooled", "beside", "older", "later", "tax")
"""Kinds of money, as the report sets them apart."""
EQUITY = "equity"
"""Stakes that the province holds for its money: shown apart, in no envelope."""
SPECIAL = ("award", "steered", "pooled")
"""What is paid out of the special funds."""
NEW = ("award", "steered", "beside")
"""What the document directs: the programme envelope."""
SCENARIOS = (AS_ISSUED, REFERENCE, NO_AWARD)


@dataclass(frozen=True)
class Money:
    """Yuan by run and what it was for.

    Attributes:
        frame: Rows scenario, draw, seed, population, year, payer, place, tier, sort, kind, yuan;
            years after the origin.
        runs: Runs by scenario: a run without a row had none of that money.
        books: Present costs of the same runs.
    """

    frame: pd.DataFrame
    runs: dict[str, pd.MultiIndex]
    books: Books

    def sums(
        self,
        scenario: str,
        chosen: Where,
        years: tuple[int, ...] = POLICY_YEARS,
        *,
        discounted: bool = False,
        kinds: tuple[str, ...] = ("paid", "forgone", "invested"),
    ) -> pd.Series[float]:
        """Yuan by run over some years: paid, forgone where it is tax, invested where it is equity.

        Args:
            scenario: Name of the scenario.
            chosen: Columns and the values wanted.
            years: Years that are added.
            discounted: Whether to discount to the first year at 3 %.
            kinds: Kinds of booking.
        """
        rows = self.frame
        wanted = (rows["scenario"] == scenario) & rows["year"].isin(years)
        wanted &= rows["kind"].isin(kinds)
        for column, values in chosen.items():
            wanted &= rows[column].isin([values] if isinstance(values, str) else list(values))
        rows = rows[wanted]
        yuan = rows["yuan"]
        if discounted:
            yuan = yuan / (1.0 + DISCOUNT) ** (rows["year"] - years[0])
        found = yuan.groupby([rows[name] for name in RUN]).sum()
        return found.reindex(self.runs[scenario], fill_value=0.0)

    def band(self, scenario: str, chosen: Where, years: tuple[int, ...] = POLICY_YEARS) -> Band:
        """Interval of a sum.

        Args:
            scenario: Name of the scenario.
            chosen: Column to the value, or values, that count.
            years: Years that are added.
        """
        return Band.of(self.sums(scenario, chosen, years))

    def borne(self, payers: Collection[str] = BEARERS) -> Band:
        """What the document costs some payers, present value."""
        return Band.of(self.books.cost(AS_ISSUED, REFERENCE, directed(), payers))

    def new(self, envelope: str) -> Band:
        """The part of an envelope that is new money, present value."""
        return Band.of(self.books.new(AS_ISSUED, REFERENCE, directed())[envelope])


@cache
def directed() -> frozenset[str]:
    """Levers that the document sets otherwise than the world without it."""
    one, other = (load(name).canonical()["levers"] for name in (AS_ISSUED, REFERENCE))
    return frozenset(set_otherwise(one, other))


def _beside() -> list[str]:
    """Levers of the document that are paid from other than the special funds."""
    return [
        lever.id
        for lever in declarations().values()
        if lever.origin == "document_55" and lever.fund not in ("", "special_funds", "tax")
    ]


def gather_money(worlds: Worlds, *, by_city: bool = False) -> Money | None:
    """Read the ledger of a store, added up to what the report shows; None where there is none.

    Args:
        worlds: Runs of all scenarios of the store.
        by_city: Whether a place is a city; else it is a group of cities.
    """
    place = "l.city" if by_city else place_of("l.city")
    with worlds.results.connect() as connection:
        frame = connection.execute(
            f"""
            SELECT run.scenario, run.draw, run.seed, run.population, l.year, l.payer, l.tier,
                {KIND} AS kind,
                {place} AS place,
                CASE WHEN l.kind = 'invested' THEN 'equity'
                    WHEN l.origin = 'beside' OR l.kind NOT IN ('paid', 'repaid', 'forgone',
                        'committed') THEN 'no_grant'
                    WHEN l.lever = '{AWARD}' THEN 'award'
                    WHEN l.lever IN (SELECT unnest(?)) THEN 'beside'
                    WHEN l.fund IN ('upgrade_plan', 'city_funds') THEN 'later'
                    ELSE l.origin END AS sort,
                sum({NET})::DOUBLE AS yuan
            FROM ledger l JOIN run USING (run_key)
            WHERE run.scenario IN (SELECT unnest(?)) AND l.year > {ORIGIN}
                AND {main_runs("run")}
            GROUP BY ALL
            ORDER BY ALL
            """,
            [_beside(), list(SCENARIOS)],
        ).df()
    if frame.empty:
        return None
    none = pd.MultiIndex.from_arrays([[]] * len(RUN), names=RUN)
    runs = runs_of(worlds.results)
    found = {name: runs.get(name, none) for name in SCENARIOS}
    return Money(frame, found, Books(present_costs(worlds.results, SCENARIOS), found))


def year_table(money: Money, words: Words) -> str:
    """Money paid by year and kind, as issued, and the sum without the document."""
    rows = []
    parts: list[tuple[str, str | tuple[str, ...]]] = [(sort, sort) for sort in (*GROUPS, EQUITY)]
    parts.insert(len(SPECIAL), ("special", SPECIAL))
    for sort, sorts in parts:
        chosen = {"sort": sorts}
        total, without = (money.band(name, chosen) for name in (AS_ISSUED, REFERENCE))
        if total.high == without.high == 0.0:
            continue
        years = [money.band(AS_ISSUED, chosen, (year,)).median for year in POLICY_YEARS]
        rows.append(
            [
                words.name("money_sorts", sort),
                *(words.money(value)[0] for value in years),
                f"**{words.money(total.median)[0]}**{_bracketed(total, words)}",
                words.money(without.median)[0],
            ]
        )
    head = words.lines("money_head")
    return markdown([head[0], *map(str, POLICY_YEARS), *head[1:]], rows)


def _bracketed(band: Band, words: Words) -> str:
    return words.bracketed(words.between(*words.money([band.low, band.high])))


def tier_table(money: Money, words: Words) -> str:
    """Who receives it over the four years: by tier, with the change of pooled money."""
    rows = [
        [words.name("tier_names", tier), *received(money, words, {"tier": tier})] for tier in TIERS
    ]
    return markdown(words.lines("money_tier_head"), rows)


def city_table(money: Money, words: Words) -> str:
    """Who receives it over the four years: by city group."""
    rows = [
        [words.name("city_groups", place), *received(money, words, {"place": place})]
        for place in REGION.city_groups
    ]
    head = words.lines("money_tier_head")
    return markdown([words("city_head"), *head[1:]], rows)


def received(money: Money, words: Words, where: Where) -> list[str]:
    """What some receive over the four years: a cell for each column of the table after the first.

    Args:
        money: Money of the runs.
        words: Texts and number formats of the page's language.
        where: Columns and the values wanted, such as a tier or a place.
    """
    award = money.band(AS_ISSUED, {"sort": "award", **where}).median
    steered = money.band(AS_ISSUED, {"sort": "steered", **where}).median
    pooled = money.band(AS_ISSUED, {"sort": "pooled", **where}).median
    cells = [words.money(value)[0] for value in (award, steered, pooled)]
    change = pooled_change(money, where)
    cells.append(ABSENT if change is None else _change(change, words))
    cells += [
        words.money(money.band(AS_ISSUED, {"sort": sort, **where}).median)[0]
        for sort in ("older", "tax")
    ]
    return cells


def _change(band: Band, words: Words) -> str:
    median, low, high = words.signed([100 * v for v in (band.median, band.low, band.high)], most=0)
    gap = "" if words.lang == "zh" else " "
    return f"{median}{gap}%{words.bracketed(words.between(low, high))}"


def pooled_change(money: Money, where: Where) -> Band | None:
    """Relative change of pooled money against the world without the document, run by run."""
    with_ = money.sums(AS_ISSUED, {"sort": "pooled", **where})
    without = money.sums(REFERENCE, {"sort": "pooled", **where})
    change = (with_ / without.where(without > 0.0) - 1.0).dropna()
    return Band.of(change) if len(change) else None


def payer_table(money: Money, words: Words) -> str:
    """Who pays over the four years, with and without the document."""
    rows = []
    for payer in ("province", "city", "centre"):
        cells = []
        for kind, sorts in (("paid", {}), ("forgone", {"sort": "tax"})):
            for scenario in (AS_ISSUED, REFERENCE):
                where = {"payer": payer, **sorts}
                found = Band.of(money.sums(scenario, where, kinds=(kind,)))
                cells.append(words.money(found.median)[0])
        rows.append([words.name("payers", payer), *cells])
    return markdown(words.lines("payer_head"), rows)


def bearer_table(money: Money, words: Words) -> str:
    """What the document costs, by who bears it: the budgets, then others, then all."""
    rows = []
    for part, payers in BORNE.items():
        rows += [
            [words.name("payers", payer), _cost(money.borne((payer,)), words)] for payer in payers
        ]
        rows.append([f"**{words.name('borne', part)}**", _cost(money.borne(payers), words)])
    rows.append([f"**{words('borne_total')}**", _cost(money.borne(), words)])
    return markdown(words.lines("bearer_head"), rows)


def _cost(band: Band, words: Words) -> str:
    if band.low == band.high == 0.0:
        return ABSENT
    return words.money(band.median)[0] + _bracketed(band, words)


def cost_sentence(money: Money, words: Words) -> str:
    """What the budgets bear and what others bear, and how much of what is directed is new."""
    budget, others = (money.borne(payers).median for payers in BORNE.values())
    return words(
        "finding_cost",
        budget=words.money(budget)[0],
        others=words.money(others)[0],
        new=words.money(money.new("programme").median)[0],
        unit=words.money_unit,
    )


def envelope_table(money: Money, words: Words) -> str:
    """The two envelopes: what awards cost, and what is steered to clusters in all."""
    rows = []
    for name, sorts in (("award", ("award",)), ("programme", NEW)):
        sums = [
            Band.of(money.sums(AS_ISSUED, {"sort": sorts}, discounted=discounted))
            for discounted in (False, True)
        ]
        due = Band.of(money.sums(AS_ISSUED, {"sort": sorts}, kinds=("committed",)))
        rows.append(
            [
                words.name("envelopes", name),
                *(f"{words.money(b.median)[0]}{_bracketed(b, words)}" for b in sums),
                words.money(money.new(name).median)[0],
                words.money(due.median)[0],
            ]
        )
    return markdown(words.lines("envelope_head"), rows)


def county_sentence(money: Money, words: Words) -> str:
    """Nothing new for county clusters, and what happens to the pooled money of their members."""
    new = money.sums(AS_ISSUED, {"sort": NEW, "tier": "county"})
    change = pooled_change(money, {"tier": "county"})
    if change is None:
        return ""
    key = "county_money" if float(new.abs().max()) == 0.0 else "county_money_some"
    return words(
        key,
        new=words.money(float(new.median()))[0],
        change=_change(change, words),
        unit=words.money_unit,
    )


def award_table(worlds: Worlds, money: Money, words: Words) -> str:
    """The award's own effect on yearly value added beside what it costs.

    Args:
        worlds: Runs of all scenarios of the store.
        money: Money of the runs.
        words: Texts and number formats of the page's language.
    """
    rows = []
    for unit in UNITS:
        gap = worlds.difference("value_added", unit, HORIZON, AS_ISSUED, NO_AWARD)
        effect = worlds.effect("value_added", unit, HORIZON, AS_ISSUED, NO_AWARD)
        if effect is None:
            continue
        where = {"tier": unit[1]} if unit[0] == "tier" else {}
        paid = money.band(AS_ISSUED, {"sort": "award", **where})
        own = words.estimate(Estimate.of(gap), words.scaled(1.0, "value_added"))
        rows.append(
            [
                words.name("tier_names", unit[1]),
                f"{words.money(paid.median)[0]}{_bracketed(paid, words)}",
                "".join(own),
                words.effect(effect),
                words.name("verdict_of_effect", effect.verdict),
            ]
        )
    head = words.lines("award_head")
    unit_name = words.bracketed(words.money_unit)
    return markdown([head[0], head[1] + unit_name, head[2] + unit_name, *head[3:]], rows, 1)
