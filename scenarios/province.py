"""The province the population is built from: the tables, in the model's base units."""

from __future__ import annotations

from functools import cache
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.estimates import Basis
from jiqun.model.province import ClusterRecord, Province
from jiqun.scenarios.errors import TableError, listed
from jiqun.scenarios.language import say
from jiqun.scenarios.tables import DATA, table
from jiqun.scenarios.units import TABLE_UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.scenarios.rows.places import Cluster

CITY_WEIGHT = "secondary_va"
"""Quantity of `cities.csv` that weighs the cities."""


@cache
def province() -> Province:
    """Published and proxied facts at end-2018, in yuan, tce, persons and shares."""
    fields: dict[str, list[float]] = {}
    position = {name: i for i, name in enumerate(FIELDS)}
    for row in table("fields"):
        values = fields.setdefault(row.quantity, [float("nan")] * len(FIELDS))
        values[position[row.field]] = row.value * TABLE_UNITS[row.unit]
    weight = {row.city: row.value for row in table("cities") if row.quantity == CITY_WEIGHT}
    for quantity, values in fields.items():
        _check_complete("fields", quantity, dict(zip(FIELDS, values, strict=True)))
    _check_complete("cities", CITY_WEIGHT, {c: weight.get(c, float("nan")) for c in CITIES})
    return Province(
        fields={quantity: np.array(values) for quantity, values in fields.items()},
        city_weight=np.array([weight[c] for c in CITIES]),
        marginals={row.name: row.value * TABLE_UNITS[row.unit] for row in table("marginals")},
        clusters=tuple(_cluster(row) for row in table("clusters") if row.cities),
        estimates={row.parameter: Basis(row.prices, row.inputs) for row in table("estimates")},
    )


def _check_complete(name: str, quantity: str, values: Mapping[str, float]) -> None:
    """Refuse a table that has no value of a field or city of the region."""
    missing = listed(place for place, value in values.items() if isnan(value))
    if missing:
        problem = say("there is no value of {names}", names=missing)
        raise TableError(DATA / f"{name}.csv", None, quantity, problem)


def _cluster(row: Cluster) -> ClusterRecord:
    """A register row."""
    scale = row.scale_100m_yuan
    return ClusterRecord(
        id=row.id,
        name_zh=row.name_zh,
        name_en=row.name_en,
        field=row.field,
        city=row.cities,
        tier=row.cultivation_tier,
        status=row.status_end_2023,
        scale=None if scale is None else scale * TABLE_UNITS["100m yuan"],
        scale_year=row.scale_year,
        scale_kind=row.scale_kind,
        rake=row.rake == "yes",
    )
