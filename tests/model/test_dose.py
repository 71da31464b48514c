"""A thousandth of a lever does next to nothing: presence alone does not act."""

import numpy as np
import pytest

from benchmarks.doses import effects

pytestmark = pytest.mark.slow

CALLS = (
    "open_bid_projects", "short_board_projects", "foundation_projects", "innovation_institutes",
    "digital_voucher",
)  # fmt: skip


def test_a_thousandth_of_a_call_takes_no_window_of_another():
    for name, found in effects(CALLS, seeds=2, sizes=(0.001,)).items():
        # Who comes last in a queue may change with a few yuan of a purse.
        assert np.abs(found).max() < 1e-3, name
