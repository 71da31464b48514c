"""What a user adopted: results of the user's own that take the place of those shipped.

They are kept in a folder of the user's, `JIQUN_HOME` or where the system keeps data of programs,
and never in the installed package. Whatever is there is in use; to delete it is the way back. A
region other than the default one has a folder of its own in it: a fit is of one region alone.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from jiqun.model.region import DEFAULT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "JIQUN_HOME"
FIT, TRIALS, ANALYSIS = "fit", "trials.csv", "sensitivity"
"""Names in the folder: a fit, estimates of published trials, an analysis of sensitivity."""
ENSEMBLE = f"{FIT}/ensemble.parquet"
ROOT = Path(__file__).resolve().parents[2]


class AdoptionError(ValueError):
    """Results cannot be put where they are asked to be; the message says why."""


def home() -> Path:
    """Folder of what was adopted for the region of the process, whether it is there or not."""
    given = os.environ.get(VARIABLE)
    folder = Path(given) if given else user_data_path("jiqun", appauthor=False)
    return folder if REGION.id == DEFAULT else folder / REGION.id


def in_use(name: str, shipped: Path) -> Path:
    """Where a result is read: adopted, or else shipped.

    Args:
        name: Its name in the folder of what was adopted.
        shipped: Its place in the package.
    """
    own = home() / name
    return own if own.exists() else shipped


def place(name: str, shipped: Path, *, adopt: bool, ship: bool) -> Path | None:
    """Where a result that is about to be made is to be put beside its folder.

    Args:
        name: Its name in the folder of what was adopted.
        shipped: Its place in the package.
        adopt: Whether it is adopted, in the user's folder.
        ship: Whether it is put into the sources, to be shipped.

    Returns:
        The place; None if neither is asked for.

    Raises:
        AdoptionError: Both are asked for; or it cannot be shipped, because this is no checkout of
            the sources that can be written, or because it would be drawn from an adopted fit.
    """
    if adopt and ship:
        raise AdoptionError("--adopt and --ship exclude each other")
    if adopt:
        return home() / name
    if not ship:
        return None
    if not (ROOT / "pyproject.toml").is_file() or not os.access(shipped.parent, os.W_OK):
        problem = "no checkout of the sources that can be written; --adopt keeps results for you"
        raise AdoptionError(f"--ship: {ROOT} is {problem}")
    if name != FIT and (home() / ENSEMBLE).is_file():
        problem = f"runs are drawn from the fit adopted in {home() / FIT}"
        raise AdoptionError(f"--ship: {problem}, not from that shipped; delete that folder first")
    return shipped


def write_whole(folder: Path, write: Callable[[Path], None]) -> None:
    """Replace a folder by what is written, or leave the old one.

    Args:
        folder: The folder.
        write: Called with an empty folder beside it.
    """
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    write(part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
