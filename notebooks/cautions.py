"""What stands above a page: a demonstration, too few runs to conclude from, idle levers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from jiqun.experiments import Results
from jiqun.experiments.effects.change import of_analysis
from jiqun.experiments.effects.effect import LEAST_PAIRS, main_of
from jiqun.notebooks.demonstration import is_demonstration
from jiqun.scenarios import InputError, load, warnings_of

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.model.scenario import Notice
    from jiqun.notebooks.words import Words


def cautions(store: Path, words: Words) -> list[str]:
    """Cautions of a store as Markdown, one a paragraph.

    Args:
        store: Folder of the store.
        words: Words of the page.
    """
    few, noted = _found(store)
    told = [words("demonstration")] if is_demonstration(Results(store).manifest) else []
    told += [words("few_runs", count=few, least=LEAST_PAIRS)] if few < LEAST_PAIRS else []
    texts = [notice.zh if words.lang == "zh" else notice.en for notice in noted]
    told += [words("noted", scenario_says=text) for text in texts]
    return [f"> {line}" for line in told]


@cache
def _found(store: Path) -> tuple[int, tuple[Notice, ...]]:
    """Fewest runs that a scenario has in its main batch, and notices of the scenarios."""
    results = Results(store)
    runs = results.runs()
    # What an analysis made is told of in its own part, with its own pairs.
    asked = [not of_analysis(str(name)) for name in runs["scenario"]]
    runs = runs[asked] if any(asked) else runs
    ends = runs.groupby("scenario")["end"].max()
    noted: dict[Notice, None] = {}
    for name, form in results.chosen().items():
        if name not in ends.index:
            continue
        # One that is out of range now, or of an older form, has runs all the same.
        with suppress(InputError):
            scenario = load(store / "scenarios" / f"{form.scenario_hash}.yaml")
            noted |= dict.fromkeys(warnings_of(replace(scenario, end=int(ends[name]))))
    # A search of designs tells its own pairs.
    few = (
        min(len(main_of(its)) for _, its in runs.groupby("scenario")) if any(asked) else LEAST_PAIRS
    )
    return few, tuple(noted)
