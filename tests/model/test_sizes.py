"""Levers made larger or smaller from 2024 on: as if there were none at 0, dearer when larger."""

from dataclasses import replace

import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.scenarios import load
from tests.model.policy import DESIGNS, ISSUED, assert_same_run, books_of, having

ROWS, LAST = 600, 2025
LAST_OLD, FIRST_NEW = quarter_index(2023, 4), quarter_index(2024, 1)


@pytest.fixture(scope="module")
def to_date():
    """The province with every lever there is."""
    return replace(having(load("policy_to_date"), *DESIGNS), rows=ROWS)


@pytest.fixture(scope="module")
def from_2024(to_date, populate):
    """Goes on from the end of 2023, until when nothing differs, under another scenario."""
    past = ClusterPolicyModel(to_date, rng=3, population=populate(ROWS))
    past.run_through(LAST_OLD)

    def run(scenario, **parameters):
        model = past.branch(scenario)
        model.parameters.update(parameters)
        model.run_until_year(LAST)
        return model

    return run


def sized(scenario, **sizes):
    return scenario.with_draw({}, {}, sizes)


def without(scenario, lever):
    """The scenario with a lever ended with 2023; without it where it had not begun."""
    kept = [x for x in scenario.levers if x.id != lever or x.start < FIRST_NEW]
    ended = (replace(x, end=min(x.end or LAST_OLD, LAST_OLD)) if x.id == lever else x for x in kept)
    return replace(scenario, levers=tuple(ended))


@pytest.mark.parametrize("lever", ISSUED)
def test_a_lever_of_no_size_is_one_that_ended_with_history(from_2024, to_date, lever):
    none = from_2024(sized(to_date, **{lever: 0.0}))
    assert_same_run(none, from_2024(without(to_date, lever)))


def test_history_is_the_same_whatever_the_sizes(to_date, populate):
    double = sized(to_date, **dict.fromkeys(ISSUED, 2.0))
    runs = [ClusterPolicyModel(of, rng=3, population=populate(ROWS)) for of in (to_date, double)]
    for run in runs:
        run.run_until_year(2023)
    assert_same_run(*runs)
    for run in runs:
        run.run_until_year(2024)
    with pytest.raises(AssertionError):
        assert_same_run(*runs)


def spent(model, lever):
    """What a lever pays, invests and forgoes after 2023, yuan."""
    books = books_of(model)
    chosen = (books["lever"] == lever) & books["kind"].isin(["paid", "invested", "forgone"])
    return float(books["yuan"][chosen & (books["year"] > 2023)].sum())


SPENDING = [
    name
    for name, lever in ISSUED.items()
    if lever.fund
    # A sum that others spend, a split of it, a tour of contests that the centre does not pay for
    # out of the ledger, one that has ended, and audits, which take back.
    and name not in (
        "special_funds", "fund_steering", "national_cluster_contest", "digital_subsidy_2021_2023",
        "rd_audit",
    )
]  # fmt: skip


FAILURES = {"exit_below": 0.5, "exit_above": 0.5, "scrap_value": 0.0}
"""Bad years: a guarantor pays for failures alone, and in two ordinary years few of those it covers
fail owing more than they have."""


@pytest.mark.parametrize("lever", SPENDING)
def test_a_larger_lever_costs_more(from_2024, to_date, lever):
    # Nothing is short, so that what is left of a purse does not decide.
    rich = {"special_funds": 12.0}
    years = FAILURES if lever == "credit_guarantee" else {}
    cost = [
        spent(from_2024(sized(to_date, **rich, **{lever: times}), **years), lever)
        for times in (0.0, 0.5, 1.0, 2.0)
    ]
    assert cost == sorted(cost)
    assert cost[-1] > cost[1] >= cost[0]
    # What was promised before goes on being paid.
    assert cost[0] == 0.0 or ISSUED[lever].start < FIRST_NEW
