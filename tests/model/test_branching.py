"""A run that branches from another is the run made by itself, and only where their past is one."""

from dataclasses import replace

import numpy as np
import pytest

from jiqun.model.branching import first_difference
from jiqun.model.calendar import quarter_index
from jiqun.scenarios import load
from tests.model.policy import DESIGNS, ISSUED, changed, having, lacking, setting

PAST, LAST = quarter_index(2023, 4), 2025
BRANCH = quarter_index(2021, 3)


@pytest.fixture
def alike(same):
    """Asserts that two runs agree to the last bit in all that they record, hold and have booked."""

    def compare(one, other):
        same(one.records(), other.records())
        for mine, theirs in zip(
            one.ledger_records().values(), other.ledger_records().values(), strict=True
        ):
            assert np.array_equal(mine, theirs)
        for name, values in one.enterprises.columns.items():
            assert values.tobytes() == other.enterprises.columns[name].tobytes(), name
        assert (one.time, one.quarter, one.policy) == (other.time, other.quarter, other.policy)

    return compare


def small(name):
    return replace(load(name), rows=600)


def late(lever, start):
    """The lever with a later start; what its terms are then stays."""
    first = {term: (start, lever.value(term, start, steps[0][1]))
             for term, steps in lever.terms.items()}  # fmt: skip
    later = {t: [step for step in steps if step[0] > start] for t, steps in lever.terms.items()}
    terms = {term: (first[term], *later[term]) for term in lever.terms}
    return replace(lever, start=start, end=None, terms=terms)


NONE, ISSUED_55 = small("without_document_55"), small("as_issued")
VOUCHER, AWARD = ISSUED_55.lever("digital_voucher"), ISSUED_55.lever("cluster_award")
DEAR = replace(NONE.outside, position={"demand": 1.0}, times={"energy_price": 1.2})
CUT = {**VOUCHER.terms, "rate": (*VOUCHER.terms["rate"], (PAST + 4, 0.1))}
NARROW = (*VOUCHER.who, (PAST + 6, {**VOUCHER.who[0][1], "size": ("small",)}))
CHAIN = ISSUED_55.lever("leader_digital_platforms")
PAIRS = {
    "as issued": (NONE, ISSUED_55, PAST + 1),
    "a lever otherwise": (ISSUED_55, setting(ISSUED_55, "fund_steering", theta=0.0), PAST + 1),
    "a lever later": (ISSUED_55, having(ISSUED_55, late(VOUCHER, PAST + 5)), PAST + 1),
    "a date of a term": (ISSUED_55, having(ISSUED_55, replace(VOUCHER, terms=CUT)), PAST + 4),
    "groups of a date in a year": (
        ISSUED_55,
        having(ISSUED_55, replace(VOUCHER, who=NARROW)),
        PAST + 6,
    ),
    "groups of what is settled by year": (
        ISSUED_55,
        having(ISSUED_55, replace(CHAIN, who=NARROW)),
        PAST + 6,
    ),
    "an end in a year": (ISSUED_55, having(ISSUED_55, replace(AWARD, end=PAST + 6)), PAST + 7),
    "another world": (NONE, replace(NONE, outside=DEAR), PAST + 1),
    "another horizon": (NONE, NONE.until(2026), quarter_index(2028, 1)),
}
"""Two scenarios with a common past, and the first quarter in which they differ."""


@pytest.mark.parametrize("kind", PAIRS)
def test_a_branch_is_the_run_by_itself_and_disturbs_nobody(start, alike, kind):
    one, other, differ = PAIRS[kind]
    assert first_difference(one, other) == first_difference(other, one) == differ
    runs = [start(of=each, rows=600) for each in (one, other)]
    for run in runs:
        run.run_until_year(LAST)
    # In both directions, and whichever goes on first.
    for trunk, leaves in ((0, 1), (1, 0)):
        past = start(of=runs[trunk].policy, rows=600)
        past.run_through(min(differ - 1, quarter_index(2024, 2)))
        branch = past.branch(runs[leaves].policy)
        for run in (past, branch) if trunk else (branch, past):
            run.run_until_year(LAST)
        alike(past, runs[trunk])
        alike(branch, runs[leaves])


def test_no_lever_does_anything_before_the_year_in_which_it_starts(start, alike):
    """All levers there are, half of them in force from the start, the others late; then the rest.

    A rule that looks at a lever before its start makes the branch differ from the run by itself.
    """
    every = having(small("policy_to_date"), *DESIGNS)
    assert {lever.id for lever in every.levers} == set(ISSUED)
    for part in (0, 1):
        levers = tuple(
            late(lever, BRANCH) if number % 2 == part else late(lever, 0)
            for number, lever in enumerate(every.levers)
        )
        having_all = replace(every, levers=levers)
        without = replace(every, levers=tuple(v for v in levers if v.start < BRANCH))
        assert first_difference(without, having_all) == quarter_index(2021, 1)
        for one, other in ((without, having_all), (having_all, without)):
            past, alone = start(of=one, rows=600), start(of=other, rows=600)
            past.run_until_year(2020)
            branch = past.branch(replace(other, rows=600))
            for run in (branch, alone):
                run.run_until_year(2022)
            alike(branch, alone)


def test_money_promised_before_goes_on_under_the_levers_of_the_branch(start):
    issued = small("as_issued")
    past = start(of=issued, rows=600)
    past.run_until_year(2024)
    lever = past.programmes.payments_due[0].lever
    other = having(issued, replace(lever, end=PAST + 8))
    branch = past.branch(other)
    assert branch.programmes.payments_due[0].lever is other.lever(lever.id)
    assert past.programmes.payments_due[0].lever is lever
    assert branch.enterprises.model is branch


@pytest.mark.parametrize(
    "other",
    [
        lambda s: lacking(s, "rd_grant"),
        lambda s: setting(s, "rd_grant", rate=0.4),
        lambda s: having(s, replace(s.lever("rd_grant"), paid_by={"city": 1.0})),
        lambda s: having(s, changed(s.lever("rd_grant"), instalment_1=0.5)),
        lambda s: replace(s, parameters={**s.parameters, "sigma": 3.0}),
        lambda s: replace(s, rows=700),
        lambda s: replace(s, start=4),
        lambda s: replace(s, data_hash="other"),
        lambda s: replace(
            s, province=replace(s.province, marginals={**s.province.marginals, "a": 1.0})
        ),
        lambda s: replace(s, outside=replace(s.outside, loan_rate=((2018, 0.01),))),
    ],
    ids=[
        "lever", "term", "payer", "a term more", "parameter", "rows", "start", "data",
        "province", "history",
    ],
)  # fmt: skip
def test_nothing_is_shared_where_the_first_quarter_can_differ(scenario, other):
    assert first_difference(scenario, other(scenario)) <= scenario.start


def test_a_branch_is_refused_where_the_past_differs(start, scenario):
    model = start()
    with pytest.raises(ValueError, match="2019-Q1"):
        model.branch(replace(scenario, parameters={}))
    model.run_until_year(2022)
    lever = scenario.lever("digital_subsidy_2021_2023")
    rates = ((lever.start, lever.value("rate", lever.start)), (quarter_index(2022, 4), 0.9))
    planted = having(scenario, replace(lever, terms={**lever.terms, "rate": rates}))
    with pytest.raises(ValueError, match="2022-Q4"):
        model.branch(planted)
    later = ((quarter_index(2023, 1), rates[1][1]),)
    moved = having(scenario, replace(lever, terms={**lever.terms, "rate": (rates[0], *later)}))
    assert model.branch(moved).policy is moved
