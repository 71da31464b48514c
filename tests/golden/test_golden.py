"""The small run still gives the numbers that were kept."""

import pytest

from tests.golden.renew import kept, results


def test_results_are_those_kept():
    now, before = dict(results()), kept()
    assert set(now) == set(before)
    moved = {
        key: (before[key], value)
        for key, value in now.items()
        if value != pytest.approx(before[key], rel=1e-9, abs=1e-15)
    }
    assert not moved, f"{len(moved)} results moved; if they were meant to, run `make golden`"
