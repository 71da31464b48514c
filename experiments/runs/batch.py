"""What a batch consists of: its runs, each with the key that is its identity."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jiqun import model
from jiqun.experiments.runs.draws import (
    BLOCK,
    FIRST_OF_BLOCK,
    SOURCES,
    Draw,
    Vary,
    draws,
    moved_by_draws,
)
from jiqun.experiments.runs.ensemble import fitted, in_use
from jiqun.experiments.runs.meaning import hash_of, text_hash
from jiqun.model import extensions
from jiqun.model.calendar import FIRST_YEAR, quarter_name
from jiqun.model.region import REGION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.model.scenario import Scenario

VERSION = Path(__file__).resolve().parents[1] / "model_version.json"
"""The version of the model, and all sources that gave its golden results, the latest last."""
POPULATION_SEED = 1
"""The province at end-2018 is one population: seeds move what happens to it."""


@dataclass(frozen=True)
class PopulationRef:
    """Where a population is, and what it can be built from again where it is not.

    Attributes:
        path: File in the store.
        digest: Hash of its content.
    """

    path: str
    digest: str


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        key: Identity: runs of one key have the same outcomes to the last bit.
        scenario: Name of the scenario.
        draw: Parameter values and places of the outside world.
        seed: Seed of all that happens by chance.
    """

    key: str
    scenario: str
    draw: Draw
    seed: int


@dataclass(frozen=True)
class PanelOf:
    """Enterprises that are kept year by year.

    Attributes:
        enterprises: Their number, of those at the start, or their ids.
        columns: Columns that are kept of them.
    """

    enterprises: int | tuple[int, ...]
    columns: tuple[str, ...]

    @property
    def digest(self) -> str:
        """What rows of this panel are noted by."""
        return _hash([self.enterprises, self.columns])[:12]

    @property
    def noted(self) -> dict[str, object]:
        """What the manifest says of it, as it reads it again."""
        chosen = self.enterprises
        return {
            "id": self.digest,
            "enterprises": chosen if isinstance(chosen, int) else list(chosen),
            "columns": list(self.columns),
        }


@dataclass(frozen=True)
class Record:
    """What is kept of a run.

    Attributes:
        name: Name it is noted by.
        levels: Levels of outcomes; all if None.
        outcomes: Outcomes; all if None.
        first_year: First year of outcomes and ledger.
        places: Whether the ledger tells who is paid, by city, tier and payee; else one sum of all.
        panel: Enterprises that are kept year by year; none if None.
    """

    name: str
    levels: tuple[str, ...] | None = None
    outcomes: tuple[str, ...] | None = None
    first_year: int = FIRST_YEAR
    places: bool = True
    panel: PanelOf | None = None

    @property
    def whole(self) -> bool:
        """Whether all outcomes are kept, to the last bit."""
        return replace(self, panel=None) == WHOLE


WHOLE = Record("all")
BRIEF = Record("brief", ("province", "tier"))
"""Kept of batches too large to keep everything of."""
LEAN = Record("lean", ("province", "tier"), places=False)
"""Kept of the largest: who is paid would be nine tenths of it."""


@dataclass(frozen=True)
class Chunk:
    """Runs that go to a worker together.

    Attributes:
        runs: The runs, those that share a past side by side.
        scenarios: Their scenarios by name, at central values.
        population: The population they start from.
        model_hash: Source of the model that has to make them.
        record: What is kept of them.
    """

    runs: tuple[Run, ...]
    scenarios: Mapping[str, Scenario]
    population: PopulationRef
    model_hash: str
    record: Record


class PlanError(ValueError):
    """A plan that has no meaning; the message says what is allowed."""


@dataclass(frozen=True)
class Plan:
    """Which draws go with which seeds.

    Attributes:
        seeds: Number of seeds, or None if not said.
        draws: Number of draws, or None for the central one.
        cross: Every draw with every seed instead of draw i with seed i.
        vary: What moves from run to run.
        ensemble: File of the fitted parameter sets that draws are made from.
    """

    seeds: int | None = None
    draws: int | None = None
    cross: bool = False
    vary: Vary = Vary.ALL
    ensemble: Path = field(default_factory=in_use)

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        for name, value in (("--seeds", self.seeds), ("--draws", self.draws)):
            if value is not None and not 1 <= value <= BLOCK:
                raise PlanError(f"{name} {value}: allowed: 1 to {BLOCK}")
        if self.ensemble != in_use() and not self.ensemble.is_file():
            raise PlanError(f"--ensemble {self.ensemble}: there is no such file")
        try:
            fitted(self.ensemble)
        except (ValueError, KeyError, TypeError) as error:
            problem = "not an ensemble that `jiqun calibrate` wrote"
            raise PlanError(f"--ensemble {self.ensemble}: {problem}") from error
        if self.cross and (self.seeds is None or self.draws is None):
            raise PlanError("--cross needs both --seeds and --draws")
        if self.cross and self.vary != Vary.ALL:
            raise PlanError(f"--cross goes with --vary all alone, not with {self.vary}")
        both = self.seeds is not None and self.draws is not None
        if both and not self.cross and self.seeds != self.draws:
            raise PlanError(
                f"--draws {self.draws} --seeds {self.seeds}: draw i goes with seed i, so give one "
                "of the two, or --cross for every draw with every seed"
            )

    def pairs(self) -> list[tuple[int, int]]:
        """Number of the draw and seed of each run."""
        if self.vary == Vary.EACH:
            alone = (replace(self, vary=source).pairs() for source in SOURCES)
            return [pair for pairs in alone for pair in pairs]
        count = self.draws or self.seeds or 1
        numbers = range(1, count + 1)
        if self.cross and self.seeds:
            return [(draw, seed) for draw in numbers for seed in range(1, self.seeds + 1)]
        if self.vary == Vary.SEEDS or (self.vary == Vary.ALL and self.draws is None):
            return [(0, seed) for seed in numbers]
        first = FIRST_OF_BLOCK[self.vary]
        return [(first + i, i if self.vary == Vary.ALL else 1) for i in numbers]


