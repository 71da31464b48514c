"""What tests of policy share: levers changed by hand, and a run watched from outside its ledger."""

import copy
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jiqun.model.calendar import year_of
from jiqun.model.dimensions import CITIES, TIERS
from jiqun.model.lever import Lever, always
from jiqun.model.policy import cluster_support, horse_race, payments
from jiqun.model.quarter import QUARTER
from jiqun.scenarios.levers import declarations, issued
from jiqun.scenarios.tables import table

ISSUED = {name: issued(lever) for name, lever in declarations().items()}
"""Every declared lever with the terms it was issued with."""
DESIGNS = tuple(lever for lever in ISSUED.values() if lever.origin == "design")
"""Levers that no reference run has."""
ACTING = {row.name: row.high for row in table("parameters") if row.value == 0.0 < row.high}
"""Parameters that are nothing at the centre: what hangs on one of them moves nothing there."""
RACING = [TIERS.index(tier) for tier in ("world", "national", "provincial")]
"""Numbers of the tiers that the document's levers are for."""
ALL = {"take_up_start": 1.0, "take_up_full": 1.0}
"""Terms under which all who may claim do."""
SHAPE = (len(CITIES), len(TIERS))
# Money for members of a cluster may go through a platform; neither stage lets rows come or go.
PAYING = ("programmes", "costs and taxes", "investment and finance", "exit")


def changed(lever, who=None, **terms):
    """The lever with terms (and target groups) set from its start, and none of them drawn."""
    dated = {name: ((lever.start, float(value)),) for name, value in terms.items()}
    drawn = {term: name for term, name in lever.drawn.items() if term not in terms}
    groups = lever.who if who is None else always({**lever.groups(lever.start), **who})
    return replace(lever, terms={**lever.terms, **dated}, who=groups, drawn=drawn)


def having(scenario, *levers):
    """The scenario with these levers in place of those of the same id, or added."""
    new = {lever.id: lever for lever in levers}
    kept = tuple(new.pop(lever.id, lever) for lever in scenario.levers)
    return replace(scenario, levers=(*kept, *new.values()))


def setting(scenario, lever_id, who=None, **terms):
    """The scenario with terms of one lever set from its start; issued if it has none."""
    lever = scenario.lever(lever_id) or ISSUED[lever_id]
    return having(scenario, changed(lever, who, **terms))


def lacking(scenario, *ids):
    """The scenario without some levers."""
    return replace(scenario, levers=tuple(x for x in scenario.levers if x.id not in ids))


def term_of(scenario, lever_id, name, quarter):
    """Value of a lever's term in a quarter; zero without the lever."""
    lever = scenario.lever(lever_id)
    return 0.0 if lever is None else lever.value(name, quarter)


def of_year(model, outcome, level="province"):
    """Year to value of an outcome of the province, or (year, unit) to value at another level."""
    records = model.records()
    chosen = (records["level"] == level) & (records["outcome"] == outcome)
    years, units = records["year"][chosen].tolist(), records["unit_name"][chosen].tolist()
    keys = years if level == "province" else list(zip(years, units, strict=True))
    return dict(zip(keys, records["value"][chosen].tolist(), strict=True))


def books_of(model):
    """The ledger of a run as a table."""
    return pd.DataFrame(model.ledger_records())


def _books_without(model, run_costs_of):
    """The ledger of a run by column, without what it takes to run one lever."""
    books = model.ledger_records()
    if run_costs_of is None:
        return books
    kept = (books["lever"] != run_costs_of) | (books["origin"] != "beside")
    return {name: values[kept] for name, values in books.items()}


