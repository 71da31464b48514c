"""Published regressions on made-up panels whose coefficient is known, and the stored table."""

import numpy as np
import pandas as pd
import pytest

from jiqun.calibration import auxiliary
from jiqun.calibration.auxiliary import REGRESSIONS, page, published, stored

YEARS, FIRMS = range(2019, 2024), 400


@pytest.fixture
def made():
    """A panel of a field: productivity follows its lag by .7 and lagged R&D by .09."""
    rng = np.random.default_rng(1)
    rd = np.exp(rng.normal(12.0, 1.0, (len(YEARS), FIRMS)))
    tfp = np.zeros((len(YEARS), FIRMS))
    tfp[0] = rng.normal(0.0, 1.0, FIRMS)
    for t in range(1, len(YEARS)):
        tfp[t] = 0.7 * tfp[t - 1] + 0.09 * np.log(rd[t - 1]) + rng.normal(0.0, 0.01, FIRMS)
    plant, jobs, stock = (np.exp(rng.normal(8.0, 1.0, tfp.shape)) for _ in range(3))
    frame = pd.DataFrame(
        {
            "id": np.tile(np.arange(FIRMS), len(YEARS)),
            "year": np.repeat(YEARS, FIRMS),
            "field": 0,
            "size": 0,
            "weight": 1.0,
            "above": True,
            "exited": False,
            "rd_active": True,
            "tfp": tfp.ravel(),
            "value_added_real": 1.0,
            "rd": rd.ravel(),
            "rd_reported": rd.ravel(),
            "rd_cost": 1.0,
            "capital_real": plant.ravel(),
            "employees": jobs.ravel(),
            "knowledge": stock.ravel(),
        }
    )
    return frame.sort_values(["id", "year"]).reset_index(drop=True)


def test_the_law_of_motion_is_found_again(made):
    found = auxiliary.research_flow(made, 4.0)
    assert found.value == pytest.approx(0.09, abs=0.003)
    assert found.also["lag"] == pytest.approx(0.7, abs=0.003)
    assert found.also["long_run"] == pytest.approx(0.3, abs=0.01)


def test_a_window_of_other_years_is_left_out(made):
    wrong = made.assign(tfp=made["tfp"].where(made["year"] < 2023, 50.0 * made["id"]))
    assert auxiliary.research_flow(wrong, 4.0).value != pytest.approx(0.09, abs=0.003)
    later = made.assign(year=made["year"] + 4)
    kept = auxiliary.research_flow(pd.concat([made, later.query("year > 2023")]), 4.0)
    assert kept.observations == 4 * FIRMS


def test_physical_productivity_counts_what_revenue_hides(made):
    more = made.assign(value_added_real=np.exp(0.3))
    rise = auxiliary.productivity(more, 4.0) - auxiliary.productivity(made, 4.0)
    assert np.allclose(rise, 0.1)


def test_the_elasticity_of_knowledge_is_found_again(made):
    made["value_added_real"] = (
        made["capital_real"] ** 0.3 * made["employees"] ** 0.6 * made["knowledge"] ** 0.08
    )
    found = auxiliary.knowledge_stock(made, 4.0)
    assert found.value == pytest.approx(0.08)
    assert found.also["plant"] == pytest.approx(0.3)


def test_the_user_cost_elasticity_is_found_again(made):
    cheaper = made.assign(
        rd_cost=0.8, rd=made["rd"] * 0.8**-1.3, rd_reported=made["rd"] * 0.8**-2.0
    )
    assert auxiliary.user_cost(made, cheaper, "rd").value == pytest.approx(1.3)
    assert auxiliary.user_cost(made, cheaper, "rd_reported").value == pytest.approx(2.0)


def test_what_support_induces_is_treated_less_others(made):
    half = (made["id"] % 2 == 0).to_numpy()
    given = made.assign(
        tfp=made["tfp"] + 0.5 + 0.02 * half, rd_reported=made["rd"] * np.where(half, 1.2, 1.0)
    )
    found = auxiliary.research_induced(made, given, half, 4.0)
    assert found.value == pytest.approx(0.02 / np.log(1.2))


def test_every_published_row_has_its_estimator_and_a_stored_number():
    keys = [row.key for row in published()]
    assert keys == list(REGRESSIONS)
    frame = stored()
    assert list(frame["key"]) == keys, "run calibration.auxiliary"
    assert auxiliary.PAGE.read_text(encoding="utf-8") == page(frame)
