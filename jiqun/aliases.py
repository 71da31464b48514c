"""One module object for each module, whatever name it is imported by.

All code is `jiqun.*`. The folders `model`, `scenarios`, `experiments`, `calibration` and
`notebooks` are its sub-packages: by symbolic links in the repository, as folders in the wheel. In
the repository the short names work as well and stand for the same module objects, since a second
copy of a module would be a second model. A module of such a name that is not ours is left alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

PACKAGES = ("model", "scenarios", "experiments", "calibration", "notebooks")
HERE = Path(__file__).resolve().parent


class _Alias(InspectLoader):
    """Loads a module under its old name: as the object that it is under `jiqun`."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(f"jiqun.{spec.name}")
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put the alias's spec there.
        module.__spec__ = self._spec

    def get_code(self, fullname: str) -> CodeType | None:
        """Code of the module, for ``python -m`` with the old name."""
        real = find_spec(f"jiqun.{fullname}")
        assert real is not None
        assert isinstance(real.loader, InspectLoader)
        return real.loader.get_code(real.name)

    def get_source(self, fullname: str) -> None:
        """None: nothing is read from an alias."""


class _Finder(MetaPathFinder):
    """Finds the old names of our modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, rest = fullname.partition(".")
        if top not in PACKAGES:
            return None
        if rest:
            ours = sys.modules.get(top) is sys.modules.get(f"jiqun.{top}", target)
        else:
            ours = is_ours(PathFinder.find_spec(top))
        real = find_spec(f"jiqun.{fullname}") if ours else None
        if real is None:
            return None
        package = real.submodule_search_locations is not None
        return ModuleSpec(fullname, _Alias(), origin=real.origin, is_package=package)


def is_ours(spec: ModuleSpec | None) -> bool:
    """Whether a module found under an old name is a package of this repository."""
    if spec is None or spec.origin is None:
        return False
    return Path(spec.origin).resolve().parent.parent in (HERE, HERE.parent)


def install() -> None:
    """Let old names stand for the modules of `jiqun`, those that are being imported included."""
    sys.meta_path.insert(0, _Finder())
    for name in PACKAGES:
        there = sys.modules.get(name)
        if there is not None and is_ours(there.__spec__):
            sys.modules[name] = import_module(f"jiqun.{name}")
