"""Equal cost: how far sizes are moved is scaled until the cost is that of another design."""

import pytest

from jiqun.app.equal import Equal
from jiqun.app.estimate import cost_of
from jiqun.app.state import read_query

MOST = {"cluster_award": 3.0, "digital_voucher": 2.5}


def test_all_moves_are_scaled_together_and_stay_where_they_are_allowed():
    search = Equal(read_query("set=cluster_award*2;digital_voucher*0.5"), 1e8, MOST)
    assert search.at(1.0).times == {"cluster_award": 2.0, "digital_voucher": 0.5}
    assert search.at(2.0).times == {"cluster_award": 3.0, "digital_voucher": 0.0}
    assert search.limit == 2.0


def test_the_scale_is_found_by_the_estimate(emulator):
    search = Equal(read_query("set=cluster_award*2"), 1.5e8, MOST)
    scale = search.by_estimate(lambda state: cost_of(state, emulator))
    assert scale == pytest.approx(1.5, rel=0.02)
    assert search.at(scale).times["cluster_award"] == pytest.approx(2.5, rel=0.02)


@pytest.mark.parametrize("target", [9e8, -1.0, 0.0])
def test_what_cannot_be_equalled_is_not_claimed(emulator, target):
    search = Equal(read_query("set=cluster_award*2"), target, MOST)
    assert search.by_estimate(lambda state: cost_of(state, emulator)) is None


def test_a_cost_that_is_not_told_ends_the_search():
    search = Equal(read_query("set=cluster_award*2"), 1e8, MOST)
    assert search.solve(lambda _: None) is None
