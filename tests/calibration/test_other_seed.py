"""Effects under two fits, side by side."""

import pandas as pd

from jiqun.calibration.fitting.other_seed import compared


def _effects(*rows):
    index = pd.MultiIndex.from_product(
        [["value_added"], list("abc")], names=["outcome", "unit_name"]
    )
    return pd.DataFrame(rows, index, ["low", "median", "high"])


def test_a_median_outside_either_interval_is_told():
    one = _effects((0.0, 1.0, 2.0), (0.0, 1.0, 2.0), (0.9, 1.0, 1.1))
    other = _effects((0.5, 1.5, 2.5), (1.9, 2.1, 2.5), (0.0, 1.5, 3.0))
    found = compared(one, other)
    assert found["within"].tolist() == [True, False, False]
    assert found["median_other"].tolist() == [1.5, 2.1, 1.5]
