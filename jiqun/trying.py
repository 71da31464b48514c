"""What `jiqun trial` does and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from jiqun.calibration.trial import page as trial_page
from jiqun.calibration.trial import runs as trial_runs
from jiqun.calibration.trial.files import chosen
from jiqun.calibration.trial.verdicts import counts, data, verdicts
from jiqun.fitting import StageDisplay
from jiqun.scenarios.language import language
from jiqun.screen import console, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jiqun.calibration.trial.verdicts import Verdict

FILE = "trials.csv"


def trial(
    asked: Sequence[str], out: Path, draws: int, rows: int, workers: int, place: Path | None
) -> dict[str, Any]:
    """Make what is lacking, show it, and hand it back as data.

    Args:
        asked: Rows, trials or files; all rows if empty.
        out: Folder of the estimates.
        draws: Draws, from 1.
        rows: Enterprise rows.
        workers: Processes.
        place: Table that the estimates are put into for later reports, if any.
    """
    trials = chosen(asked)
    with StageDisplay() as display:
        frame = trial_runs.complete(
            out / FILE, trials, draws, rows, workers,
            lambda done, total: display.stage("trials", done, total),
        )  # fmt: skip
    made = verdicts(frame, trials)
    show(made)
    if place:
        trial_runs.adopt(frame, place)
        say(f"later reports show these ({place})")
    if place == trial_runs.TABLE:
        trial_page.write()
    return data(made)


def show(made: Sequence[Verdict]) -> None:
    """Say of each row what was found, what was published, and whether it counts."""
    place = 0 if language() == "zh" else 1
    grid = Table(box=None, pad_edge=False)
    for name in ("row", "outcome", "published", "band", "estimate", "90 %", "off", "doubled", ""):
        grid.add_column(name, justify="left" if name in ("row", "outcome", "") else "right")
    for each in made:
        found, published = each.found, each.row.published
        note = each.because[place]
        grid.add_row(
            each.row.id,
            f"{published.outcome}, {published.unit}",
            "" if published.estimate is None else f"{published.estimate:g}",
            f"{published.low:g} to {published.high:g}",
            f"{found.mean:.3g}",
            f"{found.low:.3g} to {found.high:.3g}",
            f"{found.off:.3g}",
            f"{found.doubled:.3g}",
            f"{each.answer}{f' ({note})' if note else ''}",
        )
    console.print(grid)
    told = counts(made)
    say(
        f"{told['counted']} of {told['test']} test rows count; {told['inside']} of these are "
        f"inside their band and {told['outside']} outside"
    )
    for each in made:
        for problem in each.found.problems:
            say(f"  {each.row.id}: {problem}")
