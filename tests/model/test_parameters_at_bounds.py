"""Each drawn parameter does something at the ends of its range."""

from dataclasses import replace
from functools import cache

import pytest

from jiqun.model import ClusterPolicyModel
from jiqun.scenarios import load
from jiqun.scenarios.tables import table
from tests.model.policy import ACTING, DESIGNS, having

pytestmark = pytest.mark.slow

ROWS, SEEDS = 1_200, (1, 2, 3, 4)
DRAWN = [row for row in table("parameters") if row.low < row.high]


@pytest.fixture(scope="module")
def to_date():
    return having(replace(load("policy_to_date"), rows=ROWS), *DESIGNS)


@pytest.fixture(scope="module")
def left(populate, to_date):
    """What a run with some parameters leaves: outcomes and books to 2027."""

    @cache
    def run(seed, name=None, value=0.0):
        of = to_date.with_draw(ACTING | ({} if name is None else {name: value}), {})
        model = ClusterPolicyModel(of, rng=seed, population=populate(ROWS))
        model.run_until_year(2027)
        return model.records()["value"].tobytes(), model.ledger_records()["yuan"].tobytes()

    return run


@pytest.mark.parametrize("row", DRAWN, ids=lambda row: row.name)
def test_a_parameter_at_an_end_of_its_range_changes_something(left, row):
    ends = [end for end in (row.low, row.high) if end != ACTING.get(row.name, row.value)]
    assert any(left(seed, row.name, end) != left(seed) for seed in SEEDS for end in ends)
