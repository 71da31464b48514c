"""Where a lever breaks even with an R&D grant of equal cost, on made-up draws of known answer."""

import numpy as np
import pandas as pd
import pytest

from jiqun.calibration.effects import break_even
from jiqun.calibration.effects.break_even import (
    REFERENCE,
    Law,
    correlation,
    decisive,
    made,
    mean_line,
    negative,
    net_line,
    values_of,
)
from jiqun.calibration.effects.page import page
from jiqun.calibration.effects.run import task_at
from jiqun.experiments.effects.costs import BEARERS
from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.experiments.sensitivity.equal_cost import scalable_levers
from jiqun.experiments.sensitivity.runs import TIERS
from jiqun.scenarios.levers import declarations
from jiqun.scenarios.tables import table

DRAWS = 64
YI = 1e8
RNG = np.random.default_rng(5)
THETA = (np.arange(DRAWS) + 0.5) / DRAWS
GRANT = (0.2 * np.full(DRAWS, 40 * YI), np.full(DRAWS, 40 * YI))
"""A grant of which a yuan brings .2."""
COST = np.full(DRAWS, YI)
UNIFORM = Law((np.arange(501) + 0.5) / 501, 0.0, 1.0, 0.5)


def noise(size: float) -> np.ndarray:
    return size * YI * RNG.normal(size=DRAWS)


def line(gain: np.ndarray, cost: np.ndarray = COST, law: Law = UNIFORM) -> break_even.Line:
    return net_line(THETA, gain, cost, GRANT, law, 0.05)


def test_a_lever_breaks_even_where_it_brings_what_the_grant_does() -> None:
    # A yuan of it brings .8 theta: as much as the grant at a quarter.
    found = line(0.8 * YI * THETA + noise(0.02))
    assert found.said == "inside"
    assert found.at == pytest.approx(0.25, abs=0.02)
    assert found.at_low < found.at < found.at_high
    assert found.at_high - found.at_low < 0.1
    assert found.chance == pytest.approx(0.75, abs=0.02)
    assert found.slope > 0.0
    assert not found.curved


def test_a_cost_that_grows_with_the_parameter_is_counted() -> None:
    # Gain .5, cost 5 theta: the grant brings theta for it, so it is beaten below a half.
    found = line(0.5 * YI + noise(0.02), 5 * YI * THETA)
    assert found.said == "inside"
    assert found.slope < 0.0
    assert found.at == pytest.approx(0.5, abs=0.03)
    assert found.chance == pytest.approx(0.5, abs=0.03)


def test_no_value_is_given_where_nothing_hangs_on_the_parameter() -> None:
    for mean, chance in ((0.5, 1.0), (0.05, 0.0)):
        found = line(mean * YI + noise(0.1))
        assert found.said == "independent"
        assert np.isnan(found.at)
        assert found.sure
        assert found.chance == pytest.approx(chance)
    open_ = mean_line(0.2 * YI + noise(0.5), COST, GRANT, "independent")
    assert not open_.sure
    assert 0.01 < open_.chance < 0.99


@pytest.mark.parametrize(
    ("start", "said", "sure"),
    [(0.6, "everywhere", True), (0.21, "everywhere", False), (-0.9, "nowhere", True)],
)
def test_a_crossing_outside_the_range_is_no_value(start: float, said: str, *, sure: bool) -> None:
    found = line(YI * (start + 0.5 * THETA) + noise(0.08))
    assert found.said == said
    assert np.isnan(found.at)
    assert found.sure == sure


def test_a_curve_is_told() -> None:
    assert line(2.0 * YI * THETA**2 + noise(0.02)).curved


def test_the_decisive_parameter_is_the_one_that_evidence_names() -> None:
    assert decisive("co_building") == "co_building_part"
    assert decisive("title_awards") == ""
    drawn = {row.name for row in table("parameters") if row.low < row.high}
    assert {decisive(lever) for lever in declarations()} <= drawn | {""}
    assert correlation(-np.exp(5 * THETA), THETA) == pytest.approx(-1.0)
    assert np.isnan(correlation(np.zeros(DRAWS), THETA))


def test_two_chances_of_a_negative_effect() -> None:
    effect = np.concatenate([np.full(30, -1.0), np.zeros(4), np.full(30, 4.0)])
    below, mean_below = negative(effect)
    assert below == 30 / 64
    assert mean_below < 0.01
    assert negative(np.zeros(8)) == (0.0, 0.0)
    assert negative(-np.ones(8)) == (1.0, 1.0)


def test_the_grant_is_the_one_of_the_analysis_at_equal_cost() -> None:
    known = scalable_levers(task_at(400))
    assert REFERENCE in known
    assert "rd_grant" not in known


def rows(gains: dict[str, np.ndarray], costs: dict[str, float]) -> pd.DataFrame:
    found = []
    for lever, gain in gains.items():
        for i, value in enumerate(gain):
            found.append(
                {"draw": i + 1, "switch": "none", "rows": 400, "model": "m", "data": "d",
                 "lever": lever, "new": 0.0, "feedback": 0.0}
                | {f"share_{unit}": value / 1e13 for unit in TIERS}
                | {f"gain_{unit}": value for unit in TIERS}
                | dict.fromkeys((f"cost_{payer}" for payer in BEARERS), 0.0)
                | {"cost_province": costs[lever]}
            )  # fmt: skip
    return pd.DataFrame(found)


def test_the_table_and_its_page() -> None:
    scenario = task_at(400).issued
    numbers = range(1, DRAWS + 1)
    part = values_of(scenario, numbers)["co_building_part"].to_numpy(dtype=float)
    gains = {
        # A yuan brings 20 times the part: as much as the grant at .01, which is in use.
        "co_building": 20.0 * YI * part + noise(0.005),
        "rd_matching_grant": GRANT[0],
        "supply_chain_finance": noise(0.1),
        "package": noise(1.0),
    }
    costs = {"co_building": YI, "rd_matching_grant": 40 * YI, "supply_chain_finance": 0.0}
    frame = rows(gains, {**costs, "package": YI})
    even = made(frame, scenario)
    found = even.set_index("lever")
    assert "package" not in found.index
    row = found.loc["co_building"]
    assert (row["parameter"], row["said"]) == ("co_building_part", "inside")
    assert row["at"] == pytest.approx(0.01, abs=1e-3)
    assert row["in_use"] == 0.01
    # A law that is even from 0 to .02 has half above.
    assert row["chance"] == pytest.approx(0.5, abs=0.05)
    assert found.loc["rd_matching_grant", "said"] == "reference"
    assert found.loc["supply_chain_finance", "said"] == "nothing"
    text = page(frame, even)
    told = text[text.index("## Break-even") : text.index("## Cost by bearer")]
    assert f"| above {row['at']:.3g} (" in told
    assert "no cost on balance" in told
    assert "made on other data" in told
    few = made(frame[frame["draw"] < LEAST_PAIRS], scenario).set_index("lever")
    assert few.loc["co_building", "said"] == "few draws"


def test_it_is_written_and_read(tmp_path) -> None:
    assert break_even.stored(tmp_path / "none.csv") is None
    found = break_even.stored()
    assert found is not None
    assert not set(found["said"]) - {
        "nothing", "unclear", "brings in", "reference", "few draws", "no parameter", "independent",
        "inside", "everywhere", "nowhere",
    }  # fmt: skip
    break_even.write(found, tmp_path / "again.csv")
    pd.testing.assert_frame_equal(break_even.stored(tmp_path / "again.csv"), found)
