"""Money by year, fund, payer, tier and city group, as the ledger booked it.

Steered money is what the document moves to cluster enterprises out of a sum that is the same with
and without it; pooled money is the rest. What the document has paid from other funds, older
programmes and tax forgone stand apart, and so does equity, which is invested and not spent. What
audits take back is less paid. What it all costs, and whom, is found in `experiments.effects.costs`
alone. Every sum is told by its mean over the runs: means of parts add up to that of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import pandas as pd

from jiqun.experiments.effects.costs import (
    BEARERS,
    BORNE,
    BUDGET,
    DISCOUNT,
    KIND,
    NET,
    Bookings,
    Books,
    flows,
    runs_of,
    set_otherwise,
)
from jiqun.experiments.effects.effect import RUN, SPREAD, Estimate, main_runs
from jiqun.experiments.effects.who_pays import SUMS, payments, who_pays
from jiqun.experiments.stores.sql import frame_of
from jiqun.model.accounting import YUAN
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION
from jiqun.notebooks.tables import markdown
from jiqun.notebooks.trust.evidence import AS_ISSUED, HORIZON, ORIGIN, REFERENCE
from jiqun.notebooks.words import ABSENT, SUM, quantity, written
from jiqun.notebooks.worlds import NO_AWARD, POLICY_YEARS, UNITS
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jiqun.experiments import Results
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
"""What the document directs: directed payments."""
SCENARIOS = (AS_ISSUED, REFERENCE, NO_AWARD)
RECOGNISED = {
    "provincial": ("clusters_provincial",),
    "national": ("clusters_national_fields", "clusters_world_fields"),
}
"""Level of an award to the targets that count the clusters which would get it."""
ALL = "all"
"""All who bear a cost together."""
EXACT = {"zh": 2, "en": 3}
"""Decimals of sums that are added up in a table, by language: a hundredth of 100 million yuan."""


@dataclass(frozen=True)
class Sum:
    """A sum of money over the runs.

    Attributes:
        low: What one run of twenty is below.
        mean: Mean over the runs.
        high: What one run of twenty is above.
    """

    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, values: pd.Series[float]) -> Sum:
        """The sum of the values of some runs."""
        low, high = values.quantile(list(SPREAD))
        return cls(float(low), float(values.mean()), float(high))


@dataclass(frozen=True)
class Paid:
    """Yuan by run and what it was for.

    Attributes:
        frame: Rows scenario, draw, seed, population, year, payer, place, tier, sort, kind, yuan;
            years after the origin.
        runs: Runs by scenario: a run without a row had none of that money.
    """

    frame: pd.DataFrame
    runs: dict[str, pd.MultiIndex]

    @cached_property
    def _bookings(self) -> Bookings:
        return Bookings(self.frame, self.runs)

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
        where = {
            column: (values,) if isinstance(values, str) else values
            for column, values in chosen.items()
        }

        def within(*some: int) -> pd.Series[float]:
            return self._bookings.sums(scenario, year=some, kind=kinds, **where)

        if not discounted:
            return within(*years)
        by_year = [within(year) / (1.0 + DISCOUNT) ** (year - years[0]) for year in years]
        return sum(by_year[1:], start=by_year[0])

    def total(self, scenario: str, chosen: Where, years: tuple[int, ...] = POLICY_YEARS) -> Sum:
        """Mean and range of a sum.

        Args:
            scenario: Name of the scenario.
            chosen: Column to the value, or values, that count.
            years: Years that are added.
        """
        return Sum.of(self.sums(scenario, chosen, years))


@dataclass(frozen=True)
class Money(Paid):
    """What was paid, and what it cost.

    Attributes:
        books: Present costs of the same runs.
        flows: All their bookings, those too that are no cost (`costs.flows`).
    """

    books: Books
    flows: pd.DataFrame

    def borne(self, payers: Collection[str] = BEARERS) -> Sum:
        """What the document costs some payers, present value."""
        return Sum.of(self.books.cost(AS_ISSUED, REFERENCE, directed(), payers))

    def new(self) -> Sum:
        """What of the cost of the document's measures is new money, present value."""
        return Sum.of(self.books.new(AS_ISSUED, REFERENCE, directed())["programme"])


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


