"""The first thing each lever moves, by the amount it states, and levers of no size."""

from dataclasses import replace

import numpy as np
import pytest

from scenarios import load
from tests.model.policy import of_year, setting

ROWS = 1_200


@pytest.fixture(scope="module")
def to_date():
    """The province with every lever but the digital subsidies that ended before."""
    return replace(load("policy_to_date"), rows=ROWS)


@pytest.mark.parametrize(
    ("lever", "terms"),
    [
        ("rd_grant", {"rate": 0.8}),
        ("rd_grant", {"rate": 1.0}),
        ("equipment_grant", {"rate": 1.0}),
        ("equipment_grant_hefei", {"rate": 1.0}),
        ("digital_voucher", {"rate": 1.0}),
        ("green_retrofit_grant", {"rate": 1.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value["rate"]),
)
def test_support_of_everything_has_finite_results(start, to_date, lever, terms):
    rich = setting(to_date, "special_funds", yearly=30e9)
    model = start(of=setting(rich, lever, **terms, cap=1e9))
    with np.errstate(invalid="raise", divide="raise"):
        model.run_until_year(2025)
    assert np.all(np.isfinite(model.records()["value"]))
    assert max(of_year(model, "accounting_residual").values()) < 1e-9
