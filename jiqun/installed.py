"""What results rest on beside their store: the program, its tables and what was fitted, by hash.

A run record lists these parts as they are when it is written, and its check compares them with
what is there then.
"""

from __future__ import annotations

import platform
import re
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from jiqun.experiments.runs import adopted
from jiqun.experiments.runs.batch import model_hash, source_hash
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.runs.meaning import text_hash
from jiqun.experiments.stores.digests import digest_of
from jiqun.model.extensions import everything
from jiqun.model.region import FILE, PROJECT, REGION, project_path
from jiqun.scenarios.tables import TABLES, data_hash, file_hash, files_of, tables_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PACKAGES = ("model", "scenarios", "experiments", "calibration", "notebooks")
"""Packages of the program; in a checkout their folders lie beside that of the command line."""
NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Part:
    """One of the things that results rest on.

    Attributes:
        kind: ``version``, ``code``, ``extension``, ``table``, ``region``, ``result`` or
            ``package``.
        name: Its name: that of a file as texts name it, of a package, or of a hash.
        digest: SHA-256 of a file, whatever its line ends; else a hash or a version.
        size: Bytes of a file; None for what is none.
    """

    kind: str
    name: str
    digest: str
    size: int | None = None


def parts() -> tuple[Part, ...]:
    """All parts, each kind and name once."""
    return tuple({(part.kind, part.name): part for part in _parts()}.values())


def commit() -> str:
    """Commit of the checkout, and whether it was changed since; empty if it is none."""
    if not (PROJECT / "pyproject.toml").is_file():
        return ""
    try:
        name = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{name}, with changes that are not committed" if changed else name


def versions() -> dict[str, str]:
    """Versions and hashes that identify the program, its data and the fit in use."""
    ensemble = fitted(in_use())
    return {
        "jiqun": version("jiqun"),
        "model_hash": model_hash(),
        "source_hash": source_hash(),
        "region": REGION.id,
        "data_hash": data_hash(),
        "tables_hash": tables_hash(),
        "ensemble": ensemble.digest if ensemble else "",
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def needed(name: str) -> set[str]:
    """A package that is installed, and all that it needs without extras."""
    found: set[str] = set()
    asked = {name}
    while asked:
        each = asked.pop()
        try:
            needs = asked_by(each)
        except PackageNotFoundError:
            continue  # of another system or version of Python
        found.add(each)
        asked |= needs - found
    return found


def asked_by(name: str) -> set[str]:
    """Packages that one which is installed asks for without extras, there or not.

    Raises:
        PackageNotFoundError: The package is not installed.
    """
    lines = [line for line in requires(name) or [] if "extra ==" not in line]
    matches = filter(None, map(NAME.match, lines))
    return {match[0].lower().replace("_", "-") for match in matches}


def _parts() -> Iterator[Part]:
    for name, found in versions().items():
        yield Part("version", name, found)
    for name in PACKAGES:
        yield Part("code", name, text_hash(PROJECT / name))
    for each in everything():
        yield Part("extension", str(each), each.digest)
    yield from _files("table", (path for name in TABLES for path in files_of(name)))
    yield from _files("region", (REGION.folder / FILE, REGION.own("levers.yaml")))
    yield from _files("result", _results())
    for name in sorted(needed("jiqun") - {"jiqun"}):
        yield Part("package", name, version(name))


def _results() -> Iterator[Path]:
    """Files of the fit and of what was computed with it: those shipped, and those adopted."""
    yield in_use()
    for folder in (REGION.results, adopted.home()):
        yield from (path for path in sorted(folder.rglob("*")) if not path.name.startswith("."))


def _files(kind: str, paths: Iterable[Path]) -> Iterator[Part]:
    for path in paths:
        if path.is_file():
            yield Part(kind, _name(path), _digest(path), path.stat().st_size)


def _digest(path: Path) -> str:
    return digest_of(path) if path.suffix == ".parquet" else file_hash(path)


def _name(path: Path) -> str:
    """A file as records name it: of no folder of a machine."""
    for folder, name in ((REGION.folder, REGION.id), (adopted.home(), "adopted")):
        if path.is_relative_to(folder) and not path.is_relative_to(PROJECT):
            return f"{name}/{path.relative_to(folder).as_posix()}"
    return project_path(path) if path.is_relative_to(PROJECT) else path.name


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