def gather_money(results: Results, paid: Paid) -> Money:
    """Read what the bookings of a store cost beside what was paid by city.

    Args:
        results: The store.
        paid: As `gather_paid` returns it; its places become groups of cities.
    """
    groups = {city: REGION.group_of(city) for city in paid.frame["place"].cat.categories}
    apart = [name for name in paid.frame if name != "yuan"]
    frame = paid.frame.assign(place=paid.frame["place"].map(groups).astype("category"))
    frame = frame.groupby(apart, observed=True)["yuan"].sum().reset_index()
    booked = flows(results, SCENARIOS)
    # What a provision pays is no second cost.
    books = Books(booked[~booked["covered"]], paid.runs)
    return Money(frame, paid.runs, books, booked)


def gather_paid(results: Results) -> Paid | None:
    """Read the ledger of a store, added up to what is told of cities; None where there is none."""
    with results.connect() as connection:
        frame = frame_of(
            connection,
            f"""
            SELECT run.scenario, run.draw, run.seed, run.population, l.year, l.payer, l.tier,
                {KIND} AS kind,
                l.city AS place,
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
            ("scenario", "payer", "tier", "kind", "place", "sort"),
        )
    if frame.empty:
        return None
    none = pd.MultiIndex.from_arrays([[]] * len(RUN), names=RUN)
    runs = runs_of(results)
    return Paid(frame, {name: runs.get(name, none) for name in SCENARIOS})


def paid_of(scenario: str, chosen: Where, years: tuple[int, ...] = POLICY_YEARS) -> str:
    """What a sum of the ledger is of, as pages mark it.

    Args:
        scenario: Name of the scenario.
        chosen: Columns and the values wanted.
        years: Years that are added.
    """
    parts = (
        f"{column}={values if isinstance(values, str) else '+'.join(values)}"
        for column, values in chosen.items()
    )
    return quantity("money", scenario, *parts, f"{years[0]}-{years[-1]}")


def paid(
    money: Paid,
    words: Words,
    scenario: str,
    chosen: Where,
    years: tuple[int, ...] = POLICY_YEARS,
) -> str:
    """The mean of a sum of the ledger, as it is told.

    Args:
        money: Money of the runs.
        words: Texts and number formats of the page's language.
        scenario: Name of the scenario.
        chosen: Columns and the values wanted.
        years: Years that are added.
    """
    found = money.total(scenario, chosen, years)
    return words.told(paid_of(scenario, chosen, years), words.money(found.mean)[0])


def year_table(money: Money, words: Words) -> str:
    """Money paid by year and kind, as issued, and the sum without the document."""
    rows = []
    parts: list[tuple[str, str | tuple[str, ...]]] = [(sort, sort) for sort in (*GROUPS, EQUITY)]
    parts.insert(len(SPECIAL), ("special", SPECIAL))
    for sort, sorts in parts:
        chosen = {"sort": sorts}
        total, without = (money.total(name, chosen) for name in (AS_ISSUED, REFERENCE))
        if total.high == without.high == 0.0:
            continue
        rows.append(
            [
                words.name("money_sorts", sort),
                *(paid(money, words, AS_ISSUED, chosen, (year,)) for year in POLICY_YEARS),
                f"**{paid(money, words, AS_ISSUED, chosen)}**{_bracketed(total, words)}",
                paid(money, words, REFERENCE, chosen),
            ]
        )
    directs = {"sort": NEW}
    rows.append(
        [
            f"**{words('money_directed')}**",
            *(paid(money, words, AS_ISSUED, directs, (year,)) for year in POLICY_YEARS),
            f"**{paid(money, words, AS_ISSUED, directs)}**"
            + _bracketed(money.total(AS_ISSUED, directs), words),
            paid(money, words, REFERENCE, directs),
        ]
    )
    head = words.lines("money_head")
    return markdown([head[0], *map(str, POLICY_YEARS), *head[1:]], rows)


def _bracketed(found: Sum, words: Words) -> str:
    return words.bracketed(words.between(*words.money([found.low, found.high])))


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


def received(money: Paid, words: Words, where: Where) -> list[str]:
    """What some receive over the four years: a cell for each column of the table after the first.

    Args:
        money: Money of the runs.
        words: Texts and number formats of the page's language.
        where: Columns and the values wanted, such as a tier or a place.
    """
    cells = [
        paid(money, words, AS_ISSUED, {"sort": sort, **where})
        for sort in ("award", "steered", "pooled", "older", "tax")
    ]
    change = pooled_change(money, where)
    cells.insert(3, ABSENT if change is None else _change(change, words, _change_of(where)))
    return cells


def _change_of(where: Where) -> str:
    return quantity("pooled change", *where.values()).replace(" ", "-")


def _change(found: Sum, words: Words, of: str) -> str:
    mean, low, high = words.signed([100 * v for v in (found.mean, found.low, found.high)], most=0)
    gap = "" if words.lang == "zh" else " "
    return f"{words.told(of, mean)}{gap}%{words.bracketed(words.between(low, high))}"


def pooled_change(money: Paid, where: Where) -> Sum | None:
    """Relative change of pooled money against the world without the document, run by run."""
    with_ = money.sums(AS_ISSUED, {"sort": "pooled", **where})
    without = money.sums(REFERENCE, {"sort": "pooled", **where})
    change = (with_ / without.where(without > 0.0) - 1.0).dropna()
    return Sum.of(change) if len(change) else None


def payer_table(money: Money, words: Words) -> str:
    """What each budget pays and forgoes over the four years, with and without the document."""
    both = [payments(money.flows, money.runs, name) for name in (AS_ISSUED, REFERENCE)]
    rows = []
    for payer in BUDGET:
        with_, without = (float(found[payer]) for found in both)
        where = {"payer": payer, "sort": "tax"}
        forgone = [
            Sum.of(money.sums(name, where, discounted=True, kinds=("forgone",))).mean
            for name in (AS_ISSUED, REFERENCE)
        ]
        more = words.told(_bearer_of("payments", payer), _exact([with_ - without], words)[0])
        cells = [*_exact([with_, without], words), more, *_exact(forgone, words)]
        rows.append([words.name("payers", payer), *cells])
    return markdown(words.lines("payer_head"), rows)


def _bearer_of(part: str, payer: str) -> str:
    return quantity("bearer", part, payer)


def _exact(yuan: Sequence[float], words: Words) -> list[str]:
    """Sums that are added up: all with the same decimals."""
    return [written(words.scaled(value, "value_added"), EXACT[words.lang]) for value in yuan]


def bridge_table(money: Money, words: Words) -> str:
    """From new money to what each bearer pays more; bearers and parts of nothing are left out."""
    found = who_pays(money.flows, money.runs, AS_ISSUED, REFERENCE, directed())
    found = found.loc[:, (found.abs() >= YUAN).any()]
    found = found.assign(**{ALL: found.sum(axis=1)})
    rows = []
    for part, values in found.iterrows():
        if part not in SUMS and (values.abs() < YUAN).all():
            continue
        cells = [
            ABSENT
            if abs(float(yuan)) < YUAN
            else words.told(_bearer_of(str(part), str(payer)), _exact([float(yuan)], words)[0])
            for payer, yuan in values.items()
        ]
        name = words.name("bridge_parts", str(part))
        if part in SUMS:
            name, *cells = (f"**{cell}**" for cell in (name, *cells))
        rows.append([name, *cells])
    names = [
        words("borne_total") if payer == ALL else words.name("payers", str(payer))
        for payer in found.columns
    ]
    return markdown([words("bridge_head"), *names], rows)


def bearer_table(money: Money, words: Words) -> str:
    """What the document costs, by who bears it: the budgets, then others, then all."""
    rows = []
    for part, payers in BORNE.items():
        rows += [
            [
                words.name("payers", payer),
                _cost(money.borne((payer,)), words, _bearer_of("cost", payer)),
            ]
            for payer in payers
        ]
        told = _cost(money.borne(payers), words, quantity("cost", part))
        rows.append([f"**{words.name('borne', part)}**", told])
    rows.append(
        [f"**{words('borne_total')}**", _cost(money.borne(), words, _bearer_of("cost", ALL))]
    )
    rows.append([words("borne_new"), _cost(money.new(), words, _bearer_of("new", ALL))])
    return markdown(words.lines("bearer_head"), rows)


def _cost(found: Sum, words: Words, of: str) -> str:
    told = _mean(found, words, of)
    return told if found.low == found.high == 0.0 else told + _bracketed(found, words)


def cost_sentence(money: Money, words: Words) -> str:
    """What the budgets bear and what others bear, and how much of what is directed is new."""
    sums = {part: money.borne(payers) for part, payers in BORNE.items()}
    told = {part: _mean(found, words, quantity("cost", part)) for part, found in sums.items()}
    return words(
        "finding_cost",
        new=_mean(money.new(), words, _bearer_of("new", ALL)),
        unit=words.money_unit,
        **told,
    )


def _mean(found: Sum, words: Words, of: str) -> str:
    return words.told(of, words.money(found.mean)[0])


def envelope_table(money: Money, words: Words) -> str:
    """What awards pay, and what is directed to clusters in all: paid, discounted, committed."""
    rows = []
    for name, sorts in (("award", "award"), ("directed", NEW)):
        where: Where = {"sort": sorts}
        now = Sum.of(money.sums(AS_ISSUED, where, discounted=True))
        due = Sum.of(money.sums(AS_ISSUED, where, kinds=("committed",)))
        rows.append(
            [
                words.name("directed", name),
                paid(money, words, AS_ISSUED, where)
                + _bracketed(money.total(AS_ISSUED, where), words),
                _mean(now, words, "") + _bracketed(now, words),
                words.money(due.mean)[0],
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
        new=words.money(float(new.mean()))[0],
        change=_change(change, words, _change_of({"tier": "county"})),
        unit=words.money_unit,
    )


def document_sums(words: Words) -> str:
    """What the document's own numbers come to: clusters aimed at times the award of each."""
    rows = {row.id: row for row in table("policy_targets")}
    told: dict[str, str] = {}
    for level, counts in RECOGNISED.items():
        each = float(rows[f"award_{level}"].value)
        count = sum(int(float(rows[name].value)) for name in counts)
        told |= {f"{level}_count": str(count), f"{level}_sum": words.money(each * count)[0]}
        told[f"{level}_each"] = words.name("award_each", level)
    return words("document_sums", unit=words.money_unit, **told)


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
        chosen: Where = {"sort": "award", **where}
        of = quantity(effect.of, SUM)
        own = words.estimate(Estimate.of(gap), words.scaled(1.0, "value_added"), of=of)
        rows.append(
            [
                words.name("tier_names", unit[1]),
                paid(money, words, AS_ISSUED, chosen)
                + _bracketed(money.total(AS_ISSUED, chosen), words),
                "".join(own),
                words.effect(effect),
                words.name("verdict_of_effect", effect.verdict),
            ]
        )
    head = words.lines("award_head")
    unit_name = words.bracketed(words.money_unit)
    return markdown([head[0], head[1] + unit_name, head[2] + unit_name, *head[3:]], rows, 1)
