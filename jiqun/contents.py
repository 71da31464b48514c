"""What is said where a store holds several contents, populations or models under one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.screen import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.experiments.stores.forms import Form
    from jiqun.experiments.stores.results import Results

SHOWN = 4
"""Other contents of a name that are listed, the newest first."""


def say_others(results: Results, names: Iterable[str]) -> None:
    """Say which content of some scenarios is read, where a store holds several."""
    chosen = results.chosen()
    for line in others(results, {name: chosen[name] for name in names}):
        say(line)


def others(results: Results, taken: Mapping[str, Form]) -> list[str]:
    """A line a scenario of which the store holds something else too, and how that is seen."""
    lines = []
    for name, mine in taken.items():
        rest = [form for form in results.forms()[::-1] if form.scenario == name and form != mine]
        if rest:
            shown = "; ".join(f"{form}: {_how(results, mine, form)}" for form in rest[:SHOWN])
            more = f"; and {len(rest) - SHOWN} more" if len(rest) > SHOWN else ""
            lines.append(f"{name}: taken is {mine}; the store holds too: {shown}{more}")
    return lines


def _how(results: Results, mine: Form, other: Form) -> str:
    command = f"jiqun compare {results.folder} --baseline NAME"
    if other.rows is not None and other.rows != mine.rows:
        return f"{command} --rows {other.rows or 'all'}"
    if other.scenario_hash != mine.scenario_hash:
        return f"{command} --take {other.scenario}={other.scenario_hash[:8]}"
    return f'Results("{results.folder}", every=True), where the model or the data are others'
