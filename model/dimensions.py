"""What arrays of the model are by: fields, cities, tiers, sizes, titles, in order of their index.

Fields and cities are those of the region; the rest are the same in every region.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

from jiqun.model.region import REGION

Array = npt.NDArray[np.float64]

FIELDS = tuple(REGION.fields)
CITIES = tuple(REGION.cities)
TIERS = ("world", "national", "provincial", "county", "none")
MU_CLASSES = ("a", "b", "c", "d")

ASSUMPTION_ONLY_FIELDS = REGION.fields_that("assumed")
"""Fields without published data; reports show them as one group, marked 'assumption only'."""
(ENERGY_FIELD,) = (FIELDS.index(name) for name in REGION.fields_that("energy"))
"""Index of the field of energy supply: part of industry, not of manufacturing."""


class Size(IntEnum):
    """Size class of an enterprise by the statistical classes of 2017."""

    LARGE = 0
    MEDIUM = 1
    SMALL = 2
    BELOW_SCALE = 3


class Status(StrEnum):
    """Title that a cluster holds."""

    CANDIDATE = "candidate"
    COUNTY = "county"
    PROVINCIAL = "provincial"
    NATIONAL = "national"
    WORLD = "world"
    REVOKED = "revoked"
    NONE = "none"
    """Of those outside all clusters."""


SIZES = tuple(size.name.lower() for size in Size)
STATUSES = tuple(status.value for status in Status)
