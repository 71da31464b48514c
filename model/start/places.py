"""Field and city of each enterprise at end-2018: by number if small, by revenue left if large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.dimensions import CITIES, FIELDS
from jiqun.model.randomness import uniform
from jiqun.model.region import REGION
from jiqun.model.start.raking import fitted_table
from jiqun.model.start.sampling import CERTAINTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.enterprises import Flag, Whole
    from jiqun.model.dimensions import Array
    from jiqun.model.province import Province


def allot_fields(
    columns: Mapping[str, npt.NDArray[Any]], revenue: Array, province: Province, seed: int
) -> Whole:
    """Fields: small enterprises by number, large ones into what revenue is left of each field.

    Args:
        columns: Columns of the enterprises, with id, weight and whether they are above scale.
        revenue: Yearly revenue, yuan, shape (rows,).
        province: Published and proxied facts.
        seed: Seed of the population.
    """
    weight, above, certain = columns["weight"], columns["above_scale"], revenue >= CERTAINTY
    number = province.fields["enterprises"] / province.fields["enterprises"].sum()
    draw = uniform(seed, "field", columns["id"])
    field = np.searchsorted(number.cumsum(), draw).clip(0, len(FIELDS) - 1)
    small_total = float(np.sum((weight * revenue)[above & ~certain]))
    wanted = province.fields["revenue"] / province.fields["revenue"].sum()
    total = float(np.sum((weight * revenue)[above]))
    budget = np.maximum(wanted * total - number * small_total, 0.02 * wanted * total)
    budget *= float(revenue[certain].sum()) / budget.sum()
    for i in certain.nonzero()[0]:
        chance = np.maximum(budget - 0.5 * revenue[i], 0.0)
        if chance.sum() <= 0.0:
            field[i] = int(np.argmax(budget))
        else:
            field[i] = int(np.searchsorted(chance.cumsum(), draw[i] * chance.sum()))
        budget[field[i]] -= revenue[i]
    return field.astype(np.int64)


def city_given_field(province: Province, p: Mapping[str, float]) -> Array:
    """Chance of each city given the field, shape (fields, cities).

    Of the tables whose revenue by field and by city is as given, the one nearest to a seed in which
    a field's revenue is spread by the weight of cities, more where the field has a cluster, and a
    pair whose cluster has a published size begins with that.
    """
    pull = {"world": 6.0, "national": 6.0, "provincial": 3.0, "county": 1.0}
    lift = np.ones((len(FIELDS), len(CITIES)))
    known = np.zeros((len(FIELDS), len(CITIES)))
    unsized = np.zeros(len(FIELDS))
    growth = p["as_revenue_2023"] / province.marginals["revenue"]
    for record in province.clusters:
        pair = FIELDS.index(record.field), CITIES.index(record.city)
        unsized[pair[0]] += record.scale is None and record.tier != "county"
        if record.scale is None:
            lift[pair] += pull[record.tier]
        else:
            known[pair] = max(known[pair], record.size_at_start(growth))
    sales, cities = province.fields["revenue"], shares(province.city_weight)
    rest = np.where(known > 0.0, 0.0, lift * cities)
    rest /= rest.sum(axis=1, keepdims=True)
    # Chains with services and other cities count more than a field has: sizes then only say how it
    # is spread. A residual field is more than its clusters, so a size is the least of its pair.
    most = np.where(_residual(), p["known_size_most_of_rest"], p["known_size_most"]) * sales
    # Clusters of the higher tiers without a published size are as large as those with one.
    sized = np.count_nonzero(known, axis=1)
    most *= sized / np.maximum(sized + unsized, 1.0)
    whole = known.sum(axis=1)
    known *= np.minimum(1.0, most / np.maximum(whole, 1.0))[:, None]
    plain = np.where(_residual()[:, None] & (known > 0.0), sales[:, None] * cities, 0.0)
    known = np.maximum(known, plain)
    seed = known + np.maximum(sales - known.sum(axis=1), 0.0)[:, None] * rest
    fields = shares(sales)
    table = fitted_table(seed, fields, cities)
    return table / table.sum(axis=1, keepdims=True)


def _residual() -> Flag:
    """Fields that hold what no named field does."""
    return np.array([field.residual for field in REGION.fields.values()])


def shares(values: Array) -> Array:
    """Values over their sum."""
    result: Array = values / values.sum()
    return result


def allot_cities(
    columns: Mapping[str, npt.NDArray[Any]], revenue: Array, located: Array, seed: int
) -> Whole:
    """Cities: small enterprises by the chance given the field, large ones into what is left.

    Left to chance, one giant would be more than the whole of a small city, and raking would have to
    make it small. So they are placed from the largest down, by what revenue of large enterprises
    the pair of field and city still lacks and by the room its city has.

    Args:
        columns: Columns of the enterprises, with id and field.
        revenue: Yearly revenue, yuan, shape (rows,).
        located: Chance of each city given the field, shape (fields, cities).
        seed: Seed of the population.
    """
    field: Whole = columns["field"]
    certain = revenue >= CERTAINTY
    draw = uniform(seed, "city", columns["id"])
    city = (draw[:, None] > located.cumsum(axis=1)[field]).sum(axis=1).clip(0, len(CITIES) - 1)
    left = np.bincount(field[certain], revenue[certain], len(FIELDS))[:, None] * located
    whole = left.sum(axis=0)
    room = whole.copy()
    for i in certain.nonzero()[0]:
        chance = np.maximum(left[field[i]], 0.0) * np.maximum(room - 0.5 * revenue[i], 0.0) / whole
        if chance.sum() <= 0.0:
            city[i] = int(np.argmax(room))
        else:
            city[i] = int(np.searchsorted(chance.cumsum(), draw[i] * chance.sum()))
        left[field[i], city[i]] -= revenue[i]
        room[city[i]] -= revenue[i]
    return city.astype(np.int64)
