"""Each term of each lever does something at the bounds it may be set to, or is named as unmet."""

from dataclasses import replace
from functools import cache

import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.model.calendar import quarter_index
from jiqun.scenarios import load
from jiqun.scenarios.levers import declarations
from tests.model.policy import ACTING, DESIGNS, ISSUED, having

pytestmark = pytest.mark.slow

FIRST = quarter_index(2024, 1)
UNTIL = 2027
SEEDS = (1, 2, 3, 4)
UNMET = {("title_awards_hefei", "champion")}
"""What nobody meets in so few rows: champions are a handful a year, Hefei has a part of them."""
TERMS = [
    (name, term)
    for name, lever in declarations().items()
    if ISSUED[name].end is None or ISSUED[name].end >= FIRST
    for term in lever.terms
    if (name, term) not in UNMET
]


@pytest.fixture(scope="module")
def to_date():
    return having(replace(load("policy_to_date"), rows=1_200), *DESIGNS).with_draw(ACTING, {})


@pytest.fixture(scope="module")
def at_2023(populate, to_date):
    """Seed to the end of 2023; each is run once."""

    @cache
    def run(seed):
        model = ClusterPolicyModel(to_date, rng=seed, population=populate(1_200))
        model.run_until_year(2023)
        return model

    return run


@pytest.fixture(scope="module")
def as_issued(at_2023):
    """Seed to what the levers leave as they are."""
    return cache(lambda seed: left(at_2023(seed).branch(at_2023(seed).policy)))


def at(lever, term, value):
    """The lever with a term at a value from 2024, or its start if that is later, on."""
    first = max(FIRST, lever.start)
    before = tuple(step for step in lever.terms[term] if step[0] < first)
    return replace(lever, terms={**lever.terms, term: (*before, (first, value))})


def left(model):
    """Outcomes and books of a run."""
    model.run_until_year(UNTIL)
    return model.records()["value"].tobytes(), model.ledger_records()["yuan"].tobytes()


def moves(base, as_issued, name, term):
    """Whether a term at one of its bounds leaves other outcomes or books."""
    bounds = declarations()[name].terms[term].bounds
    levers = (at(base.policy.lever(name), term, bound) for bound in bounds)
    return any(left(base.branch(having(base.policy, lever))) != as_issued for lever in levers)


@pytest.mark.parametrize(("name", "term"), TERMS)
def test_a_term_at_its_bounds_changes_something(at_2023, as_issued, name, term):
    # What few meet, as a lost title or a champion's award, needs more than one run.
    assert any(moves(at_2023(seed), as_issued(seed), name, term) for seed in SEEDS)
