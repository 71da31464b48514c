"""Each term of each lever does something at the bounds it may be set to, or is declared idle."""

from dataclasses import replace

import pytest

from model import ClusterPolicyModel
from model.scenario import quarter_index
from scenarios import load
from scenarios.levers import declarations
from tests.model.policy import DESIGNS, ISSUED, having

pytestmark = pytest.mark.slow

FIRST = quarter_index(2024, 1)
UNTIL = 2027
TERMS = [
    (name, term)
    for name, lever in declarations().items()
    if ISSUED[name].end is None or ISSUED[name].end >= FIRST
    for term, declared in lever.terms.items()
    if not declared.idle
]


@pytest.fixture(scope="module")
def to_date():
    return having(replace(load("policy_to_date"), rows=1_200), *DESIGNS)


@pytest.fixture(scope="module")
def base(populate, to_date):
    model = ClusterPolicyModel(to_date, rng=1, population=populate(1_200))
    model.run_until_year(2023)
    return model


def at(lever, term, value):
    """The lever with a term at a value from 2024, or its start if that is later, on."""
    first = max(FIRST, lever.start)
    before = tuple(step for step in lever.terms[term] if step[0] < first)
    return replace(
        lever, terms={**lever.terms, term: (*before, (first, value))},
        drawn={name: row for name, row in lever.drawn.items() if name != term},
    )  # fmt: skip


def outcomes(model):
    model.run_until_year(UNTIL)
    return model.records()["value"].tobytes()


@pytest.fixture(scope="module")
def as_issued(base):
    return outcomes(base.branch(base.policy))


@pytest.mark.parametrize(("name", "term"), TERMS, ids="-".join)
def test_a_term_at_its_bounds_changes_an_outcome(base, as_issued, name, term):
    lever = base.policy.lever(name)
    moved = (at(lever, term, bound) for bound in declarations()[name].terms[term].bounds)
    assert any(outcomes(base.branch(having(base.policy, it))) != as_issued for it in moved)
