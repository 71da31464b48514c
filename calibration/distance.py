"""How far simulated values are from published ones: every row of `calibration_targets.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.enterprises import YEARLY
from scenarios.tables import table

if TYPE_CHECKING:
    import pandas as pd

    from model import Population
    from model.scenario import Province
    from scenarios.tables import CalibrationTarget

WITHIN_SHARE = 0.25
"""A level is near if it is off by no more than this share of the published value."""
WITHIN_POINTS = 5.0
"""A growth rate is near if it is off by no more than these percentage points."""
SHOWN_ONLY = ("report only", "input")
