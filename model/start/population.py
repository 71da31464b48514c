"""The population at end-2018: a weighted sample of enterprises raked to published marginals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jiqun.model.agents.enterprises import empty
from jiqun.model.start.attributes import describe
from jiqun.model.start.membership import join, revenue_margins, seated
from jiqun.model.start.places import allot_cities, allot_fields, city_given_field
from jiqun.model.start.raking import rake
from jiqun.model.start.sampling import THRESHOLD, revenue_by_rank, sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.model.agents.clusters import ClusterSeat
    from jiqun.model.dimensions import Array
    from jiqun.model.province import Province


@dataclass(frozen=True)
class Population:
    """Columns of the enterprises at end-2018, and the clusters they belong to."""

    columns: Mapping[str, npt.NDArray[Any]]
    clusters: tuple[ClusterSeat, ...]
    city_given_field: Array
    province_hash: str

    @cached_property
    def digest(self) -> str:
        """Hash of all columns."""
        h = hashlib.sha256(self.province_hash.encode())
        for name in sorted(self.columns):
            h.update(name.encode())
            h.update(np.ascontiguousarray(self.columns[name]).tobytes())
        return h.hexdigest()[:20]

    def __len__(self) -> int:
        return len(self.columns["id"])


def build_population(
    province: Province, parameters: Mapping[str, float], rows: int, seed: int
) -> Population:
    """Draw the population at end-2018 and rake it to its marginals.

    Args:
        province: Published and proxied facts.
        parameters: Central parameter values.
        rows: Number of rows; 0 gives every enterprise its own row.
        seed: Seed of the population.

    Returns:
        The population.
    """
    p, m = parameters, province.marginals
    rank, weight = sample(m, p, rows, seed)
    e = empty(len(rank))
    e["id"][:], e["weight"][:] = rank, weight
    e["above_scale"][:] = e["was_above_scale"][:] = rank <= round(m["enterprises"])
    revenue = revenue_by_rank(rank, m, p, seed)
    located = city_given_field(province, p)
    e["field"][:] = allot_fields(e, revenue, province, seed)
    e["city"][:] = allot_cities(e, revenue, located, seed)
    clusters = seated(province, located)
    join(e, clusters, revenue, m, p, seed)
    revenue = rake(revenue, e["weight"], revenue_margins(e, clusters, province), THRESHOLD)
    describe(e, revenue, province, p, seed)
    facts = repr((sorted((k, v.tolist()) for k, v in province.fields.items()), sorted(m.items())))
    return Population(e, clusters, located, hashlib.sha256(facts.encode()).hexdigest()[:20])
