"""Shards of a few runs are merged into larger ones, which a hundred thousand runs are read from.

A merged shard is put in its place before those that it is made of are taken away, and a run counts
once however many shards hold it: so a reader sees each run whenever it looks, and a batch that is
killed in between loses none. What it left twice the next batch takes away.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jiqun.experiments.stores.digests import LEDGER, OUTCOMES, RUNS, SHARDS, problem_in
from jiqun.experiments.stores.places import read_schema, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.experiments.stores.places import Place

LARGE = 8_000_000
"""Bytes of the shards that are merged into one: about two million rows."""
FEWEST = 32
"""Small shards that are worth merging."""
SORTED = {
    OUTCOMES: ("outcome", "level", "unit_name", "year"),
    LEDGER: ("lever", "kind", "year", "payer", "fund"),
    RUNS: ("draw", "seed"),
}
"""Columns that rows of a merged shard are sorted by: a query reads the part that it asks for."""
MEASURES = frozenset({"value", "yuan"})
"""Columns whose bytes compress better apart."""
ROWS_APART = 65_536
"""Rows of a part of a shard that is read or passed over."""


def write_shard(table: pa.Table, path: Path) -> None:
    """Write a shard, or any table of a store."""
    apart = [name for name in table.column_names if name in MEASURES]
    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=ROWS_APART,
        use_dictionary=[name for name in table.column_names if name not in MEASURES],
        column_encoding=dict.fromkeys(apart, "BYTE_STREAM_SPLIT"),
    )


def packs(folder: Place, names: Sequence[str], sums: Mapping[str, str]) -> list[list[str]]:
    """Shards that are to be merged, each list into one.

    Only shards of one record and form go together, and none that is damaged or, in a folder of this
    machine, without digests.

    Args:
        folder: Folder of the store.
        names: Names of its whole shards.
        sums: Digests, by file.
    """
    sizes = {
        name: sum(_size(folder / kind / name) for kind in SHARDS)
        for name in names
        if not isinstance(folder, Path) or all(f"{kind}/{name}" in sums for kind in SHARDS)
    }
    small = [name for name, size in sizes.items() if 0 < size < LARGE / 2]
    if len(small) < FEWEST:
        return []
    sound = [
        name for name in small if not any(problem_in(folder, f"{k}/{name}", sums) for k in SHARDS)
    ]
    forms = sorted((_form(folder, name), name) for name in sound)
    found: list[list[str]] = []
    for _, alike in groupby(forms, key=itemgetter(0)):
        total = LARGE
        for _, name in alike:
            if total >= LARGE:
                found.append([])
                total = 0
            found[-1].append(name)
            total += sizes[name]
    return [pack for pack in found if len(pack) > 1]


def merged(folder: Place, pack: Sequence[str]) -> dict[str, pa.Table]:
    """The rows of some shards of one form, each run once, by kind of shard.

    Args:
        folder: Folder of the store.
        pack: Names of the shards.
    """
    tables: dict[str, list[pa.Table]] = {kind: [] for kind in SHARDS}
    seen: set[str] = set()
    for name in pack:
        read = {kind: read_table(folder / kind / name) for kind in SHARDS}
        keys = read[RUNS].column("run_key").to_pylist()
        if not seen.isdisjoint(keys):
            new = pa.array([key for key in keys if key not in seen], pa.string())
            read = {kind: _of_runs(table, new) for kind, table in read.items()}
        seen.update(keys)
        for kind, table in read.items():
            tables[kind].append(table)
    return {
        kind: _sorted(pa.concat_tables(parts).unify_dictionaries(), SORTED[kind])
        for kind, parts in tables.items()
    }


def doubled(folder: Place, names: Sequence[str]) -> list[str]:
    """Shards all of whose runs stand in other shards, kept alike: what a killed merging left.

    Args:
        folder: Folder of the store.
        names: Names of its whole shards.
    """
    rows = {
        name: list(zip(*(column.to_pylist() for column in table.columns), strict=True))
        for name in names
        for table in [read_table(folder / RUNS / name, columns=["run_key", "record"])]
    }
    held: dict[object, int] = {}
    for own in rows.values():
        for row in own:
            held[row] = held.get(row, 0) + 1
    found = []
    # The smallest first: what is merged is larger than what it is made of.
    for name, own in sorted(rows.items(), key=lambda item: (len(item[1]), item[0])):
        if all(held[row] > 1 for row in own):
            found.append(name)
            for row in own:
                held[row] -= 1
    return found


def _size(path: Place) -> int:
    return path.stat().st_size if isinstance(path, Path) else path.size()


def _form(folder: Place, name: str) -> tuple[str, ...]:
    """What shards that are merged have in common: their record and their columns."""
    record = read_table(folder / RUNS / name, columns=["record"]).column(0)
    schemas = (read_schema(folder / kind / name) for kind in SHARDS)
    return (",".join(sorted(set(record.to_pylist()))), *map(str, schemas))


def _of_runs(table: pa.Table, keys: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table.column("run_key").cast(pa.string()), keys))


def _sorted(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The rows in the order of some columns, otherwise as they stood."""
    if not table.num_rows:
        return table
    order = np.arange(table.num_rows)
    for column in reversed(columns):
        order = order[np.argsort(_ranks(table.column(column))[order], kind="stable")]
    return table.take(pa.array(order))


def _ranks(column: pa.ChunkedArray) -> np.ndarray:
    """Whole numbers, or ranks of names, in the narrowest type: the narrower the faster to sort."""
    if pa.types.is_dictionary(column.type):
        names = np.array(column.chunk(0).dictionary.to_pylist(), dtype=np.str_)
        ranks = np.empty(len(names), np.int16)
        ranks[np.argsort(names)] = np.arange(len(names))
        return np.concatenate([ranks[chunk.indices.to_numpy()] for chunk in column.chunks])
    numbers: np.ndarray = column.to_numpy()
    return numbers
