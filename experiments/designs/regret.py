"""How much worse than the best each design does when the outside world turns out otherwise.

Scales stay as solved: a budget is set before the world is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from jiqun.experiments.effects.compare import MAIN, Facts, gather
from jiqun.scenarios import load
from jiqun.scenarios import worlds as shipped_worlds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.experiments.designs.designs import Bench, Compared, Shape

CENTRAL = "central"
"""The world as it is drawn, without a variant."""


@dataclass(frozen=True)
class Regret:
    """Regret of a design at an envelope.

    Attributes:
        design: The design.
        by_world: World to the mean distance to the best design of each triple, yuan of value added.
        largest: The largest of these.
        best: Share of triples of all worlds in which no design does better.
    """

    design: str
    by_world: Mapping[str, float]
    largest: float
    best: float


def regrets(gains: pd.DataFrame) -> list[Regret]:
    """Regret of each design, the smallest largest regret first.

    Args:
        gains: Gain in yuan, rows (world, run), a column a design.
    """
    behind = gains.rsub(gains.max(axis=1), axis=0)
    by_world = behind.groupby(level="world", sort=False).mean()
    found = [
        Regret(
            str(design),
            {str(world): float(value) for world, value in by_world[design].items()},
            float(by_world[design].max()),
            float((behind[design] <= 0.0).mean()),
        )
        for design in gains.columns
    ]
    return sorted(found, key=lambda row: row.largest)


def often_best(compared: Compared, draws: int) -> dict[tuple[str, str], float]:
    """Share of triples in which no design of an envelope gains more, by envelope and design."""
    gains = _gains(compared.facts, compared, compared.root.name, CENTRAL, draws).dropna()
    return {
        (str(envelope), row.design): row.best
        for envelope in gains.columns.unique(level=0)
        for row in regrets(gains.loc[:, [envelope]].droplevel(0, axis=1))
    }


def regret_over_worlds(
    bench: Bench, compared: Compared, shape: Shape, names: Sequence[str] = ()
) -> dict[str, list[Regret]]:
    """Run the scaled designs in other outside worlds; regret by envelope.

    Args:
        bench: The store and how runs are made.
        compared: The designs at equal cost.
        shape: How they were run; worlds take the triples that scales were solved on.
        names: Worlds beside the central one; all that come with the project if empty.
    """
    root = compared.root
    tables = [_gains(compared.facts, compared, root.name, CENTRAL, shape.solved_on)]
    for world in names or shipped_worlds():
        outside = load(world).outside
        moved = [
            replace(scenario, outside=outside, name=f"{scenario.name}.{world}")
            for scenario in (root, *compared.scenarios.values())
        ]
        bench.say(f"{world}: {len(moved)} scenarios, {shape.solved_on} triples each")
        results = bench.run(moved, shape.solved_on)
        facts = gather(results, [scenario.name for scenario in moved])
        tables.append(_gains(facts, compared, f"{root.name}.{world}", world, shape.solved_on))
    whole = pd.concat(tables)
    return {
        envelope: regrets(pd.DataFrame(whole.xs(envelope, axis=1)).dropna())
        for envelope in whole.columns.unique(level=0)
    }


def _gains(facts: Facts, compared: Compared, root: str, world: str, draws: int) -> pd.DataFrame:
    """Gain of value added, rows (world, run), columns (envelope, design)."""
    ending = "" if world == CENTRAL else f".{world}"
    found = {}
    for row in compared.scaled:
        gain = facts.gap(f"{row.design}.{row.envelope}{ending}", root, MAIN)["gain"]
        found[row.envelope, row.design] = gain[gain.index.get_level_values("draw") <= draws]
    return pd.concat({world: pd.DataFrame(found)}, names=["world"])
