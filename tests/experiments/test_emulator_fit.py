"""A fit: what was planted is found, its intervals hold, and nothing is told of noise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jiqun.experiments.emulator.designs import Dial, draw_designs
from jiqun.experiments.emulator.fit import active_dials, fit, judge, moved_by, tells
from jiqun.experiments.emulator.runs import CELLS
from jiqun.model.region import REGION

DIALS = tuple(Dial(f"lever_{place}", 0.0, 3.0) for place in range(6))
PLANTED = ("value_added", "province", REGION.id)
NOISE = ("value_added", "tier", "world")
COST = ("cost", "payer", "total")
GROUPS, PAIRS = 10, 8


def truth(moved):
    """A dial, one that saturates, one that bends, and two that help each other."""
    return 0.01 * (
        moved[:, 0]
        + np.minimum(moved[:, 1], 0.0)
        - 0.3 * moved[:, 2] ** 2
        + 0.5 * moved[:, 0] * moved[:, 3]
    )


def measured_of(designs, pairs, seed):
    """Effects of some cells; all others are nothing. Pairs lie apart by how far dials move."""
    rng = np.random.default_rng(seed)
    moved = moved_by(designs, DIALS)
    apart = 0.004 * np.sqrt((moved[:, :4] ** 2).sum(axis=1))
    rows = {}
    for place, design in enumerate(designs):
        for draw in range(pairs):
            row = dict.fromkeys(CELLS, 0.0)
            row[PLANTED] = truth(moved[[place]])[0] + apart[place] * rng.normal()
            row[NOISE] = 0.02 * (moved[place, :4] != 0.0).any() * rng.normal()
            row["cost", "payer", "province"] = 3e8 * moved[place, 0]
            row["cost", "payer", "city"] = -2e8 * moved[place, 0]
            row[COST] = 1e8 * moved[place, 0]
            # What the centre gets of the second dial is what banks pay.
            row["cost", "payer", "banks"] = 1e8 * moved[place, 1] * (1.0 + 0.3 * rng.normal())
            row["cost", "payer", "centre"] = -row["cost", "payer", "banks"]
            rows[design.name, draw] = row
    index = pd.MultiIndex.from_tuples(rows, names=["design", "draw"])
    return pd.DataFrame(list(rows.values()), index=index, columns=pd.MultiIndex.from_tuples(CELLS))


def fitted_to(seed=1):
    designs = draw_designs(DIALS, 150, seed, "a")
    groups = {design.name: place % GROUPS for place, design in enumerate(designs)}
    return fit(measured_of(designs, PAIRS, seed), designs, DIALS, groups)


@pytest.fixture(scope="module")
def emulator():
    return fitted_to()


def cell_of(emulator, key):
    return next(c for c in emulator.cells if (c.outcome, c.level, c.unit) == key)


def test_what_was_planted_is_found(emulator):
    at = moved_by(draw_designs(DIALS, 60, 3, "c"), DIALS)
    planted = cell_of(emulator, PLANTED)
    miss = [planted.mean(row) for row in at.tolist()] - truth(at)
    assert np.sqrt(np.mean(miss**2)) < 0.2 * np.std(truth(at))
    assert planted.tells
    assert planted.checked.coverage == pytest.approx(0.9, abs=0.05)


def test_its_intervals_hold_on_designs_it_has_not_seen(emulator):
    designs = draw_designs(DIALS, 200, 5, "b")
    judged = judge(emulator, measured_of(designs, 30, 5), designs)
    found = cell_of(judged, PLANTED).held_out
    assert (found.designs, found.pairs) == (200, 30)
    assert 0.82 <= found.coverage <= 0.98
    assert found.width < 0.5 * found.spread


def test_judging_changes_no_interval_and_nothing_that_it_can_tell(emulator):
    designs = draw_designs(DIALS, 20, 6, "b")
    judged = judge(emulator, measured_of(designs, 4, 6), designs)
    bare = tuple(replace(cell, held_out=None) for cell in judged.cells)
    assert bare == emulator.cells


def test_nothing_is_told_of_noise(emulator):
    assert not cell_of(emulator, NOISE).tells


def test_intervals_that_are_too_narrow_are_seen(emulator):
    """The judgement can fail: with widths cut to a third it does."""
    cells = tuple(
        replace(
            cell,
            widths=tuple(
                replace(width, moved=width.moved / 9, squared=width.squared / 9)
                for width in cell.widths
            ),
        )
        for cell in emulator.cells
    )
    designs = draw_designs(DIALS, 100, 7, "b")
    judged = judge(replace(emulator, cells=cells), measured_of(designs, 30, 7), designs)
    assert cell_of(judged, PLANTED).held_out.coverage < 0.7


def test_what_every_run_does_alike_is_known_exactly(emulator):
    cost = cell_of(emulator, COST)
    assert cost.tells
    assert cost.mean([1.0, *[0.0] * 5]) == pytest.approx(1e8, rel=0.02)
    payers = [cell.mean([0.7, *[0.0] * 5]) for cell in emulator.cells if cell.level == "payer"]
    assert payers[-1] == pytest.approx(sum(payers[:-1]), rel=1e-5)
    transfer = [0.0, -1.0, *[0.0] * 4]
    banks, centre = (cell_of(emulator, ("cost", "payer", name)) for name in ("banks", "centre"))
    assert banks.mean(transfer) == pytest.approx(-1e8, rel=0.2)
    assert banks.mean(transfer) == pytest.approx(-centre.mean(transfer))
    assert cost.mean(transfer) == cost.half_width(transfer) == 0.0
    nothing = cell_of(emulator, ("cost", "payer", "households"))
    assert nothing.terms == nothing.widths == ()
    assert nothing.tells


def test_a_lever_that_moves_nothing_is_no_dial():
    designs = draw_designs(DIALS, 60, 2, "a")
    measured = measured_of(designs, 2, 2)
    still = [d.name for d in designs if set(d.at) <= {"lever_4", "lever_5"}]
    measured.loc[still] = 0.0
    measured = measured.loc[[design.name for design in designs]]
    found = fit(measured, designs, DIALS, {d.name: n % 3 for n, d in enumerate(designs)})
    assert found.inert == ("lever_4", "lever_5")
    assert found.dials == DIALS[:4]
    assert active_dials(measured[[COST]], moved_by(designs, DIALS)) == (0,)
    assert {factor.dial for factors, _ in cell_of(found, COST).terms for factor in factors} == {0}


def test_the_same_runs_give_the_same_emulator(emulator):
    assert fitted_to() == emulator


def test_widths_below_half_the_spread_tell(emulator):
    checked = cell_of(emulator, PLANTED).checked
    assert tells(replace(checked, width=0.49, spread=1.0))
    assert not tells(replace(checked, width=0.51, spread=1.0))
