"""A trial is followed link by link: paired means of the treated, by class of size."""

import numpy as np
import pandas as pd
import pytest

from jiqun.calibration.trial import runs
from jiqun.calibration.trial.files import chosen
from jiqun.calibration.trial.trace import links, main, trace
from jiqun.experiments.runs.draws import draws

COLUMNS = {
    "exited": False, "size": 2, "weight": 1.0, "employees": 100.0, "capital": 100.0,
    "plant_bought": 10.0, "subsidy": 0.0, "unit_cost": 0.0, "plant_ratio": 1.0, "revenue": 200.0,
    "value_added_real": 50.0, "energy": 5.0, "rd": 1.0, "rd_reported": 1.0, "debt": 10.0,
    "technique": 1.0, "green": 0, "productivity": 0.0, "high_tech": False, "payback": 2.0,
    "audited": 1.0, "adopted": 0.0,
}  # fmt: skip


def made_up():
    """Four enterprises over three years, of which two are treated from the second on."""
    without = pd.DataFrame(
        [{"id": i, "year": year, **COLUMNS} for i in range(4) for year in (2020, 2021, 2022)]
    )
    without.loc[without["id"] == 0, ["size", "employees", "weight"]] = (0, 1_000.0, 3.0)
    with_it = without.copy()
    hit = with_it["id"].isin([0, 1]) & (with_it["year"] > 2020)
    with_it.loc[hit, "plant_bought"] += 20.0
    with_it.loc[hit, "capital"] *= np.exp(0.2)
    with_it.loc[hit, "unit_cost"] = -0.04
    with_it.loc[hit & (with_it["id"] == 1), "subsidy"] = 1.0
    with_it.loc[hit, "value_added_real"] *= np.exp(0.1)
    with_it.loc[hit, "employees"] *= np.exp(0.03)
    return without, with_it


def test_links_are_paired_means_by_weight_and_class():
    without, with_it = made_up()
    dose = {0: 1.0, 1: 1.0, 2: 0.0, 3: 0.0}
    told = links(without, with_it, dose, (2021, 2022), passed=0.5)
    assert told.loc["enterprises", "treated"] == 4.0
    assert told.loc["with a grant, %", "treated"] == pytest.approx(25.0)
    assert told.loc["with a grant, %", "small"] == pytest.approx(100.0)
    assert told.loc["grant, % of plant", "small"] == pytest.approx(2.0)
    # Two years of twenty more, of a hundred; ten are a tenth of what was held, and no spike.
    assert told.loc["plant bought, % of plant", "large"] == pytest.approx(40.0)
    assert told.loc["of it in years of a spike, % of plant", "large"] == pytest.approx(60.0)
    assert told.loc["price (unit cost passed on), %", "treated"] == pytest.approx(-2.0)
    assert told.loc["plant, %", "treated"] == pytest.approx(20.0)
    assert told.loc["jobs over output, %", "treated"] == pytest.approx(-7.0)
    assert np.isnan(told.loc["plant, %", "medium"])
    assert told.loc["jobs, %", "others"] == 0.0
    assert told.loc["jobs of all together, %", "large"] == pytest.approx(100.0 * np.expm1(0.03))


def test_classes_of_staff_and_doses_are_those_of_the_row():
    without, with_it = made_up()
    dose = {0: 2.0, 1: 1.0, 2: 0.0, 3: 0.0}
    told = links(without, with_it, dose, (2021, 2022), 0.5, small=150.0, per=0.1)
    assert told.loc["enterprises", "150 staff and more"] == 3.0
    assert told.loc["jobs, %", "under 150 staff"] == pytest.approx(3.0)
    scale = np.log(1.1) / np.log(1.2)
    assert told.loc["jobs, %", "150 staff and more"] == pytest.approx(3.0 * scale)


def test_a_run_is_followed_from_grant_to_jobs():
    ((trial, _),) = chosen(["R4b"])
    (row,) = (each for each in trial.rows if each.id == "R4b")
    (draw,) = draws(trial.base, [1])
    told = trace(trial, row, draw, runs.Bench(1, 600))
    treated, others = told["treated"], told["others"]
    assert treated["with a grant, %"] > 40.0
    assert treated["plant, %"] > 3.0
    assert treated["price (unit cost passed on), %"] < 0.0 < treated["sales, %"]
    assert treated["jobs over output, %"] < 0.0
    assert abs(others["plant, %"]) < 0.3 * treated["plant, %"]


def test_an_unknown_row_is_refused(capsys):
    assert main(["R99"]) == 2
    assert "R99" in capsys.readouterr().err
