"""What `jiqun report` does and says, in the language asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calibration.actuals import ActualsError
from jiqun.screen import say
from notebooks.render import PageError, ReportError, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notebooks.words import Lang


class UnmadeError(Exception):
    """A report was not made; the message is in the languages asked for.

    Attributes:
        inside: Whether a page failed although what was given is sound.
    """

    def __init__(self, error: ReportError | ActualsError, langs: Sequence[Lang]) -> None:
        super().__init__(_told(error, langs))
        self.inside = isinstance(error, PageError)


def report(
    store: Path,
    langs: Sequence[Lang],
    formats: Sequence[str],
    actuals: Path | None,
    out: Path | None,
) -> list[Path]:
    """Write the report of a store and hand back its pages.

    Raises:
        UnmadeError: It was not made.
    """
    try:
        return render(store, langs, formats, actuals, out, lambda told: say(_told(told, langs)))
    except (ReportError, ActualsError) as error:
        raise UnmadeError(error, langs) from error


def _told(error: ReportError | ActualsError, langs: Sequence[Lang]) -> str:
    return "\n".join(error.text(lang) for lang in langs)
