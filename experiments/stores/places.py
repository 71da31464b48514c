"""Where a store is: a folder of this machine, or an address that fsspec reads, as `s3://bucket/x`.

A `Remote` has those methods of `pathlib.Path` that a store needs. What it writes is made on this
machine and put in its place whole, as object stores do. They have no locks, no renaming and no
appending, and keep checksums of their own: what follows from that is in docs/store.md.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

LOCAL = ("file", "local")


@dataclass(frozen=True)
class Remote:
    """A file or folder under an address.

    Attributes:
        fs: The file system of fsspec.
        path: Path in it.
    """

    fs: Any
    path: PurePosixPath

    def __truediv__(self, name: str) -> Remote:
        return Remote(self.fs, self.path / name)

    def __str__(self) -> str:
        return str(self.fs.unstrip_protocol(str(self.path)))

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.name

    def exists(self) -> bool:
        """Whether it is there."""
        return bool(self.fs.exists(str(self.path)))

    def names(self) -> list[str]:
        """Names of the files in a folder; none where there is no folder."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(str(self.path), detail=True)
        except FileNotFoundError:
            return []
        return sorted(PurePosixPath(each["name"]).name for each in found)

    def size(self) -> int:
        """Bytes of a file."""
        return int(self.fs.info(str(self.path))["size"])

    def is_file(self) -> bool:
        """Whether it is there and no folder."""
        return bool(self.fs.isfile(str(self.path)))

    def read_bytes(self) -> bytes:
        """All of a file."""
        return bytes(self.fs.cat_file(str(self.path)))

    def read_text(self, encoding: str) -> str:
        """All of a text."""
        return self.read_bytes().decode(encoding)

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Take a file away."""
        try:
            self.fs.rm_file(str(self.path))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def move(self, target: Place) -> None:
        """Put a file elsewhere."""
        self.fs.copy(str(self.path), self.fs._strip_protocol(str(target)))
        self.unlink()

    def create(self, content: bytes) -> None:
        """Write a file that must not be there.

        Raises:
            FileExistsError: It is.
        """
        self.fs.pipe_file(str(self.path), content, mode="create")

    @contextmanager
    def replacing(self) -> Iterator[Path]:
        """A file of this machine that is put here whole when it is written."""
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / self.name
            yield part
            self.fs.makedirs(str(self.path.parent), exist_ok=True)
            self.fs.put_file(str(part), str(self.path))


type Place = Path | Remote


def place(location: str | Path | Remote) -> Place:
    """The place of an address or a path.

    Args:
        location: Path of a folder, or an address such as ``s3://bucket/store``.

    Raises:
        ValueError: The address is of a kind that fsspec does not read, or needs another package.
    """
    if not isinstance(location, str) or "://" not in location:
        return location if isinstance(location, Remote) else Path(location)
    from fsspec.core import url_to_fs  # noqa: PLC0415

    try:
        fs, path = url_to_fs(location)
    except ImportError as error:
        raise ValueError(f"{location}: {error}") from error
    kinds = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return Path(path) if set(kinds) & set(LOCAL) else Remote(fs, PurePosixPath(path))


def names_in(folder: Place) -> list[str]:
    """Names of what is in a folder.

    Raises:
        OSError: It is a file, or there is no such folder; of an address that is no error.
    """
    if isinstance(folder, Path):
        return sorted(path.name for path in folder.iterdir())
    return folder.names()


def read_table(path: Place, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file, or some columns of it."""
    if isinstance(path, Path):
        return pq.read_table(path, columns=columns)
    with path.fs.open(str(path.path), "rb") as file:
        return pq.read_table(file, columns=columns)


def read_schema(path: Place) -> pa.Schema:
    """Columns of a Parquet file."""
    if isinstance(path, Path):
        return pq.read_schema(path)
    with path.fs.open(str(path.path), "rb") as file:
        return pq.read_schema(file)