def assert_same_run(one, other, run_costs_of=None):
    """All outcomes, columns, books and clusters agree to the last bit.

    What it takes to run a lever is booked whatever it gives: of one lever that is left out.
    """
    for name, values in one.enterprises.columns.items():
        assert values.tobytes() == other.enterprises.columns[name].tobytes(), name
    assert one.records()["value"].tobytes() == other.records()["value"].tobytes()
    mine, others = (_books_without(model, run_costs_of) for model in (one, other))
    assert set(mine) == set(others)
    for name, values in mine.items():
        assert np.array_equal(values, others[name]), name
    for cluster, twin in zip(one.clusters, other.clusters, strict=True):
        assert (cluster.status, cluster.score, cluster.received, cluster.platform) == (
            twin.status, twin.score, twin.received, twin.platform,
        )  # fmt: skip


def entries(books, **wanted):
    """Rows of the ledger with the values given, or one of those given."""
    for column, value in wanted.items():
        among = value if isinstance(value, tuple | list | set) else (value,)
        books = books[books[column].isin(among)]
    return books


def summed(books, **wanted):
    """Yuan in the rows of the ledger that match."""
    return float(entries(books, **wanted)["yuan"].sum())


class Watch:
    """What is seen of a run from outside the ledger.

    Attributes:
        received: Year to what enterprises received by city and tier, from their own columns.
        platforms: Year to what went into platforms by city and tier, from the clusters' stocks.
        forgone: Year to tax that enterprises were let off, from their own columns.
        booked: (kind, lever, quarter) to ids and yuan of enterprises, each time any was booked.
        parts: (kind, lever, origin, fund) to the same.
        bought: Quarter to ids and what each spent on plant, digital and green upgrades.
        rd: Quarter in which a year begins to ids and the R&D that its grants are for.
        instalments: Of each payment to a cluster: quarter, cluster, yuan and status at the time.
        awards: Of each award promised to a cluster: quarter, cluster and yuan.
        titles: Year to the status of every cluster at its end.
    """

    def __init__(self):
        self.received = defaultdict(lambda: np.zeros(SHAPE))
        self.platforms = defaultdict(lambda: np.zeros(SHAPE))
        self.forgone = defaultdict(float)
        self.booked, self.parts = defaultdict(list), defaultdict(list)
        self.bought, self.rd = {}, {}
        self.instalments, self.awards = [], []
        self.support = defaultdict(float)
        self.titles = {}

    def stage(self, run):
        """A stage of the quarter that notes what it gives to enterprises and platforms."""

        def watched(m):
            e, w = m.enterprises, m.enterprises.weight.copy()  # those who leave lose theirs
            before, kept = e.year_subsidy.copy(), e.year_tax_forgone.copy()
            stock, spent = [cluster.platform for cluster in m.clusters], e.year_investment.copy()
            if m.quarter % 4 == 0:
                self.rd[m.quarter] = (e.id.copy(), e.last_rd_reported.copy())
            run(m)
            if np.any(spent != e.year_investment):
                self.bought[m.quarter] = (e.id.copy(), e.year_investment - spent)
            gained = np.bincount(
                e.city * SHAPE[1] + e.tier, w * (e.year_subsidy - before), SHAPE[0] * SHAPE[1]
            )
            self.received[m.year] += gained.reshape(SHAPE)
            self.forgone[m.year] += float(w @ (e.year_tax_forgone - kept))
            for cluster, was in zip(m.clusters, stock, strict=True):
                place = (cluster.city, TIERS.index(cluster.tier))
                self.platforms[m.year][place] += (cluster.platform - was) * m.markets.price_level

        return watched


