"""A made-up emulator, and a shelf of scenarios."""

import pytest

from jiqun.app.shelf import Shelf
from jiqun.experiments.emulator import Dial, Guess
from jiqun.model.dimensions import TIERS
from jiqun.model.region import REGION


class MadeUp:
    """Effects in proportion to how far two dials are moved; R&D cannot be told."""

    dials = (Dial("cluster_award", 0.0, 3.0), Dial("digital_voucher", 0.0, 2.0))
    inert = ("patent_pool",)

    def guess(self, at):
        moved = sum(times - 1.0 for times in at.values())
        units = [("province", REGION.id), *(("tier", tier) for tier in TIERS)]
        found = [
            Guess(
                outcome, level, unit, 0.01 * moved, 0.005 * moved, 0.015 * moved, "relative", tells
            )
            for outcome, tells in (("value_added", True), ("rd_real", False), ("employees", True))
            for level, unit in units
        ]
        for payer, yuan in (("province", 1e8), ("city", 0.0), ("total", 1e8)):
            ends = (0.9 * yuan * moved, 1.1 * yuan * moved)
            found.append(Guess("cost", "payer", payer, yuan * moved, *ends, "yuan", True))
        return tuple(found)


@pytest.fixture
def emulator():
    return MadeUp()


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "scenarios")
