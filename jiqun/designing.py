"""What `jiqun design` does and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from jiqun.experiments.best_use.finding import SHIPPED, copy, current, find, plain
from jiqun.experiments.best_use.workshop import FOLDER, outcomes_of
from jiqun.experiments.effects.costs import LAST
from jiqun.experiments.sensitivity.runs import Bench
from jiqun.screen import Stages, console, say

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.experiments.best_use.spec import Task
    from jiqun.experiments.runs.runner import Options

YI = 1e8


def design(task: Task, out: Path, options: Options, place: Path | None = None) -> dict[str, Any]:
    """Search the designs of a specification, show the best, and hand back what is kept as data.

    Args:
        task: The specification.
        out: Folder of the store.
        options: How runs are made.
        place: Folder that what is found is put into as well.
    """
    with Stages() as stages:
        bench = Bench(out, options, stages, say, outcomes_of(task), LAST)
        data = find(bench, task)
    _show(data)
    kept = out / FOLDER / task.spec.name
    say(f"kept: {kept}")
    if place is not None:
        copy(kept, place / task.spec.name)
    found: dict[str, Any] = plain(data)
    return found


def kept(task: Task, out: Path) -> dict[str, Any]:
    """The search that a store keeps, or else the shipped one, which is put into the store.

    Either counts only if it is of the model, the data and the fit in use; what a store keeps is
    never replaced. Nothing is searched.

    Args:
        task: The specification.
        out: Folder of the store.

    Returns:
        What was found; empty where there is none.
    """
    name = task.spec.name
    own, shipped = out / FOLDER / name, SHIPPED / name
    if data := current(own):
        say(f"{own} is kept as it is")
    elif not own.exists() and (data := current(shipped)):
        copy(shipped, own)
        say(f"the search shipped with this version is put into {own}")
    else:
        say(f"no search of {name} by this version is kept or shipped; without --keep it is made")
        return {}
    _show(data)
    return data


def _show(data: dict[str, Any]) -> None:
    """The designs on held-out draws, best first, and what is said of the chosen one."""
    main = data["objectives"][0]
    first, last = data["draws"]["judging"]
    grid = Table(title=f"{main}, draws {first} to {last}", title_justify="left", box=None)
    for name in ("design", "score", "95 % interval", "cost, 亿元", "in the search", ""):
        grid.add_column(name, justify="left" if name in ("design", "") else "right")
    for row in sorted(data["designs"], key=lambda row: -row["score"]["value"][0]):
        score, searched = row["score"], row["searched"]
        mark = "chosen" if row["id"] == data["chosen"] else ""
        if row["id"] == data["simplest"]:
            mark = ", ".join(filter(None, [mark, "simplest"]))
        grid.add_row(
            row["label"]["en"],
            f"{score['value'][0]:.4g}",
            f"{score['low'][0]:.4g} to {score['high'][0]:.4g}",
            f"{row['cost']['mean'] / YI:,.3g}",
            f"{searched['score'][0]:.4g}" if searched else "-",
            mark,
        )
    console.print(grid)
    if not data["held_out"]["above_nothing"]:
        say("no design is distinguishably better than doing nothing")
    if named := data["held_out"]["named"]:
        said = "better than" if named["better"] else "not shown to be better than"
        say(
            f"the chosen design is {said} the best of the named designs: probability"
            f" {named['probability']:.0%}, {named['best']} is the best of them"
        )
