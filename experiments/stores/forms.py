"""What a store holds under one name: contents of a scenario, populations and models.

Runs are comparable only where population and model are the same. A store may hold several of
each: the newest is read, unless another is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jiqun.experiments.stores.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Context = tuple[str, str]
    """Population and model."""


@dataclass(frozen=True)
class Form:
    """Runs of a scenario that belong together.

    Attributes:
        scenario: Its name.
        scenario_hash: Hash of its content.
        population: Digest of the population the runs start from.
        model_hash: Source of the model that made them.
        rows: Enterprise rows that were asked for; 0 is one an enterprise, None if not known.
        started: When the last batch of this form began; empty if no batch of the store had it.
        runs: Number of finished runs.
    """

    scenario: str
    scenario_hash: str
    population: str
    model_hash: str
    rows: int | None
    started: str
    runs: int

    @property
    def context(self) -> Context:
        """What runs must share to be compared."""
        return self.population, self.model_hash

    @property
    def sized(self) -> str:
        """Its number of rows, as a text."""
        if self.rows is None:
            return "unknown rows"
        return f"{self.rows:,} rows" if self.rows else "all rows"

    def __str__(self) -> str:
        """Where it is from, in one line."""
        when = f"run {self.started}" if self.started else "of a batch that is not noted here"
        return (
            f"{self.scenario_hash[:8]} ({self.runs} runs, {self.sized}, model "
            f"{self.model_hash[:8]}, {when})"
        )


def forms_of(
    manifest: Mapping[str, Any], counted: Iterable[tuple[str, str, str, str, int]]
) -> list[Form]:
    """Forms that have runs, the newest last.

    Args:
        manifest: The manifest of a store.
        counted: Scenario, its hash, population, model, and the number of its runs.
    """
    known: dict[tuple[str, str, str, str], tuple[int, int | None, str]] = {}
    for place, batch in enumerate(manifest.get("batches", [])):
        for name, facts in batch["scenarios"].items():
            key = (name, facts["hash"], facts["population"], batch["model_hash"])
            known[key] = (place, facts.get("rows"), batch.get("started", ""))
    found = [(known.get(row[:4], (-1, None, "")), row) for row in counted]
    found.sort(key=lambda pair: (pair[0][0], pair[1]))
    return [Form(*row[:4], rows, started, row[4]) for (_, rows, started), row in found]


def allowed(
    forms: Sequence[Form], contents: Mapping[str, str], rows: int | None, folder: object
) -> list[Form]:
    """Forms of the contents and rows that are asked for.

    Args:
        forms: All forms, the newest last.
        contents: Scenario to the beginning of the hash of the content that is wanted.
        rows: Rows that are wanted; any if None.
        folder: The store, for messages.

    Raises:
        StoreError: There is none.
    """
    for name, digest in contents.items():
        its = [form for form in forms if form.scenario == name]
        if not any(form.scenario_hash.startswith(digest) for form in its):
            there = "; ".join(map(str, its)) or "none"
            raise StoreError(f"{folder} holds no content {digest} of {name}; there are: {there}")
    found = [
        form
        for form in forms
        if form.scenario_hash.startswith(contents.get(form.scenario, ""))
        and (rows is None or form.rows == rows)
    ]
    if not found:
        sizes = ", ".join(dict.fromkeys(form.sized for form in forms))
        raise StoreError(f"{folder} holds no runs at {rows:,} rows; there are: {sizes}")
    return found


def newest(forms: Iterable[Form], context: Context | None = None) -> dict[str, Form]:
    """The newest form of each scenario; within a context if one is given."""
    return {form.scenario: form for form in forms if context is None or form.context == context}


def shared_context(
    forms: Sequence[Form], names: Sequence[str], every: Sequence[Form], folder: object
) -> Context:
    """The newest population and model that some scenarios all have runs of.

    Args:
        forms: Forms that may be read, the newest last.
        names: The scenarios.
        every: All forms of the store, for messages.
        folder: The store, for messages.

    Raises:
        StoreError: There is none.
    """
    places: dict[str, dict[Context, int]] = {name: {} for name in names}
    for place, form in enumerate(forms):
        if form.scenario in places:
            places[form.scenario][form.context] = place
    common = set.intersection(*(set(its) for its in places.values()))
    if not common:
        there = "; ".join(
            f"{name}: {', '.join(str(form) for form in every if form.scenario == name)}"
            for name in places
        )
        raise StoreError(
            f"{folder}: {' and '.join(places)} share no run of one draw, seed, population and "
            f"model, of the rows and contents asked for; there are: {there}: run them in one batch"
        )
    return max(common, key=lambda context: min(its[context] for its in places.values()))
