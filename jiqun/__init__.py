"""An agent-based model of Anhui's manufacturing clusters and of the policy that fosters them.

From Python: `load` reads a scenario, `ClusterPolicyModel` is one run of it, `run` makes a batch of
runs in a folder, and `Results` reads what such a folder holds.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from jiqun.aliases import install

if TYPE_CHECKING:
    from jiqun.experiments.runs.run import run
    from jiqun.experiments.stores.results import Results
    from jiqun.model.model import ClusterPolicyModel
    from jiqun.scenarios.loader import load

__all__ = ["ClusterPolicyModel", "Results", "__version__", "load", "run"]

try:
    __version__ = version("jiqun")
except PackageNotFoundError:  # a checkout that was not installed
    __version__ = "unknown"

# Imported when they are asked for, so that the command answers at once.
_HOME = {
    "ClusterPolicyModel": "jiqun.model.model",
    "Results": "jiqun.experiments.stores.results",
    "load": "jiqun.scenarios.loader",
    "run": "jiqun.experiments.runs.run",
}

install()


def __getattr__(name: str) -> Any:
    """A public name, from its module."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
