"""The province as published: what the population at end-2018 is built from, and named clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiqun.model.elementary import power

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.dimensions import Array
    from jiqun.model.estimates import Basis

PART_OF_YEAR = {"first half": 1 / 2, "output of nine months": 3 / 4}
"""Kinds of size that cover part of a year, with the part; brought to a year in proportion."""


@dataclass(frozen=True)
class ClusterRecord:
    """A named cluster of the register as known at end-2023.

    What was published on its size is kept with its scope. The population is only raked to it where
    the scope is that of above-scale revenue, which `rake` says: a marginal then brings it to
    end-2018.

    Attributes:
        id: Identifier in the register.
        name_zh: Chinese name.
        name_en: English name.
        field: Field.
        city: Host city.
        tier: Cultivation tier.
        status: Title held at end-2023.
        scale: Published size, yuan; none if none was published.
        scale_year: Year it is about.
        scale_kind: What it counts and over what part of the year.
        rake: Whether it may be used as a marginal.
    """

    id: str
    name_zh: str
    name_en: str
    field: str
    city: str
    tier: str
    status: str
    scale: float | None = None
    scale_year: int | None = None
    scale_kind: str = ""
    rake: bool = False

    def size_at_start(self, growth: float) -> float:
        """Published size brought to a year and back to 2018 by the growth of all revenue, yuan.

        Args:
            growth: Above-scale revenue of the province in 2023 over that in 2018.
        """
        yearly = (self.scale or 0.0) / PART_OF_YEAR.get(self.scale_kind, 1.0)
        return float(yearly * power(growth, (2018 - (self.scale_year or 2018)) / 5.0))


@dataclass(frozen=True)
class Province:
    """Published and proxied facts the population at end-2018 is built from.

    Attributes:
        fields: Quantity (see `fields.csv`, `docs/data.md`) to values in the order of FIELDS.
        city_weight: Weights of the cities in the order of CITIES.
        marginals: Name (see `marginals.csv`) to value at end-2018.
        clusters: Named clusters.
        estimates: Parameter that is an estimate of the literature to what it stands on.
    """

    fields: Mapping[str, Array]
    city_weight: Array
    marginals: Mapping[str, float]
    clusters: tuple[ClusterRecord, ...]
    estimates: Mapping[str, Basis]
