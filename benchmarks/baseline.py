"""The stored ratios that the bench is held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("baseline.json")
SLOWER = 1.25
"""A ratio this many times the stored one fails the bench."""


def stored(file: Path = FILE) -> dict[str, float]:
    """The stored ratios by name."""
    found: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return found


def store(ratios: Mapping[str, float], file: Path = FILE) -> None:
    """Make these the stored ratios."""
    rounded = {name: float(f"{value:.3g}") for name, value in sorted(ratios.items())}
    file.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def complaints(ratios: Mapping[str, float], kept: Mapping[str, float]) -> list[str]:
    """What is slower than it was by a quarter, and what has nothing to be held to; a line each.

    Args:
        ratios: As measured: the larger, the slower.
        kept: As stored.
    """
    new = [f"{name}: not stored" for name in ratios if name not in kept]
    return new + [
        f"{name}: {value:.2f}, stored {kept[name]:.2f} ({value / kept[name] - 1.0:+.0%})"
        for name, value in ratios.items()
        if name in kept and value > SLOWER * kept[name]
    ]
