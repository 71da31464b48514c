"""The parameter ensemble: what a fit hands to every later run, with where it came from."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from jiqun.experiments.runs.batch import model_hash
from jiqun.experiments.runs.ensemble import METADATA
from jiqun.experiments.stores.store import write_file
from jiqun.scenarios.tables import data_hash, tables_hash

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from jiqun.calibration.fitting.fit import Fit

LEAST_DRAWS = 200
VERSIONS = ("jiqun", "numpy", "scipy", "SALib", "scikit-learn")


def write_ensemble(fit: Fit, path: Path) -> None:
    """Write the members of a fit, one row each, with their provenance.

    Only fitted parameters have a column; all others keep their prior.
    """
    values = fit.space.values(fit.posterior)
    names = [prior.name for prior in fit.space.priors]
    table = pa.table(dict(zip(names, values, strict=True)))
    facts = json.dumps(provenance(fit), sort_keys=True)
    write_file(path, partial(pq.write_table, table.replace_schema_metadata({METADATA: facts})))


def provenance(fit: Fit) -> dict[str, Any]:
    """Where an ensemble came from, and its centre."""
    centre = fit.space.values(fit.posterior.mean(axis=1, keepdims=True))[:, 0]
    names = [prior.name for prior in fit.space.priors]
    return {
        "identity": fit.identity,
        "spec": fit.task.spec.model_dump(),
        "train_until": fit.task.spec.train_until,
        "figures": [
            t.id for t, used in zip(fit.task.targets, fit.task.fitted, strict=True) if used
        ],
        "centre": dict(zip(names, map(float, centre), strict=True)),
        "signals": [asdict(signal) for signal in fit.signals],
        "model_hash": model_hash(),
        "data_hash": data_hash(),
        "tables_hash": tables_hash(),
        "versions": {name: version(name) for name in VERSIONS}
        | {"python": platform.python_version()},
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def read_ensemble(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Columns and provenance of an ensemble."""
    table = pq.read_table(path)
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    return columns, json.loads(table.schema.metadata[METADATA])
