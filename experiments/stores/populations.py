"""Populations as Arrow files: written once, mapped by every worker that needs them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from jiqun.model import Population
from jiqun.model.agents.clusters import ClusterSeat

if TYPE_CHECKING:
    from jiqun.experiments.stores.places import Place


def save_population(population: Population, path: Path) -> None:
    """Write a population to an Arrow file."""
    facts = {
        "clusters": [asdict(seat) for seat in population.clusters],
        "city_given_field": population.city_given_field.tolist(),
        "province_hash": population.province_hash,
        "dtypes": {name: column.dtype.str for name, column in population.columns.items()},
    }
    table = pa.table(
        {
            # Arrow packs truth values into bits, which cannot be mapped as they are.
            name: column.view(np.uint8) if column.dtype == np.bool_ else column
            for name, column in population.columns.items()
        }
    ).replace_schema_metadata({"population": json.dumps(facts)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def load_population(path: Place) -> Population:
    """Map a population read-only: many workers share one copy in memory."""
    local = isinstance(path, Path)
    with pa.memory_map(str(path)) if local else pa.BufferReader(path.read_bytes()) as source:
        table = pa.ipc.open_file(source).read_all()
    facts = json.loads(table.schema.metadata[b"population"])
    return Population(
        columns={
            name: table.column(name).chunk(0).to_numpy().view(dtype)
            for name, dtype in facts["dtypes"].items()
        },
        clusters=tuple(ClusterSeat(**seat) for seat in facts["clusters"]),
        city_given_field=np.array(facts["city_given_field"], dtype=np.float64),
        province_hash=facts["province_hash"],
    )
