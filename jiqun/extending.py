"""What packages of one's own import to extend the project (`docs/extending.md`).

- `reads` declares that a function reads terms of levers, `channel_value` gives what the levers of a
  channel add to a term at each enterprise.
- `quantity` declares values of enterprises that are summed, `Outcome` and `outcome` an outcome.
- `shock` declares a shock that scenarios may name.
- `fact` declares how a stylised fact is measured: from `Panels`, to `Measured`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jiqun.calibration.facts.measures import measure as fact
    from jiqun.calibration.facts.panels import Measured, Panels
    from jiqun.model.channels import reads
    from jiqun.model.observe.outcomes import Outcome
    from jiqun.model.observe.outcomes import declare as outcome
    from jiqun.model.observe.quantities import quantity
    from jiqun.model.policy.reach import channel_value
    from jiqun.model.shocks import shock

__all__ = [
    "Measured", "Outcome", "Panels", "channel_value", "fact", "outcome", "quantity", "reads",
    "shock",
]  # fmt: skip

# Imported when they are asked for: facts need what no worker loads.
_HOME = {
    "Measured": ("jiqun.calibration.facts.panels", "Measured"),
    "Outcome": ("jiqun.model.observe.outcomes", "Outcome"),
    "Panels": ("jiqun.calibration.facts.panels", "Panels"),
    "channel_value": ("jiqun.model.policy.reach", "channel_value"),
    "fact": ("jiqun.calibration.facts.measures", "measure"),
    "outcome": ("jiqun.model.observe.outcomes", "declare"),
    "quantity": ("jiqun.model.observe.quantities", "quantity"),
    "reads": ("jiqun.model.channels", "reads"),
    "shock": ("jiqun.model.shocks", "shock"),
}


def __getattr__(name: str) -> Any:
    """A name, from its module."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, own = _HOME[name]
    return getattr(import_module(module), own)
