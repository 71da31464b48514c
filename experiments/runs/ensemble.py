"""The fitted parameters that draws are made from.

A fit to the published figures leaves a file of parameter sets that are all about equally credible.
Draw i takes set i, modulo their number; whatever the figures do not see keeps its prior.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from jiqun.experiments.runs import adopted
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.model.dimensions import Array

SHIPPED = REGION.fit / "ensemble.parquet"
"""The ensemble in use; without the file every parameter keeps its prior."""
METADATA = b"jiqun_ensemble"


@dataclass(frozen=True)
class Ensemble:
    """Fitted parameter sets.

    Attributes:
        columns: Parameter to its value in each set.
        centre: Parameter to its central value.
        size: Number of sets.
        digest: Hash of all of them.
    """

    columns: Mapping[str, Array]
    centre: Mapping[str, float]
    size: int
    digest: str

    def member(self, place: int) -> dict[str, float]:
        """Parameter to value in a set; sets follow each other without end."""
        return {name: float(column[place % self.size]) for name, column in self.columns.items()}


def in_use() -> Path:
    """The ensemble that the commands draw runs from: the adopted one, or else the shipped one."""
    return adopted.in_use(adopted.ENSEMBLE, SHIPPED)


@cache
def fitted(path: Path = SHIPPED) -> Ensemble | None:
    """The ensemble of a file, or None where there is none."""
    if not path.is_file():
        return None
    table = pq.read_table(path)
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    centre = json.loads(table.schema.metadata[METADATA])["centre"]
    content = hashlib.sha256(json.dumps([table.column_names, centre], sort_keys=True).encode())
    for column in columns.values():
        content.update(column.tobytes())
    return Ensemble(columns, centre, table.num_rows, content.hexdigest()[:20])
