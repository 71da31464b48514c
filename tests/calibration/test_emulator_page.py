"""The page on the shipped emulator is of it, and what is shipped says how it was judged."""

import json

from jiqun.calibration.emulator_page import PAGE, page
from jiqun.experiments.emulator.emulator import SHIPPED, from_data, to_data
from jiqun.experiments.emulator.runs import CELLS, HELD_OUT


def shipped():
    return from_data(json.loads(SHIPPED.read_text("utf-8")))


def test_the_page_is_of_what_is_shipped():
    told = PAGE.read_text("utf-8")
    assert told == page(shipped()).rstrip("\n") + "\n", (
        "run python -m jiqun.calibration.emulator_page"
    )


def test_what_is_shipped_is_whole_and_judged():
    emulator = shipped()
    assert {(cell.outcome, cell.level, cell.unit) for cell in emulator.cells} == set(CELLS)
    assert {cell.held_out.designs for cell in emulator.cells} == {HELD_OUT.designs}
    assert from_data(json.loads(json.dumps(to_data(emulator)))) == emulator


def test_as_issued_it_estimates_nothing():
    assert {(g.mean, g.low, g.high) for g in shipped().guess({})} == {(0.0, 0.0, 0.0)}


def test_costs_of_payers_add_up():
    emulator = shipped()
    for dial in emulator.dials:
        costs = [g.mean for g in emulator.guess({dial.lever: dial.high}) if g.level == "payer"]
        assert abs(costs[-1] - sum(costs[:-1])) <= 1e-4 * max(map(abs, costs)) + 10.0
