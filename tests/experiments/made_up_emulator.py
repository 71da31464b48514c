"""A small made-up emulator: what it says follows from its numbers."""

from jiqun.experiments.emulator.designs import Dial
from jiqun.experiments.emulator.emulator import Cell, Emulator, Factor, Score, Width
from jiqun.model.region import REGION

LEVERS = ("cluster_award", "cluster_credit_line", "fund_steering", "digital_voucher")
SCORE = Score(200, 100, 0.9, 0.001, 0.01, 0.0004, 0.0003)


def _cell(outcome, level, unit, size, tells=True):
    """Rises with every dial, less above what is issued; the award and steering help each other."""
    terms = [((Factor(place),), size * (place + 1)) for place in range(len(LEVERS))]
    terms += [((Factor(place, below=True),), 0.5 * size) for place in range(len(LEVERS))]
    terms += [((Factor(0), Factor(2)), 0.25 * size), ((Factor(1), Factor(1)), -0.1 * size)]
    widths = [Width(place, (0.2 * size) ** 2, (0.3 * size) ** 2) for place in range(len(LEVERS))]
    measure = "yuan" if outcome == "cost" else "relative"
    return Cell(
        outcome, level, unit, measure, tuple(terms), tuple(widths), 0.01, tells, SCORE, SCORE
    )  # fmt: skip


def made_up(made_by=None):
    """The emulator; of no model in particular if nothing is said."""
    cells = []
    for place, outcome in enumerate(("value_added", "rd_real", "employees", "energy")):
        size = 0.001 * (place + 1)
        cells.append(_cell(outcome, "province", REGION.id, size))
        for number, tier in enumerate(("world", "national", "provincial", "county", "none")):
            cells.append(_cell(outcome, "tier", tier, size * (3 - number), tier != "none"))
    payers = ("province", "city", "centre", "banks", "enterprises", "households", "total")
    cells += [
        _cell("cost", "payer", payer, 1e7 * (number + 1)) for number, payer in enumerate(payers)
    ]
    dials = tuple(Dial(lever, 0.0, 2.0 if lever == "digital_voucher" else 3.0) for lever in LEVERS)
    return Emulator(dials, tuple(cells), made_by or {}, 2027, ("rd_conditionality",))