@cache
def model_hash() -> str:
    """Version of the model: what decides its results, whatever its source looks like.

    It is the hash of the source that first gave today's results. `make golden` lists each source
    that gave the same golden results, so that stores and fits stay valid; a source that is not
    listed is a version of its own. So is the model with extensions that act in runs.
    """
    noted = json.loads(VERSION.read_text(encoding="utf-8"))
    source = source_hash()
    own = str(noted["version"]) if source in noted["sources"] else source
    added = [(*vars(each).values(), each.digest) for each in extensions.acting()]
    return _hash((own, added)) if added else own


def source_hash() -> str:
    """Hash of what the source of the model does (`experiments.runs.meaning`), and of its region."""
    return _hash((_meaning_of_model(), REGION.digest))


def _meaning_of_model() -> str:
    """Hash of what the model's modules do; for the text that `make golden` last saw, as noted."""
    folder = Path(model.__file__).parent
    noted = json.loads(VERSION.read_text(encoding="utf-8")).get("meaning", {})
    return str(noted.get(text_hash(folder)) or hash_of(folder))


def scenario_hash(scenario: Scenario) -> str:
    """Hash of a scenario whatever its horizon."""
    return scenario.identity


def population_key(scenario: Scenario) -> str:
    """Hash of all that a population is built from."""
    parts = (
        scenario.data_hash,
        dict(scenario.parameters),
        scenario.rows,
        POPULATION_SEED,
        model_hash(),
    )
    return _hash(parts)


def run_key(scenario: Scenario, draw: Draw, seed: int, population: str) -> str:
    """Identity of a run: a hash of all that decides it, then its horizon.

    Runs that differ in their horizon alone share the first part.

    Args:
        scenario: The scenario as resolved.
        draw: Parameters, outside world and sizes of levers.
        seed: Seed of the run.
        population: Hash of the population's content.
    """
    ends = (draw.index, seed, population, model_hash(), scenario.data_hash)
    # The text of a draw is made once for all runs of it: it is most of the work.
    parts = (json.dumps(scenario_hash(scenario)), draw.text, *map(json.dumps, ends))
    return f"{_digest(f'[{", ".join(parts)}]')}-{quarter_name(scenario.end)}"


def drawn_pairs(scenario: Scenario, plan: Plan) -> list[tuple[Draw, int]]:
    """Draw and seed of each run of a scenario in the order of the plan."""
    pairs = plan.pairs()
    numbers = sorted({index for index, _ in pairs})
    drawn = {draw.index: draw for draw in draws(scenario, numbers, plan.ensemble)}
    return [(drawn[index], seed) for index, seed in pairs]


def listed_pairs(
    scenarios: Iterable[Scenario], plan: Plan
) -> list[tuple[Scenario, list[tuple[Draw, int]]]]:
    """Scenarios, each with draw and seed of its runs; those of equal draws hold them in common."""
    drawn: dict[frozenset[str], list[tuple[Draw, int]]] = {}
    listed = []
    for scenario in scenarios:
        moved = moved_by_draws(scenario)
        if moved not in drawn:
            drawn[moved] = drawn_pairs(scenario, plan)
        listed.append((scenario, drawn[moved]))
    return listed


def runs_of(
    scenario: Scenario, pairs: Iterable[tuple[Draw, int]], population: PopulationRef
) -> list[Run]:
    """Runs of a scenario at draws with seeds.

    Args:
        scenario: The scenario as resolved.
        pairs: Draws, each with the seed of its run.
        population: The population that all runs start from.
    """
    return [
        Run(run_key(scenario, draw, seed, population.digest), scenario.name, draw, seed)
        for draw, seed in pairs
    ]


def _hash(parts: object) -> str:
    return _digest(json.dumps(parts, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
