"""The table of effects and costs by draw, and the page that is written from it."""

import numpy as np
import pandas as pd
import pytest

from jiqun.calibration.effects import run as effects
from jiqun.calibration.effects.page import package_under, page
from jiqun.calibration.effects.run import (
    MAIN,
    PACKAGE,
    SYMMETRIC,
    Wanted,
    measure,
    symmetric,
    under,
)
from jiqun.experiments.effects.costs import BEARERS
from jiqun.experiments.effects.effect import LEAST_PAIRS
from jiqun.experiments.runs.draws import Draw
from jiqun.experiments.sensitivity.runs import TIERS
from jiqun.scenarios import load
from jiqun.scenarios.tables import table

LEVERS = ("digital_voucher", "cluster_award", "cluster_recognition")


def rows(sizes, switch=MAIN, draws=8):
    """A made-up table: a lever's effect by draw, a cost of a tenth of a billion to the banks."""
    rng = np.random.default_rng(3)
    found = []
    for draw in range(1, draws + 1):
        for lever, size in sizes.items():
            share = size + 1e-5 * rng.normal()
            found.append(
                {"draw": draw, "seed": draw, "switch": switch, "rows": 800, "model": "m",
                 "data": "t", "lever": lever}
                | {f"share_{unit}": share for unit in TIERS}
                | {f"gain_{unit}": 1e12 * share for unit in TIERS}
                | dict.fromkeys((f"cost_{payer}" for payer in BEARERS), 0.0)
                | {"cost_banks": 0.0 if lever == "cluster_award" else 1e8, "new": 0.0,
                   "feedback": 0.0}
            )  # fmt: skip
    return pd.DataFrame(found)


def test_the_page_sorts_by_effect_and_tells_costs_and_reversals():
    sizes = {PACKAGE: 5e-3, "digital_voucher": 1e-3, "cluster_award": -2e-4}
    turned = {PACKAGE: 4e-3, "digital_voucher": 1e-4, "cluster_award": -2e-3}
    text = page(pd.concat([rows(sizes), rows(turned, "finite_credit")]))
    by_effect = text[text.index("## Levers by effect") : text.index("## Cost by bearer")]
    assert by_effect.index("`digital_voucher`") < by_effect.index("`cluster_award`")
    voucher, award = (
        next(line for line in by_effect.splitlines() if f"`{name}`" in line)
        for name in ("digital_voucher", "cluster_award")
    )
    assert "| — | 1.00 | 1.00 | — | +9.9" in voucher
    assert "100 %" in award
    assert "costs nobody" in award
    last = [line for line in text.splitlines() if line.startswith("| finite_credit ")]
    assert "| -1.00 | 2 | 1 | `cluster_award`, `digital_voucher` |" in last[0]


def test_the_package_under_a_switch_is_looked_at_on_common_draws():
    whole, part = rows({PACKAGE: 0.01}, draws=9), rows({PACKAGE: 0.002}, "finite_credit")
    few = rows({PACKAGE: 0.002}, "conversion", draws=LEAST_PAIRS - 1)
    found = package_under(pd.concat([whole, part, few])).set_index("switch")
    assert found["draws"].to_dict() == {MAIN: 9, "finite_credit": 8}
    assert found["mean"].to_dict() == pytest.approx({MAIN: 0.01, "finite_credit": 0.002}, abs=1e-5)
    assert (found["low"] < found["mean"]).all()
    assert (found["mean"] < found["high"]).all()


def test_symmetric_ranges_have_their_centre_as_mean():
    drawn = [
        row for row in table("parameters")
        if row.distribution == "triangular" and row.low < row.value < row.high
    ]  # fmt: skip
    for row in drawn[:20]:
        half = min(row.value - row.low, row.high - row.value)
        low, middle, high = (
            symmetric({row.name: value})[row.name] for value in (row.low, row.value, row.high)
        )
        if (low, middle, high) == (row.low, row.value, row.high) and row.high - row.low != 2 * half:
            continue  # a fit has narrowed it
        assert low == pytest.approx(row.value - half)
        assert high == pytest.approx(row.value + half)
        assert low <= middle <= high


def test_switches_change_all_arms_alike():
    scenario = load("as_issued")
    off = under("finite_credit", scenario, Draw(0))
    assert off.parameters["credit_supply_elasticity"] == 1e30
    plain = under(effects.CONVERSION, scenario, Draw(0))
    assert set(plain.province.estimates.values()) == {effects.NO_CONVERSION}
    assert under(MAIN, scenario, Draw(0)).parameters == scenario.parameters


def test_a_draw_is_measured_kept_and_not_made_again(tmp_path, capsys):
    wanted = Wanted(1, MAIN, 400, LEVERS)
    found = measure(wanted).set_index("lever")
    assert set(found.index) == {PACKAGE, *LEVERS}
    budget = found[[f"cost_{payer}" for payer in BEARERS[:3]]].sum(axis=1)
    assert (budget[["digital_voucher", "cluster_award"]] > 0.0).all()
    assert found.loc[PACKAGE, "share_province"] != 0.0
    # The whole is its parts, and what is paid out of the special funds is not new.
    tiers = found[[f"gain_{unit}" for unit in TIERS[1:]]].sum(axis=1)
    assert tiers.to_numpy() == pytest.approx(found["gain_province"].to_numpy(), rel=1e-6, abs=1.0)
    assert (found["new"] <= found[[f"cost_{payer}" for payer in BEARERS]].sum(axis=1) + 1.0).all()
    path = tmp_path / "effects.parquet"
    effects.write(found.reset_index(), path)
    done = effects.complete(path, [1], [MAIN], 400, 1, LEVERS)
    assert len(done) == len(found)
    assert len(effects.kept(path, 500)) == 0
    assert "are left out" in capsys.readouterr().out


def test_the_store_of_an_analysis_says_the_same(tmp_path):
    """Its pairs are those of the table: the same draws, arms and ledgers."""
    levers = ("digital_voucher", "cluster_award")
    stored = effects.from_store(tmp_path / "store", [1, 2], 400, 1, levers)
    made = pd.concat([measure(Wanted(draw, MAIN, 400, levers)) for draw in (1, 2)])
    assert set(stored.columns) == set(made.columns)
    order = ["draw", "lever"]
    one, other = (frame.sort_values(order).set_index(order) for frame in (stored, made))
    assert (one[["model", "data", "switch"]] == other[["model", "data", "switch"]]).all(axis=None)
    numbers = [name for name in made.columns if name.startswith(("share_", "gain_", "cost_"))]
    for name in [*numbers, "new", "feedback"]:
        scale = max(other[name].abs().max(), 1e-12)
        assert one[name].to_numpy() == pytest.approx(other[name].to_numpy(), abs=1e-3 * scale), name


def test_all_asked_switches_of_the_model_are_known():
    known = effects.known_switches()
    assert {MAIN, "finite_credit", effects.CONVERSION, SYMMETRIC} <= set(known)


def test_a_lever_that_ended_before_the_runs_part_is_not_said_to_do_nothing() -> None:
    text = page(rows({PACKAGE: 5e-3, "digital_subsidy_2021_2023": 0.0, "digital_voucher": 1e-3}))
    (told,) = (line for line in text.splitlines() if "ended before 2024" in line)
    assert told.startswith("`digital_subsidy_2021_2023`:")
    assert "voucher" not in told