@contextmanager
def watching():
    """Watch the runs made inside the block."""
    watch = Watch()
    pay, book, race = cluster_support.pay_instalment, payments.book, horse_race.run_race
    promise = cluster_support.book

    def pay_seen(m, award, number, yuan):
        watch.instalments.append((m.quarter, number, yuan, m.clusters[number].status))
        pay(m, award, number, yuan)

    def promise_seen(m, lever, kind, source, cluster, yuan):
        if kind == "committed" and lever.channel == "award":
            watch.awards.append((m.quarter, m.clusters.index(cluster), yuan))
        place = CITIES[cluster.city], cluster.tier
        watch.support[m.year, lever.id, kind.value, source.origin.value, *place] += yuan
        promise(m, lever, kind, source, cluster, yuan)

    def book_seen(m, lever, kind, source, rows, yuan, payer=None):
        entry = m.enterprises.id[rows], yuan
        watch.booked[kind, lever.id, m.quarter].append(entry)
        watch.parts[kind, lever.id, *source].append(entry)
        book(m, lever, kind, source, rows, yuan, payer)

    def race_seen(m):
        race(m)
        watch.titles[m.year] = [cluster.status for cluster in m.clusters]

    order = tuple(
        replace(each, run=watch.stage(each.run)) if each.name in PAYING else each
        for each in QUARTER
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jiqun.model.model.QUARTER", order)
        patch.setattr(cluster_support, "pay_instalment", pay_seen)
        patch.setattr(payments, "book", book_seen)
        patch.setattr(horse_race, "run_race", race_seen)
        patch.setattr(cluster_support, "book", promise_seen)
        yield watch


def by_place(books, *, platforms):
    """Yuan paid to platforms or to enterprises: year to a table of city and tier."""
    kinds = books["kind"].isin(["paid", "repaid"])
    chosen = books[kinds & ((books["payee"] == "platform") == platforms)]
    # What an audit took back is less received.
    chosen = chosen.assign(yuan=chosen["yuan"].where(chosen["kind"] == "paid", -chosen["yuan"]))
    tables = defaultdict(lambda: np.zeros(SHAPE))
    sums = chosen.groupby(["year", "city", "tier"])["yuan"].sum()
    for (year, city, tier), yuan in sums.items():
        tables[year][CITIES.index(city), TIERS.index(tier)] = yuan
    return tables


def most_promised(watch, lever, *, by_year=False):
    """Largest sum committed to one enterprise in a quarter, or in a year, yuan."""
    sums = defaultdict(list)
    for (kind, name, quarter), booked in watch.booked.items():
        if kind == "committed" and name == lever:
            sums[year_of(quarter) if by_year else quarter] += booked
    most = 0.0
    for booked in sums.values():
        ids, yuan = (np.concatenate(part) for part in zip(*booked, strict=True))
        _, place = np.unique(ids, return_inverse=True)
        most = max(most, np.bincount(place, yuan).max(initial=0.0))
    return float(most)


def by_enterprise(watch, kind, origin, fund, levers):
    """Id to yuan booked of a kind under some levers out of a part of the money."""
    found = defaultdict(float)
    for name in levers:
        for ids, yuan in watch.parts[kind, name, origin, fund]:
            for i in np.flatnonzero(yuan):
                found[int(ids[i])] += float(yuan[i])
    return found


def trial(who=None, start=0, end=None, name="trial", **terms):
    """A lever whose terms hold from its start."""
    dated = {term: ((start, value),) for term, value in terms.items()}
    return Lever(name, "later", "price_of_digital", "", start, end, dated, always(who or {}))


def fork(model, scenario):
    """A copy of a model that goes on under another scenario."""
    twin = copy.deepcopy(model)
    twin.policy = scenario
    return twin


def stage(name):
    """The function of a stage of the quarter."""
    (found,) = (each.run for each in QUARTER if each.name == name)
    return found


def in_place_of(stages, name, run):
    """The stages with another function in one of them."""
    assert name in {each.name for each in stages}
    return tuple(replace(each, run=run) if each.name == name else each for each in stages)


def run_to(model, last):
    """Run the next quarter up to and with a stage, so that what it leaves can be looked at."""
    model.open_quarter()
    for stage in QUARTER:
        stage.run(model)
        if stage.name == last:
            return model
    raise ValueError(last)


def with_and_without(model, scenario, lever, last, **terms):
    """Two models at a stage of the next quarter: with a lever set, and without it."""
    with_it = run_to(fork(model, setting(scenario, lever, **terms)), last)
    return with_it, run_to(fork(model, lacking(scenario, lever)), last)
