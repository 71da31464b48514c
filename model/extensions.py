"""Extensions: what installed packages add to the project, by entry points.

A package names a module under a group: ``jiqun.levers``, ``jiqun.outcomes``, ``jiqun.shocks``,
``jiqun.parameters``, ``jiqun.trials``, ``jiqun.facts`` or ``jiqun.regions``. The module declares
behaviour when it is imported; files of its folder hold tables (`docs/extending.md`). Every process
that has the package on its path finds it, worker processes as well. What acts in runs is part of
the version of the model (`experiments.runs.batch.model_hash`): runs with and without it share no
key.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sized

PREFIX = "jiqun."
ACTING = ("levers", "outcomes", "shocks", "parameters")
"""Kinds that act in runs or are recorded of them."""
KINDS = (*ACTING, "trials", "facts", "regions")


class ExtensionError(ValueError):
    """An extension that cannot be used; the message names the package and the mend.

    Attributes:
        extension: The extension.
        problem: What is wrong.
    """

    def __init__(self, extension: Extension, problem: str) -> None:
        # Both go to the base class, so that the error survives the way out of a worker process.
        super().__init__(extension, problem)
        self.extension, self.problem = extension, problem

    def __str__(self) -> str:
        """The message."""
        return (
            f"extension {self.extension}: {self.problem}; mend package {self.extension.package}, "
            f"or take it out: pip uninstall {self.extension.package}"
        )


@dataclass(frozen=True)
class Extension:
    """A module that a package names under a group.

    Attributes:
        kind: Group without its prefix.
        name: Name of the entry point.
        module: The module.
        package: The package that names it.
        version: Version of the package.
    """

    kind: str
    name: str
    module: str
    package: str
    version: str

    def __str__(self) -> str:
        """What it is called in messages."""
        return f"{self.name} of {PREFIX}{self.kind} ({self.package} {self.version})"

    @property
    def top(self) -> str:
        """The package or module of the import path that it lies in."""
        return self.module.partition(".")[0]

    @property
    def folder(self) -> Path:
        """Folder of its module, which is a package: where its tables are.

        Raises:
            ExtensionError: There is no such module, or it has no folder of its own.
        """
        places = self._place(self.module)
        if places.name != "__init__.py":
            raise ExtensionError(self, f"{self.module} is no folder with an __init__.py")
        return places.parent

    def file(self, name: str) -> Path:
        """A file of its folder that has to be there.

        Args:
            name: Name of the file.

        Raises:
            ExtensionError: It is not.
        """
        path = self.folder / name
        if not path.is_file():
            raise ExtensionError(self, f"{self.module} has no file {name}")
        return path

    @property
    def digest(self) -> str:
        """Hash of all files that its package consists of, whatever their line ends."""
        place = self._place(self.top)
        of_folder = place.name == "__init__.py"
        files = sorted(place.parent.rglob("*")) if of_folder else [place]
        content = hashlib.sha256()
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                content.update(path.relative_to(place.parent).as_posix().encode())
                content.update(path.read_bytes().replace(b"\r\n", b"\n"))
        return content.hexdigest()[:20]

    def _place(self, module: str) -> Path:
        """File of a module."""
        try:
            spec = find_spec(module)
        except Exception as error:
            raise ExtensionError(self, _told(error)) from error
        if spec is None or spec.origin is None:
            raise ExtensionError(self, f"there is no module {module}, or it has no __init__.py")
        return Path(spec.origin)


@cache
def everything() -> tuple[Extension, ...]:
    """All extensions that are installed, in the order of packages and names."""
    found = []
    for point in entry_points():
        kind = point.group.removeprefix(PREFIX)
        if point.group.startswith(PREFIX):
            package, version = (point.dist.name, point.dist.version) if point.dist else ("?", "?")
            each = Extension(kind, point.name, point.value, package, version)
            if kind not in KINDS:
                raise ExtensionError(each, f"no such group; allowed: {', '.join(KINDS)}")
            if ":" in point.value:
                raise ExtensionError(each, f"{point.value} is no module: leave out the colon")
            found.append(each)
    # A package that lies twice on the path is found twice.
    return tuple(sorted(set(found), key=lambda e: (e.package, KINDS.index(e.kind), e.name)))


def installed(kind: str) -> tuple[Extension, ...]:
    """The extensions of a kind.

    Args:
        kind: One of `KINDS`.

    Raises:
        ExtensionError: Two packages give one name.
    """
    found: dict[str, Extension] = {}
    for each in everything():
        if each.kind == kind:
            if each.name in found:
                problem = f"{found[each.name].package} gives {each.name} as well"
                raise ExtensionError(each, problem)
            found[each.name] = each
    return tuple(found.values())


def load(kind: str, register: Sized | None = None) -> None:
    """Import the modules of a kind, so that what they declare joins its register.

    Args:
        kind: One of `KINDS`.
        register: What each module has to add to; None where it need not.

    Raises:
        ExtensionError: A module cannot be imported, or declares nothing.
    """
    for each in installed(kind):
        # One that imports the model is half-way through its own import: it goes on after this.
        before = len(register) if register is not None and each.module not in sys.modules else None
        try:
            import_module(each.module)
        except ExtensionError:
            raise
        except Exception as error:
            raise ExtensionError(each, f"{each.module}: {_told(error)}") from error
        if register is not None and len(register) == before:
            raise ExtensionError(each, f"{each.module} declares nothing")


def acting() -> tuple[Extension, ...]:
    """The extensions that act in runs."""
    return tuple(each for each in everything() if each.kind in ACTING)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
